"""Halts: when which exchange suspended what, for how long, and why."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from app import charts, queries, widgets
from app.moments import duration
from app.widgets import Shown, View

# The columns of the tables, and how each is written.
EVENTS = {
    "state": Shown.STATE,
    "exchange": Shown.EXCHANGE,
    "halt_id": Shown.TEXT,
    "target": Shown.TEXT,
    "functions": Shown.CODE,
    "trigger": Shown.CODE,
    "mode": Shown.CODE,
    "halted_at": Shown.INSTANT,
    "length": Shown.DURATION,
    "reaction": Shown.DURATION,
    "notice": Shown.DURATION,
    "detected_at": Shown.INSTANT,
    "notice_at": Shown.INSTANT,
    "resumed_at": Shown.INSTANT,
    "scope": Shown.CODE,
    "affected_account_count": Shown.COUNT,
    "version_count": Shown.COUNT,
}


def timed(frame: pd.DataFrame) -> pd.DataFrame:
    """Events with their state and lengths: detection to halt, halt to notice, halt to its end or to now."""
    frame = frame.copy()
    rows = frame.to_dict("records")
    frame["state"] = ["open" if pd.isna(row["resumed_at"]) else "lifted" for row in rows]
    frame["reaction"] = [row["halted_at"] - row["detected_at"] for row in rows]
    frame["notice"] = [None if pd.isna(row["notice_at"]) else row["notice_at"] - row["halted_at"] for row in rows]
    frame["length"] = [
        (view.now if pd.isna(row["resumed_at"]) else row["resumed_at"]) - row["halted_at"] for row in rows
    ]
    return frame


def show_rows(view: View, event: pd.Series) -> None:
    """The rows of every file that told of a halt."""
    if event["version_count"] > 1:
        widgets.note(view.say("halts.versions", count=event["version_count"]))
    widgets.rows_behind(
        view,
        "halts",
        event["exchange"],
        view.choice.first_day - timedelta(days=90),
        view.choice.last_day + timedelta(days=90),
        condition="halt_id = ?",
        parameters=(event["halt_id"],),
        title=f"{view.exchange(event['exchange'])} · {event['halt_id']}",
    )


view = widgets.current_view()
widgets.header(view, "halts")
widgets.note(view.say("halts.definition"))
found = widgets.ask(queries.halt_events, view.choice)
if found.empty:
    widgets.empty(view, "halts")
    widgets.report_findings(view, "halts")
    widgets.stop()
events = timed(found)
widgets.sentence(
    view.say(
        "halts.summary",
        count=len(events),
        open=int((events["state"] == "open").sum()),
        automatic=int((events["mode"] == "automatic").sum()),
        total=duration(sum(events["length"], timedelta()), view.language),
    )
)
widgets.chart(
    view,
    charts.halt_lanes(
        events, view.exchanges, widgets.start_of(view.choice), widgets.end_of(view.choice), view.now, view.look
    ),
    key="lanes",
    title=view.say("halts.lanes"),
    alt=view.say("halts.lanes_alt"),
    frame=events,
    columns=EVENTS,
    on_pick=lambda mark: widgets.pick(at=mark[0], halt=mark[1]),
)
widgets.section(view, "halts.events", count=len(events))
widgets.table(
    view,
    events,
    EVENTS,
    key="events",
    alt=view.say("halts.events", count=len(events)),
    on_pick=lambda row: widgets.pick(at=row["exchange"], halt=row["halt_id"]),
)
at, halt = widgets.picked("at"), widgets.picked("halt")
chosen = events[(events["exchange"] == at) & (events["halt_id"] == halt)]
if chosen.empty:
    widgets.note(view.say("rows.how"))
else:
    show_rows(view, chosen.iloc[0])
widgets.report_findings(view, "halts")

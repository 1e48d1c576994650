"""Overview: how the five exchanges stand now in one screen, what changed, what is due; the detail below."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from app import queries, widgets
from app.moments import duration, kst_minute
from app.queries.attention import Situation
from app.queries.changes import lines_of
from app.queries.standing import Stand
from app.widgets import Shown, View

MOST_LINES = 7
AHEAD = timedelta(days=1)
# The columns of the tables, and how each is written.
CHANGES = {
    "at": Shown.INSTANT,
    "sign": Shown.TEXT,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "subject": Shown.TEXT,
    "first_day": Shown.DAY,
    "last_day": Shown.DAY,
    "count": Shown.COUNT,
    "shortfall_krw": Shown.WON,
    "submission": Shown.TEXT,
}


class Told(NamedTuple):
    """Since and until when changes are told; in somebody's first visit, those of the last day."""

    begin: datetime
    until: datetime
    is_first: bool


def now_in_words(view: View, found: Situation) -> str:
    """The whole of it in a sentence: who is current, what is wanting longest, what is open, what asks for somebody."""
    counts = {"count": len(found.lanes), "current": len(found.current), "now": kst_minute(view.now)}
    parts = [view.say("overview.current", **counts)]
    if worst := found.worst_standing:
        late = worst.stand is Stand.LATE and worst.received_at
        length = duration((worst.received_at if late and worst.received_at else view.now) - worst.due_at, view.language)
        about = {"exchange": view.exchange(worst.exchange), "report": view.report(worst.report)}
        key = "was_late" if late else "lacking"
        state = view.say(f"state.{worst.stand}")
        parts.append(view.say(f"overview.worst_{key}", **about, period=worst.period, length=length, state=state))
        if len(found.lacking) > 1:
            parts.append(view.say("overview.more_lacking", count=len(found.lacking) - 1))
    halts = [
        view.say(
            "overview.open_halt",
            exchange=view.exchange(row["exchange"]),
            length=duration(view.now - row["halted_at"], view.language),
        )
        for row in sorted(found.open_halts, key=lambda row: row["halted_at"])
    ]
    names = ", ".join(halts[:3]) + (" …" if len(halts) > 3 else "")
    parts.append(view.say("overview.halts_open" if halts else "overview.no_halt_open", count=len(halts), names=names))
    grave = sum(bool(row["is_grave"]) for row in found.open_episodes)
    parts.append(view.say("overview.grave_open", count=grave, all=len(found.open_episodes)))
    parts.append(view.say("overview.urgent", count=found.urgent_count))
    return " ".join(parts)


def told_in(view: View) -> Told:
    """Since when this visit is told of changes, and until when."""
    visit = widgets.present_visit(view)
    begin = visit.since or visit.began_at.replace(second=0, microsecond=0) - AHEAD
    return Told(begin, widgets.told_until(view), visit.since is None)


@widgets.part
def show_news(view: View, told: Told) -> None:
    """What changed since the visit before, and what falls due within a day."""
    widgets.markup(widgets.kept(view, "news", lambda: news(view, told), told))
    widgets.keep_seen(view, told.until)


def news(view: View, told: Told) -> str:
    """What changed in a few lines beside what falls due."""
    lines, count = lines_of(widgets.ask(queries.changes, told.begin, told.until), MOST_LINES)
    key = "overview.since_first" if told.is_first else "overview.since"
    beside = view.say(key, since=kst_minute(told.begin)[5:])
    if count > len(lines):
        beside += view.say("overview.of_lines", shown=len(lines), count=count)
    changed = [widgets.change_line(view, line) for line in lines]
    due = widgets.due_lines(view, AHEAD)[:MOST_LINES]
    return widgets.news(
        (
            (view.say("overview.changed"), beside, changed, view.say("overview.unchanged")),
            (view.say("overview.due"), view.say("overview.due_how"), due, view.say("overview.no_due")),
        )
    )


@widgets.part
def show_changes(view: View, told: Told) -> None:
    """All that changed, one by one."""
    changes = widgets.ask(queries.changes, told.begin, told.until)
    widgets.section(view, "overview.all_changes", count=len(changes))
    if changes.empty:
        widgets.note(view.say("overview.unchanged"))
        return
    widgets.table(
        view,
        lambda: changes.assign(sign=[widgets.change_sign(view, change) for change in changes["change"]]),
        CHANGES,
        alt=view.say("overview.all_changes", count=len(changes)),
        key="changes",
        beside=told,
    )


view = widgets.current_view()
widgets.header(view, "overview")
hour = view.now.replace(minute=0, second=0, microsecond=0)
found = widgets.ask(queries.situation, view.choice, view.moment)
figures = {one.exchange: one for one in widgets.ask(queries.lane_figures, view.choice, hour)}
if view.is_empty:
    widgets.empty(view, "store")
else:
    widgets.sentence(now_in_words(view, found))
    widgets.markup(widgets.kept(view, "lanes", lambda: widgets.lane_table(view, found, figures)))
told = told_in(view)
show_news(view, told)

if not view.is_empty:
    widgets.answers_line(view)
widgets.note(view.say("overview.lanes_how"))
widgets.filing_detail(view, found)
show_changes(view, told)

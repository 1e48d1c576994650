"""API shares on the screen: what they are in a sentence, the exchanges compared, and each one's course."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from app.amounts import krw, percent
from app.columns import Shown
from app.frames import frame_of, records_of, with_columns
from app.halts.events import halt_events
from app.obligations.absence import absences
from app.queries.spans import LONGEST_BY_DAY, Span, spans_of
from app.volume.course import VolumeCourse, VolumeRanking, is_comparable
from app.volume.share_charts import share_panels
from app.volume.shares import FEWEST_ORDERS, Measure
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import note, sentence, source_mark
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.view import View, ask, cached

# The columns of the tables, and how each is written.
BOTH_SHARES = {"share_by_value": Shown.PERCENT, "share_by_count": Shown.PERCENT}
ORDER_FIGURES = {
    "small_order_share": Shown.PERCENT,
    "cancels_per_order": Shown.TIMES,
    "trades_per_order": Shown.TIMES,
    "largest_api_account_count": Shown.COUNT,
}
VALUES = {"api_trade_value_krw": Shown.AMOUNT, "trade_value_krw": Shown.AMOUNT}
_RANKING = {
    "exchange": Shown.EXCHANGE,
    "share": Shown.PERCENT,
    "preceding_change": Shown.POINTS,
    "trend": Shown.TREND,
    "week_change": Shown.POINTS,
    "filing": Shown.TEXT,
    "compared": Shown.TEXT,
    **ORDER_FIGURES,
    **BOTH_SHARES,
    "api_trade_value_krw": Shown.WON,
    "trade_value_krw": Shown.WON,
}
_COURSE = {"who": Shown.TEXT, "span": Shown.TEXT, **BOTH_SHARES, **VALUES, "filing": Shown.TEXT, "left_out": Shown.TEXT}
_SCALES = ("own", "shared")
_MOST_NAMED = 5
"""As many points that lack an exchange as one sentence names."""


def together_name(view: View) -> str:
    """The name of the exchanges shown, taken together."""
    if len(view.exchanges) == 1:
        return view.exchange(view.exchanges[0])
    return view.say("volume.together", count=len(view.exchanges))


@part
def share_summary(view: View, ranking: VolumeRanking, measure: Measure) -> None:
    """What the page shows, in a few sentences."""
    sentence(cached(view, "summary", lambda: _summary(view, ranking, measure)))


def _summary(view: View, ranking: VolumeRanking, measure: Measure) -> str:
    total, count = ranking.together, len(view.choice.days)
    if measure is Measure.VALUE:
        amounts = [krw(total[name], view.language) for name in (measure.part, measure.whole)]
    else:
        amounts = [f"{total[name]:,}" for name in (measure.part, measure.whole)]
    said = [
        view.say(
            f"api_volume.summary_{measure}",
            who=together_name(view),
            share=percent(total["share"], 2),
            api=amounts[0],
            total=amounts[1],
        ),
        view.say("api_volume.not_compared", count=count)
        if total["change"] is None
        else view.say("api_volume.compared", count=count, change=_points(view, total["change"])),
        *_other_measure(view, total, measure),
        *_extremes(view, ranking.by_exchange),
    ]
    return " ".join(said)


def _points(view: View, change: Decimal) -> str:
    return view.say("api_volume.points", points=f"{change * 100:+.2f}")


def _other_measure(view: View, total: Any, measure: Measure) -> list[str]:
    """What the share would be by the other measure."""
    other = Measure.COUNT if measure is Measure.VALUE else Measure.VALUE
    share = total[f"share_by_{other}"]
    if share is None or total["share"] is None:
        return []
    difference = _points(view, share - total["share"])
    return [view.say(f"api_volume.other_{other}", share=percent(share, 2), difference=difference)]


def _extremes(view: View, frame: pd.DataFrame) -> list[str]:
    """Which exchange is highest, and which moved most in a week, where several are compared."""
    rows = [row for row in records_of(frame) if row["share"] is not None]
    if len(rows) < 2:
        return []
    highest = view.exchange(rows[0]["exchange"])
    said = [view.say("api_volume.highest", exchange=highest, share=percent(rows[0]["share"], 2))]
    moved = [row for row in rows if row["week_change"] is not None]
    if moved:
        most = max(moved, key=lambda row: abs(row["week_change"]))
        change = _points(view, most["week_change"])
        said.append(view.say("api_volume.moved", exchange=view.exchange(most["exchange"]), change=change))
    return [", ".join(said) + "."]


@part
def share_ranking(view: View, ranking: VolumeRanking) -> None:
    """The exchanges, the highest share first; one that filed nothing stays, with the reason. A row opens its days."""
    table(
        view,
        lambda: _ranked(view, ranking.by_exchange),
        _RANKING,
        alt=view.say("api_volume.ranking_alt"),
        key="ranking",
        on_pick=lambda row: pick(at=row["exchange"], day="", market=""),
    )
    assumed = source_mark(view, "MODEL")
    note(view.say("api_volume.ranking_note", assumed=assumed, orders=FEWEST_ORDERS))


def _ranked(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    has_filed = frame["filed_day_count"] > 0
    amounts = {name: frame[name].where(has_filed, None) for name in (*VALUES, "largest_api_account_count")}
    reasons, rows = _reasons(view), records_of(frame)
    return with_columns(
        frame,
        **amounts,
        trend=[_drawn(row["trend"]) for row in rows],
        preceding_change=frame["change"],
        filing=[_filing(view, row, reasons.get(row["exchange"], [])) for row in rows],
        compared=[_compared(view, row) for row in rows],
    )


def _drawn(trend: Sequence[float | None]) -> list[float]:
    """What the small drawing takes: it knows no gaps, which the panels below show, and of one point it makes a line."""
    known = [share for share in trend if share is not None]
    return known if len(known) > 1 else []


def _reasons(view: View) -> dict[str, list[tuple[str, int]]]:
    """Why days of an exchange are not there, and how many."""
    moment = view.moment
    found: dict[str, list[tuple[str, int]]] = {}
    for row in ask(absences, view.choice, "api_volume", moment):
        found.setdefault(row.exchange, []).append((row.state, row.period_count))
    return found


def _filing(view: View, row: Any, reasons: Sequence[tuple[str, int]]) -> str:
    """Days filed, and in words what came of the others; a nil return is filed."""
    nil = sum(count for state, count in reasons if state == "nil")
    head = view.say("api_volume.day_of", filed=row["filed_day_count"] + nil, count=row["day_count"])
    words = [f"{view.say(_WORDS.get(state, f'state.{state}'))} {count}" for state, count in reasons]
    before = row["day_count"] - row["filed_day_count"] - sum(count for _, count in reasons)
    if before > 0:
        words.append(view.say("api_volume.before_records", count=before))
    return " · ".join([head, *words])


_WORDS = {"not_reported": "absence.word"}


def _compared(view: View, row: Any) -> str:
    """How much of the preceding period was filed, and that it is too little where it is."""
    if not row["before_day_count"]:
        return view.say("api_volume.no_filing")
    head = view.say("api_volume.day_of", filed=row["before_day_count"], count=row["day_count"])
    enough = is_comparable(row["before_day_count"], row["day_count"])
    return head if enough else f"{head} · {view.say('api_volume.too_few')}"


@part
def share_course(view: View, course: VolumeCourse) -> None:
    """A panel for each exchange and one for all together; a mark opens the markets of its day or week."""
    scale = switch(view.say("api_volume.axis"), "axis", _SCALES, lambda name: view.say(f"api_volume.axis_{name}"))
    chart(
        view,
        lambda: share_panels(
            course.by_exchange,
            course.together,
            ask(halt_events, view.choice),
            spans_of(view.choice),
            view.exchanges,
            view.look,
            shared=scale == "shared",
        ),
        key="share_panels",
        title=view.say("api_volume.course"),
        alt=view.say("api_volume.course_alt"),
        frame=lambda: _points_of(view, course),
        columns=_COURSE,
        on_pick=lambda mark: pick(at=mark[0], day=mark[1], market=""),
    )
    if left_out := cached(view, "left_out", lambda: _left_out(view, course.together)):
        note(left_out)
    note(view.say("api_volume.course_note", day_count=LONGEST_BY_DAY))
    note(view.say("api_volume.reference", published=source_mark(view, "DAXA")))


def _points_of(view: View, course: VolumeCourse) -> pd.DataFrame:
    """The points of all panels as one table: each exchange's, then those of all together."""
    rows = [
        {
            **row,
            "who": view.exchange(row["exchange"]),
            "filing": view.say("api_volume.day_of", filed=row["filed_day_count"], count=row["day_count"]),
            "left_out": None,
        }
        for row in records_of(course.by_exchange)
    ]
    if len(view.exchanges) > 1:
        rows += [
            {**row, "who": together_name(view), "filing": None, "left_out": _names(view, row["missing"])}
            for row in records_of(course.together)
        ]
    shown = [{**row, "span": Span(row["first_day"], row["last_day"]).text} for row in rows]
    return frame_of(shown, _COURSE)


def _names(view: View, exchanges: Sequence[str]) -> str | None:
    return ", ".join(view.exchange(name) for name in exchanges) or None


def _left_out(view: View, together: pd.DataFrame) -> str:
    """Which points of all together lack an exchange, in words."""
    lacking = [row for row in records_of(together) if row["missing"]]
    if not lacking or len(view.exchanges) == 1:
        return ""
    said = [
        f"{Span(row['first_day'], row['last_day']).text} ({_names(view, row['missing'])})"
        for row in lacking[-_MOST_NAMED:]
    ]
    if len(lacking) > _MOST_NAMED:
        said.append(view.say("api_volume.and_more", count=len(lacking) - _MOST_NAMED))
    return view.say("api_volume.left_out", spans=" · ".join(said))

"""Trends in words: the cells of the matrix, their hovering texts, their table, and the gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.amounts import percent, percent_down
from app.columns import Amount, Count, LongText, Text
from app.keys.case_totals import WHOLE
from app.moments import duration
from app.overview.lane_figures import Lane
from app.overview.lane_parts import change_in_points
from app.overview.trend_charts import TrendCell, TrendPoint
from app.overview.trends import RATES, Trend, TrendMonth
from app.quality.measures import Rating
from app.quality.scorecard_parts import rating_mark
from app.widgets.view import View

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TrendLine:
    """One month of one lane and row in words and, but for grades, as the exact figure."""

    of_whom: Text
    lane: Text
    month: Text
    trend_value: Text
    change_text: Text | None
    status: Text | None
    filed_count: Count
    expected_count: Count
    value: Amount | None


@dataclass(frozen=True, slots=True)
class GapLine:
    """Lanes of a month that are provisional or of which something was not filed: who filed how much of what was due."""

    month: Text
    status: Text
    lane: Text
    filed_of_due: LongText | None


def row_name(view: View, exchange: str) -> str:
    """An exchange, or all together."""
    return view.say("trends.whole") if exchange == WHOLE else view.exchange(exchange)


def value_words(view: View, lane: Lane, one: TrendMonth) -> str:
    """A month's figure in its unit; that nothing was filed is said."""
    if one.value is None:
        return view.say("trends.none")
    if lane is Lane.QUALITY:
        return rating_mark(view, one.rating or Rating.UNJUDGED)
    if lane is Lane.SUBMISSION:
        return percent_down(one.value)
    if lane is Lane.API_SHARE:
        return percent(one.value)
    if lane is Lane.HALTS:
        return duration(int(one.value) * _MINUTE, view.language)
    return view.say("trends.count", count=f"{int(one.value):,}")


def change_words(view: View, trend: Trend) -> str:
    """The chosen month against the one before; nothing where they cannot be compared."""
    change = trend.change
    if change is None:
        return ""
    if trend.lane in RATES:
        return change_in_points(view, change)
    arrow = "→" if not change else "↑" if change > 0 else "↓"
    if trend.lane is Lane.QUALITY:
        return view.say("trends.step_before", arrow=arrow, before=view.say(f"step.{trend.before.rating}"))
    if trend.lane is Lane.HALTS:
        return f"{arrow}{duration(abs(int(change)) * _MINUTE, view.language)}"
    return f"{arrow}{abs(int(change)):,}"


def status_words(view: View, one: TrendMonth) -> str:
    """That a month is provisional or partial, or that nothing was filed; nothing where it is whole."""
    if one.is_open:
        return view.say("trends.provisional")
    if one.value is None:
        return view.say("trends.none")
    return view.say("trends.partial") if one.is_partial else ""


def drawn_cells(view: View, trends: Sequence[Trend]) -> dict[tuple[str, str], TrendCell]:
    """What the matrix draws of each lane of each row."""
    return {(one.exchange, str(one.lane)): _drawn(view, one) for one in trends}


def _drawn(view: View, trend: Trend) -> TrendCell:
    change = change_words(view, trend)
    words = f"<b>{value_words(view, trend.lane, trend.now)}</b>" + (f" {change}" if change else "")
    points = tuple(
        TrendPoint(
            one.value,
            f"<b>{row_name(view, trend.exchange)}</b> {view.say(f'lane.{trend.lane}')}<br>"
            + " · ".join(text for text in _said(view, trend.lane, one) if text),
            not one.is_partial,
        )
        for one in trend.months
    )
    return TrendCell(words, points, trend.lane not in RATES)


def _said(view: View, lane: Lane, one: TrendMonth) -> tuple[str, ...]:
    about = "trends.of_obligations" if lane in (Lane.SUBMISSION, Lane.QUALITY) else "trends.of_days"
    counts = view.say(about, filed=f"{one.filed_count:,}", expected=f"{one.expected_count:,}")
    return one.month, value_words(view, lane, one), status_words(view, one), counts


def trend_lines(view: View, trends: Sequence[Trend]) -> list[TrendLine]:
    """Every month of every lane and row, the newest first."""
    return [
        TrendLine(
            of_whom=row_name(view, trend.exchange),
            lane=view.say(f"lane.{trend.lane}"),
            month=one.month,
            trend_value=value_words(view, trend.lane, one),
            change_text=change_words(view, trend) if one is trend.now else None,
            status=status_words(view, one) or None,
            filed_count=one.filed_count,
            expected_count=one.expected_count,
            value=None if trend.lane is Lane.QUALITY else one.value,
        )
        for trend in trends
        for one in reversed(trend.months)
    ]


def gap_lines(view: View, trends: Sequence[Trend]) -> list[GapLine]:
    """By month and lane: which exchanges filed only a part, or nothing, and whether the month is still open.

    The newest month first; lanes of a month of which the same is to be said share a line.
    """
    own = [trend for trend in trends if trend.exchange != WHOLE and trend.lane is not Lane.QUALITY]
    lanes: dict[tuple[str, str, str | None], list[str]] = {}
    for number in range(len(own[0].months) - 1, -1, -1) if own else ():
        for lane in dict.fromkeys(trend.lane for trend in own):
            months = {trend.exchange: trend.months[number] for trend in own if trend.lane is lane}
            if gap := _gap(view, months):
                lanes.setdefault(gap, []).append(view.say(f"lane.{lane}"))
    return [GapLine(month, status, ", ".join(names), text) for (month, status, text), names in lanes.items()]


def _gap(view: View, months: Mapping[str, TrendMonth]) -> tuple[str, str, str | None] | None:
    """Month, status and who filed how much of one lane's month, by exchange; None where nothing is to be said."""
    lacking = {exchange: one for exchange, one in months.items() if one.filed_count < one.expected_count}
    first = next(iter(months.values()))
    if not lacking and not first.is_open:
        return None
    is_nothing = len(lacking) == len(months) and not any(one.filed_count for one in lacking.values())
    status = "trends.provisional" if first.is_open else "trends.none" if is_nothing else "trends.partial"
    everybody = view.say("trends.everybody")
    names = [f"{view.exchange(exchange)} {_filed_of_due(one)}" for exchange, one in lacking.items()]
    if lacking and len({_filed_of_due(one) for one in months.values()}) == 1:
        names = [f"{everybody} {_filed_of_due(first)}"]
    return first.month, view.say(status), everybody if is_nothing else ", ".join(names) or None


def _filed_of_due(one: TrendMonth) -> str:
    return f"{one.filed_count:,}/{one.expected_count:,}"

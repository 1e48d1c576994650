"""API shares on the screen: what they are in a sentence, and each exchange's course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.amounts import krw, percent
from app.columns import Percent, Text, columns_of, row_of
from app.queries.spans import LONGEST_BY_DAY, Span, spans_of
from app.volume.course import TogetherPoint, VolumeCourse
from app.volume.ranking import RankedVolume, VolumeRanking
from app.volume.share_charts import share_panels
from app.volume.shares import Measure
from app.volume.trading_halts import halts_of_trading
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import note, sentence, source_mark
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.view import View, ask, cached

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
    amounts = [getattr(total, name) for name in (measure.part, measure.whole)]
    said = [krw(one, view.language) if measure is Measure.VALUE else f"{one:,}" for one in amounts]
    change = total.preceding_change
    sentences = [
        view.say(
            f"api_volume.summary_{measure}",
            who=together_name(view),
            share=percent(total.share, 2),
            api=said[0],
            total=said[1],
        ),
        view.say("api_volume.not_compared", count=count)
        if change is None
        else view.say("api_volume.compared", count=count, change=_points(view, change)),
        *_other_measure(view, total, measure),
        *_extremes(view, ranking.by_exchange),
    ]
    return " ".join(sentences)


def _points(view: View, change: Decimal) -> str:
    return view.say("api_volume.points", points=f"{change * 100:+.2f}")


def _other_measure(view: View, total: RankedVolume, measure: Measure) -> list[str]:
    """What the share would be by the other measure."""
    by_count = measure is Measure.VALUE
    other, share = (Measure.COUNT, total.share_by_count) if by_count else (Measure.VALUE, total.share_by_value)
    if share is None or total.share is None:
        return []
    difference = _points(view, share - total.share)
    return [view.say(f"api_volume.other_{other}", share=percent(share, 2), difference=difference)]


def _extremes(view: View, ranked: Sequence[RankedVolume]) -> list[str]:
    """Which exchange is highest, and which moved most in a week, where several are compared."""
    rows = [row for row in ranked if row.share is not None]
    if len(rows) < 2:
        return []
    highest = view.exchange(rows[0].exchange)
    said = [view.say("api_volume.highest", exchange=highest, share=percent(rows[0].share, 2))]
    moved = [(row.exchange, row.week_change) for row in rows if row.week_change is not None]
    if moved:
        exchange, change = max(moved, key=lambda one: abs(one[1]))
        said.append(view.say("api_volume.moved", exchange=view.exchange(exchange), change=_points(view, change)))
    return [", ".join(said) + "."]


@dataclass(frozen=True, slots=True)
class _PointRow:
    """A point of a panel as the chart's table shows it."""

    who: Text
    span: Text
    share_by_value: Percent | None
    share_by_count: Percent | None
    api_trade_value_krw: Decimal
    trade_value_krw: Decimal
    filing: Text | None
    left_out: Text | None


@part
def share_course(view: View, course: VolumeCourse) -> None:
    """A panel for each exchange and one for all together; a mark opens the markets of its day or week."""
    scale = switch(view.say("api_volume.axis"), "axis", _SCALES, lambda name: view.say(f"api_volume.axis_{name}"))
    chart(
        view,
        lambda: share_panels(
            course.by_exchange,
            course.together,
            ask(halts_of_trading, view.choice),
            spans_of(view.choice),
            view.exchanges,
            view.look,
            shared=scale == "shared",
        ),
        key="share_panels",
        title=view.say("api_volume.course"),
        alt=view.say("api_volume.course_alt"),
        frame=lambda: _point_rows(view, course),
        columns=columns_of(_PointRow),
        on_pick=lambda mark: pick(at=mark[0], day=mark[1], market=""),
    )
    if left_out := cached(view, "left_out", lambda: _left_out(view, course.together)):
        note(left_out)
    note(view.say("api_volume.course_note", day_count=LONGEST_BY_DAY))
    note(view.say("api_volume.reference", published=source_mark(view, "DAXA")))


def _point_rows(view: View, course: VolumeCourse) -> list[_PointRow]:
    """The points of all panels: each exchange's, then those of all together."""
    rows = [
        row_of(
            _PointRow,
            point,
            who=view.exchange(point.exchange),
            span=Span(point.first_day, point.last_day).text,
            filing=view.say("api_volume.day_of", filed=point.filed_day_count, count=point.day_count),
            left_out=None,
        )
        for point in course.by_exchange
    ]
    if len(view.exchanges) == 1:
        return rows
    return rows + [
        row_of(
            _PointRow,
            point,
            who=together_name(view),
            span=Span(point.first_day, point.last_day).text,
            filing=None,
            left_out=_names(view, point.missing),
        )
        for point in course.together
    ]


def _names(view: View, exchanges: Sequence[str]) -> str | None:
    return ", ".join(view.exchange(name) for name in exchanges) or None


def _left_out(view: View, together: Sequence[TogetherPoint]) -> str:
    """Which points of all together lack an exchange, in words."""
    lacking = [point for point in together if point.missing]
    if not lacking or len(view.exchanges) == 1:
        return ""
    said = [
        f"{Span(point.first_day, point.last_day).text} ({_names(view, point.missing)})"
        for point in lacking[-_MOST_NAMED:]
    ]
    if len(lacking) > _MOST_NAMED:
        said.append(view.say("api_volume.and_more", count=len(lacking) - _MOST_NAMED))
    return view.say("api_volume.left_out", spans=" · ".join(said))

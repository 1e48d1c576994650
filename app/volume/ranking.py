"""API share compared: the exchanges of a period, the highest share first, and each against its own time before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from app.amounts import exact_sum, ratio
from app.columns import Count, ExchangeId, Percent, Points, Trend
from app.queries.choice import Choice
from app.queries.spans import Span, spans_of
from app.scope import Scope
from app.volume.shares import Measure, Trading, Volume, share_of, total_of, trading_by_day, volume_of
from etl.store import Store

_WEEK = timedelta(days=7)
_Filed = Mapping[tuple[str, date], Trading]


@dataclass(frozen=True, slots=True)
class RankedVolume(Volume):
    """One exchange's period, or that of several together, whose `exchange` is empty.

    `preceding_change` is the share's difference from the preceding period of equal length, `week_change` that of the
    last seven days from the seven before. `trend` is the share in percent, span by span. `turnover_share` and
    `api_turnover_share` are parts of the value of all chosen exchanges together; None of all together, and of an
    exchange that filed nothing.
    """

    exchange: ExchangeId
    preceding_change: Points | None
    week_change: Points | None
    trend: Trend
    filed_day_count: Count
    before_day_count: Count
    day_count: Count
    turnover_share: Percent | None = None
    api_turnover_share: Percent | None = None


@dataclass(frozen=True, slots=True)
class VolumeRanking:
    """The exchanges of a period compared, and the same of all together."""

    by_exchange: tuple[RankedVolume, ...]
    together: RankedVolume


def volume_ranking(store: Store, scope: Scope, choice: Choice, measure: Measure = Measure.VALUE) -> VolumeRanking:
    """One record per exchange, the highest share first; one that filed nothing comes last, its sums zero.

    A change is None where either side has less than half of its days (`is_comparable`); of all together, where that
    is so of any exchange that filed.
    """
    length = timedelta(days=len(choice.days))
    reach = Choice(choice.exchanges, choice.first_day - max(length, 2 * _WEEK), choice.last_day)
    filed = trading_by_day(store, scope, reach)
    exchanges = scope.visible(choice.exchanges)
    together = _ranked(filed, exchanges, choice, measure)
    rows = [_with_parts(_ranked(filed, (exchange,), choice, measure), together) for exchange in exchanges]
    rows.sort(key=lambda row: (row.share is None, -(row.share or 0)))
    return VolumeRanking(tuple(rows), together)


def _with_parts(row: RankedVolume, together: RankedVolume) -> RankedVolume:
    """The same with its parts of the turnover of all together."""
    if not row.filed_day_count:
        return row
    return replace(
        row,
        turnover_share=ratio(row.trade_value_krw, together.trade_value_krw),
        api_turnover_share=ratio(row.api_trade_value_krw, together.api_trade_value_krw),
    )


def _ranked(filed: _Filed, exchanges: Sequence[str], choice: Choice, measure: Measure) -> RankedVolume:
    """What is compared of one exchange, or of several together."""
    own = Span(choice.first_day, choice.last_day)
    before = Span(own.first_day - timedelta(own.day_count), own.first_day - timedelta(1))
    week = Span(choice.last_day - _WEEK + timedelta(1), choice.last_day)
    week_before = Span(week.first_day - _WEEK, week.last_day - _WEEK)
    parts = [_filed_in(filed, exchanges, span) for span in spans_of(choice)]
    shares = [share_of(total_of(rows), measure) for rows in parts]
    return volume_of(
        RankedVolume,
        total_of(_filed_in(filed, exchanges, own)),
        measure,
        exchange=exchanges[0] if len(exchanges) == 1 else "",
        preceding_change=_change(filed, exchanges, own, before, measure),
        week_change=_change(filed, exchanges, week, week_before, measure),
        trend=tuple(None if share is None else float(share * 100) for share in shares),
        filed_day_count=len(_filed_in(filed, exchanges, own)),
        before_day_count=len(_filed_in(filed, exchanges, before)),
        day_count=own.day_count,
        turnover_share=None,
        api_turnover_share=None,
    )


def _filed_in(filed: _Filed, exchanges: Sequence[str], span: Span) -> list[Trading]:
    return [filed[exchange, day] for exchange in exchanges for day in span.days if (exchange, day) in filed]


def _change(filed: _Filed, exchanges: Sequence[str], now: Span, before: Span, measure: Measure) -> Decimal | None:
    """The difference of two shares; none where one side lacks too many days of an exchange that filed in either."""
    counts = [[len(_filed_in(filed, (exchange,), span)) for span in (now, before)] for exchange in exchanges]
    if not all(is_comparable(count, now.day_count) for pair in counts if any(pair) for count in pair):
        return None
    then, earlier = (share_of(total_of(_filed_in(filed, exchanges, span)), measure) for span in (now, before))
    return None if then is None or earlier is None else then - earlier


def is_comparable(filed_day_count: int, day_count: int) -> bool:
    """True where at least half of the days were filed: fewer may be other days of the week, or one odd day."""
    return filed_day_count > 0 and 2 * filed_day_count >= day_count


def concentration(shares: Iterable[Decimal | None]) -> Decimal | None:
    """Herfindahl-Hirschman index of shares that are known, from 0 to 10,000; None where none is."""
    known = [share for share in shares if share is not None]
    return exact_sum((100 * share) ** 2 for share in known) if known else None

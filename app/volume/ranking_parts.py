"""The exchanges compared on the screen: their API shares as a ranking, and how they share the market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.columns import Count, ExchangeId, Percent, Points, Text, Times, Trend, Won, columns_of, row_of
from app.obligations.absence import absences
from app.volume.ranking import RankedVolume, VolumeRanking, concentration, is_comparable
from app.volume.shares import FEWEST_ORDERS
from app.widgets.address import pick
from app.widgets.header import note, section, source_mark
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask, cached

_Reasons = Sequence[tuple[str, int]]
"""Why days of an exchange are not there, and how many."""
_STATE_TEXTS = {"not_reported": "absence.word"}
"""The texts of reasons that are no state of an obligation."""


@dataclass(frozen=True, slots=True)
class _RankingRow:
    """An exchange as the table shows it; of one that filed nothing no amount is shown."""

    exchange: ExchangeId
    share: Percent | None
    preceding_change: Points | None
    trend: Trend
    week_change: Points | None
    filing: Text
    compared: Text
    small_order_share: Percent | None
    cancels_per_order: Times | None
    trades_per_order: Times | None
    largest_api_account_count: Count | None
    share_by_value: Percent | None
    share_by_count: Percent | None
    api_trade_value_krw: Won | None
    trade_value_krw: Won | None


@part
def share_ranking(view: View, ranking: VolumeRanking) -> None:
    """The exchanges, the highest share first; one that filed nothing stays, with the reason. A row opens its days."""
    table(
        view,
        lambda: _ranking_rows(view, ranking.by_exchange),
        columns_of(_RankingRow),
        alt=view.say("api_volume.ranking_alt"),
        key="ranking",
        on_pick=lambda row: pick(at=row.exchange, day="", market=""),
    )
    assumed = source_mark(view, "MODEL")
    note(view.say("api_volume.ranking_note", assumed=assumed, orders=FEWEST_ORDERS))


def _ranking_rows(view: View, ranked: Sequence[RankedVolume]) -> list[_RankingRow]:
    reasons = _reasons(view)
    blank = dict.fromkeys(("api_trade_value_krw", "trade_value_krw", "largest_api_account_count"))
    return [
        row_of(
            _RankingRow,
            row,
            trend=_drawn(row.trend),
            filing=_filing(view, row, reasons.get(row.exchange, ())),
            compared=_compared(view, row),
            **({} if row.filed_day_count else blank),
        )
        for row in ranked
    ]


def _drawn(trend: Sequence[float | None]) -> tuple[float, ...]:
    """What the small drawing takes: it knows no gaps, which the panels below show, and of one point it makes a line."""
    known = tuple(share for share in trend if share is not None)
    return known if len(known) > 1 else ()


def _reasons(view: View) -> Mapping[str, _Reasons]:
    found: dict[str, list[tuple[str, int]]] = {}
    for row in ask(absences, view.choice, "api_volume", view.moment):
        found.setdefault(row.exchange, []).append((row.state, row.period_count))
    return found


def _filing(view: View, row: RankedVolume, reasons: _Reasons) -> str:
    """Days filed, and in words what came of the others; a nil return is filed."""
    nil = sum(count for state, count in reasons if state == "nil")
    head = view.say("api_volume.day_of", filed=row.filed_day_count + nil, count=row.day_count)
    words = [f"{view.say(_STATE_TEXTS.get(state, f'state.{state}'))} {count}" for state, count in reasons]
    before = row.day_count - row.filed_day_count - sum(count for _, count in reasons)
    if before > 0:
        words.append(view.say("api_volume.before_records", count=before))
    return " · ".join([head, *words])


def _compared(view: View, row: RankedVolume) -> str:
    """How much of the preceding period was filed, and that it is too little where it is."""
    if not row.before_day_count:
        return view.say("api_volume.no_filing")
    head = view.say("api_volume.day_of", filed=row.before_day_count, count=row.day_count)
    enough = is_comparable(row.before_day_count, row.day_count)
    return head if enough else f"{head} · {view.say('api_volume.too_few')}"


@part
def turnover_shares(view: View, ranking: VolumeRanking) -> None:
    """How the exchanges share the market, last on the page: the share of one of them says nothing of its API."""
    if len(view.exchanges) == 1:
        return
    section(view, "api_volume.concentration")
    rows = cached(view, "concentration", lambda: _largest_first(ranking.by_exchange))
    names = ("exchange", "turnover_share", "api_turnover_share", "api_trade_value_krw", "trade_value_krw")
    alt = view.say("api_volume.concentration_alt")
    table(view, lambda: rows, columns_of(RankedVolume, *names), alt=alt)
    turnover = concentration(row.turnover_share for row in rows)
    api = concentration(row.api_turnover_share for row in rows)
    note(view.say("api_volume.concentration_note", turnover=_index(turnover), api=_index(api)))


def _index(concentrated: Decimal | None) -> str:
    return f"{concentrated or 0:,.0f}"


def _largest_first(ranked: Sequence[RankedVolume]) -> tuple[RankedVolume, ...]:
    filed = [row for row in ranked if row.filed_day_count]
    return tuple(sorted(filed, key=lambda row: row.turnover_share or Decimal(), reverse=True))

"""What is picked of API volume: an exchange's days, the markets of a day or week, and the rows behind a market."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.columns import columns_of
from app.queries.choice import Choice
from app.queries.spans import Span, spans_of
from app.volume.markets import MarketVolume, Order, market_volumes
from app.volume.share_parts import together_name
from app.volume.shares import DayVolume, Measure, volume_by_day
from app.widgets.address import pick, picked, picked_day
from app.widgets.header import empty, note, subtitle
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.view import View, ask

_DAY_COLUMNS = columns_of(
    DayVolume,
    *("day", "share_by_value", "share_by_count"),
    *("small_order_share", "cancels_per_order", "trades_per_order", "largest_api_account_count"),
    *("market_count", "api_trade_value_krw", "trade_value_krw"),
)
MARKET_COLUMNS = columns_of(
    MarketVolume,
    *("exchange", "market", "share", "preceding_change"),
    *("small_order_share", "cancels_per_order", "largest_api_account_count"),
    *("api_trade_value_krw", "trade_value_krw"),
)
"""What is shown of a market."""
_MARKET_LIMIT = 50
_LAST_DAYS = timedelta(days=7)
"""Where a market is picked but no day, its rows are of as many days at the end of the period."""


@part
def volume_detail(view: View, measure: Measure) -> None:
    """What is picked in the address: `at` an exchange, `day` a day or its week, `market` a market."""
    at, market, span = picked("at"), picked("market"), _picked_span(view)
    exchange = at if at in view.exchanges else ""
    if span is not None:
        _markets_of(view, exchange, span, measure)
    elif exchange and not market:
        _days_of(view, exchange, measure)
        _markets_of(view, exchange, Span(view.choice.first_day, view.choice.last_day), measure)
    if not exchange or not (span or market):
        note(view.say("rows.how"))
        return
    if span is None:
        last = view.choice.last_day
        span = Span(max(view.choice.first_day, last - _LAST_DAYS + timedelta(1)), last)
    narrowed: dict[str, Any] = {"condition": "market = ?", "parameters": (market,)} if market else {}
    title = " · ".join(part for part in (view.exchange(exchange), market, span.text) if part)
    rows_behind(view, "api_volume", exchange, span.first_day, span.last_day, title=title, **narrowed)


def _picked_span(view: View) -> Span | None:
    """The day or week that is picked; a day outside the period is a span of its own."""
    day = picked_day("day")
    if day is None:
        return None
    return next((span for span in spans_of(view.choice) if span.first_day <= day <= span.last_day), Span(day, day))


def _days_of(view: View, exchange: str, measure: Measure) -> None:
    """The days of one exchange, newest first; a row leads to its markets."""
    own = Choice((exchange,), view.choice.first_day, view.choice.last_day)
    days = ask(volume_by_day, own, measure)
    name = view.exchange(exchange)
    subtitle(view.say("api_volume.days_of", exchange=name))
    if not days:
        empty(view, "volume_day", exchange=name, day=Span(own.first_day, own.last_day).text)
        return
    table(
        view,
        lambda: days[::-1],
        _DAY_COLUMNS,
        alt=view.say("api_volume.days_alt", exchange=name),
        key=f"days.{exchange}",
        on_pick=lambda row: pick(at=exchange, day=str(row.day), market=""),
    )


def _markets_of(view: View, exchange: str, span: Span, measure: Measure) -> None:
    """The markets of a day, a week or the period, of one exchange or of all; a row leads to its source rows."""
    chosen = Choice((exchange,) if exchange else view.choice.exchanges, span.first_day, span.last_day)
    markets = ask(market_volumes, chosen, measure, Order.AMOUNT, _MARKET_LIMIT)
    name = view.exchange(exchange) if exchange else together_name(view)
    title = view.say("api_volume.markets_of", exchange=name, span=span.text)
    subtitle(title)
    if not markets:
        empty(view, "volume_day", exchange=name, day=span.text)
        return
    if len(markets) == _MARKET_LIMIT:
        note(view.say("api_volume.market_limit", count=_MARKET_LIMIT))
    table(
        view,
        lambda: markets,
        MARKET_COLUMNS,
        alt=title,
        key=f"markets.{exchange}.{span.first_day}",
        on_pick=lambda row: pick(at=row.exchange, day=picked("day"), market=row.market),
    )

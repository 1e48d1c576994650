"""What is picked of API volume: an exchange's days, the markets of a day or week, and the rows behind a market."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from app.columns import Shown
from app.queries.choice import Choice
from app.queries.spans import Span, spans_of
from app.volume.markets import Order, market_volumes
from app.volume.share_parts import BOTH_SHARES, ORDER_FIGURES, VALUES, together_name
from app.volume.shares import Measure, volume_by_day
from app.widgets.address import pick, picked, picked_day
from app.widgets.header import empty, note, subtitle
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.view import View, ask

# The columns of the tables, and how each is written.
_DAYS = {"day": Shown.DAY, **BOTH_SHARES, **ORDER_FIGURES, "market_count": Shown.COUNT, **VALUES}
MARKETS = {
    "exchange": Shown.EXCHANGE,
    "market": Shown.TEXT,
    "share": Shown.PERCENT,
    "preceding_change": Shown.POINTS,
    "small_order_share": Shown.PERCENT,
    "cancels_per_order": Shown.TIMES,
    "largest_api_account_count": Shown.COUNT,
    **VALUES,
}
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
    """The day or week that is picked; a day outside the period stands for itself."""
    day = picked_day("day")
    if day is None:
        return None
    return next((span for span in spans_of(view.choice) if span.first_day <= day <= span.last_day), Span(day, day))


def _days_of(view: View, exchange: str, measure: Measure) -> None:
    """The days of one exchange, newest first; a row leads to its markets."""
    own = Choice((exchange,), view.choice.first_day, view.choice.last_day)
    frame = ask(volume_by_day, own, measure)
    name = view.exchange(exchange)
    subtitle(view.say("api_volume.days_of", exchange=name))
    if frame.empty:
        empty(view, "volume_day", exchange=name, day=Span(own.first_day, own.last_day).text)
        return
    table(
        view,
        lambda: frame.iloc[::-1],
        _DAYS,
        alt=view.say("api_volume.days_alt", exchange=name),
        key=f"days.{exchange}",
        on_pick=lambda row: pick(at=exchange, day=str(row["day"]), market=""),
    )


def with_change(frame: pd.DataFrame) -> pd.DataFrame:
    """Markets with their change against the preceding period under the name that it is shown by."""
    return frame.assign(preceding_change=frame["change"])


def _markets_of(view: View, exchange: str, span: Span, measure: Measure) -> None:
    """The markets of a day, a week or the period, of one exchange or of all; a row leads to its source rows."""
    chosen = Choice((exchange,) if exchange else view.choice.exchanges, span.first_day, span.last_day)
    frame = ask(market_volumes, chosen, measure, Order.AMOUNT, _MARKET_LIMIT)
    name = view.exchange(exchange) if exchange else together_name(view)
    title = view.say("api_volume.markets_of", exchange=name, span=span.text)
    subtitle(title)
    if frame.empty:
        empty(view, "volume_day", exchange=name, day=span.text)
        return
    if len(frame) == _MARKET_LIMIT:
        note(view.say("api_volume.market_limit", count=_MARKET_LIMIT))
    table(
        view,
        lambda: with_change(frame),
        MARKETS,
        alt=title,
        key=f"markets.{exchange}.{span.first_day}",
        on_pick=lambda row: pick(at=row["exchange"], day=picked("day"), market=row["market"]),
    )

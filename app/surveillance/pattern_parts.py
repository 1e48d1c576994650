"""One pattern on the screen: its course at each exchange, the markets of the days that are picked, and their rows."""

from __future__ import annotations

from datetime import date, timedelta

from app.columns import columns_of
from app.queries.spans import Span, spans_of
from app.surveillance.charts import CONTEXTS, pattern_panels
from app.surveillance.course import PatternPoint, halted_days, pattern_course
from app.surveillance.sums import MarketAlerts, pattern_markets
from app.widgets.address import pick, picked, picked_day
from app.widgets.drawings import chart
from app.widgets.header import empty, note, section
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.view import View, ask

_POINT_COLUMNS = columns_of(
    PatternPoint,
    *("first_day", "last_day", "exchange", "alert_count", "day_count", "past_median", "past_day_count"),
    *("finding_day_count", "small_order_share", "cancel_ratio", "api_order_count"),
)
_MARKET_COLUMNS = columns_of(
    MarketAlerts,
    *("market", "alert_count", "case_count", "notified_count", "account_day_count", "key_day_count"),
    *("trade_value_krw", "api_trade_value_krw", "share", "market_value_krw", "market_share"),
)
_LAST_DAYS = timedelta(days=7)
"""So many days of markets are shown at once, those at the end of the period where no day is picked."""


@part
def show_course(view: View, pattern: str) -> None:
    """The pattern's alerts over time; a mark picks its exchange and days."""
    context = switch(
        view.say("surveillance.context"),
        "context",
        (*CONTEXTS, "none"),
        lambda name: view.say(f"surveillance.context_{name}"),
    )
    course = ask(pattern_course, view.choice, pattern, view.thresholds)
    chart(
        view,
        lambda: pattern_panels(
            course,
            ask(halted_days, view.choice),
            view.exchanges,
            spans_of(view.choice),
            "" if context == "none" else context,
            view.look,
        ),
        key=f"panels.{pattern}",
        title=view.say("surveillance.panels", pattern=view.code(pattern)),
        alt=view.say("surveillance.panels_alt", pattern=view.code(pattern)),
        frame=lambda: course,
        columns=_POINT_COLUMNS,
        on_pick=lambda mark: pick(at=mark[0], day=mark[1], until="" if mark[2] == mark[1] else mark[2], market=""),
    )
    note(view.say("surveillance.panels_how"))


@part
def show_markets(view: View, exchange: str, pattern: str) -> None:
    """The markets of the picked days, or of the last seven of the period, and the rows behind."""
    days = _picked_days(view)
    named = {"exchange": view.exchange(exchange), "pattern": view.code(pattern), "days": days.text}
    title = view.say("surveillance.markets", **named)
    section(view, "surveillance.of_markets", title=title)
    markets = ask(pattern_markets, exchange, days.first_day, days.last_day, pattern)
    if not markets:
        empty(view, "pattern_markets", **named)
        return
    note(view.say("surveillance.markets_how"))
    table(
        view,
        lambda: markets,
        _MARKET_COLUMNS,
        key=f"markets.{exchange}.{pattern}.{days.text}",
        alt=title,
        on_pick=lambda row: pick(market=row.market),
        most_rows=8,
    )
    market = picked("market")
    rows_behind(
        view,
        "surveillance",
        exchange,
        days.first_day,
        days.last_day,
        condition="pattern = ? AND market = ?" if market else "pattern = ?",
        parameters=(pattern, market) if market else (pattern,),
        title=" · ".join((view.exchange(exchange), view.code(pattern), *([market] if market else []), days.text)),
    )


def _picked_days(view: View) -> Span:
    """The days that are picked, seven at most, or the last seven of the period."""
    day = picked_day("day")
    first = day or view.choice.last_day - _LAST_DAYS + timedelta(1)
    last = view.choice.last_day if day is None else _end_of_pick(day)
    return Span(max(first, view.choice.first_day), last)


def _end_of_pick(day: date) -> date:
    return min(picked_day("until") or day, day + _LAST_DAYS - timedelta(1))

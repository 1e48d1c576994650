"""Indicators of abnormal trading for review: the FSS's four patterns at each exchange, against its own past."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pandas as pd

from app.columns import Shown
from app.frames import records_of, with_columns
from app.halts.events import halt_events
from app.moments import kst_day
from app.obligations.absence_parts import absent, nothing
from app.queries.spans import spans_of
from app.rules.finding_parts import report_findings
from app.surveillance.charts import CONTEXTS, pattern_panels, stage_shares
from app.surveillance.indicators import (
    LEAST_ALERTS,
    PAST_DAYS,
    PERSISTENT_DAYS,
    RECENT_DAYS,
    indicators,
    pattern_course,
    thresholds,
)
from app.surveillance.sums import PATTERNS, pattern_markets, surveillance_stages
from app.surveillance.unreported_parts import unreported
from app.widgets.address import pick, picked, picked_day
from app.widgets.drawings import chart
from app.widgets.header import banner, empty, note, page_header, section, stop
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.tiles import Tile, tiles
from app.widgets.view import View, ask, cached, current_view

# The columns of the tables, and how each is written.
INDICATORS = {
    "pattern": Shown.CODE,
    "exchange": Shown.EXCHANGE,
    "to_review": Shown.TEXT,
    "alert_count": Shown.COUNT,
    "past_ratio": Shown.TIMES,
    "place": Shown.TEXT,
    "above": Shown.TEXT,
    "trend": Shown.TREND,
    "day_median": Shown.AMOUNT,
    "past_median": Shown.AMOUNT,
    "past_day_count": Shown.COUNT,
    "day_count": Shown.COUNT,
    "peak_count": Shown.COUNT,
    "peak_day": Shown.DAY,
    "market_day_count": Shown.COUNT,
    "case_count": Shown.COUNT,
    "notified_count": Shown.COUNT,
    "account_count": Shown.COUNT,
    "key_count": Shown.COUNT,
    "trade_value_krw": Shown.WON,
    "api_trade_value_krw": Shown.WON,
}
STAGES = {
    "exchange": Shown.EXCHANGE,
    "day_count": Shown.COUNT,
    "market_day_count": Shown.COUNT,
    "pattern_market_day_count": Shown.COUNT,
    "flagged_share": Shown.PERCENT,
    "alert_count": Shown.COUNT,
    "case_count": Shown.COUNT,
    "case_share": Shown.PERCENT,
    "notified_count": Shown.COUNT,
    "notified_share": Shown.PERCENT,
    "account_count": Shown.COUNT,
    "key_count": Shown.COUNT,
    "trade_value_krw": Shown.AMOUNT,
    "api_trade_value_krw": Shown.AMOUNT,
}
COURSE = {
    "first_day": Shown.DAY,
    "last_day": Shown.DAY,
    "exchange": Shown.EXCHANGE,
    "alert_count": Shown.COUNT,
    "day_count": Shown.COUNT,
    "past_median": Shown.AMOUNT,
    "past_day_count": Shown.COUNT,
    "above_day_count": Shown.COUNT,
    "small_order_share": Shown.PERCENT,
    "cancel_ratio": Shown.PERCENT,
    "api_order_count": Shown.COUNT,
}
MARKETS = {
    "market": Shown.TEXT,
    "alert_count": Shown.COUNT,
    "case_count": Shown.COUNT,
    "notified_count": Shown.COUNT,
    "account_count": Shown.COUNT,
    "key_count": Shown.COUNT,
    "trade_value_krw": Shown.AMOUNT,
    "api_trade_value_krw": Shown.AMOUNT,
    "share": Shown.PERCENT,
    "market_value_krw": Shown.AMOUNT,
    "market_share": Shown.PERCENT,
}


def in_words(view: View, frame: pd.DataFrame, floor: int) -> pd.DataFrame:
    """Indicators with what is to be reviewed, the rank and the days far above as texts."""
    rows = records_of(frame)
    reviews = [view.say(f"review.{row['review']}", count=row["past_day_count"], floor=floor) for row in rows]
    places = [None if row["rank"] is None else f"{row['rank']} / {row['rank_count']}" for row in rows]
    above = [
        None if row["above_day_count"] is None else f"{row['above_day_count']} / {row['judged_day_count']}"
        for row in rows
    ]
    return with_columns(frame, to_review=reviews, place=places, above=above)


def tiles_of(view: View, found: pd.DataFrame, stages: pd.DataFrame) -> tuple[Tile, ...]:
    """How many there were at each stage, and how many indicators are to be reviewed of all that were looked at."""
    alerts, cases, notified = (int(stages[name].sum()) for name in ("alert_count", "case_count", "notified_count"))
    judged = int(found["review"].isin(("persistent", "single", "nothing")).sum())
    persistent = int((found["review"] == "persistent").sum())
    days = int(stages["day_count"].sum())
    return (
        Tile(
            view.say("surveillance.to_review"),
            f"{persistent} / {judged}",
            view.say("surveillance.to_review_of", count=len(found), judged=judged),
        ),
        Tile(view.say("surveillance.alerts"), f"{alerts:,}", view.say("surveillance.alerts_of", days=f"{days:,}")),
        Tile(view.say("surveillance.cases"), f"{cases:,}", view.say("surveillance.of_alerts", count=f"{alerts:,}")),
        Tile(
            view.say("surveillance.notified"),
            f"{notified:,}",
            view.say("surveillance.of_cases", count=f"{cases:,}"),
        ),
    )


def halted_days(view: View) -> dict[str, list[date]]:
    """The chosen days on which each exchange began to halt something."""
    days: dict[str, list[date]] = defaultdict(list)
    for halt in ask(halt_events, view.choice):
        day = kst_day(halt.halted_at)
        if view.choice.first_day <= day <= view.choice.last_day and day not in days[halt.exchange]:
            days[halt.exchange].append(day)
    return days


@part
def show_markets(view: View, at: str, pattern: str) -> None:
    """The markets of the picked days, or of the last seven of the period, and the rows behind."""
    first, last = view.choice.last_day - timedelta(days=6), view.choice.last_day
    if day := picked_day("day"):
        first, last = day, min(picked_day("until") or day, day + timedelta(days=6))
    first = max(first, view.choice.first_day)
    days = f"{first}" if first == last else f"{first} ~ {last}"
    title = view.say("surveillance.markets", exchange=view.exchange(at), pattern=view.code(pattern), days=days)
    section(view, "surveillance.of_markets", title=title)
    markets = ask(pattern_markets, at, first, last, pattern)
    if markets.empty:
        empty(view, "pattern_markets", exchange=view.exchange(at), pattern=view.code(pattern), days=days)
        return
    note(view.say("surveillance.markets_how"))
    table(
        view,
        lambda: markets,
        MARKETS,
        key=f"markets.{at}.{pattern}.{days}",
        alt=title,
        on_pick=lambda row: pick(market=row["market"]),
        most_rows=8,
    )
    market = picked("market")
    rows_behind(
        view,
        "surveillance",
        at,
        first,
        last,
        condition="pattern = ? AND market = ?" if market else "pattern = ?",
        parameters=(pattern, market) if market else (pattern,),
        title=" · ".join((view.exchange(at), view.code(pattern), *([market] if market else []), days)),
    )


view = current_view()
page_header(view, "surveillance")
banner(view.say("surveillance.banner"))
found = ask(indicators, view.choice)
if found.empty:
    nothing(view, "surveillance")
    unreported(view)
    report_findings(view, "surveillance")
    stop()
factor, floor, fewest = thresholds(view.choice.last_day)
note(view.say("surveillance.definition", past=PAST_DAYS, fewest=fewest))
stages = ask(surveillance_stages, view.choice)
tiles(cached(view, "tiles", lambda: tiles_of(view, found, stages)))
absent(view, "surveillance")
section(view, "surveillance.indicators")
note(
    view.say(
        "surveillance.indicators_how",
        recent=RECENT_DAYS,
        factor=factor,
        floor=floor,
        persistent=PERSISTENT_DAYS,
        least=LEAST_ALERTS,
        past=PAST_DAYS,
    )
)
table(
    view,
    lambda: in_words(view, found, floor),
    INDICATORS,
    key="indicators",
    alt=view.say("surveillance.indicators"),
    on_pick=lambda row: pick(
        at=row["exchange"], pattern="" if row["pattern"] == PATTERNS[0] else row["pattern"], day="", until="", market=""
    ),
    most_rows=20,
)
pattern = switch(view.say("column.pattern"), "pattern", PATTERNS, view.code)
context = switch(
    view.say("surveillance.context"),
    "context",
    (*CONTEXTS, "none"),
    lambda name: view.say(f"surveillance.context_{name}"),
)
course = ask(pattern_course, view.choice, pattern)
chart(
    view,
    lambda: pattern_panels(
        course,
        halted_days(view),
        view.exchanges,
        spans_of(view.choice),
        "" if context == "none" else context,
        view.look,
    ),
    key=f"panels.{pattern}",
    title=view.say("surveillance.panels", pattern=view.code(pattern)),
    alt=view.say("surveillance.panels_alt", pattern=view.code(pattern)),
    frame=lambda: course,
    columns=COURSE,
    on_pick=lambda mark: pick(at=mark[0], day=mark[1], until="" if mark[2] == mark[1] else mark[2], market=""),
)
note(view.say("surveillance.panels_how"))
at = picked("at")
show_markets(view, at if at in view.exchanges else found.iloc[0]["exchange"], pattern)
section(view, "surveillance.stages")
note(view.say("surveillance.stages_how"))
table(view, lambda: stages, STAGES, alt=view.say("surveillance.stages"))
chart(
    view,
    lambda: stage_shares(stages, view.look),
    key="stage_shares",
    title=view.say("surveillance.shares"),
    alt=view.say("surveillance.shares"),
    frame=lambda: stages,
    columns={name: STAGES[name] for name in ("exchange", "alert_count", "case_count", "notified_count")},
    on_pick=lambda mark: pick(at=mark[0], day="", until="", market=""),
)
unreported(view)
report_findings(view, "surveillance")

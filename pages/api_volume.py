"""API volume share: how much of each exchange's trading came through the API, by day, hour and market."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from app import charts, queries, widgets
from app.amounts import krw, percent
from app.widgets import Shown, View

# The columns of the tables, and how each is written.
DAYS = {
    "day": Shown.DAY,
    "exchange": Shown.EXCHANGE,
    "trade_value_krw": Shown.AMOUNT,
    "api_trade_value_krw": Shown.AMOUNT,
    "share": Shown.PERCENT,
}
RANKING = {
    "exchange": Shown.EXCHANGE,
    "share": Shown.PERCENT,
    "trend": Shown.TREND,
    "change": Shown.POINTS,
    "api_trade_value_krw": Shown.WON,
    "trade_value_krw": Shown.WON,
    "day_count": Shown.COUNT,
}
HOURS = {"exchange": Shown.EXCHANGE, "hour": Shown.COUNT, "share": Shown.PERCENT}
MARKETS = {
    "exchange": Shown.EXCHANGE,
    "market": Shown.TEXT,
    "api_trade_value_krw": Shown.AMOUNT,
    "trade_value_krw": Shown.AMOUNT,
    "share": Shown.PERCENT,
}


def ranking(frame: pd.DataFrame, days: Sequence[date]) -> pd.DataFrame:
    """One row per exchange, the highest share first: share of the period, its course, last day against the first."""
    rows: list[dict[str, Any]] = []
    for exchange, own in frame.groupby("exchange"):
        total, api = (sum(own[name], Decimal()) for name in ("trade_value_krw", "api_trade_value_krw"))
        shares = [share for share in own["share"] if share is not None]
        by_day = dict(zip(own["day"], own["share"], strict=True))
        rows.append(
            {
                "exchange": exchange,
                "share": api / total if total else None,
                "trend": [float(by_day[day] * 100) for day in days if by_day.get(day) is not None],
                "change": shares[-1] - shares[0] if shares else None,
                "api_trade_value_krw": api,
                "trade_value_krw": total,
                "day_count": len(own),
            }
        )
    rows.sort(key=lambda row: row["share"] or Decimal(), reverse=True)
    return pd.DataFrame(rows, columns=list(RANKING), dtype=object)


def summary(view: View, frame: pd.DataFrame) -> str:
    """What the page shows in one sentence."""
    total, api = (sum(frame[name], Decimal()) for name in ("trade_value_krw", "api_trade_value_krw"))
    best = ranking(frame, ()).iloc[0]
    return view.say(
        "api_volume.summary",
        share=percent(api / total if total else None),
        api=krw(api, view.language),
        total=krw(total, view.language),
        exchange=view.exchange(best["exchange"]),
        highest=percent(best["share"]),
    )


view = widgets.current_view()
widgets.header(view, "api_volume")
widgets.note(view.say("api_volume.definition"))
frame = widgets.ask(queries.volume_by_day, view.choice)
if frame.empty:
    widgets.empty(view, "volume")
    widgets.report_findings(view, "api_volume")
    widgets.stop()

widgets.sentence(summary(view, frame))
widgets.chart(
    view,
    charts.share_by_day(frame, view.choice.days, view.look),
    key="share_by_day",
    title=view.say("api_volume.by_day"),
    alt=view.say("api_volume.by_day_alt"),
    frame=frame,
    columns=DAYS,
    on_pick=lambda mark: widgets.pick(at=mark[0], day=mark[1], market=""),
)
widgets.section(view, "api_volume.ranking")
widgets.table(view, ranking(frame, view.choice.days), RANKING, alt=view.say("api_volume.ranking"))

left, right = widgets.columns(2)
with left:
    hours = widgets.ask(queries.volume_by_hour, view.choice)
    widgets.chart(
        view,
        charts.share_by_hour(hours, view.look),
        key="share_by_hour",
        title=view.say("api_volume.by_hour"),
        alt=view.say("api_volume.by_hour_alt"),
        frame=hours,
        columns=HOURS,
    )
with right:
    markets = widgets.ask(queries.market_volumes, view.choice)
    widgets.chart(
        view,
        charts.market_bars(markets, view.look),
        key="market_bars",
        title=view.say("api_volume.by_market"),
        alt=view.say("api_volume.by_market_alt"),
        frame=markets,
        columns=MARKETS,
        on_pick=lambda mark: widgets.pick(at=mark[0], market=mark[1], day=""),
    )

exchange, day, market = widgets.picked("at"), widgets.picked_day("day"), widgets.picked("market")
if exchange in view.exchanges and day:
    title = f"{view.exchange(exchange)} · {day}"
    widgets.rows_behind(view, "api_volume", exchange, day, day, title=title)
elif exchange in view.exchanges and market:
    first = max(view.choice.first_day, view.choice.last_day - timedelta(days=6))
    widgets.rows_behind(
        view,
        "api_volume",
        exchange,
        first,
        view.choice.last_day,
        condition="market = ?",
        parameters=(market,),
        title=f"{view.exchange(exchange)} · {market} · {first} ~ {view.choice.last_day}",
    )
else:
    widgets.note(view.say("rows.how"))
widgets.report_findings(view, "api_volume")

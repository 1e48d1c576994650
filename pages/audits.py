"""Monthly audits: what came of each month, what auditors found, and how it compares with the five-minute checks."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from app.amounts import exact_sum, krw, percent_down, ratio
from app.audits.charts import AUDIT_GRADES, audit_differences, audit_grid, cold_shares
from app.audits.months import (
    QUALIFIED,
    UNOBLIGED,
    UNRECORDED,
    apart,
    audit_coverage,
    audit_months,
    audit_tolerance,
    audited_assets,
    cold_share_by_law,
)
from app.columns import Shown
from app.frames import frame_of, records_of
from app.moments import duration, kst_minute
from app.obligations.absence_parts import nothing
from app.queries.months import month_start, shown_months
from app.rules.finding_parts import report_findings
from app.widgets import address
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, note, page_header, section, sentence, source_mark, stop, subtitle
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.tiles import Tile, tiles
from app.widgets.view import View, ask, cached, current_view

# What counts as received.
RECEIVED = ("current", "late", "nil", QUALIFIED)
# What was due to nobody yet, or before there were records.
NOTHING_DUE = (UNRECORDED, UNOBLIGED)
# The columns of the tables, and how each is written.
MONTHS = {
    "exchange": Shown.EXCHANGE,
    "month": Shown.TEXT,
    "audit_state": Shown.TEXT,
    "received_at": Shown.INSTANT,
    "due_at": Shown.INSTANT,
    "auditor": Shown.TEXT,
    "opinion": Shown.CODE,
    "signed_on": Shown.DAY,
    "asset_count": Shown.COUNT,
    "doubted_count": Shown.COUNT,
    "short_count": Shown.COUNT,
    "cold_share": Shown.PERCENT,
    "value_krw": Shown.WON,
    "finding_count": Shown.COUNT,
}
ONE_MONTH = {
    **{name: MONTHS[name] for name in ("exchange", "audit_state", "auditor", "opinion")},
    "as_of": Shown.INSTANT,
    "signed_on": Shown.DAY,
    "reconciled_count": Shown.COUNT,
    "audited_count": Shown.COUNT,
    "asset_coverage": Shown.PERCENT,
    "cold_share": Shown.PERCENT,
    "compared_count": Shown.COUNT,
    "difference_krw": Shown.AMOUNT,
    "unexplained_krw": Shown.AMOUNT,
    "received_at": Shown.INSTANT,
    "finding_count": Shown.COUNT,
}
ASSETS = {
    "asset": Shown.TEXT,
    "comparison": Shown.TEXT,
    "ledger_quantity": Shown.AMOUNT,
    "hot_wallet_quantity": Shown.AMOUNT,
    "cold_wallet_quantity": Shown.AMOUNT,
    "cover_ratio": Shown.PERCENT,
    "cold_share": Shown.PERCENT,
    "value_krw": Shown.WON,
    "checked_at": Shown.MOMENT,
    "distance": Shown.DURATION,
    "checked_ledger": Shown.AMOUNT,
    "checked_wallet": Shown.AMOUNT,
    "ledger_ratio": Shown.BASIS_POINTS,
    "wallet_ratio": Shown.BASIS_POINTS,
    "difference_krw": Shown.AMOUNT,
    "opinion": Shown.CODE,
}


def with_words(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    """Months with what came of them in sign and word."""
    signs = {stand: grade.sign for stand, grade in AUDIT_GRADES.items()}
    return frame.assign(audit_state=[f"{signs[stand]} {view.say(f'audit_stand.{stand}')}" for stand in frame["stand"]])


def month_looked_at(view: View, frame: pd.DataFrame) -> str:
    """The month that is picked, or the last one that has fallen due, or the last of all."""
    if (picked := address.picked("month")) in set(frame["month"]):
        return picked
    due = frame[(frame["due_at"] <= view.moment) & ~frame["stand"].isin(NOTHING_DUE)]
    return str(max(due["month"], default=max(frame["month"])))


def of_month(view: View, frame: pd.DataFrame, assets: pd.DataFrame, month: str) -> pd.DataFrame:
    """One row per exchange: its audit of the month, how much of what it reconciles it covers, and the differences."""
    coverage = ask(audit_coverage, view.choice, month)
    differences = apart(assets)
    rows = []
    for row in records_of(frame[frame["month"] == month]):
        audited, reconciled = coverage.get(row["exchange"], (None, None))
        own = differences.get(row["exchange"])
        rows.append(
            {
                **row,
                "audited_count": audited,
                "reconciled_count": reconciled,
                "asset_coverage": ratio(audited, reconciled) if audited is not None and reconciled else None,
                "compared_count": own.compared_count if own else None,
                "difference_krw": own.difference_krw if own else None,
                "unexplained_krw": own.unexplained_krw if own else None,
            }
        )
    return frame_of(rows, dict.fromkeys([*frame.columns, *ONE_MONTH]))


def tiles_of(view: View, rows: pd.DataFrame, month: str) -> tuple[Tile, ...]:
    """What a month comes to, each figure with what it is of."""
    received = int(rows["stand"].isin(RECEIVED).sum())
    due_at = rows["due_at"].iloc[0]
    left = duration(abs(due_at - view.moment), view.language, 1)
    audited, reconciled = (int(rows[name].dropna().sum()) for name in ("audited_count", "reconciled_count"))
    shares = [share for share in rows["cold_share"] if share is not None]
    unexplained = [value for value in rows["unexplained_krw"] if value is not None]
    compared = int(rows["compared_count"].dropna().sum())
    law = percent_down(cold_share_by_law(month), 0)
    return (
        Tile(view.say("audits.received"), f"{received} / {len(rows)}", view.say("audits.of_month", month=month)),
        Tile(
            view.say("audits.deadline"),
            view.say("audits.left" if due_at > view.moment else "audits.passed", length=left),
            f"{kst_minute(due_at)} KST · {source_mark(view, 'MODEL')}",
        ),
        Tile(
            view.say("audits.coverage"),
            percent_down(ratio(audited, reconciled) or Decimal()) if reconciled else "–",
            view.say("audits.coverage_of", audited=f"{audited:,}", reconciled=f"{reconciled:,}"),
        ),
        Tile(
            view.say("audits.cold"),
            percent_down(min(shares)) if shares else "–",
            view.say("audits.cold_law", share=law, mark=source_mark(view, "LAW")),
        ),
        Tile(
            view.say("audits.unexplained"),
            krw(exact_sum(unexplained), view.language) if unexplained else "–",
            view.say("audits.compared", count=f"{compared:,}"),
        ),
    )


@part
def show_differences(view: View, compared: pd.DataFrame, at: str, month: str) -> None:
    """How far each asset of an audit is from the exchange's own check."""
    title = view.say("audits.differences", exchange=view.exchange(at), month=month)
    if compared.empty:
        subtitle(title)
        empty(view, "compared", exchange=view.exchange(at), month=month)
        return
    chart(
        view,
        lambda: audit_differences(compared, audit_tolerance(month), view.look),
        key="audit_differences",
        title=title,
        alt=view.say("audits.differences_alt"),
        frame=lambda: compared,
        columns={name: ASSETS[name] for name in ("asset", "ledger_ratio", "wallet_ratio", "difference_krw")},
        on_pick=lambda mark: pick(at=at, month=month, asset=mark[0]),
    )
    note(view.say("audits.differences_note"))


@part
def show_assets(view: View, assets: pd.DataFrame, exchange: str, month: str) -> None:
    """One exchange's audit of a month, asset by asset beside the checks, and the rows behind."""
    section(view, "audits.assets", exchange=view.exchange(exchange), month=month)
    own = assets[assets["exchange"] == exchange]
    if own.empty:
        empty(view, "audit", exchange=view.exchange(exchange), month=month)
        return
    counts = own["state"].value_counts().to_dict()
    tolerance = audit_tolerance(month)
    names = ("agrees", "differs", "no_check", "unaudited")
    sentence(view.say("audits.compared_as", **{name: f"{counts.get(name, 0):,}" for name in names}))
    note(view.say("audits.assets_how", tolerance=percent_down(tolerance), bp=f"{tolerance * 10_000:.2f}"))
    table(
        view,
        lambda: own.assign(comparison=[view.say(f"audit_compared.{state}") for state in own["state"]]),
        ASSETS,
        key=f"assets.{exchange}.{month}",
        alt=view.say("audits.assets", exchange=view.exchange(exchange), month=month),
        on_pick=lambda row: pick(asset=row["asset"]),
    )
    day = month_start(month)
    asset = address.picked("asset")
    rows_behind(
        view,
        "audits",
        exchange,
        day,
        day,
        condition="asset = ?" if asset else "true",
        parameters=(asset,) if asset else (),
        title=" · ".join((view.exchange(exchange), month, *([asset] if asset else []))),
    )


def recorded(frame: pd.DataFrame) -> pd.DataFrame:
    """The months of which there is something to tell, the newest first."""
    told = ~frame["stand"].isin(NOTHING_DUE) | frame["asset_count"].notna()
    return frame[told].sort_values("month", ascending=False, kind="stable")


view = current_view()
page_header(view, "audits")
note(view.say("audits.definition"))
filed = ask(audit_months, view.choice, view.moment)
if (filed["stand"].isin(NOTHING_DUE) & filed["asset_count"].isna()).all():
    nothing(view, "audits")
    report_findings(view, "audits")
    stop()
frame = cached(view, "with_words", lambda: with_words(view, filed))
months = shown_months(view.choice)
month = cached(view, "month", lambda: month_looked_at(view, frame))
assets = ask(audited_assets, view.choice, month)
rows = cached(view, "of_month", lambda: of_month(view, frame, assets, month))
tiles(cached(view, "tiles", lambda: tiles_of(view, rows, month)))
chart(
    view,
    lambda: audit_grid(frame, view.exchanges, months, view.look),
    key="audit_grid",
    title=view.say("audits.grid"),
    alt=view.say("audits.grid_alt"),
    frame=lambda: frame,
    columns=MONTHS,
    on_pick=lambda mark: pick(at=mark[0], month=mark[1], asset=""),
)
note(view.say("audits.grid_how"))
section(view, "audits.month", month=month)
table(
    view,
    lambda: rows,
    ONE_MONTH,
    key=f"month.{month}",
    alt=view.say("audits.month", month=month),
    on_pick=lambda row: pick(at=row["exchange"], month=month, asset=""),
)
note(view.say("audits.month_how"))
at = address.picked("at") or next(iter(rows[rows["asset_count"].notna()]["exchange"]), view.exchanges[0])
left, right = columns(2)
with left:
    chart(
        view,
        lambda: cold_shares(frame, months, cold_share_by_law(month), view.look),
        key="cold_shares",
        title=view.say("audits.cold_shares"),
        alt=view.say("audits.cold_shares"),
        frame=lambda: frame,
        columns={name: MONTHS[name] for name in ("exchange", "month", "cold_share", "value_krw")},
        on_pick=lambda mark: pick(at=mark[0], month=mark[1], asset=""),
    )
    note(view.say("audits.cold_note"))
with right:
    show_differences(view, assets[(assets["exchange"] == at) & assets["checked_at"].notna()], at, month)
if at in view.exchanges:
    show_assets(view, assets, at, month)
section(view, "audits.history", count=len(months))
table(
    view,
    lambda: recorded(frame),
    MONTHS,
    alt=view.say("audits.history", count=len(months)),
    key="history",
    most_rows=16,
)
report_findings(view, "audits")

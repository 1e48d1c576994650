"""One exchange's audit of a month on the screen, asset by asset beside its own checks, and the rows behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.amounts import percent_down
from app.audits.assets import AGREEMENT_RULE, AuditedAsset, Comparison, audit_tolerance
from app.audits.charts import audit_differences
from app.columns import Amount, BasisPoints, Length, Moment, Percent, Text, Won, columns_of, row_of
from app.queries.months import month_start
from app.widgets import address
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import empty, note, section, sentence, subtitle
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.view import View


@dataclass(frozen=True, slots=True)
class _AssetRow:
    """An asset as the table shows it."""

    asset: str
    comparison: Text
    ledger_quantity: Decimal | None
    hot_wallet_quantity: Decimal | None
    cold_wallet_quantity: Decimal | None
    cover_ratio: Percent | None
    cold_share: Percent | None
    value_krw: Won | None
    checked_at: Moment | None
    distance: Length | None
    checked_ledger: Amount | None
    checked_wallet: Amount | None
    ledger_ratio: BasisPoints | None
    wallet_ratio: BasisPoints | None
    difference_krw: Amount | None
    opinion: str | None


@part
def show_differences(view: View, assets: Sequence[AuditedAsset], exchange: str, month: str) -> None:
    """How far each asset of an exchange's audit is from its own check."""
    compared = [one for one in assets if one.exchange == exchange and one.checked_at is not None]
    title = view.say("audits.differences", exchange=view.exchange(exchange), month=month)
    if not compared:
        subtitle(title)
        empty(view, "compared", exchange=view.exchange(exchange), month=month)
        return
    chart(
        view.of_period(month),
        lambda: audit_differences(compared, audit_tolerance(view.thresholds, month), view.look),
        key="audit_differences",
        title=title,
        alt=view.say("audits.differences_alt"),
        frame=lambda: compared,
        columns=columns_of(AuditedAsset, "asset", "ledger_ratio", "wallet_ratio", "difference_krw"),
        on_pick=lambda mark: pick(at=exchange, month=month, asset=mark[0]),
    )
    note(view.say("audits.differences_note"))


@part
def show_assets(view: View, assets: Sequence[AuditedAsset], exchange: str, month: str) -> None:
    """One exchange's audit of a month, asset by asset beside the checks, and the rows behind it."""
    view = view.of_period(month)
    section(view, "audits.assets", exchange=view.exchange(exchange), month=month)
    own = [one for one in assets if one.exchange == exchange]
    if not own:
        empty(view, "audit", exchange=view.exchange(exchange), month=month)
        return
    counts = Counter(one.comparison for one in own)
    said = {str(name): f"{counts[name]:,}" for name in Comparison}
    sentence(view.say("audits.compared_as", **said))
    tolerance = audit_tolerance(view.thresholds, month)
    bp = f"{tolerance * 10_000:.2f}"
    note(view.say("audits.assets_how", rule=AGREEMENT_RULE, tolerance=percent_down(tolerance), bp=bp))
    if counts[Comparison.UNJUDGED]:
        note(view.say("audits.compared_unjudged", rule=AGREEMENT_RULE, **said))
    table(
        view,
        lambda: [row_of(_AssetRow, one, comparison=view.say(f"audit_compared.{one.comparison}")) for one in own],
        columns_of(_AssetRow),
        key=f"assets.{exchange}.{month}",
        alt=view.say("audits.assets", exchange=view.exchange(exchange), month=month),
        on_pick=lambda row: pick(asset=row.asset),
    )
    _rows_behind(view, exchange, month)


def _rows_behind(view: View, exchange: str, month: str) -> None:
    """The rows of the audit, or of the asset that is picked."""
    asset = address.picked("asset")
    day = month_start(month)
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

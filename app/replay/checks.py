"""A replayed incident as the exchange's files say it: its checks, and the halts that cover the asset.

What is found here comes from the store; what really happened is in `etl.replays`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.amounts import ratio
from app.columns import Amount, BasisPoints, Count, Times, Won
from app.halts.events import halt_events
from app.queries.choice import Choice
from app.queries.exactly import less, times
from app.reconciliation.days import asset_checks
from app.scope import Scope
from etl.store import Store
from expectations.thresholds import Thresholds

_MISMATCH = "reconciliation_mismatch"


@dataclass(frozen=True, slots=True)
class ReplayedCheck:
    """One check of the asset, what was missing, and from which quantities on REC-004 asks for a halt.

    `ratio_limit_quantity` is a share of the ledger, `krw_limit_quantity` what an amount of won buys (specification,
    REC-004; both MODEL). `shortfall_ratio` is the shortfall by the ledger, `holdings_multiple` by what was held.
    """

    checked_at: datetime
    ledger_quantity: Decimal
    wallet_quantity: Decimal
    shortfall_quantity: Amount
    shortfall_krw: Won
    shortfall_ratio: BasisPoints | None
    holdings_multiple: Times | None
    price_krw: Decimal
    result: str
    source_row: Count
    day: date
    asset: str
    ratio_limit_quantity: Amount
    krw_limit_quantity: Amount

    @property
    def is_short(self) -> bool:
        """True where the wallets held less than the ledger says."""
        return self.shortfall_quantity > 0


@dataclass(frozen=True, slots=True)
class ReplayedHalt:
    """A halt for a mismatch, as it was filed last."""

    halt_id: str
    scope: str
    functions: str
    mode: str
    halted_at: datetime
    resumed_at: datetime | None


def replayed_checks(
    store: Store, scope: Scope, exchange: str, asset: str, first_day: date, last_day: date, thresholds: Thresholds
) -> tuple[ReplayedCheck, ...]:
    """Return every check of an asset through some days, in time order."""
    found: list[ReplayedCheck] = []
    for day in Choice((exchange,), first_day, last_day).days:
        share, won = (Decimal(thresholds.value(f"halt_shortfall_{name}", day, exchange)) for name in ("ratio", "krw"))
        for check in asset_checks(store, scope, exchange, day, asset):
            ledger, wallet, price = check.ledger_quantity, check.wallet_quantity, check.price_krw
            short = max(less(ledger, wallet), Decimal())
            found.append(
                ReplayedCheck(
                    checked_at=check.checked_at,
                    ledger_quantity=ledger,
                    wallet_quantity=wallet,
                    shortfall_quantity=short,
                    shortfall_krw=times(short, price),
                    shortfall_ratio=ratio(short, ledger),
                    holdings_multiple=ratio(short, wallet),
                    price_krw=price,
                    result=check.result,
                    source_row=check.source_row,
                    day=day,
                    asset=asset,
                    ratio_limit_quantity=times(share, ledger),
                    krw_limit_quantity=won / price,
                )
            )
    return tuple(found)


def replayed_halts(
    store: Store, scope: Scope, exchange: str, asset: str, first_day: date, last_day: date
) -> tuple[ReplayedHalt, ...]:
    """Return the exchange's halts for a mismatch that cover the asset, the oldest first (REC-004 says which do)."""
    found = [
        ReplayedHalt(one.halt_id, one.scope, one.functions, one.mode, one.halted_at, one.resumed_at)
        for one in halt_events(store, scope, Choice((exchange,), first_day, last_day))
        if one.trigger == _MISMATCH and (one.scope in ("exchange", "account") or one.target.partition("/")[0] == asset)
    ]
    return tuple(sorted(found, key=lambda row: (row.halted_at, row.halt_id)))

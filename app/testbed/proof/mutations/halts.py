"""Mutations that prove the rules of `halts`: halts of their own, added to those of the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from app.testbed.proof.files import Files, Wanted, mutation
from app.testbed.proof.mutations.reconciliation import first_asset, shortfall

REPORT = "halts"
_MISMATCH = "reconciliation_mismatch"
_MINUTE = timedelta(minutes=1)


def add_halt(files: Files, halted_at: datetime, number: int = 1, **fields: object) -> int:
    """Add a halt to the day's file, and return its place; without `fields` it keeps every rule."""
    rows = files.rows(REPORT)
    halt = {
        "halt_id": files.name("H", "proof", number),
        "scope": "market",
        "target": f"{first_asset(files)}/KRW",
        "functions": "withdrawal",
        "trigger": "system_fault",
        "mode": "automatic",
        "detected_at": halted_at - _MINUTE,
        "halted_at": halted_at,
        "resumed_at": halted_at + timedelta(hours=1),
        "notice_at": halted_at + 5 * _MINUTE,
        "affected_account_count": 0,
    }
    rows.append(halt | fields)
    return len(rows) - 1


def _found(files: Files, rule: str, place: int, **where: object) -> list[Wanted]:
    subject = files.rows(REPORT)[place]["halt_id"]
    start, end = (value if isinstance(value, datetime) else None for value in (where.get("start"), where.get("end")))
    return [files.wanted(rule, REPORT, row=place, subject=subject, start=start, end=end)]


@mutation("HLT-UNQ", "one halt stands there twice")
def repeated(files: Files) -> Sequence[Wanted]:
    """Two rows of one number."""
    add_halt(files, files.at(9))
    return _found(files, "HLT-UNQ", add_halt(files, files.at(9)))


@mutation("HLT-NEG", "a negative number of accounts")
def negative(files: Files) -> Sequence[Wanted]:
    """One halt."""
    place = add_halt(files, files.at(9), affected_account_count=-1)
    subject = files.rows(REPORT)[place]["halt_id"]
    return [files.wanted("HLT-NEG", REPORT, row=place, column="affected_account_count", subject=subject)]


@mutation("HLT-001", "a halt is lifted a minute before it began")
def lifted_before(files: Files) -> Sequence[Wanted]:
    """One halt."""
    return _found(files, "HLT-001", add_halt(files, files.at(9), resumed_at=files.at(8, 59)))


@mutation("HLT-002", "a halt of the whole exchange names an asset")
def wrong_target(files: Files) -> Sequence[Wanted]:
    """One halt."""
    place = add_halt(files, files.at(9), scope="exchange", target=first_asset(files))
    return _found(files, "HLT-002", place)


@mutation("HLT-003", "a halt for a mismatch is made by hand", also=("REC-003",))
def by_hand(files: Files) -> Sequence[Wanted]:
    """With the shortfall that it is for."""
    shortfall(files, files.at(9), files.at(9, 15))
    return _found(files, "HLT-003", add_halt(files, files.at(9, 2), trigger=_MISMATCH, mode="manual"))


@mutation("HLT-004", "an automatic halt begins a second more than five minutes after detection")
def slow_start(files: Files) -> Sequence[Wanted]:
    """One halt."""
    detected_at = files.at(9) - timedelta(minutes=5, seconds=1)
    return _found(files, "HLT-004", add_halt(files, files.at(9), detected_at=detected_at))


@mutation("HLT-005", "a halt for a mismatch that the reconciliation does not show")
def without_mismatch(files: Files) -> Sequence[Wanted]:
    """One halt, and no shortfall."""
    return _found(files, "HLT-005", add_halt(files, files.at(9), trigger=_MISMATCH))


@mutation("HLT-006", "notice is given a second more than an hour after the halt")
def late_notice(files: Files) -> Sequence[Wanted]:
    """One halt."""
    notice_at = files.at(10) + timedelta(seconds=1)
    return _found(files, "HLT-006", add_halt(files, files.at(9), notice_at=notice_at))


@mutation("HLT-007", "a second halt of the same target begins before the first is lifted")
def overlapping(files: Files) -> Sequence[Wanted]:
    """Two halts, the second of all functions."""
    add_halt(files, files.at(9))
    return _found(files, "HLT-007", add_halt(files, files.at(9, 59), 2, functions="all"))


@mutation("HLT-008", "a halt for a mismatch is lifted while wallets are still short", also=("REC-003",))
def lifted_too_early(files: Files) -> Sequence[Wanted]:
    """A shortfall of an hour, halted for its first half."""
    shortfall(files, files.at(9), files.at(10))
    place = add_halt(files, files.at(9, 2), trigger=_MISMATCH, resumed_at=files.at(9, 30))
    return _found(files, "HLT-008", place)


@mutation("HLT-009", "a halt is never lifted")
def never_lifted(files: Files) -> Sequence[Wanted]:
    """One halt, open for more than three days."""
    return _found(files, "HLT-009", add_halt(files, files.at(9), resumed_at=None), start=files.at(9))


@mutation("HLT-010", "a market is traded in the two hours that lie wholly inside a halt of trading")
def traded_while_halted(files: Files) -> Sequence[Wanted]:
    """From before nine until after eleven; the market's busiest hours are these."""
    place = add_halt(files, files.at(8, 59), functions="trading", resumed_at=files.at(11, 1))
    for row in files.rows("api_volume"):
        if row["market"] == f"{first_asset(files)}/KRW" and not row["trade_count"]:
            row.update(trade_count=2, trade_value_krw=Decimal(10_000))
    return _found(files, "HLT-010", place, start=files.at(9), end=files.at(11))


@mutation(
    "HLT-012",
    "maintenance is the trigger of a halt during a shortfall of two per cent",
    also=("REC-003", "REC-004"),
    perhaps=("REC-008",),
)
def other_trigger(files: Files) -> Sequence[Wanted]:
    """With the shortfall that nothing else answers."""
    shortfall(files, files.at(9), files.at(9, 15), Decimal("0.02"))
    return _found(files, "HLT-012", add_halt(files, files.at(9, 2), trigger="maintenance"))

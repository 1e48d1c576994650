"""Mutations that prove the rules of `reconciliation`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal

from app.testbed.proof.files import Files, Row, Wanted, mutation, negative_cells, one_row, repeated_row
from app.testbed.proof.ground import AFTER, BEFORE

REPORT = "reconciliation"
_EXACT = Context(prec=60)
_LAST_DIGIT = Decimal("1E-18")
_SLOT = timedelta(minutes=5)
UNKNOWN = "PROOF"
"""An asset that nobody lists."""


def checks_of(files: Files, asset: str, *, period: str | None = None) -> list[Row]:
    """The checks of an asset in order of time."""
    return sorted((r for r in files.rows(REPORT, period) if r["asset"] == asset), key=_moment)


def _moment(row: Row) -> datetime:
    moment: datetime = row["checked_at"]
    return moment


def first_asset(files: Files) -> str:
    """The first asset by name, which is the same at every exchange."""
    return min(str(row["asset"]) for row in files.rows(REPORT))


def lack(check: Row, share: Decimal = Decimal(0)) -> None:
    """Make a check short by a share of the ledger and the last digit that there is."""
    missing = _EXACT.multiply(check["ledger_quantity"], share).quantize(_LAST_DIGIT, context=_EXACT) + _LAST_DIGIT
    check.update(wallet_quantity=_EXACT.subtract(check["ledger_quantity"], missing), result="mismatch")


def shortfall(
    files: Files, begin: datetime, end: datetime, share: Decimal = Decimal(0)
) -> tuple[str, datetime, datetime]:
    """Make every check of the first asset in [begin, end) short: the asset, and where the episode begins and ends."""
    asset = first_asset(files)
    checks = checks_of(files, asset)
    short = [check for check in checks if begin <= check["checked_at"] < end]
    for check in short:
        lack(check, share)
    return asset, _moment(short[0]), _moment(checks[checks.index(short[-1]) + 1])


repeated = repeated_row("REC-UNQ", REPORT)
negative = negative_cells("REC-NEG", REPORT, price_krw=Decimal(0))
wrong_result = one_row("REC-001", "a match is called a mismatch", REPORT, lambda row: row.update(result="mismatch"))


@mutation("REC-002", "an asset is not checked for fifteen minutes", also=("REC-011",))
def missing_slots(files: Files) -> Sequence[Wanted]:
    """Three slots of the first asset."""
    asset, begin, end = first_asset(files), files.at(9), files.at(9, 15)
    rows = files.rows(REPORT)
    rows[:] = [r for r in rows if r["asset"] != asset or not begin <= r["checked_at"] < end]
    return [files.wanted("REC-002", REPORT, subject=asset, start=begin, end=end)]


@mutation("REC-003", "wallets lack the last digit that there is, from before midnight into the next file")
def short_over_midnight(files: Files) -> Sequence[Wanted]:
    """Two checks of the day and the first of the next: one episode, found where it begins."""
    asset = first_asset(files)
    today, tomorrow = checks_of(files, asset), checks_of(files, asset, period=AFTER)
    for check in (*today[-2:], tomorrow[0]):
        lack(check)
    start, end = _moment(today[-2]), _moment(tomorrow[1])
    return [files.wanted("REC-003", REPORT, subject=asset, start=start, end=end)]


@mutation(
    "REC-004",
    "wallets lack two per cent for fifteen minutes, and nothing is halted",
    also=("REC-003",),
    perhaps=("REC-008",),
)
def unhalted(files: Files) -> Sequence[Wanted]:
    """One episode of three checks."""
    asset, start, end = shortfall(files, files.at(9), files.at(9, 15), Decimal("0.02"))
    return [files.wanted("REC-004", REPORT, subject=asset, start=start, end=end)]


@mutation(
    "REC-008",
    "all assets lack half of what is owed for ten minutes, and nothing is halted",
    also=("REC-003", "REC-004"),
)
def joint_shortfall(files: Files) -> Sequence[Wanted]:
    """Every check of two slots."""
    begin, end = files.at(9), files.at(9, 10)
    for check in files.rows(REPORT):
        if begin <= check["checked_at"] < end:
            lack(check, Decimal("0.5"))
    return [files.wanted("REC-008", REPORT, start=begin, end=end)]


@mutation("REC-005", "a price is half above the others' for ten minutes, each exchange's at an hour of its own")
def high_price(files: Files) -> Sequence[Wanted]:
    """Two slots of the first asset."""
    asset, begin = first_asset(files), files.at(9 + files.place)
    end = begin + 2 * _SLOT
    for check in checks_of(files, asset):
        if begin <= check["checked_at"] < end:
            check["price_krw"] = check["price_krw"] * 3 / 2
    return [files.wanted("REC-005", REPORT, subject=asset, start=begin, end=end)]


@mutation("REC-006", "both quantities of a much traded asset stand still all day")
def stale(files: Files) -> Sequence[Wanted]:
    """Every check of the first asset repeats its first."""
    asset = first_asset(files)
    checks = checks_of(files, asset)
    for check in checks:
        check.update({name: checks[0][name] for name in ("ledger_quantity", "wallet_quantity")})
    return [files.wanted("REC-006", REPORT, subject=asset)]


@mutation("REC-007", "a market of an asset that is not reconciled is traded")
def unreconciled(files: Files) -> Sequence[Wanted]:
    """Only the volume is filed again, with the first market a second time under another name."""
    rows = files.rows("api_volume")
    rows += [{**row, "market": f"{UNKNOWN}/KRW"} for row in rows if row["market"] == rows[0]["market"]]
    return [files.wanted("REC-007", REPORT, subject=UNKNOWN)]


@mutation("REC-009", "wallets are the ledger and the same surplus in every check of the day")
def derived(files: Files) -> Sequence[Wanted]:
    """Every check of the first asset, whose ledger goes its way."""
    asset = first_asset(files)
    checks = checks_of(files, asset)
    surplus = _EXACT.subtract(checks[0]["wallet_quantity"], checks[0]["ledger_quantity"])
    for check in checks:
        check["wallet_quantity"] = _EXACT.add(check["ledger_quantity"], surplus)
    return [files.wanted("REC-009", REPORT, subject=asset)]


@mutation("REC-010", "the ledger of a much traded asset goes to and fro between two values all day")
def to_and_fro(files: Files) -> Sequence[Wanted]:
    """Every check of the first asset repeats the ledger of one of its first two."""
    asset = first_asset(files)
    checks = checks_of(files, asset)
    values = [check["ledger_quantity"] for check in checks[:2]]
    for place, check in enumerate(checks):
        lowest = min(other["wallet_quantity"] for other in checks)
        check["ledger_quantity"] = min(values[place % 2], lowest)
    return [files.wanted("REC-010", REPORT, subject=asset)]


@mutation("REC-011", "an asset of the day before is not checked at all")
def left_out(files: Files) -> Sequence[Wanted]:
    """An asset that nobody trades is checked on the day before alone."""
    checks = files.rows(REPORT, BEFORE)
    checks.extend({**check, "asset": UNKNOWN} for check in checks_of(files, first_asset(files), period=BEFORE))
    return [files.wanted("REC-011", REPORT, subject=UNKNOWN)]

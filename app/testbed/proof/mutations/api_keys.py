"""Mutations that prove the rules of `api_keys`."""

from __future__ import annotations

from collections.abc import Sequence

from app.testbed.proof.files import Files, Row, Wanted, mutation, negative_cells, one_row, repeated_row
from expectations.catalogue import parameter

REPORT = "api_keys"


def more(row: Row, **counts: int) -> None:
    """Add to the counts of a row."""
    for name, count in counts.items():
        row[name] += count


repeated = repeated_row("KEY-UNQ", REPORT)
negative = negative_cells("KEY-NEG", REPORT, opening_keys=-3)


@mutation("KEY-001", "one scope is not there")
def missing_scope(files: Files) -> Sequence[Wanted]:
    """The last of the three goes."""
    gone = files.rows(REPORT).pop()
    return [files.wanted("KEY-001", REPORT, subject=gone["scope"])]


does_not_add_up = one_row(
    "KEY-002", "one active key more than the day explains", REPORT, lambda row: more(row, active_keys=1)
)
more_listed = one_row(
    "KEY-003", "one allow-listed key more than active ones", REPORT, lambda row: more(row, allowlisted_keys=1)
)
other_opening = one_row(
    "KEY-004",
    "one key more at the opening than the day before closed with, and one more expired",
    REPORT,
    lambda row: more(row, opening_keys=1, expired_keys=1),
)
unlisted_key = one_row("KEY-005", "one key without an address", REPORT, lambda row: more(row, allowlisted_keys=-1))
unlisted_calls = one_row(
    "KEY-006", "seven calls from unregistered addresses", REPORT, lambda row: more(row, unlisted_call_count=7)
)
_NO_LIMIT = "publishes no limit of addresses for each key, so the rule is not evaluated"


@mutation(
    "KEY-007",
    "one address more on a key than the exchange's own limit",
    not_applicable=dict.fromkeys(("coinone", "korbit", "gopax"), _NO_LIMIT),
)
def too_many_addresses(files: Files) -> Sequence[Wanted]:
    """The second scope."""
    row = files.rows(REPORT)[1]
    row["max_ips_per_key"] = parameter("maximum_ips_per_key", exchange=files.exchange.id) + 1
    return [files.wanted("KEY-007", REPORT, row=1, subject=row["scope"])]


@mutation("KEY-009", "a hundred thousand keys more are deleted by their users than on any day before")
def many_deleted(files: Files) -> Sequence[Wanted]:
    """The second scope; as many more are issued, so that the day adds up."""
    more(files.rows(REPORT)[1], deleted_keys=100_000, issued_keys=100_000)
    return [files.wanted("KEY-009", REPORT, row=1, subject=files.rows(REPORT)[1]["scope"])]


@mutation("KEY-010", "an hour of a market has one more account than there were keys that may trade")
def more_accounts(files: Files) -> Sequence[Wanted]:
    """Only the volume is filed again; the inventory is judged with it."""
    usable = [row for row in files.rows(REPORT) if row["scope"] != "read"]
    names = ("active_keys", "expired_keys", "deleted_keys", "forced_expired_keys")
    files.rows("api_volume")[0]["api_account_count"] = 1 + sum(row[name] for row in usable for name in names)
    return [files.wanted("KEY-010", REPORT)]

"""Mutations that prove the rules of `surveillance`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from app.testbed.proof.files import Files, Row, Wanted, mutation, negative_cells, one_row, repeated_row
from app.testbed.proof.ground import LAST_DAY

REPORT = "surveillance"
_LAST_DIGIT = Decimal("1E-8")
_TIMES = 1000
"""How many times as much as on the ground the smallest exchange trades where SUR-006 asks for much trading."""

repeated = repeated_row("SUR-UNQ", REPORT)
negative = negative_cells("SUR-NEG", REPORT)
more_cases = one_row(
    "SUR-001",
    "one case more than alerts",
    REPORT,
    lambda row: row.update(case_count=row["alert_count"] + 1, account_count=row["alert_count"] + 2),
)
part_above_whole = one_row(
    "SUR-002",
    "the API part is above the whole by the last digit that there is",
    REPORT,
    lambda row: row.update(api_trade_value_krw=row["trade_value_krw"] + _LAST_DIGIT),
)


def _one_account(row: Row) -> None:
    row.update(pattern="coordinated_accounts", alert_count=1, case_count=1, account_count=1, notified_count=0)


@mutation("SUR-003", "accounts are said to act together, and there is one")
def lonely_account(files: Files) -> Sequence[Wanted]:
    """A row in the place of those of the pattern."""
    rows = files.rows(REPORT)
    rows[:] = [row for row in rows if row["pattern"] != "coordinated_accounts"]
    _one_account(rows[-1])
    return [files.wanted("SUR-003", REPORT, row=len(rows) - 1, subject=rows[-1]["market"])]


@mutation("SUR-004", "suspected API trading is above all API trading of the market by the last digit that there is")
def more_than_traded(files: Files) -> Sequence[Wanted]:
    """The first row."""
    row = files.rows(REPORT)[0]
    traded = [r["api_trade_value_krw"] for r in files.rows("api_volume") if r["market"] == row["market"]]
    value = sum(traded, _LAST_DIGIT)
    row.update(api_trade_value_krw=value, trade_value_krw=value)
    return [files.wanted("SUR-004", REPORT, row=0, subject=row["market"])]


@mutation("SUR-005", "a thousand more alerts of a pattern than on any day before")
def many_alerts(files: Files) -> Sequence[Wanted]:
    """The first row's pattern."""
    row = files.rows(REPORT)[0]
    row["alert_count"] += 1000
    return [files.wanted("SUR-005", REPORT, subject=row["pattern"])]


@mutation("SUR-006", "there are no alerts for fourteen days while the API is much used")
def silent(files: Files) -> Sequence[Wanted]:
    """The last day of the ground is the fourteenth."""
    last = LAST_DAY.isoformat()
    for number in range(14):
        day = (LAST_DAY - timedelta(days=number)).isoformat()
        files.rows(REPORT, day).clear()
        for row in files.rows("api_volume", day):
            row.update({name: _TIMES * row[name] for name in ("trade_value_krw", "api_trade_value_krw")})
    return [files.wanted("SUR-006", REPORT, period=last)]

"""The schema: submissions and their states, findings, judgements, incidents, and the daily figures that screens read.

Every figure row carries the submission that it came from; it counts while that submission is accepted, so publishing,
superseding and withdrawing change one row of `submissions` and no figure. Migrations in `etl/migrations` make the
schema of what is recorded; figures are derived, and made anew by `etl/rebuild.py` when their tables or queries change.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
)

from etl.records.types import ExactDecimal, Instant, WholeNumber
from expectations.catalogue import all_reports

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("exchange", String(32), nullable=False),
    Column("report", String(32), nullable=False),
    Column("period", String(16), nullable=False),
    Column("period_start", Instant, nullable=False),
    Column("period_end", Instant, nullable=False),
    Column("sender", String(128)),
    Column("file", Text, nullable=False),
    Column("format", String(16)),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("evidence_kept", Boolean, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("row_count", BigInteger),
    Column("rule_set_version", String(16)),
    Column("decided_at", Instant),
    Column("superseded_by", String(32)),
    Column("reviewed_state", String(16)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("attempted_at", Instant),
    Column("incident", String(32)),
    Column("failed_version", String(16)),
    Column("given_sha256", String(128)),
    Column("given_rows", String(128)),
    Column("as_if_in_force", Boolean, nullable=False, server_default=false()),
    Column("rows_sha256", String(64)),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    Index(None, "exchange", "report", "period_start"),
    # The report first: an index that begins with the state would tempt SQLite to read every accepted submission's
    # figures where it was asked for a few days.
    Index(None, "report", "state", "period_start"),
    Index(None, "sha256"),
    Index(None, "superseded_by"),
    Index(None, "sequence", unique=True),
)

"""`reviewed_state`: the state that was the last to be reviewed; while it is not `state`, what the change can affect has
still to be judged again. `incident` and `failed_version`: under which number, and by which version of the program, we
failed on it: on its verdict where its state is `failed`, else on judging it again. `given_sha256` and `given_rows`:
what its sender said of the content beside the file, as it was written. `as_if_in_force`: it was filed to be judged by
today's rules whatever its period, and always is. `sequence`: a number that only grows, in the order of filing; it
decides what came after what, and never a clock, which may be set back."""

states = Table(
    "states",
    metadata,
    Column("submission", ForeignKey("submissions.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("cause", Text),
    Index(None, "recorded_at"),
)

findings = Table(
    "findings",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("submission", ForeignKey("submissions.id")),
    Column("exchange", String(32), nullable=False),
    Column("report", String(32), nullable=False),
    Column("period", String(16), nullable=False),
    Column("rule", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("row", BigInteger),
    Column("column", Text),
    Column("subject", Text),
    Column("start", Instant),
    Column("end", Instant),
    Column("found", Text),
    Column("expected", Text),
    Column("reason", String(48)),
    Column("found_at", Instant, nullable=False),
    Column("lifted_at", Instant),
    Column("lifted_by", String(32)),
    Index(None, "submission", "rule"),
    Index(None, "rule"),
    Index(None, "exchange", "report", "start"),
    Index(None, "lifted_by"),
)
"""What was found and when; a finding that a later filing takes away is lifted, not deleted. `submission` is null where
nothing was filed for an obligation. `lifted_by`: the correction or withdrawal of another submission that took a breach
away (`etl/lifted_breaches.py`)."""

judgements = Table(
    "judgements",
    metadata,
    Column("submission", ForeignKey("submissions.id"), primary_key=True),
    Column("rule", String(16), primary_key=True),
    Column("outcome", String(16), nullable=False),
    Column("why", String(16)),
    Column("finding_count", BigInteger, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("read_count", BigInteger, nullable=False),
    Column("rule_set_version", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("incident", String(32)),
)
"""What came of each rule that was judged of a submission, the last time that it was: written with the findings that it
counts. `row_count`: how many rows of the file were looked at; `read_count`: how many of what else was accepted."""

regions = Table(
    "regions",
    metadata,
    Column("submission", ForeignKey("submissions.id"), nullable=False),
    Column("relation", String(32), nullable=False),
    Column("exchange", String(32), nullable=False),
    Column("report", String(32), nullable=False),
    Column("entity", String(520)),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False),
    Index(None, "submission"),
    Index(None, "exchange", "report", "end_at"),
)
"""What was read of the accepted data, beside figures of some days, to judge a submission (`etl/regions.py`)."""

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("submission", String(32)),
    Column("at", Instant, nullable=False),
    Column("summary", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

visits = Table(
    "visits",
    metadata,
    Column("visitor", String(64), primary_key=True),
    Column("began_at", Instant, nullable=False),
    Column("since", Instant),
    Column("last_seen_at", Instant, nullable=False),
    Column("shown_until", Instant),
)
"""Each visitor's last visit: `since` when it shows changes (null in the first), `shown_until` when they were shown.
The visitor is opaque: a digest of the person's id."""


_DERIVED = "derived"
_NOT_ON_EVERY_DAY = tuple(sorted(name for report in all_reports().values() for name in report.dated_names))
"""Names of filed columns; a figure made of one ends with its name (`last_price_krw`)."""

figures_made = Table("figures_made", metadata, Column("version", String(16), primary_key=True), info={_DERIVED: True})
"""By which version of the figures the figure tables were filled: one row."""


def _figure(name: str, *columns: Column[Any], found_by: tuple[str, ...] = ()) -> Table:
    """A table of figures: the submission it came from, then exchange and KST day, then what is counted.

    `found_by` are the columns by which single things are looked for on any day. What comes from a column that a report
    does not have on every day may be null.
    """
    for column in columns:
        column.nullable = column.nullable or column.name.endswith(_NOT_ON_EVERY_DAY)
    return Table(
        name,
        metadata,
        Column("submission", ForeignKey("submissions.id"), nullable=False),
        Column("exchange", String(32), nullable=False),
        Column("day", Date, nullable=False),
        *columns,
        Index(None, "submission"),
        Index(None, "day", "exchange"),
        *(Index(None, "exchange", name, "day") for name in found_by),
        info={_DERIVED: True},
    )


def derived_tables() -> tuple[Table, ...]:
    """The tables that can be made anew from the published rows, in the order in which they are declared."""
    return tuple(table for table in metadata.tables.values() if table.info.get(_DERIVED))


def _count(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=False)


def _count_sum(name: str) -> Column[Any]:
    """A sum of filed counts: a day's may exceed what a single count can be (2^63−1)."""
    return Column(name, WholeNumber, nullable=False)


def _amount(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, ExactDecimal, nullable=nullable)


def _name(name: str, length: int = 64, *, nullable: bool = False) -> Column[Any]:
    return Column(name, String(length), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Instant, nullable=nullable)


_VOLUME_COUNTS = (
    "trade_count",
    "api_trade_count",
    "api_order_count",
    "api_cancel_count",
    "api_small_order_count",
)


def _volume() -> tuple[Column[Any], ...]:
    values = (_amount("trade_value_krw"), _amount("api_trade_value_krw"))
    return (*values, *(_count_sum(name) for name in _VOLUME_COUNTS))


volume_days = _figure(
    "volume_days",
    *_volume(),
    _count("largest_api_account_count"),
    _instant("largest_account_hour"),
    _name("largest_account_market"),
    _count("market_count"),
    _count("row_count"),
)
volume_hours = _figure("volume_hours", _count("hour"), *_volume())
volume_markets = _figure(
    "volume_markets",
    _name("market"),
    *_volume(),
    _count("largest_api_account_count"),
    _count("hour_count"),
    _count("traded_hours"),
)
"""Accounts are distinct only within an hour and market and do not add up: `largest_api_account_count` is the most that
one of these had, `largest_account_hour` and `largest_account_market` the first that had so many.
`traded_hours` has one bit for each KST hour with a trade: 1 for the hour from 00:00, 2 for that from 01:00."""

key_days = _figure(
    "key_days",
    _name("scope"),
    *(
        _count(name)
        for name in (
            "opening_keys",
            "issued_keys",
            "expired_keys",
            "deleted_keys",
            "forced_expired_keys",
            "active_keys",
            "allowlisted_keys",
            "max_ips_per_key",
            "blocked_call_count",
            "unlisted_call_count",
            "source_row",
        )
    ),
)

key_actions = _figure(
    "key_actions",
    *(
        _name(name)
        for name in (
            "action_id",
            "case_id",
            "key_ref",
            "account_ref",
            "suspicion",
            "risk_level",
            "stage",
            "outcome",
        )
    ),
    _instant("detected_at"),
    _instant("acted_at"),
    Column("note", Text),
    _count("source_row"),
    found_by=("case_id", "key_ref"),
)

reconciliation_days = _figure(
    "reconciliation_days",
    *(
        _count(name)
        for name in (
            "asset_count",
            "check_count",
            "slot_count",
            "covered_slot_count",
            "mismatch_count",
            "mismatched_asset_count",
        )
    ),
)
"""`slot_count`: assets × five-minute slots of the period; `covered_slot_count`: those with a check in them (2.4)."""

reconciliation_assets = _figure(
    "reconciliation_assets",
    _name("asset"),
    _count("check_count"),
    _count("slot_count"),
    _count("covered_slot_count"),
    _count("mismatch_count"),
    _instant("first_checked_at"),
    _instant("last_checked_at"),
    _amount("last_ledger_quantity"),
    _amount("last_wallet_quantity"),
    _amount("last_price_krw"),
    found_by=("asset",),
)

mismatch_runs = _figure(
    "mismatch_runs",
    _name("asset"),
    _instant("started_at"),
    _instant("last_mismatch_at"),
    _instant("ended_at", nullable=True),
    Column("begins_file", Boolean, nullable=False),
    _count("check_count"),
    _amount("largest_shortfall_quantity"),
    _amount("largest_shortfall_krw"),
    _amount("ledger_quantity"),
    _amount("wallet_quantity"),
    _amount("price_krw"),
    _instant("largest_at"),
    _amount("highest_ratio_ledger_quantity"),
    _amount("highest_ratio_wallet_quantity"),
    _instant("highest_ratio_at"),
    _count("source_row"),
    found_by=("asset",),
)
"""Mismatches of one asset without a match between them, inside one file. `begins_file`: it holds the asset's first
check of the file, so it may continue an earlier file's run; `ended_at` is the first match after it, null where the
file ends first. Each largest shortfall is the largest of the run; the quantities, the price and `source_row` are of the
check with the largest in won, those named `highest_ratio` of the one that lacks the largest part of its ledger."""

short_checks = _figure(
    "short_checks",
    _name("asset"),
    _instant("checked_at"),
    _amount("ledger_quantity"),
    _amount("wallet_quantity"),
    _amount("price_krw"),
    _count("source_row"),
)
"""Every check at which less was held than owed: what rules about shortfalls read."""

halts = _figure(
    "halts",
    _name("halt_id"),
    _name("scope"),
    _name("target", 500),
    _name("functions"),
    _name("trigger"),
    _name("mode"),
    _instant("detected_at"),
    _instant("halted_at"),
    _instant("resumed_at", nullable=True),
    _instant("notice_at", nullable=True),
    _count("affected_account_count"),
    _count("source_row"),
    found_by=("halt_id",),
)

audits = _figure(
    "audits",
    _name("audit_month", 7),
    _name("asset"),
    _instant("as_of"),
    _amount("ledger_quantity"),
    _amount("hot_wallet_quantity"),
    _amount("cold_wallet_quantity"),
    _amount("price_krw"),
    _name("auditor", 500),
    _name("opinion"),
    Column("signed_on", Date, nullable=False),
    _count("source_row"),
)

surveillance_days = _figure(
    "surveillance_days",
    _name("pattern"),
    _count("market_count"),
    *(
        _count_sum(name)
        for name in (
            "alert_count",
            "case_count",
            "account_count",
            "key_count",
            "notified_count",
        )
    ),
    _amount("trade_value_krw"),
    _amount("api_trade_value_krw"),
)

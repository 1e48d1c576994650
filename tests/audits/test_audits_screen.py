"""The page of monthly audits: what came of each month, what it covers, and how far it is from the own checks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from filing import file
from people import EVERYBODY
from sqlalchemy import update
from template_files import audited, checked, template

from app.audits.assets import AuditCoverage, AuditedAsset, Comparison, audit_coverage, audited_assets, difference_totals
from app.audits.months import audit_months
from app.queries.choice import Choice
from app.queries.months import shown_months
from app.rules.findings import About, open_findings
from app.scope import Role, Scope
from etl.records.engine import writing
from etl.records.tables import findings
from etl.store import Store, open_store
from expectations.vocabulary import KST, Period

pytestmark = pytest.mark.slow

GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
LAST = Period.parse("2026-11").first_day.replace(day=22)
CHOICE = Choice((), LAST - timedelta(days=29), LAST)
NOW = datetime(2026, 11, 22, 11, tzinfo=KST)
MIDNIGHT = datetime(2026, 11, 1, tzinfo=KST)
IN_TIME = datetime(2026, 11, 9, 10, tzinfo=KST)
BEGIN = datetime(2026, 10, 1, 9, tzinfo=KST)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def filed(store: Store, folder: Path, name: str, rows: list[dict[str, Any]], at: datetime = IN_TIME) -> None:
    report = name.split("_")[1]
    outcome = file(store, folder, f"{name}.csv", template(report, rows), at)
    assert outcome.receipt.submission.state == "accepted", outcome.receipt


def stands(store: Store, exchange: str, now: datetime = NOW) -> dict[str, str]:
    return {one.month: one.stand for one in audit_months(store, EVERYBODY, CHOICE, now) if one.exchange == exchange}


def test_at_least_six_months_are_shown_and_all_that_the_period_touches() -> None:
    assert shown_months(CHOICE) == ("2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11")
    year = shown_months(Choice((), LAST - timedelta(days=364), LAST))
    assert (year[0], len(year)) == ("2025-11", 13)


def test_a_month_before_the_records_is_not_missing(store: Store, tmp_path: Path) -> None:
    assert set(stands(store, "korbit").values()) == {"unrecorded"}
    filed(store, tmp_path, "korbit_audits_2026-10", [audited("2026-10", "BTC", MIDNIGHT)])
    found = stands(store, "korbit")
    assert found == {
        **dict.fromkeys(shown_months(CHOICE)[:4], "unrecorded"),
        "2026-10": "current",
        "2026-11": "not_due",
    }
    assert stands(store, "gopax")["2026-10"] == "missing"


def test_a_month_without_an_obligation_is_neither_missing_nor_late(store: Store, tmp_path: Path) -> None:
    early = datetime(2026, 6, 1, tzinfo=KST)
    filed(store, tmp_path, "korbit_audits_2026-05", [audited("2026-05", "BTC", early, signed_on="2026-06-05")])
    found = audit_months(store, EVERYBODY, Choice((), early.date(), early.date()), NOW)
    audits = {(one.exchange, one.month): one for one in found}
    may, gopax = audits["korbit", "2026-05"], audits["gopax", "2026-05"]
    assert (may.stand, may.timeliness, may.asset_count) == ("unobliged", None, 1)
    assert may.short_count is None  # no rule was in force
    assert (gopax.stand, gopax.asset_count) == ("unobliged", None)


def test_an_audit_is_late_after_the_tenth_at_six(store: Store, tmp_path: Path) -> None:
    due = datetime(2026, 11, 10, 18, tzinfo=KST)
    filed(store, tmp_path, "korbit_audits_2026-10", [audited("2026-10", "BTC", MIDNIGHT)], due)
    filed(store, tmp_path, "coinone_audits_2026-10", [audited("2026-10", "BTC", MIDNIGHT)], due + timedelta(seconds=1))
    assert stands(store, "korbit")["2026-10"] == "current"
    assert stands(store, "coinone")["2026-10"] == "late"
    assert stands(store, "korbit", due - timedelta(hours=1))["2026-10"] == "not_due"  # not received yet
    assert stands(store, "upbit", due - timedelta(hours=1))["2026-10"] == "not_due"


def test_an_opinion_that_is_not_unqualified_is_said(store: Store, tmp_path: Path) -> None:
    rows = [audited("2026-10", "BTC", MIDNIGHT), audited("2026-10", "ETH", MIDNIGHT, opinion="adverse")]
    filed(store, tmp_path, "korbit_audits_2026-10", rows)
    found = audit_months(store, EVERYBODY, Choice(("korbit",), LAST, LAST), NOW)
    (audit,) = [one for one in found if one.month == "2026-10"]
    assert (audit.stand, audit.opinion, audit.doubted_count, audit.asset_count) == ("qualified", "adverse", 1, 2)
    assert (audit.finding_count, audit.short_count) == (1, 0)  # AUD-003
    assert (audit.timeliness, audit.auditor) == ("on_time", "한빛회계법인")


def test_a_refused_audit_is_refused_until_its_due_time_only_if_that_has_come(store: Store, tmp_path: Path) -> None:
    bad = template("audits", [audited("2026-10", "BTC", MIDNIGHT, price_krw="0")])
    file(store, tmp_path, "korbit_audits_2026-10.csv", bad, IN_TIME)
    assert stands(store, "korbit", IN_TIME)["2026-10"] == "not_due"
    assert stands(store, "korbit")["2026-10"] == "rejected"


def test_the_cold_share_is_of_the_value_and_exact(store: Store, tmp_path: Path) -> None:
    large = {
        "ledger_quantity": "1",
        "hot_wallet_quantity": "99999999999999999999.000000000000000001",
        "cold_wallet_quantity": "0.000000000000000001",
        "price_krw": "0.00000001",
    }
    rows = [audited("2026-10", "BTC", MIDNIGHT), audited("2026-10", "ETH", MIDNIGHT, **large)]
    filed(store, tmp_path, "korbit_audits_2026-10", rows)
    found = audit_months(store, EVERYBODY, CHOICE, NOW)
    (audit,) = [one for one in found if (one.exchange, one.month) == ("korbit", "2026-10")]
    assert audit.value_krw == Decimal(f"1000000000999.99999999{2:018}")
    assert audit.cold_share == Decimal(f"800.{1:026}") / audit.value_krw


def compared(store: Store, scope: Scope = EVERYBODY, month: str = "2026-10") -> dict[str, AuditedAsset]:
    return {one.asset: one for one in audited_assets(store, scope, Choice(("korbit",), LAST, LAST), month)}


def test_an_audit_is_compared_with_the_nearest_check_within_five_minutes(store: Store, tmp_path: Path) -> None:
    before = [
        checked(MIDNIGHT - timedelta(minutes=5), "BTC", ledger="20", wallet="20"),
        checked(MIDNIGHT - timedelta(minutes=5, milliseconds=1), "ETH"),
        checked(MIDNIGHT - timedelta(minutes=4), "XRP", wallet="10.002"),
        checked(MIDNIGHT - timedelta(hours=3), "SOL"),
    ]
    after = [
        checked(MIDNIGHT + timedelta(minutes=4, seconds=59), "BTC", ledger="10.001", wallet="10.0005"),
        checked(MIDNIGHT + timedelta(minutes=4), "XRP"),
    ]
    filed(store, tmp_path, "korbit_reconciliation_2026-10-31", before)
    filed(store, tmp_path, "korbit_reconciliation_2026-11-01", after)
    filed(
        store, tmp_path, "korbit_audits_2026-10", [audited("2026-10", name, MIDNIGHT) for name in ("BTC", "ETH", "XRP")]
    )
    found = compared(store)
    assert [(name, str(one.comparison)) for name, one in found.items()] == [
        ("XRP", "differs"),
        ("SOL", "unaudited"),
        ("ETH", "no_check"),
        ("BTC", "no_finding"),
    ]
    btc, xrp = found["BTC"], found["XRP"]
    assert (btc.distance, btc.checked_ledger) == (timedelta(minutes=4, seconds=59), Decimal("10.001"))
    assert btc.ledger_ratio == Decimal("-0.001") / Decimal("10.001")  # 0.99990001 bp: within one
    assert btc.difference_krw == Decimal("0.1")
    assert xrp.checked_at == MIDNIGHT - timedelta(minutes=4)  # the earlier of two that are equally near
    assert xrp.difference_krw == Decimal("0.2")
    assert {one.cover_ratio for one in found.values()} == {Decimal(1), None}
    assert found["SOL"].ledger_quantity is None
    total = difference_totals(found.values())["korbit"]
    assert (total.compared_count, total.difference_krw, total.unexplained_krw) == (2, Decimal("0.3"), Decimal("0.2"))


PAIRS = {"BTC": "10.001", "ETH": "10.0010002", "XRP": "9.999", "SOL": "9.9990002"}


def checks_and_audit(store: Store, folder: Path, **more: str) -> None:
    """Checks three seconds after an audit, of which two are farther from it than the tolerance of AUD-005."""
    at = MIDNIGHT + timedelta(seconds=3)
    filed(store, folder, "korbit_reconciliation_2026-11-01", [checked(at, a, wallet=w) for a, w in PAIRS.items()])
    filed(store, folder, "korbit_audits_2026-10", [audited("2026-10", asset, MIDNIGHT, **more) for asset in PAIRS])


def differing(store: Store) -> set[str]:
    return {name for name, one in compared(store).items() if one.comparison is Comparison.DIFFERS}


def test_what_differs_is_what_has_an_open_finding(store: Store, tmp_path: Path) -> None:
    checks_and_audit(store, tmp_path)
    listed = open_findings(store, EVERYBODY, CHOICE, About(rule="AUD-005"), "en")
    assert differing(store) == {one.subject for one in listed} == {"ETH", "XRP"}


def test_no_screen_judges_a_difference_itself(store: Store, tmp_path: Path) -> None:
    """Where the records hold no open finding, a difference is shown and nothing is said of it."""
    checks_and_audit(store, tmp_path)
    with writing(store.engine) as connection:
        connection.execute(update(findings).where(findings.c.subject == "ETH").values(lifted_at=NOW))
    assert differing(store) == {"XRP"}
    assert compared(store)["ETH"].wallet_ratio < -Decimal("0.0001")


def test_a_correction_takes_the_difference_with_its_finding(store: Store, tmp_path: Path) -> None:
    checks_and_audit(store, tmp_path)
    at = MIDNIGHT + timedelta(seconds=3)
    filed(store, tmp_path, "korbit_reconciliation_2026-11-01", [checked(at, asset) for asset in PAIRS], NOW)
    assert differing(store) == set()


def test_assets_held_short_are_those_with_a_finding(store: Store, tmp_path: Path) -> None:
    rows = [audited("2026-10", "BTC", MIDNIGHT), audited("2026-10", "ETH", MIDNIGHT, ledger_quantity="10.5")]
    filed(store, tmp_path, "korbit_audits_2026-10", rows)
    audits = {(one.exchange, one.month): one for one in audit_months(store, EVERYBODY, CHOICE, NOW)}
    assert audits["korbit", "2026-10"].short_count == 1
    assert audits["gopax", "2026-10"].short_count is None


def test_before_the_rule_was_in_force_nothing_is_judged(store: Store, tmp_path: Path) -> None:
    midnight = datetime(2026, 6, 1, tzinfo=KST)
    at = midnight + timedelta(seconds=3)
    filed(store, tmp_path, "korbit_reconciliation_2026-06-01", [checked(at, "BTC", wallet="20")])
    filed(store, tmp_path, "korbit_audits_2026-05", [audited("2026-05", "BTC", midnight, signed_on="2026-06-05")])
    assert compared(store, month="2026-05")["BTC"].comparison is Comparison.UNJUDGED


def test_coverage_is_of_the_assets_reconciled_in_the_month(store: Store, tmp_path: Path) -> None:
    noon = datetime(2026, 10, 15, 12, tzinfo=KST)
    filed(store, tmp_path, "korbit_reconciliation_2026-10-15", [checked(noon, a) for a in ("BTC", "ETH", "XRP")])
    filed(store, tmp_path, "gopax_reconciliation_2026-10-15", [checked(noon, "BTC")])
    filed(store, tmp_path, "korbit_audits_2026-10", [audited("2026-10", a, MIDNIGHT) for a in ("BTC", "DOGE")])
    assert set(audit_coverage(store, EVERYBODY, CHOICE, "2026-10")) == {
        AuditCoverage("korbit", 1, 3),
        AuditCoverage("gopax", 0, 1),
    }


def test_nobody_sees_audits_that_their_scope_leaves_out(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, "korbit_audits_2026-10", [audited("2026-10", "BTC", MIDNIGHT)])
    assert {one.exchange for one in audit_months(store, GOPAX_ONLY, CHOICE, NOW)} == {"gopax"}
    assert compared(store, GOPAX_ONLY) == {}
    assert audit_coverage(store, GOPAX_ONLY, CHOICE, "2026-10") == ()

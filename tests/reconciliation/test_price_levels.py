"""The published alert levels, and the gaps and changes of prices beside them on the page of reconciliation."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from demo_store import NOW as DEMO_NOW
from filing import file
from opening import keep_nothing, opened_at
from people import EVERYBODY
from template_files import template

from app.reconciliation.price_gaps import PriceGap, price_gaps
from app.scope import Role, Scope
from app.words import LANGUAGES, say
from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store, open_store
from expectations.catalogue import all_rules, thresholds_of_the_book
from expectations.published import published_levels
from expectations.vocabulary import KST, Decider, Source

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 3)


def test_the_levels_are_those_that_were_published() -> None:
    gaps = published_levels("price_gap")
    assert [(level.grade, level.value) for level in gaps] == [
        ("caution", Decimal("0.10")),
        ("warning", Decimal("0.20")),
        ("danger", Decimal("0.30")),
    ]
    assert [(level.grade, level.value) for level in published_levels("price_change")] == [
        ("danger", Decimal("2.00")),
        ("danger", Decimal("-0.90")),
    ]
    (share,) = published_levels("api_share")
    assert (share.value, share.by, share.published_on) == (Decimal("0.30"), Decider.FSS, date(2026, 4, 13))
    for level in (*gaps, *published_levels("price_change")):
        assert level.mark is Source.DAXA  # published, as the screens' mark says
        assert level.published_on.isoformat()[:7] == "2026-01"
        assert level.confidence == "M"
        assert "20000288563" in level.source.ko
        assert "20000288563" in level.source.en


def test_what_was_not_published_is_no_level() -> None:
    with pytest.raises(KeyError, match="no level of 'volume' was published"):
        published_levels("volume")


def test_no_rule_reads_a_published_level() -> None:
    thresholds = {entry.name for entry in thresholds_of_the_book().entries}
    measures = {"price_gap", "price_change", "api_share"}
    assert not measures & thresholds
    assert not any(measures & set(rule.parameters) for rule in all_rules().values())


# ------------------------------------------------------------------------------------------------ gaps


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def check(time: str, price: str, asset: str = "BTC", day: date = DAY) -> dict[str, Any]:
    moment = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=KST).isoformat(timespec="milliseconds")
    quantities = {"ledger_quantity": "1", "wallet_quantity": "1", "price_krw": price}
    return {"checked_at": moment, "asset": asset, **quantities, "result": "match"}


def filed(store: Store, folder: Path, exchange: str, *rows: dict[str, Any], day: date = DAY) -> None:
    outcome = file(store, folder, f"{exchange}_reconciliation_{day}.csv", template("reconciliation", list(rows)))
    assert outcome.receipt.submission.state == "accepted", outcome.receipt


def at(rows: tuple[PriceGap, ...], exchange: str) -> dict[str, PriceGap]:
    return {row.slot_time: row for row in rows if row.exchange == exchange}


def test_each_price_is_held_against_the_median_of_the_others(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, "upbit", check("09:00:01", "100"), check("09:04:59", "150"), check("09:05:00", "100"))
    filed(store, tmp_path, "bithumb", check("09:00:00", "100"))
    filed(store, tmp_path, "coinone", check("09:04:00", "104"), check("09:06:00", "100", asset="ETH"))
    filed(store, tmp_path, "korbit", check("09:03:00", "110"))
    rows = price_gaps(store, EVERYBODY, DAY, "BTC")
    upbit, bithumb = at(rows, "upbit"), at(rows, "bithumb")
    last = upbit["09:00"]  # the last check of the slot counts
    assert (last.price_krw, last.median_krw) == (150, 104)
    assert last.price_gap == Decimal(46) / 104
    assert bithumb["09:00"].median_krw == 110
    assert at(rows, "korbit")["09:00"].median_krw == 104
    assert at(rows, "coinone")["09:00"].median_krw == 110
    assert (upbit["09:05"].median_krw, upbit["09:05"].price_gap) == (None, None)  # nobody else has a price
    assert len(rows) == 5


def test_the_median_of_two_or_four_lies_between_the_middle_ones(store: Store, tmp_path: Path) -> None:
    for exchange, price in (("upbit", "90"), ("bithumb", "100"), ("coinone", "100.00000001")):
        filed(store, tmp_path, exchange, check("10:00:00", price))
    (own,) = at(price_gaps(store, EVERYBODY, DAY, "BTC"), "upbit").values()
    assert own.median_krw == Decimal("100.000000005")
    assert own.price_gap is not None
    assert round(own.price_gap, 6) == Decimal("-0.1")


def test_a_change_is_since_the_same_slot_of_the_day_before(store: Store, tmp_path: Path) -> None:
    before = date(2026, 11, 2)
    filed(
        store, tmp_path, "upbit", check("09:01:00", "50", day=before), check("09:05:00", "70", day=before), day=before
    )
    filed(store, tmp_path, "upbit", check("09:04:00", "150"), check("09:10:00", "70"))
    own = at(price_gaps(store, EVERYBODY, DAY, "BTC"), "upbit")
    assert (own["09:00"].earlier_price_krw, own["09:00"].price_change) == (50, 2)  # the published +200 %
    assert (own["09:10"].earlier_price_krw, own["09:10"].price_change) == (None, None)
    assert list(own) == ["09:00", "09:10"]


def test_nobody_sees_prices_of_rows_that_are_closed_to_them(store: Store, tmp_path: Path) -> None:
    for exchange in ("upbit", "bithumb", "coinone"):
        filed(store, tmp_path, exchange, check("09:00:00", "100"))
    own = price_gaps(store, Scope(Role.EXCHANGE, ("upbit",)), DAY, "BTC")
    assert [(row.exchange, row.median_krw) for row in own] == [("upbit", None)]
    assert price_gaps(store, Scope(Role.MANAGER, EVERYBODY.exchanges), DAY, "BTC") == ()
    assert price_gaps(store, EVERYBODY, DAY, "ETH") == ()
    assert price_gaps(store, EVERYBODY, date(2025, 1, 1), "BTC") == ()


def test_a_change_beyond_a_published_level_gives_no_finding(store: Store, tmp_path: Path) -> None:
    before = date(2026, 11, 2)
    filed(store, tmp_path, "upbit", check("09:00:00", "10", day=before), day=before)
    filed(store, tmp_path, "upbit", check("09:00:00", "1000"))
    with reading(store.engine) as connection:
        found = life.current_findings(connection, exchange=None, report=None, rule=None, first=None, last=None)
    assert {one.finding.rule for one in found} <= {"REC-001", "REC-002"}  # slots without a check, and nothing of prices


# ------------------------------------------------------------------------------------------------ the page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_levels_stand_below_an_assets_day(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("DAXA_HOME", str(filled_home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", DEMO_NOW.isoformat())
    session = opened_at("reconciliation", at="korbit", day="2026-11-13", asset="ETH", lang=language)
    text = "\n".join(element.proto.body for element in session.get("html"))
    assert say("price_level.title", language, asset="ETH", day="2026-11-13") in [one.value for one in session.subheader]
    assert say("price_level.gaps", language) in text
    assert say("price_level.changes", language) in text
    assert f"● {say('source.DAXA', language)}" in text
    assert "20000288563" in text
    assert say("price_level.no_others", language) not in text
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()

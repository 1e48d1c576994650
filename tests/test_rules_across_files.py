"""Rules of version 2 that read several reports, days or exchanges, with files filed in every order."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store, open_store
from expectations.vocabulary import KST, Period
from tests.filing import file, halts, milliseconds

pytestmark = pytest.mark.slow

VOLUME_HEADER = (
    "timestamp,symbol,quoteVolume,apiQuoteVolume,tradeCount,apiTradeCount,apiOrderCount,apiCancelCount,"
    "apiSmallOrderCount,apiAccountCount"
)
ACTIONS_HEADER = "actionId,caseId,keyHash,accountHash,suspicion,riskLevel,stage,detectedAt,actedAt,outcome,note"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'records.sqlite'}")
    yield opened
    opened.engine.dispose()


def found(store: Store, rule: str) -> list[tuple[str, str, str | None, str | None]]:
    """Exchange, period, subject and what was found of every current finding of a rule."""
    with reading(store.engine) as connection:
        return sorted(
            (one.submission.exchange, one.submission.period.text, one.finding.subject, one.finding.found)
            for one in life.current_findings(connection)
            if one.finding.rule == rule
        )


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """A KST moment of December 2026; day 0 is the last of November."""
    return datetime(2026, 11, 30, hour, minute, second, tzinfo=KST) + timedelta(days=day)


def lines(*those: str) -> str:
    return "\r\n".join(those) + "\r\n"


# ----------------------------------------------------------------------------------- trades while halted


def volume(day: str, *hours: int) -> str:
    """Two markets, of which the first trades in these hours."""
    begin = Period.of_day(datetime.fromisoformat(day).date()).start
    rows = []
    for hour in range(24):
        moment = milliseconds(begin + timedelta(hours=hour))
        rows.append(f"{moment},btc_krw,{'100,0,2' if hour in hours else '0,0,0'},0,0,0,0,0")
        rows.append(f"{moment},eth_krw,0,0,0,0,0,0,0,0")
    return lines(VOLUME_HEADER, *rows)


def trading_halt(scope: str, target: str) -> str:
    moments = [milliseconds(moment) for moment in (at(0, 22, 30), at(0, 22, 30), at(1, 10, 30), at(0, 22, 40))]
    return halts(f"H-1,{scope},{target},trading,systemFault,true,{','.join(map(str, moments))},0")


@pytest.mark.parametrize(
    ("scope", "target", "offends"),
    [("exchange", "all", True), ("market", "btc_krw", True), ("asset", "btc", True), ("market", "eth_krw", False)],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_only_hours_wholly_inside_a_halt_and_inside_the_rules_time_are_found(
    store: Store, tmp_path: Path, scope: str, target: str, offends: bool, order: tuple[int, ...]
) -> None:
    files = [
        ("korbit_halts_2026-11-30.csv", trading_halt(scope, target)),
        ("korbit_api_volume_2026-11-30.csv", volume("2026-11-30", 21, 22, 23)),
        ("korbit_api_volume_2026-12-01.csv", volume("2026-12-01", 0, 9, 10, 11)),
    ]
    for place in order:
        file(store, tmp_path, *files[place])
    named = "BTC/KRW: 2026-12-01T00:00:00.000+09:00, 2026-12-01T09:00:00.000+09:00"
    assert found(store, "HLT-010") == ([("korbit", "2026-11-30", "H-1", named)] if offends else [])
    file(store, tmp_path, "korbit_api_volume_2026-12-01.csv", volume("2026-12-01", 10, 11))
    assert found(store, "HLT-010") == []


# ------------------------------------------------------------------------------------------------- cases


def step(name: str, case: str, stage: str, moment: datetime, outcome: str = "applied") -> str:
    told = milliseconds(moment)
    return f"{name},{case},{'a' * 64},{'b' * 64},sharing,low,{stage},{told},{told},{outcome},"


@pytest.mark.parametrize("order", sorted(permutations(range(2))))
@pytest.mark.parametrize(("seconds", "offends"), [(-1, True), (0, False)])
def test_a_case_begun_too_soon_is_judged_as_one_with_the_last(
    store: Store, tmp_path: Path, order: tuple[int, ...], seconds: int, offends: bool
) -> None:
    begun = at(10, 9) + timedelta(seconds=seconds)
    files = [
        (
            "korbit_key_actions_2026-12-03.csv",
            lines(ACTIONS_HEADER, step("X-1", "C-1", "warning", at(3, 8)), step("X-2", "C-1", "cleared", at(3, 9))),
        ),
        (
            "korbit_key_actions_2026-12-10.csv",
            lines(ACTIONS_HEADER, step("X-3", "C-2", "monitoring", begun), step("X-4", "C-2", "warning", at(10, 10))),
        ),
    ]
    for place in order:
        file(store, tmp_path, *files[place])
    period = "2026-12-10"
    assert [one[:3] for one in found(store, "ACT-008")] == [("korbit", period, "C-2")] * offends
    after = [("korbit", period, "X-3"), ("korbit", period, "X-4")] if offends else []
    assert [one[:3] for one in found(store, "ACT-003")] == after


def test_a_case_that_is_only_watched_is_found_once_its_days_have_passed(store: Store, tmp_path: Path) -> None:
    for number in range(16):
        rows = [step("X-1", "C-1", "monitoring", at(1, 9))] if number == 0 else []
        name = f"korbit_key_actions_2026-12-{number + 1:02d}.csv"
        file(store, tmp_path, name, lines(ACTIONS_HEADER, *rows))
        assert [one[:3] for one in found(store, "ACT-009")] == [("korbit", "2026-12-01", "C-1")] * (number >= 14)


# --------------------------------------------------------------------------------- shortfalls of all assets


def checked(day: str, price: int, missing: tuple[int, ...] = ()) -> str:
    """A canonical file of two assets, each short of one coin in the slots named."""
    begin = Period.of_day(datetime.fromisoformat(day).date()).start
    rows = ["checked_at,asset,ledger_quantity,wallet_quantity,price_krw,result"]
    for number in range(288):
        moment = (begin + timedelta(minutes=5 * number, seconds=1)).astimezone(KST).isoformat()
        wallet, result = (999, "mismatch") if number in missing else (1000, "match")
        rows += [f"{moment},{asset},1000,{wallet},{price},{result}" for asset in ("BTC", "ETH")]
    return "\n".join([*rows, ""])


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (1, 0, 3, 4, 2)])
def test_what_all_assets_lack_together_counts_at_the_larger_price(
    store: Store, tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Two coins at 100 million of its own price are too little; at the others' 500 million they are a billion."""
    files = [
        ("korbit_reconciliation_2026-12-02.csv", checked("2026-12-02", 100_000_000, (100, 101, 286, 287))),
        ("korbit_reconciliation_2026-12-03.csv", checked("2026-12-03", 500_000_000, (0, 1))),
        *((f"{name}_reconciliation_2026-12-02.csv", checked("2026-12-02", 500_000_000))
          for name in ("upbit", "bithumb", "gopax")),
    ]  # fmt: skip
    for place in order:
        file(store, tmp_path, *files[place])
    said = "2 × wallet_quantity < ledger_quantity, 1000000000 KRW"
    assert found(store, "REC-008") == [("korbit", "2026-12-02", None, said)] * 2
    with reading(store.engine) as connection:
        spans = sorted(
            (one.finding.start, one.finding.end)
            for one in life.current_findings(connection)
            if one.finding.rule == "REC-008"
        )
    assert spans == [(at(2, 8, 20), at(2, 8, 30)), (at(2, 23, 50), at(3, 0, 10))]

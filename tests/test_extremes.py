"""The largest and smallest legal numbers of every report, through check, ingest, figures, screens and exports."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from extremes import (
    ASSETS,
    FIRST_DAY,
    LARGEST,
    LAST_DAY,
    LEAST_KRW,
    LEAST_QUANTITY,
    MARKETS,
    MONTH,
    MOST_COUNT,
    MOST_KRW,
    MOST_QUANTITY,
    NOW,
    ROWS,
    SMALLEST,
    extremes,
    file_extremes,
    written,
)
from opening import NAMES, keep_nothing, opened_at
from sqlalchemy import insert, select

from app.audits.assets import audited_assets
from app.keys.counts import key_balance, key_flow
from app.queries.choice import Choice
from app.reconciliation.episodes import mismatch_episodes
from app.replay.checks import replayed_checks
from app.scope import Role, Scope
from app.surveillance.sums import pattern_sums
from app.volume.shares import total_of, volume_by_day, volume_by_hour
from app.widgets import downloads
from etl import jobs
from etl.exchanges import all_exchanges
from etl.export import FORMATS, cell_text, export_rows
from etl.intake import Candidate, declare
from etl.records import submissions as life
from etl.records import tables as t
from etl.records.engine import reading, writing
from etl.store import Store, open_store
from expectations.catalogue import all_reports, thresholds_of_the_book
from expectations.vocabulary import Cadence, Period, State

EXACT = Context(prec=120)
EVERYBODY = Scope(Role.SUPERVISOR, tuple(all_exchanges()))
WHOLE = Choice((), FIRST_DAY, LAST_DAY)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a store in which all extremes are filed."""
    folder = tmp_path_factory.mktemp("extremes")
    opened = open_store(folder, f"sqlite:///{folder / 'daxa.sqlite'}")
    outcomes = file_extremes(opened, folder / "inbox")
    opened.engine.dispose()
    assert {one.receipt.submission.state for one in outcomes} == {State.ACCEPTED}
    return folder


def found_by(store: Store, rule: str, exchange: str, subject: str | None = None) -> list[str]:
    """What a rule found at an exchange, about a subject, oldest period first."""
    with reading(store.engine) as connection:
        current = life.current_findings(connection, exchange=exchange, rule=rule)
    return [str(one.finding.found) for one in current if subject in (None, one.finding.subject)]


# --------------------------------------------------------------------------------------------- what is filed


@pytest.mark.parametrize("report", all_reports().values(), ids=lambda report: report.name)
def test_every_number_of_every_report_is_filed_at_its_largest(report: Any) -> None:
    rows = list(ROWS[report.name]("upbit", LAST_DAY))
    for field in report.every_field:
        if field.type in LARGEST:
            assert max(row[field.name] for row in rows) == LARGEST[field.type], field.name


def test_the_smallest_numbers_are_filed_too() -> None:
    filed: dict[Any, list[Any]] = defaultdict(list)
    for report in all_reports().values():
        for row in ROWS[report.name]("coinone", LAST_DAY):
            for field in report.every_field:
                filed[field.type].append(row[field.name])
    assert all(smallest in filed[type_] for type_, smallest in SMALLEST.items())


def test_checking_them_beforehand_finds_what_filing_them_does(tmp_path: Path) -> None:
    store = open_store(tmp_path, f"sqlite:///{tmp_path / 'daxa.sqlite'}")
    day = [one for one in extremes() if one.period.last_day == LAST_DAY and one.exchange == "upbit"]
    candidates = [written(one, tmp_path) for one in day]
    checked = jobs.check(store, candidates)
    assert {verdict.state for verdict in checked} == {State.ACCEPTED}
    for candidate, verdict in zip(candidates, checked, strict=True):
        alone = open_store(tmp_path / candidate.path.stem, f"sqlite:///{tmp_path / candidate.path.stem}.sqlite")
        (outcome,) = jobs.ingest(alone, [candidate])
        filed = {finding for _, finding in outcome.findings if finding.rule != "CAL-001"}
        assert {finding for finding, _ in verdict.findings} == filed, candidate.path.name
        alone.engine.dispose()
    store.engine.dispose()


# ---------------------------------------------------------------------------------------------- the figures


def test_sums_of_counts_and_amounts_are_exact(store: Store) -> None:
    row_count = 24 * (len(MARKETS) + 1)
    with reading(store.engine) as connection:
        days = connection.execute(select(t.volume_days)).mappings().all()
    assert len(days) == LAST_DAY.day + 4
    for day in days:
        assert day["trade_count"] == day["api_order_count"] == day["api_cancel_count"] == row_count * MOST_COUNT
        assert day["api_trade_count"] == 48 * MOST_COUNT + 24
        assert day["api_small_order_count"] == 48 * MOST_COUNT
        assert day["trade_value_krw"] == EXACT.multiply(MOST_KRW, row_count)
        assert day["api_trade_value_krw"] == EXACT.add(EXACT.multiply(MOST_KRW, 48), EXACT.multiply(LEAST_KRW, 24))
        assert day["largest_api_account_count"] == MOST_COUNT


def test_figures_made_anew_are_the_same(store: Store) -> None:
    from etl.rebuild import rebuild_figures

    def every_figure() -> dict[str, list[tuple[Any, ...]]]:
        with reading(store.engine) as connection:
            return {
                table.name: sorted(map(tuple, connection.execute(select(table))), key=str)
                for table in t.derived_tables()
            }

    before = every_figure()
    assert rebuild_figures(store.engine, store.facts, anyway=True)
    assert every_figure() == before


def test_the_largest_numbers_are_kept_by_the_database(database_url: str, tmp_path: Path) -> None:
    store = open_store(tmp_path, database_url)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    last = [one for one in extremes() if one.period.last_day == LAST_DAY and one.exchange == "bithumb"]
    outcomes = jobs.ingest(store, [written(one, inbox) for one in last])
    assert {one.receipt.submission.state for one in outcomes} == {State.ACCEPTED}
    flow = key_flow(store, EVERYBODY, Choice((), LAST_DAY, LAST_DAY))
    assert flow[0].active_keys == flow[0].issued_keys == 3 * MOST_COUNT
    (day,) = volume_by_day(store, EVERYBODY, Choice((), LAST_DAY, LAST_DAY))
    assert day.trade_count == 72 * MOST_COUNT
    store.engine.dispose()


def test_a_whole_number_takes_nothing_but_whole_numbers(database_url: str, tmp_path: Path) -> None:
    store = open_store(tmp_path, database_url)
    with pytest.raises(Exception, match="takes an int"), writing(store.engine) as connection:
        connection.execute(insert(t.volume_hours).values(trade_count=1.5))
    store.engine.dispose()


# ----------------------------------------------------------------------------------------------- the rules


def test_shortfalls_in_won_are_shown_to_the_last_digit(store: Store) -> None:
    worth = EXACT.multiply(MOST_QUANTITY, MOST_KRW)
    shown = f"{worth.quantize(Decimal('1E-8'), rounding='ROUND_FLOOR', context=EXACT):f}".rstrip("0").rstrip(".")
    assert len(shown) == 40
    text = f"≤ 99999999999999999999.999999999999999999 BTC, {shown} KRW, 100 %"
    assert found_by(store, "REC-003", "upbit", "BTC") == [text] * 2
    assert found_by(store, "REC-003", "gopax", "SOL") == ["≤ 0.000000000000000001 SOL, < 0.00000001 KRW, 100 %"] * 2


def test_a_shortfall_beyond_every_limit_wants_a_halt(store: Store) -> None:
    assert len(found_by(store, "REC-004", "upbit", "ETH")) == 2
    (text,) = found_by(store, "REC-004", "upbit", "BTC")  # on the last day its halt answers it
    assert text.startswith(FIRST_DAY.isoformat())


def test_an_audit_without_measure_beside_its_check_is_shown_to_the_last_digit(store: Store) -> None:
    ledger = EXACT.divide(EXACT.subtract(MOST_QUANTITY, LEAST_QUANTITY), LEAST_QUANTITY)
    held = EXACT.multiply(MOST_QUANTITY, 2)
    wallet = EXACT.divide(EXACT.subtract(held, LEAST_QUANTITY), LEAST_QUANTITY)
    (text,) = found_by(store, "AUD-005", "coinone", "BTC")
    percents = (f"{EXACT.multiply(100, one):f}".partition(".")[0] for one in (ledger, wallet))
    assert text.partition(" ↔ ")[0] == "ledger_quantity ± {} %, wallet_quantity ± {} %".format(*percents)


def test_sums_of_the_rules_are_exact(store: Store) -> None:
    orders = 24 * MOST_COUNT
    assert set(found_by(store, "VOL-008", "korbit", "BTC/KRW")) == {f"{orders} / {orders}"}
    assert found_by(store, "SUR-005", "upbit", "spoofing") == [str(len(MARKETS) * MOST_COUNT)]
    assert set(found_by(store, "KEY-008", "bithumb")) == {f"forced_expired_keys = {MOST_COUNT}"}


# --------------------------------------------------------------------------------------------- the screens


def test_what_the_screens_add_up_is_exact(store: Store) -> None:
    days = volume_by_day(store, EVERYBODY, WHOLE)
    assert total_of(days).trade_count == len(days) * 72 * MOST_COUNT
    assert total_of(days).trade_value_krw == EXACT.multiply(MOST_KRW, len(days) * 72)
    hours = volume_by_hour(store, EVERYBODY, Choice(("upbit",), FIRST_DAY, LAST_DAY))
    assert [hour.api_order_count for hour in hours] == [9 * 3 * MOST_COUNT] * 24
    (keys,) = key_balance(key_flow(store, EVERYBODY, Choice(("gopax",), FIRST_DAY, LAST_DAY)))
    assert keys.issued_keys == 2 * 3 * MOST_COUNT
    assert keys.forced_rate == Decimal("6666.67")  # of one scope of three, on two days
    sums = pattern_sums(store, EVERYBODY, WHOLE)
    assert sums["korbit", "target_price_push"].account_day_count == 2 * MOST_COUNT
    assert sums["korbit", "target_price_push"].trade_value_krw == EXACT.multiply(MOST_KRW, 2)


def test_shortfalls_of_the_screens_are_exact(store: Store) -> None:
    episodes = mismatch_episodes(store, EVERYBODY, Choice(("bithumb",), LAST_DAY, LAST_DAY))
    largest, eth = (next(one for one in episodes if one.asset == asset) for asset in ("BTC", "ETH"))
    assert largest.shortfall_krw == EXACT.multiply(MOST_QUANTITY, MOST_KRW)
    short = EXACT.subtract(MOST_QUANTITY, LEAST_QUANTITY)
    assert eth.shortfall_quantity == short
    assert eth.holdings_multiple is not None
    assert abs(EXACT.subtract(eth.holdings_multiple, EXACT.divide(short, LEAST_QUANTITY))) < Decimal("1E11")
    checks = replayed_checks(store, EVERYBODY, "bithumb", "BTC", LAST_DAY, LAST_DAY, thresholds_of_the_book())
    assert checks[1].shortfall_krw == EXACT.multiply(MOST_QUANTITY, MOST_KRW)


def test_audits_of_the_screens_are_exact(store: Store) -> None:
    own = {one.asset: one for one in audited_assets(store, EVERYBODY, Choice(("upbit",), FIRST_DAY, LAST_DAY), MONTH)}
    assert set(own) == set(ASSETS)
    assert own["BTC"].held_quantity == EXACT.multiply(MOST_QUANTITY, 2)
    assert own["BTC"].value_krw == EXACT.multiply(EXACT.multiply(MOST_QUANTITY, 2), MOST_KRW)


@pytest.fixture
def looked_at(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While this goes on, screens look at the extremes."""
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
    keep_nothing()
    yield
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


@pytest.fixture
def extracts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that a page offers, each written at once as if somebody had asked for it."""
    written_files: list[str] = []

    def offer(_view: Any, _label: str, make: Callable[[], bytes], name: str, *_more: Any, **_options: Any) -> None:
        assert make()
        written_files.append(name)

    monkeypatch.setattr(downloads, "offer_file", offer)
    return written_files


@pytest.mark.usefixtures("looked_at")
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_with_the_largest_numbers(name: str, language: str, extracts: list[str]) -> None:
    days = {"period": "custom", "from_": FIRST_DAY.isoformat(), "to": LAST_DAY.isoformat()}
    session = opened_at(name, lang=language, **days)
    assert session.title
    assert extracts or name in ("answers", "overview", "trends")


# ---------------------------------------------------------------------------------------------- the exports


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("report", all_reports().values(), ids=lambda report: report.name)
def test_an_export_has_every_digit(store: Store, report: Any, format_: str, tmp_path: Path) -> None:
    period = Period.parse(MONTH) if report.cadence is Cadence.MONTH else Period.of_day(LAST_DAY)
    out = tmp_path / f"rows.{format_}"
    export_rows(store, report.name, period, period, format_=format_, out=out, exchange="upbit")
    numbers = [field.name for field in report.on(period.first_day).fields if field.type in LARGEST]
    expected = sorted(tuple(cell_text(row[name]) for name in numbers) for row in ROWS[report.name]("upbit", LAST_DAY))
    assert sorted(tuple(row[name] for name in numbers) for row in _rows(out)) == expected


def _rows(file: Path) -> list[dict[str, str]]:
    if file.suffix == ".parquet":
        return [{name: cell_text(value) for name, value in row.items()} for row in pq.read_table(file).to_pylist()]
    if file.suffix == ".csv":
        with file.open(encoding="utf-8-sig", newline="") as text:
            return list(csv.DictReader(text))
    header, *rows = openpyxl.load_workbook(file).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, header), (str(value) for value in row), strict=True)) for row in rows]


# ------------------------------------------------------------------------------------------------- the case


def test_counts_that_add_up_beyond_a_single_count_stop_nobody(tmp_path: Path) -> None:
    """What a user met: identifiers where counts belong, legal each and too many together for 64 bits."""
    store = open_store(tmp_path, f"sqlite:///{tmp_path / 'daxa.sqlite'}")
    lines = ["hour_start,market,trade_value_krw,api_trade_value_krw,trade_count,api_trade_count,api_order_count,"]
    lines[0] += "api_cancel_count,api_small_order_count,api_account_count"
    orders = [1793577900000000000 + number for number in range(12)]
    lines += [f"2026-11-02T{hour:02}:00:00+09:00,BTC/KRW,10,3,10,3,{count},1,1,2" for hour, count in enumerate(orders)]
    path = tmp_path / "upbit_api_volume_2026-11-02.csv"
    path.write_text("\n".join([*lines, ""]))
    candidate = Candidate(path, declare(path.name))
    (verdict,) = jobs.check(store, [candidate])
    (outcome,) = jobs.ingest(store, [candidate])
    assert verdict.state is outcome.receipt.submission.state is State.ACCEPTED
    (day,) = volume_by_day(store, EVERYBODY, Choice((), date(2026, 11, 2), date(2026, 11, 2)))
    assert day.api_order_count == sum(orders) > MOST_COUNT
    store.engine.dispose()

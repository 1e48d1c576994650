"""An export can be filed again as a template and gives the same rows; CSV opens in Excel as it is."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.testbed.simulator import canonical_table
from etl import jobs
from etl.examine import Incoming, Past, decide, read_one
from etl.exchanges import all_exchanges
from etl.export import FORMATS, export_rows, template_bytes
from etl.intake import Candidate, declare
from etl.layout import ADDED_COLUMNS
from etl.store import Store, open_store
from etl.writing.native import write_native
from expectations.catalogue import all_reports
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period, State

BOM = b"\xef\xbb\xbf"


def period_of(report: str) -> Period:
    return Period.parse("2026-10" if report == "audits" else "2026-11-02")


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store in which every exchange has filed every report."""
    home = tmp_path_factory.mktemp("filed")
    store = open_store(home, f"sqlite:///{home / 'r.sqlite'}")
    candidates = []
    for exchange, whose in all_exchanges().items():
        for report in all_reports():
            period = period_of(report)
            table = canonical_table(exchange, report, period, seed=3, assets=2)
            path = home / f"{exchange}_{report}_{period.text}.{whose.layouts[report].container}"
            path.write_bytes(write_native(table, whose, report_of(report), period))
            candidates.append(Candidate(path, declare(path.name)))
    outcomes = jobs.ingest(store, candidates)
    assert {one.receipt.submission.state for one in outcomes} == {State.ACCEPTED}
    yield store
    store.engine.dispose()


def exported(store: Store, exchange: str, report: str, format_: str, out: Path, **how: Any) -> bytes:
    period = period_of(report)
    path = out / f"{exchange}_{report}_{period.text}.{format_}"
    export_rows(store, report, period, period, format_=format_, out=path, exchange=exchange, **how)
    return path.read_bytes()


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("report", all_reports())
def test_every_export_can_be_filed_again_and_gives_the_same_rows(
    filed: Store, tmp_path: Path, report: str, format_: str
) -> None:
    period, readings = period_of(report), {}
    for exchange in all_exchanges():
        name = f"{exchange}_{report}_{period.text}.{format_}"
        data = exported(filed, exchange, report, format_, tmp_path)
        readings[exchange] = read_one(Incoming(exchange, data, name, declare(name), Past()))
    filled = 0
    for exchange, verdict in decide(list(readings.values())).items():
        assert verdict.findings == ()
        assert (verdict.state, verdict.format) == (State.ACCEPTED, "canonical")
        again, before = readings[exchange].table, canonical_table(exchange, report, period, seed=3, assets=2)
        assert again is not None
        names = report_of(report).on(period.first_day).field_names
        rows = [sorted(map(repr, table.select(names).to_pylist())) for table in (again, before)]
        assert rows[0] == rows[1]
        filled += bool(rows[0])
    assert filled


def test_csv_opens_in_excel_unless_a_machine_wants_it_bare(filed: Store, tmp_path: Path) -> None:
    marked = exported(filed, "upbit", "key_actions", "csv", tmp_path)
    bare = exported(filed, "upbit", "key_actions", "csv", tmp_path, byte_order_mark=False)
    assert marked == BOM + bare
    header = next(csv.reader(io.StringIO(bare.decode())))
    assert header == [*report_of("key_actions").on(period_of("key_actions").first_day).field_names, *ADDED_COLUMNS]
    shape = report_of("halts").on(period_of("halts").first_day)
    assert template_bytes(shape, "csv") == BOM + template_bytes(shape, "csv", byte_order_mark=False)


def test_an_export_of_all_exchanges_is_no_report_of_one(filed: Store, tmp_path: Path) -> None:
    period = period_of("api_keys")
    path = tmp_path / "korbit_api_keys_2026-11-02.csv"
    export_rows(filed, "api_keys", period, period, format_="csv", out=path)
    reading = read_one(Incoming("1", path.read_bytes(), path.name, declare(path.name), Past()))
    assert [finding.rule for finding in reading.findings] == ["SUB-004"]


def test_a_range_that_ends_before_it_begins_is_refused(filed: Store, tmp_path: Path) -> None:
    first, last = Period.parse("2026-11-03"), Period.parse("2026-11-02")
    with pytest.raises(ValueError, match="ends before it begins"):
        export_rows(filed, "halts", first, last, format_="csv", out=tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()

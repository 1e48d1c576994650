"""The door's check, the page's check and the submission tell the same of the same file, byte for byte.

Simulated files of every report and exchange, each once with a negative number and once without its last row. Lateness
apart, which depends on the moment of receipt and not on the file.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from app.filing.desk import Desk, Upload
from app.objects import submission_record
from app.testbed.simulator import canonical_table
from app.worker.process import address_of_store, worker_for
from etl import jobs
from etl.exchanges import all_exchanges
from etl.intake import Candidate
from etl.overdue import LATE_OR_MISSING
from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store, open_store
from etl.writing.native import write_native
from expectations.catalogue import all_reports
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period, ValueType
from tests.demo_store import leave_empty
from tests.filing_desk import NOW

pytestmark = pytest.mark.slow


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    home = leave_empty(tmp_path)
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    worker_for(address_of_store(opened)).close()
    opened.engine.dispose()


def versions(exchange: str, report: str) -> Iterator[Upload]:
    """The file of a day with a negative number in it, then without its last row."""
    shape = report_of(report)
    period = Period.parse("2026-09" if report == "audits" else "2026-10-05")
    table = canonical_table(exchange, report, period, seed=2, assets=3)
    name = f"{exchange}_{report}_{period.text}.{all_exchanges()[exchange].layouts[report].container}"
    numbers = [one for one in shape.fields if one.type in (ValueType.QUANTITY, ValueType.KRW, ValueType.COUNT)]
    if table.num_rows and numbers:
        rows = table.to_pylist()
        least: Any = -1 if numbers[0].type is ValueType.COUNT else Decimal(-1)
        rows[0][numbers[0].name] = least
        negative = pa.Table.from_pylist(rows, table.schema)
        yield Upload(name, write_native(negative, all_exchanges()[exchange], shape, period))
    yield Upload(
        name, write_native(table.slice(0, max(0, table.num_rows - 1)), all_exchanges()[exchange], shape, period)
    )


def told_of(store: Store, number: str) -> list[dict[str, Any]]:
    with reading(store.engine) as connection:
        filed = life.by_id(connection, number)
        found = [(kind, one) for kind, one in life.findings_of(connection, [number])[number]]
    assert filed is not None
    in_time = [(kind, one) for kind, one in found if one.rule != LATE_OR_MISSING]
    findings: list[dict[str, Any]] = submission_record(filed, file="", duplicate=False, findings=in_time)["findings"]
    return findings


@pytest.mark.parametrize("exchange", all_exchanges())
def test_check_and_submit_tell_the_same(store: Store, tmp_path: Path, exchange: str) -> None:
    worker = worker_for(address_of_store(store))
    desk = Desk(store, worker, "P-1", exchange)
    rules = set()
    for report in all_reports():
        for upload in versions(exchange, report):
            declared = desk.declared(upload.name)
            path = tmp_path / upload.name
            path.write_bytes(upload.data)
            at_the_door = worker.check(Candidate(path, declared, upload.name)).result(120)["findings"]
            checked = desk.check(upload, declared, NOW, lambda _: None)
            assert checked.draft is not None
            (outcome,) = jobs.ingest(store, [Candidate(path, declared)])
            filed = told_of(store, outcome.receipt.submission.id)
            on_the_page = checked.preview.told["findings"]
            assert json.dumps(at_the_door) == json.dumps(on_the_page) == json.dumps(filed), upload.name
            rules |= {finding["rule"] for finding in filed}
    assert {"REC-002", "REC-NEG", "VOL-NEG", "KEY-001"} <= rules

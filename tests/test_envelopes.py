"""The same report sent again with a new `server_time` alone is a duplicate; with anything else it is a correction."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.testbed.simulator import canonical_table
from etl.envelopes import differ_in_server_time_alone
from etl.exchanges import all_exchanges
from etl.records import log
from etl.records.engine import reading
from etl.records.log import EventKind
from etl.store import Store, open_store
from etl.writing.native import write_native
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period, State
from tests.filing import file

PERIOD = Period.parse("2026-11-02")
NAME = "coinone_api_keys_2026-11-02.json"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'r.sqlite'}")
    yield opened
    opened.engine.dispose()


def sent_at(moment: int, **change: str) -> bytes:
    """A report of Coinone whose envelope was written at a moment."""
    table = canonical_table("coinone", "api_keys", PERIOD, seed=1, assets=1)
    document = json.loads(write_native(table, all_exchanges()["coinone"], report_of("api_keys"), PERIOD))
    document["server_time"] = moment
    document["data"][0].update(change)
    return json.dumps(document).encode()


def test_a_retry_with_a_new_server_time_is_a_duplicate(store: Store, tmp_path: Path) -> None:
    first = file(store, tmp_path, NAME, sent_at(1_793_000_000_000))
    again = file(store, tmp_path, NAME, sent_at(1_793_000_000_123))
    assert first.receipt.submission.state is State.ACCEPTED
    assert (again.receipt.submission.id, again.receipt.duplicate) == (first.receipt.submission.id, True)
    with reading(store.engine) as connection:
        newest = json.loads(log.entries(connection, act=EventKind.UPLOAD)[0].details)
    assert newest["sha256"] == first.receipt.submission.sha256
    assert newest["sent_sha256"] not in ("", newest["sha256"])


def test_a_rejected_one_is_repeated_too_and_any_other_change_is_a_correction(store: Store, tmp_path: Path) -> None:
    wrong = file(store, tmp_path, NAME, sent_at(1, max_ip="many"))
    again = file(store, tmp_path, NAME, sent_at(2, max_ip="many"))
    assert wrong.receipt.submission.state is State.REJECTED
    assert (again.receipt.submission.id, again.receipt.duplicate) == (wrong.receipt.submission.id, True)
    mended = file(store, tmp_path, NAME, sent_at(2, max_ip="3"))
    assert (mended.receipt.submission.state, mended.receipt.duplicate) == (State.ACCEPTED, False)
    corrected = file(store, tmp_path, NAME, sent_at(2, max_ip="4"))
    assert (corrected.receipt.submission.state, corrected.receipt.duplicate) == (State.ACCEPTED, False)


ONE = b'{"result":"success","error_code":"0","server_time":1793000000000,"data":[{"id":"1"},{"id":"2"}]}'


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ONE.replace(b"1793000000000", b"1793000000001"), True),
        (ONE.replace(b"1793000000000", b"5"), True),
        (ONE, True),
        (ONE.replace(b"1793000000000", b'"1793000000000"'), False),
        (ONE.replace(b"1793000000000", b"1793000000000.5"), False),
        (ONE.replace(b'{"id":"1"},{"id":"2"}', b'{"id":"2"},{"id":"1"}'), False),
        (ONE.replace(b'"0"', b'"1"'), False),
        (ONE.replace(b",", b", "), False),
        (ONE.replace(b'"server_time":1793000000000,', b""), False),
        (ONE.replace(b'"id":"1"', b'"id":"1","server_time":1'), False),
        (b"", False),
    ],
)
def test_every_byte_counts_but_the_digits_of_that_number(other: bytes, same: bool) -> None:
    assert differ_in_server_time_alone(ONE, other) is same
    assert differ_in_server_time_alone(other, ONE) is same


def test_files_that_name_no_server_time_repeat_nothing() -> None:
    assert not differ_in_server_time_alone(b"[]", b"[]")
    twice = ONE.replace(b'"id":"1"', b'"id":"1","server_time":1')
    assert not differ_in_server_time_alone(twice, twice)

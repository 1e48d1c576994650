"""Bytes on disk that are damaged or missing: nothing is judged by them, nobody else is stopped, and they heal."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filing import checks, file, halts
from sqlalchemy import func, select

from app.worker.tasks import Sent, annotate
from etl import export, jobs
from etl.evidence import DamagedEvidenceError, digest_of_file
from etl.facts import DamagedRowsError
from etl.heal import heal
from etl.intake import Candidate, declare
from etl.records import submissions as life
from etl.records import tables as t
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, EventKind, entries
from etl.records.submissions import Submission
from etl.store import Store, open_store
from etl.verify import verify_store
from expectations.vocabulary import Period, State

DAY, NEXT = "2026-11-02", "2026-11-03"
NAME = f"korbit_reconciliation_{DAY}.csv"
SHORT = checks(DAY, every=5, short=range(280, 288))


def one_digit_changed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "one bit changed": one_digit_changed,
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "empty": lambda path: path.write_bytes(b""),
    "missing": lambda path: path.unlink(),
}
damaged = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def filed(store: Store, tmp_path: Path) -> Submission:
    return file(store, tmp_path, NAME, SHORT).receipt.submission


def rows(store: Store, submission: Submission) -> Path:
    return store.facts.path(life.fact_files([submission])[0])


def now(store: Store, number: str) -> Submission:
    with reading(store.engine) as connection:
        found = life.by_id(connection, number)
    assert found is not None
    return found


def findings(store: Store) -> list[tuple[str, str]]:
    with reading(store.engine) as connection:
        return sorted((one.finding.rule, one.submission.id) for one in life.current_findings(connection))


@damaged
def test_damaged_rows_are_not_read(store: Store, filed: Submission, tmp_path: Path, damage) -> None:
    damage(rows(store, filed))
    known = now(store, filed.id)
    with pytest.raises(DamagedRowsError, match=filed.id):
        store.facts.rows_of(life.fact_files([known])[0])
    with pytest.raises(DamagedRowsError, match="daxa heal"):
        export.export_rows(
            store, "reconciliation", Period.parse(DAY), Period.parse(DAY), format_="csv", out=tmp_path / "rows.csv"
        )
    assert filed.id in {fault.subject for fault in verify_store(store).faults}


@damaged
def test_damaged_rows_heal_from_the_kept_bytes(store: Store, filed: Submission, damage) -> None:
    whole, before = rows(store, filed).read_bytes(), findings(store)
    damage(rows(store, filed))
    healing = heal(store, actor=COMMAND)
    assert (healing.rows, healing.lost, healing.tried_again) == ((filed.id,), (), ())
    assert rows(store, filed).read_bytes() == whole
    jobs.process(store)
    assert findings(store) == before
    assert verify_store(store).faults == ()
    with reading(store.engine) as connection:
        (entry,) = entries(connection, act=EventKind.HEAL)
    assert (entry.subject, entry.actor) == (filed.id, COMMAND)
    assert heal(store, actor=COMMAND).rows == (), "whole"


@damaged
def test_damaged_rows_stop_no_other_submission(store: Store, filed: Submission, tmp_path: Path, damage) -> None:
    damage(rows(store, filed))
    nil = file(store, tmp_path, f"korbit_halts_{NEXT}.csv", halts()).receipt.submission
    assert now(store, nil.id).state is State.ACCEPTED
    other = file(store, tmp_path, f"korbit_reconciliation_{NEXT}.csv", checks(NEXT, every=5, short=range(8)))
    assert other.receipt.submission.state is State.ACCEPTED
    before = now(store, filed.id)
    assert before.state is State.ACCEPTED
    heal(store, actor=COMMAND)
    assert jobs.process(store) == []
    with reading(store.engine) as connection:
        assert life.unreviewed(connection) == []
        incidents = connection.execute(
            select(func.count()).select_from(t.submissions).where(t.submissions.c.incident.is_not(None))
        ).scalar_one()
    assert incidents == 0
    assert ("REC-003", filed.id) in findings(store)
    assert verify_store(store).faults == ()


def test_damaged_bytes_are_not_handed_out_with_findings(store: Store, filed: Submission) -> None:
    path = store.evidence.path(filed.sha256)
    one_digit_changed(path)
    with pytest.raises(DamagedEvidenceError):
        annotate(Sent(path, declare(NAME), NAME, filed.format, filed.sha256), [], "ko")


def test_damaged_bytes_are_never_the_senders_fault(store: Store, tmp_path: Path) -> None:
    """One digit of the kept bytes changes before they are read: the file is failed, not rejected, and heals."""
    path = tmp_path / NAME
    path.write_text(SHORT)
    received = jobs.receive(store, Candidate(path, declare(NAME))).submission
    kept = store.evidence.path(received.sha256)
    kept.write_bytes(kept.read_bytes().replace(b"100.5", b"1x0.5", 1))
    with pytest.raises(DamagedEvidenceError):
        store.evidence.read(received.sha256)
    (failure,) = jobs.process(store)
    assert failure.submission == received.id
    assert now(store, received.id).state is State.FAILED
    assert heal(store, actor=COMMAND).lost[0][0] == received.id
    again = file(store, tmp_path, NAME, SHORT)
    assert again.receipt.submission.id == received.id
    assert now(store, received.id).state is State.ACCEPTED
    assert verify_store(store).faults == ()


@damaged
def test_the_same_bytes_filed_again_heal_damaged_ones(store: Store, filed: Submission, tmp_path: Path, damage) -> None:
    damage(store.evidence.path(filed.sha256))
    assert heal(store, actor=COMMAND).lost == (
        (filed.id, "its kept bytes are damaged or missing; file the same bytes again, then heal"),
    )
    assert file(store, tmp_path, NAME, SHORT).receipt.duplicate
    assert heal(store, actor=COMMAND).lost == ()
    assert verify_store(store).faults == ()


def test_rows_and_their_recorded_hash_forged_together_are_found(store: Store, filed: Submission) -> None:
    one_digit_changed(rows(store, filed))
    with writing(store.engine) as connection:
        life.record_rows(connection, filed.id, digest_of_file(rows(store, filed)))
    faults = [fault.what for fault in verify_store(store).faults if fault.subject == filed.id]
    assert "the audit log has another SHA-256 of its published rows" in faults

"""What was known at a moment is answered the same for ever, and what came after what is decided by no clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from filing import MORNING, checks, file
from sqlalchemy import select

from etl import jobs
from etl.export import export_rows
from etl.intake import Candidate, declare
from etl.records import submissions as life
from etl.records.engine import reading, writing
from etl.records.tables import findings, states
from etl.store import Store, open_store
from expectations.vocabulary import Finding, Kind, Period, State

DAY = Period.parse("2026-11-02")
NAME = f"korbit_reconciliation_{DAY.text}.csv"
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def candidate(folder: Path, content: str) -> Candidate:
    path = folder / NAME
    path.write_text(content)
    return Candidate(path, declare(NAME))


def known(store: Store, folder: Path, moment: datetime) -> tuple[dict[str, State], set[str]]:
    """The states and the submissions of the exported rows as they were known at a moment."""
    with reading(store.engine) as connection:
        then = {one.id: one.state for one in life.listed(connection, as_of=moment)}
    out = folder / "rows.parquet"
    export_rows(store, "reconciliation", DAY, DAY, format_="parquet", out=out, as_of=moment)
    return then, set(pq.read_table(out).column("submission").to_pylist())


def test_a_moment_between_receipt_and_verdict_is_answered_the_same_before_and_after(
    store: Store, tmp_path: Path
) -> None:
    first = jobs.ingest(store, [candidate(tmp_path, checks(DAY.text))])[0].receipt.submission
    assert first.state is State.ACCEPTED
    second = jobs.receive(store, candidate(tmp_path, checks(DAY.text, wallet="1.7"))).submission
    between = datetime.now(UTC)
    before = known(store, tmp_path, between)
    assert before == ({first.id: State.ACCEPTED, second.id: State.RECEIVED}, {first.id})
    jobs.process(store)
    assert known(store, tmp_path, between) == before
    assert known(store, tmp_path, datetime.now(UTC)) == (
        {first.id: State.SUPERSEDED, second.id: State.ACCEPTED},
        {second.id},
    )


@pytest.mark.parametrize("earlier_by", [timedelta(0), AN_HOUR, timedelta(days=3650)])
def test_what_is_filed_later_wins_also_where_the_clock_was_set_back(
    store: Store, tmp_path: Path, earlier_by: timedelta
) -> None:
    at = MORNING + earlier_by
    first = jobs.receive(store, candidate(tmp_path, checks(DAY.text)), received_at=at).submission
    second = jobs.receive(store, candidate(tmp_path, checks(DAY.text, wallet="1.7")), received_at=MORNING).submission
    jobs.process(store)
    with reading(store.engine) as connection:
        now = {one.id: one for one in life.listed(connection)}
        newest = life.with_bytes(connection, "korbit", "reconciliation", DAY, second.sha256)
        moments = connection.execute(
            select(states.c.submission, states.c.at).order_by(states.c.submission, states.c.sequence)
        ).all()
    assert list(now) == [first.id, second.id]
    assert (now[first.id].state, now[second.id].state) == (State.SUPERSEDED, State.ACCEPTED)
    assert newest is not None
    assert newest.id == second.id
    of_first = [row.at for row in moments if row.submission == first.id]
    assert of_first == sorted(of_first)


def test_bytes_that_were_replaced_do_not_come_back_where_the_clock_was_set_back(store: Store, tmp_path: Path) -> None:
    old, new = checks(DAY.text), checks(DAY.text, wallet="1.7")
    file(store, tmp_path, NAME, old, MORNING + AN_HOUR)
    in_force = file(store, tmp_path, NAME, new, MORNING).receipt.submission
    repeated = file(store, tmp_path, NAME, old, MORNING).receipt
    assert (repeated.duplicate, repeated.submission.state) == (True, State.SUPERSEDED)
    with reading(store.engine) as connection:
        assert [one.id for one in life.in_force(connection, "reconciliation")] == [in_force.id]


def test_the_numbers_of_order_grow_by_one_whoever_files(store: Store, tmp_path: Path) -> None:
    for day in range(2, 6):
        name = f"korbit_reconciliation_2026-11-0{day}.csv"
        file(store, tmp_path, name, checks(f"2026-11-0{day}"), MORNING - timedelta(days=day))
    with reading(store.engine) as connection:
        assert [one.sequence for one in life.listed(connection)] == [1, 2, 3, 4]


def test_nothing_is_lifted_before_it_was_found(store: Store, tmp_path: Path) -> None:
    one = file(store, tmp_path, NAME, checks(DAY.text)).receipt.submission
    finding = Finding("REC-006", subject="btc", found="1", expected="2")
    with writing(store.engine) as connection:
        life.insert_findings(connection, one, [(finding, Kind.PLAUSIBILITY)], MORNING)
        life.replace_findings(connection, one, ["REC-006"], [], MORNING - AN_HOUR)
    with reading(store.engine) as connection:
        row = connection.execute(select(findings).where(findings.c.rule == "REC-006")).mappings().one()
    assert row["lifted_at"] == row["found_at"] == MORNING

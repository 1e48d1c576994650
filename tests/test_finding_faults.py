"""The findings held against the rules: what is recorded of every file is what judging it again finds, or is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from log_tampering import drop_guards, undone
from random_stores import steps, take
from sqlalchemy import Connection, Executable, delete, insert, select, update

from etl.faults import Fault
from etl.finding_faults import standing_faults, verdict_faults, verdicts_held
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.tables import findings, judgements, submissions
from etl.store import Store, open_store
from etl.verify import verify_store
from expectations.catalogue import all_rules, correction_rules
from expectations.vocabulary import State

pytestmark = pytest.mark.slow

STEPS = 30


@pytest.fixture(params=range(2))
def store(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Iterator[Store]:
    """A store with a history of corrections, withdrawals, slices and refused files."""
    opened = open_store(tmp_path / "home", database_url)
    for number, step in enumerate(steps(request.param, STEPS)):
        take(opened, tmp_path, step, number, request.param)
    drop_guards(opened)
    yield opened
    opened.engine.dispose()


def faults_of(store: Store, connection: Connection) -> list[Fault]:
    every = life.listed(connection)
    judged = verdicts_held(connection, every)
    return [*verdict_faults(store, connection, judged), *standing_faults(store, connection, every)]


def faults_after(store: Store, *changes: Executable) -> list[Fault]:
    """What is told once these statements are executed, which are taken back."""
    with undone(store) as connection:
        for change in changes:
            connection.execute(change)
        return faults_of(store, connection)


def test_a_history_is_judged_again_as_it_was_judged(store: Store) -> None:
    found = verify_store(store)
    assert [fault for fault in found.faults if "judged again" in fault.what] == []
    with reading(store.engine) as connection:
        assert found.judged_again == len(life.listed(connection)) > STEPS // 2


def test_findings_that_are_removed_are_told_with_their_rule(store: Store) -> None:
    f = findings.c
    with reading(store.engine) as connection:
        rows = connection.execute(
            select(f.id, f.rule, f.submission)
            .join(submissions, submissions.c.id == f.submission)
            .where(f.lifted_at.is_(None), submissions.c.state.in_([State.ACCEPTED.value, State.REJECTED.value]))
        ).all()
    corrections = {rule.id for rule in correction_rules()}
    one_of_each = {row.rule: row for row in rows if row.rule not in corrections}
    assert {"REC-003", "REC-004"} <= one_of_each.keys()
    told = faults_after(store, delete(findings).where(f.id.in_([row.id for row in one_of_each.values()])))
    for rule, row in one_of_each.items():
        own = [fault.what for fault in told if fault.subject == row.submission]
        assert any(rule in what for what in own) or (own and all_rules()[rule].is_met_once), rule


def test_a_finding_that_is_written_in_or_changed_is_told(store: Store) -> None:
    f = findings.c
    with reading(store.engine) as connection:
        row = connection.execute(
            select(findings)
            .join(submissions, submissions.c.id == f.submission)
            .where(f.rule == "REC-003", f.lifted_at.is_(None), submissions.c.state == State.ACCEPTED.value)
        ).mappings()
        one = dict(row.fetchone() or {})
    number = one.pop("id")
    added = faults_after(store, insert(findings).values(**one))
    assert [fault.subject for fault in added] == [one["submission"]]
    changed = faults_after(store, update(findings).where(f.id == number).values(found="0"))
    assert [fault.subject for fault in changed] == [one["submission"]]


def test_a_verdict_turned_round_is_told(store: Store) -> None:
    with reading(store.engine) as connection:
        accepted = next(one for one in life.listed(connection) if one.state is State.ACCEPTED)
    turned = update(submissions).where(submissions.c.id == accepted.id).values(state=State.REJECTED.value)
    assert accepted.id in {fault.subject for fault in faults_after(store, turned)}


def test_what_another_rule_set_found_is_not_judged_again(store: Store) -> None:
    """This program does not hold the rules that it was judged by: nothing can be said of it, and nothing is counted."""
    other = {"rule_set_version": "0" * 12}
    told = faults_after(
        store, update(submissions).values(**other), update(judgements).values(**other), delete(findings)
    )
    assert told == []

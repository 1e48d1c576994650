"""After every change of what is accepted, what is recorded is what judging everything anew from nothing finds.

Histories are drawn by chance (`random_stores`): whatever a change touches must have been judged again, and nothing that
a rule found may depend on what else was judged in the same batch.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from random_stores import Step, steps, take
from sqlalchemy import select

from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.tables import findings
from etl.review import findings_now, reading_entities, reading_rows
from etl.store import Store, open_store
from expectations.catalogue import published_rules
from expectations.vocabulary import Finding, State

pytestmark = pytest.mark.slow

STEPS = 40
FIRST, END = (int(os.environ.get(f"DAXA_TEST_{name}_SEED", number)) for name, number in (("FIRST", 0), ("END", 2)))
"""Which histories are tried; more of them are with other numbers in the environment."""
EVERY = int(os.environ.get("DAXA_TEST_EVERY", "4"))
"""After how many steps everything is judged anew."""

Found = dict[str, Counter[Finding]]


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def recorded(store: Store) -> Found:
    """The findings in force of every accepted submission, by the rules about what is accepted."""
    with reading(store.engine) as connection:
        accepted = [one for one in life.listed(connection) if one.state is State.ACCEPTED]
        standing = life.findings_of(connection, [one.id for one in accepted])
    rules = {one.report: {rule.id for rule in published_rules(one.report)} for one in accepted}
    return {
        one.id: Counter(finding for _, finding in standing[one.id] if finding.rule in rules[one.report])
        for one in accepted
    }


def judged_anew(store: Store, *, one_by_one: bool) -> Found:
    """What all rules find of everything accepted, all of a report together or each submission alone."""
    found: Found = {}
    with reading(store.engine) as connection:
        accepted = [one for one in life.listed(connection) if one.state is State.ACCEPTED]
        for name in dict.fromkeys(one.report for one in accepted):
            own = [one for one in accepted if one.report == name]
            for batch in [[one] for one in own] if one_by_one else [own]:
                for rules in (reading_rows(published_rules(name)), reading_entities(published_rules(name))):
                    for id_, own_findings in findings_now(store, connection, name, batch, rules).items():
                        found.setdefault(id_, Counter()).update(own_findings)
    return found


def difference(one: Found, other: Found) -> list[tuple[str, list[Finding], list[Finding]]]:
    return [
        (id_, sorted((one[id_] - other[id_]), key=str), sorted((other[id_] - one[id_]), key=str))
        for id_ in one
        if one[id_] != other[id_]
    ]


def told(done: list[Step]) -> str:
    return "\n".join("withdrawal" if one.declared is None else f"{one.declared}\n{one.content}" for one in done)


@pytest.mark.parametrize("seed", range(FIRST, END))
def test_after_every_step_the_findings_are_those_of_judging_anew(store: Store, tmp_path: Path, seed: int) -> None:
    done: list[Step] = []
    for number, step in enumerate(steps(seed, STEPS)):
        take(store, tmp_path, step, number, seed)
        done.append(step)
        if number % EVERY == EVERY - 1:
            anew = judged_anew(store, one_by_one=False)
            assert difference(recorded(store), anew) == [], f"step {number}\n{told(done[-EVERY:])}"
    assert difference(recorded(store), judged_anew(store, one_by_one=True)) == [], "judged alone"


def test_the_histories_bring_findings_that_reach_beyond_a_file(tmp_path: Path) -> None:
    """Else the comparison would say nothing of these rules."""
    ever: set[str] = set()
    for seed in range(2):
        opened = open_store(tmp_path / str(seed), f"sqlite:///{tmp_path / f'{seed}.sqlite'}")
        for number, step in enumerate(steps(seed, STEPS)):
            take(opened, tmp_path, step, number, seed)
        with reading(opened.engine) as connection:
            ever |= set(connection.execute(select(findings.c.rule).distinct()).scalars())
        opened.engine.dispose()
    assert ever >= {"ACT-003", "ACT-006", "REC-003", "REC-004", "HLT-005", "HLT-006", "HLT-007", "HLT-009"}

"""The ledger says of every rule of every submission what became of it, and counts what is recorded, in any order."""

import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from filing import MORNING, checks, file, halt, halts
from random_stores import FILED_FROM, Step, steps, take
from sqlalchemy import delete

from etl import jobs
from etl.intake import Candidate, declare
from etl.judgements import Judgement, RuleOutcome, Why, judgement
from etl.ledger import Entry, coverage, current_ledger, ledger, tally
from etl.records import judgements
from etl.records import submissions as life
from etl.records import tables as t
from etl.records.engine import reading, writing
from etl.review import answered, asked, judged_rules, reading_entities, reading_rows
from etl.store import Store, open_store
from expectations.catalogue import all_rules, published_rules, rejecting_rules, rules_for
from expectations.vocabulary import KST, Period, Rule, State

SEEDS = range(*(int(os.environ.get(f"DAXA_TEST_{name}_SEED", number)) for name, number in (("FIRST", 0), ("END", 2))))
STEPS, FEW_STEPS = 40, 28
DAY = date(2026, 11, 2)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store after a history drawn by chance, with corrections and withdrawals."""
    folder = tmp_path_factory.mktemp("history")
    opened = open_store(folder, f"sqlite:///{folder / 'daxa.sqlite'}")
    for number, step in enumerate(steps(1, FEW_STEPS)):
        take(opened, folder, step, number, 1)
    yield opened
    opened.engine.dispose()


def entries_of(store: Store, *numbers: str, rules: Sequence[str] | None = None) -> list[Entry]:
    """The entries of these submissions, or of all that there are."""
    with reading(store.engine) as connection:
        every = life.listed(connection)
        return list(ledger(connection, [one for one in every if not numbers or one.id in numbers], rules))


def filed(store: Store, folder: Path, name: str, content: str) -> str:
    return file(store, folder, name, content).receipt.submission.id


def became(store: Store, number: str, rule: str) -> tuple[RuleOutcome, Why | None]:
    (entry,) = entries_of(store, number, rules=[rule])
    return entry.outcome, entry.why


# --------------------------------------------------------------------------------------- what is counted


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_what_is_counted_of_a_rule_is_what_is_recorded_of_it(history: Store, rule: Rule) -> None:
    with reading(history.engine) as connection:
        every = life.listed(connection)
        standing = life.findings_of(connection, [one.id for one in every])
    counts = {one.id: Counter(finding.rule for _, finding in standing[one.id]) for one in every}
    by_submission = {entry.submission: entry for entry in entries_of(history, rules=[rule.id])}
    for one in every:
        if rule not in rules_for(one.report):
            if counts[one.id][rule.id]:  # a rule about the obligation
                assert by_submission[one.id].finding_count == counts[one.id][rule.id]
            continue
        entry = by_submission[one.id]
        assert entry.finding_count == counts[one.id][rule.id]
        assert (entry.outcome is RuleOutcome.FOUND) == (entry.finding_count > 0)
        assert entry.outcome is not RuleOutcome.NOT_RECORDED
        if one.state is State.ACCEPTED:
            assert entry.at is not None
            assert entry.rule_set_version


def test_each_rule_of_a_report_has_one_entry_of_each_submission(history: Store) -> None:
    found = Counter((entry.submission, entry.rule.id) for entry in entries_of(history))
    assert set(found.values()) == {1}
    with reading(history.engine) as connection:
        for one in life.listed(connection):
            assert {rule.id for rule in rules_for(one.report)} <= {rule for number, rule in found if number == one.id}


def test_the_history_has_what_is_told_apart(history: Store) -> None:
    """Else the comparisons would say nothing of it."""
    entries = entries_of(history)
    assert {RuleOutcome.CLEAN, RuleOutcome.FOUND, RuleOutcome.NOT_APPLICABLE, RuleOutcome.NOT_EVALUATED} <= {
        entry.outcome for entry in entries
    }
    assert {Why.BEFORE_ITS_DATE, Why.NO_LIMIT, Why.NIL_RETURN, Why.LACKING} <= {entry.why for entry in entries}


def judged_anew(store: Store) -> dict[tuple[str, str], Judgement]:
    """What comes of every published rule of everything accepted when it is judged together, by submission and rule."""
    found: dict[tuple[str, str], Judgement] = {}
    with reading(store.engine) as connection:
        accepted = [one for one in life.listed(connection) if one.state is State.ACCEPTED]
        for name in dict.fromkeys(one.report for one in accepted):
            own = [one for one in accepted if one.report == name]
            for rules in (reading_rows(published_rules(name)), reading_entities(published_rules(name))):
                question = asked(store, connection, name, own, rules)
                row_counts = {one.id: one.row_count or 0 for one in own}
                for number, made in judged_rules(question, answered(question), row_counts).items():
                    found.update({(number, one.rule): one for one in made})
    return found


def recorded(store: Store) -> dict[tuple[str, str], Judgement]:
    with reading(store.engine) as connection:
        accepted = {one.id: one for one in life.listed(connection) if one.state is State.ACCEPTED}
        made = judgements.recorded(connection, list(accepted))
    published = {name: {rule.id for rule in published_rules(name)} for name in {s.report for s in accepted.values()}}
    return {
        (one.submission, one.judgement.rule): one.judgement
        for one in made
        if one.judgement.rule in published[accepted[one.submission].report]
    }


def differences(store: Store) -> list[tuple[Any, ...]]:
    one, other = recorded(store), judged_anew(store)
    return [(key, one.get(key), other.get(key)) for key in one.keys() | other.keys() if one.get(key) != other.get(key)]


def test_what_is_recorded_is_what_judging_anew_comes_to(history: Store) -> None:
    assert differences(history) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_after_every_step_the_record_is_that_of_judging_anew(store: Store, tmp_path: Path, seed: int) -> None:
    for number, step in enumerate(steps(seed, STEPS)):
        take(store, tmp_path, step, number, seed)
        if number % 8 == 7:
            assert differences(store) == [], f"step {number}"


def files_of(seed: int) -> list[Step]:
    """The last file of each period of a history; of halts none, of which one may name those of earlier days."""
    last = {
        (step.declared.exchange, step.declared.report, step.declared.period.first_day): step
        for step in steps(seed, STEPS)
        if step.declared is not None and step.declared.report != "halts"
    }
    return list(last.values())


def filed_in_order(folder: Path, database_url: str, some: Sequence[Step]) -> list[tuple[Any, ...]]:
    """The ledger of a store in which files came one after another, without the numbers and moments of receipt."""
    opened = open_store(folder, database_url)
    for number, step in enumerate(some):
        assert step.declared is not None
        path = folder / f"{number}.csv"
        path.write_text(step.content, "utf-8")
        jobs.ingest(opened, [Candidate(path, step.declared)], received_at=FILED_FROM + timedelta(minutes=number))
    found = [
        (
            *(entry.exchange, entry.report, entry.period.text, entry.rule.id, entry.outcome, entry.why, entry.lacking),
            *(entry.days, entry.finding_count, entry.row_count, entry.read_count),
        )
        for entry in entries_of(opened)
        if not entry.rule.id.startswith("CAL-")
    ]
    opened.engine.dispose()
    return sorted(found, key=str)


def test_the_ledger_does_not_depend_on_the_order_of_filing(tmp_path: Path) -> None:
    some = files_of(3)[:14]
    shuffled = random.Random(3).sample(some, len(some))
    one, other = (
        filed_in_order(tmp_path / name, f"sqlite:///{tmp_path / name}.sqlite", order)
        for name, order in (("one", some), ("other", shuffled))
    )
    assert one == other


# ------------------------------------------------------------------------------------------ each outcome


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_a_rule_that_found_nothing_is_clean_or_not_applicable(rule: Rule) -> None:
    for why in (*Why, None):
        hindrances = {one: one is why for one in Why}
        expected = RuleOutcome.CLEAN if why is None else RuleOutcome.NOT_APPLICABLE
        assert judgement(rule, 0, hindrances, 5, 7) == Judgement(rule.id, expected, why, 0, 5, 7)
        assert judgement(rule, 3, hindrances, 5, 7) == Judgement(rule.id, RuleOutcome.FOUND, None, 3, 5, 7)


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_a_rule_that_awaits_data_is_clean_no_more_and_found_all_the_same(rule: Rule) -> None:
    waits = Judgement(rule.id, RuleOutcome.NOT_EVALUATED, Why.AWAITS_DATA, 0, 5, 7)
    assert judgement(rule, 0, {Why.NO_LIMIT: False}, 5, 7, awaits_data=True) == waits
    limitless = Judgement(rule.id, RuleOutcome.NOT_APPLICABLE, Why.NO_LIMIT, 0, 5, 7)
    assert judgement(rule, 0, {Why.NO_LIMIT: True}, 5, 7, awaits_data=True) == limitless
    assert judgement(rule, 1, {}, 5, 7, awaits_data=True).outcome is RuleOutcome.FOUND


def test_an_open_halt_is_not_evaluated_until_the_data_reaches_its_limit(store: Store, tmp_path: Path) -> None:
    halted = Period.parse("2026-11-02").start.astimezone(KST) + timedelta(hours=10)
    line = halt("h", halted).replace(",maintenance,", ",systemFault,")
    number = filed(store, tmp_path, "korbit_halts_2026-11-02.csv", halts(line))
    awaits = (RuleOutcome.NOT_EVALUATED, Why.AWAITS_DATA)
    assert became(store, number, "HLT-006") == (RuleOutcome.FOUND, None), "the data reaches beyond its 60 minutes"
    assert became(store, number, "HLT-009") == awaits
    assert "HLT-009" in tally(entries_of(store, number)).not_evaluated
    next_day = filed(store, tmp_path, "korbit_halts_2026-11-03.csv", halts())
    assert became(store, number, "HLT-009") == (RuleOutcome.FOUND, None), "24 h have passed in the data"
    late = halt("i", halted + timedelta(hours=13, minutes=30)).replace(",maintenance,", ",systemFault,")
    number = filed(store, tmp_path, "korbit_halts_2026-11-02.csv", halts(late))
    assert became(store, number, "HLT-009") == (RuleOutcome.FOUND, None)
    jobs.withdraw(store, next_day, reason="filed by mistake")
    assert became(store, number, "HLT-006") == awaits
    assert became(store, number, "HLT-009") == awaits


def test_a_rule_that_lacks_a_report_is_not_evaluated_until_it_is_accepted(store: Store, tmp_path: Path) -> None:
    number = filed(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02", every=5))
    (entry,) = entries_of(store, number, rules=["REC-007"])
    assert (entry.outcome, entry.why, entry.lacking, entry.days) == (
        RuleOutcome.NOT_EVALUATED,
        Why.LACKING,
        ("api_volume",),
        (DAY,),
    )
    assert became(store, number, "REC-003") == (RuleOutcome.CLEAN, None)
    assert tally(entries_of(store, number)).not_evaluated == ("REC-006", "REC-007")
    nil = filed(store, tmp_path, "korbit_halts_2026-11-02.csv", halts())
    assert became(store, nil, "HLT-005") == (RuleOutcome.NOT_APPLICABLE, Why.NIL_RETURN)
    jobs.withdraw(store, number, reason="another one comes")
    assert became(store, nil, "HLT-005") == (RuleOutcome.NOT_EVALUATED, Why.LACKING)
    assert became(store, number, "REC-007") == (RuleOutcome.NOT_EVALUATED, Why.LACKING), "withdrawn"


def test_a_rejected_file_was_judged_as_far_as_its_rules_go(store: Store, tmp_path: Path) -> None:
    unread = checks("2026-11-02").replace("100.5,match", "many,match", 1)
    contradictory = checks("2026-11-02").replace("100.5", "0", 2)
    numbers = {
        "cells": filed(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", unread),
        "integrity": filed(store, tmp_path, "korbit_reconciliation_2026-11-03.csv", contradictory),
        "columns": filed(store, tmp_path, "korbit_reconciliation_2026-11-04.csv", "a,b\r\n1,2\r\n"),
    }
    rejected = (RuleOutcome.NOT_EVALUATED, Why.REJECTED)
    assert became(store, numbers["cells"], "SUB-006") == (RuleOutcome.FOUND, None)
    assert became(store, numbers["cells"], "SUB-003") == (RuleOutcome.CLEAN, None)
    assert became(store, numbers["cells"], "REC-NEG") == rejected, "after a cell that is no value only SUB rules speak"
    assert became(store, numbers["integrity"], "REC-001") == (RuleOutcome.CLEAN, None)
    assert became(store, numbers["columns"], "SUB-002") == (RuleOutcome.FOUND, None)
    assert became(store, numbers["columns"], "SUB-006") == rejected
    assert became(store, numbers["columns"], "SUB-005") == (RuleOutcome.CLEAN, None)
    for number in numbers.values():
        assert {became(store, number, rule.id) for rule in published_rules("reconciliation")} == {rejected}


def test_what_is_no_part_of_a_file_is_not_applicable(store: Store, tmp_path: Path) -> None:
    number = filed(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02"))
    assert became(store, number, "SUB-009") == (RuleOutcome.NOT_APPLICABLE, Why.NOT_OF_FORMAT)
    assert became(store, number, "SUB-011") == (RuleOutcome.NOT_APPLICABLE, Why.NOT_GIVEN)
    assert became(store, number, "REC-008") == (RuleOutcome.NOT_APPLICABLE, Why.BEFORE_ITS_DATE)
    early = filed(store, tmp_path, "korbit_reconciliation_2026-05-02.csv", checks("2026-05-02"))
    assert became(store, early, "REC-002") == (RuleOutcome.NOT_APPLICABLE, Why.BEFORE_ITS_DATE)
    nil = filed(store, tmp_path, "korbit_halts_2026-11-02.csv", halts())
    assert became(store, nil, "HLT-001") == (RuleOutcome.NOT_APPLICABLE, Why.NIL_RETURN)
    assert became(store, nil, "SUB-001") == (RuleOutcome.CLEAN, None)


def test_a_rule_that_we_fail_on_has_its_incident_until_it_is_judged_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Period.parse("2026-11-02").start.astimezone(KST)
    content = halts(halt("h", stopped, stopped + timedelta(hours=30)))
    number = filed(store, tmp_path, "korbit_halts_2026-11-02.csv", content)
    assert became(store, number, "HLT-009") == (RuleOutcome.FOUND, None)
    found = entries_of(store, number, rules=["HLT-009"])[0].finding_count

    def fail(_: Any) -> Any:
        raise ArithmeticError("on purpose")

    with monkeypatch.context() as failing:
        failing.setattr("etl.review.answered", fail)
        filed(store, tmp_path, "korbit_halts_2026-11-03.csv", halts())
    (entry,) = entries_of(store, number, rules=["HLT-009"])
    assert (entry.outcome, entry.finding_count) == (RuleOutcome.FAILED, found), "what was found before stands"
    assert entry.incident
    assert became(store, number, "HLT-001") == (RuleOutcome.CLEAN, None), "met once, when it was filed"
    with writing(store.engine) as connection:
        for one in life.listed(connection):
            life.judge_again(connection, one.id)
    jobs.process(store)
    assert became(store, number, "HLT-009") == (RuleOutcome.FOUND, None)


def test_a_file_that_we_fail_on_has_failed_in_every_rule(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise ArithmeticError("on purpose")

    monkeypatch.setattr("etl.jobs.decide", fail)
    number = filed(store, tmp_path, "korbit_halts_2026-11-02.csv", halts())
    entries = entries_of(store, number)
    assert {entry.outcome for entry in entries} == {RuleOutcome.FAILED}
    assert all(entry.incident for entry in entries)
    assert not tally(entries).is_complete


def test_what_was_judged_before_outcomes_were_recorded_is_never_called_clean(store: Store, tmp_path: Path) -> None:
    number = filed(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02", every=5))
    with writing(store.engine) as connection:
        connection.execute(delete(t.judgements))
    entries = entries_of(store, number)
    assert {entry.outcome for entry in entries if entry.why is None} == {RuleOutcome.NOT_RECORDED}
    assert RuleOutcome.CLEAN not in {entry.outcome for entry in entries}
    assert not tally(entries).is_complete


def test_what_was_received_and_not_judged_yet_is_pending(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "korbit_halts_2026-11-02.csv"
    path.write_text(halts(), "utf-8")
    receipt = jobs.receive(store, Candidate(path, declare(path.name)), received_at=MORNING)
    assert became(store, receipt.submission.id, "SUB-001") == (RuleOutcome.NOT_EVALUATED, Why.PENDING)


# ------------------------------------------------------------------------------------- of whom, and when


def test_a_month_says_on_how_many_of_its_days_a_rule_was_evaluated(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, "korbit_halts_2026-11-02.csv", halts())
    stopped = Period.parse("2026-11-03").start.astimezone(KST)
    filed(store, tmp_path, "korbit_halts_2026-11-03.csv", halts(halt("h", stopped, stopped + timedelta(hours=1))))
    filed(store, tmp_path, "korbit_reconciliation_2026-11-03.csv", checks("2026-11-03", every=5))
    with reading(store.engine) as connection:
        entries = list(
            current_ledger(
                connection,
                Period.parse("2026-11-06").start,
                exchanges=("korbit",),
                rules=("HLT-005",),
                first=Period.parse("2026-11-02"),
                last=Period.parse("2026-11-04"),
            )
        )
    assert [(one.period.text, one.outcome, one.why) for one in entries] == [
        ("2026-11-02", RuleOutcome.NOT_EVALUATED, Why.LACKING),
        ("2026-11-03", RuleOutcome.CLEAN, None),
        ("2026-11-04", RuleOutcome.NOT_EVALUATED, Why.NOT_FILED),
    ]
    assert entries[2].submission is None
    (month,) = coverage(entries)
    assert (month.rule, month.exchange, month.month) == ("HLT-005", "korbit", "2026-11")
    assert (month.period_count, month.evaluated_count, month.not_evaluated_count) == (3, 1, 2)
    assert month.read_count > 0


def test_a_day_in_slices_counts_once_and_as_its_gravest_part(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, "korbit_reconciliation_2026-11-02T00-12.csv", checks("2026-11-02T00-12", every=5))
    with reading(store.engine) as connection:
        asked_of = {"exchanges": ("korbit",), "rules": ("REC-003",)}
        day = Period.parse("2026-11-02")
        entries = list(current_ledger(connection, Period.parse("2026-11-04").start, **asked_of, first=day, last=day))
    assert [one.outcome for one in entries] == [RuleOutcome.CLEAN, RuleOutcome.NOT_EVALUATED]
    (month,) = coverage(entries)
    assert (month.period_count, month.evaluated_count) == (1, 0)


def test_every_rule_that_rejects_is_in_the_ledger_of_an_accepted_file(history: Store) -> None:
    with reading(history.engine) as connection:
        accepted = [one for one in life.listed(connection) if one.state is State.ACCEPTED]
        made = judgements.recorded(connection, [one.id for one in accepted])
    known = {(one.submission, one.judgement.rule) for one in made}
    for one in accepted:
        assert {(one.id, rule.id) for rule in rejecting_rules(one.report)} <= known

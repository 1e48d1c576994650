"""The proof matrix: every rule fires exactly as specified on every exchange's own format, and is silent otherwise."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.testbed.proof import ground
from app.testbed.proof.files import Mutation
from app.testbed.proof.matrix import Proof, UnprovenRuleError, mutation_of, prove, proven, put_away
from app.testbed.proof.mutations import all_mutations
from etl import examine
from etl.exchanges import all_exchanges
from expectations.catalogue import all_reports, all_rules, rejecting_rules

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def bench() -> Iterator[None]:
    yield
    put_away()


@pytest.mark.parametrize("exchange", all_exchanges())
@pytest.mark.parametrize("rule", all_rules())
def test_a_rule_fires_exactly_as_specified_and_is_silent_on_the_ground(rule: str, exchange: str) -> None:
    mutation_of(rule)
    proof = prove(rule, exchange)
    if proof.not_applicable is not None:
        assert len(proof.not_applicable.split()) > 3, "a reason is a sentence"
        return
    assert proof.fired, "\n  ".join([f"{rule}, {exchange}: {proof.what}", *proof.differences])
    assert proof.silent, "\n  ".join([f"{rule}, {exchange}, without the mutation", *proof.differences])


def test_no_mutation_is_of_a_rule_that_is_not_in_the_book() -> None:
    assert all_mutations().keys() <= all_rules().keys()


def test_a_rule_without_a_mutation_is_told_what_to_add() -> None:
    with pytest.raises(UnprovenRuleError, match=r"rule NEW-001 has no proof: add a mutation 'NEW-001'"):
        mutation_of("NEW-001")


@pytest.mark.parametrize("mutation", all_mutations().values(), ids=lambda mutation: mutation.rule)
def test_a_mutation_says_what_it_does_and_excuses_only_members(mutation: Mutation) -> None:
    assert mutation.what
    assert mutation.not_applicable.keys() < set(all_exchanges())
    assert set(mutation.also) < all_rules().keys() - {mutation.rule}


def test_every_exchange_files_rows_of_every_report_somewhere_on_the_ground() -> None:
    filed = {(f.exchange, f.report) for f in ground.filings().values() if f.table.num_rows}
    assert filed == {(exchange, report) for exchange in all_exchanges() for report in all_reports()}


def test_the_ground_looks_the_same_each_time() -> None:
    names = {f.name for f in ground.filings().values()}
    assert len(names) == len(ground.filings())
    again = {f.name: f.data for f in ground.beginning()}
    assert again == {f.name: f.data for f in ground.beginning()}


# ---------------------------------------------------------------------------------- the matrix can fail


@pytest.mark.parametrize("violation", ["false", "true"])
def test_a_rule_that_finds_too_little_or_too_much_is_not_proven(
    violation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = all_rules()["VOL-003"]
    wrong = replace(rule, kwargs={**rule.kwargs, "violation": violation})
    others = [r for r in rejecting_rules("api_volume") if r != rule]
    monkeypatch.setattr(examine.Book, "rejecting_rules", lambda _book, _report: (*others, wrong))
    assert not any(cell.fired for cell in proven(mutation_of("VOL-003")).values())


def test_a_finding_that_does_not_come_fails_the_cell() -> None:
    true = mutation_of("KEY-001")

    def told_otherwise(files: object) -> object:
        (wanted,) = true.change(files)
        return [replace(wanted, finding=replace(wanted.finding, subject="read"))]

    cells = proven(replace(true, change=told_otherwise))
    assert not any(cell.holds for cell in cells.values())
    assert cells["upbit"].differences == (
        "not found: KEY-001, api_keys, 2027-01-02, read",
        "found besides: KEY-001, api_keys, 2027-01-02, withdraw",
    )


def test_a_rule_that_should_fire_too_and_does_not_fails_the_cell() -> None:
    cells = proven(replace(mutation_of("KEY-001"), also=("KEY-002",)))
    assert {cell.differences for cell in cells.values()} == {("not found: any KEY-002",)}


def test_a_cell_holds_only_where_the_rule_fired_and_was_silent() -> None:
    cell = Proof("VOL-001", "upbit", "", fired=True, silent=True)
    assert cell.holds
    assert not replace(cell, silent=False).holds
    assert not replace(cell, fired=False).holds

"""Four eyes: a threshold changes by one administrator's proposal and another's approval, from a date on."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from typer.testing import CliRunner

from app.cli import app
from app.queries.thresholds import threshold_makers, thresholds_held
from app.scope import Scope
from etl import jobs
from etl.records import operators, people, thresholds
from etl.records import submissions as life
from etl.records.administrators import RefusedError
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, EventKind, entries
from etl.records.moved_on import MovedOnError
from etl.records.people import Role
from etl.records.thresholds import Decision, ThresholdChange, thresholds_in_force
from etl.records.vouched import without_digests
from etl.store import open_store
from etl.what_if import what_if_of
from expectations.catalogue import (
    all_parameters,
    all_reports,
    published_rules,
    rule_set_version,
    thresholds_of_the_book,
)
from expectations.vocabulary import KST, Parameter, Period, Source, Wording
from tests.filing import checks, file
from tests.people import EVERYBODY

ROOT = Path(__file__).resolve().parent.parent
AT = datetime(2026, 11, 3, 3, 0, tzinfo=UTC)
"""Noon of 3 November in Korea."""
DAY = date(2026, 11, 10)
PAST, LATER = "2026-11-02", "2026-11-12"
RATIO = "halt_shortfall_ratio"
PASSWORD = "correct horse battery"


@pytest.fixture
def store(tmp_path, database_url):
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def admins(store):
    return tuple(person(store, name) for name in ("kim", "lee"))


def person(store, name, role=Role.ADMIN, actor=COMMAND):
    with writing(store.engine) as connection:
        return people.add(connection, name, role, password=PASSWORD, actor=actor, at=AT).id


def shown(change):
    return {"name": change.name, "exchange": change.exchange, "value": f"{thresholds.number_of(change)}", "rules": []}


def propose(store, actor, change=None, *, at=AT, reason="the market moves more", what_if=None, **instead):
    wanted = change or ThresholdChange(
        **{"name": RATIO, "exchange": None, "value": "0.1", "effective_from": DAY, **instead}
    )
    with writing(store.engine) as connection:
        shown_to = shown(wanted) if what_if is None else what_if
        return thresholds.propose(connection, wanted, reason=reason, what_if=shown_to, actor=actor, at=at)


def decide(store, proposal, actor, decision=Decision.APPROVED, *, at=AT, reason="agreed"):
    with writing(store.engine) as connection:
        return thresholds.decide(connection, proposal.id, decision, reason=reason, actor=actor, at=at)


def in_force(store):
    with reading(store.engine) as connection:
        return thresholds_in_force(connection)


def found(store):
    """Everything that stands, with the moments at which it was found."""
    with reading(store.engine) as connection:
        return connection.execute(text("SELECT * FROM findings ORDER BY id")).all()


def rules_of(outcome):
    return [finding.rule for _, finding in outcome.findings]


# -------------------------------------------------------------------------------------- coming into force


def test_what_two_administrators_agree_on_holds_from_its_day_on_and_not_before(store, admins):
    approved = decide(store, propose(store, admins[0]), admins[1])
    assert (approved.decision, approved.decided_by, approved.proposed_by) == (Decision.APPROVED, admins[1], admins[0])
    held = in_force(store)
    assert held.value(RATIO, DAY - timedelta(days=1)) == Decimal("0.01")
    assert held.value(RATIO, DAY) == Decimal("0.1")
    entry = held.in_force(RATIO, DAY, "korbit")
    assert (entry.source, entry.proposal, entry.reason.ko) == (Source.MODEL, approved.id, "the market moves more")


def test_an_open_a_refused_and_a_withdrawn_proposal_change_nothing(store, admins):
    propose(store, admins[0], name="halt_delay_minutes", value="7")
    decide(store, propose(store, admins[0]), admins[1], Decision.REFUSED)
    decide(store, propose(store, admins[0]), admins[0], Decision.WITHDRAWN)
    assert in_force(store) == thresholds_of_the_book()


def test_one_exchanges_own_value_leaves_the_others_and_its_own_past_as_they_are(store, admins):
    decide(store, propose(store, admins[0], exchange="korbit"), admins[1])
    held = in_force(store)
    assert [held.value(RATIO, day, "korbit") for day in (date(2026, 5, 1), DAY - timedelta(days=1), DAY)] == [
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal("0.1"),
    ]
    assert held.value(RATIO, DAY, "upbit") == held.value(RATIO, DAY) == Decimal("0.01")
    decide(store, propose(store, admins[0], value="0.2", effective_from=DAY + timedelta(days=5)), admins[1])
    assert in_force(store).value(RATIO, DAY + timedelta(days=5), "korbit") == Decimal("0.1")
    assert in_force(store).value(RATIO, DAY + timedelta(days=5), "upbit") == Decimal("0.2")


def test_a_threshold_that_only_some_had_is_new_to_another_from_its_day_on_alone(store, admins):
    decide(store, propose(store, admins[0], name="maximum_ips_per_key", exchange="korbit", value="8"), admins[1])
    values = [in_force(store).value("maximum_ips_per_key", DAY + timedelta(days=n), "korbit") for n in (-900, -1, 0)]
    assert values == [None, None, 8]


def test_a_past_day_keeps_its_findings_byte_for_byte_and_a_later_one_is_judged_by_the_new_value(
    store, admins, tmp_path
):
    """The shortfall is 6.7 % of the ledger: above one per cent, below ten."""
    short = range(10, 14)
    past = file(store, tmp_path, f"korbit_reconciliation_{PAST}.csv", checks(PAST, every=5, short=short))
    assert rules_of(past) == ["REC-003", "REC-004"]
    before = found(store)
    decide(store, propose(store, admins[0]), admins[1])
    jobs.process(store)
    assert found(store) == before
    later = file(store, tmp_path, f"korbit_reconciliation_{LATER}.csv", checks(LATER, every=5, short=short))
    assert rules_of(later) == ["REC-003"]
    file(store, tmp_path, f"korbit_halts_{PAST}.csv", "haltId,scope,target,functions,trigger,automatic,detectedAt,"
         "haltedAt,resumedAt,noticeAt,affectedAccounts\r\n")  # fmt: skip
    assert [row for row in found(store) if row.period == PAST and row.report == "reconciliation"] == before


def test_days_that_are_accepted_ahead_of_the_date_are_judged_again_and_no_other(store, admins, tmp_path):
    short = range(10, 14)
    for day in (PAST, LATER):
        file(store, tmp_path, f"korbit_reconciliation_{day}.csv", checks(day, every=5, short=short))
    assert [row.rule for row in found(store)] == ["REC-003", "REC-004"] * 2
    decide(store, propose(store, admins[0]), admins[1])
    with reading(store.engine) as connection:
        assert [one.period.text for one in life.unreviewed(connection)] == [LATER]
    jobs.process(store)
    assert [(row.period, row.rule) for row in found(store) if row.lifted_at is None] == [
        (PAST, "REC-003"),
        (PAST, "REC-004"),
        (LATER, "REC-003"),
    ]
    with reading(store.engine) as connection:
        assert life.unreviewed(connection) == []


def test_two_stores_in_one_process_are_judged_each_by_its_own(store, admins, tmp_path):
    decide(store, propose(store, admins[0]), admins[1])
    other = open_store(tmp_path / "other", f"sqlite:///{tmp_path / 'other.sqlite'}")
    content = checks(LATER, every=5, short=range(10, 14))
    name = f"korbit_reconciliation_{LATER}.csv"
    for _ in range(2):
        assert rules_of(file(store, tmp_path, name, content)) == ["REC-003"]
        assert rules_of(file(other, tmp_path, name, content)) == ["REC-003", "REC-004"]
    other.engine.dispose()


def test_the_rule_set_version_changes_with_what_is_approved_and_with_nothing_else(store, admins, tmp_path):
    assert rule_set_version(in_force(store)) == rule_set_version()
    proposal = propose(store, admins[0])
    assert rule_set_version(in_force(store)) == rule_set_version()
    decide(store, proposal, admins[1])
    changed = rule_set_version(in_force(store))
    assert changed != rule_set_version()
    assert len(changed) == 12
    filed = file(store, tmp_path, f"korbit_reconciliation_{LATER}.csv", checks(LATER)).receipt.submission
    assert filed.rule_set_version == changed
    decide(store, propose(store, admins[0], name="halt_delay_minutes", value="7"), admins[1])
    assert rule_set_version(in_force(store)) not in (changed, rule_set_version())


def test_a_rejected_file_is_judged_anew_once_another_threshold_is_in_force(store, admins, tmp_path):
    name, wrong = f"korbit_reconciliation_{PAST}.csv", checks(PAST).replace("1.5", "-1.5", 1)
    first = file(store, tmp_path, name, wrong).receipt
    assert file(store, tmp_path, name, wrong).receipt.duplicate
    decide(store, propose(store, admins[0]), admins[1])
    again = file(store, tmp_path, name, wrong).receipt
    assert not again.duplicate
    assert again.submission.id != first.submission.id


# ------------------------------------------------------------------------------------------ who and when


def refusal(call, *given, **more):
    with pytest.raises(RefusedError) as caught:
        call(*given, **more)
    return caught.value.reason


def test_who_proposed_cannot_decide_and_who_did_not_cannot_withdraw(store, admins):
    proposal = propose(store, admins[0])
    assert refusal(decide, store, proposal, admins[0]) == "own_proposal"
    assert refusal(decide, store, proposal, admins[0], Decision.REFUSED) == "own_proposal"
    assert refusal(decide, store, proposal, admins[1], Decision.WITHDRAWN) == "not_the_proposer"
    assert in_force(store) == thresholds_of_the_book()


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.ADMIN, Role.EXCHANGE)])
def test_nobody_but_an_administrator_proposes_or_approves(store, admins, role):
    other = person(store, "park", role)
    assert refusal(propose, store, other) == "not_an_administrator"
    assert refusal(propose, store, "P-nobody") == "not_an_administrator"
    proposal = propose(store, admins[0])
    for actor in (other, "P-nobody", COMMAND):
        assert refusal(decide, store, proposal, actor) == "not_an_administrator"


def test_an_administrator_who_was_disabled_decides_nothing(store, admins):
    proposal = propose(store, admins[0])
    with writing(store.engine) as connection:
        people.disable(connection, "lee", actor=COMMAND, at=AT)
    assert refusal(decide, store, proposal, admins[1]) == "not_an_administrator"


def gives_a_password(store, actor, name):
    with writing(store.engine) as connection:
        return people.change_password(connection, name, "another battery horse", actor=actor, at=AT).id


def made_and_made_again(store, one):
    """The account of an account that somebody made."""
    return person(store, "fourth", actor=person(store, "third", actor=one))


def made_by_the_same(store, one):
    """Two accounts that one made: neither is the other's pair of eyes, nor of who made them."""
    person(store, "third", actor=one)
    return person(store, "fourth", actor=one)


def made_by_whose_password_was_given(store, one):
    return person(store, "third", actor=gives_a_password(store, one, "lee"))


def who_gave_a_password(store, one):
    """Who approves once gave who proposes a password."""
    other = person(store, "third")
    gives_a_password(store, other, "kim")
    return other


def given_a_password_and_another_by_the_command(store, one):
    """Whoever once could sign in as somebody could do in their name what joins them."""
    gives_a_password(store, one, "lee")
    return gives_a_password(store, COMMAND, "lee")


JOINED = (
    lambda store, one: person(store, "third", actor=one),
    lambda store, one: gives_a_password(store, one, "lee"),
    made_and_made_again,
    made_by_the_same,
    made_by_whose_password_was_given,
    who_gave_a_password,
    given_a_password_and_another_by_the_command,
)


@pytest.mark.parametrize("other_of", JOINED)
def test_accounts_that_one_person_may_be_behind_are_not_four_eyes(store, admins, other_of):
    other = other_of(store, admins[0])
    proposal = propose(store, admins[0])
    assert refusal(decide, store, proposal, other) == "not_two_people"
    proposal = decide(store, proposal, admins[0], Decision.WITHDRAWN)
    assert refusal(decide, store, propose(store, other), admins[0]) == "not_two_people"


def test_what_a_bound_user_does_by_the_command_is_the_persons(store, admins):
    """Otherwise an administrator would make the second account at the terminal."""
    with writing(store.engine) as connection:
        assert operators.actor_of(connection, "kim") == COMMAND
        operators.bind(connection, "kim", "kim", at=AT)
        assert operators.actor_of(connection, "kim") == admins[0]
        assert operators.actor_of(connection, "root") == COMMAND
    third = person(store, "third", actor=admins[0])
    assert refusal(decide, store, propose(store, admins[0]), third) == "not_two_people"


@pytest.mark.parametrize(
    ("user", "name", "what"),
    [
        ("kim", "lee", "stays so"),
        ("park", "boss", "is no administrator"),
        ("park", "nobody", "there is nobody"),
        ("no user", "lee", "is no name of a user"),
        ("", "lee", "is no name of a user"),
    ],
)
def test_a_binding_is_to_an_administrator_and_for_good(store, admins, user, name, what):
    person(store, "boss", Role.MANAGER)
    with writing(store.engine) as connection:
        operators.bind(connection, "kim", "kim", at=AT)
    with pytest.raises(people.PersonError, match=what), writing(store.engine) as connection:
        operators.bind(connection, user, name, at=AT)


def test_a_bound_user_whose_person_is_disabled_does_nothing_more(store, admins):
    with writing(store.engine) as connection:
        operators.bind(connection, "kim", "kim", at=AT)
        people.disable(connection, "kim", actor=COMMAND, at=AT)
    with pytest.raises(people.PersonError, match="acts as kim"), reading(store.engine) as connection:
        operators.actor_of(connection, "kim")


def test_every_act_of_the_command_about_people_tokens_and_thresholds_names_the_operator(tmp_path, monkeypatch):
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'home' / 'daxa.sqlite'}")
    kim = person(store, "kim")
    monkeypatch.setattr("etl.records.operators.user_of_process", lambda: "kim")
    monkeypatch.setattr("app.cli.people.user_of_process", lambda: "kim")
    monkeypatch.setenv("USER", "somebody else")
    environment = {"DAXA_HOME": str(store.home), "DAXA_DATABASE_URL": ""}

    def daxa(*words):
        done = CliRunner().invoke(app, list(words), env=environment, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    daxa("users", "bind", "kim")
    daxa("users", "add", "third", "--role", "admin", "--generate")
    daxa("users", "password", "third", "--generate")
    daxa("users", "disable", "third")
    daxa("users", "enable", "third")
    token = daxa("tokens", "create", "--exchange", "korbit", "--name", "nightly", "--json")
    daxa("tokens", "revoke", json.loads(token)["token"])
    day = (datetime.now(KST) + timedelta(days=3)).date()
    daxa("thresholds", "propose", RATIO, "0.1", "--from", str(day), "--reason", "the market moves more")
    kinds = (EventKind.PERSON_CHANGE, EventKind.TOKEN_CHANGE, EventKind.THRESHOLD_CHANGE)
    with reading(store.engine) as connection:
        made = [
            (json.loads(entry.details)["change"], entry.actor)
            for kind in kinds
            for entry in entries(connection, act=kind)
        ]
    named = {change for change, actor in made if actor == kim}
    assert named == {"added", "password", "disabled", "enabled", "created", "revoked", "proposed"}
    assert [(change, actor) for change, actor in made if actor != kim] == [("bound", COMMAND), ("added", COMMAND)]
    store.engine.dispose()


def test_accounts_made_by_two_are_two_and_those_of_the_command_are_everybodys(store, admins):
    of_one, of_other = (person(store, name, actor=one) for name, one in zip(("third", "fourth"), admins, strict=True))
    assert decide(store, propose(store, of_one), of_other).decision is Decision.APPROVED
    assert decide(store, propose(store, admins[0], value="0.2"), person(store, "fifth")).decision is Decision.APPROVED


def test_what_the_command_proposes_an_administrator_may_approve(store, admins):
    assert decide(store, propose(store, COMMAND), admins[0]).decision is Decision.APPROVED


@pytest.mark.parametrize("days", [0, -1, -400])
def test_no_day_that_has_begun_in_korea_gets_another_threshold(store, admins, days):
    evening = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)  # midnight: in Korea it is the 4th
    day = date(2026, 11, 4) + timedelta(days=days)
    assert refusal(propose, store, admins[0], effective_from=day, at=evening) == "day_has_begun"
    assert propose(store, admins[0], effective_from=date(2026, 11, 5), at=evening)


def test_an_approval_that_comes_too_late_is_refused(store, admins):
    proposal = propose(store, admins[0])
    begun = datetime(2026, 11, 9, 15, 0, tzinfo=UTC)
    assert refusal(decide, store, proposal, admins[1], at=begun) == "day_has_begun"
    assert decide(store, proposal, admins[1], at=begun - timedelta(milliseconds=1)).decision is Decision.APPROVED


def test_nothing_is_decided_twice(store, admins):
    proposal = decide(store, propose(store, admins[0]), admins[1], Decision.REFUSED)
    for decision, actor in ((Decision.APPROVED, admins[1]), (Decision.WITHDRAWN, admins[0])):
        with pytest.raises(MovedOnError) as late:
            decide(store, proposal, actor, decision)
        assert (late.value.what, late.value.actor, late.value.at) == (Decision.REFUSED, admins[1], AT)


# ------------------------------------------------------------------------------------------------- what


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("no_such", "1", "no_threshold"),
        ("maximum_rows", "100", "of_the_machine"),
        (RATIO, "", "no_number"),
        (RATIO, "NaN", "no_number"),
        (RATIO, "-0.1", "no_number"),
        (RATIO, "1e-2", "no_number"),
        (RATIO, "０.1", "no_number"),
        (RATIO, "0.123456789", "too_fine"),
        (RATIO, "1.1", "out_of_bounds"),
        (RATIO, "0", "out_of_bounds"),
        (RATIO, "0.010", "no_change"),
        ("halt_delay_minutes", "4.5", "not_whole"),
        ("halt_delay_minutes", "61", "out_of_bounds"),
        ("first_action_hours", "100", "out_of_bounds"),
        ("halt_shortfall_krw", "10000000000", "out_of_bounds"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_reason(store, admins, name, value, reason):
    change = ThresholdChange(name, None, value, DAY)
    what_if = {"name": name, "exchange": None, "value": "0.01"}
    assert refusal(propose, store, admins[0], change, what_if=what_if) == reason


def test_values_are_exact_and_of_the_kind_of_the_books(store, admins):
    assert propose(store, admins[0], value="0.12345678").value == Decimal("0.12345678")
    whole = propose(store, admins[0], name="halt_shortfall_krw", value="2,000,000,000").value
    assert (whole, type(whole)) == (2_000_000_000, int)


def test_a_proposal_needs_a_reason_an_exchange_that_is_one_and_the_what_if_of_this_very_change(store, admins):
    assert refusal(propose, store, admins[0], reason="  ") == "no_reason"
    assert refusal(propose, store, admins[0], reason="x" * 501) == "long_reason"
    assert refusal(propose, store, admins[0], exchange="nowhere") == "no_exchange"
    assert refusal(propose, store, admins[0], what_if={}) == "no_what_if"
    other = shown(ThresholdChange(RATIO, None, "0.2", DAY))
    assert refusal(propose, store, admins[0], what_if=other) == "no_what_if"


def test_one_threshold_has_one_open_proposal_at_a_time(store, admins):
    propose(store, admins[0])
    assert refusal(propose, store, admins[1], value="0.2") == "already_proposed"
    assert propose(store, admins[1], exchange="upbit", value="0.2")


def test_refusing_needs_a_reason_and_approving_does_not(store, admins):
    proposal = propose(store, admins[0])
    assert refusal(decide, store, proposal, admins[1], Decision.REFUSED, reason=" ") == "no_reason"
    assert decide(store, proposal, admins[1], reason="").decision is Decision.APPROVED


def test_every_act_is_in_the_log_with_who_did_it(store, admins):
    proposal = decide(store, propose(store, admins[0]), admins[1])
    with reading(store.engine) as connection:
        logged = entries(connection, act=EventKind.THRESHOLD_CHANGE)
    assert [(entry.actor, entry.subject, json.loads(entry.details)["change"]) for entry in logged] == [
        (admins[1], proposal.id, "approved"),
        (admins[0], proposal.id, "proposed"),
    ]
    assert json.loads(without_digests(logged[1].details)) == {
        "change": "proposed",
        "name": RATIO,
        "exchange": None,
        "value": "0.1",
        "effective_from": "2026-11-10",
        "reason": "the market moves more",
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE threshold_proposals SET value = '0.9'",
        "DELETE FROM threshold_proposals",
        "UPDATE threshold_decisions SET decision = 'refused'",
        "DELETE FROM threshold_decisions",
    ],
)
def test_what_was_proposed_and_decided_cannot_be_changed_or_removed(store, admins, statement):
    decide(store, propose(store, admins[0]), admins[1])
    with pytest.raises(DatabaseError, match="only grows"), writing(store.engine) as connection:
        connection.execute(text(statement))
    assert in_force(store).value(RATIO, DAY) == Decimal("0.1")


# --------------------------------------------------------------------------------------------- what if


def test_what_a_change_would_do_is_told_by_every_rule_that_it_concerns(store, tmp_path):
    file(store, tmp_path, f"korbit_reconciliation_{PAST}.csv", checks(PAST, every=5, short=range(10, 14)))
    day = date.fromisoformat(PAST)
    told = what_if_of(store, ThresholdChange(RATIO, None, "0.1", DAY), day, day)
    rule, about_halts = told["rules"]
    assert (about_halts["rule"], about_halts["submissions"]) == ("HLT-012", 0)
    assert (told["value"], rule["rule"], rule["findings_now"], rule["gone"]) == ("0.1", "REC-004", 1, 1)
    other = what_if_of(store, ThresholdChange(RATIO, "upbit", "0.1", DAY), day, day)
    assert [one["gone"] for one in other["rules"]] == [0, 0]
    shared = what_if_of(store, ThresholdChange("history_minimum_days", None, "3", DAY), day, day)
    assert [one["rule"] for one in shared["rules"]] == ["VOL-007", "KEY-009", "SUR-005"]


def test_what_if_compares_with_what_is_in_force_in_the_store(store, admins, tmp_path):
    decide(store, propose(store, admins[0]), admins[1])
    file(store, tmp_path, f"korbit_reconciliation_{LATER}.csv", checks(LATER, every=5, short=range(10, 14)))
    day = date.fromisoformat(LATER)
    rule = what_if_of(store, ThresholdChange(RATIO, None, "0.01", DAY), day, day)["rules"][0]
    assert (rule["findings_now"], rule["findings_then"], rule["new"]) == (0, 1, 1)


# ------------------------------------------------------------------------------------------- the book


OF_THE_BOOK_ALONE = {"new_case_days", "trading_halts_only"}
"""Thresholds that say since when something counts, or which actions are one case: they change with the program."""


def test_exactly_the_thresholds_of_rules_over_accepted_files_may_be_changed_within_bounds():
    judged = {name for report in all_reports() for rule in published_rules(report) for name in rule.parameters}
    assert {entry.name for entry in all_parameters() if entry.minimum is not None} == judged - OF_THE_BOOK_ALONE
    for entry in all_parameters():
        assert (entry.minimum is None) == (entry.maximum is None)
        if entry.minimum is not None:
            assert 0 <= entry.minimum <= entry.value <= entry.maximum, entry.name
            assert type(entry.minimum) is type(entry.maximum) is type(entry.value), entry.name


def test_of_two_values_for_one_day_the_one_that_was_decided_later_holds():
    wording = Wording("가", "a")
    own = [Parameter(RATIO, Decimal(value), DAY, Source.MODEL, wording, proposal=value) for value in ("0.2", "0.3")]
    held = thresholds_of_the_book().changed_by(own)
    assert held.value(RATIO, DAY) == Decimal("0.3")
    assert held.changed == tuple(own)
    assert Period.of_day(DAY).start.astimezone(KST).date() == DAY


FROM_THE_BOOK_ITSELF = {
    "etl/bounds.py", "etl/intake.py", "etl/normalise.py",
    "etl/entities.py", "etl/examine.py", "etl/formats/csv_lines.py", "etl/formats/parquet_columns.py",
    "etl/formats/reading.py",
    "etl/formats/table.py", "etl/formats/workbook.py",
    "app/api/incoming.py", "app/filing/desk.py", "app/filing/upload_parts.py",
    "app/testbed/proof/mutations/api_keys.py", "app/testbed/proof/mutations/submission.py", "app/testbed/bench/day.py",
}  # fmt: skip
"""Who asks the book and no store: limits of the machine, and proofs and benches over stores that nobody changed."""


def test_who_judges_or_shows_reports_asks_the_thresholds_of_the_store():
    asking = re.compile(r"from expectations\.catalogue import [^\n]*\bparameter\b")
    wrong = sorted(
        file.relative_to(ROOT).as_posix()
        for floor in ("etl", "app", "pages")
        for file in (ROOT / floor).rglob("*.py")
        if asking.search(file.read_text("utf-8")) and file.relative_to(ROOT).as_posix() not in FROM_THE_BOOK_ITSELF
    )
    assert not wrong, f"take thresholds as an argument (view.thresholds, thresholds_in_force) in {wrong}"


@pytest.mark.parametrize(
    ("scope", "sees"),
    [(Scope(Role.EXCHANGE, ("korbit",)), True), (Scope(Role.EXCHANGE, ("upbit",)), False), (EVERYBODY, True)],
    ids=["the exchange itself", "another exchange", "a supervisor"],
)
def test_what_is_set_for_one_exchange_is_told_to_it_and_to_those_who_supervise_all(store, admins, scope, sees):
    own = decide(store, propose(store, admins[0], exchange="korbit", reason="korbit is thin"), admins[1])
    common = decide(store, propose(store, admins[0], value="0.2", reason="the market moves more"), admins[1])
    told = {one.proposal for one in thresholds_held(store, scope).changed}
    assert told == {common.id} | ({own.id} if sees else set())
    assert set(threshold_makers(store, scope)) == told

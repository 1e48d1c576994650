"""Two people act on one state: the second is told what the first has done, and the record holds the first's alone."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from answer_store import DAYS, filed, traded
from people import PASSWORD
from sqlalchemy import Connection, select

from etl import receiving
from etl.answers import EXPLAINED_KINDS, OVER_WITH_THE_DATA, BreachState, Outcome
from etl.exchanges import all_exchanges
from etl.intake import Declared
from etl.records import administrators, answers, breaches, log, people, row_grants, thresholds
from etl.records import submissions as life
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, EventKind
from etl.records.moved_on import NOTHING, MovedOnError, state_in_log
from etl.records.people import Role
from etl.records.tables import findings
from etl.records.thresholds import Decision, ThresholdChange
from etl.records.tokens import TokenScope
from etl.store import open_store
from expectations.vocabulary import Kind, Period

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
CHANGE = ThresholdChange(name="halt_shortfall_ratio", exchange=None, value="0.1", effective_from=date(2026, 12, 10))
WHAT_IF = {"name": CHANGE.name, "exchange": None, "value": "0.1", "rules": []}
EXPLAINED = findings.c.kind.in_(EXPLAINED_KINDS)
BREACHES = (findings.c.kind == Kind.COMPLIANCE, findings.c.rule.not_in(OVER_WITH_THE_DATA))
NOT_ABOUT_A_STATE = {
    *(EventKind.SIGN_IN, EventKind.SIGN_IN_FAILED, EventKind.SIGN_OUT, EventKind.DOWNLOAD, EventKind.VIEW_ROWS),
    *(EventKind.RECEIPT, EventKind.VERDICT_READ, EventKind.VERDICT, EventKind.MIGRATE, EventKind.VERIFY),
    *(EventKind.BACKUP, EventKind.RESTORE, EventKind.HEAL, EventKind.FAILURE, EventKind.RETRY),
    *(EventKind.REVIEW, EventKind.INCIDENT, EventKind.REHASH, EventKind.VOUCH, EventKind.KEY_CHANGE),
}
"""Acts that change nothing that somebody else may have changed, or that are the program's own."""

Attempt = Callable[[str, datetime], Any]
"""An act by the person with this id at this moment, on the state that was seen before."""


class House:
    """A store with two administrators, two supervisors, and two people of Korbit."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.store = open_store(folder / "home", url)
        self.people: dict[str, str] = {}
        with writing(self.store.engine) as connection:
            for role, exchange in ((Role.ADMIN, None), (Role.SUPERVISOR, None), (Role.EXCHANGE, "korbit")):
                for number in (1, 2):
                    name = f"{role.value}{number}"
                    made = people.add(
                        connection, name, role, exchange=exchange, password=PASSWORD, actor=COMMAND, at=AT
                    )
                    self.people[name] = made.id

    def two(self, role: Role) -> tuple[str, str]:
        return self.people[f"{role.value}1"], self.people[f"{role.value}2"]

    def write(self, act: Callable[..., Any], *about: Any, lock: str = "records", **how: Any) -> Any:
        with writing(self.store.engine, lock=lock) as connection:
            return act(connection, *about, **how)

    def read(self, question: Callable[..., Any], *about: Any) -> Any:
        with reading(self.store.engine) as connection:
            return question(connection, *about)

    def file(self) -> str:
        return filed(self.store, self.folder / "inbox", "korbit", DAYS[0], short=range(30, 34), absent=range(100, 110))

    def finding(self, *which: Any) -> int:
        with reading(self.store.engine) as connection:
            query = select(findings.c.id).where(*which).order_by(findings.c.id)
            return int(connection.execute(query).scalars().first() or 0)

    def explained(self) -> Any:
        self.file()
        (author, _) = self.two(Role.EXCHANGE)
        return self.write(
            answers.explain, actor_of(author, Role.EXCHANGE), self.finding(EXPLAINED), "weekly", lock="answers", at=AT
        )

    def proposed(self, actor: str) -> Any:
        return self.write(thresholds.propose, CHANGE, reason="it moves", what_if=WHAT_IF, actor=actor, at=AT)


def actor_of(person: str, role: Role) -> answers.Actor:
    return answers.Actor(person, role, ("korbit",) if role is Role.EXCHANGE else tuple(all_exchanges()))


# ------------------------------------------------------------------------------------ the acts


def explaining(house: House) -> Attempt:
    house.file()
    number = house.finding(EXPLAINED)

    def act(person: str, at: datetime) -> Any:
        actor = actor_of(person, Role.EXCHANGE)
        return house.write(answers.explain, actor, number, "weekly", lock="answers", seen=NOTHING, at=at)

    return act


def explaining_again(house: House) -> Attempt:
    made = house.explained()
    (who, _) = house.two(Role.SUPERVISOR)
    refused = house.write(
        *(answers.decide, actor_of(who, Role.SUPERVISOR), made.id, Outcome.REFUSED, "no"), lock="answers", at=AT
    )
    number = house.finding(EXPLAINED)

    def act(person: str, at: datetime) -> Any:
        actor = actor_of(person, Role.EXCHANGE)
        return house.write(answers.explain, actor, number, "daily", lock="answers", seen=refused.version, at=at)

    return act


def deciding(house: House) -> Attempt:
    made = house.explained()

    def act(person: str, at: datetime) -> Any:
        about = (actor_of(person, Role.SUPERVISOR), made.id, Outcome.REFUSED, "no")
        return house.write(answers.decide, *about, lock="answers", seen=made.version, at=at)

    return act


def deciding_again(house: House) -> Attempt:
    made = house.explained()
    (who, _) = house.two(Role.SUPERVISOR)
    about = (actor_of(who, Role.SUPERVISOR), made.id)
    first = house.write(answers.decide, *about, Outcome.REFERRED, "ask", lock="answers", at=AT)

    def act(person: str, at: datetime) -> Any:
        again = (actor_of(person, Role.SUPERVISOR), made.id, Outcome.ACCEPTED, "yes")
        return house.write(answers.decide, *again, until=date(2026, 12, 1), lock="answers", seen=first.version, at=at)

    return act


def remedying(house: House) -> Attempt:
    house.file()
    number = house.finding(*BREACHES)

    def act(person: str, at: datetime) -> Any:
        about = (actor_of(person, Role.EXCHANGE), number, BreachState.REMEDIED, "paid in")
        return house.write(breaches.bring_to, *about, lock="answers", seen="open.0", at=at)

    return act


def closing(house: House) -> Attempt:
    remedying(house)(house.two(Role.EXCHANGE)[0], AT)
    number = house.finding(*BREACHES)

    def act(person: str, at: datetime) -> Any:
        about = (actor_of(person, Role.SUPERVISOR), number, BreachState.CLOSED, "seen")
        return house.write(breaches.bring_to, *about, lock="answers", seen="remedied.1", at=at)

    return act


def proposing(house: House) -> Attempt:
    seen = house.read(state_in_log, EventKind.THRESHOLD_CHANGE)
    return lambda person, at: house.write(
        thresholds.propose, CHANGE, reason="it moves", what_if=WHAT_IF, seen=seen, actor=person, at=at
    )


def approving(house: House) -> Attempt:
    made = house.proposed(COMMAND)
    return lambda person, at: house.write(
        thresholds.decide, made.id, Decision.APPROVED, reason="agreed", actor=person, at=at
    )


def refusing(house: House) -> Attempt:
    made = house.proposed(COMMAND)
    return lambda person, at: house.write(
        thresholds.decide, made.id, Decision.REFUSED, reason="no", actor=person, at=at
    )


def adding(house: House) -> Attempt:
    seen = house.read(state_in_log, EventKind.PERSON_CHANGE)
    about = ("newcomer", Role.MANAGER, None, PASSWORD)
    return lambda person, at: house.write(administrators.add_person, *about, seen=seen, actor=person, at=at)


def about_somebody(act: Callable[..., Any], *about: Any, before: Callable[..., Any] | None = None) -> Any:
    def made(house: House) -> Attempt:
        house.write(people.add, "somebody", Role.MANAGER, exchange=None, password=PASSWORD, actor=COMMAND, at=AT)
        if before:
            house.write(before, "somebody", actor=COMMAND, at=AT)
        seen = house.read(state_in_log, EventKind.PERSON_CHANGE)
        return lambda person, at: house.write(act, "somebody", *about, seen=seen, actor=person, at=at)

    return made


def making_a_token(house: House) -> Attempt:
    seen = house.read(state_in_log, EventKind.TOKEN_CHANGE)
    about = ("korbit", "nightly", tuple(TokenScope), timedelta(days=9))
    return lambda person, at: house.write(administrators.create_token, *about, seen=seen, actor=person, at=at)


def revoking(house: House) -> Attempt:
    (who, _) = house.two(Role.ADMIN)
    made = making_a_token(house)(who, AT)
    seen = house.read(state_in_log, EventKind.TOKEN_CHANGE)
    return lambda person, at: house.write(administrators.revoke_token, made.token.id, seen=seen, actor=person, at=at)


def granting(house: House) -> Attempt:
    (who, _) = house.two(Role.ADMIN)
    name = house.read(people.by_id, who).name
    seen = house.read(state_in_log, EventKind.ROW_GRANT)
    return lambda person, at: house.write(
        row_grants.grant, name, timedelta(days=3), reason="an incident", seen=seen, actor=person, at=at
    )


def ending_a_grant(house: House) -> Attempt:
    made = granting(house)(house.two(Role.SUPERVISOR)[0], AT)
    seen = house.read(state_in_log, EventKind.ROW_GRANT)
    return lambda person, at: house.write(row_grants.end, made.id, seen=seen, actor=person, at=at)


def withdrawing(house: House) -> Attempt:
    number = house.file()
    return lambda person, at: receiving.take_out(
        house.store, number, reason="wrong day", at=at, actor=person, seen=number
    )


def filing(house: House) -> Attempt:
    house.file()
    declared = Declared("korbit", "api_volume", Period.parse(DAYS[0]))
    seen = house.read(receiving.newest_filed, declared)
    assets = iter(("XRP", "SOL", "ADA"))

    def act(person: str, at: datetime) -> Any:
        data = traded(DAYS[0], next(assets)).encode()
        return receiving.receive_bytes(
            house.store, data, "korbit_api_volume_2026-11-19.csv", declared, received_at=at, sender=person, seen=seen
        )

    return act


ACTS: dict[str, tuple[EventKind, Role, str, Callable[[House], Attempt]]] = {
    "explain": (EventKind.EXPLANATION, Role.EXCHANGE, "explained", explaining),
    "explain again": (EventKind.EXPLANATION, Role.EXCHANGE, "explained", explaining_again),
    "decide": (EventKind.DECISION, Role.SUPERVISOR, "refused", deciding),
    "decide again": (EventKind.DECISION, Role.SUPERVISOR, "accepted", deciding_again),
    "remedy": (EventKind.BREACH, Role.EXCHANGE, "remedied", remedying),
    "close": (EventKind.BREACH, Role.SUPERVISOR, "closed", closing),
    "propose": (EventKind.THRESHOLD_CHANGE, Role.ADMIN, "proposed", proposing),
    "approve": (EventKind.THRESHOLD_CHANGE, Role.ADMIN, "approved", approving),
    "refuse": (EventKind.THRESHOLD_CHANGE, Role.ADMIN, "refused", refusing),
    "add a person": (EventKind.PERSON_CHANGE, Role.ADMIN, "added", adding),
    "give a password": (
        *(EventKind.PERSON_CHANGE, Role.ADMIN, "password"),
        about_somebody(administrators.set_password, PASSWORD),
    ),
    "disable": (EventKind.PERSON_CHANGE, Role.ADMIN, "disabled", about_somebody(administrators.disable_person)),
    "enable": (
        *(EventKind.PERSON_CHANGE, Role.ADMIN, "enabled"),
        about_somebody(administrators.enable_person, before=people.disable),
    ),
    "make a token": (EventKind.TOKEN_CHANGE, Role.ADMIN, "created", making_a_token),
    "revoke a token": (EventKind.TOKEN_CHANGE, Role.ADMIN, "revoked", revoking),
    "grant rows": (EventKind.ROW_GRANT, Role.SUPERVISOR, "granted", granting),
    "end a grant": (EventKind.ROW_GRANT, Role.SUPERVISOR, "ended", ending_a_grant),
    "withdraw": (EventKind.WITHDRAW, Role.EXCHANGE, "withdrawn", withdrawing),
    "file": (EventKind.UPLOAD, Role.EXCHANGE, "filed", filing),
}
"""Every act on a state: what it is in the log, who may do it, what the second is told, and how it is done."""
WITHOUT_FILES = [name for name, (kind, role, _, _) in ACTS.items() if role is Role.ADMIN]


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    made = House(tmp_path, database_url)
    yield made
    made.store.engine.dispose()


def test_every_act_is_about_a_state_or_is_said_not_to_be() -> None:
    assert {kind for kind, _, _, _ in ACTS.values()} | NOT_ABOUT_A_STATE == set(EventKind)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ACTS)
def test_the_second_of_two_on_one_state_is_told_what_the_first_did(house: House, name: str) -> None:
    kind, role, what, prepared = ACTS[name]
    act, (first, second) = prepared(house), house.two(role)
    before = house.read(lambda connection: len(log.entries(connection, act=kind)))
    act(first, AT)
    with pytest.raises(MovedOnError) as refused:
        act(second, LATER)
    assert (refused.value.what, refused.value.actor) == (what, first)
    written = house.read(lambda connection: log.entries(connection, act=kind))
    assert len(written) == before + 1
    assert written[0].actor == first
    assert abs(refused.value.at - written[0].at) < timedelta(days=400)


@pytest.mark.parametrize("name", WITHOUT_FILES)
def test_of_two_at_one_moment_one_is_done(house: House, name: str) -> None:
    _, role, what, prepared = ACTS[name]
    act, both, gate = prepared(house), house.two(role), Barrier(2)

    def tried(person: str) -> str:
        gate.wait()
        try:
            act(person, AT)
        except MovedOnError as refused:
            assert refused.actor in both
            return refused.what
        return "done"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(tried, both)) == sorted(["done", what])


def test_a_caller_that_saw_nothing_is_answered_as_before(house: House) -> None:
    number = house.file()
    receiving.take_out(house.store, number, reason="wrong day", at=AT)
    with pytest.raises(receiving.NotWithdrawableError, match="is withdrawn"):
        receiving.take_out(house.store, number, reason="wrong day", at=LATER)


def test_a_correction_of_what_was_to_be_withdrawn_is_told(house: House) -> None:
    house.file()
    declared = Declared("korbit", "api_volume", Period.parse(DAYS[0]))
    seen = house.read(receiving.newest_filed, declared)
    (first, second) = house.two(Role.EXCHANGE)
    data = traded(DAYS[0], "XRP").encode()
    made = receiving.receive_bytes(house.store, data, "korbit.csv", declared, received_at=AT, sender=first).submission

    def supersede(connection: Connection) -> None:
        life.change_state(connection, seen, life.State.SUPERSEDED, AT, superseded_by=made.id)

    house.write(supersede)
    with pytest.raises(MovedOnError) as refused:
        receiving.take_out(house.store, seen, reason="wrong day", at=LATER, actor=second, seen=seen)
    assert (refused.value.what, refused.value.actor) == ("superseded", first)
    assert abs(refused.value.at - made.recorded_at) < timedelta(milliseconds=1)


def test_what_was_withdrawn_meanwhile_is_not_filed_over(house: House) -> None:
    house.file()
    declared = Declared("korbit", "api_volume", Period.parse(DAYS[0]))
    seen = house.read(receiving.newest_filed, declared)
    (first, second) = house.two(Role.EXCHANGE)
    receiving.take_out(house.store, seen, reason="wrong day", at=AT, actor=first)
    with pytest.raises(MovedOnError) as refused:
        receiving.receive_bytes(house.store, b"x", "korbit.csv", declared, received_at=LATER, sender=second, seen=seen)
    assert (refused.value.what, refused.value.actor) == ("withdrawn", first)


def test_the_first_of_all_is_filed_where_nothing_stands(house: House) -> None:
    declared = Declared("korbit", "api_volume", Period.parse(DAYS[0]))
    assert house.read(receiving.newest_filed, declared) == NOTHING
    receiving.receive_bytes(house.store, b"x", "korbit.csv", declared, received_at=AT, seen=NOTHING)
    with pytest.raises(MovedOnError):
        receiving.receive_bytes(house.store, b"y", "korbit.csv", declared, received_at=LATER, seen=NOTHING)

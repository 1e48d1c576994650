"""People: who may sign in, waits after failures, and sessions that are re-checked every time, on both databases."""

import threading
import time
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.cli.demo_people import DEMO_PEOPLE, make_demo_people
from etl.records import log, passwords, people, sign_in
from etl.records import sessions as kept_sessions
from etl.records.access_tables import failed_sign_ins, sessions
from etl.records.access_tables import people as people_table
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, EventKind
from etl.records.passwords import UnfitPasswordError
from etl.records.people import PersonError, Role
from etl.records.sessions import LONGEST, LONGEST_IDLE, TOUCHED_EVERY, Way, end_session, open_session, session_of
from etl.records.sign_in import FIRST_WAIT, FREE_FOR_NAME, FREE_FOR_SOURCE, LONGEST_WAIT, Refused, authenticate
from etl.records.vouched import without_digests
from etl.store import open_store
from expectations.vocabulary import KST

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=KST)
PASSWORD = "correct horse battery"
HERE = "192.0.2.7"


@pytest.fixture
def cheap(monkeypatch):
    """Hashes that cost next to nothing; how often one is checked."""
    checked = []

    class Counting(PasswordHasher):
        def verify(self, hash_, password):
            checked.append(hash_)
            return super().verify(hash_, password)

    monkeypatch.setattr(passwords, "_hasher", Counting(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobodys_hash.cache_clear()
    passwords._nobodys_hash()
    yield checked
    passwords._nobodys_hash.cache_clear()


@pytest.fixture
def store(tmp_path, database_url, cheap):
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def add(store, name="kim", role=Role.SUPERVISOR, exchange=None, password=PASSWORD):
    with writing(store.engine) as connection:
        return people.add(connection, name, role, exchange=exchange, password=password, actor=COMMAND, at=NOW)


def tried(store, name="kim", password="wrong", now=NOW, source=HERE):  # noqa: S107
    return authenticate(store.engine, name, password, source=source, now=now)


def signed_in(store, person, now=NOW):
    return open_session(store.engine, person, Way.PASSWORD, source=HERE, now=now)


def acts(store, **wanted):
    with reading(store.engine) as connection:
        return log.entries(connection, **wanted)


def whole_database(store):
    """Everything in every table, as text."""
    with reading(store.engine) as connection:
        return "\n".join(
            str(tuple(row))
            for table in people_table.metadata.sorted_tables
            for row in connection.execute(select(table))
        )


# ------------------------------------------------------------------------------------------------ people


def test_somebody_added_is_listed_with_role_and_exchange(store):
    add(store, "Lee ", Role.EXCHANGE, "upbit")
    add(store)
    with reading(store.engine) as connection:
        assert [(p.name, p.role, p.exchange, p.is_active) for p in people.listed(connection)] == [
            ("kim", Role.SUPERVISOR, None, True),
            ("lee", Role.EXCHANGE, "upbit", True),
        ]


@pytest.mark.parametrize(
    ("name", "role", "exchange", "sentence"),
    [
        ("k", Role.ADMIN, None, "is no name"),
        ("kim\x00", Role.ADMIN, None, "is no name"),
        ("김", Role.ADMIN, None, "is no name"),
        ("../kim", Role.ADMIN, None, "is no name"),
        ("x" * 65, Role.ADMIN, None, "is no name"),
        ("lee", Role.EXCHANGE, None, "with the role 'exchange'"),
        ("lee", Role.MANAGER, "upbit", "with the role 'exchange'"),
        ("lee", Role.EXCHANGE, "mtgox", "there is no exchange 'mtgox'"),
        ("KIM", Role.ADMIN, None, "already somebody called kim"),
    ],
)
def test_somebody_who_cannot_be_is_refused_in_one_sentence(store, name, role, exchange, sentence):
    add(store)
    with pytest.raises(PersonError, match=sentence):
        add(store, name, role, exchange)


@pytest.mark.parametrize(("role", "exchange"), [("exchange", None), ("admin", "upbit"), ("king", None)])
def test_the_database_itself_refuses_a_role_that_does_not_go_with_its_exchange(store, role, exchange):
    values = {"id": "P-1", "name": "x1", "role": role, "exchange": exchange, "created_at": NOW}
    with pytest.raises(IntegrityError), writing(store.engine) as connection:
        connection.execute(insert(people_table).values(values))


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "15 to 256 characters"),
        ("x" * 300, "15 to 256 characters"),
        ("kim-kim-kim-kim-", "beside the names"),
        ("aaaaaaaaaaaaaaaaaaaa", "soon guessed"),
    ],
)
def test_an_unfit_password_is_refused_in_one_sentence(store, password, sentence):
    with pytest.raises(UnfitPasswordError, match=sentence):
        add(store, password=password)


def test_a_password_is_kept_as_argon2id_and_stands_nowhere_in_clear(store):
    add(store)
    tried(store, password=PASSWORD)
    with reading(store.engine) as connection:
        assert connection.execute(select(people_table.c.password_hash)).scalar_one().startswith("$argon2id$")
    assert PASSWORD not in whole_database(store)


def test_the_usual_work_is_the_second_recommendation_of_rfc_9106():
    usual = PasswordHasher()
    assert (usual.type.name, usual.memory_cost, usual.time_cost, usual.parallelism) == ("ID", 64 * 1024, 3, 4)


def test_korean_letters_are_the_same_however_the_keyboard_composes_them(store):
    text = "비밀번호는아무에게도말하지않는다고"
    add(store, password=unicodedata.normalize("NFD", text))
    assert tried(store, password=text).name == "kim"


def test_random_passwords_are_fit_and_differ():
    made = {passwords.random_password() for _ in range(50)}
    assert len(made) == 50
    assert all(passwords.hash_of_new(one, name="kim") for one in list(made)[:2])


# ------------------------------------------------------------------------------------- signing in


def test_the_right_password_lets_in_whatever_the_case_of_the_name(store):
    person = add(store)
    assert tried(store, " KIM", PASSWORD) == person


@pytest.mark.parametrize("case", ["wrong", "unknown", "disabled", "without password", "no name", "very long"])
def test_every_failure_is_answered_alike_and_costs_the_same_work(store, cheap, case):
    add(store)
    add(store, "without", password=None)
    if case == "disabled":
        with writing(store.engine) as connection:
            people.disable(connection, "kim", actor=COMMAND, at=NOW)
    name = {"unknown": "nobody", "without password": "without", "no name": "\x00\ud800'--"}.get(case, "kim")
    given = {"wrong": "x", "very long": "y" * 10**6}.get(case, PASSWORD)
    cheap.clear()
    assert tried(store, name, given) == Refused(None)
    assert len(cheap) == 1


def test_what_was_typed_as_a_name_is_not_kept(store):
    assert tried(store, "my-secret-password") == Refused(None)
    assert "my-secret-password" not in whole_database(store)
    (entry,) = acts(store, act=EventKind.SIGN_IN_FAILED)
    assert (entry.actor, entry.subject, entry.details) == ("system", None, '{"source":"192.0.2.7"}')


@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_the_wait_after_free_attempts_doubles_up_to_its_longest_known_name_or_not(store, name):
    add(store)
    now = NOW
    for _ in range(FREE_FOR_NAME):
        assert tried(store, name, now=now) == Refused(None)
    waits = []
    for number in range(12):
        refused = tried(store, name, PASSWORD, now=now, source=f"192.0.2.{number + 10}")
        waits.append(refused.until - now)
        now = refused.until
        assert tried(store, name, now=now, source=f"192.0.2.{number + 10}") == Refused(None)
    assert waits == [min(FIRST_WAIT * 2**number, LONGEST_WAIT) for number in range(12)]


def test_the_right_password_is_not_even_looked_at_during_a_wait_and_ends_it_afterwards(store, cheap):
    add(store)
    for _ in range(FREE_FOR_NAME):
        tried(store)
    cheap.clear()
    until = NOW + FIRST_WAIT
    assert tried(store, password=PASSWORD) == Refused(until)
    assert cheap == []
    assert tried(store, password=PASSWORD, now=until).name == "kim"
    assert tried(store, now=until) == Refused(None)


def test_guessing_at_many_names_from_one_address_waits_too_and_an_own_account_does_not_help(store):
    add(store)
    for number in range(FREE_FOR_SOURCE):
        assert tried(store, f"name{number}") == Refused(None)
        if number < FREE_FOR_SOURCE - 1:
            assert tried(store, "kim", PASSWORD).name == "kim"
    assert tried(store, "kim", PASSWORD).until == NOW + FIRST_WAIT
    assert tried(store, "kim", PASSWORD, source="192.0.2.8").name == "kim"


def test_all_of_an_ipv6_network_counts_as_one_address(store):
    for number in range(FREE_FOR_SOURCE):
        tried(store, f"name{number}", source=f"2001:db8:1:2::{number:x}")
    assert tried(store, "other", source="2001:db8:1:2:ffff::1").until is not None
    assert tried(store, "other", source="2001:db8:1:3::1") == Refused(None)


ELSEWHERE = "198.51.100.7"


def locked(store):
    """Strangers have guessed at a name from elsewhere until it waits."""
    for _ in range(FREE_FOR_NAME):
        tried(store, source=ELSEWHERE)
    assert isinstance(tried(store, password=PASSWORD, source=ELSEWHERE), Refused)


def test_a_stranger_elsewhere_does_not_lock_an_owner_out(store):
    signed_in(store, add(store))
    locked(store)
    assert tried(store, password=PASSWORD).name == "kim"
    # What the stranger tried stays counted: the owner's own sign-in gives them no new attempts.
    assert tried(store, source=ELSEWHERE).until is not None
    assert tried(store, password=PASSWORD, source="203.0.113.9").until is not None


def test_one_who_guesses_in_an_office_does_not_lock_out_the_others_there(store):
    signed_in(store, add(store))
    lee = add(store, "lee")
    signed_in(store, lee)
    add(store, "new")
    for number in range(FREE_FOR_SOURCE):
        tried(store, f"name{number}")
    assert tried(store, "name0").until is not None
    assert tried(store, "new", PASSWORD).until is not None  # never signed in from there
    assert tried(store, password=PASSWORD).name == "kim"
    for _ in range(FREE_FOR_NAME):
        tried(store)
    assert tried(store, password=PASSWORD).until is not None  # somebody guesses at her name from her own place
    assert tried(store, "lee", PASSWORD).name == "lee"


def test_guessing_from_where_somebody_is_known_waits_as_long_as_elsewhere(store):
    signed_in(store, add(store))
    now = NOW
    for _ in range(FREE_FOR_NAME):
        assert tried(store, now=now) == Refused(None)
    waits = []
    for _ in range(12):
        refused = tried(store, password=PASSWORD, now=now)
        waits.append(refused.until - now)
        now = refused.until
        assert tried(store, now=now) == Refused(None)
    assert waits == [min(FIRST_WAIT * 2**number, LONGEST_WAIT) for number in range(12)]


@pytest.mark.parametrize(
    ("source", "later", "is_known"),
    [
        ("2001:db8:1:2::9", timedelta(days=1), True),
        ("2001:db8:1:3::9", timedelta(days=1), False),
        ("2001:db8:1:2::9", sign_in.KNOWN_FOR - timedelta(seconds=1), True),
        ("2001:db8:1:2::9", sign_in.KNOWN_FOR, False),
        ("", timedelta(days=1), False),
    ],
)
def test_a_place_is_known_as_a_network_and_for_a_time(store, source, later, is_known):
    open_session(store.engine, add(store), Way.PASSWORD, source="2001:db8:1:2::1", now=NOW)
    for _ in range(FREE_FOR_NAME):
        tried(store, source=ELSEWHERE, now=NOW + later)
    found = tried(store, password=PASSWORD, source=source, now=NOW + later)
    assert isinstance(found, Refused) is not is_known


def test_failures_are_forgotten_after_a_day(store):
    for _ in range(FREE_FOR_NAME):
        tried(store)
    assert tried(store, now=NOW + sign_in.FORGOTTEN_AFTER + timedelta(seconds=1)) == Refused(None)
    with reading(store.engine) as connection:
        assert set(connection.execute(select(failed_sign_ins.c.attempts)).scalars()) == {1}


def test_many_attempts_at_once_are_no_way_around_the_wait(store, cheap):
    add(store)
    cheap.clear()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(tried(store))) for _ in range(FREE_FOR_NAME + 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cheap) == FREE_FOR_NAME
    assert sorted(answer.until is None for answer in answers) == [False] * 8 + [True] * FREE_FOR_NAME


def test_a_hash_made_with_less_work_is_renewed_when_its_person_signs_in(store, monkeypatch):
    add(store)
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert tried(store, password=PASSWORD).name == "kim"
    with reading(store.engine) as connection:
        assert "m=16,t=2" in connection.execute(select(people_table.c.password_hash)).scalar_one()
    assert tried(store, password=PASSWORD).name == "kim"


# --------------------------------------------------------------------------------------- sessions


def test_a_session_says_who_is_there_and_only_its_hash_is_kept(store):
    person = add(store, "lee", Role.EXCHANGE, "upbit")
    id_ = signed_in(store, person)
    found = session_of(store.engine, id_, NOW)
    assert (found.person, found.way, found.ends_at) == (person, Way.PASSWORD, NOW + LONGEST)
    assert len(id_) == 43
    assert id_ not in whole_database(store)
    assert signed_in(store, person) != id_


@pytest.mark.parametrize("id_", [None, "", "x", "\x00", "가" * 43])
def test_an_id_that_is_none_is_nobody(store, id_):
    assert session_of(store.engine, id_, NOW) is None


def test_a_session_ends_when_idle(store):
    id_ = signed_in(store, add(store))
    assert session_of(store.engine, id_, NOW + LONGEST_IDLE - timedelta(milliseconds=1))
    id_ = signed_in(store, people_named(store, "kim"))
    assert session_of(store.engine, id_, NOW + LONGEST_IDLE) is None


def test_a_session_in_use_ends_after_its_longest_time(store):
    id_ = signed_in(store, add(store))
    now = NOW
    while now + timedelta(minutes=29) < NOW + LONGEST:
        now += timedelta(minutes=29)
        assert session_of(store.engine, id_, now)
    assert session_of(store.engine, id_, NOW + LONGEST - timedelta(milliseconds=1))
    assert session_of(store.engine, id_, NOW + LONGEST) is None


def people_named(store, name):
    with reading(store.engine) as connection:
        return people.named(connection, name)


def seen_at(store):
    with reading(store.engine) as connection:
        return connection.execute(select(sessions.c.seen_at)).scalar_one()


def test_that_somebody_is_there_is_written_at_most_once_a_minute(store):
    id_ = signed_in(store, add(store))
    session_of(store.engine, id_, NOW + TOUCHED_EVERY - timedelta(seconds=1))
    assert seen_at(store) == NOW
    session_of(store.engine, id_, NOW + TOUCHED_EVERY)
    assert seen_at(store) == NOW + TOUCHED_EVERY


def test_a_screen_does_not_wait_for_a_long_writer_only_to_note_that_it_is_looked_at(store):
    id_ = signed_in(store, add(store))
    with writing(store.engine) as connection:
        # What any change of people holds in PostgreSQL, and any writer in SQLite.
        connection.execute(select(sessions).with_for_update()).all()
        connection.execute(insert(failed_sign_ins).values(key="x", attempts=1, last_at=NOW))
        before = time.monotonic()
        assert session_of(store.engine, id_, NOW + timedelta(minutes=5))
        assert time.monotonic() - before < 5
    assert seen_at(store) == NOW


def test_whoever_signs_out_is_out_and_it_is_logged_once(store):
    person = add(store)
    id_ = signed_in(store, person)
    end_session(store.engine, id_, NOW)
    end_session(store.engine, id_, NOW)
    assert session_of(store.engine, id_, NOW) is None
    assert [(e.act, e.actor) for e in acts(store)] == [
        ("sign_out", person.id),
        ("sign_in", person.id),
        ("person_change", "command"),
    ]


@pytest.mark.parametrize("change", ["disable", "password"])
def test_a_disabled_person_or_an_old_password_is_out_at_once_and_stays_out(store, change):
    person = add(store)
    ids = [signed_in(store, person), signed_in(store, person)]
    with writing(store.engine) as connection:
        if change == "disable":
            people.disable(connection, "kim", actor=COMMAND, at=NOW)
        else:
            people.change_password(connection, "kim", "another battery horse", actor=COMMAND, at=NOW)
    assert [session_of(store.engine, id_, NOW) for id_ in ids] == [None, None]
    if change == "disable":
        with pytest.raises(PersonError, match="may not sign in"):
            signed_in(store, person)
        with writing(store.engine) as connection:
            people.enable(connection, "kim", actor=COMMAND, at=NOW)
    assert [session_of(store.engine, id_, NOW) for id_ in ids] == [None, None]
    assert session_of(store.engine, signed_in(store, person), NOW)


def test_a_person_is_read_anew_with_every_question(store):
    id_ = signed_in(store, add(store))
    with writing(store.engine) as connection:
        connection.execute(people_table.update().values(role="admin"))
    assert session_of(store.engine, id_, NOW).person.role is Role.ADMIN
    with writing(store.engine) as connection:
        connection.execute(people_table.update().values(disabled_at=NOW))
    assert session_of(store.engine, id_, NOW) is None


def test_sessions_that_are_over_are_cleared_away_when_somebody_signs_in(store):
    person = add(store)
    signed_in(store, person)
    signed_in(store, person, NOW + LONGEST_IDLE)
    with reading(store.engine) as connection:
        assert len(connection.execute(select(sessions)).all()) == 1


@pytest.mark.parametrize("change", ["disable", "enable"])
def test_a_change_that_changes_nothing_is_said(store, change):
    add(store)
    with pytest.raises(PersonError, match=r"already|nobody"), writing(store.engine) as connection:
        if change == "disable":
            people.disable(connection, "kim", actor=COMMAND, at=NOW)
        getattr(people, change)(connection, "kim", actor=COMMAND, at=NOW)


def test_every_change_of_a_person_is_in_the_log_with_who_did_it_and_no_password(store):
    person = add(store)
    with writing(store.engine) as connection:
        people.change_password(connection, "kim", "another battery horse", actor="P-0", at=NOW)
        people.disable(connection, "kim", actor="P-0", at=NOW)
        people.enable(connection, "kim", actor="P-0", at=NOW)
    entries = reversed(acts(store, act=EventKind.PERSON_CHANGE))
    told = [(e.actor, e.subject, without_digests(e.details)) for e in entries]
    assert told == [
        ("command", person.id, '{"change":"added","exchange":null,"name":"kim","role":"supervisor"}'),
        ("P-0", person.id, '{"change":"password"}'),
        ("P-0", person.id, '{"change":"disabled"}'),
        ("P-0", person.id, '{"change":"enabled"}'),
    ]


def test_a_session_opened_while_its_person_is_disabled_does_not_outlive_that(store):
    """Whichever of the two comes first, nobody is left signed in."""
    person = add(store)
    results = []

    def open_one():
        try:
            results.append(signed_in(store, person))
        except PersonError:
            results.append(None)

    with writing(store.engine) as connection:
        people.disable(connection, "kim", actor=COMMAND, at=NOW)
        thread = threading.Thread(target=open_one)
        thread.start()
        time.sleep(0.1)
    thread.join()
    assert results == [None]
    with reading(store.engine) as connection:
        assert connection.execute(select(sessions)).all() == []


# ------------------------------------------------------------------------------------ demonstration


def test_a_demonstration_has_an_account_of_each_role_that_can_sign_in(store):
    accounts = make_demo_people(store, NOW)
    assert {a.role for a in accounts} == set(Role)
    assert [a.name for a in accounts] == list(DEMO_PEOPLE) == ["fss", "daxa-manager", "admin", "upbit"]
    for account in accounts:
        person = tried(store, account.name, account.password)
        assert (person.role, person.exchange) == (account.role, account.exchange)
    again = make_demo_people(store, NOW)
    assert {a.password for a in accounts}.isdisjoint(a.password for a in again)
    assert tried(store, "fss", again[0].password).name == "fss"
    assert tried(store, "fss", accounts[0].password) == Refused(None)
    assert not any(a.password in whole_database(store) for a in again)


def test_the_longest_session_is_utc_and_zone_independent(store):
    id_ = signed_in(store, add(store), NOW.astimezone(UTC))
    assert session_of(store.engine, id_, NOW + timedelta(minutes=1))
    assert timedelta(hours=12) == kept_sessions.LONGEST

"""The audit log on both databases: it only grows, never forks, and shows every change to what stands in it."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from browsing import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_tampering import GUARDED, change, drop_guards, log_deeds, undone
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from app.server.hourly import look_after
from etl.heads import sign_heads, signed_heads, wrong_heads
from etl.key_change import change_key
from etl.records import log
from etl.records.access_tables import audit_log, log_heads
from etl.records.engine import reading, writing
from etl.records.log import AuditEvent, Entry, EventKind, append, first_break
from etl.signing import KeyUnusableError, public_keys_of, signer_of
from etl.store import open_store
from expectations.vocabulary import KST
from tests.properties import examples

NOON = datetime(2026, 11, 2, 12, tzinfo=KST)
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path, database_url):
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def unguarded(store):
    """A store of somebody who took the triggers away."""
    drop_guards(store)
    return store


def all_entries(store):
    with reading(store.engine) as connection:
        return list(log.every_entry(connection))


def break_in(store):
    with reading(store.engine) as connection:
        return first_break(connection)


# ------------------------------------------------------------------------------------------ the chain

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)
DEEDS = st.lists(
    st.builds(
        AuditEvent,
        actor=TEXT,
        act=st.sampled_from(EventKind),
        subject=st.none() | TEXT,
        details=st.dictionaries(TEXT, st.none() | TEXT | st.integers() | st.lists(TEXT, max_size=2), max_size=3),
    ),
    min_size=1,
    max_size=6,
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
COLUMNS = tuple(column.name for column in audit_log.columns)
PROPERTY = settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])


def other(draw, entry, column):
    """Another value for a column of an entry: one character, one millisecond or one number away."""
    value = getattr(entry, column)
    if column == "sequence":
        return value + draw(st.sampled_from([1000, -1000]))
    if column == "at":
        return value + draw(st.sampled_from([1, -1, 1000])) * timedelta(milliseconds=1)
    if not value:
        return "x" if value == "" or draw(st.booleans()) else ""
    place = draw(st.integers(0, len(value) - 1))
    letter = draw(st.sampled_from([letter for letter in "0af" if letter != value[place]]))
    return value[:place] + letter + value[place + 1 :]


@PROPERTY
@given(groups=st.lists(st.tuples(DEEDS, MOMENTS), min_size=1, max_size=4), data=st.data())
def test_any_deeds_make_a_whole_chain_and_any_changed_byte_breaks_it_there(unguarded, groups, data):
    with undone(unguarded) as connection:
        for deeds, at in groups:
            append(connection, deeds, at=at)
        entries = list(log.every_entry(connection))
        assert first_break(connection) is None
        assert [(e.actor, e.act, e.subject) for e in entries] == [
            (deed.actor, deed.act, deed.subject) for deeds, _ in groups for deed in deeds
        ]
        assert [e.at for e in entries] == sorted(e.at for e in entries)
        entry = data.draw(st.sampled_from(entries))
        column = data.draw(st.sampled_from(COLUMNS))
        change(connection, entry.sequence, **{column: other(data.draw, entry, column)})
        found = first_break(connection)
        assert found is not None
        # An entry with a number below one stands before the first.
        assert found.sequence in (entry.sequence, 1)


@pytest.mark.parametrize("what", ["first", "middle", "swapped", "inserted", "twice"])
def test_an_entry_removed_swapped_or_put_in_is_found(unguarded, what):
    log_deeds(unguarded, 6)
    entries = all_entries(unguarded)
    with undone(unguarded) as connection:
        if what == "first":
            connection.execute(delete(audit_log).where(audit_log.c.sequence == 1))
        elif what == "middle":
            connection.execute(delete(audit_log).where(audit_log.c.sequence == 3))
        elif what == "swapped":
            for sequence, place in ((3, 100), (4, 3), (100, 4)):
                change(connection, sequence, sequence=place)
        else:
            connection.execute(
                update(audit_log).where(audit_log.c.sequence >= 4).values(sequence=audit_log.c.sequence + 100)
            )
            connection.execute(
                update(audit_log).where(audit_log.c.sequence > 100).values(sequence=audit_log.c.sequence - 99)
            )
            forged = entries[2] if what == "twice" else entries[3]
            values = {name: getattr(forged, name) for name in COLUMNS} | {"sequence": 4}
            connection.execute(insert(audit_log).values(values))
        found = first_break(connection)
        assert found.sequence == {"first": 1, "middle": 3, "swapped": 3, "inserted": 5, "twice": 4}[what]
        assert found.what
    assert break_in(unguarded) is None


def forged(entry, previous, **changed):
    """An entry with other content and the hashes that this asks for."""
    values = {name: getattr(entry, name) for name in COLUMNS} | {"previous_hash": previous} | changed
    return Entry(**{**values, "hash": Entry(**values).hash_due()})


def test_a_chain_written_anew_from_an_entry_on_is_found_by_its_signed_heads(unguarded):
    log_deeds(unguarded, 6, NOON)
    assert [head.sequence for head in sign_heads(unguarded, NOON + DAY)] == [6]
    with undone(unguarded) as connection:
        previous = log.entry_at(connection, 2).hash
        for entry in list(log.every_entry(connection))[2:]:
            new = forged(entry, previous, actor="nobody")
            change(connection, entry.sequence, **{name: getattr(new, name) for name in COLUMNS})
            previous = new.hash
        assert first_break(connection) is None
        ((head, what),) = wrong_heads(connection, public_keys_of(unguarded.home))
        assert (head.day, "another hash" in what) == (NOON.date(), True)


def test_entries_taken_off_the_end_are_found_by_their_signed_head(unguarded):
    log_deeds(unguarded, 6, NOON)
    sign_heads(unguarded, NOON + DAY)
    with undone(unguarded) as connection:
        connection.execute(delete(audit_log).where(audit_log.c.sequence > 4))
        assert first_break(connection) is None
        ((_, what),) = wrong_heads(connection, public_keys_of(unguarded.home))
        assert what == "stands for entry 6, which is gone"


def test_an_entry_is_never_dated_before_the_one_before_it(store):
    for at in (NOON, NOON - DAY, NOON + DAY):
        log_deeds(store, 1, at)
    assert [e.at for e in all_entries(store)] == [NOON, NOON, NOON + DAY]


# ------------------------------------------------------------------------------------------ only grows


@pytest.mark.parametrize("table", GUARDED)
@pytest.mark.parametrize("how", ["update", "delete", "replace", "truncate"])
def test_the_database_itself_refuses_every_change(store, table, how):
    log_deeds(store, 2, NOON)
    sign_heads(store, NOON + DAY)
    column = {"audit_log": "actor", "log_heads": "signature"}[table]
    on_postgres = store.engine.dialect.name == "postgresql"
    statement = {
        "update": f"UPDATE {table} SET {column} = 'x'",
        "delete": f"DELETE FROM {table}",
        "replace": f"UPDATE {table} SET {column} = 'x' WHERE false"
        if on_postgres
        else f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",
        "truncate": f"TRUNCATE {table}" if on_postgres else f"DELETE FROM {table} WHERE true",
    }[how]
    with pytest.raises(DBAPIError, match="the audit log only grows"), writing(store.engine) as connection:
        connection.execute(text(statement))
    assert break_in(store) is None
    assert len(all_entries(store)) == 2


@pytest.mark.postgres
def test_postgresql_refuses_also_as_a_replica(tmp_path, postgres_database_url):
    store = open_store(tmp_path / "home", postgres_database_url)
    log_deeds(store, 1)
    with pytest.raises(DBAPIError, match="the audit log only grows"), writing(store.engine) as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(delete(audit_log))
    store.engine.dispose()


# -------------------------------------------------------------------------------------- many at once


def test_many_threads_that_append_at_once_never_fork_the_chain(store):
    def append_some(number):
        for _ in range(8):
            with writing(store.engine, lock=f"lock {number}") as connection:
                append(
                    connection, [AuditEvent(str(number), EventKind.UPLOAD), AuditEvent(str(number), EventKind.VERDICT)]
                )

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append_some, range(6)))
    assert break_in(store) is None
    assert len(all_entries(store)) == 6 * 8 * 2


APPENDING = """
import sys
from pathlib import Path
from etl.records.engine import open_engine, writing
from etl.records.log import AuditEvent, EventKind, append
engine = open_engine(sys.argv[1])
for _ in range(20):
    with writing(engine, lock=sys.argv[2]) as connection:
        append(connection, [AuditEvent(sys.argv[2], EventKind.UPLOAD)])
"""


def test_many_processes_that_append_at_once_never_fork_the_chain(store, database_url):
    running = [
        subprocess.Popen([sys.executable, "-c", APPENDING, database_url, str(number)], cwd=ROOT) for number in range(3)
    ]
    log_deeds(store, 20)
    assert [process.wait(120) for process in running] == [0, 0, 0]
    assert break_in(store) is None
    assert len(all_entries(store)) == 80


def test_what_is_rolled_back_was_not_done_and_is_not_in_the_log(store):
    with pytest.raises(ZeroDivisionError), writing(store.engine) as connection:
        append(connection, [AuditEvent("command", EventKind.VERIFY)])
        raise ZeroDivisionError
    log_deeds(store, 1)
    assert [e.sequence for e in all_entries(store)] == [1]
    assert break_in(store) is None


# ---------------------------------------------------------------------------------------------- heads


def days_signed(store):
    with reading(store.engine) as connection:
        return [(head.day, head.sequence) for head in signed_heads(connection)]


def test_each_day_that_is_over_is_signed_once(store):
    for number in range(3):
        log_deeds(store, 2, NOON + number * DAY)
    first = NOON.date()
    assert [head.day for head in sign_heads(store, NOON + DAY)] == [first]
    assert sign_heads(store, NOON + DAY) == []
    sign_heads(store, NOON + 9 * DAY)
    sign_heads(store, NOON + 9 * DAY)
    assert days_signed(store) == [(first, 2), (first + DAY, 4), (first + 2 * DAY, 6)]


def test_the_day_is_korean_and_ends_at_midnight(store):
    midnight = datetime(2026, 11, 3, tzinfo=KST)
    log_deeds(store, 1, midnight - timedelta(milliseconds=1))
    log_deeds(store, 1, midnight)
    assert sign_heads(store, midnight - timedelta(milliseconds=1)) == []
    assert [(head.day, head.sequence) for head in sign_heads(store, midnight)] == [(date(2026, 11, 2), 1)]
    assert [(head.day, head.sequence) for head in sign_heads(store, midnight + DAY)] == [(date(2026, 11, 3), 2)]


def test_a_day_without_entries_has_no_head(store):
    log_deeds(store, 1, NOON)
    log_deeds(store, 1, NOON + 5 * DAY)
    sign_heads(store, NOON + 9 * DAY)
    assert days_signed(store) == [(NOON.date(), 1), ((NOON + 5 * DAY).date(), 2)]


def test_what_a_clock_set_back_dates_into_a_signed_day_belongs_to_the_next_head(store):
    log_deeds(store, 1, NOON)
    sign_heads(store, NOON + DAY)
    log_deeds(store, 2, NOON - 3 * DAY)
    assert sign_heads(store, NOON + DAY) == []
    sign_heads(store, NOON + 2 * DAY)
    log_deeds(store, 1, NOON + 2 * DAY)
    sign_heads(store, NOON + 3 * DAY)
    assert days_signed(store) == [
        (NOON.date(), 1),
        ((NOON + DAY).date(), 3),
        ((NOON + 2 * DAY).date(), 4),
    ]
    with reading(store.engine) as connection:
        assert list(wrong_heads(connection, public_keys_of(store.home))) == []


def test_a_clock_that_ran_ahead_and_was_set_back_signs_every_day_once(store):
    log_deeds(store, 1, NOON + 10 * DAY)
    for number in range(12):
        log_deeds(store, 1, NOON + number * DAY)
        sign_heads(store, NOON + number * DAY)
    sign_heads(store, NOON + 12 * DAY)
    assert days_signed(store) == [((NOON + 10 * DAY).date(), 12), ((NOON + 11 * DAY).date(), 13)]


def test_two_who_sign_at_once_sign_once(store):
    for number in range(4):
        log_deeds(store, 1, NOON + number * DAY)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: sign_heads(store, NOON + 9 * DAY), range(4)))
    assert sorted(len(one) for one in made) == [0, 0, 0, 4]
    with reading(store.engine) as connection:
        assert list(wrong_heads(connection, public_keys_of(store.home))) == []


def test_a_head_of_an_untrusted_key_or_with_a_changed_byte_is_found(unguarded, tmp_path):
    log_deeds(unguarded, 1, NOON)
    (head,) = sign_heads(unguarded, NOON + DAY)
    trusted = public_keys_of(unguarded.home)
    stranger = signer_of(tmp_path / "elsewhere")
    assert stranger.public.id not in trusted

    def wrong(**columns):
        with undone(unguarded) as connection:
            connection.execute(update(log_heads).values(**columns))
            return [what for _, what in wrong_heads(connection, trusted)]

    ((first),) = wrong(signature=stranger.sign(head.signed), key_id=stranger.public.id)
    assert "is not trusted" in first
    assert wrong(signature=stranger.sign(head.signed)) == ["has a signature that is not of its content"]
    for columns in (
        {"day": head.day - DAY},
        {"sequence": head.sequence + 1},
        {"hash": head.hash[:-1] + ("0" if head.hash[-1] != "0" else "1")},
        {"signature": head.signature[:-1] + ("0" if head.signature[-1] != "0" else "1")},
        {"signature": head.signature.upper()},
        {"key_id": "0" * 16},
    ):
        assert len(wrong(**columns)) == 1, columns
    assert wrong(hash=head.hash) == []


@pytest.mark.parametrize("gone", ["the key", "all keys"])
def test_a_key_that_has_signed_is_not_made_anew(store, gone):
    log_deeds(store, 1, NOON)
    sign_heads(store, NOON + DAY)
    log_deeds(store, 1, NOON + DAY)
    for path in (store.home / "keys").glob("signing.key" if gone == "the key" else "*"):
        path.unlink()
    with pytest.raises(KeyUnusableError, match="put it back from a copy"):
        sign_heads(store, NOON + 2 * DAY)
    with pytest.raises(KeyUnusableError):
        change_key(store, actor="command", at=NOON + DAY)
    assert not (store.home / "keys" / "signing.key").exists()


def test_a_head_stays_true_when_the_store_has_another_key(store):
    log_deeds(store, 1, NOON)
    sign_heads(store, NOON + DAY)
    change_key(store, actor="command", at=NOON + DAY)
    sign_heads(store, NOON + 2 * DAY)
    with reading(store.engine) as connection:
        assert len({head.key_id for head in signed_heads(connection)}) == 2
        assert list(wrong_heads(connection, public_keys_of(store.home))) == []


def test_entries_are_found_by_act_actor_and_subject_newest_first(store):
    with writing(store.engine) as connection:
        append(
            connection,
            [
                AuditEvent("P-1", EventKind.UPLOAD, "S-1"),
                AuditEvent("P-2", EventKind.UPLOAD, "S-2"),
                AuditEvent("P-1", EventKind.VERDICT, "S-1"),
            ],
        )
    with reading(store.engine) as connection:
        assert [e.sequence for e in log.entries(connection, actor="P-1")] == [3, 1]
        assert [e.sequence for e in log.entries(connection, act=EventKind.UPLOAD, limit=1)] == [2]
        assert [e.sequence for e in log.entries(connection, subject="S-1", act=EventKind.VERDICT)] == [3]
        assert connection.execute(select(audit_log.c.sequence)).scalars().all() == [1, 2, 3]


def test_a_server_that_nobody_files_to_signs_all_the_same_and_clears_remains_away(store):
    log_deeds(store, 1, NOON)
    incoming = store.home / "incoming"
    incoming.mkdir()
    for name, age in (("left", 2 * DAY), ("coming", DAY / 2)):
        (incoming / name).touch()
        moment = (NOON + DAY - age).timestamp()
        os.utime(incoming / name, (moment, moment))
    look_after(lambda: store, NOON + DAY)
    assert days_signed(store) == [(NOON.date(), 1)]
    assert [path.name for path in incoming.iterdir()] == ["coming"]

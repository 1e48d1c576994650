"""Heads that are kept elsewhere tell what whoever may write to database and keys could hide otherwise."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from log_tampering import drop_guards, log_deeds
from sqlalchemy import delete

from app.cli import app
from etl.heads import sign_heads, signed_heads
from etl.key_change import change_key, keys_in_succession
from etl.outside_heads import HeadUnreadableError, as_line, heads_in
from etl.receipts import receipt_of
from etl.records.access_tables import audit_log, log_heads
from etl.records.engine import reading, writing
from etl.records.log import COMMAND
from etl.signing import public_keys_of, signer_of
from etl.store import Store, open_store
from etl.verify import verify_store
from tests.filing import file, halts

pytestmark = pytest.mark.usefixtures("guards_not_asked")

FIRST = datetime(2026, 11, 2, 3, tzinfo=UTC)
"""Noon in Korea, on each of three days."""
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    live(opened, 3)
    drop_guards(opened)
    yield opened
    opened.engine.dispose()


def live(store: Store, days: int, first: datetime = FIRST) -> None:
    """Log deeds on so many days, and sign each when it is over."""
    for number in range(days):
        log_deeds(store, 3, first + number * DAY)
        sign_heads(store, first + (number + 1) * DAY)


@pytest.fixture
def kept(store: Store, tmp_path: Path) -> Path:
    """The newest head, in a file that nobody of the store can write to."""
    path = tmp_path / "head.json"
    with reading(store.engine) as connection:
        path.write_text(as_line(signed_heads(connection)[-1]) + "\n")
    return path


def faults(store: Store, kept: Path) -> list[str]:
    return [f"{one.subject}: {one.what}" for one in verify_store(store, kept_heads=heads_in(kept)).faults]


def empty(store: Store, after: int = 0) -> None:
    """Take away all entries and heads after an entry."""
    with writing(store.engine) as connection:
        connection.execute(delete(audit_log).where(audit_log.c.sequence > after))
        connection.execute(delete(log_heads).where(log_heads.c.sequence > after))


def test_a_head_that_was_kept_holds_as_long_as_the_log_only_grows(store: Store, kept: Path) -> None:
    assert faults(store, kept) == []
    live(store, 2, FIRST + 3 * DAY)
    change_key(store, actor=COMMAND, at=FIRST + 5 * DAY)
    live(store, 1, FIRST + 5 * DAY)
    assert faults(store, kept) == []


@pytest.mark.parametrize("later", [False, True], ids=["and nothing since", "and other deeds since"])
def test_an_end_that_was_cut_off_is_found(store: Store, kept: Path, later: bool) -> None:
    empty(store, after=7)
    if later:
        live(store, 2, FIRST + 3 * DAY)
    found = faults(store, kept)
    assert [one for one in found if "kept head 2026-11-04" in one], found


def test_a_rollback_to_an_older_database_is_found(store: Store, kept: Path) -> None:
    empty(store, after=6)
    assert [one.subject for one in verify_store(store).faults] == []
    (found,) = faults(store, kept)
    assert found.startswith("kept head 2026-11-04: stands for entry 9, before which the log ends")


def test_a_log_that_was_written_anew_with_the_right_key_is_found(store: Store, kept: Path) -> None:
    empty(store)
    for number in range(3):
        log_deeds(store, 4, FIRST + number * DAY)
        sign_heads(store, FIRST + (number + 1) * DAY)
    assert verify_store(store).faults == ()
    (found,) = faults(store, kept)
    assert "another hash: the log was written anew" in found


@pytest.mark.parametrize("how", ["the keys are gone", "the public half stays", "only later heads"])
def test_another_key_is_found(store: Store, kept: Path, how: str) -> None:
    if how == "only later heads":
        later = FIRST + 3 * DAY
    else:
        later = FIRST
        with writing(store.engine) as connection:
            connection.execute(delete(log_heads))
    for path in (store.home / "keys").glob("*" if how == "the keys are gone" else "signing.key"):
        path.unlink()
    stranger = signer_of(store.home.parent / "elsewhere")
    shutil.copytree(store.home.parent / "elsewhere" / "keys", store.home / "keys", dirs_exist_ok=True)
    if how == "only later heads":
        live(store, 1, later)
    else:
        sign_heads(store, FIRST + 3 * DAY)
    assert verify_store(store).faults == ()
    found = faults(store, kept)
    assert found
    assert all(
        word in " ".join(found) for word in ("key", stranger.public.id if how != "the keys are gone" else "not have")
    )


def test_trust_in_one_key_leads_to_the_next_and_to_no_other(store: Store, tmp_path: Path) -> None:
    first = signer_of(store.home).public
    second = change_key(store, actor=COMMAND, at=FIRST + 3 * DAY)
    third = change_key(store, actor=COMMAND, at=FIRST + 3 * DAY)
    stranger = signer_of(tmp_path / "elsewhere").public
    assert len({first.id, second.id, third.id}) == 3
    with reading(store.engine) as connection:
        assert keys_in_succession(connection, {first.id: first}).keys() == {first.id, second.id, third.id}
        assert keys_in_succession(connection, {second.id: second}).keys() == {second.id, third.id}
        assert keys_in_succession(connection, {stranger.id: stranger}).keys() == {stranger.id}
    assert signer_of(store.home).public == third
    assert public_keys_of(store.home).keys() == {first.id, second.id, third.id}
    assert verify_store(store, trusted={first.id: first}).faults == ()


@pytest.fixture
def receipt(store: Store, tmp_path: Path) -> Path:
    """A receipt as an exchange keeps it."""
    filed = file(
        store, tmp_path, "korbit_halts_2026-11-02.csv", halts(), received_at=FIRST + 3 * DAY
    ).receipt.submission
    path = tmp_path / "receipt.json"
    path.write_text(receipt_of(store, filed.id, FIRST + 3 * DAY))
    return path


def test_a_receipt_carries_the_newest_head_and_the_store_is_held_against_it(store: Store, receipt: Path) -> None:
    with reading(store.engine) as connection:
        assert heads_in(receipt) == [signed_heads(connection)[-1]]
    assert faults(store, receipt) == []
    empty(store, after=6)
    assert [one for one in faults(store, receipt) if "kept head 2026-11-04: stands for entry 9" in one]


def test_the_head_of_a_receipt_that_was_changed_is_told(store: Store, receipt: Path) -> None:
    whole = json.loads(receipt.read_text())
    whole["receipt"]["log_head"]["head"]["hash"] = "0" * 64
    receipt.write_text(json.dumps(whole))
    assert any("changed where it was kept" in one for one in faults(store, receipt))


def test_a_receipt_of_an_earlier_version_says_that_it_carries_none(receipt: Path) -> None:
    whole = json.loads(receipt.read_text())
    head = whole["receipt"].pop("log_head")
    receipt.write_text(json.dumps(whole))
    with pytest.raises(HeadUnreadableError, match="carries no head"):
        heads_in(receipt)
    both = {"receipts": [whole["receipt"], {"log_head": head}]}
    receipt.write_text(json.dumps({**whole, "receipt": both}))
    assert [one.day.isoformat() for one in heads_in(receipt)] == [head["head"]["day"]]


def test_a_receipt_from_before_the_first_signed_day_says_that_it_carries_none(tmp_path: Path) -> None:
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'home' / 'daxa.sqlite'}")
    filed = file(store, tmp_path, "korbit_halts_2026-11-02.csv", halts()).receipt.submission
    path = tmp_path / "receipt.json"
    path.write_text(receipt_of(store, filed.id, FIRST))
    with pytest.raises(HeadUnreadableError, match="carries no head"):
        heads_in(path)
    store.engine.dispose()


@pytest.mark.parametrize("content", ["", "{}", "not JSON", "[]", "{" * 100_000])
def test_a_file_that_holds_no_head_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(content)
    with pytest.raises(HeadUnreadableError, match="no head"):
        heads_in(path)


def test_a_kept_head_that_was_changed_is_told(store: Store, kept: Path) -> None:
    whole = json.loads(kept.read_text())
    whole["head"]["sequence"] -= 1
    kept.write_text(json.dumps(whole))
    assert any("changed where it was kept" in one for one in faults(store, kept))


def test_the_commands_give_a_head_and_hold_the_store_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'home' / 'daxa.sqlite'}")
    live(store, 2)
    monkeypatch.setenv("DAXA_HOME", str(store.home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    path = tmp_path / "head.json"
    assert not app(["log", "head", "--out", str(path)], standalone_mode=False)
    assert not app(["log", "new-key"], standalone_mode=False)
    assert "BEGIN PUBLIC KEY" in capsys.readouterr().out
    assert app(["verify", "--head", str(path)], standalone_mode=False) == 0
    drop_guards(store)
    empty(store, after=4)
    assert app(["verify", "--head", str(path)], standalone_mode=False) == 1
    assert "kept head 2026-11-03" in capsys.readouterr().out
    store.engine.dispose()

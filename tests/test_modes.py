"""What a store keeps is its owner's alone, and what is open to others is told, closed or refused."""

import json
import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from app import floor
from app.cli import app as command
from app.cli.serving import must_be_closed
from app.filing.desk import Desk, Upload
from app.scope import Identity, Role, Scope
from app.worker.process import address_of_store, worker_for
from etl.backup import back_up
from etl.intake import declare
from etl.modes import close_to_others, make_folder, open_to_others
from etl.records.engine import alone, open_engine, writing
from etl.sealing import OpeningKey
from etl.signing import signer_of
from etl.store import KEPT_FOLDERS, Store, open_store
from tests.filing import MORNING, checks, file

pytestmark = pytest.mark.slow

NAME = "korbit_reconciliation_2026-11-02T09-12.csv"


@pytest.fixture
def _nothing_masked():
    """Whatever is made in the test has the rights that were asked for, none taken away by the umask."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def bare(tmp_path: Path, _nothing_masked: None, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store in which something lies everywhere, and nothing was judged."""
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    store = open_store(tmp_path / "above" / "home")
    store.evidence.keep(b"kept")
    signer_of(store.home)
    store.mark_as_replay("none")
    for name in KEPT_FOLDERS:
        make_folder(store.home / name)
    with alone(store.engine, "review"):
        pass
    return store


@pytest.fixture
def filled(bare: Store, tmp_path: Path) -> Store:
    file(bare, tmp_path, NAME, checks("2026-11-02T09-12"))
    return bare


def modes_under(folder: Path) -> dict[str, int]:
    return {str(path): stat.S_IMODE(path.lstat().st_mode) for path in (folder, *folder.rglob("*"))}


def test_all_that_a_new_store_keeps_is_its_owners_alone(filled: Store, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "above" / "kept.backup", OpeningKey.generated().sealing)
    found = modes_under(tmp_path / "above")
    assert {"evidence", "facts", "keys", "daxa.sqlite", "replay.name", "daxa.sqlite-wal"} <= {
        path.name for path in filled.home.iterdir()
    }
    assert {name: mode for name, mode in found.items() if mode not in (0o600, 0o700)} == {}
    assert filled.open_to_others() == []


@pytest.mark.usefixtures("_nothing_masked")
def test_a_database_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE one (value INTEGER)"))
        assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {
            "new.sqlite": 0o600,
            "new.sqlite-wal": 0o600,
            "new.sqlite-shm": 0o600,
        }


def test_drafts_and_uploads_are_their_owners_alone(filled: Store) -> None:
    worker = worker_for(address_of_store(filled))
    desk = Desk.of(filled, worker, Identity("kim", "kim", Scope(Role.EXCHANGE, ("korbit",))))
    upload = Upload(NAME, checks("2026-11-02T09-12").encode())
    seen: dict[str, int] = {}
    try:
        desk.check(upload, declare(NAME), MORNING, lambda _step: seen.update(modes_under(filled.home / "incoming")))
    finally:
        worker.close()
    assert any(Path(name).suffix == ".csv" for name in seen) and any(Path(name).suffix == ".step" for name in seen)
    assert set(seen.values()) <= {0o600, 0o700}
    assert len(list((filled.home / "drafts").iterdir())) == 2
    assert filled.open_to_others() == []


PLACES = ["", *KEPT_FOLDERS, "daxa.sqlite", "daxa.sqlite-wal", "daxa.sqlite.review.lock", "replay.name"]


@pytest.mark.parametrize("mode", [0o040, 0o002])
@pytest.mark.parametrize("place", PLACES)
def test_what_is_open_to_others_is_told_by_the_doctor_and_closed_by_the_server(
    bare: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
    place: str,
    mode: int,
) -> None:
    path = bare.home / place
    path.chmod(stat.S_IMODE(path.stat().st_mode) | mode)
    monkeypatch.setenv("DAXA_HOME", str(bare.home))
    monkeypatch.setattr(floor, "FAULTS", ())
    assert command(["doctor"], standalone_mode=False) == 1
    said = capsysbinary.readouterr().out.decode()
    assert f"warning: {path} of the store under" in said and f"chmod -R go-rwx {bare.home}'" in said
    command(["doctor", "--json"], standalone_mode=False)
    assert json.loads(capsysbinary.readouterr().out)["open_to_others"] == [str(path)]
    must_be_closed(bare)
    assert f"warning: {path} of the store under" in capsysbinary.readouterr().err.decode()
    assert bare.open_to_others() == []
    must_be_closed(bare)
    assert capsysbinary.readouterr().err == b""
    assert command(["doctor"], standalone_mode=False) == 0


def test_one_file_deep_in_the_evidence_is_found(bare: Store) -> None:
    (kept,) = [path for path in (bare.home / "evidence").rglob("*") if path.is_file()]
    kept.chmod(0o644)
    assert bare.open_to_others() == [kept]


def test_a_database_elsewhere_is_looked_at_too(tmp_path: Path, _nothing_masked: None) -> None:
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    assert store.open_to_others() == []
    (tmp_path / "elsewhere.sqlite").chmod(0o640)
    assert store.open_to_others() == [tmp_path / "elsewhere.sqlite"]


def test_a_private_key_that_was_open_is_not_closed_in_silence(bare: Store) -> None:
    key = bare.home / "keys" / "signing.key"
    key.chmod(0o640)
    bare.evidence.folder.chmod(0o755)
    with pytest.raises(RuntimeError, match="can be read by others than its owner, who may have it now"):
        must_be_closed(bare)
    assert stat.S_IMODE(key.stat().st_mode) == 0o640


def test_a_store_that_cannot_be_closed_is_not_served(bare: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_ours(self: Path, mode: int, **_how: object) -> None:
        raise PermissionError(1, "Operation not permitted", str(self))

    bare.home.chmod(0o755)
    monkeypatch.setattr(Path, "chmod", not_ours)
    with pytest.raises(RuntimeError, match="belongs to somebody else"):
        must_be_closed(bare)


def test_links_are_neither_followed_nor_changed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    inside = tmp_path / "inside"
    inside.mkdir(0o700)
    (inside / "link").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    found = list(open_to_others([inside]))
    assert found == [] and close_to_others(found) == []
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_without_a_store_the_doctor_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAXA_HOME", str(tmp_path / "none"))
    monkeypatch.setattr(floor, "FAULTS", ())
    assert command(["doctor"], standalone_mode=False) == 0
    assert not (tmp_path / "none").exists()

"""A whole store in one file and back: the same records, bytes, rows and keys, on whichever database."""

import gzip
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from datetime import UTC, datetime, timedelta

import pytest
from browsing import ROOT
from killing import killed_at
from sqlalchemy import func, select, text

from app.cli.backup import own_key_of
from etl import jobs
from etl.backup import BackupError, back_up, restore
from etl.heads import sign_heads
from etl.records import log, people, tokens
from etl.records.access_tables import audit_log
from etl.records.dump import dumped_tables, lines_of
from etl.records.engine import reading, writing
from etl.records.log import EventKind
from etl.records.people import Role
from etl.records.tables import derived_tables, findings
from etl.sealing import OpeningKey, OpeningReader, SealingWriter
from etl.signing import Signer, signer_of
from etl.store import open_store
from etl.verify import verify_store
from tests.filing import MORNING, checks, file, halt, halts

pytestmark = pytest.mark.slow

NOW = MORNING + timedelta(hours=1)
KEY = OpeningKey.generated()


@pytest.fixture
def filled(tmp_path, database_url):
    """A store that holds something of everything."""
    store = open_store(tmp_path / "filled", database_url)
    file(store, tmp_path, "korbit_reconciliation_2026-11-02T09-12.csv", checks("2026-11-02T09-12"))
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02", short=range(3)))
    file(store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", MORNING - timedelta(days=1))))
    file(store, tmp_path, "korbit_halts_2026-11-03.csv", "한글, \x00 ' \" \\ none")
    with writing(store.engine) as connection:
        people.add(connection, "kim", Role.SUPERVISOR, exchange=None, password=None, actor="command", at=NOW)
        tokens.create(connection, "korbit", "밤마다", life=timedelta(days=9), actor="command", at=NOW)
    sign_heads(store, datetime.now(UTC) + timedelta(days=1))
    yield store
    store.engine.dispose()


@pytest.fixture
def archive(filled, tmp_path):
    path = tmp_path / "daxa.backup"
    back_up(filled, path, KEY.sealing)
    key_file(path)
    return path


def key_file(path):
    """Lay the key beside an archive, where the command looks for it."""
    own = path.with_name(f"{path.name}.key")
    own.write_bytes(KEY.pem)
    own.chmod(0o600)


@pytest.fixture
def empty(tmp_path):
    opened = open_store(tmp_path / "restored", f"sqlite:///{tmp_path / 'restored.sqlite'}", prepared=False)
    yield opened
    opened.engine.dispose()


def records_of(store):
    """Everything that is recorded, table by table, but that it was backed up or restored."""
    with reading(store.engine) as connection:
        return {
            table.name: [line for line in lines_of(connection, table) if not is_about_archives(table, line)]
            for table in dumped_tables()
        }


def is_about_archives(table, line):
    """Whether a line of the log is the entry of a backup or a restore."""
    return table is audit_log and json.loads(line)[3] in (EventKind.BACKUP, EventKind.RESTORE)


def figures_of(store):
    """Every figure; they are in no order of their own."""
    with reading(store.engine) as connection:
        return {
            table.name: sorted(map(str, (tuple(row) for row in connection.execute(select(table)))))
            for table in derived_tables()
        }


def files_of(store):
    return {
        path.relative_to(store.home): path.read_bytes()
        for folder in ("evidence", "facts", "keys")
        for path in (store.home / folder).rglob("*")
        if path.is_file()
    }


def daxa(home, url, *words):
    """What the command says, and its status."""
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", *map(str, words)],
        env={**os.environ, "DAXA_HOME": str(home), "DAXA_DATABASE_URL": url},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return done.returncode, done.stdout, done.stderr


def is_same(one, other):
    assert records_of(one) == records_of(other)
    assert figures_of(one) == figures_of(other)
    assert files_of(one) == files_of(other)
    return True


def test_a_restored_store_is_the_same_and_verified(filled, archive, empty):
    contents = restore(empty, archive, KEY)
    assert contents.rows["submissions"] == 4
    assert contents.rows["findings"] > 3
    assert is_same(filled, empty)
    assert verify_store(empty).faults == ()
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert stat.S_IMODE((empty.home / "keys" / "signing.key").stat().st_mode) == 0o600
    assert not list(empty.home.glob(".restore-*"))


@pytest.mark.postgres
@pytest.mark.parametrize("origin", ["sqlite", "postgresql"])
def test_what_was_backed_up_from_one_database_is_restored_into_the_other(tmp_path, postgres_database_url, origin):
    """There and back again: SQLite to PostgreSQL, or PostgreSQL to SQLite."""
    urls = {"sqlite": f"sqlite:///{tmp_path / 'one.sqlite'}", "postgresql": postgres_database_url}
    (to,) = urls.keys() - {origin}
    one, other = open_store(tmp_path / "one", urls[origin]), open_store(tmp_path / "other", urls[to], prepared=False)
    file(one, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02", short=range(3)))
    back_up(one, tmp_path / "daxa.backup", KEY.sealing)
    restore(other, tmp_path / "daxa.backup", KEY)
    assert is_same(one, other)
    assert verify_store(other).faults == ()
    # Life goes on: new rows get numbers of their own, and the chain its next entry.
    file(other, tmp_path, "korbit_halts_2026-11-03.csv", "none")
    with reading(other.engine) as connection:
        assert connection.execute(select(func.count(findings.c.id.distinct()))).scalar_one() > 4
        assert log.first_break(connection) is None
    assert verify_store(other).faults == ()
    for store in (one, other):
        store.engine.dispose()


RESTORE_KILLED_AT = {
    "before it is unpacked": ("etl.backup._unpack", 0),
    "while it is unpacked": ("etl.backup._extract", 3),
    "before the schema is made": ("etl.backup.prepare", 0),
    "while records are entered": ("etl.backup.load_lines", 4),
    "before it is logged": ("etl.backup.append", 0),
    "before the first folder is put in place": ("etl.backup._put", 0),
    "between the folders": ("etl.backup._put", 2),
    "before the records are durable": ("etl.backup.os.sync", 0),
    "before the figures are derived": ("etl.backup.rebuild_figures", 0),
}


@pytest.mark.parametrize("step", RESTORE_KILLED_AT, ids=str)
def test_a_restore_that_was_killed_is_done_to_its_end_by_the_same_command(filled, archive, tmp_path, step):
    home = tmp_path / "new"
    url = f"sqlite:///{home / 'new.sqlite'}"
    environment = {**os.environ, "DAXA_HOME": str(home), "DAXA_DATABASE_URL": url}
    assert killed_at(*RESTORE_KILLED_AT[step], "restore", archive, environment=environment)
    status, out, _ = daxa(home, url, "restore", archive)
    assert (status, out.splitlines()[-1]) == (0, "0 faults")
    restored = open_store(home, url)
    assert is_same(filled, restored)
    with reading(restored.engine) as connection:
        assert len(log.entries(connection, act=EventKind.RESTORE)) == 1
    restored.engine.dispose()
    assert not [path for path in home.iterdir() if path.name.startswith(".restor")]


def test_another_archive_does_not_go_on_where_a_restore_was_killed(filled, archive, tmp_path):
    other = tmp_path / "other.backup"
    back_up(filled, other, KEY.sealing)
    key_file(other)
    home = tmp_path / "new"
    url = f"sqlite:///{home / 'new.sqlite'}"
    environment = {**os.environ, "DAXA_HOME": str(home), "DAXA_DATABASE_URL": url}
    assert killed_at("etl.backup.os.sync", 0, "restore", archive, environment=environment)
    status, _, error = daxa(home, url, "restore", other)
    assert (status, "empty store" in error) == (2, True)


def test_what_a_backup_left_that_was_killed_goes_with_the_next(filled, tmp_path, database_url):
    """It holds the signing key."""
    target = tmp_path / "kept" / "daxa.backup"
    target.parent.mkdir()
    environment = {**os.environ, "DAXA_HOME": str(filled.home), "DAXA_DATABASE_URL": database_url}
    assert killed_at("etl.backup._add", 9, "backup", target, environment=environment)
    assert len(list(target.parent.iterdir())) > 1
    assert daxa(filled.home, database_url, "backup", target)[0] == 0
    assert sorted(target.parent.iterdir()) == [target, own_key_of(target)]


def test_no_archive_has_its_name_before_it_is_logged(filled, tmp_path, database_url):
    target = tmp_path / "daxa.backup"
    environment = {**os.environ, "DAXA_HOME": str(filled.home), "DAXA_DATABASE_URL": database_url}
    assert killed_at("etl.backup.append", 0, "backup", target, environment=environment)
    assert not target.exists()
    with reading(filled.engine) as connection:
        assert log.entries(connection, act=EventKind.BACKUP) == []


def test_a_restored_log_refuses_changes_too(archive, empty):
    restore(empty, archive, KEY)
    with pytest.raises(Exception, match="the audit log only grows"), writing(empty.engine) as connection:
        connection.execute(text("DELETE FROM audit_log"))


def test_filing_goes_on_while_a_backup_is_made_and_it_holds_one_moment(filled, tmp_path, empty):
    before = records_of(filled)
    path = tmp_path / "during.backup"
    filed = []

    def file_one_more(done, of, name):
        if not filed:
            filed.append(jobs)
            file(filled, tmp_path, "korbit_halts_2026-11-04.csv", halts())

    back_up(filled, path, KEY.sealing, progress=file_one_more)
    assert filed
    restore(empty, path, KEY)
    assert records_of(empty) == before
    assert verify_store(empty).faults == ()


@pytest.mark.parametrize("what", ["records", "evidence", "database of people"])
def test_nothing_is_restored_over_what_is_there(filled, archive, empty, tmp_path, what):
    if what == "evidence":
        empty.evidence.keep(b"something")
    else:
        prepared = open_store(empty.home, empty.engine.url.render_as_string(hide_password=False))
        if what == "records":
            file(prepared, tmp_path, "korbit_halts_2026-11-02.csv", halts())
        else:
            with writing(prepared.engine) as connection:
                people.add(connection, "lee", Role.ADMIN, exchange=None, password=None, actor="command", at=NOW)
    before = files_of(empty)
    with pytest.raises(BackupError, match="restore into an empty store"):
        restore(empty, archive, KEY)
    assert files_of(empty) == before


def test_a_store_that_was_only_opened_is_empty_still(filled, archive, empty):
    open_store(empty.home, empty.engine.url.render_as_string(hide_password=False)).engine.dispose()
    restore(empty, archive, KEY)
    assert is_same(filled, empty)


def test_a_backup_overwrites_nothing_and_is_whole_or_not_there(filled, archive, tmp_path):
    before = archive.read_bytes()
    with pytest.raises(BackupError, match="is there already"):
        back_up(filled, archive, KEY.sealing)
    assert archive.read_bytes() == before
    evidence = next(path for path in (filled.home / "evidence").rglob("*") if path.is_file())
    data = evidence.read_bytes()
    for broken, said in ((data + b"x", "differ from their SHA-256"), (None, "is missing")):
        evidence.unlink()
        if broken is not None:
            evidence.write_bytes(broken)
        with pytest.raises(BackupError, match=said):
            back_up(filled, tmp_path / "broken.backup", KEY.sealing)
        assert sorted(path.name for path in tmp_path.glob("*.backup")) == [archive.name]
        assert not list(tmp_path.glob(".*"))


def members(archive):
    with archive.open("rb") as file:
        content = io.BytesIO(io.BufferedReader(OpeningReader(file, KEY)).read())
    with tarfile.open(fileobj=content) as opened:
        return [(info, opened.extractfile(info).read()) for info in opened]


def packed(found):
    packed_ = io.BytesIO()
    with tarfile.open(fileobj=packed_, mode="w:gz") as out:
        for info, data in found:
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return packed_.getvalue()


def written(path, found):
    """An archive that somebody made who has the public half of the key."""
    with path.open("wb") as file:
        sealed = SealingWriter(file, KEY.sealing)
        sealed.write(packed(found))
        sealed.finish()
    return path


def nothing_restored(store, path, said):
    with pytest.raises(BackupError, match=said) as caught:
        restore(store, path, KEY)
    assert "\n" not in str(caught.value)
    assert files_of(store) == {}
    assert not list(store.home.glob(".restore-*"))
    return True


def test_an_archive_that_was_cut_off_at_any_place_restores_nothing(archive, empty, tmp_path):
    data = archive.read_bytes()
    for part in range(12):
        path = tmp_path / "cut.backup"
        path.write_bytes(data[: len(data) * part // 12])
        assert nothing_restored(empty, path, "cannot be opened")


def test_an_archive_of_which_a_byte_was_changed_restores_nothing(archive, empty, tmp_path):
    data = archive.read_bytes()
    for place in (0, 20, 50, 100, len(data) // 2, len(data) - 1):
        path = tmp_path / "changed.backup"
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert nothing_restored(empty, path, "cannot be opened")


def test_an_archive_is_opened_by_its_own_key_alone(archive, empty):
    with pytest.raises(BackupError, match="sealed for key"):
        restore(empty, archive, OpeningKey.generated())
    with pytest.raises(BackupError, match="no backup"):
        restore(empty, archive, None)
    assert b"korbit" not in archive.read_bytes()


def test_an_archive_that_was_sealed_anew_restores_nothing(archive, empty, tmp_path):
    """Whoever has the public half can seal, and not sign."""
    size, *found, (of_list, manifest), signature = members(archive)
    every = [size, *found, (of_list, manifest), signature]
    path = tmp_path / "changed.backup"
    for place, (info, data) in enumerate(every[1:-2], 1):
        changed = [*every[:place], (info, data + b"x"), *every[place + 1 :]]
        assert nothing_restored(empty, written(path, changed), "was changed|than it says")
    assert nothing_restored(empty, written(path, every[1:]), "was changed")
    assert nothing_restored(empty, written(path, [size, *found, signature]), "cut off or no backup")
    assert nothing_restored(empty, written(path, [size, *found, (of_list, manifest)]), "not signed by a store")
    other = json.loads(manifest) | {"made_at": "2026-01-01T00:00:00.000+00:00"}
    changed = [size, *found, (of_list, json.dumps(other).encode()), signature]
    assert nothing_restored(empty, written(path, changed), "was not signed by key")


def test_an_archive_of_another_store_is_told_where_the_key_is_known(filled, archive, empty):
    with pytest.raises(BackupError, match="was not signed by key"):
        restore(empty, archive, KEY, signed_by=Signer.generated().public)
    restore(empty, archive, KEY, signed_by=signer_of(filled.home).public)
    assert is_same(filled, empty)


@pytest.mark.parametrize(("said", "told"), [(10, "more than it says"), (2**60, "make room first"), ("x", "how much")])
def test_no_more_is_unpacked_than_an_archive_says_and_there_is_room_for(archive, empty, tmp_path, said, told):
    (info, data), *found = members(archive)
    size = json.dumps(json.loads(data) | {"bytes": said}).encode()
    assert nothing_restored(empty, written(tmp_path / "other.backup", [(info, size), *found]), told)


def test_an_archive_of_an_earlier_version_is_restored_where_one_says_so(filled, archive, empty, tmp_path):
    """It was neither sealed nor signed, and had no member that says how much it holds."""
    _, *found, (info, data), _ = members(archive)
    manifest = json.loads(data)
    del manifest["members"]["size.json"]
    path = tmp_path / "daxa.tar.gz"
    path.write_bytes(packed([*found, (info, json.dumps(manifest | {"version": 1}).encode())]))
    assert nothing_restored(empty, path, "cannot be opened")
    restore(empty, path, None)
    assert is_same(filled, empty)


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "evidence/../../outside", "evidence/.hidden", "other"])
def test_a_member_that_is_none_of_ours_is_not_even_written(archive, empty, tmp_path, name):
    found = [(tarfile.TarInfo(name), b"x"), *members(archive)]
    assert nothing_restored(empty, written(tmp_path / "strange.backup", found), "no backup of ours")


def test_a_link_in_an_archive_is_not_followed(archive, empty, tmp_path):
    link = tarfile.TarInfo("evidence/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    assert nothing_restored(empty, written(tmp_path / "link.backup", [(link, b"")]), "no backup of ours")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "other"}, "another kind"),
        ({"version": 3}, "another kind or version"),
        ({"revision": "0001"}, "made at revision 0001"),
        ({"rows": {}}, "daxa migrate"),
        (None, "cannot be read"),
    ],
    ids=["kind", "version", "revision", "tables", "nothing"],
)
def test_a_list_of_members_of_another_kind_restores_nothing(archive, empty, tmp_path, changes, said):
    *found, (info, data), signature = members(archive)
    manifest = b"[]" if changes is None else json.dumps({**json.loads(data), **changes}).encode()
    assert nothing_restored(empty, written(tmp_path / "other.backup", [*found, (info, manifest), signature]), said)


def test_what_is_no_archive_is_said(empty, tmp_path):
    for data in (b"", b"text", gzip.compress(b"text")):
        path = tmp_path / "none.backup"
        path.write_bytes(data)
        assert nothing_restored(empty, path, "cannot be opened")


def test_the_command_backs_up_restores_and_verifies(filled, tmp_path, database_url):
    path, home, url = str(tmp_path / "b.backup"), tmp_path / "new", f"sqlite:///{tmp_path / 'new.sqlite'}"
    assert daxa(filled.home, database_url, "backup", path)[0] == 0
    status, _, error = daxa(filled.home, database_url, "backup", path)
    assert (status, error.count("\n")) == (2, 1)
    status, _, error = daxa(home, url, "restore", path, "--key", tmp_path / "none")
    assert (status, "give the key" in error) == (2, True)
    status, out, _ = daxa(home, url, "restore", path)
    assert (status, out.splitlines()[-1]) == (0, "0 faults")
    status, _, error = daxa(home, url, "restore", path)
    assert (status, "empty store" in error) == (2, True)
    for opened, act in ((filled, EventKind.BACKUP), (open_store(home, url), EventKind.RESTORE)):
        with reading(opened.engine) as connection:
            assert len(log.entries(connection, act=act)) == 1
        opened.engine.dispose()


def test_archives_are_sealed_for_a_key_that_the_server_does_not_have(filled, tmp_path, database_url):
    away, path = tmp_path / "away.key", tmp_path / "c.backup"
    assert daxa(filled.home, database_url, "backup-key", away)[0] == 0
    assert stat.S_IMODE(away.stat().st_mode) == 0o600
    status, _, error = daxa(filled.home, database_url, "backup-key", away)
    assert (status, "is there already" in error) == (2, True)
    assert daxa(filled.home, database_url, "backup", path, "--for", f"{away}.pub")[0] == 0
    assert not own_key_of(path).exists()
    home, url = tmp_path / "new", f"sqlite:///{tmp_path / 'new.sqlite'}"
    signer = tmp_path / "store.pub"
    signer.write_text(signer_of(filled.home).public.pem)
    status, out, _ = daxa(home, url, "restore", path, "--key", away, "--signed-by", signer)
    assert (status, out.splitlines()[-1]) == (0, "0 faults")


def test_a_key_outlives_its_archive_which_may_lie_elsewhere(filled, tmp_path, database_url):
    """Else the next archive of the same name would leave nobody who can open the one before."""
    path, moved = tmp_path / "nightly.backup", tmp_path / "elsewhere.backup"
    assert daxa(filled.home, database_url, "backup", path)[0] == 0
    key = own_key_of(path).read_bytes()
    path.rename(moved)
    assert daxa(filled.home, database_url, "backup", path)[0] == 0
    assert own_key_of(path).read_bytes() == key
    for archive, name in ((moved, "one"), (path, "other")):
        home, url = tmp_path / name, f"sqlite:///{tmp_path / f'{name}.sqlite'}"
        status, out, _ = daxa(home, url, "restore", archive, "--key", own_key_of(path))
        assert (status, out.splitlines()[-1]) == (0, "0 faults")


def test_a_backup_leaves_what_is_of_other_archives(filled, tmp_path):
    others = [tmp_path / name for name in (".daxa.other.0123abcd", ".daxa.notes", ".daxa.records-", "daxa.0123abcd")]
    for other in others:
        other.write_text("of somebody else")
    back_up(filled, tmp_path / "daxa", KEY.sealing)
    assert all(other.exists() for other in others)

"""A whole store in one file, and a store from such a file: records, evidence, published rows and keys.

The archive is a compressed tar. It holds the records of one moment as text, so it can be restored into either database,
and every file that these records name; what is derived is derived again. Its last member lists every other with its
SHA-256, so an archive that was cut off or changed is found before anything is restored. The list is signed by the
store's key, and the whole is sealed for a key that is kept apart from it (`etl.sealing`): the archive holds the signing
key, and whoever can read it can sign. Its first member says how much it holds, and no more than that is unpacked.

An archive takes its name once the audit log has the entry of it. A restore enters the records and its own entry in one
transaction; one that was ended before that begins anew with the same archive, one that was ended after it is finished.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from etl.evidence import digest_of_file, sync_folder, write_durably
from etl.modes import FILE_MODE, make_folder, new_file
from etl.rebuild import rebuild_figures
from etl.records import submissions as life
from etl.records.dump import dumped_tables, is_empty, lines_of, load_lines, row_counts
from etl.records.engine import head_revision, prepare, reading, writing
from etl.records.log import COMMAND, AuditEvent, EventKind, append, entries
from etl.sealing import OpeningKey, OpeningReader, SealBrokenError, SealingKey, SealingWriter
from etl.signing import PublicKey, public_keys_of, signer_of
from etl.store import Store
from expectations.vocabulary import State

_KIND, _VERSION, _UNSEALED = "daxa backup", 2, 1
_SIZE, _MANIFEST, _SIGNATURE = "size.json", "manifest.json", "signature.json"
_ABOUT = (_SIZE, _MANIFEST, _SIGNATURE)
_ABOUT_BYTES = 2**28
"""More than the list of members of any store takes."""
_FOLDERS = ("evidence", "facts", "keys")
_MARK = "replay.name"
_UNFINISHED = ".restoring"
"""A file with the SHA-256 of the archive that a store is being filled from."""
_STAGED = ".restore-"
_MEMBER = re.compile(r"records/[a-z_]+\.jsonl|(evidence|facts|keys)(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+|replay\.name")
_CHUNK_BYTES = 2**20
_PUBLISHED = (State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN)

Progress = Callable[[int, int, str], None]
"""Told the number of files done, of all (0: not known), and the name of the file at work."""


class BackupError(RuntimeError):
    """A backup that was not made or not restored: one sentence for the person at the command."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds: rows by table, and the number of files."""

    rows: Mapping[str, int]
    files: int


@dataclass(slots=True)
class _Digesting:
    """A file that is read once, and the SHA-256 of what was read."""

    file: IO[bytes]
    digest: Any = field(default_factory=hashlib.sha256)

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self.file.read(size)
        self.digest.update(data)
        return data


# -------------------------------------------------------------------------------------------- making


def back_up(store: Store, target: Path, receiver: SealingKey, *, progress: Progress | None = None) -> Contents:
    """Write the archive of a store, sealed for a receiver, whole or not at all, and log it; filing may go on meanwhile.

    BackupError where there is a file of that name, or one that the records name is missing or was changed;
    KeyUnusableError where the store's key is gone.
    """
    must_not_be_there(target)
    signer = signer_of(store.home)  # before the files are named: the public half of a new key is one of them
    beside_target = f".{target.name}."
    left = re.compile(re.escape(beside_target) + r"(records-)?[a-z0-9_]{8}")
    # What a backup left that was ended, with the signing key in it.
    _remove([path for path in target.absolute().parent.iterdir() if left.fullmatch(path.name)])
    temporary = target.with_name(f"{beside_target}{secrets.token_hex(4)}")
    digests: dict[str, str] = {}
    try:
        with (
            os.fdopen(new_file(temporary), "wb") as out,
            TemporaryDirectory(dir=temporary.parent, prefix=f"{beside_target}records-") as beside,
        ):
            rows, wanted = _write_records(store, Path(beside))
            sealed = SealingWriter(out, receiver)
            with tarfile.open(fileobj=sealed, mode="w:gz", compresslevel=6) as archive:
                dumped = {f"records/{name}.jsonl": Path(beside) / f"{name}.jsonl" for name in rows}
                size = _size_of([*dumped.values(), *wanted])
                digests[_SIZE] = _add_record(archive, Path(beside) / _SIZE, size)
                for member, path in dumped.items():
                    digests[member] = _add(archive, path, member)
                for place, path in enumerate(wanted, 1):
                    member = path.relative_to(store.home).as_posix()
                    digests[member] = _add(archive, path, member)
                    if member.startswith("evidence/") and digests[member] != path.name:
                        raise BackupError(f"the kept bytes {path.name} differ from their SHA-256; run 'daxa verify'")
                    if progress is not None:
                        progress(place, len(wanted), path.name)
                manifest = _manifest(rows, digests)
                _add_record(archive, Path(beside) / _MANIFEST, manifest)
                signature = {"key": signer.public.id, "signature": signer.sign(manifest)}
                _add_record(archive, Path(beside) / _SIGNATURE, signature)
            sealed.finish()
            out.flush()
            os.fsync(out.fileno())
        with writing(store.engine) as connection:
            append(connection, [_event(EventKind.BACKUP, digest_of_file(temporary), len(wanted))])
        temporary.replace(target)
        sync_folder(target.absolute().parent)
    finally:
        temporary.unlink(missing_ok=True)
    return Contents(rows, len(wanted))


def must_not_be_there(target: Path) -> None:
    """BackupError where something has the name of the archive that is to be written."""
    if target.exists():
        raise BackupError(f"{target} is there already; name a file that is not")


def _size_of(files: Iterable[Path]) -> dict[str, int]:
    sizes = [path.stat().st_size for path in files if path.exists()]
    return {"files": len(sizes), "bytes": sum(sizes)}


def _add_record(archive: tarfile.TarFile, path: Path, record: Mapping[str, Any]) -> str:
    """Put a JSON file of its own into the archive; its SHA-256."""
    path.write_text(json.dumps(record, indent=1), "utf-8")
    return _add(archive, path, path.name)


def _event(act: EventKind, sha256: str, files: int) -> AuditEvent:
    return AuditEvent(COMMAND, act, None, {"sha256": sha256, "files": files})


def _remove(left: Iterable[Path]) -> None:
    """Remove files and folders, whatever is in them."""
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _write_records(store: Store, folder: Path) -> tuple[dict[str, int], list[Path]]:
    """Write every table as it stood at one moment; the rows of each, and the files that these records name."""
    rows: dict[str, int] = {}
    with reading(store.engine) as connection:
        for table in dumped_tables():
            rows[table.name] = 0
            with (folder / f"{table.name}.jsonl").open("w", encoding="utf-8", newline="\n") as out:
                for line in lines_of(connection, table):
                    out.write(line)
                    rows[table.name] += 1
        filed = life.listed(connection)
    evidence = {store.evidence.path(s.sha256) for s in filed if s.evidence_kept}
    facts = {store.facts.path(life.fact_files([s])[0]) for s in filed if s.state in _PUBLISHED and s.is_decided}
    keys = [path for path in sorted((store.home / "keys").glob("*")) if not path.name.startswith(".")]
    marks = [path for path in (store.home / _MARK,) if path.is_file()]
    return rows, [*sorted(evidence), *sorted(facts), *keys, *marks]


def _manifest(rows: Mapping[str, int], digests: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": _KIND,
        "version": _VERSION,
        "made_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "revision": head_revision(),
        "rows": rows,
        "members": digests,
    }


def _add(archive: tarfile.TarFile, path: Path, member: str) -> str:
    """Put a file into the archive under that name; its SHA-256."""
    info = tarfile.TarInfo(member)
    info.mode = FILE_MODE
    try:
        with path.open("rb") as file:
            info.size, info.mtime = os.fstat(file.fileno()).st_size, int(os.fstat(file.fileno()).st_mtime)
            read = _Digesting(file)
            archive.addfile(info, read)
    except FileNotFoundError as error:
        raise BackupError(
            f"{member} is missing; run 'daxa verify', or try again where files are being filed"
        ) from error
    return str(read.digest.hexdigest())


# ----------------------------------------------------------------------------------------- restoring


def restore(
    store: Store,
    source: Path,
    key: OpeningKey | None,
    *,
    signed_by: PublicKey | None = None,
    progress: Progress | None = None,
) -> Contents:
    """Fill an empty store from an archive, all of it or nothing, and log it; the store need not be prepared.

    `key` opens the archive; without one it is of an earlier version, which nothing protected. `signed_by` is the key
    that must have signed it, where the archive's own is not to be believed.
    What an earlier call with the same archive did that was ended is done to its end. BackupError where the archive is
    cut off, changed or of another schema, or something stands in the store already.
    """
    sha256 = digest_of_file(source)
    mark = store.home / _UNFINISHED
    contents = _begin(store, mark, sha256)
    if contents is None:
        try:
            contents = _fill(store, source, key, signed_by, sha256, progress)
        except BackupError:
            mark.unlink()
            raise
    rebuild_figures(store.engine, store.facts, anyway=True)
    mark.unlink(missing_ok=True)
    return contents


def _begin(store: Store, mark: Path, sha256: str) -> Contents | None:
    """Mark the store as being filled, without what an ended call left; what is in it where all is recorded already."""
    begun = mark.read_text("ascii") if mark.exists() else None
    with reading(store.engine) as connection:
        is_there = not is_empty(connection)
        if is_there and begun == sha256:
            logged = [json.loads(entry.details) for entry in entries(connection, act=EventKind.RESTORE)]
            files = [details["files"] for details in logged if details.get("sha256") == sha256]
            if files:
                return Contents(row_counts(connection), files[-1])
    if begun == sha256 and not is_there:
        _remove(path for name in (*_FOLDERS, _MARK) if (path := store.home / name).exists())
        _remove(store.home.glob(f"{_STAGED}*"))
    taken = [name for name in _FOLDERS if any((store.home / name).glob("*"))]
    if is_there or taken:
        there = "the database holds records" if is_there else f"{store.home / taken[0]} holds files"
        raise BackupError(f"{there}; restore into an empty store: another DAXA_HOME and DAXA_DATABASE_URL")
    write_durably(mark, sha256.encode("ascii"))
    return None


def _fill(
    store: Store,
    source: Path,
    key: OpeningKey | None,
    signed_by: PublicKey | None,
    sha256: str,
    progress: Progress | None,
) -> Contents:
    with TemporaryDirectory(dir=store.home, prefix=_STAGED) as folder:
        staged = Path(folder)
        manifest = _unpack(source, staged, key, progress)
        if key is not None:
            _check_signature(source, staged, manifest, signed_by)
        rows = manifest["rows"]
        contents = Contents(rows, len(manifest["members"].keys() - {_SIZE}) - len(rows))
        prepare(store.engine)
        with writing(store.engine) as connection:
            for table in dumped_tables():
                with (staged / "records" / f"{table.name}.jsonl").open(encoding="utf-8") as lines:
                    if load_lines(connection, table, lines) != rows[table.name]:
                        raise BackupError(f"the archive has not all rows of the table {table.name}; take another one")
            append(connection, [_event(EventKind.RESTORE, sha256, contents.files)])
            for name in (*_FOLDERS, _MARK):
                if (staged / name).exists():
                    _put(staged / name, store.home / name)
            os.sync()
    return contents


def _put(staged: Path, place: Path) -> None:
    if place.is_dir():
        place.rmdir()  # empty, as was made sure of
    staged.rename(place)


def _unpack(source: Path, folder: Path, key: OpeningKey | None, progress: Progress | None) -> dict[str, Any]:
    """Write every member under the folder and hold it against the list of them; that list."""
    digests: dict[str, str] = {}
    left = shutil.disk_usage(folder).free
    try:
        with source.open("rb") as file, _opened(file, key) as archive:
            for info in archive:
                opened = archive.extractfile(info) if info.isreg() else None
                if opened is None or info.name in digests or not _is_ours(info.name):
                    raise BackupError(f"{source} is no backup of ours: it holds {info.name!r}")
                if info.size > (_ABOUT_BYTES if info.name in _ABOUT else left):
                    raise BackupError(f"{source} holds more than it says or the disk has room for, at {info.name}")
                digests[info.name] = _extract(opened, folder / info.name)
                if info.name == _SIZE:
                    left = _room_for(source, folder)
                elif info.name not in _ABOUT:
                    left -= info.size
                if progress is not None:
                    progress(len(digests), 0, info.name)
    except SealBrokenError as error:
        raise BackupError(f"{source} cannot be opened: {error}; take another archive or its own key") from error
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise BackupError(f"{source} is cut off or no backup ({error}); take another one") from error
    return _checked(source, folder, digests, _VERSION if key else _UNSEALED)


def _opened(file: IO[bytes], key: OpeningKey | None) -> tarfile.TarFile:
    """The archive in a file, read from its beginning to its end."""
    if key is None:
        return tarfile.open(fileobj=file, mode="r|gz")
    return tarfile.open(fileobj=io.BufferedReader(OpeningReader(file, key)), mode="r|gz")


def _room_for(source: Path, folder: Path) -> int:
    """How many bytes the archive says that it holds; BackupError where the disk has no room for them."""
    try:
        wanted = int(json.loads((folder / _SIZE).read_bytes())["bytes"])
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{source} is no backup of ours: how much it holds cannot be read") from error
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise BackupError(f"{source} holds {wanted} bytes, and {free} are free at {folder.parent}; make room first")
    return wanted


def _check_signature(source: Path, folder: Path, manifest: Mapping[str, Any], signed_by: PublicKey | None) -> None:
    """Hold the list of members against its signature; BackupError where it is not by the key that it is to be."""
    try:
        signed = json.loads((folder / _SIGNATURE).read_bytes())
        key = signed_by or public_keys_of(folder)[signed["key"]]
        is_right = key.has_signed(manifest, signed["signature"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{source} was not signed by a store; take another archive") from error
    if not is_right:
        raise BackupError(f"{source} was not signed by key {key.id}; take another archive, or the key of its store")


def _is_ours(name: str) -> bool:
    return name in _ABOUT or _MEMBER.fullmatch(name) is not None


def _extract(opened: IO[bytes], path: Path) -> str:
    make_folder(path.parent)
    read = _Digesting(opened)
    with os.fdopen(new_file(path), "wb") as out:
        while data := read.read(_CHUNK_BYTES):
            out.write(data)
    return str(read.digest.hexdigest())


def _checked(source: Path, folder: Path, digests: dict[str, str], version: int) -> dict[str, Any]:
    digests.pop(_SIGNATURE, None)
    if digests.pop(_MANIFEST, None) is None:
        raise BackupError(f"{source} is cut off or no backup: it lacks its list of members; take another one")
    try:
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_bytes())
        of_ours = (manifest["kind"], manifest["version"]) == (_KIND, version)
        revision, members, tables = manifest["revision"], manifest["members"], set(manifest["rows"])
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{source} is no backup of ours: its list of members cannot be read") from error
    if not of_ours:
        raise BackupError(f"{source} is a backup of another kind or version; restore it with the program that made it")
    if revision != head_revision() or tables != {table.name for table in dumped_tables()}:
        raise BackupError(
            f"{source} was made at revision {revision}, this program is at {head_revision()}; "
            "restore it with the version that made it and run 'daxa migrate' there"
        )
    if changed := sorted(name for name in digests.keys() | members.keys() if digests.get(name) != members.get(name)):
        raise BackupError(f"{source} was changed: {changed[0]} is not what was backed up; take another one")
    return manifest

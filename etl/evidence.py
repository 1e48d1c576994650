"""The exact bytes that came, content-addressed: written once, never changed (specification, 3.1).

A file lies at `evidence/<first two digits>/<sha256>`; it is written under a temporary name, made durable and then
renamed, so a name stands for whole content or does not exist. Only a file that holds secrets (SUB-007) is discarded.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from etl.modes import make_folder, new_file
from etl.plain_files import NotPlainError, is_plain, read_plain


def digest_of(data: bytes) -> str:
    """SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file of any size in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_durably(path: Path, data: bytes) -> None:
    """Put `data` at `path`, for its owner alone, so that after a crash it is there whole or not at all."""
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(new_file(temporary), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DamagedEvidenceError(RuntimeError):
    """Kept bytes that do not have their hash any more: our trouble, never the sender's."""


def undamaged(data: bytes, sha256: str) -> bytes:
    """Return kept bytes as they are; DamagedEvidenceError where they do not have that hash."""
    if digest_of(data) != sha256:
        raise DamagedEvidenceError(_damaged(sha256))
    return data


def _damaged(sha256: str) -> str:
    return f"the kept bytes {sha256} are damaged; the same bytes filed again heal them, then 'daxa heal'"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The store of received bytes under `folder`."""

    folder: Path

    def path(self, sha256: str) -> Path:
        """Return the path of the bytes with that hash."""
        return self.folder / sha256[:2] / sha256

    def keep(self, data: bytes) -> str:
        """Store `data` durably and return its hash; the same bytes are stored once, and heal damaged ones."""
        sha256 = digest_of(data)
        if not self.is_intact(sha256):
            write_durably(self.path(sha256), data)
        return sha256

    def read(self, sha256: str) -> bytes:
        """The bytes with that hash; FileNotFoundError where they were discarded or never came.

        Raises DamagedEvidenceError where they do not have it any more, or where a link or another thing that is no
        plain file lies in their place.
        """
        try:
            data = read_plain(self.path(sha256))
        except NotPlainError as error:
            raise DamagedEvidenceError(_damaged(sha256)) from error
        return undamaged(data, sha256)

    def discard(self, sha256: str) -> None:
        """Remove bytes that must not be stored (SUB-007)."""
        self.path(sha256).unlink(missing_ok=True)

    def is_intact(self, sha256: str) -> bool:
        """True where the bytes are there and still have that hash."""
        path = self.path(sha256)
        return is_plain(path) and digest_of_file(path) == sha256

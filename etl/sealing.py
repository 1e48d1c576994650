"""Sealed files: written for the holder of a key, read whole and unchanged or not at all.

The content is encrypted in chunks with ChaCha20-Poly1305 (RFC 8439), each with its number and whether it is the last
in its nonce (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár 2015): chunks that were changed, moved,
repeated or cut off are refused. The key of a file comes by HKDF-SHA256 (RFC 5869) from an X25519 exchange (RFC 7748)
between a key made for this file alone and the receiver's. So who writes needs the receiver's public half only, and
cannot read again what was written. Who wrote a file is not said by its seal: sign what is in it.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from etl.evidence import sync_folder
from etl.modes import new_file
from etl.signing import (
    KeyUnusableError,
    id_of_key,
    pem_of_private,
    pem_of_public,
    private_key_in,
    public_key_in,
    raw_of_public,
)

_MAGIC = b"daxa sealed 1\n"
_KEY_BYTES, _TAG_BYTES = 32, 16
_CHUNK_BYTES = 2**16


class SealBrokenError(RuntimeError):
    """A file that is not sealed, or for another key, was changed or is cut off: half a sentence that says so."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The half of a key for which files are sealed."""

    raw: bytes

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits by which a key is known."""
        return id_of_key(self.raw)

    @property
    def pem(self) -> bytes:
        """The key as a file to hand out."""
        return pem_of_public(X25519PublicKey.from_public_bytes(self.raw))


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """The half of a key that opens what was sealed for the other."""

    _private: X25519PrivateKey

    @classmethod
    def generated(cls) -> OpeningKey:
        """A new key, which is nowhere yet."""
        return cls(X25519PrivateKey.generate())

    @property
    def sealing(self) -> SealingKey:
        """The half for which files are sealed."""
        return SealingKey(raw_of_public(self._private.public_key()))

    @property
    def pem(self) -> bytes:
        """The key as its file has it."""
        return pem_of_private(self._private)

    def shared_with(self, other: bytes) -> bytes:
        """The secret of this key and another's public half."""
        return self._private.exchange(X25519PublicKey.from_public_bytes(other))


def new_opening_key(path: Path) -> OpeningKey:
    """Make a key in a file of its owner's alone; FileExistsError where something is there."""
    key = OpeningKey.generated()
    with os.fdopen(new_file(path), "wb") as file:
        file.write(key.pem)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.absolute().parent)
    return key


def read_opening_key(path: Path) -> OpeningKey:
    """The key in a file that opens archives; KeyUnusableError in one sentence where there is none."""
    if not path.is_file():
        raise KeyUnusableError(f"{path} is not there; give the key that opens the archive with --key")
    key = private_key_in(path, "give the file that 'daxa backup-key' wrote")
    if not isinstance(key, X25519PrivateKey):
        raise KeyUnusableError(f"{path} holds a key of another kind; an X25519 key opens archives")
    return OpeningKey(key)


def read_sealing_key(path: Path) -> SealingKey:
    """The public half in a file; KeyUnusableError in one sentence where there is none."""
    key = public_key_in(path, "give the .pub that 'daxa backup-key' wrote")
    if not isinstance(key, X25519PublicKey):
        raise KeyUnusableError(f"{path} holds a public key of another kind; an X25519 key is needed")
    return SealingKey(raw_of_public(key))


def _cipher(secret: bytes, once: bytes, receiver: bytes) -> ChaCha20Poly1305:
    derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=once + receiver, info=_MAGIC).derive(secret)
    return ChaCha20Poly1305(derived)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


class SealingWriter(io.RawIOBase):
    """What is written here reaches a file sealed; only `finish` ends it, so that what is broken off is cut off."""

    def __init__(self, file: IO[bytes], receiver: SealingKey) -> None:
        """Begin a sealed file for the holder of the receiver's other half."""
        self._file = file
        once = OpeningKey.generated()
        self._cipher = _cipher(once.shared_with(receiver.raw), once.sealing.raw, receiver.raw)
        self._waiting = bytearray()
        self._number = 0
        file.write(_MAGIC + receiver.raw + once.sealing.raw)

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes of any number."""
        self._waiting += data
        while len(self._waiting) > _CHUNK_BYTES:
            self._seal(bytes(self._waiting[:_CHUNK_BYTES]), is_last=False)
            del self._waiting[:_CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk; the file stays open."""
        self._seal(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _seal(self, data: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), data, _MAGIC))
        self._number += 1


class OpeningReader(io.RawIOBase):
    """The content of a sealed file, in order; SealBrokenError as soon as a chunk is not what was written."""

    def __init__(self, file: IO[bytes], key: OpeningKey) -> None:
        """Begin to read; SealBrokenError where the file is not sealed, or for another key."""
        self._file = file
        head = file.read(len(_MAGIC) + 2 * _KEY_BYTES)
        if not head.startswith(_MAGIC) or len(head) < len(_MAGIC) + 2 * _KEY_BYTES:
            raise SealBrokenError("it is not sealed, or cut off")
        receiver, once = head[len(_MAGIC) : -_KEY_BYTES], head[-_KEY_BYTES:]
        if receiver != key.sealing.raw:
            raise SealBrokenError(f"it is sealed for key {SealingKey(receiver).id}, not for {key.sealing.id}")
        try:
            self._cipher = _cipher(key.shared_with(once), once, receiver)
        except ValueError as error:
            raise SealBrokenError("it was changed") from error
        self._next = file.read(_CHUNK_BYTES + _TAG_BYTES)
        self._opened = b""
        self._number = 0
        self._is_ended = False

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the chunk at hand goes; 0 after the last."""
        while not self._opened and not self._is_ended:
            self._open()
        size = min(len(buffer), len(self._opened))
        buffer[:size] = self._opened[:size]
        self._opened = self._opened[size:]
        return size

    def _open(self) -> None:
        chunk, self._next = self._next, self._file.read(_CHUNK_BYTES + _TAG_BYTES)
        self._is_ended = not self._next
        try:
            self._opened = self._cipher.decrypt(_nonce(self._number, is_last=self._is_ended), chunk, _MAGIC)
        except InvalidTag as error:
            raise SealBrokenError("it was changed or is cut off") from error
        self._number += 1

"""The store's own key: what it signs can be verified by anybody who holds the public half, without the store.

Ed25519. The key lies under the home, readable by its owner alone, made on first use; the public half lies beside it,
to be handed out. A key that is lost is not made anew unseen: where a public half lies, the key is put back from a copy.
Another key takes its place by an act that the old one signs (`etl.key_change`). Whoever can read the key can sign, and
whoever can write there can put another in its place: verify with a copy of the public half that was kept elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from etl.canonical import canonical_json
from etl.evidence import sync_folder, write_durably
from etl.modes import is_open_to_others, make_folder, new_file

_FOLDER, _PRIVATE, _PUBLIC = "keys", "signing.key", "signing-{id}.pub"


class KeyUnusableError(RuntimeError):
    """A key file that cannot be used: a sentence for the person at the command."""


def id_of_key(raw: bytes) -> str:
    """Sixteen hexadecimal digits by which a key is known, of the bytes of its public half."""
    return hashlib.sha256(raw).hexdigest()[:16]


def pem_of_public(key: Ed25519PublicKey | X25519PublicKey) -> bytes:
    """A public half as a file to hand out."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def pem_of_private(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    """A key as its file has it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def raw_of_public(key: Ed25519PublicKey | X25519PublicKey) -> bytes:
    """The bytes of a public half."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def private_key_in(path: Path, what_else: str) -> PrivateKeyTypes:
    """The key in a file that is its owner's alone; KeyUnusableError, which says what else to do."""
    if is_open_to_others(path):
        raise KeyUnusableError(f"{path} can be read by others than its owner; run 'chmod 600 {path}'")
    try:
        return load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise KeyUnusableError(f"{path} holds no key; {what_else}") from error


def public_key_in(path: Path, what_else: str) -> PublicKeyTypes:
    """The public half in a file; KeyUnusableError, which says what else to do."""
    try:
        return load_pem_public_key(path.read_bytes())
    except ValueError as error:
        raise KeyUnusableError(f"{path} holds no public key; {what_else}") from error


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The half of a key that verifies."""

    raw: bytes

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits by which a key is known."""
        return id_of_key(self.raw)

    @property
    def pem(self) -> str:
        """The key as a file to hand out."""
        return pem_of_public(Ed25519PublicKey.from_public_bytes(self.raw)).decode("ascii")

    def has_signed(self, content: Mapping[str, Any], signature: str) -> bool:
        """True where `signature` is this key's over the canonical JSON of `content`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(bytes.fromhex(signature), _message(content))
        except (InvalidSignature, ValueError):
            return False
        # Upper-case digits would be another text for the same signature.
        return signature == signature.lower()


@dataclass(frozen=True, slots=True)
class Signer:
    """The whole key: what signs for a store."""

    _private: Ed25519PrivateKey

    @classmethod
    def generated(cls) -> Signer:
        """A new key, which is nowhere yet."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def pem(self) -> bytes:
        """The key as its file has it."""
        return pem_of_private(self._private)

    @property
    def public(self) -> PublicKey:
        """The half that verifies."""
        return PublicKey(raw_of_public(self._private.public_key()))

    def sign(self, content: Mapping[str, Any]) -> str:
        """The signature over the canonical JSON of `content`, in hexadecimal."""
        return self._private.sign(_message(content)).hex()


def _message(content: Mapping[str, Any]) -> bytes:
    return canonical_json(content).encode()


def signer_of(home: Path, *, may_make: bool = True) -> Signer:
    """The key of the store under `home`, made where there never was one; KeyUnusableError in one sentence.

    It is not made where `may_make` is False, since something is signed already.
    """
    path = home / _FOLDER / _PRIVATE
    if not path.exists():
        if not may_make or any(path.parent.glob(_PUBLIC.format(id="*"))):
            raise KeyUnusableError(f"{path} is gone, and the store has signed with it; put it back from a copy")
        _make(path)
    key = private_key_in(path, "put it back from a copy")
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusableError(f"{path} holds a key of another kind; put the Ed25519 key back from a copy")
    signer = Signer(key)
    _hand_out(home, signer)
    return signer


def put_in_place(home: Path, signer: Signer) -> None:
    """Have the store under `home` sign with another key from now on; the public half of the old one stays."""
    path = home / _FOLDER / _PRIVATE
    _hand_out(home, signer)
    temporary = _written(path, signer.pem)
    temporary.replace(path)
    sync_folder(path.parent)


def _hand_out(home: Path, signer: Signer) -> None:
    public = home / _FOLDER / _PUBLIC.format(id=signer.public.id)
    if not public.exists():
        write_durably(public, signer.public.pem.encode())


def _make(path: Path) -> None:
    """Write a new key, whole and for its owner alone; where two do so at once the first one's stands."""
    make_folder(path.parent)
    temporary = _written(path, Signer.generated().pem)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
    sync_folder(path.parent)


def _written(path: Path, pem: bytes) -> Path:
    """A key in a file beside its place, durable and for its owner alone."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(new_file(temporary), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def public_keys_of(home: Path) -> dict[str, PublicKey]:
    """The public half of every key that the store under `home` has had, by its id: a lost key's stays to verify by."""
    keys = [read_public_key(path) for path in sorted((home / _FOLDER).glob(_PUBLIC.format(id="*")))]
    return {key.id: key for key in keys}


def read_public_key(path: Path) -> PublicKey:
    """The public key in a file; KeyUnusableError in one sentence where there is none."""
    key = public_key_in(path, "ask the receiver of your reports for it")
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusableError(f"{path} holds a public key of another kind; an Ed25519 key is needed")
    return PublicKey(raw_of_public(key))

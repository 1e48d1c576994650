"""Passwords: what one must be like, its argon2id hash, and checking one in the same time whosever it is."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 15
"""NIST SP 800-63B-4, 3.1.1.2: at least 15 characters where a password is the only factor; no rule of composition."""

LONGEST = 256
"""More than anybody types; what is longer is refused before any work is done on it."""

_AT_ONCE = 4
"""Hashes computed at the same time: each takes 64 MiB (RFC 9106, second recommendation: argon2-cffi's default)."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without characters that look like others."""

_hasher = PasswordHasher()
_turn = threading.BoundedSemaphore(_AT_ONCE)


class UnfitPasswordError(ValueError):
    """A password that is refused, with a sentence for the user."""


def hash_of_new(password: str, *, name: str) -> str:
    """The hash to keep of a new password; UnfitPasswordError where it is too short, too long or the name itself."""
    plain = _normalised(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise UnfitPasswordError(f"a password has {SHORTEST} to {LONGEST} characters, this one {len(plain)}")
    if name in plain.casefold() and len(plain) < SHORTEST + len(name):
        raise UnfitPasswordError("a password does not hold the name of its person; choose another")
    if len(set(plain)) == 1:
        raise UnfitPasswordError("a password is more than one character repeated; choose another")
    return hash_of(password)


def hash_of(password: str) -> str:
    """The hash to keep of a password that was taken already."""
    with _turn:
        return _hasher.hash(_normalised(password))


def is_password_of(hash_: str | None, password: str) -> bool:
    """True where `password` is the one behind `hash_`; without a hash the same work is done and the answer is no."""
    plain = _normalised(password[: LONGEST + 1])
    with _turn:
        try:
            _hasher.verify(hash_ or _nobodys_hash(), plain)
        except (VerificationError, InvalidHashError):
            return False
    return hash_ is not None and len(plain) <= LONGEST


def is_outdated(hash_: str) -> bool:
    """True where a hash was made with less work than is asked for now."""
    return _hasher.check_needs_rehash(hash_)


def random_password() -> str:
    """Return a random password: twenty characters, about 99 bits, in groups that can be typed."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(5))
    return "-".join(groups)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex(16))


def _normalised(password: str) -> str:
    """The same characters however the keyboard composes them: Hangul comes composed or as single letters."""
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode("utf-8"))

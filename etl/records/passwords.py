"""Passwords: what one must be like, its argon2id hash, and checking one in the same time whosever it is."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 15
"""NIST SP 800-63B-4, 3.1.1.2: at least 15 characters where a password is the only factor; no rule of composition."""

LONGEST = 256
"""More than anybody types; what is longer is refused before any work is done on it."""

_AT_ONCE = 4
"""Hashes computed at the same time: each takes 64 MiB (RFC 9106, second recommendation: argon2-cffi's default)."""

_SERVICE = "daxa"
_LOOKED_AT = 72
"""Characters of a password whose guesses are counted; the library takes no more, and so many are enough."""
_GUESSES_LOG10 = 10
"""More than 10^10 guesses are needed: zxcvbn's highest grade (D. L. Wheeler, USENIX Security 2016)."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without characters that look like others."""

_hasher = PasswordHasher()
_turn = threading.BoundedSemaphore(_AT_ONCE)


class Unfit(StrEnum):
    """Why a password is refused."""

    LENGTH = "length"
    NAMES = "names"
    GUESSED = "guessed"


_SENTENCES = {
    Unfit.LENGTH: f"a password has {SHORTEST} to {LONGEST} characters; choose another",
    Unfit.NAMES: f"a password has {SHORTEST} characters beside the names of person, exchange, service; choose another",
    Unfit.GUESSED: "this password is soon guessed: common words, a row of keys or something repeated; choose another",
}


class UnfitPasswordError(ValueError):
    """A password that is refused, with a sentence for the user; `reason` for a screen with words of its own."""

    def __init__(self, reason: Unfit) -> None:
        """Say why."""
        super().__init__(_SENTENCES[reason])
        self.reason = reason


def hash_of_new(password: str, *, name: str, exchange: str | None = None) -> str:
    """The hash to keep of a new password; UnfitPasswordError where it is too short or long, a name, or soon guessed."""
    from zxcvbn import zxcvbn  # its lists of words take 16 ms, which only a new password is worth

    plain = _normalised(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise UnfitPasswordError(Unfit.LENGTH)
    known = [word for word in (name, exchange, _SERVICE) if word]
    left = plain.casefold()
    for word in known:
        left = left.replace(word, "")
    if left != plain.casefold() and len(left) < SHORTEST:
        raise UnfitPasswordError(Unfit.NAMES)
    if zxcvbn(plain[:_LOOKED_AT], user_inputs=known)["guesses_log10"] < _GUESSES_LOG10:
        raise UnfitPasswordError(Unfit.GUESSED)
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

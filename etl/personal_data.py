"""Secrets and personal data, as people write them (specification, SUB-007).

Numbers are found with separators of any kind, in brackets, with a country code and in full-width digits; a bare run of
digits counts only where the text is free. A hash or an address on a chain is no secret, and neither is a part of a
longer run, a decimal or a word, so that no amount and no instant is taken for a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from etl.chain_addresses import is_address

_DASH = "\\-\u00ad\u1173\u2010-\u2015\u2043\u2212\u2500\u2501\u2796\u301c\u30fc\u3161\ufe58\ufe63\uff0d~"
"""Dashes of every kind, and the vowel that stands beside them on a Korean keyboard (U+3161, in NFKC U+1173)."""
_BLANK = "[ \u00a0\u3000]"
_GAP = rf"{_BLANK}{{0,2}}[{_DASH}/·:]{{1,2}}{_BLANK}{{0,2}}|{_BLANK}{{1,2}}"
"""What stands between the groups of a number: a dash or the like, with blanks beside it, or a blank."""
_BEFORE, _AFTER = r"(?<![0-9A-Za-z_])(?<![0-9]\.)", r"(?![0-9A-Za-z_])(?!\.[0-9])"
_RESIDENT = re.compile(rf"{_BEFORE}([0-9]{{6}})({_GAP})([1-8][0-9]{{6}}){_AFTER}")
_RESIDENT_FREE = re.compile(
    rf"{_BEFORE}([0-9]{{6}})({_BLANK}{{0,2}}(?:[^\w.]{{1,2}}|_|[{_DASH}]){_BLANK}{{0,2}})([1-8][0-9]{{6}}){_AFTER}"
)
_RESIDENT_BARE = re.compile(rf"{_BEFORE}([0-9]{{6}})([1-8][0-9]{{6}}){_AFTER}")
_MOBILE_GAP = (
    rf"{_BLANK}{{0,2}}[.{_DASH}/·\u2022\u2219\u30fb]{{1,2}}{_BLANK}{{0,2}}"
    rf"|{_BLANK}?[)\]][ \u00a0\u3000{_DASH}.]{{0,2}}|{_BLANK}?\(|{_BLANK}{{1,2}}"
)
_MOBILE_HEAD = rf"[(\[]?(?:(?:\+?82|0082)[)\]]?(?:{_MOBILE_GAP})?\(?0?|0)1[016789]"
_MOBILE = re.compile(
    rf"(?<![0-9A-Za-z_+])(?<![0-9]\.)({_MOBILE_HEAD}(?:{_MOBILE_GAP})[0-9]{{3,4}}(?:{_MOBILE_GAP})?[0-9]{{4}}"
    rf"|{_MOBILE_HEAD}[0-9]{{3,4}}(?:{_MOBILE_GAP})[0-9]{{4}}){_AFTER}"
)
_MOBILE_ABROAD = re.compile(
    rf"(?<![0-9A-Za-z_+])(?<![0-9]\.)(\(?\+82\)?(?:{_MOBILE_GAP})?\(?0?\)?1[016789](?:{_MOBILE_GAP})?[0-9]{{3,4}}(?:{_MOBILE_GAP})?"
    rf"[0-9]{{4}}){_AFTER}"
)
"""With the country code, however the rest is grouped."""
_MOBILE_BARE = re.compile(rf"(?<![0-9A-Za-z.,_+])((?:\+82|\+?820?|0)1[016789][0-9]{{7,8}}){_AFTER}")
_ONE_DOT = re.compile(r"[0-9]+\.[0-9]+\Z")
_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}(?![A-Za-z0-9-]{64})")
"""Bounded, so that a long text without blanks takes no more than its length."""
_CARD = re.compile(rf"{_BEFORE}([0-9]{{4}}(?:{_GAP})[0-9]{{4}}(?:{_GAP})[0-9]{{4}}(?:{_GAP})[0-9]{{1,7}}){_AFTER}")
_CARD_OF_THREE = re.compile(rf"{_BEFORE}(3[0-9]{{3}}(?:{_GAP})[0-9]{{6}}(?:{_GAP})[0-9]{{4,5}}){_AFTER}")
_CARD_DOTTED = re.compile(
    rf"{_BEFORE}([0-9]{{4}}\.[0-9]{{4}}\.[0-9]{{4}}\.[0-9]{{1,7}}|3[0-9]{{3}}\.[0-9]{{6}}\.[0-9]{{4,5}}){_AFTER}"
)
_CARD_BARE = re.compile(rf"{_BEFORE}([3-6][0-9]{{13,18}}|2[2-7][0-9]{{14}}){_AFTER}")
_UUID = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}[-\u2010-\u2015](?:[0-9A-Fa-f]{4}[-\u2010-\u2015]){3}[0-9A-Fa-f]{12}(?![0-9A-Za-z])"
)
_RUN = re.compile(r"[A-Za-z0-9]{20,}")
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_LONGEST_PREFIX = 16
"""Characters before a run of letters and digits that may belong to an address (`bitcoincash:`, `addr_`)."""
_TEXTS_AT_ONCE = 65_536


_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_OTHER_DIGITS = r"[\x{200B}-\x{200F}\x{2060}\x{FEFF}０-９＠﹫¹²³⁰-₉①-⒛\x{1D7CE}-\x{1D7FF}]"
"""What becomes a digit or the sign of an address once a text is normalised."""
_SIGN_OF_SEPARATED = "|".join(
    (
        rf"@|\+82|{_OTHER_DIGITS}",
        r"[0-9]{2,6}[^0-9A-Za-z,_]{0,6}[^0-9A-Za-z,._][^0-9A-Za-z,_]{0,6}[0-9]{3,7}",
        r"[0-9]{2,4}\.[0-9]{3,6}\.[0-9]{4}",
    )
)
_SIGN_OF_NUMBER = rf"@|[0-9]{{3}}|{_OTHER_DIGITS}"
_SIGN_OF_KEY = r"[0-9A-Za-z]{20}|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-|[Ａ-Ｚａ-ｚ]"


def may_hold_secret(*, is_free: bool, may_hold_key: bool) -> str:
    """Return a pattern (RE2) of all texts in which `secrets_in` may find something, to pass over the others fast."""
    sign = _SIGN_OF_NUMBER if is_free else _SIGN_OF_SEPARATED
    return f"{sign}|{_SIGN_OF_KEY}" if may_hold_key else sign


def suspected(texts: Iterable[str]) -> Iterator[str]:
    """Those of many texts of people in which `secrets_in` may find something, keys included; the others fast."""
    sign = may_hold_secret(is_free=True, may_hold_key=True)
    remaining = iter(texts)
    while some := list(islice(remaining, _TEXTS_AT_ONCE)):
        hits = pc.match_substring_regex(_array_of(some), sign)
        yield from (some[place] for place in pc.indices_nonzero(hits).to_pylist())


def _array_of(texts: list[str]) -> pa.Array:
    """The texts, half surrogate pairs in them replaced."""
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        return pa.array([text.encode("utf-8", "replace").decode("utf-8") for text in texts], pa.string())


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret: the kind of it (a reason of SUB-007), and its text, which is nowhere shown or kept."""

    reason: str
    value: str = field(repr=False)

    @property
    def masked(self) -> str:
        """Its text with all but the first character replaced."""
        return masked(self.value)


def secrets_in(text: str, *, is_free: bool = True, may_hold_key: bool = False) -> Iterator[Secret]:
    """Return every secret in a text, one a place.

    `is_free` says that the text is of people, so that a bare run of digits counts; `may_hold_key` that an unhashed key
    is looked for too.
    """
    plain = text if text.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    for value in _resident_numbers(plain, is_free):
        yield Secret("resident_registration_number", value)
    for value in _mobile_numbers(plain, is_free):
        yield Secret("mobile_number", value)
    for match in _EMAIL.finditer(plain):
        yield Secret("email_address", match[0])
    for value in _cards(plain, is_free):
        yield Secret("payment_card", value)
    if may_hold_key:
        for value in _keys(plain):
            yield Secret("raw_api_key", value)


def masking(text: str) -> str:
    """Return a text with every secret in it masked."""
    for secret in secrets_in(text, may_hold_key=True):
        # Written with full-width digits or invisible characters it does not stand there as it was found.
        text = text.replace(secret.value, secret.masked) if secret.value in text else masked(text)
    return text


def masked(value: str) -> str:
    """Return a secret with all but its first character replaced."""
    return f"{value[0]}{'*' * (len(value) - 1)}"


def _resident_numbers(text: str, is_free: bool) -> Iterator[str]:
    for match in (_RESIDENT_FREE if is_free else _RESIDENT).finditer(text):
        if _is_birthday(match[1], match[3][0]):
            yield match[0]
    if is_free:
        for match in _RESIDENT_BARE.finditer(text):
            if _is_birthday(match[1], match[2][0]) and _check_digit_fits(match[0]):
                yield match[0]


def _is_birthday(digits: str, century: str) -> bool:
    """True where six digits are a date in the century that the seventh names (1, 2, 5, 6: 1900s; 3, 4, 7, 8: 2000s)."""
    year = (1900 if century in "1256" else 2000) + int(digits[:2])
    try:
        date(year, int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return False
    return True


def _check_digit_fits(number: str) -> bool:
    """True where the last of thirteen digits is the sum over the others (resident registration numbers)."""
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    total = sum(weight * int(digit) for weight, digit in zip(weights, number, strict=False))
    return (11 - total % 11) % 10 == int(number[12])


def _mobile_numbers(text: str, is_free: bool) -> Iterator[str]:
    seen: set[int] = set()
    for match in (*_MOBILE.finditer(text), *_MOBILE_ABROAD.finditer(text)):
        if match.end() not in seen and not _ONE_DOT.match(match[1]):
            seen.add(match.end())
            yield match[1]
    if is_free:
        yield from (match[1] for match in _MOBILE_BARE.finditer(text) if match.end() not in seen)


def _cards(text: str, is_free: bool) -> Iterator[str]:
    separated = (_CARD, _CARD_OF_THREE, _CARD_DOTTED)
    for pattern in (*separated, _CARD_BARE) if is_free else separated:
        for match in pattern.finditer(text):
            digits = re.sub("[^0-9]", "", match[1])
            if 14 <= len(digits) <= 19 and _luhn_fits(digits):
                yield match[1]


def _luhn_fits(digits: str) -> bool:
    """True where the check digit of a payment card fits (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _keys(text: str) -> Iterator[str]:
    yield from (match[0] for match in _UUID.finditer(text))
    for match in _RUN.finditer(text):
        if _is_key(match[0], text[max(0, match.start() - _LONGEST_PREFIX) : match.start()]):
            yield match[0]


def _is_key(run: str, before: str) -> bool:
    has_both = any(letter.isalpha() for letter in run) and any(letter.isdigit() for letter in run)
    return has_both and not (_HASH.match(run) or is_address(run, before))

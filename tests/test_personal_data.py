"""What is taken for a secret in raw bytes, and that no amount, instant or hash is taken for a person."""

import io
import random
import zipfile
from collections.abc import Iterator

import pyarrow.compute as pc
import pytest

from etl.personal_data import masking, may_hold_secret, secrets_in, secrets_in_bytes
from expectations.vocabulary import KRW_DIGITS, QUANTITY_DIGITS

MOST = 1 << 24
WRITTEN = [
    "010-1234-5678",
    "010 1234 5678",
    "010.1234.5678",
    "(010) 1234-5678",
    "82-10-1234-5678",
    "+82 10-1234-5678",
    "+82-1012345678",
    "+82(0)10 1234 5678",
    "０１０－１２３４－５６７８",
    "010–1234–5678",
    "900101-1234567",
    "900101–1234567",
    "900101 1234567",
    "kim@example.co.kr",
    "4111-1111-1111-1111",
]


@pytest.mark.parametrize("text", WRITTEN)
@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_every_way_of_writing_is_found_in_bytes_and_passed_by_no_sign(text: str, encoding: str) -> None:
    if encoding == "cp949" and not _fits(text, encoding):
        pytest.skip("not in this encoding")
    found = list(secrets_in_bytes(f"비고\n{text}, 끝".encode(encoding), MOST))
    assert [place for place, _ in found] == ["line 2"]
    assert set(found[0][1].masked[1:]) == {"*"}
    for is_free in (True, False):
        assert _matches(may_hold_secret(is_free=is_free, may_hold_key=False), text)


def _fits(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeEncodeError:
        return False


def _matches(pattern: str, text: str) -> bool:
    return bool(pc.match_substring_regex(text, pattern).as_py())


def test_every_part_of_a_workbook_is_searched() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/comments1.xml", "<comments><text><t>010-1234-5678</t></text></comments>")
        archive.writestr("docProps/core.xml", "<creator>kim@example.co.kr</creator>")
    places = {place.split(",")[0] for place, _ in secrets_in_bytes(target.getvalue(), MOST)}
    assert places == {"xl/comments1.xml", "docProps/core.xml"}


def amounts(count: int, seed: int) -> Iterator[str]:
    """Amounts, quantities, instants, counts and hashes, in every notation of the formats."""
    draw = random.Random(seed)
    for _ in range(count):
        whole = draw.randrange(10 ** draw.randint(1, KRW_DIGITS[0]))
        parts = draw.randrange(10 ** draw.randint(1, QUANTITY_DIGITS[1]))
        second = draw.randrange(1_700_000_000, 1_900_000_000)
        yield f"{whole}.{parts}"
        yield f"{whole:,}.{parts}"
        yield f"{whole}.{parts}E-{draw.randint(1, 18)}"
        yield f"{second}{draw.randrange(1000):03d}"
        day = f"2026-{draw.randint(10, 12)}-{draw.randint(10, 28)}"
        yield f"{day}T{draw.randint(10, 23)}:05:00.{parts % 1000:03d}+09:00"
        yield f"2026-11-0{draw.randint(1, 9)} {draw.randint(1, 23)}:05:00"
        yield f"2026/11/{draw.randint(10, 28)}"
        yield f"{draw.getrandbits(256):064x}"
        yield f"20261103-{draw.getrandbits(40):010x}"


@pytest.mark.parametrize("count", [2_000, pytest.param(120_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("separator", [",", '","', "\t"])
def test_no_amount_instant_or_hash_is_a_person(count: int, separator: str) -> None:
    data = separator.join(amounts(count, seed=7)).encode()
    lines = "\n".join(amounts(count, seed=11)).encode()
    assert list(secrets_in_bytes(data, MOST * 8)) == []
    assert list(secrets_in_bytes(lines, MOST * 8)) == []


def test_a_long_text_without_blanks_takes_no_more_than_its_length() -> None:
    for text in ("a" * 200_000, "a.b-" * 50_000, "@" * 100_000, "1" * 100_000, "01" * 50_000):
        assert list(secrets_in(text)) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("010  1234  5678", "mobile_number"),
        ("[010] 1234-5678", "mobile_number"),
        ("010(1234)5678", "mobile_number"),
        ("010--1234--5678", "mobile_number"),
        ("010ㅡ1234ㅡ5678", "mobile_number"),
        ("010\u301c1234\u301c5678", "mobile_number"),
        ("010\u20221234\u30fb5678", "mobile_number"),
        ("010-12\u200b34-5678", "mobile_number"),
        ("0082-10-1234-5678", "mobile_number"),
        ("900101_1234567", "resident_registration_number"),
        ("900101--1234567", "resident_registration_number"),
        ("900101ㅡ1234567", "resident_registration_number"),
        ("900101-\u200b1234567", "resident_registration_number"),
        ("주민.900101-1234567", "resident_registration_number"),
        ("3782-822463-10005", "payment_card"),
        ("2223003122003222", "payment_card"),
        ("김철수@example.com", "email_address"),
        ("kim@회사.한국", "email_address"),
    ],
)
def test_the_ways_people_write_it_are_found_and_masked(text: str, reason: str) -> None:
    assert [one.reason for one in secrets_in(text)] == [reason]
    assert not any(one.reason == reason for one in secrets_in(masking(text)))

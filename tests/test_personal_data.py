"""What is taken for a secret in raw bytes, and that no amount, instant or hash is taken for a person."""

import bz2
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Iterator

import pyarrow.compute as pc
import pytest
import xlsxwriter

from etl.personal_data import masking, may_hold_secret, secrets_in
from etl.raw_search import secrets_in_bytes
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
        ("4111.1111.1111.1111", "payment_card"),
        ("3782.822463.10005", "payment_card"),
        ("김철수@example.com", "email_address"),
        ("kim@회사.한국", "email_address"),
    ],
)
def test_the_ways_people_write_it_are_found_and_masked(text: str, reason: str) -> None:
    assert [one.reason for one in secrets_in(text)] == [reason]
    assert not any(one.reason == reason for one in secrets_in(masking(text)))


def zipped(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return target.getvalue()


RUNS = (
    b"<comments><text><r><rPr><b/></rPr><t>010-12</t></r><r><t xml:space='preserve'>34-5678</t></r></text></comments>"
)
TEXT = "비고: 처010-1234-5678, 끝\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("utf-32-le"),
        TEXT.encode("utf-32-be"),
        b'[{"note": "\\u0030\\u0031\\u0030-1234\\u002d5678", ',
        b'[{"note": "\\uff10\\uff11\\uff10-1234-5678", ',
        gzip.compress(TEXT.encode()),
        bz2.compress(TEXT.encode()),
        lzma.compress(TEXT.encode()),
        b"PAR1" + bytes(20) + b"010-1234-5678" + bytes(20) + b"PAR1",
        b"\xd0\xcf\x11\xe0" + bytes(range(256)) + "010-1234-5678".encode("utf-16-le") + bytes(9),
        zipped(xl__comments1_xml=RUNS),
        zipped(xl__sharedStrings_xml="<sst><si><t>010-1234-5678</t></si></sst>".encode("utf-16")),
        zipped(xl__embeddings__a_xlsx=zipped(xl__b_xml=b"<t>010-1234-5678</t>")),
        zipped(**{"xl__010-1234-5678_png": b""}),
        zipped(xl__vmlDrawing1_vml=b"<xml>" + b"<a/>" * 400_000 + b"<t>010-1234-5678</t></xml>"),
    ],
    ids=[
        "UTF-16",
        "UTF-16 LE without mark",
        "UTF-16 BE without mark",
        "UTF-32",
        "UTF-32 LE without mark",
        "UTF-32 BE without mark",
        "escapes of JSON that is cut",
        "escapes of full-width digits",
        "gzip",
        "bzip2",
        "xz",
        "Parquet that is none",
        "old workbook",
        "runs of a comment",
        "part in UTF-16",
        "workbook in a workbook",
        "name of a part",
        "part of many chunks",
    ],
)
def test_it_is_found_whatever_it_is_wrapped_in(data: bytes) -> None:
    ((place, secret),) = secrets_in_bytes(data, MOST)
    assert secret.reason == "mobile_number"
    assert "1234" not in place


def test_a_damaged_file_is_searched_as_far_as_it_goes() -> None:
    packed = gzip.compress(TEXT.encode() * 3)
    assert list(secrets_in_bytes(packed[:-6], MOST))
    assert list(secrets_in_bytes(b"BZh9nothing", MOST)) == []
    assert list(secrets_in_bytes(b"PK\x03\x04" + b" 010-1234-5678 ", MOST))


def test_no_more_is_unpacked_than_the_limit() -> None:
    data = gzip.compress(bytes(1 << 22) + b"010-1234-5678")
    assert list(secrets_in_bytes(data, 1 << 20)) == []
    nested = zipped(a_xml=b"<t>010-1234-5678</t>")
    for _ in range(5):
        nested = zipped(a_zip=nested)
    assert list(secrets_in_bytes(nested, MOST)) == []


def test_a_secret_in_a_workbook_is_told_by_sheet_and_cell() -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("매매 & 차단")
        sheet.write("B7", "x")
        sheet.write_comment("C9", "010-1234-5678")
        book.add_worksheet("둘째").write_formula("D4", '="kim@example.co.kr"', None, "kim")
    found = {secret.reason: place for place, secret in secrets_in_bytes(target.getvalue(), MOST)}
    assert found == {"mobile_number": "매매 & 차단!C9", "email_address": "둘째!D4"}


def test_chance_makes_no_address_of_bytes() -> None:
    noise = bytes(3) + b"zq9@k.xqnmmmmmm" + bytes(3)
    assert list(secrets_in_bytes(noise, MOST)) == []
    assert list(secrets_in_bytes(noise.replace(b"k.xqnmmmmmm", b"daxa.co.kr    "), MOST))


@pytest.mark.parametrize(
    "address",
    [
        "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x",
        "addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgs68faae",
        "Ae2tdPwUPEZFRbyhz3cpfC2CumGzNkFBN2L42rcUc2yjQpEkxDbkPodpMAi",
        "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
        "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ",
        "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
        "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8",
    ],
)
def test_an_address_on_a_chain_is_no_key_unless_a_letter_is_another(address: str) -> None:
    assert list(secrets_in(f"주소 {address}.", may_hold_key=True)) == []
    place = len(address) // 2
    other = address[:place] + ("3" if address[place] != "3" else "4") + address[place + 1 :]
    assert [one.reason for one in secrets_in(other, may_hold_key=True)] == ["raw_api_key"]

"""Every cell that a sheet's XML holds is read once, as the text that is written there, or the file is refused."""

from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.formats.sheet_xml import Book, column_letters, column_place, read_cells
from etl.formats.table import ComputedError, DateCell, Formula, JsonNumber, UnreadableError
from expectations.vocabulary import COUNT_MAXIMUM
from tests.properties import examples

BOOK = Book(strings=("해당 없음", "BTC", ""), date_formats=frozenset({"3"}))
TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=8)
CELLS = st.one_of(
    st.integers(-COUNT_MAXIMUM, COUNT_MAXIMUM).map(lambda n: ("n", str(n), JsonNumber(n))),
    st.sampled_from(["#N/A", "#REF!", "#DIV/0!"]).map(lambda text: ("e", text, ComputedError(text))),
    st.sampled_from([0, 1]).map(lambda n: ("s", str(n), BOOK.strings[n])),
    TEXTS.map(lambda text: ("str", text, text)),
    TEXTS.map(lambda text: ("inlineStr", text, text)),
    st.sampled_from(["A1", "SUM(B2:B9)"]).map(lambda text: ("formula", text, Formula(f"={text}"))),
    st.just(("n", "NaN", ComputedError("NaN"))),
    st.just(("n", "", None)),
)
"""The type of a cell, what is written in it, and what it is."""
SHEETS = st.dictionaries(
    st.integers(1, 2000), st.dictionaries(st.integers(0, 60), CELLS, max_size=6), min_size=1, max_size=8
)


def cell_xml(place: str, kind: str, text: str) -> str:
    """One cell as programs write it."""
    written = escape(text)
    match kind:
        case "formula":
            return f'<c r="{place}"><f>{written}</f></c>'
        case "inlineStr":
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{written}</t></is></c>'
        case "n":
            return f'<c r="{place}"><v>{written}</v></c>' if text else f'<c r="{place}" s="1"/>'
        case _:
            return f'<c r="{place}" t="{kind}"><v>{written}</v></c>'


def sheet_xml(rows: dict[int, dict[int, Any]], *, prefix: str = "", dimension: str = "A1") -> bytes:
    """A sheet with these rows in order, whatever its dimension says."""
    lines = []
    for number, row in sorted(rows.items()):
        cells = "".join(cell_xml(f"{column_letters(place)}{number}", *row[place][:2]) for place in sorted(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    body = f'<dimension ref="{dimension}"/><sheetData>{"".join(lines)}</sheetData>'
    if prefix:
        body = body.replace("</", "</§").replace("<", f"<{prefix}:").replace(f"<{prefix}:/§", f"</{prefix}:")
    name = f"{prefix}:worksheet" if prefix else "worksheet"
    space = f"xmlns:{prefix}" if prefix else "xmlns"
    return f'<{name} {space}="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{body}</{name}>'.encode()


@settings(max_examples=examples(12), deadline=None)
@given(SHEETS, st.sampled_from(["", "x"]), st.sampled_from(["A1", "A0", "B2:C3", "A1:XFD1048576"]))
def test_every_cell_is_read_once_with_its_kind(rows: dict[int, dict[int, Any]], prefix: str, dimension: str) -> None:
    read = read_cells(sheet_xml(rows, prefix=prefix, dimension=dimension), BOOK)
    assert read.rows.keys() == rows.keys()
    for number, row in rows.items():
        wanted = {place: value for place, (_, _, value) in row.items()}
        assert read.rows[number] == wanted
        assert {p: type(v) for p, v in read.rows[number].items()} == {p: type(v) for p, v in wanted.items()}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (str(COUNT_MAXIMUM), str(COUNT_MAXIMUM)),
        ("9007199254740993", "9007199254740993"),
        ("9.007199254740993E15", "9007199254740993"),
        ("1E3", "1000"),
        ("5.0", "5"),
        ("1.5", "1.5"),
        ("-0", "0"),
        ("1E300", f"1{'0' * 300}"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "x"], ids=["plain", "with a prefix"])
def test_a_number_is_its_written_text(written: str, read: str, prefix: str) -> None:
    cells = read_cells(sheet_xml({1: {0: ("n", written, None)}}, prefix=prefix), BOOK)
    assert (type(cells.rows[1][0]), str(cells.rows[1][0]).removeprefix("-0") or "0") == (JsonNumber, read)


def test_a_date_is_shown_as_people_see_it() -> None:
    xml = (
        b'<worksheet><sheetData><row r="1"><c r="A1" s="3"><v>46328.299733796295</v></c></row></sheetData></worksheet>'
    )
    (value,) = read_cells(xml, BOOK).rows[1].values()
    assert (type(value), str(value)) == (DateCell, "2026-11-02 07:11:37")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ('<row r="1"/><row r="1"/>', "repeated_row"),
        ('<row r="0"/>', "bad_reference"),
        ('<row r="1048577"/>', "bad_reference"),
        ('<row r="x"/>', "bad_reference"),
        ('<row r="1"><c r="A1"/><c r="A1"/></row>', "repeated_cell"),
        ('<row r="1"><c r="A2"/></row>', "bad_reference"),
        ('<row r="1"><c r="XFE1"/></row>', "bad_reference"),
        ('<row r="1"><c r="A1" t="s"><v>3</v></c></row>', "bad_reference"),
        ('<row r="1"><c r="A1" t="s"><v>x</v></c></row>', "bad_reference"),
        ('<row r="1"><c r="A1">', "broken_part"),
    ],
)
def test_a_place_that_is_none_refuses_the_file(rows: str, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_cells(f"<worksheet><sheetData>{rows}</sheetData></worksheet>".encode(), BOOK)
    assert caught.value.reason == reason


def test_rows_and_cells_without_a_number_follow_the_one_before() -> None:
    rows = b"<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>"
    xml = b"<worksheet><sheetData>" + rows + b"</sheetData></worksheet>"
    assert read_cells(xml, BOOK).rows == {1: {0: "1", 1: "2"}, 2: {0: "3"}}


@given(st.integers(0, 16_383))
def test_letters_and_places_of_columns_are_each_others(place: int) -> None:
    assert column_place(column_letters(place)) == place

"""What leaves the screen for a spreadsheet: exact, harmless, and with a cover that says what it is."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.service import _csv_line
from app.columns import Shown
from app.exports import Cells, Column, Extract, as_csv, as_workbook, keeps_digits
from app.queries.choice import Choice
from app.scope import Identity, Role, Scope
from app.widgets import downloads
from app.widgets.view import View
from app.words import LANGUAGES
from etl.export import _formulas_in, write_rows
from etl.spreadsheets import harmless, would_run
from expectations.catalogue import rule_set_version

CHECKED = datetime(2026, 11, 1, 15, 5, 0, 123000, UTC)
LONGEST = Decimal("12345678901234567890.123456789012345678")


def extract(*columns: Column) -> Extract:
    return Extract("잔고대사", {"기준 시각": "2026-11-02 00:05 KST", "주소": "http://h/p?a=b"}, columns, "표지", "자료")


def csv_rows(data: bytes) -> list[list[str]]:
    text = data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO("".join(line for line in text.splitlines(True) if not line.startswith("#")))))


def sheet_rows(data: bytes) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["표지", "자료"]
    return [[cell.value for cell in row] for row in book["자료"].iter_rows()]


def test_the_cover_stands_before_the_rows() -> None:
    data = extract(Column("자산", Cells.TEXT, ["BTC"]))
    lines = as_csv(data).decode("utf-8-sig").splitlines()
    assert lines == ["# 잔고대사", "# 기준 시각: 2026-11-02 00:05 KST", "# 주소: http://h/p?a=b", "자산", "BTC"]
    cover = openpyxl.load_workbook(io.BytesIO(as_workbook(data)))["표지"]
    assert [[cell.value for cell in row] for row in cover.iter_rows(min_row=3)] == [
        ["기준 시각", "2026-11-02 00:05 KST"],
        ["주소", "http://h/p?a=b"],
    ]


RUN = [
    *(
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u3000=1",
        "\ufeff=1",
        "\u200b=1",
        "\u202e=1",
        "\x1b=1",
    ),
    *("＝1+1", "＋1", "－1", "＠SUM(A1)", "﹢1", "﹣1", "﹦1", "﹫1", "−1", "⁺1", " \u00a0＝1"),
]
"""Texts that a spreadsheet may run, in whatever language and with whatever settings."""


@pytest.mark.parametrize("text", RUN)
def test_a_text_is_never_a_formula(text: str) -> None:
    data = extract(Column("비고", Cells.TEXT, [text]))
    assert list(csv.reader(io.StringIO(as_csv(data).decode("utf-8-sig"), newline="")))[-1] == [harmless(text)]
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(data)))
    cell = book["자료"].cell(2, 1)
    assert cell.data_type == "s"
    assert str(cell.value).strip().endswith(text.strip()[-2:])
    assert harmless(text).startswith("'") and not would_run(harmless(text))


@pytest.mark.parametrize("text", ["한글", "a=1", "1-2", "2026-11-02", "'=1", "", "upbit", "…", "₿"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text
    assert csv_rows(as_csv(extract(Column("비고", Cells.TEXT, ["x", text]))))[2:] == [[text]]


@pytest.mark.parametrize("text", ["a;=1", "a\t=1", "a|=1", 'a;"=1', "a\n=1", "a\r\n+1", "a; ＝1", "a;b;@c"])
def test_no_cell_is_cut_into_a_formula(text: str) -> None:
    """Programs of other settings cut cells at other marks, inside quotes too where they do not see them as such."""
    for line in as_csv(extract(Column("비고", Cells.TEXT, [text]))).decode("utf-8-sig").splitlines():
        for cell in re.split("[;\t|]", line):
            assert not would_run(cell.strip().lstrip('"')), line


@pytest.mark.parametrize("said", ["a,=1", 'a,"=1"', "a;＋1", "=1", "a\t@b", "a, =HYPERLINK(0),b"])
def test_a_line_of_the_cover_is_cut_into_no_formula(said: str) -> None:
    data = Extract(said, {f"둘째 {said}": said}, [Column("자산", Cells.TEXT, ["BTC"])], "표지", "자료")
    lines = as_csv(data).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("# ") and lines[1].startswith("# ") and len(lines) == 4
    for line in lines:
        for cell in re.split("[,;\t|]", line):
            assert not would_run(cell.strip().lstrip('"')), line


@pytest.mark.parametrize("text", RUN)
def test_findings_for_people_are_harmless_and_an_export_says_what_it_holds(tmp_path: Path, text: str) -> None:
    assert next(csv.reader(io.StringIO(_csv_line(["1", text]).decode(), newline=""))) == ["1", harmless(text)]
    table = pa.table({"note": [text, "plain", None], "amount": pa.array([Decimal(-5)] * 3, pa.decimal128(5, 1))})
    as_filed, as_shown = tmp_path / "filed.csv", tmp_path / "shown.csv"
    write_rows(table, as_filed, "csv")
    write_rows(table, as_shown, "csv", for_spreadsheet=True)
    filed, shown = (
        list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
        for path in (as_filed, as_shown)
    )
    assert filed == [["note", "amount"], [text, "-5"], ["plain", "-5"], ["", "-5"]]
    assert shown == [["note", "amount"], [harmless(text), "-5"], ["plain", "-5"], ["", "-5"]]
    assert _formulas_in(table) == 1


def test_a_negative_number_stays_a_number() -> None:
    data = extract(Column("차이", Cells.NUMBER, [Decimal(-5), Decimal("-0.5"), None]))
    assert csv_rows(as_csv(data)) == [["차이"], ["-5"], ["-0.5"], [""]]
    assert sheet_rows(as_workbook(data)) == [["차이"], [-5], [-0.5]]


def test_a_column_that_a_spreadsheet_would_round_is_text() -> None:
    data = extract(Column("수량", Cells.NUMBER, [LONGEST, Decimal(1)]))
    assert sheet_rows(as_workbook(data)) == [["수량"], [str(LONGEST)], ["1"]]
    assert csv_rows(as_csv(data)) == [["수량"], [str(LONGEST)], ["1"]]


def test_days_and_instants_are_kst() -> None:
    data = extract(Column("날짜", Cells.DAY, [date(2026, 11, 2)]), Column("시각", Cells.INSTANT, [CHECKED]))
    assert csv_rows(as_csv(data))[1] == ["2026-11-02", "2026-11-02 00:05:00.123+09:00"]
    assert sheet_rows(as_workbook(data))[1] == [datetime(2026, 11, 2), datetime(2026, 11, 2, 0, 5, 0, 123000)]


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**20), max_value=10**20)


@given(st.lists(numbers, min_size=1, max_size=5))
def test_every_number_comes_back_to_the_last_digit(values: list[Decimal]) -> None:
    data = extract(Column("금액", Cells.NUMBER, values))
    assert [Decimal(row[0]) for row in csv_rows(as_csv(data))[1:]] == values
    assert [Decimal(str(row[0])) for row in sheet_rows(as_workbook(data))[1:]] == values


@given(numbers)
def test_what_a_spreadsheet_keeps_is_judged_by_digits(value: Decimal) -> None:
    if keeps_digits(value):
        assert Decimal(repr(float(value))) == value


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_leaves_with_units_filters_and_rule_set(language: str) -> None:
    choice = Choice(("upbit",), date(2026, 11, 1), date(2026, 11, 7))
    scope = Scope(Role.SUPERVISOR, ("upbit", "korbit"))
    view = View(
        language,
        Identity("P-1", "fss", scope),
        choice,
        date(2026, 11, 7),
        CHECKED + timedelta(days=9),
        False,
        "7",
        "reconciliation",
    )
    columns = {
        "exchange": Shown.EXCHANGE,
        "checked_at": Shown.MOMENT,
        "shortfall_krw": Shown.WON,
        "shortfall_ratio": Shown.BASIS_POINTS,
        "duration": Shown.DURATION,
    }
    frame = pd.DataFrame(
        {
            "exchange": ["upbit", None],
            "checked_at": [CHECKED, None],
            "shortfall_krw": [Decimal("1000.75"), None],
            "shortfall_ratio": [Decimal("0.012345"), None],
            "duration": [timedelta(minutes=2, milliseconds=500), None],
        },
        dtype=object,
    )
    titles = {name: name for name in columns}
    made = downloads._extract(view, frame, columns, titles, "=제목", "http://h/reconciliation?exchange=upbit")
    korean = language == "ko"
    rows = csv_rows(as_csv(made))
    assert rows[0] == [
        "exchange",
        "checked_at (KST)",
        "shortfall_krw",
        "shortfall_ratio (bp)",
        f"duration ({'초' if korean else 'seconds'})",
    ]
    assert rows[1][1:] == ["2026-11-02 00:05:00.123+09:00", "1000.75", "123.45", "120.5"]
    assert rows[2] == [""] * 5
    cover = " ".join(made.cover.values())
    for said in (rule_set_version(), "2026-11-01 ~ 2026-11-07 (KST)", "exchange=upbit", "2026-11-11 00:05 KST"):
        assert said in cover
    assert ("업비트" in cover) == korean

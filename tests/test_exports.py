"""What leaves the screen for a spreadsheet: exact, harmless, and with a cover that says what it is."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.columns import Shown
from app.exports import Cells, Column, Extract, as_csv, as_workbook, keeps_digits
from app.queries.choice import Choice
from app.scope import Identity, Role, Scope
from app.widgets import downloads
from app.widgets.view import View
from app.words import LANGUAGES
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


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_is_never_a_formula(text: str) -> None:
    data = extract(Column("비고", Cells.TEXT, [text]))
    assert csv_rows(as_csv(data))[1:] == [[f"'{text}"]]
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(data)))
    cell = book["자료"].cell(2, 1)
    assert cell.data_type == "s"
    assert str(cell.value).strip().endswith(text.strip())


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

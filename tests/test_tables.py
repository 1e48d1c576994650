"""Tables of the screens: what stands in a cell can be read whole, or at least from its first digit."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import SUPERVISOR

from app.amounts import exact
from app.columns import Shown
from app.moments import duration
from app.queries.choice import Choice
from app.widgets.downloads import days_of
from app.widgets.natures import FACTORS
from app.widgets.tables import MEASURED_ROWS, MOST_ON_PAPER, _column, _laid, _values, width_of
from app.widgets.view import View
from expectations.vocabulary import KST

DAY = date(2026, 11, 21)
VIEW = View("ko", SUPERVISOR, Choice((), DAY, DAY), DAY, datetime(2026, 11, 22, 11, tzinfo=KST), False, "0")
NUMBERS = {Shown.COUNT, Shown.WON, Shown.AMOUNT, *FACTORS}
SHORT, LONG = "74,056.723351264757178512", "51,381,639,054,566.695312500592321562"


def test_an_amount_below_what_the_browser_measures_makes_its_column_wide_enough() -> None:
    amounts = [SHORT] * MEASURED_ROWS + [LONG]
    width = width_of("장부수량", amounts)
    assert width is not None
    assert width > len(LONG) * 6
    assert width_of("장부수량", [LONG, *amounts[:MEASURED_ROWS]]) is None


@pytest.mark.parametrize(
    ("values", "nature"),
    [
        ([None] * 9 + ["2026-11-11 02:29:54"], Shown.INSTANT),
        ([None] * 6 + ["2026-11-11 02:29:54"] * 4, Shown.INSTANT),
        ([0] * 9 + [1_234_567_890], Shown.COUNT),
        ([0.1] * 9 + [12_345_678_901_234.25], Shown.PERCENT),
    ],
    ids=["instants", "some instants", "counts", "percentages"],
)
def test_what_the_browser_would_leave_out_as_too_wide_is_seen_whole(values: list[Any], nature: Shown) -> None:
    assert _column("기한", values, nature)["width"] > 6 * 10
    assert _column("기한", values[-5:], nature)["width"] is None


@pytest.mark.parametrize("values", [[], [None], [SHORT], ["가" * 200] * 3], ids=["none", "missing", "one", "long"])
def test_the_browser_measures_what_it_sees(values: list[str | None]) -> None:
    assert width_of("장부수량", values) is None


def test_a_long_text_leaves_room_for_other_columns() -> None:
    width = width_of("설명", ["짧음"] * MEASURED_ROWS + ["가" * 200])
    assert width is not None
    assert width < 500


def test_a_column_of_amounts_takes_the_width_of_its_longest() -> None:
    values = pd.Series([exact(Decimal("1.5"))] * MEASURED_ROWS + [LONG], dtype=object)
    narrow = pd.Series([exact(Decimal("1.5"))], dtype=object)
    assert _column("수량", values, Shown.AMOUNT)["width"] == width_of("수량", values.tolist())
    assert _column("수량", narrow, Shown.AMOUNT)["width"] is None


amounts = st.decimals(Decimal(-10) ** 20, Decimal(10) ** 20, places=18, allow_nan=False, allow_infinity=False)


@given(st.lists(st.none() | amounts, min_size=1, max_size=30))
def test_exact_amounts_that_are_texts_sort_by_value(values: list[Decimal | None]) -> None:
    cells = _values(VIEW, [*values, Decimal("0.5")], Shown.AMOUNT)
    shown = {value: text for value, text in zip([*values, Decimal("0.5")], cells, strict=True) if value is not None}
    assert [text.strip() for text in shown.values()] == [exact(value) for value in shown]
    assert sorted(shown, key=lambda value: shown[value]) == sorted(shown)


@given(st.lists(st.timedeltas(timedelta(days=-400), timedelta(days=400)), min_size=2, max_size=20))
def test_lengths_of_time_sort_by_value(lengths: list[timedelta]) -> None:
    cells = _values(VIEW, lengths, Shown.DURATION)
    assert _column("길이", cells, Shown.DURATION)["type_config"]["type"] == "number"
    assert [cells[place] for place in sorted(range(len(lengths)), key=lengths.__getitem__)] == sorted(cells)
    assert [duration(abs(cell), "en") for cell in cells] == [duration(abs(length), "en") for length in lengths]


@pytest.mark.parametrize("nature", sorted(NUMBERS))
def test_every_number_is_a_column_that_sorts_by_value(nature: Shown) -> None:
    values = [Decimal(9), Decimal(10), Decimal(-3)]
    cells = _values(VIEW, values, nature)
    assert sorted(cells) == [cells[2], cells[0], cells[1]]


def test_a_file_says_the_days_of_its_own_rows() -> None:
    choice = Choice((), date(2026, 11, 15), date(2026, 11, 21))
    columns = {"day": Shown.DAY}
    within = pd.DataFrame({"day": [date(2026, 11, 16), date(2026, 11, 20)]})
    outside = pd.DataFrame({"day": [date(2026, 8, 24), date(2026, 11, 20)]})
    view = replace(VIEW, choice=choice)
    assert days_of(within, columns, view) == (choice.first_day, choice.last_day)
    assert days_of(outside, columns, view) == (date(2026, 8, 24), date(2026, 11, 20))
    assert days_of(outside.iloc[:0], columns, view) == (choice.first_day, choice.last_day)
    assert days_of(pd.DataFrame({"asset": ["BTC"]}), {"asset": Shown.TEXT}, view)[0] == choice.first_day


@pytest.mark.parametrize(
    ("column", "values", "days"),
    [
        ("month", ["2026-09", "2026-10"], (date(2026, 9, 1), date(2026, 10, 31))),
        ("period", ["2026-11-02T09-12", "2026-11-03"], (date(2026, 11, 2), date(2026, 11, 3))),
        ("period", ["2026-11-20", None, "?"], (date(2026, 11, 15), date(2026, 11, 21))),
    ],
)
def test_a_file_of_months_or_periods_says_their_days(column: str, values: list[Any], days: tuple[date, date]) -> None:
    view = replace(VIEW, choice=Choice((), date(2026, 11, 15), date(2026, 11, 21)))
    assert days_of(pd.DataFrame({column: values}), {column: Shown.TEXT}, view) == days


def test_a_file_of_a_part_says_the_days_of_the_part() -> None:
    view = replace(VIEW, choice=Choice((), date(2026, 11, 15), date(2026, 11, 21)))
    frame, columns = pd.DataFrame({"asset": ["BTC"]}), {"asset": Shown.TEXT}
    assert days_of(frame, columns, view.of_days(DAY, DAY)) == (DAY, DAY)
    assert days_of(frame, columns, view.of_period("2026-10")) == (date(2026, 10, 1), date(2026, 10, 31))


def test_paper_has_every_cell_digit_for_digit_and_says_where_it_is_cut() -> None:
    amount = Decimal("123456789012345678.000000000000000001")
    columns = {"difference": Shown.AMOUNT, "delay": Shown.DURATION, "share": Shown.PERCENT, "file": Shown.TEXT}
    rows = [{"difference": amount, "delay": timedelta(hours=26), "share": Decimal("0.125"), "file": "<b>"}]
    whole = _laid(VIEW, rows, columns).on_paper
    for said in ("123,456,789,012,345,678.000000000000000001", "1일 2시간", "12.50 %", "&lt;b&gt;"):
        assert f">{said}</td>" in whole
    assert "<p>" not in whole
    cut = _laid(VIEW, rows * (MOST_ON_PAPER + 1), columns).on_paper
    assert cut.count("<tr>") == MOST_ON_PAPER + 1
    assert VIEW.say("list.on_paper", count=f"{MOST_ON_PAPER + 1:,}", shown=MOST_ON_PAPER) in cut

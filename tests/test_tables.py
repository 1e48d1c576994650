"""Tables of the screens: what stands in a cell can be read whole, or at least from its first digit."""

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from app.amounts import exact
from app.columns import Shown
from app.widgets.tables import MEASURED_ROWS, _column, width_of

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

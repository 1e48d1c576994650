"""Ratings and grades of data quality: the worst of the parts, capped, and never said better than they are."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.quality.counts import QualityMonth
from app.quality.measures import Dimension, Measure, Rating, caps_on, grade, measures_on, worst
from app.quality.scorecard import value_text

NOVEMBER = date(2026, 11, 1)
COUNTS = tuple(one.name for one in fields(QualityMonth) if one.name not in ("exchange", "month"))
MEASURES = {one.name: one for one in measures_on(NOVEMBER)}


PERFECT = QualityMonth(
    exchange="korbit",
    month="2026-11",
    due_count=200,
    met_count=200,
    on_time_count=200,
    attempted_count=200,
    first_time_count=200,
    accepted_count=200,
    in_force_count=200,
    received_row_count=100_000,
    covered_slot_count=10_000,
    slot_count=10_000,
    volume_hour_count=24,
    expected_hour_count=24,
)


@pytest.mark.parametrize(
    ("counts", "rating", "dimension"),
    [
        pytest.param({}, Rating.GOOD, None, id="nothing wrong"),
        pytest.param({"due_count": 0}, Rating.UNJUDGED, None, id="nothing due"),
        pytest.param({"on_time_count": 198}, Rating.GOOD, Dimension.TIMELINESS, id="exactly 99 % in time"),
        pytest.param({"on_time_count": 197}, Rating.WATCH, Dimension.TIMELINESS, id="less than 99 %"),
        pytest.param({"on_time_count": 189}, Rating.POOR, Dimension.TIMELINESS, id="less than 95 %"),
        pytest.param({"covered_slot_count": 9_999}, Rating.GOOD, Dimension.COMPLETENESS, id="one slot of 10,000"),
        pytest.param({"covered_slot_count": 9_998}, Rating.WATCH, Dimension.COMPLETENESS, id="two slots of 10,000"),
        pytest.param({"refusal_count": 1}, Rating.GOOD, Dimension.VALIDITY, id="0.01 per thousand rows"),
        pytest.param({"refusal_count": 2}, Rating.WATCH, Dimension.VALIDITY, id="more than 0.01 per thousand"),
        pytest.param({"refusal_count": 11}, Rating.POOR, Dimension.VALIDITY, id="more than 0.1 per thousand"),
        pytest.param({"consistency_count": 1}, Rating.WATCH, Dimension.CONSISTENCY, id="one disagreement"),
        pytest.param({"plausibility_count": 2}, Rating.GOOD, Dimension.PLAUSIBILITY, id="two unusual"),
        pytest.param({"correction_count": 11}, Rating.POOR, Dimension.STABILITY, id="more than 5 % corrected"),
    ],
)
def test_a_grade_is_the_worst_of_its_parts(counts: dict[str, int], rating: Rating, dimension: Dimension | None) -> None:
    found = grade(replace(PERFECT, **counts), NOVEMBER)
    assert found.rating is rating
    if dimension:
        assert found.dimensions[dimension] is rating
        assert {one for name, one in found.dimensions.items() if name is not dimension} == {Rating.GOOD}


@pytest.mark.parametrize("count", ["missing_count", "refused_count", "partial_count"])
def test_a_critical_failure_caps_the_grade(count: str) -> None:
    counts: dict[str, Any] = {"due_count": 100_000, "met_count": 99_999, "on_time_count": 99_999, count: 1}
    found = grade(replace(PERFECT, **counts), NOVEMBER)
    assert found.dimensions[Dimension.COMPLETENESS] is Rating.WATCH
    assert (found.rating, [cap.count for cap in found.caps]) == (Rating.POOR, [count])


def test_what_cannot_be_judged_is_neither_good_nor_poor() -> None:
    found = grade(replace(PERFECT, slot_count=0, covered_slot_count=0, in_force_count=0), NOVEMBER)
    assert found.measures["slots"] is Rating.UNJUDGED
    assert found.dimensions[Dimension.CONSISTENCY] is Rating.UNJUDGED
    assert found.rating is Rating.GOOD


def test_every_measure_is_of_counts_that_there_are() -> None:
    names = set(COUNTS)
    for measure in measures_on(NOVEMBER):
        assert {measure.part, measure.whole} <= names
        assert (measure.good > measure.watch) == measure.is_better_higher
    assert {cap.count for cap in caps_on(NOVEMBER)} <= names
    assert {measure.dimension for measure in measures_on(NOVEMBER)} == set(Dimension)
    assert measures_on(date(2020, 1, 1)) == measures_on(NOVEMBER)  # before its first date the first one holds


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("on_time", Decimal("0.99999"), "99.99 %"),
        ("on_time", Decimal(1), "100 %"),
        ("on_time", Decimal(0), "0 %"),
        ("on_time", None, "–"),
        ("corrections", Decimal("0.00721"), "0.73 %"),
        ("refusals", Decimal("0.0271"), "0.028"),
        ("unusual", Decimal(2), "2"),
    ],
)
def test_a_value_is_never_said_better_than_it_is(name: str, value: Decimal | None, text: str) -> None:
    assert value_text(MEASURES[name], value) == text


def months() -> some.SearchStrategy[QualityMonth]:
    """Months with any counts, small ones often, so that wholes are zero and values lie at the bounds."""
    count = some.integers(0, 3) | some.integers(0, 10_000)
    return some.builds(
        QualityMonth, exchange=some.just("korbit"), month=some.just("2026-11"), **dict.fromkeys(COUNTS, count)
    )


@given(months())
def test_the_grade_of_any_month_is_its_worst_part_and_capped(counts: QualityMonth) -> None:
    found = grade(counts, NOVEMBER)
    if not counts.due_count:
        assert found.rating is Rating.UNJUDGED
        return
    assert found.rating is worst([*found.measures.values(), *(cap.rating for cap in found.caps)])
    assert {cap.count for cap in found.caps} == {cap.count for cap in caps_on(NOVEMBER) if counts.count(cap.count)}


@given(months(), some.sampled_from(sorted(MEASURES)), some.integers(1, 50))
def test_a_measure_whose_part_gets_worse_is_never_rated_better(counts: QualityMonth, name: str, more: int) -> None:
    measure = MEASURES[name]
    part = counts.count(measure.part) + (-more if measure.is_better_higher else more)
    worse: dict[str, Any] = {measure.part: part}
    order = [Rating.GOOD, Rating.WATCH, Rating.POOR]
    before, after = (measure.rating(one) for one in (counts, replace(counts, **worse)))
    if counts.count(measure.whole):
        assert order.index(after) >= order.index(before)
    else:
        assert before is after is Rating.UNJUDGED


def read_back(measure: Measure, text: str) -> Decimal:
    """The value that a text says."""
    number = Decimal(text.removesuffix(" %").replace(",", ""))
    return number / 100 if measure.is_share else number


@given(months(), some.sampled_from(sorted(MEASURES)))
def test_the_text_of_any_value_is_not_better_and_close(counts: QualityMonth, name: str) -> None:
    measure = MEASURES[name]
    value = measure.value(counts)
    if value is None:
        assert value_text(measure, value) == "–"
        return
    told = read_back(measure, value_text(measure, value))
    assert told <= value if measure.is_better_higher else told >= value
    assert abs(told - value) <= Decimal("0.001")

"""The charts of keys and of cases against suspect ones: gaps and zeros, rates, and what a mark may say."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from key_files import days

from app.charts.style import Look
from app.keys.allow_list_charts import allow_list_coverage, allow_list_strictness
from app.keys.allow_lists import AllowList
from app.keys.case_courses import DETECTED, Move
from app.keys.case_histories import CaseLimit, CaseStep
from app.keys.case_stage_charts import MOVE_SIGNS, open_stages, stage_moves
from app.keys.case_stretches import StretchKind
from app.keys.case_time_charts import case_lengths
from app.keys.case_timeline_charts import case_timeline
from app.keys.case_totals import OpenCases, StageMoves, StretchMark, StretchSummary
from app.keys.counts import KeyFlow
from app.keys.key_charts import key_lanes
from app.queries.choice import Choice
from app.queries.spans import spans_of
from app.words import say
from expectations.vocabulary import Source

MONDAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 1, 3, tzinfo=UTC)
LOOK = Look("ko")
EXCHANGES = ("korbit", "gopax")


def flow_row(exchange: str, day: date, **counts: int) -> KeyFlow:
    """A day of an exchange on which nothing happened but what is said."""
    zero = {one.name: 0 for one in fields(KeyFlow) if str(one.type).startswith("Count")}
    return KeyFlow(exchange, day, day, **{**zero, "day_count": 1, "active_keys": 5000, **counts})


def test_in_a_lane_zero_is_a_mark_and_a_missing_day_a_gap() -> None:
    spans = spans_of(days(2, 4))
    rows = [flow_row("korbit", date(2026, 11, 2), forced_expired_keys=1), flow_row("korbit", date(2026, 11, 4))]
    drawn = key_lanes(rows, ["forced_expired_keys"], EXCHANGES, spans, LOOK, is_rate=True)
    assert list(drawn.data[0].y) == [2.0, None, 0.0]
    assert list(drawn.data[1].y) == [None, None, None]
    assert drawn.data[0].connectgaps is False
    assert drawn.data[0].customdata[2] == "korbit 2026-11-04 2026-11-04"
    said = [note.text for note in drawn.layout.annotations]
    assert f"<b>{say('key_revocations.lane_empty', 'ko', name='고팍스')}</b>" in said
    counted = key_lanes(rows, ["forced_expired_keys"], EXCHANGES, spans, LOOK, is_rate=False)
    assert list(counted.data[0].y) == [1.0, None, 0.0]


def test_a_week_is_the_mean_of_its_filed_days() -> None:
    """So that a week cut short by the end of the period is no drop."""
    spans = spans_of(Choice((), date(2026, 7, 27), date(2026, 11, 9)))
    whole = replace(flow_row("korbit", MONDAY, expired_keys=21), last_day=date(2026, 11, 8), day_count=6)
    rows = [whole, flow_row("korbit", date(2026, 11, 9), expired_keys=4)]
    counted = key_lanes(rows, ["expired_keys"], ("korbit",), spans, LOOK, is_rate=False).data[0]
    assert list(counted.y)[-3:] == [None, 3.5, 4.0]
    assert say("keys.filed", "ko", count=6, days=7) in counted.hovertext[-2]
    assert say("keys.a_day", "ko", mean="3.50") in counted.hovertext[-2]
    rates = key_lanes(rows, ["expired_keys"], ("korbit",), spans, LOOK, is_rate=True).data[0]
    assert list(rates.y)[-2:] == [7.0, 8.0]


def test_bars_of_open_cases_say_their_number_also_where_no_rate_can_be_taken() -> None:
    stock = [OpenCases("korbit", "warning", 3, 0)]
    drawn = open_stages(stock, EXCHANGES, {"gopax": 1000}, LOOK, is_rate=True)
    totals = next(trace for trace in drawn.data if trace.type == "scatter")
    assert [text.strip() for text in totals.text] == [
        say("keys.cases_unknown", "ko", count="3"),
        say("keys.cases", "ko", count="0"),
    ]
    counted = open_stages(stock, EXCHANGES, {}, LOOK, is_rate=False)
    assert [list(trace.x) for trace in counted.data[:3]] == [[0, 0], [3, 0], [0, 0]]


@pytest.mark.parametrize(
    ("breaches", "sign"), [pytest.param(0, "↷", id="allowed"), pytest.param(1, "▲", id="not allowed")]
)
def test_a_skip_is_marked_and_looks_like_a_fault_only_where_it_is_one(breaches: int, sign: str) -> None:
    moves = StageMoves("korbit", DETECTED, "forced_expiry", Move.SKIP, 4, 4 - breaches, 0, breaches, breaches)
    drawn = stage_moves([moves], LOOK)
    cell = drawn.data[0]
    assert cell.text[0] == f"{sign} 4"
    assert list(cell.customdata[0]) == [DETECTED, "forced_expiry"]
    assert list(drawn.data[1].text) == ["0"] * 19  # what did not happen is zero


def test_too_few_cases_have_no_median_but_are_drawn() -> None:
    summary = StretchSummary(StretchKind.RESPONSE, "korbit", 2, None, None, None, timedelta(hours=30), 1, 0)
    short = StretchMark(StretchKind.RESPONSE, "korbit", "C", timedelta(hours=3), False, False)
    long = replace(short, length=timedelta(hours=30), is_exceeded=True)
    drawn = case_lengths([summary], [short, long], EXCHANGES, 24, LOOK)
    by_name = {trace.name: trace for trace in drawn.data}
    assert list(by_name[say("stretch.over", "ko")].x) == [30.0]
    assert list(by_name[say("stretch.ended", "ko")].x) == [3.0]
    assert not by_name[say("stretch.median_mark", "ko")].x
    assert say("stretch.too_few", "ko", count="2") in drawn.layout.yaxis.ticktext[0]
    assert drawn.layout.shapes[0].x0 == 24


def test_what_is_longer_than_the_limit_is_over_it_only_where_a_rule_recorded_it() -> None:
    mark = StretchMark(StretchKind.RESPONSE, "korbit", "C", timedelta(hours=90), True, False)
    names = [trace.name for trace in case_lengths([], [mark], EXCHANGES, 24, LOOK).data]
    assert say("stretch.running", "ko") in names
    assert say("stretch.over", "ko") not in names


@pytest.mark.parametrize("move", [Move.BACK, Move.AFTER_END])
def test_a_move_that_no_rule_recorded_is_drawn_without_a_verdict(move: Move) -> None:
    drawn = stage_moves([StageMoves("korbit", "warning", "monitoring", move, 1, 1, 0, 0, 0)], LOOK)
    assert drawn.data[0].text[0] == f"{MOVE_SIGNS[move]} 1"


def allow_list(exchange: str, addresses: int, limit: int | None, rules: str | None) -> AllowList:
    return AllowList(exchange, "trade", MONDAY, 3, 2, Decimal(2) / 3, addresses, limit, 0, 0, rules)


def test_a_limit_that_nobody_published_is_said_so_and_one_is_exceeded_only_where_a_rule_recorded_it() -> None:
    rows = [
        allow_list("korbit", 8, None, None),
        allow_list("bithumb", 6, 5, "KEY-007"),
        allow_list("upbit", 11, 10, None),
    ]
    drawn = allow_list_strictness(rows, LOOK).data[0]
    assert list(drawn.text) == [f"8 · {say('keys.no_limit', 'ko')}", "▲ 6 > 5", "11"]
    assert list(drawn.marker.symbol) == ["circle", "triangle-up", "circle"]
    covered = allow_list_coverage([allow_list("korbit", 8, None, "KEY-005"), *rows[1:]], LOOK).data[0]
    assert covered.text[0] == "66.66 %" + say("keys.without", "ko", count="1")  # cut, never rounded up
    assert list(covered.marker.pattern.shape) == ["/", "", ""]


def test_a_limit_late_in_a_case_is_named_on_the_left_of_its_line_so_that_nothing_is_cut() -> None:
    day = timedelta(days=1)
    acted, late = NOON + day, NOON + 5 * day
    hour = timedelta(hours=1)
    limits = [
        CaseLimit("ended", StretchKind.RESPONSE, 24, NOON, NOON + hour, acted, "ACT-005", Source.MODEL),
        CaseLimit("running", StretchKind.FAILURE, 72, NOON, late, None, "ACT-007", Source.MODEL),
    ]
    step = CaseStep(
        "A-1", acted, DETECTED, "monitoring", Move.NEXT, False, "applied", "high", day, day, MONDAY, 1, None
    )
    drawn = case_timeline([step], limits, NOON, NOON, LOOK)
    notes = drawn.layout.annotations
    assert [(note.xanchor, note.xshift < 0) for note in notes] == [("left", False), ("right", True)]
    assert [note.text[0] for note in notes] == ["■", "◔"]

"""Charts: every builder with nothing, with one row and with a sample; the house style; the gaps."""

import inspect
import json
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any, TypeVar

import pandas as pd
import pytest
from plotly.io import to_json

import app
from app.amounts import krw
from app.audits.charts import audit_differences, audit_grid, cold_shares
from app.charts import style
from app.charts.grades import ABSENT, COVERED, DAY_GRADES, GAPS, GRAVE, SHORTFALL
from app.charts.style import CONFIG, Figure, Look
from app.halts import lane_charts, step_charts
from app.halts.availability import HaltBar, HaltReach, HaltReason
from app.halts.events import STEP_RULES, HaltEvent
from app.halts.reach_charts import halt_bars, halt_reasons
from app.halts.steps import halt_steps
from app.halts.steps import step_lengths as lengths_of_steps
from app.keys.allow_list_charts import allow_list_coverage, allow_list_strictness
from app.keys.allow_lists import AllowList
from app.keys.case_histories import CaseLimit, CaseStep
from app.keys.case_stage_charts import open_stages, stage_moves
from app.keys.case_time_charts import case_lengths
from app.keys.case_timeline_charts import case_timeline
from app.keys.case_totals import OpenCases, StageMoves, StretchMark, StretchSummary
from app.keys.counts import KeyBalance, KeyFlow
from app.keys.key_charts import key_balance_bars, key_lanes
from app.overview.trend_charts import TrendCell, TrendPoint, trend_matrix
from app.quality.charts import grade_grid, measure_course
from app.quality.measures import Rating, measures_on
from app.quality.scorecard import GradeLine, RatedMeasure
from app.queries.recorded import Judgement
from app.queries.spans import Span
from app.reconciliation.day_calendar import CalendarCell
from app.reconciliation.day_charts import day_strip, reconciliation_calendar, slot_grade, slot_strip
from app.reconciliation.days import AssetCheck
from app.reconciliation.episode_charts import closing_times, episode_sizes
from app.reconciliation.ledger_charts import ledger_and_wallet, price_line
from app.reconciliation.price_charts import price_change_lines, price_gap_lines
from app.reconciliation.price_gaps import PriceGap
from app.reconciliation.responses import EpisodeResponse
from app.reconciliation.slots import DaySlot
from app.replay import incident_charts
from app.replay.checks import ReplayedCheck, ReplayedHalt
from app.replay.facts import EventLine
from app.replay.lesson_charts import loss_shares, notice_lags
from app.replay.lessons import LossLine, NoticeLine
from app.replay.shortfall_charts import shortfall_course
from app.rules.finding_charts import findings_by_month
from app.rules.findings import MonthCount
from app.surveillance.charts import pattern_panels, stage_shares
from app.volume.hour_charts import share_by_hour
from app.volume.market_charts import market_bars
from app.volume.markets import Order
from app.volume.order_charts import order_conduct
from app.volume.share_charts import share_panels
from app.volume.shares import Measure
from app.words import LANGUAGES
from expectations.catalogue import thresholds_of_the_book
from expectations.published import published_levels

DAYS = [date(2026, 11, 1) + timedelta(days=n) for n in range(5)]
NOON = datetime(2026, 11, 1, 3, tzinfo=UTC)
START, END = NOON - timedelta(hours=12), NOON + timedelta(days=5)
SPANS = [Span(day, day) for day in DAYS]
KEY_SPANS = [Span(day, day) for day in DAYS]
EXCHANGES = ("upbit", "bithumb", "coinone", "korbit", "gopax")


Record = TypeVar("Record")


def frame(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame([[row[name] for name in columns] for row in rows], columns=columns, dtype=object)


def records(rows: pd.DataFrame) -> list[Any]:
    """The rows of a sample as builders take them that draw records."""
    return [SimpleNamespace(**row) for row in rows.to_dict("records")]


Record = TypeVar("Record")


def typed(record: Callable[..., Record], rows: pd.DataFrame) -> list[Record]:
    """The rows as records; a field that no column is named after is none."""
    names = list(inspect.signature(record).parameters)
    return [record(**{name: row.get(name) for name in names}) for row in rows.to_dict("records")]


def volume(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "day": day,
        "hour": day.day,
        "first_day": day,
        "last_day": day,
        "day_count": 1,
        "filed_day_count": 1,
        "missing": (),
        "market": f"BTC{day.day}/KRW",
        "trade_value_krw": Decimal("1000000000000000000.12345678"),
        "api_trade_value_krw": Decimal("300000000000000000.03703703"),
        "api_trade_count": 3,
        "share": Decimal("0.3"),
        "share_by_value": Decimal("0.3"),
        "share_by_count": Decimal("0.4"),
        "small_order_share": Decimal("0.2"),
        "cancels_per_order": Decimal("0.5"),
        "largest_api_account_count": 12,
    }


def keys(exchange: str, day: date) -> dict[str, Any]:
    counts = ("opening_keys", "issued_keys", "expired_keys", "deleted_keys", "forced_expired_keys", "active_keys")
    return {
        "exchange": exchange,
        "first_day": day,
        "last_day": day,
        "day_count": 1,
        **dict.fromkeys(counts, 3),
        "scope": f"scope {day.day}",
        "day": day,
        "allowlisted_keys": 2,
        "coverage": Decimal(2) / 3,
        "max_ips_per_key": 4,
        "limit": 5 if exchange == "bithumb" else None,
        "rules": "KEY-005",
    }


def case(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "case_id": f"C-{day.day}",
        "action_id": f"A-{day.day}",
        "origin": "detected",
        "stage": ("monitoring", "warning", "reverification", "forced_expiry", "cleared")[day.day - 1],
        "move": "skip",
        "suspicion_case_count": 2,
        "exceeded_count": 1,
        "step_count": 3,
        **{"high": 1, "medium": 1, "low": 1, "breach_count": day.day % 2},
        **{"count": 9, "median": timedelta(hours=2), "lower": timedelta(hours=1), "upper": timedelta(hours=3)},
        **{"longest": timedelta(hours=day.day), "length": timedelta(hours=day.day), "is_open": day.day == 2},
        "is_exceeded": day.day == 3,
        "outcome": "applied",
        "risk_level": "high",
        "acted_at": NOON + timedelta(days=day.day),
        "since_detection": timedelta(days=day.day),
        **{"kind": "response", "due_at": NOON + timedelta(days=1), "state": "ended"},
    }


def reconciled(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "first_day": day,
        "last_day": day,
        "worst_day": day,
        "grade": DAY_GRADES[day.day].name,
        "covered_slot_count": 287,
        "expected_slot_count": 288,
        "missing_slot_count": 12_345,
        "unfiled_day_count": day.day % 2,
        "coverage": Decimal(287) / 288,
        "worst_krw": Decimal(5) if day.day == 2 else None,
        "worst_ratio": Decimal("0.01") if day.day == 2 else None,
    }


def slot(exchange: str, day: date) -> dict[str, Any]:
    is_short = day.day == 3
    return {
        "slot": day.day + 40 * EXCHANGES.index(exchange),
        "asset_count": 4,
        "checked_asset_count": day.day - 1,
        "missing_asset_count": 5 - day.day,
        "short_asset_count": int(is_short),
        "worst_krw": Decimal(10**9) if is_short else None,
        "worst_ratio": Decimal("0.02") if is_short else None,
        "worst_asset": "BTC" if is_short else None,
        "is_unhalted": is_short,
    }


def check(exchange: str, day: date) -> dict[str, Any]:
    slot = day.day * 3
    return {
        "checked_at": NOON + timedelta(minutes=5 * slot),
        "slot": slot,
        "ledger_quantity": Decimal("10.000000000000000001"),
        "wallet_quantity": Decimal(9),
        "price_krw": Decimal("100.5"),
        "difference": Decimal("-1.000000000000000001") if day.day % 2 else Decimal(0),
        "is_unhalted": day.day == 1,
        "result": "mismatch" if day.day % 2 else "match",
        "source_row": slot,
    }


def episode(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "asset": "BTC",
        "started_at": NOON,
        "ended_at": None if day.day % 2 else NOON + timedelta(hours=1),
        "state": "open" if day.day % 2 else "ended",
        "largest_at": NOON,
        "duration": timedelta(hours=day.day),
        "is_unhalted": day.day > 2,
        "shortfall_krw": Decimal(10**9),
        "shortfall_ratio": Decimal("0.02"),
    }


def halt(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "halt_id": f"H-{day.day}",
        "scope": "asset",
        "target": "BTC",
        "trigger": "maintenance",
        "mode": "manual",
        "day": day,
        "detected_at": NOON + timedelta(days=day.day - 1, minutes=-3),
        "notice_at": NOON + timedelta(days=day.day - 2),
        "halted_at": NOON + timedelta(days=day.day - 1),
        "resumed_at": None if day.day == 5 else NOON + timedelta(days=day.day - 1, hours=2),
        "judgements": dict.fromkeys(STEP_RULES, list(Judgement)[day.day % 4]),
    }


def crossing(exchange: str, day: date) -> dict[str, Any]:
    return {
        **episode(exchange, day),
        "reached_at": None if day.day == 1 else NOON + timedelta(days=day.day - 1),
        "reached_krw": Decimal(10**9),
        "reached_ratio": Decimal("0.02"),
        "halt_id": None,
        "halt_response": "halted",
        "is_unhalted": day.day % 2 == 0,
    }


def reach(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "first_day": day,
        "last_day": day,
        "reach": list(HaltReach)[day.day - 1],
        "halt_count": day.day % 2,
        "halted": timedelta(hours=2),
        "weighted": timedelta(hours=1),
    }


def halt_reason(exchange: str, day: date) -> dict[str, Any]:
    return {
        "trigger": "maintenance" if day.day % 2 else "abnormal_trading",
        "count": day.day,
        "halted": timedelta(hours=day.day),
        "cumulative_share": Decimal("0.5"),
    }


BOOK = thresholds_of_the_book()


def halt_course(rows: pd.DataFrame, look: Look) -> Any:
    steps = [step for event in typed(HaltEvent, rows) for step in halt_steps(event, BOOK, END)]
    return step_charts.halt_course(steps, look)


def step_lengths(rows: pd.DataFrame, look: Look) -> Any:
    return step_charts.halt_step_lengths(lengths_of_steps(typed(HaltEvent, rows), BOOK, END), EXCHANGES, look)


def halt_lanes(rows: pd.DataFrame, look: Look) -> Any:
    crossings = [crossing(row["exchange"], row["day"]) for row in rows.to_dict("records")]
    episodes = typed(EpisodeResponse, frame(crossings, list(crossing("upbit", DAYS[0]))))
    return lane_charts.halt_lanes(typed(HaltEvent, rows), episodes, EXCHANGES, START, END, END, look)


def fired(exchange: str, day: date) -> dict[str, Any]:
    return {"exchange": exchange, "month": f"2026-{day.day:02}", "found_count": day.day}


def audit(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "month": f"2026-{day.day:02}",
        "stand": ("current", "late", "missing", "not_due", "qualified")[day.day - 1],
        "due_at": NOON,
        "received_at": None if day.day == 3 else NOON,
        "auditor": "한빛회계법인",
        "opinion": None if day.day == 3 else "unqualified",
        "cold_share": None if day.day == 3 else Decimal("0.84"),
    }


def audited(exchange: str, day: date) -> dict[str, Any]:
    return {
        "asset": f"A{day.day}",
        "checked_at": None if day.day == 2 else NOON,
        "ledger_quantity": Decimal("10.000000000000000001"),
        "checked_ledger": Decimal(10),
        "held_quantity": Decimal(11),
        "checked_wallet": Decimal(11),
        "ledger_ratio": None if day.day == 2 else Decimal("0.0000001"),
        "wallet_ratio": None if day.day == 2 else Decimal("-0.02"),
        "difference_krw": Decimal("1.5"),
    }


def surveilled(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "first_day": day,
        "last_day": day + timedelta(days=day.day % 2),
        "alert_count": 10 * day.day,
        "day_count": 1 + day.day % 2,
        "daily_alerts": Decimal(10 * day.day),
        "past_median": None if day.day == 1 else Decimal("7.5"),
        "past_day_count": day.day,
        "finding_day_count": day.day // 5,
        "small_order_share": Decimal("0.2"),
        "cancel_ratio": None if day.day == 2 else Decimal("0.6"),
        "api_order_count": 1000,
    }


def stages(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        **{"alert_count": 40, "case_count": 10, "notified_count": 0},
        **{"case_share": Decimal("0.25"), "notified_share": Decimal(0)},
    }


RATINGS = (Rating.GOOD, Rating.WATCH, Rating.POOR, Rating.UNJUDGED, Rating.GOOD)
ON_TIME = measures_on(DAYS[0])[0]


def graded(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "month": f"2026-{day.day:02}",
        "grade_text": "",
        "due_count": 138,
        "why": "",
        "rating": RATINGS[day.day - 1],
        "is_open": day.day == 5,
    }


def rated(exchange: str, day: date) -> dict[str, Any]:
    value = None if day.day == 4 else Decimal("0.99")
    about = {"exchange": exchange, "month": f"2026-{day.day:02}", "measure": ON_TIME, "rating": RATINGS[day.day - 1]}
    return {**about, "value": value, "part": 99, "whole": 100}


def replayed(exchange: str, day: date) -> dict[str, Any]:
    short = Decimal(620_000) if day.day % 2 else Decimal(0)
    return {
        **check(exchange, day),
        "day": day,
        "asset": "BTC",
        "shortfall_quantity": short,
        "shortfall_krw": short * 100,
        "shortfall_ratio": short / 666_000,
        "holdings_multiple": short / 46_000,
        "ratio_limit_quantity": Decimal(6_660),
        "krw_limit_quantity": Decimal(10),
    }


def priced(exchange: str, day: date) -> dict[str, Any]:
    slot = 12 * day.day
    return {
        **{"exchange": exchange, "slot": slot, "slot_time": f"{slot // 12:02d}:00", "price_krw": Decimal(110)},
        **{"median_krw": Decimal(100), "price_gap": Decimal("0.1")},
        **{"earlier_price_krw": None if day.day == 1 else Decimal(40)},
        **{"price_change": None if day.day == 1 else Decimal("1.75")},
    }


def lost(exchange: str, day: date) -> dict[str, Any]:
    return {
        "what": f"{exchange}{day.day}",
        **{"lost_quantity": Decimal(day.day), "quantity_basis": "derived", "quantity_share": Decimal("0.04") / day.day},
        **{"lost_krw": Decimal(day.day), "krw_basis": "reported", "krw_share": Decimal("0.06")},
    }


def told(exchange: str, day: date) -> dict[str, Any]:
    return {
        "recipient": exchange,
        **{"told_at": NOON, "lag": timedelta(hours=day.day)},
        **{"after_began": "1 h", "after_noticed": "1 h", "basis": "official"},
    }


def incident_lanes(rows: pd.DataFrame, look: Look) -> Any:
    event = EventLine("e", NOON, None, "11-01 12:00", "official", "H", "word " * 30, "")
    lasting = replace(event, until=NOON + timedelta(minutes=20))
    blocks = frame(
        [{**halt("upbit", day), "functions": "trading"} for day in DAYS], [*halt("upbit", DAYS[0]), "functions"]
    )
    checks, halts = typed(ReplayedCheck, rows), typed(ReplayedHalt, blocks)[: len(rows)]
    required = (NOON, END) if checks else None
    events = [event, lasting][: len(rows)]
    return incident_charts.incident_lanes(checks, events, halts, required, (START, END), look)


MONTHS = [f"2026-{day.day:02}" for day in DAYS]
Row = Callable[[str, date], dict[str, Any]]
Build = Callable[[pd.DataFrame, Look], Any]


def trend_cell(exchange: str, day: date) -> dict[str, Any]:
    return {"exchange": exchange, "lane": f"lane{day.day}", "value": None if day.day == 2 else Decimal(day.day)}


def trends_of(cells: pd.DataFrame, look: Look) -> Figure:
    drawn = {
        (row["exchange"], row["lane"]): TrendCell(
            "1.0 %", (TrendPoint(row["value"], "10", True), TrendPoint(Decimal(2), "11", False)), False
        )
        for row in cells.to_dict("records")
    }
    names = {exchange: exchange for exchange in EXCHANGES}
    return trend_matrix(drawn, names, {f"lane{day.day}": str(day) for day in DAYS}, look)


BUILDERS: dict[str, tuple[Row, Build]] = {
    "trend_matrix": (trend_cell, trends_of),
    "share_panels": (volume, lambda f, look: share_panels(records(f), (), (), SPANS, EXCHANGES, look)),
    "share_by_hour": (volume, lambda f, look: share_by_hour(records(f), EXCHANGES, look)),
    "market_bars": (volume, lambda f, look: market_bars(records(f), Measure.VALUE, Order.AMOUNT, look)),
    "order_conduct": (volume, lambda f, look: order_conduct(records(f), SPANS, Decimal("0.8"), look)),
    "key_lanes": (
        keys,
        lambda f, look: key_lanes(typed(KeyFlow, f), ["forced_expired_keys"], EXCHANGES, KEY_SPANS, look, is_rate=True),
    ),
    "key_balance_bars": (keys, lambda f, look: key_balance_bars(typed(KeyBalance, f), look, is_rate=True)),
    "allow_list_coverage": (keys, lambda f, look: allow_list_coverage(typed(AllowList, f), look)),
    "allow_list_strictness": (keys, lambda f, look: allow_list_strictness(typed(AllowList, f), look)),
    "open_stages": (
        case,
        lambda f, look: open_stages(typed(OpenCases, f), EXCHANGES, {"upbit": 9}, look, is_rate=True),
    ),
    "stage_moves": (case, lambda f, look: stage_moves(typed(StageMoves, f), look)),
    "case_lengths": (
        case,
        lambda f, look: case_lengths(typed(StretchSummary, f), typed(StretchMark, f), EXCHANGES, 24, look),
    ),
    "case_timeline": (
        case,
        lambda f, look: case_timeline(typed(CaseStep, f), typed(CaseLimit, f), NOON, END, look),
    ),
    "reconciliation_calendar": (
        reconciled,
        lambda f, look: reconciliation_calendar(typed(CalendarCell, f), EXCHANGES, look),
    ),
    "day_strip": (slot, lambda f, look: day_strip(typed(DaySlot, f), look)),
    "slot_strip": (check, lambda f, look: slot_strip(typed(AssetCheck, f), look)),
    "ledger_and_wallet": (check, lambda f, look: ledger_and_wallet(typed(AssetCheck, f), look)),
    "price_gap_lines": (
        priced,
        lambda f, look: price_gap_lines(typed(PriceGap, f), published_levels("price_gap"), look),
    ),
    "price_change_lines": (
        priced,
        lambda f, look: price_change_lines(typed(PriceGap, f), published_levels("price_change"), look),
    ),
    "price_line": (check, lambda f, look: price_line(typed(AssetCheck, f), look)),
    "episode_sizes": (
        episode,
        lambda f, look: episode_sizes(
            typed(EpisodeResponse, f), {"ratio": Decimal("0.01"), "krw": Decimal(10**9)}, look
        ),
    ),
    "closing_times": (episode, lambda f, look: closing_times(typed(EpisodeResponse, f), look)),
    "findings_by_month": (fired, lambda f, look: findings_by_month(typed(MonthCount, f), look)),
    "audit_grid": (audit, lambda f, look: audit_grid(records(f), EXCHANGES, MONTHS, look)),
    "cold_shares": (audit, lambda f, look: cold_shares(records(f), MONTHS, Decimal("0.8"), look)),
    "audit_differences": (audited, lambda f, look: audit_differences(records(f), Decimal("0.0001"), look)),
    "pattern_panels": (
        surveilled,
        lambda f, look: pattern_panels(records(f), {"upbit": DAYS[:1]}, EXCHANGES, SPANS, "cancel_ratio", look),
    ),
    "stage_shares": (stages, lambda f, look: stage_shares(records(f), look)),
    "grade_grid": (graded, lambda f, look: grade_grid(typed(GradeLine, f), EXCHANGES, MONTHS, look)),
    "measure_course": (
        rated,
        lambda f, look: measure_course(typed(RatedMeasure, f), MONTHS, ON_TIME, "", look),
    ),
    "halt_lanes": (halt, halt_lanes),
    "halt_bars": (reach, lambda f, look: halt_bars(typed(HaltBar, f), EXCHANGES, look)),
    "halt_reasons": (halt_reason, lambda f, look: halt_reasons(typed(HaltReason, f), look)),
    "halt_course": (halt, halt_course),
    "halt_step_lengths": (halt, step_lengths),
    "incident_lanes": (replayed, incident_lanes),
    "loss_shares": (lost, lambda f, look: loss_shares(typed(LossLine, f), look)),
    "notice_lags": (told, lambda f, look: notice_lags(typed(NoticeLine, f), timedelta(minutes=18), look)),
    "shortfall_course": (replayed, lambda f, look: shortfall_course(typed(ReplayedCheck, f), look)),
}


def built(name: str, rows: list[tuple[str, date]], language: str = "ko", dark: bool = False) -> Any:
    row, build = BUILDERS[name]
    columns = list(row("upbit", DAYS[0]))
    return build(frame([row(*about) for about in rows], columns), Look(language, dark))


SAMPLE = [(exchange, day) for exchange in EXCHANGES for day in DAYS]


def test_every_builder_is_tested() -> None:
    """Every public function of a `*charts` module that returns a figure."""
    modules = [found.name for found in pkgutil.walk_packages(app.__path__, "app.") if found.name.endswith("charts")]
    builders = {
        name
        for module in map(import_module, modules)
        for name, found in vars(module).items()
        if inspect.isfunction(found)
        and found.__module__ == module.__name__
        and not name.startswith("_")
        and inspect.signature(found).return_annotation in ("Figure", "go.Figure")
    }
    assert builders == set(BUILDERS)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rows", [[], SAMPLE[:1], SAMPLE], ids=["nothing", "one row", "a sample"])
@pytest.mark.parametrize("name", BUILDERS)
def test_a_chart_can_be_drawn(name: str, rows: list[tuple[str, date]], language: str, dark: bool) -> None:
    drawn = json.loads(built(name, rows, language, dark).to_json())
    types = {trace["type"] for trace in drawn["data"]}
    assert types <= {"bar", "scatter"}, "Streamlit tells of no click on any other trace that we know"
    assert drawn["layout"]["hovermode"] == "closest"
    assert drawn["layout"]["height"] > 100


@pytest.mark.parametrize("name", BUILDERS)
def test_a_figure_that_is_written_once_is_sent_as_it_was_said(name: str) -> None:
    figure = built(name, SAMPLE)
    said, written = (to_json(one.to_dict(), validate=False) for one in (figure, style.written(figure)))
    assert json.loads(written) == json.loads(said)
    assert style.written(figure).to_dict()["layout"]["height"] == figure.layout.height


@pytest.mark.parametrize("name", BUILDERS)
def test_lines_that_can_be_clicked_have_markers(name: str) -> None:
    for trace in built(name, SAMPLE).data:
        if trace.type == "scatter" and trace.customdata is not None:
            assert "markers" in trace.mode


@pytest.mark.parametrize("name", BUILDERS)
def test_an_exchange_keeps_its_colour(name: str) -> None:
    look = Look("ko")
    for trace in built(name, SAMPLE).data:
        if trace.name == "업비트":
            assert trace.marker.color in (look.colour(0), None)


def test_a_day_that_was_not_filed_is_a_gap() -> None:
    figure = built("share_panels", [("upbit", DAYS[0]), ("upbit", DAYS[2])])
    (line,) = [trace for trace in figure.data if trace.name == "업비트"]
    assert list(line.y) == [30.0, None, 30.0, None, None]
    assert line.connectgaps is False


def test_missing_slots_break_the_lines() -> None:
    band, ledger, _ = built("ledger_and_wallet", [("upbit", DAYS[0]), ("upbit", DAYS[1])]).data
    assert [value is None for value in ledger.y] == [False, True, False]
    assert list(band.y) == [10.0, 9.0, 10.0, None]  # the one check that is short


@pytest.mark.parametrize("name", ["ledger_and_wallet", "price_line", "price_gap_lines", "price_change_lines"])
def test_the_hours_of_a_day_are_moments_also_where_nothing_is_short(name: str) -> None:
    for rows in ([], SAMPLE):
        assert built(name, rows).to_dict()["layout"]["xaxis"]["type"] == "date"


def test_a_mark_says_what_lies_behind_it() -> None:
    figure = built("reconciliation_calendar", SAMPLE)
    marks = [tuple(mark) for trace in figure.data for mark in trace.customdata]
    assert ("gopax", "2026-11-05") in marks
    assert len(marks) == len(SAMPLE)


@pytest.mark.parametrize(
    ("row", "grade"),
    [
        pytest.param({"checked_asset_count": 0}, ABSENT, id="no check at all"),
        pytest.param({"checked_asset_count": 3, "missing_asset_count": 0}, COVERED, id="all assets"),
        pytest.param({"checked_asset_count": 2, "missing_asset_count": 1}, GAPS, id="some assets"),
        pytest.param({"short_asset_count": 1, "is_unhalted": False}, SHORTFALL, id="no finding"),
        pytest.param({"short_asset_count": 1, "is_unhalted": True}, GRAVE, id="no halt in time"),
    ],
)
def test_a_slot_is_graded_by_its_worst(row: Any, grade: Any) -> None:
    about = {"short_asset_count": 0, **row}
    (one,) = typed(DaySlot, frame([about], list(about)))
    assert slot_grade(one) is grade


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        (
            "price_gap_lines",
            {
                0.1: "주의 +10 %",
                -0.1: "주의 −10 %",
                0.2: "경고 +20 %",
                -0.2: "경고 −20 %",
                0.3: "위험 +30 %",
                -0.3: "위험 −30 %",
            },
        ),
        ("price_change_lines", {2.0: "위험 +200 %", -0.9: "위험 −90 %"}),
    ],
)
def test_published_levels_are_lines_with_their_names(name: str, levels: dict[float, str]) -> None:
    for rows in ([], SAMPLE):
        layout = built(name, rows).to_dict()["layout"]
        assert {line["y0"] for line in layout["shapes"]} == set(levels)
        assert {one["y"]: one["text"] for one in layout["annotations"]} == {
            at: f"● {said}" for at, said in levels.items()
        }
        low, high = layout["yaxis"]["range"]
        assert low < min(levels) and max(levels) < high


def test_quantities_that_lie_close_together_stand_on_an_ordinary_scale() -> None:
    rows = [replayed("upbit", day) for day in DAYS]
    near = [{**row, "ledger_quantity": Decimal(5_400_000), "wallet_quantity": Decimal(5_310_000)} for row in rows]
    far = [{**row, "ledger_quantity": Decimal(666_000), "wallet_quantity": Decimal(46_000)} for row in rows]
    about = near[0]["checked_at"] - timedelta(days=1), near[-1]["checked_at"] + timedelta(days=1)
    for found, scale in ((near, None), (far, "log"), ([], "log")):
        checks = typed(ReplayedCheck, frame(found, list(near[0])))
        figure = incident_charts.incident_lanes(checks, [], [], None, about, Look("en")).to_dict()
        assert figure["layout"]["yaxis"].get("type") == scale


def test_hovering_shows_every_digit() -> None:
    (line,) = [trace for trace in built("share_panels", SAMPLE[:1]).data if trace.name == "업비트"]
    text = line.text[0]
    assert "1,000,000,000,000,000,000.12345678" in text
    assert krw(Decimal("300000000000000000.03703703"), "ko") in text


def test_nothing_of_a_chart_leaves_the_house() -> None:
    assert CONFIG["showSendToCloud"] is False
    assert CONFIG["displaylogo"] is False

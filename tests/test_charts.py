"""Charts: every builder with nothing, with one row and with a sample; the house style; the gaps."""

import inspect
import json
import pkgutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from plotly.io import to_json

import app
from app.amounts import krw
from app.audits.charts import audit_differences, audit_grid, cold_shares
from app.charts import style
from app.charts.grades import ABSENT, COVERED, DAY_GRADES, GAPS, GRAVE, SHORTFALL, slot_grade
from app.charts.style import CONFIG, Figure, Look
from app.halts import lane_charts, step_charts
from app.halts.availability import HaltReach
from app.halts.step_charts import halt_bars, halt_reasons
from app.halts.steps import halt_step_lengths, halt_steps
from app.keys.allow_list_charts import allow_list_coverage, allow_list_strictness
from app.keys.case_charts import case_timeline, open_stages, stage_moves
from app.keys.case_time_charts import case_lengths
from app.keys.key_charts import key_balance_bars, key_lanes
from app.overview.trend_charts import TrendCellDrawn, TrendPoint, trend_matrix
from app.quality.charts import grade_grid, measure_course
from app.queries.spans import Span
from app.reconciliation.day_charts import day_strip, reconciliation_calendar, slot_strip
from app.reconciliation.episode_charts import closing_times, episode_sizes
from app.reconciliation.ledger_charts import ledger_and_wallet, price_line
from app.replay import charts
from app.replay.charts import shortfall_course
from app.rules.finding_charts import findings_by_month
from app.surveillance.charts import pattern_panels, stage_shares
from app.volume.hour_charts import share_by_hour
from app.volume.market_charts import market_bars
from app.volume.markets import Order
from app.volume.order_charts import order_conduct
from app.volume.share_charts import share_panels
from app.volume.shares import Measure
from app.words import LANGUAGES

DAYS = [date(2026, 11, 1) + timedelta(days=n) for n in range(5)]
NOON = datetime(2026, 11, 1, 3, tzinfo=UTC)
START, END = NOON - timedelta(hours=12), NOON + timedelta(days=5)
SPANS = [Span(day, day) for day in DAYS]
NO_HALTS = pd.DataFrame(columns=["exchange", "functions", "halted_at", "target", "trigger", "halt_id"], dtype=object)
KEY_SPANS = [Span(day, day) for day in DAYS]
EXCHANGES = ("upbit", "bithumb", "coinone", "korbit", "gopax")


def frame(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame([[row[name] for name in columns] for row in rows], columns=columns, dtype=object)


def records(rows: pd.DataFrame) -> list[Any]:
    """The rows of a sample as builders take them that draw records."""
    return [SimpleNamespace(**row) for row in rows.to_dict("records")]


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
        "day_count": 1,
        **dict.fromkeys(counts, 3),
        "scope": f"scope {day.day}",
        "day": day,
        "allowlisted_keys": 2,
        "max_ips_per_key": 4,
        "limit": 5 if exchange == "bithumb" else None,
    }


def case(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "case_id": f"C-{day.day}",
        "action_id": f"A-{day.day}",
        "origin": "detected",
        "stage": ("monitoring", "warning", "reverification", "forced_expiry", "cleared")[day.day - 1],
        "move": "skip",
        "case_count": 2,
        "over_count": 1,
        "step_count": 3,
        **{"high": 1, "medium": 1, "low": 1, "breach_count": day.day % 2},
        **{"count": 9, "median": timedelta(hours=2), "lower": timedelta(hours=1), "upper": timedelta(hours=3)},
        **{"longest": timedelta(hours=day.day), "length": timedelta(hours=day.day), "is_open": day.day == 2},
        "is_over": day.day == 3,
        "outcome": "applied",
        "risk_level": "high",
        "acted_at": NOON + timedelta(days=day.day),
        "since_detection": timedelta(days=day.day),
        **{"limit": "response", "due_at": NOON + timedelta(days=1), "state": "met"},
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
        "is_grave": is_short,
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
        "is_grave": day.day == 1,
        "result": "mismatch" if day.day % 2 else "match",
        "source_row": slot,
    }


def episode(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "asset": "BTC",
        "started_at": NOON,
        "ended_at": None if day.day % 2 else NOON + timedelta(hours=1),
        "largest_at": NOON,
        "duration": timedelta(hours=day.day),
        "is_grave": day.day > 2,
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
    }


def crossing(exchange: str, day: date) -> dict[str, Any]:
    return {
        **episode(exchange, day),
        "reached_at": None if day.day == 1 else NOON + timedelta(days=day.day - 1),
        "reached_krw": Decimal(10**9),
        "reached_ratio": Decimal("0.02"),
        "halt_id": None,
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


def halt_course(rows: pd.DataFrame, look: Look) -> Any:
    steps = [step for row in rows.to_dict("records") for step in halt_steps(row, END)]
    return step_charts.halt_course(steps, look)


def step_lengths(rows: pd.DataFrame, look: Look) -> Any:
    return step_charts.halt_step_lengths(halt_step_lengths(rows.to_dict("records"), END), EXCHANGES, look)


def halt_lanes(rows: pd.DataFrame, look: Look) -> Any:
    crossings = [crossing(row["exchange"], row["day"]) for row in rows.to_dict("records")]
    columns = list(crossing("upbit", DAYS[0]))
    return lane_charts.halt_lanes(rows, frame(crossings, columns), EXCHANGES, START, END, END, look)


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
        "above_day_count": None if day.day == 1 else day.day // 5,
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


def graded(exchange: str, day: date) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "month": f"2026-{day.day:02}",
        "step": ("good", "watch", "poor", "unjudged", "good")[day.day - 1],
        "is_open": day.day == 5,
        "due_count": 138,
        "why": "",
        **{"value": None if day.day == 4 else Decimal("0.99"), "part": 99, "whole": 100},
    }


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


def incident_lanes(rows: pd.DataFrame, look: Look) -> Any:
    event = {"at": NOON, "until": None, "when": "11-01 12:00", "text": "word " * 30, "basis": "official"}
    lasting = {**event, "until": NOON + timedelta(minutes=20)}
    events = frame([event, lasting][: len(rows)], list(event))
    blocks = [{**halt("upbit", day), "functions": "trading"} for day in DAYS]
    halts = frame(blocks[: len(rows)], list(blocks[0]))
    return charts.incident_lanes(rows, events, halts, (NOON, END) if len(rows) else None, (START, END), look)


MONTHS = [f"2026-{day.day:02}" for day in DAYS]
Row = Callable[[str, date], dict[str, Any]]
Build = Callable[[pd.DataFrame, Look], Any]


def trend_cell(exchange: str, day: date) -> dict[str, Any]:
    return {"exchange": exchange, "lane": f"lane{day.day}", "value": None if day.day == 2 else Decimal(day.day)}


def trends_of(cells: pd.DataFrame, look: Look) -> Figure:
    drawn = {
        (row["exchange"], row["lane"]): TrendCellDrawn(
            "1.0 %", (TrendPoint(row["value"], "10", True), TrendPoint(Decimal(2), "11", False)), False
        )
        for row in cells.to_dict("records")
    }
    names = {exchange: exchange for exchange in EXCHANGES}
    return trend_matrix(drawn, names, {f"lane{day.day}": str(day) for day in DAYS}, look)


BUILDERS: dict[str, tuple[Row, Build]] = {
    "trend_matrix": (trend_cell, trends_of),
    "share_panels": (volume, lambda f, look: share_panels(f, f[:0], NO_HALTS, SPANS, EXCHANGES, look)),
    "share_by_hour": (volume, lambda f, look: share_by_hour(f, EXCHANGES, look)),
    "market_bars": (volume, lambda f, look: market_bars(f, Measure.VALUE, Order.AMOUNT, look)),
    "order_conduct": (volume, lambda f, look: order_conduct(f, SPANS, Decimal("0.8"), look)),
    "key_lanes": (
        keys,
        lambda f, look: key_lanes(f, ["forced_expired_keys"], EXCHANGES, KEY_SPANS, look, is_rate=True),
    ),
    "key_balance_bars": (keys, lambda f, look: key_balance_bars(f, look, is_rate=True)),
    "allow_list_coverage": (keys, allow_list_coverage),
    "allow_list_strictness": (keys, allow_list_strictness),
    "open_stages": (case, lambda f, look: open_stages(f, EXCHANGES, {"upbit": 9}, look, is_rate=True)),
    "stage_moves": (case, stage_moves),
    "case_lengths": (case, lambda f, look: case_lengths(f, f, EXCHANGES, 24, look)),
    "case_timeline": (case, lambda f, look: case_timeline(f, f, NOON, END, look)),
    "reconciliation_calendar": (reconciled, lambda f, look: reconciliation_calendar(f, EXCHANGES, look)),
    "day_strip": (slot, day_strip),
    "slot_strip": (check, slot_strip),
    "ledger_and_wallet": (check, ledger_and_wallet),
    "price_line": (check, price_line),
    "episode_sizes": (
        episode,
        lambda f, look: episode_sizes(f, {"ratio": Decimal("0.01"), "krw": Decimal(10**9)}, look),
    ),
    "closing_times": (episode, closing_times),
    "findings_by_month": (fired, lambda f, look: findings_by_month(records(f), look)),
    "audit_grid": (audit, lambda f, look: audit_grid(f, EXCHANGES, MONTHS, look)),
    "cold_shares": (audit, lambda f, look: cold_shares(f, MONTHS, Decimal("0.8"), look)),
    "audit_differences": (audited, lambda f, look: audit_differences(f, Decimal("0.0001"), look)),
    "pattern_panels": (
        surveilled,
        lambda f, look: pattern_panels(f, {"upbit": DAYS[:1]}, EXCHANGES, SPANS, "cancel_ratio", look),
    ),
    "stage_shares": (stages, stage_shares),
    "grade_grid": (graded, lambda f, look: grade_grid(f, EXCHANGES, MONTHS, look)),
    "measure_course": (
        graded,
        lambda f, look: measure_course(f, MONTHS, (Decimal("0.99"), Decimal("0.95")), "", True, look),
    ),
    "halt_lanes": (halt, halt_lanes),
    "halt_bars": (reach, lambda f, look: halt_bars(f, EXCHANGES, look)),
    "halt_reasons": (halt_reason, halt_reasons),
    "halt_course": (halt, halt_course),
    "halt_step_lengths": (halt, step_lengths),
    "incident_lanes": (replayed, incident_lanes),
    "shortfall_course": (replayed, shortfall_course),
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
        pytest.param({"short_asset_count": 1, "is_grave": False}, SHORTFALL, id="below the limit"),
        pytest.param({"short_asset_count": 1, "is_grave": True}, GRAVE, id="at the limit"),
    ],
)
def test_a_slot_is_graded_by_its_worst(row: Any, grade: Any) -> None:
    assert slot_grade({"short_asset_count": 0, **row}) is grade


def test_hovering_shows_every_digit() -> None:
    (line,) = [trace for trace in built("share_panels", SAMPLE[:1]).data if trace.name == "업비트"]
    text = line.text[0]
    assert "1,000,000,000,000,000,000.12345678" in text
    assert krw(Decimal("300000000000000000.03703703"), "ko") in text


def test_nothing_of_a_chart_leaves_the_house() -> None:
    assert CONFIG["showSendToCloud"] is False
    assert CONFIG["displaylogo"] is False


def test_a_limit_late_in_a_case_is_named_on_the_left_of_its_line_so_that_nothing_is_cut() -> None:
    columns = ["limit", "due_at", "state"]
    rows = [
        {"limit": "response", "due_at": NOON + timedelta(hours=1), "state": "met"},
        {"limit": "failure", "due_at": END, "state": "running"},
    ]
    steps = frame(
        [case("upbit", date(2026, 11, 1))],
        ["stage", "outcome", "risk_level", "acted_at", "since_detection", "action_id"],
    )
    drawn = case_timeline(steps, frame(rows, columns), NOON, NOON, Look("ko"))
    assert [(note.xanchor, note.xshift < 0) for note in drawn.layout.annotations] == [("left", False), ("right", True)]

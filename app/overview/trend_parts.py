"""Trends in words: what stands in a cell of the matrix, in its hovering text, in its table, and in the sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from app.amounts import percent, percent_down
from app.audits.months import NOTHING_DUE, QUALIFIED, AuditMonth
from app.frames import frame_of
from app.keys.case_totals import WHOLE
from app.moments import duration
from app.overview.lane_figures import Lane, LaneFigures
from app.overview.lane_parts import change_in_points
from app.overview.trend_charts import TrendCellDrawn, TrendPoint
from app.overview.trends import RATES, Trend, TrendMonth
from app.quality.measures import Rating
from app.quality.scorecard import Scored
from app.quality.scorecard_parts import step_mark
from app.widgets.view import View

_MINUTE = timedelta(minutes=1)
TREND_COLUMNS = (
    "of_whom",
    "lane",
    "month",
    "trend_value",
    "change_text",
    "status",
    "filed_count",
    "expected_count",
    "value",
)


def row_name(view: View, exchange: str) -> str:
    """An exchange, or all together."""
    return view.say("trends.whole") if exchange == WHOLE else view.exchange(exchange)


def value_words(view: View, lane: Lane, one: TrendMonth) -> str:
    """A month's figure in its unit; that nothing was filed is said."""
    if one.value is None:
        return view.say("trends.none")
    if lane is Lane.QUALITY:
        return step_mark(view, str(one.step or Rating.UNJUDGED))
    if lane is Lane.SUBMISSION:
        return percent_down(one.value)
    if lane is Lane.API_SHARE:
        return percent(one.value)
    if lane is Lane.HALTS:
        return duration(int(one.value) * _MINUTE, view.language)
    return view.say("trends.count", count=f"{int(one.value):,}")


def change_words(view: View, trend: Trend) -> str:
    """The chosen month against the one before; nothing where they cannot be compared."""
    change = trend.change
    if change is None:
        return ""
    if trend.lane in RATES:
        return change_in_points(view, change)
    arrow = "→" if not change else "↑" if change > 0 else "↓"
    if trend.lane is Lane.QUALITY:
        return view.say("trends.step_before", arrow=arrow, before=view.say(f"step.{trend.before.step}"))
    if trend.lane is Lane.HALTS:
        return f"{arrow}{duration(abs(int(change)) * _MINUTE, view.language)}"
    return f"{arrow}{abs(int(change)):,}"


def status_words(view: View, one: TrendMonth) -> str:
    """That a month is provisional, that days are wanting, or that nothing was filed."""
    if one.is_open:
        return view.say("trends.provisional")
    if one.value is None:
        return view.say("trends.none")
    return view.say("trends.partial") if one.is_partial else ""


def drawn(view: View, trends: Sequence[Trend]) -> dict[tuple[str, str], TrendCellDrawn]:
    """What the matrix draws of each lane of each row."""
    return {(one.exchange, str(one.lane)): _drawn(view, one) for one in trends}


def _drawn(view: View, trend: Trend) -> TrendCellDrawn:
    change = change_words(view, trend)
    words = f"<b>{value_words(view, trend.lane, trend.now)}</b>" + (f" {change}" if change else "")
    points = tuple(
        TrendPoint(
            one.value,
            f"<b>{row_name(view, trend.exchange)}</b> {view.say(f'lane.{trend.lane}')}<br>"
            + " · ".join(text for text in _said(view, trend.lane, one) if text),
            not one.is_partial,
        )
        for one in trend.months
    )
    return TrendCellDrawn(words, points, trend.lane not in RATES)


def _said(view: View, lane: Lane, one: TrendMonth) -> tuple[str, ...]:
    about = "trends.of_obligations" if lane in (Lane.SUBMISSION, Lane.QUALITY) else "trends.of_days"
    counts = view.say(about, filed=f"{one.filed_count:,}", expected=f"{one.expected_count:,}")
    return one.month, value_words(view, lane, one), status_words(view, one), counts


def trend_frame(view: View, trends: Sequence[Trend]) -> pd.DataFrame:
    """Every month of every lane and row: in words and, but for grades, as the exact figure."""
    rows = [
        {
            "of_whom": row_name(view, trend.exchange),
            "lane": view.say(f"lane.{trend.lane}"),
            "month": one.month,
            "trend_value": value_words(view, trend.lane, one),
            "change_text": change_words(view, trend) if one is trend.now else None,
            "status": status_words(view, one) or None,
            "filed_count": one.filed_count,
            "expected_count": one.expected_count,
            "value": None if trend.lane is Lane.QUALITY else one.value,
        }
        for trend in trends
        for one in reversed(trend.months)
    ]
    return frame_of(rows, TREND_COLUMNS)


def gaps_frame(view: View, trends: Sequence[Trend]) -> pd.DataFrame:
    """By month and lane: which exchanges filed only a part, or nothing, and whether the month is still open."""
    rows: list[dict[str, Any]] = []
    own = [trend for trend in trends if trend.exchange != WHOLE and trend.lane is not Lane.QUALITY]
    for number in range(len(own[0].months) - 1, -1, -1) if own else ():
        for lane in dict.fromkeys(trend.lane for trend in own):
            found = [(trend.exchange, trend.months[number]) for trend in own if trend.lane is lane]
            lacking = [(exchange, one) for exchange, one in found if one.filed_count < one.expected_count]
            is_open = found[0][1].is_open
            if not lacking and not is_open:
                continue
            nothing = len(lacking) == len(found) and not any(one.filed_count for _, one in lacking)
            names = [f"{view.exchange(name)} {one.filed_count:,}/{one.expected_count:,}" for name, one in lacking]
            status = "trends.provisional" if is_open else "trends.none" if nothing else "trends.partial"
            lane_word = view.say(f"lane.{lane}")
            same = {(one.filed_count, one.expected_count) for _, one in found}
            if len(same) == 1 and lacking:
                names = [f"{view.say('trends.everybody')} {found[0][1].filed_count:,}/{found[0][1].expected_count:,}"]
            text = view.say("trends.everybody") if nothing else ", ".join(names) or None
            rows.append(
                {"month": found[0][1].month, "status": view.say(status), "lane": lane_word, "filed_of_due": text}
            )
    return frame_of(_merged(rows), ["month", "status", "lane", "filed_of_due"])


def _merged(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lanes of a month of which the same is to be said, together."""
    lanes: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        lanes.setdefault((row["month"], row["status"], row["filed_of_due"]), []).append(row["lane"])
    return [
        {"month": month, "status": status, "lane": ", ".join(names), "filed_of_due": lacking}
        for (month, status, lacking), names in lanes.items()
    ]


# ------------------------------------------------------------------------------------------------ sentences


def sentences(
    view: View,
    now: LaneFigures,
    before: LaneFigures,
    audits: Sequence[AuditMonth],
    scored: Sequence[Scored],
    trends: Sequence[Trend],
) -> list[str]:
    """The month in sentences: cases, halts, audits, corrections; what of the month before is wanting is said."""
    lanes = {one.lane: one for one in trends if one.exchange == now.exchange}
    cases, halts, filing = (lanes[lane] for lane in (Lane.KEYS, Lane.HALTS, Lane.SUBMISSION))
    return [
        _of_cases(view, now, count_before(view, before.opened_case_count, cases.before)),
        _of_halts(view, now, count_before(view, before.halt_count, halts.before)),
        _of_audits(view, audits, filing.before.month),
        _of_corrections(view, scored, filing),
    ]


def count_before(view: View, count: int, month: TrendMonth) -> str:
    """The month before in a few words: its count and whether it is of all its days, or that nothing was filed."""
    if month.value is None:
        return view.say("trends.before_none")
    said = view.say("trends.before", count=f"{count:,}")
    return f"{said}, {status_words(view, month).lower()}" if month.is_partial else said


def _of_cases(view: View, now: LaneFigures, before: str) -> str:
    if not now.is_filed(Lane.KEYS):
        return view.say("trends.no_cases")
    median = view.say("trends.too_few") if now.expiry_median is None else duration(now.expiry_median, view.language)
    counts = {
        "opened": now.opened_case_count,
        "closed": now.closed_case_count,
        "open": now.open_case_count,
        "forced": now.forced_expired_keys,
    }
    said = {name: f"{count:,}" for name, count in counts.items()}
    return view.say("trends.cases", median=median, before=before, **said)


def _of_halts(view: View, now: LaneFigures, before: str) -> str:
    if not now.is_filed(Lane.HALTS):
        return view.say("trends.no_halts")
    passed = now.passed // _MINUTE
    available = 1 - Decimal(now.weighted // _MINUTE) / passed if passed else None
    return view.say(
        "trends.halts",
        count=f"{now.halt_count:,}",
        minutes=f"{now.halted // _MINUTE:,}",
        available="–" if available is None else percent_down(available),
        before=before,
    )


def _of_audits(view: View, audits: Sequence[AuditMonth], month: str) -> str:
    audits = [row for row in audits if row.stand not in NOTHING_DUE]
    if not audits:
        return view.say("trends.no_audits", month=month)
    received = [row for row in audits if row.is_received]
    lacking = [row for row in audits if row not in received]
    names = ", ".join(f"{view.exchange(row.exchange)} ({view.say('audit_stand.' + row.stand)})" for row in lacking)
    said = view.say(
        "trends.audits",
        month=month,
        received=len(received),
        count=len(audits),
        exceptions=sum(row.stand == QUALIFIED for row in audits),
    )
    return f"{said} {view.say('trends.audits_lacking', names=names)}" if names else said


def _of_corrections(view: View, scored: Sequence[Scored], filing: Trend) -> str:
    months = (filing.now.month, filing.before.month)
    now, before = (sum(one.counts["correction_count"] for one in scored if one.month == month) for month in months)
    missing = sum(one.counts["missing_count"] for one in scored if one.month == months[0])
    said_before = count_before(view, before, filing.before)
    return view.say("trends.corrections", count=f"{now:,}", before=said_before, missing=f"{missing:,}")

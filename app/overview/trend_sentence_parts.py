"""A month of all lanes in sentences, against the month before: cases, halts, audits, corrections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from app.amounts import percent_down
from app.audits.months import NOTHING_DUE, QUALIFIED, AuditMonth
from app.moments import duration
from app.overview.lane_figures import Lane, LaneFigures
from app.overview.trend_parts import status_words
from app.overview.trends import Trend, TrendMonth
from app.quality.scorecard import Scored
from app.widgets.view import View

_MINUTE = timedelta(minutes=1)


def month_sentences(
    view: View,
    now: LaneFigures,
    before: LaneFigures,
    audits: Sequence[AuditMonth],
    scored: Sequence[Scored],
    trends: Sequence[Trend],
) -> list[str]:
    """The month in sentences, against the month before: cases, halts, audits, corrections."""
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
    now, before = (sum(one.counts.correction_count for one in scored if one.month == month) for month in months)
    missing = sum(one.counts.missing_count for one in scored if one.month == months[0])
    said_before = count_before(view, before, filing.before)
    return view.say("trends.corrections", count=f"{now:,}", before=said_before, missing=f"{missing:,}")

"""The steps of a halt, detection to halt to notice to resumption, each beside the limit of its rule in force that day.

HLT-004 asks automatic halts to start in time, HLT-006 for a notice (of maintenance and of accounts none), HLT-009 looks
at halts that last (those an authority ordered apart). What no rule asks for is said to have no limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

import pandas as pd

from app.frames import frame_of, records_of
from app.rules.book import parameter


class HaltSpan(StrEnum):
    """The stretches between the moments of a halt; the last runs from the halt to its end."""

    TO_HALT = "to_halt"
    TO_NOTICE = "to_notice"
    TO_RESUME = "to_resume"


class Verdict(StrEnum):
    """Whether a step kept the limit of its rule."""

    KEPT = "kept"
    EXCEEDED = "exceeded"
    PENDING = "pending"
    """Not done yet, and the limit has not passed."""
    NO_LIMIT = "no_limit"


@dataclass(frozen=True, slots=True)
class HaltStep:
    """One stretch of a halt: from and to when (None: not yet), how long, and what its rule says of it."""

    span: HaltSpan
    rule: str
    start: datetime
    end: datetime | None
    length: timedelta
    limit: timedelta | None
    verdict: Verdict


_RULES = {HaltSpan.TO_HALT: "HLT-004", HaltSpan.TO_NOTICE: "HLT-006", HaltSpan.TO_RESUME: "HLT-009"}


def halt_limits(halt: Mapping[Any, Any]) -> dict[HaltSpan, timedelta | None]:
    """The limit of each step of a halt by the rules in force on its day; None where the rule leaves such halts out."""
    day, exchange = halt["day"], halt["exchange"]
    has_notice = halt["trigger"] != "maintenance" and halt["scope"] != "account"
    start = timedelta(minutes=parameter("halt_start_minutes", day, exchange))
    notice = timedelta(minutes=parameter("halt_notice_minutes", day, exchange))
    longest = timedelta(hours=parameter("halt_maximum_hours", day, exchange))
    return {
        HaltSpan.TO_HALT: start if halt["mode"] == "automatic" else None,
        HaltSpan.TO_NOTICE: notice if has_notice else None,
        HaltSpan.TO_RESUME: longest if halt["trigger"] != "authority_order" else None,
    }


def halt_steps(halt: Mapping[Any, Any], now: datetime) -> list[HaltStep]:
    """The steps of one halt; one that is not done lasts to `now`."""
    moments = {
        HaltSpan.TO_HALT: (halt["detected_at"], halt["halted_at"]),
        HaltSpan.TO_NOTICE: (halt["halted_at"], halt["notice_at"]),
        HaltSpan.TO_RESUME: (halt["halted_at"], halt["resumed_at"]),
    }
    limits = halt_limits(halt)
    return [_step(span, start, end, limits[span], now) for span, (start, end) in moments.items()]


def _step(span: HaltSpan, start: datetime, end: datetime | None, limit: timedelta | None, now: datetime) -> HaltStep:
    done = None if end is None or pd.isna(end) else end
    length = (done or now) - start
    verdict = Verdict.NO_LIMIT
    if limit is not None:
        verdict = Verdict.EXCEEDED if length > limit else Verdict.KEPT if done else Verdict.PENDING
    return HaltStep(span, _RULES[span], start, done, length, limit, verdict)


STEP_COLUMNS = ("exchange", "halt_id", "span", "length", "limit", "verdict", "is_done")


def halt_step_lengths(halts: Sequence[Mapping[Any, Any]], now: datetime) -> pd.DataFrame:
    """The steps of all halts whose rule sets them a limit: one row each.

    Those without one are left out: notices of maintenance come days before, and would hide the others.
    """
    rows = [
        {
            "exchange": halt["exchange"],
            "halt_id": halt["halt_id"],
            "span": step.span,
            "length": step.length,
            "limit": step.limit,
            "verdict": step.verdict,
            "is_done": step.end is not None,
        }
        for halt in halts
        for step in halt_steps(halt, now)
        if step.limit is not None
    ]
    return frame_of(rows, STEP_COLUMNS)


def median_length(steps: pd.DataFrame, span: HaltSpan) -> tuple[timedelta | None, int]:
    """The median of one step over those of `halt_step_lengths` that are done, and how many these are."""
    lengths: list[Any] = [row["length"] for row in records_of(steps) if row["span"] is span and row["is_done"]]
    return (median(lengths) if lengths else None), len(lengths)

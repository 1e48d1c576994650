"""The steps of a halt, detection to halt to notice to resumption, each beside the limit of its rule in force that day.

HLT-004 asks automatic halts to start in time, HLT-006 for a notice (of maintenance and of accounts none), HLT-009 looks
at halts that last (those an authority ordered apart). Whether a limit was exceeded is what these rules recorded; a step
that is not done and of which nothing was found is a running clock, whatever the time is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

from app.columns import ExchangeId, Length
from app.halts.events import HaltEvent
from app.queries.recorded import Judgement
from expectations.thresholds import Thresholds


class HaltSpan(StrEnum):
    """The stretches between the moments of a halt; the last runs from the halt to its end."""

    TO_HALT = "to_halt"
    TO_NOTICE = "to_notice"
    TO_RESUME = "to_resume"


class Verdict(StrEnum):
    """What the records say of a step and the limit of its rule."""

    KEPT = "kept"
    """Done, and the rule has been evaluated and found nothing."""
    EXCEEDED = "exceeded"
    """The rule has a finding about the halt that holds."""
    RUNNING = "running"
    """Not done, and the rule has found nothing so far."""
    NOT_EVALUATED = "not_evaluated"
    """The rule has not been evaluated since the halt was filed last."""
    NO_LIMIT = "no_limit"
    """The rule leaves such halts out, or was not in force."""


@dataclass(frozen=True, slots=True)
class HaltStep:
    """One stretch of a halt: from and to when (None: not yet), how long so far, the rule, its limit and the verdict."""

    span: HaltSpan
    rule: str
    start: datetime
    end: datetime | None
    length: timedelta
    limit: timedelta | None
    verdict: Verdict

    @property
    def is_done(self) -> bool:
        """True where its end was filed."""
        return self.end is not None


_RULES = {HaltSpan.TO_HALT: "HLT-004", HaltSpan.TO_NOTICE: "HLT-006", HaltSpan.TO_RESUME: "HLT-009"}


def halt_limits(halt: HaltEvent, thresholds: Thresholds) -> dict[HaltSpan, timedelta | None]:
    """The limit of each step by the thresholds of the halt's day; None where the rule leaves such halts out."""
    start, notice, longest = (
        thresholds.value(name, halt.day, halt.exchange)
        for name in ("halt_start_minutes", "halt_notice_minutes", "halt_maximum_hours")
    )
    has_notice = halt.trigger != "maintenance" and halt.scope != "account"
    return {
        HaltSpan.TO_HALT: timedelta(minutes=start) if halt.mode == "automatic" else None,
        HaltSpan.TO_NOTICE: timedelta(minutes=notice) if has_notice else None,
        HaltSpan.TO_RESUME: timedelta(hours=longest) if halt.trigger != "authority_order" else None,
    }


def halt_steps(halt: HaltEvent, thresholds: Thresholds, now: datetime) -> tuple[HaltStep, ...]:
    """The steps of one halt in order; one that is not done lasts to `now`."""
    moments = {
        HaltSpan.TO_HALT: (halt.detected_at, halt.halted_at),
        HaltSpan.TO_NOTICE: (halt.halted_at, halt.notice_at),
        HaltSpan.TO_RESUME: (halt.halted_at, halt.resumed_at),
    }
    limits = halt_limits(halt, thresholds)
    return tuple(
        _step(span, start, end, limits[span], halt.judgements[_RULES[span]], now)
        for span, (start, end) in moments.items()
    )


def _step(
    span: HaltSpan,
    start: datetime,
    end: datetime | None,
    limit: timedelta | None,
    judgement: Judgement,
    now: datetime,
) -> HaltStep:
    has_limit = limit is not None and judgement is not Judgement.NOT_IN_FORCE
    verdict = _verdict(judgement, is_done=end is not None) if has_limit else Verdict.NO_LIMIT
    return HaltStep(span, _RULES[span], start, end, (end or now) - start, limit if has_limit else None, verdict)


def _verdict(judgement: Judgement, *, is_done: bool) -> Verdict:
    if judgement is Judgement.FOUND:
        return Verdict.EXCEEDED
    if not is_done:
        return Verdict.RUNNING
    return Verdict.KEPT if judgement is Judgement.NOT_FOUND else Verdict.NOT_EVALUATED


@dataclass(frozen=True, slots=True)
class StepLength:
    """How long one step of a halt took, or has lasted so far, beside its limit."""

    exchange: ExchangeId
    halt_id: str
    span: HaltSpan
    length: Length
    step_limit: Length
    verdict: Verdict
    is_done: bool


def step_lengths(halts: Iterable[HaltEvent], thresholds: Thresholds, now: datetime) -> tuple[StepLength, ...]:
    """The steps of all halts whose rule sets them a limit.

    Those without one are left out: notices of maintenance come days before, and would hide the others.
    """
    return tuple(
        StepLength(halt.exchange, halt.halt_id, step.span, step.length, step.limit, step.verdict, step.is_done)
        for halt in halts
        for step in halt_steps(halt, thresholds, now)
        if step.limit is not None
    )


def median_length(steps: Sequence[StepLength], span: HaltSpan) -> tuple[timedelta | None, int]:
    """The median of one step over those that are done, None without any, and how many these are."""
    lengths: list[Any] = [step.length for step in steps if step.span is span and step.is_done]
    return (median(lengths) if lengths else None), len(lengths)

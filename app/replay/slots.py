"""A replayed incident in time: facts beside checks beside the rule, and how much earlier these would have seen it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.amounts import exact, krw, percent
from app.columns import Instant, Text
from app.moments import KST, duration
from app.replay.checks import ReplayedCheck, ReplayedHalt
from app.replay.course import Course
from app.replay.facts import when
from app.words import code_word, say
from etl.replays import Event, Replay

SLOT = timedelta(minutes=5)
"""A check is due in every slot (specification, 2.4)."""


@dataclass(frozen=True, slots=True)
class MilestoneLine:
    """A milestone: when it happened, when checks and rule would have had it, and what that gains.

    Lengths are counted from when it began; a gain that runs backwards means that the checks see it only afterwards.
    """

    milestone: Text
    happened_at: Instant
    happened_after: Text
    seen_at: Instant | None
    seen_after: Text | None
    gained: Text | None


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One five-minute slot, or one day that no file is about: the events in it, its check, and what the rule says."""

    when: str
    events: tuple[Event, ...]
    check: ReplayedCheck | None
    rule: str


def milestones(incident: Replay, course: Course, language: str) -> list[MilestoneLine]:
    """Return the milestones: noticed, blocked, and equal again where anybody says when that was."""
    moments = incident.milestones
    began = moments.began.at

    def line(name: str, event: Event, seen: datetime | None) -> MilestoneLine:
        return MilestoneLine(
            milestone=say(f"replay.milestone_{name}", language),
            happened_at=event.at,
            happened_after=_length(event.at - began, language),
            seen_at=seen,
            seen_after=None if seen is None else _length(seen - began, language),
            gained=None if seen is None else _length(event.at - seen, language),
        )

    return [
        line("noticed", moments.noticed, course.detected_at),
        line("blocked", moments.blocked, course.halt_due_at),
        *([line("equal", moments.equal, course.equal_at)] if moments.equal else []),
    ]


def _length(length: timedelta, language: str) -> str:
    """A length of time to the second; one that runs backwards has a sign."""
    return ("−" if length < timedelta() else "") + duration(abs(length), language, 4)


def slots_of(
    incident: Replay, checks: Sequence[ReplayedCheck], halts: Sequence[ReplayedHalt], course: Course, language: str
) -> list[SlotLine]:
    """Return facts, checks and rule side by side, slot by slot.

    These are every slot from before it began until the shortfall no longer changed, all others in which something
    happened or the checks changed, and last what happened on days that no file is about.
    """
    found: list[SlotLine] = []
    placed: set[str] = set()
    before: tuple[Decimal, Decimal] | None = None
    end = course.tail.since if course.tail else None
    for check in checks:
        at = check.checked_at
        events = tuple(event for event in incident.events if event.precision != "day" and at <= event.at < at + SLOT)
        placed |= {event.id for event in events}
        state = check.ledger_quantity, check.wallet_quantity
        is_busy = end is not None and incident.milestones.began.at - SLOT <= at <= end
        if events or is_busy or (before is not None and state != before):
            text = f"{at.astimezone(KST):%m-%d %H:%M}"
            found.append(SlotLine(text, events, check, _rule(check, course, _blocked(halts, at, language), language)))
        before = state
    others = [event for event in incident.events if event.id not in placed]
    return [*found, *(SlotLine(when(event, language), (event,), None, "") for event in others)]


def _blocked(halts: Sequence[ReplayedHalt], at: datetime, language: str) -> str:
    """What was blocked in the slot of a moment: whose, and which functions."""
    in_force = [one for one in halts if one.halted_at < at + SLOT and (one.resumed_at is None or one.resumed_at > at)]
    scopes = dict.fromkeys(code_word(halt.scope, language) for halt in in_force)
    functions = dict.fromkeys(code_word(halt.functions, language) for halt in in_force)
    return f"{', '.join(scopes)} ({', '.join(functions)})"


def _rule(check: ReplayedCheck, course: Course, blocked: str, language: str) -> str:
    """What REC-004 recorded about the moment of a check, and what was blocked then."""
    at, due, halted = check.checked_at, course.halt_due_at, course.halted_at
    if at == course.equal_at:
        return say("replay.rule_equal", language)
    reached = course.limit_reached_at
    if not check.is_short or due is None or reached is None or at < reached:
        return ""
    if at == reached:
        return say(
            "replay.rule_reached",
            language,
            share=percent(check.shortfall_ratio, 2),
            won=krw(check.shortfall_krw, language),
            due=f"{due.astimezone(KST):%H:%M}",
        )
    if halted is None or at < halted:
        late = at - due
        return say("replay.rule_overdue" if late else "replay.rule_due", language, length=duration(late, language))
    if at - halted < SLOT:
        return say("replay.rule_halted", language, blocked=blocked, length=duration(halted - due, language))
    return say(
        "replay.rule_blocked",
        language,
        blocked=blocked,
        quantity=exact(check.shortfall_quantity),
        asset=check.asset,
        limits=limits_in_words(check.ratio_limit_quantity, check.krw_limit_quantity, check.asset, language),
    )


def limits_in_words(by_ratio: Decimal, by_krw: Decimal, asset: str, language: str) -> str:
    """Return the quantities from which on a shortfall calls for a halt, by either limit, to two digits."""
    return say("replay.limit_quantities", language, ratio=f"{by_ratio:,.2f}", krw=f"{by_krw:,.2f}", asset=asset)


def held_in_words(multiple: Decimal | None, language: str) -> str:
    """Return a shortfall by what was held: a multiple from one on, below it a share; a dash where nothing was held."""
    if multiple is None:
        return "–"
    if multiple >= 1:
        return say("replay.holdings_times", language, times=f"{multiple:,.2f}")
    return say("replay.holdings_share", language, share=percent(multiple, 2))

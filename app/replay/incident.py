"""A replayed incident as the screens tell it: facts beside checks beside the rule, and figures beside their rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from app.amounts import exact, krw, percent, ratio
from app.frames import frame_of, records_of
from app.moments import KST, duration
from app.replay.checks import Course
from app.words import code_word, say
from etl.replays import Event, QuotedFigure
from etl.replays import Replay as Replay

_SLOT = timedelta(minutes=5)
_EVENT_COLUMNS = ("id", "at", "until", "when", "text", "basis", "confidence", "source")
_COMPARED_COLUMNS = ("milestone", "happened_at", "happened_after", "seen_at", "seen_after", "gained")
_FIGURE_COLUMNS = ("label", "amount", "unit", "basis", "confidence", "source", "claims")
_HOLDING_COLUMNS = ("amount", "basis", "teller", "credited_multiple", "residual_share")


@dataclass(frozen=True, slots=True)
class Moment:
    """One five-minute slot, or one day that no file is about: the events in it, its check, and what the rule says."""

    when: str
    events: tuple[Event, ...]
    check: Mapping[str, Any] | None
    rule: str


def when(event: Event, language: str) -> str:
    """The moment of an event, as exactly as it is known."""
    local = event.at.astimezone(KST)
    form = {"day": "%m-%d", "second": "%m-%d %H:%M:%S"}.get(event.precision, "%m-%d %H:%M")
    text = local.strftime(form)
    if event.until:
        text += f"~{event.until.astimezone(KST):%H:%M}"
    return say("replay.about", language, moment=text) if event.precision == "about" else text


def events_of(incident: Replay, language: str) -> pd.DataFrame:
    """The events in time order, each with who says so."""
    rows = [
        {
            "id": event.id,
            "at": event.at,
            "until": event.until,
            "when": when(event, language),
            "text": event.text.in_language(language),
            "basis": event.basis.value,
            "confidence": event.confidence.value,
            "source": event.source.in_language(language),
        }
        for event in incident.events
    ]
    return frame_of(rows, _EVENT_COLUMNS)


def compared(incident: Replay, course: Course, language: str) -> pd.DataFrame:
    """Noticed, blocked and equal again: when it happened, when checks and rule would have had it, and the gain.

    Lengths are counted from the payout; a gain that runs backwards means that the checks see it only afterwards.
    """
    payout = incident.milestones.payout.at
    rows = []
    for name, event, seen in (
        ("noticed", incident.milestones.noticed, course.detected_at),
        ("blocked", incident.milestones.blocked, course.halt_due_at),
        ("equal", incident.milestones.equal, course.equal_at),
    ):
        rows.append(
            {
                "milestone": say(f"replay.milestone_{name}", language),
                "happened_at": event.at,
                "happened_after": _length(event.at - payout, language),
                "seen_at": seen,
                "seen_after": None if seen is None else _length(seen - payout, language),
                "gained": None if seen is None else _length(event.at - seen, language),
            }
        )
    return frame_of(rows, _COMPARED_COLUMNS)


def _length(length: timedelta, language: str) -> str:
    """A length of time to the second; one that runs backwards has a sign."""
    return ("−" if length < timedelta() else "") + duration(abs(length), language, 4)


def holdings(incident: Replay, language: str) -> pd.DataFrame:
    """Every value told for the holdings before, with what was credited as a multiple and the residual as a share."""
    figure = incident.holdings
    told = [(figure.value, figure.basis.value, figure.source.in_language(language))]
    told += [(claim.value, claim.basis.value, claim.text.in_language(language)) for claim in figure.claims]
    rows = [
        {
            "amount": value,
            "basis": basis,
            "teller": who,
            "credited_multiple": ratio(incident.credited.value, value),
            "residual_share": ratio(incident.residual.value, value),
        }
        for value, basis, who in told
    ]
    return frame_of(rows, _HOLDING_COLUMNS)


def figures(incident: Replay, language: str) -> pd.DataFrame:
    """The figures of the incident, each with the other values that are told in its place."""
    rows = [
        {
            "label": figure.label.in_language(language),
            "amount": figure.value,
            "unit": say(f"replay.unit_{figure.unit}", language),
            "basis": figure.basis.value,
            "confidence": figure.confidence.value,
            "source": figure.source.in_language(language),
            "claims": _claims(figure, language) or None,
        }
        for figure in incident.figures.values()
    ]
    return frame_of(rows, _FIGURE_COLUMNS)


def _claims(figure: QuotedFigure, language: str) -> str:
    return " / ".join(f"{exact(claim.value)}: {claim.text.in_language(language)}" for claim in figure.claims)


def moments_of(
    incident: Replay, checks: pd.DataFrame, halts: pd.DataFrame, course: Course, language: str
) -> list[Moment]:
    """Facts, checks and rule side by side, slot by slot.

    Told are every slot from before the payout until the shortfall no longer changed, all others in which something
    happened or the checks changed, and what happened on days that no file is about.
    """
    rows: list[dict[Any, Any]] = records_of(checks)
    blocked = _blocked(halts, language)
    found = []
    told: set[str] = set()
    before: tuple[Decimal, Decimal] | None = None
    end = course.tail.since if course.tail else None
    for row in rows:
        at = row["checked_at"]
        events = tuple(event for event in incident.events if event.precision != "day" and at <= event.at < at + _SLOT)
        told |= {event.id for event in events}
        state = row["ledger_quantity"], row["wallet_quantity"]
        is_busy = end is not None and incident.milestones.payout.at - _SLOT <= at <= end
        if events or is_busy or (before is not None and state != before):
            text = f"{at.astimezone(KST):%m-%d %H:%M}"
            found.append(Moment(text, events, row, _rule(row, course, blocked, language)))
        before = state
    found += [Moment(when(e, language), (e,), None, "") for e in incident.events if e.id not in told]
    return found


def _blocked(halts: pd.DataFrame, language: str) -> str:
    """What was blocked: whose, and which functions."""
    rows: Sequence[dict[Any, Any]] = records_of(halts)
    scopes = dict.fromkeys(code_word(row["scope"], language) for row in rows)
    functions = dict.fromkeys(code_word(row["functions"], language) for row in rows)
    return f"{', '.join(scopes)} ({', '.join(functions)})"


def _rule(row: Mapping[str, Any], course: Course, blocked: str, language: str) -> str:
    """What the rule on halts says at a check (specification, REC-004)."""
    at, due, halted = row["checked_at"], course.halt_due_at, course.halted_at
    if at == course.equal_at:
        return say("replay.rule_equal", language)
    if not row["shortfall_quantity"] or due is None:
        return ""
    if at == course.limit_reached_at:
        return say(
            "replay.rule_reached",
            language,
            share=percent(row["shortfall_ratio"], 2),
            won=krw(row["shortfall_krw"], language),
            due=f"{due.astimezone(KST):%H:%M}",
        )
    if halted is None or at < halted:
        late = at - due
        return say("replay.rule_overdue" if late else "replay.rule_due", language, length=duration(late, language))
    if at - halted < _SLOT:
        return say("replay.rule_halted", language, blocked=blocked, length=duration(halted - due, language))
    return say("replay.rule_tail" if row["reaches_limit"] else "replay.rule_below", language, blocked=blocked)

"""Many checked files at once: in which order they are looked at, and which of them are submitted together.

What is submitted with one press is what nobody has to look at again: accepted when it was checked, checked by whoever
presses, of a period of its own, and not in place of most of the accepted rows. Everything else is left out, and said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.filing.desk import RETURNS, verdict_word
from etl.drafts import Draft
from expectations.catalogue import all_reports
from expectations.vocabulary import State

_GRAVITY = ("rejected", "failed", "accepted_with_findings", "accepted")
"""Verdicts in the order in which they are looked at; any other comes last."""


class LeftOut(StrEnum):
    """Why a checked file is not among those that are submitted together."""

    REJECTED = "rejected"
    FAILED = "failed"
    """It could not be checked, so what it takes the place of is not known."""
    REASON = "reason"
    """Most of the accepted rows go with it, or it brings back what was replaced, which takes a reason (3.9, 3.4)."""
    OVERLAP = "overlap"
    """Another of the files is of the same report and shares a moment: one of them would take the other's place."""
    COLLEAGUE = "colleague"
    """Somebody else has checked it."""


@dataclass(frozen=True, slots=True)
class DayFile:
    """A checked file: its draft, what its check told, its verdict's word, and why it is left out, where it is."""

    draft: Draft
    told: Mapping[str, Any]
    word: str
    left_out: LeftOut | None


def day_files(checked: Sequence[tuple[Draft, Mapping[str, Any]]], person: str) -> list[DayFile]:
    """The drafts, each with what its check told, as `person` finds them: what would be rejected first."""
    every = [draft for draft, _ in checked]
    files = [
        DayFile(draft, told, verdict_word(draft.state, draft.finding_count), _left_out(draft, told, every, person))
        for draft, told in checked
    ]
    return sorted(files, key=_place)


def _left_out(draft: Draft, told: Mapping[str, Any], every: Sequence[Draft], person: str) -> LeftOut | None:
    if draft.state != State.ACCEPTED:
        return LeftOut.REJECTED if draft.state == State.REJECTED else LeftOut.FAILED
    if (told.get("replaces") or {}).get("needs_reason") or RETURNS in told:
        return LeftOut.REASON
    others = [one for one in every if one is not draft and one.report == draft.report and one.state != State.REJECTED]
    if any(one.period.overlaps(draft.period) for one in others):
        return LeftOut.OVERLAP
    return None if draft.person == person else LeftOut.COLLEAGUE


def _place(file: DayFile) -> tuple[int, int, str, str]:
    grave = _GRAVITY.index(file.word) if file.word in _GRAVITY else len(_GRAVITY)
    return grave, list(all_reports()).index(file.draft.report), file.draft.period.text, file.draft.id


def verdict_counts(words: Sequence[str]) -> list[tuple[str, int]]:
    """How many there are of each verdict, the gravest first."""
    counts = Counter(words)
    known = [word for word in _GRAVITY if counts[word]]
    return [(word, counts[word]) for word in (*known, *sorted(counts.keys() - set(known)))]

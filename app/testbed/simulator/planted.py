"""How often each rule finds what the story of a run plants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from app.testbed.simulator.months import month_of
from app.testbed.simulator.story import Event, Happening, Run
from expectations.catalogue import all_rules, report
from expectations.vocabulary import Cadence

_LOOK_AT_THE_DAY_BEFORE = ("REC-011",)


def planted(run: Run) -> Counter[str]:
    """Findings by rule in all files of the run once they are filed, those refused or replaced too.

    What is never filed has none, and what its absence does to what comes after is left to chance.
    """
    found: Counter[str] = Counter()
    for event, day in _told(run):
        is_of_all = event.kind is Happening.GAP and not event.asset
        for name in event.finds:
            is_seen = name not in _LOOK_AT_THE_DAY_BEFORE or day > run.first_day
            since = all_rules()[name].effective_from
            if is_seen and (since is None or since <= day):
                found[name] += run.size(event.exchange) if is_of_all else 1
    return found


def _told(run: Run) -> Iterator[tuple[Event, date]]:
    """The events that happen in the run, each with the first day of what it concerns."""
    exchanges = dict(run.assets)
    for event in run.events:
        if event.exchange not in exchanges:
            continue
        if report(event.report).cadence is Cadence.MONTH:
            month = month_of(run, event)
            if month is not None:
                yield event, month.first_day
        elif run.is_told(event) and run.first_day_of(event) >= run.first_day:
            yield event, run.first_day_of(event)

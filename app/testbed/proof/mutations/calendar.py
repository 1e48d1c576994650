"""Mutations that prove the rules of the calendar: files of the first two days that come late or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from app.testbed.proof.files import Files, Wanted, mutation
from app.testbed.proof.ground import BEGINNING
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period

_DAYS = tuple(day.isoformat() for day in BEGINNING)
_REPORTS = ("api_volume", "api_keys", "reconciliation", "halts", "surveillance")
"""Each exchange fails another report."""


@mutation("CAL-001", "a report comes an hour late, and another not at all", at_the_beginning=True)
def late_and_missing(files: Files) -> Sequence[Wanted]:
    """Both of the second day."""
    late, missing = _REPORTS[files.place], _REPORTS[files.place - 1]
    due_at = report_of(late).due_at(Period.parse(_DAYS[-1]))
    files.received[late, _DAYS[-1]] = due_at + timedelta(hours=1)
    files.left_out.add((missing, _DAYS[-1]))
    return [
        files.wanted("CAL-001", late, period=_DAYS[-1], reason="late"),
        files.wanted("CAL-001", missing, period=_DAYS[-1], reason="missing"),
    ]


@mutation("CAL-002", "a report is withdrawn and filed again a day and an hour later", at_the_beginning=True)
def replaced_late(files: Files) -> Sequence[Wanted]:
    """Of the first day, withdrawn at its due time."""
    report, period = _REPORTS[files.place], _DAYS[0]
    withdrawn_at = report_of(report).due_at(Period.parse(period))
    received_at = withdrawn_at + timedelta(hours=25)
    files.filed_again[report, period] = (withdrawn_at, received_at)
    wanted = files.wanted("CAL-002", report, period=period, start=withdrawn_at, end=received_at, reason="withdrawn")
    return [wanted]


@mutation("XEX-001", "a report is never filed", also=("CAL-001",), at_the_beginning=True)
def never_filed(files: Files) -> Sequence[Wanted]:
    """On neither day; it is found of the first."""
    missing = _REPORTS[files.place]
    files.left_out.update((missing, day) for day in _DAYS)
    return [files.wanted("XEX-001", missing, period=_DAYS[0])]

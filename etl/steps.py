"""The steps of a file from its arrival to its verdict, reported to a callback."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class FilingStep(StrEnum):
    """One step, reported when it is done."""

    RECEIVED = "received"
    OPENED = "opened"
    """It is a file of its kind, and its cells are there as text."""
    READ = "read"
    """Every cell has a value, or a finding."""
    JUDGED = "judged"
    """Structure and integrity are decided: it would be accepted or rejected."""
    COMPARED = "compared"
    """It was held against what is accepted."""
    READY = "ready"


StepCallback = Callable[[FilingStep], None]
"""Told each step when it is done."""


def ignore_step(_step: FilingStep) -> None:
    """The callback where nobody waits."""

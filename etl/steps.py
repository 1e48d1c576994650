"""The steps that a file takes from its arrival to its verdict, as whoever waits for it is told them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class FilingStep(StrEnum):
    """One step, named by what has been done when it is told."""

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
    """Nobody waits."""

"""A fault: one thing of a store that does not agree with another, as `daxa verify` tells it."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not agree, and what it is: a submission's number, a record, an entry or head of the log."""

    subject: str
    what: str

    def as_record(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)

"""Does what is kept still agree: bytes with their hashes, published rows with the bytes they came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import pyarrow.parquet as pq

from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.store import Store
from expectations.vocabulary import State

_PUBLISHED = (State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not agree, and whose it is."""

    submission: str
    what: str

    def as_record(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def verify(store: Store, *, progress: Callable[[int, int, str], None] | None = None) -> tuple[list[Fault], int]:
    """Every fault of every submission, and how many submissions were looked at."""
    with reading(store.engine) as connection:
        every = life.listed(connection)
    faults: list[Fault] = []
    for place, submission in enumerate(every, 1):
        faults += _faults(store, submission)
        if progress is not None:
            progress(place, len(every), submission.file)
    return faults, len(every)


def _faults(store: Store, submission: Submission) -> list[Fault]:
    found = []
    if submission.evidence_kept and not store.evidence.is_intact(submission.sha256):
        there = store.evidence.path(submission.sha256).exists()
        what = "differ from their SHA-256" if there else "are missing"
        found.append(Fault(submission.id, f"the kept bytes {submission.sha256} {what}"))
    if submission.state in _PUBLISHED:
        path = store.facts.path(life.fact_files([submission])[0])
        if not path.exists():
            found.append(Fault(submission.id, "its published rows are missing"))
        elif (rows := pq.ParquetFile(path).metadata.num_rows) != submission.row_count:
            found.append(Fault(submission.id, f"{rows} rows are published, {submission.row_count} were accepted"))
    return found

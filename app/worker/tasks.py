"""The tasks of the worker: one function each, over the store at a place.

They run in a process of their own (`app.worker.process`) and return what can be pickled. What judges is imported inside
the functions that need it, because the screens import this module too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from etl.comparison import Comparison
from etl.intake import Candidate, Declared
from etl.modes import make_file
from etl.records.thresholds import ThresholdChange
from etl.steps import FilingStep, StepCallback, ignore_step
from etl.store import Store, open_store
from expectations.vocabulary import Finding


@dataclass(frozen=True, slots=True)
class Place:
    """A store's home and the URL of its records."""

    home: Path
    url: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The result of checking a file: its verdict, and how it compares with what was filed before."""

    told: dict[str, Any]
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was sent: where its bytes are, how they are read, and the hash of bytes that are kept."""

    path: Path
    declared: Declared
    file: str
    format: str | None
    sha256: str | None = None


@contextmanager
def _opened(place: Place) -> Iterator[Store]:
    store = open_store(place.home, place.url)
    try:
        yield store
    finally:
        store.engine.dispose()


def process(place: Place, exchange: str | None = None) -> list[str]:
    """Judge all received files, or an exchange's; what we failed on, in sentences."""
    from etl import bounded, jobs

    examine = bounded.examiner_of_process()
    with _opened(place) as store:
        return [str(failure) for failure in jobs.process(store, exchange=exchange, examine=examine)]


def what_if(place: Place, change: ThresholdChange, first_day: date, last_day: date) -> dict[str, Any]:
    """Return what another threshold would change over some days; nothing is recorded."""
    from etl.what_if import what_if_of

    with _opened(place) as store:
        return what_if_of(store, change, first_day, last_day)


def verify_log(place: Place, actor: str) -> dict[str, Any]:
    """Recompute the audit log's chain and verify its signed heads."""
    from etl.log_verification import verify_log

    with _opened(place) as store:
        return verify_log(store, actor).as_record()


def check(place: Place, candidate: Candidate) -> dict[str, Any]:
    """Judge a file without filing it."""
    with _opened(place) as store:
        return _checked(store, candidate, ignore_step)[0]


def _checked(store: Store, candidate: Candidate, on_step: StepCallback) -> tuple[dict[str, Any], Any]:
    """The object of the specification, and the verdict that it tells."""
    from app.objects import checked_record
    from etl import bounded, jobs

    (verdict,) = jobs.check(store, [candidate], on_step=on_step, examine=bounded.examiner_of_process())
    return {**checked_record(candidate, verdict), "file": candidate.name}, verdict


def look(place: Place, candidate: Candidate, steps: Path) -> Preview:
    """Judge a file and compare it with the version before; each step is written to `steps` when it is done."""
    from etl.comparison import compared_draft

    def on_step(step: FilingStep) -> None:
        make_file(steps)
        steps.write_text(step.value, "ascii")

    with _opened(place) as store:
        record, verdict = _checked(store, candidate, on_step)
        found = [(kind, finding) for finding, kind in verdict.findings]
        data = candidate.read()
        return Preview(record, compared_draft(store, candidate.declared, candidate.name, data, found))


def annotate(sent: Sent, found: Sequence[Finding], language: str) -> bytes:
    """Return a file with its findings beside the rows; ValueError where that is not possible."""
    from etl.annotated import annotated_copy
    from etl.coordinates import layout_of
    from etl.evidence import undamaged

    layout, data = layout_of(sent.declared, sent.file, sent.format), sent.path.read_bytes()
    if sent.sha256 is not None:
        undamaged(data, sent.sha256)
    return annotated_copy(data, layout, found, language)


def compare(place: Place, number: str) -> Comparison:
    """Compare a submission with the version before."""
    from etl.comparison import compared

    with _opened(place) as store:
        return compared(store, number)


def prove(rule: str) -> list[dict[str, Any]]:
    """Prove a rule in the format of every exchange; returns its cells of the proof matrix."""
    from app.testbed.proof.matrix import prove as proven
    from etl.exchanges import all_exchanges

    return [asdict(proven(rule, exchange)) for exchange in all_exchanges()]

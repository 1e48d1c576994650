"""Filed files that are read and judged together: each as it came, and as many as fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from etl.examine import Incoming, Past
from etl.intake import Declared
from etl.records.submissions import Submission
from etl.store import Store

WAVE_BYTES = 96 * 2**20
"""Bytes of files read and judged together: a full-size day of all exchanges, and a bound on memory."""

One = TypeVar("One")


def waves(
    files: Iterable[One], bytes_of: Callable[[One], int], *, is_apart: Callable[[One, One], bool] | None = None
) -> Iterator[list[One]]:
    """Files in their order, as many together as `WAVE_BYTES` allow, none with one that it has to be apart from."""
    wave: list[One] = []
    size = 0
    for one in files:
        bytes_ = bytes_of(one)
        is_full = size + bytes_ > WAVE_BYTES
        if wave and (is_full or (is_apart is not None and any(is_apart(one, other) for other in wave))):
            yield wave
            wave, size = [], 0
        wave.append(one)
        size += bytes_
    if wave:
        yield wave


def size_of(submission: Submission) -> int:
    """The bytes that a submission came with."""
    return submission.size_bytes


def incoming_of(store: Store, submission: Submission, past: Past) -> Incoming:
    """A filed file as it came; DamagedEvidenceError or OSError where its bytes are not there."""
    return Incoming(
        submission.id,
        store.evidence.read(submission.sha256),
        Path(submission.file).name,
        Declared(submission.exchange, submission.report, submission.period),
        past,
        submission.received_at,
        submission.given,
    )

"""Work beside the screens: files are read and judged in a process of their own, which lasts as long as the server.

A thread that judges beside the screens makes them ten times slower, and Great Expectations takes seconds to load. The
process is started by the first file, and anew where it has died: what it left is still `received` and is taken up
again after everything else, so that a file which kills the process holds up no other. One that was taken up `TRIES`
times rests for `REST` before it is tried again, and a process that is at one group of files for longer than `PATIENCE`
is ended as if it had died.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from etl.comparison import Comparison
from etl.intake import Candidate, Declared
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.thresholds import Change
from etl.steps import Step, Told, nobody
from etl.store import Store, open_store
from expectations.vocabulary import Finding

TRIES = 3
"""So often a file is taken up in a row."""
REST = timedelta(hours=1)
RESTARTS = 9
"""So often a process that dies is started anew by itself; after that by the next file."""
PATIENCE = timedelta(minutes=15)
"""Longer than the largest group of files takes: a full-size day of all exchanges is read and judged in minutes."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Which store the work is done on: its home, and the address of its records."""

    home: Path
    url: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a file that is not filed is told, and how that stands to what was filed before."""

    told: dict[str, Any]
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was sent: where its bytes lie, and by what it is read."""

    path: Path
    exchange: str
    report: str
    file: str
    format: str | None


class Worker:
    """The one process that reads and judges; safe to be asked from many threads."""

    def __init__(self, place: Place, *, patience: timedelta = PATIENCE) -> None:
        """Work for the store at `place`; no process yet."""
        self._place, self._patience = place, patience
        self._process_id: Future[int] | None = None
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._processing: Future[None] | None = None
        self._asked_again = False
        self._deaths = 0

    def take_up(self) -> None:
        """Have all that is received judged; wishes that come meanwhile are one run more."""
        with self._lock:
            if self._processing is not None and not self._processing.done():
                self._asked_again = True
                return
            self._processing = self._submit(_process, self._place)
            self._processing.add_done_callback(self._processed)
            threading.Thread(target=self._watch, args=(self._processing, self._process_id), daemon=True).start()

    def what_if(self, change: Change, first_day: date, last_day: date) -> Future[dict[str, Any]]:
        """What another threshold would have done in some days; nothing is recorded."""
        with self._lock:
            return self._submit(_what_if, self._place, change, first_day, last_day)

    def verify_log(self, actor: str) -> Future[dict[str, Any]]:
        """Recompute the audit log's chain and verify its signed heads; that it was asked is in the log too."""
        with self._lock:
            return self._submit(_verify_log, self._place, actor)

    def check(self, path: Path, name: str, declared: Declared) -> Future[dict[str, Any]]:
        """What a file would be told if it were filed, without filing it: the object of the specification."""
        with self._lock:
            return self._submit(_check, self._place, path, name, declared)

    def look(self, path: Path, name: str, declared: Declared, steps: Path) -> Future[Look]:
        """As `check`, and beside the version before; each step is written to `steps` when it is done."""
        with self._lock:
            return self._submit(_look, self._place, path, name, declared, steps)

    def annotate(self, sent: Sent, found: Sequence[Finding], language: str) -> Future[bytes]:
        """A file as it was sent, with its findings beside the rows; ValueError where it cannot be had."""
        with self._lock:
            return self._submit(_annotate, sent, found, language)

    def compare(self, number: str) -> Future[Comparison]:
        """A submission beside the version before."""
        with self._lock:
            return self._submit(_compare, self._place, number)

    def close(self) -> None:
        """End the process once what it does is done."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)

    def _submit(self, work: Any, *about: Any) -> Future[Any]:
        """Hand work to the process, to a new one where the last has died."""
        for _ in range(2):
            if self._executor is None:
                self._executor = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
                self._process_id = self._executor.submit(os.getpid)
            try:
                return self._executor.submit(work, *about)
            except BrokenProcessPool:
                self._executor = None
        raise RuntimeError("the process that judges files cannot be started")

    def _processed(self, done: Future[None]) -> None:
        """After a run: tell the log what went wrong, and run again where that was asked meanwhile."""
        error = None if done.cancelled() else done.exception()
        if error is not None:
            _log.error("%s", error)
        died = isinstance(error, BrokenProcessPool)
        with self._lock:
            self._deaths = self._deaths + 1 if died else 0
            again = self._asked_again or 0 < self._deaths < RESTARTS
            self._asked_again = False
        if again:
            self.take_up()

    def _watch(self, run: Future[None], process_id: Future[int] | None) -> None:
        """End the process where it is at the same files for longer than the patience lasts."""
        began = datetime.now(UTC)
        while process_id is not None and wait([run], self._patience.total_seconds()).not_done:
            if _progress_at(self._place, began) + self._patience < datetime.now(UTC):
                _log.error("the process that judges files is ended: it has been at the same files for too long")
                with suppress(ProcessLookupError, BrokenProcessPool):
                    os.kill(process_id.result(), signal.SIGKILL)
                return


def _progress_at(place: Place, began: datetime) -> datetime:
    """When the last files were taken up that have no verdict yet, since the run began; now where there are none."""
    store = open_store(place.home, place.url)
    try:
        with reading(store.engine) as connection:
            tried = life.attempts(connection).values()
        return max((one.last_at for one in tried if one.last_at >= began), default=datetime.now(UTC))
    finally:
        store.engine.dispose()


def _process(place: Place) -> None:
    from etl import jobs

    store = open_store(place.home, place.url)
    try:
        with reading(store.engine) as connection:
            tried = life.attempts(connection)
        since = datetime.now(UTC) - REST
        resting = {number for number, found in tried.items() if found.count >= TRIES and found.last_at > since}
        jobs.process(store, spared=frozenset(resting))
    finally:
        store.engine.dispose()


def _what_if(place: Place, change: Change, first_day: date, last_day: date) -> dict[str, Any]:
    from etl.what_if import what_if_of

    store = open_store(place.home, place.url)
    try:
        return what_if_of(store, change, first_day, last_day)
    finally:
        store.engine.dispose()


def _verify_log(place: Place, actor: str) -> dict[str, Any]:
    from etl.log_verification import verify_log

    store = open_store(place.home, place.url)
    try:
        return verify_log(store, actor).as_record()
    finally:
        store.engine.dispose()


def _check(place: Place, path: Path, name: str, declared: Declared) -> dict[str, Any]:
    store = open_store(place.home, place.url)
    try:
        return _checked(store, path, name, declared, nobody)[0]
    finally:
        store.engine.dispose()


def _checked(store: Store, path: Path, name: str, declared: Declared, told: Told) -> tuple[dict[str, Any], Any]:
    """The object of the specification, and the verdict that it tells."""
    from app.objects import checked_record
    from etl import jobs

    candidate = Candidate(path, declared, name)
    (verdict,) = jobs.check(store, [candidate], told=told)
    return {**checked_record(candidate, verdict), "file": name}, verdict


def _look(place: Place, path: Path, name: str, declared: Declared, steps: Path) -> Look:
    from etl.comparison import compared_draft

    def told(step: Step) -> None:
        steps.write_text(step.value, "ascii")

    store = open_store(place.home, place.url)
    try:
        record, verdict = _checked(store, path, name, declared, told)
        found = [(kind, finding) for finding, kind in verdict.findings]
        return Look(record, compared_draft(store, declared, name, path.read_bytes(), found))
    finally:
        store.engine.dispose()


def _annotate(sent: Sent, found: Sequence[Finding], language: str) -> bytes:
    from etl.annotated import annotated
    from etl.coordinates import layout_of

    layout = layout_of(sent.exchange, sent.report, sent.file, sent.format)
    return annotated(sent.path.read_bytes(), layout, found, language)


def _compare(place: Place, number: str) -> Comparison:
    from etl.comparison import compared

    store = open_store(place.home, place.url)
    try:
        return compared(store, number)
    finally:
        store.engine.dispose()


@cache
def worker_for(place: Place) -> Worker:
    """The one worker of a store, whoever asks: the screens and the HTTP door of a server share it."""
    return Worker(place)


def place_of(store: Store) -> Place:
    """Where a store is, for another process to open it."""
    return Place(store.home, store.engine.url.render_as_string(hide_password=False))


def close_workers(store: Store) -> None:
    """End the process that works for a store, if there is one."""
    worker_for(place_of(store)).close()

"""The worker: a process beside the screens that reads and judges files, as long as the server runs.

A thread that judges in the screens' process makes them ten times slower, and Great Expectations takes seconds to
import. The process starts with the first file, and again where it has died: what it left is still `received` and is
taken up after everything else, so that a file which kills the process delays no other. A file that was taken up
`etl.jobs.TRIES` times is failed, and a process that works on one group of files for longer than `PATIENCE` is
killed. Long work that concerns no file (a proof, a what-if, the whole audit log) runs in a second process, so that no
file waits for it. The tasks are in `app.worker.tasks`.
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
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from app.worker import tasks
from app.worker.tasks import Place, Preview, Sent
from etl.comparison import Comparison
from etl.intake import Candidate
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.thresholds import ThresholdChange
from etl.store import Store, open_store
from expectations.vocabulary import Finding

RESTARTS = 9
"""So often a process that dies is started anew by itself; after that by the next file."""
PATIENCE = timedelta(minutes=15)
"""Longer than the largest group of files takes: a full-size day of all exchanges is read and judged in minutes."""
_log = logging.getLogger(__name__)


class _Process:
    """A process that is started by the first work it is given, and anew where it has died.

    One that works `once` ends with each piece of work, so that its memory is given back; a fresh one takes its place.
    """

    def __init__(self, *, once: bool = False) -> None:
        self._most_works = 1 if once else None
        self._executor: ProcessPoolExecutor | None = None
        self.id: Future[int] | None = None
        """What the system calls it; None before its first work, and of one that works once."""

    def submit(self, work: Any, *about: Any) -> Future[Any]:
        """Hand work to the process, to a new one where the last has died."""
        for _ in range(2):
            if self._executor is None:
                spawned = multiprocessing.get_context("spawn")
                self._executor = ProcessPoolExecutor(1, spawned, max_tasks_per_child=self._most_works)
                self.id = None if self._most_works else self._executor.submit(os.getpid)
            try:
                return self._executor.submit(work, *about)
            except BrokenProcessPool:
                self._executor = None
        raise RuntimeError("the process beside the screens cannot be started")

    def released(self) -> ProcessPoolExecutor | None:
        """What runs, which is not given work any more; None where nothing does."""
        executor, self._executor = self._executor, None
        return executor


class Worker:
    """The process that judges and the one for long work; its methods may be called from any thread."""

    def __init__(self, place: Place, *, patience: timedelta = PATIENCE) -> None:
        """Work for the store at `place`; no process yet."""
        self._place, self._patience = place, patience
        self._lock = threading.Lock()
        self._judging, self._errands = _Process(), _Process(once=True)
        self._processing: Future[list[str]] | None = None
        self._asked_again = False
        self._deaths = 0

    def take_up(self) -> None:
        """Have all that is received judged; wishes that come meanwhile are one run more."""
        with self._lock:
            if self._processing is not None and not self._processing.done():
                self._asked_again = True
                return
            self._processing = self._judging.submit(tasks.process, self._place)
            self._processing.add_done_callback(self._processed)
            threading.Thread(target=self._watch, args=(self._processing, self._judging.id), daemon=True).start()

    def what_if(self, change: ThresholdChange, first_day: date, last_day: date) -> Future[dict[str, Any]]:
        """What another threshold would have done in some days; nothing is recorded."""
        with self._lock:
            return self._errands.submit(tasks.what_if, self._place, change, first_day, last_day)

    def verify_log(self, actor: str) -> Future[dict[str, Any]]:
        """Recompute the audit log's chain and verify its signed heads; that it was asked is in the log too."""
        with self._lock:
            return self._errands.submit(tasks.verify_log, self._place, actor)

    def check(self, candidate: Candidate) -> Future[dict[str, Any]]:
        """What a file would be told if it were filed, without filing it: the object of the specification."""
        with self._lock:
            return self._judging.submit(tasks.check, self._place, candidate)

    def look(self, candidate: Candidate, steps: Path) -> Future[Preview]:
        """As `check`, and beside the version before; each step is written to `steps` when it is done."""
        with self._lock:
            return self._judging.submit(tasks.look, self._place, candidate, steps)

    def annotate(self, sent: Sent, found: Sequence[Finding], language: str) -> Future[bytes]:
        """A file as it was sent, with its findings beside the rows; ValueError where it cannot be had."""
        with self._lock:
            return self._judging.submit(tasks.annotate, sent, found, language)

    def prove(self, rule: str) -> Future[list[dict[str, Any]]]:
        """A rule proven now in the format of every exchange; nothing of it touches the store."""
        with self._lock:
            return self._errands.submit(tasks.prove, rule)

    def compare(self, number: str) -> Future[Comparison]:
        """A submission beside the version before."""
        with self._lock:
            return self._judging.submit(tasks.compare, self._place, number)

    def close(self) -> None:
        """End both processes once what they do is done."""
        with self._lock:
            running = [process.released() for process in (self._judging, self._errands)]
        for executor in running:
            if executor is not None:
                executor.shutdown(wait=True, cancel_futures=True)

    def _processed(self, done: Future[list[str]]) -> None:
        """After a run: tell the log what went wrong, and run again where that was asked meanwhile."""
        error = None if done.cancelled() else done.exception()
        for what in [error] if error is not None else [] if done.cancelled() else done.result():
            _log.error("%s", what)
        died = isinstance(error, BrokenProcessPool)
        with self._lock:
            self._deaths = self._deaths + 1 if died else 0
            again = self._asked_again or 0 < self._deaths < RESTARTS
            self._asked_again = False
        if again:
            self.take_up()

    def _watch(self, run: Future[list[str]], process_id: Future[int] | None) -> None:
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


@cache
def worker_for(place: Place) -> Worker:
    """Return the one worker of a store, which the screens and the API of a server share."""
    return Worker(place)


def address_of_store(store: Store) -> Place:
    """Return where a store is, for another process to open it."""
    return Place(store.home, store.engine.url.render_as_string(hide_password=False))


def close_workers(store: Store) -> None:
    """End the processes that work for a store, if there are any."""
    worker_for(address_of_store(store)).close()

"""The worker: processes beside the screens that read and judge files, as long as the server runs.

A thread that judges in the screens' process makes them ten times slower. Each exchange has a process of its own, with a
queue of its own for files and checks, so that no exchange waits for another's file. One starts with the exchange's
first file, and again where it has died: what it left is still `received` and is taken up after everything else, so that
a file which kills the process delays no other. A file that was taken up `etl.jobs.TRIES` times is failed, and a process
that works on one group of files for longer than `PATIENCE` is killed. Long work that concerns no file (a proof, a
what-if, the whole audit log) runs in a further process, so that no file waits for it. All are forked from one that has
imported what judges, which takes seconds, and end where the server is gone. The tasks are in `app.worker.tasks`.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from app.worker import tasks
from app.worker.tasks import Place, Preview, Sent
from etl.comparison import Comparison
from etl.intake import Candidate
from etl.program import program_version
from etl.records import submissions as life
from etl.records.engine import RecordsUnavailableError, reading
from etl.records.thresholds import ThresholdChange
from etl.store import Store, open_store
from expectations.vocabulary import Finding

RESTARTS = 9
"""So often a process that dies is started anew by itself; after that by the next file."""
PATIENCE = timedelta(minutes=15)
"""Longer than the largest group of files takes: a full-size day of all exchanges is read and judged in minutes."""
_PAUSES_SECONDS = (0, 0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Before each try to start a process."""
_EVERYBODY = ""
"""Whose process does what is no single exchange's: reviews that are left, and comparisons."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["app.worker.preloaded"])
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
        """Hand work to the process, to a new one where the last has died; RuntimeError where none can be started.

        The process that all are forked from may have died with it. Until the system says so, connections to it are
        refused; the next after that starts it anew.
        """
        for pause in _PAUSES_SECONDS:
            time.sleep(pause)
            try:
                if self._executor is None:
                    self._executor = ProcessPoolExecutor(
                        1, _CONTEXT, initializer=_end_with_the_server, max_tasks_per_child=self._most_works
                    )
                    self.id = None if self._most_works else self._executor.submit(os.getpid)
                return self._executor.submit(work, *about)
            except (BrokenProcessPool, OSError, EOFError):
                self._executor = None
        raise RuntimeError("the process beside the screens cannot be started")

    def released(self) -> ProcessPoolExecutor | None:
        """What runs, which is not given work any more; None where nothing does."""
        executor, self._executor = self._executor, None
        return executor


def _end_with_the_server() -> None:
    """End this process as soon as the one that started it is gone, whatever it is doing."""
    server = multiprocessing.parent_process()

    def watch() -> None:
        if server is not None:
            server.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@dataclass(slots=True)
class _Turns:
    """An exchange's place in the queue: its process, and the run over its files that goes on."""

    process: _Process = field(default_factory=_Process)
    run: Future[list[str]] | None = None
    is_asked_again: bool = False
    deaths: int = 0


class Worker:
    """The processes that judge and the one for long work; its methods may be called from any thread."""

    def __init__(self, place: Place, *, patience: timedelta = PATIENCE) -> None:
        """Work for the store at `place`; no process yet."""
        self._place, self._patience = place, patience
        self._lock = threading.Lock()
        self._turns: defaultdict[str, _Turns] = defaultdict(_Turns)
        self._errands = _Process(once=True)

    def take_up(self) -> None:
        """Have all that is received judged, each exchange's by its process; wishes meanwhile are one run more.

        Where nothing is received, what is left to be judged again is.
        """
        for exchange in _waiting(self._place) or [_EVERYBODY]:
            self._take_up(exchange)

    def _take_up(self, exchange: str) -> None:
        with self._lock:
            turns = self._turns[exchange]
            if turns.run is not None and not turns.run.done():
                turns.is_asked_again = True
                return
            turns.run = turns.process.submit(tasks.process, self._place, exchange)
            turns.run.add_done_callback(partial(self._processed, exchange))
            threading.Thread(target=self._watch, args=(exchange, turns.run, turns.process.id), daemon=True).start()

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
            return self._of(candidate.declared.exchange).submit(tasks.check, self._place, candidate)

    def look(self, candidate: Candidate, steps: Path) -> Future[Preview]:
        """As `check`, and beside the version before; each step is written to `steps` when it is done."""
        with self._lock:
            return self._of(candidate.declared.exchange).submit(tasks.look, self._place, candidate, steps)

    def annotate(self, sent: Sent, found: Sequence[Finding], language: str) -> Future[bytes]:
        """A file as it was sent, with its findings beside the rows; ValueError where it cannot be had."""
        with self._lock:
            return self._of(sent.declared.exchange).submit(tasks.annotate, sent, found, language)

    def prove(self, rule: str) -> Future[list[dict[str, Any]]]:
        """A rule proven now in the format of every exchange; nothing of it touches the store."""
        with self._lock:
            return self._errands.submit(tasks.prove, rule)

    def compare(self, number: str) -> Future[Comparison]:
        """A submission beside the version before."""
        with self._lock:
            return self._of(_EVERYBODY).submit(tasks.compare, self._place, number)

    def _of(self, exchange: str) -> _Process:
        return self._turns[exchange].process

    def close(self) -> None:
        """End all processes once what they do is done."""
        with self._lock:
            running = [
                process.released() for process in (*(one.process for one in self._turns.values()), self._errands)
            ]
        for executor in running:
            if executor is not None:
                executor.shutdown(wait=True, cancel_futures=True)

    def _processed(self, exchange: str, done: Future[list[str]]) -> None:
        """After a run: tell the log what went wrong, and run again where that was asked meanwhile."""
        error = None if done.cancelled() else done.exception()
        for what in [error] if error is not None else [] if done.cancelled() else done.result():
            _log.error("%s", what)
        died = isinstance(error, BrokenProcessPool)
        with self._lock:
            turns = self._turns[exchange]
            turns.deaths = turns.deaths + 1 if died else 0
            again = turns.is_asked_again or 0 < turns.deaths < RESTARTS
            turns.is_asked_again = False
        if again:
            self._take_up(exchange)

    def _watch(self, exchange: str, run: Future[list[str]], process_id: Future[int] | None) -> None:
        """End the process where it is at the same files for longer than the patience lasts."""
        began = datetime.now(UTC)
        while process_id is not None and wait([run], self._patience.total_seconds()).not_done:
            if _progress_at(self._place, exchange, began) + self._patience < datetime.now(UTC):
                _log.error("the process that judges files is ended: it has been at the same files for too long")
                with suppress(ProcessLookupError, BrokenProcessPool):
                    os.kill(process_id.result(), signal.SIGKILL)
                return


def _waiting(place: Place) -> list[str]:
    """The exchanges of which something waits: received, or failed on by another version of the program."""
    store = open_store(place.home, place.url, prepared=False)
    try:
        with suppress(RecordsUnavailableError), reading(store.engine) as connection:
            found = [*life.received(connection), *life.failed(connection, other_than=program_version())]
            return list(dict.fromkeys(one.exchange for one in found))
        return []
    finally:
        store.engine.dispose()


def _progress_at(place: Place, exchange: str, began: datetime) -> datetime:
    """When an exchange's last files were taken up that have no verdict yet, since the run began; now without any."""
    store = open_store(place.home, place.url)
    try:
        with reading(store.engine) as connection:
            of_exchange = {one.id for one in life.received(connection) if exchange in (one.exchange, _EVERYBODY)}
            tried = [one for number, one in life.attempts(connection).items() if number in of_exchange]
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

"""The process beside the screens: whatever ends it, every file gets exactly one verdict and holds up no other."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.server.hourly import take_up_again
from app.worker.process import Worker
from app.worker.tasks import Place
from etl import jobs
from etl.exchanges import all_exchanges
from etl.intake import Candidate, declare
from etl.receiving import receive_bytes
from etl.records import log
from etl.records import submissions as life
from etl.records.engine import RecordsUnavailableError, reading, writing
from etl.records.log import EventKind
from etl.records.tables import states, submissions
from etl.store import Store, open_store
from expectations.vocabulary import State
from tests.filing import checks

pytestmark = pytest.mark.slow

LONGEST_SECONDS = 300
NAMES = tuple(f"korbit_surveillance_2026-11-0{day}.csv" for day in range(2, 6))
"""Reports of one wave: no verdict depends on another's."""


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path, database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def others() -> set[int | None]:
    """The processes that earlier tests of this session left running."""
    return {process.pid for process in multiprocessing.active_children()}


@pytest.fixture
def worker(store: Store, database_url: str) -> Iterator[Worker]:
    made = Worker(Place(store.home, database_url), patience=timedelta(seconds=60))
    yield made
    made.close()


def receive(store: Store, name: str, content: str | None = None) -> str:
    text = "none of these" if content is None else content
    return receive_bytes(store, text.encode(), name, declare(name)).submission.id


def until(is_so: Callable[[], object], pause: float = 0.05) -> None:
    end = time.monotonic() + LONGEST_SECONDS
    while not is_so():
        assert time.monotonic() < end, "it never came to this"
        time.sleep(pause)


def tried(store: Store) -> dict[str, int]:
    with reading(store.engine) as connection:
        return {number: found.count for number, found in life.attempts(connection).items()}


def is_judged(store: Store, *numbers: str) -> bool:
    with reading(store.engine) as connection:
        return all(life.is_judged(connection, number) for number in numbers)


def send_to_the_process(what: signal.Signals, others: set[int | None]) -> None:
    """To the one process that the worker under test started."""
    (number,) = (one.pid for one in multiprocessing.active_children() if one.pid not in others)
    assert number
    os.kill(number, what)


def verdicts(store: Store) -> Counter[str]:
    with reading(store.engine) as connection:
        logged = Counter(str(e.subject) for e in log.entries(connection, act=EventKind.VERDICT))
        moved = Counter(connection.execute(select(states.c.submission).where(states.c.sequence > 1)).scalars())
    assert logged == moved
    return logged


def test_files_that_killed_the_process_are_judged_once_and_alone(
    others: set[int | None], store: Store, worker: Worker
) -> None:
    numbers = [receive(store, name) for name in NAMES]
    worker.take_up()
    until(lambda: len(tried(store)) == len(NAMES), 0.01)
    send_to_the_process(signal.SIGKILL, others)
    until(lambda: is_judged(store, *numbers))
    assert verdicts(store) == dict.fromkeys(numbers, 1)
    assert tried(store) == {}


@pytest.mark.slow
def test_a_process_that_stands_still_is_ended_and_its_file_is_judged(
    others: set[int | None], store: Store, database_url: str
) -> None:
    number = receive(store, NAMES[0])
    worker = Worker(Place(store.home, database_url), patience=timedelta(seconds=20))
    worker.take_up()
    until(lambda: tried(store) == {number: 1}, 0.01)
    send_to_the_process(signal.SIGSTOP, others)
    until(lambda: is_judged(store, number))
    worker.close()
    assert verdicts(store) == {number: 1}


def test_no_file_waits_for_a_proof(others: set[int | None], store: Store, worker: Worker) -> None:
    proof = worker.prove("VOL-NEG")
    try:
        send_to_the_process(signal.SIGSTOP, others)
        number = receive(store, NAMES[0])
        worker.take_up()
        until(lambda: is_judged(store, number))
        assert not proof.done()
    finally:
        for process in multiprocessing.active_children():
            os.kill(process.pid or 0, signal.SIGCONT)
    assert {cell["exchange"] for cell in proof.result(LONGEST_SECONDS)} == set(all_exchanges())


def test_no_exchange_waits_for_anothers_file(others: set[int | None], store: Store, worker: Worker) -> None:
    slow = receive(store, NAMES[0])
    worker.take_up()
    until(lambda: tried(store) == {slow: 1} or is_judged(store, slow), 0.001)
    send_to_the_process(signal.SIGSTOP, others)
    waiting = receive(store, NAMES[1])
    other = "upbit_halts_2026-11-02.json"
    path = store.home / other
    path.write_text("[]")
    quick = receive(store, other, "[]")
    try:
        worker.take_up()
        checked = worker.check(Candidate(path, declare(other), other))
        until(lambda: is_judged(store, quick))
        assert checked.result(LONGEST_SECONDS)["state"] == "accepted"
        assert not is_judged(store, waiting)
    finally:
        for process in multiprocessing.active_children():
            os.kill(process.pid or 0, signal.SIGCONT)
    until(lambda: is_judged(store, slow, waiting))


def test_leftovers_are_taken_up_at_start_without_tokens(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app import main

    number = receive(store, NAMES[0])
    made = Worker(Place(store.home, database_url))
    monkeypatch.setattr(main, "store", lambda: store)
    monkeypatch.setattr(main, "_worker", lambda: made)
    main._begin_work()
    until(lambda: is_judged(store, number))
    made.close()


def test_what_nobody_asks_for_is_taken_up_by_the_clock(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the records were not to be had the first time, and where the first try failed."""
    from app import main

    made = Worker(Place(store.home, database_url))
    monkeypatch.setattr(main, "store", lambda: store)
    monkeypatch.setattr(main, "_worker", lambda: made)
    errors = iter([RecordsUnavailableError("gone"), RuntimeError("not started")])

    def take_up() -> None:
        for error in errors:
            raise error
        main._take_up_what_waits()

    async def until_judged() -> None:
        number = receive(store, NAMES[0])
        retrying = asyncio.create_task(take_up_again(take_up, 0.05))
        await asyncio.to_thread(until, lambda: is_judged(store, number))
        retrying.cancel()

    asyncio.run(until_judged())
    made.close()


def test_where_all_processes_are_killed_others_take_their_place(store: Store, database_url: str) -> None:
    """The one that all are forked from among them: until it is known to be gone it refuses connections."""
    code = (
        "import sys; from pathlib import Path; from app.worker import process, tasks\n"
        "worker = process.Worker(tasks.Place(Path(sys.argv[1]), sys.argv[2]))\n"
        "for line in sys.stdin: worker.take_up()"
    )
    words = [sys.executable, "-c", code, str(store.home), database_url]
    with subprocess.Popen(words, stdin=subprocess.PIPE, text=True, bufsize=1, stderr=subprocess.DEVNULL) as server:
        assert server.stdin
        for name in NAMES:
            number = receive(store, name)
            server.stdin.write("\n")
            until(lambda n=number: n in tried(store) or is_judged(store, n), 0.001)
            for process in descendants_of(server.pid):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            until(lambda n=number: is_judged(store, n))
        server.kill()


def ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_server_that_is_killed_leaves_no_process_behind(store: Store, database_url: str) -> None:
    names = [NAMES[0], "upbit_halts_2026-11-02.json"]
    numbers = [receive(store, name) for name in names]
    code = (
        "import sys, time; from pathlib import Path; from app.worker import process, tasks\n"
        "process.Worker(tasks.Place(Path(sys.argv[1]), sys.argv[2])).take_up(); time.sleep(600)"
    )
    server = subprocess.Popen([sys.executable, "-c", code, str(store.home), database_url])
    until(lambda: is_judged(store, *numbers))
    family = descendants_of(server.pid)
    server.kill()
    server.wait()
    assert len(family) > len(names)
    until(lambda: all(map(ended, family)))


def descendants_of(process: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants_of(child)]
    return found


def took_up(store: Store, number: str, times: int) -> None:
    with writing(store.engine) as connection:
        changed = {"attempts": times, "attempted_at": datetime.now(UTC)}
        connection.execute(update(submissions).where(submissions.c.id == number).values(**changed))


def test_a_file_that_was_taken_up_too_often_is_failed_and_the_others_are_judged(store: Store, worker: Worker) -> None:
    stuck, other = (receive(store, name) for name in NAMES[:2])
    took_up(store, stuck, jobs.TRIES)
    worker.take_up()
    until(lambda: is_judged(store, stuck, other))
    with reading(store.engine) as connection:
        (failed,) = life.failed(connection)
        assert [e.subject for e in log.entries(connection, act=EventKind.VERDICT)] == [other]
        assert [e.subject for e in log.entries(connection, act=EventKind.FAILURE)] == [stuck]
    assert (failed.id, tried(store)) == (stuck, {})
    jobs.retry(store.engine, stuck, actor="somebody")
    worker.take_up()
    until(lambda: is_judged(store, stuck))
    with reading(store.engine) as connection:
        assert life.failed(connection) == []


def order_of(store: Store) -> list[str]:
    with reading(store.engine) as connection:
        return [str(e.subject) for e in reversed(log.entries(connection, act=EventKind.VERDICT))]


def test_what_was_taken_up_before_comes_last_and_what_depends_on_it_after_it(store: Store) -> None:
    twice, once, plain = (receive(store, f"korbit_reconciliation_2026-11-0{day}.csv", "x") for day in (2, 3, 4))
    correction = receive(store, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02"))
    took_up(store, twice, 2)
    took_up(store, once, 1)
    jobs.process(store)
    assert order_of(store) == [plain, once, twice, correction]
    with reading(store.engine) as connection:
        assert life.by_id(connection, correction).state is State.ACCEPTED


def test_a_corrected_file_never_comes_into_force_over_its_correction(store: Store) -> None:
    first = receive(store, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02"))
    second = receive(store, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02", wallet="1.7"))
    took_up(store, first, 1)
    jobs.process(store)
    with reading(store.engine) as connection:
        assert life.by_id(connection, first).superseded_by == second
        assert life.by_id(connection, second).state is State.ACCEPTED

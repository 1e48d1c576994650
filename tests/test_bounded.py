"""Reading and judging happens in a process that is held to bounds; beyond one only the file that went is refused."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from etl import bounded, jobs
from etl.bounded import Examiner, ProcessEndedError, examine_here
from etl.bounds import Bounds
from etl.examine import Incoming, Past, Reading, read_one
from etl.intake import Candidate, Declared, declare
from etl.records import submissions as life
from etl.records.engine import reading
from etl.steps import FilingStep, ignore_step
from etl.store import Store, open_store
from expectations.judge import RuleCrashedError
from expectations.vocabulary import State
from tests.filing import MORNING, checks
from tests.golden.filing import PAIRS, file_name, native_file, period_of

pytestmark = pytest.mark.slow

MiB = 2**20
FEW = Bounds(cpu_seconds=2, wall_seconds=60, memory_bytes=1024 * MiB)
BAD = "bad"
"""The number of the file that a test makes misbehave."""


def incoming(number: str, exchange: str = "korbit", report: str = "halts", data: bytes | None = None) -> Incoming:
    content = native_file(exchange, report) if data is None else data
    declared = Declared(exchange, report, period_of(report))
    return Incoming(number, content, file_name(exchange, report), declared, Past())


def misbehaves(monkeypatch: pytest.MonkeyPatch, how: Callable[[], object], *, only: str = BAD) -> None:
    """Reading the bad file does something else; in every process that is forked from now on."""

    def read(file: Incoming, *more: Any) -> Reading:
        if file.id == only:
            how()
        return read_one(file, *more)

    monkeypatch.setattr(bounded, "read_one", read)


def forever() -> None:
    while True:
        pass


def greedy() -> None:
    kept = []
    while True:
        kept.append(bytearray(64 * MiB))


@pytest.mark.parametrize(
    ("how", "held_to", "reason", "found"),
    [
        (forever, Bounds(1, 60, 2048 * MiB), "too_much_cpu", "> 1 s"),
        (lambda: time.sleep(600), Bounds(60, 1, 2048 * MiB), "too_long_at_work", "> 1 s"),
        (greedy, Bounds(60, 60, 512 * MiB), "too_much_memory", f"> {512 * MiB} B"),
    ],
    ids=["processor", "clock", "memory"],
)
def test_a_file_that_goes_beyond_a_bound_is_refused_and_the_others_are_judged(
    monkeypatch: pytest.MonkeyPatch, how: Callable[[], object], held_to: Bounds, reason: str, found: str
) -> None:
    misbehaves(monkeypatch, how)
    files = [incoming("one"), incoming(BAD), incoming("other", "upbit")]
    with Examiner(held_to) as examine:
        verdicts = examine(files, ignore_step)
    assert {number: one.state for number, one in verdicts.items()} == {
        "one": State.ACCEPTED,
        BAD: State.REJECTED,
        "other": State.ACCEPTED,
    }
    ((finding, _),) = verdicts[BAD].findings
    assert (finding.rule, finding.reason, finding.found) == ("SUB-008", reason, found)


def test_secrets_of_a_file_that_went_beyond_a_bound_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    misbehaves(monkeypatch, forever)
    data = native_file("korbit", "halts") + b"010-1234-5678\r\n"
    with Examiner(Bounds(1, 60, 2048 * MiB)) as examine:
        verdict = examine([incoming(BAD, data=data)], ignore_step)[BAD]
    assert {finding.rule for finding, _ in verdict.findings} == {"SUB-007", "SUB-008"}
    assert verdict.holds_secrets


@pytest.mark.parametrize("times", [1, 2])
def test_a_process_that_somebody_ends_is_started_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, times: int
) -> None:
    def die() -> None:
        with (tmp_path / "tries").open("a") as tries:
            tries.write("x")
        if (tmp_path / "tries").stat().st_size <= times:
            os.kill(os.getpid(), signal.SIGKILL)

    misbehaves(monkeypatch, die)
    with Examiner(FEW) as examine:
        assert examine([incoming(BAD)], ignore_step)[BAD].state is State.ACCEPTED


def test_a_process_that_ends_each_time_is_our_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    misbehaves(monkeypatch, lambda: os._exit(3))
    with Examiner(FEW) as examine, pytest.raises(ProcessEndedError, match="status 3"):
        examine([incoming(BAD)], ignore_step)


def test_where_the_process_that_waits_is_ended_another_takes_its_place() -> None:
    with Examiner(FEW) as examine:
        os.kill(examine._process, signal.SIGKILL)
        assert examine([incoming("one")], ignore_step)["one"].state is State.ACCEPTED


@pytest.mark.parametrize("error", [ZeroDivisionError("what"), RuleCrashedError(["HLT-001"], "crashed")])
def test_what_judging_raises_is_raised_with_where_it_was(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail() -> None:
        raise error

    misbehaves(monkeypatch, fail)
    with Examiner(FEW) as examine:
        with pytest.raises((type(error), RuntimeError)) as raised:
            examine([incoming(BAD)], ignore_step)
        assert examine([incoming("one")], ignore_step)["one"].state is State.ACCEPTED
    assert "in fail" in "".join(raised.value.__notes__)


def test_steps_are_told_as_they_are_done() -> None:
    steps: list[FilingStep] = []
    with Examiner(FEW) as examine:
        examine([incoming("one")], steps.append)
    assert steps == [FilingStep.OPENED, FilingStep.READ]


def test_its_verdicts_are_those_of_one_process() -> None:
    files = [incoming(f"{exchange} {report}", exchange, report) for exchange, report in PAIRS]
    files += [incoming(f"{one.id} cut", one.declared.exchange, one.declared.report, one.data[:-40]) for one in files]
    with Examiner() as examine:
        assert examine(files, ignore_step) == examine_here(files)


# ------------------------------------------------------------------------------------------ the whole way


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def test_a_file_beyond_a_bound_is_rejected_and_stops_no_other(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"korbit_reconciliation_2026-11-0{day}.csv" for day in (1, 2)]
    for name in names:
        (tmp_path / name).write_text(checks(name[-14:-4]))
    reads = read_one

    def read(file: Incoming, *more: Any) -> Reading:
        if file.name == names[1]:
            forever()
        return reads(file, *more)

    monkeypatch.setattr(bounded, "read_one", read)
    files = [Candidate(tmp_path / name, declare(name)) for name in names]
    with Examiner(Bounds(1, 60, 2048 * MiB)) as examine:
        checked = jobs.check(store, files, received_at=MORNING, examine=examine)
        filed = jobs.ingest(store, files, received_at=MORNING, examine=examine)
    states = [State.ACCEPTED, State.REJECTED]
    assert [one.state for one in checked] == [one.receipt.submission.state for one in filed] == states
    assert [(finding.rule, finding.reason) for _, finding in filed[1].findings] == [("SUB-008", "too_much_cpu")]
    with reading(store.engine) as connection:
        assert life.attempts(connection) == {}


def ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def children_of(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [number for child in map(int, found) for number in (child, *children_of(child))]


@pytest.mark.slow
def test_nothing_goes_on_where_the_command_is_killed(tmp_path: Path) -> None:
    code = (
        "import time; from etl import bounded; from tests.test_bounded import incoming\n"
        "bounded.read_one = lambda *_: time.sleep(600)\n"
        "with bounded.Examiner() as examine: print('x', flush=True); examine([incoming('one')])"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    while len(found := children_of(process.pid)) < 2:
        assert process.poll() is None, "the command ended before it was killed"
        time.sleep(0.05)
    process.kill()
    process.wait()
    process.stdout.close()
    end = time.monotonic() + 60
    while not all(map(ended, found)):
        assert time.monotonic() < end, "a process goes on"
        time.sleep(0.05)

"""Files are read and judged in a process of their own, which ends where it takes more than it may (`etl.bounds`).

An `Examiner` forks a process once, before anything else has begun, in which all that judges is imported. That one
forks again for each group of files: the child is held by limits of the system, reads and judges, and sends back its
verdicts. Where a group goes beyond a bound, each of its files has a child of its own; a file whose own child does is
refused by SUB-008, which says the bound. A child that ends otherwise is our trouble: it is tried again, then an
incident. Both processes end with the one that asked, because they notice that its end of the pipe is closed.
"""

from __future__ import annotations

import gc
import os
import pickle
import resource
import select
import signal
import struct
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from etl.bounds import Bounds, bounds
from etl.examine import Incoming, Verdict, decide, read_one, refused, refused_unread
from etl.steps import FilingStep, StepCallback, ignore_step
from expectations.vocabulary import Finding

Examine = Callable[[Sequence[Incoming], StepCallback], dict[str, Verdict]]
"""Reads and judges files together; told after each step of each file."""

_HEAD = struct.Struct("!cQ")
"""A message: of what kind, and how many bytes follow."""
_TASK, _STEP, _DONE, _RAISED, _ENDED = b"T", b"S", b"D", b"R", b"E"
_AT_ONCE = 2**20
_TIMES = 3
"""So often a child is tried that ends without having gone beyond a bound."""
_GRACE_SECONDS = 5
_STATUS = Path("/proc/self/status")


class ProcessEndedError(RuntimeError):
    """The process that judges ended, each time that it was at one file."""


class Beyond(StrEnum):
    """A bound that a child went beyond, by the reason of SUB-008."""

    CPU = "too_much_cpu"
    WALL = "too_long_at_work"
    MEMORY = "too_much_memory"


@dataclass(frozen=True, slots=True)
class _Task:
    """What a child is to do: judge files, or refuse one for what was found of it."""

    files: tuple[Incoming, ...]
    finding: Finding | None = None


class _BeyondError(Exception):
    """A child went beyond a bound."""

    def __init__(self, bound: Beyond) -> None:
        super().__init__(bound.value)
        self.bound = bound


def examine_here(files: Sequence[Incoming], on_step: StepCallback = ignore_step) -> dict[str, Verdict]:
    """Read and judge files in this process, without the bounds of a process."""
    return decide([read_one(one, on_step) for one in files])


class Examiner:
    """Reads and judges files in processes of their own; one at a time. It is to be closed."""

    def __init__(self, held_to: Bounds | None = None) -> None:
        """Fork the process that waits; where threads run already they must hold no lock at that moment."""
        self._bounds = held_to or bounds()
        self._start()

    def _start(self) -> None:
        ours, theirs = os.pipe(), os.pipe()
        self._process = os.fork()
        if not self._process:
            os.close(ours[1])
            os.close(theirs[0])
            _wait_for_tasks(ours[0], theirs[1], self._bounds)
        os.close(ours[0])
        os.close(theirs[1])
        self._out, self._in = ours[1], theirs[0]

    def __call__(self, files: Sequence[Incoming], on_step: StepCallback = ignore_step) -> dict[str, Verdict]:
        """The verdict on each file by its id; raises what judging raises, and ProcessEndedError."""
        try:
            return self._done(_Task(tuple(files)), on_step)
        except (_BeyondError, ProcessEndedError) as error:
            if len(files) > 1:
                return {number: verdict for one in files for number, verdict in self([one], on_step).items()}
            if isinstance(error, ProcessEndedError):
                raise
            return self._refused(files[0], error.bound)

    def close(self) -> None:
        """End the process that waits."""
        for end in (self._out, self._in):
            with suppress(OSError):
                os.close(end)
        with suppress(ChildProcessError, ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)

    def __enter__(self) -> Examiner:
        """Return the examiner itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _refused(self, file: Incoming, bound: Beyond) -> dict[str, Verdict]:
        """The verdict on a file that went beyond a bound; secrets in its bytes are looked for as far as that ends."""
        finding = told_of(bound, self._bounds)
        try:
            return self._done(_Task((file,), finding), ignore_step)
        except (_BeyondError, ProcessEndedError):
            return decide([refused(file, (finding,))])

    def _done(self, task: _Task, on_step: StepCallback) -> dict[str, Verdict]:
        for time_ in range(_TIMES):
            try:
                return self._done_once(task, on_step)
            except ProcessEndedError:
                if time_ == _TIMES - 1:
                    raise
        raise AssertionError

    def _done_once(self, task: _Task, on_step: StepCallback) -> dict[str, Verdict]:
        try:
            _send(self._out, _TASK, pickle.dumps(task, pickle.HIGHEST_PROTOCOL))
            while True:
                kind, body = _received(self._in)
                match kind:
                    case b"S":
                        on_step(FilingStep(body.decode()))
                    case b"D":
                        verdicts: dict[str, Verdict] = pickle.loads(body)
                        return verdicts
                    case b"R":
                        raise _error_of(body)
                    case _:
                        _raise_ended(body.decode())
        except (BrokenPipeError, EOFError) as error:
            self.close()
            self._start()
            raise ProcessEndedError("the process that waits for files ended") from error


@contextmanager
def examiner() -> Iterator[Examine]:
    """An examiner for as long as a command works; forked at once, before the command opens anything."""
    with Examiner() as examine:
        yield examine


@cache
def examiner_of_process() -> Examine:
    """The examiner of this process, for as long as it runs."""
    return Examiner()


def told_of(bound: Beyond, held_to: Bounds) -> Finding:
    """SUB-008 of a bound that a file went beyond."""
    unit, most = {
        Beyond.CPU: ("s", held_to.cpu_seconds),
        Beyond.WALL: ("s", held_to.wall_seconds),
        Beyond.MEMORY: ("B", held_to.memory_bytes),
    }[bound]
    return Finding("SUB-008", found=f"> {most} {unit}", expected=f"≤ {most} {unit}", reason=bound.value)


def _raise_ended(how: str) -> NoReturn:
    if how in set(Beyond):
        raise _BeyondError(Beyond(how))
    raise ProcessEndedError(f"the process that judges ended ({how}) while it was at these files")


def _error_of(body: bytes) -> Exception:
    """What a child raised, with where it did."""
    text, pickled = pickle.loads(body)
    try:
        sent = pickle.loads(pickled)
    except Exception:  # an exception of a library that cannot be made anew
        sent = None
    error = sent if isinstance(sent, Exception) else RuntimeError(text.strip().rpartition("\n")[2])
    error.add_note(text)
    return error


# ----------------------------------------------------------------------------------- the process that waits


def _wait_for_tasks(tasks: int, answers: int, held_to: Bounds) -> NoReturn:
    """Fork a child for each task until the other end of the pipe is closed; never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gc.collect()
        gc.freeze()
        while True:
            kind, body = _received(tasks)
            if kind != _TASK:
                break
            _have_done(body, tasks, answers, held_to)
            del body
    except (EOFError, OSError):
        pass
    finally:
        os._exit(0)


def _have_done(body: bytes, tasks: int, answers: int, held_to: Bounds) -> None:
    """Have a child do a task: its steps go on at once, its verdicts when it has ended."""
    from_child, to_parent = os.pipe()
    child = os.fork()
    if not child:
        os.close(from_child)
        os.close(tasks)
        os.close(answers)
        _do(body, to_parent, held_to)
    os.close(to_parent)
    until = time.monotonic() + held_to.wall_seconds
    is_late = False
    messages: list[tuple[bytes, bytes]] = []
    buffer = bytearray()
    while True:
        ready, _, _ = select.select([from_child, tasks], [], [], max(0.0, until - time.monotonic()))
        if tasks in ready or not ready:  # nobody waits any more, or it took too long
            is_late = not ready
            os.kill(child, signal.SIGKILL)
            if not is_late:
                os._exit(0)
            break
        data = os.read(from_child, _AT_ONCE)
        if not data:
            break
        buffer += data
        for kind, content in _messages_in(buffer):
            if kind == _STEP:
                _send(answers, kind, content)
            else:
                messages.append((kind, content))
    os.close(from_child)
    _, status, used = os.wait4(child, 0)
    if messages and not is_late:
        _send(answers, *messages[-1])
    else:
        _send(answers, _ENDED, _how(status, used, held_to, is_late=is_late).encode())


def _how(status: int, used: Any, held_to: Bounds, *, is_late: bool) -> str:
    """How a child ended: beyond which bound, or by which signal or status."""
    if is_late:
        return Beyond.WALL.value
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU or used.ru_utime + used.ru_stime >= held_to.cpu_seconds:
            return Beyond.CPU.value
        # A library that is refused memory may give up in its own way.
        if number in (signal.SIGABRT, signal.SIGSEGV) and used.ru_maxrss * 1024 > held_to.memory_bytes // 2:
            return Beyond.MEMORY.value
        return signal.Signals(number).name
    return f"status {os.WEXITSTATUS(status)}"


# --------------------------------------------------------------------------------------------------- the child


def _do(body: bytes, answers: int, held_to: Bounds) -> NoReturn:
    """Do a task within its bounds and end; never returns."""
    try:
        _be_held(held_to)
        task: _Task = pickle.loads(body)
        del body
        kind, content = _answer(task, lambda step: _send(answers, _STEP, step.value.encode()))
        _send(answers, kind, content)
    finally:
        os._exit(0)


def _answer(task: _Task, on_step: StepCallback) -> tuple[bytes, bytes]:
    try:
        if task.finding is None:
            verdicts = examine_here(task.files, on_step)
        else:
            verdicts = decide([refused_unread(one, task.finding) for one in task.files])
        return _DONE, pickle.dumps(verdicts, pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return _ENDED, Beyond.MEMORY.value.encode()
    except Exception as error:
        if _is_out_of_memory(error):
            return _ENDED, Beyond.MEMORY.value.encode()
        text = "".join(traceback.format_exception(error))
        try:
            pickled = pickle.dumps(error)
        except Exception:  # an exception that holds what cannot be sent is told by its text
            pickled = b""
        return _RAISED, pickle.dumps((text, pickled))


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an exception, or what led to it, is a library's for memory that it was refused."""
    while error is not None:
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
            return True
        error = error.__cause__ or error.__context__
    return False


def _be_held(held_to: Bounds) -> None:
    """Take the limits upon this process, beside what it has already; also those of the clock, should nobody watch."""
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(held_to.wall_seconds + _GRACE_SECONDS)
    _limit(resource.RLIMIT_CPU, held_to.cpu_seconds, held_to.cpu_seconds + _GRACE_SECONDS)
    _limit(resource.RLIMIT_CORE, 0, 0)
    memory = _memory_in_use() + held_to.memory_bytes
    _limit(resource.RLIMIT_DATA, memory, memory)


def _limit(what: int, soft: int, hard: int) -> None:
    """A limit of the system, never above the one that is in force."""
    _, most = resource.getrlimit(what)
    bound = hard if most == resource.RLIM_INFINITY else min(hard, most)
    with suppress(ValueError, OSError):
        resource.setrlimit(what, (min(soft, bound), bound))


def _memory_in_use() -> int:
    """Bytes that this process has of its own, as the limit counts them."""
    try:
        fields = dict(line.split(":", 1) for line in _STATUS.read_text("ascii").splitlines())
        return int(fields["VmData"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return 0


# ---------------------------------------------------------------------------------------------------- messages


def _send(end: int, kind: bytes, body: bytes) -> None:
    for part in (_HEAD.pack(kind, len(body)), body):
        left = memoryview(part)
        while left:
            left = left[os.write(end, left[:_AT_ONCE]) :]


def _received(end: int) -> tuple[bytes, bytes]:
    """The next message; EOFError where the other end is closed."""
    kind, size = _HEAD.unpack(_exactly(end, _HEAD.size))
    return kind, bytes(_exactly(end, size))


def _exactly(end: int, size: int) -> bytearray:
    data = bytearray()
    while len(data) < size:
        part = os.read(end, min(_AT_ONCE, size - len(data)))
        if not part:
            raise EOFError
        data += part
    return data


def _messages_in(buffer: bytearray) -> list[tuple[bytes, bytes]]:
    """The whole messages at the beginning of a buffer, which are taken out of it."""
    found = []
    while len(buffer) >= _HEAD.size:
        kind, size = _HEAD.unpack_from(buffer)
        if len(buffer) < _HEAD.size + size:
            break
        found.append((kind, bytes(buffer[_HEAD.size : _HEAD.size + size])))
        del buffer[: _HEAD.size + size]
    return found

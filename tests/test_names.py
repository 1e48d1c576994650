"""Names and paths in any bytes: filed with the name shown escaped, or passed over by name; no other file is stopped."""

import inspect
import io
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from etl import jobs
from etl.evidence import DamagedEvidenceError
from etl.facts import DamagedRowsError, FactFile
from etl.intake import (
    NOTHING_GIVEN,
    SIDE_ENDINGS,
    Candidate,
    NotAFilingError,
    declare,
    find,
    given_beside,
    most_read,
    shown,
)
from etl.plain_files import NotPlainError, TooLargeError
from etl.store import open_store
from tests.filing import checks, halts

GOOD = "korbit_reconciliation_2026-11-02.csv"
NIL = "korbit_halts_2026-11-02.csv"
FOLDERS = {
    "CP949": b"11\xbf\xf9 \xba\xb8\xb0\xed",
    "latin-1": b"caf\xe9",
    "broken UTF-8": b"\xed\xa0\x80\xff",
    "line break": b"two\nlines\r",
    "control characters": b"\x01\x1b[31mred\x7f",
    "turned writing": "‮gpj.txt".encode(),
    "leading dash": b"--json",
    "looks like a file": b"korbit_halts_2026-11-03.csv",
    "255 bytes": b"x" * 255,
    "wide": "보고서📄".encode(),
    "quotes": b"a\"b'c`$(x)",
    "backslash": b"a\\b",
    "spaces": b" a  b ",
}

Daxa = Callable[..., tuple[int, bytes, str]]
"""The command: (status, standard output as bytes, standard error)."""


@pytest.fixture
def daxa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Daxa:
    """The command over a home of its own: (status, standard output as bytes, standard error); `encoding` is both's."""
    monkeypatch.setenv("DAXA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str, encoding: str = "utf-8") -> tuple[int, bytes, str]:
        streams = [io.TextIOWrapper(io.BytesIO(), encoding, errors="strict", write_through=True) for _ in range(2)]
        with monkeypatch.context() as patched, pytest.raises(SystemExit) as ended:
            patched.setattr(sys, "argv", ["daxa", *words])
            patched.setattr(sys, "stdout", streams[0])
            patched.setattr(sys, "stderr", streams[1])
            main()
        assert isinstance(ended.value.code, int)
        for stream in streams:
            stream.seek(0)
        return ended.value.code, streams[0].buffer.read(), streams[1].buffer.read().decode(encoding)

    return run


def objects(out: bytes) -> list[Any]:
    return [json.loads(line) for line in out.decode("utf-8").splitlines()]


def test_what_can_be_shown_is_shown_and_all_else_is_escaped() -> None:
    assert shown(Path("inbox/보고서 2026.csv")) == "inbox/보고서 2026.csv"
    assert shown(os.fsdecode(b"11\xbf\xf9/a.csv")) == "11\\xbf\\xf9/a.csv"
    assert shown("a\nb\t\x1b\x7f‮\x00") == "a\\nb\\t\\x1b\\x7f\\u202e\\x00"
    assert shown("\ud800") == "\\ud800"
    for code in (*range(0x3000), *range(0xD700, 0xE100), *range(0x1F600, 0x1F700)):
        text = shown(chr(code))
        assert text.isprintable()
        assert text.encode("utf-8")


def test_files_in_folders_of_any_name_are_seen_and_filed_alike(daxa: Daxa, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for day, name in enumerate(FOLDERS.values(), 1):
        folder = inbox / os.fsdecode(name)
        folder.mkdir()
        (folder / f"korbit_halts_2026-10-{day:02}.csv").write_text(halts())
    (inbox / GOOD).write_text(checks("2026-11-02"))
    # The names that no screen can show, and a locale that knows ASCII alone.
    for encoding in ("utf-8", "ascii", "cp949"):
        status, out, _ = daxa("check", "--json", str(inbox), encoding=encoding)
        assert status == 0
        checked = objects(out)
        assert len(checked) == len(FOLDERS) + 1
    status, out, _ = daxa("ingest", "--json", str(inbox))
    assert status == 0
    filed = objects(out)
    assert [one["file"] for one in filed] == [one["file"] for one in checked]
    assert {one["state"] for one in filed} == {"accepted"}
    assert all(one["file"].isprintable() for one in filed)
    assert sum(r"11\xbf\xf9 \xba\xb8\xb0\xed" in one["file"] for one in filed) == 1
    status, out, _ = daxa("submissions", "--json")
    assert {one["file"] for one in objects(out)} == {one["file"] for one in filed}
    # The tables for people end well too, whatever the terminal can write.
    for words in (("ingest", str(inbox)), ("check", str(inbox)), ("submissions",), ("findings",)):
        status, _, error = daxa(*words, encoding="ascii")
        assert (status, error) == (0, "")


def test_a_path_like_an_option_and_one_in_cp949_can_be_given_by_themselves(daxa: Daxa, tmp_path: Path) -> None:
    for number, name in enumerate((b"-inbox", b"\xba\xb8\xb0\xed"), 2):
        path = tmp_path / os.fsdecode(name) / f"korbit_halts_2026-11-{number:02}.csv"
        path.parent.mkdir()
        path.write_text(halts())
        status, out, _ = daxa("ingest", "--json", "--", str(path))
        assert (status, objects(out)[0]["state"]) == (0, "accepted")


def found(folder: Path) -> tuple[list[str], list[str]]:
    """What would be filed and what is passed over."""
    every = list(find([folder]))
    return (
        [one.shown_path for one in every if isinstance(one, Candidate)],
        [str(one) for one in every if isinstance(one, NotAFilingError)],
    )


def test_what_cannot_be_filed_is_passed_over_by_name_and_stops_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / GOOD).write_text(checks("2026-11-02"))
    inner = tmp_path / "korbit_halts_2026-11-02.csv"
    inner.mkdir()
    (inner / NIL).write_text(halts())
    os.mkfifo(tmp_path / "korbit_halts_2026-11-03.csv")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "korbit_halts_2026-11-04.csv"))
    (tmp_path / "korbit_halts_2026-11-05.csv").symlink_to("korbit_halts_2026-11-05.csv")
    (tmp_path / "korbit_halts_2026-11-06.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "korbit_halts_2026-11-07.csv").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "korbit_halts_2026-11-08.csv").symlink_to(inner / NIL)
    (tmp_path / "notes.txt").write_text("x")
    filed, passed = found(tmp_path)
    linked = str(tmp_path / "korbit_halts_2026-11-08.csv")
    assert filed == [str(inner / NIL), str(tmp_path / GOOD)]
    for day in ("03", "04", "05", "06", "08"):
        (said,) = [one for one in passed if f"korbit_halts_2026-11-{day}.csv" in one]
        assert ("no file that can be read" in said) == (day in ("03", "04"))
        assert ("links are not followed" in said) == (day not in ("03", "04"))
    assert [str(one) for one in find([Path(linked)])] == [f"{linked}: links are not followed; give the file itself"]
    assert sum("give the folder itself" in one for one in passed) == 1
    assert [one for one in passed if "loop" in one and "does not say what it is" in one]
    assert [one for one in passed if one.startswith(str(tmp_path / "notes.txt"))]
    assert len(passed) == 8


def test_a_file_is_looked_at_by_its_size_before_it_is_read(tmp_path: Path) -> None:
    most = most_read()
    (tmp_path / NIL).write_bytes(b"")
    os.truncate(tmp_path / NIL, most + 1)  # takes no room
    filed, passed = found(tmp_path)
    assert filed == [] and len(passed) == 1 and f"{most + 1:,} bytes" in passed[0]
    os.truncate(tmp_path / NIL, 0)
    (candidate,) = [one for one in find([tmp_path]) if isinstance(one, Candidate)]
    os.truncate(tmp_path / NIL, 2**40)  # since it was found
    with pytest.raises(TooLargeError):
        candidate.read()


def replaced_by_link(path: Path) -> None:
    (path.parent / "other").write_text("secret")
    path.symlink_to(path.parent / "other")


def replaced_by_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))  # its name may only be short


@pytest.mark.parametrize("replaced", [replaced_by_link, replaced_by_socket, os.mkfifo, Path.mkdir])
def test_what_takes_the_place_of_a_file_after_it_was_found_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaced: Callable[[Path], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / NIL).write_text(halts())
    candidates = [one for one in find([tmp_path]) if isinstance(one, Candidate)]
    (tmp_path / NIL).unlink()
    replaced(tmp_path / NIL)
    gone: list[OSError] = []
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'r.sqlite'}")
    assert jobs.ingest(store, candidates, passed_over=lambda one, error: gone.append(error)) == []
    assert [type(error) for error in gone] == [NotPlainError]
    store.engine.dispose()


@pytest.mark.parametrize("replaced", [replaced_by_link, os.mkfifo])
def test_a_side_file_is_no_link_and_no_pipe(tmp_path: Path, replaced: Callable[[Path], None]) -> None:
    (tmp_path / NIL).write_text(halts())
    replaced(tmp_path / f"{NIL}.sha256")
    assert given_beside(tmp_path / NIL) == NOTHING_GIVEN


@pytest.mark.parametrize("replaced", [replaced_by_link, os.mkfifo, Path.mkdir])
def test_kept_bytes_and_rows_are_read_from_plain_files_alone(tmp_path: Path, replaced: Callable[[Path], None]) -> None:
    store = open_store(tmp_path / "h", f"sqlite:///{tmp_path / 'r.sqlite'}")
    sha256 = store.evidence.keep(b"secret")
    path = store.evidence.path(sha256)
    path.unlink()
    replaced(path)
    assert not store.evidence.is_intact(sha256)
    with pytest.raises(DamagedEvidenceError):
        store.evidence.read(sha256)
    of = FactFile("halts", "korbit", "2026-11-02", "20261103-1a2b3c4d5e")
    store.facts.path(of).parent.mkdir(parents=True)
    replaced(store.facts.path(of))
    with pytest.raises(DamagedRowsError):
        store.facts.rows_of(of)
    if replaced is not Path.mkdir:
        assert store.evidence.keep(b"secret") == sha256 and store.evidence.read(sha256) == b"secret"
    store.engine.dispose()


def test_what_may_not_be_read_is_passed_over_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's refusal is played: whoever runs the tests may be allowed everything."""
    (tmp_path / GOOD).write_text(checks("2026-11-02"))
    closed = tmp_path / "closed"
    closed.mkdir()
    (tmp_path / NIL).write_text(halts())
    opened, walked = Path.open, Path.iterdir

    def no_open(path: Path, *how: Any, **more: Any) -> Any:
        if path.name == NIL:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *how, **more)

    def no_walk(path: Path) -> Any:
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return walked(path)

    monkeypatch.setattr(Path, "open", no_open)
    monkeypatch.setattr(Path, "iterdir", no_walk)
    filed, passed = found(tmp_path)
    assert filed == [str(tmp_path / GOOD)]
    assert passed == [
        f"{closed}: the folder cannot be opened (Permission denied)",
        f"{tmp_path / NIL}: it cannot be read (Permission denied)",
    ]
    with pytest.raises(NotAFilingError, match="cannot be read"):
        list(find([tmp_path / NIL]))


def test_a_file_that_goes_while_others_are_filed_stops_none_of_them(tmp_path: Path) -> None:
    for name, text in ((GOOD, checks("2026-11-02")), (NIL, halts())):
        (tmp_path / name).write_text(text)
    candidates = [one for one in find([tmp_path]) if isinstance(one, Candidate)]
    (tmp_path / NIL).unlink()
    gone: list[str] = []
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'r.sqlite'}")
    outcomes = jobs.ingest(store, candidates, passed_over=lambda one, error: gone.append(one.path.name))
    assert [Path(one.receipt.file).name for one in outcomes] == [GOOD]
    assert gone == [NIL]
    with pytest.raises(FileNotFoundError):
        jobs.ingest(store, candidates)
    store.engine.dispose()


def test_folders_in_folders_are_walked_however_deep(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*(["d"] * 400))
    deep.mkdir(parents=True)
    (deep / GOOD).write_text(checks("2026-11-02"))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        filed, passed = found(tmp_path)
    finally:
        sys.setrecursionlimit(limit)
    assert (filed, passed) == ([str(deep / GOOD)], [])


# -------------------------------------------------------------------------- what a name says, and side files


@pytest.mark.parametrize(
    "name",
    ["KORBIT_API_KEYS_2026-11-02.CSV", "Korbit_Api_Keys_2026-11-02.csv", "korbit_api_keys_2026-11-02.Csv"],
)
def test_capitals_in_a_name_count_as_small_letters(name: str) -> None:
    assert declare(name) == declare("korbit_api_keys_2026-11-02.csv")


def test_a_slice_of_a_day_may_be_written_with_a_small_letter() -> None:
    assert declare("KORBIT_RECONCILIATION_2026-11-02t09-12.CSV").period.text == "2026-11-02T09-12"


@pytest.mark.parametrize("name", ["korbit_halt\u017f_2026-11-02.csv", "\u212aorbit_halts_2026-11-02.csv"])
def test_letters_that_only_fold_to_ours_are_not_ours(name: str) -> None:
    with pytest.raises(NotAFilingError):
        declare(name)


@pytest.mark.parametrize("ending", SIDE_ENDINGS)
def test_a_file_beside_a_report_is_passed_over_by_name(tmp_path: Path, ending: str) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / NIL).write_text(halts())
    beside = inbox / f"korbit_halts_2026-11-02{ending.upper()}"
    beside.write_text("x")
    (inbox / f"{NIL}{ending}").write_text("x")
    filed, passed = found(inbox)
    assert filed == [str(inbox / NIL)]
    assert len(passed) == 2
    assert all("beside a report" in one for one in passed)
    # Given by itself, as a shell's * gives it, it is passed over too.
    assert [type(one) for one in find([beside, inbox / NIL])] == [NotAFilingError, Candidate]


@pytest.mark.parametrize("command", ["check", "ingest"])
def test_the_cases_of_names(daxa: Daxa, tmp_path: Path, command: str) -> None:
    """Cases 07, 32 and 34: a folder in CP949, a side file, capitals."""
    inbox = tmp_path / "inbox"
    folder = inbox / os.fsdecode(b"11\xbf\xf9 \xba\xb8\xb0\xed")
    folder.mkdir(parents=True)
    (folder / NIL).write_text(halts())
    (inbox / GOOD.upper()).write_text(checks("2026-11-02", every=5))
    (inbox / GOOD.replace(".csv", ".sha256")).write_text(f"{'0' * 64}  another.json\n")
    in_time = ("--received-at", "2026-11-03T09:00:00+09:00") if command == "ingest" else ()
    status, out, error = daxa(command, "--json", *in_time, str(inbox))
    assert status == 0
    told = objects(out)
    assert [one["state"] for one in told] == ["accepted", "accepted"]
    assert [one["report"] for one in told] == ["halts", "reconciliation"]
    assert [one["findings"] for one in told] == [[], []]
    assert "passed over" in error

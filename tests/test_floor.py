"""The oldest Python that is served on: faults are found by what a library does, and refused unless somebody asks."""

import http.cookies
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from browsing import ROOT

from app import floor
from app.cli import app as command
from app.cli.serving import must_be_safe
from app.floor import FAULTS, Fault

KEPT_OUT = Fault("CVE-1", "one", "is slow", "1.1", "never asked", lambda: True)
OPEN = Fault("CVE-2", "other", "is slow", "1.2", None, lambda: True)
MENDED = Fault("CVE-3", "third", "was slow", "1.3", None, lambda: False)


class _Patient:
    """A parser of XML that waits until a token is whole, as expat does since 2.6.0."""

    CommentHandler: Any = None

    def Parse(self, piece: bytes, final: bool) -> None:  # noqa: N802
        pass


class _Strict:
    """The part of an archive's reader that refuses a negative size."""

    def _block(self, count: int) -> int:
        raise tarfile.HeaderError(str(count))


class _Slotted:
    __slots__ = ("_end_offset",)


def test_each_fault_is_found_by_what_the_library_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http.cookies, "_unquote_replace", None, raising=False)
    monkeypatch.setattr(floor.expat, "ParserCreate", _Patient)
    monkeypatch.setattr(zipfile, "ZipInfo", _Slotted)
    monkeypatch.setattr(tarfile, "TarInfo", _Strict)
    assert floor.known_faults() == ()
    monkeypatch.undo()
    monkeypatch.delattr(http.cookies, "_unquote_replace", raising=False)
    monkeypatch.setattr(zipfile, "ZipInfo", type("Old", (), {"__slots__": ()}))
    found = {fault.name for fault in floor.known_faults()}
    assert {"CVE-2024-7592", "CVE-2024-0450"} <= found <= {fault.name for fault in FAULTS}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
@pytest.mark.parametrize("faults", [(KEPT_OUT, OPEN), (OPEN, MENDED)])
def test_a_demonstration_for_this_machine_goes_on_and_a_server_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str, faults: tuple[Fault, ...]
) -> None:
    monkeypatch.setattr(floor, "FAULTS", faults)
    must_be_safe(host, is_allowed=False, is_demo=True)
    assert capsys.readouterr().err.startswith("warning: Python ")
    with pytest.raises(RuntimeError, match="--allow-old-python"):
        must_be_safe(host, is_allowed=False)
    must_be_safe(host, is_allowed=True)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "daxa.example"])  # noqa: S104
def test_a_demonstration_for_others_is_a_server(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(floor, "FAULTS", (OPEN,))
    with pytest.raises(RuntimeError):
        must_be_safe(host, is_allowed=False, is_demo=True)


def test_a_fault_that_is_kept_out_is_told_and_served(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(floor, "FAULTS", (KEPT_OUT, MENDED))
    must_be_safe("0.0.0.0", is_allowed=False)  # noqa: S104
    assert capsys.readouterr().err.startswith("warning: Python ")


def test_every_known_fault_that_a_stranger_reaches_is_kept_out() -> None:
    assert [fault.name for fault in FAULTS if not fault.kept_out] == []


def test_where_nothing_is_known_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(floor, "FAULTS", (MENDED,))
    must_be_safe("0.0.0.0", is_allowed=False)  # noqa: S104
    assert capsys.readouterr().err == ""
    assert command(["doctor"], standalone_mode=False) == 0
    assert capsys.readouterr().out.endswith("nothing known to be unsafe\n")


def test_what_is_older_than_the_tests_run_on_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "FAULTS", ())
    monkeypatch.setattr(floor, "TESTED_SQLITE", (99, 0, 0))
    (said,) = floor.everything_wrong()
    assert said.startswith("SQLite ") and "99.0.0" in said


def test_the_doctor_tells_versions_and_what_keeps_a_fault_out(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(floor, "FAULTS", (KEPT_OUT, OPEN, MENDED))
    assert command(["doctor"], standalone_mode=False) == 1
    said = capsysbinary.readouterr().out.decode()
    for name, version in floor.versions().items():
        assert f"{name} {version}\n" in said
    assert "CVE-1 (one): is slow; mended in 1.1; kept out here: never asked" in said
    assert "CVE-2 (other): is slow; mended in 1.2; not kept out here" in said and "CVE-3" not in said


def test_the_command_refuses_to_serve_before_it_opens_a_store(tmp_path: Path) -> None:
    code = (
        "import sys; from app import floor; floor.too_old = lambda: iter(['Python is old']);"
        "from app.cli import main; sys.argv = ['daxa', 'serve', '--port', '1']; main()"
    )
    home = tmp_path / "home"
    environment = {**os.environ, "DAXA_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "") and "--allow-old-python" in done.stderr
    assert not home.exists()


def test_the_doctor_speaks_to_machines_too(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    command(["doctor", "--json"], standalone_mode=False)
    told = json.loads(capsysbinary.readouterr().out)
    assert told["versions"] == floor.versions()
    assert set(told["faults"]) == {fault.name for fault in floor.known_faults()}


@pytest.mark.parametrize(
    ("pythons", "taken"),
    [
        ({"one/python3.11": 1, "two/python3.11": 0}, "two/python3.11"),
        ({"one/python3.11": 1, "two/python3": 0, "three/python3.11": 0}, "three/python3.11"),
        ({"one/python3": 1, "two/python3": 1}, "one/python3"),
    ],
)
def test_the_set_up_takes_a_python_without_known_faults(tmp_path: Path, pythons: dict[str, int], taken: str) -> None:
    (tmp_path / "app").mkdir()
    for name in ("Makefile", "app/floor.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    for name, status in pythons.items():
        script = tmp_path / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(
            '#!/bin/bash\ncase "$1" in\n'
            f"app/floor.py) exit {status};;\n"
            f'-m) mkdir -p "$3/bin" && echo {name} > "$3/bin/python";;\nesac\n'
        )
        script.chmod(0o755)
    path = ":".join(str(tmp_path / name.partition("/")[0]) for name in pythons)
    (tmp_path / "tools").mkdir()
    for tool in ("cksum", "cut", "mkdir"):
        (tmp_path / "tools" / tool).symlink_to(str(shutil.which(tool)))
    environment = {"PATH": f"{path}:{tmp_path / 'tools'}", "HOME": str(tmp_path)}
    done = subprocess.run(["/usr/bin/make", ".venv/bin/python"], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".venv/bin/python").read_text().strip() == taken

"""What a file is called or holds never makes the terminal of whoever runs the command do something."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from browsing import ROOT

from app.cli.terminal import SafeStream, obeyed_by_none

ESCAPES = {
    "title": "\x1b]0;owned\x07",
    "clear": "\x1b[2J\x1b[H",
    "hidden": "\x1b[8m",
    "one byte": "\x9b2J",
    "back": "abc\rdef\b\b",
    "turned": "\u202egnp.exe\u2066",
    "unseen": "a\u200bb\ufeff",
    "delete": "\x7f",
    "line": "one\u2028two\x85three\x0bfour",
    "tag": "\U000e0041",
    "half": "\ud800",
}


def obeyed(text: str) -> list[str]:
    """What in a text a terminal obeys or does not show as it stands."""
    return [one for one in text if not one.isprintable() and one not in "\n\u3000\xa0"]


@pytest.mark.parametrize("name", ESCAPES)
def test_a_text_is_written_with_nothing_to_obey_and_json_says_the_same(name: str) -> None:
    text = f"앞 {ESCAPES[name]} 뒤"
    safe = obeyed_by_none(text)
    assert obeyed(safe) == [] and safe.startswith("앞 ") and safe.endswith(" 뒤")
    assert json.loads(obeyed_by_none(json.dumps({"a": text}, ensure_ascii=False))) == {"a": text}
    assert obeyed_by_none(safe) == safe


@pytest.mark.parametrize("text", ["", "a\nb", "한글 ✓ · × 1,234 — “x”", "日本語", "₿", "🙂"])
def test_other_texts_are_written_as_they_stand(text: str) -> None:
    assert obeyed_by_none(text) == text


def test_whatever_a_process_writes_to_people_goes_through_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    beneath = io.TextIOWrapper(io.BytesIO(), "utf-8")
    stream = SafeStream(beneath)
    print("a\x1b[2J", file=stream)
    stream.writelines(["b\x9b", "c\r"])
    stream.flush()
    beneath.seek(0)
    assert beneath.read() == "a\\u001b[2J\nb\\u009bc\\u000d"
    assert not stream.isatty() and stream.encoding == "utf-8"


EVIL = "\x1b]0;owned\x07\x9b2J\u202e[/x]"
"""Sets the title, clears the screen, turns the writing, and ends a mark-up that never began."""


def on_a_terminal(home: Path, *words: str) -> str:
    """What the command writes to a terminal."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "DAXA_HOME": str(home), "COLUMNS": "400", "TERM": "xterm", "PYTHONUTF8": "1"}
    environment.pop("DAXA_DATABASE_URL", None)
    command = [sys.executable, "-c", "from app.cli import main; main()", *words]
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    said = b""
    while True:
        try:
            piece = os.read(leader, 65_536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        said += piece
    running.wait()
    os.close(leader)
    return said.decode("utf-8", "surrogateescape")


def owned(said: str) -> list[str]:
    """What of the evil text reached the terminal as it is; colours of our own tables are no part of it."""
    return [one for one in ("\x1b]0;", "\x07", "\x9b", "\u202e") if one in said]


@pytest.mark.slow
def test_no_command_hands_a_file_name_or_a_value_to_the_terminal(tmp_path: Path) -> None:
    inbox, home = tmp_path / EVIL.replace("/", "∕"), tmp_path / "home"
    inbox.mkdir()
    header = "halt_id,asset,scope,reason,detected_at,announced_at,halted_at,resumed_at,reason_detail\n"
    (inbox / "korbit_halts_2026-11-02.csv").write_text(header + f"H-1,{EVIL},{EVIL},x,{EVIL},,,,{EVIL}\n")
    (inbox / f"{EVIL.replace('/', '∕')}.csv").write_text("x")
    spoken = {
        words: on_a_terminal(home, *words)
        for words in (
            ("ingest", str(inbox)),
            ("submissions",),
            ("findings",),
            ("withdraw", EVIL, "--reason", EVIL),
            (EVIL,),
        )
    }
    assert {words: owned(said) for words, said in spoken.items() if owned(said)} == {}
    assert {words for words, said in spoken.items() if "Traceback" in said or not said} == set()
    assert "u001b]0;owned" in spoken["submissions",] or "x1b]0;owned" in spoken["submissions",]

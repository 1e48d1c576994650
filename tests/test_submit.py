"""`daxa submit` against a door that is busy, elsewhere or not there: it waits, goes on, and never tells its token."""

import json
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.cli.submit import (
    LONGEST_PAUSE_SECONDS,
    MOST_TRIES,
    Address,
    Clock,
    DoorError,
    NotFiled,
    check,
    submit_files,
)
from etl.evidence import digest_of
from etl.intake import Candidate, declare
from tests.filing import halts

TOKEN = "daxa_000000000000_secretsecretsecret"
NOW = datetime(2026, 11, 3, tzinfo=UTC)


@dataclass
class Door:
    """A door that answers as it is told: a list of (status, headers, content) for each method and path."""

    url: str = ""
    answers: dict[str, list[tuple[int, dict[str, str], Any]]] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path without query, and the header that carries the token."""
    queries: list[str] = field(default_factory=list)

    def then(self, asked: str, status: int, content: Any = None, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.setdefault(asked, []).append((status, named, content))


@pytest.fixture
def doors() -> Iterator[Callable[[], Door]]:
    servers = []

    def opened() -> Door:
        door = Door()

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path, _, query = self.path.partition("?")
                door.queries.append(query)
                door.asked.append((self.command, path, self.headers.get("Authorization")))
                known = door.answers[f"{self.command} {path}"]
                status, headers, content = known.pop(0) if len(known) > 1 else known[0]
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        door.url = f"http://127.0.0.1:{server.server_address[1]}"
        return door

    yield opened
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def door(doors: Callable[[], Door]) -> Door:
    opened = doors()
    opened.then("GET /api/v1/submissions", 200, {"items": []})
    opened.then("GET /api/v1/submissions/1/findings", 200, [])
    return opened


@pytest.fixture
def files(tmp_path: Path) -> list[Candidate]:
    made = []
    for day in ("02", "03"):
        path = tmp_path / f"korbit_halts_2026-11-{day}.csv"
        path.write_text(halts())
        made.append(Candidate(path, declare(path.name)))
    return made


def accepted(number: str = "1") -> dict[str, Any]:
    return {
        "submission": number,
        "state": "accepted",
        "duplicate": False,
        "findings": f"/api/v1/submissions/{number}/findings",
    }


@dataclass
class Slept:
    """A clock that does not wait and notes how long it would have."""

    pauses: list[float] = field(default_factory=list)
    chance: float = 0.0

    @property
    def clock(self) -> Clock:
        return Clock(self.pauses.append, lambda: NOW, lambda: self.chance)


# ------------------------------------------------------------------------------------------- waiting


def test_a_door_that_is_busy_is_waited_for_as_it_asks(door: Door, files: list[Candidate]) -> None:
    door.then("POST /api/v1/submissions", 429, {"detail": "busy"}, Retry_After="7")
    door.then(
        "POST /api/v1/submissions", 503, b"<html>", Retry_After=format_datetime(NOW + timedelta(seconds=30), True)
    )
    door.then("POST /api/v1/submissions", 503, b"", Retry_After=format_datetime(NOW - timedelta(days=1), True))
    door.then("POST /api/v1/submissions", 429, {"detail": "busy"}, Retry_After="86400")
    door.then("POST /api/v1/submissions", 201, accepted())
    slept, said = Slept(), list[str]()
    (told,) = submit_files(Address.of(door.url, TOKEN, clock=slept.clock, say=said.append), files[:1])
    assert isinstance(told, dict)
    assert told["state"] == "accepted"
    assert slept.pauses == [7, 30, 0, LONGEST_PAUSE_SECONDS]
    assert len(said) == 4


def test_a_door_that_stays_busy_is_given_up(door: Door, files: list[Candidate]) -> None:
    door.then("POST /api/v1/submissions", 503, {"detail": "down"})
    slept = Slept()
    with pytest.raises(DoorError, match="503: down"):
        list(submit_files(Address.of(door.url, TOKEN, clock=slept.clock), files))
    assert slept.pauses == [2, 4, 8, 16, 32, 64, LONGEST_PAUSE_SECONDS]
    assert len(slept.pauses) == MOST_TRIES - 1


@pytest.mark.parametrize("asked", [None, "", "soon", "-5", "1.5", "99999999999999999999", "Tue, 99 Foo 2026", "\x00"])
def test_a_pause_has_bounds_whatever_is_asked_and_a_little_chance(asked: str | None) -> None:
    for tries in (1, 50):
        least, most = (Slept(chance=chance).clock.pause(asked, tries) for chance in (0.0, 1.0))
        assert 0 <= least <= LONGEST_PAUSE_SECONDS
        assert least < most <= LONGEST_PAUSE_SECONDS + 5


# ------------------------------------------------------------------------------------------- going on


def test_what_was_filed_before_is_not_sent_again(door: Door, files: list[Candidate]) -> None:
    sha256 = digest_of(files[0].path.read_bytes())
    filed = {**accepted(), "exchange": "korbit", "period": "2026-11-02", "sha256": sha256}
    door.answers["GET /api/v1/submissions"] = [(200, {}, {"items": [filed]})]
    door.then("GET /api/v1/submissions/1", 200, filed)
    door.then("POST /api/v1/submissions", 201, accepted())
    told = list(submit_files(Address.of(door.url, TOKEN), files))
    assert [one["duplicate"] for one in told if isinstance(one, dict)] == [True, False]
    assert [asked[0] for asked in door.asked].count("POST") == 1


@pytest.mark.parametrize(
    "change", [{"state": "rejected"}, {"sha256": "0" * 64}, {"period": "2026-11-02T09-12"}], ids=str
)
def test_what_was_filed_otherwise_is_sent(door: Door, files: list[Candidate], change: dict[str, str]) -> None:
    sha256 = digest_of(files[0].path.read_bytes())
    filed = {**accepted(), "exchange": "korbit", "period": "2026-11-02", "sha256": sha256, **change}
    door.answers["GET /api/v1/submissions"] = [(200, {}, {"items": [filed]})]
    door.then("POST /api/v1/submissions", 201, accepted())
    (told,) = submit_files(Address.of(door.url, TOKEN), files[:1])
    assert isinstance(told, dict)
    assert told["duplicate"] is False


def test_a_file_that_is_refused_stops_no_other(door: Door, files: list[Candidate]) -> None:
    door.then("POST /api/v1/submissions", 422, {"detail": "no such period"})
    door.then("POST /api/v1/submissions", 201, accepted())
    first, second = submit_files(Address.of(door.url, TOKEN), files)
    assert isinstance(first, NotFiled)
    assert "no such period" in first.why
    assert isinstance(second, dict)


def test_a_reason_is_sent_where_one_is_given(door: Door, files: list[Candidate]) -> None:
    door.then("POST /api/v1/submissions", 409, {"detail": "It would replace 24 rows of 1 by 0."})
    door.then("POST /api/v1/submissions", 201, accepted())
    address = Address.of(door.url, TOKEN)
    (refused,) = submit_files(address, files[:1])
    assert isinstance(refused, NotFiled)
    assert "24 rows" in refused.why
    assert not any("reason" in query for query in door.queries)
    (told,) = submit_files(address, files[:1], "nothing happened")
    assert isinstance(told, dict)
    assert any("reason=nothing+happened" in query for query in door.queries)


def test_bytes_come_into_force_again_on_purpose_alone(door: Door, files: list[Candidate]) -> None:
    door.then("POST /api/v1/submissions", 201, accepted())
    address = Address.of(door.url, TOKEN)
    list(submit_files(address, files[:1], "the correction was wrong"))
    assert not any("again" in query for query in door.queries)
    list(submit_files(address, files[:1], "the correction was wrong", again=True))
    assert any("again=true" in query and "reason=the+correction" in query for query in door.queries)


@pytest.mark.parametrize("status", [401, 500])
def test_what_would_refuse_every_file_ends_the_call(door: Door, files: list[Candidate], status: int) -> None:
    door.then("POST /api/v1/submissions", status, {"detail": "no"})
    with pytest.raises(DoorError, match=str(status)):
        list(submit_files(Address.of(door.url, TOKEN), files))
    assert [asked[0] for asked in door.asked].count("POST") == 1


def test_a_file_that_is_gone_stops_no_other(door: Door, files: list[Candidate]) -> None:
    door.then("POST /api/v1/submissions", 201, accepted())
    files[0].path.unlink()
    first, second = submit_files(Address.of(door.url, TOKEN), files)
    assert isinstance(first, NotFiled)
    assert isinstance(second, dict)


# --------------------------------------------------------------------------------- address and token


@pytest.mark.parametrize("ending", ["", "/", "/api", "/api/v1", "/api/v1/", "//"])
def test_an_address_is_taken_with_and_without_its_ending(door: Door, files: list[Candidate], ending: str) -> None:
    door.then("POST /api/v1/checks", 200, accepted())
    (told,) = check(Address.of(door.url + ending, f"{TOKEN}\n"), files[:1])
    assert isinstance(told, dict)
    assert door.asked == [("POST", "/api/v1/checks", f"Bearer {TOKEN}")]


def test_a_path_before_the_api_stays() -> None:
    assert Address.of("https://gate.example/daxa/api/v1", TOKEN).base == "/daxa"
    assert str(Address.of("https://[::1]:8501/daxa/", TOKEN)) == "https://[::1]:8501/daxa"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("dashboard.example", "https://dashboard.example"),
        ("localhost:8501", "https://localhost:8501"),
        ("ftp://dashboard.example", "no address"),
        ("https://", "no address"),
        ("https://host:port", "cannot be read"),
        ("https://host:99999", "cannot be read"),
        ("https://host/api/v1/submissions", "ends with its name"),
        ("https://host/?token=x", "ends before"),
        (f"https://robot:{TOKEN}@host", "holds a name or a password"),
        (f"robot:{TOKEN}@host", "holds a name or a password"),
    ],
)
def test_an_address_that_is_none_is_told_with_what_is_missing(url: str, said: str) -> None:
    with pytest.raises(DoorError) as refused:
        Address.of(url, "daxa_x")
    assert said in str(refused.value)
    assert TOKEN not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("token", ["", " ", f"{TOKEN} {TOKEN}", f"{TOKEN}\r\nX: 1", "토큰", f"{TOKEN}\x00"], ids=ascii)
def test_what_is_no_token_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(DoorError) as refused:
        Address.of("http://127.0.0.1:1", token)
    assert TOKEN not in "".join(traceback.format_exception(refused.value))


def test_the_token_goes_nowhere_else_and_is_told_nowhere(
    doors: Callable[[], Door],
    files: list[Candidate],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    door, elsewhere = doors(), doors()
    elsewhere.then("GET /api/v1/submissions", 200, {"items": []})
    said = list[str]()
    monkeypatch.setenv("DAXA_TOKEN", TOKEN)
    monkeypatch.setenv("DAXA_TRACE", "1")
    for status, headers, content in (
        (302, {"Location": f"{elsewhere.url}/api/v1/submissions?t={TOKEN}"}, b""),
        (308, {"Location": f"http://x:{TOKEN}@127.0.0.1/{TOKEN}"}, b""),
        (400, {}, {"detail": f"what is 'Bearer {TOKEN}'?"}),
        (500, {}, {"detail": TOKEN}),
        (200, {}, TOKEN.encode()),
        (200, {"Content-Length": TOKEN}, b""),
    ):
        door.answers["GET /api/v1/submissions"] = [(status, headers, content)]
        door.answers["POST /api/v1/submissions"] = [(status, headers, content)]
        monkeypatch.setattr("sys.argv", ["daxa", "submit", "--url", door.url, str(files[0].path)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        said += capsys.readouterr()
    for words in (["--url", "http://127.0.0.1:1"], ["--url", f"http://{TOKEN}@127.0.0.1:1"], ["--help"], ["--nothing"]):
        monkeypatch.setattr("sys.argv", ["daxa", "submit", *words, str(files[0].path)])
        with pytest.raises(SystemExit):
            main()
        said += capsys.readouterr()
    assert elsewhere.asked == []
    assert sum("daxa: " in one for one in said) >= 8
    assert TOKEN not in "".join(said)
    assert TOKEN not in repr(Address.of(door.url, TOKEN))


def test_each_file_is_told_when_it_is_done(
    door: Door, files: list[Candidate], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """When the second file comes to the door, the first one's line has been written."""
    told_before: list[str] = []
    door.then("POST /api/v1/submissions", 201, accepted())
    monkeypatch.setenv("DAXA_TOKEN", TOKEN)
    monkeypatch.setattr("sys.argv", ["daxa", "submit", "--url", door.url, *(str(one.path) for one in files)])
    asked = Address.ask

    def noted(address: Address, method: str, *about: Any, **query: Any) -> Any:
        if method == "POST":
            told_before.append(capfd.readouterr().out)
        return asked(address, method, *about, **query)

    monkeypatch.setattr(Address, "ask", noted)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert told_before == ["", f"✓ {files[0].path}: accepted\n"]
    assert capfd.readouterr().out == f"✓ {files[1].path}: accepted\n2 accepted\n"

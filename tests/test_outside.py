"""Nothing is ever asked of the outside: a server that finds no name and reaches nobody serves every page."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import NAMES, served, visit
from people import SESSION
from playwright.sync_api import Page
from visiting import HANDSHAKE, Visitor

from app.sign_in.cookies import SESSION_COOKIE

pytestmark = pytest.mark.slow

CUT_OFF = '''
"""Refuses, and writes down, whatever would leave this machine, in every process that Python starts."""
import os
import sys


def _is_here(host):
    return host in (None, "", b"", "localhost", "0.0.0.0", "::") or str(host).startswith(("127.", "::1"))


def _refuse(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"):
        host = arguments[0][0] if isinstance(arguments[0], tuple) else arguments[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if not _is_here(host):
        with open(os.environ["CUT_OFF_LOG"], "a") as out:
            out.write(f"{event} {host}\\n")
        raise OSError(f"{event} to {host} is refused")


sys.addaudithook(_refuse)
'''


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What would have left the machine."""
    path = tmp_path_factory.mktemp("outside") / "asked"
    path.touch()
    return path


@pytest.fixture(scope="module", params=["empty_home", pytest.param("filled_home", marks=pytest.mark.slow)])
def cut_off(log: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The dashboard in a process that finds no name and reaches nobody outside: empty, and over nine days."""
    folder = log.parent / "site"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(CUT_OFF)
    paths = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    with served(request.getfixturevalue(request.param), PYTHONPATH=paths, CUT_OFF_LOG=str(log)) as address:
        yield address


@pytest.fixture
def supervisor(cut_off: str) -> Visitor:
    visitor = Visitor(cut_off)
    visitor.cookies = {SESSION_COOKIE: SESSION}
    return visitor


FOREIGN = [
    "https://evil.example",
    "http://evil.example:{port}",
    "null",
    "",
    "http://localhost:{port}",
    "http://localhost",
    "http://127.0.0.1",
    "http://127.0.0.1:{other}",
    "http://127.0.0.2:{port}",
    "http://0.0.0.0:{port}",
    "http://[::1]:{port}",
    "http://[::ffff:127.0.0.1]:{port}",
    "http://2130706433:{port}",
    "http://127.0.0.1.:{port}",
    "http://127.0.0.1.evil.example:{port}",
    "http://127.0.0.1:{port}@evil.example",
    "http://evil.example@127.0.0.1:{port}",
    "http://evil.example#127.0.0.1:{port}",
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port} http://evil.example",
    "http://127.0.0.1:{port}, http://evil.example",
    "ws://127.0.0.1:{port}",
    "file://",
    "chrome-extension://abcdefgh",
    "http:127.0.0.1:{port}",
    "//127.0.0.1:{port}",
    "127.0.0.1:{port}",
    "http://\u00b5:{port}",
]


def _written(origin: str, host: str) -> str:
    port = host.partition(":")[2]
    return origin.replace("{port}", port).replace("{other}", str(int(port) - 1))


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_origin_is_refused_and_nobody_is_asked_about_it(supervisor: Visitor, log: Path, origin: str) -> None:
    said = _written(origin, supervisor.host)
    assert supervisor.shake_hands(Origin=said) == 403
    for method, path in (("POST", "/login"), ("POST", "/logout"), ("PUT", "/_stcore/upload_file/a/b"), ("GET", "/")):
        answer = supervisor.ask(method, path, headers={"Origin": said})
        assert answer.status == 403 and answer.text.startswith("This request comes from another site")
    assert supervisor.ask("POST", "/api/v1/submissions", headers={"Origin": said}).status == 403
    assert log.read_text() == ""


def test_a_browsers_websocket_says_where_it_comes_from(supervisor: Visitor) -> None:
    assert supervisor.ask("GET", "/_stcore/stream", headers=HANDSHAKE).status == 403
    assert supervisor.shake_hands() == 101


@pytest.mark.parametrize("origin", ["http://{host}", "HTTP://{host}", "https://{host}"])
def test_our_own_origin_is_let_in(supervisor: Visitor, log: Path, origin: str) -> None:
    assert supervisor.shake_hands(Origin=origin.replace("{host}", supervisor.host)) == 101
    assert log.read_text() == ""


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused_also_where_its_origin_is_not_told(supervisor: Visitor, site: str) -> None:
    assert supervisor.ask("POST", "/login", {"name": "a"}, {"Sec-Fetch-Site": site}).status == 403
    assert supervisor.ask("GET", "/login", headers={"Sec-Fetch-Site": site, "Accept": "text/html"}).status == 303


def test_machines_that_are_no_browsers_need_no_origin(supervisor: Visitor) -> None:
    assert supervisor.ask("POST", "/api/v1/submissions", headers={}).status == 401


@pytest.mark.browser
def test_no_page_asks_anything_of_the_outside(cut_off: str, log: Path, page: Page) -> None:
    for name in NAMES:
        visit(page, cut_off, name, "ko")
    assert log.read_text() == ""


def test_what_would_leave_the_machine_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(CUT_OFF)
    asked = tmp_path / "asked"
    code = (
        "import asyncio, socket, urllib.request, contextlib\n"
        "for ask in (lambda: socket.create_connection(('192.0.2.1', 9), 1),\n"
        "            lambda: socket.gethostbyname('a.example'),\n"
        "            lambda: urllib.request.urlopen('http://b.example'),\n"
        "            lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('198.51.100.1', 1)),\n"
        "            lambda: asyncio.run(asyncio.open_connection('c.example', 80))):\n"
        "    with contextlib.suppress(OSError): ask(); print('asked')\n"
        "socket.create_server(('127.0.0.1', 0))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "CUT_OFF_LOG": str(asked)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    told = {line.split()[1] for line in asked.read_text().splitlines()}
    assert told == {"192.0.2.1", "a.example", "b.example", "198.51.100.1", "c.example"}

"""Driving the dashboard in a real browser: serving a store, opening a page of it, reading what stands there.

DAXA_SCREENSHOTS names a folder that keeps a picture of every page in every language.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from demo_store import NOW
from opening import NAMES as NAMES
from people import SESSION, sign_in_supervisor
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect

from app.sign_in.cookies import SESSION_COOKIE
from app.words import say

ROOT = Path(__file__).resolve().parent.parent
HARMLESS = re.compile(r"/_stcore/(health|host-config)")
"""What Streamlit asks for below the address of a page, and does not find there."""
STREAMLIT_OWN = "Skip to main content"
"""A link for those who use the keyboard, seen only while it has the focus, which has no Korean."""
VIEWPORT = {"width": 1366, "height": 1800}
_SERVED: set[Path] = set()
"""Homes of the stores that are served just now."""
PATIENCE = 90_000
"""Milliseconds that a page may take on a machine with other work; a defect is told apart by what is waited for."""
expect.set_options(timeout=PATIENCE)


@contextmanager
def served(home: Path, now: datetime = NOW, *, with_people: bool = True, **variables: str) -> Iterator[str]:
    """The address of the dashboard over the store at `home`, looked at from `now`.

    A supervisor is signed in to it if `with_people`.
    """
    if with_people:
        sign_in_supervisor(home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "DAXA_HOME": str(home), "DAXA_NOW": now.isoformat(), **variables}
    environment.pop("DAXA_DATABASE_URL", None)
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(port)]
    command.append("--allow-old-python")  # what the tests run on may be old
    log = home / "server.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
    try:
        _wait_for(f"{address}/healthz", server, log)
        if with_people:
            _SERVED.add(home)
        yield address
        assert "Traceback" not in log.read_text("utf-8")
    finally:
        _SERVED.discard(home)
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(900):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server does not answer:\n{log.read_text('utf-8')}")


def context_of(browser: Browser) -> BrowserContext:
    """A fresh session of the browser, far from Korea, in which the supervisor is signed in."""
    context = browser.new_context(viewport=VIEWPORT, locale="ko-KR", timezone_id="America/New_York")
    context.set_default_timeout(PATIENCE)
    return signed_in(context)


def signed_in(context: BrowserContext) -> BrowserContext:
    """The same session of the browser with the supervisor signed in, to every store that is served."""
    for home in _SERVED:
        sign_in_supervisor(home)  # one who did not look for half an hour is signed out
    return with_session(context, SESSION)


def with_session(context: BrowserContext, session: str) -> BrowserContext:
    """The same browser with whoever that session is of signed in."""
    context.add_cookies([{"name": SESSION_COOKIE, "value": session, "domain": "127.0.0.1", "path": "/"}])
    return context


def hears_no_close(page: Page) -> None:
    """The page is never told that the server closed its connection: what is left then is its next click."""

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server().on_close(lambda code, reason: None)

    page.route_web_socket(re.compile("/_stcore/stream"), pass_on)


@contextmanager
def watched(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test over errors in the console, refused requests and addresses of others."""
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on(
        "console",
        lambda said: (
            troubles.append(said.text) if said.type == "error" and "Failed to load resource" not in said.text else None
        ),
    )
    opened.on(
        "response",
        lambda answer: (
            troubles.append(f"{answer.status} {answer.url}")
            if answer.status >= 400 and not HARMLESS.search(answer.url)
            else None
        ),
    )
    opened.on(
        "request",
        lambda asked: (
            troubles.append(f"asks {asked.url}")
            if not re.match(r"(https?|wss?)://127\.0\.0\.1|data:|blob:", asked.url)
            else None
        ),
    )
    yield opened
    opened.close()
    assert not troubles, troubles


def visit(page: Page, server: str, name: str, language: str, query: str = "") -> str:
    """Open a page and wait until it is drawn; its visible text."""
    page.goto(f"{server}/{'' if name == NAMES[0] else name}?lang={language}{query}")
    expect(page.get_by_role("heading", level=1)).to_have_text(say(f"{name}.title", language))
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")
    for chart in page.locator(".js-plotly-plot").all():
        chart.locator(".main-svg").first.wait_for()
    assert page.locator("[data-testid=stException], p.failed").count() == 0
    return page.locator("[data-testid=stApp]").inner_text().replace(STREAMLIT_OWN, "")


def keep_picture(page: Page, name: str) -> None:
    """Keep a picture where DAXA_SCREENSHOTS asks for it."""
    folder = os.environ.get("DAXA_SCREENSHOTS")
    if folder:
        page.evaluate("document.fonts.ready")
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")


def sentences(text: str) -> list[str]:
    """Lines that look like English: three Latin words in a row."""
    return [line for line in text.splitlines() if re.search(r"\b[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", line)]

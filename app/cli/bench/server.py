"""The dashboard in a process of its own, as it runs in production: one worker, one port of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPMessage
from pathlib import Path

from app.moments import NOW_VARIABLE
from etl.store import HOME_VARIABLE, URL_VARIABLE

_ROOT = Path(__file__).resolve().parents[3]
_PATIENCE_SECONDS = 60
_POLL_SECONDS = 0.1


class ServerDownError(RuntimeError):
    """The server did not start or did not stay; what it wrote last is part of the sentence."""


@contextmanager
def served(home: Path, now: datetime) -> Iterator[int]:
    """The port at which the store at `home` is served while the context lasts, as if it were `now`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {**os.environ, HOME_VARIABLE: str(home), NOW_VARIABLE: now.isoformat()}
    environment.pop(URL_VARIABLE, None)
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port), "--log-level", "warning"]
    log = home / "server.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=stream, stderr=stream)  # noqa: S603
    try:
        _wait_until_up(port, server, log)
        yield port
    finally:
        server.terminate()
        server.wait(_PATIENCE_SECONDS)


def _wait_until_up(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
            return
        except OSError:
            time.sleep(_POLL_SECONDS)
    raise ServerDownError(f"the dashboard does not answer: {log.read_text('utf-8')[-500:]}")


def cookies_given(port: int) -> str:
    """What a browser that comes for the first time is given with the document, as it will send it back."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Accept": "text/html"})
    with urllib.request.urlopen(asked, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310
        headers: HTTPMessage = answer.headers
    return "; ".join(value.partition(";")[0] for value in headers.get_all("Set-Cookie") or ())

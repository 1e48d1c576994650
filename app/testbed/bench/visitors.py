"""Sessions of the dashboard without a browser: a real server over a store, and visitors at its websocket.

A visitor does what the page in a browser does: it asks for a run of the script with an address, and has it when the
server says that the script has finished and all that it drew has come.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState, ContextInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from app.moments import NOW_VARIABLE
from app.sign_in.cookies import SESSION_COOKIE
from etl.exchanges import all_exchanges
from etl.records import people
from etl.records.engine import writing
from etl.records.log import COMMAND
from etl.records.people import Role
from etl.records.sessions import Way, open_session
from etl.store import HOME_VARIABLE, URL_VARIABLE, Store

_ROOT = Path(__file__).resolve().parents[3]
_STARTING_SECONDS = 60
_LONGEST_RUN_SECONDS = 120


class FailedRunError(RuntimeError):
    """The server does not start, or a page shows an error instead of what it is for."""


@contextmanager
def served(store: Store) -> Iterator[str]:
    """Where the dashboard listens over the store, in a process of its own, by the clock."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {name: value for name, value in os.environ.items() if name not in (NOW_VARIABLE, URL_VARIABLE)}
    environment[HOME_VARIABLE] = str(store.home)
    port = where.rpartition(":")[2]
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", port, "--log-level", "warning"]
    log = store.home / "server.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(  # noqa: S603 — our own server, with arguments made here
            command, cwd=_ROOT, env=environment, stdout=stream, stderr=stream
        )
    try:
        _wait_for(f"http://{where}/healthz", server, log)
        yield where
        if "Traceback" in log.read_text("utf-8"):
            raise FailedRunError(f"the server reported an error:\n{log.read_text('utf-8')[-2000:]}")
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _STARTING_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310 — our own server
                return
        except OSError:
            time.sleep(0.1)
    raise FailedRunError(f"the server does not answer:\n{log.read_text('utf-8')[-2000:]}")


def signed_in(store: Store, role: Role) -> str:
    """The session of somebody with that role, an exchange's if it is one's, who is signed in from now on."""
    now = datetime.now(UTC)
    name = f"bench-{role.value}"
    exchange = next(iter(all_exchanges())) if role is Role.EXCHANGE else None
    with writing(store.engine) as connection:
        person = people.by_name(connection, name) or people.add(
            connection, name, role, exchange=exchange, password=None, actor=COMMAND, at=now
        )
    return open_session(store.engine, person, Way.PASSWORD, source="127.0.0.1", now=now)


@asynccontextmanager
async def visitor(where: str, session: str) -> AsyncIterator[Visitor]:
    """Whoever the session is of opens the dashboard, and closes it at the end."""
    async with connect(
        f"ws://{where}/_stcore/stream",
        origin=Origin(f"http://{where}"),
        additional_headers={"Cookie": f"{SESSION_COOKIE}={session}"},
        max_size=None,
        compression=None,
    ) as connection:
        yield Visitor(connection, where)


class Visitor:
    """One session of the dashboard."""

    def __init__(self, connection: ClientConnection, where: str) -> None:
        """Look through `connection`."""
        self._connection, self._where = connection, where

    async def look(self, page: str, **address: str) -> float:
        """Seconds that the page took with these parameters in its address, from asking until all of it is there."""
        query = urlencode(address)
        context = ContextInfo(timezone="Asia/Seoul", locale="ko-KR", url=f"http://{self._where}/{page}")
        state = ClientState(query_string=query, page_name=page, context_info=context)
        begun = time.perf_counter()
        await self._connection.send(BackMsg(rerun_script=state).SerializeToString())
        while True:
            message = await self._received(page)
            match message.WhichOneof("type"):
                case "script_finished" if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return time.perf_counter() - begun
                case "delta" if message.delta.new_element.WhichOneof("type") == "exception":
                    raise FailedRunError(f"{page}?{query}: {message.delta.new_element.exception.message}")
                case "delta" if 'class="failed"' in message.delta.new_element.html.body:
                    raise FailedRunError(f"{page}?{query}: {message.delta.new_element.html.body}")

    async def _received(self, page: str) -> ForwardMsg:
        from asyncio import timeout

        try:
            async with timeout(_LONGEST_RUN_SECONDS):
                data = await self._connection.recv(decode=False)
        except TimeoutError as error:
            raise FailedRunError(f"{page} is not drawn after {_LONGEST_RUN_SECONDS} seconds") from error
        message: ForwardMsg = ForwardMsg.FromString(data)
        return message

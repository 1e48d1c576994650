"""One browser, as the server sees it: a websocket over which Streamlit's own messages go back and forth.

It asks for a page under an address, keeps the address as the page rewrites it, and remembers what it was sent, so that
the server sends only what changed. Nothing is drawn: what is measured is the server.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

_REMEMBERED_RUNS = 2
"""For how many runs a browser remembers a message that does not come again (Streamlit's own number)."""
_KEEP_WAITING = ForwardMsg.FINISHED_EARLY_FOR_RERUN
_LARGEST_MESSAGE_BYTES = 200 * 2**20


class PageFailedError(RuntimeError):
    """A page's script ended with an error."""


class Visitor:
    """A session: a page, the query of its address, and what it was sent lately."""

    def __init__(self, connection: ClientConnection) -> None:
        """Begin before the first page."""
        self.page = ""
        self.query = ""
        self.received_bytes = 0
        self._connection = connection
        self._lately: deque[set[str]] = deque([set()], maxlen=_REMEMBERED_RUNS)

    async def visit(self, page: str, query: str) -> float:
        """Open a page under an address: the seconds until its script has ended."""
        self.page, self.query = page, query
        return await self.rerun()

    async def rerun(self) -> float:
        """Run the page's script again, as any click does: the seconds until it has ended."""
        request = BackMsg()
        state = request.rerun_script
        state.query_string, state.page_name = self.query, self.page
        state.cached_message_hashes.extend(sorted(set().union(*self._lately)))
        state.context_info.timezone = "Asia/Seoul"
        state.context_info.locale = "ko-KR"
        state.context_info.url = f"http://127.0.0.1/{self.page}"
        self._lately.append(set())
        data = request.SerializeToString()
        start = time.perf_counter()
        await self._connection.send(data)
        while not self._has_ended(await self._received()):
            pass
        return time.perf_counter() - start

    async def _received(self) -> ForwardMsg:
        data = await self._connection.recv()
        if isinstance(data, str):
            raise PageFailedError("the server sent text where a message was due")
        self.received_bytes += len(data)
        return ForwardMsg.FromString(data)

    def _has_ended(self, message: ForwardMsg) -> bool:
        """True with the message that ends a run; what the other messages say is noted."""
        kind = message.WhichOneof("type")
        if message.metadata.cacheable or kind == "ref_hash":
            self._lately[-1].add(message.ref_hash if kind == "ref_hash" else message.hash)
        if kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        if kind == "page_not_found":
            raise PageFailedError(f"there is no page {self.page}")
        if kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            text = message.delta.new_element.exception.message
            raise PageFailedError(f"page {self.page} under '{self.query}' failed: {text[:300]}")
        if kind != "script_finished" or message.script_finished == _KEEP_WAITING:
            return False
        if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            raise PageFailedError(f"page {self.page} does not compile")
        return True


@asynccontextmanager
async def visiting(port: int, cookies: str) -> AsyncIterator[Visitor]:
    """A new session at the server."""
    async with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        subprotocols=["streamlit"],  # type: ignore[list-item]
        origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
        additional_headers={"Cookie": cookies} if cookies else None,
        max_size=_LARGEST_MESSAGE_BYTES,
        ping_interval=None,
    ) as connection:
        yield Visitor(connection)

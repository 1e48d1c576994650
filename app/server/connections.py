"""Connections under `daxa serve`: the limits that hold before the HTTP library reads a byte, and the clock of a sender.

The library parses a head, and the headers after a chunked body, with expressions whose time grows with the square of a
line's length, so every line is held against the limits first. It has no time for a head and none for a body.
"""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import h11
from h11._receivebuffer import ReceiveBuffer
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.server.limits import (
    HEAD_SECONDS,
    HEAD_TOO_LARGE,
    LEAST_CHUNK_BYTES,
    LEAST_WINDOW_BYTES,
    LINGER_SECONDS,
    MALFORMED,
    MOST_CHUNK_LINE_BYTES,
    MOST_SMALL_CHUNKS,
    READ_BYTES,
    TOO_MANY,
    TOO_SLOW,
    TOO_SMALL_CHUNKS,
    WINDOW_SECONDS,
    Places,
    Refusal,
    beyond_fields,
    beyond_head,
    beyond_line,
    network_of,
    plain_answer,
)


class _RefusedError(h11.RemoteProtocolError):
    """What the HTTP library receives of a head that is beyond the limits."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence, error_status_hint=refusal.status)
        self.refusal = refusal


class _Judged(ReceiveBuffer):
    """What was received and not parsed; gives the parser no line that is beyond the limits."""

    def __init__(self, connection: h11.Connection) -> None:
        super().__init__()
        self._connection = connection
        self._chunks = self._chunk_bytes = 0

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """Return the lines of a head, or of the headers after a body, once they are whole."""
        lines = super().maybe_extract_lines()
        if lines:
            is_head = self._connection.their_state is h11.IDLE
            if is_head:
                self._chunks = self._chunk_bytes = 0
            refusal = (beyond_head if is_head else beyond_fields)([bytes(line) for line in lines])
            if refusal:
                raise _RefusedError(refusal)
        return lines

    def maybe_extract_next_line(self) -> bytearray | None:
        """Return the line before a chunk once it is whole."""
        line = super().maybe_extract_next_line()
        if len(self if line is None else line) > MOST_CHUNK_LINE_BYTES:
            raise _RefusedError(MALFORMED)
        if line is not None:
            with suppress(ValueError):  # what is no number the library refuses
                self._chunk_bytes += int(line.partition(b";")[0], 16)
            self._chunks += 1
            if self._chunks > MOST_SMALL_CHUNKS and self._chunk_bytes < self._chunks * LEAST_CHUNK_BYTES:
                raise _RefusedError(TOO_SMALL_CHUNKS)
        return line


class Trusted:
    """Addresses and networks of the proxies whose own connections are not counted: they stand for many people."""

    def __init__(self, proxies: str) -> None:
        """`proxies` as in `DAXA_PROXY`: separated by commas; `*` is everybody."""
        said = [one.strip() for one in proxies.split(",") if one.strip()]
        self._all = "*" in said
        self._networks = []
        for one in said:
            try:
                self._networks.append(ipaddress.ip_network(one, strict=False))
            except ValueError:
                continue

    def __contains__(self, host: str) -> bool:
        """Whether a connection from that address is a proxy's."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return self._all
        return self._all or any(address in network for network in self._networks)


class Connection(H11Protocol):
    """One connection: counted by its address, its heads judged before they are parsed, closed where it is too slow.

    A server has a class of its own from `connections_of`.
    """

    places: Places
    trusted: Trusted
    cycle: RequestResponseCycle | None  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and begin to wait for its first head."""
        super().connection_made(transport)
        transport.max_size = READ_BYTES  # type: ignore[attr-defined]
        self.conn._receive_buffer = _Judged(self.conn)
        self.ws_protocol_class = partial(_Socket, leave=self.leave)  # type: ignore[assignment]
        self._owed = ""
        self._timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None
        self._came = self._seen = 0
        self._is_refused = self._is_handed_over = False
        host = self.client[0] if self.client else ""
        self.place: str | None = None
        if host not in self.trusted:
            if not self.places.take(network_of(host)):
                self._refuse(TOO_MANY)
                return
            self.place = network_of(host)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._owe("", 0)
        self._stop_reader_timer()
        self.leave()
        super().connection_lost(exc)

    def leave(self) -> None:
        """Give the place back, once."""
        if self.place is not None:
            self.places.give_back(self.place)
            self.place = None

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the sender was refused already."""
        if self._is_refused:
            return
        self._came += len(data)
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for a further head, or for the rest of a body that nobody reads any more."""
        super().on_response_complete()
        self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over; from now on the websocket has its own clock."""
        self._is_handed_over = True
        self._owe("", 0)
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser did not take."""
        error = sys.exception()
        if isinstance(error, _RefusedError):
            self._refuse(error.refusal)
        elif isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431:
            is_line = b"\n" not in self.conn.trailing_data[0]
            self._refuse((is_line and beyond_line(len(self.conn.trailing_data[0]))) or HEAD_TOO_LARGE)
        else:
            self._refuse(MALFORMED)

    def pause_writing(self) -> None:
        """Look whether the reader of an answer goes on reading it."""
        super().pause_writing()
        self._look_at_reader(self.transport.get_write_buffer_size() + LEAST_WINDOW_BYTES)

    def resume_writing(self) -> None:
        """Look no more: what was written is read."""
        self._stop_reader_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that nobody uses, also where its last answer is never read."""
        super().timeout_keep_alive_handler()
        if self._reader_timer is None:
            self._look_at_reader(self.transport.get_write_buffer_size() + LEAST_WINDOW_BYTES)

    def _watch(self) -> None:
        """Set the clock for what the sender owes now: a head, a body, or nothing."""
        if self._is_refused or self._is_handed_over or self.transport.is_closing():
            return
        state = self.conn.their_state
        if state is h11.IDLE:
            owes_head = self.cycle is None or bool(self.conn.trailing_data[0])
            self._owe("head" if owes_head else "", HEAD_SECONDS)
        else:
            self._owe("body" if state is h11.SEND_BODY else "", WINDOW_SECONDS)

    def _owe(self, what: str, seconds: int) -> None:
        if what != self._owed:
            self._owed = what
            if self._timer is not None:
                self._timer.cancel()
            self._seen = self._came
            self._timer = self.loop.call_later(seconds, self._overdue) if what else None

    def _overdue(self) -> None:
        """Refuse a head that is late, and a body that stands still while we would read, or that nobody reads."""
        cycle = self.cycle
        is_wanted = self._owed == "body" and cycle is not None and not cycle.response_complete
        is_our_turn = self.flow.read_paused or (cycle is not None and cycle.waiting_for_100_continue)
        if is_wanted and (is_our_turn or self._came - self._seen >= LEAST_WINDOW_BYTES):
            self._seen = self._came
            self._timer = self.loop.call_later(WINDOW_SECONDS, self._overdue)
        else:
            self._refuse(TOO_SLOW)

    def _refuse(self, refusal: Refusal) -> None:
        """Say why, where no answer has begun; read no more, and close once it can have been read."""
        self._is_refused = True
        self._unset_keepalive_if_required()
        self._owe("", 0)
        is_answered = self.cycle is not None and self.cycle.response_started and self.conn.our_state is not h11.IDLE
        if not is_answered:
            self.transport.write(plain_answer(refusal))
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.transport.can_write_eof():
            with suppress(OSError):  # the sender has gone
                self.transport.write_eof()
        self.flow.resume_reading()  # until the sender closes: bytes that nobody took would take the answer away
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _look_at_reader(self, before: int) -> None:
        """Close a connection whose reader took too little of an answer since it was last looked at."""
        left = self.transport.get_write_buffer_size()
        if before - left < LEAST_WINDOW_BYTES:
            self.transport.abort()
        else:
            self._reader_timer = self.loop.call_later(WINDOW_SECONDS, self._look_at_reader, left)

    def _stop_reader_timer(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None


class _Socket(WebSocketsSansIOProtocol):
    """A websocket, which keeps the place that its connection had."""

    def __init__(self, *arguments: Any, leave: Callable[[], None], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._leave = leave

    async def send(self, message: ASGISendEvent) -> None:
        """Send; a handshake that was refused is answered, which the library takes for a failure of ours."""
        await super().send(message)
        if self.close_sent:
            self.handshake_complete = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._leave()
        super().connection_lost(exc)


def connections_of(places: Places, proxies: str) -> type[asyncio.Protocol]:
    """The class of a server's connections, which share these places."""
    return type("ServedConnection", (Connection,), {"places": places, "trusted": Trusted(proxies)})

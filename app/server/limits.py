"""Limits of a request and of connections, each with its unit: the one place for every door, and what is beyond them.

They hold before anything of a request is parsed: `RequestLimits` asks for each request however the server was started,
`app.server.connections` for the bytes of a head before the HTTP library reads them, under `daxa serve`.
"""

from __future__ import annotations

import ipaddress
import os
import re
import resource
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MOST_LINE_BYTES = 8 * 1024
"""Bytes of a request line: method, address with its query, version."""
MOST_HEADERS = 100
"""Headers of a request."""
MOST_NAME_BYTES = 128
"""Bytes of a header's name."""
MOST_VALUE_BYTES = 8 * 1024
"""Bytes of a header's value, and of all cookies together."""
MOST_HEAD_BYTES = 24 * 1024
"""Bytes of request line and headers together."""
MOST_CHUNK_LINE_BYTES = 256
"""Bytes of the line in front of a chunk of a body."""
MOST_SMALL_CHUNKS = 64
"""Chunks of a body, of any size; of more, each has on average `LEAST_CHUNK_BYTES`, for each takes its time."""
LEAST_CHUNK_BYTES = 512
"""Bytes of a chunk, on average."""

READ_BYTES = 32 * 1024
"""Bytes that are read from one connection before others have their turn."""
HEAD_SECONDS = 10
"""Seconds from the opening of a connection, or from the first byte of a further request, until its head is whole."""
WINDOW_SECONDS = 20
"""Seconds after which it is looked at whether a body, or the reading of an answer, has gone on."""
LEAST_WINDOW_BYTES = 10 * 1024
"""Bytes that must have come or gone within such a window."""
LINGER_SECONDS = 2
"""Seconds in which a refused sender may still read why."""

SOCKETS_VARIABLE = "DAXA_SOCKETS_PER_ADDRESS"
SOCKETS_PER_ADDRESS = 256
"""Connections open at once from one address (of IPv6, from one network of 64 bits), where the setting says nothing."""
MOST_SOCKETS = 4_096
"""Connections open at once in all; at most half of the files that the process may open."""

_ONCE = (b"host", b"origin", b"content-length", b"transfer-encoding")
"""Headers that two parties may read differently where a request has them twice."""
HOST = r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
"""How a host with its port is written, as a regular expression."""
_HOST = re.compile(HOST.encode())
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not taken: a status and a sentence."""

    status: int
    sentence: str


def plain_answer(refusal: Refusal) -> bytes:
    """An answer in bytes, for a connection whose request was not parsed."""
    body = refusal.sentence.encode()
    again = "retry-after: 5\r\n" if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
        "content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n"
        f"content-length: {len(body)}\r\n{again}connection: close\r\n\r\n"
    )
    return head.encode() + body


def beyond_line(size: int) -> Refusal | None:
    """The refusal of a request line of this many bytes."""
    if size > MOST_LINE_BYTES:
        return Refusal(414, f"The request line has more than {MOST_LINE_BYTES:,} bytes.")
    return None


HEAD_TOO_LARGE = Refusal(431, f"The head of the request has more than {MOST_HEAD_BYTES:,} bytes.")
MALFORMED = Refusal(400, "The request is not well-formed.")
TOO_SMALL_CHUNKS = Refusal(400, f"Send the body with its length, or in chunks of {LEAST_CHUNK_BYTES} bytes and more.")
TOO_SLOW = Refusal(408, "The request did not come within its time.")
TOO_MANY = Refusal(503, "Too many connections are open; close some, or come again later.")


def beyond_headers(headers: Sequence[tuple[bytes, bytes]]) -> Refusal | None:
    """The refusal of these headers: too many, too large, twice what may be there once, or not well-formed."""
    if len(headers) > MOST_HEADERS:
        return Refusal(431, f"The request has more than {MOST_HEADERS} headers.")
    if sum(len(name) + len(value) + 4 for name, value in headers) > MOST_HEAD_BYTES:
        return HEAD_TOO_LARGE
    for name, value in headers:
        if len(name) > MOST_NAME_BYTES or len(value) > MOST_VALUE_BYTES:
            said = name[:40].decode("latin-1") if name[:40].isascii() and name[:40].isalnum() else "A header"
            return Refusal(431, f"{said}: a name has at most {MOST_NAME_BYTES} bytes, a value {MOST_VALUE_BYTES:,}.")
        if _CONTROL.search(value):
            return MALFORMED
    lower = [(name.lower(), value) for name, value in headers]
    if sum(len(value) for name, value in lower if name == b"cookie") > MOST_VALUE_BYTES:
        return Refusal(431, f"The cookies of the request have more than {MOST_VALUE_BYTES:,} bytes.")
    times = Counter(name for name, _ in lower)
    hosts = [value for name, value in lower if name == b"host"]
    is_framed_twice = times[b"content-length"] and times[b"transfer-encoding"]
    if is_framed_twice or any(times[name] > 1 for name in _ONCE) or not all(_HOST.fullmatch(host) for host in hosts):
        return MALFORMED
    return None


def beyond_head(lines: Sequence[bytes]) -> Refusal | None:
    """The refusal of a whole head by its lines, as they came: the first is the request line."""
    if refusal := beyond_line(len(lines[0])):
        return refusal
    return beyond_fields(lines[1:])


def beyond_fields(lines: Iterable[bytes]) -> Refusal | None:
    """The refusal of header lines as they came, of a head or after a body; no header goes over several lines."""
    split = [line.partition(b":") for line in lines]
    if any(not colon or name[:1] in (b" ", b"\t") for name, colon, _ in split):
        return MALFORMED
    return beyond_headers([(bytes(name), bytes(value).strip(b" \t")) for name, _, value in split])


def only_plain_cookies(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with one cookie header and no cookie with a backslash, which none of ours has (RFC 6265, 4.1.1)."""
    kept: list[tuple[bytes, bytes]] = []
    cookies: list[bytes] = []
    for name, value in headers:
        if name.lower() == b"cookie":
            cookies += [pair.strip() for pair in value.split(b";") if b"\\" not in pair]
        else:
            kept.append((name, value))
    return [*kept, (b"cookie", b"; ".join(cookies))] if cookies else kept


def network_of(host: str) -> str:
    """What connections are counted by: an address, of IPv6 the network of 64 bits that one line has."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def sockets_per_address() -> int:
    """The setting, or what holds without one; ValueError where it is no number that there can be."""
    said = os.environ.get(SOCKETS_VARIABLE, "").strip()
    if not said:
        return SOCKETS_PER_ADDRESS
    if not said.isascii() or not said.isdecimal() or not 1 <= int(said) <= MOST_SOCKETS:
        raise ValueError(f"{SOCKETS_VARIABLE} is a number of connections from 1 to {MOST_SOCKETS:,}, not '{said[:40]}'")
    return int(said)


def most_sockets() -> int:
    """Connections in all: half of the files that the process may open, after asking for as many as it may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MOST_SOCKETS if hard == resource.RLIM_INFINITY else min(hard, 4 * MOST_SOCKETS)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return min(MOST_SOCKETS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


@dataclass(slots=True)
class Places:
    """How many connections, or requests, there are at once by address; asked by the event loop alone."""

    each: int
    in_all: int
    _taken: Counter[str] = field(default_factory=Counter)
    _all: int = 0

    def take(self, address: str) -> bool:
        """Take a place; False where the address, or everybody, has as many as there are."""
        if self._taken[address] >= self.each or self._all >= self.in_all:
            return False
        self._taken[address] += 1
        self._all += 1
        return True

    def give_back(self, address: str) -> None:
        """Give a place back that was taken."""
        self._all -= 1
        self._taken[address] -= 1
        if not self._taken[address]:
            del self._taken[address]


class RequestLimits:
    """The outer layer of the application: refuses what is beyond the limits, and passes on plain cookies only.

    It counts requests and websockets by the address that the trusted proxy names, where there is one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._places = Places(sockets_per_address(), MOST_SOCKETS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the others answer."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if refusal := _beyond(scope):
            await refuse(scope, receive, send, refusal)
            return
        address = network_of((scope.get("client") or ("",))[0])
        if not self._places.take(address):
            await refuse(scope, receive, send, TOO_MANY)
            return
        try:
            with suppress(ClientDisconnect):  # who has gone needs no answer
                await self._app({**scope, "headers": only_plain_cookies(scope["headers"])}, receive, send)
        finally:
            self._places.give_back(address)


def _beyond(scope: Scope) -> Refusal | None:
    line = len(scope.get("method", "GET")) + len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
    if refusal := beyond_line(line) or beyond_headers(scope["headers"]):
        return refusal
    return None if scope["path"].startswith("/") else MALFORMED  # the address of another server is none of ours


async def refuse(scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
    """Answer a request or a handshake with a refusal; a websocket that was not opened is answered in HTTP, too."""
    headers = {"Cache-Control": "no-store"} | (
        {"Retry-After": "5"} if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    )
    answer = PlainTextResponse(refusal.sentence, refusal.status, headers=headers)
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await answer(scope, receive, send)

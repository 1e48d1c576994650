"""Limits before anything is parsed: what is too large, too slow, too often or not well-formed stops nobody else."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.server import connections, limits
from app.server.connections import Trusted, connections_of
from app.server.limits import (
    MOST_HEAD_BYTES,
    MOST_HEADERS,
    MOST_LINE_BYTES,
    MOST_NAME_BYTES,
    MOST_VALUE_BYTES,
    Places,
    RequestLimits,
    beyond_headers,
    network_of,
    only_plain_cookies,
    sockets_per_address,
)

HOST = b"Host: 127.0.0.1\r\n"
HANDSHAKE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads all of a body and says how long it was and which cookies came; a websocket is opened and held."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
    elif scope["path"] == "/unread":
        await PlainTextResponse("not read")(scope, receive, send)
    elif scope["path"] == "/large":
        await PlainTextResponse(b"x" * 40_000_000)(scope, receive, send)
    else:
        size, goes_on = 0, True
        while goes_on:
            message = await receive()
            goes_on = message.get("more_body", False)
            size += len(message.get("body", b""))
        cookies = b"|".join(value for name, value in scope["headers"] if name == b"cookie")
        await PlainTextResponse(b"%d %s" % (size, cookies))(scope, receive, send)


@contextmanager
def listening(app: ASGIApp = echo, *, each: int = 50, proxies: str = "") -> Iterator[int]:
    """The port of a server in this process, over the connections that `daxa serve` has."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        config = uvicorn.Config(
            RequestLimits(app),
            log_config=None,
            http=connections_of(Places(each, 1_000), proxies),
            h11_max_incomplete_event_size=MOST_HEAD_BYTES,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies or None,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=asyncio.run, args=(server.serve([listener]),))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = server.force_exit = True
            thread.join(30)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening() as number:
        yield number


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server whose patience is short; what it asks of a sender is the same."""
    for module in (connections, limits):
        for name in ("HEAD_SECONDS", "WINDOW_SECONDS"):
            monkeypatch.setattr(module, name, 0.5)
    with listening() as number:
        yield number


def opened(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    came = bytearray()
    with suppress(ConnectionResetError):
        while piece := connection.recv(1_000_000):
            came += piece
    return bytes(came)


def ask(port: int, *pieces: bytes) -> bytes:
    """All that a server answers to these bytes."""
    with closing(opened(port)) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break
        return all_of(connection)


def get(*headers: bytes, target: bytes = b"/", close: bool = True, host: bytes = HOST) -> bytes:
    end = b"Connection: close\r\n" if close else b""
    return b"GET " + target + b" HTTP/1.1\r\n" + host + b"".join(headers) + end + b"\r\n"


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12])


BEYOND = {
    "a long request line": (414, get(target=b"/" + b"a" * MOST_LINE_BYTES)),
    "a request line without an end": (414, b"GET /" + b"a" * 200_000),
    "a cookie of backslashes": (431, get(b'Cookie: a="' + b"\\" * 60_000 + b'"\r\n')),
    "many cookies": (431, get(*[b"Cookie: a=" + b"b" * 1_000 + b"\r\n"] * 9)),
    "a large header": (431, get(b"X: " + b"a" * (MOST_VALUE_BYTES + 1) + b"\r\n")),
    "large headers together": (431, get(*[b"X: " + b"a" * 8_000 + b"\r\n"] * 4)),
    "a header without an end": (431, b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 200_000),
    "a long name": (431, get(b"x" * (MOST_NAME_BYTES + 1) + b": 1\r\n")),
    "a huge name": (431, get(b"x" * 100_000 + b": 1\r\n")),
    "many small headers": (431, get(*[b"a: b\r\n"] * (MOST_HEADERS + 1))),
    "blanks before what no header may hold": (400, get(b"X:" + b" " * 8_000 + b"\x00\r\n")),
    "a tab and a vertical tab": (400, get(b"X:" + b"\t" * 8_000 + b"\x0ba\r\n")),
    "a return inside of a header": (400, get(b"X: a\rb\r\n")),
    "a header over two lines": (400, get(b"X: a\r\n b\r\n")),
    "no colon": (400, get(b"X\r\n")),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, get(b"Host: other\r\n")),
    "two origins": (400, get(b"Origin: http://127.0.0.1\r\nOrigin: http://other\r\n")),
    "two lengths": (400, get(b"Content-Length: 1\r\nContent-Length: 2\r\n")),
    "a length and chunks": (400, get(b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")),
    "chunks twice": (400, get(b"Transfer-Encoding: gzip, chunked\r\nTransfer-Encoding: chunked\r\n")),
    "a host that is none": (400, get(host=b"Host: 127.0.0.1/@other\r\n")),
    "the address of another server": (400, get(target=b"http://other/")),
    "no HTTP": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    "HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a negative length": (400, get(b"Content-Length: -1\r\n")),
}


@pytest.mark.parametrize("is_handshake", [False, True], ids=["request", "handshake"])
@pytest.mark.parametrize("name", BEYOND)
def test_what_is_beyond_a_limit_is_refused_with_a_plain_sentence(port: int, name: str, is_handshake: bool) -> None:
    expected, request = BEYOND[name]
    if is_handshake:
        request = request.replace(HOST, HOST + HANDSHAKE, 1).replace(b"Connection: close\r\n", b"")
    answer = ask(port, request)
    assert status(answer) == expected
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: text/plain; charset=utf-8" in head.lower()
    assert body.endswith(b".") and b"Traceback" not in body
    assert status(ask(port, get())) == 200


def test_a_further_request_of_a_connection_is_held_against_the_limits_too(port: int) -> None:
    for first in (get(close=False), get(close=False) * 3):
        answers = ask(port, first + get(b"X:" + b" " * 8_000 + b"\x00\r\n"))
        assert [answers.count(b"HTTP/1.1 200"), answers.count(b"HTTP/1.1 400")] == [first.count(b"GET"), 1]


def test_headers_after_a_body_are_held_against_the_limits_too(port: int) -> None:
    body = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    assert status(ask(port, body + b"X:" + b" " * 8_000 + b"\x00\r\n\r\n")) == 400
    assert status(ask(port, body + b"a: b\r\n" * (MOST_HEADERS + 1) + b"\r\n")) == 431
    assert status(ask(port, body + b"X: a\r\n\r\n" + get())) == 200


@pytest.mark.parametrize("line", [b"3;" + b"x" * 300 + b"\r\n", b"3;" + b" " * 40_000, b"f" * 300])
def test_the_line_before_a_chunk_is_short(port: int, line: bytes) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    assert status(ask(port, head + line)) == 400


def test_a_body_does_not_come_in_a_great_many_small_chunks(port: int) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n"
    for flood in (b"1\r\nx\r\n" * 5_000, b"200\r\n" + b"x" * 512 + b"\r\n" + b"1\r\nx\r\n" * 5_000):
        answer = ask(port, head + b"\r\n", flood)
        assert status(answer) == 400 and b"in chunks of 512 bytes and more" in answer
    # Each body has its own small chunks, and large ones make up for small ones.
    small, large = b"1\r\nx\r\n" * 60 + b"0\r\n\r\n", b"400\r\n" + b"x" * 1_024 + b"\r\n"
    assert ask(port, (head + b"\r\n" + small) * 3 + get()).count(b"HTTP/1.1 200") == 4
    whole = ask(port, head + b"Connection: close\r\n\r\n" + (large * 10 + b"1\r\nx\r\n" * 5) * 20 + b"0\r\n\r\n")
    assert whole.endswith(b"204900 ")


def test_what_is_within_the_limits_is_let_through(port: int) -> None:
    largest = get(
        b"Cookie: a=" + b"b" * (MOST_VALUE_BYTES - 2) + b"\r\n",
        *[b"x" * MOST_NAME_BYTES + b": 1\r\n"] * (MOST_HEADERS - 3),
        target=b"/" + b"a" * 1_000,
    )
    assert status(ask(port, largest)) == 200
    chunks = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert ask(port, chunks, *[b"1\r\nx\r\n"] * 50, b"0\r\n\r\n").endswith(b"50 ")
    whole = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3000000\r\nConnection: close\r\n\r\n" + b"x" * 3_000_000
    assert ask(port, whole).endswith(b"3000000 ")


def test_cookies_with_a_backslash_reach_nobody(port: int) -> None:
    cookies = b'Cookie: daxa_session=s; other="\\"\\054"; daxa_form=f\r\nCookie: b="' + b"\\" * 4_000 + b'"; last=l\r\n'
    assert ask(port, get(cookies)).endswith(b"0 daxa_session=s; daxa_form=f; last=l")
    assert only_plain_cookies([(b"accept", b"*/*"), (b"Cookie", b'a="\\"')]) == [(b"accept", b"*/*")]


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\nX", get(close=False) + b"G"])
def test_a_head_that_does_not_come_is_closed(hasty: int, begun: bytes) -> None:
    answer = ask(hasty, begun)
    assert answer.count(b"HTTP/1.1 408 ") == 1 and answer.endswith(b"The request did not come within its time.")


def test_a_head_has_its_time_as_a_whole_however_often_a_byte_comes(hasty: int) -> None:
    with closing(opened(hasty)) as connection:
        connection.settimeout(0.05)
        connection.sendall(b"GET / HTTP/1.1\r\n" + HOST)
        answer = b""
        for _ in range(2_000):  # a byte each 50 ms never ends by itself
            try:
                connection.sendall(b"X: 1\r\n")
                answer = connection.recv(1_000)
                break
            except TimeoutError:
                continue
        assert status(answer) == 408


@pytest.mark.parametrize("kind", [b"Content-Length: 100000\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_that_stands_still_or_drips_is_closed(hasty: int, kind: bytes) -> None:
    assert status(ask(hasty, b"POST / HTTP/1.1\r\n" + HOST + kind + b"\r\n", b"1\r\nx\r\n")) == 408


def test_a_websocket_is_no_late_head_and_no_late_body(hasty: int) -> None:
    with closing(opened(hasty)) as connection:
        connection.sendall(get(HANDSHAKE, close=False))
        assert status(connection.recv(1_000)) == 101
        connection.settimeout(2)  # four windows
        with pytest.raises(TimeoutError):
            connection.recv(1_000)
        connection.sendall(b"\x89\x80" + bytes(4))  # a ping
        assert connection.recv(2) == b"\x8a\x00"


def test_a_body_that_nobody_reads_any_more_is_not_taken_for_ever(hasty: int) -> None:
    with closing(opened(hasty)) as connection:
        connection.sendall(b"POST /unread HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while True:
                connection.sendall(b"400\r\n" + b"x" * 1_024 + b"\r\n")
                time.sleep(0.001)
                sent += 1
        assert sent


def test_a_body_that_goes_on_may_take_longer_than_a_window(hasty: int) -> None:
    with closing(opened(hasty)) as connection:
        head = b"Content-Length: 200000\r\nConnection: close\r\n\r\n"
        connection.sendall(b"POST / HTTP/1.1\r\n" + HOST + head)
        for _ in range(20):  # two windows and more
            connection.sendall(b"x" * 10_000)
            time.sleep(0.07)
        assert all_of(connection).endswith(b"200000 ")


def test_whoever_does_not_read_the_answer_loses_the_connection(hasty: int) -> None:
    with closing(opened(hasty)) as connection:
        connection.sendall(get(target=b"/large", close=False))
        time.sleep(3)
        assert len(all_of(connection)) < 40_000_000
    assert len(ask(hasty, get(target=b"/large"))) > 40_000_000


def test_an_address_has_so_many_connections_and_no_more() -> None:
    with listening(each=3) as port, ExitStack() as stack:
        held = [stack.enter_context(closing(opened(port))) for _ in range(2)]
        socket_held = stack.enter_context(closing(opened(port)))
        socket_held.sendall(get(HANDSHAKE, close=False))
        assert status(socket_held.recv(1_000)) == 101
        refused = ask(port, get())
        assert status(refused) == 503 and b"retry-after: 5" in refused
        held[0].close()
        assert _soon(lambda: status(ask(port, get()))) == 200
        socket_held.close()
        assert _soon(lambda: status(ask(port, get()))) == 200


def test_behind_a_proxy_the_addresses_it_names_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.SOCKETS_VARIABLE, "2")
    with listening(each=1, proxies="127.0.0.1") as port, ExitStack() as stack:

        def hold(address: bytes) -> bytes:
            connection = stack.enter_context(closing(opened(port)))
            connection.sendall(get(HANDSHAKE, b"X-Forwarded-For: " + address + b"\r\n", close=False))
            return connection.recv(1_000)

        assert [status(hold(b"203.0.113.7")) for _ in range(3)] == [101, 101, 503]
        assert status(hold(b"203.0.113.8")) == 101
        # Of IPv6 one line has a whole network.
        assert [status(hold(b"2001:db8::%d" % each)) for each in range(3)] == [101, 101, 503]


def test_nobody_names_an_address_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.SOCKETS_VARIABLE, "100")
    with listening(each=2) as port, ExitStack() as stack:
        held = [stack.enter_context(closing(opened(port))) for _ in range(2)]
        for number, connection in enumerate(held):
            connection.sendall(get(b"X-Forwarded-For: 203.0.113.%d\r\n" % number, close=False))
            assert status(connection.recv(1_000)) == 200
        assert status(ask(port, get(b"X-Forwarded-For: 203.0.113.9\r\n"))) == 503


def _soon(told: Callable[[], Any]) -> Any:
    """What is told once it is no 503 any more."""
    for _ in range(100):
        if (answer := told()) != 503:
            return answer
        time.sleep(0.1)
    return 503


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("/run/daxa.sock", "/run/daxa.sock"),
    ],
)
def test_connections_are_counted_by_what_one_line_has(host: str, network: str) -> None:
    assert network_of(host) == network


def test_proxies_are_named_by_address_or_network() -> None:
    assert "10.1.2.3" in Trusted("192.0.2.1, 10.0.0.0/8") and "192.0.2.1" in Trusted("192.0.2.1, 10.0.0.0/8")
    assert "11.1.2.3" not in Trusted("192.0.2.1, 10.0.0.0/8") and "" not in Trusted("") and "" in Trusted("*")


@pytest.mark.parametrize("said", ["0", "-1", "x", "1.5", "5000", "٣"])
def test_the_setting_of_connections_is_a_number_that_there_can_be(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(limits.SOCKETS_VARIABLE, said)
    with pytest.raises(ValueError, match=limits.SOCKETS_VARIABLE):
        sockets_per_address()


def test_a_header_is_named_in_a_refusal_only_where_that_is_harmless() -> None:
    for name, said in ((b"authorization", "authorization: "), (b"<script>", "A header: "), (b"\xff", "A header: ")):
        refusal = beyond_headers([(name, b"x" * (MOST_VALUE_BYTES + 1))])
        assert refusal is not None and refusal.sentence.startswith(said)

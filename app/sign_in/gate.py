"""The gate in front of the screens: nobody without a live session reaches a page, its websocket, media or uploads.

Pure ASGI: Starlette's BaseHTTPMiddleware wraps bodies and knows no websockets. What happens on a websocket after it was
let through the gate does not see; it closes it within seconds once the session is ended or the person disabled, and the
screens ask for the session again with every run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.operations import HEALTH, METRICS, READY
from app.server.origin import scheme_of
from app.server.screens import SCRIPT
from app.server.security import language_of
from app.sign_in.addresses import SIGN_IN, SIGN_OUT, SSO, SSO_RETURN, local, sign_in_address
from app.sign_in.cookies import SESSION_COOKIE, cookie_in, cookie_name
from app.sign_in.documents import closed_page
from app.sign_in.handed import was_made_for
from etl.records.engine import RecordsUnavailableError
from etl.records.sessions import SignedIn, is_ended, session_of
from etl.store import Store

OPEN = frozenset(
    {
        SIGN_IN,
        SIGN_OUT,
        SSO,
        SSO_RETURN,
        "/api",
        HEALTH,
        READY,
        METRICS,
        SCRIPT,
        "/favicon.ico",
        "/favicon.png",
        "/_stcore/health",
        "/_stcore/host-config",
    }
)
"""Addresses that anybody may ask for."""

OPEN_FOLDERS = ("/api/", "/static/", "/app/static/")
"""And all that lies below these: the exchanges' door asks for a token of its own, the others hold no data."""

ASK_AGAIN_SECONDS = 3
"""Seconds after which it is asked again whether whoever has an open websocket may have it."""
_NO_ENTRY = 4401
"""The code that a websocket is closed with; the script of the screens then asks for the page anew."""
_MEDIA = "/media/"

Titled = Callable[[str, SignedIn, str], str | None]
"""The title of the page at a path, in a language, where whoever is signed in may not see it; None where they may."""
First = Callable[[SignedIn], str]
"""The name of the page that whoever is signed in sees at `/`."""


class Gate:
    """Lets those through who are signed in; sends the others to sign in, or away."""

    def __init__(self, app: ASGIApp, *, store: Callable[[], Store], closed: Titled, first: First) -> None:
        """`store` is opened by the first who asks; `closed` names a page that a person may not see."""
        self._app, self._store, self._closed, self._first = app, store, closed, first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the screens answer."""
        if scope["type"] not in ("http", "websocket") or is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            signed_in = await run_in_threadpool(self._signed_in, scope)
        except RecordsUnavailableError:
            await _refuse(scope, receive, send, PlainTextResponse("The records are not available just now.", 503))
            return
        if signed_in is None:
            await _refuse(scope, receive, send, _to_sign_in(scope))
        elif scope["type"] == "websocket":
            await self._while_signed_in(scope, receive, send)
        elif scope["path"].startswith(_MEDIA):
            await self._app(_whole(scope), receive, _Held(scope, receive, send, signed_in.person.id))
        elif not is_document(scope):
            await self._app(scope, receive, send)
        elif title := self._closed(scope["path"], signed_in, language_of(scope)):
            page = closed_page(title, signed_in.person.role, language_of(scope))
            await HTMLResponse(page, 403, headers=_UNKEPT)(scope, receive, send)
        elif scope["path"] == f"/{self._first(signed_in)}":
            # Streamlit knows its first page by no other address than `/`; in a link every page has its name.
            query = scope.get("query_string", b"").decode("latin-1")
            await RedirectResponse(f"/?{query}" if query else "/", 303, headers=_UNKEPT)(scope, receive, send)
        else:
            await self._app(scope, receive, _unkept(send))

    def _signed_in(self, scope: Scope) -> SignedIn | None:
        session = _session_in(scope)
        return session_of(self._store().engine, session, datetime.now(UTC)) if session else None

    async def _while_signed_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the screens answer on a websocket; close it once its session is ended or its person disabled."""
        is_closed = False

        async def sent(message: Message) -> None:
            if not is_closed:
                await send(message)

        screens = asyncio.ensure_future(self._app(scope, receive, sent))
        try:
            while not (await asyncio.wait({screens}, timeout=ASK_AGAIN_SECONDS))[0]:
                if not is_closed and await run_in_threadpool(self._is_ended, scope):
                    is_closed = True
                    with suppress(OSError):  # gone meanwhile
                        await send({"type": "websocket.close", "code": _NO_ENTRY})
            screens.result()
        finally:
            screens.cancel()

    def _is_ended(self, scope: Scope) -> bool:
        try:
            return is_ended(self._store().engine, _session_in(scope) or "")
        except RecordsUnavailableError:
            return False  # asked again


def _session_in(scope: Scope) -> str | None:
    return cookie_in(scope["headers"], cookie_name(SESSION_COOKIE, is_secure=scheme_of(scope) == "https"))


def is_open(path: str) -> bool:
    """True for an address that anybody may ask for."""
    return path in OPEN or (path.startswith(OPEN_FOLDERS) and not {"..", "."} & set(path.split("/")))


def is_document(scope: Scope) -> bool:
    """True where a browser asks for a page, and not for a part of one."""
    return scope.get("method") in ("GET", "HEAD") and "text/html" in Headers(scope=scope).get("accept", "")


_UNKEPT = {"Cache-Control": "no-store"}
"""After signing out the browser has nothing to go back to."""


def _to_sign_in(scope: Scope) -> Response:
    if scope["type"] == "http" and is_document(scope):
        query = scope.get("query_string", b"").decode("latin-1")
        raw = scope.get("raw_path") or scope["path"].encode()
        wanted = raw.decode("latin-1") + (f"?{query}" if query else "")
        return RedirectResponse(sign_in_address(local(wanted), language_of(scope)), 303, headers=_UNKEPT)
    return PlainTextResponse("Sign in first.", 401, headers=_UNKEPT)


async def _refuse(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": _NO_ENTRY})
    else:
        await answer(scope, receive, send)


def _unkept(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [pair for pair in message["headers"] if pair[0].lower() != b"cache-control"]
            message = {**message, "headers": [*headers, (b"cache-control", b"no-store")]}
        await send(message)

    return sent


def _whole(scope: Scope) -> Scope:
    """The request for all of a file, plain, whatever part of it was asked for."""
    parts = (b"range", b"if-range", b"accept-encoding", b"if-none-match", b"if-modified-since")
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() not in parts]}


class _Held:
    """Holds an attachment back until all of it is there, and lets it go where it was made for this person."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, person: str) -> None:
        self._scope, self._receive, self._send, self._person = scope, receive, send, person
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Take the next piece of the answer."""
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            if not headers.get("content-disposition", "").startswith("attachment"):
                await _unkept(self._send)(message)
                return
            self._start = message
            return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        # Whoever asks only for the head of a file learns no more than that it is not theirs.
        if was_made_for(self._person, bytes(self._body)):
            await _unkept(self._send)(self._start)
            await self._send({"type": "http.response.body", "body": bytes(self._body)})
        else:
            await PlainTextResponse("File not found", 404, headers=_UNKEPT)(self._scope, self._receive, self._send)

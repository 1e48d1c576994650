"""What every answer carries: headers that keep the browser from talking to others, and its language.

Pure ASGI: Starlette's BaseHTTPMiddleware wraps bodies and knows no websockets.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, quote

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.limits import Refusal, refuse
from app.server.origin import host_of, scheme_of
from app.server.screens import document
from app.words import LANGUAGES

PROXY_VARIABLE = "DAXA_PROXY"
"""Address of the proxy that speaks TLS in front of the dashboard; its word for who asks, and how, is believed.

Without it nobody's is: whoever could name an address of their own choosing would never wait after failed attempts.
"""


def _inline_script_digests() -> str:
    """Digests of the inline scripts in Streamlit's page, so that no other inline script may run."""
    origin = find_spec("streamlit")
    if origin is None or origin.origin is None:
        return ""
    page = (Path(origin.origin).parent / "static" / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


_CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' 'wasm-unsafe-eval' {_inline_script_digests()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_OVER_TLS = (b"strict-transport-security", b"max-age=31536000")
"""A browser asks for the host over TLS alone for a year."""
_NO_TLS = Refusal(403, "Ask over TLS; what was sent without it has been seen on the way.")


class SecurityHeaders:
    """Adds the headers that an answer does not set itself; behind a proxy of TLS, people are sent to TLS."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers added."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        is_secure = scheme_of(scope) == "https"

        async def with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                given = [_secured(header) if is_secure else header for header in message["headers"]]
                present = {name.lower() for name, _ in given}
                missing = [header for header in _headers_for(scope) if header[0] not in present]
                message = {**message, "headers": [*given, *missing]}
            await send(message)

        if _came_past_tls(scope):
            await _to_tls(scope, receive, with_headers)
        else:
            await self._app(scope, receive, with_headers)


def _headers_for(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers of an answer to this request."""
    is_secure = scheme_of(scope) == "https"
    # Browsers differ in whether 'self' holds for websockets: they are named, of this host alone.
    host = host_of(scope)
    sockets = [f"wss://{host}"] if is_secure else [f"ws://{host}", f"wss://{host}"]
    connect = " ".join(["connect-src 'self'", *(sockets if host else ())])
    headers = [*HEADERS, (b"content-security-policy", f"{_CONTENT_POLICY}; {connect}".encode())]
    if is_secure:
        headers.append(_OVER_TLS)
    if scope["path"].startswith("/api/"):
        headers.append((b"cache-control", b"no-store"))
    return headers


def _secured(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A cookie that comes over TLS goes back over TLS alone, whoever sets it."""
    name, value = header
    if name.lower() != b"set-cookie" or b"secure" in [part.strip().lower() for part in value.split(b";")]:
        return header
    return name, value + b"; Secure"


def _came_past_tls(scope: Scope) -> bool:
    """Whether the proxy that speaks TLS says that a request came without."""
    is_forwarded = any(name.lower() == b"x-forwarded-proto" for name, _ in scope["headers"])
    return is_forwarded and bool(os.environ.get(PROXY_VARIABLE, "").strip()) and scheme_of(scope) == "http"


async def _to_tls(scope: Scope, receive: Receive, send: Send) -> None:
    """Send a reader to the same address over TLS; what holds a token or a password is refused and not sent again."""
    host = host_of(scope)
    if scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD") or not host or _holds_a_token(scope):
        await refuse(scope, receive, send, _NO_TLS)
        return
    query = scope["query_string"].decode("latin-1")
    path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    address = f"https://{host}{path}" + (f"?{query}" if query else "")
    await Response(status_code=308, headers={"Location": address, "Cache-Control": "no-store"})(scope, receive, send)


def _holds_a_token(scope: Scope) -> bool:
    return any(name.lower() == b"authorization" for name, _ in scope["headers"])


class HtmlLanguage:
    """Has Streamlit's document say its language, its title and the script of ours, which it fixes to its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the document's language changed; everything but documents passes untouched."""
        if scope["type"] != "http" or b"text/html" not in dict(scope["headers"]).get(b"accept", b""):
            await self._app(scope, receive, send)
            return
        # The document must come whole, plain and new to be changed.
        unwanted = (b"accept-encoding", b"if-none-match", b"if-modified-since")
        plain = {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() not in unwanted]}
        start: Message = {}
        body = b""

        async def changed(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = document(body, language_of(scope))
            dropped = (b"content-length", b"etag", b"last-modified")
            headers = [pair for pair in start["headers"] if pair[0].lower() not in dropped]
            await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
            await send({"type": "http.response.body", "body": body})

        await self._app(plain, receive, changed)


def language_of(scope: Scope) -> str:
    """The language that the address asks for, else the first one."""
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [""])[0]
    return asked if asked in LANGUAGES else LANGUAGES[0]

"""What every answer carries: headers that keep the browser from talking to others, and its language.

Pure ASGI: Starlette's BaseHTTPMiddleware wraps bodies and knows no websockets.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.screens import document
from app.words import LANGUAGES


def _inline_script_digests() -> str:
    """Digests of the inline scripts in Streamlit's page, so that no other inline script may run."""
    origin = find_spec("streamlit")
    if origin is None or origin.origin is None:
        return ""
    page = (Path(origin.origin).parent / "static" / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' 'wasm-unsafe-eval' {_inline_script_digests()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss:",
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
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"content-security-policy", CONTENT_POLICY.encode()),
)


class SecurityHeaders:
    """Adds the headers to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers added."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                missing = [header for header in HEADERS if header[0] not in present]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


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

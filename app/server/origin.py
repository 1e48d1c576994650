"""Where a request comes from: only our own pages may open a websocket, send a form, or ask with a script.

It is decided before Streamlit sees the request. Streamlit lets pages of any server on this machine in, and for others
it asks a server outside for this machine's address, inside the event loop, which stops everybody where the network is
closed.
"""

from __future__ import annotations

import os
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.server.limits import HOST, Refusal, refuse

ORIGIN_VARIABLE = "DAXA_ORIGIN"
"""The address that people have the dashboard at, such as `https://daxa.example`: the only origin then."""

_ORIGIN = re.compile(rf"(https?)://({HOST})", re.IGNORECASE)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": ":80", "https": ":443"}
_FOREIGN = Refusal(403, "This request comes from another site than this one, and is not taken.")


def configured_origin() -> tuple[str, str] | None:
    """Scheme and host that the environment names; None where it names none. ValueError where that is no origin."""
    said = os.environ.get(ORIGIN_VARIABLE, "").strip().removesuffix("/")
    if not said:
        return None
    if (origin := _parts(said)) is None:
        raise ValueError(f"{ORIGIN_VARIABLE} is an origin such as https://daxa.example, not '{said[:80]}'")
    return origin


class OwnOrigin:
    """Refuses what other sites have a browser send; what passes is told to the others as from this very host."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._configured = app, configured_origin()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the others answer."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if not (self._is_own(origin, scope, headers) if origin is not None else _may_be_silent(scope, headers)):
            await refuse(scope, receive, send, _FOREIGN)
            return
        if origin is not None:  # ports that go without saying, capitals and a proxy's names are settled here
            own = f"{scheme_of(scope)}://{headers.get('host', '')}".encode("latin-1")
            said = [(name, own if name == b"origin" else value) for name, value in scope["headers"]]
            scope = {**scope, "headers": said}
        await self._app(scope, receive, send)

    def _is_own(self, origin: str, scope: Scope, headers: Headers) -> bool:
        said = _parts(origin)
        if said is None or self._configured is not None:
            return said is not None and said == self._configured
        scheme, _ = said
        # Over TLS only TLS; without, a proxy that we were not told of may speak it.
        is_as_safe = scheme == "https" or scheme_of(scope) == "http"
        return is_as_safe and _parts(f"{scheme}://{headers.get('host', '')}") == said


def scheme_of(scope: Scope) -> str:
    """`https` or `http`, as the request came, or as the proxy that we trust says."""
    return "https" if scope.get("scheme") in ("https", "wss") else "http"


def host_of(scope: Scope) -> str:
    """The host that a request is for, as people write it: the configured one, else the one that it asks for."""
    if (configured := configured_origin()) is not None:
        return configured[1]
    host = Headers(scope=scope).get("host", "")
    return host if re.fullmatch(HOST, host) else ""


def _parts(origin: str) -> tuple[str, str] | None:
    """Scheme and host with its port, in small letters and without the port that goes without saying."""
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        return None
    scheme = found[1].lower()
    return scheme, found[2].lower().removesuffix(_PORTS[scheme])


def _may_be_silent(scope: Scope, headers: Headers) -> bool:
    """Whether a request may say nothing of where it comes from: machines do; browsers open no websocket so."""
    if scope["type"] == "websocket":
        return False
    return scope["method"] in _SAFE or headers.get("sec-fetch-site", "none") in ("same-origin", "none")

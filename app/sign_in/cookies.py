"""The two cookies of signing in: the session's, and the one that a form must come back with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SESSION_COOKIE = "daxa_session"
"""Holds the session's id and nothing else; scripts cannot read it, and other sites cannot post with it."""

FORM_COOKIE = "daxa_form"
"""Holds half of what a form repeats in a hidden field, so that no other site can send one in somebody's name."""

_OF_THIS_HOST = "__Host-"
"""Browsers take a cookie called so over TLS alone, from this very host, so that no neighbour of it can plant one."""


def cookie_name(name: str, *, is_secure: bool) -> str:
    """What a cookie of ours is called, over TLS or without; no other name is read there."""
    return f"{_OF_THIS_HOST}{name}" if is_secure else name


def cookie_in(headers: Iterable[tuple[bytes, bytes]], name: str) -> str | None:
    """The value of a cookie in the headers of a request; the first one where several are called so."""
    for header, value in headers:
        if header.lower() == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                known, _, content = pair.strip().partition("=")
                if known == name:
                    return content.strip('"')
    return None


def session_among(cookies: Mapping[str, str]) -> str | None:
    """The session's id among the cookies of a websocket, which the gate let in by the name that holds there."""
    return cookies.get(cookie_name(SESSION_COOKIE, is_secure=True)) or cookies.get(SESSION_COOKIE)

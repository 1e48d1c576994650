"""The two cookies of signing in: the session's, and the one that a form must come back with."""

from __future__ import annotations

from collections.abc import Iterable

SESSION_COOKIE = "daxa_session"
"""Holds the session's id and nothing else; scripts cannot read it, and other sites cannot post with it."""

FORM_COOKIE = "daxa_form"
"""Holds what a form repeats in a hidden field, so that no other site can send one in somebody's name."""


def cookie_in(headers: Iterable[tuple[bytes, bytes]], name: str) -> str | None:
    """The value of a cookie in the headers of a request; the first one where several are called so."""
    for header, value in headers:
        if header.lower() == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                known, _, content = pair.strip().partition("=")
                if known == name:
                    return content.strip('"')
    return None

"""Addresses of signing in, and the one that somebody wanted before: only ever a page of this dashboard."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

from app.words import LANGUAGES

SIGN_IN, SIGN_OUT = "/login", "/logout"
SSO, SSO_RETURN = "/sso/login", "/oauth2callback"

_LONGEST = 2_000
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f-\U0010ffff]*")
"""One leading slash, then what stands in an address: a browser reads '//' and '/\\' as the start of another host."""


def local(address: str | None) -> str:
    """The address where it is one of this dashboard's pages, else the first page."""
    if not address or len(address) > _LONGEST or not _LOCAL.fullmatch(address):
        return "/"
    path = urlsplit(address).path
    return "/" if path in (SIGN_IN, SIGN_OUT, SSO, SSO_RETURN) or path.startswith("/api/") else address


def sign_in_address(wanted: str = "/", language: str = LANGUAGES[0], **more: str) -> str:
    """The page to sign in on, which leads on to what was wanted."""
    return _with_query(SIGN_IN, wanted, language, **more)


def sso_address(wanted: str, language: str) -> str:
    """Where signing in with the organisation's own account begins."""
    return _with_query(SSO, wanted, language)


def first_page(language: str) -> str:
    """The page that one sees on arriving, in a language."""
    return "/" if language == LANGUAGES[0] else f"/?{urlencode({'lang': language})}"


def _with_query(path: str, wanted: str, language: str, **more: str) -> str:
    query = {"next": wanted} if wanted != "/" else {}
    if language != LANGUAGES[0]:
        query["lang"] = language
    query |= more
    return f"{path}?{urlencode(query)}" if query else path

"""Parts of a page: one that fails shows an incident number in its place, and the others stay."""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from html import escape
from typing import Concatenate, ParamSpec

import streamlit as st

from app.cache import MEBIBYTE, ValueCache
from app.served import store
from app.widgets.view import View
from app.words import say
from etl.records.engine import RecordsUnavailableError
from etl.records.incidents import new_incident, record_incident

_log = logging.getLogger(__name__)
_SAME = ValueCache(MEBIBYTE, seconds=600)
"""The same failure again within this time, at whomever, is the same incident."""

Arguments = ParamSpec("Arguments")
Draw = Callable[Concatenate[View, Arguments], None]


def part(draw: Draw[Arguments]) -> Draw[Arguments]:
    """Decorate a part of a page: a failure in it is recorded and shown in its place."""

    @functools.wraps(draw)
    def drawn(view: View, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        try:
            draw(view, *arguments, **named)
        except Exception as error:
            tell_failure(error, view.language, view.page)

    return drawn


def tell_failure(error: Exception, language: str, page: str, *, what: str = "part") -> None:
    """Show that a `part`, or the `page`, could not be drawn, and under which incident number it is recorded."""
    incident = _SAME.get(_same_failure(error, page), lambda: _kept_under(error, page))
    cause = "records" if isinstance(error, RecordsUnavailableError) else "ours"
    head, why = (escape(say(f"failed.{name}", language)) for name in (what, cause))
    number = escape(say("failed.incident", language, incident=incident))
    sign = '<span aria-hidden="true">✕</span>'
    st.html(f'<p class="failed" role="alert"><b>{sign} {head}</b> {why} {number}</p>')


def _same_failure(error: Exception, page: str) -> str:
    """What is the same where the same fails again: the page, what was raised, and where."""
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    return f"{page} {type(error).__name__} {error} {places}"


def _kept_under(error: Exception, page: str) -> str:
    """Keep a failure in the records, where they can be written, and in the log; its number."""
    incident = new_incident()
    _log.error("%s: a part of the page %s cannot be shown", incident, page, exc_info=error)
    with suppress(RecordsUnavailableError):
        record_incident(store().engine, incident, error)
    return incident

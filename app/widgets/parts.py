"""Parts of a page: one that fails shows an incident number in its place, and the others stay."""

from __future__ import annotations

import functools
from collections.abc import Callable
from html import escape
from typing import Concatenate, ParamSpec

import streamlit as st

from app.incidents import incident_of
from app.served import store
from app.widgets.view import View
from app.words import say
from etl.records.engine import RecordsUnavailableError

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
    incident = incident_of(store, error, f"page {page}")
    cause = "records" if isinstance(error, RecordsUnavailableError) else "ours"
    head, why = (escape(say(f"failed.{name}", language)) for name in (what, cause))
    number = escape(say("failed.incident", language, incident=incident))
    sign = '<span aria-hidden="true">✕</span>'
    st.html(f'<p class="failed" role="alert"><b>{sign} {head}</b> {why} {number}</p>')

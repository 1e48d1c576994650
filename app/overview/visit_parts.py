"""The visit that the person at the screen is in: since when changes are shown, and that they have been."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import streamlit as st

from app.overview.changes import decided_until
from app.widgets.view import View, ask, current_view, store
from etl.records.engine import RecordsUnavailableError, reading, writing
from etl.records.visits import Visit, keep_visit, visit_of

_KEPT = "visit.kept"
_KEPT_EVERY = timedelta(minutes=1)
"""A visit is written down no more often: every run of a page is activity, and each writing waits for others."""


def present_visit(view: View) -> Visit:
    """The visit that this run belongs to."""
    with reading(store().engine) as connection:
        return visit_of(connection, _visitor(), view.now)


def told_until(view: View) -> datetime:
    """Up to which minute this run shows what changed: what is still on its way is told next time."""
    return ask(decided_until, view.now.replace(second=0, microsecond=0)).replace(second=0, microsecond=0)


def keep_seen(view: View, shown_until: datetime | None = None) -> None:
    """Record that the person is here, and up to when changes are on the screen, if they are.

    Nothing is lost where the records cannot be written just now: the next run says it again.
    """
    kept: dict[str, datetime] = st.session_state.setdefault(_KEPT, {})
    key = "shown" if shown_until else "seen"
    if key in kept and timedelta() <= view.now - kept[key] < _KEPT_EVERY:
        return
    with suppress(RecordsUnavailableError), writing(store().engine, lock="visits") as connection:
        visit = visit_of(connection, _visitor(), view.now)
        keep_visit(connection, replace(visit, shown_until=shown_until or visit.shown_until))
        kept |= {key: view.now, "seen": view.now}


def _visitor() -> str:
    """A digest of the person: when they were here is nobody's business but theirs."""
    return hashlib.sha256(current_view().identity.person.encode()).hexdigest()

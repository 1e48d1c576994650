"""The present visit of the person at the screen: since when changes are shown, and that they were shown."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import streamlit as st

from app.overview.change_queries import decided_until
from app.widgets.view import View, ask, current_view, store
from etl.records.engine import RecordsUnavailableError, reading, writing
from etl.records.visits import Visit, keep_visit, visit_of

_RECORDED = "visit.recorded"
_RECORDED_EVERY = timedelta(minutes=1)
"""A visit is recorded no more often: every run of a page is activity, and each writing waits for others."""


def present_visit(view: View) -> Visit:
    """The visit that this run belongs to."""
    with reading(store().engine) as connection:
        return visit_of(connection, _visitor(), view.now)


def seen_until(view: View) -> datetime:
    """Up to which minute this run shows what changed: a file that is still on its way is shown next time."""
    return ask(decided_until, view.now.replace(second=0, microsecond=0)).replace(second=0, microsecond=0)


def keep_seen(view: View, shown_until: datetime | None = None) -> None:
    """Record that the person is here, and until when changes are on the screen, if they are.

    Where the records cannot be written just now nothing is lost: the next run records it.
    """
    recorded: dict[str, datetime] = st.session_state.setdefault(_RECORDED, {})
    key = "shown" if shown_until else "seen"
    if key in recorded and timedelta() <= view.now - recorded[key] < _RECORDED_EVERY:
        return
    with suppress(RecordsUnavailableError), writing(store().engine, lock="visits") as connection:
        visit = visit_of(connection, _visitor(), view.now)
        keep_visit(connection, replace(visit, shown_until=shown_until or visit.shown_until))
        recorded |= {key: view.now, "seen": view.now}


def _visitor() -> str:
    """A digest of the person, so that visits cannot be read back to a name."""
    return hashlib.sha256(current_view().identity.person.encode()).hexdigest()

"""Audit events of the screens: every view of rows and every download."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from app.scope import Identity
from app.sign_in import handed
from app.sign_in.present import identity_behind
from app.widgets.view import View, store
from etl.records.engine import RecordsUnavailableError, writing, writing_soon
from etl.records.log import AuditEvent, EventKind, append

_LOGGED = "audit_events.logged"
_WAITING = "audit_events.waiting"
_SAME_VIEW = timedelta(minutes=10)
"""The same rows on the screen again within this are the same view: a page is drawn anew with every click."""

_PATIENCE = timedelta(milliseconds=200)
"""A screen does not wait longer for other writers; what it could not log it logs with its next run."""


class NotSignedInError(RuntimeError):
    """Somebody asks for a file after their session ended."""


def rows_seen(view: View, what: str, exchange: str, **about: str) -> None:
    """Log, at the end of this run, that rows of an exchange's report or list were shown."""
    subject = f"{what}/{exchange}"
    key = (view.page, subject, *sorted(about.items()))
    logged: dict[tuple[Any, ...], datetime] = st.session_state.setdefault(_LOGGED, {})
    now = datetime.now(UTC)
    if key in logged and now - logged[key] < _SAME_VIEW:
        return
    logged[key] = now
    waiting: list[AuditEvent] = st.session_state.setdefault(_WAITING, [])
    waiting.append(AuditEvent(view.identity.person, EventKind.VIEW_ROWS, subject, {"page": view.page, **about}))


def list_seen(view: View, name: str, rows: pd.DataFrame | Sequence[Any], **about: str) -> None:
    """Log that a list of the chosen days was shown, one event for each exchange in it."""
    days = f"{view.choice.first_day}~{view.choice.last_day}"
    exchanges = rows["exchange"] if isinstance(rows, pd.DataFrame) else [row.exchange for row in rows]
    for exchange in sorted(set(exchanges)):
        rows_seen(view, name, exchange, list=days, **about)


def log_what_waits() -> None:
    """Write the events of this run, and of earlier runs that could not write theirs, to the audit log."""
    waiting: list[AuditEvent] = st.session_state.get(_WAITING, [])
    if not waiting:
        return
    try:
        with writing_soon(store().engine, patience=_PATIENCE) as connection:
            append(connection, waiting)
    except RecordsUnavailableError:
        return
    st.session_state[_WAITING] = []


def taken_away(
    identity: Identity, content: bytes, subject: str, about: Mapping[str, Any], *, act: EventKind = EventKind.DOWNLOAD
) -> bytes:
    """Return the file's bytes once the download is logged.

    Raises NotSignedInError where the session of the page has ended, RecordsUnavailableError where the log cannot be
    written.
    """
    if identity_behind(identity.session) != identity:
        raise NotSignedInError(f"{identity.name} is not signed in any more")
    details = {**about, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    with writing(store().engine, lock="downloads") as connection:
        append(connection, [AuditEvent(identity.person, act, subject, details)])
    handed.remember(identity.person, content)
    return content

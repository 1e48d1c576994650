"""What somebody looked at and took away, in the audit log: every view of rows, every download."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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
    """Somebody wants to take rows away after their session ended."""


def rows_seen(view: View, what: str, exchange: str, **about: str) -> None:
    """Have it logged, with the end of this run, that rows of an exchange's report or list are on the screen, which."""
    subject = f"{what}/{exchange}"
    key = (view.page, subject, *sorted(about.items()))
    logged: dict[tuple[Any, ...], datetime] = st.session_state.setdefault(_LOGGED, {})
    now = datetime.now(UTC)
    if key in logged and now - logged[key] < _SAME_VIEW:
        return
    logged[key] = now
    waiting: list[AuditEvent] = st.session_state.setdefault(_WAITING, [])
    waiting.append(AuditEvent(view.identity.person, EventKind.VIEW_ROWS, subject, {"page": view.page, **about}))


def list_seen(view: View, name: str, frame: pd.DataFrame, **about: str) -> None:
    """Have it logged that a list of the chosen days is on the screen, once for each `exchange` that the frame has."""
    days = f"{view.choice.first_day}~{view.choice.last_day}"
    for exchange in sorted(set(frame["exchange"])):
        rows_seen(view, name, exchange, list=days, **about)


def log_what_waits() -> None:
    """Log the views of this run, and of earlier ones that others kept from being logged."""
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
    """The file that somebody takes away, once that stands in the log; nothing leaves unlogged or without a session.

    Raises NotSignedInError where the session that the page was drawn in is over, RecordsUnavailableError where the
    log cannot be written.
    """
    if identity_behind(identity.session) != identity:
        raise NotSignedInError(f"{identity.name} is not signed in any more")
    details = {**about, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    with writing(store().engine, lock="downloads") as connection:
        append(connection, [AuditEvent(identity.person, act, subject, details)])
    handed.remember(identity.person, content)
    return content

"""Audit events of the screens: every view of rows and every download, written before anything is handed out."""

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
from etl.records.engine import writing, writing_soon
from etl.records.log import AuditEvent, EventKind, append

_LOGGED = "audit_events.logged"
_SAME_VIEW = timedelta(minutes=10)
"""The same rows on the screen again within this are the same view: a page is drawn anew with every click."""

_PATIENCE = timedelta(seconds=5)
"""A screen does not wait longer for other writers; what could not be logged is not shown."""


class NotSignedInError(RuntimeError):
    """Somebody asks for a file after their session ended."""


def rows_seen(view: View, what: str, *exchanges: str, **about: str) -> None:
    """Log that rows of these exchanges' report or list are shown; called before anything of them is drawn.

    RecordsUnavailableError where the log cannot be written: then they are not shown.
    """
    logged: dict[tuple[Any, ...], datetime] = st.session_state.setdefault(_LOGGED, {})
    now = datetime.now(UTC)
    subjects = {f"{what}/{exchange}": (view.page, what, exchange, *sorted(about.items())) for exchange in exchanges}
    new = {subject: key for subject, key in subjects.items() if key not in logged or now - logged[key] >= _SAME_VIEW}
    if not new:
        return
    events = [
        AuditEvent(view.identity.person, EventKind.VIEW_ROWS, subject, {"page": view.page, **about}) for subject in new
    ]
    with writing_soon(store().engine, patience=_PATIENCE) as connection:
        append(connection, events)
    logged |= dict.fromkeys(new.values(), now)


def list_seen(view: View, name: str, rows: pd.DataFrame | Sequence[Any], **about: str) -> None:
    """Log that a list of the chosen days is shown, one event for each exchange in it; as `rows_seen`."""
    days = f"{view.choice.first_day}~{view.choice.last_day}"
    exchanges = rows["exchange"] if isinstance(rows, pd.DataFrame) else [row.exchange for row in rows]
    rows_seen(view, name, *sorted(set(exchanges)), list=days, **about)


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

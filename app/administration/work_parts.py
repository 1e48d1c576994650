"""Unfinished work: what was received and is not decided, and our own failures with their numbers."""

from __future__ import annotations

import streamlit as st

from app.administration.acting_parts import act
from app.administration.lists import incident_list, waiting_submissions
from app.columns import Shown
from app.widgets.address import go
from app.widgets.header import note, section
from app.widgets.tables import table
from app.widgets.view import View, ask_anew
from app.widgets.working import worker

_WAITING = {
    "received_at": Shown.INSTANT,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "period": Shown.TEXT,
    "size_bytes": Shown.COUNT,
    "file": Shown.TEXT,
    "id": Shown.TEXT,
}
_INCIDENTS = {"at": Shown.INSTANT, "incident": Shown.TEXT, "submission": Shown.TEXT, "summary": Shown.LONG_TEXT}


def work_section(view: View) -> None:
    """What waits, with a way to have it taken up again, and what went wrong with us."""
    waiting = ask_anew(waiting_submissions)
    section(view, "administration.waiting", count=len(waiting))
    if waiting.empty:
        note(view.say("administration.nothing_waits"))
    else:
        note(view.say("administration.waiting_how"))
        table(
            view,
            waiting,
            _WAITING,
            alt=view.say("administration.waiting", count=len(waiting)),
            key="administration.waiting",
            on_pick=lambda row: go("submissions", submission=row["id"]),
        )

        def take_up() -> None:
            act(view, "administration.taken_up", lambda: worker().take_up())

        st.button(view.say("administration.take_up"), key="work.take_up", on_click=take_up)
    failures = ask_anew(incident_list)
    section(view, "administration.incidents", count=len(failures))
    if failures.empty:
        note(view.say("administration.no_incidents"))
        return
    note(view.say("administration.incidents_how"))
    frame = failures.assign(incident=failures["id"])
    table(
        view,
        frame,
        _INCIDENTS,
        alt=view.say("administration.incidents", count=len(failures)),
        key="administration.incidents",
        on_pick=lambda row: go("submissions", submission=row["submission"] or ""),
    )

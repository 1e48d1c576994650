"""Unfinished work at the screen: submissions that wait for their decision, and incidents with their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.administration.action_parts import actions_of, perform
from app.administration.work import (
    FailedSubmission,
    Incident,
    WaitingSubmission,
    failed_submissions,
    incident_list,
    waiting_submissions,
)
from app.columns import columns_of
from app.widgets.address import go
from app.widgets.header import note, section
from app.widgets.tables import table
from app.widgets.view import View, ask_anew
from app.widgets.working import worker

_REASON = "work.withdraw_reason"


def work_section(view: View) -> None:
    """What waits, with a button that has it taken up again, and what we failed on."""
    _waiting(view)
    _failed(view)
    _incidents(view)


def _to_submission(view: View, number: Callable[[Any], str]) -> Callable[[Any], None] | None:
    """Goes to the submission of a row; None for whoever may not see it. Says so, where it does."""
    if not view.scope.sees_rows:
        return None
    note(view.say("administration.pick_how"))
    return lambda row: go("submissions", submission=number(row))


def _waiting(view: View) -> None:
    waiting = ask_anew(waiting_submissions)
    section(view, "administration.waiting", count=len(waiting))
    if not waiting:
        note(view.say("administration.nothing_waits"))
        return
    note(view.say("administration.waiting_how"))
    table(
        view,
        waiting,
        columns_of(WaitingSubmission),
        alt=view.say("administration.waiting", count=len(waiting)),
        key="administration.waiting",
        on_pick=_to_submission(view, lambda row: row.id),
    )

    def take_up() -> None:
        perform(view, "administration.taken_up", lambda: worker().take_up())

    st.button(view.say("administration.take_up"), key="work.take_up", on_click=take_up)


def _failed(view: View) -> None:
    """What we failed on, and buttons that have one of them judged again or take it back."""
    failed = ask_anew(failed_submissions)
    section(view, "administration.failed", count=len(failed))
    if not failed:
        note(view.say("administration.nothing_failed"))
        return
    note(view.say("administration.failed_how"))
    table(
        view,
        failed,
        columns_of(FailedSubmission),
        alt=view.say("administration.failed", count=len(failed)),
        key="administration.failed",
        on_pick=_to_submission(view, lambda row: row.id),
    )
    chosen = str(
        st.selectbox(
            view.say("administration.failed_which"), [one.id for one in failed], key="administration.failed_which"
        )
    )
    st.text_input(view.say("administration.withdraw_reason"), max_chars=500, key=_REASON)

    def try_again() -> None:
        def act() -> None:
            actions_of(view).retry(chosen)
            worker().take_up()

        perform(view, "administration.retried", act)

    def take_back() -> None:
        def act() -> None:
            # Typed and pressed at once, the text is in the session alone.
            actions_of(view).withdraw_failed(chosen, st.session_state[_REASON] or "")

        if perform(view, "administration.taken_back", act, number=chosen):
            st.session_state[_REASON] = ""

    with st.container(horizontal=True, gap="small"):
        st.button(view.say("administration.retry"), key="work.retry", icon=":material/refresh:", on_click=try_again)
        st.button(view.say("administration.take_back"), key="work.withdraw", icon=":material/undo:", on_click=take_back)


def _incidents(view: View) -> None:
    incidents = ask_anew(incident_list)
    section(view, "administration.incidents", count=len(incidents))
    if not incidents:
        note(view.say("administration.no_incidents"))
        return
    note(view.say("administration.incidents_how"))
    table(
        view,
        incidents,
        columns_of(Incident),
        alt=view.say("administration.incidents", count=len(incidents)),
        key="administration.incidents",
        on_pick=_to_submission(view, lambda row: row.submission or ""),
    )

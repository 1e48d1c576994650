"""What an act at the desk comes to, told on the next screen; it is done by whoever the desk was opened for."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from app.filing.desk import Desk, RefusedError, own_exchange
from app.moments import now
from app.widgets.guard import present_identity
from app.widgets.header import result_of_act
from app.widgets.moved_on import what_came_first
from app.widgets.view import View
from etl.drafts import Draft
from etl.records.moved_on import MovedOnError

_RESULTS = "filing.late"


def must_be_at(desk: Desk) -> None:
    """End the run unless whoever pressed is still who the desk was opened for."""
    identity = present_identity()
    if identity.person != desk.person or own_exchange(identity) != desk.exchange:
        st.stop()


def keep_unfiled(view: View, desk: Desk, draft: Draft, error: RefusedError | MovedOnError) -> None:
    """Keep for the next screen why a draft was not filed.

    One that was compared with what stands no more is compared anew, for its sender to look at.
    """
    if isinstance(error, MovedOnError):
        with suppress(FileNotFoundError), st.spinner(view.say("filing.checking_again")):
            desk.check_again(draft, now())
    keep_refused(view, draft.file, error)


def keep_refused(view: View, name: str, error: RefusedError | MovedOnError) -> None:
    """Keep for the next screen why an act on what is called `name` was refused."""
    if isinstance(error, MovedOnError):
        said = what_came_first(view, error)
    else:
        said = view.say(f"filing.refused.{error.reason}", **error.parts)
    _keep(name, said, is_done=False)


def keep_done(name: str, said: str) -> None:
    """Keep for the next screen that an act on what is called `name` was done."""
    _keep(name, said, is_done=True)


def _keep(name: str, said: str, *, is_done: bool) -> None:
    kept: list[tuple[str, bool]] = st.session_state.setdefault(_RESULTS, [])
    kept.append((f"{name}: {said}", is_done))


def show_results() -> None:
    """What came of the acts that were tried last, once: that they are done, or why they were not.

    They take one place, as nothing does: what follows stays in its own, and no verdict stands beside an older one.
    """
    results: list[tuple[str, bool]] = st.session_state.pop(_RESULTS, [])
    if not results:
        st.empty()
        return
    with st.container():
        for result in results:
            result_of_act(*result)

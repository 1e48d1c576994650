"""Forms of answers: explain a finding, decide on an explanation, say what was done about a breach.

The forms protect nothing: who may do what is checked where it is written. Whoever sends one is identified again at that
moment, because a form may have been on the screen since before somebody was signed out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import streamlit as st

from app.answers.reader_parts import actor_of
from app.moments import kst_day, now
from app.widgets.address import pick
from app.widgets.guard import present_identity
from app.widgets.header import result_of_act
from app.widgets.moved_on import what_came_first
from app.widgets.view import View, store
from etl.answers import LONGEST_ACCEPTANCE_DAYS, BreachState, Outcome
from etl.records.answers import LONGEST_TEXT, Actor, AnswerError, decide, explain
from etl.records.breaches import bring_to
from etl.records.engine import RecordsUnavailableError, writing
from etl.records.moved_on import MovedOnError

_RESULT = "answers.result"
_USUAL_ACCEPTANCE = timedelta(days=90)


def show_result(view: View) -> None:
    """What came of the form that was sent last, once."""
    if result := st.session_state.pop(_RESULT, None):
        result_of_act(*result)


def explanation_form(view: View, finding: int, seen: str) -> None:
    """Explain a finding of one's own exchange, whose answer was `seen` (`version_of_answer`)."""
    key = f"explain.{finding}"
    with st.form(key, enter_to_submit=False):
        _text(view, "answers.form.explanation", key)
        st.form_submit_button(
            view.say("answers.form.explain"), type="primary", on_click=_explain, args=(view, finding, key, seen)
        )


def _explain(view: View, finding: int, key: str, seen: str) -> None:
    text = _typed(key)
    _write(view, "explained", lambda connection, actor: explain(connection, actor, finding, text, seen=seen, at=now()))


def decision_form(view: View, explanation: str, seen: str) -> None:
    """Decide on an explanation, `seen` in a version: accept it until a day, refuse it or refer it, with a reason."""
    key, today = f"decide.{explanation}", kst_day(view.now)
    with st.form(key, enter_to_submit=False):
        left, right = st.columns(2)
        with left:
            st.segmented_control(
                view.say("answers.form.outcome"),
                tuple(Outcome),
                format_func=lambda outcome: view.say(f"answers.outcome.{outcome}"),
                key=f"{key}.outcome",
                default=Outcome.ACCEPTED,
                required=True,
            )
        with right:
            st.date_input(
                view.say("answers.form.until", days=LONGEST_ACCEPTANCE_DAYS),
                today + _USUAL_ACCEPTANCE,
                min_value=today,
                max_value=today + timedelta(days=LONGEST_ACCEPTANCE_DAYS),
                format="YYYY-MM-DD",
                key=f"{key}.until",
            )
        _text(view, "answers.form.reason", key)
        st.form_submit_button(
            view.say("answers.form.decide"), type="primary", on_click=_decide, args=(view, explanation, key, seen)
        )


def _decide(view: View, explanation: str, key: str, seen: str) -> None:
    outcome, reason = Outcome(st.session_state[f"{key}.outcome"]), _typed(key)
    until = st.session_state[f"{key}.until"] if outcome is Outcome.ACCEPTED else None

    def write(connection: Any, actor: Actor) -> None:
        decide(connection, actor, explanation, outcome, reason, until=until, seen=seen, at=now())

    _write(view, "decided", write)


def breach_form(view: View, finding: int, seen: str, *states: BreachState) -> None:
    """Bring a breach, `seen` in a version, to one of these states, with what was done or why."""
    key = f"breach.{finding}.{len(states)}"
    with st.form(key, enter_to_submit=False):
        label = "answers.form.remedy" if states == (BreachState.REMEDIED,) else "answers.form.reason"
        _text(view, label, key)
        with st.container(horizontal=True):
            for place, state in enumerate(states):
                st.form_submit_button(
                    view.say(f"answers.form.make_{state}"),
                    type="secondary" if place else "primary",
                    key=f"{key}.{state}",
                    on_click=_bring,
                    args=(view, finding, state, key, seen),
                )


def _bring(view: View, finding: int, state: BreachState, key: str, seen: str) -> None:
    text = _typed(key)

    def write(connection: Any, actor: Actor) -> None:
        bring_to(connection, actor, finding, state, text, seen=seen, at=now())

    _write(view, f"made_{state}", write)


def _text(view: View, label: str, key: str) -> None:
    st.text_area(
        view.say(label), key=f"{key}.text", max_chars=LONGEST_TEXT, height=110, help=view.say("answers.form.no_data")
    )


def _typed(key: str) -> str:
    return str(st.session_state.get(f"{key}.text") or "")


def _write(view: View, done: str, write: Callable[[Any, Actor], object]) -> None:
    """Write an answer, and keep what came of it for the next run of the page."""
    actor = actor_of(present_identity())
    try:
        with writing(store().engine, lock="answers") as connection:
            write(connection, actor)
    except AnswerError as error:
        st.session_state[_RESULT] = (view.say(f"answers.error.{error.code}"), False)
        return
    except MovedOnError as moved_on:
        st.session_state[_RESULT] = (what_came_first(view, moved_on), False)
        return
    except RecordsUnavailableError:
        st.session_state[_RESULT] = (view.say("answers.error.busy"), False)
        return
    st.session_state[_RESULT] = (view.say(f"answers.done.{done}"), True)
    pick(finding="", explanation="")

"""The side bar: language, exchanges and period, shared by all pages and kept in the URL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import streamlit as st

from app.queries.choice import Choice
from app.scope import Scope
from app.widgets.address import CUSTOM, pick, picked, remember, restored, was_turned_back
from app.widgets.view import View, present_thresholds, version_of
from app.words import LANGUAGES, exchange_name, say
from expectations.catalogue import rule_set_version

PERIODS = {"1d": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365}
"""Presets that end with the last day that is over (`last_whole_day`), and their length in days."""
DEFAULT_PERIOD = "30d"
LONGEST_DAYS = 400
_OWN_NAMES = {"ko": "한국어", "en": "English"}


def language_switch(language: str) -> None:
    """The switch of the language; each is named in itself."""
    st.session_state["filter.lang"] = language

    def chosen() -> None:
        if was_turned_back():
            return
        remember("lang", st.session_state["filter.lang"] or LANGUAGES[0], LANGUAGES[0])

    st.segmented_control(
        "한국어 · English",
        LANGUAGES,
        format_func=_OWN_NAMES.__getitem__,
        key="filter.lang",
        on_change=chosen,
        label_visibility="collapsed",
        required=True,
    )


def sidebar(scope: Scope, last_day: date, language: str) -> Choice:
    """Draw the filters and return the chosen exchanges and days; presets end with `last_day`."""
    exchanges = _exchanges(scope, language)
    return Choice(exchanges, *_period(last_day, language))


def colophon(scope: Scope, stamp: str, language: str) -> None:
    """Draw the version of the rules, the version of the records, and the role."""
    role = say(f"role.{scope.role}", language)
    lines = (
        say("head.rule_set", language, version=rule_set_version(present_thresholds(scope, stamp))),
        say("head.records", language, stamp=version_of(stamp)),
        say("head.role", language, role=role),
    )
    st.caption("  \n".join(lines))


def _exchanges(scope: Scope, language: str) -> tuple[str, ...]:
    text = restored("exchange", "", lambda text: all(name in scope.exchanges for name in text.split(",")))
    st.session_state["filter.exchange"] = [name for name in scope.exchanges if name in text.split(",")]

    def chosen() -> None:
        if was_turned_back():
            return
        remember("exchange", ",".join(st.session_state["filter.exchange"]), "")

    selected = st.multiselect(
        say("filter.exchanges", language),
        scope.exchanges,
        format_func=lambda name: exchange_name(name, language),
        key="filter.exchange",
        on_change=chosen,
        placeholder=say("filter.all_exchanges", language),
        select_all=False,
    )
    return tuple(selected)


def _period(last_day: date, language: str) -> tuple[date, date]:
    period = restored("period", DEFAULT_PERIOD, lambda text: text in (*PERIODS, CUSTOM))
    st.session_state["filter.period"] = period

    def chosen() -> None:
        if was_turned_back():
            return
        remember("period", st.session_state["filter.period"] or DEFAULT_PERIOD, DEFAULT_PERIOD)

    st.segmented_control(
        say("filter.period", language),
        (*PERIODS, CUSTOM),
        format_func=lambda name: say(f"filter.{name}", language),
        key="filter.period",
        on_change=chosen,
        required=True,
    )
    first, last = last_day - timedelta(days=PERIODS.get(period, 30) - 1), last_day
    if period != CUSTOM:
        remember("from", "", "")
        remember("to", "", "")
        st.caption(say("filter.days", language, first=first, last=last))
        return first, last
    # One above the other: side by side the bar is too narrow for a whole date.
    first = _day("from", first, language)
    last = _day("to", last, language)
    if last < first:
        st.caption(say("filter.reversed", language))
        return last, first
    return max(first, last - timedelta(days=LONGEST_DAYS - 1)), last


def _day(name: str, default: date, language: str) -> date:
    text = restored(name, default.isoformat(), _is_day)
    st.session_state[f"filter.{name}"] = date.fromisoformat(text)

    def chosen() -> None:
        if was_turned_back():
            return
        day = st.session_state[f"filter.{name}"]
        remember(name, (day or default).isoformat(), "")

    remember(name, text, "")
    st.date_input(say(f"filter.{name}", language), key=f"filter.{name}", on_change=chosen, format="YYYY-MM-DD")
    return date.fromisoformat(text)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def one_of(view: View, name: str, options: tuple[str, ...], word: Callable[[str], str], picks: tuple[str, ...]) -> str:
    """Return one of the options, or an empty text for all; it is a pick of this page, and a change drops `picks`."""
    in_address = picked(name)
    st.session_state[f"filter.{name}"] = in_address if in_address in options else ""

    def chosen() -> None:
        if was_turned_back():
            return
        pick(**{name: st.session_state[f"filter.{name}"] or "", **dict.fromkeys(picks, "")})

    return st.selectbox(
        view.say(f"filter.{name}"),
        ("", *options),
        format_func=lambda value: word(value) if value else view.say(f"filter.all_{name}s"),
        key=f"filter.{name}",
        on_change=chosen,
    )

"""The side bar: language, exchanges and period, shared by all pages and kept in the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import streamlit as st

from app.identity import Scope
from app.queries import CasesWanted, Choice, HaltsWanted
from app.queries.case_records import CASE_STATES
from app.rulebook import COMMON
from app.widgets.address import pick, picked, remember, restored
from app.widgets.header import kind_mark, source_mark, state_mark
from app.widgets.view import View, present_thresholds, version_of
from app.words import LANGUAGES, exchange_name, say
from expectations.catalogue import all_reports, rule_set_version
from expectations.catalogue import report as report_of
from expectations.vocabulary import Kind, Source, State

PERIODS = {"1d": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365}
"""Presets that end on the newest day with data, and their length in days."""
DEFAULT_PERIOD = "30d"
CUSTOM = "custom"
LONGEST_DAYS = 400
_OWN_NAMES = {"ko": "한국어", "en": "English"}


def language_switch(language: str) -> None:
    """Which language is read; each is named in itself."""
    st.session_state["filter.lang"] = language

    def chosen() -> None:
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


def sidebar(scope: Scope, latest: date | None, now_day: date, language: str) -> Choice:
    """The exchanges and days that are looked at."""
    exchanges = _exchanges(scope, language)
    return Choice(exchanges, *_period(latest or now_day - timedelta(days=1), language))


def colophon(scope: Scope, stamp: str, language: str) -> None:
    """By which rules the figures were judged, which state of the records is shown, and in which role."""
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


def _period(latest: date, language: str) -> tuple[date, date]:
    period = restored("period", DEFAULT_PERIOD, lambda text: text in (*PERIODS, CUSTOM))
    st.session_state["filter.period"] = period

    def chosen() -> None:
        remember("period", st.session_state["filter.period"] or DEFAULT_PERIOD, DEFAULT_PERIOD)

    st.segmented_control(
        say("filter.period", language),
        (*PERIODS, CUSTOM),
        format_func=lambda name: say(f"filter.{name}", language),
        key="filter.period",
        on_change=chosen,
        required=True,
    )
    first, last = latest - timedelta(days=PERIODS.get(period, 30) - 1), latest
    if period != CUSTOM:
        remember("from", "", "")
        remember("to", "", "")
        st.caption(say("filter.days", language, first=first, last=last))
        return first, last
    left, right = st.columns(2)
    with left:
        first = _day("from", first, language)
    with right:
        last = _day("to", last, language)
    if last < first:
        st.caption(say("filter.reversed", language))
        return last, first
    return max(first, last - timedelta(days=LONGEST_DAYS - 1)), last


def _day(name: str, default: date, language: str) -> date:
    text = restored(name, default.isoformat(), _is_day)
    st.session_state[f"filter.{name}"] = date.fromisoformat(text)

    def chosen() -> None:
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


def submission_filters(view: View) -> tuple[str, str]:
    """Which report and which state of submissions are listed; an empty text means all."""
    picks = ("submission", "page", "history")
    left, right = st.columns(2)
    with left:
        report = _choice(view, "report", tuple(all_reports()), view.report, picks)
    with right:
        state = _choice(view, "state", tuple(State), lambda name: state_mark(view, name), picks)
    return report, state


def rule_filters(view: View) -> tuple[str, str, str]:
    """Which kind, report and source of rules are listed; an empty text means all, `common` the rules of all reports."""
    kind, report, source = st.columns(3)
    with kind:
        kinds = _choice(view, "kind", tuple(Kind), lambda name: kind_mark(view, name), ("rule", "page"))
    with report:
        reports = _choice(
            view, "report", (COMMON, *all_reports()), lambda name: report_of_rule(view, name), ("rule", "page")
        )
    with source:
        sources = _choice(view, "source", tuple(Source), lambda name: source_mark(view, name), ("rule", "page"))
    return kinds, reports, sources


def case_filters(view: View, moves: Mapping[str, str]) -> CasesWanted:
    """Which cases are listed: by exchange, progress, stage, risk, suspicion, move (`origin>taken`) and a text."""
    codes = {field.name: field.codes for field in report_of("key_actions").every_field}
    picks = ("cases",)
    firm, standing, stage, move = st.columns(4)
    with firm:
        firms = _choice(view, "firm", view.exchanges, view.exchange, picks)
    with standing:
        standings = _choice(view, "standing", CASE_STATES, lambda name: state_mark(view, name), picks)
    with stage:
        stages = _choice(view, "stage", codes["stage"], view.code, picks)
    with move:
        taken = _choice(view, "move", tuple(moves), moves.__getitem__, picks)
    risk, suspicion, text = st.columns([1, 1, 2])
    with risk:
        risks = _choice(view, "risk", codes["risk_level"], view.code, picks)
    with suspicion:
        suspicions = _choice(view, "suspicion", codes["suspicion"], view.code, picks)
    with text:
        searched = _search(view, picks)
    origin, _, stage_taken = taken.partition(">")
    return CasesWanted(firms, standings, stages, risks, suspicions, origin, stage_taken, searched)


def _search(view: View, picks: tuple[str, ...]) -> str:
    """A text to look for; kept in the address as a pick of this page."""
    st.session_state["filter.search"] = picked("search")

    def typed() -> None:
        pick(search=st.session_state["filter.search"].strip(), **dict.fromkeys(picks, ""))

    return st.text_input(view.say("filter.search"), key="filter.search", on_change=typed, max_chars=64) or ""


def halt_filters(view: View) -> HaltsWanted:
    """Which halts are shown: by what triggered them, scope, mode and state."""
    codes = {name: report_of("halts").field(name).codes for name in ("trigger", "scope", "mode")}
    picks = ("at", "halt", "day", "until")
    trigger, scope, mode, state = st.columns(4)
    with trigger:
        triggers = _choice(view, "trigger", codes["trigger"], view.code, picks)
    with scope:
        scopes = _choice(view, "scope", codes["scope"], view.code, picks)
    with mode:
        modes = _choice(view, "mode", codes["mode"], view.code, picks)
    with state:
        states = _choice(view, "halt_state", ("open", "lifted"), lambda name: state_mark(view, name), picks)
    return HaltsWanted(triggers, scopes, modes, states)


def report_of_rule(view: View, report: str) -> str:
    """A report's title, or that a rule holds for all of them."""
    return view.say("rules.common") if report == COMMON else view.report(report)


def _choice(view: View, name: str, options: tuple[str, ...], word: Callable[[str], str], picks: tuple[str, ...]) -> str:
    """One of the options, or all; kept in the address as a pick of this page, and `picks` go with the old choice."""
    in_address = picked(name)
    st.session_state[f"filter.{name}"] = in_address if in_address in options else ""

    def chosen() -> None:
        pick(**{name: st.session_state[f"filter.{name}"] or "", **dict.fromkeys(picks, "")})

    return st.selectbox(
        view.say(f"filter.{name}"),
        ("", *options),
        format_func=lambda value: word(value) if value else view.say(f"filter.all_{name}s"),
        key=f"filter.{name}",
        on_change=chosen,
    )

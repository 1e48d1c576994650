"""What is not there and why, each reason with its own sign, word and next step; never a bare empty page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

import streamlit as st

from app.moments import duration
from app.obligations.absence import NOT_REPORTED, Absence, absences
from app.served import served_incidents
from app.widgets.address import link, unfiltered
from app.widgets.header import state_mark
from app.widgets.parts import part
from app.widgets.view import View, ask, cached


@part
def absent(view: View, report: str) -> None:
    """Say which rows of a report are wanting in the chosen days, and why; nothing where none are."""
    found = ask(absences, view.choice, report, view.moment)
    if found:
        _list(view, report, found)


def nothing(view: View, report: str) -> None:
    """Stand in for a page that has no row of a report to show: the reasons, or the way out of the filters."""
    if view.is_empty:
        st.html(f'<p class="empty"><span aria-hidden="true">○</span> {escape(view.say("empty.store"))}</p>')
        return
    incidents = served_incidents()
    if incidents and not any(report in incident.reports for incident in incidents):
        text = escape(view.say("empty.not_replayed", report=view.report(report)))
        st.html(f'<p class="empty"><span aria-hidden="true">–</span> {text}</p>')
        return
    found = ask(absences, view.choice, report, view.moment)
    clear = escape(unfiltered(view.page))
    text = escape(view.say("empty.filtered", report=view.report(report)))
    way_out = f'<a href="{clear}">{escape(view.say("empty.clear"))}</a>'
    st.html(f'<p class="empty"><span aria-hidden="true">∅</span> {text} {way_out}</p>')
    if found:
        _list(view, report, found)


def _list(view: View, report: str, found: Sequence[Absence]) -> None:
    st.html(cached(view, f"absence.{report}", lambda: f'<ul class="absent">{_items(view, report, found)}</ul>'))


def _items(view: View, report: str, found: Sequence[Absence]) -> str:
    groups = groupby(found, key=lambda one: one.state)
    return "".join(_item(view, report, state, tuple(group)) for state, group in groups)


def _item(view: View, report: str, state: str, group: Sequence[Absence]) -> str:
    """One reason: sign and word, at whom and for how many periods, since when, and what to do."""
    who = [
        view.say(
            "absence.periods",
            exchange=view.exchange(one.exchange),
            count=one.period_count,
            periods=one.first_period if one.period_count == 1 else f"{one.first_period} ~ {one.last_period}",
        )
        for one in group
    ]
    due = duration(abs(view.moment - min(one.due_at for one in group)), view.language, 1)
    said = view.say(f"absence.{state}", due=due)
    mark = f"– {view.say('absence.word')}" if state == NOT_REPORTED else state_mark(view, state)
    exchange = group[0].exchange if len(group) == 1 else ""
    target = escape(link("submissions", report=report, **({"exchange": exchange} if exchange else {})))
    return (
        f'<li class="{escape(state)}"><b>{escape(mark)}</b> {escape(" · ".join(who))}'
        f' <span>{escape(said)}</span> <a href="{target}">{escape(view.say("absence.see"))}</a></li>'
    )

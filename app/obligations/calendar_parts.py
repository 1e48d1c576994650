"""The own obligations on the screen: the last days by report, with what became of each, and the months beneath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

import streamlit as st

from app.columns import Instant, ReportId, StateCode, Text, columns_of
from app.moments import duration
from app.obligations.calendar_entries import CalendarEntry, own_calendar
from app.widgets.address import link
from app.widgets.header import STATE_GLYPHS, empty, note, section, state_mark
from app.widgets.tables import table
from app.widgets.view import View, ask
from etl.calendar import ObligationState
from expectations.catalogue import all_reports

_OPEN = (
    ObligationState.MISSING,
    ObligationState.DRAFT,
    ObligationState.REJECTED,
    ObligationState.PARTIAL,
    ObligationState.FAILED,
    ObligationState.RECEIVED,
    ObligationState.NOT_DUE,
)


@dataclass(frozen=True, slots=True)
class OpenObligation:
    """What is still to be filed; `how`: how long there is left, or for how long it has been due."""

    state: StateCode
    report: ReportId
    period: Text
    due_at: Instant
    how: Text


def obligation_calendar(view: View, exchange: str) -> None:
    """Reports by days with the state of each, then what is still to be filed, the first due first."""
    section(view, "obligations.calendar")
    found = ask(own_calendar, exchange, view.moment)
    if not found:
        empty(view, "obligations")
        return
    days = sorted({one.first_day for one in found if not one.is_monthly})
    head = "".join(f'<th scope="col">{day:%m-%d}</th>' for day in days)
    rows = "".join(_row(view, report, days, found) for report in all_reports())
    corner = f'<th scope="col">{escape(view.say("column.report"))}</th>'
    alt = escape(view.say("obligations.calendar"))
    st.html(
        f'<div class="obligations"><table class="obligations" aria-label="{alt}"><thead><tr>{corner}'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    states = (ObligationState.CURRENT, ObligationState.LATE, ObligationState.NIL, *_OPEN)
    note(" · ".join(state_mark(view, state) for state in states))
    if months := [one for one in found if one.is_monthly]:
        words = " · ".join(f"{one.period} {state_mark(view, one.state)}{_by(view, one)}" for one in months)
        note(f"{view.report(months[0].report)}: {words}")
    _to_do(view, found)


def _to_do(view: View, found: Sequence[CalendarEntry]) -> None:
    unmet = sorted((one for one in found if one.state in _OPEN), key=lambda one: one.due_at)
    title = view.say("obligations.to_do", count=len(unmet))
    section(view, "obligations.to_do", count=len(unmet))
    if unmet:
        rows = [OpenObligation(one.state, one.report, one.period, one.due_at, _how(view, one)) for one in unmet]
        table(view, rows, columns_of(OpenObligation), alt=title)


def _row(view: View, report: str, days: Sequence[date], found: Sequence[CalendarEntry]) -> str:
    own = {one.first_day: one for one in found if one.report == report and not one.is_monthly}
    if not own:
        return ""
    cells = "".join(_cell(view, own[day]) if day in own else "<td></td>" for day in days)
    return f'<tr><th scope="row">{escape(view.report(report))}</th>{cells}</tr>'


def _cell(view: View, one: CalendarEntry) -> str:
    said = f"{view.report(one.report)} {one.period}: {state_mark(view, one.state)}{_by(view, one)}"
    glyph = f'<span aria-hidden="true">{STATE_GLYPHS.get(one.state, "")}</span>'
    late = "" if one.late_by is None else f" +{duration(one.late_by, view.language, 1)}"
    body = f"{glyph}{escape(late)}"
    if one.submission:
        target = escape(link("filing", submission=one.submission))
        body = f'<a href="{target}" aria-label="{escape(said)}">{body}</a>'
    return f'<td class="{one.state}" title="{escape(said)}">{body}</td>'


def _by(view: View, one: CalendarEntry) -> str:
    return f" ({duration(one.late_by, view.language)})" if one.late_by is not None else ""


def _how(view: View, one: CalendarEntry) -> str:
    """How long there is left, or for how long it has been due."""
    length = duration(abs(view.now - one.due_at), view.language)
    return view.say("obligations.due_in" if one.due_at > view.now else "obligations.overdue", length=length)

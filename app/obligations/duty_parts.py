"""The own obligations on the screen: the last days by report, with what came of each, and the months beneath."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape

import streamlit as st

from app.columns import Shown
from app.frames import frame_of
from app.moments import duration
from app.obligations.duties import Duty, duties
from app.obligations.status import Stand
from app.widgets.address import link
from app.widgets.header import STATE_GLYPHS, empty, note, section, state_mark
from app.widgets.tables import table
from app.widgets.view import View, ask
from expectations.catalogue import all_reports

_OPEN = (Stand.MISSING, Stand.DRAFT, Stand.REJECTED, Stand.PARTIAL, Stand.RECEIVED, Stand.NOT_DUE)
_COLUMNS = {
    "state": Shown.STATE,
    "report": Shown.REPORT,
    "period": Shown.TEXT,
    "due_at": Shown.INSTANT,
    "how": Shown.TEXT,
}


def duty_calendar(view: View, exchange: str) -> None:
    """Reports by days with the state of each, then what is still to be done, the first due first."""
    section(view, "filing.duties")
    found = ask(duties, exchange, view.moment)
    if not found:
        empty(view, "duties")
        return
    days = sorted({one.first_day for one in found if len(one.period) > len("2026-11")})
    head = "".join(f'<th scope="col">{day:%m-%d}</th>' for day in days)
    rows = "".join(_row(view, report, days, found) for report in all_reports())
    months = [one for one in found if len(one.period) == len("2026-11")]
    corner = f'<th scope="col">{escape(view.say("column.report"))}</th>'
    alt = escape(view.say("filing.duties"))
    st.html(
        f'<div class="duties"><table class="duties" aria-label="{alt}"><thead><tr>{corner}'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    states = dict.fromkeys((*(Stand.CURRENT, Stand.LATE, Stand.NIL), *_OPEN))
    note(" · ".join(state_mark(view, state) for state in states))
    if months:
        words = " · ".join(f"{one.period} {state_mark(view, one.state)}{_by(view, one)}" for one in months)
        note(f"{view.report(months[0].report)}: {words}")
    open_now = sorted((one for one in found if one.state in _OPEN), key=lambda one: one.due_at)
    section(view, "filing.to_do", count=len(open_now))
    if open_now:
        listed = [
            {
                "state": one.state,
                "report": one.report,
                "period": one.period,
                "due_at": one.due_at,
                "how": _how(view, one),
            }
            for one in open_now
        ]
        table(view, frame_of(listed, _COLUMNS), _COLUMNS, alt=view.say("filing.to_do", count=len(open_now)))


def _row(view: View, report: str, days: Sequence[date], found: Sequence[Duty]) -> str:
    own = {one.first_day: one for one in found if one.report == report and len(one.period) > len("2026-11")}
    if not own:
        return ""
    cells = "".join(_cell(view, own[day]) if day in own else "<td></td>" for day in days)
    return f'<tr><th scope="row">{escape(view.report(report))}</th>{cells}</tr>'


def _cell(view: View, one: Duty) -> str:
    said = f"{view.report(one.report)} {one.period}: {state_mark(view, one.state)}{_by(view, one)}"
    glyph = f'<span aria-hidden="true">{STATE_GLYPHS.get(one.state, "")}</span>'
    body = f"{glyph}{escape(_short(view, one))}"
    if one.submission:
        target = escape(link("filing", submission=one.submission))
        body = f'<a href="{target}" aria-label="{escape(said)}">{body}</a>'
    return f'<td class="{one.state}" title="{escape(said)}">{body}</td>'


def _short(view: View, one: Duty) -> str:
    if one.late_by is not None:
        return f" +{duration(one.late_by, view.language, 1)}"
    return ""


def _by(view: View, one: Duty) -> str:
    return f" ({duration(one.late_by, view.language)})" if one.late_by is not None else ""


def _how(view: View, one: Duty) -> str:
    """How long there is left, or for how long it has been due."""
    length = duration(abs(view.now - one.due_at), view.language)
    return view.say("filing.due_in" if one.due_at > view.now else "filing.overdue", length=length)

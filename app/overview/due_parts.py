"""What falls due soon, a line for each report and period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from app.moments import KST, duration
from app.obligations.due import DueSoon, due_soon
from app.overview.line_parts import filtered, link_line
from app.widgets.header import state_mark
from app.widgets.view import View, ask
from etl.calendar import ObligationState
from expectations.vocabulary import Period


def due_lines(view: View, ahead: timedelta) -> list[str]:
    """What falls due within that time, a line for each report and period, as HTML; the first due first."""
    due = ask(due_soon, view.choice.exchanges, view.moment, view.moment + ahead)
    groups: dict[tuple[str, str], list[DueSoon]] = {}
    for row in due:
        groups.setdefault((row.report, row.period), []).append(row)
    return [_line(view, rows) for rows in groups.values()]


def _line(view: View, rows: Sequence[DueSoon]) -> str:
    """One report and period: how much of it has arrived, what is waited for, and for how long yet."""
    first = rows[0]
    waiting = [row for row in rows if row.state != ObligationState.CURRENT]
    names = ", ".join(
        view.exchange(row.exchange)
        + ("" if row.state == ObligationState.NOT_DUE else f" {state_mark(view, row.state)}")
        for row in waiting
    )
    is_quiet = len(waiting) == len(rows) and all(row.state == ObligationState.NOT_DUE for row in waiting)
    text = view.say(
        "overview.due_waiting" if waiting and not is_quiet else "overview.due_all",
        report=view.report(first.report),
        period=first.period if len(first.period) == 7 else first.period[5:],
        arrived=len(rows) - len(waiting),
        count=len(rows),
        names=names,
    )
    left = view.say("overview.left", length=duration(first.due_at - view.moment, view.language))
    period = Period.parse(first.period)
    address = filtered(view, "submissions", "", (period.first_day, period.last_day), report=first.report)
    return link_line(address, text, f"{first.due_at.astimezone(KST):%m-%d %H:%M} · {left}")

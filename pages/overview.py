"""Overview: how the five exchanges stand now in one screen, what changed, what is due; the detail below."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from app.answers.list_parts import answers_line
from app.columns import Shown
from app.moments import duration, kst_minute
from app.obligations.status import Stand
from app.overview import changes as overview_changes
from app.overview import lane_parts
from app.overview.changes import lines_of
from app.overview.lane_figures import lane_figures
from app.overview.lane_parts import change_line, change_sign, due_lines, lane_table
from app.overview.lane_states import Situation, situation
from app.overview.status_parts import filing_detail
from app.overview.visit_parts import keep_seen, present_visit, told_until
from app.widgets.header import empty, markup, note, page_header, section, sentence
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask, cached, current_view

MOST_LINES = 7
AHEAD = timedelta(days=1)
# The columns of the tables, and how each is written.
CHANGES = {
    "at": Shown.INSTANT,
    "sign": Shown.TEXT,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "subject": Shown.TEXT,
    "first_day": Shown.DAY,
    "last_day": Shown.DAY,
    "count": Shown.COUNT,
    "shortfall_krw": Shown.WON,
    "submission": Shown.TEXT,
}


class Told(NamedTuple):
    """Since and until when changes are told; in somebody's first visit, those of the last day."""

    begin: datetime
    until: datetime
    is_first: bool


def now_in_words(view: View, found: Situation) -> str:
    """The whole of it in a sentence: who is current, what is wanting longest, what is open, what asks for somebody."""
    counts = {"count": len(found.lanes), "current": len(found.current), "now": kst_minute(view.now)}
    parts = [view.say("overview.current", **counts)]
    if worst := found.worst_standing:
        late = worst.stand is Stand.LATE and worst.received_at
        length = duration((worst.received_at if late and worst.received_at else view.now) - worst.due_at, view.language)
        about = {"exchange": view.exchange(worst.exchange), "report": view.report(worst.report)}
        key = "was_late" if late else "lacking"
        state = view.say(f"state.{worst.stand}")
        parts.append(view.say(f"overview.worst_{key}", **about, period=worst.period, length=length, state=state))
        if len(found.lacking) > 1:
            parts.append(view.say("overview.more_lacking", count=len(found.lacking) - 1))
    halts = [
        view.say(
            "overview.open_halt",
            exchange=view.exchange(halt.exchange),
            length=duration(view.now - halt.halted_at, view.language),
        )
        for halt in sorted(found.open_halts, key=lambda halt: halt.halted_at)
    ]
    names = ", ".join(halts[:3]) + (" …" if len(halts) > 3 else "")
    parts.append(view.say("overview.halts_open" if halts else "overview.no_halt_open", count=len(halts), names=names))
    unhalted = sum(episode.is_unhalted for episode in found.open_episodes)
    parts.append(view.say("overview.unhalted_open", count=unhalted, all=len(found.open_episodes)))
    parts.append(view.say("overview.urgent", count=found.urgent_count))
    return " ".join(parts)


def told_in(view: View) -> Told:
    """Since when this visit is told of changes, and until when."""
    visit = present_visit(view)
    begin = visit.since or visit.began_at.replace(second=0, microsecond=0) - AHEAD
    return Told(begin, told_until(view), visit.since is None)


@part
def show_news(view: View, told: Told) -> None:
    """What changed since the visit before, and what falls due within a day."""
    markup(cached(view, "news", lambda: news(view, told), told))
    keep_seen(view, told.until)


def news(view: View, told: Told) -> str:
    """What changed in a few lines beside what falls due."""
    lines, count = lines_of(ask(overview_changes.changes, told.begin, told.until), MOST_LINES)
    key = "overview.since_first" if told.is_first else "overview.since"
    beside = view.say(key, since=kst_minute(told.begin)[5:])
    if count > len(lines):
        beside += view.say("overview.of_lines", shown=len(lines), count=count)
    changed = [change_line(view, line) for line in lines]
    due = due_lines(view, AHEAD)[:MOST_LINES]
    return lane_parts.news(
        (
            (view.say("overview.changed"), beside, changed, view.say("overview.unchanged")),
            (view.say("overview.due"), view.say("overview.due_how"), due, view.say("overview.no_due")),
        )
    )


@part
def show_changes(view: View, told: Told) -> None:
    """All that changed, one by one."""
    changes = ask(overview_changes.changes, told.begin, told.until)
    section(view, "overview.all_changes", count=len(changes))
    if changes.empty:
        note(view.say("overview.unchanged"))
        return
    table(
        view,
        lambda: changes.assign(sign=[change_sign(view, change) for change in changes["change"]]),
        CHANGES,
        alt=view.say("overview.all_changes", count=len(changes)),
        key="changes",
        beside=told,
    )


view = current_view()
page_header(view, "overview")
hour = view.now.replace(minute=0, second=0, microsecond=0)
found = ask(situation, view.choice, view.moment)
figures = {one.exchange: one for one in ask(lane_figures, view.choice, hour)}
if view.is_empty:
    empty(view, "store")
else:
    sentence(now_in_words(view, found))
    markup(cached(view, "lanes", lambda: lane_table(view, found, figures)))
told = told_in(view)
show_news(view, told)

if not view.is_empty:
    answers_line(view)
note(view.say("overview.lanes_how"))
filing_detail(view, found)
show_changes(view, told)

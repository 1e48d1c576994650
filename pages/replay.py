"""Incident replay: what happened beside what five-minute checks and the halt rule would have shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from app.amounts import exact, krw, percent
from app.columns import Shown
from app.frames import records_of
from app.moments import KST, duration, kst_minute
from app.queries.choice import Choice
from app.replay import incident
from app.replay.charts import incident_lanes, shortfall_course
from app.replay.checks import Course, Tail, course_of, replayed_checks, replayed_halts
from app.replay.incident import Replay
from app.replay.parts import show_facts, side_by_side
from app.rules.book import known_rule, thresholds_of
from app.rules.finding_parts import finding_rows
from app.rules.findings import About, open_findings
from app.served import served_incident
from app.widgets.address import go, pick, picked, picked_day
from app.widgets.drawings import chart
from app.widgets.header import empty, note, page_header, section, sentence, stop
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.tiles import Tile, tiles
from app.widgets.view import View, ask, current_view

HALT_RULE = "REC-004"

# The columns of the tables, and how each is written.
COMPARED = {
    "milestone": Shown.TEXT,
    "happened_at": Shown.INSTANT,
    "happened_after": Shown.TEXT,
    "seen_at": Shown.INSTANT,
    "seen_after": Shown.TEXT,
    "gained": Shown.TEXT,
}
CHECKS = {
    "checked_at": Shown.INSTANT,
    "ledger_quantity": Shown.AMOUNT,
    "wallet_quantity": Shown.AMOUNT,
    "shortfall_quantity": Shown.AMOUNT,
    "shortfall_krw": Shown.WON,
    "shortfall_ratio": Shown.BASIS_POINTS,
    "holdings_multiple": Shown.TIMES,
    "price_krw": Shown.AMOUNT,
    "result": Shown.CODE,
    "source_row": Shown.COUNT,
}
FINDINGS = {
    "rule": Shown.TEXT,
    "kind": Shown.KIND,
    "subject": Shown.TEXT,
    "interval": Shown.TEXT,
    "sentence": Shown.LONG_TEXT,
}


def after(view: View, facts: Replay, moment: datetime | None) -> str:
    """How long after the payout; a dash for never."""
    return "–" if moment is None else duration(moment - facts.milestones.payout.at, view.language, 3)


def thresholds(view: View) -> str:
    """The limits of the halt rule with their values, in words."""
    return ", ".join(
        view.say("replay.threshold", name=view.say(f"parameter.{one.name}"), value=amount_of(view, one.name, one.value))
        for one in thresholds_of(known_rule(HALT_RULE), view.thresholds)
    )


def amount_of(view: View, name: str, value: Decimal) -> str:
    """A threshold in its unit, a share as a percentage."""
    if name.endswith("_ratio"):
        return percent(value, 0)
    return view.say("replay.in_unit", value=exact(value), unit=view.unit(name))


def introduce(view: View, facts: Replay, course: Course) -> None:
    """What happened in a sentence, that the rules came later, and the course in another."""
    sentence(f"{facts.title.in_language(view.language)}: {facts.summary.in_language(view.language)}")
    note(view.say("replay.as_if"))
    note(view.say("replay.model", thresholds=thresholds(view)))
    sentence(
        view.say(
            "replay.sentence",
            seen=after(view, facts, course.detected_at),
            noticed=after(view, facts, facts.milestones.noticed.at),
            due=after(view, facts, course.halt_due_at),
            blocked=after(view, facts, facts.milestones.blocked.at),
        )
    )


def show_tiles(view: View, facts: Replay, checks: pd.DataFrame, course: Course, tail: Tail) -> None:
    """The four figures of the incident."""
    worst = max(records_of(checks), key=lambda row: row["shortfall_krw"])
    noticed, blocked = (after(view, facts, one.at) for one in (facts.milestones.noticed, facts.milestones.blocked))
    multiple, won = f"{worst['holdings_multiple']:,.2f}", krw(worst["shortfall_krw"], view.language)
    detected = view.say("replay.detected_note", length=noticed)
    halted = view.say("replay.halted_note", length=blocked)
    largest = f"{exact(worst['shortfall_quantity'])} {facts.asset}"
    tiles(
        [
            Tile(view.say("replay.detected"), after(view, facts, course.detected_at), detected),
            Tile(view.say("replay.halted"), after(view, facts, course.halt_due_at), halted),
            Tile(view.say("replay.largest"), largest, view.say("replay.largest_note", times=multiple, won=won)),
            Tile(
                view.say("replay.tail"),
                duration((tail.until or view.now) - tail.since, view.language, 3),
                view.say("replay.tail_note", **about_tail(view, facts, tail)),
            ),
        ]
    )


def about_tail(view: View, facts: Replay, tail: Tail) -> dict[str, str]:
    """What is said of the last stretch of the shortfall, and whether it alone reaches the limit for a halt."""
    return {
        "since": kst_minute(tail.since),
        "until": "–" if tail.until is None else kst_minute(tail.until),
        "length": duration((tail.until or view.now) - tail.since, view.language, 3),
        "quantity": exact(tail.quantity),
        "asset": facts.asset,
        "won": krw(tail.krw, view.language),
        "ledger": percent(tail.share_of_ledger, 2),
        "holdings": percent(tail.share_of_holdings, 2),
        "limit": view.say("replay.limit_reached" if tail.reaches_limit else "replay.limit_not_reached"),
    }


def pick_mark(mark: Sequence[Any]) -> None:
    """Look at the row of a check, or at the rows of a halt."""
    day, found = str(mark[0]), str(mark[1])
    pick(day=day, row=found if day else "", halt="" if day else found)


def show_rows(view: View, facts: Replay) -> None:
    """The rows of the file behind what is picked: a check, or a halt."""
    day, row, halt = picked_day("day"), picked("row"), picked("halt")
    if halt:
        days = facts.first_day, facts.last_day
        rows_behind(view, "halts", facts.exchange, *days, condition="halt_id = ?", parameters=[halt])
    elif day and row.isdigit():
        found, parameters = "asset = ? AND source_row = ?", [facts.asset, int(row)]
        rows_behind(view, "reconciliation", facts.exchange, day, day, condition=found, parameters=parameters)
    else:
        note(view.say("replay.zoom_how"))


def show_charts(view: View, facts: Replay, checks: pd.DataFrame, events: pd.DataFrame, course: Course) -> None:
    """The hours of the incident with its lanes, and the shortfall through all days."""
    first, last = facts.zoom
    halts = ask(replayed_halts, facts.exchange, facts.asset, facts.first_day, facts.last_day)
    required = (course.halt_due_at, course.equal_at or view.now) if course.halt_due_at else None
    chart(
        view,
        lambda: incident_lanes(checks, events, halts, required, facts.zoom, view.look),
        key="incident_lanes",
        title=view.say("replay.zoom", first=kst_minute(first), last=f"{last.astimezone(KST):%H:%M}"),
        alt=view.say("replay.zoom_alt"),
        frame=lambda: checks[checks["checked_at"].between(first, last)],
        columns=CHECKS,
        on_pick=pick_mark,
    )
    show_rows(view, facts)
    chart(
        view,
        lambda: shortfall_course(checks, view.look),
        key="shortfall_course",
        title=view.say("replay.days"),
        alt=view.say("replay.days_alt"),
        frame=lambda: checks,
        columns=CHECKS,
        on_pick=pick_mark,
    )
    note(view.say("replay.days_how"))
    if (tail := course.tail) is not None:
        said = "replay.tail_how" if tail.reaches_limit else "replay.tail_below"
        sentence(view.say(said, **about_tail(view, facts, tail)))


def show_findings(view: View, facts: Replay) -> None:
    """What the rules found of the incident's files; a row leads to its submission."""
    choice = Choice((), facts.first_day, facts.last_day)
    listed = ask(open_findings, choice, About(reports=facts.reports), view.language)
    found = finding_rows(view, (one for one in listed if one.exchange == facts.exchange))
    section(view, "replay.findings", count=len(found))
    note(view.say("replay.findings_how"))
    if not found:
        empty(view, "replay_findings")
        return
    table(
        view,
        sorted(found, key=lambda row: (row.rule, row.subject or "")),
        FINDINGS,
        key="findings",
        alt=view.say("replay.findings", count=len(found)),
        on_pick=lambda row: go("submissions", submission=row.submission),
    )
    note(view.say("list.to_submission"))


def show(view: View, facts: Replay) -> None:
    """The incident, whole."""
    about = (facts.exchange, facts.asset, facts.first_day, facts.last_day)
    checks = ask(replayed_checks, *about)
    course = ask(course_of, *about)
    events = incident.events_of(facts, view.language)
    introduce(view, facts, course)
    if course.tail is not None:
        show_tiles(view, facts, checks, course, course.tail)
    show_charts(view, facts, checks, events, course)
    section(view, "replay.compared")
    note(view.say("replay.compared_how"))
    compared = incident.compared(facts, course, view.language)
    table(view, compared, COMPARED, alt=view.say("replay.compared"), key="compared")
    section(view, "replay.side_by_side")
    halts = ask(replayed_halts, *about)
    side_by_side(view, incident.moments_of(facts, checks, halts, course, view.language))
    show_findings(view, facts)
    show_facts(view, facts, events)


view = current_view()
page_header(view, "replay")
replayed = served_incident()
if replayed is None or replayed.exchange not in view.exchanges:
    empty(view, "replay")
    stop()
show(view, replayed)

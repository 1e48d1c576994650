"""The course of a replayed incident on the screen: sentences, figures, charts with the rows behind, and findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.amounts import exact, krw, percent
from app.columns import columns_of
from app.moments import KST, duration, kst_minute
from app.queries.choice import Choice
from app.replay.checks import ReplayedCheck, ReplayedHalt
from app.replay.course import HALT_RULE, Course, Tail
from app.replay.fact_parts import basis_mark
from app.replay.facts import EventLine
from app.replay.incident_charts import incident_lanes
from app.replay.shortfall_charts import shortfall_course
from app.replay.slots import held_in_words, limits_in_words
from app.rules.finding_parts import FindingRow, finding_rows
from app.rules.findings import About, open_findings
from app.widgets.address import go, pick, picked, picked_day
from app.widgets.drawings import chart
from app.widgets.header import empty, note, section, sentence
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.tiles import Tile, tile_row
from app.widgets.view import View, ask
from etl.replays import Replay
from expectations.catalogue import all_rules

_CHECKS = columns_of(
    ReplayedCheck,
    "checked_at",
    "ledger_quantity",
    "wallet_quantity",
    "shortfall_quantity",
    "shortfall_krw",
    "shortfall_ratio",
    "holdings_multiple",
    "price_krw",
    "result",
    "source_row",
)
_FINDINGS = columns_of(FindingRow, "rule", "kind", "subject", "interval", "sentence")


def introduce(view: View, facts: Replay, course: Course) -> None:
    """That the rules came later, and the course in a sentence."""
    note(view.say("replay.as_if"))
    note(view.say("replay.model", thresholds=_thresholds(view, facts)))
    sentence(
        view.say(
            "replay.sentence",
            seen=_after(view, facts, course.detected_at),
            noticed=_after(view, facts, facts.milestones.noticed.at),
            due=_after(view, facts, course.halt_due_at),
            blocked=_after(view, facts, facts.milestones.blocked.at),
            what=facts.milestones.blocked.text.in_language(view.language),
        )
    )


def _after(view: View, facts: Replay, moment: datetime | None) -> str:
    """How long after it began; a dash for never."""
    return "–" if moment is None else duration(moment - facts.milestones.began.at, view.language, 3)


def _thresholds(view: View, facts: Replay) -> str:
    """The thresholds of the rule on halts with the values that the replayed days are judged by, in words."""
    return ", ".join(
        view.say("replay.threshold", name=view.say(f"parameter.{name}"), value=_in_unit(view, facts, name))
        for name in all_rules()[HALT_RULE].parameters
    )


def _in_unit(view: View, facts: Replay, name: str) -> str:
    """A threshold in its unit, a share as a percentage."""
    value = Decimal(view.thresholds.value(name, facts.first_day, facts.exchange))
    if name.endswith("_ratio"):
        return percent(value, 0)
    return view.say("replay.in_unit", value=exact(value), unit=view.unit(name))


def course_tiles(view: View, facts: Replay, checks: Sequence[ReplayedCheck], course: Course, tail: Tail) -> None:
    """The four figures of the incident."""
    worst = max(checks, key=lambda check: check.shortfall_krw)
    noticed, blocked = (_after(view, facts, one.at) for one in (facts.milestones.noticed, facts.milestones.blocked))
    won, about = krw(worst.shortfall_krw, view.language), _about_tail(view, facts, tail)
    tile_row(
        [
            Tile(
                view.say("replay.detected"),
                _after(view, facts, course.detected_at),
                view.say("replay.detected_note", length=noticed),
            ),
            Tile(
                view.say("replay.halted"),
                _after(view, facts, course.halt_due_at),
                view.say("replay.halted_note", length=blocked),
            ),
            Tile(
                view.say("replay.largest"),
                f"{exact(worst.shortfall_quantity)} {facts.asset}",
                view.say("replay.largest_note", held=held_in_words(worst.holdings_multiple, view.language), won=won),
            ),
            Tile(view.say("replay.tail"), about["length"], view.say("replay.tail_note", **about)),
        ]
    )


def _about_tail(view: View, facts: Replay, tail: Tail) -> dict[str, str]:
    """What is said of the last stretch of the shortfall: its length and size, beside the limits for a halt."""
    return {
        "since": kst_minute(tail.since),
        "until": kst_minute(tail.until) if tail.until else view.say("replay.open_end", end=kst_minute(facts.ends_at)),
        "length": duration((tail.until or facts.ends_at) - tail.since, view.language, 3),
        "quantity": exact(tail.quantity),
        "asset": facts.asset,
        "won": krw(tail.krw, view.language),
        "ledger": percent(tail.share_of_ledger, 2),
        "holdings": percent(tail.share_of_holdings, 2),
        "limits": limits_in_words(tail.ratio_limit_quantity, tail.krw_limit_quantity, facts.asset, view.language),
    }


def course_charts(
    view: View,
    facts: Replay,
    checks: Sequence[ReplayedCheck],
    events: Sequence[EventLine],
    halts: Sequence[ReplayedHalt],
    course: Course,
) -> None:
    """The hours of the incident with its lanes, and the shortfall through all days."""
    first, last = facts.zoom
    required = (course.halt_due_at, course.equal_at or facts.ends_at) if course.halt_due_at else None
    chart(
        view,
        lambda: incident_lanes(checks, events, halts, required, facts.zoom, view.look),
        key="incident_lanes",
        title=view.say("replay.zoom", first=kst_minute(first), last=f"{last.astimezone(KST):%H:%M}"),
        alt=view.say("replay.zoom_alt"),
        frame=lambda: [check for check in checks if first <= check.checked_at <= last],
        columns=_CHECKS,
        on_pick=_pick_mark,
    )
    _rows(view, facts)
    note(f"{basis_mark(view, 'derived')}: {view.say('replay.ours')}")
    chart(
        view,
        lambda: shortfall_course(checks, view.look),
        key="shortfall_course",
        title=view.say("replay.days"),
        alt=view.say("replay.days_alt"),
        frame=lambda: checks,
        columns=_CHECKS,
        on_pick=_pick_mark,
    )
    note(view.say("replay.days_how"))
    if course.tail is not None:
        sentence(view.say("replay.tail_how", **_about_tail(view, facts, course.tail)))


def _pick_mark(mark: Sequence[Any]) -> None:
    """Look at the row of a check, or at the rows of a halt."""
    day, found = str(mark[0]), str(mark[1])
    pick(day=day, row=found if day else "", halt="" if day else found)


def _rows(view: View, facts: Replay) -> None:
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


def show_findings(view: View, facts: Replay) -> None:
    """What the rules found of the incident's files; a row leads to its submission."""
    choice = Choice((), facts.first_day, facts.last_day)
    opened = ask(open_findings, choice, About(reports=facts.reports), view.language)
    found = finding_rows(view, (one for one in opened if one.exchange == facts.exchange))
    section(view, "replay.findings", count=len(found))
    note(view.say("replay.findings_how"))
    if not found:
        empty(view, "replay_findings")
        return
    table(
        view,
        sorted(found, key=lambda row: (row.rule, row.subject or "")),
        _FINDINGS,
        key="findings",
        alt=view.say("replay.findings", count=len(found)),
        on_pick=lambda row: go("submissions", submission=row.submission),
    )
    note(view.say("list.to_submission"))

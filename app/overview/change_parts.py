"""What changed since the visit before: a few lines for those that are alike, and a table of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType

from app.amounts import krw
from app.columns import Text, columns_of
from app.moments import KST, kst_minute
from app.overview.change_queries import changes_between
from app.overview.changes import Change, ChangeGroup, ChangeKind, grouped
from app.overview.line_parts import NewsList, filtered, link_line
from app.rules import book
from app.rules.filter_parts import report_of_rule
from app.widgets.header import note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask
from expectations.vocabulary import State

_GLYPHS: Mapping[ChangeKind, str] = MappingProxyType(
    {
        ChangeKind.SHORTFALL: "▶",
        ChangeKind.HALT: "▶",
        ChangeKind.REFUSED: "✕",
        ChangeKind.BREACH: "▲",
        ChangeKind.SHORTFALL_PASSED: "■",
        ChangeKind.HALT_PASSED: "■",
        ChangeKind.SHORTFALL_ENDED: "■",
        ChangeKind.HALT_RESUMED: "■",
        ChangeKind.REPLACED: "↻",
        ChangeKind.RESTATED: "⟲",
        ChangeKind.WITHDRAWN: "⊘",
    }
)
_SHORTFALLS = (ChangeKind.SHORTFALL, ChangeKind.SHORTFALL_PASSED, ChangeKind.SHORTFALL_ENDED)
_HALTS = (ChangeKind.HALT, ChangeKind.HALT_PASSED, ChangeKind.HALT_RESUMED)


@dataclass(frozen=True, slots=True)
class ShownSpan:
    """After when and until when changes are shown; in somebody's first visit those of the last day."""

    begin: datetime
    until: datetime
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow(Change):
    """One change with its kind in words."""

    sign: Text


_COLUMNS = columns_of(
    ChangeRow,
    *("at", "sign", "exchange", "report", "subject", "first_day", "last_day", "count", "shortfall_krw", "submission"),
)


def change_lines(view: View, span: ShownSpan, most: int) -> NewsList:
    """What changed in at most so many lines, the gravest first."""
    groups, count = grouped(ask(changes_between, span.begin, span.until), most)
    key = "overview.since_first" if span.is_first else "overview.since"
    beside = view.say(key, since=kst_minute(span.begin)[5:])
    if count > len(groups):
        beside += view.say("overview.of_lines", shown=len(groups), count=count)
    lines = tuple(_line(view, group) for group in groups)
    return NewsList(view.say("overview.changed"), beside, lines, view.say("overview.unchanged"))


def _line(view: View, group: ChangeGroup) -> str:
    """Sign, words and moment of changes that are alike, a link to what they are about."""
    moment = f"{group.newest.at.astimezone(KST):%m-%d %H:%M}"
    return link_line(_link(view, group), f"{_GLYPHS[group.kind]} {_text(view, group)}", moment)


def _text(view: View, group: ChangeGroup) -> str:
    newest, (first, last) = group.newest, group.days
    rule = book.rule_called(newest.subject) if group.kind is ChangeKind.BREACH else None
    return view.say(
        f"change.{group.kind}",
        exchange=", ".join(view.exchange(name) for name in group.exchanges),
        report=report_of_rule(view, book.report_of(rule)) if rule else view.report(newest.report),
        days=f"{first:%m-%d}" if first == last else f"{first:%m-%d}~{last:%m-%d}",
        subject=newest.subject,
        count=f"{group.count:,}",
        worst=krw(group.largest_shortfall_krw, view.language),
    )


def _link(view: View, group: ChangeGroup) -> str:
    """The page that the changes are looked at on; one change alone is picked there."""
    kind, newest, days, submission = group.kind, group.newest, group.days, group.submission
    if kind is ChangeKind.BREACH:
        return filtered(view, "rules", ",".join(group.exchanges), days, rule=newest.subject)
    if kind in _SHORTFALLS:
        picks = {"at": newest.exchange, "day": str(days[0]), "asset": newest.subject} if submission else {}
        return filtered(view, "reconciliation", newest.exchange, days, **picks)
    if kind in _HALTS:
        picks = {"at": newest.exchange, "halt": newest.subject} if submission else {}
        return filtered(view, "halts", newest.exchange, days, **picks)
    if submission:
        return filtered(view, "submissions", newest.exchange, days, submission=submission)
    states = {ChangeKind.RESTATED: State.SUPERSEDED, ChangeKind.WITHDRAWN: State.WITHDRAWN}
    state = states.get(kind, State.REJECTED)
    return filtered(view, "submissions", newest.exchange, days, report=newest.report, state=state)


@part
def show_changes(view: View, span: ShownSpan) -> None:
    """All that changed, one by one."""
    found = ask(changes_between, span.begin, span.until)
    section(view, "overview.all_changes", count=len(found))
    if not found:
        note(view.say("overview.unchanged"))
        return
    table(
        view,
        lambda: [_row(view, one) for one in found],
        _COLUMNS,
        alt=view.say("overview.all_changes", count=len(found)),
        key="changes",
        beside=span,
    )


def _row(view: View, change: Change) -> ChangeRow:
    own = {one.name: getattr(change, one.name) for one in fields(Change)}
    return ChangeRow(**own, sign=f"{_GLYPHS[change.kind]} {view.say(f'change_kind.{change.kind}')}")

"""Lists of open findings page by page, each row leading to its submission; and how often each rule fired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import streamlit as st

from app.columns import Count, KindCode, LongText, Text, columns_of
from app.moments import kst_day, kst_text
from app.rules.book import rule_called
from app.rules.findings import OPEN_PAGE, About, FindingCount, RecordedFinding, finding_counts, open_findings
from app.widgets.address import go, pick, picked, was_turned_back
from app.widgets.audit_events import list_seen
from app.widgets.header import empty, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask

FINDING_COLUMNS = (
    *("rule", "kind", "exchange", "report", "period", "subject"),
    *("interval", "sentence", "found", "expected"),
)
"""The columns of a list of findings."""
_PAGER_PIXELS = 330
"""Seven numbers and both arrows: in its own width Streamlit shows one of two pages, and two of three or four."""


@dataclass(frozen=True, slots=True)
class FindingRow(RecordedFinding):
    """A finding of a list, its interval in KST as one text."""

    interval: Text | None


@dataclass(frozen=True, slots=True)
class RuleRow:
    """How many findings of a rule are open, and what the rule says."""

    rule: Text
    kind: KindCode
    open_finding_count: Count
    statement: LongText


def page_of(view: View, total: int, size: int, name: str = "page") -> int:
    """Draw the pager of a list with more than one page; return the page (from 1) that the URL has under `name`."""
    count = max(1, -(-total // size))
    text = picked(name)
    number = min(max(int(text), 1), count) if text.isdecimal() and len(text) < 9 else 1
    if count == 1:
        return 1
    key = f"turn.{name}.{number}"  # a page of its own each, so that the address alone says where one is

    def turned() -> None:
        if was_turned_back():
            return
        chosen = st.session_state[key]
        pick(**{name: str(chosen) if chosen > 1 else ""})

    with st.container(horizontal=True, vertical_alignment="center"):
        last = min(number * size, total)
        said = view.say("list.page", first=f"{(number - 1) * size + 1:,}", last=f"{last:,}", count=f"{total:,}")
        st.html(f'<p class="note">{said}</p>', width="content")
        st.pagination(count, default=number, key=key, on_change=turned, width=_PAGER_PIXELS)
    return number


def interval(view: View, start: datetime | None, end: datetime | None) -> str | None:
    """Return an interval in KST, its day written once where both ends are of one day; None without a start."""
    if start is None:
        return None
    if end is None:
        return f"{_to_the_second(start)} ~ {view.say('state.open')}"
    text = _to_the_second(end)
    return f"{_to_the_second(start)} ~ {text.partition(' ')[2] if kst_day(start) == kst_day(end) else text}"


def _to_the_second(instant: datetime) -> str:
    return kst_text(instant).partition(".")[0]


def finding_rows(view: View, findings: Iterable[RecordedFinding]) -> tuple[FindingRow, ...]:
    """Return the findings with their intervals as text."""
    names = [one.name for one in fields(RecordedFinding)]
    return tuple(
        FindingRow(**{name: getattr(one, name) for name in names}, interval=interval(view, one.start, one.end))
        for one in findings
    )


@part
def open_finding_list(
    view: View, about: About, total: int, *, alt: str, leave_out: Sequence[str] = (), page: str = "page"
) -> None:
    """The `total` open findings page by page, the newest first; a row leads to its submission."""
    number = page_of(view, total, OPEN_PAGE, page)
    found = ask(open_findings, view.choice, about, view.language, number)
    list_seen(view, "findings", found, page_number=str(number))
    table(
        view,
        lambda: finding_rows(view, found),
        columns_of(FindingRow, *(name for name in FINDING_COLUMNS if name not in leave_out)),
        alt=alt,
        key=f"open_findings.{page}.{number}.{about.rule}",
        on_pick=lambda row: go("submissions", submission=row.submission),
        most_rows=10,
        only_filled=True,
    )
    note(view.say("list.to_submission"))


@part
def report_findings(view: View, *reports: str) -> None:
    """The open findings of these reports: how many of each rule, and the findings themselves."""
    if view.is_empty:
        return
    about = About(reports=reports)
    counts = ask(finding_counts, view.choice, about)
    total = sum(one.open_finding_count for one in counts)
    section(view, "list.open_findings", count=f"{total:,}")
    if not total:
        empty(view, "open_findings")
        return
    table(
        view,
        lambda: by_rule(view, counts),
        columns_of(RuleRow),
        alt=view.say("submissions.by_rule"),
        key="open_findings.rules",
        on_pick=lambda row: go("rules", rule=row.rule),
        most_rows=6,
    )
    note(view.say("list.to_rule"))
    leave_out = ("report",) if len(reports) == 1 else ()
    open_finding_list(view, about, total, alt=view.say("list.open_findings", count=total), leave_out=leave_out)


def by_rule(view: View, counts: Iterable[FindingCount]) -> tuple[RuleRow, ...]:
    """Return how many findings of each rule are open, the most first, of as many in the order of the rules' ids."""
    found: Counter[tuple[str, str]] = Counter()
    for one in counts:
        found[one.rule, one.kind] += one.open_finding_count
    rows = [RuleRow(*key, count, _statement(view, key[0])) for key, count in sorted(found.items()) if count]
    return tuple(sorted(rows, key=lambda row: -row.open_finding_count))


def _statement(view: View, rule: str) -> str:
    known = rule_called(rule)
    return known.statement.in_language(view.language) if known else ""

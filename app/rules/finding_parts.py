"""Findings on the screen: page by page, each row leading to its submission; and how often each rule fired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from app.columns import Shown
from app.frames import frame_of, with_columns
from app.moments import kst_day, kst_text
from app.rules.book import rule_called
from app.rules.findings import STANDING_PAGE, About, finding_counts, standing_findings
from app.widgets.address import go, pick, picked
from app.widgets.audit_events import list_seen
from app.widgets.header import empty, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask

FINDINGS = {
    "rule": Shown.TEXT,
    "kind": Shown.KIND,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "period": Shown.TEXT,
    "subject": Shown.CODE,
    "interval": Shown.TEXT,
    "sentence": Shown.LONG_TEXT,
    "found": Shown.TEXT,
    "expected": Shown.TEXT,
}
_PAGER_PIXELS = 330
"""Seven numbers and both arrows: in its own width Streamlit shows one of two pages, and two of three or four."""
_RULES = {"rule": Shown.TEXT, "kind": Shown.KIND, "standing_count": Shown.COUNT, "statement": Shown.LONG_TEXT}


def page_of(view: View, total: int, size: int, name: str = "page") -> int:
    """Which page of a list is looked at, kept in the address under `name`; a way to turn it where there are more."""
    count = max(1, -(-total // size))
    text = picked(name)
    number = min(max(int(text), 1), count) if text.isdecimal() and len(text) < 9 else 1
    if count == 1:
        return 1
    key = f"turn.{name}.{number}"  # a page of its own each, so that the address alone says where one is

    def turned() -> None:
        chosen = st.session_state[key]
        pick(**{name: str(chosen) if chosen > 1 else ""})

    with st.container(horizontal=True, vertical_alignment="center"):
        last = min(number * size, total)
        said = view.say("list.page", first=f"{(number - 1) * size + 1:,}", last=f"{last:,}", count=f"{total:,}")
        st.html(f'<p class="note">{said}</p>', width="content")
        st.pagination(count, default=number, key=key, on_change=turned, width=_PAGER_PIXELS)
    return number


def interval(view: View, start: Any, end: Any) -> str | None:
    """A stretch of time in KST, its day said once; none where there is none."""
    if start is None or pd.isna(start):
        return None
    if end is None or pd.isna(end):
        return f"{_to_the_second(start)} ~ {view.say('state.open')}"
    said = _to_the_second(end)
    return f"{_to_the_second(start)} ~ {said.partition(' ')[2] if kst_day(start) == kst_day(end) else said}"


def _to_the_second(instant: datetime) -> str:
    return kst_text(instant).partition(".")[0]


def with_interval(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    """Findings with their start and end as one text."""
    spans = [interval(view, start, end) for start, end in zip(frame["start"], frame["end"], strict=True)]
    return with_columns(frame, interval=spans)


@part
def standing_list(
    view: View, about: About, total: int, *, alt: str, leave_out: Sequence[str] = (), page: str = "page"
) -> None:
    """The standing findings page by page, the newest first; a row leads to its submission."""
    number = page_of(view, total, STANDING_PAGE, page)
    found = ask(standing_findings, view.choice, about, view.language, number)
    list_seen(view, "findings", found, page_number=str(number))
    columns = {name: nature for name, nature in FINDINGS.items() if name not in leave_out}
    table(
        view,
        lambda: with_interval(view, found),
        columns,
        alt=alt,
        key=f"standing.{page}.{number}.{about.rule}",
        on_pick=lambda row: go("submissions", submission=row["submission"]),
        most_rows=10,
        only_filled=True,
    )
    note(view.say("list.to_submission"))


@part
def report_findings(view: View, *reports: str) -> None:
    """What stands of these reports: how often each rule fired, and the findings themselves."""
    if view.is_empty:
        return
    about = About(reports=reports)
    counts = ask(finding_counts, view.choice, about)
    total = sum(counts["standing_count"].tolist())
    section(view, "list.standing", count=f"{total:,}")
    if not total:
        empty(view, "standing")
        return
    table(
        view,
        lambda: by_rule(view, counts),
        _RULES,
        alt=view.say("submissions.by_rule"),
        key="standing.rules",
        on_pick=lambda row: go("rules", rule=row["rule"]),
        most_rows=6,
    )
    note(view.say("list.to_rule"))
    leave_out = ("report",) if len(reports) == 1 else ()
    standing_list(view, about, total, alt=view.say("list.standing", count=total), leave_out=leave_out)


def by_rule(view: View, counts: pd.DataFrame) -> pd.DataFrame:
    """Counts by rule of what stands, the most first, with what each rule says."""
    rows: list[dict[str, Any]] = []
    for (rule, kind), own in counts[counts["standing_count"] > 0].groupby(["rule", "kind"]):
        known = rule_called(str(rule))
        said = known.statement.in_language(view.language) if known else ""
        standing = int(own["standing_count"].sum())
        rows.append({"rule": rule, "kind": kind, "standing_count": standing, "statement": said})
    rows.sort(key=lambda row: -row["standing_count"])
    return frame_of(rows, _RULES)

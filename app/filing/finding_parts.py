"""The findings of a file for its sender: likely causes, groups by rule with first cells, all of them as a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from html import escape
from pathlib import PurePath

import streamlit as st

from app.exports import as_csv, as_workbook
from app.filing.finding_digest import (
    Cell,
    Found,
    ReasonGroup,
    RuleGroup,
    SenderFile,
    every_finding,
    grouped,
)
from app.moments import duration
from app.widgets.file_button import offer_file
from app.widgets.header import kind_mark, note, section, subtitle
from app.widgets.view import View
from app.words import in_words
from etl.annotated import annotated_name
from etl.causes import Cause
from etl.comparison import Changed, Comparison, RowChange
from etl.coordinates import in_native_names
from etl.intake import Declared
from expectations.catalogue import all_rules
from expectations.messages import message
from expectations.vocabulary import Rule

_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHANGE_GLYPHS = {RowChange.NEW: "＋", RowChange.BACK: "↺", RowChange.OPEN: "＝", RowChange.FIXED: "✓"}
_SHOWN_CHANGES = 5
_LONGEST_SHOWN = 120


def sender_findings(view: View, found: Found, sent: SenderFile, file: str, declared: Declared) -> None:
    """Grouped by rule and by likely cause, the first cells of each, and every one as a file."""
    if not found:
        note(view.say("filing.no_findings"))
        return
    section(view, "submissions.findings", count=f"{len(found):,}")
    groups = grouped(found, sent)
    causes = sorted((cause for group in groups for cause in group.causes), key=lambda cause: -cause.finding_count)
    if causes:
        subtitle(view.say("filing.first"))
        items = "".join(f"<li>{escape(cause_sentence(view, cause, len(found)))}</li>" for cause in causes[:5])
        st.html(f'<ol class="causes">{items}</ol>')
        note(view.say("filing.causes_how"))
    st.html(f'<ul class="found">{"".join(_group(view, group, sent) for group in groups)}</ul>')
    finding_files(view, found, sent, file, declared)


def cause_sentence(view: View, cause: Cause, total: int) -> str:
    """A likely cause in words, and how many of the `total` findings it would explain."""
    parts = {
        "column": cause.column or "–",
        "detail": cause.detail[:_LONGEST_SHOWN],
        "rule": cause.rule,
        "shift": _shift(view, cause.shift),
        "row": cause.first_row or "–",
    }
    said = view.say(f"filing.cause.{cause.kind}", **parts)
    return view.say("filing.would_go", cause=said, count=f"{cause.finding_count:,}", total=f"{total:,}")


def _shift(view: View, shift: timedelta | None) -> str:
    return "" if shift is None else duration(abs(shift), view.language)


def _group(view: View, group: RuleGroup, sent: SenderFile) -> str:
    """One rule: its kind and number, what it asks, and by reason what is wrong, how to mend it, and the first cells."""
    rule = all_rules()[group.rule]
    count = view.say("filing.count", count=f"{group.count:,}")
    head = f"<b>{escape(kind_mark(view, group.kind))} · {escape(group.rule)} · {escape(count)}</b>"
    body = escape(rule.statement.in_language(view.language))
    if len(group.reasons) == 1 and group.reasons[0].reason is None:
        body = f"{body} {escape(rule.remedy.in_language(view.language))}"
    parts = "".join(_reason(view, rule, part, sent, only=len(group.reasons) == 1) for part in group.reasons)
    return f"<li>{head}<p>{body}</p>{parts}</li>"


def _reason(view: View, rule: Rule, group: ReasonGroup, sent: SenderFile, *, only: bool) -> str:
    """What is wrong with findings of a rule that fail it alike, how to mend it, and the first cells.

    How many they are is told unless they are the `only` ones of the rule.
    """
    said = ""
    if group.reason is not None or not only:
        text = rule.reasons[group.reason] if group.reason is not None else rule.remedy
        count = "" if only else f" · {view.say('filing.count', count=f'{group.count:,}')}"
        said = f'<p class="reason">{escape(text.in_language(view.language))}{escape(count)}</p>'
    columns = ("cell", "subject", "found", "expected")
    kept = [name for name in columns if any(_of(view, cell, name, sent) for cell in group.cells)]
    titles = "".join(f'<th scope="col">{escape(view.say(f"column.{name}"))}</th>' for name in kept)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(_of(view, cell, name, sent)[:_LONGEST_SHOWN])}</td>" for name in kept) + "</tr>"
        for cell in group.cells
    )
    more = group.count - len(group.cells)
    rest = f'<p class="note">{escape(view.say("filing.more_cells", count=f"{more:,}"))}</p>' if more > 0 else ""
    table = f'<table class="cells"><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>' if kept else ""
    return f"{said}{table}{rest}"


def _of(view: View, cell: Cell, name: str, sent: SenderFile) -> str:
    text = {"cell": cell.place, "subject": cell.about, "found": cell.found, "expected": cell.expected}[name]
    return text if cell.is_quoted or name == "cell" else in_words(text, view.language, sent.columns) or ""


def finding_files(view: View, found: Found, sent: SenderFile, file: str, declared: Declared) -> None:
    """Every finding as CSV and as a workbook, whatever their number."""
    title = view.say("filing.all_findings", file=file)
    stem = PurePath(annotated_name(file, declared.period.text)).stem

    def written(write: Callable[..., bytes]) -> bytes:
        return write(every_finding(found, sent, declared, title, view.language))

    with st.container(horizontal=True, gap="small"):
        for ending, mime, write in (("csv", "text/csv", as_csv), ("xlsx", _WORKBOOK, as_workbook)):
            number = next(view.drawn)
            offer_file(
                view,
                view.say(f"filing.findings_{ending}", count=f"{len(found):,}"),
                partial(written, write),
                f"{stem}.{ending}",
                file,
                key=f"findings.{number}.{ending}",
                mime=mime,
            )


def since_the_version_before(view: View, comparison: Comparison, sent: SenderFile) -> None:
    """How many findings are fixed, still open, new and back again, and the first of each."""
    if comparison.previous is None or comparison.previous_state is None:
        return
    subtitle(
        view.say(
            "filing.since",
            previous=comparison.previous,
            state=view.say(f"state.{comparison.previous_state}"),
        )
    )
    tiles = "".join(
        f"<li><span>{_CHANGE_GLYPHS[change]} {escape(view.say(f'filing.change.{change}'))}</span>"
        f"<b>{comparison.counts[change]:,}</b></li>"
        for change in (RowChange.FIXED, RowChange.OPEN, RowChange.NEW, RowChange.BACK)
    )
    st.html(f'<ul class="tiles">{tiles}</ul>')
    for change in (RowChange.BACK, RowChange.NEW, RowChange.OPEN, RowChange.FIXED):
        of_it = [one for one in comparison.changed if one.change is change]
        if of_it:
            count = comparison.counts[change]
            with st.expander(f"{_CHANGE_GLYPHS[change]} {view.say(f'filing.change.{change}')} {count:,}"):
                st.html(
                    f'<ul class="found">{"".join(_changed(view, one, sent) for one in of_it[:_SHOWN_CHANGES])}</ul>'
                )
                if count > _SHOWN_CHANGES:
                    note(view.say("filing.more_cells", count=f"{count - _SHOWN_CHANGES:,}"))
    note(view.say("filing.since_how"))


def _changed(view: View, one: Changed, sent: SenderFile) -> str:
    rule = all_rules()[one.finding.rule]
    said = message(in_native_names(one.finding, sent.columns), rule, view.language)
    return f"<li><b>{escape(kind_mark(view, one.kind))} · {escape(one.finding.rule)}</b><p>{escape(said)}</p></li>"

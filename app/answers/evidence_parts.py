"""The panel of whoever decides: what was found, what is expected, the row as it was filed, the file and the rule."""

from __future__ import annotations

from html import escape
from typing import Any

from app.answers.evidence import DecidedFinding, rows_about
from app.answers.mark_parts import finding_words
from app.rules.book import rule_called
from app.rules.finding_parts import interval
from app.widgets.address import link
from app.widgets.header import facts, kind_mark, markup, note, state_mark
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.view import View


@part
def evidence_panel(view: View, one: DecidedFinding | None) -> None:
    """A finding under decision; nothing of one that may not be seen."""
    if one is None:
        return
    finding, words, rule = one.finding, finding_words(view, one.finding), rule_called(one.finding.rule)
    pairs: dict[str, Any] = {
        "found": words.found,
        "expected": words.expected,
        "subject": None if finding.subject is None else view.code(finding.subject),
        "interval": interval(view, finding.start, finding.end),
        "row": None if finding.row is None else f"{finding.row:,}",
        "column": finding.column,
        "rule": finding.rule,
    }
    if rule:
        said = rule.reasons.get(finding.reason or "")
        pairs |= {
            "kind": kind_mark(view, rule.kind),
            "statement": rule.statement.in_language(view.language),
            "sentence": said.in_language(view.language) if said else None,
            "remedy": rule.remedy.in_language(view.language),
        }
    pairs |= {"file": one.file, "submission": f"{one.submission} · {state_mark(view, one.state)}"}
    facts({view.say(f"column.{name}"): str(value) for name, value in pairs.items() if value is not None})
    ways = {
        view.say("answers.to_file", file=one.file): link("submissions", submission=one.submission),
        view.say("answers.to_rule", rule=finding.rule): link("rules", rule=finding.rule),
    }
    items = " · ".join(f'<a href="{escape(href)}">{escape(text)}</a>' for text, href in ways.items())
    markup(f'<p class="note">{items}</p>')
    about = rows_about(one.report, finding)
    if about is None:
        note(view.say("answers.of_whole_file"))
        return
    rows_behind(
        view,
        one.report,
        one.exchange,
        one.first_day,
        one.last_day,
        condition=about.condition,
        parameters=about.values,
        submission=one.submission,
        title=one.file,
    )

"""The interpretation of a rule: its clause, reading and rationale, who decided, and which change is expected."""

from __future__ import annotations

from app.widgets.header import facts, note, section, sentence
from app.widgets.parts import part
from app.widgets.view import View
from expectations.vocabulary import Rule


def change_mark(view: View, rule: Rule) -> str:
    """Return a mark for a rule that is expected to change; empty for any other."""
    return view.say("interpretation.mark") if rule.interpretation.expected_to_change else ""


@part
def interpretation_section(view: View, rule: Rule) -> None:
    """The section of a rule's interpretation; the change that is expected first."""
    read = rule.interpretation
    section(view, "interpretation.title")
    if read.expected_to_change:
        sentence(view.say("interpretation.expected", change=read.expected_to_change.in_language(view.language)))
    else:
        note(view.say("interpretation.not_expected"))
    texts = {"clause": read.clause, "reading": read.reading, "rationale": read.rationale}
    pairs = {name: text.in_language(view.language) for name, text in texts.items()}
    pairs["decided"] = " · ".join(
        view.say("interpretation.decision", decider=view.say(f"decider.{one.by}"), day=one.on) for one in read.decided
    )
    facts({view.say(f"interpretation.{name}"): text for name, text in pairs.items()})

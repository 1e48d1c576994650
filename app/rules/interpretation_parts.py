"""How a rule was read: the clause it rests on, what it was taken to mean and why, who decided, what would change it."""

from __future__ import annotations

from app.rules.book import Rule
from app.widgets.header import facts, note, section, sentence
from app.widgets.parts import part
from app.widgets.view import View


def change_mark(view: View, rule: Rule) -> str:
    """A mark for a rule that is expected to change; empty for any other."""
    return view.say("interpretation.mark") if rule.interpretation.expected_to_change else ""


@part
def how_it_was_read(view: View, rule: Rule) -> None:
    """The section of a rule's own reading, what would change it first."""
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

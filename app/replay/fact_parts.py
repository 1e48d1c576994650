"""The shipped facts of a replayed incident on the screen: events, holdings, figures with their rivals, assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import TypeVar

from app.columns import columns_of
from app.replay.facts import EventLine, FigureLine, HoldingLine, figures, holdings
from app.widgets.header import markup, note, section
from app.widgets.tables import table
from app.widgets.view import View
from etl.replays import Replay

BASIS_GLYPHS = {"official": "●", "reported": "○", "derived": "◇"}
"""A sign beside the word of who says so."""


def basis_mark(view: View, basis: str) -> str:
    """Return sign and word of who says so."""
    return f"{BASIS_GLYPHS[basis]} {view.say(f'basis.{basis}')}"


def show_facts(view: View, facts: Replay, events: Sequence[EventLine]) -> None:
    """The shipped facts with their sources and rivals, and what we assumed."""
    section(view, "replay.events")
    note(" · ".join(f"{basis_mark(view, name)}: {view.say(f'basis.{name}_how')}" for name in BASIS_GLYPHS))
    table(
        view,
        [_marked(view, event) for event in events],
        columns_of(EventLine, "when", "basis", "confidence", "text", "source"),
        alt=view.say("replay.events"),
        key="events",
        most_rows=15,
    )
    note(view.say("replay.sources", sources=facts.sources.in_language(view.language)))
    if told := holdings(facts, view.language):
        section(view, "replay.holdings")
        note(view.say("replay.holdings_how"))
        rivals = [replace(one, basis=basis_mark(view, one.basis)) for one in told]
        table(view, rivals, columns_of(HoldingLine), alt=view.say("replay.holdings"), key="holdings")
    section(view, "replay.figures")
    quoted = [_marked(view, figure) for figure in figures(facts, view.language)]
    table(view, quoted, columns_of(FigureLine), alt=view.say("replay.figures"), key="figures", most_rows=20)
    section(view, "replay.assumptions")
    note(view.say("replay.assumptions_how"))
    items = "".join(f"<li>{escape(text.in_language(view.language))}</li>" for text in facts.assumptions)
    markup(f'<ul class="assumed">{items}</ul>')


Told = TypeVar("Told", EventLine, FigureLine)


def _marked(view: View, line: Told) -> Told:
    """The same fact with its marks in words."""
    confidence = view.say(f"confidence.{line.confidence}")
    return replace(line, basis=basis_mark(view, line.basis), confidence=confidence)

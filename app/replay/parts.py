"""Pieces of the page of a replayed incident: facts beside checks beside the rule, and facts with their rivals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape

import pandas as pd

from app.amounts import exact, krw, percent
from app.columns import Shown
from app.replay import incident
from app.replay.incident import Moment
from app.widgets.header import markup, note, section
from app.widgets.tables import table
from app.widgets.view import View
from etl.replays import Replay

BASIS_GLYPHS = {"official": "●", "reported": "○", "derived": "◇"}
"""A sign beside the word of who says so."""

# The columns of the tables, and how each is written.
_EVENTS = {
    "when": Shown.TEXT,
    "basis": Shown.TEXT,
    "confidence": Shown.TEXT,
    "text": Shown.LONG_TEXT,
    "source": Shown.LONG_TEXT,
}
_HOLDINGS = {
    "amount": Shown.AMOUNT,
    "credited_multiple": Shown.TIMES,
    "residual_share": Shown.PERCENT,
    "basis": Shown.TEXT,
    "teller": Shown.LONG_TEXT,
}
_FIGURES = {
    "label": Shown.LONG_TEXT,
    "amount": Shown.AMOUNT,
    "unit": Shown.TEXT,
    "basis": Shown.TEXT,
    "confidence": Shown.TEXT,
    "claims": Shown.LONG_TEXT,
    "source": Shown.LONG_TEXT,
}


def basis_mark(view: View, basis: str) -> str:
    """Sign and word of who says so."""
    return f"{BASIS_GLYPHS[basis]} {view.say(f'basis.{basis}')}"


def side_by_side(view: View, moments: Sequence[Moment]) -> None:
    """Facts, checks and rule as a table, one row a slot."""
    titles = ("column.when", "replay.side_happened", "replay.side_checked", "replay.side_rule")
    head = "".join(f'<th scope="col">{escape(view.say(title))}</th>' for title in titles)
    rows = "".join(
        f'<tr><th scope="row">{escape(moment.when)}</th><td>{_happened(view, moment)}</td>'
        f"<td>{_checked(view, moment)}</td><td>{escape(moment.rule)}</td></tr>"
        for moment in moments
    )
    markup(f'<table class="course"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')


def _happened(view: View, moment: Moment) -> str:
    """The events of a slot, each with its exact moment and who says so."""
    parts = []
    for event in moment.events:
        mark = f"{basis_mark(view, event.basis)} · {view.say(f'confidence.{event.confidence}')}"
        told = f"{incident.when(event, view.language)} · {mark}"
        parts.append(f"<p>{escape(event.text.in_language(view.language))}<small>{escape(told)}</small></p>")
    return "".join(parts)


def _checked(view: View, moment: Moment) -> str:
    """What the check of a slot shows; only files of the replayed days hold any."""
    row = moment.check
    if row is None:
        return escape(view.say("replay.no_check"))
    ledger, wallet = exact(row["ledger_quantity"]), exact(row["wallet_quantity"])
    if not row["shortfall_quantity"]:
        return escape(view.say("replay.check_match", wallet=wallet))
    said = view.say(
        "replay.check_short",
        short=exact(row["shortfall_quantity"]),
        asset=row["asset"],
        won=krw(row["shortfall_krw"], view.language),
        points=f"{row['shortfall_ratio'] * 10_000:,.0f}",
        holdings=_of_holdings(view, row["holdings_multiple"]),
    )
    both = view.say("replay.check_both", ledger=ledger, wallet=wallet)
    return f"<p><b>✕</b> {escape(said)}<small>{escape(both)}</small></p>"


def _of_holdings(view: View, multiple: Decimal) -> str:
    """A shortfall by what was held: a multiple from one on, below it a share."""
    if multiple >= 1:
        return view.say("replay.holdings_times", times=f"{multiple:,.2f}")
    return view.say("replay.holdings_share", share=percent(multiple, 2))


def show_facts(view: View, facts: Replay, events: pd.DataFrame) -> None:
    """The shipped facts with their sources and rivals, and what we assumed."""
    section(view, "replay.events")
    note(" · ".join(f"{basis_mark(view, name)}: {view.say(f'basis.{name}_how')}" for name in BASIS_GLYPHS))
    table(view, _marked(view, events), _EVENTS, alt=view.say("replay.events"), key="events", most_rows=15)
    note(view.say("replay.sources", sources=facts.sources.in_language(view.language)))
    section(view, "replay.holdings")
    note(view.say("replay.holdings_how"))
    rivals = incident.holdings(facts, view.language)
    table(view, _marked(view, rivals), _HOLDINGS, alt=view.say("replay.holdings"), key="holdings")
    section(view, "replay.figures")
    figures = incident.figures(facts, view.language)
    table(view, _marked(view, figures), _FIGURES, alt=view.say("replay.figures"), key="figures", most_rows=20)
    section(view, "replay.assumptions")
    note(view.say("replay.assumptions_how"))
    items = "".join(f"<li>{escape(text.in_language(view.language))}</li>" for text in facts.assumptions)
    markup(f'<ul class="assumed">{items}</ul>')


def _marked(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of facts with its marks in words."""
    frame = frame.assign(basis=[basis_mark(view, basis) for basis in frame["basis"]])
    if "confidence" in frame:
        frame["confidence"] = [view.say(f"confidence.{level}") for level in frame["confidence"]]
    return frame

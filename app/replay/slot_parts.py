"""A replayed incident side by side on the screen: what happened, what the checks show, what the rule wants."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from app.amounts import exact, krw
from app.replay.fact_parts import basis_mark
from app.replay.facts import when
from app.replay.slots import SlotLine, held_in_words
from app.widgets.header import markup
from app.widgets.view import View


def side_by_side(view: View, slots: Sequence[SlotLine]) -> None:
    """Facts, checks and rule as a table, one row a slot."""
    titles = ("column.when", "replay.side_happened", "replay.side_checked", "replay.side_rule")
    head = "".join(f'<th scope="col">{escape(view.say(title))}</th>' for title in titles)
    rows = "".join(
        f'<tr><th scope="row">{escape(slot.when)}</th><td>{_happened(view, slot)}</td>'
        f"<td>{_checked(view, slot)}</td><td>{escape(slot.rule)}</td></tr>"
        for slot in slots
    )
    markup(f'<table class="course"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')


def _happened(view: View, slot: SlotLine) -> str:
    """The events of a slot, each with its exact moment and who says so."""
    parts = []
    for event in slot.events:
        mark = f"{basis_mark(view, event.basis)} · {view.say(f'confidence.{event.confidence}')}"
        told = f"{when(event, view.language)} · {mark}"
        parts.append(f"<p>{escape(event.text.in_language(view.language))}<small>{escape(told)}</small></p>")
    return "".join(parts)


def _checked(view: View, slot: SlotLine) -> str:
    """What the check of a slot shows; only files of the replayed days hold any."""
    check = slot.check
    if check is None:
        return escape(view.say("replay.no_check"))
    ledger, wallet = exact(check.ledger_quantity), exact(check.wallet_quantity)
    if not check.is_short or check.shortfall_ratio is None:
        return escape(view.say("replay.check_match", wallet=wallet))
    said = view.say(
        "replay.check_short",
        short=exact(check.shortfall_quantity),
        asset=check.asset,
        won=krw(check.shortfall_krw, view.language),
        points=f"{check.shortfall_ratio * 10_000:,.0f}",
        holdings=held_in_words(check.holdings_multiple, view.language),
    )
    both = view.say("replay.check_both", ledger=ledger, wallet=wallet)
    return f"<p><b>✕</b> {escape(said)}<small>{escape(both)}</small></p>"

"""The shipped facts of a replayed incident as rows: events, holdings and figures, each with who says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.amounts import exact, ratio
from app.columns import Amount, LongText, Percent, Text, Times
from app.moments import KST
from app.words import say
from etl.replays import Event, QuotedFigure, Replay


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event with its moment as exactly as it is known, and who says so."""

    id: str
    at: datetime
    until: datetime | None
    when: Text
    basis: Text
    confidence: Text
    text: LongText
    source: LongText


@dataclass(frozen=True, slots=True)
class HoldingLine:
    """A value told for the holdings before, what was credited as a multiple of it, and the residual as a share."""

    amount: Amount
    credited_multiple: Times | None
    residual_share: Percent | None
    basis: Text
    teller: LongText


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure of the incident with the other values that are told in its place."""

    label: LongText
    amount: Amount
    unit: Text
    basis: Text
    confidence: Text
    claims: LongText | None
    source: LongText


def when(event: Event, language: str) -> str:
    """Return the moment of an event, as exactly as it is known."""
    local = event.at.astimezone(KST)
    form = {"day": "%m-%d", "second": "%m-%d %H:%M:%S"}.get(event.precision, "%m-%d %H:%M")
    text = local.strftime(form)
    if event.until:
        text += f"~{event.until.astimezone(KST):%H:%M}"
    return say("replay.about", language, moment=text) if event.precision == "about" else text


def events_of(incident: Replay, language: str) -> list[EventLine]:
    """Return the events in time order."""
    return [
        EventLine(
            id=event.id,
            at=event.at,
            until=event.until,
            when=when(event, language),
            basis=event.basis.value,
            confidence=event.confidence.value,
            text=event.text.in_language(language),
            source=event.source.in_language(language),
        )
        for event in incident.events
    ]


def holdings(incident: Replay, language: str) -> list[HoldingLine]:
    """Return every value told for the holdings before, first the one that the replay uses; none where none is told."""
    if incident.holdings is None:
        return []
    figure = incident.holdings.before
    told = [(figure.value, figure.basis.value, figure.source.in_language(language))]
    told += [(claim.value, claim.basis.value, claim.text.in_language(language)) for claim in figure.claims]
    return [
        HoldingLine(
            amount=value,
            credited_multiple=ratio(incident.holdings.credited.value, value),
            residual_share=ratio(incident.holdings.residual.value, value),
            basis=basis,
            teller=who,
        )
        for value, basis, who in told
    ]


def figures(incident: Replay, language: str) -> list[FigureLine]:
    """Return the figures of the incident, in the order of its record."""
    return [
        FigureLine(
            label=figure.label.in_language(language),
            amount=figure.value,
            unit=say(f"replay.unit_{figure.unit}", language),
            basis=figure.basis.value,
            confidence=figure.confidence.value,
            claims=_claims(figure, language) or None,
            source=figure.source.in_language(language),
        )
        for figure in incident.figures.values()
    ]


def _claims(figure: QuotedFigure, language: str) -> str:
    return " / ".join(f"{exact(claim.value)}: {claim.text.in_language(language)}" for claim in figure.claims)

"""The records of an incident: what happened and who says so, the figures with their rivals, and the derived series.

A record is read from one TOML file, which says everything there is to know about one replay. What is wrong in it is a
ValueError that names the file.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from expectations.vocabulary import Period, Wording


class Basis(StrEnum):
    """Who stands behind a statement."""

    OFFICIAL = "official"
    """A notice of the company, or a statement of the FSC or the FSS."""
    REPORTED = "reported"
    """The press or an analyst."""
    DERIVED = "derived"
    """Worked out by us."""


class Precision(StrEnum):
    """How exactly a moment is known."""

    SECOND = "second"
    MINUTE = "minute"
    ABOUT = "about"
    DAY = "day"


class Confidence(StrEnum):
    """H: official, or two independent outlets agree; M: one decent outlet."""

    HIGH = "H"
    MEDIUM = "M"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, from `at`, and to `until` where it took a while."""

    id: str
    at: datetime
    until: datetime | None
    precision: Precision
    text: Wording
    basis: Basis
    confidence: Confidence
    source: Wording


@dataclass(frozen=True, slots=True)
class Claim:
    """Another value that somebody gives for a figure, and who."""

    value: Decimal
    text: Wording
    basis: Basis


@dataclass(frozen=True, slots=True)
class QuotedFigure:
    """A number of the incident as we use it, and the others that are told in its place."""

    id: str
    label: Wording
    value: Decimal
    unit: str
    basis: Basis
    confidence: Confidence
    source: Wording
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class SeriesStep:
    """What the five-minute checks show from one of them on."""

    from_check: datetime
    ledger: Decimal
    wallet: Decimal
    price_krw: Decimal


@dataclass(frozen=True, slots=True)
class Series:
    """The derived checks of one asset at one exchange, as steps in time order."""

    exchange: str
    asset: str
    steps: tuple[SeriesStep, ...]


@dataclass(frozen=True, slots=True)
class Milestones:
    """The events from which the real course is measured: it began, was noticed, first blocked, books equal again.

    `equal` is None where nobody says when that was.
    """

    began: Event
    noticed: Event
    blocked: Event
    equal: Event | None = None


@dataclass(frozen=True, slots=True)
class Holdings:
    """The figures whose multiples are told: what was credited, what was held before, and what remained short."""

    credited: QuotedFigure
    before: QuotedFigure
    residual: QuotedFigure


@dataclass(frozen=True, slots=True)
class Notice:
    """That somebody was told of the incident, and by which event."""

    event: Event
    who: Wording


@dataclass(frozen=True, slots=True)
class Loss:
    """What was lost of one asset, or of several together, in units and in won, and who stands behind either."""

    what: Wording
    quantity: Decimal
    quantity_basis: Basis
    krw: Decimal
    krw_basis: Basis


@dataclass(frozen=True, slots=True)
class Replay:
    """One incident, whole.

    `asset` is the one that is looked at first. `seen_from` is the moment at which the screens stand, `zoom` the stretch
    in which it happened. The checks run through the days from `first_day` to `last_day`. `holdings` is None where
    no multiples of holdings are told, `losses` is empty where they are of one asset. `halts` are rows of the report
    of halts.
    """

    name: str
    title: Wording
    summary: Wording
    exchange: str
    asset: str
    first_day: date
    last_day: date
    seen_from: datetime
    zoom: tuple[datetime, datetime]
    sources: Wording
    milestones: Milestones
    events: tuple[Event, ...]
    figures: Mapping[str, QuotedFigure]
    holdings: Holdings | None
    notices: tuple[Notice, ...]
    losses: tuple[Loss, ...]
    assumptions: tuple[Wording, ...]
    series: tuple[Series, ...]
    halts: tuple[Mapping[str, Any], ...]
    version: str
    """Changes with anything in the record."""

    @property
    def reports(self) -> tuple[str, ...]:
        """The reports that the incident's files are of."""
        return ("reconciliation", "halts") if self.halts else ("reconciliation",)

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets of the exchange that the files are about, in the order of the record."""
        return tuple(series.asset for series in self.series if series.exchange == self.exchange)

    @property
    def ends_at(self) -> datetime:
        """The moment at which the files end."""
        return Period.of_day(self.last_day).end


def read_replay(path: Path) -> Replay:
    """The incident that a file records."""
    content = path.read_bytes()
    try:
        return _replay(tomllib.loads(content.decode("utf-8")), hashlib.sha256(content).hexdigest()[:12])
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"{path.name} is no record of an incident: {error!r}") from error


def _replay(record: dict[str, Any], version: str) -> Replay:
    events = {one["id"]: _event(one) for one in record["event"]}
    figures = {one["id"]: _figure(one) for one in record["figure"]}
    first, last = record["zoom"]
    return Replay(
        name=record["name"],
        title=Wording(**record["title"]),
        summary=Wording(**record["summary"]),
        exchange=record["exchange"],
        asset=record["asset"],
        first_day=record["first_day"],
        last_day=record["last_day"],
        seen_from=record["seen_from"],
        zoom=(first, last),
        sources=Wording(**record["sources"]),
        milestones=Milestones(**{role: events[id_] for role, id_ in record["milestones"].items()}),
        events=tuple(sorted(events.values(), key=lambda event: event.at)),
        figures=figures,
        holdings=Holdings(**{part: figures[id_] for part, id_ in record["holdings"].items()})
        if "holdings" in record
        else None,
        notices=tuple(Notice(events[one["event"]], _wording(one)) for one in record.get("notice", ())),
        losses=tuple(_loss(one) for one in record.get("loss", ())),
        assumptions=tuple(_wording(one) for one in record["assumption"]),
        series=tuple(_series(one) for one in record["series"]),
        halts=tuple(record.get("halt", ())),
        version=version,
    )


def _wording(one: dict[str, Any]) -> Wording:
    return Wording(one["ko"], one["en"])


def _event(one: dict[str, Any]) -> Event:
    return Event(
        id=one["id"],
        at=one["at"],
        until=one.get("until"),
        precision=Precision(one["precision"]),
        text=_wording(one),
        basis=Basis(one["basis"]),
        confidence=Confidence(one["confidence"]),
        source=Wording(**one["source"]),
    )


def _figure(one: dict[str, Any]) -> QuotedFigure:
    claims = (Claim(Decimal(c["value"]), _wording(c), Basis(c["basis"])) for c in one.get("claims", ()))
    return QuotedFigure(
        id=one["id"],
        label=Wording(**one["label"]),
        value=Decimal(one["value"]),
        unit=one["unit"],
        basis=Basis(one["basis"]),
        confidence=Confidence(one["confidence"]),
        source=Wording(**one["source"]),
        claims=tuple(claims),
    )


def _loss(one: dict[str, Any]) -> Loss:
    return Loss(
        what=_wording(one),
        quantity=Decimal(one["quantity"]),
        quantity_basis=Basis(one["quantity_basis"]),
        krw=Decimal(one["krw"]),
        krw_basis=Basis(one["krw_basis"]),
    )


def _series(one: dict[str, Any]) -> Series:
    steps = (
        SeriesStep(step["from_check"], Decimal(step["ledger"]), Decimal(step["wallet"]), Decimal(step["price_krw"]))
        for step in one["steps"]
    )
    return Series(one["exchange"], one["asset"], tuple(steps))

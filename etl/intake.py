"""What is to be filed: paths walked, and what a file's name says it is (specification, 3.6).

A name reads `EXCHANGE_REPORT_PERIOD.EXT`; given exchange, report or period win over it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from etl.exchanges import all_exchanges, exchange
from expectations.catalogue import all_reports, report
from expectations.vocabulary import Period

_NAME = re.compile(r"(?P<exchange>[a-z0-9]+)_(?P<report>[a-z_]+)_(?P<period>[0-9][0-9T-]*)")


class NotAFilingError(ValueError):
    """A file whose exchange, report or period is not known, with a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file is said to be: whose, which report, for which period."""

    exchange: str
    report: str
    period: Period


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to be filed and its declared exchange, report and period; `sent_as` is the sender's name of it."""

    path: Path
    declared: Declared
    sent_as: str = ""

    @property
    def name(self) -> str:
        """The name that the sender gave it."""
        return self.sent_as or self.path.name


def said_by(name: str) -> dict[str, str]:
    """What a file's name says of itself: `exchange`, `report` and `period`, or nothing where it is no such name."""
    match = _NAME.fullmatch(Path(name).stem)
    return match.groupdict() if match else {}


def declare(
    name: str, *, exchange_id: str | None = None, report_name: str | None = None, period: str | None = None
) -> Declared:
    """What `name` and the given words say; NotAFilingError in one sentence where they leave something open."""
    said = said_by(name)
    chosen_exchange = exchange_id or said.get("exchange")
    chosen_report = report_name or said.get("report")
    chosen_period = period or said.get("period")
    if not chosen_exchange or not chosen_report or not chosen_period:
        raise NotAFilingError(
            f"{name}: the name does not say what it is; call it EXCHANGE_REPORT_PERIOD.EXT "
            "(upbit_reconciliation_2026-11-02.json) or give --exchange, --report and --period"
        )
    if chosen_exchange not in all_exchanges():
        raise NotAFilingError(
            f"{name}: there is no exchange '{chosen_exchange}'; the members are {', '.join(all_exchanges())}"
        )
    if chosen_report not in all_reports():
        raise NotAFilingError(
            f"{name}: there is no report '{chosen_report}'; the reports are {', '.join(all_reports())}"
        )
    try:
        parsed = Period.parse(chosen_period, report(chosen_report).cadence)
    except ValueError as error:
        raise NotAFilingError(f"{name}: {error}") from error
    return Declared(exchange(chosen_exchange).id, chosen_report, parsed)


def find(
    paths: Iterable[Path],
    *,
    exchange_id: str | None = None,
    report_name: str | None = None,
    period: str | None = None,
) -> Iterator[Candidate | NotAFilingError]:
    """The files behind `paths`, folders walked in order of name.

    A file in a folder that does not say what it is is yielded as NotAFilingError, to be passed over by name; one
    given by itself, or a path that is not there, raises it.
    """
    for path in paths:
        if not path.exists():
            raise NotAFilingError(f"{path}: there is no such file or folder; check the path")
        if path.is_dir():
            for inner in sorted(p for p in path.rglob("*") if p.is_file()):
                try:
                    yield Candidate(
                        inner,
                        declare(inner.name, exchange_id=exchange_id, report_name=report_name, period=period),
                    )
                except NotAFilingError as error:
                    yield error
        else:
            declared = declare(path.name, exchange_id=exchange_id, report_name=report_name, period=period)
            yield Candidate(path, declared)

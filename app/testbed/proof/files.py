"""The files of one exchange in which a mutation changes what it wants, and what it says must be found then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from app.testbed.proof.ground import DAY, MONTH, Filing, filings
from etl.exchanges import all_exchanges, exchange
from etl.intake import NOTHING_GIVEN, Given
from etl.layout import Container, Layout
from etl.writing.native import write_native
from expectations.catalogue import report as report_of
from expectations.vocabulary import KST, Cadence, Finding, Period, Report, ValueType

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A finding that must be there, with the report and the period it is found in; its texts are not compared."""

    report: str
    period: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes that a mutation files, and what is given beside them.

    `ground` is the same file without the mutation, where the ground has none.
    """

    report: str
    period: Period
    name: str
    data: bytes
    received_at: datetime
    ground: bytes | None = None
    given: Given = NOTHING_GIVEN


class Files:
    """What one exchange files, as rows that may be changed; what was not changed is not filed again."""

    def __init__(self, exchange_id: str) -> None:
        """Begin with the ground."""
        self.exchange = exchange(exchange_id)
        self.place = list(all_exchanges()).index(exchange_id)
        self.left_out: set[tuple[str, str]] = set()
        self.received: dict[tuple[str, str], datetime] = {}
        self.filed_again: dict[tuple[str, str], tuple[datetime, datetime]] = {}
        """When a file is withdrawn, and when it is filed again."""
        self.corrections: list[Sent] = []
        """What is filed once everything else is judged."""
        self._rows: dict[tuple[str, str], list[Row]] = {}
        self._layouts: dict[str, Layout] = {}
        self._sent: list[Sent] = []

    # --------------------------------------------------------------------------------------- changing

    def rows(self, report: str, period: str | None = None) -> list[Row]:
        """The rows of a file, to be changed in place; of the day of mutations, or the audited month."""
        key = (report, period or _usual(report))
        if key not in self._rows:
            self._rows[key] = self._ground(*key).table.to_pylist()
        return self._rows[key]

    def layout(self, report: str) -> Layout:
        """How the exchange writes that report on the day of mutations, or the audited month."""
        day = Period.parse(_usual(report)).first_day
        return self._layouts.get(report) or self.exchange.layouts[report].on(day)

    def shape(self, report: str) -> Report:
        """The shape of that report on the day of mutations, or of the audited month."""
        return report_of(report).on(Period.parse(_usual(report)).first_day)

    def write_as(self, report: str, layout: Layout) -> None:
        """Write the report in another way than the exchange does."""
        self._layouts[report] = layout
        self.rows(report)

    def native(
        self,
        report: str,
        period: str | None = None,
        *,
        totals_without_first: bool = False,
        stated_period: str | None = None,
    ) -> bytes:
        """The file as the exchange writes it, changed rows included; perhaps with totals of other rows, or a lie."""
        chosen = period or _usual(report)
        table = self.table(report, chosen)
        totals_of = table.slice(1) if totals_without_first else None
        said = Period.parse(stated_period or chosen)
        layout = self._layouts.get(report) or self.exchange.layouts[report].on(Period.parse(chosen).first_day)
        return write_native(table, self.exchange, report_of(report), said, totals_of=totals_of, layout=layout)

    def table(self, report: str, period: str | None = None) -> pa.Table:
        """The rows changed so far as a canonical table."""
        chosen = period or _usual(report)
        return pa.Table.from_pylist(self.rows(report, chosen), schema=self._ground(report, chosen).table.schema)

    def send(
        self,
        report: str,
        data: bytes,
        *,
        period: str | None = None,
        container: Container | None = None,
        ground: bytes | None = None,
        given: Given = NOTHING_GIVEN,
    ) -> None:
        """File these bytes instead of rows."""
        chosen = Period.parse(period or _usual(report))
        ending = (container or self.layout(report).container).value
        name = f"{self.exchange.id}_{report}_{chosen.text}.{ending}"
        self._sent.append(Sent(report, chosen, name, data, self._received_at(report, _usual(report)), ground, given))

    def correct(self, report: str, *, after: timedelta) -> None:
        """File the rows as they are now over what was filed before, once that is judged."""
        period = _usual(report)
        received_at = self._received_at(report, period) + after
        self.corrections.append(replace(self._written(report, period), received_at=received_at))

    def sent(self) -> list[Sent]:
        """Every file that is to be filed now: the bytes given, and the rows that were changed."""
        given = {sent.report for sent in self._sent}
        return [
            *self._sent,
            *(self._written(*key) for key in self._rows if key[0] not in given and self._changed(*key)),
        ]

    def _written(self, report: str, period: str) -> Sent:
        ground = self._ground(report, period)
        data = self.native(report, period)
        return Sent(report, ground.period, ground.name, data, self._received_at(report, period))

    def _changed(self, report: str, period: str) -> bool:
        return report in self._layouts or self.rows(report, period) != self._ground(report, period).table.to_pylist()

    def _ground(self, report: str, period: str) -> Filing:
        return filings()[self.exchange.id, report, period]

    def _received_at(self, report: str, period: str) -> datetime:
        return self._ground(report, period).received_at

    # ----------------------------------------------------------------------------------------- saying

    def wanted(
        self,
        rule: str,
        report: str,
        *,
        row: int | None = None,
        column: str | None = None,
        subject: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        reason: str | None = None,
        period: str | None = None,
    ) -> Wanted:
        """A finding: `row` is a place in the rows, `column` canonical; both become the sender's own."""
        chosen = period or _usual(report)
        place = None if row is None else self.source_row(report, row, chosen)
        native = self.layout(report).native_name(column)
        return Wanted(report, chosen, Finding(rule, place, native, subject, start, end, reason=reason))

    def source_row(self, report: str, place: int, period: str | None = None) -> int:
        """The sender's number of a row: record, line on which it starts, or row of the sheet (section 2)."""
        layout = self.layout(report)
        if layout.container is Container.JSON:
            return place + 1
        if layout.container is Container.XLSX:
            return layout.header_row + 1 + place
        before = self.rows(report, period)[:place]
        breaks = sum(str(value).count("\n") for row in before for value in row.values())
        return 2 + place + breaks

    def at(self, hour: int, minute: int = 0, *, day: str = DAY) -> datetime:
        """A KST time of a day."""
        return datetime.combine(Period.parse(day).first_day, time(hour, minute), KST)

    def name(self, *parts: object) -> str:
        """A name for a thing that is added: the exchange's own prefix and what it is."""
        return "-".join([self.exchange.short_code, *map(str, parts)])


def _usual(report: str) -> str:
    return MONTH if report_of(report).cadence is Cadence.MONTH else DAY


Change = Callable[[Files], Sequence[Wanted]]


@dataclass(frozen=True, slots=True)
class Mutation:
    """The proof of one rule: what is changed, and what is found then, said once for all exchanges.

    `also` are rules that cannot but fire too, `perhaps` those that do at a large exchange. `not_applicable` says, by
    exchange, why the rule cannot concern it. `at_the_beginning` asks for the first two days alone, so that files can be
    left out or come late.
    """

    rule: str
    what: str
    change: Change
    also: tuple[str, ...] = ()
    not_applicable: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    at_the_beginning: bool = False
    perhaps: tuple[str, ...] = ()


def mutation(
    rule: str,
    what: str,
    *,
    also: tuple[str, ...] = (),
    not_applicable: Mapping[str, str] = MappingProxyType({}),
    at_the_beginning: bool = False,
    perhaps: tuple[str, ...] = (),
) -> Callable[[Change], Mutation]:
    """Make the proof of `rule` of the function that changes the files and returns what must be found."""
    return lambda change: Mutation(rule, what, change, also, not_applicable, at_the_beginning, perhaps)


def one_row(
    rule: str,
    what: str,
    report: str,
    change: Callable[[Row], None],
    *,
    having: Callable[[Row], bool] = lambda row: True,
    names_row: bool = True,
    has_subject: bool = True,
) -> Mutation:
    """The proof of a rule that looks at single rows: the first one `having` something is changed and found."""

    def changed(files: Files) -> Sequence[Wanted]:
        rows = files.rows(report)
        place = next(place for place, row in enumerate(rows) if having(row))
        change(rows[place])
        subject = rows[place][report_of(report).subject_field] if has_subject else None
        return [files.wanted(rule, report, row=place if names_row else None, subject=subject)]

    return Mutation(rule, what, changed)


def negative_cells(rule: str, report: str, **numbers: object) -> Mutation:
    """The proof of the rules on negative numbers: every number of the first row is below zero, or as given."""

    def changed(files: Files) -> Sequence[Wanted]:
        shape, rows = files.shape(report), files.rows(report)
        kinds = (ValueType.COUNT, ValueType.KRW, ValueType.QUANTITY)
        names = [f.name for f in shape.fields if f.type in kinds]
        rows[0].update({name: type(rows[0][name])(-1) for name in names} | numbers)
        subject = rows[0][shape.subject_field]
        return [files.wanted(rule, report, row=0, column=name, subject=subject) for name in names]

    return Mutation(rule, "every number of the first row is negative, or a price nought", changed)


def repeated_row(rule: str, report: str) -> Mutation:
    """The proof of the rules on unique keys: the first row stands there again as the last."""

    def changed(files: Files) -> Sequence[Wanted]:
        rows = files.rows(report)
        rows.append(dict(rows[0]))
        subject = rows[0][report_of(report).subject_field]
        return [files.wanted(rule, report, row=len(rows) - 1, subject=subject)]

    return Mutation(rule, "the first row stands there again as the last", changed)

"""What there is to say of an exchange and of each file it sends: frozen declarations, no behaviour.

An `Exchange` holds its names and one `Layout` per report; a `Layout` maps each canonical column to the native
column or columns, with the notation of its values. The canonical template is a layout like any other, derived
from the shape. Source: specification, section 4 and 3.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from types import MappingProxyType

from etl import notation as n
from expectations.vocabulary import Report, ValueType, Wording

CANONICAL = "canonical"
"""Name of the format that every exchange may file (3.7)."""


class Container(StrEnum):
    """The kind of file, told by its extension."""

    JSON = "json"
    XLSX = "xlsx"
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Native:
    """Where a canonical value stands in the sender's file: its column (or two), notation and code words.

    `codes` maps canonical codes to the sender's words; `target_words` what it writes for ALL and ACCOUNTS.
    """

    names: tuple[str, ...]
    notation: n.Notation
    codes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    target_words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    target_market: n.Notation | None = None

    @property
    def name(self) -> str:
        """The column as findings name it."""
        return " + ".join(self.names)


@dataclass(frozen=True, slots=True)
class Layout:
    """How one report is written in one format.

    `sheet` names the workbook's sheet; `header_row` the row of the headers; `period_cell` says that row 2 holds
    the period; `total_row` that a 합계 row ends the data; `nil_mark` the word of a nil return; `absent` what
    stands where there is no value; `optional_columns` may be there and are no data.
    """

    report: str
    container: Container
    columns: Mapping[str, Native]
    format: str
    encoding: str = "utf-8"
    absent: str = ""
    sheet: str | None = None
    header_row: int = 1
    period_cell: bool = False
    total_row: bool = False
    nil_mark: str | None = None
    envelope: bool = False
    optional_columns: tuple[str, ...] = ()

    @property
    def native_names(self) -> tuple[str, ...]:
        """All columns that the file must have, in order."""
        return tuple(name for column in self.columns.values() for name in column.names)

    def native_name(self, canonical: str | None) -> str | None:
        """The sender's name of a canonical column; None and unknown names pass as they are."""
        column = self.columns.get(canonical or "")
        return column.name if column else canonical


@dataclass(frozen=True, slots=True)
class DayReset:
    """The KST time at which an exchange's own ticker begins a new day, and where that is known from.

    None where the ticker tells of the last 24 hours at any moment and begins no day. Reports are not concerned: their
    day begins at 00:00 KST for everybody (specification, section 1).
    """

    at: time | None
    source: Wording


@dataclass(frozen=True, slots=True)
class Exchange:
    """One member of DAXA: its names with the day they began, its operator, its ticker's day, and how it writes.

    `short_code` begins its case and halt numbers.
    """

    id: str
    names: tuple[tuple[date, Wording], ...]
    operator: Wording
    day_reset: DayReset
    short_code: str
    layouts: Mapping[str, Layout]

    def name_on(self, day: date) -> Wording:
        """Its display name on a day (a rename is a date, never a new id)."""
        current = self.names[0][1]
        for since, wording in self.names:
            if since <= day:
                current = wording
        return current


@dataclass(frozen=True, slots=True)
class House:
    """An exchange's habits, from which its layouts are built: container, notations and code words.

    `spell_code` gives its word for a canonical code and raises KeyError where it has none.
    """

    container: Container
    notations: Mapping[ValueType, n.Notation]
    spell_code: Callable[[str], str]
    target_words: Mapping[str, str]
    encoding: str = "utf-8"
    absent: str = ""
    nil_mark: str | None = None
    header_row: int = 1
    period_cell: bool = False
    envelope: bool = False

    def layout(
        self,
        report: Report,
        columns: Mapping[str, str | tuple[str, ...] | Native],
        *,
        sheet: str | None = None,
        total_row: bool = False,
        notations: Mapping[ValueType, n.Notation] = MappingProxyType({}),
    ) -> Layout:
        """The layout of `report`, `columns` in the order of the file; each is a native name, two, or a `Native`.

        Raises ValueError where the columns are not exactly the report's.
        """
        if len(columns) != len(report.fields) or set(columns) != set(report.field_names):
            raise ValueError(f"layout of {report.name}: {tuple(columns)} instead of {report.field_names}")
        chosen = {**self.notations, **notations}
        return Layout(
            report=report.name,
            container=self.container,
            columns=MappingProxyType(
                {name: self._native(report, name, native, chosen) for name, native in columns.items()}
            ),
            format="native",
            encoding=self.encoding,
            absent=self.absent,
            sheet=sheet,
            header_row=self.header_row,
            period_cell=self.period_cell,
            total_row=total_row,
            nil_mark=self.nil_mark,
            envelope=self.envelope,
        )

    def _native(
        self,
        report: Report,
        name: str,
        native: str | tuple[str, ...] | Native,
        notations: Mapping[ValueType, n.Notation],
    ) -> Native:
        if isinstance(native, Native):
            return native
        names = native if isinstance(native, tuple) else (native,)
        shape = report.field(name)
        if shape.type is ValueType.TARGET:
            asset, market = notations[ValueType.ASSET], notations[ValueType.MARKET]
            return Native(names, asset, target_words=self.target_words, target_market=market)
        notation = notations[ValueType.TEXT if shape.type is ValueType.CODE else shape.type]
        codes = {code: self.spell_code(code) for code in shape.codes}
        return Native(names, notation, codes=MappingProxyType(codes))


_CANONICAL_NOTATIONS = {
    ValueType.QUANTITY: n.QUANTITY_PLAIN,
    ValueType.KRW: n.KRW_PLAIN,
    ValueType.COUNT: n.COUNT_ANY,
    ValueType.INSTANT: n.INSTANT_OFFSET_ANY,
    ValueType.DATE: n.DATE_DASHES,
    ValueType.MONTH: n.MONTH_DASH,
    ValueType.MARKET: n.MARKET_CANONICAL,
    ValueType.ASSET: n.ASSET_UPPER,
    ValueType.HASH: n.HASH,
    ValueType.TEXT: n.TEXT,
}
_PARQUET_NOTATIONS = {
    **_CANONICAL_NOTATIONS,
    ValueType.QUANTITY: n.QUANTITY_EXPONENT,
    ValueType.KRW: n.KRW_EXPONENT,
}
"""pyarrow prints small decimals with an exponent; nothing is lost."""


def canonical_layout(report: Report, container: Container) -> Layout:
    """The canonical template of `report` as CSV, XLSX or Parquet (3.7)."""
    house = House(
        container=container,
        notations=_PARQUET_NOTATIONS if container is Container.PARQUET else _CANONICAL_NOTATIONS,
        spell_code=str,
        target_words={"ALL": "ALL", "ACCOUNTS": "ACCOUNTS"},
    )
    native = house.layout(report, {name: name for name in report.field_names})
    return Layout(
        report=native.report,
        container=container,
        columns=native.columns,
        format=CANONICAL,
        optional_columns=("exchange",),
    )

"""What there is to say of an exchange and of each file it sends: frozen declarations, no behaviour.

An `Exchange` holds its names and one `Layout` per report; a `Layout` maps each canonical column to the native
column or columns, with the notation of its values. The canonical template is a layout like any other, derived
from the shape. Source: specification, section 4 and 3.7.

What an exchange declares is a `DatedLayout`: the columns of every day. A file is read and written by the `Layout` of
its day, which `DatedLayout.on` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from enum import StrEnum
from types import MappingProxyType

from etl import notation as n
from expectations.vocabulary import Report, ValueType, Wording

CANONICAL = "canonical"
"""Name of the format that every exchange may file (3.7)."""
ADDED_COLUMNS = ("exchange", "submission", "source_row")
"""What an export adds to the canonical columns (section 6); a template may have them, so an export can be filed again.

`exchange` is held against the declared one (SUB-004), the two others are left out: a row's place is that in this file.
"""
ANNOTATION_TITLES = MappingProxyType({"ko": "지적사항", "en": "findings"})
"""Titles of what stands beside the rows of a file that is handed out with its findings; no column is called so."""
ANNOTATED_PREFIX = "findings_"
"""How the name of such a file begins, before the name of the file that was sent."""


def is_annotation(name: str) -> bool:
    """True for the title of a column of findings, which is left out when the mended file is filed again."""
    return any(name == title or name.startswith(f"{title}: [") for title in ANNOTATION_TITLES.values())


class Container(StrEnum):
    """The kind of file, known by its extension."""

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


NativeColumn = str | tuple[str, ...] | Native
"""How a layout declares a column: by its native name, by two, or in full."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one report is written in one format on a day.

    `columns` are the native columns by canonical name, in the order of the file; `other_columns` those of other days
    with their days, such as `< 2027-01-01`. `sheet` names the workbook's sheet; `header_row` the row of the headers;
    `period_cell` says that row 2 holds the period; `total_row` that a 합계 row ends the data; `nil_mark` the word of a
    nil return; `absent` what stands where there is no value; `optional_columns` may be there and are no data.
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
    other_columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def native_names(self) -> tuple[str, ...]:
        """All columns that the file must have, in order."""
        return tuple(name for column in self.columns.values() for name in column.names)

    def native_name(self, canonical: str | None) -> str | None:
        """The sender's name of a canonical column; None and unknown names pass as they are."""
        column = self.columns.get(canonical or "")
        return column.name if column else canonical


@dataclass(frozen=True, slots=True)
class DatedColumn:
    """How a canonical column is written from the KST day `since` on, up to the day before `until`."""

    canonical: str
    native: Native
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class DatedLayout:
    """How one report is written by an exchange, on every day.

    `shape` is the report of all days, `columns` the columns of all days in the order of the file, and `form` what is
    the same on every day; it has no columns.
    """

    shape: Report
    columns: tuple[DatedColumn, ...]
    form: Layout

    @property
    def report(self) -> str:
        """Name of the report."""
        return self.shape.name

    @property
    def container(self) -> Container:
        """The kind of file."""
        return self.form.container

    @property
    def start_days(self) -> tuple[date, ...]:
        """The days on which the columns of the report, or the way in which they are written, change; oldest first."""
        days = {day for f in self.shape.fields for day in (f.since, f.until)}
        days |= {column.since for column in self.columns}
        return tuple(sorted(day for day in days if day not in (None, date.min)))

    def on(self, day: date) -> Layout:
        """How a file of `day` is written; of a period of many days (a month), as on its first day."""
        shape = self.shape.on(day)
        names = shape.field_names
        here = {
            one.canonical: _limited(one.native, shape.field(one.canonical).codes)
            for one in self.columns
            if one.canonical in names and one.since <= day < one.until
        }
        known = {name for native in here.values() for name in native.names}
        others: dict[str, list[tuple[date, date]]] = {}
        for one in self.columns:
            for name in one.native.names:
                if name not in known:
                    others.setdefault(name, []).extend(self._spans(one))
        other_columns = {name: _in_words(spans) for name, spans in others.items() if spans}
        return replace(self.form, columns=MappingProxyType(here), other_columns=MappingProxyType(other_columns))

    def _spans(self, column: DatedColumn) -> list[tuple[date, date]]:
        """When a column is expected: the days of its field, as far as it is written in this way."""
        found = [
            (max(column.since, f.first_day), min(column.until, f.end_day))
            for f in self.shape.fields
            if f.name == column.canonical
        ]
        return [(since, until) for since, until in found if since < until]


def _limited(native: Native, codes: tuple[str, ...]) -> Native:
    """The column with the words for the codes of a day."""
    if set(native.codes) == set(codes):
        return native
    return replace(native, codes=MappingProxyType({code: native.codes[code] for code in codes}))


def _in_words(spans: Sequence[tuple[date, date]]) -> str:
    """Stretches of days as they read in every language: `≥ 2026-07-01, < 2027-01-01`."""
    return " | ".join(
        ", ".join(
            part for part, is_bound in ((f"≥ {since}", since > date.min), (f"< {until}", until < date.max)) if is_bound
        )
        for since, until in spans
    )


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
    layouts: Mapping[str, DatedLayout]

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
        columns: Mapping[str, NativeColumn | Mapping[date, NativeColumn]],
        *,
        sheet: str | None = None,
        total_row: bool = False,
        notations: Mapping[ValueType, n.Notation] = MappingProxyType({}),
    ) -> DatedLayout:
        """The layout of `report`, `columns` in the order of the file; each is a native name, two, or a `Native`.

        A column that is written in another way from a day on is given by the day on which each way begins, the first
        being `date.min`. When a column is part of the report is said in the report alone.
        Raises ValueError where the columns are not exactly those that the report ever had.
        """
        names = report.field_names
        if len(columns) != len(names) or set(columns) != set(names):
            lacking = ", ".join(name for name in names if name not in columns) or "nothing"
            unknown = ", ".join(name for name in columns if name not in names) or "nothing"
            raise ValueError(
                f"layout of {report.name}: it lacks {lacking} and has {unknown} too many; "
                "give how the exchange writes every column that the report ever has, and no other"
            )
        chosen = {**self.notations, **notations}
        return DatedLayout(
            shape=report,
            columns=tuple(
                DatedColumn(name, self._native(report, name, native, chosen), since, until)
                for name, ways in columns.items()
                for since, until, native in _in_turn(report, name, ways)
            ),
            form=Layout(
                report=report.name,
                container=self.container,
                columns=MappingProxyType({}),
                format="native",
                encoding=self.encoding,
                absent=self.absent,
                sheet=sheet,
                header_row=self.header_row,
                period_cell=self.period_cell,
                total_row=total_row,
                nil_mark=self.nil_mark,
                envelope=self.envelope,
            ),
        )

    def _native(
        self,
        report: Report,
        name: str,
        native: NativeColumn,
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


def _in_turn(
    report: Report, name: str, ways: NativeColumn | Mapping[date, NativeColumn]
) -> list[tuple[date, date, NativeColumn]]:
    """The ways of writing a column, each with the day on which it begins and the day on which the next one does."""
    if not isinstance(ways, Mapping):
        return [(date.min, date.max, ways)]
    days = sorted(ways)
    if not days or days[0] != date.min:
        raise ValueError(f"layout of {report.name}: the first way of writing {name} begins on date.min")
    return [(since, until, ways[since]) for since, until in zip(days, [*days[1:], date.max], strict=True)]


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
    """The canonical template as CSV, XLSX or Parquet (3.7); `report` is the shape of the day that the file is of."""
    house = House(
        container=container,
        notations=_PARQUET_NOTATIONS if container is Container.PARQUET else _CANONICAL_NOTATIONS,
        spell_code=str,
        target_words={"ALL": "ALL", "ACCOUNTS": "ACCOUNTS"},
    )
    native = house.layout(report, {name: name for name in report.field_names})
    return replace(
        native.form,
        columns=MappingProxyType({column.canonical: column.native for column in native.columns}),
        format=CANONICAL,
        optional_columns=ADDED_COLUMNS,
        other_columns=MappingProxyType(_other_fields(report)),
    )


def _other_fields(report: Report) -> Mapping[str, str]:
    """The columns of other days than that of the shape, each with its days."""
    spans: dict[str, list[tuple[date, date]]] = {}
    for one in report.other_fields:
        if one.name not in report.field_names:
            spans.setdefault(one.name, []).append((one.first_day, one.end_day))
    return {name: _in_words(days) for name, days in spans.items()}

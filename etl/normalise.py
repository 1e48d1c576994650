"""Text table + layout + shape → canonical Arrow table, and every problem found on the way, all at once.

The checks come in the order of the specification (section 5): columns both ways (SUB-002), what the file says of
itself (SUB-004), secrets (SUB-007); where none of these fails, every cell is read (SUB-006). Nothing is blanked,
guessed or rounded: a cell that cannot be read is a finding with its place, what stood there and what is expected.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl.formats import Column, TextTable
from etl.formats.table import plain_name, shown_spelling
from etl.formats.workbook import TOTAL_MARK
from etl.layout import CANONICAL, Container, Layout, Native, is_annotation
from etl.notation import ARROW_TYPES, TEXT, Cell, Notation, OutOfRangeError, exact_count, exact_decimal
from etl.personal_data import masking, may_hold_secret, secrets_in, suspected
from expectations.catalogue import parameter
from expectations.vocabulary import (
    KRW_DIGITS,
    QUANTITY_DIGITS,
    Field,
    Finding,
    Period,
    Report,
    ValueType,
)

SOURCE_ROW = "source_row"
_FREE_TEXT = frozenset({ValueType.TEXT, ValueType.TARGET})
_ALWAYS_WITH_ROWS = frozenset({"api_keys", "audits"})
"""Reports of which no nil return is possible (specification, 2.8); of `api_keys` KEY-001 says so scope by scope."""
_PLACES = 5
_SINGLY = 20
"""So many unknown or repeated columns are named one by one."""
_SHOWN = 80
"""Characters of a bad value that a finding repeats."""
_SHOWN_TOGETHER = 400
"""Characters of several names that a finding repeats."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """What came of a file: the canonical rows, or the problems; `row_count` is the rows in the file either way.

    `table` holds the canonical columns in order and `source_row`, with nulls where a cell could not be read (then
    `findings` is not empty), and is None after a structure failure. `unnamed` is how many faults more there are than
    the `maximum_findings` of a kind that are among the findings. `totals` are the reported totals by
    canonical column, None where the format has none.
    """

    table: pa.Table | None
    findings: tuple[Finding, ...]
    row_count: int
    unread_fields: frozenset[str] = frozenset()
    unnamed: int = 0
    totals: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))


def arrow_schema(report: Report) -> pa.Schema:
    """Arrow schema of a report's canonical rows, `source_row` last: of all days, or of the day whose shape it is."""
    columns = [(f.name, ARROW_TYPES.get(f.type, pa.string())) for f in report.every_field]
    return pa.schema([*columns, (SOURCE_ROW, pa.int64())])


def with_every_column(table: pa.Table, report: Report) -> pa.Table:
    """Canonical rows of one day with the columns of all days, null where the day did not have them."""
    schema = arrow_schema(report)
    if table.schema.equals(schema):
        return table
    arrays = [
        table.column(column.name) if column.name in table.column_names else pa.nulls(table.num_rows, column.type)
        for column in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def normalise_table(table: TextTable, layout: Layout, report: Report, *, exchange: str, period: Period) -> Normalised:
    """Read every cell of `table` as `layout` says; problems are values, never exceptions.

    `layout` and `report` are those of the first day of `period`, and so are the columns of the rows.
    """
    most = int(parameter("maximum_findings"))
    secrets, unnamed = _first_of_each(_secrets(table, layout, report), most)
    structure = [
        *(Finding("SUB-001", found=one.found, expected=one.expected, reason=one.reason) for one in table.problems),
        *_nil_problems(table, layout, report),
        *_column_problems(table, layout),
        *_identity_problems(table, layout, exchange, period),
        *secrets,
    ]
    refused, further = _first_of_each(
        (
            Finding("SUB-006", row=one.row, found=one.found, expected=one.expected, reason=one.reason)
            for one in table.refused
        ),
        most,
    )
    if structure:
        return Normalised(None, tuple(structure), table.row_count + len(table.refused), unnamed=unnamed)
    readings = _read_fields(table, layout, report)
    arrays = [readings[f.name].values for f in report.fields]
    canonical = pa.Table.from_arrays([*arrays, table.source_rows], schema=arrow_schema(report))
    return Normalised(
        table=canonical,
        findings=(
            *refused,
            *_missing_totals(table, layout),
            *(finding for reading in readings.values() for finding in reading.findings),
        ),
        row_count=table.row_count + len(table.refused),
        unnamed=further + sum(reading.unnamed for reading in readings.values()),
        unread_fields=frozenset(name for name, reading in readings.items() if reading.findings or table.refused),
        totals=_totals(table, layout, report),
    )


def _first_of_each(findings: Iterable[Finding], most: int) -> tuple[list[Finding], int]:
    """The first findings of each reason in one column, no more than so many of each; and how many more there are."""
    times: Counter[tuple[str | None, str | None]] = Counter()
    kept, further = [], 0
    for finding in findings:
        kind = finding.reason, finding.column
        times[kind] += 1
        if times[kind] <= most:
            kept.append(finding)
        else:
            further += 1
    return kept, further


# ------------------------------------------------------------------------------------------- structure


def _column_problems(table: TextTable, layout: Layout) -> Iterator[Finding]:
    """SUB-002: the file's columns against the layout's, both ways; many of one kind in one finding."""
    if _is_headless(table, layout):
        found = ",".join(table.columns)[:_SHOWN]
        expected = ",".join(layout.native_names)[:_SHOWN_TOGETHER]
        yield Finding("SUB-002", row=layout.header_row, found=found, expected=expected, reason="no_header")
        return
    yield from _repeated_columns(table.repeated)
    if not table.has_header:
        return
    wanted, seen = layout.native_names, table.columns
    taken = {*wanted, *layout.optional_columns}
    unknown = {name: name for name in seen if name not in taken and not is_annotation(name)}
    spelled = {plain_name(name): name for name in unknown}
    otherwise: dict[str, str] = {}
    for name in dict.fromkeys(wanted):
        if name not in seen:
            other = spelled.pop(plain_name(name), None)
            if other is not None:
                del unknown[other]
                otherwise[name] = other
            else:
                yield Finding("SUB-002", column=name, found="∅", expected=name, reason="missing_column")
        elif name in table.absent_keys:
            found = f"∅ (row {table.absent_keys[name]})"
            yield Finding("SUB-002", column=name, found=found, expected=name, reason="missing_column")
    if otherwise:
        yield Finding(
            "SUB-002",
            column=next(iter(otherwise)) if len(otherwise) == 1 else None,
            found=", ".join(map(shown_spelling, otherwise.values()))[:_SHOWN_TOGETHER],
            expected=", ".join(otherwise)[:_SHOWN_TOGETHER],
            reason="header_spelling",
        )
    yield from _unknown_columns(list(unknown), layout)
    if table.beyond:
        found = ", ".join(table.beyond[:_PLACES]) + (" …" if len(table.beyond) > _PLACES else "")
        yield Finding("SUB-002", found=found, expected="∅", reason="beyond_header")


def _unknown_columns(names: Sequence[str], layout: Layout) -> Iterator[Finding]:
    """Columns that are not part of the format, one finding each; one for all where they are many."""
    if len(names) > _SINGLY:
        yield Finding("SUB-002", found=_first_of(names), expected="∅", reason="unknown_columns")
        return
    for name in names:
        days = layout.other_columns.get(name)
        expected = f"∅ ({days}: {name})" if days else "∅"
        found = shown_spelling(name)[:_SHOWN] or "∅"
        yield Finding("SUB-002", column=name[:_SHOWN], found=found, expected=expected, reason="unknown_column")


def _repeated_columns(names: Sequence[str]) -> Iterator[Finding]:
    """Columns that are there more than once, one finding each; one for all where they are many."""
    if len(names) > _SINGLY:
        yield Finding("SUB-002", found=f"{_first_of(names)} × 2", expected="1", reason="repeated_column")
        return
    for name in names:
        shown = name[:_SHOWN]
        yield Finding("SUB-002", column=shown, found=f"{shown} × 2", expected=shown, reason="repeated_column")


def _first_of(names: Sequence[str]) -> str:
    """How many names there are, and the first of them."""
    return f"{len(names)}: " + ", ".join(name[:_SHOWN] for name in names[:_PLACES]) + ", …"


_NAMELESS_TYPES = frozenset({ValueType.TEXT, ValueType.TARGET, ValueType.ASSET, ValueType.MARKET})
"""Types whose values may look like the names of columns."""


def _is_headless(table: TextTable, layout: Layout) -> bool:
    """True where data stands in the row of the header: no name is known, and half of them are values of the report."""
    if layout.container not in (Container.CSV, Container.XLSX) or not table.has_header:
        return False
    wanted = {plain_name(name) for name in (*layout.native_names, *layout.optional_columns)}
    names = [*table.columns]
    if not names or any(plain_name(name) in wanted for name in names):
        return False
    natives = layout.columns.values()
    patterns = [re.compile(one.notation.pattern) for one in natives if one.notation.type not in _NAMELESS_TYPES]
    words = {word for native in natives for word in native.codes.values()}
    values = sum(name in words or any(pattern.fullmatch(name) for pattern in patterns) for name in names)
    return 2 * values >= len(names)


def _nil_problems(table: TextTable, layout: Layout, report: Report) -> Iterator[Finding]:
    """SUB-001: a file without rows where the format wants its mark, or the report always has rows (2.8)."""
    if table.row_count or table.refused or table.problems or _is_headless(table, layout):
        return
    if report.name in _ALWAYS_WITH_ROWS:
        if report.name != "api_keys":
            yield Finding("SUB-001", found="0", expected="≥ 1", reason="nil_not_possible")
    elif layout.nil_mark and not table.is_nil:
        yield Finding("SUB-001", found="∅", expected=layout.nil_mark, reason="nil_not_declared")


def _identity_problems(table: TextTable, layout: Layout, exchange: str, period: Period) -> Iterator[Finding]:
    """SUB-004: exchange and period where the file itself says them."""
    if table.stated_period is not None and not _same_period(table.stated_period, period):
        yield Finding("SUB-004", found=_shown(table.stated_period), expected=period.text, reason="other_period")
    if layout.format == CANONICAL and "exchange" in table.columns:
        others = set(table.columns["exchange"].texts.unique().to_pylist()) - {exchange}
        if others:
            found = ", ".join(sorted(str(other) for other in others))[:_SHOWN]
            yield Finding("SUB-004", found=found, expected=exchange, reason="other_exchange")


def _same_period(stated: str, period: Period) -> bool:
    try:
        return Period.parse(stated) == period
    except ValueError:
        return False


_FREE_TYPES = frozenset({ValueType.TEXT, ValueType.TARGET})
"""Columns in which a bare run of digits may be a person's number."""
_KEY_FIELDS = frozenset({"note", "auditor", "key_ref", "account_ref"})
"""Where an unhashed key is looked for (specification, SUB-007)."""


_ONLY_HASH = r"\A[0-9a-f]{64}\z"
"""A cell that is a hash and nothing else holds no secret."""


def _secrets(table: TextTable, layout: Layout, report: Report) -> Iterator[Finding]:
    """SUB-007: personal data in any cell, header or remark, unhashed keys in four columns; values are masked."""
    yield from _secrets_in_cells(table, layout, report)
    for name in suspected(table.columns):
        for secret in secrets_in(name, is_free=not (_is_headless(table, layout) and _may_be_instant(name))):
            yield Finding("SUB-007", found=secret.masked, expected="∅", reason=secret.reason)
    doubtful = set(suspected(text for _, text in table.remarks))
    for place, text in table.remarks:
        for secret in secrets_in(text) if text in doubtful else ():
            found = f"{masking(place)}: {secret.masked}" if place else secret.masked
            yield Finding("SUB-007", found=found, expected="∅", reason=secret.reason)


def _may_be_instant(text: str) -> bool:
    """True for digits alone, as many as milliseconds since 1970 have, or more."""
    return text.isdecimal() and len(text) > 12


def _secrets_in_cells(table: TextTable, layout: Layout, report: Report) -> Iterator[Finding]:
    """SUB-007 in cells, those that hold lists and the like included."""
    typed = {name: canonical for canonical, native in layout.columns.items() for name in native.names}
    is_headless = _is_headless(table, layout)  # then no column says of its values whether they are numbers
    for name, column in table.columns.items():
        canonical = typed.get(name)
        # The number of a submission, which an export holds, looks like a telephone's now and then.
        is_other = canonical is None and name not in layout.optional_columns
        is_free = is_other or (canonical is not None and report.field(canonical).type in _FREE_TYPES)
        may_hold_key = canonical in _KEY_FIELDS
        may_hold = may_hold_secret(is_free=is_free, may_hold_key=may_hold_key)
        hits = pc.fill_null(pc.match_substring_regex(column.texts, may_hold), fill_value=False)
        if may_hold_key:
            hits = pc.and_not(hits, pc.fill_null(pc.match_substring_regex(column.texts, _ONLY_HASH), fill_value=False))
        for place in pc.indices_nonzero(hits).to_pylist():
            text = column.texts[place].as_py()
            is_number = is_headless and _may_be_instant(text)
            for secret in secrets_in(text, is_free=is_free and not is_number, may_hold_key=may_hold_key):
                row = table.source_rows[place].as_py()
                yield Finding("SUB-007", row=row, column=name, found=secret.masked, expected="∅", reason=secret.reason)
    for name, row, text in table.inner:
        for secret in secrets_in(text, may_hold_key=typed.get(name) in _KEY_FIELDS):
            yield Finding("SUB-007", row=row, column=name, found=secret.masked, expected="∅", reason=secret.reason)


def personal_data_in(text: str) -> str | None:
    """Return which kind of personal data somebody wrote into `text`, by the reasons of SUB-007; None for none."""
    return next((secret.reason for secret in secrets_in(text)), None)


# ----------------------------------------------------------------------------------------------- cells


@dataclass(frozen=True, slots=True)
class _Reading:
    """A canonical column and the cells of it that could not be read: the first of them, and how many more."""

    values: pa.Array
    findings: tuple[Finding, ...]
    unnamed: int = 0


def _read_fields(table: TextTable, layout: Layout, report: Report) -> dict[str, _Reading]:
    readings: dict[str, _Reading] = {}
    for shape in report.fields:
        native = layout.columns[shape.name]
        if table.row_count == 0:
            empty = pa.array([], ARROW_TYPES.get(shape.type, pa.string()))
            readings[shape.name] = _Reading(empty, ())
        elif shape.type is ValueType.TARGET:
            readings[shape.name] = _read_targets(table, layout, native, shape, readings["scope"].values)
        else:
            readings[shape.name] = _read_field(table, layout, native, shape)
    return readings


def _read_field(table: TextTable, layout: Layout, native: Native, shape: Field) -> _Reading:
    column = _native_column(table, native)
    missing = _is_absent(column, layout.absent)
    if shape.type is ValueType.TEXT:  # an empty text says nothing, whatever else marks absence
        missing = pc.or_(missing, _is_absent(column, ""))
    fits = pc.and_(_is_kind(column, native.notation.cells), pc.invert(missing))
    texts = pc.if_else(fits, column.texts, pa.scalar(None, pa.string()))
    if shape.type is ValueType.CODE:
        values = _read_distinct(texts, _code_reader(native), pa.string())
        over = None
    else:
        values, over = _read_texts(texts, native.notation, shape)
    bad = pc.and_(values.is_null(), pc.invert(missing))
    if shape.required:
        bad = pc.or_(bad, missing)
    return _Reading(values, *_cell_findings(table, native, shape, column, bad, missing, over))


def _native_column(table: TextTable, native: Native) -> Column:
    """The one native column, or two joined with a bar (Coinone's markets)."""
    if len(native.names) == 1:
        return table.columns[native.names[0]]
    parts = [table.columns[name] for name in native.names]
    joined = pc.binary_join_element_wise(*[part.texts.fill_null("") for part in parts], "|")
    are_texts = [pc.or_(part.texts.is_null(), _is_kind(part, frozenset({Cell.TEXT}))) for part in parts]
    kinds = pc.if_else(pc.and_(*are_texts), pa.scalar(int(Cell.TEXT), pa.int8()), pa.scalar(int(Cell.OTHER), pa.int8()))
    return Column(joined, kinds)


def _is_absent(column: Column, mark: str) -> pa.Array:
    nulls = column.texts.is_null()
    return pc.or_(nulls, pc.fill_null(pc.equal(column.texts, mark), fill_value=True))


def _is_kind(column: Column, cells: frozenset[Cell]) -> pa.Array:
    if isinstance(column.kinds, Cell):
        return pa.array([column.kinds in cells]).take(pa.array([0] * len(column.texts), pa.int32()))
    return pc.is_in(column.kinds, pa.array([int(cell) for cell in cells], pa.int8()))


def _read_texts(texts: pa.Array, notation: Notation, shape: Field) -> tuple[pa.Array, set[int] | None]:
    """Canonical values, null where a text is none; and the places whose value does not fit its type."""
    well_formed = pc.match_substring_regex(texts, rf"\A(?:{notation.pattern})\z")
    texts = pc.if_else(pc.fill_null(well_formed, fill_value=False), texts, pa.scalar(None, pa.string()))
    if notation.type is ValueType.TEXT:
        fits = pc.fill_null(pc.less_equal(pc.utf8_length(texts), shape.maximum_length), fill_value=False)
        long = set(pc.indices_nonzero(pc.and_(texts.is_valid(), pc.invert(fits))).to_pylist())
        return pc.if_else(fits, texts, pa.scalar(None, pa.string())), long
    if notation.read_one is not None:
        return _read_distinct(texts, notation.read_one, notation.arrow_type), None
    try:
        return notation.whole(texts), None
    except ValueError:
        return _read_singly(texts, notation)


def _read_distinct(texts: pa.Array, read_one: Any, type_: pa.DataType) -> pa.Array:
    """Read each distinct text once and spread the values over the rows."""
    encoded = texts.dictionary_encode()
    values: list[Any] = []
    for text in encoded.dictionary.to_pylist():
        try:
            values.append(read_one(text))
        except ValueError:
            values.append(None)
    return pa.array(values, type_).take(encoded.indices)


def _code_reader(native: Native) -> Any:
    canonical = {word: code for code, word in native.codes.items()}
    return canonical.get


def _read_singly(texts: pa.Array, notation: Notation) -> tuple[pa.Array, set[int]]:
    """The slow way, for a column in which some text is no value: one by one, so that only that one is lost."""
    values: list[Any] = []
    over: set[int] = set()
    for place, text in enumerate(texts.to_pylist()):
        try:
            values.append(None if text is None else _read_single(text, notation))
        except OutOfRangeError:
            over.add(place)
            values.append(None)
        except ValueError:
            values.append(None)
    return pa.array(values, notation.arrow_type), over


def _read_single(text: str, notation: Notation) -> Any:
    plain = text.replace(",", "")
    match notation.type:
        case ValueType.QUANTITY:
            return exact_decimal(plain, QUANTITY_DIGITS, notation.unit)
        case ValueType.KRW:
            return exact_decimal(plain, KRW_DIGITS, notation.unit)
        case ValueType.COUNT:
            return exact_count(plain)
        case _:
            return notation.whole(pa.array([text], pa.string()))[0].as_py()


def _expectation(native: Native, shape: Field) -> str:
    if native.codes:
        return " | ".join(native.codes.values())
    if shape.type is ValueType.TEXT:
        return f"≤ {shape.maximum_length}"
    return native.notation.form


_KIND_REASONS = {
    Cell.ERROR: "error_cell",
    Cell.FORMULA: "formula_cell",
    Cell.DATE: "date_cell",
    Cell.BOOLEAN: "boolean_cell",
    Cell.TEXT: "text_for_number",
    Cell.NUMBER: "number_for_text",
    Cell.FLOAT: "float_for_decimal",
    Cell.NAIVE: "instant_without_zone",
    Cell.OTHER: "unreadable_type",
}


def _reason(kinds: Cell | pa.Array, place: int, native: Native, shape: Field) -> str:
    """Why a cell has no value: it is of another kind than the column's, or its text is none."""
    kind = kinds if isinstance(kinds, Cell) else Cell(kinds[place].as_py())
    cells = native.notation.cells
    is_named = kind in _KIND_REASONS and (kind is not Cell.TEXT or Cell.NUMBER in cells)
    is_of_instants = kind is not Cell.NAIVE or shape.type is ValueType.INSTANT
    if kind not in cells and is_named and is_of_instants:
        return _KIND_REASONS[kind]
    return "not_text" if shape.type in _FREE_TEXT else f"not_{shape.type.value}"


def _cell_findings(
    table: TextTable,
    native: Native,
    shape: Field,
    column: Column,
    bad: pa.Array,
    missing: pa.Array,
    over: set[int] | None,
) -> tuple[tuple[Finding, ...], int]:
    """SUB-006: one finding a cell, as many as are kept of one file; and how many cells more there are."""
    every = pc.indices_nonzero(bad)
    places = every[: int(parameter("maximum_findings"))].to_pylist()
    if not places:
        return (), 0
    expected = _expectation(native, shape)
    findings = []
    for place in places:
        if missing[place].as_py():
            reason = "absent"
        elif over and place in over:
            reason = "too_long" if shape.type in _FREE_TEXT else "out_of_range"
        else:
            reason = _reason(column.kinds, place, native, shape)
        text = column.texts[place].as_py()
        findings.append(
            Finding(
                "SUB-006",
                row=table.source_rows[place].as_py(),
                column=native.name,
                found="∅" if reason == "absent" else _shown(f"{text}"),
                expected=f"≤ {shape.maximum_length}" if reason == "too_long" else expected,
                reason=reason,
            )
        )
    return tuple(findings), len(every) - len(places)


def _shown(text: str) -> str:
    """What stands in a cell, with what cannot be seen in it made visible; of a long text the beginning."""
    return shown_spelling(text) if len(text) <= _SHOWN else text[:_SHOWN]


def _read_targets(table: TextTable, layout: Layout, native: Native, shape: Field, scopes: pa.Array) -> _Reading:
    """Halt targets, read as the row's scope says; what does not fit it is kept as written (HLT-002)."""
    column = _native_column(table, native)
    two_fields = len(native.names) > 1
    missing = _is_absent(column, "\x00" if two_fields else layout.absent)
    texts = pc.if_else(_is_kind(column, native.notation.cells), column.texts, pa.scalar(None, pa.string()))
    texts, over = _read_texts(texts, TEXT, shape)
    values = [
        None if text is None or gone else _target(text, scope, native)
        for text, scope, gone in zip(texts.to_pylist(), scopes.to_pylist(), missing.to_pylist(), strict=True)
    ]
    array = pa.array(values, pa.string())
    return _Reading(array, *_cell_findings(table, native, shape, column, array.is_null(), missing, over))


def _target(text: str, scope: str | None, native: Native) -> str:
    words = native.target_words
    bare = text.removeprefix("|")
    if scope == "exchange" and text == words["ALL"]:
        return "ALL"
    if scope == "account" and text == words["ACCOUNTS"]:
        return "ACCOUNTS"
    notation = {"market": native.target_market, "asset": native.notation}.get(scope or "")
    written = bare if scope == "asset" else text
    if notation is not None and re.fullmatch(notation.pattern, written):
        return str(notation.one(written))
    return bare.replace("|", "-")


def _missing_totals(table: TextTable, layout: Layout) -> Iterator[Finding]:
    """SUB-009, once: rows without the row of totals that ends them; one that is called otherwise is refused itself."""
    if layout.total_row and table.totals is None and table.row_count and not table.refused:
        yield Finding("SUB-009", found="∅", expected=TOTAL_MARK, reason="totals_missing")


def _totals(table: TextTable, layout: Layout, report: Report) -> Mapping[str, str | None]:
    """The 합계 row by canonical column: won and counts only, the text as it stands."""
    if table.totals is None or table.row_count == 0:
        return {}
    summed = [f.name for f in report.fields if f.type in (ValueType.KRW, ValueType.COUNT)]
    return {name: table.totals.get(layout.columns[name].name) for name in summed}

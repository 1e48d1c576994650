"""Layouts of tomorrow out of a folder: what an exchange would write otherwise, as data, before the program knows it.

`FOLDER/<exchange>.toml` has a table for each report that changes; what it does not name stays as it is. Columns are
changed by their canonical names, by another name, another way of writing (`etl.notation`), another unit or other words:

    [reconciliation]
    header_row = 2

    [reconciliation.columns]
    ledger_quantity = "ledgerBal"
    price_krw = { notation = "krw_commas", unit = "1000" }
    result = { codes = { match = "ok" } }

A column that is new or goes is a change of the report's shape and has its date there (`since`, `until`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Any

from etl.exchanges import all_exchanges
from etl.layout import Layout, Native
from etl.notation import all_notations, in_unit
from expectations.catalogue import all_reports
from expectations.vocabulary import Report, ValueType

_OPTIONS: Mapping[str, type] = MappingProxyType(
    {
        "encoding": str,
        "absent": str,
        "sheet": str,
        "header_row": int,
        "period_cell": bool,
        "total_row": bool,
        "nil_mark": str,
    }
)
"""What may be otherwise of a layout beside its columns, and how it is written."""
_OF_A_COLUMN = ("names", "notation", "unit", "codes")

Changes = Mapping[tuple[str, str], Mapping[str, Any]]
"""What changes, by exchange and report, as it stands in the folder."""


class NoLayoutError(ValueError):
    """A folder or a table in it that says no layout, with a sentence that says where and what to do."""


def changes_in(folder: Path) -> Changes:
    """What the files of a folder change; NoLayoutError where there is none, or one says what no layout has.

    Whether a column is one of the report's is asked where a layout is changed, since that depends on the day.
    """
    if not folder.is_dir():
        raise NoLayoutError(
            f"{folder}: there is no such folder; give one that holds korbit.toml, or another exchange's"
        )
    paths = [path for path in sorted(folder.glob("*.toml")) if path.is_file()]
    if not paths:
        raise NoLayoutError(f"{folder}: there is no layout in it; call it after its exchange, such as korbit.toml")
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for path in paths:
        if path.stem not in all_exchanges():
            known = ", ".join(all_exchanges())
            raise NoLayoutError(f"{path}: there is no exchange '{path.stem}'; the members are {known}")
        for name, table in _read(path).items():
            if name not in all_reports():
                raise NoLayoutError(f"{path}: there is no report '{name}'; the reports are {', '.join(all_reports())}")
            _check(f"{path}: {name}", table)
            found[path.stem, name] = table
    return MappingProxyType(found)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise NoLayoutError(f"{path}: it is not TOML in UTF-8 ({said}); mend the place named") from error


def _check(where: str, table: Any) -> None:
    """Refuse what is no table of a layout; what its columns are is asked where one is changed."""
    if not isinstance(table, dict):
        raise NoLayoutError(f"{where} is no table; write [{where.rpartition(' ')[2]}.columns] and the columns below it")
    for name, value in table.items():
        if name == "columns":
            if not isinstance(value, dict):
                raise NoLayoutError(f"{where}: 'columns' is no table; write a line for each column that changes")
        elif name not in _OPTIONS:
            raise NoLayoutError(f"{where}: '{name}' is nothing of a layout; expected columns, {', '.join(_OPTIONS)}")
        elif type(value) is not _OPTIONS[name] or (isinstance(value, int) and not 0 <= value <= 1000):
            raise NoLayoutError(f"{where}: {name} = {value!r} is not what is due there ({_OPTIONS[name].__name__})")
    if "encoding" in table:
        try:
            "".encode(table["encoding"])
        except LookupError as error:
            raise NoLayoutError(f"{where}: there is no encoding '{table['encoding']}'; utf-8 and cp949 are") from error


def changed_layout(layout: Layout, shape: Report, change: Mapping[str, Any], where: str) -> Layout:
    """The layout with what a folder's table changes of it; `shape` is the report of its day. Raises NoLayoutError."""
    columns = dict(layout.columns)
    for name, said in change.get("columns", {}).items():
        if name not in columns:
            known = ", ".join(columns)
            raise NoLayoutError(f"{where}: there is no column '{name}' on that day; the columns are {known}")
        columns[name] = _changed_column(columns[name], shape, name, said, where)
    names = [one for native in columns.values() for one in native.names]
    twice = sorted({one for one in names if names.count(one) > 1} - _shared(layout))
    if twice:
        raise NoLayoutError(f"{where}: two columns are called '{twice[0]}'; give each a name of its own")
    options = {name: value for name, value in change.items() if name != "columns"}
    return replace(layout, columns=MappingProxyType(columns), **options)


def _shared(layout: Layout) -> set[str]:
    """Names that two columns of the layout itself share."""
    names = [one for native in layout.columns.values() for one in native.names]
    return {one for one in names if names.count(one) > 1}


def _changed_column(native: Native, shape: Report, name: str, said: Any, where: str) -> Native:
    at = f"{where}: {name}"
    if isinstance(said, str):
        said = {"names": [said]}
    if not isinstance(said, dict) or not said.keys() <= set(_OF_A_COLUMN):
        raise NoLayoutError(f"{at} is no column; write a name, or a table of {', '.join(_OF_A_COLUMN)}")
    names = said.get("names", [*native.names])
    if not isinstance(names, list) or not all(isinstance(one, str) and one for one in names):
        raise NoLayoutError(f'{at}: its names are no list of texts; write names = ["price"]')
    if len(names) != len(native.names):
        raise NoLayoutError(f"{at}: it is written in {len(native.names)} columns, not in {len(names)}")
    changed = replace(native, names=tuple(names))
    if "notation" in said:
        fitting = {key: one for key, one in all_notations().items() if one.type is native.notation.type}
        if said["notation"] not in fitting:
            raise NoLayoutError(
                f"{at}: there is no notation '{said['notation']}' for it; there are {', '.join(fitting)}"
            )
        changed = replace(changed, notation=fitting[said["notation"]])
    if "unit" in said:
        changed = _in_another_unit(changed, said["unit"], at)
    return _with_codes(changed, shape, name, said["codes"], at) if "codes" in said else changed


def _in_another_unit(native: Native, unit: Any, at: str) -> Native:
    try:
        number = Decimal(unit) if isinstance(unit, str) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not Decimal("1E-18") <= number <= Decimal("1E+18"):
        raise NoLayoutError(f'{at}: its unit is no number in quotes above 0; write unit = "1000" where 1 means 1,000')
    try:
        return replace(native, notation=in_unit(native.notation, number))
    except ValueError as error:
        raise NoLayoutError(f"{at}: {error}") from error


def _with_codes(native: Native, shape: Report, name: str, codes: Any, at: str) -> Native:
    known = shape.field(name).codes
    if shape.field(name).type is not ValueType.CODE or not isinstance(codes, dict) or not codes.keys() <= {*known}:
        raise NoLayoutError(f"{at}: its codes are {', '.join(known) or 'none'}; give the words of some of them")
    words = {**native.codes, **codes}
    if not all(isinstance(word, str) and word for word in words.values()) or len({*words.values()}) < len(words):
        raise NoLayoutError(f"{at}: each code has a word of its own, which no other has")
    return replace(native, codes=MappingProxyType(words))

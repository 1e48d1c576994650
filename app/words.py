"""All texts of the screens in Korean and English, by key, from the files of `wording/`.

Both languages stand on one line with the same placeholders. A subject has a file of its own, which may add to the
shared tables (columns, axes, empty states); no key occurs twice. Names of exchanges, reports and canonical columns come
from the standard and the exchanges.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.columns import Shown, canonical_columns
from etl.exchanges import all_exchanges
from expectations.catalogue import all_reports
from expectations.vocabulary import Wording

LANGUAGES = ("ko", "en")
"""Korean first: it is what people read who open the dashboard without saying otherwise."""

_FOLDER = Path(__file__).with_name("wording")


@cache
def all_words() -> Mapping[str, Wording]:
    """Return every text by its dotted key; ValueError where two files hold the same one."""
    found = [
        text for file in sorted(_FOLDER.glob("*.toml")) for text in _flat(tomllib.loads(file.read_text("utf-8")), "")
    ]
    texts = dict(found)
    if len(texts) < len(found):
        twice = sorted({key for key, _ in found if sum(key == other for other, _ in found) > 1})
        raise ValueError(f"these texts stand twice in {_FOLDER.name}/: {', '.join(twice)}")
    return MappingProxyType(texts)


def _flat(table: Mapping[str, Any], prefix: str) -> list[tuple[str, Wording]]:
    found: list[tuple[str, Wording]] = []
    for key, value in table.items():
        if set(value) == set(LANGUAGES) and all(isinstance(text, str) for text in value.values()):
            found.append((prefix + key, Wording(**value)))
        else:
            found.extend(_flat(value, f"{prefix}{key}."))
    return found


def say(key: str, language: str, **parts: object) -> str:
    """Return the text called `key` with its placeholders filled; KeyError naming the key where there is none."""
    try:
        text = all_words()[key].in_language(language)
    except KeyError:
        raise KeyError(f"there is no text '{key}' in {_FOLDER.name}/") from None
    return text.format(**parts) if parts else text


@cache
def exchange_name(exchange: str, language: str) -> str:
    """Return the exchange's present display name, or its id where it is not a member."""
    known = all_exchanges().get(exchange)
    return known.names[-1][1].in_language(language) if known else exchange


@cache
def report_name(report: str, language: str) -> str:
    """Return the report's title."""
    known = all_reports().get(report)
    return known.label.in_language(language) if known else report


@cache
def field_label(report: str, field: str, language: str) -> str:
    """Return the title of a canonical column of `report`."""
    return all_reports()[report].field(field).label.in_language(language)


def code_word(code: str | None, language: str) -> str:
    """Return the word of a canonical code, or the text itself where it is not a code."""
    if not code:
        return ""
    known = all_words().get(f"code.{code}")
    return known.in_language(language) if known else code


_WHOLE_TARGETS = {"exchange": "ALL", "account": "ACCOUNTS"}
"""The targets of a halt that name no market or asset (specification, 2.5)."""


def target_word(scope: str, target: str, language: str) -> str:
    """Return what a halt is about in words; markets, assets and targets that do not fit their scope stay as written."""
    return say(f"target.{scope}", language) if _WHOLE_TARGETS.get(scope) == target else target


@cache
def column_label(report: str, name: str, language: str) -> str:
    """Return the title of a column of `report`, of any other report, or of the screens; else its name."""
    if known := all_words().get(f"figure.{name}"):
        return known.in_language(language)
    shapes = all_reports()
    for shape in (shapes[report],) if report in shapes and name in shapes[report].field_names else shapes.values():
        if name in shape.field_names:
            return shape.field(name).label.in_language(language)
    known = all_words().get(f"column.{name}")
    return known.in_language(language) if known else name


@cache
def column_title(name: str, shown: Shown, language: str) -> str:
    """The title of a column of a screen: its own text `column.<name>`, or its canonical field's label with the unit.

    Raises KeyError where it is neither.
    """
    known = all_words().get(f"column.{name}")
    if known is None and name in canonical_columns():
        sign = "kst" if shown in (Shown.INSTANT, Shown.MOMENT) else "won" if name.endswith("_krw") else ""
        label = column_label("", name, language)
        return f"{label} ({say(f'title_unit.{sign}', language)})" if sign else label
    return say(f"column.{name}", language)


_UNITS = {
    "_bytes": "bytes",
    "_rows": "rows",
    "_days": "days",
    "_hours": "hours",
    "_minutes": "minutes",
    "_krw": "krw",
    "_orders": "items",
    "_alerts": "items",
    "_prices": "items",
    "_keys": "items",
    "_values": "items",
    "_assets": "items",
    "_ips_per_key": "items",
    "_columns": "items",
    "_findings": "items",
    "_seconds": "seconds",
    "_characters": "characters",
    "_cells": "items",
    "_compression_ratio": "times",
    "_factor": "times",
    "_share": "share",
    "_deviation": "share",
    "_tolerance": "share",
    "_shortfall_ratio": "share",
    "_only": "yes_or_no",
}
"""The unit that a threshold is in, by how its name ends."""


def unit_word(threshold: str, language: str) -> str:
    """Return the unit of a threshold, or an empty text where its name has none."""
    found = next((unit for end, unit in _UNITS.items() if threshold.endswith(end)), None)
    return say(f"unit.{found}", language) if found else ""


_TOKEN = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+09:00|[A-Za-z]+(?:_[A-Za-z]+)*"
    r"|(?<![\w.,:#-])\d{5,}(?![\w:-])"
)
"""What a rule writes that is said another way: an instant in KST, a word (a code, a column, a unit), a long number."""


def in_words(text: str | None, language: str, columns: Mapping[str, str] = MappingProxyType({})) -> str | None:
    """Return what a rule found or expected, its codes, columns, units and instants in words, thousands separated.

    `columns` are canonical columns that are called as they are in it, such as by the sender's own names.
    """
    return None if text is None else _TOKEN.sub(lambda token: _token_in_words(token[0], language, columns), text)


def _token_in_words(token: str, language: str, columns: Mapping[str, str]) -> str:
    if token in columns:
        return columns[token]
    if token.isdigit():
        return f"{int(token):,}"
    if token[0].isdigit():
        return f"{token[:10]} {token[11:19]}{token[19:-6].removesuffix('.000')}"
    if unit := all_words().get(f"unit_sign.{token}"):
        return unit.in_language(language)
    if code := all_words().get(f"code.{token}"):
        return code.in_language(language)
    return column_label("", token, language) if "_" in token else report_name(token, language)

"""The field guide: what each column of a report means and how one exchange writes it, from its shape and layout."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from app.frames import frame_of
from app.words import code_word
from etl.exchanges import exchange as exchange_of
from expectations.catalogue import report as report_of
from expectations.vocabulary import Field

COLUMNS = ("label", "canonical", "native", "type", "unit", "required", "codes", "meaning", "since", "until")


def field_guide(exchange: str, report: str, language: str, day: date) -> pd.DataFrame:
    """Every column of a report on a day, with its canonical and native name and everything a sender needs to fill it.

    `since` and `until` are the days on which the column comes and goes, None where it is there on every day.
    """
    shape = report_of(report).on(day)
    layout = exchange_of(exchange).layouts[report].on(day)
    rows = [
        {
            "label": field.label.in_language(language),
            "canonical": field.name + (" *" if field.name in shape.key else ""),
            "native": layout.columns[field.name].name,
            "type": field.type.value,
            "unit": field.unit or None,
            "required": field.required,
            "codes": _codes(layout.columns[field.name].codes, field, language),
            "meaning": field.meaning.in_language(language),
            "since": field.since,
            "until": field.until,
        }
        for field in shape.fields
    ]
    return frame_of(rows, COLUMNS)


def _codes(native: Mapping[str, str], field: Field, language: str) -> str | None:
    """Each code as the exchange writes it, with its word where that is another."""
    if not field.codes:
        return None
    parts = []
    for code in field.codes:
        written, word = native.get(code, code), code_word(code, language)
        parts.append(written if written == word else f"{written} ({word})")
    return " · ".join(parts)

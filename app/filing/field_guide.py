"""The field guide: what each column of a report means and how one exchange writes it, from its shape and layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.columns import Day, LongText, Text
from app.words import code_word
from etl.exchanges import exchange as exchange_of
from expectations.catalogue import report as report_of
from expectations.vocabulary import Field


@dataclass(frozen=True, slots=True)
class GuideField:
    """A column of a report: its label, its name at the exchange and in the template (`*` marks the key), its meaning.

    `type` and `unit` are the codes of the shape; `codes` lists each code as the exchange writes it. `since` and `until`
    are the days on which the column comes and goes, None where it is there on every day.
    """

    label: Text
    native: Text
    canonical: Text
    type: str
    unit: str | None
    required: bool
    codes: LongText | None
    meaning: LongText
    since: Day | None
    until: Day | None


def guide_fields(exchange: str, report: str, language: str, day: date) -> tuple[GuideField, ...]:
    """Every column that a report has on a day, in its order, with all that a sender needs to fill it in."""
    shape = report_of(report).on(day)
    layout = exchange_of(exchange).layouts[report].on(day)
    return tuple(
        GuideField(
            label=field.label.in_language(language),
            native=layout.columns[field.name].name,
            canonical=field.name + (" *" if field.name in shape.key else ""),
            type=field.type.value,
            unit=field.unit or None,
            required=field.required,
            codes=_codes(layout.columns[field.name].codes, field, language),
            meaning=field.meaning.in_language(language),
            since=field.since,
            until=field.until,
        )
        for field in shape.fields
    )


def _codes(native: Mapping[str, str], field: Field, language: str) -> str | None:
    """Each code as the exchange writes it, with its word where that is another."""
    if not field.codes:
        return None
    parts = []
    for code in field.codes:
        written, word = native.get(code, code), code_word(code, language)
        parts.append(written if written == word else f"{written} ({word})")
    return " · ".join(parts)

"""The rows behind a mark: what the exchange sent, with file and row number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from app.columns import Shown
from app.queries import origin
from app.queries.origin import ROW_LIMIT
from app.widgets.audit_events import rows_seen
from app.widgets.header import empty, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask
from app.words import field_label
from expectations.catalogue import report as report_of
from expectations.vocabulary import Field, ValueType

_NATURES = {
    ValueType.QUANTITY: Shown.AMOUNT,
    ValueType.KRW: Shown.AMOUNT,
    ValueType.COUNT: Shown.COUNT,
    ValueType.INSTANT: Shown.MOMENT,
    ValueType.DATE: Shown.DAY,
    ValueType.CODE: Shown.CODE,
}


@part
def rows_behind(
    view: View,
    report: str,
    exchange: str,
    first_day: date,
    last_day: date,
    *,
    condition: str = "true",
    parameters: Sequence[Any] = (),
    submission: str | None = None,
    title: str = "",
) -> None:
    """Draw a heading and at most 200 published rows, each with its file and source row."""
    section(view, "rows.title", what=title or f"{view.exchange(exchange)} · {view.report(report)}")
    frame = ask(
        origin.rows_behind,
        report,
        exchange,
        first_day,
        last_day,
        condition,
        tuple(parameters),
        submission,
    )
    if frame.empty:
        empty(view, "rows")
        return
    about = {} if submission is None else {"submission": submission}
    if condition != "true":
        about |= {"where": condition, "values": ", ".join(map(str, parameters))}
    rows_seen(view, report, exchange, first=str(first_day), last=str(last_day), **about)
    if len(frame) == ROW_LIMIT:
        note(view.say("rows.cut", count=ROW_LIMIT))
    fields = [field for field in report_of(report).every_field if field.name in frame.columns]
    columns = {"file": Shown.TEXT, "source_row": Shown.COUNT}
    columns |= {field.name: _NATURES.get(field.type, Shown.TEXT) for field in fields}
    labels = {field.name: _label(view, report, field) for field in fields}
    days = view.of_days(first_day, last_day)
    table(days, frame, columns, labels=labels, alt=view.say("rows.alt", report=view.report(report)))


def _label(view: View, report: str, field: Field) -> str:
    """The title of a filed column, with the zone of an instant and the unit of an amount of money."""
    label = field_label(report, field.name, view.language)
    unit = {ValueType.INSTANT: "KST", ValueType.KRW: view.say("unit.krw")}.get(field.type)
    return f"{label} ({unit})" if unit and unit not in label else label

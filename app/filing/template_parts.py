"""Blank canonical templates, and the field guide of each report as one exchange writes it."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import streamlit as st

from app.columns import Shown
from app.filing.field_guide import field_guide
from app.moments import kst_day
from app.widgets.file_button import file_button
from app.widgets.header import note, section
from app.widgets.tables import table
from app.widgets.view import View
from etl.exchanges import exchange as exchange_of
from etl.export import FORMATS, write_template
from expectations.catalogue import all_reports
from expectations.catalogue import report as report_of

GUIDE = {
    "label": Shown.TEXT,
    "native": Shown.TEXT,
    "canonical": Shown.TEXT,
    "type": Shown.TEXT,
    "unit": Shown.TEXT,
    "required": Shown.TEXT,
    "codes": Shown.LONG_TEXT,
    "meaning": Shown.LONG_TEXT,
    "since": Shown.DAY,
    "until": Shown.DAY,
}


def templates_and_guide(view: View, exchange: str) -> None:
    """For one report at a time: three blank files, and what each column means."""
    section(view, "filing.templates")
    report = st.selectbox(
        view.say("filter.report"), tuple(all_reports()), format_func=view.report, key="filing.template.report"
    )
    day = _day_of_shape(view, exchange, report)
    note(view.say("filing.templates_how"))
    with st.container(horizontal=True, gap="small"):
        for ending in FORMATS:
            file_button(
                view,
                view.say("filing.template", ending=ending.upper()),
                partial(_blank, report, day, ending),
                f"{exchange}_{report}_PERIOD.{ending}",
                f"template/{report}",
                key=f"template.{report}.{ending}",
                icon=":material/draft:",
            )
    section(view, "filing.guide", report=view.report(report), exchange=view.exchange(exchange))
    guide = field_guide(exchange, report, view.language, day)
    guide["type"] = [view.say(f"filing.type.{name}") for name in guide["type"]]
    guide["unit"] = [unit and view.say(f"filing.unit.{unit}") for unit in guide["unit"]]
    guide["required"] = [view.say("yes" if one else "no") for one in guide["required"]]
    columns = {name: nature for name, nature in GUIDE.items() if guide[name].notna().any()}
    labels = {name: view.say(f"filing.guide_column.{name}") for name in columns}
    table(view, guide, columns, labels=labels, alt=view.say("filing.guide_alt"), key=f"guide.{report}", most_rows=14)


def _day_of_shape(view: View, exchange: str, report: str) -> date:
    """A day on which the report has the shape that is asked for: today's, where it never changes or nobody asks."""
    days = exchange_of(exchange).layouts[report].start_days
    today = kst_day(view.now)
    if not days:
        return today

    def said(day: date) -> str:
        return (
            view.say("filing.shape_before", day=days[0]) if day < days[0] else view.say("filing.shape_since", day=day)
        )

    options = (days[0] - timedelta(days=1), *days)
    return st.selectbox(
        view.say("filing.shape"),
        options,
        index=sum(day <= today for day in days),
        format_func=said,
        key=f"filing.template.day.{report}",
    )


def _blank(report: str, day: date, ending: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="daxa-template-") as folder:
        path = Path(folder) / f"{report}.{ending}"
        write_template(report_of(report).on(day), path)
        return path.read_bytes()

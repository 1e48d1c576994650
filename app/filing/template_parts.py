"""Blank canonical templates, and the field guide of each report as one exchange writes it."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import streamlit as st

from app.columns import Shown
from app.filing.field_guide import field_guide
from app.widgets.file_button import file_button
from app.widgets.header import note, section
from app.widgets.tables import table
from app.widgets.view import View
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
}


def templates_and_guide(view: View, exchange: str) -> None:
    """For one report at a time: three blank files, and what each column means."""
    section(view, "filing.templates")
    report = st.selectbox(
        view.say("filter.report"), tuple(all_reports()), format_func=view.report, key="filing.template.report"
    )
    note(view.say("filing.templates_how"))
    with st.container(horizontal=True, gap="small"):
        for ending in FORMATS:
            file_button(
                view,
                view.say("filing.template", ending=ending.upper()),
                partial(_blank, report, ending),
                f"{exchange}_{report}_PERIOD.{ending}",
                f"template/{report}",
                key=f"template.{report}.{ending}",
                icon=":material/draft:",
            )
    section(view, "filing.guide", report=view.report(report), exchange=view.exchange(exchange))
    guide = field_guide(exchange, report, view.language)
    guide["type"] = [view.say(f"filing.type.{name}") for name in guide["type"]]
    guide["unit"] = [unit and view.say(f"filing.unit.{unit}") for unit in guide["unit"]]
    guide["required"] = [view.say("yes" if one else "no") for one in guide["required"]]
    columns = {name: nature for name, nature in GUIDE.items() if guide[name].notna().any()}
    labels = {name: view.say(f"filing.guide_column.{name}") for name in columns}
    table(view, guide, columns, labels=labels, alt=view.say("filing.guide_alt"), key=f"guide.{report}", most_rows=14)


def _blank(report: str, ending: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="daxa-template-") as folder:
        path = Path(folder) / f"{report}.{ending}"
        write_template(report_of(report), path)
        return path.read_bytes()

"""Blank canonical templates, and the field guide of each report as one exchange writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import streamlit as st

from app.columns import Day, LongText, Text, columns_of
from app.filing.field_guide import GuideField, guide_fields
from app.moments import kst_day
from app.widgets.file_button import offer_file
from app.widgets.header import note, section
from app.widgets.tables import table
from app.widgets.view import View
from etl.exchanges import exchange as exchange_of
from etl.export import FORMATS, template_bytes
from expectations.catalogue import all_reports
from expectations.catalogue import report as report_of


@dataclass(frozen=True, slots=True)
class _GuideRow:
    """A column of a report as the guide shows it, in words."""

    label: Text
    native: Text
    canonical: Text
    type: Text
    unit: Text | None
    required: Text
    codes: LongText | None
    meaning: LongText
    since: Day | None
    until: Day | None


def templates_and_guide(view: View, exchange: str) -> None:
    """For one report at a time: blank templates in each format, and what each column means."""
    section(view, "filing.templates")
    report = st.selectbox(
        view.say("filter.report"), tuple(all_reports()), format_func=view.report, key="filing.template.report"
    )
    day = _day_of_shape(view, exchange, report)
    note(view.say("filing.templates_how"))
    with st.container(horizontal=True, gap="small"):
        for ending in FORMATS:
            offer_file(
                view,
                view.say("filing.template", ending=ending.upper()),
                partial(_blank, report, day, ending),
                f"{exchange}_{report}_PERIOD.{ending}",
                f"template/{report}",
                key=f"template.{report}.{ending}",
                icon=":material/draft:",
            )
    section(view, "filing.guide", report=view.report(report), exchange=view.exchange(exchange))
    rows = [_row(view, one) for one in guide_fields(exchange, report, view.language, day)]
    shown = columns_of(_GuideRow)
    labels = {name: view.say(f"filing.guide_column.{name}") for name in shown}
    table(
        view,
        rows,
        shown,
        labels=labels,
        alt=view.say("filing.guide_alt"),
        key=f"guide.{report}",
        most_rows=14,
        only_filled=True,
    )


def _row(view: View, one: GuideField) -> _GuideRow:
    return _GuideRow(
        label=one.label,
        native=one.native,
        canonical=one.canonical,
        type=view.say(f"filing.type.{one.type}"),
        unit=view.say(f"filing.unit.{one.unit}") if one.unit else None,
        required=view.say("yes" if one.required else "no"),
        codes=one.codes,
        meaning=one.meaning,
        since=one.since,
        until=one.until,
    )


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
    """A blank template of the report's shape on a day, as bytes."""
    return template_bytes(report_of(report).on(day), ending)

"""The filters of the list of rules."""

from __future__ import annotations

import streamlit as st

from app.rules.book import COMMON
from app.widgets.filters import one_of
from app.widgets.header import kind_mark, source_mark
from app.widgets.view import View
from expectations.catalogue import all_reports
from expectations.vocabulary import Kind, Source


def rule_filters(view: View) -> tuple[str, str, str]:
    """Draw the filters; return the chosen kind, report (or COMMON) and source, an empty text for all of them."""
    kind, report, source = st.columns(3)
    with kind:
        kinds = one_of(view, "kind", tuple(Kind), lambda name: kind_mark(view, name), ("rule", "page"))
    with report:
        reports = one_of(
            view, "report", (COMMON, *all_reports()), lambda name: report_of_rule(view, name), ("rule", "page")
        )
    with source:
        sources = one_of(view, "source", tuple(Source), lambda name: source_mark(view, name), ("rule", "page"))
    return kinds, reports, sources


def report_of_rule(view: View, report: str) -> str:
    """Return a report's title, or that a rule holds for all of them."""
    return view.say("rules.common") if report == COMMON else view.report(report)

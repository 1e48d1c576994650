"""A month of data quality in detail: the rules that found most, and one exchange's obligations and files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.columns import Shown, columns_of
from app.obligations.outcomes import UnmetObligation, unmet_obligations
from app.quality.month_detail import CorrectedFile, ReportMonth, corrected_files, month_by_report
from app.queries.months import months_as_days
from app.rules import book
from app.rules.findings import About, FindingCount, finding_counts
from app.widgets.address import go
from app.widgets.header import empty, note, section, subtitle
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask

MOST_RULES = 10
"""So many rules are seen without scrolling."""


@part
def show_rules(view: View, month: str) -> None:
    """The rules that found most in a month, and at which exchanges; a row leads to the rule."""
    view = view.of_period(month)
    counts = ask(finding_counts, months_as_days(view.choice.exchanges, (month,)), About())
    own = [one for one in counts if one.month == month]
    section(view, "data_quality.rules", month=month)
    if not own:
        empty(view, "month_findings", month=month)
        return
    columns = {"rule": Shown.TEXT, "kind": Shown.KIND, "found_count": Shown.COUNT, "open_finding_count": Shown.COUNT}
    columns |= {**dict.fromkeys(view.exchanges, Shown.COUNT), "statement": Shown.LONG_TEXT}
    note(view.say("data_quality.rules_how"))
    table(
        view,
        lambda: _by_rule(view, own),
        columns,
        labels={exchange: view.exchange(exchange) for exchange in view.exchanges},
        key=f"rules.{month}",
        alt=view.say("data_quality.rules", month=month),
        on_pick=lambda row: go("rules", rule=row["rule"]),
        most_rows=MOST_RULES,
    )
    note(view.say("list.to_rule"))


def _by_rule(view: View, counts: Sequence[FindingCount]) -> list[dict[str, Any]]:
    """The rules that found most first; a column for each exchange says how often there."""
    totals: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in counts:
        own = totals[one.rule, one.kind]
        own["found_count"] += one.found_count
        own["open_finding_count"] += one.open_finding_count
        own[one.exchange] += one.found_count
    rows: list[dict[str, Any]] = []
    for (name, kind), own in totals.items():
        rule = book.rule_called(name)
        statement = rule.statement.in_language(view.language) if rule else ""
        names = ("found_count", "open_finding_count", *view.exchanges)
        rows.append({"rule": name, "kind": kind, **{column: own[column] for column in names}, "statement": statement})
    return sorted(rows, key=lambda row: (-row["found_count"], row["rule"]))


@part
def show_month(view: View, exchange: str, month: str, moment: datetime) -> None:
    """One exchange's month: its obligations report by report, those not met in time, and the files corrected."""
    view = view.of_period(month)
    title = view.say("data_quality.month", exchange=view.exchange(exchange), month=month)
    section(view, "data_quality.month", exchange=view.exchange(exchange), month=month)
    reports = ask(month_by_report, exchange, month, moment)
    names = [name for name in columns_of(ReportMonth) if name not in ("report", "met_count")]
    table(view, lambda: reports, columns_of(ReportMonth, "report", *names), alt=title)
    note(view.say("data_quality.month_how"))
    _show_unmet(view, ask(unmet_obligations, exchange, month, moment), f"unmet.{exchange}.{month}")
    _show_files(view, ask(corrected_files, exchange, month), f"files.{exchange}.{month}")
    note(view.say("list.to_submission"))


def _show_unmet(view: View, unmet: Sequence[UnmetObligation], key: str) -> None:
    """The obligations that were not met in time; a row leads to what was filed for it."""
    title = view.say("data_quality.unmet", count=f"{len(unmet):,}")
    subtitle(title)
    if not unmet:
        empty(view, "month_unmet")
        return
    names = ("state", "report", "period", "due_at", "received_at", "delay", "submission")
    table(
        view,
        lambda: unmet,
        columns_of(UnmetObligation, *names),
        key=key,
        alt=title,
        on_pick=lambda row: go("submissions", submission=row.submission or "", report=row.report),
        most_rows=8,
    )


def _show_files(view: View, files: Sequence[CorrectedFile], key: str) -> None:
    """The files that were refused or corrected; a row leads to its submission."""
    title = view.say("data_quality.files", count=f"{len(files):,}")
    subtitle(title)
    if not files:
        empty(view, "month_files")
        return
    names = ("state", "report", "period", "received_at", "row_count", "submission")
    table(
        view,
        lambda: files,
        columns_of(CorrectedFile, *names),
        key=key,
        alt=title,
        on_pick=lambda row: go("submissions", submission=row.submission, report=row.report),
        most_rows=8,
    )

"""What was due last, as a table of links: exchanges by reports, with what was late, missing or found in the days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from app.moments import duration
from app.obligations.punctuality import Punctuality, late_and_missing
from app.obligations.status import ReportStatus
from app.rules.findings import About, Gravest, finding_counts, gravest
from app.widgets.address import link
from app.widgets.header import kind_mark, markup, note, section, state_mark
from app.widgets.parts import part
from app.widgets.view import View, ask, cached
from etl.calendar import ObligationState


@part
def show_statuses(view: View, statuses: Sequence[ReportStatus]) -> None:
    """Every exchange with every report."""
    section(view, "overview.standing")
    punctual = ask(late_and_missing, view.choice, view.moment)
    days = ReportDays(punctual, gravest(ask(finding_counts, view.choice, About())))
    markup(cached(view, "status_matrix", lambda: _matrix(view, statuses, days)))
    note(view.say("overview.legend"))


@dataclass(frozen=True, slots=True)
class ReportDays:
    """What was late or missing in the chosen days, and the gravest open findings, by exchange and report."""

    punctual: Mapping[tuple[str, str], Punctuality]
    gravest: Mapping[tuple[str, str], Gravest]


def _matrix(view: View, statuses: Sequence[ReportStatus], days: ReportDays) -> str:
    """Exchanges by reports, as HTML."""
    reports = list(dict.fromkeys(cell.report for cell in statuses))
    head = "".join(f'<th scope="col">{escape(view.report(report))}</th>' for report in reports)
    rows = ""
    for exchange in view.exchanges:
        cells = "".join(_cell(view, cell, days) for cell in statuses if cell.exchange == exchange)
        rows += f'<tr><th scope="row">{escape(view.exchange(exchange))}</th>{cells}</tr>'
    corner = f'<th scope="col">{escape(view.say("column.exchange"))}</th>'
    return f'<table class="matrix"><thead><tr>{corner}{head}</tr></thead><tbody>{rows}</tbody></table>'


def _cell(view: View, cell: ReportStatus, days: ReportDays) -> str:
    """One cell: sign and word, how old, and the gravest kind of finding."""
    target = link("submissions", **_about(view, cell))
    lines = [f"<b>{escape(state_mark(view, cell.state))}</b>", f"<small>{escape(_age(view, cell))}</small>"]
    more = (*_late_or_missing(view, cell, days), _findings(view, cell, days))
    lines += [f"<small>{escape(text)}</small>" for text in more if text]
    return f'<td class="{cell.state}"><a href="{escape(target)}">{"".join(lines)}</a></td>'


def _findings(view: View, cell: ReportStatus, days: ReportDays) -> str:
    """The gravest kind of open finding in sign and word, how many are of it, and how many are others."""
    worst = days.gravest.get((cell.exchange, cell.report))
    if worst is None:
        return ""
    said = "more_findings" if worst.more else "findings"
    kind = kind_mark(view, worst.kind)
    return view.say(f"overview.{said}", kind=kind, count=f"{worst.count:,}", more=f"{worst.more:,}")


def _late_or_missing(view: View, cell: ReportStatus, days: ReportDays) -> list[str]:
    """What was missing or late in the chosen days, if anything."""
    found = days.punctual[cell.exchange, cell.report]
    counts = {"missing": found.missing, "late": found.late}
    parts = [view.say(f"overview.{name}_count", count=count) for name, count in counts.items() if count]
    return [view.say("overview.in_period", parts=" · ".join(parts))] if parts else []


def _about(view: View, cell: ReportStatus) -> dict[str, str]:
    """The filters that lead to a cell's submissions: the present days, or the cell's own where these leave it out."""
    filters = {"exchange": cell.exchange, "report": cell.report}
    if cell.first_day <= view.choice.last_day and view.choice.first_day <= cell.last_day:
        return filters
    return {**filters, "period": "custom", "from": str(cell.first_day), "to": str(cell.last_day)}


def _age(view: View, cell: ReportStatus) -> str:
    """How long ago the file came, how late it was, or for how long it has been due."""
    period = cell.period if len(cell.period) == 7 else cell.period[5:]
    if cell.state in (ObligationState.NOT_DUE, ObligationState.UNRECORDED):
        return period
    if cell.state in (ObligationState.MISSING, ObligationState.DRAFT, ObligationState.PARTIAL):
        length = duration(view.moment - cell.due_at, view.language, 1)
        return view.say("overview.overdue", period=period, length=length)
    if cell.late_by:
        length = duration(cell.late_by, view.language, 1)
        return view.say("overview.was_late", period=period, length=length)
    length = duration(view.moment - cell.received_at, view.language, 1) if cell.received_at else ""
    return view.say("overview.filed", period=period, length=length)

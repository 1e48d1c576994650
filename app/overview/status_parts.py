"""Where every exchange stands with every report as a table of links, and what is open, breached and refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from app.columns import Shown
from app.filing.submissions import Wanted, submission_list
from app.frames import frame_of, records_of
from app.moments import duration
from app.obligations.punctuality import Punctuality, punctuality
from app.obligations.status import Stand, Standing
from app.overview.lane_states import Situation
from app.rules import book, findings
from app.rules.evaluated import UnevaluatedRule, unevaluated_days
from app.rules.finding_parts import open_finding_list
from app.rules.findings import About, FindingCount, Gravest, finding_counts
from app.widgets.address import go, link
from app.widgets.header import columns, empty, kind_mark, markup, note, section, state_mark
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask, cached


@dataclass(frozen=True, slots=True)
class Filing:
    """What was due last, what was late or missing in the chosen days, and the gravest findings, by place."""

    standing: Sequence[Standing]
    punctual: Mapping[tuple[str, str], Punctuality]
    gravest: Mapping[tuple[str, str], Gravest]


def standing_matrix(view: View, filing: Filing) -> str:
    """Exchanges by reports."""
    reports = list(dict.fromkeys(cell.report for cell in filing.standing))
    head = "".join(f'<th scope="col">{escape(view.report(report))}</th>' for report in reports)
    rows = ""
    for exchange in view.exchanges:
        cells = "".join(_cell(view, cell, filing) for cell in filing.standing if cell.exchange == exchange)
        rows += f'<tr><th scope="row">{escape(view.exchange(exchange))}</th>{cells}</tr>'
    corner = f'<th scope="col">{escape(view.say("column.exchange"))}</th>'
    return f'<table class="matrix"><thead><tr>{corner}{head}</tr></thead><tbody>{rows}</tbody></table>'


def _cell(view: View, cell: Standing, filing: Filing) -> str:
    """One cell: sign and word, how old, and the gravest kind of finding."""
    target = link("submissions", **_about(view, cell))
    lines = [f"<b>{escape(state_mark(view, cell.stand))}</b>", f"<small>{escape(age(view, cell))}</small>"]
    more = (*_record(view, cell, filing), _findings(view, cell, filing))
    lines += [f"<small>{escape(text)}</small>" for text in more if text]
    return f'<td class="{cell.stand}"><a href="{escape(target)}">{"".join(lines)}</a></td>'


def _findings(view: View, cell: Standing, filing: Filing) -> str:
    """The gravest kind that stands in the chosen days in sign and word, how many are of it, and how many others."""
    worst = filing.gravest.get((cell.exchange, cell.report))
    if worst is None:
        return ""
    said = "more_findings" if worst.more else "findings"
    kind = kind_mark(view, worst.kind)
    return view.say(f"overview.{said}", kind=kind, count=f"{worst.count:,}", more=f"{worst.more:,}")


def _record(view: View, cell: Standing, filing: Filing) -> list[str]:
    """What was missing or late in the chosen days, if anything."""
    found = filing.punctual[cell.exchange, cell.report]
    counts = {"missing": found.missing, "late": found.late}
    parts = [view.say(f"overview.{name}_count", count=count) for name, count in counts.items() if count]
    return [view.say("overview.in_period", parts=" · ".join(parts))] if parts else []


def _about(view: View, cell: Standing) -> dict[str, str]:
    """The filters that lead to a cell's submissions: the present days, or the cell's own where these leave it out."""
    filters = {"exchange": cell.exchange, "report": cell.report}
    if cell.first_day <= view.choice.last_day and view.choice.first_day <= cell.last_day:
        return filters
    return {**filters, "period": "custom", "from": str(cell.first_day), "to": str(cell.last_day)}


def age(view: View, cell: Standing) -> str:
    """How long ago what is there was filed, or for how long what is not there has been due."""
    period = cell.period if len(cell.period) == 7 else cell.period[5:]
    if cell.stand in (Stand.NOT_DUE, Stand.UNRECORDED):
        return period
    if cell.stand in (Stand.MISSING, Stand.DRAFT, Stand.PARTIAL):
        length = duration(view.moment - cell.due_at, view.language, 1)
        return view.say("overview.overdue", period=period, length=length)
    if cell.stand is Stand.LATE and cell.received_at:
        length = duration(cell.received_at - cell.due_at, view.language, 1)
        return view.say("overview.was_late", period=period, length=length)
    length = duration(view.moment - cell.received_at, view.language, 1) if cell.received_at else ""
    return view.say("overview.filed", period=period, length=length)


# ------------------------------------------------------------------------------------------------- in detail

_EPISODES = {
    "exchange": Shown.EXCHANGE,
    "asset": Shown.TEXT,
    "started_at": Shown.INSTANT,
    "duration": Shown.DURATION,
    "shortfall_krw": Shown.WON,
    "shortfall_ratio": Shown.BASIS_POINTS,
}
_HALTS = {
    "exchange": Shown.EXCHANGE,
    "halt_id": Shown.TEXT,
    "target": Shown.TEXT,
    "trigger": Shown.CODE,
    "halted_at": Shown.INSTANT,
}
_MOST_REJECTIONS = 10
_REJECTIONS = {
    "received_at": Shown.INSTANT,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "period": Shown.TEXT,
    "finding_count": Shown.COUNT,
    "file": Shown.TEXT,
}


@part
def filing_detail(view: View, found: Situation) -> None:
    """Every exchange with every report, then what stands, is open, was refused, and could not be evaluated."""
    section(view, "overview.standing")
    counted = ask(finding_counts, view.choice, About())
    punctual = ask(punctuality, view.choice, view.moment)
    filing = Filing(found.standing, punctual, findings.gravest(counted))
    markup(cached(view, "standing_matrix", lambda: standing_matrix(view, filing)))
    note(view.say("overview.legend"))
    _breaches(view, counted)
    left, right = columns(2)
    with left:
        section(view, "overview.open_episodes")
        _rows_or(view, found.open_episodes, _EPISODES, "open_episodes")
    with right:
        section(view, "overview.open_halts")
        _rows_or(view, found.open_halts, _HALTS, "open_halts")
    section(view, "overview.rejections")
    rejected = ask(submission_list, view.choice, Wanted(state="rejected"))
    _rows_or(view, records_of(rejected.head(_MOST_REJECTIONS)), _REJECTIONS, "rejections")
    if not view.is_empty:
        _unevaluated(view)


def _rows_or(view: View, rows: Sequence[Mapping[str, Any]], shown: Mapping[str, Shown], name: str) -> None:
    """The rows as a table, or that there are none."""
    if not rows:
        empty(view, name)
    else:
        table(view, lambda: frame_of(rows, shown), shown, alt=view.say(f"overview.{name}"), key=name)


@part
def _breaches(view: View, counted: Sequence[FindingCount]) -> None:
    """What shows that the standard was not kept, the newest first; a row leads to its submission."""
    about = About(kind="compliance")
    total = sum(one.open_finding_count for one in counted if one.kind == about.kind)
    section(view, "overview.breaches", count=f"{total:,}")
    if total:
        alt = view.say("overview.breaches", count=total)
        open_finding_list(view, about, total, alt=alt, leave_out=("kind",))
    else:
        empty(view, "breaches")


@part
def _unevaluated(view: View) -> None:
    """On how many accepted days each rule that needs another report could not be evaluated."""
    found = ask(unevaluated_days, view.choice)
    section(view, "overview.unevaluated")
    if not found:
        note(view.say("overview.all_evaluated"))
        return
    note(view.say("overview.unevaluated_how"))
    shown = {"rule": Shown.TEXT, **dict.fromkeys(view.exchanges, Shown.COUNT), "needs": Shown.TEXT}
    table(
        view,
        lambda: _by_rule(view, found),
        {**shown, "statement": Shown.LONG_TEXT},
        labels={exchange: view.exchange(exchange) for exchange in view.exchanges},
        alt=view.say("overview.unevaluated"),
        key="unevaluated",
        on_pick=lambda row: go("rules", rule=row["rule"]),
    )
    note(view.say("list.to_rule"))


def _by_rule(view: View, found: Sequence[UnevaluatedRule]) -> pd.DataFrame:
    """A row for each rule with the days of every exchange, and the reports that the rule needs."""
    days = {(one.rule, one.exchange): one.unevaluated_day_count for one in found}
    rows = []
    for name in dict.fromkeys(one.rule for one in found):
        rule = book.known_rule(name)
        needs = " · ".join(view.report(report) for report in rule.needs)
        own = {exchange: days.get((name, exchange), 0) for exchange in view.exchanges}
        rows.append({"rule": name, **own, "needs": needs, "statement": rule.statement.in_language(view.language)})
    return frame_of(rows, ("rule", *view.exchanges, "needs", "statement"))

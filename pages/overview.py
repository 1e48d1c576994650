"""Overview: where the five exchanges stand with every report, and what is open now."""

from __future__ import annotations

from html import escape

import pandas as pd

from app import queries, rulebook, widgets
from app.moments import duration, kst_minute
from app.queries.standing import Stand, Standing
from app.queries.submitted import Wanted
from app.widgets import Shown, View

# The columns of the tables, and how each is written.
EPISODES = {
    "exchange": Shown.EXCHANGE,
    "asset": Shown.TEXT,
    "started_at": Shown.INSTANT,
    "duration": Shown.DURATION,
    "shortfall_krw": Shown.WON,
    "shortfall_ratio": Shown.BASIS_POINTS,
}
HALTS = {
    "exchange": Shown.EXCHANGE,
    "halt_id": Shown.TEXT,
    "target": Shown.TEXT,
    "trigger": Shown.CODE,
    "halted_at": Shown.INSTANT,
}
REJECTIONS = {
    "received_at": Shown.INSTANT,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "period": Shown.TEXT,
    "finding_count": Shown.COUNT,
    "file": Shown.TEXT,
}


def matrix(view: View, standing: tuple[Standing, ...]) -> str:
    """Exchanges by reports as a table of links, each to the submissions that it speaks of."""
    reports = list(dict.fromkeys(cell.report for cell in standing))
    head = "".join(f'<th scope="col">{escape(view.report(report))}</th>' for report in reports)
    rows = ""
    for exchange in view.exchanges:
        cells = "".join(cell_of(view, cell) for cell in standing if cell.exchange == exchange)
        rows += f'<tr><th scope="row">{escape(view.exchange(exchange))}</th>{cells}</tr>'
    corner = f'<th scope="col">{escape(view.say("column.exchange"))}</th>'
    return f'<table class="matrix"><thead><tr>{corner}{head}</tr></thead><tbody>{rows}</tbody></table>'


def cell_of(view: View, cell: Standing) -> str:
    """One cell: sign and word, how old, and the gravest kind of finding."""
    target = widgets.link("submissions", **about(view, cell))
    lines = [f"<b>{escape(widgets.state_mark(view, cell.stand))}</b>", f"<small>{escape(age(view, cell))}</small>"]
    lines += [f"<small>{escape(text)}</small>" for text in (*record(view, cell), findings_of(view, cell)) if text]
    return f'<td class="{cell.stand}"><a href="{escape(target)}">{"".join(lines)}</a></td>'


def findings_of(view: View, cell: Standing) -> str:
    """The gravest kind that stands in the chosen days in sign and word, how many are of it, and how many others."""
    worst = gravest.get((cell.exchange, cell.report))
    if worst is None:
        return ""
    said = "more_findings" if worst.more else "findings"
    kind = widgets.kind_mark(view, worst.kind)
    return view.say(f"overview.{said}", kind=kind, count=f"{worst.count:,}", more=f"{worst.more:,}")


def show_breaches(view: View) -> None:
    """What shows that the standard was not kept, the newest first; a row leads to its submission."""
    about = queries.About(kind="compliance")
    total = int(counted[counted["kind"] == about.kind]["standing_count"].sum())
    widgets.section(view, "overview.breaches", count=f"{total:,}")
    if total:
        alt = view.say("overview.breaches", count=total)
        widgets.standing_list(view, about, total, alt=alt, leave_out=("kind",))
    else:
        widgets.empty(view, "breaches")


def show_unevaluated(view: View) -> None:
    """On how many accepted days each rule that needs another report could not be evaluated."""
    found = widgets.ask(queries.unevaluated_days, view.choice)
    widgets.section(view, "overview.unevaluated")
    if found.empty:
        widgets.note(view.say("overview.all_evaluated"))
        return
    widgets.note(view.say("overview.unevaluated_how"))
    days = {(row["rule"], row["exchange"]): row["unevaluated_day_count"] for row in found.to_dict("records")}
    rows = []
    for name in dict.fromkeys(found["rule"]):
        rule = rulebook.known_rule(name)
        needs = " · ".join(view.report(report) for report in rule.needs)
        own = {exchange: days.get((name, exchange), 0) for exchange in view.exchanges}
        rows.append({"rule": name, **own, "needs": needs, "statement": rule.statement.in_language(view.language)})
    columns = {"rule": Shown.TEXT, **dict.fromkeys(view.exchanges, Shown.COUNT), "needs": Shown.TEXT}
    widgets.table(
        view,
        pd.DataFrame(rows, dtype=object),
        {**columns, "statement": Shown.LONG_TEXT},
        labels={exchange: view.exchange(exchange) for exchange in view.exchanges},
        alt=view.say("overview.unevaluated"),
        key="unevaluated",
        on_pick=lambda row: widgets.go("rules", rule=row["rule"]),
    )
    widgets.note(view.say("list.to_rule"))


def record(view: View, cell: Standing) -> list[str]:
    """What was missing or late in the chosen days, if anything."""
    found = punctual[cell.exchange, cell.report]
    counts = {"missing": found.missing, "late": found.late}
    parts = [view.say(f"overview.{name}_count", count=count) for name, count in counts.items() if count]
    return [view.say("overview.in_period", parts=" · ".join(parts))] if parts else []


def about(view: View, cell: Standing) -> dict[str, str]:
    """The filters that lead to a cell's submissions: the present days, or the cell's own where these leave it out."""
    filters = {"exchange": cell.exchange, "report": cell.report}
    if cell.first_day <= view.choice.last_day and view.choice.first_day <= cell.last_day:
        return filters
    return {**filters, "period": "custom", "from": str(cell.first_day), "to": str(cell.last_day)}


def age(view: View, cell: Standing) -> str:
    """How long ago what is there was filed, or for how long what is not there has been due."""
    period = cell.period if len(cell.period) == 7 else cell.period[5:]
    if cell.stand is Stand.NOT_DUE:
        return period
    if cell.stand in (Stand.MISSING, Stand.PARTIAL):
        length = duration(view.now - cell.due_at, view.language, 1)
        return view.say("overview.overdue", period=period, length=length)
    if cell.stand is Stand.LATE and cell.received_at:
        length = duration(cell.received_at - cell.due_at, view.language, 1)
        return view.say("overview.was_late", period=period, length=length)
    length = duration(view.now - cell.received_at, view.language, 1) if cell.received_at else ""
    return view.say("overview.filed", period=period, length=length)


view = widgets.current_view()
widgets.header(view, "overview")
standing = widgets.ask(queries.report_standing, view.choice.exchanges, view.now.replace(second=0, microsecond=0))
punctual = widgets.ask(queries.punctuality, view.choice, view.now.replace(second=0, microsecond=0))
counted = widgets.ask(queries.finding_counts, view.choice, queries.About())
gravest = queries.gravest(counted)
episodes = widgets.ask(queries.mismatch_episodes, view.choice)
halts = widgets.ask(queries.halt_events, view.choice)
open_episodes = episodes[episodes["ended_at"].isna()]
open_halts = halts[halts["resumed_at"].isna()]
counts = {stand: sum(cell.stand is stand for cell in standing) for stand in Stand}
widgets.sentence(
    view.say(
        "overview.sentence",
        now=kst_minute(view.now),
        count=sum(counts.values()),
        current=counts[Stand.CURRENT] + counts[Stand.NIL],
        late=counts[Stand.LATE],
        missing=counts[Stand.MISSING] + counts[Stand.PARTIAL],
        rejected=counts[Stand.REJECTED],
        episodes=len(open_episodes),
        halts=len(open_halts),
    )
)
widgets.markup(matrix(view, standing))
widgets.note(view.say("overview.legend"))
show_breaches(view)

left, right = widgets.columns(2)
with left:
    widgets.section(view, "overview.open_episodes")
    if open_episodes.empty:
        widgets.empty(view, "open_episodes")
    else:
        widgets.table(view, open_episodes, EPISODES, alt=view.say("overview.open_episodes"))
with right:
    widgets.section(view, "overview.open_halts")
    if open_halts.empty:
        widgets.empty(view, "open_halts")
    else:
        widgets.table(view, open_halts, HALTS, alt=view.say("overview.open_halts"))

widgets.section(view, "overview.rejections")
rejected = widgets.ask(queries.submission_list, view.choice, Wanted(state="rejected"))
if rejected.empty:
    widgets.empty(view, "rejections")
else:
    widgets.table(view, rejected.head(10), REJECTIONS, alt=view.say("overview.rejections"))
if not view.is_empty:
    show_unevaluated(view)

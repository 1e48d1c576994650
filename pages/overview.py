"""Overview: where the five exchanges stand with every report, and what is open now."""

from __future__ import annotations

from html import escape

from app import queries, widgets
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
    if cell.finding_count:
        kind = view.code(cell.worst_kind)
        lines.append(f"<small>{escape(view.say('overview.findings', kind=kind, count=cell.finding_count))}</small>")
    lines += [f"<small>{escape(text)}</small>" for text in record(view, punctual[cell.exchange, cell.report])]
    return f'<td class="{cell.stand}"><a href="{escape(target)}">{"".join(lines)}</a></td>'


def record(view: View, found: queries.Punctuality) -> list[str]:
    """What was missing or late in the chosen days, if anything."""
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

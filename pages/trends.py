"""Trends for managers: six lanes of every exchange, this month against the last and over six months; no single rows."""

from __future__ import annotations

from app.audits.months import audit_months
from app.columns import Shown
from app.obligations.outcomes import first_recorded_day
from app.overview import trend_parts
from app.overview.lane_figures import Lane, lane_figures
from app.overview.trend_charts import trend_matrix
from app.overview.trend_parts import drawn, gaps_frame, row_name, trend_frame
from app.overview.trends import is_open, trend_months, trends
from app.quality import scorecard
from app.quality.counts import quality_months
from app.queries.months import month_of, months_as_days
from app.widgets import header
from app.widgets.drawings import chart
from app.widgets.header import empty, note, page_header, section, stop
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.view import View, ask, cached, current_view

MOST_MONTHS = 12
# The columns of the tables, and how each is written.
VALUES = {
    "of_whom": Shown.TEXT,
    "lane": Shown.TEXT,
    "month": Shown.TEXT,
    "trend_value": Shown.TEXT,
    "change_text": Shown.TEXT,
    "status": Shown.TEXT,
    "filed_count": Shown.COUNT,
    "expected_count": Shown.COUNT,
    "value": Shown.AMOUNT,
}
GAPS = {"month": Shown.TEXT, "status": Shown.TEXT, "lane": Shown.TEXT, "filed_of_due": Shown.LONG_TEXT}


def months_to_choose(view: View) -> tuple[str, ...]:
    """The months with records: first the one that the chosen days end in, then the newest, no more than a year of them.

    None where the chosen days end before there are records.
    """
    first = ask(first_recorded_day)
    if view.latest_day is None or first is None:
        return ()
    months = [month_of(view.latest_day)]
    while len(months) < MOST_MONTHS and months[-1] > month_of(first):
        months.append(trend_months(months[-1])[-2])
    wanted = month_of(view.choice.last_day)
    return (wanted, *(month for month in months if month != wanted)) if wanted in months else ()


@part
def show_month(view: View, month: str) -> None:
    """The sentences, the matrix, and where it has gaps."""
    months, hour = trend_months(month), view.moment.replace(minute=0, second=0, microsecond=0)
    exchanges = view.choice.exchanges
    figures = {name: ask(lane_figures, months_as_days(exchanges, (name,)), hour) for name in months}
    days = months_as_days(exchanges, months)
    counted = ask(quality_months, days, hour)
    scored = cached(view, "scored", lambda: scorecard.score(counted, hour))
    audits = ask(audit_months, days, hour)
    found = cached(view, "trends", lambda: trends(figures, scored, months, hour))
    due_before = [audit for audit in audits if audit.month == months[-2]]
    sums = [figures[name][-1] for name in months[:-3:-1]]  # of all together, or of the only one
    header.sentences(trend_parts.sentences(view, sums[0], sums[1], due_before, scored, found))
    rows = {one.exchange: row_name(view, one.exchange) for one in found}
    alt = view.say("trends.matrix_alt", first=months[0], last=months[-1])
    chart(
        view,
        lambda: trend_matrix(
            drawn(view, found), rows, {str(lane): view.say(f"lane.{lane}") for lane in Lane}, view.look
        ),
        key="trend_matrix",
        title=view.say("trends.matrix", month=month, before=months[-2]),
        alt=alt,
        frame=lambda: trend_frame(view, found),
        columns=VALUES,
    )
    note(view.say("trends.how", first=months[0], last=months[-1]))
    section(view, "trends.gaps")
    gaps = cached(view, "gaps", lambda: gaps_frame(view, found))
    if gaps.empty:
        note(view.say("trends.no_gaps"))
    else:
        table(view, lambda: gaps, GAPS, alt=view.say("trends.gaps"))
    section(view, "trends.method")
    note(view.say("trends.method_how"))


view = current_view()
page_header(view, "trends")
months = months_to_choose(view)
if not months:
    empty(view, "trends")
    stop()
chosen = switch(view.say("trends.month"), "month", months, str)
if is_open(chosen, view.moment):
    note(view.say("trends.open_month", month=chosen))
show_month(view, chosen)

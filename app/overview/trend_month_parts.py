"""One month of the trends: in sentences, as a matrix of six lanes, and where it has gaps."""

from __future__ import annotations

from app.audits.months import audit_months
from app.columns import columns_of
from app.moments import last_whole_day
from app.obligations.outcomes import first_recorded_day
from app.overview.lane_figures import Lane, exchange_figures
from app.overview.trend_charts import trend_matrix
from app.overview.trend_parts import GapLine, TrendLine, drawn_cells, gap_lines, row_name, trend_lines
from app.overview.trend_sentence_parts import month_sentences
from app.overview.trends import Trend, lane_trends, trend_months
from app.quality.counts import quality_months
from app.quality.scorecard import score
from app.queries.months import month_of, months_as_days
from app.widgets.drawings import chart
from app.widgets.header import note, section, sentences
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask, cached

MOST_MONTHS = 12
"""So many months can be chosen."""


def months_to_choose(view: View) -> tuple[str, ...]:
    """The months since there are records: first the one that the chosen days end in, then the newest, a year at most.

    None where the chosen days end before there are records.
    """
    first = ask(first_recorded_day)
    if view.is_empty or first is None:
        return ()
    months = [month_of(last_whole_day(view.now))]
    while len(months) < MOST_MONTHS and months[-1] > month_of(first):
        months.append(trend_months(months[-1])[-2])
    wanted = month_of(view.choice.last_day)
    return (wanted, *(month for month in months if month != wanted)) if wanted in months else ()


@part
def show_month(view: View, month: str) -> None:
    """The sentences, the matrix, the gaps, and the method."""
    months, moment = trend_months(month), view.moment.replace(minute=0, second=0, microsecond=0)
    exchanges, days = view.choice.exchanges, months_as_days(view.choice.exchanges, months)
    figures = {name: ask(exchange_figures, months_as_days(exchanges, (name,)), moment) for name in months}
    counted = ask(quality_months, days, moment)
    scored = cached(view, "scored", lambda: score(counted, moment))
    audits = ask(audit_months, days, moment)
    found = cached(view, "trends", lambda: lane_trends(figures, scored, months, moment))
    due_before = [row for row in audits if row.month == months[-2]]
    now, before = (figures[name][-1] for name in months[:-3:-1])  # of all together, or of the only one
    sentences(month_sentences(view, now, before, due_before, scored, found))
    _show_matrix(view, found, months)
    _show_gaps(view, found)
    section(view, "trends.method")
    note(view.say("trends.method_how"))


def _show_matrix(view: View, trends: tuple[Trend, ...], months: tuple[str, ...]) -> None:
    """The lanes of every exchange over these months."""
    rows = {one.exchange: row_name(view, one.exchange) for one in trends}
    lanes = {str(lane): view.say(f"lane.{lane}") for lane in Lane}
    chart(
        view,
        lambda: trend_matrix(drawn_cells(view, trends), rows, lanes, view.look),
        key="trend_matrix",
        title=view.say("trends.matrix", month=months[-1], before=months[-2]),
        alt=view.say("trends.matrix_alt", first=months[0], last=months[-1]),
        frame=lambda: trend_lines(view, trends),
        columns=columns_of(TrendLine),
    )
    note(view.say("trends.how", first=months[0], last=months[-1]))


def _show_gaps(view: View, trends: tuple[Trend, ...]) -> None:
    """What of the months was not filed, or is not over."""
    section(view, "trends.gaps")
    gaps = cached(view, "gaps", lambda: gap_lines(view, trends))
    if gaps:
        table(view, lambda: gaps, columns_of(GapLine), alt=view.say("trends.gaps"))
    else:
        note(view.say("trends.no_gaps"))

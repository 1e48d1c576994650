"""The score card of data quality: totals of a month, grades by month, the matrix of a month, one measure by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

from app.columns import Count, ExchangeId, SourceCode, Text, columns_of
from app.quality.charts import grade_grid, measure_course
from app.quality.measures import Dimension, Rating
from app.quality.scorecard import (
    GradeLine,
    RatedMeasure,
    Scored,
    bound_text,
    lowest_dimensions,
    measures_of,
    rated_measures,
    value_text,
)
from app.widgets.address import link, pick
from app.widgets.drawings import chart
from app.widgets.header import markup, note, section
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.tiles import Tile, tile_row
from app.widgets.view import View, cached
from expectations.vocabulary import Source

_MARKS: Mapping[Rating, tuple[str, str]] = MappingProxyType(
    {
        Rating.GOOD: ("●", ""),
        Rating.WATCH: ("△", "late"),
        Rating.POOR: ("✕", "missing"),
        Rating.UNJUDGED: ("–", ""),
    }
)
"""The sign of each rating, and the class of a cell that has a bar at its side; never green."""


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """One measure of one exchange's month in words, with its two bounds."""

    exchange: ExchangeId
    month: Text
    dimension_word: Text
    measure_word: Text
    grade_text: Text
    measured: Text
    part: Count
    whole: Count
    good_text: Text
    watch_text: Text
    source: SourceCode = Source.MODEL


def rating_mark(view: View, rating: Rating) -> str:
    """Sign and word of a rating."""
    return f"{_MARKS[rating][0]} {view.say(f'step.{rating}')}"


@part
def show_totals(view: View, scored: Sequence[Scored], month: str) -> None:
    """The tiles of a month of all exchanges together."""
    tile_row(cached(view, "tiles", lambda: _totals(view, scored, month)))


def _totals(view: View, scored: Sequence[Scored], month: str) -> tuple[Tile, ...]:
    """How many exchanges have which grade, what became of what was due, and corrections."""
    ratings = [one.grade.rating for one in scored]
    due, accepted = (sum(one.counts.count(name) for one in scored) for name in ("due_count", "accepted_count"))
    of_due = view.say("data_quality.of_due", count=f"{due:,}")
    counts = [
        Tile(view.say(f"data_quality.{name}"), f"{sum(one.counts.count(f'{name}_count') for one in scored):,}", of_due)
        for name in ("late", "missing", "refused", "nil")
    ]
    return (
        Tile(
            view.say("data_quality.grades", month=month),
            " · ".join(f"{_MARKS[one][0]} {ratings.count(one)}" for one in Rating if one in ratings),
            view.say("data_quality.grades_of"),
        ),
        *counts,
        Tile(
            view.say("data_quality.corrections"),
            f"{sum(one.counts.correction_count for one in scored):,}",
            view.say("data_quality.of_accepted", count=f"{accepted:,}"),
        ),
    )


# ------------------------------------------------------------------------------------------- grades by month


def show_grades(view: View, scored: Sequence[Scored], months: Sequence[str]) -> None:
    """The grid of grades; a click picks exchange and month."""
    rows = cached(view, "grades", lambda: [_grade_line(view, one) for one in scored])
    chart(
        view,
        lambda: grade_grid(rows, view.exchanges, months, view.look),
        key="grade_grid",
        title=view.say("data_quality.grid"),
        alt=view.say("data_quality.grid_alt"),
        frame=lambda: rows,
        columns=columns_of(GradeLine, "exchange", "month", "grade_text", "due_count", "why"),
        on_pick=lambda mark: pick(at=mark[0], month=mark[1]),
    )
    note(view.say("data_quality.grid_how"))


def _grade_line(view: View, one: Scored) -> GradeLine:
    return GradeLine(
        exchange=one.exchange,
        month=one.month,
        grade_text=rating_mark(view, one.grade.rating),
        due_count=one.counts.due_count,
        why=_why(view, one),
        rating=one.grade.rating,
        is_open=one.is_open,
    )


def _why(view: View, one: Scored) -> str:
    """What a grade comes from: the caps that apply and the dimensions that have its rating."""
    caps = [view.say(f"cap.{cap.count}", count=f"{one.counts.count(cap.count):,}") for cap in one.grade.caps]
    lowest = [view.say(f"dimension.{dimension}") for dimension in lowest_dimensions(one)]
    parts = [view.say("data_quality.capped", caps=", ".join(caps))] if caps else []
    return " · ".join([*parts, *lowest])


# ---------------------------------------------------------------------------------------- one month's measures


@part
def show_dimensions(view: View, scored: Sequence[Scored], month: str) -> None:
    """The matrix of exchanges by dimensions of one month, and every measure that it is made of."""
    section(view, "data_quality.dimensions", month=month)
    markup(cached(view, "matrix", lambda: _matrix(view, scored)))
    note(view.say("data_quality.dimensions_how"))
    names = [name for name in columns_of(MeasureLine) if name != "month"]
    table(
        view,
        lambda: measure_lines(view, rated_measures(scored)),
        columns_of(MeasureLine, *names),
        alt=view.say("data_quality.parts"),
        key="parts",
        most_rows=9,
    )


def _matrix(view: View, scored: Sequence[Scored]) -> str:
    """Exchanges by dimensions: rating and values, each cell a link to that exchange's month."""
    heads = [
        view.say("column.exchange"),
        view.say("column.grade_text"),
        *(view.say(f"dimension.{dimension}") for dimension in Dimension),
    ]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    rows = "".join(f"<tr>{_matrix_row(view, one)}</tr>" for one in scored)
    return f'<table class="matrix"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _matrix_row(view: View, one: Scored) -> str:
    dimensions = [_cell(view, one, one.grade.dimensions[name], *_values(view, one, name)) for name in Dimension]
    cells = [_cell(view, one, one.grade.rating, _why(view, one)), *dimensions]
    return f'<th scope="row">{escape(view.exchange(one.exchange))}</th>{"".join(cells)}'


def _cell(view: View, one: Scored, rating: Rating, *lines: str) -> str:
    """One cell: sign and word, then what it comes from."""
    texts = "".join(f"<small>{escape(line)}</small>" for line in lines if line)
    target = escape(link("data_quality", at=one.exchange, month=one.month))
    mark = escape(rating_mark(view, rating))
    return f'<td class="{_MARKS[rating][1]}"><a href="{target}"><b>{mark}</b>{texts}</a></td>'


def _values(view: View, one: Scored, dimension: Dimension) -> list[str]:
    """The values of a dimension's measures, each with its two counts."""
    return [
        f"{view.say(f'measure.{row.measure.name}_short')} {value_text(row.measure, row.value)} "
        f"({row.part:,}/{row.whole:,})"
        for row in rated_measures([one])
        if row.measure.dimension is dimension
    ]


def measure_lines(view: View, rows: Sequence[RatedMeasure]) -> list[MeasureLine]:
    """Measures with their words and bounds as texts."""
    return [
        MeasureLine(
            exchange=row.exchange,
            month=row.month,
            dimension_word=view.say(f"dimension.{row.measure.dimension}"),
            measure_word=view.say(f"measure.{row.measure.name}"),
            grade_text=rating_mark(view, row.rating),
            measured=value_text(row.measure, row.value),
            part=row.part,
            whole=row.whole,
            good_text=bound_text(row.measure, Rating.GOOD),
            watch_text=bound_text(row.measure, Rating.WATCH),
        )
        for row in rows
    ]


# ------------------------------------------------------------------------------------- one measure by month


@part
def show_course(view: View, scored: Sequence[Scored], months: Sequence[str]) -> None:
    """One measure, chosen by a switch, by month; its bounds are those of the last month."""
    measures = {measure.name: measure for measure in measures_of(months[-1])}
    name = switch(view.say("column.measure"), "measure", list(measures), lambda one: view.say(f"measure.{one}_short"))
    rows = rated_measures(scored, name)
    title = view.say(f"measure.{name}")
    chart(
        view,
        lambda: measure_course(rows, months, measures[name], title, view.look),
        key=f"course.{name}",
        title=title,
        alt=view.say("data_quality.course_alt", measure=title),
        frame=lambda: measure_lines(view, rows),
        columns=columns_of(MeasureLine, "exchange", "month", "measured", "part", "whole"),
        on_pick=lambda mark: pick(at=mark[0], month=mark[1]),
    )
    note(view.say("data_quality.course_how"))

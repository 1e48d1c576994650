"""The score card of data quality: grades in words, the matrix of a month, its parts, and the rules of grading."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd

from app.columns import Shown
from app.frames import frame_of, records_of
from app.quality import scorecard
from app.quality.measures import Dimension, Rating
from app.quality.scorecard import Scored
from app.widgets.address import link
from app.widgets.header import note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View

MARKS = {"good": ("●", ""), "watch": ("△", "late"), "poor": ("✕", "missing"), "unjudged": ("–", "")}
"""The sign of each step, and the class of a cell that has a bar at its side; never green."""
GRADES = {
    "exchange": Shown.EXCHANGE,
    "month": Shown.TEXT,
    "grade_text": Shown.TEXT,
    "due_count": Shown.COUNT,
    "why": Shown.LONG_TEXT,
}
PARTS = {
    "exchange": Shown.EXCHANGE,
    "dimension_word": Shown.TEXT,
    "measure_word": Shown.TEXT,
    "grade_text": Shown.TEXT,
    "measured": Shown.TEXT,
    "part": Shown.COUNT,
    "whole": Shown.COUNT,
    "good_text": Shown.TEXT,
    "watch_text": Shown.TEXT,
    "source": Shown.SOURCE,
}


def step_mark(view: View, step: str) -> str:
    """Sign and word of a step."""
    return f"{MARKS[step][0]} {view.say(f'step.{step}')}"


def why(view: View, one: Scored) -> str:
    """What a grade comes from: the caps that hold and the dimensions that stand at it."""
    caps = [view.say(f"cap.{cap.count}", count=f"{one.counts[cap.count]:,}") for cap in one.grade.caps]
    lowest = [view.say(f"dimension.{dimension}") for dimension in scorecard.lowest_dimensions(one)]
    parts = [view.say("data_quality.capped", caps=", ".join(caps))] if caps else []
    return " · ".join([*parts, *lowest])


def grades(view: View, scored: Sequence[Scored]) -> pd.DataFrame:
    """Exchange by month: the grade in a word, and why."""
    rows = [
        {
            "exchange": one.exchange,
            "month": one.month,
            "step": one.grade.step.value,
            "is_open": one.is_open,
            "grade_text": step_mark(view, one.grade.step),
            "due_count": one.counts["due_count"],
            "why": why(view, one),
        }
        for one in scored
    ]
    return frame_of(rows, [*GRADES, "step", "is_open"])


def matrix(view: View, scored: Sequence[Scored]) -> str:
    """Exchanges by dimensions of one month: step and values, each cell a link to what lies behind it."""
    heads = [
        view.say("column.exchange"),
        view.say("column.grade_text"),
        *(view.say(f"dimension.{d}") for d in Dimension),
    ]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    rows = "".join(
        f'<tr><th scope="row">{escape(view.exchange(one.exchange))}</th>'
        f"{cell(view, one, one.grade.step, why(view, one))}"
        f"{''.join(cell(view, one, one.grade.dimensions[d], *values(view, one, d)) for d in Dimension)}</tr>"
        for one in scored
    )
    return f'<table class="matrix"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def cell(view: View, one: Scored, step: Rating, *lines: str) -> str:
    """One cell: sign and word, then what it comes from."""
    said = "".join(f"<small>{escape(line)}</small>" for line in lines if line)
    target = escape(link("data_quality", at=one.exchange, month=one.month))
    mark = escape(step_mark(view, step))
    return f'<td class="{MARKS[step][1]}"><a href="{target}"><b>{mark}</b>{said}</a></td>'


def values(view: View, one: Scored, dimension: Dimension) -> list[str]:
    """The values of a dimension's measures, each with its two counts."""
    return [
        f"{view.say(f'measure.{m.name}_short')} {scorecard.said(m, m.value(one.counts))} "
        f"({one.counts[m.part]:,}/{one.counts[m.whole]:,})"
        for m in scorecard.measures_of(one.month)
        if m.dimension is dimension
    ]


def scorecard_texts(view: View, frame: pd.DataFrame, month: str) -> pd.DataFrame:
    """The parts of grades with their words and thresholds as texts."""
    known = {measure.name: measure for measure in scorecard.measures_of(month)}
    rows = records_of(frame)
    bound = {name: "≥" if measure.is_better_higher else "≤" for name, measure in known.items()}
    return frame.assign(
        dimension_word=[view.say(f"dimension.{row['dimension']}") for row in rows],
        measure_word=[view.say(f"measure.{row['measure']}") for row in rows],
        grade_text=[step_mark(view, row["step"]) for row in rows],
        measured=[scorecard.said(known[row["measure"]], row["value"]) for row in rows],
        source="MODEL",
        **{
            f"{step}_text": [
                f"{bound[row['measure']]} {scorecard.said(known[row['measure']], row[step])}" for row in rows
            ]
            for step in ("good", "watch")
        },
    )


@part
def grading_rules(view: View, month: str) -> None:
    """By what a month is graded: every measure with its thresholds and reason, and the caps."""
    section(view, "data_quality.grading")
    note(view.say("data_quality.grading_how"))
    columns = {**dict.fromkeys(("dimension_word", "measure_word", "good_text", "watch_text"), Shown.TEXT)}
    columns |= {"effective_from": Shown.DAY, "source": Shown.SOURCE, "reason": Shown.LONG_TEXT}
    table(
        view,
        lambda: _graded_by(view, month, list(columns)),
        columns,
        alt=view.say("data_quality.grading"),
        key="grading",
        most_rows=14,
    )


def _graded_by(view: View, month: str, columns: list[str]) -> pd.DataFrame:
    rows = [
        {
            "dimension_word": view.say(f"dimension.{one.dimension}"),
            "measure_word": view.say(f"measure.{one.name}"),
            "good_text": f"{'≥' if one.is_better_higher else '≤'} {scorecard.said(one, one.good)}",
            "watch_text": f"{'≥' if one.is_better_higher else '≤'} {scorecard.said(one, one.watch)}",
            "effective_from": one.effective_from,
            "source": "MODEL",
            "reason": one.reason.in_language(view.language),
        }
        for one in scorecard.measures_of(month)
    ]
    rows += [
        {
            "dimension_word": view.say("data_quality.cap"),
            "measure_word": view.say(f"cap.{cap.count}", count="≥ 1"),
            "good_text": None,
            "watch_text": None,
            "effective_from": cap.effective_from,
            "source": "MODEL",
            "reason": cap.reason.in_language(view.language),
        }
        for cap in scorecard.caps_of(month)
    ]
    return frame_of(rows, columns)

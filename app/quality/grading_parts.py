"""How months are graded: every measure with its bounds and reason, and the caps."""

from __future__ import annotations

from dataclasses import dataclass

from app.columns import Day, LongText, SourceCode, Text, columns_of
from app.quality.measures import Cap, Measure, Rating
from app.quality.scorecard import bound_text, caps_of, measures_of
from app.widgets.header import note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View
from expectations.vocabulary import Source


@dataclass(frozen=True, slots=True)
class GradingLine:
    """One measure or cap by which months are graded; a cap has no bounds."""

    dimension_word: Text
    measure_word: Text
    good_text: Text | None
    watch_text: Text | None
    effective_from: Day
    source: SourceCode
    reason: LongText


@part
def show_grading(view: View, month: str) -> None:
    """By what a month is graded: every measure with its bounds and reason, then the caps."""
    section(view, "data_quality.grading")
    note(view.say("data_quality.grading_how"))
    table(
        view,
        lambda: [
            *(_graded_by(view, one) for one in measures_of(month)),
            *(_capped_by(view, one) for one in caps_of(month)),
        ],
        columns_of(GradingLine),
        alt=view.say("data_quality.grading"),
        key="grading",
        most_rows=14,
    )


def _graded_by(view: View, measure: Measure) -> GradingLine:
    return GradingLine(
        dimension_word=view.say(f"dimension.{measure.dimension}"),
        measure_word=view.say(f"measure.{measure.name}"),
        good_text=bound_text(measure, Rating.GOOD),
        watch_text=bound_text(measure, Rating.WATCH),
        effective_from=measure.effective_from,
        source=Source.MODEL,
        reason=measure.reason.in_language(view.language),
    )


def _capped_by(view: View, cap: Cap) -> GradingLine:
    return GradingLine(
        dimension_word=view.say("data_quality.cap"),
        measure_word=view.say(f"cap.{cap.count}", count="≥ 1"),
        good_text=None,
        watch_text=None,
        effective_from=cap.effective_from,
        source=Source.MODEL,
        reason=cap.reason.in_language(view.language),
    )

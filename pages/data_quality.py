"""Data quality: what was filed how well, by exchange, dimension and month, graded by stated rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from app.columns import Shown, columns_of
from app.columns import frame_of as framed
from app.frames import frame_of
from app.obligations.outcomes import first_recorded_day, unmet_obligations
from app.quality import scorecard
from app.quality.charts import grade_grid, measure_course
from app.quality.counts import corrected_files, month_by_report, quality_months
from app.quality.measures import Rating
from app.quality.scorecard import Scored
from app.quality.scorecard_parts import GRADES, MARKS, PARTS, grades, grading_rules, matrix, scorecard_texts
from app.queries.months import months_as_days, shown_months
from app.rules import book
from app.rules.findings import About, FindingCount, finding_counts
from app.widgets.address import go, pick, picked
from app.widgets.drawings import chart
from app.widgets.header import empty, markup, note, page_header, section, stop, subtitle
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.tiles import Tile, tiles
from app.widgets.view import View, ask, cached, current_view

# The columns of the tables, and how each is written.
COURSE = {"exchange": Shown.EXCHANGE, "month": Shown.TEXT, "measured": Shown.TEXT, "part": Shown.COUNT}
COURSE |= {"whole": Shown.COUNT}
REPORTS = {"report": Shown.REPORT} | dict.fromkeys(
    (
        *("due_count", "on_time_count", "late_count", "missing_count", "partial_count", "refused_count"),
        *("received_count", "nil_count", "not_due_count"),
    ),
    Shown.COUNT,
)
UNMET = {
    "state": Shown.STATE,
    "report": Shown.REPORT,
    "period": Shown.TEXT,
    "due_at": Shown.INSTANT,
    "received_at": Shown.INSTANT,
    "delay": Shown.DURATION,
    "submission": Shown.TEXT,
}
FILES = {
    "state": Shown.STATE,
    "report": Shown.REPORT,
    "period": Shown.TEXT,
    "received_at": Shown.INSTANT,
    "row_count": Shown.COUNT,
    "submission": Shown.TEXT,
}
MOST_RULES = 10


def tiles_of(view: View, scored: list[Scored], month: str) -> tuple[Tile, ...]:
    """A month of all exchanges together: what became of what was due."""

    def total(name: str) -> int:
        return sum(one.counts[name] for one in scored)

    due, accepted = total("due_count"), total("accepted_count")
    steps = [one.grade.step.value for one in scored]
    return (
        Tile(
            view.say("data_quality.grades", month=month),
            " · ".join(f"{MARKS[step][0]} {steps.count(step)}" for step in MARKS if steps.count(step)),
            view.say("data_quality.grades_of"),
        ),
        *(
            Tile(
                view.say(f"data_quality.{name}"),
                f"{total(f'{name}_count'):,}",
                view.say("data_quality.of_due", count=f"{due:,}"),
            )
            for name in ("late", "missing", "refused", "nil")
        ),
        Tile(
            view.say("data_quality.corrections"),
            f"{total('correction_count'):,}",
            view.say("data_quality.of_accepted", count=f"{accepted:,}"),
        ),
    )


@part
def show_course(view: View, scored: list[Scored], months: tuple[str, ...]) -> None:
    """One measure in the course of the months."""
    names = [measure.name for measure in scorecard.measures_of(months[-1])]
    name = switch(view.say("column.measure"), "measure", names, lambda name: view.say(f"measure.{name}_short"))
    measure = next(one for one in scorecard.measures_of(months[-1]) if one.name == name)
    frame = cached(view, "course", lambda: course(view, scored, name, months[-1]))
    title = view.say(f"measure.{name}")
    chart(
        view,
        lambda: measure_course(
            frame, months, (measure.good, measure.watch), title, scorecard.is_share(measure), view.look
        ),
        key=f"course.{name}",
        title=title,
        alt=view.say("data_quality.course_alt", measure=title),
        frame=lambda: frame,
        columns=COURSE,
        on_pick=lambda mark: pick(at=mark[0], month=mark[1]),
    )
    note(view.say("data_quality.course_how"))


def course(view: View, scored: list[Scored], name: str, month: str) -> pd.DataFrame:
    """One measure of every exchange and month, graded as in `month`."""
    frame = scorecard.parts(scored)
    return scorecard_texts(view, frame[frame["measure"] == name], month)


@part
def show_rules(view: View, month: str) -> None:
    """The rules that found most in a month, and at whom; a row leads to the rule."""
    found = ask(finding_counts, months_as_days(view.choice.exchanges, (month,)), About())
    counts = framed(found, columns_of(FindingCount))
    section(view, "data_quality.rules", month=month)
    if not (counts["month"] == month).any():
        empty(view, "month_findings", month=month)
        return
    columns = {"rule": Shown.TEXT, "kind": Shown.KIND, "found_count": Shown.COUNT, "open_finding_count": Shown.COUNT}
    columns |= {**dict.fromkeys(view.exchanges, Shown.COUNT), "statement": Shown.LONG_TEXT}
    note(view.say("data_quality.rules_how"))
    table(
        view,
        lambda: by_rule(view, counts[counts["month"] == month], list(columns)),
        columns,
        labels={exchange: view.exchange(exchange) for exchange in view.exchanges},
        key=f"rules.{month}",
        alt=view.say("data_quality.rules", month=month),
        on_pick=lambda row: go("rules", rule=row["rule"]),
        most_rows=MOST_RULES,
    )
    note(view.say("list.to_rule"))


def by_rule(view: View, counts: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The rules that found most first, with how often at each exchange."""
    rows: list[dict[str, Any]] = []
    for (rule, kind), own in counts.groupby(["rule", "kind"]):
        by_exchange = own.groupby("exchange")["found_count"].sum().to_dict()
        known = book.rule_called(str(rule))
        rows.append(
            {
                "rule": rule,
                "kind": kind,
                "found_count": int(own["found_count"].sum()),
                "open_finding_count": int(own["open_finding_count"].sum()),
                **{exchange: int(by_exchange.get(exchange, 0)) for exchange in view.exchanges},
                "statement": known.statement.in_language(view.language) if known else "",
            }
        )
    rows.sort(key=lambda row: (-row["found_count"], str(row["rule"])))
    return frame_of(rows, columns)


@part
def show_month(view: View, at: str, month: str) -> None:
    """One exchange's month: its obligations report by report, those not met in time, and the files corrected."""
    section(view, "data_quality.month", exchange=view.exchange(at), month=month)
    reports = ask(month_by_report, at, month, moment)
    title = view.say("data_quality.month", exchange=view.exchange(at), month=month)
    table(view, lambda: reports, REPORTS, alt=title)
    note(view.say("data_quality.month_how"))
    place = f"{at}.{month}"
    show_list(view, "unmet", place, ask(unmet_obligations, at, month, moment), UNMET)
    show_list(view, "files", place, ask(corrected_files, at, month), FILES)
    note(view.say("list.to_submission"))


def show_list(view: View, name: str, place: str, frame: pd.DataFrame, columns: Mapping[str, Shown]) -> None:
    """What was not met, or the files, of the month that is shown; a row leads to its submission."""
    title = view.say(f"data_quality.{name}", count=f"{len(frame):,}")
    subtitle(title)
    if frame.empty:
        empty(view, f"month_{name}")
        return
    table(
        view,
        lambda: frame,
        columns,
        key=f"{name}.{place}",
        alt=title,
        on_pick=lambda row: go("submissions", submission=row["submission"] or "", report=row["report"]),
        most_rows=8,
    )


view = current_view()
page_header(view, "data_quality")
note(view.say("data_quality.definition"))
moment = view.moment.replace(minute=0, second=0, microsecond=0)
months = shown_months(view.choice)
counted = ask(quality_months, view.choice, moment)
scored = cached(view, "scored", lambda: scorecard.score(counted, view.moment))
begin = ask(first_recorded_day)
if begin is None or not any(one.counts["due_count"] for one in scored):
    empty(view, "quality")
    stop()
note(view.say("data_quality.begin", day=begin))
judged = [one.month for one in scored if one.grade.step is not Rating.UNJUDGED]
month = picked("month") if picked("month") in months else max(judged)
of_month = [one for one in scored if one.month == month]
tiles(cached(view, "tiles", lambda: tiles_of(view, of_month, month)))
frame = cached(view, "grades", lambda: grades(view, scored))
chart(
    view,
    lambda: grade_grid(frame, view.exchanges, months, view.look),
    key="grade_grid",
    title=view.say("data_quality.grid"),
    alt=view.say("data_quality.grid_alt"),
    frame=lambda: frame,
    columns=GRADES,
    on_pick=lambda mark: pick(at=mark[0], month=mark[1]),
)
note(view.say("data_quality.grid_how"))
section(view, "data_quality.dimensions", month=month)
markup(cached(view, "matrix", lambda: matrix(view, of_month)))
note(view.say("data_quality.dimensions_how"))
table(
    view,
    lambda: scorecard_texts(view, scorecard.parts(of_month), month),
    PARTS,
    alt=view.say("data_quality.parts"),
    key="parts",
    most_rows=9,
)
show_course(view, scored, months)
show_rules(view, month)
at = picked("at")
show_month(view, at if at in view.exchanges else view.exchanges[0], month)
grading_rules(view, month)

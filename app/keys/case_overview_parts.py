"""Cases on the screen, all of them: where they stand, how they moved from stage to stage, and how long it took."""

from __future__ import annotations

from typing import Any

import pandas as pd

from app.columns import Shown
from app.frames import frame_of, records_of, with_columns
from app.keys.case_charts import MOVE_SIGNS, open_stages, stage_moves
from app.keys.case_courses import LIMITS, StretchKind
from app.keys.case_time_charts import case_lengths, median_text
from app.keys.case_totals import FEWEST, CaseFlow
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import columns, note, section, source_mark, subtitle
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.view import View

_STOCK = {"exchange": Shown.EXCHANGE, "stage": Shown.CODE, "case_count": Shown.COUNT, "over_count": Shown.COUNT}
_MOVES = {
    "exchange": Shown.EXCHANGE,
    "origin": Shown.CODE,
    "stage": Shown.CODE,
    "move": Shown.TEXT,
    "step_count": Shown.COUNT,
    "high": Shown.COUNT,
    "medium": Shown.COUNT,
    "low": Shown.COUNT,
    "breach_count": Shown.COUNT,
}
_LENGTHS = {
    "exchange": Shown.EXCHANGE,
    "count": Shown.COUNT,
    "median": Shown.DURATION,
    "lower": Shown.DURATION,
    "upper": Shown.DURATION,
    "longest": Shown.DURATION,
    "over_count": Shown.COUNT,
    "open_count": Shown.COUNT,
}


@part
def case_stages(view: View, cases: CaseFlow, state: pd.DataFrame, *, is_rate: bool) -> None:
    """Open cases by stage, and the moves between stages; a mark lists its cases."""
    left, right = columns(2)
    with left:
        count = int(cases.open_cases["case_count"].sum())
        title = view.say("key_revocations.stages", count=f"{count:,}")
        chart(
            view,
            lambda: open_stages(
                cases.open_cases,
                view.exchanges,
                {str(name): int(own["active_keys"].sum()) for name, own in state.groupby("exchange")},
                view.look,
                is_rate=is_rate,
            ),
            key="open_stages",
            title=title,
            alt=title,
            frame=lambda: cases.open_cases,
            columns=_STOCK,
            on_pick=lambda mark: pick(firm=mark[0], stage=mark[1], standing="open", move="", cases=""),
        )
        note(view.say("key_revocations.stages_note"))
    with right:
        count = int(cases.moves["step_count"].sum())
        chart(
            view,
            lambda: stage_moves(cases.moves, view.look),
            key="moves",
            title=view.say("key_revocations.moves", count=f"{count:,}"),
            alt=view.say("key_revocations.moves_alt"),
            frame=lambda: _moves(view, cases.moves),
            columns=_MOVES,
            on_pick=lambda mark: pick(move=f"{mark[0]}>{mark[1]}", firm="", stage="", standing="", cases=""),
        )
        signs = [f"{sign} {view.say(f'move.{move}')}" for move, sign in MOVE_SIGNS.items()]
        note(f"{' · '.join(signs)}. {view.say('key_revocations.moves_note')}")


def _moves(view: View, moves: pd.DataFrame) -> pd.DataFrame:
    words = [f"{MOVE_SIGNS[move]} {view.say(f'move.{move}')}" for move in moves["move"]]
    return with_columns(moves, move=words)


@part
def case_times(view: View, cases: CaseFlow) -> None:
    """How long one stretch of the cases took, and the medians of all; a mark shows its case."""
    section(view, "key_revocations.lengths")

    def word(kind: str) -> str:
        return view.say(f"stretch.{kind}")

    kind = StretchKind(switch(view.say("stretch.which"), "stretch", tuple(StretchKind), word))
    summaries = cases.stretches[cases.stretches["stretch"] == kind]
    marks = cases.marks[cases.marks["stretch"] == kind]
    limit = view.thresholds.in_force(LIMITS[kind].parameter, view.choice.last_day) if kind in LIMITS else None
    hours = None if limit is None else int(limit.value)
    chart(
        view,
        lambda: case_lengths(summaries, marks, view.exchanges, hours, view.look),
        key="lengths",
        title=word(kind)
        if limit is None
        else view.say(
            "key_revocations.lengths_limit",
            rule=LIMITS[kind].rule,
            what=word(kind),
            hours=limit.value,
            source=source_mark(view, limit.source),
        ),
        alt=word(kind),
        frame=lambda: summaries[summaries["exchange"] != ""],
        columns=_LENGTHS,
        on_pick=lambda mark: pick(at=mark[0], case=mark[1], day="", until=""),
    )
    note(f"{view.say('key_revocations.lengths_note', fewest=FEWEST)} {view.say('key_revocations.lengths_many')}")
    subtitle(view.say("key_revocations.medians"))
    table(
        view,
        lambda: _medians(view, cases.stretches),
        {"exchange": Shown.EXCHANGE, **dict.fromkeys(StretchKind, Shown.TEXT)},
        alt=view.say("key_revocations.medians"),
        labels={kind: view.say(f"stretch.{kind}") for kind in StretchKind},
    )


def _medians(view: View, stretches: pd.DataFrame) -> pd.DataFrame:
    known: dict[tuple[str, str], Any] = {(row["exchange"], row["stretch"]): row for row in records_of(stretches)}
    rows = [
        {
            "exchange": exchange,
            **{kind: median_text(known.get((exchange, kind)), view.look) for kind in StretchKind},
        }
        for exchange in view.exchanges
    ]
    return frame_of(rows, ["exchange", *StretchKind])

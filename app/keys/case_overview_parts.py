"""Cases on the screen, all of them: the stages they are in, how they moved between them, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.columns import Code, Count, ExchangeId, Shown, Text, columns_of
from app.keys.allow_lists import AllowList
from app.keys.case_stage_charts import MOVE_SIGNS, open_stages, stage_moves
from app.keys.case_stretches import LIMITS, StretchKind
from app.keys.case_time_charts import case_lengths, median_text
from app.keys.case_totals import FEWEST, WHOLE, CaseFlow, OpenCases, StageMoves, StretchSummary
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import columns, note, section, source_mark, subtitle
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.view import View


@dataclass(frozen=True, slots=True)
class MoveRow:
    """Moves as the table says them: how one stage followed another in words, with its sign."""

    exchange: ExchangeId
    origin: Code
    stage: Code
    move: Text
    step_count: Count
    high: Count
    medium: Count
    low: Count
    breach_count: Count


_LENGTHS = columns_of(
    StretchSummary, "exchange", "count", "median", "lower", "upper", "longest", "exceeded_count", "open_count"
)


@part
def case_stages(view: View, cases: CaseFlow, state: Sequence[AllowList], *, is_rate: bool) -> None:
    """Open cases by stage, and the moves between stages; a mark lists its cases."""
    left, right = columns(2)
    with left:
        count = sum(row.suspicion_case_count for row in cases.open_cases)
        title = view.say("key_revocations.stages", count=f"{count:,}")
        chart(
            view,
            lambda: open_stages(
                cases.open_cases,
                view.exchanges,
                _active_keys(state),
                view.look,
                is_rate=is_rate,
            ),
            key="open_stages",
            title=title,
            alt=title,
            frame=lambda: cases.open_cases,
            columns=columns_of(OpenCases),
            on_pick=lambda mark: pick(firm=mark[0], stage=mark[1], standing="open", move="", cases=""),
        )
        note(view.say("key_revocations.stages_note"))
    with right:
        count = sum(row.step_count for row in cases.moves)
        chart(
            view,
            lambda: stage_moves(cases.moves, view.look),
            key="moves",
            title=view.say("key_revocations.moves", count=f"{count:,}"),
            alt=view.say("key_revocations.moves_alt"),
            frame=lambda: [_move_row(view, row) for row in cases.moves],
            columns=columns_of(MoveRow),
            on_pick=lambda mark: pick(move=f"{mark[0]}>{mark[1]}", firm="", stage="", standing="", cases=""),
        )
        signs = [f"{sign} {view.say(f'move.{move}')}" for move, sign in MOVE_SIGNS.items()]
        note(f"{' · '.join(signs)}. {view.say('key_revocations.moves_note')}")


def _active_keys(state: Sequence[AllowList]) -> dict[str, int]:
    """Active keys by exchange, scopes of keys added up."""
    found: dict[str, int] = {}
    for row in state:
        found[row.exchange] = found.get(row.exchange, 0) + row.active_keys
    return found


def _move_row(view: View, row: StageMoves) -> MoveRow:
    return MoveRow(
        exchange=row.exchange,
        origin=row.origin,
        stage=row.stage,
        move=f"{MOVE_SIGNS[row.move]} {view.say(f'move.{row.move}')}",
        step_count=row.step_count,
        high=row.high,
        medium=row.medium,
        low=row.low,
        breach_count=row.breach_count,
    )


@part
def case_times(view: View, cases: CaseFlow) -> None:
    """How long one stretch of the cases took, and the medians of all; a mark shows its case."""
    section(view, "key_revocations.lengths")

    def word(kind: str) -> str:
        return view.say(f"stretch.{kind}")

    kind = StretchKind(switch(view.say("stretch.which"), "stretch", tuple(StretchKind), word))
    summaries = [row for row in cases.stretches if row.stretch == kind and row.exchange != WHOLE]
    marks = [mark for mark in cases.marks if mark.stretch == kind]
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
        frame=lambda: summaries,
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


def _medians(view: View, stretches: Sequence[StretchSummary]) -> list[Mapping[str, str]]:
    """A row an exchange, with the median of each kind of stretch in words."""
    known = {(row.exchange, row.stretch): row for row in stretches}
    return [
        {
            "exchange": exchange,
            **{kind: median_text(known.get((exchange, kind)), view.look) for kind in StretchKind},
        }
        for exchange in view.exchanges
    ]

"""What an incident teaches, on the screen: sizes by units and by won, and who was told how late."""

from __future__ import annotations

from dataclasses import replace

from app.amounts import percent
from app.columns import columns_of
from app.moments import duration
from app.replay.fact_parts import BASIS_GLYPHS, basis_mark
from app.replay.lesson_charts import loss_shares, notice_lags
from app.replay.lessons import LossLine, NoticeLine, largest_by_units, losses, notices
from app.widgets.drawings import chart
from app.widgets.header import note, section, sentence
from app.widgets.tables import table
from app.widgets.view import View
from etl.replays import Replay


def show_lessons(view: View, facts: Replay) -> None:
    """What the incident teaches: nothing where its record says nothing of the kind."""
    if facts.notices:
        _notices(view, facts)
    if facts.losses:
        _losses(view, facts)


def _notices(view: View, facts: Replay) -> None:
    """Who was told, and how long that took."""
    lines = notices(facts, view.language)
    moments = facts.milestones
    first = lines[0]
    section(view, "replay.notices")
    sentence(
        view.say(
            "replay.notices_sentence", who=first.recipient, length=first.after_began, noticed_length=first.after_noticed
        )
    )
    chart(
        view,
        lambda: notice_lags(lines, moments.noticed.at - moments.began.at, view.look),
        key="notice_lags",
        title=view.say("replay.notices_chart"),
        alt=view.say("replay.notices_alt", count=len(lines), first=first.recipient, length=first.after_began),
        frame=lambda: [replace(line, basis=basis_mark(view, line.basis)) for line in lines],
        columns=columns_of(NoticeLine, "recipient", "told_at", "after_began", "after_noticed", "basis"),
    )
    gap = duration(moments.noticed.at - moments.began.at, view.language, 3)
    note(view.say("replay.notices_how", length=gap))


def _losses(view: View, facts: Replay) -> None:
    """What was lost, by units and by won."""
    lines = losses(facts, view.language)
    most = largest_by_units(lines)
    shares = {"units": percent(most.quantity_share, 1), "won": percent(most.krw_share, 1)}
    section(view, "replay.losses")
    sentence(view.say("replay.losses_sentence", what=most.what, **shares))
    chart(
        view,
        lambda: loss_shares(lines, view.look),
        key="loss_shares",
        title=view.say("replay.losses_chart"),
        alt=view.say("replay.losses_alt", what=most.what, **shares),
        frame=lambda: [_marked(view, line) for line in lines],
        columns=columns_of(LossLine),
    )
    table(
        view,
        [_marked(view, line) for line in lines],
        columns_of(LossLine),
        alt=view.say("replay.losses"),
        key="losses",
    )
    note(" · ".join(f"{basis_mark(view, name)}: {view.say(f'basis.{name}_how')}" for name in BASIS_GLYPHS))


def _marked(view: View, line: LossLine) -> LossLine:
    """The same line with who stands behind its numbers in words."""
    return replace(
        line,
        quantity_basis=basis_mark(view, line.quantity_basis),
        krw_basis=basis_mark(view, line.krw_basis),
    )

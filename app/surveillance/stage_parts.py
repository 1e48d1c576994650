"""The stages of surveillance on the screen: from markets traded to cases of which the authority was notified."""

from __future__ import annotations

from collections.abc import Sequence

from app.columns import columns_of
from app.surveillance.charts import stage_shares
from app.surveillance.sums import ExchangeStages
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View


@part
def show_stages(view: View, stages: Sequence[ExchangeStages]) -> None:
    """How many reached each stage, and how much of one reached the next; a mark picks its exchange."""
    section(view, "surveillance.stages")
    note(view.say("surveillance.stages_how"))
    table(view, lambda: stages, columns_of(ExchangeStages), alt=view.say("surveillance.stages"))
    chart(
        view,
        lambda: stage_shares(stages, view.look),
        key="stage_shares",
        title=view.say("surveillance.shares"),
        alt=view.say("surveillance.shares"),
        frame=lambda: stages,
        columns=columns_of(ExchangeStages, "exchange", "alert_count", "case_count", "notified_count"),
        on_pick=lambda mark: pick(at=mark[0], day="", until="", market=""),
    )

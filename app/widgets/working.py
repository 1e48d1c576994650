"""The processes beside the screens, as pages ask them: what takes long is done there and kept for the next run."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.desk import Desk, RefusedError
from app.finding_digest import Found, Placed
from app.identity import Scope
from app.kept import Shelf
from app.tasks import Sent
from app.widgets.file_button import file_button
from app.widgets.view import View, ask, store
from app.work import Worker, place_of, worker_for
from etl.annotated import UNOPENED
from etl.comparison import Comparison
from etl.coordinates import coordinates, layout_of
from etl.intake import Declared
from etl.store import Store
from expectations.vocabulary import Finding

_LONGEST_SECONDS = 120
_WOKEN = Shelf()


def worker() -> Worker:
    """What works for the store that is shown."""
    return worker_for(place_of(store()))


def desk_of(view: View) -> Desk | None:
    """The filing desk of whoever looks; None for those who file for no exchange."""
    try:
        return Desk.of(store(), worker(), view.identity)
    except RefusedError:
        return None


def wake_worker() -> None:
    """Start the process that judges while somebody still chooses their files: its first start takes seconds."""
    _WOKEN.get(store().engine, lambda: worker().take_up())


def comparison_of(view: View, number: str) -> Comparison:
    """A submission, which whoever looks may see, beside the version before."""
    with st.spinner(view.say("filing.comparing")):
        return ask(compared, number)


def compared(_store: Store, _scope: Scope, number: str) -> Comparison:
    """What the process beside the screens finds different."""
    return worker().compare(number).result(_LONGEST_SECONDS)


def placed_in(declared: Declared, file: str, format_: str | None, names: Sequence[str]) -> Placed:
    """Writes where a row and column stand in a file."""
    return coordinates(layout_of(declared, file, format_), names)


def annotated_file(view: View, sent: Sent, found: Found) -> None:
    """The own file back with the findings beside the rows, made when asked for; nothing for what was never opened."""
    findings: list[Finding] = [finding for _, finding in found]
    if not findings or {finding.rule for finding in findings} & UNOPENED:
        return
    number = next(view.drawn)

    def made() -> bytes:
        return worker().annotate(sent, findings, view.language).result(_LONGEST_SECONDS)

    file_button(
        view,
        view.say("filing.annotated"),
        made,
        f"findings_{sent.file}",
        f"{sent.declared.report}/{sent.declared.exchange}",
        key=f"annotated.{number}",
        icon=":material/rule:",
    )

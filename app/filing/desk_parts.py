"""The filing desk of whoever looks, and what the worker computes for it: comparisons and annotated files."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.filing.desk import Desk, RefusedError
from app.filing.finding_digest import Found, SenderFile
from app.scope import Scope
from app.widgets.file_button import offer_file
from app.widgets.view import View, ask, store
from app.widgets.working import worker
from app.worker.tasks import Sent
from etl.annotated import UNOPENED, annotated_name
from etl.comparison import Comparison
from etl.coordinates import layout_of
from etl.intake import Declared
from etl.store import Store
from expectations.vocabulary import Finding

_LONGEST_SECONDS = 120


def desk_of(view: View) -> Desk | None:
    """The filing desk of whoever looks; None for those who file for no exchange."""
    try:
        return Desk.of(store(), worker(), view.identity)
    except RefusedError:
        return None


def comparison_of(view: View, number: str) -> Comparison:
    """The comparison of a submission that whoever looks may see with the version before."""
    with st.spinner(view.say("filing.comparing")):
        return ask(compared, number)


def compared(_store: Store, _scope: Scope, number: str) -> Comparison:
    """The comparison as the worker computes it; TimeoutError where that takes longer than 120 s."""
    return worker().compare(number).result(_LONGEST_SECONDS)


def sender_file(declared: Declared, file: str, format_: str | None, names: Sequence[str]) -> SenderFile:
    """How this file, whose columns are `names`, calls its places and columns."""
    return SenderFile.of(layout_of(declared, file, format_), names)


def annotated_file(view: View, sent: Sent, found: Found) -> None:
    """A button for the sent file with its findings beside the rows; none where the file could not be opened."""
    findings: list[Finding] = [finding for _, finding in found]
    if not findings or {finding.rule for finding in findings} & UNOPENED:
        return
    number = next(view.drawn)

    def made() -> bytes:
        return worker().annotate(sent, findings, view.language).result(_LONGEST_SECONDS)

    offer_file(
        view,
        view.say("filing.annotated"),
        made,
        annotated_name(sent.file, sent.declared.period.text),
        f"{sent.declared.report}/{sent.declared.exchange}",
        key=f"annotated.{number}",
        icon=":material/rule:",
    )

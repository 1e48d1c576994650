"""Uploading files and having them checked: nothing is filed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html import escape
from typing import Any

import streamlit as st

from app.filing.desk import CheckedUpload, Desk, RefusedError, Upload, upload_of
from app.moments import kst_day, last_whole_day
from app.widgets.header import note, section
from app.widgets.view import View
from etl.exchanges import exchange as exchange_of
from etl.export import FORMATS
from etl.intake import SIDE_FILE, Declared, Given, given_in, said_by
from etl.steps import FilingStep
from expectations.catalogue import all_reports
from expectations.catalogue import report as report_of
from expectations.vocabulary import Cadence

_ROUND = "filing.round"
_CHECKED = "filing.checked"
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Ready:
    """A file of which exchange, report and period are known."""

    upload: Upload
    declared: Declared


def upload_section(view: View, desk: Desk) -> None:
    """The place to drop files at, what each is, and the button that has them checked."""
    section(view, "filing.drop")
    most_bytes = int(view.thresholds.value("maximum_file_bytes"))
    mebibytes = most_bytes // _MEBIBYTE
    most = f"{mebibytes} MB"
    endings = sorted({layout.container for layout in exchange_of(desk.exchange).layouts.values()})
    own = " · ".join(ending.upper() for ending in endings)
    canonical = " · ".join(ending.upper() for ending in FORMATS)
    example = f"{desk.exchange}_halts_2026-11-02.{endings[0]}"
    note(view.say("filing.drop_how", most=most, own=own, canonical=canonical, example=example))
    st.session_state.setdefault(_ROUND, 0)
    files = st.file_uploader(
        view.say("filing.drop_label", most=most),
        accept_multiple_files=True,
        max_upload_size=mebibytes,
        key=f"filing.files.{st.session_state[_ROUND]}",
    )
    beside = {file.name: file.getvalue() for file in files if file.name.lower().endswith(SIDE_FILE)}
    reports = [file for file in files if file.name not in beside]
    found = [_ready(view, desk, place, file, most_bytes, beside) for place, file in enumerate(reports)]
    ready = [one for one in found if one is not None]
    if files and st.button(
        view.say("filing.check", count=len(ready)),
        type="primary",
        disabled=not ready,
        icon=":material/fact_check:",
        key="filing.check",
    ):
        check_files(view, desk, ready)
        st.session_state[_ROUND] += 1
        st.rerun()
    note(view.say("filing.check_how"))


def _ready(view: View, desk: Desk, place: int, file: Any, most_bytes: int, beside: Mapping[str, bytes]) -> Ready | None:
    """The file with what it is, asked for where its name does not say; None and a sentence where it is refused.

    `beside` are the side files that were uploaded with it, by name.
    """
    try:
        upload = upload_of(file.name, file.getvalue(), most_bytes)
        report = period = ""
        if not {"report", "period"} <= said_by(upload.name).keys():
            report, period = _asked(view, place, upload.name)
            if not (report and period):
                return None
        declared = desk.declared(upload.name, report, period)
    except RefusedError as refused:
        refusal(view, file.name, refused)
        return None
    st.html(
        f'<p class="note">{escape(upload.name)} → {escape(view.report(declared.report))} {declared.period.text}'
        f" · {len(upload.data):,} B</p>"
    )
    return Ready(replace(upload, given=_given(view, place, upload.name, beside.get(file.name + SIDE_FILE))), declared)


def _given(view: View, place: int, name: str, side_file: bytes | None) -> Given:
    """What the sender says of the content: in the side file, or else typed; nothing need be said (3.12)."""
    if side_file is not None:
        note(view.say("filing.given_beside", name=name + SIDE_FILE))
        return given_in(side_file, name)
    with st.expander(view.say("filing.given"), icon=":material/checklist:"):
        note(view.say("filing.given_how", name=name + SIDE_FILE))
        left, right = st.columns([3, 1])
        with left:
            sha256 = st.text_input("SHA-256", max_chars=64, key=f"filing.sha256.{place}.{name}")
        with right:
            rows = st.text_input(view.say("column.row_count"), max_chars=18, key=f"filing.rows.{place}.{name}")
    return Given((sha256 or "").strip() or None, (rows or "").strip() or None)


def refusal(view: View, name: str, refused: RefusedError) -> None:
    """Why a file is refused, in one sentence."""
    said = view.say(f"filing.refused.{refused.reason}", **refused.parts)
    shown = f"{name[:60]}…" if len(name) > 60 else name
    sign = '<span aria-hidden="true">✕</span>'
    st.html(f'<p class="empty" role="alert" data-result="">{sign} {escape(shown)}: {escape(said)}</p>')


def _asked(view: View, place: int, name: str) -> tuple[str, str]:
    """Ask for the report and period of a file whose name does not say them."""
    note(view.say("filing.name_open", name=name))
    left, right = st.columns(2)
    with left:
        report = report_choice(view, f"filing.report.{place}")
    with right:
        period = period_choice(view, f"filing.period.{place}", report)
    return report, period


def report_choice(view: View, key: str) -> str:
    """The report that is chosen; empty while none is."""
    return (
        st.selectbox(
            view.say("filter.report"),
            tuple(all_reports()),
            format_func=view.report,
            key=key,
            index=None,
            placeholder=view.say("filing.choose_report"),
        )
        or ""
    )


def period_choice(view: View, key: str, report: str) -> str:
    """The period that is typed, as periods are written; yesterday or last month to begin with."""
    yesterday = last_whole_day(view.now)
    is_month = bool(report) and report_of(report).cadence is Cadence.MONTH
    last_month = (kst_day(view.now).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    text = st.text_input(
        view.say("filing.period"),
        value=last_month if is_month else yesterday.isoformat(),
        key=f"{key}.{'month' if is_month else 'day'}",
        max_chars=16,
        help=view.say("filing.period_how", day="2026-11-02", slice="2026-11-02T09-12", month="2026-10"),
    )
    return (text or "").strip()


def check_files(view: View, desk: Desk, ready: Sequence[Ready]) -> None:
    """Have the files checked one after the other, with the steps of each as they are done."""
    found: list[CheckedUpload] = []
    for one in ready:
        with st.status(view.say("filing.looking", file=one.upload.name), expanded=True) as status:
            place = st.empty()

            def progress(step: FilingStep, place: Any = place) -> None:
                place.html(_steps(view, step))

            found.append(desk.check(one.upload, one.declared, view.now, progress))
            status.update(state="complete")
    st.session_state[_CHECKED] = [checked for checked in found if checked.draft is None]


def _steps(view: View, done: FilingStep) -> str:
    order = list(FilingStep)
    items = "".join(
        f"<li>{'✓' if place <= order.index(done) else '·'} {escape(view.say(f'filing.step.{step}'))}</li>"
        for place, step in enumerate(order)
    )
    return f'<ol class="steps">{items}</ol>'


def checked_without_draft() -> Sequence[CheckedUpload]:
    """The files of the last check that became no draft: held in the session alone, until the next check."""
    checked: Sequence[CheckedUpload] = st.session_state.get(_CHECKED, ())
    return checked


def nil_section(view: View, desk: Desk) -> None:
    """One button for a day without events: the nil return is written, checked and shown before it is filed."""
    section(view, "filing.nil")
    note(view.say("filing.nil_how"))
    report_place, period_place, button_place = st.columns([2, 2, 2], vertical_alignment="bottom")
    with report_place:
        report = report_choice(view, "filing.nil.report")
    with period_place:
        period = period_choice(view, "filing.nil.period", report)
    with button_place:
        pressed = st.button(view.say("filing.nil_make"), disabled=not report, key="filing.nil.make")
    if pressed:
        try:
            upload, declared = desk.nil_return(report, period)
        except RefusedError as refused:
            refusal(view, period, refused)
            return
        check_files(view, desk, [Ready(upload, declared)])
        st.rerun()

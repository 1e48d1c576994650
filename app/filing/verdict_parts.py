"""A verdict in words: of a draft, what would become of it; of a submission, its receipt, findings and withdrawal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from html import escape
from typing import Any

import streamlit as st

from app.filing.act_parts import keep_done, keep_refused, keep_unfiled, must_be_at
from app.filing.desk import RETURNS, CheckedUpload, Desk, RefusedError, verdict_word
from app.filing.desk_parts import annotated_file, comparison_of, sender_file
from app.filing.finding_digest import findings_of
from app.filing.finding_parts import sender_findings, since_the_version_before
from app.filing.upload_parts import refusal
from app.filing.verdict import ReceiptContent, findings_found, left_in_force, receipt_content
from app.moments import duration, kst_text
from app.obligations.outcomes import obligation_for
from app.rules.judged import judged_rules
from app.widgets.address import pick
from app.widgets.file_button import offer_file
from app.widgets.header import facts, note, section
from app.widgets.view import View, ask, store
from app.worker.tasks import Sent
from etl.comparison import Comparison
from etl.drafts import Draft, draft_bytes, draft_path
from etl.intake import Declared
from etl.layout import Container
from etl.nil_returns import written_out
from etl.receipts import receipt_name, receipt_of
from etl.records.log import EventKind
from etl.records.moved_on import MovedOnError
from etl.records.submissions import Submission
from etl.signing import signer_of
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period, State

_MOST_SHOWN_BYTES = 20_000
_SUBMITTABLE = (State.ACCEPTED, State.FAILED)
"""A file that we failed on when it was checked may be submitted all the same: its receipt then counts."""
_MOST_ELSEWHERE = 20
"""Findings of other submissions that are named one by one."""


def draft_panel(view: View, desk: Desk, draft: Draft, told: Mapping[str, Any]) -> None:
    """A draft: that it is not submitted, what would become of it, its findings, and the buttons that submit or discard.

    `told` is what its check told.
    It leaves the screen when it is submitted or discarded, so that no verdict of a draft stands beside a receipt.
    """
    section(view, "filing.draft_of", report=view.report(draft.report), period=draft.period.text)
    verdict(view, verdict_word(draft.state, draft.finding_count), f"filing.would.{draft.state}", is_draft=True)
    if told.get("incident"):
        note(view.say("filing.failed_check", incident=told["incident"]))
    facts(
        {
            view.say("column.file"): draft.file,
            view.say("column.report"): f"{view.report(draft.report)} · {draft.period.text}",
            view.say("column.row_count"): f"{told['rows']:,}",
            view.say("column.size_bytes"): f"{draft.size_bytes:,}",
            "SHA-256": draft.sha256,
            view.say("filing.if_now"): _timeliness_now(view, draft),
            view.say("filing.checked_at"): f"{kst_text(draft.checked_at).partition('.')[0]} KST",
            view.say("filing.kept_until"): f"{kst_text(draft.expires_at).partition('.')[0]} KST",
        }
    )
    if told["rows"] == 0 and draft.state == State.ACCEPTED:
        _nil_statement(view, draft)
    _replacement(view, draft, told.get("replaces"))
    _return(view, draft, told)
    _draft_buttons(view, desk, draft)
    found = findings_of(told["findings"])
    comparison = Comparison.of_record(told["comparison"])
    calls = sender_file(draft.declared, draft.file, None, comparison.names)
    sender_findings(view, found, calls, draft.file, draft.declared)
    sent = Sent(draft_path(store(), draft), draft.declared, draft.file, None)
    annotated_file(view, sent, found)
    since_the_version_before(view, comparison, calls)


def verdict(view: View, word: str, sentence: str, *, is_draft: bool = False) -> None:
    """The verdict, and what it means in a sentence."""
    said = view.say(f"filing.verdict.{word}")
    if is_draft:
        said = f"{view.say('filing.not_submitted')} · {view.say('filing.would_be', verdict=said)}"
    look = "unjudged" if word == State.FAILED else word  # `failed` is how a part looks that could not be drawn
    means = f"<small>{escape(view.say(sentence))}</small>"
    st.html(f'<p class="verdict {look}" role="status" data-result="">{escape(said)}{means}</p>')


def _timeliness_now(view: View, draft: Draft) -> str:
    """How long it is to the due time, or past it: a clock, no verdict."""
    due_at = report_of(draft.report).due_at(draft.period)
    one = ask(obligation_for, draft.exchange, draft.report, draft.period.first_day, view.moment)
    if one is not None and one.outcome.first_met_at is not None:
        return view.say(
            "filing.is_correction", late=_timeliness(view, one.outcome.first_late_by // timedelta(seconds=1))
        )
    length = duration(abs(view.now - due_at), view.language)
    return view.say("obligations.due_in" if due_at >= view.now else "obligations.overdue", length=length)


def _nil_statement(view: View, draft: Draft) -> None:
    """What a nil return says, and the file that says it, as far as it is text."""
    day = draft.period.text
    note(view.say("filing.nil_is", exchange=view.exchange(draft.exchange), report=view.report(draft.report), day=day))
    if draft.size_bytes <= _MOST_SHOWN_BYTES and not draft.file.lower().endswith(Container.PARQUET):
        text = written_out(draft.declared, draft.file, draft_bytes(store(), draft))
        st.code(text, language=None, wrap_lines=True)


def _replacement(view: View, draft: Draft, replaces: Mapping[str, Any] | None) -> None:
    """What the draft takes the place of, with the rows; where most of them go, a field for the reason (3.9)."""
    if replaces is None or draft.state not in _SUBMITTABLE:
        return
    numbers = {
        "numbers": ", ".join(replaces["submissions"]),
        "before": f"{replaces['rows_before']:,}",
        "after": f"{replaces['rows_after']:,}",
    }
    if not replaces["needs_reason"]:
        note(view.say("filing.replaces", **numbers))
        return
    st.html(
        f'<p class="banner" role="alert"><span aria-hidden="true">▲</span> '
        f"{escape(view.say('filing.replaces_most', **numbers))}</p>"
    )
    changes = replaces["findings_elsewhere"]
    if changes:
        shown = [
            view.say(
                f"filing.elsewhere_{one['change']}",
                rule=one["rule"],
                exchange=view.exchange(one["exchange"]),
                report=view.report(one["report"]),
                period=one["period"],
                subject=one["subject"] or "",
            ).strip()
            for one in changes[:_MOST_ELSEWHERE]
        ]
        more = len(changes) - len(shown)
        lines = "".join(f"<li>{escape(line)}</li>" for line in shown)
        last = f"<li>{escape(view.say('filing.elsewhere_more', count=more))}</li>" if more else ""
        st.html(f'<ul class="found">{lines}{last}</ul>')
    st.text_input(view.say("filing.replace_reason"), max_chars=500, key=_reason_key(draft))


def _return(view: View, draft: Draft, told: Mapping[str, Any]) -> None:
    """That the draft was filed before and replaced since, and a field for the reason of bringing it back (3.4)."""
    if RETURNS not in told or draft.state not in _SUBMITTABLE:
        return
    said = view.say("filing.returns", **told[RETURNS])
    st.html(f'<p class="banner" role="alert"><span aria-hidden="true">▲</span> {escape(said)}</p>')
    if not (told.get("replaces") or {}).get("needs_reason"):  # which has the field already
        st.text_input(view.say("filing.return_reason"), max_chars=500, key=_reason_key(draft))


def _reason_key(draft: Draft) -> str:
    return f"filing.reason.{draft.id}"


def _draft_buttons(view: View, desk: Desk, draft: Draft) -> None:
    """The buttons that submit (not where it would be rejected) and discard.

    They act before the page is drawn anew: what was pressed on an old screen is answered, whatever became of the draft.
    """
    with st.container(horizontal=True, gap="small"):
        st.button(
            view.say("filing.submit"),
            type="primary",
            disabled=draft.state not in _SUBMITTABLE,
            icon=":material/send:",
            key=f"filing.submit.{draft.id}",
            on_click=_submit,
            args=(view, desk, draft),
        )
        st.button(
            view.say("filing.discard"),
            icon=":material/delete:",
            key=f"filing.discard.{draft.id}",
            on_click=_discard,
            args=(view, desk, draft),
        )
    if draft.state not in _SUBMITTABLE:
        note(view.say("filing.cannot_submit"))


def _submit(view: View, desk: Desk, draft: Draft) -> None:
    """File a draft; one that was compared with what stands no more is compared anew, for its sender to look at."""
    must_be_at(desk)
    try:
        with st.spinner(view.say("filing.submitting")):
            receipt = desk.submit(draft, str(st.session_state.get(_reason_key(draft)) or ""))
    except (RefusedError, MovedOnError) as error:
        keep_unfiled(view, desk, draft, error)
    else:
        pick(submission=receipt.submission.id, submissions="", repeated="1" if receipt.duplicate else "")


def _discard(view: View, desk: Desk, draft: Draft) -> None:
    must_be_at(desk)
    try:
        desk.discard(draft)
    except (RefusedError, MovedOnError) as error:
        keep_refused(view, draft.file, error)
    else:
        keep_done(draft.file, view.say("filing.is_discarded"))


def secret_panel(view: View, checked: CheckedUpload) -> None:
    """A file that was checked and is not stored, because it holds secrets or personal data."""
    told = checked.preview.told
    section(view, "filing.not_kept", file=checked.upload.name)
    verdict(view, told["state"], "filing.not_kept_how", is_draft=True)
    declared = Declared(told["exchange"], told["report"], Period.parse(told["period"]))
    calls = sender_file(declared, checked.upload.name, None, checked.preview.comparison.names)
    sender_findings(view, findings_of(told["findings"]), calls, checked.upload.name, declared)


def receipt_panel(view: View, filed: Submission, *, is_repeated: bool = False) -> None:
    """A submission: the verdict in words, what its receipt says, and the signed receipt with its public key."""
    content = ask(receipt_content, filed.id, view.now.replace(second=0, microsecond=0))
    if content is None:
        return
    word = verdict_word(filed.state, content.finding_count)
    verdict(view, word, f"filing.means.{filed.state}")
    failure_note(view, filed)
    if is_repeated:
        note(view.say("filing.repeated", number=filed.id))
    facts(
        {
            view.say("column.id"): filed.id,
            view.say("column.file"): content.file,
            view.say("column.report"): f"{view.report(filed.report)} · {filed.period.text}",
            view.say("column.received_at"): f"{kst_text(filed.received_at).partition('.')[0]} KST",
            view.say("column.timeliness"): _timeliness(view, content.late_seconds),
            view.say("column.row_count"): "–" if filed.row_count is None else f"{filed.row_count:,}",
            "SHA-256": filed.sha256,
            view.say("column.rule_set_version"): filed.rule_set_version or "–",
            view.say("ledger.title"): ask(judged_rules, filed.id, view.language).overall,
            view.say("filing.findings_digest"): content.findings_sha256,
            view.say("filing.log_head"): " · ".join(content.log_head) if content.log_head else "–",
            **_replaced(view, content),
        }
    )
    _receipt_files(view, filed)


def _timeliness(view: View, late_seconds: int | None) -> str:
    if late_seconds is None:
        return "–"
    if late_seconds == 0:
        return view.code("on_time")
    return f"{view.code('late')} ({duration(timedelta(seconds=late_seconds), view.language)})"


def _replaced(view: View, content: ReceiptContent) -> dict[str, str]:
    """What the submission took the place of, and why, as its receipt says it."""
    said = {}
    if content.replaced:
        rows = ", ".join(
            f"{number} ({view.say('filing.rows', count=f'{rows:,}')})" for number, rows in content.replaced
        )
        said[view.say("filing.replaced")] = rows
    if content.reason:
        said[view.say("filing.replace_reason")] = content.reason
    return said


def _receipt_files(view: View, filed: Submission) -> None:
    """The signed receipt and the public key that it is verified with."""
    opened = store()

    def receipt() -> str:
        return receipt_of(opened, filed.id, view.now)

    def key() -> str:
        return signer_of(opened.home).public.pem

    with st.container(horizontal=True, gap="small"):
        for name, make, file, event in (
            ("receipt", receipt, receipt_name(filed), EventKind.RECEIPT),
            ("public_key", key, "daxa_public_key.pem", EventKind.DOWNLOAD),
        ):
            offer_file(
                view,
                view.say(f"filing.{name}"),
                make,
                file,
                filed.id,
                key=f"{name}.{filed.id}",
                icon=":material/verified:",
                act=event,
            )
    note(view.say("filing.receipt_how", command="daxa verify --receipt"))


def submission_findings(view: View, filed: Submission) -> None:
    """The findings of a submission for its sender, and the comparison with the version before; none of a failed one."""
    if filed.state is State.FAILED:
        return
    found = ask(findings_found, filed.id)
    comparison = comparison_of(view, filed.id)
    declared = Declared(filed.exchange, filed.report, filed.period)
    calls = sender_file(declared, filed.file, filed.format, comparison.names)
    if found:
        sender_findings(view, found, calls, filed.file, declared)
    else:
        note(ask(judged_rules, filed.id, view.language).overall)
    if filed.evidence_kept:
        path = store().evidence.path(filed.sha256)
        annotated_file(view, Sent(path, declared, filed.file, filed.format, filed.sha256), found)
    since_the_version_before(view, comparison, calls)


def withdrawal(view: View, desk: Desk | None, filed: Submission) -> None:
    """The form that withdraws a submission of one's own, accepted or failed: a reason, and its number typed to confirm.

    Of one that we failed on also the button that has it judged again.
    """
    if desk is None or filed.exchange != desk.exchange:
        return
    if filed.incident is not None:
        _retry_button(view, desk, filed)
    if filed.state not in (State.ACCEPTED, State.FAILED):
        return
    with st.expander(view.say("filing.withdraw"), icon=":material/undo:"):
        note(view.say("filing.withdraw_how"))
        left = ask(left_in_force, filed.id)
        name = "filing.withdraw_leaves" if left else "filing.withdraw_leaves_none"
        note(view.say(name, report=view.report(filed.report), period=filed.period.text, numbers=", ".join(left)))
        st.text_input(view.say("filing.reason"), max_chars=500, key=f"withdraw.reason.{filed.id}")
        st.text_input(view.say("filing.type_number", number=filed.id), max_chars=32, key=f"withdraw.typed.{filed.id}")
        st.button(
            view.say("filing.withdraw_now"),
            key=f"withdraw.{filed.id}",
            on_click=_withdraw,
            args=(view, desk, filed.id),
        )


def _withdraw(view: View, desk: Desk, number: str) -> None:
    must_be_at(desk)
    # Typed and pressed at once, the texts are in the session alone.
    reason, typed = (str(st.session_state[f"withdraw.{name}.{number}"] or "") for name in ("reason", "typed"))
    try:
        desk.withdraw(number, reason, typed)
    except (RefusedError, MovedOnError) as error:
        keep_refused(view, number, error)
    else:
        keep_done(number, view.say("filing.is_withdrawn"))


def failure_note(view: View, filed: Submission) -> None:
    """That we failed on a submission, under which number, and what happens next; nothing where we did not."""
    if filed.incident is not None:
        name = "filing.failed_how" if filed.state is State.FAILED else "filing.unjudged_how"
        note(view.say(name, incident=filed.incident))


def _retry_button(view: View, desk: Desk, filed: Submission) -> None:
    if st.button(view.say("filing.retry"), icon=":material/refresh:", key=f"retry.{filed.id}"):
        try:
            with st.spinner(view.say("filing.retrying")):
                desk.retry(filed.id)
        except RefusedError as refused:
            refusal(view, filed.id, refused)
            return
        st.rerun()

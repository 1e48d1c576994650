"""Many files at once: one summary above their panels, one button for all that can be submitted, one receipt of all."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from app.filing.act_parts import keep_unfiled, must_be_at
from app.filing.day import DayFile, LeftOut, day_files, verdict_counts
from app.filing.desk import CheckedUpload, Desk, verdict_word
from app.filing.verdict import FiledFile, filed_files
from app.moments import kst_text
from app.widgets.address import link, pick
from app.widgets.file_button import offer_file
from app.widgets.header import markup, note, section
from app.widgets.view import View, ask, store
from etl.drafts import Draft, draft_told
from etl.receipts import receipt_of_all
from etl.records.log import EventKind
from expectations.vocabulary import State

_FEWEST = 2
"""One file is its panel alone."""


def files_of_day(desk: Desk, drafts: Sequence[Draft]) -> list[DayFile]:
    """The drafts that are still there, in the order in which they are looked at."""
    checked = []
    for draft in drafts:
        try:
            checked.append((draft, draft_told(store(), draft)))
        except FileNotFoundError:
            continue
    return day_files(checked, desk.person)


def day_summary(view: View, desk: Desk, files: Sequence[DayFile], not_kept: Sequence[CheckedUpload]) -> None:
    """How many of the checked files have which verdict, each in a line, and the button that submits what can be."""
    if len(files) + len(not_kept) < _FEWEST:
        return
    section(view, "filing.day.checked", count=len(files) + len(not_kept))
    words = [one.preview.told["state"] for one in not_kept] + [file.word for file in files]
    _counted(view, words, "filing.day.not_submitted")
    lines = [
        _line(view, one.preview.told["state"], one.upload.name, [view.say("filing.day.not_kept")]) for one in not_kept
    ]
    lines += [_line(view, file.word, file.draft.file, _about(view, file)) for file in files]
    markup(f'<ul class="found">{"".join(lines)}</ul>')
    ready = [file.draft for file in files if file.left_out is None]
    st.button(
        view.say("filing.day.submit", count=len(ready)),
        type="primary",
        disabled=not ready,
        icon=":material/send:",
        key="filing.all",
        on_click=_submit,
        args=(view, desk, ready),
    )
    for why in LeftOut:
        names = [one.upload.name for one in not_kept] if why is LeftOut.REJECTED else []
        names += [file.draft.file for file in files if file.left_out is why]
        if names:
            note(view.say(f"filing.day.left_out.{why}", files=", ".join(names)))


def _counted(view: View, words: Sequence[str], sentence: str) -> None:
    """How many there are of each verdict, coloured as the gravest; the browser scrolls to it after a check."""
    counts = verdict_counts(words)
    said = " · ".join(
        f"{view.say(f'filing.verdict.{word}')} {view.say('filing.count', count=f'{count:,}')}" for word, count in counts
    )
    gravest = counts[0][0]
    look = "unjudged" if gravest == State.FAILED else gravest  # `failed` is how a part looks that could not be drawn
    means = f"<small>{escape(view.say(sentence))}</small>"
    markup(f'<p class="verdict {look}" role="status" data-result="">{escape(said)}{means}</p>')


def _line(view: View, word: str, file: str, about: Sequence[str], href: str = "") -> str:
    """A file with its verdict, and what else there is to say of it below."""
    name = f'<a href="{escape(href)}">{escape(file)}</a>' if href else escape(file)
    said = escape(view.say(f"filing.verdict.{word}"))
    return f"<li><b>{said} · {name}</b><p>{escape(' · '.join(part for part in about if part))}</p></li>"


def _about(view: View, file: DayFile) -> list[str]:
    draft, replaces = file.draft, file.told.get("replaces")
    parts = [
        f"{view.report(draft.report)} {draft.period.text}",
        view.say("filing.rows", count=f"{file.told['rows']:,}"),
        view.say("submissions.findings", count=f"{draft.finding_count:,}"),
    ]
    if replaces is not None and draft.state == State.ACCEPTED:
        before, after = f"{replaces['rows_before']:,}", f"{replaces['rows_after']:,}"
        parts.append(view.say("filing.day.replaces", before=before, after=after))
    return parts


def _submit(view: View, desk: Desk, drafts: Sequence[Draft]) -> None:
    """File the drafts that stood on the screen; what was refused is told above the receipts of the others."""
    must_be_at(desk)
    with st.spinner(view.say("filing.submitting")):
        done = desk.submit_all(drafts)
    for draft, error in done.refused:
        keep_unfiled(view, desk, draft, error)
    if done.receipts:
        numbers = dict.fromkeys(receipt.submission.id for receipt in done.receipts)
        repeated = [receipt.submission.id for receipt in done.receipts if receipt.duplicate]
        pick(submission="", submissions=",".join(numbers), repeated=",".join(repeated))


def filed_day(view: View, numbers: Sequence[str], repeated: Sequence[str]) -> None:
    """What was filed together: each file with its number and verdict, and one signed receipt of all."""
    files = ask(filed_files, tuple(dict.fromkeys(numbers)))
    if not files:
        return
    section(view, "filing.day.filed", count=len(files))
    _counted(view, [verdict_word(one.filed.state, one.finding_count) for one in files], "filing.day.are_filed")
    lines = "".join(_filed_line(view, one, is_repeated=one.filed.id in repeated) for one in files)
    markup(f'<ul class="found">{lines}</ul>')
    note(view.say("filing.day.filed_how"))
    kept = [one.filed.id for one in files]
    opened = store()
    offer_file(
        view,
        view.say("filing.day.receipt", count=len(files)),
        lambda: receipt_of_all(opened, kept, view.now),
        f"receipts_{kept[0]}_{len(kept)}.json",
        files[0].filed.exchange,
        key="receipts",
        icon=":material/verified:",
        act=EventKind.RECEIPT,
        about={"submissions": kept},
    )
    note(view.say("filing.receipt_how", command="daxa verify --receipt"))


def _filed_line(view: View, one: FiledFile, *, is_repeated: bool) -> str:
    filed = one.filed
    about = [
        f"{view.report(filed.report)} {filed.period.text}",
        f"{view.say('column.id')} {filed.id}",
        "" if filed.row_count is None else view.say("filing.rows", count=f"{filed.row_count:,}"),
        view.say("submissions.findings", count=f"{one.finding_count:,}"),
        f"{kst_text(filed.received_at).partition('.')[0]} KST",
        f"SHA-256 {filed.sha256}",
        view.say("filing.day.repeated") if is_repeated else "",
    ]
    word = verdict_word(filed.state, one.finding_count)
    return _line(view, word, one.file, about, link("filing", submission=filed.id))

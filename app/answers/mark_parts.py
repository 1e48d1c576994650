"""Answers on the screen: how a finding stands in sign and words, and that somebody has opened a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pandas as pd

from app.answers.explanations import NOT_REMEDIED, SHOWN_BY_DATA, finding_answers
from app.answers.unread import verdict_readers
from app.frames import records_of, with_columns
from app.moments import kst_minute
from app.rules.book import rule_called
from app.scope import Identity, Role
from app.widgets.address import go
from app.widgets.header import note
from app.widgets.natures import is_missing
from app.widgets.view import View, ask, store
from app.words import in_words
from etl.answers import Answered
from etl.records.answers import Actor, has_read, read_verdict
from etl.records.engine import RecordsUnavailableError, reading, writing_soon

_PATIENCE = timedelta(seconds=2)
_GLYPHS: Mapping[str, str] = {
    "open": "▶",
    "explained": "◔",
    "accepted": "●",
    "refused": "✕",
    "referred": "↗",
    "remedied": "◑",
    "closed": "■",
    "reopened": "↻",
    "shown_by_data": "◑",
    "found": "▲",
    "not_remedied": "▶",
}
"""A sign beside the word of how a finding stands, so that colour never stands alone."""


def actor_of(identity: Identity) -> Actor:
    """Whoever is at the screen, as the records know who acts."""
    return Actor(identity.person, identity.scope.role, identity.scope.exchanges)


def answer_mark(view: View, state: str | None, until: Any = None) -> str | None:
    """Sign and word of how a finding stands, with the day until which it was accepted; none where there is nothing."""
    if state is None or is_missing(state):
        return None
    word = view.say("answer.accepted_until", until=until) if isinstance(until, date) else view.say(f"answer.{state}")
    return f"{_GLYPHS[state]} {word}"


def with_marks(view: View, frame: pd.DataFrame, name: str = "state") -> pd.DataFrame:
    """A frame with its states in sign and words, as the column `answer`; what only the data says is told as such."""
    untils = frame["until"] if "until" in frame else [None] * len(frame)
    states = frame[name]
    if "is_over_by_itself" in frame:  # breaches
        states = states.mask(frame["is_over_by_itself"].astype(bool), SHOWN_BY_DATA)
        states = states.mask(states == Answered.OPEN, NOT_REMEDIED)
    marks = [answer_mark(view, state, until) for state, until in zip(states, untils, strict=True)]
    return with_columns(frame, answer=marks)


def with_statements(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with what each rule says, and what was found and expected in words."""
    rules = [rule_called(name) for name in frame["rule"]]
    said = [rule.statement.in_language(view.language) if rule else "" for rule in rules]
    frame = with_columns(frame, statement=said)
    for name in ("found", "expected"):
        words = [
            in_words(None if is_missing(value) else value, view.language) if is_missing(column) else value
            for value, column in zip(frame[name], frame["column"], strict=True)
        ]
        frame = with_columns(frame, **{name: words})
    return frame


def with_answers(view: View, submission: str, found: pd.DataFrame) -> pd.DataFrame:
    """The findings of a submission with how each stands beside it: `answer`, and what was said as `answer_text`.

    `answered` is its state as a code, `explanation` what speaks for it, `occurrence` which breach it tells of.
    """
    numbers = tuple(int(number) for number in found["id"])
    answers = ask(finding_answers, submission, numbers).set_index("id")
    beside = answers.reindex(found["id"])
    marks = [answer_mark(view, state, until) for state, until in zip(beside["state"], beside["until"], strict=True)]
    texts = [_said(view, row) for row in records_of(beside)]
    return with_columns(
        found,
        answer=marks,
        answer_text=texts,
        answered=beside["state"],
        explanation=beside["explanation"],
        occurrence=beside["occurrence"],
    )


def to_answer(row: Mapping[str, Any]) -> None:
    """Go to where a finding is answered; what refuses a file is answered by a correction and leads nowhere."""
    if not is_missing(row["occurrence"]):
        go("answers", breach=str(row["occurrence"]), state="all")
    elif row["answered"] in (Answered.OPEN, Answered.REFUSED):
        go("answers", finding=str(row["id"]))
    elif not is_missing(row["explanation"]):
        go("answers", explanation=str(row["explanation"]))


def _said(view: View, row: Mapping[str, Any]) -> str | None:
    """Who said what, and who decided, in one line."""
    if is_missing(row["text"]):
        return None
    parts = [view.say("answers.who_said", person=row["person"], text=row["text"])]
    if not is_missing(row["decided_by"]):
        parts.append(view.say("answers.who_decided", person=row["decided_by"], reason=row["reason"]))
    return " · ".join(parts)


def keep_read(view: View, submission: str) -> None:
    """Record that a person of the exchange has opened the verdict of this submission, once.

    Nothing is lost where the records cannot be written just now: the next run says it again.
    """
    if view.scope.role is not Role.EXCHANGE:
        return
    actor, engine = actor_of(view.identity), store().engine
    with reading(engine) as connection:
        is_known = has_read(connection, actor, submission)
    if not is_known:
        with suppress(RecordsUnavailableError), writing_soon(engine, patience=_PATIENCE) as connection:
            read_verdict(connection, actor, submission, at=view.now)


def show_readers(view: View, submission: str) -> None:
    """Who of the exchange has opened the verdict, and when first."""
    readers = verdict_readers(store(), view.scope, submission)
    if readers.empty:
        note(view.say("answers.nobody_read"))
        return
    names = " · ".join(f"{row['person']} {kst_minute(row['at'])}" for row in records_of(readers))
    note(view.say("answers.read_by", names=names))

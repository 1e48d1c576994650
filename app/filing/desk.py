"""The filing desk of an exchange's people: check a file without filing it, file it, or withdraw a submission.

Who may do what is decided here from the identity, never from a widget: only somebody of one exchange files, and only
for that one. What is refused before a file is opened raises RefusedError; everything else is a finding.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunningError
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from sqlalchemy import Connection

from app.scope import Identity
from app.worker.process import Worker
from app.worker.tasks import Preview
from etl.drafts import (
    Draft,
    discard_draft,
    discard_expired,
    draft_bytes,
    draft_told,
    keep_draft,
    remove_files,
    take_draft,
)
from etl.failures import NotRetryableError, retry
from etl.intake import NOTHING_GIVEN, Candidate, Declared, Given, NotAFilingError, declare, said_by
from etl.layout import Container
from etl.modes import make_folder, new_file
from etl.nil_returns import nil_return
from etl.receiving import NotWithdrawableError, Receipt, newest_filed, receive_bytes, replaced_before, take_out
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.log import COMMAND
from etl.records.moved_on import MovedOnError
from etl.records.submissions import Submission
from etl.steps import FilingStep
from etl.store import Store
from expectations.vocabulary import State

LONGEST_NAME = 255
"""Characters of a file's name: what file systems hold."""
LONGEST_WAIT_SECONDS = 120
_ASK_AGAIN_SECONDS = 0.1
_STOOD = "stood"
_GIVEN = "given"
RETURNS = "returns"
"""Where the told verdict has the submission of the same bytes that was replaced, and by which (3.4)."""
"""In what is kept of a check: what was filed of the same when the file was compared with it."""
_ENDINGS = frozenset(f".{container}" for container in Container)


class RefusedError(Exception):
    """Something is refused: `reason` names the sentence of the screens (`filing.refused`), `parts` fill it."""

    def __init__(self, reason: str, **parts: object) -> None:
        """Refuse for this reason."""
        super().__init__(reason)
        self.reason, self.parts = reason, parts


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded: its name without any path, its bytes, and what its sender says of them (3.12)."""

    name: str
    data: bytes
    given: Given = NOTHING_GIVEN


@dataclass(frozen=True, slots=True)
class CheckedUpload:
    """A file that was checked, and the draft that it became; none where it holds secrets or personal data."""

    upload: Upload
    preview: Preview
    draft: Draft | None


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of drafts that were submitted together: receipts, and why the others were not filed."""

    receipts: tuple[Receipt, ...]
    refused: tuple[tuple[Draft, RefusedError | MovedOnError], ...]


def own_exchange(identity: Identity) -> str | None:
    """The one exchange that somebody may file for; None for those who file for no exchange."""
    return identity.scope.own_exchange


def upload_of(name: str, data: bytes, most_bytes: int) -> Upload:
    """The file as it will be filed; RefusedError for a name or a size that cannot be.

    `most_bytes` is the threshold `maximum_file_bytes`.
    """
    plain = PureWindowsPath(PurePosixPath(name).name).name
    if len(plain) > LONGEST_NAME:
        raise RefusedError("long_name", most=LONGEST_NAME)
    if not plain.isprintable() or not plain.strip():
        raise RefusedError("unprintable_name")
    if len(data) > most_bytes:
        raise RefusedError("too_large", size=f"{len(data):,}", most=f"{most_bytes:,}")
    return Upload(plain, data)


@dataclass(frozen=True, slots=True)
class Desk:
    """One person at the desk of one exchange."""

    store: Store
    worker: Worker
    person: str
    exchange: str

    @classmethod
    def of(cls, store: Store, worker: Worker, identity: Identity) -> Desk:
        """The desk of whoever is signed in; RefusedError for those who file for no exchange."""
        exchange = own_exchange(identity)
        if exchange is None:
            raise RefusedError("not_yours")
        return cls(store.limited_to(exchange), worker, identity.person, exchange)

    def declared(self, name: str, report: str = "", period: str = "") -> Declared:
        """Exchange, report and period of a file, by its name and by what was chosen, which wins.

        RefusedError where they are not all known, or where the name says another exchange, whatever is chosen.
        """
        said = said_by(name).get("exchange")
        if said is not None and said != self.exchange:
            raise RefusedError("other_exchange", said=said)
        try:
            return declare(name, exchange_id=self.exchange, report_name=report or None, period=period or None)
        except NotAFilingError as error:
            raise RefusedError("says_nothing", name=name) from error

    def check(
        self, upload: Upload, declared: Declared, now: datetime, progress: Callable[[FilingStep], None]
    ) -> CheckedUpload:
        """Have a file judged without filing it, and keep it as a draft; `progress` is called with each step done."""
        self._must_be_own(declared)
        with reading(self.store.engine) as connection:
            stood = newest_filed(connection, declared)  # before the comparison with it is made
            replaced = replaced_before(self.store, connection, declared, upload.data, upload.given)
        with self._temporary_file(upload) as path:
            steps = path.with_suffix(".step")
            try:
                progress(FilingStep.RECEIVED)
                preview = _result(
                    self.worker.look(Candidate(path, declared, upload.name, upload.given), steps), steps, progress
                )
            finally:
                steps.unlink(missing_ok=True)
        discard_expired(self.store, now)
        verdict = {
            **preview.told,
            "comparison": preview.comparison.as_record(),
            _STOOD: stood,
            _GIVEN: asdict(upload.given),
        }
        if replaced is not None:
            verdict[RETURNS] = {"number": replaced.id, "by": replaced.superseded_by or "–"}
        draft = keep_draft(self.store, self.person, declared, upload.name, upload.data, verdict, now)
        progress(FilingStep.READY)
        return CheckedUpload(upload, preview, draft)

    def nil_return(self, report: str, period: str) -> tuple[Upload, Declared]:
        """A nil return in the exchange's own format, and what it is; RefusedError for a period that cannot be."""
        try:
            declared = declare("", exchange_id=self.exchange, report_name=report, period=period)
        except NotAFilingError as error:
            raise RefusedError("no_period", period=period) from error
        name, data = nil_return(declared)
        return Upload(name, data), declared

    def submit(self, draft: Draft, reason: str = "") -> Receipt:
        """File the bytes of a draft and wait until they are judged; raises as `_file`."""
        receipt = self._file(draft, reason)
        self._judged([receipt.submission.id])
        return receipt

    def submit_all(self, drafts: Sequence[Draft]) -> Submitted:
        """File drafts one after the other, without a reason, and wait until all are judged.

        What keeps one from being filed keeps no other.
        """
        receipts: list[Receipt] = []
        refused: list[tuple[Draft, RefusedError | MovedOnError]] = []
        for draft in drafts:
            try:
                receipts.append(self._file(draft, ""))
            except (RefusedError, MovedOnError) as error:
                refused.append((draft, error))
        if receipts:
            self._judged([receipt.submission.id for receipt in receipts])
        return Submitted(tuple(receipts), tuple(refused))

    def _file(self, draft: Draft, reason: str) -> Receipt:
        """File the bytes of a draft.

        RefusedError where the draft is gone meanwhile, or where no `reason` is given and it takes the place of accepted
        rows with none or less than half of them (3.9), or brings back what was replaced (3.4). MovedOnError where
        somebody has submitted it, or has filed or withdrawn the same report since it was checked: then it is checked
        again first.
        """
        self._must_be_own(draft.declared)
        try:
            data = draft_bytes(self.store, draft)
            told = draft_told(self.store, draft)
        except FileNotFoundError as error:
            raise self._gone(draft) from error

        if (told.get("replaces") or {}).get("needs_reason") and not reason.strip():
            raise RefusedError("no_reason_to_replace")
        if RETURNS in told and not reason.strip():
            raise RefusedError("no_reason_to_return", **told[RETURNS])

        def take(connection: Connection) -> None:
            if not take_draft(connection, draft):
                raise RefusedError("draft_gone")

        seen = told.get(_STOOD)
        try:
            receipt = receive_bytes(
                self.store,
                data,
                draft.file,
                draft.declared,
                sender=self.person,
                seen=seen,
                first=take,
                reason=reason.strip(),
                given=_given(told),
                again=RETURNS in told,
            )
        except RefusedError as error:
            raise self._gone(draft) from error
        remove_files(self.store, draft)
        return receipt

    def _gone(self, draft: Draft) -> RefusedError | MovedOnError:
        """What became of a draft that is no more: it was submitted, by whom and when; or it was removed."""
        with reading(self.store.engine) as connection:
            filed = life.with_bytes(connection, draft.exchange, draft.report, draft.period, draft.sha256)
        if filed is None or filed.recorded_at < draft.checked_at:
            return RefusedError("draft_gone")
        return MovedOnError("submitted", filed.sender or COMMAND, filed.recorded_at)

    def check_again(self, draft: Draft, now: datetime) -> CheckedUpload:
        """Check a draft anew, against what stands now; FileNotFoundError where it is gone."""
        upload = Upload(draft.file, draft_bytes(self.store, draft), _given(draft_told(self.store, draft)))
        return self.check(upload, draft.declared, now, lambda step: None)

    def discard(self, draft: Draft) -> None:
        """Remove a draft of the exchange; RefusedError or MovedOnError where it is gone already."""
        self._must_be_own(draft.declared)
        if not discard_draft(self.store, draft):
            raise self._gone(draft)

    def withdraw(self, number: str, reason: str, typed: str) -> Submission:
        """Withdraw an accepted submission of the exchange, or one that we failed on.

        RefusedError where `typed` does not repeat its number, without a reason, or where it cannot be withdrawn;
        MovedOnError where somebody has withdrawn or corrected it since.
        """
        if typed.strip() != number:
            raise RefusedError("not_confirmed", number=number)
        if not reason.strip():
            raise RefusedError("no_reason")
        with reading(self.store.engine) as connection:
            filed = life.by_id(connection, number)
        if filed is None or filed.exchange != self.exchange:
            raise RefusedError("not_withdrawable", number=number)
        try:
            withdrawn = take_out(self.store, number, reason=reason.strip(), actor=self.person, seen=number)
        except NotWithdrawableError as error:
            raise RefusedError("not_withdrawable", number=number) from error
        self.worker.take_up()
        return withdrawn

    def retry(self, number: str) -> None:
        """Have a submission judged again that we failed on, and wait; RefusedError where it cannot be."""
        with reading(self.store.engine) as connection:
            filed = life.by_id(connection, number)
        if filed is None or filed.exchange != self.exchange:
            raise RefusedError("not_retryable", number=number)
        try:
            retry(self.store.engine, number, actor=self.person)
        except NotRetryableError as error:
            raise RefusedError("not_retryable", number=number) from error
        self._judged([number])

    def _must_be_own(self, declared: Declared) -> None:
        if declared.exchange != self.exchange:
            raise RefusedError("other_exchange", said=declared.exchange)

    def _judged(self, numbers: Sequence[str]) -> None:
        """Have what is received judged, and wait until these submissions are, LONGEST_WAIT_SECONDS at most."""
        self.worker.take_up()
        end = time.monotonic() + LONGEST_WAIT_SECONDS
        while time.monotonic() < end:
            with reading(self.store.engine) as connection:
                if all(life.is_judged(connection, number) for number in numbers):
                    return
            time.sleep(_ASK_AGAIN_SECONDS)

    @contextmanager
    def _temporary_file(self, upload: Upload) -> Iterator[Path]:
        """The bytes as a temporary file, for the worker that reads them."""
        folder = self.store.home / "incoming"
        make_folder(folder)
        ending = PurePosixPath(upload.name).suffix.lower()
        path = folder / f"{secrets.token_hex(16)}{ending if ending in _ENDINGS else ''}"
        try:
            with os.fdopen(new_file(path), "wb") as out:
                out.write(upload.data)
            yield path
        finally:
            path.unlink(missing_ok=True)


def _result(future: Future[Preview], steps: Path, progress: Callable[[FilingStep], None]) -> Preview:
    """The result of the worker; meanwhile `progress` is called with each step that it writes to `steps`."""
    last = ""
    while True:
        try:
            look = future.result(timeout=_ASK_AGAIN_SECONDS)
        except StillRunningError:
            text = steps.read_text("ascii") if steps.exists() else ""
            if text and text != last:
                progress(FilingStep(text))
                last = text
            if future.done():
                return future.result()
        else:
            return look


def _given(told: Mapping[str, Any]) -> Given:
    """What was given with a draft's file; a draft of an earlier version has nothing."""
    return Given(**told.get(_GIVEN, {}))


def verdict_word(state: str, finding_count: int) -> str:
    """The name of a verdict (`filing.verdict`) on a submission or draft in this state."""
    if state == State.ACCEPTED:
        return "accepted_with_findings" if finding_count else "accepted"
    return state

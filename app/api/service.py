"""What the API does with the records: one method a request, each a short transaction."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.api.callers import unauthorised
from app.api.problems import ProblemError
from app.api.versions import refused_when_passed
from app.ledger import ledger_record
from app.objects import finding_record, instant_text, submission_record
from etl.annotated import annotated_copy, annotated_name
from etl.calendar import obligations
from etl.coordinates import layout_of
from etl.export import template_bytes
from etl.failures import NotRetryableError, retry
from etl.intake import Candidate, Declared
from etl.ledger import current_ledger, ledger, tally
from etl.receipts import receipt_of
from etl.receiving import NotWithdrawableError, Receipt, is_repeated, receive_bytes, take_out
from etl.records import submissions as life
from etl.records.engine import reading, writing
from etl.records.log import AuditEvent, EventKind, append
from etl.records.submissions import StoredFinding, Submission
from etl.records.tokens import Token, token_of
from etl.signing import signer_of
from etl.spreadsheets import harmless_row
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period

PAGE = 100
"""Submissions, or entries of the ledger, on one page."""
FINDING_COLUMNS = (
    *("rule", "kind", "row", "column", "subject", "from", "to", "found", "expected", "message_ko", "message_en"),
    *("reason", "path"),
)


@dataclass(frozen=True, slots=True)
class Service:
    """The operations of the API over one store."""

    store: Store

    def caller(self, text: str) -> Token:
        """Whose token it is; ProblemError where it is nobody's, expired or revoked."""
        found = token_of(self.store.engine, text, datetime.now(UTC))
        if found is None:
            raise unauthorised()
        return found

    def limited_to(self, caller: Token) -> Service:
        """The operations for one caller: the database hides other exchanges' rows from what they read."""
        return Service(self.store.limited_to(caller.exchange))

    def receive(
        self,
        caller: Token,
        candidate: Candidate,
        *,
        seen: str | None = None,
        reason: str = "",
        again: bool = False,
    ) -> Receipt:
        """Make the file's bytes and its record durable; ProblemError where another than the `seen` one is newest."""
        with refused_when_passed():
            data, name, declared = candidate.read(), candidate.name, candidate.declared
            return receive_bytes(
                self.store,
                data,
                name,
                declared,
                sender=caller.id,
                seen=seen,
                reason=reason,
                given=candidate.given,
                again=again,
            )

    def may_replace_rows(self, candidate: Candidate) -> bool:
        """Whether a file would come in place of accepted rows, so that it is checked before it is filed (3.9)."""
        declared = candidate.declared
        with reading(self.store.engine) as connection:
            replaced = life.accepted_overlapping(connection, declared.exchange, declared.report, declared.period)
            if not any(one.row_count for one in replaced):
                return False
            return not is_repeated(self.store, connection, declared, candidate.read(), candidate.given)

    def submission(self, caller: Token, number: str) -> Submission:
        """One of the caller's submissions; ProblemError for what is not there and for what is not theirs, alike."""
        found = None
        if "\x00" not in number:
            with reading(self.store.engine) as connection:
                found = life.by_id(connection, number)
        if found is None or found.exchange != caller.exchange:
            raise ProblemError(404, f"There is no submission {number} of yours; the list of them shows the numbers.")
        return _named(found)

    def is_judged(self, submission: Submission) -> bool:
        """Whether all is found that is to be found of a submission."""
        with reading(self.store.engine) as connection:
            return life.is_judged(connection, submission.id)

    def told(self, submission: Submission, *, duplicate: bool = False) -> dict[str, Any]:
        """A submission as machines get it, with the number of findings by rule and where they are."""
        found = self._findings(submission)
        with reading(self.store.engine) as connection:
            counted = tally(ledger(connection, [submission]))
        record = submission_record(submission, file=submission.file, duplicate=duplicate, findings=None)
        return {
            **record,
            "finding_counts": dict(sorted(Counter(one.rule for _, one in found).items())),
            "findings": f"/api/v1/submissions/{submission.id}/findings",
            "outcome_counts": {outcome.value: count for outcome, count in counted.outcomes.items()},
            "not_evaluated": list(counted.not_evaluated),
            "ledger": f"/api/v1/submissions/{submission.id}/ledger",
        }

    def listed(self, caller: Token, page: int, **filters: Any) -> dict[str, Any]:
        """A page of the caller's submissions of every state, newest first."""
        state = filters.pop("state", None)
        with reading(self.store.engine) as connection:
            every = life.listed(connection, exchange=caller.exchange, **filters)
        wanted = [_named(one) for one in reversed(every) if state in (None, one.state)]
        shown = wanted[(page - 1) * PAGE : page * PAGE]
        return {
            "items": [submission_record(one, file=one.file, duplicate=False, findings=None) for one in shown],
            "count": len(wanted),
            "page": page,
            "pages": max(1, -(-len(wanted) // PAGE)),
        }

    def findings(self, submission: Submission, *, as_csv: bool, byte_order_mark: bool) -> Iterator[bytes]:
        """All findings of a submission at any number, as a JSON array or CSV, piece by piece."""
        records = (finding_record(StoredFinding(submission, kind, one)) for kind, one in self._findings(submission))
        return _csv_pieces(records, byte_order_mark=byte_order_mark) if as_csv else _json_pieces(records)

    def submission_ledger(self, submission: Submission) -> list[dict[str, Any]]:
        """What became of every rule of a submission, in the order of the rule book."""
        with reading(self.store.engine) as connection:
            return [ledger_record(entry) for entry in ledger(connection, [submission])]

    def ledger(
        self,
        caller: Token,
        page: int,
        *,
        report: str | None,
        rule: str | None,
        first: Period | None,
        last: Period | None,
        outcome: str | None,
    ) -> dict[str, Any]:
        """A page of what became of the rules of the caller's current submissions and due periods, by report."""
        asked: dict[str, Any] = {"report": report, "rules": rule and (rule,), "first": first, "last": last}
        with reading(self.store.engine) as connection:
            every = current_ledger(connection, datetime.now(UTC), exchanges=(caller.exchange,), **asked)
            wanted = [entry for entry in every if outcome in (None, entry.outcome)]
        shown = wanted[(page - 1) * PAGE : page * PAGE]
        return {
            "items": [ledger_record(entry) for entry in shown],
            "count": len(wanted),
            "page": page,
            "pages": max(1, -(-len(wanted) // PAGE)),
        }

    def annotated(self, submission: Submission, language: str) -> tuple[bytes, str]:
        """The file with its findings beside the rows, and its name; ProblemError where it cannot be had."""
        if not submission.evidence_kept:
            raise ProblemError(409, "The bytes of this file are not kept, because it holds secrets or personal data.")
        data = self.store.evidence.read(submission.sha256)
        declared = Declared(submission.exchange, submission.report, submission.period)
        layout = layout_of(declared, submission.file, submission.format)
        try:
            found = [finding for _, finding in self._findings(submission)]
            return annotated_copy(data, layout, found, language), annotated_name(
                submission.file, submission.period.text
            )
        except ValueError as error:
            raise ProblemError(409, f"{error}.") from error

    def receipt(self, caller: Token, submission: Submission) -> str:
        """The signed receipt as it is given now."""
        text = receipt_of(self.store, submission.id, datetime.now(UTC))
        self._log(AuditEvent(caller.id, EventKind.RECEIPT, submission.id))
        return text

    def public_key(self) -> str:
        """The public half of the key that signs receipts."""
        return signer_of(self.store.home).public.pem

    def log_download(self, caller: Token, submission: Submission, what: str) -> None:
        """Log that what was found of a submission was handed out; before it is, so that nothing goes out unlogged."""
        self._log(AuditEvent(caller.id, EventKind.DOWNLOAD, submission.id, {"what": what}))

    def _log(self, event: AuditEvent) -> None:
        with writing(self.store.engine, lock="audit_log") as connection:
            append(connection, [event])

    def withdraw(self, submission: Submission, reason: str, actor: str, *, seen: str | None = None) -> Submission:
        """Take a submission out of force or back; ProblemError where that cannot be, or no reason is given."""
        try:
            with refused_when_passed():
                return take_out(self.store, submission.id, reason=reason, actor=actor, seen=seen)
        except NotWithdrawableError as error:
            raise ProblemError(409, f"{error}.") from error

    def retry(self, submission: Submission, actor: str) -> Submission:
        """Have a submission tried again that we failed on; ProblemError where we did not, or a later one followed."""
        try:
            return retry(self.store.engine, submission.id, actor=actor)
        except NotRetryableError as error:
            raise ProblemError(409, f"{error}.") from error

    def obligations(self, caller: Token, first: date | None, last: date | None) -> list[dict[str, Any]]:
        """What the caller's exchange was to file by now: when it was due, and when and by what it was met."""
        with reading(self.store.engine) as connection:
            found = obligations(
                connection, datetime.now(UTC), first_day=first, last_day=last, exchanges=(caller.exchange,)
            )
        return [
            {
                "report": one.report,
                "period": one.period.text,
                "due_at": instant_text(one.outcome.due_at),
                "met_at": instant_text(one.outcome.met_at),
                "submission": one.outcome.submission,
                "state": one.outcome.state,
            }
            for one in found
            if one.outcome.is_due
        ]

    def template(self, report: str, ending: str, day: date, *, byte_order_mark: bool) -> bytes:
        """The blank canonical template of a report on a day; ProblemError where there is none."""
        try:
            return template_bytes(report_of(report).on(day), ending, byte_order_mark=byte_order_mark)
        except (KeyError, ValueError) as error:
            raise ProblemError(404, f"There is no template {report}.{ending}.") from error

    def _findings(self, submission: Submission) -> Sequence[Any]:
        with reading(self.store.engine) as connection:
            return life.findings_of(connection, [submission.id])[submission.id]


def _named(submission: Submission) -> Submission:
    """The submission without the folder that its file lay in, which is nobody's business but our own."""
    return replace(submission, file=Path(submission.file).name)


def _json_pieces(records: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    yield b"["
    for place, record in enumerate(records):
        yield (",\n" if place else "\n").encode() + json.dumps(record, ensure_ascii=False).encode()
    yield b"\n]\n"


def _csv_pieces(records: Iterator[dict[str, Any]], *, byte_order_mark: bool) -> Iterator[bytes]:
    yield (b"\xef\xbb\xbf" if byte_order_mark else b"") + _csv_line(FINDING_COLUMNS)
    for record in records:
        yield _csv_line(["" if record[name] is None else str(record[name]) for name in FINDING_COLUMNS])


def _csv_line(values: Sequence[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(harmless_row(values))
    return out.getvalue().encode()

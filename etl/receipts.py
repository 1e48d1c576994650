"""Receipts: what was filed, when, and what became of it, signed, so that it can be shown to anybody without the store.

Each carries the audit log's newest signed head: whoever keeps a receipt keeps what the store can be held against
(`etl.outside_heads`), an end of the log that is cut off or written anew among the rest.

The signature is over the canonical JSON of the receipt, so the file may be laid out anyhow; `verify_receipt` needs it
and the public key, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from sqlalchemy import Connection

from etl.calendar import OBLIGATIONS_BEGIN, Outcome, obligations
from etl.canonical import canonical_json
from etl.heads import as_record, newest_head
from etl.judgements import RuleOutcome
from etl.ledger import ledger, tally
from etl.receiving import reason_given
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.signing import PublicKey, signer_of
from etl.store import Store
from expectations.vocabulary import KST, Finding, Kind

_KIND = "daxa receipt"
_KIND_OF_ALL = "daxa receipts"
"""Several receipts under one signature."""
_VERSION = 1
_PARTS = {"receipt", "key", "signature"}


class ReceiptError(ValueError):
    """A receipt that cannot be issued, with a sentence for the user."""


@dataclass(frozen=True, slots=True)
class ReceiptCheck:
    """What a receipt says, or, where it is not to be believed, why."""

    content: Mapping[str, Any]
    fault: str | None

    @property
    def receipts(self) -> Sequence[Mapping[str, Any]]:
        """What is said of each submission: of one, or of several that are signed together."""
        receipts: Sequence[Mapping[str, Any]] = self.content.get("receipts") or [self.content]
        return receipts


# ------------------------------------------------------------------------------------------- giving


def receipt_of(store: Store, submission: str, now: datetime) -> str:
    """The signed receipt of a submission as it stands at `now`, as JSON; ReceiptError where there is none."""
    with reading(store.engine) as connection:
        filed = life.by_id(connection, submission)
        if filed is None:
            raise ReceiptError(f"there is no submission {submission}; 'daxa submissions' lists them")
        content = _content(connection, filed, now)
    return _signed(store, content)


def receipt_of_all(store: Store, submissions: Sequence[str], now: datetime) -> str:
    """One signed receipt of several submissions as they stand at `now`: `receipts` holds what that of each says.

    ReceiptError where one of them is not there, or none is given.
    """
    with reading(store.engine) as connection:
        found = {number: life.by_id(connection, number) for number in submissions}
        if not found or None in found.values():
            lacking = next((number for number, filed in found.items() if filed is None), "without a number")
            raise ReceiptError(f"there is no submission {lacking}; 'daxa submissions' lists them")
        receipts = [_content(connection, filed, now) for filed in found.values() if filed is not None]
    return _signed(store, {"kind": _KIND_OF_ALL, "version": _VERSION, "issued_at": _kst(now), "receipts": receipts})


def _signed(store: Store, content: Mapping[str, Any]) -> str:
    signer = signer_of(store.home)
    whole = {"receipt": content, "key": signer.public.id, "signature": signer.sign(content)}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def receipt_name(filed: Submission) -> str:
    """The name of the file that holds the receipt of a submission."""
    return f"receipt_{file_stem(filed)}.json"


def file_stem(filed: Submission) -> str:
    """How files about a submission are called: what was filed for which period, and its number."""
    return f"{filed.exchange}_{filed.report}_{filed.period.text}_{filed.id}"


def _content(connection: Connection, filed: Submission, now: datetime) -> dict[str, Any]:
    findings = life.findings_of(connection, [filed.id])[filed.id]
    return {
        "kind": _KIND,
        "version": _VERSION,
        "issued_at": _kst(now),
        "submission": filed.id,
        "exchange": filed.exchange,
        "report": filed.report,
        "period": filed.period.text,
        "file": PurePath(filed.file).name,
        "sha256": filed.sha256,
        "size_bytes": filed.size_bytes,
        "received_at": _kst(filed.received_at),
        **_punctuality(connection, filed, now),
        "state": filed.state.value,
        "incident": filed.incident,
        "state_since": _kst(life.last_change(connection, [filed.id])),
        "rows": filed.row_count,
        "given": {"sha256": filed.given_sha256, "rows": filed.given_rows},
        "rule_set_version": filed.rule_set_version,
        "as_if_in_force": filed.as_if_in_force,
        "replaced": _replaced(connection, filed),
        "reason": reason_given(connection, filed.id),
        "finding_count": len(findings),
        "findings_sha256": findings_digest(findings),
        **_evaluated(connection, filed),
        "log_head": None if (head := newest_head(connection)) is None else as_record(head),
    }


def _evaluated(connection: Connection, filed: Submission) -> dict[str, Any]:
    """How many rules came to what, and which were not evaluated: no finding of those says nothing."""
    entries = list(ledger(connection, [filed]))
    unknown = (RuleOutcome.NOT_EVALUATED, RuleOutcome.FAILED)
    return {
        "outcome_counts": {outcome.value: count for outcome, count in tally(entries).outcomes.items()},
        "not_evaluated": [
            {"rule": one.rule.id, "why": one.why.value if one.why else one.outcome.value, "lacking": list(one.lacking)}
            for one in entries
            if one.outcome in unknown
        ],
    }


def _replaced(connection: Connection, filed: Submission) -> list[dict[str, Any]]:
    """The submissions whose place it took, each with the number of its rows (3.5)."""
    return [{"submission": one.id, "rows": one.row_count} for one in life.superseded_by(connection, filed.id)]


def _punctuality(connection: Connection, filed: Submission, now: datetime) -> dict[str, Any]:
    """When the period was due, by which submission it is met, and how many seconds late.

    What counts is when accepted files first covered the period, so a correction of what was filed in time is not late;
    while nothing ever did, the submission's own receipt counts.
    """
    if filed.period.first_day < OBLIGATIONS_BEGIN:
        return {"due_at": None, "met_by": None, "late_seconds": None}
    found = _outcome(connection, filed, now)
    own = max(filed.received_at - found.due_at, timedelta(0))
    late = own if found.first_met_at is None else found.first_late_by
    return {
        "due_at": _kst(found.due_at),
        "met_by": found.submission,
        "late_seconds": late // timedelta(seconds=1),
    }


def _outcome(connection: Connection, filed: Submission, now: datetime) -> Outcome:
    """What became of the obligation that the submission was filed for."""
    day = filed.period.first_day
    (one,) = obligations(
        connection, now, first_day=day, last_day=day, exchanges=(filed.exchange,), reports=(filed.report,)
    )
    return one.outcome


def findings_digest(findings: Iterable[tuple[Kind, Finding]]) -> str:
    """SHA-256 over the findings, a line of canonical JSON each, in the order of these lines.

    The fields are those of the findings in `daxa findings --json` up to the messages, which are only their wording.
    """
    lines = sorted(
        canonical_json(
            {
                "rule": finding.rule,
                "kind": kind.value,
                "row": finding.row,
                "column": finding.column,
                "subject": finding.subject,
                "from": _kst(finding.start),
                "to": _kst(finding.end),
                "found": finding.found,
                "expected": finding.expected,
            }
        )
        for kind, finding in findings
    )
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _kst(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(KST).isoformat()


# ---------------------------------------------------------------------------------------- believing


def verify_receipt(text: str, keys: Mapping[str, PublicKey]) -> ReceiptCheck:
    """Whether a receipt was signed by one of the keys, given by their id, and not changed since."""
    try:
        whole = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        return ReceiptCheck({}, "this is no receipt: it cannot be read as JSON")
    if not isinstance(whole, dict) or whole.keys() != _PARTS or not isinstance(whole["receipt"], dict):
        return ReceiptCheck({}, f"this is no receipt: it has not the parts {', '.join(sorted(_PARTS))}")
    content, key = whole["receipt"], keys.get(str(whole["key"]))
    if key is None:
        known = ", ".join(keys) or "none"
        return ReceiptCheck({}, f"the receipt was signed by the key {whole['key']}, those at hand are {known}")
    try:
        signed = key.has_signed(content, str(whole["signature"]))
    except TypeError:
        signed = False
    if not signed or content.get("kind") not in (_KIND, _KIND_OF_ALL):
        return ReceiptCheck({}, "the receipt was changed after it was signed, or is none of ours")
    return ReceiptCheck(content, None)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice would be read one way by a person and another by us."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found

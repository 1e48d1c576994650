"""The verdict on a submission as its sender reads it: the submission, every open finding, and its receipt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from app.filing.finding_digest import Found
from app.scope import Scope
from etl.receipts import receipt_of
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.store import Store
from expectations.vocabulary import Period


@dataclass(frozen=True, slots=True)
class ReceiptContent:
    """What a receipt says that its submission does not; `late_seconds` is none where nothing was due.

    `replaced` are the submissions whose place it took, with their rows; `reason` is why, where its sender said so;
    `log_head` is the newest day of the audit log that is signed, and the hash of its last entry.
    """

    file: str
    late_seconds: int | None
    finding_count: int
    findings_sha256: str
    replaced: tuple[tuple[str, int], ...] = ()
    reason: str | None = None
    log_head: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FiledFile:
    """One of the files that were filed together: its submission, the file's name, and how many findings are open."""

    filed: Submission
    file: str
    finding_count: int


def filed_files(store: Store, scope: Scope, numbers: tuple[str, ...]) -> tuple[FiledFile, ...]:
    """The submissions with these numbers that may be seen, in their order."""
    with reading(store.engine) as connection:
        found = [life.by_id(connection, number) for number in numbers]
        seen = [one for one in found if one is not None and one.exchange in scope.visible_rows()]
        findings = life.findings_of(connection, [one.id for one in seen])
    return tuple(FiledFile(one, PurePath(one.file).name, len(findings[one.id])) for one in seen)


def filed_submission(store: Store, scope: Scope, number: str) -> Submission | None:
    """The submission with this number; None where there is none, or none that may be seen."""
    with reading(store.engine) as connection:
        found = life.by_id(connection, number)
    return found if found is not None and found.exchange in scope.visible_rows() else None


def findings_found(store: Store, scope: Scope, number: str) -> Found:
    """All open findings of a submission, in the order in which they were found; none of what may not be seen."""
    if filed_submission(store, scope, number) is None:
        return ()
    with reading(store.engine) as connection:
        return tuple(life.findings_of(connection, [number])[number])


def left_in_force(store: Store, scope: Scope, number: str) -> tuple[str, ...]:
    """What the withdrawal of a submission leaves: the other accepted ones of the same report and day.

    What it took the place of is not among them: that stays superseded (3.2).
    """
    filed = filed_submission(store, scope, number)
    if filed is None:
        return ()
    with reading(store.engine) as connection:
        day = Period.parse(filed.period.text[: len("2026-11-02")])
        others = life.accepted_overlapping(connection, filed.exchange, filed.report, day)
    return tuple(one.id for one in others if one.id != number)


def receipt_content(store: Store, scope: Scope, number: str, moment: datetime) -> ReceiptContent | None:
    """What the receipt of a submission says at a moment; None for what may not be seen."""
    if filed_submission(store, scope, number) is None:
        return None
    content = json.loads(receipt_of(store, number, moment))["receipt"]
    names = ("file", "late_seconds", "finding_count", "findings_sha256", "reason")
    replaced = tuple((one["submission"], one["rows"] or 0) for one in content["replaced"])
    head = content["log_head"] and content["log_head"]["head"]
    log_head = (head["day"], head["hash"]) if head else None
    return ReceiptContent(**{name: content[name] for name in names}, replaced=replaced, log_head=log_head)

"""The verdict on a submission as its sender reads it: the submission, every open finding, and its receipt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from app.filing.finding_digest import Found
from app.scope import Scope
from etl.receipts import receipt_of
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.store import Store


@dataclass(frozen=True, slots=True)
class ReceiptContent:
    """What a receipt says that its submission does not; `late_seconds` is none where nothing was due."""

    file: str
    late_seconds: int | None
    finding_count: int
    findings_sha256: str


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


def receipt_content(store: Store, scope: Scope, number: str, moment: datetime) -> ReceiptContent | None:
    """What the receipt of a submission says at a moment; None for what may not be seen."""
    if filed_submission(store, scope, number) is None:
        return None
    content = json.loads(receipt_of(store, number, moment))["receipt"]
    names = ("file", "late_seconds", "finding_count", "findings_sha256")
    return ReceiptContent(**{name: content[name] for name in names})

"""What the sender of a file is told of it: every finding, and what its receipt says."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from app.filing.finding_digest import Found
from app.scope import Scope
from etl.receipts import receipt_of
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.store import Store


def filed_submission(store: Store, scope: Scope, number: str) -> Submission | None:
    """A submission of an exchange that may be seen; None where there is none."""
    with reading(store.engine) as connection:
        found = life.by_id(connection, number)
    return found if found is not None and found.exchange in scope.visible_rows() else None


def findings_found(store: Store, scope: Scope, number: str) -> Found:
    """All findings of a submission that stand, in the order in which they were found; none of what may not be seen."""
    if filed_submission(store, scope, number) is None:
        return ()
    with reading(store.engine) as connection:
        return tuple(life.findings_of(connection, [number])[number])


def receipt_content(store: Store, scope: Scope, number: str, moment: datetime) -> dict[str, Any]:
    """What the receipt of a submission says at a moment; nothing of what may not be seen."""
    if filed_submission(store, scope, number) is None:
        return {}
    content: dict[str, Any] = json.loads(receipt_of(store, number, moment))["receipt"]
    return content

"""The mutation that proves the rule about corrections: a breach that the next file no longer shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from app.testbed.proof.files import Files, Wanted, mutation


@mutation("FIX-001", "calls from unlisted addresses are corrected away an hour later")
def corrected_away(files: Files) -> Sequence[Wanted]:
    """The correction counts them among the blocked ones."""
    row = files.rows("api_keys")[0]
    row["unlisted_call_count"] = 3
    files.send("api_keys", files.native("api_keys"))
    row["unlisted_call_count"] = 0
    row["blocked_call_count"] += 3
    files.correct("api_keys", after=timedelta(hours=1))
    return [files.wanted("FIX-001", "api_keys", subject="KEY-006", reason="corrected")]

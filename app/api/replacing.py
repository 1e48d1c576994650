"""A file that takes the place of accepted rows with none, or less than half of them, is filed with a reason (3.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.problems import ProblemError


def must_not_lose_most_rows(replaces: Mapping[str, Any] | None) -> None:
    """ProblemError 409 with the numbers where most of the accepted rows would go and no reason was given.

    `replaces` is what a check says of the file; None where nothing is replaced.
    """
    if replaces is None or not replaces["needs_reason"]:
        return
    before, after = replaces["rows_before"], replaces["rows_after"]
    raise ProblemError(
        409,
        f"It would replace {before:,} rows of {', '.join(replaces['submissions'])} by {after:,}. Nothing is filed; "
        "if this is meant, say why with the parameter reason. A check (POST /checks) shows what else would change.",
    )

"""The state that a machine's act was made on: `If-Match` with the `ETag` that it was told; 412 where it has passed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from app.api.problems import ProblemError
from etl.records.moved_on import NOTHING, MovedOnError

_TAG = re.compile(r'"[!#-~]{1,200}"')


def seen_by(request: Request) -> str | None:
    """What the caller saw: the state in `If-Match`, NOTHING for `If-None-Match: *`; None where neither stands.

    ProblemError where either says something else.
    """
    match, none_match = (request.headers.get(name) for name in ("if-match", "if-none-match"))
    if none_match not in (None, "*"):
        raise ProblemError(400, "If-None-Match is the asterisk here: nothing is filed yet.")
    if match is None:
        return NOTHING if none_match == "*" else None
    if _TAG.fullmatch(match.strip()) is None:
        raise ProblemError(400, "If-Match is the ETag of the state that was seen, in double quotes.")
    return match.strip().strip('"')


def tag(version: str) -> dict[str, str]:
    """The header that tells a state."""
    return {"ETag": f'"{version}"'}


@contextmanager
def refused_when_passed() -> Iterator[None]:
    """ProblemError 412 with what was done first, by whom and when, where the state is another."""
    try:
        yield
    except MovedOnError as error:
        said = str(error)
        raise ProblemError(412, f"{said[0].upper()}{said[1:]}.") from error

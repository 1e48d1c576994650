"""The state that a machine's act was made on: `If-Match` with the `ETag` that it was told; 412 where it has passed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from app.api.problems import ProblemError
from etl.records.moved_on import NOTHING, MovedOnError


def seen_by(request: Request) -> str | None:
    """What the caller saw: the state in `If-Match`, NOTHING for `If-None-Match: *`; None where neither stands."""
    if (match := request.headers.get("if-match")) is not None:
        return match.strip().strip('"')
    return NOTHING if request.headers.get("if-none-match") == "*" else None


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

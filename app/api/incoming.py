"""A request's body as a temporary file: streamed to disk, limited in size, deleted when the request ends."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from starlette.requests import ClientDisconnect, Request

from app.api.media import must_not_be_a_form
from app.api.problems import ProblemError
from etl.intake import Declared, NotAFilingError, declare
from etl.layout import Container
from expectations.catalogue import parameter

_ENDINGS = frozenset(f".{container}" for container in Container)
_BEGINNING_BYTES = 512
"""So much of a body shows whether it is a form."""
LONGEST_NAME = 255
"""Characters of a file's name: what file systems hold."""


@asynccontextmanager
async def received_body(request: Request, folder: Path, name: str) -> AsyncIterator[Path]:
    """The body in a file of its own under `folder`, with the ending of `name`, removed afterwards.

    ProblemError where it is larger than a file may be, by what it declares or by what comes; or cut off.
    """
    most = int(parameter("maximum_file_bytes"))
    if request.headers.get("content-length", "0").isdecimal() is False:
        raise ProblemError(400, "Content-Length is no number; send the length of the body in bytes.")
    if int(request.headers.get("content-length", "0")) > most:
        raise ProblemError(413, f"A file may have at most {most:,} bytes; file a day in slices.")
    folder.mkdir(parents=True, exist_ok=True)
    ending = PurePosixPath(name).suffix.lower()
    path = folder / f"{secrets.token_hex(16)}{ending if ending in _ENDINGS else ''}"
    try:
        size = 0
        with path.open("wb") as out:
            beginning = b""
            async for chunk in request.stream():
                size += len(chunk)
                if len(beginning) < _BEGINNING_BYTES:
                    beginning += chunk[:_BEGINNING_BYTES]
                    must_not_be_a_form(request, beginning)
                if size > most:
                    raise ProblemError(413, f"A file may have at most {most:,} bytes; file a day in slices.")
                out.write(chunk)
        yield path
    except ClientDisconnect as error:
        raise ProblemError(400, "The upload was cut off; nothing was filed, send it again.") from error
    finally:
        path.unlink(missing_ok=True)


def declared_by(request: Request) -> tuple[str, Declared]:
    """Return the file's name and its exchange, report and period from the query; ProblemError where that is unclear."""
    given = request.query_params
    name = given.get("file", "")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ProblemError(422, f"The file's name is longer than {LONGEST_NAME} characters or cannot be printed.")
    name = PureWindowsPath(PurePosixPath(name).name).name
    try:
        declared = declare(
            name or "the file",
            exchange_id=given.get("exchange"),
            report_name=given.get("report"),
            period=given.get("period"),
        )
    except NotAFilingError as error:
        raise ProblemError(422, f"{error}.") from error
    return name or f"{declared.exchange}_{declared.report}_{declared.period.text}", declared

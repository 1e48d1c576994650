"""A request's body as a temporary file: streamed to disk, limited in size, deleted when the request ends."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from starlette.requests import ClientDisconnect, Request

from app.api.media import must_not_be_a_form
from app.api.problems import ProblemError
from etl.intake import Declared, Given, NotAFilingError, declare
from etl.layout import Container
from etl.modes import make_folder, new_file
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
    make_folder(folder)
    ending = PurePosixPath(name).suffix.lower()
    path = folder / f"{secrets.token_hex(16)}{ending if ending in _ENDINGS else ''}"
    try:
        size = 0
        with os.fdopen(new_file(path), "wb") as out:
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


def given_by(request: Request) -> Given:
    """What the sender says of the content (3.12): `sha256` and `rows` of the query, or `Content-Digest` (RFC 9530).

    ProblemError where that is no hash or no number, or where the query and the header differ.
    """
    sha256, rows = (request.query_params.get(name) for name in ("sha256", "rows"))
    digest = _content_digest(request)
    given = Given(sha256 if digest is None else digest, rows)
    if not Given(sha256).is_hash:
        raise ProblemError(400, "sha256 is a hash of 64 hexadecimal digits.")
    if sha256 is not None and digest is not None and sha256.lower() != digest:
        raise ProblemError(400, "sha256 and Content-Digest say different hashes.")
    if rows is not None and given.row_count is None:
        raise ProblemError(400, "rows is the number of rows, a whole number.")
    return given


def _content_digest(request: Request) -> str | None:
    """The SHA-256 of `Content-Digest` in hexadecimal; None without one. Other algorithms are passed over (RFC 9530)."""
    header = ",".join(request.headers.getlist("content-digest"))
    found = re.search(r"(?:^|,)\s*sha-256\s*=\s*([^,;]*)", header)
    if found is None:
        return None
    try:
        digest = base64.b64decode(re.sub("^:(.*):$", r"\1", found[1].strip()), validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise ProblemError(400, "Content-Digest holds no SHA-256; write sha-256=:BASE64:.")
    return digest.hex()

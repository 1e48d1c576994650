"""What a body is said to be (`Content-Type`, `Content-Encoding`), and names of files in headers.

A body is the file's bytes as they are. Forms and compressed bodies are refused with 415 and never filed as the file:
they would be kept as evidence of something that nobody wrote. How a file is read is said by its name alone.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.requests import Request

from app.api.problems import ProblemError

FILE_TYPES = (
    "application/octet-stream",
    "application/json",
    "text/json",
    "text/csv",
    "application/csv",
    "text/plain",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel",
    "application/vnd.apache.parquet",
    "application/x-parquet",
)
"""What a file may be said to be; Windows calls CSV `application/vnd.ms-excel`. Saying nothing is as good."""
UNTHINKING = "application/x-www-form-urlencoded"
"""What curl and many libraries call a body that nothing is said of: as good as nothing, unless it is such a form."""
_FORM_BEGINS = re.compile(rb"(?!sep=)[A-Za-z0-9_.%+-]+=", re.IGNORECASE)
_PARTS_BEGIN = re.compile(rb"--[^\r\n]{1,70}\r?\nContent-(?:Disposition|Type):", re.IGNORECASE)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_HOW = "send the file's bytes as the body (curl --data-binary @FILE -H 'Content-Type: application/octet-stream')"


def must_be_a_file(request: Request) -> None:
    """ProblemError (415) for a body that is said to be compressed, a form, or no kind of file that is filed here."""
    _must_not_be_encoded(request)
    said = media_type(request)
    if said not in (None, UNTHINKING, *FILE_TYPES):
        raise ProblemError(415, f"A body of type {said[:60]!r} is no report; {_HOW}.", Accept=", ".join(FILE_TYPES))


def must_not_be_a_form(request: Request, beginning: bytes) -> None:
    """ProblemError (415) for a body that is a form: one in parts whatever it is said to be, as no report begins so."""
    if _PARTS_BEGIN.match(beginning) or (media_type(request) == UNTHINKING and _FORM_BEGINS.match(beginning)):
        raise ProblemError(415, f"The body is a form; {_HOW}.", Accept=", ".join(FILE_TYPES))


def must_be_json(request: Request) -> None:
    """ProblemError (415) for a body that is said to be anything but JSON; where nothing is said, it is JSON."""
    _must_not_be_encoded(request)
    said = media_type(request)
    if said not in (None, UNTHINKING, "application/octet-stream", "application/json", "text/json"):
        raise ProblemError(415, f"A body of type {said[:60]!r} is no JSON.", Accept="application/json")


def media_type(request: Request) -> str | None:
    """The type that a body is said to be, without its parameters; ProblemError (415) where that is no type, or two."""
    given = request.headers.getlist("content-type")
    types = {one.partition(";")[0].strip().lower() for one in given}
    if not types or types == {""}:
        return None
    if len(types) > 1 or not _TYPE.fullmatch(one := types.pop()):
        raise ProblemError(415, f"Content-Type is no media type; {_HOW}.", Accept=", ".join(FILE_TYPES))
    return one


def _must_not_be_encoded(request: Request) -> None:
    codings = [one.strip().lower() for given in request.headers.getlist("content-encoding") for one in given.split(",")]
    if any(one not in ("", "identity") for one in codings):
        found = ", ".join(codings)[:60]
        raise ProblemError(
            415,
            f"A body with Content-Encoding {found!r} is not unpacked here; send it as it is.",
            Accept_Encoding="identity",
        )


def attachment(name: str) -> str:
    """The value of `Content-Disposition` for a file that is handed out (RFC 6266).

    A name of other than plain characters stands in `filename*` (RFC 8187) too; `filename` is for old programs.
    """
    plain = re.sub(r"[^A-Za-z0-9 ._~!#$&+^`|@()\[\]{},=-]", "_", name)
    if plain == name:
        return f'attachment; filename="{name}"'
    whole = quote(name.encode("utf-8", "replace"), safe="!#$&+-.^_`|~")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"

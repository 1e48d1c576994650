"""Errors of the API as problem details (RFC 9457), readable by machines and people."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The request cannot be read",
    401: "No valid token",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Not possible now",
    412: "Changed since",
    413: "Too large",
    415: "Not sent as the file itself",
    422: "The file does not say what it is",
    429: "Too many requests",
    500: "We failed",
}
"""Every status that a problem has, and its title."""


class ProblemError(Exception):
    """A request that ends with an error: its status, one sentence on what to do, and response headers."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        """Say what is wrong and what to do about it."""
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def problem(status: int, detail: str, instance: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the problem response; `title` belongs to the status, `detail` to this case."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "instance": instance,
    }
    return JSONResponse(content, status, headers=headers, media_type=MEDIA_TYPE)

"""`daxa submit`: file reports over HTTP, as a client of the API."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from etl.intake import Candidate

_API = "/api/v1"
_TIMEOUT_SECONDS = 120
_WAIT_SECONDS = 60
_CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


class DoorError(RuntimeError):
    """The server did not take a file: one sentence with its response."""


@dataclass(frozen=True, slots=True)
class Address:
    """The server's URL and the token to send."""

    url: str
    token: str

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The JSON that is answered; DoorError where it is a problem, or nobody answers."""
        parts = urlsplit(self.url)
        if parts.scheme not in _CONNECTIONS or not parts.netloc:
            raise DoorError(f"'{self.url}' is no address of a dashboard; write https://host:port")
        connection = _CONNECTIONS[parts.scheme](parts.netloc, timeout=_TIMEOUT_SECONDS)
        address = f"{parts.path.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            connection.request(method, address, body, {"Authorization": f"Bearer {self.token}"})
            response = connection.getresponse()
            answered = json.loads(response.read() or b"null")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DoorError(f"the dashboard at {self.url} did not answer ({error}); nothing is known of it") from error
        finally:
            connection.close()
        if response.status >= 400:
            detail = answered.get("detail", "") if isinstance(answered, dict) else ""
            raise DoorError(f"the dashboard answered {response.status}: {detail}")
        return answered


def submit_files(address: Address, candidates: list[Candidate]) -> Iterator[dict[str, Any]]:
    """File each candidate and tell what came of it, in the form of the specification's section 6.

    One whose verdict takes longer than the wait is told as received, without findings.
    """
    for candidate in candidates:
        declared = candidate.declared
        said = {"exchange": declared.exchange, "report": declared.report, "period": declared.period.text}
        with candidate.path.open("rb") as body:
            told = address.ask(
                "POST", f"{_API}/submissions", body, file=candidate.path.name, wait=_WAIT_SECONDS, **said
            )
        found = address.ask("GET", told["findings"])
        yield {**told, "file": str(candidate.path), "findings": [_finding(one) for one in found]}


def check(address: Address, candidates: list[Candidate]) -> Iterator[dict[str, Any]]:
    """Have the server judge each candidate without filing it."""
    for candidate in candidates:
        declared = candidate.declared
        said = {"exchange": declared.exchange, "report": declared.report, "period": declared.period.text}
        with candidate.path.open("rb") as body:
            told = address.ask("POST", f"{_API}/checks", body, file=candidate.path.name, **said)
        yield {**told, "file": str(Path(candidate.path))}


def _finding(filed: dict[str, Any]) -> dict[str, Any]:
    """A finding without what the submission says already."""
    return {
        name: value
        for name, value in filed.items()
        if name not in ("exchange", "report", "period", "submission", "file", "state")
    }

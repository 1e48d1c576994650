"""`daxa submit`: file reports over HTTP, as a client of the API.

The token goes to the one address that was given and nowhere else: redirects are not followed, and no message, trace or
representation holds it. A file that was filed before is not sent again, so a call that was cut off goes on where it
stopped.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from etl.evidence import digest_of
from etl.intake import NOTHING_GIVEN, Candidate, shown
from expectations.vocabulary import Cadence, State

_API = "/api/v1"
_TIMEOUT_SECONDS = 120
_WAIT_SECONDS = 60
_CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
_WAITED_OUT = frozenset({429, 503})
_OF_EVERY_FILE = frozenset({401, 404, 405, 429, 500, 502, 503, 504})
"""Statuses that the next file would be answered with too; whatever else is refused is that file's own trouble."""
_LONGEST_NAME = 255
MOST_TRIES = 8
"""So often a request is sent while the dashboard asks to wait."""
LONGEST_PAUSE_SECONDS = 120
"""The longest pause before a request is sent again, whatever the dashboard asks for; a little chance comes on top."""


class DoorError(RuntimeError):
    """Nothing more can be filed now: one sentence with what the dashboard answered, or that it did not."""


class RefusedFileError(DoorError):
    """The dashboard did not take one file; it may take others."""


@dataclass(frozen=True, slots=True)
class NotFiled:
    """A file that was not taken, and why, in one sentence."""

    file: str
    why: str


@dataclass(frozen=True, slots=True)
class Clock:
    """How time passes between two requests."""

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: Callable[[], float] = random.random
    """From 0 to 1: machines that were told to wait together do not come back together."""

    def pause(self, retry_after: str | None, tries: int) -> float:
        """Seconds to wait after so many tries: as `Retry-After` asks, in seconds or as a date, else ever longer."""
        seconds = _asked_seconds(retry_after, self.now())
        if seconds is None:
            seconds = float(2 ** min(tries, 10))
        return min(max(seconds, 0.0), LONGEST_PAUSE_SECONDS) + self.chance() * min(5.0, 1 + seconds / 10)


def _asked_seconds(text: str | None, now: datetime) -> float | None:
    """What `Retry-After` says (RFC 9110, 10.2.3); None where it says nothing that can be read."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


@dataclass(frozen=True, slots=True)
class Address:
    """Where the dashboard is, and the token to send; `base` is the path before `/api/v1`."""

    scheme: str
    host: str
    port: int | None
    base: str
    token: str = field(repr=False)
    clock: Clock = field(default=Clock(), repr=False)
    say: Callable[[str], None] = field(default=lambda _: None, repr=False)
    """Told, in one sentence, when the dashboard asks to wait."""

    @classmethod
    def of(cls, url: str, token: str, **more: Any) -> Address:
        """The address in `url`, with or without `/api/v1`; DoorError in one sentence for what is none, or no token."""
        token = token.strip()
        if not re.fullmatch(r"[!-~]+", token):
            raise DoorError("DAXA_TOKEN holds no token: one is of letters, digits and signs, without spaces")
        parts = _parts(url)
        base = re.sub(r"(/api(/v1)?)?/*$", "", parts.path)
        if "/api" in base:
            raise DoorError("the address of the dashboard ends with its name, or with /api/v1; write https://host:port")
        return cls(parts.scheme, parts.hostname or "", parts.port, base, token, **more)

    def __str__(self) -> str:
        """The address as people get it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{'' if self.port is None else f':{self.port}'}{self.base}"

    def ask(self, method: str, path: str, body: bytes | None = None, **query: Any) -> Any:
        """The JSON that is answered, waiting where the dashboard asks to; DoorError for a problem, or no answer."""
        for tries in range(1, MOST_TRIES + 1):
            status, headers, content = self._once(method, path, body, query)
            if status not in _WAITED_OUT or tries == MOST_TRIES:
                return self._answered(status, headers, content)
            pause = self.clock.pause(headers.get("Retry-After"), tries)
            self.say(f"the dashboard answered {status} and is asked again in {pause:.0f} s")
            self.clock.sleep(pause)
        raise AssertionError

    def _once(
        self, method: str, path: str, body: bytes | None, query: Mapping[str, Any]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = _CONNECTIONS[self.scheme](self.host, self.port, timeout=_TIMEOUT_SECONDS)
        target = f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/octet-stream"
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # the answer may come before the whole body went
                connection.request(method, target, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException) as error:
            said = self._without_token(str(error) or type(error).__name__)
            raise DoorError(f"the dashboard at {self} did not answer ({said}); call again to go on") from None
        finally:
            connection.close()

    def _answered(self, status: int, headers: http.client.HTTPMessage, content: bytes) -> Any:
        if 300 <= status < 400:
            there = urlsplit(headers.get("Location", ""))
            shown_there = f"{there.scheme}://{there.hostname}{there.path}" if there.hostname else there.path
            raise DoorError(f"{self} sends on to {self._without_token(shown_there)}; give that address if it is yours")
        try:
            answered = json.loads(content)
        except ValueError:
            said = f"what answers at {self} is not the API of a dashboard (status {status}); check the address"
            raise DoorError(said) from None
        if status >= 400:
            detail = str(answered.get("detail", "")) if isinstance(answered, dict) else ""
            kind = DoorError if status in _OF_EVERY_FILE else RefusedFileError
            raise kind(f"the dashboard answered {status}: {self._without_token(detail)}")
        return answered

    def _without_token(self, text: str) -> str:
        return text.replace(self.token, "…")


def _parts(url: str) -> SplitResult:
    """The parts of an address; DoorError says what is missing, and repeats nothing that may be a password."""
    if "@" in url:
        raise DoorError("the address of the dashboard holds a name or a password; write https://host:port without")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise DoorError("the address of the dashboard cannot be read; write https://host:port") from None
    if "://" not in url:
        raise DoorError(f"the address '{url[:80]}' lacks its beginning; write https://{url[:80]}")
    if parts.scheme not in _CONNECTIONS or not parts.hostname:
        raise DoorError(f"'{url[:80]}' is no address of a dashboard; write https://host:port")
    if parts.query or parts.fragment:
        raise DoorError("the address of the dashboard ends before ? and #; write https://host:port")
    return parts


Told = dict[str, Any]
"""What came of a file, in the form of the specification's section 6."""


def submit_files(
    address: Address, candidates: Sequence[Candidate], reason: str = "", *, again: bool = False
) -> Iterator[Told | NotFiled]:
    """File each candidate and tell what came of it; `reason` is why they take the place of accepted rows (3.9).

    `again` brings bytes into force again that others replaced (3.4).

    One that was filed before with the same bytes is told as a duplicate without being sent; one whose verdict takes
    longer than the wait is told as received, without findings. DoorError where no other would be taken either.
    """
    for candidate in candidates:
        yield _each(candidate, lambda one: _filed(address, one, reason, again=again))


def check(address: Address, candidates: Sequence[Candidate]) -> Iterator[Told | NotFiled]:
    """Have the server judge each candidate without filing it."""
    for candidate in candidates:
        yield _each(candidate, lambda one: address.ask("POST", f"{_API}/checks", one.read(), **_said_of(one)))


def _each(candidate: Candidate, act: Callable[[Candidate], Told]) -> Told | NotFiled:
    """What came of one file; a refusal or a file that cannot be read is its own trouble."""
    try:
        return {**act(candidate), "file": candidate.shown_path}
    except RefusedFileError as error:
        return NotFiled(candidate.shown_path, str(error))
    except OSError as error:
        return NotFiled(candidate.shown_path, f"it cannot be read ({error.strerror})")


def _filed(address: Address, candidate: Candidate, reason: str, *, again: bool) -> Told:
    data = candidate.read()
    # What the server is to compare goes there, whatever it has.
    told = _filed_before(address, candidate, digest_of(data)) if candidate.given == NOTHING_GIVEN else None
    if told is None:
        said = {**_said_of(candidate), **({"reason": reason} if reason else {}), **({"again": "true"} if again else {})}
        told = address.ask("POST", f"{_API}/submissions", data, wait=_WAIT_SECONDS, **said)
    found = address.ask("GET", f"{_API}/submissions/{told['submission']}/findings")
    return {**told, "findings": [_finding(one) for one in found]}


def _filed_before(address: Address, candidate: Candidate, sha256: str) -> Told | None:
    """The submission of these bytes that stands or waits, if there is one that the token may see."""
    declared = candidate.declared
    span = declared.period.text if declared.period.cadence is Cadence.MONTH else declared.period.first_day.isoformat()
    try:
        page = address.ask("GET", f"{_API}/submissions", None, **{"report": declared.report, "from": span, "to": span})
    except RefusedFileError:  # a token that may not read
        return None
    for one in page["items"]:
        stands = one["state"] in (State.ACCEPTED, State.RECEIVED) and one["exchange"] == declared.exchange
        if stands and (one["period"], one["sha256"]) == (declared.period.text, sha256):
            told: Told = address.ask("GET", f"{_API}/submissions/{one['submission']}")
            return {**told, "duplicate": True}
    return None


def _said_of(candidate: Candidate) -> dict[str, str]:
    """What the query says of a file; a name that is too long when it can be shown is the one it should have."""
    declared, name = candidate.declared, shown(candidate.name)
    said = {"exchange": declared.exchange, "report": declared.report, "period": declared.period.text}
    if len(name) > _LONGEST_NAME:
        name = "_".join(said.values()) + shown(candidate.path.suffix)[:20]
    given = {"sha256": candidate.given.sha256, "rows": candidate.given.rows}
    return {"file": name, **said, **{key: value for key, value in given.items() if value is not None}}


def _finding(filed: Told) -> Told:
    """A finding without what the submission says already."""
    return {
        name: value
        for name, value in filed.items()
        if name not in ("exchange", "report", "period", "submission", "file", "state")
    }

"""What an exchange's machine does at the HTTP door, for tests of it."""

import http.client
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from etl.records import tokens
from etl.records.engine import writing
from etl.records.tokens import TokenScope
from etl.store import Store

API = "/api/v1"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One machine of an exchange."""

    def __init__(self, address: str, token: str) -> None:
        self.host, self.token = urlsplit(address).netloc, token

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any
    ) -> Answer:
        address = API + path + (f"?{urlencode(query)}" if query else "")
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        with closing(http.client.HTTPConnection(self.host, timeout=300)) as connection:
            connection.request(method, address, body, {**given, **(headers or {})})
            with connection.getresponse() as response:
                return Answer(response.status, response.headers, response.read())

    def submit(self, name: str, content: str | bytes, **query: Any) -> Answer:
        return self.ask(
            "POST",
            "/submissions",
            content.encode() if isinstance(content, str) else content,
            file=name,
            **{"wait": 60, **query},
        )


def warmed_up(client: Client) -> Client:
    """The client of a server that has loaded what judges, which takes seconds, and a minute on a busy machine."""
    checked = client.ask("POST", "/checks", b"x", exchange="korbit", report="halts", period="2026-11-02")
    assert checked.status == 200
    return client


def token(store: Store, exchange: str, *scopes: TokenScope, life: timedelta = timedelta(days=1), ago: int = 0) -> str:
    at = datetime.now(UTC) - timedelta(days=ago)
    with writing(store.engine) as connection:
        made = tokens.create(
            connection, exchange, "test", scopes=scopes or tuple(TokenScope), life=life, actor="test", at=at
        )
    return made.text


def is_problem(answer: Answer, status: int, *said: str) -> bool:
    content = answer.json
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status, content["status"]) == (status, status)
    return all(word in content["detail"] for word in said)

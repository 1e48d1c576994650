"""Asking the dashboard over HTTP as a browser does, without one: cookies are kept, redirects are not followed."""

import http.client
import re
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from people import PASSWORD

HTML = {"Accept": "text/html,application/xhtml+xml"}
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> str:
        return self.headers["Location"] or ""

    @property
    def cookies(self) -> list[str]:
        return self.headers.get_all("Set-Cookie") or []


class Visitor:
    """Somebody's browser at one address."""

    def __init__(self, address: str) -> None:
        self.host = urlsplit(address).netloc
        self.cookies: dict[str, str] = {}

    def ask(
        self, method: str, path: str, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        given = dict(HTML if headers is None else headers)
        if self.cookies:
            given["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if fields is not None:
            given["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, None if fields is None else urlencode(fields), given)
        response = connection.getresponse()
        body = b"" if response.status == 101 else response.read()
        answer = Answer(response.status, response.headers, body)
        connection.close()
        for line in answer.cookies:
            for name, morsel in SimpleCookie(line).items():
                if morsel.value and morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers={**HTML, **headers})

    def form_at(self, path: str, **headers: str) -> str:
        """What the form of a page must come back with."""
        (form,) = re.findall(r'name="form" value="([^"]+)"', self.get(path, **headers).text)
        return form

    def sign_in(self, name: str, password: str = PASSWORD, path: str = "/login", **headers: str) -> Answer:
        fields = {"name": name, "password": password, "form": self.form_at(path, **headers)}
        return self.ask("POST", path, fields, {**HTML, **headers})

    def sign_out(self, **headers: str) -> Answer:
        return self.ask("POST", "/logout", {"form": self.form_at("/logout", **headers)}, {**HTML, **headers})

    def shake_hands(self, path: str = "/_stcore/stream", **headers: str) -> int:
        """The status that a websocket to the screens is answered with; 101 is open."""
        return self.ask("GET", path, headers={**HANDSHAKE, "Origin": f"http://{self.host}", **headers}).status

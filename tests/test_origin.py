"""Where a request comes from is decided by our gate, by scheme, host and port, also behind a proxy."""

import asyncio
from typing import Any

import pytest

from app.server.origin import ORIGIN_VARIABLE, OwnOrigin


def _decided(origin: str | None, host: str, scheme: str, *, kind: str = "websocket") -> tuple[bool, dict[bytes, bytes]]:
    """Whether a request passes, and the headers that the others see then."""
    seen: list[dict[bytes, bytes]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope["headers"]))

    async def nothing(*_: Any) -> dict[str, Any]:
        return {"type": "websocket.connect"}

    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin is not None else [])]
    scope = {"type": kind, "method": "POST", "path": "/", "scheme": scheme, "headers": headers}
    asyncio.run(OwnOrigin(application)(scope, nothing, nothing))
    return bool(seen), seen[0] if seen else {}


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "passes"),
    [
        ("https://daxa.example", "daxa.example", "wss", True),
        ("https://daxa.example", "daxa.example:443", "wss", True),
        ("https://DAXA.example:443", "daxa.example", "wss", True),
        ("http://daxa.example", "daxa.example", "wss", False),
        ("http://daxa.example:443", "daxa.example:443", "wss", False),
        ("https://daxa.example", "daxa.example", "ws", True),
        ("http://daxa.example:80", "daxa.example", "ws", True),
        ("http://daxa.example:8501", "daxa.example", "ws", False),
        ("http://[::1]:8501", "[::1]:8501", "ws", True),
        ("http://[2001:DB8::1]", "[2001:db8::1]", "ws", True),
        (None, "daxa.example", "wss", False),
    ],
)
def test_an_origin_is_ours_by_scheme_host_and_port(origin: str | None, host: str, scheme: str, passes: bool) -> None:
    passed, headers = _decided(origin, host, scheme)
    assert passed is passes
    if passed:  # what Streamlit compares is the same, so that it asks nobody
        assert headers[b"origin"].partition(b"://")[2] == headers[b"host"]


def test_the_configured_origin_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ORIGIN_VARIABLE, "https://daxa.example/")
    passed, headers = _decided("https://daxa.example", "10.0.0.5:8501", "ws")
    assert passed and headers[b"origin"] == b"http://10.0.0.5:8501"
    assert not _decided("http://10.0.0.5:8501", "10.0.0.5:8501", "ws")[0]
    assert not _decided("http://daxa.example", "daxa.example", "ws")[0]
    assert _decided(None, "10.0.0.5:8501", "http", kind="http")[0]


@pytest.mark.parametrize("said", ["daxa.example", "https://daxa.example/x", "ftp://daxa.example", "*", "null"])
def test_the_setting_is_an_origin(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(ORIGIN_VARIABLE, said)
    with pytest.raises(ValueError, match=ORIGIN_VARIABLE):
        OwnOrigin(None)  # type: ignore[arg-type]

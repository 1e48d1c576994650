"""What the server logs for machines: one object a line, with what it is about."""

import json
import logging
import sys

import pytest

from app.server.logs import LOG_VARIABLE, JsonLines, log_as_asked


def line(**about: object) -> dict[str, object]:
    record = logging.LogRecord("app.incidents", logging.ERROR, __file__, 1, "incident %s", ("I-1",), None)
    for name, value in about.items():
        setattr(record, name, value)
    told = JsonLines().format(record)
    assert "\n" not in told
    found: dict[str, object] = json.loads(told)
    return found


def test_a_line_says_when_where_and_what_it_is_about() -> None:
    told = line(incident="I-1", submission="20261103-1a2b3c4d5e", attempt=2, password="no")
    assert str(told.pop("time")).endswith("+00:00")
    assert told == {
        "level": "error",
        "logger": "app.incidents",
        "message": "incident I-1",
        "incident": "I-1",
        "submission": "20261103-1a2b3c4d5e",
        "attempt": 2,
    }


def test_a_trace_stays_in_its_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        told = line(exc_info=sys.exc_info())
    assert "ValueError: two\nlines" in str(told["trace"])


@pytest.mark.parametrize(("wanted", "is_json"), [("", False), ("text", False), ("json", True)])
def test_the_environment_says_how(monkeypatch: pytest.MonkeyPatch, wanted: str, is_json: bool) -> None:
    monkeypatch.setattr(logging, "basicConfig", lambda **how: None)
    monkeypatch.setenv(LOG_VARIABLE, wanted)
    assert log_as_asked() is is_json


def test_what_it_does_not_know_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOG_VARIABLE, "xml")
    with pytest.raises(ValueError, match="'text' or 'json', not 'xml'"):
        log_as_asked()

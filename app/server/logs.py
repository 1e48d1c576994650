"""The server's log: lines for people, or with DAXA_LOG=json one JSON object a line for what collects logs.

Beside moment, level, place and sentence an object holds what the line is about, where it is about something: the
submission, the attempt at it, and the number of the incident that whoever met it is told.
"""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime

import orjson

LOG_VARIABLE = "DAXA_LOG"
SUBJECTS = ("submission", "exchange", "attempt", "incident")
"""What a line may be about: names of `extra` in a call of the log."""


class JsonLines(logging.Formatter):
    """A record as a JSON object in one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The object; the trace of an exception is one text in it."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: getattr(record, name) for name in SUBJECTS if hasattr(record, name)}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(told).decode()


def log_as_asked() -> bool:
    """Have this process log as DAXA_LOG says, and return whether that is JSON; ValueError for what it does not know."""
    wanted = os.environ.get(LOG_VARIABLE, "").strip() or "text"
    if wanted not in ("text", "json"):
        raise ValueError(f"{LOG_VARIABLE} is 'text' or 'json', not '{wanted}'")
    if wanted == "json":
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    return wanted == "json"

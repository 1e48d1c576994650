"""Our own failures: each is recorded under the number that whoever met it is told, and stands in the log under it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from app.cache import MEBIBYTE, ValueCache
from etl.records.engine import RecordsUnavailableError
from etl.records.incidents import new_incident, record_incident
from etl.store import Store

_log = logging.getLogger(__name__)
_NUMBERS = ValueCache(MEBIBYTE, seconds=600)
"""The same failure again within this time, at whomever, is the same incident."""


def incident_of(store: Callable[[], Store], error: Exception, place: str) -> str:
    """The number of the incident that `error` is at `place` (a page, an address); recorded once where it is new.

    The administrators' list of incidents shows it from then on. Where the records cannot be written it stands in the
    server's log alone; nothing is raised, because whoever met the failure is to be answered.
    """
    try:
        opened = store()
    except RecordsUnavailableError:
        opened = None
    key = (str(opened.engine.url) if opened else "", *_what_failed(error, place))
    return _NUMBERS.get(key, lambda: _recorded(opened, error, place))


def _what_failed(error: Exception, place: str) -> tuple[str, ...]:
    """What is the same where the same fails again: the place, what was raised, and by which lines."""
    lines = (f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__))
    return (place, type(error).__name__, str(error), *lines)


def _recorded(store: Store | None, error: Exception, place: str) -> str:
    incident = new_incident()
    _log.error("incident %s at %s", incident, place, exc_info=error, extra={"incident": incident})
    if store is not None:
        try:
            record_incident(store.engine, incident, error)
        except Exception:  # whatever it is that keeps the records from being written
            _log.exception("incident %s could not be recorded", incident)
    return incident

"""The store that this process serves: one for the screens, the sign-in, and the exchanges' door."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from app.cache import MEBIBYTE, ValueCache
from etl import health
from etl.records.engine import reading
from etl.replays import Replay, replay
from etl.store import HOME_VARIABLE, URL_VARIABLE, Store, open_store

_STORES = ValueCache()
_STALLED = ValueCache(MEBIBYTE, seconds=10)


def store() -> Store:
    """The store that the environment names, opened once a process."""
    return _STORES.get((os.environ.get(HOME_VARIABLE), os.environ.get(URL_VARIABLE)), open_store)


def served_incidents() -> tuple[Replay, ...]:
    """The incidents that the store replays, the oldest first; none where it holds what was really filed."""
    return tuple(replay(name) for name in store().replays)


def is_stalled() -> bool:
    """Whether files wait and nothing takes them up, as of seconds ago: what is filed now has no verdict soon."""
    opened = store()

    def looked() -> bool:
        with reading(opened.engine) as connection:
            return health.is_stalled(connection, datetime.now(UTC))

    return _STALLED.get(str(opened.engine.url), looked)

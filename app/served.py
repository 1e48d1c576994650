"""The store that this process serves: one for the screens, the sign-in, and the exchanges' door."""

from __future__ import annotations

import os

from app.cache import ValueCache
from etl.replays import Replay, replay
from etl.store import HOME_VARIABLE, URL_VARIABLE, Store, open_store

_STORES = ValueCache()


def store() -> Store:
    """The store that the environment names, opened once a process."""
    return _STORES.get((os.environ.get(HOME_VARIABLE), os.environ.get(URL_VARIABLE)), open_store)


def served_incidents() -> tuple[Replay, ...]:
    """The incidents that the store replays, the oldest first; none where it holds what was really filed."""
    return tuple(replay(name) for name in store().replays)

"""The processes beside the screens, as pages ask them: what takes long is done there and kept for the next run."""

from __future__ import annotations

from app.cache import ValueCache
from app.widgets.view import store
from app.worker.process import Worker, address_of_store, worker_for

_WOKEN = ValueCache()


def worker() -> Worker:
    """What works for the store that is shown."""
    return worker_for(address_of_store(store()))


def wake_worker() -> None:
    """Start the process that judges while somebody still chooses their files: its first start takes seconds."""
    _WOKEN.get(store().engine, lambda: worker().take_up())

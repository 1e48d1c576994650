"""The worker of the store that is shown, for pages."""

from __future__ import annotations

from app.cache import ValueCache
from app.widgets.view import store
from app.worker.process import Worker, address_of_store, worker_for

_WOKEN = ValueCache()


def worker() -> Worker:
    """Return the worker of the store that is shown."""
    return worker_for(address_of_store(store()))


def wake_worker() -> None:
    """Start the worker's process while files are still being chosen, because its first start takes seconds."""
    _WOKEN.get(store().engine, lambda: worker().take_up())

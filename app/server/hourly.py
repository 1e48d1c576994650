"""What the server does by the clock: log heads and abandoned uploads each hour, what waits taken up again between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from etl.heads import sign_heads
from etl.records.engine import RecordsUnavailableError
from etl.store import Store

HOUR_SECONDS = 60 * 60
RETRY_SECONDS = 5.0
LONGEST_UPLOAD = timedelta(days=1)
"""Older than this a received body is no upload any more, but what a server left that was killed."""
_log = logging.getLogger(__name__)


async def every_hour(store: Callable[[], Store]) -> None:
    """Look after the store now and every hour, until cancelled; what fails is tried again an hour later."""
    while True:
        try:
            await asyncio.to_thread(look_after, store, datetime.now(UTC))
        except RecordsUnavailableError as error:
            _log.warning("%s", error)
        except Exception:
            _log.exception("the store could not be looked after")
        await asyncio.sleep(HOUR_SECONDS)


async def take_up_again(take_up: Callable[[], None], pause_seconds: float = RETRY_SECONDS) -> None:
    """Take up what waits, every few seconds until cancelled.

    A database that was gone, or a process that could not be started, leaves files that nobody asks for any more.
    """
    while True:
        await asyncio.sleep(pause_seconds)
        try:
            await asyncio.to_thread(take_up)
        except RecordsUnavailableError:
            continue  # /healthz says so
        except Exception:
            _log.exception("what waits could not be taken up")


def look_after(store: Callable[[], Store], now: datetime) -> None:
    """Sign the audit log's heads of the days that are over, and remove bodies of uploads that nobody waits for."""
    opened = store()
    sign_heads(opened, now)
    for path in (opened.home / "incoming").glob("*"):
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - LONGEST_UPLOAD:
            path.unlink(missing_ok=True)

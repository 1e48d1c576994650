"""The rate limit of the API, per token.

A token bucket for each: it fills steadily up to its size and each request takes one, so that a burst is served at once.
The rates are ours [MODEL]: DAXA has published none.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.api.problems import ProblemError

BURST_REQUESTS = 300
"""What a token may ask for at once: every report of a month, and what became of each [MODEL]."""
REQUESTS_PER_SECOND = 10
"""What it may ask for again in every second after that [MODEL]."""


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float


@dataclass(slots=True)
class Limit:
    """The token buckets of one server, in memory."""

    burst: int = BURST_REQUESTS
    per_second: int = REQUESTS_PER_SECOND
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def must_allow(self, token: str) -> None:
        """Count a request of the token with that id; ProblemError, saying when to ask again, where it is too many."""
        with self._lock:
            now = self.clock()
            bucket = self._buckets.setdefault(token, _Bucket(self.burst, now))
            bucket.left = min(self.burst, bucket.left + (now - bucket.filled_at) * self.per_second)
            bucket.filled_at = now
            if bucket.left < 1:
                wait = math.ceil((1 - bucket.left) / self.per_second)
                detail = f"A token may ask {self.burst} times at once and {self.per_second} times a second after that."
                raise ProblemError(429, f"{detail} Ask again in {wait} s.", Retry_After=str(wait))
            bucket.left -= 1

"""The story that the simulated exchanges tell: every trouble of a run, as a table that can be read.

Each event is a record; the rooms beside this one look up what concerns them and bend their figures accordingly. Days
are counted back from the last day of the run (0 is the last day itself), so that a run of any length that ends
yesterday tells the newest part of the story. Events before the first day do not happen. For the audits,
`days_before` counts months: 0 is the last month whose audit is due by the last day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum


class Happening(StrEnum):
    """What can happen."""

    LATE = "late"
    """The file arrives `minutes` after it is due."""
    MISSING = "missing"
    """The file is never sent."""
    WRONG_TOTAL = "wrong_total"
    """The 합계 row does not agree with the data: refused, and corrected `minutes` later."""
    BAD_CELLS = "bad_cells"
    """Three cells cannot be read: refused, and corrected `minutes` later."""
    CORRECTED = "corrected"
    """An accepted file that lacked a row is superseded by the whole one `minutes` later."""
    SLICED = "sliced"
    """A day of checks comes in four slices, the third of them `minutes` after the day is due."""
    SHORTFALL = "shortfall"
    """Wallets hold less than the ledger by the ratio `size`, from `at` for `minutes`."""
    PAYOUT = "payout"
    """The ledger shows `size` times what it should, from `at` for `minutes`; the price falls meanwhile."""
    HALT = "halt"
    """A halt for a mismatch: detected at `at`, begun `delay` minutes later, lifted after `minutes`."""
    GAP = "gap"
    """No checks of the asset, or of any where none is named, from `at` for `minutes`."""
    STALE = "stale"
    """Both quantities of the asset stand still all day."""
    UNLISTED = "unlisted"
    """Some keys have no registered address, and `size` calls were served all the same."""
    ALERT_SPIKE = "alert_spike"
    """Alerts of the pattern are `size` times as many as usual."""
    EXPIRY_WAVE = "expiry_wave"
    """`size` times as many keys as usual run out by age."""
    SLOW_CASE = "slow_case"
    """A high-risk case is only watched, and forced to expire `minutes` after its detection."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens to one exchange, `days_before` the last day."""

    kind: Happening
    exchange: str
    report: str
    days_before: int
    asset: str = ""
    at: time = time(0)
    minutes: int = 0
    size: float = 0
    delay: int = 0
    days: int = 1
    automatic: bool = False
    scope: str = "asset"
    pattern: str = ""


H = Happening

STORY: tuple[Event, ...] = (
    # Files: late, missing, refused and corrected, superseded, in slices.
    Event(H.LATE, "korbit", "api_volume", 23, minutes=130),
    Event(H.LATE, "korbit", "api_volume", 9, minutes=130),
    Event(H.LATE, "coinone", "key_actions", 2, minutes=25),
    Event(H.MISSING, "gopax", "key_actions", 16),
    Event(H.MISSING, "coinone", "audits", 0),
    Event(H.WRONG_TOTAL, "bithumb", "api_volume", 12, minutes=24 * 60),
    Event(H.BAD_CELLS, "upbit", "reconciliation", 5, minutes=60),
    Event(H.CORRECTED, "coinone", "surveillance", 7, minutes=2 * 24 * 60),
    Event(H.SLICED, "bithumb", "reconciliation", 4, minutes=100),
    # A small shortfall, below what calls for a halt.
    Event(H.SHORTFALL, "coinone", "reconciliation", 13, "XRP", time(14, 20), 25, 0.0002),
    # A shortfall of more than one per cent, halted by the system two minutes after it was seen.
    Event(H.SHORTFALL, "korbit", "reconciliation", 8, "ETH", time(10, 35), 40, 0.014),
    Event(H.HALT, "korbit", "halts", 8, "ETH", time(10, 36), 75, delay=2, automatic=True),
    # The same without any halt.
    Event(H.SHORTFALL, "gopax", "reconciliation", 18, "XRP", time(16, 5), 55, 0.021),
    # An erroneous payout like that of 2026-02-06: seen after 20 minutes, halted by hand after 35.
    Event(H.PAYOUT, "bithumb", "reconciliation", 20, "BTC", time(19, 0), 120, 13.5),
    Event(H.HALT, "bithumb", "halts", 20, "BTC", time(19, 20), 120, delay=15, scope="account"),
    # Checks that are not there, and checks that look at nothing.
    Event(H.GAP, "upbit", "reconciliation", 6, "SOL", time(13, 10), 50),
    Event(H.GAP, "gopax", "reconciliation", 11, "", time(3, 0), 120),
    Event(H.STALE, "coinone", "reconciliation", 10, "SOL"),
    # Keys: a gap in the allow-list, a wave of natural expiry, a case that waits too long.
    Event(H.UNLISTED, "korbit", "api_keys", 15, size=740, days=2),
    Event(H.EXPIRY_WAVE, "korbit", "api_keys", 27, size=14, days=3),
    Event(H.SLOW_CASE, "bithumb", "key_actions", 6, at=time(9, 40), minutes=31 * 60),
    # Surveillance: many more spoofing alerts than usual.
    Event(H.ALERT_SPIKE, "upbit", "surveillance", 3, size=5, pattern="spoofing"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One simulation: its seed, its days, how many assets each exchange lists, and the events that happen."""

    seed: int
    first_day: date
    last_day: date
    assets: tuple[tuple[str, int], ...]
    events: tuple[Event, ...] = ()

    def size(self, exchange: str) -> int:
        """How many assets `exchange` lists."""
        return dict(self.assets)[exchange]

    def happening(self, kind: Happening, exchange: str, day: date, report: str = "") -> Iterator[Event]:
        """The events of that kind that touch `exchange` on `day` (and concern `report`, where one is given)."""
        for event in self.events:
            if event.kind is kind and event.exchange == exchange and report in ("", event.report):
                first = self.last_day - timedelta(days=event.days_before)
                if first <= day < first + timedelta(days=event.days):
                    yield event

"""The story that the simulated exchanges tell: every trouble of a run, as a table that can be read.

Each event is a record; the modules beside this one look up what concerns them and bend their figures accordingly. Days
are counted back from the last day of the run (0 is the last day itself), so that a run of any length that ends
yesterday tells the newest part of the story. Events before the first day do not happen. For the audits,
`days_before` counts months: 0 is the last month whose audit is due by the last day (`months.month_of`).

What only the rules of version 2 find waits for the day from which they hold, and then happens once in every run that is
long enough for it. Each event says which rules find it; `planted.planted` adds them up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from enum import StrEnum

NEW_RULES_HOLD = date(2026, 12, 1)
"""The rules of version 2 of the specification hold from this day on, and what only they find does not happen before."""


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
    """A halt for `trigger`: detected at `at`, begun `delay` minutes later, lifted after `minutes`."""
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
    EARLY = "early"
    """The file is sent `minutes` before its period has ended: refused, and filed again after it."""
    CUT_OFF = "cut_off"
    """The file loses its end on the way, as its given hash shows: refused, and sent again `minutes` later."""
    UNENDED = "unended"
    """The last line of a CSV does not end as the others do."""
    NIL_FIRST = "nil_first"
    """A nil return is accepted in time, and replaced by rows `minutes` later."""
    RETOUCHED = "retouched"
    """A shortfall like `SHORTFALL` is filed, and corrected away `minutes_later` minutes later."""
    JOINT_SHORTFALL = "joint_shortfall"
    """Several assets are short at once, from `at` for `minutes`, together by `size` won; none of them by much."""
    DERIVED = "derived"
    """The wallet quantity of the asset is the ledger and a constant all day."""
    REPEATED = "repeated"
    """Both quantities of the asset repeat a few values all day; only digits that nobody looks at differ."""
    TRADED_ON = "traded_on"
    """A halt of the asset's market in won like `HALT`, in which trades go on."""
    REOPENED = "reopened"
    """A key's case is cleared, and `minutes` after its detection another case of the key begins."""
    WATCHED = "watched"
    """A case is put under monitoring, and nothing follows."""
    DELETION_WAVE = "deletion_wave"
    """`size` times as many keys that may trade are deleted as usual."""
    MISCOUNTED = "miscounted"
    """In the busiest hour and market more API accounts are counted than there are keys."""
    UNCONVERTED = "unconverted"
    """The value of a market, named by `asset`, is given in its quote currency instead of won."""
    SILENT = "silent"
    """No pattern has any alert."""
    COPIED_AUDIT = "copied_audit"
    """The audit holds the exchange's own check to the last digit, and is signed on the next day."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens to one exchange, `days_before` the last day.

    `finds` names the rules that find it, once for each finding; of a gap of all assets, once for each asset. Where
    `since` is given, it happens only where it begins on that day or later, and in the run with `history` days before.
    """

    kind: Happening
    exchange: str
    report: str
    days_before: int
    asset: str = ""
    at: time = time(0)
    minutes: int = 0
    minutes_later: int = 0
    size: float = 0
    delay: int = 0
    days: int = 1
    automatic: bool = False
    scope: str = "asset"
    trigger: str = "reconciliation_mismatch"
    pattern: str = ""
    finds: tuple[str, ...] = ()
    history: int = 0
    since: date | None = None


H = Happening

_DAY = 24 * 60

_FROM_THE_BEGINNING: tuple[Event, ...] = (
    # Files: late, missing, refused and corrected, superseded, in slices.
    Event(H.LATE, "korbit", "api_volume", 23, minutes=130, finds=("CAL-001",)),
    Event(H.LATE, "korbit", "api_volume", 9, minutes=130, finds=("CAL-001",)),
    Event(H.LATE, "coinone", "key_actions", 2, minutes=25, finds=("CAL-001",)),
    Event(H.MISSING, "gopax", "key_actions", 16),
    Event(H.MISSING, "coinone", "audits", 0),
    Event(H.WRONG_TOTAL, "bithumb", "api_volume", 12, minutes=_DAY, finds=("CAL-001", *("SUB-009",) * 8)),
    Event(H.BAD_CELLS, "upbit", "reconciliation", 5, minutes=60, finds=("SUB-006",) * 3),
    Event(H.CORRECTED, "coinone", "surveillance", 7, minutes=2 * _DAY),
    Event(H.SLICED, "bithumb", "reconciliation", 4, minutes=100, finds=("CAL-001",)),
    # A small shortfall, below what calls for a halt.
    Event(H.SHORTFALL, "coinone", "reconciliation", 13, "XRP", time(14, 20), 25, size=0.0002, finds=("REC-003",)),
    # A shortfall of more than one per cent, halted by the system two minutes after it was seen.
    Event(H.SHORTFALL, "korbit", "reconciliation", 8, "ETH", time(10, 35), 40, size=0.014, finds=("REC-003",)),
    Event(H.HALT, "korbit", "halts", 8, "ETH", time(10, 36), 75, delay=2, automatic=True),
    # The same without any halt.
    Event(H.SHORTFALL, "gopax", "reconciliation", 18, "XRP", time(16, 5), 55, size=0.021, finds=("REC-003", "REC-004")),
    # An erroneous payout like that of 2026-02-06: seen after 20 minutes, halted by hand after 35.
    Event(
        H.PAYOUT,
        "bithumb",
        "reconciliation",
        20,
        "BTC",
        time(19, 0),
        120,
        size=13.5,
        finds=("REC-003", "REC-004", "REC-005", "REC-008"),
    ),
    Event(H.HALT, "bithumb", "halts", 20, "BTC", time(19, 20), 120, delay=15, scope="account", finds=("HLT-003",)),
    # Checks that are not there, and checks that look at nothing.
    Event(H.GAP, "upbit", "reconciliation", 6, "SOL", time(13, 10), 50, finds=("REC-002", "REC-011")),
    Event(H.GAP, "gopax", "reconciliation", 11, "", time(3, 0), 120, finds=("REC-002", "REC-011")),
    Event(H.STALE, "coinone", "reconciliation", 10, "SOL", finds=("REC-006",)),
    # Keys: a gap in the allow-list for two days, a wave of natural expiry, a case that waits too long.
    Event(H.UNLISTED, "korbit", "api_keys", 15, size=740, finds=("KEY-005", "KEY-006")),
    Event(H.UNLISTED, "korbit", "api_keys", 14, size=740, finds=("KEY-005", "KEY-006")),
    Event(H.EXPIRY_WAVE, "korbit", "api_keys", 27, size=14, days=3),
    Event(H.SLOW_CASE, "bithumb", "key_actions", 6, at=time(9, 40), minutes=31 * 60, finds=("ACT-006",)),
    # Surveillance: many more spoofing alerts than usual.
    Event(H.ALERT_SPIKE, "upbit", "surveillance", 3, size=5, pattern="spoofing", finds=("SUR-005",)),
)

_SINCE_THE_NEW_RULES: tuple[Event, ...] = (
    # Files: sent before the day was over, cut off on the way, without its last line end, nil and then not.
    Event(H.EARLY, "korbit", "api_keys", 7, minutes=80, finds=("SUB-010",)),
    Event(H.CUT_OFF, "gopax", "api_volume", 8, minutes=20, finds=("SUB-011",)),
    Event(H.UNENDED, "gopax", "api_keys", 7, finds=("SUB-012",)),
    Event(H.NIL_FIRST, "bithumb", "surveillance", 10, minutes=2 * _DAY, finds=("CAL-002",)),
    # A shortfall that a correction takes away three days later, with it the breach.
    Event(
        H.RETOUCHED,
        "coinone",
        "reconciliation",
        8,
        "SOL",
        time(14, 0),
        20,
        3 * _DAY,
        size=0.0008,
        finds=("REC-003", "FIX-001"),
    ),
    # Three assets are short at once, each by less than calls for a halt.
    Event(
        H.JOINT_SHORTFALL,
        "upbit",
        "reconciliation",
        9,
        "",
        time(11, 5),
        25,
        size=1.2e9,
        finds=("REC-003", "REC-003", "REC-003", "REC-008"),
    ),
    # Wallets that are made from the ledger, quantities that are not read anew, an asset without a quarter of its day.
    Event(H.DERIVED, "korbit", "reconciliation", 5, "ETH", finds=("REC-009",)),
    Event(H.REPEATED, "upbit", "reconciliation", 3, "XRP", finds=("REC-010",)),
    Event(H.GAP, "bithumb", "reconciliation", 4, "XRP", time(6, 0), 360, history=1, finds=("REC-011",)),
    # A market that is halted and trades on; a shortfall whose halt is called a fault of the system.
    Event(
        H.TRADED_ON,
        "coinone",
        "halts",
        5,
        "XRP",
        time(13, 39),
        200,
        delay=1,
        automatic=True,
        scope="market",
        trigger="abnormal_trading",
        finds=("HLT-010",),
    ),
    Event(H.SHORTFALL, "gopax", "reconciliation", 9, "ETH", time(10, 40), 45, size=0.013, finds=("REC-003", "REC-004")),
    Event(
        H.HALT,
        "gopax",
        "halts",
        9,
        "ETH",
        time(10, 44),
        70,
        delay=2,
        automatic=True,
        trigger="system_fault",
        finds=("HLT-012",),
    ),
    # Keys: cleared and soon suspected again, only watched for two weeks, deleted in numbers, fewer than accounts.
    Event(H.REOPENED, "upbit", "key_actions", 9, at=time(9, 20), minutes=3 * _DAY, finds=("ACT-003", "ACT-008")),
    Event(H.WATCHED, "korbit", "key_actions", 16, at=time(9, 40), finds=("ACT-009",)),
    Event(H.DELETION_WAVE, "bithumb", "api_keys", 3, size=5, history=7, finds=("KEY-009",)),
    Event(H.MISCOUNTED, "korbit", "api_volume", 6, finds=("KEY-010",)),
    # Values that are not in won, two weeks without any alert, and an audit of the exchange's own figures.
    Event(H.UNCONVERTED, "upbit", "api_volume", 4, "ETH/BTC", finds=("VOL-009",)),
    Event(H.SILENT, "gopax", "surveillance", 16, days=14, finds=("SUR-006",)),
    Event(H.COPIED_AUDIT, "gopax", "audits", 0, finds=("AUD-007",)),
)

STORY: tuple[Event, ...] = (
    *_FROM_THE_BEGINNING,
    *(replace(event, since=NEW_RULES_HOLD) for event in _SINCE_THE_NEW_RULES),
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

    def first_day_of(self, event: Event) -> date:
        """The day on which `event`, of a report of days, begins."""
        return self.last_day - timedelta(days=event.days_before)

    def is_told(self, event: Event) -> bool:
        """True where `event`, of a report of days, happens as far as the days of the run go."""
        if event.since is None:
            return True
        first = self.first_day_of(event)
        return first >= event.since and first - timedelta(days=event.history) >= self.first_day

    def happening(self, kind: Happening, exchange: str, day: date, report: str = "") -> Iterator[Event]:
        """The events of that kind that touch `exchange` on `day` (and concern `report`, where one is given)."""
        for event in self.events:
            if event.kind is kind and event.exchange == exchange and report in ("", event.report):
                first = self.first_day_of(event)
                if first <= day < first + timedelta(days=event.days) and self.is_told(event):
                    yield event

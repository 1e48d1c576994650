"""Korbit's files of keys and of measures against suspect keys, by the day, and filing them."""

from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from filing import file, milliseconds

from app.queries.choice import Choice
from etl.store import Store
from expectations.vocabulary import KST

KEYS_HEADER = (
    "date,permission,openingKeys,issuedKeys,expiredKeys,deletedKeys,forcedExpiredKeys,activeKeys,whitelistedKeys,"
    "maxWhitelistSize,blockedCalls,unlistedCalls"
)
ACTIONS_HEADER = "actionId,caseId,keyHash,accountHash,suspicion,riskLevel,stage,detectedAt,actedAt,outcome,note"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment in November 2026, KST."""
    return datetime(2026, 11, day, hour, minute, tzinfo=KST)


def days(first: int, last: int) -> Choice:
    """These days of November 2026, of all exchanges."""
    return Choice((), date(2026, 11, first), date(2026, 11, last))


def keys(day: int, trade: str, *, read: str = "5,0,0,0,0,5,5,2,0,0", withdraw: str = "0,0,0,0,0,0,0,0,0,0") -> str:
    """A Korbit inventory of one day; each scope's numbers as the file has them."""
    rows = {"read": read, "trade": trade, "withdraw": withdraw}
    return "\r\n".join([KEYS_HEADER, *(f"2026-11-{day:02d},{scope},{row}" for scope, row in rows.items()), ""])


def file_keys(store: Store, folder: Path, day: int, content: str) -> str:
    outcome = file(store, folder, f"korbit_api_keys_2026-11-{day:02d}.csv", content, at(day + 1, 9))
    assert outcome.receipt.submission.state == "accepted", outcome
    return outcome.receipt.submission.id


def key_of(case: str) -> str:
    """The keyed hash of the key that a case is about."""
    return sha256(case.encode()).hexdigest()


class Steps:
    """Steps of cases, filed by the day on which they were taken."""

    def __init__(self) -> None:
        self.rows: dict[int, list[str]] = {}
        self.count = 0

    def add(
        self,
        case: str,
        stage: str,
        acted: datetime,
        *,
        detected: datetime | None = None,
        risk: str = "medium",
        outcome: str = "applied",
        suspicion: str = "lending",
    ) -> "Steps":
        self.count += 1
        key = key_of(case)
        moments = f"{milliseconds(detected or acted - timedelta(hours=1))},{milliseconds(acted)}"
        row = f"A-{self.count:03d},{case},{key},{key},{suspicion},{risk},{stage},{moments},{outcome},"
        self.rows.setdefault(acted.day, []).append(row)
        return self

    def file(self, store: Store, folder: Path, until: int) -> "Steps":
        """Every day from the first step to `until`; days without steps are nil returns."""
        for day in range(min(self.rows), until + 1):
            content = "\r\n".join([ACTIONS_HEADER, *self.rows.get(day, []), ""])
            outcome = file(store, folder, f"korbit_key_actions_2026-11-{day:02d}.csv", content, at(day + 1, 9))
            assert outcome.receipt.submission.state == "accepted", outcome
        return self

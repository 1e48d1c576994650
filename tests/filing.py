"""Small files as an exchange would send them, and filing them, for tests of what happens to a submission."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from etl import jobs
from etl.intake import Candidate, declare
from etl.store import Store
from expectations.vocabulary import Period

MORNING = datetime(2026, 11, 3, 0, 30, tzinfo=UTC)
RECONCILIATION_HEADER = "checkedAt,asset,ledgerBalance,walletBalance,price,result"
HALTS_HEADER = "haltId,scope,target,functions,trigger,automatic,detectedAt,haltedAt,resumedAt,noticeAt,affectedAccounts"


def milliseconds(instant: datetime) -> int:
    """Epoch milliseconds, as Korbit writes an instant."""
    return int(instant.timestamp() * 1000)


def checks(
    period: str,
    *,
    asset: str = "btc",
    every: int = 60,
    ledger: str = "1.5",
    wallet: str = "1.6",
    short: range = range(0),
) -> str:
    """A Korbit reconciliation file with one check of one asset every so many minutes; `short` checks lack coins."""
    whole = Period.parse(period)
    lines = [RECONCILIATION_HEADER]
    count = int((whole.end - whole.start) / timedelta(minutes=every))
    for number in range(count):
        at = whole.start + timedelta(minutes=every * number, seconds=3)
        held, result = ("1.4", "mismatch") if number in short else (wallet, "match")
        lines.append(f"{milliseconds(at)},{asset},{ledger},{held},100.5,{result}")
    return "\r\n".join(lines) + "\r\n"


def halt(halt_id: str, halted: datetime, resumed: datetime | None = None) -> str:
    """A line of a Korbit halts file."""
    end = "" if resumed is None else str(milliseconds(resumed))
    at = milliseconds(halted)
    return f"{halt_id},asset,btc,deposit,maintenance,false,{at},{at},{end},,0"


def halts(*lines: str) -> str:
    """A Korbit halts file; without lines a nil return."""
    return "\r\n".join([HALTS_HEADER, *lines]) + "\r\n"


def next_morning(period: Period) -> datetime:
    """When a period that ends after `MORNING` is filed: half past nine of the day after it; else `MORNING`."""
    return max(MORNING, period.end + timedelta(hours=9, minutes=30))


def file(
    store: Store, folder: Path, name: str, content: str | bytes, received_at: datetime | None = None
) -> jobs.Outcome:
    """Write `content` under `name` and take it the whole way, received on `MORNING`, or the period's next morning."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    candidate = Candidate(path, declare(name))
    at = received_at or next_morning(candidate.declared.period)
    return jobs.ingest(store, [candidate], received_at=at)[0]

"""A store in which there is something to answer: trading that nothing reconciles, gaps in checks, a shortfall."""

from datetime import datetime, timedelta
from pathlib import Path

from etl import jobs
from etl.intake import Candidate, declare
from etl.store import Store, open_store
from expectations.vocabulary import KST, Period

DAYS = ("2026-11-19", "2026-11-20", "2026-11-21")
NOW = datetime(2026, 11, 22, 11, 0, tzinfo=KST)
_CHECKS = "checked_at,asset,ledger_quantity,wallet_quantity,price_krw,result"
_VOLUME = (
    "hour_start,market,trade_value_krw,api_trade_value_krw,trade_count,api_trade_count,api_order_count,"
    "api_cancel_count,api_small_order_count,api_account_count"
)


def reconciled(period: str, *, short: range = range(0), absent: range = range(0)) -> str:
    """Checks of BTC every five minutes, in canonical columns: `short` ones lack coins, `absent` ones are wanting."""
    begin, lines = Period.parse(period).start.astimezone(KST), [_CHECKS]
    for number in range(288):
        held, result = ("1.4", "mismatch") if number in short else ("1.6", "match")
        if number not in absent:
            at = begin + timedelta(minutes=5 * number, seconds=3)
            lines.append(f"{at.isoformat()},BTC,1.5,{held},100.5,{result}")
    return "\n".join([*lines, ""])


def traded(period: str, base: str = "ETH") -> str:
    """A day of trading in one market in the canonical template."""
    begin = Period.parse(period).start.astimezone(KST)
    hours = (begin + timedelta(hours=hour) for hour in range(24))
    return "\n".join([_VOLUME, *(f"{hour.isoformat()},{base}/KRW,1000,300,10,3,4,1,0,2" for hour in hours), ""])


def filed(store: Store, folder: Path, exchange: str, period: str, **more: range) -> str:
    """A day of checks and of trading that wants ETH reconciled (REC-007); the number of the checks."""
    folder.mkdir(parents=True, exist_ok=True)
    candidates = []
    for report, content in (("reconciliation", reconciled(period, **more)), ("api_volume", traded(period))):
        path = folder / f"{exchange}_{report}_{period}.csv"
        path.write_text(content, "utf-8")
        candidates.append(Candidate(path, declare(path.name)))
    outcomes = jobs.ingest(store, candidates, received_at=Period.parse(period).end + timedelta(hours=1))
    assert [outcome.receipt.submission.state for outcome in outcomes] == ["accepted", "accepted"]
    return outcomes[0].receipt.submission.id


def fill(home: Path) -> Path:
    """Three days of Korbit and one of Gopax; the home of the store."""
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    filed(store, home / "inbox", "korbit", DAYS[0], short=range(30, 34), absent=range(100, 110))
    filed(store, home / "inbox", "korbit", DAYS[1])
    filed(store, home / "inbox", "korbit", DAYS[2])
    filed(store, home / "inbox", "gopax", DAYS[2], absent=range(50, 60))
    store.engine.dispose()
    return home

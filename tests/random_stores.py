"""Histories of a few exchanges that file, correct, withdraw and file again, drawn by chance, in any order.

Everything that a rule can put together is there: shortfalls over several days and over days on which the asset is not
checked, days in slices, halts that are filed again with another end, trigger or target, cases and keys over several
days, peers' prices, audits. The days lie about 2026-12-01, since when some rules hold.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from etl import jobs
from etl.intake import Candidate, Declared
from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.vocabulary import KST, Period, State

EXCHANGES = ("korbit", "upbit", "bithumb", "coinone")
DAYS = tuple(date(2026, 11, 28) + timedelta(days=number) for number in range(6))
ASSETS = ("BTC", "ETH", "XRP")
FILED_FROM = datetime(2026, 12, 10, tzinfo=UTC)
"""After every day and month that the histories are about."""

_HOUR = timedelta(hours=1)
_TARGETS = (("asset", "BTC"),) * 3 + (
    ("asset", "ETH"),
    ("market", "BTC/KRW"),
    ("exchange", "ALL"),
    ("account", "ACCOUNTS"),
)
_STAGES = ("monitoring", "warning", "reverification", "forced_expiry", "cleared")
_REPORTS = ("reconciliation",) * 6 + ("halts",) * 5 + ("key_actions",) * 4 + ("api_volume",) * 3 + ("api_keys",) * 2
_RARE = ("surveillance", "audits")


@dataclass(frozen=True, slots=True)
class Step:
    """A file, by its exchange, report, period and content; or the withdrawal of something accepted."""

    declared: Declared | None
    content: str = ""


def steps(seed: int, count: int) -> Iterator[Step]:
    """So many steps of a history; the same seed, the same steps."""
    chance = random.Random(seed)
    for number in range(count):
        if number > 4 and chance.random() < 0.2:
            yield Step(None)
            continue
        name = chance.choice(_REPORTS + _RARE)
        exchange = chance.choices(EXCHANGES, (7, 1, 1, 1))[0]
        period = _period(chance, name)
        records = _CONTENTS[name](chance, period, number)
        columns = report_of(name).on(period.first_day).field_names
        lines = [",".join(str(record[column]) for column in columns) for record in records]
        yield Step(Declared(exchange, name, period), "\n".join([",".join(columns), *lines, ""]))


def take(store: Store, folder: Path, step: Step, number: int, seed: int) -> None:
    """Do a step in a store; a withdrawal of what is in force takes one by chance."""
    at = FILED_FROM + number * timedelta(minutes=1)
    if step.declared is not None:
        path = folder / f"{number}.csv"
        path.write_text(step.content, "utf-8")
        jobs.ingest(store, [Candidate(path, step.declared)], received_at=at, reason="a correction")
        return
    with reading(store.engine) as connection:
        accepted = [one for one in life.listed(connection) if one.state is State.ACCEPTED]
    if accepted:
        taken = random.Random(seed * 1000 + number).choice(accepted)
        jobs.withdraw(store, taken.id, reason="withdrawn by chance", at=at)


def _period(chance: random.Random, name: str) -> Period:
    if name == "audits":
        return Period.parse("2026-11")
    day = chance.choice(DAYS)
    slices = ("T00-12", "T12-24", "T08-16") if name == "reconciliation" and chance.random() < 0.3 else ("",)
    return Period.parse(f"{day}{chance.choice(slices)}")


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(KST).isoformat(timespec="milliseconds")


Records = Sequence[dict[str, object]]


def _reconciliation(chance: random.Random, period: Period, number: int) -> Records:
    records = []
    for asset in [one for one in ASSETS if chance.random() < 0.75] or ["BTC"]:
        count = int((period.end - period.start) / (4 * _HOUR))
        first, last = sorted((chance.randint(-2, count + 2), chance.randint(-2, count + 2)))
        is_short = chance.random() < 0.6
        lacking = chance.choice(("0.5", "0.5", "30"))
        price = chance.choice(("1000", "1000", "1000", "1300", "100000000"))
        for place in range(count):
            short = is_short and first <= place <= last
            wallet = str(100 - float(lacking)) if short else chance.choice(("100", "101"))
            records.append(
                {
                    "checked_at": _text(period.start + (4 * place + 1) * _HOUR),
                    "asset": asset,
                    "ledger_quantity": "100",
                    "wallet_quantity": wallet,
                    "price_krw": price,
                    "result": "mismatch" if short else "match",
                }
            )
    return records


def _halts(chance: random.Random, period: Period, number: int) -> Records:
    records = []
    for halt_id in chance.sample([f"H-{number}" for number in range(6)], chance.randint(0, 3)):
        scope, target = chance.choice(_TARGETS)
        earlier = chance.random() < 0.4
        halted = period.start + timedelta(minutes=chance.choice((0, 61, 242, 305, 600, 1201)))
        if earlier:  # a halt of an earlier day, filed again; refused where no such halt is accepted
            halted -= chance.choice((1, 1, 2)) * timedelta(days=1)
        resumed = chance.choice((None, halted, halted + _HOUR, halted + 5 * _HOUR, halted + 30 * _HOUR))
        notice = chance.choice((None, halted + timedelta(minutes=30), halted + 2 * _HOUR))
        records.append(
            {
                "halt_id": halt_id,
                "scope": scope,
                "target": target,
                "functions": chance.choice(("trading", "all", "all", "deposit")),
                "trigger": chance.choice(("reconciliation_mismatch",) * 3 + ("system_fault", "maintenance")),
                "mode": chance.choice(("automatic", "automatic", "manual")),
                "detected_at": _text(halted - timedelta(minutes=chance.choice((0, 3, 9)))),
                "halted_at": _text(halted),
                "resumed_at": _text(resumed),
                "notice_at": _text(notice),
                "affected_account_count": chance.choice((0, 7)),
            }
        )
    return records


def _key_actions(chance: random.Random, period: Period, number: int) -> Records:
    keys = {case: f"{chance.choice((case, (case + 1) % 4)):x}" * 64 for case in range(4)}
    records = []
    for place in range(chance.randint(0, 3)):
        case = chance.randrange(4)
        acted = period.start + chance.randrange(24) * _HOUR
        stage = chance.choice(_STAGES)
        outcome = chance.choice(("failed", "no_response", "passed")) if stage == "reverification" else "applied"
        records.append(
            {
                "action_id": f"A-{number}-{place}",
                "case_id": f"C-{case}",
                "key_ref": keys[case],
                "account_ref": keys[case][::-1],
                "suspicion": "lending",
                "risk_level": chance.choice(("low", "high")),
                "stage": stage,
                "detected_at": _text(acted - chance.choice((0, 3, 30)) * _HOUR),
                "acted_at": _text(acted),
                "outcome": outcome,
                "note": "",
            }
        )
    return records


def _api_keys(chance: random.Random, period: Period, number: int) -> Records:
    records = []
    for scope in ("read", "trade", "withdraw"):
        opening, forced = chance.choice((100, 101)), chance.choice((0, 1))
        records.append(
            {
                "snapshot_date": period.text,
                "scope": scope,
                "opening_keys": opening,
                "issued_keys": 1,
                "expired_keys": 0,
                "deleted_keys": 0,
                "forced_expired_keys": forced,
                "active_keys": opening + 1 - forced,
                "allowlisted_keys": opening,
                "max_ips_per_key": 3,
                "blocked_call_count": 0,
                "unlisted_call_count": 0,
            }
        )
    return records


def _api_volume(chance: random.Random, period: Period, number: int) -> Records:
    records = []
    for market in [one for one in ("BTC/KRW", "ETH/KRW", "XRP/KRW") if chance.random() < 0.8] or ["BTC/KRW"]:
        for hour in (0, 8, 16):
            value = chance.choice((1000, 2_000_000_000))
            api = value * chance.choice((0, 20, 60)) // 100
            records.append(
                {
                    "hour_start": _text(period.start + hour * _HOUR),
                    "market": market,
                    "trade_value_krw": value,
                    "api_trade_value_krw": api,
                    "trade_count": 10,
                    "api_trade_count": 5 if api else 0,
                    "api_order_count": 10,
                    "api_cancel_count": 1,
                    "api_small_order_count": 1,
                    "api_account_count": chance.choice((1, 500)) if api else 0,
                }
            )
    return records


def _surveillance(chance: random.Random, period: Period, number: int) -> Records:
    return [
        {
            "day": period.text,
            "market": "BTC/KRW",
            "pattern": "spoofing",
            "alert_count": 12,
            "case_count": 1,
            "account_count": 2,
            "key_count": 1,
            "notified_count": 0,
            "trade_value_krw": 3_000_000_000,
            "api_trade_value_krw": chance.choice((500, 2_000_000_000)),
        }
    ][: chance.randint(0, 1)]


def _audits(chance: random.Random, period: Period, number: int) -> Records:
    as_of = chance.choice((datetime(2026, 11, 29, 13, tzinfo=KST), datetime(2026, 11, 30, 21, 3, tzinfo=KST)))
    return [
        {
            "audit_month": period.text,
            "asset": asset,
            "as_of": _text(as_of),
            "ledger_quantity": "100",
            "hot_wallet_quantity": "10",
            "cold_wallet_quantity": chance.choice(("90", "91")),
            "price_krw": "1000",
            "auditor": "Auditor",
            "opinion": "unqualified",
            "signed_on": "2026-12-05",
        }
        for asset in ASSETS
        if chance.random() < 0.8
    ]


_CONTENTS: dict[str, Callable[[random.Random, Period, int], Records]] = {
    "reconciliation": _reconciliation,
    "halts": _halts,
    "key_actions": _key_actions,
    "api_keys": _api_keys,
    "api_volume": _api_volume,
    "surveillance": _surveillance,
    "audits": _audits,
}

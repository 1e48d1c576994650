"""Keys: suspect ones step by step from detection to forced expiry or clearance, and the inventory of all.

The inventory rolls from a fixed day, so a day opens with what the day before closed with; what is forcibly expired in
it are the keys of that day's cases. Cases are detected from the first day of a run on, because a case of before
would begin in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pyarrow as pa

from app.testbed.simulator.balances import moment
from app.testbed.simulator.draws import FIRST_DAY, generator, reference
from app.testbed.simulator.market import MEMBERS
from app.testbed.simulator.story import Event, Happening, Run
from etl.exchanges import exchange as member_exchange
from expectations.vocabulary import Period

SCOPES = ("read", "trade", "withdraw")
_SUSPICIONS = ("lending", "sharing", "proxy_trading", "external_tool", "address_anomaly")
_RISKS = ("low", "medium", "high")
_RISK_ODDS = (0.42, 0.38, 0.2)
_SCOPE_ODDS = (0.2, 0.7, 0.1)
_HOUR = 3600
_DAY = 24 * _HOUR
_DAYS_OPEN = 40
"""No case lasts longer."""
_ISSUED, _EXPIRED, _DELETED = 0.00280, 0.00210, 0.00060
"""Daily rates: a key lives for a year, most run out and are issued anew, some are deleted before."""
_FEW_DELETED = 9
"""So few deleted keys are never many (KEY-009); otherwise chance deletes at most twice the usual."""
_ADDRESS_LIMITS = {"upbit": 10, "bithumb": 5}
"""Published by the two (specification, KEY-007); the others are taken to allow eight."""
_NOTES = (
    "집중 모니터링, 7일",
    "경고 안내 발송 후 회신 대기",
    "동일 접속지에서 계정 3개 사용, 접속 기록 확보",
    "본인 재확인 요청",
    '고객 소명: "외부 프로그램 시험 사용"',
    "1차 안내 무응답\n2차 안내 발송, 담당 부서 이관",
    "해외 접속지 다수 확인",
)
"""What clerks write: commas, quotes and line breaks included, personal data not."""


@dataclass(frozen=True, slots=True)
class Case:
    """One suspect key and the steps taken on it: seconds after detection, stage, outcome."""

    case_id: str
    key_ref: str
    account_ref: str
    scope: str
    suspicion: str
    risk_level: str
    detected_at: int
    steps: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Stock:
    """The keys of one scope over a day."""

    opening: int
    issued: int
    expired: int
    deleted: int
    forced: int

    @property
    def active(self) -> int:
        """What is left at the end of the day."""
        return self.opening + self.issued - self.expired - self.deleted - self.forced


# ------------------------------------------------------------------------------------------ key actions


def key_actions(run: Run, exchange: str, period: Period) -> dict[str, pa.Array]:
    """The steps of a day in order of time."""
    actions = sorted(_actions(run, exchange, period.first_day), key=lambda action: action[0])
    random = generator(run.seed, "notes", exchange, period.text)
    stamp = f"{member_exchange(exchange).short_code}-A-{period.first_day:%Y%m%d}"
    cases = [case for _, case, _, _ in actions]
    notes = [_NOTES[place] if place < len(_NOTES) else None for place in random.integers(0, 14, len(actions)).tolist()]
    texts = {
        "action_id": [f"{stamp}-{place:04d}" for place in range(1, len(actions) + 1)],
        **{name: [getattr(case, name) for case in cases] for name in ("case_id", "key_ref", "account_ref")},
        **{name: [getattr(case, name) for case in cases] for name in ("suspicion", "risk_level")},
        "stage": [stage for _, _, stage, _ in actions],
        "outcome": [outcome for _, _, _, outcome in actions],
        "note": notes,
    }
    return {
        **{name: pa.array(values, pa.string()) for name, values in texts.items()},
        "detected_at": _instants([case.detected_at for case in cases]),
        "acted_at": _instants([acted_at for acted_at, _, _, _ in actions]),
    }


def _instants(seconds: list[int]) -> pa.Array:
    return pa.array([second * 1000 for second in seconds], pa.int64()).cast(pa.timestamp("ms", "UTC"))


def _actions(run: Run, exchange: str, day: date) -> Iterator[tuple[int, Case, str, str]]:
    """When, in which case, which stage and outcome: all that was done on `day`."""
    begin = int(Period.of_day(day).start.timestamp())
    for back in range(_DAYS_OPEN + 1):
        detected = day - timedelta(days=back)
        if detected < run.first_day:
            break
        for case in _all_cases(run, exchange, detected):
            for after, stage, outcome in case.steps:
                if begin <= case.detected_at + after < begin + _DAY:
                    yield case.detected_at + after, case, stage, outcome


def _all_cases(run: Run, exchange: str, day: date) -> Iterator[Case]:
    yield from _cases(run.seed, exchange, day)
    for event in run.happening(Happening.SLOW_CASE, exchange, day):
        yield _slow_case(run.seed, exchange, day, event)
    for event in run.happening(Happening.REOPENED, exchange, day):
        yield from _reopened(run.seed, exchange, day, event)
    for event in run.happening(Happening.WATCHED, exchange, day):
        steps = ((2 * _HOUR, "monitoring", "applied"),)
        yield _told_case(run.seed, exchange, day, event, 903, steps)


@lru_cache(maxsize=1024)
def _cases(seed: int, exchange: str, day: date) -> tuple[Case, ...]:
    """The cases that begin with a detection on `day`."""
    random = generator(seed, "cases", exchange, day)
    count = int(random.poisson(MEMBERS[exchange].cases))
    return tuple(_case(seed, exchange, day, number, random) for number in range(1, count + 1))


def _case(seed: int, exchange: str, day: date, number: int, random: np.random.Generator) -> Case:
    risk = str(random.choice(_RISKS, p=_RISK_ODDS))
    return Case(
        case_id=f"{member_exchange(exchange).short_code}-C-{day:%Y%m%d}-{number:03d}",
        key_ref=reference(seed, exchange, "key", day, number),
        account_ref=reference(seed, exchange, "account", day, number),
        scope=str(random.choice(SCOPES, p=_SCOPE_ODDS)),
        suspicion=str(random.choice(_SUSPICIONS, p=(0.26, 0.2, 0.22, 0.18, 0.14))),
        risk_level=risk,
        detected_at=int(Period.of_day(day).start.timestamp()) + int(random.integers(0, _DAY)),
        steps=tuple(_steps(risk, random)),
    )


def _slow_case(seed: int, exchange: str, day: date, event: Event) -> Case:
    random = generator(seed, "slow case", exchange, day)
    case = _case(seed, exchange, day, 900, random)
    return Case(
        case_id=case.case_id,
        key_ref=case.key_ref,
        account_ref=case.account_ref,
        scope="trade",
        suspicion="lending",
        risk_level="high",
        detected_at=moment(day, event.at) // 1000,
        steps=((2 * _HOUR, "monitoring", "applied"), (event.minutes * 60, "forced_expiry", "applied")),
    )


def _reopened(seed: int, exchange: str, day: date, event: Event) -> Iterator[Case]:
    """A case that is cleared on the second day, and one that the same key gets soon after."""
    steps = ((2 * _HOUR, "monitoring", "applied"), (26 * _HOUR, "cleared", "passed"))
    first = _told_case(seed, exchange, day, event, 901, steps)
    yield first
    again = _told_case(seed, exchange, day, event, 902, ((_HOUR, "warning", "applied"),))
    detected_at = first.detected_at + event.minutes * 60
    yield replace(again, key_ref=first.key_ref, account_ref=first.account_ref, detected_at=detected_at)


def _told_case(
    seed: int, exchange: str, day: date, event: Event, number: int, steps: tuple[tuple[int, str, str], ...]
) -> Case:
    """A case of the story at medium risk."""
    case = _case(seed, exchange, day, number, generator(seed, "told case", exchange, day, number))
    detected_at = moment(day, event.at) // 1000
    return replace(case, scope="trade", risk_level="medium", detected_at=detected_at, steps=steps)


def _steps(risk: str, random: np.random.Generator) -> Iterator[tuple[int, str, str]]:
    """The course of a case, each step within the time that the standard's reading leaves it (ACT-003 to ACT-007)."""
    after = int(random.integers(10 * 60, 9 * _HOUR))
    if risk == "high":
        if random.random() < 0.6:
            yield after, "forced_expiry", "applied"
        else:
            yield from _reverified(after, random)
        return
    if risk == "low" or random.random() < 0.5:
        yield after, "monitoring", "applied"
        after += int(random.integers(_DAY, 6 * _DAY))
        if random.random() < (0.7 if risk == "low" else 0.2):
            yield after, "cleared", "passed"
            return
    yield after, "warning", "applied"
    after += int(random.integers(_DAY, 5 * _DAY))
    if random.random() < (0.6 if risk == "low" else 0.3):
        yield after, "cleared", "passed"
        return
    yield from _reverified(after, random)


def _reverified(after: int, random: np.random.Generator) -> Iterator[tuple[int, str, str]]:
    """Asked to prove who they are; what comes of it; and the end."""
    yield after, "reverification", "applied"
    after += int(random.integers(2 * _HOUR, 3 * _DAY))
    outcome = str(random.choice(("passed", "failed", "no_response"), p=(0.4, 0.25, 0.35)))
    yield after, "reverification", outcome
    after += int(random.integers(_HOUR, 48 * _HOUR))
    yield after, *(("cleared", "passed") if outcome == "passed" else ("forced_expiry", "applied"))


# --------------------------------------------------------------------------------------------- api keys


def api_keys(run: Run, exchange: str, period: Period) -> dict[str, pa.Array]:
    """The inventory at the end of the day, one row a scope."""
    day = period.first_day
    stocks = _inventory(run, exchange)[day]
    random = generator(run.seed, "calls", exchange, day)
    unlisted = next(run.happening(Happening.UNLISTED, exchange, day), None)
    active = np.array([stock.active for stock in stocks])
    allowlisted, served = active.copy(), np.zeros(len(SCOPES), np.int64)
    if unlisted is not None:
        allowlisted[1] -= max(1, active[1] // 60)
        served[1] = int(unlisted.size * random.uniform(0.8, 1.2))
    most = _ADDRESS_LIMITS.get(exchange, 8)
    columns = {
        "opening_keys": [stock.opening for stock in stocks],
        "issued_keys": [stock.issued for stock in stocks],
        "expired_keys": [stock.expired for stock in stocks],
        "deleted_keys": [stock.deleted for stock in stocks],
        "forced_expired_keys": [stock.forced for stock in stocks],
        "active_keys": active,
        "allowlisted_keys": allowlisted,
        "max_ips_per_key": random.integers(most // 2 + 1, most + 1, len(SCOPES)),
        "blocked_call_count": np.rint(active**0.8 * random.lognormal(-1, 0.4, len(SCOPES))).astype(np.int64),
        "unlisted_call_count": served,
    }
    return {
        "snapshot_date": pa.array([day] * len(SCOPES), pa.date32()),
        "scope": pa.array(SCOPES),
        **{name: pa.array(values, pa.int64()) for name, values in columns.items()},
    }


def usable_keys(run: Run, exchange: str, day: date) -> int:
    """How many keys could trade at some time of the day."""
    stocks = _inventory(run, exchange)[day][1:]
    return sum(stock.active + stock.expired + stock.deleted + stock.forced for stock in stocks)


@lru_cache(maxsize=32)
def _inventory(run: Run, exchange: str) -> dict[date, tuple[Stock, ...]]:
    """Every day's keys by scope, from the day on which all walks begin to the last of the run."""
    member = MEMBERS[exchange]
    active = list(member.keys)
    inventory: dict[date, tuple[Stock, ...]] = {}
    for number in range((run.last_day - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=number)
        wave = next((event.size for event in run.happening(Happening.EXPIRY_WAVE, exchange, day)), 1.0)
        random = generator(run.seed, "inventory", exchange, day)
        forced = _forced(run, exchange, day, random.poisson(np.array(_SCOPE_ODDS) * member.cases * 0.3).tolist())
        moved = random.poisson(
            np.outer(_rates(wave), active).T * [[member.keys[s] / active[s], 1, 1] for s in range(3)]
        )
        most = np.maximum(_FEW_DELETED, np.floor(2 * _DELETED * np.array(active))).astype(np.int64)
        moved[:, 2] = np.minimum(moved[:, 2], most)
        for event in run.happening(Happening.DELETION_WAVE, exchange, day):
            moved[1, 2] = int(moved[1, 2] * event.size)
        inventory[day] = tuple(
            Stock(opening, issued, expired, deleted, forcibly)
            for opening, (issued, expired, deleted), forcibly in zip(active, moved.tolist(), forced, strict=True)
        )
        active = [stock.active for stock in inventory[day]]
    return inventory


def _rates(wave: float) -> tuple[float, float, float]:
    return _ISSUED, _EXPIRED * wave, _DELETED


def _forced(run: Run, exchange: str, day: date, before: list[int]) -> list[int]:
    """Keys expired by force on `day` by scope: those of the cases, or `before` the run a number drawn."""
    if day < run.first_day:
        return before
    expired = [case.scope for _, case, stage, _ in _actions(run, exchange, day) if stage == "forced_expiry"]
    return [expired.count(scope) for scope in SCOPES]

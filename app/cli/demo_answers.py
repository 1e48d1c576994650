"""What the exchanges and a supervisor of a demonstration said about its findings.

Each step goes through the same functions as at the screens, in the order of the findings, so that the same days give
the same demonstration.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from app.answers.breaches import breach_list
from app.answers.explanations import awaiting_explanation
from app.answers.unread import unread_verdicts
from app.queries.choice import Choice
from app.scope import Role, Scope
from etl.answers import BreachState, Outcome
from etl.exchanges import all_exchanges
from etl.records import people
from etl.records.answers import Actor, decide, explain, read_verdict
from etl.records.breaches import bring_to
from etl.records.engine import reading, writing
from etl.store import Store
from expectations.vocabulary import KST

SUPERVISOR = "fss"
_EVERYTHING = Scope(Role.SUPERVISOR, tuple(all_exchanges()))
_READ_UNTIL = timedelta(days=2)
"""Exchanges have opened what was decided longer ago than this."""
_ACCEPTED_FOR = timedelta(days=60)
_EXPLANATIONS: tuple[tuple[str, Outcome | None, str], ...] = (
    ("내부 점검 결과 실제 값이며, 같은 사유가 당분간 이어질 수 있습니다.", Outcome.ACCEPTED, "증빙을 확인했습니다."),
    (
        "원인을 확인했으며 다음 보고부터 반영합니다.",
        Outcome.REFUSED,
        "원인과 시점을 적어 다시 소명하십시오.",
    ),
    ("해당 시간대에 이벤트가 있었습니다.", None, ""),
    ("시장 상황에 따른 일시적 변동입니다.", Outcome.REFERRED, "불공정거래 조사 부서로 이첩합니다."),
)
"""Explanations in turn, what came of each, and why; the fifth matter is left unexplained, and so on."""
_REMEDIES: tuple[tuple[str, str], ...] = (
    ("대사 프로그램을 재기동하고 감시 주기를 줄였습니다.", "재발이 없어 종결합니다."),
    ("누락 구간의 원인을 고쳤습니다.", ""),
)
"""What exchanges did about breaches in turn, and, where it was closed, why; the third is left open, and so on."""


def answer_demo(store: Store, first_day: date, last_day: date, now: datetime) -> None:
    """Explain, decide, remedy, close and read what was filed of these days, as far as it could be done by `now`."""
    choice = Choice((), first_day, last_day)
    _explain(store, choice, now)
    _remedy(store, choice, now)
    _read(store, choice, now)


def _actor(store: Store, name: str) -> Actor:
    """Somebody of a demonstration: the account of that name where there is one."""
    with reading(store.engine) as connection:
        known = people.by_name(connection, name)
    who = known.id if known else name
    is_supervisor = name == SUPERVISOR
    return Actor(
        who, Role.SUPERVISOR if is_supervisor else Role.EXCHANGE, _EVERYTHING.exchanges if is_supervisor else (name,)
    )


def _at(day: date, hour: int, now: datetime) -> datetime:
    """That hour (KST) of the second day after `day`, or now where it has not come yet."""
    return min(datetime.combine(day + timedelta(days=2), time(hour), KST), now)


def _explain(store: Store, choice: Choice, now: datetime) -> None:
    supervisor = _actor(store, SUPERVISOR)
    for place, matter in enumerate(awaiting_explanation(store, _EVERYTHING, choice)):
        turn = place % (len(_EXPLANATIONS) + 1)
        if turn == len(_EXPLANATIONS):
            continue
        text, outcome, reason = _EXPLANATIONS[turn]
        with writing(store.engine, lock="answers") as connection:
            explained_at = _at(matter.first_day, 14, now)
            made = explain(connection, _actor(store, matter.exchange), matter.first, text, at=explained_at)
            if outcome is not None:
                decided_at = _at(matter.first_day, 17, now)
                until = (decided_at + _ACCEPTED_FOR).astimezone(KST).date() if outcome is Outcome.ACCEPTED else None
                decide(connection, supervisor, made.id, outcome, reason, until=until, at=decided_at)


def _remedy(store: Store, choice: Choice, now: datetime) -> None:
    supervisor = _actor(store, SUPERVISOR)
    breaches = [one for one in breach_list(store, _EVERYTHING, choice) if one.state is BreachState.OPEN]
    breaches.sort(key=lambda one: (one.period, one.finding.rule, one.exchange, one.finding.subject or ""))
    for place, one in enumerate(breaches):
        turn = place % (len(_REMEDIES) + 1)
        if turn == len(_REMEDIES):
            continue
        done, closed = _REMEDIES[turn]
        day = date.fromisoformat(one.period[:10]) if len(one.period) >= 10 else choice.last_day
        actor, number = _actor(store, one.exchange), one.finding_number
        with writing(store.engine, lock="answers") as connection:
            bring_to(connection, actor, number, BreachState.REMEDIED, done, at=_at(day, 15, now))
            if closed:
                bring_to(connection, supervisor, number, BreachState.CLOSED, closed, at=_at(day, 18, now))


def _read(store: Store, choice: Choice, now: datetime) -> None:
    """Whoever files opens the verdict half an hour after it; the newest are still to be opened."""
    for one in unread_verdicts(store, _EVERYTHING, choice):
        if now - one.decided_at > _READ_UNTIL:
            at = min(one.decided_at + timedelta(minutes=30), now)
            with writing(store.engine, lock="answers") as connection:
                read_verdict(connection, _actor(store, one.exchange), one.id, at=at)

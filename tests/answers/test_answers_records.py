"""Answers to findings: what is the same finding again, how long an answer speaks for it, and who may give one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from filing import RECONCILIATION_HEADER, checks, file
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from etl.answers import (
    ASKED_EACH_TIME,
    LONGEST_ACCEPTANCE_DAYS,
    Answered,
    BreachState,
    BreachStep,
    Decision,
    Explanation,
    Nature,
    Outcome,
    answer_for,
    breach_state,
    fingerprint,
    nature_of,
    occurrence,
)
from etl.exchanges import all_exchanges
from etl.jobs import withdraw
from etl.records import log
from etl.records.answer_tables import breach_states, decisions, explanations, verdict_reads
from etl.records.answers import (
    LONGEST_TEXT,
    Actor,
    AnswerError,
    decide,
    explain,
    explanations_of,
    has_read,
    read_verdict,
)
from etl.records.breaches import Breach, bring_to, recorded_breaches
from etl.records.engine import reading, writing
from etl.records.log import EventKind
from etl.records.people import Role
from etl.records.tables import findings, submissions
from etl.store import Store, open_store
from expectations.catalogue import all_reports, all_rules
from expectations.vocabulary import KST, Finding, Kind, Period

KORBIT = Actor("P-korbit", Role.EXCHANGE, ("korbit",))
GOPAX = Actor("P-gopax", Role.EXCHANGE, ("gopax",))
FSS = Actor("P-fss", Role.SUPERVISOR, tuple(all_exchanges()))
OTHERS = (Actor("P-m", Role.MANAGER, tuple(all_exchanges())), Actor("P-a", Role.ADMIN, tuple(all_exchanges())))
NOW = datetime(2026, 11, 6, 9, 0, tzinfo=KST)
DAYS = tuple(f"2026-11-{day:02d}" for day in (2, 3, 4))

# -------------------------------------------------------------------------------- the same finding again

instants = st.datetimes(datetime(2026, 6, 1), datetime(2027, 6, 1)).map(lambda at: at.replace(tzinfo=UTC))
texts = st.none() | st.text(max_size=6)
asked_each_time = st.sampled_from(sorted(ASKED_EACH_TIME))
places = st.builds(
    Finding,
    rule=st.sampled_from(sorted(all_rules().keys() - ASKED_EACH_TIME)),
    row=st.none() | st.integers(1, 9),
    column=texts,
    subject=texts,
    start=st.none() | instants,
    end=st.none() | instants,
    found=texts,
    expected=texts,
    reason=texts,
)
exchanges = st.sampled_from(sorted(all_exchanges()))
reports = st.sampled_from(sorted(all_reports()))


@given(exchanges, reports, places, st.none() | st.integers(1, 9), texts, texts, st.integers(-400, 400))
def test_row_values_and_day_do_not_make_another_finding(exchange, report, finding, row, found, expected, days):
    def later(at: datetime | None) -> datetime | None:
        return None if at is None else at + timedelta(days=days)

    again = replace(
        finding, row=row, found=found, expected=expected, start=later(finding.start), end=later(finding.end)
    )
    assert fingerprint(exchange, report, finding) == fingerprint(exchange, report, again)


@given(exchanges, reports, places, exchanges, reports, places)
def test_one_fingerprint_means_one_matter(exchange, report, finding, other_exchange, other_report, other):
    def matter(where: str, what: str, one: Finding) -> tuple[object, ...]:
        return where, what, one.rule, one.subject, one.column, one.reason, nature_of(one.start, one.end)

    same = fingerprint(exchange, report, finding) == fingerprint(other_exchange, other_report, other)
    assert same == (matter(exchange, report, finding) == matter(other_exchange, other_report, other))


@given(exchanges, reports, places, st.sampled_from(["subject", "column", "reason"]), st.text(min_size=7, max_size=9))
def test_another_place_makes_another_finding(exchange, report, finding, name, value):
    other = replace(finding, **{name: value})
    assert fingerprint(exchange, report, finding) != fingerprint(exchange, report, other)


@given(instants, instants)
def test_the_nature_of_an_interval(start, end):
    assert nature_of(None, None) is Nature.NONE
    assert nature_of(start, None) is Nature.OPEN
    assert nature_of(start, end) is Nature.ENDED


@given(exchanges, reports, places, instants, texts, st.none() | st.integers(1, 9), st.none() | instants)
def test_a_corrected_file_tells_of_the_same_breach(exchange, report, finding, begin, column, row, end):
    corrected = replace(finding, row=row, column=column, end=end, found=None)
    assert occurrence(exchange, report, begin, finding) == occurrence(exchange, report, begin, corrected)
    moved = begin + timedelta(days=1)
    later = replace(finding, start=finding.start and finding.start + timedelta(days=1))
    assert occurrence(exchange, report, begin, finding) != occurrence(exchange, report, moved, later)


@given(exchanges, reports, places, instants, asked_each_time, st.text(min_size=7, max_size=9))
def test_each_breach_that_was_taken_away_is_asked_about_by_itself(exchange, report, finding, begin, rule, found):
    asked = replace(finding, rule=rule)
    other = replace(asked, found=found)
    assert occurrence(exchange, report, begin, asked) != occurrence(exchange, report, begin, other)
    assert fingerprint(exchange, report, asked) != fingerprint(exchange, report, other)
    elsewhere = replace(asked, row=9, column="amount", end=begin)
    assert occurrence(exchange, report, begin, asked) == occurrence(exchange, report, begin, elsewhere)


# ------------------------------------------------------------------------------------- carrying forward

days = st.dates(date(2026, 6, 1), date(2027, 6, 1))


def explanation(first_day: date, decision: Decision | None = None) -> Explanation:
    return Explanation(
        *("E-1", "f", "korbit", "reconciliation", "REC-006", "BTC", "20261103-1", first_day),
        *("the wallet is cold", "P-1", datetime(2026, 6, 1, tzinfo=UTC), decision),
    )


def decision(outcome: Outcome, until: date | None, at: datetime) -> Decision:
    return Decision(outcome, until, "so be it", "P-2", at)


@given(days, days, days, instants)
def test_an_accepted_explanation_speaks_from_its_day_to_its_date(first, until, day, at):
    one = explanation(first, decision(Outcome.ACCEPTED, until, at))
    assert (answer_for([one], day) is one) == (first <= day <= until)


@given(days, days)
def test_an_explanation_without_a_decision_has_no_end(first, day):
    one = explanation(first)
    assert (answer_for([one], day) is one) == (first <= day)
    assert one.answered is Answered.EXPLAINED


@given(days, days, instants, st.sampled_from([Outcome.REFUSED, Outcome.REFERRED]))
def test_what_is_refused_or_referred_is_asked_about_anew_on_the_next_day(first, day, at, outcome):
    one = explanation(first, decision(outcome, None, at))
    assert (answer_for([one], day) is one) == (first <= day <= at.astimezone(KST).date())


@given(st.lists(st.tuples(days, st.none() | days), max_size=6), days)
def test_of_several_the_newest_that_speaks_for_the_day_counts(spans, day):
    several = [
        explanation(first, until and decision(Outcome.ACCEPTED, until, datetime(2026, 7, 1, tzinfo=UTC)))
        for first, until in spans
    ]
    speaking = [one for one in several if one.speaks_for(day)]
    assert answer_for(several, day) is (speaking[-1] if speaking else None)


@given(days, days, days, instants)
def test_speaking_for_a_day_does_not_depend_on_when_one_asks(first, until, day, at):
    """An answer speaks for the finding's day, so a past screen says the same however late it is looked at."""
    one = explanation(first, decision(Outcome.ACCEPTED, until, at))
    later = explanation(first, decision(Outcome.ACCEPTED, until, at + timedelta(days=90)))
    assert one.speaks_for(day) == later.speaks_for(day)


moves = st.lists(st.tuples(st.sampled_from(BreachState), st.integers(0, 20)), max_size=6)


@given(moves, st.none() | st.integers(0, 20))
def test_what_the_data_shows_remedies_only_an_open_breach(steps, over):
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    steps = sorted(steps, key=lambda step: step[1])
    done = [BreachStep(state, "x", "P", begin + timedelta(days=day)) for state, day in steps]
    over_at = None if over is None else begin + timedelta(days=over)
    state = breach_state(done, over_at)
    if done and done[-1].state is not BreachState.OPEN:
        assert state is done[-1].state
    else:
        is_newer = over_at is not None and (not done or over_at > done[-1].at)
        assert state is (BreachState.REMEDIED if is_newer else BreachState.OPEN)


# ------------------------------------------------------------------------------------------- the records


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def every_five_minutes(period: str, *, short: range = range(0), only: slice = slice(None)) -> str:
    lines = checks(period, every=5, short=short).split("\r\n")
    return "\r\n".join([RECONCILIATION_HEADER, *lines[1:-1][only], ""])


def filed(store: Store, folder: Path, *periods: str, short: range = range(0)) -> list[str]:
    """Korbit days of checks that want an asset of their own trading: REC-007 stands of each; the numbers."""
    numbers = []
    for period in periods:
        content = every_five_minutes(period, short=short)
        outcome = file(store, folder, f"korbit_reconciliation_{period}.csv", content, received(period))
        assert outcome.receipt.submission.state == "accepted"
        numbers.append(outcome.receipt.submission.id)
        traded(store, folder, period)
    return numbers


def received(period: str, **later: int) -> datetime:
    return Period.parse(period).end + timedelta(hours=1, **later)


def traded(store: Store, folder: Path, period: str) -> None:
    """A Korbit day of trading in ETH, which nothing reconciles: a consistency finding about it."""
    header = "timestamp,symbol,quoteVolume,apiQuoteVolume,tradeCount,apiTradeCount,apiOrderCount,apiCancelCount"
    header += ",apiSmallOrderCount,apiAccountCount"
    begin = Period.parse(period).start
    lines = [
        f"{int((begin + timedelta(hours=hour)).timestamp() * 1000)},eth_krw,1000,300,10,3,4,1,0,2" for hour in range(24)
    ]
    content = "\r\n".join([header, *lines, ""])
    outcome = file(store, folder, f"korbit_api_volume_{period}.csv", content, received(period))
    assert outcome.receipt.submission.state == "accepted", outcome


def standing(store: Store, rule: str) -> list[int]:
    with reading(store.engine) as connection:
        query = (
            select(findings.c.id)
            .join(submissions, submissions.c.id == findings.c.submission)
            .where(findings.c.rule == rule, findings.c.lifted_at.is_(None), submissions.c.state == "accepted")
            .order_by(submissions.c.period_start, findings.c.id)
        )
        return list(connection.execute(query).scalars())


def explained(store: Store, number: int, actor: Actor = KORBIT, said: str = "ETH is reconciled elsewhere") -> str:
    with writing(store.engine) as connection:
        return explain(connection, actor, number, said, at=NOW).id


def decided(store: Store, which: str, outcome: Outcome, until: date | None = None, actor: Actor = FSS) -> None:
    with writing(store.engine) as connection:
        decide(connection, actor, which, outcome, "as agreed", until=until, at=NOW)


def acts(store: Store, act: EventKind) -> list[log.Entry]:
    with reading(store.engine) as connection:
        assert log.first_break(connection) is None
        return log.entries(connection, act=act)


def row_count(store: Store) -> int:
    with reading(store.engine) as connection:
        return sum(
            len(connection.execute(select(table)).all())
            for table in (explanations, decisions, breach_states, verdict_reads)
        )


def test_an_accepted_explanation_is_carried_forward_until_its_date(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, *DAYS)
    first, second, third = standing(store, "REC-007")
    which = explained(store, first)
    for number in (first, second, third):
        with pytest.raises(AnswerError, match="answered already") as caught:
            explained(store, number)
        assert caught.value.code == "answered"
    decided(store, which, Outcome.ACCEPTED, NOW.date())
    with reading(store.engine) as connection:
        ((mark, (one,)),) = explanations_of(connection, ("korbit",)).items()
        assert explanations_of(connection, ("gopax",)) == {}
    assert one.answered is Answered.ACCEPTED
    assert one.decision and one.decision.reason == "as agreed"
    assert one.speaks_for(date(2026, 11, 6))
    assert not one.speaks_for(date(2026, 11, 7))
    assert len(mark) == 64
    (entry,), (told,) = acts(store, EventKind.EXPLANATION), acts(store, EventKind.DECISION)
    assert (entry.actor, entry.subject, told.actor, told.subject) == (KORBIT.id, which, FSS.id, which)
    assert "ETH is reconciled elsewhere" in entry.details


def test_a_refused_explanation_can_be_followed_by_a_better_one(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, *DAYS)
    first = standing(store, "REC-007")[0]
    decided(store, explained(store, first), Outcome.REFUSED)
    better = explained(store, first, said="ETH was listed at noon")
    decided(store, better, Outcome.ACCEPTED, NOW.date() + timedelta(days=30))
    with reading(store.engine) as connection:
        (known,) = explanations_of(connection, ("korbit",)).values()
    assert [one.answered for one in known] == [Answered.REFUSED, Answered.ACCEPTED]
    answer = answer_for(known, date(2026, 11, 3))
    assert answer and answer.id == better


def test_the_newest_decision_counts(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, DAYS[0])
    which = explained(store, standing(store, "REC-007")[0])
    decided(store, which, Outcome.ACCEPTED, NOW.date())
    decided(store, which, Outcome.REFERRED)
    with reading(store.engine) as connection:
        ((one,),) = explanations_of(connection, ("korbit",)).values()
    assert one.answered is Answered.REFERRED
    assert len(acts(store, EventKind.DECISION)) == 2


@pytest.mark.parametrize("actor", [GOPAX, FSS, *OTHERS], ids=lambda actor: actor.id)
def test_only_the_exchange_itself_explains_and_remedies(store: Store, tmp_path: Path, actor: Actor) -> None:
    filed(store, tmp_path, DAYS[0], short=range(3, 6))
    number, breach = standing(store, "REC-007")[0], standing(store, "REC-003")[0]
    with pytest.raises(AnswerError) as caught:
        explained(store, number, actor)
    assert caught.value.code == ("no_finding" if actor is GOPAX else "not_yours")
    with pytest.raises(AnswerError), writing(store.engine) as connection:
        bring_to(connection, actor, breach, BreachState.REMEDIED, "paid in", at=NOW)
    assert row_count(store) == 0
    assert acts(store, EventKind.EXPLANATION) == acts(store, EventKind.BREACH) == []


@pytest.mark.parametrize("actor", [KORBIT, GOPAX, *OTHERS], ids=lambda actor: actor.id)
def test_only_a_supervisor_decides_and_closes(store: Store, tmp_path: Path, actor: Actor) -> None:
    filed(store, tmp_path, DAYS[0], short=range(3, 6))
    which = explained(store, standing(store, "REC-007")[0])
    with pytest.raises(AnswerError, match="only somebody with the role 'supervisor'"):
        decided(store, which, Outcome.REFUSED, actor=actor)
    for state in (BreachState.CLOSED, BreachState.OPEN):
        with pytest.raises(AnswerError), writing(store.engine) as connection:
            bring_to(connection, actor, standing(store, "REC-003")[0], state, "enough", at=NOW)
    assert row_count(store) == 1


def test_a_supervisor_of_some_exchanges_decides_nothing_of_others(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, DAYS[0])
    which = explained(store, standing(store, "REC-007")[0])
    with pytest.raises(AnswerError, match="there is no explanation"):
        decided(store, which, Outcome.REFUSED, actor=Actor("P-x", Role.SUPERVISOR, ("gopax",)))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("  ", "no_text"),
        ("x" * (LONGEST_TEXT + 1), "too_long"),
        ("ask 010-1234-5678", "personal_data"),
        ("900101-1234567", "personal_data"),
        ("ask kim@example.org", "personal_data"),
    ],
)
def test_a_text_that_cannot_stand_is_refused(store: Store, tmp_path: Path, said: str, code: str) -> None:
    filed(store, tmp_path, DAYS[0])
    with pytest.raises(AnswerError) as caught:
        explained(store, standing(store, "REC-007")[0], said=said)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("outcome", "until", "code"),
    [
        (Outcome.ACCEPTED, None, "no_day"),
        (Outcome.REFUSED, NOW.date(), "no_day"),
        (Outcome.ACCEPTED, NOW.date() - timedelta(days=1), "wrong_day"),
        (Outcome.ACCEPTED, NOW.date() + timedelta(days=LONGEST_ACCEPTANCE_DAYS + 1), "wrong_day"),
    ],
)
def test_a_decision_needs_a_day_that_makes_sense(
    store: Store, tmp_path: Path, outcome: Outcome, until: date | None, code: str
) -> None:
    filed(store, tmp_path, DAYS[0])
    which = explained(store, standing(store, "REC-007")[0])
    with pytest.raises(AnswerError) as caught:
        decided(store, which, outcome, until)
    assert caught.value.code == code


def test_what_is_no_longer_found_is_not_explained(store: Store, tmp_path: Path) -> None:
    (number,) = filed(store, tmp_path, DAYS[0])
    (finding,) = standing(store, "REC-007")
    withdraw(store, number, reason="wrong day")
    with pytest.raises(AnswerError) as caught:
        explained(store, finding)
    assert caught.value.code == "not_standing"
    with pytest.raises(AnswerError) as caught:
        explained(store, 999_999)
    assert caught.value.code == "no_finding"


def test_a_breach_is_not_explained_and_an_odd_figure_is_no_breach(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, DAYS[0], short=range(3, 6))
    with pytest.raises(AnswerError) as caught:
        explained(store, standing(store, "REC-003")[0])
    assert caught.value.code == "not_explained"
    with pytest.raises(AnswerError) as caught, writing(store.engine) as connection:
        bring_to(connection, KORBIT, standing(store, "REC-007")[0], BreachState.REMEDIED, "done", at=NOW)
    assert caught.value.code == "no_breach"


# ----------------------------------------------------------------------------------------------- breaches


def found(store: Store, rule: str, exchanges: tuple[str, ...] = ("korbit",)) -> list[Breach]:
    with reading(store.engine) as connection:
        start, end = Period.parse("2026-11-01").start, Period.parse("2026-11-30").end
        return [one for one in recorded_breaches(connection, exchanges, start, end) if one.finding.rule == rule]


def brought(store: Store, number: int, state: BreachState, actor: Actor, later: int = 0) -> Breach:
    with writing(store.engine) as connection:
        return bring_to(connection, actor, number, state, f"made {state}", at=NOW + timedelta(hours=later))


def test_a_breach_is_remedied_closed_and_opened_again_with_its_history(store: Store, tmp_path: Path) -> None:
    content = every_five_minutes(DAYS[0], only=slice(0, 200))
    file(store, tmp_path, f"korbit_reconciliation_{DAYS[0]}.csv", content, received(DAYS[0]))
    (number,) = standing(store, "REC-002")
    (breach,) = found(store, "REC-002")
    assert breach.state is BreachState.OPEN
    with pytest.raises(AnswerError, match="the breach is open") as caught:
        brought(store, number, BreachState.CLOSED, FSS)
    assert caught.value.code == "wrong_state"
    brought(store, number, BreachState.REMEDIED, KORBIT)
    with pytest.raises(AnswerError):
        brought(store, number, BreachState.REMEDIED, KORBIT)
    brought(store, number, BreachState.CLOSED, FSS, 1)
    brought(store, number, BreachState.OPEN, FSS, 2)
    brought(store, number, BreachState.REMEDIED, KORBIT, 3)
    (breach,) = found(store, "REC-002")
    assert [(step.state, step.person) for step in breach.steps] == [
        (BreachState.REMEDIED, KORBIT.id),
        (BreachState.CLOSED, FSS.id),
        (BreachState.OPEN, FSS.id),
        (BreachState.REMEDIED, KORBIT.id),
    ]
    assert (breach.state, breach.is_over_by_itself) == (BreachState.REMEDIED, False)
    assert len(acts(store, EventKind.BREACH)) == 4
    assert found(store, "REC-002", ("gopax",)) == []


def test_a_breach_that_a_corrected_file_takes_away_is_remedied_by_the_data(store: Store, tmp_path: Path) -> None:
    name = f"korbit_reconciliation_{DAYS[0]}.csv"
    file(store, tmp_path, name, every_five_minutes(DAYS[0], only=slice(0, 200)), received(DAYS[0]))
    file(store, tmp_path, name, every_five_minutes(DAYS[0]), received(DAYS[0], minutes=30))
    (breach,) = found(store, "REC-002")
    assert (breach.state, breach.over_at) == (BreachState.REMEDIED, received(DAYS[0], minutes=30))
    assert breach.is_over_by_itself
    brought(store, breach.finding_number, BreachState.OPEN, FSS)
    (breach,) = found(store, "REC-002")
    assert breach.state is BreachState.OPEN


def test_a_correction_that_tells_of_the_same_breach_keeps_what_was_said(store: Store, tmp_path: Path) -> None:
    name = f"korbit_reconciliation_{DAYS[0]}.csv"
    file(store, tmp_path, name, every_five_minutes(DAYS[0], only=slice(0, 200)), received(DAYS[0]))
    brought(store, standing(store, "REC-002")[0], BreachState.REMEDIED, KORBIT)
    corrected = every_five_minutes(DAYS[0], only=slice(0, 200)).replace(",1.6,", ",1.7,")
    file(store, tmp_path, name, corrected, received(DAYS[0], minutes=30))
    (breach,) = found(store, "REC-002")
    assert (breach.state, len(breach.steps)) == (BreachState.REMEDIED, 1)
    assert breach.finding_number == standing(store, "REC-002")[0]


def test_a_shortfall_is_over_when_it_ends(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, DAYS[0], short=range(284, 288))
    (breach,) = found(store, "REC-003")
    assert breach.state is BreachState.OPEN
    filed(store, tmp_path, DAYS[1])
    (breach,) = found(store, "REC-003")
    assert breach.state is BreachState.REMEDIED
    assert breach.over_at == breach.finding.end


def test_withdrawing_a_file_remedies_nothing(store: Store, tmp_path: Path) -> None:
    name = f"korbit_reconciliation_{DAYS[0]}.csv"
    outcome = file(store, tmp_path, name, every_five_minutes(DAYS[0], only=slice(0, 200)), received(DAYS[0]))
    withdraw(store, outcome.receipt.submission.id, reason="wrong day")
    (breach,) = found(store, "REC-002")
    assert breach.state is BreachState.OPEN


# ------------------------------------------------------------------------------------------ verdicts read


def test_a_verdict_is_read_once_by_each_person_of_the_exchange(store: Store, tmp_path: Path) -> None:
    (number,) = filed(store, tmp_path, DAYS[0])
    colleague = replace(KORBIT, id="P-korbit-2")

    def read(actor: Actor, which: str = number) -> bool:
        with writing(store.engine) as connection:
            return read_verdict(connection, actor, which, at=NOW)

    assert [read(KORBIT), read(KORBIT), read(colleague)] == [True, False, True]
    assert [read(actor) for actor in (GOPAX, FSS, *OTHERS)] == [False] * 4
    assert read(KORBIT, "20990101-0000000000") is False
    with reading(store.engine) as connection:
        assert has_read(connection, KORBIT, number)
        assert not has_read(connection, GOPAX, number)
    assert [entry.actor for entry in acts(store, EventKind.VERDICT_READ)] == [colleague.id, KORBIT.id]


# --------------------------------------------------------------------------------------- only growing


@pytest.mark.parametrize("table", [explanations, decisions, breach_states, verdict_reads], ids=lambda t: t.name)
def test_what_was_said_cannot_be_changed_or_removed(store: Store, tmp_path: Path, table: object) -> None:
    (number,) = filed(store, tmp_path, DAYS[0], short=range(3, 6))
    decided(store, explained(store, standing(store, "REC-007")[0]), Outcome.REFUSED)
    brought(store, standing(store, "REC-003")[0], BreachState.CLOSED, FSS)  # its end remedied it
    with writing(store.engine) as connection:
        read_verdict(connection, KORBIT, number, at=NOW)
    before = row_count(store)
    assert before == 4
    with reading(store.engine) as connection:
        row = dict(connection.execute(select(table)).mappings().one())
    attempts = [update(table).values(at=NOW), delete(table)]
    if store.engine.dialect.name == "sqlite":
        attempts.append(insert(table).prefix_with("OR REPLACE").values(row))
    else:
        attempts.append(text(f"TRUNCATE {table} CASCADE"))
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="stays as it was said"), writing(store.engine) as connection:
            connection.execute(attempt)
    assert row_count(store) == before


def test_every_kind_of_finding_is_explained_remedied_or_corrected() -> None:
    from etl.answers import EXPLAINED_KINDS, OVER_WITH_THE_DATA

    assert {Kind.STRUCTURE, Kind.INTEGRITY, Kind.COMPLIANCE, *EXPLAINED_KINDS} == set(Kind)
    assert {all_rules()[rule].kind for rule in OVER_WITH_THE_DATA} == {Kind.COMPLIANCE}

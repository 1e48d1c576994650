"""The page of answers for each role, its forms, and how findings stand on other pages: never another exchange's."""

import re
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import pytest
from answer_store import DAYS, NOW, fill
from opening import keep_nothing, opened_at, shown
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from app.answers.breaches import breach_list
from app.answers.explanation_parts import explained_text
from app.answers.explanations import ExplainedCount, explanations_given
from app.answers.history import answer_history
from app.answers.submission_answers import finding_answers
from app.answers.unread import verdict_readers
from app.queries.choice import Choice
from app.scope import Identity, Role, Scope
from app.words import LANGUAGES, say
from etl.answers import LEAST_FOR_SHARE, Outcome
from etl.exchanges import all_exchanges
from etl.records.answer_tables import verdict_reads
from etl.records.answers import Actor, decide, explain
from etl.records.engine import reading, writing
from etl.records.tables import findings, submissions
from etl.store import Store, open_store
from expectations.vocabulary import Period

pytestmark = pytest.mark.slow

KORBIT = Identity("P-korbit", "korbit", Scope(Role.EXCHANGE, ("korbit",)))
GOPAX = Identity("P-gopax", "gopax", Scope(Role.EXCHANGE, ("gopax",)))
FSS = Identity("P-fss", "fss", Scope(Role.SUPERVISOR, tuple(all_exchanges())))
ADMIN = Identity("P-admin", "admin", Scope(Role.ADMIN, tuple(all_exchanges()), has_row_grant=True))
MANAGER = Identity("P-manager", "manager", Scope(Role.MANAGER, tuple(all_exchanges())))
CHOICE = Choice((), Period.parse(DAYS[0]).first_day, Period.parse(DAYS[-1]).first_day)

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("answers"))


@pytest.fixture
def home(filled_once: Path, tmp_path: Path) -> Path:
    """A store of the test's own: what is answered in it cannot be taken back."""
    from shutil import copytree

    return Path(copytree(filled_once, tmp_path / "home"))


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, home: Path) -> Open:
    """Opens a page as somebody, with the given parameters in its address."""

    def open_page(who: Identity, name: str = "answers", **address: str) -> AppTest:
        monkeypatch.setenv("DAXA_HOME", str(home))
        monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
        monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
        monkeypatch.setattr("app.sign_in.present.current_identity", lambda: who)
        return opened_at(name, **address)

    return open_page


def html_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


def headings(session: AppTest) -> list[str]:
    return [heading.value for heading in session.subheader]


def table_with(session: AppTest, *columns: str) -> list[dict[str, object]]:
    frame = next(frame.value for frame in session.dataframe if set(columns) <= set(frame.value))
    return frame.to_dict("records")


def number_of(store: Store, rule: str, exchange: str = "korbit", period: str = DAYS[0]) -> int:
    with reading(store.engine) as connection:
        query = select(findings.c.id).where(
            findings.c.rule == rule,
            findings.c.exchange == exchange,
            findings.c.period == period,
            findings.c.lifted_at.is_(None),
        )
        return int(connection.execute(query).scalar_one())


def submission_of(store: Store, exchange: str = "korbit", period: str = DAYS[0]) -> str:
    with reading(store.engine) as connection:
        c = submissions.c
        query = select(c.id).where(c.exchange == exchange, c.period == period, c.report == "reconciliation")
        return str(connection.execute(query).scalar_one())


def sent(session: AppTest, text: str, label: str, language: str = "ko") -> AppTest:
    session.text_area[0].input(text)
    next(button for button in session.button if button.label == say(label, language)).click()
    session.run()
    shown(session)
    return session


def actor(who: Identity) -> Actor:
    return Actor(who.person, who.scope.role, who.scope.exchanges)


def accept(store: Store, until: str, exchange: Identity = KORBIT) -> str:
    number = number_of(store, "REC-007", exchange.scope.exchanges[0], DAYS[0] if exchange is KORBIT else DAYS[-1])
    with writing(store.engine) as connection:
        made = explain(connection, actor(exchange), number, "ETH is reconciled weekly", at=NOW)
        day = Period.parse(until).first_day
        decide(connection, actor(FSS), made.id, Outcome.ACCEPTED, "known", until=day, at=NOW)
    return made.id


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("who", [KORBIT, FSS, ADMIN], ids=lambda who: who.name)
def test_the_page_says_what_waits_for_whoever_looks(opened: Open, who: Identity, language: str) -> None:
    session = opened(who, lang=language)
    count = 1 if who is KORBIT else 2
    assert say("answers.to_explain", language, count=count) in headings(session)
    assert say("answers.breaches", language, count=3 if who is KORBIT else 4) in headings(session)
    assert (say("answers.by_exchange", language) in headings(session)) == (who is not KORBIT)
    (same,) = {row["same_count"] for row in table_with(session, "same_count") if row["rule"] == "REC-007"} - {1}
    assert same == len(DAYS)


def test_managers_have_no_such_page(opened: Open) -> None:
    with pytest.raises(ValueError, match="answers"):
        opened(MANAGER)


def test_an_exchange_explains_and_the_supervisor_decides(opened: Open, store: Store) -> None:
    number = number_of(store, "REC-007")
    session = sent(opened(KORBIT, finding=str(number)), "ETH is reconciled weekly", "answers.form.explain")
    assert say("answers.done.explained", "ko") in html_of(session)
    assert say("answers.to_explain", "ko", count=0) in headings(session)
    (given,) = table_with(session, "said", "answer")
    assert given["said"] == "ETH is reconciled weekly"
    (waiting,) = table_with(opened(FSS), "said", "open_finding_count")
    assert (waiting["open_finding_count"], waiting["person"]) == (3, "P-korbit")
    session = sent(opened(FSS, explanation=str(waiting["id"])), "known since June", "answers.form.decide")
    assert say("answers.done.decided", "ko") in html_of(session)
    assert say("answers.decided", "ko", count=1) in headings(session)
    mark = f"● {say('answer.accepted_until', 'ko', until='2027-02-20')}"
    for period in DAYS:  # carried forward to the next days, and none of them is hidden by it
        shown = opened(KORBIT, "submissions", submission=submission_of(store, period=period))
        (row,) = [row for row in table_with(shown, "sentence", "answer") if row["rule"] == "REC-007"]
        assert row["answer"] == mark
        assert "known since June" in str(row["answer_text"])


def test_a_text_that_cannot_stand_is_said_so_and_nothing_is_written(opened: Open, store: Store) -> None:
    session = opened(KORBIT, finding=str(number_of(store, "REC-007")))
    for text, code in (("", "no_text"), ("call 010-1234-5678", "personal_data")):
        session = sent(session, text, "answers.form.explain")
        assert say(f"answers.error.{code}", "ko") in html_of(session)
    assert explanations_given(store, FSS.scope, CHOICE) == ()


def test_whoever_lost_their_role_meanwhile_writes_nothing(
    opened: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(KORBIT, finding=str(number_of(store, "REC-007")))
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: MANAGER)
    session.text_area[0].input("ETH is reconciled weekly")
    next(button for button in session.button if button.label == say("answers.form.explain", "ko")).click()
    session.run()
    assert explanations_given(store, FSS.scope, CHOICE) == ()


def test_a_breach_goes_from_its_exchange_to_the_supervisor_and_back(opened: Open, store: Store) -> None:
    breaches = {one.finding.rule: one for one in breach_list(store, KORBIT.scope, CHOICE)}
    mark = breaches["REC-002"].occurrence
    session = sent(opened(KORBIT, breach=mark), "the feed was restarted", "answers.form.make_remedied")
    assert say("answers.done.made_remedied", "ko") in html_of(session)
    session = sent(opened(FSS, breach=mark), "seen", "answers.form.make_closed")
    session = sent(opened(FSS, breach=mark, state="closed"), "again today", "answers.form.make_open")
    steps = [row["answer"] for row in table_with(session, "said", "answer", "at") if len(row) == 4]
    words = [say(f"answer.{name}", "ko") for name in ("found", "remedied", "closed", "reopened")]
    assert [str(step).partition(" ")[2] for step in steps] == words
    assert [one.state for one in breach_list(store, FSS.scope, CHOICE) if one.occurrence == mark] == ["open"]


@pytest.mark.parametrize("who", [FSS, ADMIN], ids=lambda who: who.name)
def test_only_the_exchange_has_a_form_to_explain(opened: Open, store: Store, who: Identity) -> None:
    session = opened(who, finding=str(number_of(store, "REC-007")))
    assert not session.text_area
    assert escape(say("answers.only_exchange", "ko")) in html_of(session)


def test_an_exchange_sees_and_answers_nothing_of_another(opened: Open, store: Store) -> None:
    which = accept(store, "2026-12-31")
    mark = breach_list(store, KORBIT.scope, CHOICE)[0].occurrence
    theirs = {"finding": str(number_of(store, "REC-007", period=DAYS[2])), "explanation": which, "breach": mark}
    for picks in ({}, *({name: value} for name, value in theirs.items())):
        session = opened(GOPAX, exchange="korbit", state="all", **picks)
        # The link to copy is the address that was opened, whatever stands in it.
        html = re.sub(r'<p class="share">.*?</p>', "", html_of(session), flags=re.DOTALL)
        drawn = " ".join(str(frame.value.to_dict()) for frame in session.dataframe) + html
        assert not session.text_area
        assert not [
            word for word in ("코빗", "korbit", "weekly", which, DAYS[0]) if word in drawn.replace("-korbit", "")
        ]
    for question in (explanations_given, answer_history):
        assert question(store, GOPAX.scope, Choice(("korbit",), CHOICE.first_day, CHOICE.last_day)) == ()
    submission = submission_of(store)
    assert finding_answers(store, GOPAX.scope, submission, tuple(range(20))) == ()
    assert verdict_readers(store, GOPAX.scope, submission) == ()
    opened(GOPAX, "submissions", submission=submission)
    with reading(store.engine) as connection:
        assert connection.execute(select(verdict_reads)).all() == []


def test_who_opened_a_verdict_is_kept_once_and_shown(opened: Open, store: Store) -> None:
    submission = submission_of(store)
    assert say("answers.unread", "ko", count=3) in headings(opened(KORBIT))
    opened(FSS, "submissions", submission=submission)
    opened(KORBIT, "submissions", submission=submission)
    opened(KORBIT, "submissions", submission=submission)
    with reading(store.engine) as connection:
        assert len(connection.execute(select(verdict_reads)).all()) == 1
    assert say("answers.unread", "ko", count=2) in headings(opened(KORBIT))
    assert say("answers.unread", "ko", count=3) in headings(opened(FSS))  # two of Korbit, one of Gopax
    shown = html_of(opened(FSS, "submissions", submission=submission))
    assert say("answers.read_by", "ko", names="P-korbit 2026-11-22 11:00") in shown
    colleague = Identity("P-korbit-2", "korbit-2", KORBIT.scope)
    assert say("answers.unread", "ko", count=3) in headings(opened(colleague))


def test_the_rules_page_tells_what_was_explained_away_with_its_denominator(opened: Open, store: Store) -> None:
    accept(store, DAYS[-1].replace("21", "22"))
    accept(store, "2026-12-31", GOPAX)
    (row,) = [row for row in table_with(opened(FSS, "rules"), "explained_away") if row["rule"] == "REC-007"]
    assert row["explained_away"] == "4 / 4"  # too few for a share
    rows = table_with(opened(FSS, "rules", rule="REC-007"), "accepted_count")
    assert [(row["found_count"], row["accepted_count"]) for row in rows] == [(1, 1), (3, 3)]
    assert all(row["accepted_share"] != row["accepted_share"] or row["accepted_share"] is None for row in rows)
    assert len(DAYS) + 1 < LEAST_FOR_SHARE


@pytest.mark.parametrize(
    ("found", "accepted", "text"),
    [(4, 4, "4 / 4"), (5, 2, "2 / 5 (40.0 %)"), (5, 0, "0 / 5 (0.0 %)"), (0, 0, "")],
)
def test_no_share_is_told_of_a_few(opened: Open, found: int, accepted: int, text: str) -> None:
    counts = [ExplainedCount("REC-007", "korbit", found, accepted, None)] if found else []
    assert explained_text(counts) == text

"""Whoever decides sees in one panel what was found and expected, the row as it was filed, the file and the rule."""

from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from shutil import copytree

import pytest
from answer_store import DAYS, NOW, filed, fill
from opening import keep_nothing, opened_at
from streamlit.testing.v1 import AppTest

from app.answers.breaches import BreachLine, breach_list
from app.answers.evidence import AROUND, decided_finding, explained_finding, rows_about
from app.answers.explanations import awaiting_explanation, explanations_given
from app.answers.mark_parts import finding_words
from app.queries.choice import Choice
from app.queries.origin import rows_behind
from app.scope import Identity, Role, Scope
from app.words import LANGUAGES, say
from etl.exchanges import all_exchanges
from etl.records.answers import Actor, explain
from etl.records.engine import reading, writing
from etl.records.submissions import by_id
from etl.store import Store, open_store
from expectations.catalogue import all_reports, all_rules
from expectations.vocabulary import Finding, Period, State

pytestmark = pytest.mark.slow

KORBIT = Identity("P-korbit", "korbit", Scope(Role.EXCHANGE, ("korbit",)))
GOPAX = Identity("P-gopax", "gopax", Scope(Role.EXCHANGE, ("gopax",)))
FSS = Identity("P-fss", "fss", Scope(Role.SUPERVISOR, tuple(all_exchanges())))
MANAGER = Identity("P-manager", "manager", Scope(Role.MANAGER, tuple(all_exchanges())))
CHOICE = Choice((), Period.parse(DAYS[0]).first_day, Period.parse(DAYS[-1]).first_day)
FILE = f"korbit_reconciliation_{DAYS[0]}.csv"


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("evidence"))


@pytest.fixture
def store(filled_once: Path, tmp_path: Path) -> Iterator[Store]:
    home = Path(copytree(filled_once, tmp_path / "home"))
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


def opened(
    monkeypatch: pytest.MonkeyPatch, store: Store, who: Identity, name: str = "answers", **address: str
) -> AppTest:
    monkeypatch.setenv("DAXA_HOME", str(store.home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: who)
    return opened_at(name, **address)


def html_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


def rows_of(session: AppTest) -> list[dict[str, object]]:
    """The filed rows on the page, none where none are shown."""
    frames = [frame.value for frame in session.dataframe if "source_row" in frame.value]
    return frames[0].to_dict("records") if frames else []


def breach_of(store: Store, rule: str) -> BreachLine:
    (one,) = [one for one in breach_list(store, KORBIT.scope, CHOICE) if one.finding.rule == rule]
    return one


def leads_to_file_and_rule(html: str, submission: str, file: str, rule: str, language: str) -> bool:
    parts = (
        f"submission={submission}",
        f"rule={rule}",
        say("answers.to_file", language, file=file),
        say("answers.to_rule", language, rule=rule),
    )
    return all(escape(part) in html for part in parts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("who", [FSS, KORBIT], ids=lambda who: who.name)
@pytest.mark.parametrize("rule", ["REC-002", "REC-003"])
def test_a_breach_stands_with_its_rows_its_file_and_its_rule(
    monkeypatch: pytest.MonkeyPatch, store: Store, rule: str, who: Identity, language: str
) -> None:
    one = breach_of(store, rule)
    session = opened(monkeypatch, store, who, breach=one.occurrence, state="all", lang=language)
    html = html_of(session)
    assert leads_to_file_and_rule(html, one.submission, FILE, rule, language)
    for name in ("found", "expected", "interval", "statement"):
        assert f"<dt>{escape(say(f'column.{name}', language))}</dt>" in html
    assert escape(all_rules()[rule].statement.in_language(language)) in html
    rows = rows_of(session)
    assert rows
    assert {row["file"] for row in rows} == {FILE}
    assert one.finding.start is not None
    assert one.finding.end is not None
    expected = int((one.finding.end - one.finding.start + 2 * AROUND).total_seconds() // 300)
    gap = int((one.finding.end - one.finding.start).total_seconds() // 300) if rule == "REC-002" else 0
    assert abs(len(rows) - (expected - gap)) <= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_explanation_stands_with_what_it_is_of(monkeypatch: pytest.MonkeyPatch, store: Store, language: str) -> None:
    (matter,) = [one for one in awaiting_explanation(store, KORBIT.scope, CHOICE) if one.finding.rule == "REC-007"]
    html = html_of(opened(monkeypatch, store, KORBIT, finding=str(matter.first), lang=language))
    newest = f"korbit_reconciliation_{DAYS[-1]}.csv"
    assert leads_to_file_and_rule(html, matter.submission, newest, "REC-007", language)
    with writing(store.engine) as connection:
        actor = Actor(KORBIT.person, KORBIT.scope.role, KORBIT.scope.exchanges)
        made = explain(connection, actor, matter.first, "ETH is reconciled weekly", at=NOW)
    (given,) = explanations_given(store, FSS.scope, CHOICE)
    session = opened(monkeypatch, store, FSS, explanation=made.id, lang=language)
    html = html_of(session)
    assert leads_to_file_and_rule(html, given.explanation.submission, FILE, "REC-007", language)
    assert "ETH is reconciled weekly" in html
    assert html.index(say("answers.to_rule", language, rule="REC-007")) < html.rindex("ETH is reconciled weekly")
    finding = explained_finding(store, FSS.scope, given.explanation.submission, given.explanation.fingerprint)
    assert finding is not None
    assert (finding.finding.rule, finding.finding.subject, finding.file) == ("REC-007", "ETH", FILE)


def test_the_rows_of_a_file_that_was_corrected_since_are_shown_as_they_were(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    before = breach_of(store, "REC-003")
    filed(store, store.home / "again", "korbit", DAYS[0])
    with reading(store.engine) as connection:
        old = by_id(connection, before.submission)
    assert old is not None
    assert old.state is State.SUPERSEDED
    after = breach_of(store, "REC-003")
    assert after.submission == before.submission
    session = opened(monkeypatch, store, FSS, breach=after.occurrence, state="all")
    assert say("state.superseded", "ko") in html_of(session)
    rows = rows_of(session)
    assert "mismatch" in str(rows) or say("code.mismatch", "ko") in str(rows)


@pytest.mark.parametrize("who", [GOPAX, MANAGER], ids=lambda who: who.name)
def test_nobody_sees_the_evidence_of_another(store: Store, who: Identity) -> None:
    one = breach_of(store, "REC-003")
    assert decided_finding(store, FSS.scope, one.finding_number) is not None
    assert decided_finding(store, who.scope, one.finding_number) is None
    assert explained_finding(store, who.scope, one.submission, "0" * 64) is None
    day = Period.parse(DAYS[0]).first_day
    theirs = ("reconciliation", "korbit", day, day, "true", ())
    assert rows_behind(store, who.scope, *theirs, submission=one.submission).empty
    assert not rows_behind(store, FSS.scope, *theirs, submission=one.submission).empty
    assert rows_behind(store, FSS.scope, "halts", *theirs[1:], submission=one.submission).empty


def test_a_finding_that_is_not_there_has_no_evidence(store: Store) -> None:
    assert decided_finding(store, FSS.scope, 10**9) is None
    assert explained_finding(store, FSS.scope, breach_of(store, "REC-003").submission, "0" * 64) is None


@pytest.mark.parametrize("report", all_reports())
@pytest.mark.parametrize("exchange", ["korbit"])
def test_rows_are_asked_for_in_every_report(store: Store, report: str, exchange: str) -> None:
    """By row, by subject, by subject and time; a finding of the file as a whole is about no row."""
    start = Period.parse(DAYS[0]).start
    day = Period.parse(DAYS[0]).first_day
    whole = Finding("SUB-001")
    assert rows_about(report, whole) is None
    for finding in (
        replace(whole, row=2),
        replace(whole, subject="BTC"),
        replace(whole, subject="BTC", start=start),
        replace(whole, subject="BTC", start=start, end=start + AROUND),
    ):
        about = rows_about(report, finding)
        assert about is not None
        frame = rows_behind(store, FSS.scope, report, exchange, day, day, about.condition, about.values)
        assert list(frame.columns[:2]) == ["file", "source_row"]
        if report == "reconciliation":
            assert len(frame) == {2: 1}.get(finding.row or 0, len(frame))
            assert not frame.empty


def test_what_was_found_is_told_in_words(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    one = breach_of(store, "REC-002")
    session = opened(monkeypatch, store, FSS, breach=one.occurrence, state="all", lang="en")

    class View:
        language = "en"

    words = finding_words(View(), one.finding)  # type: ignore[arg-type]
    assert words.found is not None
    assert f"<dd>{escape(words.found)}</dd>" in html_of(session)

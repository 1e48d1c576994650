"""What became of the rules, on screens: of a submission rule by rule, of a rule by exchange and month."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest
import small_store
from opening import keep_nothing, opened_at
from people import EVERYBODY
from streamlit.testing.v1 import AppTest

from app.queries.choice import Choice
from app.rules.judged import judged_rules, rule_months
from app.scope import Role, Scope
from app.words import LANGUAGES, say
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.store import Store, open_store
from expectations.catalogue import all_rules, rules_for
from expectations.vocabulary import Period, State

GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
FIRST, LAST = Period.parse("2026-11-02").first_day, Period.parse("2026-11-06").first_day


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_store.fill_small(tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[Store]:
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture(autouse=True)
def _looked_at(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[None]:
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", small_store.NOW.isoformat())
    keep_nothing()
    yield
    keep_nothing()


def filed(store: Store, report: str, period: str) -> Submission:
    with reading(store.engine) as connection:
        (one,) = (one for one in life.listed(connection, report=report) if one.period.text == period)
    return one


def text_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


def judged_on(session: AppTest) -> dict[str, dict[str, str]]:
    """The table of a submission's rules, by rule."""
    (frame,) = (one.value for one in session.dataframe if "rule_outcome" in one.value)
    return {str(row["rule"]): row for row in frame.to_dict("records")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_submission_shows_what_became_of_every_rule(store: Store, language: str) -> None:
    one = filed(store, "reconciliation", "2026-11-04")
    session = opened_at("submissions", submission=one.id, lang=language)
    rows = judged_on(session)
    assert rows.keys() >= {rule.id for rule in rules_for("reconciliation")}
    assert rows["REC-003"]["rule_outcome"] == say("rule_outcome.found", language, count=1)
    assert rows["REC-007"]["rule_outcome"] == say("rule_outcome.not_evaluated", language)
    assert "2026-11-04" in rows["REC-007"]["why"]
    assert rows["REC-008"]["rule_outcome"] == say("rule_outcome.not_applicable", language)
    assert judged_rules(store, EVERYBODY, one.id, language).overall.startswith(
        say("ledger.findings", language, count=2)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_findings_is_never_said_without_what_was_not_evaluated(store: Store, language: str) -> None:
    nil = filed(store, "halts", "2026-11-02")
    assert nil.state is State.ACCEPTED
    overall = judged_rules(store, EVERYBODY, nil.id, language).overall
    rules = "HLT-005, HLT-008"
    assert overall == "; ".join(
        (say("ledger.no_findings", language), say("ledger.not_evaluated", language, count=2, rules=rules))
    )
    session = opened_at("submissions", submission=nil.id, lang=language)
    assert text_of(session).count(escape(overall)) == 2, "in place of findings, and above the rules"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rule_says_on_how_many_days_it_was_evaluated_for_whom(store: Store, language: str) -> None:
    days = {"period": "custom", "from_": "2026-11-02", "to": "2026-11-06", "exchange": "korbit"}
    session = opened_at("rules", rule="HLT-005", lang=language, **days)
    (frame,) = (one.value for one in session.dataframe if "evaluated_count" in one.value)
    (row,) = frame.to_dict("records")
    assert (row["month"], row["period_count"], row["evaluated_count"]) == ("2026-11", 5, 1)
    counts = {"evaluated": "1", "due": "5", "apart": "0"}
    assert escape(say("ledger.of_days", language, **counts)) in text_of(session)


@pytest.mark.parametrize("rule", all_rules())
def test_the_months_of_every_rule_count_each_period_once(store: Store, rule: str) -> None:
    found = rule_months(store, EVERYBODY, Choice((), FIRST, LAST), rule, small_store.NOW)
    for one in found:
        parts = (one.evaluated_count, one.not_applicable_count, one.not_evaluated_count, one.failed_count)
        assert sum(parts) + one.not_recorded_count == one.period_count
    assert len({(one.month, one.exchange) for one in found}) == len(found)


def test_an_exchange_sees_nothing_of_another(store: Store) -> None:
    one = filed(store, "reconciliation", "2026-11-04")
    assert judged_rules(store, GOPAX_ONLY, one.id, "ko").rules == ()
    found = rule_months(store, GOPAX_ONLY, Choice((), FIRST, LAST), "REC-007", small_store.NOW)
    assert {one.exchange for one in found} == {"gopax"}

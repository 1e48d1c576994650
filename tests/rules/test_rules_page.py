"""The page of rules: its list, one rule of it with examples and findings, and the proof that is made on it."""

import re
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import pytest
from demo_store import LAST_DAY, NOW
from opening import keep_nothing, opened_at, shown
from people import EVERYBODY
from streamlit.testing.v1 import AppTest

from app.queries.choice import Choice
from app.rules.findings import OPEN_PAGE, About, finding_counts
from app.words import LANGUAGES, say
from etl.store import Store, open_store
from expectations.catalogue import all_rules

Open = Callable[..., AppTest]


@pytest.fixture
def store(filled_home: Path) -> Iterator[Store]:
    opened = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """The engine that a page opened is closed with it."""
    yield
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the page of rules over the store at a home, with the given parameters in its URL."""

    def open_page(home: Path, **address: str) -> AppTest:
        monkeypatch.setenv("DAXA_HOME", str(home))
        monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
        monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
        return opened_at("rules", **address)

    return open_page


def html_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", all_rules())
def test_every_rule_can_be_looked_at(opened: Open, empty_home: Path, rule: str, language: str) -> None:
    session = opened(empty_home, rule=rule, lang=language)
    text = html_of(session)
    assert escape(all_rules()[rule].remedy.in_language(language)) in text
    conditions = [code for code in session.code if not code.value.startswith(("http", "?", "/")) and code.value]
    assert (len(conditions) == 1) == bool(all_rules()[rule].kwargs)
    cells = {str(cell) for frame in session.dataframe for cell in frame.value.to_numpy().ravel()}
    assert not [cell for cell in cells if re.search(r"\dT\d\d:.*[+-]\d\d:\d\d", cell) or re.match(r"\d{4,39}$", cell)]
    read = all_rules()[rule].interpretation
    for said in (read.clause, read.reading, read.rationale, read.expected_to_change):
        assert said is None or escape(said.in_language(language)) in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_expected_change_is_shown_in_the_list_and_at_the_rule(opened: Open, empty_home: Path, language: str) -> None:
    session = opened(empty_home, rule="REC-004", lang=language)
    book = session.dataframe[0].value.set_index("rule")
    mark = say("interpretation.mark", language)
    expected = {rule.id for rule in all_rules().values() if rule.interpretation.expected_to_change}
    assert set(book.index[book["expected_to_change"] == mark]) == expected
    assert set(book["expected_to_change"]) == {mark, ""}
    text = html_of(session)
    read = all_rules()["REC-004"].interpretation
    assert read.expected_to_change is not None
    change = read.expected_to_change.in_language(language)
    assert escape(say("interpretation.expected", language, change=change)) in text
    for decision in read.decided:
        assert f"{say(f'decider.{decision.by}', language)} {decision.on}" in text
    steady = html_of(opened(empty_home, rule="VOL-002", lang=language))
    assert say("interpretation.not_expected", language) in steady


def test_rules_are_filtered_by_kind_report_and_source(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, kind="compliance", report="reconciliation", source="LAW")
    book = session.dataframe[0].value
    assert book["rule"].tolist() == ["REC-003"]
    common = opened(filled_home, report="common").dataframe[0].value
    assert {name.partition("-")[0] for name in common["rule"]} == {"SUB", "CAL", "XEX", "FIX"}


def test_a_rule_shows_its_findings_and_what_it_could_not_judge(opened: Open, filled_home: Path, store: Store) -> None:
    choice = Choice((), LAST_DAY.replace(day=1), LAST_DAY)
    counts = finding_counts(store, EVERYBODY, choice, About())
    still_open = sum(one.open_finding_count for one in counts if one.rule == "REC-002")
    assert still_open
    session = opened(filled_home, rule="REC-002", period="30d")
    assert say("list.open_findings", "ko", count=still_open) in [heading.value for heading in session.subheader]
    sentences = next(frame.value["sentence"] for frame in session.dataframe if "sentence" in frame.value)
    assert len(sentences) == min(still_open, OPEN_PAGE)


def test_a_rule_without_a_threshold_at_an_exchange_is_not_said_to_be_kept_there(
    opened: Open, filled_home: Path
) -> None:
    book = opened(filled_home, kind="compliance", report="api_keys").dataframe[0].value.set_index("rule")
    assert book["unevaluated_day_count"].isna().all()  # none of them needs another report
    row = book.loc["KEY-007"]
    assert (row["upbit"], row["bithumb"]) == (0, 0)
    assert row[["coinone", "korbit", "gopax"]].isna().all()


def test_a_rule_that_does_not_exist_is_said_so(opened: Open, filled_home: Path) -> None:
    assert "REC-<b>" not in html_of(opened(filled_home, rule="REC-<b>"))
    assert say("empty.rule", "ko", rule="ABC-1") in html_of(opened(filled_home, rule="ABC-1"))


@pytest.mark.slow
@pytest.mark.usefixtures("judged_in_this_process")
@pytest.mark.parametrize(("rule", "apart"), [("REC-002", 0), ("KEY-007", 3)])
def test_a_rule_is_proven_on_its_page(opened: Open, filled_home: Path, rule: str, apart: int) -> None:
    session = opened(filled_home, rule=rule)
    session.default_timeout = 300
    session.button(key=f"proof.{rule}").click()
    session.run()
    shown(session)
    (cells,) = [frame.value for frame in session.dataframe if "proof" in frame.value]
    told = [say("proof.holds", "ko")] * (5 - apart) + [say("proof.apart", "ko")] * apart
    assert sorted(cells["proof"]) == sorted(told)
    assert set(cells["reason"].dropna()) == ({say(f"not_applicable.{rule}", "ko")} if apart else set())

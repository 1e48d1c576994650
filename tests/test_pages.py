"""Every page through the entrypoint, in both languages, with simulated data and with an empty store."""

import re
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from types import MappingProxyType

import pytest
from demo_store import LAST_DAY, NOW
from opening import keep_nothing, opened_at, shown
from people import EVERYBODY, identity_of
from streamlit.testing.v1 import AppTest

from app.filing.submissions import Wanted, submission_list
from app.navigation import SCREENS
from app.queries.choice import Choice
from app.rules.findings import STANDING_PAGE, About, finding_counts
from app.scope import Role
from app.words import LANGUAGES, say
from etl.exchanges import all_exchanges
from etl.store import Store, open_store
from expectations.catalogue import all_rules

ROOT = Path(__file__).resolve().parent.parent
NAMES = tuple(screen.name for screen in SCREENS if Role.SUPERVISOR in screen.roles)
EMPTY_SENTENCES = MappingProxyType(
    {
        "overview": "empty.store",
        "api_volume": "empty.store",
        "key_revocations": "empty.store",
        "reconciliation": "empty.store",
        "halts": "empty.store",
        "audits": "empty.store",
        "surveillance": "empty.store",
        "data_quality": "empty.store",
        "submissions": "empty.store",
        "answers": "empty.store",
        "trends": "empty.store",
        "rules": "empty.store",
    }
)

Open = Callable[..., AppTest]


@pytest.fixture
def store(filled_home: Path) -> Iterator[Store]:
    opened = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Engines that the screens opened are closed with them."""
    yield
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page of the dashboard over the store at a home, with the given parameters in its address."""

    def open_page(home: Path, name: str, **address: str) -> AppTest:
        monkeypatch.setenv("DAXA_HOME", str(home))
        monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
        monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
        return opened_at(name, **address)

    return open_page


def html_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_with_data(opened: Open, filled_home: Path, name: str, language: str) -> None:
    session = opened(filled_home, name, lang=language)
    assert session.title[0].value == say(f"{name}.title", language)
    assert say("empty.store", language) not in html_of(session)
    assert len(session.dataframe) + len(session.get("plotly_chart")) >= 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_with_an_empty_store(opened: Open, empty_home: Path, name: str, language: str) -> None:
    session = opened(empty_home, name, lang=language)
    assert session.title[0].value == say(f"{name}.title", language)
    assert say(EMPTY_SENTENCES[name], language) in html_of(session)
    assert say("head.no_data", language) in html_of(session)


@pytest.mark.parametrize("name", NAMES)
def test_filters_that_leave_nothing_say_so(opened: Open, filled_home: Path, name: str) -> None:
    days = {"period": "custom", "from_": "2025-01-01", "to": "2025-01-07"}
    text = html_of(opened(filled_home, name, **days))
    assert "2025-01-01" in text
    assert 'class="empty"' in text
    assert say("empty.store", "ko") not in text


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_has_words_for_those_who_do_not_see_it(opened: Open, filled_home: Path, name: str) -> None:
    for chart in opened(filled_home, name).get("plotly_chart"):
        assert chart.proto.alt
        assert '"showSendToCloud": false' in chart.proto.config


def test_the_matrix_has_a_linked_cell_for_every_exchange_and_report(opened: Open, filled_home: Path) -> None:
    (matrix,) = re.findall(r'<table class="matrix">.*?</table>', html_of(opened(filled_home, "overview")), re.DOTALL)
    cells = re.findall(r'<td class="(\w+)"><a href="([^"]+)">', matrix)
    assert len(cells) == 5 * 7
    assert all("/submissions?" in address and "report=" in address for _, address in cells)
    assert {"current", "unrecorded"} <= {stand for stand, _ in cells}


def test_the_address_chooses_exchanges_and_days(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "api_volume", exchange="gopax,korbit", period="7d")
    ranking = session.dataframe[0].value
    assert set(ranking["exchange"]) == {"고팍스", "코빗"}
    assert all(filing.startswith(("7/7", "6/7")) for filing in ranking["filing"])


@pytest.mark.parametrize(
    "address",
    [{"exchange": "nobody"}, {"period": "forever"}, {"lang": "fr"}, {"period": "custom", "from_": "soon"}],
    ids=str,
)
def test_an_address_that_makes_no_sense_shows_the_defaults(
    opened: Open, filled_home: Path, address: dict[str, str]
) -> None:
    session = opened(filled_home, "api_volume", **address)
    assert len(session.dataframe[0].value) == 5


def test_a_picked_day_shows_file_and_rows(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "api_volume", at="korbit", day=str(LAST_DAY))
    rows = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert set(rows["file"]) == {f"korbit_api_volume_{LAST_DAY}.csv"}
    assert rows["source_row"].tolist() == list(range(2, 2 + len(rows)))


def test_a_picked_asset_shows_its_checks(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "reconciliation", at="korbit", day="2026-11-13", asset="ETH")
    assert len(session.get("plotly_chart")) == 7
    rows = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert set(rows["result"]) == {say("code.mismatch", "ko")}


def test_a_rejected_file_shows_its_findings(opened: Open, filled_home: Path, store: Store) -> None:
    choice = Choice((), LAST_DAY.replace(day=13), LAST_DAY)
    rejected = submission_list(store, EVERYBODY, choice, Wanted(state="rejected"))
    submission = rejected[0].id
    for language in LANGUAGES:
        session = opened(filled_home, "submissions", submission=submission, lang=language)
        found = next(frame.value for frame in session.dataframe if "sentence" in frame.value)
        assert len(found) == rejected[0].finding_count
        assert bool(re.search("[가-힣]", found["sentence"].iloc[0])) == (language == "ko")


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", all_rules())
def test_every_rule_can_be_looked_at(opened: Open, empty_home: Path, rule: str, language: str) -> None:
    session = opened(empty_home, "rules", rule=rule, lang=language)
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
def test_what_is_expected_to_change_is_seen_in_the_book_and_at_the_rule(
    opened: Open, empty_home: Path, language: str
) -> None:
    session = opened(empty_home, "rules", rule="REC-004", lang=language)
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
    steady = html_of(opened(empty_home, "rules", rule="VOL-002", lang=language))
    assert say("interpretation.not_expected", language) in steady


def test_rules_are_filtered_by_kind_report_and_source(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "rules", kind="compliance", report="reconciliation", source="LAW")
    book = session.dataframe[0].value
    assert book["rule"].tolist() == ["REC-003"]
    common = opened(filled_home, "rules", report="common").dataframe[0].value
    assert {name.partition("-")[0] for name in common["rule"]} == {"SUB", "CAL", "XEX"}


def test_a_rule_shows_its_findings_and_what_it_could_not_judge(opened: Open, filled_home: Path, store: Store) -> None:
    choice = Choice((), LAST_DAY.replace(day=1), LAST_DAY)
    counts = finding_counts(store, EVERYBODY, choice, About())
    standing = counts[counts["rule"] == "REC-002"]["standing_count"].sum()
    assert standing
    session = opened(filled_home, "rules", rule="REC-002", period="30d")
    assert say("list.standing", "ko", count=standing) in [heading.value for heading in session.subheader]
    sentences = next(frame.value["sentence"] for frame in session.dataframe if "sentence" in frame.value)
    assert len(sentences) == min(standing, STANDING_PAGE)


def test_a_rule_without_a_threshold_at_an_exchange_is_not_said_to_be_kept_there(
    opened: Open, filled_home: Path
) -> None:
    book = opened(filled_home, "rules", kind="compliance", report="api_keys").dataframe[0].value.set_index("rule")
    assert book["unevaluated_day_count"].isna().all()  # none of them needs another report
    row = book.loc["KEY-007"]
    assert (row["upbit"], row["bithumb"]) == (0, 0)
    assert row[["coinone", "korbit", "gopax"]].isna().all()


def test_a_rule_that_does_not_exist_is_said_so(opened: Open, filled_home: Path) -> None:
    assert "REC-<b>" not in html_of(opened(filled_home, "rules", rule="REC-<b>"))
    assert say("empty.rule", "ko", rule="ABC-1") in html_of(opened(filled_home, "rules", rule="ABC-1"))


@pytest.mark.parametrize("name", ["overview", "key_revocations", "reconciliation", "halts", "api_volume"])
def test_a_page_lists_the_standing_findings_of_its_reports(opened: Open, filled_home: Path, name: str) -> None:
    session = opened(filled_home, name)
    headings = " ".join(heading.value for heading in session.subheader)
    key = "overview.breaches" if name == "overview" else "list.standing"
    assert say(key, "ko", count="#").partition("#")[0] in headings


def test_a_cell_of_the_overview_says_the_gravest_kind_that_stands(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "overview")
    assert f"▲ {say('code.compliance', 'ko')}" in html_of(session)
    assert say("overview.unevaluated", "ko") in [heading.value for heading in session.subheader]


def test_a_long_list_is_turned_page_by_page(opened: Open, filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.filing.submissions.LIST_PAGE", 7)
    first = opened(filled_home, "submissions").dataframe[0].value
    second = opened(filled_home, "submissions", history="2").dataframe[0].value
    assert len(first) == len(second) == 7
    assert not set(first["sha256"]) & set(second["sha256"])
    assert opened(filled_home, "submissions", history="99999").dataframe[0].value.shape[0] > 0


def test_a_submission_that_does_not_exist_is_said_so(opened: Open, filled_home: Path) -> None:
    text = html_of(opened(filled_home, "submissions", submission="20990101-<b>"))
    assert "20990101-&lt;b&gt;" in text


def test_a_page_without_the_dashboard_shows_nothing(filled_home: Path) -> None:
    session = AppTest.from_file(str(ROOT / "pages" / "overview.py"), default_timeout=60).run()
    assert not session.title
    assert not session.dataframe


@pytest.mark.parametrize("name", NAMES)
def test_an_exchange_sees_nothing_of_another(
    opened: Open, filled_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whatever the page draws (tables, charts, cells of a matrix) is of the exchange that asks, also by address."""
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: identity_of(Role.EXCHANGE, "korbit"))
    if Role.EXCHANGE not in next(screen for screen in SCREENS if screen.name == name).roles:
        pytest.skip(f"{name} is not for exchanges")
    session = opened(filled_home, name, exchange="upbit", at="upbit", day=str(LAST_DAY), asset="BTC")
    drawn = [str(frame.value.to_dict()) for frame in session.dataframe]
    drawn += [chart.proto.spec for chart in session.get("plotly_chart")]
    drawn += re.findall(r"<td.*?</td>", html_of(session), re.DOTALL)
    others = [exchange for exchange in all_exchanges().values() if exchange.id != "korbit"]
    names = {name for other in others for _, wording in other.names for name in (wording.ko, wording.en, other.id)}
    assert drawn or name == "overview"
    assert not [(name, text[:200]) for text in drawn for name in names if name in text and "statement" not in text]


@pytest.mark.slow
@pytest.mark.usefixtures("judged_in_this_process")
@pytest.mark.parametrize(("rule", "apart"), [("REC-002", 0), ("KEY-007", 3)])
def test_a_rule_is_proven_while_one_looks_on(opened: Open, filled_home: Path, rule: str, apart: int) -> None:
    session = opened(filled_home, "rules", rule=rule)
    session.default_timeout = 300
    session.button(key=f"proof.{rule}").click()
    session.run()
    shown(session)
    (cells,) = [frame.value for frame in session.dataframe if "proof" in frame.value]
    told = [say("proof.holds", "ko")] * (5 - apart) + [say("proof.apart", "ko")] * apart
    assert sorted(cells["proof"]) == sorted(told)
    assert set(cells["reason"].dropna()) == ({say(f"not_applicable.{rule}", "ko")} if apart else set())

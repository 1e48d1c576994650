"""The pages of audits, indicators and data quality with something picked: what lies behind it, in both languages."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from html import unescape
from pathlib import Path

import pytest
from opening import keep_nothing, opened_at
from streamlit.testing.v1 import AppTest

from app.testbed.simulator import simulate
from app.words import LANGUAGES, say
from etl import jobs
from etl.exchanges import all_exchanges
from etl.intake import Candidate, Declared
from etl.store import open_store
from expectations.catalogue import report
from expectations.vocabulary import KST

ROOT = Path(__file__).resolve().parent.parent
FIRST_DAY, LAST_DAY = date(2026, 10, 31), date(2026, 11, 11)
"""The midnight of an audit, and the day on which it is due, lie among these."""
NOW = datetime(2026, 11, 12, 11, tzinfo=KST)
ASSETS = 2


@pytest.fixture(scope="module")
def audited_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a store with twelve days of all exchanges about a month's end; Coinone files no audit."""
    home = tmp_path_factory.mktemp("audited")
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    for file in simulate(home / "inbox", FIRST_DAY, LAST_DAY, seed=11, assets=dict.fromkeys(all_exchanges(), ASSETS)):
        if file.received_at <= NOW:
            declared = Declared(file.exchange, file.report, file.period)
            jobs.receive(store, Candidate(file.path, declared), received_at=file.received_at)
    jobs.process(store)
    store.engine.dispose()
    return home


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Engines that the screens opened are closed with them."""
    yield
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


@pytest.fixture
def looking(audited_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The screens look at the simulated store at its own moment."""
    monkeypatch.setenv("DAXA_HOME", str(audited_home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
    yield


def opened(name: str, **address: str) -> AppTest:
    return opened_at(name, **address)


def text_of(session: AppTest) -> str:
    return unescape("\n".join(element.proto.body for element in session.get("html")))


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_audit_shows_its_assets_beside_checks_and_its_rows(language: str) -> None:
    session = opened("audits", at="korbit", month="2026-10", lang=language)
    tables = [frame.value for frame in session.dataframe]
    (assets,) = [table for table in tables if "cover_ratio" in table]
    (rows,) = [table for table in tables if "source_row" in table]
    assert set(assets["asset"]) == set(rows["asset"]) and len(rows) == ASSETS
    assert set(rows["file"]) == {"korbit_audits_2026-10.csv"}
    assert set(assets["comparison"]) == {say("audit_compared.no_finding", language)}
    assert len(session.get("plotly_chart")) == 3
    one = opened("audits", at="korbit", month="2026-10", asset="BTC", lang=language)
    assert [list(frame.value["asset"]) for frame in one.dataframe if "source_row" in frame.value] == [["BTC"]]


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_audit_is_said_and_not_compared(language: str) -> None:
    session = opened("audits", at="coinone", month="2026-10", lang=language)
    text = text_of(session)
    assert "4 / 5" in text
    assert len(session.get("plotly_chart")) == 2
    name = {"ko": "코인원", "en": "Coinone"}[language]
    assert say("empty.audit", language, exchange=name, month="2026-10") in text
    (month,) = [frame.value for frame in session.dataframe if "reconciled_count" in frame.value]
    states = dict(zip(month["exchange"], month["audit_state"], strict=True))
    assert states[name] == f"✕ {say('audit_stand.missing', language)}"


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize("language", LANGUAGES)
def test_indicators_are_to_be_reviewed_and_never_called_violations(language: str) -> None:
    session = opened("surveillance", lang=language)
    text = text_of(session)
    banner = {
        "ko": "검토를 위한 지표입니다. 위반이 있었음을 뜻하지 않습니다.",
        "en": "Indicators for review. They do not show that a violation occurred.",
    }[language]
    assert text.count(banner) == 1
    assert not re.search("violat|breach|위반", text.replace(banner, ""), re.IGNORECASE)
    (lacking,) = [frame.value for frame in session.dataframe if "availability" in frame.value]
    assert set(lacking["availability"]) == {say("unreported.state", language)}
    assert len(session.dataframe[0].value) == 5 * len(report("surveillance").field("pattern").codes)


@pytest.mark.usefixtures("looking")
def test_a_picked_day_leads_to_markets_and_to_rows() -> None:
    address = {"at": "korbit", "pattern": "spoofing", "day": str(LAST_DAY)}
    session = opened("surveillance", **address)
    tables = [frame.value for frame in session.dataframe]
    (markets,) = [table for table in tables if "market_share" in table]
    (rows,) = [table for table in tables if "source_row" in table]
    assert sorted(markets["market"]) == sorted(rows["market"])
    assert set(rows["file"]) == {f"korbit_surveillance_{LAST_DAY}.csv"}
    assert set(rows["pattern"]) == {say("code.spoofing", "ko")}
    one = opened("surveillance", **address, market=rows["market"].iloc[0])
    assert [len(frame.value) for frame in one.dataframe if "source_row" in frame.value] == [1]


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_month_of_quality_shows_every_part_of_its_grades(language: str) -> None:
    session = opened("data_quality", at="coinone", month="2026-10", lang=language)
    tables = [frame.value for frame in session.dataframe]
    (parts,) = [table for table in tables if "measure_word" in table and "part" in table]
    assert len(parts) == 5 * 9
    (grading,) = [table for table in tables if "measure_word" in table and "reason" in table]
    assert len(grading) == 9 + 3
    assert set(grading["source"]) == {f"◇ {say('source.MODEL', language)}"}
    (reports,) = [table for table in tables if "not_due_count" in table]
    told = ("on_time", "late", "missing", "partial", "refused", "received")
    assert (reports["due_count"] == sum(reports[f"{name}_count"] for name in told)).all()
    assert f"✕ {say('step.poor', language)}" in text_of(session)
    missing = say("cap.missing_count", language, count=1)
    assert say("data_quality.capped", language, caps=missing) in text_of(session)


@pytest.mark.usefixtures("looking")
def test_a_cell_of_the_matrix_leads_to_its_exchange_and_month() -> None:
    cells = re.findall(r'<td class="\w*"><a href="([^"]+)">', "\n".join(
        element.proto.body for element in opened("data_quality").get("html")
    ))  # fmt: skip
    assert len(cells) == 5 * 7
    assert all("month=2026-11" in cell and "at=" in cell for cell in cells)

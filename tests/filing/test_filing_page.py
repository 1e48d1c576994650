"""The page of filing: check, draft, submit, nil return, withdraw, and nothing of anybody else's."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.scope import Role
from app.words import LANGUAGES, report_name, say
from etl.drafts import drafts_of
from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store, open_store
from expectations.vocabulary import State
from tests.demo_store import leave_empty
from tests.filing import checks
from tests.filing_desk import NOW, Opened, check, drop, opening, press, settled, somebody, text_of

pytestmark = [pytest.mark.usefixtures("judged_in_this_process"), pytest.mark.slow]

DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"
KORBIT, GOPAX = somebody("korbit"), somebody("gopax")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return leave_empty(tmp_path)


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Opened]:
    with opening(monkeypatch, home) as open_page:
        yield open_page


def filed(store: Store) -> list[tuple[str, str]]:
    with reading(store.engine) as connection:
        return [(one.file, one.state) for one in life.listed(connection)]


def test_a_file_is_checked_kept_as_a_draft_submitted_and_withdrawn(opened: Opened, store: Store) -> None:
    session = check(opened(KORBIT), (NAME, checks(DAY).encode()))
    assert filed(store) == []
    (draft,) = drafts_of(store, ["korbit"], NOW)
    assert (draft.person, draft.state, draft.file) == (KORBIT.person, State.ACCEPTED, NAME)
    text = text_of(session)
    assert say("filing.not_submitted", "ko") in text
    assert "REC-002" in text
    assert say("filing.not_submitted", "ko") in text_of(opened(KORBIT, "submissions"))
    session = opened(KORBIT)  # a new session: the draft outlasts the old one
    session = press(session, "filing.submit")
    ((file, state),) = filed(store)
    assert (file, state) == (NAME, State.ACCEPTED)
    assert drafts_of(store, ["korbit"], NOW) == []
    text = text_of(session)
    assert 'class="draft"' not in text
    with reading(store.engine) as connection:
        (one,) = life.listed(connection)
        told = [found for _, found in life.findings_of(connection, [one.id])[one.id] if found.rule == "REC-002"]
    assert one.sender == KORBIT.person
    for shown in (one.id, one.sha256, str(one.rule_set_version), say("filing.verdict.accepted_with_findings", "ko")):
        assert shown in text
    assert one.sha256 not in text_of(opened(GOPAX, submission=one.id))
    listed = opened(KORBIT, "submissions", submission=one.id)
    assert say("filing.more_cells", "ko", count=str(len(told) - 5)) in text_of(listed)
    assert [button for button in listed.button if button.key == f"withdraw.{one.id}"]
    session = opened(KORBIT, submission=one.id)
    session.text_input(key=f"withdraw.reason.{one.id}").set_value("wrong day")
    session = settled(session.run())
    session = press(session, f"withdraw.{one.id}")
    assert filed(store) == [(NAME, State.ACCEPTED)]  # not confirmed
    session.text_input(key=f"withdraw.typed.{one.id}").set_value(one.id)
    session = press(settled(session.run()), f"withdraw.{one.id}")
    assert filed(store) == [(NAME, State.WITHDRAWN)]
    assert say("filing.is_withdrawn", "ko") in text_of(session)


def test_a_file_that_would_be_rejected_cannot_be_submitted_and_says_where(opened: Opened, store: Store) -> None:
    session = check(opened(KORBIT), (NAME, checks(DAY).replace(",100.5,", ",many,").encode()))
    text = text_of(session)
    (draft,) = drafts_of(store, ["korbit"], NOW)
    assert draft.state == State.REJECTED
    assert "2, price" in text
    assert say("filing.first", "ko") in text
    (button,) = [one for one in session.button if str(one.key).startswith("filing.submit")]
    assert button.disabled
    session = press(session, "filing.discard")
    assert say("filing.is_discarded", "ko") in text_of(session)
    assert drafts_of(store, ["korbit"], NOW) == []
    assert not list((store.home / "drafts").iterdir())
    assert filed(store) == []


def test_secrets_are_told_and_never_kept(opened: Opened, store: Store) -> None:
    lines = "actionId,caseId,keyRef,accountRef,suspicion,riskLevel,stage,detectedAt,actedAt,outcome,note\r\n"
    secret = "010-1234-5678"
    row = f"a,c,{'0' * 64},{'1' * 64},lending,low,warning,1793545200000,1793545200000,applied,{secret}\r\n"
    session = check(opened(KORBIT), (f"korbit_key_actions_{DAY}.csv", (lines + row).encode()))
    assert "SUB-007" in text_of(session)
    assert secret not in text_of(session)
    assert drafts_of(store, ["korbit"], NOW) == []
    kept = [path for path in store.home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert kept == []


def test_a_nil_return_is_prepared_shown_and_filed(opened: Opened, store: Store) -> None:
    session = opened(GOPAX)
    session.selectbox(key="filing.nil.report").set_value("halts")
    session = press(settled(session.run()), "filing.nil.make")
    assert say("filing.nil_is", "ko", exchange="고팍스", report="거래차단", day=DAY) in text_of(session)
    assert "없음" in session.code[-1].value
    assert filed(store) == []
    press(session, "filing.submit")
    assert filed(store) == [(f"gopax_halts_{DAY}.csv", State.ACCEPTED)]


def test_a_name_that_says_nothing_is_asked_for(opened: Opened, store: Store) -> None:
    session = drop(opened(KORBIT), ("report.csv", checks(DAY).encode()))
    assert next(one for one in session.button if one.key == "filing.check").disabled
    session.selectbox(key="filing.report.0").set_value("reconciliation")
    session = press(settled(session.run()), "filing.check")
    (draft,) = drafts_of(store, ["korbit"], NOW)
    assert (draft.report, draft.period.text) == ("reconciliation", DAY)


def test_only_an_exchanges_own_people_file_and_see_its_drafts(opened: Opened, store: Store) -> None:
    check(opened(KORBIT), (NAME, checks(DAY).encode()))
    other = opened(GOPAX)
    assert 'class="draft"' not in text_of(other)
    assert NAME not in text_of(other)
    refused = drop(other, (NAME, checks(DAY).encode()))
    assert say("filing.refused.other_exchange", "ko", said="korbit") in text_of(refused)
    with pytest.raises(ValueError, match="filing"):
        opened(somebody("korbit", Role.SUPERVISOR))


def test_a_draft_is_told_on_the_overview_and_ends_after_a_week(opened: Opened, store: Store) -> None:
    check(opened(KORBIT), (NAME, checks(DAY).encode()))
    week = NOW + timedelta(days=6)
    assert 'class="draft"' in text_of(opened(KORBIT, "submissions", now=week))
    later = NOW + timedelta(days=8)
    assert 'class="draft"' not in text_of(opened(KORBIT, "submissions", now=later))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", ["submit", "duties", "templates"])
def test_every_part_of_the_page_opens(opened: Opened, language: str, task: str) -> None:
    session = opened(KORBIT, task=task, lang=language)
    assert session.title[0].value == say("filing.title", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_that_was_replaced_asks_for_a_reason(opened: Opened, store: Store, language: str) -> None:
    for wallet in ("1.5", "1.7"):
        data = checks(DAY, wallet=wallet).encode()
        press(check(opened(KORBIT, lang=language), (NAME, data)), "filing.submit")
    with reading(store.engine) as connection:
        first, second = [one.id for one in life.listed(connection)]
    session = check(opened(KORBIT, lang=language), (NAME, checks(DAY, wallet="1.5").encode()))
    assert say("filing.returns", language, number=first, by=second) in text_of(session)
    session = press(session, "filing.submit")
    assert say("filing.refused.no_reason_to_return", language, by=second) in text_of(session)
    assert len(filed(store)) == 2
    (field,) = [one for one in session.text_input if one.key and one.key.startswith("filing.reason.")]
    session = press(settled(field.set_value("정정이 잘못됨").run()), "filing.submit")
    assert [state for _, state in filed(store)] == [State.SUPERSEDED, State.SUPERSEDED, State.ACCEPTED]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_nil_return_in_place_of_rows_asks_for_a_reason(opened: Opened, store: Store, language: str) -> None:
    press(check(opened(KORBIT, lang=language), (NAME, checks(DAY).encode())), "filing.submit")
    header = checks(DAY).splitlines()[0].encode()
    session = check(opened(KORBIT, lang=language), (NAME, header))
    with reading(store.engine) as connection:
        (number,) = [one.id for one in life.listed(connection)]
    text = text_of(session)
    assert say("filing.replaces_most", language, numbers=number, before="24", after="0") in text
    session = press(session, "filing.submit")
    assert say("filing.refused.no_reason_to_replace", language) in text_of(session)
    assert len(filed(store)) == 1
    (field,) = [one for one in session.text_input if one.key and one.key.startswith("filing.reason.")]
    session = settled(field.set_value("점검 결과를 잘못 보냄").run())
    session = press(session, "filing.submit")
    assert [state for _, state in filed(store)] == [State.SUPERSEDED, State.ACCEPTED]
    text = text_of(session)
    assert "점검 결과를 잘못 보냄" in text
    report = report_name("reconciliation", language)
    assert say("filing.withdraw_leaves_none", language, report=report, period=DAY) in text

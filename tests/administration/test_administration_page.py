"""The page of administration, section by section, through the dashboard's own script, as each of two administrators."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from demo_store import NOW
from opening import keep_nothing, shown
from people import SUPERVISOR
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from app.administration.accounts import people_list, token_list
from app.administration.actions import AdministratorActions
from app.administration.actors import log_actors
from app.administration.audit_log import LogWanted, log_count, log_page, whole_log
from app.administration.threshold_changes import proposal_list, threshold_list
from app.administration.work import incident_list, waiting_submissions
from app.queries.choice import Choice
from app.queries.thresholds import threshold_makers
from app.rules.threshold_parts import bounds_text
from app.scope import Identity, Role, Scope
from app.widgets.view import View
from app.words import LANGUAGES, say
from etl.exchanges import all_exchanges
from etl.failures import failed_on
from etl.intake import declare
from etl.receiving import receive_bytes
from etl.records import people, row_grants, thresholds, tokens
from etl.records import submissions as life
from etl.records.administrators import RefusedError
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, EventKind, entries, entry_count
from etl.records.people import Person
from etl.records.tables import incidents
from etl.records.thresholds import Decision, ThresholdChange, thresholds_in_force
from etl.store import Store, open_store
from expectations.catalogue import rule_set_version, thresholds_of_the_book
from expectations.vocabulary import KST, State
from tests.filing import checks, file
from tests.opening import opened_at

pytestmark = pytest.mark.usefixtures("judged_in_this_process")

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
RATIO = "halt_shortfall_ratio"
DAY = "2026-11-02"
EVERYBODY = tuple(all_exchanges())
SECTIONS = ("thresholds", "people", "tokens", "log", "work")

Open = Callable[..., AppTest]


@dataclass(frozen=True)
class Office:
    """A store with two administrators, and a day whose shortfall is 6.7 % of the ledger."""

    store: Store
    kim: Person
    lee: Person


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    store = open_store(tmp_path, f"sqlite:///{tmp_path / 'daxa.sqlite'}")
    file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, every=5, short=range(10, 14)))
    with writing(store.engine) as connection:
        kim, lee = (
            people.add(connection, name, Role.ADMIN, password=PASSWORD, actor=COMMAND, at=NOW)
            for name in ("kim", "lee")
        )
    yield Office(store, kim, lee)
    store.engine.dispose()


@pytest.fixture(autouse=True)
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Engines and processes that the screens opened, on no other store than the test's, are closed with them."""
    monkeypatch.setenv("DAXA_HOME", str(tmp_path))
    yield
    from app.widgets import view
    from app.worker.process import address_of_store, worker_for

    worker_for(address_of_store(view.store())).close()
    view.store().engine.dispose()
    keep_nothing()


def seen_by(person: Person, role: Role = Role.ADMIN, *, has_row_grant: bool = False) -> Identity:
    return Identity(person.id, person.name, Scope(role, EVERYBODY, has_row_grant))


@pytest.fixture
def opened(office: Office, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a section as an administrator, over the days about the shortfall."""

    def open_section(
        section: str,
        person: Person | None = None,
        name: str = "administration",
        *,
        role: Role = Role.ADMIN,
        has_row_grant: bool = False,
        **address: str,
    ) -> AppTest:
        monkeypatch.setenv("DAXA_HOME", str(office.store.home))
        monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
        monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
        who = seen_by(person or office.kim, role, has_row_grant=has_row_grant)
        monkeypatch.setattr("app.sign_in.present.current_identity", lambda: who)
        return opened_at(name, seconds=90, section=section, **address)

    return open_section


def ran(session: AppTest) -> AppTest:
    session.run()
    shown(session)
    return session


def html_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


def press(session: AppTest, key: str) -> AppTest:
    session.button(key=key).click()
    return ran(session)


def held(office: Office) -> object:
    with reading(office.store.engine) as connection:
        return thresholds_in_force(connection)


def proposed(office: Office, person: Person, value: str = "0.1") -> thresholds.Proposal:
    change = ThresholdChange(RATIO, None, value, datetime.now(KST).date() + timedelta(days=3))
    told = {"name": RATIO, "exchange": None, "value": value, "first_day": DAY, "last_day": DAY, "rules": []}
    with writing(office.store.engine) as connection:
        return thresholds.propose(
            connection, change, reason="the market moves", what_if=told, actor=person.id, at=datetime.now(UTC)
        )


def logged(office: Office, act: EventKind) -> list[tuple[str, str | None]]:
    with reading(office.store.engine) as connection:
        return [(entry.actor, entry.subject) for entry in entries(connection, act=act)]


# ----------------------------------------------------------------------------------------------- who may


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_else_finds_the_page_or_is_told_anything_behind_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    monkeypatch.setenv("DAXA_HOME", str(office.store.home))
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: seen_by(office.kim, role))
    session = AppTest.from_file(str(ROOT / "app" / "ui.py"), default_timeout=60).run()
    if role is Role.SUPERVISOR:  # for the grants to read rows alone
        session.switch_page("../pages/administration.py").run()
        assert session.segmented_control(key="switch.section").options == [say("administration.of_row_grants", "ko")]
    else:
        with pytest.raises(ValueError, match="administration"):
            session.switch_page("../pages/administration.py")
    scope = Scope(role, EVERYBODY)
    store, wanted = office.store, LogWanted()
    told = [
        threshold_list(store, scope, NOW.date()),
        proposal_list(store, scope),
        people_list(store, scope),
        token_list(store, scope, NOW),
        log_page(store, scope, wanted, 1),
        whole_log(store, scope, wanted),
        waiting_submissions(store, scope),
        incident_list(store, scope),
    ]
    assert told == [()] * len(told)
    assert (log_count(store, scope, wanted), log_actors(store, scope)) == (0, {})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_in_both_languages(opened: Open, section: str, language: str) -> None:
    session = opened(section, lang=language)
    assert session.title[0].value == say("administration.title", language)
    assert session.subheader
    if language == "en":
        assert not re.search("[가-힣]", " ".join(heading.value for heading in session.subheader))


def test_who_was_an_administrator_a_moment_ago_does_nothing_any_more(opened: Open, office: Office) -> None:
    proposal = proposed(office, office.lee)
    session = opened("thresholds")
    with writing(office.store.engine) as connection:
        people.disable(connection, "kim", actor=COMMAND, at=NOW)
    session = press(session, f"decide.approved.{proposal.id}")
    assert say("refused.not_an_administrator", "ko") in html_of(session)
    assert held(office).changed == ()


# -------------------------------------------------------------------------------------------- thresholds


def wanting(session: AppTest, value: str, reason: str = "") -> AppTest:
    session.selectbox(key="propose.name.").set_value(RATIO)
    session.text_input(key="propose.value").set_value(value)
    session.text_area(key="propose.reason").set_value(reason)
    return ran(session)


def test_a_change_is_proposed_after_its_what_if_was_shown_and_approved_by_the_other(
    opened: Open, office: Office
) -> None:
    session = wanting(opened("thresholds", period="custom", **{"from": DAY, "to": DAY}), "0.1", "the market moves")
    assert session.button(key="propose.send").disabled
    session = press(session, "propose.what_if")
    told = next(frame.value for frame in session.dataframe if "gone" in frame.value)
    counted = told[["rule", "findings_now", "findings_then", "gone"]].to_numpy().tolist()
    assert counted == [["REC-004", 1, 0, 1], ["HLT-012", 0, 0, 0]]
    assert not session.button(key="propose.send").disabled
    session = press(session, "propose.send")
    assert say("administration.open", "ko", count=1) in [heading.value for heading in session.subheader]
    (told,) = proposal_list(office.store, Scope(Role.ADMIN, EVERYBODY))
    proposal = told.proposal
    assert (told.proposer, proposal.what_if["rules"][0]["gone"]) == ("kim", 1)
    assert f"decide.approved.{proposal.id}" not in [button.key for button in session.button]
    assert say("administration.own_proposal", "ko") in html_of(session)
    other = press(opened("thresholds", office.lee), f"decide.approved.{proposal.id}")
    assert say("administration.approved", "ko") in html_of(other)
    assert held(office).value(RATIO, proposal.effective_from) == Decimal("0.1")
    assert logged(office, EventKind.THRESHOLD_CHANGE) == [
        (office.lee.id, proposal.id),
        (office.kim.id, proposal.id),
    ]


def test_the_what_if_of_one_value_does_not_do_for_another(opened: Open) -> None:
    session = press(wanting(opened("thresholds"), "0.1", "why"), "propose.what_if")
    assert not session.button(key="propose.send").disabled
    session.text_input(key="propose.value").set_value("0.2")
    assert ran(session).button(key="propose.send").disabled


@pytest.mark.parametrize(("value", "reason"), [("much", "no_number"), ("5", "out_of_bounds"), ("", "no_number")])
def test_a_value_that_cannot_be_is_said_before_anything_is_worked_out(opened: Open, value: str, reason: str) -> None:
    session = press(wanting(opened("thresholds"), value), "propose.what_if")
    assert say(f"refused.{reason}", "ko").partition("{")[0] in html_of(session)


def test_a_proposal_is_refused_with_a_reason_or_withdrawn_by_its_proposer(opened: Open, office: Office) -> None:
    proposal = proposed(office, office.kim)
    session = press(opened("thresholds", office.lee), f"decide.refused.{proposal.id}")
    assert say("refused.no_reason", "ko") in html_of(session)
    session.text_input(key=f"decide.reason.{proposal.id}").set_value("too much at once")
    session = press(ran(session), f"decide.refused.{proposal.id}")
    decided = next(frame.value for frame in session.dataframe if "decision_reason" in frame.value)
    assert decided["decision_reason"].tolist() == ["too much at once"]
    again = proposed(office, office.kim)
    session = opened("thresholds", office.kim)
    session.text_input(key=f"decide.reason.{again.id}").set_value("a slip")
    press(ran(session), f"decide.withdrawn.{again.id}")
    assert held(office).changed == ()


def test_screens_say_since_when_a_threshold_holds_who_set_it_and_by_which_version(opened: Open, office: Office) -> None:
    proposal = proposed(office, office.kim)
    with writing(office.store.engine) as connection:
        thresholds.decide(
            connection, proposal.id, Decision.APPROVED, reason="", actor=office.lee.id, at=datetime.now(UTC)
        )
    version = rule_set_version(held(office))
    days = {"period": "custom", "from": DAY, "to": str(proposal.effective_from)}
    session = opened("", name="rules", rule="REC-004", **days)
    values = next(frame.value for frame in session.dataframe if "unit" in frame.value)
    assert values[values["effective_from"] == str(proposal.effective_from)]["value"].tolist() == ["0.1"]
    told = say("threshold.set_by", "ko", reason="the market moves", proposer="kim", approver="lee")
    assert told in html_of(session)
    assert any(version in caption.value for caption in session.caption)
    boxes = {
        day: opened("", name="reconciliation", has_row_grant=True, **(days | {"to": day})) for day in (DAY, days["to"])
    }
    shown = {
        day: next(frame.value for frame in session.dataframe if "parameter" in frame.value)
        for day, session in boxes.items()
    }
    name = say(f"parameter.{RATIO}", "ko")
    values = {day: frame[frame["parameter"] == name]["value"].tolist() for day, frame in shown.items()}
    assert values == {DAY: ["1%"], days["to"]: ["10%"]}


def test_exchanges_are_not_told_who_set_a_threshold(office: Office) -> None:
    proposal = proposed(office, office.kim)
    with writing(office.store.engine) as connection:
        thresholds.decide(
            connection, proposal.id, Decision.APPROVED, reason="", actor=office.lee.id, at=datetime.now(UTC)
        )
    (told,) = threshold_makers(office.store, Scope(Role.EXCHANGE, ("upbit",))).values()
    assert (told.proposed_by, told.approved_by) == ("", "")


# ------------------------------------------------------------------------------------------------ people


def test_somebody_is_added_with_a_password_that_is_shown_once(opened: Open, office: Office) -> None:
    session = opened("people")
    session.text_input(key="person.name").set_value("Park")
    session.selectbox(key="person.role").set_value("exchange")
    session = ran(session)
    session.selectbox(key="person.exchange").set_value("gopax")
    session = press(ran(session), "person.add")
    assert any(re.fullmatch(r"(\w{4}-){4}\w{4}", code.value) for code in session.code)
    assert not any(re.fullmatch(r"(\w{4}-){4}\w{4}", code.value) for code in ran(session).code)
    with reading(office.store.engine) as connection:
        added = people.named(connection, "park")
    assert (added.role, added.exchange) == (Role.EXCHANGE, "gopax")
    assert logged(office, EventKind.PERSON_CHANGE)[0] == (office.kim.id, added.id)


def test_a_name_that_is_taken_is_said(opened: Open) -> None:
    session = opened("people")
    session.text_input(key="person.name").set_value("lee")
    session = press(ran(session), "person.add")
    assert say("refused.name_taken", "ko", name="lee") in html_of(session)


def test_shutting_out_asks_for_the_name_once_more_and_is_not_for_oneself(opened: Open, office: Office) -> None:
    session = opened("people")
    session.selectbox(key="person.chosen").set_value("lee")
    session = ran(session)
    assert session.button(key="person.disable").disabled
    session.text_input(key="person.typed.lee").set_value("lee")
    press(ran(session), "person.disable")
    with reading(office.store.engine) as connection:
        assert not people.named(connection, "lee").is_active
    session = opened("people")
    session.selectbox(key="person.chosen").set_value("kim")
    session = ran(session)
    session.text_input(key="person.typed.kim").set_value("kim")
    assert say("refused.oneself", "ko") in html_of(press(ran(session), "person.disable"))
    session = opened("people")
    session.selectbox(key="person.chosen").set_value("lee")
    press(ran(session), "person.enable")
    with reading(office.store.engine) as connection:
        assert people.named(connection, "lee").is_active


# ------------------------------------------------------------------------------------------------ tokens


def test_a_token_is_made_shown_once_and_revoked(opened: Open, office: Office) -> None:
    session = opened("tokens")
    session.text_input(key="token.name").set_value("nightly")
    session = press(ran(session), "token.make")
    (text_,) = [code.value for code in session.code if code.value.startswith("daxa_T-")]
    assert tokens.token_of(office.store.engine, text_, datetime.now(UTC)) is not None
    session = ran(session)
    assert not [code for code in session.code if code.value.startswith("daxa_T-")]
    number = session.selectbox(key="token.chosen").value
    assert session.button(key="token.revoke").disabled
    session.text_input(key=f"token.typed.{number}").set_value(number)
    press(ran(session), "token.revoke")
    assert tokens.token_of(office.store.engine, text_, datetime.now(UTC)) is None
    assert logged(office, EventKind.TOKEN_CHANGE) == [(office.kim.id, number)] * 2


# --------------------------------------------------------------------------------------------- audit log


def test_the_log_is_filtered_turned_and_taken_away_whole(
    opened: Open, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "app.widgets.audit_events.append", lambda *_: None
    )  # what is looked at here adds nothing to the log
    everything = opened("log").dataframe[0].value
    assert everything["sequence"].tolist() == list(range(len(everything), 0, -1))
    added = opened("log", act="person_change").dataframe[0].value
    assert set(added["act"]) == {say("act.person_change", "ko")}
    assert opened("log", about=office.kim.id).dataframe[0].value["subject"].tolist() == [office.kim.id]
    assert say("empty.log", "ko") in html_of(opened("log", actor=office.lee.id))
    monkeypatch.setattr("app.administration.log_parts.LOG_PAGE", 2)
    monkeypatch.setattr("app.administration.audit_log.LOG_PAGE", 2)
    turned = opened("log", entries="2").dataframe[0].value
    assert turned["sequence"].tolist() == everything["sequence"].tolist()[2:4]
    whole = whole_log(office.store, Scope(Role.ADMIN, EVERYBODY), LogWanted())
    assert len(whole) == len(everything)


def test_the_log_is_said_to_be_whole_only_after_it_was_recomputed(opened: Open, office: Office) -> None:
    session = opened("log")
    with reading(office.store.engine) as connection:
        count = entry_count(connection)
    assert not session.success
    session = press(session, "log.verify")
    assert session.success[0].value == say("administration.whole", "ko", count=str(count))
    assert not ran(session).success


def test_an_entry_that_was_changed_is_named(opened: Open, office: Office) -> None:
    with writing(office.store.engine) as connection:
        connection.execute(text("DROP TRIGGER audit_log_no_update"))
        connection.execute(text("UPDATE audit_log SET actor = 'P-0' WHERE sequence = 2"))
    session = press(opened("log"), "log.verify")
    assert session.error[0].value == say("administration.broken", "ko", entry="2")
    assert not session.success


# --------------------------------------------------------------------------------------- unfinished work


def test_what_waits_and_what_went_wrong_is_listed(opened: Open, office: Office) -> None:
    name = "korbit_reconciliation_2026-11-03.csv"
    receipt = receive_bytes(office.store, checks("2026-11-03").encode(), name, declare(name))
    with writing(office.store.engine) as connection:
        connection.execute(
            incidents.insert().values(
                id="I-1", submission=receipt.submission.id, at=NOW, summary="OSError: x", detail=""
            )
        )
    session = opened("work")
    waiting, failed = (frame.value for frame in session.dataframe)
    assert waiting["id"].tolist() == failed["submission"].tolist() == [receipt.submission.id]
    assert failed["incident"].tolist() == ["I-1"]
    assert date.fromisoformat(waiting["period"].iloc[0]) == date(2026, 11, 3)


def test_what_we_failed_on_is_taken_back_with_a_reason(opened: Open, office: Office) -> None:
    name = "korbit_reconciliation_2026-11-03.csv"
    filed = receive_bytes(office.store, checks("2026-11-03").encode(), name, declare(name)).submission
    failed_on(office.store.engine, filed, ZeroDivisionError("in here"))
    session = press(opened("work"), "work.withdraw")
    assert say("refused.no_reason", "ko") in html_of(session)
    session.text_input(key="work.withdraw_reason").input("sent twice")
    session = press(session, "work.withdraw")
    assert say("administration.taken_back", "ko", number=filed.id) in html_of(session)
    assert say("administration.nothing_failed", "ko") in html_of(session)
    with reading(office.store.engine) as connection:
        current = life.by_id(connection, filed.id)
    assert current is not None
    assert current.state is State.WITHDRAWN


def test_an_administrator_withdraws_nothing_that_is_judged(office: Office) -> None:
    with reading(office.store.engine) as connection:
        (accepted,) = life.listed(connection)
    with pytest.raises(RefusedError, match="not_withdrawable"):
        AdministratorActions(office.store, seen_by(office.kim)).withdraw_failed(accepted.id, "no")


def test_a_quiet_store_says_that_nothing_waits(opened: Open) -> None:
    text_ = html_of(opened("work"))
    assert say("administration.nothing_waits", "ko") in text_
    assert say("administration.no_incidents", "ko") in text_


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bounds_of_a_threshold_name_their_unit_once(language: str) -> None:
    view = View(language, SUPERVISOR, Choice((), NOW.date(), NOW.date()), NOW.date(), NOW, False, "0")
    said = {one.name: bounds_text(view, one) for one in thresholds_of_the_book().entries}
    counted = [name for name in said if view.unit(name) not in (say("unit.share", language), say("unit.krw", language))]
    assert counted
    assert {said[name].count(view.unit(name)) for name in counted} == {1}
    assert said["halt_shortfall_krw"] == {"ko": "1,000,000 원 ~ 90억 원", "en": "1,000,000 KRW ~ ₩9.00 bn"}[language]
    assert all(" ~ " in text for text in said.values())


# ------------------------------------------------------------------------------------- grants to read rows


def test_a_supervisor_lets_an_administrator_read_rows_and_ends_it(opened: Open, office: Office) -> None:
    with writing(office.store.engine) as connection:
        fss = people.add(connection, "fss", Role.SUPERVISOR, password=PASSWORD, actor=COMMAND, at=NOW)
    session = opened("row_grants", fss, role=Role.SUPERVISOR)
    assert say("empty.row_grants", "ko") in html_of(session)
    assert session.button(key="grant.send").disabled
    session.selectbox(key="grant.name").set_value("lee")
    session.selectbox(key="grant.hours").set_value(4)
    session.text_area(key="grant.reason").set_value("an incident")
    session = press(ran(session), "grant.send")
    assert say("administration.rows_granted", "ko", name="lee", count=4) in html_of(session)
    with reading(office.store.engine) as connection:
        (made,) = row_grants.listed(connection)
    assert (made.person, made.granted_by, made.ends_at - made.granted_at) == (
        *(office.lee.id, fss.id),
        timedelta(hours=4),
    )
    session = press(session, "grant.end")
    assert say("administration.grant_ended", "ko", name="lee") in html_of(session)


def test_an_administrator_sees_the_grants_and_grants_none(opened: Open) -> None:
    session = opened("row_grants")
    assert say("empty.row_grants", "ko") in html_of(session)
    assert not [button for button in session.button if (button.key or "").startswith("grant.")]

"""What we fail on is `failed` (3.10): seen under a number, tried again, withdrawn, and nobody else's trouble."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filing_desk import Opened, opening, press, settled, somebody, text_of
from people import identity_of
from sqlalchemy import select, update

from app.administration.work import failed_submissions, waiting_submissions
from app.api.problems import ProblemError
from app.api.service import Service
from app.cli import main
from app.objects import checked_record, submission_record
from app.scope import Role, Scope
from app.worker import tasks
from etl import examine, failures, figures, jobs, review
from etl.calendar import AFTER_ALL_RECORDS, ObligationState, obligations
from etl.evidence import Evidence
from etl.intake import Candidate, declare
from etl.rebuild import rebuild_figures
from etl.receipts import receipt_of
from etl.records import log, tables
from etl.records import submissions as life
from etl.records.engine import reading, writing
from etl.records.log import EventKind
from etl.records.submissions import Submission
from etl.store import Store, open_store
from etl.verify import verify_store
from etl.what_if import compare_rule
from expectations.judge import RuleCrashedError
from expectations.vocabulary import State
from tests.filing import MORNING, checks, file, halts

DAY = "2026-11-02"
BAD, GOOD = f"korbit_reconciliation_{DAY}.csv", f"korbit_halts_{DAY}.csv"
SECRET = "what went wrong in here"


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / BAD).write_text(checks(DAY))
    (folder / GOOD).write_text(halts())
    return folder


def fails_on(monkeypatch: pytest.MonkeyPatch, report: str = "reconciliation") -> list[str]:
    """We fail on every file of a report; the numbers of those that were tried."""
    decide, tried = examine.decide, []

    def picky(readings: Any) -> Any:
        for one in readings:
            if one.incoming.declared.report == report:
                tried.append(one.incoming.id)
                raise ZeroDivisionError(SECRET)
        return decide(readings)

    monkeypatch.setattr(jobs, "decide", picky)
    return tried


def candidates(inbox: Path) -> list[Candidate]:
    return [Candidate(path, declare(path.name)) for path in sorted(inbox.iterdir())]


def states(store: Store) -> dict[str, str]:
    with reading(store.engine) as connection:
        return {one.report: one.state.value for one in life.listed(connection)}


def current(store: Store, number: str) -> Submission:
    with reading(store.engine) as connection:
        found = life.by_id(connection, number)
    assert found is not None
    return found


def logged(store: Store, act: EventKind) -> list[str | None]:
    with reading(store.engine) as connection:
        return [entry.subject for entry in log.entries(connection, act=act)]


def incidents(store: Store) -> dict[str, str | None]:
    with reading(store.engine) as connection:
        rows = connection.execute(select(tables.incidents.c.id, tables.incidents.c.submission)).all()
    return {row.id: row.submission for row in rows}


def failed(store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> Submission:
    """A reconciliation that we failed on, the failure mended since, beside halts that are accepted."""
    with monkeypatch.context() as patched:
        fails_on(patched)
        outcomes = jobs.ingest(store, candidates(inbox), received_at=MORNING)
    (one,) = [o.receipt.submission for o in outcomes if o.receipt.submission.report == "reconciliation"]
    assert one.state is State.FAILED
    return one


def other_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the program is another version."""
    for module in (failures, life):
        monkeypatch.setattr(module, "program_version", lambda: "another")


# ------------------------------------------------------------------------------------------- a file alone


def test_a_file_that_we_fail_on_is_failed_under_a_number_and_the_others_are_judged(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = []
    monkeypatch.setattr(jobs, "sign_heads", lambda *_: signed.append(True))
    one = failed(store, inbox, monkeypatch)
    assert states(store) == {"reconciliation": "failed", "halts": "accepted"}
    assert incidents(store) == {one.incident: one.id}
    assert logged(store, EventKind.FAILURE) == [one.id]
    assert signed
    assert submission_record(one, file="", duplicate=False, findings=None)["incident"] == one.incident
    assert verify_store(store).faults == ()


def test_later_files_are_judged_as_if_it_were_not_there(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = failed(store, inbox, monkeypatch)
    tried = fails_on(monkeypatch)
    assert file(store, inbox, "korbit_halts_2026-11-01.csv", halts()).receipt.submission.state is State.ACCEPTED
    assert tried == []
    assert current(store, one.id).state is State.FAILED


def test_a_check_that_fails_says_so_of_that_file_alone(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_on(monkeypatch)
    both = candidates(inbox)
    verdicts = dict(zip((one.path.name for one in both), jobs.check(store, both), strict=True))
    assert {name: one.state for name, one in verdicts.items()} == {BAD: State.FAILED, GOOD: State.ACCEPTED}
    assert list(incidents(store)) == [verdicts[BAD].incident]
    told = checked_record(next(one for one in both if one.path.name == BAD), verdicts[BAD])
    assert (told["state"], told["incident"]) == ("failed", verdicts[BAD].incident)
    assert states(store) == {}


# -------------------------------------------------------------------------------------------- trying again


def test_another_version_of_the_program_tries_again_by_itself(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = failed(store, inbox, monkeypatch)
    jobs.process(store)
    assert current(store, one.id).state is State.FAILED
    other_program(monkeypatch)
    jobs.process(store)
    again = current(store, one.id)
    assert (again.state, again.incident, again.received_at) == (State.ACCEPTED, None, MORNING)
    assert logged(store, EventKind.RETRY) == [one.id]
    assert verify_store(store).faults == ()


def test_it_is_tried_again_on_request(store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = failed(store, inbox, monkeypatch)
    assert jobs.retry(store.engine, one.id, actor="somebody").state is State.RECEIVED
    jobs.process(store)
    assert current(store, one.id).state is State.ACCEPTED
    with pytest.raises(jobs.NotRetryableError, match="we did not fail on it"):
        jobs.retry(store.engine, one.id, actor="somebody")
    with pytest.raises(jobs.NotRetryableError, match="there is no submission"):
        jobs.retry(store.engine, "20261102-0000000000", actor="somebody")


def test_the_same_bytes_again_are_the_same_submission_tried_again(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = failed(store, inbox, monkeypatch)
    again = file(store, inbox, BAD, checks(DAY)).receipt
    assert (again.duplicate, again.submission.id, again.submission.state) == (True, one.id, State.ACCEPTED)


def test_a_failure_that_goes_on_has_a_new_number(store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = failed(store, inbox, monkeypatch)
    fails_on(monkeypatch)
    jobs.retry(store.engine, one.id, actor="somebody")
    (failure,) = jobs.process(store)
    again = current(store, one.id)
    assert again.state is State.FAILED
    assert again.incident == failure.incident != one.incident
    assert failure.incident in str(failure)
    assert SECRET not in str(failure)


def test_it_never_comes_into_force_over_its_correction(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = failed(store, inbox, monkeypatch)
    corrected = file(store, inbox, BAD, checks(DAY, wallet="1.7"), MORNING + timedelta(hours=1)).receipt.submission
    assert corrected.state is State.ACCEPTED
    other_program(monkeypatch)
    jobs.process(store)
    assert current(store, one.id).state is State.FAILED
    with pytest.raises(jobs.NotRetryableError, match=corrected.id):
        jobs.retry(store.engine, one.id, actor="somebody")
    anew = file(store, inbox, BAD, checks(DAY), MORNING + timedelta(hours=2)).receipt
    assert not anew.duplicate
    assert current(store, corrected.id).superseded_by == anew.submission.id


def test_it_can_be_withdrawn_and_never_counted(store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = failed(store, inbox, monkeypatch)
    assert jobs.withdraw(store, one.id, reason="wrong file").state is State.WITHDRAWN
    assert verify_store(store).faults == ()
    other_program(monkeypatch)
    jobs.process(store)
    assert current(store, one.id).state is State.WITHDRAWN


@pytest.mark.parametrize("withdrawn", [False, True])
def test_it_counts_as_nothing_in_force(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch, withdrawn: bool
) -> None:
    one = failed(store, inbox, monkeypatch)
    if withdrawn:
        jobs.withdraw(store, one.id, reason="wrong file")
    day = date(2026, 11, 2)
    about = {"first_day": day, "last_day": day, "exchanges": ("korbit",), "reports": ("reconciliation",)}
    with reading(store.engine) as connection:
        (due,) = obligations(connection, AFTER_ALL_RECORDS, **about)
    assert due.outcome.state is (ObligationState.MISSING if withdrawn else ObligationState.FAILED)
    assert not due.outcome.is_met
    assert due.outcome.first_met_at is None
    assert due.outcome.is_missing
    receipt = json.loads(receipt_of(store, one.id, datetime.now(UTC)))["receipt"]
    assert (receipt["incident"], receipt["met_by"]) == (one.incident, None)


def test_a_file_that_ended_the_process_each_time_is_failed_and_stops_no_other(store: Store, inbox: Path) -> None:
    numbers = {one.path.name: jobs.receive(store, one).submission.id for one in candidates(inbox)}
    with writing(store.engine) as connection:
        killer = tables.submissions.c.id == numbers[BAD]
        changed = {"attempts": jobs.TRIES, "attempted_at": datetime.now(UTC)}
        connection.execute(update(tables.submissions).where(killer).values(changed))
    (failure,) = jobs.process(store)
    assert (failure.submission, states(store)) == (numbers[BAD], {"reconciliation": "failed", "halts": "accepted"})
    jobs.retry(store.engine, numbers[BAD], actor="somebody")
    jobs.process(store)
    assert states(store)["reconciliation"] == "accepted"


# --------------------------------------------------------------------------- what is accepted, judged again


def crashing(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    """A rule of what is accepted crashes on every reconciliation."""
    judge = review.ask_rules

    def broken(shape: Any, files: Any, rules: Any, **more: Any) -> Any:
        if shape.name == "reconciliation" and any(one.id == rule for one in rules):
            raise RuleCrashedError([rule], SECRET)
        return judge(shape, files, rules, **more)

    monkeypatch.setattr(review, "ask_rules", broken)


def test_a_rule_that_crashes_leaves_all_other_rules_and_files_judged(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        crashing(patched, "REC-003")
        outcomes = jobs.ingest(store, candidates(inbox), received_at=MORNING + timedelta(days=2))
    by_report = {one.receipt.submission.report: one for one in outcomes}
    one = by_report["reconciliation"].receipt.submission
    assert (one.state, by_report["halts"].receipt.submission.incident) == (State.ACCEPTED, None)
    assert incidents(store) == {one.incident: one.id}
    assert "REC-002" in {finding.rule for _, finding in by_report["reconciliation"].findings}
    with reading(store.engine) as connection:
        assert life.is_judged(connection, one.id)
    jobs.process(store)
    assert current(store, one.id).incident == one.incident
    jobs.retry(store.engine, one.id, actor="somebody")
    jobs.process(store)
    assert current(store, one.id).incident is None
    assert verify_store(store).faults == ()


def test_another_version_judges_again_what_could_not_be(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        crashing(patched, "REC-002")
        outcomes = jobs.ingest(store, candidates(inbox))
    (one,) = [o for o in outcomes if o.receipt.submission.report == "reconciliation"]
    assert "REC-002" not in {finding.rule for _, finding in one.findings}
    other_program(monkeypatch)
    jobs.process(store)
    (again,) = jobs.outcomes(store, [one.receipt])
    assert "REC-002" in {finding.rule for _, finding in again.findings}
    assert again.receipt.submission.incident is None


def test_a_withdrawal_is_done_whatever_we_fail_on(store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = jobs.ingest(store, candidates(inbox))
    (one,) = [o.receipt.submission for o in outcomes if o.receipt.submission.report == "halts"]

    def broken(*_arguments: Any) -> Any:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(review, "affected_submissions", broken)
    assert jobs.withdraw(store, one.id, reason="wrong").state is State.WITHDRAWN
    assert current(store, one.id).incident in incidents(store)


def test_a_what_if_leaves_out_what_we_fail_on_and_names_it(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.ingest(store, candidates(inbox))
    other = file(store, inbox, "korbit_reconciliation_2026-11-01.csv", checks("2026-11-01")).receipt.submission
    judge = review.ask_rules

    def broken(shape: Any, files: Any, rules: Any, **more: Any) -> Any:
        if any(one.submission == other.id for one in files):
            raise RuleCrashedError(rules, SECRET)
        return judge(shape, files, rules, **more)

    monkeypatch.setattr(review, "ask_rules", broken)
    compared = compare_rule(store, "REC-004", {"halt_shortfall_ratio": "0.1"}, None, None)
    assert (compared.submissions, compared.failed) == (1, (other.id,))
    assert list(incidents(store).values()) == [other.id]
    assert compared.as_record()["failed"] == [other.id]


def test_bytes_that_cannot_be_discarded_are_an_incident_and_stop_nothing(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept(*_: Any) -> None:
        raise PermissionError(SECRET)

    with monkeypatch.context() as patched:
        patched.setattr(Evidence, "discard", kept)
        (inbox / BAD).write_text(checks(DAY) + "kim@example.com\n")
        outcomes = jobs.ingest(store, candidates(inbox))
    assert states(store) == {"reconciliation": "rejected", "halts": "accepted"}
    (secret,) = [o.receipt.submission for o in outcomes if o.receipt.submission.report == "reconciliation"]
    assert list(incidents(store).values()) == [None]
    assert store.evidence.path(secret.sha256).exists()
    jobs.process(store)
    assert not store.evidence.path(secret.sha256).exists()


def test_figures_that_cannot_be_made_anew_are_one_files_alone(
    store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.ingest(store, [*candidates(inbox)])
    file(store, inbox, "korbit_reconciliation_2026-11-01.csv", checks("2026-11-01"))
    derive = figures.derive

    def broken(report: str, files: Any) -> Any:
        if any(one.period.text == DAY and report == "reconciliation" for one in files):
            raise ZeroDivisionError(SECRET)
        return derive(report, files)

    monkeypatch.setattr(figures, "derive", broken)
    assert rebuild_figures(store.engine, store.facts, anyway=True) == 1
    with reading(store.engine) as connection:
        days = list(connection.execute(select(tables.reconciliation_days.c.day)).scalars())
    assert days == [date(2026, 11, 1)]
    assert len(incidents(store)) == 1


def test_the_worker_tells_what_it_failed_on(
    store: Store, inbox: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = {one.path.name: jobs.receive(store, one).submission.id for one in candidates(inbox)}
    fails_on(monkeypatch)
    (told,) = tasks.process(tasks.Place(store.home, database_url))
    assert numbers[BAD] in told
    assert SECRET not in told
    record = tasks.check(tasks.Place(store.home, database_url), Candidate(inbox / BAD, declare(BAD), BAD))
    assert record["state"] == "failed"
    assert record["incident"] in incidents(store)


# --------------------------------------------------------------------------------------------- the command


@pytest.fixture
def daxa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """The command in a home of its own, in this process: (status, standard output, standard error)."""
    monkeypatch.setenv("DAXA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)

    def run(*arguments: object) -> tuple[Any, str, str]:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["daxa", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capfd.readouterr()

    return run


def test_the_command_tells_every_file_and_goes_on(
    daxa: Callable[..., Any], inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        fails_on(patched)
        for command in ("check", "ingest"):
            status, out, err = daxa(command, inbox, "--json")
            told = {Path(one["file"]).name: one for one in map(json.loads, out.splitlines())}
            assert status == 1
            assert {name: one["state"] for name, one in told.items()} == {BAD: "failed", GOOD: "accepted"}
            assert f"incident {told[BAD]['incident']}" in err
            assert SECRET not in err
    number = told[BAD]["submission"]
    (inbox / BAD).unlink()
    assert daxa("ingest", inbox)[0] == 0
    status, out, _ = daxa("retry", number, "--json")
    assert (status, json.loads(out)["state"]) == (0, "accepted")
    status, _, err = daxa("retry", number)
    assert (status, "we did not fail on it" in err) == (2, True)


# ------------------------------------------------------------------------------------------ API and screens


def test_the_api_tells_of_it_and_tries_it_again(store: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, service = failed(store, inbox, monkeypatch), Service(store)
    told = service.told(one)
    assert (told["state"], told["incident"]) == ("failed", one.incident)
    assert service.is_judged(one)
    assert service.retry(one, "token").state is State.RECEIVED
    jobs.process(store)
    with pytest.raises(ProblemError) as refused:
        service.retry(current(store, one.id), "token")
    assert refused.value.status == 409


@pytest.fixture
def home(tmp_path: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a store with a reconciliation that we failed on."""
    folder = tmp_path / "seen"
    opened = open_store(folder, f"sqlite:///{folder / 'daxa.sqlite'}")
    failed(opened, inbox, monkeypatch)
    opened.engine.dispose()
    return folder


@pytest.fixture
def opened(home: Path, monkeypatch: pytest.MonkeyPatch, judged_in_this_process: None) -> Iterator[Opened]:
    with opening(monkeypatch, home) as pages:
        yield pages


def seen(home: Path) -> tuple[Store, Submission]:
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    with reading(store.engine) as connection:
        (one,) = (one for one in life.listed(connection) if one.report == "reconciliation")
    return store, one


def test_its_sender_sees_it_and_has_it_judged_again(opened: Opened, home: Path) -> None:
    store, one = seen(home)
    session = opened(somebody("korbit"), submission=one.id, lang="en")
    assert "Could not be judged" in text_of(session)
    assert str(one.incident) in text_of(session)
    assert [button for button in session.button if button.key == f"withdraw.{one.id}"]
    session = press(session, f"retry.{one.id}")
    assert current(store, one.id).state is State.ACCEPTED
    assert str(one.incident) not in text_of(session)
    store.engine.dispose()


def test_its_sender_withdraws_it(opened: Opened, home: Path) -> None:
    store, one = seen(home)
    session = opened(somebody("korbit"), submission=one.id)
    session.text_input(key=f"withdraw.reason.{one.id}").set_value("wrong file")
    session.text_input(key=f"withdraw.typed.{one.id}").set_value(one.id)
    press(settled(session.run()), f"withdraw.{one.id}")
    assert current(store, one.id).state is State.WITHDRAWN
    store.engine.dispose()


def test_others_see_its_state_and_have_no_button(opened: Opened, home: Path) -> None:
    store, one = seen(home)
    session = opened(identity_of(Role.SUPERVISOR), "submissions", submission=one.id, lang="en")
    assert "Could not be judged" in text_of(session)
    assert not [button for button in session.button if (button.key or "").startswith("retry")]
    store.engine.dispose()


def test_administrators_have_a_list_of_them(home: Path) -> None:
    store, one = seen(home)
    admin = Scope(Role.ADMIN, ("korbit",))
    assert [found.incident for found in failed_submissions(store, admin)] == [one.incident]
    assert waiting_submissions(store, admin) == ()
    assert failed_submissions(store, Scope(Role.SUPERVISOR, ("korbit",))) == ()
    store.engine.dispose()

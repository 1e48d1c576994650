"""The life of a submission (specification, section 3), on both databases."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from killing import killed_at
from sqlalchemy import select

from etl import examine, export, jobs, receiving, review
from etl.intake import Candidate, declare
from etl.records import submissions as life
from etl.records import tables
from etl.records.engine import reading
from etl.store import open_store
from etl.verify import verify_store
from expectations.judge import RuleCrashedError
from expectations.vocabulary import Period, State
from tests.filing import MORNING, checks, file, halt, halts

ROOT = Path(__file__).resolve().parent.parent
DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"


@pytest.fixture
def store(tmp_path, database_url):
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def states(store):
    with reading(store.engine) as connection:
        return [s.state.value for s in life.listed(connection)]


def exported(store, tmp_path, first=DAY, last=DAY, **options):
    out = tmp_path / "out.csv"
    export.export_rows(
        store, "reconciliation", Period.parse(first), Period.parse(last), format_="csv", out=out, **options
    )
    return out.read_text("utf-8-sig").splitlines()[1:]


def whole(store):
    """How many submissions were verified and found as they are recorded."""
    found = verify_store(store)
    assert found.faults == ()
    return found.submissions


def rules_of(outcome):
    return [finding.rule for _, finding in outcome.findings]


# --------------------------------------------------------------------------------- accepted, rejected


def test_an_accepted_file_is_published_whole_with_bytes_rows_and_figures(store, inbox, tmp_path):
    outcome = file(store, inbox, NAME, checks(DAY, every=5))
    submission = outcome.receipt.submission
    assert (submission.state, submission.row_count, outcome.findings) == (State.ACCEPTED, 288, ())
    assert store.evidence.read(submission.sha256) == (inbox / NAME).read_bytes()
    assert len(exported(store, tmp_path)) == 288
    with reading(store.engine) as connection:
        day = connection.execute(select(tables.reconciliation_days)).mappings().one()
    assert (day["check_count"], day["slot_count"], day["covered_slot_count"]) == (288, 288, 288)


def test_a_rejected_file_publishes_nothing_and_names_every_fault(store, inbox, tmp_path):
    broken = checks(DAY).replace("1.5", "-1.5", 2).replace("match", "mismatch", 1)
    outcome = file(store, inbox, NAME, broken)
    assert outcome.receipt.submission.state is State.REJECTED
    assert outcome.receipt.submission.row_count == 24
    assert sorted(rules_of(outcome)) == ["REC-001", "REC-NEG", "REC-NEG"]
    assert exported(store, tmp_path) == []
    with reading(store.engine) as connection:
        assert connection.execute(select(tables.reconciliation_days)).all() == []


def test_a_nil_return_is_accepted_and_is_not_the_same_as_filing_nothing(store, inbox):
    outcome = file(store, inbox, f"korbit_halts_{DAY}.csv", halts())
    assert (outcome.receipt.submission.state, outcome.receipt.submission.row_count) == (State.ACCEPTED, 0)


def test_secrets_are_not_kept_only_hash_size_and_masked_finding(store, inbox):
    text = halts(halt("tel 010-1234-5678", MORNING - timedelta(hours=12)))
    outcome = file(store, inbox, f"korbit_halts_{DAY}.csv", text)
    submission = outcome.receipt.submission
    assert rules_of(outcome) == ["SUB-007"]
    assert "1234" not in str(outcome.findings)
    assert not submission.evidence_kept
    assert not store.evidence.path(submission.sha256).exists()
    assert submission.size_bytes == len(text.encode())
    assert whole(store) == 1


def test_secrets_in_the_same_bytes_for_several_days_are_found_in_each_and_then_gone(store, inbox):
    names = [f"korbit_halts_2026-11-{day:02d}.csv" for day in (1, 2, 3)]
    for name in names:
        (inbox / name).write_text(halts(halt("tel 010-1234-5678", MORNING)))
    outcomes = jobs.ingest(store, [Candidate(inbox / name, declare(name)) for name in names])
    assert [rules_of(outcome) for outcome in outcomes] == [["SUB-007"]] * 3
    assert not store.evidence.path(outcomes[0].receipt.submission.sha256).exists()


# ------------------------------------------------------------------------------------------ duplicates


def test_the_same_bytes_again_are_answered_with_the_same_receipt(store, inbox):
    first = file(store, inbox, NAME, checks(DAY))
    again = file(store, inbox, NAME, checks(DAY), MORNING + timedelta(hours=1))
    assert again.receipt.duplicate
    assert again.receipt.submission.id == first.receipt.submission.id
    assert again.receipt.submission.received_at == MORNING
    assert states(store) == ["accepted"]


def test_the_same_rejected_bytes_are_a_duplicate_until_the_rules_change(store, inbox, monkeypatch):
    file(store, inbox, NAME, "x")
    assert file(store, inbox, NAME, "x").receipt.duplicate
    for door in (jobs, receiving):
        monkeypatch.setattr(door, "rule_set_version", lambda _thresholds: "another")
    assert not file(store, inbox, NAME, "x").receipt.duplicate
    assert states(store) == ["rejected", "rejected"]


def test_bytes_that_were_superseded_are_filed_again_on_purpose_alone(store, inbox):
    first = file(store, inbox, NAME, checks(DAY)).receipt.submission
    second = file(store, inbox, NAME, checks(DAY, wallet="1.7"), MORNING + timedelta(hours=1)).receipt.submission
    third = file(store, inbox, NAME, checks(DAY), MORNING + timedelta(hours=2)).receipt
    assert (third.duplicate, third.submission.id, third.submission.superseded_by) == (True, first.id, second.id)
    assert states(store) == ["superseded", "accepted"]
    candidate = Candidate(inbox / NAME, declare(NAME))
    with pytest.raises(ValueError, match="reason"):
        jobs.ingest(store, [candidate], again=True)
    (fourth,) = jobs.ingest(
        store, [candidate], received_at=MORNING + timedelta(hours=3), again=True, reason="정정이 잘못됨"
    )
    assert not fourth.receipt.duplicate
    assert states(store) == ["superseded", "superseded", "accepted"]
    (fifth,) = jobs.ingest(store, [candidate], again=True, reason="한 번 더")
    assert (fifth.receipt.duplicate, fifth.receipt.submission.id) == (True, fourth.receipt.submission.id)


def test_bytes_that_were_withdrawn_are_filed_like_new(store, inbox):
    first = file(store, inbox, NAME, checks(DAY)).receipt.submission
    jobs.withdraw(store, first.id, reason="x")
    assert not file(store, inbox, NAME, checks(DAY), MORNING + timedelta(hours=1)).receipt.duplicate
    assert states(store) == ["withdrawn", "accepted"]


def test_the_same_bytes_for_another_day_are_no_duplicate(store, inbox):
    file(store, inbox, f"korbit_halts_{DAY}.csv", halts())
    assert not file(store, inbox, "korbit_halts_2026-11-03.csv", halts()).receipt.duplicate


def test_one_file_twice_in_one_run_is_filed_once(store, inbox):
    path = inbox / NAME
    path.write_text(checks(DAY))
    candidate = Candidate(path, declare(NAME))
    first, second = jobs.ingest(store, [candidate, candidate])
    assert (first.receipt.duplicate, second.receipt.duplicate) == (False, True)
    assert states(store) == ["accepted"]


# -------------------------------------------------------------------- superseding, slices and overlaps


def test_a_correction_supersedes_and_the_old_version_stays_readable(store, inbox, tmp_path):
    first = file(store, inbox, NAME, checks(DAY)).receipt.submission
    later = MORNING + timedelta(hours=2)
    second = file(store, inbox, NAME, checks(DAY, wallet="1.75"), later).receipt.submission
    assert states(store) == ["superseded", "accepted"]
    assert all(",1.75," in line and second.id in line for line in exported(store, tmp_path))
    then = exported(store, tmp_path, as_of=MORNING + timedelta(hours=1))
    assert len(then) == 24
    assert all(",1.6," in line and first.id in line for line in then)
    assert exported(store, tmp_path, as_of=MORNING - timedelta(seconds=1)) == []


def test_slices_stand_side_by_side_and_the_day_supersedes_them(store, inbox, tmp_path):
    for hours in ("T00-06", "T06-12", "T12-24"):
        outcome = file(store, inbox, f"korbit_reconciliation_{DAY}{hours}.csv", checks(DAY + hours))
        assert outcome.receipt.submission.state is State.ACCEPTED
    assert len(exported(store, tmp_path)) == 24
    file(store, inbox, f"korbit_reconciliation_{DAY}T00-24.csv", checks(DAY), MORNING + timedelta(hours=1))
    assert states(store) == ["superseded"] * 3 + ["accepted"]
    assert len(exported(store, tmp_path)) == 24


@pytest.mark.parametrize("hours", ["T05-13", "T00-05", "T06-09"])
def test_a_partial_overlap_is_refused_and_leaves_the_earlier_file_in_force(store, inbox, tmp_path, hours):
    file(store, inbox, f"korbit_reconciliation_{DAY}T04-12.csv", checks(f"{DAY}T04-12"))
    outcome = file(store, inbox, f"korbit_reconciliation_{DAY}{hours}.csv", checks(DAY + hours))
    assert rules_of(outcome) == ["SUB-005"]
    assert states(store) == ["accepted", "rejected"]
    assert len(exported(store, tmp_path)) == 8


def test_two_overlapping_slices_in_one_run_are_taken_in_order(store, inbox):
    names = [f"korbit_reconciliation_{DAY}{hours}.csv" for hours in ("T00-12", "T06-18")]
    for name in names:
        (inbox / name).write_text(checks(declare(name).period.text))
    outcomes = jobs.ingest(store, [Candidate(inbox / name, declare(name)) for name in names])
    assert [o.receipt.submission.state for o in outcomes] == [State.ACCEPTED, State.REJECTED]


def test_a_rejected_correction_changes_nothing_of_what_is_in_force(store, inbox, tmp_path):
    file(store, inbox, NAME, checks(DAY))
    file(store, inbox, NAME, "broken", MORNING + timedelta(hours=1))
    assert states(store) == ["accepted", "rejected"]
    assert len(exported(store, tmp_path)) == 24


# -------------------------------------------------------------------------------------- halts (2.5)


def test_a_halt_filed_again_may_lie_before_its_period(store, inbox):
    halted = Period.parse(DAY).start + timedelta(hours=23)
    file(store, inbox, f"korbit_halts_{DAY}.csv", halts(halt("H1", halted)))
    resumed = halts(halt("H1", halted, halted + timedelta(hours=3)))
    outcome = file(store, inbox, "korbit_halts_2026-11-03.csv", resumed, MORNING + timedelta(days=1))
    assert outcome.receipt.submission.state is State.ACCEPTED
    unknown = halts(halt("H2", halted, halted + timedelta(hours=3)))
    outcome = file(store, inbox, "korbit_halts_2026-11-04.csv", unknown, MORNING + timedelta(days=2))
    assert rules_of(outcome) == ["SUB-003"]


def test_halts_of_one_run_are_judged_by_period_whatever_their_order(store, inbox):
    halted = Period.parse(DAY).start + timedelta(hours=23)
    later, earlier = "korbit_halts_2026-11-03.csv", f"korbit_halts_{DAY}.csv"
    (inbox / later).write_text(halts(halt("H1", halted, halted + timedelta(hours=3))))
    (inbox / earlier).write_text(halts(halt("H1", halted)))
    outcomes = jobs.ingest(store, [Candidate(inbox / name, declare(name)) for name in (later, earlier)])
    assert [o.receipt.submission.state for o in outcomes] == [State.ACCEPTED, State.ACCEPTED]


# ----------------------------------------------------------------------------------------- withdrawal


def test_a_withdrawal_takes_rows_out_of_force_and_keeps_them_readable(store, inbox, tmp_path):
    submission = file(store, inbox, NAME, checks(DAY)).receipt.submission
    jobs.withdraw(store, submission.id, reason="wrong day", at=MORNING + timedelta(hours=3))
    assert states(store) == ["withdrawn"]
    assert exported(store, tmp_path) == []
    assert len(exported(store, tmp_path, as_of=MORNING + timedelta(hours=2))) == 24
    assert whole(store) == 1


@pytest.mark.parametrize(
    ("number", "reason", "sentence"),
    [("20260101-0000000000", "x", "there is no submission"), (None, " ", "needs a reason")],
    ids=["unknown", "without reason"],
)
def test_a_withdrawal_that_cannot_be_is_said_in_one_sentence(store, inbox, number, reason, sentence):
    submission = file(store, inbox, NAME, checks(DAY)).receipt.submission
    with pytest.raises(jobs.NotWithdrawableError, match=sentence):
        jobs.withdraw(store, number or submission.id, reason=reason)
    assert states(store) == ["accepted"]


def test_only_an_accepted_submission_can_be_withdrawn(store, inbox):
    submission = file(store, inbox, NAME, "broken").receipt.submission
    with pytest.raises(jobs.NotWithdrawableError, match="is rejected"):
        jobs.withdraw(store, submission.id, reason="x")


# ------------------------------------------------------------------------- findings, check and verify


def test_a_rejected_file_is_current_until_a_later_one_of_its_period(store, inbox):
    file(store, inbox, NAME, "broken")
    with reading(store.engine) as connection:
        assert [f.finding.rule for f in life.current_findings(connection)] == ["SUB-002"] * 7
    file(store, inbox, NAME, checks(DAY, every=5), MORNING + timedelta(minutes=20))
    with reading(store.engine) as connection:
        assert life.current_findings(connection) == []


def test_a_breach_never_rejects_a_file_and_is_lifted_by_its_correction_with_its_moment_kept(store, inbox):
    gap = file(store, inbox, NAME, checks(DAY)).receipt.submission
    assert gap.state is State.ACCEPTED
    with reading(store.engine) as connection:
        assert {f.finding.rule for f in life.current_findings(connection)} == {"REC-002"}
    jobs.withdraw(store, gap.id, reason="incomplete", at=MORNING + timedelta(minutes=10))
    with reading(store.engine) as connection:
        assert life.current_findings(connection) == []
        found_at = connection.execute(select(tables.findings.c.found_at)).scalars().all()
    assert set(found_at) == {MORNING}


def test_check_and_ingest_give_the_same_findings_and_check_files_nothing(store, inbox):
    path = inbox / NAME
    path.write_text(checks(DAY).replace("1.5", "-1.5", 2))
    candidate = Candidate(path, declare(NAME))
    checked = jobs.check(store, [candidate])[0]
    assert states(store) == []
    filed = jobs.ingest(store, [candidate])[0]
    assert [(finding, kind) for kind, finding in filed.findings] == list(checked.findings)


def test_verify_finds_one_changed_byte_and_missing_rows(store, inbox):
    submission = file(store, inbox, NAME, checks(DAY)).receipt.submission
    path = store.evidence.path(submission.sha256)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    store.facts.path(life.fact_files([submission])[0]).unlink()
    found = verify_store(store)
    assert found.submissions == 1
    assert [fault.what.split()[-1] for fault in found.faults] == ["SHA-256", "missing"]


# ------------------------------------------------------------------------------- our failures, crashes


def test_our_failure_has_an_incident_keeps_the_file_and_is_taken_again(store, inbox, monkeypatch):
    def broken(readings):
        raise ZeroDivisionError("ours")

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "decide", broken)
        file(store, inbox, NAME, checks(DAY))
    assert states(store) == ["failed"]
    with reading(store.engine) as connection:
        incident = connection.execute(select(tables.incidents)).mappings().one()
    assert "ZeroDivisionError: ours" in incident["summary"]
    jobs.retry(store.engine, incident["submission"], actor="somebody")
    jobs.process(store)
    assert states(store) == ["accepted"]


def test_one_file_that_we_fail_on_does_not_hold_up_the_others(store, inbox, monkeypatch):
    names = [NAME, f"korbit_halts_{DAY}.csv"]
    (inbox / names[0]).write_text(checks(DAY))
    (inbox / names[1]).write_text(halts())
    decide = examine.decide

    def picky(readings):
        if any(r.incoming.declared.report == "reconciliation" for r in readings):
            raise ZeroDivisionError
        return decide(readings)

    monkeypatch.setattr(jobs, "decide", picky)
    jobs.ingest(store, [Candidate(inbox / name, declare(name)) for name in names])
    with reading(store.engine) as connection:
        assert {s.report: s.state.value for s in life.listed(connection)} == {
            "reconciliation": "failed",
            "halts": "accepted",
        }


def test_a_rule_that_crashes_is_an_incident_and_is_judged_when_it_is_tried_again(store, inbox, monkeypatch):
    def broken(*arguments, **options):
        raise RuleCrashedError(["REC-002"], "division by zero")

    with monkeypatch.context() as patched:
        patched.setattr(review, "ask_rules", broken)
        filed = file(store, inbox, NAME, checks(DAY)).receipt.submission
    assert states(store) == ["accepted"]
    with reading(store.engine) as connection:
        assert life.current_findings(connection) == []
        assert "REC-002 could not be evaluated" in connection.execute(select(tables.incidents.c.summary)).scalar_one()
    jobs.retry(store.engine, filed.id, actor="somebody")
    jobs.process(store)
    with reading(store.engine) as connection:
        assert {f.finding.rule for f in life.current_findings(connection)} == {"REC-002"}


KILLED_AT = {
    "before the bytes are durable": "etl.evidence.write_durably",
    "before the submission is recorded": "etl.records.submissions.insert_received",
    "before it is read": "etl.examine.read",
    "before it is judged": "etl.examine.judge_files",
    "before its rows are written": "etl.facts.pq.write_table",
    "before its figures are written": "etl.figures.write",
    "before its state is changed": "etl.records.submissions.change_state",
    "before the moment of its state is written": "etl.records.submissions._add_state",
    "before its bytes are discarded": "etl.evidence.Evidence.discard",
}


@pytest.mark.slow
@pytest.mark.parametrize("step", KILLED_AT, ids=str)
def test_a_run_killed_at_any_step_leaves_whole_submissions_and_is_finished_by_the_next(tmp_path, inbox, step):
    for day in range(1, 4):
        period = f"2026-10-{day:02d}"
        (inbox / f"korbit_reconciliation_{period}.csv").write_text(checks(period))
        (inbox / f"korbit_halts_{period}.csv").write_text(halts(halt(f"tel 010-1234-567{day}", MORNING)))
    home = tmp_path / "home"
    environment = {**os.environ, "DAXA_HOME": str(home)}
    environment.pop("DAXA_DATABASE_URL", None)
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    assert killed_at(KILLED_AT[step], 1, "ingest", inbox, environment=environment)
    store = open_store(home)
    _nothing_half_published(store)
    finished = subprocess.run([sys.executable, "-c", "from app.cli import main; main()", "ingest", str(inbox)], **quiet)
    assert finished.returncode == 1
    assert sorted(states(store)) == ["accepted"] * 3 + ["rejected"] * 3
    assert whole(store) == 6
    assert sum(path.is_file() for path in (home / "evidence").rglob("*")) == 3
    _nothing_half_published(store)


def _nothing_half_published(store):
    with reading(store.engine) as connection:
        for submission in life.listed(connection):
            figures = connection.execute(
                select(tables.reconciliation_days.c.check_count).where(
                    tables.reconciliation_days.c.submission == submission.id
                )
            ).all()
            assert len(figures) == (1 if submission.state is State.ACCEPTED else 0)

"""The command line contract (specification, section 6): forms, exit statuses, and sentences for what goes wrong."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from app.cli import main
from etl.exchanges import all_exchanges
from etl.records.engine import head_revision
from expectations.catalogue import all_reports, all_rules
from tests.filing import checks, halts

ROOT = Path(__file__).resolve().parent.parent
NAME = "korbit_reconciliation_2026-11-02.csv"
FINDING_KEYS = {
    *("rule", "kind", "row", "column", "subject", "from", "to", "found", "expected", "message_ko", "message_en"),
    *("reason", "path"),
}
SUBMISSION_KEYS = {
    *("file", "submission", "exchange", "report", "period", "state", "duplicate", "sha256", "rows", "findings"),
}


@pytest.fixture
def daxa(tmp_path, monkeypatch, capfd):
    """The command in a home of its own, in this process: (status, standard output, standard error)."""
    monkeypatch.setenv("DAXA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, **more):
        capfd.readouterr()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "argv", ["daxa", *map(str, arguments)])
            for name, value in more.items():
                patched.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        return ended.value.code, *capfd.readouterr()

    return run


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test_ingest_answers_one_object_a_file_in_the_form_of_the_specification(daxa, inbox):
    (inbox / NAME).write_text(checks("2026-11-02", every=5))
    status, out, _ = daxa("ingest", "--json", "--received-at", "2026-11-03T09:00:00+09:00", inbox)
    assert status == 0
    (answer,) = objects(out)
    assert answer.keys() >= SUBMISSION_KEYS
    assert (answer["state"], answer["rows"], answer["duplicate"], answer["findings"]) == ("accepted", 288, False, [])
    assert answer["file"] == str(inbox / NAME)
    assert answer["received_at"] == "2026-11-03T09:00:00+09:00"
    status, out, _ = daxa("ingest", "--json", inbox)
    assert status == 0
    assert objects(out)[0] == {**answer, "duplicate": True}


def test_what_was_replaced_comes_into_force_again_on_purpose_alone(daxa, inbox):
    path = inbox / NAME
    numbers = []
    for content in (checks("2026-11-02"), checks("2026-11-02", wallet="1.7")):
        path.write_text(content, "utf-8")
        numbers.append(objects(daxa("ingest", path, "--json")[1])[0]["submission"])
    path.write_text(checks("2026-11-02"), "utf-8")
    status, out, err = daxa("ingest", path, "--json")
    (answer,) = objects(out)
    assert (status, answer["submission"], answer["duplicate"]) == (0, numbers[0], True)
    assert (answer["state"], answer["superseded_by"]) == ("superseded", numbers[1])
    assert all(part in err for part in (*numbers, "--again", "--reason"))
    status, out, err = daxa("ingest", path, "--again")
    assert (status, out) == (2, "")
    assert "--reason" in err
    (answer,) = objects(daxa("ingest", path, "--again", "--reason", "the correction was wrong", "--json")[1])
    assert (answer["state"], answer["duplicate"], answer["superseded_by"]) == ("accepted", False, None)
    assert answer["submission"] not in numbers


def test_a_rejection_is_status_one_and_every_finding_is_told_in_both_languages(daxa, inbox):
    (inbox / NAME).write_text(checks("2026-11-02").replace("100.5", "0", 2).replace(",1.5,", ",NaN,", 1))
    status, out, _ = daxa("ingest", "--json", inbox)
    assert status == 1
    (answer,) = objects(out)
    assert answer["state"] == "rejected"
    (finding,) = answer["findings"]
    assert finding.keys() == FINDING_KEYS
    assert (finding["rule"], finding["row"], finding["column"]) == ("SUB-006", 2, "ledgerBalance")
    assert finding["found"] == "NaN"
    assert "NaN" in finding["message_ko"]
    assert "row 2" in finding["message_en"]
    status, out, _ = daxa("findings", "--json", "--rule", "SUB-006")
    assert status == 0
    (stored,) = objects(out)
    assert stored.keys() == FINDING_KEYS | {"exchange", "report", "period", "submission", "file", "state"}
    assert stored["state"] == "rejected"


def test_a_day_without_a_report_that_a_rule_needs_is_told_as_not_evaluated(daxa, inbox):
    (inbox / "korbit_halts_2026-11-02.csv").write_text(halts())
    daxa("ingest", inbox)
    words = ("--json", "--report", "halts", "--rule", "HLT-005")
    (told,) = objects(daxa("findings", *words)[1])
    assert told.keys() == FINDING_KEYS | {"exchange", "report", "period", "submission", "file", "state"}
    assert (told["exchange"], told["period"], told["submission"]) == ("korbit", "2026-11-02", None)
    assert (told["state"], told["found"]) == ("not_evaluated", "not accepted: reconciliation")
    assert "평가하지 못함: 코빗 2026-11-02의 잔고대사" in told["message_ko"]
    (inbox / NAME).write_text(checks("2026-11-02", every=5))
    daxa("ingest", inbox)
    assert daxa("findings", *words)[1] == ""
    assert daxa("findings", "--rule", "HLT-005")[1].splitlines()[-1] == "no findings"


def test_what_was_evaluated_is_told_by_rule_and_month_and_by_submission(daxa, inbox):
    (inbox / NAME).write_text(checks("2026-11-02", every=5))
    out = daxa("ingest", "--received-at", "2026-11-03T09:00:00+09:00", inbox)[1]
    assert out.splitlines()[-1] == "no findings; 2 rule(s) not evaluated (REC-006, REC-007)"
    status, out, _ = daxa("evaluated", "--json", "--rule", "REC-007", "--exchange", "korbit", "--to", "2026-11-02")
    assert status == 0
    told = objects(out)[-1]
    assert (told["exchange"], told["period"], told["outcome"], told["why"], told["lacking"]) == (
        *("korbit", "2026-11-02", "not_evaluated", "lacking", ["api_volume"]),
    )
    assert told["rows_read"] > 0
    assert told["message_ko"].startswith("평가하지 못함: 2026-11-02의 ")
    of_one = daxa("evaluated", "--submission", told["submission"])[1]
    assert of_one.splitlines()[-1] == "no findings; 2 rule(s) not evaluated (REC-006, REC-007)"
    assert "REC-003" in of_one
    by_month = daxa("evaluated", "--report", "reconciliation", "--rule", "REC-007", "--from", "2026-11-02")[1]
    assert "API volume is not accepted for 2026-11-02 (REC-007)" in by_month
    assert daxa("evaluated", "--rule", "REC-999")[0] == 2
    assert daxa("evaluated", "--submission", "20261102-0000000000")[0] == 2


def test_check_files_nothing_and_finds_the_same(daxa, inbox):
    (inbox / NAME).write_text(checks("2026-11-02").replace("100.5", "0", 2))
    status, out, _ = daxa("check", "--json", inbox / NAME)
    assert status == 1
    checked = objects(out)[0]
    assert checked["submission"] is None
    assert daxa("submissions", "--json")[1] == ""
    ingested = objects(daxa("ingest", "--json", inbox / NAME)[1])[0]
    assert ingested["findings"] == checked["findings"]
    assert ingested["sha256"] == checked["sha256"]


def test_given_words_win_over_the_name(daxa, inbox):
    (inbox / "report.csv").write_text(checks("2026-11-02"))
    words = ("--exchange", "korbit", "--report", "reconciliation", "--period", "2026-11-02")
    status, out, _ = daxa("check", "--json", *words, inbox / "report.csv")
    assert (status, objects(out)[0]["state"]) == (0, "accepted")
    (inbox / NAME).write_text(checks("2026-11-02"))
    assert objects(daxa("check", "--json", "--period", "2026-11-05", inbox / NAME)[1])[0]["period"] == "2026-11-05"


def test_a_file_in_a_folder_that_says_nothing_is_passed_over_by_name_and_alone_is_an_error(daxa, inbox):
    (inbox / NAME).write_text(checks("2026-11-02"))
    (inbox / "notes.txt").write_text("x")
    status, out, error = daxa("ingest", "--json", inbox)
    assert status == 0
    assert len(objects(out)) == 1
    assert "notes.txt" in error
    status, out, error = daxa("ingest", inbox / "notes.txt")
    assert (status, out) == (2, "")
    assert "notes.txt" in error


def test_withdraw_and_what_was_known_before(daxa, inbox):
    (inbox / NAME).write_text(checks("2026-11-02"))
    daxa("ingest", "--received-at", "2026-11-03T09:00:00+09:00", inbox)
    (submission,) = objects(daxa("submissions", "--json")[1])
    assert "findings" not in submission
    status, _, _ = daxa("withdraw", submission["submission"], "--reason", "wrong day")
    assert status == 0
    assert objects(daxa("submissions", "--json")[1])[0]["state"] == "withdrawn"
    then = daxa("submissions", "--json", "--as-of", "2026-11-03T10:00:00+09:00")[1]
    assert objects(then)[0]["state"] == "accepted"
    assert daxa("submissions", "--json", "--as-of", "2026-11-03T08:00:00+09:00")[1] == ""


@pytest.mark.parametrize("format_", ["csv", "parquet", "xlsx"])
def test_export_is_exact_in_every_format(daxa, inbox, tmp_path, format_):
    longest = "12345678901234567890.123456789012345678"
    text = checks("2026-11-02", every=720).replace(",1.5,1.6,", f",{longest},{longest},")
    (inbox / NAME).write_text(text)
    assert daxa("ingest", inbox)[0] == 0
    out = tmp_path / f"rows.{format_}"
    words = ("--from", "2026-11-02", "--to", "2026-11-02", "--format", format_, "--out", out)
    assert daxa("export", "reconciliation", *words)[0] == 0
    if format_ == "parquet":
        rows = pq.read_table(out).to_pylist()
        assert [row["ledger_quantity"] for row in rows] == [Decimal(longest)] * 2
        return
    if format_ == "csv":
        header, *lines = [line.split(",") for line in out.read_text("utf-8-sig").splitlines()]
    else:
        header, *lines = [list(row) for row in load_workbook(out).active.iter_rows(values_only=True)]
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    assert [row["ledger_quantity"] for row in rows] == [longest] * 2
    assert rows[0]["checked_at"] == "2026-11-02T00:00:03+09:00"
    assert [row["source_row"] for row in rows] == ["2", "3"]
    assert {row["exchange"] for row in rows} == {"korbit"}


@pytest.mark.parametrize("report", all_reports())
@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_blank_template_is_a_nil_return_where_one_is_possible(daxa, tmp_path, report, ending):
    from etl.export import write_template
    from etl.intake import Candidate, declare
    from etl.jobs import check
    from etl.store import open_store

    period = "2026-10" if report == "audits" else "2026-11-02"
    candidates = []
    for exchange in all_exchanges():
        path = tmp_path / f"{exchange}_{report}_{period}.{ending}"
        write_template(all_reports()[report], path)
        candidates.append(Candidate(path, declare(path.name)))
    for verdict in check(open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'r.sqlite'}"), candidates):
        rules = {finding.rule for finding, _ in verdict.findings}
        assert rules == {"api_keys": {"KEY-001"}, "audits": {"SUB-001"}}.get(report, set())


def test_rules_are_told_in_both_forms(daxa):
    told = objects(daxa("rules", "--json")[1])
    assert {rule["id"] for rule in told} == set(all_rules())
    read = next(rule["interpretation"] for rule in told if rule["id"] == "REC-004")
    assert read["decided"] == [{"by": "FSC", "on": "2026-04-06"}, {"by": "team", "on": "2026-11-22"}]
    assert read["expected_to_change_ko"] == all_rules()["REC-004"].interpretation.expected_to_change.ko
    assert "SUB-001" in daxa("rules")[1]


def test_the_suites_are_compiled_by_the_command(daxa):
    assert daxa("rules", "compile")[:2] == (0, "every suite is up to date\n")


def test_migrate_and_verify_say_what_they_did(daxa):
    assert daxa("migrate")[:2] == (0, f"revision none → {head_revision()}\n")
    assert daxa("migrate")[:2] == (0, f"already at revision {head_revision()}\n")
    assert daxa("verify")[:2] == (
        0,
        "0 submissions checked, 0 of them read again from their bytes, 0 judged again\n"
        "1 log entries checked, no day signed\n0 faults\n",
    )


def test_simulate_writes_the_same_bytes_for_the_same_seed(daxa, tmp_path):
    for name in ("one", "two"):
        words = ("--from", "2026-11-02", "--to", "2026-11-02", "--seed", 7, "--assets", 2)
        assert daxa("simulate", "--out", tmp_path / name, *words)[0] == 0
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.*")} for name in ("one", "two")
    )
    assert first == second
    assert {name.split("_")[0] for name in first} == set(all_exchanges())


WRONG = {
    "a path that is not there": (("ingest", "/nowhere/at/all"), "no such file or folder"),
    "an unknown report": (
        ("export", "nothing", "--from", "2026-11-02", "--to", "2026-11-02", "--out", "x"),
        "no report",
    ),
    "an unknown exchange": (("findings", "--exchange", "binance"), "no exchange"),
    "an unknown rule": (("findings", "--rule", "XYZ-999"), "no rule"),
    "no instant": (("submissions", "--as-of", "yesterday"), "is no instant"),
    "an instant without zone": (("submissions", "--as-of", "2026-11-02T09:00:00"), "is no instant"),
    "no period": (("submissions", "--from", "soon"), "is no period"),
    "no day": (("simulate", "--out", "x", "--from", "soon", "--to", "2026-11-02", "--seed", "1"), "is no day"),
    "a reversed export": (
        ("export", "halts", "--from", "2026-11-03", "--to", "2026-11-02", "--out", "x"),
        "ends before it begins",
    ),
    "a reversed list": (("submissions", "--from", "2026-11-01", "--to", "2026-10"), "ends before it begins"),
    "reversed findings": (("findings", "--from", "2026-11-03", "--to", "2026-11-02"), "ends before it begins"),
    "reversed days": (
        ("simulate", "--out", "x", "--from", "2026-11-03", "--to", "2026-11-02", "--seed", "1"),
        "ends before it begins",
    ),
    "a reversed what-if": (
        ("rules", "what-if", "REC-004", "--parameter", "x=1", "--from", "2026-11", "--to", "2026-10"),
        "ends before it begins",
    ),
    "a reversed slice": (("submissions", "--from", "2026-11-02T12-09"), "the first before the last"),
    "an unknown submission": (("withdraw", "1", "--reason", "x"), "no submission"),
    "an unknown command": (("fly",), "No such command"),
    "a missing word": (("withdraw", "1"), "Missing option"),
    "an unknown format": (
        ("export", "halts", "--from", "2026-11-02", "--to", "2026-11-02", "--out", "x", "--format", "pdf"),
        "no format",
    ),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_what_goes_wrong_is_one_sentence_and_status_two(daxa, case):
    words, sentence = WRONG[case]
    status, out, error = daxa(*words)
    assert (status, out) == (2, "")
    assert sentence in error
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DAXA_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x?connect_timeout=2"}, "cannot be opened"),
        ({"DAXA_DATABASE_URL": "mongodb://h"}, "no database address"),
        ({"DAXA_HOME": "/proc/none"}, "cannot be made"),
    ],
    ids=["unreachable", "unknown", "no folder"],
)
def test_a_store_that_cannot_be_used_is_one_sentence(daxa, variables, sentence):
    status, _, error = daxa("submissions", **variables)
    assert status == 2
    assert sentence in error
    assert "secret" not in error
    assert len(error.strip().splitlines()) == 1


def test_a_locked_database_is_one_sentence(daxa, tmp_path, inbox, monkeypatch):
    import sqlite3

    (inbox / NAME).write_text(checks("2026-11-02"))
    daxa("submissions")
    locked = sqlite3.connect(tmp_path / "home" / "daxa.sqlite", isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    status, _, error = daxa("ingest", inbox, DAXA_BUSY_SECONDS="0.2")
    locked.rollback()
    assert status == 2
    assert "locked by another process" in error


def test_the_installed_command_is_this_one(tmp_path):
    command = Path(sys.executable).with_name("daxa")
    environment = {**os.environ, "DAXA_HOME": str(tmp_path / "home")}
    done = subprocess.run([command, "rules", "--json"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert {rule["id"] for rule in objects(done.stdout)} == set(all_rules())


@pytest.mark.parametrize(
    "command",
    [
        *("demo", "serve", "ingest", "check", "findings", "submissions", "withdraw", "export", "simulate"),
        *("rules", "migrate", "verify", "bench", "template", "doctor"),
    ],
)
def test_every_command_has_help(daxa, command):
    status, out, _ = daxa(command, "--help")
    assert status == 0
    assert "Usage" in out


def test_a_threshold_is_proposed_and_then_listed_as_waiting(daxa):
    status, out, _ = daxa("thresholds", "list", "--json")
    assert status == 0
    in_force = {row["name"]: row for row in objects(out) if row["exchange"] is None}
    assert in_force["halt_shortfall_ratio"]["value"] == "0.01"
    change = ("halt_shortfall_ratio", "0.02", "--from", "2099-01-01", "--reason", "a larger one")
    status, out, _ = daxa("thresholds", "propose", *change)
    assert status == 0
    (made,) = objects(out)
    assert (made["name"], made["value"], made["effective_from"]) == ("halt_shortfall_ratio", "0.02", "2099-01-01")
    assert made["what_if"]
    status, out, _ = daxa("thresholds", "list", "--json")
    (waiting,) = [row for row in objects(out) if row["source"] == "proposed"]
    assert waiting == {
        "name": "halt_shortfall_ratio",
        "exchange": None,
        "value": "0.02",
        "effective_from": "2099-01-01",
        "source": "proposed",
        "proposal": made["proposal"],
    }
    assert "0.02" in daxa("thresholds", "list")[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("halt_shortfall_ratio", "0.02", "--from", "2020-01-01", "--reason", "late"), "2020-01-01"),
        (("halt_shortfall_ratio", "much", "--from", "2099-01-01", "--reason", "no number"), "much"),
        (("halt_shortfall_ratio", "0.02", "--from", "soon", "--reason", "no day"), "soon"),
        (("no_such_threshold", "1", "--from", "2099-01-01", "--reason", "unknown"), "no_such_threshold"),
    ],
    ids=["a day that is past", "no number", "no day", "no threshold"],
)
def test_a_proposal_that_cannot_be_made_is_refused_in_one_sentence(daxa, change, said):
    status, out, error = daxa("thresholds", "propose", *change)
    assert (status, out) == (2, "")
    assert said in error
    assert len(error.strip().splitlines()) == 1

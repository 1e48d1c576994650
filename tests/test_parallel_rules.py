"""Rules of tomorrow on the files of today: what would break is told by rule, exchange, submission and row."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app.cli import main
from app.parallel import told_record, told_text
from etl import jobs
from etl.intake import Candidate, declare
from etl.parallel import (
    NOT_EVALUATED,
    ChangeOfBook,
    Difference,
    Hindrance,
    How,
    NotCompared,
    NothingToCompareError,
    RulesCompared,
    Told,
    VerdictChange,
    beside,
    files_of,
)
from etl.parallel_rules import books_of, compare_books
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.store import Store, open_store
from expectations.book import NoBookError, book_in, book_standing_on, the_book
from expectations.sources import RULES_FOLDER
from expectations.vocabulary import KST, Finding, Period, State
from tests.filing import HALTS_HEADER, checks, file, milliseconds
from tests.parallel_runs import copied_suite, held_by, written_again

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
DAY, NEXT = "2026-11-02", "2026-11-03"
DECEMBER = date(2026, 12, 1)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def compared(
    store: Store,
    *,
    on: date = DECEMBER,
    suites: Path | None = None,
    first: str | None = None,
    last: str | None = None,
    exchange: str | None = None,
) -> tuple[RulesCompared, list[Told]]:
    today = books_of(store)
    files = files_of(store, first and Period.parse(first), last and Period.parse(last), exchange)
    other = today if suites is None else book_in(suites, today)
    days = files[0].period.first_day, max(one.period.last_day for one in files)
    told: list[Told] = []
    found = compare_books(store, today, book_standing_on(other, on, *days), files, now=NOW, listener=told.append)
    return found, told


def recorded(store: Store) -> dict[str, set[Finding]]:
    """What is recorded of each accepted file, by its name."""
    with reading(store.engine) as connection:
        return {
            one.file.rpartition("/")[2]: {f for _, f in life.findings_of(connection, [one.id])[one.id]}
            for one in life.listed(connection)
            if one.state is State.ACCEPTED
        }


# ------------------------------------------------------------------------------------- the book of another day


def test_what_would_be_found_is_what_filing_it_as_if_in_force_finds(store: Store, tmp_path: Path) -> None:
    """Of days before the standard began, by every rule that began with it."""
    days = {"2026-04-06": range(284, 288), "2026-04-07": range(2)}
    apart = open_store(tmp_path / "apart", f"sqlite:///{tmp_path / 'apart.sqlite'}")
    for day, short in days.items():
        path = tmp_path / f"korbit_reconciliation_{day}.csv"
        path.write_text(checks(day, every=5, short=short))
        at = datetime(2026, 4, 9, tzinfo=UTC)
        for one, as_if in ((store, False), (apart, True)):
            jobs.ingest(one, [Candidate(path, declare(path.name))], received_at=at, as_if_in_force=as_if)
    assert all(not found for found in recorded(store).values())
    found, told = compared(store, on=date(2026, 6, 1))
    differences = [one for one in told if isinstance(one, Difference)]
    assert {one.how for one in differences} == {How.ONLY_TOMORROW}
    by_file: dict[str, set[Finding]] = {name: set() for name in recorded(apart)}
    for one in differences:
        assert one.filed is not None and one.tomorrow is not None
        assert (one.exchange, one.report, one.submission) == ("korbit", "reconciliation", one.filed.id)
        by_file[one.filed.file.rpartition("/")[2]].add(one.tomorrow)
    assert by_file == recorded(apart)
    assert {one.rule.id for one in differences} == {"REC-003", "REC-004"}
    assert found.breaks and found.is_whole
    apart.engine.dispose()


def left_out(store: Store, folder: Path, first: str, second: str) -> None:
    """Two days of checks, of which the second lacks the asset of the first (REC-011)."""
    file(store, folder, f"korbit_reconciliation_{first}.csv", checks(first, every=5))
    file(store, folder, f"korbit_reconciliation_{second}.csv", checks(second, every=5, asset="eth"))


def test_a_rule_that_begins_later_is_told_by_name_exchange_and_submission(store: Store, tmp_path: Path) -> None:
    left_out(store, tmp_path, DAY, NEXT)
    found, told = compared(store)
    (one,) = [one for one in told if isinstance(one, Difference) and one.rule.id == "REC-011"]
    assert (one.exchange, one.period.text, one.how) == ("korbit", NEXT, How.ONLY_TOMORROW)
    assert one.filed is not None and one.filed.id == one.submission
    assert one.tomorrow is not None and one.tomorrow.subject == "BTC"
    begins = {change.rule for change in found.rules if change.what is ChangeOfBook.BEGINS}
    assert "REC-011" in begins and "REC-003" not in begins
    # The same two days, in the rule's own time.
    december = open_store(tmp_path / "december", f"sqlite:///{tmp_path / 'december.sqlite'}")
    left_out(december, tmp_path, "2026-12-02", "2026-12-03")
    said = {(f.rule, f.subject, f.found) for found in recorded(december).values() for f in found}
    assert (one.rule.id, one.tomorrow.subject, one.tomorrow.found) in said
    december.engine.dispose()


def test_another_value_of_a_threshold_is_tried_too(store: Store, tmp_path: Path) -> None:
    """A halt of deposits alone answers a large shortfall until 2026-12-01."""
    at = datetime(2026, 11, 2, 0, 50, 3, tzinfo=KST)
    line = f"h1,asset,btc,deposit,reconciliationMismatch,true,{milliseconds(at)},{milliseconds(at)},,,0"
    file(store, tmp_path, f"korbit_halts_{DAY}.csv", f"{HALTS_HEADER}\r\n{line}\r\n")
    file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, every=5, short=range(10, 14)))
    found, told = compared(store)
    assert [(c.name, c.today, c.tomorrow) for c in found.thresholds] == [("trading_halts_only", 0, 1)]
    (one,) = [one for one in told if isinstance(one, Difference) and one.rule.id == "REC-004"]
    assert (one.how, one.tomorrow and one.tomorrow.subject) == (How.ONLY_TOMORROW, "BTC")


def test_the_book_of_an_earlier_day_takes_findings_away(store: Store, tmp_path: Path) -> None:
    left_out(store, tmp_path, "2026-12-02", "2026-12-03")
    found, told = compared(store, on=date(2026, 11, 1))
    assert {(one.rule.id, one.how) for one in told if isinstance(one, Difference)} >= {("REC-011", How.ONLY_TODAY)}
    assert not found.breaks


def test_the_book_as_it_stands_changes_nothing(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, every=5, short=range(10, 14)))
    found, told = compared(store, on=date(2026, 11, 2))
    assert (told, found.rules, found.thresholds, found.breaks) == ([], (), (), False)


def test_nothing_is_written(store: Store, tmp_path: Path) -> None:
    left_out(store, tmp_path, DAY, NEXT)
    (tmp_path / "rules").mkdir()
    suites = copied_suite(tmp_path / "rules", "reconciliation")
    written_again(
        suites / "reconciliation" / "REC-001.toml",
        suites / "reconciliation" / "REC-099.toml",
        violation='"ledger_quantity > 1 AND source_row = 3"',
    )
    before = held_by(store)
    found, _ = compared(store, suites=suites)
    assert found.breaks
    assert held_by(store) == before


# ----------------------------------------------------------------------------------------- the book of a folder


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    return copied_suite(tmp_path / "rules", "reconciliation")


def test_a_file_that_would_be_refused_is_told_with_its_rows(store: Store, tmp_path: Path, suites: Path) -> None:
    own = suites / "reconciliation"
    written_again(own / "REC-001.toml", own / "REC-099.toml", violation='"source_row = 3"', effective_from="2027-01-01")
    outcome = file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, every=5))
    found, told = compared(store, suites=suites, on=date(2027, 1, 1))
    (change,) = [one for one in told if isinstance(one, VerdictChange)]
    assert (change.submission.id, change.today, change.tomorrow) == (
        outcome.receipt.submission.id,
        State.ACCEPTED,
        State.REJECTED,
    )
    assert [(finding.row, rule.id) for finding, rule in change.findings] == [(3, "REC-099")]
    assert found.breaks and found.verdicts_of("korbit", State.ACCEPTED, State.REJECTED) == 1
    assert {change.what for change in found.rules if change.rule == "REC-099"} == {ChangeOfBook.ADDED}
    record = told_record(change)
    assert (record["what"], record["findings"][0]["row"]) == ("verdict", 3)
    assert "REC-099" in told_text(change, "ko")


def test_a_file_that_would_be_accepted_is_told_and_breaks_nothing(store: Store, tmp_path: Path, suites: Path) -> None:
    content = checks(DAY).replace(",match", ",mismatch", 1)
    outcome = file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", content)
    assert outcome.receipt.submission.state is State.REJECTED
    (suites / "reconciliation" / "REC-001.toml").unlink()
    found, told = compared(store, suites=suites, on=date.fromisoformat(DAY))
    (change,) = [one for one in told if isinstance(one, VerdictChange)]
    assert (change.today, change.tomorrow) == (State.REJECTED, State.ACCEPTED)
    assert [rule.id for _, rule in change.findings] == ["REC-001"]
    assert not found.breaks


def test_a_finding_with_another_value_is_changed(store: Store, tmp_path: Path, suites: Path) -> None:
    source = suites / "reconciliation" / "REC-004.toml"
    source.write_text(source.read_text("utf-8").replace("'reconciliation_mismatch ≤ '", "'at once: '"), "utf-8")
    file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, every=5, short=range(10, 14)))
    found, told = compared(store, suites=suites, on=date.fromisoformat(DAY))
    (one,) = told
    assert isinstance(one, Difference) and one.how is How.CHANGED
    assert told_record(one)["today"]["expected"].startswith("reconciliation_mismatch")
    assert told_record(one)["expected"].startswith("at once")
    assert not found.breaks


@pytest.mark.parametrize(
    "query",
    [
        "SELECT no_such FROM submissions",
        "SELECT submission, content AS subject FROM read_text('/etc/hostname'), submissions",
        "SELECT 1); COPY (SELECT 1) TO '{folder}/written.csv'; SELECT * FROM (SELECT 1",
        "SELECT 1 AS other",
    ],
    ids=["wrong", "reads a file", "writes a file", "returns something else"],
)
def test_a_rule_that_cannot_be_evaluated_is_said_so(store: Store, tmp_path: Path, suites: Path, query: str) -> None:
    source = suites / "reconciliation" / "REC-003.toml"
    head, _, rest = source.read_text("utf-8").partition("query = '''")
    text = head + "query = '''\n" + query.format(folder=tmp_path) + "\n'''" + rest.partition("'''")[2]
    source.with_name("REC-098.toml").write_text(text, "utf-8")
    outcome = file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, every=5))
    found, told = compared(store, suites=suites, on=date.fromisoformat(DAY))
    (one,) = [one for one in told if isinstance(one, NotCompared)]
    assert (one.submission and one.submission.id, one.rule, one.why) == (
        outcome.receipt.submission.id,
        "REC-098",
        Hindrance.RULE_FAILED,
    )
    assert not found.is_whole and not found.breaks
    assert not (tmp_path / "written.csv").exists()
    assert "REC-098" in told_record(one)["message_ko"]


def test_rows_that_are_gone_are_said_so(store: Store, tmp_path: Path, suites: Path) -> None:
    outcome = file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, every=5))
    file(store, tmp_path, f"korbit_reconciliation_{NEXT}.csv", checks(NEXT, every=5, short=range(10, 14)))
    (store.facts.path(life.fact_files([outcome.receipt.submission])[0])).unlink()
    found, told = compared(store)
    failed = [one for one in told if isinstance(one, NotCompared) and one.why not in NOT_EVALUATED]
    assert outcome.receipt.submission.id in {one.submission and one.submission.id for one in failed}
    assert {one.why for one in failed} == {Hindrance.FILE_FAILED}
    assert not found.is_whole


def test_a_rule_of_the_calendar_that_cannot_be_evaluated_is_said_so(store: Store, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    own = copied_suite(tmp_path / "rules", "calendar") / "calendar"
    text = (own / "CAL-001.toml").read_text("utf-8")
    head, _, rest = text.partition("query = '''")
    query = "query = '''\nSELECT no_such FROM submissions\n'''"
    (own / "CAL-009.toml").write_text(head + query + rest.partition("'''")[2], "utf-8")
    file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, every=5))
    found, told = compared(store, suites=tmp_path / "rules", on=date.fromisoformat(DAY))
    (one,) = [one for one in told if isinstance(one, NotCompared)]
    assert (one.submission, one.rule, one.why) == (None, "CAL-009", Hindrance.RULE_FAILED)
    assert not found.is_whole
    assert told_record(one)["exchange"] is None and "CAL-009" in told_text(one, "ko")


def test_a_rule_that_lacks_a_report_is_said_not_to_be_evaluated(store: Store, tmp_path: Path) -> None:
    """SUR-006, of 2026-12-01, needs the day's API volume; what waits for a report is no trouble of the run."""
    line = f"{DAY},btc_krw,spoofing,0,0,0,0,0,0,0"
    names = "date,symbol,pattern,alertCount,caseCount,accountCount,keyCount,quoteVolume,apiQuoteVolume,notifiedCount"
    outcome = file(store, tmp_path, f"korbit_surveillance_{DAY}.csv", f"{names}\r\n{line}\r\n")
    assert outcome.receipt.submission.state is State.ACCEPTED, outcome.findings
    found, told = compared(store)
    (one,) = [one for one in told if isinstance(one, NotCompared)]
    assert (one.rule, one.why, one.detail) == ("SUR-006", Hindrance.LACKING, "api_volume")
    assert found.is_whole and not found.breaks
    assert found.not_compared_of("korbit", not_evaluated=True) == 1


# --------------------------------------------------------------------------------------------- what is refused


def test_a_period_without_files_is_said_with_those_that_have_some(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NothingToCompareError, match="no file is accepted or refused yet"):
        compared(store)
    file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY))
    with pytest.raises(NothingToCompareError, match="for 2026-11-02 to 2026-11-02: give --from"):
        compared(store, first="2026-11-05", last="2026-11-06")
    with pytest.raises(NothingToCompareError, match="no file of upbit is accepted or refused yet"):
        compared(store, exchange="upbit")


def _source(folder: Path, text: str) -> None:
    (folder / "halts").mkdir()
    (folder / "halts" / "HLT-004.toml").write_text(text, "utf-8")


def _parameter(value: str) -> str:
    return f"""[[parameter]]
name = "a"
value = {value}
effective_from = 2026-06-01
source = "MODEL"
reason_ko = "가"
reason_en = "a"
"""


def _halts_with(old: str, new: str) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        copied_suite(folder, "halts")
        source = folder / "halts" / "HLT-004.toml"
        text = source.read_text("utf-8")
        assert old in text
        source.write_text(text.replace(old, new, 1), "utf-8")

    return fill


@pytest.mark.parametrize(
    ("fill", "sentence"),
    [
        (lambda folder: folder.rmdir(), "there is no such folder"),
        (lambda folder: None, "there are no rules in it"),
        (lambda folder: (folder / "no_such.json").write_text("{}"), "there is no suite 'no_such'; the suites are"),
        (lambda folder: (folder / "halts").mkdir(), "there is no rule in it"),
        (lambda folder: (folder / "halts.json").write_text("{"), "cannot be read as rules"),
        (lambda folder: (folder / "halts.json").write_text("[" * 100_000), "cannot be read as rules"),
        (lambda folder: (folder / "halts.json").write_text('{"expectations": 1}'), "is no list of rules"),
        (lambda folder: (folder / "halts.json").write_text('{"expectations": [1]}'), "cannot be read as rules"),
        (lambda folder: (folder / "halts.json").write_bytes(b"\xff\xfe"), "cannot be read as rules"),
        (lambda folder: _source(folder, "kind = "), "is not TOML"),
        (lambda folder: _source(folder, 'kind = "compliance"'), "is missing; add it"),
        (_halts_with("effective_from = 2026-06-01", 'effective_from = "2026-06-01"'), "cannot be read as rules"),
        (_halts_with("expect_no_", "expect_nothing_"), "the verbs are"),
        (_halts_with("parameters = [", 'parameters = ["no_such", '), "which is no threshold"),
        (lambda folder: (folder / "parameters.toml").write_text("[parameter]"), "which is no threshold"),
        (lambda folder: (folder / "parameters.toml").write_text("= 1"), "cannot be read as rules"),
        (lambda folder: (folder / "parameters.toml").write_text(_parameter("0.1")), "is no exact number"),
        (lambda folder: (folder / "parameters.toml").write_text(_parameter("'much'")), "cannot be read as rules"),
        (lambda folder: os.mkfifo(folder / "halts.json"), "there are no rules in it"),
    ],
    ids=range(19),
)
def test_a_folder_that_holds_no_rules_is_said_in_one_sentence(
    tmp_path: Path, fill: Callable[[Path], object], sentence: str
) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    fill(folder)
    with pytest.raises(NoBookError, match=sentence) as raised:
        book_in(folder, the_book())
    assert "\n" not in str(raised.value) and str(folder) in str(raised.value)


def test_what_the_reader_refuses_cannot_be_left_out_or_changed(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    own = copied_suite(folder, "submission") / "submission"
    written_again(own / "SUB-001.toml", own / "SUB-001.toml", kind='"plausibility"')
    with pytest.raises(NoBookError, match="SUB-001 has another kind or date"):
        book_in(folder, the_book())
    (own / "SUB-001.toml").unlink()
    with pytest.raises(NoBookError, match="SUB-001 is missing, which the reader judges"):
        book_in(folder, the_book())


def test_the_folder_of_the_book_itself_is_the_same_book() -> None:
    assert book_in(RULES_FOLDER, the_book()).rules == the_book().rules


def test_findings_side_by_side() -> None:
    same, gone, come = (Finding("A", row=row, found="1") for row in (1, 2, 3))
    before, after = Finding("A", row=4, found="1"), Finding("A", row=4, found="2")
    found = list(beside([same, same, gone, before], [same, come, after]))
    assert sorted(found, key=repr) == sorted(
        [
            (How.SAME, same, same),
            (How.ONLY_TODAY, same, None),
            (How.ONLY_TODAY, gone, None),
            (How.ONLY_TOMORROW, None, come),
            (How.CHANGED, before, after),
        ],
        key=repr,
    )


# --------------------------------------------------------------------------------------------------- the command


@pytest.fixture
def daxa(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[object, str, str]]:
    monkeypatch.setenv("DAXA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", "2026-11-20T12:00:00+09:00")

    def run(*arguments: object) -> tuple[object, str, str]:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["daxa", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capfd.readouterr()

    return run


def test_the_command_tells_what_would_break(daxa: Callable[..., tuple[object, str, str]], tmp_path: Path) -> None:
    store = open_store(tmp_path / "home")
    left_out(store, tmp_path, DAY, NEXT)
    store.engine.dispose()
    words = ("rules", "parallel", "--from", DAY, "--to", NEXT)
    status, out, _ = daxa(*words, "--on", "2026-12-01")
    assert status == 1
    assert "only tomorrow [REC-011]" in out and "something would break" in out
    assert f"korbit_reconciliation_{NEXT}.csv" in out
    status, out, _ = daxa(*words, "--json", "--exchange", "korbit")
    lines = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert {line["what"] for line in lines} == {"finding", "not_compared", "exchange", "summary"}
    assert {line["why"] for line in lines if line["what"] == "not_compared"} == {"lacking"}
    (finding,) = [line for line in lines if line.get("rule") == "REC-011"]
    assert (finding["how"], finding["subject"], finding["exchange"]) == ("only_tomorrow", "BTC", "korbit")
    assert finding["message_ko"] and finding["message_en"]
    assert lines[-1] == {**lines[-1], "what": "summary", "breaks": True, "whole": True, "on": "2026-12-01"}
    status, out, _ = daxa(*words, "--on", NEXT)
    assert (status, "nothing would break" in out) == (0, True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--exchange", "upbitt"), "there is no exchange 'upbitt'; the members are"),
        (("--from", "2026-11-05", "--to", "2026-11-01"), "the range ends before it begins"),
        (("--on", "tomorrow"), "is no day; write"),
        (("--on", "2026-11"), "is no day; write"),
        (("--suites", "no_such_folder"), "there is no such folder"),
        ((), "there is nothing to compare: no file is accepted or refused yet"),
    ],
    ids=lambda value: str(value),
)
def test_what_cannot_be_tried_is_said_in_one_sentence(
    daxa: Callable[..., tuple[object, str, str]], options: tuple[str, ...], sentence: str
) -> None:
    status, out, err = daxa("rules", "parallel", *options)
    assert (status, out) == (2, "")
    assert sentence in err and err.count("\n") == 1


def test_pending_files_are_said_to_be_so(store: Store, tmp_path: Path) -> None:
    path = tmp_path / f"korbit_reconciliation_{DAY}.csv"
    path.write_text(checks(DAY))
    candidate = Candidate(path, declare(path.name))
    filed: Submission = jobs.receive(store, candidate, received_at=NOW).submission
    found, told = compared(store)
    (one,) = told
    assert isinstance(one, NotCompared)
    assert (one.submission and one.submission.id, one.why, found.is_whole) == (filed.id, Hindrance.PENDING, False)

"""What a sender says of a file's content beside it (3.12): compared, kept, told, and never a duplicate."""

import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.words import say
from etl import jobs
from etl.formats.csv_lines import last_line_end
from etl.intake import NOTHING_GIVEN, Candidate, Given, declare, given_beside
from etl.receipts import receipt_of
from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store, open_store
from etl.verify import verify_store
from expectations.vocabulary import State
from tests.door import Client, is_problem, token
from tests.filing import MORNING, checks
from tests.filing_desk import Opened, drop, opening, press, settled, somebody, text_of

DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"
DATA = checks(DAY).encode()
HASH = hashlib.sha256(DATA).hexdigest()
ROWS = DATA.count(b"\n") - 1
OTHER = "0" * 64


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def sent(store: Store, folder: Path, given: Given, data: bytes = DATA) -> tuple[jobs.Receipt, list[str]]:
    """The receipt of a file with what is given of it, and the rules of its findings about itself."""
    path = folder / NAME
    path.write_bytes(data)
    (outcome,) = jobs.ingest(store, [Candidate(path, declare(NAME), given=given)], received_at=MORNING)
    return outcome.receipt, [finding.rule for _, finding in outcome.findings if finding.rule.startswith("SUB-")]


# --------------------------------------------------------------------------------------------- side files


@pytest.mark.parametrize(
    ("text", "given"),
    [
        pytest.param(f"{HASH}\n", Given(HASH), id="the hash alone"),
        pytest.param(f"{HASH}  {NAME}\n", Given(HASH), id="sha256sum"),
        pytest.param(f"{HASH} *{NAME}\r\n", Given(HASH), id="sha256sum --binary"),
        pytest.param(f"SHA256 ({NAME}) = {HASH}\n", Given(HASH), id="sha256sum --tag"),
        pytest.param(f"\ufeff{HASH.upper()}  inbox/{NAME}\n", Given(HASH.upper()), id="a path, a mark, capitals"),
        pytest.param(f"{OTHER}  other.csv\n{HASH}  {NAME}\n", Given(HASH), id="several files"),
        pytest.param(f"{OTHER}  other.csv\n{HASH}  another.csv\n", Given(""), id="several files, this one not"),
        pytest.param(f"{HASH}  renamed.csv\n", Given(HASH), id="one file of another name"),
        pytest.param(f"# rows: {ROWS}\n{HASH}  {NAME}\n", Given(HASH, f"{ROWS}"), id="with the number of rows"),
        pytest.param("# rows = 12\n", Given(None, "12"), id="the number of rows alone"),
        pytest.param("# made by hand\n\n", NOTHING_GIVEN, id="a remark"),
        pytest.param("not a hash\n", Given("not"), id="something else"),
        pytest.param("", NOTHING_GIVEN, id="empty"),
        pytest.param(
            f"\r\nAlgorithm       Hash      Path\r\n---------       ----      ----\r\n"
            f"SHA256          {HASH.upper()}       C:\\보고 자료\\{NAME}\r\n\r\n",
            Given(HASH.upper()),
            id="PowerShell's list",
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_a_side_file_says_hash_and_rows(tmp_path: Path, text: str, given: Given, encoding: str) -> None:
    path = tmp_path / NAME
    path.write_bytes(DATA)
    (tmp_path / f"{NAME}.sha256").write_text(text, encoding)
    assert given_beside(path) == given


@pytest.mark.parametrize("command", ["check", "ingest"])
@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        (f"{HASH}  {NAME}\n# rows: {ROWS}\n", []),
        (f"{OTHER}  {NAME}\n# rows: {ROWS + 1}\n", ["other_hash", "other_row_count"]),
        ("not a hash\n# rows: many\n", ["no_hash", "no_row_count"]),
    ],
)
def test_the_command_compares_what_lies_beside_a_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    command: str,
    text: str,
    reasons: list[str],
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / NAME).write_bytes(DATA)
    (inbox / f"{NAME}.sha256").write_text(text)
    monkeypatch.setenv("DAXA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setattr(sys, "argv", ["daxa", command, "--json", str(inbox)])
    with pytest.raises(SystemExit) as ended:
        main()
    (told,) = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    found = [one["reason"] for one in told["findings"] if one["rule"] == "SUB-011"]
    assert (found, told["state"]) == (reasons, "rejected" if reasons else "accepted")
    assert ended.value.code == (1 if reasons else 0)


# ---------------------------------------------------------------------------------------------- the records


def test_the_receipt_says_what_was_given(store: Store, tmp_path: Path) -> None:
    receipt, found = sent(store, tmp_path, Given(HASH.upper(), f"{ROWS}"))
    assert (receipt.submission.state, found) == (State.ACCEPTED, [])
    told = json.loads(receipt_of(store, receipt.submission.id, datetime.now(UTC)))["receipt"]
    assert told["given"] == {"sha256": HASH.upper(), "rows": f"{ROWS}"}
    plain, _ = sent(store, tmp_path, NOTHING_GIVEN, DATA + DATA.splitlines(keepends=True)[-1])
    told = json.loads(receipt_of(store, plain.submission.id, datetime.now(UTC)))["receipt"]
    assert told["given"] == {"sha256": None, "rows": None}


@pytest.mark.parametrize("given", [Given(OTHER), Given("x"), Given(rows=f"{ROWS + 1}"), Given(rows="many")])
def test_what_disagrees_is_refused_and_repeats_nothing(store: Store, tmp_path: Path, given: Given) -> None:
    first, _ = sent(store, tmp_path, NOTHING_GIVEN)
    other, found = sent(store, tmp_path, given)
    assert (other.duplicate, other.submission.state, found) == (False, State.REJECTED, ["SUB-011"])
    again, _ = sent(store, tmp_path, Given(HASH, f"{ROWS}"))
    assert (again.duplicate, again.submission.id) == (True, first.submission.id)


def test_a_refusal_for_what_was_given_is_judged_anew_without_it(store: Store, tmp_path: Path) -> None:
    sent(store, tmp_path, Given(OTHER))
    again, found = sent(store, tmp_path, NOTHING_GIVEN)
    assert (again.duplicate, again.submission.state, found) == (False, State.ACCEPTED, [])


def test_rows_are_those_of_data_alone(store: Store, tmp_path: Path) -> None:
    nil = DATA.splitlines(keepends=True)[0]
    receipt, found = sent(store, tmp_path, Given(rows="0"), nil)
    assert (receipt.submission.state, receipt.submission.row_count, found) == (State.ACCEPTED, 0, [])


# --------------------------------------------------------------------------------------- the last line's end


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"a\nb\n", None),
        (b"a\r\nb\r\n", None),
        (b"a\nb", (2, "∅", "LF")),
        (b"a\r\nb\r\nc", (3, "∅", "CRLF")),
        (b"a\r\nb\r", (2, "CR", "CRLF")),
        (b"a\r\nb\n", (2, "LF", "CRLF")),
        (b"a\r\nb\nc\n", None),
        (b"a", None),
        (b"a\n", None),
        (b"", None),
        (b"a\n\n\nb", (4, "∅", "LF")),
    ],
)
def test_a_last_line_that_ends_otherwise_is_told(data: bytes, found: tuple[int, str, str] | None) -> None:
    assert last_line_end(data) == found


def test_a_file_that_may_be_cut_off_is_accepted_with_a_finding_until_its_rows_are_given(
    store: Store, tmp_path: Path
) -> None:
    first, found = sent(store, tmp_path, NOTHING_GIVEN, DATA.rstrip())
    assert (first.submission.state, found) == (State.ACCEPTED, ["SUB-012"])
    hashed, found = sent(store, tmp_path, Given(hashlib.sha256(DATA.rstrip()).hexdigest()), DATA.rstrip())
    assert (hashed.duplicate, found) == (True, ["SUB-012"])
    counted, found = sent(store, tmp_path, Given(rows=f"{ROWS}"), DATA.rstrip())
    assert (counted.duplicate, counted.submission.state, found) == (False, State.ACCEPTED, [])
    again, _ = sent(store, tmp_path, Given(rows=f"{ROWS}"), DATA.rstrip())
    assert (again.duplicate, again.submission.id) == (True, counted.submission.id)
    assert verify_store(store).faults == ()


def test_the_finding_stays_when_the_submission_is_judged_again(store: Store, tmp_path: Path) -> None:
    first, _ = sent(store, tmp_path, NOTHING_GIVEN, DATA.rstrip())
    halts = tmp_path / f"korbit_halts_{DAY}.csv"
    halts.write_text("halt_id,reason,trigger,mode,targets,started_at,ended_at,announced_at\n")
    jobs.ingest(store, [Candidate(halts, declare(halts.name))], received_at=MORNING)
    with reading(store.engine) as connection:
        standing = life.findings_of(connection, [first.submission.id])[first.submission.id]
    assert "SUB-012" in {finding.rule for _, finding in standing}


@pytest.mark.parametrize(("day", "is_asked"), [("2026-05-31", False), ("2026-06-01", True)])
def test_it_is_asked_from_the_day_of_the_standard_on(store: Store, tmp_path: Path, day: str, is_asked: bool) -> None:
    path = tmp_path / f"korbit_reconciliation_{day}.csv"
    path.write_bytes(checks(day).rstrip().encode())
    (verdict,) = jobs.check(store, [Candidate(path, declare(path.name))], received_at=MORNING)
    assert ("SUB-012" in {finding.rule for finding, _ in verdict.findings}) is is_asked


def test_a_rejected_file_is_not_told_what_is_said_of_accepted_ones(store: Store, tmp_path: Path) -> None:
    receipt, found = sent(store, tmp_path, Given(OTHER), DATA.rstrip())
    assert (receipt.submission.state, found) == (State.REJECTED, ["SUB-011"])


# -------------------------------------------------------------------------------------------- the interface


@pytest.fixture(scope="module")
def door(address: str, home: Path) -> Iterator[Client]:
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield Client(address, token(store, "korbit"))
    store.engine.dispose()


def digest(data: bytes) -> dict[str, str]:
    """The header of RFC 9530."""
    return {"Content-Digest": f"sha-512=:AA==:, sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"}


@pytest.mark.parametrize("path", ["/checks", "/submissions"])
@pytest.mark.parametrize(
    ("query", "headers", "reasons"),
    [
        ({"sha256": HASH, "rows": ROWS}, {}, []),
        ({}, digest(DATA), []),
        ({"sha256": HASH.upper()}, digest(DATA), []),
        ({"sha256": OTHER}, {}, ["other_hash"]),
        ({}, digest(b"other"), ["other_hash"]),
        ({"rows": ROWS - 1}, {}, ["other_row_count"]),
    ],
)
def test_the_interface_compares_what_is_given(
    door: Client, path: str, query: dict[str, Any], headers: dict[str, str], reasons: list[str]
) -> None:
    waits = {"wait": 60, "reason": "after other tests"} if path == "/submissions" else {}
    told = door.ask("POST", path, DATA, headers=headers, file=NAME, **query, **waits)
    assert told.json["state"] == ("rejected" if reasons else "accepted"), told.json
    if path == "/checks":
        assert [one["reason"] for one in told.json["findings"] if one["rule"] == "SUB-011"] == reasons
    else:
        assert told.json["finding_counts"].get("SUB-011", 0) == len(reasons)


@pytest.mark.parametrize(
    ("query", "headers", "said"),
    [
        ({"sha256": "0" * 63}, {}, "64 hexadecimal digits"),
        ({"rows": "-1"}, {}, "whole number"),
        ({"rows": "1.5"}, {}, "whole number"),
        ({}, {"Content-Digest": "sha-256=:AAAA:"}, "holds no SHA-256"),
        ({}, {"Content-Digest": "sha-256=?"}, "holds no SHA-256"),
        ({"sha256": OTHER}, digest(DATA), "say different hashes"),
    ],
)
def test_the_interface_refuses_what_is_no_hash_and_no_number(
    door: Client, query: dict[str, Any], headers: dict[str, str], said: str
) -> None:
    assert is_problem(door.ask("POST", "/checks", DATA, headers=headers, file=NAME, **query), 400, said)


# ------------------------------------------------------------------------------------------------ the page


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, judged_in_this_process: None) -> Iterator[Opened]:
    with opening(monkeypatch, tmp_path / "page") as at_the_page:
        yield at_the_page


def given_of(home: Path) -> list[tuple[State, Given]]:
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    with reading(store.engine) as connection:
        found = [(one.state, one.given) for one in life.listed(connection)]
    store.engine.dispose()
    return found


def test_a_side_file_dropped_beside_a_report_is_what_is_given(opened: Opened, tmp_path: Path) -> None:
    side = (f"{NAME}.sha256", f"{HASH}  {NAME}\n# rows: {ROWS}\n".encode())
    session = drop(opened(somebody("korbit")), (NAME, DATA), side)
    assert say("filing.given_beside", "ko", name=side[0]) in text_of(session)
    press(press(session, "filing.check"), "filing.submit")
    assert given_of(tmp_path / "page") == [(State.ACCEPTED, Given(HASH, f"{ROWS}"))]


def test_what_is_typed_beside_a_report_is_what_is_given(opened: Opened, tmp_path: Path) -> None:
    session = drop(opened(somebody("korbit")), (NAME, DATA))
    session.text_input(key=f"filing.sha256.0.{NAME}").input(OTHER)
    session.text_input(key=f"filing.rows.0.{NAME}").input(f"{ROWS}")
    session = press(settled(session.run()), "filing.check")
    assert "SUB-011" in text_of(session)
    assert HASH in text_of(session)
    assert all(one.disabled for one in session.button if one.key and one.key.startswith("filing.submit"))
    assert given_of(tmp_path / "page") == []

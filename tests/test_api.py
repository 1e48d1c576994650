"""The exchanges' HTTP door, through a real server: file, check, read, withdraw, and nothing of anybody else's."""

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import answer_store
import pytest
from browsing import ROOT
from door import API, Client, is_problem, token, warmed_up

from app.testbed.simulator import canonical_table
from etl import jobs
from etl.exchanges import all_exchanges
from etl.intake import declare
from etl.receipts import verify_receipt
from etl.receiving import receive_bytes
from etl.records import tokens
from etl.records.engine import writing
from etl.records.tokens import TokenScope
from etl.signing import read_public_key
from etl.store import Store
from etl.writing.native import write_native
from expectations.catalogue import all_reports, parameter
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period
from tests.filing import checks, halts

DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"


@pytest.fixture(scope="module")
def korbit(address: str, store: Store) -> Client:
    return warmed_up(Client(address, token(store, "korbit")))


@pytest.fixture(scope="module")
def gopax(address: str, store: Store) -> Client:
    return Client(address, token(store, "gopax"))


def test_a_file_is_judged_and_its_findings_can_be_read(korbit: Client) -> None:
    filed = korbit.submit(NAME, checks(DAY))
    assert filed.status == 201
    told = filed.json
    assert (told["state"], told["rows"], told["duplicate"]) == ("accepted", 24, False)
    assert told["finding_counts"]["REC-002"] == 24
    assert filed.headers["Location"] == f"{API}/submissions/{told['submission']}"
    one = korbit.ask("GET", f"/submissions/{told['submission']}")
    assert one.json == told
    found = korbit.ask("GET", f"/submissions/{told['submission']}/findings")
    assert sum(told["finding_counts"].values()) == len(found.json)
    table = korbit.ask("GET", f"/submissions/{told['submission']}/findings", format="csv")
    assert len(table.body.decode("utf-8-sig").splitlines()) == len(found.json) + 1
    again = korbit.submit(NAME, checks(DAY))
    assert (again.status, again.json["submission"], again.json["duplicate"]) == (200, told["submission"], True)


def test_a_check_files_nothing_and_says_what_the_submission_will(korbit: Client) -> None:
    name, content = "korbit_reconciliation_2026-11-03.csv", checks("2026-11-03").replace("100.5,match", "many,match", 3)
    before = korbit.ask("GET", "/submissions").json["count"]
    checked = korbit.ask("POST", "/checks", content.encode(), file=name)
    assert korbit.ask("GET", "/submissions").json["count"] == before
    assert (checked.status, checked.json["state"], checked.json["file"]) == (200, "rejected", name)
    filed = korbit.submit(name, content).json
    found = korbit.ask("GET", f"/submissions/{filed['submission']}/findings").json
    kept = checked.json["findings"][0].keys()
    assert [{name: one[name] for name in kept} for one in found] == checked.json["findings"]


def test_the_file_comes_back_with_its_findings(korbit: Client) -> None:
    filed = korbit.submit(
        "korbit_reconciliation_2026-11-04.csv", checks("2026-11-04").replace(",100.5,", ",x,", 1)
    ).json
    answer = korbit.ask("GET", f"/submissions/{filed['submission']}/annotated", lang="en")
    lines = answer.body.decode("utf-8-sig").splitlines()
    assert lines[0].endswith(",findings")
    assert "[SUB-006]" in lines[1]
    assert "attachment" in answer.headers["Content-Disposition"]


def test_what_became_of_every_rule_is_told_to_its_exchange_alone(korbit: Client, gopax: Client) -> None:
    told = korbit.submit("korbit_reconciliation_2026-11-13.csv", checks("2026-11-13", every=5)).json
    assert told["not_evaluated"] == ["REC-006", "REC-007"]
    assert told["outcome_counts"]["not_evaluated"] == 2
    address = told["ledger"].removeprefix(API)
    entries = {entry["rule"]: entry for entry in korbit.ask("GET", address).json}
    assert (entries["REC-003"]["outcome"], entries["REC-001"]["rows"]) == ("clean", 288)
    assert (entries["REC-007"]["why"], entries["REC-007"]["lacking"]) == ("lacking", ["api_volume"])
    asked = {"rule": "REC-007", "from": "2026-11-12", "to": "2026-11-13"}
    page = korbit.ask("GET", "/ledger", **asked).json
    assert (page["count"], page["pages"]) == (2, 1)
    assert page["items"][-1] == entries["REC-007"]
    assert page["items"][0]["why"] == "not_filed"
    assert korbit.ask("GET", "/ledger", outcome="clean", **asked).json["items"] == []
    assert is_problem(gopax.ask("GET", address), 404)
    assert {one["exchange"] for one in gopax.ask("GET", "/ledger", **asked).json["items"]} == {"gopax"}
    receipt = korbit.ask("GET", f"/submissions/{told['submission']}/receipt").json["receipt"]
    assert receipt["outcome_counts"] == told["outcome_counts"]
    assert receipt["not_evaluated"] == [
        {"rule": rule, "why": "lacking", "lacking": ["api_volume"]} for rule in told["not_evaluated"]
    ]


def test_a_receipt_is_signed_and_verified_with_the_key_alone(korbit: Client, gopax: Client, tmp_path: Path) -> None:
    filed = korbit.submit("korbit_halts_2026-11-14.csv", halts()).json
    answer = korbit.ask("GET", f"/submissions/{filed['submission']}/receipt")
    path = tmp_path / "key.pem"
    path.write_bytes(korbit.ask("GET", "/key").body)
    key = read_public_key(path)
    checked = verify_receipt(answer.body.decode(), {key.id: key})
    assert checked.fault is None
    assert checked.content["submission"] == filed["submission"]
    assert checked.content["sha256"] == filed["sha256"]
    changed = answer.body.decode().replace(filed["sha256"], "0" * 64)
    assert verify_receipt(changed, {key.id: key}).fault is not None
    assert is_problem(gopax.ask("GET", f"/submissions/{filed['submission']}/receipt"), 404)


def test_a_file_that_we_failed_on_is_told_and_judged_again(
    korbit: Client, gopax: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "korbit_halts_2026-11-15.csv"
    number = receive_bytes(store, halts().encode(), name, declare(name)).submission.id

    def broken(_readings: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "decide", broken)
        jobs.process(store)
    told = korbit.ask("GET", f"/submissions/{number}").json
    assert told["state"] == "failed"
    assert told["incident"].startswith("I-")
    assert korbit.ask("GET", "/submissions", state="failed").json["items"][0]["submission"] == number
    receipt = json.loads(korbit.ask("GET", f"/submissions/{number}/receipt").body)["receipt"]
    assert receipt["incident"] == told["incident"]
    assert is_problem(gopax.ask("POST", f"/submissions/{number}/retry", b""), 404)
    again = korbit.ask("POST", f"/submissions/{number}/retry", b"", wait="60")
    assert (again.status, again.json["state"], again.json["incident"]) == (200, "accepted", None)
    assert is_problem(korbit.ask("POST", f"/submissions/{number}/retry", b""), 409)


@pytest.mark.parametrize("report", all_reports())
@pytest.mark.parametrize("exchange", all_exchanges())
def test_every_native_report_can_be_filed(address: str, store: Store, exchange: str, report: str) -> None:
    client = Client(address, token(store, exchange))
    period = Period.parse("2026-09" if report == "audits" else "2026-10-05")
    table = canonical_table(exchange, report, period, seed=2, assets=2)
    data = write_native(table, all_exchanges()[exchange], report_of(report), period)
    ending = all_exchanges()[exchange].layouts[report].container
    told = client.submit(f"{exchange}_{report}_{period.text}.{ending}", data)
    assert (told.status, told.json["state"]) == (201, "accepted"), told.json


def test_nobody_sees_or_touches_what_is_not_theirs(korbit: Client, gopax: Client) -> None:
    filed = korbit.submit("korbit_halts_2026-11-05.csv", halts()).json
    number = filed["submission"]
    for method, path, body in (
        ("GET", f"/submissions/{number}", None),
        ("GET", f"/submissions/{number}/findings", None),
        ("GET", f"/submissions/{number}/annotated", None),
        ("POST", f"/submissions/{number}/withdrawal", b'{"reason": "mine"}'),
    ):
        answer = gopax.ask(method, path, body)
        assert is_problem(answer, 404, number), path
        assert answer.json["detail"] == gopax.ask(method, path.replace(number, "1" * len(number)), body).json[
            "detail"
        ].replace("1" * len(number), number)
    assert not [one for one in gopax.ask("GET", "/submissions").json["items"] if one["exchange"] != "gopax"]
    assert is_problem(gopax.submit("korbit_halts_2026-11-06.csv", halts()), 403, "gopax", "korbit")
    assert is_problem(gopax.ask("POST", "/checks", b"x", file="korbit_halts_2026-11-06.csv"), 403, "gopax")
    assert korbit.ask("GET", f"/submissions/{number}").json["state"] == "accepted"


def test_a_submission_is_withdrawn_once_and_with_a_reason(korbit: Client) -> None:
    number = korbit.submit("korbit_halts_2026-11-07.csv", halts()).json["submission"]
    for body in (
        b"",
        b"[]",
        b"null",
        b'{"reason": " "}',
        b'{"reason": 1}',
        b"{" * 5000,
        b'{"reason": "' + b"x" * 501 + b'"}',
    ):
        assert is_problem(korbit.ask("POST", f"/submissions/{number}/withdrawal", body), 400)
    answer = korbit.ask("POST", f"/submissions/{number}/withdrawal", b'{"reason": "wrong day"}')
    assert (answer.status, answer.json["state"]) == (200, "withdrawn")
    assert is_problem(korbit.ask("POST", f"/submissions/{number}/withdrawal", b'{"reason": "wrong day"}'), 409)


def test_rows_are_replaced_by_none_only_with_a_reason(korbit: Client) -> None:
    name = "korbit_reconciliation_2026-11-08.csv"
    first = korbit.submit(name, checks("2026-11-08")).json["submission"]
    header = checks("2026-11-08").splitlines()[0].encode()
    replaces = korbit.ask("POST", "/checks", header, file=name).json["replaces"]
    assert (replaces["submissions"], replaces["rows_before"], replaces["rows_after"]) == ([first], 24, 0)
    assert replaces["needs_reason"]
    assert is_problem(korbit.ask("POST", "/submissions", header, file=name), 409, first, "24")
    assert korbit.ask("GET", f"/submissions/{first}").json["state"] == "accepted"
    assert is_problem(korbit.ask("POST", "/submissions", header, file=name, reason="x" * 501), 400)
    filed = korbit.ask("POST", "/submissions", header, file=name, reason="the day was another's").json
    assert (filed["state"], filed["rows"]) == ("accepted", 0)
    receipt = korbit.ask("GET", f"/submissions/{filed['submission']}/receipt").json["receipt"]
    assert (receipt["replaced"], receipt["reason"]) == ([{"submission": first, "rows": 24}], "the day was another's")
    assert korbit.ask("POST", "/submissions", header, file=name).json["duplicate"]


def test_obligations_and_templates(korbit: Client) -> None:
    korbit.submit(NAME, checks(DAY))
    due = korbit.ask("GET", "/obligations", **{"from": DAY, "to": DAY}).json
    by_report = {one["report"]: one for one in due if one["period"] == DAY}
    assert by_report["reconciliation"]["met_at"]
    assert by_report["surveillance"]["met_at"] is None
    assert by_report["surveillance"]["due_at"] == "2026-11-03T10:00:00+09:00"
    header = korbit.ask("GET", "/templates/halts.csv").body.decode("utf-8-sig")
    assert header.strip() == ",".join(all_reports()["halts"].field_names)
    assert is_problem(korbit.ask("GET", "/templates/halts.exe"), 404)


@pytest.mark.parametrize("text", ["", "nonsense", "daxa_000000000000_" + "x" * 43], ids=["none", "nonsense", "unknown"])
def test_without_a_valid_token_there_is_nothing(address: str, text: str) -> None:
    for method, path in (
        ("GET", "/submissions"),
        ("POST", "/submissions"),
        ("POST", "/checks"),
        ("GET", "/obligations"),
        ("GET", "/ledger"),
    ):
        answer = Client(address, text).ask(method, path, b"x")
        assert is_problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_ends_and_does_only_what_it_is_for(address: str, store: Store) -> None:
    expired = Client(address, token(store, "korbit", life=timedelta(days=1), ago=2))
    assert is_problem(expired.ask("GET", "/submissions"), 401)
    revoked = token(store, "korbit")
    with writing(store.engine) as connection:
        tokens.revoke(connection, revoked.split("_")[1], actor="test", at=datetime.now(UTC))
    assert is_problem(Client(address, revoked).ask("GET", "/submissions"), 401)
    reads = Client(address, token(store, "korbit", TokenScope.READ))
    assert reads.ask("GET", "/submissions").status == 200
    assert is_problem(reads.submit(NAME, b"x"), 403, "--scope submit")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"file": "report.csv"}, "does not say what it is"),
        ({"file": "korbit_halts_2026-13-02.csv"}, "2026-13-02"),
        ({"file": "korbit_nothing_2026-11-02.csv"}, "nothing"),
        ({"file": "korbit_halts_2026-11-02.csv" + "x" * 300}, "255"),
        ({"file": "korbit_halts_2026-11-02\r\n.csv"}, "cannot be printed"),
    ],
    ids=["no name", "no day", "no report", "too long", "control characters"],
)
def test_a_name_that_leaves_something_open_is_said_in_one_sentence(
    korbit: Client, query: dict[str, str], said: str
) -> None:
    answer = korbit.ask("POST", "/submissions", b"x", **query)
    assert is_problem(answer, 422, said)


def test_a_path_in_the_name_is_not_followed(korbit: Client, home: Path) -> None:
    told = korbit.submit("../../etc/korbit_halts_2026-11-08.csv", halts())
    assert told.json["file"] == "korbit_halts_2026-11-08.csv"
    told = korbit.submit("C:\\temp\\korbit_halts_2026-11-09.csv", halts())
    assert told.json["file"] == "korbit_halts_2026-11-09.csv"
    assert not list((home / "incoming").iterdir())


def test_given_words_win_over_the_name(korbit: Client) -> None:
    told = korbit.ask(
        "POST", "/submissions", halts().encode(), exchange="korbit", report="halts", period="2026-11-10", wait=60
    )
    assert (told.status, told.json["period"]) == (201, "2026-11-10")


@pytest.mark.parametrize(
    ("name", "data", "rule"),
    [
        ("korbit_halts_2026-11-11.csv", b"", "SUB-001"),
        ("korbit_halts_2026-11-11.csv", b"MZ\x90\x00" + bytes(range(256)), "SUB-001"),
        ("bithumb_halts_2026-11-11.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "SUB-001"),
        ("upbit_halts_2026-11-11.json", b'[{"halt_id": "x"', "SUB-001"),
    ],
    ids=["0 bytes", "renamed executable", "password-protected workbook", "truncated"],
)
def test_a_file_that_is_none_is_refused_in_words(address: str, store: Store, name: str, data: bytes, rule: str) -> None:
    client = Client(address, token(store, name.split("_")[0]))
    told = client.submit(name, data)
    assert (told.status, told.json["state"], told.json["finding_counts"]) == (201, "rejected", {rule: 1})
    (finding,) = client.ask("GET", told.json["findings"].removeprefix(API)).json
    assert finding["message_ko"]
    assert finding["message_en"]


def test_too_much_is_refused_by_what_is_declared_and_by_what_comes(korbit: Client, home: Path) -> None:
    most = int(parameter("maximum_file_bytes"))
    declared = {"Content-Length": str(most + 1)}
    assert is_problem(korbit.ask("POST", "/submissions", b"", headers=declared, file=NAME), 413)

    def pieces() -> Iterator[bytes]:
        for _ in range(most // 2**20 + 2):
            yield b"\x00" * 2**20

    connection = http.client.HTTPConnection(korbit.host, timeout=60)
    try:
        connection.request(
            "POST",
            f"{API}/submissions?file={NAME}",
            pieces(),
            {"Authorization": f"Bearer {korbit.token}", "Transfer-Encoding": "chunked"},
            encode_chunked=True,
        )
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server hung up on what it would not take
    connection.close()
    assert not list((home / "incoming").iterdir())


def test_an_upload_that_is_cut_off_files_nothing(korbit: Client, home: Path) -> None:
    before = korbit.ask("GET", "/submissions").json["count"]
    connection = http.client.HTTPConnection(korbit.host, timeout=10)
    connection.putrequest("POST", f"{API}/submissions?file=korbit_halts_2026-11-12.csv")
    connection.putheader("Authorization", f"Bearer {korbit.token}")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"haltId,")
    connection.close()
    assert korbit.ask("GET", "/submissions").json["count"] == before
    assert not list((home / "incoming").iterdir())


def test_what_was_replaced_comes_into_force_again_on_purpose_alone(korbit: Client) -> None:
    name, day = "korbit_reconciliation_2026-11-14.csv", "2026-11-14"
    first, second = (korbit.submit(name, checks(day, wallet=wallet)).json["submission"] for wallet in ("1.5", "1.7"))
    again = korbit.submit(name, checks(day, wallet="1.5"))
    told = again.json
    assert (again.status, told["submission"], told["duplicate"], told["state"]) == (200, first, True, "superseded")
    assert told["superseded_by"] == second
    data = checks(day, wallet="1.5").encode()
    assert is_problem(korbit.ask("POST", "/submissions", data, file=name, again="true"), 409, "reason")
    assert is_problem(korbit.ask("POST", "/submissions", data, file=name, again="yes", reason="x"), 400, "again")
    filed = korbit.ask("POST", "/submissions", data, file=name, again="true", reason="정정이 잘못됨", wait="60").json
    assert (filed["state"], filed["duplicate"]) == ("accepted", False)
    assert korbit.ask("GET", f"/submissions/{second}").json["superseded_by"] == filed["submission"]


@pytest.mark.parametrize(
    ("header", "value", "said"),
    [
        ("If-Match", "received.1", "double quotes"),
        ("If-Match", 'W/"accepted.2"', "double quotes"),
        ("If-Match", "*", "double quotes"),
        ("If-Match", '""', "double quotes"),
        ("If-None-Match", '"accepted.2"', "asterisk"),
    ],
)
def test_a_state_that_is_said_otherwise_is_refused_before_anything_is_done(
    korbit: Client, header: str, value: str, said: str
) -> None:
    name, content = "korbit_halts_2026-11-24.csv", halts().encode()
    assert is_problem(korbit.ask("POST", "/submissions", content, {header: value}, file=name), 400, said)
    asked = {"report": "halts", "from": "2026-11-24", "to": "2026-11-24"}
    assert korbit.ask("GET", "/submissions", **asked).json["items"] == []


def test_an_act_on_a_state_that_has_passed_is_refused_with_what_was_done_first(korbit: Client) -> None:
    filed = korbit.submit("korbit_halts_2026-11-25.csv", halts())
    number, state = filed.json["submission"], filed.headers["ETag"]
    first, second = (
        korbit.ask("POST", f"/submissions/{number}/withdrawal", b'{"reason": "wrong"}', {"If-Match": state})
        for _ in range(2)
    )
    assert (first.status, first.json["state"]) == (200, "withdrawn")
    assert first.headers["ETag"] != state
    assert is_problem(second, 412, "withdrawn")


def test_the_same_file_sent_by_two_at_once_is_filed_once(korbit: Client) -> None:
    both = threading.Barrier(2)

    def send(_: int) -> Any:
        both.wait()
        return korbit.submit("korbit_halts_2026-11-13.csv", halts()).json

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(send, range(2)))
    assert len({answer["submission"] for answer in answers}) == 1
    assert sorted(answer["duplicate"] for answer in answers) == [False, True]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/submissions", {"page": "0"}),
        ("/submissions", {"page": "x"}),
        ("/submissions", {"state": "lost"}),
        ("/submissions", {"report": "none"}),
        ("/submissions", {"from": "soon"}),
        ("/submissions", {"stat": "accepted"}),
        ("/ledger", {"rule": "REC-999"}),
        ("/ledger", {"outcome": "perhaps"}),
        ("/ledger", {"from": "2026-11-03", "to": "2026-11-02"}),
        ("/obligations", {"from": "2026-11"}),
        ("/obligations", {"from": "20261102"}),
        ("/obligations", {"from": "2026-11-03", "to": "2026-11-02"}),
        ("/submissions", {"from": "2026-11-03", "to": "2026-11-02"}),
        ("/submissions", {"from": "2026-11-01", "to": "2026-10"}),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_said(korbit: Client, path: str, query: dict[str, str]) -> None:
    assert is_problem(korbit.ask("GET", path, **query), 400, next(iter(query)))


def test_unknown_addresses_and_methods_are_problems(korbit: Client) -> None:
    assert is_problem(korbit.ask("GET", "/nothing"), 404, "openapi.json")
    assert is_problem(korbit.ask("DELETE", "/submissions"), 405)
    assert korbit.ask("DELETE", "/submissions").headers["allow"] == "POST, GET, HEAD"


def test_the_document_names_every_address(address: str) -> None:
    document = Client(address, "").ask("GET", "/openapi.json").json
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["responses"], path


@pytest.fixture
def daxa(address: str, store: Store, tmp_path: Path) -> Iterator[Any]:
    """The command on an exchange's own machine, which has a store of its own and knows nothing of ours."""

    def run(*words: str, text: str | None = None) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-c", "from app.cli import main; main()", *words, "--url", address],
            env={
                **os.environ,
                "DAXA_HOME": str(tmp_path / "home"),
                "DAXA_TOKEN": token(store, "korbit") if text is None else text,
            },
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        return done.returncode, done.stdout, done.stderr

    yield run


def test_the_command_files_what_an_exchange_has(daxa: Any, tmp_path: Path, korbit: Client) -> None:
    good, bad = (tmp_path / f"korbit_reconciliation_2026-11-{day}.csv" for day in (20, 21))
    good.write_text(checks("2026-11-20"))
    bad.write_text(checks("2026-11-21").replace(",100.5,", ",x,", 1))
    status, out, _ = daxa("submit", "--json", str(good), str(bad))
    told = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [(one["file"], one["state"]) for one in told] == [(str(good), "accepted"), (str(bad), "rejected")]
    assert {one["rule"] for one in told[1]["findings"]} == {"SUB-006"}
    status, out, _ = daxa("submit", "--json", "--check", str(bad))
    assert status == 1
    assert json.loads(out)["findings"] == told[1]["findings"]
    status, out, _ = daxa("submit", str(good))
    assert status == 0
    assert "1 accepted" in out


def test_the_command_says_in_one_sentence_why_nothing_was_filed(daxa: Any, tmp_path: Path) -> None:
    path = tmp_path / "gopax_halts_2026-11-20.csv"
    path.write_text("x")
    status, _, error = daxa("submit", str(path))
    assert (status, error.count("\n")) == (2, 1)
    assert "korbit and not for gopax" in error
    status, _, error = daxa("submit", str(path), text="")
    assert (status, "DAXA_TOKEN" in error) == (2, True)


def test_a_machine_explains_a_finding_of_its_exchange(
    korbit: Client, gopax: Client, store: Store, tmp_path: Path
) -> None:
    path = f"/submissions/{answer_store.filed(store, tmp_path, 'korbit', '2026-10-05')}/explanations"
    (before,) = [one for one in korbit.ask("GET", path).json if one["rule"] == "REC-007"]
    assert (before["subject"], before["state"]) == ("ETH", "open")
    body = json.dumps({"finding": before["finding"], "text": "ETH is reconciled weekly"})
    assert is_problem(gopax.ask("GET", path), 404)
    assert is_problem(gopax.ask("POST", path, body), 404)
    only_reading = Client(f"http://{korbit.host}", token(store, "korbit", TokenScope.READ))
    assert is_problem(only_reading.ask("POST", path, body), 403, "submit")
    told = korbit.ask("POST", path, body)
    assert told.status == 201
    assert (told.json["state"], told.json["text"]) == ("explained", "ETH is reconciled weekly")
    assert told.json in korbit.ask("GET", path).json
    assert is_problem(korbit.ask("POST", path, body), 409, "answered already")
    later = f"/submissions/{answer_store.filed(store, tmp_path, 'korbit', '2026-10-06')}/explanations"
    (carried,) = [one for one in korbit.ask("GET", later).json if one["rule"] == "REC-007"]
    assert (carried["state"], carried["explanation"]) == ("explained", told.json["explanation"])
    assert is_problem(korbit.ask("POST", later, body), 404, "of this submission")


@pytest.fixture(scope="module")
def unexplained(store: Store, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A submission of Korbit with a finding that no explanation speaks for."""
    return answer_store.filed(store, tmp_path_factory.mktemp("unexplained"), "korbit", "2026-09-07")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "finding"),
        ("[]", "finding"),
        ('{"finding": true, "text": "x"}', "number"),
        ('{"finding": 0, "text": "x"}', "number"),
        ('{"finding": 9223372036854775808, "text": "x"}', "number"),
        ('{"finding": 1, "text": 2}', "text"),
        ('{"finding": NUMBER, "text": " "}', "text is needed"),
        ('{"finding": NUMBER, "text": "\\u0000"}', "text is needed"),
        ('{"finding": NUMBER, "text": "call 010-1234-5678"}', "telephone"),
    ],
)
def test_an_explanation_that_cannot_stand_is_a_problem(korbit: Client, unexplained: str, body: str, said: str) -> None:
    path = f"/submissions/{unexplained}/explanations"
    found = [one["finding"] for one in korbit.ask("GET", path).json]
    assert is_problem(korbit.ask("POST", path, body.replace("NUMBER", str(found[0]))), 400, said)

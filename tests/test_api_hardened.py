"""The HTTP door against what is no proper request: each answer is a problem in words, and nothing is left behind."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from door import Client, is_problem, token, warmed_up
from schemathesis.python.asgi import get_client
from sqlalchemy import update
from starlette.applications import Starlette

from app.api import Door
from app.api.limits import Limit
from app.api.problems import ProblemError
from app.worker.process import Worker
from app.worker.tasks import Place
from etl.receipts import verify_receipt
from etl.records import log
from etl.records.engine import reading, writing
from etl.records.log import EventKind
from etl.records.tables import submissions
from etl.signing import read_public_key
from etl.store import Store
from tests.filing import checks, halts


@pytest.fixture(scope="module")
def korbit(address: str, store: Store) -> Client:
    return warmed_up(Client(address, token(store, "korbit")))


@pytest.fixture(scope="module")
def number(korbit: Client) -> str:
    told = korbit.submit("korbit_reconciliation_2026-11-02.csv", checks("2026-11-02", short=range(3)))
    assert told.status == 201
    return str(told.json["submission"])


def entries(store: Store, act: EventKind) -> list[log.Entry]:
    with reading(store.engine) as connection:
        return log.entries(connection, act=act)


# ------------------------------------------------------------------------------- addresses and methods


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/submissions", "/api/v1/x/y"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_what_is_not_there_is_a_problem_and_never_a_screen(address: str, path: str, method: str) -> None:
    with closing(http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)) as connection:
        connection.request(method, path)
        with connection.getresponse() as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
            assert json.loads(answer.read())["instance"] == path


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FETCH"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/submissions", "POST, GET, HEAD"),
        ("/submissions/1/findings", "GET, HEAD"),
        ("/checks", "POST"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
def test_a_method_that_an_address_has_not_is_refused_with_those_it_has(
    korbit: Client, method: str, path: str, allowed: str
) -> None:
    answer = korbit.ask(method, path)
    assert is_problem(answer, 405, allowed)
    assert answer.headers["Allow"] == allowed


def test_head_answers_as_get_without_a_body(korbit: Client, number: str) -> None:
    for path in ("/submissions", f"/submissions/{number}", "/openapi.json"):
        got, head = korbit.ask("GET", path), korbit.ask("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert korbit.ask("HEAD", "/submissions/1").status == 404


@pytest.mark.parametrize("number", ["x" * 5000, "%F0%9F%98%80", "%0a", "20261102-0123456789"])
def test_a_number_that_nothing_has_is_not_there(korbit: Client, number: str) -> None:
    assert is_problem(korbit.ask("GET", f"/submissions/{number}"), 404)


@pytest.mark.parametrize(("number", "status"), [("%00", 400), ("..%2F..", 401)])
def test_an_unsafe_path_is_refused_before_it_comes_to_us(korbit: Client, number: str, status: int) -> None:
    """By the server where it is no path, by the gate where it leads out of the door."""
    assert korbit.ask("GET", f"/submissions/{number}").status == status


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer daxa_T-0_x", "Bearer é", "bearer  x y"], ids=repr
)
def test_every_wrong_token_is_answered_alike(address: str, header: str) -> None:
    answer = Client(address, "").ask("GET", "/submissions", headers={"Authorization": header} if header else {})
    assert is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="daxa"'
    assert answer.json == Client(address, "").ask("GET", "/submissions").json


def test_a_reason_that_no_database_keeps_is_refused(korbit: Client, number: str) -> None:
    for reason in ('"\\u0000"', '"\\ud800"', '{"a": 1}', "1e999"):
        answer = korbit.ask("POST", f"/submissions/{number}/withdrawal", f'{{"reason": {reason}}}'.encode())
        assert is_problem(answer, 400)
    too_much = korbit.ask("POST", f"/submissions/{number}/withdrawal", b" " * (64 * 1024 + 1))
    assert is_problem(too_much, 413)


# ------------------------------------------------------------------------------------- what is handed out


def test_what_is_handed_out_is_logged_with_whose_token_it_was(korbit: Client, store: Store, number: str) -> None:
    before = len(entries(store, EventKind.DOWNLOAD))
    korbit.ask("GET", f"/submissions/{number}/findings")
    korbit.ask("GET", f"/submissions/{number}/findings", format="csv")
    korbit.ask("GET", f"/submissions/{number}/annotated")
    korbit.ask("GET", "/submissions")
    korbit.ask("GET", f"/submissions/{number}/findings", format="none")
    told = entries(store, EventKind.DOWNLOAD)[: len(entries(store, EventKind.DOWNLOAD)) - before]
    assert [json.loads(e.details)["what"] for e in told] == ["annotated file", "findings", "findings"]
    assert {(e.actor, e.subject) for e in told} == {(korbit.token.split("_")[1], number)}


def test_a_receipt_from_the_door_is_believed_by_the_key_from_the_door(
    korbit: Client, address: str, store: Store, number: str, tmp_path: Path
) -> None:
    receipt = korbit.ask("GET", f"/submissions/{number}/receipt")
    assert "attachment" in receipt.headers["Content-Disposition"]
    path = tmp_path / "key.pub"
    path.write_bytes(Client(address, "").ask("GET", "/key").body)
    key = read_public_key(path)
    checked = verify_receipt(receipt.body.decode(), {key.id: key})
    assert (checked.fault, checked.content["submission"]) == (None, number)
    assert [e.subject for e in entries(store, EventKind.RECEIPT)] == [number]
    assert is_problem(Client(address, token(store, "gopax")).ask("GET", f"/submissions/{number}/receipt"), 404)
    assert len(entries(store, EventKind.RECEIPT)) == 1


def whole(store: Store) -> tuple[object, ...]:
    """What lies in the store: files, submissions and log entries."""
    with reading(store.engine) as connection:
        filed = connection.execute(submissions.select().order_by(submissions.c.id)).all()
        logged = log.entry_count(connection)
    kept = [sorted(p.name for p in (store.home / f).rglob("*")) for f in ("evidence", "facts", "incoming")]
    return filed, logged, kept


@pytest.mark.parametrize("content", [checks("2026-11-09"), "nothing", ""], ids=["right", "wrong", "0 bytes"])
def test_a_check_leaves_nothing_behind(korbit: Client, store: Store, number: str, content: str) -> None:
    before = whole(store)
    answer = korbit.ask("POST", "/checks", content.encode(), file="korbit_reconciliation_2026-11-09.csv")
    assert answer.status == 200
    assert answer.json["submission"] is None
    assert whole(store) == before


def test_a_refused_file_is_judged_anew_by_new_rules_and_not_by_the_same(korbit: Client, store: Store) -> None:
    name = "korbit_halts_2026-11-08.csv"
    first = korbit.submit(name, "nothing").json
    again = korbit.submit(name, "nothing").json
    assert (first["state"], again["submission"], again["duplicate"]) == ("rejected", first["submission"], True)
    with writing(store.engine) as connection:
        older = update(submissions).where(submissions.c.id == first["submission"]).values(rule_set_version="older")
        connection.execute(older)
    anew = korbit.submit(name, "nothing").json
    assert anew["submission"] != first["submission"]
    assert anew["duplicate"] is False


def test_two_that_file_the_same_at_once_get_one_number_whatever_it_is_worth(korbit: Client) -> None:
    for name, content in (("korbit_halts_2026-11-06.csv", halts()), ("korbit_halts_2026-11-07.csv", "nothing")):
        with ThreadPoolExecutor(4) as pool:
            told = [one.json for one in pool.map(lambda _, n=name, c=content: korbit.submit(n, c), range(4))]
        assert len({one["submission"] for one in told}) == 1
        assert sorted(one["duplicate"] for one in told) == [False, True, True, True]


# ------------------------------------------------------------------------------------------ how often


def test_a_token_is_served_its_burst_and_then_as_fast_as_its_bucket_fills() -> None:
    now = [100.0]
    limit = Limit(burst=3, per_second=2, clock=lambda: now[0])
    for _ in range(3):
        limit.must_allow("T-1")
    with pytest.raises(ProblemError) as refused:
        limit.must_allow("T-1")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    limit.must_allow("T-2")
    now[0] += 0.5
    limit.must_allow("T-1")
    with pytest.raises(ProblemError):
        limit.must_allow("T-1")
    now[0] += 60
    for _ in range(3):
        limit.must_allow("T-1")
    with pytest.raises(ProblemError):
        limit.must_allow("T-1")


def test_whoever_asks_too_often_is_told_when_to_ask_again_and_nobody_else_is(store: Store) -> None:
    door = Door(lambda: store, lambda: Worker(Place(store.home, "")), Limit(burst=3, per_second=1, clock=lambda: 0.0))
    with get_client(Starlette(routes=door.routes())) as client:

        def ask(text: str) -> Any:
            return client.get("/api/v1/submissions", headers={"Authorization": f"Bearer {text}"})

        hasty, other = token(store, "gopax"), token(store, "gopax")
        assert [ask(hasty).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = ask(hasty)
        assert (refused.headers["Retry-After"], refused.headers["Content-Type"]) == ("1", "application/problem+json")
        assert refused.json()["detail"].endswith("Ask again in 1 s.")
        assert ask(other).status_code == 200
        assert client.get("/api/v1/openapi.json").status_code == 200

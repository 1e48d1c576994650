"""Whoever asks for what was filed says for whom: what takes no scope, or does not look at it, is listed with why."""

import ast
from collections.abc import Iterator
from pathlib import Path

APP = Path(__file__).resolve().parent.parent / "app"
NOT_OF_SESSIONS = ("cli/", "testbed/")
"""The command is its machine's operator, who has the store itself; the test bed has made what it reads."""
WITHOUT = {
    "api/answers.py:told": "of a submission that the door has found in the scope; its exchange is the scope",
    "api/answers.py:explained": "acts for the token's exchange, which the act itself holds against the submission's",
    "incidents.py:incident_of": "records what failed and tells its number, nothing of what was filed",
    "obligations/outcomes.py:records_begin": "the day with which records begin is the same whoever asks",
    "queries/choice.py:rows_of": "runs a statement that its caller has scoped",
    "queries/choice.py:records_of_rows": "runs a statement that its caller has scoped",
    "queries/freshness.py:records_stamp": "changes with any record and says nothing of which",
    "queries/recorded.py:evaluations_of": "is asked only about subjects that its caller has found in a scope",
    "reconciliation/causes.py:mismatch_halts": "takes the exchanges that its caller has found in a scope",
    "server/hourly.py:every_hour": "housekeeping: answers nobody",
    "server/hourly.py:look_after": "housekeeping: answers nobody",
    "worker/process.py:address_of_store": "where the store is, for the worker of the same server",
    "worker/process.py:close_workers": "ends processes: answers nobody",
}
NOT_LOOKED_AT = {
    "filing/desk_parts.py:compared": "takes the number of a submission that its caller has found in the scope",
    "obligations/outcomes.py:first_recorded_day": "the day with which records begin is the same whoever asks",
    "overview/change_queries.py:decided_until": "a moment up to which all is judged, the same whoever asks",
}


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sorted(APP.rglob("*.py")):
        name = path.relative_to(APP).as_posix()
        if not name.startswith(NOT_OF_SESSIONS):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{name}:{node.name}", node


def arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {one.arg.lstrip("_") for one in (*node.args.args, *node.args.kwonlyargs)}


def names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {one.id for part in node.body for one in ast.walk(part) if isinstance(one, ast.Name)}


def test_every_question_to_the_store_without_a_scope_is_listed_with_its_reason() -> None:
    found = {
        name
        for name, node in functions()
        if "store" in arguments(node)
        and not node.name.startswith("_")
        and not {"scope", "identity", "view"} & arguments(node)
    }
    assert found == WITHOUT.keys()


def test_every_scope_that_is_not_looked_at_is_listed_with_its_reason() -> None:
    found = {name for name, node in functions() if "scope" in arguments(node) and "scope" not in names(node)}
    assert found == NOT_LOOKED_AT.keys()

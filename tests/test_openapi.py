"""The served OpenAPI document, held against the routes by schemathesis: every answer is one that the document names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.applications import Starlette

from app.api import PREFIX, Door
from app.api.limits import Limit
from app.worker.process import Worker
from app.worker.tasks import Place
from etl.intake import Candidate, declare
from etl.records import tokens
from etl.records.engine import writing
from etl.store import Store, open_store
from tests.filing import checks, file, halts


@dataclass
class _Behind:
    """What is behind the door once the tests run: schemathesis asks for the operations before that."""

    store: Store | None = None
    worker: Worker | None = None


_behind = _Behind()
_door = Door(lambda: _behind.store, lambda: _behind.worker, Limit(burst=10**9))  # type: ignore[arg-type,return-value]
_ACCEPTABLE = ["2xx", 401, 403, 404, 409, 412, 429]
_CONFIG = schemathesis.Config.from_dict(
    {
        "request-timeout": 120,
        "checks": {"positive_data_acceptance": {"expected-statuses": _ACCEPTABLE}},
        "operations": [
            # That name, exchange, report and period say together what a file is, no schema can say.
            # Nor can it say which characters of a reason are printable.
            {"include-name": name, "checks": {"positive_data_acceptance": {"expected-statuses": [*_ACCEPTABLE, *more]}}}
            for name, more in (("POST /submissions", (400, 422)), ("POST /checks", (422,)))
        ]
        + [
            # Nor can it say that a range begins before it ends.
            {"include-name": name, "checks": {"positive_data_acceptance": {"expected-statuses": [*_ACCEPTABLE, 400]}}}
            for name in ("GET /submissions", "GET /obligations", "GET /ledger")
        ],
    }
)
SCHEMA = schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", Starlette(routes=_door.routes()), config=_CONFIG)
_OF_WHAT_WAS_MADE = [negative_data_rejection, positive_data_acceptance]


@dataclass(frozen=True)
class Caller:
    """A machine of an exchange, and the number of a submission that it may see."""

    headers: dict[str, str]
    number: str


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    home = tmp_path_factory.mktemp("openapi")
    url = f"sqlite:///{home / 'daxa.sqlite'}"
    store = open_store(home, url)
    with writing(store.engine) as connection:
        made = tokens.create(
            connection, "korbit", "schemathesis", life=timedelta(days=1), actor="test", at=datetime.now(UTC)
        )
    filed = file(store, home, "korbit_reconciliation_2026-11-03.csv", checks("2026-11-03", short=range(2)))
    _behind.store, _behind.worker = store, Worker(Place(home, url))
    name = "korbit_halts_2026-11-02.csv"
    path = home / name
    path.write_text(halts())
    # What judges takes seconds to load, once.
    _behind.worker.check(Candidate(path, declare(name))).result(120)
    yield Caller({"Authorization": f"Bearer {made.text}"}, filed.receipt.submission.id)
    _behind.worker.close()
    store.engine.dispose()


@SCHEMA.parametrize()
@settings(
    max_examples=12, phases=[Phase.explicit, Phase.generate], derandomize=True, suppress_health_check=list(HealthCheck)
)
def test_every_answer_is_one_that_the_document_names(case: Any, caller: Caller) -> None:
    case.call_and_validate(headers=caller.headers)
    if "number" in (case.path_parameters or {}):
        case.path_parameters["number"] = caller.number
        # What else may be wrong with the request schemathesis remembers no more.
        case.call_and_validate(headers=caller.headers, excluded_checks=_OF_WHAT_WAS_MADE)

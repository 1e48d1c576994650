"""Exchange A asks for B's data and gets nothing: every question, every file of a page, every route, one cache for all.

The registries here are filled by what there is: a new question, page or route is asked as well, or fails for want of a
sample of what it is about.
"""

import dataclasses
import http.client
import inspect
import io
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openpyxl
import pandas as pd
import pytest
from demo_store import FIRST_DAY, LAST_DAY, NOW
from opening import NAMES as ABOUT_REPORTS
from opening import keep_nothing, opened_at
from people import EVERYBODY, SUPERVISOR, identity_of

import app
from app.administration.audit_log import LogWanted
from app.api import Door
from app.filing.submissions import Wanted, submission_list
from app.keys.case_lists import CasesWanted
from app.navigation import SCREENS
from app.queries.choice import Choice
from app.rules.findings import About
from app.scope import Identity, Role, Scope
from app.worker.process import Worker
from etl.answers import fingerprint
from etl.exchanges import all_exchanges
from etl.records import submissions as life
from etl.records import tokens
from etl.records.engine import reading, writing
from etl.records.log import EventKind
from etl.records.tokens import TokenScope
from etl.store import Store, open_store
from expectations.catalogue import thresholds_of_the_book

ROOT = Path(__file__).resolve().parent.parent
OWN, OTHER = "gopax", "korbit"
OWN_SCOPE = Scope(Role.EXCHANGE, (OWN,))
ADMINISTRATOR = Scope(Role.ADMIN, EVERYBODY.exchanges, has_row_grant=True)
RULE_BOOK = "thresholds_held"
"""The one question about no exchange's reports: by what all are judged, which names those with published limits."""
SERVICE = tuple(
    import_module(module.name)
    for module in pkgutil.walk_packages(app.__path__, "app.")
    if not module.name.startswith(("app.testbed", "app.ui", "app.main"))
)
QUESTIONS = {
    name: found
    for module in SERVICE
    for name, found in vars(module).items()
    if inspect.isfunction(found)
    and found.__module__ == module.__name__
    and not name.startswith("_")
    and list(inspect.signature(found).parameters)[:2] == ["store", "scope"]
}
"""Every public function of the service that takes a store and a scope, by its name."""
ASKED = tuple(name for name in QUESTIONS if name != RULE_BOOK)
OTHERS = {exchange.id: exchange for exchange in all_exchanges().values() if exchange.id != OWN}
NAMES = {word for one in OTHERS.values() for _, name in one.names for word in (name.ko, name.en, one.id)}
"""All that the others are called."""
PAGES = tuple(screen.name for screen in SCREENS if Role.EXCHANGE in screen.roles)


@pytest.fixture(scope="module")
def store(filled_home: Path) -> Iterator[Store]:
    opened = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """What the screens of a test opened and kept goes with it."""
    yield
    keep_nothing()


def of_others(text: str) -> list[str]:
    """What of the others stands in a text."""
    return sorted(name for name in NAMES if re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", text))


# ----------------------------------------------------------------------------------------------- questions


@pytest.fixture(scope="module")
def submission(store: Store) -> str:
    """A submission of the other's that was rejected, so that it has findings."""
    listed = submission_list(store, EVERYBODY, choice(OTHER), Wanted())
    return max(listed, key=lambda one: one.finding_count).id


def choice(*exchanges: str) -> Choice:
    return Choice(exchanges, FIRST_DAY, LAST_DAY)


def fingerprint_of(store: Store, submission: str) -> str:
    """What tells a finding of the submission from others."""
    with reading(store.engine) as connection:
        filed = life.by_id(connection, submission)
        found = life.findings_of(connection, [submission])[submission]
    assert filed is not None
    return fingerprint(filed.exchange, filed.report, found[0][1])


def sample(store: Store, name: str, annotation: str, submission: str, exchange: str) -> Any:
    """Something of the other's to ask about, for a parameter called so; KeyError where nothing is known for it."""
    by_type = {
        "About": About(),
        "CasesWanted": CasesWanted(),
        "Wanted": Wanted(),
        "LogWanted": LogWanted(),
        "Choice": choice(exchange),
        "Thresholds": thresholds_of_the_book(),
    }
    if annotation in by_type:
        return by_type[annotation]
    by_name: Mapping[str, Any] = {
        "exchange": exchange,
        "exchanges": (exchange,),
        "submission": submission,
        "number": submission,
        "numbers": tuple(range(1, 200)),
        "mark": fingerprint_of(store, submission),
        "occurrence": "0" * 64,
        "page": 1,
        "now": NOW,
        "today": LAST_DAY,
        "act": EventKind.PERSON_CHANGE,
        "report": "reconciliation",
        "rule": "REC-007",
        "asset": "BTC",
        "day": LAST_DAY,
        "first_day": FIRST_DAY,
        "last_day": LAST_DAY,
        "month": f"{LAST_DAY:%Y-%m}",
        "moment": NOW,
        "since": NOW - timedelta(days=30),
        "until": NOW,
        "language": "ko",
        "pattern": "spoofing",
        "rules": ("AUD-001", "REC-004", "SUR-005", "KEY-005"),
        "case_id": "C-1",
        "halt_id": "H-1",
        "subjects": ("BTC", "ETH", "XRP"),
    }
    return by_name[name]


def answer(store: Store, scope: Scope, name: str, submission: str, exchange: str = OTHER) -> str:
    """What a question is answered with, all of it, as text."""
    question = QUESTIONS[name]
    about = [
        sample(store, one.name, str(one.annotation), submission, exchange)
        for one in list(inspect.signature(question).parameters.values())[2:]
        if one.default is inspect.Parameter.empty
    ]
    return repr(plain(question(store, scope, *about)))


def plain(found: Any) -> Any:
    """Frames and records as dictionaries and lists, nothing abbreviated."""
    if isinstance(found, pd.DataFrame):
        return found.to_dict("records")
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return {one.name: plain(getattr(found, one.name)) for one in dataclasses.fields(found)}
    if isinstance(found, Mapping):
        return {str(key): plain(value) for key, value in found.items()}
    if isinstance(found, (list, tuple, set, frozenset)):
        return [plain(one) for one in found]
    return found


@pytest.mark.parametrize("name", ASKED)
def test_a_question_about_another_is_answered_with_nothing_of_theirs(store: Store, submission: str, name: str) -> None:
    found = answer(store, OWN_SCOPE, name, submission)
    assert of_others(found) == []
    assert submission not in found


def test_the_questions_ask_for_something_that_is_there(store: Store, submission: str) -> None:
    """Where a supervisor gets nothing either, an exchange that gets nothing proves little."""
    told = [name for name in ASKED if OTHER in answer(store, EVERYBODY, name, submission)]
    more = [
        name
        for name in ASKED
        if answer(store, ADMINISTRATOR, name, submission) != answer(store, OWN_SCOPE, name, submission)
    ]
    assert len(told) >= len(ASKED) // 3, sorted(set(ASKED) - set(told))
    # What we failed on, and what a withdrawal leaves, is nothing in this store.
    assert len(more) >= len(ASKED) * 13 // 20, sorted(set(ASKED) - set(more))


ABOUT_ROWS = (
    "rows_behind",
    "asset_checks",
    "open_findings",
    "subject_findings",
    "finding_groups",
    "finding_list",
    "findings_found",
    "submission_counts",
    "submission_list",
    "submission_versions",
    "state_history",
    "filed_submission",
    "receipt_content",
    "case_list",
    "case_history",
    "halt_versions",
)
"""The questions that are answered with rows, or with files and findings, which quote them."""
NOTHING = {"[]", "{}", "None", "{'cases': [], 'count': 0}"}


@pytest.mark.parametrize("name", ABOUT_ROWS)
def test_a_manager_gets_no_rows(store: Store, submission: str, name: str) -> None:
    assert answer(store, Scope(Role.MANAGER, EVERYBODY.exchanges), name, submission) in NOTHING


def test_a_supervisor_gets_the_rows_that_a_manager_does_not(store: Store, submission: str) -> None:
    """Of what these questions are asked about in the test above, the one case and the one halt are invented."""
    nobodys = {"case_history", "halt_versions", "subject_findings"}
    silent = {name for name in ABOUT_ROWS if answer(store, EVERYBODY, name, submission) in NOTHING}
    assert silent <= nobodys


# --------------------------------------------------------------------------------------- files and the cache


def looks(monkeypatch: pytest.MonkeyPatch, home: Path, who: Identity) -> None:
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: who)


@pytest.mark.parametrize("name", PAGES)
def test_a_file_of_a_page_holds_nothing_of_another(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    looks(monkeypatch, filled_home, identity_of(Role.EXCHANGE, OWN))
    made: list[tuple[str, Callable[[], bytes]]] = []

    def offered(*_: Any, data: Callable[[], bytes], file_name: str, **__: Any) -> bool:
        made.append((file_name, data))
        return False

    monkeypatch.setattr("app.widgets.file_button.st.download_button", offered)
    monkeypatch.setattr("app.widgets.file_button.taken_away", lambda _identity, content, *_, **__: content)
    opened_at(name, period="30d")
    assert made or name in ("overview", "filing", "answers")  # where nothing is wanting they have no table
    for file_name, data in made:
        content = data()
        if file_name.endswith(".xlsx"):
            sheets = openpyxl.load_workbook(io.BytesIO(content)).worksheets
            text = "\n".join(str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row)
        else:
            text = content.decode("utf-8-sig")
        assert of_others(text) == [], file_name


@pytest.mark.parametrize("name", [screen.name for screen in SCREENS if Role.EXCHANGE not in screen.roles])
def test_every_file_of_a_page_that_exchanges_do_not_see_can_be_made(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    roles = next(screen.roles for screen in SCREENS if screen.name == name)
    looks(monkeypatch, filled_home, identity_of(min(roles)))
    made: list[Callable[[], bytes]] = []

    def offered(*_: Any, data: Callable[[], bytes], **__: Any) -> bool:
        made.append(data)
        return False

    monkeypatch.setattr("app.widgets.file_button.st.download_button", offered)
    monkeypatch.setattr("app.widgets.file_button.taken_away", lambda _identity, content, *_, **__: content)
    opened_at(name, period="30d")
    assert made
    assert all(data() for data in made)


@pytest.mark.parametrize(
    "name", [screen.name for screen in SCREENS if Role.EXCHANGE in screen.roles and screen.name in ABOUT_REPORTS]
)
def test_what_one_person_was_answered_is_not_told_to_the_next(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """All who look share one process and one cache."""
    texts = []
    for who in (SUPERVISOR, identity_of(Role.EXCHANGE, OTHER), identity_of(Role.EXCHANGE, OWN)):
        looks(monkeypatch, filled_home, who)
        session = opened_at(name, period="30d")
        drawn = [str(frame.value.to_dict()) for frame in session.dataframe]
        drawn += [chart.proto.spec for chart in session.get("plotly_chart")]
        cells = "\n".join(element.proto.body for element in session.get("html"))
        texts.append("\n".join([*drawn, *re.findall(r"<td.*?</td>", cells, re.DOTALL)]))
    supervisor, _, own = texts
    if name != "rules":  # the names of rules and thresholds are everybody's
        assert of_others(supervisor)
        assert of_others(own) == []
    assert own != supervisor


# -------------------------------------------------------------------------------------------- the HTTP door


def never() -> Any:
    raise AssertionError("nothing is opened only to list the routes")


ROUTES = tuple(route.path for route in Door(never, partial[Worker](never)).routes())
EXPECTED: Mapping[str, tuple[tuple[str, str, int], ...]] = {
    "/api/v1/submissions": (
        ("GET", "", 200),
        ("GET", f"?exchange={OTHER}", 400),
        ("POST", f"?file={OTHER}_halts_2026-11-02.csv", 403),
    ),
    "/api/v1/submissions/{number}": (("GET", "", 404),),
    "/api/v1/submissions/{number}/findings": (("GET", "", 404), ("GET", "?format=csv", 404)),
    "/api/v1/submissions/{number}/ledger": (("GET", "", 404),),
    "/api/v1/submissions/{number}/annotated": (("GET", "", 404),),
    "/api/v1/submissions/{number}/receipt": (("GET", "", 404),),
    "/api/v1/submissions/{number}/explanations": (("GET", "", 404), ("POST", "", 404)),
    "/api/v1/submissions/{number}/withdrawal": (("POST", "", 404),),
    "/api/v1/submissions/{number}/retry": (("POST", "", 404),),
    "/api/v1/checks": (("POST", f"?file={OTHER}_halts_2026-11-02.csv", 403),),
    "/api/v1/ledger": (("GET", "", 200), ("GET", f"?exchange={OTHER}", 400)),
    "/api/v1/obligations": (("GET", "", 200), ("GET", f"?exchange={OTHER}", 400)),
    "/api/v1/templates/{report}.{ending}": (("GET", "", 200),),
    "/api/v1/key": (),
    "/api/v1/openapi.json": (),
    "/api": (),
    "/api/{rest:path}": (),
}
"""What a token of one exchange gets at each route where it asks for another's; the last four hold no data."""


@pytest.fixture(scope="module")
def token(store: Store) -> str:
    now = datetime.now(UTC)
    with writing(store.engine) as connection:
        made = tokens.create(
            connection, OWN, "test", scopes=tuple(TokenScope), life=timedelta(days=1), actor="test", at=now
        )
    return made.text


@pytest.mark.parametrize("path", ROUTES)
def test_a_route_gives_a_token_nothing_of_another(
    filled: str, store: Store, submission: str, token: str, path: str
) -> None:
    before = answer(store, EVERYBODY, "submission_list", submission)
    for method, query, status in EXPECTED[path]:
        address = path.format(number=submission, report="halts", ending="csv", rest="") + query
        connection = http.client.HTTPConnection(urlsplit(filled).netloc, timeout=60)
        body = b'{"reason": "not mine"}' if method == "POST" else None
        connection.request(method, address, body, {"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        text = response.read().decode("utf-8")
        connection.close()
        assert response.status == status, (method, address, text)
        if status == 200:
            assert of_others(text) == []
            assert submission not in text
    assert answer(store, EVERYBODY, "submission_list", submission) == before

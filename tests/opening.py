"""Opening a page of the dashboard through its own script: without a browser, and without another page before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_store import NOW
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from app import cache
from app.navigation import SCREENS
from app.scope import Role
from app.widgets import view

UI = Path(__file__).resolve().parent.parent / "app" / "ui.py"
NAMES = tuple(
    screen.name
    for screen in SCREENS
    if Role.SUPERVISOR in screen.roles and screen.name not in ("administration", "account")
)
"""The pages about what was filed, as a supervisor sees them."""


def opened_at(name: str, *, seconds: int = 60, **address: str) -> AppTest:
    """A session that has drawn the page `name` with these parameters in its address, and shows no failure.

    A trailing underscore is taken off a parameter that is a word of Python. ValueError where whoever looks has no
    such page.
    """
    session = AppTest.from_file(str(UI), default_timeout=seconds)
    for parameter, value in address.items():
        session.query_params[parameter.rstrip("_")] = value
    if name != SCREENS[0].name:
        session._page_hash = calc_hash(name)
    shown(session.run())
    own, known = calc_hash(name), session._registered_pages
    # A page is not where it was looked for if it is another page than usual that comes first.
    if (own in known) == (name == SCREENS[0].name):
        session.switch_page(f"../pages/{name}.py")
        shown(session.run())
    return session


def looked_at(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[None]:
    """While this goes on, sessions of this process look at the store at `home` as from the demonstration's moment."""
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
    keep_nothing()
    yield
    view.store().engine.dispose()
    keep_nothing()


def keep_nothing() -> None:
    """Forget what this process kept, as one that has just begun."""
    cache.clear_all()


def shown(session: AppTest) -> AppTest:
    """The session, which must show no failure of ours."""
    assert not session.exception, [error.stack_trace for error in session.exception]
    failed = [element.proto.body for element in session.get("html") if 'class="failed"' in element.proto.body]
    assert not failed, f"{failed}; what failed is in the log"
    return session

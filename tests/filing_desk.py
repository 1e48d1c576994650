"""The page of filing as somebody of an exchange sees it, for tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from opening import keep_nothing, opened_at, shown
from streamlit.testing.v1 import AppTest

from app.scope import Identity, Role, Scope
from app.worker.process import close_workers
from expectations.vocabulary import KST

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 3, 9, 0, tzinfo=KST)
"""An hour before the reports of 2026-11-02 are due."""
PATIENCE_SECONDS = 240

Opened = Callable[..., AppTest]


def somebody(exchange: str, role: Role = Role.EXCHANGE) -> Identity:
    """A person of an exchange."""
    return Identity(f"P-{exchange}", f"kim.{exchange}", Scope(role, (exchange,)))


@contextmanager
def opening(monkeypatch: pytest.MonkeyPatch, home: Path, *, keep_worker: bool = False) -> Iterator[Opened]:
    """Opens pages of the dashboard over the store at a home, as somebody of an exchange; ends what they started."""
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)

    def open_page(identity: Identity, name: str = "filing", now: datetime = NOW, **address: str) -> AppTest:
        monkeypatch.setattr("app.sign_in.present.current_identity", lambda: identity)
        monkeypatch.setenv("DAXA_NOW", now.isoformat())
        return opened_at(name, seconds=PATIENCE_SECONDS, **address)

    yield open_page
    from app.widgets import view

    if not keep_worker:
        close_workers(view.store())
    view.store().engine.dispose()
    keep_nothing()


def settled(session: AppTest) -> AppTest:
    """The session, which must show no failure of ours."""
    shown(session)
    return session


def text_of(session: AppTest) -> str:
    """Everything that was written as HTML on the screen."""
    return "\n".join(element.proto.body for element in session.get("html"))


def drop(session: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Drop files at the page."""
    session.file_uploader[0].set_value([(name, data, "application/octet-stream") for name, data in files])
    return settled(session.run())


def press(session: AppTest, key: str) -> AppTest:
    """Press the button whose key begins so."""
    (button,) = [one for one in session.button if one.key and one.key.startswith(key)]
    return settled(button.click().run())


def check(session: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Drop files and have them checked."""
    return press(drop(session, *files), "filing.check")

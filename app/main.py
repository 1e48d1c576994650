"""The server: `uvicorn app.main:app`, `streamlit run app/main.py` or `python app/main.py`, from any folder.

One process with one worker: sessions, uploads and media live in its memory. The settings are read from the repository's
root, so the process changes there before Streamlit is imported, and refuses to start without them.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # started as a script, only the folder of this file is searched
    sys.path.insert(0, str(ROOT))

from etl.records import submissions as life  # noqa: E402
from etl.records.engine import RecordsUnavailableError, reading  # noqa: E402
from etl.records.sessions import SignedIn  # noqa: E402
from etl.records.tokens import listed  # noqa: E402
from etl.store import DEFAULT_HOME, HOME_VARIABLE  # noqa: E402

# A relative home is meant from where the command was given, not from where we go.
os.environ[HOME_VARIABLE] = str(Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME).absolute())
os.chdir(ROOT)

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.routing import Route  # noqa: E402

from app import navigation  # noqa: E402
from app.api import Door  # noqa: E402
from app.charts.style import warm_up  # noqa: E402
from app.scope import scope_of  # noqa: E402
from app.served import served_incidents, store  # noqa: E402
from app.server import screens  # noqa: E402
from app.server.hourly import every_hour, take_up_again  # noqa: E402
from app.server.limits import RequestLimits  # noqa: E402
from app.server.operations import Operations  # noqa: E402
from app.server.origin import OwnOrigin  # noqa: E402
from app.server.security import HtmlLanguage, SecurityHeaders  # noqa: E402
from app.sign_in.gate import Gate  # noqa: E402
from app.sign_in.oidc import OrganisationSignIn, configured_provider  # noqa: E402
from app.sign_in.routes import SignIn  # noqa: E402
from app.worker.process import Worker, address_of_store, close_workers, worker_for  # noqa: E402

if st.get_option("browser.gatherUsageStats") or st.get_option("server.address") is None:
    raise SystemExit("The dashboard does not start: .streamlit/config.toml was not read.")


_SOON, _LATER_SECONDS = (15, 15, 30), 120
"""Seconds between two freezes: while pages are first opened, and later."""


def _worker() -> Worker:
    """The worker of the store; its process starts with the first file."""
    return worker_for(address_of_store(store()))


def _first_page(signed_in: SignedIn) -> str:
    """Return the page that somebody sees first: that of the incidents where the store replays any."""
    return navigation.first_page(scope_of(signed_in), served_incidents())


def _begin_work() -> None:
    """Take up what an earlier process left, and start the worker where machines may file."""
    with suppress(RecordsUnavailableError):
        with reading(store().engine) as connection:
            may_file = listed(connection)
        if may_file:
            _worker().take_up()
        else:
            _take_up_what_waits()


def _take_up_what_waits() -> None:
    """Have judged what nobody asks for any more."""
    with reading(store().engine) as connection:
        waits = life.received(connection) or life.unreviewed(connection)
    if waits:
        _worker().take_up()


async def _freeze_survivors() -> None:
    """Collect garbage and freeze the objects that survive it, again and again."""
    for pause in chain(_SOON, repeat(_LATER_SECONDS)):
        await asyncio.sleep(pause)
        gc.unfreeze()  # what went since is collected now
        gc.collect()
        gc.freeze()


@asynccontextmanager
async def _lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Load what the first page needs, then freeze it: the garbage collector does not scan frozen objects."""
    warm_up()
    gc.collect()
    gc.freeze()
    threading.Thread(target=_begin_work, daemon=True).start()
    by_the_clock = asyncio.create_task(every_hour(store))
    retrying = asyncio.create_task(take_up_again(_take_up_what_waits))
    freezing = asyncio.create_task(_freeze_survivors())
    yield {}
    by_the_clock.cancel()
    retrying.cancel()
    freezing.cancel()
    with suppress(RecordsUnavailableError):
        close_workers(store())


_provider = configured_provider()
_organisation = OrganisationSignIn(store, _provider) if _provider else None

app = st.App(
    Path(__file__).with_name("ui.py"),
    routes=[
        *Operations(store).routes(),
        Route(screens.SCRIPT, screens.script),
        *SignIn(store, has_sso=_organisation is not None).routes(),
        *(_organisation.routes() if _organisation else ()),
        *Door(store, _worker).routes(),
    ],
    middleware=[
        Middleware(SecurityHeaders),
        Middleware(RequestLimits),
        Middleware(OwnOrigin),
        Middleware(Gate, store=store, closed=navigation.title_of_closed, first=_first_page),
        *((_organisation.middleware(),) if _organisation else ()),
        Middleware(HtmlLanguage),
    ],
    lifespan=_lifespan,
)

if __name__ == "__main__":
    app.run()

"""The server: `uvicorn app.main:app`, `streamlit run app/main.py` or `python app/main.py`, from any folder.

One process, one worker: sessions, uploads and media live in its memory. The settings are read from the
repository's root, so it goes there before Streamlit is imported, and refuses to start without them.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # started as a script, only the folder of this file is searched
    sys.path.insert(0, str(ROOT))

from etl.store import DEFAULT_HOME, HOME_VARIABLE  # noqa: E402

# A relative home is meant from where the command was given, not from where we go.
os.environ[HOME_VARIABLE] = str(Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME).absolute())
os.chdir(ROOT)

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

from app import charts  # noqa: E402
from app.security import HtmlLanguage, SecurityHeaders, VisitorCookie  # noqa: E402

if st.get_option("browser.gatherUsageStats") or st.get_option("server.address") is None:
    raise SystemExit("The dashboard does not start: .streamlit/config.toml was not read.")


async def _healthz(_request: Request) -> JSONResponse:
    """That the process answers."""
    return JSONResponse({"status": "ok"})


@asynccontextmanager
async def _lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Load what the first page needs and set it apart from the garbage that Streamlit collects after every run."""
    charts.warm_up()
    gc.collect()
    gc.freeze()
    yield {}


app = st.App(
    Path(__file__).with_name("ui.py"),
    routes=[Route("/healthz", _healthz)],
    middleware=[Middleware(SecurityHeaders), Middleware(VisitorCookie), Middleware(HtmlLanguage)],
    lifespan=_lifespan,
)

if __name__ == "__main__":
    app.run()

"""The places of a store: evidence, facts and records under one home (design, section 4)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from etl.evidence import Evidence
from etl.facts import Facts
from etl.rebuild import make_figures_ready
from etl.records.engine import RecordsUnavailableError, open_engine, prepare

HOME_VARIABLE = "DAXA_HOME"
URL_VARIABLE = "DAXA_DATABASE_URL"
DEFAULT_HOME = Path("var")
_REPLAY_MARK = "replay.name"
_EMBEDDED = "daxa.sqlite"


@dataclass(frozen=True, slots=True)
class Store:
    """The three places of the design: exact bytes, canonical rows, and the records that say what is in force."""

    home: Path
    engine: Engine
    evidence: Evidence
    facts: Facts

    @property
    def replays(self) -> tuple[str, ...]:
        """The incidents that the store replays, for a store of its own under its home; none for what was really filed.

        All that is judged in such a store is judged as if today's rules had been in force, now and ever after.
        """
        mark = self.home / _REPLAY_MARK
        is_own = self.engine.url.database == str(self.home / _EMBEDDED)
        return tuple(mark.read_text("utf-8").split()) if is_own and mark.is_file() else ()

    def mark_as_replay(self, *names: str) -> None:
        """Say that the store replays the incidents called `names`."""
        (self.home / _REPLAY_MARK).write_text("\n".join(names), "utf-8")


def home_folder() -> Path:
    """Return the folder of the store: DAXA_HOME, or ./var."""
    return Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME).absolute()


def open_store(home: Path | None = None, url: str | None = None, *, prepared: bool = True) -> Store:
    """The store under `home` (DAXA_HOME, ./var) with its records at `url` (DAXA_DATABASE_URL, embedded SQLite).

    An empty database is made ready unless `prepared` is False. Raises RecordsUnavailableError in one sentence where
    the database or the folder cannot be used.
    """
    home = home.absolute() if home else home_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordsUnavailableError(
            f"the folder {home} cannot be made ({error.strerror}); set {HOME_VARIABLE} to one you may write to"
        ) from error
    engine = open_engine(url or os.environ.get(URL_VARIABLE) or f"sqlite:///{home / _EMBEDDED}")
    if prepared:
        prepare(engine)
        make_figures_ready(engine)
    return Store(home, engine, Evidence(home / "evidence"), Facts(home / "facts"))

"""The places of a store: evidence, facts and records under one home (design, section 4)."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine, make_url

from etl.evidence import Evidence
from etl.facts import Facts
from etl.modes import is_open_to_others, make_file, make_folder, open_to_others
from etl.rebuild import make_figures_ready
from etl.records.engine import RecordsUnavailableError, limited_to, open_engine, prepare
from etl.records.rights import give_rights, service_of

HOME_VARIABLE = "DAXA_HOME"
URL_VARIABLE = "DAXA_DATABASE_URL"
OWNER_VARIABLE = "DAXA_DATABASE_OWNER_URL"
DEFAULT_HOME = Path("var")
_REPLAY_MARK = "replay.name"
_EMBEDDED = "daxa.sqlite"
KEPT_FOLDERS = ("evidence", "facts", "keys", "drafts", "incoming")
"""The folders of a home that hold what was sent, what was read of it, keys, drafts and uploads."""


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
        make_file(self.home / _REPLAY_MARK)
        (self.home / _REPLAY_MARK).write_text("\n".join(names), "utf-8")

    def limited_to(self, exchange: str | None) -> Store:
        """The same store for requests of one exchange: on PostgreSQL its readers see no row of another."""
        return self if exchange is None else replace(self, engine=limited_to(self.engine, exchange))

    def open_to_others(self) -> list[Path]:
        """What of this store somebody but its owner may read, change or enter."""
        return opened_places(self.home, self.engine.url.render_as_string(hide_password=False))


def home_folder() -> Path:
    """Return the folder of the store: DAXA_HOME, or ./var."""
    return Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME).absolute()


def database_address(home: Path) -> str:
    """Where the records of the store under `home` are: DAXA_DATABASE_URL, or embedded in the home."""
    return os.environ.get(URL_VARIABLE) or f"sqlite:///{home / _EMBEDDED}"


def owner_address(home: Path) -> str:
    """The tables' owner's way in: DAXA_DATABASE_OWNER_URL, or the service's own, where one role does everything."""
    return os.environ.get(OWNER_VARIABLE) or database_address(home)


def give_service_its_rights(store: Store) -> str | None:
    """Give the service's role its rights in a store opened by the owner; its name, None where one role does all."""
    service = service_of(database_address(store.home), store.engine)
    if service is not None:
        give_rights(store.engine, service)
    return service


def opened_places(home: Path, url: str) -> list[Path]:
    """What of the store under `home` with its records at `url` somebody but its owner may read, change or enter.

    Of the home itself only what a store keeps is looked at, whatever else lies there.
    """
    if not home.exists():
        return []
    database = make_url(url)
    kept = [home / name for name in (*KEPT_FOLDERS, _REPLAY_MARK)]
    if database.get_backend_name() == "sqlite" and database.database:
        beside = Path(database.database).absolute()
        kept.extend(beside.parent.glob(f"{glob.escape(beside.name)}*"))
    own = [home] if is_open_to_others(home) else []
    return sorted({*own, *open_to_others(kept)})


def open_store(home: Path | None = None, url: str | None = None, *, prepared: bool = True) -> Store:
    """The store under `home` (DAXA_HOME, ./var) with its records at `url` (DAXA_DATABASE_URL, embedded SQLite).

    An empty database is made ready unless `prepared` is False. Raises RecordsUnavailableError in one sentence where
    the database or the folder cannot be used.
    """
    home = home.absolute() if home else home_folder()
    try:
        make_folder(home)
    except OSError as error:
        raise RecordsUnavailableError(
            f"the folder {home} cannot be made ({error.strerror}); set {HOME_VARIABLE} to one you may write to"
        ) from error
    engine = open_engine(url or database_address(home))
    if prepared:
        prepare(engine)
        make_figures_ready(engine)
    return Store(home, engine, Evidence(home / "evidence"), Facts(home / "facts"))

"""A year of full-size figures in minutes: some days made the real way, and copies of their records further back.

The days of the model are simulated at real size and taken the whole way by the real jobs. Every earlier day is a
copy of a model day's records with every date in them moved back, whatever columns the tables have; amounts are
scaled a little, so that no two weeks are alike. Behind a copy lie the model's own rows, so only the model's days can be
drilled into for what they say. This is for measuring screens, never for showing.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Date, String, Table, delete, insert, select

from app.testbed.simulator import SimulatedFile, simulate
from etl.facts import FactFile
from etl.rebuild import figures_version, rebuild_figures
from etl.records.engine import migrate, reading, writing
from etl.records.schema import every_table
from etl.records.tables import incidents, regions, submissions
from etl.records.types import ExactDecimal, Instant
from etl.store import Store, open_store
from expectations.catalogue import all_reports, rule_set_version
from expectations.vocabulary import KST, Cadence, Period

YEAR_DAYS = 365
MODEL_DAYS = 14
"""Days made the real way: two weeks, so that days of the week stay what they are when they are copied."""

_SEED = 20260206
_NOON = time(12, tzinfo=KST)
"""What is received until noon of the day after the last one is in the store."""

_SCALES = tuple(map(Decimal, ("0.94", "1.05", "0.9", "1.1", "0.97", "1.02", "0.86")))
_EXACT = Context(prec=80)
_DATE = re.compile(r"(?<![0-9A-Za-z])(20\d\d)(-?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?=T|[^0-9A-Za-z]|$)")
_MONTH = re.compile(r"(?<![0-9A-Za-z-])(20\d\d-(?:0[1-9]|1[0-2]))(?![0-9-])")
_BATCH = 20_000

ShowProgress = Callable[[str, int | None], AbstractContextManager[Callable[[int, int, str], None]]]
_Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Year:
    """What a year's store is made of: its last day, its days, those made the real way, and assets of each exchange."""

    last_day: date
    days: int = YEAR_DAYS
    model_days: int = MODEL_DAYS
    assets: int | None = None
    """Real size where none is given."""

    @property
    def first_day(self) -> date:
        """The oldest day."""
        return self.last_day - timedelta(days=self.days - 1)

    @property
    def first_model_day(self) -> date:
        """The oldest day that is made the real way."""
        return self.last_day - timedelta(days=min(self.days, self.model_days) - 1)


def fill_year(home: Path, year: Year, progress: ShowProgress) -> Store:
    """A store under `home` with that year, always embedded; one that holds exactly this is taken as it stands.

    The model stays in `model` beside it, so that figures which have changed are derived and copied again in less time.
    """
    mark = home / "year.done"
    wanted = f"{year} {rule_set_version()} {figures_version()}"
    if mark.exists() and mark.read_text("utf-8") == wanted:
        return open_store(home, _url(home))
    home.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    model = _model(home / "model", year, progress)
    store = _empty_store(home)
    with progress("copy", None) as advance:
        _copy_records(model, store, year, advance)
    model.engine.dispose()
    mark.write_text(wanted, "utf-8")
    return store


def _url(home: Path) -> str:
    return f"sqlite:///{home / 'daxa.sqlite'}"


# ---------------------------------------------------------------------------------------------- the model


def _model(home: Path, year: Year, progress: ShowProgress) -> Store:
    """The days that are made the real way, as they stand in a store of their own."""
    mark = home / "model.done"
    wanted = f"{year.first_model_day} {year.last_day} {year.assets} {rule_set_version()}"
    if mark.exists() and mark.read_text("utf-8") == wanted:
        store = open_store(home, _url(home), prepared=False)
        migrate(store.engine)
        with progress("figures", None) as advance:
            rebuild_figures(store.engine, store.facts, advance)
        return store
    from etl import jobs

    shutil.rmtree(home, ignore_errors=True)
    store = open_store(home, _url(home))
    with progress("simulate", None) as advance:
        for count, file in enumerate(_model_files(home / "inbox", year), 1):
            jobs.receive(store, file.candidate, received_at=file.received_at)
            file.path.unlink()
            advance(count, 0, file.path.name)
    shutil.rmtree(home / "inbox")
    with progress("ingest", None) as advance:
        jobs.process(store, progress=advance)
    mark.write_text(wanted, "utf-8")
    return store


def _model_files(inbox: Path, year: Year) -> Iterator[SimulatedFile]:
    """The files of the model's days, and of the last month whose audit is there by then."""
    assets = None if year.assets is None else dict.fromkeys(_exchanges(), year.assets)
    until = min(datetime.combine(year.last_day + timedelta(days=1), _NOON), datetime.now(UTC))
    daily = [name for name, report in all_reports().items() if report.cadence is not Cadence.MONTH]
    monthly = [name for name in all_reports() if name not in daily]
    month_end = (year.last_day - timedelta(days=12)).replace(day=1) - timedelta(days=1)
    audits = simulate(inbox, month_end, month_end, seed=_SEED, assets=assets, story=False, reports=monthly)
    days = simulate(inbox, year.first_model_day, year.last_day, seed=_SEED, assets=assets, reports=daily)
    yield from (file for file in audits if file.period.last_day == month_end)
    yield from (file for file in days if file.received_at <= until)


def _exchanges() -> list[str]:
    from etl.exchanges import all_exchanges

    return list(all_exchanges())


# --------------------------------------------------------------------------------------------- the copies


def _empty_store(home: Path) -> Store:
    """A store without records over the model's evidence and facts."""
    for old in home.glob("daxa.sqlite*"):
        old.unlink()
    for folder in ("evidence", "facts"):
        link = home / folder
        link.unlink(missing_ok=True)
        link.symlink_to(Path("model") / folder, target_is_directory=True)
    return open_store(home, _url(home))


def _copy_records(model: Store, store: Store, year: Year, advance: Callable[[int, int, str], None]) -> None:
    """Fill the store with the model's records, and with them again further and further back."""
    tables = [table for table in every_table() if _is_of_submissions(table)]
    with reading(model.engine) as connection:
        rows = {table: _rows(connection, table) for table in tables}
    periods = {row["id"]: Period.parse(row["period"]) for row in rows[submissions]}
    moves = _moves(periods, year)
    filed = max((row["sequence"] for row in rows[submissions]), default=0)
    with writing(store.engine) as connection:
        for table in tables:
            connection.execute(delete(table))
        for done, move in enumerate(moves, 1):
            for table in tables:
                moved = _moved(table, rows[table], periods, move)
                if table is submissions:  # what lies further back was filed earlier
                    before = (len(moves) - done) * filed
                    moved = [{**row, "sequence": row["sequence"] + before} for row in moved]
                _insert(connection, table, moved)
            advance(done, len(moves), "records")
            _link_rows(store, rows[submissions], periods, move)


def _link_rows(store: Store, filed: _Rows, periods: Mapping[str, Period], move: _Move) -> None:
    """Put the model's rows behind the copies of a move: what a page reads of a day it finds, dated as in the model."""
    own = [row for row in filed if periods[row["id"]].text in move.periods]
    for row, copy in zip(own, _moved(submissions, own, periods, move), strict=True):
        was, is_now = (
            store.facts.path(FactFile(one["report"], one["exchange"], one["period"], one["id"])) for one in (row, copy)
        )
        if was.exists() and not is_now.exists():
            is_now.parent.mkdir(parents=True, exist_ok=True)
            is_now.hardlink_to(was)


def _is_of_submissions(table: Table) -> bool:
    """True for what is recorded of submissions; people, their visits and the audit log are nobody's days.

    What judgements read is left out: nothing of a year is judged again.
    """
    others = (incidents.name, regions.name)
    return table.name == submissions.name or ("submission" in table.c and table.name not in others)


def _rows(connection: Connection, table: Table) -> _Rows:
    """All rows without the numbers that the database gives."""
    given = [column.name for column in table.c if column.autoincrement is True]
    found = connection.execute(select(table)).mappings()
    return [{name: value for name, value in row.items() if name not in given} for row in found]


def _insert(connection: Connection, table: Table, rows: _Rows) -> None:
    for start in range(0, len(rows), _BATCH):
        connection.execute(insert(table), rows[start : start + _BATCH])


@dataclass(frozen=True, slots=True)
class _Move:
    """Which records are copied how far back: those of these periods, by so many days."""

    days: int
    periods: Mapping[str, str]
    """Text of each period that is copied, and of the one that it becomes."""
    scale: Decimal


def _moves(periods: Mapping[str, Period], year: Year) -> list[_Move]:
    """Every copy that is to be made, the model's own records first, moved by nothing."""
    by_text = {period.text: period for period in periods.values()}
    months = {text: p for text, p in by_text.items() if p.cadence is Cadence.MONTH}
    days = {text: p for text, p in by_text.items() if text not in months}
    moves = [_Move(0, {text: text for text in by_text}, Decimal(1))]
    for number in range(1, year.days // year.model_days + 1):
        back = number * year.model_days
        kept = {t: moved_text(t, back) for t, p in days.items() if _back(p.first_day, back) >= year.first_day}
        moves.append(_Move(back, kept, _SCALES[number % len(_SCALES)]))
    for text, month in months.items():
        target = _month_before(month)
        while target.first_day >= year.first_day:
            moves.append(_Move((month.last_day - target.last_day).days, {text: target.text}, Decimal(1)))
            target = _month_before(target)
    return moves


def _back(day: date, days: int) -> date:
    return day - timedelta(days=days)


def _month_before(month: Period) -> Period:
    return Period.parse(f"{_back(month.first_day, 1):%Y-%m}")


def _moved(table: Table, rows: _Rows, periods: Mapping[str, Period], move: _Move) -> _Rows:
    """The table's rows that belong to the move's periods, moved."""
    if not move.days:
        return rows
    change = _changes(table, move)
    key = "id" if table.name == "submissions" else "submission"
    return [
        {name: change[name](value) for name, value in row.items()}
        for row in rows
        if (periods[row[key]].text if row[key] else row["period"]) in move.periods
    ]


def _changes(table: Table, move: _Move) -> dict[str, Callable[[Any], Any]]:
    """What becomes of each column's values."""
    scaled = not any("quantity" in column.name for column in table.c)
    return {column.name: _change(column, move, scaled) for column in table.c}


def _change(column: Column[Any], move: _Move, scaled: bool) -> Callable[[Any], Any]:
    """How a value of one column moves; quantities stay, because amounts are their products."""
    back = timedelta(days=move.days)
    if isinstance(column.type, (Date, Instant)):
        return lambda value: None if value is None else value - back
    if isinstance(column.type, ExactDecimal):
        return lambda value: value if value is None or not scaled else _EXACT.multiply(value, move.scale)
    if not isinstance(column.type, String):
        return lambda value: value
    if column.name.endswith("_ref"):
        return lambda value: None if value is None else _other_ref(value, move.days)
    months = tuple(move.periods.items()) if all(map(_MONTH.fullmatch, move.periods)) else ()
    return lambda value: None if value is None else moved_text(value, move.days, months)


@lru_cache(maxsize=200_000)
def moved_text(text: str, days: int, months: Sequence[tuple[str, str]] = ()) -> str:
    """The text with every day that it names, as 2026-11-02 or 20261102, moved back; months as they are told."""
    if months:
        told = dict(months)
        text = _MONTH.sub(lambda found: told.get(found[1], found[0]), text)
    return _DATE.sub(lambda found: _moved_day(found, days), text)


def _moved_day(found: re.Match[str], days: int) -> str:
    try:
        day = date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return found[0]
    return f"{_back(day, days):%Y{found[2]}%m{found[2]}%d}"


def _other_ref(value: str, days: int) -> str:
    """Another key or account for every copy, so that the year has as many as there would be."""
    return hashlib.sha256(f"{value} {days}".encode()).hexdigest()

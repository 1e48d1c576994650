"""What holds once the changed source works on the store that the unchanged one filled. Run by `test_evolution`.

The store's place stands in DAXA_HOME and DAXA_DATABASE_URL, what was told of it before in EVOLUTION_BEFORE.
"""

import csv
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from opening import keep_nothing, opened_at
from sqlalchemy import Engine, event
from starlette.applications import Starlette
from starlette.testclient import TestClient

import app.sign_in.present
from app.api import PREFIX, Door
from app.cli import main
from app.navigation import SCREENS
from app.scope import Role
from app.testbed.simulator import canonical_table, simulate
from app.worker.process import Worker, close_workers
from app.worker.tasks import Place
from etl.layout import Container
from etl.records.tokens import TokenScope
from etl.store import Store, open_store
from etl.writing.native import write_canonical
from expectations.catalogue import report
from expectations.vocabulary import KST, Period
from tests.door import token
from tests.evolution.change import ADDED, ADDED_NATIVE, ASSETS, DAY, DROPPED, EARLIER, LATER, RENAMED, ROOT, SEED
from tests.filing_desk import somebody, text_of

HOME, URL = Path(os.environ["DAXA_HOME"]), os.environ["DAXA_DATABASE_URL"]
BEFORE = Path(os.environ["EVOLUTION_BEFORE"])
NOW = datetime.combine(LATER[-1] + timedelta(days=1), datetime.min.time(), KST) + timedelta(hours=11)
PAST, FUTURE = EARLIER[-1].isoformat(), DAY.isoformat()

Daxa = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def daxa(tmp_path_factory: pytest.TempPathFactory) -> Daxa:
    """The command in this process: status, standard output, standard error."""
    folder = tmp_path_factory.mktemp("streams")
    engines: set[Engine] = set()
    # A command ends with its process; here its connections have to be closed.
    event.listen(Engine, "engine_connect", lambda connection: engines.add(connection.engine))

    def run(*arguments: object) -> tuple[int, str, str]:
        out, err = folder / "out", folder / "err"
        own = sys.stdout, sys.stderr, sys.argv
        with out.open("w", encoding="utf-8") as told, err.open("w", encoding="utf-8") as said:
            sys.stdout, sys.stderr, sys.argv = told, said, ["daxa", *map(str, arguments)]
            try:
                main()
            except SystemExit as ended:
                status = int(ended.code or 0)
            finally:
                sys.stdout, sys.stderr, sys.argv = own
                while engines:
                    engines.pop().dispose()
        return status, out.read_text("utf-8"), err.read_text("utf-8")

    return run


@cache
def sent() -> Mapping[str, bytes]:
    """The files of all days, by their names, as the changed simulator writes them."""
    with tempfile.TemporaryDirectory() as folder:
        files = simulate(
            Path(folder), EARLIER[0], LATER[-1], seed=SEED, assets=ASSETS, exchanges=tuple(ASSETS), story=False
        )
        return {file.path.name: file.path.read_bytes() for file in files}


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the new days."""
    folder = tmp_path_factory.mktemp("inbox")
    for name, data in sent().items():
        if any(day.isoformat() in name for day in LATER):
            (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module", autouse=True)
def filed(daxa: Daxa, inbox: Path) -> None:
    """The store with its figures made anew, and the new days filed."""
    assert open_fails(daxa), "figures of another shape are not read"
    status, _, said = daxa("migrate")
    assert status == 0, said
    status, told, said = daxa("verify")
    assert (status, "\n0 faults\n" in told) == (0, True), (told, said)
    status, told, said = daxa(
        "ingest", "--json", "--received-at", f"{LATER[-1] + timedelta(days=1)}T09:00:00+09:00", inbox
    )
    states = {one["file"]: (one["state"], one["findings"]) for one in objects(told)}
    assert status == 0, (states, said)
    assert len(states) == len(ASSETS) * len(LATER) * 6


def open_fails(daxa: Daxa) -> bool:
    status, _, said = daxa("submissions", "--json")
    return status == 2 and "daxa migrate" in said


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def native(day: date) -> bytes:
    """Korbit's own file of a day, as the day writes it."""
    return sent()[f"korbit_api_keys_{day}.csv"]


def check(daxa: Daxa, folder: Path, day: date, data: bytes, ending: str = "csv") -> list[dict[str, object]]:
    path = folder / f"korbit_api_keys_{day}.{ending}"
    path.write_bytes(data)
    _, told, said = daxa("check", "--json", path)
    (answer,) = objects(told) or [said]
    return answer["findings"]


# ----------------------------------------------------------------------------------------- the command


def test_what_was_published_is_still_what_the_kept_bytes_say(daxa: Daxa) -> None:
    status, told, said = daxa("verify")
    assert (status, "\n0 faults\n" in told) == (0, True), (told, said)


def test_the_findings_of_the_days_before_are_those_of_before(daxa: Daxa) -> None:
    status, told, _ = daxa("findings", "--json", "--to", PAST)
    assert status == 0
    before = objects((BEFORE / "findings").read_text("utf-8"))
    assert sorted(map(str, objects(told))) == sorted(map(str, before))
    assert not [one for one in objects(told) if str(one["rule"]).startswith("KEY-09")]


@pytest.mark.parametrize(
    ("first", "last", "columns"),
    [
        (PAST, PAST, {DROPPED}),
        (FUTURE, FUTURE, {ADDED}),
        (PAST, FUTURE, {ADDED, DROPPED}),
        (EARLIER[0].isoformat(), LATER[-1].isoformat(), {ADDED, DROPPED}),
    ],
)
def test_an_export_has_the_columns_of_its_days(
    daxa: Daxa, tmp_path: Path, first: str, last: str, columns: set[str]
) -> None:
    out = tmp_path / "rows.csv"
    status, _, said = daxa("export", "api_keys", "--from", first, "--to", last, "--out", out)
    assert status == 0, said
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert {ADDED, DROPPED} & set(rows[0]) == columns
    assert {row["exchange"] for row in rows} == set(ASSETS)
    for row in rows:
        is_new = row["snapshot_date"] >= FUTURE
        if ADDED in columns:
            assert (row[ADDED] != "") is is_new, "absent is empty, and never zero"
        if DROPPED in columns:
            assert (row[DROPPED] == "") is is_new
    if (first, last) == (PAST, PAST):
        assert out.read_text("utf-8") == (BEFORE / "rows.csv").read_text("utf-8")


def test_rows_of_both_shapes_are_exact_in_parquet(daxa: Daxa, tmp_path: Path) -> None:
    out = tmp_path / "rows.parquet"
    daxa("export", "api_keys", "--from", PAST, "--to", FUTURE, "--format", "parquet", "--out", out)
    table = pq.read_table(out)
    assert table.schema.field(ADDED).type == "int64"
    assert table.column(ADDED).null_count == table.column(DROPPED).null_count == table.num_rows // 2


def test_a_file_of_a_past_day_is_filed_again_in_the_shape_of_that_day(daxa: Daxa, tmp_path: Path) -> None:
    assert check(daxa, tmp_path, EARLIER[-1], native(EARLIER[-1])) == []
    before = {path.name: path.read_bytes() for path in (BEFORE.parent / "inbox").rglob("*.*") if PAST in path.name}
    assert before == {name: data for name, data in sent().items() if PAST in name}, "old days are written as before"
    header = native(EARLIER[-1]).decode("utf-8-sig").splitlines()[0].split(",")
    assert {RENAMED[0], "blockedCalls"} <= set(header)
    assert not {RENAMED[1], ADDED_NATIVE["korbit"]} & set(header)


def test_a_file_in_the_shape_of_other_days_is_told_which_days_have_its_columns(daxa: Daxa, tmp_path: Path) -> None:
    period = Period.of_day(DAY)
    old = native(EARLIER[-1]).replace(PAST.encode(), period.text.encode())
    told = {(one["column"], one["found"], one["expected"]) for one in check(daxa, tmp_path, DAY, old)}
    assert told == {
        (RENAMED[1], "∅", RENAMED[1]),
        (ADDED_NATIVE["korbit"], "∅", ADDED_NATIVE["korbit"]),
        (RENAMED[0], RENAMED[0], f"∅ (< {DAY}: {RENAMED[0]})"),
        ("blockedCalls", "blockedCalls", f"∅ (< {DAY}: blockedCalls)"),
    }
    new = native(DAY).replace(period.text.encode(), PAST.encode())
    told = {(one["column"], one["found"], one["expected"]) for one in check(daxa, tmp_path, EARLIER[-1], new)}
    assert told == {
        (RENAMED[0], "∅", RENAMED[0]),
        ("blockedCalls", "∅", "blockedCalls"),
        (RENAMED[1], RENAMED[1], f"∅ (≥ {DAY}: {RENAMED[1]})"),
        (ADDED_NATIVE["korbit"], ADDED_NATIVE["korbit"], f"∅ (≥ {DAY}: {ADDED_NATIVE['korbit']})"),
    }


def test_a_rule_over_cells_finds_the_new_column_where_it_is(daxa: Daxa, tmp_path: Path) -> None:
    lines = native(DAY).decode("utf-8-sig").split("\r\n")
    place = lines[0].split(",").index(ADDED_NATIVE["korbit"])
    cells = lines[1].split(",")
    cells[place] = "-1"
    (found,) = check(daxa, tmp_path, DAY, "\r\n".join([lines[0], ",".join(cells), *lines[2:]]).encode("utf-8-sig"))
    assert (found["rule"], found["column"], found["row"]) == ("KEY-NEG", ADDED_NATIVE["korbit"], 2)


@pytest.mark.parametrize(("day", "column"), [(PAST, DROPPED), (FUTURE, ADDED)])
def test_a_template_is_that_of_the_day_that_is_filed(daxa: Daxa, tmp_path: Path, day: str, column: str) -> None:
    out = tmp_path / "template.csv"
    assert daxa("template", "api_keys", "--period", day, "--out", out)[0] == 0
    assert {ADDED, DROPPED} & set(out.read_text("utf-8").strip().split(",")) == {column}
    table = canonical_table("korbit", "api_keys", Period.parse(day), seed=SEED, assets=2)
    data = write_canonical(table, report("api_keys").on(date.fromisoformat(day)), Container.XLSX)
    found = check(daxa, tmp_path, date.fromisoformat(day), data, "xlsx")
    assert not [one for one in found if one["kind"] in ("structure", "integrity")]


# ------------------------------------------------------------------------------------------- the pages


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
    keep_nothing()
    yield
    from app.widgets import view

    close_workers(view.store())
    view.store().engine.dispose()
    keep_nothing()


SPAN = {"period": "custom", "from_": EARLIER[0].isoformat(), "to": LATER[-1].isoformat(), "language": "en"}


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        pytest.param(PAST, PAST, {DROPPED}, marks=pytest.mark.slow),
        pytest.param(FUTURE, FUTURE, {ADDED}, marks=pytest.mark.slow),
        (PAST, FUTURE, {ADDED, DROPPED}),
    ],
)
def test_the_page_of_keys_shows_the_rows_behind_a_mark_with_the_columns_of_its_days(
    first: str, last: str, expected: set[str]
) -> None:
    session = opened_at("key_revocations", at="korbit", day=first, until=last, **SPAN)
    (rows,) = [element.value for element in session.dataframe if "source_row" in element.value.columns]
    assert {ADDED, DROPPED} & set(rows.columns) == expected
    for row in rows.to_dict("records"):
        is_new = str(row["snapshot_date"])[:10] >= FUTURE
        assert [pd.notna(row[name]) for name in expected] == [is_new is (name == ADDED) for name in expected]


@pytest.mark.slow
@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("name", [screen.name for screen in SCREENS if Role.SUPERVISOR in screen.roles])
def test_every_page_opens_over_the_days_of_both_shapes(name: str) -> None:
    opened_at(name, **SPAN)


@pytest.mark.usefixtures("pages")
def test_the_field_guide_is_that_of_the_day_that_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.sign_in.present, "current_identity", lambda: somebody("korbit"))
    session = opened_at("filing", task="templates", language="en")
    (chosen,) = [one for one in session.selectbox if one.key == "filing.template.report"]
    session = chosen.select("api_keys").run()
    assert not session.exception
    for place, (native_name, absent) in enumerate((RENAMED, RENAMED[::-1])):
        (shape,) = [one for one in session.selectbox if one.key == "filing.template.day.api_keys"]
        session = shape.select_index(place).run()
        assert not session.exception
        guides = [element.value for element in session.dataframe] + [text_of(session)]
        said = "\n".join(guide if isinstance(guide, str) else guide.to_csv() for guide in guides)
        assert native_name in said
        assert absent not in said


# --------------------------------------------------------------------------------------------- the API


@pytest.fixture
def store() -> Iterator[Store]:
    opened = open_store(HOME, URL)
    yield opened
    opened.engine.dispose()


@pytest.mark.usefixtures("judged_in_this_process")
def test_the_http_door_takes_each_day_in_its_shape(store: Store) -> None:
    worker = Worker(Place(HOME, URL))
    client = TestClient(Starlette(routes=Door(lambda: store, lambda: worker).routes()))
    headers = {"Authorization": f"Bearer {token(store, 'korbit', *TokenScope)}"}
    try:
        for day, column in ((PAST, DROPPED), (FUTURE, ADDED)):
            answer = client.get(f"{PREFIX}/templates/api_keys.csv", params={"day": day}, headers=headers)
            assert {ADDED, DROPPED} & set(answer.text.strip().split(",")) == {column}
            file = f"korbit_api_keys_{day}.csv"
            # A line end more makes other bytes, and so a new submission of the same rows.
            data = native(date.fromisoformat(day)) + b"\r\n"
            told = client.post(
                f"{PREFIX}/submissions", params={"file": file, "wait": 60}, content=data, headers=headers
            )
            assert (told.status_code, told.json()["state"]) == (201, "accepted"), told.text
            number = told.json()["submission"]
            annotated = client.get(f"{PREFIX}/submissions/{number}/annotated", headers=headers)
            assert annotated.status_code == 200
            swapped = client.post(
                f"{PREFIX}/checks",
                params={"file": file},
                content=native(DAY if day == PAST else EARLIER[-1]),
                headers=headers,
            )
            assert {one["rule"] for one in swapped.json()["findings"]} == {"SUB-002"}
        wrong = client.get(f"{PREFIX}/templates/api_keys.csv", params={"day": "soon"}, headers=headers)
        assert wrong.status_code == 400
    finally:
        worker.close()


def test_the_source_is_the_changed_copy() -> None:
    assert Path(app.sign_in.present.__file__).is_relative_to(ROOT)
    assert report("api_keys").dated_names == {ADDED, DROPPED}

"""Layouts of tomorrow on the files of today: what they would refuse or read otherwise is told by exchange and file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from app.cli import main
from app.parallel import told_record, told_text
from etl.exchanges import exchange
from etl.layout import DatedColumn, Exchange
from etl.layout_folder import NoLayoutError, changes_in
from etl.normalise import SOURCE_ROW
from etl.notation import KRW_COMMAS, KRW_PLAIN, QUANTITY_EXPONENT, OutOfRangeError, in_unit
from etl.parallel import (
    Hindrance,
    How,
    LayoutsCompared,
    NotCompared,
    RowsDiffer,
    ToldOfLayouts,
    Tolerance,
    ValuesDiffer,
    VerdictChange,
    files_of,
)
from etl.parallel_layouts import _beside, _values_that_differ, compare_layouts, forms_of, last_change_of_layouts
from etl.store import Store, open_store
from expectations.vocabulary import State
from tests.filing import checks, file, halts
from tests.parallel_runs import held_by

DAY, NEXT = "2026-11-02", "2026-11-03"
FILE = f"korbit_reconciliation_{DAY}.csv"


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def folder_with(place: Path, text: str, name: str = "korbit.toml") -> Path:
    folder = place / "layouts"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder


def compared(
    store: Store, folder: Path | None = None, tolerance: str = "0", on: date | None = None
) -> tuple[LayoutsCompared, list[ToldOfLayouts]]:
    told: list[ToldOfLayouts] = []
    forms = forms_of(on, {} if folder is None else changes_in(folder), str(folder))
    files = files_of(store, None, None, None)
    return compare_layouts(store, forms, files, Tolerance.parse(tolerance), listener=told.append), told


# -------------------------------------------------------------------------------------------- what a folder changes


def test_a_renamed_column_refuses_every_file_of_that_exchange_alone(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, FILE, checks(DAY))
    file(store, tmp_path, f"korbit_halts_{DAY}.csv", halts())
    folder = folder_with(tmp_path, '[reconciliation.columns]\nledger_quantity = "ledgerBal"\n')
    found, told = compared(store, folder)
    (change,) = told
    assert isinstance(change, VerdictChange)
    assert (change.submission.report, change.today, change.tomorrow) == (
        "reconciliation",
        State.ACCEPTED,
        State.REJECTED,
    )
    said = {(rule.id, finding.reason, finding.column) for finding, rule in change.findings}
    assert ("SUB-002", "missing_column", "ledgerBal") in said
    assert ("SUB-002", "unknown_column", "ledgerBalance") in said
    assert (found.unchanged["korbit"], found.breaks, found.is_whole) == (1, True, True)
    assert "ledgerBal" in told_text(change, "ko")


def test_another_unit_is_told_with_its_values(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, FILE, checks(DAY))
    folder = folder_with(tmp_path, '[reconciliation.columns]\nprice_krw = { unit = "1000" }\n')
    found, (one,) = compared(store, folder)
    assert isinstance(one, ValuesDiffer)
    assert (one.column, one.how, one.count, one.largest) == ("price_krw", How.CHANGED, 24, Decimal("100399.5"))
    assert one.examples[0] == (2, Decimal("100.5"), Decimal(100500))
    assert found.breaks and found.verdicts["korbit", State.ACCEPTED, State.ACCEPTED] == 1
    record = told_record(one)
    assert record["examples"][0] == {"row": 2, "today": "100.5", "tomorrow": "100500"}
    assert "100.5 → 100500" in told_text(one, "ko")


@pytest.mark.parametrize(
    ("tolerance", "count"),
    [
        ("0", 24),
        ("1.004999999999999999999", 24),
        ("1.005", 0),
        ("2", 0),
        ("0.999999999999999999999%", 24),
        ("1%", 0),
    ],
)
def test_a_tolerance_hides_what_lies_within_it_and_not_beyond(
    store: Store, tmp_path: Path, tolerance: str, count: int
) -> None:
    """1 % more of 100.5 is 1.005 more."""
    file(store, tmp_path, FILE, checks(DAY))
    folder = folder_with(tmp_path, '[reconciliation.columns]\nprice_krw = { unit = "1.01" }\n')
    found, (one,) = compared(store, folder, tolerance)
    assert isinstance(one, ValuesDiffer)
    assert (one.count, one.within) == (count, 24 - count)
    assert found.breaks is bool(count)
    assert one.how is (How.CHANGED if count else How.SAME)


def test_other_words_for_codes_are_told_by_row(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, FILE, checks(DAY))
    folder = folder_with(tmp_path, '[reconciliation.columns]\nresult = { codes = { match = "ok" } }\n')
    found, told = compared(store, folder)
    (change,) = [one for one in told if isinstance(one, VerdictChange)]
    assert {(finding.row, finding.found) for finding, _ in change.findings} == {(row, "match") for row in range(2, 26)}
    (values,) = [one for one in told if isinstance(one, ValuesDiffer)]
    assert values.examples[0] == (2, "match", None)
    assert found.breaks


def test_nothing_is_written(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, FILE, checks(DAY))
    folder = folder_with(tmp_path, '[reconciliation.columns]\nprice_krw = { unit = "1000" }\n')
    before = held_by(store)
    assert compared(store, folder)[0].breaks
    assert held_by(store) == before


def test_a_change_that_changes_nothing_reads_no_file(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, FILE, checks(DAY))
    found, told = compared(store, folder_with(tmp_path, '[reconciliation.columns]\nprice_krw = "price"\n'))
    assert (told, found.unchanged["korbit"], found.breaks, found.is_whole) == ([], 1, False, True)


def test_a_rejected_file_that_would_be_accepted_breaks_nothing(store: Store, tmp_path: Path) -> None:
    content = checks(DAY).replace("ledgerBalance", "ledgerBal")
    assert file(store, tmp_path, FILE, content).receipt.submission.state is State.REJECTED
    found, (change,) = compared(
        store, folder_with(tmp_path, '[reconciliation.columns]\nledger_quantity = "ledgerBal"\n')
    )
    assert isinstance(change, VerdictChange)
    assert (change.today, change.tomorrow, found.breaks) == (State.REJECTED, State.ACCEPTED, False)


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"other")])
def test_bytes_that_are_not_what_they_were_are_said_so(
    store: Store, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    outcome = file(store, tmp_path, FILE, checks(DAY))
    spoil(store.evidence.path(outcome.receipt.submission.sha256))
    folder = folder_with(tmp_path, '[reconciliation.columns]\nprice_krw = { unit = "1000" }\n')
    found, (one,) = compared(store, folder)
    assert isinstance(one, NotCompared)
    assert (one.why, found.is_whole, found.breaks) == (Hindrance.FILE_FAILED, False, False)


# ------------------------------------------------------------------------------------------------ a layout with a date


def _renaming(since: date) -> Exchange:
    """Korbit, which calls a column otherwise from a day on."""
    korbit = exchange("korbit")
    layout = korbit.layouts["reconciliation"]
    columns = []
    for one in layout.columns:
        if one.canonical == "ledger_quantity":
            columns.append(replace(one, until=since))
            columns.append(DatedColumn(one.canonical, replace(one.native, names=("ledgerBal",)), since, date.max))
        else:
            columns.append(one)
    return replace(korbit, layouts={**korbit.layouts, "reconciliation": replace(layout, columns=tuple(columns))})


def test_a_layout_that_is_dated_later_is_tried(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file(store, tmp_path, FILE, checks(DAY))
    since = date(2027, 1, 1)
    korbit = _renaming(since)
    monkeypatch.setattr("etl.examine.exchange", lambda name: korbit if name == "korbit" else exchange(name))
    monkeypatch.setattr("etl.parallel_layouts.all_exchanges", lambda: {"korbit": korbit})
    assert last_change_of_layouts() == since
    found, (change,) = compared(store, on=since)
    assert isinstance(change, VerdictChange) and found.breaks
    said = {(finding.reason, finding.column, finding.expected) for finding, _ in change.findings}
    assert ("missing_column", "ledgerBal", "ledgerBal") in said
    found, told = compared(store, on=date(2026, 12, 31))
    assert (told, found.breaks) == ([], False)


# ----------------------------------------------------------------------------------------------------- the comparison


def _rows(*places: int, values: tuple[int, ...] | None = None) -> pa.Table:
    return pa.table({SOURCE_ROW: pa.array(places, pa.int64()), "value": pa.array(values or places, pa.int64())})


def test_rows_are_held_together_by_their_place_in_the_file() -> None:
    left, right, only_left, only_right = _beside(_rows(2, 3, 3, 4), _rows(3, 4, 5, values=(30, 40, 50)))
    assert (only_left, only_right) == ([2, 3], [5])
    assert left.column("value").to_pylist() == [3, 4]
    assert right.column("value").to_pylist() == [30, 40]


def test_rows_of_one_layout_alone_are_told() -> None:
    record = told_text(RowsDiffer(_submission(), How.ONLY_TOMORROW, 2, (4, 5)), "en")
    assert record.endswith("2 rows that only the other layout reads: 4, 5")


def _submission() -> object:
    class Filed:
        file, id = "a.csv", "1"

    return Filed()


def test_the_widest_values_are_compared_to_the_last_digit() -> None:
    type_ = pa.decimal128(38, 18)
    top = Decimal("99999999999999999999.999999999999999999")
    negative = top.copy_negate()
    least = Decimal("0.000000000000000001")
    old = pa.chunked_array([pa.array([top, None, top], type_)])
    new = pa.chunked_array([pa.array([negative, top, top], type_)])
    found = _values_that_differ(old, new, Tolerance())
    assert (found.count, found.largest) == (2, Decimal("199999999999999999999.999999999999999998"))
    assert Tolerance.parse("199999999999999999999.999999999999999998").covers(top, negative)
    assert not Tolerance.parse("199999999999999999999.999999999999999997").covers(top, negative)
    assert Tolerance.parse("200%").covers(top, negative)
    assert not Tolerance.parse("0").covers(Decimal(0), least)


@pytest.mark.parametrize("text", ["", "-1", "1e3", "NaN", "%", "1 %", "1%%", "0,5", "١", "9" * 40])
def test_what_is_no_tolerance_is_said_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no tolerance; write an amount such as 0\.01"):
        Tolerance.parse(text)


def test_a_unit_keeps_every_digit() -> None:
    satoshi = in_unit(QUANTITY_EXPONENT, Decimal("0.00000001"))
    assert satoshi.whole(pa.array(["150000000", None, "1"])).to_pylist() == [
        Decimal("1.5"),
        None,
        Decimal("0.00000001"),
    ]
    assert in_unit(KRW_COMMAS, Decimal(1000)).whole(pa.array(["1,234.5"])).to_pylist() == [Decimal(1234500)]
    with pytest.raises(OutOfRangeError):
        in_unit(KRW_PLAIN, Decimal("0.1")).whole(pa.array(["0.00000001"]))


# ---------------------------------------------------------------------------------------------------- what is refused

_COLUMNS = "[reconciliation.columns]\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[reconciliation", "it is not TOML in UTF-8"),
        ("reconciliation = 1", r"is no table; write \[reconciliation.columns\]"),
        ("[ledger]\n", "there is no report 'ledger'; the reports are"),
        ("[reconciliation]\ncolumns = 1", "'columns' is no table"),
        ("[reconciliation]\ncontainer = 'csv'", "'container' is nothing of a layout; expected columns, encoding"),
        ("[reconciliation]\nheader_row = 'two'", "header_row = 'two' is not what is due there"),
        ("[reconciliation]\nheader_row = -1", "header_row = -1 is not what is due there"),
        ("[reconciliation]\nencoding = 'latin-99'", "there is no encoding 'latin-99'"),
        (_COLUMNS + "ledger = 'a'", "there is no column 'ledger' on that day; the columns are checked_at"),
        (_COLUMNS + "price_krw = 1", "is no column; write a name, or a table of names, notation, unit, codes"),
        (_COLUMNS + "price_krw = { nmae = 'a' }", "is no column; write a name"),
        (_COLUMNS + "price_krw = { names = [] }", "it is written in 1 columns, not in 0"),
        (_COLUMNS + "price_krw = { names = [''] }", "its names are no list of texts"),
        (_COLUMNS + "price_krw = { notation = 'hash' }", "there is no notation 'hash' for it; there are krw_plain"),
        (_COLUMNS + "price_krw = { unit = 0.1 }", "its unit is no number in quotes above 0"),
        (_COLUMNS + "price_krw = { unit = '0' }", "its unit is no number in quotes above 0"),
        (_COLUMNS + "price_krw = { unit = 'NaN' }", "its unit is no number in quotes above 0"),
        (_COLUMNS + "asset = { unit = '10' }", "has no unit; quantities and won have one"),
        (_COLUMNS + "result = { codes = { maybe = 'x' } }", "its codes are match, mismatch"),
        (_COLUMNS + "result = { codes = { match = 'mismatch' } }", "each code has a word of its own"),
        (_COLUMNS + "price_krw = 'asset'", "two columns are called 'asset'"),
    ],
)
def test_a_folder_that_holds_no_layout_is_said_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    from etl.intake import declare

    folder = folder_with(tmp_path, text)
    with pytest.raises(NoLayoutError, match=sentence) as raised:
        forms_of(None, changes_in(folder), str(folder))(declare(FILE))
    assert "\n" not in str(raised.value) and "korbit.toml" in str(raised.value)


def test_a_folder_without_layouts_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoLayoutError, match="there is no such folder"):
        changes_in(tmp_path / "none")
    (tmp_path / "layouts").mkdir()
    with pytest.raises(NoLayoutError, match="there is no layout in it"):
        changes_in(tmp_path / "layouts")
    with pytest.raises(NoLayoutError, match="there is no exchange 'korbitt'; the members are"):
        changes_in(folder_with(tmp_path, "", "korbitt.toml"))


# --------------------------------------------------------------------------------------------------------- the command


@pytest.fixture
def daxa(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[object, str, str]]:
    monkeypatch.setenv("DAXA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", "2026-11-20T12:00:00+09:00")

    def run(*arguments: object) -> tuple[object, str, str]:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["daxa", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capfd.readouterr()

    return run


def test_the_command_tells_what_would_break(daxa: Callable[..., tuple[object, str, str]], tmp_path: Path) -> None:
    opened = open_store(tmp_path / "home")
    file(opened, tmp_path, FILE, checks(DAY))
    opened.engine.dispose()
    folder = folder_with(tmp_path, '[reconciliation.columns]\nprice_krw = { unit = "1.01" }\n')
    words = ("layouts", "parallel", "--from", DAY, "--layouts", folder)
    status, out, _ = daxa(*words)
    assert (status, "24 values differ" in out, "something would break" in out) == (1, True, True)
    status, out, _ = daxa(*words, "--tolerance", "1%")
    assert (status, "24 values differ within the tolerance" in out, "nothing would break" in out) == (0, True, True)
    status, out, _ = daxa(*words, "--json", "--exchange", "korbit")
    lines = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [line["what"] for line in lines] == ["values", "exchange", "summary"]
    assert lines[1]["columns"] == {"reconciliation": {"price_krw": {"differing": 24}}}
    assert (lines[2]["breaks"], lines[2]["whole"], lines[2]["tolerance"]) == (True, True, "0")
    status, out, _ = daxa("layouts", "parallel")
    assert (status, "nothing would break" in out) == (0, True)


def test_a_change_of_what_nobody_filed_is_said_to_be_untried(
    daxa: Callable[..., tuple[object, str, str]], tmp_path: Path
) -> None:
    opened = open_store(tmp_path / "home")
    file(opened, tmp_path, FILE, checks(DAY))
    opened.engine.dispose()
    folder = folder_with(tmp_path, '[halts.columns]\nhalt_id = "id"\n')
    status, out, _ = daxa("layouts", "parallel", "--layouts", folder)
    assert (status, "korbit halts: no file of these days" in out, "not all is known" in out) == (1, True, True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--exchange", "upbitt"), "there is no exchange 'upbitt'; the members are"),
        (("--from", "2026-11-05", "--to", "2026-11-01"), "the range ends before it begins"),
        (("--on", "tomorrow"), "is no day; write"),
        (("--layouts", "no_such_folder"), "there is no such folder"),
        (("--tolerance", "much"), "is no tolerance; write an amount"),
        ((), "there is nothing to compare: no file is accepted or refused yet"),
    ],
    ids=lambda value: str(value),
)
def test_what_cannot_be_tried_is_said_in_one_sentence(
    daxa: Callable[..., tuple[object, str, str]], options: tuple[str, ...], sentence: str
) -> None:
    status, out, err = daxa("layouts", "parallel", *options)
    assert (status, out) == (2, "")
    assert sentence in err and err.count("\n") == 1

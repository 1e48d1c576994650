"""Findings against the version before: fixed, still open, new, back again, by what they are about and not by row."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from etl.comparison import Comparison, RowChange, compared, compared_draft
from etl.coordinates import coordinates_in, layout_of
from etl.exchanges import all_exchanges
from etl.fingerprints import fingerprint
from etl.intake import Declared, declare
from etl.layout import CANONICAL
from etl.store import Store, open_store
from expectations.vocabulary import Finding, Period
from tests.filing import MORNING, checks, file

DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def broken(*rows: int, put_in: int = 0) -> str:
    """A day of checks in which the prices of these rows are no numbers, after `put_in` other records."""
    header, *lines = checks(DAY).splitlines()
    for row in rows:
        lines[row] = lines[row].replace(",100.5,", ",many,")
    more = [lines[-1].replace(",btc,", f",x{number},") for number in range(put_in)]
    return "\r\n".join([header, *more, *lines]) + "\r\n"


def counts(found: Comparison) -> tuple[int, ...]:
    return tuple(found.counts[change] for change in (RowChange.FIXED, RowChange.OPEN, RowChange.NEW, RowChange.BACK))


def test_each_version_is_held_against_the_one_before(store: Store, tmp_path: Path) -> None:
    filed = []
    contents = (broken(1, 2), broken(2, 3, put_in=2), broken(1, 2, put_in=1), checks(DAY, every=5))
    for number, content in enumerate(contents):
        at = MORNING + timedelta(minutes=number)
        filed.append(file(store, tmp_path, NAME, content, at).receipt.submission.id)
    found = [compared(store, number) for number in filed]
    assert [one.previous for one in found] == [None, *filed[:3]]
    assert [counts(one) for one in found] == [(0, 0, 0, 0), (1, 1, 1, 0), (1, 1, 0, 1), (2, 0, 0, 0)]
    (fixed,) = [one.finding.row for one in found[1].changed if one.change is RowChange.FIXED]
    assert fixed == 3
    (back,) = [one.finding.row for one in found[2].changed if one.change is RowChange.BACK]
    assert back == 4
    assert found[1].names[:2] == ("checkedAt", "asset")
    assert Comparison.of_record(found[2].as_record()) == found[2]


def test_a_draft_is_held_against_what_was_submitted_last(store: Store, tmp_path: Path) -> None:
    outcome = file(store, tmp_path, NAME, broken(1, 2))
    found = compared_draft(store, declare(NAME), NAME, broken(1, 2).encode(), outcome.findings[:1])
    assert (found.previous, counts(found)) == (outcome.receipt.submission.id, (1, 1, 0, 0))


def test_a_shortfall_that_became_shorter_is_the_same_finding() -> None:
    long = Finding("REC-003", subject="BTC", start=MORNING, end=MORNING + timedelta(hours=1), found="1")
    short = Finding("REC-003", subject="BTC", start=MORNING, end=MORNING + timedelta(minutes=5), found="2")
    other = Finding("REC-003", subject="ETH", start=MORNING, end=None)
    assert fingerprint(long, {}) == fingerprint(short, {}) != fingerprint(other, {})


def test_a_row_is_known_by_its_record() -> None:
    one, moved = Finding("SUB-006", row=2, column="price"), Finding("SUB-006", row=9, column="price")
    assert fingerprint(one, {2: "key"}) == fingerprint(moved, {9: "key"})
    assert fingerprint(one, {2: "key"}) != fingerprint(one, {2: "another"})


@pytest.mark.parametrize(
    ("exchange", "file", "format_", "names", "place"),
    [
        ("bithumb", "b.xlsx", None, (), "잔고대사!C17"),
        ("bithumb", "b.xlsx", "native", ("가상자산", "대사시각", "a", "장부수량"), "잔고대사!D17"),
        ("korbit", "k.csv", None, (), "17, ledgerBalance"),
        ("upbit", "u.json", None, (), "17, $[16].ledger_balance"),
        ("coinone", "c.json", None, (), "17, $.data[16].ledger"),
        ("korbit", "k.xlsx", CANONICAL, (), "1!C17"),
    ],
)
def test_a_place_is_called_as_the_senders_own_program_calls_it(
    exchange: str, file: str, format_: str | None, names: tuple[str, ...], place: str
) -> None:
    layout = layout_of(Declared(exchange, "reconciliation", Period.parse(DAY)), file, format_)
    column = layout.columns["ledger_quantity"].name
    if names and column not in names:
        names = tuple(column if name == "장부수량" else name for name in names)
    written = coordinates_in(layout, names)(17, column)
    assert written == place
    assert coordinates_in(layout)(None, None) == ""


def test_every_exchange_has_its_places() -> None:
    for exchange in all_exchanges().values():
        for dated in exchange.layouts.values():
            layout = dated.on(date.fromisoformat(DAY))
            for name in layout.columns.values():
                assert coordinates_in(layout)(5, name.name)

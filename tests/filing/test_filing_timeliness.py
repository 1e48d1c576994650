"""A list of submissions calls a file late where the rule found it so, and never by a clock of its own."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from app.filing.submissions import SubmissionLine, Wanted, submission_list
from app.queries.choice import Choice
from app.rules.book import LATE_OR_MISSING
from app.scope import Role, Scope
from etl.exchanges import all_exchanges
from etl.receiving import take_out
from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store, open_store
from expectations.vocabulary import KST
from tests.filing import checks, file

EVERYBODY = Scope(Role.SUPERVISOR, tuple(all_exchanges()))
DAY = date(2026, 11, 2)
NAME = f"korbit_reconciliation_{DAY}.csv"
DUE = datetime(2026, 11, 3, 10, tzinfo=KST)
BEFORE, AFTER = DUE - timedelta(hours=1), DUE + timedelta(hours=1)
REJECTED = checks(str(DAY)).replace("100.5,match", "many,match", 1)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def lines(store: Store) -> list[SubmissionLine]:
    """The submissions of the day, the oldest first."""
    return list(reversed(submission_list(store, EVERYBODY, Choice((), DAY, DAY), Wanted())))


def found_late(store: Store, submission: str) -> bool:
    with reading(store.engine) as connection:
        return any(one.rule == LATE_OR_MISSING for _, one in life.findings_of(connection, [submission])[submission])


HISTORIES = {
    "in time": (["good"], ["on_time"]),
    "late": (["", "good"], ["late"]),
    "corrected late": (["good", "", "other"], ["on_time", "correction"]),
    "late, then corrected": (["", "good", "other"], ["late", "correction"]),
    "rejected in time, accepted late": (["bad", "", "good"], ["on_time", "late"]),
    "rejected late": (["", "bad"], ["after_due"]),
    "withdrawn and filed again after the due time": (["good", "withdraw", "", "other"], ["on_time", "correction"]),
}
"""What happens, where an empty text is the due time that passes; and what is said of each submission."""


@pytest.mark.parametrize("history", HISTORIES)
def test_a_file_is_late_where_the_rule_found_it_so(store: Store, tmp_path: Path, history: str) -> None:
    steps, said = HISTORIES[history]
    contents = {"good": checks(str(DAY)), "other": checks(str(DAY), wallet="1.7"), "bad": REJECTED}
    now = BEFORE
    for step in steps:
        now += timedelta(minutes=1)
        if not step:
            now = AFTER
        elif step == "withdraw":
            take_out(store, lines(store)[-1].id, reason="wrong day", at=now)
        else:
            file(store, tmp_path, NAME, contents[step], now)
    listed = lines(store)
    assert [one.timeliness for one in listed] == said
    assert [one.timeliness == "late" for one in listed] == [found_late(store, one.id) for one in listed]

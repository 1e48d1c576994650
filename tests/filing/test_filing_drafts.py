"""Drafts: kept apart from the evidence, one for each person and period, gone when resolved or after a week."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.obligations.absence import absences
from app.obligations.calendar_entries import own_calendar
from app.obligations.status import report_statuses
from app.queries.choice import Choice
from app.scope import Role, Scope
from etl.drafts import LIFE, discard_draft, discard_expired, draft_bytes, draft_told, drafts_of, keep_draft
from etl.intake import declare
from etl.store import Store, open_store
from expectations.vocabulary import KST, Period
from tests.filing import checks, file

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=KST)
NAME = "korbit_halts_2026-11-02.csv"
DECLARED = declare(NAME)
TOLD = {"state": "accepted", "findings": [{"rule": "HLT-007"}], "rows": 1}


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def files(store: Store) -> int:
    return sum(path.is_file() for path in (store.home / "drafts").glob("*"))


def test_a_draft_comes_back_as_it_was_checked(store: Store) -> None:
    kept = keep_draft(store, "P-1", DECLARED, NAME, b"bytes", TOLD, NOW)
    assert kept is not None
    assert drafts_of(store, ["korbit"], NOW) == [kept]
    assert (draft_bytes(store, kept), draft_told(store, kept), kept.declared) == (b"bytes", TOLD, DECLARED)
    assert drafts_of(store, ["gopax"], NOW) == []
    assert not list((store.home / "evidence").rglob("*"))


def test_a_person_has_one_draft_of_a_period(store: Store) -> None:
    keep_draft(store, "P-1", DECLARED, NAME, b"first", TOLD, NOW)
    second = keep_draft(store, "P-1", DECLARED, NAME, b"second", TOLD, NOW)
    other = keep_draft(store, "P-2", DECLARED, NAME, b"other", TOLD, NOW)
    assert {draft.id for draft in drafts_of(store, ["korbit"], NOW)} == {second and second.id, other and other.id}
    assert files(store) == 4


def test_a_draft_ends_when_it_is_resolved_or_after_a_week(store: Store) -> None:
    first = keep_draft(store, "P-1", DECLARED, NAME, b"first", TOLD, NOW)
    assert first is not None
    discard_draft(store, first)
    assert (drafts_of(store, ["korbit"], NOW), files(store)) == ([], 0)
    keep_draft(store, "P-1", DECLARED, NAME, b"second", TOLD, NOW)
    assert len(drafts_of(store, ["korbit"], NOW + LIFE - timedelta(minutes=1))) == 1
    assert drafts_of(store, ["korbit"], NOW + LIFE) == []
    assert discard_expired(store, NOW + LIFE) == 1
    assert files(store) == 0


def test_a_file_with_secrets_is_not_kept(store: Store) -> None:
    told = {**TOLD, "findings": [{"rule": "SUB-007"}]}
    assert keep_draft(store, "P-1", DECLARED, NAME, b"secret", told, NOW) is None
    assert drafts_of(store, ["korbit"], NOW) == []
    assert not (store.home / "drafts").exists()


def test_what_is_only_a_draft_is_said_to_its_exchange_alone(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, "korbit_reconciliation_2026-11-01.csv", checks("2026-11-01", every=5))
    noon = NOW + timedelta(hours=3)
    day = Period.parse("2026-11-02").first_day
    own, all_of_them = Scope(Role.EXCHANGE, ("korbit",)), Scope(Role.SUPERVISOR, ("korbit", "gopax"))
    keep_draft(store, "P-1", DECLARED, NAME, b"bytes", TOLD, NOW)

    def told(scope: Scope) -> tuple[str, str, str]:
        (status,) = [
            one.state
            for one in report_statuses(store, scope, ("korbit",), noon)
            if (one.report, one.period) == ("halts", "2026-11-02")
        ]
        reasons = absences(store, scope, Choice(("korbit",), day, day), "halts", noon)
        (entry,) = [
            one.state
            for one in own_calendar(store, scope, "korbit", noon)
            if (one.report, one.period) == ("halts", "2026-11-02")
        ]
        return str(status), reasons[0].state, entry

    assert told(own) == ("draft", "draft", "draft")
    assert told(all_of_them) == ("missing", "not_reported", "missing")

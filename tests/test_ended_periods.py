"""A report is of a period that has ended when it is received (SUB-010): at every way in, to the millisecond."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from golden.filing import native_file, period_of, reasons_of, sample, verdict_on

from app.cli import main
from app.words import say
from etl import jobs
from etl.drafts import drafts_of
from etl.intake import Candidate, declare
from etl.store import Store, open_store
from expectations.catalogue import all_rules
from expectations.messages import message
from expectations.vocabulary import KST, Period
from tests.door import Client, token
from tests.filing import checks, file
from tests.filing_desk import NOW, check, opening, somebody, text_of

MIDNIGHT = datetime(2026, 11, 3, tzinfo=KST)
MINUTE, MILLISECOND = timedelta(minutes=1), timedelta(milliseconds=1)
NEXT_YEAR = datetime.now(KST).year + 1
NIL = f"upbit_api_volume_{NEXT_YEAR}-11-02.json"
"""A nil return for a day of next year, as Upbit writes it."""


def refusals(exchange: str, report: str, period: str, received_at: datetime) -> list[tuple[str, str | None]]:
    """What is found of a nil return, or of the sample where the report has none, but for what its rows say."""
    table = sample(exchange, report)
    data = native_file(exchange, report, table if report == "audits" else table.slice(0, 0))
    return reasons_of(verdict_on(data, exchange, report, period=Period.parse(period), received_at=received_at))


@pytest.mark.parametrize(
    ("report", "period", "received_at", "reason"),
    [
        pytest.param("halts", "2026-11-02", MIDNIGHT, None, id="a day at midnight"),
        pytest.param("halts", "2026-11-02", MIDNIGHT - MILLISECOND, None, id="a day a millisecond before midnight"),
        pytest.param("halts", "2026-11-02", MIDNIGHT - 2 * MINUTE, None, id="a day two minutes before midnight"),
        pytest.param("halts", "2026-11-02", MIDNIGHT - 2 * MINUTE - MILLISECOND, "not_ended", id="a day too early"),
        pytest.param("halts", "2026-11-02", MIDNIGHT + timedelta(days=900), None, id="a day long over"),
        pytest.param("halts", "2027-11-02", MIDNIGHT, "not_ended", id="a day of next year"),
        pytest.param("halts", "9998-11-02", MIDNIGHT, "not_ended", id="a day of the last years there are"),
        pytest.param("reconciliation", "2026-11-02", MIDNIGHT - 2 * MINUTE, None, id="a day of slices"),
        pytest.param(
            "reconciliation", "2026-11-02", MIDNIGHT - 2 * MINUTE - MILLISECOND, "day_runs", id="a day that runs"
        ),
        pytest.param("reconciliation", "2026-11-03", MIDNIGHT - MILLISECOND, "not_ended", id="a day that is to come"),
        pytest.param("reconciliation", "2026-11-02T21-24", MIDNIGHT - MILLISECOND, None, id="the last slice"),
        pytest.param(
            "reconciliation", "2026-11-02T09-12", MIDNIGHT.replace(day=2, hour=12), None, id="a slice as it ends"
        ),
        pytest.param(
            "reconciliation",
            "2026-11-02T09-12",
            MIDNIGHT.replace(day=2, hour=12) - 2 * MINUTE - MILLISECOND,
            "day_runs",
            id="a slice that runs",
        ),
    ],
)  # fmt: skip
def test_a_period_has_ended_but_for_two_minutes(
    report: str, period: str, received_at: datetime, reason: str | None
) -> None:
    assert refusals("upbit", report, period, received_at) == ([("SUB-010", reason)] if reason else [])


@pytest.mark.parametrize(
    ("received_at", "is_refused"),
    [
        (datetime(2026, 11, 1, tzinfo=KST), False),
        (datetime(2026, 11, 1, tzinfo=KST) - 2 * MINUTE, False),
        (datetime(2026, 11, 1, tzinfo=KST) - 2 * MINUTE - MILLISECOND, True),
        (datetime(2026, 10, 15, tzinfo=KST), True),
    ],
)
def test_a_month_ends_with_its_last_day(received_at: datetime, is_refused: bool) -> None:
    assert (("SUB-010", "not_ended") in refusals("korbit", "audits", "2026-10", received_at)) is is_refused


def test_a_file_that_is_read_again_is_not_asked() -> None:
    assert reasons_of(verdict_on(native_file("upbit", "halts"), "upbit", "halts", period=period_of("halts"))) == []


def test_what_cannot_be_read_either_says_both_at_once() -> None:
    verdict = verdict_on(b"", "upbit", "halts", received_at=MIDNIGHT - timedelta(hours=1))
    assert reasons_of(verdict) == [("SUB-001", "empty_file"), ("SUB-010", "not_ended")]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "from the moment given on. Found: 2027-11-02. Expected: ≥ 2027-11-03 00:00 KST."),
        ("ko", "다시 제출하십시오. 제출된 값: 2027-11-02. 기대한 값: ≥ 2027-11-03 00:00 KST."),
    ],
)
def test_the_message_says_from_when_it_can_be_filed(language: str, said: str) -> None:
    verdict = verdict_on(b"[]", "upbit", "halts", period=Period.parse("2027-11-02"), received_at=MIDNIGHT)
    ((finding, _),) = verdict.findings
    assert message(finding, all_rules()["SUB-010"], language).endswith(said)


# ------------------------------------------------------------------------------------- the ways in


@pytest.fixture
def opened_store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


def found_of(outcome: jobs.Outcome) -> list[str]:
    return [finding.rule for _, finding in outcome.findings]


DAY = "korbit_reconciliation_2026-11-02.csv"


def test_it_is_filed_as_it_stands_once_the_period_has_ended(opened_store: Store, tmp_path: Path) -> None:
    content = checks("2026-11-02", every=5)
    early = file(opened_store, tmp_path, DAY, content, MIDNIGHT - timedelta(hours=1))
    assert (early.receipt.submission.state, found_of(early)) == ("rejected", ["SUB-010"])
    sooner = file(opened_store, tmp_path, DAY, content, MIDNIGHT - 3 * MINUTE)
    assert (sooner.receipt.duplicate, found_of(sooner)) == (False, ["SUB-010"])
    ended = file(opened_store, tmp_path, DAY, content, MIDNIGHT)
    assert (ended.receipt.duplicate, ended.receipt.submission.state, found_of(ended)) == (False, "accepted", [])
    again = file(opened_store, tmp_path, DAY, content, MIDNIGHT + MINUTE)
    assert (again.receipt.duplicate, again.receipt.submission.id) == (True, ended.receipt.submission.id)


def test_the_hours_that_have_ended_are_filed_as_a_slice(opened_store: Store, tmp_path: Path) -> None:
    noon = MIDNIGHT.replace(day=2, hour=12)
    for period, state in (
        ("2026-11-02", "rejected"),
        ("2026-11-02T00-13", "rejected"),
        ("2026-11-02T00-12", "accepted"),
    ):
        outcome = file(opened_store, tmp_path, f"korbit_reconciliation_{period}.csv", checks(period), noon)
        assert outcome.receipt.submission.state == state


def test_a_check_finds_what_filing_finds(opened_store: Store, tmp_path: Path) -> None:
    candidate = Candidate(tmp_path / DAY, declare(DAY))
    candidate.path.write_text(checks("2026-11-02", every=5), "utf-8")
    for at in (MIDNIGHT - 3 * MINUTE, MIDNIGHT):
        (checked,) = jobs.check(opened_store, [candidate], received_at=at)
        (filed,) = jobs.ingest(opened_store, [candidate], received_at=at)
        assert checked.state == filed.receipt.submission.state
        assert [found for found, _ in checked.findings] == [found for _, found in filed.findings]


@pytest.fixture
def daxa(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[object, list[dict[str, object]]]]:
    """The command in a home of its own: its status, and the objects that it prints."""
    monkeypatch.setenv("DAXA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)

    def run(*arguments: object) -> tuple[object, list[dict[str, object]]]:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["daxa", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    return run


@pytest.mark.parametrize("command", ["check", "ingest"])
def test_the_command_refuses_next_year_and_keeps_a_given_moment(
    command: str, daxa: Callable[..., tuple[int, list[dict[str, object]]]], tmp_path: Path
) -> None:
    (tmp_path / NIL).write_bytes(b"[]")
    status, (told,) = daxa(command, "--json", tmp_path / NIL)
    assert (status, told["state"]) == (1, "rejected")
    assert [(one["rule"], one["subject"], one["found"]) for one in told["findings"]] == [  # type: ignore[attr-defined]
        ("SUB-010", None, f"{NEXT_YEAR}-11-02")
    ]
    then = f"{NEXT_YEAR}-11-03T00:00:00+09:00"
    status, (told,) = daxa(command, "--json", "--received-at", then, tmp_path / NIL)
    assert (status, told["state"], told["findings"]) == (0, "accepted", [])


@pytest.mark.slow
def test_the_door_refuses_next_year(address: str, store: Store) -> None:
    upbit = Client(address, token(store, "upbit"))
    checked = upbit.ask("POST", "/checks", b"[]", file=NIL)
    assert [one["rule"] for one in checked.json["findings"]] == ["SUB-010"]
    told = upbit.submit(NIL, "[]").json
    assert (told["state"], told["finding_counts"]) == ("rejected", {"SUB-010": 1})


@pytest.mark.usefixtures("judged_in_this_process")
@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_page_refuses_next_year(monkeypatch: pytest.MonkeyPatch, home: Path, store: Store, language: str) -> None:
    with opening(monkeypatch, home) as open_page:
        session = check(open_page(somebody("upbit"), lang=language), (NIL, b"[]"))
    (draft,) = drafts_of(store, ["upbit"], NOW)
    assert draft.state == "rejected"
    assert say("filing.verdict.rejected", language) in text_of(session)
    assert f"≥ {NEXT_YEAR}-11-03 00:00 KST" in text_of(session)


def test_the_same_bytes_after_the_end_count_although_the_early_ones_still_wait(tmp_path: Path) -> None:
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'daxa.sqlite'}")
    path = tmp_path / "korbit_reconciliation_2026-11-02.csv"
    path.write_text(checks("2026-11-02"))
    sent = [
        jobs.receive(store, Candidate(path, declare(path.name)), received_at=at)
        for at in (MIDNIGHT - 80 * MINUTE, MIDNIGHT + 9 * 60 * MINUTE, MIDNIGHT + 9 * 61 * MINUTE)
    ]
    assert [receipt.duplicate for receipt in sent] == [False, False, True]
    jobs.process(store)
    states = [outcome.receipt.submission.state.value for outcome in jobs.outcomes(store, sent[:2])]
    assert states == ["rejected", "accepted"]
    store.engine.dispose()

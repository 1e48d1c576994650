"""A day's files at once: one summary, the rejected first; one press for all that can be; one receipt of all."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

import pytest

from app.filing.day import LeftOut, day_files, verdict_counts
from app.filing.desk import Desk, RefusedError, upload_of, verdict_word
from app.words import LANGUAGES, report_name, say
from app.worker.process import address_of_store, worker_for
from etl.drafts import Draft, discard_draft, drafts_of
from etl.receipts import ReceiptError, receipt_of, receipt_of_all, verify_receipt
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.moved_on import MovedOnError
from etl.records.submissions import Submission
from etl.signing import public_keys_of
from etl.store import Store, open_store
from expectations.vocabulary import Period, State
from tests.demo_store import leave_empty
from tests.filing import checks, halts
from tests.filing_desk import NOW, Opened, check, opening, press, somebody, text_of
from tests.test_cli import daxa  # noqa: F401 — a fixture

pytestmark = pytest.mark.usefixtures("judged_in_this_process")

DAY = "2026-11-02"
BEFORE = "2026-11-01"
KORBIT, GOPAX = somebody("korbit"), somebody("gopax")
SOUND = checks(DAY, every=5)
RECONCILIATION, HALTS = f"korbit_reconciliation_{DAY}.csv", f"korbit_halts_{DAY}.csv"
OLDER = f"korbit_reconciliation_{BEFORE}.csv"
FILES = {RECONCILIATION: SOUND.replace(",100.5,", ",many,", 3), OLDER: checks(BEFORE, every=5), HALTS: halts()}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    home = leave_empty(tmp_path)
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    worker_for(address_of_store(opened)).close()
    opened.engine.dispose()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, store: Store) -> Iterator[Opened]:
    with opening(monkeypatch, store.home, keep_worker=True) as open_page:
        yield open_page


def filed(store: Store) -> list[Submission]:
    with reading(store.engine) as connection:
        return life.listed(connection)


def given(files: dict[str, str]) -> list[tuple[str, bytes]]:
    return [(name, content.encode()) for name, content in files.items()]


def draft(**changes: Any) -> Draft:
    sound = Draft(
        id="D-1",
        person=KORBIT.person,
        exchange="korbit",
        report="reconciliation",
        period=Period.parse(DAY),
        file=RECONCILIATION,
        sha256="0" * 64,
        size_bytes=1,
        state=State.ACCEPTED,
        finding_count=0,
        checked_at=NOW,
        expires_at=NOW,
    )
    return replace(sound, **changes)


OTHER = draft(id="D-2", report="halts")
_MOST_GO = {"rows": 1, "replaces": {"needs_reason": True}}
_FEW_GO = {"rows": 1, "replaces": {"needs_reason": False}}


@pytest.mark.parametrize(
    ("one", "told", "other", "left_out"),
    [
        ({}, {}, OTHER, None),
        ({"finding_count": 3}, {}, OTHER, None),
        ({}, _FEW_GO, OTHER, None),
        ({"state": State.REJECTED}, {}, OTHER, LeftOut.REJECTED),
        ({"state": State.REJECTED}, _MOST_GO, OTHER, LeftOut.REJECTED),
        ({"state": State.FAILED}, {}, OTHER, LeftOut.FAILED),
        ({}, _MOST_GO, OTHER, LeftOut.REASON),
        ({"person": "P-lee"}, {}, OTHER, LeftOut.COLLEAGUE),
        ({}, {}, draft(id="D-2", person="P-lee"), LeftOut.OVERLAP),
        ({}, {}, draft(id="D-2", period=Period.parse(f"{DAY}T09-12")), LeftOut.OVERLAP),
        ({"period": Period.parse(f"{DAY}T09-12")}, {}, draft(id="D-2"), LeftOut.OVERLAP),
        ({"period": Period.parse(f"{DAY}T09-12")}, {}, draft(id="D-2", period=Period.parse(f"{DAY}T12-15")), None),
        ({}, {}, draft(id="D-2", state=State.FAILED), LeftOut.OVERLAP),
        ({}, {}, draft(id="D-2", state=State.REJECTED), None),
        ({}, {}, draft(id="D-2", period=Period.parse(BEFORE)), None),
    ],
)
def test_what_somebody_has_to_look_at_is_left_out(
    one: dict[str, Any], told: dict[str, Any], other: Draft, left_out: LeftOut | None
) -> None:
    looked_at = draft(**one)
    files = day_files([(looked_at, told), (other, {})], KORBIT.person)
    assert {file.draft.id: file.left_out for file in files}[looked_at.id] is left_out


@pytest.mark.parametrize("turned", [False, True])
def test_the_rejected_come_first_then_by_report_and_period(turned: bool) -> None:
    wanted = [
        draft(id="D-5", state=State.REJECTED, period=Period.parse(BEFORE), finding_count=2),
        draft(id="D-4", state=State.REJECTED, finding_count=2),
        draft(id="D-6", state=State.FAILED),
        draft(id="D-3", finding_count=1, report="halts"),
        draft(id="D-2", period=Period.parse(BEFORE)),
        draft(id="D-1"),
        draft(id="D-0", report="halts"),
    ]
    files = day_files([(one, {}) for one in (reversed(wanted) if turned else wanted)], KORBIT.person)
    assert [file.draft.id for file in files] == [one.id for one in wanted]
    assert verdict_counts([file.word for file in reversed(files)]) == [
        ("rejected", 2),
        ("failed", 1),
        ("accepted_with_findings", 1),
        ("accepted", 3),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_is_summed_up_submitted_and_receipted_at_once(opened: Opened, store: Store, language: str) -> None:
    session = check(opened(KORBIT, lang=language), *given(FILES))
    text = text_of(session)

    def counted(**words: int) -> str:
        return " · ".join(
            f"{say(f'filing.verdict.{word}', language)} {say('filing.count', language, count=str(count))}"
            for word, count in words.items()
        )

    assert escape(counted(rejected=1, accepted=2)) in text
    assert [one.value for one in session.subheader][:2] == [
        say("filing.day.checked", language, count=3),
        say("filing.draft_of", language, report=report_name("reconciliation", language), period=DAY),
    ]
    assert escape(say("filing.day.left_out.rejected", language, files=RECONCILIATION)) in text
    (button,) = [one for one in session.button if one.key == "filing.all"]
    assert button.label == say("filing.day.submit", language, count=2)
    session = press(session, "filing.all")
    found = filed(store)
    assert sorted((one.file, one.state) for one in found) == [(HALTS, State.ACCEPTED), (OLDER, State.ACCEPTED)]
    assert [one.file for one in drafts_of(store, ["korbit"], NOW)] == [RECONCILIATION]
    text = text_of(session)
    assert say("filing.day.filed", language, count=2) in [one.value for one in session.subheader]
    with reading(store.engine) as connection:
        findings = life.findings_of(connection, [one.id for one in found])
    words = verdict_counts([verdict_word(one.state, len(findings[one.id])) for one in found])
    assert escape(counted(**dict(words))) in text
    for one in found:
        for shown in (one.id, one.file, one.sha256, f"submission={one.id}"):
            assert escape(shown) in text
    labels = [one.proto.label for one in session.get("download_button")]
    assert say("filing.day.receipt", language, count=2) in labels
    own = text_of(opened(KORBIT, lang=language, submission=found[0].id))
    assert found[0].sha256 in own


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_needs_a_reason_is_left_out_and_named(opened: Opened, store: Store, language: str) -> None:
    press(check(opened(KORBIT, lang=language), (RECONCILIATION, SOUND.encode())), "filing.submit")
    header = SOUND.splitlines()[0].encode()
    session = check(opened(KORBIT, lang=language), (RECONCILIATION, header), (HALTS, halts().encode()))
    assert escape(say("filing.day.left_out.reason", language, files=RECONCILIATION)) in text_of(session)
    press(session, "filing.all")
    assert {(one.file, one.state) for one in filed(store)} == {
        (RECONCILIATION, State.ACCEPTED),
        (HALTS, State.ACCEPTED),
    }
    (left,) = drafts_of(store, ["korbit"], NOW)
    assert left.file == RECONCILIATION


def test_one_file_is_its_panel_alone(opened: Opened) -> None:
    session = check(opened(KORBIT), (HALTS, halts().encode()))
    assert not [one for one in session.button if one.key == "filing.all"]
    assert say("filing.day.checked", "ko", count=1) not in [one.value for one in session.subheader]


def test_a_file_that_was_not_kept_counts_as_rejected(opened: Opened) -> None:
    lines = "actionId,caseId,keyRef,accountRef,suspicion,riskLevel,stage,detectedAt,actedAt,outcome,note\r\n"
    row = f"a,c,{'0' * 64},{'1' * 64},lending,low,warning,1793545200000,1793545200000,applied,010-1234-5678\r\n"
    name = f"korbit_key_actions_{DAY}.csv"
    session = check(opened(KORBIT), (name, (lines + row).encode()), (HALTS, halts().encode()))
    text = text_of(session)
    assert escape(say("filing.day.not_kept", "ko")) in text
    assert escape(say("filing.day.left_out.rejected", "ko", files=name)) in text


def test_nobody_elses_submissions_are_among_those_that_were_filed_together(opened: Opened, store: Store) -> None:
    press(check(opened(KORBIT), *given({OLDER: FILES[OLDER], HALTS: halts()})), "filing.all")
    numbers = ",".join(one.id for one in filed(store))
    assert HALTS in text_of(opened(KORBIT, submissions=numbers))
    other = opened(GOPAX, submissions=numbers)
    assert HALTS not in text_of(other)
    assert not list(other.get("download_button"))
    assert say("filing.title", "ko") == opened(KORBIT, submissions="no such,,").title[0].value


# ------------------------------------------------------------------------------------------- the desk


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store, worker_for(address_of_store(store)), KORBIT.person, "korbit")


def checked(desk: Desk, name: str, content: str, at: datetime = NOW) -> Draft:
    made = desk.check(upload_of(name, content.encode(), 10**6), desk.declared(name), at, lambda _: None).draft
    assert made is not None
    return made


def test_what_keeps_one_from_being_filed_keeps_no_other(desk: Desk, store: Store) -> None:
    gone, kept, passed = (
        checked(desk, name, text) for name, text in ((HALTS, halts()), (OLDER, FILES[OLDER]), (RECONCILIATION, SOUND))
    )
    discard_draft(store, gone)
    other = replace(desk, person="P-lee")
    other.submit(checked(other, RECONCILIATION, checks(DAY, every=15), NOW + timedelta(minutes=1)))
    done = desk.submit_all([gone, kept, passed])
    assert [receipt.submission.file for receipt in done.receipts] == [OLDER]
    assert [(one.file, type(error)) for one, error in done.refused] == [
        (HALTS, RefusedError),
        (RECONCILIATION, MovedOnError),
    ]
    assert {one.state for one in filed(store)} == {State.ACCEPTED}


def test_all_are_judged_when_the_press_is_answered(desk: Desk, store: Store) -> None:
    done = desk.submit_all([checked(desk, HALTS, halts()), checked(desk, RECONCILIATION, SOUND)])
    assert not done.refused
    with reading(store.engine) as connection:
        assert all(life.is_judged(connection, receipt.submission.id) for receipt in done.receipts)
    assert desk.submit_all([]).receipts == ()


# ---------------------------------------------------------------------------------------- the receipt


def test_the_receipt_of_all_says_what_that_of_each_says_under_one_signature(desk: Desk, store: Store) -> None:
    done = desk.submit_all([checked(desk, HALTS, halts()), checked(desk, RECONCILIATION, SOUND)])
    numbers = [receipt.submission.id for receipt in done.receipts]
    text = receipt_of_all(store, numbers, NOW)
    keys = public_keys_of(store.home)
    read = verify_receipt(text, keys)
    assert read.fault is None
    assert list(read.receipts) == [json.loads(receipt_of(store, number, NOW))["receipt"] for number in numbers]
    with reading(store.engine) as connection:
        for number, told in zip(numbers, read.receipts, strict=True):
            one = life.by_id(connection, number)
            assert one is not None
            assert (told["submission"], told["file"], told["sha256"]) == (one.id, one.file, one.sha256)
            assert (told["state"], told["rows"]) == (one.state, one.row_count)
            assert datetime.fromisoformat(told["received_at"]) == one.received_at
    changed = text.replace(numbers[0], numbers[0][:-1] + "x")
    assert verify_receipt(changed, keys).fault is not None
    alone = verify_receipt(receipt_of(store, numbers[0], NOW), keys)
    assert [one["submission"] for one in alone.receipts] == numbers[:1]


@pytest.mark.parametrize("numbers", [[], ["20261103-0000000000"]])
def test_a_receipt_of_what_is_not_there_is_not_given(store: Store, numbers: list[str]) -> None:
    with pytest.raises(ReceiptError, match="no submission"):
        receipt_of_all(store, numbers, NOW)


def test_the_command_gives_and_verifies_a_receipt_of_several(
    daxa: Callable[..., tuple[int, str, str]],  # noqa: F811
    tmp_path: Path,
) -> None:
    for name, content in ((HALTS, halts()), (RECONCILIATION, SOUND)):
        (tmp_path / name).write_text(content)
    told = daxa("ingest", "--json", tmp_path / HALTS, tmp_path / RECONCILIATION)[1]
    numbers = [json.loads(line)["submission"] for line in told.splitlines()]
    path = tmp_path / "receipts.json"
    assert daxa("receipt", *numbers, "--out", path)[0] == 0
    status, out, _ = daxa("verify", "--receipt", path)
    assert status == 0
    assert [line.split(",")[0] for line in out.splitlines()] == [f"valid: {number}" for number in numbers]
    path.write_text(path.read_text().replace(numbers[0], numbers[1]))
    assert daxa("verify", "--receipt", path)[0] == 1

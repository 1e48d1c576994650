"""Bad input gets one sentence that says what was found and what to do, and nothing is lost or leaked."""

import csv
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.exports import as_csv, as_workbook
from app.filing.desk import Desk, RefusedError, upload_of
from app.filing.finding_digest import SenderFile, every_finding, findings_of
from app.words import LANGUAGES, say
from app.worker.process import address_of_store, worker_for
from etl.coordinates import layout_of
from etl.drafts import drafts_of
from etl.intake import Declared
from etl.store import Store, open_store
from expectations.catalogue import all_rules, parameter
from expectations.vocabulary import Period
from tests.bad_inputs import BAD, DAY, KORBIT, Bad, good
from tests.door import API, Answer, Client, token
from tests.filing import checks
from tests.filing_desk import NOW, check, drop, opening, somebody, text_of

pytestmark = pytest.mark.usefixtures("judged_in_this_process")

MOST_BYTES = int(parameter("maximum_file_bytes"))


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[Store]:
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    worker_for(address_of_store(opened)).close()
    opened.engine.dispose()


@pytest.fixture(scope="module")
def doors(address: str, store: Store) -> dict[str, Client]:
    """A machine of each exchange."""
    return {name: Client(address, token(store, name)) for name in ("upbit", "bithumb", "korbit", "gopax")}


def send(doors: dict[str, Client], where: str, bad: Bad) -> Answer:
    query = {"file": bad.name} | ({"wait": "60"} if where == "submissions" else {})
    return doors[bad.sender].ask("POST", f"/{where}", bad.data, **query)


def is_told(bad: Bad, findings: list[dict[str, Any]]) -> bool:
    """Whether the one sentence is told in both languages, with what to do and without where it lies here."""
    (finding,) = findings
    sentence = all_rules()[bad.rule].reasons[bad.reason]
    assert finding["rule"] == bad.rule
    assert "incoming" not in str(finding)
    return finding["message_ko"].startswith(sentence.ko) and finding["message_en"].startswith(sentence.en)


@pytest.mark.parametrize("name", BAD)
def test_the_door_says_what_is_wrong_and_keeps_nothing_lying(doors: dict[str, Client], store: Store, name: str) -> None:
    bad = BAD[name]
    checked, filed = (send(doors, where, bad) for where in ("checks", "submissions"))
    assert not list((store.home / "incoming").glob("*"))
    if bad.refused:
        for answer in (checked, filed):
            assert (answer.status, answer.json["status"]) == (bad.status, bad.status)
            assert answer.json["detail"].endswith(".")
        return
    assert (checked.status, filed.status) == (200, 201)
    assert checked.json["state"] == filed.json["state"] == "rejected"
    assert is_told(bad, checked.json["findings"])
    found = doors[bad.sender].ask("GET", filed.json["findings"].removeprefix(API)).json
    assert [{key: one[key] for key in checked.json["findings"][0]} for one in found] == checked.json["findings"]


@pytest.mark.parametrize("name", BAD)
def test_the_page_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch, store: Store, name: str) -> None:
    bad = BAD[name]
    with opening(monkeypatch, store.home, keep_worker=True) as opened:
        session = opened(somebody(bad.sender))
        files = (bad.name, bad.data)
        if bad.refused:
            text = text_of(drop(session, files))
            said = {"most": 255, "said": bad.name.split("_")[0]}
            assert say(f"filing.refused.{bad.refused}", "ko").split("{")[0] in text
            assert "{" not in say(f"filing.refused.{bad.refused}", "en", **said)
            return
        text = text_of(check(session, files))
        assert bad.rule in text
        assert escape(all_rules()[bad.rule].reasons[bad.reason].ko) in text
        assert say("filing.verdict.rejected", "ko") in text
        for draft in drafts_of(store, [bad.sender], NOW):
            opened(somebody(bad.sender))
            assert draft.state == "rejected"
        assert not list((store.home / "incoming").glob("*"))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/" + KORBIT, KORBIT),
        ("C:\\temp\\" + KORBIT, KORBIT),
        ("/" + KORBIT, KORBIT),
    ],
)
def test_a_path_in_a_name_is_not_followed(doors: dict[str, Client], name: str, kept: str) -> None:
    assert upload_of(name, b"x", MOST_BYTES).name == kept
    assert send(doors, "checks", Bad(name, lambda: good(KORBIT), exchange="korbit")).json["file"] == kept


@pytest.mark.parametrize("name", ["", " ", "\x00", "a\r\nb.csv", "x" * 256])
def test_a_name_that_cannot_be_is_refused_in_words(name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        upload_of(name, b"x", MOST_BYTES)
    for language in LANGUAGES:
        assert say(f"filing.refused.{caught.value.reason}", language, **caught.value.parts)


def test_too_large_a_file_is_refused_whatever_the_widget_lets_through() -> None:
    with pytest.raises(RefusedError, match="too_large"):
        upload_of(KORBIT, bytes(MOST_BYTES + 1), MOST_BYTES)


def test_two_identical_uploads_at_once_are_one_submission(store: Store) -> None:
    """Two people of one exchange press the button in the same moment: one submission, and both get its receipt."""
    name = f"korbit_reconciliation_{DAY}.csv"
    desks = [Desk(store, worker_for(address_of_store(store)), person, "korbit") for person in ("P-1", "P-2")]
    drafts = []
    for desk in desks:
        checked = desk.check(
            upload_of(name, checks(DAY).encode(), MOST_BYTES), desk.declared(name), NOW, lambda _: None
        )
        assert checked.draft is not None
        drafts.append(checked.draft)
    both = threading.Barrier(2)

    def submit(place: int) -> Any:
        both.wait()
        return desks[place].submit(drafts[place])

    with ThreadPoolExecutor(2) as pool:
        receipts = list(pool.map(submit, range(2)))
    assert len({receipt.submission.id for receipt in receipts}) == 1
    assert sorted(receipt.duplicate for receipt in receipts) == [False, True]


def test_a_formula_in_a_text_cell_comes_back_as_text(doors: dict[str, Client]) -> None:
    formula = "=HYPERLINK(0)"
    data = good(KORBIT).decode("utf-8-sig").splitlines()
    fields = data[1].split(",")
    fields[3] = formula
    content = "\r\n".join([data[0], ",".join(fields), *data[2:], ""]).encode()
    told = send(doors, "checks", Bad(KORBIT, lambda: content)).json
    found = findings_of(told["findings"])
    assert formula in {finding.found for _, finding in found}
    declared = Declared("korbit", "surveillance", Period.parse("2026-11-02"))
    extract = every_finding(found, SenderFile.of(layout_of(declared, KORBIT, None)), declared, "x", "ko")
    rows = list(csv.reader(io.StringIO(as_csv(extract).decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row]
    assert f"'{formula}" in cells
    assert not [cell for cell in cells if cell.startswith("=")]
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(extract)))
    written = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == formula]
    assert written
    assert {cell.data_type for cell in written} == {"s"}

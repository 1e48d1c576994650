"""A sender reads why each cell is refused, not the rule alone: on the page and in the files, in both languages."""

import csv
import io
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.exports import as_csv, as_workbook
from app.filing.finding_digest import FIRST_CELLS, ReasonGroup, SenderFile, every_finding, findings_of, grouped
from app.objects import checked_record
from app.words import LANGUAGES, say
from etl.coordinates import layout_of
from etl.drafts import draft_told, drafts_of
from etl.examine import Incoming, Past, decide, read_one
from etl.intake import Candidate, Declared
from etl.store import Store, open_store
from expectations.catalogue import all_rules
from expectations.messages import message
from expectations.vocabulary import Finding, Kind, Period
from tests.demo_store import leave_empty
from tests.filing import checks
from tests.filing_desk import NOW, Opened, check, opening, somebody, text_of

pytestmark = pytest.mark.usefixtures("judged_in_this_process")

DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"
DECLARED = Declared("korbit", "reconciliation", Period.parse(DAY))
SPOILT = {"not_quantity": (",1.5,", ",many,"), "not_krw": (",100.5,", ",0x1,"), "absent": (",btc,", ",,")}
"""By reason, what is written in place of what."""


def spoilt(counts: dict[str, int]) -> bytes:
    """A file in which so many cells are wrong by each reason."""
    text = checks(DAY)
    for reason, count in counts.items():
        text = text.replace(*SPOILT[reason], count)
    return text.encode()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    home = leave_empty(tmp_path)
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, store: Store) -> Iterator[Opened]:
    with opening(monkeypatch, store.home) as open_page:
        yield open_page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_each_reason_once_above_its_cells(opened: Opened, store: Store, language: str) -> None:
    counts = {"not_quantity": 7, "not_krw": 3, "absent": 1}
    text = text_of(check(opened(somebody("korbit"), lang=language), (NAME, spoilt(counts))))
    rule = all_rules()["SUB-006"]
    assert escape(rule.statement.in_language(language)) in text
    for reason, count in counts.items():
        sentence = escape(rule.reasons[reason].in_language(language))
        assert text.count(sentence) == 1
        said = f"{sentence} · {escape(say('filing.count', language, count=str(count)))}"
        assert said in text
    assert escape(say("filing.more_cells", language, count=str(7 - FIRST_CELLS))) in text
    (draft,) = drafts_of(store, ["korbit"], NOW)
    found = findings_of(draft_told(store, draft)["findings"])
    assert {one.reason for _, one in found} == counts.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_of_findings_say_the_reason_of_each(tmp_path: Path, language: str) -> None:
    found = findings_of(told(tmp_path, spoilt({"not_quantity": 2, "absent": 2})))
    sentences = [message(one, all_rules()["SUB-006"], language) for _, one in found]
    for (_, one), sentence in zip(found, sentences, strict=True):
        assert sentence.startswith(all_rules()["SUB-006"].reasons[one.reason or ""].in_language(language))
    extract = every_finding(found, SenderFile.of(layout_of(DECLARED, NAME, None)), DECLARED, "x", language)
    rows = list(csv.reader(io.StringIO(as_csv(extract).decode("utf-8-sig"))))
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(extract)))
    written = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row}
    for sentence in sentences:
        assert sentence in {cell for row in rows for cell in row}
        assert sentence in written


def told(folder: Path, data: bytes) -> list[dict[str, Any]]:
    """The findings of a file as machines are told them."""
    verdict = decide([read_one(Incoming("s-1", data, NAME, DECLARED, Past()))])["s-1"]
    file = folder / NAME
    file.write_bytes(data)
    record = checked_record(Candidate(file, DECLARED, file.name), verdict)
    assert findings_of(record["findings"]) == [(kind, finding) for finding, kind in verdict.findings]
    findings: list[dict[str, Any]] = record["findings"]
    return findings


def test_what_was_kept_before_reasons_were_told_is_still_read(tmp_path: Path) -> None:
    records = [
        {key: value for key, value in one.items() if key != "reason"} for one in told(tmp_path, spoilt({"absent": 1}))
    ]
    ((_, finding),) = findings_of(records)
    assert finding.reason is None


def test_findings_without_a_reason_are_one_group_and_no_finding_is_left_out() -> None:
    def found(rule: str, reason: str | None, row: int) -> tuple[Kind, Finding]:
        return Kind.INTEGRITY, Finding(rule, row=row, column="price", reason=reason)

    every = [found("SUB-006", reason, row) for row, reason in enumerate(["absent", None, "not_krw", "absent"], 2)]
    (group,) = grouped(every, SenderFile(lambda row, column: f"{row}{column}", {}))
    assert [(one.reason, one.count) for one in group.reasons] == [("absent", 2), (None, 1), ("not_krw", 1)]
    assert sum(one.count for one in group.reasons) == group.count == len(every)
    assert all(isinstance(one, ReasonGroup) and len(one.cells) == one.count for one in group.reasons)

"""The rule book proves itself: every record of every suite loads, says all it must, and fails and passes as it shows.

What the specification says of the rules (section 5) stands here a second time, as data, and is compared both ways.
"""

import bz2
import dataclasses
import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from great_expectations import ExpectationSuite

from etl.bounded import Beyond, told_of
from etl.bounds import bounds
from etl.examine import Past, refused_unread
from etl.intake import Given
from etl.layout import Container
from expectations import judge as judge_module
from expectations.catalogue import (
    COMMON_SUITE,
    all_parameters,
    all_reports,
    all_rules,
    parameter,
    rejecting_rules,
    report,
    suite,
)
from expectations.judge import FiledRows, RuleCrashedError, judge_files
from expectations.messages import message
from expectations.verbs import READERS_VERB
from expectations.vocabulary import KST, Finding, Kind, Period, Rule, State
from tests.golden.filing import (
    PAIRS,
    canonical_file,
    findings_of,
    native_file,
    period_of,
    reasons_of,
    sample,
    table_of,
    verdict_on,
)

SPECIFIED = {
    Kind.STRUCTURE: "SUB-001 SUB-002 SUB-004 SUB-005 SUB-007 SUB-008 SUB-010 SUB-011",
    Kind.INTEGRITY: """
        SUB-003 SUB-006 SUB-009
        VOL-UNQ VOL-NEG VOL-001 VOL-002 VOL-003 VOL-004
        KEY-UNQ KEY-NEG KEY-001 KEY-002 KEY-003
        ACT-UNQ ACT-001 ACT-002
        REC-UNQ REC-NEG REC-001
        HLT-UNQ HLT-NEG HLT-001 HLT-002
        AUD-UNQ AUD-NEG AUD-004
        SUR-UNQ SUR-NEG SUR-001 SUR-002 SUR-003
    """,
    Kind.CONSISTENCY: "KEY-004 KEY-008 KEY-010 REC-007 REC-011 HLT-005 HLT-010 AUD-005 AUD-006 SUR-004",
    Kind.COMPLIANCE: """
        KEY-005 KEY-006 KEY-007 ACT-003 ACT-004 ACT-005 ACT-006 ACT-007 ACT-008 REC-002 REC-003 REC-004 REC-008
        HLT-003 HLT-004 HLT-006 HLT-008 AUD-001 AUD-002 AUD-003 CAL-001 CAL-002 XEX-001
    """,
    Kind.PLAUSIBILITY: """
        SUB-012 VOL-005 VOL-006 VOL-007 VOL-008 VOL-009 KEY-009 ACT-009 REC-005 REC-006 REC-009 REC-010 HLT-007 HLT-009
        HLT-012 AUD-007 SUR-005 SUR-006 FIX-001
    """,
}
"""The rules of the specification by kind. `key_actions` holds no number, so there is no ACT-NEG."""
KIND_OF = {rule_id: kind for kind, ids in SPECIFIED.items() for rule_id in ids.split()}

RULES = list(all_rules().values())
READERS = [rule for rule in RULES if rule.type == READERS_VERB]
JUDGED = [rule for rule in RULES if rule.type != READERS_VERB]
SUITES = [COMMON_SUITE, *all_reports()]


def by_id(rule: Rule) -> str:
    return rule.id


# ---------------------------------------------------------------------------------------------- the records


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_loads_with_great_expectations_as_it_stands(name: str) -> None:
    loaded = ExpectationSuite(**json.loads(json.dumps(dict(suite(name)))))
    assert len(loaded.expectations) == len(suite(name)["expectations"])


def test_a_suite_with_an_unknown_argument_does_not_load() -> None:
    record = {**suite("reconciliation")["expectations"][0], "kwargs": {"violatoin": "true"}}
    with pytest.raises(Exception, match="violatoin"):
        ExpectationSuite(name="slip", expectations=[record])


def test_a_suite_with_an_unknown_verb_loads_without_it() -> None:
    """Great Expectations only logs it, so that the number of loaded records has to be looked at."""
    record = {**suite("reconciliation")["expectations"][0], "type": "expect_no_row_were"}
    assert not ExpectationSuite(name="slip", expectations=[record]).expectations


def test_rule_ids_are_unique() -> None:
    ids = [record["meta"]["id"] for name in SUITES for record in suite(name)["expectations"]]
    assert len(ids) == len(set(ids))


def test_the_structure_and_integrity_rules_are_those_of_the_specification() -> None:
    specified = {rule_id: kind for rule_id, kind in KIND_OF.items() if kind.rejects}
    assert {rule.id: rule.kind for rule in RULES if rule.kind.rejects} == specified


def test_no_rule_is_unknown_to_the_specification() -> None:
    assert {rule.id: rule.kind for rule in RULES}.items() <= KIND_OF.items()


@pytest.mark.parametrize("rule", RULES, ids=by_id)
def test_a_rule_id_begins_with_the_prefix_of_its_report(rule: Rule) -> None:
    prefixes = {report(rule.report).prefix} if rule.report else {"SUB", "CAL", "XEX", "FIX"}
    assert rule.id.split("-")[0] in prefixes


@pytest.mark.parametrize("name", SUITES)
def test_kind_and_severity_agree(name: str) -> None:
    for record in suite(name)["expectations"]:
        assert record["severity"] == all_rules()[record["meta"]["id"]].severity, record["meta"]["id"]


@pytest.mark.parametrize("rule", RULES, ids=by_id)
def test_a_rule_speaks_both_languages(rule: Rule) -> None:
    texts = [rule.statement, rule.remedy, *rule.reasons.values()]
    for wording in texts:
        assert re.search("[가-힣]", wording.ko), wording
        assert re.search("[A-Za-z]", wording.en), wording
        assert not re.search("[가-힣]", re.sub("보고기간|합계", "", wording.en)), wording


@pytest.mark.parametrize("rule", RULES, ids=by_id)
def test_a_rule_says_where_it_comes_from(rule: Rule) -> None:
    assert re.fullmatch(r"specification [0-9.]+(, [0-9.]+)*.*", rule.reference)
    if rule.kind.rejects:
        assert rule.effective_from is None, "structure and integrity have no date (specification, 2.8)"
    else:
        assert rule.effective_from is not None


@pytest.mark.parametrize("rule", RULES, ids=by_id)
def test_the_parameters_of_a_rule_exist(rule: Rule) -> None:
    for name in rule.parameters:
        parameter(name)


def test_every_parameter_belongs_to_a_rule_and_says_why_it_has_its_value() -> None:
    used = {name for rule in RULES for name in rule.parameters}
    for entry in all_parameters():
        assert entry.name in used, f"{entry.name}: no rule names it; remove it, or name it in its rule's parameters"
        assert re.search("[가-힣]", entry.reason.ko), entry.name
        assert entry.reason.en, entry.name


# ------------------------------------------------------------------------- rules that judge values


def judged(rule: Rule, records: list[dict[str, Any]], totals: Mapping[str, str]) -> dict[str, list[Finding]]:
    """The findings of one example by rule, all rules of its report asked."""
    name = rule.report or rule.example["report"]
    filed = FiledRows("s-1", "upbit", period_of(name), table_of(records, name), totals)
    found = judge_files(report(name), [filed], rejecting_rules(name))["s-1"]
    by_rule: dict[str, list[Finding]] = {}
    for finding in found:
        by_rule.setdefault(finding.rule, []).append(finding)
    return by_rule


def place(finding: Finding) -> dict[str, Any]:
    """Where a finding is, as examples write it."""
    places = {"subject": finding.subject, "row": finding.row, "column": finding.column}
    return {key: value for key, value in places.items() if key == "subject" or value is not None}


@pytest.mark.parametrize("rule", [r for r in JUDGED if r.kind.rejects], ids=by_id)
def test_a_rule_passes_its_good_example(rule: Rule) -> None:
    found = judged(rule, rule.example["good"], rule.example.get("reported_totals_good", {}))
    assert rule.id not in found, found[rule.id]


@pytest.mark.parametrize("rule", [r for r in JUDGED if r.kind.rejects], ids=by_id)
def test_a_rule_finds_exactly_what_its_bad_example_says(rule: Rule) -> None:
    found = judged(rule, rule.example["bad"], rule.example.get("reported_totals", {})).get(rule.id, [])
    assert rule.example["findings"], "a bad example shows at least one finding"
    assert sorted(map(place, found), key=str) == sorted(rule.example["findings"], key=str)


@pytest.mark.parametrize("rule", [r for r in JUDGED if r.kind.rejects], ids=by_id)
def test_a_finding_is_put_into_words_in_both_languages(rule: Rule) -> None:
    found = judged(rule, rule.example["bad"], rule.example.get("reported_totals", {}))[rule.id]
    for finding in found:
        korean, english = message(finding, rule, "ko"), message(finding, rule, "en")
        assert re.search("[가-힣]", korean)
        assert english.endswith((".", "again"))
        for value in (finding.found, finding.expected, finding.subject):
            assert value is None or (value in korean and value in english)


# ------------------------------------------------------------------------------ a rule that crashes


def crashing(verb: str) -> Rule:
    """REC-001 written so that DuckDB cannot evaluate it."""
    rule = all_rules()["REC-001"]
    kwargs = {
        "expect_no_row_where": {**rule.kwargs, "violation": "no_such_column > 0"},
        "expect_no_findings_from": {"query": "SELECT error('broken')"},
        "expect_no_cell_where": {
            "cells": {"price_krw": "no_such_function({cell})"}, "subject": "asset", "expected": {"price_krw": "x"}
        },
    }  # fmt: skip
    return dataclasses.replace(rule, type=verb, kwargs=kwargs[verb])


@pytest.mark.parametrize("verb", ["expect_no_row_where", "expect_no_findings_from", "expect_no_cell_where"])
def test_a_rule_that_crashes_is_our_error_and_never_a_finding(verb: str) -> None:
    filed = FiledRows("s-1", "upbit", period_of("reconciliation"), sample("upbit", "reconciliation"))
    with pytest.raises(RuleCrashedError) as caught:
        judge_files(report("reconciliation"), [filed], [all_rules()["REC-UNQ"], crashing(verb)])
    assert "REC-001" in caught.value.rules
    assert "REC-001" in str(caught.value)


def test_a_readers_rule_is_passed_over_by_the_judge() -> None:
    filed = FiledRows("s-1", "upbit", period_of("reconciliation"), sample("upbit", "reconciliation"))
    assert judge_files(report("reconciliation"), [filed], READERS) == {"s-1": []}


def test_many_files_are_judged_at_once_and_each_gets_its_own_findings() -> None:
    rule, period = all_rules()["VOL-001"], period_of("api_volume")
    good, bad = table_of(rule.example["good"], "api_volume"), table_of(rule.example["bad"], "api_volume")
    files = [FiledRows(f"s-{n}", "upbit", period, table) for n, table in enumerate([good, bad, good.slice(0, 0), bad])]
    found = judge_files(report("api_volume"), files, rejecting_rules("api_volume"))
    assert {name: [f.rule for f in findings] for name, findings in found.items()} == {
        "s-0": [],
        "s-1": ["VOL-001", "VOL-001"],
        "s-2": [],
        "s-3": ["VOL-001", "VOL-001"],
    }


def test_the_key_is_unique_within_a_file_and_not_across_files() -> None:
    table, period = sample("upbit", "api_volume"), period_of("api_volume")
    files = [FiledRows(name, "upbit", period, table) for name in ("s-1", "s-2")]
    assert judge_files(report("api_volume"), files, [all_rules()["VOL-UNQ"]]) == {"s-1": [], "s-2": []}


# --------------------------------------------------------------------------------------- nil returns


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_a_nil_return_is_accepted_unless_the_report_cannot_be_empty(exchange_id: str, report_name: str) -> None:
    """Every exchange has keys of each scope, be it none, and audits always have rows (specification, 2.8)."""
    nil = native_file(exchange_id, report_name, sample(exchange_id, report_name).slice(0, 0))
    verdict = verdict_on(nil, exchange_id, report_name)
    if report_name == "api_keys":
        assert [(f.rule, f.subject, f.row) for f in findings_of(verdict)] == [
            ("KEY-001", scope, None) for scope in ("read", "trade", "withdraw")
        ]
        assert verdict.state is State.REJECTED
    elif report_name == "audits":
        assert reasons_of(verdict) == [("SUB-001", "nil_not_possible")]
    else:
        assert (verdict.state, verdict.findings, verdict.row_count) == (State.ACCEPTED, (), 0)
        assert verdict.table is not None
        assert verdict.table.schema == sample(exchange_id, report_name).schema


# ------------------------------------------------------------------------- rules that the reader judges


@pytest.mark.parametrize("rule", READERS, ids=by_id)
def test_a_readers_rule_tells_a_good_and_a_bad_case(rule: Rule) -> None:
    assert set(rule.example) == {"good_ko", "good_en", "bad_ko", "bad_en"}
    for key, text in rule.example.items():
        assert bool(re.search("[가-힣]", text)) == key.endswith("_ko"), key


UPBIT = ("upbit", "reconciliation")
BITHUMB = ("bithumb", "reconciliation")
COINONE = ("coinone", "reconciliation")
KORBIT = ("korbit", "key_actions")
GOPAX = ("gopax", "key_actions")

Made = tuple[bytes, tuple[str, str], dict[str, Any]]
"""The bytes, whose report they are filed as, and what else is declared."""


def changed(pair: tuple[str, str], old: str, new: str, encoding: str = "utf-8", **declared: Any) -> Made:
    data = native_file(*pair)
    assert old.encode(encoding) in data, old
    return data.replace(old.encode(encoding), new.encode(encoding)), pair, declared


def changed_sheet(pair: tuple[str, str], old: str, new: str, part: str = "xl/worksheets/sheet1.xml") -> Made:
    """The workbook with one part of its archive changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(native_file(*pair))) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            text = source.read(name).decode("utf-8")
            assert name != part or old in text, old
            archive.writestr(name, text.replace(old, new) if name == part else text, zipfile.ZIP_DEFLATED)
    return target.getvalue(), pair, {}


def made(data: bytes, pair: tuple[str, str] = UPBIT, **declared: Any) -> Made:
    return data, pair, declared


def no_sheets() -> Made:
    """A workbook whose list of sheets is empty."""
    return changed_sheet(BITHUMB, '<sheet name="잔고대사" sheetId="1" r:id="rId1"/>', "", "xl/workbook.xml")


def bomb() -> bytes:
    """A real zip bomb: a few kilobytes that unpack to megabytes of spaces."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(native_file(*BITHUMB))) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            padding = b" " * 8_000_000 if name.endswith("sheet1.xml") else b""
            archive.writestr(name, source.read(name) + padding, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def with_macros() -> Made:
    """A workbook with a part that holds a program."""
    target = io.BytesIO(native_file(*BITHUMB))
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xcc\x61" * 50)
    return made(target.getvalue(), BITHUMB)


def wide() -> Made:
    """A workbook that names the last cell of the largest sheet there can be: a few bytes for billions of cells."""
    return changed_sheet(BITHUMB, "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')


def two_sheets(data: bytes) -> bytes:
    """A workbook whose sheet is there again under another name."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    book.copy_worksheet(book.worksheets[0])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def first_value(old: str, new: str, pair: tuple[str, str] = UPBIT) -> Made:
    data = native_file(*pair)
    assert old.encode() in data, old
    return data.replace(old.encode(), new.encode(), 1), pair, {}


def archive_of(parts: Mapping[str, bytes]) -> bytes:
    """A ZIP archive with these parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return target.getvalue()


def number_cell(written: str) -> Made:
    """Bithumb's halts with another cell where a count is due."""
    return changed_sheet(("bithumb", "halts"), '<c r="K4"><v>1203</v></c>', written)


def typed(name: str, type_: pa.DataType) -> Made:
    """The template as Parquet with a column of another type."""
    table = pq.read_table(io.BytesIO(canonical_file("reconciliation", Container.PARQUET)))
    place = table.column_names.index(name)
    table = table.set_column(place, name, table.column(name).cast(type_, safe=False))
    target = io.BytesIO()
    pq.write_table(table, target)
    return made(target.getvalue(), UPBIT, container=Container.PARQUET)


NOTE = "유의사항 안내"
KORBIT_TEXT = native_file(*KORBIT).decode("utf-8-sig")
KORBIT_HEADER = KORBIT_TEXT.splitlines()[0]
HIDDEN_SHEET = '<sheet name="_codes" sheetId="2" state="hidden" r:id="rId9"/>'
TOTAL_CELL = '<c r="A9" t="inlineStr"><is><t>합계</t></is></c><c r="B9" t="inlineStr"><is><t> </t></is></c>'
RAW_KEY = "AKIA7Q2MZXW93LPD5T8R"
SLICE = Period.parse("2026-11-02T11-15")
OVERLAP = Past(accepted_periods=(Period.parse("2026-11-02T09-12"),))
NOON = datetime(2026, 11, 2, 12, tzinfo=KST)
FIRST_HASH = "227ba5f2c6c9109fe5c44a0696f393379607493a377f522ee27d9a7ae3227d89"
SWALLOWED = b"1," * 10 + b'b"\r\n'
FIRST_QUANTITY = '"12345.123456789012345678"'


def random_text(length: int) -> str:
    """Text that does not shrink to nothing."""
    return random.Random(8).randbytes(length // 2).hex()


def long_token(token: str) -> Made:
    """A workbook whose sheet has this before its rows."""
    return changed_sheet(("bithumb", "api_keys"), "<sheetData>", f"{token}<sheetData>")


CASES: dict[str, dict[str, Callable[[], Made]]] = {
    "SUB-001": {
        "empty_file": lambda: made(b""),
        "program": lambda: made(b"MZ\x90\x00" + bytes(range(256)), KORBIT),
        "macro_workbook": with_macros,
        "document_type": lambda: changed_sheet(BITHUMB, "<worksheet", '<!DOCTYPE w [<!ENTITY a "b">]><worksheet'),
        "not_utf8": lambda: made(b"\xff[]"),
        "cp949_where_utf8": lambda: made(native_file(*KORBIT).decode("utf-8-sig").encode("cp949"), KORBIT),
        "utf16": lambda: made(native_file(*KORBIT).decode("utf-8-sig").encode("utf-16"), KORBIT),
        "gzip": lambda: made(gzip.compress(native_file(*UPBIT))),
        "compressed": lambda: made(bz2.compress(native_file(*UPBIT))),
        "zip_archive": lambda: made(archive_of({"report.csv": b"a,b\n"}), BITHUMB),
        "open_document": lambda: made(
            archive_of({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}), BITHUMB
        ),
        "old_workbook": lambda: made(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), BITHUMB),
        "other_document": lambda: made(b"%PDF-1.7\n", BITHUMB),
        "other_container": lambda: made(native_file(*BITHUMB), UPBIT),
        "encrypted_parquet": lambda: made(b"PARE" + bytes(40) + b"PARE", UPBIT, container=Container.PARQUET),
        "bad_reference": lambda: changed_sheet(BITHUMB, '<c r="A4"', '<c r="A5"'),
        "repeated_row": lambda: changed_sheet(BITHUMB, '<row r="5">', '<row r="4">'),
        "repeated_cell": lambda: changed_sheet(BITHUMB, '<c r="B4"', '<c r="A4"'),
        "merged_cells": lambda: changed_sheet(
            BITHUMB, "</sheetData>", '</sheetData><mergeCells><mergeCell ref="A4:A5"/></mergeCells>'
        ),
        "more_sheets": lambda: changed_sheet(
            BITHUMB, "</sheets>", f"{HIDDEN_SHEET}</sheets>", "xl/workbook.xml"
        ),
        "other_separator": lambda: made(b"\xef\xbb\xbf" + KORBIT_HEADER.replace(",", ";").encode(), KORBIT),
        "line_above_header": lambda: made("조치 내역\n".encode() + KORBIT_TEXT.encode(), KORBIT),
        "nil_not_declared": lambda: made(native_file(*GOPAX).split(b"\n")[0] + b"\n", GOPAX),
        "nil_mark_spelling": lambda: made(
            native_file(*GOPAX).split(b"\n")[0] + "\n해당없음\n".encode("cp949"), GOPAX
        ),
        "nil_mark_not_used": lambda: made(f"{KORBIT_HEADER}\r\n없음\r\n".encode(), KORBIT),
        "nil_not_possible": lambda: made(b"[]", ("upbit", "audits")),
        "utf8_where_cp949": lambda: made(native_file(*GOPAX).decode("cp949").encode(), GOPAX),
        "not_cp949": lambda: made(native_file(*GOPAX) + b"\xff\xff\n", GOPAX),
        "not_json": lambda: made(b'[{"uuid": tru, "a": 1}]'),
        "truncated_json": lambda: made(native_file(*UPBIT)[:-100]),
        "not_array": lambda: made(b'{"checked_at": 1}'),
        "not_records": lambda: made(b"[1, 2]"),
        "error_envelope": lambda: changed(COINONE, '"result":"success"', '"result":"error"'),
        "not_workbook": lambda: made(b"PK\x03\x04 nothing", BITHUMB),
        "encrypted_workbook": lambda: made(
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le"), BITHUMB
        ),
        "no_sheet": no_sheets,
        "broken_part": lambda: changed_sheet(BITHUMB, "</worksheet>", "</worksheet>more"),
        "damaged_archive": lambda: made(
            archive_of({"xl/workbook.xml": b"plain <xml/>"}).replace(b"plain <xml", b"plain <yml"), BITHUMB
        ),
        "other_tables": lambda: made(
            two_sheets(canonical_file("halts", Container.XLSX)), ("upbit", "halts"), container=Container.XLSX
        ),
        "sheet_name": lambda: changed_sheet(BITHUMB, "잔고대사", "잔고 대사", "xl/workbook.xml"),
        "no_period_cell": lambda: changed_sheet(BITHUMB, "보고기간", "기간"),
        "broken_csv": lambda: changed(KORBIT, '담당: 감시팀"', '담당: 감시팀"?'),
        "open_quote": lambda: changed(KORBIT, '담당: 감시팀"', "담당: 감시팀"),
        "field_too_long": lambda: changed(KORBIT, NOTE, "가" * 140_000),
        "trailing_comma": lambda: made(native_file(*KORBIT).replace(b"\r\n", b",\r\n"), KORBIT),
        "ragged_row": lambda: changed(KORBIT, "해제\r\n", "해제,해제\r\n"),
        "not_parquet": lambda: made(b"PAR1PAR1", UPBIT, container=Container.PARQUET),
        "wrong_container": lambda: made(native_file(*UPBIT), UPBIT, name="upbit_reconciliation_2026-11-02.pdf"),
        "nil_mark_with_data": lambda: made(native_file(*GOPAX) + "없음\n".encode("cp949"), GOPAX),
    },
    "SUB-002": {
        "missing_column": lambda: changed(KORBIT, "riskLevel", "note2"),
        "unknown_column": lambda: changed(KORBIT, "riskLevel", "note2"),
        "unknown_columns": lambda: first_value('"', "".join(f'"x{place}":1,' for place in range(21)) + '"'),
        "no_header": lambda: made(native_file(*KORBIT).split(b"\r\n", 1)[1], KORBIT),
        "repeated_column": lambda: changed(KORBIT, "riskLevel", "stage"),
        "header_spelling": lambda: changed(KORBIT, "riskLevel", "RISKLEVEL"),
        "beyond_header": lambda: changed_sheet(
            BITHUMB, '</row><row r="5">', '<c r="H4" t="inlineStr"><is><t>메모</t></is></c></row><row r="5">'
        ),
    },
    "SUB-004": {
        "other_period": lambda: changed_sheet(BITHUMB, ">2026-11-02<", ">2026-11-01<"),
        "other_exchange": lambda: made(
            b"exchange," + canonical_file("reconciliation", Container.CSV).replace(b"\n2026", b"\nbithumb,2026"),
            UPBIT,
            container=Container.CSV,
        ),
    },
    "SUB-005": {
        "partial_overlap": lambda: made(native_file(*UPBIT), UPBIT, period=SLICE, past=OVERLAP),
    },
    "SUB-006": {
        "absent": lambda: first_value(FIRST_QUANTITY, "null"),
        "not_quantity": lambda: first_value(FIRST_QUANTITY, '"NaN"'),
        "not_krw": lambda: first_value("9.8765432E7", "NaN"),
        "not_count": lambda: first_value("45120", "45120.5", ("upbit", "api_volume")),
        "not_instant": lambda: first_value("2026-11-02T00:00:02+09:00", "2026-11-02T24:00:00+09:00"),
        "not_date": lambda: first_value("2026-11-02", "2026-02-30", ("upbit", "api_keys")),
        "not_month": lambda: first_value('"2026-10"', '"2026-13"', ("upbit", "audits")),
        "not_market": lambda: first_value("KRW-BTC", "KRW/BTC", ("upbit", "api_volume")),
        "not_asset": lambda: first_value('"BTC"', '"btc"'),
        "not_hash": lambda: changed(KORBIT, FIRST_HASH, "1" * 63),
        "not_code": lambda: first_value('"MATCH"', '"match"'),
        "too_long": lambda: changed(KORBIT, NOTE, "가" * 501),
        "not_text": lambda: first_value('"해제"', '"\\u0000"', ("upbit", "key_actions")),
        "error_cell": lambda: number_cell('<c r="K4" t="e"><v>#N/A</v></c>'),
        "formula_cell": lambda: number_cell('<c r="K4"><f>SUM(A1)</f></c>'),
        "date_cell": lambda: number_cell('<c r="K4" t="d"><v>2026-11-02</v></c>'),
        "boolean_cell": lambda: number_cell('<c r="K4" t="b"><v>1</v></c>'),
        "text_for_number": lambda: number_cell('<c r="K4" t="str"><v>1203</v></c>'),
        "number_for_text": lambda: first_value('"해제"', "7", ("upbit", "key_actions")),
        "float_for_decimal": lambda: typed("price_krw", pa.float64()),
        "instant_without_zone": lambda: typed("checked_at", pa.timestamp("ms")),
        "unreadable_type": lambda: first_value(FIRST_QUANTITY, "[1]"),
        "only_blanks": lambda: made(native_file(*KORBIT) + b"  \r\n", KORBIT),
        "no_record": lambda: made(native_file(*KORBIT) + b"x" + b"," * 10 + b"\r\n", KORBIT),
        "swallowed_lines": lambda: made(native_file(*KORBIT) + b'1,2,3,4,5,6,7,8,9,10,"a\r\n' + SWALLOWED, KORBIT),
        "totals_not_last": lambda: changed_sheet(
            ("bithumb", "api_keys"), "</row></sheetData>", f'</row><row r="9">{TOTAL_CELL}</row></sheetData>'
        ),
        "totals_called_otherwise": lambda: changed_sheet(("bithumb", "api_keys"), ">합계<", ">합 계<"),
        "out_of_range": lambda: first_value(FIRST_QUANTITY, '"0.0000000000000000001"'),
    },
    "SUB-007": {
        "resident_registration_number": lambda: changed(KORBIT, NOTE, "번호 900101-1234567 확인"),
        "mobile_number": lambda: changed(KORBIT, NOTE, "연락처 010-1234-5678"),
        "email_address": lambda: changed(KORBIT, NOTE, "hong.gildong@example.com 회신"),
        "raw_api_key": lambda: changed(KORBIT, NOTE, f"키 {RAW_KEY}"),
        "payment_card": lambda: changed(KORBIT, NOTE, "카드 4111-1111-1111-1111"),
    },
    "SUB-008": {
        "too_large": lambda: made(native_file(*UPBIT), limits={"maximum_file_bytes": 100}),
        "too_many_rows": lambda: made(native_file(*UPBIT), limits={"maximum_rows": 4}),
        "unpacked_too_large": lambda: made(bomb(), BITHUMB, limits={"maximum_unpacked_bytes": 4_000_000}),
        "ratio_too_high": lambda: made(bomb(), BITHUMB),
        "token_too_long": lambda: long_token("<!-- " + random_text(2 * 2**20) + " -->"),
        "too_many_columns": lambda: made(native_file(*UPBIT), limits={"maximum_columns": 5}),
        "too_many_cells": lambda: made(native_file(*UPBIT), limits={"maximum_cells": 29}),
        "value_too_long": lambda: made(native_file(*UPBIT), limits={"maximum_value_characters": 24}),
        "too_much_cpu": lambda: made(native_file(*UPBIT), bound=Beyond.CPU),
        "too_long_at_work": lambda: made(native_file(*UPBIT), bound=Beyond.WALL),
        "too_much_memory": lambda: made(native_file(*UPBIT), bound=Beyond.MEMORY),
        "too_many_findings": lambda: made(
            native_file(*KORBIT), KORBIT, received_at=NOON, limits={"maximum_findings": 1}, given=Given("0" * 64)
        ),
    },
    "SUB-010": {
        "not_ended": lambda: made(native_file(*KORBIT), KORBIT, received_at=NOON),
        "day_runs": lambda: made(native_file(*UPBIT), UPBIT, received_at=NOON),
    },
    "SUB-011": {
        "other_hash": lambda: made(native_file(*UPBIT), UPBIT, given=Given("0" * 64)),
        "no_hash": lambda: made(native_file(*UPBIT), UPBIT, given=Given("0" * 63)),
        "other_row_count": lambda: made(native_file(*UPBIT), UPBIT, given=Given(rows="6")),
        "no_row_count": lambda: made(native_file(*UPBIT), UPBIT, given=Given(rows="five")),
    },
    "SUB-012": {
        "last_line_not_ended": lambda: made(native_file(*KORBIT).rstrip(), KORBIT),
    },
}  # fmt: skip
"""A file for every reason of every rule that the reader judges."""


def set_limits(monkeypatch: pytest.MonkeyPatch, limits: Mapping[str, int]) -> None:
    """Put other limits in force for one test."""
    rooms = (
        *(f"formats.{room}" for room in ("reading", "workbook", "parquet_columns", "table")),
        "normalise",
        "examine",
    )
    for room in rooms:
        monkeypatch.setattr(f"etl.{room}.parameter", lambda name: limits.get(name) or parameter(name))


def test_every_reason_of_every_readers_rule_has_a_case() -> None:
    assert {rule_id: set(cases) for rule_id, cases in CASES.items()} == {r.id: set(r.reasons) for r in READERS}


@pytest.mark.parametrize(
    ("rule_id", "reason"), [(rule_id, reason) for rule_id, cases in CASES.items() for reason in cases]
)
def test_every_reason_of_a_readers_rule_fires(rule_id: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data, (exchange_id, report_name), declared = CASES[rule_id][reason]()
    set_limits(monkeypatch, declared.pop("limits", {}))
    bound = declared.pop("bound", None)
    if bound is not None:  # the process that reads is ended (tests/test_bounded.py); this is what is said of it
        monkeypatch.setattr("tests.golden.filing.read_one", lambda one: refused_unread(one, told_of(bound, bounds())))
    verdict = verdict_on(data, exchange_id, report_name, **declared)
    assert (rule_id, reason) in reasons_of(verdict)
    others = {rule for rule, _ in reasons_of(verdict)} - {rule_id}
    assert bool(others) == (reason == "too_many_findings")
    assert (verdict.state is State.REJECTED) == (verdict.table is None) == all_rules()[rule_id].kind.rejects


@pytest.mark.parametrize(
    ("token", "is_refused"),
    [
        ("<!-- {} -->", True),
        ("<!-- <a> > {} <b/> -->", True),
        ("<?daxa {} ?>", True),
        ("<extLst a='{}'/>", True),
        ("<extLst a='&gt;>>{}'/>", True),
        ("<!-- {} -->", False),
    ],
)
def test_a_long_tag_or_section_is_refused_before_anything_parses_it(token: str, is_refused: bool) -> None:
    text = token.format(random_text(2_200_000 if is_refused else 900_000))
    data, pair, _ = long_token(text)
    assert (("SUB-008", "token_too_long") in reasons_of(verdict_on(data, *pair))) == is_refused


def test_a_sheet_that_only_names_its_last_cell_is_too_large() -> None:
    data, pair, _ = wide()
    assert reasons_of(verdict_on(data, *pair)) == [("SUB-008", "unpacked_too_large")]


def test_the_limits_themselves_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = native_file(*UPBIT)
    set_limits(monkeypatch, {"maximum_file_bytes": len(data), "maximum_rows": 5})
    assert verdict_on(data, *UPBIT).state is State.ACCEPTED


def test_a_parquet_file_of_too_many_rows_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    set_limits(monkeypatch, {"maximum_rows": 4})
    data = canonical_file("reconciliation", Container.PARQUET)
    verdict = verdict_on(data, *UPBIT, container=Container.PARQUET)
    assert reasons_of(verdict) == [("SUB-008", "too_many_rows")]


@pytest.mark.parametrize("name", ["maximum_unpacked_bytes"])
def test_a_parquet_file_that_unpacks_to_too_much_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_limits(monkeypatch, {name: 100})
    data = canonical_file("reconciliation", Container.PARQUET)
    verdict = verdict_on(data, *UPBIT, container=Container.PARQUET)
    assert reasons_of(verdict) == [("SUB-008", "unpacked_too_large")]


# ---------------------------------------------------------------------------------- SUB-005 and SUB-003


@pytest.mark.parametrize(
    ("filed", "accepted", "is_refused"),
    [
        pytest.param("2026-11-02", ["2026-11-02"], False, id="the same day"),
        pytest.param("2026-11-02", ["2026-11-02T09-12", "2026-11-02T12-15"], False, id="a day over its slices"),
        pytest.param("2026-11-02T00-24", ["2026-11-02"], False, id="the day written as a slice"),
        pytest.param("2026-11-02T09-12", ["2026-11-02T12-15"], False, id="slices that touch"),
        pytest.param("2026-11-02T09-12", ["2026-11-02T10-11"], False, id="a slice within the new one"),
        pytest.param("2026-11-02", ["2026-11-01", "2026-11-03"], False, id="the days beside it"),
        pytest.param("2026-11-02T11-15", ["2026-11-02T09-12"], True, id="an hour shared"),
        pytest.param("2026-11-02T09-12", ["2026-11-02"], True, id="a slice of an accepted day"),
        pytest.param("2026-11-02T09-12", ["2026-11-02T10-11", "2026-11-02T08-10"], True, id="one of two contained"),
    ],
)
def test_a_period_meets_accepted_ones_as_a_whole_or_not_at_all(
    filed: str, accepted: list[str], is_refused: bool
) -> None:
    past = Past(accepted_periods=tuple(map(Period.parse, accepted)))
    nil = native_file(*UPBIT, sample(*UPBIT).slice(0, 0))
    verdict = verdict_on(nil, *UPBIT, period=Period.parse(filed), past=past)
    assert reasons_of(verdict) == ([("SUB-005", "partial_overlap")] if is_refused else [])


def test_a_halt_that_was_filed_before_may_lie_before_the_period_and_not_after() -> None:
    rule = all_rules()["HLT-001"]
    halts = [
        {**rule.example["good"][0], "halt_id": halt_id, "detected_at": f"{day}T09:00:00+09:00",
         "halted_at": f"{day}T09:00:00+09:00"}
        for halt_id, day in [("H-1", "2026-11-01"), ("H-2", "2026-11-01"), ("H-3", "2026-11-03")]
    ]  # fmt: skip
    data = native_file("upbit", "halts", table_of(halts, "halts"))
    verdict = verdict_on(data, "upbit", "halts", past=Past(earlier_halts=frozenset({"H-1", "H-3"})))
    assert [(f.rule, f.row) for f in findings_of(verdict)] == [("SUB-003", 2), ("SUB-003", 3)]


# ------------------------------------------------------------------------------------------- messages


def test_a_message_says_what_is_wrong_where_and_how_to_mend_it() -> None:
    finding = Finding(
        "SUB-006", row=18, column="ledger", found="NaN", expected="1234.5", reason="not_quantity"
    )  # fmt: skip
    rule = all_rules()["SUB-006"]
    assert message(finding, rule, "en") == (
        "The value is no quantity; write a decimal number and file again. Where: row 18, column 'ledger'. "
        "Found: NaN. Expected: 1234.5."
    )
    assert message(finding, rule, "ko") == (
        "수량이 아닙니다. 십진수로 적어 다시 제출하십시오. 위치: 18행, 'ledger' 열. 제출된 값: NaN. 기대한 값: 1234.5."
    )


def test_a_message_shows_an_interval_in_korean_time() -> None:
    start = datetime(2026, 11, 2, 0, 5, tzinfo=UTC)
    finding = Finding("REC-001", subject="BTC", start=start, end=None)
    rule = all_rules()["REC-001"]
    assert "2026-11-02 09:05:00 KST to still open" in message(finding, rule, "en")
    assert "2026-11-02 09:05:00 KST ~ 진행 중" in message(finding, rule, "ko")


def test_great_expectations_keeps_the_whole_record() -> None:
    record = judge_module.expectation(all_rules()["REC-NEG"], report("reconciliation"))
    loaded = ExpectationSuite(name="one", expectations=[record]).to_json_dict()["expectations"][0]
    assert loaded["type"] == "expect_no_cell_where"
    assert loaded["severity"] == "critical"
    assert loaded["kwargs"]["cells"] == all_rules()["REC-NEG"].kwargs["cells"]
    assert loaded["meta"] == {"id": "REC-NEG"}


def test_an_empty_table_is_no_obstacle_for_any_rule() -> None:
    for name, shape in all_reports().items():
        nothing = sample("upbit", name).slice(0, 0)
        assert isinstance(nothing, pa.Table)
        found = judge_files(shape, [FiledRows("s-1", "upbit", period_of(name), nothing)], rejecting_rules(name))["s-1"]
        assert {f.rule for f in found} <= {"KEY-001"}

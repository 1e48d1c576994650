"""Where findings are in the sender's file: paths in JSON that lead to the cell, and the sender's own column names."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.objects import checked_record
from app.testbed.simulator import canonical_table
from etl.annotated import annotated_copy
from etl.coordinates import in_native_names, json_path, json_path_in, native_columns
from etl.examine import Incoming, Past, Verdict, decide, read_one
from etl.exchanges import all_exchanges
from etl.intake import Candidate, Declared, declare
from etl.layout import Container, Layout
from etl.writing.native import write_native
from expectations.catalogue import all_reports, all_rules
from expectations.catalogue import report as report_of
from expectations.messages import message
from expectations.vocabulary import Cadence, Finding, Period
from tests.test_cli import daxa, inbox  # noqa: F401 — fixtures
from tests.test_layouts import EXCHANGES

_STEP = re.compile(r"\.([A-Za-z_][A-Za-z_0-9]*)|\[(\d+)\]|\[('(?:[^'\\]|\\.)*'(?:,'(?:[^'\\]|\\.)*')*)\]")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
WRONG = "□"
"""A value that is of no column's type but text's."""
TOO_LONG = WRONG * 10_000
"""A value that is of no column's type."""


def resolved(document: Any, path: str) -> list[Any]:
    """What a path of RFC 9535 selects, as far as findings use such paths."""
    assert path.startswith("$")
    nodes, place = [document], 1
    while place < len(path):
        step = _STEP.match(path, place)
        assert step, path[place:]
        name, index, names = step.groups()
        if name is not None:
            nodes = [node[name] for node in nodes]
        elif index is not None:
            nodes = [node[int(index)] for node in nodes]
        else:
            wanted = [
                json.loads('"' + one.replace('"', '\\"').replace("\\'", "'") + '"') for one in _QUOTED.findall(names)
            ]
            nodes = [node[one] for node in nodes for one in wanted]
        place = step.end()
    return nodes


def shapes(container: Container) -> list[tuple[str, str]]:
    """The exchanges and reports that are filed in files of this kind."""
    return [
        (exchange.id, name)
        for exchange in all_exchanges().values()
        for name, layout in exchange.layouts.items()
        if layout.container is container
    ]


def period_of(report: str) -> Period:
    return Period.parse("2026-10" if report_of(report).cadence is Cadence.MONTH else "2026-11-02")


def native_file(exchange: str, report: str) -> tuple[bytes, Layout, Declared, str]:
    period = period_of(report)
    table = canonical_table(exchange, report, period, seed=4, assets=3)
    layout = all_exchanges()[exchange].layouts[report].on(period.first_day)
    data = write_native(table, all_exchanges()[exchange], report_of(report), period)
    name = f"{exchange}_{report}_{period.text}.{layout.container}"
    return data, layout, Declared(exchange, report, period), name


def judged(data: bytes, name: str, declared: Declared) -> Verdict:
    return decide([read_one(Incoming("s-1", data, name, declared, Past()))])["s-1"]


def test_files_in_json_are_with_and_without_an_envelope() -> None:
    """What the next tests are run over."""
    layouts = [all_exchanges()[exchange].layouts[report].form for exchange, report in shapes(Container.JSON)]
    assert {layout.envelope for layout in layouts} == {True, False}
    assert {report for _, report in shapes(Container.JSON)} == set(all_reports())


@pytest.mark.parametrize(("exchange", "report"), shapes(Container.JSON))
def test_the_path_of_every_column_leads_to_the_cell_in_the_document(exchange: str, report: str) -> None:
    data, layout, declared, name = native_file(exchange, report)
    document = json.loads(data)
    records = document["data"] if layout.envelope else document
    row = len(records)
    for native in layout.columns.values():
        before = {one: records[row - 1][one] for one in native.names}
        records[row - 1].update(dict.fromkeys(native.names, TOO_LONG))
        verdict = judged(json.dumps(document, ensure_ascii=False).encode(), name, declared)
        (path,) = {
            json_path_in(declared, name, verdict.format, one)
            for one, _ in verdict.findings
            if (one.row, one.column) == (row, native.name)
        }
        assert path is not None
        assert resolved(document, path) == [TOO_LONG] * len(native.names)
        assert path == json_path(layout, row, native.name)
        records[row - 1].update(before)
    record = json_path(layout, row, None)
    assert record is not None
    assert resolved(document, record) == [records[row - 1]]


@pytest.mark.parametrize("name", ["a b", "'", '"', "\\", "a'b\"c\\d", "\t", "1x", "가격", "x.y", "[0]", "🅰", ""])
@pytest.mark.parametrize(("exchange", "wrapped"), [("upbit", False), ("coinone", True)])
def test_a_name_that_nobody_foresaw_is_in_the_path_as_well(exchange: str, wrapped: bool, name: str) -> None:
    layout = all_exchanges()[exchange].layouts["halts"].on(period_of("halts").first_day)
    records = [{"a": 1}, {name: 2}]
    path = json_path(layout, 2, name)
    assert path is not None
    if name in ("가격", "🅰"):
        assert path.endswith(f".{name}")
    else:
        assert resolved({"data": records} if wrapped else records, path) == [2]


@pytest.mark.parametrize("container", [one for one in Container if one is not Container.JSON])
def test_other_files_have_no_paths(container: Container) -> None:
    for exchange, report in shapes(container):
        layout = all_exchanges()[exchange].layouts[report].on(period_of(report).first_day)
        assert json_path(layout, 5, layout.native_names[0]) is None


def test_the_file_as_a_whole_has_no_path() -> None:
    layout = all_exchanges()["upbit"].layouts["halts"].on(period_of("halts").first_day)
    assert json_path(layout, None, None) is None
    assert json_path(layout, None, "uuid") is None


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_machines_and_people_are_told_the_path_where_the_file_is_json(
    daxa: Callable[..., tuple[int, str, str]],  # noqa: F811
    inbox: Any,  # noqa: F811
    exchange: str,
) -> None:
    data, layout, declared, name = native_file(exchange, "surveillance")
    column = layout.columns["alert_count"].name
    if layout.container is Container.JSON:
        document = json.loads(data)
        records = document["data"] if layout.envelope else document
        records[3][column] = WRONG
        data = json.dumps(document, ensure_ascii=False).encode()
        path = f"{'$.data' if layout.envelope else '$'}[3].{column}"
    else:
        data, path = data[: len(data) // 2], None
    (inbox / name).write_bytes(data)
    for command in ("check", "ingest"):
        (told,) = [json.loads(line) for line in daxa(command, "--json", inbox)[1].splitlines()]
        assert told["findings"]
        assert {one["path"] for one in told["findings"]} == {path}
    stored = [json.loads(line) for line in daxa("findings", "--json", "--exchange", exchange)[1].splitlines()]
    assert {one["path"] for one in stored if one["submission"]} == {path}
    assert {one["path"] for one in stored if not one["submission"]} <= {None}
    _, text, _ = daxa("check", inbox)
    (first, *_) = [line for line in text.splitlines() if name in line]
    assert first.startswith(f"{inbox / name}: {path} [SUB-006] " if path else f"{inbox / name}: [SUB-")
    assert declared.exchange == exchange


def test_check_tells_the_first_cells_of_each_rule_and_how_many_more(
    daxa: Callable[..., tuple[int, str, str]],  # noqa: F811
    inbox: Any,  # noqa: F811
) -> None:
    data, layout, _, name = native_file("upbit", "surveillance")
    records = json.loads(data)
    for record in records[:5]:
        record[layout.columns["alert_count"].name] = WRONG
    (inbox / name).write_text(json.dumps(records, ensure_ascii=False), "utf-8")
    lines = [line for line in daxa("check", inbox)[1].splitlines() if "[SUB-006]" in line]
    assert [re.search(r"\$\[(\d)\]", line) is not None for line in lines] == [True, True, True, False]
    assert "and 2 more" in lines[-1]


# ---------------------------------------------------------------------------------- the sender's names


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize("report", all_reports())
def test_what_a_rule_wrote_names_the_columns_as_the_sender_does(exchange: str, report: str) -> None:
    _, layout, _, _ = native_file(exchange, report)
    names = native_columns(layout)
    canonical = " < ".join(names)
    finding = Finding("VOL-002", found=canonical, expected=f"{canonical} 1")
    named = in_native_names(finding, names)
    assert named.found == " < ".join(layout.columns[name].name for name in names)
    assert (named.expected or "").endswith(" 1")
    quoted = Finding("SUB-006", row=2, column=layout.native_names[0], found=canonical, expected=canonical)
    assert in_native_names(quoted, names) == quoted


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_file_comes_back_with_its_own_names_beside_its_rows(exchange: str) -> None:
    data, layout, _, _ = native_file(exchange, "surveillance")
    finding = Finding("SUR-003", row=layout.header_row + 1, found="case_count = 2", expected="account_count ≥ 1")
    said = message(in_native_names(finding, native_columns(layout)), all_rules()["SUR-003"], "ko")
    own = layout.columns["case_count"].name
    assert f"{own} = 2" in said
    annotated = annotated_copy(data, layout, [finding], "ko")
    if layout.container in (Container.CSV, Container.JSON):
        assert f"{own} = 2" in annotated.decode(layout.encoding)


def test_told_findings_keep_the_words_of_the_rule(tmp_path: Path) -> None:
    """What machines are told is what is stored and signed; only what people read has the sender's names."""
    data, layout, declared, name = native_file("coinone", "surveillance")
    document = json.loads(data)
    document["data"][0] |= {layout.columns["case_count"].name: "0", layout.columns["notified_count"].name: "1"}
    spoilt = json.dumps(document, ensure_ascii=False).encode()
    verdict = judged(spoilt, name, declared)

    path = tmp_path / name
    path.write_bytes(spoilt)
    record = checked_record(Candidate(path, declare(name), name), verdict)
    (told,) = [one for one in record["findings"] if one["rule"] == "SUR-001"]
    assert "notified_count" in told["expected"]
    assert told["path"] == "$.data[0]"

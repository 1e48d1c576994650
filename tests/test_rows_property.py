"""Whatever happens to a file on its way, there is a verdict, and no row is lost and none is made.

Files of every exchange and report, and the canonical templates, are damaged by hypothesis: bytes turned, cut out or
put in, lines swapped or doubled, cells replaced by texts that have tripped readers before. The same seed every time.
"""

import functools
import io
import zipfile
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from etl.examine import Incoming, Past, Verdict, decide, read_one
from etl.intake import Declared
from etl.layout import Container
from expectations.catalogue import all_reports, all_rules
from expectations.messages import message
from expectations.vocabulary import State
from tests.golden.filing import (
    ENDINGS,
    PAIRS,
    canonical_file,
    file_name,
    native_file,
    native_layout,
    period_of,
    shape_of,
)
from tests.properties import examples

profile = settings(
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)

TEMPLATES = [
    (container, name) for container in (Container.CSV, Container.XLSX, Container.PARQUET) for name in all_reports()
]

NASTY = [
    "", " ", "-", "\x00", "\n", "\r", '"', ",", ",,", "NaN", "null", "[]", "{}", "1e999", "9" * 40, "-1", "0", "1",
    "5244008187438687035754525736", "9007199254740993", "2026-02-30", "24:00:00", "9999-12-31T23:59:59+09:00",
    "1970-01-01T00:00:00+09:00", "0001-01-01", "0000", "합계", "없음", "해당 없음", "전체", "ALL", "\ufeff",
    "\U0001f4a9", "\\ud800", "\\u0000", "é", "﷽", "--", "'", "=1+1", "010-1234-5678", "a@b.kr", "true", "btc",
    "BTC/KRW", "KRW-BTC", "|", "||", "x" * 600, "exchange",
]  # fmt: skip
"""Texts that have tripped readers before."""


@functools.cache
def native(exchange_id: str, report_name: str) -> bytes:
    return native_file(exchange_id, report_name)


@functools.cache
def template(container: Container, report_name: str) -> bytes:
    return canonical_file(report_name, container)


def verdicts(data: bytes, exchange_id: str, report_name: str, name: str) -> Verdict:
    declared = Declared(exchange_id, report_name, period_of(report_name))
    return decide([read_one(Incoming("s-1", data, name, declared, Past()))])["s-1"]


def assert_every_row_is_accounted_for(verdict: Verdict) -> None:
    """Accepted with all rows, or rejected with a reason; never something between."""
    refused = 0 if verdict.state is State.ACCEPTED else verdict.row_count
    published = verdict.table.num_rows if verdict.table is not None else 0
    assert published + refused == verdict.row_count
    assert verdict.state in {State.ACCEPTED, State.REJECTED}
    assert (verdict.state is State.REJECTED) == any(kind.rejects for _, kind in verdict.findings)
    assert (verdict.table is None) == (verdict.state is State.REJECTED)
    if verdict.table is not None:
        positions = verdict.table.column("source_row").to_pylist()
        assert positions == sorted(set(positions)), "rows keep the sender's order and place"
        for shape in map(shape_of, all_reports()):
            if set(shape.field_names) < set(verdict.table.column_names):
                required = [field.name for field in shape.fields if field.required]
                assert not any(verdict.table.column(name).null_count for name in required)
    for finding, kind in verdict.findings:
        rule = all_rules()[finding.rule]
        assert kind is rule.kind
        assert finding.reason is None or finding.reason in rule.reasons
        for language in ("ko", "en"):
            message(finding, rule, language).encode("utf-8")
            assert "\x00" not in message(finding, rule, language)


# -------------------------------------------------------------------------------------------- damage


def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """One to four injuries to bytes: turned, cut out, put in, doubled or swapped."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(1, 40))
        match draw(st.sampled_from(["turn", "cut", "put", "double", "end"])):
            case "turn":
                data = (
                    data[:start]
                    + bytes([data[start] ^ (1 << draw(st.integers(0, 7)))] if data else b"")
                    + data[start + 1 :]
                )
            case "cut":
                data = data[:start] + data[start + length :]
            case "put":
                data = data[:start] + draw(st.binary(min_size=1, max_size=8)) + data[start:]
            case "double":
                data = data[:start] + data[start : start + length] + data[start:]
            case "end":
                data = data[:start]
    return data


def with_other_words(draw: st.DrawFn, data: bytes, encoding: str) -> bytes:
    """Texts between separators replaced, and lines swapped, doubled or taken out."""
    text = data.decode(encoding)
    for _ in range(draw(st.integers(1, 3))):
        separator = draw(st.sampled_from([",", "\n", '"', ":"]))
        parts = text.split(separator)
        place = draw(st.integers(0, len(parts) - 1))
        match draw(st.sampled_from(["word", "word", "word", "swap", "double", "out"])):
            case "word":
                parts[place] = draw(st.sampled_from(NASTY) | st.text(max_size=6))
            case "swap":
                other = draw(st.integers(0, len(parts) - 1))
                parts[place], parts[other] = parts[other], parts[place]
            case "double":
                parts.insert(place, parts[place])
            case "out":
                del parts[place]
        text = separator.join(parts)
    return text.encode(encoding, "replace")


def in_its_sheet(data: bytes, change: Callable[[bytes], bytes], part: str = "xl/worksheets/sheet1.xml") -> bytes:
    """The workbook with one part of its archive changed, and the archive itself whole."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            content = source.read(name)
            archive.writestr(name, change(content) if name == part else content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def sheet_with_other_words(draw: st.DrawFn, markup: bytes) -> bytes:
    """Contents of cells replaced, and rows and cells swapped, doubled or taken out."""
    text = markup.decode("utf-8")
    for _ in range(draw(st.integers(1, 3))):
        separator = draw(st.sampled_from(["<c ", "<row ", ">", "</t>"]))
        parts = text.split(separator)
        place = draw(st.integers(1, max(len(parts) - 1, 1)))
        match draw(st.sampled_from(["word", "double", "out"])):
            case "word" if separator == "</t>" and place < len(parts):
                head, sign, _ = parts[place].rpartition(">")
                word = draw(st.sampled_from(NASTY)).replace("\x00", "?").replace("<", "?")
                parts[place] = head + sign + word
            case "double":
                parts.insert(place, parts[min(place, len(parts) - 1)])
            case _ if len(parts) > 2:
                del parts[min(place, len(parts) - 1)]
        text = separator.join(parts)
    return text.encode("utf-8")


# --------------------------------------------------------------------------------------------- tests


@settings(profile, max_examples=examples(40))
@given(st.data())
def test_bytes_damaged_on_their_way_meet_a_verdict(data: st.DataObject) -> None:
    exchange_id, report_name = data.draw(st.sampled_from(PAIRS))
    broken = data.draw(st.composite(lambda draw: damaged(draw, native(exchange_id, report_name)))())
    assert_every_row_is_accounted_for(verdicts(broken, exchange_id, report_name, file_name(exchange_id, report_name)))


@settings(profile, max_examples=examples(45))
@given(st.data())
def test_texts_replaced_in_a_native_file_meet_a_verdict(data: st.DataObject) -> None:
    exchange_id, report_name = data.draw(st.sampled_from([pair for pair in PAIRS if pair[0] != "bithumb"]))
    encoding = native_layout(exchange_id, report_name).encoding
    start = native(exchange_id, report_name)
    broken = data.draw(st.composite(lambda draw: with_other_words(draw, start, encoding))())
    assert_every_row_is_accounted_for(verdicts(broken, exchange_id, report_name, file_name(exchange_id, report_name)))


@settings(profile, max_examples=examples(16))
@given(st.data())
def test_a_workbook_with_other_cells_meets_a_verdict(data: st.DataObject) -> None:
    report_name = data.draw(st.sampled_from(list(all_reports())))
    change = data.draw(st.sampled_from([damaged, sheet_with_other_words, sheet_with_other_words]))
    part = data.draw(st.sampled_from(["xl/worksheets/sheet1.xml"] * 5 + ["xl/workbook.xml", "[Content_Types].xml"]))
    broken = in_its_sheet(
        native("bithumb", report_name),
        lambda markup: data.draw(st.composite(lambda draw: change(draw, markup))()),
        part if change is damaged else "xl/worksheets/sheet1.xml",
    )
    assert_every_row_is_accounted_for(verdicts(broken, "bithumb", report_name, file_name("bithumb", report_name)))


@settings(profile, max_examples=examples(25))
@given(st.data())
def test_a_damaged_template_meets_a_verdict(data: st.DataObject) -> None:
    container, report_name = data.draw(st.sampled_from(TEMPLATES))
    exchange_id = data.draw(st.sampled_from(["upbit", "bithumb", "coinone", "korbit", "gopax"]))
    start = template(container, report_name)
    if container is Container.CSV and data.draw(st.booleans()):
        broken = data.draw(st.composite(lambda draw: with_other_words(draw, start, "utf-8"))())
    else:
        broken = data.draw(st.composite(lambda draw: damaged(draw, start))())
    name = file_name(exchange_id, report_name, container)
    assert name.endswith(ENDINGS[container])
    assert_every_row_is_accounted_for(verdicts(broken, exchange_id, report_name, name))


@settings(profile, max_examples=examples(8))
@given(st.data())
def test_a_file_of_one_report_filed_as_another_meets_a_verdict(data: st.DataObject) -> None:
    exchange_id, report_name = data.draw(st.sampled_from(PAIRS))
    other_exchange, other_report = data.draw(st.sampled_from(PAIRS))
    verdict = verdicts(
        native(exchange_id, report_name), other_exchange, other_report, file_name(exchange_id, report_name)
    )
    assert_every_row_is_accounted_for(verdict)
    if report_name != other_report:
        assert verdict.state is State.REJECTED

"""The sender's own file back in its own format, with the findings of each row beside it.

Once its cells are mended the file can be filed as it is, under the name it has: the findings are left out when it is
read (`etl.layout.is_annotation`). Nothing of the file is written anew but what stands beside it: the text of a CSV or
JSON record stays as it came, to the byte; a workbook gets one column more, a Parquet file one too. Findings without a
row stand beside the header, or, in JSON, at the beginning of the first record.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.styles import Alignment, PatternFill

from etl.coordinates import in_native_names, native_columns
from etl.layout import ANNOTATED_PREFIX, ANNOTATION_TITLES, Container, Layout
from expectations.catalogue import all_rules
from expectations.messages import message
from expectations.vocabulary import Finding

UNOPENED = frozenset({"SUB-001", "SUB-007", "SUB-008"})
"""Rules that refuse a file as a whole: it is no such file, its bytes are not kept, or it unpacks to too much."""
_BETWEEN = " / "
_MARKED = PatternFill("solid", start_color="FFF2CC")
_BOM = b"\xef\xbb\xbf"

Sentences = Mapping[int | None, str]
"""What is said of each row; None: of the file as a whole."""


def annotated_name(file: str, period: str) -> str:
    """The name under which a file of a period is handed out with its findings, and is taken back once it is mended.

    A name that does not say the period has it at its end.

    >>> annotated_name("korbit_halts_2026-11-02.csv", "2026-11-02"), annotated_name("halts.csv", "2026-11-02")
    ('findings_korbit_halts_2026-11-02.csv', 'findings_halts_2026-11-02.csv')
    """
    path = PurePath(file)
    own = path.name if period.lower() in path.name.lower() else f"{path.stem}_{period}{path.suffix}"
    return ANNOTATED_PREFIX + own.removeprefix(ANNOTATED_PREFIX)


def annotated_copy(data: bytes, layout: Layout, findings: Sequence[Finding], language: str) -> bytes:
    """Return the file with a sentence beside each row that has findings, in Korean or English."""
    if refused := sorted({finding.rule for finding in findings} & UNOPENED):
        raise ValueError(f"the file was refused before it was opened ({', '.join(refused)})")
    said = _sentences(findings, layout, language)
    title = ANNOTATION_TITLES[language]
    try:
        if layout.container is Container.CSV:
            return _csv(data, layout, said, title)
        if layout.container is Container.JSON:
            return _json(data, said, title)
        if layout.container is Container.XLSX:
            return _workbook(data, layout, said, title)
        return _parquet(data, said, title)
    except Exception as error:
        raise ValueError(f"the file cannot be opened as {layout.container.upper()}: {error}") from error


def _sentences(findings: Sequence[Finding], layout: Layout, language: str) -> Sentences:
    rules, columns = all_rules(), native_columns(layout)
    said: dict[int | None, list[str]] = defaultdict(list)
    for finding in findings:
        said[finding.row].append(
            f"[{finding.rule}] {message(in_native_names(finding, columns), rules[finding.rule], language)}"
        )
    return {row: _BETWEEN.join(sentences) for row, sentences in said.items()}


def _csv(data: bytes, layout: Layout, said: Sentences, title: str) -> bytes:
    """Each record with one field more; what the record said before stays as it was written."""
    mark = _BOM if data.startswith(_BOM) else b""
    lines = list(io.StringIO(data.removeprefix(mark).decode(layout.encoding), newline=""))
    out = io.StringIO(newline="")
    reader = csv.reader(lines, strict=True)
    start = 0
    for _ in reader:
        record, start, number = "".join(lines[start : reader.line_num]), reader.line_num, start + 1
        body = record.rstrip("\r\n")
        told = _beside_header(title, said) if number == 1 else said.get(number, "")
        is_bare = not body or (body == layout.nil_mark and not told)
        out.write(record if is_bare else f"{body},{_field(told)}{record[len(body) :]}")
    return mark + out.getvalue().encode(layout.encoding, "replace")


def _beside_header(title: str, said: Sentences) -> str:
    whole = _BETWEEN.join(text for row, text in said.items() if row in (None, 1))
    return f"{title}: {whole}" if whole else title


def _field(text: str) -> str:
    """A text as one field of a CSV record."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="").writerow([" ".join(text.split())])
    written = out.getvalue()
    return "" if written == '""' else written


def _json(data: bytes, said: Sentences, title: str) -> bytes:
    """Each record with a first member more; everything else stays as it was written."""
    text = data.decode("utf-8-sig")
    decoder = json.JSONDecoder()
    place = _start_of_records(text)
    parts = [text[:place]]
    number = 0
    while (begin := _next(text, place)) is not None and text[begin] == "{":
        number += 1
        _, end = decoder.raw_decode(text, begin)
        told = said.get(number, "")
        if number == 1 and None in said:
            told = _BETWEEN.join(part for part in (said[None], told) if part)
        member = f"{json.dumps(title, ensure_ascii=False)}:{json.dumps(told, ensure_ascii=False)}"
        empty = text[begin + 1 : end - 1].strip() == ""
        body = text[begin + 1 : end]
        parts += [text[place:begin], "{", member + ("" if empty else ","), body] if told else [text[place:end]]
        place = end
    return "".join([*parts, text[place:]]).encode("utf-8")


def _start_of_records(text: str) -> int:
    """Behind the bracket that opens the array of records: of the document, or of its member `data`."""
    document = json.loads(text)
    if isinstance(document, list):
        return text.index("[") + 1
    decoder = json.JSONDecoder()
    for found in _positions(text, '"data"'):
        bracket = text.find("[", found)
        if bracket >= 0 and decoder.raw_decode(text, bracket)[0] == document["data"]:
            return bracket + 1
    raise ValueError("there is no array of records")


def _positions(text: str, wanted: str) -> list[int]:
    found = [text.find(wanted)]
    while found[-1] >= 0:
        found.append(text.find(wanted, found[-1] + 1))
    return found[:-1]


def _next(text: str, place: int) -> int | None:
    """The next character that is neither space nor comma."""
    while place < len(text) and text[place] in " \t\r\n,":
        place += 1
    return place if place < len(text) else None


def _workbook(data: bytes, layout: Layout, said: Sentences, title: str) -> bytes:
    """One column more at the right of the report's sheet; rows with findings are marked."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book[layout.sheet] if layout.sheet in book.sheetnames else book.worksheets[0]
    beside = _column_beside(sheet, layout.header_row)
    sheet.cell(layout.header_row, beside, _beside_header(title, said))
    for row, text in said.items():
        if row is not None and row != layout.header_row:
            cell = sheet.cell(row, beside, text)
            cell.data_type = "s"  # what a sentence quotes may begin like a formula
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.fill = _MARKED
    sheet.column_dimensions[sheet.cell(1, beside).column_letter].width = 80
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _column_beside(sheet: Any, header_row: int) -> int:
    """The column behind the last header where nothing stands in it, so that no gap is left; else behind everything."""
    last = max((cell.column for cell in sheet[header_row] if cell.value is not None), default=0)
    is_free = all(cell.value is None for row in sheet.iter_rows(min_col=last + 1) for cell in row)
    return last + 1 if is_free else int(sheet.max_column) + 1


def _parquet(data: bytes, said: Sentences, title: str) -> bytes:
    """One column of text more."""
    table = pq.read_table(io.BytesIO(data))
    texts = [said.get(row, "") for row in range(1, table.num_rows + 1)]
    if texts and None in said:
        texts[0] = _BETWEEN.join(part for part in (said[None], texts[0]) if part)
    out = io.BytesIO()
    pq.write_table(table.append_column(title, pa.array(texts, pa.string())), out)
    return out.getvalue()

"""Mutations that prove the rules of all reports: what the reader finds, each in the exchange's own kind of file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from app.testbed.proof.files import Files, Wanted, mutation, one_row
from app.testbed.proof.ground import BEFORE, DAY
from app.testbed.proof.mutations.key_actions import add_step
from etl.evidence import digest_of
from etl.intake import Given
from etl.layout import Container
from etl.writing.native import write_canonical
from expectations.catalogue import parameter
from expectations.vocabulary import ValueType

KEYS = "api_keys"

# ---------------------------------------------------------------------------------------------- SUB-001

_UNREADABLE: Mapping[str, tuple[str, Callable[[bytes], bytes]]] = {
    "upbit": ("not_array", lambda data: b'{"data":' + data + b"}"),
    "bithumb": ("not_workbook", lambda data: data[: len(data) // 2]),
    "coinone": ("error_envelope", lambda data: data.replace(b'"error_code":"0"', b'"error_code":"4"')),
    "korbit": ("ragged_row", lambda data: data.rstrip() + b",1\r\n"),
    "gopax": ("utf8_where_cp949", lambda data: data.decode("cp949").encode("utf-8")),
}
"""How each exchange's file is spoiled: an object for an array, a cut archive, an error, a ragged line, UTF-8."""


@mutation("SUB-001", "the file is no file of the exchange's kind, each in a way of its own")
def unreadable(files: Files) -> Sequence[Wanted]:
    """The inventory of keys."""
    reason, spoil = _UNREADABLE[files.exchange.id]
    files.send(KEYS, spoil(files.native(KEYS)))
    return [files.wanted("SUB-001", KEYS, reason=reason)]


# --------------------------------------------------------------------------------------- SUB-002 to 006


@mutation("SUB-002", "a column has a name that the format does not know")
def other_column(files: Files) -> Sequence[Wanted]:
    """One column lacks, and one is unknown."""
    layout, name = files.layout(KEYS), "blocked_call_count"
    lacking = files.wanted("SUB-002", KEYS, column=name, reason="missing_column")
    renamed = {**layout.columns, name: replace(layout.columns[name], names=("surplus",))}
    files.write_as(KEYS, replace(layout, columns=renamed))
    return [lacking, files.wanted("SUB-002", KEYS, column="surplus", reason="unknown_column")]


other_day = one_row(
    "SUB-003",
    "a row is of the day before",
    KEYS,
    lambda row: row.update(snapshot_date=row["snapshot_date"] - timedelta(days=1)),
    has_subject=False,
)


@mutation("SUB-004", "the file itself names another period (Bithumb's B2) or, in the canonical template, exchange")
def says_otherwise(files: Files) -> Sequence[Wanted]:
    """The inventory of keys."""
    layout = files.layout(KEYS)
    if layout.period_cell:
        files.send(KEYS, files.native(KEYS, stated_period=BEFORE))
        return [files.wanted("SUB-004", KEYS, reason="other_period")]
    template = write_canonical(files.table(KEYS), files.shape(KEYS), Container.CSV)
    other = "gopax" if files.exchange.id != "gopax" else "upbit"
    files.send(
        KEYS,
        _with_exchange(template, other),
        container=Container.CSV,
        ground=_with_exchange(template, files.exchange.id),
    )
    return [files.wanted("SUB-004", KEYS, reason="other_exchange")]


def _with_exchange(template: bytes, name: str) -> bytes:
    """The template with the column that it may have besides."""
    header, *records = template.decode("utf-8").splitlines()
    return "\n".join([f"{header},exchange", *(f"{record},{name}" for record in records), ""]).encode()


@mutation("SUB-005", "three hours of a day of which the whole is accepted")
def partial_overlap(files: Files) -> Sequence[Wanted]:
    """A slice of the reconciliation."""
    begin, end = files.at(9), files.at(12)
    rows = files.rows("reconciliation")
    rows[:] = [row for row in rows if begin <= row["checked_at"] < end]
    part = f"{DAY}T09-12"
    files.send("reconciliation", files.native("reconciliation", stated_period=part), period=part)
    return [files.wanted("SUB-005", "reconciliation", period=part, reason="partial_overlap")]


@mutation("SUB-006", "a code that there is not, and a number that is not there")
def unread_cells(files: Files) -> Sequence[Wanted]:
    """In the last and in the first row."""
    layout, rows = files.layout(KEYS), files.rows(KEYS)
    scope = layout.columns["scope"]
    unknown = replace(scope, codes={**scope.codes, rows[-1]["scope"]: "?"})
    files.write_as(KEYS, replace(layout, columns={**layout.columns, "scope": unknown}))
    rows[0]["active_keys"] = None
    return [
        files.wanted("SUB-006", KEYS, row=len(rows) - 1, column="scope", reason="not_code"),
        files.wanted("SUB-006", KEYS, row=0, column="active_keys", reason="absent"),
    ]


# --------------------------------------------------------------------------------------- SUB-007 to 009

_SECRETS = {
    "resident_registration_number": "900101-1234567",
    "mobile_number": "010-1234-5678",
    "email_address": "hong@example.com",
    "raw_api_key": "a1B2c3D4e5F6g7H8i9J0k1L2",
}


@mutation("SUB-007", "notes hold a resident number, a telephone, an address and a key")
def secrets(files: Files) -> Sequence[Wanted]:
    """Four steps with a note each."""
    found = []
    for number, (reason, secret) in enumerate(_SECRETS.items(), 1):
        place = add_step(files, "monitoring", files.at(9), number=number, case=str(number), note=f"확인: {secret}")
        found.append((reason, place))
    return [files.wanted("SUB-007", "key_actions", row=place, column="note", reason=r) for r, place in found]


@mutation("SUB-008", "a file of a byte too much or, for a workbook, one that unpacks to too much")
def too_large(files: Files) -> Sequence[Wanted]:
    """The inventory of keys, padded."""
    data = files.native(KEYS)
    if files.layout(KEYS).container is Container.XLSX:
        files.send(KEYS, _with_member(data, bytes(4 * 2**20)))
        return [files.wanted("SUB-008", KEYS, reason="ratio_too_high")]
    files.send(KEYS, data.ljust(int(parameter("maximum_file_bytes")) + 1))
    return [files.wanted("SUB-008", KEYS, reason="too_large")]


def _with_member(data: bytes, content: bytes) -> bytes:
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("padding.bin", content)
    return target.getvalue()


_NO_TOTALS = "neither its own format nor the canonical template has a row of totals"


@mutation(
    "SUB-009",
    "the row of totals is that of other rows",
    not_applicable=dict.fromkeys(("upbit", "coinone", "korbit", "gopax"), _NO_TOTALS),
)
def wrong_totals(files: Files) -> Sequence[Wanted]:
    """The first row is not in the totals."""
    report = "api_volume"
    files.send(report, files.native(report, totals_without_first=True))
    first = files.rows(report)[0]
    summed = [f.name for f in files.shape(report).fields if f.type in (ValueType.KRW, ValueType.COUNT)]
    return [files.wanted("SUB-009", report, column=name, reason="total_differs") for name in summed if first[name] != 0]


_FAR_DAY = "2926-11-02"
"""A day whose year was mistyped: it has not ended by any clock."""


@mutation("SUB-010", "the year of the day is mistyped, and the day has not come")
def not_ended(files: Files) -> Sequence[Wanted]:
    """The inventory of keys."""
    files.send(KEYS, files.native(KEYS, stated_period=_FAR_DAY), period=_FAR_DAY)
    return [files.wanted("SUB-010", KEYS, period=_FAR_DAY, reason="not_ended")]


@mutation("SUB-011", "one row more is given than there is, and the hash of another file")
def other_given(files: Files) -> Sequence[Wanted]:
    """The inventory of keys."""
    data = files.native(KEYS)
    files.send(KEYS, data, given=Given(digest_of(data + b" "), f"{len(files.rows(KEYS)) + 1}"))
    return [files.wanted("SUB-011", KEYS, reason=reason) for reason in ("other_hash", "other_row_count")]


@mutation("SUB-012", "the canonical template as CSV, without the end of its last line")
def cut_off(files: Files) -> Sequence[Wanted]:
    """The inventory of keys."""
    data = write_canonical(files.table(KEYS), files.shape(KEYS), Container.CSV)
    files.send(KEYS, data.rstrip(b"\r\n"), container=Container.CSV)
    return [files.wanted("SUB-012", KEYS, reason="last_line_not_ended")]

"""One file's reading and judging have bounds: beyond one it is refused by SUB-008, with the number."""

import io
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.layout import Container
from expectations.catalogue import parameter
from expectations.vocabulary import State
from tests.golden.filing import canonical_file, findings_of, native_file, verdict_on

MOST_FINDINGS, MOST_CHARACTERS = (int(parameter(f"maximum_{name}")) for name in ("findings", "value_characters"))
KORBIT = ("korbit", "key_actions")


def korbit_lines(count: int, line: str) -> bytes:
    """Korbit's header and one line so many times."""
    header = native_file(*KORBIT).decode("utf-8-sig").splitlines()[0]
    return "\r\n".join([header, *[line] * count, ""]).encode()


# ------------------------------------------------------------------------------------------------ findings


@pytest.mark.parametrize(
    ("line", "each"),
    [
        ("a,b,c,d,e,f,g,h,i,j,k", 8),
        (" ", 1),
        ("010-1234-5678,,,,,,,,,,", 1),
        ("x,y,,,,,,,,,", 8),
    ],
    ids=["cells", "blank lines", "personal data", "absent cells"],
)
def test_of_more_findings_than_are_kept_the_number_is_told(line: str, each: int) -> None:
    count = MOST_FINDINGS // each + 1000
    found = findings_of(verdict_on(korbit_lines(count, line), *KORBIT))
    (told,) = [one for one in found if one.rule == "SUB-008"]
    assert (told.reason, told.found) == ("too_many_findings", f"{count * each}")
    assert told.expected == f"≤ {MOST_FINDINGS}"
    assert len(found) == MOST_FINDINGS + 1
    assert len({one.column for one in found} - {None}) == (each if each > 1 else 0)


def test_so_many_findings_as_are_kept_are_all_named() -> None:
    found = findings_of(verdict_on(korbit_lines(MOST_FINDINGS, " "), *KORBIT))
    assert Counter(one.reason for one in found) == {"only_blanks": MOST_FINDINGS}


def test_a_rare_fault_is_named_beside_a_common_one() -> None:
    data = korbit_lines(MOST_FINDINGS + 1, " ") + b"x,,,,,,,,,,\r\n"
    reasons = Counter(one.reason for one in findings_of(verdict_on(data, *KORBIT)))
    assert reasons == {"only_blanks": MOST_FINDINGS - 1, "no_record": 1, "too_many_findings": 1}


def test_findings_of_rules_are_bounded_like_those_of_cells() -> None:
    header, first = native_file("korbit", "reconciliation").decode("utf-8-sig").splitlines()[:2]
    data = "\r\n".join([header, *[first] * (MOST_FINDINGS + 2), ""]).encode()
    verdict = verdict_on(data, "korbit", "reconciliation")
    rules = Counter(one.rule for one in findings_of(verdict))
    assert verdict.state is State.REJECTED
    assert rules == {"REC-UNQ": MOST_FINDINGS, "SUB-008": 1}


@pytest.mark.slow
def test_the_command_refuses_each_and_goes_on(tmp_path: Path) -> None:
    record = json.loads(native_file("upbit", "reconciliation"))[0]
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name, data in {
        "upbit_reconciliation_2026-11-02.json": json.dumps(
            [record | {f"c{place}": 1 for place in range(100_000)}]
        ).encode(),
        "upbit_key_actions_2026-11-02.parquet": packed(pa.binary(20_000), b"x" * 20_000, 60_000),
        "korbit_key_actions_2026-11-02.csv": korbit_lines(2 * MOST_FINDINGS, " "),
        "korbit_halts_2026-11-02.csv": native_file("korbit", "halts"),
    }.items():
        (inbox / name).write_bytes(data)
    command = [sys.executable, "-c", "from app.cli import main; main()", "check", "--json", str(inbox)]
    done = subprocess.run(command, env=os.environ | {"DAXA_HOME": str(tmp_path / "home")}, capture_output=True)
    told = {Path(one["file"]).name.split("_2026")[0]: one for one in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    last = {name: one["findings"][-1]["rule"] for name, one in told.items()}
    assert last == {
        "upbit_reconciliation": "SUB-008",
        "upbit_key_actions": "SUB-008",
        "korbit_key_actions": "SUB-008",
        "korbit_halts": "HLT-006",
    }


# ------------------------------------------------------------------------------------------ length of a value


@pytest.mark.parametrize("container", [Container.JSON, Container.CSV, Container.PARQUET])
@pytest.mark.parametrize(("more", "is_refused"), [(0, False), (1, True)])
def test_a_value_has_a_longest_length(container: Container, more: int, is_refused: bool) -> None:
    value = "0" * (MOST_CHARACTERS + more)
    if container is Container.JSON:
        records = json.loads(native_file("upbit", "reconciliation"))
        records[1]["ledger_balance"] = value
        data, column = json.dumps(records).encode(), "ledger_balance"
    else:
        table = pq.read_table(io.BytesIO(canonical_file("reconciliation", Container.PARQUET)))
        column = "asset"
        place = table.schema.get_field_index(column)
        texts = [table[column][0].as_py(), value, *table[column].to_pylist()[2:]]
        data = (written := io.BytesIO()).getvalue()
        pq.write_table(table.set_column(place, column, pa.array(texts)), written)
        data = written.getvalue()
    if container is Container.CSV:
        lines = canonical_file("reconciliation", Container.CSV).decode().splitlines()
        lines[2] = lines[2].replace(lines[2].split(",")[1], value)
        data = "\n".join([*lines, ""]).encode()
    found = findings_of(verdict_on(data, "upbit", "reconciliation", container=container))
    named = [one.found for one in found if one.reason == "value_too_long"]
    row = 3 if container is Container.CSV else 2
    assert named == ([f"{column}, row {row}: {MOST_CHARACTERS + more}"] if is_refused else [])


# ------------------------------------------------------------------------------------------ Parquet that unpacks


def packed(kind: pa.DataType, value: object, rows: int, at_once: int = 2000) -> bytes:
    """One value in so many rows, which packs into next to nothing."""
    target = io.BytesIO()
    schema = pa.schema([("note", kind)])
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        part = pa.table({"note": pa.array([value] * at_once, kind)}, schema=schema)
        for _ in range(rows // at_once):
            writer.write_table(part)
    return target.getvalue()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.binary(20_000), b"x" * 20_000),
        (pa.struct([("inner", pa.string())]), {"inner": "x" * 20_000}),
        (pa.list_(pa.string()), ["x" * 20_000]),
        (pa.string(), "x" * 20_000),
    ],
    ids=["fixed length", "texts inside", "lists of texts", "texts"],
)
def test_parquet_is_counted_while_it_is_decoded(kind: pa.DataType, value: object) -> None:
    data = packed(kind, value, 60_000)
    assert len(data) < 20_000
    verdict = verdict_on(data, "upbit", "key_actions", container=Container.PARQUET)
    (finding,) = findings_of(verdict)
    most = int(parameter("maximum_unpacked_bytes"))
    assert (finding.rule, finding.reason) == ("SUB-008", "unpacked_too_large")
    assert most < int(str(finding.found).removeprefix("≥ ")) < 1.2 * most

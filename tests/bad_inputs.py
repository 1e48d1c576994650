"""Files that are none, each with what must be said of it: the same through the HTTP door and through the page."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

from app.testbed.simulator import canonical_table
from etl.exchanges import all_exchanges
from etl.writing.native import write_native
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period

DAY = "2026-11-02"
BITHUMB = f"bithumb_surveillance_{DAY}.xlsx"
KORBIT = f"korbit_surveillance_{DAY}.csv"
GOPAX = f"gopax_surveillance_{DAY}.csv"
UPBIT = f"upbit_surveillance_{DAY}.json"


@dataclass(frozen=True)
class Bad:
    """One bad input: its name, what makes its bytes, the rule and the sentence that refuse it.

    Where it never comes to a rule, `refused` names the sentence of the page and `status` is the door's answer.
    """

    name: str
    make: Callable[[], bytes]
    rule: str = ""
    reason: str = ""
    refused: str = ""
    status: int = 200
    exchange: str = ""

    @cached_property
    def data(self) -> bytes:
        """Its bytes, of some of which one would not want more at once."""
        return self.make()

    @property
    def sender(self) -> str:
        """Whose people send it."""
        return self.exchange or self.name.split("_")[0]


@cache
def good(name: str) -> bytes:
    """The file that the name promises."""
    exchange, report, _ = name.split("_", 2)
    period = Period.parse(DAY)
    table = canonical_table(exchange, report, period, seed=4, assets=2)
    return write_native(table, all_exchanges()[exchange], report_of(report), period)


def repacked(change: dict[str, bytes], name: str = BITHUMB) -> bytes:
    """A workbook in which some parts are others, or new."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good(name))) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change.get(part, old.read(part)))
        for part in change.keys() - set(old.namelist()):
            new.writestr(part, change[part])
    return out.getvalue()


def with_laughs() -> bytes:
    """A workbook whose sheet defines entities that grow tenfold with every line."""
    lines = ['<!ENTITY a0 "laugh">', *(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))]
    with zipfile.ZipFile(io.BytesIO(good(BITHUMB))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    head, _, rest = sheet.partition("?>")
    bomb = f"{head}?><!DOCTYPE worksheet [{''.join(lines)}]>{rest}".replace("<t>", "<t>&a9;", 1)
    return repacked({"xl/worksheets/sheet1.xml": bomb.encode()})


# A compound file begins with its mark, version 3 in little-endian order, sectors of 512 bytes; the directory's entry is
# the encrypted package of a workbook with a password.
COMPOUND = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + bytes(16)
    + b"\x3e\x00\x03\x00\xfe\xff\x09\x00\x06\x00"
    + bytes(478)
    + "EncryptedPackage".encode("utf-16-le")
    + bytes(480)
)


def of_another_exchange() -> bytes:
    """A canonical template that says itself that it is another exchange's."""
    names = report_of("halts").field_names
    values = {"exchange": "gopax", "halt_id": "H1", "scope": "asset", "target": "BTC", "functions": "deposit"}
    values |= {"trigger": "maintenance", "mode": "manual", "affected_account_count": "0"}
    values |= dict.fromkeys(("detected_at", "halted_at"), f"{DAY}T09:00:00+09:00")
    columns = ["exchange", *names]
    return "\n".join([",".join(columns), ",".join(values.get(name, "") for name in columns), ""]).encode()


BAD = {
    "wrong exchange in the file": Bad(f"korbit_halts_{DAY}.csv", of_another_exchange, "SUB-004", "other_exchange"),
    "zip bomb": Bad(BITHUMB, lambda: repacked({"xl/bomb.bin": bytes(300 * 2**20)}), "SUB-008", "ratio_too_high"),
    "xml bomb": Bad(BITHUMB, with_laughs, "SUB-001", "document_type"),
    "macro workbook": Bad(
        BITHUMB, lambda: repacked({"xl/vbaProject.bin": b"\xcc\x61" * 50}), "SUB-001", "macro_workbook"
    ),
    "macro workbook by its name": Bad(
        BITHUMB.replace(".xlsx", ".xlsm"), lambda: good(BITHUMB), "SUB-001", "wrong_container"
    ),
    "renamed program of Windows": Bad(KORBIT, lambda: b"MZ\x90\x00" + bytes(range(256)), "SUB-001", "program"),
    "renamed program of Linux": Bad(BITHUMB, lambda: b"\x7fELF\x02\x01\x01" + bytes(300), "SUB-001", "program"),
    "workbook with a password": Bad(BITHUMB, lambda: COMPOUND, "SUB-001", "encrypted_workbook"),
    "0 bytes": Bad(KORBIT, lambda: b"", "SUB-001", "empty_file"),
    "truncated JSON": Bad(UPBIT, lambda: good(UPBIT)[:-40], "SUB-001", "truncated_json"),
    "truncated workbook": Bad(BITHUMB, lambda: good(BITHUMB)[:-200], "SUB-001", "not_workbook"),
    "truncated line": Bad(KORBIT, lambda: good(KORBIT)[:-25], "SUB-001", "ragged_row"),
    "CP949 that is UTF-8": Bad(GOPAX, lambda: good(GOPAX).decode("cp949").encode(), "SUB-001", "utf8_where_cp949"),
    "over-long name": Bad(
        "korbit_halts_2026-11-02" + "x" * 300 + ".csv", lambda: b"x", refused="long_name", status=422
    ),
    "name of another exchange": Bad(GOPAX, lambda: b"x", refused="other_exchange", status=403, exchange="korbit"),
}

"""What is to be filed: paths walked, and what a file's name says it is (specification, 3.6).

A name reads `EXCHANGE_REPORT_PERIOD.EXT`, in capitals or small letters; given exchange, report or period win over it.
A name may be any bytes: what cannot be shown of it is shown escaped (`shown`), and nothing else of ours ever holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from etl.encodings import text_of
from etl.exchanges import all_exchanges, exchange
from etl.layout import ANNOTATED_PREFIX
from etl.plain_files import is_plain, open_plain, read_plain, too_large
from expectations.catalogue import all_reports, parameter, report
from expectations.vocabulary import Period

_NAME = re.compile(r"(?P<exchange>[a-z0-9]+)_(?P<report>[a-z_]+)_(?P<period>[0-9][0-9T-]*)", re.ASCII | re.IGNORECASE)
_ANNOTATED = re.compile(f"^(?:{ANNOTATED_PREFIX})+", re.IGNORECASE)
SIDE_ENDINGS = (".sha256", ".sha256sum", ".sha512", ".sha1", ".md5", ".asc", ".sig", ".p7s")
"""Endings of files that lie beside a report and say something of it: checksums and signatures. They are no reports."""
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_COUNT = re.compile(r"[0-9]{1,18}", re.ASCII)
SIDE_FILE = ".sha256"
"""The ending of the side file, after the whole name of the file, that says its hash and its number of rows."""
_SUM = re.compile(r"(?P<sum>\S+)(?:\s+\*?(?P<name>.+))?")
_TAGGED_SUM = re.compile(r"SHA-?256\s*\((?P<name>.+)\)\s*=\s*(?P<sum>\S+)", re.IGNORECASE)
_LISTED_SUM = re.compile(r"SHA256\s+(?P<sum>[0-9A-Fa-f]{64})(?:\s+(?P<name>\S.*))?")
"""As PowerShell's Get-FileHash lists it, below `_TITLE`."""
_PATH_STEP = re.compile(r"[\\/]")
_TITLE = re.compile(r"Algorithm\s+Hash\s+Path|[-\s]+")
_ROWS = re.compile(r"#\s*rows\s*[:=]\s*(?P<rows>\S+)", re.IGNORECASE)
_LARGEST_SIDE_FILE = 65_536
_LONGEST_GIVEN = 128
_BYTES_FROM = 0xDC00
"""Where Python puts the bytes of a name that are no text (PEP 383)."""


class NotAFilingError(ValueError):
    """A file whose exchange, report or period is not known, with a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file is said to be: whose, which report, for which period."""

    exchange: str
    report: str
    period: Period


@dataclass(frozen=True, slots=True)
class Given:
    """What a sender says of the content beside the file (3.12), as it was written; None where nothing is said."""

    sha256: str | None = None
    rows: str | None = None

    @property
    def is_hash(self) -> bool:
        """True where nothing is said of the hash, or what is said can be one."""
        return self.sha256 is None or _HASH.fullmatch(self.sha256) is not None

    @property
    def row_count(self) -> int | None:
        """The number of rows, where one is given and it is a number."""
        return int(self.rows) if self.rows is not None and _COUNT.fullmatch(self.rows) else None

    def agrees_with(self, sha256: str, row_count: int | None) -> bool:
        """Whether a file of that hash and number of rows is what the sender says; None: its rows were not counted."""
        is_same = self.sha256 is None or self.sha256.lower() == sha256
        return is_same and (self.rows is None or row_count is None or self.row_count == row_count)


NOTHING_GIVEN = Given()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to be filed and its declared exchange, report and period; `sent_as` is the sender's name of it."""

    path: Path
    declared: Declared
    sent_as: str = ""
    given: Given = NOTHING_GIVEN

    @property
    def name(self) -> str:
        """The name that the sender gave it."""
        return self.sent_as or self.path.name

    def read(self) -> bytes:
        """The bytes of the file; OSError where it is gone, a link, no plain file, or far larger than one may be."""
        return read_plain(self.path, most_read())

    @property
    def shown_path(self) -> str:
        """The path as it was found, as records, answers and people get it."""
        return shown(self.path)


def most_read() -> int:
    """So many bytes of a file are read at most: more than it may have (SUB-008), so that it is told how many too many.

    What is larger still is passed over by its size alone.
    """
    return 2 * int(parameter("maximum_file_bytes"))


def shown(path: PurePath | str) -> str:
    r"""A path or name as text that can be printed and kept everywhere, in UTF-8.

    A byte that is no UTF-8 is written `\xb1`, a character that cannot be printed (a line break, a control character,
    one that turns the direction of writing) as Python escapes it; everything else stands as it is.
    """
    return "".join(one if one.isprintable() else _escaped(one) for one in str(path))


def _escaped(character: str) -> str:
    """As Python escapes it; a byte that the name of a file holds and that is no character comes as half a pair."""
    code = ord(character)
    if _BYTES_FROM + 0x80 <= code <= _BYTES_FROM + 0xFF:
        return f"\\x{code - _BYTES_FROM:02x}"
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def given_beside(path: Path) -> Given:
    """What the side file `NAME.sha256` says of the file at `path` (3.12); nothing where there is none.

    A line is what `sha256sum` writes, with `--tag` or without, or the hash alone; `# rows: 5760` gives the number of
    rows. Where lines name files, the one with the file's name counts. What cannot be understood is given too, so that
    it agrees with no file (SUB-011) instead of being passed over.
    """
    side = path.with_name(path.name + SIDE_FILE)
    if not is_plain(side):
        return NOTHING_GIVEN
    with open_plain(side) as file:
        return given_in(file.read(_LARGEST_SIDE_FILE), path.name)


def given_in(side_file: bytes, name: str) -> Given:
    """What a side file says of the file of that name."""
    text = text_of(side_file[:_LARGEST_SIDE_FILE]).removeprefix("\ufeff")
    rows: str | None = None
    sums: list[tuple[str | None, str]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if said := _ROWS.fullmatch(line):
            rows = said["rows"][:_LONGEST_GIVEN]
        elif not line.startswith("#") and not _TITLE.fullmatch(line):
            found = _TAGGED_SUM.fullmatch(line) or _LISTED_SUM.fullmatch(line) or _SUM.fullmatch(line)
            sums.append((found["name"], found["sum"]) if found else (None, line))
    own = [found for said, found in sums if said is not None and _PATH_STEP.split(said)[-1] == name]
    others = [found for said, found in sums if said is None or len(sums) == 1]
    sha256 = next(iter(own or others), "" if sums else None)
    return Given(None if sha256 is None else sha256[:_LONGEST_GIVEN], rows)


def said_by(name: str) -> dict[str, str]:
    """What a file's name says of itself: `exchange`, `report` and `period`, or nothing where it is no such name.

    Capitals count as small letters: file systems and old programs change them, and no two exchanges or reports differ
    in them alone. The name under which a file was handed out with its findings says what the file's own name says.
    """
    match = _NAME.fullmatch(_ANNOTATED.sub("", PurePath(name).stem))
    if match is None:
        return {}
    return {"exchange": match["exchange"].lower(), "report": match["report"].lower(), "period": match["period"].upper()}


def declare(
    name: str, *, exchange_id: str | None = None, report_name: str | None = None, period: str | None = None
) -> Declared:
    """What `name` and the given words say; NotAFilingError in one sentence where they leave something open."""
    said, name = said_by(name), shown(name)
    if name.lower().endswith(SIDE_ENDINGS):
        raise NotAFilingError(f"{name}: it lies beside a report and says something of it; it is no report itself")
    chosen_exchange = exchange_id or said.get("exchange")
    chosen_report = report_name or said.get("report")
    chosen_period = period or said.get("period")
    if not chosen_exchange or not chosen_report or not chosen_period:
        raise NotAFilingError(
            f"{name}: the name does not say what it is; call it EXCHANGE_REPORT_PERIOD.EXT "
            "(upbit_reconciliation_2026-11-02.json) or give --exchange, --report and --period"
        )
    if chosen_exchange not in all_exchanges():
        raise NotAFilingError(
            f"{name}: there is no exchange '{chosen_exchange}'; the members are {', '.join(all_exchanges())}"
        )
    if chosen_report not in all_reports():
        raise NotAFilingError(
            f"{name}: there is no report '{chosen_report}'; the reports are {', '.join(all_reports())}"
        )
    try:
        parsed = Period.parse(chosen_period, report(chosen_report).cadence)
    except ValueError as error:
        raise NotAFilingError(f"{name}: {error}") from error
    return Declared(exchange(chosen_exchange).id, chosen_report, parsed)


def find(
    paths: Iterable[Path],
    *,
    exchange_id: str | None = None,
    report_name: str | None = None,
    period: str | None = None,
) -> Iterator[Candidate | NotAFilingError]:
    """The files behind `paths`, folders walked in order of name.

    What is in a folder and cannot be filed (its name does not say what it is, it cannot be read, it is a link, a pipe
    or a socket, or far too large) is yielded as NotAFilingError, to be passed over by name, and so are a link and a
    file beside a report that are given by themselves, as a shell's `*` does. Anything else that is given by itself, or
    a path that is not there, raises it.
    """
    given = {"exchange_id": exchange_id, "report_name": report_name, "period": period}
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise NotAFilingError(f"{shown(path)}: there is no such file or folder; check the path")
        if path.is_dir():
            yield from _walked(path, given)
            continue
        try:
            yield _candidate(path, given)
        except NotAFilingError as error:
            if not path.name.lower().endswith(SIDE_ENDINGS) and not path.is_symlink():
                raise
            yield error  # a shell's `*` gives it as it gives the others of the folder


def _walked(folder: Path, given: Mapping[str, str | None]) -> Iterator[Candidate | NotAFilingError]:
    """What is in a folder and in those in it, by name; links to folders are not followed, so that none is walked twice.

    However deep folders lie in one another, none is too deep.
    """
    open_folders: list[Iterator[Path]] = [_entries(folder)]
    while open_folders:
        path = next(open_folders[-1], None)
        if path is None:
            open_folders.pop()
            continue
        try:
            if path.is_dir() and not path.is_symlink():
                open_folders.append(_entries(path))
            else:
                yield _candidate(path, given)
        except NotAFilingError as error:
            yield error
        except OSError as error:
            yield NotAFilingError(f"{shown(path)}: it cannot be read ({error.strerror})")


def _entries(folder: Path) -> Iterator[Path]:
    """What is in a folder, by name; NotAFilingError where it cannot be opened."""
    try:
        return iter(sorted(folder.iterdir()))
    except OSError as error:
        raise NotAFilingError(f"{shown(folder)}: the folder cannot be opened ({error.strerror})") from error


def _candidate(path: Path, given: Mapping[str, str | None]) -> Candidate:
    """The file with what it is said to be; NotAFilingError where that is not clear, or it is no file to be read."""
    whole = shown(path)
    try:
        declared = declare(path.name, **given)
    except NotAFilingError as error:
        raise NotAFilingError(whole.removesuffix(shown(path.name)) + str(error)) from error
    if path.is_dir():
        raise NotAFilingError(f"{whole}: a link to a folder is not followed; give the folder itself")
    if path.is_symlink():
        raise NotAFilingError(f"{whole}: links are not followed; give the file itself")
    if not path.is_file():
        raise NotAFilingError(f"{whole}: it is no file that can be read (a pipe, a socket or a device)")
    if (size := path.stat().st_size) > most_read():
        raise NotAFilingError(f"{whole}: {too_large(size, most_read())}; file a day in slices")
    try:
        path.open("rb").close()
    except OSError as error:
        raise NotAFilingError(f"{whole}: it cannot be read ({error.strerror})") from error
    return Candidate(path, declared, given=given_beside(path))

"""Secrets and personal data in a file's raw bytes, whatever the file is and whether or not it can be read (SUB-007).

Text is searched in the encoding that it is in, UTF-16 and UTF-32 too, with the escapes of JSON resolved. Of a workbook
every part is searched, with the runs of a rich text joined, and files inside of it, to a depth; what is packed is
unpacked, within a limit. Of other bytes the stretches that are text are searched.
"""

from __future__ import annotations

import bz2
import codecs
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from html import unescape
from itertools import islice
from typing import IO, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from etl.encodings import text_of, wide_encoding
from etl.personal_data import Secret, masking, may_hold_secret, secrets_in

_CHUNK = 1 << 20
_MOST_AT_ONCE = 1 << 28
"""What is no XML is held as a whole, no more than so many bytes of it."""
_PACKED_CHUNK = 4096
_OVERLAP = 4096
"""So many characters of a part are searched with the chunk before and with the one after."""
_DEEPEST = 3
"""Files inside of files are followed so far."""
_SHORTEST = 9
"""Stretches of bytes shorter than this hold no number of a person, nor an address that could be told from chance."""
_LINE_END = re.compile("\r\n|\n|\r")
_SECTION = re.compile(r"&amp;[LCR](?=[0-9(+])")
"""What begins a section of a header or footer of a page."""
_BETWEEN = re.compile(r'[^<>"\r\n]{6,}')
"""A text in XML between tags and the quotes of attributes, where it is long enough to hold anything."""
_HAS_RUNS = re.compile(r"<(?:[A-Za-z0-9]+:)?r[ >]")
_OF_RUNS = re.compile(
    r"<(?:[A-Za-z0-9]+:)?rPr\b[^>]*/>|<((?:[A-Za-z0-9]+:)?)rPr\b[^>]*>.*?</\1rPr>|</?(?:\w+:)?[rt](?: [^>]*)?>", re.S
)
"""What stands between the runs of one text: their ends, their beginnings and how they are to be shown."""
_CELL_IN_XML = re.compile(r'\s(?:r|ref)="([A-Z]{1,3}[0-9]{1,7})"')
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding=["']([A-Za-z0-9_.-]{1,40})["']""")
_ESCAPES = re.compile(r"(?:\\u[0-9A-Fa-f]{4})+|\\/")
_STRETCHES = {
    encoding: re.compile(pattern % _SHORTEST)
    for encoding, pattern in (
        ("ascii", rb"[\x20-\x7e]{%d,}"),
        ("utf-16-le", rb"(?:[\x20-\x7e]\x00){%d,}"),
        ("utf-16-be", rb"(?:\x00[\x20-\x7e]){%d,}"),
        ("utf-32-le", rb"(?:[\x20-\x7e]\x00\x00\x00){%d,}"),
    )
}
_LIKELY_ENDS = re.compile(r"\.(?:kr|com|net|org|io|co|jp|cn|us|info|biz|gov|edu|ai|app|dev|me)\Z")
"""How addresses end; any two letters do by chance among enough bytes that are no text."""
_BINARY = (b"PAR1", b"ARROW1", b"%PDF", b"\xd0\xcf\x11\xe0")
_SHEETS = re.compile(r"<(?:\w+:)?sheet\s[^>]*>")
_RELATIONS = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')


class _Decompressor(Protocol):
    """What unpacks a file piece by piece."""

    @property
    def eof(self) -> bool:
        """True after the end of what was packed."""

    @property
    def unused_data(self) -> bytes:
        """What stands behind that end."""

    def decompress(self, data: bytes, /) -> bytes:
        """Unpack the next piece."""


_UNPACKERS: dict[bytes, Callable[[], _Decompressor]] = {
    b"\x1f\x8b": partial(zlib.decompressobj, 16 + zlib.MAX_WBITS),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lzma.LZMADecompressor,
}


@dataclass(slots=True)
class _Budget:
    """How many bytes may still be unpacked."""

    left: int


@dataclass(frozen=True, slots=True)
class _Text:
    """A text to be searched line by line, and where each line stands."""

    lines: list[str]
    place: Callable[[int], str]
    is_chance: bool = False
    """True where it may be text by chance alone."""


def secrets_in_bytes(data: bytes, most_bytes: int) -> Iterator[tuple[str, Secret]]:
    """Return the secrets that stand in a file's raw bytes, each with its place; only forms with separators count.

    Of those that are masked alike the first is returned. No more than `most_bytes` are unpacked.
    """
    sign = may_hold_secret(is_free=False, may_hold_key=False)
    seen: set[tuple[str, str]] = set()
    for text in _texts(data, _Budget(most_bytes), "", 0):
        hits = pc.match_substring_regex(pa.array(text.lines, pa.string()), sign)
        for number in pc.indices_nonzero(hits).to_pylist():
            for secret in secrets_in(text.lines[number], is_free=False):
                known = (secret.reason, secret.masked)
                if known not in seen and not (text.is_chance and _is_chance(secret)):
                    seen.add(known)
                    yield masking(text.place(number)), secret


def _is_chance(secret: Secret) -> bool:
    return secret.reason == "email_address" and _LIKELY_ENDS.search(secret.value) is None


def _texts(data: bytes, budget: _Budget, inside: str, depth: int) -> Iterator[_Text]:
    """The texts of a file, or of one inside of it; `inside` is where that one stands."""
    if depth <= _DEEPEST:
        if data.startswith(b"PK"):
            yield from _parts(data, budget, inside, depth)
            return
        unpack = next((unpack for magic, unpack in _UNPACKERS.items() if data.startswith(magic)), None)
        if unpack is not None:
            unpacked = _unpacked(unpack, data, budget)
            yield from _texts(unpacked, budget, inside, depth + 1) if unpacked else ()
            return
    if wide_encoding(data) is None and (data.startswith(_BINARY) or b"\x00" in data):
        yield from _stretches(data, inside)
    else:
        yield _lines(_resolved(text_of(data)), inside)


def _lines(text: str, inside: str) -> _Text:
    return _Text(_LINE_END.split(text), lambda number: f"{inside}line {number + 1}")


def _resolved(text: str) -> str:
    r"""Return text with the characters that JSON writes as `\u0040`, but for line breaks and the like."""
    return _ESCAPES.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    if match[0] == "\\/":
        return "/"
    units = (int(unit, 16) for unit in match[0].split("\\u")[1:])
    letters = "".join(" " if unit < 0x20 else chr(unit) for unit in units)
    return letters.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _stretches(data: bytes, inside: str) -> Iterator[_Text]:
    """The stretches of bytes that are text, in ASCII or with the zeros of a wider encoding between."""
    view = memoryview(data)
    for start in range(0, len(data), _CHUNK):
        chunk = view[start : start + _CHUNK + _OVERLAP].tobytes()
        if not chunk.strip(b"\x00"):
            continue
        for encoding, pattern in _STRETCHES.items():
            matches = list(pattern.finditer(chunk)) if encoding == "ascii" or b"\x00" in chunk else []
            lines = [match[0].decode(encoding) for match in matches]
            offsets = [start + match.start() for match in matches]
            yield _Text(lines, partial(_place_of_byte, inside, offsets), is_chance=encoding == "ascii")


def _place_of_byte(inside: str, offsets: list[int], number: int) -> str:
    return f"{inside}byte {offsets[number]}"


def _unpacked(new: Callable[[], _Decompressor], data: bytes, budget: _Budget) -> bytes:
    """As much of a compressed file as can be unpacked within the budget, and up to where it is damaged."""
    pieces, decompressor = [], new()
    least_left = max(0, budget.left - _MOST_AT_ONCE)
    with suppress(OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
        for start in range(0, len(data), _PACKED_CHUNK):
            packed = data[start : start + _PACKED_CHUNK]
            while packed and budget.left > least_left:
                decompressor = new() if decompressor.eof else decompressor
                pieces.append(decompressor.decompress(packed))
                budget.left -= len(pieces[-1])
                packed = decompressor.unused_data if decompressor.eof else b""
    return b"".join(pieces)


# ------------------------------------------------------------------------------------------ parts of an archive


def _parts(data: bytes, budget: _Budget, inside: str, depth: int) -> Iterator[_Text]:
    """The texts of every part of an archive, the names of its parts and its notes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            yield _Text([_storable(name) for name in names], lambda _: f"{inside}names")
            notes = [archive.comment, *(member.comment for member in members)]
            yield _Text([line for note in notes for line in _LINE_END.split(text_of(note))], lambda _: f"{inside}notes")
            sheets = _sheet_names(archive, names)
            for member in members:
                yield from _part(archive, member, sheets, budget, inside, depth)
    except Exception:
        # The library raises whatever a damaged archive leads it to; what was not unpacked is searched as it is.
        yield from _stretches(data, inside)


def _part(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    sheets: dict[str, str],
    budget: _Budget,
    inside: str,
    depth: int,
) -> Iterator[_Text]:
    if budget.left <= 0:
        return
    name = f"{inside}{_storable(member.filename)}"
    with archive.open(member) as stream:
        first = stream.read(min(_CHUNK, budget.left))
        budget.left -= len(first)
        encoding = _xml_encoding(first)
        if encoding is not None:
            yield from _xml_texts(first, stream, encoding, budget, name, sheets.get(member.filename))
            return
        pieces, least_left = [first], max(0, budget.left - _MOST_AT_ONCE)
        while budget.left > least_left and (piece := stream.read(min(_CHUNK, budget.left))):
            budget.left -= len(piece)
            pieces.append(piece)
    yield from _texts(b"".join(pieces), budget, f"{name}, ", depth + 1)


def _xml_encoding(first: bytes) -> str | None:
    """The encoding of a part that is XML; None where it is something else."""
    wide = wide_encoding(first)
    start = first[:200].decode(wide or "latin-1", "replace").lstrip("\ufeffï»¿ \t\r\n")
    if not start.startswith("<"):
        return None
    if wide is not None:
        return wide
    declared = _ENCODING.search(first[:200])
    try:
        return codecs.lookup(declared[1].decode("ascii")).name if declared else "utf-8"
    except LookupError:
        return "utf-8"


def _xml_texts(
    first: bytes,
    stream: IO[bytes],
    encoding: str,
    budget: _Budget,
    name: str,
    sheet: str | None,
) -> Iterator[_Text]:
    """The texts between the tags of a part, chunk by chunk, each chunk beginning with the end of the one before."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    tail, cell, piece = "", "", first
    while piece:
        text = tail + decoder.decode(piece)
        yield from _between_tags(text, name, sheet, cell)
        cells = _CELL_IN_XML.findall(text)
        cell = cells[-1] if cells else cell
        tail = text[-_OVERLAP:]
        tail = tail[max(0, tail.find("<")) :]
        piece = stream.read(min(_CHUNK, budget.left)) if budget.left > 0 else b""
        budget.left -= len(piece)


def _between_tags(text: str, name: str, sheet: str | None, cell: str) -> Iterator[_Text]:
    versions = [text]
    if _HAS_RUNS.search(text):
        versions.append(_OF_RUNS.sub("", text))
    for version in versions:
        version = _SECTION.sub('""', version) if "&amp;" in version else version
        lines = [unescape(line) if "&" in line else line for line in _BETWEEN.findall(version)]
        yield _Text(lines, partial(_place, version, name, sheet, cell))


def _place(text: str, name: str, sheet: str | None, cell: str, number: int) -> str:
    """Where a line of a part stands: the sheet and the cell that begins last before it, where the part has cells."""
    match = next(islice(_BETWEEN.finditer(text), number, None))
    before = _CELL_IN_XML.findall(text, 0, match.start())
    cell = before[-1] if before else cell
    if sheet is None:
        return f"{name}, {cell}" if cell else name
    return f"{sheet}!{cell}" if cell else f"{sheet} ({name})"


def _sheet_names(archive: zipfile.ZipFile, names: list[str]) -> dict[str, str]:
    """The names of sheets by the part that each is, and by those that hold its comments."""
    known = set(names)

    def part(path: str) -> str:
        if path not in known or archive.getinfo(path).file_size > _CHUNK:
            return ""
        with archive.open(path) as stream:
            raw = stream.read(_CHUNK)
        return raw.decode(wide_encoding(raw) or "utf-8", "replace")

    def related(path: str) -> dict[str, str]:
        folder, _, file = path.rpartition("/")
        pairs = (dict(_ATTRIBUTE.findall(one)) for one in _RELATIONS.findall(part(f"{folder}/_rels/{file}.rels")))
        return {one.get("Id", ""): _joined(folder, one.get("Target", "")) for one in pairs}

    targets = related("xl/workbook.xml")
    found: dict[str, str] = {}
    for one in _SHEETS.findall(part("xl/workbook.xml")):
        attributes = dict(_ATTRIBUTE.findall(one))
        path = targets.get(next((value for key, value in attributes.items() if key.endswith(":id")), ""), "")
        if path in known:
            name = unescape(attributes.get("name", ""))
            found[path] = name
            found |= {target: name for target in related(path).values() if target not in found}
    return found


def _joined(folder: str, target: str) -> str:
    parts = [] if target.startswith("/") else folder.split("/")
    for step in target.split("/"):
        if step == "..":
            parts = parts[:-1]
        elif step not in ("", "."):
            parts.append(step)
    return "/".join(parts)


def _storable(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")

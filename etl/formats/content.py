"""What the bytes of a file are, whatever it is called: decided before any reader opens it.

A reader that is handed another kind of file says something misleading, or worse reads it. Names of kinds are those that
people know (gzip, old XLS), so that the sender sees what to save anew.
"""

from __future__ import annotations

import io
import zipfile

from etl.encodings import wide_encoding
from etl.formats.table import UnreadableError
from etl.layout import Container

_PROGRAMS = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"#!")
"""How programs begin: of Windows, Linux and macOS, and scripts."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_MAGICS = (
    (b"\x1f\x8b", "gzip", "GZIP"),
    (b"BZh", "compressed", "BZIP2"),
    (b"\xfd7zXZ\x00", "compressed", "XZ"),
    (b"\x28\xb5\x2f\xfd", "compressed", "ZSTD"),
    (b"7z\xbc\xaf\x27\x1c", "compressed", "7Z"),
    (b"Rar!", "compressed", "RAR"),
    (b"%PDF", "other_document", "PDF"),
    (b"{\\rtf", "other_document", "RTF"),
)
_PARQUET = b"PAR1"
_PARQUET_ENCRYPTED = b"PARE"
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"


def must_be(data: bytes, container: Container) -> None:
    """Raise UnreadableError (SUB-001), saying what the file is, where it is not of the kind that its name says."""
    wanted = container.value.upper()
    if data.startswith(_PROGRAMS):
        raise UnreadableError("program", data[:4].decode("latin-1").strip("\x7f"), wanted)
    for magic, reason, name in _MAGICS:
        if data.startswith(magic):
            raise UnreadableError(reason, name, wanted)
    wide = wide_encoding(data)
    if wide is not None and (container in (Container.CSV, Container.JSON) or data.startswith((b"\xff", b"\xfe"))):
        raise UnreadableError("utf16", wide[:6].upper(), wanted)
    if data.startswith(_OLE):
        is_encrypted = _ENCRYPTED_STREAM in data
        raise UnreadableError("encrypted_workbook" if is_encrypted else "old_workbook", _ole_name(is_encrypted), wanted)
    kind = _kind_of(data)
    if kind is Container.PARQUET and container is Container.PARQUET and not data.endswith(_PARQUET):
        raise UnreadableError("not_parquet", "PAR1 …", "PAR1 … PAR1")
    if kind is container or (kind is None and container in (Container.CSV, Container.JSON)):
        return
    if isinstance(kind, str) and not isinstance(kind, Container):
        raise UnreadableError(kind, _name_of(kind), wanted)
    if kind is None:
        raise UnreadableError("not_parquet" if container is Container.PARQUET else "not_workbook", _begin(data), wanted)
    raise UnreadableError("other_container", kind.value.upper(), wanted)


def _ole_name(is_encrypted: bool) -> str:
    return "OLE2, EncryptedPackage" if is_encrypted else "XLS (OLE2)"


def _name_of(kind: str) -> str:
    return {"open_document": "ODS", "zip_archive": "ZIP", "encrypted_parquet": "PARE"}[kind]


def _begin(data: bytes) -> str:
    """The first bytes, for a person who looks at the file."""
    return data[:16].decode("utf-8", "replace").replace("\ufffd", "·")


def _kind_of(data: bytes) -> Container | str | None:
    """The container that the bytes are, or the name of another kind; None for what may be text."""
    if data.startswith(_PARQUET):
        return Container.PARQUET
    if data.startswith(_PARQUET_ENCRYPTED):
        return "encrypted_parquet"
    if not data.startswith(b"PK"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {name.lower() for name in archive.namelist()}
            if "mimetype" in archive.namelist():
                with archive.open("mimetype") as member:
                    if member.read(60).startswith(_OPEN_DOCUMENT):
                        return "open_document"
    except Exception:
        # The library raises whatever a damaged directory leads it to; opening the archive says what is wrong with it.
        return Container.XLSX
    if "[content_types].xml" in names or any(name.startswith("xl/") for name in names):
        return Container.XLSX
    return "open_document" if "content.xml" in names else "zip_archive"

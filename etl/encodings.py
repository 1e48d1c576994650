"""In which encoding bytes are, where nobody says it: UTF-16 and UTF-32 are known by their marks, or by their zeros."""

from __future__ import annotations

_WIDE_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SAMPLE = 4096


def wide_encoding(data: bytes) -> str | None:
    """The encoding of text in UTF-16 or UTF-32, by its mark or by where its zeros stand; None for other bytes."""
    for mark, encoding in _WIDE_MARKS:
        if data.startswith(mark):
            return encoding
    sample = data[: min(_SAMPLE, len(data) // 4 * 4) or 2]
    if b"\x00" not in sample:
        return None
    zeros = [sample[place::4].count(0) for place in range(4)]
    fours, even, odd = len(sample) // 4, zeros[0] + zeros[2], zeros[1] + zeros[3]
    least = max(2, fours // 16)
    for encoding, is_likely in (
        ("utf-32-le", fours and zeros[2] == zeros[3] == fours),
        ("utf-32-be", fours and zeros[0] == zeros[1] == fours),
        ("utf-16-le", odd >= least and even * 8 <= odd),
        ("utf-16-be", even >= least and odd * 8 <= even),
    ):
        if is_likely and _is_text_in(sample, encoding):
            return encoding
    return None


def _is_text_in(sample: bytes, encoding: str) -> bool:
    """True where bytes are characters in the encoding; the last may be cut, and none is a control character."""
    text = sample.decode(encoding, "replace")
    return "\ufffd" not in text[:-1] and not any(letter < " " and letter not in "\t\r\n" for letter in text)


def text_of(data: bytes) -> str:
    """Bytes as text, in the first of UTF-16, UTF-32, UTF-8 and CP949 that they are in, else byte by byte."""
    if (wide := wide_encoding(data)) is not None:
        return data.decode(wide, "replace")
    for encoding in ("utf-8", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")

"""Sealed files: what was written comes back whole to the holder of the key, and anything else is refused."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.sealing import OpeningKey, OpeningReader, SealBrokenError, SealingWriter

KEY = OpeningKey.generated()
CHUNK = 2**16
HEAD = len(b"daxa sealed 1\n") + 64
SEALED_CHUNK = CHUNK + 16


def sealed(data: bytes, *, at_once: int = 1000) -> bytes:
    out = io.BytesIO()
    writer = SealingWriter(out, KEY.sealing)
    for place in range(0, len(data), at_once):
        writer.write(data[place : place + at_once])
    writer.finish()
    return out.getvalue()


def opened(data: bytes) -> bytes:
    return io.BufferedReader(OpeningReader(io.BytesIO(data), KEY)).read()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_written_comes_back(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    assert opened(sealed(data, at_once=30_000)) == data


@given(st.data())
def test_another_byte_anywhere_is_refused(data: st.DataObject) -> None:
    whole = sealed(b"x" * 300)
    place = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    with pytest.raises(SealBrokenError):
        opened(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])


def test_chunks_are_neither_cut_off_nor_moved_nor_repeated_nor_added() -> None:
    whole = sealed(bytes(3 * CHUNK + 5), at_once=CHUNK)
    head, body = whole[:HEAD], whole[HEAD:]
    chunks = [body[place : place + SEALED_CHUNK] for place in range(0, len(body), SEALED_CHUNK)]
    assert len(chunks) == 4
    one, two, three, last = chunks
    for others in (
        [one, two, three],
        [one],
        [],
        [two, one, three, last],
        [one, one, two, three, last],
        [one, two, three, last, last],
        [last],
    ):
        with pytest.raises(SealBrokenError):
            opened(head + b"".join(others))


def test_two_files_of_the_same_content_have_no_chunk_in_common() -> None:
    assert sealed(b"x" * 100)[HEAD:] != sealed(b"x" * 100)[HEAD:]


def test_what_is_sealed_for_another_is_told_with_both_keys() -> None:
    other = OpeningKey.generated()
    with pytest.raises(SealBrokenError, match=f"for key {KEY.sealing.id}, not for {other.sealing.id}"):
        OpeningReader(io.BytesIO(sealed(b"x")), other)

"""Files that repeat another one though their bytes differ: in the moment that an envelope was written, in nothing else.

Coinone's envelope holds `server_time`, the moment at which its server answered (specification, 4.3). A program that
asks again sends the same report with another one. What is compared is every byte of the two files but the digits of
that one number: rows, their order, spaces and all else must be the same. A file in which the name stands twice, or not
at all, repeats nothing.
"""

from __future__ import annotations

import re

_SERVER_TIME = re.compile(rb'"server_time"[ \t\r\n]*:[ \t\r\n]*[0-9]+')
MOST_DIFFERENCE = 16
"""Bytes by which two files that differ in that number alone may differ in size."""


def differ_in_server_time_alone(one: bytes, other: bytes) -> bool:
    """True where two files are the same but for the number that stands behind `server_time`."""
    parts, others = _around_server_time(one), _around_server_time(other)
    return parts is not None and parts == others


def _around_server_time(data: bytes) -> tuple[bytes, bytes] | None:
    """What stands before and behind the number; None where it is not there exactly once."""
    if data.count(b'"server_time"') != 1 or (found := _SERVER_TIME.search(data)) is None:
        return None
    return data[: found.start()], data[found.end() :]

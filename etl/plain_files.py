"""Reading files that somebody else may have put there: plain files alone, none by a link, and only so much of them.

A link would have us read, keep and show what its maker may not; a pipe or a device would stop us for good; and a file
says how large it is before any of it is read.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO


class NotPlainError(OSError):
    """What is there is no plain file: a link, a folder, a pipe, a socket or a device."""


class TooLargeError(OSError):
    """A file has more bytes than are read."""


def is_plain(path: Path) -> bool:
    """Whether a plain file is there; a link to one is none."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def open_plain(path: Path) -> IO[bytes]:
    """A plain file, opened for reading; FileNotFoundError where nothing is there, NotPlainError for all else."""
    if not stat.S_ISREG(path.lstat().st_mode):  # a device may do something when it is opened
        raise NotPlainError(errno.EINVAL, "it is no plain file, and links are not followed", str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotPlainError(error.errno, "links are not followed", str(path)) from error
        raise
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise NotPlainError(errno.EINVAL, "it is no plain file any more", str(path))
    return file


def read_plain(path: Path, most_bytes: int | None = None) -> bytes:
    """All bytes of a plain file; TooLargeError before any is read where they are more than `most_bytes`."""
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if most_bytes is not None and size > most_bytes:
            raise TooLargeError(errno.EFBIG, too_large(size, most_bytes), str(path))
        data = file.read() if most_bytes is None else file.read(most_bytes + 1)
    if most_bytes is not None and len(data) > most_bytes:
        raise TooLargeError(errno.EFBIG, too_large(len(data), most_bytes), str(path))
    return data


def too_large(size: int, most_bytes: int) -> str:
    """Say that a file is not read for its size."""
    return f"it has {size:,} bytes, and of more than {most_bytes:,} nothing is read"

"""Who may read what a store keeps: its owner alone, folders 0700 and files 0600, however the process was started.

What is made is made so (`make_folder`, `new_file`), whatever the umask says; what an earlier version or a copy left
open to others is found (`open_to_others`) and closed (`close_to_others`). Links are neither followed nor changed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600
OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""What nobody but the owner may have."""


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are not there, for its owner alone; one that is there stays as it is."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(FOLDER_MODE, exist_ok=True)


def new_file(path: Path) -> int:
    """A descriptor to write a file that is not there yet, for its owner alone; FileExistsError where it is."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)


def make_file(path: Path) -> None:
    """Make an empty file for its owner alone where none is there."""
    try:
        os.close(new_file(path))
    except FileExistsError:
        return


def is_open_to_others(path: Path) -> bool:
    """Whether somebody but its owner may do something with a file or folder; a link has no rights of its own."""
    mode = path.lstat().st_mode
    return not stat.S_ISLNK(mode) and bool(mode & OTHERS)


def open_to_others(places: Iterable[Path]) -> Iterator[Path]:
    """What may be read, changed or entered by others, of these files and folders and of all that lies in them."""
    waiting = [place for place in places if place.is_symlink() or place.exists()]
    while waiting:
        path = waiting.pop()
        try:
            if is_open_to_others(path):
                yield path
            if path.is_dir() and not path.is_symlink():
                waiting.extend(path.iterdir())
        except FileNotFoundError:
            continue  # a temporary file that went meanwhile


def close_to_others(paths: Iterable[Path]) -> list[Path]:
    """Take from others what they may do with these; those of which that was not possible (they are another's)."""
    left = []
    for path in paths:
        try:
            path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS, follow_symlinks=True)
        except FileNotFoundError:
            continue
        except OSError:
            left.append(path)
    return left

"""Files in the store that no record knows: bytes that were kept against a rule, or were put there by somebody else."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from etl.faults import Fault
from etl.records import submissions as life
from etl.records.submissions import Submission
from etl.store import Store

_SETTLED_SECONDS = 60 * 60
"""A younger file may belong to a filing that is under way; bytes and rows are there before their record is."""


def stray_files(store: Store, every: Sequence[Submission], published: Sequence[Submission]) -> Iterator[Fault]:
    """Files among evidence and rows, an hour old or older, of none of the submissions; also links and special files.

    `every` are all submissions, `published` those whose rows are kept.
    """
    known = {store.evidence.path(one.sha256) for one in every if one.evidence_kept}
    known |= {store.facts.path(file) for file in life.fact_files(published)}
    settled = time.time() - _SETTLED_SECONDS
    discarded = {store.evidence.path(one.sha256) for one in every if not one.evidence_kept} - known
    for folder in (store.evidence.folder, store.facts.folder):
        for path in sorted(folder.rglob("*")):
            if path in known or (path.is_dir() and not path.is_symlink()) or not _is_settled(path, settled):
                continue
            where = str(path.relative_to(store.home))
            if path in discarded:
                yield Fault(where, "is kept, and its bytes had to be discarded (SUB-007); remove it")
            else:
                yield Fault(where, "is a file that no record knows; find out where it comes from, then remove it")


def _is_settled(path: Path, since: float) -> bool:
    try:
        return path.lstat().st_mtime <= since
    except FileNotFoundError:  # gone meanwhile
        return False

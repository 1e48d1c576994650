"""Files of Korbit for the tests of the overview: filed, and known by their number."""

from datetime import datetime
from pathlib import Path
from typing import Any

from filing import checks, file

from etl.store import Store


def filed(store: Store, folder: Path, name: str, content: str, at: datetime | None = None) -> str:
    """The number of a file that was filed."""
    return file(store, folder, name, content, at).receipt.submission.id


def reconciled(store: Store, folder: Path, day: str, short: range, at: datetime | None = None, **more: Any) -> str:
    return filed(store, folder, f"korbit_reconciliation_{day}.csv", checks(day, short=short, **more), at)

"""Small files that were once read wrongly or answered misleadingly, each with the verdict that is right.

Every folder holds one file as it was sent; `expected.toml` says by folder what the verdict is: the state, the number of
rows, and each finding with rule, row, the sender's column, the reason, and what was found. A file of personal data is
told without the value.
"""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Troublesome:
    """One file as it was sent, and the verdict that is right."""

    label: str
    state: str
    rows: int
    findings: tuple[dict[str, Any], ...]
    values: dict[str, list[str]]

    @cached_property
    def path(self) -> Path:
        """Where the file is."""
        (found,) = (path for path in (FOLDER / self.label).iterdir() if path.suffix != ".sha256")
        return found

    @property
    def exchange(self) -> str:
        """Whose file it is."""
        return self.path.name.split("_")[0]

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()


def _all() -> dict[str, Troublesome]:
    record = tomllib.loads((FOLDER / "expected.toml").read_text(encoding="utf-8"))
    return {
        label: Troublesome(label, one["state"], one["rows"], tuple(one.get("findings", ())), one.get("values", {}))
        for label, one in record.items()
    }


TROUBLESOME = _all()

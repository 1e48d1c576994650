"""What the tests of parallel runs share: everything that a store holds, and a folder of rules to change."""

import shutil
from pathlib import Path

from sqlalchemy import MetaData, select

from etl.evidence import digest_of
from etl.store import Store
from expectations.sources import RULES_FOLDER


def held_by(store: Store) -> dict[str, object]:
    """Every row of every table, and every file with its hash: what a run may not change."""
    tables = MetaData()
    tables.reflect(store.engine)
    with store.engine.connect() as connection:
        rows = {
            name: sorted(map(repr, connection.execute(select(table)).all())) for name, table in tables.tables.items()
        }
    databases = {".sqlite", ".sqlite-wal", ".sqlite-shm"}
    files = {
        str(path.relative_to(store.home)): digest_of(path.read_bytes())
        for path in sorted(store.home.rglob("*"))
        if path.is_file() and path.suffix not in databases
    }
    return {"rows": rows, "files": files}


def copied_suite(folder: Path, suite: str) -> Path:
    """A folder with a copy of one suite's sources in it."""
    shutil.copytree(RULES_FOLDER / suite, folder / suite)
    return folder


def written_again(source: Path, target: Path, **replaced: str) -> Path:
    """A rule's source under another name, with some keys of one line in another way; a date may be new."""
    lines = source.read_text("utf-8").splitlines()
    if "effective_from" in replaced and not any(line.startswith("effective_from") for line in lines):
        lines.insert(2, "effective_from = none")
    for name, value in replaced.items():
        places = [place for place, line in enumerate(lines) if line.startswith(f"{name} = ")]
        assert len(places) == 1, f"{source.name} changed: '{name}' stands there {len(places)} times"
        lines[places[0]] = f"{name} = {value}"
    target.write_text("\n".join(lines) + "\n", "utf-8")
    return target

"""`daxa backup` and `daxa restore`: the whole store in one archive, and an empty store restored from it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etl.store import give_service_its_rights, home_folder, open_store, owner_address

if TYPE_CHECKING:
    from etl.backup import Contents


def backup_store(
    file: Annotated[Path, typer.Argument(help="The archive to write, such as daxa.tar.gz.", metavar="FILE")],
) -> None:
    """Write records, evidence, published rows and keys to one archive; it holds the signing key, so keep it as safe."""
    from app.cli.output import show_progress
    from etl.backup import back_up

    store = open_store()
    with show_progress("backup", None) as progress:
        made = back_up(store, file, progress=progress)
    _tell(file, made)


def restore(
    file: Annotated[Path, typer.Argument(help="An archive that 'daxa backup' wrote.", metavar="FILE")],
) -> None:
    """Fill an empty store from an archive and verify it; SQLite or PostgreSQL, whichever the archive came from."""
    from app.cli.output import show_progress, verification_table
    from etl.backup import restore as fill
    from etl.verify import verify_store

    store = open_store(url=owner_address(home_folder()), prepared=False)
    with show_progress("restore", None) as progress:
        made = fill(store, file, progress=progress)
    give_service_its_rights(store)
    _tell(file, made)
    with show_progress("verify", None) as progress:
        found = verify_store(store, progress=progress)
    verification_table(found)
    raise typer.Exit(1 if found.faults else 0)


def _tell(file: Path, made: Contents) -> None:
    print(f"{file}: {sum(made.rows.values())} records, {made.files} files", file=sys.stderr)

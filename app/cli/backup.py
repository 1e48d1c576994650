"""`daxa backup` and `daxa restore`: the whole store in one archive, and an empty store restored from it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etl.store import give_service_its_rights, home_folder, open_store, owner_address

if TYPE_CHECKING:
    from etl.backup import Contents


def make_backup_key(
    file: Annotated[Path, typer.Argument(help="The key to write; its public half goes to FILE.pub.", metavar="FILE")],
) -> None:
    """Make a key for archives: keep FILE away from the server, and give FILE.pub to 'daxa backup --for'."""
    from etl.evidence import write_durably
    from etl.sealing import new_opening_key

    public = file.with_name(f"{file.name}.pub")
    if file.exists() or public.exists():
        raise typer.BadParameter(f"{file if file.exists() else public} is there already; name a file that is not")
    write_durably(public, new_opening_key(file).sealing.pem)
    print(f"{file}: opens archives; keep it away from the server and from them. {public}: seals them", file=sys.stderr)


def backup_store(
    file: Annotated[Path, typer.Argument(help="The archive to write, such as daxa.backup.", metavar="FILE")],
    receiver: Annotated[
        Path | None,
        typer.Option(
            "--for",
            envvar="DAXA_BACKUP_KEY",
            help="The public key that the archive is sealed for; else the key in FILE.key, made where there is none.",
        ),
    ] = None,
) -> None:
    """Write records, evidence, published rows and keys to one archive, signed by the store and sealed for a key."""
    from app.cli.output import show_progress
    from etl.backup import back_up, must_not_be_there
    from etl.sealing import new_opening_key, read_opening_key, read_sealing_key

    store = open_store()
    own = own_key_of(file)
    must_not_be_there(file)
    if receiver is not None:
        key = read_sealing_key(receiver)
    else:  # a key that is there may be that of an archive which lies elsewhere by now
        key = (read_opening_key(own) if own.exists() else new_opening_key(own)).sealing
    with show_progress("backup", None) as progress:
        made = back_up(store, file, key, progress=progress)
    _tell(file, made)
    if receiver is None:
        print(f"{own} opens it: keep the two apart; without it nobody can restore", file=sys.stderr)


def restore(
    file: Annotated[Path, typer.Argument(help="An archive that 'daxa backup' wrote.", metavar="FILE")],
    key: Annotated[
        Path | None, typer.Option("--key", help="The key that opens the archive; FILE.key where not given.")
    ] = None,
    signed_by: Annotated[
        Path | None, typer.Option("--signed-by", help="The public key, kept elsewhere, of the store that it is from.")
    ] = None,
    unsealed: Annotated[
        bool, typer.Option("--unsealed", help="It is of an earlier version, which neither sealed nor signed.")
    ] = False,
) -> None:
    """Fill an empty store from an archive and verify it; SQLite or PostgreSQL, whichever the archive came from.

    Ended before its end, it is taken up by the same command.
    """
    from app.cli.output import show_progress, verification_table
    from etl.backup import restore as fill
    from etl.sealing import read_opening_key
    from etl.signing import read_public_key
    from etl.verify import verify_store

    opening = None if unsealed else read_opening_key(key or own_key_of(file))
    signer = None if signed_by is None else read_public_key(signed_by)
    store = open_store(url=owner_address(home_folder()), prepared=False)
    with show_progress("restore", None) as progress:
        made = fill(store, file, opening, signed_by=signer, progress=progress)
    give_service_its_rights(store)
    _tell(file, made)
    with show_progress("verify", None) as progress:
        found = verify_store(store, progress=progress)
    verification_table(found)
    raise typer.Exit(1 if found.faults else 0)


def own_key_of(file: Path) -> Path:
    """Where the key of an archive lies that was made for it alone."""
    return file.with_name(f"{file.name}.key")


def _tell(file: Path, made: Contents) -> None:
    print(f"{file}: {sum(made.rows.values())} records, {made.files} files", file=sys.stderr)

"""`daxa users` and `daxa tokens`: accounts of people, and tokens of exchanges' systems.

A password is never a command-line argument, where other users of the machine could read it.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import emit
from app.objects import instant_text
from etl.records.engine import reading, writing
from etl.records.operators import actor_of_process, user_of_process
from etl.store import open_store

if TYPE_CHECKING:
    from etl.records.people import Person
    from etl.records.tokens import Token

users = typer.Typer(no_args_is_help=True, help="People: who may sign in, and as what.")
tokens = typer.Typer(no_args_is_help=True, help="Machine tokens: what an exchange's own systems show.")

_USUAL_DAYS = 90

Name = Annotated[str, typer.Argument(help="The person's name.", metavar="NAME")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a random password and print it, once.")]


@users.command("add")
def add_person(
    name: Name,
    role: Annotated[str, typer.Option("--role", help="exchange, supervisor, manager or admin.")],
    exchange: Annotated[str | None, typer.Option("--exchange", help="With the role exchange: which one.")] = None,
    generate: Generate = False,
) -> None:
    """Create an account; the password is asked for, or read from standard input."""
    from etl.records import people

    if role not in set(people.Role):
        raise people.PersonError(f"there is no role '{role}'; the roles are {', '.join(people.Role)}")
    store = open_store()
    password = _password(generate=generate)
    with writing(store.engine) as connection:
        person = people.add(
            connection,
            name,
            people.Role(role),
            exchange=exchange,
            password=password,
            actor=actor_of_process(connection),
            at=datetime.now(UTC),
        )
    _tell_password(person, password, generated=generate)


@users.command("password")
def change_password(name: Name, generate: Generate = False) -> None:
    """Set a new password; sessions opened with the old one end."""
    from etl.records import people

    store = open_store()
    with reading(store.engine) as connection:
        people.named(connection, name)
    password = _password(generate=generate)
    with writing(store.engine) as connection:
        person = people.change_password(
            connection, name, password, actor=actor_of_process(connection), at=datetime.now(UTC)
        )
    _tell_password(person, password, generated=generate)


def _password(*, generate: bool) -> str:
    from etl.records.passwords import random_password

    if generate:
        return random_password()
    if sys.stdin.isatty():
        return str(typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise ValueError("there is no password on standard input; pipe one in, or give --generate")
    return password


def _tell_password(person: Person, password: str, *, generated: bool) -> None:
    if generated:
        print(password)
        print(f"this is the password of {person.name}; it is not kept and not shown again", file=sys.stderr)
    else:
        print(f"{person.name} has the new password", file=sys.stderr)


@users.command("list")
def list_people(json: Json = False) -> None:
    """Every account, disabled ones too."""
    from app.cli.output import table_of
    from etl.records import people

    with reading(open_store().engine) as connection:
        everybody = people.listed(connection)
    if json:
        for person in everybody:
            emit(_person_record(person))
    else:
        table_of(
            ("name", "role", "exchange", "id", "since (KST)", "disabled"),
            [
                (p.name, p.role.value, p.exchange or "", p.id, _minute(p.created_at), _minute(p.disabled_at))
                for p in everybody
            ],
        )


@users.command("disable")
def disable(name: Name) -> None:
    """Disable an account; its sessions end."""
    from etl.records import people

    with writing(open_store().engine) as connection:
        person = people.disable(connection, name, actor=actor_of_process(connection), at=datetime.now(UTC))
    print(f"{person.name} is disabled")


@users.command("enable")
def enable(name: Name) -> None:
    """Enable an account again."""
    from etl.records import people

    with writing(open_store().engine) as connection:
        person = people.enable(connection, name, actor=actor_of_process(connection), at=datetime.now(UTC))
    print(f"{person.name} is enabled")


@users.command("bind")
def bind_operator(
    name: Name,
    os_user: Annotated[
        str | None, typer.Option("--os-user", help="The user of this machine; who gives this command, where not given.")
    ] = None,
) -> None:
    """Have what a user of this machine does by the command stand in the log as an administrator's acts, for good."""
    from etl.records import operators

    user = os_user or user_of_process()
    with writing(open_store().engine) as connection:
        person = operators.bind(connection, user, name, at=datetime.now(UTC))
    print(f"what '{user}' does by the command about people, tokens and thresholds is {person.name}'s from now on")


def _person_record(person: Person) -> dict[str, Any]:
    return {
        "person": person.id,
        "name": person.name,
        "role": person.role.value,
        "exchange": person.exchange,
        "created_at": instant_text(person.created_at),
        "disabled_at": instant_text(person.disabled_at),
    }


# --------------------------------------------------------------------------------------------- tokens


@tokens.command("create")
def create_token(
    exchange: Annotated[str, typer.Option("--exchange", help="Whose systems will show it.")],
    name: Annotated[str, typer.Option("--name", help="What will use it, such as 'nightly upload'.")],
    scope: Annotated[str, typer.Option("--scope", help="What it is for, separated by commas.")] = "submit,read",
    days: Annotated[int, typer.Option("--days", help="For how long it holds.")] = _USUAL_DAYS,
    json: Json = False,
) -> None:
    """Create a token and print it once; only its hash is stored."""
    from etl.records import tokens as kept

    scopes, life = kept.scopes_from(scope), timedelta(days=days)
    with writing(open_store().engine) as connection:
        made = kept.create(
            connection,
            exchange,
            name,
            scopes=scopes,
            life=life,
            actor=actor_of_process(connection),
            at=datetime.now(UTC),
        )
    if json:
        emit({**_token_record(made.token), "text": made.text})
        return
    print(made.text)
    print(
        f"token {made.token.id} of {exchange} holds until {_minute(made.token.expires_at)} KST; it is not shown again",
        file=sys.stderr,
    )


@tokens.command("list")
def list_tokens(
    json: Json = False,
    exchange: Annotated[str | None, typer.Option("--exchange", help="One exchange's only.")] = None,
) -> None:
    """All tokens: exchange, permissions, expiry and last use."""
    from app.cli.output import table_of
    from etl.records import tokens as kept

    with reading(open_store().engine) as connection:
        found = kept.listed(connection, exchange=exchange)
    if json:
        for token in found:
            emit(_token_record(token))
    else:
        table_of(
            ("token", "exchange", "name", "scopes", "until (KST)", "revoked", "last used"),
            [
                (
                    t.id,
                    t.exchange,
                    t.name,
                    ",".join(sorted(t.scopes)),
                    _minute(t.expires_at),
                    _minute(t.revoked_at),
                    _minute(t.last_used_at),
                )
                for t in found
            ],
        )


@tokens.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(help="The token's id, such as T-0123456789ab.", metavar="TOKEN")],
) -> None:
    """Revoke a token at once."""
    from etl.records import tokens as kept

    with writing(open_store().engine) as connection:
        ended = kept.revoke(connection, token, actor=actor_of_process(connection), at=datetime.now(UTC))
    print(f"{ended.id} of {ended.exchange} is revoked")


def _token_record(token: Token) -> dict[str, Any]:
    return {
        "token": token.id,
        "exchange": token.exchange,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "created_at": instant_text(token.created_at),
        "created_by": token.created_by,
        "expires_at": instant_text(token.expires_at),
        "revoked_at": instant_text(token.revoked_at),
        "last_used_at": instant_text(token.last_used_at),
    }


def _minute(instant: datetime | None) -> str:
    """KST to the minute, empty where there is none."""
    text = instant_text(instant)
    return "" if text is None else text[:16].replace("T", " ")

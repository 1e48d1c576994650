"""`daxa serve`: the dashboard and the API on one port, with a line once it answers."""

from __future__ import annotations

import ipaddress
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from app import floor
from app.cli.demo_people import DemoAccount
from app.server.connections import connections_of
from app.server.limits import MOST_HEAD_BYTES, Places, most_sockets, sockets_per_address
from app.server.logs import log_as_asked
from app.server.security import PROXY_VARIABLE
from etl.intake import shown
from etl.modes import OTHERS, close_to_others
from etl.records import people
from etl.records.engine import reading
from etl.store import HOME_VARIABLE, Store


class _Announcing(uvicorn.Server):
    """A server that says where it is, and what else is to be known, once it answers."""

    def __init__(self, config: uvicorn.Config, lines: Sequence[str]) -> None:
        super().__init__(config)
        self._lines = lines

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if self.started:
            for line in self._lines:
                print(line, file=sys.stderr, flush=True)


def serve_screens(store: Store, host: str, port: int, *, accounts: Sequence[DemoAccount] = ()) -> None:
    """Serve the dashboard over a store until it is stopped; prints `accounts` with their passwords once it answers.

    RuntimeError where the store stays open to others of this machine.
    """
    must_be_closed(store)
    os.umask(OTHERS)
    os.environ[HOME_VARIABLE] = str(store.home)
    proxy = os.environ.get(PROXY_VARIABLE, "").strip()
    config = uvicorn.Config(
        "app.main:app",
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        http=connections_of(Places(sockets_per_address(), most_sockets()), proxy),
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        server_header=False,
        proxy_headers=bool(proxy),
        forwarded_allow_ips=proxy or None,
        log_config=None if log_as_asked() else LOGGING_CONFIG,
    )
    server = _Announcing(config, [f"http://{host}:{port}", *_told(accounts), *_first_step(store)])
    try:
        server.run()
    except KeyboardInterrupt:
        return
    if not server.started:
        raise RuntimeError(f"the dashboard does not start on {host}:{port}; see the line above, or take another --port")


def must_be_safe(host: str, *, is_allowed: bool, is_demo: bool = False) -> None:
    """Raise RuntimeError where this Python, or a library in it, is unsafe here and nobody said that it may be.

    Where our own limits keep its known faults out, or for a demonstration for this machine alone, there is a warning.
    """
    if not floor.everything_wrong():
        return
    said = f"Python {floor.versions()['Python']}, or a library in it, has known faults ('daxa doctor' lists them)"
    if floor.unsafe() and not is_allowed and not (is_demo and is_loopback(host)):
        raise RuntimeError(f"{said}; take one that is mended, or say --allow-old-python")
    print(f"warning: {said}", file=sys.stderr)


def must_be_closed(store: Store) -> None:
    """Close to others what of the store is open to them, and say so; RuntimeError where that cannot be done.

    A private key that was open may have been read by somebody, so it is not closed in silence: whoever runs the server
    decides whether it is still to be trusted.
    """
    found = store.open_to_others()
    keys = [path for path in found if path.suffix == ".key"]
    if keys:
        raise RuntimeError(open_key(keys[0]))
    if left := close_to_others(found):
        raise RuntimeError(f"{opened_sentence(store.home, left)}; it belongs to somebody else of this machine")
    if found:
        print(f"warning: {opened_sentence(store.home, found)}; closed now", file=sys.stderr)


def open_key(path: Path) -> str:
    """One sentence about a private key that others may read."""
    return f"{path} can be read by others than its owner, who may have it now; run 'chmod 600 {path}' if it is to go on"


def opened_sentence(home: Path, found: Sequence[Path]) -> str:
    """One sentence about what of the store under `home` is open to others."""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0]}{more} of the store under {home} is open to others than its owner"


def closed_by(home: Path, found: Sequence[Path]) -> str:
    """What of the store under `home` is open to others, and the command that closes it."""
    elsewhere = [path for path in found if not path.is_relative_to(home)]
    what = shlex.join(map(shown, [home, *elsewhere]))
    return f"{opened_sentence(home, found)}; 'chmod -R go-rwx {what}' closes it, and so does 'daxa serve'"


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _told(accounts: Sequence[DemoAccount]) -> list[str]:
    """The accounts as a table; their passwords are kept nowhere."""
    if not accounts:
        return []
    rows = [
        (one.name, one.password, f"{one.role.value} ({one.exchange})" if one.exchange else one.role.value)
        for one in accounts
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(2)]
    lines = [f"  {name:<{widths[0]}}  {password:<{widths[1]}}  {role}" for name, password, role in rows]
    return ["sign in as one of these; the passwords are new with every start and not shown again", *lines]


def _first_step(store: Store) -> list[str]:
    with reading(store.engine) as connection:
        if people.listed(connection):
            return []
    return ["nobody can sign in yet: 'daxa users add NAME --role admin --generate' adds the first administrator"]

"""What whoever starts the dashboard is told once it answers: where it is, and how somebody can sign in."""

import os
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from browsing import ROOT
from demo_store import leave_empty
from visiting import Visitor

from app.cli.demo_people import DEMO_PEOPLE, make_demo_people
from etl.records.people import Role
from etl.store import open_store

SERVE = (
    "import sys; from datetime import UTC, datetime; from app.cli.demo_people import make_demo_people;"
    "from app.cli.serving import serve_screens; from etl.store import open_store; store = open_store();"
    "serve_screens(store, '127.0.0.1', int(sys.argv[1]), accounts=make_demo_people(store, datetime.now(UTC)))"
)


def test_a_demonstration_tells_accounts_that_can_sign_in(tmp_path: Path) -> None:
    home = leave_empty(tmp_path / "home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DAXA_HOME": str(home)}
    environment.pop("DAXA_DATABASE_URL", None)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    told = [server.stderr.readline() for _ in range(2 + len(DEMO_PEOPLE))]
    try:
        assert told[0].strip() == f"http://127.0.0.1:{port}"
        for line in told[2:]:
            name, password, role = line.split(maxsplit=2)
            assert role.strip().startswith(DEMO_PEOPLE[name][0].value)
            assert Visitor(told[0].strip()).sign_in(name, password).status == 303
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


def test_every_role_has_an_account_in_a_demonstration_and_a_new_password_each_time(tmp_path: Path) -> None:
    home = leave_empty(tmp_path / "home")
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    first, second = (make_demo_people(store, datetime.now(UTC)) for _ in range(2))
    assert {one.role for one in first} == set(Role)
    assert [one.name for one in first] == [one.name for one in second]
    assert not {one.password for one in first} & {one.password for one in second}
    assert all(re.fullmatch(r"(\w{4}-){4}\w{4}", one.password) for one in first)
    store.engine.dispose()

"""The table of pages: file, address, title, sign, and who sees it. A page is one file and one line here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app.scope import Role, Scope, scope_of
from app.words import say
from etl.records.sessions import SignedIn
from etl.replays import Replay

_PAGES = Path(__file__).resolve().parent.parent / "pages"
_EVERYBODY = frozenset(Role)
_TRENDS = _EVERYBODY - {Role.EXCHANGE}


@dataclass(frozen=True, slots=True)
class Screen:
    """One page: its name (file, address and texts share it), its icon, and the roles that see it.

    `has_rows`: it shows single rows, or leads to them, and is open to those alone who may see rows.
    """

    name: str
    icon: str
    roles: frozenset[Role] = _EVERYBODY
    has_rows: bool = True

    def is_open_to(self, scope: Scope) -> bool:
        """Whether somebody with that scope sees the page."""
        return scope.role in self.roles and (scope.sees_rows or not self.has_rows)


SCREENS = (
    Screen("overview", ":material/dashboard:"),
    Screen("api_volume", ":material/show_chart:"),
    Screen("key_revocations", ":material/key_off:"),
    Screen("reconciliation", ":material/balance:"),
    Screen("halts", ":material/block:"),
    Screen("audits", ":material/fact_check:"),
    Screen("surveillance", ":material/troubleshoot:"),
    Screen("data_quality", ":material/rule:"),
    Screen("submissions", ":material/inbox:"),
    Screen("filing", ":material/upload_file:", frozenset({Role.EXCHANGE})),
    Screen("answers", ":material/forum:"),
    Screen("trends", ":material/trending_up:", _TRENDS, has_rows=False),
    Screen("rules", ":material/gavel:", has_rows=False),
    Screen(
        "administration",
        ":material/admin_panel_settings:",
        frozenset({Role.ADMIN, Role.SUPERVISOR}),
        has_rows=False,
    ),
    Screen("account", ":material/person:", has_rows=False),
)
"""Every page in the order of the menu; the first is what one sees on arriving."""
REPLAY = Screen("replay", ":material/replay:")
"""The page of the incidents that the served store replays; it comes first there, and nowhere else."""


def pages(scope: Scope, language: str, incidents: Sequence[Replay]) -> dict[str, Any]:
    """The pages that a scope may see, by name, titled in `language`; `incidents`: what the served store replays."""
    screens = _seen_by(scope, incidents)
    return {
        screen.name: st.Page(
            _PAGES / f"{screen.name}.py",
            title=say(f"{screen.name}.title", language),
            icon=screen.icon,
            url_path=screen.name,
            default=screen is screens[0],
        )
        for screen in screens
    }


def _seen_by(scope: Scope, incidents: Sequence[Replay]) -> list[Screen]:
    """Incidents are told first, to whoever may see the exchange of one."""
    is_told = any(incident.exchange in scope.exchanges for incident in incidents)
    return [screen for screen in ((REPLAY, *SCREENS) if is_told else SCREENS) if screen.is_open_to(scope)]


def first_page(scope: Scope, incidents: Sequence[Replay]) -> str:
    """The name of the page that a scope sees on arriving; it has the address `/` and, unlike the others, no own one."""
    return _seen_by(scope, incidents)[0].name


def title_of_closed(path: str, signed_in: SignedIn, language: str) -> str | None:
    """The title of the page at a path that whoever is signed in may not see; None for every other path."""
    name = path.strip("/")
    for screen in (REPLAY, *SCREENS):
        if screen.name == name and not screen.is_open_to(scope_of(signed_in)):
            return say(f"{name}.title", language)
    return None

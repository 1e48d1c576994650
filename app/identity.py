"""Who asks, and what they may see: known by the session that their browser's cookie names, asked anew every time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.sign_in.cookies import SESSION_COOKIE
from etl.exchanges import all_exchanges
from etl.records.people import Person
from etl.records.people import Role as Role
from etl.records.sessions import session_of


@dataclass(frozen=True, slots=True)
class Scope:
    """What one person may see: their role, and the exchanges whose figures and rows are open to them."""

    role: Role
    exchanges: tuple[str, ...]

    def visible(self, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """Of the chosen exchanges those that are open to them; all of them where none was chosen."""
        return tuple(name for name in self.exchanges if not chosen or name in chosen)

    @property
    def sees_rows(self) -> bool:
        """Whether single rows are open to them, and files and findings, which quote rows; managers see figures."""
        return self.role is not Role.MANAGER

    def visible_rows(self, chosen: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Of the chosen exchanges those whose single rows are open to them."""
        return self.visible(chosen) if self.sees_rows else ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody at the screen: their id in the audit log, the name they signed in with, and what they may see.

    `ends_at` is when they are signed out whatever they do; `session` is what only their browser knows.
    """

    person: str
    name: str
    scope: Scope
    ends_at: datetime | None = None
    session: str = field(default="", repr=False)


def scope_of(person: Person) -> Scope:
    """An exchange sees its own, everybody else all exchanges; the role says which pages and whether rows."""
    return Scope(person.role, tuple(all_exchanges()) if person.exchange is None else (person.exchange,))


def identity_behind(session: str | None) -> Identity | None:
    """Whoever is signed in by that session just now; None where it is over, was ended, or its person is disabled."""
    if not session:
        return None
    # Queries know this module too, and ask nothing of a served store.
    from app.served import store

    signed_in = session_of(store().engine, session, datetime.now(UTC))
    if signed_in is None:
        return None
    person = signed_in.person
    return Identity(person.id, person.name, scope_of(person), signed_in.ends_at, session)


def current_identity() -> Identity | None:
    """Whoever looks at the screen just now, by the cookie that their browser came with; None: nobody any more."""
    import streamlit as st

    return identity_behind(st.context.cookies.get(SESSION_COOKIE))

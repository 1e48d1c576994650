"""Who asks and what they may see: a scope of exchanges and a role, and the identity that carries it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from etl.exchanges import all_exchanges
from etl.records.people import Role as Role
from etl.records.sessions import SignedIn


@dataclass(frozen=True, slots=True)
class Scope:
    """What one person may see: their role, and the exchanges whose figures and rows are open to them.

    `has_row_grant`: an administrator whom a supervisor lets read rows for a time (`etl.records.row_grants`).
    """

    role: Role
    exchanges: tuple[str, ...]
    has_row_grant: bool = False

    def visible(self, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """Of the chosen exchanges those that are open to them; all of them where none was chosen."""
        return tuple(name for name in self.exchanges if not chosen or name in chosen)

    @property
    def own_exchange(self) -> str | None:
        """The exchange of somebody of an exchange; None for whoever sees them all."""
        return self.exchanges[0] if self.role is Role.EXCHANGE and len(self.exchanges) == 1 else None

    @property
    def sees_rows(self) -> bool:
        """Whether single rows are open to them, and files and findings, which quote rows.

        Managers see figures; administrators manage, and see rows while they have a grant.
        """
        return self.role in (Role.EXCHANGE, Role.SUPERVISOR) or (self.role is Role.ADMIN and self.has_row_grant)

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


def scope_of(signed_in: SignedIn) -> Scope:
    """An exchange sees its own, everybody else all exchanges; role and grant say which pages, and whether rows."""
    person = signed_in.person
    exchanges = tuple(all_exchanges()) if person.exchange is None else (person.exchange,)
    return Scope(person.role, exchanges, signed_in.has_row_grant)

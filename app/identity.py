"""Who asks, and what they may see. Until people sign in, everybody is a supervisor of all exchanges."""

from __future__ import annotations

from dataclasses import dataclass

from etl.exchanges import all_exchanges
from etl.records.people import Role as Role


@dataclass(frozen=True, slots=True)
class Scope:
    """What one person may see: their role, and the exchanges whose figures and rows are open to them."""

    role: Role
    exchanges: tuple[str, ...]

    def visible(self, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """Of the chosen exchanges those that are open to them; all of them where none was chosen."""
        return tuple(name for name in self.exchanges if not chosen or name in chosen)


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody at the screen: their id in the audit log, the name they signed in with, and what they may see."""

    person: str
    name: str
    scope: Scope


def current_identity() -> Identity:
    """Whoever looks at the screen just now."""
    return Identity("P-nobody", "nobody", current_scope())


def current_scope() -> Scope:
    """What everybody may see who looks at the screen."""
    return Scope(Role.SUPERVISOR, tuple(all_exchanges()))

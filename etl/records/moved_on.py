"""Acts on a state that is no longer: refused with what was done meanwhile, by whom and when.

Whoever acts says which state their screen showed, as a short text that the same function wrote when the screen was
drawn. The check stands in the transaction that writes, under its lock, so of two who act on one state one is refused.
None as the seen state stands for a caller that has none: the command line, and a machine that does not ask for it.
"""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, select

from etl.records.access_tables import audit_log
from etl.records.log import EventKind

NOTHING = "0"
"""The state of what nobody has done anything about."""


class MovedOnError(ValueError):
    """What the act is about was changed since: `what` was done to it (a word of the screens), by `actor`, at `at`."""

    def __init__(self, what: str, actor: str, at: datetime) -> None:
        """Say what came first."""
        super().__init__(f"it has changed since: '{what}' by {actor} at {at:%Y-%m-%dT%H:%M:%S%z}; look at it again")
        self.what, self.actor, self.at = what, actor, at


def state_in_log(connection: Connection, act: EventKind) -> str:
    """The state of all that acts of a kind are about, in one text: the number of the newest such act in the log."""
    return NOTHING if (newest := _newest(connection, act)) is None else str(newest[0])


def must_not_have_changed(connection: Connection, act: EventKind, subject: str, seen: str | None) -> None:
    """Raise MovedOnError where an act about the subject came after the state that was `seen`."""
    newest = _newest(connection, act, subject)
    if seen is not None and newest is not None and newest[0] > int(seen):
        raise MovedOnError(*newest[1:])


def _newest(connection: Connection, act: EventKind, subject: str = "") -> tuple[int, str, str, datetime] | None:
    """Number, change, actor and moment of the newest act of a kind, about a subject or about any."""
    c = audit_log.c
    query = select(c.sequence, c.details, c.actor, c.at).where(c.act == act.value)
    if subject:
        query = query.where(c.subject == subject)
    row = connection.execute(query.order_by(c.sequence.desc()).limit(1)).first()
    return None if row is None else (row.sequence, json.loads(row.details)["change"], row.actor, row.at)

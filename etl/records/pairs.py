"""Who can be whose other pair of eyes: two accounts that no one person can be behind.

Whoever makes an account, or gives it a password, can sign in as it and has that in their hands for good: also what the
account did for others. The log tells who did; a chain of such acts, over however many accounts, joins two that are then
not two pairs of eyes. The command on this machine joins nobody: whoever may run it is trusted with more than that.
"""

from __future__ import annotations

import json
from collections import defaultdict

from sqlalchemy import Connection, select

from etl.records.access_tables import audit_log
from etl.records.log import COMMAND, EventKind

_IN_THEIR_HANDS = frozenset({"added", "password"})
"""Changes of an account by which whoever makes them could sign in as it."""


def are_two(connection: Connection, one: str, other: str) -> bool:
    """Whether two accounts, by their ids, are two pairs of eyes; the command and somebody are."""
    if COMMAND in (one, other):
        return True
    joined: dict[str, set[str]] = defaultdict(set)
    c = audit_log.c
    query = select(c.actor, c.subject, c.details).where(c.act == EventKind.PERSON_CHANGE.value)
    for actor, subject, details in connection.execute(query):
        if actor != COMMAND and json.loads(details).get("change") in _IN_THEIR_HANDS:
            joined[actor].add(subject)
            joined[subject].add(actor)
    known, left = {one}, [one]
    while left:
        new = joined[left.pop()] - known
        known |= new
        left += new
    return other not in known

"""Files that were made for somebody to take away: nobody else gets them, whoever knows their address.

Streamlit hands out a made file to anybody who asks for its address. What was made for whom is known here by the digest
of its bytes, so the gate can hold back what belongs to another person.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

_MOST = 10_000
"""Files remembered; the oldest is forgotten first, and must be made again to be taken away."""

_lock = threading.Lock()
_made: OrderedDict[tuple[str, str], None] = OrderedDict()


def remember(person: str, content: bytes) -> None:
    """Say that these bytes were made for that person."""
    digest = hashlib.sha256(content).hexdigest()
    with _lock:
        _made[person, digest] = None
        _made.move_to_end((person, digest))
        while len(_made) > _MOST:
            _made.popitem(last=False)


def was_made_for(person: str, content: bytes) -> bool:
    """True where these bytes were made for that person."""
    with _lock:
        return (person, hashlib.sha256(content).hexdigest()) in _made

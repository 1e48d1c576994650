"""The sentence for an act that came too late: what was done before it, by whom and when."""

from __future__ import annotations

from app.moments import kst_text
from app.widgets.view import View, store
from etl.records import people
from etl.records.engine import reading
from etl.records.log import COMMAND, SYSTEM
from etl.records.moved_on import MovedOnError


def what_came_first(view: View, moved_on: MovedOnError) -> str:
    """What was done meanwhile to what somebody acted on; the screen beside it shows the new state."""
    return view.say(
        "moved_on.sentence",
        what=view.say(f"moved_on.what.{moved_on.what}"),
        who=_name(view, moved_on.actor),
        moment=kst_text(moved_on.at)[:19],
    )


def _name(view: View, actor: str) -> str:
    """The name of whoever acted; a machine's token stands as its number."""
    if actor in (COMMAND, SYSTEM):
        return view.say(f"actor.{actor}")
    with reading(store().engine) as connection:
        person = people.by_id(connection, actor)
    return person.name if person else actor

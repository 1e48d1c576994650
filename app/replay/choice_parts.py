"""Which incident the page tells, and of which of its assets."""

from __future__ import annotations

from dataclasses import replace

from app.served import served_incidents
from app.widgets.header import banner
from app.widgets.switches import switch
from app.widgets.view import View
from etl.replays import ALL, Replay, all_replays


def chosen_incident(view: View) -> Replay | None:
    """Return the chosen incident, with the chosen asset as the one that is looked at; None where none is of `view`.

    Those of the store come first, the newest first; the others can be chosen too, for what was published of them.
    """
    served = [one.name for one in reversed(served_incidents())]
    known = all_replays()
    names = [
        name
        for name in (*served, *(name for name in reversed(tuple(known)) if name not in served))
        if known[name].exchange in view.exchanges
    ]
    if not names:
        return None
    titles = {name: f"{known[name].title.in_language(view.language)} · {known[name].first_day}" for name in names}
    drops = ("asset", "day", "row", "halt")
    facts = known[
        switch(view.say("replay.incident"), "incident", names, titles.__getitem__, drops=drops)
        if len(names) > 1
        else names[0]
    ]
    if len(facts.assets) == 1 or facts.name not in served:
        return facts
    assets = [facts.asset, *(one for one in facts.assets if one != facts.asset)]
    return replace(facts, asset=switch(view.say("replay.asset"), "asset", assets, str, drops=drops[1:]))


def is_filed(view: View, facts: Replay) -> bool:
    """Return whether the store holds the files of an incident, and say so where it does not."""
    if facts.name in {one.name for one in served_incidents()}:
        return True
    banner(view.say("replay.not_filed", command=f"daxa demo --replay {ALL}"))
    return False

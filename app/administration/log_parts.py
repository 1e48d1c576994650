"""The audit log at the screen: entries newest first by filter, all of them as a file, and the chain recomputed."""

from __future__ import annotations

from concurrent.futures import wait
from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st

from app.administration.lists import LOG_PAGE, LogWanted, log_actors, log_count, log_page, whole_log
from app.columns import Shown
from app.exports import Cells, Column, Extract, as_csv
from app.moments import kst_text
from app.rules.finding_parts import page_of
from app.widgets.address import pick, picked
from app.widgets.file_button import file_button
from app.widgets.header import empty, facts, note, section
from app.widgets.tables import table
from app.widgets.view import View, ask_anew, store
from app.widgets.working import worker
from etl.records.log import EventKind

_LOG = {
    "sequence": Shown.COUNT,
    "at": Shown.MOMENT,
    "actor": Shown.TEXT,
    "act": Shown.TEXT,
    "subject": Shown.TEXT,
    "details": Shown.LONG_TEXT,
}
_ACT, _ACTOR, _SUBJECT = "act", "actor", "about"
_SECONDS = 300


def log_section(view: View) -> None:
    """What was done by whom, and whether the log still is what was written."""
    _verifying(view)
    actors = ask_anew(log_actors)
    wanted = _filters(view, actors)
    total = ask_anew(log_count, wanted)
    section(view, "administration.log", count=f"{total:,}")
    if not total:
        empty(view, "log")
        return
    number = page_of(view, total, LOG_PAGE, "entries")
    entries = ask_anew(log_page, wanted, number)
    frame = entries.assign(
        actor=[_actor(view, one) for one in entries["actor"]],
        act=[view.say(f"act.{one}") for one in entries["act"]],
    )
    table(view, frame, _LOG, alt=view.say("administration.log", count=f"{total:,}"), most_rows=LOG_PAGE)
    file_button(
        view,
        view.say("administration.whole_log", count=f"{total:,}"),
        partial(_file, view, store(), wanted),
        f"daxa_audit_log_{view.now:%Y-%m-%d}.csv",
        "audit_log",
        key="log.download",
        mime="text/csv",
    )


def _actor(view: View, name: str) -> str:
    return view.say(f"actor.{name}") if name in ("command", "system") else name


def _filters(view: View, actors: dict[str, str]) -> LogWanted:
    """Act, actor and subject, kept in the address as picks of this page."""
    first, second, third = st.columns(3)
    acts = {one.value: view.say(f"act.{one.value}") for one in EventKind}
    people = {key: name or _actor(view, key) for key, name in actors.items()}
    for name, known in ((_ACT, acts), (_ACTOR, people)):
        st.session_state[f"log.{name}"] = picked(name) if picked(name) in known else ""
    st.session_state[f"log.{_SUBJECT}"] = picked(_SUBJECT)

    def chosen(name: str) -> None:
        pick(**{name: str(st.session_state[f"log.{name}"] or "").strip(), "entries": ""})

    act = first.selectbox(
        view.say("column.act"),
        ("", *acts),
        format_func=lambda one: acts.get(one) or view.say("administration.all_acts"),
        key=f"log.{_ACT}",
        on_change=chosen,
        args=(_ACT,),
    )
    actor = second.selectbox(
        view.say("column.actor"),
        ("", *people),
        format_func=lambda one: people.get(one) or view.say("administration.all_actors"),
        key=f"log.{_ACTOR}",
        on_change=chosen,
        args=(_ACTOR,),
    )
    subject = third.text_input(
        view.say("administration.subject"), key=f"log.{_SUBJECT}", on_change=chosen, args=(_SUBJECT,), max_chars=128
    )
    return LogWanted(act, actor, (subject or "").strip())


def _file(view: View, opened: Any, wanted: LogWanted) -> bytes:
    """All entries of what is wanted, as they stand in the log."""
    found = whole_log(opened, view.scope, wanted)
    kinds = {"sequence": Cells.NUMBER, "at": Cells.INSTANT}
    columns = [
        Column(
            view.say(f"column.{name}"),
            kinds.get(name, Cells.TEXT),
            found[name].tolist(),
        )
        for name in (*_LOG, "hash")
    ]
    title = view.say("administration.log", count=f"{len(found):,}")
    return as_csv(Extract(title, {}, columns, view.say("export.cover"), view.say("export.rows")))


def _verifying(view: View) -> None:
    """The chain recomputed when somebody asks, beside the screens; nothing is said to be whole before that."""
    section(view, "administration.verification")
    asked = st.button(view.say("administration.verify"), key="log.verify", icon=":material/verified:")
    if not asked:
        note(view.say("administration.verify_how"))
        return
    future = worker().verify_log(view.identity.person)
    with st.spinner(view.say("administration.working")):
        wait([future], timeout=_SECONDS)
    if not future.done():
        note(view.say("administration.still_working"))
        return
    _told(view, future.result())


def _told(view: View, found: dict[str, Any]) -> None:
    if found["broken_entry"] is not None:
        st.error(view.say("administration.broken", entry=f"{found['broken_entry']:,}"), icon=":material/error:")
        note(view.say("administration.broken_how"))
    elif found["wrong_days"]:
        days = ", ".join(found["wrong_days"])
        st.error(view.say("administration.wrong_heads", days=days), icon=":material/error:")
    else:
        count = f"{found['entry_count']:,}"
        st.success(view.say("administration.whole", count=count), icon=":material/check_circle:")
    facts(
        {
            view.say("administration.entries"): f"{found['entry_count']:,}",
            view.say("administration.heads"): f"{found['head_count']:,}",
            view.say("administration.last_hash"): found["last_hash"],
            view.say("administration.verified_at"): f"{kst_text(datetime.fromisoformat(found['verified_at']))} KST",
        }
    )

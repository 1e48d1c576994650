"""The audit log at the screen: entries by filter, the newest first, all of them as a file, and the verification."""

from __future__ import annotations

from concurrent.futures import wait
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

import streamlit as st

from app.administration.action_parts import actor_name
from app.administration.actors import log_actors
from app.administration.audit_log import LOG_PAGE, LogEntry, LogWanted, log_count, log_days, log_page, whole_log
from app.columns import columns_of
from app.exports import Cells, Column, Extract, as_csv
from app.moments import kst_day, kst_text
from app.rules.finding_parts import page_of
from app.widgets.address import pick, picked, was_turned_back
from app.widgets.file_button import offer_file
from app.widgets.header import empty, facts, note, section
from app.widgets.tables import table
from app.widgets.view import View, ask_anew, store
from app.widgets.working import worker
from etl.records.log import EventKind
from etl.records.vouched import without_digests
from etl.store import Store

_SHOWN = columns_of(LogEntry, "sequence", "at", "actor", "act", "subject", "details")
_ACT, _ACTOR, _SUBJECT = "act", "actor", "about"
_SECONDS = 300


def log_section(view: View) -> None:
    """The entries that match, all of them as a file, and the verification of the chain."""
    _verifying(view)
    actors = ask_anew(log_actors)
    wanted = _filters(view, actors)
    total, days = ask_anew(log_count, wanted), ask_anew(log_days, wanted)
    section(view, "administration.log", count=f"{total:,}")
    if not total or days is None:
        empty(view, "log")
        return
    number = page_of(view, total, LOG_PAGE, "entries")
    entries = ask_anew(log_page, wanted, number)
    rows = [
        replace(
            one,
            actor=actor_name(view, one.actor),
            act=view.say(f"act.{one.act}"),
            details=without_digests(one.details),
        )
        for one in entries
    ]
    own = view.of_days(kst_day(entries[-1].at), kst_day(entries[0].at))
    table(own, rows, _SHOWN, alt=view.say("administration.log", count=f"{total:,}"), most_rows=LOG_PAGE)
    offer_file(
        view,
        view.say("administration.whole_log", count=f"{total:,}"),
        partial(_file, view, store(), wanted, days),
        f"daxa_audit_log_{days[0]}_{days[1]}.csv",
        "audit_log",
        key="log.download",
        mime="text/csv",
    )


def _filters(view: View, actors: dict[str, str]) -> LogWanted:
    """The kind of event, the actor and the subject that are chosen, kept in the URL state of this page."""
    first, second, third = st.columns(3)
    acts = {one.value: view.say(f"act.{one.value}") for one in EventKind}
    people = {key: name or actor_name(view, key) for key, name in actors.items()}
    for name, known in ((_ACT, acts), (_ACTOR, people)):
        st.session_state[f"log.{name}"] = picked(name) if picked(name) in known else ""
    st.session_state[f"log.{_SUBJECT}"] = picked(_SUBJECT)

    def chosen(name: str) -> None:
        if was_turned_back():
            return
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


def _file(view: View, opened: Store, wanted: LogWanted, days: tuple[date, date]) -> bytes:
    """A CSV file of all entries that match, as they stand in the log, with their hashes."""
    found = whole_log(opened, view.scope, wanted)
    kinds = {"sequence": Cells.NUMBER, "at": Cells.INSTANT}
    columns = [
        Column(
            view.say(f"column.{name}"),
            kinds.get(name, Cells.TEXT),
            [getattr(one, name) for one in found],
        )
        for name in columns_of(LogEntry)
    ]
    title = view.say("administration.log", count=f"{len(found):,}")
    cover = {view.say("export.period"): f"{days[0]} ~ {days[1]} (KST)", view.say("export.made_at"): kst_text(view.now)}
    return as_csv(Extract(title, cover, columns, view.say("export.cover"), view.say("export.rows")))


def _verifying(view: View) -> None:
    """The chain recomputed by the worker when somebody asks; nothing is said to be whole before that."""
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
    _verification(view, future.result())


def _verification(view: View, found: dict[str, Any]) -> None:
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

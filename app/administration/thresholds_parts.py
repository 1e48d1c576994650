"""Thresholds: what is in force, what is proposed, proposing another value with its what-if, deciding on one."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, wait
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from app.administration.acting_parts import act, acts_of, why_refused
from app.administration.acts import Decision, RefusedError, ThresholdChange, number_of
from app.administration.lists import proposal_list, threshold_list
from app.columns import Shown
from app.frames import frame_of, records_of
from app.moments import KST, kst_text
from app.rules.threshold_parts import bounds_text, reason_text, value_text
from app.widgets.address import pick, picked
from app.widgets.header import empty, facts, note, section, sentence, subtitle
from app.widgets.tables import table
from app.widgets.view import View, ask, ask_anew
from app.widgets.working import worker

_THRESHOLDS = {
    "parameter": Shown.TEXT,
    "exchange": Shown.TEXT,
    "value": Shown.TEXT,
    "effective_from": Shown.DAY,
    "source": Shown.SOURCE,
    "next": Shown.TEXT,
    "bounds": Shown.TEXT,
    "reason": Shown.LONG_TEXT,
}
_HISTORY = {
    "effective_from": Shown.DAY,
    "exchange": Shown.TEXT,
    "value": Shown.TEXT,
    "source": Shown.SOURCE,
    "reason": Shown.LONG_TEXT,
}
_PROPOSALS = {
    "proposed_at": Shown.INSTANT,
    "parameter": Shown.TEXT,
    "exchange": Shown.TEXT,
    "value": Shown.TEXT,
    "effective_from": Shown.DAY,
    "decided": Shown.TEXT,
    "proposer": Shown.TEXT,
    "decider": Shown.TEXT,
    "decided_at": Shown.INSTANT,
    "reason": Shown.LONG_TEXT,
    "decision_reason": Shown.LONG_TEXT,
}
_WHAT_IF = {
    "rule": Shown.TEXT,
    "submissions": Shown.COUNT,
    "findings_now": Shown.COUNT,
    "findings_then": Shown.COUNT,
    "new": Shown.COUNT,
    "gone": Shown.COUNT,
    "files_changed": Shown.COUNT,
    "exchanges_changed": Shown.TEXT,
}
_SHOWN = "administration.what_if"
_SECONDS = 120
"""So long one waits for a what-if at the screen; one that takes longer is there when asked for again."""


def threshold_section(view: View) -> None:
    """Everything about thresholds: open proposals first, since somebody waits for them."""
    proposals = ask_anew(proposal_list)
    _open_proposals(view, proposals[proposals["decision"].isna()])
    known = ask(threshold_list, view.choice.last_day)
    section(view, "administration.thresholds", day=view.choice.last_day)
    note(view.say("administration.thresholds_how"))
    rows = [_row(view, row) for row in records_of(known)]
    table(
        view,
        frame_of(rows, [*_THRESHOLDS, "name"]),
        _THRESHOLDS,
        alt=view.say("administration.thresholds", day=view.choice.last_day),
        key="administration.thresholds",
        on_pick=lambda row: pick(threshold=row["name"]),
        most_rows=12,
    )
    names = list(dict.fromkeys(known["name"]))
    name = picked("threshold") if picked("threshold") in names else ""
    if name:
        _history(view, name)
    _proposing(view, names, name)
    _decided(view, proposals[proposals["decision"].notna()])


def _for_whom(view: View, exchange: str | None) -> str:
    return view.exchange(exchange) if exchange else view.say("filter.all_exchanges")


def _row(view: View, row: Mapping[str, Any]) -> dict[str, Any]:
    name, bounds = row["name"], view.thresholds.named(row["name"])[0]
    follows = None
    if row["next_from"] is not None:
        follows = view.say("administration.next", value=value_text(view, name, row["next_value"]), day=row["next_from"])
    return {
        **{key: row[key] for key in ("name", "effective_from", "source")},
        "parameter": view.say(f"parameter.{name}"),
        "exchange": _for_whom(view, row["exchange"]),
        "value": None if row["value"] is None else value_text(view, name, row["value"]),
        "next": follows,
        "bounds": bounds_text(view, bounds),
        "reason": reason_text(view, row["entry"]) if row["entry"] else None,
    }


def _history(view: View, name: str) -> None:
    """Every value that a threshold ever had or will have, the newest first."""
    subtitle(view.say("administration.history", parameter=view.say(f"parameter.{name}")))
    rows = [
        {
            "effective_from": one.effective_from,
            "exchange": _for_whom(view, one.exchange),
            "value": value_text(view, name, one.value),
            "source": one.source.value,
            "reason": reason_text(view, one),
        }
        for one in reversed(view.thresholds.named(name))
    ]
    frame = frame_of(rows, _HISTORY)
    table(view, frame, _HISTORY, alt=view.say("administration.history", parameter=view.say(f"parameter.{name}")))


# ------------------------------------------------------------------------------------------------ proposing


def _proposing(view: View, names: list[str], name: str) -> None:
    """Another value, from which day and why; it can be sent once its what-if was shown."""
    section(view, "administration.propose")
    note(view.say("administration.propose_how"))
    left, middle, right, day_place = st.columns([3, 2, 2, 2])
    wanted = left.selectbox(
        view.say("column.parameter"),
        names,
        index=names.index(name) if name else 0,
        format_func=lambda one: view.say(f"parameter.{one}"),
        key=f"propose.name.{name}",
    )
    exchange = middle.selectbox(
        view.say("column.exchange"),
        ("", *view.scope.exchanges),
        format_func=lambda one: _for_whom(view, one),
        key="propose.exchange",
    )
    value = right.text_input(
        view.say("administration.value", unit=view.unit(wanted)), key="propose.value", max_chars=32
    )
    tomorrow = datetime.now(KST).date() + timedelta(days=1)
    day = day_place.date_input(
        view.say("administration.from"), value=tomorrow, min_value=tomorrow, format="YYYY-MM-DD", key="propose.day"
    )
    if "_share" in wanted or view.unit(wanted) == view.say("unit.share"):
        note(view.say("administration.share_how"))
    reason = st.text_area(view.say("column.reason"), key="propose.reason", max_chars=500, height=80)
    change = ThresholdChange(wanted, exchange or None, value, day)
    shown = _what_if(view, change)
    st.button(
        view.say("administration.send"),
        key="propose.send",
        disabled=shown is None or not reason.strip(),
        on_click=_send,
        args=(view, change, reason, shown),
        type="primary",
    )
    if shown is None:
        note(view.say("administration.send_how"))


def _send(view: View, change: ThresholdChange, reason: str, shown: Mapping[str, Any]) -> None:
    def send() -> None:
        acts_of(view).propose(change, reason, shown)

    if act(view, "administration.sent", send, parameter=view.say(f"parameter.{change.name}")):
        for key in ("propose.value", "propose.reason", _SHOWN):
            st.session_state.pop(key, None)


def _what_if(view: View, change: ThresholdChange) -> dict[str, Any] | None:
    """What the change would have done in the chosen days, worked out beside the screens; none until it was."""
    asked = (change.name, change.exchange, change.value.strip(), view.choice.first_day, view.choice.last_day)
    if st.button(view.say("administration.what_if"), key="propose.what_if", icon=":material/balance:"):
        try:
            number_of(change)
        except RefusedError as refused:
            st.session_state.pop(_SHOWN, None)
            st.html(f'<p class="empty">✕ {why_refused(view, refused)}</p>')
            return None
        future = worker().what_if(change, view.choice.first_day, view.choice.last_day)
        st.session_state[_SHOWN] = (asked, future)
    known: tuple[Any, Future[dict[str, Any]]] | None = st.session_state.get(_SHOWN)
    if known is None or known[0] != asked:
        return None
    with st.spinner(view.say("administration.working")):
        wait([known[1]], timeout=_SECONDS)
    if not known[1].done():
        note(view.say("administration.still_working"))
        return None
    shown = known[1].result()
    what_if_table(view, shown, key="propose")
    return shown


def what_if_table(view: View, shown: Mapping[str, Any], *, key: str) -> None:
    """What a change would have done, rule by rule: findings now and then, files and exchanges with other findings."""
    title = view.say(
        "administration.what_if_title",
        parameter=view.say(f"parameter.{shown['name']}"),
        exchange=_for_whom(view, shown["exchange"]),
        value=value_text(view, shown["name"], Decimal(shown["value"])),
        first=shown["first_day"],
        last=shown["last_day"],
    )
    subtitle(title)
    rows = [
        {
            **rule,
            "exchanges_changed": ", ".join(
                f"{view.exchange(exchange)} +{counts['new']} −{counts['gone']}"
                for exchange, counts in rule["by_exchange"].items()
                if counts["new"] or counts["gone"]
            )
            or view.say("administration.none_changed"),
        }
        for rule in shown["rules"]
    ]
    frame = frame_of(rows, _WHAT_IF)
    table(view, frame, _WHAT_IF, alt=title, key=f"what_if.{key}")
    if not any(rule["submissions"] for rule in shown["rules"]):
        note(view.say("administration.nothing_judged"))


# -------------------------------------------------------------------------------------------------- deciding


def _open_proposals(view: View, proposals: pd.DataFrame) -> None:
    """What waits for a decision, each with what the proposer was shown, and what this person may do about it."""
    section(view, "administration.open", count=len(proposals))
    if proposals.empty:
        note(view.say("administration.nothing_open"))
    for row in records_of(proposals):
        with st.container(border=True):
            _open_proposal(view, row)


def _open_proposal(view: View, row: Mapping[str, Any]) -> None:
    number, name = row["id"], row["name"]
    now = view.thresholds.value(name, row["effective_from"], row["exchange"])
    sentence(
        view.say(
            "administration.proposal",
            parameter=view.say(f"parameter.{name}"),
            exchange=_for_whom(view, row["exchange"]),
            before="–" if now is None else value_text(view, name, now),
            after=value_text(view, name, row["value"]),
            day=row["effective_from"],
        )
    )
    facts(
        {
            view.say("column.proposer"): f"{_name(view, row['proposer'])} · {kst_text(row['proposed_at'])[:16]} KST",
            view.say("column.reason"): row["reason"],
        }
    )
    what_if_table(view, row["what_if"], key=number)
    is_own = row["proposed_by"] == view.identity.person
    reason = st.text_input(view.say("administration.decision_reason"), key=f"decide.reason.{number}", max_chars=500)
    decisions = (Decision.WITHDRAWN,) if is_own else (Decision.APPROVED, Decision.REFUSED)
    with st.container(horizontal=True):
        for decision in decisions:
            st.button(
                view.say(f"decide.{decision}"),
                key=f"decide.{decision}.{number}",
                on_click=_decide,
                args=(view, number, decision, reason),
                type="primary" if decision is Decision.APPROVED else "secondary",
            )
    if is_own:
        note(view.say("administration.own_proposal"))


def _decide(view: View, number: str, decision: Decision, reason: str) -> None:
    def decide() -> None:
        acts_of(view).decide(number, decision, reason)
        if decision is Decision.APPROVED:
            worker().take_up()

    act(view, f"administration.{decision}", decide)


def _decided(view: View, proposals: pd.DataFrame) -> None:
    """What was decided before, newest first."""
    section(view, "administration.decided", count=len(proposals))
    if proposals.empty:
        empty(view, "proposals")
        return
    rows = [
        {
            **row,
            "parameter": view.say(f"parameter.{row['name']}"),
            "exchange": _for_whom(view, row["exchange"]),
            "value": value_text(view, row["name"], row["value"]),
            "decided": view.say(f"decision.{row['decision']}"),
            "proposer": _name(view, row["proposer"]),
        }
        for row in records_of(proposals)
    ]
    frame = frame_of(rows, _PROPOSALS)
    table(view, frame, _PROPOSALS, alt=view.say("administration.decided", count=len(rows)), most_rows=8)


def _name(view: View, name: str) -> str:
    """A person's name; in words for the command."""
    return view.say(f"actor.{name}") if name in ("command", "system") else name

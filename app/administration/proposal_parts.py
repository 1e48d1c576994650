"""Proposing another value of a threshold, with what it would have changed (its what-if)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import streamlit as st

from app.administration.accounts import state_seen
from app.administration.action_parts import actions_of, perform, why_refused
from app.columns import Count, Text, columns_of
from app.moments import KST
from app.rules.threshold_parts import value_text
from app.widgets.header import note, section, subtitle
from app.widgets.tables import table
from app.widgets.view import View, ask_anew
from app.widgets.working import worker
from etl.records.administrators import RefusedError
from etl.records.log import EventKind
from etl.records.thresholds import ThresholdChange, number_of

_SHOWN = "administration.what_if"
_SECONDS = 120
"""How long the screen waits for a what-if; one that takes longer is there when asked for again."""


@dataclass(frozen=True, slots=True)
class _WhatIfRow:
    """What a change would have done to one rule: findings before and after, and where they differ."""

    rule: Text
    submissions: Count
    findings_now: Count
    findings_then: Count
    new: Count
    gone: Count
    files_changed: Count
    exchanges_changed: Text


def for_whom(view: View, exchange: str | None) -> str:
    """The exchange whose own value it is, or that it is of all."""
    return view.exchange(exchange) if exchange else view.say("filter.all_exchanges")


def proposal_form(view: View, names: list[str], name: str) -> None:
    """Another value of one of `names` (of `name` to begin with), its day and reason; sent once its what-if is shown."""
    section(view, "administration.propose")
    note(view.say("administration.propose_how"))
    seen = ask_anew(state_seen, EventKind.THRESHOLD_CHANGE)
    change = _change(view, names, name)
    reason = st.text_area(view.say("column.reason"), key="propose.reason", max_chars=500, height=80)
    shown = _what_if(view, change)
    st.button(
        view.say("administration.send"),
        key="propose.send",
        disabled=shown is None or not reason.strip(),
        on_click=_send,
        args=(view, change, reason, shown, seen),
        type="primary",
    )
    if shown is None:
        note(view.say("administration.send_how"))


def _change(view: View, names: list[str], name: str) -> ThresholdChange:
    """The change that is filled in."""
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
        format_func=lambda one: for_whom(view, one),
        key="propose.exchange",
    )
    unit = view.unit(wanted)
    value = right.text_input(view.say("administration.value", unit=unit), key="propose.value", max_chars=32)
    tomorrow = datetime.now(KST).date() + timedelta(days=1)
    day = day_place.date_input(
        view.say("administration.from"), value=tomorrow, min_value=tomorrow, format="YYYY-MM-DD", key="propose.day"
    )
    if "_share" in wanted or unit == view.say("unit.share"):
        note(view.say("administration.share_how"))
    return ThresholdChange(wanted, exchange or None, value, day)


def _send(view: View, change: ThresholdChange, reason: str, shown: Mapping[str, Any], seen: str) -> None:
    def send() -> None:
        actions_of(view, seen).propose(change, reason, shown)

    if perform(view, "administration.sent", send, parameter=view.say(f"parameter.{change.name}")):
        st.session_state.pop(_SHOWN, None)
        # Set and not taken away: the browser would go on showing what was typed.
        for key in ("propose.value", "propose.reason"):
            st.session_state[key] = ""


def _what_if(view: View, change: ThresholdChange) -> dict[str, Any] | None:
    """What the change would have done in the chosen days, which the worker finds out when asked; none before that."""
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
    """A what-if as it is recorded with its proposal, rule by rule; `key` tells it apart from others on the page."""
    title = view.say(
        "administration.what_if_title",
        parameter=view.say(f"parameter.{shown['name']}"),
        exchange=for_whom(view, shown["exchange"]),
        value=value_text(view, shown["name"], Decimal(shown["value"])),
        first=shown["first_day"],
        last=shown["last_day"],
    )
    subtitle(title)
    rows = [_what_if_row(view, rule) for rule in shown["rules"]]
    days = view.of_days(date.fromisoformat(shown["first_day"]), date.fromisoformat(shown["last_day"]))
    table(days, rows, columns_of(_WhatIfRow), alt=title, key=f"what_if.{key}")
    if not any(row.submissions for row in rows):
        note(view.say("administration.nothing_judged"))
    # Older records lack the list.
    failed = dict.fromkeys(number for rule in shown["rules"] for number in rule.get("failed", ()))
    if failed:
        note(view.say("administration.not_counted", numbers=", ".join(failed)))


def _what_if_row(view: View, rule: Mapping[str, Any]) -> _WhatIfRow:
    changed = ", ".join(
        f"{view.exchange(exchange)} +{counts['new']} −{counts['gone']}"
        for exchange, counts in rule["by_exchange"].items()
        if counts["new"] or counts["gone"]
    )
    return _WhatIfRow(
        rule=rule["rule"],
        submissions=rule["submissions"],
        findings_now=rule["findings_now"],
        findings_then=rule["findings_then"],
        new=rule["new"],
        gone=rule["gone"],
        files_changed=rule["files_changed"],
        exchanges_changed=changed or view.say("administration.none_changed"),
    )

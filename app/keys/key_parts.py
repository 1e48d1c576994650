"""Keys on the screen: the first figures, how keys ended, what came and went, refused calls, and allow lists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from app.amounts import percent, percent_down, ratio
from app.columns import Shown
from app.frames import frame_of, records_of
from app.keys.allow_list_charts import allow_list_coverage, allow_list_strictness
from app.keys.case_courses import StretchKind
from app.keys.case_totals import WHOLE, CaseFlow
from app.keys.counts import key_balance
from app.keys.key_charts import key_balance_bars, key_lanes, per_keys
from app.moments import duration
from app.queries.spans import spans_of
from app.widgets.address import pick, picked, picked_day
from app.widgets.drawings import chart
from app.widgets.header import columns, note, source_mark
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.tiles import Tile
from app.widgets.view import View, cached
from expectations.vocabulary import Source

# By the exchange for suspicion, by age, by the user: only the first is a revocation (specification, 2.2).
_ENDS = ("forced_expired_keys", "expired_keys", "deleted_keys")
_CALLS = ("blocked_call_count", "unlisted_call_count")
# The columns of the tables, and how each is written.
_SPAN = {"first_day": Shown.DAY, "last_day": Shown.DAY, "day_count": Shown.COUNT, "exchange": Shown.EXCHANGE}
_BALANCE = {
    "exchange": Shown.EXCHANGE,
    "opening_keys": Shown.COUNT,
    "issued_keys": Shown.COUNT,
    "expired_keys": Shown.COUNT,
    "deleted_keys": Shown.COUNT,
    "forced_expired_keys": Shown.COUNT,
    "active_keys": Shown.COUNT,
    "unexplained_keys": Shown.COUNT,
    "forced_rate": Shown.AMOUNT,
    "day_count": Shown.COUNT,
}
_ALLOW_LISTS = {
    "exchange": Shown.EXCHANGE,
    "scope": Shown.CODE,
    "day": Shown.DAY,
    "active_keys": Shown.COUNT,
    "allowlisted_keys": Shown.COUNT,
    "coverage": Shown.PERCENT,
    "max_ips_per_key": Shown.COUNT,
    "limit": Shown.COUNT,
    "blocked_call_count": Shown.COUNT,
    "unlisted_call_count": Shown.COUNT,
}


def key_tiles(view: View, flow: pd.DataFrame, state: pd.DataFrame, cases: CaseFlow) -> list[Tile]:
    """The figures that one looks for first, each with what it is of."""
    active, listed = (int(state[name].sum()) for name in ("active_keys", "allowlisted_keys"))
    opened, over = (int(cases.open_cases[name].sum()) for name in ("case_count", "over_count"))
    known = cases.open_cases[cases.open_cases["exchange"].isin(state["exchange"])]
    open_rate = _rate(int(known["case_count"].sum()), active)
    forced = int(flow[_ENDS[0]].sum())
    closed = cases.moves[cases.moves["stage"].isin(("cleared", "forced_expiry"))]
    ended, released = int(closed["step_count"].sum()), int(closed[closed["stage"] == "cleared"]["step_count"].sum())
    count, median = _expiry(view, cases)
    covered = ratio(listed, active)
    tile = view.say
    return [
        Tile(tile("tile.active"), f"{active:,}", tile("tile.active_note")),
        Tile(tile("tile.open"), f"{opened:,}", tile("tile.open_note", rate=open_rate, over=over)),
        Tile(tile("tile.forced"), f"{forced:,}", tile("tile.forced_note", rate=_rate(forced, active))),
        Tile(tile("tile.expiry"), median, tile("tile.expiry_note", count=f"{count:,}")),
        Tile(
            tile("tile.released"),
            f"{released:,}",
            tile("tile.released_note", closed=f"{ended:,}", share=percent(ratio(released, ended))),
        ),
        Tile(tile("tile.coverage"), "–" if covered is None else percent_down(covered), tile("tile.coverage_note")),
    ]


def _rate(count: int, active: int) -> str:
    """`count` for each 10,000 active keys."""
    found = per_keys(count, active)
    return "–" if found is None else f"{found:.2f}"


def _expiry(view: View, cases: CaseFlow) -> tuple[int, str]:
    """In how many cases keys were expired by force, and the median way there."""
    own: list[Any] = records_of(cases.stretches)
    for row in own:
        if (row["stretch"], row["exchange"]) == (StretchKind.EXPIRY, WHOLE):
            too_few = row["median"] is None
            return row["count"], view.say("tile.too_few") if too_few else duration(row["median"], view.language)
    return 0, view.say("tile.too_few")


def _lanes(view: View, flow: pd.DataFrame, measures: Sequence[str], key: str, title: str, *, is_rate: bool) -> None:
    """Measures over time, a lane an exchange; a mark leads to the rows of its days."""
    chart(
        view,
        lambda: key_lanes(flow, measures, view.exchanges, spans_of(view.choice), view.look, is_rate=is_rate),
        key=key,
        title=title,
        alt=view.say(f"key_revocations.{key}_alt"),
        frame=lambda: flow,
        columns={**_SPAN, **dict.fromkeys(measures, Shown.COUNT), "active_keys": Shown.COUNT},
        on_pick=_pick_span,
    )


def _pick_span(mark: Sequence[Any]) -> None:
    at, first, last = str(mark).split()
    pick(at=at, day=first, until=last, case="")


@part
def key_ends(view: View, flow: pd.DataFrame, *, is_rate: bool) -> None:
    """Forced expiry, expiry by age and deletion by users, apart; a mark leads to the rows of its days."""
    forced, natural, user = (f"{int(flow[name].sum()):,}" for name in _ENDS)
    title = view.say("key_revocations.ends", forced=forced, natural=natural, user=user)
    _lanes(view, flow, _ENDS, "ends", title, is_rate=is_rate)
    is_weekly = any(span.day_count > 1 for span in spans_of(view.choice))
    units = [name for name, holds in (("unit_week", is_weekly), ("unit_rate", is_rate)) if holds]
    note(" ".join(view.say(f"key_revocations.{name}") for name in ("lanes_note", *units)))
    at, first = picked("at"), picked_day("day")
    if at in view.exchanges and first and not picked("case"):
        rows_behind(view, "api_keys", at, first, picked_day("until") or first)


@part
def key_calls(view: View, flow: pd.DataFrame, *, is_rate: bool) -> None:
    """Calls from unregistered addresses, refused and served."""
    blocked, unlisted = (_total(flow, name) for name in _CALLS)
    title = view.say("key_revocations.calls", blocked=blocked, unlisted=unlisted)
    _lanes(view, flow, _CALLS, "calls", title, is_rate=is_rate)
    note(view.say("key_revocations.calls_note", source=source_mark(view, Source.DAXA)))


def _total(flow: pd.DataFrame, name: str) -> str:
    """The sum of what was filed; a dash where the report has no such column on any of the days."""
    filed = flow[name].dropna()
    return f"{int(filed.sum()):,}" if len(filed) else "–"


@part
def key_comings_and_goings(view: View, flow: pd.DataFrame, *, is_rate: bool) -> None:
    """What came and what went, as bars and as a sum that must come out."""
    balance = cached(view, "balance", lambda: _balance(view, flow))
    chart(
        view,
        lambda: key_balance_bars(balance, view.look, is_rate=is_rate),
        key="balance",
        title=view.say("key_revocations.balance"),
        alt=view.say("key_revocations.balance_alt"),
        frame=lambda: balance,
        columns=_BALANCE,
    )
    table(view, lambda: balance, _BALANCE, alt=view.say("key_revocations.balance_table"))
    note(view.say("key_revocations.balance_note"))


def _balance(view: View, flow: pd.DataFrame) -> pd.DataFrame:
    rows: list[Any] = records_of(key_balance(flow))
    for row in rows:
        forced_rate = per_keys(row["forced_expired_keys"], row["active_keys"])
        row["forced_rate"] = None if forced_rate is None else round(forced_rate, 2)
    rows.sort(key=lambda row: view.exchanges.index(row["exchange"]))
    return frame_of(rows, _BALANCE)


@part
def allow_lists(view: View, state: pd.DataFrame) -> None:
    """Coverage of allow lists and their strictness, by exchange and scope of keys."""
    listed = cached(view, "allow_lists", lambda: _listed(view, state))
    left, right = columns(2)
    for place, name, draw in (
        (left, "allow_list", allow_list_coverage),
        (right, "strictness", allow_list_strictness),
    ):
        with place:
            chart(
                view,
                partial(draw, listed, view.look),
                key=name,
                title=view.say(f"key_revocations.{name}"),
                alt=view.say(f"key_revocations.{name}"),
                frame=lambda: listed,
                columns=_ALLOW_LISTS,
                on_pick=lambda mark: pick(at=mark[0], day=mark[1], until=mark[1], case=""),
            )
            note(view.say(f"key_revocations.{name}_note", source=source_mark(view, Source.DAXA)))


def _listed(view: View, state: pd.DataFrame) -> pd.DataFrame:
    """What is known of allow lists with the coverage, and the limit in force."""
    rows: list[Any] = records_of(state)
    for row in rows:
        limit = view.thresholds.in_force("maximum_ips_per_key", row["day"], row["exchange"])
        row |= {"coverage": ratio(row["allowlisted_keys"], row["active_keys"]), "limit": limit and limit.value}
    rows.sort(key=lambda row: view.exchanges.index(row["exchange"]))
    return frame_of(rows, _ALLOW_LISTS)

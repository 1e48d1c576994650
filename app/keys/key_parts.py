"""Keys on the screen: the first figures, how keys ended, what came and went, refused calls, and allow lists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from app.amounts import percent, percent_down, ratio
from app.columns import columns_of
from app.keys.allow_list_charts import allow_list_coverage, allow_list_strictness
from app.keys.allow_lists import AllowList
from app.keys.case_courses import CLOSING_STAGES
from app.keys.case_stretches import StretchKind
from app.keys.case_totals import WHOLE, CaseFlow
from app.keys.counts import KeyBalance, KeyFlow, key_balance, per_keys
from app.keys.key_charts import key_balance_bars, key_lanes
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
_SPAN = ("first_day", "last_day", "day_count", "exchange")


def key_tiles(view: View, flow: Sequence[KeyFlow], state: Sequence[AllowList], cases: CaseFlow) -> list[Tile]:
    """Return the figures that one looks for first, each with what it is of."""
    active = sum(row.active_keys for row in state)
    covered = ratio(sum(row.allowlisted_keys for row in state), active)
    forced = _sum(flow, "forced_expired_keys")
    count, median = _expiry(view, cases)
    tile = view.say
    return [
        Tile(tile("tile.active"), f"{active:,}", tile("tile.active_note")),
        _open_tile(view, state, active, cases),
        Tile(tile("tile.forced"), f"{forced:,}", tile("tile.forced_note", rate=_rate(forced, active))),
        Tile(tile("tile.expiry"), median, tile("tile.expiry_note", count=f"{count:,}")),
        _released_tile(view, cases),
        Tile(tile("tile.coverage"), "–" if covered is None else percent_down(covered), tile("tile.coverage_note")),
    ]


def _open_tile(view: View, state: Sequence[AllowList], active: int, cases: CaseFlow) -> Tile:
    """Open cases; the rate is of exchanges with a key report, the number over a limit is of recorded findings."""
    opened = sum(row.suspicion_case_count for row in cases.open_cases)
    over = sum(row.exceeded_count for row in cases.open_cases)
    filed = {row.exchange for row in state}
    known = sum(row.suspicion_case_count for row in cases.open_cases if row.exchange in filed)
    note = view.say("tile.open_note", rate=_rate(known, active), over=over)
    return Tile(view.say("tile.open"), f"{opened:,}", note)


def _released_tile(view: View, cases: CaseFlow) -> Tile:
    """Cleared cases of those that were closed in the period."""
    closed = sum(row.step_count for row in cases.moves if row.stage in CLOSING_STAGES)
    released = sum(row.step_count for row in cases.moves if row.stage == "cleared")
    note = view.say("tile.released_note", closed=f"{closed:,}", share=percent(ratio(released, closed)))
    return Tile(view.say("tile.released"), f"{released:,}", note)


def _sum(flow: Sequence[KeyFlow], name: str) -> int:
    return sum(getattr(row, name) or 0 for row in flow)


def _total(flow: Sequence[KeyFlow], name: str) -> str:
    """The sum of what was filed; a dash where the report has no such column on any of the days."""
    filed = [count for row in flow if (count := getattr(row, name)) is not None]
    return f"{sum(filed):,}" if filed else "–"


def _rate(count: int, active: int) -> str:
    """`count` for each 10,000 active keys."""
    found = per_keys(count, active)
    return "–" if found is None else f"{found:.2f}"


def _expiry(view: View, cases: CaseFlow) -> tuple[int, str]:
    """In how many cases keys were expired by force, and the median way there."""
    for row in cases.stretches:
        if (row.stretch, row.exchange) == (StretchKind.EXPIRY, WHOLE):
            return row.count, view.say("tile.too_few") if row.median is None else duration(row.median, view.language)
    return 0, view.say("tile.too_few")


def _lanes(
    view: View, flow: Sequence[KeyFlow], measures: Sequence[str], key: str, title: str, *, is_rate: bool
) -> None:
    """Measures over time, a lane an exchange; a mark leads to the rows of its days."""
    chart(
        view,
        lambda: key_lanes(flow, measures, view.exchanges, spans_of(view.choice), view.look, is_rate=is_rate),
        key=key,
        title=title,
        alt=view.say(f"key_revocations.{key}_alt"),
        frame=lambda: flow,
        columns=columns_of(KeyFlow, *_SPAN, *measures, "active_keys"),
        on_pick=_pick_span,
    )


def _pick_span(mark: Sequence[Any]) -> None:
    at, first, last = str(mark).split()
    pick(at=at, day=first, until=last, case="")


@part
def key_ends(view: View, flow: Sequence[KeyFlow], *, is_rate: bool) -> None:
    """Forced expiry, expiry by age and deletion by users, apart; a mark leads to the rows of its days."""
    forced, natural, user = (f"{_sum(flow, name):,}" for name in _ENDS)
    title = view.say("key_revocations.ends", forced=forced, natural=natural, user=user)
    _lanes(view, flow, _ENDS, "ends", title, is_rate=is_rate)
    is_weekly = any(span.day_count > 1 for span in spans_of(view.choice))
    units = [name for name, holds in (("unit_week", is_weekly), ("unit_rate", is_rate)) if holds]
    note(" ".join(view.say(f"key_revocations.{name}") for name in ("lanes_note", *units)))
    at, first = picked("at"), picked_day("day")
    if at in view.exchanges and first and not picked("case"):
        rows_behind(view, "api_keys", at, first, picked_day("until") or first)


@part
def key_calls(view: View, flow: Sequence[KeyFlow], *, is_rate: bool) -> None:
    """Calls from unregistered addresses, refused and served."""
    blocked, unlisted = (_total(flow, name) for name in _CALLS)
    title = view.say("key_revocations.calls", blocked=blocked, unlisted=unlisted)
    _lanes(view, flow, _CALLS, "calls", title, is_rate=is_rate)
    note(view.say("key_revocations.calls_note", source=source_mark(view, Source.DAXA)))


@part
def key_comings_and_goings(view: View, flow: Sequence[KeyFlow], *, is_rate: bool) -> None:
    """What came and what went, as bars and as a sum that must come out."""
    order = view.exchanges.index
    balance = cached(view, "balance", lambda: sorted(key_balance(flow), key=lambda row: order(row.exchange)))
    chart(
        view,
        lambda: key_balance_bars(balance, view.look, is_rate=is_rate),
        key="balance",
        title=view.say("key_revocations.balance"),
        alt=view.say("key_revocations.balance_alt"),
        frame=lambda: balance,
        columns=columns_of(KeyBalance),
    )
    table(view, lambda: balance, columns_of(KeyBalance), alt=view.say("key_revocations.balance_table"))
    note(view.say("key_revocations.balance_note"))


@part
def allow_lists(view: View, state: Sequence[AllowList]) -> None:
    """Coverage of allow lists and their strictness, by exchange and scope of keys; a mark leads to its rows."""
    order = view.exchanges.index
    listed = cached(view, "allow_lists", lambda: sorted(state, key=lambda row: order(row.exchange)))
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
                columns=columns_of(AllowList),
                on_pick=lambda mark: pick(at=mark[0], day=mark[1], until=mark[1], case=""),
            )
            note(view.say(f"key_revocations.{name}_note", source=source_mark(view, Source.DAXA)))

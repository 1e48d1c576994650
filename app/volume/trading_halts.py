"""Halts that stopped trading, as they are marked beside the course of API volume."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.halts.events import halt_events
from app.queries.choice import Choice
from app.scope import Scope
from etl.store import Store

_STOPS_TRADING = ("trading", "all")


@dataclass(frozen=True, slots=True)
class TradingHalt:
    """One halt of trading: what was halted, why, and when it began."""

    exchange: str
    halt_id: str
    target: str
    trigger: str
    halted_at: datetime


def halts_of_trading(store: Store, scope: Scope, choice: Choice) -> tuple[TradingHalt, ...]:
    """The halts that touch the chosen days and stopped trading, the newest first."""
    return tuple(
        TradingHalt(halt.exchange, halt.halt_id, halt.target, halt.trigger, halt.halted_at)
        for halt in halt_events(store, scope, choice)
        if halt.functions in _STOPS_TRADING
    )

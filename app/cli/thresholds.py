"""`daxa thresholds`: thresholds in force, proposals, and proposing another value.

Approving and refusing is for administrators at the screen; what is proposed here is proposed by the person to whom the
user of this machine is bound (`etl.records.operators`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from app.cli.output import emit
from app.objects import instant_text
from app.words import say
from etl.records.engine import reading, writing
from etl.records.operators import actor_of_process
from etl.store import open_store
from expectations.vocabulary import KST

thresholds = typer.Typer(
    no_args_is_help=True, help="Thresholds: proposed here or at the screen, approved at the screen."
)

_SHOWN_DAYS = 28


@thresholds.command("list")
def list_thresholds(
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output.")] = False,
) -> None:
    """Every value in force or to come, then the open proposals."""
    from app.cli.output import table_of
    from etl.records import thresholds as kept

    with reading(open_store().engine) as connection:
        held, waiting = kept.thresholds_in_force(connection), kept.open_proposals(connection)
    rows = [
        (one.name, one.exchange, one.value, one.effective_from, one.source.value, one.proposal) for one in held.entries
    ]
    rows += [(one.name, one.exchange, one.value, one.effective_from, "proposed", one.id) for one in waiting]
    names = ("name", "exchange", "value", "effective_from", "source", "proposal")
    if json:
        for row in rows:
            emit({**dict(zip(names, row, strict=True)), "value": f"{row[2]}", "effective_from": row[3].isoformat()})
    else:
        table_of(names, [tuple("" if value is None else f"{value}" for value in row) for row in rows])


@thresholds.command()
def propose(
    name: Annotated[str, typer.Argument(help="The threshold, such as halt_shortfall_ratio.", metavar="NAME")],
    value: Annotated[str, typer.Argument(help="The number, such as 0.02.", metavar="VALUE")],
    effective_from: Annotated[str, typer.Option("--from", help="The day from which it holds, after today (KST).")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    exchange: Annotated[str | None, typer.Option("--exchange", help="For one exchange alone.")] = None,
    days: Annotated[
        int, typer.Option("--days", help="Days back that the what-if is worked out over.", min=1)
    ] = _SHOWN_DAYS,
) -> None:
    """Show what another value would have changed, and propose it to the administrators."""
    from etl.records import thresholds as kept
    from etl.records.administrators import RefusedError
    from etl.what_if import what_if_of

    change = kept.ThresholdChange(name, exchange, value, date.fromisoformat(effective_from))
    store = open_store()
    last = datetime.now(UTC).astimezone(KST).date()
    try:
        shown = what_if_of(store, change, last - timedelta(days=days), last)
        with writing(store.engine) as connection:
            made = kept.propose(
                connection,
                change,
                reason=reason,
                what_if=shown,
                actor=actor_of_process(connection),
                at=datetime.now(UTC),
            )
    except RefusedError as refused:
        raise ValueError(say(f"refused.{refused.reason}", "en", **refused.parts)) from refused
    emit(_record(made))


def _record(made: Any) -> dict[str, Any]:
    return {
        "proposal": made.id,
        "name": made.name,
        "exchange": made.exchange,
        "value": f"{made.value}",
        "effective_from": made.effective_from.isoformat(),
        "proposed_at": instant_text(made.proposed_at),
        "what_if": made.what_if,
    }

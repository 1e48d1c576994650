"""An asset's prices at all exchanges on the screen, beside the levels that were published."""

from __future__ import annotations

from datetime import date

from app.charts.style import exchanges_in
from app.columns import columns_of
from app.reconciliation.price_charts import price_change_lines, price_gap_lines
from app.reconciliation.price_gaps import PriceGap, price_gaps
from app.widgets.audit_events import rows_seen
from app.widgets.drawings import chart
from app.widgets.header import columns, note, section, source_mark
from app.widgets.parts import part
from app.widgets.view import View, ask
from expectations.published import published_levels

_GAPS = columns_of(PriceGap, "exchange", "slot_time", "price_krw", "median_krw", "price_gap")
_CHANGES = columns_of(PriceGap, "exchange", "slot_time", "price_krw", "earlier_price_krw", "price_change")


@part
def price_levels(view: View, day: date, asset: str) -> None:
    """How far prices are apart and how far they moved, with reference lines; nothing here is judged."""
    rows = ask(price_gaps, day, asset)
    if not rows:
        return
    rows_seen(view, "reconciliation", *exchanges_in(rows), day=str(day), asset=asset)
    section(view, "price_level.title", asset=asset, day=day)
    gap_levels, change_levels = published_levels("price_gap"), published_levels("price_change")
    left, right = columns(2)
    with left:
        compared = [row for row in rows if row.price_gap is not None]
        chart(
            view,
            lambda: price_gap_lines(compared, gap_levels, view.look),
            key="price_gaps",
            title=view.say("price_level.gaps"),
            alt=view.say("price_level.gaps_alt", asset=asset),
            frame=lambda: compared,
            columns=_GAPS,
        )
        if not compared:
            note(view.say("price_level.no_others"))
    with right:
        changed = [row for row in rows if row.price_change is not None]
        chart(
            view,
            lambda: price_change_lines(changed, change_levels, view.look),
            key="price_changes",
            title=view.say("price_level.changes"),
            alt=view.say("price_level.changes_alt", asset=asset),
            frame=lambda: changed,
            columns=_CHANGES,
        )
        if not changed:
            note(view.say("price_level.no_day_before"))
    source = gap_levels[0]
    note(
        view.say(
            "price_level.how",
            published=source_mark(view, source.mark),
            source=source.source.in_language(view.language),
            confidence=view.say(f"confidence.{source.confidence}"),
        )
    )

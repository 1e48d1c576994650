"""Monthly audits on the screen: tiles, the grid of months, one month by exchange, cold shares and the months before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.amounts import exact_sum, krw, percent_down, ratio
from app.audits.assets import AGREEMENT_RULE, AuditedAsset, audit_coverage, difference_totals
from app.audits.charts import AUDIT_GRADES, audit_grid, cold_shares
from app.audits.months import NOTHING_DUE, AuditMonth, cold_share_by_law
from app.columns import Amount, Count, ExchangeId, Instant, Percent, Text, Won, columns_of, row_of
from app.moments import duration, kst_minute
from app.widgets import address
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import note, section, source_mark
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.tiles import Tile, tile_row
from app.widgets.view import View, ask, cached


@dataclass(frozen=True, slots=True)
class _MonthRow:
    """One exchange's month as the tables of months show it."""

    exchange: ExchangeId
    month: Text
    audit_state: Text
    received_at: Instant | None
    due_at: Instant
    auditor: str | None
    opinion: str | None
    signed_on: date | None
    asset_count: Count | None
    doubted_count: Count | None
    short_count: Count | None
    cold_share: Percent | None
    value_krw: Won | None
    finding_count: Count


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One exchange's audit of the month that is looked at, with what it covers and how far it is from the checks.

    `unexplained_krw` is the part of `difference_krw` with an open finding.
    """

    exchange: ExchangeId
    audit_state: Text
    auditor: str | None
    opinion: str | None
    as_of: datetime | None
    signed_on: date | None
    reconciled_count: Count | None
    audited_count: Count | None
    asset_coverage: Percent | None
    cold_share: Percent | None
    compared_count: Count | None
    difference_krw: Amount | None
    unexplained_krw: Amount | None
    received_at: Instant | None
    finding_count: Count


def _state_words(view: View, audit: AuditMonth) -> str:
    """What came of an audit, in sign and word."""
    return f"{AUDIT_GRADES[audit.stand].sign} {view.say(f'audit_stand.{audit.stand}')}"


def month_looked_at(view: View, audits: Sequence[AuditMonth]) -> str:
    """The month that is picked, or the last one that has fallen due, or the last of all."""
    picked = address.picked("month")
    if any(one.month == picked for one in audits):
        return picked
    due = [one.month for one in audits if one.due_at <= view.moment and one.stand not in NOTHING_DUE]
    return max(due, default=max(one.month for one in audits))


def exchange_rows(
    view: View, audits: Sequence[AuditMonth], assets: Sequence[AuditedAsset], month: str
) -> tuple[ExchangeRow, ...]:
    """One row per exchange, for the audits of one month."""
    coverage = {one.exchange: one for one in ask(audit_coverage, view.choice, month)}
    totals = difference_totals(assets)
    rows = []
    for audit in audits:
        covered, total = coverage.get(audit.exchange), totals.get(audit.exchange)
        rows.append(
            row_of(
                ExchangeRow,
                audit,
                audit_state=_state_words(view, audit),
                audited_count=covered.audited_count if covered else None,
                reconciled_count=covered.reconciled_count if covered else None,
                asset_coverage=ratio(covered.audited_count, covered.reconciled_count) if covered else None,
                compared_count=total.compared_count if total else None,
                difference_krw=total.difference_krw if total else None,
                unexplained_krw=total.unexplained_krw if total else None,
            )
        )
    return tuple(rows)


def audit_tiles(view: View, audits: Sequence[AuditMonth], rows: Sequence[ExchangeRow], month: str) -> None:
    """What the audits of one month come to, each figure with what it is of."""
    tile_row(cached(view, "tiles", lambda: _tiles(view, audits, rows, month)))


def _tiles(view: View, audits: Sequence[AuditMonth], rows: Sequence[ExchangeRow], month: str) -> tuple[Tile, ...]:
    received = sum(one.is_received for one in audits)
    due_at = audits[0].due_at
    left = duration(abs(due_at - view.moment), view.language, 1)
    audited = sum(row.audited_count or 0 for row in rows)
    reconciled = sum(row.reconciled_count or 0 for row in rows)
    shares = [row.cold_share for row in rows if row.cold_share is not None]
    unexplained = [row.unexplained_krw for row in rows if row.unexplained_krw is not None]
    compared = sum(row.compared_count or 0 for row in rows)
    law = percent_down(cold_share_by_law(view.thresholds, month), 0)
    return (
        Tile(view.say("audits.received"), f"{received} / {len(rows)}", view.say("audits.of_month", month=month)),
        Tile(
            view.say("audits.deadline"),
            view.say("audits.left" if due_at > view.moment else "audits.passed", length=left),
            f"{kst_minute(due_at)} KST · {source_mark(view, 'MODEL')}",
        ),
        Tile(
            view.say("audits.coverage"),
            percent_down(ratio(audited, reconciled) or Decimal()) if reconciled else "–",
            view.say("audits.coverage_of", audited=f"{audited:,}", reconciled=f"{reconciled:,}"),
        ),
        Tile(
            view.say("audits.cold"),
            percent_down(min(shares)) if shares else "–",
            view.say("audits.cold_law", share=law, mark=source_mark(view, "LAW")),
        ),
        Tile(
            view.say("audits.unexplained"),
            krw(exact_sum(unexplained), view.language) if unexplained else "–",
            view.say("audits.compared", count=f"{compared:,}"),
        ),
    )


@part
def show_grid(view: View, audits: Sequence[AuditMonth], months: Sequence[str]) -> None:
    """Exchange by month; a square picks both."""
    chart(
        view,
        lambda: audit_grid(audits, view.exchanges, months, view.look),
        key="audit_grid",
        title=view.say("audits.grid"),
        alt=view.say("audits.grid_alt"),
        frame=lambda: _month_rows(view, audits),
        columns=columns_of(_MonthRow),
        on_pick=lambda mark: pick(at=mark[0], month=mark[1], asset=""),
    )
    note(view.say("audits.grid_how"))


@part
def show_month(view: View, rows: Sequence[ExchangeRow], month: str) -> None:
    """The audits of one month by exchange; a row picks its exchange."""
    view = view.of_period(month)
    section(view, "audits.month", month=month)
    table(
        view,
        lambda: rows,
        columns_of(ExchangeRow),
        key=f"month.{month}",
        alt=view.say("audits.month", month=month),
        on_pick=lambda row: pick(at=row.exchange, month=month, asset=""),
    )
    note(view.say("audits.month_how", rule=AGREEMENT_RULE))


@part
def show_cold_shares(view: View, audits: Sequence[AuditMonth], months: Sequence[str], month: str) -> None:
    """The share in cold wallets over the months, beside a line at the law's as in force in `month`."""
    chart(
        view,
        lambda: cold_shares(audits, months, cold_share_by_law(view.thresholds, month), view.look),
        key="cold_shares",
        title=view.say("audits.cold_shares"),
        alt=view.say("audits.cold_shares"),
        frame=lambda: audits,
        columns=columns_of(AuditMonth, "exchange", "month", "cold_share", "value_krw"),
        on_pick=lambda mark: pick(at=mark[0], month=mark[1], asset=""),
    )
    note(view.say("audits.cold_note"))


@part
def show_history(view: View, audits: Sequence[AuditMonth], months: Sequence[str]) -> None:
    """The months of which there is something to show, the newest first."""
    section(view, "audits.history", count=len(months))
    known = [one for one in audits if one.is_known]
    table(
        view,
        lambda: _month_rows(view, sorted(known, key=lambda one: one.month, reverse=True)),
        columns_of(_MonthRow),
        alt=view.say("audits.history", count=len(months)),
        key="history",
        most_rows=16,
    )


def _month_rows(view: View, audits: Sequence[AuditMonth]) -> list[_MonthRow]:
    return [row_of(_MonthRow, one, audit_state=_state_words(view, one)) for one in audits]

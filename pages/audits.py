"""Monthly audits: what came of each month, what auditors found, and how it compares with the five-minute checks."""

from __future__ import annotations

from app.audits.asset_parts import show_assets, show_differences
from app.audits.assets import audited_assets
from app.audits.month_parts import (
    audit_tiles,
    exchange_rows,
    month_looked_at,
    show_cold_shares,
    show_grid,
    show_history,
    show_month,
)
from app.audits.months import audit_months
from app.obligations.absence_parts import nothing
from app.queries.months import shown_months
from app.rules.finding_parts import report_findings
from app.widgets import address
from app.widgets.header import columns, note, page_header, stop
from app.widgets.view import ask, cached, current_view

view = current_view()
page_header(view, "audits")
note(view.say("audits.definition"))
audits = ask(audit_months, view.choice, view.moment.replace(minute=0, second=0, microsecond=0))
if not any(one.is_known for one in audits):
    nothing(view, "audits")
    report_findings(view, "audits")
    stop()

months = shown_months(view.choice)
month = month_looked_at(view, audits)
of_month = [one for one in audits if one.month == month]
assets = ask(audited_assets, view.choice, month)
rows = cached(view, "of_month", lambda: exchange_rows(view, of_month, assets, month))
at = address.picked("at") or next((one.exchange for one in of_month if one.asset_count), view.exchanges[0])

audit_tiles(view, of_month, rows, month)
show_grid(view, audits, months)
show_month(view, rows, month)
left, right = columns(2)
with left:
    show_cold_shares(view, audits, months, month)
with right:
    show_differences(view, assets, at, month)
if at in view.exchanges:
    show_assets(view, assets, at, month)
show_history(view, audits, months)
report_findings(view, "audits")

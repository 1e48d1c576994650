"""Frame to figure, and nothing else: every chart of the screens, in one house style.

An exchange keeps its colour, marker and dash everywhere (Okabe and Ito's colours). Missing days are gaps, never
interpolated. There are no heat maps and no Sankey diagrams, because Streamlit tells of no click on them; squares are
markers, stretches of time are bars with a base. Every mark that leads to rows carries in `customdata` what they are
found by.
"""

from app.charts.allow_lists import allow_list_coverage, allow_list_strictness
from app.charts.audits import AUDIT_GRADES, audit_differences, audit_grid, cold_shares
from app.charts.case_times import case_lengths, median_text
from app.charts.cases import MOVE_SIGNS, case_timeline, open_stages, stage_moves
from app.charts.episodes import closing_times, episode_sizes
from app.charts.findings import findings_by_month
from app.charts.grades import grade_mark
from app.charts.halt_records import halt_bars, halt_course, halt_reasons, halt_step_lengths, step_text, verdict_mark
from app.charts.halts import halt_lanes
from app.charts.keys import key_balance_bars, key_lanes, per_keys
from app.charts.ledgers import ledger_and_wallet, price_line
from app.charts.quality import grade_grid, measure_course
from app.charts.reconciliation import day_strip, reconciliation_calendar, slot_strip
from app.charts.replay import incident_lanes, shortfall_course
from app.charts.style import CONFIG, Figure, Look, figure_in_house_style, warm_up, written
from app.charts.surveillance import CONTEXTS, pattern_panels, stage_shares
from app.charts.trends import TrendCellDrawn, TrendPoint, trend_matrix
from app.charts.volume import share_panels
from app.charts.volume_hours import share_by_hour
from app.charts.volume_markets import market_bars
from app.charts.volume_orders import order_conduct

__all__ = [
    "AUDIT_GRADES",
    "CONFIG",
    "CONTEXTS",
    "MOVE_SIGNS",
    "Figure",
    "Look",
    "TrendCellDrawn",
    "TrendPoint",
    "allow_list_coverage",
    "allow_list_strictness",
    "audit_differences",
    "audit_grid",
    "case_lengths",
    "case_timeline",
    "closing_times",
    "cold_shares",
    "day_strip",
    "episode_sizes",
    "figure_in_house_style",
    "findings_by_month",
    "grade_grid",
    "grade_mark",
    "halt_bars",
    "halt_course",
    "halt_lanes",
    "halt_reasons",
    "halt_step_lengths",
    "incident_lanes",
    "key_balance_bars",
    "key_lanes",
    "ledger_and_wallet",
    "market_bars",
    "measure_course",
    "median_text",
    "open_stages",
    "order_conduct",
    "pattern_panels",
    "per_keys",
    "price_line",
    "reconciliation_calendar",
    "share_by_hour",
    "share_panels",
    "shortfall_course",
    "slot_strip",
    "stage_moves",
    "stage_shares",
    "step_text",
    "trend_matrix",
    "verdict_mark",
    "warm_up",
    "written",
]

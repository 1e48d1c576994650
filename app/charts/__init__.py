"""Frame to figure, and nothing else: every chart of the screens, in one house style.

An exchange keeps its colour, marker and dash everywhere (Okabe and Ito's colours). Missing days are gaps, never
interpolated. There are no heat maps and no Sankey diagrams, because Streamlit tells of no click on them; squares are
markers, stretches of time are bars with a base. Every mark that leads to rows carries in `customdata` what they are
found by.
"""

from app.charts.allow_lists import allow_list_coverage, allow_list_strictness
from app.charts.case_times import case_lengths, median_text
from app.charts.cases import MOVE_SIGNS, case_timeline, open_stages, stage_moves
from app.charts.findings import findings_by_month
from app.charts.grades import day_grade
from app.charts.halts import halt_lanes
from app.charts.keys import key_balance_bars, key_lanes, per_keys
from app.charts.reconciliation import episode_sizes, ledger_and_wallet, reconciliation_calendar, slot_strip
from app.charts.replay import incident_lanes, shortfall_course
from app.charts.style import CONFIG, Figure, Look, figure_in_house_style, warm_up
from app.charts.volume import share_panels
from app.charts.volume_hours import share_by_hour
from app.charts.volume_markets import market_bars
from app.charts.volume_orders import order_conduct

__all__ = [
    "CONFIG",
    "MOVE_SIGNS",
    "Figure",
    "Look",
    "allow_list_coverage",
    "allow_list_strictness",
    "case_lengths",
    "case_timeline",
    "day_grade",
    "episode_sizes",
    "figure_in_house_style",
    "findings_by_month",
    "halt_lanes",
    "incident_lanes",
    "key_balance_bars",
    "key_lanes",
    "ledger_and_wallet",
    "market_bars",
    "median_text",
    "open_stages",
    "order_conduct",
    "per_keys",
    "reconciliation_calendar",
    "share_by_hour",
    "share_panels",
    "shortfall_course",
    "slot_strip",
    "stage_moves",
    "warm_up",
]

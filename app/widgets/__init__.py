"""Pieces of screen that are used twice or more: the view, filters, header, tables, charts, rows behind a mark."""

from app.widgets.absence import absent, nothing
from app.widgets.address import go, link, pick, picked, picked_day
from app.widgets.case_overview import case_stages, case_times
from app.widgets.cases import case_section
from app.widgets.drawings import chart
from app.widgets.filters import (
    colophon,
    language_switch,
    report_of_rule,
    rule_filters,
    sidebar,
    submission_filters,
)
from app.widgets.findings import filled, page_of, report_findings, standing_list, with_interval
from app.widgets.header import (
    banner,
    code,
    columns,
    empty,
    facts,
    header,
    kind_mark,
    markup,
    note,
    section,
    sentence,
    source_mark,
    state_mark,
    stop,
    subtitle,
)
from app.widgets.incidents import show_facts, side_by_side
from app.widgets.key_counts import allow_lists, key_calls, key_comings_and_goings, key_ends, key_tiles
from app.widgets.natures import Shown
from app.widgets.periods import days_of, end_of, start_of
from app.widgets.rows import rows_behind
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.tiles import Tile, tiles
from app.widgets.view import View, ask, current_view, served_replay
from app.widgets.volume_detail import volume_detail
from app.widgets.volume_parts import order_conduct, turnover_shares, volume_hours, volume_markets
from app.widgets.volume_shares import share_course, share_ranking, share_summary

__all__ = [
    "Shown",
    "Tile",
    "View",
    "absent",
    "allow_lists",
    "ask",
    "banner",
    "case_section",
    "case_stages",
    "case_times",
    "chart",
    "code",
    "colophon",
    "columns",
    "current_view",
    "days_of",
    "empty",
    "end_of",
    "facts",
    "filled",
    "go",
    "header",
    "key_calls",
    "key_comings_and_goings",
    "key_ends",
    "key_tiles",
    "kind_mark",
    "language_switch",
    "link",
    "markup",
    "note",
    "nothing",
    "order_conduct",
    "page_of",
    "pick",
    "picked",
    "picked_day",
    "report_findings",
    "report_of_rule",
    "rows_behind",
    "rule_filters",
    "section",
    "sentence",
    "served_replay",
    "share_course",
    "share_ranking",
    "share_summary",
    "show_facts",
    "side_by_side",
    "sidebar",
    "source_mark",
    "standing_list",
    "start_of",
    "state_mark",
    "stop",
    "submission_filters",
    "subtitle",
    "switch",
    "table",
    "tiles",
    "turnover_shares",
    "volume_detail",
    "volume_hours",
    "volume_markets",
    "with_interval",
]

"""Pieces of screen that are used twice or more: the view, filters, header, tables, charts, rows behind a mark."""

from app.widgets.absence import absent, nothing
from app.widgets.address import go, link, pick, picked, picked_day
from app.widgets.answer_forms import show_said
from app.widgets.answer_lists import (
    answer_counts,
    answer_tiles,
    answer_totals,
    answers_line,
    answers_model,
    away_note,
    away_text,
    breach_section,
    by_exchange,
    explanation_list,
    history,
    own_unread,
    unread_list,
    waiting_list,
    with_shares,
)
from app.widgets.answers import keep_read, show_readers, to_answer, with_answers
from app.widgets.case_overview import case_stages, case_times
from app.widgets.cases import case_section
from app.widgets.deeds import list_seen, log_what_waits, rows_seen
from app.widgets.drafts import draft_bar, present_drafts
from app.widgets.drawings import chart
from app.widgets.filters import (
    colophon,
    halt_filters,
    language_switch,
    report_of_rule,
    rule_filters,
    sidebar,
    submission_filters,
)
from app.widgets.findings import page_of, report_findings, standing_list, with_interval
from app.widgets.guard import fragment, present_identity
from app.widgets.halt_detail import crossing_table, halt_detail, halt_records
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
    sentences,
    source_mark,
    state_mark,
    stop,
    subtitle,
)
from app.widgets.incidents import show_facts, side_by_side
from app.widgets.interpretation import change_mark, how_it_was_read
from app.widgets.key_counts import allow_lists, key_calls, key_comings_and_goings, key_ends, key_tiles
from app.widgets.natures import Shown
from app.widgets.parts import part
from app.widgets.periods import days_of, end_of, start_of
from app.widgets.reconciled_day import reconciled_day
from app.widgets.rows import rows_behind
from app.widgets.rule_box import rule_box
from app.widgets.shortfalls import doubtful_figures, shortfall_episodes
from app.widgets.situation import change_line, change_sign, due_lines, lane_table, news
from app.widgets.standings import filing_detail
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.tiles import Tile, tiles
from app.widgets.trend_words import drawn as trend_cells
from app.widgets.trend_words import gaps_frame as trend_gaps
from app.widgets.trend_words import row_name, trend_frame
from app.widgets.trend_words import sentences as trend_sentences
from app.widgets.view import View, ask, current_view, kept
from app.widgets.visits import keep_seen, present_visit, told_until
from app.widgets.volume_detail import volume_detail
from app.widgets.volume_parts import order_conduct, turnover_shares, volume_hours, volume_markets
from app.widgets.volume_shares import share_course, share_ranking, share_summary
from app.widgets.who import who_is_here

__all__ = [
    "Shown",
    "Tile",
    "View",
    "absent",
    "allow_lists",
    "answer_counts",
    "answer_tiles",
    "answer_totals",
    "answers_line",
    "answers_model",
    "ask",
    "away_note",
    "away_text",
    "banner",
    "breach_section",
    "by_exchange",
    "case_section",
    "case_stages",
    "case_times",
    "change_line",
    "change_mark",
    "change_sign",
    "chart",
    "code",
    "colophon",
    "columns",
    "crossing_table",
    "current_view",
    "days_of",
    "doubtful_figures",
    "draft_bar",
    "due_lines",
    "empty",
    "end_of",
    "explanation_list",
    "facts",
    "filing_detail",
    "fragment",
    "go",
    "halt_detail",
    "halt_filters",
    "halt_records",
    "header",
    "history",
    "how_it_was_read",
    "keep_read",
    "keep_seen",
    "kept",
    "key_calls",
    "key_comings_and_goings",
    "key_ends",
    "key_tiles",
    "kind_mark",
    "lane_table",
    "language_switch",
    "link",
    "list_seen",
    "log_what_waits",
    "markup",
    "news",
    "note",
    "nothing",
    "order_conduct",
    "own_unread",
    "page_of",
    "part",
    "pick",
    "picked",
    "picked_day",
    "present_drafts",
    "present_identity",
    "present_visit",
    "reconciled_day",
    "report_findings",
    "report_of_rule",
    "row_name",
    "rows_behind",
    "rows_seen",
    "rule_box",
    "rule_filters",
    "section",
    "sentence",
    "sentences",
    "share_course",
    "share_ranking",
    "share_summary",
    "shortfall_episodes",
    "show_facts",
    "show_readers",
    "show_said",
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
    "to_answer",
    "told_until",
    "trend_cells",
    "trend_frame",
    "trend_gaps",
    "trend_sentences",
    "turnover_shares",
    "unread_list",
    "volume_detail",
    "volume_hours",
    "volume_markets",
    "waiting_list",
    "who_is_here",
    "with_answers",
    "with_interval",
    "with_shares",
]

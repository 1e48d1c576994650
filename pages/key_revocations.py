"""API key revocations: forced, natural and user expiry apart; suspect keys by stage and in time; allow lists."""

from __future__ import annotations

from app.keys.allow_lists import allow_list_state
from app.keys.case_overview_parts import case_stages, case_times
from app.keys.case_parts import case_section
from app.keys.case_totals import case_flow
from app.keys.counts import key_flow
from app.keys.key_parts import allow_lists, key_calls, key_comings_and_goings, key_ends, key_tiles
from app.obligations.absence_parts import absent, nothing
from app.rules.finding_parts import report_findings
from app.widgets.header import note, page_header, stop
from app.widgets.switches import switch
from app.widgets.tiles import tile_row
from app.widgets.view import ask, cached, current_view

# For each 10,000 active keys, so that a small exchange is read beside a large one; or as it was counted.
MEASURES = ("rate", "count")

view = current_view()
page_header(view, "key_revocations")
note(view.say("key_revocations.definition"))
flow = ask(key_flow, view.choice)
cases = ask(case_flow, view.choice, view.thresholds)
if not (flow or cases.moves or cases.open_cases):
    nothing(view, "api_keys")
    report_findings(view, "api_keys", "key_actions")
    stop()

absent(view, "api_keys")
absent(view, "key_actions")
state = ask(allow_list_state, view.choice, view.thresholds)
tile_row(cached(view, "tiles", lambda: key_tiles(view, flow, state, cases)))
measure = switch(
    view.say("key_revocations.measure"), "measure", MEASURES, lambda name: view.say(f"key_revocations.measure_{name}")
)
is_rate = measure == "rate"
key_ends(view, flow, is_rate=is_rate)
key_comings_and_goings(view, flow, is_rate=is_rate)

case_stages(view, cases, state, is_rate=is_rate)
case_times(view, cases)
case_section(view, cases.moves)
allow_lists(view, state)
key_calls(view, flow, is_rate=is_rate)
report_findings(view, "api_keys", "key_actions")

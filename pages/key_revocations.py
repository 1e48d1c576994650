"""API key revocations: forced, natural and user expiry apart; suspect keys by stage and in time; allow lists."""

from __future__ import annotations

from app import queries, widgets

# For each 10,000 active keys, so that a small exchange is read beside a large one; or as it was counted.
MEASURES = ("rate", "count")

view = widgets.current_view()
widgets.header(view, "key_revocations")
widgets.note(view.say("key_revocations.definition"))
flow = widgets.ask(queries.key_flow, view.choice)
cases = widgets.ask(queries.case_flow, view.choice)
if flow.empty and cases.moves.empty and cases.open_cases.empty:
    widgets.nothing(view, "api_keys")
    widgets.report_findings(view, "api_keys", "key_actions")
    widgets.stop()

widgets.absent(view, "api_keys")
widgets.absent(view, "key_actions")
state = widgets.ask(queries.key_state, view.choice)
widgets.tiles(widgets.kept(view, "tiles", lambda: widgets.key_tiles(view, flow, state, cases)))
measure = widgets.switch(
    view.say("key_revocations.measure"), "measure", MEASURES, lambda name: view.say(f"key_revocations.measure_{name}")
)
is_rate = measure == "rate"
widgets.key_ends(view, flow, is_rate=is_rate)
widgets.key_comings_and_goings(view, flow, is_rate=is_rate)

widgets.case_stages(view, cases, state, is_rate=is_rate)
widgets.case_times(view, cases)
widgets.case_section(view, cases.moves)
widgets.allow_lists(view, state)
widgets.key_calls(view, flow, is_rate=is_rate)
widgets.report_findings(view, "api_keys", "key_actions")

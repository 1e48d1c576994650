"""Indicators of abnormal trading for review: the FSS's four patterns at each exchange, against its own past."""

from __future__ import annotations

from app.obligations.absence_parts import absent, nothing
from app.rules.finding_parts import report_findings
from app.surveillance.history import PAST_DAYS
from app.surveillance.indicator_parts import show_indicators, surveillance_tiles
from app.surveillance.indicators import pattern_indicators
from app.surveillance.pattern_parts import show_course, show_markets
from app.surveillance.stage_parts import show_stages
from app.surveillance.sums import PATTERNS, surveillance_stages
from app.surveillance.unreported_parts import unreported
from app.widgets.address import picked
from app.widgets.header import banner, note, page_header, stop
from app.widgets.switches import switch
from app.widgets.view import ask, current_view

view = current_view()
page_header(view, "surveillance")
banner(view.say("surveillance.banner"))
indicators = ask(pattern_indicators, view.choice, view.thresholds)
if not indicators:
    nothing(view, "surveillance")
    unreported(view)
    report_findings(view, "surveillance")
    stop()

fewest = view.thresholds.value("history_minimum_days", view.choice.last_day)
note(view.say("surveillance.definition", past=PAST_DAYS, fewest=fewest))
stages = ask(surveillance_stages, view.choice)
surveillance_tiles(view, indicators, stages)
absent(view, "surveillance")
show_indicators(view, indicators)
pattern = switch(view.label("surveillance", "pattern"), "pattern", PATTERNS, view.code)
show_course(view, pattern)
at = picked("at")
show_markets(view, at if at in view.exchanges else indicators[0].exchange, pattern)
show_stages(view, stages)
unreported(view)
report_findings(view, "surveillance")

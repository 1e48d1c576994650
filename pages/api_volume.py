"""API volume share: how much of each exchange's trading came through the API, by day, hour and market."""

from __future__ import annotations

from app.obligations.absence_parts import absent, nothing
from app.rules.finding_parts import report_findings
from app.volume.course import volume_course
from app.volume.detail_parts import volume_detail
from app.volume.market_parts import order_conduct, volume_hours, volume_markets
from app.volume.ranking import volume_ranking
from app.volume.ranking_parts import share_ranking, turnover_shares
from app.volume.share_parts import share_course, share_summary
from app.volume.shares import Measure
from app.widgets.header import note, page_header, stop
from app.widgets.switches import switch
from app.widgets.view import ask, current_view

view = current_view()
page_header(view, "api_volume")
measure = Measure(
    switch(view.say("api_volume.measure"), "by", tuple(Measure), lambda name: view.say(f"api_volume.measure_{name}"))
)
note(view.say(f"api_volume.definition_{measure}"))
ranking = ask(volume_ranking, view.choice, measure)
if not ranking.together.filed_day_count:
    nothing(view, "api_volume")
    report_findings(view, "api_volume")
    stop()

share_summary(view, ranking, measure)
absent(view, "api_volume")
share_ranking(view, ranking)
course = ask(volume_course, view.choice, measure)
share_course(view, course)
volume_detail(view, measure)
volume_markets(view, measure)
volume_hours(view, measure)
order_conduct(view, course.by_exchange)
turnover_shares(view, ranking)
report_findings(view, "api_volume")

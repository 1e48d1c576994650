"""API volume share: how much of each exchange's trading came through the API, by day, hour and market."""

from __future__ import annotations

from app import queries, widgets
from app.queries import Measure

view = widgets.current_view()
widgets.header(view, "api_volume")
measure = Measure(
    widgets.switch(
        view.say("api_volume.measure"), "by", tuple(Measure), lambda name: view.say(f"api_volume.measure_{name}")
    )
)
widgets.note(view.say(f"api_volume.definition_{measure}"))
ranking = widgets.ask(queries.volume_ranking, view.choice, measure)
if not ranking.together["filed_day_count"]:
    widgets.nothing(view, "api_volume")
    widgets.report_findings(view, "api_volume")
    widgets.stop()

widgets.share_summary(view, ranking, measure)
widgets.absent(view, "api_volume")
widgets.share_ranking(view, ranking)
course = widgets.ask(queries.volume_course, view.choice, measure)
widgets.share_course(view, course)
widgets.volume_detail(view, measure)
widgets.volume_markets(view, measure)
widgets.volume_hours(view, measure)
widgets.order_conduct(view, course.by_exchange)
widgets.turnover_shares(view, ranking)
widgets.report_findings(view, "api_volume")

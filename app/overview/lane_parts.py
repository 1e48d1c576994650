"""The lanes of every exchange as a table of links, and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from html import escape
from types import MappingProxyType

from app.amounts import percent, percent_down
from app.audits.months import QUALIFIED
from app.moments import duration, kst_minute
from app.overview.lane_figures import Lane, LaneFigures
from app.overview.lane_states import BREACH, OPEN, PARTLY_EVALUATED, QUIET, REVIEW, ArrivedReports, LaneState, Situation
from app.overview.line_parts import filtered
from app.quality.measures import Rating
from app.quality.scorecard_parts import rating_mark
from app.widgets.address import link
from app.widgets.header import kind_mark, markup, sentence, state_mark
from app.widgets.parts import part
from app.widgets.view import View, cached
from etl.calendar import ObligationState
from expectations.vocabulary import Kind, Period

LANE_PAGES: Mapping[Lane, str] = MappingProxyType(
    {
        Lane.SUBMISSION: "submissions",
        Lane.QUALITY: "data_quality",
        Lane.API_SHARE: "api_volume",
        Lane.KEYS: "key_revocations",
        Lane.RECONCILIATION: "reconciliation",
        Lane.HALTS: "halts",
    }
)
"""The page that a lane is a summary of."""
_GRAVE = (ObligationState.MISSING, ObligationState.DRAFT, ObligationState.REJECTED, OPEN, Rating.POOR)
_LASTING = (ObligationState.MISSING, ObligationState.DRAFT, ObligationState.REJECTED, ObligationState.PARTIAL, OPEN)
"""States that last since they began; of the others, how long ago the newest period or file was is said."""


def lane_mark(view: View, state: str) -> str:
    """Sign and word of the state of a lane."""
    if state in tuple(Rating):
        return rating_mark(view, Rating(state))
    if state == BREACH:
        return kind_mark(view, Kind.COMPLIANCE)
    if state in (REVIEW, PARTLY_EVALUATED, QUIET):
        return view.say(f"overview.{state}")
    if state == QUALIFIED:
        return f"▲ {view.say('audit_stand.qualified')}"
    return state_mark(view, state)


def lane_table(view: View, found: Situation, figures: Mapping[str, LaneFigures]) -> str:
    """Exchanges by lanes, the gravest states first; each cell leads to its page with the filters set."""
    head = "".join(f'<th scope="col">{escape(view.say(f"lane.{lane}"))}</th>' for lane in Lane)
    rows = "".join(
        f'<tr><th scope="row">{escape(view.exchange(exchange))}</th>'
        f"{''.join(_cell(view, own[lane], figures[exchange]) for lane in Lane)}</tr>"
        for exchange, own in found.lanes.items()
    )
    corner = f'<th scope="col">{escape(view.say("column.exchange"))}</th>'
    caption = escape(view.say("overview.lanes_alt"))
    return (
        f'<table class="matrix lanes" aria-label="{caption}"><thead><tr>{corner}{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _cell(view: View, one: LaneState, figures: LaneFigures) -> str:
    css_class = "missing" if one.state in _GRAVE else "late" if one.is_notable else ""
    text = lane_value(view, one, figures)
    is_blank = one.state in (PARTLY_EVALUATED, QUIET) and not figures.is_filed(one.lane)
    mark = escape(view.say("overview.blank") if is_blank else lane_mark(view, one.state))
    since = escape(lane_age(view, one))
    body = f"<b><span>{mark}</span><i>{since}</i></b><small>{escape(text)}</small>"
    title = escape(f"{mark} {since} · {text}")
    return f'<td class="{css_class}"><a href="{escape(lane_link(view, one))}" title="{title}">{body}</a></td>'


def lane_age(view: View, one: LaneState) -> str:
    """For how long the state has lasted, or how long ago the last day with a finding, or the newest file, was."""
    if one.graded:
        return one.graded.month
    if one.since is None:
        return ""
    is_lasting = one.state in _LASTING
    length = duration(view.moment - one.since, view.language, 1)
    return view.say("overview.lasting" if is_lasting else "overview.ago", length=length)


def lane_value(view: View, one: LaneState, figures: LaneFigures) -> str:
    """The figures of a lane, of the chosen days."""
    if one.graded:
        return view.say("overview.quality", before=rating_mark(view, one.graded.before))
    if one.lane is Lane.SUBMISSION:
        reports = one.arrived or ArrivedReports(0, 0)
        share = _down(figures.on_time_share)
        return view.say("overview.submission", arrived=reports.arrived, due=reports.due, share=share)
    if not figures.is_filed(one.lane):
        return _audit(view, one) if one.lane is Lane.HALTS else view.say("overview.no_data")
    if one.lane is Lane.API_SHARE:
        return " ".join([percent(figures.share), change_in_points(view, figures.share_change)]).strip()
    if one.lane is Lane.KEYS:
        counts = {"open": figures.open_case_count, "forced": figures.forced_expired_keys}
        return view.say("overview.keys", **{name: f"{count:,}" for name, count in counts.items()})
    if one.lane is Lane.RECONCILIATION:
        coverage = _down(figures.coverage)
        return view.say("overview.reconciliation", coverage=coverage, count=f"{figures.episode_count:,}")
    return f"{view.say('overview.halts', count=f'{figures.halt_count:,}')} · {_audit(view, one)}"


def _audit(view: View, one: LaneState) -> str:
    if one.audit_state == ObligationState.UNRECORDED:
        return view.say("overview.audit_unrecorded")
    key = "audit_stand.qualified" if one.audit_state == QUALIFIED else f"state.{one.audit_state}"
    return view.say("overview.audit", stand=view.say(key))


def _down(share: Decimal | None) -> str:
    return "–" if share is None else percent_down(share)


def change_in_points(view: View, change: Decimal | None) -> str:
    """A change of a share in percentage points, with an arrow; nothing where there is nothing to compare with."""
    if change is None:
        return ""
    arrow = "→" if not round(change * 100, 1) else "↑" if change > 0 else "↓"
    return view.say("overview.points", arrow=arrow, points=f"{abs(change * 100):.1f}")


def lane_link(view: View, one: LaneState) -> str:
    """The page of a lane, with exchange, days and what is picked there."""
    page, picks = LANE_PAGES[one.lane], dict(one.picks)
    period = picks.pop("period", "")
    if picks.get("report") == "audits":
        page = "audits" if one.lane is Lane.HALTS else page
        picks |= {"at": one.exchange, "month": period} if one.lane is Lane.HALTS else {}
    if day := picks.get("day"):
        return filtered(view, page, one.exchange, (date.fromisoformat(day),) * 2, **picks)
    if period:
        days = Period.parse(period)
        return filtered(view, page, one.exchange, (days.first_day, days.last_day), **picks)
    return link(page, exchange=one.exchange, **picks)


@part
def show_lanes(view: View, found: Situation, figures: Mapping[str, LaneFigures]) -> None:
    """All of it in a sentence, then exchanges by lanes."""
    sentence(summary(view, found))
    markup(cached(view, "lanes", lambda: lane_table(view, found, figures)))


def summary(view: View, found: Situation) -> str:
    """The situation in a sentence: who is current, what is outstanding longest, what is open, what needs attention."""
    counts = {"count": len(found.lanes), "current": len(found.current), "now": kst_minute(view.now)}
    parts = [view.say("overview.current", **counts)]
    if worst := found.worst_status:
        length = duration(worst.late_by or view.now - worst.due_at, view.language)
        about = {"exchange": view.exchange(worst.exchange), "report": view.report(worst.report)}
        key = "was_late" if worst.late_by else "lacking"
        state = view.say(f"state.{worst.state}")
        parts.append(view.say(f"overview.worst_{key}", **about, period=worst.period, length=length, state=state))
        if len(found.outstanding) > 1:
            parts.append(view.say("overview.more_lacking", count=len(found.outstanding) - 1))
    halts = [
        view.say(
            "overview.open_halt",
            exchange=view.exchange(one.exchange),
            length=duration(view.now - one.halted_at, view.language),
        )
        for one in sorted(found.open_halts, key=lambda one: one.halted_at)
    ]
    names = ", ".join(halts[:3]) + (" …" if len(halts) > 3 else "")
    parts.append(view.say("overview.halts_open" if halts else "overview.no_halt_open", count=len(halts), names=names))
    unhalted = sum(one.is_unhalted for one in found.open_episodes)
    parts.append(view.say("overview.unhalted_open", count=unhalted, all=len(found.open_episodes)))
    parts.append(view.say("overview.urgent", count=found.urgent_count))
    return " ".join(parts)

"""The first screen: the lanes of every exchange as a table of links, what changed, and what falls due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from types import MappingProxyType
from typing import Any

from app.amounts import krw, percent, percent_down
from app.audits.months import QUALIFIED
from app.moments import KST, duration
from app.obligations.due import DueSoon, due_soon
from app.overview.changes import NewsKind
from app.overview.lane_figures import Lane, LaneFigures
from app.overview.lane_states import BREACH, QUIET, REVIEW, LaneState, Situation
from app.quality.measures import Rating
from app.quality.scorecard_parts import rating_mark
from app.rules import book
from app.rules.filter_parts import report_of_rule
from app.widgets.address import link
from app.widgets.header import kind_mark, state_mark
from app.widgets.view import View, ask
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
CHANGE_GLYPHS: Mapping[NewsKind, str] = MappingProxyType(
    {
        NewsKind.SHORTFALL: "▶",
        NewsKind.HALT: "▶",
        NewsKind.REFUSED: "✕",
        NewsKind.BREACH: "▲",
        NewsKind.SHORTFALL_PASSED: "■",
        NewsKind.HALT_PASSED: "■",
        NewsKind.SHORTFALL_ENDED: "■",
        NewsKind.HALT_LIFTED: "■",
        NewsKind.REPLACED: "↻",
        NewsKind.RESTATED: "⟲",
        NewsKind.WITHDRAWN: "⊘",
    }
)
_GRAVE = (ObligationState.MISSING, ObligationState.DRAFT, ObligationState.REJECTED, "open", Rating.POOR)


def lane_mark(view: View, state: str) -> str:
    """Sign and word of how a lane stands."""
    if state in tuple(Rating):
        return rating_mark(view, Rating(state))
    if state == BREACH:
        return kind_mark(view, Kind.COMPLIANCE)
    if state in (REVIEW, QUIET):
        return view.say(f"overview.{state}")
    if state == QUALIFIED:
        return f"▲ {view.say('audit_stand.qualified')}"
    return state_mark(view, state)


def lane_table(view: View, found: Situation, figures: Mapping[str, LaneFigures]) -> str:
    """Exchanges by lanes, the exchange worst off first; each cell leads to its page with the filters set."""
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
    grave = "missing" if one.state in _GRAVE else "late" if one.gravity < LaneState("", one.lane, QUIET).gravity else ""
    text = lane_value(view, one, figures)
    is_blank = one.state == QUIET and not figures.is_filed(one.lane)
    mark = escape(view.say("overview.blank") if is_blank else lane_mark(view, one.state))
    since = escape(lane_age(view, one))
    body = f"<b><span>{mark}</span><i>{since}</i></b><small>{escape(text)}</small>"
    title = escape(f"{mark} {since} · {text}")
    return f'<td class="{grave}"><a href="{escape(lane_link(view, one))}" title="{title}">{body}</a></td>'


def lane_age(view: View, one: LaneState) -> str:
    """For how long it has been so, how long ago the last day with a finding was, or how old the newest file is."""
    if one.lane is Lane.QUALITY:
        return str(one.more["month"])
    if one.since is None:
        return ""
    is_lasting = one.state in (
        ObligationState.MISSING,
        ObligationState.DRAFT,
        ObligationState.REJECTED,
        ObligationState.PARTIAL,
        "open",
    )
    length = duration(view.moment - one.since, view.language, 1)
    return view.say("overview.lasting" if is_lasting else "overview.ago", length=length)


def lane_value(view: View, one: LaneState, figures: LaneFigures) -> str:
    """What the lane shows in figures, of the chosen days."""
    if one.lane is Lane.QUALITY:
        return view.say("overview.quality", before=rating_mark(view, Rating(one.more["before"])))
    if one.lane is Lane.SUBMISSION:
        shares = {"share": _down(figures.on_time_share)}
        return view.say("overview.submission", **{name: one.more.get(name, 0) for name in ("arrived", "due")}, **shares)
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
    stand = one.more["audit"]
    words = "audit_stand.qualified" if stand == QUALIFIED else f"state.{stand}"
    return view.say("overview.audit", stand=view.say(words))


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


def filtered(view: View, page: str, exchange: str, days: tuple[date, date], **picks: str) -> str:
    """A page about these days of an exchange: the present days where they hold these, else these alone."""
    first, last = days
    if view.choice.first_day <= first and last <= view.choice.last_day:
        return link(page, exchange=exchange, **picks)
    return link(page, exchange=exchange, **{"period": "custom", "from": str(first), "to": str(last)}, **picks)


# ------------------------------------------------------------------------------------- what changed, what is due


def news(columns: Sequence[tuple[str, str, Sequence[str], str]]) -> str:
    """Lists side by side: heading, what stands beside it, lines, and what is said where there are none."""
    parts = []
    for heading, beside, lines, nothing in columns:
        body = "".join(f"<li>{line}</li>" for line in lines) or f"<li><p><span>{escape(nothing)}</span></p></li>"
        parts.append(f"<section><h3>{escape(heading)} <small>{escape(beside)}</small></h3><ul>{body}</ul></section>")
    return f'<div class="news">{"".join(parts)}</div>'


def change_line(view: View, line: Mapping[str, Any]) -> str:
    """One line of what changed: sign, words and moment, a link to what it is about."""
    text = f"{CHANGE_GLYPHS[line['change']]} {change_text(view, line)}"
    moment = f"{line['at'].astimezone(KST):%m-%d %H:%M}"
    return _line(change_link(view, line), text, moment)


def _line(address: str, text: str, beside: str) -> str:
    inner = f"<span>{escape(text)}</span><i>{escape(beside)}</i>"
    return f'<a href="{escape(address)}" title="{escape(text)}">{inner}</a>'


def change_sign(view: View, change: NewsKind) -> str:
    """Sign and word of a kind of change."""
    return f"{CHANGE_GLYPHS[change]} {view.say(f'change_kind.{change}')}"


def change_text(view: View, line: Mapping[str, Any]) -> str:
    """A change in words."""
    first, last = line["first_day"], line["last_day"]
    rule = book.rule_called(line["subject"]) if line["change"] is NewsKind.BREACH else None
    report = report_of_rule(view, book.report_of(rule)) if rule else view.report(line["report"])
    return view.say(
        f"change.{line['change']}",
        exchange=", ".join(view.exchange(name) for name in line.get("exchanges", (line["exchange"],))),
        report=report,
        days=f"{first:%m-%d}" if first == last else f"{first:%m-%d}~{last:%m-%d}",
        subject=line["subject"],
        count=f"{line['count']:,}",
        worst=krw(line["shortfall_krw"], view.language),
    )


def change_link(view: View, line: Mapping[str, Any]) -> str:
    """Where a change is looked at."""
    change, days = line["change"], (line["first_day"], line["last_day"])
    exchange, is_one = line["exchange"], line["submission"] is not None
    if change is NewsKind.BREACH:
        return filtered(view, "rules", ",".join(line["exchanges"]), days, rule=line["subject"])
    if change in (NewsKind.SHORTFALL, NewsKind.SHORTFALL_PASSED, NewsKind.SHORTFALL_ENDED):
        picks = {"at": exchange, "day": str(line["first_day"]), "asset": line["subject"]} if is_one else {}
        return filtered(view, "reconciliation", exchange, days, **picks)
    if change in (NewsKind.HALT, NewsKind.HALT_PASSED, NewsKind.HALT_LIFTED):
        picks = {"at": exchange, "halt": line["subject"]} if is_one else {}
        return filtered(view, "halts", exchange, days, **picks)
    if is_one:
        return filtered(view, "submissions", exchange, days, submission=line["submission"])
    states = {NewsKind.RESTATED: "superseded", NewsKind.WITHDRAWN: "withdrawn"}
    state = states.get(change, "rejected")
    return filtered(view, "submissions", exchange, days, report=line["report"], state=state)


def due_lines(view: View, ahead: timedelta) -> list[str]:
    """What falls due within that time, a line for each report and period."""
    due = ask(due_soon, view.choice.exchanges, view.moment, view.moment + ahead)
    groups: dict[tuple[str, str], list[DueSoon]] = {}
    for one in due:
        groups.setdefault((one.report, one.period), []).append(one)
    return [_due_line(view, report, rows) for (report, _), rows in groups.items()]


def _due_line(view: View, report: str, rows: Sequence[DueSoon]) -> str:
    """One report and period that falls due: how much of it has arrived, what is waited for, and for how long yet."""
    first = rows[0]
    waiting = [row for row in rows if row.state != ObligationState.CURRENT]
    names = ", ".join(
        view.exchange(row.exchange)
        + ("" if row.state == ObligationState.NOT_DUE else f" {state_mark(view, row.state)}")
        for row in waiting
    )
    is_quiet = len(waiting) == len(rows) and all(row.state == ObligationState.NOT_DUE for row in waiting)
    key = "overview.due_waiting" if waiting and not is_quiet else "overview.due_all"
    text = view.say(
        key,
        report=view.report(report),
        period=first.period if len(first.period) == 7 else first.period[5:],
        arrived=len(rows) - len(waiting),
        count=len(rows),
        names=names,
    )
    left = view.say("overview.left", length=duration(first.due_at - view.moment, view.language))
    period = Period.parse(first.period)
    address = filtered(view, "submissions", "", (period.first_day, period.last_day), report=report)
    return _line(address, text, f"{first.due_at.astimezone(KST):%m-%d %H:%M} · {left}")

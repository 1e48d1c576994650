"""Lists of answers: each exchange's state in figures, what waits for somebody, and one matter with its form."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from html import escape
from typing import Any

import pandas as pd

from app.amounts import percent, ratio
from app.answers.breaches import breach_list, breach_steps
from app.answers.explanations import NOT_REMEDIED, all_said, awaiting_explanation, explanations_given
from app.answers.form_parts import breach_form, decision_form, explanation_form
from app.answers.mark_parts import with_marks, with_statements
from app.answers.unread import unread_verdicts, verdict_read_count
from app.columns import Shown
from app.frames import frame_of, records_of, with_columns
from app.moments import duration
from app.rules.book import rule_called
from app.rules.finding_parts import interval
from app.scope import Role
from app.widgets.address import go, link, pick, picked
from app.widgets.header import empty, facts, kind_mark, markup, note, section
from app.widgets.natures import is_missing
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.tiles import Tile, tiles
from app.widgets.view import View, ask, ask_anew, ask_while, cached
from etl.answers import LEAST_FOR_SHARE, LONGEST_ACCEPTANCE_DAYS, BreachState

BY_EXCHANGE = {
    "exchange": Shown.EXCHANGE,
    "explain_count": Shown.COUNT,
    "decide_count": Shown.COUNT,
    "open_breach_count": Shown.COUNT,
    "remedied_breach_count": Shown.COUNT,
    "closed_breach_count": Shown.COUNT,
    "unread_count": Shown.COUNT,
    "oldest_age": Shown.DURATION,
}
WAITING = {
    "answer": Shown.TEXT,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "rule": Shown.TEXT,
    "kind": Shown.KIND,
    "subject": Shown.CODE,
    "same_count": Shown.COUNT,
    "first_day": Shown.DAY,
    "last_day": Shown.DAY,
    "found": Shown.TEXT,
    "statement": Shown.LONG_TEXT,
}
EXPLANATIONS = {
    "answer": Shown.TEXT,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "rule": Shown.TEXT,
    "subject": Shown.CODE,
    "standing_count": Shown.COUNT,
    "said": Shown.LONG_TEXT,
    "person": Shown.TEXT,
    "at": Shown.INSTANT,
    "reason": Shown.LONG_TEXT,
    "decided_by": Shown.TEXT,
    "decided_at": Shown.INSTANT,
    "id": Shown.TEXT,
}
BREACHES = {
    "answer": Shown.TEXT,
    "since": Shown.INSTANT,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "rule": Shown.TEXT,
    "subject": Shown.CODE,
    "period": Shown.TEXT,
    "interval": Shown.TEXT,
    "found": Shown.TEXT,
    "said": Shown.LONG_TEXT,
    "person": Shown.TEXT,
}
UNREAD = {
    "age": Shown.DURATION,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "period": Shown.TEXT,
    "state": Shown.STATE,
    "finding_count": Shown.COUNT,
    "decided_at": Shown.INSTANT,
    "id": Shown.TEXT,
}
SAID = {
    "at": Shown.INSTANT,
    "answer": Shown.TEXT,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "rule": Shown.TEXT,
    "subject": Shown.CODE,
    "period": Shown.TEXT,
    "said": Shown.LONG_TEXT,
    "person": Shown.TEXT,
}
STEPS = {"at": Shown.INSTANT, "answer": Shown.TEXT, "said": Shown.LONG_TEXT, "person": Shown.TEXT}
_AWAY = {
    "exchange": Shown.EXCHANGE,
    "found_count": Shown.COUNT,
    "accepted_count": Shown.COUNT,
    "accepted_share": Shown.PERCENT,
}
_PICKS = ("finding", "explanation", "breach")
_LONGEST_LIST = 8


def own_unread(view: View) -> pd.DataFrame:
    """The verdicts that the person of an exchange has not opened; for others those that nobody of it has."""
    person = view.identity.person if view.scope.role is Role.EXCHANGE else ""
    # A verdict is opened without anything else in the records changing.
    opened = ask_anew(verdict_read_count)
    found = ask_while(opened, unread_verdicts, view.choice, person)
    ages = [view.moment - at for at in found["decided_at"]]
    return with_columns(found, age=ages)


def answer_counts(
    view: View, waiting: pd.DataFrame, given: pd.DataFrame, broken: pd.DataFrame, unread: pd.DataFrame
) -> pd.DataFrame:
    """One row per exchange with what waits for it or for a supervisor."""
    frames = {
        "explain_count": waiting,
        "decide_count": given[given["state"] == "explained"],
        **{f"{state}_breach_count": broken[broken["state"] == state] for state in BreachState},
        "unread_count": unread,
    }
    counts = {name: Counter(frame["exchange"].tolist()) for name, frame in frames.items()}
    ages: dict[str, list[timedelta]] = defaultdict(list)
    for exchange, age in zip(unread["exchange"].tolist(), unread["age"].tolist(), strict=True):
        ages[exchange].append(age)
    rows = [
        {
            "exchange": exchange,
            **{name: count[exchange] for name, count in counts.items()},
            "oldest_age": max(ages[exchange], default=None),
        }
        for exchange in view.exchanges
    ]
    return frame_of(rows, tuple(BY_EXCHANGE))


def answer_totals(counts: pd.DataFrame) -> dict[str, str]:
    """What waits at all exchanges together, written out."""
    columns = {"open": "open_breach_count", "remedied": "remedied_breach_count"}
    names = ("explain", "decide", "open", "remedied", "unread")
    return {name: f"{int(counts[columns.get(name, f'{name}_count')].sum()):,}" for name in names}


def answer_tiles(view: View, counts: pd.DataFrame) -> None:
    """What waits, in figures."""
    figures = []
    for name, total in answer_totals(counts).items():
        beside = ""
        ages = [age for age in counts["oldest_age"] if not is_missing(age)]
        if name == "unread" and ages:
            beside = view.say("answers.tile.oldest", age=duration(max(ages), view.language, 1))
        figures.append(Tile(view.say(f"answers.tile.{name}"), total, beside))
    tiles(figures)


@part
def answers_line(view: View) -> None:
    """What waits for whoever looks in one line that leads to the page of answers."""
    given, broken = ask(explanations_given, view.choice), ask(breach_list, view.choice)
    waiting = ask(awaiting_explanation, view.choice)
    totals = answer_totals(answer_counts(view, waiting, given, broken, own_unread(view)))
    key = "answers.summary_exchange" if view.scope.role is Role.EXCHANGE else "answers.summary_supervisor"
    markup(f'<p class="note"><a href="{escape(link("answers"))}">{escape(view.say(key, **totals))}</a></p>')


@part
def by_exchange(view: View, counts: pd.DataFrame) -> None:
    """The same of every exchange; a row leads to what there is of that one."""
    section(view, "answers.by_exchange")
    table(view, counts, BY_EXCHANGE, alt=view.say("answers.by_exchange"))


@part
def waiting_list(view: View, waiting: pd.DataFrame) -> None:
    """What awaits an explanation; the row that is picked with its form."""
    section(view, "answers.to_explain", count=f"{len(waiting):,}")
    if waiting.empty:
        empty(view, "to_explain")
        return
    shown = cached(view, "answers.waiting", lambda: with_statements(view, with_marks(view, waiting)))
    table(
        view,
        lambda: shown.assign(same_count=waiting["count"]),
        WAITING,
        alt=view.say("answers.to_explain", count=len(waiting)),
        key="answers.waiting",
        on_pick=lambda row: pick(**{**dict.fromkeys(_PICKS, ""), "finding": str(row["finding"])}),
        most_rows=_LONGEST_LIST,
        only_filled=True,
    )
    note(view.say("answers.to_explain_how"))
    if number := picked("finding"):
        chosen = shown[[number in map(str, numbers) for numbers in shown["findings"]]]
        if len(chosen):
            _one_finding(view, records_of(chosen)[0])


def _one_finding(view: View, row: Mapping[str, Any]) -> None:
    names = {"exchange": view.exchange(row["exchange"]), "report": view.report(row["report"]), "rule": row["rule"]}
    section(view, "answers.one_finding", **names)
    facts(_about(view, row))
    if view.scope.role is Role.EXCHANGE:
        days = {"first_day": row["first_day"], "last_day": row["last_day"], "count": f"{row['count']:,}"}
        note(view.say("answers.covers", **days))
        explanation_form(view, int(row["finding"]))
    else:
        note(view.say("answers.only_exchange"))


def _about(view: View, row: Mapping[str, Any]) -> dict[str, str]:
    """What a rule says and asks for, and what was found."""
    rule = rule_called(row["rule"])
    pairs: dict[str, Any] = {"rule": row["rule"]}
    if rule:
        pairs |= {
            "kind": kind_mark(view, rule.kind),
            "statement": rule.statement.in_language(view.language),
            "remedy": rule.remedy.in_language(view.language),
        }
    subject = row.get("subject")
    pairs["subject"] = None if is_missing(subject) else view.code(subject)
    pairs |= {name: row.get(name) for name in ("found", "expected", "interval", "submission")}
    return {view.say(f"column.{name}"): str(value) for name, value in pairs.items() if not is_missing(value)}


@part
def explanation_list(view: View, given: pd.DataFrame, key: str) -> None:
    """Explanations with their decisions; the one that is picked whole, with the form of a supervisor."""
    section(view, f"answers.{key}", count=f"{len(given):,}")
    if given.empty:
        empty(view, key)
        return
    table(
        view,
        lambda: with_marks(view, given),
        EXPLANATIONS,
        alt=view.say(f"answers.{key}", count=len(given)),
        key=f"answers.{key}",
        on_pick=lambda row: pick(**{**dict.fromkeys(_PICKS, ""), "explanation": row["id"]}),
        most_rows=_LONGEST_LIST,
        only_filled=True,
    )
    if key == "to_decide":
        note(view.say("answers.to_decide_how"))
    chosen = given[given["id"] == picked("explanation")]
    if len(chosen):
        _one_explanation(view, records_of(with_marks(view, chosen))[0])


def _one_explanation(view: View, row: Mapping[str, Any]) -> None:
    section(view, "answers.one_explanation", id=row["id"], exchange=view.exchange(row["exchange"]), rule=row["rule"])
    said = {name: row[name] for name in ("answer", "said", "person", "reason", "decided_by")}
    facts(
        {
            **_about(view, row),
            **{view.say(f"column.{name}"): str(value) for name, value in said.items() if not is_missing(value)},
        }
    )
    note(view.say("answers.speaks", first_day=row["first_day"], count=f"{row['standing_count']:,}"))
    if view.scope.role is Role.SUPERVISOR:
        decision_form(view, row["id"])
    elif view.scope.role is Role.ADMIN:
        note(view.say("answers.only_supervisor"))


@part
def breach_section(view: View, broken: pd.DataFrame, states: Sequence[str]) -> None:
    """Breaches of one state or all, the first of `states` unless another is chosen; the picked one with its course."""
    section(view, "answers.breaches", count=f"{len(broken):,}")
    options = (*states, "all")
    counts = {name: len(broken) if name == "all" else int((broken["state"] == name).sum()) for name in options}

    def word(name: str) -> str:
        names = {"all": "answers.all", "open": f"answer.{NOT_REMEDIED}"}
        said = view.say(names.get(name, f"answer.{name}"))
        return f"{said} {counts[name]:,}"

    chosen = switch(view.say("answers.which"), "state", options, word)
    shown = broken if chosen == "all" else broken[broken["state"] == chosen]
    if shown.empty:
        empty(view, "breaches_so")
    else:
        table(
            view,
            lambda: _with_interval(view, with_statements(view, with_marks(view, shown.reset_index(drop=True)))),
            BREACHES,
            alt=view.say("answers.breaches", count=len(shown)),
            key=f"answers.breaches.{chosen}",
            on_pick=lambda row: pick(**{**dict.fromkeys(_PICKS, ""), "breach": row["occurrence"]}),
            most_rows=_LONGEST_LIST,
            only_filled=True,
        )
        note(view.say("answers.breaches_how"))
    one = broken[broken["occurrence"] == picked("breach")]
    if len(one):
        _one_breach(view, records_of(_with_interval(view, with_statements(view, one)))[0])


def _one_breach(view: View, row: Mapping[str, Any]) -> None:
    names = {"exchange": view.exchange(row["exchange"]), "report": view.report(row["report"])}
    section(view, "answers.one_breach", **names, period=row["period"])
    facts(_about(view, row))
    steps = with_marks(view, ask(breach_steps, view.choice, row["occurrence"]))
    table(view, steps, STEPS, alt=view.say("answers.course"), only_filled=True)
    state, finding, role = BreachState(row["state"]), int(row["finding"]), view.scope.role
    if role is Role.EXCHANGE and state is BreachState.OPEN:
        breach_form(view, finding, BreachState.REMEDIED)
    elif role is Role.SUPERVISOR and state is BreachState.REMEDIED:
        breach_form(view, finding, BreachState.CLOSED, BreachState.OPEN)
    elif role is Role.SUPERVISOR and state is BreachState.CLOSED:
        breach_form(view, finding, BreachState.OPEN)
    else:
        key = {BreachState.OPEN: "still_open", BreachState.REMEDIED: "awaits", BreachState.CLOSED: "is_closed"}[state]
        note(view.say(f"answers.{key}"))


@part
def unread_list(view: View, unread: pd.DataFrame) -> None:
    """Verdicts that were not opened, the oldest first; a row leads to its submission."""
    section(view, "answers.unread", count=f"{len(unread):,}")
    if unread.empty:
        empty(view, "unread")
        return
    table(
        view,
        lambda: unread,
        UNREAD,
        alt=view.say("answers.unread", count=len(unread)),
        key="answers.unread",
        on_pick=lambda row: go("submissions", submission=row["id"]),
        most_rows=_LONGEST_LIST,
        beside=tuple(unread["id"]),
    )
    note(view.say("answers.unread_mine" if view.scope.role is Role.EXCHANGE else "answers.unread_nobody"))
    note(view.say("answers.unread_how"))


@part
def history(view: View) -> None:
    """All that was said, the newest first."""
    said = ask(all_said, view.choice)
    section(view, "answers.history", count=f"{len(said):,}")
    if said.empty:
        empty(view, "history")
        return
    table(
        view,
        lambda: with_marks(view, said, "act"),
        SAID,
        alt=view.say("answers.history", count=len(said)),
        key="answers.history",
        most_rows=_LONGEST_LIST,
        only_filled=True,
    )


def _with_interval(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    spans = [interval(view, start, end) for start, end in zip(frame["start"], frame["end"], strict=True)]
    return with_columns(frame, interval=spans)


def answers_model(view: View) -> None:
    """The numbers of ours that answers go by."""
    note(view.say("answers.model", days=LONGEST_ACCEPTANCE_DAYS, least=LEAST_FOR_SHARE))


def away_text(counts: pd.DataFrame) -> str:
    """How many findings were explained away, of how many, and the share where there are enough."""
    found, accepted = int(counts["found_count"].sum()), int(counts["accepted_count"].sum())
    share = f" ({percent(ratio(accepted, found))})" if found >= LEAST_FOR_SHARE else ""
    return f"{accepted:,} / {found:,}{share}" if found else ""


def with_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Counts of what was explained away with the share, none of too few."""
    shares = [
        ratio(accepted, found) if found >= LEAST_FOR_SHARE else None
        for found, accepted in zip(counts["found_count"], counts["accepted_count"], strict=True)
    ]
    return with_columns(counts, accepted_share=shares)


@part
def away_section(view: View, own: pd.DataFrame) -> None:
    """How many findings of a rule an accepted explanation speaks for, by exchange."""
    if own.empty:
        return
    section(view, "answers.away")
    table(view, with_shares(own), _AWAY, alt=view.say("answers.away"))
    note(view.say("answers.away_how", least=LEAST_FOR_SHARE))

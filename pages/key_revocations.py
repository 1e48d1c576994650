"""API key revocations: forced, natural and user expiry apart; suspect keys by stage; allow-list coverage."""

from __future__ import annotations

import pandas as pd

from app import charts, queries, widgets
from app.amounts import ratio
from app.queries.keys import CASE_LIMIT
from app.widgets import Shown, View

# By the exchange for suspicion, by age, by the user: only the first is a revocation (specification, 2.2).
ENDS = ("forced_expired_keys", "expired_keys", "deleted_keys")
# The columns of the tables, and how each is written.
DAYS = {"day": Shown.DAY, "exchange": Shown.EXCHANGE}
STOCK = {
    "state": Shown.STATE,
    "exchange": Shown.EXCHANGE,
    "case_id": Shown.TEXT,
    "stage": Shown.CODE,
    "risk_level": Shown.CODE,
    "suspicion": Shown.CODE,
    "outcome": Shown.CODE,
    "first_detected_at": Shown.INSTANT,
    "acted_at": Shown.INSTANT,
    "step_count": Shown.COUNT,
}
STEPS = {
    "acted_at": Shown.INSTANT,
    "stage": Shown.CODE,
    "outcome": Shown.CODE,
    "risk_level": Shown.CODE,
    "note": Shown.LONG_TEXT,
    "source_row": Shown.COUNT,
}
COVERAGE = {
    "exchange": Shown.EXCHANGE,
    "day": Shown.DAY,
    "active_keys": Shown.COUNT,
    "allowlisted_keys": Shown.COUNT,
    "coverage": Shown.PERCENT,
    "max_ips_per_key": Shown.COUNT,
    "blocked_call_count": Shown.COUNT,
    "unlisted_call_count": Shown.COUNT,
}


def coverage(frame: pd.DataFrame) -> pd.DataFrame:
    """Allow-listed of active keys per exchange, its scopes of keys added up."""
    rows = []
    for exchange, own in frame.groupby("exchange", sort=False):
        active, listed = int(own["active_keys"].sum()), int(own["allowlisted_keys"].sum())
        rows.append(
            {
                "exchange": exchange,
                "day": own["day"].iloc[0],
                "active_keys": active,
                "allowlisted_keys": listed,
                "coverage": ratio(listed, active),
                "max_ips_per_key": int(own["max_ips_per_key"].max()),
                "blocked_call_count": int(own["blocked_call_count"].sum()),
                "unlisted_call_count": int(own["unlisted_call_count"].sum()),
            }
        )
    order = {name: place for place, name in enumerate(view.exchanges)}
    rows.sort(key=lambda row: order[str(row["exchange"])])
    return pd.DataFrame(rows, columns=list(COVERAGE), dtype=object)


def ended(view: View, frame: pd.DataFrame, column: str) -> None:
    """One way in which keys ended, by day."""
    widgets.chart(
        view,
        charts.ended_keys(frame, column, view.choice.days, view.look),
        key=column,
        title=view.say(f"key_revocations.{column}", count=f"{int(frame[column].sum()):,}"),
        alt=view.say(f"key_revocations.{column}", count=f"{int(frame[column].sum()):,}"),
        frame=frame,
        columns={**DAYS, column: Shown.COUNT},
        on_pick=lambda mark: widgets.pick(at=mark[0], day=mark[1], case=""),
    )


def show_case(view: View, at: str, case: str, steps: pd.DataFrame) -> None:
    """The steps of one case in time, and the rows that tell of them."""
    widgets.section(view, "key_revocations.case", exchange=view.exchange(at), case=case)
    last = steps.iloc[-1]
    widgets.facts(
        {
            view.say("column.key_ref"): last["key_ref"],
            view.say("column.account_ref"): last["account_ref"],
            view.say("column.suspicion"): view.code(last["suspicion"]),
        }
    )
    widgets.chart(
        view,
        charts.case_timeline(steps, view.look),
        key="case_timeline",
        title=view.say("key_revocations.timeline"),
        alt=view.say("key_revocations.timeline"),
        frame=steps,
        columns=STEPS,
    )
    widgets.rows_behind(
        view,
        "key_actions",
        at,
        steps["day"].min(),
        steps["day"].max(),
        condition="case_id = ?",
        parameters=(case,),
        title=f"{view.exchange(at)} · {case}",
    )


def show_cases(view: View, cases: pd.DataFrame) -> None:
    """The cases as a list, and the one that is picked."""
    more = "+" if len(cases) == CASE_LIMIT else ""
    widgets.section(view, "key_revocations.cases", count=f"{len(cases):,}{more}")
    if cases.empty:
        widgets.empty(view, "cases")
        return
    widgets.note(view.say("key_revocations.cases_how"))
    if len(cases) == CASE_LIMIT:
        widgets.note(view.say("key_revocations.cases_cut", count=CASE_LIMIT))
    widgets.table(
        view,
        cases,
        STOCK,
        key="cases",
        alt=view.say("key_revocations.cases", count=len(cases)),
        on_pick=lambda row: widgets.pick(at=row["exchange"], case=row["case_id"], day=""),
    )
    at, case = widgets.picked("at"), widgets.picked("case")
    steps = widgets.ask(queries.case_steps, at, case) if at in view.exchanges and case else cases.head(0)
    if not steps.empty:
        show_case(view, at, case, steps)


view = widgets.current_view()
widgets.header(view, "key_revocations")
widgets.note(view.say("key_revocations.definition"))
frame = widgets.ask(queries.key_days, view.choice)
cases = widgets.ask(queries.key_cases, view.choice)
open_cases = widgets.ask(queries.open_case_counts, view.choice)
if frame.empty and cases.empty:
    widgets.empty(view, "keys")
    widgets.report_findings(view, "api_keys", "key_actions")
    widgets.stop()

cases["state"] = ["open" if is_open else "closed" for is_open in cases["is_open"]]
forced, natural, user = (int(frame[name].sum()) for name in ENDS)
widgets.sentence(
    view.say(
        "key_revocations.summary",
        forced=f"{forced:,}",
        natural=f"{natural:,}",
        user=f"{user:,}",
        cases=f"{int(open_cases['case_count'].sum()):,}",
    )
)
ended(view, frame, ENDS[0])
for place, column in zip(widgets.columns(2), ENDS[1:], strict=True):
    with place:
        ended(view, frame, column)
day, at = widgets.picked_day("day"), widgets.picked("at")
if at in view.exchanges and day:
    widgets.rows_behind(view, "api_keys", at, day, day)

left, right = widgets.columns(2)
with left:
    widgets.chart(
        view,
        charts.open_stages(open_cases, view.look),
        key="open_stages",
        title=view.say("key_revocations.stages"),
        alt=view.say("key_revocations.stages"),
        frame=open_cases,
        columns={"exchange": Shown.EXCHANGE, "stage": Shown.CODE, "case_count": Shown.COUNT},
    )
with right:
    listed = coverage(widgets.ask(queries.key_state, view.choice))
    widgets.chart(
        view,
        charts.allow_list_coverage(listed, view.look),
        key="allow_list",
        title=view.say("key_revocations.allow_list"),
        alt=view.say("key_revocations.allow_list"),
        frame=listed,
        columns=COVERAGE,
    )
widgets.table(view, listed, COVERAGE, alt=view.say("key_revocations.allow_list"))

show_cases(view, cases)
widgets.report_findings(view, "api_keys", "key_actions")

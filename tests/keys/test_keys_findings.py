"""What the screens of cases say was exceeded or not allowed is what the suites recorded, for any history of cases."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from key_files import Steps, at, days
from people import EVERYBODY
from sqlalchemy import select

from app.keys.case_histories import case_history
from app.keys.case_totals import case_flow
from etl.records.engine import reading
from etl.records.tables import findings
from etl.store import Store, open_store
from expectations.catalogue import thresholds_of_the_book

BOOK = thresholds_of_the_book()
LAST_DAY = 9
LIMITS = ("ACT-005", "ACT-006", "ACT-007")
STAGES = ("monitoring", "warning", "reverification", "forcedExpiry", "cleared")
OUTCOMES = {"reverification": ("passed", "failed", "noResponse", "applied"), "cleared": ("passed",)}

Step = tuple[int, str, str, str]
"""Hours after the detection of the case, stage, outcome and risk."""


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """The steps of one case within a week of its detection, no two at the same hour."""
    hours = sorted(draw(st.sets(st.integers(0, 150), min_size=1, max_size=5)))
    stages = [draw(st.sampled_from(STAGES)) for _ in hours]
    risks = st.sampled_from(("high", "medium", "low"))
    return [
        (hour, stage, draw(st.sampled_from(OUTCOMES.get(stage, ("applied",)))), draw(risks))
        for hour, stage in zip(hours, stages, strict=True)
    ]


def filed(home: Path, cases: Sequence[list[Step]]) -> Store:
    """A store in which these cases were filed day by day, all detected on the second of November."""
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    steps, detected = Steps(), at(2, 8)
    for number, case in enumerate(cases):
        for hours, stage, outcome, risk in case:
            acted = detected + timedelta(hours=hours)
            steps.add(f"C-{number}", stage, acted, detected=detected, outcome=outcome, risk=risk)
    steps.file(store, home, LAST_DAY)
    return store


def recorded(store: Store) -> Counter[tuple[str, str]]:
    """How often each rule has an open finding about each case or step."""
    statement = select(findings.c.rule, findings.c.subject).where(findings.c.lifted_at.is_(None))
    with reading(store.engine) as connection:
        return Counter((rule, subject) for rule, subject in connection.execute(statement))


@pytest.mark.slow
@given(cases=st.lists(histories(), min_size=12, max_size=20))
@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow])
def test_the_screens_say_what_the_suites_recorded(cases: list[list[Step]]) -> None:
    with TemporaryDirectory() as folder:
        store = filed(Path(folder), cases)
        found = recorded(store)
        told = [case_history(store, EVERYBODY, "korbit", f"C-{number}", BOOK) for number in range(len(cases))]
        flow = case_flow(store, EVERYBODY, days(2, LAST_DAY), BOOK)
        store.engine.dispose()
    histories = [one for one in told if one is not None]
    assert len(histories) == len(cases)
    for one in histories:
        over = Counter((limit.rule, one.case_id) for limit in one.limits if limit.state == "over")
        assert over == Counter({key: n for key, n in found.items() if key[1] == one.case_id and key[0] in LIMITS})
        for step in one.steps:
            assert step.is_breach == any(found[rule, step.action_id] for rule in ("ACT-003", "ACT-004"))
        # The clocks shown are those of the rules: there is a finding where one has run out, and only there.
        for limit in one.limits:
            if limit.rule != "ACT-007":
                assert ((limit.ended_at or one.until) > limit.due_at) == (limit.state == "over")
    breaches = sum(step.is_breach for one in histories for step in one.steps)
    assert sum(row.breach_count for row in flow.moves) == breaches
    assert sum(row.exceeded_count for row in flow.open_cases) == sum(one.state == "over" for one in histories)

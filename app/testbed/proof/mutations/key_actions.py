"""Mutations that prove the rules of `key_actions`, and the one that another report has with it.

Cases are their own, added to those of the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.testbed.proof.files import Files, Wanted, mutation
from app.testbed.proof.ground import AFTER, DAY, WEEK_BEFORE, WEEKS_BEFORE
from app.testbed.proof.mutations.api_keys import more
from app.testbed.simulator.draws import reference

REPORT = "key_actions"


def add_step(
    files: Files,
    stage: str,
    acted_at: datetime,
    *,
    number: int = 1,
    case: str = "1",
    key: str | None = None,
    account: str | None = None,
    risk: str = "low",
    detected_at: datetime | None = None,
    outcome: str = "applied",
    note: str | None = None,
    day: str = DAY,
) -> int:
    """Add a step to the file of `day`, and return its place; a case is detected ten minutes before its first step."""
    rows = files.rows(REPORT, day)
    rows.append(
        {
            "action_id": files.name("A", "proof", number),
            "case_id": files.name("C", "proof", case),
            "key_ref": reference(0, "proof key", key or case),
            "account_ref": reference(0, "proof account", account or key or case),
            "suspicion": "sharing",
            "risk_level": risk,
            "stage": stage,
            "detected_at": detected_at or acted_at - timedelta(minutes=10),
            "acted_at": acted_at,
            "outcome": outcome,
            "note": note,
        }
    )
    return len(rows) - 1


def _of_row(files: Files, rule: str, place: int, *, day: str = DAY, reason: str | None = None) -> Wanted:
    subject = files.rows(REPORT, day)[place]["action_id"]
    return files.wanted(rule, REPORT, row=place, subject=subject, period=day, reason=reason)


@mutation("ACT-UNQ", "one action stands there twice")
def repeated(files: Files) -> Sequence[Wanted]:
    """Two rows of one number."""
    add_step(files, "monitoring", files.at(9))
    return [_of_row(files, "ACT-UNQ", add_step(files, "monitoring", files.at(9)))]


@mutation("ACT-001", "a step is taken a second before the detection")
def before_detection(files: Files) -> Sequence[Wanted]:
    """One case."""
    at = files.at(9)
    return [_of_row(files, "ACT-001", add_step(files, "monitoring", at, detected_at=at + timedelta(seconds=1)))]


@mutation("ACT-002", "a case with two keys, and a key with two accounts")
def two_keys(files: Files) -> Sequence[Wanted]:
    """Three cases, one of them with both its keys."""
    add_step(files, "monitoring", files.at(9), number=1, case="1", key="1")
    add_step(files, "warning", files.at(10), number=2, case="1", key="2")
    add_step(files, "monitoring", files.at(9), number=3, case="2", key="3", account="3")
    place = add_step(files, "monitoring", files.at(9), number=4, case="3", key="3", account="4")
    rows = files.rows(REPORT)
    return [
        files.wanted("ACT-002", REPORT, subject=rows[place - 3]["case_id"]),
        files.wanted("ACT-002", REPORT, subject=rows[place]["key_ref"]),
    ]


@mutation("ACT-003", "a warned case is only watched again, and goes on the day after it was cleared")
def steps_back(files: Files) -> Sequence[Wanted]:
    """Four steps of one case in two files."""
    add_step(files, "warning", files.at(9), number=1)
    back = add_step(files, "monitoring", files.at(10), number=2)
    add_step(files, "cleared", files.at(9, day=AFTER), number=3, outcome="passed", day=AFTER)
    again = add_step(files, "warning", files.at(10, day=AFTER), number=4, day=AFTER)
    return [
        _of_row(files, "ACT-003", back, reason="stepped_back"),
        _of_row(files, "ACT-003", again, day=AFTER, reason="after_the_end"),
    ]


@mutation("ACT-004", "a key of a medium-risk case is expired by force at once; the inventory knows of it")
def expired_at_once(files: Files) -> Sequence[Wanted]:
    """One step, and one key in the inventory."""
    more(files.rows("api_keys")[1], forced_expired_keys=1, issued_keys=1)
    return [_of_row(files, "ACT-004", add_step(files, "forced_expiry", files.at(9), risk="medium"))]


def _of_case(files: Files, rule: str, place: int) -> list[Wanted]:
    return [files.wanted(rule, REPORT, subject=files.rows(REPORT)[place]["case_id"])]


@mutation("ACT-005", "the first step is taken a second more than 24 hours after the detection")
def late_first_step(files: Files) -> Sequence[Wanted]:
    """One case of low risk."""
    at = files.at(9)
    detected_at = at - timedelta(hours=24, seconds=1)
    return _of_case(files, "ACT-005", add_step(files, "monitoring", at, detected_at=detected_at))


@mutation("ACT-006", "a high-risk case is reverified a second more than 24 hours after the detection")
def slow_high_risk(files: Files) -> Sequence[Wanted]:
    """Watched at once, reverified the next day."""
    detected_at = files.at(9)
    late = detected_at + timedelta(hours=24, seconds=1)
    place = add_step(files, "monitoring", files.at(10), risk="high", detected_at=detected_at)
    add_step(files, "reverification", late, number=2, risk="high", detected_at=detected_at, day=AFTER)
    return _of_case(files, "ACT-006", place)


@mutation("ACT-007", "nothing follows a failed reverification for 72 hours")
def failed_reverification(files: Files) -> Sequence[Wanted]:
    """One case of low risk."""
    return _of_case(files, "ACT-007", add_step(files, "reverification", files.at(9), outcome="failed"))


@mutation("KEY-008", "a key of a high-risk case is expired by force, and the accepted inventory does not know of it")
def unknown_expiry(files: Files) -> Sequence[Wanted]:
    """Only the key actions are filed again; the inventory is judged with them."""
    add_step(files, "forced_expiry", files.at(9), risk="high")
    return [files.wanted("KEY-008", "api_keys")]


@mutation(
    "ACT-008",
    "a case begins a second less than seven days after the last one of its key was cleared",
    also=("ACT-003",),
)
def begun_too_soon(files: Files) -> Sequence[Wanted]:
    """The step of the new case is one after the end of the whole."""
    cleared_at = files.at(9, day=WEEK_BEFORE)
    add_step(files, "cleared", cleared_at, case="1", key="1", outcome="passed", day=WEEK_BEFORE)
    again = cleared_at + timedelta(days=7, seconds=-1)
    place = add_step(files, "monitoring", again, number=2, case="2", key="1")
    return _of_case(files, "ACT-008", place)


@mutation("ACT-009", "a case is only watched for a second more than fourteen days")
def only_watched(files: Files) -> Sequence[Wanted]:
    """Begun on the first day that steps are filed for, and warned a second too late."""
    begun_at = files.at(9, day=WEEKS_BEFORE)
    add_step(files, "monitoring", begun_at, day=WEEKS_BEFORE)
    late = begun_at + timedelta(days=14, seconds=1)
    add_step(files, "warning", late, number=2, detected_at=begun_at, day=DAY)
    case = files.rows(REPORT, WEEKS_BEFORE)[-1]["case_id"]
    return [files.wanted("ACT-009", REPORT, subject=case, period=WEEKS_BEFORE)]

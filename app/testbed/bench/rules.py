"""What judging by records costs: all rules of a day of all exchanges, against hand-written SQL for the same findings.

Both begin with the same Arrow tables in memory and end with findings in Python; the judge is asked as the road asks it,
report by report, first what refuses a file and then what holds of the accepted. That both find the same is
checked in the same run, on the day as it is and on the day with seeded faults.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from app.testbed.bench.by_hand import Place, finding_key, found_by_hand
from app.testbed.bench.day import FiledReport, fill_day, reports_of_the_day, without_rows
from app.testbed.bench.faults import with_faults
from expectations.catalogue import published_rules, rejecting_rules

AIM_RATIO = 2.0
"""What the project holds itself to: at most twice the hand-written SQL."""

_ROUNDS = 5
_FAULTS_SEED = 3


class DifferentFindingsError(RuntimeError):
    """The judge and the SQL by hand do not find the same: one of them is wrong."""


def found_by_the_judge(reports: Sequence[FiledReport]) -> Counter[Place]:
    """Where the rules of these reports are broken, by the rule book's own records."""
    from etl.review import reading_entities, reading_rows
    from expectations.judge import judge_files

    found: Counter[Place] = Counter()
    for filed in reports:
        name = filed.report.name
        for files, rules, context in (
            (filed.files, rejecting_rules(name), {}),
            (filed.files, reading_rows(published_rules(name)), filed.context),
            (without_rows(filed), reading_entities(published_rules(name)), filed.context),
        ):
            for submission, findings in judge_files(filed.report, files, rules, context=context).items():
                found.update(finding_key(submission, finding) for finding in findings)
    return found


def compare(reports: Sequence[FiledReport]) -> Counter[Place]:
    """What both find; DifferentFindingsError where they do not find the same."""
    judged, by_hand = found_by_the_judge(reports), found_by_hand(reports)
    if judged != by_hand:
        only_judged, only_by_hand = judged - by_hand, by_hand - judged
        rules = sorted({place[0] for place in (*only_judged, *only_by_hand)})
        raise DifferentFindingsError(
            f"{', '.join(rules)}: {only_judged.total()} found by the judge alone {list(only_judged)[:3]}, "
            f"{only_by_hand.total()} by hand alone {list(only_by_hand)[:3]}"
        )
    return judged


def measure_rules(folder: Path, assets: int | None, advance: Callable[[int, int, str], None]) -> dict[str, Any]:
    """Seconds of both, their ratio, and how many findings both agree on, of the day and of the day with faults."""
    advance(0, 3, "a day of all exchanges")
    store = fill_day(folder / "rules", assets)
    clean = reports_of_the_day(store)
    store.engine.dispose()
    record: dict[str, Any] = {
        "bench": "all rules of one day of all exchanges, warm, against SQL written by hand for the same findings",
        "rows": sum(one.table.num_rows for filed in clean for one in filed.files),
        "ratio_aim": AIM_RATIO,
    }
    for place, (name, reports) in enumerate((("clean", clean), ("faulty", with_faults(clean, _FAULTS_SEED))), 1):
        advance(place, 3, name)
        record[name] = {"findings": compare(reports).total(), **_timed(reports)}
    return record


def _timed(reports: Sequence[FiledReport]) -> dict[str, float]:
    """Medians of interleaved rounds; the comparison before was the warm-up."""
    judge_seconds, hand_seconds, ratios = [], [], []
    for _ in range(_ROUNDS):
        hand_seconds.append(_seconds(found_by_hand, reports))
        judge_seconds.append(_seconds(found_by_the_judge, reports))
        ratios.append(judge_seconds[-1] / hand_seconds[-1])
    return {
        "judge_seconds": round(median(judge_seconds), 3),
        "by_hand_seconds": round(median(hand_seconds), 3),
        "ratio": round(median(ratios), 2),
    }


def _seconds(find: Callable[[Sequence[FiledReport]], object], reports: Sequence[FiledReport]) -> float:
    gc.collect()
    start = time.perf_counter()
    find(reports)
    return time.perf_counter() - start

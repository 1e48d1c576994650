"""Many findings have few causes: each is named, with the number of findings that would go with it."""

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.causes import CauseKind, likely_causes
from expectations.vocabulary import KST, Finding

DAY = "≥ 2026-11-03T00:00:00.000+09:00, < 2026-11-04T00:00:00.000+09:00"


def found(rule: str, found: str | None, expected: str, row: int = 2, column: str | None = None, **more: str) -> Finding:
    return Finding(rule=rule, row=row, column=column, found=found, expected=expected, **more)


def told(findings: list[Finding]) -> list[tuple[object, ...]]:
    return [(c.kind, c.rule, c.column, c.detail, c.finding_count) for c in likely_causes(findings)]


def test_one_unknown_word_explains_all_cells_that_hold_it() -> None:
    findings = [found("SUB-006", "OK", "MATCH | MISMATCH", row, "status") for row in range(2, 12)]
    findings += [found("SUB-006", f"word{row}", "MATCH | MISMATCH", row, "status") for row in range(12, 14)]
    assert told(findings) == [(CauseKind.WORD, "SUB-006", "status", "OK", 10)]


def test_one_notation_explains_values_that_are_written_alike() -> None:
    findings = [found("SUB-006", f"{row},{row}00.5", "1234.5", row, "ledger") for row in range(2, 9)]
    assert told(findings) == [(CauseKind.NOTATION, "SUB-006", "ledger", "9,9.9", 7)]


@pytest.mark.parametrize("hours", [9, -9, 24, -24])
def test_a_shifted_clock_is_recognised_by_its_length(hours: int) -> None:
    true = [datetime(2026, 11, 3, hour, 5, tzinfo=KST) for hour in (0, 8, 12, 23)]
    outside = [moment - timedelta(hours=hours) for moment in true]
    findings = [found("SUB-003", moment.isoformat(timespec="milliseconds"), DAY) for moment in outside]
    (cause,) = likely_causes(findings)
    assert (cause.kind, cause.shift, cause.finding_count) == (CauseKind.SHIFT, timedelta(hours=hours), 4)


def test_instants_that_no_one_shift_explains_are_not_said_to_be_shifted() -> None:
    findings = [found("SUB-003", f"2026-1{month}-05T10:00:00.000+09:00", DAY) for month in (0, 1, 2)]
    assert told(findings) == []


def test_a_wrong_unit_is_a_constant_factor() -> None:
    findings = [found("SUB-009", f"{value}000", str(value), column=f"c{value}") for value in (17, 23, 5)]
    assert told(findings) == []  # three columns, one finding each
    findings = [found("KEY-004", f"{value}000", str(value), row) for row, value in enumerate((17, 23, 5))]
    assert told(findings) == [(CauseKind.FACTOR, "KEY-004", None, "1000", 3)]


def test_all_of_one_asset_is_said_so() -> None:
    findings = [found("REC-UNQ", None, "1", row, subject="BTC") for row in range(2, 7)]
    assert told(findings) == [(CauseKind.SUBJECT, "REC-UNQ", None, "BTC", 5)]


def test_what_explains_most_comes_first_and_few_findings_have_no_cause() -> None:
    findings = [found("SUB-006", "x", "1", row, "a") for row in range(3)]
    findings += [found("SUB-006", "y", "1", row, "b") for row in range(5)]
    findings += [found("SUB-006", "z", "1", row, "c") for row in range(2)]
    assert [(column, count) for _, _, column, _, count in told(findings)] == [("b", 5), ("a", 3)]


lists = st.lists(
    st.builds(
        found,
        st.sampled_from(["SUB-006", "SUB-003", "KEY-004"]),
        st.one_of(st.none(), st.text(max_size=6), st.integers(-5, 5).map(str)),
        st.sampled_from(["1", DAY, "MATCH"]),
        st.integers(1, 9),
        st.sampled_from([None, "a", "b"]),
    ),
    max_size=30,
)


@given(lists, st.randoms())
def test_no_finding_counts_twice_and_their_order_does_not_matter(findings: list[Finding], order: random.Random) -> None:
    causes = likely_causes(findings)
    assert sum(cause.finding_count for cause in causes) <= len(findings)
    shuffled = list(findings)
    order.shuffle(shuffled)
    assert {(c.kind, c.rule, c.column, c.detail, c.finding_count) for c in causes} == {
        (c.kind, c.rule, c.column, c.detail, c.finding_count) for c in likely_causes(shuffled)
    }

"""What another threshold would do is said over the stored facts, and nothing is recorded by asking."""

from decimal import Decimal

import pytest

from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import open_store
from etl.what_if import NoSuchThresholdError, compare_rule
from tests.filing import checks, file

DAY = "2026-11-02"


@pytest.fixture
def store(tmp_path):
    """A day whose shortfall is 6.7 % of the ledger and has no halt."""
    opened = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'records.sqlite'}")
    file(opened, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, every=5, short=range(10, 14)))
    return opened


def rules_found(store):
    with reading(store.engine) as connection:
        return sorted(f.finding.rule for f in life.current_findings(connection))


def test_a_higher_threshold_takes_a_finding_away_and_records_nothing(store):
    assert rules_found(store) == ["REC-003", "REC-004"]
    compared = compare_rule(store, "REC-004", {"halt_shortfall_ratio": "0.1"}, None, None)
    record = compared.as_record()
    assert (record["findings_now"], record["findings_then"], record["gone"], record["new"]) == (1, 0, 1, 0)
    assert (record["files_changed"], record["exchanges_changed"], record["submissions"]) == (1, 1, 1)
    assert compared.thresholds == {"halt_shortfall_ratio": Decimal("0.1")}
    assert rules_found(store) == ["REC-003", "REC-004"]


def test_the_same_threshold_changes_nothing(store):
    record = compare_rule(store, "REC-004", {"halt_shortfall_ratio": "0.01"}, None, None).as_record()
    assert (record["new"], record["gone"], record["files_changed"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("rule", "thresholds", "sentence"),
    [
        ("XYZ-1", {"a": "1"}, "there is no rule"),
        ("REC-003", {"a": "1"}, "has no threshold"),
        ("SUB-008", {"maximum_rows": "1"}, "has no threshold that could be another"),
        ("REC-004", {"a": "1"}, "has no threshold 'a'; it has"),
        ("REC-004", {"halt_shortfall_ratio": "much"}, "is no number"),
        ("REC-004", {"halt_shortfall_ratio": "NaN"}, "is no number"),
    ],
    ids=lambda value: str(value),
)
def test_what_cannot_be_varied_is_said_in_one_sentence(store, rule, thresholds, sentence):
    with pytest.raises(NoSuchThresholdError, match=sentence):
        compare_rule(store, rule, thresholds, None, None)

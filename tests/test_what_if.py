"""What another threshold would do is said over the stored facts, and nothing is recorded by asking."""

from datetime import date
from decimal import Decimal

import pytest

from etl.records import submissions as life
from etl.records.engine import reading
from etl.review import findings_now
from etl.store import open_store
from etl.what_if import NoSuchThresholdError, compare_rule
from expectations.catalogue import all_rules, report, thresholds_of_the_book
from expectations.vocabulary import Parameter, Source, Wording
from tests.filing import checks, file

DAY = "2026-11-02"


@pytest.fixture
def store(tmp_path):
    """A day whose shortfall is 6.7 % of the ledger and has no halt."""
    opened = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'records.sqlite'}")
    file(opened, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, every=5, short=range(10, 14)))
    return opened


def test_an_exchange_that_is_none_is_said_in_one_sentence(store):
    with pytest.raises(NoSuchThresholdError, match="there is no exchange 'upbitt'"):
        compare_rule(store, "REC-004", {"halt_shortfall_ratio": "0.1"}, None, None, exchange="upbitt")


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


IPS = "maximum_ips_per_key"
_KEYS = report("api_keys").on(date(2026, 11, 2)).field_names


def _keys(ips: int) -> str:
    rows = [[DAY, scope, 10, 0, 0, 0, 0, 10, 10, ips, 0, 0] for scope in ("read", "trade", "withdraw")]
    return "\n".join(",".join(map(str, row)) for row in (_KEYS, *rows)) + "\n"


@pytest.fixture
def keys_of_four(tmp_path):
    """A day of keys with seven addresses each; Upbit and Bithumb have limits of their own, the others none."""
    opened = open_store(tmp_path / "keys", f"sqlite:///{tmp_path / 'keys.sqlite'}")
    for exchange in ("upbit", "bithumb", "coinone", "korbit"):
        file(opened, tmp_path, f"{exchange}_api_keys_{DAY}.csv", _keys(7))
    return opened


@pytest.mark.parametrize(("exchange", "new"), [(None, 6), ("upbit", 3), ("korbit", 3), ("bithumb", 0)])
def test_what_is_said_is_what_approval_does(keys_of_four, monkeypatch, exchange, new):
    """A common value gives way to an exchange's own, before approval as after it."""
    said = compare_rule(keys_of_four, "KEY-007", {IPS: "3"}, None, None, exchange=exchange).as_record()
    assert (said["findings_now"], said["new"]) == (3, new)
    about = Parameter(
        IPS, Decimal(3), date(2026, 11, 1), Source.MODEL, Wording("가", "a"), exchange=exchange, proposal="P"
    )
    monkeypatch.setattr("etl.review.thresholds_in_force", lambda _: thresholds_of_the_book().changed_by([about]))
    with reading(keys_of_four.engine) as connection:
        accepted = life.in_force(connection, "api_keys")
        found = findings_now(keys_of_four, connection, "api_keys", accepted, [all_rules()["KEY-007"]])
    assert sum(map(len, found.values())) == said["findings_then"]


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

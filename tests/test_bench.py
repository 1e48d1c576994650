"""The bench measures what it says: each part at a tiny size, and the SQL by hand finds exactly what the rules find."""

from collections import Counter
from contextlib import contextmanager

import pytest

from app.navigation import SCREENS
from app.testbed.bench import PARTS, UnknownPartError, lines, run_bench
from app.testbed.bench.day import fill_day, reports_of_the_day
from app.testbed.bench.faults import with_faults
from app.testbed.bench.rules import DifferentFindingsError, compare
from app.testbed.bench.visitors import FailedRunError, served
from etl.store import open_store
from expectations.catalogue import all_rules, calendar_rules, correction_rules
from expectations.verbs import READERS_VERB

pytestmark = pytest.mark.slow

SEEDS = (2, 4, 9, 13, 16, 31, 40, 42)
OF_THE_RECORDS = {rule.id for rule in (*calendar_rules(), *correction_rules())}
JUDGED = {rule.id for rule in all_rules().values() if rule.type != READERS_VERB} - OF_THE_RECORDS


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    store = fill_day(tmp_path_factory.mktemp("bench"), 2)
    yield reports_of_the_day(store)
    store.engine.dispose()


@pytest.fixture(scope="module")
def found(reports):
    """What both find of the day with faults, by seed."""
    return {seed: compare(with_faults(reports, seed)) for seed in SEEDS}


def test_of_a_day_without_faults_the_sql_by_hand_finds_what_the_rules_find(reports):
    assert not compare(reports)


@pytest.mark.parametrize("seed", SEEDS)
def test_of_a_day_with_faults_the_sql_by_hand_finds_what_the_rules_find(found, seed):
    assert found[seed].total() > 100


@pytest.mark.parametrize("rule", sorted(JUDGED))
def test_every_rule_has_faults_to_find(found, rule):
    assert any(place[0] == rule for places in found.values() for place in places)


def test_a_difference_is_told_with_the_rules_that_differ(reports, monkeypatch):
    monkeypatch.setattr("app.testbed.bench.rules.found_by_hand", lambda _: Counter({("NEW-001", "s", *[None] * 5): 1}))
    with pytest.raises(DifferentFindingsError, match=r"NEW-001.*1 by hand alone"):
        compare(reports)


def test_the_same_seed_makes_the_same_faults(reports):
    first, second = with_faults(reports, 5), with_faults(reports, 5)
    for one, two in zip(first, second, strict=True):
        assert [file.table for file in one.files] == [file.table for file in two.files]


def keys(value):
    return {name: keys(inner) for name, inner in value.items()} if isinstance(value, dict) else None


TIMED = dict.fromkeys(("findings", "judge_seconds", "by_hand_seconds", "ratio"))
OF_A_PAGE = dict.fromkeys(
    (
        *("day_p50", "day_p95", "day_p95_aim", "day_cold", "full_day_p50"),
        *("year_p50", "year_p95", "year_p95_aim", "year_cold", "year_ratio", "year_ratio_aim"),
    )
)
SHAPES = {
    "ingest": dict.fromkeys(
        (
            *("bench", "rows", "ingest_seconds", "floor_seconds", "ratio", "ratio_aim"),
            *("peak_megabytes", "peak_megabytes_aim"),
        )
    ),
    "history": dict.fromkeys(
        (
            *("bench", "files_a_day", "short_history_seconds", "long_history_seconds"),
            *("ratio", "ratio_aim"),
        )
    ),
    "rules": {**dict.fromkeys(("bench", "rows", "ratio_aim")), "clean": TIMED, "faulty": TIMED},
    "screens": {
        **dict.fromkeys(("bench", "days", "submissions")),
        **dict.fromkeys(("slowest_page_milliseconds", "slowest_page_milliseconds_aim")),
        "pages": {screen.name: OF_A_PAGE for screen in SCREENS},
        "together": dict.fromkeys(
            (
                *("sessions", "reruns", "first_p50", "first_p95"),
                *("rerun_p50", "rerun_p95", "rerun_p95_aim"),
            )
        ),
    },
}


SMALL_SCREENS = {
    **{"DAYS": 9, "MODEL_DAYS": 3, "SESSIONS": 3, "RUNS": 2, "COLD_RUNS": 1, "RERUNS_EACH": 2},
    "THINK_SECONDS": (0.0, 0.1),
}


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_a_part_gives_its_record(part, tmp_path, monkeypatch):
    monkeypatch.setattr("app.testbed.bench.history.LONG_DAYS", 9)
    for name, small in SMALL_SCREENS.items():
        monkeypatch.setattr(f"app.testbed.bench.screens.{name}", small)
    record = PARTS[part](tmp_path, 2, lambda done, of, name: None)
    assert keys(record) == SHAPES[part]
    assert lines(record)[0] == record["bench"]


def test_a_server_that_does_not_start_is_told_with_what_it_said(tmp_path, monkeypatch):
    monkeypatch.setattr("app.testbed.bench.visitors.sys.executable", "/bin/false")
    with (
        pytest.raises(FailedRunError, match="does not answer:\n"),
        served(open_store(tmp_path, f"sqlite:///{tmp_path / 'daxa.sqlite'}")),
    ):
        pass


def test_what_takes_long_is_measured_on_demand_alone(monkeypatch):
    measured = []
    for name in PARTS:
        monkeypatch.setitem(PARTS, name, lambda folder, assets, advance, name=name: measured.append(name) or {})
    told = {"assets": 1, "json": True, "emit": measured.append, "progress": quietly}
    run_bench(only=(), **told)
    assert [name for name in measured if name] == [name for name in PARTS if name != "screens"]
    measured.clear()
    run_bench(only=["screens"], **told)
    assert measured == ["screens", {}]


@contextmanager
def quietly(_title, _total):
    yield lambda done, of, name: None


def test_an_unknown_part_is_told_which_there_are():
    with pytest.raises(UnknownPartError, match="no part 'speed' of the bench; there are ingest, rules"):
        run_bench(only=["speed"], assets=2, json=True, emit=print, progress=None)


def test_a_record_is_printed_with_its_aims_and_groups():
    record = {"bench": "this", "rows": 1234, "ratio": 1.5, "ratio_aim": 2.0, "clean": {"seconds": 0.25}}
    assert lines(record) == [
        "this",
        "  rows                     1,234",
        "  ratio                    1.5 (aim ≤ 2)",
        "  clean",
        "    seconds                  0.25",
    ]

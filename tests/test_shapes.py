"""Shapes and layouts of a day: which columns a report has, how they are written, and rows of many days together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import facts as facts_module
from etl.exchanges import all_exchanges, exchange
from etl.exchanges.korbit import HOUSE as KORBIT
from etl.facts import FactFile, Facts
from etl.layout import Container, DatedLayout, canonical_layout
from etl.normalise import arrow_schema, with_every_column
from expectations.catalogue import all_reports, all_rules, report
from expectations.judge import FiledRows, judge_files
from expectations.vocabulary import Cadence, Field, Period, Report, Rule, ValueType, Wording
from tests.golden.filing import PAIRS

WORD = Wording("값", "value")
HOUSE = replace(KORBIT, spell_code=str)
FIRST, CHANGE, END = date(2026, 11, 1), date(2026, 11, 10), date(2026, 11, 20)
ALWAYS = {"taken_on": "day", "asset": "asset"}
EVERY_DAY = [FIRST + timedelta(days=number) for number in range(30)]


def field(name: str, since: date | None = None, until: date | None = None, **more: object) -> Field:
    kind = more.pop("type", ValueType.COUNT)
    return Field(name, kind, WORD, WORD, since=since, until=until, **more)  # type: ignore[arg-type]


def shape(*fields: Field) -> Report:
    """A report of assets by day, with these columns beside."""
    always = (field("taken_on", type=ValueType.DATE), field("asset", type=ValueType.ASSET))
    key = ("taken_on", "asset")
    return Report("trial", "TRY", WORD, Cadence.DAY, (*always, *fields), key, "taken_on", "asset", None, time(10))


def names(found: Report) -> tuple[str, ...]:
    """The columns beside day and asset."""
    assert found.field_names[:2] == ("taken_on", "asset")
    return found.field_names[2:]


# ------------------------------------------------------------------------------------ the shape of a day


def test_a_column_is_part_of_the_report_from_its_first_day_to_the_day_before_its_end() -> None:
    trial = shape(field("old", until=CHANGE), field("new", CHANGE), field("short", CHANGE, END))
    assert names(trial) == ("old", "new", "short")
    assert names(trial.on(CHANGE - timedelta(days=1))) == ("old",)
    assert names(trial.on(CHANGE)) == ("new", "short")
    assert names(trial.on(END - timedelta(days=1))) == ("new", "short")
    assert names(trial.on(END)) == ("new",)
    assert names(trial.between(FIRST, CHANGE - timedelta(days=1))) == ("old",)
    assert names(trial.between(FIRST, CHANGE)) == ("old", "new", "short")
    assert trial.dated_names == {"old", "new", "short"}
    assert [one.name for one in trial.on(END).other_fields] == ["old", "short"]


def test_a_month_has_the_shape_of_its_first_day() -> None:
    trial = shape(field("new", CHANGE))
    assert names(trial.on(Period.parse("2026-11").first_day)) == ()
    assert names(trial.on(Period.parse("2026-12").first_day)) == ("new",)


def test_a_report_that_never_changes_is_its_own_shape() -> None:
    trial = shape(field("always"))
    assert trial.on(FIRST) is trial
    assert trial.dated_names == frozenset()


def test_a_definition_that_changes_holds_on_its_own_days() -> None:
    kind = {"type": ValueType.CODE}
    trial = shape(
        field("mood", until=CHANGE, codes=("good", "bad"), required=False, **kind),
        field("mood", CHANGE, codes=("good", "bad", "odd"), **kind),
    )
    before, after = trial.on(FIRST).field("mood"), trial.on(CHANGE).field("mood")
    assert (before.codes, before.required) == (("good", "bad"), False)
    assert (after.codes, after.required) == (("good", "bad", "odd"), True)
    assert names(trial) == ("mood",)
    assert trial.dated_names == frozenset(), "it is there on every day"
    assert [one.codes for one in trial.every_field if one.name == "mood"] == [("good", "bad", "odd")]
    layout = HOUSE.layout(trial, {**ALWAYS, "mood": "mood"})
    assert set(layout.on(FIRST).columns["mood"].codes) == {"good", "bad"}
    assert set(layout.on(CHANGE).columns["mood"].codes) == {"good", "bad", "odd"}
    assert layout.start_days == (CHANGE,)


days = st.dates(FIRST, FIRST + timedelta(days=29))


@given(st.lists(st.tuples(st.none() | days, st.none() | days), max_size=5), days, days)
def test_the_shape_of_a_span_is_that_of_its_days_together(
    spans: Sequence[tuple[date | None, date | None]], one: date, other: date
) -> None:
    fields = [
        field(f"c{place}", since, until)
        for place, (since, until) in enumerate(spans)
        if (since or date.min) < (until or date.max)
    ]
    trial, first, last = shape(*fields), min(one, other), max(one, other)
    inside = [day for day in EVERY_DAY if first <= day <= last]
    together = {name for day in inside for name in names(trial.on(day))}
    assert names(trial.between(first, last)) == tuple(name for name in names(trial) if name in together)
    assert trial.on(one).on(one).fields == trial.on(one).fields


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param([field("new", CHANGE), field("new")], "new is defined twice", id="definitions overlap"),
        pytest.param(
            [field("new", until=CHANGE), field("new", CHANGE, type=ValueType.KRW)], "another name", id="another type"
        ),
        pytest.param(
            [field("new", until=CHANGE, unit="keys"), field("new", CHANGE, unit="calls")], "another name", id="unit"
        ),
    ],
)
def test_definitions_that_contradict_one_another_are_refused(fields: Sequence[Field], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        shape(*fields)


@pytest.mark.parametrize(("since", "until"), [(CHANGE, CHANGE), (END, CHANGE)])
def test_a_column_that_ends_before_it_begins_is_refused(since: date, until: date) -> None:
    with pytest.raises(ValueError, match="not before"):
        field("new", since, until)


@pytest.mark.parametrize("dated", [{"since": CHANGE}, {"until": CHANGE}])
def test_a_key_is_there_on_every_day(dated: dict[str, date]) -> None:
    trial = shape()
    with pytest.raises(ValueError, match="asset is needed on every day"):
        replace(trial, fields=(trial.field("taken_on"), field("asset", type=ValueType.ASSET, **dated)))


# ----------------------------------------------------------------------------------- the layout of a day


def trial_layout() -> DatedLayout:
    trial = shape(field("old", until=CHANGE), field("kept"), field("new", CHANGE))
    return HOUSE.layout(
        trial,
        {**ALWAYS, "old": "alt", "kept": {date.min: "before", CHANGE: ("after",), END: "last"}, "new": "neu"},
    )


OTHERS = {
    "alt": "< 2026-11-10",
    "before": "< 2026-11-10",
    "after": "≥ 2026-11-10, < 2026-11-20",
    "last": "≥ 2026-11-20",
    "neu": "≥ 2026-11-10",
}


@pytest.mark.parametrize(
    ("day", "native"), [(FIRST, ("alt", "before")), (CHANGE, ("after", "neu")), (END, ("last", "neu"))]
)
def test_a_layout_of_a_day_has_its_columns_in_order_and_knows_the_others(day: date, native: tuple[str, ...]) -> None:
    layout = trial_layout().on(day)
    assert layout.native_names == ("day", "asset", *native)
    assert tuple(layout.columns) == trial_layout().shape.on(day).field_names
    assert dict(layout.other_columns) == {name: days for name, days in OTHERS.items() if name not in native}


def test_a_layout_says_on_which_days_it_changes() -> None:
    assert trial_layout().start_days == (CHANGE, END)


def test_the_first_way_of_writing_begins_with_the_calendar() -> None:
    with pytest.raises(ValueError, match=r"first way of writing kept begins on date\.min"):
        HOUSE.layout(shape(field("kept")), {**ALWAYS, "kept": {CHANGE: "after"}})


def test_a_template_has_the_columns_of_its_day_and_knows_the_others() -> None:
    trial = trial_layout().shape
    layout = canonical_layout(trial.on(CHANGE), Container.CSV)
    assert layout.native_names == ("taken_on", "asset", "kept", "new")
    assert dict(layout.other_columns) == {"old": "< 2026-11-10"}
    assert dict(canonical_layout(trial.on(FIRST), Container.CSV).other_columns) == {"new": "≥ 2026-11-10"}


# ----------------------------------------------------------------------------------- what there is of it


def start_days() -> list[tuple[str, str, date]]:
    """Every day on which what an exchange files of a report changes, and one day before anything does."""
    return [
        (exchange_id, name, day)
        for exchange_id, name in PAIRS
        for day in (date(2026, 1, 1), *all_exchanges()[exchange_id].layouts[name].start_days, date(2100, 1, 1))
    ]


@pytest.mark.parametrize(("exchange_id", "report_name", "day"), start_days())
def test_a_layout_writes_exactly_the_columns_of_the_day_once_each(
    exchange_id: str, report_name: str, day: date
) -> None:
    layout = exchange(exchange_id).layouts[report_name].on(day)
    found = report(report_name).on(day)
    assert set(layout.columns) == set(found.field_names)
    assert len(set(layout.native_names)) == len(layout.native_names), "a native name stands twice"
    assert not set(layout.other_columns) & set(layout.native_names)
    for one in found.fields:
        assert set(layout.columns[one.name].codes) == set(one.codes)


@pytest.mark.parametrize("report_name", list(all_reports()))
def test_a_target_has_its_scope_on_every_day(report_name: str) -> None:
    found = report(report_name)
    if any(one.type is ValueType.TARGET for one in found.fields):
        assert "scope" in found.field_names
        assert "scope" not in found.dated_names


COMPUTED = {
    "reconciliation": {"checked_at", "asset", "ledger_quantity", "wallet_quantity", "price_krw"},
    "audits": {"asset", "as_of", "ledger_quantity", "hot_wallet_quantity", "cold_wallet_quantity", "price_krw"},
    "api_volume": {
        *("trade_value_krw", "api_trade_value_krw", "trade_count", "api_trade_count"),
        *("api_order_count", "api_cancel_count", "api_small_order_count"),
    },
    "api_keys": {
        *("opening_keys", "issued_keys", "expired_keys", "deleted_keys", "forced_expired_keys"),
        *("active_keys", "allowlisted_keys"),
    },
    "surveillance": {
        *("pattern", "alert_count", "case_count", "account_count", "key_count", "notified_count"),
        *("trade_value_krw", "api_trade_value_krw"),
    },
    "key_actions": {"case_id", "key_ref", "stage", "detected_at", "acted_at"},
    "halts": {"scope", "target", "functions", "trigger", "detected_at", "halted_at"},
}


@pytest.mark.parametrize("report_name", list(COMPUTED))
def test_what_figures_relations_and_screens_calculate_with_is_there_on_every_day(report_name: str) -> None:
    """To date one of these is to decide first what is calculated on the days without it, and to say so here."""
    assert COMPUTED[report_name] <= set(report(report_name).field_names)
    assert not COMPUTED[report_name] & report(report_name).dated_names


# -------------------------------------------------------------------------------- rows of many days


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Report:
    """A report with one column less and one more from a day on, known to whoever reads facts."""
    trial = shape(field("old", until=CHANGE), field("kept"), field("new", CHANGE, type=ValueType.KRW))
    monkeypatch.setattr(facts_module, "report_of", lambda _name: trial)
    return trial


def rows(found: Report, **columns: list[object]) -> pa.Table:
    schema = arrow_schema(found)
    count = len(columns["asset"])
    given = {"taken_on": [FIRST] * count, **columns, "source_row": range(2, 2 + count)}
    return pa.table({name: list(given[name]) for name in schema.names}, schema=schema)


def filed(facts: Facts, found: Report) -> list[FactFile]:
    """One file of before the change and one of after it."""
    before = FactFile("trial", "korbit", "2026-11-09", "s-1")
    after = FactFile("trial", "korbit", "2026-11-10", "s-2")
    facts.write(before, rows(found.on(FIRST), asset=["BTC", "ETH"], old=[1, 2], kept=[3, 4]))
    facts.write(after, rows(found.on(CHANGE), asset=["BTC"], kept=[5], new=[6]))
    return [before, after]


def test_a_file_keeps_the_columns_of_its_day_and_is_read_with_those_of_all(tmp_path: Path, changed: Report) -> None:
    facts = Facts(tmp_path)
    before, after = filed(facts, changed)
    assert pa.parquet.read_schema(facts.path(before)).names == ["taken_on", "asset", "old", "kept", "source_row"]
    assert facts.rows_of(before).schema.equals(arrow_schema(changed))
    assert facts.rows_of(before).column("new").to_pylist() == [None, None]
    assert facts.rows_of(after).column("old").to_pylist() == [None]
    assert facts.rows_of(after, ["new", "old"]).column_names == ["new", "old"]


def test_old_and_new_rows_are_read_together(tmp_path: Path, changed: Report) -> None:
    facts = Facts(tmp_path)
    both = filed(facts, changed)
    table = facts.read(both)
    assert table.column("old").to_pylist() == [1, 2, None]
    assert table.column("kept").to_pylist() == [3, 4, 5]
    assert [value and int(value) for value in table.column("new").to_pylist()] == [None, None, 6]
    assert table.column("submission").to_pylist() == ["s-1", "s-1", "s-2"]
    assert table.schema.equals(facts.read(both[:1]).schema), "the columns do not depend on the files"
    assert facts.read(both[:1]).column("new").null_count == 2
    assert facts.read(both, condition="old > ?", parameters=[1]).column("asset").to_pylist() == ["ETH"]
    assert facts.read(both, condition="new > ?", parameters=[5], limit=1).column("kept").to_pylist() == [5]


def test_rows_that_have_every_column_stay_as_they_are(changed: Report) -> None:
    table = rows(changed, asset=["BTC"], old=[1], kept=[1], new=[1])
    assert with_every_column(table, changed) is table


# --------------------------------------------------------------------------------------- rules


def rule(id_: str, type_: str, **kwargs: object) -> Rule:
    like = next(one for one in all_rules().values() if one.type == "expect_no_cell_where" and not one.effective_from)
    return replace(like, id=id_, type=type_, kwargs=kwargs, report="trial")


def test_a_rule_is_not_asked_of_a_day_that_has_not_the_column_it_names(changed: Report) -> None:
    """Also where absence itself would break it; a rule about cells is asked of the other cells."""
    shown = {"subject": "asset", "found": "asset", "expected": "asset"}
    rules = [
        rule("T-1", "expect_no_row_where", violation="new IS NULL OR new > 0", **shown),
        rule("T-2", "expect_no_row_where", violation="old IS NULL OR old > 0", **shown),
        rule(
            "T-3",
            "expect_no_cell_where",
            cells=dict.fromkeys(("old", "kept", "new"), "coalesce({cell}, 1) > 0"),
            subject="asset",
            expected=dict.fromkeys(("old", "kept", "new"), "≤ 0"),
        ),
        rule(
            "T-4",
            "expect_no_findings_from",
            query="""SELECT submission, asset AS subject, source_row, NULL AS "column", 'new' AS found, '' AS expected
                FROM rows WHERE new IS NULL OR new > 0""",
        ),
        rule("T-5", "expect_no_row_where", violation="kept > 0", **shown),
    ]
    before = rows(changed.on(FIRST), asset=["BTC"], old=[1], kept=[1])
    after = rows(changed.on(CHANGE), asset=["BTC"], kept=[1], new=[1])
    files = [
        FiledRows(name, "korbit", Period.of_day(day), with_every_column(table, changed))
        for name, day, table in (("before", FIRST, before), ("after", CHANGE, after))
    ]
    found = judge_files(changed, files, rules)
    said = {name: [(one.rule, one.column) for one in ones] for name, ones in found.items()}
    assert said == {
        "before": [("T-2", None), ("T-3", "old"), ("T-3", "kept"), ("T-5", None)],
        "after": [("T-1", None), ("T-3", "kept"), ("T-3", "new"), ("T-4", None), ("T-5", None)],
    }

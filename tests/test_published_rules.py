"""Rules over what is accepted: compliance, consistency and plausibility, each by its own example and by sharper ones.

Relations that rules read beside a file are built as typed tables here, so that a rule stands or falls by its record
alone. An example's `files` says whose the judged submissions are (`A` alone, of Upbit, where it says nothing); rows and
findings without `submission` are A's.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from etl import context as accepted_context
from etl import judged
from etl.context import ROWS_OF_DAYS
from etl.judged import SHARE, krw_text
from etl.normalise import arrow_schema, with_every_column
from expectations.catalogue import all_parameters, all_reports, all_rules, calendar_rules, parameter, report
from expectations.judge import ContextTable, FiledRows, RuleCrashedError, Whose, ask_rules, judge_files
from expectations.messages import message
from expectations.vocabulary import Finding, Kind, Period, Report, Rule, Severity, Source
from tests.golden.filing import period_of, table_of

Records = Sequence[Mapping[str, Any]]

SPECIFIED = {
    "structure": {"MODEL": "SUB-001 SUB-002 SUB-004 SUB-005 SUB-007 SUB-008 SUB-010 SUB-011"},
    "integrity": {
        "MODEL": """
            SUB-003 SUB-006 SUB-009
            VOL-UNQ VOL-NEG VOL-001 VOL-002 VOL-003 VOL-004
            KEY-UNQ KEY-NEG KEY-001 KEY-002 KEY-003
            ACT-UNQ ACT-001 ACT-002
            REC-UNQ REC-NEG REC-001
            HLT-UNQ HLT-NEG HLT-001 HLT-002
            AUD-UNQ AUD-NEG AUD-004
            SUR-UNQ SUR-NEG SUR-001 SUR-002 SUR-003
        """
    },
    "consistency": {"MODEL": "KEY-004 KEY-008 KEY-010 REC-007 REC-011 HLT-005 HLT-010 AUD-005 AUD-006 SUR-004"},
    "compliance": {
        "DAXA": "KEY-005 KEY-006 ACT-004 REC-002 REC-004 REC-008 HLT-003 XEX-001",
        "LAW": "REC-003 AUD-001 AUD-002",
        "MODEL": "KEY-007 ACT-003 ACT-005 ACT-006 ACT-007 ACT-008 HLT-004 HLT-006 HLT-008 AUD-003 CAL-001 CAL-002",
    },
    "plausibility": {
        "MODEL": """
            SUB-012 VOL-005 VOL-006 VOL-007 VOL-008 VOL-009 KEY-009 ACT-009 REC-005 REC-006 REC-009 REC-010 HLT-007
            HLT-009 HLT-012 AUD-007 SUR-005 SUR-006 FIX-001
        """
    },
}
"""The rules of section 5 by kind and source. What it leaves unmarked is ours; `key_actions` holds no number, so there
is no ACT-NEG."""

FROM_DECEMBER = {
    *("KEY-009", "KEY-010", "ACT-008", "ACT-009", "REC-008", "REC-009", "REC-010", "REC-011"),
    *("HLT-010", "HLT-012", "AUD-007", "SUR-006", "CAL-002", "FIX-001"),
}
"""The rules that version 2 adds: they say nothing of days before 2026-12-01."""

TWO_MARKS = {"ACT-004": "DAXA", "REC-004": "DAXA", "REC-008": "DAXA", "AUD-002": "LAW"}
"""Rules that the specification marks twice: the first mark is the source, the assumption stands in the reference."""

TEXT, COUNT, DAY, INSTANT = pa.string(), pa.int64(), pa.date32(), pa.timestamp("ms", "UTC")
WHOLE = pa.decimal128(38, 0)
KRW, QUANTITY, RATIO = pa.decimal128(38, 8), pa.decimal128(38, 18), pa.decimal128(38, 12)
ORIGIN = {"submission": TEXT, "exchange": TEXT}
DATED = {**ORIGIN, "day": DAY}


def _of(type_: pa.DataType, names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), type_)


RELATIONS: dict[str, dict[str, pa.DataType]] = {
    "accepted": {**DATED, **_of(TEXT, "report period"), **_of(INSTANT, "period_start period_end")},
    "reach": {**_of(TEXT, "exchange report"), **_of(INSTANT, "since until")},
    "volume_days": {
        **DATED,
        **_of(KRW, "trade_value_krw api_trade_value_krw"),
        "api_share": SHARE,
        "largest_api_account_count": COUNT,
        "largest_account_hour": INSTANT,
        "largest_account_market": TEXT,
    },
    "volume_markets": {**DATED, "market": TEXT, **_of(KRW, "trade_value_krw api_trade_value_krw")},
    "key_days": {**DATED, "scope": TEXT, **_of(COUNT, "opening_keys deleted_keys active_keys source_row")},
    "key_action_days": {**DATED, "stage": TEXT, "key_count": COUNT},
    "reconciliation_assets": {
        **DATED,
        "asset": TEXT,
        **_of(COUNT, "check_count covered_slot_count"),
        "last_checked_at": INSTANT,
        "last_ledger_quantity": QUANTITY,
    },
    "alert_days": {**DATED, "alert_count": WHOLE},
    "surveillance_days": {**DATED, "pattern": TEXT, "alert_count": WHOLE},
    "actions": {
        **DATED,
        **_of(TEXT, "action_id case_id whole_case key_ref account_ref suspicion risk_level stage outcome"),
        **_of(INSTANT, "detected_at acted_at cleared_before"),
        "source_row": COUNT,
    },
    "shortfalls": {
        **ORIGIN,
        "asset": TEXT,
        **_of(INSTANT, "episode_start episode_end checked_at"),
        **_of(QUANTITY, "ledger_quantity wallet_quantity shortfall_quantity"),
        **_of(KRW, "shortfall_krw price_krw"),
        "shortfall_krw_text": TEXT,
        "shortfall_ratio": RATIO,
        "source_row": COUNT,
    },
    "current_halts": {
        **DATED,
        **_of(TEXT, "halt_id scope target functions trigger mode"),
        **_of(INSTANT, "detected_at halted_at resumed_at notice_at"),
        **_of(COUNT, "affected_account_count source_row"),
    },
    "halted_trades": {**ORIGIN, **_of(TEXT, "halt_id market"), "hour_start": INSTANT, "source_row": COUNT},
    "slot_shortfalls": {
        **ORIGIN,
        **_of(INSTANT, "slot lacking_at"),
        "asset_count": COUNT,
        "shortfall_krw": KRW,
        "shortfall_krw_text": TEXT,
    },
    "audit_shares": {**ORIGIN, "cold_share": RATIO},
    "audit_differences": {
        **ORIGIN,
        "asset": TEXT,
        "checked_at": INSTANT,
        **_of(RATIO, "ledger_ratio wallet_ratio"),
        **_of(TEXT, "ledger_percent_text wallet_percent_text"),
    },
    "reconciled_assets": _of(TEXT, "exchange month asset"),
    "obligations": {
        **_of(TEXT, "obligation submission exchange report period"),
        **_of(INSTANT, "due_at met_at now first_due_at"),
        "in_force_count": COUNT,
    },
    "lifted_breaches": {
        **_of(TEXT, "submission ending breach breach_subject breach_found breach_expected"),
        **_of(INSTANT, "since until"),
    },
    "replacements": {**_of(TEXT, "obligation kind"), **_of(INSTANT, "since due_at replaced_at now")},
}
OF_ENTITIES = {name for name, one in accepted_context.RELATIONS.items() if one.is_of_entities} | {
    "audit_shares",
    "reconciled_assets",
}
"""Relations whose rows say for which submission they were read: in an example, for every one of their exchange."""

OF_THE_RECORDS = ("obligations", "replacements", "lifted_breaches")
"""Relations of which all that is given is about what is judged."""

PUBLISHED = [rule for rule in all_rules().values() if not rule.is_met_once]
QUERIES = [rule for rule in PUBLISHED if "query" in rule.kwargs]
ALONE = {"A": {"exchange": "upbit", "period": "2026-11-02"}}


def by_id(rule: Rule) -> str:
    return rule.id


# ------------------------------------------------------------------------------------------- building blocks


def relation(name: str, records: Records) -> pa.Table:
    """Records of canonical texts as the relation `name`; what they leave out is null."""
    columns = RELATIONS[name]
    unknown = {key for record in records for key in record} - columns.keys()
    assert not unknown, f"{name} has no {unknown}"
    arrays = [
        pa.array([_typed(record.get(column), type_) for record in records], type_) for column, type_ in columns.items()
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(list(columns.items())))


def _typed(value: Any, type_: pa.DataType) -> Any:
    if value is None or isinstance(value, int):
        return value
    if pa.types.is_decimal(type_):
        return Decimal(value)
    if pa.types.is_timestamp(type_):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if type_ == DAY else value


def context(records: Mapping[str, Records], judged: Sequence[FiledRows]) -> dict[str, ContextTable]:
    """Every relation, those not named empty; rows of days are those of the files under judgement."""
    assert records.keys() <= RELATIONS.keys()
    found: dict[str, ContextTable] = {}
    for name in RELATIONS:
        table = relation(name, records.get(name, []))
        if name in OF_ENTITIES:
            table = _for_each(table, judged)
        found[name] = ContextTable(table, Whose.GIVEN if name in OF_THE_RECORDS else Whose.OWN)
    if "checked_at" in judged[0].table.column_names:
        rows = pa.concat_tables(_with_origin(one) for one in judged)
        found |= {name: ContextTable(rows, accepted_context.RELATIONS[name].whose) for name in ROWS_OF_DAYS}
    return found


def _for_each(table: pa.Table, judged: Sequence[FiledRows]) -> pa.Table:
    """The rows once for every file of their exchange; those of a month for the file of that month."""
    parts = []
    for one in judged:
        own = table.filter(pc.equal(table["exchange"], one.exchange))
        if "month" in own.column_names:
            own = own.filter(pc.equal(own["month"], one.period.text))
        parts.append(own.append_column("judged", pa.array([one.submission] * own.num_rows, TEXT)))
    return pa.concat_tables(parts)


def _with_origin(one: FiledRows) -> pa.Table:
    count = one.table.num_rows
    table = one.table.append_column("submission", pa.array([one.submission] * count, TEXT))
    table = table.append_column("exchange", pa.array([one.exchange] * count, TEXT))
    return table.append_column("day", pa.array([one.period.first_day] * count, DAY))


def shape_of(rule: Rule) -> Report:
    """The report that a rule is about; for the calendar any will do, since no rows are read."""
    return report(rule.report or "halts")


def filed(rule: Rule, records: Records, files: Mapping[str, Mapping[str, str]] | None = None) -> list[FiledRows]:
    """The judged submissions with their rows and the thresholds of their day."""
    shape = shape_of(rule)
    files = files or {"A": {"exchange": "upbit", "period": period_of(shape.name).text}}
    assert {record.get("submission", "A") for record in records} <= files.keys()
    judged = []
    for name, file in files.items():
        own = [record for record in records if record.get("submission", "A") == name]
        period = Period.parse(file["period"])
        thresholds = {p.name: parameter(p.name, period.first_day, file["exchange"]) for p in all_parameters()}
        table = table_of(own, shape.name) if own else arrow_schema(shape).empty_table()
        table = with_every_column(table, shape)
        judged.append(FiledRows(name, file["exchange"], period, table, parameters=thresholds))
    return judged


def findings(
    rule: Rule,
    records: Records = (),
    relations: Mapping[str, Records] | None = None,
    files: Mapping[str, Mapping[str, str]] | None = None,
) -> list[tuple[str, Finding]]:
    """What the rule finds, each with its submission."""
    judged = filed(rule, records, files)
    found = judge_files(shape_of(rule), judged, [rule], context=context(relations or {}, judged))
    return [(name, finding) for name, those in found.items() for finding in those]


def awaiting(
    rule: Rule, relations: Mapping[str, Records], files: Mapping[str, Mapping[str, str]] | None = None
) -> set[str]:
    """The submissions of which the rule awaits data that reaches further."""
    judged = filed(rule, (), files)
    said = ask_rules(shape_of(rule), judged, [rule], context=context(relations, judged))
    return {submission for id_, submission in said.awaiting if id_ == rule.id}


PLACES = ("submission", "subject", "row", "start", "end", "reason")


def shown(name: str, finding: Finding) -> tuple[Any, ...]:
    """Where a finding is, comparable."""
    return (name, finding.subject, finding.row, finding.start, finding.end, finding.reason)


def expected(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """Where an example says that a finding is."""
    assert record.keys() <= set(PLACES)
    instants = (datetime.fromisoformat(record[key]) if record.get(key) else None for key in ("start", "end"))
    return (record.get("submission", "A"), record["subject"], record.get("row"), *instants, record.get("reason"))


def assert_finds(found: Iterable[tuple[str, Finding]], wanted: Records) -> None:
    """The findings are those wanted, each as often as it is wanted."""
    assert sorted((shown(*one) for one in found), key=str) == sorted(map(expected, wanted), key=str)


# ---------------------------------------------------------------------------------------------- the records


def test_the_rules_are_those_of_the_specification_with_their_kinds_and_sources() -> None:
    specified = {
        (rule_id, Kind(kind), Source(source))
        for kind, by_source in SPECIFIED.items()
        for source, ids in by_source.items()
        for rule_id in ids.split()
    }
    assert {(rule.id, rule.kind, rule.source) for rule in all_rules().values()} == specified


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_a_published_rule_began_with_the_obligations_or_with_version_2(rule: Rule) -> None:
    assert rule.effective_from == (date(2026, 12, 1) if rule.id in FROM_DECEMBER else date(2026, 6, 1))


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_severity_follows_the_kind(rule: Rule) -> None:
    assert rule.severity is (Severity.INFO if rule.kind is Kind.PLAUSIBILITY else Severity.WARNING)


@pytest.mark.parametrize("rule_id", TWO_MARKS)
def test_a_rule_with_two_marks_says_what_is_assumed(rule_id: str) -> None:
    rule = all_rules()[rule_id]
    assert rule.source.value == TWO_MARKS[rule_id]
    assert "MODEL" in rule.reference


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_a_rule_names_the_thresholds_that_its_condition_uses(rule: Rule) -> None:
    text = " ".join(str(value) for value in rule.kwargs.values())
    names = {p.name for p in all_parameters()}
    assert {name for name in names if re.search(rf"\b{name}\b", text)} == set(rule.parameters)


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_a_rule_declares_the_relations_that_its_query_reads(rule: Rule) -> None:
    named = set(re.findall(r"\b(?:FROM|JOIN) (\w+)", rule.kwargs.get("query", "")))
    assert named & (RELATIONS.keys() | accepted_context.RELATIONS.keys()) == rule.reads.keys()


@pytest.mark.parametrize("rule", QUERIES, ids=by_id)
def test_a_rule_sees_nothing_that_it_does_not_declare(rule: Rule) -> None:
    """A relation that a rule does not declare is not there for its query."""
    if rule.reads:
        with pytest.raises(RuleCrashedError):
            findings(dataclasses.replace(rule, reads={}))


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_what_a_rule_needs_is_another_report(rule: Rule) -> None:
    assert set(rule.needs) <= all_reports().keys() - {rule.report}


def test_the_calendar_reads_obligations_and_no_file() -> None:
    assert {rule.id for rule in calendar_rules()} == {"CAL-001", "CAL-002", "XEX-001"}
    assert all(
        rule.report is None and rule.reads.keys() <= {"obligations", "replacements"} for rule in calendar_rules()
    )


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_every_reason_of_a_rule_is_one_that_it_gives(rule: Rule) -> None:
    """A slip in a code would leave its sentence unsaid."""
    for reason in rule.reasons:
        assert f"'{reason}'" in rule.kwargs["query"]
    assert bool(rule.reasons) == (" AS reason" in rule.kwargs.get("query", ""))


# --------------------------------------------------------------------------------------------- the examples


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_a_rule_passes_its_good_example(rule: Rule) -> None:
    example = rule.example
    assert findings(rule, example["good"], example.get("good_context"), example.get("files")) == []


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_a_rule_finds_exactly_what_its_bad_example_says(rule: Rule) -> None:
    example = rule.example
    assert example["findings"], "a bad example shows at least one finding"
    assert_finds(findings(rule, example["bad"], example.get("bad_context"), example.get("files")), example["findings"])


AWAITING = [rule for rule in PUBLISHED if "awaits_data" in str(rule.kwargs.get("query"))]


def test_the_rules_that_await_data() -> None:
    named = {rule.id for rule in PUBLISHED if "reach" in rule.reads}
    assert {rule.id for rule in AWAITING} == named, "what asks how far the data reaches says what it does not reach"


@pytest.mark.parametrize("rule", AWAITING, ids=by_id)
def test_what_accepted_data_does_not_reach_is_awaited_and_no_finding(rule: Rule) -> None:
    example = rule.example
    files, relations = example.get("files"), dict(example["bad_context"])
    reached = {shown(*one) for one in findings(rule, (), relations, files)}
    del relations["reach"]
    unreached = {shown(*one) for one in findings(rule, (), relations, files)}
    assert unreached < reached
    assert awaiting(rule, relations, files) == {name for name, *_ in reached - unreached}


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_a_finding_is_put_into_words_in_both_languages(rule: Rule) -> None:
    example = rule.example
    for _, finding in findings(rule, example["bad"], example.get("bad_context"), example.get("files")):
        korean, english = message(finding, rule, "ko"), message(finding, rule, "en")
        assert re.search("[가-힣]", korean)
        assert english.endswith(".")
        assert finding.expected
        for value in (finding.found, finding.expected, finding.subject):
            assert value is None or (value in korean and value in english)
            assert value is None or not re.search("[가-힣]|None|NULL", value), "reads the same in every language"
            assert value is None or not re.search(r"[.][0-9]*0( |,|$)", value), "no zeros that say nothing"


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_a_rule_finds_nothing_where_there_is_nothing(rule: Rule) -> None:
    assert findings(rule) == []


@pytest.mark.parametrize("rule", PUBLISHED, ids=by_id)
def test_a_rule_judges_no_day_before_it_was_in_force(rule: Rule) -> None:
    example, since = rule.example, date(2027, 1, 1)
    later = dataclasses.replace(rule, effective_from=since)
    assert findings(later, example["bad"], example.get("bad_context"), example.get("files")) == []


# ------------------------------------------------------------------------------------------- sharper cases


def at(time: str, day: str = "2026-11-02") -> str:
    return f"{day}T{time}+09:00"


def days_before(count: int, day: str = "2026-11-02") -> list[str]:
    """The `count` days before a day, the nearest first."""
    return [(date.fromisoformat(day) - timedelta(days=n)).isoformat() for n in range(1, count + 1)]


def share(day: str, value: str | None, submission: str = "H", exchange: str = "upbit") -> dict[str, Any]:
    return {"submission": submission, "exchange": exchange, "day": day, "api_share": value}


TODAY = share("2026-11-02", "1", "A")


@pytest.mark.parametrize(
    ("history", "offends"),
    [
        ([share(day, "0.3") for day in days_before(7)], True),
        ([share(day, "0.3") for day in days_before(6)], False),
        ([share(day, "0.3") for day in days_before(35)[22:]], False),
        ([share(day, "0.3") for day in days_before(28)[21:]], True),
        ([*(share(day, "0.3") for day in days_before(6)), share("2026-10-20", None)], False),
        ([share(day, "0.3", exchange="gopax") for day in days_before(28)], False),
        ([share(day, "0.85") for day in days_before(28)], False),
        ([share(day, "0.849999999999") for day in days_before(28)], True),
        ([share(d, v) for d, v in zip(days_before(8), ["0.84", "0.86"] * 4, strict=True)], False),
        ([share(d, v) for d, v in zip(days_before(8), ["0.84", "0.859999999999"] * 4, strict=True)], True),
    ],
)
def test_the_api_share_is_held_against_the_exact_median_of_enough_days(history: Records, offends: bool) -> None:
    found = findings(all_rules()["VOL-007"], relations={"volume_days": [TODAY, *history]})
    assert len(found) == offends


@pytest.mark.parametrize(
    ("api_krw", "offends"),
    [
        ("450000000000", False),
        ("450000000000.00000001", True),
        ("150000000000", False),
        ("149999999999.99999999", True),
    ],
)
def test_the_limit_of_the_api_share_is_exact_to_the_last_digit_of_won(api_krw: str, offends: bool) -> None:
    own = share("2026-11-02", str(judged.share(Decimal(api_krw), Decimal("1e12"))), "A")
    found = findings(
        all_rules()["VOL-007"],
        relations={"volume_days": [own, *(share(day, "0.3") for day in days_before(7))]},
    )
    assert len(found) == offends


def test_a_limit_between_shares_that_have_no_last_digit_is_kept() -> None:
    third, beyond = (str(judged.share(Decimal(part), Decimal(60))) for part in (20, 29))
    history = [share(day, third) for day in days_before(7)]
    own = share("2026-11-02", beyond, "A")
    assert findings(all_rules()["VOL-007"], relations={"volume_days": [own, *history]}) == []


def test_a_share_just_beyond_the_limit_is_shown_beyond_it() -> None:
    own = share("2026-11-02", "0.45000000000000000000001", "A")
    history = [share(day, "0.3") for day in days_before(7)]
    ((_, finding),) = findings(all_rules()["VOL-007"], relations={"volume_days": [own, *history]})
    assert (finding.found, finding.expected) == ("45.000000000000000000001 %", "30 ± 15 %")


def test_a_share_far_below_the_median_is_unusual_too() -> None:
    history = [share(day, "0.5") for day in days_before(7)]
    own = share("2026-11-02", "0.349999999999", "A")
    (_, finding), *others = findings(all_rules()["VOL-007"], relations={"volume_days": [own, *history]})
    assert not others
    assert (finding.found, finding.expected) == ("34.9999999999 %", "50 ± 15 %")


def test_small_orders_are_counted_exactly_however_many() -> None:
    most = 2**63 - 1
    row = all_rules()["VOL-008"].example["good"][0]
    for small, offends in ((most // 5 * 4, False), (most // 5 * 4 + 3, True)):
        rows = [
            {**row, "hour_start": at(f"{hour:02d}:00:00"), "api_order_count": most // 5 * 5, "api_small_order_count": n}
            for hour, n in ((9, small), (10, most // 5 * 4 - 1), (11, most // 5 * 4 - 1))
        ]
        assert bool(findings(all_rules()["VOL-008"], rows)) == offends


# ---------------------------------------------------------------------------------------------------- cases


def action(
    name: str, stage: str, acted: str, *, case: str = "C", detected: str | None = None, **more: Any
) -> dict[str, Any]:
    base = {"submission": "A", "exchange": "upbit", "day": acted[:10], "risk_level": "medium", "outcome": "applied"}
    known = {
        "action_id": name,
        "case_id": case,
        "whole_case": case,
        "stage": stage,
        "acted_at": acted,
        "detected_at": detected or acted,
    }
    return {**base, **known, **more}


def reached(report_name: str, until: str, exchange: str = "upbit", since: str = "") -> dict[str, Any]:
    """An unbroken run of accepted days."""
    since = since or at("00:00:00", "2026-06-01")
    return {"exchange": exchange, "report": report_name, "since": since, "until": until}


def subjects(found: Iterable[tuple[str, Finding]]) -> list[tuple[str, str | None]]:
    return sorted((name, finding.subject) for name, finding in found)


def test_steps_of_one_moment_are_in_order_whatever_their_names() -> None:
    for last in ("cleared", "forced_expiry"):
        stages = [last, "reverification", "warning", "monitoring"]
        actions = [action(f"X-{n}", stage, at("09:00:00")) for n, stage in enumerate(stages)]
        assert findings(all_rules()["ACT-003"], relations={"actions": actions}) == []


def test_what_is_cleared_at_the_moment_of_its_forced_expiry_follows_it() -> None:
    actions = [action("X-1", "cleared", at("09:00:00")), action("X-2", "forced_expiry", at("09:00:00"))]
    assert subjects(findings(all_rules()["ACT-003"], relations={"actions": actions})) == [("A", "X-1")]


def test_a_step_back_is_found_across_files_in_the_file_that_holds_it() -> None:
    actions = [
        action("X-1", "reverification", at("09:00:00", "2026-10-31"), submission="P", day="2026-10-31"),
        action("X-2", "warning", at("09:00:00")),
        action("X-3", "reverification", at("09:00:00", "2026-11-03"), submission="B"),
        action("X-4", "monitoring", at("10:00:00", "2026-11-03"), submission="B"),
    ]
    files = {**ALONE, "B": {"exchange": "upbit", "period": "2026-11-03"}}
    found = findings(all_rules()["ACT-003"], relations={"actions": actions}, files=files)
    assert subjects(found) == [("A", "X-2"), ("B", "X-4")]


def test_a_second_forced_expiry_follows_the_first_and_a_second_clearing_too() -> None:
    actions = [action(f"{stage}-{n}", stage, at(f"0{n}:00:00"), case=stage)
               for stage in ("forced_expiry", "cleared") for n in (1, 2)]  # fmt: skip
    found = findings(all_rules()["ACT-003"], relations={"actions": actions})
    assert subjects(found) == [("A", "cleared-2"), ("A", "forced_expiry-2")]


def test_the_case_belongs_to_the_file_of_its_first_step() -> None:
    actions = [
        action("X-1", "monitoring", at("09:00:00", "2026-11-03"), submission="B", detected=at("08:00:00")),
        action("X-2", "warning", at("10:00:00", "2026-11-04"), detected=at("00:00:00"), risk_level="high"),
    ]
    files = {**ALONE, "B": {"exchange": "upbit", "period": "2026-11-03"}}
    relations = {"actions": actions, "reach": [reached("key_actions", at("00:00:00", "2026-11-05"))]}
    for rule_id in ("ACT-005", "ACT-006"):
        assert subjects(findings(all_rules()[rule_id], relations=relations, files=files)) == [("B", "C")]


@pytest.mark.parametrize(
    ("until", "settled", "offends"),
    [
        (at("09:00:00", "2026-11-03"), None, False),
        (at("09:00:00.001", "2026-11-03"), None, True),
        (at("00:00:00", "2026-11-05"), at("09:00:00", "2026-11-03"), False),
        (at("00:00:00", "2026-11-05"), at("09:00:00.001", "2026-11-03"), True),
    ],
)
def test_a_high_risk_case_is_judged_once_its_hours_have_passed_in_what_is_accepted(
    until: str, settled: str | None, offends: bool
) -> None:
    actions = [action("X-1", "warning", at("09:00:00"), risk_level="high")]
    if settled:
        actions.append(action("X-2", "cleared", settled, submission="N", detected=at("09:00:00")))
    reaches = [reached("key_actions", until), reached("api_keys", at("00:00:00", "2026-12-01"))]
    found = findings(all_rules()["ACT-006"], relations={"actions": actions, "reach": reaches})
    assert [finding.found for _, finding in found] == ["warning"] * offends


def test_a_high_risk_case_without_a_step_in_its_hours_shows_that_there_was_none() -> None:
    late = action("X-1", "warning", at("12:00:00"), detected=at("09:00:00", "2026-10-31"), risk_level="high")
    relations = {"actions": [late], "reach": [reached("key_actions", at("00:00:00", "2026-11-03"))]}
    assert [finding.found for _, finding in findings(all_rules()["ACT-006"], relations=relations)] == ["∅"]


@pytest.mark.parametrize(
    ("until", "expired", "offends"),
    [
        (at("09:00:00", "2026-11-05"), None, False),
        (at("09:00:00.001", "2026-11-05"), None, True),
        (at("00:00:00", "2026-11-09"), at("09:00:00", "2026-11-05"), False),
        (at("00:00:00", "2026-11-09"), at("09:00:00.001", "2026-11-05"), True),
        (at("00:00:00", "2026-11-09"), at("08:59:59.999"), True),
        (at("00:00:00", "2026-11-09"), at("09:00:00"), False),
    ],
)
def test_a_failed_reverification_is_followed_by_a_forced_expiry_in_time(
    until: str, expired: str | None, offends: bool
) -> None:
    actions = [
        action("X-0", "monitoring", at("09:00:00", "2026-10-20"), submission="P"),
        action("X-1", "reverification", at("09:00:00"), outcome="no_response"),
    ]
    if expired:
        actions.append(action("X-2", "forced_expiry", expired, submission="N"))
    relations = {"actions": actions, "reach": [reached("key_actions", until)]}
    assert subjects(findings(all_rules()["ACT-007"], relations=relations)) == [("A", "C")] * offends


def test_a_case_with_two_failed_reverifications_is_one_finding_of_the_first() -> None:
    actions = [
        action("X-1", "reverification", at("09:00:00", "2026-10-30"), submission="P", outcome="failed"),
        action("X-2", "reverification", at("09:00:00"), outcome="failed"),
    ]
    relations = {"actions": actions, "reach": [reached("key_actions", at("00:00:00", "2026-11-09"))]}
    files = {**ALONE, "P": {"exchange": "upbit", "period": "2026-10-30"}}
    assert subjects(findings(all_rules()["ACT-007"], relations=relations, files=files)) == [("P", "C")]
    assert findings(all_rules()["ACT-007"], relations=relations) == [], "P holds it, judged now or not"


# ------------------------------------------------------------------------------------------- reconciliation


def check(time: str, asset: str = "BTC", price: str = "100", submission: str = "A", **more: Any) -> dict[str, Any]:
    quantities = {"ledger_quantity": "10", "wallet_quantity": "11", "price_krw": price, "result": "match"}
    return {"submission": submission, "checked_at": at(time), "asset": asset, **quantities, **more}


def test_slots_are_asked_of_each_file_and_asset_by_itself() -> None:
    files = {
        "A": {"exchange": "upbit", "period": "2026-11-02T09-10"},
        "B": {"exchange": "upbit", "period": "2026-11-02T10-11"},
    }
    every_slot = [f"{m:02d}:00" for m in range(0, 60, 5)]
    rows = [check(f"09:{slot}") for slot in every_slot] + [check("09:59:59.999", "ETH")]
    rows += [check(f"10:{slot}", submission="B") for slot in every_slot]
    assert_finds(
        findings(all_rules()["REC-002"], rows, files=files),
        [{"subject": "ETH", "start": at("09:00:00"), "end": at("09:55:00")}],
    )


def test_two_checks_in_one_slot_cover_no_other() -> None:
    files = {"A": {"exchange": "upbit", "period": "2026-11-02T23-24"}}
    rows = [check(f"23:{m:02d}:00") for m in range(0, 60, 5) if m != 30] + [check("23:34:59.999"), check("23:29:59")]
    assert findings(all_rules()["REC-002"], rows, files=files) == []
    rows = [row for row in rows if row["checked_at"] != at("23:34:59.999")]
    wanted = [{"subject": "BTC", "start": at("23:30:00"), "end": at("23:35:00")}]
    assert_finds(findings(all_rules()["REC-002"], rows, files=files), wanted)


def shortfall(checked: str, quantity: str, krw: str, ratio: str, **more: Any) -> dict[str, Any]:
    episode = {"submission": "A", "exchange": "upbit", "asset": "BTC", "episode_start": at("09:00:00")}
    amounts = {"shortfall_quantity": quantity, "shortfall_krw": krw, "shortfall_ratio": ratio}
    amounts["shortfall_krw_text"] = krw_text(Decimal(krw))
    return {**episode, "checked_at": checked, **amounts, **more}


def test_an_episode_shows_its_largest_shortfall_in_each_measure() -> None:
    shortfalls = [
        shortfall(at("09:00:00"), "620000", "60140000000000", "0.5"),
        shortfall(at("09:05:00"), "0.000000000000000001", "0", "0.99"),
    ]
    ((_, finding),) = findings(all_rules()["REC-003"], relations={"shortfalls": shortfalls})
    assert finding.found == "≤ 620000 BTC, 60140000000000 KRW, 99 %"
    assert (finding.start, finding.end) == (datetime.fromisoformat(at("09:00:00")), None)


def halt(name: str, halted: str, resumed: str | None = None, **more: Any) -> dict[str, Any]:
    base = {"submission": "A", "exchange": "upbit", "scope": "asset", "target": "BTC", "functions": "all"}
    why = {"trigger": "reconciliation_mismatch", "mode": "automatic", "detected_at": halted}
    return {**base, **why, "halt_id": name, "halted_at": halted, "resumed_at": resumed, **more}


@pytest.mark.parametrize(
    ("halts", "offends"),
    [
        ([], True),
        ([halt("H", at("09:00:00"), at("09:10:00.001"))], False),
        ([halt("H", at("09:00:00"), at("09:10:00"))], True),
        ([halt("H", at("09:10:00.001"), at("09:10:00.002"))], False),
        ([halt("H", at("09:15:00"))], False),
        ([halt("H", at("09:15:00.001"))], True),
        ([halt("H", at("09:12:00"), scope="exchange", target="ALL")], False),
        ([halt("H", at("09:12:00"), scope="account", target="ACCOUNTS")], False),
        ([halt("H", at("09:12:00"), scope="market", target="BTC/USDT")], False),
        ([halt("H", at("09:12:00"), scope="market", target="ETH/BTC")], True),
        ([halt("H", at("09:12:00"), target="ETH")], True),
        ([halt("H", at("09:12:00"), trigger="system_fault")], True),
        ([halt("H", at("09:12:00"), exchange="gopax")], True),
    ],
)
def test_a_large_shortfall_is_answered_from_the_check_that_reached_the_limit(halts: Records, offends: bool) -> None:
    shortfalls = [
        shortfall(at("09:00:00"), "1", "999999999.99999999", "0.009999999999"),
        shortfall(at("09:10:00"), "1", "1000000000", "0.005"),
        shortfall(at("09:20:00"), "90", "90000000000", "0.9"),
    ]
    found = findings(all_rules()["REC-004"], relations={"shortfalls": shortfalls, "current_halts": halts})
    assert subjects(found) == [("A", "BTC")] * offends


FIVE = {
    name: {"exchange": exchange, "period": "2026-11-02T09-10"}
    for name, exchange in zip("ABCDE", ("upbit", "bithumb", "coinone", "korbit", "gopax"), strict=True)
}


def prices(*each: str, time: str = "09:00:00") -> list[dict[str, Any]]:
    """One check of each exchange in order."""
    return [check(time, price=price, submission=name) for name, price in zip("ABCDE", each, strict=False)]


@pytest.mark.parametrize(
    ("rows", "offenders"),
    [
        (prices("110", "100", "100"), []),
        (prices("110.00000001", "100", "100"), ["A"]),
        (prices("90", "100", "100"), []),
        (prices("89.99999999", "100", "100"), ["A"]),
        (prices("500", "100"), []),
        (prices("115.50000000", "100", "110", "100", "110"), []),
        (prices("115.50000001", "100", "110", "100", "110"), ["A"]),
        (prices("99999999999999999999.99999999", "99999999999999999999.99999999", "99999999999999999999", "1"), ["D"]),
        ([*prices("100", "100", "1000"), check("09:04:59", submission="C", price="100")], ["C"]),
        ([*prices("100", "100", "100", "100"), check("09:04:59", submission="C", price="1000")], ["C"]),
        ([*prices("100", "100", "1000"), check("09:04:59", submission="C", price="1000")], ["C"]),
        (prices("200", "100", "110"), ["A"]),
        (prices("200", "100", "110.00000001"), []),
        (prices("200", "100", "110.00000001", "100"), ["A", "C"]),
    ],
)
def test_a_price_is_held_against_the_exact_median_of_the_others(rows: Records, offenders: list[str]) -> None:
    assert [name for name, _ in subjects(findings(all_rules()["REC-005"], rows, files=FIVE))] == offenders


def test_a_price_off_in_slots_apart_is_two_findings() -> None:
    rows = [row for minute in (0, 5, 15) for row in prices("200", "100", "100", "100", time=f"09:{minute:02d}:30")]
    assert_finds(
        findings(all_rules()["REC-005"], rows, files=FIVE),
        [
            {"subject": "BTC", "start": at("09:00:00"), "end": at("09:10:00")},
            {"subject": "BTC", "start": at("09:15:00"), "end": at("09:20:00")},
        ],
    )


@pytest.mark.parametrize("rule_id", ["REC-006", "REC-007", "REC-009"])
def test_a_day_that_is_not_wholly_accepted_is_not_judged(rule_id: str) -> None:
    rule = all_rules()[rule_id]
    example = rule.example
    pieces = example["bad_context"]["accepted"]
    for left in pieces:
        relations = {**example["bad_context"], "accepted": [left]}
        assert findings(rule, example["bad"], relations, example["files"]) == []
    others = [{**piece, "exchange": "gopax"} for piece in pieces]
    assert findings(rule, example["bad"], {**example["bad_context"], "accepted": others}, example["files"]) == []


def test_quantities_that_stand_still_for_a_part_of_the_day_are_no_stale_feed() -> None:
    rule = all_rules()["REC-006"]
    rows = [*rule.example["bad"], check("23:59:59", submission="B", ledger_quantity="10.000000000000000001")]
    assert findings(rule, rows, rule.example["bad_context"], rule.example["files"]) == []


@pytest.mark.parametrize(
    ("values", "rule_ids"),
    [
        (["10"] * 288, {"REC-006"}),
        (["10"] * 287 + ["11"], {"REC-010"}),
        ([str(10 + n % 5) for n in range(288)], {"REC-010"}),
        ([str(10 + n % 6) for n in range(288)], set()),
        ([f"1.00000000{n % 4}{n:03d}" for n in range(288)], {"REC-010"}),
        ([f"0.000000010000000{n % 10}9" for n in range(288)], set()),
        ([f"99999999.{95 + n % 5}" for n in range(288)], {"REC-010"}),
        ([f"99999999999999999999.{n:03d}" for n in range(288)], {"REC-010"}),
        (["0"] * 283 + ["1", "2", "3", "4", "5"], set()),
        (["0"] * 284 + ["1", "2", "3", "4"], {"REC-010"}),
    ],
)
def test_a_feed_that_hardly_moves_is_stale_to_one_rule_alone(values: list[str], rule_ids: set[str]) -> None:
    """The wallets stand still beside it where the ledger does, and move on their own elsewhere."""
    example = all_rules()["REC-010"].example
    still = len(set(values)) == 1
    rows = [
        check(
            f"{n // 12:02d}:{n % 12 * 5:02d}:00",
            ledger_quantity=value,
            wallet_quantity="20" if still else f"{20 + n}.5",
            checked_at=at(f"{n // 12:02d}:{n % 12 * 5:02d}:00", "2026-12-02"),
        )
        for n, value in enumerate(values)
    ]
    relations = example["bad_context"]
    found = {r for r in ("REC-006", "REC-010") if findings(all_rules()[r], rows, relations, example["files"])}
    assert found == rule_ids


def moved(*differences: str) -> list[dict[str, Any]]:
    """Checks of a ledger that takes a new value each time, with wallets above or below it."""
    ledgers = [Decimal(10 + n) for n in range(len(differences))]
    return [
        check("09:00:00", checked_at=at(f"09:{n:02d}:00", "2026-12-02"), ledger_quantity=str(ledger),
              wallet_quantity=str(ledger + Decimal(difference)))
        for n, (ledger, difference) in enumerate(zip(ledgers, differences, strict=True))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "offends"),
    [
        (moved("1", "1", "1"), True),
        (moved("0", "0", "0"), True),
        (moved("-1", "-1", "-1"), True),
        (moved("1", "1"), False),
        ([*moved("1", "1"), *moved("1", "1")], False),
        (moved("1", "1", "1.000000000000000001"), False),
    ],
)
def test_a_wallet_that_follows_a_moving_ledger_is_unusual(rows: Records, offends: bool) -> None:
    rule = all_rules()["REC-009"]
    whole = all_rules()["REC-010"].example["bad_context"]["accepted"]
    files = {"A": {"exchange": "upbit", "period": "2026-12-02"}}
    assert bool(findings(rule, rows, {"accepted": whole}, files)) == offends


def checked_asset(day: str, covered: int, ledger: str = "10", submission: str = "P", **more: Any) -> dict[str, Any]:
    counts = {"check_count": covered, "covered_slot_count": covered, "last_ledger_quantity": ledger}
    base = {"submission": submission, "exchange": "upbit", "day": day, "asset": "BTC"}
    return {**base, **counts, "last_checked_at": at("23:55:00", day), **more}


@pytest.mark.parametrize(
    ("before", "now", "offends"),
    [
        ([checked_asset("2026-12-01", 1)], [checked_asset("2026-12-02", 288, submission="A")], False),
        ([checked_asset("2026-12-01", 1)], [checked_asset("2026-12-02", 287, submission="A")], True),
        ([checked_asset("2026-12-01", 1)], [], True),
        ([checked_asset("2026-12-01", 1, "0")], [], False),
        ([checked_asset("2026-11-30", 288)], [], False),
        ([checked_asset("2026-12-01", 288, exchange="gopax")], [], False),
        (
            [checked_asset("2026-12-01", 144, "0", last_checked_at=at("11:55:00", "2026-12-01")),
             checked_asset("2026-12-01", 144, "1", submission="Q")],
            [],
            True,
        ),
        (
            [checked_asset("2026-12-01", 144, "1", last_checked_at=at("11:55:00", "2026-12-01")),
             checked_asset("2026-12-01", 144, "0", submission="Q")],
            [],
            False,
        ),
    ],
)  # fmt: skip
def test_an_asset_of_the_day_before_is_checked_in_every_slot(before: Records, now: Records, offends: bool) -> None:
    rule = all_rules()["REC-011"]
    whole = all_rules()["REC-010"].example["bad_context"]["accepted"]
    files = {"A": {"exchange": "upbit", "period": "2026-12-02"}}
    found = findings(rule, relations={"accepted": whole, "reconciliation_assets": [*before, *now]}, files=files)
    assert subjects(found) == [("A", "BTC")] * offends


# --------------------------------------------------------------------------------------------------- halts


@pytest.mark.parametrize(
    ("halted", "offends"),
    [(at("08:59:59.999"), True), (at("09:00:00"), False), (at("09:20:00"), False), (at("09:20:00.001"), True)],
)
def test_a_mismatch_halt_lies_within_ten_minutes_of_an_episode(halted: str, offends: bool) -> None:
    day = {"since": at("00:00:00"), "until": at("00:00:00", "2026-11-03"), "report": "reconciliation"}
    relations = {
        "reach": [{"exchange": "upbit", **day}],
        "shortfalls": [shortfall(at("09:00:00"), "1", "1", "0.1", episode_end=at("09:10:00"))],
        "current_halts": [halt("H", halted)],
    }
    assert subjects(findings(all_rules()["HLT-005"], relations=relations)) == [("A", "H")] * offends
    looked_back = at("08:50:00.001") if halted.startswith("2026-11-02T09:00") else at("09:15:00")
    relations["reach"] = [{"exchange": "upbit", **day, "since": looked_back}]
    assert findings(all_rules()["HLT-005"], relations=relations) == [], "a part of the ten minutes is not accepted"
    relations["reach"] = [{"exchange": "gopax", **day}]
    assert findings(all_rules()["HLT-005"], relations=relations) == []


@pytest.mark.parametrize("is_broken", [False, True])
@pytest.mark.parametrize("rule_id", ["ACT-006", "ACT-007", "HLT-006"])
def test_a_term_that_runs_on_over_a_missing_day_is_not_judged(rule_id: str, is_broken: bool) -> None:
    """ "In the accepted data" is an unbroken run of days from the first one concerned (specification 5)."""
    report_name = "halts" if rule_id == "HLT-006" else "key_actions"
    until, again = at("00:00:00", "2026-11-03"), at("00:00:00", "2026-11-04")
    runs = [reached(report_name, until), reached(report_name, at("00:00:00", "2026-11-20"), since=again)]
    late = at("23:30:00")
    relations = {
        "reach": runs if is_broken else [reached(report_name, at("00:00:00", "2026-11-20"))],
        "actions": [
            action("X-1", "reverification", late, case="C", outcome="failed"),
            action("X-2", "warning", late, case="D", risk_level="high"),
        ],
        "current_halts": [halt("H", late)],
    }
    found = subjects(findings(all_rules()[rule_id], relations=relations))
    assert found == ([] if is_broken else [("A", {"ACT-006": "D", "ACT-007": "C", "HLT-006": "H"}[rule_id])])


@pytest.mark.parametrize(
    ("end", "resumed", "until", "offends"),
    [
        (at("10:00:00"), at("09:59:59.999"), at("00:00:00", "2026-11-03"), True),
        (at("10:00:00"), at("10:00:00"), at("00:00:00", "2026-11-03"), False),
        (at("10:00:00"), None, at("00:00:00", "2026-11-03"), False),
        (None, at("11:59:59.999"), at("12:00:00"), True),
        (None, at("12:00:00"), at("12:00:00"), False),
    ],
)
def test_a_mismatch_halt_outlasts_its_episode_as_far_as_is_known(
    end: str | None, resumed: str | None, until: str, offends: bool
) -> None:
    relations = {
        "reach": [reached("reconciliation", until), reached("halts", at("00:00:00", "2026-11-09"))],
        "shortfalls": [shortfall(at(f"09:0{n}:00"), "1", "1", "0.1", episode_end=end) for n in (0, 5)],
        "current_halts": [halt("H", at("09:01:00"), resumed)],
    }
    assert subjects(findings(all_rules()["HLT-008"], relations=relations)) == [("A", "H")] * offends


@pytest.mark.parametrize(
    ("rule_id", "relations", "found"),
    [
        (
            "HLT-009",
            {"current_halts": [halt("H", at("09:00:00"), at("09:00:00.001", "2026-11-03"))]},
            "24 h 0 min 0.001 s",
        ),
        (
            "HLT-004",
            {"current_halts": [halt("H", at("09:05:00.001"), detected_at=at("09:00:00"))]},
            "5 min 0.001 s: 2026-11-02T09:00:00.000+09:00 → 2026-11-02T09:05:00.001+09:00",
        ),
        (
            "REC-003",
            {"shortfalls": [shortfall(at("09:00:00"), "0.000000000000000001", "0", "0")]},
            "≤ 0.000000000000000001 BTC, < 0.00000001 KRW, < 0.0000000001 %",
        ),
    ],
)
def test_what_is_just_beyond_the_limit_is_not_shown_as_the_limit(rule_id, relations, found) -> None:
    ((_, finding),) = findings(all_rules()[rule_id], relations=relations)
    assert finding.found == found


def test_what_an_open_halt_shows_does_not_change_as_days_come_in() -> None:
    texts = set()
    for until in (at("00:00:00", "2026-11-04"), at("00:00:00", "2026-11-20")):
        relations = {"current_halts": [halt("H", at("09:00:00"))], "reach": [reached("halts", until)]}
        ((_, finding),) = findings(all_rules()["HLT-009"], relations=relations)
        texts.add((finding.found, finding.expected, finding.start, finding.end))
    assert {text[:2] for text in texts} == {("> 24 h", "≤ 24 h")}
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("earlier", "later", "overlap"),
    [
        ((at("09:00:00"), at("10:00:00")), (at("10:00:00"), None), False),
        ((at("09:00:00"), at("10:00:00.001")), (at("10:00:00"), None), True),
        ((at("09:00:00"), None), (at("23:00:00"), at("23:30:00")), True),
        ((at("09:00:00"), None), (at("23:00:00"), at("23:00:00")), False),
        ((at("09:00:00"), at("09:00:00")), (at("09:00:00"), None), False),
    ],
)
def test_halts_overlap_by_more_than_a_moment(
    earlier: tuple[str, str | None], later: tuple[str, str | None], overlap: bool
) -> None:
    for first, second in (("trading", "trading"), ("all", "deposit"), ("withdrawal", "all")):
        halts = [halt("H-2", *earlier, functions=first), halt("H-3", *later, functions=second)]
        found = findings(all_rules()["HLT-007"], relations={"current_halts": halts})
        assert subjects(found) == [("A", "H-3")] * overlap


def test_three_halts_at_once_are_three_pairs() -> None:
    halts = [halt(f"H-{n}", at(f"09:0{n}:00")) for n in (1, 2, 3)]
    found = findings(all_rules()["HLT-007"], relations={"current_halts": halts})
    assert subjects(found) == [("A", "H-2"), ("A", "H-3"), ("A", "H-3")]


# -------------------------------------------------------------------------------------------- surveillance


def alerts(day: str, count: int, submission: str = "H", **more: Any) -> dict[str, Any]:
    base = {"submission": submission, "exchange": "upbit", "day": day, "pattern": "spoofing", "alert_count": count}
    return {**base, **more}


def accepted_days(days: Iterable[str], report_name: str = "surveillance", **more: Any) -> list[dict[str, Any]]:
    return [{"exchange": "upbit", "report": report_name, "day": day, **more} for day in days]


@pytest.mark.parametrize(
    ("own", "history", "days", "offends"),
    [
        (10, [], days_before(7), True),
        (10, [], days_before(6), False),
        (9, [], days_before(7), False),
        (15, [5] * 7, days_before(7), False),
        (16, [5] * 7, days_before(7), True),
        (16, [5, 6] * 4, days_before(8), False),
        (17, [5, 6] * 4, days_before(8), True),
        (10, [9] * 4, days_before(8), False),
        (14, [9] * 4, days_before(8), True),
        (10, [9] * 3, days_before(7), True),
        (10, [], days_before(40)[28:], False),
    ],
)
def test_alerts_are_held_against_the_median_with_days_of_none_as_zero(
    own: int, history: list[int], days: list[str], offends: bool
) -> None:
    counted = [alerts(day, count) for day, count in zip(days, history, strict=False)]
    relations = {
        "surveillance_days": [alerts("2026-11-02", own, "A"), *counted],
        "accepted": [*accepted_days(days), *accepted_days(days_before(28), "halts")],
    }
    assert subjects(findings(all_rules()["SUR-005"], relations=relations)) == [("A", "spoofing")] * offends


def test_alerts_of_others_are_no_history() -> None:
    days = days_before(7)
    relations = {
        "surveillance_days": [alerts("2026-11-02", 30, "A"), *(alerts(d, 30, exchange="gopax") for d in days)],
        "accepted": [*accepted_days(days), *accepted_days(days, exchange="gopax")],
    }
    assert subjects(findings(all_rules()["SUR-005"], relations=relations)) == [("A", "spoofing")]


ALERTS_OF = {"A": {"exchange": "upbit", "period": "2026-12-20"}}
"""A day with weeks of the rule's own time before it."""


@pytest.mark.parametrize(
    ("alerts_by_day", "days", "values", "offends"),
    [
        ([1] + [0] * 14, 15, {}, False),
        ([0] * 14 + [1], 15, {}, True),
        ([0] * 15, 15, {}, False),
        ([0] * 13 + [1] + [0], 15, {}, False),
        ([0] * 13, 13, {}, False),
        ([0] * 14, 14, {}, True),
        ([0] * 15, 15, {14: "999999999.99999999"}, True),
        ([0] * 15, 15, {13: "999999999.99999999"}, False),
        ([0] * 15, 15, {5: None}, False),
        ([0] * 15, 15, {14: None}, True),
    ],
)
def test_silence_is_found_on_the_first_day_that_ends_fourteen_filed_days_of_it(
    alerts_by_day: list[int], days: int, values: dict[int, str | None], offends: bool
) -> None:
    """The newest day first; every second day is not filed at all."""
    filed_on = ["2026-12-20", *days_before(60, "2026-12-20")[1::2]][:days]
    volumes = [
        {"exchange": "upbit", "day": day, "api_trade_value_krw": values.get(n, "1000000000")}
        for n, day in enumerate(filed_on)
        if values.get(n, "") is not None
    ]
    counted = [
        {"exchange": "upbit", "day": day, "alert_count": n} for day, n in zip(filed_on, alerts_by_day, strict=True)
    ]
    relations = {"alert_days": counted, "volume_days": volumes}
    assert len(findings(all_rules()["SUR-006"], relations=relations, files=ALERTS_OF)) == offends


def test_a_silence_older_than_its_rule_is_found_on_the_rules_first_day() -> None:
    for day, offends in (("2026-12-01", True), ("2026-12-02", False), ("2026-11-30", False)):
        filed_on = [day, *days_before(30, day)]
        relations = {
            "alert_days": [{"exchange": "upbit", "day": one, "alert_count": 0} for one in filed_on],
            "volume_days": [{"exchange": "upbit", "day": d, "api_trade_value_krw": "1000000000"} for d in filed_on],
        }
        files = {"A": {"exchange": "upbit", "period": day}}
        assert len(findings(all_rules()["SUR-006"], relations=relations, files=files)) == offends, day


# -------------------------------------------------------------------------------------------------- audits


@pytest.mark.parametrize(
    ("signed_on", "as_of", "offends"),
    [
        ("2027-01-02", "2027-01-01T00:00:00+09:00", True),
        ("2027-01-03", "2027-01-01T00:00:00+09:00", False),
        ("2027-01-01", "2026-12-31T23:59:59.999+09:00", True),
        ("2027-01-02", "2026-12-31T23:59:59.999+09:00", False),
    ],
)
def test_an_audit_takes_until_the_second_day_after_its_moment(signed_on: str, as_of: str, offends: bool) -> None:
    rule = all_rules()["AUD-007"]
    rows = [{**rule.example["good"][0], "signed_on": signed_on, "as_of": as_of}]
    assert len(findings(rule, rows, files=rule.example["files"])) == offends


def test_an_asset_that_no_check_is_near_to_is_no_copy() -> None:
    rule = all_rules()["AUD-007"]
    differences = rule.example["bad_context"]["audit_differences"]
    for left, offends in ((differences, True), (differences[1:], False), ([], False)):
        rows = rule.example["good"][:3]
        found = findings(rule, rows, {"audit_differences": left}, rule.example["files"])
        assert len(found) == offends


# ---------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("deleted", "history", "offends"),
    [
        (10, [3] * 7, True),
        (9, [0] * 7, False),
        (10, [0] * 6, False),
        (10, [0] * 7, True),
        (12, [4] * 28, False),
        (13, [4] * 28, True),
        (12, [3, 4] * 14, True),
        (10, [3, 4] * 14, False),
    ],
)
def test_deleted_keys_are_held_against_the_exact_median_of_their_scope(
    deleted: int, history: list[int], offends: bool
) -> None:
    rule = all_rules()["KEY-009"]
    row = {**rule.example["good"][1], "deleted_keys": deleted}
    days = [
        {"exchange": "upbit", "day": day, "scope": "trade", "deleted_keys": count}
        for day, count in zip(days_before(len(history), "2026-12-02"), history, strict=True)
    ]
    others = [{**day, "scope": "read", "deleted_keys": 0} for day in days]
    found = findings(rule, [row], {"key_days": [*days, *others]}, rule.example["files"])
    assert subjects(found) == [("A", "trade")] * offends


def test_a_volume_that_is_nil_or_not_there_names_no_accounts() -> None:
    rule = all_rules()["KEY-010"]
    other_day = [{**one, "day": "2026-12-01"} for one in rule.example["bad_context"]["volume_days"]]
    for volumes in ([], other_day):
        assert findings(rule, rule.example["bad"], {"volume_days": volumes}, rule.example["files"]) == []


# ------------------------------------------------------------------------------------ what must be accepted


@pytest.mark.parametrize(
    ("rule_id", "report_name"), [("KEY-008", "key_actions"), ("SUR-004", "api_volume"), ("HLT-005", "reconciliation")]
)
def test_nothing_is_held_against_a_report_that_is_not_accepted(rule_id: str, report_name: str) -> None:
    rule = all_rules()[rule_id]
    example = rule.example
    assert rule.needs == (report_name,)
    relation = "reach" if "reach" in rule.reads else "accepted"
    others = [
        {**row, "report": other} for row in example["bad_context"][relation] for other in all_reports()
        if other != report_name
    ]  # fmt: skip
    assert findings(rule, example["bad"], {**example["bad_context"], relation: others}, example.get("files")) == []


# -------------------------------------------------------------------------------------------------- calendar


def test_how_late_a_report_was_is_said() -> None:
    rule = all_rules()["CAL-001"]
    late = {"obligation": "A", "submission": "s-1", "due_at": at("10:00:00"), "met_at": at("12:30:00", "2026-11-04")}
    ((_, finding),) = findings(rule, relations={"obligations": [{**late, "now": at("00:00:00", "2026-11-09")}]})
    assert finding.reason == "late"
    assert finding.found == "2026-11-04T12:30:00.000+09:00 (+ 50 h 30 min 0 s)"


def test_a_report_that_nobody_files_names_everybody_once() -> None:
    rule = all_rules()["XEX-001"]
    obligations = [{**row, "in_force_count": 0} for row in rule.example["bad_context"]["obligations"]]
    found = findings(rule, relations={"obligations": obligations}, files=rule.example["files"])
    assert subjects(found) == [("A", None), ("C", None)]

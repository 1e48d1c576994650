"""Every way of writing a value is read exactly, and what is not that way of writing is refused.

The traps of the specification, section 4, stand here as tables; what numbers can be is left to hypothesis.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl import notation as n
from etl.formats import Column, TextTable
from etl.layout import Container, Layout, Native
from etl.normalise import normalise_table
from etl.notation import ARROW_TYPES, Cell, Notation
from etl.writing.spelling import spell
from expectations.vocabulary import (
    COUNT_MAXIMUM,
    KRW_DIGITS,
    QUANTITY_DIGITS,
    Cadence,
    Field,
    Period,
    Report,
    ValueType,
    Wording,
)
from tests.properties import examples

NOTATIONS = [value for value in vars(n).values() if isinstance(value, Notation)]
QUANTITIES = [n.QUANTITY_PLAIN, n.QUANTITY_COMMAS, n.QUANTITY_EXPONENT]
AMOUNTS = [n.KRW_PLAIN, n.KRW_COMMAS, n.KRW_EXPONENT, n.KRW_JSON_NUMBER]
COUNTS = [n.COUNT_TEXT, n.COUNT_NUMBER, n.COUNT_ANY]
INSTANTS = [notation for notation in NOTATIONS if notation.type is ValueType.INSTANT]
DIGITS = {ValueType.QUANTITY: QUANTITY_DIGITS, ValueType.KRW: KRW_DIGITS}

profile = settings(derandomize=True, deadline=None, max_examples=examples(20))


def case_name(value: object) -> str:
    """A notation by its name, everything else as ASCII: the same in every test process."""
    return value.name if isinstance(value, Notation) else ascii(value)


def by_name(notation: Notation) -> str:
    return notation.name


def read(notation: Notation, *texts: str) -> tuple[list[Any], list[str | None]]:
    """The canonical value of each text, and the reason where there is none: read as a file's column is."""
    word = Wording("값", "value")
    shape = Field("value", notation.type, word, word)
    report = Report(
        "trial", "TRY", word, Cadence.DAY, (shape,), ("value",), "value", "value", None, datetime.min.time()
    )
    layout = Layout("trial", Container.CSV, {"value": Native(("value",), notation)}, format="native", absent="\x00")
    kind = Cell.TEXT if Cell.TEXT in notation.cells else Cell.NUMBER
    column = Column(pa.array(texts, pa.string()), kind)
    table = TextTable({"value": column}, pa.array(range(len(texts)), pa.int64()))
    found = normalise_table(table, layout, report, exchange="upbit", period=Period.parse("2026-11-02"))
    assert found.table is not None, found.findings
    reasons: list[str | None] = [None] * len(texts)
    for finding in found.findings:
        assert finding.row is not None
        reasons[finding.row] = finding.reason
    return found.table.column("value").to_pylist(), reasons


def one(notation: Notation, text: str) -> Any:
    """The canonical value of a text, or the reason why it has none."""
    values, reasons = read(notation, text)
    return reasons[0] or values[0]


# ----------------------------------------------------------------------------------------------- registry


@pytest.mark.parametrize("notation", NOTATIONS, ids=by_name)
def test_a_notation_reads_its_own_example(notation: Notation) -> None:
    text = "0" * 64 if notation is n.HASH else notation.example
    if "|" in notation.pattern:
        text = text.replace("_", "|")
    values, reasons = read(notation, text)
    assert reasons == [None]
    assert values[0] is not None


@pytest.mark.parametrize("notation", NOTATIONS, ids=by_name)
def test_a_notation_reads_in_exactly_one_way(notation: Notation) -> None:
    assert (notation.read_all is None) != (notation.read_one is None)
    assert notation.reason == f"not_{notation.type.value}"
    assert notation.arrow_type == ARROW_TYPES.get(notation.type, pa.string())


def test_names_of_notations_are_unique() -> None:
    names = [notation.name for notation in NOTATIONS]
    assert len(names) == len(set(names))


# ------------------------------------------------------------------------------------------------ numbers


def decimals(type_: ValueType) -> st.SearchStrategy[Decimal]:
    """Every decimal within the digits of the type."""
    before, after = DIGITS[type_]
    return st.integers(-(10 ** (before + after)) + 1, 10 ** (before + after) - 1).map(
        lambda units: Decimal(units).scaleb(-after, n._DECIMAL_CONTEXT)
    ) | st.decimals(-(10**6), 10**6, places=4)


def plain(value: Decimal) -> str:
    return format(value, "f")


def with_commas(value: Decimal) -> str:
    return format(value, ",f")


def scientific(value: Decimal) -> str:
    return format(value, "E")


def json_number(value: Decimal) -> str:
    return format(value, "e").replace("e+", "e")


SPELLINGS: list[tuple[Notation, Callable[[Decimal], str]]] = [
    (n.QUANTITY_PLAIN, plain),
    (n.QUANTITY_COMMAS, plain),
    (n.QUANTITY_COMMAS, with_commas),
    (n.QUANTITY_EXPONENT, plain),
    (n.QUANTITY_EXPONENT, scientific),
    (n.KRW_PLAIN, plain),
    (n.KRW_COMMAS, with_commas),
    (n.KRW_EXPONENT, scientific),
    (n.KRW_JSON_NUMBER, json_number),
    (n.KRW_JSON_NUMBER, plain),
]


@pytest.mark.parametrize(("notation", "write"), SPELLINGS, ids=lambda v: getattr(v, "name", getattr(v, "__name__", "")))
def test_every_decimal_within_the_digits_is_read_exactly(notation: Notation, write: Callable[[Decimal], str]) -> None:
    @profile
    @given(st.lists(decimals(notation.type), min_size=1, max_size=20))
    def is_exact(values: list[Decimal]) -> None:
        assert read(notation, *map(write, values)) == (values, [None] * len(values))

    is_exact()


@pytest.mark.parametrize("notation", [*QUANTITIES, *AMOUNTS], ids=by_name)
def test_what_is_written_for_a_simulation_is_read_exactly(notation: Notation) -> None:
    @profile
    @given(st.lists(decimals(notation.type), min_size=1, max_size=20))
    def is_exact(values: list[Decimal]) -> None:
        texts = spell(pa.array(values, notation.arrow_type), notation).to_pylist()
        assert read(notation, *texts) == (values, [None] * len(values))

    is_exact()


@pytest.mark.parametrize("notation", [*QUANTITIES, *AMOUNTS], ids=by_name)
def test_nothing_beyond_the_digits_is_accepted_or_rounded(notation: Notation) -> None:
    before, after = DIGITS[notation.type]

    @profile
    @given(
        st.integers(10**before, 10 ** (before + 15)).map(str)
        | st.from_regex(rf"[0-9]\.[0-9]{{{after},{after + 12}}}[1-9]", fullmatch=True)
    )
    @example("1" + "0" * before)
    @example("0." + "0" * after + "1")
    @example("9" * before + "." + "9" * after + "9")
    def is_refused(text: str) -> None:
        assert one(notation, text) == "out_of_range"

    is_refused()


def exactly(text: str, type_: ValueType) -> Decimal | str:
    """What a number means by school arithmetic."""
    before, after = DIGITS[type_]
    value = Decimal(text)
    fits = abs(value) < 10**before and (not value or value.normalize(n._DECIMAL_CONTEXT).as_tuple().exponent >= -after)
    return value if fits else "out_of_range"


@pytest.mark.parametrize("notation", [n.QUANTITY_EXPONENT, n.KRW_JSON_NUMBER], ids=by_name)
def test_a_number_of_any_length_is_exact_or_refused(notation: Notation) -> None:
    """Arrow alone would read 5244008187438687035754525736 as a number of ten digits."""

    @settings(profile, max_examples=examples(60))
    @given(st.from_regex(r"-?[0-9]{1,45}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?", fullmatch=True))
    @example("5244008187438687035754525736")
    @example("-5244008187438687035754525736")
    @example("340282366920938463463374607431768211456")
    @example("9.99E37")
    @example("9.99E19")
    @example("1" + "0" * 20 + "E-1")
    def is_exact_or_refused(text: str) -> None:
        assert one(notation, text) == exactly(text, notation.type)

    is_exact_or_refused()


@pytest.mark.parametrize("notation", [*QUANTITIES, *AMOUNTS], ids=by_name)
def test_the_largest_and_the_smallest_number_are_read(notation: Notation) -> None:
    before, after = DIGITS[notation.type]
    largest = "9" * before + "." + "9" * after
    smallest = "0." + "0" * (after - 1) + "1"
    assert read(notation, largest, smallest, f"-{largest}") == (
        [Decimal(largest), Decimal(smallest), Decimal(f"-{largest}")],
        [None] * 3,
    )


@pytest.mark.parametrize("notation", [*QUANTITIES, *AMOUNTS], ids=by_name)
@pytest.mark.parametrize("zeros", ["1.5" + "0" * 40, "0" * 40 + "1.5"], ids=["after", "before"])
def test_zeros_that_add_nothing_are_no_digits(notation: Notation, zeros: str) -> None:
    assert one(notation, zeros) == Decimal("1.5")


NO_NUMBERS = [
    "", " ", "NaN", "nan", "Infinity", "-Infinity", "inf", "1_000", "１２３", "٣", "+1", ".5", "5.", "-", "--1", "1-",
    " 1", "1 ", "1\n", "\t1", "1.2.3", "0x10", "1e", "e5", "1e+", "1e99999", "1E5.5", "1 000", "1'000", "삼", "1,5e3",
    "1\u00a0", "−1", "½", "1.", "1,", ",1",
]  # fmt: skip


@pytest.mark.parametrize("notation", [*QUANTITIES, *AMOUNTS, *COUNTS], ids=by_name)
@pytest.mark.parametrize("text", NO_NUMBERS, ids=case_name)
def test_what_is_no_number_is_refused(notation: Notation, text: str) -> None:
    assert one(notation, text) == notation.reason


@pytest.mark.parametrize(
    "text", ["1,00", "1,0000", "12,34", "1234,567", ",123", "1,,000", "1,000,", "1,000,00", "1.000,5", "0,001.5,0"]
)
@pytest.mark.parametrize("notation", [n.QUANTITY_COMMAS, n.KRW_COMMAS], ids=by_name)
def test_a_misplaced_comma_is_refused(notation: Notation, text: str) -> None:
    assert one(notation, text) == notation.reason


@pytest.mark.parametrize(
    "notation", [n.QUANTITY_PLAIN, n.QUANTITY_EXPONENT, n.KRW_PLAIN, n.KRW_JSON_NUMBER], ids=by_name
)
def test_commas_are_refused_where_numbers_are_plain(notation: Notation) -> None:
    assert one(notation, "1,234.5") == notation.reason


@pytest.mark.parametrize(
    "notation", [n.QUANTITY_PLAIN, n.QUANTITY_COMMAS, n.KRW_PLAIN, n.KRW_COMMAS, *COUNTS], ids=by_name
)
@pytest.mark.parametrize("text", ["1e5", "1E5", "1.5E-8", "1e0"])
def test_an_exponent_is_refused_where_numbers_are_plain(notation: Notation, text: str) -> None:
    assert one(notation, text) == notation.reason


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.4E-7", "0.00000014"),
        ("1E19", "1" + "0" * 19),
        ("0E9999", "0"),
        ("0E-9999", "0"),
        ("12e-1", "1.2"),
        ("-1e+2", "-100"),
        ("123456789012345678901e-3", "123456789012345678.901"),
    ],
)
def test_an_exponent_is_exact(text: str, value: str) -> None:
    assert one(n.KRW_JSON_NUMBER, text) == Decimal(value)
    assert one(n.QUANTITY_EXPONENT, text) == Decimal(value)


@pytest.mark.parametrize("text", ["1E20", "1E9999", "1E-9", "1e-9999", "1.234567891E0"])
def test_an_exponent_leads_no_further_than_the_digits(text: str) -> None:
    assert one(n.KRW_JSON_NUMBER, text) == "out_of_range"


@profile
@given(st.lists(st.integers(-COUNT_MAXIMUM, COUNT_MAXIMUM), min_size=1, max_size=20))
def test_every_count_is_read_exactly(values: list[int]) -> None:
    for notation in COUNTS:
        assert read(notation, *map(str, values)) == (values, [None] * len(values))


@pytest.mark.parametrize("notation", COUNTS, ids=by_name)
@pytest.mark.parametrize("text", [str(2**63), str(10**30), "-" + str(2**64)])
def test_a_count_beyond_its_range_is_refused(notation: Notation, text: str) -> None:
    assert one(notation, text) == "out_of_range"


@pytest.mark.parametrize("text", ["1.0", "1,000", "1.5", "1e3", "0.0"])
def test_a_count_has_no_point_no_comma_and_no_exponent(text: str) -> None:
    assert one(n.COUNT_TEXT, text) == "not_count"


def test_one_bad_number_does_not_spoil_its_neighbours() -> None:
    texts = ["1.5", "NaN", "1" * 30, "0.000000000000000001", ""]
    values, reasons = read(n.QUANTITY_PLAIN, *texts)
    assert values == [Decimal("1.5"), None, None, Decimal("0.000000000000000001"), None]
    assert reasons == [None, "not_quantity", "out_of_range", None, "not_quantity"]


# ----------------------------------------------------------------------------------------------- instants

KST = timezone(timedelta(hours=9))
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2998, 12, 30, tzinfo=UTC)


def instants(*, whole_seconds: bool) -> st.SearchStrategy[datetime]:
    step = 1000 if whole_seconds else 1
    most = int((LAST - FIRST).total_seconds() * 1000) // step
    return st.integers(0, most).map(lambda units: FIRST + timedelta(milliseconds=units * step))


def milliseconds(moment: datetime) -> int:
    return (moment - FIRST) // timedelta(milliseconds=1)


def fraction(moment: datetime) -> str:
    return f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""


WRITERS: dict[str, Callable[[datetime], str]] = {
    n.INSTANT_OFFSET_KST.name: lambda m: f"{m.astimezone(KST):%Y-%m-%dT%H:%M:%S}{fraction(m)}+09:00",
    n.INSTANT_OFFSET_ANY.name: lambda m: f"{m:%Y-%m-%dT%H:%M:%S}{fraction(m)}+00:00",
    n.INSTANT_NAIVE_KST.name: lambda m: f"{m.astimezone(KST):%Y-%m-%dT%H:%M:%S}{fraction(m)}",
    n.INSTANT_SPACED_KST.name: lambda m: (
        f"{m.astimezone(KST):%Y-%m-%d} {m.astimezone(KST).hour}{m:%:%M:%S}{fraction(m)}".replace("%:", ":")
    ),
    n.INSTANT_UTC.name: lambda m: f"{m:%Y-%m-%dT%H:%M:%S}.{m.microsecond // 1000:03d}Z",
    n.EPOCH_MILLISECONDS_TEXT.name: lambda m: str(milliseconds(m)),
    n.EPOCH_MILLISECONDS_NUMBER.name: lambda m: str(milliseconds(m)),
    n.EPOCH_SECONDS_TEXT.name: lambda m: str(milliseconds(m) // 1000),
}


def test_every_notation_of_instants_has_a_writer_here() -> None:
    assert {notation.name for notation in INSTANTS} == set(WRITERS)


@pytest.mark.parametrize("notation", INSTANTS, ids=by_name)
def test_every_notation_gives_the_same_millisecond(notation: Notation) -> None:
    write = WRITERS[notation.name]

    @profile
    @given(st.lists(instants(whole_seconds=notation is n.EPOCH_SECONDS_TEXT), min_size=1, max_size=10))
    @example([datetime(2026, 11, 2, 0, 5, tzinfo=UTC)])
    @example([datetime(2026, 11, 1, 15, 0, tzinfo=UTC)])
    @example([datetime(2024, 2, 29, 14, 59, 59, tzinfo=UTC)])
    def is_exact(moments: list[datetime]) -> None:
        assert read(notation, *map(write, moments)) == (moments, [None] * len(moments))

    is_exact()


MOMENT = datetime(2026, 11, 2, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("notation", "text"),
    [
        (n.INSTANT_OFFSET_KST, "2026-11-02T09:05:00+09:00"),
        (n.INSTANT_OFFSET_KST, "2026-11-02T09:05:00.000+09:00"),
        (n.INSTANT_OFFSET_ANY, "2026-11-02T00:05:00Z"),
        (n.INSTANT_OFFSET_ANY, "2026-11-01T19:05:00-05:00"),
        (n.INSTANT_OFFSET_ANY, "2026-11-02T05:35:00.0+05:30"),
        (n.INSTANT_NAIVE_KST, "2026-11-02T09:05:00"),
        (n.INSTANT_SPACED_KST, "2026-11-02 9:05:00"),
        (n.INSTANT_SPACED_KST, "2026-11-02 09:05:00"),
        (n.INSTANT_UTC, "2026-11-02T00:05:00.000Z"),
        (n.INSTANT_UTC, "2026-11-02T00:05:00Z"),
        (n.EPOCH_MILLISECONDS_TEXT, "1793577900000"),
        (n.EPOCH_MILLISECONDS_NUMBER, "1793577900000"),
        (n.EPOCH_SECONDS_TEXT, "1793577900"),
    ],
)
def test_five_past_nine_in_seoul(notation: Notation, text: str) -> None:
    assert one(notation, text) == MOMENT


@pytest.mark.parametrize(
    ("notation", "text", "reason"),
    [
        # each other's notation
        (n.INSTANT_OFFSET_KST, "2026-11-02T09:05:00", "not_instant"),
        (n.INSTANT_OFFSET_KST, "2026-11-02T00:05:00Z", "not_instant"),
        (n.INSTANT_OFFSET_KST, "2026-11-02T00:05:00+00:00", "not_instant"),
        (n.INSTANT_OFFSET_KST, "2026-11-02 09:05:00+09:00", "not_instant"),
        (n.INSTANT_OFFSET_KST, "2026-11-02T09:05+09:00", "not_instant"),
        (n.INSTANT_OFFSET_KST, "2026-11-02T09:05:00.5+09:00", "not_instant"),
        (n.INSTANT_OFFSET_ANY, "2026-11-02T09:05:00", "not_instant"),
        (n.INSTANT_OFFSET_ANY, "2026-11-02T09:05:00.000001Z", "not_instant"),
        (n.INSTANT_OFFSET_ANY, "2026-11-02T09:05:00+0900", "not_instant"),
        (n.INSTANT_NAIVE_KST, "2026-11-02T09:05:00+09:00", "not_instant"),
        (n.INSTANT_NAIVE_KST, "2026-11-02T9:05:00", "not_instant"),
        (n.INSTANT_SPACED_KST, "2026-11-02T09:05:00", "not_instant"),
        (n.INSTANT_SPACED_KST, "2026-11-02 9:5:00", "not_instant"),
        (n.INSTANT_SPACED_KST, "2026-11-02  9:05:00", "not_instant"),
        (n.INSTANT_SPACED_KST, "2026-11-2 9:05:00", "not_instant"),
        (n.INSTANT_SPACED_KST, "2026-11-02 009:05:00", "not_instant"),
        (n.INSTANT_UTC, "2026-11-02T09:05:00.000+09:00", "not_instant"),
        (n.INSTANT_UTC, "2026-11-02T00:05:00.000", "not_instant"),
        (n.EPOCH_MILLISECONDS_TEXT, "2026-11-02T09:05:00", "not_instant"),
        (n.EPOCH_MILLISECONDS_TEXT, "1793577900000.0", "not_instant"),
        (n.EPOCH_MILLISECONDS_TEXT, "1.7935779E12", "not_instant"),
        (n.EPOCH_MILLISECONDS_TEXT, "１７９３５７７９０００００", "not_instant"),
        # the unit mixed up
        (n.EPOCH_SECONDS_TEXT, "1793577900000", "out_of_range"),
        (n.EPOCH_MILLISECONDS_TEXT, "1793577900000000", "out_of_range"),
        (n.EPOCH_MILLISECONDS_TEXT, "-1", "out_of_range"),
        (n.EPOCH_SECONDS_TEXT, "-1", "out_of_range"),
        (n.EPOCH_SECONDS_TEXT, "999999999999999", "out_of_range"),
        (n.EPOCH_MILLISECONDS_TEXT, "9" * 18, "out_of_range"),
        (n.EPOCH_MILLISECONDS_TEXT, "9" * 19, "not_instant"),
        # no such moment
        (n.INSTANT_OFFSET_KST, "2026-11-02T24:00:00+09:00", "not_instant"),
        (n.INSTANT_NAIVE_KST, "2026-11-02T24:00:00", "not_instant"),
        (n.INSTANT_SPACED_KST, "2026-11-02 24:00:00", "not_instant"),
        (n.INSTANT_UTC, "2026-11-02T24:00:00.000Z", "not_instant"),
        (n.INSTANT_UTC, "2026-11-02T23:59:60Z", "not_instant"),
        (n.INSTANT_UTC, "2026-02-30T00:00:00Z", "not_instant"),
        (n.INSTANT_UTC, "2027-02-29T00:00:00Z", "not_instant"),
        (n.INSTANT_SPACED_KST, "2026-13-01 9:05:00", "not_instant"),
        (n.INSTANT_SPACED_KST, "2026-11-00 9:05:00", "not_instant"),
        (n.INSTANT_SPACED_KST, "2026-11-02 9:60:00", "not_instant"),
        (n.INSTANT_OFFSET_ANY, "2026-11-02T09:05:00+24:00", "not_instant"),
        (n.INSTANT_OFFSET_ANY, "2026-11-02T09:05:00+09:60", "not_instant"),
        (n.INSTANT_UTC, "0001-01-01T00:00:00Z", "out_of_range"),
        (n.INSTANT_UTC, "9999-12-31T23:59:59Z", "out_of_range"),
        (n.INSTANT_SPACED_KST, "1970-01-01 8:59:59", "out_of_range"),
    ],
)
def test_what_is_no_moment_of_that_notation_is_refused(notation: Notation, text: str, reason: str) -> None:
    assert one(notation, text) == reason


def test_seconds_where_milliseconds_are_due_are_a_moment_of_1970_and_so_outside_of_every_period() -> None:
    """Nothing in such a number tells that it is meant otherwise; SUB-003 refuses the row."""
    assert one(n.EPOCH_MILLISECONDS_TEXT, "1793577900").year == 1970


def test_one_bad_moment_does_not_spoil_its_neighbours() -> None:
    values, reasons = read(n.INSTANT_SPACED_KST, "2026-11-02 9:05:00", "2026-02-30 9:05:00", "2026-11-02 9:05:00.250")
    assert values == [MOMENT, None, MOMENT + timedelta(milliseconds=250)]
    assert reasons == [None, "not_instant", None]


# --------------------------------------------------------------------------------------- dates and months

DAYS = {n.DATE_DASHES: "%Y-%m-%d", n.DATE_COMPACT: "%Y%m%d", n.DATE_SLASHES: "%Y/%m/%d"}


@profile
@given(st.lists(st.dates(date(1970, 1, 1), date(2998, 12, 31)), min_size=1, max_size=10))
def test_every_date_is_read(days: list[date]) -> None:
    for notation, pattern in DAYS.items():
        assert read(notation, *(day.strftime(pattern) for day in days)) == (days, [None] * len(days))


@pytest.mark.parametrize(
    ("notation", "text"),
    [
        (notation, text)
        for notation in DAYS
        for text in ["2026-2-30", "2026-02-30", "20260230", "2026/02/30", "2026-11-2", "26-11-02", "2026.11.02",
                     "2026년 11월 2일", "02/11/2026", "2026-11-02T00:00:00",
                     " 2026-11-02", "２０２６-11-02", "", "0000-00-00"]
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused(notation: Notation, text: str) -> None:
    assert one(notation, text) == "not_date"


@pytest.mark.parametrize("notation", DAYS, ids=by_name)
def test_each_notation_of_dates_refuses_the_others(notation: Notation) -> None:
    for other, pattern in DAYS.items():
        read_as = one(notation, date(2026, 11, 2).strftime(pattern))
        assert read_as == (date(2026, 11, 2) if other is notation else "not_date")


@pytest.mark.parametrize(
    ("notation", "text", "expected"),
    [
        (n.MONTH_DASH, "2026-10", "2026-10"),
        (n.MONTH_COMPACT, "202610", "2026-10"),
        (n.MONTH_SLASH, "2026/10", "2026-10"),
        (n.MONTH_KOREAN, "2026년 10월", "2026-10"),
        (n.MONTH_KOREAN, "2026년 9월", "2026-09"),
        (n.MONTH_KOREAN, "2026년 09월", "2026-09"),
        (n.MONTH_KOREAN, "2026년10월", "not_month"),
        (n.MONTH_KOREAN, "2026년 13월", "not_month"),
        (n.MONTH_KOREAN, "2026년 0월", "not_month"),
        (n.MONTH_KOREAN, "2026-10", "not_month"),
        (n.MONTH_KOREAN, "2026년 10월 ", "not_month"),
        (n.MONTH_KOREAN, "26년 10월", "not_month"),
        (n.MONTH_DASH, "2026-1", "not_month"),
        (n.MONTH_DASH, "2026-13", "not_month"),
        (n.MONTH_DASH, "2026-00", "not_month"),
        (n.MONTH_DASH, "2026-10-01", "not_month"),
        (n.MONTH_DASH, "２０２６-10", "not_month"),
        (n.MONTH_COMPACT, "20261", "not_month"),
        (n.MONTH_COMPACT, "2026-10", "not_month"),
        (n.MONTH_SLASH, "10/2026", "not_month"),
    ],
)
def test_months(notation: Notation, text: str, expected: str) -> None:
    assert one(notation, text) == expected


# ---------------------------------------------------------------------------------------- names and texts


@pytest.mark.parametrize(
    ("notation", "text", "expected"),
    [
        (n.MARKET_QUOTE_DASH_BASE, "KRW-BTC", "BTC/KRW"),
        (n.MARKET_BASE_DASH_QUOTE, "BTC-KRW", "BTC/KRW"),
        (n.MARKET_QUOTE_DASH_BASE, "BTC-ETH", "ETH/BTC"),
        (n.MARKET_BASE_DASH_QUOTE, "ETH-BTC", "ETH/BTC"),
        (n.MARKET_BASE_UNDERSCORE_QUOTE, "BTC_KRW", "BTC/KRW"),
        (n.MARKET_LOWER_UNDERSCORE, "btc_krw", "BTC/KRW"),
        (n.MARKET_TWO_FIELDS_LOWER, "krw|btc", "BTC/KRW"),
        (n.MARKET_TWO_FIELDS_UPPER, "KRW|BTC", "BTC/KRW"),
        (n.MARKET_CANONICAL, "BTC/KRW", "BTC/KRW"),
        (n.MARKET_CANONICAL, "1INCH/KRW", "1INCH/KRW"),
        (n.MARKET_QUOTE_DASH_BASE, "krw-btc", "not_market"),
        (n.MARKET_QUOTE_DASH_BASE, "KRW/BTC", "not_market"),
        (n.MARKET_QUOTE_DASH_BASE, "KRW_BTC", "not_market"),
        (n.MARKET_QUOTE_DASH_BASE, "KRWBTC", "not_market"),
        (n.MARKET_QUOTE_DASH_BASE, "KRW-BTC-ETH", "not_market"),
        (n.MARKET_QUOTE_DASH_BASE, "KRW-", "not_market"),
        (n.MARKET_QUOTE_DASH_BASE, "-BTC", "not_market"),
        (n.MARKET_QUOTE_DASH_BASE, "KRW-BTC ", "not_market"),
        (n.MARKET_QUOTE_DASH_BASE, "KRW-ＢＴＣ", "not_market"),
        (n.MARKET_QUOTE_DASH_BASE, "KRW-" + "A" * 21, "not_market"),
        (n.MARKET_BASE_UNDERSCORE_QUOTE, "btc_krw", "not_market"),
        (n.MARKET_LOWER_UNDERSCORE, "BTC_KRW", "not_market"),
        (n.MARKET_LOWER_UNDERSCORE, "btc_KRW", "not_market"),
        (n.MARKET_TWO_FIELDS_LOWER, "KRW|BTC", "not_market"),
        (n.MARKET_TWO_FIELDS_UPPER, "krw|btc", "not_market"),
        (n.MARKET_TWO_FIELDS_LOWER, "|btc", "not_market"),
        (n.MARKET_CANONICAL, "btc/krw", "not_market"),
        (n.MARKET_CANONICAL, "BTC-KRW", "not_market"),
        (n.ASSET_UPPER, "BTC", "BTC"),
        (n.ASSET_UPPER, "1INCH", "1INCH"),
        (n.ASSET_UPPER, "A" * 20, "A" * 20),
        (n.ASSET_UPPER, "A" * 21, "not_asset"),
        (n.ASSET_UPPER, "btc", "not_asset"),
        (n.ASSET_UPPER, "BTC/KRW", "not_asset"),
        (n.ASSET_UPPER, "비트코인", "not_asset"),
        (n.ASSET_UPPER, "", "not_asset"),
        (n.ASSET_LOWER, "btc", "BTC"),
        (n.ASSET_LOWER, "BTC", "not_asset"),
        (n.HASH, "0123456789abcdef" * 4, "0123456789abcdef" * 4),
        (n.HASH, "0123456789ABCDEF" * 4, "not_hash"),
        (n.HASH, "0" * 63, "not_hash"),
        (n.HASH, "0" * 65, "not_hash"),
        (n.HASH, "g" * 64, "not_hash"),
        (n.TEXT, "", "absent"),
        (n.TEXT, " 여러 줄\n\r\n과 탭\t, \"따옴표\" ", " 여러 줄\n\r\n과 탭\t, \"따옴표\" "),
        (n.TEXT, "가" * 500, "가" * 500),
        (n.TEXT, "가" * 501, "too_long"),
        (n.TEXT, "영\x00", "not_text"),
    ],
    ids=case_name,
)  # fmt: skip
def test_names_and_texts(notation: Notation, text: str, expected: str) -> None:
    assert one(notation, text) == expected


@profile
@given(st.from_regex(r"[A-Z0-9]{1,20}", fullmatch=True), st.from_regex(r"[A-Z0-9]{1,20}", fullmatch=True))
def test_every_market_is_read_from_every_notation(base: str, quote: str) -> None:
    market = f"{base}/{quote}"
    for notation in NOTATIONS:
        if notation.type is ValueType.MARKET:
            text = spell(pa.array([market]), notation)[0].as_py()
            assert one(notation, text) == market, notation.name


@pytest.mark.parametrize("cell", [cell for cell in Cell if cell is not Cell.ABSENT])
@pytest.mark.parametrize("notation", NOTATIONS, ids=by_name)
def test_only_the_kinds_of_cell_that_a_notation_names_are_accepted(notation: Notation, cell: Cell) -> None:
    text = "0" * 64 if notation is n.HASH else notation.example.replace("_", "|" if "|" in notation.pattern else "_")
    is_accepted = one(replace(notation, cells=frozenset({Cell.TEXT})), text) not in (notation.reason, "absent")
    assert is_accepted
    column = Column(pa.array([text]), cell)
    word = Wording("값", "value")
    shape = Field("value", notation.type, word, word)
    report = Report(
        "trial", "TRY", word, Cadence.DAY, (shape,), ("value",), "value", "value", None, datetime.min.time()
    )
    layout = Layout("trial", Container.CSV, {"value": Native(("value",), notation)}, format="native")
    table = TextTable({"value": column}, pa.array([1]))
    found = normalise_table(table, layout, report, exchange="upbit", period=Period.parse("2026-11-02"))
    assert (not found.findings) == (cell in notation.cells)


def test_numbers_are_text_nowhere_and_text_is_a_number_only_where_both_may_be() -> None:
    """A JSON number where a string is due may have lost digits before it was written.

    What takes both is of the template's typed columns, where a whole number is exact, and of CSV, which has only text.
    """
    assert {x.name for x in NOTATIONS if Cell.NUMBER in x.cells} == {
        "krw_json_number", "count_number", "count_any", "epoch_milliseconds_number",
        "quantity_exponent", "krw_exponent",
    }  # fmt: skip
    both = {x.name for x in NOTATIONS if {Cell.NUMBER, Cell.TEXT} <= x.cells}
    assert both == {"count_any", "quantity_exponent", "krw_exponent"}

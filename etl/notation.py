"""How values are written: one record a way of writing, from text to the canonical value, exactly.

Each `Notation` says which kind of cell it accepts, the pattern a well-formed text has, the form of it to show to the
sender, an example, and how to read it. Columns with few distinct values (markets, assets, codes, dates) are read
value by value (`read_one`), the others whole (`read_all`). No number passes through a binary float.
Source: specification, sections 1, 3.7 and 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal, Inexact, InvalidOperation
from enum import IntEnum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from expectations.vocabulary import COUNT_MAXIMUM, KRW_DIGITS, QUANTITY_DIGITS, ValueType

ARROW_TYPES: dict[ValueType, pa.DataType] = {
    ValueType.QUANTITY: pa.decimal128(sum(QUANTITY_DIGITS), QUANTITY_DIGITS[1]),
    ValueType.KRW: pa.decimal128(sum(KRW_DIGITS), KRW_DIGITS[1]),
    ValueType.COUNT: pa.int64(),
    ValueType.INSTANT: pa.timestamp("ms", "UTC"),
    ValueType.DATE: pa.date32(),
}
"""Arrow type of a canonical column; all other values are strings."""

KST_OFFSET_MILLISECONDS = 9 * 3600 * 1000
_INSTANT_RANGE_MILLISECONDS = (0, 32_472_144_000_000)
"""1970 to 2998: instants outside are a unit mixed up, and could not be shown as dates."""

_DECIMAL_CONTEXT = Context(prec=80)
"""The default context's 28 digits are too few for 20 digits before and 18 after the point."""


class Cell(IntEnum):
    """What a cell of the sender's file is, before it is read."""

    ABSENT = 0
    TEXT = 1
    NUMBER = 2
    BOOLEAN = 3
    OTHER = 4
    ERROR = 5
    """An error of the program that wrote the file, such as `#N/A`."""
    FORMULA = 6
    """A formula that no program has computed."""
    DATE = 7
    """A date of a spreadsheet program."""
    FLOAT = 8
    """A binary floating-point number of a typed format."""
    NAIVE = 9
    """A moment without a time zone of a typed format."""


class OutOfRangeError(ValueError):
    """A well-formed text whose value does not fit its type."""


@dataclass(frozen=True, slots=True)
class Notation:
    """One way of writing one type of value.

    `pattern` (RE2, whole text) is what well-formed texts look like, `form` the same for people, in the letters of
    spreadsheet programs (`#,##0.###`, `YYYY-MM-DD`): what a finding says is expected. One of `read_all` and `read_one`
    turns them into canonical values. Both raise ValueError (pyarrow's ArrowInvalid is one) for a text that is
    well-formed but no value, and OutOfRangeError where it does not fit. `reason` is the sentence of SUB-006.
    """

    name: str
    type: ValueType
    pattern: str
    example: str
    form: str
    cells: frozenset[Cell] = frozenset({Cell.TEXT})
    read_all: Callable[[pa.Array], pa.Array] | None = None
    read_one: Callable[[str], Any] | None = None
    unit: Decimal = Decimal(1)
    """How much of ours one of the sender's is: `0.00000001` where quantities are written in satoshis."""

    def whole(self, texts: pa.Array) -> pa.Array:
        """Canonical values of a whole column of well-formed texts; nulls stay null."""
        if self.read_all is None:
            raise TypeError(f"notation {self.name} is read value by value")
        return self.read_all(texts)

    def one(self, text: str) -> Any:
        """The canonical value of one well-formed text."""
        if self.read_one is None:
            raise TypeError(f"notation {self.name} is read whole")
        return self.read_one(text)

    @property
    def reason(self) -> str:
        """Code of the sentence that says what the text is not."""
        return f"not_{self.type.value}"

    @property
    def arrow_type(self) -> pa.DataType:
        """Arrow type of what it reads."""
        return ARROW_TYPES.get(self.type, pa.string())


_NUMBER = frozenset({Cell.NUMBER})
_TEXT_OR_NUMBER = frozenset({Cell.TEXT, Cell.NUMBER})

# ---------------------------------------------------------------------------------------------- numbers

_PLAIN = r"-?[0-9]+(?:\.[0-9]+)?"
_COMMA = r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
_EXPONENT = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?"

_SAFE_TO_CAST = (
    r"\A-?[0-9]{1,20}(?:\.[0-9]+)?(?:[eE]-(?:0?[0-9]|1[0-8]))?\z|"
    r"\A-?[0-9](?:\.[0-9]+)?[eE]\+?[01]?[0-9]\z"
)
"""Numbers below 10^20 by their looks; of larger ones pyarrow 26 drops the highest bits without an error."""


def exact_decimal(text: str, digits: tuple[int, int], unit: Decimal = Decimal(1)) -> Decimal:
    """`text`, so many units, as a decimal of at most `digits` before and after the point.

    OutOfRangeError where it is longer.
    """
    before, after = digits
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no decimal number") from error
    if unit != 1:
        value = _in_ours(value, unit)
    if value and (value.adjusted() >= before or value.adjusted() < -after):
        raise OutOfRangeError(text)
    quantum = Decimal(1).scaleb(-after)
    exact = value.quantize(quantum, context=_DECIMAL_CONTEXT)
    if exact != value:
        raise OutOfRangeError(text)
    return exact


def _in_ours(value: Decimal, unit: Decimal) -> Decimal:
    """Every digit of the product; OutOfRangeError where it has more than fit any type."""
    exact = Context(prec=80, traps=[Inexact])
    try:
        return exact.multiply(value, unit)
    except Inexact as error:
        raise OutOfRangeError(f"{value}") from error


def in_unit(notation: Notation, unit: Decimal) -> Notation:
    """The same way of writing quantities or won where one of the sender's is `unit` of ours; ValueError for others."""
    if notation.type not in (ValueType.QUANTITY, ValueType.KRW):
        raise ValueError(f"a {notation.type.value} has no unit; quantities and won have one")
    digits = QUANTITY_DIGITS if notation.type is ValueType.QUANTITY else KRW_DIGITS

    def read_all(texts: pa.Array) -> pa.Array:
        encoded = texts.dictionary_encode()
        values = [exact_decimal(text.replace(",", ""), digits, unit) for text in encoded.dictionary.to_pylist()]
        return pa.array(values, notation.arrow_type).take(encoded.indices)

    return replace(notation, name=f"{notation.name}_in_unit", read_all=read_all, unit=unit)


def _decimals(digits: tuple[int, int]) -> Callable[[pa.Array], pa.Array]:
    type_ = pa.decimal128(sum(digits), digits[1])

    def read_all(texts: pa.Array) -> pa.Array:
        if not pc.all(pc.match_substring_regex(texts, _SAFE_TO_CAST), min_count=0).as_py():
            raise ValueError("a number whose size Arrow would not check")
        return texts.cast(type_)

    return read_all


def _comma_decimals(digits: tuple[int, int]) -> Callable[[pa.Array], pa.Array]:
    read_plain = _decimals(digits)

    def read_all(texts: pa.Array) -> pa.Array:
        return read_plain(pc.replace_substring(texts, ",", ""))

    return read_all


_DECIMAL_FORMS = {_PLAIN: "0.###", _COMMA: "#,##0.###", _EXPONENT: "0.### | 0.###E±0"}


def _number(name: str, type_: ValueType, pattern: str, example: str, cells: frozenset[Cell]) -> Notation:
    digits = QUANTITY_DIGITS if type_ is ValueType.QUANTITY else KRW_DIGITS
    read_all = _comma_decimals(digits) if pattern is _COMMA else _decimals(digits)
    return Notation(name, type_, pattern, example, _DECIMAL_FORMS[pattern], cells, read_all=read_all)


_ONLY_TEXT = frozenset({Cell.TEXT})
QUANTITY_PLAIN = _number("quantity_plain", ValueType.QUANTITY, _PLAIN, "1234.5", _ONLY_TEXT)
QUANTITY_COMMAS = _number("quantity_commas", ValueType.QUANTITY, _COMMA, "1,234.5", _ONLY_TEXT)
QUANTITY_EXPONENT = _number("quantity_exponent", ValueType.QUANTITY, _EXPONENT, "1.5E-8", _TEXT_OR_NUMBER)
KRW_PLAIN = _number("krw_plain", ValueType.KRW, _PLAIN, "1234.5", _ONLY_TEXT)
KRW_COMMAS = _number("krw_commas", ValueType.KRW, _COMMA, "1,234.5", _ONLY_TEXT)
KRW_EXPONENT = _number("krw_exponent", ValueType.KRW, _EXPONENT, "1.5E3", _TEXT_OR_NUMBER)
KRW_JSON_NUMBER = _number("krw_json_number", ValueType.KRW, _EXPONENT, "1.4E-7", _NUMBER)


def _read_counts(texts: pa.Array) -> pa.Array:
    return texts.cast(pa.int64())


def exact_count(text: str) -> int:
    """`text` as a count; OutOfRangeError beyond 2^63−1."""
    value = int(text)
    if abs(value) > COUNT_MAXIMUM:
        raise OutOfRangeError(text)
    return value


_WHOLE = r"-?[0-9]+"
_WHOLE_FORM = f"0 … {COUNT_MAXIMUM}"
COUNT_TEXT = Notation("count_text", ValueType.COUNT, _WHOLE, "1234", _WHOLE_FORM, read_all=_read_counts)
COUNT_NUMBER = Notation("count_number", ValueType.COUNT, _WHOLE, "1234", _WHOLE_FORM, _NUMBER, read_all=_read_counts)
COUNT_ANY = Notation("count_any", ValueType.COUNT, _WHOLE, "1234", _WHOLE_FORM, _TEXT_OR_NUMBER, read_all=_read_counts)

# --------------------------------------------------------------------------------------------- instants


def _in_range(milliseconds: pa.Array) -> pa.Array:
    low, high = _INSTANT_RANGE_MILLISECONDS
    extremes = pc.min_max(milliseconds).as_py()
    if extremes["min"] is not None and not low <= extremes["min"] <= extremes["max"] <= high:
        raise OutOfRangeError("instant")
    return milliseconds.cast(pa.timestamp("ms", "UTC"))


def _to_milliseconds(texts: pa.Array) -> pa.Array:
    """Return instants without the zeros after three digits of a fraction, which Arrow does not read."""
    return pc.replace_substring_regex(texts, r"(\.[0-9]{3})0+", r"\1")


def _read_zoned(texts: pa.Array) -> pa.Array:
    return _in_range(_to_milliseconds(texts).cast(pa.timestamp("ms", "UTC")).cast(pa.int64()))


def _read_naive_kst(texts: pa.Array) -> pa.Array:
    padded = pc.replace_substring_regex(_to_milliseconds(texts), r"[ T]([0-9]):", r"T0\1:")
    local = pc.replace_substring(padded, " ", "T").cast(pa.timestamp("ms")).cast(pa.int64())
    return _in_range(pc.subtract(local, KST_OFFSET_MILLISECONDS))


def _read_milliseconds(texts: pa.Array) -> pa.Array:
    return _in_range(texts.cast(pa.int64()))


def _read_seconds(texts: pa.Array) -> pa.Array:
    return _in_range(pc.multiply(texts.cast(pa.int64()), 1000))


_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3}0{0,15})?"
"""Without a fraction or with three digits; more only where the value is exact to the millisecond (section 1)."""


def _instant(
    name: str,
    pattern: str,
    example: str,
    form: str,
    read_all: Callable[[pa.Array], pa.Array],
    cells: frozenset[Cell] = _ONLY_TEXT,
) -> Notation:
    return Notation(name, ValueType.INSTANT, pattern, example, form, cells, read_all=read_all)


INSTANT_OFFSET_KST = _instant(
    "instant_offset_kst",
    rf"{_DATE}T{_TIME}\+09:00",
    "2026-11-02T09:05:00+09:00",
    "YYYY-MM-DDThh:mm:ss[.mmm]+09:00",
    _read_zoned,
)
INSTANT_OFFSET_ANY = _instant(
    "instant_offset_any",
    rf"{_DATE}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,3}}0{{0,15}})?(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})",
    "2026-11-02T09:05:00+09:00",
    "YYYY-MM-DDThh:mm:ss[.mmm]±hh:mm",
    _read_zoned,
)
INSTANT_NAIVE_KST = _instant(
    "instant_naive_kst", rf"{_DATE}T{_TIME}", "2026-11-02T09:00:00", "YYYY-MM-DDThh:mm:ss[.mmm]", _read_naive_kst
)
INSTANT_SPACED_KST = _instant(
    "instant_spaced_kst",
    rf"{_DATE} [0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{3}}0{{0,15}})?",
    "2026-11-02 9:05:00",
    "YYYY-MM-DD h:mm:ss[.mmm]",
    _read_naive_kst,
)
INSTANT_UTC = _instant(
    "instant_utc", rf"{_DATE}T{_TIME}Z", "2026-11-02T00:05:00.000Z", "YYYY-MM-DDThh:mm:ss[.mmm]Z", _read_zoned
)
EPOCH_MILLISECONDS_TEXT = _instant(
    "epoch_milliseconds_text", "-?[0-9]{1,18}", "1793577900000", "epoch ms", _read_milliseconds
)
EPOCH_MILLISECONDS_NUMBER = _instant(
    "epoch_milliseconds_number", "-?[0-9]{1,18}", "1793577900000", "epoch ms", _read_milliseconds, _NUMBER
)
EPOCH_SECONDS_TEXT = _instant("epoch_seconds_text", "-?[0-9]{1,15}", "1793577900", "epoch s", _read_seconds)

# -------------------------------------------------------------------------------------- dates and months


def _date_reader(pattern: str) -> Callable[[str], date]:
    compiled = re.compile(pattern)

    def read_one(text: str) -> date:
        match = compiled.fullmatch(text)
        if match is None:
            raise ValueError(text)
        day = date(*(int(part) for part in match.groups()))
        if not 1970 <= day.year <= 2998:
            raise OutOfRangeError(text)
        return day

    return read_one


def _month_reader(pattern: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def read_one(text: str) -> str:
        match = compiled.fullmatch(text)
        if match is None or not 1 <= int(match[2]) <= 12:
            raise ValueError(text)
        if not 1970 <= int(match[1]) <= 2998:
            raise OutOfRangeError(text)
        return f"{match[1]}-{int(match[2]):02d}"

    return read_one


def _date(name: str, pattern: str, example: str, form: str) -> Notation:
    return Notation(name, ValueType.DATE, pattern, example, form, read_one=_date_reader(pattern))


def _month(name: str, pattern: str, example: str, form: str) -> Notation:
    return Notation(name, ValueType.MONTH, pattern, example, form, read_one=_month_reader(pattern))


DATE_DASHES = _date("date_dashes", "([0-9]{4})-([0-9]{2})-([0-9]{2})", "2026-11-02", "YYYY-MM-DD")
DATE_COMPACT = _date("date_compact", "([0-9]{4})([0-9]{2})([0-9]{2})", "20261102", "YYYYMMDD")
DATE_SLASHES = _date("date_slashes", "([0-9]{4})/([0-9]{2})/([0-9]{2})", "2026/11/02", "YYYY/MM/DD")
MONTH_DASH = _month("month_dash", "([0-9]{4})-([0-9]{2})", "2026-10", "YYYY-MM")
MONTH_COMPACT = _month("month_compact", "([0-9]{4})([0-9]{2})", "202610", "YYYYMM")
MONTH_SLASH = _month("month_slash", "([0-9]{4})/([0-9]{2})", "2026/10", "YYYY/MM")
MONTH_KOREAN = _month("month_korean", "([0-9]{4})년 ([0-9]{1,2})월", "2026년 10월", "YYYY년 M월")

# --------------------------------------------------------------------------------------- names and texts


def market_notation(name: str, *, separator: str, quote_first: bool, lower: bool) -> Notation:
    """Markets written with `separator`, the quote or the base first, in upper or lower case."""
    symbol = "[a-z0-9]{1,20}" if lower else "[A-Z0-9]{1,20}"

    def read_one(text: str) -> str:
        first, second = text.upper().split(separator)
        return f"{second}/{first}" if quote_first else f"{first}/{second}"

    example = separator.join(("KRW", "BTC") if quote_first else ("BTC", "KRW"))
    form = example.replace("KRW", "QUOTE").replace("BTC", "BASE")
    if lower:
        example, form = example.lower(), form.lower()
    pattern = symbol + re.escape(separator) + symbol
    return Notation(name, ValueType.MARKET, pattern, example, form, read_one=read_one)


MARKET_QUOTE_DASH_BASE = market_notation("market_quote_dash_base", separator="-", quote_first=True, lower=False)
MARKET_BASE_DASH_QUOTE = market_notation("market_base_dash_quote", separator="-", quote_first=False, lower=False)
MARKET_BASE_UNDERSCORE_QUOTE = market_notation(
    "market_base_underscore_quote", separator="_", quote_first=False, lower=False
)
MARKET_LOWER_UNDERSCORE = market_notation("market_lower_underscore", separator="_", quote_first=False, lower=True)
MARKET_TWO_FIELDS_LOWER = market_notation("market_two_fields_lower", separator="|", quote_first=True, lower=True)
MARKET_TWO_FIELDS_UPPER = market_notation("market_two_fields_upper", separator="|", quote_first=True, lower=False)
"""Coinone's markets: the reader joins the two fields with a bar, the quote first."""
MARKET_CANONICAL = market_notation("market_canonical", separator="/", quote_first=False, lower=False)

ASSET_UPPER = Notation("asset_upper", ValueType.ASSET, "[A-Z0-9]{1,20}", "BTC", "1–20 × [A-Z0-9]", read_one=str)
ASSET_LOWER = Notation("asset_lower", ValueType.ASSET, "[a-z0-9]{1,20}", "btc", "1–20 × [a-z0-9]", read_one=str.upper)
HASH = Notation("hash", ValueType.HASH, "[0-9a-f]{64}", "64 × [0-9a-f]", "64 × [0-9a-f]", read_one=str)
TEXT = Notation("text", ValueType.TEXT, r"[^\x00]*", "text", "text", read_one=str)
"""Anything but the null character, which no database keeps."""


def all_notations() -> dict[str, Notation]:
    """Every way of writing that is declared here, by its name."""
    return {one.name: one for one in globals().values() if isinstance(one, Notation)}

"""How canonical values are written, one way of writing for each notation: the inverse of `etl.notation`.

Numbers go from the integers behind an Arrow decimal straight to text, never through a float. Names, dates and months
are written after the example that their notation shows to the sender (`KRW-BTC`, `2026년 10월`), so that a new
notation of these kinds needs nothing here; the others are listed by name in `_SPELL`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from etl import notation as n
from etl.layout import Layout, Native
from expectations.vocabulary import Field, Report, ValueType

_TEXT = pa.string()
_GROUP = 3
"""Digits between two commas."""
_EXPONENT_EVERY = 4
"""Of numbers that may have an exponent every fourth has one, and all below 0.000001, as common libraries write them."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """One native column as text, null where a value is absent; `is_bare` for JSON literals and numeric cells."""

    name: str
    texts: pa.Array
    is_bare: bool


def spelled(table: pa.Table, layout: Layout, report: Report) -> tuple[Spelled, ...]:
    """Every native column of `table` in the order of the layout; a market of two fields gives two."""
    return tuple(
        column for name, native in layout.columns.items() for column in _columns(table, report.field(name), native)
    )


def _columns(table: pa.Table, shape: Field, native: Native) -> Iterator[Spelled]:
    values = _whole(table.column(shape.name))
    if shape.type is ValueType.TARGET:
        texts = _targets(_whole(table.column("scope")), values, native)
    elif native.codes:
        texts = _distinct(values, native.codes.__getitem__)
    else:
        texts = spell(values, native.notation)
    is_bare = n.Cell.TEXT not in native.notation.cells or n.COUNT_ANY is native.notation
    if len(native.names) == 1:
        yield Spelled(native.names[0], texts, is_bare)
        return
    for place, name in enumerate(native.names):
        yield Spelled(name, _distinct(texts, _field_at(place)), is_bare)


def _field_at(place: int) -> Callable[[str], str]:
    """Which of the fields that a bar joins."""
    return lambda text: text.split("|")[place]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return combined.combine_chunks() if isinstance(combined, pa.ChunkedArray) else combined


def spell(values: pa.Array, notation: n.Notation) -> pa.Array:
    """`values` as `notation` writes them; KeyError naming the notation where its writing is not known."""
    after_example = _AFTER_EXAMPLE.get(notation.type)
    if after_example is not None:
        return _distinct(values, after_example(notation))
    try:
        return _SPELL[notation.name](values)
    except KeyError:
        raise KeyError(f"notation {notation.name}: no way of writing it is listed in etl.writing.spelling") from None


def _distinct(values: pa.Array, spell_one: Callable[[str], str]) -> pa.Array:
    """Spell each distinct value once and spread the texts over the rows."""
    encoded = values.dictionary_encode()
    texts = [spell_one(value) for value in encoded.dictionary.to_pylist()]
    return pa.array(texts, _TEXT).take(encoded.indices)


# ---------------------------------------------------------------------------------------------- numbers


def _parts(values: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Sign, digits before the point and digits after it (without closing zeros), from the integers themselves."""
    scale = values.type.scale
    magnitude = pc.abs(values)
    integers = pa.Array.from_buffers(pa.decimal128(38, 0), len(magnitude), magnitude.buffers(), offset=magnitude.offset)
    digits = pc.utf8_lpad(integers.cast(_TEXT), scale + 1, "0")
    sign = pc.if_else(pc.less(values, pa.scalar(Decimal(0), values.type)), "-", "")
    before = pc.utf8_slice_codeunits(digits, 0, -scale)
    return sign, before, pc.utf8_rtrim(pc.utf8_slice_codeunits(digits, -scale), "0")


def _assembled(sign: pa.Array, before: pa.Array, after: pa.Array) -> pa.Array:
    point = pc.if_else(pc.equal(after, ""), "", ".")
    return pc.binary_join_element_wise(sign, before, point, after, "")


def plain_text(values: pa.Array) -> pa.Array:
    """Decimals as plain text: no exponent, no separators, no closing zeros."""
    return _assembled(*_parts(values))


def _comma_text(values: pa.Array) -> pa.Array:
    sign, before, after = _parts(values)
    count = -(-(pc.max(pc.utf8_length(before)).as_py() or 0) // _GROUP)
    padded = pc.utf8_lpad(before, _GROUP * count, "0")
    groups = [pc.utf8_slice_codeunits(padded, _GROUP * place, _GROUP * (place + 1)) for place in range(count)]
    grouped = pc.utf8_ltrim(pc.binary_join_element_wise(*groups, ","), "0,")
    return _assembled(sign, pc.if_else(pc.equal(grouped, ""), "0", grouped), after)


def _exponent_text(values: pa.Array) -> pa.Array:
    """Plain text with an exponent now and then; both are the same number exactly."""
    texts = plain_text(values)
    tiny = pc.match_substring_regex(texts, r"^-?0\.000000")
    fourth = pa.array([place % _EXPONENT_EVERY == 0 for place in range(len(texts))], pa.bool_())
    chosen = pc.fill_null(pc.and_(texts.is_valid(), pc.or_(tiny, fourth)), fill_value=False)
    scientific = [format(Decimal(text), "E").replace("E+", "E") for text in texts.filter(chosen).to_pylist()]
    return pc.replace_with_mask(texts, chosen, pa.array(scientific, _TEXT))


def _whole_number(values: pa.Array) -> pa.Array:
    return values.cast(_TEXT)


# --------------------------------------------------------------------------------------------- instants


def _milliseconds(values: pa.Array) -> pa.Array:
    return values.cast(pa.int64())


def _kst(values: pa.Array) -> pa.Array:
    """`2026-11-02 09:05:00`, with milliseconds where there are any."""
    local = pc.add(_milliseconds(values), n.KST_OFFSET_MILLISECONDS).cast(pa.timestamp("ms"))
    return pc.replace_substring_regex(local.cast(_TEXT), r"\.000$", "")


def _kst_with_t(values: pa.Array) -> pa.Array:
    return pc.replace_substring(_kst(values), " ", "T")


def _kst_with_offset(values: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(_kst_with_t(values), "+09:00", "")


def _kst_unpadded_hour(values: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(_kst(values), r" 0([0-9]):", r" \1:")


def _utc(values: pa.Array) -> pa.Array:
    naive = _milliseconds(values).cast(pa.timestamp("ms")).cast(_TEXT)
    return pc.binary_join_element_wise(pc.replace_substring(naive, " ", "T"), "Z", "")


def _epoch_milliseconds(values: pa.Array) -> pa.Array:
    return _milliseconds(values).cast(_TEXT)


def _epoch_seconds(values: pa.Array) -> pa.Array:
    seconds = pc.divide(_milliseconds(values), 1000)
    if not pc.all(pc.equal(pc.multiply(seconds, 1000), _milliseconds(values)), min_count=0).as_py():
        raise ValueError("epoch seconds hold no milliseconds; give instants on whole seconds")
    return seconds.cast(_TEXT)


_SPELL: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    n.QUANTITY_PLAIN.name: plain_text,
    n.QUANTITY_COMMAS.name: _comma_text,
    n.QUANTITY_EXPONENT.name: _exponent_text,
    n.KRW_PLAIN.name: plain_text,
    n.KRW_COMMAS.name: _comma_text,
    n.KRW_EXPONENT.name: _exponent_text,
    n.KRW_JSON_NUMBER.name: _exponent_text,
    n.COUNT_TEXT.name: _whole_number,
    n.COUNT_NUMBER.name: _whole_number,
    n.COUNT_ANY.name: _whole_number,
    n.INSTANT_OFFSET_KST.name: _kst_with_offset,
    n.INSTANT_OFFSET_ANY.name: _kst_with_offset,
    n.INSTANT_NAIVE_KST.name: _kst_with_t,
    n.INSTANT_SPACED_KST.name: _kst_unpadded_hour,
    n.INSTANT_UTC.name: _utc,
    n.EPOCH_MILLISECONDS_TEXT.name: _epoch_milliseconds,
    n.EPOCH_MILLISECONDS_NUMBER.name: _epoch_milliseconds,
    n.EPOCH_SECONDS_TEXT.name: _epoch_seconds,
    n.HASH.name: lambda values: values,
    n.TEXT.name: lambda values: values,
}

# ------------------------------------------------------------------------------- names, dates and months

_EXAMPLE_DATE = date(2026, 11, 2)
_EXAMPLE_MONTH = "2026-10"
"""What the examples of `etl.notation` show, so that their digits can be told apart."""


def _market_like(notation: n.Notation) -> Callable[[str], str]:
    lower = notation.example.islower()
    pattern = notation.example.upper()

    def spell_one(market: str) -> str:
        base, _, quote = market.partition("/")
        written = re.sub("BTC|KRW", lambda word: base if word[0] == "BTC" else quote, pattern)
        return written.lower() if lower else written

    return spell_one


def _asset_like(notation: n.Notation) -> Callable[[str], str]:
    return str.lower if notation.example.islower() else str


def _date_like(notation: n.Notation) -> Callable[[date], str]:
    pattern = notation.example
    for part in ("%Y", "%m", "%d"):
        pattern = pattern.replace(_EXAMPLE_DATE.strftime(part), part)
    return lambda day: day.strftime(pattern)


def _month_like(notation: n.Notation) -> Callable[[str], str]:
    year, month = _EXAMPLE_MONTH.split("-")
    pattern = notation.example.replace(year, "{0}").replace(month, "{1}")
    return lambda text: pattern.format(*text.split("-"))


_AFTER_EXAMPLE: Mapping[ValueType, Callable[[n.Notation], Callable[..., str]]] = {
    ValueType.MARKET: _market_like,
    ValueType.ASSET: _asset_like,
    ValueType.DATE: _date_like,
    ValueType.MONTH: _month_like,
}

# ---------------------------------------------------------------------------------------- halt targets


def _targets(scopes: pa.Array, targets: pa.Array, native: Native) -> pa.Array:
    """Each target as its scope says; one that does not fit its scope is written by what it looks like."""
    texts = [
        None if target is None else _target(scope, target, native)
        for scope, target in zip(scopes.to_pylist(), targets.to_pylist(), strict=True)
    ]
    return pa.array(texts, _TEXT)


def _target(scope: str | None, target: str, native: Native) -> str:
    word = native.target_words.get(target)
    if word is not None and scope in ("exchange", "account"):
        return word
    if "/" in target and native.target_market is not None:
        return _market_like(native.target_market)(target)
    written = _asset_like(native.notation)(target)
    return f"|{written}" if len(native.names) > 1 else written

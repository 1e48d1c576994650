"""What rules read beside a submission's own rows: relations of accepted figures, for the submissions under judgement.

Each relation is an Arrow table under the name that the rules' queries use. Figures come with the window that the rules
declare (`reads`, in days from the judged day); the others hold whole entities: every action of a case, every check of a
shortfall episode, the latest version of a halt. Ratios are exact decimals, rounded so that comparing them with a
threshold of at most twelve digits is exact.

DuckDB's decimals end at 38 digits, and a product or a ratio of legal values may have more. Such a column is there
twice: as a decimal, no larger than `_MOST_KRW` or `_MOST_RATIO`, far above any threshold, to compare with; and as a
text of every digit (`…_text`), to be shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import BigInteger, Connection, RowMapping, Select, Table, or_, select, type_coerce

from etl.episodes import Episode, episodes_touching
from etl.facts import Facts
from etl.records import submissions as life
from etl.records import tables as t
from etl.records.submissions import Submission
from etl.records.types import kst_day_number
from expectations.vocabulary import KST, Rule, State

_KRW, _QUANTITY, _RATIO = pa.decimal128(38, 8), pa.decimal128(38, 18), pa.decimal128(38, 12)
_WHOLE = pa.decimal128(38, 0)
"""A sum of counts."""
_INSTANT = pa.timestamp("ms", "UTC")
_MOST_KRW, _MOST_RATIO = Decimal(10) ** 29, Decimal(10) ** 23
"""What a column of won or a ratio holds at most; a hundred times as much still fits."""
_DAY = timedelta(days=1)
_FOREVER = datetime(2998, 1, 1, tzinfo=UTC)
NEAREST_CHECK = timedelta(minutes=5)
"""How far from an audit's moment a reconciliation check may be (AUD-005)."""

_EXACT = Context(prec=80)
_ORIGIN = [("submission", pa.string()), ("exchange", pa.string()), ("day", pa.date32())]


@dataclass(frozen=True, slots=True)
class Judged:
    """Accepted submissions of one report that are being judged, and their days."""

    connection: Connection
    facts: Facts
    submissions: Sequence[Submission]

    @property
    def exchanges(self) -> list[str]:
        """Whose they are."""
        return sorted({s.exchange for s in self.submissions})

    def window(self, first: int, last: int) -> tuple[date, date]:
        """The days from `first` before the earliest to `last` after the latest (both signed)."""
        days = [s.period.first_day for s in self.submissions]
        return min(days) + first * _DAY, max(days) + last * _DAY


def relations(judged: Judged, rules: Sequence[Rule]) -> dict[str, pa.Table]:
    """Every relation that the rules read, by its name."""
    windows: dict[str, tuple[int, int]] = {}
    for rule in rules:
        for name, (first, last) in rule.reads.items():
            low, high = windows.get(name, (first, last))
            windows[name] = (min(low, first), max(high, last))
    found = {name: RELATIONS[name](judged, *window) for name, window in windows.items() if name in RELATIONS}
    return {**found, **{name: make(judged) for name, make in _STANDING.items() if _is_named(name, rules)}}


def _is_named(relation: str, rules: Sequence[Rule]) -> bool:
    """True where the condition of a rule is about a relation that every rule may read without declaring it."""
    return any(re.search(rf"\b{relation}\b", str(rule.kwargs)) for rule in rules)


def in_force(table: Table) -> Select[Any]:
    """Rows of a table of figures whose submission is accepted."""
    accepted = t.submissions.c.state == State.ACCEPTED.value
    return select(table).join(t.submissions, t.submissions.c.id == table.c.submission).where(accepted)


# ---------------------------------------------------------------------------------------- daily figures


def _figures(judged: Judged, table: Table, first: int, last: int) -> list[RowMapping]:
    low, high = judged.window(first, last)
    query = in_force(table).where(table.c.exchange.in_(judged.exchanges), table.c.day.between(low, high))
    return list(judged.connection.execute(query).mappings())


def _arrow(rows: Iterable[Any], columns: Sequence[tuple[str, pa.DataType]]) -> pa.Table:
    """Rows as Arrow, decimals brought to their column's scale; a value that does not fit raises."""
    listed = list(rows)
    arrays = [pa.array([_scaled(row.get(name), type_) for row in listed], type_) for name, type_ in columns]
    return pa.Table.from_arrays(arrays, schema=pa.schema(columns))


def _scaled(value: Any, type_: pa.DataType) -> Any:
    if isinstance(value, Decimal) and pa.types.is_decimal(type_):
        return value.quantize(Decimal(1).scaleb(-type_.scale), rounding=ROUND_FLOOR, context=_EXACT)
    return value


def ratio(part: Decimal, whole: Decimal, rounding: str = ROUND_FLOOR) -> Decimal | None:
    """`part` of `whole` to twelve digits; None of nothing."""
    if not whole:
        return None
    digits = Context(prec=80, rounding=rounding)
    return digits.divide(part, whole).quantize(Decimal("1E-12"), rounding=rounding, context=_EXACT)


def krw_text(amount: Decimal) -> str:
    """Every digit of an amount before the point and eight after it, cut: of two, the longer or later one is larger."""
    return f"{amount.quantize(Decimal('1E-8'), rounding=ROUND_FLOOR, context=_EXACT):f}"


def percent_text(share: Decimal) -> str:
    """A ratio of twelve digits as a percentage, every digit of it.

    >>> percent_text(Decimal("0.000100000001")), percent_text(Decimal(1))
    ('0.0100000001', '100')
    """
    text = f"{_EXACT.multiply(100, share.quantize(Decimal('1E-12'), context=_EXACT)):f}"
    return text.rstrip("0").rstrip(".")


def _volume_days(judged: Judged, first: int, last: int) -> pa.Table:
    rows = _figures(judged, t.volume_days, first, last)
    shared = [{**row, "api_share": ratio(row["api_trade_value_krw"], row["trade_value_krw"])} for row in rows]
    values = [("trade_value_krw", _KRW), ("api_trade_value_krw", _KRW), ("api_share", _RATIO)]
    return _arrow(shared, [*_ORIGIN, *values])


def _volume_markets(judged: Judged, first: int, last: int) -> pa.Table:
    columns = [*_ORIGIN, ("market", pa.string()), ("trade_value_krw", _KRW), ("api_trade_value_krw", _KRW)]
    return _arrow(_figures(judged, t.volume_markets, first, last), columns)


def _key_days(judged: Judged, first: int, last: int) -> pa.Table:
    counts = [(c.name, pa.int64()) for c in t.key_days.c if c.name not in ("submission", "exchange", "day", "scope")]
    return _arrow(_figures(judged, t.key_days, first, last), [*_ORIGIN, ("scope", pa.string()), *counts])


def _key_action_days(judged: Judged, first: int, last: int) -> pa.Table:
    keys: dict[tuple[str, str, date, str], set[str]] = {}
    for row in _figures(judged, t.key_actions, first, last):
        keys.setdefault((row["submission"], row["exchange"], row["day"], row["stage"]), set()).add(row["key_ref"])
    names = ("submission", "exchange", "day", "stage")
    rows = [{**dict(zip(names, key, strict=True)), "key_count": len(refs)} for key, refs in keys.items()]
    return _arrow(rows, [*_ORIGIN, ("stage", pa.string()), ("key_count", pa.int64())])


def _reconciliation_assets(judged: Judged, first: int, last: int) -> pa.Table:
    columns = [*_ORIGIN, ("asset", pa.string()), ("check_count", pa.int64())]
    return _arrow(_figures(judged, t.reconciliation_assets, first, last), columns)


def _surveillance_days(judged: Judged, first: int, last: int) -> pa.Table:
    columns = [*_ORIGIN, ("pattern", pa.string()), ("alert_count", _WHOLE)]
    return _arrow(_figures(judged, t.surveillance_days, first, last), columns)


# --------------------------------------------------------------------------------------- what is accepted


def _accepted(judged: Judged) -> pa.Table:
    low, high = judged.window(-31, 62)
    c = t.submissions.c
    names = (
        c.id,
        c.exchange,
        c.report,
        c.period,
        *(type_coerce(at, BigInteger) for at in (c.period_start, c.period_end)),
    )
    query = select(*names).where(
        c.state == State.ACCEPTED.value,
        c.exchange.in_(judged.exchanges),
        c.period_start >= datetime.combine(low, datetime.min.time(), KST),
        c.period_start <= datetime.combine(high, datetime.min.time(), KST),
    )
    found = judged.connection.execute(query).all()
    ids, exchanges, reports, periods, starts, ends = zip(*found, strict=True) if found else ((),) * 6
    days = [kst_day_number(start) for start in starts]
    return pa.table(
        {
            "submission": pa.array(ids, pa.string()),
            "exchange": pa.array(exchanges, pa.string()),
            "day": pa.array(days, pa.int32()).cast(pa.date32()),
            "report": pa.array(reports, pa.string()),
            "period": pa.array(periods, pa.string()),
            "period_start": pa.array(starts, pa.int64()).cast(_INSTANT),
            "period_end": pa.array(ends, pa.int64()).cast(_INSTANT),
        }
    )


def _reach(judged: Judged) -> pa.Table:
    """How far accepted reports reach, by exchange and report: every unbroken run of days from the judged ones on.

    Terms are judged once they have passed "in the accepted data": in the run in which they began (specification 5).
    """
    c = t.submissions.c
    query = (
        select(c.exchange, c.report, c.period_start, c.period_end)
        .where(
            c.state == State.ACCEPTED.value,
            c.exchange.in_(judged.exchanges),
            c.period_start < c.received_at,  # of days that had not come nothing is known (SUB-010)
            c.period_end > min(s.period.start for s in judged.submissions) - _DAY,
        )
        .order_by(c.exchange, c.report, c.period_start)
    )
    runs: list[dict[str, Any]] = []
    for exchange, report, start, end in judged.connection.execute(query):
        last = runs[-1] if runs else None
        if last is not None and (last["exchange"], last["report"]) == (exchange, report) and start <= last["until"]:
            last["until"] = max(last["until"], end)
        else:
            runs.append({"exchange": exchange, "report": report, "since": start, "until": end})
    names = [("exchange", pa.string()), ("report", pa.string())]
    return _arrow(runs, [*names, ("since", _INSTANT), ("until", _INSTANT)])


_STANDING: Mapping[str, Callable[[Judged], pa.Table]] = {"accepted": _accepted, "reach": _reach}
"""Relations that a rule may read without declaring it."""


# ------------------------------------------------------------------------------------------------ cases


_ACTION_COLUMNS = [
    *_ORIGIN,
    *((name, pa.string()) for name in ("action_id", "case_id", "key_ref", "account_ref", "suspicion")),
    *((name, pa.string()) for name in ("risk_level", "stage", "outcome")),
    ("detected_at", _INSTANT),
    ("acted_at", _INSTANT),
    ("source_row", pa.int64()),
]


def _actions(judged: Judged, first: int, last: int) -> pa.Table:
    """Every action of every case that has one in a judged submission."""
    table = t.key_actions
    ids = [s.id for s in judged.submissions]
    rows: list[RowMapping] = []
    for exchange in judged.exchanges:
        cases = select(table.c.case_id).where(table.c.submission.in_(ids), table.c.exchange == exchange)
        query = in_force(table).where(table.c.exchange == exchange, table.c.case_id.in_(cases))
        rows += judged.connection.execute(query).mappings()
    return _arrow(rows, _ACTION_COLUMNS)


# -------------------------------------------------------------------------------------------- shortfalls


_SHORTFALL_COLUMNS = [
    ("submission", pa.string()),
    ("exchange", pa.string()),
    ("asset", pa.string()),
    ("episode_start", _INSTANT),
    ("episode_end", _INSTANT),
    ("checked_at", _INSTANT),
    ("ledger_quantity", _QUANTITY),
    ("wallet_quantity", _QUANTITY),
    ("shortfall_quantity", _QUANTITY),
    ("shortfall_krw", _KRW),
    ("shortfall_krw_text", pa.string()),
    ("shortfall_ratio", _RATIO),
    ("price_krw", _KRW),
    ("source_row", pa.int64()),
]


def _shortfalls(judged: Judged, first: int, last: int) -> pa.Table:
    """Every check of every episode that begins in a judged reconciliation, or lies about a judged mismatch halt."""
    episodes: dict[tuple[str, str, datetime], Episode] = {}
    for exchange, low, high in _moments(judged):
        for episode in episodes_touching(judged.connection, exchange, low, high):
            episodes[exchange, episode.asset, episode.started_at] = episode
    return _arrow((row for e in episodes.values() for row in _checks_of(judged.connection, e)), _SHORTFALL_COLUMNS)


def _moments(judged: Judged) -> list[tuple[str, datetime, datetime]]:
    """The stretches of time about which episodes are asked."""
    moments = []
    for submission in judged.submissions:
        if submission.report == "reconciliation":
            moments.append((submission.exchange, submission.period.start, submission.period.end))
    halts = [s.id for s in judged.submissions if s.report == "halts"]
    c = t.halts.c
    query = select(t.halts).where(c.submission.in_(halts), c.trigger == "reconciliation_mismatch")
    for halt in judged.connection.execute(query).mappings():
        moments.append((halt["exchange"], halt["halted_at"] - _DAY, halt["halted_at"] + _DAY))
        if halt["resumed_at"] is not None:
            moments.append((halt["exchange"], halt["resumed_at"] - _DAY, halt["resumed_at"] + _DAY))
    return sorted(set(moments))


def _checks_of(connection: Connection, episode: Episode) -> list[dict[str, Any]]:
    c = t.short_checks.c
    stretches = [
        (c.submission == run["submission"]) & c.checked_at.between(run["started_at"], run["last_mismatch_at"])
        for run in episode.runs
    ]
    query = select(t.short_checks).where(c.asset == episode.asset, or_(*stretches)).order_by(c.checked_at)
    return [_shortfall(episode, row) for row in connection.execute(query).mappings()]


def _shortfall(episode: Episode, check: RowMapping) -> dict[str, Any]:
    missing = _EXACT.subtract(check["ledger_quantity"], check["wallet_quantity"])
    worth = _EXACT.multiply(missing, check["price_krw"])
    return {
        **check,
        "submission": episode.submission,
        "episode_start": episode.started_at,
        "episode_end": episode.ended_at,
        "shortfall_quantity": missing,
        "shortfall_krw": min(worth, _MOST_KRW),
        "shortfall_krw_text": krw_text(worth),
        "shortfall_ratio": ratio(missing, check["ledger_quantity"]),
    }


# ------------------------------------------------------------------------------------------------- halts


_HALT_COLUMNS = [
    *_ORIGIN,
    *((name, pa.string()) for name in ("halt_id", "scope", "target", "functions", "trigger", "mode")),
    *((name, _INSTANT) for name in ("detected_at", "halted_at", "resumed_at", "notice_at")),
    ("affected_account_count", pa.int64()),
    ("source_row", pa.int64()),
]


def _current_halts(judged: Judged, first: int, last: int) -> pa.Table:
    """The latest version of every halt in force about the judged periods, or after an episode begins."""
    low = min(s.period.start for s in judged.submissions) - 2 * _DAY
    high = max(s.period.end for s in judged.submissions) + 2 * _DAY
    if any(s.report == "reconciliation" for s in judged.submissions):
        high = _FOREVER  # an episode may reach the limit long after the file in which it begins
    own = select(t.halts.c.halt_id).where(t.halts.c.submission.in_([s.id for s in judged.submissions]))
    return _arrow(current_halts(judged.connection, judged.exchanges, low, high, also=own), _HALT_COLUMNS)


def current_halts(
    connection: Connection,
    exchanges: Sequence[str],
    low: datetime,
    high: datetime,
    *,
    also: Select[Any] | None = None,
) -> list[RowMapping]:
    """Latest accepted versions of the halts that meet [low, high], or whose id is among `also` (2.5)."""
    c = t.halts.c
    met = (c.halted_at <= high) & (or_(c.resumed_at.is_(None), c.resumed_at >= low))
    ids = select(c.halt_id).where(c.exchange.in_(exchanges), met if also is None else or_(met, c.halt_id.in_(also)))
    query = (
        in_force(t.halts).where(c.exchange.in_(exchanges), c.halt_id.in_(ids)).order_by(t.submissions.c.period_start)
    )
    latest = {(row["exchange"], row["halt_id"]): row for row in connection.execute(query).mappings()}
    return list(latest.values())


# ------------------------------------------------------------------------------------------------ audits


def _audits(judged: Judged) -> list[RowMapping]:
    query = select(t.audits).where(t.audits.c.submission.in_([s.id for s in judged.submissions]))
    return list(judged.connection.execute(query).mappings())


def _audit_shares(judged: Judged, first: int, last: int) -> pa.Table:
    cold: dict[tuple[str, str], Decimal] = {}
    held: dict[tuple[str, str], Decimal] = {}
    for row in _audits(judged):
        key = (row["submission"], row["exchange"])
        value = _EXACT.multiply(row["cold_wallet_quantity"], row["price_krw"])
        hot = _EXACT.multiply(row["hot_wallet_quantity"], row["price_krw"])
        cold[key] = _EXACT.add(cold.get(key, Decimal(0)), value)
        held[key] = _EXACT.add(held.get(key, Decimal(0)), _EXACT.add(value, hot))
    rows = [{"submission": k[0], "exchange": k[1], "cold_share": ratio(cold[k], held[k])} for k in cold]
    return _arrow(rows, [("submission", pa.string()), ("exchange", pa.string()), ("cold_share", _RATIO)])


def _audit_differences(judged: Judged, first: int, last: int) -> pa.Table:
    """Each audited asset beside the check nearest to its moment, where there is one near enough."""
    rows = []
    checks: dict[tuple[str, datetime], dict[str, Mapping[str, Any]]] = {}
    for audit in _audits(judged):
        moment = (audit["exchange"], audit["as_of"])
        if moment not in checks:
            checks[moment] = _nearest_checks(judged, *moment)
        check = checks[moment].get(audit["asset"])
        if check is not None:
            wallet = _EXACT.add(audit["hot_wallet_quantity"], audit["cold_wallet_quantity"])
            rows.append(
                {
                    **{name: audit[name] for name in ("submission", "exchange", "asset")},
                    "checked_at": check["checked_at"],
                    **_ratio_columns("ledger", _difference(audit["ledger_quantity"], check["ledger_quantity"])),
                    **_ratio_columns("wallet", _difference(wallet, check["wallet_quantity"])),
                }
            )
    names = [(name, pa.string()) for name in ("submission", "exchange", "asset")]
    ratios = [("ledger_ratio", _RATIO), ("wallet_ratio", _RATIO)]
    texts = [(f"{side}_percent_text", pa.string()) for side in ("ledger", "wallet")]
    return _arrow(rows, [*names, ("checked_at", _INSTANT), *ratios, *texts])


def _ratio_columns(side: str, share: Decimal) -> dict[str, Any]:
    return {f"{side}_ratio": min(share, _MOST_RATIO), f"{side}_percent_text": percent_text(share)}


def _difference(audited: Decimal, checked: Decimal) -> Decimal:
    """How far the audit is from the check, as a ratio of the check, rounded up; all of it where nothing was there."""
    apart = _EXACT.subtract(audited, checked).copy_abs()
    share = ratio(apart, checked.copy_abs(), ROUND_CEILING)
    return share if share is not None else Decimal(bool(apart))


def _nearest_checks(judged: Judged, exchange: str, moment: datetime) -> dict[str, Mapping[str, Any]]:
    """The check of each asset nearest to `moment` within five minutes."""
    c = t.submissions.c
    query = select(t.submissions).where(
        c.exchange == exchange,
        c.report == "reconciliation",
        c.state == State.ACCEPTED.value,
        c.period_start <= moment + NEAREST_CHECK,
        c.period_end >= moment - NEAREST_CHECK,
    )
    near = [row["id"] for row in judged.connection.execute(query).mappings()]
    found = (life.by_id(judged.connection, number) for number in near)
    files = life.fact_files([submission for submission in found if submission is not None])
    if not files:
        return {}
    condition = "checked_at BETWEEN ? AND ?"
    table = judged.facts.read(files, condition=condition, parameters=[moment - NEAREST_CHECK, moment + NEAREST_CHECK])
    nearest: dict[str, Mapping[str, Any]] = {}
    for row in table.to_pylist():
        known = nearest.get(row["asset"])
        if known is None or abs(row["checked_at"] - moment) < abs(known["checked_at"] - moment):
            nearest[row["asset"]] = row
    return nearest


def _reconciled_assets(judged: Judged, first: int, last: int) -> pa.Table:
    rows = []
    table = t.reconciliation_assets
    for submission in judged.submissions:
        month_end = (submission.period.end.astimezone(KST) - _DAY).date()
        query = (
            select(table.c.asset)
            .distinct()
            .join(t.submissions, t.submissions.c.id == table.c.submission)
            .where(
                t.submissions.c.state == State.ACCEPTED.value,
                table.c.exchange == submission.exchange,
                table.c.day.between(submission.period.first_day, month_end),
            )
        )
        for asset in judged.connection.execute(query).scalars():
            rows.append({"exchange": submission.exchange, "month": submission.period.text, "asset": asset})
    return _arrow(rows, [("exchange", pa.string()), ("month", pa.string()), ("asset", pa.string())])


RELATIONS: Mapping[str, Callable[[Judged, int, int], pa.Table]] = {
    "volume_days": _volume_days,
    "volume_markets": _volume_markets,
    "key_days": _key_days,
    "key_action_days": _key_action_days,
    "reconciliation_assets": _reconciliation_assets,
    "surveillance_days": _surveillance_days,
    "actions": _actions,
    "shortfalls": _shortfalls,
    "current_halts": _current_halts,
    "audit_shares": _audit_shares,
    "audit_differences": _audit_differences,
    "reconciled_assets": _reconciled_assets,
}
"""Every relation that a rule may declare in `reads`, and what makes it."""

SOURCES: Mapping[str, str] = {
    "volume_days": "api_volume",
    "volume_markets": "api_volume",
    "key_days": "api_keys",
    "key_action_days": "key_actions",
    "reconciliation_assets": "reconciliation",
    "surveillance_days": "surveillance",
    "reconciled_assets": "reconciliation",
}
"""The report that a relation of daily figures comes from: a change of it on a day affects who reads that day."""

"""`daxa rules parallel`, `daxa layouts parallel`: what holds tomorrow tried on the files of today, told by exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.output import emit, emit_text, show_progress, table_of
from app.parallel import exchange_record, layout_exchange_record, summary_record, told_record, told_text
from etl.layout_folder import changes_in
from etl.parallel import (
    ChangeOfBook,
    Difference,
    LayoutsCompared,
    NotCompared,
    RulesCompared,
    Tolerance,
    VerdictChange,
    files_of,
)
from expectations.book import book_in, book_standing_on, last_beginning
from expectations.vocabulary import Period

if TYPE_CHECKING:
    from etl.store import Store

_COUNTS = ("same", "only_today", "only_tomorrow", "changed")
_VERDICTS = ("would_be_rejected", "would_be_accepted", "not_compared", "not_evaluated")


def run_rules(
    store: Store,
    first: Period | None,
    last: Period | None,
    *,
    exchange: str | None,
    on: date | None,
    suites: Path | None,
    now: datetime,
    json: bool,
) -> bool:
    """Compare today's book with that of a day or a folder, print it, and say whether nothing would break."""
    from etl.parallel_rules import books_of, compare_books, must_read_what_there_is

    today = books_of(store)
    other = today if suites is None else book_in(suites, today)
    must_read_what_there_is(other)
    files = files_of(store, first, last, exchange)
    first_day, last_day = files[0].period.first_day, max(one.period.last_day for one in files)
    day = on or max(last_beginning(other), last_day)
    tomorrow = book_standing_on(other, day, first_day, last_day)
    with show_progress("parallel", len(files)) as progress:
        compared = compare_books(
            store,
            today,
            tomorrow,
            files,
            now=now,
            listener=(lambda told: emit(told_record(told))) if json else None,
            progress=progress,
        )
    if json:
        for whose in compared.files:
            emit(exchange_record(compared, whose))
        emit({**summary_record(compared), "on": day.isoformat(), "suites": None if suites is None else str(suites)})
    else:
        _tell(compared, day, suites, first_day, last_day)
    return not compared.breaks and compared.is_whole


def _tell(compared: RulesCompared, day: date, suites: Path | None, first_day: date, last_day: date) -> None:
    of = "" if suites is None else f" out of {suites}"
    emit_text(f"rules as of {day}{of}, held against those in force on the files of {first_day} to {last_day}\n")
    _tell_books(compared)
    by_exchange = [exchange_record(compared, whose) for whose in compared.files]
    headings = ("exchange", "files", *_COUNTS, *_VERDICTS)
    table_of(_titles(headings), [tuple(str(one[name]) for name in headings) for one in by_exchange])
    rows = [
        (rule, one["exchange"], *(str(counts[name]) for name in _COUNTS))
        for one in by_exchange
        for rule, counts in one["rules"].items()
    ]
    emit_text("counted are the findings of the rules that the books judge differently by; the others are the same\n")
    if rows:
        table_of(_titles(("rule", "exchange", *_COUNTS)), sorted(rows))
    for kind in (VerdictChange, Difference, NotCompared):
        for kept in compared.examples.values():
            for told in kept:
                if isinstance(told, kind):
                    emit_text(told_text(told, "en") + "\n")
    emit_text(_overall(compared) + "\n")


def _titles(names: tuple[str, ...]) -> list[str]:
    return [name.replace("_", " ") for name in names]


_CHANGES = {
    ChangeOfBook.ADDED: "is new",
    ChangeOfBook.DROPPED: "is dropped",
    ChangeOfBook.BEGINS: "begins on {since}",
    ChangeOfBook.CHANGED: "judges otherwise",
}


def _tell_books(compared: RulesCompared) -> None:
    said = [f"{one.rule} {_CHANGES[one.what].format(since=one.since or 'every day')}" for one in compared.rules]
    said += [
        f"{one.name}{f' of {one.exchange}' if one.exchange else ''}: {one.today} → {one.tomorrow}"
        for one in compared.thresholds
    ]
    emit_text(f"{len(said)} differences of the books: {'; '.join(said)}\n" if said else "the two books are the same\n")


def _overall(compared: RulesCompared) -> str:
    record = [exchange_record(compared, whose) for whose in compared.files]
    sums = {name: sum(one[name] for one in record) for name in (*_COUNTS, *_VERDICTS)}
    said = (
        f"{sums['only_tomorrow']} findings would come, {sums['only_today']} go, {sums['changed']} change; "
        f"{sums['would_be_rejected']} files would be refused, {sums['would_be_accepted']} accepted"
    )
    of_no_file = compared.not_compared_of("")
    count = sums["not_compared"] + of_no_file
    lacking = f"; {count} could not be compared" if count else ""
    if sums["not_evaluated"]:
        lacking += f"; {sums['not_evaluated']} were not evaluated, since they wait for reports"
    return f"{said}{lacking}: {_verdict(compared.breaks, compared.is_whole)}"


# ---------------------------------------------------------------------------------------------------- layouts


def run_layouts(
    store: Store,
    first: Period | None,
    last: Period | None,
    *,
    exchange: str | None,
    on: date | None,
    folder: Path | None,
    tolerance: str,
    json: bool,
) -> bool:
    """Compare the layouts of the files' days with others, print it, and say whether nothing would break."""
    from etl.parallel_layouts import compare_layouts, forms_of, last_change_of_layouts, untried

    allowed = Tolerance.parse(tolerance)
    changes = {} if folder is None else changes_in(folder)
    files = files_of(store, first, last, exchange)
    last_day = max(one.period.last_day for one in files)
    day = on
    if on is None and folder is None:
        day = max(last_change_of_layouts() or last_day, last_day)
    tomorrow = forms_of(day, changes, str(folder))
    of_nobody = untried(changes, tomorrow, files, exchange)
    with show_progress("parallel", len(files)) as progress:
        compared = compare_layouts(
            store,
            tomorrow,
            files,
            allowed,
            listener=(lambda told: emit(told_record(told))) if json else None,
            progress=progress,
        )
    compared.untried = of_nobody
    records = [layout_exchange_record(compared, whose) for whose in compared.files]
    if json:
        for record in records:
            emit(record)
        emit(
            {
                "what": "summary",
                "on": day and day.isoformat(),
                "layouts": None if folder is None else str(folder),
                "tolerance": tolerance,
                "files": compared.files.total(),
                "untried": [{"exchange": whose, "report": name} for whose, name in of_nobody],
                "breaks": compared.breaks,
                "whole": compared.is_whole,
            }
        )
    else:
        of = " and ".join([*([f"as of {day}"] if day else []), *([f"out of {folder}"] if folder else [])])
        span = f"files of {files[0].period.first_day} to {last_day}"
        emit_text(f"layouts {of}, held against those of its own day on each of the {span}\n")
        _tell_layouts(compared, records)
    return not compared.breaks and compared.is_whole


def _tell_layouts(compared: LayoutsCompared, records: Sequence[Mapping[str, Any]]) -> None:
    headings = tuple(name for name in records[0] if name not in ("what", "columns"))
    table_of(_titles(headings), [tuple(str(one[name]) for name in headings) for one in records])
    for kept in compared.examples.values():
        for told in kept:
            emit_text(told_text(told, "en") + "\n")
    for whose, name in compared.untried:
        emit_text(f"{whose} {name}: no file of these days, so what changes of it is not tried\n")
    sums = {name: sum(one[name] for one in records) for name in headings if name != "exchange"}
    said = (
        f"{sums['would_be_rejected']} files would be refused, {sums['would_be_accepted']} accepted; "
        f"{sums['values_differing']} values would be read otherwise, "
        f"{sums['rows_only_today'] + sums['rows_only_tomorrow']} rows by one layout alone"
    )
    lacking = f"; {sums['not_compared']} could not be compared" if sums["not_compared"] else ""
    emit_text(f"{said}{lacking}: {_verdict(compared.breaks, compared.is_whole)}\n")


def _verdict(breaks: bool, is_whole: bool) -> str:
    return "something would break" if breaks else "nothing would break" if is_whole else "not all is known"

"""Other layouts tried on what is filed, before they come into force: which files they would refuse or read otherwise.

Each file's kept bytes are read twice by the same reader (`etl.examine`): by the shape and the layout that hold for its
day, and by those of another day or with the changes of a folder. Rows are held together by their place in the file,
and values within a tolerance. Files are taken a few at a time. A file whose shape and layout are the same both times is
not read. Nothing is recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl.examine import Form, Incoming, Reading, Verdict, decide, form_on, read_one
from etl.exchanges import all_exchanges
from etl.intake import Declared
from etl.layout_folder import Changes, changed_layout
from etl.normalise import SOURCE_ROW
from etl.parallel import (
    EXAMPLES,
    Hindrance,
    How,
    LayoutsCompared,
    NotCompared,
    Progress,
    RowsDiffer,
    ToldOfLayouts,
    Tolerance,
    ValuesDiffer,
    VerdictChange,
    distance,
)
from etl.parallel_rules import filed_again, first_line
from etl.records.submissions import Submission
from etl.review import failing
from etl.store import Store
from etl.waves import size_of, waves
from expectations.book import the_book
from expectations.catalogue import all_reports
from expectations.vocabulary import Period, State

ReadBy = Callable[[Declared], Form]
"""Gives the form that a file is to be read by."""


def last_change_of_layouts() -> date | None:
    """The last day on which a layout or the shape of a report changes; None where none ever does."""
    days = [day for one in all_exchanges().values() for layout in one.layouts.values() for day in layout.start_days]
    return max(days, default=None)


def forms_of(day: date | None, changes: Changes, folder: str) -> ReadBy:
    """The form of tomorrow of each file: that of `day`, or of the file's own, with what a folder changes.

    Raises NoLayoutError, when a file is asked for, where a change names a column that there is not.
    """

    def form(declared: Declared) -> Form:
        found = form_on(declared, day or declared.period.first_day)
        change = changes.get((declared.exchange, declared.report))
        if change is None:
            return found
        where = f"{folder}/{declared.exchange}.toml: {declared.report}"
        return Form(found.shape, changed_layout(found.native, found.shape, change, where))

    return form


def untried(
    changes: Changes, tomorrow: ReadBy, files: Sequence[Submission], exchange: str | None = None
) -> tuple[tuple[str, str], ...]:
    """What a folder changes of exchanges and reports of which there is no file, or of another exchange than asked for.

    Each change is held against the layout of the last day, so that one that cannot be raises NoLayoutError.
    """
    last_day = max(one.period.last_day for one in files)
    there = {(one.exchange, one.report) for one in files}
    for whose, name in changes:
        tomorrow(Declared(whose, name, Period.of_day(last_day)))
    return tuple(one for one in changes if one not in there and exchange in (None, one[0]))


def compare_layouts(
    store: Store,
    tomorrow: ReadBy,
    files: Sequence[Submission],
    tolerance: Tolerance,
    *,
    listener: Callable[[ToldOfLayouts], None] | None = None,
    progress: Progress | None = None,
) -> LayoutsCompared:
    """Read files by their own forms and by others, and compare; each difference is told to `listener`."""
    compared = LayoutsCompared()
    run = _Run(store, tomorrow, tolerance, compared, listener or (lambda told: None))
    to_read = []
    for one in files:
        compared.files[one.exchange] += 1
        if one.state in (State.RECEIVED, State.FAILED):
            run.cannot(one, Hindrance.PENDING if one.state is State.RECEIVED else Hindrance.FAILED)
        elif run.is_unchanged(one):
            compared.unchanged[one.exchange] += 1
        elif not one.evidence_kept:
            run.cannot(one, Hindrance.NO_BYTES)
        else:
            to_read.append(one)
    done = len(files) - len(to_read)
    for name in all_reports():
        for chunk in waves([one for one in to_read if one.report == name], size_of):
            run.compare(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, len(files), chunk[-1].file)
    return compared


@dataclass(slots=True)
class _Run:
    """One comparison under way."""

    store: Store
    tomorrow: ReadBy
    tolerance: Tolerance
    compared: LayoutsCompared
    listener: Callable[[ToldOfLayouts], None]

    def is_unchanged(self, one: Submission) -> bool:
        """True where a file would be read by the same form."""
        declared = Declared(one.exchange, one.report, one.period)
        return self.tomorrow(declared) == form_on(declared, one.period.first_day)

    def cannot(self, one: Submission, why: Hindrance, detail: str = "") -> None:
        """Note what could not be compared."""
        self.compared.not_compared[one.exchange, why] += 1
        self._tell((one.exchange, one.report, why.value), NotCompared(one, None, why, detail))

    def _tell(self, key: tuple[str, ...], told: ToldOfLayouts) -> None:
        kept = self.compared.examples.setdefault(key, [])
        if len(kept) < EXAMPLES:
            kept.append(told)
        self.listener(told)

    def compare(self, chunk: Sequence[Submission]) -> None:
        """Read some files of one report twice."""

        def read(some: Sequence[Submission]) -> None:
            incoming = [filed_again(self.store, one) for one in some]
            today = self._read(incoming, None)
            tomorrow = self._read(incoming, self.tomorrow)
            for one in some:
                self._compare(one, today[one.id], tomorrow[one.id])

        for some, error in failing(read, chunk):
            for one in some:
                self.cannot(one, Hindrance.FILE_FAILED, first_line(error))

    def _read(self, incoming: Sequence[Incoming], by: ReadBy | None) -> dict[str, tuple[Reading, Verdict]]:
        readings = [read_one(one, form=None if by is None else by(one.declared)) for one in incoming]
        verdicts = decide(readings)
        return {reading.incoming.id: (reading, verdicts[reading.incoming.id]) for reading in readings}

    def _compare(self, one: Submission, today: tuple[Reading, Verdict], tomorrow: tuple[Reading, Verdict]) -> None:
        (old, before), (new, after) = today, tomorrow
        if before.state is not one.state:
            self.cannot(one, Hindrance.OTHER_VERDICT, f"{one.state.value} → {before.state.value}")
            return
        self.compared.verdicts[one.exchange, before.state, after.state] += 1
        differs = before.state is not after.state
        if differs:
            rules, refused = the_book().rules, after if after.state is State.REJECTED else before
            why = tuple((finding, rules[finding.rule]) for finding, kind in refused.findings if kind.rejects)
            key = one.exchange, one.report, f"{before.state.value}_{after.state.value}"
            self._tell(key, VerdictChange(one, before.state, after.state, why))
        if old.table is not None and new.table is not None:
            differs |= self._compare_rows(one, old.table, new.table)
        if not differs:
            self.compared.read_alike[one.exchange] += 1

    def _compare_rows(self, one: Submission, today: pa.Table, tomorrow: pa.Table) -> bool:
        """Compare rows and values; True where any differ, beyond the tolerance."""
        left, right, only_left, only_right = _beside(today, tomorrow)
        for how, rows in ((How.ONLY_TODAY, only_left), (How.ONLY_TOMORROW, only_right)):
            if rows:
                self.compared.rows[one.exchange, how] += len(rows)
                told = RowsDiffer(one, how, len(rows), tuple(rows[:EXAMPLES]))
                self._tell((one.exchange, one.report, "rows", how.value), told)
        differs = bool(only_left or only_right)
        for name in dict.fromkeys((*left.column_names, *right.column_names)):
            if name != SOURCE_ROW:
                differs |= self._compare_column(one, name, left, right)
        return differs

    def _compare_column(self, one: Submission, name: str, today: pa.Table, tomorrow: pa.Table) -> bool:
        place = one.exchange, one.report, name
        if name not in today.column_names or name not in tomorrow.column_names:
            how = How.ONLY_TODAY if name in today.column_names else How.ONLY_TOMORROW
            self.compared.columns[*place, how] += 1
            self._tell((*place, how.value), ValuesDiffer(one, name, how, 0, 0, None, ()))
            return True
        found = _values_that_differ(today.column(name), tomorrow.column(name), self.tolerance)
        if found.within:
            self.compared.within[place] += found.within
        if found.count:
            self.compared.values[place] += found.count
        if found.count or found.within:
            rows = today.column(SOURCE_ROW)
            examples = tuple((rows[at].as_py(), old, new) for at, old, new in found.examples)
            how = How.CHANGED if found.count else How.SAME
            told = ValuesDiffer(one, name, how, found.count, found.within, found.largest, examples)
            self._tell((*place, how.value), told)
        return bool(found.count)


def _beside(today: pa.Table, tomorrow: pa.Table) -> tuple[pa.Table, pa.Table, list[int], list[int]]:
    """The rows that both tables have, in one order, and the places in the file of those that only one has."""
    if today.column(SOURCE_ROW).equals(tomorrow.column(SOURCE_ROW)):
        return today, tomorrow, [], []
    left, right = _places(today), _places(tomorrow)
    both = [key for key in left if key in right]
    return (
        today.take(pa.array([left[key] for key in both], pa.int64())),
        tomorrow.take(pa.array([right[key] for key in both], pa.int64())),
        sorted(row for row, _ in left.keys() - right.keys()),
        sorted(row for row, _ in right.keys() - left.keys()),
    )


def _places(table: pa.Table) -> Mapping[tuple[int, int], int]:
    """Where each row stands in a table, by its place in the file; where several have one place, in their order."""
    seen: Counter[int] = Counter()
    places: dict[tuple[int, int], int] = {}
    for place, row in enumerate(table.column(SOURCE_ROW).to_pylist()):
        places[row, seen[row]] = place
        seen[row] += 1
    return places


@dataclass(slots=True)
class _Differing:
    """How many values of a column differ, and the first of them: place, today's and tomorrow's."""

    count: int
    within: int
    largest: Decimal | None
    examples: list[tuple[int, Any, Any]]


def _values_that_differ(today: pa.ChunkedArray, tomorrow: pa.ChunkedArray, tolerance: Tolerance) -> _Differing:
    old, new = today.combine_chunks(), tomorrow.combine_chunks()
    unequal = pc.or_(pc.fill_null(pc.not_equal(old, new), fill_value=False), pc.xor(pc.is_null(old), pc.is_null(new)))
    found = _Differing(0, 0, None, [])
    for place, before, after in _both(old, new, pc.indices_nonzero(unequal)):
        if _is_number(before) and _is_number(after):
            if tolerance.covers(Decimal(before), Decimal(after)):
                found.within += 1
                continue
            size = distance(Decimal(before), Decimal(after))
            found.largest = size if found.largest is None else max(found.largest, size)
        found.count += 1
        if len(found.examples) < EXAMPLES:
            found.examples.append((place, before, after))
    return found


def _both(old: pa.Array, new: pa.Array, places: pa.Array) -> Iterator[tuple[int, Any, Any]]:
    return zip(places.to_pylist(), old.take(places).to_pylist(), new.take(places).to_pylist(), strict=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, (Decimal, int)) and not isinstance(value, bool)

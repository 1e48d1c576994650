"""A rule book as a value: its rules by suite, and its thresholds. Of today, of another day, or out of a folder.

`catalogue` finds the book that the program goes by. What is tried before it holds, by whoever judges with another book
in its place, is made here: the book as it stands on a later day, or one whose suites lie in a folder. What the reader
refuses a file for stays as it is there, since the reader judges it: its words alone may be others.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from expectations.catalogue import (
    CALENDAR_SUITE,
    COMMON_SUITE,
    CORRECTIONS_SUITE,
    all_reports,
    parameters_in,
    rules_of_suite,
    thresholds_of_the_book,
)
from expectations.fingerprint import without_layout
from expectations.sources import record_of
from expectations.thresholds import Thresholds
from expectations.vocabulary import READERS_VERB, Parameter, Rule

KWARGS_OF_VERBS: Mapping[str, Mapping[str, type]] = MappingProxyType(
    {
        READERS_VERB: {},
        "expect_key_to_be_unique": {"key": list, "subject": str},
        "expect_no_row_where": {"violation": str, "subject": str, "found": str, "expected": str},
        "expect_no_cell_where": {"cells": dict, "subject": str, "expected": dict},
        "expect_no_findings_from": {"query": str},
    }
)
"""The verbs (`expectations.verbs`, which takes seconds to import), and what the condition of each must have."""
PARAMETERS_FILE = "parameters.toml"
"""A file of this name in a folder of suites holds every threshold, in place of the book's."""


class NoBookError(ValueError):
    """A folder that holds no rule book, with a sentence that says where and what to do."""


@dataclass(frozen=True)
class Book:
    """Every rule by its suite, and the thresholds: each as on the day of the file, or as on `thresholds_on`."""

    suites: Mapping[str, tuple[Rule, ...]]
    thresholds: Thresholds
    thresholds_on: date | None = None

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """Every rule by its id, in the order of the suites."""
        return MappingProxyType({rule.id: rule for rule in chain(*self.suites.values())})

    def rules_for(self, report_name: str) -> tuple[Rule, ...]:
        """The rules that a file of that report meets: the common ones and its own."""
        return (*self.suites[COMMON_SUITE], *self.suites[report_name])

    def rejecting_rules(self, report_name: str) -> tuple[Rule, ...]:
        """The rules that refuse a file of that report: structure and integrity."""
        return tuple(rule for rule in self.rules_for(report_name) if rule.kind.rejects)

    def published_rules(self, report_name: str) -> tuple[Rule, ...]:
        """The rules that judge what is accepted of that report."""
        return tuple(rule for rule in self.rules_for(report_name) if not rule.is_met_once)

    def filing_rules(self, report_name: str) -> tuple[Rule, ...]:
        """The rules that a file of that report meets once, when it is filed."""
        return tuple(rule for rule in self.rules_for(report_name) if rule.is_met_once)

    def value(self, name: str, day: date, exchange: str) -> Any:
        """A threshold for a file of that day and exchange; None where the exchange has none."""
        return self.thresholds.value(name, self.thresholds_on or day, exchange)

    def values(self, names: Sequence[str], day: date, exchange: str) -> dict[str, Any]:
        """Several thresholds by their names, for a file of that day and exchange."""
        return {name: self.value(name, day, exchange) for name in names}


@cache
def _suites_of_the_book() -> Mapping[str, tuple[Rule, ...]]:
    return MappingProxyType({name: rules_of_suite(name) for name in suite_names()})


def suite_names() -> tuple[str, ...]:
    """The names of all suites, the common one first, in the book's order."""
    return (COMMON_SUITE, *all_reports(), CALENDAR_SUITE, CORRECTIONS_SUITE)


@cache
def the_book() -> Book:
    """The book that the program goes by, with its own thresholds."""
    return Book(_suites_of_the_book(), thresholds_of_the_book())


def book_with(thresholds: Thresholds) -> Book:
    """The same with the thresholds of a store."""
    return replace(the_book(), thresholds=thresholds)


def book_standing_on(book: Book, day: date, first_day: date, last_day: date) -> Book:
    """The book as it stands on `day`, held against files of `first_day` to `last_day` as if it had always stood so.

    What begins after `first_day` and no later than `day` has no first day; what begins later is left out, if it holds
    for any of the files. Every threshold is as on `day`.
    """

    def standing(rules: Sequence[Rule]) -> Iterator[Rule]:
        for rule in rules:
            since = rule.effective_from
            if since is None or since <= min(day, first_day) or since > max(day, last_day):
                yield rule
            elif since <= day:
                yield replace(rule, effective_from=None)

    suites = {name: tuple(standing(rules)) for name, rules in book.suites.items()}
    return Book(MappingProxyType(suites), book.thresholds, day)


def last_beginning(book: Book) -> date:
    """The last day on which a rule or a value of a threshold begins to hold."""
    rules = [rule.effective_from for rule in book.rules.values() if rule.effective_from]
    return max([date.min, *rules, *(entry.effective_from for entry in book.thresholds.entries)])


def judges_as(one: Rule, other: Rule) -> bool:
    """True where two rules judge alike: whatever their words say and however their SQL is laid out."""
    return _judging(one) == _judging(other)


def _judging(rule: Rule) -> tuple[object, ...]:
    kwargs = {name: without_layout(text) if isinstance(text, str) else text for name, text in rule.kwargs.items()}
    return rule.kind, rule.report, rule.type, kwargs, {*rule.parameters}, rule.reads, {*rule.needs}, rule.effective_from


# ------------------------------------------------------------------------------------------- out of a folder


def book_in(folder: Path, otherwise: Book) -> Book:
    """The book whose suites lie in `folder`, each whole; what is not there is as in the book `otherwise`.

    The folder holds the sources of suites (`halts/HLT-004.toml`, as in `expectations/rules`) or compiled ones
    (`halts.json`), and `parameters.toml` where thresholds are others. Raises NoBookError.
    """
    if not folder.is_dir():
        raise NoBookError(f"{folder}: there is no such folder; give one with suites of rules")
    entries = [path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "__"))]
    sources = [path for path in entries if path.is_dir()]
    compiled = [path for path in entries if path.suffix == ".json" and path.is_file()]
    if sources and compiled:
        raise NoBookError(f"{folder}: it holds both folders of sources and compiled suites; give one of the two")
    parameters = folder / PARAMETERS_FILE
    if not sources and not compiled and not parameters.is_file():
        raise NoBookError(
            f"{folder}: there are no rules in it; give a folder that holds halts/HLT-004.toml or halts.json, or more"
        )
    suites = dict(otherwise.suites)
    for path in (*sources, *compiled):
        if path.stem not in suites:
            raise NoBookError(f"{path}: there is no suite '{path.stem}'; the suites are {', '.join(suites)}")
        records = list(_sources(path) if path.is_dir() else _compiled(path))
        suites[path.stem] = tuple(_checked_rule(path.stem, place, record) for place, record in records)
    thresholds = otherwise.thresholds
    if parameters.is_file():
        thresholds = Thresholds(_parameters(parameters)).changed_by(thresholds.changed)
    book = Book(MappingProxyType(suites), thresholds)
    _must_be_whole(folder, book, otherwise)
    return book


_NOT_RIGHT = (KeyError, TypeError, AttributeError, ValueError, RecursionError)
"""What reading a record raises where it is not what it should be."""


def _sources(folder: Path) -> Iterator[tuple[Path, Any]]:
    found = [path for path in sorted(folder.glob("*.toml")) if path.is_file()]
    if not found:
        raise NoBookError(f"{folder}: there is no rule in it; a rule's source is called HLT-004.toml, and the like")
    for path in found:
        try:
            yield path, record_of(path)
        except _NOT_RIGHT as error:
            raise _no_rule(path, error) from error


def _compiled(path: Path) -> Iterator[tuple[Path, Any]]:
    try:
        records = json.loads(path.read_text("utf-8"))["expectations"]
    except _NOT_RIGHT as error:
        raise _no_rule(path, error) from error
    if not isinstance(records, list):
        raise NoBookError(f"{path}: 'expectations' is no list of rules; write the file with 'daxa rules compile'")
    yield from ((path, record) for record in records)


def _no_rule(path: Path, error: Exception) -> NoBookError:
    missing = f"it lacks {error}" if isinstance(error, KeyError) else str(error).replace("\n", " ")
    return NoBookError(f"{path}: it cannot be read as rules ({missing}); compare it with one in expectations/rules")


def _checked_rule(suite: str, path: Path, record: Any) -> Rule:
    """The rule of a record; NoBookError where it is none that could be judged."""
    try:
        (rule,) = rules_of_suite(suite, [record])
    except _NOT_RIGHT as error:
        raise _no_rule(path, error) from error
    where = f"{path}: {rule.id}"
    wanted = KWARGS_OF_VERBS.get(rule.type)
    if wanted is None:
        raise NoBookError(f"{where} has the verb '{rule.type}'; the verbs are {', '.join(KWARGS_OF_VERBS)}")
    for name, type_ in wanted.items():
        if not isinstance(rule.kwargs.get(name), type_):
            raise NoBookError(f"{where}: its condition has no {name} ({type_.__name__}), which '{rule.type}' needs")
    windows = rule.reads.values()
    if not all(isinstance(day, int) for window in windows for day in window):
        raise NoBookError(f"{where}: what it reads is not given in days, such as [-28, -1]")
    return rule


def _parameters(path: Path) -> tuple[Parameter, ...]:
    try:
        entries = parameters_in(path)
    except (tomllib.TOMLDecodeError, ArithmeticError, *_NOT_RIGHT) as error:
        raise _no_rule(path, error) from error
    wrong = [one.name for one in entries if type(one.effective_from) is not date]
    if wrong:
        raise NoBookError(f"{path}: {wrong[0]} has no day since which it holds; write effective_from = 2027-01-01")
    inexact = [one.name for one in entries if not isinstance(one.value, (int, Decimal)) or isinstance(one.value, bool)]
    if inexact:
        raise NoBookError(f'{path}: {inexact[0]} is no exact number; write a fraction in quotes: value = "0.01"')
    return entries


def _must_be_whole(folder: Path, book: Book, otherwise: Book) -> None:
    """No rule stands twice, every threshold that a rule names is there, and the reader's rules are those it judges."""
    seen: set[str] = set()
    for rule in chain(*book.suites.values()):
        if rule.id in seen:
            raise NoBookError(f"{folder}: {rule.id} stands twice; give it once")
        seen.add(rule.id)
        for name in rule.parameters:
            if not any(entry.name == name for entry in book.thresholds.entries):
                raise NoBookError(
                    f"{folder}: {rule.id} goes by '{name}', which is no threshold; add it to {PARAMETERS_FILE}"
                )
    read, known = (
        {rule.id: rule for rule in chain(*one.suites.values()) if rule.type == READERS_VERB}
        for one in (book, otherwise)
    )
    if lacking := sorted(known.keys() - read.keys()):
        raise NoBookError(f"{folder}: {', '.join(lacking)} is missing, which the reader judges; add its source")
    if unknown := sorted(read.keys() - known.keys()):
        raise NoBookError(f"{folder}: {', '.join(unknown)} is said to be judged by the reader, which does not know it")
    for name, rule in known.items():
        if rule.kind.rejects and not judges_as(rule, read[name]):
            raise NoBookError(
                f"{folder}: {name} has another kind or date; what the reader refuses files for stays as it is"
            )

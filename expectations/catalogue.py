"""Finds the shapes, the suites and the parameters, and answers what was in force on a day.

Everything is found by walking `expectations/reports`: a report is one module with `REPORT` and one JSON suite of
the same name; `submission.json` holds the rules of all reports; thresholds are entries of `parameters.toml`.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from expectations import reports as reports_package
from expectations.fingerprint import digest_of_book
from expectations.thresholds import Thresholds
from expectations.vocabulary import (
    Decider,
    Decision,
    Interpretation,
    Kind,
    Parameter,
    Report,
    Rule,
    Source,
    Wording,
)

_FOLDER = Path(reports_package.__file__).parent
_PARAMETERS = _FOLDER.parent / "parameters.toml"
COMMON_SUITE = "submission"
"""Name of the suite whose rules hold for every report."""

CALENDAR_SUITE = "calendar"
"""Name of the suite whose rules are about what was to be filed, not about a file."""

CORRECTIONS_SUITE = "corrections"
"""Name of the suite whose rules are about what a correction or a withdrawal takes away."""

REPORT_ORDER = (
    "api_volume",
    "api_keys",
    "key_actions",
    "reconciliation",
    "halts",
    "audits",
    "surveillance",
)
"""Order of the specification; a report not named here comes after them."""


@cache
def all_reports() -> Mapping[str, Report]:
    """Every report's shape by its name, in the specification's order."""
    found = {
        module.name: importlib.import_module(f"{reports_package.__name__}.{module.name}").REPORT
        for module in pkgutil.iter_modules(reports_package.__path__)
    }
    rank = {name: place for place, name in enumerate(REPORT_ORDER)}
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: (rank.get(item[0], 99), item[0]))))


def report(name: str) -> Report:
    """The shape of the report called `name`; KeyError in one sentence naming those there are."""
    try:
        return all_reports()[name]
    except KeyError:
        raise KeyError(f"there is no report '{name}'; the reports are {', '.join(all_reports())}") from None


@cache
def suite(name: str) -> Mapping[str, Any]:
    """The Great Expectations suite `name` as it stands in its file."""
    return MappingProxyType(json.loads((_FOLDER / f"{name}.json").read_text("utf-8")))


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its id, the common ones first, then report by report."""
    rules: dict[str, Rule] = {}
    for name in (COMMON_SUITE, *all_reports(), CALENDAR_SUITE, CORRECTIONS_SUITE):
        for rule in rules_of_suite(name):
            if rule.id in rules:
                raise ValueError(f"rule {rule.id} stands twice, again in {name}.json")
            rules[rule.id] = rule
    return MappingProxyType(rules)


def rules_of_suite(name: str, records: Sequence[Mapping[str, Any]] | None = None) -> tuple[Rule, ...]:
    """The rules of a suite, in its order; with `records` those that another suite of that name holds."""
    if records is None:
        records = suite(name)["expectations"]
    return tuple(_rule(record, name if name in all_reports() else None) for record in records)


def _rule(record: Mapping[str, Any], report_name: str | None) -> Rule:
    meta = record["meta"]
    since = meta["effective_from"]
    return Rule(
        id=meta["id"],
        kind=Kind(meta["kind"]),
        report=report_name,
        statement=_wording(meta, "statement"),
        remedy=_wording(meta, "remedy"),
        source=Source(meta["source"]),
        reference=meta["reference"],
        effective_from=date.fromisoformat(since) if since else None,
        parameters=tuple(meta["parameters"]),
        type=record["type"],
        kwargs=record["kwargs"],
        example=meta["example"],
        reasons={code: Wording(**texts) for code, texts in meta.get("reasons", {}).items()},
        reads={name: (first, last) for name, (first, last) in meta.get("reads", {}).items()},
        needs=tuple(meta.get("needs", ())),
        interpretation=_interpretation(meta["interpretation"]),
    )


def _wording(record: Mapping[str, Any], name: str) -> Wording:
    return Wording(record[f"{name}_ko"], record[f"{name}_en"])


def _interpretation(record: Mapping[str, Any]) -> Interpretation:
    return Interpretation(
        clause=_wording(record, "clause"),
        reading=_wording(record, "reading"),
        rationale=_wording(record, "rationale"),
        decided=tuple(Decision(Decider(one["by"]), date.fromisoformat(one["on"])) for one in record["decided"]),
        expected_to_change=_wording(record, "expected_to_change") if record["expected_to_change_ko"] else None,
    )


def rules_for(report_name: str) -> tuple[Rule, ...]:
    """The rules that a file of that report meets: the common ones and its own."""
    others = (*calendar_rules(), *correction_rules())
    return tuple(r for r in all_rules().values() if r.report in (None, report_name) and r not in others)


def calendar_rules() -> tuple[Rule, ...]:
    """The rules about what was to be filed and when."""
    return _rules_of(CALENDAR_SUITE)


def correction_rules() -> tuple[Rule, ...]:
    """The rules about what a correction or a withdrawal takes away."""
    return _rules_of(CORRECTIONS_SUITE)


def _rules_of(name: str) -> tuple[Rule, ...]:
    return tuple(all_rules()[record["meta"]["id"]] for record in suite(name)["expectations"])


def rejecting_rules(report_name: str) -> tuple[Rule, ...]:
    """The rules that refuse a file of that report: structure and integrity."""
    return tuple(rule for rule in rules_for(report_name) if rule.kind.rejects)


def published_rules(report_name: str) -> tuple[Rule, ...]:
    """The rules that judge what is accepted of that report: compliance, consistency and plausibility.

    What the reader finds of a file once is not judged again.
    """
    return tuple(rule for rule in rules_for(report_name) if not rule.is_met_once)


@cache
def all_parameters() -> tuple[Parameter, ...]:
    """Every value of every threshold, in the order of the file."""
    return parameters_in(_PARAMETERS)


def parameters_in(path: Path) -> tuple[Parameter, ...]:
    """Every value of every threshold in a file such as the book's."""
    entries = tomllib.loads(path.read_text("utf-8"))["parameter"]
    return tuple(
        Parameter(
            name=entry["name"],
            value=_number(entry["value"]),
            effective_from=entry["effective_from"],
            source=Source(entry["source"]),
            reason=Wording(entry["reason_ko"], entry["reason_en"]),
            exchange=entry.get("exchange"),
            minimum=_number(entry.get("minimum")),
            maximum=_number(entry.get("maximum")),
        )
        for entry in entries
    )


def _number(value: Any) -> Any:
    """A number with a fraction is written as text, so that it is exact."""
    return Decimal(value) if isinstance(value, str) else value


@cache
def thresholds_of_the_book() -> Thresholds:
    """The thresholds as the book has them, before anybody changed one."""
    return Thresholds(all_parameters())


def parameter(name: str, day: date | None = None, exchange: str | None = None) -> Any:
    """The value that the book itself has of a threshold, as `Thresholds.value` says.

    What judges or shows reports asks the thresholds of a store instead: these may have been changed there.
    """
    return thresholds_of_the_book().value(name, day, exchange)


@cache
def _book_digest() -> bytes:
    suites = {path.stem: suite(path.stem)["expectations"] for path in sorted(_FOLDER.glob("*.json"))}
    return digest_of_book(suites, sorted([*_FOLDER.glob("*.py"), _PARAMETERS]))


def rule_set_version(thresholds: Thresholds | None = None) -> str:
    """Twelve hexadecimal digits that change with any shape, rule or parameter (specification, 3.4).

    How a rule was read and how its SQL is laid out judge nothing and change nothing here. With `thresholds` they
    change also with every one that was set in place of the book's.
    """
    changed = thresholds.changed if thresholds else ()
    if not changed:
        return _book_digest().hex()[:12]
    digest = hashlib.sha256(_book_digest())
    for entry in changed:
        said = (entry.name, entry.exchange or "", f"{entry.value}", entry.effective_from.isoformat())
        digest.update("\n".join((*said, "")).encode())
    return digest.hexdigest()[:12]

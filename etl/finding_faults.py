"""The findings held against the rules: every file judged anew from its bytes, and all that is accepted from its rows.

Only what was judged by this program's rule book is judged anew, under any of the thresholds that were set since: what
another book found cannot be found again here, and is counted. A file's verdict depends on what was in force of its
exchange and report at the moment before it, which the records of the states say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from etl.affected import StoreChange
from etl.bounded import Beyond
from etl.evidence import DamagedEvidenceError
from etl.examine import Past, decide, read_one
from etl.faults import Fault
from etl.judgements import RuleOutcome
from etl.overdue import late_filings
from etl.receipts import findings_digest
from etl.records import judgements
from etl.records import submissions as life
from etl.records.submissions import Submission
from etl.records.thresholds import thresholds_in_force
from etl.review import batches, findings_now, reading_entities, reading_rows
from etl.store import Store
from etl.waves import incoming_of, size_of, waves
from expectations.catalogue import (
    all_rules,
    calendar_rules,
    published_rules,
    rule_set_version,
    thresholds_of_the_book,
)
from expectations.vocabulary import Finding, State


def rule_sets_held(connection: Connection) -> frozenset[str]:
    """The versions of the rule set that this program's book had under the thresholds of one change after another."""
    book, changed = thresholds_of_the_book(), thresholds_in_force(connection).changed
    return frozenset(rule_set_version(book.changed_by(changed[:count])) for count in range(len(changed) + 1))


def verdicts_held(connection: Connection, asked: Sequence[Submission]) -> list[Submission]:
    """Those of the submissions whose verdict can be found again: their bytes are kept, and the book judged them.

    What ended because it took too long or too much memory took that of the machine that it was judged on.
    """
    held = rule_sets_held(connection)
    decided = [one for one in asked if one.is_decided and one.evidence_kept and one.rule_set_version in held]
    found = life.findings_of(connection, [one.id for one in decided])
    bounds = set(Beyond)
    return [one for one in decided if not any(finding.reason in bounds for _, finding in found[one.id])]


def verdict_faults(store: Store, connection: Connection, asked: Sequence[Submission]) -> Iterator[Fault]:
    """Verdicts that the kept bytes do not bring under the rules; damaged bytes are told elsewhere."""
    for batch in waves(asked, size_of):
        readings = []
        for one in batch:
            try:
                readings.append(read_one(incoming_of(store, one, _past_of(connection, one))))
            except (DamagedEvidenceError, OSError):
                continue
        verdicts = decide(readings)
        recorded = life.findings_of(connection, list(verdicts))
        for one in batch:
            verdict = verdicts.get(one.id)
            if verdict is None:
                continue
            was_accepted = one.state is not State.REJECTED
            if (verdict.state is State.ACCEPTED) is not was_accepted:
                yield Fault(one.id, f"is {one.state.value}; judged again its bytes are {verdict.state.value}")
                continue
            met_once = [(kind, found) for kind, found in recorded[one.id] if all_rules()[found.rule].is_met_once]
            if findings_digest(met_once) != findings_digest((kind, found) for found, kind in verdict.findings):
                yield Fault(one.id, "its findings are not those that its bytes bring when they are judged again")


def _past_of(connection: Connection, one: Submission) -> Past:
    """What was in force when a file was examined."""
    before = life.in_force_before_verdict(connection, one)
    periods = tuple(other.period for other in before if other.period.overlaps(one.period))
    earlier: frozenset[str] = frozenset()
    if one.report == "halts":
        earlier = life.halt_ids_of(connection, [o.id for o in before if o.period.start < one.period.start])
    return Past(periods, earlier)


def standing_faults(store: Store, connection: Connection, asked: Sequence[Submission]) -> Iterator[Fault]:
    """Findings about accepted data that the rules do not find now, or that are found and not recorded.

    Nothing is compared while a change has yet to be judged, since what is found of it is not recorded yet.
    """
    if life.unreviewed(connection):
        return
    accepted = [one for one in asked if one.state is State.ACCEPTED]
    held = rule_sets_held(connection)
    for name in dict.fromkeys(one.report for one in accepted):
        own = [one for one in accepted if one.report == name]
        for rules in (reading_rows(published_rules(name)), reading_entities(published_rules(name))):
            for batch in batches(own):
                found = findings_now(store, connection, name, batch, rules)
                yield from _differing(connection, found, [rule.id for rule in rules], held)
    changes = [StoreChange.of(one) for one in accepted]
    if changes:
        late = late_filings(connection, changes, datetime.now(UTC))
        numbers = {one.id for one in accepted}
        found = {number: [finding for finding, _ in some] for number, some in late.items() if number in numbers}
        yield from _differing(connection, found, [rule.id for rule in calendar_rules()], held)


def _differing(
    connection: Connection, found: dict[str, list[Finding]], rules: Sequence[str], held: frozenset[str]
) -> Iterator[Fault]:
    """What is recorded otherwise than found, by submission and rule; of rules that this program's book judged."""
    comparable = {
        (one.submission, one.judgement.rule)
        for one in judgements.recorded(connection, list(found), rules)
        if one.rule_set_version in held and one.judgement.outcome is not RuleOutcome.FAILED
    }
    recorded = life.findings_of(connection, list(found))
    for number, now in found.items():
        was = Counter(finding for _, finding in recorded[number] if (number, finding.rule) in comparable)
        is_ = Counter(finding for finding in now if (number, finding.rule) in comparable)
        for rule in sorted({finding.rule for finding in (was - is_) + (is_ - was)}):
            more = sum(count for finding, count in (was - is_).items() if finding.rule == rule)
            lacking = sum(count for finding, count in (is_ - was).items() if finding.rule == rule)
            yield Fault(
                number,
                f"judged again by {rule} it has other findings: {more} recorded are not found, {lacking} found are not "
                "recorded",
            )

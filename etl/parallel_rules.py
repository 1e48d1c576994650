"""Another rule book tried on what is filed, before it comes into force: what it would find that is not found now.

Both books judge the same files by the same judge: what is accepted as a review judges it (`etl.review`), what refuses a
file as it was judged when it was filed (`etl.examine`), and the calendar and the corrections. Only what the two books
would judge differently is judged, twice; for everything else they agree without being asked. Files are taken a few days
at a time, so that a store of any size takes the memory of some days. Nothing is recorded.

A file that another book would refuse is compared by its other rules as it is accepted now; of a file that is refused
now and would be accepted then, the rules over accepted reports are not asked, since its rows are not published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain
from typing import Any

from etl.calendar import Obligation, obligations
from etl.context import RELATIONS
from etl.examine import Incoming, Verdict, decide, read_one
from etl.intake import Declared
from etl.jobs import past_of
from etl.lifted_breaches import corrections_now
from etl.overdue import CalendarFinding, calendar_findings, in_force_at, submission_of
from etl.parallel import (
    EXAMPLES,
    ChangeOfBook,
    Difference,
    Hindrance,
    How,
    Listener,
    NotCompared,
    Progress,
    RuleChange,
    RulesCompared,
    ThresholdChange,
    Told,
    VerdictChange,
    beside,
)
from etl.records import submissions as life
from etl.records.engine import RecordsUnavailableError, reading
from etl.records.submissions import Submission
from etl.records.thresholds import thresholds_in_force
from etl.review import (
    Question,
    answered,
    asked,
    batches,
    failing,
    is_judged_whatever_its_period,
    reading_entities,
    reading_rows,
    thresholds_of,
)
from etl.store import Store
from etl.unevaluated import evaluations
from etl.waves import incoming_of, size_of, waves
from expectations.book import Book, NoBookError, book_with, judges_as
from expectations.catalogue import CALENDAR_SUITE, CORRECTIONS_SUITE, all_reports, report
from expectations.judge import RuleCrashedError, without_columns
from expectations.vocabulary import READERS_VERB, Finding, Period, Rule, State


def books_of(store: Store) -> Book:
    """The book that a store is judged by, with its thresholds."""
    with reading(store.engine) as connection:
        return book_with(thresholds_in_force(connection))


def must_read_what_there_is(book: Book) -> None:
    """NoBookError where a rule reads a relation that there is none of."""
    for rule in chain.from_iterable(map(book.published_rules, all_reports())):
        if unknown := [name for name in rule.reads if name not in RELATIONS]:
            raise NoBookError(f"{rule.id} reads '{unknown[0]}'; what can be read is {', '.join(RELATIONS)}")


def compare_books(
    store: Store,
    today: Book,
    tomorrow: Book,
    files: Sequence[Submission],
    *,
    now: datetime,
    listener: Listener | None = None,
    progress: Progress | None = None,
) -> RulesCompared:
    """Judge files, of which there is one at least, by two books and compare; each difference is told to `listener`."""
    first_day, last_day = files[0].period.first_day, max(one.period.last_day for one in files)
    compared = RulesCompared(
        tuple(_rule_changes(today, tomorrow)), tuple(_threshold_changes(today, tomorrow, first_day, last_day))
    )
    run = _Run(store, today, tomorrow, compared, listener or (lambda told: None), progress, len(files))
    for one in files:
        compared.files[one.exchange] += 1
        if one.state in (State.RECEIVED, State.FAILED):
            run.cannot(one, None, Hindrance.PENDING if one.state is State.RECEIVED else Hindrance.FAILED)
    judged = [one for one in files if one.state in (State.ACCEPTED, State.REJECTED)]
    for name in all_reports():
        own = [one for one in judged if one.report == name]
        run.compare_verdicts(name, own)
        run.compare_accepted(name, [one for one in own if one.state is State.ACCEPTED])
    exchanges = tuple(dict.fromkeys(one.exchange for one in files))
    run.or_said_why(CALENDAR_SUITE, lambda: run.compare_calendar(first_day, last_day, exchanges, now))
    every = [*files, *_withdrawn(store, first_day, last_day, exchanges)]
    run.or_said_why(CORRECTIONS_SUITE, lambda: run.compare_corrections(every))
    return compared


def _withdrawn(store: Store, first_day: date, last_day: date, exchanges: Sequence[str]) -> list[Submission]:
    """What was withdrawn of these days, since it is asked about too."""
    first, last = Period.of_day(first_day), Period.of_day(last_day)
    with reading(store.engine) as connection:
        every = life.listed(connection, first=first, last=last)
    return [one for one in every if one.state is State.WITHDRAWN and one.exchange in exchanges]


def _rule_changes(today: Book, tomorrow: Book) -> Iterator[RuleChange]:
    for id_ in dict.fromkeys((*today.rules, *tomorrow.rules)):
        before, after = today.rules.get(id_), tomorrow.rules.get(id_)
        if before is None and after is not None:
            yield RuleChange(id_, ChangeOfBook.ADDED, after.effective_from)
        elif before is not None and after is None:
            yield RuleChange(id_, ChangeOfBook.DROPPED, before.effective_from)
        elif before is not None and after is not None and not judges_as(before, after):
            only_date = judges_as(before, replace(after, effective_from=before.effective_from))
            yield RuleChange(id_, ChangeOfBook.BEGINS if only_date else ChangeOfBook.CHANGED, before.effective_from)


def _threshold_changes(today: Book, tomorrow: Book, first_day: date, last_day: date) -> Iterator[ThresholdChange]:
    entries = (*today.thresholds.entries, *tomorrow.thresholds.entries)
    for name, exchange in dict.fromkeys((entry.name, entry.exchange) for entry in entries):
        after = _value(tomorrow, name, last_day, exchange)
        for day in (first_day, last_day):
            before = _value(today, name, day, exchange)
            if before != after:
                yield ThresholdChange(name, exchange, before, after)
                break


def _value(book: Book, name: str, day: date, exchange: str | None) -> Any:
    try:
        return book.thresholds.value(name, book.thresholds_on or day, exchange)
    except KeyError:
        return None


@dataclass(frozen=True, slots=True)
class _Pair:
    """A rule in today's book and in tomorrow's; None where it is not there. `rule` is the one to tell about."""

    rule: Rule
    before: Rule | None
    after: Rule | None


def _pairs(before: Sequence[Rule], after: Sequence[Rule]) -> Iterator[_Pair]:
    old, new = {rule.id: rule for rule in before}, {rule.id: rule for rule in after}
    for id_, rule in {**old, **new}.items():
        yield _Pair(rule, old.get(id_), new.get(id_))


@dataclass(slots=True)
class _Run:
    """One comparison under way."""

    store: Store
    today: Book
    tomorrow: Book
    compared: RulesCompared
    listener: Listener
    progress: Progress | None
    total: int
    done: int = 0

    # ------------------------------------------------------------------------------------------- what is told

    def cannot(self, submission: Submission | None, rule: str | None, why: Hindrance, detail: str = "") -> None:
        """Note what could not be compared, of a file or at all."""
        told, exchange = NotCompared(submission, rule, why, detail), submission.exchange if submission else ""
        self.compared.not_compared[exchange, rule, why] += 1
        self._tell((rule or "", exchange, why.value), told)

    def _tell(self, key: tuple[str, str, str], told: Told) -> None:
        kept = self.compared.examples.setdefault(key, [])
        if len(kept) < EXAMPLES:
            kept.append(told)
        self.listener(told)

    def _tell_findings(
        self,
        rule: Rule,
        place: tuple[str, str, Period, str | None, Submission | None],
        today: Sequence[Finding],
        tomorrow: Sequence[Finding],
    ) -> None:
        exchange = place[0]
        for how, before, after in beside(today, tomorrow):
            self.compared.findings[rule.id, exchange, how] += 1
            if how is not How.SAME:
                self._tell((rule.id, exchange, how.value), Difference(rule, *place, how, before, after))

    def _step(self, count: int, name: str) -> None:
        self.done += count
        if self.progress is not None:
            self.progress(self.done, self.total, name)

    # ------------------------------------------------------------------------------------------ which rules

    def _differing(
        self, before: Sequence[Rule], after: Sequence[Rule], batch: Sequence[Submission] = ()
    ) -> list[_Pair]:
        """The rules of the two books that may judge a batch differently, side by side."""
        return [pair for pair in _pairs(before, after) if self._differ(pair.before, pair.after, batch)]

    def _differ(self, before: Rule | None, after: Rule | None, batch: Sequence[Submission]) -> bool:
        if before is None or after is None or not judges_as(before, after):
            return True
        for one in batch:
            as_if = is_judged_whatever_its_period(self.store, one)
            old, new = (thresholds_of(book, after.parameters, one, as_if) for book in (self.today, self.tomorrow))
            if old != new:
                return True
        read_by = {id_ for name in after.reads for id_ in (RELATIONS[name].by_rules if name in RELATIONS else ())}
        others = read_by - {after.id}
        return any(self._differ(self.today.rules.get(id_), self.tomorrow.rules.get(id_), batch) for id_ in others)

    # ------------------------------------------------------------------------------------ what refuses a file

    def compare_verdicts(self, name: str, files: Sequence[Submission]) -> None:
        """Judge files by what refuses them, as when they were filed, where the books differ in that."""
        pairs = self._differing(self.today.filing_rules(name), self.tomorrow.filing_rules(name))
        for one in files:
            if not pairs or not one.evidence_kept:  # what was discarded is refused for what it held, whatever else
                self.compared.verdicts[one.exchange, one.state, one.state] += 1
        kept = [one for one in files if pairs and one.evidence_kept]
        for chunk in waves(kept, size_of):
            self._compare_chunk(chunk, pairs)
        self._step(sum(one.state is State.REJECTED for one in files), name)

    def _compare_chunk(self, chunk: Sequence[Submission], pairs: Sequence[_Pair]) -> None:
        def judge(some: Sequence[Submission]) -> None:
            verdicts = self._verdicts(some, pairs)
            for one in some:
                self._compare_verdict(one, *verdicts[one.id], pairs)

        for some, error in failing(judge, chunk):
            why = Hindrance.RULE_FAILED if isinstance(error, RuleCrashedError) else Hindrance.FILE_FAILED
            rules = error.rules if isinstance(error, RuleCrashedError) else (None,)
            for one in some:
                for rule in rules:
                    self.cannot(one, rule, why, first_line(error))

    def _verdicts(self, some: Sequence[Submission], pairs: Sequence[_Pair]) -> dict[str, tuple[Verdict, Verdict]]:
        """The verdicts of some files by both books; bytes that are not what they were raise ValueError."""
        read_alike = not any(pair.rule.type == READERS_VERB for pair in pairs)
        incoming = [filed_again(self.store, one) for one in some]
        before = [read_one(one, book=self.today) for one in incoming]
        after = before if read_alike else [read_one(one, book=self.tomorrow) for one in incoming]
        today, tomorrow = decide(before, book=self.today), decide(after, book=self.tomorrow)
        return {one.id: (today[one.id], tomorrow[one.id]) for one in some}

    def _compare_verdict(
        self,
        one: Submission,
        today: Verdict,
        tomorrow: Verdict,
        pairs: Sequence[_Pair],
    ) -> None:
        if today.state is not one.state:
            self.cannot(one, None, Hindrance.OTHER_VERDICT, f"{one.state.value} → {today.state.value}")
            return
        self.compared.verdicts[one.exchange, today.state, tomorrow.state] += 1
        if today.state is not tomorrow.state:
            refused, book = (tomorrow, self.tomorrow) if tomorrow.state is State.REJECTED else (today, self.today)
            why = tuple((finding, book.rules[finding.rule]) for finding, kind in refused.findings if kind.rejects)
            change = VerdictChange(one, today.state, tomorrow.state, why)
            self._tell(("", one.exchange, f"{today.state.value}_{tomorrow.state.value}"), change)
        place = one.exchange, one.report, one.period, one.id, one
        for pair in pairs:
            old, new = ([f for f, _ in v.findings if f.rule == pair.rule.id] for v in (today, tomorrow))
            self._tell_findings(pair.rule, place, old, new)

    # ---------------------------------------------------------------------------------------- what is accepted

    def compare_accepted(self, name: str, files: Sequence[Submission]) -> None:
        """Judge accepted files of a report by the rules over accepted reports that the books differ in."""
        for batch in batches(files):
            pairs = self._differing(self.today.published_rules(name), self.tomorrow.published_rules(name), batch)
            if pairs:
                old = [pair.before for pair in pairs if pair.before is not None]
                new = [pair.after for pair in pairs if pair.after is not None]
                self._say_columns(name, batch, new)
                lacking = self._lacking(batch, new)
                today, tomorrow = (
                    self._found(name, batch, old, self.today),
                    self._found(name, batch, new, self.tomorrow),
                )
                for pair in pairs:
                    self._compare_findings(batch, pair, today, tomorrow)
                for (rule, number), names in lacking.items():
                    one = next((one for one in batch if one.id == number), None)
                    if one is not None and not tomorrow.get((rule, number)):
                        self.cannot(one, rule, Hindrance.LACKING, ", ".join(names))
            self._step(len(batch), batch[-1].file)

    def _compare_findings(self, batch: Sequence[Submission], pair: _Pair, today: _Found, tomorrow: _Found) -> None:
        id_ = pair.rule.id
        for one in batch:
            old = [] if pair.before is None else today.get((id_, one.id))
            new = [] if pair.after is None else tomorrow.get((id_, one.id))
            if old is not None and new is not None:  # what was not judged is noted already
                self._tell_findings(pair.rule, (one.exchange, one.report, one.period, one.id, one), old, new)

    def _found(self, name: str, batch: Sequence[Submission], rules: Sequence[Rule], book: Book) -> _Found:
        """What some rules find of a batch, by rule and submission; what could not be judged is noted and left out."""
        found: _Found = {}

        def judge(files: Sequence[Submission], some: Sequence[Rule]) -> None:
            question = self._question(name, files, some, book)
            answers = answered(question)
            for one in files:
                found.update({(rule.id, one.id): [] for rule in some})
                for finding in answers.found[one.id]:
                    found[finding.rule, one.id].append(finding)
                for rule in some if book is self.tomorrow else ():
                    if (rule.id, one.id) in answers.awaiting and not found[rule.id, one.id]:
                        self.cannot(one, rule.id, Hindrance.AWAITS_DATA)

        for group in (reading_rows(rules), reading_entities(rules)):
            for some, error in failing(lambda some: judge(batch, some), group):
                self._judge_singly(batch, some, error, judge)
        return found

    def _question(self, name: str, files: Sequence[Submission], rules: Sequence[Rule], book: Book) -> Question:
        """Everything read that judging takes; _UnreadError where it cannot be."""
        try:
            with reading(self.store.engine) as connection:
                return asked(self.store, connection, name, files, rules, book=book)
        except RecordsUnavailableError:
            raise
        except Exception as error:
            raise _UnreadError(first_line(error)) from error

    def _judge_singly(
        self,
        batch: Sequence[Submission],
        rules: Sequence[Rule],
        error: Exception,
        judge: Callable[[Sequence[Submission], Sequence[Rule]], None],
    ) -> None:
        """Where we failed on a rule, note that; where it was for a file, judge the others by it."""
        rule = rules[0].id
        if not isinstance(error, _UnreadError):
            for one in batch:
                self.cannot(one, rule, Hindrance.RULE_FAILED, first_line(error))
            return
        for files, reason in failing(lambda files: judge(files, rules), batch):
            for one in files:
                self.cannot(one, rule, Hindrance.FILE_FAILED, first_line(reason))

    def _lacking(self, batch: Sequence[Submission], rules: Sequence[Rule]) -> dict[tuple[str, str], tuple[str, ...]]:
        """The reports that rules need of a batch and that are not accepted, by rule and submission."""
        needing = [rule for rule in rules if rule.needs]
        if not needing:
            return {}
        exchanges = tuple(dict.fromkeys(one.exchange for one in batch))
        days = min(one.period.first_day for one in batch), max(one.period.last_day for one in batch)
        as_if = any(is_judged_whatever_its_period(self.store, one) for one in batch)
        with reading(self.store.engine) as connection:
            every = list(evaluations(connection, exchanges, *days, as_if_in_force=as_if, rules=needing))
        return {(one.rule.id, number): one.lacking for one in every if one.lacking for number in one.submissions}

    def _say_columns(self, name: str, batch: Sequence[Submission], rules: Sequence[Rule]) -> None:
        """Note the rules that ask for a column that the report had not on a file's day."""
        shape = report(name)
        absent = {day: without_columns(rules, shape, day) for day in {one.period.first_day for one in batch}}
        for one in batch:
            for rule in sorted(absent[one.period.first_day]):
                self.cannot(one, rule, Hindrance.NO_COLUMN)

    # --------------------------------------------------------------------------------- calendar and corrections

    def or_said_why(self, suite: str, compare: Callable[[], None]) -> None:
        """Compare by the rules of a suite that is about no file; where a rule fails, note that."""
        try:
            compare()
        except RecordsUnavailableError:
            raise
        except Exception as error:
            crashed = error.rules[0] if isinstance(error, RuleCrashedError) else suite
            self.cannot(None, crashed, Hindrance.RULE_FAILED, first_line(error))

    def compare_calendar(self, first_day: date, last_day: date, exchanges: Sequence[str], now: datetime) -> None:
        """What was filed late, is missing or was not replaced, by both books."""
        pairs = self._differing(self.today.suites[CALENDAR_SUITE], self.tomorrow.suites[CALENDAR_SUITE])
        if not pairs:
            return
        with reading(self.store.engine) as connection:
            every = obligations(connection, now, first_day=first_day, last_day=last_day, exchanges=exchanges)
            in_force = in_force_at(connection, now)
        due = [one for one in every if one.outcome.is_due or one.outcome.is_met or one.replacements]
        found: list[dict[tuple[str, str], list[CalendarFinding]]] = []
        for rules in ([pair.before for pair in pairs], [pair.after for pair in pairs]):
            by_place: dict[tuple[str, str], list[CalendarFinding]] = {}
            own = [rule for rule in rules if rule is not None]
            for said in calendar_findings(due, now, in_force, own) if own else ():
                by_place.setdefault((said.finding.rule, said.obligation.id), []).append(said)
            found.append(by_place)
        for pair in pairs:
            for one in due:
                self._compare_obligation(pair.rule, one, *(said.get((pair.rule.id, one.id), []) for said in found))

    def _compare_obligation(
        self,
        rule: Rule,
        one: Obligation,
        today: Sequence[CalendarFinding],
        tomorrow: Sequence[CalendarFinding],
    ) -> None:
        number = next((submission_of(said) for said in (*tomorrow, *today)), None)
        place = one.exchange, one.report, one.period, number, None
        self._tell_findings(rule, place, [said.finding for said in today], [said.finding for said in tomorrow])

    def compare_corrections(self, files: Sequence[Submission]) -> None:
        """What is asked about corrections and withdrawals, by both books; a month at a time."""
        pairs = self._differing(self.today.suites[CORRECTIONS_SUITE], self.tomorrow.suites[CORRECTIONS_SUITE])
        if not pairs:
            return
        seen: set[str] = set()
        for month in dict.fromkeys(one.period.text[:7] for one in files):
            touched = [one for one in files if one.period.text[:7] == month]
            found = []
            asked: list[Submission] = []
            with reading(self.store.engine) as connection:
                for rules in ([pair.before for pair in pairs], [pair.after for pair in pairs]):
                    asked, findings = corrections_now(connection, touched, [r for r in rules if r is not None])
                    found.append(findings)
            for one in asked:
                if one.id not in seen and one.period.text[:7] == month:
                    seen.add(one.id)
                    self._compare_correction(one, pairs, found)

    def _compare_correction(
        self, one: Submission, pairs: Sequence[_Pair], found: Sequence[Mapping[str, Sequence[Finding]]]
    ) -> None:
        place = one.exchange, one.report, one.period, one.id, one
        for pair in pairs:
            old, new = ([f for f in said.get(one.id, ()) if f.rule == pair.rule.id] for said in found)
            self._tell_findings(pair.rule, place, old, new)


_Found = dict[tuple[str, str], list[Finding]]


class _UnreadError(Exception):
    """What judging takes could not be read: the trouble of a file; any other failure is that of the rule."""


def filed_again(store: Store, one: Submission) -> Incoming:
    """A filed file as if it were filed now; DamagedEvidenceError or OSError where its bytes are not there."""
    with reading(store.engine) as connection:
        past = past_of(connection, Declared(one.exchange, one.report, one.period))
    return incoming_of(store, one, past)


def first_line(error: Exception) -> str:
    """What an error says, in one line of a length that can be shown."""
    return (str(error).splitlines() or [type(error).__name__])[0][:300]

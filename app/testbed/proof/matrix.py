"""Every rule × every exchange: the mutation fires exactly what it must, and the ground is silent.

Files go the real way. What a rule of structure or integrity refuses is proven by the check that an exchange may run
beforehand, against the accepted ground; what is accepted is filed into a copy of the ground's records, judged again
like any change, and its findings are asked as screens ask them. The five exchanges of a rule are proven together.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from app.testbed.proof import ground
from app.testbed.proof.files import Files, Mutation, Sent, Wanted
from app.testbed.proof.mutations import all_mutations
from etl import jobs
from etl.exchanges import all_exchanges
from etl.intake import Candidate, Declared
from etl.overdue import missing_now
from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store, open_store
from expectations.catalogue import all_rules
from expectations.vocabulary import Finding, State

Progress = Callable[[int, int, str], None]
"""Told the number of rules proven, of all, and the one at work."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One cell of the matrix: whether the rule fired exactly as it must and was silent on the ground.

    `not_applicable` says why the rule cannot concern the exchange; `differences` what was found and should not have
    been, or the other way round; `what` the mutation.
    """

    rule: str
    exchange: str
    what: str
    fired: bool
    silent: bool
    differences: tuple[str, ...] = ()
    not_applicable: str | None = None

    @property
    def holds(self) -> bool:
        """True where the cell is proven, or cannot be of this exchange."""
        return self.not_applicable is not None or (self.fired and self.silent)


class UnprovenRuleError(LookupError):
    """A rule without its mutation: a sentence that says what to add."""


def mutation_of(rule: str) -> Mutation:
    """The mutation that proves a rule; UnprovenRuleError in one sentence where there is none."""
    try:
        return all_mutations()[rule]
    except KeyError:
        raise UnprovenRuleError(
            f"rule {rule} has no proof: add a mutation '{rule}' to the module of its report in etl/proof/mutations, "
            "which changes the files of an exchange and returns the findings that must come of it"
        ) from None


def proof_matrix(progress: Progress | None = None) -> list[Proof]:
    """Every cell, rule by rule in the order of the book; a rule without a mutation has five cells that fail."""
    cells: list[Proof] = []
    rules = list(all_rules())
    for done, rule in enumerate(rules, 1):
        if progress is not None:
            progress(done, len(rules), rule)
        cells += _proofs(rule).values()
    return cells


def prove(rule: str, exchange: str) -> Proof:
    """One cell; the other exchanges' cells of the rule are proven with it and kept."""
    return _proofs(rule)[exchange]


def put_away() -> None:
    """Remove the folder in which proofs are made, and forget what was proven."""
    if _bench.cache_info().currsize:
        shutil.rmtree(_bench().folder, ignore_errors=True)
    _bench.cache_clear()
    _proofs.cache_clear()


@cache
def _proofs(rule: str) -> dict[str, Proof]:
    try:
        mutation = mutation_of(rule)
    except UnprovenRuleError as error:
        return {name: Proof(rule, name, "", False, False, (str(error),)) for name in all_exchanges()}
    return proven(mutation)


def proven(mutation: Mutation) -> dict[str, Proof]:
    """The five cells of a mutation's rule by exchange, proven now."""
    concerned = [name for name in all_exchanges() if name not in mutation.not_applicable]
    changes = [_Changed.by(mutation, name) for name in concerned]
    is_refused = all_rules()[mutation.rule].kind.rejects
    found = _checked(changes) if is_refused else _filed(mutation, changes)
    cells = {changed.files.exchange.id: _compared(mutation, changed, found) for changed in changes}
    return {name: cells.get(name) or _excused(mutation, name) for name in all_exchanges()}


def _excused(mutation: Mutation, exchange: str) -> Proof:
    return Proof(mutation.rule, exchange, mutation.what, False, False, (), mutation.not_applicable[exchange])


# ------------------------------------------------------------------------------------------ comparing


@dataclass(frozen=True, slots=True)
class _Changed:
    """What a mutation made of one exchange's files, and what it wants to be found."""

    files: Files
    wanted: Sequence[Wanted]

    @classmethod
    def by(cls, mutation: Mutation, exchange: str) -> _Changed:
        files = Files(exchange)
        return cls(files, mutation.change(files))


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of mutated files by exchange, and what the ground already said; `refused` tells wrong states."""

    findings: dict[str, list[Wanted]]
    ground: dict[str, list[Wanted]]
    refused: dict[str, list[str]]


def _compared(mutation: Mutation, changed: _Changed, found: _Found) -> Proof:
    exchange = changed.files.exchange.id
    by_rule = Counter(one.finding.rule for one in found.findings[exchange])
    beside = (*mutation.also, *mutation.perhaps)
    there = Counter(_place(one) for one in found.findings[exchange] if one.finding.rule not in beside)
    due = Counter(_place(one) for one in changed.wanted)
    noise = [one for one in found.ground[exchange] if one.finding.rule == mutation.rule]
    fired = [
        *(f"not found: {place}" for place in (due - there).elements()),
        *(f"found besides: {place}" for place in (there - due).elements()),
        *(f"not found: any {rule}" for rule in mutation.also if not by_rule[rule]),
        *found.refused[exchange],
    ]
    loud = [f"on the ground: {_place(one)}" for one in noise]
    return Proof(mutation.rule, exchange, mutation.what, not fired, not loud, (*fired, *loud))


def _place(one: Wanted) -> str:
    """Everything that says what a finding is about, as one comparable text; its sentences apart."""
    f = one.finding
    interval = f"{_instant(f.start)} to {_instant(f.end)}" if f.start or f.end else ""
    where = [one.report, one.period, f"row {f.row}" if f.row is not None else "", f.column, f.subject, interval]
    return ", ".join(part for part in (f.rule, *where, f.reason) if part)


def _instant(moment: datetime | None) -> str:
    return "…" if moment is None else f"{moment.timestamp():.3f}"


# -------------------------------------------------------------------------------------- the real way


@dataclass(frozen=True, slots=True)
class _Bench:
    """A folder that is gone when the process ends: the ground in a store of its own, and what it says."""

    folder: Path
    home: Path
    ground: dict[str, list[Wanted]]

    @property
    def records(self) -> Path:
        """The ground's database, written no more."""
        return self.home / "ground.sqlite"


@cache
def _bench() -> _Bench:
    folder = Path(tempfile.mkdtemp(prefix="daxa-proof-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = folder / "store"
    with _opened(home, home / "ground.sqlite", prepared=True) as store:
        for filing in ground.filings().values():
            _receive(store, filing.exchange, _sent(filing, filing.received_at))
        jobs.process(store)
        said = _said(store, ground.NOW, (ground.FIRST_DAY, ground.LAST_DAY))
    return _Bench(folder, home, said)


@contextmanager
def _opened(home: Path, records: Path, *, prepared: bool = False) -> Iterator[Store]:
    """A store with its records in the file `records`, which is whole again afterwards."""
    store = open_store(home, f"sqlite:///{records}", prepared=prepared)
    try:
        yield store
    finally:
        store.engine.dispose()


def _sent(filing: ground.Filing, received_at: datetime) -> Sent:
    return Sent(filing.report, filing.period, filing.name, filing.data, received_at)


def _receive(store: Store, exchange: str, sent: Sent) -> None:
    declared = Declared(exchange, sent.report, sent.period)
    jobs.receive_bytes(store, sent.data, sent.name, declared, received_at=sent.received_at, given=sent.given)


def _said(store: Store, now: datetime, days: tuple[date, date]) -> dict[str, list[Wanted]]:
    """Every current finding, of what was filed and of what was not, by exchange."""
    said: dict[str, list[Wanted]] = {name: [] for name in all_exchanges()}
    with reading(store.engine) as connection:
        for stored in life.current_findings(connection):
            s = stored.submission
            said[s.exchange].append(Wanted(s.report, s.period.text, stored.finding))
    for lacking in missing_now(store, now, first_day=days[0], last_day=days[1]):
        o = lacking.obligation
        if o.period.last_day < days[0]:
            continue  # of what is not due in these days, such as audits, nothing was ever filed on the ground
        said[o.exchange].append(Wanted(o.report, o.period.text, lacking.finding))
    return said


def _filed(mutation: Mutation, changes: Sequence[_Changed]) -> _Found:
    """File what was changed over the accepted ground, or over its beginning, and ask for the findings."""
    bench = _bench()
    records = bench.home / "mutated.sqlite"
    if mutation.at_the_beginning:
        records.unlink(missing_ok=True)
    else:
        shutil.copyfile(bench.records, records)
    with _opened(bench.home, records, prepared=mutation.at_the_beginning) as store:
        for changed in changes:
            for sent in _from_the_beginning(changed) if mutation.at_the_beginning else changed.files.sent():
                _receive(store, changed.files.exchange.id, sent)
        jobs.process(store)
        for changed in changes:
            _file_again(store, changed.files)
        if mutation.at_the_beginning:
            said = _said(store, ground.BEGINNING_NOW, ground.BEGINNING)
        else:
            said = _said(store, ground.NOW, (ground.FIRST_DAY, ground.LAST_DAY))
        refused = _refused(store)
    return _Found(said, bench.ground, refused)


def _file_again(store: Store, files: Files) -> None:
    """Withdraw what the exchange withdraws, and file it again; file what it corrects."""
    for (name, period), (withdrawn_at, received_at) in files.filed_again.items():
        filing = ground.filings()[files.exchange.id, name, period]
        with reading(store.engine) as connection:
            (accepted,) = life.accepted_overlapping(connection, files.exchange.id, name, filing.period)
        jobs.withdraw(store, accepted.id, reason="mutation", at=withdrawn_at)
        _receive(store, files.exchange.id, _sent(filing, received_at))
        jobs.process(store)
    for sent in files.corrections:
        _receive(store, files.exchange.id, sent)
        jobs.process(store)


def _from_the_beginning(changed: _Changed) -> Iterator[Sent]:
    """The exchange's files of the first two days but for those left out, each when it is received."""
    files = changed.files
    for filing in ground.beginning():
        key = (filing.report, filing.period.text)
        if filing.exchange == files.exchange.id and key not in files.left_out:
            yield _sent(filing, files.received.get(key, filing.received_at))


def _refused(store: Store) -> dict[str, list[str]]:
    """What was not accepted although it should have been."""
    refused: dict[str, list[str]] = {name: [] for name in all_exchanges()}
    with reading(store.engine) as connection:
        for s in life.listed(connection):
            if s.state not in (State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN):
                refused[s.exchange].append(f"{s.state.value}: {s.file}")
    return refused


def _checked(changes: Sequence[_Changed]) -> _Found:
    """Check what was changed beforehand against the accepted ground; a file of a kind of its own also unmutated."""
    bench = _bench()
    candidates: list[tuple[Candidate, bool]] = []
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        for changed in changes:
            for sent in changed.files.sent():
                for kind, data in (("mutated", sent.data), ("ground", sent.ground)):
                    if data is not None:
                        candidate = _written(Path(folder) / kind, changed.files.exchange.id, sent, data)
                        candidates.append((candidate, kind == "mutated"))
        with _opened(bench.home, bench.records) as store:
            verdicts = jobs.check(store, [candidate for candidate, _ in candidates], received_at=ground.NOW)
    findings: dict[str, list[Wanted]] = {name: [] for name in all_exchanges()}
    said = {name: list(found) for name, found in bench.ground.items()}
    refused: dict[str, list[str]] = {name: [] for name in all_exchanges()}
    for (candidate, is_mutated), verdict in zip(candidates, verdicts, strict=True):
        declared = candidate.declared
        target = findings if is_mutated else said
        target[declared.exchange] += [_wanted(declared, finding) for finding, _ in verdict.findings]
        if (verdict.state is State.REJECTED) is not is_mutated:
            refused[declared.exchange].append(f"{verdict.state.value}: {candidate.path.name}")
    return _Found(findings, said, refused)


def _wanted(declared: Declared, finding: Finding) -> Wanted:
    return Wanted(declared.report, declared.period.text, finding)


def _written(folder: Path, exchange: str, sent: Sent, data: bytes) -> Candidate:
    folder.mkdir(exist_ok=True)
    path = folder / sent.name
    path.write_bytes(data)
    return Candidate(path, Declared(exchange, sent.report, sent.period), given=sent.given)

"""The calendar of filing: what each exchange owes, when it is due, and whether, when and by what it was met (2.8).

Obligations are derived, never stored. What became of one is decided by `outcome` alone: rule CAL-001, the screens, the
API and receipts all ask it, so that none of them can tell another story.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from etl.exchanges import all_exchanges
from etl.records.filed_files import FiledFile, FiledFiles, files_filed_for
from expectations.catalogue import all_reports
from expectations.vocabulary import KST, STANDARD_BEGINS, Cadence, Period, Report, State

OBLIGATIONS_BEGIN = STANDARD_BEGINS
"""The month after the standard (2.8, MODEL)."""

AFTER_ALL_RECORDS = datetime(9999, 12, 30, tzinfo=UTC)
"""A moment as of which all that is recorded counts: whether what was met was late depends on no clock."""


class ObligationState(StrEnum):
    """What became of an obligation: `outcome` gives the first eight, screens the other three where they know more."""

    MISSING = "missing"
    REJECTED = "rejected"
    """Nothing is in force, and the file that was received last was rejected."""
    PARTIAL = "partial"
    """What is in force covers a part of the period."""
    RECEIVED = "received"
    """Nothing is in force, and the file that was received last is not judged yet."""
    FAILED = "failed"
    """Nothing is in force, and we failed on the file that was received last (3.10)."""
    LATE = "late"
    CURRENT = "current"
    NOT_DUE = "not_due"
    """Not met, and its due time has not passed."""
    NIL = "nil"
    """Met by nil returns alone."""
    DRAFT = "draft"
    """Missing or not due, and its exchange has checked a file for it that it has not submitted."""
    UNRECORDED = "unrecorded"
    """It was due before there were records, so nothing is known of it."""


MET = (ObligationState.CURRENT, ObligationState.LATE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one obligation, as known at a moment.

    `first_met_at` is the receipt with which accepted files first covered the period, whatever became of them later:
    lateness is measured by it. `submission` is the one that met the obligation, or met it again since it was last open;
    None while it is not met. `filed` says what the files come to whether it is due yet or not (`missing`: to nothing).
    `reopened_at`: when a withdrawal opened it again; None where it never was, or was met again since.
    """

    report: str
    period: Period
    due_at: datetime
    state: ObligationState
    filed: ObligationState
    first_met_at: datetime | None = None
    submission: str | None = None
    reopened_at: datetime | None = None
    is_nil: bool = False
    in_force: tuple[FiledFile, ...] = ()
    last_filed: FiledFile | None = None

    @property
    def is_met(self) -> bool:
        """True where files in force cover the period."""
        return self.submission is not None

    @property
    def met_at(self) -> datetime | None:
        """The receipt by which its lateness is measured; None while nothing in force covers the period."""
        return self.first_met_at if self.is_met else None

    @property
    def is_due(self) -> bool:
        """True where it is met, or its due time has passed."""
        return self.state is not ObligationState.NOT_DUE

    @property
    def is_missing(self) -> bool:
        """True where its due time has passed and nothing in force covers the period (CAL-001)."""
        return self.is_due and not self.is_met

    @property
    def is_late(self) -> bool:
        """True where it is met, and what covered it first was received after its due time (CAL-001)."""
        return self.state is ObligationState.LATE

    @property
    def late_by(self) -> timedelta | None:
        """How late it was met; None where it was in time or is not met."""
        return self.first_late_by if self.is_late else None

    @property
    def first_late_by(self) -> timedelta:
        """How late the period was first met, whatever became of it later; nothing where it was in time or never met."""
        return max((self.first_met_at or self.due_at) - self.due_at, timedelta(0))

    @property
    def received_at(self) -> datetime | None:
        """When it was first met, or, where nothing meets it, when the last file for it was received."""
        return self.met_at or (self.last_filed.received_at if self.last_filed else None)

    @property
    def shown_submission(self) -> str | None:
        """The submission to look at: the newest in force, or else the last that was filed."""
        shown = self.in_force[-1] if self.in_force else self.last_filed
        return shown.id if shown else None

    def is_late_if_received(self, at: datetime) -> bool:
        """Whether a file received at `at` would meet it late; what follows a file that met it in time would not."""
        return (self.first_met_at or at) > self.due_at


class ReplacedKind(StrEnum):
    """What has to be replaced in time (CAL-002)."""

    WITHDRAWN = "withdrawn"
    """An accepted file that was withdrawn."""
    NIL = "nil"
    """A nil return in whose place rows came."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A withdrawn file or a nil return, and what came in its place; `replaced_at` and `by` are None while nothing has.

    `since`: when it was withdrawn, or when the nil return was received. `due_at`: until when something else was due.
    """

    kind: ReplacedKind
    since: datetime
    due_at: datetime
    replaced_at: datetime | None
    by: str | None


@dataclass(frozen=True, slots=True)
class Obligation:
    """One report that one exchange owes for one period, what became of it, and what was replaced for it."""

    exchange: str
    report: str
    period: Period
    outcome: Outcome
    replacements: tuple[Replacement, ...] = ()

    @property
    def id(self) -> str:
        """Name of the obligation: exchange, report and period."""
        return f"{self.exchange}/{self.report}/{self.period.text}"

    @property
    def month(self) -> str:
        """The month that its period begins in, as `2026-11`."""
        return self.period.text[:7]


# -------------------------------------------------------------------------------------------------- the decision


def outcome(report: Report, period: Period, files: Sequence[FiledFile], moment: datetime) -> Outcome:
    """What became of an obligation at a moment; `files`: all that one exchange filed for it, in order of filing.

    What was received or left force after the moment does not count. Late is what first covered the period after the
    due time; a withdrawal after which files in force no longer cover the period opens it again (2.8).
    """
    due_at = report.due_at(period)
    known = [file for file in files if file.received_at <= moment]
    history = _history(known, period, moment)
    last = known[-1] if known else None
    if history.submission is not None and history.first_met_at is not None:
        filed = ObligationState.LATE if history.first_met_at > due_at else ObligationState.CURRENT
    elif history.in_force:
        filed = ObligationState.PARTIAL
    else:
        filed = _NOTHING_IN_FORCE.get(last.state if last else None, ObligationState.MISSING)
    return Outcome(
        report.name,
        period,
        due_at,
        state=filed if filed in MET or due_at < moment else ObligationState.NOT_DUE,
        filed=filed,
        first_met_at=history.first_met_at,
        submission=history.submission,
        reopened_at=history.reopened_at,
        is_nil=filed in MET and not any(file.row_count for file in history.in_force),
        in_force=history.in_force,
        last_filed=last,
    )


_NOTHING_IN_FORCE: Mapping[State | None, ObligationState] = {
    State.RECEIVED: ObligationState.RECEIVED,
    State.REJECTED: ObligationState.REJECTED,
    State.FAILED: ObligationState.FAILED,
}


@dataclass(frozen=True, slots=True)
class _History:
    first_met_at: datetime | None
    submission: str | None
    reopened_at: datetime | None
    in_force: tuple[FiledFile, ...]


def _history(files: Sequence[FiledFile], period: Period, moment: datetime) -> _History:
    """Follow how files came into force and left it up to a moment, and whether those in force covered the period."""
    first_met_at = submission = reopened_at = None
    in_force: dict[str, FiledFile] = {}
    length, wanted = timedelta(), period.end - period.start
    for at, has_left, _, file in _events(files, moment):
        if has_left:
            del in_force[file.id]
            length -= file.period.end - file.period.start
        else:
            in_force[file.id] = file
            length += file.period.end - file.period.start
        if has_left == (submission is None):
            continue  # leaving cannot meet it, and coming cannot open it
        # Slices come by hundreds; they are put in order only once they are long enough together.
        is_covered = length >= wanted and covers([one.period for one in in_force.values()], period)
        if is_covered and submission is None:
            submission, reopened_at = file.id, None
            first_met_at = first_met_at or at
        elif not is_covered and submission is not None:
            submission, reopened_at = None, at
    return _History(first_met_at, submission, reopened_at, tuple(in_force.values()))


def _events(files: Sequence[FiledFile], moment: datetime) -> list[tuple[datetime, bool, int, FiledFile]]:
    """When each accepted file came into force and when it left (True), in order of time, up to a moment.

    At one moment what comes is before what leaves, so that a correction leaves no gap. A file that left before its own
    receipt never was in force: one that was received earlier took its place, and was judged later.
    """
    events = []
    for place, file in enumerate(files):
        is_void = file.left_at is not None and file.left_at < file.received_at
        if file.was_accepted and not is_void:
            events.append((file.received_at, False, place, file))
            if file.left_at is not None and file.left_at <= moment:
                events.append((file.left_at, True, place, file))
    events.sort(key=lambda event: event[:3])
    return events


_TIME_TO_REPLACE = timedelta(hours=24)
"""How long after a withdrawal something else is due at the least (CAL-002, MODEL)."""


def replacements(
    report: Report, period: Period, files: Sequence[FiledFile], moment: datetime
) -> tuple[Replacement, ...]:
    """What was withdrawn for an obligation, and the nil returns that rows replaced, as known at a moment."""
    if not any(file.state is State.WITHDRAWN or file.row_count == 0 for file in files):
        return ()
    due_at = report.due_at(period)
    events = _events([file for file in files if file.received_at <= moment], moment)
    found: list[Replacement] = []
    in_force: dict[str, FiledFile] = {}
    withdrawn: list[FiledFile] = []
    nil: list[FiledFile] = []
    for at, has_left, _, file in events:
        if has_left:
            del in_force[file.id]
            if file.state is State.WITHDRAWN:
                withdrawn.append(file)
            continue
        in_force[file.id] = file
        pieces = [one.period for one in in_force.values()]
        for one in [one for one in withdrawn if covers(pieces, one.period)]:
            withdrawn.remove(one)
            found.append(_replaced(one, due_at, at, file.id))
        replaced = [one for one in nil if one.period.overlaps(file.period)]
        if file.row_count == 0:
            nil.append(file)
        elif replaced:
            nil = [one for one in nil if one not in replaced]
            found.append(Replacement(ReplacedKind.NIL, replaced[-1].received_at, due_at, at, file.id))
    return (*found, *(_replaced(one, due_at, None, None) for one in withdrawn))


def _replaced(file: FiledFile, due_at: datetime, at: datetime | None, by: str | None) -> Replacement:
    left_at = file.left_at or file.received_at
    return Replacement(ReplacedKind.WITHDRAWN, left_at, max(due_at, left_at + _TIME_TO_REPLACE), at, by)


def covers(pieces: Sequence[Period], whole: Period) -> bool:
    """True where the pieces leave no moment of the whole out."""
    reached = whole.start
    for piece in sorted(pieces):
        if piece.start > reached:
            return False
        reached = max(reached, piece.end)
    return reached >= whole.end


# --------------------------------------------------------------------------------------------------- the records


def obligations(
    connection: Connection,
    moment: datetime,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
    exchanges: Sequence[str] | None = None,
    reports: Sequence[str] | None = None,
) -> list[Obligation]:
    """Every obligation for periods that begin from `first_day` to `last_day`, and what became of it by `moment`.

    By exchange, report and period, no later than the day of `moment`; the month of `first_day` counts whole. Of all
    exchanges and reports where none are given. The files are read by one statement.
    """
    first = max(first_day or OBLIGATIONS_BEGIN, OBLIGATIONS_BEGIN)
    last = min(last_day or date.max, moment.astimezone(KST).date())
    if last < first:
        return []
    names = tuple(all_exchanges()) if exchanges is None else tuple(exchanges)
    files = files_filed_for(connection, first.replace(day=1), last, names, reports)
    return list(obligations_from(files, moment, first, last, names, reports))


def obligations_from(
    files: FiledFiles,
    moment: datetime,
    first_day: date,
    last_day: date,
    exchanges: Sequence[str],
    reports: Sequence[str] | None = None,
) -> Iterator[Obligation]:
    """The obligations for periods that begin on these days, the month of the first whole, from files read already."""
    wanted = [report for report in all_reports().values() if reports is None or report.name in reports]
    periods = {
        report.name: [(period, period.first_day) for period in periods_of(report, first_day, last_day)]
        for report in wanted
    }
    for exchange in exchanges:
        for report in wanted:
            for period, day in periods[report.name]:
                own = files.get((exchange, report.name, day), ())
                became = outcome(report, period, own, moment)
                yield Obligation(exchange, report.name, period, became, replacements(report, period, own, moment))


def periods_of(report: Report, first: date, last: date) -> Iterator[Period]:
    """Periods of a report that begin from `first` to `last`, oldest first; the month of `first` counts whole."""
    first = max(first, OBLIGATIONS_BEGIN)
    if report.cadence is Cadence.MONTH:
        month = first.replace(day=1)
        while month <= last:
            yield Period.parse(f"{month:%Y-%m}")
            month = (month + timedelta(days=32)).replace(day=1)
    else:
        for number in range((last - first).days + 1):
            yield Period.of_day(first + timedelta(days=number))

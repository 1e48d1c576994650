"""The `daxa` command (specification, section 6).

Errors go to standard error in one sentence with what to do. Exit status: 0 done, 1 done and something was rejected, 2
not done. Great Expectations and the dashboard are imported inside the commands that need them, so the others start
fast.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import moments
from app.cli.backup import backup_store, make_backup_key, restore
from app.cli.log import log, receipt
from app.cli.output import (
    emit,
    emit_text,
    first_findings,
    rules_of,
    rules_table,
    show_progress,
    summary_line,
    summary_table,
)
from app.cli.people import tokens, users
from app.cli.terminal import make_streams_safe
from app.cli.thresholds import thresholds
from app.objects import submission_record
from etl.coordinates import in_native_names, json_path, layout_of, native_columns
from etl.intake import Candidate, NotAFilingError, find, shown
from etl.records.engine import RecordsUnavailableError, open_engine
from etl.records.rights import too_mighty
from etl.store import (
    URL_VARIABLE,
    Store,
    database_address,
    give_service_its_rights,
    home_folder,
    open_store,
    opened_places,
    owner_address,
)
from expectations.catalogue import report
from expectations.vocabulary import KST, Finding, Period, State, must_be_in_order

if TYPE_CHECKING:
    from etl.examine import Verdict
    from etl.records.submissions import Submission
    from etl.replacement import Replacement
    from etl.replays import Replay
    from etl.unevaluated import Evaluation

DONE, REJECTED, NOT_DONE = 0, 1, 2

app = typer.Typer(
    name="daxa",
    help="Compliance reports of Korea's crypto exchanges: filed, judged, published and looked at.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class CommandError(Exception):
    """A command that cannot be carried out, with the sentence for the user."""


def main() -> None:
    """Run the command; every failure ends in one sentence and status 2."""
    make_streams_safe()
    try:
        status = app(standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        _say("stopped; what was received stays received and is taken again with the next ingest")
        sys.exit(NOT_DONE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NOT_DONE)
    except Exception as error:
        _say(_sentence(error))
        sys.exit(NOT_DONE)
    sys.exit(status if isinstance(status, int) else DONE)


def _say(text: str) -> None:
    print(f"daxa: {text}", file=sys.stderr)


def _sentence(error: Exception) -> str:
    """What to tell the person at the terminal."""
    if hasattr(error, "format_message"):
        return f"{error.format_message()} See 'daxa --help'."
    if isinstance(error, KeyError):
        return str(error.args[0])
    if isinstance(error, (CommandError, NotAFilingError, RecordsUnavailableError, ValueError, RuntimeError)):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or ''}: {error.strerror or error}; check the path and your rights"
    if os.environ.get("DAXA_TRACE"):
        raise error
    return f"{type(error).__name__}: {error} (set DAXA_TRACE=1 for the whole of it)"


# ------------------------------------------------------------------------------------------ options

Paths = Annotated[list[Path], typer.Argument(help="Files or folders; folders are walked.", metavar="PATH…")]
Again = Annotated[
    bool,
    typer.Option("--again", help="Bring bytes into force again that others replaced; give --reason with it."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output.")]
AllowOldPython = Annotated[
    bool, typer.Option("--allow-old-python", help="Serve even where Python, or a library in it, has known faults.")
]
ExchangeOption = Annotated[str | None, typer.Option("--exchange", help="One exchange, such as upbit.")]
ReportOption = Annotated[str | None, typer.Option("--report", help="One report, such as reconciliation.")]
PeriodOption = Annotated[str | None, typer.Option("--period", help="2026-11-02, 2026-11-02T09-12 or 2026-10.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First day or month.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last day or month.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="As it was known at that instant, ISO 8601 with offset.")
]


def _instant(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise CommandError(f"{option} '{text}' is no instant; write 2026-11-02T09:05:00+09:00")
    return instant


def _period(text: str | None) -> Period | None:
    return None if text is None else Period.parse(text)


def _range(first: str | None, last: str | None) -> tuple[Period | None, Period | None]:
    """The first and the last period; ValueError for a range that ends before it begins."""
    begin, end = _period(first), _period(last)
    must_be_in_order(begin, end)
    return begin, end


def _known(exchange: str | None, report_name: str | None) -> None:
    from etl.exchanges import exchange as exchange_of

    if exchange is not None:
        exchange_of(exchange)
    if report_name is not None:
        report(report_name)


def _passed_over(what: object) -> None:
    print(f"daxa: passed over: {what}", file=sys.stderr)


def _candidates(
    paths: list[Path], exchange: str | None = None, report_name: str | None = None, period: str | None = None
) -> list[Candidate]:
    candidates: list[Candidate] = []
    for found in find(paths, exchange_id=exchange, report_name=report_name, period=period):
        if isinstance(found, NotAFilingError):
            _passed_over(found)
        else:
            candidates.append(found)
    if not candidates:
        raise CommandError("nothing to read: no file there says what it is (EXCHANGE_REPORT_PERIOD.EXT)")
    return candidates


_FALLEN_SHORT = (State.REJECTED, State.FAILED)
"""The states of files of which something is still to be done."""


def _tell_failure(file: str, incident: str | None, submission: str | None = None) -> None:
    """Say of a file that we failed on it, where we did, under its number, and what can be done."""
    if incident is None:
        return
    done = "nothing is filed" if submission is None else "nothing is lost"
    more = "tell us the number" if submission is None else f"'daxa retry {submission}' tries again"
    _say(f"{file}: we could not judge it (incident {incident}); {done}; {more}")


def _tell_replacement(file: str, replaces: Replacement | None) -> None:
    """Say of a file that most of the accepted rows would go, and what would change elsewhere (3.9)."""
    if replaces is None or not replaces.needs_reason:
        return
    comes = sum(one.comes for one in replaces.elsewhere)
    goes = len(replaces.elsewhere) - comes
    _say(
        f"{file}: it would replace {replaces.rows_before:,} rows of {', '.join(replaces.submissions)} by "
        f"{replaces.rows_after:,}; of other submissions {comes} findings would come and {goes} go; "
        "file it with a reason (--reason)"
    )


# ----------------------------------------------------------------------------------------- commands


@app.command()
def ingest(
    paths: Paths,
    json: Json = False,
    received_at: Annotated[
        str | None, typer.Option("--received-at", help="Set the receipt time (for replays).")
    ] = None,
    as_if_in_force: Annotated[
        bool, typer.Option("--as-if-in-force", help="Judge by today's rules whatever the period, now and later.")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="Why they take the place of accepted reports; the log and receipt keep it.")
    ] = "",
    again: Again = False,
) -> None:
    """File reports and take them the whole way: receive, read, judge, publish."""
    from etl import bounded, jobs

    _must_say_why(again, reason)
    at = _instant(received_at, "--received-at")
    candidates = _candidates(paths)
    with bounded.examiner() as examine, show_progress("ingest", len(candidates)) as progress:
        store = open_store()
        outcomes = jobs.ingest(
            store,
            candidates,
            received_at=at,
            progress=progress,
            as_if_in_force=as_if_in_force,
            passed_over=lambda one, error: _passed_over(f"{one.shown_path}: it cannot be read ({error.strerror})"),
            reason=reason.strip(),
            again=again,
            examine=examine,
        )
    if json:
        for outcome in outcomes:
            emit(
                submission_record(
                    outcome.receipt.submission,
                    file=outcome.receipt.file,
                    duplicate=outcome.receipt.duplicate,
                    findings=outcome.findings,
                )
            )
    else:
        summary_table([(o.receipt.file, o.receipt.submission.state, rules_of(o.findings)) for o in outcomes])
        _tell_overall(store, [outcome.receipt.submission for outcome in outcomes])
    filed = {outcome.receipt.submission.id: outcome.receipt for outcome in outcomes}
    for number, filed_as in filed.items():
        _tell_failure(filed_as.file, filed_as.submission.incident, number)
        if filed_as.duplicate:
            _tell_replaced(filed_as.file, number, filed_as.submission.state, filed_as.submission.superseded_by)
    fell_short = any(one.submission.state in _FALLEN_SHORT or one.submission.incident for one in filed.values())
    raise typer.Exit(REJECTED if fell_short else DONE)


def _tell_overall(store: Store, submissions: Sequence[Submission]) -> None:
    """Print what the rules came to of all these submissions together: never "no findings" of what was not evaluated."""
    from app.ledger import overall_text
    from etl.ledger import ledger, tally
    from etl.records.engine import reading

    with reading(store.engine) as connection:
        counted = tally(ledger(connection, list({one.id: one for one in submissions}.values())))
    emit_text(overall_text(counted, "en") + "\n")


def _must_say_why(again: bool, reason: str) -> None:
    """Exit with status 2 where what was replaced is to come into force again without a reason."""
    if again and not reason.strip():
        raise CommandError("--again needs a reason, for it brings back what was replaced; give --reason")


def _tell_replaced(file: str, number: str, state: State, by: str | None) -> None:
    """Say of bytes that others replaced that they are not in force, and how they come into force again."""
    if state is State.SUPERSEDED:
        replaced = f" by {by}" if by else ""
        _say(
            f"{file}: filed before as {number} and replaced{replaced} since, so nothing is filed; "
            "to bring it into force again give --again and --reason"
        )


@app.command()
def check(
    paths: Paths,
    json: Json = False,
    exchange: ExchangeOption = None,
    report_name: ReportOption = None,
    period: PeriodOption = None,
    received_at: Annotated[
        str | None, typer.Option("--received-at", help="Judge as if received then (for replays); now where not given.")
    ] = None,
) -> None:
    """Judge files without filing them: the same findings as when they are filed."""
    from app.objects import checked_record
    from etl import bounded, jobs

    at = _instant(received_at, "--received-at")
    candidates = _candidates(paths, exchange, report_name, period)
    with bounded.examiner() as examine, show_progress("check", len(candidates)) as progress:
        verdicts = jobs.check(open_store(), candidates, received_at=at, progress=progress, examine=examine)
    if json:
        for candidate, verdict in zip(candidates, verdicts, strict=True):
            emit(checked_record(candidate, verdict))
    else:
        for candidate, verdict in zip(candidates, verdicts, strict=True):
            first_findings(candidate.shown_path, _with_paths(candidate, verdict))
        findings = [[(kind, finding) for finding, kind in verdict.findings] for verdict in verdicts]
        rows = zip(candidates, verdicts, findings, strict=True)
        summary_table([(c.shown_path, v.state, rules_of(f)) for c, v, f in rows])
    for candidate, verdict in zip(candidates, verdicts, strict=True):
        _tell_failure(candidate.shown_path, verdict.incident)
        _tell_replacement(candidate.shown_path, verdict.replaces)
    raise typer.Exit(REJECTED if any(verdict.state in _FALLEN_SHORT for verdict in verdicts) else DONE)


def _with_paths(candidate: Candidate, verdict: Verdict) -> list[tuple[Finding, str | None]]:
    """The findings of a file in its own column names, each with its path where it is JSON."""
    layout = layout_of(candidate.declared, candidate.name, verdict.format)
    columns = native_columns(layout)
    return [
        (in_native_names(finding, columns), json_path(layout, finding.row, finding.column))
        for finding, _ in verdict.findings
    ]


@app.command()
def submit(
    paths: Paths,
    url: Annotated[
        str, typer.Option("--url", envvar="DAXA_URL", help="Address of the dashboard.")
    ] = "http://127.0.0.1:8501",
    only_check: Annotated[bool, typer.Option("--check", help="Have them judged without filing them.")] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="Why they take the place of accepted rows; the receipt keeps it.")
    ] = "",
    again: Again = False,
    json: Json = False,
    exchange: ExchangeOption = None,
    report_name: ReportOption = None,
    period: PeriodOption = None,
) -> None:
    """File reports over HTTP, as an exchange's machine does; its token stands in DAXA_TOKEN."""
    from app.cli.submit import Address, NotFiled
    from app.cli.submit import check as check_there
    from app.cli.submit import submit_files as file_there

    _must_say_why(again, reason)
    token = os.environ.get("DAXA_TOKEN", "")
    if not token:
        raise CommandError("DAXA_TOKEN holds no token; 'daxa tokens create' makes one")
    address = Address.of(url, token, say=_say)
    candidates = _candidates(paths, exchange, report_name, period)
    counts: Counter[str] = Counter()
    answers = check_there(address, candidates) if only_check else file_there(address, candidates, reason, again=again)
    with show_progress("submit", len(candidates)) as progress:
        for answer in answers:
            if isinstance(answer, NotFiled):
                counts["not filed"] += 1
                _say(f"{answer.file}: {answer.why}")
                continue
            counts[answer["state"]] += 1
            progress(counts.total(), len(candidates), answer["file"])
            if json:
                emit(answer)
            else:
                summary_line(answer["file"], State(answer["state"]), Counter(f["rule"] for f in answer["findings"]))
            _tell_failure(answer["file"], answer.get("incident"), answer.get("submission"))
            if answer.get("duplicate"):
                _tell_replaced(
                    answer["file"], answer["submission"], State(answer["state"]), answer.get("superseded_by")
                )
    if not json:
        emit_text(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) + "\n")
    fell_short = any(counts[state.value] for state in _FALLEN_SHORT)
    raise typer.Exit(NOT_DONE if counts["not filed"] else REJECTED if fell_short else DONE)


@app.command()
def findings(
    json: Json = False,
    exchange: ExchangeOption = None,
    report_name: ReportOption = None,
    rule: Annotated[str | None, typer.Option("--rule", help="One rule, such as REC-003.")] = None,
    first: FromOption = None,
    last: ToOption = None,
) -> None:
    """Every current finding: of accepted submissions, and of rejected ones that no later submission has replaced."""
    from app.cli.output import findings_table
    from app.objects import finding_record, missing_record, unevaluated_record
    from etl.overdue import missing_now
    from etl.records import submissions as life
    from etl.records.engine import reading

    _known(exchange, report_name)
    _known_rule(rule)
    store = open_store()
    begin, end = _range(first, last)
    with reading(store.engine) as connection:
        found = life.current_findings(
            connection, exchange=exchange, report=report_name, rule=rule, first=begin, last=end
        )
    missing = [
        lacking
        for lacking in missing_now(
            store, _now(store), first_day=begin.first_day if begin else None, last_day=end.last_day if end else None
        )
        if exchange in (None, lacking.obligation.exchange)
        and report_name in (None, lacking.obligation.report)
        and rule in (None, lacking.finding.rule)
    ]
    unevaluated = _unevaluated(store, exchange, report_name, rule, begin, end)
    if json:
        for record in (
            *map(finding_record, found),
            *map(missing_record, missing),
            *map(unevaluated_record, unevaluated),
        ):
            emit(record)
    else:
        findings_table(found, missing, unevaluated)


def _known_rule(rule: str | None) -> None:
    from expectations.catalogue import all_rules

    if rule is not None and rule not in all_rules():
        raise CommandError(f"there is no rule '{rule}'; 'daxa rules' lists them")


def _unevaluated(
    store: Store,
    exchange: str | None,
    report_name: str | None,
    rule: str | None,
    first: Period | None,
    last: Period | None,
) -> list[Evaluation]:
    """Accepted days that a rule was not evaluated on, since the obligations began or in the given periods."""
    from etl.calendar import OBLIGATIONS_BEGIN
    from etl.records.engine import reading
    from etl.unevaluated import evaluations

    replayed = _replayed(store)
    began = min((one.first_day for one in replayed), default=OBLIGATIONS_BEGIN)
    first_day = first.first_day if first else began
    last_day = last.last_day if last else _now(store).astimezone(KST).date()
    exchanges = (exchange,) if exchange else tuple(_all_exchange_ids())
    with reading(store.engine) as connection:
        asked = list(evaluations(connection, exchanges, first_day, last_day, as_if_in_force=bool(replayed)))
    return [
        one for one in asked if one.lacking and report_name in (None, one.rule.report) and rule in (None, one.rule.id)
    ]


@app.command()
def evaluated(
    json: Json = False,
    exchange: ExchangeOption = None,
    report_name: ReportOption = None,
    rule: Annotated[str | None, typer.Option("--rule", help="One rule, such as KEY-008.")] = None,
    first: FromOption = None,
    last: ToOption = None,
    submission: Annotated[str | None, typer.Option("--submission", help="One submission, in any state.")] = None,
) -> None:
    """Which rules were evaluated, of whom, when and on what: clean, found, not applicable, not evaluated or failed.

    Of every current submission, and of due periods for which nothing is in force; as text by rule, exchange and month.
    """
    from app.cli.output import coverage_table, ledger_table
    from app.ledger import ledger_record
    from etl.ledger import current_ledger, ledger
    from etl.records import submissions as life
    from etl.records.engine import reading

    _known(exchange, report_name)
    _known_rule(rule)
    store = open_store()
    begin, end = _range(first, last)
    rules = None if rule is None else (rule,)
    with reading(store.engine) as connection:
        if submission is not None:
            filed = life.by_id(connection, submission)
            if filed is None:
                raise CommandError(f"there is no submission {submission}; 'daxa submissions --json' lists them")
            entries = ledger(connection, [filed], rules)
        else:
            exchanges = (exchange,) if exchange else tuple(_all_exchange_ids())
            entries = current_ledger(
                connection, _now(store), exchanges=exchanges, report=report_name, rules=rules, first=begin, last=end
            )
        if json:
            for entry in entries:
                emit(ledger_record(entry))
        elif submission is not None:
            ledger_table(list(entries))
        else:
            coverage_table(list(entries))


@app.command()
def submissions(
    json: Json = False,
    exchange: ExchangeOption = None,
    report_name: ReportOption = None,
    first: FromOption = None,
    last: ToOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Submissions of every state, oldest first; with --as-of as they were at that moment."""
    from app.cli.output import submissions_table

    _known(exchange, report_name)
    found = _listed(open_store(), exchange, report_name, first, last, _instant(as_of, "--as-of"))
    if json:
        for submission in found:
            emit(submission_record(submission, file=submission.file, duplicate=False, findings=None))
    else:
        submissions_table(found)


def _now(store: Store) -> datetime:
    """The moment that counts as now: the one that DAXA_NOW names or that a replay stands at, else the clock's."""
    if given := _instant(os.environ.get("DAXA_NOW"), "DAXA_NOW"):
        return given
    return max((one.seen_from for one in _replayed(store)), default=datetime.now(UTC))


def _replayed(store: Store) -> tuple[Replay, ...]:
    """The incidents that the store replays; none where it holds what was really filed."""
    from etl.replays import replay as replay_called

    return tuple(replay_called(name) for name in store.replays)


def _listed(
    store: Store,
    exchange: str | None,
    report_name: str | None,
    first: str | None,
    last: str | None,
    as_of: datetime | None,
) -> list[Submission]:
    from etl.records import submissions as life
    from etl.records.engine import reading

    begin, end = _range(first, last)
    with reading(store.engine) as connection:
        return life.listed(connection, exchange=exchange, report=report_name, first=begin, last=end, as_of=as_of)


@app.command()
def withdraw(
    submission: Annotated[str, typer.Argument(help="Number of the submission.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is withdrawn.")],
    json: Json = False,
) -> None:
    """Take an accepted submission out of force, or one that we failed on back; its file and rows stay readable."""
    from etl import jobs

    changed = jobs.withdraw(open_store(), submission, reason=reason)
    if json:
        emit(submission_record(changed, file=changed.file, duplicate=False, findings=None))
    else:
        print(f"{changed.id} {changed.state.value}")


@app.command()
def retry(
    submission: Annotated[str, typer.Argument(help="Number of the submission.")],
    json: Json = False,
) -> None:
    """Judge a submission again that we failed on."""
    from etl import bounded, jobs
    from etl.receiving import Receipt
    from etl.records.log import COMMAND

    with bounded.examiner() as examine:
        store = open_store()
        again = jobs.retry(store.engine, submission, actor=COMMAND)
        jobs.process(store, examine=examine)
    (outcome,) = jobs.outcomes(store, [Receipt(again, again.file, duplicate=False)])
    found = outcome.receipt.submission
    if json:
        emit(submission_record(found, file=found.file, duplicate=False, findings=outcome.findings))
    else:
        summary_table([(found.file, found.state, rules_of(outcome.findings))])
    _tell_failure(found.file, found.incident, found.id)
    raise typer.Exit(REJECTED if found.state in _FALLEN_SHORT or found.incident else DONE)


@app.command("heal")
def heal_store(json: Json = False) -> None:
    """Write published rows that are missing or damaged anew from the kept bytes, and try again what failed."""
    from etl import bounded, jobs
    from etl.heal import heal
    from etl.records.log import COMMAND

    with bounded.examiner() as examine, show_progress("heal", None) as progress:
        store = open_store()
        healing = heal(store, actor=COMMAND, progress=progress)
        failures = jobs.process(store, examine=examine)
    if json:
        emit(
            {
                "rows_written": list(healing.rows),
                "lost": [{"submission": number, "why": why} for number, why in healing.lost],
                "tried_again": list(healing.tried_again),
                "failed": [failure.incident for failure in failures],
            }
        )
    else:
        for number in healing.rows:
            print(f"{number}: its rows are written anew from its bytes")
        for number, why in healing.lost:
            print(f"{number}: {why}", file=sys.stderr)
        print(f"{len(healing.rows)} healed, {len(healing.lost)} not; {len(healing.tried_again)} tried again")
    for failure in failures:
        print(f"{failure}", file=sys.stderr)
    raise typer.Exit(REJECTED if healing.lost or failures else DONE)


@app.command()
def export(
    report_name: Annotated[str, typer.Argument(help="The report, such as reconciliation.", metavar="REPORT")],
    first: Annotated[str, typer.Option("--from", help="First day or month.")],
    last: Annotated[str, typer.Option("--to", help="Last day or month.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    format_: Annotated[str, typer.Option("--format", help="csv, parquet or xlsx.")] = "csv",
    exchange: ExchangeOption = None,
    as_of: AsOfOption = None,
    bom: Annotated[
        bool, typer.Option("--bom/--no-bom", help="CSV with a byte-order mark, for Excel, or without, for machines.")
    ] = True,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="CSV in which no text is run as a formula; not to be filed again.")
    ] = False,
) -> None:
    """Canonical rows of the accepted, current submissions: exact decimals, instants in KST."""
    from app.cli.log import log_act
    from etl import export as exporting
    from etl.records.log import EventKind

    _known(exchange, report_name)
    begin, end = Period.parse(first), Period.parse(last)
    must_be_in_order(begin, end)
    store = open_store()
    asked = {"what": "rows", "report": report_name, "from": first, "to": last, "exchange": exchange, "as_of": as_of}
    log_act(store, EventKind.DOWNLOAD, None, asked)
    rows = exporting.export_rows(
        store,
        report_name,
        begin,
        end,
        format_=format_,
        out=out,
        exchange=exchange,
        as_of=_instant(as_of, "--as-of"),
        byte_order_mark=bom,
        for_spreadsheet=spreadsheet,
        on_formulas=lambda count: _say(
            f"{out}: {count:,} cells are texts that a spreadsheet would run as formulas; "
            "to look at it there take --spreadsheet, or --format xlsx"
        ),
    )
    print(f"{out}: {rows} rows", file=sys.stderr)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")],
    first: Annotated[str, typer.Option("--from", help="First day.")],
    last: Annotated[str, typer.Option("--to", help="Last day.")],
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same bytes.")],
    assets: Annotated[
        int | None, typer.Option("--assets", help="Assets of each exchange; real size where not given.", min=1)
    ] = None,
    exchanges: Annotated[str | None, typer.Option("--exchanges", help="Some only, separated by commas.")] = None,
    story: Annotated[
        bool, typer.Option("--story/--no-story", help="With late, refused and troubled files, or without.")
    ] = True,
) -> None:
    """Native files of all reports, as simulated exchanges would send them."""
    from app.testbed.simulator import simulate as simulated

    chosen = exchanges.split(",") if exchanges else None
    for name in chosen or ():
        _known(name, None)
    begin, end = _day(first, "--from"), _day(last, "--to")
    must_be_in_order(Period.of_day(begin), Period.of_day(end))
    count = 0
    with show_progress("simulate", None) as progress:
        for file in simulated(
            out,
            begin,
            end,
            seed=seed,
            assets=None if assets is None else dict.fromkeys(_all_exchange_ids(), assets),
            exchanges=chosen,
            story=story,
        ):
            count += 1
            progress(count, 0, file.path.name)
    print(f"{out}: {count} files", file=sys.stderr)


def _all_exchange_ids() -> list[str]:
    from etl.exchanges import all_exchanges

    return list(all_exchanges())


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{option} '{text}' is no day; write 2026-11-02") from None


rules_app = typer.Typer(invoke_without_command=True, help="The rule book, and what a change of it would do.")
app.add_typer(rules_app, name="rules")


@rules_app.callback()
def rules(
    context: typer.Context,
    json: Json = False,
    proof: Annotated[
        bool, typer.Option("--proof", help="Prove every rule on every exchange's own format; takes minutes.")
    ] = False,
) -> None:
    """The rule book: every rule with its kind, source and sentence."""
    if context.invoked_subcommand is not None:
        return
    if proof:
        from app.cli.proof import prove_all

        raise typer.Exit(DONE if prove_all(json=json) else REJECTED)
    from app.objects import rule_record
    from expectations.catalogue import all_rules

    if json:
        for rule in all_rules().values():
            emit(rule_record(rule))
    else:
        rules_table(list(all_rules().values()))


@rules_app.command("compile")
def compile_rules() -> None:
    """Write the suites of the rule book from the rules' sources, `expectations/rules/<report>/<ID>.toml`."""
    from expectations.sources import RuleSourceError, write_suites

    try:
        changed = write_suites()
    except (RuleSourceError, FileNotFoundError) as error:
        raise CommandError(str(error)) from error
    typer.echo(f"changed: {', '.join(f'{name}.json' for name in changed)}" if changed else "every suite is up to date")


@rules_app.command("what-if")
def what_if(
    rule: Annotated[str, typer.Argument(help="The rule, such as REC-004.", metavar="RULE")],
    parameter: Annotated[list[str], typer.Option("--parameter", help="NAME=VALUE; may be repeated.")],
    exchange: Annotated[
        str | None, typer.Option("--exchange", help="Whose own values they are; without it, the common ones.")
    ] = None,
    first: FromOption = None,
    last: ToOption = None,
    json: Json = False,
) -> None:
    """How many findings, files and exchanges would change if thresholds were others, over the stored facts."""
    from app.cli.output import what_if_table
    from etl.what_if import compare_rule as compare

    comparison = compare(open_store(), rule, dict(map(_assignment, parameter)), *_range(first, last), exchange=exchange)
    if json:
        emit(comparison.as_record())
    else:
        what_if_table(comparison)


ParallelFrom = Annotated[str | None, typer.Option("--from", help="First day or month of the files.")]
ParallelTo = Annotated[str | None, typer.Option("--to", help="Last day or month of the files.")]


@rules_app.command("parallel")
def rules_parallel(
    first: ParallelFrom = None,
    last: ParallelTo = None,
    on: Annotated[
        str | None,
        typer.Option("--on", help="The day whose rules and thresholds are tried; once all have begun where not given."),
    ] = None,
    suites: Annotated[
        Path | None,
        typer.Option("--suites", help="A folder of rules instead: halts/HLT-004.toml or halts.json, parameters.toml."),
    ] = None,
    exchange: ExchangeOption = None,
    json: Json = False,
) -> None:
    """Try rules of tomorrow on the files of today: what would break, by exchange; nothing is recorded.

    Status 1 where a finding would come, a file would be refused, or something could not be compared.
    """
    from app.cli.parallel import run_rules

    _known(exchange, None)
    day = None if on is None else _day(on, "--on")
    store = open_store()
    is_right = run_rules(
        store, *_range(first, last), exchange=exchange, on=day, suites=suites, now=_now(store), json=json
    )
    raise typer.Exit(DONE if is_right else REJECTED)


layouts_app = typer.Typer(no_args_is_help=True, help="The layouts of files, and what a change of them would do.")
app.add_typer(layouts_app, name="layouts")


@layouts_app.callback()
def layouts() -> None:
    """The layouts of files, and what a change of them would do."""


@layouts_app.command("parallel")
def layouts_parallel(
    first: ParallelFrom = None,
    last: ParallelTo = None,
    on: Annotated[
        str | None,
        typer.Option("--on", help="The day whose layouts are tried; once all have begun where nothing is given."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--layouts", help="A folder with what would be otherwise: korbit.toml, or another exchange's."),
    ] = None,
    tolerance: Annotated[
        str, typer.Option("--tolerance", help="How much numbers may differ: an amount (0.01) or a part (0.5%).")
    ] = "0",
    exchange: ExchangeOption = None,
    json: Json = False,
) -> None:
    """Read the files of today by layouts of tomorrow: what would break, by exchange; nothing is recorded.

    Status 1 where a file would be refused, rows or values would be others, or something could not be compared.
    """
    from app.cli.parallel import run_layouts

    _known(exchange, None)
    is_right = run_layouts(
        open_store(),
        *_range(first, last),
        exchange=exchange,
        on=None if on is None else _day(on, "--on"),
        folder=folder,
        tolerance=tolerance,
        json=json,
    )
    raise typer.Exit(DONE if is_right else REJECTED)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise CommandError(
            f"--parameter '{text}' is no assignment; write NAME=VALUE, such as halt_shortfall_ratio=0.02"
        )
    return name, value


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema, and derive its figures again where they were made otherwise.

    Where the tables' owner is another role than the service's (DAXA_DATABASE_OWNER_URL), the owner does this and gives
    the service its rights.

    Records that are older than the audit log's digests are vouched for from now on, as they stand; those to which the
    schema adds values are vouched for anew.
    """
    from etl.migrating import migrate_store
    from etl.rebuild import rebuild_figures
    from etl.records.log import COMMAND

    store = open_store(url=owner_address(home_folder()), prepared=False)
    done = migrate_store(store, COMMAND)
    is_new = done.before != done.after
    print(f"revision {done.before or 'none'} → {done.after}" if is_new else f"already at revision {done.after}")
    if done.renewed:
        print(f"the audit log vouches anew for {done.renewed} records, which have more columns now")
    if done.vouched:
        print(f"{done.vouched} older records are vouched for by the audit log from now on")
    with show_progress("figures", None) as progress:
        made = rebuild_figures(store.engine, store.facts, progress)
    if made:
        print(f"figures of {made} submissions derived again")
    if service := give_service_its_rights(store):
        print(f"the role '{service}' has its rights, and no more")


@app.command()
def verify(
    json: Json = False,
    sample: Annotated[
        int | None, typer.Option("--sample", help="Read only so many files again, taken at random.", min=0)
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", help="Instead: is this receipt to be believed? Asks no records.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="The public key to trust, kept elsewhere; else the store's own.")
    ] = None,
    head: Annotated[
        list[Path] | None,
        typer.Option("--head", help="Heads kept elsewhere ('daxa log head'), or receipts, which must still hold."),
    ] = None,
) -> None:
    """Hold kept bytes against their hashes, published rows against the bytes, the records against the audit log.

    The log's chain is walked from its first entry and the signatures of its heads are verified.
    """
    from app.cli.log import check_receipt, check_store

    if receipt is None:
        is_right = check_store(key, head or (), sample=sample, json=json)
    else:
        is_right = check_receipt(receipt, key, json=json)
    raise typer.Exit(DONE if is_right else REJECTED)


app.add_typer(thresholds, name="thresholds")
app.add_typer(users, name="users")
app.add_typer(tokens, name="tokens")
app.add_typer(log, name="log")
app.command()(receipt)
app.command("backup")(backup_store)
app.command("backup-key")(make_backup_key)
app.command()(restore)


@app.command()
def template(
    report_name: Annotated[str, typer.Argument(help="The report.", metavar="REPORT")],
    out: Annotated[Path, typer.Option("--out", help="The file to write: .csv, .xlsx or .parquet.")],
    period: Annotated[
        str | None, typer.Option("--period", help="The day or month that is filed; today where not given.")
    ] = None,
) -> None:
    """A blank canonical template of a report, with the columns of the day that is filed."""
    from app.moments import kst_day, now
    from etl.export import write_template

    day = Period.parse(period).first_day if period else kst_day(now())
    write_template(report(report_name).on(day), out)
    print(f"{out}", file=sys.stderr)


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on.", min=1, max=65535)] = 8501,
    allow_old_python: AllowOldPython = False,
) -> None:
    """The dashboard on one port."""
    from app.cli.serving import must_be_safe, serve_screens

    must_be_safe(host, is_allowed=allow_old_python)
    serve_screens(open_store(), host, port)


@app.command()
def doctor(json: Json = False) -> int:
    """Whether Python and its libraries are new enough, and store and log closed to others; status 1 where not."""
    from app import floor
    from app.cli.serving import closed_by

    home = home_folder()
    opened = opened_places(home, database_address(home))
    wrong = floor.everything_wrong()
    if opened:
        wrong.append(closed_by(home, opened))
    database = _database_warnings(database_address(home))
    wrong.extend(database)
    if json:
        faults = {fault.name: fault.kept_out for fault in floor.known_faults()}
        told = {"versions": floor.versions(), "too_old": list(floor.too_old()), "faults": faults}
        emit({**told, "open_to_others": [shown(path) for path in opened], "database": database})
    else:
        for name, version in floor.versions().items():
            print(f"{name} {version}")
        for sentence in wrong:
            print(f"warning: {sentence}")
        if not wrong:
            print("nothing known to be unsafe")
    return REJECTED if wrong else DONE


def _database_warnings(url: str) -> list[str]:
    """What is unsafe about the role that the service has in its database; nothing for SQLite, which has no roles."""
    engine = open_engine(url)
    try:
        found = too_mighty(engine)
    except RecordsUnavailableError as error:
        found = str(error)
    finally:
        engine.dispose()
    return [found] if found else []


DEMO_DAYS = 45
DEMO_SEED = 20260206
DEMO_FOLDER = "demo"


@app.command()
def demo(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on.", min=1, max=65535)] = 8501,
    days: Annotated[int, typer.Option("--days", help="Days up to yesterday.", min=1)] = DEMO_DAYS,
    replay: Annotated[
        str | None,
        typer.Option("--replay", help="An incident instead, such as bithumb-2026-02-06, or all.", metavar="NAME"),
    ] = None,
    only_data: Annotated[bool, typer.Option("--only-data", help="Fill the store and do not serve.")] = False,
    allow_old_python: AllowOldPython = False,
) -> None:
    """Simulated reports of all five exchanges up to yesterday, or incidents replayed, then the dashboard."""
    from app.cli.demo import prepare_demo, prepare_replay

    if not only_data:
        from app.cli.serving import must_be_safe

        must_be_safe(host, is_allowed=allow_old_python, is_demo=True)
    if replay is None:
        last = moments.last_whole_day(moments.now())
        store = prepare_demo(last - timedelta(days=days - 1), last, seed=DEMO_SEED, progress=show_progress)
    else:
        store = prepare_replay(replay, progress=show_progress)
    if not only_data:
        from app.cli.demo_people import make_demo_people
        from app.cli.serving import serve_screens

        os.environ[URL_VARIABLE] = store.engine.url.render_as_string(hide_password=False)
        serve_screens(store, host, port, accounts=make_demo_people(store, datetime.now(UTC)))


@app.command()
def bench(
    json: Json = False,
    assets: Annotated[
        int | None, typer.Option("--assets", help="Assets of each exchange; real size where not given.", min=1)
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="One part; may be repeated.")] = None,
    screens: Annotated[bool, typer.Option("--screens", help="The screens, over a year that is filled first.")] = False,
) -> None:
    """Measure speed as ratios within one run: ingest of a full-size day, its rules, days of history, or the screens."""
    from app.testbed.bench import run_bench

    run_bench(
        only=[*(only or ()), *(["screens"] if screens else [])],
        assets=assets,
        json=json,
        emit=emit,
        progress=show_progress,
    )


if __name__ == "__main__":
    main()

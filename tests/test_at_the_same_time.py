"""What two processes do at the same time ends as if one had come after the other, on both databases.

The one process is held at its worst moment, where it has read and not yet written, until the other one has come as far
as it can; each has its own connections.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from filing import MORNING, checks, file, halt, halts
from test_judged_anew import difference, judged_anew, recorded

from etl import jobs
from etl.intake import Candidate, declare
from etl.records import submissions as life
from etl.records.engine import alone, reading
from etl.store import Store, open_store
from etl.verify import verify_store
from expectations.vocabulary import KST, Finding, Period, State

pytestmark = pytest.mark.slow

DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"
MORNING_SLICE, NOON_SLICE = f"{DAY}T00-12", f"{DAY}T06-18"
HALTED = Period.parse(DAY).start.astimezone(KST) + timedelta(hours=8, minutes=22)
PATIENCE_SECONDS = 3.0
"""So long the one waits for the other, which may itself have to wait for the one."""

Act = Callable[[Store, Path], Any]


@pytest.fixture
def stores(tmp_path: Path, database_url: str) -> Iterator[tuple[Store, Store]]:
    """The same store twice, as two processes open it."""
    one = open_store(tmp_path / "home", database_url)
    other = open_store(tmp_path / "home", database_url)
    yield one, other
    for opened in (one, other):
        opened.engine.dispose()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Future[Any]]]:
    """Has an act done by another once a function has returned (about `rule`, if named), before its caller goes on."""
    with ThreadPoolExecutor(1) as others:

        def arranged(name: str, other: Store, act: Act, rule: str = "") -> Future[Any]:
            module, _, function = name.rpartition(".")
            owner = __import__(module, fromlist=[function])
            real, asked = getattr(owner, function), [True]
            folder = tmp_path / "other"
            folder.mkdir()
            done: Future[Any] = Future()

            def held(*arguments: Any, **options: Any) -> Any:
                result = real(*arguments, **options)
                is_about = not rule or rule in {one.id for one in arguments[2]}
                if is_about and asked:
                    asked.clear()
                    running = others.submit(act, other, folder)
                    running.add_done_callback(lambda ended: done.set_result(ended.result()))
                    wait([running], PATIENCE_SECONDS)
                return result

            monkeypatch.setattr(owner, function, held)
            return done

        yield arranged


def states(store: Store) -> dict[str, str]:
    """The state of every submission by the text of its period; of the newest of one period."""
    with reading(store.engine) as connection:
        every = sorted(life.listed(connection), key=lambda one: one.recorded_at)
    return {f"{one.report} {one.period.text}": one.state.value for one in every}


def rules_of(outcome: jobs.Outcome) -> list[str]:
    return sorted({finding.rule for _, finding in outcome.findings})


def filing(name: str, content: str) -> Act:
    """File content, as the other process."""
    return lambda store, folder: file(store, folder, name, content)


def deciding(name: str, content: str) -> Act:
    """Receive and decide content, as a process that began before anything else was received."""

    def act(store: Store, folder: Path) -> State:
        path = folder / name
        path.write_text(content)
        submission = jobs.receive(store, Candidate(path, declare(name)), received_at=MORNING).submission
        assert jobs._process_wave(store, [submission], False, jobs._examine_here) == []
        with reading(store.engine) as connection:
            decided = life.by_id(connection, submission.id)
        assert decided is not None
        return decided.state

    return act


def as_judged_anew(store: Store) -> list[tuple[str, list[Finding], list[Finding]]]:
    """Where the findings recorded are not those of judging everything accepted anew."""
    return difference(recorded(store), judged_anew(store, one_by_one=False))


def whole(store: Store) -> None:
    assert verify_store(store).faults == ()
    assert as_judged_anew(store) == []


# ---------------------------------------------------------------------------------------------- publishing


def test_of_two_slices_that_overlap_partly_one_is_refused(stores, meanwhile, tmp_path) -> None:
    one, other = stores
    done = meanwhile(
        "etl.jobs.decide", other, deciding(f"korbit_reconciliation_{NOON_SLICE}.csv", checks(NOON_SLICE, every=5))
    )
    refused = file(one, tmp_path, f"korbit_reconciliation_{MORNING_SLICE}.csv", checks(MORNING_SLICE, every=5))
    assert done.result(30) is State.ACCEPTED
    assert rules_of(refused) == ["SUB-005"]
    assert states(one) == {f"reconciliation {MORNING_SLICE}": "rejected", f"reconciliation {NOON_SLICE}": "accepted"}
    whole(one)


def test_a_file_that_contains_another_replaces_it_whichever_was_read_first(stores, meanwhile, tmp_path) -> None:
    one, other = stores
    done = meanwhile(
        "etl.jobs.decide", other, deciding(f"korbit_reconciliation_{MORNING_SLICE}.csv", checks(MORNING_SLICE, every=5))
    )
    file(one, tmp_path, NAME, checks(DAY, every=5))
    done.result(30)
    assert states(one) == {
        f"reconciliation {DAY}": "accepted",
        f"reconciliation {MORNING_SLICE}": "superseded",
    }
    whole(one)


def test_a_halt_that_another_process_filed_is_known(stores, meanwhile, tmp_path) -> None:
    """A halt of an earlier day may be told of again with its end (2.5), and of one that nobody knows it may not."""
    one, other = stores
    earlier = halts(halt("h", HALTED))
    done = meanwhile("etl.jobs.decide", other, deciding(f"korbit_halts_{DAY}.csv", earlier))
    ended = halts(halt("h", HALTED, HALTED + timedelta(hours=20)))
    found = file(one, tmp_path, "korbit_halts_2026-11-03.csv", ended)
    done.result(30)
    assert found.receipt.submission.state is State.ACCEPTED, found.findings
    whole(one)


# ----------------------------------------------------------------------------------------------- reviewing


def withdrawing(period: str) -> Act:
    """Withdraw what is accepted of a period of reconciliation."""

    def act(store: Store, _folder: Path) -> Any:
        with reading(store.engine) as connection:
            (accepted,) = [
                one
                for one in life.listed(connection)
                if one.report == "reconciliation" and one.period.text == period and one.state is State.ACCEPTED
            ]
        return jobs.withdraw(store, accepted.id, reason="filed by mistake")

    return act


ANSWER = halts(halt("h", HALTED).replace("maintenance,false", "reconciliationMismatch,true"))
SHORT = checks(DAY, every=5, short=range(100, 288))
CHANGES = {
    "a correction without the shortfall": filing(NAME, checks(DAY, every=5)),
    "a halt that answers the shortfall": filing(f"korbit_halts_{DAY}.csv", ANSWER),
    "the next day, still short": filing(
        "korbit_reconciliation_2026-11-03.csv", checks("2026-11-03", every=5, short=range(10))
    ),
    "a withdrawal": withdrawing(DAY),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_is_published_during_a_review_is_judged_after_it(stores, meanwhile, tmp_path, change: Act) -> None:
    one, other = stores
    done = meanwhile("etl.review.ask_rules", other, change, rule="REC-004")
    file(one, tmp_path, NAME, SHORT)
    done.result(60)
    with reading(one.engine) as connection:
        assert life.unreviewed(connection) == []
    whole(one)


def test_a_process_that_ends_gives_up_its_turn(stores) -> None:
    one, other = stores
    with pytest.raises(ArithmeticError), alone(one.engine, "review"):
        raise ArithmeticError
    with ThreadPoolExecutor(1) as pool, alone(other.engine, "review"):
        taken = pool.submit(lambda: alone(one.engine, "review").__enter__())
        assert wait([taken], 0.3).not_done, "two at a time"
    taken.result(10)


def test_two_processes_over_one_folder_decide_each_file_once(stores, tmp_path) -> None:
    one, other = stores
    names = [f"korbit_reconciliation_2026-11-{day:02d}.csv" for day in range(2, 6)]
    for name in names:
        (tmp_path / name).write_text(checks(declare(name).period.text, every=60))
    candidates = [Candidate(tmp_path / name, declare(name)) for name in names]
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(jobs.ingest, store, candidates, received_at=MORNING + timedelta(days=9))
            for store in (one, other)
        ]
        first, second = (each.result(120) for each in both)
    assert [a.receipt.submission.id for a in first] == [b.receipt.submission.id for b in second]
    assert all(a.receipt.duplicate != b.receipt.duplicate for a, b in zip(first, second, strict=True))
    assert set(states(one).values()) == {"accepted"}
    assert len(states(one)) == len(names)
    whole(one)

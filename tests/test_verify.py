"""Receipts that are believed by the key alone, and `daxa verify`, which finds whatever does not agree any more."""

import hashlib
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from browsing import ROOT
from log_tampering import change, drop_guards
from sqlalchemy import delete, insert, select, update

from etl import jobs
from etl.canonical import canonical_json
from etl.evidence import digest_of_file
from etl.heads import sign_heads
from etl.receipts import ReceiptError, receipt_of, verify_receipt
from etl.records import log
from etl.records import submissions as life
from etl.records.access_tables import audit_log, log_heads
from etl.records.engine import reading, writing
from etl.records.log import EventKind
from etl.records.tables import findings, submissions
from etl.records.vouched import about
from etl.signing import public_keys_of, signer_of
from etl.store import open_store
from etl.verify import verify_store
from tests.filing import MORNING, checks, file, halt, halts

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("guards_not_asked")]

TOMORROW = timedelta(days=1)


@pytest.fixture
def store(tmp_path, database_url):
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def filed(store, tmp_path):
    """An accepted file with findings, one that it superseded, a withdrawn one and a rejected one; signed up to now."""
    made = {
        "superseded": file(store, tmp_path, "korbit_reconciliation_2026-11-02T09-12.csv", checks("2026-11-02T09-12")),
        "accepted": file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02", short=range(3))),
        "rejected": file(store, tmp_path, "korbit_halts_2026-11-03.csv", "what, no halts?"),
        "withdrawn": file(store, tmp_path, "korbit_halts_2026-11-02.csv", halts()),
    }
    jobs.withdraw(store, made["withdrawn"].receipt.submission.id, reason="wrong day")
    sign_heads(store, datetime.now(UTC) + TOMORROW)
    with reading(store.engine) as connection:
        return {name: life.by_id(connection, one.receipt.submission.id) for name, one in made.items()}


def faults(store, **asked):
    return [(fault.subject, fault.what) for fault in verify_store(store, **asked).faults]


def facts_path(store, submission):
    return store.facts.path(life.fact_files([submission])[0])


def test_a_store_that_nobody_touched_agrees_in_everything(store, filed):
    found = verify_store(store)
    assert (found.faults, found.submissions, found.read_again) == ((), 4, 3)
    assert found.entries > 8
    assert found.signed_to is not None
    assert verify_store(store, sample=1).read_again == 1
    assert verify_store(store, sample=0).read_again == 0


# ------------------------------------------------------------------------------------ bytes and rows


@pytest.mark.parametrize("name", ["accepted", "superseded", "withdrawn", "rejected"])
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_changed_or_missing_evidence_is_found_whatever_became_of_it(store, filed, name, how):
    path = store.evidence.path(filed[name].sha256)
    if how == "missing":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    what = "are missing" if how == "missing" else "differ from their SHA-256"
    assert faults(store) == [(filed[name].id, f"the kept bytes {filed[name].sha256} {what}")]


def old(path, content=b"x", *, seconds=3700):
    """A file that lies there for so long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    when = time.time() - seconds
    os.utime(path, (when, when))


@pytest.mark.parametrize(
    "place",
    ["evidence/ab/" + "ab" * 32, "evidence/note.txt", "facts/halts/korbit/2026-11-02/S-1.parquet", "facts/.S-1.tmp"],
)
def test_a_file_that_no_record_knows_is_told_once_it_is_no_filing_under_way(store, filed, place):
    old(store.home / place, seconds=60)
    assert faults(store) == []
    old(store.home / place)
    assert faults(store) == [(place, "is a file that no record knows; find out where it comes from, then remove it")]


def test_a_link_among_the_evidence_is_told(store, filed):
    link = store.evidence.folder / "elsewhere"
    link.symlink_to(store.home)
    when = time.time() - 3700
    os.utime(link, (when, when), follow_symlinks=False)
    assert [subject for subject, _ in faults(store)] == ["evidence/elsewhere"]


def test_bytes_that_had_to_be_discarded_and_are_there_are_told(store, filed, tmp_path):
    text = halts(halt("tel 010-1234-5678", MORNING - timedelta(hours=12)))
    outcome = file(store, tmp_path, "korbit_halts_2026-11-05.csv", text)
    kept = outcome.receipt.submission
    assert not kept.evidence_kept
    assert faults(store) == []
    old(store.evidence.path(kept.sha256))
    assert [what for _, what in faults(store)] == ["is kept, and its bytes had to be discarded (SUB-007); remove it"]


def rewritten(rows, how):
    if how == "one digit":
        place = rows.schema.get_field_index("wallet_quantity")
        column = rows["wallet_quantity"]
        kind = column.type
        last = pa.array([column[-1].as_py() + 1], kind)
        return rows.set_column(place, rows.schema.field(place), pa.concat_arrays([*column[:-1].chunks, last]))
    if how == "other row":
        return rows.set_column(
            rows.schema.get_field_index("source_row"),
            "source_row",
            pc.add(rows["source_row"], pa.scalar(1, pa.int64())),
        )
    if how == "lost row":
        return rows[:-1]
    if how == "lost column":
        return rows.drop_columns(["ledger_quantity"])
    return rows.set_column(
        rows.schema.get_field_index("ledger_quantity"), "ledger_quantity", pa.array(["1.5"] * len(rows))
    )


def vouched_for(store, submission):
    """Record and log the hash of the rows that lie there, as whoever writes them does."""
    sha256 = digest_of_file(facts_path(store, submission))
    with writing(store.engine) as connection:
        life.record_rows(connection, submission.id, sha256)
        changed, details = about([submission.id], "submissions"), {"rows_sha256": sha256}
        log.append(connection, [log.AuditEvent("command", log.EventKind.HEAL, submission.id, details, changed)])


@pytest.mark.parametrize("is_vouched_for", [False, True], ids=["by the hash", "by the bytes"])
@pytest.mark.parametrize("how", ["one digit", "other row", "lost row", "lost column", "other type"])
def test_published_rows_that_are_not_what_the_evidence_says_are_found(store, filed, how, is_vouched_for):
    path = facts_path(store, filed["accepted"])
    pq.write_table(rewritten(pq.read_table(path, partitioning=None), how), path)
    if is_vouched_for:
        vouched_for(store, filed["accepted"])
    ((subject, what),) = faults(store)
    assert subject == filed["accepted"].id
    assert "rows" in what


@pytest.mark.parametrize(("damaged", "is_asked"), [("evidence", True), ("facts", False)])
def test_findings_are_held_against_rows_as_long_as_these_are_whole(store, filed, monkeypatch, damaged, is_asked):
    asked = []
    monkeypatch.setattr("etl.verify.standing_faults", lambda _store, _connection, every: asked.append(every) or [])
    path = store.evidence.path(filed["rejected"].sha256)
    if damaged == "facts":
        path = store.facts.path(life.fact_files([filed["accepted"]])[0])
    path.write_bytes(path.read_bytes() + b"x")
    assert verify_store(store).faults
    assert bool(asked) is is_asked


@pytest.mark.parametrize("how", ["missing", "no parquet", "damaged"])
def test_published_rows_that_cannot_be_read_are_found(store, filed, how):
    path = facts_path(store, filed["superseded"])
    data = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
    elif how == "no parquet":
        path.write_bytes(b"nothing")
    else:
        data[4:200] = bytes(196)
        path.write_bytes(data)
    ((subject, what),) = faults(store)
    assert subject == filed["superseded"].id
    assert what.startswith("its published rows")


def test_rows_in_another_order_are_the_same_rows(store, filed):
    path = facts_path(store, filed["accepted"])
    rows = pq.read_table(path, partitioning=None)
    pq.write_table(rows.sort_by([("source_row", "descending")]), path)
    assert faults(store) == [(filed["accepted"].id, "its published rows differ from their SHA-256")]
    vouched_for(store, filed["accepted"])
    assert faults(store) == []


def test_a_sample_still_holds_all_bytes_against_their_hashes(store, filed):
    store.evidence.path(filed["rejected"].sha256).write_bytes(b"x")
    assert len(faults(store, sample=0)) == 1


# ------------------------------------------------------------------------------- records and the log


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"state": "accepted"}, "is accepted, in the audit log withdrawn"),
        ({"row_count": 7}, "has 7 rows, in the audit log 0"),
        ({"sha256": "0" * 64}, "the audit log has another SHA-256 of what was filed"),
    ],
    ids=["state", "rows", "hash"],
)
def test_a_record_that_is_not_what_was_logged_is_found(store, filed, columns, said):
    with writing(store.engine) as connection:
        connection.execute(update(submissions).where(submissions.c.id == filed["withdrawn"].id).values(**columns))
    assert (filed["withdrawn"].id, said) in faults(store)


def test_a_finding_of_a_verdict_that_was_taken_away_is_found(store, filed):
    assert "findings" not in str(faults(store))
    with writing(store.engine) as connection:
        connection.execute(delete(findings).where(findings.c.submission == filed["rejected"].id))
    assert faults(store) == [
        (filed["rejected"].id, "its findings are not those that it was judged with"),
        (filed["rejected"].id, "its record in findings is gone, and the audit log has a digest of it"),
    ]


def test_a_submission_that_nobody_logged_and_one_that_is_gone_are_found(store, filed):
    number = filed["rejected"].id
    with writing(store.engine) as connection:
        row = connection.execute(select(submissions).where(submissions.c.id == number)).mappings().one()
        connection.execute(
            insert(submissions).values({**row, "id": "20261103-0000000000", "sequence": row["sequence"] + 1_000})
        )
    assert faults(store) == [
        ("20261103-0000000000", "that it was filed is not in the audit log"),
        ("20261103-0000000000", "its record in submissions is there, and nothing in the audit log made it"),
    ]


@pytest.mark.parametrize("how", ["entry", "removed", "cut off", "head", "untrusted"])
def test_a_changed_log_is_found(store, filed, how, tmp_path):
    drop_guards(store)
    with writing(store.engine) as connection:
        last = log.last_entry(connection).sequence
        if how == "entry":
            change(connection, 2, actor="nobody")
        elif how == "removed":
            connection.execute(delete(audit_log).where(audit_log.c.sequence == 3))
        elif how == "cut off":
            connection.execute(delete(audit_log).where(audit_log.c.sequence == last))
        elif how == "head":
            connection.execute(update(log_heads).values(hash="0" * 64))
    trusted = {} if how == "untrusted" else None
    found = faults(store, trusted=trusted)
    subject, word = {
        "entry": ("log entry 2", "was changed"),
        "removed": ("log entry 3", "is missing"),
        "cut off": ("log head", "which is gone"),
        "head": ("log head", "not of its content"),
        "untrusted": ("log head", "not trusted"),
    }[how]
    assert any(one.startswith(subject) and word in what for one, what in found), found


def test_a_log_that_was_emptied_is_found(store, filed):
    drop_guards(store)
    with writing(store.engine) as connection:
        connection.execute(delete(audit_log))
        connection.execute(delete(log_heads))
    assert ("audit log", "is empty although reports are filed") in faults(store)


# ------------------------------------------------------------------------------------------- receipts


@pytest.fixture
def receipt(store, filed):
    return receipt_of(store, filed["accepted"].id, MORNING + timedelta(hours=9))


def test_a_receipt_is_believed_by_the_public_key_alone(store, filed, receipt, tmp_path):
    key = signer_of(store.home).public
    checked = verify_receipt(receipt, {key.id: key})
    assert checked.fault is None
    content = checked.content
    accepted = filed["accepted"]
    assert (content["submission"], content["sha256"], content["state"]) == (accepted.id, accepted.sha256, "accepted")
    assert (content["received_at"], content["due_at"]) == ("2026-11-03T09:30:00+09:00", "2026-11-03T10:00:00+09:00")
    assert (content["late_seconds"], content["rule_set_version"]) == (0, accepted.rule_set_version)
    assert content["finding_count"] > 0
    # Laid out otherwise it is the same receipt.
    assert verify_receipt(json.dumps(json.loads(receipt)), {key.id: key}).fault is None


def test_any_changed_byte_of_a_receipt_is_found(store, receipt):
    keys = public_keys_of(store.home)
    data = receipt.encode()
    whole = json.loads(receipt)
    for place in range(len(data)):
        for other in (data[place] ^ 1, data[place] ^ 32):
            changed = (data[:place] + bytes([other]) + data[place + 1 :]).decode("utf-8", "replace")
            try:
                is_the_same = json.loads(changed) == whole
            except ValueError:
                is_the_same = False
            # A blank that became another blank changes how the receipt is laid out and nothing that it says.
            assert (verify_receipt(changed, keys).fault is None) == is_the_same, (place, changed)


def test_a_receipt_that_says_a_thing_twice_or_something_else_is_none(store, filed, receipt, tmp_path):
    keys = public_keys_of(store.home)
    whole = json.loads(receipt)
    signer = signer_of(store.home)
    stranger = signer_of(tmp_path / "elsewhere")
    for text in (
        "",
        "[]",
        "{" * 100_000,
        receipt.replace('"state": "accepted"', '"state": "rejected", "state": "accepted"'),
        json.dumps({**whole, "more": 1}),
        json.dumps({**whole, "receipt": {**whole["receipt"], "size_bytes": 1.5}}),
        json.dumps({**whole, "signature": whole["signature"].upper()}),
        json.dumps({**whole, "key": stranger.public.id, "signature": stranger.sign(whole["receipt"])}),
        json.dumps({"receipt": {"kind": "x"}, "key": signer.public.id, "signature": signer.sign({"kind": "x"})}),
    ):
        assert verify_receipt(text, keys).fault, text[:80]
    with pytest.raises(ReceiptError, match="there is no submission"):
        receipt_of(store, "20261103-0000000000", MORNING)


# --------------------------------------------------------------------------------------- the command


@pytest.fixture
def daxa(store, database_url):
    def run(*words):
        done = subprocess.run(
            [sys.executable, "-c", "from app.cli import main; main()", *words],
            env={**os.environ, "DAXA_HOME": str(store.home), "DAXA_DATABASE_URL": database_url},
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def digest_by_hand(lines):
    """The digest of findings from what `daxa findings --json` prints, and nothing of ours but how JSON is written."""
    names = ("rule", "kind", "row", "column", "subject", "from", "to", "found", "expected")
    kept = sorted(canonical_json({name: one[name] for name in names}) for one in lines)
    return hashlib.sha256("".join(f"{line}\n" for line in kept).encode()).hexdigest()


def test_the_command_verifies_gives_receipts_and_believes_them(daxa, store, filed, tmp_path):
    status, out, _ = daxa("verify")
    assert (status, out.splitlines()[-1]) == (0, "0 faults")
    path, key = tmp_path / "receipt.json", tmp_path / "key.pub"
    assert daxa("receipt", filed["accepted"].id, "--out", str(path))[0] == 0
    key.write_text(daxa("log", "key")[1])
    found = [json.loads(line) for line in daxa("findings", "--json")[1].splitlines()]
    own = [one for one in found if one["submission"] == filed["accepted"].id]
    content = json.loads(path.read_text())["receipt"]
    assert (content["finding_count"], content["findings_sha256"]) == (len(own), digest_by_hand(own))
    (store.home / "keys").rename(tmp_path / "away")
    status, out, _ = daxa("verify", "--receipt", str(path), "--key", str(key))
    assert (status, out.startswith(f"valid: {filed['accepted'].id}")) == (0, True)
    path.write_text(path.read_text().replace('"accepted"', '"rejected"'))
    status, out, _ = daxa("verify", "--receipt", str(path), "--key", str(key))
    assert (status, out) == (1, "the receipt was changed after it was signed, or is none of ours\n")
    (tmp_path / "away").rename(store.home / "keys")
    store.evidence.path(filed["rejected"].sha256).unlink()
    facts_path(store, filed["accepted"]).unlink()
    status, out, error = daxa("verify")
    assert (status, error) == (1, "")
    assert sorted(out.splitlines()[:2]) == sorted(
        [
            f"{filed['rejected'].id}: the kept bytes {filed['rejected'].sha256} are missing",
            f"{filed['accepted'].id}: its published rows are missing",
        ]
    )
    assert out.splitlines()[-1] == "2 faults"
    with reading(store.engine) as connection:
        assert [json.loads(e.details)["faults"] for e in log.entries(connection, act=EventKind.VERIFY)] == [2, 0]
        assert len(log.entries(connection, act=EventKind.RECEIPT)) == 1

"""Files that were once read wrongly or answered misleadingly: the right verdict through every way in."""

import hashlib
import json
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.worker.process import address_of_store, worker_for
from etl.drafts import drafts_of
from etl.examine import Incoming, Past, decide, read_one
from etl.intake import Declared, said_by
from etl.store import Store, open_store
from expectations.catalogue import all_rules
from expectations.vocabulary import Period
from tests.door import Client, token
from tests.filing_desk import NOW, check, opening, somebody, text_of
from tests.troublesome import FOLDER, TROUBLESOME, Troublesome

pytestmark = [pytest.mark.usefixtures("judged_in_this_process"), pytest.mark.slow]
RECEIVED = "2026-11-03T09:00:00+09:00"
STRUCTURE = ("SUB-",)
"""The rules of these findings; what other rules say of accepted rows is not the matter here."""


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[Store]:
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    worker_for(address_of_store(opened)).close()
    opened.engine.dispose()


@pytest.fixture(scope="module")
def doors(address: str, store: Store) -> dict[str, Client]:
    """A machine of each exchange."""
    return {
        name: Client(address, token(store, name)) for name in sorted({one.exchange for one in TROUBLESOME.values()})
    }


def brief(findings: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Rule, row, column and what was found of the findings that say how the file was read."""
    told = ((one["rule"], one.get("row"), one.get("column"), one["found"]) for one in findings)
    return [one for one in told if one[0].startswith(STRUCTURE)]


@pytest.mark.parametrize("label", TROUBLESOME)
def test_the_verdict_names_the_cause_at_its_place(label: str) -> None:
    file = TROUBLESOME[label]
    said = said_by(file.path.name)
    declared = Declared(said["exchange"], said["report"], Period.parse(said["period"]))
    verdict = decide([read_one(Incoming("s-1", file.data, file.path.name, declared, Past()))])["s-1"]
    assert (verdict.state, verdict.row_count) == (file.state, file.rows)
    found = [(one.rule, one.row, one.column, one.reason, one.found) for one, _ in verdict.findings]
    wanted = [(one["rule"], one.get("row"), one.get("column"), one["reason"], one["found"]) for one in file.findings]
    assert found == wanted
    for one, _ in verdict.findings:
        assert one.reason in all_rules()[one.rule].reasons
    for column, values in file.values.items():
        assert verdict.table is not None
        assert [str(value) for value in verdict.table.column(column).to_pylist()] == values


@pytest.mark.parametrize("words", [("check",), ("ingest", "--received-at", RECEIVED)], ids=["check", "ingest"])
def test_the_command_answers_for_every_file_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DAXA_HOME", str(tmp_path))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setattr(sys, "argv", ["daxa", words[0], "--json", *words[1:], str(FOLDER)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    told = {Path(line["file"]).parent.name: line for line in lines if line["state"] is not None}
    assert told.keys() >= TROUBLESOME.keys()
    for label, file in TROUBLESOME.items():
        assert told[label]["state"] in (file.state, "superseded"), label
        assert told[label]["rows"] == file.rows, label
        assert brief(told[label]["findings"]) == brief(list(file.findings)), label


@pytest.mark.parametrize("label", TROUBLESOME)
def test_the_interface_says_the_same_before_filing_and_after(
    doors: dict[str, Client], store: Store, label: str
) -> None:
    file: Troublesome = TROUBLESOME[label]
    door = doors[file.exchange]
    checked = door.ask("POST", "/checks", file.data, file=file.path.name).json
    # A file may take the place of most rows of another case of the same period, which asks for a reason.
    filed = door.submit(file.path.name, file.data, reason="Tried after other cases of its period.").json
    assert checked["state"] == file.state
    assert filed["state"] in (file.state, "superseded")
    assert brief(checked["findings"]) == brief(list(file.findings))
    told = [one["reason"] for one in checked["findings"] if one["rule"].startswith(STRUCTURE)]
    assert told == [one["reason"] for one in file.findings]
    assert not list((store.home / "incoming").glob("*"))


def test_amounts_in_the_currency_of_the_market_are_asked_about(doors: dict[str, Client]) -> None:
    file = TROUBLESOME["usdt-market-counted-as-won"]
    told = doors[file.exchange].ask("POST", "/checks", file.data, file=file.path.name).json
    asked = [one for one in told["findings"] if one["rule"] == "VOL-009"]
    assert [(one["subject"], one["found"]) for one in asked] == [("BTC/USDT", "KRW 1234567.89")]


@pytest.mark.slow
@pytest.mark.parametrize("label", TROUBLESOME)
def test_the_page_says_it_too(monkeypatch: pytest.MonkeyPatch, store: Store, label: str) -> None:
    file = TROUBLESOME[label]
    with opening(monkeypatch, store.home, keep_worker=True) as opened:
        text = text_of(check(opened(somebody(file.exchange)), (file.path.name, file.data)))
    holds_secrets = any(one["rule"] == "SUB-007" for one in file.findings)
    for finding in file.findings[:5]:  # the page shows the first cells
        rule = all_rules()[finding["rule"]]
        assert rule.id in text
        assert escape(rule.reasons[finding["reason"]].ko) in text
        assert holds_secrets or escape(finding["found"]) in text
    drafts = {draft.sha256: draft for draft in drafts_of(store, [file.exchange], NOW)}
    kept = drafts.get(hashlib.sha256(file.data).hexdigest())
    assert (kept is None) == holds_secrets
    if kept is not None:
        assert (kept.state, kept.file) == (file.state, file.path.name)

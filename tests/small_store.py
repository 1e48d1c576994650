"""A small store with every reason for an empty screen side by side, and a text that looks like a formula."""

from datetime import datetime, timedelta
from pathlib import Path

from filing import checks, file, halt, halts, milliseconds

from etl.store import open_store
from expectations.vocabulary import KST, Period

NOW = datetime(2026, 11, 7, 12, 0, tzinfo=KST)
"""The reports of the day before are due, those of the day are not."""
WEEK = "&period=custom&from=2026-11-02&to=2026-11-07&exchange=korbit,gopax"
FORMULA = "=1+1"
CASE = "C-FORMULA"
_ACTIONS = "actionId,caseId,keyHash,accountHash,suspicion,riskLevel,stage,detectedAt,actedAt,outcome,note"


def fill_small(home: Path) -> Path:
    """Korbit's week of halts with a nil return, a refused file, a halt and two days missing; Gopax never filed any.

    On the fourth, a case whose note begins like a formula, and checks that lack five bitcoin.
    """
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    stopped = datetime(2026, 11, 4, 9, tzinfo=KST)
    seen, acted = (milliseconds(stopped.replace(hour=hour)) for hour in (8, 11))
    step = f"A-1,{CASE},{'a' * 64},{'b' * 64},lending,low,monitoring,{seen},{acted},applied,{FORMULA}"
    halted = halts(halt("h", stopped, stopped.replace(hour=10)))
    files = {
        "korbit_halts_2026-11-02.csv": halts(),
        "korbit_halts_2026-11-03.csv": halted,  # of another day: refused
        "korbit_halts_2026-11-04.csv": halted,
        "korbit_key_actions_2026-11-04.csv": "\r\n".join([_ACTIONS, step, ""]),
        "korbit_reconciliation_2026-11-04.csv": checks(
            "2026-11-04", every=5, ledger="6.4", wallet="6.4", short=range(100, 103)
        ),
    }
    for name, content in files.items():
        day = Period.parse(name.rpartition("_")[2].partition(".")[0])
        file(store, home, name, content, day.end + timedelta(hours=9))
    store.engine.dispose()
    return home

"""The edits by which a report gains a column and loses one, and one exchange renames one, all from a day on."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COPIED = ("expectations", "etl", "app", "pages", "tests", ".streamlit", "pyproject.toml")

DAY = date(2026, 11, 20)
"""The first day of the new shape."""
EARLIER = (DAY - timedelta(days=2), DAY - timedelta(days=1))
LATER = (DAY, DAY + timedelta(days=1))
ADDED, DROPPED = "dormant_keys", "blocked_call_count"
RENAMED = ("issuedKeys", "newKeys")
"""Korbit's name for `issued_keys`, before and after."""
ADDED_NATIVE = {
    "upbit": "dormant_count",
    "bithumb": "휴면",
    "coinone": "dormant",
    "korbit": "dormantKeys",
    "gopax": "휴면키수",
}
SEED = 7
ASSETS = dict.fromkeys(("upbit", "bithumb", "korbit"), 2)
"""Who files, and how many assets each lists: one exchange of each container."""

_SHAPE = f'''        Field(
            "{ADDED}",
            ValueType.COUNT,
            Wording("휴면 키수", "Dormant keys"),
            Wording("90일 동안 쓰이지 않은 유효 키수", "Active keys that were not used for 90 days"),
            unit="keys",
            since=date({DAY.year}, {DAY.month}, {DAY.day}),
        ),
'''


def change(folder: Path) -> Path:
    """A copy of the source below `folder`, with the change made in it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        elif source.exists():
            shutil.copy2(source, folder / name)
    day = f"date({DAY.year}, {DAY.month}, {DAY.day})"
    shape = folder / "expectations" / "reports" / "api_keys.py"
    next_field = '        Field(\n            "max_ips_per_key",'
    _edit(shape, "from datetime import time", "from datetime import date, time")
    _edit(shape, next_field, _SHAPE + next_field)
    _edit(shape, '            unit="calls",\n', f'            unit="calls",\n            until={day},\n', times=2)
    for exchange, native in ADDED_NATIVE.items():
        next_column = '            "max_ips_per_key":'
        _edit(_module(folder, exchange), next_column, f'            "{ADDED}": "{native}",\n{next_column}')
    before, after = (f'"{name}"' for name in RENAMED)
    _edit(_module(folder, "korbit"), before, f"{{date.min: {before}, {day}: {after}}}")
    next_figure = '            "max_ips_per_key",\n'
    _edit(folder / "etl" / "records" / "tables.py", next_figure, f'            "{ADDED}",\n{next_figure}')
    active = '        "active_keys": active,\n'
    _edit(folder / "app" / "testbed" / "simulator" / "keys.py", active, f'{active}        "{ADDED}": active // 3,\n')
    _add_rules(folder / "expectations" / "reports" / "api_keys.json")
    return folder


def _module(folder: Path, exchange: str) -> Path:
    return folder / "etl" / "exchanges" / f"{exchange}.py"


def _edit(file: Path, old: str, new: str, *, times: int = 1) -> None:
    """Put `new` in the place of the first `old`, which stands there so many times."""
    text = file.read_text("utf-8")
    assert text.count(old) == times, f"{file.name} changed: {old!r} stands there {text.count(old)} times"
    file.write_text(text.replace(old, new, 1), "utf-8")


def _add_rules(file: Path) -> None:
    """The new count is not negative; and two rules that fire on every row without it, were they asked of such rows."""
    suite = json.loads(file.read_text("utf-8"))
    by_id = {record["meta"]["id"]: record for record in suite["expectations"]}
    cells = by_id["KEY-NEG"]["kwargs"]
    cells["cells"][ADDED], cells["expected"][ADDED] = "{cell} < 0", "≥ 0"
    for number, kind, severity in (("KEY-090", "integrity", "critical"), ("KEY-091", "plausibility", "info")):
        rule = json.loads(json.dumps(by_id["KEY-003"]))
        rule["kwargs"] |= {"violation": f"{ADDED} IS NULL OR {ADDED} > active_keys", "found": f"{ADDED}"}
        rule["severity"] = severity
        rule["meta"] |= {"id": number, "kind": kind}
        suite["expectations"].append(rule)
    file.write_text(json.dumps(suite, ensure_ascii=False, indent=2), "utf-8")

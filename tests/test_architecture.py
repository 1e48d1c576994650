"""Floors and doors: which part of the house may import what.

The floors are stacked `pages` → `app` → `etl` → `expectations`; a floor uses what is below it. Every
third-party library is imported by the rooms listed for it here and by no others.
"""

import ast
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

FLOORS = {
    "pages": {"app"},
    "app": {"etl", "expectations"},
    "etl": {"expectations"},
    "expectations": set(),
}
"""Each floor, and the other floors that it may import."""

DOORS = {
    # the standard
    "great_expectations": ["expectations.verbs", "expectations.judge", "expectations.engine"],
    "duckdb": [
        "expectations.verbs",
        "expectations.judge",
        "expectations.engine",
        "etl.facts",
        "etl.figures",
        "app.testbed.bench.by_hand",
    ],
    # the road
    "sqlalchemy": [
        "etl.records",
        "etl.migrations",
        "etl.store",
        "etl.failures",
        "etl.rebuild",
        "etl.heads",
        "etl.heal",
        "etl.verify",
        "etl.vouching",
        "etl.key_change",
        "etl.outside_heads",
        "etl.figure_faults",
        "etl.finding_faults",
        "etl.receipts",
        "etl.comparison",
        "etl.drafts",
        "etl.receiving",
        "etl.rehearsal",
        "etl.jobs",
        "etl.figures",
        "etl.episodes",
        "etl.context",
        "etl.entities",
        "etl.judged",
        "etl.regions",
        "etl.affected",
        "etl.review",
        "etl.calendar",
        "etl.lifted_breaches",
        "etl.overdue",
        "etl.unevaluated",
        "etl.ledger",
        "etl.health",
        "app.queries",
        "SUBJECT",
        "app.testbed.year",
    ],
    "alembic": ["etl.records", "etl.migrations"],
    "argon2": ["etl.records.passwords"],
    "zxcvbn": ["etl.records.passwords"],
    "cryptography": ["etl.signing", "etl.sealing"],
    "pyarrow": [
        "expectations.verbs",
        "expectations.judge",
        "etl",
        "SUBJECT",
        "app.widgets.tables",
        "app.cli",
        "app.testbed",
    ],
    "python_calamine": ["etl.formats", "app.testbed.bench"],
    "openpyxl": ["etl.formats", "etl.annotated"],
    "xlsxwriter": ["etl.writing", "etl.export", "app.exports"],
    "pandas": ["etl", "app", "pages"],
    "numpy": ["etl", "app.testbed", "app.charts", "SUBJECT charts"],
    # the service and the screens
    "plotly": ["app.charts", "SUBJECT charts"],
    "cachetools": ["app.cache"],
    "streamlit": [
        "app.main",
        "app.sign_in.present",
        "app.run",
        "app.navigation",
        "app.widgets",
        "SUBJECT parts",
        "app.testbed.bench.visitors",
        "pages",
    ],
    "starlette": ["app.main", "app.api", "app.server", "app.sign_in"],
    "authlib": ["app.sign_in.oidc"],
    "prometheus_client": ["app.server.operations"],
    "uvicorn": ["app.main", "app.cli", "app.server.connections"],
    "h11": ["app.server.connections"],
    "websockets": ["app.testbed.bench.visitors"],
    "orjson": ["etl", "app"],
    "typer": ["app.cli"],
    "rich": ["app.cli"],
}
"""Each library, and the rooms that may import it: a module, or a folder with all that is in it.

`SUBJECT charts` and `SUBJECT parts` stand for the modules of a subject whose name ends so, `SUBJECT` for its others.
"""

SUBJECTS = {
    "account",
    "administration",
    "answers",
    "audits",
    "filing",
    "halts",
    "keys",
    "obligations",
    "overview",
    "quality",
    "reconciliation",
    "replay",
    "rules",
    "surveillance",
    "volume",
}
"""The folders of `app/` that hold all that one subject shows."""


class Import(NamedTuple):
    """One imported module: where it stands, and its whole dotted name."""

    room: str
    file: str
    line: int
    module: str

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def modules_of(*floors: str) -> list[Path]:
    return sorted(file for floor in floors for file in (ROOT / floor).rglob("*.py"))


def dotted(file: Path) -> str:
    """The name that a file is imported by."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(node: ast.AST, package: list[str]) -> list[str]:
    """The modules that one statement or call imports; `package` is where relative names start."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, level=0):
            return [module or ""]
        case ast.ImportFrom(module=module, level=level):
            return [".".join([*package[: len(package) - level + 1], *([module] if module else [])])]
        case ast.Call(
            func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            return [name]
    return []


@cache
def imports_of(file: Path) -> tuple[Import, ...]:
    """Everything that a file imports, at its top or anywhere in it."""
    room = dotted(file)
    package = room.split(".") if file.name == "__init__.py" else room.split(".")[:-1]
    where = file.relative_to(ROOT).as_posix()
    return tuple(
        Import(room, where, node.lineno, name)
        for node in ast.walk(ast.parse(file.read_text("utf-8"), filename=where))
        for name in imported_names(node, package)
    )


def kind_of_room(room: str) -> str:
    """`SUBJECT charts`, `SUBJECT parts` or `SUBJECT` for a module of a subject, nothing for any other."""
    match room.split("."):
        case ["app", subject, module] if subject in SUBJECTS:
            suffix = module.rpartition("_")[2]
            return f"SUBJECT {suffix}" if suffix in {"charts", "parts"} else "SUBJECT"
    return ""


def is_inside(room: str, door: str) -> bool:
    return door in (room, kind_of_room(room)) or room.startswith(door + ".")


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import one another, by Tarjan's algorithm."""
    found: list[list[str]] = []
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in order:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], order[other])
        if low[module] == order[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1:
                found.append(group)

    for module in sorted(graph):
        if module not in order:
            visit(module)
    return found


def imported_members(file: Path) -> list[str]:
    """The modules and members that a file imports where it runs, each by its whole name."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    return [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    ] + [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]


def nearest_module(name: str, known: Mapping[str, Path]) -> str:
    """The module that an imported name is or stands in; nothing for those of others."""
    return name if name in known else name.rpartition(".")[0] if name.rpartition(".")[0] in known else ""


def told(found: list[str]) -> str:
    return "\n  ".join(["", *found])


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_imports_only_the_floors_below_it(floor: str) -> None:
    allowed = FLOORS[floor] | {floor}
    wrong = [
        f"{found}: {floor} may import {' and '.join(sorted(FLOORS[floor])) or 'no other floor'}; "
        f"move what is needed down to a floor that both may import, or hand it in as an argument"
        for file in modules_of(floor)
        for found in imports_of(file)
        if found.top in FLOORS and found.top not in allowed
    ]
    assert not wrong, told(wrong)


@pytest.mark.parametrize("floor", FLOORS)
def test_tests_are_not_imported(floor: str) -> None:
    wrong = [
        f"{found}: move what both need into {floor}"
        for file in modules_of(floor)
        for found in imports_of(file)
        if found.top in {"tests", "conftest"}
    ]
    assert not wrong, told(wrong)


@pytest.mark.parametrize("library", DOORS)
def test_a_library_is_imported_only_through_its_doors(library: str) -> None:
    wrong = [
        f"{found}: only {', '.join(DOORS[library])} may; ask one of these for what is needed, "
        f"or, if this room is a second door for a reason, add {found.room} to DOORS"
        for file in modules_of(*FLOORS)
        for found in imports_of(file)
        if found.top == library and not any(is_inside(found.room, door) for door in DOORS[library])
    ]
    assert not wrong, told(wrong)


def test_every_library_has_a_door() -> None:
    known = {*DOORS, *FLOORS, *sys.stdlib_module_names}
    wrong = [
        f"{found}: the library is not in DOORS; use one that is, or pin it in pyproject.toml, run "
        f"`make lock` and list the one room that imports it"
        for file in modules_of(*FLOORS)
        for found in imports_of(file)
        if found.top not in known
    ]
    assert not wrong, told(wrong)


def test_no_modules_import_one_another() -> None:
    """Also not inside a function, which only hides the circle; what stands under TYPE_CHECKING is for readers."""
    names = {dotted(file): file for file in modules_of(*FLOORS)}
    graph = {
        name: {module for module in (nearest_module(found, names) for found in imported_members(file)) if module}
        - {name}
        for name, file in names.items()
    }
    assert not circles(graph), told([" → ".join(group) for group in circles(graph)])


def test_a_subject_leaves_its_module_names_to_what_they_hold() -> None:
    """Plotly goes into `*charts.py`, Streamlit into `*parts.py`, and neither the other way round."""
    wrong = [
        f"{found}: {kind_of_room(found.room)}"
        for file in modules_of("app")
        for found in imports_of(file)
        if (found.top == "streamlit" and kind_of_room(found.room) in {"SUBJECT", "SUBJECT charts"})
        or (found.top == "plotly" and kind_of_room(found.room) in {"SUBJECT", "SUBJECT parts"})
    ]
    assert not wrong, told(wrong)


def test_every_folder_of_app_is_a_subject_or_named_as_something_else() -> None:
    shared = {"charts", "queries", "widgets", "wording", "static"}
    others = {"api", "cli", "server", "sign_in", "testbed", "worker"}
    folders = {path.name for path in (ROOT / "app").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == SUBJECTS | shared | others


def test_no_module_of_app_hides_another() -> None:
    """Streamlit puts app/ first on the module path, so that app/logging.py would be everybody's logging."""
    taken = {*DOORS, *FLOORS, *sys.stdlib_module_names}
    wrong = [
        f"{path.relative_to(ROOT)} hides the module {path.stem} from everybody: give it another name"
        for path in sorted((ROOT / "app").glob("*"))
        if path.suffix in {"", ".py"} and path.stem in taken
    ]
    assert not wrong, told(wrong)


@pytest.mark.slow
def test_the_service_starts_without_great_expectations() -> None:
    """Its import takes seconds and 250 MB, and judging belongs to another process than the screens'."""
    judging = "app.worker.preloaded"  # what the worker's own processes are forked with
    names = [name for name in map(dotted, modules_of("app")) if not is_inside(name, "app.testbed") and name != judging]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "    assert 'great_expectations' not in sys.modules, f'{name} loads great_expectations'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, (
        f"{done.stderr}\nImport expectations.judge, and what imports it, inside the function that judges."
    )


def test_a_process_beside_the_screens_does_not_draw_them() -> None:
    """It is started with the script of the session for its main module, under another name."""
    script = str(ROOT / "app" / "ui.py")
    code = (
        f"import runpy, sys; runpy.run_path({script!r}, run_name='__mp_main__'); assert 'streamlit' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr

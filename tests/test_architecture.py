"""Floors and doors: which part of the house may import what.

The floors are stacked `pages` → `app` → `etl` → `expectations`; a floor uses what is below it. Every
third-party library is imported by the rooms listed for it here and by no others.
"""

import ast
import subprocess
import sys
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
        "app.cli.bench.by_hand",
    ],
    # the road
    "sqlalchemy": [
        "etl.records",
        "etl.migrations",
        "etl.store",
        "etl.rebuild",
        "etl.heads",
        "etl.verify",
        "etl.receipts",
        "etl.comparison",
        "etl.drafts",
        "etl.rehearsal",
        "etl.jobs",
        "etl.figures",
        "etl.episodes",
        "etl.context",
        "etl.affected",
        "etl.review",
        "etl.calendar",
        "etl.overdue",
        "etl.unevaluated",
        "app.queries",
        "app.cli.year",
    ],
    "alembic": ["etl.records", "etl.migrations"],
    "argon2": ["etl.records.passwords"],
    "cryptography": ["etl.signing"],
    "pyarrow": ["expectations.verbs", "expectations.judge", "etl", "app.queries", "app.widgets.tables", "app.cli"],
    "python_calamine": ["etl.formats", "app.cli.bench"],
    "openpyxl": ["etl.formats", "etl.annotated"],
    "xlsxwriter": ["etl.simulate", "etl.export", "app.exports"],
    "pandas": ["etl", "app", "pages"],
    "numpy": ["etl", "app.cli.bench", "app.charts"],
    # the service and the screens
    "plotly": ["app.charts"],
    "cachetools": ["app.kept"],
    "streamlit": [
        "app.main",
        "app.identity",
        "app.run",
        "app.navigation",
        "app.widgets",
        "app.cli.bench.visitors",
        "pages",
    ],
    "starlette": ["app.main", "app.api", "app.security", "app.sign_in"],
    "authlib": ["app.sign_in.oidc"],
    "uvicorn": ["app.main", "app.cli"],
    "websockets": ["app.cli.bench.visitors"],
    "orjson": ["etl", "app"],
    "typer": ["app.cli"],
    "rich": ["app.cli"],
}
"""Each library, and the rooms that may import it: a module, or a folder with all that is in it."""


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


def is_inside(room: str, door: str) -> bool:
    return room == door or room.startswith(door + ".")


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
    names = [dotted(file) for file in modules_of("app") if file.name != "__main__.py"]
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

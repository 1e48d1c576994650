"""The threat model names tests that are there, and says where nothing stops somebody."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
_CELLS = 4
_NOTHING = "not stopped"


def lines() -> list[list[str]]:
    """The table's lines: who, what they want, what stops them, which tests show it."""
    text = (FOLDER / "THREATS.md").read_text("utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


@cache
def names_in(path: Path) -> frozenset[str]:
    """The names of the test functions of a module."""
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line[0]} wants {line[1]}"[:60])
def test_each_line_names_tests_that_are_there_or_says_that_nothing_stops_it(line: list[str]) -> None:
    assert len(line) == _CELLS
    named = re.findall(r"`([^`]+)`", line[3])
    if line[3] == _NOTHING:
        assert line[2].startswith("nothing yet: ")
        return
    assert named
    for name in named:
        module, _, test = name.partition("::")
        assert re.fullmatch(r"test_\w+\.py", module)
        assert test.startswith("test_")
        assert test in names_in(FOLDER / module), f"{module} has no {test}"


def test_the_table_has_a_line_for_whoever_is_not_trusted() -> None:
    assert len(lines()) > len({line[0] for line in lines()}) > _CELLS

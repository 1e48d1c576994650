"""Conventions that hold in every file, whoever adds it."""

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("expectations", "etl", "app", "pages")
MODULES = [file for floor in FLOORS for file in sorted((ROOT / floor).rglob("*.py"))]
LOCKS = ("requirements.lock", "requirements-dev.lock")
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def short(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def read(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"), filename=short(file))


def public_definitions(node: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    """The public functions and classes of a module, and the public methods of these classes."""
    for child in node.body:
        if isinstance(child, Function | ast.ClassDef) and not child.name.startswith("_"):
            if not any(ast.unparse(decorator).endswith("overload") for decorator in child.decorator_list):
                yield child
            if isinstance(child, ast.ClassDef):
                yield from public_definitions(child)


def without_annotation(function: Function, is_method: bool) -> list[str]:
    """What of a function's signature has no annotation."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    is_static = any(ast.unparse(decorator) == "staticmethod" for decorator in function.decorator_list)
    if is_method and not is_static:
        positional = positional[1:]
    every = [*positional, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    missing = [argument.arg for argument in every if argument and argument.annotation is None]
    return missing + ([] if function.returns else ["return"])


def functions(node: ast.AST) -> Iterator[tuple[Function, bool]]:
    """Every function in a module, however deep, and whether it is a method."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield child, isinstance(node, ast.ClassDef)
        yield from functions(child)


def test_everything_public_has_a_docstring() -> None:
    wrong = [f"{short(file)}:1 the module" for file in MODULES if not ast.get_docstring(read(file))]
    wrong += [
        f"{short(file)}:{found.lineno} {found.name}"
        for file in MODULES
        for found in public_definitions(read(file))
        if not ast.get_docstring(found)
    ]
    assert not wrong, "\n  ".join(["say in one sentence what it is for:", *wrong])


def test_every_function_is_annotated() -> None:
    wrong = [
        f"{short(file)}:{function.lineno} {function.name}: {', '.join(missing)}"
        for file in MODULES
        for function, is_method in functions(read(file))
        if (missing := without_annotation(function, is_method))
    ]
    assert not wrong, "\n  ".join(["annotate these arguments and returns:", *wrong])


def test_names_say_what_is_inside() -> None:
    wrong = [
        short(path)
        for floor in FLOORS
        for path in sorted((ROOT / floor).rglob("*"))
        if path.stem in NAMES_THAT_SAY_NOTHING
    ]
    assert not wrong, f"name these after the one thing that they are for: {wrong}"


def test_examples_in_docstrings_are_true() -> None:
    for file in MODULES:
        if ">>> " in file.read_text("utf-8"):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            failed, tried = doctest.testmod(importlib.import_module(name))
            assert tried and not failed, f"{short(file)}: {failed} of {tried} examples are wrong (see above)"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place(lock: str) -> None:
    """A lock says which files, by their digests; where they come from is for each machine to say."""
    pattern = re.compile(r"://|--(extra-)?index|--find-links|--trusted|file:|(^|\s)/|@ ")
    lines = (ROOT / lock).read_text("utf-8").splitlines()
    wrong = [f"{lock}:{number} {line}" for number, line in enumerate(lines, 1) if pattern.search(line)]
    assert not wrong, "\n  ".join(["write the lock anew with `make lock`:", *wrong])


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_line_with_digests(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    wrong = [line for line in lines if not re.match(r"[\w.\-\[\]]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)]
    assert lines and not wrong, "\n  ".join(["write the lock anew with `make lock`:", *wrong])

"""The sources of the rules, one file a rule, and the Great Expectations suites that are made from them.

A rule is reviewed in `rules/<suite>/<ID>.toml`; `daxa rules compile` writes `reports/<suite>.json`, and only that is
loaded at run time. The name of the file is the rule's id, its folder the suite, and its severity follows its kind. A
text of the condition stands in the suite as it stands in the source, without the line breaks around it; TOML has no
null, so an empty text in an example means that the value is absent.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Set
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from expectations.vocabulary import SEVERITY_OF_KIND, Decider, Kind, Source

RULES_FOLDER = Path(__file__).with_name("rules")
SUITES_FOLDER = Path(__file__).with_name("reports")

_FIRST = {"UNQ": 0, "NEG": 1}
"""What stands before the numbered rules of a suite."""

_REQUIRED = {"kind", "verb", "statement", "remedy", "source", "interpretation", "example"}
_OPTIONAL = {"effective_from", "parameters", "reads", "needs", "condition", "reasons"}
_INTERPRETATION = {"clause", "reading", "rationale", "decided", "expected_to_change"}
_LANGUAGES = {"ko", "en"}

_WIDTH = 110
"""Longest line of a suite on which several short values stand together."""


class RuleSourceError(ValueError):
    """A rule's source is not complete or holds what no rule has; says which file and what to do."""

    def __init__(self, path: Path, said: str) -> None:
        """Name the file first."""
        super().__init__(f"{path.parent.name}/{path.name}: {said}")


def compiled(folder: Path = RULES_FOLDER) -> dict[str, str]:
    """The text of every suite by its name, made from the sources in `folder`.

    Raises RuleSourceError for the first source that is not complete, FileNotFoundError where there are no sources.
    """
    suites = sorted(path for path in folder.glob("*") if path.is_dir())
    if not suites:
        raise FileNotFoundError(f"there are no sources of rules in {folder}; compile in a checkout of the project")
    return {suite.name: suite_text(_suite(suite)) for suite in suites}


def write_suites(sources: Path = RULES_FOLDER, suites: Path = SUITES_FOLDER) -> list[str]:
    """Write the suites made from `sources` into `suites`; the names of those that changed."""
    changed = []
    for name, text in compiled(sources).items():
        path = suites / f"{name}.json"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed.append(name)
    return changed


def _suite(folder: Path) -> dict[str, Any]:
    records = [record_of(path) for path in folder.glob("*.toml")]
    return {"name": folder.name, "expectations": sorted(records, key=_place)}


def _place(record: Mapping[str, Any]) -> tuple[bool, int, str]:
    """What refuses a file comes first, the key and the signs before what is numbered."""
    meta = record["meta"]
    return (not Kind(meta["kind"]).rejects, _FIRST.get(meta["id"].partition("-")[2], len(_FIRST)), meta["id"])


def record_of(path: Path) -> dict[str, Any]:
    """The record that a suite holds of the rule in `path`; RuleSourceError where the source is not complete."""
    try:
        source = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise RuleSourceError(path, f"is not TOML ({error}); mend the place named") from error
    _check(path, source, _REQUIRED, _OPTIONAL)
    kind = Kind(_one_of(path, source["kind"], Kind))
    return {
        "type": source["verb"],
        "kwargs": {name: _unframed(value) for name, value in source.get("condition", {}).items()},
        "severity": SEVERITY_OF_KIND[kind].value,
        "meta": {"id": path.stem, "kind": kind.value, **_meta(path, source)},
    }


def _meta(path: Path, source: Mapping[str, Any]) -> dict[str, Any]:
    _check(path, source["source"], {"mark", "reference"})
    since = source.get("effective_from")
    return {
        **_texts(path, "statement", source["statement"]),
        **_texts(path, "remedy", source["remedy"]),
        "source": _one_of(path, source["source"]["mark"], Source),
        "reference": source["source"]["reference"],
        "interpretation": _interpretation(path, source["interpretation"]),
        "effective_from": since.isoformat() if since else None,
        "parameters": source.get("parameters", []),
        **{name: source[name] for name in ("reads", "needs", "reasons") if name in source},
        "example": _with_absent(source["example"]),
    }


def _interpretation(path: Path, source: Mapping[str, Any]) -> dict[str, Any]:
    _check(path, source, _INTERPRETATION)
    if not source["decided"]:
        raise RuleSourceError(path, "nobody 'decided' it; say by whom and on which day")
    for decision in source["decided"]:
        _check(path, decision, {"by", "on"})
        _one_of(path, decision["by"], Decider)
        if type(decision["on"]) is not date:
            raise RuleSourceError(path, f"'{decision['on']}' is no day; write 2026-04-06 without quotes")
    return {
        **_texts(path, "clause", source["clause"]),
        **_texts(path, "reading", source["reading"]),
        **_texts(path, "rationale", source["rationale"]),
        "decided": [{"by": one["by"], "on": one["on"].isoformat()} for one in source["decided"]],
        **_texts(path, "expected_to_change", source["expected_to_change"], may_be_empty=True),
    }


def _texts(path: Path, name: str, texts: Mapping[str, str], *, may_be_empty: bool = False) -> dict[str, str]:
    """A text in both languages, as `<name>_ko` and `<name>_en`."""
    _check(path, texts, _LANGUAGES)
    written = {bool(text.strip()) for text in texts.values()}
    if len(written) == 2 or (written == {False} and not may_be_empty):
        raise RuleSourceError(path, f"'{name}' is empty in one language; write it in Korean and in English")
    return {f"{name}_{language}": texts[language] for language in ("ko", "en")}


def _check(path: Path, found: Any, required: Set[str], optional: Set[str] = frozenset()) -> None:
    """Refuse a table that lacks a key or holds one that is not known."""
    if not isinstance(found, Mapping):
        raise RuleSourceError(path, f"'{found}' stands where a table is due with {', '.join(sorted(required))}")
    if lacking := sorted(required - found.keys()):
        raise RuleSourceError(path, f"'{lacking[0]}' is missing; add it")
    if unknown := sorted(found.keys() - required - optional):
        raise RuleSourceError(
            path, f"'{unknown[0]}' is not known here; expected {', '.join(sorted(required | optional))}"
        )


def _one_of(path: Path, code: str, codes: type[StrEnum]) -> str:
    """The code itself; refused where it is none of `codes`."""
    if code not in list(codes):
        raise RuleSourceError(path, f"'{code}' is not known here; expected one of {', '.join(codes)}")
    return code


def _unframed(value: Any) -> Any:
    return value.strip("\n") if isinstance(value, str) else value


def _with_absent(value: Any) -> Any:
    """The same with None in the place of every empty text."""
    if isinstance(value, dict):
        return {name: _with_absent(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_absent(inner) for inner in value]
    return None if value == "" else value


# ------------------------------------------------------------------------------------------------ the JSON


def suite_text(suite: Mapping[str, Any]) -> str:
    """The suite as JSON: a line a value, an example row or a short list, so that a change shows where it is."""
    return _json(suite, 0, in_list=False) + "\n"


def _json(value: Any, depth: int, *, in_list: bool) -> str:
    on_one_line = json.dumps(value, ensure_ascii=False)
    inner = list(value.values() if isinstance(value, dict) else value) if isinstance(value, (dict, list)) else []
    flat = not any(isinstance(one, (dict, list)) for one in inner)
    if not inner or (flat and (in_list or len(on_one_line) + 2 * depth <= _WIDTH)):
        return on_one_line
    if isinstance(value, dict):
        lines = [f"{json.dumps(key)}: {_json(one, depth + 1, in_list=False)}" for key, one in value.items()]
        opening, closing = "{", "}"
    else:
        lines = [_json(one, depth + 1, in_list=True) for one in value]
        opening, closing = "[", "]"
    margin = "  " * (depth + 1)
    return opening + "\n" + ",\n".join(margin + line for line in lines) + "\n" + "  " * depth + closing

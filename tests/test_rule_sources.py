"""The sources of the rules: complete, readable, and what the suites are made of."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.catalogue import (
    CALENDAR_SUITE,
    COMMON_SUITE,
    CORRECTIONS_SUITE,
    all_parameters,
    all_reports,
    all_rules,
    calendar_rules,
    correction_rules,
    suite,
)
from expectations.fingerprint import digest_of_book, without_layout
from expectations.sources import RULES_FOLDER, SUITES_FOLDER, RuleSourceError, compiled, record_of, write_suites
from expectations.vocabulary import Decider, Rule, Source

SOURCES = sorted(RULES_FOLDER.glob("*/*.toml"))
RULES = list(all_rules().values())
LONGEST_LINE = 110
"""Characters of a line of SQL that two versions of which still fit side by side on a wide screen."""

PUBLISHED_ON = {
    Decider.LAW: date(2024, 7, 19),
    Decider.FSC: date(2026, 4, 6),
    Decider.FSS: date(2026, 4, 13),
    Decider.DAXA: date(2026, 5, 28),
}
"""The day since which the law is in force, and the days of what was published."""
PUBLISHERS_OF = {
    Source.LAW: {Decider.LAW},
    Source.DAXA: {Decider.DAXA, Decider.FSC, Decider.FSS},
    Source.MODEL: {Decider.TEAM, Decider.EXCHANGES},
}
"""Whose decision stands first where a rule has that mark."""


def by_id(rule: Rule) -> str:
    return rule.id


def by_place(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def texts_of(rule: Rule) -> list[Any]:
    read = rule.interpretation
    return [read.clause, read.reading, read.rationale, *([read.expected_to_change] if read.expected_to_change else [])]


# ---------------------------------------------------------------------------------------------- the suites


def test_every_suite_has_sources_and_all_sources_have_a_suite() -> None:
    assert {path.stem for path in SUITES_FOLDER.glob("*.json")} == set(compiled())


@pytest.mark.parametrize("name", sorted(compiled()))
def test_a_suite_is_what_its_sources_make(name: str) -> None:
    committed = (SUITES_FOLDER / f"{name}.json").read_text("utf-8")
    assert committed == compiled()[name], f"{name}.json is not what its sources make; run 'daxa rules compile'"


def test_only_suites_that_change_are_written(tmp_path: Path) -> None:
    assert write_suites(suites=tmp_path) == sorted(compiled())
    (tmp_path / "halts.json").write_text("{}", "utf-8")
    assert write_suites(suites=tmp_path) == ["halts"]
    assert write_suites(suites=tmp_path) == []
    assert (tmp_path / "halts.json").read_bytes() == (SUITES_FOLDER / "halts.json").read_bytes()


@pytest.mark.parametrize("path", SOURCES, ids=by_place)
def test_a_source_is_found_by_the_report_and_the_id_of_its_rule(path: Path) -> None:
    rule = all_rules()[path.stem]
    suites = {CALENDAR_SUITE: calendar_rules(), CORRECTIONS_SUITE: correction_rules()}
    folder = next((name for name, rules in suites.items() if rule in rules), rule.report or COMMON_SUITE)
    assert path.parent.name == folder
    assert folder not in all_reports() or path.stem.partition("-")[0] == all_reports()[folder].prefix


@pytest.mark.parametrize("path", SOURCES, ids=by_place)
def test_a_source_reads_line_by_line(path: Path) -> None:
    for text in filter(lambda value: isinstance(value, str), record_of(path)["kwargs"].values()):
        for line in text.split("\n"):
            assert len(line) <= LONGEST_LINE, line
            assert line == line.rstrip() and "\t" not in line, repr(line)


# --------------------------------------------------------------------------------- how each rule was read


@pytest.mark.parametrize("rule", RULES, ids=by_id)
def test_a_rule_says_in_both_languages_how_it_was_read(rule: Rule) -> None:
    for wording in texts_of(rule):
        assert re.search("[가-힣]", wording.ko), wording
        assert re.search("[A-Za-z]", wording.en), wording
        assert not re.search("[가-힣]", wording.en), wording


@pytest.mark.parametrize("text", ["reading", "rationale"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_rule_borrows_the_words_of_another(text: str, language: str) -> None:
    said = [getattr(rule.interpretation, text).in_language(language) for rule in RULES]
    assert len(set(said)) == len(said), {one for one in said if said.count(one) > 1}


@pytest.mark.parametrize("rule", RULES, ids=by_id)
def test_a_rule_says_who_decided_and_when(rule: Rule) -> None:
    decided = rule.interpretation.decided
    assert decided[0].by in PUBLISHERS_OF[rule.source]
    assert decided[-1].by is Decider.TEAM, "that it is read in this way is always ours"
    for decision in decided:
        assert decision.on == PUBLISHED_ON.get(decision.by, decision.on)
    assert [decision.on for decision in decided] == sorted(decision.on for decision in decided)


@pytest.mark.parametrize("rule", RULES, ids=by_id)
def test_the_clause_names_the_section_and_the_day_of_what_was_published(rule: Rule) -> None:
    clause = rule.interpretation.clause
    sections = rule.reference.partition(";")[0].removeprefix("specification").strip()
    for decision in rule.interpretation.decided:
        if decision.by in (Decider.DAXA, Decider.FSC, Decider.FSS):
            assert decision.on.isoformat() in clause.ko and decision.on.isoformat() in clause.en
    for section in sections.split(", "):
        assert re.search(rf"(?<![\d.]){re.escape(section)}(?![\d.])", clause.en), f"{section} is not in {clause.en}"
        assert re.search(rf"(?<![\d.]){re.escape(section)}항", clause.ko), f"{section} is not in {clause.ko}"


SETTABLE = {entry.name for entry in all_parameters() if entry.minimum is not None and entry.source is Source.MODEL}


@pytest.mark.parametrize("rule", [rule for rule in RULES if SETTABLE & set(rule.parameters)], ids=by_id)
def test_a_rule_with_an_assumed_threshold_says_what_would_replace_it(rule: Rule) -> None:
    assert rule.interpretation.expected_to_change is not None


# ------------------------------------------------------------------------------- sources with a mistake


BROKEN = [
    pytest.param('kind = "compliance"', 'kind = "complaince"', "'complaince' is not known here", id="kind"),
    pytest.param('verb = "expect_no_findings_from"\n', "", "'verb' is missing; add it", id="a key that is missing"),
    pytest.param("[remedy]", "[remedies]", "'remedy' is missing; add it", id="a table by another name"),
    pytest.param("[condition]", "[conditions]", "'conditions' is not known here; expected condition", id="one more"),
    pytest.param("on = 2026-04-06", 'on = "2026-04-06"', "write 2026-04-06 without quotes", id="a day as text"),
    pytest.param('by = "FSC"', 'by = "FCS"', "'FCS' is not known here; expected one of law, FSC", id="decider"),
    pytest.param('mark = "DAXA"', 'mark = "DAXA', "is not TOML", id="a quote that is missing"),
    pytest.param("decided = [", "decided = []\n# [", "say by whom and on which day", id="nobody decided"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN)
def test_a_source_with_a_mistake_is_refused_by_name(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (RULES_FOLDER / "reconciliation" / "REC-004.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "reconciliation" / "REC-004.toml"
    path.parent.mkdir()
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(RuleSourceError) as caught:
        compiled(tmp_path)
    assert str(caught.value).startswith("reconciliation/REC-004.toml: ")
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["statement", "clause", "expected_to_change"])
def test_a_text_in_one_language_is_refused(tmp_path: Path, text: str) -> None:
    source = (RULES_FOLDER / "reconciliation" / "REC-004.toml").read_text("utf-8")
    pattern = r'(\[statement\]\nko = ").*' if text == "statement" else rf'({text}\.ko = ").*'
    path = tmp_path / "reconciliation" / "REC-004.toml"
    path.parent.mkdir()
    path.write_text(re.sub(pattern, r'\1"', source), "utf-8")
    with pytest.raises(RuleSourceError, match=f"'{text}' is empty in one language"):
        record_of(path)


def test_there_is_nothing_to_compile_outside_a_checkout(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="compile in a checkout"):
        compiled(tmp_path)


# ------------------------------------------------------------------------------------ the rule-set version


SPACES = st.text(" \n", min_size=1, max_size=5)
WORDS = st.sampled_from(["SELECT", "asset", "(", ")", "||", "<>", "'a  b'", '"end"', "100", "::", "'it''s'"])


@given(words=st.lists(WORDS, min_size=1, max_size=20), data=st.data())
def test_the_layout_of_sql_means_nothing(words: list[str], data: st.DataObject) -> None:
    spread = "".join(word + data.draw(SPACES) for word in words)
    assert without_layout(spread) == without_layout(" ".join(words))
    assert without_layout(without_layout(spread)) == without_layout(spread)


def digest_with(change: dict[str, Any], meta: dict[str, Any]) -> bytes:
    """The digest of one rule with some of its condition and of its other parts changed."""
    record = next(one for one in suite("reconciliation")["expectations"] if one["meta"]["id"] == "REC-001")
    changed = {**record, "kwargs": {**record["kwargs"], **change}, "meta": {**record["meta"], **meta}}
    return digest_of_book({"reconciliation": [changed]}, [])


def test_the_version_changes_with_what_judges_and_not_with_how_it_was_read() -> None:
    unchanged = digest_with({}, {})
    violation = all_rules()["REC-001"].kwargs["violation"]
    assert digest_with({"violation": violation.replace(" ", "\n  ")}, {}) == unchanged
    assert digest_with({}, {"interpretation": {}}) == unchanged
    assert digest_with({"violation": violation.replace("mismatch", "mis match")}, {}) != unchanged
    assert digest_with({"violation": violation.replace("<", "<=")}, {}) != unchanged
    assert digest_with({}, {"effective_from": "2026-06-01"}) != unchanged
    assert digest_with({}, {"statement_en": "Another sentence."}) != unchanged

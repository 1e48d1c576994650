"""Texts of the screens: the same in both languages but for the language."""

import ast
import re
import string
from pathlib import Path

import pytest

from app.testbed.proof.mutations import all_mutations
from app.words import (
    LANGUAGES,
    all_words,
    code_word,
    column_label,
    exchange_name,
    field_label,
    in_words,
    report_name,
    say,
    unit_word,
)
from etl.exchanges import all_exchanges
from expectations.catalogue import all_parameters, all_reports, all_rules
from expectations.vocabulary import Decider, Kind, Source, Wording

ROOT = Path(__file__).resolve().parent.parent
HANGUL = re.compile(r"[가-힣]")
LATIN_THAT_IS_KOREAN_TOO = {
    "API", "KST", "FSS", "DAXA", "IP", "SHA", "KRW", "bp", "p", "md", "CSV", "CPU",
    "first", "last", "Ctrl", "Enter", "Escape",
}  # fmt: skip
"""Abbreviations that Korean papers write in Latin letters."""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def without_placeholders(text: str) -> str:
    return re.sub(r"{\w+}", "", text)


@pytest.mark.parametrize("key", all_words())
def test_a_text_has_the_same_placeholders_in_both_languages(key: str) -> None:
    wording = all_words()[key]
    assert placeholders(wording.ko) == placeholders(wording.en), f"{key}: {wording}"


@pytest.mark.parametrize("key", all_words())
def test_an_english_text_holds_no_korean(key: str) -> None:
    assert not HANGUL.search(all_words()[key].en), f"{key} is not English: {all_words()[key].en}"


@pytest.mark.parametrize("key", all_words())
def test_a_korean_text_holds_no_english_words(key: str) -> None:
    words = re.findall(r"[A-Za-z]+", without_placeholders(all_words()[key].ko))
    assert set(words) <= LATIN_THAT_IS_KOREAN_TOO, f"{key}: say {words} in Korean, or add what Korean papers write so"


@pytest.mark.parametrize("report", all_reports())
def test_every_code_of_a_report_has_a_word(report: str) -> None:
    codes = [code for field in all_reports()[report].fields for code in field.codes]
    missing = [code for code in codes if f"code.{code}" not in all_words()]
    assert not missing, f"add these to [code] in app/wording/: {missing}"


def test_every_rule_and_threshold_has_its_words() -> None:
    thresholds = {f"parameter.{threshold.name}" for threshold in all_parameters()}
    kinds = {key for kind in Kind for key in (f"code.{kind}", f"effect.{kind}")}
    sources = {f"source.{source}" for source in Source}
    deciders = {f"decider.{decider}" for decider in Decider}
    relations = {
        f"relation.{name}"
        for rule in all_rules().values()
        for context in ("good_context", "bad_context")
        for name in rule.example.get(context, {})
    }
    missing = sorted((thresholds | kinds | sources | deciders | relations) - set(all_words()))
    assert not missing, f"add these to app/wording/: {missing}"


@pytest.mark.parametrize("rule", all_rules())
def test_every_column_of_an_example_has_a_title(rule: str) -> None:
    example = all_rules()[rule].example
    tables = [*example.get("good_context", {}).values(), *example.get("bad_context", {}).values()]
    tables += [example[name] for name in ("good", "bad", "findings") if name in example]
    names = {name for rows in tables for row in rows for name in row}
    for language in LANGUAGES:
        bare = sorted(name for name in names if column_label("", name, language) == name)
        assert not bare, f"add these to [column] in app/wording/: {bare}"


def test_a_threshold_says_its_unit() -> None:
    assert unit_word("halt_delay_minutes", "en") == "minutes"
    assert unit_word("of_no_known_kind", "ko") == ""
    assert all(unit_word(threshold.name, "ko") for threshold in all_parameters())


@pytest.mark.parametrize(
    ("written", "korean"),
    [
        ("monitoring", "집중 모니터링"),
        ("2026-11-02T12:10:00.000+09:00 (+ 2 h 10 min)", "2026-11-02 12:10:00 (+ 2 시간 10 분)"),
        ("≤ 116.69 ETH, 5433.4 KRW, 1.39 %", "≤ 116.69 ETH, 5433.4 원, 1.39 %"),
        ("wallet_quantity ≥ ledger_quantity", "지갑 보유수량 ≥ 장부수량"),
        ("2026-11-02T00:05:00.123+09:00", "2026-11-02 00:05:00.123"),
        ("128779864 … 128911076.50 KRW, BI-C-20261123-009", "128,779,864 … 128,911,076.50 원, BI-C-20261123-009"),
        (None, None),
    ],
)
def test_what_a_rule_writes_is_said_in_korean(written: str | None, korean: str | None) -> None:
    assert in_words(written, "ko") == korean


def test_a_text_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="there is no text"):
        say("no.such", "ko")


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_come_from_the_standard_and_the_exchanges(language: str) -> None:
    for exchange in all_exchanges():
        assert exchange_name(exchange, language) != exchange
    for report in all_reports().values():
        assert report_name(report.name, language) == report.label.in_language(language)
        assert all(field_label(report.name, field.name, language) for field in report.fields)
    assert code_word(None, language) == ""
    assert code_word("unheard_of", language) == "unheard_of"


def test_every_text_that_the_code_asks_for_by_name_is_there() -> None:
    asked = set()
    for file in [*(ROOT / "app").rglob("*.py"), *(ROOT / "pages").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="say") | ast.Name(id="say"), args=[ast.Constant(value=str(key)), *_]
                ):
                    asked.add(key)
                case ast.Call(
                    func=ast.Attribute(attr="section") | ast.Name(id="section"),
                    args=[_, ast.Constant(value=str(key)), *_],
                ):
                    asked.add(key)
                case ast.Call(
                    func=ast.Attribute(attr="empty") | ast.Name(id="empty"), args=[_, ast.Constant(value=str(key)), *_]
                ):
                    asked.add(f"empty.{key}")
    missing = sorted(asked - set(all_words()))
    assert len(asked) > 60
    assert not missing, f"add these to app/wording/: {missing}"


def test_both_languages_must_be_said() -> None:
    with pytest.raises(ValueError, match="Korean and English"):
        Wording("가", "")


def test_pages_hold_no_bare_texts() -> None:
    """Streamlit would print a text that stands alone in a page; only a docstring may."""
    wrong = [
        f"{file.name}:{node.lineno}"
        for file in (ROOT / "pages").glob("*.py")
        for node in ast.parse(file.read_text("utf-8")).body[1:]
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call)
    ]
    assert not wrong, f"write a comment instead: {wrong}"


@pytest.mark.parametrize("rule", all_mutations())
def test_a_proof_is_told_in_the_words_of_its_mutation(rule: str) -> None:
    mutation = all_mutations()[rule]
    assert say(f"mutation.{rule}", "en") == mutation.what
    assert {say(f"not_applicable.{rule}", "en") for _ in mutation.not_applicable} == set(
        mutation.not_applicable.values()
    )

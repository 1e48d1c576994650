"""The samples are read as their golden files say; see the package for how both are made."""

import pytest

from tests.golden.filing import FOLDER, PAIRS, native_file, verdict_on, without_row_numbers
from tests.golden.filing import sample as sample_rows
from tests.golden.samples import golden_path, golden_text, meaning, sample_path

HOW = "if that is meant: python -m tests.golden --regenerate, and look at the difference"


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_a_sample_means_what_its_golden_file_says(exchange_id: str, report_name: str) -> None:
    data = sample_path(exchange_id, report_name).read_bytes()
    assert meaning(exchange_id, report_name, data) == golden_text(exchange_id, report_name), HOW


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_a_sample_is_accepted_without_a_finding_and_means_its_rows(exchange_id: str, report_name: str) -> None:
    verdict = verdict_on(sample_path(exchange_id, report_name).read_bytes(), exchange_id, report_name)
    assert verdict.findings == ()
    assert verdict.format == "native"
    assert without_row_numbers(verdict.table).equals(without_row_numbers(sample_rows(exchange_id, report_name)))


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_a_sample_is_written_today_as_it_was(exchange_id: str, report_name: str) -> None:
    path = sample_path(exchange_id, report_name)
    assert native_file(exchange_id, report_name) == path.read_bytes(), f"{path.name}: {HOW}"


def test_there_is_no_sample_without_a_golden_file_and_no_golden_file_without_a_sample() -> None:
    expected = {path for pair in PAIRS for path in (sample_path(*pair), golden_path(*pair))}
    found = {path for path in FOLDER.iterdir() if path.suffix not in {".py", ""} and path.is_file()}
    assert found - {FOLDER / ".gitattributes"} == expected

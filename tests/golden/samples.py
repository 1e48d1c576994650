"""The sample files and their golden files: where they are, and how both are made."""

from pathlib import Path

from tests.golden.filing import FOLDER, PAIRS, canonical_text, file_name, native_file, verdict_on


def sample_path(exchange_id: str, report_name: str) -> Path:
    """The file as the exchange files it."""
    return FOLDER / file_name(exchange_id, report_name)


def golden_path(exchange_id: str, report_name: str) -> Path:
    """The canonical rows that it means."""
    return sample_path(exchange_id, report_name).with_suffix(".golden.csv")


def golden_text(exchange_id: str, report_name: str) -> str:
    """What stands in the golden file, line ends as they are."""
    return golden_path(exchange_id, report_name).read_bytes().decode("utf-8")


def meaning(exchange_id: str, report_name: str, data: bytes) -> str:
    """What is read from a sample today."""
    verdict = verdict_on(data, exchange_id, report_name)
    assert verdict.table is not None, verdict.findings
    return canonical_text(verdict.table)


def regenerate() -> None:
    """Write every sample and its golden file anew."""
    for exchange_id, report_name in PAIRS:
        data = native_file(exchange_id, report_name)
        sample_path(exchange_id, report_name).write_bytes(data)
        golden_path(exchange_id, report_name).write_text(meaning(exchange_id, report_name, data), "utf-8", newline="")


def differences() -> list[str]:
    """The samples that would be written, or read, otherwise today."""
    return [
        sample_path(*pair).name
        for pair in PAIRS
        if sample_path(*pair).read_bytes() != native_file(*pair)
        or golden_text(*pair) != meaning(*pair, sample_path(*pair).read_bytes())
    ]

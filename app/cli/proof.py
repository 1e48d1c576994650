"""`daxa rules --proof`: the proof matrix, for terminals and machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

from app.cli.output import emit, show_progress

if TYPE_CHECKING:
    from app.testbed.proof.matrix import Proof

_PROVEN, _NOT_APPLICABLE, _FAILED = "✓", "–", "✗"


def prove_all(*, json: bool) -> bool:
    """Prove every rule in every exchange's format and print the result; True where all hold."""
    from app.testbed.proof.matrix import proof_matrix

    with show_progress("prove", None) as progress:
        cells = proof_matrix(progress)
    if json:
        for cell in cells:
            emit({**asdict(cell), "holds": cell.holds})
    else:
        print("\n".join(_lines(cells)))
    return all(cell.holds for cell in cells)


def _mark(cell: Proof) -> str:
    if cell.not_applicable is not None:
        return _NOT_APPLICABLE
    return _PROVEN if cell.holds else _FAILED


def _lines(cells: Sequence[Proof]) -> list[str]:
    """A line a rule, a mark an exchange; reasons and differences below."""
    rules = [list(group) for _, group in groupby(cells, key=lambda cell: cell.rule)]
    widths = [len(cell.exchange) for cell in rules[0]]
    numbers: dict[str, int] = {}
    for cell in cells:
        if cell.not_applicable is not None:
            numbers.setdefault(cell.not_applicable, len(numbers) + 1)
    lines = ["  ".join(["rule   ", *(cell.exchange for cell in rules[0]), "  mutation"])]
    for row in rules:
        marks = [
            f"{_mark(cell)}{numbers.get(cell.not_applicable or '', '')}".ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        lines.append("  ".join([row[0].rule.ljust(7), *marks, f"  {row[0].what}"]))
    held, excused = (sum(map(test, cells)) for test in (_is_proven, _is_excused))
    lines.append(
        f"{_PROVEN} fired as specified and silent on the ground: {held}   {_NOT_APPLICABLE} not applicable: {excused}"
        f"   {_FAILED} failed: {len(cells) - held - excused}"
    )
    lines += [f"{_NOT_APPLICABLE}{number} {reason}" for reason, number in numbers.items()]
    for cell in cells:
        if not cell.holds:
            lines += [f"{_FAILED} {cell.rule} {cell.exchange}: {difference}" for difference in cell.differences]
    return lines


def _is_proven(cell: Proof) -> bool:
    return cell.not_applicable is None and cell.holds


def _is_excused(cell: Proof) -> bool:
    return cell.not_applicable is not None

"""Tiles: a few figures side by side, each with its name and denominator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from app.widgets.header import markup


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: its name, its value, and its denominator or limit in a few words."""

    name: str
    value: str
    note: str = ""


def tile_row(figures: Sequence[Tile]) -> None:
    """Draw the figures in one row that wraps on a narrow screen."""
    items = "".join(
        f"<li><span>{escape(one.name)}</span><b>{escape(one.value)}</b><small>{escape(one.note)}</small></li>"
        for one in figures
    )
    markup(f'<ul class="tiles">{items}</ul>')

"""A chart on a page: title, alternative text, the same rows as a table, downloads, and the click callback."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from app.cache import size_of
from app.charts.style import CONFIG, Figure, written
from app.columns import Shown, frame_of
from app.widgets.downloads import download_buttons
from app.widgets.parts import part
from app.widgets.tables import Rows, grid, titles_of
from app.widgets.view import View, cached


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A figure as it is sent, and the frame that says the same."""

    figure: Figure
    frame: pd.DataFrame

    @property
    def size_bytes(self) -> int:
        """What it takes to be kept."""
        return self.figure.size_bytes + size_of(self.frame)


@part
def chart(
    view: View,
    figure: Callable[[], Figure],
    *,
    key: str,
    alt: str,
    frame: Callable[[], Rows],
    columns: Mapping[str, Shown],
    title: str = "",
    on_pick: Callable[[Sequence[Any]], None] | None = None,
) -> None:
    """Draw a figure; `on_pick` is called with the `customdata` of the mark that somebody clicks.

    `alt` says what the chart shows; the switch beside the title shows `columns` of `frame` (records, or a frame) in its
    place. `figure` and `frame` make theirs from answers alone, and are cached (`view.cached`) under `key`.
    """
    titles = titles_of(view, columns)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.html(f'<h4 class="chart">{escape(title)}</h4>', width="content")
        drawn = cached(view, f"chart.{key}", lambda: _Drawn(written(figure()), _framed(frame(), columns)))
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            as_table = st.toggle(view.say("chart.as_table"), key=f"{key}.table")
            download_buttons(view, drawn.frame, columns, titles, title or alt)
    if as_table:
        grid(view, drawn.frame, columns, alt=alt)
        return
    if on_pick is None:
        st.plotly_chart(drawn.figure, key=key, config=dict(CONFIG), theme=None, alt=alt)
        return

    def clicked() -> None:
        points = st.session_state[key].selection.points
        found = points[0].get("customdata") if points else None
        if found:
            on_pick(list(found.values()) if isinstance(found, dict) else found)

    st.plotly_chart(
        drawn.figure,
        key=key,
        config=dict(CONFIG),
        theme=None,
        alt=alt,
        on_select=clicked,
        selection_mode="points",
    )


def _framed(rows: Rows, columns: Mapping[str, Shown]) -> pd.DataFrame:
    """The frame of the chart's rows; a frame is taken as it is."""
    return rows if isinstance(rows, pd.DataFrame) else frame_of(rows, columns)

"""Rows to frame and back: values stay the objects that they are, so that amounts stay exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd


def frame_of(records: Iterable[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """A frame with exactly these columns, also when there is no row; values stay the objects that they are."""
    rows = [[record[name] for name in columns] for record in records]
    return pd.DataFrame(rows, columns=list(columns), dtype=object)


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as one dictionary each.

    By way of one array of objects: pandas' own way asks every column for every row, which took half of a page's run.
    """
    columns = [str(name) for name in frame.columns]
    return [dict(zip(columns, row, strict=True)) for row in frame.to_numpy(dtype=object).tolist()]

"""Rows to frame and back: values stay the objects that they are, so that amounts stay exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd


def frame_of(records: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> pd.DataFrame:
    """A frame with exactly these columns, also when there is no row; values stay the objects that they are."""
    names = list(columns)
    return pd.DataFrame([[record[name] for name in names] for record in records], columns=names, dtype=object)


def with_columns(frame: pd.DataFrame, **columns: Iterable[Any]) -> pd.DataFrame:
    """The frame with more columns, or others under the same name; their values stay the objects that they are."""
    own = {name: pd.Series(list(values), index=frame.index, dtype=object) for name, values in columns.items()}
    return frame.assign(**own)


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as one dictionary each.

    By way of one array of objects: pandas' own way asks every column for every row, which took half of a page's run.
    """
    columns = [str(name) for name in frame.columns]
    return [dict(zip(columns, row, strict=True)) for row in frame.to_numpy(dtype=object).tolist()]

"""The house style of charts: colours, markers, dashes, axes, and the empty figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any

import orjson
import pandas as pd
import plotly.graph_objects as go
from plotly.io.json import to_json_plotly

from app.words import exchange_name, say
from etl.exchanges import all_exchanges
from expectations.vocabulary import KST

CONFIG = MappingProxyType(
    {"displaylogo": False, "showSendToCloud": False, "displayModeBar": False, "scrollZoom": False}
)
"""Nothing of a chart leaves the house, and no tool bar covers it."""
DAY_FORMAT = "%m-%d"
LONG_DAY_FORMAT = "%Y-%m-%d"
LONG_DAYS = 180
"""From here the year is said as well."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a figure's appearance depends on: language, and light or dark background."""

    language: str
    dark: bool = False

    def say(self, key: str, **parts: object) -> str:
        """A text of the screens in this language."""
        return say(key, self.language, **parts)

    @property
    def ink(self) -> str:
        """Text and axes."""
        return "#e6ebf0" if self.dark else "#0d141b"

    @property
    def quiet(self) -> str:
        """What is there without being looked at: reference lines, complete days."""
        return "#a9b4c0" if self.dark else "#55606c"

    @property
    def rule(self) -> str:
        """Lines of the grid."""
        return "#2b3641" if self.dark else "#e4e9ee"

    @property
    def ground(self) -> str:
        """The page behind the chart."""
        return "#12181f" if self.dark else "#ffffff"

    def colour(self, place: int) -> str:
        """The colour of the exchange, or series, at `place`."""
        colours = _DARK if self.dark else _LIGHT
        return colours[place % len(colours)]


_LIGHT = ("#0072b2", "#b87a00", "#008a64", "#d55e00", "#b0558a", "#3a8fc4", "#6b5b00", "#4a5560")
_DARK = ("#4aa3df", "#e69f00", "#1fb88c", "#f0803c", "#d98fb8", "#8fd0f5", "#f0e442", "#c3ccd5")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


PATTERN = MappingProxyType({"fillmode": "overlay", "size": 8, "solidity": 0.15})
"""Of bars that are told apart by a pattern as well: fine lines over the colour, which stays."""

_UNSELECTED = {"unselected": {"marker": {"opacity": 0.55}}}
"""What was not clicked steps back and stays readable."""


class Figure(go.Figure):  # type: ignore[misc]  # plotly has no types
    """A figure that is sent as it was built, without plotly's validation of every property."""

    def __init__(self, data: Sequence[Mapping[str, Any]], layout: Mapping[str, Any], *, size_bytes: int = 0) -> None:
        self._plain = {"data": data, "layout": layout}
        self._size_bytes = size_bytes
        self._is_checked = False

    def to_dict(self) -> dict[str, Any]:
        """What is drawn; nobody may change it."""
        return self._plain

    @property
    def size_bytes(self) -> int:
        """How long its parts are as JSON, of a figure that is written."""
        return self._size_bytes

    def __getattr__(self, name: str) -> Any:
        """What plotly knows of a figure that it has checked, which it does here."""
        if self.__dict__.get("_is_checked", True):
            raise AttributeError(name)
        self._is_checked = True
        super().__init__(**self._plain)
        return getattr(self, name)


def written(figure: Figure) -> Figure:
    """Return the figure with its parts serialised, to be drawn many times; only its plain numbers can be read back."""
    plain = figure.to_dict()
    texts = [_texts_of(parts) for parts in (*plain["data"], plain["layout"])]
    *traces, layout = [
        {name: orjson.Fragment(part) if isinstance(part, str) else part for name, part in parts.items()}
        for parts in texts
    ]
    return Figure(traces, layout, size_bytes=sum(len(str(part)) for parts in texts for part in parts.values()))


def _texts_of(parts: Mapping[str, Any]) -> dict[str, str | float]:
    """Every part as JSON, but for plain numbers."""
    return {name: value if isinstance(value, (int, float)) else to_json_plotly(value) for name, value in parts.items()}


def warm_up() -> None:
    """Import and prepare what the first chart needs."""
    Figure([scatter(y=[1.0]), bar(y=[1.0])], {}).to_json()


def position_of(exchange: str) -> int:
    """Return the exchange's position among all, which fixes its colour, marker and dash."""
    known = list(all_exchanges())
    return known.index(exchange) if exchange in known else len(known)


def figure_in_house_style(
    look: Look,
    height: int,
    traces: Sequence[Any],
    x: Mapping[str, Any],
    y: Mapping[str, Any],
    **layout: Any,
) -> Figure:
    """Return a figure of these traces in the house style; `x` and `y` are additional axis settings."""
    return Figure(
        data=list(traces),
        layout={
            "height": height,
            "margin": {"l": 8, "r": 12, "t": 36, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": _FONTS, "size": 13, "color": look.ink},
            "hovermode": "closest",
            "dragmode": False,
            "hoverlabel": {
                "bgcolor": look.ground,
                "bordercolor": look.quiet,
                "font": {"color": look.ink, "size": 13},
            },
            "legend": dict(_LEGEND),
            "barcornerradius": 2,
            "template": {"data": {"scatter": [_UNSELECTED], "bar": [_UNSELECTED]}},
            "xaxis": axis_of(look, x),
            "yaxis": axis_of(look, y),
            **layout,
        },
    )


_FONTS = "Source Sans, 'Noto Sans CJK KR', sans-serif"
_LEGEND = MappingProxyType(
    {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 13}, "traceorder": "normal"}
)


def axis_of(look: Look, particulars: Mapping[str, Any]) -> dict[str, Any]:
    """Return an axis in the house style; `title` is its text."""
    title = {"text": particulars.get("title", ""), "font": {"size": 12}, "standoff": 8}
    return {
        "gridcolor": look.rule,
        "linecolor": look.quiet,
        "tickcolor": look.quiet,
        "zeroline": False,
        "automargin": True,
        **particulars,
        "title": title,
    }


def day_axis(look: Look, days: Sequence[date]) -> dict[str, Any]:
    """Return a horizontal axis of KST days that never shows hours."""
    step = max(1, -(-len(days) // 12))
    axis = {
        "title": look.say("axis.day"),
        "type": "date",
        "tickformat": DAY_FORMAT if len(days) <= LONG_DAYS else LONG_DAY_FORMAT,
        "tickvals": [day.isoformat() for day in days][::step],
        "showgrid": False,
    }
    if days:
        # Half of what lies between two of them, so that weeks at the ends are not cut.
        room = max(timedelta(hours=14), (days[-1] - days[-2]) / 2 if len(days) > 1 else timedelta())
        ends = (days[0], -room), (days[-1], room)
        axis["range"] = [(datetime.combine(day, time()) + shift).isoformat() for day, shift in ends]
    return axis


def name_axis(names: Sequence[str], *, lanes: bool = False, grid: bool = False) -> dict[str, Any]:
    """Return a vertical axis of names, the first on top; `lanes` adds half a lane at both ends."""
    axis = {"type": "category", "categoryorder": "array", "categoryarray": list(names)[::-1], "showgrid": grid}
    return {**axis, "range": [-0.6, len(names) - 0.4]} if lanes else axis


def bar(**trace: Any) -> dict[str, Any]:
    """Return a trace of bars as a plain dictionary, which plotly validates once."""
    return {"type": "bar", **trace}


def scatter(**trace: Any) -> dict[str, Any]:
    """Return a trace of lines or markers as a plain dictionary."""
    return {"type": "scatter", **trace}


def line_of(look: Look, exchange: str, **trace: Any) -> dict[str, Any]:
    """Return a line with markers in the colours of an exchange, broken where a value is missing."""
    place = position_of(exchange)
    return scatter(
        name=exchange_name(exchange, look.language),
        mode="lines+markers",
        connectgaps=False,
        line={"color": look.colour(place), "width": 2, "dash": DASHES[place % len(DASHES)]},
        marker={"color": look.colour(place), "size": 7, "symbol": SYMBOLS[place % len(SYMBOLS)]},
        **trace,
    )


def exchanges_in(rows: pd.DataFrame | Sequence[Any]) -> list[str]:
    """The exchanges of a frame, or of records with an `exchange`, in the order of the screens."""
    found = set(rows["exchange"]) if isinstance(rows, pd.DataFrame) else {row.exchange for row in rows}
    return sorted(found, key=position_of)


def local_time(instant: datetime) -> str:
    """Return KST wall time without a zone, because plotly draws it as given."""
    return instant.astimezone(KST).replace(tzinfo=None).isoformat()

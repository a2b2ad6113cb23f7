"""The look that all figures share, and the small parts they are made of.

Every figure has a title or axis titles with units, one accent colour, Okabe–Ito colours for categories and one of two
scales for numbers, on a transparent ground, so that it reads in light and dark. The scales are those of the whole
studio: its theme (.streamlit/config.toml) holds the same colours, and from there our own parts take them. `text`
translates a literal label. This module does not know what a figure shows.
"""

import base64
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from unicodedata import east_asian_width

import numpy as np
import plotly.graph_objects as go
from PIL import Image

ACCENT = "#0072B2"
CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C")
FONT = 14  # pixels; nothing that is to be read is smaller


@dataclass(frozen=True)
class Scale:
    """Ten colours and where between 0 and 1 each stands, on a light page and on a dark one.

    Nothing looks like the page, and equal steps look equal: the lightness of OKLCH (Ottosson 2020) is linear in the value.
    """

    places: tuple[float, ...]
    light: tuple[str, ...]
    dark: tuple[str, ...]

    def stops(self, *, dark: bool = False, power: int = 1) -> tuple[tuple[float, str], ...]:
        """The scale as Plotly writes it. power 2: a value has the colour of its square root, so that weak ones show."""
        places = [place**power for place in self.places]
        return tuple(zip(places, self.dark if dark else self.light, strict=True))

    def colours(self, shares: np.ndarray, *, dark: bool = False) -> np.ndarray:
        """The colours of values between 0 and 1, shape (…), as 8-bit RGB, shape (…, 3)."""
        known = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for _, colour in self.stops(dark=dark)])
        channels = [np.interp(shares, self.places, channel) for channel in known.T]
        return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


# How much, from nothing to the most: attention weights, shares, similarities.
SEQUENTIAL = Scale(
    tuple(i / 9 for i in range(10)),
    ("#f5f8ef", "#d0e4c9", "#9ed2b1", "#63bfa7", "#00a8a6", "#008ea6", "#0070a0", "#005190", "#1e3475", "#241b53"),
    ("#241a3d", "#262e63", "#064885", "#00679b", "#0087a2", "#00a39c", "#00bb8f", "#7bcd86", "#bddc8e", "#efecad"),
)  # fmt: skip
# Below zero orange, above zero blue: values, differences, what speaks against and for.
DIVERGING = Scale(
    (0.0, 0.125, 0.25, 0.375, 0.5, 0.5, 0.625, 0.75, 0.875, 1.0),
    ("#d55e00", "#e28757", "#ecac8d", "#f4d1c0", "#f7f7f7", "#f7f7f7", "#bfd6e9", "#8bb4d7", "#5493c5", "#0072b2"),
    ("#f18336", "#b96a35", "#835131", "#51392a", "#222222", "#222222", "#2f434f", "#3e677f", "#4a8cb3", "#56b4e9"),
)  # fmt: skip
SHARES = SEQUENTIAL.stops()
WEIGHTS = SEQUENTIAL.stops(power=2)  # attention: most weights are small
DIFFERENCES = DIVERGING.stops()
BELOW, ABOVE = DIVERGING.light[0], DIVERGING.light[-1]  # bars of either sign

LONGEST_LABEL = 24  # letters
TICKS = 48  # tokens up to which every one is written at the axis

Translate = Callable[[str], str]


def blank(height: int, *, x: str = "", y: str = "", title: str = "", **more: object) -> go.Figure:
    """An empty figure in the studio's look. more: of the layout, as update_layout takes it, which would cost 2 ms each time."""
    look = {
        "height": height,
        "title": {"text": title, "font": {"size": FONT + 2}} if title else None,
        "margin": {"l": 8, "r": 8, "t": 40 if title else 12, "b": 8},
        "colorway": CATEGORIES,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {"title": {"text": x}, "automargin": True},
        "yaxis": {"title": {"text": y}, "automargin": True},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hoverlabel": {"namelength": -1},
    }
    return go.Figure(layout=_with(look, more))


def _with(look: Mapping[str, object], more: Mapping[str, object]) -> dict[str, object]:
    """A layout with more in it; parts that both have are put together."""
    found = dict(look)
    for name, value in more.items():
        known = look.get(name)
        found[name] = _with(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return found


def matrix_png(values: np.ndarray, low: float, high: float, *, scale: Scale = SEQUENTIAL, dark: bool = False) -> str:
    """A matrix as a PNG data address, one pixel per value, from `low` to `high` of the scale.

    values: shape (rows, columns); NaN is see-through.
    """
    palette = np.array([*scale.colours(np.linspace(0, 1, 255), dark=dark), (0, 0, 0)], dtype=np.uint8)
    span = (high - low) or 1.0
    indices = np.where(np.isnan(values), 255, np.clip((values - low) / span * 254, 0, 254)).astype(np.uint8)
    image = Image.fromarray(indices, mode="P")
    image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=255)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def safe(label: str) -> str:
    """A label that Plotly shows as it is: it reads some HTML in every text it draws."""
    return escape(label, quote=False)


def _is_wide(letter: str) -> bool:
    """Whether a letter is as wide as it is high, as Chinese characters are."""
    return east_asian_width(letter) in "WF"


def short(label: str) -> str:
    """A label short enough for an axis: a Chinese character takes the room of two letters."""
    ends = list(accumulate(2 if _is_wide(letter) else 1 for letter in label))
    if not ends or ends[-1] <= LONGEST_LABEL:
        return safe(label)
    return safe(label[: sum(end < LONGEST_LABEL for end in ends)] + "…")


def width_of(labels: Iterable[str]) -> int:
    """Pixels that the widest of some labels takes at an axis, about: so that Plotly, which draws a figure twice to find out, need not."""
    widths = (sum(FONT if _is_wide(letter) else 0.6 * FONT for letter in label) for label in labels)
    return math.ceil(max(widths, default=0)) + 8


def faded(colour: str) -> str:
    """The colour, mostly see-through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.3)"


def scale_below(title: str, *, room: int = 8) -> dict[str, object]:
    """A colour scale lying under the picture, where it takes no width. room: pixels left for the x axis above it."""
    return {
        "title": {"text": title, "side": "top"}, "orientation": "h", "thickness": 10, "len": 180, "lenmode": "pixels",
        "x": 0, "xanchor": "left", "y": 0, "yanchor": "top", "ypad": room,
    }  # fmt: skip


def legend_below(figure: go.Figure) -> None:
    """Move the legend under the title of the x axis, whatever the figure's height."""
    figure.update_layout(legend={"y": -72 / (figure.layout.height - 105), "yanchor": "top"})


def class_axis(labels: Sequence[str], title: str) -> dict[str, object]:
    """An axis on which class i stands at i: names may repeat once they are shortened, or look like numbers."""
    return {
        "title": title,
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": [short(label) for label in labels],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
    }

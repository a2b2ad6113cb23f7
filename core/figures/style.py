"""The look that all figures share, and the small parts they are made of.

Every figure has a title or axis titles with units, one accent colour, Okabe–Ito colours for categories and one
perceptual sequential scale for weights, on a transparent ground, so that it reads in light and dark. `text` translates
a literal label. This module does not know what a figure shows.
"""

import base64
import io
from collections.abc import Callable, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.colors import sample_colorscale, unlabel_rgb

ACCENT = "#0072B2"
CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C")
WEIGHTS = "Viridis"
DIFFERENCES = ((0.0, "#D55E00"), (0.5, "rgba(140,140,140,0.12)"), (1.0, "#0072B2"))  # less, the same, more

LONGEST_LABEL = 24
TICKS = 48  # tokens up to which every one is written at the axis

Translate = Callable[[str], str]


def blank(height: int, *, x: str = "", y: str = "", title: str = "") -> go.Figure:
    """An empty figure in the studio's look."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        title={"text": title, "font": {"size": 15}} if title else None,
        margin={"l": 8, "r": 8, "t": 40 if title else 12, "b": 8},
        colorway=CATEGORIES,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis={"title": x, "automargin": True},
        yaxis={"title": y, "automargin": True},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hoverlabel={"namelength": -1},
    )
    return figure


def matrix_png(values: np.ndarray, low: float, high: float) -> str:
    """A matrix as a PNG data address, one pixel per value, from `low` (dark) to `high` (bright) of the WEIGHTS scale.

    values: shape (rows, columns); NaN is see-through.
    """
    colours = [unlabel_rgb(colour) for colour in sample_colorscale(WEIGHTS, np.linspace(0, 1, 255))]
    palette = np.array([*colours, (0, 0, 0)], dtype=np.uint8)
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


def short(label: str) -> str:
    """A label short enough for an axis."""
    return safe(label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…")


def faded(colour: str) -> str:
    """The colour, mostly see-through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.3)"


def scale_below(title: str, *, room: int = 8) -> dict[str, object]:
    """A colour scale lying under the picture, where it takes no width. room: pixels left for the x axis above it."""
    return {
        "title": {"text": title, "side": "top"}, "orientation": "h", "thickness": 10, "len": 240, "lenmode": "pixels",
        "x": 0, "xanchor": "left", "y": 0, "yanchor": "top", "ypad": room,
    }  # fmt: skip


def legend_below(figure: go.Figure) -> None:
    """Move the legend under the title of the x axis, whatever the figure's height."""
    figure.update_layout(legend={"y": -62 / (figure.layout.height - 105), "yanchor": "top"})


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

"""The tutorial's experiment, repeated: its losses and accuracies as a Plotly figure.

This module does not know how the numbers came about.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.article import Repetition
from core.figures.style import ACCENT, CATEGORIES, Translate, blank


def losses(rows: Sequence[Repetition], printed: Sequence[float], *, text: Translate = str) -> go.Figure:
    """The training loss of each epoch: one thin line per seed, their mean, and what the tutorial prints."""
    epochs = list(range(1, len(rows[0].losses) + 1))
    figure = blank(
        340, x=text("Epoch"), y=text("Mean training loss (nats)"), title=text("The same experiment with other seeds")
    )
    for i, row in enumerate(rows):
        figure.add_scatter(
            x=epochs, y=row.losses, mode="lines", name=text("one seed each"), legendgroup="seeds", showlegend=i == 0,
            line={"color": "rgba(0,114,178,0.35)", "width": 1}, customdata=[row.seed] * len(epochs),
            hovertemplate=text("seed %{customdata}: %{y:.4f}") + "<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=epochs, y=np.mean([row.losses for row in rows], axis=0), mode="lines+markers", name=text("mean"),
        line={"color": ACCENT, "width": 3}, marker={"size": 9}, hovertemplate="%{y:.4f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=list(range(1, len(printed) + 1)), y=list(printed), mode="lines+markers", name=text("printed in the tutorial"),
        line={"color": CATEGORIES[5], "width": 2, "dash": "dash"}, marker={"symbol": "diamond", "size": 10},
        hovertemplate="%{y:.4f}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(dtick=1)
    figure.update_yaxes(rangemode="tozero")
    return figure

"""Home's small pictures: a matrix with its rows and columns named and its colours explained, and a few shares as bars.

Everything from a text is escaped here. This module does not know what a picture is of.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np
import streamlit as st

from core.figures import style

MOST = 16  # rows and columns that a card has room for
NAMED = 8  # columns whose names a card has room for
STYLE = """
<style>
.miniature { display: grid; font-size: .875rem; line-height: 1.25rem; }
.miniature .row { grid-column: 1; align-self: center; text-align: right; padding-right: .5rem; max-width: 7rem; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; height: 1.25rem; unicode-bidi: isolate; }
.miniature .column { grid-row: 1; writing-mode: vertical-rl; transform: rotate(180deg); max-height: 5.5rem; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; justify-self: center; unicode-bidi: isolate; }
.miniature .column.wide { writing-mode: initial; transform: none; }
.miniature img { width: 100%; height: 100%; image-rendering: pixelated; border-radius: .25rem; min-width: 0; }
.miniature b { font-weight: 600; place-self: center; z-index: 1; }
.legend { display: flex; flex-wrap: wrap; align-items: center; gap: 0 .5rem; font-size: .875rem; margin-top: .4rem; }
.legend i { flex: 0 0 5rem; height: .6rem; border-radius: .3rem; }
.bars { display: grid; grid-template-columns: minmax(4rem, auto) 1fr 3.2rem; gap: .5rem; align-items: center; }
.bars .name { overflow-wrap: anywhere; }
.bars .track { background: rgba(128, 128, 128, .18); border-radius: .3rem; }
.bars .track span { display: block; height: .9rem; border-radius: .3rem; }
.bars .value { text-align: right; font-variant-numeric: tabular-nums; }
</style>
"""


def is_dark() -> bool:
    """Whether the visitor sees the dark theme."""
    return st.context.theme.type == "dark"


def _legend(scale: style.Scale, low: str, high: str, unit: str) -> str:
    colours = ", ".join(scale.dark if is_dark() else scale.light)
    return (
        f'<div class="legend"><span>{escape(low.replace("-", "−"))}</span><i style="background:linear-gradient(90deg, {colours})"></i>'
        f"<span>{escape(high)}</span><span>{escape(unit)}</span></div>"
    )


def matrix(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    low: float,
    high: float,
    unit: str,
    alt: str,
    scale: style.Scale = style.SEQUENTIAL,
    form: str = ".2g",
    written: bool = False,
) -> None:
    """A matrix as a picture: its first rows and columns, named; no names for columns that are only numbered,
    or so many that their names would lie over each other.

    low, high: where the colours begin and end. unit: what the numbers are. form: of a number. written: each in its cell.
    """
    values = values[:MOST, : MOST if columns else None]
    names, across = rows[:MOST], columns if len(columns) <= NAMED else ()
    head = len(across) > 0
    turned = "" if max((len(name) for name in across), default=0) > 2 and len(across) > 4 else " wide"
    picture = style.matrix_png(values, low, high, scale=scale, dark=is_dark())
    parts = [
        f'<span class="column{turned}" style="grid-column:{i + 2}">{escape(name)}</span>'
        for i, name in enumerate(across)
    ] + [f'<span class="row" style="grid-row:{i + 1 + head}">{escape(name)}</span>' for i, name in enumerate(names)]
    if written:
        colours = scale.colours((values - low) / ((high - low) or 1.0), dark=is_dark())
        parts += [
            f'<b style="grid-area:{i + 1 + head} / {j + 2};color:{"#000" if colours[i, j] @ (0.2126, 0.7152, 0.0722) > 110 else "#fff"}">'
            f"{format(values[i, j], form)}</b>"
            for i, j in np.ndindex(*values.shape)
        ]
    sizes = f"grid-template:{'auto ' if head else ''}repeat({len(names)}, {3 if written else 1.25}rem) / auto repeat({len(across) or 1}, minmax(0, 1fr))"
    st.html(
        STYLE + f'<div class="miniature" style="{sizes}">{"".join(parts)}'
        f'<img alt="{escape(alt)}" src="{picture}" style="grid-area:{1 + head} / 2 / {len(names) + 1 + head} / {(len(across) or 1) + 2}"></div>'
        + _legend(scale, format(low, form), format(high, form), unit)
    )


def bars(shares: Mapping[str, float], value: Callable[[float], str] = "{:.0%}".format) -> None:
    """A few shares between 0 and 1 as labelled bars. value: how a share is written beside its bar."""
    rows = "".join(
        f'<span class="name">{escape(label)}</span>'
        f'<span class="track"><span style="background:{style.ACCENT};width:{share:.1%}"></span></span>'
        f'<span class="value">{escape(value(share))}</span>'
        for label, share in shares.items()
    )
    st.html(f'{STYLE}<div class="bars">{rows}</div>')

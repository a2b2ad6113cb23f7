"""Results as standalone HTML: BertViz's head and model views, complete and offline.

BertViz (Vig 2019) writes HTML for notebooks: libraries from the internet, and every weight as text, twice. What it draws stays its
own; here its page gets the libraries inside (d3 from mpld3, jQuery from xstatic-jquery), and the weights that can be seen as compact
arrays, once. This module does not know where a document is shown.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from bertviz import head_view, model_view

from core.attention import View, head, labels, select
from core.errors import N_, UserError
from core.results import AttentionMaps

LOWEST = 0.01  # a line of a lower weight could not be seen
MOST_LINES = 30_000  # what a browser draws in well under a second
MOST_WEIGHTS_HEAD = 3_200_000  # BertViz visits every weight, drawn or not
MOST_WEIGHTS_MODEL = 2_400_000

Translate = Callable[[str], str]


@dataclass(frozen=True)
class _Look:
    scheme: str
    ground: str
    ink: str
    hover: str


_LIGHT = _Look("light", "#ffffff", "#222222", "#d8d8d8")
_DARK = _Look("dark", "#171614", "#e6e6e6", "#444a55")

# The order in which BertViz's own menu lists the parts of a pair.
_PARTS: tuple[tuple[View, str, str], ...] = (
    ("all", "All", N_("All")),
    ("a-a", "Sentence A -> Sentence A", N_("Sentence A → Sentence A")),
    ("b-b", "Sentence B -> Sentence B", N_("Sentence B → Sentence B")),
    ("a-b", "Sentence A -> Sentence B", N_("Sentence A → Sentence B")),
    ("b-a", "Sentence B -> Sentence A", N_("Sentence B → Sentence A")),
)

# What BertViz returns: a library from the internet, its own elements, and its script with the weights in `params`.
_BERTVIZ_PAGE = re.compile(
    r'<script src="[^"]*require[^"]*"></script>(?P<body>.*<div id="(?P<root>bertviz-[0-9a-f]+)".*?)'
    r'<script type="text/javascript">.*?require\.config\(\{.*?\}\);(?P<before>.*?)const params = [^\n]*(?P<after>\n.*)</script>\s*',
    re.DOTALL,
)

# How it makes a line for every weight; ours leaves out those that cannot be seen and keeps the others' places.
_LINES = re.compile(r'\.selectAll\("line"\)\s*\.data\((?:(?!\.selectAll).)*?\.append\("line"\)', re.DOTALL)

_PAGE = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: {look.scheme}; }}
body {{ margin: 8px; background: {look.ground}; color: {look.ink}; font: 15px system-ui, sans-serif; }}
text {{ fill: {look.ink}; white-space: pre; }}
rect.background {{ fill: {look.hover}; }}
p {{ margin: 8px 0; font-size: 13px; opacity: .8; }}
</style>
<script>{libraries}</script>
<script>{start}</script>
</head>
<body>
{body}
<p>{caption}</p>
<script>{script}</script>
</body>
</html>
"""

# Compressed sparse rows → the nested arrays BertViz expects; parts of a pair are cut out of the whole.
_START = """
"use strict";
const studio = DATA;
window.requirejs = window.require = (names, run) => run(jQuery, d3);
require.config = () => {};
studio.numbers = (Type, text) => new Type(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
studio.params = () => {
  const [layers, heads, size] = studio.shape;
  const counts = studio.numbers(Uint16Array, studio.counts);
  const columns = studio.numbers(Uint16Array, studio.columns);
  const values = studio.numbers(Uint8Array, studio.values);
  let next = 0, row = 0;
  const list = (n, make) => Array.from({ length: n }, make);
  const whole = list(layers, () => list(heads, () => list(size, () => {
    const line = new Array(size).fill(0);
    for (const end = next + counts[row++]; next < end; next++) line[columns[next]] = values[next] / 255;
    return line;
  })));
  const attention = studio.parts.map(([top, bottom, left, right]) => ({
    left_text: studio.tokens.slice(top, bottom),
    right_text: studio.tokens.slice(left, right),
    attn: bottom - top === size && right - left === size ? whole
      : whole.map((maps) => maps.map((map) => map.slice(top, bottom).map((line) => line.slice(left, right)))),
  }));
  return { ...studio.bertviz, attention };
};
studio.lines = function (weights) {
  const drawn = new Array(weights.length);
  weights.forEach((weight, i) => {
    if (!weight) return;
    drawn[i] = this.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "line"));
    drawn[i].__data__ = weight;
  });
  return drawn;
};
"""


def bertviz_head(
    maps: AttentionMaps,
    *,
    layer: int,
    heads: Sequence[int] | None = None,
    shown: Sequence[int] | None = None,
    view: View = "all",
    dark: bool = False,
    text: Translate = str,
) -> str:
    """BertViz's head view of one layer: lines from each token to the tokens it attends to, one colour a head.

    heads: the heads it holds, None for all. shown: those switched on at first, None for all it holds. view: the part of a pair shown first. `text` translates the literal labels.
    Raises UserError when `maps` does not hold the layer or a head, or there are too many weights to draw.
    """
    chosen = tuple(range(maps.weights.shape[1])) if heads is None else tuple(heads)
    weights = np.stack([head(maps, layer, index) for index in chosen])[None]
    _check_size(1, len(chosen), weights.shape[-1], MOST_WEIGHTS_HEAD)
    page = head_view(**_stand_in(maps), html_action="return").data
    changes = {
        "const BOXWIDTH = 110;": f"const BOXWIDTH = {_label_width(maps, 110)};",
        "const MATRIX_WIDTH = 115;": "const MATRIX_WIDTH = Math.max(90, Math.min(420, innerWidth - 2 * BOXWIDTH - 24));",
        "return d / activeHeads()": "return d / Math.sqrt(activeHeads())",  # with many heads its lines fade to nothing
        "function updateCheckboxes() {": 'checkbox.append("title").text((d, i) => studio.heads[i]);\n'
        "        function updateCheckboxes() {",
        "Layer: <select": html.escape(text("Layer")) + ": <select",
    }
    bertviz = {  # layers are counted from 1 on screen
        "layer": layer + 1,
        "heads": None if shown is None else [chosen.index(index) for index in shown],
        "include_layers": [layer + 1],
    }
    return _document(page, changes, bertviz, maps, weights, chosen, view, dark, text)


def bertviz_model(maps: AttentionMaps, *, view: View = "all", dark: bool = False, text: Translate = str) -> str:
    """BertViz's model view: every head of every layer in `maps` as a small drawing, enlarged by a click.

    view, text: as in `bertviz_head`. Raises UserError when there are too many weights to draw.
    """
    check_model_view(*maps.weights.shape[:3])
    heads = tuple(range(maps.weights.shape[1]))
    page = model_view(**_stand_in(maps), html_action="return").data
    wide = _label_width(maps, 80)
    changes = {
        "const DIV_WIDTH = 970;": "const DIV_WIDTH = Math.max(640, Math.min(1300, innerWidth - 24));",
        "const DETAIL_BOX_WIDTH = 80;": f"const DETAIL_BOX_WIDTH = {wide};",
        "const DETAIL_WIDTH = 300;": f"const DETAIL_WIDTH = {140 + 2 * wide};",
        "7 * (12 / config.totalHeads);": "Math.min(7 * (12 / config.totalHeads), 260 / studio.tokens.length);",
        '.attr("stroke-width", 2.2)': '.attr("stroke-width", Math.min(2.2, 0.5 * config.thumbnailBoxHeight + 0.2))',
        "'background': 'black'": f"'background': '{_DARK.ground}'",
        'console.log("x", x, y)': "",
        '.text("Heads")': ".text(studio.words.heads)",
        '.text("Layers")': ".text(studio.words.layers)",
        "'Layer ' + config.layers[layerIndex] + \", Head \" + config.heads[headIndex]": "studio.words.head"
        ".replace('{layer}', config.layers[layerIndex]).replace('{head}', config.heads[headIndex])",
    }
    bertviz = {
        "display_mode": "dark" if dark else "light",
        "include_layers": [index + 1 for index in maps.layers],
        "include_heads": [index + 1 for index in heads],
        "total_heads": max(len(heads), 4),
    }
    return _document(page, changes, bertviz, maps, maps.weights, heads, view, dark, text)


def check_model_view(layers: int, heads: int, tokens: int) -> None:
    """Raise UserError when there are too many weights for the model view; to be asked before all of them are computed."""
    _check_size(layers, heads, tokens, MOST_WEIGHTS_MODEL)


def _check_size(layers: int, heads: int, tokens: int, most: int) -> None:
    count = layers * heads * tokens * tokens
    if count > most:
        raise UserError(
            "{tokens} tokens are too many for this view, which would have to go through {weights} weights; shorten the text, or "
            "look at one head as a heat map",
            tokens=tokens,
            weights=f"{count:,}",
        )


def _stand_in(maps: AttentionMaps) -> dict[str, object]:
    """The smallest input for which BertViz writes the same page; `_document` puts the real weights in its place."""
    if maps.tokens.pair_start is None:
        return {"attention": [torch.ones(1, 1, 1, 1)], "tokens": [""]}
    return {"attention": [torch.ones(1, 1, 2, 2)], "tokens": ["", ""], "sentence_b_start": 1}


def _label_width(maps: AttentionMaps, least: int) -> int:
    """Pixels for the longest token, within reason."""
    return max(least, min(200, 20 + 9 * max(map(len, labels(maps.tokens)))))


def _document(
    page: str,
    changes: dict[str, str],
    bertviz: Mapping[str, object],
    maps: AttentionMaps,
    weights: np.ndarray,
    heads: tuple[int, ...],
    view: View,
    dark: bool,
    text: Translate,
) -> str:
    """The complete document: BertViz's `page` with `changes`, its libraries, and `weights`, shape (layers, heads, T, T)."""
    select(maps.tokens, view)  # raises for a part of a pair that is not there
    count, start = len(maps.tokens.tokens), maps.tokens.pair_start
    shown = _PARTS[:1] if start is None else _PARTS
    ranges = {"a": (0, start or count), "b": (start or count, count)}
    first = next(str(i) for i, (part, _, _) in enumerate(shown) if part == view)
    page, drawing = _LINES.subn(".selectAll(studio.lines)", page)
    if start is not None:
        changes |= {f">{name}</option>": f">{html.escape(text(label))}</option>" for _, name, label in shown}
        changes |= {
            f'value="{first}"': f'value="{first}" selected',
            "Attention: <": html.escape(text("Attention")) + ": <",
        }
    for old, new in changes.items():
        if old not in page or not drawing:
            raise RuntimeError(f"this version of BertViz writes no '{old}'")
        page = page.replace(old, new)
    found = _BERTVIZ_PAGE.fullmatch(page)
    if found is None:
        raise RuntimeError("this version of BertViz writes another kind of page")
    seen, lowest = _visible(weights)
    data = {
        "shape": weights.shape[:3],
        "counts": _base64((seen > 0).sum(axis=-1, dtype=np.uint16)),
        "columns": _base64(np.nonzero(seen)[-1].astype(np.uint16)),
        "values": _base64(seen[seen > 0]),
        "tokens": labels(maps.tokens),
        "parts": [
            (0, count, 0, count) if part == "all" else (*ranges[part[0]], *ranges[part[2]]) for part, _, _ in shown
        ],
        "bertviz": {**bertviz, "root_div_id": found["root"], "default_filter": first},
        "heads": [text("Head {head}").format(head=index + 1) for index in heads],
        "words": {"heads": text("Heads"), "layers": text("Layers"), "head": text("Layer {layer}, head {head}")},
    }
    caption = text("Drawn by BertViz. Weights below {share} % are left out.").format(share=f"{100 * lowest:.1f}")
    return _PAGE.format(
        title=html.escape(text("Attention")),
        look=_DARK if dark else _LIGHT,
        libraries=_libraries(),
        start=_START.replace("DATA", _json(data), 1),
        body=found["body"],
        caption=html.escape(caption),
        script=found["before"] + "const params = studio.params();" + found["after"],
    )


def _visible(weights: np.ndarray) -> tuple[np.ndarray, float]:
    """The weights as whole 255ths, those too weak to be drawn as 0; and the lowest weight that is drawn."""
    seen = np.rint(weights * 255).astype(np.uint8)
    as_strong = np.cumsum(np.bincount(seen.ravel(), minlength=257)[::-1])[::-1]  # how many are at least this strong
    lowest = max(round(LOWEST * 255), int(np.argmax(as_strong <= MOST_LINES)))
    seen[seen < lowest] = 0
    return seen, (lowest - 0.5) / 255


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode()


def _json(data: object) -> str:
    """JSON that is safe inside <script>, whatever a token holds."""
    return json.dumps(data).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _libraries() -> str:
    """d3 5 and jQuery 3, from the packages that carry them."""
    return _file("mpld3", "js/d3.v5.min.js") + ";\n" + _file("xstatic.pkg.jquery", "data/jquery.min.js")


def _file(package: str, name: str) -> str:
    """A file of an installed package; the package itself is not imported (mpld3 would bring matplotlib)."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the package {package} is not installed; run the installation of the README again")
    script = (Path(spec.submodule_search_locations[0]) / name).read_text(encoding="utf-8")
    if "</script" in script or "<!--" in script:
        raise RuntimeError(f"{name} cannot stand inside a page")
    return script

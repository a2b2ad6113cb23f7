"""Results as standalone HTML: BertViz's head, model and neuron views, complete and offline.

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
from types import MappingProxyType

import numpy as np
import torch
from bertviz import head_view, model_view

from core.attention import Atlas, View, labels, select
from core.attention import head as weights_of
from core.errors import N_, UserError
from core.figures.style import DIVERGING, SEQUENTIAL
from core.results import AttentionMaps

LOWEST = 0.01  # a line of a lower weight could not be seen
MOST_LINES = 30_000  # what a browser draws in well under a second
MOST_WEIGHTS_HEAD = 3_200_000  # BertViz visits every weight, drawn or not
MOST_WEIGHTS_MODEL = 2_400_000
MOST_NUMBERS = 12_500  # of one head's queries; the neuron view draws three boxes for each of them

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
_LINES = re.compile(r'\.selectAll\("(line)"\)\s*\.data\((?:(?!\.selectAll).)*?\.append\("line"\)', re.DOTALL)
_MARKS = re.compile(  # the same in the neuron view: a line, a path and a frame for every weight
    r'\.selectAll\("(line|path|rect)"\)\s*\.data\(function \(d\) \{[^}]*\}\)\s*\.enter\(\)[^\n]*\s*\.append\("\1"\)'
)

# Nothing may be fetched from anywhere; images are those that a document makes itself.
_HEAD = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src blob: data:">
<title>{title}</title>
<style>
"""

_PAGE = (
    _HEAD
    + """\
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
)

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
  if (studio.queries) {
    const [queries, keys] = [studio.queries, studio.keys].map((text) => {
      const all = Array.from(studio.numbers(Int16Array, text), (number) => number * studio.unit);
      const width = all.length / heads / size;
      return list(heads, (_, h) => list(size, (_, i) => all.slice((h * size + i) * width, (h * size + i + 1) * width)));
    });
    studio.parts.forEach(([top, bottom, left, right], i) => {
      attention[i].queries = [queries.map((vectors) => vectors.slice(top, bottom))];
      attention[i].keys = [keys.map((vectors) => vectors.slice(left, right))];
    });
  }
  return { ...studio.bertviz, attention };
};
studio.marks = (tag) => function (weights) {
  const drawn = new Array(weights.length);
  weights.forEach((weight, i) => {
    if (!weight) return;
    drawn[i] = this.appendChild(document.createElementNS("http://www.w3.org/2000/svg", tag));
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
    weights = np.stack([weights_of(maps, layer, index) for index in chosen])[None]
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


def bertviz_neuron(
    maps: AttentionMaps,
    queries: np.ndarray,
    keys: np.ndarray,
    *,
    layer: int,
    head: int = 0,
    token: int = 0,
    view: View = "all",
    dark: bool = False,
    text: Translate = str,
) -> str:
    """BertViz's neuron view of one layer: for a token, its query, every key, their products number by number, and the weights.

    queries, keys: shape (H, T, d), of the layer. head, token: chosen at first; `token` counts within the part `view` shows.
    view, text: as in `bertviz_head`. Raises UserError when `maps` does not hold the layer or the head, or there are too
    many numbers to draw.
    """
    heads = tuple(range(maps.weights.shape[1]))
    check_neuron_view(*queries.shape[1:])
    weights_of(maps, layer, head)  # raises for a layer or a head that is not there
    weights = np.stack([weights_of(maps, layer, index) for index in heads])[None]
    unit = max(float(np.abs(queries).max()), float(np.abs(keys).max()), 1e-9) / 32767
    wide = _label_width(maps, 110)
    changes = {
        "const BOXWIDTH = TEXT_SIZE * 8;": f"const BOXWIDTH = {wide};",
        '.attr("width", "100%")': f'.attr("width", {2 * wide + 800})',
        "config.expanded = false;\n            config.bi": "config.expanded = innerWidth > 600;\n"
        "            config.index = studio.token;\n            config.bi",
        'layerSelect.append($("<option />").val(i).text(i))': 'layerSelect.append($("<option />").val(i).text(studio.layer))',
        'headSelect.append($("<option />").val(i).text(i))': 'headSelect.append($("<option />").val(i).text(i + 1))',
        "'background': 'black'": f"'background': '{_DARK.ground}'",
        **{
            f"'neg': '#ff6318',\n                'pos': '{theirs}'": f"'neg': '{ours[0]}', 'pos': '{ours[-1]}'"
            for theirs, ours in (("#2090dd", DIVERGING.dark), ("#0c36d8", DIVERGING.light))
        },
        '.text("No token selected")': ".text(studio.words.none)",
        "'Query '": "studio.words.query",
        "'Key '": "studio.words.key",
        "'q \\u00D7 k (elementwise)'": "studio.words.product",
    }
    bertviz = {"display_mode": "dark" if dark else "light", "layer": 0, "head": head, "bidirectional": True}
    more = {
        "queries": _base64(np.rint(queries / unit).astype(np.int16)),
        "keys": _base64(np.rint(keys / unit).astype(np.int16)),
        "unit": unit,
        "layer": layer + 1,
        "token": token,
        "words": {
            "none": text("Point at a token on the left"),
            "query": text("Query") + " ",
            "key": text("Key") + " ",
            "product": text("q × k (elementwise)"),
        },
    }
    return _document(_neuron_page(maps, text), changes, bertviz, maps, weights, heads, view, dark, text, _MARKS, more)


def _neuron_page(maps: AttentionMaps, text: Translate) -> str:
    """What BertViz's neuron view writes for a notebook, less the weights: it computes those with model files of its own."""
    options = "".join(f'<option value="{i}">{name}</option>' for i, (_, name, _) in enumerate(_PARTS))
    parts = f'Attention: <select id="filter">{options}</select>' if maps.tokens.pair_start is not None else ""
    layer, head = html.escape(text("Layer")), html.escape(text("Head"))
    choice = f"""<div id="bertviz-0" style="padding:8px"><span class="dropdown-label">{layer}: <select id="layer"></select>
{head}: <select id="att_head"></select> {parts}</span><div id="vis"></div></div>"""
    script = _file("bertviz", "neuron_view.js").replace("window.bertviz_params", "{}", 1)
    return f'<script src="require"></script>{choice}<script type="text/javascript">{script}</script>'


def check_neuron_view(tokens: int, size: int) -> None:
    """Raise UserError when queries of this many tokens and numbers are too many for the neuron view."""
    if tokens * size > MOST_NUMBERS:
        raise UserError(
            "{tokens} tokens are too many for the neuron view, which draws every number of every query and key; with this model "
            "it takes {most}: shorten the text, or cut it there",
            tokens=tokens,
            most=MOST_NUMBERS // size,
        )


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
    marks: re.Pattern[str] = _LINES,
    more: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """The complete document: BertViz's `page` with `changes`, its libraries, and `weights`, shape (layers, heads, T, T).

    marks: how it makes what stands for a weight. more: further data for its script.
    """
    select(maps.tokens, view)  # raises for a part of a pair that is not there
    count, start = len(maps.tokens.tokens), maps.tokens.pair_start
    shown = _PARTS[:1] if start is None else _PARTS
    ranges = {"a": (0, start or count), "b": (start or count, count)}
    first = next(str(i) for i, (part, _, _) in enumerate(shown) if part == view)
    page, drawing = marks.subn(r'.selectAll(studio.marks("\1"))', page)
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
        **more,
    }
    caption = text("Drawn by BertViz. Weights below {share}% are left out.").format(share=f"{100 * lowest:.1f}")
    return _PAGE.format(
        title=html.escape(text("Attention")),
        look=_DARK if dark else _LIGHT,
        libraries=libraries(),
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


MOST_TILE = 32  # rows and columns of a small map in the explorer
MOST_IN_FILE = 8_000_000  # bytes of weights in a document of the explorer


def _blocks(special: Sequence[bool], most: int = MOST_TILE) -> tuple[list[int], int]:
    """Where the blocks begin into which a row of tokens is cut, at most `most` of them, and the size of the largest.

    Special tokens get blocks of their own where there is room, so that they can be hidden from a small map.
    """
    count = len(special)
    turns = [0, *(i for i in range(1, count) if special[i] != special[i - 1])]
    for size in range(1, count + 1):
        starts = [
            place for start, end in zip(turns, [*turns[1:], count], strict=True) for place in range(start, end, size)
        ]
        if len(starts) <= most:
            return starts, size
    size = -(-count // most)
    return list(range(0, count, size)), size


LOOKS = (
    "lines",  # instead of a heat map
    "words",  # without the special tokens
    "stretched",  # the colours reach as far as the weights do
    "before",  # of masking some tokens; or after it, instead of the change
    "after",
)


def explorer_payload(
    atlas: Atlas,
    *,
    chosen: int,
    full: Sequence[int],
    after: Atlas | None = None,
    view: View = "all",
    tiles: bool = True,
    offline: bool = False,
    document: str = "",
    look: Sequence[str] = (),
    answers: int = 0,
    text: Translate = str,
) -> bytes:
    """What the attention explorer draws, as one block of bytes.

    It is the length of a JSON header (four bytes, the lowest first), the header, and the weights it points into: all heads in small
    (each value the largest of a block; only with `tiles`), and the maps `full` with every weight: the `chosen` one unless the browser has it,
    and those that may be wanted next. Indices are those of Atlas.maps. after: the same input with masked tokens. document: names the input, so that maps of one are kept and those
    of another forgotten. offline: there is no server to ask. look: of LOOKS, how the large map is drawn. answers: the number of the browser's wish that this answers.
    Raises UserError for a part of a pair that is not there.
    """
    rows, columns = select(atlas.tokens, view)
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    special = [token.kind in ("special", "padding") for token in atlas.tokens.tokens]
    chunks: list[bytes] = []

    def add(values: np.ndarray) -> int:
        offset = sum(map(len, chunks))
        chunks.append(np.ascontiguousarray(values).tobytes())
        return offset

    small: dict[str, object] | None = None
    tops, block = _blocks([special[i] for i in rows])
    lefts, wide = _blocks([special[i] for i in columns])
    if tiles:
        pooled = np.maximum.reduceat(np.maximum.reduceat(atlas.maps[(slice(None), *part)], tops, axis=1), lefts, axis=2)
        peaks = [round(float(peak), 6) for peak in atlas.peaks]
        small = {"rows": tops, "columns": lefts, "offset": add(pooled), "peaks": peaks}
    maps = [
        {"index": index, "after": later, "peak": float(source.peaks[index]), "offset": add(source.maps[index][part])}
        for source, later in ((atlas, False), (after, True))
        if source is not None
        for index in full
    ]
    head = {
        "id": document,
        "model": atlas.tokens.model,
        "shape": (atlas.layers, atlas.heads),
        "rows": rows,
        "columns": columns,
        "labels": labels(atlas.tokens),
        "special": special,
        "maskable": [not hidden for hidden in special],
        "chosen": chosen,
        "masked": after.masked if after else (),
        "look": [name for name in LOOKS if name in look],
        "answers": answers,
        "changes": None if after is None or after.changes is None else [round(float(c), 5) for c in after.changes],
        "block": max(block, wide),
        "tiles": small,
        "maps": maps,
        "kept": max(8, len(maps), 24_000_000 // (len(rows) * len(columns))),
        "offline": offline,
        "words": _explorer_words(text),
    }
    written = json.dumps(head, ensure_ascii=False).encode()
    return len(written).to_bytes(4, "little") + written + b"".join(chunks)


def _explorer_words(text: Translate) -> dict[str, str]:
    return {
        "all": text("All layers and heads"),
        "overviewLabel": text("All layers and heads as small maps: the arrow keys choose one"),
        "overviewHelp": text(
            "Click a map, or move with the arrow keys. Ø is the mean of a layer, at the bottom right of all heads. The same colour is the "
            "same weight everywhere; the scale favours weak weights."
        ),
        "block": text("Each dot stands for up to {count} × {count} tokens and shows the largest weight among them."),
        "axisHeads": text("layers ↓   heads →"),
        "peak": text("largest weight {weight}"),
        "changed": text("moved by masking {change}"),
        "mostChanged": text("Moved most (0 nothing, 1 everything):"),
        "head": text("Layer {layer}, head {head}"),
        "meanLayer": text("Layer {layer}, mean of its heads"),
        "meanAll": text("Mean of all layers and heads"),
        "picture": text("Picture"),
        "heat": text("Heat map"),
        "lines": text("Lines"),
        "hide": text("Hide special tokens"),
        "stretch": text("Stretch the colours to the largest weight"),
        "legend": text("attention weight (0–1)"),
        "axes": text("rows look at columns"),
        "looks": text("looks"),
        "lookedAt": text("is looked at"),
        "mapLabel": text("The weights of the chosen head: the arrow keys move from token to token, Enter masks one"),
        "help": text(
            "Point at a token to see where it looks and who looks at it. Click its name to mask it: the model reads the text again with "
            "its mask token in that place. Drag over a part to enlarge it, or press + and −."
        ),
        "offline": text(
            "Point at a token to see where it looks and who looks at it. Drag over a part to enlarge it, or press + and −. Masking a token "
            "needs the studio."
        ),
        "whole": text("Show everything again"),
        "missing": text("This file holds only some heads in full; this one is there in small only."),
        "partial": text("Only a part is shown. The weights are as they are, so a row does not add up to 1."),
        "maskedTokens": text("Masked: {tokens}"),
        "maskedLabel": text("Before or after masking"),
        "before": text("before"),
        "after": text("after"),
        "change": text("change"),
        "unmask": text("Unmask all"),
        "maskThis": text("Mask {token}"),
        "unmaskToken": text("Unmask {token}"),
        "maskToken": "[MASK]",
        "looksAt": text("{token} looks at"),
        "lookedAtBy": text("{token} is looked at by"),
        "looksAtNothing": text("Where a token looks: point at one in the picture."),
        "lookedAtByNothing": text("Who looks at it: point at one in the picture."),
        "savePng": text("Save this picture as PNG"),
        "saveSvg": text("Save this picture as SVG"),
    }


_EXPLORER_PAGE = (
    _HEAD
    + """\
:root {{ color-scheme: light dark; --st-text-color: #31333f; --st-background-color: #fff; --st-primary-color: #0072b2; --st-border-color: #d5d6db;
  --st-secondary-background-color: #f0f2f6; --st-font: system-ui, sans-serif; --st-code-font: ui-monospace, monospace; --st-base-radius: .5rem;
  --st-chart-sequential-colors: {light_sequential}; --st-chart-diverging-colors: {light_diverging}; }}
@media (prefers-color-scheme: dark) {{ :root {{ --st-text-color: #fafafa; --st-background-color: #0e1117; --st-primary-color: #56b4e9;
  --st-border-color: #41444c; --st-secondary-background-color: #262730;
  --st-chart-sequential-colors: {dark_sequential}; --st-chart-diverging-colors: {dark_diverging}; }} }}
body {{ margin: 1.5rem auto; max-width: 1400px; padding: 0 1rem; background: var(--st-background-color); color: var(--st-text-color);
  font: 15px/1.5 var(--st-font); }}
h1 {{ font-size: 1.3rem; overflow-wrap: anywhere; }}
{style}
</style>
</head>
<body>
<h1>{title}</h1>
<main id="explorer"></main>
<script type="module">
{script}
const place = document.getElementById("explorer");
const data = Uint8Array.from(atob("{data}"), (letter) => letter.charCodeAt(0));
const draw = () => attentionExplorer({{ data, parentElement: place, setStateValue() {{}} }});
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
</script>
</body>
</html>
"""
)


def explorer_document(
    atlas: Atlas,
    *,
    script: str,
    style: str,
    chosen: int,
    view: View = "all",
    look: Sequence[str] = (),
    text: Translate = str,
) -> str:
    """The attention explorer as one HTML file that works offline: its `script` and `style`, and the weights as base64.

    look: as for explorer_payload. It holds all heads while they fit, then those of the chosen layer, then the chosen one alone; all heads in small in any case.
    Raises UserError for a part of a pair that is not there.
    """
    rows, columns = select(atlas.tokens, view)
    size = len(rows) * len(columns)
    first = chosen // (atlas.heads + 1) * (atlas.heads + 1)
    layer = range(first, min(first + atlas.heads + 1, len(atlas.maps)))
    full = next((held for held in (range(len(atlas.maps)), layer) if size * len(held) <= MOST_IN_FILE), (chosen,))
    payload = explorer_payload(
        atlas, chosen=chosen, full=full, view=view, offline=True, document="file", look=look, text=text
    )
    return _EXPLORER_PAGE.format(
        title=html.escape(text("Attention") + f" · {atlas.tokens.model}"),
        style=style,
        script=script,
        data=base64.b64encode(payload).decode(),
        light_sequential=",".join(SEQUENTIAL.light),
        light_diverging=",".join(DIVERGING.light),
        dark_sequential=",".join(SEQUENTIAL.dark),
        dark_diverging=",".join(DIVERGING.dark),
    )


@cache
def libraries() -> str:
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

"""One layer of the encoder as boxes: what each box says, and the bytes that pages/components/encoder_flow.js draws.

Numbers travel packed: a small matrix in full as float16, a large one with neighbouring values drawn together, each dot
the one farthest from zero, as int8 of its square root; the first numbers and a summary of every row always as float32. This module does
not know how a box is drawn, and computes nothing that core.encoder does not hand it.
"""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from core.attention import labels
from core.encoder import Trace
from core.errors import N_

FULL = 16_384  # values up to which a matrix is sent in full
DOTS = 128  # dots a large matrix is reduced to, along each side
FIRST = 6  # numbers of each row that are sent as they are
STRONGEST = 5  # links of each token that are sent as they are
THUMB = 20  # dots along the side of a head's small picture
LONGEST = 40  # characters of a token's name


@dataclass(frozen=True)
class Box:
    """One step of a layer: its id (a stage of core.encoder, "input" or "context.head"), its name, its formula, what it does.

    sign: the letter it has in formulas. formula: in one line, with _ and ^ for a raised or lowered part. latex: the same
    for the large view, with {placeholders} of `shapes`. inputs: ids of the boxes it is computed from. column: its place.
    """

    id: str
    title: str
    sign: str
    formula: str
    latex: str
    says: str
    inputs: tuple[str, ...]
    column: int


BOXES: dict[str, Box] = {
    row.id: row
    for row in (
        Box("embeddings.word", N_("word"), "eʷ", "e_i = E[id_i]",
            r"\underset{{{T}\times{E}}}{{e^{{\text{{word}}}}}} = \text{{rows of the word table}},\quad E \in \mathbb{{R}}^{{{V}\times{E}}}",
            N_("Each token's id picks one row of the word table: what the token means before it has seen any neighbour."), (), 0),
        Box("embeddings.position", N_("position"), "eᵖ", "e_i = P[i]",
            r"\underset{{{T}\times{E}}}{{e^{{\text{{position}}}}}} = \text{{rows of the position table}},\quad P \in \mathbb{{R}}^{{{P}\times{E}}}",
            N_("Each place in the input has a learned vector of its own: the only thing that tells the model about order."), (), 0),
        Box("embeddings.segment", N_("segment"), "eˢ", "e_i = G[segment_i]",
            r"\underset{{{T}\times{E}}}{{e^{{\text{{segment}}}}}} = \text{{row A or B of the segment table}}",
            N_("One of two vectors: does the token belong to the first or to the second sentence?"), (), 0),
        Box("embeddings.sum", N_("sum"), "e", "e = e^w + e^p + e^s",
            r"\underset{{{T}\times{E}}}{{e}} = {sum}",
            N_("Word, position and segment are simply added up, number by number."),
            ("embeddings.word", "embeddings.position", "embeddings.segment"), 1),
        Box("embeddings.output", N_("normalised"), "X", "X = LayerNorm(e)",
            r"\underset{{{T}\times{E}}}{{X}} = \mathrm{{LayerNorm}}(e) = \gamma\odot\frac{{e-\mu}}{{\sqrt{{\sigma^2+\varepsilon}}}}+\beta",
            N_("Every token's vector is brought to a common size before the first layer reads it."), ("embeddings.sum",), 1),
        Box("embeddings.projection", N_("widened"), "X", "X = x W_E + b_E",
            r"\underset{{{T}\times{D}}}{{X}} = x\,\underset{{{E}\times{D}}}{{W_E}} + b_E",
            N_("This family keeps small embeddings and maps them to the width that its layers work with."), ("embeddings.output",), 1),
        Box("input", N_("input"), "X", "X = output of the layer before",
            r"\underset{{{T}\times{D}}}{{X^{{({layer})}}}} = \text{{output of layer }}{before}",
            N_("The vectors as the layer before left them: each token, with what it has learned of its neighbours so far."), (), 1),
        Box("query", N_("query"), "Q", "Q = X W_Q + b_Q",
            r"\underset{{{T}\times{d}}}{{Q_{{{head}}}}} = \underset{{{T}\times{D}}}{{X}}\;\underset{{{D}\times{d}}}{{W^Q_{{{head}}}}} + b^Q_{{{head}}}",
            N_("What each token asks for: one linear map of its vector, and no more than that."), ("X",), 2),
        Box("key", N_("key"), "K", "K = X W_K + b_K",
            r"\underset{{{T}\times{d}}}{{K_{{{head}}}}} = \underset{{{T}\times{D}}}{{X}}\;\underset{{{D}\times{d}}}{{W^K_{{{head}}}}} + b^K_{{{head}}}",
            N_("What each token can be found by: queries are compared with it."), ("X",), 2),
        Box("value", N_("value"), "V", "V = X W_V + b_V",
            r"\underset{{{T}\times{d}}}{{V_{{{head}}}}} = \underset{{{T}\times{D}}}{{X}}\;\underset{{{D}\times{d}}}{{W^V_{{{head}}}}} + b^V_{{{head}}}",
            N_("What each token hands over to those that look at it."), ("X",), 2),
        Box("scores", N_("scores"), "S", "S = Q K^⊤ / √d",
            r"\underset{{{T}\times{T}}}{{S}} = \frac{{Q K^\top}}{{\sqrt{{{d}}}}}",
            N_("Every query is multiplied with every key; dividing by √d keeps the products in the range where softmax is soft."), ("query", "key"), 3),
        Box("mask", N_("mask"), "M", "M_j = 0, or −∞ for padding",
            r"M_j = \begin{{cases}} 0 & \text{{token }} j \text{{ may be looked at}} \\ -\infty & \text{{it is padding}} \end{{cases}}",
            N_("Says which tokens may be looked at. Padding may not: its score becomes minus infinity, its weight 0."), (), 3),
        Box("weights", N_("weights"), "A", "A = softmax(S + M)",
            r"\underset{{{T}\times{T}}}{{A}} = \mathrm{{softmax}}(S+M),\qquad A_{{ij}}=\frac{{e^{{S_{{ij}}+M_j}}}}{{\sum_k e^{{S_{{ik}}+M_k}}}}",
            N_("The scores of a row become shares that add up to 1: how much of each token's value this token takes."), ("scores", "mask"), 3),
        Box("context.head", N_("of this head"), "Zₕ", "Z_h = A V",
            r"\underset{{{T}\times{d}}}{{Z_{{{head}}}}} = \underset{{{T}\times{T}}}{{A}}\;\underset{{{T}\times{d}}}{{V}}",
            N_("Each token's new vector from this head: the values of all tokens, mixed by its row of weights."), ("weights", "value"), 4),
        Box("context", N_("of all heads"), "Z", "Z = [Z_1 … Z_H]",
            r"\underset{{{T}\times{D}}}{{Z}} = [\,Z_1 \;\cdots\; Z_{{{H}}}\,],\qquad {H}\times{d} = {D}",
            N_("The outputs of all heads are laid side by side; the chosen head is framed."), ("context.head",), 4),
        Box("attention.output", N_("mixed"), "O", "O = Z W_O + b_O",
            r"\underset{{{T}\times{D}}}{{O}} = \underset{{{T}\times{D}}}{{Z}}\;\underset{{{D}\times{D}}}{{W^O}} + b^O",
            N_("One more linear map lets what the heads found flow into every number of the vector."), ("context",), 4),
        Box("attention.residual", N_("plus X"), "R", "R = X + O",
            r"\underset{{{T}\times{D}}}{{R}} = X + O",
            N_("The layer's input is added back: attention adds to a token, it does not replace it."), ("attention.output", "X"), 5),
        Box("attention.norm", N_("normalised"), "N", "N = LayerNorm(R)",
            r"\underset{{{T}\times{D}}}{{N}} = \mathrm{{LayerNorm}}(R) = \gamma\odot\frac{{R-\mu}}{{\sqrt{{\sigma^2+\varepsilon}}}}+\beta",
            N_("Mean 0 and variance 1 for every token, then scaled and shifted by learned numbers."), ("attention.residual",), 5),
        Box("intermediate.linear", N_("widened"), "U", "U = N W_1 + b_1",
            r"\underset{{{T}\times{I}}}{{U}} = \underset{{{T}\times{D}}}{{N}}\;\underset{{{D}\times{I}}}{{W_1}} + b_1",
            N_("The feed-forward network works on each token alone; first it makes its vector several times as wide."), ("attention.norm",), 6),
        Box("intermediate", N_("activation"), "G", "G = act(U)",
            r"\underset{{{T}\times{I}}}{{G}} = \mathrm{{{act}}}(U){gelu}",
            N_("The one bend in the layer: most numbers are pressed towards 0, few pass. Without it, two linear maps would be one."), ("intermediate.linear",), 6),
        Box("output", N_("narrowed"), "F", "F = G W_2 + b_2",
            r"\underset{{{T}\times{D}}}{{F}} = \underset{{{T}\times{I}}}{{G}}\;\underset{{{I}\times{D}}}{{W_2}} + b_2",
            N_("Back to the width of a token's vector: what the network adds to what it was given."), ("intermediate",), 6),
        Box("output.residual", N_("plus N"), "R′", "R′ = N + F",
            r"\underset{{{T}\times{D}}}{{R'}} = N + F",
            N_("Again the input is added back."), ("output", "attention.norm"), 7),
        Box("output.norm", N_("output"), "Y", "Y = LayerNorm(R′)",
            r"\underset{{{T}\times{D}}}{{Y}} = \mathrm{{LayerNorm}}(R') = \gamma\odot\frac{{R'-\mu}}{{\sqrt{{\sigma^2+\varepsilon}}}}+\beta",
            N_("What this layer hands to the next one, or, from the last layer, to whoever uses the model."), ("output.residual",), 7),
        Box("pooler", N_("pooler"), "p", "p = tanh(Y_1 W_P + b_P)",
            r"\underset{{{D}}}{{p}} = \tanh(Y_{{\text{{first}}}} W_P + b_P)",
            N_("The first token's vector through one more layer: meant as a summary of the whole input."), ("output.norm",), 8),
        Box("head", N_("classifier, hidden"), "h", "h = act(… W + b)",
            r"h = \mathrm{{act}}(Y_{{\text{{first}}}} W + b)",
            N_("The hidden layer of this family's classifier."), ("output.norm",), 8),
        Box("logits", N_("logits"), "y", "y = … W + b",
            r"\underset{{{C}}}{{y}} = W p + b",
            N_("One number for each label; softmax turns them into probabilities."), ("pooler", "head"), 8),
    )
}  # fmt: skip

OF_HEAD = ("query", "key", "value", "scores", "weights", "context.head")  # boxes that another head changes

COLUMNS = (
    N_("Embeddings"),
    N_("Into the layer"),
    N_("Query, key, value"),
    N_("Who looks at whom"),
    N_("What the heads bring"),
    N_("Add and normalise"),
    N_("Feed-forward"),
    N_("Add and normalise"),
    N_("Above the last layer"),
)


def present(trace: Trace) -> list[str]:
    """The boxes this trace has, in the order they are computed."""
    first, last = trace.layer == 0, trace.layer == trace.layers - 1
    found = []
    for box in BOXES.values():
        if box.column == 8:
            here = last and box.id in trace.stages
        elif box.id == "input":
            here = not first
        elif box.id.startswith("embeddings."):
            here = first and box.id in trace.stages
        else:
            here = box.id == "context.head" or box.id in trace.stages
        if here:
            found.append(box.id)
    return found


def entry(trace: Trace) -> str:
    """The box that holds what the layer reads, X."""
    if trace.layer:
        return "input"
    return "embeddings.projection" if "embeddings.projection" in trace.stages else "embeddings.output"


def inputs(trace: Trace, box: str) -> list[str]:
    """The boxes of this trace that a box is computed from."""
    there = present(trace)
    wanted = [entry(trace) if name == "X" else name for name in BOXES[box].inputs]
    if box == "logits" and "head" in there:
        wanted = ["head"]
    if box == "logits" and not {"head", "pooler"} & set(there):
        wanted = ["output.norm"]
    if box == "head" and "pooler" in there:
        wanted = ["pooler"]
    return [name for name in wanted if name in there]


def values(trace: Trace, box: str, head: int) -> np.ndarray:
    """A box's matrix: float32, rows × columns; a vector is one row."""
    if box == "input":
        return trace.states[trace.layer]
    if box == "context.head":
        whole = trace.stages["context"].values
        size = whole.shape[1] // trace.heads
        return whole[:, head * size : (head + 1) * size]
    found = trace.stages[box].values
    if found.ndim == 3:
        found = found[head]
    return found[None] if found.ndim == 1 else found


def difference(trace: Trace, box: str) -> float | None:
    """The largest |ours − the library's| of a box; None where the library does not show it."""
    if box == "input":
        return trace.differences[trace.layer] if trace.differences else None
    return trace.stages["context" if box == "context.head" else box].difference


def farthest(matrix: np.ndarray, dots: int = DOTS) -> tuple[np.ndarray, int, int]:
    """A matrix reduced to at most dots × dots, and how many rows and columns each dot stands for.

    Each dot is the value of its block that is farthest from zero, sign included.
    """
    tall, wide = (-(-size // dots) for size in matrix.shape)
    if tall == wide == 1:
        return matrix, 1, 1
    rows, columns = -(-matrix.shape[0] // tall), -(-matrix.shape[1] // wide)
    padded = np.zeros((rows * tall, columns * wide), dtype=matrix.dtype)
    padded[: matrix.shape[0], : matrix.shape[1]] = matrix
    blocks = padded.reshape(rows, tall, columns, wide).transpose(0, 2, 1, 3).reshape(rows, columns, tall * wide)
    best = np.abs(blocks).argmax(axis=2)[..., None]
    return np.take_along_axis(blocks, best, axis=2)[..., 0], tall, wide


class _Packer:
    """Buffers one behind another, each at a multiple of four bytes."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, array: np.ndarray) -> int:
        """Put an array's bytes, little endian; returns where they begin."""
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        data += bytes(-len(data) % 4)
        start, self.size = self.size, self.size + len(data)
        self.parts.append(data)
        return start


def _matrix(matrix: np.ndarray, pack: _Packer) -> dict[str, object]:
    """How a matrix travels: type f2 (the values) or i1 (127 √(|value| / top) rounded, with its sign), its rows, columns, blocks.

    An i1 is off by at most top / 127, and by less the smaller it is.
    """
    small, tall, wide = (matrix, 1, 1) if matrix.size <= FULL else farthest(matrix)
    common = {"rows": small.shape[0], "columns": small.shape[1], "tall": tall, "wide": wide}
    if matrix.size <= FULL:
        return {**common, "type": "f2", "at": pack.add(small.astype(np.float16)), "top": 0}
    top = float(np.abs(small).max()) or 1.0
    coded = np.sign(small) * np.round(127 * np.sqrt(np.abs(small) / top))
    return {**common, "type": "i1", "at": pack.add(coded.astype(np.int8)), "top": top}


def _rows(matrix: np.ndarray) -> np.ndarray:
    """Per row: the first numbers, then smallest, largest, mean, standard deviation and length. float32."""
    first = np.zeros((len(matrix), FIRST), dtype=np.float32)
    first[:, : matrix.shape[1]] = matrix[:, :FIRST]
    exact = matrix.astype(np.float64)
    summary = [exact.min(1), exact.max(1), exact.mean(1), exact.std(1), np.sqrt((exact**2).sum(1))]
    return np.concatenate([first, np.stack(summary, axis=1).astype(np.float32)], axis=1)


def _links(matrix: np.ndarray, pack: _Packer) -> dict[str, object]:
    count = min(STRONGEST, matrix.shape[1])
    best, order = torch.from_numpy(matrix).topk(count)  # a sixth of the time of numpy's way
    return {"count": count, "where": pack.add(order.numpy().astype(np.int16)), "values": pack.add(best.numpy())}


def _thumbs(weights: np.ndarray, pack: _Packer) -> dict[str, object]:
    """All heads of the layer in small: uint8 of √weight × 255, the largest weight of each block."""
    small = [farthest(head, THUMB)[0] for head in weights]
    size = small[0].shape
    return {
        "at": pack.add(np.round(np.sqrt(np.clip(np.stack(small), 0, 1)) * 255).astype(np.uint8)),
        "count": len(small),
        "rows": size[0],
        "columns": size[1],
    }


def _cosines(before: np.ndarray, after: np.ndarray) -> list[float]:
    product = (before * after).sum(axis=1)
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return [round(float(value), 4) for value in product / np.maximum(lengths, 1e-12)]


def _content(trace: Trace, name: str, head: int, pack: _Packer) -> dict[str, object]:
    """What a box holds: where its picture, its numbers and, for scores and weights, its strongest links stand."""
    matrix = values(trace, name, head)
    found: dict[str, object] = {"map": _matrix(matrix, pack), "numbers": pack.add(_rows(matrix))}
    if name in ("scores", "weights"):
        found["links"] = _links(matrix, pack)
    return found


def payload(trace: Trace, head: int, chosen: str, token: int, text: Callable[[str], str]) -> bytes:
    """Everything the flow draws: the length of a JSON note (4 bytes), the note, the numbers it points into.

    head: counted from 0. chosen: the box shown below; token: the chosen position. text: translates a literal.
    "ahead" holds the boxes of the heads beside this one, so that the next head is there before it is asked for.
    """
    pack, boxes = _Packer(), []
    for name in present(trace):
        box, matrix = BOXES[name], values(trace, name, head)
        boxes.append({
            "id": name, "title": text(box.title), "sign": box.sign, "formula": box.formula, "says": text(box.says),
            "inputs": inputs(trace, name), "column": box.column, "shape": list(matrix.shape),
            "kind": "weights" if name == "weights" else "mask" if name == "mask" else "values",
            "square": name in ("scores", "weights"), "vector": name in ("mask", "pooler", "head", "logits"),
            **_content(trace, name, head, pack),
        })  # fmt: skip
    beside = [other for other in (head - 1, head + 1) if 0 <= other < trace.heads]
    note = {
        "layer": trace.layer,
        "layers": trace.layers,
        "head": head,
        "heads": trace.heads,
        "chosen": chosen,
        "token": token,
        "first": FIRST,
        "tokens": [
            {"text": name[:LONGEST], "kind": token.kind, "id": token.id}
            for name, token in zip(labels(trace.tokens), trace.tokens.tokens, strict=True)
        ],
        "kept": _cosines(trace.states[trace.layer], trace.states[trace.layer + 1]),
        "thumbs": _thumbs(trace.stages["weights"].values, pack),
        "boxes": boxes,
        "ahead": {other: {name: _content(trace, name, other, pack) for name in OF_HEAD} for other in beside},
        "columns": [text(title) for title in COLUMNS],
        "words": words(text),
    }
    written = json.dumps(note, ensure_ascii=True).encode("ascii")
    written += b" " * (-len(written) % 4)
    return struct.pack("<I", len(written)) + written + b"".join(pack.parts)


def words(text: Callable[[str], str]) -> dict[str, str]:
    """What the flow itself says, {…} filled in by the browser."""
    return {
        "label": text("One layer of the encoder, from tokens on the left to tokens on the right"),
        "layer": text("Layer"),
        "head": text("Head"),
        "layer_n": text("Layer {n}"),
        "head_n": text("Head {n}"),
        "keys": text("← → layer · ↑ ↓ head · Enter on a box opens it below"),
        "tokens_in": text("Tokens in"),
        "tokens_out": text("Tokens out"),
        "kept": text("cosine with the vector that came in"),
        "hint": text("Point at a box, a row or a token: its numbers appear here."),
        "id": text("id {id}"),
        "position": text("position {position}"),
        "shape": text("shape"),
        "first": text("first numbers"),
        "range": text("from {low} to {high}"),
        "mean": text("mean {value}"),
        "deviation": text("standard deviation {value}"),
        "length": text("length {value}"),
        "most": text("largest"),
        "looks": text("looks most at"),
        "full": text("strongest colour at ±{value}"),
        "exact": text("values to 3 digits"),
        "dots": text("each dot: the value farthest from zero of {rows} × {columns}, to ±{value}"),
        "below": text("below zero"),
        "above": text("above zero"),
        "weight": text("weight"),
        "previous_layer": text("Layer before"),
        "next_layer": text("Next layer"),
        "column_n": text("number {n}"),
    }

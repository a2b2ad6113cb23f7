"""One token's numbers through one step, written out: the arithmetic behind a box of the encoder's picture.

Every number comes from a trace. This module does not know how the lines are laid out.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from transformers import PretrainedConfig

from core.attention import labels
from core.encoder import ACTIVATIONS, Trace
from pages.shared.i18n import _
from pages.topics.encoder import encoder_flow
from pages.topics.encoder.encoder_flow import BOXES

TERMS = 3  # summands that are written out
NORMS = {
    "embeddings.output": "embeddings.sum",
    "attention.norm": "attention.residual",
    "output.norm": "output.residual",
}
LINEAR = {
    "embeddings.projection": (r"\tilde x", "E"),
    "query": ("q", "Q"),
    "key": ("k", "K"),
    "value": ("v", "V"),
    "attention.output": ("o", "O"),
    "intermediate.linear": ("u", "1"),
    "output": ("f", "2"),
}


@dataclass(frozen=True)
class Line:
    """One line: what is computed in words (plain text, tokens included), and the LaTeX with the numbers ("" for none)."""

    words: str
    latex: str = ""


def latex(trace: Trace, box: str, head: int, config: PretrainedConfig) -> str:
    """A box's formula with the real shapes in it."""
    width = trace.states.shape[2]
    word = trace.stages["embeddings.word"].values
    parts = ("word", "position", "segment")
    return BOXES[box].latex.format(
        T=len(word), E=word.shape[1], D=width, d=width // trace.heads, H=trace.heads, I=trace.stages["intermediate"].values.shape[1],
        V=f"{config.vocab_size:,}".replace(",", r"\,"), P=config.max_position_embeddings, C=max(len(trace.labels), 1),
        head=head + 1, layer=trace.layer + 1, before=trace.layer, act=r"\text{activation}",
        gelu=r",\qquad " + ACTIVATIONS[trace.activation].formula,
        sum=" + ".join(rf"e^{{\text{{{part}}}}}" for part in parts if f"embeddings.{part}" in trace.stages),
    )  # fmt: skip


def number(value: float) -> str:
    """A number with four decimals, or in powers of ten when that would hide it."""
    if value == 0:
        return "0"
    if not 0.001 <= abs(value) < 100_000:
        mantissa, exponent = f"{value:.{4 if abs(value) > 1 else 2}e}".split("e")
        return rf"{mantissa}\cdot 10^{{{int(exponent)}}}"
    return f"{value:.4f}"


def signed(value: float) -> str:
    """A summand: in brackets when it is negative."""
    return f"({number(value)})" if value < 0 else number(value)


def lines(trace: Trace, box: str, head: int, token: int) -> list[Line]:
    """What is worked out for a box and the token at position `token`."""
    matrix = encoder_flow.values(trace, box, head)
    if box in NORMS:
        return _norm(encoder_flow.values(trace, NORMS[box], head)[token], matrix[token])
    if box in LINEAR:
        return _linear(trace, box, head, matrix[token])
    special: dict[str, Callable[[], list[Line]]] = {
        "embeddings.word": lambda: _row(trace.tokens.tokens[token].id, _("the row of the word table with the number of the token's id"), matrix[token]),
        "embeddings.position": lambda: _row(trace.tokens.tokens[token].position, _("the row of the position table with the number of the token's place"), matrix[token]),
        "embeddings.segment": lambda: _row(trace.tokens.tokens[token].segment, _("the row of the segment table: 0 for the first sentence, 1 for the second"), matrix[token]),
        "embeddings.sum": lambda: _sum(trace, token),
        "scores": lambda: _scores(trace, head, token),
        "weights": lambda: _weights(trace, head, token),
        "context.head": lambda: _context(trace, head, token),
        "context": lambda: _heads(trace, head, token),
        "attention.residual": lambda: _residual(encoder_flow.values(trace, encoder_flow.entry(trace), head)[token], trace.stages["attention.output"].values[token], "x", "o"),
        "output.residual": lambda: _residual(trace.stages["attention.norm"].values[token], trace.stages["output"].values[token], "n", "f"),
        "intermediate": lambda: _activation(trace, token),
        "mask": lambda: _mask(trace),
        "pooler": lambda: [Line(_("The first number of the vector:"), rf"p_1 = \tanh\left(\sum_m y_m W^P_{{m1}} + b^P_1\right) = {number(matrix[0, 0])}")],
        "logits": lambda: _logits(trace),
    }  # fmt: skip
    return special[box]() if box in special else []


def _token(trace: Trace, place: int) -> str:
    return f"{labels(trace.tokens)[place][:40]} ({place})"


def _row(place: int, words: str, row: np.ndarray) -> list[Line]:
    return [Line(words, rf"\text{{row }} {place} = (\,{', '.join(number(v) for v in row[:TERMS])},\ \dots\,)")]


def _sum(trace: Trace, token: int) -> list[Line]:
    parts = [trace.stages[f"embeddings.{name}"] for name in ("word", "position", "segment") if f"embeddings.{name}" in trace.stages]  # fmt: skip
    numbers = [float(part.values[token, 0]) for part in parts]
    total = float(trace.stages["embeddings.sum"].values[token, 0])
    return [Line(_("The first number of the vector:"), f"{' + '.join(signed(v) for v in numbers)} = {number(total)}")]


def _norm(before: np.ndarray, after: np.ndarray) -> list[Line]:
    exact = before.astype(np.float64)
    mean, variance = exact.mean(), exact.var()
    scaled = (exact[0] - mean) / np.sqrt(variance)
    return [
        Line(_("Mean and variance of this token's numbers:"), rf"\mu = {number(mean)},\qquad \sigma^2 = {number(variance)},\qquad \sigma = {number(float(np.sqrt(variance)))}"),
        Line(_("The first number, brought to mean 0 and variance 1:"), rf"\frac{{{number(before[0])} - {signed(mean)}}}{{{number(float(np.sqrt(variance)))}}} = {number(scaled)}"),
        Line(_("… and after the learned scale γ and shift β:"), rf"\gamma_1\cdot {signed(scaled)} + \beta_1 = {number(after[0])}"),
    ]  # fmt: skip


def _linear(trace: Trace, box: str, head: int, row: np.ndarray) -> list[Line]:
    sources = encoder_flow.inputs(trace, box)
    size = encoder_flow.values(trace, sources[0], head).shape[1]
    sign, name = LINEAR[box]
    return [
        Line(
            _("Each of the {count} numbers is a sum of {size} products and a bias, for example the first:").format(count=len(row), size=size),
            rf"{sign}_1 = \sum_{{m=1}}^{{{size}}} {BOXES[sources[0]].sign.lower().replace('′', '')[:1]}_m\,W^{{{name}}}_{{m1}} + b^{{{name}}}_1 = {number(row[0])}",
        )
    ]  # fmt: skip


def _mask(trace: Trace) -> list[Line]:
    open_to = int(trace.stages["mask"].values.sum())
    return [
        Line(_("{count} of {total} tokens may be looked at.").format(count=open_to, total=len(trace.tokens.tokens)))
    ]


def _scores(trace: Trace, head: int, token: int) -> list[Line]:
    query = trace.stages["query"].values[head, token].astype(np.float64)
    row = trace.stages["scores"].values[head, token]
    best = int(row.argmax())
    key = trace.stages["key"].values[head, best].astype(np.float64)
    terms = " + ".join(rf"{signed(a)}\cdot {signed(b)}" for a, b in zip(query[:2], key[:2], strict=True))
    return [
        Line(_("The query of {source} times the key of {target}, the best match:").format(source=_token(trace, token), target=_token(trace, best)), rf"q\cdot k = {terms} + \dots = {number(float(query @ key))}"),
        Line(_("Divided by the square root of the head's size:"), rf"\frac{{{number(float(query @ key))}}}{{\sqrt{{{len(query)}}}}} = \frac{{{number(float(query @ key))}}}{{{number(float(np.sqrt(len(query))))}}} = {number(row[best])}"),
    ]  # fmt: skip


def _weights(trace: Trace, head: int, token: int) -> list[Line]:
    scores = trace.stages["scores"].values[head, token].astype(np.float64)
    scores = np.where(trace.stages["mask"].values > 0, scores, -np.inf)
    row = trace.stages["weights"].values[head, token]
    order = np.argsort(-row, kind="stable")[:TERMS]
    powers = np.exp(scores)
    found = [
        Line(
            _("The denominator of softmax: the sum over all {count} tokens of").format(count=len(row)),
            rf"\begin{{aligned}}\sum_k e^{{S_{{{token}k}}}} &= {' + '.join(rf'e^{{{scores[j]:.4f}}}' for j in order)}{' + ' + chr(92) + 'dots' if len(row) > TERMS else ''} \\ &= {number(float(powers.sum()))}\end{{aligned}}",
        )
    ]  # fmt: skip
    for j in order:
        found.append(
            Line(_("the weight on {token}").format(token=_token(trace, int(j))), rf"A_{{{token},{j}}} = \frac{{e^{{{scores[j]:.4f}}}}}{{{number(float(powers.sum()))}}} = \frac{{{number(float(powers[j]))}}}{{{number(float(powers.sum()))}}} = {number(row[j])}")
        )  # fmt: skip
    return found


def _context(trace: Trace, head: int, token: int) -> list[Line]:
    weights, values = trace.stages["weights"].values[head, token], trace.stages["value"].values[head]
    order = np.argsort(-weights, kind="stable")[:TERMS]
    terms = " + ".join(rf"{number(weights[j])}\cdot {signed(values[j, 0])}" for j in order)
    names = ", ".join(_token(trace, int(j)) for j in order)
    more = r" + \dots" if len(weights) > TERMS else ""
    total = encoder_flow.values(trace, "context.head", head)[token, 0]
    return [
        Line(_("The first number: every token's value times its weight, largest weights first ({names})").format(names=names), f"{terms}{more} = {number(total)}")
    ]  # fmt: skip


def _heads(trace: Trace, head: int, token: int) -> list[Line]:
    row = trace.stages["context"].values[token]
    size = len(row) // trace.heads
    lengths = np.linalg.norm(row.reshape(trace.heads, size), axis=1)
    first, last = head * size + 1, (head + 1) * size
    return [
        Line(_("Head {head} fills the numbers {first} to {last}. Its part of this token has the length {length}; the longest, of head {best}, {longest}.").format(
            head=head + 1, first=first, last=last, length=f"{lengths[head]:.3f}", best=int(lengths.argmax()) + 1, longest=f"{lengths.max():.3f}"
        ))
    ]  # fmt: skip


def _residual(kept: np.ndarray, added: np.ndarray, first: str, second: str) -> list[Line]:
    share = float(np.linalg.norm(added) / np.linalg.norm(kept))
    return [
        Line(_("The first number of the vector:"), rf"{first}_1 + {second}_1 = {number(kept[0])} + {signed(added[0])} = {number(float(kept[0] + added[0]))}"),
        Line(_("How large what is added is, compared with what is kept:"), rf"\frac{{\lVert {second} \rVert}}{{\lVert {first} \rVert}} = \frac{{{number(float(np.linalg.norm(added)))}}}{{{number(float(np.linalg.norm(kept)))}}} = {share:.3f}"),
    ]  # fmt: skip


def _activation(trace: Trace, token: int) -> list[Line]:
    before, after = (trace.stages[name].values[token] for name in ("intermediate.linear", "intermediate"))
    top, low = int(before.argmax()), int(before.argmin())
    act = r"\mathrm{GELU}" if trace.activation.startswith("gelu") else r"\mathrm{act}"
    return [
        Line(_("The largest number of this token:"), rf"{act}(u_{{{top + 1}}}) = {act}({number(before[top])}) = {number(after[top])}"),
        Line(_("The smallest:"), rf"{act}(u_{{{low + 1}}}) = {act}({number(before[low])}) = {number(after[low])}"),
        Line(_("Of this token's {count:,} numbers {passed:,} are above 0.1 afterwards.").format(count=len(after), passed=int((after > 0.1).sum()))),
    ]  # fmt: skip


def _logits(trace: Trace) -> list[Line]:
    logits = trace.stages["logits"].values
    return [
        Line(_("the probability of {label}").format(label=label[:60]), rf"\frac{{e^{{{number(float(logit))}}}}}{{\sum_c e^{{y_c}}}} = {number(probability)}")
        for label, logit, probability in list(zip(trace.labels, logits, trace.probabilities, strict=False))[:4]
    ]  # fmt: skip

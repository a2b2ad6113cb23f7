"""The Pre-training page's topic "Next sentence": does the second follow the first, and how the model comes to its answer."""

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import attention
from core.errors import UserError
from core.figures import pretraining as figures
from core.pretraining import NextSentence
from pages.shared import charts, inputs, layout
from pages.shared.cached import pretraining as cached_pretraining
from pages.shared.i18n import _
from pages.shared.snippets import pretraining as snippets
from pages.topics.pretraining import masking

FIRST = "She opened the fridge and looked for something to eat."
PAIRS: dict[str, tuple[str, str]] = {
    "successor": (FIRST, "There was only some cheese and an old apple."),
    "topic": (FIRST, "Refrigerators use about a tenth of a household's electricity."),
    "random": (FIRST, "The parliament voted on the new tax law in March."),
    "swapped": ("There was only some cheese and an old apple.", FIRST),
}
STRONGEST = 5


def _titles() -> dict[str, str]:
    return {
        "successor": _("True successor"),
        "topic": _("Same topic, no successor"),
        "random": _("Another matter"),
        "swapped": _("Swapped order"),
    }


def _use(pair: tuple[str, str]) -> None:
    inputs.put("text", pair[0])
    inputs.put("pair", pair[1])


def show(model: str, text: str, pair: str, cut: int, above: DeltaGenerator) -> str:
    """The probability that the second text follows, prepared pairs, segments, and the way to the answer; returns the code.

    above: the place of the probability.
    """
    if not pair.strip():
        _prepared(model, cut)
        st.info(_("Write a second sentence above, or choose a prepared pair."), icon=":material/edit:")
        _choose_pair()
        return ""
    found = cached_pretraining.follows(model, text, pair, cut)
    for template, values in found.notes:
        st.info(layout.plain(_(template).format(**values)), icon=":material/info:")
    with above:
        _answer(found)
    _segments(found)
    _choose_pair()
    st.markdown(
        _(
            "BERT's second task: half of its training pairs were two sentences in a row, half had a second sentence from another text, and the vector of "
            "[CLS] had to tell which. RoBERTa (Liu et al. 2019) left the task out and lost nothing, so most later models do without."
        )
    )
    _path(found)
    _prepared(model, cut)
    return snippets.next_sentence(model, text, pair, found.tokens.max_length)


def _choose_pair() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_("Prepared pairs:"), width="content")
        for name, title in _titles().items():
            st.button(title, key=f"nsp_{name}", on_click=_use, args=(PAIRS[name],))


def _answer(found: NextSentence) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.metric(_("P(the second follows the first)"), figures.percent(found.probability), width="content")
        st.progress(found.probability, text=_("does not follow ← → follows"))


def _segments(found: NextSentence) -> None:
    tokens = found.tokens
    names = attention.labels(tokens)
    masking.chips(
        "masking_nsp",
        [
            masking.Chip(
                names[i],
                masking.about(tokens, i, _("segment {segment}").format(segment="AB"[token.segment] if token.segment < 2 else token.segment)),
                small=str(token.segment),
                look=masking.look(tokens.tokens, i) + (" second" if token.segment == 1 and token.source is None else ""),
            )
            for i, token in enumerate(tokens.tokens)
        ],
        label=_("The tokens of both sentences with their segment ids"),
        hint=_("Below each token its segment id: 0 for the first sentence, 1 for the second. A vector for it is added to each token's."),
    )  # fmt: skip


def _path(found: NextSentence) -> None:
    st.header(_("From [CLS] to the answer"), anchor=False)
    size = len(found.cls)
    rows = {
        _("1 · h: the last hidden state of [CLS], {size} numbers").format(size=size): found.cls,
        _("2 · W h + b: the pooler's linear map"): found.dense,
        _("3 · pooled = tanh(W h + b): every number between −1 and 1"): found.pooled,
    }
    with layout.wide("nsp_path"):
        charts.plot(
            figures.vectors(rows, bar=_("share of the row's largest number"), text=_),
            key="nsp_path",
            alt=_("The vector of [CLS], what the linear map makes of it, and the pooled vector, as coloured strips"),
        )
    products = found.weights * found.pooled  # (2, D)
    yes, no = found.logits
    st.markdown(_("4 · Two rows of weights turn the pooled vector into two logits, and softmax into a probability:"))
    st.latex(rf"z_k=\sum_{{j=1}}^{{{size}}} w_{{kj}}\,\mathrm{{pooled}}_j+b_k")
    for name, total, bias, logit in zip(("next", "not"), products.sum(axis=1), found.bias, found.logits, strict=True):
        st.latex(rf"z_{{\text{{{name}}}}}={total:.3f}{bias:+.3f}={logit:.3f}")
    st.latex(
        r"p=\frac{e^{z_{\text{next}}}}{e^{z_{\text{next}}}+e^{z_{\text{not}}}}"
        + rf"=\frac{{1}}{{1+e^{{{no - yes:.3f}}}}}={found.probability:.4f}"
    )
    difference = products[0] - products[1]
    strongest = np.argsort(-np.abs(difference))[:STRONGEST]
    with st.expander(_("The numbers that decide most"), icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(
                {
                    _("Number"): strongest,
                    "h": found.cls[strongest],
                    "W h + b": found.dense[strongest],
                    "tanh": found.pooled[strongest],
                    _("weight for “next”"): found.weights[0, strongest],
                    _("weight for “not next”"): found.weights[1, strongest],
                    _("adds to the difference"): difference[strongest],
                }
            ),
            hide_index=True,
            alt=_("The numbers of the pooled vector that move the answer most"),
        )
        st.caption(_("z(next) − z(not) is the sum of the last column over all {size} numbers, and of the difference of the biases.").format(size=size))  # fmt: skip


def _prepared(model: str, cut: int) -> None:
    st.header(_("The prepared pairs side by side"), anchor=False)
    titles = _titles()
    try:
        chances = [cached_pretraining.follows(model, *PAIRS[name], cut).probability for name in titles]
    except UserError:  # too short a cut for two sentences: the page has said so already
        return
    st.dataframe(
        pd.DataFrame(
            {
                _("Pair"): list(titles.values()),
                _("P(follows)"): [100 * chance for chance in chances],
                _("First"): [PAIRS[name][0] for name in titles],
                _("Second"): [PAIRS[name][1] for name in titles],
            }
        ),
        hide_index=True,
        column_config={
            _("P(follows)"): st.column_config.ProgressColumn(min_value=0, max_value=100, format="%.1f%%", color="primary")
        },
        alt=_("The prepared pairs, and how probable the model finds that the second sentence follows"),
    )  # fmt: skip
    st.caption(
        _(
            "The task can be solved by the topic alone: training never showed two sentences of one text in the wrong order or with a gap. Watch what the model says of those."
        )
    )

"""Tokens: what the model really reads, token by token, while you type."""

import pandas as pd
import streamlit as st

from pages.shared import cached, inputs, layout, snippets
from pages.shared.i18n import _

LONG = (
    "BERT reads at most 512 tokens at once. What comes after that is cut off before the model sees a single word of it, "
    "so the end of a long review, often the verdict itself, may never be read."
)

with layout.page(
    _("Tokens"),
    _(
        "A model does not read words: it reads numbers. See how a sentence is cut into the pieces of the vocabulary, "
        "which number each piece has, and what is added or lost on the way."
    ),
):
    left, right = st.columns([2, 3])
    with left:
        model = inputs.model("tokens")
    with right:
        text = inputs.sentence("tokens", pause="120ms")
    limit = cached.tokenizer(model).model_max_length
    first, second, third = st.columns([3, 1, 1], vertical_alignment="bottom")
    with first:
        pair = inputs.pair("tokens")
    with second:
        max_length = inputs.cut("tokens", limit)
    pad_to = third.number_input(
        _("Pad to (tokens)"),
        0,
        limit,
        0,
        help=_("Fill up with [PAD], as in a batch with longer texts. 0 means no padding."),
    )

    result = cached.tokens(model, text, pair, max_length, int(pad_to))
    layout.chips(result)
    if result.cut or result.cut_pair:
        st.warning(_("Cut at {limit} tokens. The model never sees this:").format(limit=result.max_length))
        layout.cut_text(result.cut + result.cut_pair)

    real = [token for token in result.tokens if token.source is not None]
    columns = st.columns(4)
    columns[0].metric(
        _("Number of tokens"),
        sum(token.attended for token in result.tokens),
        help=_("Special tokens included, padding left out."),
    )
    columns[1].metric(_("Words"), result.words, help=_("Separated by white space; in Chinese this says little."))
    columns[2].metric(
        _("Tokens per word"),
        f"{len(real) / result.words:.2f}",
        help=_(
            "Special tokens left out, counted on what was not cut. 1.00 means that every word is in the vocabulary as a whole."
        ),
    )
    columns[3].metric(
        _("Unknown"),
        result.unknown,
        help=_("Pieces the vocabulary cannot spell at all: the model reads [UNK] in their place."),
    )

    layout.experiments(
        "tokens",
        (
            layout.Experiment(
                _("The tutorial's sentence"),
                _(
                    "The tutorial prints `I [SEP] love [SEP] eating [SEP] pizza [SEP]` with made-up ids. The truth: one "
                    "`[CLS]` in front, one `[SEP]` at the end, and with this vocabulary the ids 101 1045 2293 5983 10733 102."
                ),
                {"text": "I love eating pizza", "pair": "", "model": "minilm"},
            ),
            layout.Experiment(
                _("A word the vocabulary lacks"),
                _(
                    "Rare words are spelled from pieces; `##` marks a piece that continues a word. Change a letter and watch the pieces change."
                ),
                {"text": "Untokenizable words are spelled, not unknown", "pair": ""},
            ),
            layout.Experiment(
                _("Chinese in an English vocabulary"),
                _(
                    "Common characters have an entry of their own, others become `[UNK]`: the model cannot tell those apart. bert-base-chinese knows them."
                ),
                {"text": "我爱吃披萨，也爱喝咖啡。", "pair": ""},
            ),
            layout.Experiment(
                _("A question and its answer"),
                _(
                    "A pair has one `[CLS]` and two `[SEP]`. The segment, A or B, tells the model which text a token belongs to."
                ),
                {"text": "Who wrote the play?", "pair": "It was written by an unknown author in 1604."},
            ),
            layout.Experiment(
                _("Too long"),
                _(
                    "Cut at 16 tokens: the verdict is lost, and no error is raised. That is why the cut text is shown here."
                ),
                {"text": LONG, "pair": "", "cut": "16"},
            ),
        ),
    )

    st.subheader(_("Token by token"), anchor=False)
    st.dataframe(
        pd.DataFrame(
            {
                _("Token"): result.texts,
                _("Id"): result.ids,
                _("What it is"): [layout.kind_name(token.kind) for token in result.tokens],
                _("Characters"): ["" if t.start is None else f"{t.start}–{t.end}" for t in result.tokens],
                _("In the text"): [
                    (text, pair)[t.source][t.start : t.end] if t.source is not None else "" for t in result.tokens
                ],
                _("Position id"): [token.position for token in result.tokens],
                _("Segment id"): [token.segment for token in result.tokens],
                _("Attention mask"): [int(token.attended) for token in result.tokens],
            }
        ),
        hide_index=True,
        alt=_("Every token with its id, kind, place in the text, position, segment and attention mask"),
    )
    st.caption(
        _(
            "Id: the row of the word embedding table. Position id: which position embedding is added. Segment id: which of the "
            "two segment embeddings is added. Attention mask: 1 where the model may look, 0 for padding."
        )
    )
    layout.show_code(snippets.tokens(model, text, pair, result.max_length))

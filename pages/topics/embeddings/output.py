"""The model's output: hidden states as pictures and numbers, and ways to make one vector of many."""

from typing import cast

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import attention, embeddings
from core.figures import embeddings as pictures
from core.scripts import is_chinese
from pages.shared import charts, inputs, layout
from pages.shared.cached import embeddings as cached_embeddings
from pages.shared.i18n import _
from pages.shared.snippets import embeddings as snippets
from pages.shared.words import shortened
from pages.topics.embeddings.names import pooling_names, state_title

MOST_COMPARED = 8
LONGEST = 200  # characters of the sentence in view that are repeated
SHOWN_TOKENS = 128  # rows of the table of numbers
COMPARED = {
    "en": "The story is weak, yet the actors are superb.\nThe acting is terrible.\nShe planted tomatoes in the garden.",
    "zh": "故事平平淡淡，不过演员演得很出色。\n演员的表演糟透了。\n她在院子里种了西红柿。",
}  # the language of the sentence in view → what it is compared with


def show(model: str, text: str, options: DeltaGenerator) -> None:
    """last_hidden_state and pooler_output as pictures and numbers, and ways to make one vector of many.

    options: the place of what is seldom chosen.
    """
    with options:
        pair, cut = inputs.pair_and_cut("embeddings", model)
    found = cached_embeddings.output(model, text, pair, cut)
    layers, (count, size) = len(found.states) - 1, found.states.shape[1:]
    state = inputs.state("embeddings", layers)
    values = found.states[state]
    charts.plot(
        pictures.state_heatmap(
            values, found.tokens, limit=pictures.colour_limit(values), title=state_title(state, layers), text=_
        ),
        key="embeddings_state",
        alt=_("A heat map of one hidden state, tokens as rows; the numbers are in the table below"),
    )
    st.caption(
        _(
            "Shape: 1 text × {tokens} tokens × {size} numbers. Colours end at ±{limit:.2f}, where 99% of the values lie inside; pointing "
            "shows the true value. A column that is the same colour all the way down is a dimension that hardly depends on the token."
        ).format(tokens=count, size=size, limit=pictures.colour_limit(values))
    )
    layout.what_was_cut(found.tokens)
    columns = st.columns(3)
    columns[0].metric("last_hidden_state", f"1 × {count} × {size}", help=_("texts × tokens × hidden size"))
    columns[1].metric(
        "hidden_states", f"{layers + 1} × (1 × {count} × {size})", help=_("the embeddings and every layer")
    )
    columns[2].metric(
        "pooler_output",
        f"1 × {size}" if found.pooler is not None else _("no pooler"),
        help=_("[CLS] of the last layer through one more linear map and tanh: what a classifier reads"),
    )
    if found.pooler is None:
        st.info(
            _(
                "This model has no trained pooler. DistilBERT and ELECTRA never have one; where the weights of another family hold none, the "
                "library makes one up at random, so its output means nothing and is not shown."
            ),
            icon=":material/info:",
        )
    if st.toggle(_("The numbers as a table")):
        names = attention.labels(found.tokens)[:SHOWN_TOKENS]
        st.dataframe(
            pd.DataFrame(
                values[:SHOWN_TOKENS],
                index=pd.Index([f"{name} ({i})" for i, name in enumerate(names)], name=_("Token")),
                columns=[str(i) for i in range(size)],
            ),
            column_config={str(i): st.column_config.NumberColumn(format="%.4f") for i in range(size)},
            alt=_("Every number of the hidden state, a row for each token"),
        )
        if count > SHOWN_TOKENS:
            st.caption(_("The first {count} tokens are shown.").format(count=SHOWN_TOKENS))
    one_vector(found)
    sentences(model, text, cut)
    layout.show_code(snippets.embeddings_output(model, text, pair, found.tokens.max_length, found.pooler is not None))


def pooled_rows(found: embeddings.Output) -> dict[str, np.ndarray]:
    """Title → vector of the text, one row a way of pooling the last state; the pooler's output where there is one."""
    rows = {name: found.pooled[cast(embeddings.Pooling, way)] for way, name in pooling_names().items()}
    return rows | ({"pooler_output": found.pooler} if found.pooler is not None else {})


def one_vector(found: embeddings.Output) -> None:
    """[CLS], mean, maximum and pooler of one text: pictures, lengths, cosines."""
    st.header(_("One vector for the whole text"), anchor=False)
    st.markdown(
        _(
            "A search or a classifier needs one vector, not one for each token. **[CLS]** takes the first token's; **mean** and **maximum** are "
            "taken over all tokens, dimension by dimension, special tokens included and padding left out; **pooler_output** is tanh(W·[CLS] + b). "
            "All are made from the last layer here."
        )
    )
    rows = pooled_rows(found)
    charts.plot(
        pictures.vector_strips(rows, text=_),
        key="embeddings_strips",
        alt=_("The pooled vectors as strips of colour; their lengths and cosines are in the table below"),
    )
    st.caption(_("In brackets: where the colours of a strip end; 99% of its numbers lie inside."))
    together = embeddings.cosines(np.stack(list(rows.values())))
    table: dict[str, list[object]] = {
        _("Vector"): list(rows),
        _("Length (norm)"): [float(np.linalg.norm(vector)) for vector in rows.values()],
        _("Smallest"): [float(vector.min()) for vector in rows.values()],
        _("Largest"): [float(vector.max()) for vector in rows.values()],
    }
    for i, name in enumerate(rows):
        table[_("cosine with {name}").format(name=name)] = together[:, i].tolist()
    frame = pd.DataFrame(table)
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            column: st.column_config.NumberColumn(format="%.3f") for column in frame.columns if column != _("Vector")
        },
        alt=_("Length, range and cosines of the pooled vectors"),
    )


def sentences(model: str, text: str, cut: int) -> None:
    """How near the sentence in view and a few others are, by each way of pooling."""
    st.header(_("Which sentences are near, by each way of pooling"), anchor=False)
    st.markdown(_("**1** is your sentence: {text}").format(text=layout.plain(shortened(text, LONGEST))))
    written = inputs.lines(
        "compared", "embeddings", label=_("Compared with (one sentence a line, numbered from 2)"),
        example=COMPARED["zh" if any(map(is_chinese, text)) else "en"], height=130,
        help_text=_("One to {most} sentences.").format(most=MOST_COMPARED),
    )  # fmt: skip
    others = [line.strip() for line in written.splitlines() if line.strip()]
    if not 1 <= len(others) <= MOST_COMPARED:
        st.info(
            _("Give 1 to {most} sentences, one a line; there are {count}.").format(
                most=MOST_COMPARED, count=len(others)
            )
        )
        return
    rows = [text, *others]
    found = [pooled_rows(cached_embeddings.output(model, row, "", cut)) for row in rows]
    matrices = {name: embeddings.cosines(np.stack([one[name] for one in found])) for name in found[0]}
    lowest = min(0.0, *(float(matrix.min()) for matrix in matrices.values()))
    places = [place for _row in range(-(-len(matrices) // 2)) for place in st.columns(2)]
    for place, (name, matrix) in zip(places, matrices.items(), strict=False):
        rest = matrix[np.triu_indices(len(rows), k=1)]
        with place:
            charts.plot(
                pictures.similarities(
                    matrix,
                    [str(i + 1) for i in range(len(rows))],
                    hover=rows,
                    beside=True,
                    lowest=lowest,
                    title=name,
                    text=_,
                ),
                key=f"embeddings_near_{name}",
                alt=_("Cosines of the sentences with each other under one way of pooling"),
            )
            st.caption(
                _("different sentences: {low:.2f} to {high:.2f}").format(low=float(rest.min()), high=float(rest.max()))
            )
    st.caption(
        _(
            "The numbers at the bottom are those of the sentences at the left; colours are the same in all pictures. What matters is the order and the spread, not the "
            "height: a way of pooling under which everything is near 1 tells sentences apart badly."
        )
    )

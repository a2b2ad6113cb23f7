"""One word's vectors in several sentences, layer by layer."""

import numpy as np
import pandas as pd
import streamlit as st

from core import embeddings, models, runs
from core.errors import UserError
from core.figures import embeddings as pictures
from pages.shared import charts, inputs, layout
from pages.shared.cached import embeddings as cached_embeddings
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _
from pages.shared.snippets import embeddings as snippets
from pages.topics.embeddings.names import state_title

OWN_WORD = "play"
OWN_USES = (
    "The children play in the park. | game\nThey play football every Sunday. | game\nWe saw a play at the theatre. | theatre\n"
    "The play has three acts. | theatre"
)


def show(model: str) -> None:
    """One word's vectors in several sentences: how like each other they are, layer by layer."""
    sets = {
        **{row.id: f"{row.word} · {'English' if row.language == 'en' else '中文'}" for row in embeddings.WORD_SETS.values()},
        "own": _("my own word"),
    }  # fmt: skip
    chosen = inputs.segment("uses", "embeddings", sets, _("Word"))
    if chosen == "own":
        word, rows = own_word()
    else:
        row = embeddings.WORD_SETS[chosen]
        word, rows = row.word, tuple((sentence, _(sense)) for sentence, sense in row.uses)
    uses = cached_embeddings.word_uses(model, word, rows, 0)
    parted = embeddings.parting(uses.similarities, [use.sense for use in uses.uses])
    honest_about_language(model, chosen, uses)
    layers = len(uses.similarities) - 1
    charts.plot(
        pictures.senses(uses, parted, text=_),
        key="embeddings_senses",
        alt=_("The cosine of each pair of uses of the word, layer by layer; the numbers are in the tables below"),
    )
    if parted is not None:
        within, between = parted.within[parted.state], parted.between[parted.state]
        at = _("at the embeddings") if parted.state == 0 else _("after layer {layer}").format(layer=parted.state)
        st.markdown(
            _(
                "The meanings of **{word}** are furthest apart **{where}**: mean cosine {within:.2f} between uses of one sense, {between:.2f} between "
                "uses of different senses, a gap of **{gap:.2f}**. Before the first layer the gap is {start:.2f}: there the vector knows the word and "
                "its position, not its neighbours."
            ).format(
                word=layout.plain(word),
                where=at,
                within=within,
                between=between,
                gap=within - between,
                start=round(parted.gap[0], 2) + 0.0,  # never −0.00
            )
        )
    else:
        st.info(
            _(
                "To see meanings part, name the sense of each sentence after a tab or “ | ”: two senses at least, one of them twice."
            ),
            icon=":material/info:",
        )
    st.caption(
        _(
            "“Furthest apart” is the layer with the largest difference of the two means, the first of equals. Heights of different layers and models "
            "do not compare: in many layers all vectors point roughly the same way."
        )
    )
    left, right = st.columns([2, 3], gap="large")
    with left:
        state = inputs.state("embeddings", layers)
        order = sorted(range(len(uses.uses)), key=lambda i: uses.uses[i].sense)
        matrix = uses.similarities[state][np.ix_(order, order)]
        names = [f"{i + 1} {uses.uses[i].sense}".strip() for i in order]
        charts.plot(
            pictures.similarities(
                matrix, names, hover=[uses.uses[i].sentence for i in order], lowest=min(0.0, float(matrix.min())),
                title=state_title(state, layers), text=_,
            ),
            key="embeddings_word_matrix",
            alt=_("Cosines of the uses of the word with each other in one layer"),
        )  # fmt: skip
    with right:
        st.markdown("**" + _("Where the word stands") + "**")
        nearest = np.argmax(uses.similarities[state] - 2 * np.eye(len(order)), axis=1)
        st.dataframe(
            pd.DataFrame(
                {
                    _("No."): [i + 1 for i in order],
                    _("Sense"): [uses.uses[i].sense for i in order],
                    _("Sentence"): [_marked(uses, i) for i in order],
                    _("Tokens"): [" ".join(uses.uses[i].pieces) for i in order],
                    _("Most like"): [
                        f"{nearest[i] + 1} {uses.uses[nearest[i]].sense} ({uses.similarities[state, i, nearest[i]]:.2f})" for i in order
                    ],
                }
            ),
            hide_index=True,
            alt=_("Each sentence with the tokens of the word and the sentence in which the word is most like it"),
        )  # fmt: skip
        st.caption(
            _(
                "The word is found by its characters, wherever it stands; where it has several tokens, their mean is taken. “Most like” is at "
                "the layer chosen on the left."
            )
        )
    layout.show_code(snippets.embeddings_word(model, [(use.sentence, use.start, use.end) for use in uses.uses]))


def _marked(uses: embeddings.WordUses, number: int) -> str:
    """A sentence; which word is meant, where it has the word more than once."""
    use = uses.uses[number]
    if sum(other.sentence == use.sentence for other in uses.uses) == 1:
        return use.sentence
    return f"{use.sentence[: use.start]}›{use.sentence[use.start : use.end]}‹{use.sentence[use.end :]}"


def own_word() -> tuple[str, tuple[tuple[str, str], ...]]:
    left, right = st.columns([1, 3])
    with left:
        word = inputs.lines("own_word", "embeddings", label=_("Word"), example=OWN_WORD, height=68)
    with right:
        written = inputs.lines(
            "own_uses", "embeddings", label=_("Sentences with this word, one a line"), example=OWN_USES, height=150,
            help_text=_("Name the sense after a tab or “ | ”, and both where the word stands twice: “ | money / river”. Two to {most} places.").format(most=embeddings.MOST_USES),
        )  # fmt: skip
    return word.strip(), embeddings.read_lines(written)


def honest_about_language(model: str, chosen: str, uses: embeddings.WordUses) -> None:
    """Say so where the vocabulary cannot spell the word, or an English model is shown Chinese."""
    unknown = sum(use.unknown for use in uses.uses)
    base = encoder_behind(model)
    english = base in models.MODELS and models.MODELS[base].languages == "en"
    chinese = chosen in embeddings.WORD_SETS and embeddings.WORD_SETS[chosen].language == "zh"
    if not unknown and not (english and chinese):
        return
    everything = [
        token for use in uses.uses for token in cached_tokens.tokens(model, use.sentence).tokens if token.source == 0
    ]
    share = sum(token.kind == "unknown" for token in everything) / max(1, len(everything))
    st.warning(
        _(
            "This model cannot show it: its vocabulary lacks the word in {unknown} of {total} sentences and {share:.0%} of all their pieces, and reads "
            "[UNK] instead. What you see below is about places of [UNK], not about meanings. Choose a model that reads this language, such as "
            "multilingual-e5-small, or an English word."
        ).format(unknown=unknown, total=len(uses.uses), share=share)
        if unknown
        else _(
            "This model was trained on English. It knows these characters, but hardly what they mean: choose multilingual-e5-small, or an English word."
        )
    )
    if models.availability(models.MULTILINGUAL) == "here":
        st.button(
            _("Use {model}").format(model=models.MULTILINGUAL), key="word_switch", type="primary", on_click=inputs.put,
            args=("model", models.MULTILINGUAL),
        )  # fmt: skip
    st.button(_("Show an English word"), on_click=inputs.put, args=("uses", "bank"), icon=":material/translate:")


def encoder_behind(name: str) -> str:
    """The model a run started from, through runs of runs; the model itself when it is none.

    Where a run on the way was deleted, its name is all that is known.
    """
    seen = set()
    while (run := models.RUN_NAME.fullmatch(name)) and name not in seen:
        seen.add(name)
        try:
            name = runs.get(run[1]).config.model
        except UserError:
            return name
    return name

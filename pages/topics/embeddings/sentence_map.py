"""A map of sentences, one model or before and after fine-tuning, and what is near what."""

from typing import Literal, cast

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import embeddings, models, runs
from core.bundled import READY
from core.figures import embeddings as pictures
from pages.shared import charts, inputs, layout, progress
from pages.shared.cached import embeddings as cached_embeddings
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.snippets import embeddings as snippets
from pages.topics.embeddings.collection import chosen_source, chosen_texts, sentences_file, told, vectors
from pages.topics.embeddings.names import pooling_names
from pages.topics.embeddings.separation import separation

NEIGHBOURS = 8


def show(model: str, text: str, options: DeltaGenerator) -> None:
    """Sentences as points, one model or before and after fine-tuning. options: the place of what is seldom chosen."""
    first, second, third = st.columns([2, 2, 3])
    with second:
        compare = inputs.choice("compare", "embeddings", shown_models(), _("Show"))
    pair_of_models = compared_models(model, compare)
    names = tuple(pair_of_models)
    model = names[-1]
    with first:
        source = chosen_source(model)
    sample = chosen_texts(source, model, options)
    kinds = {"pca-2": "PCA 2-D", "pca-3": "PCA 3-D", "tsne-2": "t-SNE 2-D", "tsne-3": "t-SNE 3-D"}
    with options:
        pooling = cast(embeddings.Pooling, inputs.segment("pooling", "embeddings", pooling_names(), _("Pooling")))
        kind = inputs.segment("map", "embeddings", kinds, _("Projection"))
        cut = inputs.cut("embeddings", cached_models.tokenizer(model).model_max_length)
    with third:
        state = inputs.state("embeddings", cached_models.encoder(model).config.num_hidden_layers)
    method = cast(embeddings.Method, kind.partition("-")[0])
    dimensions: Literal[2, 3] = 3 if kind.endswith("3") else 2
    count = len(sample.texts)
    perplexity = 30.0
    if method == "tsne":
        perplexity = options.number_input(
            _("Perplexity"), 1.0, 100.0, float(min(30, max(1, (count - 1) // 3))), step=1.0,
            help=_("Roughly how many neighbours each point keeps in mind. It must be smaller than the number of sentences."),
        )  # fmt: skip
    pooled = [vectors(name, title, sample.texts, cut) for name, title in pair_of_models.items()]
    if any(one is None for one in pooled):
        return
    projection = progress.spin(
        _("Drawing the map …"),
        lambda: cached_embeddings.projection(
            names, sample.texts, cut, state, pooling, method, dimensions, perplexity, text.strip()
        ),
    )
    near = nearest(model, text, sample, cut, state, pooling)
    selected = maps(pair_of_models, projection, sample, near, text.strip())
    st.caption(
        sentences(
            told(sample),
            _("{count:,} of them were longer than {limit} tokens and are cut.").format(
                count=int(pooled[0].cut.sum()), limit=cut
            )
            if pooled[0] is not None and pooled[0].cut.any()
            else "",
        )
    )
    explain_map(projection, method, perplexity, len(names) == 2)
    read(sample, selected, near, text)
    separation(pair_of_models, sample, cut, state, pooling)
    sentences_file(sample)
    layout.show_code(
        snippets.embeddings_map(names, cut, state, pooling, method, dimensions, perplexity),
        _(
            "Plain transformers, torch and scikit-learn with the values chosen above. It reads the file that the button above downloads. PCA gives the "
            "same points; t-SNE turns differences in the last digit into another, equally good map."
        ),
    )


def shown_models() -> dict[str, str]:
    """What can be shown of the model."""
    return {"one": _("this model"), "both": _("before and after fine-tuning")}


def compared_models(model: str, wanted: str) -> dict[str, str]:
    """Model name → title of what is shown: the model alone, or the encoder that a trained model began with and that model."""
    if wanted == "one":
        return {model: _("this model")}
    if not models.RUN_NAME.fullmatch(model) and model not in READY:
        model, title = next(iter(inputs.answering("").items()))
        template = _("The model above was not fine-tuned here, so one that comes with the studio is shown: {title}.")
        if model not in READY:
            template = _("The model above was not fine-tuned here, so your newest run is shown: {title}.")
        st.caption(template.format(title=layout.plain(title)))
    if model in READY:
        return {READY[model].base: _("before fine-tuning"), model: _("after fine-tuning")}
    before = runs.get(model.removeprefix("run:")).config.model
    if before == models.SCRATCH:
        st.info(_("This run began from scratch: there is no model to set before it."), icon=":material/info:")
        return {model: _("this model")}
    if models.availability(before) == "unreachable":
        st.info(_("The model this run began with, {name}, cannot be had now.").format(name=layout.plain(before)))
        return {model: _("this model")}
    return {before: _("before fine-tuning"), model: _("after fine-tuning")}


def nearest(
    model: str, text: str, sample: embeddings.Sample, cut: int, state: int, pooling: embeddings.Pooling
) -> tuple[embeddings.Neighbour, ...]:
    """The sentences nearest to the one typed above, in the model that is chosen above."""
    if not text.strip():
        return ()
    query = cached_embeddings.few_vectors(model, text, cut)[pooling][state]
    collection = cached_embeddings.sentence_vectors(model, sample.texts, cut).vectors[pooling][state]
    return embeddings.neighbours(collection, query, min(NEIGHBOURS, len(sample.texts)))


def maps(
    shown: dict[str, str],
    projection: embeddings.Projection,
    sample: embeddings.Sample,
    near: tuple[embeddings.Neighbour, ...],
    own: str,
) -> list[int]:
    """The pictures, with the visitor's own sentence as a star; returns the sentences selected in any of them."""
    mark = bool(near) and st.toggle(_("Ring the neighbours of the sentence above"), value=True)
    flat = projection.points[0].shape[1] == 2
    places = st.columns(len(shown))
    selected: list[int] = []
    for which, (place, title) in enumerate(zip(places, shown.values(), strict=True)):
        if len(shown) > 1:
            place.markdown(f"**{title}**")
        figure = pictures.sentence_map(
            projection, which, sample.texts, sample.labels,
            marked=[n.index for n in near] if mark and which == len(shown) - 1 else (), own=own, height=600 if len(shown) == 1 else 500, text=_,
        )  # fmt: skip
        alt = _("A map of the sentences, a point for each, coloured by label; the sentences are in the table below")
        if flat:
            with place:
                event = charts.plot(
                    figure,
                    f"embeddings_map_{which}",
                    alt,
                    on_select="rerun",
                    tools=("zoom2d", "lasso2d", "resetScale2d"),
                )
            selected += [int(point["customdata"][0]) for point in event.selection.points if "customdata" in point]
        else:
            with place:
                charts.plot(figure, f"embeddings_map3_{which}", alt)
    return [i for i in dict.fromkeys(selected) if i < len(sample.texts)]


def explain_map(
    projection: embeddings.Projection, method: embeddings.Method, perplexity: float, together: bool
) -> None:
    parts = [_("Vectors are scaled to length 1 first, so that distance agrees with the cosine.")]
    if method == "pca":
        parts.append(
            _("The axes keep {share:.1%} of the variance; the rest cannot be seen here.").format(
                share=sum(projection.explained)
            )
        )
    else:
        parts.append(
            _(
                "t-SNE (perplexity {perplexity:g}, seed {seed}) keeps neighbours together; sizes of clusters and distances between them mean nothing."
            ).format(perplexity=perplexity, seed=embeddings.SEED)
        )
    if projection.beside:
        parts.append(
            _("★ is your sentence; the axes were found without it.")
            if method == "pca"
            else _("★ is your sentence, placed together with the others.")
        )
    if together:
        parts.append(
            _(
                "Both maps have the same axes and ranges: each cloud is moved to its own mean, then one projection is fitted on both together."
            )
        )
    st.caption(sentences(*parts))


def read(sample: embeddings.Sample, selected: list[int], near: tuple[embeddings.Neighbour, ...], text: str) -> None:
    """The selected sentences (all when none is), and the neighbours of the sentence above."""
    left, right = st.columns(2, gap="large")
    with left:
        shown = selected or list(range(len(sample.texts)))
        count = len(shown)
        heading = (
            ngettext("{count:,} selected sentence", "{count:,} selected sentences", count)
            if selected
            else ngettext("{count:,} sentence", "All {count:,} sentences", count)
        )
        st.markdown("**" + heading.format(count=count) + "**")
        st.dataframe(
            pd.DataFrame(
                {
                    _("Label"): [sample.labels[i] for i in shown],
                    _("Sentence"): [sample.texts[i] for i in shown],
                }
            ),
            hide_index=True,
            height=320,
            alt=_("The sentences on the map with their labels"),
        )
        st.caption(
            _(
                "In a 2-D map, click a point, or draw a lasso or a box round some, to read only those; a double click on the map ends it."
            )
        )
    with right:
        st.markdown("**" + _("Nearest to the sentence above") + "**")
        if not near:
            st.caption(_("Type a sentence above."))
            return
        st.dataframe(
            pd.DataFrame(
                {
                    _("Cosine"): [n.similarity for n in near],
                    _("Label"): [sample.labels[n.index] for n in near],
                    _("Sentence"): [sample.texts[n.index] for n in near],
                }
            ),
            hide_index=True,
            height=320,
            column_config={_("Cosine"): st.column_config.NumberColumn(format="%.3f")},
            alt=_("The sentences nearest to the one typed above, with their cosines"),
        )
        st.caption(_("Measured in all dimensions, not on the map: a near sentence can look far away there."))

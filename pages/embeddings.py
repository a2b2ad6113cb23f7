"""Embeddings: the vectors a model makes of tokens, words and sentences, and what is near what."""

from typing import Literal, cast

import numpy as np
import pandas as pd
import streamlit as st

from core import attention, data, embeddings, models, runs
from core.errors import UserError
from core.figures import embeddings as pictures
from core.predict import wilson
from pages.shared import cached, i18n, inputs, layout
from pages.shared.i18n import _
from pages.shared.snippets import embeddings as snippets

MOST_COMPARED = 8
NEIGHBOURS = 8
SHOWN_TOKENS = 128  # rows of the table of numbers
COMPARED = (
    "The plot is thin, but the acting is wonderful.\nThe story is weak, yet the actors are superb.\nThe acting is terrible.\n"
    "She planted tomatoes in the garden."
)
OWN_WORD = "play"
OWN_USES = (
    "The children play in the park. | game\nThey play football every Sunday. | game\nWe saw a play at the theatre. | theatre\n"
    "The play has three acts. | theatre"
)
OWN_TEXTS = (
    "The soup was delicious. | food\nI would love another slice of pizza. | food\nThe coffee tastes bitter. | food\n"
    "This bread is fresh and warm. | food\nThe train was late again. | travel\nWe flew over the mountains. | travel\n"
    "The bus stops in front of the hotel. | travel\nTheir ship left the harbour at night. | travel\n"
    "The team won the match. | sport\nShe ran the race in record time. | sport\nThe goalkeeper missed the ball. | sport\n"
    "He trains every day for the marathon. | sport"
)


def pooling_names() -> dict[str, str]:
    return {"mean": _("mean"), "cls": "[CLS]", "max": _("maximum")}


def encoder_behind(name: str) -> str:
    """The model a run started from, through runs of runs; the model itself when it is none."""
    seen = set()
    while (run := models.RUN_NAME.fullmatch(name)) and name not in seen:
        seen.add(name)
        name = runs.get(run[1]).config.model
    return name


def state_title(state: int, layers: int) -> str:
    if state == 0:
        return _("The embeddings, before the first layer")
    if state == layers:
        return _("last_hidden_state: the output of layer {layer}, the last").format(layer=state)
    return _("The output of layer {layer}").format(layer=state)


# --- The model's output ------------------------------------------------------------------------------------------------


def show_output(model: str, text: str) -> None:
    """last_hidden_state and pooler_output as pictures and numbers, and ways to make one vector of many."""
    first, second, third = st.columns([3, 1, 2], vertical_alignment="bottom")
    with first:
        pair = inputs.pair("embeddings")
    with second:
        cut = inputs.cut("embeddings", cached.tokenizer(model).model_max_length)
    found = cached.output(model, text, pair, cut)
    layers, (count, size) = len(found.states) - 1, found.states.shape[1:]
    with third:
        state = inputs.state("embeddings", layers)
    values = found.states[state]
    st.plotly_chart(
        pictures.state_heatmap(
            values, found.tokens, limit=pictures.colour_limit(values), title=state_title(state, layers), text=_
        ),
        key="embeddings_state",
        alt=_("A heat map of one hidden state, tokens as rows; the numbers are in the table below"),
    )
    st.caption(
        _(
            "Shape: 1 text × {tokens} tokens × {size} numbers. Colours end at ±{limit:.2f}, where 99 % of the values lie inside; pointing "
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
    sentences(model, cut)
    layout.show_code(snippets.embeddings_output(model, text, pair, found.tokens.max_length, found.pooler is not None))


def pooled_rows(found: embeddings.Output) -> dict[str, np.ndarray]:
    """Title → vector of the text, one row a way of pooling the last state; the pooler's output where there is one."""
    rows = {name: found.pooled[cast(embeddings.Pooling, way)] for way, name in pooling_names().items()}
    return rows | ({"pooler_output": found.pooler} if found.pooler is not None else {})


def one_vector(found: embeddings.Output) -> None:
    """[CLS], mean, maximum and pooler of one text: pictures, lengths, cosines."""
    st.subheader(_("One vector for the whole text"), anchor=False)
    st.markdown(
        _(
            "A search or a classifier needs one vector, not one for each token. **[CLS]** takes the first token's; **mean** and **maximum** are "
            "taken over all tokens, dimension by dimension, special tokens included and padding left out; **pooler_output** is tanh(W·[CLS] + b). "
            "All are made from the last layer here."
        )
    )
    rows = pooled_rows(found)
    st.plotly_chart(
        pictures.vector_strips(rows, text=_),
        key="embeddings_strips",
        alt=_("The pooled vectors as strips of colour; their lengths and cosines are in the table below"),
    )
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


def sentences(model: str, cut: int) -> None:
    """How near a few sentences are, by each way of pooling."""
    st.subheader(_("Which sentences are near, by each way of pooling"), anchor=False)
    written = inputs.lines(
        "compared", "embeddings", label=_("Sentences, one a line"), example=COMPARED, height=130,
        help_text=_("Two to {most} sentences.").format(most=MOST_COMPARED),
    )  # fmt: skip
    rows = [line.strip() for line in written.splitlines() if line.strip()]
    if not 2 <= len(rows) <= MOST_COMPARED:
        st.info(
            _("Give 2 to {most} sentences, one a line; there are {count}.").format(most=MOST_COMPARED, count=len(rows))
        )
        return
    found = [pooled_rows(cached.output(model, row, "", cut)) for row in rows]
    matrices = {name: embeddings.cosines(np.stack([one[name] for one in found])) for name in found[0]}
    lowest = min(0.0, *(float(matrix.min()) for matrix in matrices.values()))
    places = [place for _row in range(-(-len(matrices) // 2)) for place in st.columns(2)]
    for place, (name, matrix) in zip(places, matrices.items(), strict=False):
        rest = matrix[np.triu_indices(len(rows), k=1)]
        place.plotly_chart(
            pictures.similarities(
                matrix, [str(i + 1) for i in range(len(rows))], hover=rows, lowest=lowest, title=name, text=_
            ),
            key=f"embeddings_near_{name}",
            alt=_("Cosines of the sentences with each other under one way of pooling"),
        )
        place.caption(
            _("different sentences: {low:.2f} to {high:.2f}").format(low=float(rest.min()), high=float(rest.max()))
        )
    st.caption(
        _(
            "The numbers are the lines above; colours are the same in all pictures. What matters is the order and the spread, not the "
            "height: a way of pooling under which everything is near 1 tells sentences apart badly."
        )
    )


# --- One word in several sentences -------------------------------------------------------------------------------------


def show_word(model: str) -> None:
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
    uses = cached.word_uses(model, word, rows, 0)
    parted = embeddings.parting(uses.similarities, [use.sense for use in uses.uses])
    honest_about_language(model, chosen, uses)
    layers = len(uses.similarities) - 1
    st.plotly_chart(
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
                start=parted.gap[0],
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
        st.plotly_chart(
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
                    _("Sentence"): [uses.uses[i].sentence for i in order],
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
                "The word is found by its characters, the first time it occurs; where it has several tokens, their mean is taken. “Most like” is at "
                "the layer chosen on the left."
            )
        )
    layout.show_code(snippets.embeddings_word(model, [(use.sentence, use.start, use.end) for use in uses.uses]))


def own_word() -> tuple[str, tuple[tuple[str, str], ...]]:
    left, right = st.columns([1, 3])
    with left:
        word = inputs.lines("own_word", "embeddings", label=_("Word"), example=OWN_WORD, height=68)
    with right:
        written = inputs.lines(
            "own_uses", "embeddings", label=_("Sentences with this word, one a line"), example=OWN_USES, height=150,
            help_text=_("Name the sense after a tab or “ | ”. Two to {most} sentences.").format(most=embeddings.MOST_USES),
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
        token for use in uses.uses for token in cached.tokens(model, use.sentence).tokens if token.source == 0
    ]
    share = sum(token.kind == "unknown" for token in everything) / max(1, len(everything))
    st.warning(
        _(
            "This model cannot show it: its vocabulary lacks the word in {unknown} of {total} sentences and {share:.0%} of all their pieces, and reads "
            "[UNK] instead. What you see below is about places of [UNK], not about meanings. Choose a model that reads this language, such as "
            "bert-base-chinese for Chinese, or an English word."
        ).format(unknown=unknown, total=len(uses.uses), share=share)
        if unknown
        else _(
            "This model was trained on English. It knows these characters, but hardly what they mean: choose bert-base-chinese, or an English word."
        )
    )
    st.button(_("Show an English word"), on_click=inputs.put, args=("uses", "bank"), icon=":material/translate:")


# --- A map of sentences ------------------------------------------------------------------------------------------------


def chosen_texts() -> embeddings.Sample:
    """A dataset's sample, or the user's own lines."""
    options = {**{row.id: _(row.title) for row in data.DATASETS.values()}, "own": _("my own sentences")}
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        source = inputs.segment("texts", "embeddings", options, _("Sentences"))
    if source != "own":
        with right:
            count = inputs.whole_number(
                "rows", "embeddings", label=_("How many"), low=10, high=embeddings.MOST_SENTENCES, step=50
            )
        return cached.sample(source, count)
    rows = embeddings.read_lines(
        inputs.lines(
            "own_texts", "embeddings", label=_("Sentences, one a line"), example=OWN_TEXTS,
            help_text=_("A label may follow after a tab or “ | ”. Up to {most:,} sentences.").format(most=embeddings.MOST_SENTENCES),
        )
    )  # fmt: skip
    if not rows:
        raise UserError("there are no sentences; paste some, one a line")
    kept = rows[: embeddings.MOST_SENTENCES]
    return embeddings.Sample(tuple(r[0] for r in kept), tuple(r[1] for r in kept), {}, len(rows), 0)


def told(sample: embeddings.Sample) -> str:
    """How the sentences were chosen, in one line."""
    if not sample.splits:
        return _("{count:,} of your {total:,} sentences.").format(count=len(sample.texts), total=sample.total)
    names = {"test": _("test split"), "validation": _("validation split"), "train": _("training split")}
    parts = ", ".join(f"{names[split]} {count:,}" for split, count in sample.splits.items())
    return _("{count:,} sentences chosen at random (seed {seed}): {parts}.").format(
        count=len(sample.texts), seed=sample.seed, parts=parts
    )


def _cancel(key: tuple[str, int, tuple[str, ...]]) -> None:
    st.session_state["embeddings_cancelled"] = key


def _go_on() -> None:
    st.session_state.pop("embeddings_cancelled", None)


def vectors(model: str, title: str, texts: tuple[str, ...], cut: int) -> embeddings.Pooled | None:
    """The sentences' vectors, with progress and a way to stop while they are computed; None when they were stopped."""
    key = (model, cut, texts)
    if st.session_state.get("embeddings_cancelled") == key:
        st.warning(_("Cancelled: the vectors of {title} were not computed.").format(title=layout.plain(title)))
        st.button(_("Compute them"), on_click=_go_on, icon=":material/play_arrow:")
        return None
    place = st.empty()
    drawn: list[st.delta_generator.DeltaGenerator] = []

    def report(done: int, total: int) -> None:
        label = _("{title}: {done:,} of {total:,} sentences").format(title=layout.plain(title), done=done, total=total)
        if not drawn:
            row = place.container(horizontal=True, vertical_alignment="center")
            drawn.append(row.progress(0.0, label))
            row.button(_("Cancel"), key=f"embeddings_cancel_{model}", on_click=_cancel, args=(key,))
        drawn[0].progress(done / total, label)

    found = cached.sentence_vectors(model, texts, cut, report)
    place.empty()
    return found


def show_map(model: str, text: str) -> None:
    """Sentences as points, one model or before and after fine-tuning."""
    sample = chosen_texts()
    pair_of_models = compared_models(model)
    names = tuple(pair_of_models)
    first, second, third = st.columns([2, 3, 2], vertical_alignment="bottom")
    with first:
        pooling = cast(embeddings.Pooling, inputs.segment("pooling", "embeddings", pooling_names(), _("Pooling")))
    kinds = {"pca-2": "PCA 2-D", "pca-3": "PCA 3-D", "tsne-2": "t-SNE 2-D", "tsne-3": "t-SNE 3-D"}
    with second:
        kind = inputs.segment("map", "embeddings", kinds, _("Projection"))
    with third:
        cut = inputs.cut("embeddings", cached.tokenizer(model).model_max_length)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        state = inputs.state("embeddings", cached.encoder(model).config.num_hidden_layers)
    method = cast(embeddings.Method, kind.partition("-")[0])
    dimensions: Literal[2, 3] = 3 if kind.endswith("3") else 2
    count = len(sample.texts)
    perplexity = 30.0
    if method == "tsne":
        perplexity = right.number_input(
            _("Perplexity"), 1.0, 100.0, float(min(30, max(1, (count - 1) // 3))), step=1.0,
            help=_("Roughly how many neighbours each point keeps in mind. It must be smaller than the number of sentences."),
        )  # fmt: skip
    pooled = [vectors(name, title, sample.texts, cut) for name, title in pair_of_models.items()]
    st.caption(
        told(sample)
        + " "
        + (
            _("{count:,} of them were longer than {limit} tokens and are cut.").format(
                count=int(pooled[0].cut.sum()), limit=cut
            )
            if pooled[0] is not None and pooled[0].cut.any()
            else ""
        )
    )
    if any(one is None for one in pooled):
        return
    with st.spinner(_("Drawing the map …")):
        projection = cached.projection(names, sample.texts, cut, state, pooling, method, dimensions, perplexity)
    near = nearest(model, text, sample, cut, state, pooling)
    selected = maps(pair_of_models, projection, sample, near)
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


def compared_models(model: str) -> dict[str, str]:
    """Model name → title of what is shown: the model alone, or the encoder a run began with and the run."""
    options = {"one": _("this model"), "both": _("before and after fine-tuning")}
    wanted = inputs.segment("compare", "embeddings", options, _("Show"))
    if wanted == "one":
        return {model: _("this model")}
    run = models.RUN_NAME.fullmatch(model)
    if not run:
        finished = inputs.finished_runs()
        st.info(
            _("Before and after needs a model that was fine-tuned here: choose one of your runs as the model.")
            if finished
            else _("Before and after needs a model that was fine-tuned here, and there is none yet: train one on Fine-tune."),
            icon=":material/info:",
        )  # fmt: skip
        if finished:
            newest, title = next(iter(finished.items()))
            st.button(
                _("Take {title}").format(title=layout.plain(title)), on_click=inputs.put, args=("model", newest),
                icon=":material/model_training:",
            )  # fmt: skip
        return {model: _("this model")}
    before = runs.get(run[1]).config.model
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
    query = cached.few_vectors(model, text, cut)[pooling][state]
    collection = cached.sentence_vectors(model, sample.texts, cut).vectors[pooling][state]
    return embeddings.neighbours(collection, query, min(NEIGHBOURS, len(sample.texts)))


def maps(
    shown: dict[str, str], projection: embeddings.Projection, sample: embeddings.Sample, near: tuple[embeddings.Neighbour, ...]
) -> list[int]:  # fmt: skip
    """The pictures; returns the sentences selected in any of them."""
    mark = bool(near) and st.toggle(_("Ring the neighbours of the sentence above"), value=True)
    flat = projection.points[0].shape[1] == 2
    places = st.columns(len(shown))
    selected: list[int] = []
    for which, (place, title) in enumerate(zip(places, shown.values(), strict=True)):
        if len(shown) > 1:
            place.markdown(f"**{title}**")
        figure = pictures.sentence_map(
            projection, which, sample.texts, sample.labels,
            marked=[n.index for n in near] if mark and which == len(shown) - 1 else (), height=600 if len(shown) == 1 else 500, text=_,
        )  # fmt: skip
        alt = _("A map of the sentences, a point for each, coloured by label; the sentences are in the table below")
        if flat:
            event = place.plotly_chart(
                figure, key=f"embeddings_map_{which}", on_select="rerun", selection_mode=("points", "box", "lasso"), alt=alt
            )  # fmt: skip
            selected += [int(point["customdata"][0]) for point in event.selection.points if "customdata" in point]
        else:
            place.plotly_chart(figure, key=f"embeddings_map3_{which}", alt=alt)
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
    if together:
        parts.append(
            _(
                "Both maps have the same axes and ranges: each cloud is moved to its own mean, then one projection is fitted on both together."
            )
        )
    st.caption(" ".join(parts))


def read(sample: embeddings.Sample, selected: list[int], near: tuple[embeddings.Neighbour, ...], text: str) -> None:
    """The selected sentences (all when none is), and the neighbours of the sentence above."""
    left, right = st.columns(2, gap="large")
    with left:
        shown = selected or list(range(len(sample.texts)))
        heading = _("{count:,} selected sentences") if selected else _("All {count:,} sentences")
        st.markdown("**" + heading.format(count=len(shown)) + "**")
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


def separation(
    shown: dict[str, str], sample: embeddings.Sample, cut: int, state: int, pooling: embeddings.Pooling
) -> None:
    """Silhouette and linear probe of each model shown."""
    st.subheader(_("How far apart the labels lie"), anchor=False)
    keep = [i for i, label in enumerate(sample.labels) if label]
    if len(keep) < len(sample.labels):
        st.info(
            _("{count:,} sentences have no label; to measure separation, give every sentence one.").format(
                count=len(sample.labels) - len(keep)
            ),
            icon=":material/info:",
        )
        return
    try:
        scores = {name: cached.separation(name, sample.texts, sample.labels, cut, state, pooling) for name in shown}
        curves = {
            title: cached.silhouettes(name, sample.texts, sample.labels, cut, pooling) for name, title in shown.items()
        }
    except UserError as error:
        st.info(layout.plain(i18n.error_text(error)), icon=":material/info:")
        return
    intervals = {name: wilson(score.correct, score.n) for name, score in scores.items()}
    any_score = next(iter(scores.values()))
    left, right = st.columns(2, gap="large")
    with left:
        st.dataframe(
            pd.DataFrame(
                {
                    _("Model"): list(shown.values()),
                    _("Silhouette"): [scores[name].silhouette for name in shown],
                    _("Linear probe"): [f"{intervals[name].value:.3f}" for name in shown],
                    _("95 % interval"): [f"{intervals[name].low:.3f}–{intervals[name].high:.3f}" for name in shown],
                }
            ),
            hide_index=True,
            column_config={_("Silhouette"): st.column_config.NumberColumn(format="%.3f")},
            alt=_("Silhouette score and probe accuracy of each model"),
        )
        st.caption(
            _(
                "Both are measured in all dimensions of the chosen layer. **Silhouette** (cosine): 1 when every sentence is much nearer to its own label than "
                "to any other, 0 when it makes no difference. **Linear probe**: accuracy of a logistic regression, each of the {n:,} sentences judged by one "
                "fitted without it ({folds} folds, seed {seed}); always answering the most frequent label gives {majority:.3f}. The interval is Wilson's."
            ).format(n=any_score.n, folds=any_score.folds, seed=any_score.seed, majority=any_score.majority)
        )
        if "train" in sample.splits and len(shown) == 2:
            st.caption(_("Some of these sentences may have been trained on: that flatters “after”."))
    with right:
        st.plotly_chart(
            pictures.by_state(curves, state, text=_),
            key="embeddings_by_state",
            alt=_("The silhouette score in every layer"),
        )


def sentences_file(sample: embeddings.Sample) -> None:
    lines = [
        f"{' '.join(text.split())}\t{' '.join(label.split())}"
        for text, label in zip(sample.texts, sample.labels, strict=True)
    ]
    st.download_button(
        _("Download these sentences (sentences.tsv)"), "\n".join(lines) + "\n", file_name="sentences.tsv", mime="text/tab-separated-values",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def experiments() -> None:
    rows = [
        layout.Experiment(
            _("Money or river"),
            _(
                "Six sentences with *bank*. Before the first layer all six vectors are nearly the same; then the two senses part. Compare *bat* and *light*: "
                "the layer where the gap is largest differs from word to word."
            ),
            {"model": "minilm", "view": "word", "uses": "bank", "state": ""},
        ),
        layout.Experiment(
            _("One vector, four ways"),
            _(
                "The same sentence as [CLS], mean, maximum and pooler_output. This model was tuned with the mean: look at which matrix below sets the two "
                "paraphrases (1 and 2) apart from the tomatoes (4) best, and note that opposites (1 and 3) stay near under all."
            ),
            {"model": "minilm", "view": "output", "text": inputs.DEFAULTS["text"], "pair": "", "compared": "", "state": ""},
        ),
        layout.Experiment(
            _("1,000 film sentences"),
            _(
                "Praise and blame lie mixed: this model was trained to put sentences of one topic together, and these are all about films. Yet the linear probe "
                "tells the labels apart far better than chance: what it needs is there, in directions the map does not show."
            ),
            {"model": "minilm", "view": "map", "texts": "rotten_tomatoes", "rows": "1000", "map": "pca-2", "pooling": "mean", "state": "", "compare": "one"},
        ),
    ]  # fmt: skip
    newest = next(iter(inputs.finished_classifiers()), None)
    if newest:
        rows.append(
            layout.Experiment(
                _("Before and after fine-tuning"),
                _(
                    "The newest of your runs beside the model it began with, on the same axes. Fine-tuning pulls the labels apart: compare the silhouettes, and "
                    "see in the curve at which layer it happens."
                ),
                {"model": newest, "view": "map", "map": "pca-2", "pooling": "mean", "state": "", "compare": "both"},
            )
        )
    layout.experiments("embeddings", rows)


with layout.page(
    _("Embeddings"),
    _(
        "A model turns every token into a vector, and the vector changes with its sentence. See the numbers themselves, watch one word take different "
        "meanings from layer to layer, and look at a thousand sentences at once."
    ),
):
    views = {
        "output": _("The model's output"),
        "word": _("One word, several sentences"),
        "map": _("A map of sentences"),
    }
    if inputs.settle_view("embeddings", views) == "word":
        model, text = inputs.model("embeddings"), ""
    else:
        model, text = inputs.model_and_sentence("embeddings")
    view = inputs.view("embeddings", views, label=_("Picture"))
    with layout.mistakes():
        if view == "output":
            show_output(model, text)
        elif view == "word":
            show_word(model)
        else:
            show_map(model, text)
    experiments()

"""Home: what the studio is, its path as live pictures of the current sentence, and what this machine offers."""

import os
from html import escape

import numpy as np
import streamlit as st
import torch

from core import bundled, hub, models, settings
from core.bundled import READY
from core.data.bundled import DATASETS
from core.errors import UserError
from core.figures import style
from core.metrics import METRICS
from core.scripts import mostly_latin
from core.tasks.base import read_detail
from core.tasks.classify import Classes, Labelled
from pages.shared import inputs, layout, unknown
from pages.shared import words as plain_words
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import attention as cached_attention
from pages.shared.cached import data as cached_data
from pages.shared.cached import encoder as cached_encoder
from pages.shared.cached import models as cached_models
from pages.shared.cached import pretraining as cached_pretraining
from pages.shared.cached import runs as cached_runs
from pages.shared.cached import tokens as cached_tokens
from pages.shared.data_form.source import kind_of
from pages.shared.data_form.uploads import NO_FILE
from pages.shared.i18n import _, language
from pages.shared.opening import OPENINGS

SHORT = 24  # tokens in a miniature


def picture(values: np.ndarray, low: float, high: float, alt: str) -> None:
    """A matrix as a small picture that fills its card."""
    st.html(
        f'<img alt="{escape(alt)}" src="{style.matrix_png(values, low, high)}" '
        'style="width:100%;height:9.2rem;image-rendering:pixelated;border-radius:.4rem">'
    )


def words(text: str) -> None:
    """A sentence where a picture would be."""
    st.html(f'<div style="min-height:9.2rem">{escape(text)}</div>')


def bars(shares: dict[str, float]) -> None:
    """A few shares between 0 and 1 as labelled bars."""
    rows = "".join(
        f'<div style="display:grid;grid-template-columns:minmax(4rem,auto) 1fr 3.2rem;gap:.5rem;align-items:center;margin:.25rem 0">'
        f'<span style="overflow-wrap:anywhere">{escape(label)}</span>'
        f'<span style="background:rgba(128,128,128,.18);border-radius:.3rem"><span style="display:block;height:.9rem;'
        f'border-radius:.3rem;background:{style.ACCENT};width:{share:.1%}"></span></span>'
        f'<span style="text-align:right;font-variant-numeric:tabular-nums">{share:.0%}</span></div>'
        for label, share in shares.items()
    )
    st.html(f'<div style="min-height:9.2rem">{rows}</div>')


def tokens_card(model: str, text: str) -> None:
    result = cached_tokens.tokens(model, text, max_length=SHORT)
    st.html(
        f'<div style="min-height:9.2rem;max-height:22rem;overflow-y:auto" tabindex="0">{layout.chips_html(result.tokens)}</div>'
    )
    st.caption(_("{count} tokens with their numbers in the vocabulary").format(count=len(result.tokens)))


def vectors_card(model: str, text: str) -> None:
    states = cached_encoder.vectors(model, text, max_length=SHORT)
    reach = float(np.quantile(np.abs(states), 0.98))
    picture(states, -reach, reach, _("The last hidden states as a picture"))
    st.caption(_("one row per token: its vector of {size} numbers after the last layer").format(size=states.shape[1]))


def attention_card(model: str, text: str) -> None:
    maps = cached_attention.attend(model, text, max_length=SHORT)
    heads = maps.weights[-1]
    wide = np.concatenate([np.pad(head, 1, constant_values=0) for head in heads[: min(4, len(heads))]], axis=1)
    picture(wide, 0, float(wide.max()), _("Attention weights of heads of the last layer"))
    st.caption(_("who looks at whom: the first heads of the last layer, {count} in all").format(count=heads.shape[0]))


def compare_card(model: str, text: str) -> None:
    states = cached_encoder.vectors(model, text, max_length=SHORT)
    unit = states / np.linalg.norm(states, axis=1, keepdims=True).clip(1e-12)
    picture(unit @ unit.T, -1, 1, _("Cosine similarity of the tokens as a picture"))
    st.caption(_("how alike the vectors of every two tokens are in this sentence"))


def pretraining_card(model: str, text: str) -> None:
    if not cached_models.has_head(model, "mlm"):  # the one that comes with the studio, which reads English
        model, text = "minilm", OPENINGS["en"]["text"]
    tokens = cached_tokens.tokens(model, text, max_length=SHORT).tokens
    places = [place for place, token in enumerate(tokens) if token.kind == "word" and token.text.isalpha()]
    if not cached_models.has_head(model, "mlm") or not places:
        words(_("Hide a word, and see what a model expects in its place."))
        st.caption(_("this model or this sentence has nothing to fill in: the page offers others"))
        return
    place = max(places, key=lambda place: len(tokens[place].text))
    filling = cached_pretraining.filled(model, text, (place,), whole_words=False, max_length=SHORT).fillings[0]
    bars({guess.token: guess.probability for guess in filling.guesses[:4]})
    st.caption(_("what the model expects where “{token}” is hidden").format(token=layout.plain(tokens[place].text)))


def finetune_card() -> None:
    opening = OPENINGS[language()]["data"]
    dataset = cached_data.dataset(opening)
    train = dataset.splits["train"]
    labels = np.array(train["label"])
    rows = []
    for label, name in enumerate(dataset.label_names):
        places = np.flatnonzero(labels == label)[:200]
        typical = min((train[int(i)]["text"] for i in places), key=lambda text: abs(len(text) - 70))
        rows.append(f"<p style='margin:.3rem 0'><b>{escape(_(name))}</b><br>{escape(typical)}</p>")
    st.html(f'<div style="min-height:9.2rem">{"".join(rows)}</div>')
    st.caption(
        _("{rows:,} real texts wait to be learnt, two of them here: {title}").format(
            rows=sum(dataset.report.counts.values()), title=_(DATASETS[opening].title)
        )
    )


def runs_card() -> None:
    newest = next(iter(inputs.own_runs(gives="label")), None)
    report = cached_runs.run_report(newest.id) if newest else None
    if report and report.measured:
        evaluation, counted = report.measured, plain_words.measured_on(report)
        caption = _("your newest run: {metric} {value} on {counted}")
    else:
        evaluation = bundled.evaluation(next(iter(inputs.ready("label"))))
        counted = plain_words.counted(evaluation)
        caption = _("a model that comes with the studio: {metric} {value} on {counted} it never saw")
    matrix = np.array(read_detail(Classes, evaluation).confusion, dtype=float)
    picture(matrix / matrix.sum(axis=1, keepdims=True).clip(1), 0, 1, _("Confusion matrix of a trained model"))
    st.caption(
        caption.format(
            metric=_(METRICS["accuracy"].title),
            value=plain_words.measured("accuracy", evaluation.metrics["accuracy"]),
            counted=counted,
        )
    )


def playground_card(text: str) -> None:
    name, title = next(iter(inputs.answering("label").items()))
    if name in READY and not mostly_latin([text]):
        text = READY[name].examples[0]  # it reads English, so it has nothing to say of this one
        st.caption(text)
    prediction = cached_answers.prediction(name, {"text": text})
    assert isinstance(prediction, Labelled)
    best = sorted(prediction.probabilities.items(), key=lambda item: -item[1])[:4]
    bars(dict(best))
    st.caption(
        _("what a model that comes with the studio says of this sentence: {title}").format(title=title)
        if name in READY
        else _("what your newest model says of this sentence")
    )


def machine() -> None:
    """What is available here."""
    newest = torch.cuda.get_device_name() if torch.cuda.is_available() else _("no GPU, and none is needed")
    reachable = hub.hub_reachable()
    here = [name for name in models.MODELS if models.availability(name) == "here"]
    lines = [
        (_("Models on this machine"), ", ".join(here)),
        (_("Data on this machine"), ", ".join(DATASETS)),
        (_("Processor"), _("{count} cores · {gpu}").format(count=os.cpu_count(), gpu=newest)),
        (
            _("Hugging Face hub"),
            _("reachable: further models and data are fetched when you choose them")
            if reachable
            else _("not reachable: everything on these pages works without it"),
        ),
    ]
    st.html(
        "<table style='border-spacing:.2rem .35rem'>"
        + "".join(
            f"<tr><td style='opacity:.75;padding-right:1rem;vertical-align:top'>{escape(k)}</td><td>{escape(v)}</td></tr>"
            for k, v in lines
        )
        + "</table>"
    )
    with st.expander(_("Settings of this studio"), icon=":material/tune:"):
        st.dataframe(
            {
                _("Variable"): list(settings.SETTINGS),
                _("Value"): [str(row.value()) for row in settings.SETTINGS.values()],
                _("What it does"): [_(row.help) for row in settings.SETTINGS.values()],
            },
            hide_index=True,
            alt=_("The settings and their values now"),
        )
        st.caption(_("Whoever runs the server sets them as environment variables."))
    if not reachable:
        st.button(_("Ask the hub again"), on_click=hub.forget_hub, type="tertiary", icon=":material/refresh:")


with layout.page(
    "BERT Studio",
    _(
        "See a real BERT at work on your own sentence, train it on real data in your browser, and use what you trained. "
        "Every number on every page is computed here, from the model and the text in front of you. "
        "Nothing leaves this machine, and nothing needs a network."
    ),
):
    bar = inputs.toolbar("home", label=_("Your sentence, on every page"))
    model, text = bar.model, bar.text
    if text.strip():
        with layout.mistakes():
            unknown.offer(model, cached_tokens.tokens(model, text))

    cards = (
        (_("1 · Tokenise"), "pages/tokens.py", _("Open Tokens"), lambda: tokens_card(model, text)),
        (_("2 · Encode"), "pages/encoder.py", _("Open Encoder"), lambda: vectors_card(model, text)),
        (_("3 · Attend"), "pages/attention.py", _("Open Attention"), lambda: attention_card(model, text)),
        (_("4 · Compare"), "pages/embeddings.py", _("Open Embeddings"), lambda: compare_card(model, text)),
        (_("5 · Pre-train"), "pages/pretraining.py", _("Open Pre-training"), lambda: pretraining_card(model, text)),
        (_("6 · Fine-tune"), "pages/finetune.py", _("Open Fine-tune"), finetune_card),
        (_("7 · Evaluate, take away"), "pages/runs.py", _("Open Runs"), runs_card),
        (_("8 · Predict and explain"), "pages/playground.py", _("Open Playground"), lambda: playground_card(text)),
    )
    for row in (cards[:4], cards[4:]):
        for column, (title, target, label, draw) in zip(st.columns(4), row, strict=True):
            with column.container(border=True, height="stretch"):
                st.markdown(f"**{title}**")
                try:
                    draw()
                except UserError as error:
                    st.caption(layout.plain(layout.i18n.error_text(error)))
                st.page_link(target, label=label, icon=":material/arrow_forward:", query_params=inputs.link())

    st.header(_("Start here"), anchor=False)
    starts = (
        (
            _("You want to understand BERT"),
            _(
                "Type a sentence above and follow it: how it is cut into tokens, what each layer computes, where each head looks, and how "
                "training changes the answer. Each page has prepared experiments and shows the code behind its numbers."
            ),
            (
                ("pages/tokens.py", _("Begin with Tokens"), ":material/abc:"),
                ("pages/pretraining.py", _("Ask what it learnt"), ":material/school:"),
                ("pages/article.py", _("The tutorial, checked"), ":material/fact_check:"),
            ),
        ),
        (
            _("You teach"),
            _(
                "The address of every page carries sentence, model, layer and head: copy it, and thirty students see what you "
                "see. It works on one small machine without a network, in English and Chinese."
            ),
            (
                ("pages/encoder.py", _("Walk through a layer"), ":material/account_tree:"),
                ("pages/attention.py", _("Show attention"), ":material/hub:"),
            ),
        ),
        (
            _("You have data"),
            _(
                "Upload a CSV. The studio tells you what is wrong with it, trains, measures honestly with intervals and a "
                "baseline, and hands you a folder that any transformers pipeline loads."
            ),
            (("pages/finetune.py", _("Fine-tune on your file"), ":material/model_training:"),),
        ),
    )
    data = inputs.get("data")
    own = {"pages/finetune.py": {"data": data if kind_of(data) == "file" else NO_FILE, "run": ""}}
    for column, (who, what, links) in zip(st.columns(3), starts, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{who}**")
            st.markdown(what)
            for target, label, icon in links:
                st.page_link(target, label=label, icon=icon, query_params=inputs.link() | own.get(target, {}))

    st.header(_("This machine"), anchor=False)
    machine()

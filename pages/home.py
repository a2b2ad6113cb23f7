"""Home: what the studio is, its path as live pictures of the current sentence, and what this machine offers."""

import os
from collections import Counter
from html import escape

import numpy as np
import streamlit as st
import torch

from core import bundled, hub, models, openings, settings
from core.bundled import READY
from core.claims import CLAIMS, VERDICTS
from core.data import helpdesk, summaries
from core.data.bundled import DATASETS
from core.errors import UserError
from core.figures import style
from core.metrics import METRICS
from core.scripts import mostly_latin
from core.tasks.base import read_detail
from core.tasks.class_scores import Classes
from core.tasks.classify import Labelled
from pages.shared import first_view, inputs, layout, path, unknown
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
from pages.shared.i18n import _, language, ngettext
from pages.shared.opening import OPENINGS, is_opening
from pages.topics.home import lesson, miniature

SHORT = 24  # tokens in a miniature


def words(text: str) -> None:
    """A sentence where a picture would be."""
    st.html(f'<div style="min-height:9.2rem">{escape(text)}</div>')


def tokens_card(model: str, text: str) -> None:
    result = cached_tokens.tokens(model, text, max_length=SHORT)
    st.html(
        f'<div style="min-height:9.2rem;max-height:var(--tallest,22rem);overflow-y:auto" tabindex="0">{layout.chips_html(result.tokens)}</div>'
    )
    st.caption(_("{count} tokens with their numbers in the vocabulary").format(count=len(result.tokens)))


def names(model: str, text: str) -> list[str]:
    """The tokens as a card writes them."""
    return [token.text for token in cached_tokens.tokens(model, text, max_length=SHORT).tokens]


def first_of(count: int) -> str:
    """What a card leaves out, if anything."""
    return "" if count <= miniature.MOST else " · " + _("the first {most} tokens").format(most=miniature.MOST)


def vectors_card(model: str, text: str) -> None:
    states = cached_encoder.vectors(model, text, max_length=SHORT)
    reach = float(np.quantile(np.abs(states), 0.98))
    miniature.matrix(
        states, names(model, text), (), low=-reach, high=reach, scale=style.DIVERGING, form="+.2g",
        unit=_("{size} numbers a row").format(size=states.shape[1]), alt=_("The last hidden states as a picture"),
    )  # fmt: skip
    st.caption(_("each token's vector after the last layer") + first_of(len(states)))


def attention_card(model: str, text: str) -> None:
    maps = cached_attention.attend(model, text, max_length=SHORT)
    habit = cached_attention.habit(model, text, max_length=SHORT)
    layer, head = inputs.head_of(len(maps.weights), maps.weights[0].shape[0], (habit.layer, habit.head))
    tokens = names(model, text)
    miniature.matrix(
        np.sqrt(maps.weights[layer][head]), tokens, tokens, low=0, high=1, unit=_("weight (the scale favours weak ones)"),
        alt=_("Attention weights of one head"),
    )  # fmt: skip
    says = _("layer {layer}, head {head}: how much each row looks at each column").format(
        layer=layer + 1, head=head + 1
    )
    if (layer, head) == (habit.layer, habit.head):
        says += " · " + habit_in_words(habit)
    st.caption(says + first_of(len(tokens)))


def habit_in_words(habit: openings.Habit) -> str:
    """What a head does most of the time, as the end of a caption."""
    share = f"{habit.share:.0%}"
    return {
        "previous": _("besides the special tokens, {share} of its attention goes to the token before: a habit"),
        "next": _("besides the special tokens, {share} of its attention goes to the token after: a habit"),
        "same": _(
            "besides the special tokens, {share} of its attention goes to where the same token stands again: a habit"
        ),
        "rest": _("{share} of its attention rests on the special tokens: a habit"),
    }[habit.kind].format(share=share)


def compare_card(model: str, text: str) -> None:
    states = cached_encoder.vectors(model, text, max_length=SHORT)
    unit = states / np.linalg.norm(states, axis=1, keepdims=True).clip(1e-12)
    tokens, cosines = names(model, text), unit @ unit.T
    miniature.matrix(
        cosines, tokens, tokens, low=min(0.0, float(cosines.min())), high=1, unit=_("cosine"),
        alt=_("Cosine similarity of the tokens as a picture"),
    )  # fmt: skip
    st.caption(_("how alike the vectors of every two tokens are") + first_of(len(tokens)))


def in_english(text: str) -> None:
    """What a model is asked that cannot read the visitor's own sentence."""
    st.caption(
        _("The model here reads English, so it is asked about an English sentence: “{text}”").format(
            text=layout.plain(text)
        )
    )


def pretraining_card(model: str, text: str) -> None:
    if not cached_models.has_head(model, "mlm"):
        model = "minilm"
    tokens = cached_tokens.tokens(model, text, max_length=SHORT)
    if tokens.unknown and not mostly_latin([text]):
        text = OPENINGS["en"]["text"]
        tokens = cached_tokens.tokens(model, text, max_length=SHORT)
        in_english(text)
    hidden = openings.word_to_hide(tokens)
    if not cached_models.has_head(model, "mlm") or not hidden:
        words(_("Hide a word, and see what a model expects in its place."))
        st.caption(_("this model or this sentence has nothing to fill in: the page offers others"))
        return
    filling = cached_pretraining.filled(model, text, hidden, whole_words=False, max_length=SHORT).fillings[0]
    miniature.bars({guess.token: guess.probability for guess in filling.guesses[:4]})
    st.caption(
        _("what {model} expects where “{token}” is hidden").format(
            model=layout.plain(models.encoder_behind(model, "mlm")), token=layout.plain(tokens.tokens[hidden[0]].text)
        )
    )


def finetune_card() -> None:
    opening = OPENINGS[language()]["data"]
    dataset = cached_data.dataset(opening)
    rows = (
        f"<p style='margin:.3rem 0'><b>{escape(_(label))}</b><br>{escape(text)}</p>"
        for label, text in cached_data.typical(opening).items()
    )
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
    classes = read_detail(Classes, evaluation)
    matrix = np.array(classes.confusion, dtype=float)
    miniature.matrix(
        matrix / matrix.sum(axis=1, keepdims=True).clip(1), classes.labels, classes.labels, low=0, high=1, form=".0%", written=len(classes.labels) <= 4,
        unit=_("of a true label (row) given each label (column)"), alt=_("Confusion matrix of a trained model"),
    )  # fmt: skip
    st.caption(
        caption.format(
            metric=_(METRICS["accuracy"].title),
            value=plain_words.measured("accuracy", evaluation.metrics["accuracy"]),
            counted=counted,
        )
    )


def playground_card(text: str) -> None:
    name, title = next(iter(inputs.answering("label").items()))
    rows = cached_answers.own_rows(name) if is_opening({"text": text}) else None
    given = next(iter(rows.of.values())).inputs if rows else {"text": text}
    if name in READY and not mostly_latin([text]):
        given = {"text": READY[name].examples[0]}
        in_english(given["text"])
    prediction = cached_answers.prediction(name, given)
    assert isinstance(prediction, Labelled)
    best = sorted(prediction.probabilities.items(), key=lambda item: -item[1])[:4]
    miniature.bars(dict(best))
    st.caption(
        _("what a model that comes with the studio says of this sentence: {title}").format(title=title)
        if name in READY
        else _("what your newest model says of a row of its own data: “{text}”").format(
            text=layout.plain(given["text"])
        )
        if rows
        else _("what your newest model says of this sentence")
    )


def search_card() -> None:
    passages = helpdesk.read(language()).passages
    rows = "".join(f"<p style='margin:.3rem 0'>{escape(passage)}</p>" for passage in passages[:2])
    st.html(f'<div style="min-height:9.2rem">{rows}</div>')
    st.caption(
        _("{count} texts of a help desk are found by what they mean; these are two of them").format(count=len(passages))
    )


def summarise_card() -> None:
    article = summaries.read(language())[0]
    st.html(
        f"<div style='min-height:9.2rem'><p style='margin:.3rem 0'><b>{escape(article.title)}</b></p><p style='margin:.3rem 0'>{escape(article.summary)}</p></div>"
    )
    st.caption(
        _("sentences are taken out of a text; this is the summary that was written for one of the prepared articles")
    )


def article_card() -> None:
    counts = Counter(claim.verdict for claim in CLAIMS.values())
    miniature.bars(
        {_(title): counts[verdict] / len(CLAIMS) for verdict, title in VERDICTS.items()},
        lambda share: str(round(share * len(CLAIMS))),
    )
    st.caption(_("{count} claims of a tutorial, each with its evidence").format(count=len(CLAIMS)))


def machine() -> None:
    """What is available here."""
    newest = torch.cuda.get_device_name() if torch.cuda.is_available() else _("no GPU, and none is needed")
    reachable = hub.hub_reachable()
    here = [name for name in models.MODELS if models.availability(name) == "here"]
    lines = [
        (_("Models on this machine"), ", ".join(here)),
        (_("Data on this machine"), ", ".join(DATASETS)),
        (
            _("Processor"),
            ngettext("{count} core · {gpu}", "{count} cores · {gpu}", os.cpu_count() or 1).format(
                count=os.cpu_count(), gpu=newest
            ),
        ),
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
            f"<tr><td style='opacity:.75;padding-right:1rem;min-width:7rem;vertical-align:top'>{escape(k)}</td><td>{escape(v)}</td></tr>"
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
    first_view.STUDIO,
    _(
        "See a real BERT at work on your own sentence, train it on real data with a few clicks, and use what you trained. "
        "Every number on every page is computed here, from the model and the text in front of you. "
        "Nothing leaves this machine, and nothing needs a network."
    ),
):
    bar = inputs.toolbar("home", label=_("Your sentence, on every page"))
    model, text = bar.model, bar.text
    if text.strip():
        with layout.mistakes():
            unknown.offer(model, cached_tokens.tokens(model, text))

    cards = {
        "tokens": lambda: tokens_card(model, text),
        "encoder": lambda: vectors_card(model, text),
        "attention": lambda: attention_card(model, text),
        "embeddings": lambda: compare_card(model, text),
        "pretraining": lambda: pretraining_card(model, text),
        "finetune": finetune_card,
        "runs": runs_card,
        "playground": lambda: playground_card(text),
        "search": search_card,
        "summarise": summarise_card,
        "article": article_card,
    }  # in the order of the path
    pages, carried = list(path.STEPS), inputs.link()
    for row in (pages[:4], pages[4:7], pages[7:]):
        for column, page in zip(st.columns(len(row)), row, strict=True):
            with column.container(border=True, height="stretch"):
                st.markdown(f"**{path.numbered(page)}**")
                try:
                    cards[page]()
                except UserError as error:
                    st.caption(layout.plain(layout.i18n.error_text(error)))
                st.page_link(
                    path.file(page),
                    label=_("Open {title}").format(title=_(path.STEPS[page].title)),
                    icon=":material/arrow_forward:",
                    query_params=carried,
                )

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
                st.page_link(target, label=label, icon=icon, query_params=carried | own.get(target, {}))

    lesson.show()

    st.header(_("This machine"), anchor=False)
    machine()

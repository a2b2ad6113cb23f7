"""The tutorial, checked: what it claims, what is true, and the evidence, computed when a claim is opened."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from core import article, bundled
from core.claims import CLAIMS, SECTIONS, TITLE, VERDICTS
from core.contenders import COMPARISONS
from core.data.bundled import ARTICLE
from core.errors import N_
from core.figures import article as article_figures
from core.figures import training as training_figures
from core.metrics import wilson
from core.results import Movement
from core.scripts import is_chinese
from core.tasks.base import read_detail
from core.tasks.class_scores import Classes
from pages.shared import charts, choices, contenders, inputs, layout, path, progress, sight, words
from pages.shared.cached import article as cached_article
from pages.shared.cached import data as cached_data
from pages.shared.cached import encoder as cached_encoder
from pages.shared.cached import models as cached_models
from pages.shared.cached import runs as cached_runs
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, ngettext
from pages.shared.snippets import article as snippets
from pages.topics.article import use
from pages.topics.article.parts import MODEL, facts, percent

ASKED = "claim_asked"  # in the session: the claim that an address asked for
CORPUS = 1000  # sentences that the masking is counted on
SIGNS = {
    "wrong": (":material/close:", "red"),
    "imprecise": (":material/rule:", "orange"),
    "right": (":material/check:", "green"),
}  # a verdict's icon and colour
BROKEN = {
    N_("the tokenizer is used before it is defined"): (
        'texts = ["I love eating pizza", "C++ is very fast"]\nencoded = [tokenizer.encode(text) for text in texts]'
    ),
    N_("a tensor is made of lists of different lengths"): "import torch\ninput_ids = torch.tensor({ids})",
}


@dataclass(frozen=True)
class Evidence:
    """What shows how far a claim holds, drawn from the sentence in view, and where to see more."""

    draw: Callable[[str], None]
    page: str = ""
    link: str = ""


# --- The architecture --------------------------------------------------------------------------------------------------


def ends(text: str) -> tuple[str, tuple[str, str]]:
    """The sentence in view without its last word (in Chinese its last character), and two ends for it: that one, and another."""
    cached_tokens.tokens(MODEL, text)  # says at once what is wrong with a text
    last = text.split()[-1]
    chinese = any(map(is_chinese, last))
    last, others = (last[-1], ("？", "。")) if chinese else (last, ("nothing", "everything"))
    beginning = text.rstrip().removesuffix(last).rstrip()
    return beginning, (last, next(other for other in others if other != last))


def only_encoder(text: str) -> None:
    kinds = sorted({type(module).__name__ for module in cached_models.encoder(MODEL).modules()})
    beginning, two = ends(text)
    found = cached_article.direction(beginning, two)
    st.markdown(_("All the kinds of parts that the loaded model is built of; none is a decoder:"))
    st.code(", ".join(kinds), language=None, wrap_lines=True)
    _ahead(found, beginning, two)


def _ahead(found: article.Direction, beginning: str, two: tuple[str, str]) -> None:
    facts(
        [
            (_("attention that goes to later tokens"), percent(found.ahead)),
            (_("largest change in the vectors before the end"), f"{found.change:.3f}"),
            (_("the same with a decoder's mask"), f"{found.change_causal:.3f}"),
        ]
    )
    st.caption(
        ngettext(
            "The sentence in view with its end, “{last}”, and with “{other}” in its place. The vector of the token before the end changes, because every token looks in both directions. A decoder may not look ahead: with its mask it stays the same.",
            "The sentence in view with its end, “{last}”, and with “{other}” in its place. The vectors of the {count} tokens before the end change, because every token looks in both directions. A decoder may not look ahead: with its mask they stay the same.",
            found.shared,
        ).format(last=layout.plain(two[0]), other=layout.plain(two[1]), count=found.shared)
    )


def generation(text: str) -> None:
    beginning, two = ends(text)
    _ahead(cached_article.direction(beginning, two), beginning, two)
    chinese = cached_tokens.tokens(MODEL, "我喜欢吃披萨，也喜欢喝咖啡。")
    inside = [token for token in chinese.tokens if token.source is not None]
    st.markdown(
        _(
            "As for translation: of the {count} tokens of “{sentence}” this English vocabulary does not know {unknown}. What the model cannot "
            "even read it cannot translate, and it has no part that writes in another language."
        ).format(count=len(inside), sentence=chinese.text, unknown=chinese.unknown)
    )
    st.markdown(
        _(
            "Given a decoder and pairs to learn from, it writes: how well, beside the same network begun at random, BERT as a decoder alone, and ways that write nothing."
        )
    )
    for found in COMPARISONS:
        contenders.show(found)


def layer_change(change: str) -> Callable[[str], None]:
    """The evidence of one changed computation: how far the vectors after each layer are from the true ones."""

    def evidence(text: str) -> None:
        found = cached_encoder.changed_pass(MODEL, text, "", 128, (change,))
        facts(
            [
                (_("similarity after the first layer"), f"{found.mean_cosines[1]:.3f}"),
                (_("similarity after the last layer"), f"{found.mean_cosines[-1]:.3f}"),
                (_("distance after the last layer"), percent(found.mean_distances[-1], 0)),
            ]
        )
        st.caption(
            _(
                "The sentence in view, computed with the model's own weights as they are and as the tutorial has it. Similarity: mean cosine of "
                "the token vectors, 1 for the same direction. Distance: in percent of the true vectors' length."
            )
        )

    return evidence


def linear_maps(text: str) -> None:
    states = cached_encoder.trace(MODEL, text, "", 0, 128).states[0]
    found = article.linearity(cached_models.encoder(MODEL), states[1], states[2])
    st.dataframe(
        pd.DataFrame(
            {
                _("Part of layer 1"): [_("feed-forward network") if row.name == "FFN" else row.name for row in found],
                _("Weights"): [" → ".join(str(size) for size in reversed(row.shape)) for row in found],
                _("Largest |f(x+y) − f(x) − f(y)|"): [f"{row.difference:.1e}" for row in found],
                _("Largest |f(x+y)|"): [f"{row.scale:.2f}" for row in found],
            }
        ),
        hide_index=True,
        alt=_("How far each part is from being linear"),
    )
    st.caption(
        _(
            "x and y are the vectors of the first two tokens of the sentence in view; the constant part f(0) is taken off. Q, K and V are linear "
            "up to rounding: one matrix each, nothing in between. The feed-forward network, which is an MLP, is not."
        )
    )


def attention_formula(text: str) -> None:
    trace = cached_encoder.trace(MODEL, text, "", 0, 128)
    facts(
        [
            (_("tokens"), str(len(trace.tokens.tokens))),
            (_("largest difference, any layer"), f"{max(trace.differences):.1e}"),
        ]
    )
    st.latex(r"\mathrm{Attention}(Q,K,V)=\mathrm{softmax}\!\left(\frac{QK^{\top}}{\sqrt{d_k}}\right)V")
    st.caption(
        _(
            "The sentence in view, computed step by step from this formula and the weights, against the library's own result: the numbers agree up "
            "to rounding in every layer."
        )
    )


# --- Pre-training ------------------------------------------------------------------------------------------------------


def corpora(text: str) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                _("Text"): ["BooksCorpus", _("English Wikipedia"), "WikiText-2"],
                _("Words"): ["800,000,000", "2,500,000,000", _("about 2,000,000")],
                _("Used to pre-train BERT"): [_("yes"), _("yes"), _("no")],
            }
        ),
        hide_index=True,
        alt=_("The texts that BERT was pre-trained on"),
    )
    st.caption(
        _(
            "From the paper (Devlin et al. 2019, section 3.1); this is history, and nothing here can compute it. WikiText-2 is a small benchmark "
            "made from Wikipedia (Merity et al. 2017), about a thousand times smaller."
        )
    )


def masking(text: str) -> None:
    seed = int(st.number_input(_("Seed"), 0, 10_000, 0, key="article_seed"))
    sentences = cached_data.dataset("rotten_tomatoes").splits["train"][:CORPUS]["text"]
    found = cached_article.corruption(tuple(sentences), seed)
    facts(
        [
            (_("tokens chosen"), percent(found.chosen / found.tokens)),
            (_("of these: [MASK]"), percent(found.masked / found.chosen)),
            (_("another token"), percent(found.random / found.chosen)),
            (_("left as they are"), percent(found.kept / found.chosen)),
        ]
    )
    facts(
        [
            (_("words with a chosen token"), percent(found.words_touched / found.words)),
            (_("words chosen as a whole"), percent(found.words_whole / found.words)),
            (_("tokens that read [MASK]"), percent(found.masked / found.tokens)),
        ]
    )
    st.caption(
        _(
            "Counted on {tokens:,} tokens of the first {count:,} training sentences of rotten_tomatoes, masked by transformers' own collator. Another "
            "seed gives slightly other shares."
        ).format(tokens=found.tokens, count=CORPUS)
    )


# --- The data and the code ---------------------------------------------------------------------------------------------


def tokens_example(text: str) -> None:
    found = cached_tokens.tokens(MODEL, "I love eating pizza")
    st.code("I [SEP] love [SEP] eating [SEP] pizza [SEP]", language=None)
    st.markdown(_("is what the tutorial prints. What the tokenizer gives:"))
    layout.chips(found)


def snippets_fail(text: str) -> None:
    tokenizer = cached_models.tokenizer(MODEL, 0)
    texts = list(ARTICLE)
    ids = [tokenizer(sentence)["input_ids"] for sentence in texts]
    for reason, code in BROKEN.items():
        code = code.replace("{ids}", str([ids[0], ids[-1]]))
        st.markdown("**" + _(reason) + "**")
        st.code(code, language="python", wrap_lines=True)
        with progress.spinner(_("Running it")):
            printed, failed = cached_article.output_of(code)
        (st.error if failed else st.success)(layout.plain(printed))
    st.markdown("**" + _("A version that works") + "**")
    st.code(snippets.article_inputs(MODEL), language="python")
    shape = tuple(tokenizer(texts, padding=True, return_tensors="pt")["input_ids"].shape)
    st.markdown(
        _(
            "It gives a tensor of shape {shape}: the shorter sentences are filled up with [PAD], and the attention mask says so."
        ).format(shape=shape)
    )


# --- Its experiment ----------------------------------------------------------------------------------------------------


def repetitions() -> article.Repetitions | None:
    """The experiment over the chosen seeds, once it was asked for; None until then."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seeds = int(st.number_input(_("Seeds"), 1, 50, 20, key="article_seeds"))
        epochs = int(st.number_input(_("Epochs"), 1, 20, 3, key="article_epochs"))
        batch_size = int(st.number_input(_("Batch size"), 1, 4, 2, key="article_batch"))
        rates = {rate: f"{rate:.0e}" for rate in (2e-5, 5e-5, 1e-4, 2e-4, 5e-4)}
        rate = choices.listed(_("Learning rate"), rates, choices.kept("article_rate", rates, 1e-4), key="article_rate")
        kinds: dict[article.Optimizer, str] = {"adam": "Adam", "adamw": "AdamW"}
        kind = choices.kept("article_optimizer", kinds, otherwise="adam")
        kind = choices.listed(_("Optimiser"), kinds, kind, key="article_optimizer")
    chosen = (seeds, epochs, batch_size, rate, kind)
    if st.button(
        _("Repeat the experiment"), type="primary", icon=":material/replay:", key="article_repeat"
    ) or st.session_state.get("article_repeated") == chosen:  # fmt: skip
        done = st.progress(0.0)
        found = []
        for seed in range(seeds):
            found.append(cached_article.repetition(seed, epochs, batch_size, rate, kind))
            done.progress((seed + 1) / seeds, _("Seed {done} of {total}").format(done=seed + 1, total=seeds))
        done.empty()
        st.session_state["article_repeated"] = chosen
        return article.Repetitions(tuple(part.rows[0] for part in found), found[0].movement)
    st.caption(
        _("Fine-tunes the bundled model on the four sentences once for each seed: half a second a seed on two cores.")
    )
    return None


def repeated(text: str) -> None:
    found = repetitions()
    if not found:
        return
    rows = found.rows
    accuracies = np.array([row.accuracy for row in rows])
    unlike = sum(row.accuracy != row.last_batch for row in rows)
    interval = wilson(3, 4)
    facts(
        [
            (_("mean accuracy, all seeds"), percent(float(accuracies.mean()))),
            (_("lowest and highest"), f"{percent(float(accuracies.min()), 0)} – {percent(float(accuracies.max()), 0)}"),
            (_("seeds whose last batch says something else"), f"{unlike} / {len(rows)}"),
            (_("mean probability of label 3"), percent(float(np.mean([row.unused for row in rows])))),
        ]
    )
    charts.plot(
        article_figures.losses(rows, article.PRINTED_LOSSES, text=_),
        "article_losses",
        _("The training loss of every seed beside the tutorial's"),
    )
    st.dataframe(
        pd.DataFrame(
            {
                _("Seed"): [row.seed for row in rows],
                **{_("Loss, epoch {number}").format(number=i + 1): [row.losses[i] for row in rows] for i in range(len(rows[0].losses))},
                _("Accuracy, all four"): [row.accuracy for row in rows],
                _("Accuracy, last batch"): [row.last_batch for row in rows],
            }
        ),
        hide_index=True,
        height=250,
        column_config={"Seed": st.column_config.NumberColumn(width="small")},
        alt=_("Losses and accuracies of every seed"),
    )  # fmt: skip
    st.markdown(
        _(
            "Three of four right, {printed:.0%}, is compatible with any true accuracy from {low:.0%} to {high:.0%} (95% interval), and these are the "
            "sentences it was trained on: a model that knows them by heart scores 100% and may know nothing else."
        ).format(printed=article.PRINTED_ACCURACY, low=interval.low, high=interval.high)
    )
    st.caption(
        _(
            "The tutorial's model is larger than the bundled one, and it does not give its seed: its losses are its own, and only the shape can be "
            "compared. A guess among four classes costs ln 4 = 1.386."
        )
    )


def moved(text: str) -> None:
    rows: tuple[Movement, ...] = ()
    for run in inputs.own_runs(gives="label"):
        report = cached_runs.run_report(run.id)
        if report and report.movement and run.config.method == "full":
            rows = report.movement
            st.markdown(_("Measured in your run {title}:").format(title=layout.plain(inputs.run_title(run, report))))
            break
    if not rows:
        st.markdown(
            _("The tutorial's own four sentences are learnt here, three epochs with one seed; once you have trained a model, it is yours that is measured:")
        )  # fmt: skip
        rows = cached_article.repetition(0, 3, 2, 1e-4, "adam").movement
    total = sum(row.parameters for row in rows)
    layers = [row for row in rows if row.group.startswith("layer")]
    facts(
        [
            (_("values that changed, whole model"), percent(sum(row.parameters * row.changed for row in rows) / total)),
            (
                _("values that changed, encoder layers"),
                percent(sum(row.parameters * row.changed for row in layers) / sum(row.parameters for row in layers)),
            ),
        ]
    )
    charts.plot(
        training_figures.movement(
            tuple(replace(row, group=words.group_name(row.group)) for row in rows), text=_
        ),
        "article_movement",
        _("How far each group of parameters moved, in percent"),
    )  # fmt: skip


def unused_label(text: str) -> None:
    counts = {label: sum(value == f"label {label}" for value in ARTICLE.values()) for label in range(article.CLASSES)}
    row = cached_article.repetition(0, 3, 2, 1e-4, "adam").rows[0]
    facts([(_("sentences with label {number}").format(number=label), str(count)) for label, count in counts.items()])
    st.markdown(
        _(
            "After three epochs with one seed the model still gives label 3 a probability of {share:.1%} on average. It never saw it, so all that "
            "training teaches is to say it less."
        ).format(share=row.unused)
    )


def adam(text: str) -> None:
    steps = 10
    found = cached_article.drift(steps)
    st.dataframe(
        pd.DataFrame(
            {
                _("Optimiser"): [row.optimizer for row in found],
                _("Words that occur: moved by"): [percent(row.seen, 2) for row in found],
                _("All other words: moved by"): [percent(row.unseen, 4) for row in found],
            }
        ),
        hide_index=True,
        alt=_("How far each optimiser moves the word embeddings"),
    )
    st.caption(
        _(
            "{steps} steps on a copy of the word embeddings, learning rate 1e-3, weight decay 0.01; only the tutorial's words get a gradient. Adam leaves "
            "the others alone. Weight decay as part of the gradient is blown up by Adam's own scaling; AdamW, with which BERT is fine-tuned today, shrinks "
            "them by exactly 0.001% a step (Loshchilov & Hutter 2019)."
        ).format(steps=steps)
    )


def learns(text: str) -> None:
    for run in inputs.own_runs(gives="label"):
        report = cached_runs.run_report(run.id)
        test = report.evaluations.get("test") if report else None
        baseline = report.evaluations.get("baseline") if report else None
        if report and test and baseline:
            where = _("after training, on the same texts") if report.memorised else _("after training, on unseen texts")
            facts(
                [
                    (_("accuracy before training"), percent(baseline.metrics["accuracy"].value)),
                    (where, percent(test.metrics["accuracy"].value)),
                    (_("texts"), f"{test.n:,}"),
                ]
            )
            st.caption(
                _("Measured in your run {title}:")
                .format(title=layout.plain(inputs.run_title(run, report)))
                .rstrip(":：")
            )
            return
    name = next(iter(inputs.ready("label")))
    evaluation = bundled.evaluation(name)
    facts(
        [
            (
                _("accuracy of always giving the most frequent label"),
                percent(read_detail(Classes, evaluation).majority),
            ),
            (_("after training, on unseen texts"), percent(evaluation.metrics["accuracy"].value)),
            (_("texts"), f"{evaluation.n:,}"),
        ]
    )
    st.caption(
        _("Measured on a model that comes with the studio: {title}. Once you have trained one on Fine-tune, it is yours that is shown.").format(
            title=_(bundled.READY[name].title)
        )
    )  # fmt: skip


EVIDENCE = {
    "encoder-only": Evidence(only_encoder, "pages/encoder.py", N_("See the encoder, step by step")),
    "layer": Evidence(layer_change("tutorial-encoder"), "pages/encoder.py", N_("Change the computation yourself")),
    "tokens": Evidence(tokens_example, "pages/tokens.py", N_("Try other sentences on Tokens")),
    "qkv": Evidence(linear_maps, "pages/encoder.py", N_("See Q, K and V of every head")),
    "attention": Evidence(attention_formula, "pages/attention.py", N_("See the attention of every head")),
    "feed-forward": Evidence(layer_change("no-activation"), "pages/encoder.py", N_("Change the computation yourself")),
    "corpora": Evidence(corpora),
    "masking": Evidence(masking),
    "understanding": Evidence(use.understanding, "pages/playground.py", N_("Ask each of them on Playground")),
    "code": Evidence(snippets_fail, "pages/tokens.py", N_("See padding on Tokens")),
    "labels": Evidence(unused_label, "pages/finetune.py", N_("Train on the four sentences yourself")),
    "unchanged": Evidence(moved, "pages/runs.py", N_("See it for each of your runs")),
    "adam": Evidence(adam, "pages/finetune.py", N_("Set the weight decay yourself")),
    "accuracy": Evidence(repeated, "pages/finetune.py", N_("Train with held-out data")),
    "path": Evidence(learns, "pages/finetune.py", N_("Fine-tune on real sentences")),
    "customers": Evidence(use.customers, "pages/search.py", N_("Ask the help desk yourself")),
    "generation": Evidence(generation, "pages/attention.py", N_("See tokens look ahead")),
    "long": Evidence(use.long_texts, "pages/tokens.py", N_("See what is cut off on Tokens")),
    "data": Evidence(use.data, "pages/finetune.py", N_("Learn from your own examples")),
    "compute": Evidence(use.compute, "pages/finetune.py", N_("See the estimate before a run")),
}  # a CLAIMS id → what shows it  # fmt: skip


def opened() -> list[str]:
    """The claims that stand open: those that the address names, of which the first is brought into sight; else the first of all."""
    asked = st.session_state.get("shared_asked", ())
    if "view" in asked and inputs.get("view") in CLAIMS:  # an address of old names one claim as its view
        inputs.put("claims", inputs.get("view"))
        inputs.put("view", "")
    found = (
        [name for name in inputs.get("claims").split(",") if name in CLAIMS]
        if inputs.get("claims")
        else [next(iter(CLAIMS))]
    )
    if {"view", "claims"} & set(asked) and found:
        st.session_state[ASKED] = found[0]
    return found


def _toggled(claim: str, before: list[str]) -> None:
    st.session_state.pop(ASKED, None)
    now = [name for name in CLAIMS if (st.session_state[f"claim_{name}"] if name == claim else name in before)]
    inputs.put("claims", ",".join(now) or "none")


def show(name: str, text: str, open_claims: list[str]) -> None:
    """One claim: its verdict and what the tutorial says; opened, what is true and the evidence."""
    claim, evidence = CLAIMS[name], EVIDENCE[name]
    icon, colour = SIGNS[claim.verdict]
    part = st.expander(
        f":{colour}[**{_(VERDICTS[claim.verdict])}**] · {_(claim.says)}",
        expanded=name in open_claims,
        key=f"claim_{name}",
        icon=icon,
        on_change=_toggled,
        args=(name, open_claims),
    )
    if part.open:
        with part, layout.mistakes():
            if st.session_state.get(ASKED) == name:
                sight.come(name)
            st.markdown("**" + _("What is true:") + "** " + _(claim.truth))
            evidence.draw(text)
            if evidence.page:
                st.page_link(
                    evidence.page, label=_(evidence.link), icon=":material/arrow_forward:",
                    query_params={key: value for key, value in inputs.link().items() if key not in ("view", "claims", "verdict")},
                )  # fmt: skip


with layout.page(
    _("The tutorial, checked"),
    path.step("article")
    + _(
        "This studio follows the tutorial “{title}”. Its path is right: load BERT, tokenise, fine-tune, measure. Some of what it says on the way is not, "
        "and nobody should learn that here: this page goes through it section by section. Open a claim, or several: what is true, and the evidence, computed at "
        "that moment with the bundled model."
    ).format(title=TITLE),
    opens_in="en",  # as the bundled model reads
):
    text = inputs.sentence("article")
    counts = Counter(claim.verdict for claim in CLAIMS.values())
    verdict = inputs.segment(
        "verdict",
        "article",
        {"all": _("All {count} claims").format(count=len(CLAIMS))}
        | {name: f"{_(title)} · {counts[name]}" for name, title in VERDICTS.items()},
        _("Verdict"),
    )
    open_claims = opened()
    for section, title in SECTIONS.items():
        names = [name for name, row in CLAIMS.items() if row.section == section and verdict in ("all", row.verdict)]
        if names:
            st.header(_(title), anchor=False)
        for name in names:
            show(name, text, open_claims)
    layout.show_code(snippets.article_experiment(MODEL), _("The tutorial's experiment with one seed, so that it runs."))
    path.footer("article")

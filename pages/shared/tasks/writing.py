"""How written texts look: the text with how sure each token was, other ways to write it, and where the decoder looked in its source.

This module does not know how a text is written.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.contenders import COMPARISONS, TRANSLATION
from core.data.dataset import TextDataset
from core.figures import alignment as alignment_figures
from core.figures import scores as score_figures
from core.figures import training as training_figures
from core.metrics import METRICS
from core.results import Evaluation, Event, Prediction, RunConfig, RunReport
from core.tasks import signs
from core.tasks.base import read_detail
from core.tasks.generation import WAYS, Wish
from core.tasks.table import task_of
from core.tasks.text_scores import Origin, Texts
from core.tasks.writing import Candidate, Written, origin
from pages.shared import charts, contenders, inputs, layout
from pages.shared.cached import models as cached_models
from pages.shared.cached import writing as cached_writing
from pages.shared.experiments import Experiment
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.layout import plain
from pages.shared.snippets import writing as code
from pages.shared.tasks import marks
from pages.shared.tasks.base import View
from pages.shared.tasks.parts import compared, measured_on, newest_samples, reading

HEADLINE = "chrf"
FEW_ROWS = 30
MOST_BEAMS = 8
HIGHEST_SEED = 10_000
SHOWN_PAIRS = 5
LACKING = 30  # signs that are named


def _verdict(report: RunReport) -> str:
    """How near it comes to the targets, and whether writing is worth more than looking up."""
    if report.measured is None:
        return ""
    measured = report.measured.metrics
    low, high = measured[HEADLINE].bounds
    text = _(
        "{where} it writes **{same:.1%}** of the targets exactly; chrF is **{chrf:.1f}** of 100 (95% interval {low:.1f}–{high:.1f}), BLEU {bleu:.1f}."
    ).format(
        where=measured_on(report),
        same=measured["same_text"].value,
        chrf=measured[HEADLINE].value,
        low=low,
        high=high,
        bleu=measured["bleu"].value,
    )
    kinds = ", ".join(f"{plain(row.kind)} {row.same:.1%}" for row in read_detail(Texts, report.measured).kinds)
    if kinds:
        text = sentences(text, _("Exactly right, by kind of rows: {kinds}.").format(kinds=kinds))
    if report.memorised:
        return sentences(text, _("It has seen every one of them, so that says nothing about new texts."))
    if report.measured.n < FEW_ROWS:
        return sentences(text, _("With so few rows the figures are rough."))
    return sentences(text, _beside(report))


def _beside(report: RunReport) -> str:
    """Whether it beats the best of the simple ways."""
    titles = {way.id: _(way.title) for way in task_of(report.measured.task).beside} if report.measured else {}
    simple = {name: report.evaluations[name].metrics[HEADLINE].value for name in titles if name in report.evaluations}
    if not simple or report.measured is None:
        return ""
    best = max(simple, key=simple.__getitem__)
    own = report.measured.metrics[HEADLINE]
    if own.bounds[0] > simple[best]:
        text = _("“{way}”, which writes nothing of its own, reaches chrF {value:.1f}: writing is worth it here.")
    elif own.value > simple[best]:
        text = _("“{way}”, which writes nothing of its own, reaches chrF {value:.1f}: the difference may be chance.")
    else:
        text = _("**It does not beat “{way}”**, which writes nothing of its own and reaches chrF {value:.1f}.")
    return text.format(way=titles[best], value=simple[best])


def _detail(report: RunReport, key: str) -> None:
    """The figures of each kind of rows, beside a way without a model, and what of the model is BERT."""
    if report.measured is None:
        return
    texts = read_detail(Texts, report.measured)
    rows = compared(report)
    left, right = st.columns(2)
    with left:
        charts.plot(
            score_figures.ways([(title, found.metrics[HEADLINE]) for title, found in rows], HEADLINE, text=_),
            f"ways_{key}",
            _("chrF of this model and of a way without a model on the same rows, with 95% intervals"),
        )
        st.caption(sentences(*(f"**{_(way.title)}**: {_(way.help)}" for way in task_of(report.measured.task).beside)))
    with right:
        _origin(texts.origin, f"origin_{key}")
    _kinds([(title, read_detail(Texts, found)) for title, found in rows if found.n == report.measured.n], rows)
    facts = []
    if texts.cut:
        facts.append(_("{share:.1%} of the sources were longer than the model reads.").format(share=texts.cut))
    if texts.unfinished:
        facts.append(
            _("{share:.1%} of the texts came to no end by themselves and were cut.").format(share=texts.unfinished)
        )
    facts.append(
        _(
            "The tutorial says that BERT is good at generation and translation. BERT alone reads and does not write: what writes here is a decoder that learnt from {pairs:,} pairs. How good that is elsewhere, beside other ways:"
        ).format(pairs=report.data.counts.get("train", 0))
    )
    st.caption(sentences(*facts))
    for found in COMPARISONS:
        contenders.show(found)


def _kinds(of: Sequence[tuple[str, Texts]], rows: Sequence[tuple[str, Evaluation]]) -> None:
    """The metrics of each way over all rows, then over each kind."""
    same, chrf, bleu = (_(METRICS[name].title) for name in ("same_text", "chrf", "bleu"))
    lines = [
        (title, _("all rows"), found.n, *(found.metrics[name].value for name in ("same_text", "chrf", "bleu")))
        for title, found in rows
    ]
    kinds = list(dict.fromkeys(row.kind for _title, texts in of for row in texts.kinds))
    lines += [
        (title, row.kind, row.n, row.same, row.chrf, row.bleu)
        for kind in kinds
        for title, texts in of
        for row in texts.kinds
        if row.kind == kind
    ]
    frame = pd.DataFrame(lines, columns=[_("Way"), _("Kind of rows"), _("Rows"), same, chrf, bleu])
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            same: st.column_config.NumberColumn(format="%.3f"),
            chrf: st.column_config.NumberColumn(format="%.1f"),
            bleu: st.column_config.NumberColumn(format="%.1f"),
        },
        alt=_("Exact match, chrF and BLEU of each way, over all rows and over each kind"),
    )


def _origin(of: Origin, key: str) -> None:
    """What of a model came from BERT, and what was drawn."""
    if not of.parameters:
        return
    parts = {
        _("BERT, twice"): of.parameters - of.new,
        _("new attention"): of.cross_attention,
        _("new head"): of.head,
        _("new signs"): of.embeddings,
    }
    charts.plot(
        training_figures.label_balance(
            {name: count for name, count in parts.items() if count},
            title=_("Which part is BERT, which is new"), unit=_("Parameters"), text=_,
        ),
        key,
        _("How many parameters came from BERT, and how many began at random"),
    )  # fmt: skip
    st.caption(_origin_text(of))


def _origin_text(of: Origin) -> str:
    return _(
        "BERT is an encoder: it reads. {share:.0%} of this model began as BERT, once as the encoder and once more as the decoder. New, and random at first: the decoder's attention to the source, the head that names the next token, and the embeddings of signs that the vocabulary lacked."
    ).format(share=(of.parameters - of.new) / of.parameters)


def _mistakes(evaluation: Evaluation) -> None:
    """The texts that are furthest from what was wanted."""
    texts = read_detail(Texts, evaluation)
    if not texts.examples:
        message = ngettext("No mistake in {n:,} text.", "No mistake in {n:,} texts.", evaluation.n)
        st.success(message.format(n=evaluation.n), icon=":material/check_circle:")
        return
    st.caption(
        _(
            "Furthest from the target first. A text that says the same in other words counts as wrong too: no figure here knows meaning."
        )
    )
    _table([vars(row) for row in texts.examples], _("The texts that are furthest from their targets"))


def _samples(events: Sequence[Event]) -> None:
    """What is written for the same few validation sources at the newest evaluation."""
    step, rows = newest_samples(events)
    if not rows:
        return
    st.markdown("**" + _("What it writes so far") + "**")
    st.caption(_("The same validation sources each time; at step {step}.").format(step=step))
    _table(rows, _("Validation sources with their targets and what is written"))


def _table(rows: Sequence[Mapping[str, object]], alt: str) -> None:
    """Sources with their targets and what was written."""
    names = {"source": _("Source"), "target": _("Target"), "written": _("Written"), "chrf": "chrF"}
    st.dataframe(
        pd.DataFrame(rows)[list(names)].rename(columns=names),
        hide_index=True,
        height="content",
        column_config={
            names["source"]: st.column_config.TextColumn(width="medium"),
            names["chrf"]: st.column_config.NumberColumn(format="%.1f", width="small"),
        },
        alt=alt,
    )


def _data(dataset: TextDataset) -> None:
    """A few pairs, evenly over the training rows."""
    rows = dataset.splits["train"]
    rows = rows.select(np.linspace(0, len(rows) - 1, min(len(rows), SHOWN_PAIRS)).round().astype(int).tolist())
    st.dataframe(
        pd.DataFrame({_("Source"): list(rows["text"]), _("Target"): list(rows["target"])}),
        hide_index=True,
        alt=_("A few sources with their targets"),
    )
    with st.expander(_("How well BERT learns to write, measured on the phrasebook"), icon=":material/balance:"):
        contenders.show(TRANSLATION)


def _preview(row: Mapping[str, object], dataset: TextDataset, model: str, max_length: int) -> None:
    """A source as the model reads it, its target, and what of it the vocabulary lacks."""
    reading(model, str(row["text"]), "", max_length)
    st.markdown(_("It learns to write: {target}").format(target=plain(str(row["target"]))))
    found = signs.lacking(cached_models.tokenizer(model, -1), [str(row["target"])])
    new = [*found.unknown, *found.respelt][:LACKING]
    if new:
        st.caption(
            _(
                "The vocabulary of {model} cannot write these; they are added to it where they occur often enough: {signs}"
            ).format(model=plain(model), signs=plain(" ".join(new)))
        )


def _fields(page: str, options: DeltaGenerator) -> dict[str, str]:
    return {"text": inputs.passage(page, label=_("Source"))}


def _answer(prediction: Prediction, key: str) -> None:
    """What was written, and how sure each token was."""
    assert isinstance(prediction, Written)
    if not prediction.output:
        st.caption(_("It writes nothing: the first token ends the text at once."))
        return
    sure = _("{share:.1%} per token").format(share=prediction.confidence)
    st.html(
        f'<div class="answer" dir="auto">{marks.visible(prediction.output)} <small>{marks.visible(sure)}</small></div>'
    )
    least = int(np.argmin(prediction.probabilities))
    st.caption(
        _("Least sure of “{token}”: {share:.1%}. The figure above is the geometric mean over all tokens.").format(
            token=plain(prediction.tokens[least]), share=prediction.probabilities[least]
        )
    )
    if not prediction.ended:
        st.caption(_("It came to no end by itself and was cut: it may be no longer than the longest target it learnt."))


def _brief(prediction: Prediction) -> str:
    assert isinstance(prediction, Written)
    return prediction.output


def _wish() -> Wish:
    """How it is to be written, as the visitor chooses."""
    ways = {way.id: _(way.title) for way in WAYS.values()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = inputs.segment("way", "playground", ways, _("How the next token is chosen"))
        count, temperature, seed = 1, 1.0, 0
        if way != "greedy":
            count = inputs.whole_number("beams", "playground", label=_("Texts"), low=1, high=MOST_BEAMS)
        if way == "sample":
            seed = inputs.whole_number("seed", "playground", label=_("Seed"), low=0, high=HIGHEST_SEED)
            temperature = inputs.decimal(
                "temperature", "playground", label=_("Temperature"), low=0.1, high=2.0, step=0.1
            )  # fmt: skip
    st.caption(_(WAYS[way].help))
    return Wish(way, count, temperature, seed)


def _closer(name: str, given: Mapping[str, str]) -> None:
    """Other ways to write it, and where the decoder looked in the source for each token."""
    st.header(_("Ways to write it, and where the decoder looks"), anchor=False)
    wish = _wish()
    found = cached_writing.candidates(name, given["text"], wish)
    chosen = found[_chosen(found)]
    if chosen.attention.size:
        _alignment(chosen)
    predictor = cached_models.predictor(name)
    layout.show_code(
        code.candidates(name, given["text"], wish, predictor.max_length),
        title=_("The code of this way"),
        key="ways_code",
    )
    of = origin(predictor.model)
    if of.new:
        st.caption(_origin_text(of))


def _chosen(found: Sequence[Candidate]) -> int:
    """Which of several texts is in view; all of them in a table, with how likely each is."""
    if len(found) == 1:
        st.markdown("**" + (plain(found[0].written.output) or "–") + "**")
        return 0
    logs = [float(np.log(np.clip(row.written.probabilities, 1e-30, 1)).sum()) for row in found]
    means = [total / len(row.written.probabilities) for total, row in zip(logs, found, strict=True)]
    scores = (_("Log-probability per token"), _("Log-probability"))
    st.dataframe(
        pd.DataFrame(
            {
                "#": range(1, len(found) + 1),
                _("Written"): [row.written.output for row in found],
                scores[0]: means,
                scores[1]: logs,
            }
        ),
        hide_index=True,
        column_config={name: st.column_config.NumberColumn(format="%.3f") for name in scores},
        alt=_("Every text with its log-probability"),
    )
    st.caption(
        _(
            "Beams are ranked by the log-probability per token, so that short texts have no advantage. Texts that came twice stand here once."
        )
    )
    options = {str(place + 1): f"{place + 1}. {row.written.output}"[:80] for place, row in enumerate(found)}
    return int(inputs.choice("line", "playground", options, _("Text whose attention is shown"))) - 1


def _alignment(chosen: Candidate) -> None:
    """Where the decoder looked for each token it wrote: the mean of some heads, or one."""
    looks = {"": _("Last layer, mean of its heads"), "all": _("Mean of all heads"), "head": _("One head")}
    layers, heads = chosen.attention.shape[:2]
    look = inputs.segment("look", "playground", looks, _("Attention to the source"))
    if look == "head":
        layer, head = inputs.layer_and_head("playground", layers, heads, (layers - 1, 0))
        weights = chosen.attention[layer, head]
        title = _("Decoder layer {layer}, head {head}: where it looks").format(layer=layer + 1, head=head + 1)
    else:
        weights = chosen.attention.mean(axis=(0, 1)) if look == "all" else chosen.attention[-1].mean(axis=0)
        title = _("Where the decoder looks in the source")
    charts.plot(
        alignment_figures.alignment(
            chosen.source, chosen.written.tokens, weights, chosen.written.probabilities, title=title, text=_
        ),
        "alignment",
        _("For each written token how much the decoder looks at each token of the source"),
    )
    st.caption(
        _(
            "Each row sums to 1. In a trained translator some heads look at the word that is being translated: an alignment that nobody taught. Much weight on [SEP] means that little is looked for."
        )
    )


def _training_code(config: RunConfig, rows: str, dataset: TextDataset) -> str:
    return code.train_writer(config, rows, held_out=not dataset.report.shared)


def _predict_code(model: str, given: Mapping[str, str], max_length: int) -> str:
    return code.answer(model, given["text"], max_length)


def _first_run() -> Experiment:
    """A translator is 186 MB, too large to come along, but learnt in minutes."""
    return Experiment(
        "phrasebook",
        _("Learn to translate"),
        _("What does BERT learn to translate in six minutes?"),
        _(
            "4,049 English sentences with their Chinese, made by a grammar. Press Start: where this was tried, training took six minutes on one processor core; you may close the page meanwhile. "
            "Then press “Try it in the Playground” and write a sentence: new combinations of known words come out right more than half of the time, a word that it never met never does."
        ),
        {"model": "minilm", "data": "phrasebook", "preset": "balanced", "changes": ""},
    )


VIEW = View(
    verdict=_verdict,
    detail=_detail,
    mistakes=_mistakes,
    samples=_samples,
    data=_data,
    preview=_preview,
    fields=_fields,
    answer=_answer,
    rows_code=code.rows,
    training_code=_training_code,
    predict_code=_predict_code,
    closer=_closer,
    brief=_brief,
    first_run=_first_run,
)

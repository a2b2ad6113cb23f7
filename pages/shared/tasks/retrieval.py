"""How retrieval looks: passages in the order of their similarity, how far up the right ones come, and what came first instead.

This module does not know how a vector is made.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.dataset import TextDataset
from core.figures import ranks as figures
from core.figures import training as training_figures
from core.metrics import METRICS
from core.results import Evaluation, Event, Prediction, RunConfig, RunReport
from core.tasks.base import read_detail
from core.tasks.rank_scores import Ranks
from core.tasks.retrieval import Ranked
from core.tasks.table import task_of
from pages.shared import charts, inputs
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.layout import plain
from pages.shared.snippets import retrieval as code
from pages.shared.tasks.base import View
from pages.shared.tasks.parts import compared, measured_on, reading, worst_samples

HEADLINE = "recall_1"
FEW_ROWS = 50
SHOWN_PASSAGES = 15  # of the passages of a dataset with the most questions


def _verdict(report: RunReport) -> str:
    """How often the right passage comes first, whether training helped, and what it says of new passages."""
    if report.measured is None:
        return ""
    ranks, measured = read_detail(Ranks, report.measured), report.measured.metrics
    low, high = measured[HEADLINE].bounds
    text = _(
        "{where} it puts the right one of {passages:,} passages first for **{first:.1%}** (95% interval {low:.1%}–{high:.1%}), and among the first ten for {ten:.1%}."
    ).format(
        where=measured_on(report),
        passages=ranks.passages,
        first=measured[HEADLINE].value,
        low=low,
        high=high,
        ten=measured["recall_10"].value,
    )
    if report.memorised:
        return sentences(text, _("It has seen every one of them, so that says nothing about new texts."))
    return sentences(text, _helped(report), _beside(report), _new(ranks), _few(report.measured.n))


def _helped(report: RunReport) -> str:
    """What the same encoder reached before."""
    before = report.evaluations.get("baseline")
    if before is None or report.measured is None or before.rows != report.measured.rows:
        return ""
    value, own = before.metrics[HEADLINE].value, report.measured.metrics[HEADLINE]
    if own.bounds[0] > value:
        text = _("Before training it was {value:.1%}: training helped.")
    elif own.value > value:
        text = _("Before training it was {value:.1%}: the difference may be chance.")
    else:
        text = _("**Training did not help**: before it, it was {value:.1%}.")
    return text.format(value=value)


def _beside(report: RunReport) -> str:
    """What the simple ways reach."""
    assert report.measured is not None
    ways = [way for way in task_of(report.measured.task).beside if way.id in report.evaluations]
    return sentences(
        *(
            _("{way} reaches {value:.1%}.").format(
                way=_(way.title), value=report.evaluations[way.id].metrics[HEADLINE].value
            )
            for way in ways
        )
    )


def _new(ranks: Ranks) -> str:
    if ranks.new == 1:
        return _("None of the passages asked for was in training: that is how it does on new ones.")
    if ranks.new == 0:
        return _("All of the passages asked for were in training, with other questions: of new ones it says nothing.")
    return _("{share:.0%} of the questions ask for a passage that was not in training.").format(share=ranks.new)


def _few(n: int) -> str:
    return _("With so few questions the figures are rough.") if n < FEW_ROWS else ""


def _detail(report: RunReport, key: str) -> None:
    """Recall at k of this model, of the same before training and of ways without a model, and all metrics in a table."""
    if report.measured is None:
        return
    rows = compared(report)
    left, right = st.columns(2)
    with left:
        charts.plot(
            figures.recall([(title, read_detail(Ranks, found)) for title, found in rows], text=_),
            f"recall_{key}",
            _("Recall at 1, 3, 5 and 10 of this model, of the same before training and of ranking by words"),
        )
    with right:
        metrics = {METRICS[name].title: name for name in report.measured.metrics}
        st.dataframe(
            {_("Way"): [title for title, _found in rows]}
            | {title: [_measure(found, name) for _title, found in rows] for title, name in metrics.items()},
            hide_index=True,
            alt=_("What this model and simpler ways reach on the same questions"),
        )
        st.caption(
            sentences(
                _("95% intervals in brackets."),
                *(f"**{_(way.title)}**: {_(way.help)}" for way in task_of(report.measured.task).beside),
                _(
                    "Each question was ranked against every passage of the data, those of training included: {passages:,}."
                ).format(passages=read_detail(Ranks, report.measured).passages),
                _("The page Search can search with this model: choose the run there."),
            )
        )


def _measure(evaluation: Evaluation, name: str) -> str:
    measure = evaluation.metrics[name]
    low, high = measure.bounds
    return f"{measure.value:.3f} ({low:.2f}–{high:.2f})"


def _mistakes(evaluation: Evaluation) -> None:
    """The questions whose passage comes lowest, with what came first."""
    ranks = read_detail(Ranks, evaluation)
    if not ranks.examples:
        message = ngettext("No mistake in {n:,} question.", "No mistake in {n:,} questions.", evaluation.n)
        st.success(message.format(n=evaluation.n), icon=":material/check_circle:")
        return
    st.caption(
        _(
            "The lowest ranks first. What came first may answer the question as well: only the passage of the data counts as right."
        )
    )
    _table([vars(row) for row in ranks.examples], _("Questions whose right passage does not come first"))


def _samples(events: Sequence[Event]) -> None:
    """The validation questions whose passage came lowest at the newest evaluation."""
    rows = worst_samples(events, _("At step {step}."))
    if rows:
        _table(rows, _("Validation questions whose right passage comes lowest"))


def _table(rows: Sequence[Mapping[str, object]], alt: str) -> None:
    names = {"question": _("Question"), "rank": _("Rank"), "passage": _("Right passage"), "first": _("Came first")}
    st.dataframe(
        pd.DataFrame(rows)[list(names)].rename(columns=names),
        hide_index=True,
        height="content",
        column_config={
            names["question"]: st.column_config.TextColumn(width="medium"),
            names["rank"]: st.column_config.NumberColumn(width="small"),
        },
        alt=alt,
    )


def _data(dataset: TextDataset) -> None:
    """How many questions the passages have."""
    pairs = [pair for split in dataset.splits.values() for pair in split["pair"]]
    per_passage = pd.Series(pairs).value_counts().value_counts().sort_index()
    charts.plot(
        training_figures.label_balance(
            {str(count): int(passages) for count, passages in list(per_passage.items())[:SHOWN_PASSAGES]},
            title=_("Passages by the number of their questions"), unit=_("Passages"), text=_,
        ),
        "balance",
        _("How many passages have how many questions"),
    )  # fmt: skip


def _preview(row: Mapping[str, object], dataset: TextDataset, model: str, max_length: int) -> None:
    """The question and its passage, each read by itself."""
    for text in (row["text"], row["pair"]):
        reading(model, str(text), "", max_length)
    st.caption(_("It learns to give both vectors that are near each other."))


def _fields(page: str, options: DeltaGenerator) -> dict[str, str]:
    question = inputs.sentence(page, label=_("Question"))
    return {"text": question, "pair": inputs.second_passage(page, label=_("Passages, with an empty line between them"))}


def _answer(prediction: Prediction, key: str) -> None:
    """The passages, the nearest first."""
    assert isinstance(prediction, Ranked)
    rows = prediction.passages
    charts.plot(
        figures.similarities([(row.text, row.cosine) for row in rows], text=_),
        key,
        _("The cosine of each passage with the question, the nearest first"),
    )
    for place, row in enumerate(rows, start=1):
        st.markdown(f"**{place}.** " + plain(row.text))
    cut = [str(place) for place, row in enumerate(rows, start=1) if row.cut]
    if cut:
        st.warning(_("The model did not read these passages to their end: {places}.").format(places=", ".join(cut)))
    elif prediction.truncated:
        st.warning(_("The model did not read the question to its end."))
    if len(rows) == 1:
        st.caption(_("A cosine alone says little: compare several passages, with an empty line between them."))


def _brief(prediction: Prediction) -> str:
    assert isinstance(prediction, Ranked)
    return f"{prediction.passages[0].text[:80]} ({prediction.passages[0].cosine:.3f})"


def _training_code(config: RunConfig, rows: str, dataset: TextDataset) -> str:
    return code.train_encoder(config, rows, held_out=not dataset.report.shared)


def _predict_code(model: str, given: Mapping[str, str], max_length: int) -> str:
    return code.answer(model, given["text"], given["pair"], max_length)


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
    brief=_brief,
)

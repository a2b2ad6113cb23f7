"""What a view is: the functions that show how one task's data, answers and measure look, and the scripts behind them.

All of them take plain results, so that no model has to be loaded to try them. This module does not know which tasks there
are (pages.shared.tasks.table does).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from streamlit.delta_generator import DeltaGenerator

from core.data.dataset import TextDataset
from core.results import Attribution, Evaluation, Event, Prediction, RunConfig, RunReport
from pages.shared.experiments import Experiment
from pages.shared.layout import Download


@dataclass(frozen=True)
class Subject:
    """Something in an answer that can be explained: a label, or with `at` the label of the token at that character of the text.

    label: "" for the one that the model gives. end: of a span of the second text, which begins at `at`; an empty span stands for none.
    """

    title: str
    label: str
    at: int | None = None
    end: int | None = None


AttributionCode = Callable[[str, Mapping[str, str], Subject, Attribution, int], str]


@dataclass(frozen=True)
class View:
    """How one task looks.

    verdict(report): what a result means, one honest sentence in Markdown. detail(report, key): how good the model is, beyond
    the metrics. mistakes(evaluation): where it is wrong; None where there is nothing to list. samples(events): what the
    evaluations of a run show of its examples. data(dataset): what a dataset holds, beside the lengths of its texts.
    preview(row, dataset, model, max_length): one training row as the model reads it. fields(page, options): draws the inputs of
    a model that answers, those that it can do without into `options`, and returns them by role. answer(prediction, key): draws one answer. subjects(prediction): what in it can
    be explained, the first of them unasked. downloads(predictions): files in the task's own formats. rows_code(name, file,
    dataset): code that reads the data, a DATASETS or hub id, or a file. training_code(config, rows, dataset): the script of a run,
    where rows is such code. predict_code(model, inputs by role, max_length): the script of one answer; attribution_code(model,
    inputs by role, subject, attribution, max_length): the script that goes on with which words made it so.
    closer(model, inputs by role): what else the model says of one input; None where the answer says it all.
    brief(prediction): one answer in a line, for a table of many; None where the columns of the task's own table say it.
    first_run(): where no model for the task comes with the studio, the experiment of Fine-tune that makes one, and how long it takes.
    Keys and pages keep the widgets of several uses on one page apart.
    """

    verdict: Callable[[RunReport], str]
    detail: Callable[[RunReport, str], None]
    mistakes: Callable[[Evaluation], None] | None
    samples: Callable[[Sequence[Event]], None]
    data: Callable[[TextDataset], None]
    preview: Callable[[Mapping[str, object], TextDataset, str, int], None]
    fields: Callable[[str, DeltaGenerator], dict[str, str]]
    answer: Callable[[Prediction, str], None]
    rows_code: Callable[[str, str, TextDataset], str]
    training_code: Callable[[RunConfig, str, TextDataset], str]
    predict_code: Callable[[str, Mapping[str, str], int], str]
    attribution_code: AttributionCode = lambda model, given, subject, attribution, max_length: ""
    subjects: Callable[[Prediction], tuple[Subject, ...]] = lambda prediction: ()
    downloads: Callable[[Sequence[Prediction]], tuple[Download, ...]] = lambda predictions: ()
    closer: Callable[[str, Mapping[str, str]], None] | None = None
    brief: Callable[[Prediction], str] | None = None
    first_run: Callable[[], Experiment] | None = None

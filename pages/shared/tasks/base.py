"""What a view is: the functions that show how one task's data, answers and measure look, and the scripts behind them.

All of them take plain results, so that no model has to be loaded to try them. This module does not know which tasks there
are (pages.shared.tasks.table does).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.data.dataset import TextDataset
from core.results import Evaluation, Event, Prediction, RunConfig, RunReport


@dataclass(frozen=True)
class View:
    """How one task looks.

    verdict(report): what a result means, one honest sentence in Markdown. detail(report, key): how good the model is, beyond
    the metrics. mistakes(evaluation): where it is wrong; None where there is nothing to list. samples(events): what the
    evaluations of a run show of its examples. data(dataset): what a dataset holds, beside the lengths of its texts.
    preview(row, dataset, model, max_length): one training row as the model reads it. fields(page): draws the inputs of a
    model that answers, and returns them by role. answer(prediction, key): draws one answer. training_code(config, rows,
    dataset): the script of a run, where rows is the code that reads the data (snippets.finetune.training_rows for labelled
    rows, snippets.learn.documents for documents). predict_code(model, inputs by role, max_length): the script of one answer.
    Keys and pages keep the widgets of several uses on one page apart.
    """

    verdict: Callable[[RunReport], str]
    detail: Callable[[RunReport, str], None]
    mistakes: Callable[[Evaluation], None] | None
    samples: Callable[[Sequence[Event]], None]
    data: Callable[[TextDataset], None]
    preview: Callable[[Mapping[str, object], TextDataset, str, int], None]
    fields: Callable[[str], dict[str, str]]
    answer: Callable[[Prediction, str], None]
    training_code: Callable[[RunConfig, str, TextDataset], str]
    predict_code: Callable[[str, Mapping[str, str], int], str]

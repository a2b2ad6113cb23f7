"""How next sentence prediction looks: as classification of pairs, whose rows are drawn from documents."""

from collections.abc import Mapping
from dataclasses import replace

from core.data.dataset import TextDataset
from core.results import RunConfig
from pages.shared.snippets import learn as learn_code
from pages.shared.snippets import pretraining as pretraining_code
from pages.shared.tasks.classify import PAIR_VIEW
from pages.shared.tasks.masked import rows_code


def _training_code(config: RunConfig, rows: str, dataset: TextDataset) -> str:
    return learn_code.pretrain_next(config, rows, held_out=not dataset.report.shared)


def _predict_code(model: str, given: Mapping[str, str], max_length: int) -> str:
    return pretraining_code.next_sentence(model, given["text"], given["pair"], max_length)


VIEW = replace(PAIR_VIEW, rows_code=rows_code, training_code=_training_code, predict_code=_predict_code)

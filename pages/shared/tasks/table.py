"""VIEWS: how each task looks, one row for every row of core.tasks.table.TASKS.

A new task is its module in this package and its line here. This module does not know anything else of a view.
"""

from core.tasks.answers import QUESTION_ANSWERING
from core.tasks.classify import PAIR, TEXT
from core.tasks.masked import MASKED
from core.tasks.multilabel import MULTI_LABEL
from core.tasks.next_sentence import NEXT_SENTENCE
from core.tasks.retrieval import PASSAGE_RETRIEVAL
from core.tasks.scoring import PAIR as PAIR_SCORE
from core.tasks.scoring import TEXT as TEXT_SCORE
from core.tasks.tags import NAMED_ENTITIES
from core.tasks.writing import TEXT_TO_TEXT
from pages.shared.tasks import answers, classify, masked, multilabel, next_sentence, retrieval, scoring, tags, writing
from pages.shared.tasks.base import View

VIEWS: dict[str, View] = {
    TEXT.id: classify.TEXT_VIEW,
    PAIR.id: classify.PAIR_VIEW,
    TEXT_SCORE.id: scoring.TEXT_VIEW,
    PAIR_SCORE.id: scoring.PAIR_VIEW,
    MULTI_LABEL.id: multilabel.VIEW,
    MASKED.id: masked.VIEW,
    NEXT_SENTENCE.id: next_sentence.VIEW,
    NAMED_ENTITIES.id: tags.VIEW,
    QUESTION_ANSWERING.id: answers.VIEW,
    TEXT_TO_TEXT.id: writing.VIEW,
    PASSAGE_RETRIEVAL.id: retrieval.VIEW,
}

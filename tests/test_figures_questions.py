"""Figures of answers to questions: the names below the curves stand apart, and nothing lies over anything else."""

import numpy as np

from core.figures.questions import LABELLED, curves
from core.tasks.spans import Curves


def test_the_start_and_the_end_are_named_and_other_names_stand_apart() -> None:
    count = 24
    start, end = np.full(count + 3, 0.001), np.full(count + 3, 0.001)
    start[8], start[7], end[9] = 0.9, 0.05, 0.95
    tokens = ("[CLS]", "how", "[SEP]", *(f"word{place}" for place in range(count)))
    figure = curves(Curves(tokens, start, end, 3, tuple((place, place + 1) for place in range(count)), 0, 1))
    places = list(figure.layout.xaxis.tickvals)
    assert {0, 6, 7} <= set(places), "no answer, the start and the end"
    assert len(set(places)) == len(places)
    others = [place for place in places if place not in (0, 6, 7)]
    assert others and all(abs(one - other) > count / LABELLED for one in others for other in places if one != other)
    assert figure.layout.legend.y >= 1, "not below, where the names are"

"""match_labels: which of a model's labels a dataset means by each of its own, and unknown_labels: which of them it does not have.

This module does not know what is done with the labels.
"""

import re
from collections.abc import Sequence

from core.errors import UserError, some

NUMBERED_LABEL = re.compile(r"(?:label_)?(\d{1,6})(?:\.0*)?")


def match_labels(model_labels: Sequence[str], data_labels: Sequence[str]) -> tuple[int, ...]:
    """The model's class index for each of the data's labels.

    Names are compared exactly, then without regard to case, then with 1.0 as 1; so two spellings in the data can mean one label. Where one side only numbers its classes (0, 1, … or
    LABEL_0, LABEL_1, …), the number is the other side's class index; a model that has only numbers takes named labels
    in their order when there are as many. The data may lack some of the model's labels.
    Raises UserError naming both sides otherwise.
    """
    for key in (str, _fold, _plain):
        names = {key(label): i for i, label in enumerate(model_labels)}
        wanted = [key(label) for label in data_labels]
        if len(names) == len(model_labels) and set(wanted) <= set(names):
            return tuple(names[label] for label in wanted)
    count = len(model_labels)
    known = [_number(label) for label in model_labels]
    counted = known == list(range(count))
    given = [_number(label) for label in data_labels]
    numbers = tuple(number for number in given if number is not None and number < count)
    if len(set(numbers)) == len(data_labels) and (counted or set(known) == {None}):
        return numbers
    if len(data_labels) == count and counted and set(given) == {None}:
        return tuple(range(count))
    raise UserError(
        "the data's labels ({data}) are not the model's ({model}); use data with the model's labels, or train on this data",
        data=some(data_labels, most=12, chars=40),
        model=some(model_labels, most=12, chars=40),
    )


def unknown_labels(model_labels: Sequence[str], data_labels: Sequence[str]) -> tuple[str, ...]:
    """Those of the data's labels that the model does not know, where it knows some of them by name; () where it knows all.

    Raises UserError, as match_labels, when it knows none.
    """
    names = {_plain(label) for label in model_labels}
    known = [label for label in data_labels if _plain(label) in names]
    try:
        match_labels(model_labels, data_labels)
    except UserError:
        match_labels(model_labels, known or data_labels)
        return tuple(label for label in data_labels if label not in known)
    return ()


def _plain(label: str) -> str:
    """A label without regard to case, spaces around it, and the decimals of a whole number."""
    return re.sub(r"^([+-]?\d+)\.0*$", r"\1", _fold(label))


def _fold(label: str) -> str:
    return label.strip().casefold()


def _number(label: str) -> int | None:
    """The class number that a label without a name of its own stands for: 1, 1.0, LABEL_1."""
    numbered = NUMBERED_LABEL.fullmatch(_fold(label))
    return int(numbered[1]) if numbered else None

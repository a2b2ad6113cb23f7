"""Labels by the names that a person wants: merged, renamed, left out.

The same for one label a row and for the types of entities. This module does not know what has the labels, nor what they mean.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from core.errors import N_, Note, some

LABELS_ALIKE = N_("the labels {labels} differ in case or spaces only; they are kept apart")
TYPES_ALIKE = N_("the types {types} differ in case or spaces only; they are kept apart")


def spelling(label: str) -> str:
    """What two spellings of one label have in common: all but case and spaces."""
    return "".join(label.casefold().split())


def alike(counts: Mapping[str, int]) -> dict[str, str]:
    """Labels that differ from another in case or spaces only → the spelling that most rows have. counts: label → rows."""
    usual: dict[str, str] = {}
    for label in sorted(counts, key=lambda label: -counts[label]):
        usual.setdefault(spelling(label), label)
    return {label: usual[spelling(label)] for label in counts if usual[spelling(label)] != label}


def ambiguous(labels: Sequence[str]) -> list[str]:
    """All labels of which another one is a spelling."""
    counts = Counter(map(spelling, labels))
    return [label for label in labels if counts[spelling(label)] > 1]


def merged(names: Mapping[str, str], counts: Mapping[str, int], more: Mapping[str, str]) -> dict[str, str]:
    """The names when those that labels have now are changed once more. counts: label as it is read → rows; more: name → new name."""
    now = {label: names.get(label, label) for label in counts}
    found = {label: more.get(name, name) for label, name in now.items()}
    return {label: name for label, name in found.items() if name != label}


def notes(names: Mapping[str, str], counts: Mapping[str, int]) -> tuple[Note, ...]:
    """What became of which label. names: label → new name; counts: label as it is read → rows or mentions."""
    renamed = [f"{label} → {name} ({counts[label]:,})" for label, name in names.items() if name and label in counts]
    left_out = [f"{label} ({counts[label]:,})" for label, name in names.items() if not name and label in counts]
    unknown = [label for label in names if label not in counts]
    found = (
        (N_("labels were renamed as you said: {labels}"), renamed),
        (N_("labels were left out as you said: {labels}"), left_out),
        (N_("there is no label {labels} that could be renamed or left out; check its spelling"), unknown),
    )
    return tuple((message, {"labels": some(labels)}) for message, labels in found if labels)

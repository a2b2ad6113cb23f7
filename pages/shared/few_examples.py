"""How far labels in words go beside a few examples, as a picture. It does not know who asks, nor what the labels mean."""

from collections.abc import Mapping

from core.figures.search import few_examples
from core.results import Measure
from core.search import zero_shot
from pages.shared import charts, progress
from pages.shared.cached import search as cached_search
from pages.shared.i18n import _


def show(model: str, data: str, labels: Mapping[str, str], key: str) -> Measure:
    """Draw the accuracies on the test rows of a dataset; returns that of the labels in words. labels: label → its description."""
    rows = cached_search.classified(model, data)
    described = cached_search.described(model, tuple(labels[name] for name in rows.labels))
    none = zero_shot.accuracy(rows.test[0] @ described.T, rows.test[2])
    with progress.spinner(_("Learning from a few examples …")):
        reached = cached_search.learnt(model, data)
    charts.plot(
        few_examples(none, reached, text=_),
        key,
        _("Accuracy with labels in words, and with 8, 32 and 128 examples to learn from"),
    )
    return none

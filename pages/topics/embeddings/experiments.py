"""The prepared experiments of the Embeddings page."""

from pages.shared import inputs
from pages.shared.experiments import Experiment
from pages.shared.i18n import _


def rows() -> list[Experiment]:
    """What to try; before and after fine-tuning with the newest run, or else with a model that comes with the studio."""
    return [
        Experiment(
            "bank",
            _("Money or river"),
            _("When do the two meanings of *bank* part?"),
            _(
                "Six sentences with *bank*. Before the first layer all six vectors are nearly the same; then the two senses part. Compare *bat* and *light*: "
                "the layer where the gap is largest differs from word to word."
            ),
            {"model": "minilm", "view": "word", "uses": "bank", "state": ""},
        ),
        Experiment(
            "pooling",
            _("One vector, four ways"),
            _("Which vector stands best for a whole sentence?"),
            _(
                "The same sentence as [CLS], mean, maximum and pooler_output. This model was tuned with the mean: look at which matrix below sets the two "
                "paraphrases (1 and 2) apart from the tomatoes (4) best, and note that opposites (1 and 3) stay near under all."
            ),
            {"model": "minilm", "view": "output", "text": inputs.DEFAULTS["text"], "pair": "", "compared": "", "state": ""},
        ),
        Experiment(
            "films",
            _("1,000 film sentences"),
            _("Do praise and blame lie apart?"),
            _(
                "Praise and blame lie mixed: this model was trained to put sentences of one topic together, and these are all about films. Yet the linear probe "
                "tells the labels apart far better than chance: what it needs is there, in directions the map does not show."
            ),
            {"model": "minilm", "view": "map", "texts": "rotten_tomatoes", "rows": "1000", "map": "pca-2", "pooling": "mean", "state": "", "compare": "one"},
        ),
        Experiment(
            "before-after",
            _("Before and after fine-tuning"),
            _("What does fine-tuning do to the map?"),
            _(
                "A trained model beside the one it began with, on the same axes: the newest of your runs, or else a model that comes with the studio. Fine-tuning "
                "pulls the labels apart: compare the silhouettes, and see in the curve at which layer it happens."
            ),
            {
                "model": next(iter(inputs.answering("label"))), "view": "map", "map": "pca-2", "pooling": "mean", "state": "", "compare": "both",
            },
        ),
    ]  # fmt: skip

"""Embeddings: the vectors a model makes of tokens, words and sentences, and what is near what."""

from pages.shared import inputs, layout, path, unknown
from pages.shared.cached import tokens as cached_tokens
from pages.shared.experiments import of, strip
from pages.shared.i18n import _
from pages.topics.embeddings import experiments, output, sentence_map, word

BEHIND_OPTIONS = {
    "output": ("pair", "cut"),
    "word": (),
    "map": ("rows", "pooling", "map", "cut"),
}  # view → the shared values chosen there

with layout.page(
    _("Embeddings"),
    path.step("embeddings")
    + _(
        "A model turns every token into a vector, and the vector changes with its sentence. See the numbers themselves, watch one word take different "
        "meanings from layer to layer, and look at a thousand sentences at once."
    ),
):
    views = {
        "output": _("The model's output"),
        "word": _("One word, several sentences"),
        "map": _("A map of sentences"),
    }
    view = inputs.settle_view("embeddings", views)
    bar = inputs.toolbar("embeddings", sentence=view != "word", options=BEHIND_OPTIONS[view])
    model, text = bar.model, bar.text
    inputs.topic("embeddings", views)
    strip("embeddings", of(experiments.rows(), {view}))
    with layout.mistakes():
        if text.strip():
            unknown.offer(model, cached_tokens.tokens(model, text))
        if view == "output":
            output.show(model, text, bar.options)
        elif view == "word":
            word.show(model)
        else:
            sentence_map.show(model, text, bar.options)
    path.footer("embeddings")

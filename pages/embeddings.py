"""Embeddings: the vectors a model makes of tokens, words and sentences, and what is near what."""

from pages.shared import inputs, layout, path
from pages.shared.i18n import _
from pages.topics.embeddings import experiments, output, sentence_map, word

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
    if inputs.settle_view("embeddings", views) == "word":
        model, text = inputs.model("embeddings"), ""
    else:
        model, text = inputs.model_and_sentence("embeddings")
    view = inputs.view("embeddings", views, label=_("Picture"))
    with layout.mistakes():
        if view == "output":
            output.show(model, text)
        elif view == "word":
            word.show(model)
        else:
            sentence_map.show(model, text)
    layout.experiments("embeddings", experiments.rows())
    path.footer("embeddings")

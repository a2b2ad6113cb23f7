"""What the Embeddings page's topics call layers and ways of pooling."""

from pages.shared.i18n import _


def pooling_names() -> dict[str, str]:
    return {"mean": _("mean"), "cls": "[CLS]", "max": _("maximum")}


def state_title(state: int, layers: int) -> str:
    if state == 0:
        return _("The embeddings, before the first layer")
    if state == layers:
        return _("The output of layer {layer}, the last").format(layer=state)
    return _("The output of layer {layer}").format(layer=state)

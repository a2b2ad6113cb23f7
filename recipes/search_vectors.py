"""The vectors with which Search shows its first result in Chinese before the model is there: `python -m recipes.search_vectors`.

Run it when the Chinese help desk, what the page asks it or the multilingual model has changed; a test says when.
"""

import os
import tempfile
from unittest import mock

from core import models
from core.data import helpdesk
from core.search import prepared
from core.search.vectors import MAX_LENGTH, Encoder
from pages.topics.search import experiments

LANGUAGE = "zh"


def texts() -> tuple[str, ...]:
    """What is searched, what the page asks by itself, and what the threshold is chosen on."""
    desk = helpdesk.read(LANGUAGE)
    asked = (experiments.FIRST[LANGUAGE], *experiments.ASKED[LANGUAGE])
    chosen_on = (*(text for text, _place in desk.asked("validation")), *desk.unanswered["validation"])
    return tuple(dict.fromkeys((*desk.passages, *asked, *chosen_on)))


def encoder() -> Encoder:
    """The model that the vectors are of."""
    tokenizer = models.load_tokenizer(prepared.MODEL)
    return Encoder(prepared.MODEL, models.load_encoder(prepared.MODEL), tokenizer)


def main() -> None:
    with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, {"STUDIO_HOME": home, "STUDIO_HUB": "off"}):
        model = encoder()
        prepared.write(texts(), model.vectors(texts()), model.max_length)
    print(
        f"{prepared.FILE}: {len(texts())} texts, {prepared.FILE.stat().st_size:,} bytes, {model.max_length} of {MAX_LENGTH} tokens"
    )


if __name__ == "__main__":
    main()

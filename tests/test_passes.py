"""How often a page asks a model: as seldom as it can for a new sentence, and never again for what somebody has asked already."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from transformers import BertModel

from pages.shared import sight
from tests.pages_common import check, open_page

# page → how often a new sentence goes through the model: Attention's maps of all heads and of one layer; the Encoder's
# own check; one answer.
PASSES = {"tokens": 0, "encoder": 1, "attention": 2, "embeddings": 1, "playground": 1}


@contextmanager
def counted(patch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many passes there are through a BERT meanwhile: one entry for each."""
    passes: list[int] = []
    forward = BertModel.forward

    def count(self: BertModel, *args: object, **options: object) -> object:
        passes.append(1)
        return forward(self, *args, **options)

    with patch.context() as inside:
        inside.setattr(BertModel, "forward", count)
        yield passes


@pytest.mark.parametrize("page", PASSES)
def test_a_new_sentence_goes_through_the_model_so_often_and_no_more(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "reached", lambda name, wanted: False)
    check(open_page(page, text="The model is loaded."))
    with counted(monkeypatch) as passes:
        first = check(open_page(page, text="A sentence that is new here."))
        assert len(passes) <= PASSES[page]
        passes.clear()
        check(first.run())
        check(open_page(page, text="A sentence that is new here."))
        assert not passes, "neither the same visitor nor another asks again"

"""core.tasks: the contract every row keeps."""

import pytest
from transformers import AutoModelForMaskedLM

from core.results import Evaluation, MaskedEvaluation
from core.tasks import TASKS
from tests.conftest import make_tokenizer


@pytest.mark.parametrize("name", TASKS)
def test_every_row_prepares_its_columns(name: str) -> None:
    row = TASKS[name]
    assert row.id == name and row.title and row.help.endswith(".")
    masked = row.head is AutoModelForMaskedLM
    assert row.metric in (MaskedEvaluation if masked else Evaluation).__dataclass_fields__
    assert set(row.columns) <= {*row.inputs, "label"} and row.columns[0] == "text"
    columns = {column: ["good film", "bad plot and acting " * 20] for column in row.inputs}
    encoding = row.prepare(make_tokenizer(), columns, 16)
    lengths = [len(ids) for ids in encoding["input_ids"]]
    assert lengths[0] < 16 and lengths[1] == 16 and (masked or len(lengths) == 2)
    assert max(encoding["token_type_ids"][0]) == len(row.inputs) - 1


def test_blocks_hold_every_token_once_and_never_two_documents() -> None:
    tokenizer = make_tokenizer()
    texts = ["good film", "bad plot and acting " * 10]
    blocks = TASKS["masked-language-modelling"].prepare(tokenizer, {"text": texts}, 16)["input_ids"]
    assert [len(block) for block in blocks] == [4, 16, 16, 14]
    assert all(block[0] == tokenizer.cls_token_id and block[-1] == tokenizer.sep_token_id for block in blocks)
    assert [token for block in blocks[1:] for token in block[1:-1]] == tokenizer(texts[1], add_special_tokens=False)[
        "input_ids"
    ]

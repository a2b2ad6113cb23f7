"""core.tasks: the contract every row keeps."""

import pytest

from core.results import Evaluation
from core.tasks import TASKS
from tests.conftest import make_tokenizer


@pytest.mark.parametrize("name", TASKS)
def test_every_row_prepares_its_columns(name: str) -> None:
    row = TASKS[name]
    assert row.id == name and row.title and row.help.endswith(".")
    assert row.metric in Evaluation.__dataclass_fields__
    columns = {column: ["good film", "bad plot and acting " * 20] for column in row.inputs}
    encoding = row.prepare(make_tokenizer(), columns, 16)
    lengths = [len(ids) for ids in encoding["input_ids"]]
    assert len(lengths) == 2 and lengths[0] < 16 and lengths[1] == 16
    assert max(encoding["token_type_ids"][0]) == len(row.inputs) - 1

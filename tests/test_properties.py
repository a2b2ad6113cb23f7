"""What must hold for any input, on inputs that hypothesis makes up: always the same ones (see the profile in conftest)."""

import csv
import io
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from core import models, tokens
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.export import tables as exported
from core.tasks.labels import match_labels
from pages.shared import inputs
from tests.tables import csv_text, write

# Text that starts, ends or joins as spreadsheets, CSV and tokenizers find hard, more often than chance would have it.
TEXT = st.text(
    st.one_of(st.sampled_from("=+-@\t\r\n\",; 'aZéß我😀\u200d\u0301\u202e"), st.characters(codec="utf-8")), max_size=40
)
WORDS = st.lists(TEXT.filter(str.strip), min_size=1, max_size=30).map(" ".join)


@cache
def minilm() -> PreTrainedTokenizerFast:
    return models.load_tokenizer("minilm")


@given(st.lists(TEXT, min_size=2, max_size=2), st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_csv_is_read_back_and_no_cell_starts_a_formula(header: list[str], rows: list[tuple[str, str]]) -> None:
    written = exported.csv_text(pd.DataFrame(rows, columns=header, dtype=object))
    found = list(csv.reader(io.StringIO(written, newline="")))
    expected = [header, *rows]
    assert len(found) == len(expected)
    for cells, given_cells in zip(found, expected, strict=True):
        assert [cell.removeprefix("'") for cell in cells] == [cell.removeprefix("'") for cell in given_cells]
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


@settings(max_examples=10)
@given(st.lists(st.sampled_from("abc"), min_size=6, max_size=60).filter(lambda labels: len(set(labels)) > 1))
def test_the_splits_share_the_rows_and_leave_training_every_label(labels: list[str]) -> None:
    rows: list[tuple[str, ...]] = [(f"film number {place}", label) for place, label in enumerate(labels)]
    with tempfile.TemporaryDirectory() as folder:
        dataset = load(str(write(Path(folder), csv_text(rows))), LAYOUTS["text-label"], allow_path=True)
    counts = dataset.report.counts
    assert sum(counts.values()) == len(rows)
    splits = {name: [row["text"] for row in split] for name, split in dataset.splits.items()}
    assert {name: len(split) for name, split in splits.items()} == counts
    assert Counter(text for split in splits.values() for text in split) == Counter(text for text, _ in rows)
    of = dict(rows)
    assert {of[text] for text in splits["train"]} == set(labels)


@given(st.data())
def test_labels_in_another_order_are_the_same_labels(drawn: st.DataObject) -> None:
    labels = drawn.draw(st.lists(TEXT, min_size=1, max_size=6, unique_by=lambda label: label.strip().casefold()))
    shuffled = drawn.draw(st.permutations(labels))
    found = match_labels(labels, shuffled)
    assert sorted(found) == list(range(len(labels)))
    assert [labels[place] for place in found] == shuffled


@given(WORDS, st.integers(1, 40), st.integers(3, 8))
def test_a_shortened_text_begins_with_the_same_tokens(text: str, times: int, max_length: int) -> None:
    text = f"{text} " * times
    short = tokens.shorten(minilm(), text, max_length)
    assert text.startswith(short)
    kept, whole = (minilm()(one, truncation=True, max_length=max_length)["input_ids"] for one in (short, text))
    assert kept == whole


@given(WORDS)
def test_every_word_is_cut_as_the_library_cuts_it(text: str) -> None:
    found = tokens.trace(minilm(), text)
    assert all(word.agrees for word in found)
    ids = minilm()(tokens.clean(text), add_special_tokens=False)["input_ids"]
    assert [piece.id for word in found for piece in word.pieces] == ids


class State(dict[str, object]):
    """A session's state as far as links need it."""

    to_dict = dict.copy


@given(st.dictionaries(st.sampled_from(sorted(inputs.DEFAULTS)), TEXT))
def test_a_link_restores_what_it_was_made_of(values: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "st", SimpleNamespace(session_state=State(), query_params={}))
        for name, value in values.items():
            inputs.put(name, value)
        link = inputs.link()
        patch.setattr(inputs, "st", SimpleNamespace(session_state=State(), query_params=link))
        inputs.restore()
        assert {name: inputs.get(name) for name in inputs.DEFAULTS} == inputs.DEFAULTS | values

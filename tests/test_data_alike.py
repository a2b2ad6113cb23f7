"""core.data.alike: test rows that say nearly the same as a training row are counted and told, with an example, wherever a score is believed."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from core import runs
from core.data import alike
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.export.card import model_card
from tests.pages_common import open_page
from tests.tables import csv_text, write
from tests.test_main import call

TICKETS = {
    "en": (
        ("I was charged twice for order {order}, please refund the {thing}", "billing"),
        ("my {thing} does not turn on since {day}, what can I do", "technical"),
        ("where is my order {order}, it should have come on {day}", "delivery"),
    ),
    "zh": (
        ("订单{order}被扣了两次款，请把{thing}的钱退给我", "账单"),
        ("我的{thing}从{day}开始就开不了机，怎么办", "技术"),
        ("我的订单{order}到哪里了，本该{day}送到的", "物流"),
    ),
}
THINGS = {"en": ("kettle", "lamp", "camera", "printer"), "zh": ("水壶", "台灯", "相机", "打印机")}
DAYS = {"en": ("Monday", "Friday", "Sunday"), "zh": ("周一", "周五", "周日")}


def tickets(folder: Path, language: str, count: int = 120) -> Path:
    """A file of so many different tickets, all made from three templates."""
    chance = random.Random(1)
    rows = []
    for number in range(count):
        text, label = TICKETS[language][number % 3]
        thing, day = chance.choice(THINGS[language]), chance.choice(DAYS[language])
        rows.append((text.format(order=1000 + number, thing=thing, day=day) + f" #{number}", label))
    return write(folder, csv_text(rows))


def test_the_share_of_common_words_by_hand() -> None:
    train = {"text": ["the film was good", "a very long day", "好看的电影"]}
    found = alike.measure(train, {"text": ["The film was BAD!", "nothing of it", "好看的电视"]})
    np.testing.assert_allclose(found.likeness, [3 / 5, 0, 4 / 6])
    assert found.train[[0, 2]].tolist() == [0, 2] and found.test.tolist() == [0, 1, 2]
    assert found.share == 2 / 3


def test_of_two_texts_both_have_to_be_alike() -> None:
    train = {"text": ["one premise for all"] * 2, "pair": ["it rains", "it snows today"]}
    found = alike.measure(train, {"text": ["one premise for all"] * 2, "pair": ["nobody sings", "it snows"]})
    np.testing.assert_allclose(found.likeness, [0, 2 / 3])
    assert found.train[1] == 1


@pytest.mark.parametrize("train", [[], ["…", "!"], ["word"]])
def test_texts_without_words_are_like_nothing(train: list[str]) -> None:
    assert alike.measure({"text": train}, {"text": ["", "?!"]}).share == 0
    assert alike.measure({"text": train}, {"text": []}).share == 0


def test_of_very_many_rows_an_even_sample_is_looked_at() -> None:
    found = alike.measure({"text": [f"row {i}" for i in range(30_000)]}, {"text": [f"row {i}" for i in range(2_000)]})
    assert len(found.likeness) <= alike.MOST_TEST and found.test[-1] > 1_900 and found.train.max() < 30_000


@pytest.mark.parametrize("language", TICKETS)
def test_rows_made_from_templates_are_told_with_an_example(tmp_path: Path, language: str) -> None:
    dataset = load(str(tickets(tmp_path, language)), LAYOUTS["text-label"], allow_path=True)
    ((message, values),) = alike.notes(dataset)
    assert message == alike.NEARLY_THE_SAME and values["share"] > 0.9
    assert values["test"] in dataset.splits["test"]["text"] and values["train"] in dataset.splits["train"]["text"]


def test_long_texts_are_shortened_in_the_example(tmp_path: Path) -> None:
    rows = [("word " * 100 + f"{i} of them", "ab"[i % 2]) for i in range(40)]
    dataset = load(str(write(tmp_path, csv_text(rows))), LAYOUTS["text-label"], allow_path=True)
    ((_, values),) = alike.notes(dataset)
    assert len(str(values["test"])) == alike.SHOWN_CHARS and str(values["train"]).endswith("…")


def test_test_rows_that_are_the_training_rows_have_been_told_before() -> None:
    assert alike.notes(load("article-example", LAYOUTS["text-label"])) == ()


@pytest.mark.training
def test_the_command_the_report_and_the_card_say_it(
    capsys: pytest.CaptureFixture[str], tiny_bert: Path, tmp_path: Path
) -> None:
    command = (
        "train",
        "--model",
        tiny_bert,
        "--data",
        tickets(tmp_path, "en"),
        "--output",
        tmp_path / "run",
        "--epochs",
        1,
    )
    code, out, err = call(capsys, *command)
    assert code == 0, err
    assert "of the test rows say nearly the same as a training row, such as" in err
    said = [note for note in json.loads(out.splitlines()[-1])["notes"] if "nearly the same" in note]
    assert len(said) == 1
    run = runs.open_folder(tmp_path / "run")
    card = model_card(run.config, runs.report(run), ("a",))
    assert "of the test rows say nearly the same as a training row" in card


@pytest.mark.parametrize(
    ("language", "words"), [("en", "nearly the same as a training row"), ("zh", "测试行与某一训练行几乎相同")]
)
def test_the_data_report_says_it(language: str, words: str) -> None:
    app = open_page("finetune", data="phrasebook", task="text-to-text", lang=language)
    assert not app.exception and any(words in warning.value for warning in app.warning)

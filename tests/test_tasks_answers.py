"""Question answering: SQuAD's measures worked by hand, the windows, what teaches, and how an answer is read off a model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tokenizers import processors
from transformers import BertForQuestionAnswering, PreTrainedTokenizerBase

from core import predict
from core.checkpoints.config import THRESHOLDS
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.errors import UserError
from core.tasks import answer_scores, passages
from core.tasks.answer_scores import ALWAYS, Answers, best_threshold
from core.tasks.answers import NOTHING, QuestionAnswering
from core.tasks.base import read_detail
from core.tasks.spans import LONGEST, Answered
from core.tasks.table import task_of
from tests.conftest import make_config, make_tokenizer
from tests.training import silent

TEXT = "I love the film. The acting was very good, and eating pizza was great! The plot was not good but boring."
LONG = " ".join([TEXT] * 4)
QUESTION = "was the acting good"


# --- SQuAD's measures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "gold", "exact", "f1"),
    [
        ("the Norman conquest", ["Norman conquest"], True, 1.0),  # articles and case do not count
        ("Denver Broncos", ["Denver Broncos.", "the broncos"], True, 1.0),
        ("in the year 1066", ["1066"], False, 0.5),  # in, year, 1066 against 1066: precision 1/3, recall 1
        ("Carolina Panthers of Denver", ["Denver Broncos"], False, 1 / 3),  # 1 of 4 and 1 of 2
        ("cat cat dog", ["cat dog dog"], False, 2 / 3),  # a word counts as often as both have it
        ("a great-grandson", ["great grandson"], False, 0.0),  # a hyphen joins: greatgrandson
        ("", [], True, 1.0),
        ("something", [], False, 0.0),
        ("", ["something"], False, 0.0),
        ("", ["the"], True, 1.0),  # an answer without words counts as none
        ("北京大学", ["北京"], False, 2 / 3),  # by characters: 2 of 4 and 2 of 2
        ("1898年，", ["1898 年"], True, 1.0),
    ],
)
def test_em_and_f1_are_those_of_the_official_script(answer: str, gold: Sequence[str], exact: bool, f1: float) -> None:
    assert answer_scores.exact(answer, gold) is exact
    assert answer_scores.f1(answer, gold) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("How many goats?", "how many"), ("How does she know who came?", "how"), ("By whom was it built?", "whom"),
        ("In what year?", "what"), ("Name the river.", ""), ("Whatever happened?", ""), ("谁修了桥？", "谁"),
        ("大桥是哪一年建成的？", "什么时候"), ("那里有多少人？", "多少"), ("他为什么离开？", "为什么"), ("请说出地名。", ""),
    ],
)  # fmt: skip
def test_a_question_is_known_by_its_question_word(question: str, word: str) -> None:
    assert answer_scores.question_word(question) == word


def test_the_best_threshold_is_worked_by_hand() -> None:
    doubts, f1 = np.array([0.1, 0.2, 0.6, 0.9]), np.array([1.0, 0.0, 0.5, 0.0])
    unanswerable = np.array([False, True, False, True])
    # answering the first alone gives (1 + 1 + 0 + 1) / 4; the first three (1 + 0 + 0.5 + 1) / 4; all four 1.5 / 4
    assert best_threshold(doubts, f1, unanswerable) == pytest.approx(0.15)
    assert best_threshold(doubts, f1, np.zeros(4, dtype=bool)) == ALWAYS
    # of equally good ones the nearest to 0.5; equal doubts are decided alike
    assert best_threshold(np.array([0.2, 0.2, 0.8]), np.array([1.0, 0.0, 0.0]), np.array([0, 1, 1], bool)) == 0.5


def test_baselines_are_worked_by_hand() -> None:
    passage = "Mira keeps goats. Oskar bakes bread for the fair."
    found = answer_scores.baselines(["Who bakes bread?", "Who sleeps?"], [passage] * 2, [["Oskar"], []])
    scores = {row.title: (row.score.em, row.score.f1) for row in found}
    # "Oskar bakes bread for the fair." has five words without its article: 2 · 1 / (5 + 1) = 1/3; of the other question there is none
    assert scores["the sentence with most words in common"] == (0.5, pytest.approx((1 / 3 + 1) / 2))
    assert scores["the sentence nearest by TF-IDF"] == (0, pytest.approx(1 / 6))
    assert scores["always “no answer”"] == (0.5, 0.5)


# --- Windows -----------------------------------------------------------------------------------------------------------


def roberta_like() -> PreTrainedTokenizerBase:
    """A tokenizer that puts two special tokens between texts, and knows no segments."""
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    return tokenizer


@pytest.mark.parametrize("make", [make_tokenizer, roberta_like])
@pytest.mark.parametrize("max_length", [24, 40, 64, 256])
def test_windows_are_those_of_a_tokenizer_with_a_stride(make: object, max_length: int) -> None:
    tokenizer = make()  # type: ignore[operator]
    cut = passages.cut(tokenizer, [QUESTION, "good"], [LONG, TEXT], max_length)
    expected = make()(  # type: ignore[operator]
        [QUESTION, "good"],
        [LONG, TEXT],
        truncation="only_second",
        max_length=max_length,
        stride=max_length // 4,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    assert [window.row for window in cut.windows] == expected["overflow_to_sample_mapping"] and not cut.beyond.any()
    for place, window in enumerate(cut.windows):
        assert window.features == {name: expected[name][place] for name in tokenizer.model_input_names}
        inside = [i for i, part in enumerate(expected.sequence_ids(place)) if part == 1]
        assert window.first == inside[0]
        assert list(window.offsets) == [expected["offset_mapping"][place][i] for i in inside]


def dataset_of(folder: Path, rows: Sequence[tuple[str, str, str]]) -> TextDataset:
    path = folder / "rows.jsonl"
    pd.DataFrame(rows, columns=["question", "context", "answer"]).to_json(path, orient="records", lines=True)
    return load(str(path), LAYOUTS["question-answers"], allow_path=True)


def goal_of(max_length: int = 40) -> QuestionAnswering:
    return QuestionAnswering(make_tokenizer(), (), max_length, batch_size=4)


def test_only_windows_that_can_teach_are_learnt(tmp_path: Path) -> None:
    late = LONG + " I hate coffee."
    rows = [(f"{word} film", late, answer) for word, answer in (("i", "coffee"), ("love", ""), ("good", "coffee"))]
    dataset = dataset_of(tmp_path, [*rows, ("the film", late, "coffee"), ("a film", late, "coffee")])
    goal = goal_of()
    learnt = goal.rows(dataset, silent)
    questions = len(dataset.splits["train"])
    answerable = sum(map(bool, dataset.splits["train"]["answers"]))
    with_answer = [row for row in learnt.features if row["positions"] != [(0, 0)]]
    assert len(with_answer) == answerable and len(learnt.features) - answerable == questions
    for row in with_answer:
        ((start, end),) = row["positions"]
        assert goal.tokenizer.decode(row["input_ids"][start : end + 1]) == "coffee"


def test_each_epoch_learns_another_of_several_right_answers_and_padding_is_not_learnt() -> None:
    goal = goal_of()
    features = [
        {"input_ids": [2, 5, 3], "token_type_ids": [0, 0, 0], "attention_mask": [1, 1, 1], "positions": [(1, 1), (1, 2)]},
        {"input_ids": [2, 5], "token_type_ids": [0, 0], "attention_mask": [1, 1], "positions": [(0, 0)]},
    ]  # fmt: skip
    ends = [goal.collate(features, epoch)["end_positions"].tolist() for epoch in range(3)]
    assert ends == [[1, 0], [2, 0], [1, 0]]
    model = BertForQuestionAnswering(make_config()).eval()
    batch = goal.collate(features, 0)
    alone = [goal.loss(model, goal.collate([row], 0)).item() for row in features]
    assert goal.loss(model, batch).item() == pytest.approx(np.mean(alone), abs=1e-5)


# --- Answers -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's checkpoint with a head for answers, random but decided."""
    folder = tmp_path_factory.mktemp("reader")
    torch.manual_seed(1)
    BertForQuestionAnswering(make_config(initializer_range=0.5)).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def load_reader(folder: Path) -> predict.Predictor:
    return predict.load(str(folder), allow_path=True)


def ask(predictor: predict.Predictor, question: str, passage: str) -> Answered:
    (answer,) = predict.predict(predictor, {"text": [question], "pair": [passage]})
    assert isinstance(answer, Answered)
    return answer


def test_the_answer_is_the_likeliest_span_of_the_passage(reader: Path) -> None:
    predictor = load_reader(reader)
    assert predictor.task.id == "question-answering"
    answer = ask(predictor, QUESTION, TEXT)
    inputs = make_tokenizer()(QUESTION, TEXT, return_tensors="pt", return_offsets_mapping=True)
    offsets = inputs.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        output = BertForQuestionAnswering.from_pretrained(reader)(**inputs)
    start, end = output.start_logits[0].softmax(-1), output.end_logits[0].softmax(-1)
    inside = [i for i, part in enumerate(inputs.sequence_ids(0)) if part == 1]
    chances = {(s, e): float(start[s] * end[e]) for s in inside for e in inside if s <= e < s + LONGEST}
    (s, e) = max(chances, key=lambda span: chances[span])
    assert (answer.best[0].start, answer.best[0].end) == (offsets[s][0], offsets[e][1])
    assert [one.probability for one in answer.best] == pytest.approx(sorted(chances.values())[::-1][:10], rel=1e-4)
    assert answer.nothing == pytest.approx(float(start[0] * end[0]), rel=1e-4) and answer.threshold == 0.5
    assert all(TEXT[one.start : one.end] == one.text for one in answer.best)
    assert (answer.answer == answer.best[0].text) is (answer.doubt <= 0.5)


def test_a_long_passage_is_read_to_its_end(reader: Path) -> None:
    predictor = load_reader(reader).reading(40)
    whole = ask(predictor, QUESTION, LONG)
    cut = passages.cut(predictor.tokenizer, [QUESTION], [LONG], 40)
    alone = []
    for window in cut.windows:
        first, last = window.offsets[0][0], window.offsets[-1][1]
        alone.append(ask(predictor, QUESTION, LONG[first:last]))
    assert len(cut.windows) > 3
    assert whole.best[0].probability == pytest.approx(max(one.best[0].probability for one in alone), rel=1e-4)
    assert whole.nothing == pytest.approx(min(one.nothing for one in alone), rel=1e-4)
    curves = predictor.goal.curves(predictor.model, QUESTION, LONG)  # type: ignore[attr-defined]
    assert curves.windows == len(cut.windows) and curves.start.sum() == pytest.approx(1)
    begin = curves.first + [start for start, _ in curves.offsets].index(whole.best[0].start)
    assert curves.start[begin] >= whole.best[0].probability


def test_the_threshold_of_a_model_decides_and_is_kept_with_it(reader: Path, tmp_path: Path) -> None:
    model = BertForQuestionAnswering.from_pretrained(reader)
    for threshold, given in ((0.0, False), (1.0, True)):
        model.config.update({THRESHOLDS: {NOTHING: threshold}})
        model.save_pretrained(tmp_path)
        make_tokenizer().save_pretrained(tmp_path)
        answer = ask(load_reader(tmp_path), QUESTION, TEXT)
        assert answer.threshold == threshold and bool(answer.answer) is given


def test_answers_are_measured_apart(reader: Path, tmp_path: Path) -> None:
    predictor = load_reader(reader)
    rows = [(f"{word} film", TEXT, answer) for word, answer in (("who", "film"), ("what", ""), ("i", "good"), ("a", "pizza"))]  # fmt: skip
    dataset_of(tmp_path, rows)
    dataset = load(str(tmp_path / "rows.jsonl"), LAYOUTS["question-answers"], allow_path=True, whole=True)
    evaluation = predict.evaluate(predictor, dataset)
    detail = read_detail(Answers, evaluation)
    assert (detail.answerable.n, detail.unanswerable.n, evaluation.n) == (3, 1, 4)
    total = 3 * detail.answerable.f1 + detail.unanswerable.f1
    assert evaluation.metrics["answer_f1"].value == pytest.approx(total / 4)
    assert {row.word: row.score.n for row in detail.words} == {"": 2, "who": 1, "what": 1}
    assert evaluation.right.count("1") == round(4 * evaluation.metrics["exact_match"].value)
    for example in detail.examples:
        gold = example.gold
        assert gold is None or example.passage[gold.start : gold.end] == example.answers[0]


# --- Bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "passage", "message"),
    [
        ("", TEXT, "the question is empty"),
        (QUESTION, "  ", "the passage is empty"),
        ("film " * 600, TEXT, r"has 600 tokens; beside its passage the model reads 29 of a question"),
    ],
)
def test_bad_input_is_told_what_is_wrong(question: str, passage: str, message: str, reader: Path) -> None:
    with pytest.raises(UserError, match=message):
        ask(load_reader(reader), question, passage)


def test_a_passage_without_words_has_no_answer(reader: Path) -> None:
    answer = ask(load_reader(reader), QUESTION, "\u200b\u200b.")
    assert answer.answer in ("", ".")


def test_a_head_with_three_outputs_answers_nothing(tmp_path: Path) -> None:
    config = make_config(num_labels=3)
    with pytest.raises(UserError, match=r"that of .* has 3"):
        task_of("question-answering").goal.labels_of("x", config)

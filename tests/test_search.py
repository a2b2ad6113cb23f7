"""Search: words and BM25 against hand-worked numbers, rankings and measures against scikit-learn, the index against its passages."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score, roc_curve

from core import embeddings, models
from core.commands import search as command
from core.data import helpdesk
from core.errors import Cancelled, UserError
from core.search import bm25, evaluate, index, quality, vectors, words
from core.search.ways import RRF, WAYS, Hit, Scores, top
from tests.test_main import answered, refused

PASSAGES = ("the cat sat on the mat", "the dog sat", "a bird sings and sings in the tree", "ßtraße und Weg")


@pytest.fixture(scope="module")
def encoder() -> vectors.Encoder:
    return vectors.Encoder("minilm", models.load_encoder("minilm"), models.load_tokenizer("minilm"))


# --- Words -------------------------------------------------------------------------------------------------------------


def test_words_are_in_small_letters_and_chinese_is_pairs_of_characters() -> None:
    assert words.terms("It's 20 Euros, ÄRGER!") == ["it", "s", "20", "euros", "ärger"]
    assert words.terms("我的包裹丢了 iPhone15手机 好") == [
        "我的",
        "的包",
        "包裹",
        "裹丢",
        "丢了",
        "iphone15",
        "手机",
        "好",
    ]
    assert words.terms(" …!\n") == []


@given(st.text(max_size=60))
def test_every_word_stands_where_it_says(text: str) -> None:
    found = words.words(text)
    assert all(text[word.start : word.end].casefold() == word.term or len(word.term) == 2 for word in found)
    assert all(before.start < after.start for before, after in pairwise(found))
    merged = words.spans(text, set(words.terms(text)))
    assert all(before[1] <= after[0] for before, after in pairwise(merged))


def test_overlapping_pairs_are_one_span() -> None:
    assert words.spans("我的包裹没到", {"我的", "的包", "包裹"}) == ((0, 4),)
    assert words.spans("A mat, a cat", {"a", "cat"}) == ((0, 1), (7, 8), (9, 12))


# --- BM25 --------------------------------------------------------------------------------------------------------------


def test_bm25_by_hand() -> None:
    """Four passages of 6, 3, 8 and 3 words: 5 on average."""
    found = bm25.build(PASSAGES)

    def adds(having: int, often: int, length: int) -> float:
        rarity = math.log(1 + (4 - having + 0.5) / (having + 0.5))
        return rarity * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * length / 5))

    assert found.scores("cat") == pytest.approx([adds(1, 1, 6), 0, 0, 0])
    assert found.scores("The sat") == pytest.approx(
        [adds(3, 2, 6) + adds(2, 1, 6), adds(3, 1, 3) + adds(2, 1, 3), adds(3, 1, 8), 0]
    )
    assert found.scores("sings sings") == pytest.approx([0, 0, 2 * adds(1, 2, 8), 0])
    assert found.scores("SSTRASSE")[3] == pytest.approx(adds(1, 1, 3))
    assert found.scores("nothing shared").tolist() == [0, 0, 0, 0]
    assert found.matches("the cat flew", 0) == pytest.approx({"cat": adds(1, 1, 6), "the": adds(3, 2, 6)})
    assert list(found.matches("the cat flew", 0)) == ["cat", "the"]
    assert found.matches("the cat", 3) == {}


@given(st.lists(st.text("ab 猫狗", max_size=12), min_size=1, max_size=8), st.text("ab 猫狗", max_size=12))
def test_what_the_words_add_is_the_score(passages: list[str], question: str) -> None:
    found = bm25.build(passages)
    scores = found.scores(question)
    for place in range(len(passages)):
        matched = found.matches(question, place)
        assert sum(matched.values()) == pytest.approx(float(scores[place]), rel=1e-5)
        assert set(matched) == set(words.terms(question)) & set(words.terms(passages[place]))


def test_passages_without_a_word_are_found_by_none() -> None:
    assert bm25.build(["…", "!!"]).scores("anything").tolist() == [0, 0]


# --- Rankings ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=1, max_size=30), st.integers(1, 40))
def test_the_best_come_first_and_equal_ones_in_their_order(scores: list[float], count: int) -> None:
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:count]
    assert [hit.place for hit in top(np.array(scores), count)] == expected


def test_a_passage_without_a_shared_word_is_not_found_by_words() -> None:
    scores = Scores(np.array([0.9, 0.1, 0.5]), np.array([0.0, 3.0, 0.0]))
    assert WAYS["words"].hits(scores, 3) == (Hit(1, 3.0),)


def test_fusion_by_hand() -> None:
    scores = Scores(np.array([0.9, 0.1, 0.5]), np.array([0.0, 3.0, 1.0]))
    assert WAYS["both"].hits(scores, 2) == (
        Hit(1, pytest.approx(1 / (RRF + 3) + 1 / (RRF + 1))),
        Hit(2, pytest.approx(1 / (RRF + 2) + 1 / (RRF + 2))),
    )
    assert WAYS["both"].hits(scores, 9)[-1] == Hit(0, pytest.approx(1 / (RRF + 1)))


# --- Quality -----------------------------------------------------------------------------------------------------------


def test_measures_equal_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    scores, right = rng.normal(size=(50, 30)), rng.integers(0, 30, 50)
    truth = np.eye(30)[right]
    ranks = [quality.rank_of(top(row, 30), int(place)) for row, place in zip(scores, right, strict=True)]
    found = quality.quality(ranks)
    assert found.n == 50
    assert found.mrr.value == pytest.approx(label_ranking_average_precision_score(truth, scores))
    assert found.ndcg.value == pytest.approx(ndcg_score(truth, scores, k=10))
    for k, share in found.recall.items():
        assert share.value == pytest.approx(np.mean([np.isin(np.argsort(-row)[:k], place).any() for row, place in zip(scores, right, strict=True)]))  # fmt: skip


def test_measures_by_hand() -> None:
    found = quality.quality([1, 2, 0, 4, 11])
    assert found.mrr.value == pytest.approx((1 + 1 / 2 + 0 + 1 / 4 + 1 / 11) / 5)
    assert found.ndcg.value == pytest.approx((1 + 1 / math.log2(3) + 0 + 1 / math.log2(5) + 0) / 5)
    assert {k: share.value for k, share in found.recall.items()} == {1: 0.2, 3: 0.4, 5: 0.6, 10: 0.6}
    assert found.mrr.low is not None and found.mrr.low < found.mrr.value < (found.mrr.high or 0)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=20), st.lists(st.integers(0, 20), min_size=1, max_size=20))
def test_the_threshold_has_the_highest_youden_index(good: list[int], bad: list[int]) -> None:
    answerable, unanswerable = np.array(good) / 20, np.array(bad) / 20
    threshold = quality.choose_threshold(answerable, unanswerable)
    false, true, _ = roc_curve([1] * len(good) + [0] * len(bad), [*answerable, *unanswerable], drop_intermediate=False)
    found = (answerable >= threshold).mean() - (unanswerable >= threshold).mean()
    assert found == pytest.approx((true - false).max())


def test_refusal_by_hand() -> None:
    found = quality.refusal(0.5, np.array([0.9, 0.6, 0.4]), np.array([True, False, True]), np.array([0.1, 0.7]))
    assert (found.answered.value, found.right.value, found.refused.value) == (
        pytest.approx(2 / 3), pytest.approx(1 / 3), pytest.approx(1 / 2),
    )  # fmt: skip


# --- Vectors and the index ---------------------------------------------------------------------------------------------


def test_vectors_are_the_pooled_means_at_length_one(encoder: vectors.Encoder) -> None:
    texts = ["A short one.", "A longer sentence about the weather in spring, and more.", "好"]
    found = encoder.vectors(texts)
    pooled = embeddings.pooled(encoder.model, encoder.tokenizer, texts).vectors["mean"][-1]
    assert np.abs(found - embeddings.unit(pooled)).max() < 1e-5
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    fast = encoder.vectors(texts, autocast=True)
    assert (fast * found).sum(axis=1).min() > 0.999


def test_an_index_on_disk_answers_as_one_in_memory(encoder: vectors.Encoder, tmp_path: Path) -> None:
    kept, built = index.opened(PASSAGES, encoder, tmp_path / "search"), index.build(PASSAGES, encoder)
    assert isinstance(kept.vectors, np.memmap)
    vector = encoder.vectors(["where is the cat?"])[0]
    mine, theirs = kept.scores("where is the cat?", vector), built.scores("where is the cat?", vector)
    assert mine.cosines == pytest.approx(theirs.cosines) and mine.bm25 == pytest.approx(theirs.bm25)
    assert WAYS["both"].hits(mine, 1)[0].place == 0


def test_an_index_is_built_again_only_when_its_texts_or_the_model_changed(
    encoder: vectors.Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds: list[int] = []
    build = index.build
    monkeypatch.setattr(index, "build", lambda *given: builds.append(1) or build(*given))
    index.opened(PASSAGES, encoder, tmp_path)
    index.opened(tuple(PASSAGES), encoder, tmp_path)
    assert len(builds) == 1
    index.opened((*PASSAGES[:-1], "another"), encoder, tmp_path)
    index.opened(PASSAGES[::-1], encoder, tmp_path)
    assert len(builds) == 3
    changed = models.load_encoder("minilm")
    changed.get_submodule("encoder.layer.5.output.LayerNorm").get_parameter("bias").data[0] += 0.5
    index.opened(PASSAGES, vectors.Encoder("minilm", changed, encoder.tokenizer), tmp_path)
    assert len(builds) == 4 and len(list(tmp_path.iterdir())) == 4


def test_a_cancelled_index_leaves_nothing(encoder: vectors.Encoder, tmp_path: Path) -> None:
    def stop(_done: int, _total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        index.opened(PASSAGES, encoder, tmp_path, stop)
    assert not list(tmp_path.iterdir())


def test_the_indexes_unused_for_longest_go(
    encoder: vectors.Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "MOST_KEPT", 2)
    for text in ("one", "two", "three"):
        index.opened([text], encoder, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("passages", "message"), [([], "nothing to search"), (["a", " "], "text 2 is empty")]
)  # fmt: skip
def test_what_cannot_be_searched_is_said(passages: list[str], message: str, encoder: vectors.Encoder) -> None:
    with pytest.raises(UserError, match=message):
        index.build(passages, encoder)


def test_one_passage_and_equal_passages_can_be_searched(encoder: vectors.Encoder) -> None:
    vector = encoder.vectors(["same"])[0]
    assert [hit.place for hit in WAYS["both"].hits(index.build(["same"], encoder).scores("same", vector), 5)] == [0]
    equal = index.build(["same"] * 3, encoder).scores("same", vector)
    assert [[hit.place for hit in way.hits(equal, 5)] for way in WAYS.values()] == [[0, 1, 2]] * 3
    ((only, _),), ((repeated, values),) = index.remarks(["same"]), index.remarks(["same", "other", "same"])
    assert "only one text" in only and repeated.format(**values).startswith("2 of the 3 texts are there more than once")
    assert not index.remarks(PASSAGES)


@pytest.mark.parametrize("question", ["word " * 600, "…", "我的包裹"])
def test_any_question_is_answered(question: str, encoder: vectors.Encoder) -> None:
    found = index.build(PASSAGES, encoder)
    scores = found.scores(question, encoder.vectors([question])[0])
    assert np.isfinite(scores.cosines).all() and len(WAYS["meaning"].hits(scores, 9)) == len(PASSAGES)


def test_the_help_desk_finds_what_shares_no_word(encoder: vectors.Encoder) -> None:
    desk = helpdesk.read("en")
    chosen = [row for row in desk.questions if row.topic == "delivery"]
    passages = [f"{row.question} {row.answer}" for row in chosen]
    question = "My parcel never came."
    best = WAYS["meaning"].hits(index.build(passages, encoder).scores(question, encoder.vectors([question])[0]), 1)[0]
    assert chosen[best.place].id == "parcel-late"


# --- The command -------------------------------------------------------------------------------------------------------


def test_the_command_finds_rows_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("text,note\nThe cat sleeps.,a\n,b\nA bus stops here.,c\nBread is cheap.,d\n", encoding="utf-8")
    result = answered(capsys, "search", "--data", file, "--count", 2, "public transport")
    assert (result["n"], result["rows"], result["way"]) == (3, 4, "meaning")
    assert result["hits"][0]["row"] == 3 and result["hits"][0]["text"] == "A bus stops here."
    assert result["hits"][0]["words"] == {} and result["hits"][0]["cosine"] == result["hits"][0]["score"]
    by_words = answered(capsys, "search", "--data", file, "--way", "words", "cheap bread!")["hits"]
    assert [hit["row"] for hit in by_words] == [4] and set(by_words[0]["words"]) == {"cheap", "bread"}
    assert "there is no question" in refused(capsys, "search", "--data", file, " ")
    assert "at least 1" in refused(capsys, "search", "--data", file, "--count", 0, "bread")


def test_the_command_offers_every_way() -> None:
    assert tuple(WAYS) == command.WAY_IDS


# --- Many questions ----------------------------------------------------------------------------------------------------


def test_many_questions_are_ranked_in_every_way(encoder: vectors.Encoder) -> None:
    built = index.build(PASSAGES, encoder)
    asked = [("a cat on a mat", 0), ("music from an animal in the garden", 2), ("the dog sat", 0)]
    told: list[int] = []
    found = evaluate.evaluate(
        built, asked, encoder.vectors([text for text, _ in asked]), lambda done, _: told.append(done)
    )
    assert told == [1, 2, 3]
    assert [row.best for row in found.questions][:2] == [0, 2]
    assert found.right_first.tolist() == [row.best == row.right for row in found.questions]
    assert found.questions[2].ranks["words"] == 2 and found.cosines == pytest.approx(
        [row.cosine for row in found.questions]
    )
    assert set(found.quality) == set(WAYS) and found.quality["meaning"].n == 3


@pytest.mark.parametrize("where", ["mkdtemp", "utime"])
def test_a_folder_that_cannot_be_written_keeps_nobody_from_searching(
    where: str, encoder: vectors.Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "utime":
        index.opened(PASSAGES, encoder, tmp_path)

    def fails(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index.tempfile if where == "mkdtemp" else index.os, where, fails)
    found = index.opened(PASSAGES, encoder, tmp_path)
    np.testing.assert_allclose(found.vectors, index.build(PASSAGES, encoder).vectors, atol=1e-6)

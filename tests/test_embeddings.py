"""Embeddings: pooling and similarity by hand and against transformers, words by their characters, maps, separation."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import make_blobs
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from core import embeddings
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.errors import Cancelled, UserError
from core.tokens import tokenize
from tests.conftest import make_tokenizer
from tests.families import ENCODERS as FAMILIES

TEXTS = (
    "the film was good",
    "i love eating pizza, and the plot was not boring!",
    "bad",
    "the acting was awful . 我 爱 电 影",
)


@pytest.fixture
def model(tiny_bert: Path) -> PreTrainedModel:
    return AutoModel.from_pretrained(tiny_bert, attn_implementation="eager").eval()


@pytest.fixture
def tokenizer(tiny_bert: Path) -> PreTrainedTokenizerBase:
    found = AutoTokenizer.from_pretrained(tiny_bert)
    found.model_max_length = 64
    return found


def test_pooling_by_hand_leaves_padding_out() -> None:
    states = torch.tensor([[[1.0, -2.0], [3.0, -4.0], [99.0, 99.0]], [[-1.0, 0.0], [-3.0, 6.0], [-5.0, 3.0]]])
    found = embeddings.pool(states, torch.tensor([[1, 1, 0], [1, 1, 1]]))
    assert found["cls"].tolist() == [[1, -2], [-1, 0]]
    assert found["mean"].tolist() == [[2, -3], [-3, 3]]
    assert found["max"].tolist() == [[3, -2], [-1, 6]]


def test_cosines_by_hand() -> None:
    vectors = np.array([[3.0, 4.0], [4.0, 3.0], [-6.0, -8.0], [0.0, 0.0]])
    np.testing.assert_allclose(
        embeddings.cosines(vectors), [[1, 0.96, -1, 0], [0.96, 1, -0.96, 0], [-1, -0.96, 1, 0], [0, 0, 0, 0]], atol=1e-12
    )  # fmt: skip
    np.testing.assert_allclose(embeddings.cosines(vectors[:1], vectors[1:3]), [[0.96, -1]])


@pytest.mark.parametrize("family", FAMILIES)
def test_sentence_vectors_of_every_state_are_the_librarys(family: str) -> None:
    kind, config = FAMILIES[family]
    torch.manual_seed(1)
    model, tokenizer = kind(config).eval(), make_tokenizer()
    tokenizer.model_max_length = 60
    found = embeddings.pooled(model, tokenizer, TEXTS)
    assert found.states == 3 and found.vectors["mean"].shape == (3, len(TEXTS), 32)
    for i, text in enumerate(TEXTS):  # one at a time: nothing is padded, so nothing needs a mask
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            states = model(input_ids=ids, output_hidden_states=True).hidden_states
        assert found.lengths[i] == ids.shape[1] and not found.cut[i]
        for layer, state in enumerate(states):
            for way, expected in {"cls": state[0, 0], "mean": state[0].mean(0), "max": state[0].amax(0)}.items():
                np.testing.assert_allclose(found.vectors[way][layer, i], expected, atol=2e-6, err_msg=f"{way} {layer}")  # type: ignore[index]


def test_sentence_vectors_report_stop_and_tell_what_was_cut(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    heard: list[tuple[int, int]] = []
    texts = ["good", "the film was good " * 300, *["bad"] * 130]
    found = embeddings.pooled(model, tokenizer, texts, max_length=16, report=lambda *now: heard.append(now))
    assert heard[0] == (0, 132) and heard[-1] == (132, 132) and len(heard) > 4
    assert found.cut.tolist() == [False, True] + [False] * 130 and found.lengths[1] == 16
    np.testing.assert_allclose(found.vectors["mean"][:, 2], found.vectors["mean"][:, 131], atol=1e-6)

    def stop(done: int, total: int) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        embeddings.pooled(model, tokenizer, texts, report=stop)
    with pytest.raises(UserError, match="text 2 is empty"):
        embeddings.pooled(model, tokenizer, ["good", "  "])


def test_output_is_the_librarys(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    found = embeddings.output(model, tokenizer, "the film was good", "bad plot", max_length=32)
    with torch.inference_mode():
        expected = model(**tokenizer("the film was good", "bad plot", return_tensors="pt"), output_hidden_states=True)
    np.testing.assert_allclose(found.states, torch.cat(expected.hidden_states), atol=1e-6)
    np.testing.assert_allclose(found.states[-1], expected.last_hidden_state[0], atol=1e-6)
    assert found.pooler is not None
    np.testing.assert_allclose(found.pooler, expected.pooler_output[0], atol=1e-6)
    np.testing.assert_allclose(found.pooled["mean"], expected.last_hidden_state[0].mean(0), atol=1e-6)
    assert embeddings.output(model, tokenizer, "good", pooler=False).pooler is None


@pytest.mark.parametrize("family", FAMILIES)
def test_a_pooler_counts_only_when_it_was_saved(family: str, tmp_path: Path) -> None:
    kind, config = FAMILIES[family]
    kind(config).save_pretrained(tmp_path)
    assert embeddings.has_pooler(tmp_path) == (family in ("bert", "roberta", "albert"))
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 60
    found = embeddings.output(kind(config).eval(), tokenizer, "good film")
    assert (found.pooler is not None) == embeddings.has_pooler(tmp_path)


def test_a_roberta_classifier_has_no_pooler_though_the_library_makes_one_up(tmp_path: Path) -> None:
    AutoModelForSequenceClassification.from_config(FAMILIES["roberta"][1]).save_pretrained(tmp_path)
    assert AutoModel.from_pretrained(tmp_path).pooler is not None
    assert not embeddings.has_pooler(tmp_path)


@pytest.mark.parametrize(
    ("sentence", "word", "places"),
    [
        ("A battle and a Bat.", "bat", [(15, 18)]),
        ("bats are not a bat", "bat", [(15, 18)]),
        ("他在打篮球。", "打", [(2, 3)]),
        ("红苹果很甜", "苹果", [(1, 3)]),
        ("I like C++ a lot", "c++", [(7, 10)]),
        ("don't", "don", [(0, 3)]),
        ("The bank by the river bank", "bank", [(4, 8), (22, 26)]),
        ("打打", "打", [(0, 1), (1, 2)]),
        ("battle", "bat", []),
        ("a.c", "abc", []),
    ],
)
def test_a_word_is_found_by_its_characters(sentence: str, word: str, places: list[tuple[int, int]]) -> None:
    assert list(embeddings.find_word(sentence, word)) == places


def test_a_word_that_stands_twice_in_a_sentence_is_compared_with_itself(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    """What somebody tries first: "I sat on the bank of the river and thought of my bank"."""
    found = embeddings.word_across(model, tokenizer, "good", [("the good film was good", "one / other")])
    assert [(use.sense, use.positions) for use in found.uses] == [("one", (2,)), ("other", (5,))]
    states = embeddings.output(model, tokenizer, "the good film was good").states
    np.testing.assert_allclose(found.vectors, states[:, [2, 5]], atol=1e-6)
    together = embeddings.word_across(model, tokenizer, "good", [("good and good", "x"), ("good", "y / z")])
    assert [use.sense for use in together.uses] == ["x", "x", "y / z"], (
        "one name for all, and none that is parted too often"
    )


def test_the_second_place_behind_the_cut_is_left_out(tokenizer: PreTrainedTokenizerBase) -> None:
    tokens = tokenize(tokenizer, "good film and good", max_length=5)
    assert [use.positions for use in embeddings.locate(tokens, "good", number=1)] == [(1,)]


def test_a_word_of_several_pieces_is_their_mean(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    found = embeddings.word_across(model, tokenizer, "walking", [("i love walking", "x"), ("Walking, not eating", "y")])
    first, second = found.uses
    assert first.pieces == second.pieces == ("walk", "##ing") and not first.unknown
    assert (first.start, first.end, first.positions) == (7, 14, (3, 4))
    assert second.positions == (1, 2)
    states = embeddings.output(model, tokenizer, "i love walking").states
    np.testing.assert_allclose(found.vectors[:, 0], states[:, 3:5].mean(axis=1), atol=1e-6)
    for layer in range(3):
        a, b = found.vectors[layer].astype(float)
        assert found.similarities[layer, 0, 1] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    unknown = embeddings.word_across(model, tokenizer, "打", [("我 打 电", ""), ("打", "")])
    assert unknown.uses[0].unknown and unknown.uses[0].pieces == ("[UNK]",)


@pytest.mark.parametrize(
    ("word", "sentences", "message"),
    [
        ("", [("good", ""), ("bad", "")], "there is no word"),
        ("good", [("good", "")], "2 to 24 places where it stands; there are 1"),
        ("good", [("good", "")] * 25, "there are 25"),
        ("good", [("good film", ""), ("the plot {x}", "")], "'good' is not in sentence 2: the plot {x}"),
        ("good", [("good film", ""), ("the " * 80 + "good", "")], "behind the first 64 tokens"),
        ("good", [("good film", ""), (" ", "")], "there is no text"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_message(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, word: str, sentences: list[tuple[str, str]], message: str
) -> None:  # fmt: skip
    with pytest.raises(UserError, match=message):
        embeddings.word_across(model, tokenizer, word, sentences)


def test_a_word_half_cut_off_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    tokens = tokenize(tokenizer, "i love walking", max_length=5)
    assert [token.text for token in tokens.tokens] == ["[CLS]", "i", "love", "walk", "[SEP]"]
    with pytest.raises(UserError, match="behind the first 5 tokens"):
        embeddings.locate(tokens, "walking", number=1)


def test_the_parting_of_senses_by_hand() -> None:
    similarities = np.ones((3, 4, 4))
    for state, (ab, ac, bc, ad) in enumerate([(0.9, 0.9, 0.9, 0), (0.8, 0.2, 0.4, 0), (0.7, 0.4, 0.4, 0)]):
        for i, j, value in ((0, 1, ab), (0, 2, ac), (1, 2, bc), (0, 3, ad)):
            similarities[state, i, j] = similarities[state, j, i] = value
    found = embeddings.parting(similarities, ["x", "x", "y", ""])
    assert found is not None and found.state == 1
    np.testing.assert_allclose(found.within, [0.9, 0.8, 0.7])
    np.testing.assert_allclose(found.between, [0.9, 0.3, 0.4])
    np.testing.assert_allclose(found.gap, [0, 0.5, 0.3])
    for senses in (["x", "x", "x", "x"], ["x", "y", "z", ""], ["", "", "", ""]):
        assert embeddings.parting(similarities, senses) is None


@pytest.mark.parametrize("name", embeddings.WORD_SETS)
def test_prepared_sentences_hold_their_word_and_can_part(name: str) -> None:
    row = embeddings.WORD_SETS[name]
    assert row.id == name and row.language in ("en", "zh") and len(row.uses) <= embeddings.MOST_USES
    assert all(embeddings.find_word(sentence, row.word) for sentence, _ in row.uses)
    assert len({sentence for sentence, _ in row.uses}) == len(row.uses)
    senses = [sense for _, sense in row.uses]
    assert embeddings.parting(np.ones((1, len(senses), len(senses))), senses) is not None


def test_lines_with_and_without_labels() -> None:
    text = "good film\tpraise\n\n  \nbad plot | blame\na | b | c\n | x\n\tlabel only\nplain  \n"
    assert embeddings.read_lines(text) == (
        ("good film", "praise"), ("bad plot", "blame"), ("a | b", "c"), ("| x", ""), ("label only", ""), ("plain", ""),
    )  # fmt: skip
    assert embeddings.read_lines(" \n ") == ()


def test_a_sample_takes_what_no_training_saw() -> None:
    reviews = load("rotten_tomatoes", LAYOUTS["text-label"])
    found = embeddings.sample(reviews, 1000)
    assert found.splits == {"test": 853, "validation": 147} and found.total == 8530
    held_out = dict(zip(reviews.splits["test"]["text"], reviews.splits["test"]["label"], strict=True))
    for text, label in zip(found.texts[:853], found.labels[:853], strict=True):
        assert reviews.label_names[held_out[text]] == label
    assert embeddings.sample(reviews, 50) == embeddings.sample(reviews, 50) != embeddings.sample(reviews, 50, seed=1)
    assert embeddings.sample(load("article-example", LAYOUTS["text-label"]), 1000).splits == {"train": 4}


@pytest.mark.parametrize("own", ["test", "validation"])
def test_a_split_that_only_repeats_the_training_rows_is_not_sampled(own: str, tmp_path: Path) -> None:
    rows = [("good film", "p", "train"), ("bad film", "n", "train"), ("great plot", "p", "train"),
            ("awful acting", "n", own), ("good coffee", "p", own)]  # fmt: skip
    file = tmp_path / "small.csv"
    file.write_text("text,label,split\n" + "".join(",".join(row) + "\n" for row in rows))
    found = embeddings.sample(load(str(file), LAYOUTS["text-label"], allow_path=True), 1000)
    assert found.splits == {own: 2, "train": 3} and found.total == len(found.texts) == 5
    assert set(found.texts[:2]) == {"awful acting", "good coffee"} and len(set(found.texts)) == 5


def test_neighbours_are_those_of_the_full_space() -> None:
    vectors = np.array([[1.0, 0, 0], [0, 1, 0], [2, 2, 0], [-1, 0, 0], [5, 0, 0]])
    found = embeddings.neighbours(vectors, np.array([3.0, 0, 0]), 3)
    assert [n.index for n in found] == [0, 4, 2]
    assert [n.similarity for n in found] == pytest.approx([1, 1, 2**-0.5])


def blobs(spread: float, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    points, labels = make_blobs(90, 12, centers=3, cluster_std=spread, center_box=(-9, 9), random_state=seed)
    return points, [f"label {i}" for i in labels]


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_maps_are_repeatable_and_keep_clusters(method: embeddings.Method, dimensions: int) -> None:
    points, labels = blobs(0.3)
    found = embeddings.project([points], method, dimensions, perplexity=10)  # type: ignore[arg-type]
    again = embeddings.project([points], method, dimensions, perplexity=10)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.points[0], again.points[0])
    assert found.points[0].shape == (90, dimensions) and np.isfinite(found.points[0]).all()
    assert len(found.explained) == (dimensions if method == "pca" else 0)
    distances = np.linalg.norm(found.points[0][:, None] - found.points[0][None], axis=-1) + np.diag([np.inf] * 90)
    near = distances.argmin(axis=1)  # each point has its like beside it
    assert np.mean([labels[i] == label for i, label in zip(near, labels, strict=True)]) > 0.9


def test_pca_is_the_best_plane_of_the_unit_vectors() -> None:
    points, _ = blobs(2)
    found = embeddings.project([points])
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    values = np.linalg.svd(unit - unit.mean(axis=0), compute_uv=False) ** 2
    assert found.explained == pytest.approx(tuple(values[:2] / values.sum()))
    np.testing.assert_allclose((found.points[0] ** 2).sum(axis=0), values[:2])


def test_two_sets_share_their_axes_and_each_lies_around_its_mean() -> None:
    points, _ = blobs(1)
    before, after = embeddings.project([points, points + 0.0]).points
    np.testing.assert_allclose(before, after, atol=1e-9)
    before, after = embeddings.project([points[:, ::-1], points]).points
    np.testing.assert_allclose(before.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(after.mean(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize(
    ("count", "method", "dimensions", "perplexity", "message"),
    [
        (1, "pca", 2, 30, "needs at least 3 sentences; there are 1"),
        (3, "pca", 3, 30, "needs at least 4 sentences; there are 3"),
        (20, "tsne", 2, 30, "perplexity of 30 needs more than 30 sentences; there are 20"),
    ],
)
def test_maps_that_cannot_be_made(
    count: int, method: embeddings.Method, dimensions: int, perplexity: float, message: str
) -> None:
    points = np.random.default_rng(0).normal(size=(count, 8))
    with pytest.raises(UserError, match=message):
        embeddings.project([points], method, dimensions, perplexity=perplexity)  # type: ignore[arg-type]


def test_equal_vectors_have_no_map() -> None:
    with pytest.raises(UserError, match="all 5 vectors are the same"):
        embeddings.project([np.ones((5, 4))])


def test_separation_of_clusters_and_of_chance() -> None:
    apart = embeddings.separation(*blobs(0.2))
    assert apart.silhouette > 0.8 and apart.correct == apart.n == 90 and apart.folds == 5
    assert apart.majority == pytest.approx(1 / 3)
    points, labels = blobs(0.2)
    mixed = embeddings.separation(points, list(np.random.default_rng(0).permutation(labels)))
    assert abs(mixed.silhouette) < 0.2 and mixed.correct < 50
    few = embeddings.separation(points[:5], ["a", "b", "a", "b", "b"])
    assert few.folds == 2 and few.n == 5


def test_silhouette_by_hand() -> None:
    """Two directions, cosine distances 0 within and 1 across: every coefficient is (1 − 0) / 1."""
    vectors = np.array([[1.0, 0], [2, 0], [0, 1], [0, 5]])
    assert embeddings.silhouette(vectors, ["a", "a", "b", "b"]) == pytest.approx(1)
    assert embeddings.silhouette(vectors, ["a", "b", "a", "b"]) == pytest.approx(-0.5)


def test_labels_that_separate_nothing_are_refused() -> None:
    points, _ = blobs(1)
    with pytest.raises(UserError, match="at least two different labels"):
        embeddings.separation(points, ["a"] * 90)
    with pytest.raises(UserError, match="the label 'b' has only one"):
        embeddings.separation(points, ["a"] * 89 + ["b"])


def test_a_vector_beside_a_map_lies_where_its_twin_does_and_moves_nothing() -> None:
    random = np.random.default_rng(0)
    before, after = random.normal(size=(20, 6)), random.normal(size=(20, 6))
    alone = embeddings.project([before, after], "pca", 2)
    found = embeddings.project([before, after], "pca", 2, beside=[3 * before[4], after[7]])
    assert np.allclose(found.points, alone.points) and alone.beside == ()
    assert np.allclose(found.beside[0], found.points[0][4]) and np.allclose(found.beside[1], found.points[1][7])
    near = embeddings.project([before], "tsne", 2, beside=[before[4]], perplexity=3)
    distances = np.linalg.norm(near.points[0] - near.beside[0], axis=1)
    assert near.points[0].shape == (20, 2) and distances.argmin() == 4


def test_rows_held_back_are_no_training_rows_unless_there_are_no_others() -> None:
    reviews = load("rotten_tomatoes", LAYOUTS["text-label"])
    found = embeddings.sample(reviews, 10_000, held_back=True)
    assert set(found.splits) == {"test", "validation"} and found.total == sum(found.splits.values())
    assert embeddings.sample(load("article-example", LAYOUTS["text-label"]), 10, held_back=True).splits == {"train": 4}

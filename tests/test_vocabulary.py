"""core.vocabulary: training on the spot, what languages cost, searching a vocabulary, measuring a dataset."""

import unicodedata

import numpy as np
import pytest
import torch
from transformers import BertModel, PreTrainedTokenizerFast

from core import models, tokens, vocabulary
from core.data import fit
from core.errors import Cancelled, UserError
from core.scripts import separates_words
from tests.checkpoints import ORDERS, sentencepiece_like
from tests.conftest import WORDS, make_config, make_tokenizer

TEXTS = [
    "The film was good, and the plot was better.",
    "A boring film: bad acting, bad plot, awful ending!",
    "I loved playing, walking and eating pizza.",
    "Naïve café; 我爱电影。 Good films are rarely boring.",
] * 30


@pytest.fixture(scope="module")
def minilm() -> PreTrainedTokenizerFast:
    return models.load_tokenizer("minilm")


# --- Training ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", vocabulary.TRAINERS)
def test_every_trainer_learns_and_its_tokenizer_works_everywhere(kind: vocabulary.Kind) -> None:
    reports: list[tuple[int, int]] = []
    trained = vocabulary.train(kind, TEXTS, 300, lambda done, total: reports.append((done, total)))
    assert reports[0] == (0, 120) and reports[-1] == (120, 120)
    assert trained.kind == kind and trained.texts == 120 and trained.asked == 300
    assert trained.size == len(trained.tokenizer) <= 300
    assert [row.piece for row in trained.learned[:5]] == list(vocabulary.SPECIAL)
    assert [row.id for row in trained.learned] == list(range(trained.size))
    assert trained.tokens == sum(len(tokens.pieces(trained.tokenizer, text)) for text in TEXTS)
    assert tokens.algorithm(trained.tokenizer) == kind
    text = "Good films [SEP] 我爱 unseen"
    assert [piece.id for piece in tokens.pieces(trained.tokenizer, text)] == trained.tokenizer(
        text, add_special_tokens=False
    )["input_ids"]
    assert all(word.agrees for word in tokens.trace(trained.tokenizer, text))
    result = tokens.tokenize(trained.tokenizer, "Good film", "Bad plot")
    assert (result.texts[0], result.texts[-1]) == ("[CLS]", "[SEP]") and result.pair_start is not None


@pytest.mark.parametrize("kind", ["wordpiece", "bpe"])
def test_merges_come_in_the_order_they_were_learned_and_always_the_same(kind: vocabulary.Kind) -> None:
    trained = vocabulary.train(kind, TEXTS, 320)
    known: set[str] = set()
    for row in trained.learned:
        if row.merged:
            assert row.left in known and row.right in known
            assert row.piece == row.left + row.right.removeprefix("##" if kind == "wordpiece" else "")
        known.add(row.piece)
    assert any(row.merged for row in trained.learned)
    assert trained.learned == vocabulary.train(kind, TEXTS, 320).learned


def test_the_first_merge_is_the_most_frequent_pair() -> None:
    """low ×5, lower ×2, newest ×6, widest ×3 (Sennrich et al. 2016): e s, then es t, then l o, lo w come first."""
    corpus = ["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["widest"] * 3
    trained = vocabulary.train("wordpiece", corpus, 300)
    merged = [(row.left, row.right, row.piece) for row in trained.learned if row.merged]
    assert ("##e", "##s", "##es") in merged[:2] or ("##s", "##t", "##st") in merged[:2]
    assert {"low", "newest", "widest"} <= {piece for _, _, piece in merged}
    uses = {row.piece: row.uses for row in trained.learned}
    assert (uses["low"], uses["newest"], uses["widest"]) == (5, 6, 3)
    assert trained.size < 300, "there is nothing more to merge"


def test_unigram_scores_are_log_probabilities() -> None:
    trained = vocabulary.train("unigram", TEXTS, 300)
    scores = [row.score for row in trained.learned[5:]]
    assert all(score is not None and score < 0 for score in scores)
    assert scores == sorted(scores, reverse=True)


def test_training_can_be_cancelled_and_says_what_is_wrong() -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled

    for kind in ("wordpiece", "bpe", "unigram"):
        with pytest.raises(Cancelled):
            vocabulary.train(kind, TEXTS, 300, stop)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="between 300 and 30000"):
        vocabulary.train("bpe", TEXTS, 100)
    with pytest.raises(UserError, match="no text"):
        vocabulary.train("bpe", ["", "  \n"], 300)
    many = " ".join(chr(code) for code in range(0x4E00, 0x4E00 + 400))
    with pytest.raises(UserError, match="401 different characters"):
        vocabulary.train("unigram", [many], 300)
    assert vocabulary.train("wordpiece", [many], 300).size <= 300


def test_hostile_and_endless_texts_are_trained_on() -> None:
    texts = ["a" * 100_000, "</script><img onerror=1> \ud83d \x00\u202e", "שלום " * 50, "🙂" * 500, "word " * 210_000]
    for kind in vocabulary.TRAINERS:
        trained = vocabulary.train(kind, texts, 400)  # type: ignore[arg-type]
        assert trained.characters <= vocabulary.CORPUS_CHARACTERS
        assert tokens.pieces(trained.tokenizer, "word שלום")


# --- Languages and spellings ---------------------------------------------------------------------------------------------


def test_the_languages_are_what_they_say() -> None:
    rows = vocabulary.LANGUAGES.values()
    assert len(rows) >= 12 and len({row.text for row in rows}) == len(rows)
    for row in rows:
        strong = {unicodedata.bidirectional(character) for character in row.text}
        assert (row.direction == "rtl") == bool(strong & {"R", "AL"}), row.id
        assert separates_words(row.text) == row.spaces, row.id
        assert unicodedata.normalize("NFC", row.text) == row.text or row.id == "hi", row.id


def test_language_costs_are_counted_right(minilm: PreTrainedTokenizerFast) -> None:
    costs = {cost.language.id: cost for cost in vocabulary.language_costs(minilm)}
    english = costs["en"]
    assert english.ratio == 1 and english.words == 19 and english.tokens == 21 and english.unknown == 0
    assert english.per_word == pytest.approx(21 / 19)
    for cost in costs.values():
        own = minilm(cost.language.text, add_special_tokens=False)["input_ids"]
        assert cost.tokens == len(own) and cost.unknown == own.count(minilm.unk_token_id)
        assert cost.characters == sum(not character.isspace() for character in cost.language.text)
        assert cost.ratio == pytest.approx(len(own) / 21)
    assert costs["zh"].per_word is None and costs["zh"].unknown_share > 0.5
    assert costs["ru"].ratio > 3


def test_one_text_under_several_tokenizers(minilm: PreTrainedTokenizerFast) -> None:
    found = [vocabulary.spelling(t, "good film ☃", name=n) for n, t in (("minilm", minilm), ("tiny", make_tokenizer()))]
    assert [row.name for row in found] == ["minilm", "tiny"]
    assert [piece.text for piece in found[1].pieces] == ["good", "film", "[UNK]"]
    assert found[1].unknown == 1 and found[1].per_word == 1 and found[1].vocabulary == len(WORDS)
    assert vocabulary.spelling(minilm, "我爱吃披萨").per_word is None
    with pytest.raises(UserError, match="no text"):
        vocabulary.spelling(minilm, "  ")


# --- Entries -------------------------------------------------------------------------------------------------------------


def test_filters_on_a_vocabulary_known_by_heart() -> None:
    rows = vocabulary.vocabulary(make_tokenizer())

    def texts(kind: vocabulary.EntryKind) -> list[str]:
        return [row.text for row in vocabulary.search(rows, "", kind, 100).rows]

    assert texts("all") == WORDS
    assert texts("special") == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert texts("continuation") == ["##ing", "##s", "##ed"]
    assert texts("character") == ["i", "a", "##s", ",", ".", "!", "我", "爱", "好", "坏", "电", "影"]
    assert texts("punctuation") == [",", ".", "!"]
    assert texts("chinese") == list("我爱好坏电影")
    assert texts("digit") == texts("unused") == texts("other-script") == []
    assert len(texts("word")) == len(WORDS) - 5 - 3


def test_search_puts_the_exact_entry_first_and_pages(minilm: PreTrainedTokenizerFast) -> None:
    entries = vocabulary.vocabulary(minilm)
    found = vocabulary.search(entries, "Play", limit=3)
    assert found.rows[0].text == "play" and found.total > 10 and found.size == 30522
    rest = vocabulary.search(entries, "play", limit=3, offset=3)
    assert not {row.id for row in found.rows} & {row.id for row in rest.rows} and rest.offset == 3
    assert vocabulary.search(entries, "10733").rows[0].text == "pizza"
    assert vocabulary.search(entries, "", "unused").total == 994
    assert vocabulary.search(entries, "##", "word").total == 0
    assert vocabulary.search(entries, "</script>").rows == ()
    with pytest.raises(UserError, match="'nouns' is not a filter"):
        vocabulary.search(entries, "", "nouns")  # type: ignore[arg-type]


def test_every_filter_of_every_family_finds_what_it_says() -> None:
    for kind in vocabulary.TRAINERS:
        tokenizer = vocabulary.train(kind, TEXTS, 320).tokenizer  # type: ignore[arg-type]
        rows = vocabulary.vocabulary(tokenizer)
        assert [row.id for row in rows] == list(range(len(tokenizer)))
        words = vocabulary.search(rows, "", "word", 1000).rows
        assert "film" in [row.shown for row in words if row.text.strip("Ġ▁") == "film"]
        assert all(row.continuation for row in vocabulary.search(rows, "", "continuation", 1000).rows)
        assert vocabulary.search(rows, "", "special").total == 5


def test_neighbours_are_the_nearest_by_cosine() -> None:
    torch.manual_seed(0)
    model = BertModel(make_config())
    table = model.get_input_embeddings().weight.detach().numpy()
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    similarities = unit @ unit[7]
    expected = [i for i in np.argsort(-similarities) if i != 7][:5]
    found = vocabulary.neighbours(model, 7, 5)
    assert [row.id for row in found] == expected
    np.testing.assert_allclose([row.similarity for row in found], similarities[expected], atol=1e-6)
    assert len(vocabulary.neighbours(model, 0, 10_000)) == len(WORDS) - 1
    with pytest.raises(UserError, match="no entry with id 5000"):
        vocabulary.neighbours(model, 5000)


# --- Corpora -------------------------------------------------------------------------------------------------------------


def test_statistics_counted_by_hand() -> None:
    tokenizer = make_tokenizer()
    reports: list[tuple[int, int]] = []
    texts = ["good film", "acting walked, walked!", "snow ☃ good"]
    found = vocabulary.corpus_statistics(texts, tokenizer, 5, lambda done, total: reports.append((done, total)))
    # good film | acting walk ##ed , walk ##ed ! | [UNK] [UNK] good, each with [CLS] and [SEP]
    assert found.lengths.tolist() == [4, 9, 5]
    assert (found.cut, found.lost, found.tokens, found.words) == (1, 4, 12, 10)
    assert found.cut_share == pytest.approx(1 / 3)
    assert found.unknown_tokens == 2 and found.unknown_share == pytest.approx(2 / 12)
    assert [(row.word, row.pieces, row.count) for row in found.unknown] == [
        ("snow", ("[UNK]",), 1), ("☃", ("[UNK]",), 1),
    ]  # fmt: skip
    assert [(row.word, row.pieces, row.count) for row in found.split] == [("walked", ("walk", "##ed"), 2)]
    assert {row.text: row.count for row in found.pieces} == {
        "good": 2, "film": 1, "acting": 1, "walk": 2, "##ed": 2, ",": 1, "!": 1, "[UNK]": 2,
    }  # fmt: skip
    assert found.used == 8 and found.vocabulary == len(WORDS)
    assert reports == [(0, 3), (3, 3)]


def test_statistics_equal_the_datasets_own_lengths_and_leave_the_tokenizer_alone(
    minilm: PreTrainedTokenizerFast,
) -> None:
    before = minilm.backend_tokenizer.to_str()
    texts = [*TEXTS[:4], "long " * 700, "a" * 200]
    found = vocabulary.corpus_statistics(texts, minilm, 128)
    assert minilm.backend_tokenizer.to_str() == before
    assert found.lengths.tolist() == fit.measure({"text": texts}, minilm).lengths.tolist()
    assert found.cut == 1 and found.lost == 702 - 128
    assert found.unknown[0].word == "a" * 200


def test_a_text_without_spaces_is_no_word() -> None:
    tokenizer = sentencepiece_like(ORDERS[0])
    found = vocabulary.corpus_statistics(["的的, the film", "的", "abc film", "abcdef的"], tokenizer, 128)
    assert [(row.word, row.pieces) for row in found.split] == [("abc", ("▁a", "b", "c"))]
    assert [(row.word, row.count) for row in found.unknown] == [("的", 2), ("的的", 1)]


def test_statistics_can_be_cancelled_and_need_texts(minilm: PreTrainedTokenizerFast) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        vocabulary.corpus_statistics(TEXTS, minilm, 128, stop)
    with pytest.raises(UserError, match="no text"):
        vocabulary.corpus_statistics([], minilm, 128)

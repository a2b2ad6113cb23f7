"""core.tokens' trace: each step of how a word becomes tokens, equal to the tokenizers library on hostile strings."""

import random
import sys
import unicodedata
from collections.abc import Callable

import pytest
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers
from tokenizers import models as tokenizer_models
from transformers import PreTrainedTokenizerFast

from core import models, tokens
from core.errors import UserError

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PLAIN = "the film was un ##aff ##able ##ing ##s play walk a b c e i o n ##a ##b ##c ##e ##n ##o x ##x . , ! ' - 1 ##1".split()
CASED = [*PLAIN, "The", "Film", "É", "##É", "é", "##é", "ß", "I", "##I", "A", "##A", "İ"]
CHINESE = [*PLAIN, *"我爱吃披萨的是不了人在有他这中大", "##我", "##爱", "。", "，", "film", "か", "##な", "한"]  # fmt: skip
WORDS = (
    "the film was unaffable playing films Éclair naïve İstanbul Straße ǅ ﬁne Å ΑΣ Σίσυφος我爱你 吃披萨 カタカナ 한국어 שלום مرحبا "
    "नमस्ते ภาษาไทย 👩‍👩‍👧 🇫🇷 e\u0301 a\u0315\u0300 [SEP] [CLS] [MASK] [sep] [UNK] ##ing </script> <img/onerror=1> can't 1.5% x_1 "
    "\u200b\u200d\u00ad\ufeff \u202eabc\u202c \x00\x07 \x85 \u2028 \u3000 \ufffd \U000e0001 \U00020000 \uf900 \u1d165 ｆｕｌｌ ０１"
).split(" ")


def make(vocabulary: list[str], *, lowercase: bool, **options: object) -> PreTrainedTokenizerFast:
    """A BERT tokenizer over a small vocabulary."""
    entries = dict.fromkeys((*SPECIAL, *vocabulary))
    backend = Tokenizer(
        tokenizer_models.WordPiece({entry: i for i, entry in enumerate(entries)}, unk_token="[UNK]", **options)
    )
    backend.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return wrap(backend)


def wrap(backend: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]"
    )  # fmt: skip


def characters_by_category() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        if category != "Cs":
            found.setdefault(category, []).append(chr(code))
    return found


def strings(seed: int, count: int) -> list[str]:
    """Seeded texts of words, accents, marks, ideographs, controls and characters of every Unicode category."""
    chance = random.Random(seed)
    categories = list(characters_by_category().values())

    def one() -> str:
        kind = chance.random()
        if kind < 0.45:
            return chance.choice(WORDS)
        if kind < 0.75:
            return "".join(chance.choice(chance.choice(categories)) for _ in range(chance.randint(1, 4)))
        if kind < 0.9:
            return "".join(chance.choice("abcenosixAI1é我爱\u0301\u0327'-.") for _ in range(chance.randint(1, 12)))
        if kind < 0.99:
            return chance.choice(("\t", "\n", "  ", "\r\n", "\u00a0", "[SEP]", "[MASK]", "\u3000"))
        return chance.choice("axé我") * chance.randint(90, 120)

    return ["".join(one() + chance.choice(("", " ", " ")) for _ in range(chance.randint(1, 8))) for _ in range(count)]


def check(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    """Words, pieces, ids and offsets equal the library's; the traced candidates lead to exactly these pieces."""
    own = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
    found = tokens.trace(tokenizer, text)
    pieces = [(word.word.index, piece) for word in found for piece in word.pieces]
    assert [piece.text for _, piece in pieces] == own.tokens
    assert [piece.id for _, piece in pieces] == own.ids
    assert [index for index, _ in pieces] == own.word_ids
    assert [(piece.start, piece.end) for _, piece in pieces] == own.offsets
    for word in found:
        assert word.agrees
        assert word.original == text[word.word.start : word.word.end]
        if word.word.special or not word.traced or word.tried > tokens.KEPT_CANDIDATES:
            continue
        hits = [candidate for candidate in word.candidates if candidate.hit]
        if word.unknown:
            assert [piece.text for piece in word.pieces] == ["[UNK]"]
            assert not word.candidates or not word.candidates[-1].hit
        else:
            assert [candidate.piece for candidate in hits] == [piece.text for piece in word.pieces]
            assert "".join(word.word.text[hit.start : hit.end] for hit in hits) == word.word.text
        for step, after in zip(word.steps, word.steps[1:], strict=False):
            assert step.after == after.before


SETTINGS: dict[str, Callable[[], PreTrainedTokenizerFast]] = {
    "uncased": lambda: make([*PLAIN, *CHINESE], lowercase=True),
    "cased": lambda: make(CASED, lowercase=False),
    "chinese": lambda: make(CHINESE, lowercase=True),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_small_vocabularies_on_hostile_strings(name: str) -> None:
    tokenizer = SETTINGS[name]()
    for text in strings(sorted(SETTINGS).index(name), 2000):
        check(tokenizer, text)


@pytest.fixture(scope="module")
def minilm() -> PreTrainedTokenizerFast:
    """The bundled vocabulary, in a copy whose backend neither cuts nor pads."""
    tokenizer = models.load_tokenizer("minilm")
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def test_the_bundled_vocabulary_on_hostile_strings(minilm: PreTrainedTokenizerFast) -> None:
    for text in strings(7, 2000):
        check(minilm, text)


def test_every_character_alone_and_inside_a_word(minilm: PreTrainedTokenizerFast) -> None:
    chance = random.Random(0)
    for characters in characters_by_category().values():
        for character in chance.sample(characters, min(25, len(characters))):
            check(minilm, character)
            check(minilm, f"Na{character}me")


def test_sequences_of_simple_normalisers_and_other_settings() -> None:
    backend = Tokenizer(
        tokenizer_models.WordPiece(
            {entry: i for i, entry in enumerate(dict.fromkeys((*SPECIAL, *PLAIN, "@@a", "@@b")))},
            unk_token="[UNK]", continuing_subword_prefix="@@", max_input_chars_per_word=5,
        )
    )  # fmt: skip
    backend.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()])
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    tokenizer = wrap(backend)
    for text in strings(11, 500):
        check(tokenizer, text)
    assert [step.id for step in tokens.trace_word(tokenizer, "É", 0).steps] == ["unicode", "lowercase", "accents"]
    accents = wrap(Tokenizer(tokenizer_models.WordPiece({"[UNK]": 0, "e": 1}, unk_token="[UNK]")))
    accents.backend_tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False
    )
    assert [step.id for step in tokens.trace_word(accents, "é", 0).steps] == ["accents"]
    check(accents, "é")


@pytest.mark.parametrize("normalized", [False, True])
def test_added_tokens_are_found_where_the_library_finds_them(normalized: bool) -> None:
    tokenizer = make(PLAIN, lowercase=True)
    tokenizer.add_tokens(
        [
            AddedToken("Covid", normalized=normalized),
            AddedToken("covid19", normalized=normalized),
            AddedToken("film", single_word=True, normalized=normalized),
            AddedToken("<x>", lstrip=True, rstrip=True, normalized=normalized),
        ]
    )
    for text in (
        "covid Covid covid19 COVID",
        "films film filmé the film.",
        "a  <x>  b<x>c",
        "  <x>",
        "Covid",
        "éCovid19é",
    ):
        check(tokenizer, text)
    for text in strings(13, 200):
        check(tokenizer, text + "<x> Covid")


def test_a_hand_worked_word() -> None:
    """unaffable over un ##aff ##able: 8 misses, un; 4 misses, ##aff; ##able."""
    tokenizer = make(PLAIN, lowercase=True)
    text = "A  UNAFFÁBLE\u200b film"
    found = tokens.trace_word(tokenizer, text, 1)
    assert (found.word.start, found.word.end, found.word.text) == (3, 12, "unaffable")
    assert found.original == "UNAFFÁBLE"
    assert [(step.id, step.after) for step in found.steps if step.changed] == [
        ("accents", "UNAFFABLE"),
        ("lowercase", "unaffable"),
    ]
    assert [step.id for step in found.steps] == ["clean", "chinese", "accents", "lowercase"]
    assert [candidate.piece for candidate in found.candidates] == [
        "unaffable", "unaffabl", "unaffab", "unaffa", "unaff", "unaf", "una", "un",
        "##affable", "##affabl", "##affab", "##affa", "##aff", "##able",
    ]  # fmt: skip
    assert [i for i, candidate in enumerate(found.candidates) if candidate.hit] == [7, 12, 13]
    assert found.tried == 14 and found.agrees and not found.unknown
    assert [(piece.text, piece.start, piece.end) for piece in found.pieces] == [
        ("un", 3, 5), ("##aff", 5, 8), ("##able", 8, 12),
    ]  # fmt: skip


def test_unknown_words_say_why() -> None:
    tokenizer = make(PLAIN, lowercase=True)
    missing = tokens.trace_word(tokenizer, "unq", 0)
    assert missing.unknown == "no piece"
    assert [(c.piece, c.hit) for c in missing.candidates] == [("unq", False), ("un", True), ("##q", False)]
    long = tokens.trace_word(tokenizer, "a" * 101, 0)
    assert long.unknown == "too long" and long.candidates == () and long.pieces[0].end == 101
    with pytest.raises(UserError, match="no word number 3"):
        tokens.trace_word(tokenizer, "the film", 2)


def test_huge_words_stay_small(minilm: PreTrainedTokenizerFast) -> None:
    check(minilm, "a" * 10_000)
    huge = make(["a", "##a"], lowercase=True, max_input_chars_per_word=20_000)
    found = tokens.trace_word(huge, "a" * 500, 0)
    assert found.tried == 500 * 501 // 2 and len(found.candidates) == tokens.KEPT_CANDIDATES
    longer = tokens.trace_word(huge, "a" * 1500, 0)
    assert not longer.traced and longer.candidates == () and len(longer.pieces) == 1500


def test_typed_special_tokens_are_words_of_their_own(minilm: PreTrainedTokenizerFast) -> None:
    found = tokens.words(minilm, "a[SEP]b [sep]")
    assert [(word.text, word.special) for word in found] == [
        ("a", False), ("[SEP]", True), ("b", False), ("[", False), ("sep", False), ("]", False),
    ]  # fmt: skip
    assert [word.index for word in found] == list(range(6))
    assert tokens.words(minilm, "") == () and tokens.words(minilm, " \x00 ") == ()


def test_half_a_character_is_traced_as_its_replacement(minilm: PreTrainedTokenizerFast) -> None:
    text = "film \ud83d good"
    assert [piece.text for piece in tokens.pieces(minilm, text)] == ["film", "good"]
    assert [word.original for word in tokens.trace(minilm, text)] == ["film", "good"]


def test_words_count_as_tokens_do(minilm: PreTrainedTokenizerFast) -> None:
    text = "Untokenizable [MASK] 我爱 naïve films!"
    words = tokens.words(minilm, text)
    for token in tokens.tokenize(minilm, text, max_length=64).tokens:
        if token.word is not None:
            assert token.start is not None and token.end is not None
            assert words[token.word].start <= token.start and token.end <= words[token.word].end


def test_the_shared_tokenizer_is_left_as_it_was() -> None:
    tokenizer = models.load_tokenizer("minilm")
    before = tokenizer.backend_tokenizer.to_str()
    tokens.trace(tokenizer, "word " * 300)
    assert tokenizer.backend_tokenizer.to_str() == before
    assert len(tokens.trace(tokenizer, "word " * 300)) == 300


# --- BPE and Unigram -----------------------------------------------------------------------------------------------------


def bpe(**options: object) -> Tokenizer:
    vocabulary = {piece: i for i, piece in enumerate(["[UNK]", *"helowrd", "ll", "he", "hell", "lo", "or"])}
    return Tokenizer(tokenizer_models.BPE(vocabulary, [("l", "l"), ("h", "e"), ("he", "ll"), ("o", "r")], **options))


def test_bpe_merges_in_the_order_they_were_learned() -> None:
    found = tokens.trace_word(wrap(bpe()), "helloor", 0)
    assert found.symbols == tuple("helloor")
    assert [(merge.left, merge.right, merge.rank, merge.position) for merge in found.merges] == [
        ("l", "l", 0, 2), ("h", "e", 1, 0), ("he", "ll", 2, 0), ("o", "r", 3, 2),
    ]  # fmt: skip
    assert found.merges[-1].symbols == ("hell", "o", "or")
    assert found.agrees and [piece.text for piece in found.pieces] == ["hell", "o", "or"]


@pytest.mark.parametrize("options", [{"unk_token": "[UNK]"}, {"unk_token": "[UNK]", "fuse_unk": True}, {}])
def test_bpe_agrees_with_the_library(options: dict) -> None:
    tokenizer = wrap(bpe(**options))
    chance = random.Random(1)
    for _ in range(300):
        word = "".join(chance.choice("helowrdéx我") for _ in range(chance.randint(1, 15)))
        assert tokens.trace_word(tokenizer, word, 0).agrees, word


def test_unigram_takes_the_most_probable_spelling() -> None:
    scores = [("[UNK]", 0.0), ("a", -1.0), ("b", -1.5), ("ab", -2.0), ("abb", -5.0), ("bb", -2.5)]
    tokenizer = wrap(Tokenizer(tokenizer_models.Unigram(scores, unk_id=0, byte_fallback=False)))
    found = tokens.trace_word(tokenizer, "abb", 0)
    assert [(way.pieces, way.total) for way in found.segmentations] == [
        (("a", "bb"), -3.5), (("ab", "b"), -3.5), (("a", "b", "b"), -4.0), (("abb",), -5.0),
    ]  # fmt: skip
    assert found.agrees
    assert found.segmentations[0].scores == (-1.0, -2.5)
    chance = random.Random(2)
    for _ in range(300):
        word = "".join(chance.choice("aabb我é") for _ in range(chance.randint(1, 15)))
        assert tokens.trace_word(tokenizer, word, 0).agrees, word
    assert tokens.trace_word(tokenizer, "a我b", 0).unknown == "no piece"


def test_other_models_are_named() -> None:
    tokenizer = wrap(Tokenizer(tokenizer_models.WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]")))
    with pytest.raises(UserError, match="WordLevel"):
        tokens.trace(tokenizer, "a")

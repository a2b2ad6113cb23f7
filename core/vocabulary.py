"""Vocabularies: what is in them, how they are learned, and what they make of texts and languages.

Tokenizers are trained here on the spot (WordPiece, byte-level BPE, Unigram) with the tokenizers library; any fast
tokenizer can be searched and measured. Settings that tokenizers share between threads (truncation, padding) are neither
used nor changed: what is long is measured uncut. This module does not know how one word is cut (`core.tokens` does), nor
where texts come from.
"""

import json
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers import models as tokenizer_models
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from core import tokens
from core.errors import N_, UserError
from core.scripts import UNSPACED, separates_words

Report = Callable[[int, int], None]
Kind = Literal["wordpiece", "bpe", "unigram"]
EntryKind = Literal[
    "all", "word", "continuation", "special", "unused", "character", "digit", "chinese", "punctuation", "other-script"
]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SMALLEST, LARGEST = (
    300,
    30_000,
)  # entries of a vocabulary that is trained on the spot; 256 bytes and 5 special ones must fit
CORPUS_CHARACTERS = 1_000_000  # what is trained on at most, so that it takes seconds
SHOWN_CHARACTERS = 200  # of a word in a list
LONGEST_WORD = 100  # characters; longer "words" would take a unigram model minutes and teach it nothing
LARGEST_ALPHABET = 1000  # characters a WordPiece vocabulary may hold; rarer ones become [UNK]
BATCH = 256  # texts between two reports


def _silent(done: int, total: int) -> None:
    """A report that nobody reads."""


# --- Training on the spot ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trainer:
    """One way to learn a vocabulary, told in plain words. marks: how its pieces show where a word begins or goes on."""

    id: Kind
    title: str
    help: str
    marks: str


TRAINERS: dict[str, Trainer] = {
    row.id: row
    for row in (
        Trainer("wordpiece", "WordPiece",
                N_("BERT's own. It starts from characters and joins the pair of neighbours that is most frequent, again and again, as the tokenizers library does it; afterwards only the pieces count, and a word is cut by taking the longest piece that fits. What has no piece becomes [UNK]."),
                N_("## marks a piece that continues a word.")),
        Trainer("bpe", "BPE",
                N_("RoBERTa's and GPT's. It starts from the 256 bytes, so that nothing is ever unknown, and joins the most frequent pair of neighbours again and again; a word is cut by repeating these merges in the order they were learned."),
                N_("Ġ stands for the space before a word; a letter outside English is several bytes.")),
        Trainer("unigram", "Unigram",
                N_("ALBERT's and XLM-RoBERTa's. It starts from very many pieces, gives each a probability, and drops those that the texts miss least; a word is cut in the most probable way."),
                N_("▁ stands for the space before a word.")),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Learned:
    """One entry of a trained vocabulary, in the order it was learned (Unigram: most probable first).

    left, right: the two pieces it was merged from, "" for characters, bytes, special tokens and Unigram. score: its natural
    log-probability under Unigram, None elsewhere. uses: how many tokens of the training texts it is, once trained; a
    piece can have none, because it was only a step on the way to a longer one.
    """

    piece: str
    id: int
    left: str
    right: str
    score: float | None
    uses: int

    @property
    def merged(self) -> bool:
        return self.left != ""


@dataclass(frozen=True)
class TrainedTokenizer:
    """A tokenizer trained on the spot, in the same wrapping as any other, with what it learned.

    asked: the size that was asked for; it can end smaller, when the texts hold nothing more to merge. texts, characters:
    what it was really trained on (CORPUS_CHARACTERS at most). tokens: how long these texts are in its tokens, special
    tokens left out. seconds: training alone.
    """

    kind: Kind
    tokenizer: PreTrainedTokenizerBase
    learned: tuple[Learned, ...]
    asked: int
    texts: int
    characters: int
    tokens: int
    seconds: float

    @property
    def size(self) -> int:
        return len(self.learned)


def train(kind: Kind, texts: Sequence[str], size: int, report: Report = _silent) -> TrainedTokenizer:
    """Learn a vocabulary of `size` entries from texts (Sennrich et al. 2016 for BPE, Kudo 2018 for Unigram).

    report: called with (texts read, texts); it may raise Cancelled. Raises UserError for a size out of range, and when
    the texts are empty or do not fit a vocabulary of this size.
    """
    if not SMALLEST <= size <= LARGEST:
        raise UserError(
            "a vocabulary of {size} entries cannot be trained here; choose between {smallest} and {largest}",
            size=size,
            smallest=SMALLEST,
            largest=LARGEST,
        )
    corpus = _corpus(texts)
    if not corpus:
        raise UserError("there is no text to learn from; choose a dataset or type some sentences")
    started = time.perf_counter()
    backend, merges, scores = {"wordpiece": _wordpiece, "bpe": _bpe, "unigram": _unigram}[kind](corpus, size, report)
    seconds = time.perf_counter() - started
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, int(backend.token_to_id(name) or 0)) for name in ("[CLS]", "[SEP]")],
    )
    uses: Counter[int] = Counter()
    for start in range(0, len(corpus), BATCH):
        report(start, len(corpus))
        for encoding in backend.encode_batch(corpus[start : start + BATCH], add_special_tokens=False):
            uses.update(encoding.ids)
    report(len(corpus), len(corpus))
    learned = []
    for piece, i in sorted(backend.get_vocab().items(), key=lambda item: item[1]):
        left, right = merges.get(piece, ("", ""))
        learned.append(Learned(piece, i, left, right, scores.get(piece), uses[i]))
    return TrainedTokenizer(
        kind=kind,
        tokenizer=PreTrainedTokenizerFast(
            tokenizer_object=backend,
            pad_token="[PAD]",
            unk_token="[UNK]",
            cls_token="[CLS]",
            sep_token="[SEP]",
            mask_token="[MASK]",
            model_max_length=512,
            model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        ),
        learned=tuple(learned),
        asked=size,
        texts=len(corpus),
        characters=sum(map(len, corpus)),
        tokens=sum(uses.values()),
        seconds=seconds,
    )


def _corpus(texts: Sequence[str]) -> list[str]:
    """The texts that are trained on: not empty, without endless words, together CORPUS_CHARACTERS at most."""
    corpus, room = [], CORPUS_CHARACTERS
    for text in texts:
        words = [word[:LONGEST_WORD] for word in tokens.clean(text[:room]).split()]
        if words:
            corpus.append(" ".join(words))
            room -= len(corpus[-1])
        if room <= 0:
            break
    return corpus


def _reported(corpus: Sequence[str], report: Report) -> Iterator[str]:
    for i, text in enumerate(corpus):
        if i % BATCH == 0:
            report(i, len(corpus))
        yield text


Trained = tuple[Tokenizer, dict[str, tuple[str, str]], dict[str, float]]  # with merges and log-probabilities by piece


def _merges(model: tokenizer_models.Model, prefix: str) -> dict[str, tuple[str, str]]:
    """For each merged piece the pair it was first made from."""
    found: dict[str, tuple[str, str]] = {}
    for left, right in json.loads(model.__getstate__())["merges"]:
        found.setdefault(left + right.removeprefix(prefix), (left, right))
    return found


def _wordpiece(corpus: Sequence[str], size: int, report: Report) -> Trained:
    """Pieces learned by BPE with ## before continuations, which is what the library's WordPiece trainer does inside.

    Its alphabet is given in a fixed order, with characters inside words (##x) of their own, so that the same texts always
    give the same vocabulary.
    """
    learner = Tokenizer(tokenizer_models.BPE(continuing_subword_prefix="##", unk_token="[UNK]"))
    learner.normalizer = normalizers.BertNormalizer(lowercase=True)
    learner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words: Counter[str] = Counter()
    for text in corpus:
        words.update(word for word, _ in learner.pre_tokenizer.pre_tokenize_str(learner.normalizer.normalize_str(text)))
    characters: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            characters[character] += count
    places = max(1, min(LARGEST_ALPHABET, size // 3))
    alphabet = {character for character, _ in sorted(characters.items(), key=lambda item: (-item[1], item[0]))[:places]}
    inside = sorted({"##" + character for word in words for character in word[1:] if character in alphabet})
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[*SPECIAL, *inside],
        continuing_subword_prefix="##",
        initial_alphabet=sorted(alphabet),
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    learner.train_from_iterator(_reported(corpus, report), trainer, length=len(corpus))
    backend = Tokenizer(
        tokenizer_models.WordPiece(learner.get_vocab(), unk_token="[UNK]", max_input_chars_per_word=LONGEST_WORD)
    )
    backend.normalizer, backend.pre_tokenizer = learner.normalizer, learner.pre_tokenizer
    backend.decoder = decoders.WordPiece()
    backend.add_special_tokens(list(SPECIAL))
    return backend, _merges(learner.model, "##"), {}


def _bpe(corpus: Sequence[str], size: int, report: Report) -> Trained:
    """Byte-level BPE: it starts from the 256 bytes."""
    backend = Tokenizer(tokenizer_models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(_reported(corpus, report), trainer, length=len(corpus))
    backend.decoder = decoders.ByteLevel()
    return backend, _merges(backend.model, ""), {}


def _unigram(corpus: Sequence[str], size: int, report: Report) -> Trained:
    """A unigram language model over words that begin with ▁. It sums in parallel: the last digits of a score can vary."""
    backend = Tokenizer(tokenizer_models.Unigram())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=list(SPECIAL), unk_token="[UNK]", show_progress=False
    )
    alphabet = len(set(backend.normalizer.normalize_str("".join(corpus))) - {" "}) + 1  # ▁
    if alphabet + len(SPECIAL) >= size:
        raise UserError(
            "the texts hold {alphabet} different characters, which do not fit a Unigram vocabulary of {size}; choose a larger one",
            alphabet=alphabet,
            size=size,
        )
    backend.train_from_iterator(_reported(corpus, report), trainer, length=len(corpus))
    backend.decoder = decoders.Metaspace()
    scores = {piece: float(score) for piece, score in json.loads(backend.model.__getstate__())["vocab"]}
    return backend, {}, {piece: score for piece, score in scores.items() if piece not in SPECIAL}


# --- One text under several tokenizers ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spelling:
    """One text under one tokenizer: its pieces (special tokens left out, nothing cut) and how many of them are unknown.

    words: white-space separated words, None for a text in a script that does not separate them.
    """

    name: str
    algorithm: str
    vocabulary: int
    pieces: tuple[tokens.Piece, ...]
    unknown: int
    characters: int
    words: int | None

    @property
    def per_word(self) -> float | None:
        return len(self.pieces) / self.words if self.words else None

    @property
    def per_character(self) -> float:
        return len(self.pieces) / max(1, self.characters)


def spelling(tokenizer: PreTrainedTokenizerBase, text: str, *, name: str = "") -> Spelling:
    """The pieces of a text under one tokenizer. Raises UserError for an empty text."""
    tokens.check_text(text)
    pieces = tokens.pieces(tokenizer, text)
    return Spelling(
        name=name,
        algorithm=tokens.algorithm(tokenizer),
        vocabulary=len(tokenizer),
        pieces=pieces,
        unknown=sum(piece.id == tokenizer.unk_token_id for piece in pieces),
        characters=sum(not character.isspace() for character in text),
        words=len(text.split()) if separates_words(text) else None,
    )


# --- What languages cost -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Language:
    """The same two sentences in one language. spaces: whether it puts spaces between words."""

    id: str
    name: str
    own_name: str
    script: str
    direction: Literal["ltr", "rtl"]
    spaces: bool
    text: str


LANGUAGES: dict[str, Language] = {
    row.id: row
    for row in (
        Language("en", N_("English"), "English", N_("Latin script"), "ltr", True,
                 "This morning I bought bread and milk at the market. My children were still asleep when I came home."),
        Language("zh", N_("Chinese"), "中文", N_("Chinese script"), "ltr", False,
                 "今天早上我在市场买了面包和牛奶。我回到家时，孩子们还在睡觉。"),
        Language("de", N_("German"), "Deutsch", N_("Latin script"), "ltr", True,
                 "Heute Morgen habe ich auf dem Markt Brot und Milch gekauft. Meine Kinder schliefen noch, als ich nach Hause kam."),
        Language("fr", N_("French"), "français", N_("Latin script"), "ltr", True,
                 "Ce matin, j’ai acheté du pain et du lait au marché. Mes enfants dormaient encore quand je suis rentré à la maison."),
        Language("es", N_("Spanish"), "español", N_("Latin script"), "ltr", True,
                 "Esta mañana compré pan y leche en el mercado. Mis hijos todavía dormían cuando llegué a casa."),
        Language("pt", N_("Portuguese"), "português", N_("Latin script"), "ltr", True,
                 "Esta manhã comprei pão e leite no mercado. Os meus filhos ainda dormiam quando cheguei a casa."),
        Language("pl", N_("Polish"), "polski", N_("Latin script"), "ltr", True,
                 "Dziś rano kupiłem na targu chleb i mleko. Moje dzieci jeszcze spały, kiedy wróciłem do domu."),
        Language("fi", N_("Finnish"), "suomi", N_("Latin script"), "ltr", True,
                 "Ostin tänä aamuna torilta leipää ja maitoa. Lapseni nukkuivat vielä, kun tulin kotiin."),
        Language("tr", N_("Turkish"), "Türkçe", N_("Latin script"), "ltr", True,
                 "Bu sabah pazardan ekmek ve süt aldım. Eve döndüğümde çocuklarım hâlâ uyuyordu."),
        Language("vi", N_("Vietnamese"), "Tiếng Việt", N_("Latin script"), "ltr", True,
                 "Sáng nay tôi đã mua bánh mì và sữa ở chợ. Khi tôi về nhà, các con tôi vẫn đang ngủ."),
        Language("id", N_("Indonesian"), "Bahasa Indonesia", N_("Latin script"), "ltr", True,
                 "Pagi ini saya membeli roti dan susu di pasar. Anak-anak saya masih tidur ketika saya pulang ke rumah."),
        Language("sw", N_("Swahili"), "Kiswahili", N_("Latin script"), "ltr", True,
                 "Asubuhi ya leo nilinunua mkate na maziwa sokoni. Watoto wangu walikuwa bado wamelala niliporudi nyumbani."),
        Language("ru", N_("Russian"), "русский", N_("Cyrillic script"), "ltr", True,
                 "Сегодня утром я купил на рынке хлеб и молоко. Мои дети ещё спали, когда я вернулся домой."),
        Language("el", N_("Greek"), "ελληνικά", N_("Greek script"), "ltr", True,
                 "Σήμερα το πρωί αγόρασα ψωμί και γάλα από την αγορά. Τα παιδιά μου κοιμόντουσαν ακόμα όταν γύρισα σπίτι."),
        Language("ar", N_("Arabic"), "العربية", N_("Arabic script"), "rtl", True,
                 "اشتريت هذا الصباح الخبز والحليب من السوق. كان أطفالي لا يزالون نائمين عندما عدت إلى البيت."),
        Language("he", N_("Hebrew"), "עברית", N_("Hebrew script"), "rtl", True,
                 "הבוקר קניתי לחם וחלב בשוק. הילדים שלי עדיין ישנו כשחזרתי הביתה."),
        Language("hi", N_("Hindi"), "हिन्दी", N_("Devanagari script"), "ltr", True,
                 "आज सुबह मैंने बाज़ार से ब्रेड और दूध ख़रीदा। जब मैं घर लौटा, तब मेरे बच्चे अभी भी सो रहे थे।"),
        Language("th", N_("Thai"), "ไทย", N_("Thai script"), "ltr", False,
                 "เช้านี้ฉันซื้อขนมปังและนมที่ตลาด ตอนที่ฉันกลับถึงบ้าน ลูก ๆ ของฉันยังหลับอยู่"),
        Language("ja", N_("Japanese"), "日本語", N_("Japanese script"), "ltr", False,
                 "今朝、市場でパンと牛乳を買いました。家に帰ったとき、子どもたちはまだ眠っていました。"),
        Language("ko", N_("Korean"), "한국어", N_("Korean script"), "ltr", True,
                 "오늘 아침에 시장에서 빵과 우유를 샀습니다. 집에 돌아왔을 때 아이들은 아직 자고 있었습니다."),
    )
}  # fmt: skip


@dataclass(frozen=True)
class LanguageCost:
    """What one language's text costs under a tokenizer.

    tokens: without special tokens; characters: without white space; words: None where spaces do not separate them.
    unknown: tokens that are [UNK]. ratio: tokens per token of the English text; it flatters a language whose words
    became [UNK], since a whole word is then one token of which nothing is left.
    """

    language: Language
    tokens: int
    characters: int
    words: int | None
    unknown: int
    ratio: float

    @property
    def per_character(self) -> float:
        return self.tokens / self.characters

    @property
    def per_word(self) -> float | None:
        return self.tokens / self.words if self.words else None

    @property
    def unknown_share(self) -> float:
        return self.unknown / self.tokens


def language_costs(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[Language] = tuple(LANGUAGES.values())
) -> tuple[LanguageCost, ...]:
    """What each language's text costs under a tokenizer, in the order of the rows."""
    english = len(tokens.pieces(tokenizer, LANGUAGES["en"].text))
    costs = []
    for row in rows:
        found = spelling(tokenizer, row.text)
        costs.append(
            LanguageCost(
                language=row,
                tokens=len(found.pieces),
                characters=found.characters,
                words=len(row.text.split()) if row.spaces else None,
                unknown=found.unknown,
                ratio=len(found.pieces) / english,
            )
        )
    return tuple(costs)


# --- The entries of a vocabulary ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EntryFilter:
    """One way to choose entries of a vocabulary, told in plain words."""

    id: EntryKind
    title: str
    help: str


ENTRY_FILTERS: dict[str, EntryFilter] = {
    row.id: row
    for row in (
        EntryFilter("all", N_("All"), N_("Every entry of the vocabulary.")),
        EntryFilter("word", N_("Begin a word"), N_("Entries that begin a word: most of them are whole words.")),
        EntryFilter("continuation", N_("Continue a word"), N_("Pieces that only stand inside or at the end of a word, such as ##ing.")),
        EntryFilter("character", N_("Single characters"), N_("The alphabet: one character each, with or without ##.")),
        EntryFilter("digit", N_("Numbers"), N_("Entries made of digits only.")),
        EntryFilter("punctuation", N_("Punctuation and signs"), N_("Entries without a letter or a digit.")),
        EntryFilter("chinese", N_("Chinese characters"), N_("Entries with a Chinese character; Japanese kanji are among them.")),
        EntryFilter("other-script", N_("Other scripts"), N_("Letters that are neither Latin nor Chinese: Cyrillic, Arabic, kana and so on.")),
        EntryFilter("special", N_("Special tokens"), N_("Entries with a meaning of their own, such as [CLS].")),
        EntryFilter("unused", N_("Unused"), N_("Empty places such as [unused0], left for words of one's own.")),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its id, the text of the vocabulary file, and what a reader sees of it, without marks and bytes decoded."""

    id: int
    text: str
    shown: str
    special: bool
    unused: bool
    continuation: bool


@dataclass(frozen=True)
class Entries:
    """One page of a search: these entries, how many there are in all, and the size of the vocabulary."""

    rows: tuple[Entry, ...]
    offset: int
    total: int
    size: int


def vocabulary(tokenizer: PreTrainedTokenizerBase) -> tuple[Entry, ...]:
    """Every entry in the order of ids."""
    backend = cast(PreTrainedTokenizerFast, tokenizer).backend_tokenizer
    vocab = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    special = set(tokenizer.all_special_ids)
    prefix, mark, bytes_ = "", "", False
    if isinstance(backend.model, tokenizer_models.WordPiece):
        prefix = backend.model.continuing_subword_prefix
    else:
        bytes_ = isinstance(backend.decoder, decoders.ByteLevel)
        mark = "Ġ" if bytes_ else "▁"
    rows = []
    for text, i in vocab:
        unused = text.startswith("[unused") and text.endswith("]")
        plain = i not in special and not unused
        if prefix:
            continuation = plain and text.startswith(prefix)
            shown = text.removeprefix(prefix) if continuation else text
        else:
            continuation = plain and not text.startswith(mark)
            shown = backend.decoder.decode([text]) if bytes_ and plain else text.removeprefix(mark)
            shown = shown.strip(" ") if plain else text
        rows.append(Entry(i, text, shown, i in special, unused, continuation))
    return tuple(rows)


def search(
    rows: Sequence[Entry], query: str = "", kind: EntryKind = "all", limit: int = 50, *, offset: int = 0
) -> Entries:
    """Entries of a `vocabulary` that hold `query` (in any case; a number also finds the entry with this id) and are of a kind.

    The entry with the asked id stands first, then exact matches, then entries that begin with the query, then the rest by
    id. Raises UserError for an unknown kind.
    """
    if kind not in ENTRY_FILTERS:
        raise UserError("'{kind}' is not a filter; use one of {kinds}", kind=kind, kinds=", ".join(ENTRY_FILTERS))
    asked = query.strip().lower()
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
    found = [
        row
        for row in rows
        if _is(row, kind) and (asked in row.text.lower() or asked in row.shown.lower() or row.id == number)
    ]
    if asked:
        found.sort(key=lambda row: (row.id != number, asked not in (row.text, row.shown.lower()),
                                    not row.shown.lower().startswith(asked), row.id))  # fmt: skip
    return Entries(tuple(found[offset : offset + limit]), offset, len(found), len(rows))


def _is(entry: Entry, kind: str) -> bool:
    if kind == "all":
        return True
    if kind in ("special", "unused") or entry.special or entry.unused:
        return (kind == "special" and entry.special) or (kind == "unused" and entry.unused)
    shown = entry.shown
    if kind == "word":
        return not entry.continuation
    if kind == "continuation":
        return entry.continuation
    if kind == "character":
        return len(shown) == 1
    if kind == "digit":
        return bool(shown) and all(character.isdigit() for character in shown)
    if kind == "punctuation":
        return bool(shown) and not any(character.isalnum() for character in shown)
    names = [unicodedata.name(character, "") for character in shown if character.isalpha()]
    if kind == "chinese":
        return any(name.startswith("CJK") for name in names)
    return bool(names) and not any(name.startswith(("LATIN", "CJK")) for name in names)


@dataclass(frozen=True)
class Neighbour:
    """An entry near another in the word embedding table: its id and the cosine similarity (−1 to 1)."""

    id: int
    similarity: float


def neighbours(model: PreTrainedModel, token_id: int, count: int = 10) -> tuple[Neighbour, ...]:
    """The entries nearest to one entry by cosine similarity in the model's word embedding table (V × D), nearest first.

    These are the vectors before any context. Raises UserError for an id that the table does not have.
    """
    table = cast(torch.Tensor, model.get_input_embeddings().weight).detach()
    if not 0 <= token_id < len(table):
        raise UserError(
            "there is no entry with id {id}; this vocabulary has ids from 0 to {last}", id=token_id, last=len(table) - 1
        )
    vector = table[token_id]
    similarities = (table @ vector) / (table.norm(dim=1) * vector.norm()).clamp_min(1e-12)
    similarities[token_id] = -2
    values, ids = similarities.topk(min(count, len(table) - 1))
    return tuple(Neighbour(int(i), float(value)) for i, value in zip(ids, values, strict=True))


# --- A dataset under a tokenizer ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PieceCount:
    """How often an entry of the vocabulary occurs."""

    id: int
    text: str
    count: int


@dataclass(frozen=True)
class WordCount:
    """A word as it stands in the texts, the pieces it becomes, and how often it occurs."""

    word: str
    pieces: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class CorpusStatistics:
    """Texts under a tokenizer.

    lengths: int, shape (N,): tokens per text, special tokens included, uncut. cut: texts longer than max_length; lost:
    tokens beyond it, all texts together. tokens: without special tokens; words: pre-tokens. used: entries of the vocabulary that
    occur, of `vocabulary`. pieces: the most frequent entries. unknown_tokens: how many are [UNK]; unknown: the words
    they came from, most frequent first. split: the known words cut into most pieces, most pieces first. Where a script sets no
    spaces between words, none is in `split`, and in `unknown` stand the characters themselves.
    """

    lengths: np.ndarray
    max_length: int
    cut: int
    lost: int
    tokens: int
    words: int
    used: int
    vocabulary: int
    pieces: tuple[PieceCount, ...]
    unknown_tokens: int
    unknown: tuple[WordCount, ...]
    split: tuple[WordCount, ...]

    @property
    def cut_share(self) -> float:
        return self.cut / len(self.lengths)

    @property
    def unknown_share(self) -> float:
        return self.unknown_tokens / max(1, self.tokens)


def corpus_statistics(
    texts: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
    report: Report = _silent,
    *,
    most: int = 50,
) -> CorpusStatistics:
    """Measure texts under a tokenizer: lengths, what is cut at max_length, frequent, unknown and much split pieces.

    most: length of the three lists. report: called with (texts done, texts); it may raise Cancelled. Raises UserError when
    there is no text.
    """
    if not texts:
        raise UserError("there is no text to work on; choose a dataset with at least one row")
    backend = Tokenizer.from_str(cast(PreTrainedTokenizerFast, tokenizer).backend_tokenizer.to_str())
    backend.no_truncation()
    backend.no_padding()
    lengths: list[int] = []
    counts: Counter[int] = Counter()
    words = 0
    split: Counter[tuple[str, tuple[int, ...]]] = Counter()
    unknown: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for start in range(0, len(texts), BATCH):
        report(start, len(texts))
        batch = [tokens.clean(text) for text in texts[start : start + BATCH]]
        for text, encoding in zip(batch, backend.encode_batch(batch), strict=True):
            ids, offsets = encoding.ids, encoding.offsets
            lengths.append(len(ids))
            spans = _spans(encoding.word_ids)
            words += len(spans)
            for first, last in spans:
                here = tuple(ids[first:last])
                counts.update(here)
                is_unknown = tokenizer.unk_token_id in here
                if not is_unknown and len(here) == 1:
                    continue
                word = text[offsets[first][0] : offsets[last - 1][1]].strip()
                if not UNSPACED.search(word):
                    (unknown if is_unknown else split)[word[:SHOWN_CHARACTERS], here] += 1
                else:  # no word, but all up to the next space
                    for place in range(first, last):
                        if ids[place] == tokenizer.unk_token_id:
                            unknown[text[slice(*offsets[place])].strip()[:SHOWN_CHARACTERS], (ids[place],)] += 1
    report(len(texts), len(texts))
    found = np.array(lengths)
    name = tokenizer.convert_ids_to_tokens
    return CorpusStatistics(
        lengths=found,
        max_length=max_length,
        cut=int((found > max_length).sum()),
        lost=int(np.maximum(found - max_length, 0).sum()),
        tokens=sum(counts.values()),
        words=words,
        used=len(counts),
        vocabulary=len(tokenizer),
        pieces=tuple(
            PieceCount(i, str(name(i)), count)
            for i, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
        ),
        unknown_tokens=counts[int(tokenizer.unk_token_id)] if tokenizer.unk_token_id is not None else 0,
        unknown=tuple(
            WordCount(word, tuple(name(list(ids))), count)
            for (word, ids), count in sorted(unknown.items(), key=lambda item: (-item[1], item[0]))[:most]
        ),
        split=tuple(
            WordCount(word, tuple(name(list(ids))), count)
            for (word, ids), count in sorted(split.items(), key=lambda item: (-len(item[0][1]), -item[1], item[0]))[
                :most
            ]
        ),
    )


def _spans(words: Sequence[int | None]) -> list[tuple[int, int]]:
    """Where each word's tokens begin and end, special tokens left out."""
    spans = []
    i = 0
    while i < len(words):
        end = i + 1
        while end < len(words) and words[end] == words[i]:
            end += 1
        if words[i] is not None:
            spans.append((i, end))
        i = end
    return spans

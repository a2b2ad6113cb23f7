"""From text to tokens: what the model reads, and where each token came from.

Works with any fast tokenizer; the trace of how a word became tokens knows WordPiece, BPE and Unigram. Nothing here
changes a tokenizer's own settings, which all threads share. This module does not know the model's weights; the number
that a family's positions start at is given to it.
"""

import heapq
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, cast

from tokenizers import AddedToken, NormalizedString, PreTokenizedString, Tokenizer, normalizers
from tokenizers import models as tokenizer_models
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from core.errors import N_, UserError
from core.results import Token, TokenKind, Tokens
from core.scripts import is_unspaced

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
CHARS_PER_TOKEN = 16  # texts with more than this for each token they may have are shortened before anything else
SPARE_TOKENS = 100


def clean(text: str) -> str:
    """The text with half characters (lone surrogates, which no tokenizer takes) replaced one for one."""
    return LONE_SURROGATE.sub("\ufffd", text)


def shorten(tokenizer: PreTrainedTokenizerBase, text: str, max_length: int) -> str:
    """A very long text without most of what the model will never see; its first max_length tokens stay what they are.

    A tokenizer builds what it cuts off a pair in every combination, which for two texts of 100,000 characters is more
    than any memory holds. The text ends more than 100 tokens late, because a cut inside a word changes its tokens. The
    tokenizer is asked with the settings of every other call: its settings are shared by all threads.
    """
    if len(text) <= CHARS_PER_TOKEN * max_length:
        return text
    encoding = tokenizer(text, truncation=True, max_length=max_length)[0]
    late = -(-SPARE_TOKENS // len(encoding))
    return (
        text if len(encoding.overflowing) <= late else text[: max(end for _, end in encoding.overflowing[late].offsets)]
    )


def check_text(text: str) -> None:
    """Raise UserError for a text with nothing in it, or one that is not valid Unicode."""
    if not text.strip():
        raise UserError("there is no text to work on; type a sentence, for example: I love eating pizza")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(
            "the text holds half a character at position {position}; type it again", position=error.start
        ) from error


def tokenize(
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    pair: str = "",
    *,
    model: str = "",
    max_length: int = 0,
    pad_to: int = 0,
    first_position: int = 0,
) -> Tokens:
    """The tokens of a text, or of a text and a pair, special tokens included.

    max_length: most tokens, 0 for what the model takes; the longer of two texts is cut first. pad_to: fill up with
    padding to this many tokens. first_position: as in `positions` (Family.position_offset). `model` is only carried along.
    Raises UserError for an empty text or a max_length without room for the special tokens.
    """
    check_text(text)
    second = pair if pair.strip() else None
    limit = min(max_length or tokenizer.model_max_length, tokenizer.model_max_length)
    special = tokenizer.num_special_tokens_to_add(pair=second is not None)
    if limit <= special:
        raise UserError(
            "{limit} tokens leave no room for text: {special} of them are special tokens", limit=limit, special=special
        )
    encoding = tokenizer(
        shorten(tokenizer, text, limit),
        second and shorten(tokenizer, second, limit),
        truncation=True,
        max_length=limit,
        return_offsets_mapping=True,
        return_token_type_ids=True,
    )
    sources, words, offsets = encoding.sequence_ids(), encoding.word_ids(), encoding["offset_mapping"]
    padding_id = int(tokenizer.pad_token_id)
    filling = [padding_id] * (pad_to - len(encoding["input_ids"]))
    places = positions([*encoding["input_ids"], *filling], padding_id, first_position)
    tokens = []
    for i, (token_id, name) in enumerate(zip(encoding["input_ids"], encoding.tokens(), strict=True)):
        inside = sources[i] is not None
        continues = i > 0 and sources[i - 1] == sources[i] and words[i - 1] == words[i]
        if continues and inside:
            continues = not _between_words((text, pair)[sources[i]], offsets[i][0])
        tokens.append(
            Token(
                text=name,
                id=token_id,
                kind=_kind(tokenizer, token_id, inside, continues),
                start=offsets[i][0] if inside else None,
                end=offsets[i][1] if inside else None,
                source=sources[i],
                word=words[i] if inside else None,
                segment=encoding["token_type_ids"][i],
                position=places[i],
                attended=True,
            )
        )
    cut, cut_pair = "", ""
    if len(tokens) == limit:
        cut, cut_pair = _rest(tokens, 0, text), _rest(tokens, 1, pair)
    padding = Token(
        text=str(tokenizer.pad_token),
        id=padding_id,
        kind="padding",
        start=None,
        end=None,
        source=None,
        word=None,
        segment=int(tokenizer.pad_token_type_id),
        position=0,
        attended=False,
    )
    tokens += [replace(padding, position=place) for place in places[len(tokens) :]]
    return Tokens(
        model=model,
        text=text,
        pair=pair if second else "",
        tokens=tuple(tokens),
        max_length=limit,
        cut=cut,
        cut_pair=cut_pair,
        words=len(text.split()) + len(pair.split()),
    )


def positions(ids: Sequence[int], padding: int, first: int) -> list[int]:
    """The position id of each token: counted from 0 up; where a family begins later (RoBERTa), counted from `first`, and
    a padding token, wherever it stands, sits at first − 1 and does not count.
    """
    if not first:
        return list(range(len(ids)))
    places, count = [], 0
    for token_id in ids:
        places.append(first - 1 if token_id == padding else first + count)
        count += token_id != padding
    return places


def _between_words(text: str, place: int) -> bool:
    """Whether a piece that begins here stands for itself although no space is before it: in a script without spaces."""
    return any(map(is_unspaced, text[max(place - 1, 0) : place + 1]))


def _kind(tokenizer: PreTrainedTokenizerBase, token_id: int, inside: bool, continues: bool) -> TokenKind:
    if inside and token_id == tokenizer.unk_token_id:
        return "unknown"
    if not inside or token_id in tokenizer.all_special_ids:
        return "special"
    return "continuation" if continues else "word"


def _rest(tokens: list[Token], source: int, text: str) -> str:
    """What follows the last token of a source: white space when nothing was cut."""
    rest = text[max((token.end or 0 for token in tokens if token.source == source), default=0) :]
    return rest if rest.strip() else ""


# --- How each token came about -----------------------------------------------------------------------------------------

KEPT_CANDIDATES = 1000  # candidates that the trace of one word keeps; `tried` counts all of them
LONGEST_TRACED = 1000  # characters: of a longer word only the result is kept
BEST_SEGMENTATIONS = 5

Algorithm = Literal["wordpiece", "bpe", "unigram"]
Unknown = Literal["", "too long", "no piece"]


@dataclass(frozen=True)
class Normaliser:
    """One kind of step of a tokenizer's normalisation, told in plain words."""

    id: str
    title: str
    help: str


NORMALISERS: dict[str, Normaliser] = {
    row.id: row
    for row in (
        Normaliser("clean", N_("Clean up"),
                   N_("Control characters and invisible marks are removed; tabs, line breaks and every other white space become a plain space.")),
        Normaliser("chinese", N_("Spaces around Chinese characters"),
                   N_("Each Chinese character gets a space on both sides, so that it becomes a word of its own.")),
        Normaliser("accents", N_("Accents removed"),
                   N_("Each letter is taken apart into its base and its marks, and the marks are dropped: é becomes e.")),
        Normaliser("lowercase", N_("Lower-cased"), N_("Capital letters become small ones.")),
        Normaliser("unicode", N_("One way to write each character"),
                   N_("A character that can be written in several ways (é as one sign or as e and an accent) is brought to one form.")),
        Normaliser("replace", N_("Characters replaced"),
                   N_("Some characters are replaced by others or removed, as the vocabulary was trained.")),
        Normaliser("strip", N_("White space at the ends removed"), N_("Spaces before and after the text are dropped.")),
        Normaliser("other", N_("A step of this tokenizer's own"), N_("The tokenizer changes the text in a way of its own.")),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One step of normalisation: its NORMALISERS id, and the text before and after it."""

    id: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Word:
    """One pre-token: what the vocabulary is asked for.

    index: as Token.word counts. start, end: character offsets into the original text. text: the pre-token after
    normalisation. special: an entry such as [SEP] that was found in the text as it stands and is never taken apart.
    """

    index: int
    start: int
    end: int
    text: str
    special: bool


@dataclass(frozen=True)
class Piece:
    """One token of a word: the vocabulary's entry, its id, and character offsets into the original text."""

    text: str
    id: int
    start: int
    end: int


@dataclass(frozen=True)
class Candidate:
    """One question WordPiece asks: is `piece` (characters start to end of the normalised word) in the vocabulary?"""

    start: int
    end: int
    piece: str
    hit: bool


@dataclass(frozen=True)
class Merge:
    """One merge of BPE: the pair, its rank (0 was learned first), where it stood, and all symbols of the word afterwards."""

    left: str
    right: str
    rank: int
    position: int
    symbols: tuple[str, ...]


@dataclass(frozen=True)
class Segmentation:
    """One way to spell a word under a unigram model: its pieces with their log-probabilities (natural), and the sum of these."""

    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    total: float


@dataclass(frozen=True)
class WordTrace:
    """How one word became tokens.

    original: the word as it stands in the text; steps: its normalisation. pieces: what the tokenizer makes of it.
    WordPiece: candidates in the order they are tried, the first KEPT_CANDIDATES of `tried`. BPE: the characters (or
    bytes) it starts from are `symbols`, then merges in order. Unigram: the best segmentations, best first.
    unknown: why the word became an unknown token, "" when it did not ("no piece": at some place nothing matched).
    traced: False for a word of more than LONGEST_TRACED characters, of which only the result is known. agrees: whether
    our own steps end in the same pieces and ids as the tokenizers library's (True where nothing was traced).
    """

    algorithm: Algorithm
    word: Word
    original: str
    steps: tuple[Step, ...]
    pieces: tuple[Piece, ...]
    candidates: tuple[Candidate, ...] = ()
    tried: int = 0
    symbols: tuple[str, ...] = ()
    merges: tuple[Merge, ...] = ()
    segmentations: tuple[Segmentation, ...] = ()
    unknown: Unknown = ""
    traced: bool = True
    agrees: bool = True


def algorithm(tokenizer: PreTrainedTokenizerBase) -> Algorithm:
    """How the tokenizer cuts words into pieces. Raises UserError for one that is none of the three."""
    model = _backend(tokenizer).model
    if isinstance(model, tokenizer_models.WordPiece):
        return "wordpiece"
    if isinstance(model, tokenizer_models.BPE):
        return "bpe"
    if isinstance(model, tokenizer_models.Unigram):
        return "unigram"
    raise UserError(
        "this tokenizer works by {kind}; only WordPiece, BPE and Unigram can be traced", kind=type(model).__name__
    )


def words(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[Word, ...]:
    """The pre-tokens of a text, special tokens typed into it included; counted as Token.word counts. No truncation."""
    found: list[Word] = []
    for shift, splits, texts in _parts(tokenizer, clean(text)):
        places = splits.get_splits("original", "char")
        for (word, added), (_, (start, end), _) in zip(texts, places, strict=True):
            found.append(Word(len(found), shift + start, shift + end, word, added is not None))
    return tuple(found)


def pieces(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[Piece, ...]:
    """The tokens of a text without truncation and without the special tokens that a model adds."""
    return tuple(piece for _, made in _with_pieces(tokenizer, clean(text)) for piece in made)


def trace_word(tokenizer: PreTrainedTokenizerBase, text: str, index: int) -> WordTrace:
    """How the word with this index became tokens. Raises UserError when the text has no such word."""
    text = clean(text)
    found = _with_pieces(tokenizer, text)
    if not 0 <= index < len(found):
        raise UserError("the text has no word number {number}; it has {count}", number=index + 1, count=len(found))
    return _tracer(tokenizer, text)(*found[index])


def trace(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[WordTrace, ...]:
    """`trace_word` of every word of a text."""
    text = clean(text)
    tracer = _tracer(tokenizer, text)
    return tuple(tracer(word, pieces) for word, pieces in _with_pieces(tokenizer, text))


def _backend(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    return cast(PreTrainedTokenizerFast, tokenizer).backend_tokenizer


def _normalisers(normaliser: normalizers.Normalizer | None) -> list[tuple[str, normalizers.Normalizer]]:
    """The single steps of a normaliser in its own order, each with its NORMALISERS id."""
    if normaliser is None:
        return []
    if isinstance(normaliser, normalizers.Sequence):
        return [step for i in range(len(normaliser)) for step in _normalisers(normaliser[i])]
    if isinstance(normaliser, normalizers.BertNormalizer):
        accents = normaliser.lowercase if normaliser.strip_accents is None else normaliser.strip_accents
        parts = {
            "clean": normaliser.clean_text,
            "chinese": normaliser.handle_chinese_chars,
            "accents": accents,
            "lowercase": normaliser.lowercase,
        }
        return [(name, _bert_step(name)) for name, wanted in parts.items() if wanted]
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (normalizers.Lowercase, "lowercase"),
        (normalizers.StripAccents, "accents"),
        ((normalizers.NFC, normalizers.NFD, normalizers.NFKC, normalizers.NFKD, normalizers.Nmt), "unicode"),
        ((normalizers.Replace, normalizers.Precompiled), "replace"),
        (normalizers.Strip, "strip"),
    )
    return [(next((name for kind, name in names if isinstance(normaliser, kind)), "other"), normaliser)]


def _bert_step(name: str) -> normalizers.BertNormalizer:
    """BertNormalizer doing one of its four steps only."""
    return normalizers.BertNormalizer(
        clean_text=name == "clean",
        handle_chinese_chars=name == "chinese",
        strip_accents=name == "accents",
        lowercase=name == "lowercase",
    )


Found = tuple[int, int, int | None]  # start, end, id of an added token or None for what lies between
Part = tuple[int, PreTokenizedString, list[tuple[str, int | None]]]


def _parts(tokenizer: PreTrainedTokenizerBase, text: str) -> Iterator[Part]:
    """A text between the added tokens typed into it: where each part begins, its pre-tokens, and per pre-token its text
    after normalisation and the id of the added token that it is, if it is one.
    """
    backend = _backend(tokenizer)
    added = {
        i: token
        for i, token in cast(PreTrainedTokenizerFast, tokenizer).added_tokens_decoder.items()
        if token.content and not (token.special and backend.encode_special_tokens)
    }
    raw = {i: token for i, token in added.items() if not token.normalized}
    normalised = {i: token for i, token in added.items() if token.normalized}
    for start, end, added_id in _find(text, raw, {i: token.content for i, token in raw.items()}):
        splits = PreTokenizedString(text[start:end])
        if added_id is not None:
            yield start, splits, [(text[start:end], added_id)]
            continue
        if backend.normalizer is not None:
            splits.normalize(backend.normalizer.normalize)
        whole = "".join(part for part, _, _ in splits.get_splits())
        contents = {
            i: backend.normalizer.normalize_str(token.content) if backend.normalizer else token.content
            for i, token in normalised.items()
        }
        runs = _find(whole, normalised, contents)
        if any(found is not None for _, _, found in runs):
            yield _split_at(backend, splits, whole, runs, start)
        elif whole:
            if backend.pre_tokenizer is not None:
                backend.pre_tokenizer.pre_tokenize(splits)
            yield start, splits, [(part, None) for part, _, _ in splits.get_splits()]


def _split_at(
    backend: Tokenizer,
    splits: PreTokenizedString,
    whole: str,
    runs: Sequence[Found],
    shift: int,
) -> Part:
    """A normalised text that holds added tokens: each of them is one pre-token, what lies between is pre-tokenised."""
    texts: list[tuple[str, int | None]] = []
    places: list[tuple[int, int]] = []
    for start, end, found in runs:
        if found is not None:
            texts.append((whole[start:end], found))
            places.append((start, end))
            continue
        between = whole[start:end]
        pre = (
            [(between, (0, len(between)))]
            if backend.pre_tokenizer is None
            else backend.pre_tokenizer.pre_tokenize_str(between)
        )
        texts += [(word, None) for word, _ in pre]
        places += [(start + a, start + b) for _, (a, b) in pre]
    splits.split(lambda _, string: [string.slice(place) for place in places])
    return shift, splits, texts


def _find(text: str, added: Mapping[int, AddedToken], contents: Mapping[int, str]) -> list[Found]:
    """Added tokens in a text, leftmost and then longest first, and what lies between them."""
    by_content = {content: i for i, content in contents.items() if content}
    pattern = "|".join(re.escape(content) for content in sorted(by_content, key=len, reverse=True))
    found: list[Found] = []
    done = 0
    for match in re.finditer(pattern, text) if pattern else ():
        start, end = match.span()
        token = added[by_content[match[0]]]
        if token.single_word and (_is_word(text[:start][-1:]) or _is_word(text[end : end + 1])):
            continue
        if token.lstrip:
            start = max(done, len(text[:start].rstrip()))
        if token.rstrip:
            end += len(text[end:]) - len(text[end:].lstrip())
        if done < start:
            found.append((done, start, None))
        found.append((start, end, by_content[match[0]]))
        done = end
    if done < len(text):
        found.append((done, len(text), None))
    return found


def _is_word(character: str) -> bool:
    return bool(character) and (character.isalnum() or unicodedata.category(character)[0] == "M" or character == "_")


def _with_pieces(tokenizer: PreTrainedTokenizerBase, text: str) -> list[tuple[Word, tuple[Piece, ...]]]:
    """The words of a text, and what the tokenizers library makes of each."""
    model = _backend(tokenizer).model
    found: list[tuple[Word, tuple[Piece, ...]]] = []
    for shift, splits, texts in _parts(tokenizer, text):
        places = [place for _, place, _ in splits.get_splits("original", "char")]
        tokenised = [[] if added is not None else model.tokenize(word) for word, added in texts]
        ranges = [
            _in_characters(word, [token.offsets for token in tokens])
            for (word, _), tokens in zip(texts, tokenised, strict=True)
        ]
        splits.split(_cutter(ranges))
        pieces = iter(splits.get_splits("original", "char"))
        for (word, added), tokens, (start, end), cuts in zip(texts, tokenised, places, ranges, strict=True):
            here = Word(len(found), shift + start, shift + end, word, added is not None)
            spans = [next(pieces)[1] for _ in cuts or (None,)]
            made = [
                Piece(token.value, token.id, shift + a, shift + b)
                for token, (a, b) in zip(tokens, spans if cuts else spans * len(tokens), strict=True)
            ]
            found.append((here, tuple(made) if added is None else (Piece(word, added, here.start, here.end),)))
    return found


def _cutter(ranges: list[list[tuple[int, int]]]) -> Callable[[int, NormalizedString], list[NormalizedString]]:
    """Cuts split i at the character ranges i; one without any stays whole."""
    return lambda i, string: [part for place in ranges[i] if (part := string.slice(place))] or [string]


def _in_characters(word: str, offsets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Offsets in UTF-8 bytes of a word as offsets in its characters; none when a character lies in several of them."""
    places = {0: 0}
    at = 0
    for i, character in enumerate(word, start=1):
        at += len(character.encode())
        places[at] = i
    if any(start not in places or end not in places or start == end for start, end in offsets):
        return []
    return [(places[start], places[end]) for start, end in offsets]


def _tracer(tokenizer: PreTrainedTokenizerBase, text: str) -> Callable[[Word, tuple[Piece, ...]], WordTrace]:
    """A function from a word and its pieces to its trace; what it needs of the vocabulary is read once."""
    kind, backend = algorithm(tokenizer), _backend(tokenizer)
    explainers: dict[str, Callable] = {"wordpiece": _by_wordpiece, "bpe": _by_bpe, "unigram": _by_unigram}
    explain: Callable[[WordTrace], WordTrace] = explainers[kind](backend.model)

    def of_word(word: Word, pieces: tuple[Piece, ...]) -> WordTrace:
        original = text[word.start : word.end]
        if word.special:
            return WordTrace(kind, word, original, (), pieces)
        base = WordTrace(kind, word, original, _steps(backend.normalizer, original), pieces)
        return explain(base) if len(word.text) <= LONGEST_TRACED else replace(base, traced=False)

    return of_word


def _steps(normaliser: normalizers.Normalizer | None, text: str) -> tuple[Step, ...]:
    steps = []
    for name, step in _normalisers(normaliser):
        after = step.normalize_str(text)
        steps.append(Step(name, text, after))
        text = after
    return tuple(steps)


def _agree(pieces: Sequence[Piece], texts: Sequence[str], ids: Sequence[int | None]) -> bool:
    return [(piece.text, piece.id) for piece in pieces] == list(zip(texts, ids, strict=True))


def _by_wordpiece(model: tokenizer_models.WordPiece) -> Callable[[WordTrace], WordTrace]:
    """Greedy longest-match-first (Wu et al. 2016; Devlin et al. 2019): the longest entry that begins the rest of the word."""
    prefix, unknown = model.continuing_subword_prefix, model.unk_token

    def explain(base: WordTrace) -> WordTrace:
        word = base.word.text
        if len(word) > model.max_input_chars_per_word:
            agrees = _agree(base.pieces, (unknown,), (model.token_to_id(unknown),))
            return replace(base, unknown="too long", agrees=agrees)
        kept: list[Candidate] = []
        texts: list[str] = []
        ids: list[int | None] = []
        tried = start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = (prefix if start else "") + word[start:end]
                piece_id = model.token_to_id(piece)
                tried += 1
                if len(kept) < KEPT_CANDIDATES:
                    kept.append(Candidate(start, end, piece, piece_id is not None))
                if piece_id is not None:
                    texts.append(piece)
                    ids.append(piece_id)
                    start = end
                    break
            else:
                texts, ids = [unknown], [model.token_to_id(unknown)]
                agrees = _agree(base.pieces, texts, ids)
                return replace(base, candidates=tuple(kept), tried=tried, unknown="no piece", agrees=agrees)
        return replace(base, candidates=tuple(kept), tried=tried, agrees=_agree(base.pieces, texts, ids))

    return explain


def _by_bpe(model: tokenizer_models.BPE) -> Callable[[WordTrace], WordTrace]:
    """Byte pair encoding (Sennrich et al. 2016): of all neighbouring pairs the one learned first is merged, again and again."""
    state = json.loads(model.__getstate__())
    vocabulary: dict[str, int] = state["vocab"]
    ranks = {(left, right): rank for rank, (left, right) in enumerate(state["merges"])}
    prefix, suffix, unknown = (
        state["continuing_subword_prefix"] or "",
        state["end_of_word_suffix"] or "",
        state["unk_token"],
    )

    def explain(base: WordTrace) -> WordTrace:
        word = base.word.text
        if state["ignore_merges"] and word in vocabulary:
            return replace(base, symbols=(word,), agrees=_agree(base.pieces, (word,), (vocabulary[word],)))
        symbols: list[str] = []
        for i, character in enumerate(word):
            symbol = (prefix if i else "") + character + (suffix if i == len(word) - 1 else "")
            as_bytes = [f"<0x{byte:02X}>" for byte in symbol.encode()]
            if symbol in vocabulary:
                symbols.append(symbol)
            elif state["byte_fallback"] and all(byte in vocabulary for byte in as_bytes):
                symbols += as_bytes
            elif unknown is not None and not (state["fuse_unk"] and symbols[-1:] == [unknown]):
                symbols.append(unknown)
        begin = tuple(symbols)
        merges: list[Merge] = []
        while True:
            known = [(ranks[pair], i) for i, pair in enumerate(pairwise(symbols)) if pair in ranks]
            if not known:
                break
            rank, i = min(known)
            left, right = symbols[i], symbols[i + 1]
            symbols[i : i + 2] = [left + right.removeprefix(prefix)]
            merges.append(Merge(left, right, rank, i, tuple(symbols)))
        return replace(
            base,
            symbols=begin,
            merges=tuple(merges),
            unknown="no piece" if unknown in symbols else "",
            agrees=_agree(base.pieces, symbols, [vocabulary.get(symbol) for symbol in symbols]),
        )

    return explain


def _by_unigram(model: tokenizer_models.Unigram) -> Callable[[WordTrace], WordTrace]:
    """The unigram language model (Kudo 2018): of all ways to spell the word, the most probable one (Viterbi)."""
    state = json.loads(model.__getstate__())
    scores = {piece: float(score) for piece, score in state["vocab"]}
    ids = {piece: i for i, (piece, _) in enumerate(state["vocab"])}
    unknown_score = min(scores.values(), default=0.0) - 10.0  # what the tokenizers library charges for one character
    longest = max(map(len, scores), default=1)

    def explain(base: WordTrace) -> WordTrace:
        word = base.word.text
        best = _best(word, scores, unknown_score, longest)
        texts: list[str] = []
        found: list[int | None] = []
        for piece in best[0].pieces:
            if piece not in ids and found[-1:] == [state["unk_id"]]:
                texts[-1] += piece  # neighbouring unknown characters are one token
            else:
                texts.append(piece)
                found.append(ids.get(piece, state["unk_id"]))
        if state["byte_fallback"]:
            spelled = [_bytes_of(piece, ids) for piece in texts]
            texts = [part for parts in spelled for part in parts]
            found = [ids.get(part, state["unk_id"]) for part in texts]
        unknown: Unknown = "no piece" if state["unk_id"] in found else ""
        return replace(base, segmentations=best, unknown=unknown, agrees=_agree(base.pieces, texts, found))

    return explain


def _bytes_of(piece: str, ids: Mapping[str, int]) -> list[str]:
    """A piece itself, or the byte pieces that spell it when only these are in the vocabulary."""
    as_bytes = [f"<0x{byte:02X}>" for byte in piece.encode()]
    return as_bytes if piece not in ids and all(byte in ids for byte in as_bytes) else [piece]


def _best(word: str, scores: Mapping[str, float], unknown: float, longest: int) -> tuple[Segmentation, ...]:
    """The BEST_SEGMENTATIONS most probable spellings of a word; a character without an entry costs `unknown`."""
    ways: list[list[tuple[float, tuple[str, ...]]]] = [[(0.0, ())]]
    for end in range(1, len(word) + 1):
        here: list[tuple[float, tuple[str, ...]]] = []
        for start in range(max(0, end - longest), end):
            piece = word[start:end]
            score = scores.get(piece, unknown if end - start == 1 else None)
            if score is not None:
                here += [(total + score, (*pieces, piece)) for total, pieces in ways[start]]
        ways.append(heapq.nlargest(BEST_SEGMENTATIONS, here, key=lambda way: way[0]))
    return tuple(
        Segmentation(pieces, tuple(scores.get(piece, unknown) for piece in pieces), total) for total, pieces in ways[-1]
    )

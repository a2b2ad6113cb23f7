"""Vectors of tokens, words and sentences: the model's output, similarity, projections, and how well labels separate.

Every vector is taken from the model's own hidden states; the library collects them in the calling thread only, so that
a shared model stays as it is. State 0 is the output of the embeddings, state l that of encoder layer l; there are L + 1.
Similarity is the cosine throughout. This module does not know how anything is drawn, and does not claim that a map in
two dimensions shows what is near in all of them.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import threads
from core.checkpoints import weights
from core.data.dataset import TextDataset
from core.encoder import read, tensors
from core.errors import N_, UserError
from core.families import FAMILIES
from core.results import Tokens
from core.scripts import UNSPACED
from core.tokens import clean, shorten

Pooling = Literal["cls", "mean", "max"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
Method = Literal["pca", "tsne"]
Report = Callable[[int, int], None]

SEED = 0  # of samples, t-SNE and the folds of the probe
MOST_SENTENCES = 1_000
MOST_USES = 24
TOKENS_PER_BATCH = 4_096  # all hidden states of a batch are there at once: 164 MB for bert-base
ROWS_PER_BATCH = 64
ROWS_PER_TOKENIZER_CALL = 128
TSNE_INPUT = 50  # dimensions that t-SNE is given, by PCA (van der Maaten and Hinton 2008, section 4.2)
FOLDS = 5


# --- The model's output ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Output:
    """What the model returns for one input.

    states: float32, shape (L + 1, T, D); the last is last_hidden_state. pooler: pooler_output, shape (D,), or None for a model
    that has no trained pooler. pooled: one vector a way of pooling, of the last state, shape (D,).
    """

    tokens: Tokens
    states: np.ndarray
    pooler: np.ndarray | None
    pooled: Mapping[Pooling, np.ndarray]


def has_pooler(folder: Path) -> bool:
    """Whether a model's weights hold a pooler.

    The library gives a model without one a random pooler (roberta-base, for example, and every DistilBERT has none at
    all): its numbers mean nothing. folder: as core.models.folder returns it.
    """
    return any("pooler" in name for name in weights.shapes(folder))


def output(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    pair: str = "",
    *,
    max_length: int = 0,
    name: str = "",
    pooler: bool = True,
) -> Output:
    """Every hidden state of a text (and pair), and the pooler's output.

    pooler: False for a model whose weights hold none (see has_pooler). max_length, name: as in tokens.tokenize.
    Raises UserError as tokens.tokenize does.
    """
    tokens = read(model, tokenizer, text, pair, max_length=max_length, name=name)
    batch = tensors(model, tokens)
    with threads.fitting(len(tokens.tokens)), torch.inference_mode():
        found = model.base_model(**batch, output_hidden_states=True)
    last = pool(found.last_hidden_state, batch["attention_mask"])
    return Output(
        tokens=tokens,
        states=torch.cat(found.hidden_states).numpy(),
        pooler=found["pooler_output"][0].numpy() if pooler and "pooler_output" in found else None,
        pooled={way: vectors[0].numpy() for way, vectors in last.items()},
    )


def pool(states: torch.Tensor, mask: torch.Tensor) -> dict[Pooling, torch.Tensor]:
    """One vector for each text of a batch, three ways: shape (B, T, D) and (B, T) → (B, D) each.

    cls: the first token's vector. mean, max: over all attended tokens, special ones included, dimension by dimension
    (Reimers and Gurevych 2019, section 3). Padding never counts.
    """
    attended = mask.bool().unsqueeze(-1)
    return {
        "cls": states[:, 0],
        "mean": states.masked_fill(~attended, 0).sum(dim=1) / attended.sum(dim=1),
        "max": states.masked_fill(~attended, -torch.inf).amax(dim=1),
    }


def cosines(vectors: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """The cosine of every vector with every other one: (N, D) and (M, D) → float64 (N, M). A zero vector has cosine 0."""
    return unit(vectors) @ unit(vectors if others is None else others).T


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (…, D) scaled to length 1, in float64; zero stays zero."""
    vectors = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


# --- Sentences ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Pooled:
    """One vector for each of N texts, state and way of pooling.

    vectors: way → float32, shape (L + 1, N, D). lengths: tokens that were read, shape (N,). cut: whether a text was longer
    than that, shape (N,).
    """

    vectors: Mapping[Pooling, np.ndarray]
    lengths: np.ndarray
    cut: np.ndarray

    @property
    def states(self) -> int:
        """L + 1."""
        return len(self.vectors["cls"])


def pooled(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    max_length: int = 0,
    report: Report | None = None,
) -> Pooled:
    """Sentence vectors of every state, all three ways of pooling, in one pass over the texts.

    Texts are sorted by length and padded only to the longest of their batch; token vectors live no longer than it.
    report(done, total) is called after each batch and may raise Cancelled. Raises UserError for an empty text.
    """
    limit = min(max_length or tokenizer.model_max_length, tokenizer.model_max_length)
    for i, text in enumerate(texts):
        if not text.strip():
            raise UserError("text {number} is empty; remove it or write something", number=i + 1)
    rows, cut = _encode(tokenizer, texts, limit, report)
    lengths = np.array([len(row["input_ids"]) for row in rows], dtype=int)
    shape = (model.config.num_hidden_layers + 1, len(texts), model.config.hidden_size)
    vectors: dict[Pooling, np.ndarray] = {way: np.empty(shape, dtype=np.float32) for way in POOLINGS}
    segments = FAMILIES[model.config.model_type].segments
    order, done = np.argsort(-lengths, kind="stable"), 0  # longest first: memory runs out at once or never
    while done < len(texts):
        size = min(ROWS_PER_BATCH, max(1, TOKENS_PER_BATCH // int(lengths[order[done]])))
        chosen = order[done : done + size]
        batch = tokenizer.pad([rows[i] for i in chosen], padding_side="right", return_tensors="pt")
        given = {name: batch[name] for name in batch if segments or name != "token_type_ids"}
        with torch.inference_mode():
            states = model.base_model(**given, output_hidden_states=True).hidden_states
            for layer, state in enumerate(states):
                for way, values in pool(state, batch["attention_mask"]).items():
                    vectors[way][layer, chosen] = values.numpy()
        done += len(chosen)
        if report is not None:
            report(done, len(texts))
    return Pooled(vectors=vectors, lengths=lengths, cut=cut)


def _encode(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], limit: int, report: Report | None
) -> tuple[list[dict[str, list[int]]], np.ndarray]:
    """Token ids of N texts, not padded, and whether each was cut (N,). `report` hears of each call so that it can cancel."""
    rows: list[dict[str, list[int]]] = []
    cut: list[bool] = []
    for start in range(0, len(texts), ROWS_PER_TOKENIZER_CALL):
        if report is not None:
            report(0, len(texts))
        part = [shorten(tokenizer, clean(text), limit) for text in texts[start : start + ROWS_PER_TOKENIZER_CALL]]
        encoded = tokenizer(part, truncation=True, max_length=limit)
        names = [name for name in tokenizer.model_input_names if name in encoded]
        rows += [{name: encoded[name][i] for name in names} for i in range(len(part))]
        cut += [bool(encoded[i].overflowing) for i in range(len(part))]
    return rows, np.array(cut, dtype=bool)


@dataclass(frozen=True)
class Sample:
    """Texts and their labels ("" where there is none), and how they were chosen.

    splits: split → how many come from it. total: how many there were to choose from. seed: of the choice.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    splits: Mapping[str, int]
    total: int
    seed: int


def sample(dataset: TextDataset, count: int, *, held_back: bool = False, seed: int = SEED) -> Sample:
    """Texts of a dataset, at random: from the test split, then validation, then training, as far as each reaches.

    So a model trained on this dataset has not learned from them, unless they had to come from the training split. A split
    that only repeats the training rows, because the data was too small to hold any back, is left out. held_back: no training
    rows, unless there are no others.
    """
    training = dataset.splits["train"]

    def repeats(name: str) -> bool:
        rows = dataset.splits[name]
        return len(rows) == len(training) and rows["text"][:] == training["text"][:]

    texts: list[str] = []
    labels: list[str] = []
    splits: dict[str, int] = {}
    names = [name for name in ("test", "validation") if len(dataset.splits[name]) and not repeats(name)]
    names += [] if held_back and names else ["train"]
    for name in names:
        rows = dataset.splits[name]
        wanted = min(count - len(texts), len(rows))
        if wanted > 0:
            part = rows.select(np.random.default_rng(seed).permutation(len(rows))[:wanted].tolist())
            texts += list(part["text"])
            labels += [dataset.label_names[i] for i in part["label"]]
            splits[name] = wanted
    total = sum(len(dataset.splits[name]) for name in names)
    return Sample(tuple(texts), tuple(labels), splits, total, seed)


def read_lines(text: str) -> tuple[tuple[str, str], ...]:
    """Sentences a user gave, one a line, each with its label, which follows a tab or " | " ("" for none). Empty lines count nothing."""
    rows = []
    for line in text.splitlines():
        sentence, mark, label = line.rpartition("\t" if "\t" in line.strip() else " | ")
        sentence, label = (sentence, label) if mark and sentence.strip() else (line, "")
        if sentence.strip():
            rows.append((sentence.strip(), label.strip()))
    return tuple(rows)


@dataclass(frozen=True)
class Neighbour:
    """One text near another: its place in the collection, and the cosine."""

    index: int
    similarity: float


def neighbours(vectors: np.ndarray, query: np.ndarray, count: int = 10) -> tuple[Neighbour, ...]:
    """The vectors (N, D) nearest to `query` (D,) by cosine in the full space, nearest first; equal ones in order."""
    similarities = cosines(vectors, query[None])[:, 0]
    order = np.argsort(-similarities, kind="stable")[:count]
    return tuple(Neighbour(int(i), float(similarities[i])) for i in order)


# --- Maps --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Projection:
    """Vectors in two or three dimensions, for the eye.

    points: for each set of vectors float64, shape (N, 2) or (N, 3). explained: PCA's share of the variance along each axis; () for t-SNE.
    beside: for each set the place of one more vector, shape (2,) or (3,); () where there was none.
    """

    points: tuple[np.ndarray, ...]
    method: Method
    explained: tuple[float, ...]
    beside: tuple[np.ndarray, ...] = ()


def project(
    sets: Sequence[np.ndarray],
    method: Method = "pca",
    dimensions: Literal[2, 3] = 2,
    *,
    beside: Sequence[np.ndarray] = (),
    perplexity: float = 30.0,
    seed: int = SEED,
) -> Projection:
    """Sets of vectors, each (N, D), on one map with the same axes.

    Vectors are scaled to length 1 first, so that distance agrees with the cosine, and each set is moved to its own
    mean: what is compared is how the sets are spread, not where they lie. One PCA, or one t-SNE (van der Maaten and
    Hinton 2008; given the first 50 principal components), is then fitted on all of them together. The same input gives
    the same map. beside: for each set one more vector (D,), moved as its set is; PCA is fitted without it, t-SNE, which can place
    nothing afterwards, with it. Raises UserError for too few vectors, for a perplexity that is too large, or when all are the same.
    """
    from sklearn.decomposition import PCA  # here: only maps need scikit-learn, which takes a second to import
    from sklearn.manifold import TSNE

    smallest = min(len(vectors) for vectors in sets)
    if smallest <= dimensions:
        raise UserError(
            "a map with {dimensions} dimensions needs at least {least} sentences; there are {count}",
            dimensions=dimensions,
            least=dimensions + 1,
            count=smallest,
        )
    means = [unit(vectors).mean(axis=0) for vectors in sets]
    everything = np.concatenate([unit(vectors) - mean for vectors, mean in zip(sets, means, strict=True)])
    more = np.stack([unit(one) - mean for one, mean in zip(beside, means, strict=True)]) if beside else everything[:0]
    if np.abs(everything).max() < 1e-9:
        raise UserError("all {count} vectors are the same, so there is no map of them", count=len(everything))
    explained: tuple[float, ...] = ()
    if method == "pca":
        pca = PCA(dimensions, svd_solver="full")
        points = np.concatenate([pca.fit_transform(everything), *([pca.transform(more)] if beside else [])])
        explained = tuple(float(share) for share in pca.explained_variance_ratio_)
    else:
        if not 1 <= perplexity < smallest:
            raise UserError(
                "a perplexity of {perplexity:g} needs more than {perplexity:g} sentences; there are {count}: lower it or add sentences",
                perplexity=perplexity,
                count=smallest,
            )
        together = np.concatenate([everything, more])
        reduced = PCA(min(TSNE_INPUT, *together.shape), svd_solver="full").fit_transform(together)
        rate = max(
            len(together) / 48, 10.0
        )  # as learning_rate="auto", whose floor of 50 throws few points apart in 3-D
        tsne = TSNE(dimensions, perplexity=perplexity, learning_rate=rate, init="pca", random_state=seed)
        points = tsne.fit_transform(reduced)
    *parts, last = np.split(points.astype(np.float64), np.cumsum([len(vectors) for vectors in sets]))
    return Projection(tuple(parts), method, explained, tuple(last))


@dataclass(frozen=True)
class Separation:
    """How far apart the labels lie in the full space.

    silhouette: mean silhouette coefficient with cosine distance (Rousseeuw 1987), −1 to 1; 0 means that a text is as near to another
    label as to its own. correct of n: texts whose label a linear classifier tells when it was fitted without their fold.
    majority: the share of the most frequent label. folds: how many; seed: of the folds.
    """

    silhouette: float
    correct: int
    n: int
    majority: float
    folds: int
    seed: int


def check_labels(labels: Sequence[str]) -> None:
    """Raise UserError unless there are two labels or more, each with two texts or more."""
    counts = Counter(labels)
    if len(counts) < 2:
        raise UserError(
            "to measure how labels separate, at least two different labels are needed; there are {count}",
            count=len(counts),
        )
    label, count = min(counts.items(), key=lambda item: item[1])
    if count < 2:
        raise UserError(
            "the label '{label}' has only one sentence; give each label two or more, or none", label=label[:50]
        )


def silhouette(vectors: np.ndarray, labels: Sequence[str]) -> float:
    """The mean silhouette coefficient of N labelled vectors (N, D), cosine distance. Raises UserError as check_labels does."""
    from sklearn.metrics import silhouette_score

    check_labels(labels)
    return float(silhouette_score(unit(vectors), np.array(labels), metric="cosine"))


def separation(vectors: np.ndarray, labels: Sequence[str], *, seed: int = SEED) -> Separation:
    """Silhouette and linear probe (Alain and Bengio 2016) of N labelled vectors (N, D).

    The probe is a logistic regression (L2, C = 1) on vectors of length 1, cross-validated in five stratified folds, or as
    many as the rarest label has texts; each text is judged by a probe that has not seen it. Raises UserError as check_labels does.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    score = silhouette(vectors, labels)
    truth = np.array(labels)
    counts = Counter(labels)
    folds = min(FOLDS, *counts.values())
    probe = LogisticRegression(max_iter=1000)
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    answers = cross_val_predict(probe, unit(vectors), truth, cv=split)
    majority = max(counts.values()) / len(labels)
    return Separation(score, int((answers == truth).sum()), len(labels), majority, folds, seed)


# --- One word in several sentences -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    """A word where it stands: its sentence, the sense it has there ("" when nobody said), its characters, its tokens.

    positions: indices of its tokens; pieces: their texts; unknown: whether the vocabulary could not spell it.
    """

    sentence: str
    sense: str
    start: int
    end: int
    positions: tuple[int, ...]
    pieces: tuple[str, ...]
    unknown: bool


@dataclass(frozen=True, eq=False)
class WordUses:
    """One word in N places, of as many sentences or fewer.

    vectors: the mean of its pieces in every state, float32, shape (L + 1, N, D). similarities: their cosines, shape (L + 1, N, N).
    """

    word: str
    uses: tuple[Use, ...]
    vectors: np.ndarray
    similarities: np.ndarray


@dataclass(frozen=True, eq=False)
class Parting:
    """How one sense keeps together and two senses part, state by state.

    within, between: mean cosine over all pairs of uses with the same and with different senses, each of shape (L + 1,).
    state: where within − between is largest, the first of equals.
    """

    within: np.ndarray
    between: np.ndarray
    state: int

    @property
    def gap(self) -> np.ndarray:
        return self.within - self.between


def find_word(sentence: str, word: str) -> tuple[tuple[int, int], ...]:
    """Characters (start, end) of every place where a word stands, whatever its case.

    A word of letters must stand alone ("bat" is not in "battle"); in scripts written without spaces it may stand anywhere.
    """
    alone = bool(re.match(r"\w", word)) and not UNSPACED.search(word)
    pattern = rf"(?<!\w){re.escape(word)}(?!\w)" if alone else re.escape(word)
    return tuple(found.span() for found in re.finditer(pattern, sentence, re.IGNORECASE))


def locate(tokens: Tokens, word: str, *, number: int, sense: str = "") -> tuple[Use, ...]:
    """Every place of a word in one input. Places behind the point where it is cut are left out, unless there is no other.

    number: of the sentence, for the messages. sense: of the word there, or that of each place, parted by a slash.
    Raises UserError when the word is not in the sentence, or lies behind the cut.
    """
    places = find_word(tokens.text, word)
    if not places:
        raise UserError(
            "the word '{word}' is not in sentence {number}: {sentence}",
            word=word[:50],
            number=number,
            sentence=tokens.text[:100],
        )
    named = [part.strip() for part in sense.split("/")]
    senses = named if len(named) == len(places) else [sense] * len(places)
    uses = [_use(tokens, *place, own) for place, own in zip(places, senses, strict=True)]
    reached = max((token.end or 0 for token in tokens.tokens if token.source == 0), default=0)
    read = tuple(use for use in uses if use.positions and not (tokens.cut and reached < use.end))
    if not read:
        raise UserError(
            "the word '{word}' in sentence {number} lies behind the first {limit} tokens, where the sentence is cut; raise the limit "
            "or shorten it",
            word=word[:50],
            number=number,
            limit=tokens.max_length,
        )
    return read


def _use(tokens: Tokens, start: int, end: int, sense: str) -> Use:
    """What stands at some characters of the text."""
    positions = tuple(
        i
        for i, token in enumerate(tokens.tokens)
        if token.source == 0 and token.start is not None and token.end is not None and token.start < end and token.end > start
    )  # fmt: skip
    found = [tokens.tokens[i] for i in positions]
    return Use(
        sentence=tokens.text,
        sense=sense,
        start=start,
        end=end,
        positions=positions,
        pieces=tuple(token.text for token in found),
        unknown=any(token.kind == "unknown" for token in found),
    )


def word_across(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    word: str,
    sentences: Sequence[tuple[str, str]],
    *,
    max_length: int = 0,
    name: str = "",
) -> WordUses:
    """A word's vectors wherever it stands in some sentences, each with its sense ("" for none), and their cosines in every state.

    A sentence with the word in several places has as many uses, whose senses may be parted by a slash; a word of several pieces is their mean.
    Raises UserError for no word, fewer than two or more than 24 places, or a sentence without the word.
    """
    word = word.strip()
    if not word:
        raise UserError("there is no word to compare; type one that all sentences contain")
    count = sum(max(1, len(find_word(sentence, word))) for sentence, _sense in sentences)
    if not 2 <= count <= MOST_USES:
        raise UserError(
            "comparing a word needs 2 to {most} places where it stands; there are {count}", most=MOST_USES, count=count
        )
    uses: list[Use] = []
    vectors = []
    for number, (sentence, sense) in enumerate(sentences, start=1):
        tokens = read(model, tokenizer, sentence, max_length=max_length, name=name)
        found = locate(tokens, word, number=number, sense=sense)
        with threads.fitting(len(tokens.tokens)), torch.inference_mode():
            states = torch.cat(model.base_model(**tensors(model, tokens), output_hidden_states=True).hidden_states)
        vectors += [states[:, list(use.positions)].mean(dim=1).numpy() for use in found]
        uses += found
    stacked = np.stack(vectors, axis=1)
    return WordUses(word, tuple(uses), stacked, np.stack([cosines(state) for state in stacked]))


def parting(similarities: np.ndarray, senses: Sequence[str]) -> Parting | None:
    """Mean cosines within and between senses: similarities (L + 1, N, N), senses of the N uses.

    None unless there are two senses and one of them occurs twice. A use without a sense ("") takes no part.
    """
    pairs = [(i, j) for i in range(len(senses)) for j in range(i + 1, len(senses)) if senses[i] and senses[j]]
    same = [pair for pair in pairs if senses[pair[0]] == senses[pair[1]]]
    different = [pair for pair in pairs if senses[pair[0]] != senses[pair[1]]]
    if not same or not different:
        return None
    within, between = (np.mean([similarities[:, i, j] for i, j in part], axis=0) for part in (same, different))
    return Parting(within, between, int(np.argmax(np.round(within - between, 9))))


@dataclass(frozen=True)
class WordSet:
    """Prepared sentences around one word. language: "en" or "zh". uses: (sentence, sense); senses are marked for translation."""

    id: str
    word: str
    language: str
    uses: tuple[tuple[str, str], ...]


WORD_SETS: dict[str, WordSet] = {
    row.id: row
    for row in (
        WordSet("bank", "bank", "en", (
            ("She opened a savings account at the bank.", N_("money")),
            ("The bank refused to lend him more money.", N_("money")),
            ("He paid back his loan to the bank last year.", N_("money")),
            ("They sat on the bank of the river and fished.", N_("river")),
            ("The boat ran aground on the muddy bank.", N_("river")),
            ("Willows grow along the bank of the stream.", N_("river")),
        )),
        WordSet("bat", "bat", "en", (
            ("A bat flew out of the cave at dusk.", N_("animal")),
            ("The bat hangs upside down and sleeps all day.", N_("animal")),
            ("A bat finds insects in the dark by its own echo.", N_("animal")),
            ("He swung the bat and hit the ball over the fence.", N_("sport")),
            ("The player broke his wooden bat in the last inning.", N_("sport")),
            ("She gripped the bat and waited for the next pitch.", N_("sport")),
        )),
        WordSet("spring", "spring", "en", (
            ("The garden is full of flowers in spring.", N_("season")),
            ("After a long winter, spring has come at last.", N_("season")),
            ("The birds return every spring to build their nests.", N_("season")),
            ("A metal spring pushes the lid open.", N_("coil")),
            ("The mattress squeaks because a spring is broken.", N_("coil")),
            ("Stretch the spring and it pulls back with equal force.", N_("coil")),
            ("They drank cold water from a spring in the hills.", N_("water")),
            ("The stream begins at a spring under the rock.", N_("water")),
        )),
        WordSet("light", "light", "en", (
            ("Turn on the light, I cannot see anything.", N_("brightness")),
            ("The light of the lamp fell on the table.", N_("brightness")),
            ("A ray of light came through the window.", N_("brightness")),
            ("The suitcase is light enough for a child to carry.", N_("not heavy")),
            ("This bicycle is very light because it is made of carbon.", N_("not heavy")),
            ("Pack a light bag, we have to walk far.", N_("not heavy")),
        )),
        WordSet("da", "打", "zh", (
            ("他们下午在操场上打篮球。", N_("ball game")),
            ("周末我喜欢和朋友打羽毛球。", N_("ball game")),
            ("孩子们放学以后去打乒乓球。", N_("ball game")),
            ("妈妈正在给外婆打电话。", N_("telephone")),
            ("到家以后请给我打个电话。", N_("telephone")),
            ("老师昨天打电话通知了家长。", N_("telephone")),
            ("你不能因为生气就打人。", N_("hit someone")),
            ("他小时候常常被哥哥打。", N_("hit someone")),
        )),
        WordSet("pingguo", "苹果", "zh", (
            ("她每天早上吃一个红苹果。", N_("fruit")),
            ("果园里的苹果树结满了果子。", N_("fruit")),
            ("这种苹果又脆又甜，很好吃。", N_("fruit")),
            ("苹果公司昨天发布了新款手机。", N_("company")),
            ("他在苹果的软件部门当工程师。", N_("company")),
            ("苹果的股价今年上涨了很多。", N_("company")),
        )),
    )
}  # fmt: skip

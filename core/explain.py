"""METHODS: which words moved a classifier's answer, and how faithful each account of it is.

Every method asks the model only through its inputs (the word embeddings or the text), with neither hooks nor changes:
a cached model can be explained while others use it. Token scores are added up to the words a reader sees. This module
does not know whether a reader should trust the model, and does not explain attention.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from core import batches
from core.batches import Report
from core.errors import N_, UserError
from core.predict import Predictor, refuse_empty
from core.results import Attribution, WordScore
from core.tasks.base import Task, check_finite
from core.tokens import clean, shorten

TOKENS_PER_BATCH = 1_024  # with gradients: about 0.5 GB for a model of BERT-base's size


@dataclass(frozen=True)
class Word:
    """A word of a text: source 0 the text, 1 the pair; start, end: characters; tokens: its positions in the input."""

    source: int
    start: int
    end: int
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """What a method is asked: the score of class `index` for this input, or for one of its tokens.

    texts: the text, or the text and its pair. inputs: the model's tensors, each (1, T). words: the words in view;
    tokens that belong to none of them are special. steps: points on the path of integrated gradients. token: the position
    that is asked about, of a model that answers for each token; None for a model that answers for the whole input.
    """

    predictor: Predictor
    texts: tuple[str, ...]
    inputs: dict[str, torch.Tensor]
    words: tuple[Word, ...]
    index: int
    steps: int
    report: Report | None
    token: int | None = None


@dataclass(frozen=True)
class Answer:
    """words: (W,) scores; special: what special tokens moved; expected: what all should add up to, where that is promised."""

    words: np.ndarray
    special: float
    expected: float | None


Read = Callable[[Question, torch.Tensor], torch.Tensor]  # what is taken from logits (B, C): a number each, (B,)


@dataclass(frozen=True)
class Method:
    """One way to attribute.

    unit: what its scores are in; read: what is explained of the model's logits. completeness: they promise to add up, and the error is reported. needs: the kinds of answer
    that it can explain.
    """

    id: str
    title: str
    help: str
    unit: str
    completeness: bool
    function: Callable[[Question, Read], Answer]
    read: Read
    needs: frozenset[str] = frozenset({"label"})


def offered(task: Task) -> dict[str, Method]:
    """The METHODS that can explain what a task answers with."""
    return {name: method for name, method in METHODS.items() if method.needs <= task.gives}


def explain(
    predictor: Predictor,
    text: str,
    pair: str = "",
    *,
    label: str | None = None,
    at: int | None = None,
    method: str = "integrated-gradients",
    steps: int = 50,
    report: Report | None = None,
) -> Attribution:
    """How much each word of a text (and its pair) moved the model towards `label`, by default the predicted one.

    Scores are in the method's unit: 0.2 of probability is twenty percentage points. Words that were cut off are left out.
    at: of a model that answers for each token, the character of the text whose token is asked about.
    report(done, total) is called as the work goes on; it may raise Cancelled.
    Raises UserError for an empty text, an unknown label or method, fewer than one step, or a character that is not read.
    """
    if method not in METHODS:
        raise UserError(
            "there is no method '{method}'; use one of {methods}", method=method, methods=", ".join(METHODS)
        )
    if label is not None and label not in predictor.labels:
        raise UserError(
            "the model has no label '{label}'; it has: {labels}", label=label, labels=", ".join(predictor.labels)
        )
    if steps < 1:
        raise UserError("{steps} steps are too few; use at least 1", steps=steps)
    refuse_empty({"text": [text], **({"pair": [pair]} if pair else {})}, predictor.task.layout.inputs)
    question = _ask(predictor, (text, pair) if pair else (text,), label, at, steps, report)
    row = METHODS[method]
    answer = row.function(question, row.read)
    total = float(answer.words.sum()) + answer.special
    return Attribution(
        method=method,
        label=predictor.labels[question.index],
        words=tuple(
            WordScore((text, pair)[word.source][word.start : word.end], word.source, word.start, word.end, float(score))
            for word, score in zip(question.words, answer.words, strict=True)
        ),
        special=answer.special,
        total=total,
        expected=answer.expected,
        completeness_error=None if answer.expected is None else abs(total - answer.expected),
    )


def _ask(
    predictor: Predictor,
    given: Sequence[str],
    label: str | None,
    at: int | None,
    steps: int,
    report: Report | None,
) -> Question:
    texts = tuple(shorten(predictor.tokenizer, clean(text), predictor.max_length) for text in given)
    encoded = predictor.tokenizer(*([text] for text in texts), truncation=True, max_length=predictor.max_length)
    inputs = {
        name: torch.tensor(encoded[name], device=predictor.model.device)
        for name in predictor.tokenizer.model_input_names
        if name in encoded
    }
    sources, offsets = encoded[0].sequence_ids, encoded[0].offsets
    words = tuple(
        word
        for source, text in enumerate(texts)
        for word in _words(text, source, [(i, *offsets[i]) for i, of in enumerate(sources) if of == source])
    )
    token = None if at is None else _token_at(at, [(i, *offsets[i]) for i, of in enumerate(sources) if of == 0])
    if label is None:
        with torch.inference_mode():
            logits = predictor.model(**inputs).logits[0]
        index = int((logits if token is None else logits[token]).argmax())
    else:
        index = predictor.labels.index(label)
    return Question(predictor, texts, inputs, words, index, steps, report, token)


def _token_at(character: int, tokens: list[tuple[int, int, int]]) -> int:
    """The position of the token that holds a character of the text. tokens: (position, start, end) of the text's tokens."""
    position = next((position for position, start, end in tokens if start <= character < end), None)
    if position is None:
        raise UserError(
            "the model does not read character {character} of the text: it lies beyond the first {tokens} tokens, or belongs to none",
            character=character,
            tokens=len(tokens),
        )
    return position


def split_words(text: str) -> list[tuple[int, int]]:
    """(start, end) of each word: a run of letters, digits and marks, an apostrophe inside one included; each CJK
    character, punctuation mark and symbol by itself. White space and control characters belong to no word."""
    spans: list[tuple[int, int]] = []
    open_run = False
    for i, character in enumerate(text):
        category = unicodedata.category(character)
        if character.isspace() or category == "Cc":
            open_run = False
        elif _alone(character, category):
            inside = character in "'’" and open_run and i + 1 < len(text) and text[i + 1].isalpha()
            if inside:
                spans[-1] = (spans[-1][0], i + 1)
            else:
                spans.append((i, i + 1))
                open_run = False
        elif open_run:
            spans[-1] = (spans[-1][0], i + 1)
        else:
            spans.append((i, i + 1))
            open_run = True
    return spans


def _alone(character: str, category: str) -> bool:
    """Whether a character is a word of its own: punctuation, symbols, Chinese characters, kana."""
    if category[0] in "PS":
        return True
    code = ord(character)
    return (
        0x3040 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF
    )


def _words(text: str, source: int, tokens: list[tuple[int, int, int]]) -> list[Word]:
    """The words of a text that have tokens. tokens: (position, start, end) of the text's tokens.

    Words that share a token are one word. A token that covers no word (a lone space) goes with the word after it, or
    before it at the end.
    """
    spans = split_words(text)
    if not spans:
        return []
    starts = np.array([start for start, _ in spans])
    ends = np.array([end for _, end in spans])
    leader = list(range(len(spans)))  # the first of the words that a word is one with
    held: list[tuple[int, int]] = []  # (word, position)
    for position, start, end in tokens:
        first = min(int(np.searchsorted(ends, start, side="right")), len(spans) - 1)
        held.append((first, position))
        for later in range(first + 1, int(np.searchsorted(starts, end, side="left"))):
            leader[later] = leader[first]
    members: dict[int, list[int]] = {}
    for word, position in held:
        members.setdefault(leader[word], []).append(position)
    reach: dict[int, int] = {}
    for word, first in enumerate(leader):
        reach[first] = max(reach.get(first, 0), spans[word][1])
    return [Word(source, spans[i][0], reach[i], tuple(members[i])) for i in sorted(members)]


def _add_up(question: Question, tokens: torch.Tensor, expected: float | None) -> Answer:
    """(T,) token scores → word scores; whatever belongs to no word is special."""
    scores = tokens.detach().double().cpu().numpy()
    words = np.array([scores[list(word.tokens)].sum() for word in question.words])
    return Answer(words, float(scores.sum() - words.sum()), expected)


def _logits(question: Question, embedded: torch.Tensor) -> torch.Tensor:
    """The model's logits (B, C) for word embeddings (B, T, D), those of the token where one is asked about; positions and
    segments stay the input's."""
    others = {name: tensor.expand(len(embedded), -1) for name, tensor in question.inputs.items() if name != "input_ids"}
    logits: torch.Tensor = question.predictor.model(inputs_embeds=embedded, **others).logits
    return logits if question.token is None else logits[:, question.token]


def _probability(question: Question, logits: torch.Tensor) -> torch.Tensor:
    """Probability of the asked class."""
    return _log_odds(question, logits).sigmoid()


def _log_odds(question: Question, logits: torch.Tensor) -> torch.Tensor:
    """log p − log (1 − p) of the asked class: unlike p, it does not go flat where the model is certain."""
    return question.predictor.goal.log_odds(logits, question.index)


def _plain(question: Question, logits: torch.Tensor) -> torch.Tensor:
    """The number itself, of a model that answers with one."""
    return logits[:, question.index]


def _embed(question: Question, ids: torch.Tensor) -> torch.Tensor:
    """Word embeddings (1, T, D) of ids (1, T), cut loose from the model's parameters."""
    return question.predictor.model.get_input_embeddings()(ids).detach()


def _baseline(question: Question) -> torch.Tensor:
    """The ids (1, T) with every token of the texts replaced by [MASK] (by padding where a model has no mask)."""
    tokenizer = question.predictor.tokenizer
    ids = question.inputs["input_ids"].clone()
    ids[0, [i for word in question.words for i in word.tokens]] = (
        tokenizer.pad_token_id if tokenizer.mask_token_id is None else tokenizer.mask_token_id
    )
    return ids


def _integrated_gradients(question: Question, read: Read) -> Answer:
    embedded, baseline = _embed(question, question.inputs["input_ids"]), _embed(question, _baseline(question))
    done = 0

    def forward(points: torch.Tensor) -> torch.Tensor:
        nonlocal done
        done += len(points)
        if question.report is not None:
            question.report(min(done, question.steps), question.steps)
        return read(question, _logits(question, points))

    with torch.enable_grad():
        from captum.attr import IntegratedGradients  # here, because it takes half a second and most pages never need it

        scores = IntegratedGradients(forward).attribute(
            embedded,
            baselines=baseline,
            n_steps=question.steps,
            internal_batch_size=max(1, TOKENS_PER_BATCH // embedded.shape[1]),
        )
    with torch.inference_mode():
        ends = read(question, _logits(question, torch.cat((embedded, baseline)))).double()
    return _add_up(question, scores.sum(dim=-1)[0], float(ends[0] - ends[1]))


def _input_x_gradient(question: Question, read: Read) -> Answer:
    with torch.enable_grad():
        embedded = _embed(question, question.inputs["input_ids"]).requires_grad_()
        (gradient,) = torch.autograd.grad(read(question, _logits(question, embedded))[0], embedded)
    return _add_up(question, (embedded * gradient).sum(dim=-1)[0], None)


def _deletion(question: Question, read: Read) -> Answer:
    variants = [question.texts]
    for word in question.words:
        variants.append(
            tuple(_without(text, word) if source == word.source else text for source, text in enumerate(question.texts))
        )
    predictor = question.predictor
    columns = {
        role: [variant[i] for variant in variants] for i, role in enumerate(("text", "pair")[: len(question.texts)])
    }
    rows, _ = batches.encode(predictor.tokenizer, columns, predictor.max_length, question.report)
    answers = np.zeros(len(rows))
    for places, _, output in batches.forward(predictor.model, predictor.tokenizer, rows, report=question.report):
        answers[places] = read(question, output.logits.double()).cpu().numpy()
    check_finite(answers)
    return Answer(answers[0] - answers[1:], 0.0, None)


def _without(text: str, word: Word) -> str:
    """The text without a word, and without one of the two spaces that would meet."""
    before, after = text[: word.start], text[word.end :]
    return before[:-1] + after if before[-1:].isspace() and (not after or after[0].isspace()) else before + after


METHODS: dict[str, Method] = {
    row.id: row
    for row in (
        Method(
            "integrated-gradients",
            N_("Integrated gradients"),
            N_(
                "Adds up the gradient on the way from the text with every word masked to the text as it is. The scores add up to "
                "the difference in probability between the two; how far they miss it is shown."
            ),
            N_("probability"),
            True,
            _integrated_gradients,
            _probability,
        ),
        Method(
            "input-x-gradient",
            N_("Input × gradient"),
            N_(
                "One gradient, multiplied with the word's vector: fast, but it sees only how the answer would change near the text "
                "as it is, and the scores need not add up to anything."
            ),
            N_("log-odds"),
            False,
            _input_x_gradient,
            _log_odds,
        ),
        Method(
            "tag-integrated-gradients",
            N_("Integrated gradients"),
            N_(
                "Adds up the gradient on the way from the text with every word masked to the text as it is. The scores add up to "
                "the difference in probability between the two; how far they miss it is shown."
            ),
            N_("probability"),
            True,
            _integrated_gradients,
            _probability,
            frozenset({"tags"}),
        ),
        Method(
            "tag-input-x-gradient",
            N_("Input × gradient"),
            N_(
                "One gradient, multiplied with the word's vector: fast, but it sees only how the answer would change near the text "
                "as it is, and the scores need not add up to anything."
            ),
            N_("log-odds"),
            False,
            _input_x_gradient,
            _log_odds,
            frozenset({"tags"}),
        ),
        Method(
            "deletion",
            N_("Leave one word out"),
            N_(
                "Takes each word away in turn and asks again: the score is what the probability loses. Exact, but two words that "
                "say the same hide each other, and it takes one prediction per word."
            ),
            N_("probability"),
            False,
            _deletion,
            _probability,
        ),
    )
}

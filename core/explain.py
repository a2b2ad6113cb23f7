"""METHODS: which words moved a classifier's answer, and how faithful each account of it is.

Every method asks the model only through its inputs (the word embeddings or the text), with neither hooks nor changes:
a cached model can be explained while others use it. Token scores are added up to the words a reader sees. This module
does not know whether a reader should trust the model, and does not explain attention.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from core import batches, words
from core.batches import Report
from core.errors import N_, UserError
from core.predict import Predictor, refuse_empty
from core.results import Attribution, WordScore
from core.tasks import passages
from core.tasks.base import Task, check_finite
from core.tasks.spans import NO_ANSWER
from core.tokens import clean, shorten

STEPS = 50  # points on the path of integrated gradients
MORE_STEPS = (
    200  # where the scores of so few do not add up: the error of a smooth path falls with the square of their number
)
GRADIENT = 3  # predictions that take as long as one with its gradient
TOKENS_PER_BATCH = 1_024  # with gradients: about 0.5 GB for a model of BERT-base's size


@dataclass(frozen=True)
class Question:
    """What a method is asked: the score of class `index` for this input, or for one of its tokens.

    texts: the text, or the text and its pair. inputs: the model's tensors, each (1, T). words: the words in view;
    tokens that belong to none of them are special. steps: points on the path of integrated gradients. token: the position
    that is asked about, of a model that answers for each token; None for a model that answers for the whole input. span: the positions
    of the first and last token that are asked about, of a model that marks spans of the pair.
    """

    predictor: Predictor
    texts: tuple[str, ...]
    inputs: dict[str, torch.Tensor]
    words: tuple[words.Word, ...]
    index: int
    steps: int
    report: Report | None
    token: int | None = None
    span: tuple[int, int] | None = None


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

    unit: what its scores are in; read: what is explained of the model's logits. completeness: they promise to add up, and the error is
    reported. passes: words of the input → about how many predictions it takes as long as. needs: the kinds of answer that it can explain.
    """

    id: str
    title: str
    help: str
    unit: str
    completeness: bool
    function: Callable[[Question, Read], Answer]
    read: Read
    passes: Callable[[int], int]
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
    end: int | None = None,
    method: str = "integrated-gradients",
    steps: int | None = None,
    report: Report | None = None,
) -> Attribution:
    """How much each word of a text (and its pair) moved the model towards `label`, by default the predicted one.

    Scores are in the method's unit: 0.2 of probability is twenty percentage points. Words that were cut off are left out.
    at: of a model that answers for each token, the character of the text whose token is asked about. at, end: of a model that marks spans
    of the pair, the characters of one, empty for none at all; of a long pair only what the model reads with it is looked at.
    steps: points on the path of integrated gradients; None for STEPS, or MORE_STEPS where the scores of these do not add up.
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
    if steps is not None and steps < 1:
        raise UserError("{steps} steps are too few; use at least 1", steps=steps)
    refuse_empty({"text": [text], **({"pair": [pair]} if pair else {})}, predictor.task.layout.inputs)
    span = None if at is None or end is None else (at, end)
    skipped, read = passages.around(predictor.tokenizer, text, pair, span, predictor.max_length) if span else (0, pair)
    texts = (text, read) if pair else (text,)
    within = span and (span[0] - skipped, span[1] - skipped)
    question = _ask(predictor, texts, label, at, within, STEPS if steps is None else steps, report)
    title = pair[slice(*span)] if span else predictor.labels[question.index]
    found = _attribution(question, METHODS[method], title, texts, skipped)
    if steps is None and found.adds_up is False:
        found = _attribution(replace(question, steps=MORE_STEPS), METHODS[method], title, texts, skipped)
    return found


def _attribution(question: Question, row: Method, label: str, texts: Sequence[str], skipped: int) -> Attribution:
    """What a method answers. texts: as they were given. skipped: characters of the pair before the part that was read."""
    answer = row.function(question, row.read)
    total = float(answer.words.sum()) + answer.special
    return Attribution(
        method=row.id,
        label=label,
        words=tuple(
            WordScore(
                texts[word.source][word.start : word.end],
                word.source,
                word.start + skipped * word.source,
                word.end + skipped * word.source,
                float(score),
            )
            for word, score in zip(question.words, answer.words, strict=True)
        ),
        special=answer.special,
        total=total,
        expected=answer.expected,
        completeness_error=None if answer.expected is None else abs(total - answer.expected),
        steps=question.steps if row.completeness else 0,
    )


def _ask(
    predictor: Predictor,
    given: Sequence[str],
    label: str | None,
    at: int | None,
    span: tuple[int, int] | None,
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
    seen = tuple(
        word
        for source, text in enumerate(texts)
        for word in words.of_tokens(text, source, [(i, *offsets[i]) for i, of in enumerate(sources) if of == source])
    )
    if span is not None:
        second = [(i, *offsets[i]) for i, of in enumerate(sources) if of == 1]
        return Question(predictor, texts, inputs, seen, 0, steps, report, span=_positions(span, second))
    token = None if at is None else _token_at(at, [(i, *offsets[i]) for i, of in enumerate(sources) if of == 0])
    if label is None:
        with torch.inference_mode():
            logits = predictor.model(**inputs).logits[0]
        index = int((logits if token is None else logits[token]).argmax())
    else:
        index = predictor.labels.index(label)
    return Question(predictor, texts, inputs, seen, index, steps, report, token)


def _positions(span: tuple[int, int], tokens: list[tuple[int, int, int]]) -> tuple[int, int]:
    """The positions of the first and last token of some characters; that of "no answer" for none. tokens: as of `_token_at`."""
    start, end = span
    inside = [position for position, first, last in tokens if first < end and last > start]
    return (inside[0], inside[-1]) if inside else (NO_ANSWER, NO_ANSWER)


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


def _add_up(question: Question, tokens: torch.Tensor, expected: float | None) -> Answer:
    """(T,) token scores → word scores; whatever belongs to no word is special."""
    scores = tokens.detach().double().cpu().numpy()
    words = np.array([scores[list(word.tokens)].sum() for word in question.words])
    return Answer(words, float(scores.sum() - words.sum()), expected)


def _logits(question: Question, embedded: torch.Tensor) -> torch.Tensor:
    """The model's logits (B, C) for word embeddings (B, T, D), those of the token where one is asked about, (B, T, 2) where spans are
    marked; positions and segments stay the input's."""
    others = {name: tensor.expand(len(embedded), -1) for name, tensor in question.inputs.items() if name != "input_ids"}
    output = question.predictor.model(inputs_embeds=embedded, **others)
    if question.span is not None:
        return torch.stack((output.start_logits, output.end_logits), dim=-1)
    logits: torch.Tensor = output.logits
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


def _span_log_probability(question: Question, logits: torch.Tensor) -> torch.Tensor:
    """log p of the span that is asked about: that of its start and that of its end. logits: (B, T, 2)."""
    assert question.span is not None
    start, end = logits.log_softmax(dim=1).unbind(dim=-1)
    return start[:, question.span[0]] + end[:, question.span[1]]


def _span_probability(question: Question, logits: torch.Tensor) -> torch.Tensor:
    return _span_log_probability(question, logits).exp()


def _span_log_odds(question: Question, logits: torch.Tensor) -> torch.Tensor:
    log_p = _span_log_probability(question, logits)
    return log_p - torch.log1p(-log_p.exp().clamp(max=1 - 1e-6))


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


def _without(text: str, word: words.Word) -> str:
    """The text without a word, and without one of the two spaces that would meet."""
    before, after = text[: word.start], text[word.end :]
    return before[:-1] + after if before[-1:].isspace() and (not after or after[0].isspace()) else before + after


INTEGRATED = N_(
    "Adds up the gradient on the way from the text with every word masked to the text as it is. The scores add up to "
    "the difference in probability between the two; how far they miss it is shown."
)
INTEGRATED_SCORE = N_(
    "Adds up the gradient on the way from the text with every word masked to the text as it is. The contributions add up to "
    "the difference in score between the two; how far they miss it is shown."
)
ONE_GRADIENT = N_(
    "One gradient, multiplied with the word's vector: fast, but it sees only how the answer would change near the text "
    "as it is, and the scores need not add up to anything."
)
LEFT_OUT = N_(
    "Takes each word away in turn and asks again: the score is what the probability loses. Exact, but two words that "
    "say the same hide each other, and it takes one prediction per word."
)
LEFT_OUT_SCORE = N_(
    "Takes each word away in turn and asks again: the contribution is by how much the score falls. Exact, but two words that "
    "say the same hide each other, and it takes one prediction per word."
)
METHODS: dict[str, Method] = {
    row.id: row
    for row in (
        Method("integrated-gradients", N_("Integrated gradients"), INTEGRATED, N_("probability"), True, _integrated_gradients, _probability, lambda words: GRADIENT * STEPS),
        Method("input-x-gradient", N_("Input × gradient"), ONE_GRADIENT, N_("log-odds"), False, _input_x_gradient, _log_odds, lambda words: GRADIENT),
        Method("tag-integrated-gradients", N_("Integrated gradients"), INTEGRATED, N_("probability"), True, _integrated_gradients, _probability, lambda words: GRADIENT * STEPS, frozenset({"tags"})),
        Method("tag-input-x-gradient", N_("Input × gradient"), ONE_GRADIENT, N_("log-odds"), False, _input_x_gradient, _log_odds, lambda words: GRADIENT, frozenset({"tags"})),
        Method("labels-integrated-gradients", N_("Integrated gradients"), INTEGRATED, N_("probability"), True, _integrated_gradients, _probability, lambda words: GRADIENT * STEPS, frozenset({"labels"})),
        Method("labels-input-x-gradient", N_("Input × gradient"), ONE_GRADIENT, N_("log-odds"), False, _input_x_gradient, _log_odds, lambda words: GRADIENT, frozenset({"labels"})),
        Method("labels-deletion", N_("Leave one word out"), LEFT_OUT, N_("probability"), False, _deletion, _probability, lambda words: words + 1, frozenset({"labels"})),
        Method("score-integrated-gradients", N_("Integrated gradients"), INTEGRATED_SCORE, N_("score"), True, _integrated_gradients, _plain, lambda words: GRADIENT * STEPS, frozenset({"score"})),
        Method("score-input-x-gradient", N_("Input × gradient"), ONE_GRADIENT, N_("score"), False, _input_x_gradient, _plain, lambda words: GRADIENT, frozenset({"score"})),
        Method("score-deletion", N_("Leave one word out"), LEFT_OUT_SCORE, N_("score"), False, _deletion, _plain, lambda words: words + 1, frozenset({"score"})),
        Method("span-integrated-gradients", N_("Integrated gradients"), INTEGRATED, N_("probability"), True, _integrated_gradients, _span_probability, lambda words: GRADIENT * STEPS, frozenset({"spans"})),
        Method("span-input-x-gradient", N_("Input × gradient"), ONE_GRADIENT, N_("log-odds"), False, _input_x_gradient, _span_log_odds, lambda words: GRADIENT, frozenset({"spans"})),
        Method("deletion", N_("Leave one word out"), LEFT_OUT, N_("probability"), False, _deletion, _probability, lambda words: words + 1),
    )
}  # fmt: skip

"""What the tutorial claims, measured: its own experiment repeated, and a small experiment for each claim that can be tried.

Every function returns numbers, computed now, with the bundled model or the one that is given. This module does not
know which claim a number belongs to, nor how it is worded; where a claim is about history (which text a model was
pre-trained on) there is nothing to compute here.
"""

import copy
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from torch import nn
from transformers import DataCollatorForLanguageModeling, PreTrainedModel, PreTrainedTokenizerBase

from core import models
from core.data.bundled import ARTICLE
from core.results import Movement

PRINTED_LOSSES = (1.4838, 0.8741, 0.5901)
PRINTED_ACCURACY = 0.75
CLASSES = 4  # the tutorial asks for four classes; its labels are 0, 1, 2 and 0

Optimizer = Literal["adam", "adamw"]
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Repetition:
    """The tutorial's experiment with one seed.

    losses: mean training loss (nats) of each epoch. accuracy: share right of the four sentences it was trained on.
    last_batch: share right of the last batch alone, which is what the tutorial counts. unused: mean probability of
    label 3, which no sentence has.
    """

    seed: int
    losses: tuple[float, ...]
    accuracy: float
    last_batch: float
    unused: float


@dataclass(frozen=True)
class Repetitions:
    """The experiment over several seeds, and how far the first seed's training moved each group of parameters."""

    rows: tuple[Repetition, ...]
    movement: tuple[Movement, ...]


def repeat(
    tokenizer: PreTrainedTokenizerBase,
    seeds: Sequence[int],
    *,
    model: str = "minilm",
    epochs: int = 3,
    batch_size: int = 2,
    learning_rate: float = 5e-5,
    optimizer: Optimizer = "adam",
    report: Report | None = None,
) -> Repetitions:
    """Fine-tune on the tutorial's four sentences once per seed; the seed sets the new head, the order and the dropout.

    report(done, total) is called after each seed and may raise Cancelled. Raises UserError when the model cannot be had.
    """
    # here, because the Trainer takes long to import and the other experiments never need it
    from core.finetune.methods import movement

    texts, labels = list(ARTICLE), torch.tensor([int(label.removeprefix("label ")) for label in ARTICLE.values()])
    inputs = tokenizer(texts, padding=True, return_tensors="pt")
    rows: list[Repetition] = []
    moved: tuple[Movement, ...] = ()
    for seed in seeds:
        names = tuple(f"label {i}" for i in range(CLASSES))
        learner = models.load(model, "classifier", labels=names, seed=seed)
        start = None if rows else copy.deepcopy(learner)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            losses = _train(learner, inputs, labels, epochs, batch_size, learning_rate, optimizer)
        learner.eval()
        with torch.inference_mode():
            probabilities = learner(**inputs).logits.softmax(-1)
        right = (probabilities.argmax(-1) == labels).numpy()
        last = len(texts) - (len(texts) % batch_size or batch_size)
        rows.append(
            Repetition(
                seed,
                losses,
                float(right.mean()),
                float(right[last:].mean()),
                float(probabilities[:, CLASSES - 1].mean()),
            )
        )
        if start is not None:
            moved = movement(start, learner)
        if report:
            report(len(rows), len(seeds))
    return Repetitions(tuple(rows), moved)


def _train(
    model: PreTrainedModel,
    inputs: dict[str, torch.Tensor],
    labels: torch.Tensor,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    optimizer: Optimizer,
) -> tuple[float, ...]:
    """Plain steps over shuffled batches; the mean loss of each epoch."""
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[optimizer]
    steps = kind(model.parameters(), lr=learning_rate)
    model.train()
    losses: list[float] = []
    for _ in range(epochs):
        batch_losses: list[float] = []
        for chosen in torch.randperm(len(labels)).split(batch_size):
            loss = model(**{name: values[chosen] for name, values in inputs.items()}, labels=labels[chosen]).loss
            steps.zero_grad()
            loss.backward()
            steps.step()
            batch_losses.append(float(loss.detach()))
        losses.append(float(np.mean(batch_losses)))
    return tuple(losses)


@dataclass(frozen=True)
class Drift:
    """What one optimiser did to the word embeddings of tokens that occur in the texts, and of all others.

    seen, unseen: relative change ‖after − before‖ / ‖before‖ of those rows.
    """

    optimizer: str
    seen: float
    unseen: float


def optimizers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    steps: int = 10,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.01,
) -> tuple[Drift, ...]:
    """Adam, Adam with L2 in the gradient, and AdamW (Loshchilov & Hutter 2019) on a copy of the word embeddings.

    The loss is the mean square of the embeddings of the tutorial's sentences, so that rows of other tokens get no
    gradient: whatever moves them is the weight decay alone. AdamW multiplies them by (1 − learning_rate · weight_decay)
    a step; L2 inside Adam is rescaled by its second moment and moves every weight by about the learning rate, whatever
    weight_decay is.
    """
    ids = tokenizer(list(ARTICLE), padding=True, return_tensors="pt")["input_ids"]
    before = cast(nn.Embedding, model.get_input_embeddings()).weight.detach()
    seen = torch.zeros(len(before), dtype=torch.bool)
    seen[ids.unique()] = True
    found: list[Drift] = []
    for name, kind, decay in (
        ("Adam", torch.optim.Adam, 0.0),
        ("Adam + L2", torch.optim.Adam, weight_decay),
        ("AdamW", torch.optim.AdamW, weight_decay),
    ):
        table = before.clone().requires_grad_()
        optimizer = kind([table], lr=learning_rate, weight_decay=decay)
        for _ in range(steps):
            optimizer.zero_grad()
            table[ids].square().mean().backward()
            optimizer.step()
        change = (table.detach() - before).norm(dim=-1)
        size = before.norm(dim=-1)
        found.append(Drift(name, *(float(change[part].norm() / size[part].norm()) for part in (seen, ~seen))))
    return tuple(found)


@dataclass(frozen=True)
class Corruption:
    """What the masking of pre-training did to a corpus: counts of tokens, and of words touched by it.

    random: replaced by another token; a draw that hits the original counts as kept. words_touched: words with at least
    one chosen token; words_whole: words all of whose tokens were chosen.
    """

    tokens: int
    chosen: int
    masked: int
    random: int
    kept: int
    words: int
    words_touched: int
    words_whole: int


def corruption(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], *, seed: int = 0) -> Corruption:
    """transformers' own masking (DataCollatorForLanguageModeling, 15%, 80/10/10) of some texts, counted."""
    collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15, seed=seed)
    encoded = tokenizer(list(texts), truncation=True, max_length=128, return_special_tokens_mask=True)
    counts = np.zeros(8, dtype=int)
    for start in range(0, len(texts), 64):
        rows = range(start, min(start + 64, len(texts)))
        batch = collator([{key: encoded[key][i] for key in encoded} for i in rows])
        for place, i in enumerate(rows):
            ids = np.array(encoded["input_ids"][i])
            real = np.array(encoded["special_tokens_mask"][i]) == 0
            after = batch["input_ids"][place, : len(ids)].numpy()
            chosen = batch["labels"][place, : len(ids)].numpy() != -100
            masked = chosen & (after == tokenizer.mask_token_id)
            words = np.array([-1 if word is None else word for word in encoded.word_ids(i)])
            shares = [chosen[words == word].mean() for word in np.unique(words[real])]
            counts += (
                real.sum(), chosen.sum(), masked.sum(), (chosen & ~masked & (after != ids)).sum(), (chosen & (after == ids)).sum(),
                len(shares), sum(share > 0 for share in shares), sum(share == 1 for share in shares),
            )  # fmt: skip
    return Corruption(*(int(count) for count in counts))


@dataclass(frozen=True)
class Linearity:
    """How far a map is from f(x + y) − f(0) = (f(x) − f(0)) + (f(y) − f(0)): largest |difference|; scale: largest |f(x + y)|."""

    name: str
    shape: tuple[int, ...]
    difference: float
    scale: float


def linearity(model: PreTrainedModel, x: np.ndarray, y: np.ndarray, *, layer: int = 0) -> tuple[Linearity, ...]:
    """Are Q, K and V of a BERT layer linear maps? And is its feed-forward layer? Tried on two token vectors, shape (D,).

    model: of the family BERT.
    """
    block = model.base_model.get_submodule(f"encoder.layer.{layer}")
    attention = {
        name: cast(nn.Linear, block.get_submodule(f"attention.self.{part}"))
        for name, part in (("Q", "query"), ("K", "key"), ("V", "value"))
    }
    up, wide, down = (
        cast(nn.Linear, block.get_submodule(part)) for part in ("intermediate.dense", "intermediate", "output.dense")
    )
    parts: list[tuple[str, Callable[[torch.Tensor], torch.Tensor], tuple[int, ...]]] = [
        *((name, part, tuple(part.weight.shape)) for name, part in attention.items()),
        ("FFN", lambda states: down(wide(states)), (*up.weight.shape, down.weight.shape[0])),
    ]
    found: list[Linearity] = []
    with torch.inference_mode():
        one, two = torch.tensor(x), torch.tensor(y)
        for name, part, shape in parts:
            whole, zero = part(one + two), part(torch.zeros_like(one))
            difference = (whole + zero - part(one) - part(two)).abs().max()
            found.append(Linearity(name, shape, float(difference), float(whole.abs().max())))
    return tuple(found)


@dataclass(frozen=True)
class Direction:
    """Does a token's vector depend on what comes after it?

    change: largest |difference| of the vectors of the shared beginning when only the end of the text is different, for
    the model as it is, and for the same weights with a decoder's mask, where no token may look ahead.
    ahead: share of all attention that goes to later tokens, in the text with the second end.
    """

    shared: int
    change: float
    change_causal: float
    ahead: float


def direction(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, beginning: str, ends: tuple[str, str]
) -> Direction:
    """Compare the vectors of a text's beginning under two ends. model: family BERT, loaded with attention="eager"."""
    encoded = [tokenizer(f"{beginning} {end}", return_tensors="pt", truncation=True) for end in ends]
    first, second = (list(item["input_ids"][0]) for item in encoded)
    shared = next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )

    def change(causal: bool) -> tuple[float, float]:
        states, ahead = [], 0.0
        with torch.inference_mode():
            for item in encoded:
                size = item["input_ids"].shape[1]
                mask = torch.ones(1, 1, size, size).tril() if causal else item["attention_mask"]
                if causal:  # what is added to the scores: 0 where a token may look, −∞ where not
                    mask = (1 - mask) * torch.finfo(torch.float32).min
                output = model(input_ids=item["input_ids"], attention_mask=mask, output_attentions=not causal)
                states.append(output.last_hidden_state[0, :shared])
                if not causal:
                    maps = torch.stack(output.attentions)
                    ahead = float(maps.triu(1).sum() / maps.sum())
        return float((states[0] - states[1]).abs().max()), ahead

    seen, ahead = change(causal=False)
    return Direction(shared, seen, change(causal=True)[0], ahead)


def output_of(code: str) -> tuple[str, bool]:
    """Run one of the tutorial's snippets in a Python of its own: its last line of output, and whether it failed.

    code: a constant of ours, never a user's. Takes about two seconds when it imports torch.
    """
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "HF_HUB_OFFLINE": "1"},
    )
    printed = (done.stderr if done.returncode else done.stdout).strip().splitlines()
    return (printed[-1] if printed else ""), done.returncode != 0


@dataclass(frozen=True)
class Pace:
    """How fast a model reads. tokens: T of the text. seconds: of one pass, the median of several.

    squared: the share of the multiplications that grows with T²: scores and weighted means, of all within the layers.
    """

    tokens: int
    seconds: float
    squared: float


def pace(encoder: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tokens: int, *, repeats: int = 5) -> Pace:
    """Measure passes through a text of so many tokens, which says nothing: the time does not depend on what it says.

    A layer multiplies T · (4 D² + 2 D I) times in its matrices and 2 T² D times in its attention.
    """
    ids = torch.full((1, tokens), tokenizer.mask_token_id, device=encoder.device)
    seconds = []
    with torch.inference_mode():
        encoder(input_ids=ids)  # the first pass also makes room
        for _repeat in range(repeats):
            begin = time.perf_counter()
            encoder(input_ids=ids)
            seconds.append(time.perf_counter() - begin)
    width, inner = encoder.config.hidden_size, encoder.config.intermediate_size
    squared = 2 * tokens * width
    return Pace(tokens, statistics.median(seconds), squared / (squared + 4 * width**2 + 2 * width * inner))


PRETRAINING_TOKENS = 1_000_000 * 256 * 512  # steps × texts × tokens, Devlin et al. 2019, appendix A.2: at most
BASE_LAYERS = 85_054_464  # parameters in the layers of BERT-base
OF_A_STEP = 3  # passes that a step of training costs: one forward, about two backward


def pretraining_seconds(encoder: PreTrainedModel, found: Pace) -> float:
    """How long the pre-training of BERT-base would take at this pace, if the time goes with the parameters of the layers."""
    layers = sum(part.numel() for part in encoder.get_submodule("encoder").parameters())
    return PRETRAINING_TOKENS * OF_A_STEP * BASE_LAYERS / layers * found.seconds / found.tokens

"""Objectives: what a run learns from a batch, and how what it learnt is measured.

There are two. Classification answers each row with a label; next sentence prediction is a case of it. Masked is masked
language modelling (Devlin et al. 2019): 15 % of the tokens are chosen, of these 80 % become [MASK], 10 % a random token and
10 % stay, and the model learns what stood there. This module does not know how training proceeds, where the data comes from,
nor who hears of the figures.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import peft
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForNextSentencePrediction,
    BertConfig,
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from core import models, predict, tokens, vocabulary
from core.data import TextDataset
from core.errors import UserError
from core.pretraining import IGNORED, RATE, masked_logits, special_ids
from core.results import Evaluation, Likely, MaskedEvaluation, Probe, RunConfig
from core.tasks import TASKS

LIVE_ROWS = 2000  # most rows that are measured while training runs, and for a classifier before it
LIVE_TOKENS, MOST_TOKENS = 20_000, 50_000  # the same for masked language models, in tokens; and at the end
TOKENS_PER_BATCH = 4096
WORST = 5
WORST_CHARS = 500
PROBE_WORDS = 3  # guesses that are kept for each probe
PROBES = {
    "en": ("I love eating [MASK].", "The capital of France is [MASK].", "The film was really [MASK]."),
    "zh": ("我喜欢吃[MASK]。", "法国的首都是[MASK]黎。", "这部电影真[MASK]看。"),
}

SCRATCH_VOCABULARY = 4000

Report = Callable[[int, int], None]
Measure = Evaluation | MaskedEvaluation


@dataclass(frozen=True)
class Rows:
    """Tokenised training rows: features (one dict per row, with "input_ids") and whether each was cut."""

    features: list[dict[str, Any]]
    cut: np.ndarray

    @property
    def lengths(self) -> list[int]:
        return [len(row["input_ids"]) for row in self.features]


@dataclass(frozen=True)
class Measured:
    """A measurement, and what an "evaluation" event says of it."""

    evaluation: Measure
    values: Mapping[str, object]


@dataclass(frozen=True)
class Objective(ABC):
    """One way to learn from a dataset's rows. bf16: whether training computes in bfloat16."""

    config: RunConfig
    dataset: TextDataset
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    bf16: bool = False

    begins_at_zero: ClassVar[bool] = False  # whether the first "evaluation" event is of the model before training

    def started(self, model: PreTrainedModel) -> Mapping[str, object]:
        """What the "start" event says besides."""
        return {}

    @abstractmethod
    def rows(self, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """The training rows (or those chosen) as the model reads them. report(done, total) may raise Cancelled."""

    @abstractmethod
    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """A batch with labels; the same rows give the same batch in the same epoch."""

    @abstractmethod
    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """Mean cross-entropy in float32, in nats. weights: of the classes, (C)."""

    @abstractmethod
    def measure(
        self, model: PreTrainedModel, split: str, report: Report, *, live: bool, autocast: bool = False
    ) -> Measured | None:
        """The model on a split, in evaluation mode; None where the data has no such rows.

        live: on a sample, which is always the same. autocast: in bfloat16, otherwise in the model's own precision.
        report(done, total) may raise Cancelled.
        """

    @abstractmethod
    def rank(self, found: Measure) -> tuple[float, ...]:
        """What decides which state of a run is best: the highest."""

    @abstractmethod
    def reported(self, found: Mapping[str, Measure | None]) -> dict[str, Any]:
        """The fields of RunReport for evaluations named test, validation and baseline."""


def objective(
    config: RunConfig, dataset: TextDataset, tokenizer: PreTrainedTokenizerBase, max_length: int, bf16: bool
) -> Objective:
    """The objective of a run's task."""
    kind = Masked if TASKS[config.task].head is AutoModelForMaskedLM else Classification
    return kind(config, dataset, tokenizer, max_length, bf16)


def sample(n: int, most: int, seed: int) -> np.ndarray:
    """At most `most` of n row numbers, in order; all of them when there are no more."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def is_path(name: str) -> bool:
    """Whether a configuration names a folder: only the command line writes absolute paths."""
    return Path(name).is_absolute()


# --- Where a run starts ------------------------------------------------------------------------------------------------


def fresh_model(config: RunConfig, labels: tuple[str, ...], attention: models.Attention = "eager") -> PreTrainedModel:
    """The model before training; what its checkpoint lacks depends on the seed only, whatever else draws meanwhile.

    A classifier gets a new head. A masked language model keeps its own, and so does a model that predicts next sentences
    where it has one. Raises UserError when there is none and none can be made.
    """
    head, allow_path = TASKS[config.task].head, is_path(config.model)
    generator = torch.Generator().manual_seed(config.seed)
    if head is AutoModelForMaskedLM:
        return models.load_masked_lm(config.model, attention=attention, allow_path=allow_path).requires_grad_(True)
    if head is AutoModelForNextSentencePrediction:
        model = models.load_next_sentence(
            config.model, attention=attention, allow_path=allow_path, new_head=True, generator=generator
        )
        model.config.id2label = dict(enumerate(labels))
        model.config.label2id = {label: i for i, label in enumerate(labels)}
        return model.requires_grad_(True)
    model = models.load_classifier(
        config.model, labels=labels, attention=attention, allow_path=allow_path, generator=generator
    )
    generator.manual_seed(config.seed)
    for name, part in model.named_children():
        for layer in part.modules() if name != model.base_model_prefix else ():
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=model.config.initializer_range, generator=generator)
                nn.init.zeros_(layer.bias)
    model.config.problem_type = "single_label_classification"
    return model


def write_scratch(folder: Path, texts: Sequence[str], seed: int, report: Report) -> None:
    """A tiny new masked language model for these texts: its own WordPiece vocabulary, two layers, random weights.

    report(done, total) hears of the texts read and may raise Cancelled. Raises UserError when the texts are empty.
    """
    tokenizer = vocabulary.train("wordpiece", texts, SCRATCH_VOCABULARY, report).tokenizer
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertForMaskedLM(
            BertConfig(
                vocab_size=len(tokenizer),
                hidden_size=128,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=512,
                pad_token_id=int(tokenizer.pad_token_id),
            )
        )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


# --- Classification ----------------------------------------------------------------------------------------------------


class Classification(Objective):
    """One label for each text or pair."""

    def _columns(self, split: str, chosen: np.ndarray | None = None) -> dict[str, list[str]]:
        rows = self.dataset.splits[split] if chosen is None else self.dataset.splits[split].select(chosen)
        return {name: list(rows[name]) for name in TASKS[self.dataset.task].inputs}

    def rows(self, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """One feature for each row, with its label."""
        task = TASKS[self.dataset.task]
        columns = self._columns("train", chosen)
        labels = np.array(self.dataset.splits["train"]["label"])
        labels = labels if chosen is None else labels[chosen]
        features: list[dict[str, Any]] = []
        cut: list[bool] = []
        for start in range(0, len(labels), 500):
            report(start, len(labels))
            part = {
                name: [
                    tokens.shorten(self.tokenizer, tokens.clean(value), self.max_length)
                    for value in values[start : start + 500]
                ]
                for name, values in columns.items()
            }
            encoded = task.prepare(self.tokenizer, part, self.max_length)
            names = [name for name in self.tokenizer.model_input_names if name in encoded]
            for i, label in enumerate(labels[start : start + 500].tolist()):
                features.append({**{name: encoded[name][i] for name in names}, "labels": label})
            cut += [bool(encoding.overflowing) for encoding in encoded.encodings or ()]
        return Rows(features, np.array(cut, dtype=bool))

    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """Padded to the longest row."""
        return dict(DataCollatorWithPadding(self.tokenizer)([dict(row) for row in features]))

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """Cross-entropy, weighted by class when asked for."""
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        return functional.cross_entropy(model(**inputs).logits.float(), batch["labels"], weight=weights)

    def measure(
        self, model: PreTrainedModel, split: str, report: Report, *, live: bool, autocast: bool = False
    ) -> Measured | None:
        """Accuracy, macro-F1, loss and the rows with the highest loss."""
        n = len(self.dataset.splits[split]) if split in self.dataset.splits else 0
        if not n:
            return None
        chosen = sample(n, LIVE_ROWS if live else n, self.config.seed if split == "validation" else 0)
        columns = self._columns(split, chosen)
        true = np.array(self.dataset.splits[split]["label"])[chosen]
        probs = predict.probabilities(model, self.tokenizer, columns, self.max_length, report=report, autocast=autocast)
        found = predict.measure(self.dataset.label_names, true, probs, columns)
        return Measured(
            found,
            {
                "accuracy": found.accuracy.value,
                "macro_f1": found.macro_f1.value,
                "loss": found.loss,
                "n": found.n,
                "worst": _worst(self.dataset.label_names, true, probs, columns),
            },
        )

    def rank(self, found: Measure) -> tuple[float, ...]:
        """The task's metric, then the loss."""
        assert isinstance(found, Evaluation)
        value = {"accuracy": found.accuracy.value, "macro_f1": found.macro_f1.value}[TASKS[self.dataset.task].metric]
        return value, -found.loss

    def reported(self, found: Mapping[str, Measure | None]) -> dict[str, Any]:
        """Fields of their own."""
        return dict(found)


def _worst(
    labels: tuple[str, ...], true: np.ndarray, probs: np.ndarray, columns: Mapping[str, Sequence[str]]
) -> list[dict[str, object]]:
    """The rows with the highest loss, highest first."""
    losses = -np.log(np.clip(probs[np.arange(len(true)), true], np.finfo(float).eps, 1))
    return [
        {
            "text": columns["text"][i][:WORST_CHARS],
            "pair": columns["pair"][i][:WORST_CHARS] if "pair" in columns else "",
            "true": labels[true[i]],
            "predicted": labels[int(probs[i].argmax())],
            "confidence": float(probs[i].max()),
            "loss": float(losses[i]),
        }
        for i in np.argsort(-losses, kind="stable")[:WORST].tolist()
    ]


# --- Masked language modelling -----------------------------------------------------------------------------------------


def corrupt(tokenizer: PreTrainedTokenizerBase, ids: Tensor, seed: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Token ids as a masked language model reads them, and as labels: IGNORED where nothing is asked.

    ids: (B, T), padded. transformers' own collator draws, from a generator of this call's own. Where it chose nothing at all,
    one token is masked, so that there is something to learn; ids must hold a token that may be.
    """
    special = torch.isin(ids, torch.tensor(special_ids(tokenizer)))
    recipe = DataCollatorForLanguageModeling(tokenizer, mlm_probability=RATE)
    state = int(np.random.SeedSequence(list(seed)).generate_state(1, np.uint64)[0] >> 1)
    recipe.generator = torch.Generator().manual_seed(state)
    corrupted, labels = recipe.torch_mask_tokens(ids.clone(), special)
    if not (labels != IGNORED).any():
        places = (~special).nonzero()
        row, column = places[int(torch.randint(len(places), (), generator=recipe.generator))].tolist()
        labels[row, column] = ids[row, column]
        corrupted[row, column] = tokenizer.mask_token_id
    return corrupted, labels


class Masked(Objective):
    """The tokens that were masked. Its rows are blocks of documents, max_length long where the document is."""

    begins_at_zero = True

    def started(self, model: PreTrainedModel) -> Mapping[str, object]:
        """ln V, the loss of a model that takes every entry of its vocabulary for equally likely."""
        return {"uniform_loss": log(model.config.vocab_size)}

    def _blocks(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token ids of the documents' blocks, special tokens included; those with nothing to mask are left out."""
        clean = [tokens.clean(text) for text in texts]
        found = TASKS[self.dataset.task].prepare(self.tokenizer, {"text": clean}, self.max_length)["input_ids"]
        blocks = [np.array(ids, dtype=np.int32) for ids in found]
        special = special_ids(self.tokenizer)
        return [block for block in blocks if not np.isin(block, special).all()]

    def rows(self, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """One feature for each block, with its number. Raises UserError when they do not fill one batch."""
        texts = self.dataset.splits["train"]["text"]
        texts = list(texts) if chosen is None else [texts[int(i)] for i in chosen]
        blocks: list[np.ndarray] = []
        for start in range(0, len(texts), 100):
            report(start, len(texts))
            blocks += self._blocks(texts[start : start + 100])
        if len(blocks) < self.config.batch_size:
            raise UserError(
                "the text fills {blocks} blocks of at most {tokens} tokens, fewer than one batch of {batch}; add text, or choose a smaller batch or shorter blocks",
                blocks=len(blocks),
                tokens=self.max_length,
                batch=self.config.batch_size,
            )
        return Rows(
            [{"row": i, "input_ids": block} for i, block in enumerate(blocks)], np.zeros(len(blocks), dtype=bool)
        )

    def padded(self, blocks: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Token ids and attention mask, both (B, T)."""
        lengths = torch.tensor([len(block) for block in blocks])
        ids = torch.full((len(blocks), int(lengths.max())), int(self.tokenizer.pad_token_id or 0))
        for place, block in enumerate(blocks):
            ids[place, : len(block)] = torch.from_numpy(block)
        return ids, (torch.arange(ids.shape[1]) < lengths[:, None]).long()

    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """Masked anew in each epoch; what is drawn depends on the seed, the epoch and the rows only."""
        ids, attention = self.padded([row["input_ids"] for row in features])
        corrupted, labels = corrupt(
            self.tokenizer, ids, (self.config.seed, epoch, *(int(row["row"]) for row in features))
        )
        return {"input_ids": corrupted, "attention_mask": attention, "labels": labels}

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """Cross-entropy of the masked tokens; logits are computed for these alone."""
        plain = model.get_base_model() if isinstance(model, peft.PeftModel) else model
        assert isinstance(plain, PreTrainedModel)
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        chosen = batch["labels"] != IGNORED
        with torch.autocast(chosen.device.type, torch.bfloat16, enabled=self.bf16):
            logits = masked_logits(plain, inputs, chosen)
        return functional.cross_entropy(logits.float(), batch["labels"][chosen])

    def measure(
        self, model: PreTrainedModel, split: str, report: Report, *, live: bool, autocast: bool = False
    ) -> Measured | None:
        """Top-1, top-5 and loss of tokens whose masks are always the same, and what is said of the probe sentences."""
        blocks = self._to_measure(split, LIVE_TOKENS if live else MOST_TOKENS)
        if not blocks:
            return None
        found = _measure(model, self, blocks, report, autocast=autocast)
        return Measured(
            found,
            {
                "accuracy": found.top1.value,
                "top5": found.top5.value,
                "loss": found.loss,
                "perplexity": found.perplexity,
                "uniform_loss": found.uniform_loss,
                "n": found.n,
                "probes": [
                    {
                        "text": probe.text,
                        "top": [{"token": one.token, "probability": one.probability} for one in probe.top],
                    }
                    for probe in found.probes
                ],
            },
        )

    def _to_measure(self, split: str, most: int) -> list[np.ndarray]:
        """The blocks of a split's first documents, about `most` tokens of them."""
        texts = self.dataset.splits[split]["text"] if split in self.dataset.splits else []
        blocks: list[np.ndarray] = []
        for start in range(0, len(texts), 20):
            blocks += self._blocks(texts[start : start + 20])
            if sum(map(len, blocks)) >= most:
                break
        ends = np.cumsum([len(block) for block in blocks])
        return blocks[: int(np.searchsorted(ends, most)) + 1]

    def probes(self) -> tuple[str, ...]:
        """Three sentences in the language of the texts."""
        start = "".join(text[:1000] for text in self.dataset.splits["train"]["text"][:50])
        chinese = sum("\u4e00" <= character <= "\u9fff" for character in start)
        return PROBES["zh" if chinese > 0.2 * len(start) else "en"]

    def rank(self, found: Measure) -> tuple[float, ...]:
        """The lowest loss."""
        return (-found.loss,)

    def reported(self, found: Mapping[str, Measure | None]) -> dict[str, Any]:
        """One field, `masked`, for those that were measured."""
        return {
            "test": None,
            "validation": None,
            "baseline": None,
            "masked": {name: found[name] for name in ("test", "validation", "baseline") if found[name] is not None},
        }


def _measure(
    model: PreTrainedModel, objective: Masked, blocks: Sequence[np.ndarray], report: Report, *, autocast: bool
) -> MaskedEvaluation:
    """Measure a masked language model on blocks. Raises UserError when its answers are not finite."""
    order = sorted(range(len(blocks)), key=lambda i: -len(blocks[i]))
    total, loss, ranks = len(blocks), 0.0, list[Tensor]()
    training = model.training
    model.eval()
    try:
        done = 0
        while done < total:
            chosen = order[done : done + max(1, TOKENS_PER_BATCH // len(blocks[order[done]]))]
            ids, attention = objective.padded([blocks[i] for i in chosen])
            corrupted, labels = corrupt(objective.tokenizer, ids, (done,))
            places = (labels != IGNORED).to(model.device)
            inputs = {"input_ids": corrupted.to(model.device), "attention_mask": attention.to(model.device)}
            with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=autocast):
                logits = masked_logits(model, inputs, places).float()
            true = labels.to(model.device)[places]
            loss += float(functional.cross_entropy(logits, true, reduction="sum"))
            ranks.append((logits > logits.gather(1, true[:, None])).sum(1).cpu())
            done += len(chosen)
            report(done, total)
        probes = tuple(_probe(model, objective.tokenizer, text) for text in objective.probes())
    finally:
        model.train(training)
    rank = torch.cat(ranks)
    if not np.isfinite(loss):
        raise UserError(
            "the model answers with values that are not numbers: its training went astray; train again with a lower learning rate"
        )
    return MaskedEvaluation(
        n=len(rank),
        blocks=total,
        top1=predict.wilson(int((rank < 1).sum()), len(rank)),
        top5=predict.wilson(int((rank < 5).sum()), len(rank)),
        loss=loss / len(rank),
        vocabulary=int(model.config.vocab_size),
        probes=probes,
    )


def _probe(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, text: str) -> Probe:
    """What a model in evaluation mode puts where the sentence says [MASK]."""
    encoded = tokenizer(text.replace("[MASK]", str(tokenizer.mask_token)), return_tensors="pt").to(model.device)
    with torch.inference_mode():
        logits = masked_logits(model, encoded, encoded["input_ids"] == tokenizer.mask_token_id)
    best = logits[0].double().softmax(-1).topk(PROBE_WORDS)
    return Probe(
        text,
        tuple(
            Likely(str(tokenizer.decode([number])).strip() or str(tokenizer.convert_ids_to_tokens(number)), probability)
            for number, probability in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ),
    )

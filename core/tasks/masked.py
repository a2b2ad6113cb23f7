"""Masked language modelling (Devlin et al. 2019): 15% of the tokens are chosen, and the model learns what stood there.

Of the chosen tokens 80% become [MASK], 10% a random token and 10% stay. Rows are blocks of documents. When a model is
measured the masks are always the same, so that its states can be compared. This module does not know where the documents
come from, nor who hears of the figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import peft
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from core import metrics, threads, tokens, vocabulary
from core.batches import Report
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.errors import N_, UserError
from core.pretraining import IGNORED, RATE, check_mask, masked_logits, special_ids
from core.results import Evaluation, Measure, Prediction
from core.tables.table import Table, make_table
from core.tasks.base import Card, Goal, Lines, Rows, Task, as_json, input_columns, read_detail

LIVE_TOKENS, MOST_TOKENS = 20_000, 50_000  # most tokens that are measured while training runs, and at the end
TOKENS_PER_BATCH = 4096
GUESSES = 5  # that are kept for each mask
PROBE_WORDS = 3  # guesses that are kept for each probe
PROBES = {
    "en": ("I love eating [MASK].", "The capital of France is [MASK].", "The film was really [MASK]."),
    "zh": ("我喜欢吃[MASK]。", "法国的首都是[MASK]黎。", "这部电影真[MASK]看。"),
}
SCRATCH_VOCABULARY = 4000


@dataclass(frozen=True)
class Likely:
    """One word (or piece of a word) that could stand at a masked place, and its probability."""

    token: str
    probability: float


@dataclass(frozen=True)
class Probe:
    """A sentence with one masked word, and what a model would put there, likeliest first."""

    text: str
    top: tuple[Likely, ...]


@dataclass(frozen=True)
class Filled(Prediction):
    """What stands at each [MASK] of a text, in its order: the likeliest words first."""

    masks: tuple[tuple[Likely, ...], ...]


@dataclass(frozen=True)
class Masks:
    """What is known of a masked language model besides its metrics.

    blocks: inputs that were read. vocabulary: entries. uniform_loss: ln V, the loss of a model that takes every entry for
    equally likely. probes: what the model puts into fixed sentences.
    """

    blocks: int
    vocabulary: int
    uniform_loss: float
    probes: tuple[Probe, ...] = ()


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


class MaskedLanguageModelling(Goal):
    """The tokens that were masked. Its rows are blocks of documents, max_length long where the document is."""

    task: ClassVar[str] = "masked-language-modelling"
    known_before: ClassVar[bool] = True

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, labels: tuple[str, ...], max_length: int, **options: Any
    ) -> None:
        check_mask(tokenizer)
        super().__init__(tokenizer, labels, max_length, **options)

    @staticmethod
    def labels_of(name: str, config: PretrainedConfig) -> tuple[str, ...]:
        """None: it answers with words of its vocabulary."""
        return ()

    @staticmethod
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

    def levels(self, model: PreTrainedModel) -> Mapping[str, float]:
        """ln V, the loss of a model that takes every entry of its vocabulary for equally likely."""
        return {"uniform_loss": log(model.config.vocab_size)}

    def _blocks(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token ids of the documents' blocks of max_length from beginning to end, special tokens included.

        Nothing is lost, and a block never joins two documents; blocks with nothing to mask are left out.
        """
        encoded = self.tokenizer(
            [tokens.clean(text) for text in texts],
            truncation=True,
            max_length=self.max_length,
            return_overflowing_tokens=True,
            verbose=False,
        )
        blocks = [np.array(ids, dtype=np.int32) for ids in encoded["input_ids"]]
        special = special_ids(self.tokenizer)
        return [block for block in blocks if not np.isin(block, special).all()]

    def rows(self, dataset: TextDataset, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """One feature for each block, with its number. Raises UserError when they do not fill one batch."""
        texts = dataset.splits["train"]["text"]
        texts = list(texts) if chosen is None else [texts[int(i)] for i in chosen]
        blocks: list[np.ndarray] = []
        for start in range(0, len(texts), 100):
            report(start, len(texts))
            blocks += self._blocks(texts[start : start + 100])
        if len(blocks) < self.batch_size:
            raise UserError(
                "the text fills {blocks} blocks of at most {tokens} tokens, fewer than one batch of {batch}; add text, or choose a smaller batch or shorter blocks",
                blocks=len(blocks),
                tokens=self.max_length,
                batch=self.batch_size,
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
        """Masked differently in each epoch; what is drawn depends on the seed, the epoch and the rows only."""
        ids, attention = self.padded([row["input_ids"] for row in features])
        corrupted, labels = corrupt(self.tokenizer, ids, (self.seed, epoch, *(int(row["row"]) for row in features)))
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
        self,
        model: PreTrainedModel,
        dataset: TextDataset,
        split: str,
        report: Report,
        *,
        live: bool,
        autocast: bool = False,
    ) -> Evaluation | None:
        """Top-1, top-5 and loss of tokens whose masks are always the same, and what is said of the probe sentences.

        The intervals take tokens as independent.
        """
        blocks = self._to_measure(dataset, split, LIVE_TOKENS if live else MOST_TOKENS)
        if not blocks:
            return None
        training = model.training
        model.eval()
        try:
            ranks, loss = self._ranks(model, blocks, report, autocast=autocast)
            probes = tuple(self._probe(model, text) for text in _probes(dataset))
        finally:
            model.train(training)
        n = len(ranks)
        return Evaluation(
            task=self.task,
            n=n,
            metrics={
                "accuracy": metrics.wilson(int((ranks < 1).sum()), n),
                "top5": metrics.wilson(int((ranks < 5).sum()), n),
                "loss": Measure(loss / n),
                "perplexity": Measure(exp(min(loss / n, 700.0))),
            },
            detail=as_json(Masks(len(blocks), int(model.config.vocab_size), log(int(model.config.vocab_size)), probes)),
        )

    def _to_measure(self, dataset: TextDataset, split: str, most: int) -> list[np.ndarray]:
        """The blocks of a split's first documents, about `most` tokens of them."""
        texts = dataset.splits[split]["text"] if split in dataset.splits else []
        blocks: list[np.ndarray] = []
        for start in range(0, len(texts), 20):
            blocks += self._blocks(texts[start : start + 20])
            if sum(map(len, blocks)) >= most:
                break
        ends = np.cumsum([len(block) for block in blocks])
        return blocks[: int(np.searchsorted(ends, most)) + 1]

    def _ranks(
        self, model: PreTrainedModel, blocks: Sequence[np.ndarray], report: Report, *, autocast: bool
    ) -> tuple[Tensor, float]:
        """How many tokens each masked token is less likely than, (N,), and the sum of the losses in nats."""
        order = sorted(range(len(blocks)), key=lambda i: -len(blocks[i]))
        total, loss, ranks = len(blocks), 0.0, list[Tensor]()
        done = 0
        while done < total:
            chosen = order[done : done + max(1, TOKENS_PER_BATCH // len(blocks[order[done]]))]
            ids, attention = self.padded([blocks[i] for i in chosen])
            corrupted, labels = corrupt(self.tokenizer, ids, (done,))
            places = (labels != IGNORED).to(model.device)
            inputs = {"input_ids": corrupted.to(model.device), "attention_mask": attention.to(model.device)}
            with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=autocast):
                logits = masked_logits(model, inputs, places).float()
            true = labels.to(model.device)[places]
            loss += float(functional.cross_entropy(logits, true, reduction="sum"))
            ranks.append((logits > logits.gather(1, true[:, None])).sum(1).cpu())
            done += len(chosen)
            report(done, total)
        if not np.isfinite(loss):
            raise UserError(
                "the model answers with values that are not numbers: its training went astray; train again with a lower learning rate"
            )
        return torch.cat(ranks), loss

    def samples(self, evaluation: Evaluation) -> list[Mapping[str, object]]:
        """The probe sentences."""
        probes = evaluation.detail["probes"]
        assert isinstance(probes, list)
        return probes

    def predict(
        self, model: PreTrainedModel, inputs: Mapping[str, Sequence[str]], report: Report | None = None
    ) -> tuple[Filled, ...]:
        """What stands at each [MASK] of each text. Raises UserError for a text without one."""
        answers = []
        for done, text in enumerate(inputs["text"]):
            if report is not None:
                report(done, len(inputs["text"]))
            if "[MASK]" not in text:
                raise UserError("there is no [MASK] in “{text}”; write [MASK] where a word is missing", text=text[:50])
            masks, truncated = self._fill(model, text, GUESSES)
            answers.append(Filled({"text": text}, truncated, masks))
        return tuple(answers)

    def frame(self, predictions: Sequence[Prediction]) -> pd.DataFrame:
        """text, then the likeliest words of each mask with their probabilities."""
        filled = [row for row in predictions if isinstance(row, Filled)]
        columns = input_columns(filled)
        columns["fill"] = [
            " | ".join(", ".join(f"{likely.token} {likely.probability:.4f}" for likely in mask) for mask in row.masks)
            for row in filled
        ]
        return pd.DataFrame(columns)

    def _fill(self, model: PreTrainedModel, text: str, count: int) -> tuple[tuple[tuple[Likely, ...], ...], bool]:
        """The `count` likeliest words of each mask that the model reads, and whether the text was truncated."""
        encoded = self.tokenizer(
            tokens.clean(text).replace("[MASK]", str(self.tokenizer.mask_token)),
            truncation=True,
            max_length=self.max_length,
            return_tensors="pt",
        )
        truncated = bool(encoded.encodings[0].overflowing)
        inputs = encoded.to(model.device)
        places = inputs["input_ids"] == self.tokenizer.mask_token_id
        if not places.any():
            return (), truncated
        with threads.fitting(inputs["input_ids"].numel()), torch.inference_mode():
            best = masked_logits(model, inputs, places).double().softmax(-1).topk(count)
        return tuple(
            tuple(Likely(self._word(number), probability) for number, probability in zip(ids, values, strict=True))
            for ids, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ), truncated

    def _word(self, number: int) -> str:
        return str(self.tokenizer.decode([number])).strip() or str(self.tokenizer.convert_ids_to_tokens(number))

    def _probe(self, model: PreTrainedModel, text: str) -> Probe:
        """What a model in evaluation mode puts where the sentence says [MASK]."""
        masks, _ = self._fill(model, text, PROBE_WORDS)
        return Probe(text, masks[0])


def probe_table(evaluation: Evaluation) -> Lines:
    """What the model puts into the fixed sentences, likeliest first."""
    rows = [
        (probe.text, ", ".join(f"{likely.token} {likely.probability:.3f}" for likely in probe.top))
        for probe in read_detail(Masks, evaluation).probes
    ]
    return (("Sentence", "Likeliest words"), *rows)


def _probes(dataset: TextDataset) -> tuple[str, ...]:
    """Three sentences in the language of the texts."""
    start = "".join(text[:1000] for text in dataset.splits["train"]["text"][:50])
    chinese = sum("\u4e00" <= character <= "\u9fff" for character in start)
    return PROBES["zh" if chinese > 0.2 * len(start) else "en"]


TEXTS = (
    "The bakery opens at six, and the first loaves are gone by seven.",
    "Every spring the river carries stones down from the mountains.",
    "She keeps her bicycle in the hall because the cellar is damp.",
    "A good map shows where the path crosses the stream.",
    "The old clock strikes twelve, although it is only eleven.",
    "He writes letters by hand and posts them on Sundays.",
    "Most birds of the marsh leave before the first frost.",
    "The recipe asks for two eggs, a little salt and patience.",
    "When the ferry is late, the whole island waits.",
    "Our teacher draws the heart on the board in red chalk.",
    "The lamp in the corner has burnt since the storm began.",
    "They painted the boat blue and named it after their aunt.",
)


def _example() -> Table:
    return make_table(["text"], [TEXTS], len(TEXTS))


MASKED = Task(
    id=MaskedLanguageModelling.task,
    title=N_("Masked language modelling"),
    help=N_(
        "Texts without labels: 15% of the tokens are chosen, most of these are masked, and the model learns to say what stood there."
    ),
    layout=LAYOUTS["documents"],
    head="mlm",
    goal=MaskedLanguageModelling,
    metrics=("accuracy", "top5", "loss", "perplexity"),
    best=("loss",),
    gives=frozenset({"tokens"}),
    counts=(N_("{n:,} masked token"), N_("{n:,} masked tokens")),
    detail=Masks,
    supervised=False,
    windowed=True,
    scratch={
        "epochs": 3.0,
        "batch_size": 16,
        "learning_rate": 2e-3,
        "max_length": 64,
        "limit": 2000,
        "evaluations": 4,
    },
    advised={
        "epochs": 1.0,
        "batch_size": 16,
        "learning_rate": 1e-4,
        "max_length": 64,
        "limit": 500,
        "evaluations": 8,
    },
    pipeline="fill-mask",
    table=probe_table,
    card=Card(
        "A masked language model",
        "pre-trained further",
        "a text with masked tokens and says what probably stood there.",
        "from transformers import pipeline\n\n"
        'fill = pipeline("fill-mask", "path/to/this/folder")\n'
        'print(fill(f"I love eating {fill.tokenizer.mask_token}."))',
        {"uniform_loss": "Loss of a model that knows nothing (ln V)"},
    ),
    example=_example,
)

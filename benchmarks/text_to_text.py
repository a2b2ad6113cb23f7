"""What BERT is worth where a text is to be written: begun as BERT, begun at random, without an encoder, and without a model.

    python -m benchmarks.text_to_text                          some minutes on two cores
    python -m benchmarks.text_to_text --data headlines --steps 300

All contenders learn from the same training pairs, in the same batches, for as many steps at the same learning rate, and write the test's
texts taking the likeliest token each time.
    bert twice      the studio's task: encoder and decoder begun as the same BERT (Rothe, Narayan and Severyn 2020)
    random twice    the same network and vocabulary, every number drawn
    decoder only    the same BERT alone, made to look back only, with the same new head, reading "source [SEP] target" as GPT does
    retrieval       the target of the training source with the most similar words (TF-IDF)
All of them choose among the tokens of the training rows.
One JSON line per contender: exact match, chrF and BLEU over all test rows and per kind of rows, parameters, seconds of training.
"""

import argparse
import json
import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, EncoderDecoderModel, GenerationConfig, PreTrainedModel

from core import models
from core.data.dataset import TextDataset
from core.data.load import load
from core.finetune import machine
from core.results import Evaluation, RunConfig
from core.tasks import generation, seen, signs, text_scores
from core.tasks.base import read_detail, start
from core.tasks.table import TASKS
from core.tasks.writing import NO_LABEL, RETRIEVAL, ROOM, TextToText

WARMUP = 0.1
Batch = dict[str, Tensor]


def in_batches(features: Sequence[dict[str, Any]], config: RunConfig, steps: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of each step: the same for every contender."""
    order: list[int] = []
    for turn in range(steps):
        if len(order) < config.batch_size:
            order += random.Random(f"{config.seed} {turn}").sample(range(len(features)), len(features))
        chosen, order = order[: config.batch_size], order[config.batch_size :]
        yield [features[place] for place in chosen]


def learn(
    model: nn.Module, batches: Iterator[Batch], loss: Callable[[Batch], Tensor], config: RunConfig, steps: int
) -> float:
    """Train for so many steps; returns the seconds that took."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
    warmup = max(1, math.ceil(WARMUP * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))
    )
    device = machine.device()
    nn.Module.to(model, device).train()
    began = time.perf_counter()
    for batch in batches:
        with torch.autocast(device.type, torch.bfloat16, enabled=machine.bfloat16_pays(device)):
            value = loss({name: tensor.to(device) for name, tensor in batch.items()})
        value.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.eval()
    return time.perf_counter() - began


# --- The decoder alone -------------------------------------------------------------------------------------------------


def alone(config: RunConfig, goal: TextToText) -> PreTrainedModel:
    """BERT as a language model that looks back only, with embeddings for the same new signs, among the same tokens."""
    body = models.load_encoder(config.model)
    causal = type(body.config).from_dict(body.config.to_dict() | {"is_decoder": True})
    torch.manual_seed(config.seed)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(causal)
    model.base_model.load_state_dict(body.state_dict(), strict=False)
    model.tie_weights()
    signs.widen(model, goal.tokenizer, config.seed)
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    assert isinstance(embedding, nn.Embedding) and isinstance(head, nn.Linear)
    goal.places = seen.narrow(model, embedding, head, torch.tensor(goal.known)).place
    return model


def one_after_the_other(features: Sequence[dict[str, Any]], padding: int) -> Batch:
    """Each source with its target behind it; only the target is learnt."""
    rows = [(row["input_ids"], row["labels"]) for row in features]
    longest = max(len(source) + len(target) for source, target in rows)
    ids = torch.full((len(rows), longest), padding)
    labels = torch.full((len(rows), longest), NO_LABEL)
    for place, (source, target) in enumerate(rows):
        end = len(source) + len(target)
        ids[place, :end] = torch.tensor([*source, *target])
        labels[place, len(source) - 1 : end - 1] = torch.tensor(target)
    return {"input_ids": ids, "attention_mask": (ids != padding).long(), "labels": labels}


def written_alone(model: PreTrainedModel, goal: TextToText, sources: Sequence[str], most: int) -> list[str]:
    """What the decoder alone writes: sources of one length together, so that nothing is padded."""
    rows = goal.tokenizer(list(sources), truncation=True, max_length=goal.max_length)["input_ids"]
    alike: dict[int, list[int]] = defaultdict(list)
    for place, ids in enumerate(rows):
        alike[len(ids)].append(place)
    end, padding = goal.tokenizer.sep_token_id, goal.tokenizer.pad_token_id
    settings = GenerationConfig(max_new_tokens=most, eos_token_id=end, pad_token_id=padding, do_sample=False)
    result = [""] * len(rows)
    for length, places in alike.items():
        read = torch.tensor([rows[place] for place in places], device=model.device)
        with torch.inference_mode():
            found = model.generate(read, attention_mask=torch.ones_like(read), generation_config=settings)  # type: ignore[operator]
        for place, ids in zip(places, found[:, length:].tolist(), strict=True):
            result[place] = generation.spelt(goal.tokenizer, generation.ended(ids, goal.tokenizer))
    return result


# --- All of them -------------------------------------------------------------------------------------------------------


def line(contender: str, evaluation: Evaluation, parameters: int, seconds: float) -> None:
    """Print what a contender reaches and costs."""
    found: dict[str, object] = {"contender": contender, "n": evaluation.n}
    for name, value in evaluation.metrics.items():
        found |= {name: round(value.value, 3), f"{name}_interval": [round(bound, 3) for bound in value.bounds]}
    for row in read_detail(text_scores.Texts, evaluation).kinds:
        found[row.kind] = {
            "n": row.n,
            "same_text": round(row.same, 3),
            "chrf": round(row.chrf, 1),
            "bleu": round(row.bleu, 1),
        }
    print(json.dumps(found | {"parameters": parameters, "training_seconds": round(seconds, 1)}), flush=True)


def compare(config: RunConfig, dataset: TextDataset, steps: int) -> None:
    """Train and measure each contender."""
    tokenizer = TextToText.adapted(models.load_tokenizer(config.model), dataset)
    goal = TextToText(tokenizer, (), config.max_length, seed=config.seed)
    task = TASKS[goal.task]
    rows = goal.rows(dataset, lambda done, total: None)
    asked = dataset.splits["test"]
    sources, targets, kinds = (list(asked[name]) for name in ("text", "target", "kind"))

    def of_goal() -> Iterator[Batch]:
        return (goal.collate(chosen, 0) for chosen in in_batches(rows.features, config, steps))

    def pair(contender: str, model: PreTrainedModel) -> None:
        goal.begin(model, rows)
        seconds = learn(model, of_goal(), lambda batch: goal.loss(model, batch), config, steps)
        goal.finish(model)
        evaluation = goal.measure(model, dataset, "test", lambda done, total: None, live=False)
        assert evaluation is not None
        line(contender, evaluation, model.num_parameters(), seconds)

    retrieved = RETRIEVAL.measure(config, dataset, "test")
    assert retrieved is not None
    line("retrieval", retrieved, 0, 0.0)
    pair("bert twice", start(task, config, (), tokenizer, "sdpa"))
    settings = start(task, config, (), tokenizer, "sdpa").config
    torch.manual_seed(config.seed)
    pair("random twice", TextToText.fit(EncoderDecoderModel(config=settings), tokenizer, config.seed))
    model = alone(config, goal)
    padding = int(tokenizer.pad_token_id)
    parts = (one_after_the_other(chosen, padding) for chosen in in_batches(rows.features, config, steps))
    seconds = learn(model, parts, lambda batch: goal.loss(model, batch), config, steps)
    most = int(ROOM * goal.longest) + 1
    written = written_alone(model, goal, sources, most)
    line(
        "decoder only",
        text_scores.measure(goal.task, sources, targets, written, kinds),
        model.num_parameters(),
        seconds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="phrasebook")
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--max-length", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=7e-4)
    options = parser.parse_args()
    config = RunConfig(
        options.model,
        options.data,
        TextToText.task,
        batch_size=options.batch_size,
        max_length=options.max_length,
        learning_rate=options.learning_rate,
    )
    machine.settle_process()
    compare(config, load(options.data, TASKS[config.task].layout), options.steps)


if __name__ == "__main__":
    main()

"""Two ways to compare two sentences: read them together (cross-encoder), or each by itself (bi-encoder): accuracy and cost.

    python -m benchmarks.similarity                    some minutes on two cores
    python -m benchmarks.similarity --data similarity-zh --model multilingual-e5-small

All contenders start from the same encoder and learn from the same training pairs. The cross-encoder is the studio's task for scores of
pairs with the preset Quick. The bi-encoder takes the mean of each sentence's token vectors and learns with a cosine loss: the
squared difference between the cosine of two vectors and the score, brought to 0–1; same epochs, batches and learning rate. A straight
line from its cosines to the scores, fitted on the training pairs, gives scores in the data's units. The untrained cosine is the same
without training. Accuracy is measured on the test pairs, the cost as seconds to compare each of --texts sentences with each other:
for the cross-encoder every pair goes through the model (estimated from the test pairs), for a bi-encoder every sentence once. One JSON line per contender.
"""

import argparse
import json
import math
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import models, predict
from core.batches import encode
from core.data.dataset import TextDataset
from core.data.load import load
from core.finetune.recipe import Size, with_preset
from core.finetune.train import train
from core.results import Evaluation, RunConfig
from core.tasks import score_ways
from core.tasks.scores import measure
from core.tasks.table import TASKS

WARMUP = 0.1


def vectors(
    encoder: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], length: int
) -> torch.Tensor:
    """Mean token vectors, (N, D), with gradients where the encoder is in training."""
    rows, _ = encode(tokenizer, {"text": texts}, length)
    batch = tokenizer.pad(rows, return_tensors="pt")
    mask = batch["attention_mask"].unsqueeze(-1)
    states = encoder(**batch).last_hidden_state
    return (states * mask).sum(1) / mask.sum(1)


def train_pairs(config: RunConfig, dataset: TextDataset) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, float]:
    """The bi-encoder after training, its tokenizer, and the seconds that training took."""
    torch.manual_seed(config.seed)
    encoder, tokenizer = models.load_encoder(config.model), models.load_tokenizer(config.model)
    rows = dataset.splits["train"]
    first, second, scores = list(rows["text"]), list(rows["pair"]), np.array(rows["score"])
    targets = torch.tensor((scores - scores.min()) / np.ptp(scores), dtype=torch.float32)
    steps = math.ceil(config.epochs * math.ceil(len(first) / config.batch_size))
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    warmup = max(1, round(WARMUP * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, max(0.0, (steps - step) / (steps - warmup)))
    )
    order: list[int] = []
    began = time.perf_counter()
    encoder.train()
    for _ in range(steps):
        if len(order) < config.batch_size:
            order += random.Random(f"{config.seed} {len(order)} {_}").sample(range(len(first)), len(first))
        chosen, order = order[: config.batch_size], order[config.batch_size :]
        left, right = (
            vectors(encoder, tokenizer, [texts[i] for i in chosen], config.max_length) for texts in (first, second)
        )
        loss = functional.mse_loss(functional.cosine_similarity(left, right), targets[chosen])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return encoder.eval(), tokenizer, time.perf_counter() - began


def line(contender: str, evaluation: Evaluation, training: float, everyone: float, texts: int) -> None:
    """Print what a contender reaches and costs."""
    found = {"contender": contender, "n": evaluation.n}
    for name, value in evaluation.metrics.items():
        found |= {name: round(value.value, 3), f"{name}_interval": [round(bound, 3) for bound in value.bounds]}
    found |= {"training_seconds": round(training, 1), f"seconds_for_all_pairs_of_{texts}": round(everyone, 1)}
    print(json.dumps(found), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="similarity")
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument(
        "--run", help="the folder of a finished run with the preset Quick, instead of training the cross-encoder"
    )
    options = parser.parse_args()
    task = next(row for row in TASKS.values() if "score" in row.gives and "pair" in row.inputs)
    dataset = load(options.data, task.layout)
    size = Size(len(dataset.splits["train"]), 1, models.load_config(options.model).hidden_size)
    config = with_preset(RunConfig(options.model, options.data, task.id), "quick", size)
    asked, learnt = dataset.texts(dataset.splits["test"]), dataset.texts(dataset.splits["train"])
    true, known = (np.array(dataset.splits[split]["score"]) for split in ("test", "train"))

    def fitted(name: str, cosine: dict[str, np.ndarray], training: float, everyone: float) -> None:
        slope, start = np.polyfit(cosine["train"], known, 1)
        line(name, measure(task.id, true, slope * cosine["test"] + start, asked), training, everyone, options.texts)

    untrained = {
        name: score_ways.cosines(options.model, texts, config.max_length)
        for name, texts in (("test", asked), ("train", learnt))
    }
    encoder, tokenizer, training = train_pairs(config, dataset)
    with torch.inference_mode():
        began = time.perf_counter()
        cosine = {}
        for name, texts in (("test", asked), ("train", learnt)):
            left, right = (vectors(encoder, tokenizer, column, config.max_length) for column in texts.values())
            cosine[name] = functional.cosine_similarity(left, right).numpy()
        each = (time.perf_counter() - began) / (2 * (len(true) + len(known)))
    fitted("bi-encoder, untrained", untrained, 0.0, each * options.texts)
    fitted("bi-encoder, trained", cosine, training, each * options.texts)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(options.run) if options.run else Path(folder) / "run"
        seconds = 0.0 if options.run else train(config, home, lambda event: None, lambda: False).seconds
        predictor = predict.load(str(home), allow_path=True).reading(config.max_length)
        began = time.perf_counter()
        evaluation = predict.evaluate(predictor, dataset)
        each = (time.perf_counter() - began) / len(true)
    line("cross-encoder", evaluation, seconds, each * options.texts * (options.texts - 1) / 2, options.texts)


if __name__ == "__main__":
    main()

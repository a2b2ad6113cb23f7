"""How well few rows are learnt: the studio's own recipe beside counting words and beside a grid over epochs and rates.

    python -m benchmarks.small                       every data set, the preset "balanced", one seed
    python -m benchmarks.small --seeds 3 --grid      three seeds each, and the grid (hours)
    python -m benchmarks.small --quick               two tiny data sets and one tiny grid: does it run?

The data is written here from templates, or sampled from what comes with the studio: 2 to 20 classes, 60 to 2,000 rows, short and
long, English and Chinese, with wrong labels. Every contender has the same training, validation and test rows.

    ours    the preset's recipe for so many rows, classes and such a model
    tfidf   TF-IDF and logistic regression, which every run brings with it
    grid    the best of epochs × rate by accuracy on the test rows: no recipe can know it, so it is the bound, not a rival

One JSON line per data set, contender and seed, then a summary with what is claimed: never below tfidf by more than a point, above it
by three points on the mean, within a point of the grid.
"""

import argparse
import csv
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core import models, runs
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.finetune.recipe import PRESETS, Size, with_preset
from core.results import WORD_COUNTS, RunConfig

EPOCHS = (5.0, 10.0, 20.0)
RATES = (5e-5, 1e-4, 2e-4)
Row = tuple[str, str]

TICKETS = {
    "billing": ("the invoice", "my refund", "the payment", "the price", "my credit card"),
    "technical": ("the login", "an error", "the update", "a crash", "the screen"),
    "shipping": ("the parcel", "the delivery", "the courier", "the tracking number", "the package"),
}
ABOUT = ("There is a problem with {}.", "Who can explain {}?", "{} is wrong again.", "We still wait for news on {}.")
VERBS = ("open", "close", "move", "copy", "find", "print", "share", "rename", "delete", "send")
THINGS = ("file", "window")
ASKING = ("please {} the {}", "could you {} my {}?", "I want to {} this {}", "{} {} now", "how do I {} a {}")
FILLER = (
    "The weather was mild that week.", "Our office is on the second floor.", "I have been a customer for six years.",
    "My neighbour told me about it.", "The meeting was moved to Tuesday.", "We had lunch at noon.",
)  # fmt: skip
GOOD = ("非常好", "很满意", "值得推荐", "超出预期", "做工精细")
BAD = ("太差了", "很失望", "不值这个价", "质量堪忧", "再也不买")
WHAT = ("这款手机", "这本书", "酒店的服务", "送来的外卖", "这件衣服", "物流")
KINDS = {"体育": ("球队", "比赛", "教练", "冠军"), "财经": ("股市", "银行", "利率", "基金"), "科技": ("芯片", "软件", "算法", "机器人"), "天气": ("降雨", "气温", "台风", "寒潮")}  # fmt: skip
NEWS = ("今天有关{}的消息", "大家都在谈论{}", "{}出现了新的变化", "记者采访了解到{}的情况")


@dataclass(frozen=True)
class Small:
    """One data set: its name, its rows, and the share of training labels that are wrong."""

    name: str
    rows: int
    make: Callable[[random.Random], Row]
    noise: float = 0.0


def ticket(draw: random.Random) -> Row:
    """A short text of three unequal classes, decided by its words."""
    label = draw.choices(list(TICKETS), (45, 25, 30))[0]
    return draw.choice(ABOUT).format(draw.choice(TICKETS[label])), label


def command(draw: random.Random) -> Row:
    """A short command of twenty classes: a verb and a thing."""
    verb, thing = draw.choice(VERBS), draw.choice(THINGS)
    return draw.choice(ASKING).format(verb, thing), f"{verb} {thing}"


def letter(draw: random.Random) -> Row:
    """A long text in which one sentence decides."""
    text, label = ticket(draw)
    sentences = [*draw.choices(FILLER, k=10), text]
    draw.shuffle(sentences)
    return " ".join(sentences), label


def opinion(draw: random.Random) -> Row:
    """A Chinese opinion, two classes; a "not" turns it round."""
    good, turned = draw.random() < 0.5, draw.random() < 0.3
    said = draw.choice(GOOD if good != turned else BAD)
    return f"{draw.choice(WHAT)}{'并不是' if turned else '真的'}{said}", "好评" if good else "差评"


def news(draw: random.Random) -> Row:
    """A Chinese headline of four classes."""
    label = draw.choice(list(KINDS))
    return draw.choice(NEWS).format(draw.choice(KINDS[label])), label


def film(rows: Sequence[Row]) -> Callable[[random.Random], Row]:
    """Sentences about films: real ones, whose meaning is more than their words."""
    return lambda draw: draw.choice(rows)


def data_sets() -> tuple[Small, ...]:
    """All of them."""
    dataset = load("rotten_tomatoes", LAYOUTS["text-label"])
    split = dataset.splits["train"]
    films = film(
        [(text, dataset.label_names[label]) for text, label in zip(split["text"], split["label"], strict=True)]
    )
    return (
        Small("tickets", 400, ticket),
        Small("tickets, 60 rows", 60, ticket),
        Small("tickets, a fifth wrong", 600, ticket, noise=0.2),
        Small("letters", 500, letter),
        Small("commands", 1000, command),
        Small("opinions", 300, opinion),
        Small("headlines", 800, news),
        Small("films, 200 rows", 200, films),
        Small("films, 2000 rows", 2000, films),
    )


def write(data: Small, path: Path, seed: int) -> None:
    """The data set as a table that says the split of each row: wrong labels in training alone, so that the test tells the truth."""
    draw = random.Random(seed)
    tests = min(max(data.rows // 2, 200), 500)
    seen: dict[str, str] = {}
    number = 0
    while len(seen) < data.rows + tests:
        text, label = data.make(draw)
        number += 1
        seen.setdefault(text if data.name.startswith("films") else f"{text} ({number})", label)
    labels = sorted(set(seen.values()))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "split"))
        for place, (text, label) in enumerate(seen.items()):
            split = "test" if place >= data.rows else "validation" if place % 10 == 0 else "train"
            wrong = split != "test" and draw.random() < data.noise
            writer.writerow(
                (text, draw.choice([other for other in labels if other != label]) if wrong else label, split)
            )


def learn(config: RunConfig, folder: Path) -> dict[str, float]:
    """Accuracy of a run on its test rows, of counting words on the same, steps and seconds."""
    report = runs.work(runs.create(config, Path(config.data), folder=folder).folder)
    return {
        "accuracy": report.evaluations["test"].metrics["accuracy"].value,
        WORD_COUNTS: report.evaluations[WORD_COUNTS].metrics["accuracy"].value,
        "steps": report.steps,
        "seconds": report.seconds,
    }


def compare(data: Small, seed: int, options: argparse.Namespace) -> list[dict[str, object]]:
    """A line for each contender."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        file = folder / "rows.csv"
        write(data, file, seed)
        dataset = load(str(file), LAYOUTS["text-label"], allow_path=True)
        model = models.load_config(options.model)
        size = Size(len(dataset.splits["train"]), len(dataset.label_names), model.hidden_size, model.vocab_size)
        asked = replace(with_preset(RunConfig(options.model, str(file)), options.preset, size), seed=seed)
        found = learn(asked, folder / "ours")
        about = {"data": data.name, "rows": size.rows, "classes": size.classes, "seed": seed}
        lines: list[dict[str, object]] = [
            {**about, "contender": "ours", "epochs": asked.epochs, "batch": asked.batch_size, **rounded(found)},
            {**about, "contender": "tfidf", "accuracy": round(found[WORD_COUNTS], 4)},
        ]
        if options.grid:
            tried = {}
            for epochs in options.epochs:
                for rate in options.rates:
                    one = replace(asked, epochs=epochs, learning_rate=rate, preset="custom")
                    tried[epochs, rate] = learn(one, folder / f"grid-{epochs:g}-{rate:g}")
            best = max(tried, key=lambda pair: tried[pair]["accuracy"])
            lines.append({**about, "contender": "grid", "epochs": best[0], "rate": best[1], **rounded(tried[best])})
        return lines


def rounded(found: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in found.items() if name != WORD_COUNTS}


def summary(lines: Sequence[dict[str, object]]) -> dict[str, object]:
    """Mean accuracies over the seeds by data set, and how ours stands to the others."""

    def mean(data: object, contender: str) -> float | None:
        values = [
            float(str(line["accuracy"])) for line in lines if (line["data"], line["contender"]) == (data, contender)
        ]
        return sum(values) / len(values) if values else None

    table = {
        str(data): {name: mean(data, name) for name in ("ours", "tfidf", "grid")}
        for data in dict.fromkeys(line["data"] for line in lines)
    }
    over = [(row["ours"] or 0.0) - (row["tfidf"] or 0.0) for row in table.values()]
    short = [row["grid"] - (row["ours"] or 0.0) for row in table.values() if row["grid"] is not None]
    return {
        "contender": "summary",
        "accuracy": {
            data: {name: value and round(value, 4) for name, value in row.items()} for data, row in table.items()
        },
        "least_over_tfidf": round(min(over), 4),
        "mean_over_tfidf": round(sum(over) / len(over), 4),
        "most_below_grid": round(max(short), 4) if short else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 … N-1 for each data set")
    parser.add_argument("--preset", choices=PRESETS, default="balanced")
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--grid", action="store_true", help="the best of epochs × rate as well")
    parser.add_argument(
        "--data", action="append", default=[], metavar="NAME", help="only this data set; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="two tiny data sets, to see that it runs")
    options = parser.parse_args()
    options.epochs, options.rates = EPOCHS, RATES
    chosen = [data for data in data_sets() if not options.data or data.name in options.data]
    if options.quick:
        chosen = [replace(chosen[0], rows=24), replace(chosen[-1], rows=24)]
        options.preset, options.grid, options.epochs, options.rates = "quick", True, (1.0,), (1e-4,)
    lines: list[dict[str, object]] = []
    for data in chosen:
        for seed in range(options.seeds):
            began = time.perf_counter()
            found = compare(data, seed, options)
            lines += found
            for line in found:
                print(json.dumps(line, ensure_ascii=False), flush=True)
            print(
                json.dumps({"data": data.name, "took": round(time.perf_counter() - began)}, ensure_ascii=False),
                flush=True,
            )
    print(json.dumps(summary(lines), ensure_ascii=False))


if __name__ == "__main__":
    main()

"""How well few rows are learnt: the studio's own recipe beside counting words and beside a grid over epochs and rates.

    python -m benchmarks.small                       every data set, the preset "balanced", one seed
    python -m benchmarks.small --seeds 3 --grid      three seeds each, and the grid (hours)
    python -m benchmarks.small --grid --epochs 10 --rates 1e-4 2e-4 --data commands       one column of it
    python -m benchmarks.small --data news --rows 50 200 800 --seeds 3                    what more rows give
    python -m benchmarks.small --quick               two tiny data sets and one tiny grid: does it run?

Every contender has the same training, validation and test rows; another seed draws others.

    ours    the preset's recipe for so many rows, classes and such a model
    tfidf   TF-IDF and logistic regression, which every run brings with it
    grid    epochs × rate; the best pair is that of the highest mean accuracy on the test rows over the seeds: no recipe can know it,
            so it is the bound, not a rival. With one seed, chance makes the best of nine look a point or two better than it is

One JSON line per data set, contender and seed, then a summary with what is claimed: never below tfidf by more than a point, above it
by three points on the mean, within a point of the grid.

The data sets and why each is here:

    tickets                   the practitioner's table: 400 tickets, three unequal labels that single words decide, a twentieth of the
                              training labels wrong; counting words is nearly perfect, and a model that learns too little shows
    tickets, 60 rows          the same, as few as a person labels in an hour
    commands                  twenty labels with nine rows each, written by hand, no two alike: what is meant, in other words every time
    kinds of text             ten unequal labels, written by hand: from social media to recipes; style decides as much as words do
    kinds of text in Chinese  the same ten labels in Chinese, for the multilingual model
    news                      what an item is mainly about, seven labels, written so that single words mislead
    news in Chinese           the same in Chinese, for the multilingual model
    films, 200 rows           real sentences from reviews, whose meaning is more than their words
    films, 2000 rows          the same where rows are not so few
    films, a fifth wrong      the same with a fifth of the training labels wrong
    reviews                   long: whole film reviews, longer than what is read of them
"""

import argparse
import csv
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import mean

from core import models, runs
from core.data.dataset import WRITTEN
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.finetune.recipe import PRESETS, Size, with_preset
from core.results import WORD_COUNTS, RunConfig

EPOCHS = (5.0, 10.0, 20.0)
RATES = (5e-5, 1e-4, 2e-4)
MOST_TESTS = 500
CHINESE = "multilingual-e5-small"
COMMANDS = Path(__file__).with_name("commands.tsv")
Row = tuple[str, str]

TICKETS = {
    "billing": (
        "the invoice of May lists the same item twice", "my refund has not arrived", "the payment was declined although there is money",
        "I was charged for a month that I had cancelled", "the price at the till was not the one on the page", "my credit card was debited twice",
        "the discount code was not taken off the bill", "I need a receipt with our tax number", "the fee for the upgrade is wrong",
        "the direct debit went to a closed account", "you still bill us for five seats", "the deposit was never paid back",
    ),
    "technical": (
        "the login fails after the new password", "an error 502 comes up at every search", "the update does not install",
        "the app crashes when I open a photo", "the screen stays black after the start", "the export hangs at ninety per cent",
        "the printer is not found in our network", "the battery is empty after an hour", "sound is missing in all videos",
        "the page loads without any pictures", "my settings are lost after each restart", "the camera does not focus any more",
    ),
    "shipping": (
        "the parcel was left in the rain", "the delivery is a week late", "the courier rang at the wrong house",
        "the tracking number is not known to anybody", "one of the two boxes is missing", "it came with a broken lid",
        "the address on the label is our old one", "nobody collected the return", "customs has held it since Monday",
        "I would rather pick it up at the shop", "the express order came after the normal one", "the wrong size was sent",
    ),
}  # fmt: skip
OPENINGS = (
    "Hello,",
    "Hi there,",
    "Good morning,",
    "To whom it may concern:",
    "Second mail about this:",
    "Dear team,",
    "Please help:",
    "",
)
ENDINGS = ("Thanks in advance.", "What can be done?", "I am getting impatient.", "Best wishes, Ana", "Please answer soon.", "")  # fmt: skip
SHARES = (45, 25, 30)


@dataclass(frozen=True)
class Small:
    """One data set: its name, how many of its rows are learnt from, and the share of their labels that are wrong.

    make: all rows that there are, or enough of them, no text twice. model: that the studio brings for its language.
    """

    name: str
    rows: int
    make: Callable[[random.Random], Sequence[Row]]
    noise: float = 0.0
    model: str = "minilm"


def tickets(draw: random.Random) -> list[Row]:
    """Short texts of three unequal labels."""
    seen: dict[str, str] = {}
    while len(seen) < 400 + MOST_TESTS:
        label = draw.choices(list(TICKETS), SHARES)[0]
        parts = (draw.choice(OPENINGS), draw.choice(TICKETS[label]) + ".", draw.choice(ENDINGS))
        seen[" ".join(part for part in parts if part)] = label
    return list(seen.items())


def commands(draw: random.Random) -> list[Row]:
    """What people say to an assistant."""
    lines = [line.split("\t") for line in COMMANDS.read_text(encoding="utf-8").splitlines()]
    return [(text, label) for label, text in lines]


def written(file: str, label: str) -> Callable[[random.Random], list[Row]]:
    """Texts that were written for the studio, with one of their fields as the label."""

    def rows(draw: random.Random) -> list[Row]:
        lines = (WRITTEN / file).read_text(encoding="utf-8").splitlines()
        return [(row["text"], row[label]) for row in map(json.loads, lines)]

    return rows


def films(draw: random.Random) -> list[Row]:
    """Sentences from film reviews."""
    return bundled("rotten_tomatoes")


def reviews(draw: random.Random) -> list[Row]:
    """Whole film reviews."""
    return bundled("imdb")


def bundled(name: str) -> list[Row]:
    """The training rows of a dataset that comes with the studio."""
    dataset = load(name, LAYOUTS["text-label"])
    split = dataset.splits["train"]
    return [(text, dataset.label_names[label]) for text, label in zip(split["text"], split["label"], strict=True)]


DATA = (
    Small("tickets", 400, tickets, noise=0.05),
    Small("tickets, 60 rows", 60, tickets, noise=0.05),
    Small("commands", 200, commands),
    Small("kinds of text", 1000, written("entities/en.jsonl", "kind")),
    Small("kinds of text in Chinese", 360, written("entities/zh.jsonl", "kind"), model=CHINESE),
    Small("news", 700, written("topics/en.jsonl", "label")),
    Small("news in Chinese", 300, written("topics/zh.jsonl", "label"), model=CHINESE),
    Small("films, 200 rows", 200, films),
    Small("films, 2000 rows", 2000, films),
    Small("films, a fifth wrong", 1000, films, noise=0.2),
    Small("reviews", 500, reviews),
)


def write(data: Small, path: Path, seed: int) -> None:
    """The data set as a table that says the split of each row: wrong labels in training alone, so that the test tells the truth."""
    draw = random.Random(seed)
    rows = list(data.make(draw))
    draw.shuffle(rows)
    labels = sorted({label for _, label in rows})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "split"))
        for place, (text, label) in enumerate(rows[: data.rows + MOST_TESTS]):
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
        model = options.model or data.model
        config = models.load_config(model)
        size = Size(len(dataset.splits["train"]), len(dataset.label_names), config.hidden_size, config.vocab_size)
        asked = replace(with_preset(RunConfig(model, str(file)), options.preset, size), seed=seed)
        found = learn(asked, folder / "ours")
        about = {"data": data.name, "model": model, "rows": size.rows, "classes": size.classes, "seed": seed}
        lines: list[dict[str, object]] = [
            {**about, "contender": "ours", "epochs": asked.epochs, "batch": asked.batch_size, **rounded(found)},
            {**about, "contender": "tfidf", "accuracy": round(found[WORD_COUNTS], 4)},
        ]
        for epochs, rate in product(options.epochs, options.rates) if options.grid else ():
            one = replace(asked, epochs=epochs, learning_rate=rate, preset="custom")
            tried = learn(one, folder / f"grid-{epochs:g}-{rate:g}")
            lines.append({**about, "contender": f"grid {epochs:g} × {rate:g}", **rounded(tried)})
        return lines


def rounded(found: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in found.items() if name != WORD_COUNTS}


def summary(lines: Sequence[dict[str, object]]) -> dict[str, object]:
    """Mean accuracies over the seeds by data set, and how ours stands to the others."""
    means: dict[str, dict[str, float]] = {}
    short: list[float] = []
    for name in dict.fromkeys(str(line["data"]) for line in lines):
        own = [line for line in lines if line["data"] == name]
        by_contender = {
            contender: mean(float(str(line["accuracy"])) for line in own if line["contender"] == contender)
            for contender in dict.fromkeys(str(line["contender"]) for line in own)
        }
        grid = {contender: value for contender, value in by_contender.items() if contender.startswith("grid")}
        means[name] = {contender: by_contender[contender] for contender in ("ours", "tfidf")}
        if grid:
            best = max(grid, key=lambda contender: grid[contender])
            means[name][best] = grid[best]
            short.append(grid[best] - by_contender["ours"])
    over = [row["ours"] - row["tfidf"] for row in means.values()]
    return {
        "contender": "summary",
        "accuracy": {data: {name: round(value, 4) for name, value in row.items()} for data, row in means.items()},
        "least_over_tfidf": round(min(over), 4),
        "mean_over_tfidf": round(mean(over), 4),
        "most_below_grid": round(max(short), 4) if short else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 … N-1 for each data set")
    parser.add_argument("--preset", choices=PRESETS, default="balanced")
    parser.add_argument(
        "--model", default="", help="for all data, instead of the one that the studio brings for its language"
    )
    parser.add_argument("--grid", action="store_true", help="the best of epochs × rate as well")
    parser.add_argument(
        "--data", nargs="+", default=[], metavar="NAME", choices=[data.name for data in DATA], help="only these"
    )
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[], help="so many, instead of each data set's own number"
    )
    parser.add_argument("--quick", action="store_true", help="two tiny data sets, to see that it runs")
    parser.add_argument("--epochs", type=float, nargs="+", default=EPOCHS, help="of the grid")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="of the grid")
    options = parser.parse_args()
    chosen = [data for data in DATA if not options.data or data.name in options.data]
    if options.rows:
        chosen = [
            replace(data, name=f"{data.name}, {rows} rows", rows=rows) for data in chosen for rows in options.rows
        ]
    if options.quick:
        chosen = [replace(DATA[0], rows=24), replace(DATA[2], rows=100)]
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

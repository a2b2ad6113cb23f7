"""Scripts about named entities: the rows to learn from, the recipe of a run, the entities of a text, and the words behind one.

Words are given as the studio splits them, so that the scripts tag the same ones.
"""

from collections.abc import Mapping, Sequence

from core import models
from core.data import tagging
from core.data.bundled import DATASETS, written_file
from core.data.dataset import TextDataset
from core.results import RunConfig
from core.tasks import windows
from pages.shared.snippets._parts import beginning, codec, gradients, precision, read_table


def entity_rows(name: str, file: str, dataset: TextDataset) -> str:
    """Code that ends with `rows`: a list of (words, tags in IOB2).

    name: a DATASETS id or a hub id; file: the name of a file, "" for none.
    """
    return _rows(name, file, dataset) + _renamed(dict(dataset.report.renamed))


def _renamed(names: Mapping[str, str]) -> str:
    """Code that gives types their new names, and makes those that have none no entity; "" where nothing was renamed."""
    if not names:
        return ""
    return f"""names = {names!r}  # of types; "" for what is no entity


def renamed(tag):
    kind = names.get(tag[2:], tag[2:])
    return tag[:2] + kind if kind else "O"


rows = [(words, [renamed(tag) for tag in tags]) for words, tags in rows]
"""


def _rows(name: str, file: str, dataset: TextDataset) -> str:
    """Code for the rows as they are read."""
    words, tags = dataset.columns["words"], dataset.columns["tags"]
    if name in DATASETS and not file:
        return (
            f"records = [json.loads(line) for line in Path({str(written_file(name))!r}).read_text(encoding='utf-8').splitlines()]\n"
            + (_of_records(words, tags))
        )
    if not file:
        return _from_hub(name, tags) + _of_records(words, tags)
    if file.endswith(".parquet"):
        return f"records = pd.read_parquet({file!r}).to_dict('records')\n" + _of_records(words, tags)
    encoding = codec(dataset.report) or "utf-8"
    if file.endswith((".json", ".jsonl")):
        read = f"""content = Path({file!r}).read_text(encoding={encoding!r})
whole = content.lstrip().startswith("[")  # one list of all rows, or a row in each line
records = json.loads(content) if whole else [json.loads(line) for line in content.splitlines() if line.strip()]
"""
        return read + _of_records(words, tags)
    if dataset.report.delimiter:  # a table: a sentence in each row, its words and its tags apart by spaces
        read = read_table(file, dataset.report)
        return f"records = {read}.to_dict('records')\n" + _of_records(words, tags)
    return f"""lines = Path({file!r}).read_text(encoding={encoding!r}).splitlines()
cells = [line.split() for line in lines]
lengths = [len(line) for line in cells if line]
width = max(set(lengths), key=lengths.count)
sentences = [[]]
for line in cells:
    if not line or "-DOCSTART-" in line:
        sentences.append([])
    elif len(line) == width and not (line[0].startswith("#") and "=" in line):  # not a comment
        sentences[-1].append(line)
columns = list(zip(*[line for sentence in sentences for line in sentence]))
shape = re.compile("O|[BIMESLUW][-_].+")
tag = max([i for i in range(width) if all(map(shape.fullmatch, columns[i]))], default=width - 1)  # the column of the tags
word = max([i for i in range(width) if i != tag], key=lambda i: len(set(columns[i])))  # and the one with the most words
{IOB2}
rows = [([line[word] for line in s], iob2([line[tag] for line in s])) for s in sentences if s]
"""


IOB2 = """
def iob2(tags):  # whatever the scheme: an entity begins at B and S, after E and S, and where the type changes
    result, letter_before, type_before = [], "O", ""
    for tag in tags:
        letter, kind = ("O", "") if tag == "O" else (tag[0], tag[2:]) if tag[1:2] in ("-", "_") else ("I", tag)
        letter = {"U": "S", "W": "S", "L": "E"}.get(letter, letter)
        new = letter in "BS" or letter_before in "ESO" or kind != type_before
        result.append("O" if letter == "O" else ("B-" if new else "I-") + kind)
        letter_before, type_before = letter, kind
    return result

"""


def _from_hub(name: str, tags: str) -> str:
    return f"""data = load_dataset({name!r}, split="train")
names = getattr(getattr(data.features[{tags!r}], "feature", None), "names", None)  # of tags that are numbers
records = [{{**row, {tags!r}: [names[i] for i in row[{tags!r}]] if names else row[{tags!r}]}} for row in data]
"""


def _of_records(words: str, tags: str) -> str:
    """Code that turns `records` into rows, whether they bring words with tags or a text with spans."""
    return f"""letter = r"[^\\W\\u3400-\\u9fff]"  # a Chinese character is a word by itself
piece = rf"[@#]?{{letter}}+(?:['’-](?!s\\b){{letter}}+)*|['’]s\\b|[\\u3400-\\u9fff]|[^\\w\\s]"
{IOB2}
KEYS = ["start", "start_offset"], ["end", "end_offset"], ["label", "type"]
rows = []
for record in records:
    content, answer = record[{words!r}], record[{tags!r}]
    if isinstance(answer, str) or (len(answer) and isinstance(answer[0], str)):  # a tag for each word
        words, tags = (value.split() if isinstance(value, str) else list(value) for value in (content, answer))
        rows.append((words, iob2(tags)))
        continue
    places = [match.span() for match in re.finditer(piece, content)]
    tags = ["O"] * len(places)
    for span in answer:
        if isinstance(span, dict):
            span = [next(span[key] for key in keys if key in span) for keys in KEYS]
        inside = [i for i, (start, end) in enumerate(places) if start < span[1] and end > span[0]]
        for place, i in enumerate(inside):
            tags[i] = ("I-" if place else "B-") + span[2]
    rows.append(([content[start:end] for start, end in places], tags))
"""


def train_tagger(config: RunConfig, rows: str, labels: Sequence[str], *, held_out: bool) -> str:
    """`result`: precision, recall and F1 of entities on the test rows. The recipe of a run, with transformers' own Trainer.

    rows: code from `entity_rows`; held_out: whether there are enough rows to keep some for validation and test.
    """
    head = beginning(
        config.model,
        *(["import json"] if "json.loads" in rows else []),
        *(["import re"] if "re." in rows else []),
        *(["import pandas as pd"] if "pd." in rows else []),
        *(["from pathlib import Path"] if "Path(" in rows else []),
        *(["from datasets import load_dataset"] if "load_dataset(" in rows else []),
        "import numpy as np",
        "import torch",
        "from transformers import (AutoModelForTokenClassification, AutoTokenizer, DataCollatorForTokenClassification, Trainer,"
        " TrainingArguments, set_seed)",
    )
    split = (
        """np.random.default_rng(13).shuffle(rows)
tenth = max(1, len(rows) // 10)
train, validation, test = rows[2 * tenth :], rows[:tenth], rows[tenth : 2 * tenth]
"""
        if held_out
        else "train = validation = test = rows  # too few rows to hold any back\n"
    )
    limit = f"train = train[:{config.limit}]\n" if config.limit else ""
    return f"""{head}labels = {list(labels)!r}
{rows}{split}{limit}
set_seed({config.seed})
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForTokenClassification.from_pretrained(
    folder, dtype="float32", id2label=dict(enumerate(labels)), label2id={{name: i for i, name in enumerate(labels)}}
)


def prepare(part):
    features = []
    for words, tags in part:
        encoded = tokenizer(words, is_split_into_words=True, truncation=True, max_length={config.max_length})
        places, ids = encoded.word_ids(), []
        for i, word in enumerate(places):  # the first piece of a word learns its tag, the others learn nothing
            first = word is not None and (i == 0 or places[i - 1] != word)
            ids.append(labels.index(tags[word]) if first else -100)
        features.append({{**encoded, "labels": ids}})
    return features


def entities(tags):
    found, start = set(), None
    for i, tag in enumerate([*tags, "O"]):
        if start is not None and tag != "I-" + tags[start][2:]:
            found.add((start, i, tags[start][2:]))
            start = None
        if tag.startswith("B-") or (tag.startswith("I-") and start is None):
            start = i
    return found


def scores(answers):
    hits = marked = true = 0
    for predicted, gold in zip(answers.predictions.argmax(-1), answers.label_ids):
        asked = gold != -100
        a, b = (entities([labels[i] for i in row[asked]]) for row in (predicted, gold))
        hits, marked, true = hits + len(a & b), marked + len(a), true + len(b)
    return {{
        "entity_f1": 2 * hits / max(1, marked + true),
        "entity_precision": hits / max(1, marked),
        "entity_recall": hits / max(1, true),
    }}


{precision()}arguments = TrainingArguments(
    "trained", num_train_epochs={config.epochs!r}, per_device_train_batch_size={config.batch_size},
    learning_rate={config.learning_rate!r}, warmup_steps={config.warmup!r}, weight_decay={config.weight_decay!r},
    bf16=bf16, use_cpu=not gpu, seed={config.seed}, remove_unused_columns=False,
    eval_strategy="epoch", save_strategy="epoch", load_best_model_at_end=True, metric_for_best_model="entity_f1",
)
trainer = Trainer(
    model, arguments, train_dataset=prepare(train), eval_dataset=prepare(validation), processing_class=tokenizer,
    data_collator=DataCollatorForTokenClassification(tokenizer), compute_metrics=scores,
)
trainer.train()
result = trainer.evaluate(prepare(test))
print(result["eval_entity_f1"], "on", len(test), "sentences")
"""


def entities(name: str, text: str, max_length: int) -> str:
    """`entities`: (start, end, type, confidence) of each entity of the text, in its order."""
    words = tagging.words(text)
    tokens, answered = _windows(name, text, words, max_length)
    return f"""{_model(name)}
text = {text!r}
words = {words}  # from which character to which
windows = {tokens}  # the model reads at most {max_length} tokens at once: from which token to which
answered = {answered}  # the words that are tagged in each window, where most stands around them

encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
tags, chances = ["O"] * len(words), [0.0] * len(words)
for (first, last), numbers in zip(windows, answered):
    ids = [tokenizer.cls_token_id, *encoded["input_ids"][first:last], tokenizer.sep_token_id]
    with torch.inference_mode():
        probabilities = model(torch.tensor([ids])).logits[0].double().softmax(-1)
    for w in numbers:  # a word is tagged at its first piece
        start, end = words[w]
        offsets = encoded["offset_mapping"]
        piece = next(i for i in range(first, last) if offsets[i][1] > start and offsets[i][0] < end)
        chances[w], best = probabilities[piece - first + 1].max().item(), int(probabilities[piece - first + 1].argmax())
        picture = all(unicodedata.category(letter) in ("So", "Sk", "Mn", "Cf") for letter in text[start:end])
        tags[w] = "O" if picture else model.config.id2label[best]  # an emoji is part of no name

entities, start = [], None
for i, tag in enumerate([*tags, "O"]):
    if start is not None and tag != "I-" + tags[start][2:]:
        sure = [chance for chance in chances[start:i] if chance]
        entities.append((words[start][0], words[i - 1][1], tags[start][2:], sum(sure) / len(sure)))
        start = None
    if tag.startswith("B-") or (tag.startswith("I-") and start is None):
        start = i
for start, end, kind, confidence in entities:
    print(f"{{confidence:.3f}}  {{kind}}  {{text[start:end]}}")
if not entities:
    print("no entity")

# The library's pipeline finds the same entities wherever it splits the words in the same places:
# pipeline("token-classification", folder, aggregation_strategy="first", stride=32)(text)
"""


def _windows(
    name: str, text: str, words: Sequence[tuple[int, int]], max_length: int
) -> tuple[list[tuple[int, int]], list[list[int]]]:
    """The tokens of each window of a text, without special ones, and the numbers of the words that are answered in it."""
    tokenizer = models.load_tokenizer(name)
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    tokens, answered = [], []
    for window in windows.cut(tokenizer, [text], [words], max_length).windows:
        start, end = words[window.words[0]]
        piece = next(i for i, (first, last) in enumerate(offsets) if last > start and first < end)
        at = piece - int(window.positions[0]) + 1  # [CLS] is before it
        tokens.append((at, at + len(window.features["input_ids"]) - 2))
        answered.append(window.words.tolist())
    return tokens, answered


def _model(name: str) -> str:
    head = beginning(
        name,
        "import torch",
        "import unicodedata",
        "from transformers import AutoModelForTokenClassification, AutoTokenizer",
    )
    return f"""{head}tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForTokenClassification.from_pretrained(folder, dtype="float32").eval()
"""


def entity_attributions(name: str, text: str, at: int, max_length: int, steps: int) -> str:
    """`scores`: what each token adds to the score of the tag at a character of the text, in reading order.

    at: the first character of the entity. steps: points on the path of integrated gradients, 0 for input x gradient.
    """
    head = beginning(
        name,
        "import torch",
        *(["from captum.attr import IntegratedGradients"] if steps else []),
        "from transformers import AutoModelForTokenClassification, AutoTokenizer",
    )
    start = f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForTokenClassification.from_pretrained(folder, dtype="float32").eval()
inputs = tokenizer(
    {text!r}, truncation=True, max_length={max_length}, return_special_tokens_mask=True, return_offsets_mapping=True, return_tensors="pt"
)
special, ids, offsets = inputs.pop("special_tokens_mask").bool(), inputs.pop("input_ids"), inputs.pop("offset_mapping")[0].tolist()
place = next(i for i, (start, end) in enumerate(offsets) if start <= {at} < end)
embed = model.get_input_embeddings()
with torch.inference_mode():
    tag = int(model(input_ids=ids, **inputs).logits[0, place].argmax())
"""
    return head + start + gradients("tag", ".logits[:, place]", steps=steps)

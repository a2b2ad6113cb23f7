"""Scripts about question answering: the rows to learn from, the recipe of a run, the answer to a question, and the words behind it."""

from core import models
from core.data.bundled import DATASETS, written_file
from core.data.dataset import TextDataset
from core.results import RunConfig
from core.tasks import passages
from core.tasks.passages import OVERLAP
from core.tasks.spans import BEST, CANDIDATES, LONGEST
from pages.shared.snippets._parts import beginning, codec, precision, read_table


def rows(name: str, file: str, dataset: TextDataset) -> str:
    """Code that ends with `rows`: a list of (question, passage, [(start, end) of each answer]).

    name: a DATASETS id or a hub id; file: the name of a file, "" for none.
    """
    question, passage, answers = (dataset.columns[role] for role in ("text", "pair", "answers"))
    if name in DATASETS and not file:
        read = f"passages = [json.loads(line) for line in Path({str(written_file(name))!r}).read_text(encoding='utf-8').splitlines()]\n"
        return read + OF_PASSAGES
    if not file:
        return f"records = list(load_dataset({name!r}, split='train'))\n" + _of_records(question, passage, answers)
    if not file.endswith((".json", ".jsonl")):
        read = f"records = {read_table(file, dataset.report)}.fillna('').to_dict('records')\n"
        return read + _of_records(question, passage, answers)
    read = f"""content = Path({file!r}).read_text(encoding={codec(dataset.report) or "utf-8"!r})
try:
    records = json.loads(content)
except ValueError:  # an object in each line
    records = [json.loads(line) for line in content.splitlines() if line.strip()]
if isinstance(records, dict):
    records = records["data"]
passages = [passage for record in records for passage in record.get("paragraphs", [record])]
"""
    if (question, passage, answers) != ("question", "context", "answers"):
        return read + "records = passages\n" + _of_records(question, passage, answers)
    return (
        read
        + "if 'question' in passages[0]:\n    passages = [{'context': row['context'], 'qas': [row]} for row in passages]\n"
        + OF_PASSAGES
    )


PLACES = """
def places(passage, answers, starts=None):  # where the answers stand; none where there is no answer
    if isinstance(answers, dict):  # as SQuAD has them in a table
        answers, starts = answers["text"], answers["answer_start"]
    answers = [answers] if isinstance(answers, str) else list(answers)
    if answers and isinstance(answers[0], dict):
        answers, starts = [one["text"] for one in answers], [one["answer_start"] for one in answers]
    answers = [answer for answer in answers if answer.strip()]
    starts = starts or [passage.lower().find(answer.strip().lower()) for answer in answers]
    return [(int(start), int(start) + len(answer.strip())) for answer, start in zip(answers, starts) if int(start) >= 0]

"""


def _of_records(question: str, passage: str, answers: str) -> str:
    return f"""{PLACES}
rows = [(row[{question!r}].strip(), row[{passage!r}], places(row[{passage!r}], row[{answers!r}])) for row in records]
"""


OF_PASSAGES = f"""{PLACES}
rows = [
    (row["question"].strip(), passage["context"], [] if row.get("is_impossible") else places(passage["context"], row["answers"], row.get("starts")))
    for passage in passages
    for row in passage.get("qas") or passage.get("questions", [])
]
"""


def _asked(max_length: int) -> str:
    """Code for `ask(question, passage)`: (answer, likeliest answers, doubt), by windows with a stride."""
    return f"""
def ask(question, passage, threshold):
    inputs = tokenizer(
        question, passage, truncation="only_second", max_length={max_length}, stride={max_length // OVERLAP}, padding=True,
        return_overflowing_tokens=True, return_offsets_mapping=True, return_tensors="pt",
    )
    offsets, _ = inputs.pop("offset_mapping").tolist(), inputs.pop("overflow_to_sample_mapping")
    with torch.inference_mode():
        output = model(**{{name: tensor.to(model.device) for name, tensor in inputs.items()}})
    padding = inputs["attention_mask"].to(model.device) == 0
    start, end = (
        logits.double().masked_fill(padding, -torch.inf).softmax(-1).tolist() for logits in (output.start_logits, output.end_logits)
    )
    chances = {{}}
    for w in range(len(start)):  # the likeliest starts and ends of each window, only words of the passage
        inside = [i for i, part in enumerate(inputs.sequence_ids(w)) if part == 1]
        starts, ends = (sorted(inside, key=lambda i: -chance[w][i])[:{CANDIDATES}] for chance in (start, end))
        for s in starts:
            for e in ends:
                if s <= e < s + {LONGEST} and offsets[w][e][1] > offsets[w][s][0]:
                    place = (offsets[w][s][0], offsets[w][e][1])
                    chances[place] = max(start[w][s] * end[w][e], chances.get(place, 0))
    best = sorted(chances, key=lambda place: (-chances[place], place))[:{BEST}]
    nothing = min(start[w][0] * end[w][0] for w in range(len(start)))  # the first token stands for "no answer"
    doubt = nothing / (nothing + (chances[best[0]] if best else 0))
    answer = passage[slice(*best[0])] if best and doubt <= threshold else ""
    return answer, [(passage[s:e], s, e, chances[s, e]) for s, e in best], doubt

"""


def answer(name: str, question: str, passage: str, max_length: int) -> str:
    """`answer`: the answer, "" for none; `best`: (text, start, end, probability) of the likeliest; `doubt` whether there is one."""
    head = beginning(name, "import torch", "from transformers import AutoModelForQuestionAnswering, AutoTokenizer")
    threshold = models.load_config(name).to_dict().get("thresholds", {}).get("no_answer", 0.5)
    return f"""{head}tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype="float32").eval()
question = {question!r}
passage = {passage!r}
threshold = {threshold!r}  # of doubt, above which no answer is given; chosen on validation questions, otherwise the even one

{_asked(max_length)}
answer, best, doubt = ask(question, passage, threshold)
print(answer or "no answer", f"(doubt {{doubt:.1%}})")
for text, start, end, probability in best:
    print(f"{{probability:.4f}}  {{text}}")
"""


def train_reader(config: RunConfig, code: str, *, held_out: bool) -> str:
    """`result`: exact match and F1 on the test questions. The recipe of a run, with transformers' own Trainer.

    code: from `rows`; held_out: whether there are enough rows to keep some for validation and test.
    """
    head = beginning(
        config.model,
        "import random",
        "import re",
        "import string",
        *(["import json"] if "json.loads" in code else []),
        *(["import pandas as pd"] if "pd." in code else []),
        *(["from pathlib import Path"] if "Path(" in code else []),
        *(["from datasets import load_dataset"] if "load_dataset(" in code else []),
        "from collections import Counter",
        "import numpy as np",
        "import torch",
        "from transformers import (AutoModelForQuestionAnswering, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments,"
        " set_seed)",
    )
    split = (
        """texts = list(dict.fromkeys(passage for _, passage, _ in rows))  # all questions of a passage are in one split
np.random.default_rng(13).shuffle(texts)
tenth = max(1, len(texts) // 10)
train, validation, test = ([row for row in rows if row[1] in part] for part in map(set, (texts[2 * tenth :], texts[:tenth], texts[tenth : 2 * tenth])))
"""
        if held_out
        else "train = validation = test = rows  # too few rows to hold any back\n"
    )
    limit = f"train = train[:{config.limit}]\n" if config.limit else ""
    return f"""{head}{code}{split}{limit}
set_seed({config.seed})
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype="float32")


def prepare(part):  # windows that show an answer whole, and for each question one that shows nothing of it
    features = []
    for question, passage, places in part:
        encoded = tokenizer(
            question, passage, truncation="only_second", max_length={config.max_length}, stride={config.max_length // OVERLAP},
            return_overflowing_tokens=True, return_offsets_mapping=True,
        )
        without = []
        for w, offsets in enumerate(encoded["offset_mapping"]):
            inside = [i for i, part in enumerate(encoded.sequence_ids(w)) if part == 1]
            first, last = (offsets[inside[0]][0], offsets[inside[-1]][1]) if inside else (0, 0)
            window = {{name: encoded[name][w] for name in tokenizer.model_input_names}}
            whole = [(s, e) for s, e in places if first <= s and e <= last]
            if whole:
                tokens = [i for i in inside if offsets[i][0] < whole[0][1] and offsets[i][1] > whole[0][0]]
                features.append({{**window, "start_positions": tokens[0], "end_positions": tokens[-1]}})
            elif not any(first < e and last > s for s, e in places):
                without.append({{**window, "start_positions": 0, "end_positions": 0}})
        features += random.sample(without, min(1, len(without)))
    return features


def words(text):  # as SQuAD compares answers; Chinese characters one by one
    plain = "".join(sign for sign in text.lower() if sign not in string.punctuation + "。，、；：！？“”‘’（）《》")
    return re.sub(r"\\b(a|an|the)\\b", " ", re.sub("[\\u3040-\\u30ff\\u3400-\\u9fff]", r" \\g<0> ", plain)).split()


def f1(answer, gold):
    a, b = words(answer), words(gold)
    same = sum((Counter(a) & Counter(b)).values())
    return float(a == b) if not (a and b) else 2 * same / (len(a) + len(b))

{_asked(config.max_length)}
{precision()}arguments = TrainingArguments(
    "trained", num_train_epochs={config.epochs!r}, per_device_train_batch_size={config.batch_size},
    learning_rate={config.learning_rate!r}, warmup_steps={config.warmup!r}, weight_decay={config.weight_decay!r},
    bf16=bf16, use_cpu=not gpu, seed={config.seed}, remove_unused_columns=False,
    eval_strategy="epoch", save_strategy="epoch", load_best_model_at_end=True, metric_for_best_model="eval_loss",
)
trainer = Trainer(
    model, arguments, train_dataset=prepare(train), eval_dataset=prepare(validation), processing_class=tokenizer,
    data_collator=DataCollatorWithPadding(tokenizer),
)
trainer.train()
result = trainer.evaluate(prepare(test))
model.eval()


def measure(part, threshold):
    found = []
    for question, passage, places in part:
        gold = [passage[start:end] for start, end in places] or [""]
        answer = ask(question, passage, threshold)[0]
        found.append((max(words(answer) == words(one) for one in gold), max(f1(answer, one) for one in gold)))
    return np.mean(found, axis=0)


# the threshold of "no answer" that is best on validation; 1 always gives an answer
threshold = max((0.1, 0.3, 0.5, 0.7, 0.9, 1.0), key=lambda value: measure(validation, value)[1])
result["eval_exact_match"], result["eval_answer_f1"] = map(float, measure(test, threshold))
print(result["eval_answer_f1"], "on", len(test), "questions")
"""


def attributions(name: str, question: str, passage: str, span: tuple[int, int], max_length: int, steps: int) -> str:
    """`scores`: what each token adds to the probability that an answer is this part of the passage, in reading order.

    steps: points on the path of integrated gradients, 0 for input x gradient. span: its characters, both 0 for "no answer".
    """
    begin, part = passages.around(models.load_tokenizer(name), question, passage, span, max_length)
    start, end = span[0] - begin, span[1] - begin
    head = beginning(
        name,
        "import torch",
        *(["from captum.attr import IntegratedGradients"] if steps else []),
        "from transformers import AutoModelForQuestionAnswering, AutoTokenizer",
    )
    work = (
        f"""    return chance.exp()  # the probability


masked = ids.masked_fill(~special, tokenizer.mask_token_id)
parts = IntegratedGradients(score).attribute(
    embed(ids).detach(), baselines=embed(masked).detach(), n_steps={steps}, internal_batch_size=16
)
"""
        if steps
        else """    return chance - torch.log1p(-chance.exp().clamp(max=1 - 1e-6))  # the log-odds


embedded = embed(ids).detach().requires_grad_()
parts = embedded * torch.autograd.grad(score(embedded).sum(), embedded)[0]
"""
    )
    return f"""{head}tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype="float32").eval()
question = {question!r}
passage = {part!r}
inputs = tokenizer(
    question, passage, truncation=True, max_length={max_length}, return_special_tokens_mask=True, return_offsets_mapping=True,
    return_tensors="pt",
)
sources = inputs.sequence_ids(0)
special, ids, offsets = inputs.pop("special_tokens_mask").bool(), inputs.pop("input_ids"), inputs.pop("offset_mapping")[0].tolist()
# the tokens of the answer; the first token of all stands for "no answer"
inside = [i for i, part in enumerate(sources) if part == 1 and offsets[i][0] < {end} and offsets[i][1] > {start}] or [0]
embed = model.get_input_embeddings()


def score(embedded):
    others = {{name: tensor.expand(len(embedded), -1) for name, tensor in inputs.items()}}
    output = model(inputs_embeds=embedded, **others)
    chance = output.start_logits.log_softmax(-1)[:, inside[0]] + output.end_logits.log_softmax(-1)[:, inside[-1]]
{work}scores = parts.sum(dim=-1)[0].tolist()
for token, score_of_token in zip(tokenizer.convert_ids_to_tokens(ids[0]), scores):
    print(f"{{score_of_token:+9.5f}}  {{token}}")
"""

"""Question answering: the words of a passage that answer a question, or that there are none (Devlin et al. 2019, section 4.2).

For each token the model says how likely the answer starts there and ends there; the first token of the input stands for "no answer".
Long passages are read in overlapping windows. This module does not know where questions come from, nor which passage to ask.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import datasets
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PretrainedConfig, PreTrainedModel

from core import batches, metrics, models
from core.batches import Report
from core.checkpoints.config import THRESHOLDS
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.errors import N_, UserError
from core.results import Evaluation, Measure, Prediction
from core.tables.table import Table, make_table
from core.tasks import answer_scores, passages, spans
from core.tasks.answer_scores import UNDECIDED, Answers, Example, Span
from core.tasks.base import (
    LIVE_ROWS,
    Card,
    Goal,
    Lines,
    Rows,
    Task,
    as_json,
    digest,
    each,
    input_columns,
    read_detail,
    sample,
)
from core.tasks.passages import Cut, Window
from core.tasks.spans import NO_ANSWER, Answered, Curves, Read

NOTHING = "no_answer"  # among the thresholds in config.json
EXAMPLES = 20
SAMPLES = 5


class QuestionAnswering(Goal):
    """The start and the end of an answer."""

    task: ClassVar[str] = "question-answering"

    @staticmethod
    def labels_of(name: str, config: PretrainedConfig) -> tuple[str, ...]:
        """None: the two outputs of each token are start and end."""
        if len(models.labels(config)) != 2:
            raise UserError(
                "a head that answers questions has two outputs for each token, start and end; that of '{name}' has {count}",
                name=models.title(name),
                count=len(models.labels(config)),
            )
        return ()

    # --- Learning ---

    def rows(self, dataset: TextDataset, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """The windows that can teach: those that show the answer, and for each question one that does not, if there is one.

        A window that shows a part of an answer says neither where it is nor that it is not there; it is left out.
        """
        split = dataset.splits["train"] if chosen is None else dataset.splits["train"].select(chosen)
        places = _places(split)
        cut = self._cut(split, report)
        features: list[dict[str, Any]] = []
        without: dict[int, list[Window]] = {}
        owners: list[int] = []
        for window in cut.windows:
            own = places[window.row]
            positions = [found for start, end in own if (found := window.positions(start, end))]
            if positions:
                features.append({**window.features, "positions": positions})
                owners.append(window.row)
            elif not any(window.touches(start, end) for start, end in own):
                without.setdefault(window.row, []).append(window)
        random = np.random.default_rng(self.seed)
        for row, windows in without.items():
            window = windows[int(random.integers(len(windows)))]
            features.append({**window.features, "positions": [(NO_ANSWER, NO_ANSWER)]})
            owners.append(row)
        return Rows(features, cut.beyond[owners] > 0)

    def _cut(self, split: datasets.Dataset, report: Report | None) -> Cut:
        return passages.cut(self.tokenizer, list(split["text"]), list(split["pair"]), self.max_length, report)

    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """Padded to the longest row; of several right answers each epoch learns another."""
        inputs = [{name: value for name, value in row.items() if name != "positions"} for row in features]
        batch = dict(self.tokenizer.pad(inputs, padding_side="right", return_tensors="pt"))
        positions = torch.tensor([row["positions"][epoch % len(row["positions"])] for row in features])
        return {**batch, "start_positions": positions[:, 0], "end_positions": positions[:, 1]}

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """The mean of the cross-entropies of start and end over the tokens of a window, padding left out."""
        inputs = {name: value for name, value in batch.items() if not name.endswith("_positions")}
        output = model(**inputs)
        padding = batch["attention_mask"] == 0
        start, end = (
            functional.cross_entropy(logits.float().masked_fill(padding, -torch.inf), batch[f"{name}_positions"])
            for name, logits in (("start", output.start_logits), ("end", output.end_logits))
        )
        return (start + end) / 2

    # --- Measuring ---

    def chosen(self, validation: Evaluation | None) -> Mapping[str, object]:
        """The threshold of "no answer" with the best F1 on the validation rows."""
        return {} if validation is None else {THRESHOLDS: {NOTHING: read_detail(Answers, validation).threshold}}

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
        """Exact match and F1 with intervals over the questions, and half the negative log-probability of the right answer.

        While training runs, the threshold of "no answer" is the best one on the very rows, since none is chosen yet.
        """
        n = len(dataset.splits[split]) if split in dataset.splits else 0
        if not n:
            return None
        rows = dataset.splits[split]
        if live:
            rows = rows.select(sample(n, LIVE_ROWS, self.seed if split == "validation" else 0))
        answered, right = self._answered(model, rows, threshold_of(model), report, autocast=autocast)
        if live and split == "validation":
            threshold = _threshold(rows, answered)
            answered = [spans.decided(row, threshold) for row in answered]
        return self._scored(rows, answered, right, with_baselines=not live)

    def _answered(
        self,
        model: PreTrainedModel,
        rows: datasets.Dataset,
        threshold: float,
        report: Report | None,
        *,
        autocast: bool = False,
    ) -> tuple[list[Answered], np.ndarray]:
        """The answers to the rows of a split, and the probability of the right one of each, float64 (N,)."""
        cut = self._cut(rows, report)
        read = self._read(model, cut, report, _places(rows), autocast=autocast)
        right = np.array(
            [
                max((window.right for window in own), default=0.0) if places else spans.nothing(own)
                for own, places in zip(read, _places(rows), strict=True)
            ]
        )
        inputs = [{"text": a, "pair": b} for a, b in zip(rows["text"], rows["pair"], strict=True)]
        return [spans.answer(given, own, threshold) for given, own in zip(inputs, read, strict=True)], right

    def _scored(
        self, rows: datasets.Dataset, answered: Sequence[Answered], right: np.ndarray, *, with_baselines: bool
    ) -> Evaluation:
        questions, texts, gold = list(rows["text"]), list(rows["pair"]), list(rows["answers"])
        em = np.array([answer_scores.exact(row.answer, one) for row, one in zip(answered, gold, strict=True)])
        f1 = np.array([answer_scores.f1(row.answer, one) for row, one in zip(answered, gold, strict=True)])
        losses = -np.log(np.clip(right, np.finfo(float).eps, 1)) / 2
        empty = np.array([not one for one in gold])
        worst = [int(i) for i in np.lexsort((-losses, f1)) if not em[i]][:EXAMPLES]
        detail = Answers(
            answerable=answer_scores.score(em[~empty], f1[~empty]),
            unanswerable=answer_scores.score(em[empty], f1[empty]),
            words=answer_scores.by_word(questions, em, f1),
            threshold=answered[0].threshold,
            baselines=answer_scores.baselines(questions, texts, gold) if with_baselines else (),
            examples=tuple(_example(answered[i], gold[i], rows[i]["starts"], float(f1[i])) for i in worst),
        )
        return Evaluation(
            task=self.task,
            n=len(questions),
            metrics={
                "answer_f1": metrics.bootstrap(
                    np.stack([f1, np.ones(len(f1))], axis=1), lambda sums: sums[:, 0] / sums[:, 1]
                ),
                "exact_match": metrics.wilson(int(em.sum()), len(em)),
                "loss": Measure(float(losses.mean())),
            },
            detail=as_json(detail),
            right=each(em),
            rows=digest({"text": questions, "pair": texts}, gold),
        )

    def samples(self, evaluation: Evaluation) -> list[Mapping[str, object]]:
        """The questions with the worst answers."""
        examples = evaluation.detail["examples"]
        assert isinstance(examples, list)
        return examples[:SAMPLES]

    # --- Answering ---

    def _read(
        self,
        model: PreTrainedModel,
        cut: Cut,
        report: Report | None,
        places: Sequence[Sequence[tuple[int, int]]] = (),
        *,
        autocast: bool = False,
    ) -> list[list[Read]]:
        """What each window of each question says, in their order. places: the characters of the right answers."""
        read: dict[int, Read] = {}
        rows = [window.features for window in cut.windows]
        for numbers, _, output in batches.forward(
            model, self.tokenizer, rows, batch_size=self.batch_size, report=report, autocast=autocast
        ):
            for number, start, end in zip(numbers, output.start_logits, output.end_logits, strict=True):
                window = cut.windows[number]
                own = places[window.row] if places else ()
                read[int(number)] = spans.decode(window, *spans.probabilities(window, start, end), own)
        found: list[list[Read]] = [[] for _ in cut.beyond]
        for number, window in enumerate(cut.windows):
            found[window.row].append(read[number])
        return found

    def predict(
        self, model: PreTrainedModel, inputs: Mapping[str, Sequence[str]], report: Report | None = None
    ) -> tuple[Answered, ...]:
        """The answer to each question; nothing of a long passage is left out. Raises UserError for a question that is too long."""
        cut = passages.cut(self.tokenizer, inputs["text"], inputs["pair"], self.max_length, report)
        _refuse_long(inputs["text"], cut)
        read = self._read(model, cut, report)
        threshold = threshold_of(model)
        pairs = zip(inputs["text"], inputs["pair"], strict=True)
        return tuple(
            spans.answer({"text": question, "pair": passage}, own, threshold)
            for (question, passage), own in zip(pairs, read, strict=True)
        )

    def curves(self, model: PreTrainedModel, question: str, passage: str) -> Curves:
        """Start and end over the tokens of the window with the likeliest answer."""
        cut = passages.cut(self.tokenizer, [question], [passage], self.max_length)
        _refuse_long([question], cut)
        found: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for numbers, _, output in batches.forward(model, self.tokenizer, [one.features for one in cut.windows]):
            for number, start, end in zip(numbers, output.start_logits, output.end_logits, strict=True):
                found[int(number)] = spans.probabilities(cut.windows[number], start, end)
        best = max(
            found, key=lambda number: max(spans.decode(cut.windows[number], *found[number], ()).best, default=(0.0,))
        )
        window = cut.windows[best]
        tokens = self.tokenizer.convert_ids_to_tokens(window.features["input_ids"])
        return Curves(tuple(tokens), *found[best], window.first, tuple(window.offsets), best, len(cut.windows))

    def frame(self, predictions: Sequence[Prediction]) -> pd.DataFrame:
        """text and pair, then the answer ("" for none), where it begins, its probability, and the doubt whether there is one."""
        answered = [row for row in predictions if isinstance(row, Answered)]
        columns = input_columns(answered)
        best = [row.best[0] if row.best else None for row in answered]
        columns["answer"] = [row.answer for row in answered]
        columns["start"] = [one.start if one and row.answer else "" for row, one in zip(answered, best, strict=True)]
        columns["probability"] = [one.probability if one else 0.0 for one in best]
        columns["doubt"] = [row.doubt for row in answered]
        return pd.DataFrame(columns)


def threshold_of(model: PreTrainedModel) -> float:
    """The doubt above which a model gives no answer: what its training chose, otherwise the even one."""
    return float(model.config.to_dict().get(THRESHOLDS, {}).get(NOTHING, UNDECIDED))


def _refuse_long(questions: Sequence[str], cut: Cut) -> None:
    """Raise UserError for a question that leaves too little of an input to the passage."""
    long = np.flatnonzero(cut.beyond)
    if len(long):
        raise UserError(
            "the question '{question}' has {tokens} tokens; beside its passage the model reads {room} of a question: ask in fewer words",
            question=" ".join(questions[long[0]].split())[:60] + "…",
            tokens=int(cut.room + cut.beyond[long[0]]),
            room=cut.room,
        )


def _places(rows: datasets.Dataset) -> list[list[tuple[int, int]]]:
    """The characters of the right answers to each question."""
    return [
        [(start, start + len(answer)) for start, answer in zip(starts, answers, strict=True)]
        for starts, answers in zip(rows["starts"], rows["answers"], strict=True)
    ]


def _threshold(rows: datasets.Dataset, answered: Sequence[Answered]) -> float:
    """The threshold that suits the answers to these rows best."""
    gold = list(rows["answers"])
    given = [row.best[0].text if row.best else "" for row in answered]
    f1 = np.array([answer_scores.f1(text, one) if one else 0.0 for text, one in zip(given, gold, strict=True)])
    doubts = np.array([row.doubt for row in answered])
    return answer_scores.best_threshold(doubts, f1, np.array([not one for one in gold]))


def _example(row: Answered, gold: Sequence[str], starts: Sequence[int], f1: float) -> Example:
    right = Span(starts[0], starts[0] + len(gold[0])) if gold else None
    given = Span(row.best[0].start, row.best[0].end) if row.answer else None
    passage, right, given = answer_scores.excerpt(row.pair, right, given)
    return Example(row.text, passage, tuple(gold), right, row.answer, given, f1, row.doubt)


# --- The row -----------------------------------------------------------------------------------------------------------

ASKED = (
    ("Mira keeps three goats behind the mill.", (("Who keeps goats?", "Mira"), ("How many goats are there?", "three"))),
    ("The old ferry leaves at noon from the pier.", (("When does the ferry leave?", "at noon"), ("Who steers it?", ""))),
    ("Oskar baked rye bread for the fair.", (("Who baked bread?", "Oskar"), ("What was it for?", "the fair"))),
    ("Rain flooded the cellar in April.", (("When was the flood?", "in April"), ("What did rain flood?", "the cellar"))),
    ("The library lends lamps to students.", (("What does it lend?", "lamps"), ("Who pays for it?", ""))),
    ("Tomas painted the gate green.", (("Who painted the gate?", "Tomas"), ("What did he paint?", "the gate"))),
    ("Two swans nest near the bridge.", (("Where do swans nest?", "near the bridge"), ("How many swans?", "Two"))),
)  # fmt: skip


def _example_rows() -> Table:
    rows = [(question, passage, answer) for passage, asked in ASKED for question, answer in asked]
    return make_table(["question", "context", "answer"], list(zip(*rows, strict=True)), len(rows))


def score_lines(evaluation: Evaluation) -> Lines:
    """Questions with and without an answer, and each question word, as the card and the command line show them."""
    detail = read_detail(Answers, evaluation)
    rows = [("with an answer", detail.answerable), ("without an answer", detail.unanswerable)]
    rows += [(row.word or "(other)", row.score) for row in detail.words]
    rows += [(f"without a model: {row.title}", row.score) for row in detail.baselines]
    return [
        ("Questions", "Number", "Exact match", "F1"),
        *((name, str(score.n), f"{score.em:.4f}", f"{score.f1:.4f}") for name, score in rows if score.n),
    ]


QUESTION_ANSWERING = Task(
    id=QuestionAnswering.task,
    title=N_("Question answering"),
    help=N_("Finds the words of a passage that answer a question, or says that the passage has no answer."),
    layout=LAYOUTS["question-answers"],
    head="reader",
    goal=QuestionAnswering,
    metrics=("answer_f1", "exact_match", "loss"),
    best=("answer_f1", "loss"),
    gives=frozenset({"spans"}),
    counts=(N_("{n:,} question"), N_("{n:,} questions")),
    detail=Answers,
    windowed=True,
    advised={"epochs": 3.0, "batch_size": 16, "learning_rate": 2e-4, "max_length": 256},
    pipeline="question-answering",
    table=score_lines,
    card=Card(
        "A model that answers questions about a passage",
        "fine-tuned",
        "a question and a passage, and marks the words of the passage that answer it, or says that there are none.",
        "import torch\n"
        "from transformers import AutoModelForQuestionAnswering, AutoTokenizer\n\n"
        'folder = "path/to/this/folder"\n'
        "model, tokenizer = AutoModelForQuestionAnswering.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)\n"
        'question, passage = "your question", "a passage that fits into one input"\n'
        'inputs = tokenizer(question, passage, return_tensors="pt", return_offsets_mapping=True)\n'
        'offsets = inputs.pop("offset_mapping")[0].tolist()\n'
        "with torch.inference_mode():\n"
        "    output = model(**inputs)\n"
        "start, end = output.start_logits.softmax(-1)[0], output.end_logits.softmax(-1)[0]\n"
        "# only words of the passage, the end not before the start, at most 30 tokens; position 0 stands for \"no answer\"\n"
        "inside = [i for i, part in enumerate(inputs.sequence_ids(0)) if part == 1]\n"
        "chance, s, e = max((float(start[s] * end[e]), s, e) for s in inside for e in inside if s <= e < s + 30)\n"
        "nothing = float(start[0] * end[0])\n"
        f"no_answer = nothing / (nothing + chance) > model.config.{THRESHOLDS}['{NOTHING}']\n"
        'print("no answer" if no_answer else passage[offsets[s][0] : offsets[e][1]], chance)',
        {"threshold": "Threshold of “no answer”"},
    ),
    example=_example_rows,
)  # fmt: skip

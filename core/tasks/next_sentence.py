"""Next sentence prediction: does the second sentence follow the first? (Devlin et al. 2019, section 3.1)

It is classification of pairs with two labels, whose rows are made of documents and whose head a checkpoint may bring along.
This module does not know how the pairs are drawn (core.corpus does).
"""

from typing import ClassVar

from core.data.layouts import LAYOUTS
from core.errors import N_
from core.tables.table import Table, make_table
from core.tasks.base import Card, Task
from core.tasks.class_scores import Classes, class_table
from core.tasks.classify import FACTS, TEXT, Classification

DOCUMENTS = (
    "The kettle boiled. She poured the tea. Then she sat down by the window.",
    "The train was late. We waited in the café. At noon it came at last.",
    "Wolves live in packs. Each pack has a territory. They mark it with scent.",
    "He opened the old box. Inside lay a letter. It was addressed to his father.",
    "Bread needs time. The dough has to rise. After that it goes into the oven.",
    "The match began at three. Nobody scored before the break. The second half was better.",
    "Rain fell all night. The river rose. By morning the bridge was closed.",
    "She studied law. Later she became a judge. Her rulings were widely read.",
    "The garden was small. Roses grew along the wall. A cat slept under them.",
    "They climbed for hours. The summit lay in fog. Nobody saw the valley.",
    "The shop sells lamps. Most of them are old. The owner repairs them himself.",
    "A comet passed that year. People watched it from their roofs. It did not return.",
)


class NextSentence(Classification):
    """Whether the second of two sentences followed the first."""

    task: ClassVar[str] = "next-sentence-prediction"


def _example() -> Table:
    return make_table(["text"], [DOCUMENTS], len(DOCUMENTS))


NEXT_SENTENCE = Task(
    id=NextSentence.task,
    title=N_("Next sentence prediction"),
    help=N_(
        "Documents without labels: of two sentences the model learns to say whether the second followed the first."
    ),
    layout=LAYOUTS["sentence-pairs"],
    head="nsp",
    goal=NextSentence,
    metrics=TEXT.metrics,
    best=("accuracy", "loss"),
    gives=frozenset({"label"}),
    counts=(N_("{n:,} pair of sentences"), N_("{n:,} pairs of sentences")),
    detail=Classes,
    supervised=False,
    table=class_table,
    advised={
        "epochs": 1.0,
        "batch_size": 16,
        "learning_rate": 5e-5,
        "max_length": 128,
        "limit": 2000,
        "evaluations": 8,
    },
    card=Card(
        "A model for next sentence prediction",
        "pre-trained further",
        "two sentences and says whether the second follows the first.",
        "from transformers import AutoModelForNextSentencePrediction, AutoTokenizer\n\n"
        'folder = "path/to/this/folder"\n'
        "model, tokenizer = AutoModelForNextSentencePrediction.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)\n"
        'inputs = tokenizer("the first sentence", "the second sentence", return_tensors="pt")\n'
        "print(model(**inputs).logits.softmax(-1)[0, 0].item())  # the probability that it follows",
        FACTS,
    ),
    example=_example,
)

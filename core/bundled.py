"""What the bundled model was published without, as files of this package: heads for pre-training, and ready models.

Each folder in weights/ holds LoRA adapters for the encoder in peft's own format and, in one more file, the head's weights and those of
the encoder's own that are stored whole, in float16; the README.md in it or beside it says what they learnt from and how well. This
module does not know how they were trained (recipes/pretraining_heads.py and recipes/ready_heads.py do) nor how the encoder itself is
found and loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter
from safetensors.torch import load_file
from transformers import PreTrainedModel

from core.errors import N_
from core.results import Evaluation

HOME = Path(__file__).with_name("weights")
HEADS = {"mlm": HOME / "mlm", "nsp": HOME / "nsp"}
HEAD_FILE = "head.safetensors"
EVALUATION = "evaluation.json"  # of a ready model on its test rows, without the texts
READ = {"imdb": 14_000}  # rows of a dataset of the studio that both heads learnt from, by its id


@dataclass(frozen=True)
class Ready:
    """A model that answers at the first visit, offline: the bundled encoder, fine-tuned, with a head.

    task: a TASKS id; head: a HEADS id; labels: in the order of the head's outputs, () where these have no names. base: a MODELS id. folder: the weights.
    examples: texts to try; pairs: their second texts, () for a model of single texts. chosen: what its configuration holds because
    training chose it on the validation rows (Goal.chosen). figures: what was measured, in one line. licence: of the weights; data: a DATASETS id.
    """

    id: str
    title: str
    help: str
    task: str
    head: str
    labels: tuple[str, ...]
    base: str
    folder: Path
    languages: str
    data: str
    licence: str
    examples: tuple[str, ...]
    figures: str
    pairs: tuple[str, ...] = ()
    chosen: Mapping[str, object] = field(default_factory=dict)

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """The examples as (text, second text); the second is "" for a model of single texts."""
        return tuple(zip(self.examples, self.pairs or ("",) * len(self.examples), strict=True))


READY: dict[str, Ready] = {
    row.id: row
    for row in (
        Ready(
            "minilm-sentiment",
            N_("Sentiment of film reviews"),
            N_(
                "Says whether a sentence from an English film review is positive or negative. It comes with the studio."
            ),
            "text-classification",
            "classifier",
            ("negative", "positive"),
            "minilm",
            HOME / "sentiment",
            "en",
            "rotten_tomatoes",
            "Apache-2.0",
            (
                "A warm, funny film with a wonderful cast.",
                "The plot is thin, but the acting is wonderful.",
                "Two hours of my life that I will never get back.",
                "Not the masterpiece that everyone promised.",
            ),
            N_("accuracy 0.849 (95% interval 0.823–0.871) on 853 sentences that training never saw"),
        ),
        Ready(
            "minilm-topics",
            N_("Subject of news"),
            N_("Says which of seven subjects a short English news item is mainly about. It comes with the studio."),
            "text-classification",
            "classifier",
            ("business", "culture", "environment", "health", "politics", "science", "sports"),
            "minilm",
            HOME / "topics",
            "en",
            "topics",
            "Apache-2.0",
            (
                "The ferry company has sold its oldest ship to pay the debts of two bad summers.",
                "A film about a forgotten football team opens the festival in Trieste on Friday.",
                "After the storm, divers counted the corals off the island: four in ten are broken.",
                "Parliament votes today on whether pharmacies may prescribe eye drops themselves.",
            ),
            N_("accuracy 0.911 (95% interval 0.871–0.939) on 269 news items that training never saw"),
        ),
        Ready(
            "minilm-entities",
            N_("Names in texts"),
            N_(
                "Marks persons, organisations, places, works and events in English texts of many kinds, from news to chat. It comes with the studio."
            ),
            "named-entities",
            "tagger",
            (
                "O",
                "B-EVENT",
                "I-EVENT",
                "B-LOC",
                "I-LOC",
                "B-ORG",
                "I-ORG",
                "B-PER",
                "I-PER",
                "B-WORK",
                "I-WORK",
            ),
            "minilm",
            HOME / "entities",
            "en",
            "entities",
            "Apache-2.0",
            (
                "Amina Okafor flew from Lagos to Osaka to open the new office of Toyota.",
                "just saw Dune with @marisol_k at the Rialto in Porto, 10/10",
                "May asked Jordan whether Jordan is warm in May.",
                "Kenya's Faith Kipyegon won again at the 2024 Olympics, says The Guardian.",
            ),
            N_("F1 0.649 (95% interval 0.595–0.705) on 166 sentences that training never saw"),
        ),
        Ready(
            "minilm-answers",
            N_("Answers to questions"),
            N_(
                "Marks the words of an English passage that answer a question, or says that the passage has no answer. It comes with the studio."
            ),
            "question-answering",
            "reader",
            (),
            "minilm",
            HOME / "answers",
            "en",
            "questions",
            "Apache-2.0",
            (
                "How much does a day ticket cost?",
                "Who repaired the clock?",
                "Where was the concert moved?",
                "Who played at the concert?",
            ),
            N_("F1 0.596 (95% interval 0.539–0.649) on 231 questions that training never saw"),
            (
                "A day ticket costs 7 euros. Children under six travel free, and dogs need a ticket of their own.",
                "The clock in the market hall had stood still since the flood. In March a watchmaker from Graz, Ilse Novak, repaired it without pay.",
                "Because the roof of the open-air stage leaked, the concert was moved to the gym of the primary school.",
                "Because the roof of the open-air stage leaked, the concert was moved to the gym of the primary school.",
            ),
            {"thresholds": {"no_answer": 0.2767976652019456}},
        ),
    )
}


def evaluation(name: str) -> Evaluation:
    """How a ready model did on the test rows of its data when it was made."""
    return TypeAdapter(Evaluation).validate_json((READY[name].folder / EVALUATION).read_bytes())


def merge(model: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """A transformers model around the bundled encoder with the trained weights of a folder.

    The adapters are merged into the encoder, so the result is an ordinary model; a masked language model's decoder is
    tied to its word embeddings. Raises ValueError when the files do not fit the model.
    """
    import peft  # here, because it takes a second that other models need not wait for

    weights = {name: tensor.float() for name, tensor in load_file(folder / HEAD_FILE).items()}
    unknown = model.load_state_dict(weights, strict=False).unexpected_keys
    if unknown:
        raise ValueError(f"{folder / HEAD_FILE} does not fit this model: {', '.join(unknown)}")
    merged: PreTrainedModel = peft.PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
    merged.tie_weights()
    return merged.eval()

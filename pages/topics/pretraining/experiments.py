"""The Pre-training page's prepared experiments: what to try, and what to look at; never what a model will answer."""

from pages.shared.i18n import _
from pages.shared.layout import Experiment
from pages.topics.pretraining.next_sentence import PAIRS

FILL = {"model": "minilm", "masked": "", "whole": "", "view": "mlm"}


def rows() -> tuple[Experiment, ...]:
    """The experiments in the order of the page's topics."""
    return (
        Experiment(
            _("Something to eat"),
            _("What can be eaten, liked, or is just a frequent word? The entropy says how open the place is. Write *pizza and* before the mask and compare the entropy."),
            {**FILL, "text": "I love eating [MASK]."},
        ),
        Experiment(
            _("In a rock band"),
            _(
                "The clue stands **after** the mask: a model that reads from left to right could not use it. Delete *in a rock band* and compare."
            ),
            {**FILL, "text": "She plays the [MASK] in a rock band."},
        ),
        Experiment(
            _("The capital of France"),
            _(
                "A question about the world, not about grammar. Facts sit in a model's weights only as far as it read and could hold them: a small model "
                "trained on little text mostly knows which **kind** of word fits. Compare a larger model, where the hub can be reached."
            ),
            {**FILL, "text": "The capital of France is [MASK]."},
        ),
        Experiment(
            _("A review's verdict"),
            _("Both verdicts fit the grammar. Swap *not good* for *not bad* and see whether the model takes *not* into account or only the words around it."),
            {**FILL, "text": "The film was not good, it was [MASK]."},
        ),
        Experiment(
            _("Pieces give each other away"),
            _(
                "Only a piece of a long word is hidden, and the pieces beside it say a lot. Switch *Whole words* on: all pieces are hidden, and the task gets harder. "
                "Look at the loss before and after."
            ),
            {**FILL, "text": "The acting was unbelievably good.", "masked": "15.un"},
        ),
        Experiment(
            _("Who was tired?"),
            _(
                "The same sentence for two professions: compare *he* and *she*. Then write *engineer* for *nurse*. What a model read, it repeats, prejudices included."
            ),
            {**FILL, "text": "The nurse said that [MASK] was tired."},
        ),
        Experiment(
            _("The recipe on a paragraph"),
            _("Roll again a few times. Can you tell the kept tokens from those that were never chosen, or the random ones from real words? The model must."),
            {
                "model": "minilm", "view": "corruption", "seed": "1", "whole": "",
                "text": "Masked language models read a text with holes in it and learn to fill the holes. To do that well they must know which words "
                "go together, what the sentence is about, and a little about the world.",
            },
        ),
        Experiment(
            _("One word of grammar"),
            _("*Keys* decides between *are* and *is*, though *cabinet* stands nearer. Does the model agree, and on which token do the two sentences differ most?"),
            {"model": "minilm", "view": "score", "text": "The keys to the cabinet are on the table.", "other_text": "The keys to the cabinet is on the table."},
        ),
        Experiment(
            _("Which words surprise?"),
            _("Every word is correct, one does not belong. Do its neighbours lose too? Each token is judged with all the others in sight, the odd one included."),
            {"model": "minilm", "view": "score", "text": "He poured the milk into a glass and drank the piano.", "other_text": ""},
        ),
        Experiment(
            _("Does it follow?"),
            _("A real continuation. Now press *Swapped order*: nothing but the order has changed. A model that only compares topics does not notice."),
            {"model": "minilm", "view": "nsp", "text": PAIRS["successor"][0], "pair": PAIRS["successor"][1]},
        ),
        Experiment(
            _("Eight holes"),
            _("Step through it. Then take *Gibbs sampling*: later sweeps replace what was written when most of the text was still missing."),
            {
                "model": "minilm", "view": "generation", "way": "confidence", "top_k": "1", "step": "",
                "text": "The old house [MASK] [MASK] [MASK] [MASK] and nobody [MASK] [MASK] [MASK] [MASK].",
            },
        ),
        Experiment(
            _("From nothing"),
            _("A new, tiny BERT with random weights and a vocabulary of its own begins at ln V: every token is equally likely. Start it and watch which comes first, frequent tokens or fitting ones."),
            {"model": "minilm", "view": "learn", "learn": "scratch", "learning": ""},
        ),
    )  # fmt: skip

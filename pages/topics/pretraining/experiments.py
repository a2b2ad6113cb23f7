"""The Pre-training page's prepared experiments: what to try, and what to look at; never what a model will answer."""

from core.models import MULTILINGUAL
from pages.shared.experiments import Experiment, in_chinese
from pages.shared.i18n import _
from pages.topics.pretraining.next_sentence import PAIRS

FILL = {"model": "minilm", "masked": "", "whole": "", "view": "mlm"}


def rows() -> tuple[Experiment, ...]:
    """The experiments in the order of the page's topics."""
    return (
        Experiment(
            "pizza",
            _("Something to eat"),
            _("What can be eaten, as the model sees it?"),
            _("What can be eaten, liked, or is just a frequent word? The entropy says how open the place is. Write *pizza and* before the mask and compare the entropy."),
            {**FILL, "text": "I love eating [MASK]."},
        ),
        Experiment(
            "band",
            _("In a rock band"),
            _("Does the model read what follows a hole?"),
            _(
                "The clue stands **after** the mask: a model that reads from left to right could not use it. Delete *in a rock band* and compare."
            ),
            {**FILL, "text": "She plays the [MASK] in a rock band."},
        ),
        Experiment(
            "capital",
            _("The capital of France"),
            _("Does the model know facts?"),
            _(
                "A question about the world, not about grammar. Facts sit in a model's weights only as far as it read and could hold them: a small model "
                "trained on little text mostly knows which **kind** of word fits. Compare a larger model, where the hub can be reached."
            ),
            {**FILL, "text": "The capital of France is [MASK]."},
        ),
        Experiment(
            "verdict",
            _("A review's verdict"),
            _("Does the model take *not* into account?"),
            _("Both verdicts fit the grammar. Swap *not good* for *not bad* and see whether the model takes *not* into account or only the words around it."),
            {**FILL, "text": "The film was not good, it was [MASK]."},
        ),
        Experiment(
            "pieces",
            _("Pieces give each other away"),
            _("What do the other pieces of a word give away?"),
            _(
                "Only a piece of a long word is hidden, and the pieces beside it say a lot. Switch *Whole words* on: all pieces are hidden, and the task gets harder. "
                "Look at the loss before and after."
            ),
            {**FILL, "text": "The acting was unbelievably good.", "masked": "15.un"},
        ),
        Experiment(
            "nurse",
            _("Who was tired?"),
            _("Does the model have prejudices?"),
            _(
                "The same sentence for two professions: compare *he* and *she*. Then write *engineer* for *nurse*. What a model read, it repeats, prejudices included."
            ),
            {**FILL, "text": "The nurse said that [MASK] was tired."},
        ),
        Experiment(
            "recipe",
            _("The recipe on a paragraph"),
            _("Can you tell which tokens were chosen?"),
            _("Roll again a few times. Can you tell the kept tokens from those that were never chosen, or the random ones from real words? The model must."),
            {
                "model": "minilm", "view": "corruption", "seed": "1", "whole": "",
                "text": "Masked language models read a text with holes in it and learn to fill the holes. To do that well they must know which words "
                "go together, what the sentence is about, and a little about the world.",
            },
        ),
        Experiment(
            "grammar",
            _("One word of grammar"),
            _("Does the model know which verb belongs to which noun?"),
            _("*Keys* decides between *are* and *is*, though *cabinet* stands nearer. Does the model agree, and on which token do the two sentences differ most?"),
            {"model": "minilm", "view": "score", "text": "The keys to the cabinet are on the table.", "other_text": "The keys to the cabinet is on the table."},
        ),
        Experiment(
            "surprise",
            _("Which words surprise?"),
            _("Which word does the model not expect?"),
            _("Every word is correct, one does not belong. Do its neighbours lose too? Each token is judged with all the others in sight, the odd one included."),
            {"model": "minilm", "view": "score", "text": "He poured the milk into a glass and drank the piano.", "other_text": ""},
        ),
        Experiment(
            "follows",
            _("Does it follow?"),
            _("Does the model notice the order of two sentences?"),
            _("A real continuation. Now press *Swapped order*: nothing but the order has changed. A model that only compares topics does not notice."),
            {"model": "minilm", "view": "nsp", "text": PAIRS["successor"][0], "pair": PAIRS["successor"][1]},
        ),
        Experiment(
            "eight-holes",
            _("Eight holes"),
            _("Can BERT write a text?"),
            _("Step through it. Then take *Gibbs sampling*: later sweeps replace what was written when most of the text was still missing."),
            {
                "model": "minilm", "view": "generation", "way": "confidence", "top_k": "1", "step": "",
                "text": "The old house [MASK] [MASK] [MASK] [MASK] and nobody [MASK] [MASK] [MASK] [MASK].",
            },
        ),
        Experiment(
            "scratch",
            _("From nothing"),
            _("What does a model learn first?"),
            _("A new, tiny BERT with random weights and a vocabulary of its own begins at ln V: every token is equally likely. Start it and watch which comes first, frequent tokens or fitting ones."),
            {"model": "minilm", "view": "learn", "learn": "scratch", "learning": ""},
        ),
        *in_chinese(_chinese()),
    )  # fmt: skip


def _chinese() -> tuple[Experiment, ...]:
    """Pre-training on Chinese: no model with a head for it comes along, so a small one is made on the spot."""
    return (
        Experiment(
            "zh-corruption",
            _("Masks in a Chinese text"),
            _("What is hidden when a Chinese token is masked?"),
            _(
                "A token may be a word or a character: hiding 语言 takes two characters at once, hiding 很 only one. Roll again a few times. bert-base-chinese hides single characters, which their "
                "neighbours give away: that is why later models masked whole words."
            ),
            {
                "model": MULTILINGUAL, "view": "corruption", "seed": "1", "whole": "",
                "text": "掩码语言模型读的是有空缺的文本，要学会把空缺填上。想填得准，它就必须知道哪些词常在一起、这句话在说什么，还要懂一点常识。",
            },
        ),
        Experiment(
            "zh-scratch",
            _("From nothing, on Chinese reviews"),
            _("What does a model learn first?"),
            _(
                "A tiny BERT with a vocabulary of its own reads Chinese reviews. It begins at ln V: every token is equally likely. Start it and watch which comes first, frequent tokens (的, 了) or fitting ones."
            ),
            {"model": "minilm", "view": "learn", "learn": "scratch", "corpus": "chinese-reviews", "learning": ""},
        ),
    )  # fmt: skip

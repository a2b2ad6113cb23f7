"""What ways to write a text reached side by side, as README.md tells it and as the commands named here measure it.

The figures are kept, not computed: each comparison takes minutes of training. This module does not know where they are shown.
"""

from dataclasses import dataclass

from core.errors import N_


@dataclass(frozen=True)
class Contender:
    """One way. chrf: of 100, low to high its 95% interval over the rows; exact: how many of `Comparison.counted` rows it writes
    exactly as the target; parameters: of its network in millions, 0 for a way without one."""

    title: str
    chrf: float
    low: float
    high: float
    exact: int
    parameters: float


@dataclass(frozen=True)
class Comparison:
    """Several ways on the same test rows.

    what: was measured, a template of n, the rows, and counted, those of them that `Contender.exact` is counted on. command: measures it again.
    """

    what: str
    n: int
    counted: int
    command: str
    rows: tuple[Contender, ...]


TRANSLATION = Comparison(
    N_("{n} English test sentences of the phrasebook, to be translated into Chinese. All three networks learnt from the same 300 batches of 16 pairs (one seed). Exactly right: of the {counted} new combinations of known words. Of the other sentences, which have a word that training never has, no way writes any exactly."),
    350, 250, "python -m benchmarks.text_to_text --steps 300",
    (
        Contender(N_("Encoder and decoder, both begun as BERT"), 61.9, 58.8, 64.6, 88, 49.3),
        Contender(N_("The same network begun at random"), 43.5, 40.7, 46.5, 11, 49.3),
        Contender(N_("BERT alone, made to look back only"), 67.6, 64.6, 70.5, 110, 23.2),
        Contender(N_("The target of the nearest training source (TF-IDF)"), 35.8, 34.1, 37.5, 0, 0),
    ),
)  # fmt: skip
DIALOGUE = Comparison(
    N_("The test questions to a help desk, {n} in all, to be answered. The network learnt from 786 questions with their answers in 200 steps (one seed); what is chosen is the answer of the training question with the most similar words. Exactly right: of all {counted}."),
    262, 262, "python -m core train --model minilm --data helpdesk-answers --task text-to-text --preset quick --output my-run",
    (
        Contender(N_("Encoder and decoder, both begun as BERT"), 25.2, 24.3, 26.4, 2, 49.1),
        Contender(N_("An answer that is chosen, not written"), 28.7, 26.3, 31.4, 19, 0),
    ),
)  # fmt: skip
COMPARISONS = (TRANSLATION, DIALOGUE)

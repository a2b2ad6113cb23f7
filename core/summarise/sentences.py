"""The sentences of a text that can be summarised, with their places.

Where a sentence ends is what the library sentencex says, by rules for the language. This module does not know which sentences matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sentencex import get_sentence_boundaries

from core import rouge
from core.errors import UserError
from core.scripts import separates_words

MOST_CHARACTERS = 50_000


@dataclass(frozen=True)
class Sentence:
    """A sentence without the space around it, and its place: characters from start to end, the end not included."""

    text: str
    start: int
    end: int

    @property
    def length(self) -> int:
        """Its words, or characters where a script has no spaces; punctuation is not counted."""
        return len(rouge.tokens(self.text))


def language_of(text: str) -> str:
    """The rules that a text is cut by: "zh" where most letters are of a script without spaces, else "en"."""
    return "en" if separates_words(text) else "zh"


def split(text: str) -> tuple[Sentence, ...]:
    """Every sentence of a text in its order; what has neither letter nor digit is none."""
    sentences = []
    for boundary in get_sentence_boundaries(language_of(text), text):
        piece = boundary["text"]
        start = boundary["start_index"] + len(piece) - len(piece.lstrip())
        if any(map(str.isalnum, piece)):
            sentences.append(Sentence(piece.strip(), start, start + len(piece.strip())))
    return tuple(sentences)


def read(text: str) -> tuple[Sentence, ...]:
    """The sentences of a text to be summarised. Raises UserError where there is nothing to choose from, or too much."""
    if len(text) > MOST_CHARACTERS:
        raise UserError(
            "the text has {length:,} characters; at most {most:,} are summarised at once, so split it into parts",
            length=len(text), most=MOST_CHARACTERS,
        )  # fmt: skip
    sentences = split(text)
    if not sentences:
        raise UserError("there is no text to summarise; write or choose one")
    if len(sentences) == 1:
        raise UserError("the text is a single sentence; a summary needs at least two to choose from")
    if len({sentence.text for sentence in sentences}) == 1:
        raise UserError("all sentences are the same ({count:,}); there is nothing to choose", count=len(sentences))
    return sentences


def joined(sentences: Sequence[Sentence]) -> str:
    """Sentences as one text, with a space between them where the script has spaces."""
    texts = [" ".join(sentence.text.split()) for sentence in sentences]
    return ("" if language_of("".join(texts)) == "zh" else " ").join(texts)

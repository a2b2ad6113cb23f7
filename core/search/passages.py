"""Documents cut into passages: whole sentences, as many as a reader takes in at once, with the page that they stand on.

This module does not know what is asked of a passage.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.summarise import sentences
from core.summarise.sentences import Sentence, joined

MOST = {"en": 80, "zh": 160}  # words of a passage; characters where a script has no spaces
FEW = (
    2  # a passage with less than this part of MOST goes on in the next document, so that a heading stays with its text
)


@dataclass(frozen=True)
class Passage:
    """Sentences that follow each other. page: the first of them stands there; "" where there are no pages."""

    text: str
    page: str


def cut(documents: Sequence[str], pages: Sequence[str] = ()) -> tuple[Passage, ...]:
    """Passages of documents that follow each other, such as the paragraphs of a text; none goes over the end of a page.

    pages: of each document, () where there are none. A sentence that is longer than a passage stands alone.
    """
    passages: list[Passage] = []
    parts: list[tuple[Sentence, ...]] = []  # of the passage at hand, one for each document
    size, of_page = 0, ""

    def close() -> None:
        nonlocal size
        if parts:
            passages.append(Passage("\n".join(map(joined, parts)), of_page))
        parts.clear()
        size = 0

    for document, page in zip(documents, pages or ("",) * len(documents), strict=True):
        most = MOST[sentences.language_of(document)]
        if page != of_page or size >= most // FEW:
            close()
        of_page = page
        begun = False  # whether this document has a part in the passage
        for sentence in sentences.split(document):
            if size + sentence.length > most:
                close()
                begun = False
            if begun:
                parts[-1] = (*parts[-1], sentence)
            else:
                parts.append((sentence,))
            begun, size = True, size + sentence.length
    close()
    return tuple(passages)

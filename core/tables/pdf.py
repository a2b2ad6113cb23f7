"""The text of a PDF file, page by page.

A PDF holds signs and where they stand, so words, lines and columns are found again by the library pypdf, not always rightly. This module
does not see what is only a picture of text.
"""

import io
import re

from core.errors import UserError

SUFFIX = ".pdf"
START = b"%PDF-"
HYPHEN = re.compile(r"(?<=[a-zà-ÿ])-\s*\n\s*(?=[a-zà-ÿ])")  # a word that is parted at the end of a line
NO_SPACES = re.compile(
    r"(?<=[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef])\s*\n\s*(?=[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef])"
)


def pages(data: bytes, name: str) -> list[tuple[int, str]]:
    """Number, counted from 1, and text of each page that has any; lines are joined.

    Raises UserError for a file that is damaged or locked, or whose pages hold no text.
    """
    from pypdf import PdfReader  # here, because it takes a second that no other file need wait for

    try:
        reader = PdfReader(io.BytesIO(data))
        locked = reader.is_encrypted and not reader.decrypt("")
        texts = [] if locked else [page.extract_text() for page in reader.pages]
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes pypdf raise nearly anything
        raise UserError(
            "{file} is damaged, or no PDF that can be read; open it and save it as PDF again, or paste its text",
            file=name,
        ) from error
    if locked:
        raise UserError("{file} is locked with a password; save it without one, or paste its text", file=name)
    read = [(number, joined(text)) for number, text in enumerate(texts, start=1)]
    filled = [(number, text) for number, text in read if any(map(str.isalnum, text))]
    if not filled:
        raise UserError(
            "{file} holds no text: its pages are pictures, as of a scanner ({count}); let a program recognise the text first (OCR), or paste it",
            file=name,
            count=len(texts),
        )
    return filled


def joined(text: str) -> str:
    """Lines as running text."""
    return " ".join(NO_SPACES.sub("", HYPHEN.sub("", text)).split())

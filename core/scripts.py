"""In which writing a text is, as far as that decides what can read it.

A language is not told: French and English are both Latin here. This module does not know models.
"""

import unicodedata
from collections.abc import Iterable

LOOKED_AT = 2000  # characters of each text
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


def mostly_latin(texts: Iterable[str]) -> bool:
    """Whether at least half of the letters are Latin: so it is for no letters at all."""
    letters = [character for text in texts for character in text[:LOOKED_AT] if character.isalpha()]
    return 2 * sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters) >= len(letters)


def is_chinese(character: str) -> bool:
    """Whether it is a Chinese character; Japanese kanji are among them."""
    return unicodedata.name(character, "").startswith("CJK")


def is_unspaced(character: str) -> bool:
    """Whether it belongs to a script that puts no spaces between words."""
    return unicodedata.name(character, "").startswith(UNSPACED)


def separates_words(text: str) -> bool:
    """Whether most letters of a text belong to scripts that put spaces between words."""
    letters = [character for character in text[:LOOKED_AT] if character.isalpha()]
    return 2 * sum(map(is_unspaced, letters)) <= len(letters)

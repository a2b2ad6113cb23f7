"""In which writing a text is, as far as that decides what can read it.

A language is not told: French and English are both Latin here. This module does not know models.
"""

import re
import unicodedata
from collections.abc import Iterable

LOOKED_AT = 2000  # characters of each text
# A character of a script that puts no spaces between words: Thai, Lao, Tibetan, Burmese, Khmer, kana, Chinese.
UNSPACED = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff]"
)


def mostly_latin(texts: Iterable[str]) -> bool:
    """Whether at least half of the letters are Latin: so it is for no letters at all."""
    letters = [character for text in texts for character in text[:LOOKED_AT] if character.isalpha()]
    return 2 * sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters) >= len(letters)


def is_chinese(character: str) -> bool:
    """Whether it is a Chinese character; Japanese kanji are among them."""
    return unicodedata.name(character, "").startswith("CJK")


def is_unspaced(character: str) -> bool:
    """Whether it belongs to a script that puts no spaces between words."""
    return bool(UNSPACED.match(character))


def separates_words(text: str) -> bool:
    """Whether most letters of a text belong to scripts that put spaces between words."""
    letters = [character for character in text[:LOOKED_AT] if character.isalpha()]
    return 2 * sum(map(is_unspaced, letters)) <= len(letters)

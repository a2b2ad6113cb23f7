"""What a visit opens with, in each language: a sentence, and data of the same language.

This module does not know when an opening is shown: pages.shared.inputs does.
"""

from collections.abc import Mapping

OPENINGS: dict[str, dict[str, str]] = {
    "en": {
        "text": "The plot is thin, but the acting is unforgettable.",
        "uses": "bank",
        "data": "rotten_tomatoes",
        "texts": "",  # on the map: those of the model in view
        "sample": "rotten_tomatoes",
    },
    "zh": {
        "text": "剧情很单薄，但演员的表演非常精彩。",
        "uses": "pingguo",
        "data": "chinese-reviews",
        "texts": "chinese-reviews",
        "sample": "chinese-reviews",
    },
}


def other(name: str, value: str, language: str) -> str:
    """A value in the opening of a language, where it is that of an opening; otherwise the value itself."""
    known = {row[name] for row in OPENINGS.values()}
    return OPENINGS[language][name] if value in known else value


def is_opening(values: Mapping[str, str]) -> bool:
    """Whether an address names the sentence of an opening."""
    return values.get("text") in {row["text"] for row in OPENINGS.values()}

"""The prepared articles: short news and reports, each with a summary written for it.

They were written for the studio (core/data/written/summaries). This module does not know how a text is summarised.
"""

import json
from dataclasses import dataclass
from functools import lru_cache

from core.data.dataset import WRITTEN
from core.errors import N_

LANGUAGES = ("en", "zh")
KINDS = {"news": N_("News"), "report": N_("Report"), "feature": N_("Feature")}  # a kind of the files → its title


@dataclass(frozen=True)
class Article:
    """A text with its reference summary. kind: one of KINDS."""

    id: str
    kind: str
    title: str
    text: str
    summary: str


@lru_cache(maxsize=len(LANGUAGES))
def read(language: str) -> tuple[Article, ...]:
    """The articles in a language, "en" or "zh"."""
    lines = (WRITTEN / "summaries" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Article(**json.loads(line)) for line in lines)

"""Passages that were found, as HTML: their rank, their score, and the words that matched.

Everything that comes from a text is escaped here.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape

from core.search import words
from core.search.ways import Hit
from pages.shared.i18n import _

STYLE = """
<style>
.hits { margin: 0; padding: 0; }
.hits > div { display: grid; grid-template-columns: 1.6rem 1fr auto; gap: .1rem .35rem; padding: .5rem 0; margin: 0; border-top: 1px solid rgba(128,128,128,.28);
  overflow-wrap: anywhere; }
.hits b { font-weight: 600; }
.hits .rank { opacity: .65; font-variant-numeric: tabular-nums; }
.hits .score { font-variant-numeric: tabular-nums; white-space: nowrap; }
.hits .answer { grid-column: 2 / 4; font-size: .9rem; opacity: .85; }
.hits .added { grid-column: 2 / 4; font-size: .875rem; display: flex; flex-wrap: wrap; gap: .1rem .7rem; }
.hits mark { color: inherit; background: #E69F0040; border-bottom: 2px solid #E69F00; padding: 0 .1em; border-radius: .15rem; }
</style>
"""
SHOWN_CHARS = 180


def hits_html(
    hits: Sequence[Hit],
    titles: Sequence[str],
    answers: Sequence[str],
    added: Sequence[Mapping[str, float]] = (),
    *,
    form: str = "{:.2f}",
) -> str:
    """A list of hits. added: for each hit the words that matched and what each adds to its score; they are marked."""
    rows = []
    for rank, hit in enumerate(hits, start=1):
        matched = added[rank - 1] if added else {}
        words_added = "".join(
            f"<span><mark>{escape(term)}</mark> +{value:.1f}</span>" for term, value in matched.items()
        )
        answer = answers[hit.place]
        rows.append(
            f'<div role="listitem"><span class="rank">{rank}</span><b dir="auto">{marked(_short(titles[hit.place]), matched)}</b>'
            f'<span class="score">{form.format(hit.score)}</span>'
            + (f'<span class="answer" dir="auto">{marked(_short(answer), matched)}</span>' if answer else "")
            + (f'<span class="added">{words_added}</span>' if words_added else "")
            + "</div>"
        )
    if not rows:
        nothing = _("No text shares a word with the question.")
        return f"<p><i>{escape(nothing)}</i></p>"
    return f'{STYLE}<div class="hits" role="list">{"".join(rows)}</div>'


def marked(text: str, terms: Mapping[str, float]) -> str:
    """Escaped text in which the matched words are marked."""
    parts, at = [], 0
    for start, end in words.spans(text, terms):
        parts.append(f"{escape(text[at:start])}<mark>{escape(text[start:end])}</mark>")
        at = end
    return "".join(parts) + escape(text[at:])


def _short(text: str) -> str:
    """The beginning of a text; where words have spaces between them, none is cut."""
    if len(text) <= SHOWN_CHARS:
        return text
    return re.sub(r"\s+\S{0,20}$", "", text[: SHOWN_CHARS - 1]) + "…"

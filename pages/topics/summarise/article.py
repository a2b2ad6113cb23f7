"""A text as HTML in which the sentences of its summary are marked.

Everything that comes from the text is escaped here.
"""

from html import escape

from core.summarise.summary import Summary
from pages.shared.i18n import _

STYLE = """
<style>
.article { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.6; max-height: 32rem; overflow-y: auto; margin: 0; }
.article mark { color: inherit; background: #E69F0040; border-bottom: 2px solid #E69F00; padding: .05em .1em; border-radius: .15rem; }
.article sup { font-weight: 600; font-size: .875rem; line-height: 0; margin-left: .1em; }
</style>
"""


def article_html(text: str, summary: Summary) -> str:
    """The text; each taken sentence is marked and has a small number, the turn in which it was taken; hovering shows why."""
    parts, at = [], 0
    for row in summary.sentences:
        place = row.sentence
        parts.append(escape(text[at : place.start]))
        shown = escape(text[place.start : place.end])
        if row.order:
            why = escape(_(row.why[0]).format(**row.why[1]))
            shown = f'<mark title="{why}">{shown}<sup>{row.order}</sup></mark>'
        parts.append(shown)
        at = place.end
    label = escape(_("The text"))
    return f'{STYLE}<div class="article" dir="auto" tabindex="0" role="region" aria-label="{label}">{"".join(parts)}{escape(text[at:])}</div>'

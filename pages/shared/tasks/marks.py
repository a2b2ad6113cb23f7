"""Entities drawn in their text: a tint, an underline and the type's name, so that colour is never the only sign.

Everything that comes from a text or a model is escaped here. This module does not know where the entities come from.
"""

from collections.abc import Iterable, Sequence
from html import escape

from core.data.entities import Mark
from core.figures.style import CATEGORIES
from core.tasks.tags import Entity
from pages.shared.i18n import _

STYLE = """
<style>
.entities { font-size: 1.15rem; line-height: 2.1; overflow-wrap: anywhere; white-space: pre-wrap; margin: 0; }
.entities.small { font-size: .95rem; line-height: 1.9; }
.entities mark { color: inherit; padding: .1em .25em; border-radius: .25rem; border-bottom: 2.5px solid; unicode-bidi: isolate;
  -webkit-box-decoration-break: clone; box-decoration-break: clone; }
.entities mark small { font-size: .875rem; font-weight: 600; letter-spacing: .02em; padding-left: .4em; opacity: .9; white-space: nowrap;
  user-select: none; }  /* who copies the text gets the text */
.entities mark small::before { content: "\\2060"; }  /* a line does not end before the type */
.entities-key mark { color: inherit; padding: .1em .4em; margin-right: .15em; border-radius: .25rem; border-bottom: 2.5px solid; }
.entities-key { display: flex; flex-wrap: wrap; gap: .4rem 1rem; font-size: .95rem; margin-top: .35rem; }
</style>
"""
TINTS = tuple(colour for colour in CATEGORIES if colour not in ("#F0E442", "#8C8C8C"))  # yellow is faint on white


def colours(types: Iterable[str]) -> dict[str, str]:
    """A colour for each type: the same for the same set of types, whatever a text holds of them."""
    return {kind: TINTS[i % len(TINTS)] for i, kind in enumerate(sorted(types))}


def marked(text: str, marks: Sequence[Mark], types: Sequence[str], *, small: bool = False) -> str:
    """The text as HTML with its marks, which do not overlap. types: all that there can be, for their colours."""
    tints, at, parts = colours({*types, *(mark.type for mark in marks)}), 0, []
    for mark in sorted(marks, key=lambda one: one.start):
        tint = tints[mark.type]
        hover = (
            _("{type}, confidence {value:.1%}").format(type=mark.type, value=mark.confidence)
            if isinstance(mark, Entity)
            else mark.type
        )
        parts.append(
            visible(text[at : mark.start])
            + f'<mark title="{escape(hover)}" style="background:{tint}33;border-color:{tint}">'
            + visible(text[mark.start : mark.end])
            + f"<small>{escape(mark.type)}</small></mark>"
        )
        at = mark.end
    parts.append(visible(text[at:]))
    return f'{STYLE}<p class="entities{" small" if small else ""}" dir="auto">{"".join(parts)}</p>'


def key(marks: Sequence[Mark], types: Sequence[str]) -> str:
    """How many entities of each type there are, as HTML."""
    tints = colours({*types, *(mark.type for mark in marks)})
    counts = {kind: sum(mark.type == kind for mark in marks) for kind in tints}
    return (
        '<div class="entities-key">'
        + "".join(
            f'<span><mark style="background:{tints[kind]}33;border-color:{tints[kind]}">'
            f"{escape(kind)}</mark> {count}</span>"
            for kind, count in counts.items()
        )
        + "</div>"
    )


def visible(text: str) -> str:
    """Escaped text in which control characters can be seen."""
    return escape("".join(chr(0x2400 + ord(c)) if ord(c) < 32 and c not in "\t\n\r" else c for c in text))

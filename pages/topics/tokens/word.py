"""How one word of the sentence becomes its tokens, step by step."""

from html import escape

import streamlit as st

from core import openings
from core.tokens import NORMALISERS, WordTrace, check_text
from pages.shared import inputs, layout
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, ngettext
from pages.topics.tokens import tokenizers
from pages.topics.tokens.sentence import shared_text, typed_to_pick

WORDS_OFFERED = 300
WORDS_SHOWN = 120
CANDIDATES_SHOWN = 120
GLYPHS = {" ": "·", "\t": "→", "\n": "¶", "\u00a0": "⍽"}
TABLE_STYLE = """
<style>
.steps { border-collapse: collapse; font-size: .92rem; }
.steps td { padding: .22rem .9rem .22rem 0; vertical-align: baseline; border: 0; overflow-wrap: anywhere; }
.steps code { font-size: .95rem; background: none; padding: 0; color: inherit; white-space: pre-wrap; unicode-bidi: isolate; }
.steps code i { font-style: normal; opacity: .38; }
.steps code b { font-weight: 600; border-bottom: 2px solid currentColor; }
.steps .quiet, .steps .miss { opacity: .62; }
.steps .hit { font-weight: 600; }
.steps .hit td { background: rgba(0,158,115,.14); }
.steps-scroll { max-height: 24rem; overflow: auto; }
.steps-groups { display: flex; flex-wrap: wrap; gap: 1.2rem 2.6rem; align-items: flex-start; }
.steps-groups > div { max-height: 30rem; overflow: auto; max-width: 100%; }
.steps .hit td:first-child { padding-left: .4rem; } .steps .miss td:first-child { padding-left: .4rem; }
</style>
"""


def show(model: str) -> None:
    """How one word of the sentence becomes its tokens."""
    above, text, chosen = st.container(), shared_text(), ""
    try:
        check_text(text)
        words = cached_tokens.words(model, text)
        options = {
            f"0:{word.index}": f"{word.index + 1} · {visible(text[word.start : word.end], 30)}"
            for word in words[:WORDS_OFFERED]
        }
        telling, is_cut = openings.word_to_cut(cached_tokens.tokens(model, text))
        chosen = inputs.meant("word", options, f"0:{telling}" if f"0:{telling}" in options else "0:0")
    finally:
        with above:
            typed_to_pick(model, chosen)
    if not words:
        st.info(_("After normalisation nothing is left of this text."))
        return
    left, right = st.columns([1, 2], gap="large")
    with left:
        index = int(inputs.telling("word", "tokens", options, _("The word"), chosen).removeprefix("0:"))
    trace = cached_tokens.word_trace(model, text, index)
    with right:
        st.markdown(summary(trace))
        if not is_cut and not inputs.get("word"):
            st.caption(_("No word of this sentence is cut, so the longest is shown. Write a rarer one and watch."))
    st.header(_("1 · Normalisation"), anchor=False)
    steps_table(trace)
    st.header(_("2 · Into words"), anchor=False)
    st.caption(
        _(
            "The normalised text is split at white space alone: where none is set between words, all up to the next one counts as one word. Its pieces are found in it as a whole."
        )
        if trace.algorithm == "unigram"
        else _(
            "The normalised text is split at white space and punctuation. The vocabulary is asked for one word at a time."
        )
    )
    st.html(
        '<div class="chips">'
        + "".join(
            f'<span class="chip {"special" if word.special else "word" if word.index == index else "padding"}"><b>{escape(visible(word.text, 40))}</b></span>'
            for word in words[:WORDS_SHOWN]
        )
        + "</div>"
    )
    if trace.word.special:
        return
    st.header(_("3 · From the word to its pieces"), anchor=False)
    if not trace.traced:
        st.info(_("This word is too long to be followed step by step; only the result is shown."))
    elif trace.algorithm == "wordpiece":
        candidates_table(trace)
    elif trace.algorithm == "bpe":
        merges_table(trace)
    else:
        segmentations_table(trace)
    st.html(tokenizers.pieces_html(trace.pieces, cached_models.tokenizer(model, -1).unk_token_id, trace.algorithm))
    if trace.traced:
        claim = _("equals the tokenizers library") if trace.agrees else _("differs from the tokenizers library")
        with layout.tick(claim, "word", holds=trace.agrees) as opened:
            if opened.open:
                st.markdown(
                    _("These steps were recomputed here; the tokenizers library gives the same pieces and ids.")
                    if trace.agrees
                    else _(
                        "These steps were recomputed here; the tokenizers library ends in other pieces, which are the ones shown."
                    )
                )
    st.header(_("4 · Special tokens and segments"), anchor=False)
    st.markdown(
        _(
            "Last, the special tokens are put around the text: this input begins with `{first}` and ends with `{last}`."
        ).format(**dict(zip(("first", "last"), [t.replace("`", "") for t in ends(model, text)], strict=True)))
    )


def ends(model: str, text: str) -> tuple[str, str]:
    """The first and the last token of the input."""
    found = cached_tokens.tokens(model, text).texts
    return found[0], found[-1]


def visible(text: str, longest: int = 200) -> str:
    """Text with its white space and hidden characters made visible, and short."""
    shown = "".join(GLYPHS.get(c, c if c.isprintable() else f"‹U+{ord(c):04X}›") for c in text[:longest])
    return shown + ("…" if len(text) > longest else "")


def summary(trace: WordTrace) -> str:
    """The word's fate in one sentence."""
    word = layout.plain(visible(trace.original, 40))
    if trace.word.special:
        return _("**{word}** is a special token: it is found in the text as it stands and never taken apart.").format(
            word=word
        )
    if trace.unknown == "too long":
        return _("**{word}** has more characters than the tokenizer looks at: it becomes one unknown token.").format(
            word=word
        )
    if trace.unknown:
        return _(
            "**{word}** cannot be spelled with this vocabulary: at some place nothing matched, so all of it becomes unknown."
        ).format(word=word)
    if len(trace.pieces) == 1:
        return _("**{word}** is in the vocabulary as a whole: one token, id {id}.").format(
            word=word, id=trace.pieces[0].id
        )
    return _("**{word}** is not in the vocabulary as a whole: it is spelled with {count} pieces.").format(
        word=word, count=len(trace.pieces)
    )


def steps_table(trace: WordTrace) -> None:
    """What normalisation did to the word, one line for each step."""
    if not trace.steps:
        st.caption(_("This tokenizer changes nothing about the text."))
        return
    rows = ""
    for step in trace.steps:
        row = NORMALISERS[step.id]
        after = f"<code>{escape(visible(step.after))}</code>" if step.changed else escape(_("nothing to change"))
        rows += (
            f'<tr class="{"" if step.changed else "quiet"}"><td title="{escape(_(row.help))}">{escape(_(row.title))}</td>'
            f"<td><code>{escape(visible(step.before))}</code></td><td>→</td><td>{after}</td></tr>"
        )
    st.html(TABLE_STYLE + f'<table class="steps">{rows}</table>')


def tried_row(spelling: str, verdict: str, *, hit: bool) -> str:
    """One thing that was tried, both parts already HTML; a hit stands out."""
    return f'<tr class="{"hit" if hit else "miss"}"><td><code>{spelling}</code></td><td>{verdict}</td></tr>'


def candidates_table(trace: WordTrace) -> None:
    """Longest match first: every candidate, and whether the vocabulary has it."""
    st.caption(
        ngettext(
            "The longest beginning of the word that is in the vocabulary is taken: here the whole word, the first candidate that was tried.",
            "The longest beginning of the word that is in the vocabulary is taken; then the same with the rest, now marked with ##. "
            "{tried:,} candidates were tried.",
            trace.tried,
        ).format(tried=trace.tried)
    )
    word = trace.word.text
    groups: dict[int, str] = {}
    for candidate in trace.candidates[:CANDIDATES_SHOWN]:
        done, tried, rest = word[: candidate.start], word[candidate.start : candidate.end], word[candidate.end :]
        verdict = _("in the vocabulary") if candidate.hit else _("no")
        groups[candidate.start] = groups.get(candidate.start, "") + tried_row(
            f"<i>{escape(visible(done, 40))}</i><b>{escape(visible(tried, 40))}</b><i>{escape(visible(rest, 40))}</i>",
            f"{'✓' if candidate.hit else '✗'} {escape(verdict)}",
            hit=candidate.hit,
        )
    tables = "".join(f'<div tabindex="0"><table class="steps">{rows}</table></div>' for rows in groups.values())
    st.html(TABLE_STYLE + f'<div class="steps-groups">{tables}</div>')
    more = trace.tried - CANDIDATES_SHOWN
    if more > 0:
        st.caption(
            ngettext("… and {count:,} more candidate.", "… and {count:,} more candidates.", more).format(count=more)
        )


def merges_table(trace: WordTrace) -> None:
    """Byte-pair encoding: the symbols it starts from, and every merge in order."""
    st.caption(
        _(
            "The word starts as single characters or bytes. Again and again the pair of neighbours that was learned first (lowest rank) is merged."
        )
    )
    rows = f"<tr><td></td><td></td><td><code>{escape(visible(' '.join(trace.symbols)))}</code></td></tr>"
    for merge in trace.merges[:CANDIDATES_SHOWN]:
        rank = _("rank {rank:,}").format(rank=merge.rank)
        rows += (
            f"<tr><td>{escape(rank)}</td><td><code>{escape(merge.left)} + {escape(merge.right)}</code></td>"
            f"<td><code>{escape(' '.join(merge.symbols)[:300])}</code></td></tr>"
        )
    st.html(TABLE_STYLE + f'<div class="steps-scroll" tabindex="0"><table class="steps">{rows}</table></div>')


def segmentations_table(trace: WordTrace) -> None:
    """Unigram: the most probable ways to spell the word."""
    st.caption(
        _(
            "Every piece has a probability; the spelling whose product is largest wins. The best ones, with the sum of their natural logarithms:"
        )
    )
    rows = "".join(
        tried_row(escape(" + ".join(found.pieces)[:300]), f"{found.total:.2f}", hit=i == 0)
        for i, found in enumerate(trace.segmentations)
    )
    st.html(TABLE_STYLE + f'<table class="steps">{rows}</table>')

"""Tokens: what the model really reads while you type, how each piece came about, and what other vocabularies would do."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import cast

import pandas as pd
import streamlit as st

from core import settings, vocabulary
from core.errors import UserError
from core.figures import tokens as token_figures
from core.figures import training as training_figures
from core.results import Tokens
from core.tokens import NORMALISERS, WordTrace, check_text
from pages.shared import cached, i18n, inputs, layout
from pages.shared.i18n import _
from pages.shared.snippets import tokens as snippets
from pages.topics.tokens import tokenizers, typing

ENTRIES = "tokens_entries"
ENTRIES_SHOWN = 50
NEIGHBOURS = 20
WORDS_OFFERED = 300
WORDS_SHOWN = 120
CANDIDATES_SHOWN = 120
GLYPHS = {" ": "·", "\t": "→", "\n": "¶", "\u00a0": "⍽"}
LONG = (
    "BERT reads at most 512 tokens at once. What comes after that is cut off before the model sees a single word of it, "
    "so the end of a long review, often the verdict itself, may never be read."
)
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


def numbers(result: Tokens) -> None:
    """What was cut, and four counts."""
    layout.what_was_cut(result)
    real = [token for token in result.tokens if token.source is not None]
    columns = st.columns(4)
    columns[0].metric(
        _("Number of tokens"),
        sum(token.attended for token in result.tokens),
        help=_("Special tokens included, padding left out."),
    )
    columns[1].metric(_("Words"), result.words, help=_("Separated by white space; in Chinese this says little."))
    columns[2].metric(
        _("Tokens per word"),
        f"{len(real) / result.words:.2f}",
        help=_(
            "Special tokens left out, counted on what was not cut. 1.00 means that every word is in the vocabulary as a whole."
        ),
    )
    columns[3].metric(
        _("Unknown"),
        result.unknown,
        help=_("Pieces the vocabulary cannot spell at all: the model reads [UNK] in their place."),
    )


@st.fragment
def typed(model: str, pair: str, max_length: int, pad_to: int) -> None:
    """The sentence, its tokens and their counts: computed first, and alone while somebody types."""
    with layout.mistakes():
        result = typing.box(model, pair, max_length, pad_to, table=typing.columns())
        if result:
            numbers(result)


@st.fragment
def typed_to_pick(model: str, chosen: str, pick: bool = True) -> None:
    """The sentence and its tokens; a click chooses a word."""
    with layout.mistakes():
        typing.box(model, pick=pick, chosen=chosen)


def shared_text() -> str:
    """The sentence as far as a page works on it."""
    return inputs.get("text")[: settings.MAX_TEXT_CHARS.value()]


def show_tokens(model: str) -> None:
    """The sentence as the model reads it."""
    limit = cached.tokenizer(model).model_max_length
    second, third, fourth = st.columns([4, 1, 1], vertical_alignment="bottom")
    with second:
        pair = inputs.pair("tokens")
    with third:
        max_length = inputs.cut("tokens", limit)
    pad_to = fourth.number_input(
        _("Pad to (tokens)"),
        0,
        limit,
        0,
        help=_("Fill up with [PAD], as in a batch with longer texts. 0 means no padding."),
    )
    typed(model, pair, max_length, int(pad_to))
    check_text(shared_text())
    st.caption(
        _(
            "Id: the row of the word embedding table. Position id: which position embedding is added. Segment id: which of the "
            "two segment embeddings is added. Attention mask: 1 where the model may look, 0 for padding."
        )
    )


# --- How a word is cut -------------------------------------------------------------------------------------------------


def show_word(model: str) -> None:
    """How one word of the sentence becomes its tokens."""
    typed_to_pick(model, inputs.get("word") or "0:0")
    text = shared_text()
    check_text(text)
    words = cached.words(model, text)
    if not words:
        st.info(_("After normalisation nothing is left of this text."))
        return
    options = {
        f"0:{word.index}": f"{word.index + 1} · {visible(text[word.start : word.end], 30)}"
        for word in words[:WORDS_OFFERED]
    }
    left, right = st.columns([1, 2], gap="large")
    with left:
        index = int(inputs.choice("word", "tokens", options, _("The word")).removeprefix("0:"))
    trace = cached.word_trace(model, text, index)
    with right:
        st.markdown(summary(trace))
    st.subheader(_("1 · Normalisation"), anchor=False)
    steps_table(trace)
    st.subheader(_("2 · Into words"), anchor=False)
    st.caption(
        _(
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
    st.subheader(_("3 · From the word to its pieces"), anchor=False)
    if not trace.traced:
        st.info(_("This word is too long to be followed step by step; only the result is shown."))
    elif trace.algorithm == "wordpiece":
        candidates_table(trace)
    elif trace.algorithm == "bpe":
        merges_table(trace)
    else:
        segmentations_table(trace)
    st.html(tokenizers.pieces_html(trace.pieces, cached.tokenizer(model, -1).unk_token_id, trace.algorithm))
    if trace.traced:
        st.caption(
            _("These steps were recomputed here; the tokenizers library gives the same pieces and ids.")
            if trace.agrees
            else _(
                "These steps were recomputed here; the tokenizers library ends in other pieces, which are the ones shown."
            )
        )
    st.subheader(_("4 · Special tokens and segments"), anchor=False)
    st.markdown(
        _(
            "Last, the special tokens are put around the text: this input begins with `{first}` and ends with `{last}`."
        ).format(**dict(zip(("first", "last"), [t.replace("`", "") for t in ends(model, text)], strict=True)))
    )


def ends(model: str, text: str) -> tuple[str, str]:
    """The first and the last token of the input."""
    found = cached.tokens(model, text).texts
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
        _(
            "The longest beginning of the word that is in the vocabulary is taken; then the same with the rest, now marked with ##. "
            "{tried:,} candidates were tried."
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
        st.caption(_("… and {count:,} more candidates.").format(count=more))


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


# --- Side by side, languages -------------------------------------------------------------------------------------------


def show_side_by_side(model: str) -> str:
    """The same text under every tokenizer; returns the code that gives the same pieces."""
    typed_to_pick(model, "", pick=False)
    text = shared_text()
    check_text(text)
    names = tokenizers.available(model)
    ready = tokenizers.trained()
    found = {name: cached.spelling(name, text) for name in names}
    all_rows = [replace(row, name=tokenizers.title(name)) for name, row in found.items()]
    made_rows = [vocabulary.spelling(made.tokenizer, text, name=asked.title) for asked, made in ready]
    if len(all_rows) + len(made_rows) > 1:
        st.plotly_chart(
            token_figures.spellings([*all_rows, *made_rows], text=_),
            alt=_("How many tokens the sentence is under each tokenizer; the pieces are below"),
        )
    for name, row in zip(names, all_rows, strict=True):
        tokenizers.row(row, cached.tokenizer(name, -1).unk_token_id)
    for (_asked, made), row in zip(ready, made_rows, strict=True):
        tokenizers.row(row, made.tokenizer.unk_token_id)
    tokenizers.train_form()
    if ready:
        st.subheader(_("What each merge or piece did"), anchor=False)
        titles = [asked.title for asked, _made in ready]
        chosen = st.selectbox(_("Trained tokenizer"), titles)
        tokenizers.learned_table(ready[titles.index(chosen)][1], text)
    if len(names) == 1:
        st.caption(
            _(
                "Only one model is on this machine. Others appear here once they have been fetched from the hub, for example by choosing them above."
            )
        )
    return snippets.spellings(names, text)


def show_languages(model: str) -> str:
    """What the same text costs in different languages; returns the code for the chosen tokenizer."""
    measure = cast(
        token_figures.Measure,
        inputs.part(
            "tokens",
            {
                "ratio": _("compared with English"),
                "per_character": _("tokens per character"),
                "per_word": _("tokens per word"),
                "unknown_share": _("share of unknown tokens"),
            },
            label=_("What is measured"),
        ),
    )
    names = tokenizers.available(model)
    costs = {tokenizers.title(name): cached.language_costs(name) for name in names}
    costs |= {asked.title: vocabulary.language_costs(made.tokenizer) for asked, made in tokenizers.trained()}
    st.plotly_chart(
        token_figures.language_costs(costs, measure, text=_),
        alt=_("What the same two sentences cost in each language; the numbers are in the table below"),
    )
    st.caption(
        _(
            "The same two sentences in {count} languages. More tokens mean slower and dearer computing and less text in the 512 tokens a "
            "model can read. Few tokens are no gain where they are [UNK]: then the model sees nothing of the word."
        ).format(count=len(vocabulary.LANGUAGES))
    )
    found = cached.language_costs(model)
    st.dataframe(
        pd.DataFrame(
            {
                _("Language"): [_(cost.language.name) for cost in found],
                _("Script"): [_(cost.language.script) for cost in found],
                _("Tokens"): [cost.tokens for cost in found],
                _("Tokens per character"): [cost.per_character for cost in found],
                _("Tokens per word"): [cost.per_word for cost in found],
                _("Unknown (%)"): [100 * cost.unknown_share for cost in found],
                _("Compared with English"): [cost.ratio for cost in found],
                _("Text"): [cost.language.text for cost in found],
            }
        ),
        hide_index=True,
        column_config={
            _("Tokens per character"): st.column_config.NumberColumn(format="%.2f"),
            _("Tokens per word"): st.column_config.NumberColumn(format="%.2f"),
            _("Unknown (%)"): st.column_config.NumberColumn(format="%.1f"),
            _("Compared with English"): st.column_config.NumberColumn(format="%.2f ×"),
        },
        alt=_("What each language costs under the chosen tokenizer"),
    )
    st.caption(
        _(
            "The table is for {model}. Chinese, Japanese and Thai put no spaces between words, so there is no number per word."
        ).format(model=layout.plain(tokenizers.title(model)))
    )
    return snippets.language_costs(model, {row.name: row.text for row in vocabulary.LANGUAGES.values()})


# --- Vocabulary, your data ---------------------------------------------------------------------------------------------


def choose_entry(ids: tuple[int, ...]) -> None:
    """A click on a row of the search chooses its entry."""
    for row in st.session_state[ENTRIES].selection.rows[:1]:
        inputs.put("entry", ids[row])


def show_vocabulary(model: str) -> None:
    """Search the vocabulary, and see what stands near an entry before any context."""
    first, second, third = st.columns([3, 3, 1.3], vertical_alignment="bottom")
    with first:
        query = inputs.search("tokens", label=_("Search (a piece of text, or an id)"))
    kinds = {name: _(row.title) for name, row in vocabulary.ENTRY_FILTERS.items()}
    with second:
        kind = cast(vocabulary.EntryKind, inputs.part("tokens", kinds, label=_("Kind of entry")))
    total = cached.entries(model, query, kind, 1).total
    pages = max(1, -(-total // ENTRIES_SHOWN))
    page = int(
        third.number_input(
            _("Page of {count:,}").format(count=pages), 1, pages, 1, key=f"entries_{query}_{kind}_{pages}"
        )
    )
    found = cached.entries(model, query, kind, ENTRIES_SHOWN, (page - 1) * ENTRIES_SHOWN)
    st.caption(
        _("{total:,} of {size:,} entries. {help}").format(
            total=found.total, size=found.size, help=_(vocabulary.ENTRY_FILTERS[kind].help)
        )
    )
    left, right = st.columns(2, gap="large")
    ids = tuple(row.id for row in found.rows)
    with left:
        st.dataframe(
            pd.DataFrame(
                {
                    _("Id"): ids,
                    _("Entry"): [row.text for row in found.rows],
                    _("Reads as"): [row.shown for row in found.rows],
                }
            ),
            hide_index=True,
            height=420,
            key=ENTRIES,
            on_select=lambda: choose_entry(ids),
            selection_mode="single-row",
            alt=_("Entries of the vocabulary"),
        )
        st.caption(_("Choose a row to see its neighbours."))
    size = int(cached.encoder(model).config.vocab_size)
    asked = inputs.number("entry", 0, size, size)
    entry = asked if asked < size else ids[0] if ids else None
    with right:
        if entry is None:
            st.info(_("Nothing in the vocabulary fits. Search for less, or choose another kind."))
        else:
            neighbours_table(model, entry)


def neighbours_table(model: str, entry: int) -> None:
    """The entries whose word embeddings are nearest to one entry's."""
    near = cached.neighbours(model, entry, NEIGHBOURS)
    names = cached.tokenizer(model, -1).convert_ids_to_tokens([entry, *(row.id for row in near)])
    st.markdown(
        _("**Nearest to {entry}** (id {id}) in the word embedding table").format(
            entry=layout.plain(str(names[0])), id=entry
        )
    )
    st.dataframe(
        pd.DataFrame(
            {
                _("Entry"): [str(name) for name in names[1:]],
                _("Id"): [row.id for row in near],
                _("Cosine similarity"): [row.similarity for row in near],
            }
        ),
        hide_index=True,
        height=420,
        column_config={
            _("Cosine similarity"): st.column_config.ProgressColumn(
                _("Cosine similarity"), min_value=0, max_value=1, format="%.3f", color="primary"
            )
        },
        alt=_("The entries nearest to the chosen one"),
    )
    st.caption(_("These are the vectors before the first layer: one for each entry, the same in every sentence."))


def counts_table(rows: Sequence[vocabulary.WordCount]) -> None:
    """Words with their pieces and how often they occur."""
    st.dataframe(
        pd.DataFrame(
            {
                _("Word"): [row.word for row in rows],
                _("Pieces"): [" ".join(row.pieces) for row in rows],
                _("Times"): [row.count for row in rows],
            }
        ),
        hide_index=True,
        height=320,
        alt=_("Words, their pieces, and how often they occur"),
    )


def show_data(model: str) -> None:
    """A dataset under the chosen tokenizer."""
    rows = tokenizers.sources()
    first, second, third = st.columns([3, 1.3, 1.3], vertical_alignment="bottom")
    source = first.selectbox(
        _("Texts"),
        list(rows),
        index=list(rows).index(inputs.get("data")) if inputs.get("data") in rows else 0,
        format_func=rows.__getitem__,
        help=_("A dataset of the studio, or a file that one of your runs was trained on."),
    )
    count = int(second.selectbox(_("Examples"), (500, 2000, 10000), 1, format_func="{:,}".format))
    with third:
        max_length = inputs.cut("tokens", cached.tokenizer(model).model_max_length)
    texts = tokenizers.texts_of(source, count)
    report, done = tokenizers.progress(_("{done:,} of {total:,} texts read"))
    found = cached.corpus_statistics(model, texts, max_length, report)
    done()
    assert found is not None
    st.plotly_chart(
        training_figures.length_histogram(found.lengths, max_length, text=_),
        alt=_("How many tokens the examples have, and where they are cut"),
    )
    columns = st.columns(4)
    columns[0].metric(_("Examples"), f"{len(found.lengths):,}", help=_("The first ones of the training split."))
    columns[1].metric(
        _("Cut"),
        f"{100 * found.cut_share:.1f} %",
        help=_("{cut:,} examples are longer than {limit} tokens; {lost:,} tokens are lost.").format(
            cut=found.cut, limit=max_length, lost=found.lost
        ),
    )
    columns[2].metric(
        _("Unknown tokens"),
        f"{100 * found.unknown_share:.2f} %",
        help=_("{unknown:,} of {tokens:,} tokens are unknown to the vocabulary.").format(
            unknown=found.unknown_tokens, tokens=found.tokens
        ),
    )
    columns[3].metric(
        _("Vocabulary in use"),
        f"{100 * found.used / found.vocabulary:.0f} %",
        help=_("{used:,} of {size:,} entries occur in these examples.").format(used=found.used, size=found.vocabulary),
    )
    left, middle, right = st.columns(3)
    with left:
        st.markdown("**" + _("Most frequent pieces") + "**")
        st.dataframe(
            pd.DataFrame(
                {
                    _("Piece"): [row.text for row in found.pieces],
                    _("Id"): [row.id for row in found.pieces],
                    _("Times"): [row.count for row in found.pieces],
                }
            ),
            hide_index=True,
            height=320,
            alt=_("The most frequent entries of the vocabulary in these examples"),
        )
    with middle:
        st.markdown("**" + _("Words cut into most pieces") + "**")
        counts_table(found.split)
    with right:
        st.markdown("**" + _("Words that became unknown") + "**")
        if found.unknown:
            counts_table(found.unknown)
        else:
            st.caption(_("None: every word of these examples can be spelled."))


with layout.page(
    _("Tokens"),
    _(
        "A model does not read words: it reads numbers. See how a sentence is cut into the pieces of the vocabulary, "
        "which number each piece has, and what is added or lost on the way."
    ),
):
    left, right = st.columns([2, 5], vertical_alignment="bottom")
    with left:
        model = inputs.model("tokens")
    cached.tokenizer(model)  # a model that cannot be had is said before anything is drawn
    with right:
        view = inputs.view(
            "tokens",
            {
                "tokens": _("Tokens"),
                "word": _("How a word is cut"),
                "side": _("Side by side"),
                "languages": _("Languages"),
                "vocabulary": _("Vocabulary"),
                "data": _("Your data"),
            },
            label=_("View"),
        )
    code = ""
    try:
        if view == "tokens":
            show_tokens(model)
            text, pair, limit = shared_text(), inputs.get("pair"), cached.tokenizer(model).model_max_length
            code = snippets.tokens(model, text, pair, min(int(inputs.get("cut")), limit))
        elif view == "word":
            show_word(model)
        elif view == "side":
            code = show_side_by_side(model)
        elif view == "languages":
            code = show_languages(model)
        elif view == "vocabulary":
            show_vocabulary(model)
        else:
            show_data(model)
    except UserError as error:
        st.error(layout.plain(i18n.error_text(error)), icon=":material/error:")

    layout.experiments(
        "tokens",
        (
            layout.Experiment(
                _("The tutorial's sentence"),
                _(
                    "The tutorial prints `I [SEP] love [SEP] eating [SEP] pizza [SEP]` with made-up ids. The truth: one "
                    "`[CLS]` in front, one `[SEP]` at the end, and with this vocabulary the ids 101 1045 2293 5983 10733 102."
                ),
                {"text": "I love eating pizza", "pair": "", "model": "minilm", "view": "tokens"},
            ),
            layout.Experiment(
                _("A word the vocabulary lacks"),
                _(
                    "Rare words are spelled from pieces; `##` marks a piece that continues a word. Change a letter and watch the pieces change."
                ),
                {"text": "Untokenizable words are spelled, not unknown", "pair": "", "view": "tokens"},
            ),
            layout.Experiment(
                _("Chinese in an English vocabulary"),
                _(
                    "Common characters have an entry of their own, others become `[UNK]`: the model cannot tell those apart. bert-base-chinese knows them."
                ),
                {"text": "我爱吃披萨，也爱喝咖啡。", "pair": "", "view": "tokens"},
            ),
            layout.Experiment(
                _("A question and its answer"),
                _(
                    "A pair has one `[CLS]` and two `[SEP]`. The segment, A or B, tells the model which text a token belongs to."
                ),
                {
                    "text": "Who wrote the play?",
                    "pair": "It was written by an unknown author in 1604.",
                    "view": "tokens",
                },
            ),
            layout.Experiment(
                _("Too long"),
                _(
                    "Cut at 16 tokens: the verdict is lost, and no error is raised. That is why the cut text is shown here."
                ),
                {"text": LONG, "pair": "", "cut": "16", "view": "tokens"},
            ),
            layout.Experiment(
                _("Longest match first"),
                _(
                    "*Untokenizable* means *un* + *token* + *izable*, but the vocabulary takes the longest beginning it has, whatever it means: *unto*. "
                    "Watch every candidate fail until one fits, then the same with the rest."
                ),
                {
                    "text": "Untokenizable words are spelled, not unknown",
                    "word": "0:0",
                    "model": "minilm",
                    "view": "word",
                },
            ),
            layout.Experiment(
                _("What normalisation throws away"),
                _(
                    "An uncased vocabulary drops capitals and accents before it looks: *Résumé* and *resume* become the same tokens. "
                    "What is dropped here, no layer can bring back."
                ),
                {"text": "Résumé or resume?", "word": "0:0", "model": "minilm", "view": "word"},
            ),
            layout.Experiment(
                _("The price of a language"),
                _(
                    "The same two sentences, written in many languages, under an English vocabulary: English needs the fewest tokens for each "
                    "word, and for some scripts most of what the model reads is letters or [UNK]."
                ),
                {"model": "minilm", "view": "languages", "part": "ratio"},
            ),
            layout.Experiment(
                _("Neighbours of a word"),
                _(
                    "Before any context *king* stands near *queen*, *prince* and *kings*: the first table of numbers already holds some "
                    "meaning. Words with two meanings have one place in it all the same."
                ),
                {"model": "minilm", "view": "vocabulary", "query": "king", "part": "all", "entry": "2332"},
            ),
        ),
    )

    if code:
        layout.show_code(code)

"""The vocabulary: its entries searched, and what stands near one before any context."""

from typing import cast

import pandas as pd
import streamlit as st

from core import openings, vocabulary
from pages.shared import inputs, layout
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _
from pages.topics.tokens.sentence import shared_text

ENTRIES = "tokens_entries"
ENTRIES_SHOWN = 50
NEIGHBOURS = 20


def choose_entry(ids: tuple[int, ...]) -> None:
    """A click on a row of the search chooses its entry."""
    for row in st.session_state[ENTRIES].selection.rows[:1]:
        inputs.put("entry", ids[row])


def _telling(model: str) -> int | None:
    """The entry that the vocabulary opens at: the sentence's longest word in one piece. Ids are places in the list of all."""
    text = shared_text()
    found = cached_tokens.tokens(model, text) if text.strip() else None
    hidden = openings.word_to_hide(found) if found else ()
    return found.tokens[hidden[0]].id if found and hidden else None


def show(model: str) -> None:
    """Search the vocabulary, and see what stands near an entry before any context."""
    first, second, third = st.columns([3, 3, 1.3], vertical_alignment="bottom")
    with first:
        query = inputs.search("tokens", label=_("Search (a piece of text, or an id)"))
    kinds = {name: _(row.title) for name, row in vocabulary.ENTRY_FILTERS.items()}
    with second:
        kind = cast(vocabulary.EntryKind, inputs.part("tokens", kinds, label=_("Kind of entry")))
    total = cached_tokens.entries(model, query, kind, 1).total
    pages = max(1, -(-total // ENTRIES_SHOWN))
    telling = None if query or kind != "all" else _telling(model)
    page = int(
        third.number_input(
            _("Page of {count:,}").format(count=pages), 1, pages, 1 + (telling or 0) // ENTRIES_SHOWN,
            key=f"entries_{query}_{kind}_{pages}_{telling}",
        )
    )  # fmt: skip
    found = cached_tokens.entries(model, query, kind, ENTRIES_SHOWN, (page - 1) * ENTRIES_SHOWN)
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
            selection_default={"selection": {"rows": [ids.index(telling)] if telling in ids else []}},
            alt=_("Entries of the vocabulary"),
        )
        st.caption(_("Choose a row to see its neighbours."))
    size = int(cached_models.encoder(model).config.vocab_size)
    asked = inputs.number("entry", 0, size, size)
    entry = asked if asked < size else telling if telling in ids else ids[0] if ids else None
    with right:
        if entry is None:
            st.info(_("Nothing in the vocabulary fits. Search for less, or choose another kind."))
        else:
            neighbours_table(model, entry)


def neighbours_table(model: str, entry: int) -> None:
    """The entries whose word embeddings are nearest to one entry's."""
    near = cached_tokens.neighbours(model, entry, NEIGHBOURS)
    names = cached_models.tokenizer(model, -1).convert_ids_to_tokens([entry, *(row.id for row in near)])
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

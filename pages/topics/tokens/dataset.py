"""A dataset under the chosen tokenizer: lengths, what is cut, frequent and unknown words."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import vocabulary
from core.figures import training as training_figures
from pages.shared import charts, choices, inputs
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, ngettext
from pages.topics.tokens import tokenizers


def show(model: str, options: DeltaGenerator) -> None:
    """A dataset under the chosen tokenizer. options: the place of what is seldom chosen."""
    rows = tokenizers.sources()
    first, second = st.columns([3, 1], vertical_alignment="bottom")
    with first:
        source = choices.listed(
            _("Data"),
            rows,
            choices.kept(
                "dataset_source", rows, inputs.get("data") if inputs.get("data") in rows else next(iter(rows))
            ),
            key="dataset_source",
            help=_("A dataset of the studio, or a file that one of your runs was trained on."),
        )
    with second:
        counts = {number: f"{number:,}" for number in (500, 2000, 10000)}
        count = choices.listed(_("Examples"), counts, choices.kept("dataset_count", counts, 2000), key="dataset_count")
    with options:
        max_length = inputs.cut("tokens", cached_models.tokenizer(model).model_max_length)
    texts = tokenizers.texts_of(source, count)
    report, done = tokenizers.progress(_("{done:,} of {total:,} texts read"))
    found = cached_tokens.corpus_statistics(model, texts, max_length, report)
    done()
    assert found is not None
    charts.plot(
        training_figures.length_histogram(found.lengths, max_length, text=_),
        key="tokens_lengths",
        alt=_("How many tokens the examples have, and where they are cut"),
    )
    columns = st.columns(4)
    columns[0].metric(_("Examples"), f"{len(found.lengths):,}", help=_("The first ones of the training split."))
    columns[1].metric(
        _("Cut"),
        f"{100 * found.cut_share:.1f}%",
        help=ngettext(
            "{cut:,} example is longer than {limit} tokens; {lost:,} tokens are lost.",
            "{cut:,} examples are longer than {limit} tokens; {lost:,} tokens are lost.",
            found.cut,
        ).format(cut=found.cut, limit=max_length, lost=found.lost),
    )
    columns[2].metric(
        _("Unknown tokens"),
        f"{100 * found.unknown_share:.2f}%",
        help=ngettext(
            "{unknown:,} of {tokens:,} tokens is unknown to the vocabulary.",
            "{unknown:,} of {tokens:,} tokens are unknown to the vocabulary.",
            found.unknown_tokens,
        ).format(unknown=found.unknown_tokens, tokens=found.tokens),
    )
    columns[3].metric(
        _("Vocabulary in use"),
        f"{100 * found.used / found.vocabulary:.0f}%",
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
        if found.split:
            counts_table(found.split)
        else:
            st.caption(_("None: these examples set no spaces between words, or every word has an entry of its own."))
    with right:
        st.markdown("**" + _("Words that became unknown") + "**")
        if found.unknown:
            counts_table(found.unknown)
        else:
            st.caption(_("None: every word of these examples can be spelled."))


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

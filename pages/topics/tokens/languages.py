"""What the same text costs in different languages."""

from typing import cast

import pandas as pd
import streamlit as st

from core import vocabulary
from core.figures import tokens as token_figures
from pages.shared import charts, inputs, layout
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _
from pages.shared.snippets import tokens as snippets
from pages.topics.tokens import tokenizers


def show(model: str) -> str:
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
    costs = {tokenizers.title(name): cached_tokens.language_costs(name) for name in names}
    costs |= {asked.title: vocabulary.language_costs(made.tokenizer) for asked, made in tokenizers.trained()}
    charts.plot(
        token_figures.language_costs(costs, measure, text=_),
        key="tokens_languages",
        alt=_("What the same two sentences cost in each language; the numbers are in the table below"),
    )
    st.caption(
        _(
            "The same two sentences in {count} languages. More tokens mean slower and dearer computing and less text in the 512 tokens a "
            "model can read. Few tokens are no gain where they are [UNK]: then the model sees nothing of the word."
        ).format(count=len(vocabulary.LANGUAGES))
    )
    found = cached_tokens.language_costs(model)
    st.dataframe(
        pd.DataFrame(
            {
                _("Language"): [_(cost.language.name) for cost in found],
                _("Script"): [_(cost.language.script) for cost in found],
                _("Number of tokens"): [cost.tokens for cost in found],
                _("Tokens per character"): [cost.per_character for cost in found],
                _("Tokens per word"): [cost.per_word for cost in found],
                _("Unknown (%)"): [100 * cost.unknown_share for cost in found],
                _("Compared with English"): [cost.ratio for cost in found],
                _("Text"): [cost.language.text for cost in found],
            }
        ),
        hide_index=True,
        placeholder="–",
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

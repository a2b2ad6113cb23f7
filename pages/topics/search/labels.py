"""Labels written in words: a text gets the nearest one without any training, and how far that goes beside learning from examples."""

import pandas as pd
import streamlit as st

from core import bundled
from core.bundled import READY
from core.errors import UserError
from core.search import zero_shot
from pages.shared import few_examples, inputs, layout, progress
from pages.shared.cached import search as cached_search
from pages.shared.data_form import report
from pages.shared.i18n import _, language, ngettext, sentences
from pages.shared.snippets import search as snippets

DATA = {"en": "topics", "zh": "topics-zh"}


def example() -> str:
    """The text that is classified until the visitor writes another one."""
    return _("Volunteers have planted two hundred trees along the river, where otters have been seen again.")


def show(model: str, text: str) -> None:
    """The nearest label of a text, and what labels in words reach on the news."""
    if not text.strip():
        raise UserError("there is no text; write one that is to get a label")
    with st.expander(_("The labels, with what each means"), icon=":material/label:"):
        written = inputs.lines(
            "labels", "search", label=_("Labels, one a line: name, colon, description"), example=_(zero_shot.NEWS), height=230,
            help_text=_("Write your own: any two or more. The figures below need the labels of the news."),
        )  # fmt: skip
    labels = zero_shot.read_labels(written)
    report.warnings(cached_search.advice_on(model, text))
    cosines = cached_search.described(model, tuple(labels.values())) @ cached_search.vector(model, text)
    order = sorted(range(len(labels)), key=lambda place: -cosines[place])
    names = list(labels)
    st.markdown(f"## {layout.plain(names[order[0]])}")
    second = _("Similarity {value:.2f}; the next is {label} with {other:.2f}.")
    st.caption(second.format(value=cosines[order[0]], label=layout.plain(names[order[1]]), other=cosines[order[1]]))
    st.dataframe(
        pd.DataFrame({_("Label"): [labels[names[place]] for place in order], _("Similarity"): [cosines[place] for place in order]}),
        hide_index=True,
        column_config={_("Similarity"): st.column_config.ProgressColumn(format="%.2f", min_value=0.0, max_value=max(1e-6, float(cosines.max())))},
        alt=_("The labels with their similarity to the text"),
    )  # fmt: skip
    layout.show_code(snippets.labels(model, text, tuple(labels.values()), cached_search.max_length(model)))
    st.header(_("How far does one get without training?"), anchor=False)
    _measured(model, labels)


def _measured(model: str, labels: dict[str, str]) -> None:
    data = DATA[language()]
    rows = progress.work(
        f"search_news_{model}_{data}",
        _("Reading the news"),
        lambda tell: cached_search.classified(model, data, tell),
    )
    if rows is None:
        return
    if set(labels) != set(rows.labels):
        st.info(
            _("The test needs just these labels, each once: {labels}. Their descriptions are yours to choose.").format(labels=", ".join(rows.labels))
        )  # fmt: skip
        return
    none = few_examples.show(model, data, labels, "few_examples")
    low, high = none.bounds
    tuned = next((name for name, row in READY.items() if row.data == data and row.base == model), "")
    st.caption(
        sentences(
            ngettext(
                "Labels in words reach {value:.3f} (95% interval {low:.3f}–{high:.3f}) on {n:,} test item of {data}.",
                "Labels in words reach {value:.3f} (95% interval {low:.3f}–{high:.3f}) on {n:,} test items of {data}.",
                len(rows.test[2]),
            ).format(value=none.value, low=low, high=high, n=len(rows.test[2]), data=data),
            _("The other points are means of {draws} draws of training items, their bars the worst and the best draw.").format(draws=zero_shot.DRAWS),
            *([_("Fine-tuned on all {rows:,} items, the model comes to {value:.3f}.").format(rows=len(rows.train[2]), value=bundled.evaluation(tuned).metrics["accuracy"].value)] if tuned else []),
            _("Change a description and see what the words are worth: whoever tunes them on these test items no longer measures."),
        )
    )  # fmt: skip

"""The Attention page's topic "What heads do": every head measured on a sample of texts."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import heads, openings
from core.batches import Report
from core.data.bundled import DATASETS
from core.figures import heads as figures
from pages.shared import charts, inputs, layout, progress
from pages.shared.cached import attention as cached_attention
from pages.shared.cached import data as cached_data
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.snippets import attention as snippets

GRID = "heads_grid"
SAMPLE = 100


def label_text(label: heads.Label) -> str:
    """A head's plain label with its number."""
    return _(label.text).format(number=f"{label.number:.2f}")


def choose(key: str) -> None:
    """A click on a grid of heads chooses its layer and head."""
    for point in st.session_state[key].selection.points[:1]:
        for name, value in zip(("layer", "head"), point["customdata"][:2], strict=True):
            inputs.put(name, int(value))


def to_map() -> None:
    """Go to the chosen head's map."""
    inputs.put("view", "explorer")


def _texts(sample: str, text: str) -> tuple[str, ...]:
    """The texts that heads are measured on: rows spread evenly over the data's test split, or the sentence."""
    if sample == "sentence":
        return (text,)
    splits = cached_data.dataset(sample).splits
    rows = splits["test"] if len(splits["test"]) else splits["train"]
    step = max(1, len(rows) // SAMPLE)
    return tuple(rows["text"][: step * SAMPLE : step])


def show(model: str, text: str, pair: str, cut: int, options: DeltaGenerator) -> str:
    """The grid of all heads, coloured by one statistic, and the chosen head in numbers; returns the code behind them.

    options: the place of what is seldom chosen.
    """
    offered = {name: _(row.title) for name, row in DATASETS.items()} | {"sentence": _("only the sentence above")}
    with options:
        sample = inputs.choice("sample", "attention", offered, _("Texts that heads are measured on"))
    texts = _texts(sample, text)
    found = cached_attention.head_statistics(model, texts, cut)
    if found is None:

        def measure(report: Report) -> heads.HeadStatistics | None:
            return cached_attention.head_statistics(model, texts, cut, report)

        name = f"heads_{model}_{sample}_{cut}_{text if sample == 'sentence' else ''}"
        found = progress.work(name, _("Reading texts"), measure)
    if found is None:
        return ""
    layers, count = found.values["entropy"].shape
    statistic, *place = openings.clearest(found.values, heads.NAMES)
    titles = {name: _(row.title) for name, row in heads.STATISTICS.items()}
    colour = inputs.telling("colour", "attention", titles, _("Coloured by"), statistic)
    row = heads.STATISTICS[colour]
    layer, head = inputs.head_of(layers, count, (place[0], place[1]))
    unit = {"bits": _("bits"), "tokens": _("tokens"), "share": _("share of the attention, 0–1")}[row.unit]
    with layout.wide("attention_heads_grid"):
        charts.plot(
            figures.head_grid(
                found.values[colour],
                title=_("{statistic} of every head").format(statistic=_(row.title)),
                bar=unit,
                high=1.0 if row.unit == "share" else None,
                selected=(layer, head),
                text=_,
            ),
            key=GRID,
            on_select=lambda: choose(GRID),
            selection_mode="points",
            alt=_(
                "One number for every head, layers from top to bottom, heads from left to right; all of them are in the table below"
            ),
        )
    st.caption(
        sentences(
            _(row.help),
            ngettext(
                "Averages over {tokens:,} words and word pieces of {texts:,} text. Click a head to choose it.",
                "Averages over {tokens:,} words and word pieces of {texts:,} texts. Click a head to choose it.",
                found.texts,
            ).format(tokens=found.tokens, texts=found.texts),
            _("Texts cut at {limit} tokens: {count:,}.").format(limit=cut, count=found.cut) if found.cut else "",
        )
    )
    if pair and sample == "sentence":
        st.caption(_("The second sentence is left out here: heads are measured on single texts."))
    _chosen(found, layer, head)
    _table(found)
    return snippets.head_statistics(model, texts, cut, layer, head)


def _chosen(found: heads.HeadStatistics, layer: int, head: int) -> None:
    """The chosen head: its label, and every statistic beside the average of all heads."""
    st.header(
        _("Layer {layer}, head {head}: {label}").format(
            layer=layer + 1, head=head + 1, label=label_text(found.labels[layer][head])
        ),
        anchor=False,
    )
    st.caption(
        _(
            "The label names the place that gets at least half of the attention, with its share; without such a place a head is called even or mixed. "
            "It says what the head does on average, not what it is for."
        )
    )
    st.dataframe(
        pd.DataFrame(
            {
                _("Statistic"): [_(row.title) for row in heads.STATISTICS.values()],
                _("This head"): [_number(found, name, layer, head) for name in heads.STATISTICS],
                _("Average of all heads"): [
                    _written(name, float(found.values[name].mean())) for name in heads.STATISTICS
                ],
                _("Meaning"): [_(row.help) for row in heads.STATISTICS.values()],
            }
        ),
        hide_index=True,
        alt=_("All statistics of the chosen head"),
    )
    st.button(_("Show this head's map of the sentence"), on_click=to_map, icon=":material/grid_on:")


def _number(found: heads.HeadStatistics, name: str, layer: int, head: int) -> str:
    return _written(name, float(found.values[name][layer, head]))


def _written(name: str, value: float) -> str:
    if heads.STATISTICS[name].unit == "share":
        return f"{value:.1%}"
    unit = _("bits") if heads.STATISTICS[name].unit == "bits" else _("tokens")
    return f"{value:.2f} {unit}"


def _table(found: heads.HeadStatistics) -> None:
    """Every head in one row: what the grid shows, in text."""
    layers, count = found.values["entropy"].shape
    places = [(layer, head) for layer in range(layers) for head in range(count)]
    columns: dict[str, list[object]] = {
        _("Layer"): [layer + 1 for layer, _head in places],
        _("Head"): [head + 1 for _layer, head in places],
        _("What it does"): [label_text(found.labels[layer][head]) for layer, head in places],
    }
    for name, row in heads.STATISTICS.items():
        columns[_(row.title)] = [float(found.values[name][place]) for place in places]
    with st.expander(_("All heads as a table"), icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(columns),
            hide_index=True,
            column_config={
                _(row.title): st.column_config.NumberColumn(format="%.3f") for row in heads.STATISTICS.values()
            },
            alt=_("Every head with its label and all statistics"),
        )

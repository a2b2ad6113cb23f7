"""From a cell of the confusion matrix to its rows: read them, have one explained, correct labels, train again.

What is corrected is kept in the visitor's session until a copy of the data is written. This module does not know how an answer
is explained, nor how a run is set up.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data import clean
from core.data.corrected import corrected
from core.results import Reading, RunReport
from core.runs import Run
from core.tasks.classify import Labelled
from core.tasks.labels import match_labels
from pages.shared import choices, inputs, layout, progress, recipe
from pages.shared.cached import answers
from pages.shared.cached import data as cached_data
from pages.shared.data_form.uploads import keep_upload, mine
from pages.shared.i18n import _, ngettext
from pages.shared.words import shortened

SHOWN_CHARS = 300
TITLE_CHARS = 80
MOST_ROWS = 200  # that are listed
WRITTEN = Reading(header=True, encoding="utf-8", delimiter=",")  # how a corrected copy is written


@dataclass(frozen=True)
class Row:
    """A row that was measured: its texts by role, its label, and the answer."""

    texts: Mapping[str, str]
    true: str
    answer: Labelled

    @property
    def key(self) -> str:
        return clean.key(self.texts.values())

    @property
    def cell(self) -> tuple[str, str]:
        return self.true, self.answer.label


def cells(run: Run, report: RunReport, page: str) -> None:
    """The rows of a cell, chosen among those that are not empty; computed when they are asked for."""
    if not st.toggle(_("Show the rows behind the confusion matrix, and correct labels"), key=f"cells_{page}_{run.id}"):
        return
    with layout.mistakes():
        rows = _measured(run, report)
        if rows is not None:
            _choose(run, rows, page)


def _measured(run: Run, report: RunReport) -> list[Row] | None:
    """Every row that the result comes from with its answer; None while that was cancelled."""
    split = report.split
    found = answers.on_measured_rows(run.id, split)
    if found is None:
        title = _("Answering the rows that the result comes from")
        found = progress.work(f"cells_{run.id}", title, lambda told: answers.on_measured_rows(run.id, split, told))
    if found is None:
        return None
    dataset = cached_data.run_data(run.id)
    labels = [answer for answer in found if isinstance(answer, Labelled)]
    names = list(labels[0].probabilities) if labels else []
    own = [names[place] for place in match_labels(names, dataset.label_names)]
    numbers = dataset.splits[split]["label"]
    return [Row(answer.inputs, own[number], answer) for number, answer in zip(numbers, labels, strict=True)]


def _choose(run: Run, rows: list[Row], page: str) -> None:
    """A cell, its rows, and one of them."""
    counts = Counter(row.cell for row in rows)
    order = sorted(counts, key=lambda cell: (cell[0] == cell[1], -counts[cell]))
    options = {cell: _cell_name(cell, counts[cell]) for cell in order}
    key = f"cell_{page}_{run.id}"
    cell = choices.listed(
        _("Cell of the confusion matrix: label in the data → answer"),
        options,
        choices.kept(key, options, order[0]),
        key=key,
    )
    chosen = sorted((row for row in rows if row.cell == cell), key=lambda row: -row.answer.probability)
    corrections = _corrections(run)
    pair = any("pair" in row.texts for row in chosen)
    frame = pd.DataFrame(
        {
            _("Text"): [shortened(row.texts["text"], SHOWN_CHARS) for row in chosen],
            **({_("Second text"): [shortened(row.texts["pair"], SHOWN_CHARS) for row in chosen]} if pair else {}),
            _("Confidence"): [row.answer.probability for row in chosen],
            _("Corrected label"): [corrections.get(row.key, "") for row in chosen],
        }
    ).head(MOST_ROWS)
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            _("Text"): st.column_config.TextColumn(width="large"),
            _("Confidence"): st.column_config.NumberColumn(format="%.3f", width="small"),
        },
        alt=_("The rows of the cell, those that the model was surest of first"),
    )
    _one(run, chosen[:MOST_ROWS], list(rows[0].answer.probabilities), page)
    if corrections:
        _train_again(run, corrections, page)


def _cell_name(cell: tuple[str, str], count: int) -> str:
    true, predicted = cell
    if true == predicted:
        return _("{label}: right ({count:,})").format(label=true, count=count)
    return f"{true} → {predicted} ({count:,})"


def _one(run: Run, rows: list[Row], labels: list[str], page: str) -> None:
    """One row of the cell: its whole text, the way to its explanation, and its label, open to correction."""
    titles = {row.key: shortened(" | ".join(row.texts.values()), TITLE_CHARS) for row in rows}
    key = f"row_{page}_{run.id}"
    chosen = choices.listed(_("Row"), titles, choices.kept(key, titles, rows[0].key), key=key)
    row = next(row for row in rows if row.key == chosen)
    with st.container(border=True):
        for text in row.texts.values():
            st.markdown(layout.plain(text))
        options = {label: label for label in labels} | {"": _("leave this row out")}
        widget = f"correct_{page}_{run.id}_{sha256(row.key.encode()).hexdigest()[:12]}"
        with st.container(horizontal=True, vertical_alignment="bottom"):
            choices.listed(
                _("Its right label"),
                options,
                _corrections(run).get(row.key, row.true),
                key=widget,
                on_change=lambda: _correct(run, row, st.session_state[widget]),
                width=260,
            )
            st.page_link(
                "pages/playground.py",
                label=_("Have the answer explained"),
                icon=":material/sports_esports:",
                query_params=inputs.link() | {"model": f"run:{run.id}", "view": "one", **row.texts},
            )


def _corrections(run: Run) -> dict[str, str]:
    """What was corrected of the data of a run: key of a row → label."""
    found: dict[str, str] = st.session_state.setdefault(f"corrections_{run.id}", {})
    return found


def _correct(run: Run, row: Row, label: str) -> None:
    others = {key: other for key, other in _corrections(run).items() if key != row.key}
    st.session_state[f"corrections_{run.id}"] = others if label == row.true else {**others, row.key: label}


def _train_again(run: Run, corrections: Mapping[str, str], page: str) -> None:
    """The way to a run with a corrected copy of the data."""
    count = len(corrections)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            ngettext(
                "Train again with {count} corrected label", "Train again with {count} corrected labels", count
            ).format(count=count),
            key=f"corrected_{page}_{run.id}",
            type="primary",
            icon=":material/model_training:",
        ):
            _open_form(run, corrections)
        st.button(
            _("Forget the corrections"),
            key=f"uncorrected_{page}_{run.id}",
            on_click=st.session_state.pop,
            args=(f"corrections_{run.id}",),
            icon=":material/undo:",
        )
    st.caption(
        _(
            "The corrections go into a copy of the data; the original and this run stay as they are. Training and test rows stay the same, so that the two runs can be compared."
        )
    )


def _open_form(run: Run, corrections: Mapping[str, str]) -> None:
    """Write the corrected copy, and open Fine-tune with it and the settings of the run."""
    config = run.config
    copy = corrected(cached_data.run_table(run.id), cached_data.run_data(run.id), config.preparation, corrections)
    data = mine(keep_upload(f"{Path(config.data).stem}-corrected.csv", copy.csv().encode()))
    recipe.take_over(run.id)
    inputs.put("data", data)
    preparation = replace(config.preparation, split=copy.split)
    columns = tuple(cached_data.run_data(run.id).columns.items())
    recipe.values().take(replace(config, columns=columns, reading=WRITTEN, preparation=preparation))
    inputs.put("run", "")
    st.switch_page("pages/finetune.py")

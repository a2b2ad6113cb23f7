"""Mending labels: merging, renaming and leaving out, whatever has them.

What was said is kept with the other values of the form. This module does not know where the data comes from.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256

import pandas as pd
import streamlit as st

from core.data import relabel
from core.data.clean import MAX_LABELS
from core.data.dataset import Kind, Layout
from core.errors import N_
from core.results import DataReport
from pages.shared import choices, layout, recipe
from pages.shared.i18n import _, sentences

USED, NAME = "used", "name"  # columns of the table that can be edited
OPEN = "mend_labels"
WHAT_BECOMES: Mapping[Kind, str] = {
    "label": N_("Give two labels the same name to merge them. Rows whose label is not used are left out."),
    "labels": N_(
        "Give two labels the same name to merge them. A label that is not used is taken off its rows, which stay."
    ),
    "tags": N_("Give two types the same name to merge them. What is not used counts as no entity."),
}


def editor(labels: Callable[[], Mapping[str, int]], rows: Layout, values: recipe.Values) -> None:
    """A table of the labels in which each can get another name or be left out; open when it is asked for, or has been used.

    labels: label as it is read → rows or mentions, asked when it is needed. values: where what is said is kept.
    """
    if rows.labels is None:
        return  # scores have none
    names = dict(values.preparation().labels)
    if OPEN not in st.session_state:
        st.session_state[OPEN] = bool(names)
    if not st.toggle(_("Merge, rename or leave out labels"), key=OPEN, persist_state=choices.UNTIL_DRAWN):
        return
    counts = labels()
    if not 1 < len(counts) <= MAX_LABELS:
        return
    tags = "tags" in rows.kinds
    key = "labels_" + sha256(repr((counts, names)).encode()).hexdigest()[:12]
    frame = pd.DataFrame(
        {
            "label": list(counts),
            "rows": list(counts.values()),
            USED: [bool(names.get(label, label)) for label in counts],
            NAME: [names.get(label, label) for label in counts],
        }
    )
    st.data_editor(
        frame,
        hide_index=True,
        disabled=["label", "rows"],
        column_config={
            "label": st.column_config.TextColumn(_("Label in the data")),
            "rows": st.column_config.NumberColumn(_("Entities") if tags else _("Rows"), format="%d"),
            USED: st.column_config.CheckboxColumn(_("Used")),
            NAME: st.column_config.TextColumn(_("Called"), max_chars=100),
        },
        key=key,
        on_change=lambda: _keep(values, edited(names, list(counts), st.session_state[key]["edited_rows"])),
    )
    st.caption(
        sentences(
            _(WHAT_BECOMES[next(kind for kind in WHAT_BECOMES if kind in rows.kinds)]),
            _("The file stays as it is; the run remembers what you said."),
        )
    )
    if names:
        st.button(
            _("Back to the labels as they are in the data"),
            key="labels_back",
            on_click=_keep,
            args=(values, {}),
            icon=":material/undo:",
        )


def edited(names: Mapping[str, str], labels: list[str], changes: Mapping[int, Mapping[str, object]]) -> dict[str, str]:
    """The names after what was edited in the table. changes: number of a row → column → what stands there now."""
    found = dict(names)
    for number, cells in changes.items():
        label = labels[int(number)]
        name = str(cells[NAME] or "").strip() if NAME in cells else label
        found[label] = name if cells.get(USED, True) else ""
    return {label: name for label, name in found.items() if name != label}


def _keep(values: recipe.Values, names: Mapping[str, str]) -> None:
    values.prepare(labels=tuple(names.items()))
    st.session_state[OPEN] = True


def offer_merge(report: DataReport, labels: Callable[[], Mapping[str, int]], values: recipe.Values) -> None:
    """A button that merges labels which differ in case or spaces only. labels: as of `editor`."""
    same = relabel.alike(report.label_counts)
    if not same:
        return
    names = relabel.merged(dict(values.preparation().labels), labels(), same)
    first, usual = next(iter(same.items()))
    title = _("Merge “{label}” into “{usual}”").format(label=first, usual=usual)
    if len(same) > 1:
        title = _("Merge the labels that differ in case or spaces only")
    st.button(
        layout.plain(title),
        key="merge_labels",
        on_click=_keep,
        args=(values, names),
        icon=":material/merge:",
    )

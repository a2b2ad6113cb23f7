"""What training changed: how far each group of a run's parameters moved."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.figures import training as training_figures
from core.results import RunReport
from core.runs import Run
from pages.shared import charts
from pages.shared.i18n import _
from pages.shared.words import group_name


def movement(run: Run, report: RunReport, page: str) -> None:
    """How much each group of parameters moved, and whether most of them stayed unchanged."""
    moved = tuple(replace(row, group=group_name(row.group)) for row in report.movement)
    total = sum(row.parameters for row in moved)
    changed = sum(row.parameters * row.changed for row in moved)
    if not total:
        st.info(_("This run did not record how far its parameters moved."), icon=":material/info:")
        return
    least, most = min(moved, key=lambda row: row.relative), max(moved, key=lambda row: row.relative)
    st.markdown(
        _(
            "The tutorial says that most parameters stay unchanged. Measured here: {changed:.1%} of all {total:,} values changed at all, "
            "and how far is another matter: from {low:.2g}% ({least}) to {high:.2g}% ({most}) of where they stood before."
        ).format(
            changed=changed / total,
            total=total,
            low=100 * least.relative,
            least=least.group,
            high=100 * most.relative,
            most=most.group,
        )
    )
    charts.plot(
        training_figures.movement(moved, text=_),
        f"movement_{page}",
        _("How far each group of parameters moved, in percent"),
    )
    st.caption(
        _(
            "Distance between the parameters before and after, divided by their length before. Word embeddings change only for "
            "words that occur in the training texts. The classifier before training is the new one with random values."
        )
    )
    st.dataframe(
        pd.DataFrame(
            {
                _("Group"): [row.group for row in moved],
                _("Parameters"): [row.parameters for row in moved],
                _("Moved (%)"): [100 * row.relative for row in moved],
                _("Changed at all (%)"): [100 * row.changed for row in moved],
            }
        ),
        hide_index=True,
        column_config={
            _("Parameters"): st.column_config.NumberColumn(format="localized"),
            _("Moved (%)"): st.column_config.NumberColumn(format="%.3f"),
            _("Changed at all (%)"): st.column_config.NumberColumn(format="%.2f"),
        },
        height="content",
        alt=_("How far each group of parameters moved"),
    )

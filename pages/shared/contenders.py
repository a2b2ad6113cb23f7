"""What ways to write a text reached side by side, as a table. It does not know which claim or result it stands beside."""

import pandas as pd
import streamlit as st

from core.contenders import Comparison
from core.metrics import wilson
from pages.shared.i18n import _, sentences


def show(compared: Comparison) -> None:
    """One comparison: its ways with chrF and texts written exactly, both with intervals, and the command that measures them."""
    shares = [wilson(row.exact, compared.counted) for row in compared.rows]
    st.dataframe(
        pd.DataFrame(
            {
                _("Way"): [_(row.title) for row in compared.rows],
                _("chrF (95% interval)"): [f"{row.chrf:.1f} ({row.low:.1f}–{row.high:.1f})" for row in compared.rows],
                _("Exactly right (95% interval)"): [
                    f"{100 * share.value:.1f}% ({100 * share.bounds[0]:.1f}–{100 * share.bounds[1]:.1f})" for share in shares
                ],
                _("Parameters"): [f"{row.parameters} M" if row.parameters else "–" for row in compared.rows],
            }
        ),
        hide_index=True,
        height="content",
        alt=_("Ways to write a text side by side: chrF, how many texts come out exactly, and parameters"),
    )  # fmt: skip
    st.caption(
        sentences(
            _(compared.what).format(n=compared.n, counted=compared.counted),
            _("Measured beforehand; this repeats it: {command}").format(command=f"`{compared.command}`"),
        )
    )

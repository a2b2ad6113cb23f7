"""How far apart the labels lie: silhouette and linear probe."""

import pandas as pd
import streamlit as st

from core import embeddings
from core.errors import UserError
from core.figures import embeddings as pictures
from core.metrics import wilson
from pages.shared import charts, i18n, layout
from pages.shared.cached import embeddings as cached_embeddings
from pages.shared.i18n import _, ngettext


def separation(
    shown: dict[str, str], sample: embeddings.Sample, cut: int, state: int, pooling: embeddings.Pooling
) -> None:
    """Silhouette and linear probe of each model shown."""
    st.header(_("How far apart the labels lie"), anchor=False)
    keep = [i for i, label in enumerate(sample.labels) if label]
    if len(keep) < len(sample.labels):
        st.info(
            ngettext(
                "{count:,} sentence has no label; to measure separation, give every sentence one.",
                "{count:,} sentences have no label; to measure separation, give every sentence one.",
                len(sample.labels) - len(keep),
            ).format(count=len(sample.labels) - len(keep)),
            icon=":material/info:",
        )
        return
    try:
        scores = {
            name: cached_embeddings.separation(name, sample.texts, sample.labels, cut, state, pooling) for name in shown
        }
        curves = {
            title: cached_embeddings.silhouettes(name, sample.texts, sample.labels, cut, pooling)
            for name, title in shown.items()
        }
    except UserError as error:
        st.info(layout.plain(i18n.error_text(error)), icon=":material/info:")
        return
    intervals = {name: wilson(score.correct, score.n) for name, score in scores.items()}
    any_score = next(iter(scores.values()))
    left, right = st.columns(2, gap="large")
    with left:
        st.dataframe(
            pd.DataFrame(
                {
                    _("Model"): list(shown.values()),
                    _("Silhouette"): [scores[name].silhouette for name in shown],
                    _("Linear probe"): [f"{intervals[name].value:.3f}" for name in shown],
                    _("95% interval"): ["–".join(f"{bound:.3f}" for bound in intervals[name].bounds) for name in shown],
                }
            ),
            hide_index=True,
            column_config={_("Silhouette"): st.column_config.NumberColumn(format="%.3f")},
            alt=_("Silhouette score and probe accuracy of each model"),
        )
        st.caption(
            _(
                "Both are measured in all dimensions of the chosen layer. **Silhouette** (cosine): 1 when every sentence is much nearer to its own label than "
                "to any other, 0 when it makes no difference. **Linear probe**: accuracy of a logistic regression, each of the {n:,} sentences judged by one "
                "fitted without it ({folds} folds, seed {seed}); always answering the most frequent label gives {majority:.3f}. The interval is Wilson's."
            ).format(n=any_score.n, folds=any_score.folds, seed=any_score.seed, majority=any_score.majority)
        )
        if "train" in sample.splits and len(shown) == 2:
            st.caption(_("Some of these sentences may have been trained on: that flatters “after”."))
    with right:
        charts.plot(
            pictures.by_state(curves, state, text=_),
            key="embeddings_by_state",
            alt=_("The silhouette score in every layer"),
        )

"""The Encoder page's topic "Change the computation": something is left out or swapped, and what that does layer by layer."""

import pandas as pd
import streamlit as st

from core import encoder
from core.figures import encoder as figures
from core.results import Tokens
from pages.shared import charts, inputs, layout
from pages.shared.cached import encoder as cached_encoder
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, ngettext

PADDING = 8  # tokens that are added when the mask is left out, because it has nothing to hide without them


def _words(tokens: Tokens) -> dict[str, str]:
    """The words of the first sentence: the position of the first token → the word."""
    found: dict[int, tuple[int | None, int | None]] = {}
    for i, token in enumerate(tokens.tokens):
        if token.source == 0 and token.word is not None and token.text != "▁":
            word = encoder.word_around(tokens, i)
            found[word[0]] = (tokens.tokens[word[0]].start, tokens.tokens[word[-1]].end)
    return {str(first): f"{tokens.text[start:end][:40]} ({first})" for first, (start, end) in found.items()}


@st.fragment
def show(model: str, text: str, pair: str, cut: int) -> None:
    """Something in the computation is changed, and what that does layer by layer."""
    with layout.mistakes():
        rows = {row.id: row for row in encoder.offered(cached_models.whole(model).config)}
        words = {"": _("no word")} | _words(cached_tokens.tokens(model, text, pair, cut))
        left, middle, right = st.columns([3, 1, 1])
        with left:
            titles = {name: _(row.title) for name, row in rows.items()}
            chosen = inputs.many(
                "without", "encoder", titles, _("Changes"), placeholder=_("nothing: choose what to change")
            )
        with middle:
            first = inputs.choice("swap", "encoder", words, _("Swap this word …"))
        with right:
            second = inputs.choice("swap_with", "encoder", words, _("… with this one"))
        swap = (int(first), int(second)) if first and second and first != second else None
        if chosen or swap:
            _effect(model, text, pair, cut, [rows[name] for name in chosen], swap)
        else:
            _each(model, text, pair, cut, list(rows.values()))
        st.markdown(
            _(
                "Leave something out, in every layer at once, and compare with the true pass. The model was trained with all of it: what breaks "
                "shows what each part is relied on for, not that a model trained without it would be as bad."
            )
        )
        inputs.write_link()


def chosen(model: str) -> tuple[str, ...]:
    """The titles of the changes that are set, as another topic names them."""
    rows = {row.id: _(row.title) for row in encoder.offered(cached_models.whole(model).config)}
    swapped = (_(encoder.SWAP.title),) if inputs.get("swap") and inputs.get("swap_with") else ()
    return tuple(rows[name] for name in inputs.get("without").split(",") if name in rows) + swapped


def _each(model: str, text: str, pair: str, cut: int, changes: list[encoder.Change]) -> None:
    """What every change does alone, while none is chosen."""
    effects = [
        cached_encoder.changed_pass(model, text, pair, cut, (row.id,), None, PADDING if row.id == "no-mask" else 0) for row in changes
    ]  # fmt: skip
    cosine = _("Cosine after the last layer")
    st.dataframe(
        pd.DataFrame(
            {
                _("Change"): [_(row.title) for row in changes],
                cosine: [effect.mean_cosines[-1] for effect in effects],
                _("Relative change"): [100 * effect.mean_distances[-1] for effect in effects],
                _("What it does"): [_(row.help) for row in changes],
            }
        ),
        hide_index=True,
        column_config={
            cosine: st.column_config.NumberColumn(format="%.3f"),
            _("Relative change"): st.column_config.NumberColumn(format="%.1f%%"),
        },
        alt=_("What each change does to the vectors after the last layer, alone"),
    )
    st.caption(
        _(
            "Each change alone; a cosine of 1 means that the vectors still point the same way. For the mask, padding was added to both passes, because without any it has nothing to hide. Choose a change above to follow it layer by layer."
        )
    )


def _effect(model: str, text: str, pair: str, cut: int, changes: list[encoder.Change], swap: tuple[int, int] | None) -> None:  # fmt: skip
    names = tuple(change.id for change in changes)
    padding = PADDING if "no-mask" in names else 0
    found = cached_encoder.changed_pass(model, text, pair, cut, names, swap, padding)
    if padding:
        st.caption(
            ngettext(
                "For this, {count} padding token is added to both passes.",
                "For this, {count} padding tokens are added to both passes.",
                padding,
            ).format(count=padding)
        )
    left, right = st.columns(2, gap="large")
    with left:
        charts.plot(
            figures.effect(found.cosines, found.mean_cosines, title=_("Do the vectors still point the same way?"), y=_("cosine"), text=_),
            key="encoder_cosines", alt=_("Cosine between true and changed vectors after every layer"),
        )  # fmt: skip
    with right:
        charts.plot(
            figures.effect(found.distances, found.mean_distances, title=_("How far have they moved?"), y=_("relative change"), text=_),
            key="encoder_distances", alt=_("Relative change of the vectors after every layer"),
        )  # fmt: skip
    first, second, third = st.columns(3)
    first.metric(_("Cosine after the last layer"), f"{found.mean_cosines[-1]:.3f}", help=_("Mean over the tokens; 1 means the same direction."))  # fmt: skip
    second.metric(_("Relative change after the last layer"), f"{100 * found.mean_distances[-1]:.1f}%", help=_("‖changed − true‖ / ‖true‖, mean over the tokens."))  # fmt: skip
    if found.labels:
        before, after = max(found.before), max(found.after)
        third.metric(
            _("Prediction"),
            layout.plain(found.labels[found.after.index(after)][:40]),
            _("was {label}, {before:.3f}; now {after:.3f}").format(
                label=layout.plain(found.labels[found.before.index(before)][:40]), before=before, after=after
            ),
            delta_color="off",
            delta_arrow="off",
        )
    for change in [*changes, *([encoder.SWAP] if swap else [])]:
        with st.container(border=True):
            st.markdown("**" + _(change.title) + "**  \n" + _(change.help))
            left, right = st.columns(2)
            with left:
                st.caption(_("The model computes"))
                st.latex(change.true)
            with right:
                st.caption(_("Here instead"))
                st.latex(change.formula)
    if found.labels:
        st.dataframe(
            pd.DataFrame({_("Label"): found.labels, _("True pass"): found.before, _("Changed"): found.after}),
            hide_index=True,
            column_config={
                name: st.column_config.ProgressColumn(name, min_value=0, max_value=1, format="%.4f", color="primary")
                for name in (_("True pass"), _("Changed"))
            },
            alt=_("The probabilities of all labels in the true and in the changed pass"),
        )
    else:
        st.caption(
            _("This model predicts nothing yet. Choose one of your fine-tuned runs as the model to see the prediction change.")
        )  # fmt: skip

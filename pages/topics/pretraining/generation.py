"""The Pre-training page's topic "Writing with BERT, and its limits": masks filled one by one, and what that is not."""

from collections.abc import Sequence
from typing import cast

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.attention import readable
from core.figures import pretraining as figures
from core.pretraining import GenerationStep, Method
from pages.shared import choices, inputs, layout, progress
from pages.shared.cached import models as cached_models
from pages.shared.cached import pretraining as cached_pretraining
from pages.shared.i18n import _, sentences
from pages.shared.snippets import pretraining as snippets
from pages.topics.pretraining import masking

HIGHEST_SEED = 10_000
LONGEST = 24


def _methods() -> dict[str, str]:
    return {
        "left-to-right": _("From left to right"),
        "confidence": _("The surest first"),
        "gibbs": _("Gibbs sampling"),
    }


def _help(method: str) -> str:
    return {
        "left-to-right": _("The first mask is filled, then the next. The model still sees the masks that follow, and everything to the right."),
        "confidence": _("At each step the place whose likeliest token is the most probable of all is filled."),
        "gibbs": _("All masks are filled; then, sweep after sweep, each place is masked again and drawn anew, given all the others (Wang & Cho 2019)."),
    }[method]  # fmt: skip


def _roll() -> None:
    inputs.put("seed", (inputs.number("seed", 0, HIGHEST_SEED, 0) + 1) % (HIGHEST_SEED + 1))


def show(model: str, text: str, cut: int, options: DeltaGenerator) -> str:
    """A sentence of masks filled step by step; returns the code. options: the place of what is seldom chosen."""
    holes = str(cached_models.tokenizer(model).mask_token) in text
    with st.container(horizontal=True, vertical_alignment="center"):
        method = cast(
            Method, inputs.segment("way", "pretraining", _methods(), _("In which order"), label_visibility="collapsed")
        )
        st.button(_("Roll again"), on_click=_roll, type="primary", icon=":material/casino:")
    with options:
        length = inputs.whole_number(
            "length", "pretraining", label=_("Masks to add"), low=1, high=LONGEST,
            help_text=_("Added after the sentence. A text that has masks of its own is filled as it is."),
        )  # fmt: skip
        temperature = inputs.decimal(
            "temperature", "pretraining", label=_("Temperature"), low=0.1, high=2.0, step=0.1,
            help_text=_("Divides the logits before softmax: below 1 the likeliest tokens gain, above 1 the others do."),
        )  # fmt: skip
        top_k = inputs.whole_number(
            "top_k", "pretraining", label=_("Top-k"), low=0, high=1000,
            help_text=_("Only so many of the likeliest tokens may be drawn: 1 always takes the likeliest, 0 sets no limit."),
        )  # fmt: skip
        seed = inputs.whole_number("seed", "pretraining", label=_("Seed"), low=0, high=HIGHEST_SEED)
    steps = progress.spin(
        _("Filling the masks …"),
        lambda: cached_pretraining.generated(
            model, text, method=method, length=length, temperature=temperature, top_k=top_k, seed=seed, max_length=cut
        ),
    )
    if not steps:
        st.info(_("There was nothing to fill."), icon=":material/info:")
        return ""
    chosen = inputs.number("step", 1, len(steps), len(steps))
    _picture(model, steps, chosen)
    _step(len(steps), chosen)
    st.caption(sentences(_help(method), _("This text has masks of its own, so none are added.") if holes else ""))
    _table(steps)
    st.markdown(
        _(
            "Is BERT good at generating text, as the tutorial says? It can fill masks, also several, one after the other. That is what you see here: "
            "a text with holes, or the sentence followed by new masks."
        )
    )
    st.header(_("What this is not"), anchor=False)
    st.markdown(
        _(
            "A language model such as GPT learns p(next token | all before) and multiplies these to the probability of any text, so that drawing token after token is drawing "
            "from what it learnt. BERT learnt to fill gaps, 15% of the tokens of a finished text: with most of it missing it is far from anything it was trained on, there is no probability of "
            "the whole, and the number of tokens must be fixed beforehand. Gibbs sampling takes BERT for a Markov random field, whose conditionals these "
            "probabilities only approximately are. It helps, and it stays a demonstration."
        )
    )
    return snippets.generate(model, text, length, method, temperature, top_k, seed, cut)


def _step(count: int, shown: int) -> None:
    """Choose how many tokens have been written in the picture; all of them unless chosen."""
    if count > 1:
        key = "step@pretraining"
        steps = {step: str(step) for step in range(1, count + 1)}
        choices.slider(_("Step"), steps, shown, key=key, on_change=_take_step, args=(key, count))


def _take_step(key: str, count: int) -> None:
    value = int(st.session_state[key])
    inputs.put("step", "" if value == count else value)


def _picture(model: str, steps: Sequence[GenerationStep], chosen: int) -> None:
    tokenizer = cached_models.tokenizer(model)
    now = steps[chosen - 1]
    written = {step.position: step for step in steps[:chosen]}
    special = set(tokenizer.all_special_ids)

    def chip(index: int, token_id: int) -> masking.Chip:
        token = readable(str(tokenizer.convert_ids_to_tokens(token_id)))
        step = written.get(index)
        if token_id == tokenizer.mask_token_id:
            return masking.Chip(token, _("a mask that is still open"), look="gap")
        if step is None:
            return masking.Chip(
                token, _("{token} · given").format(token=token), look="special" if token_id in special else "rest"
            )
        new = index == now.position
        chance = figures.percent(step.probability)
        note = _("{token} · written with probability {probability}").format(token=token, probability=chance)
        return masking.Chip(token, note, small=chance, look="word" + (" new" if new else ""))  # fmt: skip

    masking.chips(
        "masking_generation",
        [chip(i, token_id) for i, token_id in enumerate(now.ids)],
        label=_("The text after the chosen step"),
        hint=_("Outlined in orange: what this step wrote. Below each token the probability that the model gave it, before temperature and top-k."),
        keys=[("gap", "ab", _("open")), ("word new", "ab", _("written in this step")), ("word", "ab", _("written earlier")), ("rest", "ab", _("given"))],
    )  # fmt: skip
    st.markdown("> " + layout.plain(now.text))


def _table(steps: Sequence[GenerationStep]) -> None:
    with st.expander(_("All steps"), icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(
                {
                    _("Step"): range(1, len(steps) + 1),
                    _("Sweep"): [step.sweep + 1 for step in steps],
                    _("Position"): [step.position for step in steps],
                    _("Token"): [readable(step.token) for step in steps],
                    _("Probability"): [100 * step.probability for step in steps],
                    _("Instead of"): [readable(step.replaced) for step in steps],
                    _("Text"): [step.text for step in steps],
                }
            ),
            hide_index=True,
            column_config={_("Probability"): st.column_config.NumberColumn(format="%.3f%%")},
            alt=_("Every step: where, which token, with what probability, and the text after it"),
        )

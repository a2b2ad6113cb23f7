"""The Pre-training page's topic "Corruption": what the recipe of pre-training does to a text, and what it does on average."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import attention
from core.figures import pretraining as figures
from core.pretraining import Corruption, Fate
from pages.shared import charts, inputs
from pages.shared.cached import article as cached_article
from pages.shared.cached import data as cached_data
from pages.shared.cached import models as cached_models
from pages.shared.cached import pretraining as cached_pretraining
from pages.shared.i18n import _
from pages.shared.snippets import pretraining as snippets
from pages.topics.pretraining import masking

ROUNDS = (30, 300)  # rolls of the recipe on the same text: fewest, most
COUNTED = 15_000  # tokens in all these rolls, about
REVIEWS = 2000  # sentences of the dataset that are counted
LOOKS: dict[Fate, str] = {"mask": "gap", "random": "chance", "kept": "same", "untouched": "rest"}
HIGHEST_SEED = 10_000
CHOSEN: tuple[Fate, ...] = ("mask", "random", "kept")


def _names() -> dict[Fate, str]:
    return {
        "mask": _("replaced by [MASK]"),
        "random": _("replaced by a random token"),
        "kept": _("chosen, but left as it is"),
        "untouched": _("not chosen"),
    }


def _roll() -> None:
    inputs.put("seed", (inputs.number("seed", 0, HIGHEST_SEED, 0) + 1) % (HIGHEST_SEED + 1))


def show(model: str, text: str, cut: int, options: DeltaGenerator) -> str:
    """One roll of the recipe as chips, its counts beside those of many rolls and of many texts; returns the code.

    options: the place of what is seldom chosen.
    """
    with options:
        seed = inputs.whole_number("seed", "pretraining", label=_("Seed"), low=0, high=HIGHEST_SEED)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("Roll again"), on_click=_roll, type="primary", icon=":material/casino:")
        whole = inputs.flag("whole", "pretraining", label=_("Whole words"))
    found = cached_pretraining.corrupted(model, text, seed=seed, whole_words=whole, max_length=cut)
    _chips(model, found)
    st.markdown(
        _(
            "To learn, BERT gets sentences with mistakes and has to restore them. Of every hundred tokens 15 are chosen; of these 80% become "
            "[MASK], 10% a random token, and 10% stay as they are. The loss counts the chosen ones only, and the model is not told which they are."
        )
    )
    if not found.chosen:
        st.info(_("This time no token was chosen: a short text has only a few. Roll again."), icon=":material/casino:")
    if whole:
        st.caption(
            _(
                "With whole words, transformers' collator turns every chosen token into [MASK]: the other two fates happen only when tokens are chosen one by one."
            )
        )
    _counts(model, text, found, seed, whole, cut)
    if not whole:
        _settling(model, text, found, cut)
    _words()
    return snippets.corrupt(model, found.tokens.text, seed, whole, found.tokens.max_length)


def _chips(model: str, found: Corruption) -> None:
    tokens, names = found.tokens, _names()
    before = attention.labels(tokens)
    after = [attention.readable(str(cached_models.tokenizer(model).convert_ids_to_tokens(i))) for i in found.corrupted]

    def chip(index: int) -> masking.Chip:
        fate = found.fates[index]
        token = tokens.tokens[index]
        changed = after[index] != before[index]
        look = LOOKS[fate] if token.kind != "special" or fate != "untouched" else "special"
        return masking.Chip(
            after[index],
            masking.about(tokens, index, names[fate], _("the model reads {token}").format(token=after[index]) if changed else ""),
            small=before[index] if changed else "",
            look=look,
        )  # fmt: skip

    masking.chips(
        "masking_corruption",
        [chip(i) for i in range(len(tokens.tokens))],
        label=_("The tokens as the model reads them, each with what happened to it"),
        hint=_("Large: what the model reads. Small: what stood there."),
        keys=[(LOOKS[fate], "ab", name) for fate, name in names.items()],
    )


def _rounds(found: Corruption) -> int:
    """How often a text is rolled: a short one more often."""
    fewest, most = ROUNDS
    return max(fewest, min(most, COUNTED // max(found.choosable, 1)))


def _row(title: str, tokens: int, counts: dict[Fate, int]) -> dict[str, object]:
    chosen = sum(counts[fate] for fate in CHOSEN)
    return {
        _("Counted on"): title,
        _("Tokens counted"): tokens,
        _("Chosen"): chosen,
        _("Share chosen"): 100 * chosen / max(tokens, 1),
        **{_names()[fate]: 100 * counts[fate] / chosen if chosen else None for fate in CHOSEN},
    }


def _counts(model: str, text: str, found: Corruption, seed: int, whole: bool, cut: int) -> None:
    st.header(_("How often?"), anchor=False)
    rounds = _rounds(found)
    many = cached_pretraining.fates(model, text, seed=seed, rounds=rounds, whole_words=whole, max_length=cut)
    summed: dict[Fate, int] = {fate: sum(counts[fate] for counts in many) for fate in CHOSEN}
    rows = [
        _row(_("this roll"), found.choosable, dict(found.counts)),
        _row(_("this text, {count} rolls").format(count=rounds), rounds * found.choosable, summed),
    ]
    if not whole:  # these are counted token by token
        sentences = tuple(cached_data.dataset("rotten_tomatoes").splits["train"][:REVIEWS]["text"])
        films = cached_article.corruption(sentences, seed)
        reviews: dict[Fate, int] = {"mask": films.masked, "random": films.random, "kept": films.kept}
        rows.append(
            _row(
                _("{count:,} sentences of film reviews, words of minilm, one roll").format(count=REVIEWS),
                films.tokens,
                reviews,
            )
        )
    shares = [_("Share chosen"), *(_names()[fate] for fate in CHOSEN)]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={name: st.column_config.NumberColumn(format="%.1f%%") for name in shares},
        alt=_("How many tokens were chosen and what became of them: in this roll, in many rolls, on many texts"),
    )
    st.caption(
        _(
            "The last three columns are shares of the chosen tokens. Each token is drawn by itself, so a short text is far from 15% and 80/10/10 most of the time, and "
            "many together come close. A random token that happens to be the original counts as left."
        )
    )


def _settling(model: str, text: str, found: Corruption, cut: int) -> None:
    many = cached_pretraining.fates(
        model, text, seed=found.seed, rounds=_rounds(found), whole_words=False, max_length=cut
    )
    total = 0
    summed: dict[Fate, int] = dict.fromkeys(CHOSEN, 0)
    chosen: list[int] = []
    shares: dict[Fate, list[float]] = {fate: [] for fate in CHOSEN}
    for counts in many:
        summed = {fate: summed[fate] + counts[fate] for fate in CHOSEN}
        total = sum(summed.values())
        if total and (not chosen or total > chosen[-1]):
            chosen.append(total)
            for fate in CHOSEN:
                shares[fate].append(summed[fate] / total)
    if len(chosen) < 2:
        return
    names = _names()
    targets: dict[Fate, float] = {"mask": 0.8, "random": 0.1, "kept": 0.1}
    charts.plot(
        figures.settling(
            chosen,
            {names[fate]: values for fate, values in shares.items()},
            {names[fate]: value for fate, value in targets.items()},
            text=_,
        ),
        key="corruption_settling",
        alt=_("The shares of the three fates against the number of chosen tokens: they approach 80, 10 and 10 percent"),
    )  # fmt: skip
    st.caption(_("The same text, rolled again and again: the more tokens, the nearer to the dotted lines."))


def _words() -> None:
    st.header(_("“15% of the words are masked”?"), anchor=False)
    st.markdown(
        _(
            "So the tutorial says, and it is not quite it:\n"
            "- **Tokens, not words.** A piece of a word can be chosen alone, and then its neighbours give it away. Later BERT models mask whole words.\n"
            "- **Chosen, not masked.** 15% are chosen and must be predicted, but only 0.15 × 0.8 = 12% of all tokens read [MASK].\n"
            "- **Why random and kept ones?** [MASK] never occurs after pre-training. If only masks had to be predicted, the model could neglect every other token; "
            "so any token may be wrong, and every one needs a good vector.\n"
            "- **About 15%.** Here each token is drawn by itself. The original program takes a fixed number of each sequence, and at most 20 of 128."
        )
    )

"""The Pre-training page's topic "Fill in the mask": tokens masked by a click, what the model expects there, and the loss.

Which tokens are masked is kept as the places and letters of the text that they cover ("36.wonderful"), not as positions:
so it holds under every model's tokenizer, and is forgotten when the text changes.
"""

from math import exp, log2

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import attention, models, openings
from core.attention import readable
from core.errors import UserError
from core.figures import attention as attention_figures
from core.figures import pretraining as figures
from core.figures.style import safe
from core.pretraining import Filled, Filling
from core.results import Tokens
from pages.shared import charts, i18n, inputs, layout
from pages.shared.cached import models as cached_models
from pages.shared.cached import pretraining as cached_pretraining
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, sentences
from pages.shared.snippets import pretraining as snippets
from pages.topics.pretraining import masking

DRAWN = 6  # masked positions with a picture of their own
TERMS = 4  # of the loss that are written out
SIDE_BY_SIDE = 3  # models
NONE = "-"  # the shared value when somebody has shown every token


def _cover(tokens: Tokens, position: int) -> str:
    """What a token covers of the text, as the shared value holds it: "start.letters"; "" for one that cannot be masked."""
    token = tokens.tokens[position]
    if token.source != 0 or token.kind == "special" or token.start is None or token.end is None:
        return ""
    letters = tokens.text[token.start : token.end]
    start = token.start + len(letters) - len(letters.lstrip())
    return f"{start}.{letters.split()[0]}" if letters.strip() else ""


def positions(tokens: Tokens, value: str, *, whole_words: bool = False) -> tuple[int, ...]:
    """The tokens that a shared value ("36.wonderful 4.plot") names; what the text does not hold at its place counts for nothing.

    whole_words: with a token its whole word.
    """
    ranges = []
    for entry in value.split(" "):
        start, _dot, letters = entry.partition(".")
        place = int(start) if start.isdecimal() and len(start) < 10 else -1
        if letters and place >= 0 and tokens.text[place : place + len(letters)] == letters:
            ranges.append((place, place + len(letters)))
    found = {
        i
        for i, token in enumerate(tokens.tokens)
        if _cover(tokens, i) and any((token.start or 0) < end and (token.end or 0) > start for start, end in ranges)
    }
    words = {tokens.tokens[i].word for i in found} if whole_words else set()
    return tuple(
        i for i, token in enumerate(tokens.tokens) if i in found or (token.word in words and _cover(tokens, i))
    )


def after_press(tokens: Tokens, masked: tuple[int, ...], pressed: tuple[int, ...]) -> str:
    """The shared value when these chips are pressed and those in `masked` were before.

    Pieces of one character (bytes, Korean letters) cover the same place of the text: one of them shown, all are.
    """
    shown = {_cover(tokens, i) for i in masked if i not in pressed}
    covers = dict.fromkeys(_cover(tokens, i) for i in pressed)
    return " ".join(cover for cover in covers if cover and cover not in shown) or NONE


def _gaps(model: str, tokens: Tokens) -> tuple[int, ...]:
    """The places where the text itself has the mask token."""
    mask = cached_models.tokenizer(model).mask_token_id
    return tuple(i for i, token in enumerate(tokens.tokens) if token.id == mask)


def _masked(model: str, tokens: Tokens, whole: bool) -> tuple[int, ...]:
    """The tokens that are hidden: those that were pressed, or one word until somebody presses or writes a mask."""
    if inputs.get("masked") == NONE and inputs.meant("masked", {NONE: tokens.text}, ""):
        return ()
    found = positions(tokens, inputs.get("masked"), whole_words=whole)
    return found if found or _gaps(model, tokens) else openings.word_to_hide(tokens)


def _clear() -> None:
    inputs.put("masked", NONE)


def _chips(model: str, tokens: Tokens, masked: tuple[int, ...], whole: bool) -> None:
    gaps = _gaps(model, tokens)
    names = attention.labels(tokens)

    def take(places: tuple[int, ...]) -> None:
        inputs.put("masked", after_press(tokens, masked, places))

    def chip(index: int) -> masking.Chip:
        token = tokens.tokens[index]
        can = bool(_cover(tokens, index))
        more = _("masked") if index in masked else _("a mask of the text itself") if index in gaps else ""
        return masking.Chip(
            names[index],
            masking.about(tokens, index, more),
            look=masking.look(tokens.tokens, index) + (" gap" if index in gaps else ""),
            pressed=index in masked if can else None,
            group=token.word if whole else None,
        )

    masking.chips(
        "masking_mlm",
        [chip(i) for i in range(len(tokens.tokens))],
        label=_("The tokens of the sentence: press one to mask it; the arrow keys go from one to the next"),
        hint=_("Click a token to mask it, and again to show it. The model reads [MASK] in its place."),
        mask=str(cached_models.tokenizer(model).mask_token),
        on_press=take,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        inputs.flag(
            "whole", "pretraining", label=_("Whole words"), help_text=_("Masks all pieces of a word together, so that no piece gives the others away.")
        )  # fmt: skip
        st.button(_("Show all tokens"), on_click=_clear, disabled=not masked, icon=":material/restart_alt:")


def _can_fill(name: str) -> bool:
    """Whether a model on this machine has the head; one that cannot be read is not offered."""
    try:
        return cached_models.has_head(name, "mlm")
    except UserError:
        return False


def _offered(model: str) -> dict[str, str]:
    """Models that could stand beside this one (name → title): those on this machine that have the head, and the hub's."""
    titles = inputs.finished_runs()
    found = {}
    for name in [*models.MODELS, *titles]:
        place = models.availability(name)
        if name != model and (place == "hub" or (place == "here" and _can_fill(name))):
            found[name] = inputs.model_title(name, titles)
    return found


def show(model: str, text: str, cut: int, options: DeltaGenerator) -> str:
    """Tokens to mask, the likeliest entries for each masked one, the loss, attention before and after; returns the code.

    options: the place of what is seldom chosen.
    """
    tokens = cached_tokens.tokens(model, text, "", cut)
    whole = inputs.get("whole") == "yes"
    masked = _masked(model, tokens, whole)
    _chips(model, tokens, masked, whole)
    offered = _offered(model)
    with options:
        others = inputs.many("models", "pretraining", offered, _("Beside other models"), placeholder=_("none: choose models to compare with"), most=SIDE_BY_SIDE - 1) if offered else ()  # fmt: skip
    if not masked and not _gaps(model, tokens):
        st.info(
            _("No token is masked. Click one above, or write [MASK] where a word should be."),
            icon=":material/touch_app:",
        )
        return ""
    found = _fill((model, *others), text, cut, whole)
    first = found[model]
    if len(first.fillings) == 1 and len(found) == 1:  # one picture leaves room beside it
        left, right = st.columns(2, gap="large")
        with left:
            _guesses(found)
        with right:
            _loss(first)
    else:
        _guesses(found)
        _loss(first)
    _table(first)
    _attention(model, text, masked, whole, cut)
    return snippets.fill_mask(model, text, [filling.position for filling in first.fillings], first.tokens.max_length)


def _fill(names: tuple[str, ...], text: str, cut: int, whole: bool) -> dict[str, Filled]:
    """What each model puts in; one that cannot says why, unless it is the first."""
    found = {}
    for name in names:
        try:
            own = masking.as_written(name, text)
            masked = _masked(name, cached_tokens.tokens(name, own, "", cut), whole)
            found[name] = cached_pretraining.filled(name, own, masked, whole_words=whole, max_length=cut)
        except UserError as error:
            if name == names[0]:
                raise
            st.info(layout.plain(i18n.error_text(error)), icon=":material/info:")
    for template, values in found[names[0]].notes:
        st.info(layout.plain(_(template).format(**values)), icon=":material/info:")
    return found


def _word(token: str) -> str:
    """A token inside a sentence: without the space that some tokenizers put before a word."""
    return readable(token).strip() or readable(token)


def _size(found: Filled) -> int:
    """How many entries the vocabulary has."""
    return int(cached_models.masked_lm(found.tokens.model).config.vocab_size)


def _bars(filling: Filling) -> tuple[list[str], list[float], int | None]:
    """Names and probabilities of the bars, and which one is the original; it comes last where it is not among the likeliest."""
    names = [readable(guess.token) for guess in filling.guesses]
    values = [guess.probability for guess in filling.guesses]
    if filling.original is None:
        return names, values, None
    ids = [guess.id for guess in filling.guesses]
    if filling.original.id in ids:
        return names, values, ids.index(filling.original.id)
    return [*names, readable(filling.original.token)], [*values, filling.original.probability], len(names)


def _guesses(found: dict[str, Filled]) -> None:
    """A picture for each masked position: with one model three in a row, with several one row a position."""
    several = len(found) > 1
    fillings = {name: one.fillings for name, one in found.items()}
    if several and len({len(rows) for rows in fillings.values()}) > 1:
        st.caption(_("The models cut the words differently, so what is masked is not the same number of tokens for each."))  # fmt: skip
    longest = max(len(rows) for rows in fillings.values())
    shown = min(longest, DRAWN // (2 if several else 1))
    tops = [row.guesses[0].probability for rows in fillings.values() for row in rows[:shown]]
    largest = max(tops, default=1.0)
    width = len(found) if several else min(3, shown)
    if several:
        for column, name in zip(st.columns(width), found, strict=True):
            column.markdown("**" + layout.plain(inputs.model_title(name, inputs.finished_runs())) + "**")
    for start in range(0, shown, 1 if several else width):
        for place, column in enumerate(st.columns(width, gap="large")):
            name, index = (list(found)[place], start) if several else (next(iter(found)), start + place)
            if index < min(shown, len(fillings[name])):
                with column:
                    _picture(found[name], fillings[name][index], largest, key=f"guesses_{place}_{index}")
    if longest > shown:
        st.caption(_("Pictures of the first {shown} of {count} masked tokens; the table has all.").format(shown=shown, count=longest))  # fmt: skip


def _picture(found: Filled, filling: Filling, largest: float, *, key: str) -> None:
    names, values, original = _bars(filling)
    charts.plot(
        figures.guesses(
            names,
            values,
            title=(
                _("What could stand instead of “{token}”?").format(token=safe(_word(filling.original.token)))
                if filling.original
                else _("What could stand at position {position}?").format(position=filling.position)
            ),
            original=original,
            largest=largest,
            text=_,
        ),
        key=key,
        alt=_("The likeliest entries of the vocabulary at this position; the table below lists them"),
    )
    size = _size(found)
    idea = _("Entropy {bits:.1f} bits (0: certain; {most:.1f}: no idea), as open as {count:,.0f} equally likely tokens.").format(
        bits=filling.entropy, most=log2(size), count=2**filling.entropy
    )  # fmt: skip
    if filling.original is None or filling.rank is None:
        st.caption(sentences(_("The text has a mask here, so there is no right answer."), idea))
        return
    st.caption(
        sentences(
            _("**{token}** stood here: rank {rank:,} of {size:,}, probability {probability}.").format(
                token=layout.plain(_word(filling.original.token)),
                rank=filling.rank,
                size=size,
                probability=figures.percent(filling.original.probability),
            ),
            idea,
        )
    )


def _table(found: Filled) -> None:
    rows = found.fillings
    with st.expander(_("Every masked token in numbers"), icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(
                {
                    _("Position"): [row.position for row in rows],
                    _("Token"): [readable(row.original.token) if row.original else "–" for row in rows],
                    _("Probability"): [100 * row.original.probability if row.original else None for row in rows],
                    _("Rank"): [row.rank for row in rows],
                    "−ln p": [row.loss for row in rows],
                    _("Entropy (bits)"): [row.entropy for row in rows],
                    _("The ten likeliest"): [
                        ", ".join(f"{readable(guess.token)} {figures.percent(guess.probability)}" for guess in row.guesses)
                        for row in rows
                    ],
                }
            ),
            hide_index=True,
            column_config={
                _("Probability"): st.column_config.NumberColumn(format="%.4f%%"),
                "−ln p": st.column_config.NumberColumn(format="%.4f"),
                _("Entropy (bits)"): st.column_config.NumberColumn(format="%.3f"),
            },
            alt=_("Every masked token with its probability, rank, loss, and the likeliest entries"),
        )  # fmt: skip


def _loss(found: Filled) -> None:
    """The MLM loss of this sentence: the formula, and its terms."""
    st.header(_("The loss of this sentence"), anchor=False)
    formula = r"\mathcal{L}_{\text{MLM}}=-\frac{1}{|M|}\sum_{i\in M}\ln p\,(x_i\mid x_{\setminus M})"
    terms = [row for row in found.fillings if row.original is not None]
    if found.loss is None or not terms:
        st.latex(formula)
        st.markdown(
            _("The loss needs the right answers. The masks here were written in the text, so there is none: click a token to hide one that is known.")
        )  # fmt: skip
        return
    chances = [rf"\ln {_decimal(row.original.probability)}" for row in terms if row.original]
    losses = [f"{row.loss:.2f}" for row in terms if row.loss is not None]
    if len(terms) > TERMS:
        chances = [*chances[: TERMS - 1], r"\dots", chances[-1]]
        losses = [*losses[: TERMS - 1], r"\dots", losses[-1]]
    st.latex(formula)
    if len(terms) == 1:
        st.latex(rf"=-{chances[0]}={found.loss:.2f}")
    else:
        share = rf"\frac{{1}}{{{len(terms)}}}"
        with layout.wide("mlm_loss"):
            st.latex(
                rf"=-{share}\left({' + '.join(chances)}\right)={share}\left({' + '.join(losses)}\right)={found.loss:.2f}"
            )
    size = _size(found)
    st.markdown(
        _(
            "M is the set of masked places, and p the probability that the model gives to the token which stood there. Only these places count. "
            "Knowing nothing would cost ln {size:,} = {most:.2f}; here it is as if the model chose among {count:,.1f} equally likely tokens (e to the power of the loss)."
        ).format(size=size, most=log2(size) / log2(exp(1)), count=exp(found.loss))
    )  # fmt: skip


def _decimal(value: float) -> str:
    """A probability for a formula."""
    if value >= 0.0001:
        return f"{value:.3g}"
    digits, _e, power = f"{value:.1e}".partition("e")
    return rf"({digits}\cdot 10^{{{int(power)}}})"


def _attention(model: str, text: str, masked: tuple[int, ...], whole: bool, cut: int) -> None:
    """One head's map of the sentence as it is and as the model reads it, on the same scale."""
    st.header(_("Attention before and after masking"), anchor=False)
    if not masked:
        st.markdown(_("Click a token to see how the heads look at a mask instead."))
        return
    config = cached_models.masked_lm(model).config
    moved = cached_pretraining.most_moved(model, text, masked, whole_words=whole, max_length=cut)
    layer, head = inputs.layer_and_head("pretraining", config.num_hidden_layers, config.num_attention_heads, moved)
    both = cached_pretraining.before_after(model, text, masked, whole_words=whole, layer=layer, max_length=cut)
    before, after = (attention.head(maps, layer, head) for maps in (both.before, both.after))
    tokens, names = both.before.tokens, attention.labels(both.before.tokens)
    everything = range(len(names))
    pictures = {
        _("Before: every token is read"): (before, 1.0, _("The chosen head's attention before masking")),
        _("After: masked tokens are hidden"): (after, 1.0, _("The chosen head's attention after masking")),
        _("After minus before"): (
            after - before,
            max(float(abs(after - before).max()), 0.01),
            _("What masking changes in the chosen head's attention: where it looks more, and where less"),
        ),
    }
    presented = inputs.get("present") == "1"
    places = [st.container() for _picture in pictures] if presented else st.columns(len(pictures))
    for number, (place, (title, (values, largest, alt))) in enumerate(zip(places, pictures.items(), strict=True)):
        difference = number == len(pictures) - 1
        figure = attention_figures.token_map(
            tokens, everything, everything, values, title=title, largest=largest, difference=difference,
            bar=_("difference of the weights") if difference else "", text=_,
        )  # fmt: skip
        with place:
            charts.plot(figure, f"mlm_attention_{number}", alt)
    st.caption(
        sentences(
            _("Layer {layer}, head {head} in all three; the axes name the tokens that stood there.").format(layer=layer + 1, head=head + 1),
            _("It is the head in which the attention of what is masked moves most.") if (layer, head) == moved else "",
        )
    )  # fmt: skip
    share = float(abs(after - before).sum(axis=1).mean()) / 2
    hidden = float(abs(after - before)[list(masked)].sum(axis=1).mean()) / 2
    st.caption(
        _(
            "Both pictures have the same scale. Masking moves {share:.0%} of the average token's attention in this head, and {hidden:.0%} of that of the masked tokens themselves."
        ).format(share=share, hidden=hidden)
    )

"""Every tokenizer that can be had right now: those of models and runs on this machine, and those trained on the spot.

Also the texts they are trained on or measured with. This module does not know what is done with a tokenizer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import cast

import pandas as pd
import streamlit as st

from core import models, runs, settings, vocabulary
from core.data.bundled import DATASETS
from core.figures import tokens as token_figures
from core.tokens import Piece
from pages.shared import charts, choices, inputs, layout, visitor
from pages.shared.cached import data as cached_data
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, sentences

TRAINED = "tokenizers_trained"
OWN = "own"
TRAINED_KEPT = 4
PIECES_SHOWN = 300
SIZES = (300, 500, 1000, 2000, 4000, 8000, 16000, 30000)
ALGORITHMS = {"wordpiece": "WordPiece", "bpe": "BPE", "unigram": "Unigram"}


@dataclass(frozen=True)
class Trained:
    """What a visitor trained: the kind, the size that was asked for, the texts and where they are from."""

    kind: vocabulary.Kind
    size: int
    source: str
    texts: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{ALGORITHMS[self.kind]} {self.size:,} · {self.source}"


def available(model: str) -> tuple[str, ...]:
    """The models whose tokenizers are on this machine, the chosen one first.

    A run keeps the vocabulary of the model it started from, so it only counts where that model is not here itself.
    """
    found = {model: None} | {name: None for name in models.MODELS if models.availability(name) == "here"}
    for run in visitor.runs_seen():
        name = f"run:{run.id}"
        if run.config.model not in found and models.availability(name) == "here":
            found[name] = None
    return tuple(found)


def title(name: str) -> str:
    """A model's name as it heads its tokens."""
    run = models.RUN_NAME.fullmatch(name)
    if not run:
        return name
    template = _("your run: {title}") if visitor.owns(name) else _("run: {title}")
    return template.format(title=inputs.run_title(runs.get(run[1])))


def sources() -> dict[str, str]:
    """Where texts can come from: a dataset's id, or "run:ID" for the data a run was trained on → its title."""
    rows = {name: _(row.title) for name, row in DATASETS.items()}
    for run in visitor.runs_seen():
        if run.config.data.startswith("data/"):
            template = _("your data: {title}") if visitor.owns(run.id) else _("data of the run {title}")
            rows[f"run:{run.id}"] = template.format(title=inputs.run_title(run))
    return rows


def texts_of(source: str, count: int) -> tuple[str, ...]:
    """The first training texts of one of the `sources`."""
    found = (
        cached_data.run_data(source.removeprefix("run:")) if source.startswith("run:") else cached_data.dataset(source)
    )
    return tuple(found.splits["train"]["text"][:count])


def pieces_html(pieces: Sequence[Piece], unknown: int | None, algorithm: str) -> str:
    """Pieces as chips: a continuation is joined to the piece before it."""
    shown = pieces[:PIECES_SHOWN]
    kinds = []
    for before, piece in zip([None, *shown], shown, strict=False):
        touches = before is not None and before.end == piece.start
        goes_on = piece.text.startswith("##") if algorithm == "wordpiece" else piece.text[:1] not in ("Ġ", "▁")
        kinds.append("unknown" if piece.id == unknown else "continuation" if touches and goes_on else "word")
    chips = []
    for piece, kind, after in zip(shown, kinds, [*kinds[1:], ""], strict=True):
        joined = " joined" if after == "continuation" else ""
        hover = escape(_("id {id}").format(id=piece.id))
        chips.append(f'<span class="chip {kind}{joined}" title="{hover}"><b>{escape(piece.text)}</b></span>')
    more = len(pieces) - len(shown)
    rest = "<small>" + escape(_(" … and {count:,} more").format(count=more)) + "</small>" if more else ""
    return f'<div class="chips">{"".join(chips)}{rest}</div>'


def row(found: vocabulary.Spelling, unknown: int | None) -> None:
    """One tokenizer's pieces of a text, and what they cost."""
    with st.container(border=True):
        parts = [
            _("{algorithm}, {count:,} entries").format(algorithm=ALGORITHMS[found.algorithm], count=found.vocabulary),
            _("**{count:,}** tokens").format(count=len(found.pieces)),
        ]
        if found.per_word is not None:
            parts.append(_("{value:.2f} per word").format(value=found.per_word))
        parts.append(_("{value:.2f} per character").format(value=found.per_character))
        if found.unknown:
            parts.append(_("**{count} unknown**").format(count=found.unknown))
        st.markdown(f"**{layout.plain(found.name)}**  \n" + " · ".join(parts))
        st.html(pieces_html(found.pieces, unknown, found.algorithm))


def progress(template: str) -> tuple[Callable[[int, int], None], Callable[[], object]]:
    """A progress bar as a `report`, and how to remove it. template: with {done} and {total}."""
    bar = st.progress(0.0)

    def report(done: int, total: int) -> None:
        bar.progress(done / max(total, 1), template.format(done=done, total=total))

    return report, bar.empty


def trained() -> tuple[tuple[Trained, vocabulary.TrainedTokenizer], ...]:
    """What this visitor trained, newest first, as far as it is still kept."""
    asked = cast(list[Trained], st.session_state.get(TRAINED, []))
    found = [(one, cached_tokens.trained_tokenizer(one.kind, one.texts, one.size)) for one in asked]
    return tuple((one, result) for one, result in found if result is not None)


def train_form() -> None:
    """Train a tokenizer on a dataset or on one's own text."""
    with st.container(border=True):
        st.markdown("**" + _("Train one yourself") + "**")
        options = sources() | {OWN: _("my own text")}
        first, second, third, fourth = st.columns([3, 3, 3, 1.2], vertical_alignment="bottom")
        rows = vocabulary.TRAINERS
        kinds = {name: row.title for name, row in rows.items()}
        sizes = {size: f"{size:,}" for size in SIZES}
        with first:
            source = choices.listed(
                _("Which texts"),
                options,
                choices.kept("tokenizers_source", options, next(iter(options))),
                key="tokenizers_source",
            )
        with second:
            chosen = choices.kept("tokenizers_kind", kinds, "wordpiece")
            kind = cast(vocabulary.Kind, choices.row(_("Algorithm"), kinds, chosen, key="tokenizers_kind"))
        with third:
            size = choices.slider(
                _("Entries in the vocabulary"),
                sizes,
                choices.kept("tokenizers_size", sizes, 1000),
                key="tokenizers_size",
            )
        typed = st.text_area(_("Your text"), key="tokenizers_own", height=120) if source == OWN else ""
        pressed = fourth.button(_("Train"), type="primary", width="stretch")
        st.caption(sentences(_(rows[kind].help), _(rows[kind].marks)))
        if not pressed:
            return
        limit = settings.MAX_TEXT_CHARS.value()
        texts = tuple(typed[:limit].splitlines()) if source == OWN else texts_of(source, 10_000)
        report, done = progress(_("{done:,} of {total:,} texts read"))
        cached_tokens.trained_tokenizer(kind, texts, size, report)
        done()
        made = Trained(kind, size, options[source], texts)
        earlier = [one for one in st.session_state.get(TRAINED, []) if one != made]
        st.session_state[TRAINED] = [made, *earlier][:TRAINED_KEPT]
        st.rerun()


def learned_table(made: vocabulary.TrainedTokenizer, text: str) -> None:
    """What each merge or piece of a trained tokenizer did, in the order it was learned."""
    st.caption(
        _(
            "Learned in {seconds:.1f} s from {texts:,} texts with {characters:,} characters, which are {tokens:,} tokens long now: "
            "{ratio:.2f} characters per token. Asked for {asked:,} entries, got {size:,}."
        ).format(
            seconds=made.seconds,
            texts=made.texts,
            characters=made.characters,
            tokens=made.tokens,
            ratio=made.characters / max(made.tokens, 1),
            asked=made.asked,
            size=made.size,
        )
    )
    charts.plot(
        token_figures.learned_uses(made.learned, text=_),
        key=f"learned_uses_{made.kind}_{made.asked}",
        alt=_("How often each entry is used in the training texts; the numbers are in the table below"),
    )
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    only = left.toggle(_("Only pieces of this sentence"), value=True, key=f"only_{made.kind}_{made.asked}")
    right.caption(
        _("The most probable pieces first.")
        if made.kind == "unigram"
        else _("In the order they were learned: first the alphabet, then one merge after the other.")
    )
    used = {piece.id for piece in vocabulary.spelling(made.tokenizer, text).pieces}
    rows = [entry for entry in made.learned if entry.id in used or not only]
    table: dict[str, list[object]] = {
        _("Id"): [entry.id for entry in rows],
        _("Piece"): [entry.piece for entry in rows],
    }
    if made.kind == "unigram":
        table[_("log-probability")] = [entry.score for entry in rows]
    else:
        table[_("Made from")] = [f"{entry.left} + {entry.right}" if entry.merged else "" for entry in rows]
    table[_("Tokens of the training texts")] = [entry.uses for entry in rows]
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height=320,
        alt=_("The entries of the trained vocabulary, and what each did"),
    )

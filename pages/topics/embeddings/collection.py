"""The sentences of a map: where they come from, their vectors, and the file that holds them."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import embeddings, models, runs
from core.bundled import READY
from core.data.bundled import DATASETS
from core.errors import N_, UserError
from core.tasks.table import TASKS
from pages.shared import inputs, layout, progress
from pages.shared.cached import embeddings as cached_embeddings
from pages.shared.i18n import _, language, ngettext, series
from pages.shared.opening import OPENINGS
from pages.shared.run_view.actions import is_readable

OWN_TEXTS = N_(
    "The soup was delicious. | food\nI would love another slice of pizza. | food\nThe coffee tastes bitter. | food\n"
    "This bread is fresh and warm. | food\nThe train was late again. | travel\nWe flew over the mountains. | travel\n"
    "The bus stops in front of the hotel. | travel\nTheir ship left the harbour at night. | travel\n"
    "The team won the match. | sport\nShe ran the race in record time. | sport\nThe goalkeeper missed the ball. | sport\n"
    "He trains every day for the marathon. | sport"
)


HELD_BACK = "held-back"  # the rows of the run in view that it did not learn from


def _of_model(model: str) -> str:
    """The sentences that suit a model: a run's own rows, or the dataset that a model which comes with the studio learnt from."""
    run = models.RUN_NAME.fullmatch(model)
    if run:
        found = runs.get(run[1])
        return HELD_BACK if is_readable(found) and _has_labels(found.config.task) else OPENINGS[language()]["data"]
    return READY[model].data if model in READY and _has_labels(READY[model].task) else OPENINGS[language()]["data"]


def _has_labels(task: str) -> bool:
    """Whether each text that a task learns from has a label."""
    return task in TASKS and "label" in TASKS[task].gives


def chosen_source(model: str) -> str:
    """What the model in view learnt its answers from, a dataset's id, or "own" for the user's own lines."""
    suits = _of_model(model)
    options = {HELD_BACK: _("rows this run did not learn from")} if suits == HELD_BACK else {}
    options |= {
        **{row.id: _(row.title) for row in DATASETS.values() if _has_labels(row.task)},
        "own": _("my own sentences"),
    }
    return inputs.telling("texts", "embeddings", options, _("Sentences"), suits)


def chosen_texts(source: str, model: str, options: DeltaGenerator) -> embeddings.Sample:
    """A sample of the source, or the user's own lines. options: the place of how many there are."""
    if source != "own":
        with options:
            count = inputs.whole_number(
                "rows", "embeddings", label=_("How many"), low=10, high=embeddings.MOST_SENTENCES, step=50
            )
        return (
            cached_embeddings.held_back(model, count)
            if source == HELD_BACK
            else cached_embeddings.sample(source, count)
        )
    rows = embeddings.read_lines(
        inputs.lines(
            "own_texts", "embeddings", label=_("Sentences, one a line"), example=_(OWN_TEXTS),
            help_text=_("A label may follow after a tab or “ | ”. Up to {most:,} sentences.").format(most=embeddings.MOST_SENTENCES),
        )
    )  # fmt: skip
    if not rows:
        raise UserError("there are no sentences; paste some, one a line")
    kept = rows[: embeddings.MOST_SENTENCES]
    return embeddings.Sample(tuple(r[0] for r in kept), tuple(r[1] for r in kept), {}, len(rows), 0)


def told(sample: embeddings.Sample) -> str:
    """How the sentences were chosen, in one line."""
    if not sample.splits:
        return ngettext("Your {total:,} sentence.", "{count:,} of your {total:,} sentences.", sample.total).format(
            count=len(sample.texts), total=sample.total
        )
    names = {"test": _("test split"), "validation": _("validation split"), "train": _("training split")}
    parts = series(f"{names[split]} {count:,}" for split, count in sample.splits.items())
    return ngettext(
        "{count:,} sentence chosen at random (seed {seed}): {parts}.",
        "{count:,} sentences chosen at random (seed {seed}): {parts}.",
        len(sample.texts),
    ).format(count=len(sample.texts), seed=sample.seed, parts=parts)


def _cancel(key: tuple[str, int, tuple[str, ...]]) -> None:
    st.session_state["embeddings_cancelled"] = key


def _go_on() -> None:
    st.session_state.pop("embeddings_cancelled", None)


def vectors(model: str, title: str, texts: tuple[str, ...], cut: int) -> embeddings.Pooled | None:
    """The sentences' vectors, with progress and a way to stop while they are computed; None when they were stopped."""
    key = (model, cut, texts)
    if st.session_state.get("embeddings_cancelled") == key:
        st.warning(_("Cancelled: the vectors of {title} were not computed.").format(title=layout.plain(title)))
        st.button(_("Compute them"), on_click=_go_on, icon=":material/play_arrow:")
        return None
    place = st.empty()
    drawn: list[st.delta_generator.DeltaGenerator] = []

    def report(done: int, total: int) -> None:
        label = ngettext(
            "{title}: {done:,} of {total:,} sentence", "{title}: {done:,} of {total:,} sentences", total
        ).format(title=layout.plain(title), done=done, total=total)
        if not drawn:
            row = place.container(horizontal=True, vertical_alignment="center")
            drawn.append(row.progress(0.0, label))
            row.button(_("Cancel"), key=f"embeddings_cancel_{model}", on_click=_cancel, args=(key,))
        drawn[0].progress(done / total, label)

    found = progress.in_turn(
        lambda told: cached_embeddings.sentence_vectors(model, texts, cut, told), report, place.caption
    )
    place.empty()
    return found


def sentences_file(sample: embeddings.Sample) -> None:
    lines = [
        f"{' '.join(text.split())}\t{' '.join(label.split())}"
        for text, label in zip(sample.texts, sample.labels, strict=True)
    ]
    st.download_button(
        _("Download these sentences (sentences.tsv)"), "\n".join(lines) + "\n", file_name="sentences.tsv", mime="text/tab-separated-values",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip

"""Fine-tune: choose data, a model and a preset, see what it will cost, start, and watch it learn.

The training runs in a process of its own; this page writes what was asked into a run's folder and reads what comes back.
"""

import json
from dataclasses import replace
from pathlib import Path

import streamlit as st
from datasets import DatasetDict

from core import data, finetune, models, runs
from core.errors import UserError
from core.results import Estimate, RunConfig
from pages.shared import cached, data_form, inputs, layout, recipe, run_view, snippets
from pages.shared.data_form import Source
from pages.shared.i18n import _

# --- What it will cost -------------------------------------------------------------------------------------------------


def limited(dataset: data.TextDataset, limit: int) -> data.TextDataset:
    """The dataset with at most `limit` training rows, 0 for all."""
    train = dataset.splits["train"]
    if not limit or limit >= len(train):
        return dataset
    return replace(dataset, splits=DatasetDict({**dataset.splits, "train": train.select(range(limit))}))


def show_estimate(config: RunConfig, source: Source, dataset: data.TextDataset) -> None:
    """Time and memory, measured on a few real steps when asked for; shown as long as nothing that matters changes."""
    key = repr((replace(config, name="", seed=0, preset=""), source.file))
    known: dict[str, Estimate] = st.session_state.setdefault("estimates", {})
    if key not in known and st.button(
        _("Estimate time and memory"),
        key="estimate",
        icon=":material/timer:",
        help=_("Trains a throw-away copy for a few real steps. It takes some seconds and changes nothing."),
    ):
        with st.status(_("Training a throw-away copy for a few steps …")) as status:
            known[key] = finetune.estimate(config, limited(dataset, config.limit))
            status.update(label=_("Measured."), state="complete")
    if key in known:
        found = known[key]
        st.markdown(
            _(
                "About **{time}** of training and **{memory:,.0f} MB** of memory: {steps:,} steps at {speed:.0f} examples per second."
            ).format(
                time=run_view.duration(found.seconds),
                memory=found.peak_memory_mb,
                steps=found.steps,
                speed=found.examples_per_second,
            )
        )
        st.caption(
            _(
                "Measured on {count} real steps on this machine, with batches of short to long texts. Loading and evaluations come on top; other work on the machine slows it down."
            ).format(count=found.measured_steps)
        )


def configuration(source: Source, model: str, name: str, limit: int) -> RunConfig:
    """Everything that was chosen. limit: tokens the model can take."""
    asked = RunConfig(
        model=model,
        data=source.name,
        task=source.task,
        text_column=source.text_column,
        pair_column=source.pair_column,
        label_column=source.label_column,
        name=name,
    )
    return recipe.configuration(asked, limit)


def start(config: RunConfig, source: Source) -> None:
    """Write the run's folder, start its process, and follow it."""
    run = runs.create(config, Path(source.file) if source.file else None)
    runs.start(run)
    inputs.put("run", run.id)


# --- The page ----------------------------------------------------------------------------------------------------------


def others() -> None:
    """Calm lines on runs that are active, with a way to each."""
    for run in runs.all_runs():
        if run.state.status in run_view.ACTIVE:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    run_view.status_icon(run.state.status)
                    + " "
                    + layout.plain(f"{run_view.status_name(run.state.status)}: {inputs.run_title(run)}")
                )
                st.button(
                    _("Follow it"),
                    key=f"follow_{run.id}",
                    on_click=inputs.put,
                    args=("run", run.id),
                    type="tertiary",
                    icon=":material/visibility:",
                )


def form() -> None:
    """Choose data, model and values, see what they cost, start."""
    others()
    left, right = st.columns([3, 2], gap="large")
    source, dataset = None, None
    with left:
        st.subheader(_("1 · Data"), anchor=False)
        with layout.mistakes():
            source = data_form.choose_data()
            if source:
                with st.spinner(_("Reading the data …"), show_time=True):
                    dataset = source.load()
    with right:
        st.subheader(_("2 · Model and recipe"), anchor=False)
        model = inputs.model("finetune")
        limit = token_limit(model)
        recipe.choose_preset()
        recipe.choose_method(model)
        with st.expander(_("All values"), icon=":material/tune:"):
            recipe.choose_values(limit)
        recipe.advise_rate(model)
        name = st.text_input(
            _("Name of the run (optional)"), max_chars=80, key="run_name", placeholder=_("so that you find it again")
        )
        st.subheader(_("3 · Start"), anchor=False)
        if source and dataset:
            with layout.mistakes():
                config = configuration(source, model, name.strip(), limit)
                show_estimate(config, source, dataset)
                st.button(
                    _("Start"),
                    key="start",
                    type="primary",
                    icon=":material/play_arrow:",
                    on_click=begin,
                    args=(config, source),
                )
                failed = st.session_state.pop("start_error", None)
                if failed:
                    raise failed
                st.caption(
                    _("It trains in a process of its own: you may close this page, or the browser, and come back.")
                )
        else:
            st.caption(_("Choose data first."))
    if source and dataset:
        with left, layout.mistakes():
            data_form.show_data(source, dataset, model, min(int(str(recipe.value_of("max_length"))), limit))
        experiments()
        layout.show_code(
            code(configuration(source, model, "", limit), source, dataset),
            _(
                "The same recipe with plain transformers and the values chosen above. It holds other rows back than the studio "
                "does, so its scores differ by what chance allows."
            ),
        )
    else:
        experiments()


def token_limit(model: str) -> int:
    """The most tokens the model takes, as far as it is known without fetching anything."""
    return cached.tokenizer(model).model_max_length if models.availability(model) == "here" else 512


def begin(config: RunConfig, source: Source) -> None:
    """Start was pressed. A mistake is shown where the button is."""
    try:
        start(config, source)
    except UserError as error:
        st.session_state["start_error"] = error


def code(config: RunConfig, source: Source, dataset: data.TextDataset) -> str:
    """The same recipe as a script."""
    report = dataset.report
    rows = snippets.training_rows(source.name, Path(source.file).name, dataset.columns, report)
    held_out = not run_view.learnt_by_heart(report)
    return snippets.finetune(config, rows, dataset.label_names, pair="pair" in dataset.columns, held_out=held_out)


def experiments() -> None:
    layout.experiments(
        "finetune",
        (
            layout.Experiment(
                _("The tutorial's four sentences"),
                _(
                    "Three labels for four sentences, learnt by heart: the loss falls to almost nothing and the accuracy reaches 1. "
                    "But it is measured on the same four sentences, and the page says so. Then ask it about a fifth one in the Playground."
                ),
                {
                    "data": "article-example",
                    "preset": "quick",
                    "changes": json.dumps({"batch_size": 2, "epochs": 20.0, "evaluations": 1}),
                },
            ),
            layout.Experiment(
                _("What did BERT know already?"),
                _(
                    "Only the pooler and the classifier are trained, on 2,000 rows. What accuracy is reached comes from what the encoder knew before. "
                    "Run it, then run the same with all parameters, and compare the two on the Runs page."
                ),
                {
                    "data": "rotten_tomatoes",
                    "preset": "quick",
                    "changes": json.dumps({"learning_rate": 1e-3, "method": "head"}),
                },
            ),
            layout.Experiment(
                _("How little data is enough?"),
                _(
                    "A hundred rows. Look at the interval beside the accuracy, and at how it compares to always giving the most frequent label. "
                    "Then allow 500, then 2,000 rows."
                ),
                {"data": "rotten_tomatoes", "preset": "quick", "changes": json.dumps({"epochs": 3.0, "limit": 100})},
            ),
            layout.Experiment(
                _("A learning rate that is too high"),
                _(
                    "A hundred times the usual rate: the loss does not fall but stays near ln 2 ≈ 0.693, what guessing between two labels costs. "
                    "The model forgets what it knew."
                ),
                {
                    "data": "rotten_tomatoes",
                    "preset": "quick",
                    "changes": json.dumps({"learning_rate": 1e-2, "limit": 500}),
                },
            ),
        ),
    )


with layout.page(
    _("Fine-tune"),
    _(
        "Teach a pre-trained BERT a task of your own: choose sentences with labels, press Start, and watch it learn. "
        "The result is measured on sentences that it never saw."
    ),
):
    if run_view.NEXT_FORM in st.session_state:
        with layout.mistakes():
            recipe.take_over(st.session_state.pop(run_view.NEXT_FORM))
    followed = inputs.get("run")
    if followed:
        st.button(_("Set up a new run"), on_click=inputs.put, args=("run", ""), key="new_run", icon=":material/add:")
        run_view.follow(followed, "finetune")
    else:
        form()

"""Fine-tune: choose data, a model and a preset, see what it will cost, start, and watch it learn.

The training runs in a process of its own; this page writes what was asked into a run's folder and reads what comes back.
"""

import json

import streamlit as st

from core import models
from core.data.dataset import TextDataset
from core.results import RunConfig
from pages.shared import inputs, launch, layout, path, progress, recipe
from pages.shared.data_form import report
from pages.shared.data_form.source import Source, choose_data
from pages.shared.experiments import Experiment, in_chinese, strip
from pages.shared.i18n import _
from pages.shared.run_view import actions, live
from pages.shared.tasks.table import VIEWS

LOOKED_AT = 200  # rows, for the writing that the data are in


def configuration(source: Source, model: str, name: str, limit: int) -> RunConfig:
    """Everything that was chosen. limit: tokens the model can take."""
    asked = RunConfig(
        model=model,
        data=source.name,
        task=source.task,
        columns=source.columns,
        reading=source.reading,
        preparation=source.preparation,
        name=name,
    )
    return recipe.configuration(asked, limit)


def form() -> None:
    """Choose data, model and values, see what they cost, start."""
    launch.others()
    strip("finetune", experiments())
    left, right = st.columns([3, 2], gap="large")
    source, dataset = None, None
    with left:
        st.header(_("1 · Data"), anchor=False)
        with layout.mistakes():
            source = choose_data()
            if source:
                with progress.spinner(_("Reading the data …")):
                    dataset = source.load()
    with right:
        st.header(_("2 · Model and recipe"), anchor=False)
        if dataset:
            train = dataset.splits["train"]
            texts = dataset.texts(train.select(range(min(LOOKED_AT, len(train)))))
            inputs.suit(text for column in texts.values() for text in column)
        model = inputs.model("finetune")
        limit = launch.token_limit(model)
        recipe.fit_to(dataset, model, source.task if source else "")
        recipe.choose_preset()
        recipe.choose_method(model, source.task if source else "")
        with st.expander(_("All values"), icon=":material/tune:"):
            recipe.choose_values(limit, source.task if source else "")
        recipe.advise_rate(model)
        name = st.text_input(
            _("Name of the run (optional)"), max_chars=80, key="run_name", placeholder=_("so that you find it again")
        )
        st.header(_("3 · Start"), anchor=False)
        if source and dataset:
            with layout.mistakes():
                config = configuration(source, model, name.strip(), limit)
                launch.show_estimate(config, source)
                recipe.say_what_is_too_little(config, dataset)
                launch.show_start(config, source)
        else:
            st.caption(_("Choose data first."))
    if source and dataset:
        with left, layout.mistakes():
            report.show_data(source, dataset, model, min(int(str(recipe.value_of("max_length"))), limit))
        layout.show_code(
            code(configuration(source, model, "", limit), source, dataset),
            _(
                "The same recipe with plain transformers and the values chosen above. It holds other rows back than the studio "
                "does, so its scores differ by what chance allows."
            ),
        )


def code(config: RunConfig, source: Source, dataset: TextDataset) -> str:
    """The same recipe as a script."""
    view = VIEWS[config.task]
    return view.training_code(config, view.rows_code(source.name, source.script_file, dataset), dataset)


def experiments() -> tuple[Experiment, ...]:
    """The prepared experiments: runs that make a point."""
    return (
        *in_chinese(
            (
                Experiment(
                    "zh-reviews",
                    _("500 Chinese reviews"),
                    _("What do 500 pieces of Chinese reviews teach?"),
                    _(
                        "The multilingual encoder learns from 500 short pieces. The report sets it beside counting words. Many a piece says the opposite of its review, so no model gets near 100%."
                    ),
                    {
                        "data": "chinese-reviews",
                        "model": models.MULTILINGUAL,
                        "preset": "quick",
                        "changes": json.dumps({"limit": 500}),
                    },
                ),
            )
        ),
        Experiment(
            "four-sentences",
            _("The tutorial's four sentences"),
            _("Can a model learn four sentences by heart?"),
            _(
                "Three labels for four sentences, learnt by heart: the loss falls to almost nothing and the accuracy reaches 1. "
                "But it is measured on the same four sentences, and the page says so. Then ask it about a fifth one in the Playground."
            ),
            {
                "data": "article-example",
                "preset": "quick",
                "changes": json.dumps({"batch_size": 1, "epochs": 50.0, "evaluations": 1}),
            },
        ),
        *(view.first_run() for view in VIEWS.values() if view.first_run is not None),
        Experiment(
            "head-only",
            _("What did BERT know already?"),
            _("What does the encoder know before it is fine-tuned?"),
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
        Experiment(
            "little-data",
            _("How little data is enough?"),
            _("What do a hundred rows teach?"),
            _(
                "A hundred rows. Look at the interval beside the accuracy, and at how it compares to always giving the most frequent label. "
                "Then allow 500, then 2,000 rows."
            ),
            {"data": "rotten_tomatoes", "preset": "quick", "changes": json.dumps({"limit": 100})},
        ),
        Experiment(
            "high-rate",
            _("A learning rate that is too high"),
            _("What does a learning rate do that is too high?"),
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
    )


with layout.page(
    _("Fine-tune"),
    path.step("finetune")
    + _(
        "Teach a pre-trained BERT a task of your own: choose sentences with labels, press Start, and watch it learn. "
        "The result is measured on rows that are held back from learning, where there are enough."
    ),
    resets=inputs.OF_TRAINING,
):
    if actions.NEXT_FORM in st.session_state:
        with layout.mistakes():
            recipe.take_over(st.session_state.pop(actions.NEXT_FORM))
    followed = inputs.get("run")
    if followed:
        st.button(_("Set up a new run"), on_click=inputs.put, args=("run", ""), key="new_run", icon=":material/add:")
        live.follow(followed, "finetune")
    else:
        form()
    path.footer("finetune")

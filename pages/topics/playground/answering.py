"""The model that answers: which one, how it is loaded, and the way to a first one."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import models, runs
from core.bundled import READY
from core.errors import UserError
from core.predict import Predictor
from core.tasks.table import TASKS
from pages.shared import inputs, layout, progress, visitor
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _, error_text, ngettext
from pages.shared.opening import is_opening
from pages.shared.tasks.table import VIEWS
from pages.shared.words import shortened

SHORT = 60  # characters of a row on a button
SHOWN_RUNS = 4  # of each task: the newest; all of them are in the list of models


def load(name: str) -> Predictor:
    """Make a model ready. Raises UserError when it has no head for a task; a bare encoder is not even fetched to find out."""
    if name in models.MODELS:
        raise UserError("'{name}' is a pre-trained encoder without a head for a task: fine-tune it first", name=name)
    with progress.spinner(_("Loading the model…")):
        return cached_models.predictor(name)


def choose_model(place: DeltaGenerator) -> tuple[str, dict[str, str]]:
    """The model that answers, chosen in a place of the page's first line, and the titles of all that could and are here.

    It is the shared model when that can answer. In place of one without a head the run answers that was this visitor's newest when they
    came, or else a model that comes with the studio, and a line says so. Raises UserError for a model that is not to be had: nothing else answers then.
    """
    titles = inputs.own_before_ready((run for run in inputs.finished() if run.config.task in TASKS), inputs.ready())
    try:
        with place:
            wanted = inputs.model("playground", label=_("Model that answers"))
        load(wanted)
        return wanted, titles
    except UserError as error:
        wanted, reason = inputs.get("model"), layout.plain(error_text(error))
        other = inputs.settled(f"instead of {wanted}", (name for name in titles if name != wanted))
        if wanted not in models.MODELS and models.availability(wanted) != "here":
            _use(other, _("Ask “{title}” instead").format(title=layout.plain(titles[other])))
            if wanted.startswith("run:"):
                runs.get(wanted.removeprefix("run:"))  # a link to a run that is gone says just that
            raise
    template = _("{reason}. A run of yours answers here: {title}.")
    if other in READY:
        template = _("{reason}. A model that comes with the studio answers here: {title}.")
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.caption(template.format(reason=reason, title=layout.plain(titles[other])))
    with right:
        _use(other, _("Use it on every page"))
    load(other)
    return other, titles


def _use(model: str, label: str) -> None:
    st.button(
        label, key="use_other", type="tertiary", icon=":material/push_pin:", on_click=inputs.put, args=("model", model)
    )


def begin_with_own(name: str) -> None:
    """Where the visitor has written nothing yet, a run is asked about a row of its own data, a model of the studio one of its examples.

    A classifier of single texts has something to say of any sentence, also of the one that the studio opens with; others need names, or a passage.
    """
    text, pair = inputs.get("text"), inputs.get("pair")
    example = any((text, pair) in row.asked for row in READY.values())
    if not example and (pair or not is_opening({"text": text})):
        return
    if name not in READY:
        rows = cached_answers.own_rows(name)
        first = next(iter(rows.of.values())).inputs if rows else cached_answers.own_row(name)
        _put(first)
    elif (text, pair) not in READY[name].asked and (pair or "label" not in TASKS[READY[name].task].gives):
        _put(dict(zip(("text", "pair"), READY[name].asked[0], strict=True)))


def _put(texts: Mapping[str, str]) -> None:
    for role, text in texts.items():
        inputs.put(role, text)


def own_examples(name: str) -> None:
    """A button for each row of a run's own data that is worth looking at, or else for the one that it is asked first."""
    rows = cached_answers.own_rows(name)
    found: dict[str, Mapping[str, str]] = {kind: row.inputs for kind, row in rows.of.items()} if rows else {}
    if not found and (first := cached_answers.own_row(name)):
        found = {"first": first}
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(_("From its own data:"), width="content")
        for kind, texts in found.items():
            st.button(
                shortened(next(iter(texts.values())), SHORT),
                key=f"own_{kind}",
                type="tertiary",
                on_click=_take_row,
                args=(texts,),
            )


def _take_row(texts: Mapping[str, str]) -> None:
    _put({"pair": "", "view": "one"} | dict(texts))


def examples(model: str) -> None:
    """What can be asked, by task: of the models that come with the studio every example of the one that answers and one of each
    other, then this visitor's newest runs, each of which is asked about a row of its own data."""
    names = inputs.ready()
    own = inputs.by_task(run for run in inputs.finished() if visitor.owns(run.id) and run.config.task in TASKS)
    for task in dict.fromkeys((*(READY[name].task for name in names), *own)):
        with st.container(key=f"choice_{task}", horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(_("{task}:").format(task=_(TASKS[task].title)), width="content")
            for name in (name for name in names if READY[name].task == task):
                for number, (text, pair) in enumerate(READY[name].asked if name == model else READY[name].asked[:1]):
                    st.button(
                        text,
                        key=f"example_{name}_{number}",
                        type="tertiary",
                        help=names[name],
                        on_click=_take_example,
                        args=(name, text, pair),
                    )
            _runs_to_ask([run for run in own.get(task, []) if f"run:{run.id}" != model])
    _train_your_own()


def _runs_to_ask(found: Sequence[runs.Run]) -> None:
    """A button for each of the newest of these runs, and how many more the list of models has."""
    shown = found[:SHOWN_RUNS]
    titles = inputs.titles(shown)
    for run in shown:
        st.button(
            layout.plain(_("your run: {title}").format(title=shortened(run.name, SHORT))),
            key=f"ask_{run.id}",
            type="tertiary",
            icon=":material/model_training:",
            help=layout.plain(titles[f"run:{run.id}"]),
            on_click=_ask_run,
            args=(f"run:{run.id}",),
        )
    if more := len(found) - len(shown):
        message = ngettext(
            "and {count} more run of yours in the list of models",
            "and {count} more runs of yours in the list of models",
            more,
        )
        st.caption(message.format(count=more), width="content")


def _ask_run(model: str) -> None:
    """Ask a run; what it is asked is a row of its own data, which `begin_with_own` looks for once nothing of the visitor's is there."""
    inputs.reset(("text", "pair"))
    _put({"model": model, "view": "one"})


def first_runs() -> None:
    """The tasks that no model comes with the studio for, each with the way to a run that makes one in minutes."""
    for task, view in VIEWS.items():
        if view.first_run is None:
            continue
        run = view.first_run()
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(_("{task}, once you have trained it:").format(task=_(TASKS[task].title)), width="content")
            st.page_link(
                "pages/finetune.py",
                label=run.label,
                help=run.question,
                icon=":material/model_training:",
                query_params=inputs.link() | {**run.values, "experiment": run.id, "run": ""},
            )


def _take_example(model: str, text: str, pair: str) -> None:
    _put({"model": model, "text": text, "pair": pair, "view": "one"})


def _train_your_own() -> None:
    """The way to a first model of one's own."""
    st.page_link("pages/finetune.py", label=_("Fine-tune a model of your own"), icon=":material/model_training:")
    if any(run.state.status in runs.ACTIVE for run in visitor.runs_seen()):
        st.page_link("pages/runs.py", label=_("A run is on its way: watch it"), icon=":material/list_alt:")


def run_of(name: str) -> runs.Run | None:
    """The run behind a model name, or None for a model of the hub."""
    found = models.RUN_NAME.fullmatch(name)
    return runs.get(found[1]) if found else None


def short_title(name: str, titles: Mapping[str, str]) -> str:
    return titles.get(name, name)

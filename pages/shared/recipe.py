"""What a training run is to be: preset, method and values, kept in the shared state and chosen with the widgets here.

The shared values "preset" and "changes" hold the preset and, as JSON, what differs from it, so that the address carries
them. A preset's values follow from the size of data and model, so they are derived again whenever one of these is another; what
the address says itself stays. This module does not know which data is trained on.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

import streamlit as st

from core import models, runs
from core.data import relabel
from core.data.dataset import TextDataset
from core.families import HEADS
from core.finetune.recipe import (
    HEAD_ALONE,
    METHODS,
    PARAMETERS,
    PRESETS,
    Size,
    chosen_by,
    derivation,
    epochs_for,
    fitted,
    suggested_learning_rate,
    time_with,
    too_little,
    with_preset,
)
from core.results import AS_READ, Preparation, Reading, RunConfig
from core.tasks.table import TASKS
from pages.shared import choices, inputs, layout, words
from pages.shared.i18n import _, ngettext, sentences, series

DEFAULTS = {field.name: field.default for field in fields(RunConfig)}
SETTABLE = (*PARAMETERS, "method", "class_weights")
ENCODING = re.compile(r"[\w.-]{1,40}", re.ASCII)
DELIMITER = re.compile(r'[^\r\n"]{1,5}')
LONGEST_SEPARATOR = 20  # characters
OLD_COLUMN = "_column"  # addresses of earlier versions name a column as "text_column", "pair_column" or "label_column"


def fitting(name: str, value: object) -> bool:
    """Whether a field of RunConfig can have this value, which may come from anyone's address."""
    if name == "method":
        return value in METHODS
    if name == "class_weights":
        return isinstance(value, bool)
    row = PARAMETERS.get(name)
    if row is None or isinstance(value, bool):
        return False
    if not isinstance(value, int if isinstance(DEFAULTS[name], int) else int | float):
        return False
    return row.minimum <= float(str(value)) <= row.maximum


@dataclass(frozen=True)
class Values:
    """Values of a run's configuration: a base and what differs from it, which the address holds as JSON.

    key: the shared value with the differences and, under "columns", the columns that were chosen by role, under "reading" how the
    file is read, under "preparation" what is made of its rows. base: field of RunConfig → value where nothing was changed. names: the fields that may be changed.
    """

    key: str
    base: Mapping[str, object]
    names: tuple[str, ...]

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(inputs.get(self.key) or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def changes(self) -> dict[str, object]:
        """The fields that differ from the base."""
        found = {name: value for name, value in self._read().items() if name in self.names and fitting(name, value)}
        return {name: value for name, value in found.items() if value != self.base[name]}

    def columns(self) -> dict[str, str]:
        """The columns that were chosen: role → column."""
        found = self._read()
        named = found.get("columns")
        earlier = {name.removesuffix(OLD_COLUMN): value for name, value in found.items() if name.endswith(OLD_COLUMN)}
        chosen = earlier | (named if isinstance(named, dict) else {})
        return {role: column for role, column in chosen.items() if isinstance(column, str) and column}

    def reading(self) -> Reading:
        """How the file is read, as far as it was chosen; what no file can be read with is left out."""
        said = self._read().get("reading")
        found = said if isinstance(said, dict) else {}
        header, encoding, delimiter = (found.get(name) for name in ("header", "encoding", "delimiter"))
        return Reading(
            header if isinstance(header, bool) else None,
            encoding if isinstance(encoding, str) and ENCODING.fullmatch(encoding) else "",
            delimiter if isinstance(delimiter, str) and DELIMITER.fullmatch(delimiter) else "",
        )

    def preparation(self) -> Preparation:
        """What is made of the rows, as far as it was chosen; what is nonsense is left out."""
        said = self._read().get("preparation")
        found = said if isinstance(said, dict) else {}
        labels, split, separator = (found.get(name) for name in ("labels", "split", "separator"))
        names = labels.items() if isinstance(labels, dict) else ()
        fits = isinstance(separator, str) and 0 < len(separator) <= LONGEST_SEPARATOR
        return Preparation(
            tuple((old, new.strip()) for old, new in names if isinstance(new, str)),
            split if isinstance(split, str) else None,
            str(separator) if fits else AS_READ.separator,
        )

    def value(self, name: str) -> object:
        """A field as it is set now."""
        return self.changes().get(name, self.base[name])

    def change(self, **values: object) -> None:
        """Set fields; one that is back at the base is no longer a change."""
        self._write(self.changes() | values, self.columns(), self.reading(), self.preparation())

    def choose_column(self, role: str, column: str) -> None:
        """Choose the column of a role, "" to have it guessed."""
        self._write(self.changes(), self.columns() | {role: column}, self.reading(), self.preparation())

    def choose_reading(self, **said: object) -> None:
        """Say how the file is read: fields of Reading. The columns may have other names then, so they are found again."""
        self._write(self.changes(), {}, replace(self.reading(), **said), AS_READ)  # type: ignore[arg-type]

    def prepare(self, **said: object) -> None:
        """Say what is made of the rows: fields of Preparation."""
        prepared = replace(self.preparation(), **said)  # type: ignore[arg-type]
        self._write(self.changes(), self.columns(), self.reading(), prepared)

    def forget(self) -> None:
        """Back to the base; what was said of the data stays."""
        self._write({}, self.columns(), self.reading(), self.preparation())

    def forget_columns(self) -> None:
        """Other roles: the columns chosen for the old ones mean nothing any more."""
        self._write(self.changes(), {}, self.reading(), AS_READ)

    def forget_data(self) -> None:
        """Other data: what was said of the old one means nothing any more."""
        self._write(self.changes(), {}, Reading(), AS_READ)

    def take(self, config: RunConfig) -> None:
        """Set everything as in a configuration, whatever the base will be."""
        values = asdict(config)
        self._put({name: values[name] for name in self.names}, dict(config.columns), config.reading, config.preparation)

    def _write(
        self, values: Mapping[str, object], columns: Mapping[str, str], reading: Reading, preparation: Preparation
    ) -> None:
        changed = {name: value for name, value in values.items() if value != self.base[name]}
        self._put(changed, columns, reading, preparation)

    def _put(
        self, kept: dict[str, object], columns: Mapping[str, str], reading: Reading, preparation: Preparation
    ) -> None:
        chosen = {role: column for role, column in columns.items() if column}
        if chosen:
            kept["columns"] = chosen
        said = {name: value for name, value in asdict(reading).items() if value not in (None, "")}
        if said:
            kept["reading"] = said
        if preparation != AS_READ:
            kept["preparation"] = {**asdict(preparation), "labels": dict(preparation.labels)}
        inputs.put(self.key, json.dumps(kept, sort_keys=True, ensure_ascii=False) if kept else "")


SIZE = (
    "recipe_size"  # session key: the Size that the form on Fine-tune shows a recipe for, absent while there is no data
)


def size_of(dataset: TextDataset, model: str, task: str) -> Size:
    """What a recipe depends on, of these rows, this model and this task."""
    vocabulary, layers = Size.vocabulary, Size.layers
    if models.availability(model) == "here":
        config = models.load_config(model)
        vocabulary, layers = config.vocab_size, config.num_hidden_layers
    rows, classes = len(dataset.splits["train"]), len(dataset.label_names)
    return Size(rows, classes, hidden_size(model), vocabulary, TASKS[task].rate, layers)


def fit_to(dataset: TextDataset | None, model: str, task: str) -> None:
    """The presets' values are now for this data, model and task."""
    if dataset is None:
        st.session_state.pop(SIZE, None)
    else:
        st.session_state[SIZE] = size_of(dataset, model, task)


def size() -> Size | None:
    """What the presets' values are for, as far as it is known."""
    found: Size | None = st.session_state.get(SIZE)
    if found is None:
        return None
    limit = Values("changes", DEFAULTS | dict(PRESETS[preset_name()].values), ("limit",)).value("limit")
    return replace(found, rows=min(found.rows, int(str(limit)) or found.rows))


def preset_values() -> Mapping[str, object]:
    """The values of the chosen preset, for the data and the model that are chosen."""
    known = size()
    return fitted(preset_name(), known) if known else PRESETS[preset_name()].values


def values() -> Values:
    """The values of the form on Fine-tune, which begin with a preset's."""
    return Values("changes", DEFAULTS | dict(preset_values()), SETTABLE)


def changes() -> dict[str, object]:
    """What differs from the preset."""
    return values().changes()


def preset_name() -> str:
    return inputs.get("preset") if inputs.get("preset") in PRESETS else str(DEFAULTS["preset"])


def change(**changed: object) -> None:
    """Set values; one that is back at the preset's own is no longer a change."""
    values().change(**changed)


def value_of(name: str) -> object:
    """A field of RunConfig as it is set now."""
    return values().value(name)


def take_over(run_id: str) -> None:
    """Set everything as in a run, to train again with changes."""
    run = runs.get(run_id)
    config = run.config
    inputs.put("model", config.model)
    inputs.put("data", f"run:{run.id}" if config.data.startswith("data/") else config.data)
    inputs.put("task", config.task)
    inputs.put("preset", config.preset if config.preset in PRESETS else DEFAULTS["preset"])
    values().take(config)


def preset_title(name: str) -> str:
    return _("Custom") if name == "custom" else _(PRESETS[name].title)


def take_preset() -> None:
    """A preset was chosen: its values replace those that were edited; the chosen columns stay."""
    name = st.session_state["preset"]
    if name in PRESETS:
        inputs.put("preset", name)
        values().forget()


def choose_preset() -> None:
    """One of the presets, or "custom" once a value differs from it."""
    edited = list(changes())
    offered = {name: preset_title(name) for name in (*PRESETS, *(["custom"] if edited else []))}
    choices.row(
        _("How thoroughly"),
        offered,
        "custom" if edited else preset_name(),
        key="preset",
        on_change=take_preset,
    )
    explain_steps()
    if edited:
        st.caption(
            _("Based on {preset}, with values of your own for: {names}. Choose a preset to go back.").format(
                preset=preset_title(preset_name()), names=series(words.setting_name(name) for name in edited)
            )
        )
    else:
        known = size()
        times = time_with(preset_name(), known) if known else ()
        st.caption(
            sentences(_(PRESETS[preset_name()].help), *(_(message).format(**values) for message, values in times))
        )


def explain_steps() -> None:
    """How many steps the values make of the rows, and why they are what they are, in a line."""
    known = size()
    if known is not None:
        asked = configuration(RunConfig("", ""), int(PARAMETERS["max_length"].maximum))
        notes = derivation(asked, known)
        st.caption(sentences(*(layout.plain(_(message).format(**values)) for message, values in notes)))


def say_what_is_too_little(config: RunConfig, dataset: TextDataset) -> None:
    """Before the start: what there is too little of, and a button that adds what can be added."""
    report = dataset.report
    alike = relabel.ambiguous(list(report.label_counts))  # whose remedy is to merge them, not more rows
    rare = {label: report.label_counts[label] for label in report.rare if label not in alike}
    rows = report.counts["train"]
    validation = report.counts.get("validation", 0)
    found = too_little(config, rows, validation, rare, chosen_by(TASKS[config.task].best, validation))
    if not found:
        return
    st.info(
        "\n\n".join(layout.plain(_(note).format(**values)) for note, values in found),
        icon=":material/lightbulb:",
    )
    epochs = epochs_for(config, rows)
    if epochs > config.epochs:
        st.button(
            ngettext("Use {epochs:g} epoch", "Use {epochs:g} epochs", epochs).format(epochs=epochs),
            on_click=lambda: change(epochs=epochs),
            key="use_epochs",
        )
    if rare and TASKS[config.task].class_weights and not config.class_weights:
        st.button(
            _("Give rare labels more weight"), on_click=lambda: change(class_weights=True), key="use_class_weights"
        )


def hidden_size(model: str) -> int:
    """The model's hidden size, as far as it is known without fetching anything."""
    if model in models.MODELS:
        return models.MODELS[model].hidden
    return int(models.load_config(model).hidden_size) if models.availability(model) == "here" else 768


def _usual_rate(method: str, model: str) -> float:
    """The learning rate that suits a method, a model and the task that is chosen."""
    known = size()
    return suggested_learning_rate(method, hidden_size(model), known.rate if known else 1.0)


def take_method(model: str) -> None:
    """Another method brings the learning rate that suits it."""
    method = st.session_state["method"]
    if method:
        rate = _usual_rate(method, model)
        change(method=method, learning_rate=values().base["learning_rate"] if method == "full" else rate)


def choose_method(model: str, task: str) -> None:
    """Which parameters are trained; where the task has no head, none can be trained alone."""
    chosen = str(value_of("method"))
    alone = chosen == HEAD_ALONE or not (task in TASKS and HEADS[TASKS[task].head].bare)
    choices.row(
        _("What is trained"),
        {name: _(row.title) for name, row in METHODS.items() if name != HEAD_ALONE or alone},
        chosen,
        key="method",
        on_change=take_method,
        args=(model,),
        wrap=True,
    )
    st.caption(_(METHODS[chosen].help))


def take_value(name: str) -> None:
    value = st.session_state[f"value_{name}"]
    if value is not None:
        change(**{name: value})


def choose_values(limit: int, task: str) -> None:
    """Every value that training uses, visible and open to change. limit: tokens the model can take."""
    method = value_of("method")
    unused = {"frozen_layers": method != "frozen", "lora_rank": method != "lora"}
    numbers([name for name in PARAMETERS if not unused.get(name)], value_of, take_value, limit)
    if task in TASKS and not TASKS[task].class_weights:
        return
    st.session_state["value_class_weights"] = bool(value_of("class_weights"))
    st.checkbox(
        words.setting_name("class_weights"),
        key="value_class_weights",
        help=_(
            "Mistakes on rare labels count more, so that they are not drowned by frequent ones. Worth trying when labels are unbalanced."
        ),
        on_change=take_value,
        args=("class_weights",),
    )


def numbers(names: Sequence[str], value: Callable[[str], object], take: Callable[[str], None], limit: int) -> None:
    """A field for each of these numbers of RunConfig. value: name → what it is now; take: called with the name of one that was edited.

    limit: tokens the model can take.
    """
    places = st.columns(3)
    for i, row in enumerate(PARAMETERS[name] for name in names):
        key = f"value_{row.field}"
        whole = isinstance(DEFAULTS[row.field], int)
        kind = int if whole else float
        maximum = min(row.maximum, limit) if row.field == "max_length" else row.maximum
        st.session_state[key] = min(kind(value(row.field)), kind(maximum))  # type: ignore[arg-type, call-overload]
        places[i % 3].number_input(
            _(row.label),
            kind(row.minimum),
            kind(maximum),
            step=kind(row.step),
            format="%d" if whole else "%.2e" if row.field == "learning_rate" else "%.2f",
            key=key,
            help=_(row.help),
            on_change=take,
            args=(row.field,),
        )


def advise_rate(model: str) -> None:
    """A rate that is known to be too high for a large model: say so, with the way out."""
    suggested = _usual_rate(str(value_of("method")), model)
    if float(str(value_of("learning_rate"))) > 3 * suggested:
        st.warning(
            _(
                "A learning rate of {rate:.0e} is high for this model and method; about {suggested:.0e} is usual."
            ).format(rate=float(str(value_of("learning_rate"))), suggested=suggested)
        )
        st.button(
            _("Use {rate:.0e}").format(rate=suggested), on_click=lambda: change(learning_rate=suggested), key="use_rate"
        )


def configuration(asked: RunConfig, limit: int) -> RunConfig:
    """A configuration that names model and data, with everything that was chosen here. limit: tokens the model can take."""
    found = {
        name: value for name, value in changes().items() if name != "class_weights" or TASKS[asked.task].class_weights
    }
    asked = with_preset(asked, preset_name(), size())
    asked = replace(asked, **found)  # type: ignore[arg-type]
    return replace(asked, preset="custom" if found else preset_name(), max_length=min(asked.max_length, limit))

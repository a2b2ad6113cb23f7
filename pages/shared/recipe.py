"""What a training run is to be: preset, method and values, kept in the shared state and chosen with the widgets here.

The shared values "preset" and "changes" hold the preset and, as JSON, what differs from it, so that the address carries
them. This module does not know which data is trained on.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace

import streamlit as st

from core import finetune, models, runs
from core.results import RunConfig
from pages.shared import inputs, words
from pages.shared.i18n import _

COLUMNS = ("text_column", "pair_column", "label_column")
DEFAULTS = {field.name: field.default for field in fields(RunConfig)}
SETTABLE = (*finetune.PARAMETERS, "method", "class_weights")


def fitting(name: str, value: object) -> bool:
    """Whether a field of RunConfig can have this value, which may come from anyone's address."""
    if name in COLUMNS:
        return isinstance(value, str)
    if name == "method":
        return value in finetune.METHODS
    if name == "class_weights":
        return isinstance(value, bool)
    row = finetune.PARAMETERS.get(name)
    kinds = int if isinstance(DEFAULTS.get(name), int) else int | float
    number = isinstance(value, kinds) and not isinstance(value, bool)
    return row is not None and number and row.minimum <= value <= row.maximum  # type: ignore[operator]


def changes() -> dict[str, object]:
    """What differs from the preset, and the columns that were chosen. The address holds it as JSON."""
    try:
        asked = json.loads(inputs.get("changes") or "{}")
    except ValueError:
        return {}
    return {k: v for k, v in asked.items() if fitting(k, v)} if isinstance(asked, dict) else {}


def preset_name() -> str:
    return inputs.get("preset") if inputs.get("preset") in finetune.PRESETS else str(DEFAULTS["preset"])


def preset_value(name: str) -> object:
    """The preset's own value of a field."""
    return finetune.PRESETS[preset_name()].values.get(name, DEFAULTS[name])


def change(**values: object) -> None:
    """Set values; one that is back at the preset's own is no longer a change."""
    kept = {name: value for name, value in (changes() | values).items() if value != preset_value(name)}
    inputs.put("changes", json.dumps(kept, sort_keys=True, ensure_ascii=False) if kept else "")


def value_of(name: str) -> object:
    """A field of RunConfig as it is set now."""
    return changes().get(name, preset_value(name))


def take_over(run_id: str) -> None:
    """Set everything as in a run, to train again with changes."""
    run = runs.get(run_id)
    config = run.config
    inputs.put("model", config.model)
    inputs.put("data", f"run:{run.id}" if config.data.startswith("data/") else config.data)
    inputs.put("task", config.task)
    inputs.put("preset", config.preset if config.preset in finetune.PRESETS else DEFAULTS["preset"])
    inputs.put("changes", "")
    asked = asdict(config)
    change(**{name: asked[name] for name in (*SETTABLE, *COLUMNS)})


def preset_title(name: str) -> str:
    return _("Custom") if name == "custom" else _(finetune.PRESETS[name].title)


def take_preset() -> None:
    """A preset was chosen: its values replace those that were edited; the chosen columns stay."""
    name = st.session_state["preset"]
    if name in finetune.PRESETS:
        columns = {key: value for key, value in changes().items() if key in COLUMNS}
        inputs.put("preset", name)
        inputs.put("changes", "")
        change(**columns)


def choose_preset() -> None:
    """One of the presets, or "custom" once a value differs from it."""
    edited = [name for name in changes() if name in SETTABLE]
    st.session_state["preset"] = "custom" if edited else preset_name()
    st.segmented_control(
        _("How thoroughly"),
        [*finetune.PRESETS, *(["custom"] if edited else [])],
        format_func=preset_title,
        key="preset",
        on_change=take_preset,
        required=True,
    )
    if edited:
        st.caption(
            _("Based on {preset}, with values of your own for: {names}. Choose a preset to go back.").format(
                preset=preset_title(preset_name()), names=", ".join(words.setting_name(name) for name in edited)
            )
        )
    else:
        st.caption(_(finetune.PRESETS[preset_name()].help))


def hidden_size(model: str) -> int:
    """The model's hidden size, as far as it is known without fetching anything."""
    if model in models.MODELS:
        return models.MODELS[model].hidden
    return int(models.load_config(model).hidden_size) if models.availability(model) == "here" else 768


def take_method(model: str) -> None:
    """Another method brings the learning rate that suits it."""
    method = st.session_state["method"]
    if method:
        rate = finetune.suggested_learning_rate(method, hidden_size(model))
        change(
            method=method, learning_rate=preset_value("learning_rate") if method == "full" and rate == 1e-4 else rate
        )


def choose_method(model: str) -> None:
    st.session_state["method"] = value_of("method")
    st.segmented_control(
        _("What is trained"),
        list(finetune.METHODS),
        format_func=lambda name: _(finetune.METHODS[name].title),
        key="method",
        on_change=take_method,
        args=(model,),
        required=True,
        wrap=True,
    )
    st.caption(_(finetune.METHODS[str(value_of("method"))].help))


def take_value(name: str) -> None:
    value = st.session_state[f"value_{name}"]
    if value is not None:
        change(**{name: value})


def choose_values(limit: int) -> None:
    """Every value that training uses, visible and open to change. limit: tokens the model can take."""
    method = value_of("method")
    unused = {"frozen_layers": method != "frozen", "lora_rank": method != "lora"}
    numbers([name for name in finetune.PARAMETERS if not unused.get(name)], value_of, take_value, limit)
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
    for i, row in enumerate(finetune.PARAMETERS[name] for name in names):
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
    suggested = finetune.suggested_learning_rate(str(value_of("method")), hidden_size(model))
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
    found = {key: value for key, value in changes().items() if key in SETTABLE}
    asked = finetune.with_preset(asked, preset_name())
    asked = replace(asked, **found)  # type: ignore[arg-type]
    return replace(asked, preset="custom" if found else preset_name(), max_length=min(asked.max_length, limit))

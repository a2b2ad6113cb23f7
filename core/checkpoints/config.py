"""A model's configuration, read from config.json and nothing else: what the family knows, within bounds, label names included.

What would change the computation and is not honoured here is refused; what does not matter is left out. This module does not
know the weights.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import CONFIG_MAPPING, EncoderDecoderConfig, PretrainedConfig
from transformers.activations import ACT2FN

from core.errors import N_, Note, UserError
from core.families import FAMILIES, MEAN, PAIR, POOLING, halves
from core.safety import CONFIG, check_config, parts, read_json

GENERATION = "generation_config.json"
NEW_TOKENS, MOST_NEW_TOKENS = 64, 1_024  # that a pair writes where nothing is said, and ever
MOST_LABELS = 1_000
LONGEST_LABEL = 200
# setting → its least and largest value; of a setting with several names, each
BOUNDS: dict[str, tuple[int, int]] = {
    "vocab_size": (1, 1_000_000),
    "max_position_embeddings": (4, 65_536),
    "type_vocab_size": (1, 100),
    "hidden_size": (1, 8_192), "dim": (1, 8_192), "embedding_size": (1, 8_192),
    "intermediate_size": (1, 65_536), "hidden_dim": (1, 65_536),
    "num_hidden_layers": (1, 100), "n_layers": (1, 100),
    "num_hidden_groups": (1, 100), "inner_group_num": (1, 100),
    "num_attention_heads": (1, 256), "n_heads": (1, 256),
}  # fmt: skip
# setting → the values with which the model computes what it computes here; any other is refused
ONLY: dict[str, tuple[object, ...]] = {
    "position_embedding_type": ("absolute",),
    "is_decoder": (False,),
    "add_cross_attention": (False,),
    "is_encoder_decoder": (False,),
    "cross_attention_hidden_size": (),
    "pruned_heads": ({},),
    "layer_types": (),
    "mlp_layer_types": (),
    "per_layer_config": (),
    "fusion_config": (),
    "quantization_config": (),
    "compression_config": (),
    "configuration_files": (),
    "transformers_weights": (),
    "attn_implementation": ("eager", "sdpa", "flash_attention_2", "flex_attention"),
    "_attn_implementation": ("eager", "sdpa", "flash_attention_2", "flex_attention"),
    "_attn_implementation_internal": ("eager", "sdpa", "flash_attention_2", "flex_attention"),
}
DECODER: dict[str, tuple[object, ...]] = ONLY | {"is_decoder": (True,), "add_cross_attention": (True,)}
OF_A_PAIR: dict[str, tuple[object, ...]] = ONLY | {"is_encoder_decoder": (True,)}
# What the studio decides itself, or what changes nothing of the results.
LEFT_OUT = {
    "dtype",
    "return_dict",
    "output_hidden_states",
    "chunk_size_feed_forward",
    "transformers_version",
    "use_cache",
    *ONLY,
}
LABELS = ("id2label", "label2id")
THRESHOLDS = (
    "thresholds"  # the studio's own setting: by name, from which value on a model's answer counts, chosen on validation
)
NEW_PARTS = (
    "new_parts"  # the studio's own setting of a pair: how many numbers of which part were drawn before its training
)


def is_pair(folder: Path) -> bool:
    """Whether the folder holds a model of two parts, an encoder that reads and a decoder that writes."""
    return read_json(folder / CONFIG).get("model_type") == PAIR


def read(folder: Path) -> tuple[PretrainedConfig, tuple[Note, ...]]:
    """The configuration in a model's folder, of a pair that of its encoder, and what should be known about it.

    Raises UserError, naming the setting, for one that cannot be used.
    """
    check_config(folder / CONFIG)
    content = read_json(folder / CONFIG)
    first, *others = parts(content, CONFIG)
    if not others:
        return _read(first, ONLY)
    pair = _pair(content)
    encoder, _ = halves(pair)
    encoder.architectures = pair.architectures
    return encoder, ()


def read_pair(folder: Path) -> EncoderDecoderConfig:
    """The configuration of a pair with both of its parts. Raises as `read`, and where the parts do not fit each other."""
    check_config(folder / CONFIG)
    return _pair(read_json(folder / CONFIG))


def _pair(content: Mapping[str, Any]) -> EncoderDecoderConfig:
    _check_only(content, OF_A_PAIR)
    (encoder, _), (decoder, _) = (
        _read(part, allowed) for part, allowed in zip(parts(content, CONFIG), (ONLY, DECODER), strict=True)
    )
    config = pair_of(encoder, decoder)
    config.architectures = content.get("architectures")
    _check("architectures", config.architectures)
    config.update(_new_parts(content.get(NEW_PARTS)))
    return config


def most_new_tokens(folder: Path) -> int:
    """How many tokens a pair writes at most, as its generation_config.json says."""
    file = folder / GENERATION
    asked = read_json(file).get("max_new_tokens") if file.is_file() else None
    return asked if type(asked) is int and 1 <= asked <= MOST_NEW_TOKENS else NEW_TOKENS


def pair_of(encoder: PretrainedConfig, decoder: PretrainedConfig) -> EncoderDecoderConfig:
    """The configuration of a pair. Raises UserError where the two parts could not work together."""
    if not FAMILIES[decoder.model_type].writes:
        raise UserError(
            "a decoder cannot be made of a '{model_type}' model; choose one of the families {families}",
            model_type=decoder.model_type,
            families=", ".join(name for name, row in FAMILIES.items() if row.writes),
        )
    shared = {
        "hidden_size": (encoder.hidden_size, decoder.hidden_size),
        "vocab_size": (encoder.vocab_size, decoder.vocab_size),
    }
    for setting, (read, written) in shared.items():
        if read != written:
            raise UserError(
                "{setting} in config.json is {encoder} for the encoder and {decoder} for the decoder; the studio works with pairs that share it",
                setting=setting,
                encoder=read,
                decoder=written,
            )
    return EncoderDecoderConfig(encoder=encoder.to_dict(), decoder=decoder.to_dict())


def _read(
    content: Mapping[str, Any], allowed: Mapping[str, tuple[object, ...]]
) -> tuple[PretrainedConfig, tuple[Note, ...]]:
    """The configuration of one model. allowed: as ONLY."""
    _check_only(content, allowed)
    kind = CONFIG_MAPPING[content["model_type"]]
    known = ({field.name for field in fields(kind)} | set(kind.attribute_map) | {"tokenizer_class"}) - LEFT_OUT
    settings = {name: value for name, value in content.items() if name in known and name not in LABELS}
    for name, value in settings.items():
        _check(name, value)
    settings |= _thresholds(content.get(THRESHOLDS))
    settings |= {POOLING: MEAN} if content.get(POOLING) == MEAN else {}
    settings |= {name: True for name in ("is_decoder", "add_cross_attention") if allowed[name] == (True,)}
    names, notes = _labels(content)
    try:
        config: PretrainedConfig = kind(**settings, id2label=names, label2id={name: i for i, name in names.items()})
    except (StrictDataclassError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise UserError("config.json cannot be used: {reason}", reason=" ".join(str(error).split())[:200]) from error
    _check_together(config)
    return config, notes


def _check_only(content: Mapping[str, Any], allowed: Mapping[str, tuple[object, ...]]) -> None:
    """Raise UserError for a setting with which a model would compute something else than it does here."""
    for setting, values in allowed.items():
        value = content.get(setting)
        if value is not None and not any(type(value) is type(one) and value == one for one in values):
            raise UserError(
                "{setting} in config.json is {value}; the studio does not run such models",
                setting=setting,
                value=_short(value),
            )


def _check(name: str, value: Any) -> None:
    """Raise UserError for a setting that is out of bounds by itself."""
    if name in BOUNDS:
        least, most = BOUNDS[name]
        _allow(type(value) is int and least <= value <= most, name, value, f"{least}–{most}")
    elif name in ("hidden_act", "activation"):
        if not isinstance(value, str) or value not in ACT2FN:
            raise UserError(
                "the activation function {value} ({name} in config.json) is not known", name=name, value=_short(value)
            )
    elif name == "architectures":
        allowed = value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value))
        _allow(allowed, name, value, '["BertModel"]')
    elif name == "tokenizer_class":
        _allow(value is None or isinstance(value, str), name, value, '"BertTokenizer"')
    elif "dropout" in name:
        optional = name == "classifier_dropout" and value is None
        _allow(optional or (_is_number(value) and 0 <= value < 1), name, value, "0–1")
    elif name in ("layer_norm_eps", "initializer_range"):
        _allow(_is_number(value) and 0 < value < 1, name, value, "0–1")


def _allow(allowed: bool, name: str, value: object, what: str) -> None:
    if not allowed:
        raise _refused(name, value, what)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _refused(name: str, value: object, allowed: str) -> UserError:
    return UserError(
        "{setting} in config.json is {value}; the studio works with {allowed}",
        setting=name,
        value=_short(value),
        allowed=allowed,
    )


def _short(value: object) -> str:
    return repr(value)[:60]


def _check_together(config: PretrainedConfig) -> None:
    """Raise UserError for settings that contradict each other; a padding id that is none is left out."""
    family = FAMILIES[config.model_type]
    if config.hidden_size % config.num_attention_heads:
        raise UserError(
            "config.json divides {size} values of a vector among {heads} attention heads, which leaves a rest",
            size=config.hidden_size,
            heads=config.num_attention_heads,
        )
    padding = config.pad_token_id
    usable = type(padding) is int and 0 <= padding < config.vocab_size
    if family.after_padding and not (usable and padding < config.max_position_embeddings - 4):
        raise _refused("pad_token_id", padding, f"0–{config.max_position_embeddings - 5}")
    if family.segments and config.type_vocab_size < 2:
        raise _refused("type_vocab_size", config.type_vocab_size, "≥ 2")
    if not usable:
        config.pad_token_id = None


def _labels(content: Mapping[str, Any]) -> tuple[dict[int, str], tuple[Note, ...]]:
    """The names of a head's outputs from 0 up, and what is odd about them. Raises UserError when they name nothing."""
    written = content.get("id2label")
    if written is None:
        count = content.get("num_labels", content.get("_num_labels", 2))
        count = 2 if count is None else count
        if type(count) is not int or not 1 <= count <= MOST_LABELS:
            raise _refused("num_labels", count, f"1–{MOST_LABELS}")
        return {i: f"LABEL_{i}" for i in range(count)}, ()
    if not isinstance(written, dict) or not written:
        raise UserError(
            "id2label in config.json is no map from numbers to names, such as {example}",
            example='{"0": "bad", "1": "good"}',
        )
    if len(written) > MOST_LABELS:
        raise UserError(
            "config.json names {count} labels; the studio works with at most {most}",
            count=len(written),
            most=MOST_LABELS,
        )
    if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in written):
        raise UserError(
            "id2label in config.json is no map from numbers to names, such as {example}",
            example='{"0": "bad", "1": "good"}',
        )
    numbered = {int(number): _name(name) for number, name in written.items()}
    names = [numbered[number] for number in sorted(numbered)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError("config.json gives the name '{label}' to two labels; give each its own", label=twice)
    first = min(numbered)
    if sorted(numbered) != list(range(first, first + len(names))) or len(numbered) != len(written) or first > 1:
        raise UserError(
            "the labels in config.json are numbered {numbers}; they must be numbered from 0 up",
            numbers=", ".join(map(str, sorted(numbered)[:10])),
        )
    notes: list[Note] = []
    if first == 1:
        notes.append(
            (
                N_("its labels are numbered from 1; they were taken in their order: {labels}"),
                {"labels": ", ".join(names[:10])},
            )
        )
    other = content.get("label2id")
    if (
        isinstance(other, dict)
        and other
        and {str(name): str(number) for name, number in other.items()}
        != {name: str(number) for number, name in numbered.items()}
    ):
        notes.append(
            (
                N_("config.json numbers the labels twice and not alike; its id2label was taken: {labels}"),
                {"labels": ", ".join(names[:10])},
            )
        )
    return dict(enumerate(names)), tuple(notes)


def _thresholds(written: object) -> dict[str, Any]:
    """The setting THRESHOLDS where it is one; whatever else has this name is left out, as is all that the studio does not know."""
    if not isinstance(written, dict) or len(written) > MOST_LABELS or not all(map(_is_number, written.values())):
        return {}
    return {THRESHOLDS: {_name(name): float(value) for name, value in written.items()}}


def _new_parts(written: object) -> dict[str, Any]:
    """The setting NEW_PARTS where it is one; otherwise nothing."""
    if not isinstance(written, dict) or len(written) > MOST_LABELS:
        return {}
    if not all(type(count) is int and count >= 0 for count in written.values()):
        return {}
    return {NEW_PARTS: {_name(name): count for name, count in written.items()}}


def _name(value: object) -> str:
    """A label's name as text that can be written anywhere."""
    return str(value).encode("utf-8", "replace").decode()[:LONGEST_LABEL]

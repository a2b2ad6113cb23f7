"""The heads that the bundled model was published without, as files of this package: masked language modelling, next sentence.

bundled/mlm and bundled/nsp each hold LoRA adapters for the encoder in peft's own format and, in one more file, the head's weights
and those of the encoder's own that are stored whole, in float16; bundled/MODEL_CARD.md says what they learnt from and how well.
This module does not know how they were trained (recipes/pretraining_heads.py does) nor how the encoder itself is found and loaded.
"""

from pathlib import Path

from safetensors.torch import load_file
from transformers import PreTrainedModel

HOME = Path(__file__).with_name("bundled")
HEADS = {"mlm": HOME / "mlm", "nsp": HOME / "nsp"}
HEAD_FILE = "head.safetensors"
READ = {"imdb": 14_000}  # rows of a dataset of the studio that both heads learnt from, by its id


def with_head(model: PreTrainedModel, head: str) -> PreTrainedModel:
    """A BertForMaskedLM ("mlm") or BertForNextSentencePrediction ("nsp") around the bundled encoder, made whole.

    The adapters are merged into the encoder, so the result is an ordinary model; a masked language model's decoder is
    tied to its word embeddings. Raises ValueError when the files do not fit the model.
    """
    import peft  # here, because it takes a second that other models need not wait for

    folder = HEADS[head]
    weights = {name: tensor.float() for name, tensor in load_file(folder / HEAD_FILE).items()}
    unknown = model.load_state_dict(weights, strict=False).unexpected_keys
    if unknown:
        raise ValueError(f"{folder / HEAD_FILE} does not fit this model: {', '.join(unknown)}")
    merged: PreTrainedModel = peft.PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
    merged.tie_weights()
    return merged.eval()

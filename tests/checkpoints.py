"""Tiny checkpoints that people really have, most of them broken in one way; each builder fills a folder.

A classifier answers decidedly (its bias is 3 for one label), so that a head drawn at random shows.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoModelForSequenceClassification,
    BertForMaskedLM,
    BertForMultipleChoice,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
    XLMRobertaForSequenceClassification,
)

from tests.conftest import make_config, make_tokenizer
from tests.families import tiny_config

LABELS: dict[str, Any] = {"id2label": {0: "neg", 1: "pos"}, "label2id": {"neg": 0, "pos": 1}}
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:53aa51172d142c89\nsize 90868376\n"
CASED = (
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?"]
    + [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    + ["Paris", "paris", "Apple", "apple", "the", "The", "film", "was", "good", "bad"]
)
CASED_FILE = "\n".join([*CASED, ""]).encode()
KEEPS_CASE = {"do_lower_case": False}

Build = Callable[[Path], None]


# --- Parts of a folder -------------------------------------------------------------------------------------------------


def save(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast | None = None) -> None:
    """A model as save_pretrained writes it, a classifier with a decided answer."""
    head = dict(model.named_modules()).get("classifier")
    layer = dict(head.named_modules()).get("out_proj", head) if head is not None else None
    if isinstance(layer, torch.nn.Linear):
        with torch.no_grad():
            layer.weight.mul_(20)
            layer.bias.zero_()
            layer.bias[-1] = 3.0
    model.save_pretrained(folder)
    (tokenizer or make_tokenizer()).save_pretrained(folder)


def classifier(folder: Path, **options: Any) -> None:
    torch.manual_seed(0)
    save(folder, BertForSequenceClassification(tiny_config("bert", **(LABELS | options))))


def edit(folder: Path, file: str = "config.json", without: tuple[str, ...] = (), **values: object) -> None:
    """Change or take away settings of a JSON file."""
    path = folder / file
    content = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({name: value for name, value in (content | values).items() if name not in without}))


def rewrite(
    folder: Path, change: Callable[[dict[str, torch.Tensor]], Mapping[str, torch.Tensor]], **options: Any
) -> None:
    """Change the weights."""
    path = folder / "model.safetensors"
    save_file(dict(change(load_file(path))), path, metadata={"format": "pt"} | options)


def rename(folder: Path, change: Callable[[str], str]) -> None:
    """Change the names of the weights; those without a name left go."""
    rewrite(folder, lambda found: {new: tensor for name, tensor in found.items() if (new := change(name))})


def edited(**values: object) -> Build:
    """A classifier whose config.json says something else."""

    def build(folder: Path) -> None:
        classifier(folder)
        edit(folder, **values)

    return build


def renamed(change: Callable[[str], str]) -> Build:
    """A classifier whose weights have other names."""

    def build(folder: Path) -> None:
        classifier(folder)
        rename(folder, change)

    return build


def written(file: str, content: str | bytes) -> Build:
    """A classifier one of whose files holds something else."""

    def build(folder: Path) -> None:
        classifier(folder)
        (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)

    return build


def saved(make: Callable[[], PreTrainedModel], **changes: Any) -> Build:
    """Another model; changes: of its config.json, `without` what to take away."""

    def build(folder: Path) -> None:
        torch.manual_seed(0)
        save(folder, make())
        edit(folder, **changes)

    return build


def of_vocabulary(vocabulary: bytes, tokenizer_config: Mapping[str, object] | None = None) -> Build:
    """A classifier whose tokenizer is a vocab.txt alone, or with a tokenizer_config.json."""

    def build(folder: Path) -> None:
        classifier(folder, vocab_size=len(CASED))
        for file in ("tokenizer.json", "tokenizer_config.json"):
            (folder / file).unlink()
        (folder / "vocab.txt").write_bytes(vocabulary)
        if tokenizer_config is not None:
            edit(folder, "tokenizer_config.json", **tokenizer_config)

    return build


def tokenized(**special: str) -> Build:
    """A classifier whose tokenizer has only these special tokens."""

    def build(folder: Path) -> None:
        classifier(folder, vocab_size=len(CASED))
        backend = Tokenizer(models.WordPiece({word: i for i, word in enumerate(CASED)}, unk_token="[UNK]"))
        backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        PreTrainedTokenizerFast(tokenizer_object=backend, **special).save_pretrained(folder)

    return build


def sentencepiece_like(special: tuple[str, ...]) -> PreTrainedTokenizerFast:
    """A Unigram tokenizer whose special tokens have the ids of their places."""
    words = [
        *map(chr, range(33, 127)),
        "▁",
        *(f"▁{word}" for word in "the a film good bad and great dull it was".split()),
    ]
    entries = [(name, 0.0) for name in special] + [(word, -3.0 - i / 100) for i, word in enumerate(words)]
    backend = Tokenizer(models.Unigram(entries, unk_id=special.index("<unk>"), byte_fallback=False))
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    ends = [(name, special.index(name)) for name in ("<s>", "</s>")]
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ends
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    )


ORDERS = {
    0: ("<pad>", "<s>", "</s>", "<unk>", "<mask>"),
    1: ("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
    3: ("<unk>", "<s>", "</s>", "<pad>", "<mask>"),
}


def roberta(padding: int, kind: type[PreTrainedModel] = RobertaForSequenceClassification) -> Build:
    """A RoBERTa whose padding token has this id, so that its positions begin after it."""

    def build(folder: Path) -> None:
        tokenizer = sentencepiece_like(ORDERS[padding])
        special = {
            "pad_token_id": padding,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
        }
        torch.manual_seed(0)
        config = tiny_config("roberta", positions=66, vocab_size=len(tokenizer), **special, **LABELS)
        save(folder, kind(config), tokenizer)

    return build


# --- The folders -------------------------------------------------------------------------------------------------------


def no_tokenizer(folder: Path) -> None:
    classifier(folder)
    for file in folder.glob("token*"):
        file.unlink()


def with_added(*, resized: bool) -> Build:
    """A classifier whose tokenizer knows two more words, with embeddings for them or without."""

    def build(folder: Path) -> None:
        tokenizer = make_tokenizer()
        tokenizer.add_tokens(["covid19", AddedToken("[USER]")])
        classifier(folder, **({"vocab_size": len(tokenizer)} if resized else {}))
        tokenizer.save_pretrained(folder)

    return build


def klue(folder: Path) -> None:
    """A RoBERTa of one segment with a BERT tokenizer, which numbers two."""
    torch.manual_seed(0)
    save(folder, RobertaForSequenceClassification(tiny_config("roberta", positions=66, pad_token_id=0, **LABELS)))


def inside(name: str, *others: str) -> Build:
    """A folder that holds nothing but a folder with the model, and files that say so."""

    def build(folder: Path) -> None:
        (folder / name).mkdir(parents=True)
        classifier(folder / name)
        for other in others:
            (folder / other).write_text("{}")

    return build


def old_names(folder: Path) -> None:
    """A masked language model as older versions wrote it: the tied decoder and the positions are there once more."""
    saved(lambda: BertForMaskedLM(make_config()))(folder)
    rewrite(
        folder,
        lambda found: (
            found
            | {
                "cls.predictions.decoder.weight": found["bert.embeddings.word_embeddings.weight"].clone(),
                "bert.embeddings.position_ids": torch.arange(64)[None],
            }
        ),
    )


def not_numbers(folder: Path) -> None:
    classifier(folder)
    rewrite(folder, lambda found: found | {"classifier.weight": found["classifier.weight"] * torch.nan})


def truncated(folder: Path) -> None:
    classifier(folder)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def pickled(folder: Path) -> None:
    classifier(folder)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def sharded(folder: Path) -> None:
    classifier(folder)
    model = BertForSequenceClassification.from_pretrained(folder)
    shutil.rmtree(folder)
    model.save_pretrained(folder, max_shard_size="20KB")
    make_tokenizer().save_pretrained(folder)


def japanese(folder: Path) -> None:
    settings = {"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab", "do_lower_case": False}
    of_vocabulary(CASED_FILE, settings)(folder)


def pieces_only(folder: Path) -> None:
    """An XLM-RoBERTa whose SentencePiece model knows nothing but <unk>."""
    torch.manual_seed(0)
    XLMRobertaForSequenceClassification(tiny_config("xlm-roberta", positions=66, **LABELS)).save_pretrained(folder)
    (folder / "sentencepiece.bpe.model").write_bytes(b"\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02")


def half_precision(folder: Path) -> None:
    classifier(folder)
    rewrite(folder, lambda found: {name: tensor.half() for name, tensor in found.items()})
    edit(folder, dtype="float16")


def no_metadata(folder: Path) -> None:
    classifier(folder)
    save_file(load_file(folder / "model.safetensors"), folder / "model.safetensors")


def after_bom(folder: Path) -> None:
    classifier(folder)
    (folder / "config.json").write_bytes(b"\xef\xbb\xbf" + (folder / "config.json").read_bytes())


def family(name: str) -> Build:
    """A classifier of a family."""
    padding = {"pad_token_id": 0} if "roberta" in name else {}
    return saved(lambda: AutoModelForSequenceClassification.from_config(tiny_config(name, **LABELS, **padding)))


def unlike(name: str, **options: object) -> Build:
    """A folder of a family that the studio does not know."""
    return edited(model_type=name, **options)


def lower_cased(folder: Path) -> None:
    """A cased model: its tokenizer.json keeps capitals, its tokenizer_config.json has lost the setting that says so."""
    classifier(folder, vocab_size=len(CASED))
    backend = Tokenizer(models.WordPiece({word: i for i, word in enumerate(CASED)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=False)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    (folder / "tokenizer.json").write_text(backend.to_str())
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))


def bert(kind: type[PreTrainedModel], **options: Any) -> Callable[[], PreTrainedModel]:
    def make() -> PreTrainedModel:
        config: PretrainedConfig = make_config(**options)
        model: PreTrainedModel = kind(config)  # type: ignore[call-arg]
        return model

    return make


def bare_in_wrapper(folder: Path) -> None:
    saved(bert(BertModel))(folder)
    rename(folder, lambda name: f"module.{name}")


NAMED = {"id2label": {0: "toxic", 1: "insult", 2: "threat"}, "label2id": {"toxic": 0, "insult": 1, "threat": 2}}
TAGS = {"id2label": {0: "O", 1: "B-PER", 2: "I-PER"}, "label2id": {"O": 0, "B-PER": 1, "I-PER": 2}}
MULTI = {"problem_type": "multi_label_classification"}
SEQUENCE = BertForSequenceClassification

# Each folder with what is right for it as a classifier: "" it answers, the same each time; otherwise words of the one sentence.
FOLDERS: dict[str, tuple[Build, str]] = {
    "m00 ok": (classifier, ""),
    "m01 no head": (renamed(lambda name: "" if name.startswith("classifier") else name), "head of .* is incomplete.*classifier.bias"),
    "m02 module prefix": (renamed(lambda name: f"module.{name}"), ""),
    "m02b model prefix": (renamed(lambda name: f"model.{name}"), ""),
    "m02c head renamed": (renamed(lambda name: name.replace("classifier.", "fc.")), "lack classifier.bias.* hold fc.bias"),
    "m02d body renamed": (renamed(lambda name: name.replace("bert.", "student.")), "lack parts of its encoder .39.: bert.embeddings"),
    "m02e bare, module prefix": (bare_in_wrapper, "must be fine-tuned first"),
    "m02f two prefixes": (renamed(lambda name: f"model.module.{name}"), ""),
    "m02g pooler missing": (renamed(lambda name: "" if ".pooler." in name else name), "lack parts of its encoder .2.: bert.pooler"),
    "m02h one weight missing": (renamed(lambda name: "" if name.endswith("layer.1.output.dense.bias") else name), "layers differ"),
    "m03 roberta, padding 1": (roberta(1), ""),
    "m03b roberta, padding 3": (roberta(3), ""),
    "m03c roberta, padding 0": (roberta(0), ""),
    "m03d roberta, padding 3, masked": (roberta(3, RobertaForMaskedLM), "fills in masked words"),
    "m03e roberta, bert's tokenizer": (klue, ""),
    "m04 added, not resized": (with_added(resized=False), "'covid19' .*embeddings have"),
    "m05 padded": (lambda folder: classifier(folder, vocab_size=48), ""),
    "m05b added, resized": (with_added(resized=True), ""),
    "m06 cased vocabulary alone": (of_vocabulary(CASED_FILE), ""),
    "m06b cased, said": (of_vocabulary(CASED_FILE, KEEPS_CASE), ""),
    "m06c cased, said in one file": (lower_cased, ""),
    "m07 no model_type": (edited(without=("model_type",)), "of which family"),
    "m08 no tokenizer": (no_tokenizer, "without its tokenizer"),
    "m09 regression": (saved(bert(SEQUENCE, num_labels=1, problem_type="regression")), "answers with one number"),
    "m09b one label": (saved(bert(SEQUENCE, num_labels=1)), "answers with one number"),
    "m09c several labels": (saved(bert(SEQUENCE, num_labels=3, **MULTI)), "scores each label by itself"),
    "m09d several labels, unmarked": (saved(bert(SEQUENCE, **NAMED)), ""),
    "m10a num_labels": (saved(bert(SEQUENCE, num_labels=3), without=("id2label", "label2id"), num_labels=3), ""),
    "m10b _num_labels": (saved(bert(SEQUENCE, num_labels=3), without=("id2label", "label2id"), _num_labels=3), ""),
    "m10c fewer names": (saved(bert(SEQUENCE, num_labels=3), id2label={"0": "a", "1": "b"}), "not as many outputs"),
    "m10d list": (edited(id2label=["neg", "pos"]), "no map from numbers to names"),
    "m10e from 1": (edited(id2label={"1": "neg", "2": "pos"}, label2id={"neg": 1, "pos": 2}), ""),
    "m10f numbers as names": (edited(id2label={"0": 0, "1": 1}, label2id={"0": 0, "1": 1}), ""),
    "m10g disagree": (edited(id2label={"0": "LABEL_0", "1": "LABEL_1"}, label2id={"pos": 0, "neg": 1}), ""),
    "m10h more names": (edited(id2label={"0": "a", "1": "b", "2": "c"}), "not as many outputs"),
    "m10i null": (edited(id2label=None, label2id=None), ""),
    "m10j twice": (edited(id2label={"0": "a", "1": "a"}), "to two labels"),
    "m10k not numbers": (edited(id2label={"a": "neg", "b": "pos"}), "no map from numbers to names"),
    "m10l gap": (edited(id2label={"0": "neg", "5": "pos"}), "numbered 0, 5"),
    "m12 gamma and beta": (renamed(lambda name: name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")), ""),
    "m15 sentence-transformers": (inside("0_Transformer", "modules.json"), "its folder 0_Transformer does"),
    "m16 masked": (saved(bert(BertForMaskedLM)), "fills in masked words"),
    "m16b masked, old names": (old_names, "fills in masked words"),
    "m16c pre-training": (saved(bert(BertForPreTraining)), "must be fine-tuned first"),
    "m20 no padding token": (tokenized(unk_token="[UNK]"), ""),
    "m21 no special tokens": (tokenized(unk_token="[UNK]", pad_token="[PAD]"), ""),
    "m21b no unknown token": (tokenized(pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"), ""),
    "m24 not numbers": (not_numbers, "values that are not numbers"),
    "m26 LFS pointer": (written("model.safetensors", LFS), "Git LFS"),
    "m26b truncated": (truncated, "incomplete"),
    "m27 pickle": (pickled, "pickle"),
    "m28 sharded": (sharded, ""),
    "m29 checkpoints": (inside("checkpoint-500"), "its folder checkpoint-500 does"),
    "m33 tagger": (saved(bert(BertForTokenClassification, **TAGS)), "tags words.*use it for named entities"),
    "m33b answers": (saved(bert(BertForQuestionAnswering)), "answers questions about a passage.*use it for question answering"),
    "m33c choices": (saved(bert(BertForMultipleChoice)), "no task of the studio uses .BertForMultipleChoice"),
    "m34 no architectures": (edited(without=("architectures",)), "nothing says what the head"),
    "m34b architecture of its own": (edited(architectures=["BertClassifierModel"]), "nothing says what the head"),
    "m35 Japanese": (japanese, "tokenizer that is not installed: BertJapaneseTokenizer"),
    "m35b pieces alone": (pieces_only, "has no words"),
    "m36 CRLF": (of_vocabulary(CASED_FILE.replace(b"\n", b"\r\n"), KEEPS_CASE), ""),
    "m36b BOM": (of_vocabulary(b"\xef\xbb\xbf" + CASED_FILE, KEEPS_CASE), "byte order mark"),
    "m37 tokenizer truncated": (written("tokenizer.json", '{"model": {"type": "WordPi'), "describes no tokenizer"),
    "m37b tokenizer's LFS pointer": (written("tokenizer.json", LFS), "Git LFS"),
    "m38a heads": (edited(num_attention_heads=5), "5 attention heads"),
    "m38b null": (edited(hidden_dropout_prob=None), "hidden_dropout_prob in config.json is None"),
    "m38c text": (edited(hidden_size="32"), "hidden_size in config.json is '32'"),
    "m38d fraction": (edited(num_hidden_layers=2.0), "num_hidden_layers in config.json is 2.0"),
    "m38e positions": (edited(max_position_embeddings=512), "max_position_embeddings 512, but the weights have 64"),
    "m38f vocabulary": (edited(vocab_size=30), "vocab_size 30, but the weights have"),
    "m38g layers": (edited(num_hidden_layers=1), "num_hidden_layers 1, but the weights have 2"),
    "m39 BOM": (after_bom, "byte order mark"),
    "m39b comma": (written("config.json", '{"model_type": "bert",}'), "cannot be read as JSON"),
    "m40 another activation": (edited(hidden_act="gelu_pytorch_tanh"), ""),
    "m40b unknown activation": (edited(hidden_act="gelu_google"), "activation function 'gelu_google'"),
    "m41 relative positions": (edited(position_embedding_type="relative_key"), "position_embedding_type .* does not run"),
    "m42 decoder": (edited(is_decoder=True), "is_decoder .* does not run"),
    "m42b cross attention": (edited(add_cross_attention=True), "add_cross_attention .* does not run"),
    "m43 half precision": (half_precision, ""),
    "m44 no metadata": (no_metadata, ""),
    "m45 имя с пробелом": (classifier, ""),
    "m46 another family": (unlike("modernbert"), "'modernbert' model"),
} | {f"f {name}": (family(name), "") for name in ("bert", "distilbert", "electra", "albert", "roberta", "xlm-roberta")}  # fmt: skip

# What is told of folders that work, as words of the remark.
REMARKS = {
    "m00 ok": "",
    "m02 module prefix": "begin with 'module.'",
    "m02f two prefixes": "begin with 'model.module.'",
    "m06 cased vocabulary alone": "turns capitals into small letters",
    "m06b cased, said": "",
    "m06c cased, said in one file": "do not agree",
    "m10e from 1": "numbered from 1",
    "m10g disagree": "numbers the labels twice",
    "m20 no padding token": r"no padding token; '\[PAD\]' is used",
    "m21 no special tokens": "no special tokens around a text",
}

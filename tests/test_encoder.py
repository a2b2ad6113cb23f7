"""The encoder step by step: equal to transformers for every family, to hand-worked numbers, and changed as each change says."""

import copy
import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForPreTraining,
    BertModel,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from core import encoder, models
from core.encoder import CHANGES, STAGES, Trace, compare, offered, trace
from core.errors import UserError
from core.families import FAMILIES
from tests.conftest import WORDS, make_tokenizer
from tests.families import tiny_config

TEXT, PAIR = "i love eating pizza , and pizza !", "the film was awful"
LIMIT = 1e-5
NOT_SHOWN = {"scores", "mask"}  # what the library computes without showing it


def small(family: str, **options: object) -> PretrainedConfig:
    return tiny_config(family, heads=4, positions=512, **({"layers": 3} | options))  # type: ignore[arg-type]


CONFIGS: dict[str, PretrainedConfig] = {
    "bert": small("bert"),
    "bert-gelu_new": small("bert", hidden_act="gelu_new", layer_norm_eps=1e-5),
    "bert-relu": small("bert", hidden_act="relu"),
    "bert-portions": small("bert", chunk_size_feed_forward=1),
    "distilbert": small("distilbert"),
    "distilbert-relu": small("distilbert", activation="relu"),
    "roberta": small("roberta"),
    "roberta-padding-0": small("roberta", pad_token_id=0),
    "xlm-roberta": small("xlm-roberta"),
    "albert": small("albert"),
    "albert-same-size": small("albert", embedding_size=32, hidden_act="gelu"),
    "albert-groups": small("albert", layers=4, num_hidden_groups=2),
    "albert-inner": small("albert", inner_group_num=2),
    "electra": small("electra"),
    "electra-same-size": small("electra", embedding_size=32),
    "electra-gelu_new": small("electra", hidden_act="gelu_new"),
}
ONE_EACH = ("bert", "distilbert", "roberta", "albert", "electra")


def make_model(name: str, *, classifier: bool = False, attention: str = "eager") -> PreTrainedModel:
    """A random model with weights so large that attention is uneven and every step matters."""
    torch.manual_seed(0)
    auto_class = AutoModelForSequenceClassification if classifier else AutoModel
    config = copy.deepcopy(CONFIGS[name])
    config.num_labels = 3
    model = auto_class.from_config(config, attn_implementation=attention)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.3)
            nn.init.normal_(module.bias, std=0.3)
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight)
        if isinstance(module, nn.LayerNorm):
            nn.init.normal_(module.weight, 1, 0.2)
            nn.init.normal_(module.bias, std=0.2)
    return model.eval()


def tokenizer_of_64() -> PreTrainedTokenizerFast:
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 64
    return tokenizer


def library(model: PreTrainedModel, tokens: Trace, **options: object) -> tuple[np.ndarray, object]:
    """transformers' own pass over a trace's tokens: hidden states (L+1, T, D) and its output."""
    inputs = {
        "input_ids": torch.tensor([tokens.tokens.ids]),
        "attention_mask": torch.tensor([[int(token.attended) for token in tokens.tokens.tokens]]),
    }
    if FAMILIES[model.config.model_type].segments:
        inputs["token_type_ids"] = torch.tensor([[token.segment for token in tokens.tokens.tokens]])
    with torch.inference_mode():
        output = model(**(inputs | options), output_hidden_states=True)
    return torch.stack(output.hidden_states)[:, 0].numpy(), output


def test_every_family_is_here() -> None:
    assert {config.model_type for config in CONFIGS.values()} == set(FAMILIES)


@pytest.mark.parametrize("pair", ["", PAIR], ids=["one", "pair"])
@pytest.mark.parametrize("classifier", [False, True], ids=["bare", "classifier"])
@pytest.mark.parametrize("name", CONFIGS)
def test_equal_to_transformers_at_every_step(name: str, classifier: bool, pair: str) -> None:
    model, tokenizer = make_model(name, classifier=classifier), tokenizer_of_64()
    first = trace(model, tokenizer, TEXT, pair)
    for layer in range(first.layers):
        ours = trace(model, tokenizer, TEXT, pair, layer=layer)
        assert list(ours.stages) == [stage for stage in STAGES if stage in ours.stages]
        for stage in ours.stages.values():
            assert stage.values.dtype == np.float32
            if stage.id in NOT_SHOWN:
                assert stage.difference is None
            else:
                assert stage.difference is not None, stage.id
                assert stage.difference <= LIMIT, stage.id
        assert len(ours.differences) == ours.layers + 1
        assert ours.worst is not None
        assert ours.worst <= LIMIT
        np.testing.assert_array_equal(ours.states[layer + 1], ours.stages["output.norm"].values)
        np.testing.assert_array_equal(ours.states, first.states)
    states, output = library(model, first)
    np.testing.assert_allclose(first.states, states, atol=LIMIT)
    assert len(np.unique(first.states.round(3))) > 100
    if classifier:
        np.testing.assert_allclose(first.stages["logits"].values, output.logits[0].numpy(), atol=LIMIT)
        expected = output.logits[0].double().softmax(dim=-1).tolist()
        assert first.probabilities == pytest.approx(expected, abs=1e-6)
        assert first.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    else:
        assert "logits" not in first.stages
        assert first.probabilities == first.labels == ()
    if not classifier and model.config.model_type not in ("distilbert", "electra"):
        np.testing.assert_allclose(first.stages["pooler"].values, output.pooler_output[0].numpy(), atol=LIMIT)
    assert (first.stages.keys() >= {"head"}) == (classifier and model.config.model_type not in ("bert", "albert"))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_pooler_that_nobody_trained_is_not_shown(name: str) -> None:
    model, tokenizer = make_model(name), tokenizer_of_64()
    ours = trace(model, tokenizer, TEXT, pooler=False)
    assert "pooler" not in ours.stages
    assert ours.worst is not None
    assert ours.stages.keys() == trace(model, tokenizer, TEXT).stages.keys() - {"pooler"}
    classifier = trace(make_model(name, classifier=True), tokenizer, TEXT, pooler=False)
    assert ("pooler" in classifier.stages) == (CONFIGS[name].model_type in ("bert", "albert"))  # trained with its head


@pytest.mark.parametrize("name", CONFIGS)
def test_padding_is_hidden(name: str) -> None:
    model, tokenizer = make_model(name, classifier=True), tokenizer_of_64()
    short, padded = trace(model, tokenizer, TEXT), trace(model, tokenizer, TEXT, pad_to=20)
    size = len(short.tokens.tokens)
    assert len(padded.tokens.tokens) == 20
    assert padded.worst is not None
    assert padded.worst <= LIMIT
    np.testing.assert_array_equal(padded.stages["mask"].values, [1] * size + [0] * (20 - size))
    assert (padded.stages["weights"].values[:, :, size:] == 0).all()
    np.testing.assert_allclose(padded.stages["weights"].values.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(padded.states[:, :size], short.states, atol=1e-4)
    np.testing.assert_allclose(padded.probabilities, short.probabilities, atol=1e-4)


@pytest.mark.parametrize("name", ["roberta", "roberta-padding-0"])
def test_roberta_counts_positions_from_its_padding_token(name: str) -> None:
    model, tokenizer = make_model(name), tokenizer_of_64()
    ours = trace(model, tokenizer, "good xyz film", pad_to=7)  # the padding token of "roberta" is our [UNK]
    expected = {"roberta": [2, 3, 1, 4, 5, 6, 7], "roberta-padding-0": [1, 2, 3, 4, 5, 0, 0]}[name]
    assert [token.position for token in ours.tokens.tokens] == expected
    assert ours.worst is not None
    assert ours.worst <= LIMIT
    table = model.embeddings.position_embeddings.weight.detach().numpy()
    np.testing.assert_array_equal(ours.stages["embeddings.position"].values, table[expected])


@pytest.mark.parametrize("name", ONE_EACH)
def test_sdpa_shows_no_weights_and_everything_else(name: str) -> None:
    model = make_model(name, attention="sdpa")
    ours = trace(model, tokenizer_of_64(), TEXT, PAIR, layer=1, pad_to=24)
    assert {stage.id for stage in ours.stages.values() if stage.difference is None} == NOT_SHOWN | {"weights"}
    assert ours.worst is not None
    assert ours.worst <= LIMIT


@pytest.mark.parametrize("name", ONE_EACH)
def test_a_wrong_number_would_be_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = encoder._linear
    model = make_model(name)
    wrong = encoder._blocks(model)[1].value

    def off(x: torch.Tensor, part: nn.Linear) -> torch.Tensor:
        return real(x, part) + (0.01 if part is wrong else 0)

    monkeypatch.setattr(encoder, "_linear", off)
    ours = trace(model, tokenizer_of_64(), TEXT, layer=1)
    first = 0 if name == "albert" else 1  # ALBERT's layers are one: it goes wrong from the first
    assert max(ours.differences[: first + 1]) <= LIMIT < 1e-3 < min(ours.differences[first + 1 :])
    assert ours.stages["value"].difference is not None
    assert ours.stages["value"].difference > 0.005
    assert ours.worst is not None
    assert ours.worst > 0.005


def test_shapes() -> None:
    ours = trace(make_model("albert", classifier=True), tokenizer_of_64(), "i love pizza", layer=2)
    shapes = {stage.id: stage.values.shape for stage in ours.stages.values()}
    wide, flat, square = (5, 32), (4, 5, 8), (4, 5, 5)
    assert shapes == {
        "embeddings.word": (5, 16), "embeddings.position": (5, 16), "embeddings.segment": (5, 16), "embeddings.sum": (5, 16),
        "embeddings.output": (5, 16), "embeddings.projection": wide, "query": flat, "key": flat, "value": flat, "scores": square,
        "mask": (5,), "weights": square, "context": wide, "attention.output": wide, "attention.residual": wide,
        "attention.norm": wide, "intermediate.linear": (5, 64), "intermediate": (5, 64), "output": wide, "output.residual": wide,
        "output.norm": wide, "pooler": (32,), "logits": (3,),
    }  # fmt: skip
    assert (ours.layer, ours.layers, ours.heads, ours.activation) == (2, 3, 4, "gelu_new")
    assert ours.states.shape == (4, 5, 32)
    assert "embeddings.projection" not in trace(make_model("electra-same-size"), tokenizer_of_64(), "i").stages
    assert "embeddings.segment" not in trace(make_model("distilbert"), tokenizer_of_64(), "i").stages


def test_the_bundled_model_to_512_tokens() -> None:
    model, tokenizer = models.load_encoder("minilm", attention="eager"), models.load_tokenizer("minilm")
    for text, pair, layer, pad_to in (
        ("She sat on the bank of the river.", "", 0, 0),
        ("Is it good?", "The plot is thin, but the acting is wonderful.", 3, 30),
        ("An unbelievably long sentence. " * 200, "", 5, 0),
    ):
        ours = trace(model, tokenizer, text, pair, layer=layer, pad_to=pad_to)
        assert ours.worst is not None
        assert ours.worst <= LIMIT
        np.testing.assert_allclose(ours.states, library(model, ours)[0], atol=LIMIT)
    assert len(ours.tokens.tokens) == 512
    assert ours.tokens.cut
    megabytes = (ours.states.nbytes + sum(stage.values.nbytes for stage in ours.stages.values())) / 1e6
    assert megabytes < 60  # one layer's stages: all layers' would be more than five times that


def test_the_encoder_inside_a_model_with_another_head() -> None:
    torch.manual_seed(0)
    model = BertForPreTraining(CONFIGS["bert"]).eval()
    ours = trace(model, tokenizer_of_64(), TEXT)
    assert ours.worst is not None
    assert ours.worst <= LIMIT
    assert "pooler" in ours.stages
    assert "logits" not in ours.stages


def test_a_model_that_scores_labels_independently_has_no_probabilities() -> None:
    model = make_model("bert", classifier=True)
    model.config.problem_type = "multi_label_classification"
    ours = trace(model, tokenizer_of_64(), TEXT)
    assert ours.stages["logits"].values.shape == (3,)
    assert ours.labels == ours.probabilities == ()


# --- hand-worked numbers ---


@pytest.fixture
def worked() -> Trace:
    """Two tokens, one layer, one head, two dimensions, ε = 1: small enough for pencil and paper."""
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.post_processor = None  # no [CLS] and [SEP]
    tokenizer.model_max_length = 8
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=2, num_hidden_layers=1, num_attention_heads=1, intermediate_size=2,
        max_position_embeddings=8, layer_norm_eps=1.0, attn_implementation="eager",
    )  # fmt: skip
    model = BertModel(config).eval()
    parts, layer = model.embeddings, model.encoder.layer[0]
    attention = layer.attention
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        parts.word_embeddings.weight[WORDS.index("i")] = torch.tensor([1.0, 0.0])
        parts.word_embeddings.weight[WORDS.index("love")] = torch.tensor([0.0, 0.5])
        parts.position_embeddings.weight[0] = torch.tensor([0.25, 0.0])
        parts.position_embeddings.weight[1] = torch.tensor([0.0, 0.75])
        parts.token_type_embeddings.weight[0] = torch.tensor([0.25, 0.25])
        parts.LayerNorm.weight[:] = torch.tensor([1.0, 1.0])
        attention.self.query.weight[:] = torch.tensor([[5.0, 0.0], [0.0, 5.0]])
        attention.self.key.weight[:] = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        attention.self.value.weight[:] = torch.tensor([[5.0, 0.0], [0.0, 10.0]])
        attention.self.value.bias[:] = torch.tensor([1.0, 0.0])
        attention.output.dense.weight[:] = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
        attention.output.dense.bias[:] = torch.tensor([0.5, 0.0])
        attention.output.LayerNorm.weight[:] = torch.tensor([2.0, 1.0])
        attention.output.LayerNorm.bias[:] = torch.tensor([0.0, 1.0])
        layer.intermediate.dense.weight[:] = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
        layer.intermediate.dense.bias[:] = torch.tensor([0.0, -1.0])
        layer.output.dense.weight[:] = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        layer.output.LayerNorm.weight[:] = torch.tensor([1.0, 1.0])
        model.pooler.dense.weight[:] = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    return trace(model, tokenizer, "i love")


def test_worked_embeddings(worked: Trace) -> None:
    def values(stage: str) -> list[list[float]]:
        return worked.stages[stage].values.tolist()

    assert worked.tokens.texts == ("i", "love")
    assert values("embeddings.word") == [[1.0, 0.0], [0.0, 0.5]]
    assert values("embeddings.position") == [[0.25, 0.0], [0.0, 0.75]]
    assert values("embeddings.segment") == [[0.25, 0.25], [0.25, 0.25]]
    assert values("embeddings.sum") == [[1.5, 0.25], [0.25, 1.5]]
    # mean 0.875, centred ±0.625, variance 0.390625; 0.625 / √(0.390625 + 1) = 0.625 / 1.179248 = 0.529999
    np.testing.assert_allclose(values("embeddings.output"), [[0.529999, -0.529999], [-0.529999, 0.529999]], atol=1e-6)


def test_worked_attention(worked: Trace) -> None:
    x = 0.529999
    close = {"atol": 2e-5}
    stages = {stage.id: stage.values for stage in worked.stages.values()}
    np.testing.assert_allclose(stages["query"], [[[5 * x, -5 * x], [-5 * x, 5 * x]]], **close)
    np.testing.assert_allclose(stages["key"], [[[x, -x], [-x, x]]], **close)
    np.testing.assert_allclose(stages["value"], [[[3.649995, -5.29999], [-1.649995, 5.29999]]], **close)
    # q·k = 2 · 5 · 0.529999² = 2.808989; / √2 = 1.986255
    np.testing.assert_allclose(stages["scores"], [[[1.986255, -1.986255], [-1.986255, 1.986255]]], **close)
    # e^1.986255 = 7.288185, e^−1.986255 = 0.137208; 7.288185 / 7.425393 = 0.981522
    np.testing.assert_allclose(stages["weights"], [[[0.981522, 0.018478], [0.018478, 0.981522]]], **close)
    # 0.981522 · 3.649995 − 0.018478 · 1.649995 = 3.582551 − 0.030489 = 3.552062; ∓5.29999 · 0.963044 = ∓5.104124
    np.testing.assert_allclose(stages["context"], [[3.552062, -5.104124], [-1.552062, 5.104124]], atol=1e-4)
    # the two numbers change places, and 0.5 is added to the first
    np.testing.assert_allclose(stages["attention.output"], [[-4.604124, 3.552062], [5.604124, -1.552062]], atol=1e-4)
    np.testing.assert_allclose(stages["attention.residual"], [[-4.074125, 3.022063], [5.074125, -1.022063]], atol=1e-4)
    # first row: half the difference is −3.548094; −3.548094 / √(12.588971 + 1) = −0.962498; · (2, 1) + (0, 1)
    # second row: 3.048094; 3.048094 / √(9.290877 + 1) = 0.950175
    np.testing.assert_allclose(stages["attention.norm"], [[-1.924996, 1.962498], [1.900350, 0.049825]], atol=1e-4)


def test_worked_feed_forward(worked: Trace) -> None:
    stages = {stage.id: stage.values for stage in worked.stages.values()}
    np.testing.assert_allclose(stages["intermediate.linear"], [[1.962498, 0.962498], [0.049825, -0.950175]], atol=1e-4)
    # GELU(x) = x Φ(x): Φ(1.962498) = 0.975148, Φ(0.962498) = 0.832099, Φ(0.049825) = 0.519869, Φ(−0.950175) = 0.171012
    np.testing.assert_allclose(stages["intermediate"], [[1.913726, 0.800894], [0.025902, -0.162491]], atol=1e-4)
    np.testing.assert_allclose(stages["output"], stages["intermediate"])
    np.testing.assert_allclose(stages["output.residual"], [[-0.011270, 2.763392], [1.926252, -0.112666]], atol=2e-4)
    # −1.387331 / √(1.924687 + 1) = −0.811218; 1.019459 / √(1.039297 + 1) = 0.713891
    np.testing.assert_allclose(stages["output.norm"], [[-0.811218, 0.811218], [0.713891, -0.713891]], atol=2e-4)
    # tanh(0.811218) = 0.670275
    np.testing.assert_allclose(stages["pooler"], [-0.670275, 0.670275], atol=2e-4)
    assert worked.worst is not None
    assert worked.worst <= LIMIT


@pytest.mark.parametrize("name", encoder.ACTIVATIONS)
def test_activations_are_those_of_transformers(name: str) -> None:
    from transformers.activations import ACT2FN

    x = torch.linspace(-6, 6, 241)
    torch.testing.assert_close(encoder.ACTIVATIONS[name].compute(x), ACT2FN[name](x), atol=1e-6, rtol=1e-5)
    assert encoder.ACTIVATIONS[name].formula.count("{") == encoder.ACTIVATIONS[name].formula.count("}")


def test_activations_by_hand() -> None:
    x = torch.tensor([-1.0, 0.0, 1.0, 2.0])
    values = {name: row.compute(x).tolist() for name, row in encoder.ACTIVATIONS.items()}
    assert values["gelu"] == pytest.approx([-0.158655, 0, 0.841345, 1.954500], abs=1e-6)
    assert values["gelu_new"] == pytest.approx([-0.158808, 0, 0.841192, 1.954598], abs=1e-6)
    assert values["relu"] == [0, 0, 1, 2]
    assert values["silu"] == pytest.approx([-0.268941, 0, 0.731059, 1.761594], abs=1e-6)


# --- changes ---


@contextmanager
def without_residual(model: PreTrainedModel, linear: str, norm: str) -> Iterator[None]:
    """The library's pass with what a linear part puts out as all that its LayerNorm reads."""
    heard: list[torch.Tensor] = []
    handles = []
    for block in set(encoder._blocks(model)):
        parts = {
            "attention_output": block.attention_output,
            "attention_norm": block.attention_norm,
            "output": block.output,
            "norm": block.norm,
        }
        handles.append(parts[linear].register_forward_hook(lambda part, arguments, output: heard.append(output)))
        handles.append(parts[norm].register_forward_pre_hook(lambda part, arguments: (heard.pop(),)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def replace_activation(model: PreTrainedModel, function: nn.Module) -> None:
    """Change what the library itself computes between the two maps of the feed-forward network."""
    for block in encoder._blocks(model):
        match model.config.model_type:
            case "distilbert":
                block.layer.ffn.activation = function
            case "albert":
                block.layer.activation = function
            case _:
                block.layer.intermediate.intermediate_act_fn = function


def stretch_queries(model: PreTrainedModel) -> None:
    for query in {block.query for block in encoder._blocks(model)}:
        root = math.sqrt(model.config.hidden_size // model.config.num_attention_heads)
        query.weight *= root
        query.bias *= root


@pytest.mark.parametrize("name", ONE_EACH)
@pytest.mark.parametrize("classifier", [False, True], ids=["bare", "classifier"])
def test_each_change_is_what_its_name_says(name: str, classifier: bool) -> None:
    """Each changed pass equals transformers' own pass with its weights or parts changed in a copy of the model."""
    model, tokenizer = make_model(name, classifier=classifier), tokenizer_of_64()

    def zero(table: str) -> Callable[[PreTrainedModel], None]:
        return lambda copied: copied.base_model.embeddings.get_submodule(table).weight.zero_()

    doctored: dict[str, Callable[[PreTrainedModel], None]] = {
        "no-scaling": stretch_queries,
        "relu": lambda copied: replace_activation(copied, nn.ReLU()),
        "no-activation": lambda copied: replace_activation(copied, nn.Identity()),
        "no-positions": zero("position_embeddings"),
        "no-segments": zero("token_type_embeddings"),
    }
    plain = trace(model, tokenizer, TEXT, PAIR, pad_to=24)
    for change in offered(model.config):
        ours = trace(model, tokenizer, TEXT, PAIR, pad_to=24, changes=(change.id,))
        copied, options = copy.deepcopy(model), {}
        if change.id == "tutorial-encoder":
            continue  # the next test
        if change.id == "no-mask":
            options = {"attention_mask": torch.ones(1, 24, dtype=torch.long)}
        if change.id in doctored:
            with torch.no_grad():
                doctored[change.id](copied)
        if change.id == "no-attention-residual":
            with without_residual(copied, "attention_output", "attention_norm"):
                states, output = library(copied, ours)
        elif change.id == "no-feed-forward-residual":
            with without_residual(copied, "output", "norm"):
                states, output = library(copied, ours)
        else:
            states, output = library(copied, ours, **options)
        np.testing.assert_allclose(ours.states, states, atol=2e-4, err_msg=change.id)
        assert np.abs(ours.states - plain.states).max() > 0.01, change.id
        if classifier:
            np.testing.assert_allclose(ours.stages["logits"].values, output.logits[0].numpy(), atol=2e-4)
        assert ours.differences == ()
        assert ours.worst is None
        assert {stage.difference for stage in ours.stages.values()} == {None}


@pytest.mark.parametrize("name", ONE_EACH)
def test_the_tutorials_formula(name: str) -> None:
    """LayerNorm(X + MultiHead(X,X,X) + FFN(MultiHead(X,X,X))), written out once more in numpy."""
    model = make_model(name)
    ours = trace(model, tokenizer_of_64(), TEXT, layer=1, changes=("tutorial-encoder",))
    block = encoder._blocks(model)[1]
    heads = model.config.num_attention_heads

    def linear(x: np.ndarray, part: nn.Linear) -> np.ndarray:
        return x @ part.weight.detach().double().numpy().T + part.bias.detach().double().numpy()

    x = ours.states[1].astype(np.float64)
    query, key, value = (
        linear(x, part).reshape(len(x), heads, -1).transpose(1, 0, 2) for part in (block.query, block.key, block.value)
    )
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    attended = linear((weights @ value).transpose(1, 0, 2).reshape(len(x), -1), block.attention_output)
    act = encoder.ACTIVATIONS[ours.activation].compute
    inner = act(torch.from_numpy(linear(attended, block.intermediate))).numpy()
    total = x + attended + linear(inner, block.output)
    centred = total - total.mean(axis=-1, keepdims=True)
    normed = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + block.norm.eps)
    expected = normed * block.norm.weight.detach().numpy() + block.norm.bias.detach().numpy()
    np.testing.assert_allclose(ours.states[2], expected, atol=1e-4)
    np.testing.assert_allclose(ours.stages["output.residual"].values, total, atol=1e-3)
    assert "attention.norm" not in ours.stages
    assert "attention.residual" not in ours.stages
    plain = trace(model, tokenizer_of_64(), TEXT)
    assert np.abs(ours.states[-1] - plain.states[-1]).max() > 0.1


def test_changes_can_be_combined() -> None:
    model, tokenizer = make_model("bert"), tokenizer_of_64()
    both = trace(model, tokenizer, TEXT, changes=("relu", "no-positions"))
    with torch.no_grad():
        copied = copy.deepcopy(model)
        copied.embeddings.position_embeddings.weight.zero_()
        replace_activation(copied, nn.ReLU())
    np.testing.assert_allclose(both.states, library(copied, both)[0], atol=1e-4)
    assert both.changes == ("relu", "no-positions")


def test_without_padding_there_is_no_mask_to_leave_out() -> None:
    model, tokenizer = make_model("bert"), tokenizer_of_64()
    np.testing.assert_array_equal(
        trace(model, tokenizer, TEXT, changes=("no-mask",)).states, trace(model, tokenizer, TEXT).states
    )


def test_offered_changes() -> None:
    everything = set(CHANGES)
    assert {change.id for change in offered(CONFIGS["bert"])} == everything
    assert {change.id for change in offered(CONFIGS["roberta"])} == everything
    assert {change.id for change in offered(CONFIGS["distilbert"])} == everything - {"no-segments"}
    assert {change.id for change in offered(CONFIGS["bert-relu"])} == everything - {"relu"}
    for change in (*CHANGES.values(), encoder.SWAP):
        assert change.title
        assert change.help
        for formula in (change.true, change.formula):
            assert formula.count("{") == formula.count("}")
        assert set(change.excludes) <= everything
        assert all(change.id == "tutorial-encoder" or change.id in CHANGES[other].excludes for other in change.excludes)


# --- swapping and comparing ---


def test_swapping_two_words_is_reading_the_other_sentence() -> None:
    model, tokenizer = make_model("bert", classifier=True), tokenizer_of_64()
    ours = trace(model, tokenizer, "i love eating pizza", swap=(1, 4))
    assert ours.tokens.texts == ("[CLS]", "pizza", "love", "eating", "i", "[SEP]")
    assert ours.order == (0, 4, 2, 3, 1, 5)
    assert [token.position for token in ours.tokens.tokens] == list(range(6))
    other = trace(model, tokenizer, "pizza love eating i")
    np.testing.assert_array_equal(ours.states, other.states)
    assert ours.worst is not None
    assert ours.worst <= LIMIT
    assert trace(model, tokenizer, "i love eating pizza", swap=(4, 1)).order == ours.order


def test_swapping_moves_whole_words() -> None:
    ours = trace(make_model("bert"), tokenizer_of_64(), "walking film played", "good plot", swap=(2, 5))
    assert ours.tokens.texts == (
        "[CLS]", "play", "##ed", "film", "walk", "##ing", "[SEP]", "good", "plot", "[SEP]",
    )  # fmt: skip
    assert ours.order == (0, 4, 5, 3, 1, 2, 6, 7, 8, 9)
    uneven = trace(make_model("bert"), tokenizer_of_64(), "walking film was", swap=(1, 4))
    assert uneven.tokens.texts == ("[CLS]", "was", "film", "walk", "##ing", "[SEP]")
    assert uneven.order == (0, 4, 3, 1, 2, 5)
    assert [token.position for token in uneven.tokens.tokens] == list(range(6))


def test_without_positions_order_does_not_matter() -> None:
    model, tokenizer = make_model("bert", classifier=True), tokenizer_of_64()
    change = ("no-positions",)
    still = trace(model, tokenizer, "walking film was good", changes=change)
    moved = trace(model, tokenizer, "walking film was good", changes=change, swap=(1, 4))
    found = compare(still, moved)
    np.testing.assert_allclose(found.cosines, 1, atol=1e-6)
    np.testing.assert_allclose(found.distances, 0, atol=1e-4)
    assert found.before == pytest.approx(found.after, abs=1e-5)
    aware = compare(
        trace(model, tokenizer, "walking film was good"), trace(model, tokenizer, "walking film was good", swap=(1, 4))
    )
    assert min(aware.mean_cosines[1:]) < 0.99
    # what stays in its place goes into the first layer as it was
    assert aware.distances[0][[0, 5]] == pytest.approx([0, 0])
    assert min(aware.distances[0][[1, 2, 3, 4]]) > 0.1


def bare(states: list[list[list[float]]], attended: list[bool], order: tuple[int, ...]) -> Trace:
    """A trace with these states, over tokens that all look alike."""
    made = trace(make_model("bert"), tokenizer_of_64(), " ".join(["film"] * (len(attended) - 2)))
    tokens = encoder.replace(
        made.tokens,
        tokens=tuple(
            encoder.replace(token, attended=here) for token, here in zip(made.tokens.tokens, attended, strict=True)
        ),
    )
    return encoder.replace(made, tokens=tokens, states=np.array(states, dtype=np.float32), order=order)


def test_comparison_by_hand() -> None:
    before = bare([[[3, 4], [1, 0], [0, 2]]], [True, True, False], (0, 1, 2))
    after = bare([[[6, 8], [0, 1], [9, 9]]], [True, True, False], (0, 1, 2))
    found = compare(before, after)
    np.testing.assert_allclose(found.cosines, [[1, 0]], atol=1e-6)  # padding does not count
    np.testing.assert_allclose(found.distances, [[1, math.sqrt(2)]], atol=1e-6)
    assert found.mean_cosines == pytest.approx((0.5,))
    assert found.mean_distances == pytest.approx(((1 + math.sqrt(2)) / 2,))
    assert found.labels == found.before == found.after == ()


def test_comparison_follows_the_tokens() -> None:
    before = bare([[[1, 0], [0, 1], [1, 1], [2, 0]]], [True] * 4, (0, 1, 2, 3))
    after = bare([[[1, 0], [1, 1], [0, 1], [2, 0]]], [True] * 4, (0, 2, 1, 3))
    found = compare(before, after)
    np.testing.assert_allclose(found.distances, 0, atol=1e-7)
    np.testing.assert_allclose(found.cosines, 1, atol=1e-6)


def test_comparison_of_nothing() -> None:
    before = bare([[[0, 0], [0, 0], [1, 0]]], [True] * 3, (0, 1, 2))
    found = compare(before, before)
    assert np.isfinite(found.cosines).all()
    np.testing.assert_array_equal(found.distances, 0)


def test_comparison_of_different_texts_is_refused() -> None:
    model, tokenizer = make_model("bert"), tokenizer_of_64()
    one = trace(model, tokenizer, "good film")
    for other in ("bad film", "good good film"):
        with pytest.raises(ValueError, match="different tokens"):
            compare(one, trace(model, tokenizer, other))


def test_probabilities_before_and_after() -> None:
    model, tokenizer = make_model("distilbert", classifier=True), tokenizer_of_64()
    found = compare(trace(model, tokenizer, TEXT), trace(model, tokenizer, TEXT, changes=("no-scaling",)))
    assert found.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    assert sum(found.before) == pytest.approx(1)
    assert sum(found.after) == pytest.approx(1)
    assert found.before != found.after
    assert found.cosines.shape == found.distances.shape == (4, len(trace(model, tokenizer, TEXT).tokens.tokens))
    assert found.mean_cosines[0] == pytest.approx(1)


# --- manners ---


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": 3}, "layer 3 does not exist: the model's layers are 0 to 2"),
        ({"layer": -1}, "layer -1 does not exist"),
        ({"changes": ("no-brain",)}, "'no-brain' is not possible here; use one of no-scaling, relu"),
        ({"changes": ("relu", "no-activation")}, "'relu' and 'no-activation' cannot be combined"),
        ({"changes": ("no-attention-residual", "tutorial-encoder")}, "cannot be combined"),
        ({"swap": (0, 2)}, r"'\[CLS\]' is not part of a word"),
        ({"swap": (1, 99)}, "token 99 does not exist: the tokens are 0 to"),
        ({"swap": (2, 2)}, "two different words"),
        ({"pair": PAIR, "swap": (1, 12)}, "different texts"),
        ({"pad_to": 1000}, "1000 tokens are more than the model's 512"),
    ],
)
def test_mistakes_are_explained(options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        trace(make_model("bert"), tokenizer_of_64(), TEXT, **options)  # type: ignore[arg-type]


def test_more_mistakes() -> None:
    with pytest.raises(UserError, match="no text"):
        trace(make_model("bert"), tokenizer_of_64(), " ")
    with pytest.raises(UserError, match="'no-segments' is not possible here"):
        trace(make_model("distilbert"), tokenizer_of_64(), TEXT, changes=("no-segments",))
    model = make_model("bert")
    model.config.hidden_act = "mish"
    with pytest.raises(UserError, match="'mish' is not known here; known are gelu"):
        trace(model, tokenizer_of_64(), TEXT)


def hooks(model: PreTrainedModel) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


@pytest.mark.parametrize("name", ONE_EACH)
def test_nothing_is_left_on_the_model(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, tokenizer = make_model(name), tokenizer_of_64()
    model(input_ids=torch.tensor([[2, 3]]), output_hidden_states=True)  # transformers leaves hooks of its own, once
    before, weights = hooks(model), copy.deepcopy(model.state_dict())
    trace(model, tokenizer, TEXT)
    trace(model, tokenizer, TEXT, changes=("no-positions", "relu"))
    assert hooks(model) == before
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())

    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(model, "forward", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        trace(model, tokenizer, TEXT)
    assert hooks(model) == before


@pytest.mark.parametrize("name", ["bert", "albert"])
def test_visitors_do_not_hear_each_other(name: str) -> None:
    model = make_model(name)
    texts = [" ".join(["good film"] * count) for count in range(1, 9)]
    alone = [trace(model, tokenizer_of_64(), text, layer=2) for text in texts]
    gate = threading.Barrier(len(texts))

    def visit(text: str) -> Trace:
        tokenizer = tokenizer_of_64()
        gate.wait()
        return trace(model, tokenizer, text, layer=2)

    with ThreadPoolExecutor(len(texts)) as pool:
        for mine, again in zip(alone, pool.map(visit, texts), strict=True):
            assert again.worst is not None
            assert again.worst <= LIMIT
            np.testing.assert_array_equal(again.states, mine.states)

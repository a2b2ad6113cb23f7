"""core.heads: hand-worked statistics, rollout and flow; heads switched off as if their weights were not there."""

import copy
import threading
from collections.abc import Callable
from pathlib import Path

import networkx
import numpy as np
import pytest
import torch
from transformers import AlbertConfig, AlbertModel, AutoModel, AutoModelForSequenceClassification, PreTrainedModel

from core import attention, encoder, explain, heads, models
from core.errors import Cancelled, UserError
from core.families import FAMILIES
from core.heads import Label, ablate, ablation, agreement, correlation, differences, flow, rollout
from core.predict import Predictor, around
from core.results import AttentionMaps, Attribution, Measure, Token, Tokens, WordScore
from core.tasks.classify import TEXT as CLASSIFY
from core.tasks.classify import probabilities
from tests.conftest import WORDS, make_tokenizer
from tests.families import UNEVEN as CONFIGS
from tests.families import make_uneven as make_model
from tests.made import maps_of as make_maps

TEXT, PAIR = "i love eating pizza , and pizza !", "the film was awful"
LABELS = ("LABEL_0", "LABEL_1")
TEXTS = ["i love the film", "awful plot , boring acting !", "good coffee and great pizza", "i hate it", "very bad film"]
TRUE = np.array([1, 0, 1, 0, 0])


def ready(model_type: str = "bert") -> Predictor:
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 64
    if not FAMILIES[model_type].segments:
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    return around("tiny", CLASSIFY, make_model(model_type, AutoModelForSequenceClassification), tokenizer, 64)


def without(model: PreTrainedModel, off: heads.Switch) -> PreTrainedModel:
    """A copy of the model whose W^O lacks the columns of the heads `off`."""
    changed = copy.deepcopy(model)
    ending = "." + FAMILIES[model.config.model_type].projection
    maps = [module for name, module in changed.base_model.named_modules() if name.endswith(ending)]
    assert len(maps) == model.config.num_hidden_layers
    width = model.config.hidden_size // model.config.num_attention_heads
    with torch.no_grad():
        for layer, head in off:
            maps[layer].weight[:, head * width : (head + 1) * width] = 0  # type: ignore[union-attr,index,operator]
    return changed


def untied(model: PreTrainedModel) -> PreTrainedModel:
    """An ALBERT that computes the same with weights of their own for each layer."""
    config = AlbertConfig(**{**model.config.to_dict(), "num_hidden_groups": model.config.num_hidden_layers})
    free = AlbertModel(config).eval()
    state = model.base_model.state_dict()
    groups = "encoder.albert_layer_groups."
    free.load_state_dict(
        {
            name: state[groups + "0." + name.split(".", 3)[3] if name.startswith(groups) else name]
            for name in free.state_dict()
        }
    )
    return free


def read(model: PreTrainedModel) -> torch.Tensor:
    inputs = {"input_ids": torch.tensor([[2, 5, 6, 8, 3], [2, 12, 13, 14, 3]])}
    with torch.inference_mode():
        output = model(**inputs)
    return output.logits if "logits" in output else output.last_hidden_state  # type: ignore[no-any-return]


# statistics


def given(monkeypatch: pytest.MonkeyPatch, tables: list[list[list[float]]]) -> None:
    """Let the model's two layers of two heads give these weights, one table (T, T) per text, whatever it computes."""
    left = iter(tables)

    def each_layer(model: object, tokens: Tokens, keep: Callable[[int, torch.Tensor], None]) -> None:
        table = torch.tensor(next(left))
        assert len(table) == len(tokens.tokens)
        for layer in range(3):
            keep(layer, table.expand(4, -1, -1))

    monkeypatch.setattr(attention, "each_layer", each_layer)


NEVER = [9.0] * 4  # the rows of special tokens: nothing may look at them


def test_statistics_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 64
    given(
        monkeypatch,
        [
            [NEVER, [0.5, 0.25, 0.25, 0], [0, 1, 0, 0], NEVER],  # [CLS] i love [SEP]
            [NEVER[:3], [0, 0, 1], NEVER[:3]],  # [CLS] good [SEP]
        ],
    )
    done: list[tuple[int, int]] = []
    found = heads.head_statistics(
        make_model("bert"), tokenizer, ["i love", "good"], report=lambda *step: done.append(step)
    )
    assert (found.texts, found.tokens, found.cut) == (2, 3, 0)
    assert done == [(1, 2), (2, 2)]
    expected = {
        "entropy": 1.5 / 3,  # ½·1 + ¼·2 + ¼·2 bits; the others are certain
        "evenness": 0.75 / 3,  # 1.5 of log2 4 = 2 bits
        "distance": (0.5 + 0.25 + 1 + 1) / 3,
        "cls": 0.5 / 3,
        "sep": 1 / 3,
        "self": 0.25 / 3,
        "previous": 1.5 / 3,
        "next": 1.25 / 3,
    }
    assert set(found.values) == set(heads.STATISTICS) == set(expected)
    for name, value in expected.items():
        assert found.values[name].shape == (3, 4)
        np.testing.assert_allclose(found.values[name], value, atol=1e-12, err_msg=name)
    assert found.labels[2][3] == Label("previous token {number}", pytest.approx(0.5))
    assert str(found.labels[0][0]) == "previous token 0.50"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([0.0, 0.0, 1.0, 0.0, 0.0], "itself 1.00"),
        ([0.0, 0.0, 0.0, 0.6, 0.4], "next token 0.60"),
        ([0.7, 0.3, 0.0, 0.0, 0.0], "[CLS] 0.70"),
        ([0.2, 0.0, 0.0, 0.0, 0.8], "[SEP] 0.80"),
        ([0.2, 0.2, 0.2, 0.2, 0.2], "even 1.00"),
        ([0.4, 0.0, 0.4, 0.0, 0.2], "mixed (at most 0.40)"),
    ],
)
def test_labels_by_hand(monkeypatch: pytest.MonkeyPatch, row: list[float], expected: str) -> None:
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 64
    tokens = encoder.read(make_model("bert"), tokenizer, "i love pizza")
    middle = Tokens("", "", "", (*(_special(t) for t in tokens.tokens[:2]), tokens.tokens[2], *(_special(t) for t in tokens.tokens[3:])), 64, "", "", 1)  # fmt: skip
    monkeypatch.setattr(heads, "read", lambda *_, **__: middle)
    given(monkeypatch, [[[9.0] * 5, [9.0] * 5, row, [9.0] * 5, [9.0] * 5]])
    found = heads.head_statistics(make_model("bert"), tokenizer, ["x"])
    assert {str(label) for layer in found.labels for label in layer} == {expected}


def _special(token: Token) -> Token:
    return Token(token.text, token.id, "special", None, None, None, None, 0, token.position, True)


@pytest.mark.parametrize("model_type", CONFIGS)
def test_statistics_are_those_of_the_maps(model_type: str) -> None:
    model, tokenizer = make_model(model_type), make_tokenizer()
    tokenizer.model_max_length = 64
    found = heads.head_statistics(model, tokenizer, [TEXT, PAIR], 8)
    assert found.cut == 1
    rows, previous, entropy = 0, np.zeros((3, 4)), np.zeros((3, 4))
    for text in (TEXT, PAIR):
        weights = attention.attend(model, tokenizer, text, max_length=8).weights.astype(float)
        for i in range(1, weights.shape[-1] - 1):
            rows += 1
            previous += weights[:, :, i, i - 1]
            entropy -= (weights[:, :, i] * np.log2(weights[:, :, i].clip(1e-300))).sum(axis=-1)
    assert found.tokens == rows
    np.testing.assert_allclose(found.values["previous"], previous / rows, atol=1e-6)
    np.testing.assert_allclose(found.values["entropy"], entropy / rows, atol=1e-5)


def test_statistics_can_be_cancelled_and_need_words() -> None:
    model, tokenizer = make_model("bert"), make_tokenizer()
    tokenizer.model_max_length = 64

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        heads.head_statistics(model, tokenizer, [TEXT], report=stop)
    with pytest.raises(UserError, match="no words"):
        heads.head_statistics(model, tokenizer, [])
    assert not any(module._forward_hooks for module in model.modules())


# rollout and flow: two layers of two tokens. The mean of the heads A, mixed with the residual: Ã = ½A + ½I.
#   layer 1: A = [[.5, .5], [0, 1]]   Ã = [[.75, .25], [0, 1]]
#   layer 2: A = [[0, 1], [.5, .5]]   Ã = [[.5, .5], [.25, .75]]

TWO = np.array(
    [
        [[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]],  # two heads whose mean is A of layer 1
        [[[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]],
    ]
)


def test_rollout_by_hand() -> None:
    rolled = rollout(TWO)
    np.testing.assert_allclose(rolled[0], [[0.75, 0.25], [0, 1]])
    # Ã2 Ã1: .5·.75 + .5·0, .5·.25 + .5·1; .25·.75 + .75·0, .25·.25 + .75·1
    np.testing.assert_allclose(rolled[1], [[0.375, 0.625], [0.1875, 0.8125]])


def test_flow_by_hand() -> None:
    # from 0 to 0: through 0 min(.5, .75), through 1 min(.5, 0)      from 0 to 1: min(.5, .25) + min(.5, 1)
    # from 1 to 0: through 0 min(.25, .75), through 1 min(.75, 0)    from 1 to 1: min(.25, .25) + min(.75, 1)
    np.testing.assert_allclose(flow(TWO), [[0.5, 0.75], [0.25, 1.0]])
    np.testing.assert_allclose(flow(TWO, [1]), [[0.25, 1.0]])


def test_three_tokens_by_hand() -> None:
    """Everybody looks at token 0 in layer 1 and at token 2 in layer 2."""
    weights = np.zeros((2, 1, 3, 3))
    weights[0, 0, :, 0] = weights[1, 0, :, 2] = 1
    # layer 1: Ã = [[1, 0, 0], [.5, .5, 0], [.5, 0, .5]]; layer 2: Ã = [[.5, 0, .5], [0, .5, .5], [0, 0, 1]]
    np.testing.assert_allclose(rollout(weights)[1], [[0.75, 0, 0.25], [0.5, 0.25, 0.25], [0.5, 0, 0.5]])
    # 0 → 0: .5 by itself, min(.5, .5) through 2; 1 → 0: min(.5, .5) through 1 and through 2; 2 → 0: min(1, .5)
    np.testing.assert_allclose(flow(weights), [[1, 0, 0.5], [1, 0.5, 0.5], [0.5, 0, 0.5]])


def test_flow_is_the_largest_flow() -> None:
    weights = torch.randn(4, 2, 5, 5, generator=torch.Generator().manual_seed(0)).mul(2).softmax(dim=-1).numpy()
    mixed = 0.5 * weights.mean(axis=1) + 0.5 * np.eye(5)
    graph = networkx.DiGraph()
    for layer, i, j in np.ndindex(4, 5, 5):
        graph.add_edge((layer + 1, i), (layer, j), capacity=float(mixed[layer, i, j]))
    expected = [[networkx.maximum_flow_value(graph, (4, i), (0, j)) for j in range(5)] for i in range(5)]
    done: list[tuple[int, int]] = []
    np.testing.assert_allclose(flow(weights, report=lambda *step: done.append(step)), expected, atol=1e-4)
    assert done == [(i + 1, 25) for i in range(25)]


def test_flow_has_a_limit_and_can_be_cancelled() -> None:
    with pytest.raises(UserError, match="at most 64 tokens, and this input has 65"):
        flow(np.full((1, 1, 65, 65), 1 / 65))

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        flow(TWO, report=stop)


# switching heads off


@pytest.mark.parametrize("auto_class", [AutoModel, AutoModelForSequenceClassification])
@pytest.mark.parametrize("model_type", [name for name in CONFIGS if name != "albert"])
@pytest.mark.parametrize("off", [{(1, 2)}, {(0, 0), (2, 3), (2, 1)}, {(1, head) for head in range(4)}])
def test_off_is_as_if_its_columns_were_zero(model_type: str, auto_class: type, off: set[tuple[int, int]]) -> None:
    model, switch = make_model(model_type, auto_class), frozenset(off)
    before, expected = read(model), read(without(model, switch))
    with ablate(model, switch):
        found = read(model)
        torch.testing.assert_close(read(model), found)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert (found - before).abs().max() > 1e-3
    torch.testing.assert_close(read(model), before)
    assert not any(module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("off", [{(1, 2)}, {(0, 0), (2, 3)}, {(2, 0)}])
def test_off_in_one_layer_of_albert_although_layers_share_weights(off: set[tuple[int, int]]) -> None:
    model, switch = make_model("albert"), frozenset(off)
    free = untied(model)
    torch.testing.assert_close(read(free), read(model))
    expected = read(without(free, switch))
    with ablate(model, switch):
        torch.testing.assert_close(read(model), expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(read(model), expected, atol=1e-5, rtol=1e-5)


def test_other_threads_run_the_model_as_it_is() -> None:
    model = make_model("albert")
    before = read(model)
    wrong: list[float] = []

    def work() -> None:
        for _ in range(30):
            wrong.append(float((read(model) - before).abs().max()))

    with ablate(model, frozenset({(0, 1), (2, 2)})):
        expected = read(model)
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(30):
            torch.testing.assert_close(read(model), expected)
        for thread in threads:
            thread.join()
    assert len(wrong) == 60
    assert max(wrong) < 1e-5


def test_hooks_are_gone_after_a_failure_and_heads_must_exist() -> None:
    model = make_model("bert")
    with pytest.raises(RuntimeError, match="on purpose"), ablate(model, frozenset({(0, 0)})):
        raise RuntimeError("on purpose")
    assert not any(module._forward_pre_hooks for module in model.modules())
    for switch in ((3, 0), (0, 4), (-1, 0)):
        with pytest.raises(UserError, match="layers 0 to 2 with heads 0 to 3"), ablate(model, frozenset({switch})):
            pass


@pytest.mark.parametrize("model_type", CONFIGS)
def test_ablation_compares_vectors_and_answers(model_type: str) -> None:
    predictor = ready(model_type)
    model, tokenizer = predictor.model, predictor.tokenizer
    found = ablation(model, tokenizer, TEXT, PAIR, frozenset({(1, 2)}))
    size = len(found.tokens.tokens)
    assert found.cosine.shape == found.change.shape == (3, size)
    np.testing.assert_allclose(found.change[0], 0, atol=1e-7)  # the first layer comes before the head
    np.testing.assert_allclose(found.cosine[0], 1)
    assert found.change[1:].max() > 1e-3
    inputs = encoder.tensors(model, found.tokens)
    with torch.inference_mode():
        plain = copy.deepcopy(model)(**inputs, output_hidden_states=True)
    states, before = heads._read(model, inputs)
    np.testing.assert_allclose(states, torch.cat(plain.hidden_states[1:]).numpy(), atol=1e-6)
    assert found.before == before == pytest.approx(dict(zip(LABELS, plain.logits.softmax(-1)[0].tolist(), strict=True)))
    assert found.after is not None
    assert sum(found.after.values()) == pytest.approx(1)
    assert found.after != found.before
    if model_type != "albert":
        with torch.inference_mode():
            changed = without(model, found.off)(**inputs, output_hidden_states=True)
        assert found.after == pytest.approx(
            dict(zip(LABELS, changed.logits.softmax(-1)[0].tolist(), strict=True)), abs=1e-5
        )
        last, other = plain.hidden_states[-1][0], changed.hidden_states[-1][0]
        np.testing.assert_allclose(found.cosine[-1], torch.cosine_similarity(last, other, dim=-1), atol=1e-5)
        np.testing.assert_allclose(found.change[-1], (other - last).norm(dim=-1) / last.norm(dim=-1), atol=1e-5)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_an_encoder_has_no_answer_and_a_whole_layer_can_go() -> None:
    model, tokenizer = make_model("bert"), make_tokenizer()
    tokenizer.model_max_length = 64
    layer = frozenset((1, head) for head in range(4))
    found = ablation(model, tokenizer, TEXT, "", layer)
    assert found.before is found.after is None
    assert ablation(model, tokenizer, TEXT, "", frozenset()).change.max() == 0
    scores = ready().model
    scores.config = copy.deepcopy(scores.config)
    scores.config.problem_type = "multi_label_classification"
    assert ablation(scores, tokenizer, TEXT, "", layer).before is None


def test_maps_can_be_had_with_heads_off() -> None:
    model, tokenizer = make_model("bert"), make_tokenizer()
    tokenizer.model_max_length = 64
    with ablate(model, frozenset({(0, 1)})):
        maps = attention.attend(model, tokenizer, TEXT)
    expected = attention.attend(without(model, frozenset({(0, 1)})), tokenizer, TEXT)
    np.testing.assert_allclose(maps.weights, expected.weights, atol=1e-6)


# importance


@pytest.mark.parametrize("model_type", ["bert", "distilbert"])
def test_importance_is_what_a_model_without_the_head_would_do(model_type: str) -> None:
    predictor = ready(model_type)
    columns = {"text": TEXTS}
    done: list[tuple[int, int]] = []
    found = heads.importance(predictor, columns, LABELS, TRUE, report=lambda *step: done.append(step))
    assert (found.n, found.total, len(found.heads)) == (5, 5, 12)
    assert done[-1] == (13, 13)
    base = probabilities(predictor.model, predictor.tokenizer, columns, 64)
    likely, right = base[np.arange(5), TRUE], base.argmax(axis=1) == TRUE
    assert found.accuracy == right.mean()
    assert found.probability == pytest.approx(likely.mean())
    for effect in found.heads:
        changed = without(predictor.model, frozenset({(effect.layer, effect.head)}))
        probs = probabilities(changed, predictor.tokenizer, columns, 64)
        shift, still = probs[np.arange(5), TRUE] - likely, probs.argmax(axis=1) == TRUE
        assert effect.probability.value == pytest.approx(shift.mean(), abs=1e-6)
        assert effect.accuracy.value == pytest.approx(still.mean() - right.mean())
        assert (effect.lost, effect.gained) == ((right & ~still).sum(), (~right & still).sum())
        assert shift.min() - 1e-6 <= effect.probability.low <= effect.probability.value <= effect.probability.high
    order = [effect.probability.value for effect in found.heads]
    assert order == sorted(order)
    assert order[0] < -1e-4


def test_the_interval_is_a_paired_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of which 40 of 100 turn wrong: the mean of 100 draws of −1 or 0 has a standard deviation of 4.9 points."""
    answers = {True: np.tile([0.25, 0.75], (100, 1)), False: np.tile([0.25, 0.75], (100, 1))}
    answers[False][:40] = [0.75, 0.25]
    calls = 0

    def probabilities(*_: object, **__: object) -> np.ndarray:
        nonlocal calls
        calls += 1
        return answers[calls == 1]

    monkeypatch.setattr(heads, "probabilities", probabilities)
    found = heads.importance(ready(), {"text": ["x"] * 100}, LABELS, np.ones(100, dtype=int))
    effect = found.heads[0]
    assert found.accuracy == 1
    assert (effect.lost, effect.gained) == (40, 0)
    assert effect.accuracy.value == pytest.approx(-0.4)
    assert effect.accuracy.low == pytest.approx(-0.4 - 1.96 * 0.049, abs=0.02)
    assert effect.accuracy.high == pytest.approx(-0.4 + 1.96 * 0.049, abs=0.02)
    assert effect.probability == Measure(*(pytest.approx(0.5 * value) for value in (effect.accuracy.value, effect.accuracy.low, effect.accuracy.high)))  # fmt: skip


def test_importance_samples_cancels_and_checks() -> None:
    predictor = ready()
    pairs = {"text": TEXTS, "pair": TEXTS[::-1]}
    few = heads.importance(predictor, pairs, LABELS, TRUE, limit=2, seed=3)
    assert (few.n, few.total) == (2, 5)
    assert few == heads.importance(predictor, pairs, LABELS, TRUE, limit=2, seed=3)

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        heads.importance(predictor, pairs, LABELS, TRUE, report=stop)
    assert not any(module._forward_pre_hooks for module in predictor.model.modules())
    with pytest.raises(UserError, match="no examples"):
        heads.importance(predictor, {"text": []}, LABELS, np.array([], dtype=int))
    with pytest.raises(UserError, match="labels"):
        heads.importance(predictor, {"text": TEXTS}, ("sad", "happy", "angry"), TRUE)


# two models


def test_differences_by_hand() -> None:
    one = make_maps([[1.0, 0.0], [0.5, 0.5]], "a b")
    other = make_maps([[0.0, 1.0], [1.0, 0.0]], "a b")
    found = differences(one, other)
    # row 1: nothing in common, 1 bit. row 2: H(¾, ¼) − ½ (1 + 0) = 0.8113 − 0.5
    assert found.divergence[0, 0] == pytest.approx((1 + 0.311278) / 2, abs=1e-6)
    assert found.variation[0, 0] == pytest.approx((1 + 0.5) / 2)
    assert differences(one, one).divergence.max() == differences(one, one).variation.max() == 0
    two = AttentionMaps(one.tokens, np.concatenate([one.weights, one.weights], axis=1), (4,))
    changed = AttentionMaps(one.tokens, np.concatenate([one.weights, other.weights], axis=1), (4,))
    assert differences(two, changed).order == ((4, 1), (4, 0))


def test_differences_need_the_same_tokens_and_size() -> None:
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 64
    one = attention.attend(make_model("bert"), tokenizer, TEXT)
    with pytest.raises(UserError, match="different tokens"):
        differences(one, attention.attend(make_model("bert"), tokenizer, PAIR))
    smaller = AttentionMaps(one.tokens, one.weights[:, :2], one.layers)
    with pytest.raises(UserError, match="3 × 4 and 3 × 2"):
        differences(one, smaller)
    found = differences(one, attention.attend(make_model("electra"), tokenizer, TEXT))
    assert found.divergence.min() > 0
    assert found.divergence.max() <= 1
    assert [found.divergence[where] for where in found.order] == sorted(found.divergence.ravel(), reverse=True)


# attention beside attributions


def scored(scores: list[float], method: str = "deletion", *, text: str = "a bc a") -> Attribution:
    """Scores of the words of a text, separated by single spaces."""
    words, at = [], 0
    for word, score in zip(text.split(), scores, strict=True):
        words.append(WordScore(word, 0, at, at + len(word), score))
        at += len(word) + 1
    return Attribution(method, "good", tuple(words), 0.0, sum(scores), None, None)


def pieces() -> Tokens:
    """[CLS] a b ##c a [SEP] of the text "a bc a"."""
    spans = [None, (0, 1), (2, 3), (3, 4), (5, 6), None]
    return Tokens(
        "", "a bc a", "",
        tuple(
            Token("x", i, "word" if span else "special", *(span or (None, None)), 0 if span else None, i if span else None, 0, i, True)
            for i, span in enumerate(spans)
        ),
        64, "", "", 3,
    )  # fmt: skip


def test_agreement_by_hand() -> None:
    first, last = np.eye(6), np.full((6, 6), 1 / 6)
    last[0] = [0.1, 0.3, 0.04, 0.06, 0.2, 0.3]
    maps = AttentionMaps(pieces(), np.array([[first], [last]], dtype=np.float32), (0, 1))
    found = agreement(maps, [scored([0.3, -0.5, 0.1]), scored([0.1, 0.2, 0.3], "integrated-gradients")])
    assert found.words == ("a", "bc", "a")
    assert found.scores["deletion"] == (0.3, 0.5, 0.1)
    assert found.scores["last-cls"] == pytest.approx((0.3, 0.1, 0.2))
    everything = [(1 + 5 / 6 + value) / 12 for value in last[0]]
    assert found.scores["all"] == pytest.approx((everything[1], everything[2] + everything[3], everything[4]))
    # the first layer changes nothing; of the last, [CLS] keeps half and takes half of its row
    assert found.scores["rollout"] == pytest.approx((0.15, 0.05, 0.1))
    # ranks of last-cls 3, 1, 2 and of deletion 2, 3, 1: 1 − 6 · (1 + 4 + 1) / (3 · 8)
    assert found.correlations["last-cls", "deletion"] == pytest.approx(-0.5)
    assert found.correlations["last-cls", "rollout"] == pytest.approx(1)
    # ranks of deletion 2, 3, 1 and of the gradients 1, 2, 3: 1 − 6 · (1 + 1 + 4) / (3 · 8)
    assert found.correlations["deletion", "integrated-gradients"] == pytest.approx(-0.5)
    assert found.correlations["all", "rollout"] == pytest.approx(
        correlation(found.scores["all"], found.scores["rollout"])
    )


def test_no_correlation_where_there_is_none_to_speak_of() -> None:
    assert correlation([1, 2], [2, 1]) is None
    assert correlation([1], [2]) is None
    assert correlation([], []) is None
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    assert correlation([1, 2, 3], [1, 4, 9]) == pytest.approx(1)
    maps = make_maps([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]], "[CLS] pizza [SEP]")
    one = agreement(maps, [Attribution("deletion", "good", (WordScore("pizza", 0, 1, 6, 0.5),), 0, 0.5, None, None)])
    assert one.words == ("pizza",)
    assert set(one.correlations.values()) == {None}
    none = agreement(make_maps([[1.0]], "[CLS]"), [Attribution("deletion", "good", (), 0, 0, None, None)])
    assert none.words == ()


def test_agreement_needs_all_layers_and_one_text() -> None:
    maps = AttentionMaps(pieces(), np.full((1, 1, 6, 6), 1 / 6, dtype=np.float32), (1,))
    with pytest.raises(ValueError, match="all layers"):
        agreement(maps, [scored([1, 2, 3])])
    maps = AttentionMaps(pieces(), maps.weights, (0,))
    with pytest.raises(ValueError, match="different texts"):
        agreement(maps, [scored([1, 2, 3]), scored([1, 2, 3], text="a b c")])


@pytest.mark.parametrize("model_type", CONFIGS)
def test_agreement_of_a_real_pair_that_is_cut(model_type: str) -> None:
    predictor = ready(model_type)
    attributions = [explain.explain(predictor, TEXT, PAIR, method=m) for m in ("deletion", "input-x-gradient")]
    whole = attention.attend(predictor.model.base_model, predictor.tokenizer, TEXT, PAIR)
    found = agreement(whole, attributions)
    assert found.words == tuple(f"{TEXT} {PAIR}".split())
    inside = [i for i, token in enumerate(whole.tokens.tokens) if token.kind != "special"]
    assert sum(found.scores["last-cls"]) == pytest.approx(whole.weights[-1].mean(axis=0)[0, inside].sum(), abs=1e-6)
    assert set(found.correlations) == {
        (a, b)
        for i, a in enumerate([*heads.RECEIVED, "deletion", "input-x-gradient"])
        for b in [*heads.RECEIVED, "deletion", "input-x-gradient"][i + 1 :]
    }
    assert all(value is not None and -1 <= value <= 1 for value in found.correlations.values())
    cut = attention.attend(predictor.model.base_model, predictor.tokenizer, TEXT, PAIR, max_length=8)
    assert len(agreement(cut, attributions).words) == 5


def test_texts_that_are_hostile_are_measured_like_any_other(tiny_bert: Path) -> None:
    model = models.load_encoder(str(tiny_bert), attention="eager", allow_path=True)
    tokenizer = models.load_tokenizer(str(tiny_bert), allow_path=True)
    texts = ["</script><img onerror=x>", "x" * 10_000, "\x01\x02 \u202eabc", "pizza " * 600, "\ud800 pizza", "\x01\x02"]
    found = heads.head_statistics(model, tokenizer, texts)
    assert found.texts == 5  # of the last one nothing is left
    assert found.cut == 1
    assert all(np.isfinite(value).all() for value in found.values.values())
    assert len(WORDS) == model.config.vocab_size

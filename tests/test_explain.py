"""core.explain: scores that add up to what they promise, on the words a reader sees, from a model left as it was."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerIntegratedGradients
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers import models as tokenizer_models
from transformers import (
    AlbertForSequenceClassification,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    DistilBertForSequenceClassification,
    ElectraForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaForSequenceClassification,
)

from core import explain, predict
from core.errors import Cancelled, UserError
from core.predict import Predictor
from core.results import Attribution
from core.tasks.classify import TEXT as CLASSIFY
from core.tasks.classify import Classification, Labelled
from core.tasks.table import task_of
from core.words import split
from tests.conftest import WORDS, make_config, make_tokenizer
from tests.families import tiny_config

TEXT = "i love the film , it was not boring !"
OF_CLASSES = [name for name, row in explain.METHODS.items() if "spans" not in row.needs]
LABELS = {"id2label": {0: "bad", 1: "good", 2: "fair"}, "label2id": {"bad": 0, "good": 1, "fair": 2}}


def sharp(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, length: int = 64) -> Predictor:
    """A predictor whose answers differ from word to word: a random model's are nearly all the same."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "LayerNorm" not in name and "layer_norm" not in name:
                parameter.mul_(4)
    return predict.around("tiny", CLASSIFY, model.eval(), tokenizer, length)


def bytes_tokenizer() -> PreTrainedTokenizerFast:
    """A RoBERTa tokenizer: bytes, pairs as <s> A </s></s> B </s>, no segments."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {
        token: i for i, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters, "Ġl", "Ġlo", "Ġlov"])
    }
    tokenizer = Tokenizer(tokenizer_models.BPE(vocabulary, [("Ġ", "l"), ("Ġl", "o"), ("Ġlo", "v")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    )


def pieces_tokenizer() -> PreTrainedTokenizerFast:
    """An ALBERT tokenizer: Unigram pieces, ▁ for spaces, one of which spans two Chinese characters."""
    pieces = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "▁", "电影", *sorted({c for word in WORDS for c in word})]
    tokenizer = Tokenizer(tokenizer_models.Unigram([(piece, -float(i)) for i, piece in enumerate(pieces)], unk_id=1))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        pad_token="<pad>",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def wordpieces(names: list[str]) -> PreTrainedTokenizerFast:
    tokenizer = make_tokenizer()
    tokenizer.model_input_names = names
    return tokenizer


def bert() -> Predictor:
    return sharp(BertForSequenceClassification(make_config(**LABELS)), make_tokenizer())


def distilbert() -> Predictor:
    config = tiny_config("distilbert", **LABELS)
    return sharp(DistilBertForSequenceClassification(config), wordpieces(["input_ids", "attention_mask"]))


def electra() -> Predictor:
    config = tiny_config("electra", **LABELS)
    return sharp(ElectraForSequenceClassification(config), make_tokenizer())


def roberta() -> Predictor:
    tokenizer = bytes_tokenizer()
    config = tiny_config("roberta", vocab_size=len(tokenizer), positions=66, **LABELS)
    return sharp(RobertaForSequenceClassification(config), tokenizer)


def albert() -> Predictor:
    tokenizer = pieces_tokenizer()
    config = tiny_config("albert", vocab_size=len(tokenizer), pad_token_id=0, **LABELS)
    return sharp(AlbertForSequenceClassification(config), tokenizer)


FAMILIES = [bert, distilbert, electra, roberta, albert]


@pytest.fixture(params=FAMILIES, ids=lambda make: make.__name__)
def predictor(request: pytest.FixtureRequest) -> Predictor:
    torch.manual_seed(1)
    make: Callable[[], Predictor] = request.param
    return make()


@pytest.fixture
def tiny() -> Predictor:
    torch.manual_seed(1)
    return bert()


def scores(attribution: Attribution) -> np.ndarray:
    return np.array([word.score for word in attribution.words])


def answer(predictor: Predictor, text: str, pair: str = "") -> Labelled:
    (found,) = predict.predict(predictor, {"text": [text], **({"pair": [pair]} if pair else {})})
    assert isinstance(found, Labelled)
    return found


def probability(predictor: Predictor, label: str, text: str, pair: str | None = None) -> float:
    found = answer(predictor, text, pair or "")
    return found.probabilities[label]


# --- Every method, every family ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", OF_CLASSES)
@pytest.mark.parametrize("pair", ["", "a good plot ."])
def test_every_method_scores_every_word_of_every_family(predictor: Predictor, method: str, pair: str) -> None:
    found = explain.explain(predictor, TEXT, pair, method=method, steps=10)
    assert [word.text for word in found.words] == [*TEXT.split(), *pair.split()]
    for word in found.words:
        assert (TEXT, pair)[word.source][word.start : word.end] == word.text
    assert np.isfinite(scores(found)).all() and np.abs(scores(found)).max() > 1e-4
    assert found.total == pytest.approx(scores(found).sum() + found.special)
    best = answer(predictor, TEXT, pair)
    assert found.label == best.label and found.method == method
    assert (
        (found.completeness_error is not None) == (found.expected is not None) == explain.METHODS[method].completeness
    )


@pytest.mark.parametrize("method", OF_CLASSES)
def test_explaining_leaves_the_model_as_it_was(predictor: Predictor, method: str) -> None:
    before = {name: value.clone() for name, value in predictor.model.state_dict().items()}
    explain.explain(predictor, TEXT, method=method, steps=4)
    assert all(torch.equal(value, before[name]) for name, value in predictor.model.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in predictor.model.parameters())
    assert not predictor.model.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in predictor.model.modules())


def test_rows_of_the_table_are_complete() -> None:
    for name, row in ((name, explain.METHODS[name]) for name in OF_CLASSES):
        assert row.id == name and row.title and row.help and row.unit in ("probability", "log-odds", "score")


# --- Integrated gradients ----------------------------------------------------------------------------------------------


def test_integrated_gradients_add_up(predictor: Predictor) -> None:
    for label in predictor.labels:
        found = explain.explain(predictor, TEXT, label=label, steps=200)
        assert found.completeness_error == pytest.approx(abs(found.total - (found.expected or 0)))
        assert found.completeness_error is not None and found.completeness_error < 1e-3
        assert found.special == pytest.approx(0, abs=1e-6), "special tokens are the same in text and baseline"


def test_more_steps_add_up_better(tiny: Predictor) -> None:
    assert [
        replace(explain.explain(tiny, TEXT), expected=0.5, completeness_error=error).adds_up for error in (0.05, 0.2)
    ] == [True, False]
    few = explain.explain(tiny, TEXT, steps=2).completeness_error
    many = explain.explain(tiny, TEXT, steps=100).completeness_error
    assert few is not None and many is not None and many < few / 10


def test_where_the_scores_do_not_add_up_more_steps_are_taken(tiny: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert explain.explain(tiny, TEXT).steps == explain.STEPS, "they add up at once"
    assert explain.explain(tiny, TEXT, method="deletion").steps == 0

    def rough(question: explain.Question, read: explain.Read) -> explain.Answer:
        return explain.Answer(np.ones(len(question.words)), 0.0, len(question.words) + 100 / question.steps**0.5)

    row = replace(explain.METHODS["integrated-gradients"], function=rough)
    monkeypatch.setitem(explain.METHODS, row.id, row)
    assert [explain.explain(tiny, TEXT, steps=steps).adds_up for steps in (None, 50, 200)] == [False, False, False]
    assert [explain.explain(tiny, TEXT, steps=steps).steps for steps in (None, 50)] == [explain.MORE_STEPS, 50]


def test_the_expected_sum_is_the_distance_from_the_masked_text(predictor: Predictor) -> None:
    found = explain.explain(predictor, TEXT, label="good", steps=2)
    batch = predictor.tokenizer(TEXT, return_tensors="pt", return_special_tokens_mask=True)
    special = batch.pop("special_tokens_mask").bool()
    with torch.inference_mode():
        full = predictor.model(**batch).logits.softmax(-1)[0, 1]
        batch["input_ids"][~special] = predictor.tokenizer.mask_token_id
        empty = predictor.model(**batch).logits.softmax(-1)[0, 1]
    assert found.expected == pytest.approx(float(full - empty), abs=1e-6)


def test_integrated_gradients_equal_captums_layer_version(predictor: Predictor) -> None:
    """The hooks of LayerIntegratedGradients would disturb other threads; without them the numbers are the same."""
    found = explain.explain(predictor, "i love pizza", label="good", steps=20)
    batch = predictor.tokenizer("i love pizza", return_tensors="pt", return_special_tokens_mask=True)
    special = batch.pop("special_tokens_mask").bool()
    ids = batch.pop("input_ids")
    baseline = torch.where(special, ids, predictor.tokenizer.mask_token_id)

    def forward(input_ids: torch.Tensor) -> torch.Tensor:
        return predictor.model(input_ids, **{k: v.expand(len(input_ids), -1) for k, v in batch.items()}).logits.softmax(
            -1
        )[:, 1]

    layer = LayerIntegratedGradients(forward, predictor.model.get_input_embeddings())
    tokens = layer.attribute(ids, baselines=baseline, n_steps=20).sum(-1)[0].detach().numpy()
    encoding = predictor.tokenizer("i love pizza", return_offsets_mapping=True)
    before = 0
    for word in found.words:
        inside = [
            i for i, (_, end) in enumerate(encoding["offset_mapping"]) if before < end <= word.end and not special[0, i]
        ]
        before = word.end
        assert word.score == pytest.approx(tokens[inside].sum(), abs=1e-5)


def test_a_linear_model_by_hand(tiny: Predictor) -> None:
    """With logits that are linear in the embeddings, input × gradient of the log-odds is each word's own share."""
    weights = torch.randn(32)

    class Linear(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = tiny.model.get_input_embeddings()
            self.device = torch.device("cpu")

        def get_input_embeddings(self) -> torch.nn.Module:
            return self.words

        def forward(
            self, inputs_embeds: torch.Tensor | None = None, input_ids: torch.Tensor | None = None, **_: object
        ) -> object:
            embedded = self.words(input_ids) if inputs_embeds is None else inputs_embeds
            logit = (embedded @ weights).sum(-1)
            return type("Output", (), {"logits": torch.stack((torch.zeros_like(logit), logit), dim=-1)})()

    goal = Classification(tiny.tokenizer, ("bad", "good"), 64)
    predictor = Predictor("linear", tiny.task, Linear(), goal)  # type: ignore[arg-type]
    found = explain.explain(predictor, "i love pizza", label="good", method="input-x-gradient")
    table = tiny.model.get_input_embeddings().weight.detach()
    for word in found.words:
        assert word.score == pytest.approx(float(table[WORDS.index(word.text)] @ weights), rel=1e-4)
    ends = float((table[[2, 3]] @ weights).sum())
    assert found.special == pytest.approx(ends, rel=1e-3)


def test_a_text_of_full_length_needs_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    config = make_config(**LABELS)
    config.max_position_embeddings = 512
    predictor = sharp(BertForSequenceClassification(config), make_tokenizer(), 512)
    rows: list[int] = []
    real = explain._logits
    monkeypatch.setattr(explain, "_logits", lambda q, embedded: rows.append(len(embedded)) or real(q, embedded))  # type: ignore[func-returns-value]
    found = explain.explain(predictor, "the film was good " * 300, steps=9)
    assert max(rows) * 512 <= explain.TOKENS_PER_BATCH and sum(rows) >= 9
    assert len(found.words) == 510
    assert found.completeness_error is not None


# --- Deletion ----------------------------------------------------------------------------------------------------------


def test_deletion_is_the_difference_of_two_predictions(predictor: Predictor) -> None:
    found = explain.explain(predictor, "the film was good", label="good", method="deletion")
    full = probability(predictor, "good", "the film was good")
    without = ["film was good", "the was good", "the film good", "the film was"]
    if predictor.tokenizer.mask_token == "<mask>":
        without[0] = " film was good"  # RoBERTa sees the space
    expected = [full - probability(predictor, "good", text) for text in without]
    np.testing.assert_allclose(scores(found), expected, atol=1e-6)
    assert found.special == 0 and found.expected is None


def test_deletion_in_a_pair_takes_the_word_from_its_own_text(tiny: Predictor) -> None:
    found = explain.explain(tiny, "good film", "good plot", label="good", method="deletion")
    full = probability(tiny, "good", "good film", "good plot")
    variants = [("film", "good plot"), ("good", "good plot"), ("good film", "plot"), ("good film", "good")]
    np.testing.assert_allclose(
        scores(found), [full - probability(tiny, "good", text, pair) for text, pair in variants], atol=1e-6
    )


def test_deleting_the_only_word_leaves_the_empty_input(tiny: Predictor) -> None:
    found = explain.explain(tiny, "good", label="good", method="deletion")
    with torch.inference_mode():
        empty = tiny.model(**tiny.tokenizer("", return_tensors="pt")).logits.softmax(-1)[0, 1]
    assert found.words[0].score == pytest.approx(probability(tiny, "good", "good") - float(empty), abs=1e-6)


# --- Words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("i don't know", ["i", "don't", "know"]),
        ("'quoted' words'", ["'", "quoted", "'", "words", "'"]),
        ("films, plots; 3.5", ["films", ",", "plots", ";", "3", ".", "5"]),
        ("我爱film电影。", ["我", "爱", "film", "电", "影", "。"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("a\x00b\tc\u00a0d", ["a", "b", "c", "d"]),
        ("cafe\u0301 <b>", ["cafe\u0301", "<", "b", ">"]),
        ("𠀀𠀁", ["𠀀", "𠀁"]),
        ("  ", []),
    ],
)
def test_words_are_what_a_reader_sees(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in split(text)] == words


def test_chinese_is_scored_by_character(tiny: Predictor) -> None:
    found = explain.explain(tiny, "我爱电影", steps=4)
    assert [(word.text, word.start, word.end) for word in found.words] == [
        ("我", 0, 1),
        ("爱", 1, 2),
        ("电", 2, 3),
        ("影", 3, 4),
    ]


def test_words_that_share_a_token_are_one() -> None:
    torch.manual_seed(1)
    found = explain.explain(albert(), "我爱电影", steps=4)
    assert [word.text for word in found.words] == ["我", "爱", "电影"]


def test_pieces_of_a_word_are_added_up(tiny: Predictor) -> None:
    found = explain.explain(tiny, "walking played not-bad", steps=4)
    assert [word.text for word in found.words] == ["walking", "played", "not", "-", "bad"]


@pytest.mark.parametrize("text", ["🙂👩‍👩‍👧 ok", "half \ud83d good", "\x00good\x07", "</script>", "\u202eabc", "ﬁne Å"])
@pytest.mark.parametrize("make", [bert, roberta, albert])
def test_any_text_can_be_explained(make: Callable[[], Predictor], text: str) -> None:
    torch.manual_seed(1)
    for method in OF_CLASSES:
        found = explain.explain(make(), text, method=method, steps=3)
        assert found.words
        assert all(text[word.start : word.end] == word.text for word in found.words)
        assert np.isfinite(found.total)


def test_a_text_without_words_has_no_scores(tiny: Predictor) -> None:
    for method in OF_CLASSES:
        found = explain.explain(tiny, "\x01", method=method, steps=3)
        assert found.words == () and np.isfinite(found.total)


def test_words_that_were_cut_off_are_left_out(tiny: Predictor) -> None:
    found = explain.explain(tiny, "good " * 61 + "bad awful", steps=2)
    assert len(found.words) == 62 and found.words[-1].text == "bad"


# --- What is asked wrongly ---------------------------------------------------------------------------------------------


def test_mistakes_are_named(tiny: Predictor) -> None:
    with pytest.raises(UserError, match="no method 'magic'; use one of integrated-gradients"):
        explain.explain(tiny, TEXT, method="magic")
    with pytest.raises(UserError, match="no label 'great'; it has: bad, good, fair"):
        explain.explain(tiny, TEXT, label="great")
    with pytest.raises(UserError, match="0 steps are too few"):
        explain.explain(tiny, TEXT, steps=0)
    with pytest.raises(UserError, match="the text is empty"):
        explain.explain(tiny, " ")
    with pytest.raises(UserError, match="the second text is empty"):
        explain.explain(tiny, TEXT, " ")


@pytest.mark.parametrize("method", ["integrated-gradients", "deletion"])
def test_report_counts_to_the_end_and_may_cancel(tiny: Predictor, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "TOKENS_PER_BATCH", 50)
    seen: list[tuple[int, int]] = []
    explain.explain(tiny, TEXT, method=method, steps=10, report=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] > 0
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        explain.explain(tiny, TEXT, method=method, report=stop)


def test_a_classifier_from_a_folder_can_be_explained(tiny_classifier: Path) -> None:
    found = explain.explain(predict.load(str(tiny_classifier), allow_path=True), TEXT, steps=50)
    assert found.completeness_error is not None and found.completeness_error < 1e-4


# --- Spans of a second text ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reader() -> Predictor:
    torch.manual_seed(0)
    model = BertForQuestionAnswering(make_config(initializer_range=0.2)).eval()
    return predict.around("tiny", task_of("question-answering"), model, make_tokenizer(), 40)


@pytest.mark.parametrize("span", [(7, 11), (7, 20), (0, 0)])
def test_the_scores_of_a_span_add_up_to_what_its_probability_gains(reader: Predictor, span: tuple[int, int]) -> None:
    pair = "i love the film . it was boring ."
    found = explain.explain(
        reader, "what i love", pair, at=span[0], end=span[1], method="span-integrated-gradients", steps=200
    )
    inputs = reader.tokenizer("what i love", pair, return_tensors="pt", return_offsets_mapping=True)
    offsets, parts = inputs.pop("offset_mapping")[0].tolist(), inputs.sequence_ids(0)
    inside = [i for i, (start, end) in enumerate(offsets) if parts[i] == 1 and start < span[1] and end > span[0]] or [0]
    with torch.inference_mode():
        output = reader.model(**inputs)
        inputs["input_ids"] = torch.tensor(
            [[4 if part is not None else i for i, part in zip(inputs["input_ids"][0].tolist(), parts, strict=True)]]
        )
        empty = reader.model(**inputs)
    chances = [
        float(one.start_logits[0].softmax(-1)[inside[0]] * one.end_logits[0].softmax(-1)[inside[-1]])
        for one in (output, empty)
    ]
    assert found.label == pair[span[0] : span[1]] and [word.source for word in found.words[:3]] == [0, 0, 0]
    assert found.expected == pytest.approx(chances[0] - chances[1], abs=1e-6)
    assert found.total == pytest.approx(found.expected, abs=2e-3)
    assert explain.explain(reader, "what", pair, at=span[0], end=span[1], method="span-input-x-gradient").words


def test_of_a_long_passage_the_part_around_the_span_is_explained(reader: Predictor) -> None:
    pair = "the film was good . " * 20 + "i hate coffee . " + "the film was bad . " * 20
    start = pair.index("coffee")
    found = explain.explain(reader, "what", pair, at=start, end=start + 6, method="span-input-x-gradient")
    assert all(pair[word.start : word.end] == word.text for word in found.words if word.source == 1)
    assert "coffee" in [word.text for word in found.words] and len(found.words) < 40

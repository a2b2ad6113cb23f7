"""The Encoder page: what its picture is sent, the numbers that are worked out, and the page in both languages."""

import json
import re
import struct
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from transformers import (
    AlbertConfig,
    AutoModel,
    BertForMaskedLM,
    DistilBertConfig,
    ElectraConfig,
    PretrainedConfig,
    RobertaConfig,
)

from core import encoder, models, settings
from core.encoder import Trace
from pages.shared.cached import encoder as cached_encoder
from pages.topics.encoder import encoder_flow, worked
from pages.topics.encoder.encoder_flow import BOXES
from tests.conftest import WORDS, make_config, make_tokenizer
from tests.hostile import TYPED as HOSTILE
from tests.pages_common import LANGUAGES, check, open_page, texts

RUN = "20260101-000000-abcdef"
TEXT = "the film was not bad, and i love the plot!"


@pytest.fixture
def classifier(studio_home: Path, tiny_classifier: Path) -> str:
    """The tiny classifier as a finished run; its name."""
    copytree(tiny_classifier, settings.runs_folder() / RUN / "model")
    return f"run:{RUN}"


@pytest.fixture
def traces(classifier: str) -> tuple[Trace, Trace]:
    """The first and the last layer of the tiny classifier."""
    model = models.load(classifier, "classifier", attention="eager")
    tokenizer = models.load_tokenizer(classifier)
    first, last = (encoder.trace(model, tokenizer, TEXT, layer=layer) for layer in (0, 1))
    return first, last


def unpack(data: bytes) -> tuple[dict, bytes]:
    """The note and the numbers it points into, as the browser reads them."""
    (length,) = struct.unpack_from("<I", data)
    assert (4 + length) % 4 == 0
    return json.loads(data[4 : 4 + length]), data[4 + length :]


def drawn(box: dict, buffer: bytes) -> np.ndarray:
    """The dots of a box as the browser decodes them."""
    note = box["map"]
    count = note["rows"] * note["columns"]
    if note["type"] == "f2":
        found = np.frombuffer(buffer, "<f2", count, note["at"]).astype(np.float32)
    else:
        coded = np.frombuffer(buffer, np.int8, count, note["at"]).astype(np.float64) / 127
        found = np.sign(coded) * coded**2 * note["top"]
    return found.reshape(note["rows"], note["columns"])


def test_the_first_layer_shows_the_embeddings_and_the_last_what_stands_above(traces: tuple[Trace, Trace]) -> None:
    first, last = (encoder_flow.present(trace) for trace in traces)
    assert "embeddings.word" in first and "input" not in first and "pooler" not in first
    assert "embeddings.word" not in last and {"input", "pooler", "logits"} <= set(last)
    for trace, there in zip(traces, (first, last), strict=True):
        for name in there:
            assert set(encoder_flow.inputs(trace, name)) <= set(there)
            assert there.index(name) > max(
                [there.index(source) for source in encoder_flow.inputs(trace, name)], default=-1
            )
    assert encoder_flow.inputs(traces[0], "query") == ["embeddings.output"]
    assert encoder_flow.inputs(traces[1], "attention.residual") == ["attention.output", "input"]
    assert encoder_flow.inputs(traces[1], "logits") == ["pooler"]


def test_what_is_sent_is_what_was_computed(traces: tuple[Trace, Trace]) -> None:
    trace = traces[1]
    note, buffer = unpack(encoder_flow.payload(trace, 1, "weights", 2, str))
    assert [token["text"] for token in note["tokens"]] == list(trace.tokens.texts)
    for box in note["boxes"]:
        matrix = encoder_flow.values(trace, box["id"], 1)
        assert tuple(box["shape"]) == matrix.shape
        np.testing.assert_allclose(drawn(box, buffer), matrix, rtol=1e-3, atol=1e-5)
        numbers = np.frombuffer(buffer, "<f4", len(matrix) * (note["first"] + 5), box["numbers"]).reshape(
            len(matrix), -1
        )
        shown = min(note["first"], matrix.shape[1])
        np.testing.assert_array_equal(numbers[:, :shown], matrix[:, :shown])
        np.testing.assert_allclose(numbers[:, -3], matrix.mean(axis=1), atol=1e-5)
        np.testing.assert_allclose(numbers[:, -1], np.linalg.norm(matrix, axis=1), rtol=1e-5)
    weights = next(box for box in note["boxes"] if box["id"] == "weights")
    links = weights["links"]
    where = np.frombuffer(buffer, "<i2", len(trace.tokens.tokens) * links["count"], links["where"])
    assert where[0] == trace.stages["weights"].values[1, 0].argmax()
    head = encoder_flow.values(trace, "context.head", 1)
    np.testing.assert_allclose(head, trace.stages["weights"].values[1] @ trace.stages["value"].values[1], atol=1e-5)


def test_the_heads_beside_the_shown_one_are_sent_ahead_as_they_would_be_sent_when_chosen(
    traces: tuple[Trace, Trace],
) -> None:
    trace = traces[1]
    note, buffer = unpack(encoder_flow.payload(trace, 1, "weights", 2, str))
    beside = [head for head in (0, 2) if head < trace.heads]
    assert [int(head) for head in note["ahead"]] == beside
    of_every_head = {box["id"] for box in note["boxes"]} - set(encoder_flow.OF_HEAD)
    for head in beside:
        chosen, bytes_then = unpack(encoder_flow.payload(trace, head, "weights", 2, str))
        for box in chosen["boxes"]:
            if box["id"] in of_every_head:
                now = next(other for other in note["boxes"] if other["id"] == box["id"])
            else:
                now = note["ahead"][str(head)][box["id"]]
            np.testing.assert_array_equal(drawn(now, buffer), drawn(box, bytes_then))
            assert ("links" in now) == ("links" in box)


def test_a_large_matrix_is_reduced_to_its_farthest_values() -> None:
    matrix = np.array([[1.0, -5, 0, 2], [0, 1, -1, 0], [3, 0, 0, -4]], dtype=np.float32)
    small, tall, wide = encoder_flow.farthest(matrix, 2)
    assert (tall, wide) == (2, 2)
    assert small.tolist() == [[-5, 2], [3, -4]]
    assert encoder_flow.farthest(matrix, 4)[0] is matrix


def test_512_tokens_stay_small_and_within_the_stated_precision(classifier: str) -> None:
    model = models.load_encoder("minilm", attention="eager")
    trace = encoder.trace(model, models.load_tokenizer("minilm"), "the plot is thin but " * 200, layer=5)
    assert len(trace.tokens.tokens) == 512
    data = encoder_flow.payload(trace, 1, "weights", 1, str)
    assert len(data) < 2_000_000
    note, buffer = unpack(data)
    for box in note["boxes"]:
        if box["map"]["type"] == "i1":
            small = encoder_flow.farthest(encoder_flow.values(trace, box["id"], 1))[0]
            assert np.abs(drawn(box, buffer) - small).max() <= box["map"]["top"] / 127


@pytest.mark.parametrize("layer", [0, 1])
def test_every_box_has_its_formula_with_shapes_and_its_arithmetic_adds_up(
    traces: tuple[Trace, Trace], tiny_classifier: Path, layer: int
) -> None:
    trace = traces[layer]
    config = models.load_config(str(tiny_classifier), allow_path=True)
    for name in encoder_flow.present(trace):
        assert "{" in worked.latex(trace, name, 1, config) and BOXES[name].says
        for line in worked.lines(trace, name, 1, 0 if BOXES[name].column == 8 else 3):
            assert line.words
    count = len(trace.tokens.tokens)
    assert rf"{{{count}\times{count}}}" in worked.latex(trace, "scores", 1, config)
    denominator, best, *_others = worked.lines(trace, "weights", 1, 3)
    total = float(denominator.latex.rsplit("= ", 1)[1].removesuffix(r"\end{aligned}"))
    row = trace.stages["scores"].values[1, 3].astype(np.float64)
    assert total == pytest.approx(np.exp(row).sum(), abs=1e-3)
    assert float(best.latex.rsplit("= ", 1)[1]) == pytest.approx(trace.stages["weights"].values[1, 3].max(), abs=1e-4)
    kept, share = worked.lines(trace, "attention.residual", 1, 3)
    assert float(kept.latex.rsplit("= ", 1)[1]) == pytest.approx(
        trace.stages["attention.residual"].values[3, 0], abs=1e-4
    )
    assert float(share.latex.rsplit("= ", 1)[1]) > 0


def test_numbers_are_never_hidden_by_rounding() -> None:
    assert worked.number(0.0) == "0"
    assert worked.number(1.23456) == "1.2346"
    assert worked.number(3.7810e9) == r"3.7810\cdot 10^{9}" != worked.number(3.7820e9), "their ratio is 0.9997"
    assert worked.number(-0.00001234) == r"-1.23\cdot 10^{-5}"
    assert worked.signed(-2.0) == "(-2.0000)"


def assert_equal_to_the_library(app: AppTest, language: str = "en") -> None:
    """The tick says so, and what it opens names a difference that is no more than rounding."""
    app.session_state["tick_encoder"] = True
    app.run()
    (popover,) = (block.proto.popover for block in app.get("popover") if block.proto.popover.label[:1] in "✓✗")
    assert popover.label == {"en": "✓ equals transformers", "zh": "✓ 与 transformers 一致"}[language]
    (found,) = re.findall(r"(?:largest difference of any number is|最大的差为) \*\*(.+?)\*\*", texts(app))
    assert float(found) < 1e-5


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_proves_its_numbers(classifier: str, language: str) -> None:
    app = check(
        open_page("encoder", model=classifier, text=TEXT, layer="1", head="1", view="attention.norm", lang=language)
    )
    assert not app.error
    assert_equal_to_the_library(app, language)
    assert app.latex
    assert app.query_params["view"] == ["attention.norm"] or app.query_params["view"] == "attention.norm"


@pytest.mark.parametrize("view", BOXES)
def test_every_box_can_be_opened(classifier: str, view: str) -> None:
    check(
        open_page(
            "encoder",
            model=classifier,
            text="i love pizza",
            layer="0" if view.startswith("embeddings") else "1",
            view=view,
        )
    )


def test_a_change_is_compared_and_the_prediction_shown(classifier: str) -> None:
    app = check(
        open_page("encoder", model=classifier, text="i love pizza", without="no-scaling,relu", swap="1", swap_with="3")
    )
    assert not app.error
    assert any("Swap two words" in str(text.value) for text in app.markdown)
    shown = [metric.label for metric in app.metric]
    assert "Cosine after the last layer" in shown and "Prediction" in shown
    assert re.search(r"(bad|good)", next(metric.value for metric in app.metric if metric.label == "Prediction"))


def test_changes_that_contradict_each_other_are_one_clear_line(classifier: str) -> None:
    app = check(open_page("encoder", model=classifier, text="i love pizza", without="relu,no-activation"))
    assert len(app.error) == 1 and "cannot be combined" in app.error[0].value.replace("\\", "")


def test_leaving_out_the_mask_pads_both_passes(classifier: str) -> None:
    app = check(open_page("encoder", model=classifier, text="i love pizza", without="no-mask"))
    assert "padding tokens are added" in texts(app)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text(classifier: str, kind: str) -> None:
    app = check(open_page("encoder", model=classifier, text=HOSTILE[kind], cut="32"))
    assert len(app.error) <= 1


@pytest.mark.parametrize(
    "shape",
    [{"layer": "99", "head": "x", "token": "-1", "view": "no"}, dict.fromkeys(("layer", "head", "token"), "9" * 5000)],
)
def test_nonsense_in_the_address_falls_back(classifier: str, shape: dict[str, str]) -> None:
    changes = {"without": "no,such", "swap": "z", "swap_with": "²"}
    app = check(open_page("encoder", model=classifier, **shape, **changes))
    assert not app.error


def test_the_step_can_be_chosen_without_the_picture(classifier: str) -> None:
    app = open_page("encoder", model=classifier, text="i love pizza")
    step = next(box for box in app.selectbox if box.label == "Step")
    step.set_value("output").run()
    assert check(app).query_params["view"] in ("output", ["output"])


@pytest.mark.parametrize(
    "config",
    [
        DistilBertConfig(vocab_size=len(WORDS), dim=32, hidden_dim=64, n_layers=2, n_heads=2, max_position_embeddings=64),
        RobertaConfig(vocab_size=len(WORDS), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=66),
        ElectraConfig(vocab_size=len(WORDS), embedding_size=16, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64),
        AlbertConfig(vocab_size=len(WORDS), embedding_size=16, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64),
    ],
    ids=lambda config: config.model_type,
)  # fmt: skip
@pytest.mark.parametrize("layer", ["0", "1"])
def test_every_family_has_its_picture(studio_home: Path, config: PretrainedConfig, layer: str) -> None:
    folder = settings.runs_folder() / RUN / "model"
    AutoModel.from_config(config).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    at = {"model": f"run:{RUN}", "text": "i love pizza", "layer": layer, "cut": "16"}
    app = check(open_page("encoder", **at))
    assert not app.error, app.error[0].value
    assert_equal_to_the_library(app)
    app = check(open_page("encoder", **at, without="relu"))
    assert not app.error, app.error[0].value
    assert float(app.metric[0].value) <= 1.0  # the cosine after the last layer


def test_a_pooler_that_the_library_made_up_is_not_shown(studio_home: Path, tiny_bert: Path) -> None:
    for run, model in (("1" * 6, BertForMaskedLM(make_config())), ("2" * 6, AutoModel.from_pretrained(tiny_bert))):
        folder = settings.runs_folder() / f"20260101-000000-{run}" / "model"
        model.save_pretrained(folder)
        make_tokenizer().save_pretrained(folder)
    without, whole = (cached_encoder.trace(f"run:20260101-000000-{run}", TEXT) for run in ("1" * 6, "2" * 6))
    assert set(whole.stages) - set(without.stages) == {"pooler"}
    app = check(open_page("encoder", model="run:20260101-000000-111111", text=TEXT))
    assert not app.exception

"""What is odd about a model reaches the person: a line on stderr, a caption below the choice of the model, in both languages."""

import json
from pathlib import Path

import pytest

from core import attention, embeddings, encoder, explain, models, predict, runs, settings, tokens
from core.__main__ import main
from core.families import FAMILIES
from core.results import RunConfig, RunState
from tests.checkpoints import CASED_FILE, FOLDERS, of_vocabulary
from tests.pages_common import check, open_page, texts

RUN = "20260101-000000-00000a"
ODD = [
    name
    for name, (_, sentence) in FOLDERS.items()
    if not sentence and name[:3] in ("m03", "m06", "m20", "m21", "m36", "m40")
]


@pytest.mark.parametrize(
    "command", [("tokenize", "The film"), ("predict", "--text", "The film"), ("evaluate", "--data", "article-example")]
)
def test_the_command_line_says_it(command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_vocabulary(CASED_FILE)(tmp_path)
    main([command[0], "--model", str(tmp_path), *command[1:]])
    lines = [line for line in capsys.readouterr().err.splitlines() if "capitals into small letters" in line]
    assert len(lines) == 1 and lines[0].startswith(f"{tmp_path}: its tokenizer")


def test_training_says_it_before_it_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_vocabulary(CASED_FILE)(tmp_path / "model")
    main(["train", "--model", str(tmp_path / "model"), "--data", "missing.csv", "--output", str(tmp_path / "run")])
    assert "capitals into small letters" in capsys.readouterr().err


@pytest.mark.parametrize(("lang", "said"), [("en", "its tokenizer turns capitals"), ("zh", "关于这个模型：它的分词器")])
@pytest.mark.parametrize("page", ["tokens", "playground", "finetune"])
def test_a_page_says_it_where_the_model_is_chosen(page: str, lang: str, said: str) -> None:
    folder = settings.runs_folder() / RUN
    of_vocabulary(CASED_FILE)(folder / "model")
    (folder / "config.json").write_bytes(runs.FILES.config.dump_json(RunConfig("minilm", "rotten_tomatoes")))
    (folder / "state.json").write_bytes(runs.FILES.state.dump_json(RunState("finished", 1.7e9)))
    assert said in texts(check(open_page(page, model=f"run:{RUN}", lang=lang)))
    assert said not in texts(check(open_page(page, model="minilm", lang=lang)))


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 10**9}))
    (tmp_path / "model.safetensors").write_bytes(b"")
    for command in (
        ["tokenize", "a"],
        ["predict", "--text", "a"],
        ["train", "--data", "x.csv", "--output", str(tmp_path / "o")],
    ):
        assert main([command[0], "--model", str(tmp_path), *command[1:]]) == 2
        assert "hidden_size in config.json is 1000000000" in capsys.readouterr().err


@pytest.mark.parametrize("name", ODD)
def test_a_folder_that_works_can_be_looked_at_from_every_side(name: str, tmp_path: Path) -> None:
    FOLDERS[name][0](tmp_path)
    folder = str(tmp_path)
    tokenizer = models.load_tokenizer(folder, allow_path=True)
    model = models.load_encoder(folder, attention="eager", allow_path=True)
    first = FAMILIES[model.config.model_type].position_offset(model.config)
    text, pair = "a good film 我", "it was"
    shown = tokens.tokenize(tokenizer, text, pair, first_position=first, pad_to=40)
    assert max(token.position for token in shown.tokens) < model.config.max_position_embeddings
    assert tokens.trace(tokenizer, text)
    assert attention.attend(model, tokenizer, text, pair).weights.sum(axis=-1) == pytest.approx(1.0, abs=1e-4)
    assert embeddings.output(model, tokenizer, text, pair).states.shape[-1] == model.config.hidden_size
    predictor = predict.load(folder, "text-classification", allow_path=True)
    encoder.trace(models.load(folder, "classifier", attention="eager", allow_path=True), tokenizer, text, pair, layer=0)
    for method in explain.offered(predictor.task):
        assert explain.explain(predictor, text, method=method).words

"""Text to text on the pages: what is said before training, the ways to write with where the decoder looks, and many texts at once."""

import json
from pathlib import Path
from urllib.parse import parse_qsl

import pandas as pd
import pytest
from google.protobuf.json_format import MessageToJson

from core import predict
from core.contenders import COMPARISONS, TRANSLATION
from core.tasks.generation import Wish
from core.tasks.writing import TEXT_TO_TEXT, TextToText, Written
from tests.pages_common import LANGUAGES, check, open_page, put_run, texts, train_tiny
from tests.scripts import run_script

RUN = "20260102-030405-bbbbbb"
SOURCE = "i love the <b>film</b>"
PAIRS = [
    {"source": f"{who} {does} the {what}.", "target": f"{ren}{zuo}{wu}", "kind": kind}
    for who, ren in (("i", "我"), ("an", "他"))
    for does, zuo in (("love", "爱"), ("hate", "恨"), ("play", "看"))
    for what, wu, kind in (("film", "电影", "seen"), ("pizza", "披萨", "seen"), ("plot", "剧情", "new"))
]


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a tiny model on a file of pairs."""
    file = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in PAIRS), encoding="utf-8")
    folder = tmp_path_factory.mktemp("trained")
    return train_tiny(tiny_bert, folder, RUN, data=str(file), task=TEXT_TO_TEXT.id, batch_size=4, epochs=2.0)


def chrf_of(table: pd.DataFrame) -> list[float]:
    """The values of a column that has chrF with its interval, [] for another table."""
    name = next((name for name in table if str(name).startswith("chrF (") or str(name).startswith("chrF（")), None)
    return [] if name is None else [float(str(cell).split()[0]) for cell in table[name]]


@pytest.fixture
def name(trained: Path) -> str:
    return f"run:{put_run(trained)}"


@pytest.mark.training
@pytest.mark.parametrize(
    ("lang", "way"), [("en", {"way": "beam", "beams": "3"}), ("zh", {"way": "sample", "beams": "2", "seed": "4", "look": "head"})]
)  # fmt: skip
def test_the_playground_shows_ways_to_write_and_where_the_decoder_looks(
    name: str, lang: str, way: dict[str, str]
) -> None:
    app = check(open_page("playground", model=name, text=SOURCE, view="one", lang=lang, **way))
    assert not app.error and app.text_area[0].value == SOURCE
    predictor = predict.load(name)
    (answer,) = predict.predict(predictor, {"text": [SOURCE]})
    assert isinstance(answer, Written)
    wish = Wish(way["way"], int(way["beams"]), 1.0, int(way.get("seed", "0")))
    goal = predictor.goal
    assert isinstance(goal, TextToText)
    expected = [row.written.output for row in goal.candidates(predictor.model, SOURCE, wish, attention=False)]
    if len(expected) > 1:
        assert list(app.dataframe[0].value.iloc[:, 1]) == expected
    (code,) = [block.value for block in app.code if "outputs = []" in block.value]
    assert list(dict.fromkeys(text for text, _ in run_script(code)["outputs"])) == list(dict.fromkeys(expected))  # type: ignore[attr-defined]
    assert any("BERT" in caption.value and "%" in caption.value for caption in app.caption)


@pytest.mark.training
@pytest.mark.parametrize("lang", LANGUAGES)
def test_many_texts_are_written_at_once(name: str, lang: str) -> None:
    app = check(open_page("playground", model=name, view="many", lang=lang))
    app.button_group(key="bulk_source").set_value("file").run()
    rows = pd.DataFrame({"source": ["i love the plot.", "an acting"], "id": ["a", "b"]})
    check(
        app.file_uploader(key="bulk_file").set_value(("asked.csv", rows.to_csv(index=False).encode(), "text/csv")).run()
    )
    next(button for button in app.button if "2" in button.label).click().run()
    check(app)
    written = predict.predict(predict.load(name), {"text": list(rows["source"])})
    assert list(app.dataframe[-1].value.iloc[:, 1]) == [row.output for row in written if isinstance(row, Written)]
    assert not app.error


@pytest.mark.training
def test_the_result_says_what_is_bert_and_measures_kinds_apart(name: str) -> None:
    app = check(open_page("runs", runs=RUN))
    said = texts(app)
    assert "BERT is an encoder: it reads." in said and "nearest training source" in said
    for compared in COMPARISONS:
        assert compared.command in said
        assert any([row.chrf for row in compared.rows] == chrf_of(table.value) for table in app.dataframe)
    assert not app.error


@pytest.mark.training
def test_a_source_that_is_too_long_is_one_sentence(name: str) -> None:
    app = check(open_page("playground", model=name, text="film " * 3900, view="one"))
    assert not app.error and len(app.warning) == 1 and "The model reads at most" in app.warning[0].value
    empty = check(open_page("playground", model=name, text=" ", view="one"))
    assert len(empty.error) == 1 and "the source is empty" in empty.error[0].value.lower()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_playground_leads_to_a_run_that_is_prepared_and_says_how_long_it_takes(lang: str) -> None:
    ways = [
        json.loads(MessageToJson(link.proto)) for link in check(open_page("playground", lang=lang)).get("page_link")
    ]
    (query,) = [dict(parse_qsl(way["queryString"])) for way in ways if "experiment=" in way.get("queryString", "")]
    app = check(open_page("finetune", lang=lang, **query))
    assert {"en": "training took six minutes", "zh": "训练用了六分钟"}[lang] in texts(app)
    assert app.session_state["shared_data"] == "phrasebook" and app.button(key="start")
    assert app.session_state["value_learning_rate"] == 7e-4, "the task's own"
    lacking = [caption.value for caption in app.caption if "minilm" in caption.value and "晚" in caption.value]
    assert lacking, "characters that the vocabulary lacks"
    assert TRANSLATION.command in texts(app), "what such a run reached, beside other ways"
    assert any([row.chrf for row in TRANSLATION.rows] == chrf_of(table.value) for table in app.dataframe)

"""Named entities on the pages: a file is uploaded, checked and trained on; its result, its answers and what can be taken away."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import predict, runs
from core.data.conll import parse
from core.data.load import load
from core.tasks.base import read_detail
from core.tasks.entity_scores import Entities
from core.tasks.tags import NAMED_ENTITIES as TASK
from core.tasks.tags import Entity, Tagged
from pages.shared import layout
from pages.shared.cached import answers as cached_answers
from pages.shared.data_form import uploads
from pages.shared.tasks import marks
from pages.shared.tasks.table import VIEWS
from tests.pages_common import APP, LANGUAGES, check, open_page, put_run, texts, train_tiny
from tests.scripts import run_script

RUN = "20260102-030405-aaaaaa"
READY = "minilm-entities"
HARD = "😀 José Álvarez called 王小明 <b>&</b> flew from São Paulo to Lagos with Zoë."
VIEW = VIEWS[TASK.id]


def conll(count: int) -> str:
    """Sentences of the tiny vocabulary, tagged; one begins with an I- as IOB1 writes it."""
    sentences = [
        f"word{i} O\n{film} B-film\nwas O\n{'good' if i % 2 else 'bad'} O\nand O\n{food} B-food\n{food} I-food\n. O\n"
        for i, (film, food) in enumerate([("film", "pizza"), ("plot", "great"), ("acting", "eating")] * (count // 3))
    ]
    return "-DOCSTART- O\n\n" + "\n".join(f"# sentence {i}\n{row}" for i, row in enumerate(sentences))


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def marked(app: AppTest) -> list[tuple[str, str]]:
    """The spans drawn in texts, with their type, as the reader sees them."""
    found = re.findall(r"<mark title=[^>]*>(.*?)<small>(.*?)</small></mark>", html(app))
    return [(text, kind) for text, kind in found]


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    app.button_group(key="data_kind").set_value("file").run()
    return check(app.file_uploader(key="upload").set_value((name, content, "text/plain")).run())


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a tiny model on an uploaded file."""
    file = tmp_path_factory.mktemp("data") / "names.conll"
    file.write_text(conll(45))
    return train_tiny(
        tiny_bert, tmp_path_factory.mktemp("trained"), RUN, data=str(file), task=TASK.id, batch_size=4, epochs=4.0
    )


@pytest.fixture
def run(trained: Path) -> str:
    return f"run:{put_run(trained)}"


# --- Fine-tune and its result ---


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_conll_file_holds_is_shown(lang: str) -> None:
    data = uploads.keep_upload("my <names>.conll", conll(45).encode("utf-16"))
    app = check(open_page("finetune", lang=lang, data=data))
    assert not app.error, texts(app)
    assert {metric.value for metric in app.metric} >= {"37", "4", "0"}
    assert ("film", "film") in marked(app), "a training sentence, drawn with its entities"
    assert any("B-food" in frame.value.to_string() for frame in app.dataframe), "its tokens with their tags"
    assert "TrainingArguments" in app.code[-1].value and "B-food" in app.code[-1].value


def test_an_uploaded_conll_file_is_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[runs.Run] = []
    monkeypatch.setattr(runs, "start", started.append)
    app = upload(open_page("finetune"), "my <names>.conll", conll(45).encode())
    assert not app.error
    check(app.button(key="start").click().run())
    config = started[0].config
    assert config.task == TASK.id and (started[0].folder / config.data).is_file()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        ("the O\nfilm\n", "tag"),
        ("the O\nfilm O\n\nwas O\ngood O\n", "every tag is O"),
    ],
)
def test_a_bad_file_gets_one_clear_sentence(content: str, says: str) -> None:
    app = upload(open_page("finetune"), "names.conll", content.encode())
    assert len(app.error) == 1 and says in app.error[0].value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_long_sentence_is_not_said_to_be_cut(lang: str) -> None:
    long = " \n".join(f"word{i} O" for i in range(300))
    data = uploads.keep_upload("long.conll", (conll(45) + "\n" + long + "\n").encode())
    app = check(open_page("finetune", lang=lang, data=data))
    assert not app.error
    said = texts(app)
    assert ("overlapping windows" if lang == "en" else "重叠") in said
    assert "will be cut there" not in said and "截断" not in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_result_draws_every_view(run: str, lang: str) -> None:
    app = check(open_page("runs", runs=RUN, lang=lang))
    report = runs.report(runs.get(RUN))
    assert report is not None and report.measured is not None
    detail = read_detail(Entities, report.measured)
    assert f"{report.measured.metrics['entity_f1'].value:.3f}" in texts(app), "the verdict"
    scores = next(frame.value for frame in app.dataframe if "F1" in frame.value.columns)
    assert list(scores.iloc[:, 0]) == [row.type for row in detail.types] == ["film", "food"]
    assert list(scores["F1"]) == [row.f1 for row in detail.types]
    app = AppTest.from_file(APP, default_timeout=120)
    app.session_state[f"view_runs_{RUN}"] = "mistakes"
    app.query_params["runs"], app.query_params["lang"] = RUN, lang
    check(app.switch_page("pages/runs.py").run())
    assert not app.error
    drawn = html(app).count('class="entities small"')
    assert drawn == 2 * min(8, len(detail.examples)), "each of the worst sentences twice: the data, and the model"


# --- Playground ---


@pytest.mark.parametrize("lang", LANGUAGES)
def test_entities_are_drawn_at_their_characters(lang: str) -> None:
    (expected,) = predict.predict(predict.load(READY), {"text": [HARD]})
    assert isinstance(expected, Tagged)
    assert {entity.text for entity in expected.entities} >= {"José Álvarez", "São Paulo", "Lagos", "Zoë"}
    app = check(open_page("playground", model=READY, text=HARD, lang=lang))
    assert not app.error
    assert marked(app) == [(entity.text, entity.type) for entity in expected.entities]
    assert "<b>" not in html(app).replace("<b>find", "") and "&lt;b&gt;&amp;&lt;/b&gt;" in html(app)
    assert all(f"{entity.confidence:.1%}" in html(app) for entity in expected.entities), "hover shows how sure it is"
    table = next(frame.value for frame in app.dataframe if len(frame.value.columns) == 5)
    assert [HARD[start:end] for start, end in zip(table.iloc[:, 3], table.iloc[:, 4], strict=True)] == [
        entity.text for entity in expected.entities
    ]


def test_who_has_written_nothing_yet_sees_a_text_that_holds_names() -> None:
    assert marked(check(open_page("playground", model=READY)))


def test_a_text_without_entities_is_said_calmly() -> None:
    app = check(open_page("playground", model=READY, text="it rains."))
    assert not app.error and not marked(app)
    assert "no entity" in texts(app)


def test_an_entity_can_be_explained() -> None:
    text = "Amina moved to Lagos."
    app = check(open_page("playground", model=READY, text=text, method="tag-input-x-gradient"))
    subjects = next(box for box in app.selectbox if box.key and box.key.startswith("playground_subject"))
    assert subjects.label == "For what it marks"
    assert [option.partition(" (")[0] for option in subjects.options] == ["Amina", "Lagos"]
    check(subjects.select_index(1).run())
    assert not app.error
    assert "B-LOC" in html(app), "the words speak for the tag of the chosen entity"
    expected = cached_answers.explanation(READY, {"text": text}, "", "tag-input-x-gradient", text.index("Lagos"))
    scores: Any = run_script(app.code[-1].value)["scores"]
    assert sum(scores) == pytest.approx(sum(word.score for word in expected.words) + expected.special, abs=1e-4)


def test_the_explanation_of_an_entity_in_chinese() -> None:
    app = check(open_page("playground", model=READY, text="Amina moved to Lagos.", lang="zh"))
    assert any(box.key and box.key.startswith("playground_subject") for box in app.selectbox)
    assert "B-PER" in html(app)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_two_models_side_by_side(run: str, lang: str) -> None:
    app = check(
        open_page("playground", model=run, other_classifier=READY, view="models", text="the film in Lagos", lang=lang)
    )
    assert not app.error
    assert html(app).count('class="entities"') == 2
    assert ("Lagos", "LOC") in marked(app)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_two_texts_side_by_side(lang: str) -> None:
    app = check(
        open_page("playground", model=READY, view="texts", text="off to Lagos", other_text="off to lagos", lang=lang)
    )
    assert not app.error
    assert html(app).count('class="entities"') == 2


def test_many_texts_and_what_can_be_taken_away() -> None:
    app = check(open_page("playground", model=READY, view="many"))
    lines = ["Amina met Zoë in Lagos.", "it rains.", HARD]
    check(app.text_area[0].set_value("\n".join(lines)).run())
    next(button for button in app.button if button.label.startswith("Predict 3")).click().run()
    check(app)
    shown = list(app.dataframe[0].value["Answer"])
    assert shown[:2] == ["Amina (PER) · Zoë (PER) · Lagos (LOC)", "–"] and "José Álvarez (PER)" in shown[2]
    names = [button.proto.label for button in app.get("download_button")]
    assert [name for name in names if "Entities" in name] == [
        "Entities as CSV",
        "Entities as JSON",
        "Entities as CoNLL",
    ]


@pytest.fixture(scope="module")
def answers() -> tuple[Tagged, ...]:
    lines = [HARD, "it rains.", "=Lagos"]
    predictions = predict.predict(predict.load(READY), {"text": lines})
    return tuple(row for row in predictions if isinstance(row, Tagged))


def _files(answers: tuple[Tagged, ...]) -> Mapping[str, layout.Download]:
    return {file.name.rpartition(".")[2]: file for file in VIEW.downloads(answers)}


def test_the_table_holds_each_entity(answers: tuple[Tagged, ...]) -> None:
    file = _files(answers)["csv"]
    lines = file.content.removeprefix("\ufeff").splitlines()
    assert len(lines) == 1 + sum(len(row.entities) for row in answers)
    assert any("José Álvarez" in line and "PER" in line for line in lines)


def test_the_json_can_be_learnt_from_again(answers: tuple[Tagged, ...], tmp_path: Path) -> None:
    file = _files(answers)["json"]
    rows = [json.loads(line) for line in file.content.splitlines()]
    assert [row["text"] for row in rows] == [row.text for row in answers]
    for row in rows:
        for entity in row["entities"]:
            assert row["text"][entity["start"] : entity["end"]] == entity["text"]
    path = tmp_path / "entities.jsonl"
    path.write_text(file.content, encoding="utf-8")
    dataset = load(str(path), TASK.layout, allow_path=True, whole=True)
    assert sum(tag.startswith("B-") for tags in dataset.splits["test"]["tags"] for tag in tags) == sum(
        len(row.entities) for row in answers
    )


def test_the_conll_file_can_be_learnt_from_again(answers: tuple[Tagged, ...]) -> None:
    table = parse(_files(answers)["conll"].content, "entities.conll")
    assert table is not None
    tags = [tag for row in table.frame["tags"] for tag in row]
    assert sum(tag.startswith("B-") for tag in tags) == sum(len(row.entities) for row in answers)


# --- How they are drawn ---


def test_each_type_keeps_its_colour_whatever_a_text_holds() -> None:
    types = ("PER", "ORG", "LOC")
    all_of_them = marks.colours(types)
    assert len(set(all_of_them.values())) == 3
    text = "Ann"
    alone = marks.marked(text, [Entity(0, 3, "LOC", text, 0.5)], types)
    assert all_of_them["LOC"] in alone and "PER" not in alone


def test_markup_in_texts_and_types_stays_text() -> None:
    text = '<img src=x onerror="alert(1)"> מריה'
    kind = '<script>&"'
    drawn = marks.marked(text, [Entity(0, 30, kind, text[:30], 1.0)], [kind]) + marks.key(
        [Entity(0, 30, kind, text[:30], 1.0)], [kind]
    )
    assert "<img" not in drawn and "<script" not in drawn
    assert 'dir="auto"' in drawn and "מריה" in drawn


FILES = {
    "tags.conll": "B-film\tNN\tfilm\nO\tVB\twas\nO\tJJ\tgood\n\n# id = 2\nB-food\tNN\tbig\nE-food\tNN\tpizza\nS-film\tNN\tplot\n\n",
    "first.conll": "I-film film\n\nI-film great\nI-film plot\nB-film acting\nO was\nO good\n\n".replace(
        "\n\nI", "\nO is\n\nI", 1
    ),
    "chars.txt": "王 B-PER\n小 M-PER\n明 E-PER\n去 O\n上 B-LOC\n海 E-LOC\n\n我 O\n爱 O\n京 S-LOC\n\n",
    "tags.jsonl": '{"tokens": ["film", "was", "good"], "ner_tags": ["I-film", "O", "O"]}\n{"tokens": ["big", "pizza"], "ner_tags": ["I-food", "I-food"]}\n',
    "spans.jsonl": '{"text": "the film was good", "label": [[4, 8, "film"]]}\n{"text": "a pizza", "label": []}\n',
    "objects.json": '[{"text": "the film was good", "entities": [{"start_offset": 4, "end_offset": 8, "label": "film"}]}]',
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_reads_the_same_from_the_script(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever order, scheme and separator a file has, the script's rows are the studio's."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(FILES[name] * (1 if name.endswith("json") else 6), encoding="utf-8")
    dataset = load(name, TASK.layout, allow_path=True, whole=True)
    code = VIEW.rows_code(name, name, dataset)
    found: Any = run_script(f"import json, re\nfrom pathlib import Path\n{code}print(len(rows))\n")["rows"]
    rows = dataset.splits["test"]
    assert [(list(a), list(b)) for a, b in found] == list(zip(rows["words"], rows["tags"], strict=True))

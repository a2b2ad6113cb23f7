"""Question answering on the pages: a file is uploaded and trained on; answers, none, many at once, and what can be taken away."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import predict, runs, settings
from core.data.load import load
from core.tasks.answers import QUESTION_ANSWERING as TASK
from core.tasks.spans import Answered
from pages.shared.data_form import uploads
from pages.shared.tasks.table import VIEWS
from tests.pages_common import LANGUAGES, check, open_page, put_run, texts, train_tiny
from tests.scripts import run_script

RUN = "20260102-030405-aaaaaa"
QUESTION, PASSAGE = "what was good", "I hate coffee. The film was good, the acting was great <b>&</b> the plot boring."
VIEW = VIEWS[TASK.id]


def squad(passages: int = 12) -> dict[str, Any]:
    """SQuAD's JSON in words that the tiny vocabulary has; the second question of each passage has no answer."""
    return {
        "data": [
            {
                "title": "Film",
                "paragraphs": [
                    {
                        "context": f"{food} was good. The film was great {number}.",
                        "qas": [
                            {"question": "What was good?", "answers": [{"text": food, "answer_start": 0}]},
                            {"question": "What was bad?", "answers": [], "is_impossible": True},
                        ],
                    }
                ],
            }
            for number, food in enumerate(["pizza", "coffee", "acting"] * (passages // 3))
        ]
    }


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a tiny model on an uploaded file."""
    file = tmp_path_factory.mktemp("data") / "questions.json"
    file.write_text(json.dumps(squad()))
    folder = tmp_path_factory.mktemp("trained")
    return train_tiny(tiny_bert, folder, RUN, data=str(file), task=TASK.id, batch_size=4, epochs=2.0, max_length=32)


@pytest.fixture
def run(trained: Path) -> str:
    """The run with its file in its folder, as an upload leaves it."""
    name = put_run(trained)
    folder = settings.runs_folder() / name
    (folder / "data").mkdir()
    (folder / "data" / "questions.json").write_text(json.dumps(squad()))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"data": "data/questions.json"}))
    return f"run:{name}"


def decided(threshold: float) -> None:
    """Give the run another threshold of "no answer"."""
    config = settings.runs_folder() / RUN / "model" / "config.json"
    content = json.loads(config.read_text())
    config.write_text(json.dumps(content | {"thresholds": {"no_answer": threshold}}))


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def marked(app: AppTest) -> list[str]:
    """What is marked in texts, as the reader sees it."""
    return re.findall(r"<mark title=[^>]*>(.*?)<small>", html(app))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_uploaded_file_is_shown_and_trained_on(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[runs.Run] = []
    monkeypatch.setattr(runs, "start", started.append)
    data = uploads.keep_upload("my <questions>.json", json.dumps(squad()).encode())
    app = check(open_page("finetune", lang=lang, data=data, task=TASK.id))
    assert not app.error, texts(app)
    assert {metric.value for metric in app.metric} >= {"20", "2"}
    assert "DataCollatorWithPadding" in app.code[-1].value
    check(app.button(key="start").click().run())
    assert started[0].config.task == TASK.id and (started[0].folder / started[0].config.data).is_file()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_answer_is_marked_and_explained(run: str, lang: str) -> None:
    decided(1.0)
    (answer,) = predict.predict(predict.load(run), {"text": [QUESTION], "pair": [PASSAGE]})
    assert isinstance(answer, Answered)
    app = check(open_page("playground", model=run, text=QUESTION, pair=PASSAGE, lang=lang))
    assert (
        not app.error
        and marked(app)[0].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == answer.answer
    )
    assert "100" not in texts(app) and (lang != "en" or "gives an answer whatever its doubt is" in texts(app))
    assert "<b>" not in html(app) and len(app.get("plotly_chart")) >= 2, "the curves, and the words behind the answer"
    table = app.dataframe[0].value
    assert list(table.iloc[:, 0]) == [one.text for one in answer.best[:5]]
    assert "AutoModelForQuestionAnswering" in app.code[-1].value and "# which words" in app.code[-1].value


def test_where_there_is_no_answer_the_nearest_sentence_is_shown_and_said_so(run: str) -> None:
    decided(0.0)
    app = check(open_page("playground", model=run, text=QUESTION, pair=PASSAGE))
    assert "No answer" in html(app) and marked(app)[0].startswith("The film was good") and "by counting" in texts(app)


@pytest.mark.parametrize(
    ("question", "passage", "says"),
    [(QUESTION, "", "fill in every field"), ("film " * 100, PASSAGE, "ask in fewer words")],
)
def test_a_bad_question_gets_one_clear_sentence(run: str, question: str, passage: str, says: str) -> None:
    app = check(open_page("playground", model=run, text=question, pair=passage))
    told = [*app.error, *app.info]
    assert len(told) == 1 and says in told[0].value


def test_a_run_opens_with_a_question_of_its_own_data(run: str) -> None:
    app = check(open_page("playground", model=run))
    assert app.session_state["shared_text"] in ("What was good?", "What was bad?")
    assert "was good. The film" in app.session_state["shared_pair"]


@pytest.mark.parametrize("view", ["texts", "models"])
def test_two_questions_and_two_models_stand_beside_each_other(run: str, view: str) -> None:
    app = check(open_page("playground", model=run, text=QUESTION, pair=PASSAGE, view=view, other_text="what was bad"))
    assert not app.error


def test_many_questions_at_once(run: str) -> None:
    decided(1.0)
    app = check(open_page("playground", model=run, view="many"))
    app.button_group(key="bulk_source").set_value("file").run()
    rows = pd.DataFrame({"question": [QUESTION, "who"], "context": [PASSAGE, "I love pizza."], "id": ["a", "b"]})
    check(
        app.file_uploader(key="bulk_file").set_value(("asked.csv", rows.to_csv(index=False).encode(), "text/csv")).run()
    )
    next(button for button in app.button if button.label.startswith("Predict 2")).click().run()
    check(app)
    shown = app.dataframe[-1].value
    assert list(shown)[:4] == ["Row", "Answer", "Question", "Passage"] and all(
        re.search(r"\(\d+%\)", one) for one in shown["Answer"]
    )
    names = [button.proto.label for button in app.get("download_button")]
    assert "Answers as JSON" in names


FILES = {
    "squad.json": json.dumps(squad()),
    "flat.jsonl": "".join(json.dumps({"question": f"q{i}", "context": "the film", "answer": "film" if i else ""}) + "\n" for i in range(4)),
    "hub.json": json.dumps([{"question": "q", "context": "a film", "answers": {"text": ["film"], "answer_start": [2]}}] * 2),
    "table.csv": "question,context,answer\nq,the film,film\nr,the film,\n",
    "own.jsonl": (json.dumps({"context": "a film", "questions": [{"question": "q", "answers": ["film"], "starts": [2]}]}) + "\n") * 2,
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_reads_the_same_from_the_script(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(FILES[name], encoding="utf-8")
    dataset = load(name, TASK.layout, allow_path=True, whole=True)
    code = VIEW.rows_code(name, name, dataset)
    found: Any = run_script(f"import json\nimport pandas as pd\nfrom pathlib import Path\n{code}print(len(rows))\n")[
        "rows"
    ]
    expected = [
        (row["text"], row["pair"], [(s, s + len(a)) for s, a in zip(row["starts"], row["answers"], strict=True)])
        for row in dataset.splits["test"]
    ]
    assert [tuple(row) for row in found] == expected

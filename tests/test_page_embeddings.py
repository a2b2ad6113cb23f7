"""The Embeddings page: every picture in both languages, bad input as one clear line, cancelling, before and after."""

import json
from pathlib import Path
from shutil import copytree, rmtree

import numpy as np
import pytest

from core import models, runs, settings
from core.errors import Cancelled
from core.results import RunConfig
from pages.shared.cached import embeddings as cached_embeddings
from tests.conftest import make_tokenizer
from tests.families import ENCODERS as FAMILIES
from tests.pages_common import check, open_page, put_run, texts, train_tiny

ROWS = {"rows": "40", "texts": "rotten_tomatoes", "view": "map"}


def said(app: object) -> str:
    return texts(app).replace("\\", "")  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("view", ["output", "word", "map"])
def test_every_picture_in_both_languages(view: str, language: str) -> None:
    app = check(open_page("embeddings", lang=language, **(ROWS | {"view": view})))
    assert not app.error
    assert len(app.get("plotly_chart")) >= 2
    assert app.code


@pytest.mark.parametrize(
    ("own", "other"), [("Dogs bark loudly.", "She planted tomatoes"), ("狗叫得很响。", "她在院子里种了西红柿")]
)
def test_the_visitors_own_sentence_is_the_first_of_those_compared(own: str, other: str) -> None:
    app = check(open_page("embeddings", model="minilm", text=own))
    assert f"1 is your sentence: {own}" in said(app).replace("*", "")
    field = app.text_area(key="compared@embeddings")
    assert other in field.value and own not in field.value, "it speaks the language of the sentence"
    pictures = [str(json.loads(chart.proto.spec)["data"]) for chart in app.get("plotly_chart")]
    assert any(own in picture and other in picture for picture in pictures)
    check(field.set_value("\n").run())
    assert "Give 1 to" in said(app)


def test_the_output_has_the_shapes_of_the_model() -> None:
    app = check(open_page("embeddings", text="I love eating pizza"))
    assert [metric.value for metric in app.metric] == ["1 × 6 × 384", "7 × (1 × 6 × 384)", "1 × 384"]
    table = app.dataframe[0].value
    found = cached_embeddings.output("minilm", "I love eating pizza", "", 128)
    assert list(table["Vector"]) == ["mean", "[CLS]", "maximum", "pooler_output"]
    assert table["Length (norm)"][0] == pytest.approx(float(np.linalg.norm(found.states[-1].mean(axis=0))), rel=1e-5)


def test_the_prepared_words_part() -> None:
    app = check(open_page("embeddings", view="word", uses="bank"))
    assert "furthest apart" in said(app) and "after layer 3" in said(app)
    assert not app.warning


def test_chinese_words_in_an_english_vocabulary_are_called_what_they_are() -> None:
    app = check(open_page("embeddings", view="word", uses="da"))
    assert "reads [UNK] instead" in app.warning[0].value
    button = next(button for button in app.button if button.label == "Show an English word")
    button.click().run()
    check(app)
    assert not app.warning and app.query_params.get("uses", ["bank"]) in ("bank", ["bank"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"view": "word", "uses": "own", "own_word": "good", "own_uses": "good film\nbad film"}, "'good' is not in sentence 2"),
        ({"view": "word", "uses": "own", "own_word": "good", "own_uses": "good film"}, "needs 2 to 24 places where it stands; there are 1"),
        ({"view": "word", "uses": "own", "own_word": "end", "own_uses": "the end\n" + "word " * 600 + "end"}, "behind the first 512 tokens"),
        ({"view": "map", "texts": "own", "own_texts": "one sentence"}, "needs at least 3 sentences; there are 1"),
        ({"view": "map", "texts": "own", "own_texts": "same\nsame\nsame\nsame"}, "All 4 vectors are the same"),
        ({"view": "map", "texts": "own", "own_texts": "\n \n"}, "There are no sentences"),
        ({"view": "output", "text": ""}, "There is no text"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_one_clear_line(query: dict[str, str], message: str) -> None:
    app = check(open_page("embeddings", **query))
    assert len(app.error) == 1 and message in app.error[0].value.replace("\\", "")


def test_both_places_of_a_word_in_one_sentence_are_compared_and_told_apart() -> None:
    sentence = "I sat on the bank of the river and thought of my bank."
    app = check(
        open_page("embeddings", view="word", uses="own", own_word="bank", own_uses=f"{sentence} | river / money")
    )
    table = next(table.value for table in app.dataframe if "Sense" in table.value.columns)
    assert sorted(table["Sense"]) == ["money", "river"]
    assert sorted(table["Sentence"]) == [
        sentence.replace("my bank", "my ›bank‹"),
        sentence.replace("the bank", "the ›bank‹"),
    ]


def test_a_perplexity_beyond_the_sentences_is_one_clear_line() -> None:
    app = check(
        open_page("embeddings", view="map", texts="own", own_texts="a film\na play\na plot\nthe end", map="tsne-2")
    )
    assert not app.error
    next(field for field in app.number_input if field.label == "Perplexity").set_value(30.0).run()
    assert "perplexity of 30 needs more than 30 sentences" in check(app).error[0].value.replace("\\", "")


def test_own_sentences_with_labels_are_measured_and_without_are_not() -> None:
    app = check(open_page("embeddings", view="map", texts="own"))
    assert any("Silhouette" in table.value.columns for table in app.dataframe)
    app = check(open_page("embeddings", view="map", texts="own", own_texts="a film\na play\na plot\nthe end"))
    assert "4 sentences have no label" in said(app)
    app = check(open_page("embeddings", view="map", texts="own", own_texts="a film | x\na play | x\na plot | y"))
    assert "The label 'y' has only one sentence" in said(app)


def test_neighbours_are_read_from_the_full_space() -> None:
    app = check(open_page("embeddings", text="The food tasted wonderful.", view="map", texts="own"))
    table = next(table.value for table in app.dataframe if "Cosine" in table.value.columns)
    assert list(table["Cosine"]) == sorted(table["Cosine"], reverse=True)
    assert table["Label"][0] == "food"


def test_cancelling_keeps_nothing_and_can_be_taken_back() -> None:
    texts = ("a film", "a play", "a plot", "a role")
    app = check(open_page("embeddings", view="map", texts="own", own_texts="\n".join(texts)))
    assert not app.warning
    app.session_state["embeddings_cancelled"] = ("minilm", 128, texts)
    check(app.run())
    assert "not computed" in app.warning[0].value
    next(button for button in app.button if button.label == "Compute them").click().run()
    assert not check(app).warning


def test_progress_is_told_only_while_nothing_is_kept(tiny_bert: Path) -> None:
    heard: list[int] = []

    def stop(done: int, total: int) -> None:
        heard.append(done)
        if len(heard) == 2:
            raise Cancelled

    sentences = tuple(f"the film was good {i}" for i in range(150))
    with pytest.raises(Cancelled):
        cached_embeddings.sentence_vectors("minilm", sentences, 16, stop)
    found = cached_embeddings.sentence_vectors("minilm", sentences, 16, lambda done, total: heard.append(done))
    count = len(heard)
    assert cached_embeddings.sentence_vectors("minilm", sentences, 16, lambda done, total: heard.append(done)) is found
    assert len(heard) == count > 2


def test_before_and_after_fine_tuning(tiny_classifier: Path, tmp_path: Path) -> None:
    model = put_run(train_tiny(tiny_classifier, tmp_path, "20260101-000000-abcdef"))
    folder = settings.runs_folder() / model
    text = (folder / "config.json").read_text(encoding="utf-8")
    app = check(open_page("embeddings", model="minilm", compare="both", **ROWS))
    assert "comes with the studio is shown" in said(app), "the run is not this visitor's"
    app = check(open_page("embeddings", model="minilm", compare="both", run=model, **ROWS))
    assert "your newest run is shown: article-example" in said(app).replace("\\", "")
    (folder / "config.json").write_text(text.replace(str(tiny_classifier), f"run:{model[:-1]}0"), encoding="utf-8")
    other = settings.runs_folder() / f"{model[:-1]}0"
    train_tiny(tiny_classifier, settings.runs_folder(), other.name)
    assert runs.get(model).config.model == f"run:{other.name}"
    app = check(open_page("embeddings", model=f"run:{model}", compare="both", map="tsne-2", **ROWS))
    assert not app.error
    table = next(table.value for table in app.dataframe if "Silhouette" in table.value.columns)
    assert list(table["Model"]) == ["before fine-tuning", "after fine-tuning"]


@pytest.mark.parametrize("model", ["minilm", "minilm-sentiment"])
def test_before_and_after_without_a_run_is_shown_with_a_model_that_comes_with_the_studio(model: str) -> None:
    app = check(open_page("embeddings", model=model, compare="both", **(ROWS | {"rows": "100"})))
    assert not app.error and not app.info
    assert ("comes with the studio is shown: Sentiment of film reviews" in said(app)) == (model == "minilm")
    table = next(table.value for table in app.dataframe if "Silhouette" in table.value.columns)
    assert list(table["Model"]) == ["before fine-tuning", "after fine-tuning"]
    assert table["Silhouette"][1] > table["Silhouette"][0] + 0.1
    assert "minilm-sentiment" not in app.code[-1].value and "PeftModel" in app.code[-1].value


def test_before_a_run_from_scratch_there_is_no_model(tiny_classifier: Path) -> None:
    run = train_tiny(tiny_classifier, settings.runs_folder(), "20260101-000000-abcdef")
    config = (run / "config.json").read_text(encoding="utf-8")
    (run / "config.json").write_text(config.replace(str(tiny_classifier), models.SCRATCH), encoding="utf-8")
    app = check(open_page("embeddings", model=f"run:{run.name}", compare="both", **ROWS))
    assert not app.error and "began from scratch" in said(app)
    table = next(table.value for table in app.dataframe if "Silhouette" in table.value.columns)
    assert list(table["Model"]) == ["this model"]


def test_a_word_is_shown_though_the_run_its_model_grew_from_is_gone(tiny_classifier: Path, tmp_path: Path) -> None:
    base = put_run(train_tiny(tiny_classifier, tmp_path, "20260101-000000-abcdee"))
    grown = train_tiny(tiny_classifier, settings.runs_folder(), "20260101-000000-abcdef")
    config = (grown / "config.json").read_text(encoding="utf-8")
    (grown / "config.json").write_text(config.replace(str(tiny_classifier), f"run:{base}"), encoding="utf-8")
    rmtree(settings.runs_folder() / base)
    app = check(open_page("embeddings", model=f"run:{grown.name}", view="word", uses="bank"))
    assert not app.error and len(app.get("plotly_chart")) >= 2


@pytest.mark.parametrize(
    "text",
    ["<b>x</b></script><script>alert(1)</script>", "a\x00b\x07", "שלום \u202eabc", "word " * 3000, "é" * 10_000],
    ids=["html", "control", "right to left", "long", "one word"],
)
@pytest.mark.parametrize("view", ["output", "word", "map"])
def test_hostile_text_stays_text(view: str, text: str) -> None:
    own = f"{text[:1000]}\n{text[:50]} film\nbad plot\na good film"
    app = check(
        open_page(
            "embeddings", text=text, view=view, texts="own", own_texts=own, uses="own", own_word=text[:9], own_uses=own
        )
    )
    assert len(app.error) <= 1
    for html in app.get("html"):
        assert "<script>alert" not in html.proto.body


def test_nonsense_in_the_address_falls_back(studio_home: Path, tiny_bert: Path) -> None:
    copytree(tiny_bert, studio_home / "runs" / "20260101-000000-abcdef" / "model")
    nonsense = {
        "model": "run:20260101-000000-abcdef",  # no nonsense, but small: what falls back reads hundreds of sentences
        "state": "²",
        "rows": "many",
        "map": "umap",
        "pooling": "sum",
        "compare": "?",
        "texts": "../x",
        "uses": "no",
    }
    for view in ("output", "word", "map", "nothing"):
        app = check(open_page("embeddings", **(nonsense | {"view": view, "rows": "12x" if view != "map" else "-5"})))
        assert not app.error


def test_a_family_without_a_pooler_says_so(studio_home: Path) -> None:
    folder = studio_home / "runs" / "20260101-000000-abcdef" / "model"
    kind, config = FAMILIES["distilbert"]
    kind(config).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    app = check(open_page("embeddings", model="run:20260101-000000-abcdef", text="the film was good"))
    assert not app.error and "has no trained pooler" in said(app)
    assert app.metric[2].value == "no pooler" and "pooler_output" not in list(app.dataframe[0].value["Vector"])


def test_512_tokens_and_more_are_shown_and_cut_visibly() -> None:
    app = check(open_page("embeddings", text="plot " * 600, cut="512"))
    assert app.metric[0].value == "1 × 512 × 384" and "never sees" in app.warning[0].value


def test_the_visitors_own_sentence_is_a_point_on_every_map() -> None:
    for query in ({}, {"compare": "both"}, {"map": "pca-3"}):
        app = check(open_page("embeddings", text="The food was wonderful.", **(ROWS | query)))
        pictures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart") if "_map" in str(chart.key)]
        assert len(pictures) == (2 if "compare" in query else 1)
        for picture in pictures:
            stars = [trace for trace in picture["data"] if trace.get("name") == "your sentence"]
            assert len(stars) == 1 and "The food was wonderful." in stars[0]["text"][0]
        assert "★ is your sentence" in said(app)


def test_a_run_opens_with_its_own_rows_and_a_dataset_can_be_chosen(tiny_classifier: Path, tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    rows = [(f"my invoice {i} was wrong", "billing") for i in range(40)] + [
        (f"the app crashed {i}", "bug") for i in range(40)
    ]
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")
    run = runs.create(RunConfig(model="minilm", data="data/tickets.csv"), file)
    copytree(tiny_classifier, run.folder / "model")
    query = {"model": f"run:{run.id}", "view": "map", "rows": "40"}
    app = check(open_page("embeddings", **query))
    assert app.selectbox(key="texts@embeddings").value == "held-back"
    texts = next(table.value for table in app.dataframe if "Sentence" in table.value.columns)["Sentence"]
    assert set(texts) <= {text for text, _label in rows} and 0 < len(texts) < 40
    app.selectbox(key="texts@embeddings").set_value("rotten_tomatoes").run()
    assert "texts" in check(app).query_params and "invoice" not in str(app.dataframe[0].value)


def test_only_data_whose_texts_have_a_label_is_mapped() -> None:
    app = check(open_page("embeddings", **(ROWS | {"texts": "entities"})))
    assert not app.error and app.selectbox(key="texts@embeddings").value == "rotten_tomatoes"

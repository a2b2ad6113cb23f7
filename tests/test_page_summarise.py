"""The Summarise page: a prepared text's summary at once, every view and method, own texts, and what cannot be summarised as one line."""

import pytest

from core.data import summaries
from core.summarise.methods import METHODS
from tests.pages_common import LANGUAGES, check, open_page, texts


def html(app: object) -> str:
    return "\n".join(str(part.proto.body) for part in app.get("html"))  # type: ignore[attr-defined]


def said(app: object) -> str:
    return texts(app).replace("\\", "")  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_visit_shows_a_summary_and_where_it_stands(language: str) -> None:
    app = check(open_page("summarise", lang=language))
    article = summaries.read(language)[0]
    assert not app.error and html(app).count("<mark") == 3 and article.text[-12:] in html(app)
    assert article.summary in said(app) and app.code
    words = said(app)
    lead = {"en": "The first sentences", "zh": "开头几句"}[language]
    assert f"**{lead}**" in words and words.index(f"**{lead}**") < words.index(article.summary), "beside every summary"
    rouge, scores = (frame.value for frame in app.dataframe)
    assert len(rouge) == len(METHODS) + 1 and list(rouge.columns)[1:4] == ["ROUGE-1", "ROUGE-2", "ROUGE-L"]
    taken = scores[scores.columns[1]]
    assert sorted(turn for turn in taken if turn) == ["1", "2", "3"]


def test_every_view() -> None:
    app = check(open_page("summarise", view="likeness"))
    assert not app.error and len(app.get("plotly_chart")) == 1 and len(app.dataframe) == 1
    app = check(open_page("summarise", view="measured"))
    articles = summaries.read("en")
    count = len(articles)
    assert not app.error and str(count) in said(app) and len(app.dataframe[0].value) == len(METHODS) + 1
    assert "hard to beat" in said(app)
    assert [slider.key for slider in app.slider] == ["relevance@summarise"]
    app = check(open_page("summarise", view="many", by="lead", most_sentences="1"))
    assert not app.error and len(app.dataframe[0].value) == count and len(app.get("download_button")) == 1
    first = app.dataframe[0].value
    assert all(article.text.startswith(summary) for article, summary in zip(articles, first.iloc[:, 1], strict=True))


def test_own_text_is_summarised_by_words() -> None:
    own = "The cat sleeps all day. A bus stops here. <b>Bread</b> is cheap & good."
    app = check(open_page("summarise", article="own", story=own, by="lead", unit="words", most_words="10"))
    assert not app.error and html(app).count("<mark") == 2
    assert "&lt;b&gt;Bread&lt;/b&gt;" in html(app) and "<b>Bread" not in html(app)
    assert len(app.dataframe) == 1, "without a reference there is no ROUGE"
    app.selectbox(key="by@summarise").set_value("mmr").run()
    assert [slider.key for slider in check(app).slider] == ["relevance@summarise"]
    assert "The first sentences" in said(app) and "The cat sleeps all day. A bus stops here." in said(app)
    app.text_area(key="story@summarise").set_value("只有一句话").run()
    assert "single sentence" in check(app).error[0].value


@pytest.mark.parametrize(
    ("story", "message"),
    [
        (" \n ", "there is no text to summarise"),
        ("Just one.", "a single sentence"),
        ("Again. Again. Again.", "all sentences are the same (3)"),
        ("word " * 20_000, "at most 50,000"),
    ],
)
def test_what_cannot_be_summarised_is_one_clear_line(story: str, message: str) -> None:
    app = check(open_page("summarise", article="own", story=story))
    assert len(app.error) == 1 and message in app.error[0].value.replace("\\", "").lower()


def test_sentences_that_the_model_cannot_read_are_one_warning() -> None:
    app = check(open_page("summarise", article="own", searcher="minilm", story="天气很好。我们去公园。公园里有花。"))
    assert not app.error and len(app.warning) == 1
    assert "unknown to this model's vocabulary" in app.warning[0].value

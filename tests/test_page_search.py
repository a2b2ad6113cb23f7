"""The Search page: the help desk at once, questions in one's own words, own texts, and what cannot be searched as one line."""

import pytest

from core.search.ways import Hit
from pages.topics.search.hits import hits_html
from tests.pages_common import LANGUAGES, check, open_page, texts
from tests.tables import pdf_bytes


def said(app: object) -> str:
    return texts(app).replace("\\", "")  # type: ignore[arg-type]


def html(app: object) -> str:
    return "\n".join(str(part.proto.body) for part in app.get("html"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_visit_shows_an_answer(language: str) -> None:
    app = check(open_page("search", lang=language))
    assert not app.error
    title = {"en": "My parcel should have arrived by now", "zh": "包裹"}[language]
    assert title in html(app) and ("0." in said(app))
    assert html(app).count('<div class="hits" role="list">') == 3 and "<mark>" in html(app)
    assert {"en": "The threshold", "zh": "阈值"}[language] in said(app)
    assert app.code


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", ["picture", "measured"])
def test_every_view_in_both_languages(view: str, language: str) -> None:
    app = check(open_page("search", lang=language, view=view, shelf="zh"))
    assert not app.error
    if view == "picture":
        assert len(app.get("plotly_chart")) == 1
    else:
        assert "310" in said(app) and list(app.dataframe[0].value.columns)[1:] == [
            "Recall@1", "Recall@3", "Recall@5", "Recall@10", "MRR", "nDCG@10",
        ]  # fmt: skip


def test_a_question_without_an_answer_gets_none() -> None:
    app = check(open_page("search", ask="Who won the chess championship?", shelf="en"))
    assert "No good answer." in said(app)
    app = check(open_page("search", ask="overdue shipment", shelf="en"))
    assert "No good answer." not in said(app) and "My parcel should have arrived" in said(app)


def test_where_both_combined_put_the_answer_lower_the_page_says_why() -> None:
    app = check(open_page("search", ask="My parcel never came.", shelf="en"))
    assert "the nearest by meaning comes to place 5" in said(app)
    first = {"shelf": "lines", "passages": "The cat sleeps.\nBread is cheap.", "ask": "Is bread cheap?"}
    assert "comes to place" not in said(check(open_page("search", **first)))


def test_own_lines_are_searched() -> None:
    app = check(
        open_page(
            "search",
            shelf="lines",
            passages="The cat sleeps.\nA bus stops here.\nBread is cheap.",
            ask="public transport",
        )
    )
    assert not app.error and "A bus stops here." in html(app)
    app.selectbox(key="reader@search").set_value("none").run()
    assert not check(app).error and "This sentence is nearest" in said(app) and "another one may be better" in said(app)
    app.text_area(key="passages@search").set_value("Only one text").run()
    assert not check(app).error and "Only one text" in html(app) and "There is only one text to search" in said(app)
    app.text_area(key="passages@search").set_value("the same\nthe same\nanother").run()
    assert not check(app).error and "2 of the 3 texts are there more than once" in said(app)


def test_own_questions_are_measured() -> None:
    query = {"shelf": "lines", "view": "measured", "passages": "The cat sleeps.\nA bus stops here.\nBread is cheap."}
    app = check(open_page("search", **query, labelled="public transport | 2\nwhat does a loaf cost | 3"))
    assert not app.error and "2 questions" in said(app)
    assert app.dataframe[0].value["Recall@1"][0].startswith("1.000")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"shelf": "lines", "passages": " \n "}, "nothing to search"),
        ({"shelf": "lines", "passages": "a\nb", "view": "measured", "labelled": "what | 7"}, "'what' has the text number '7'; give one from 1 to 2"),
        ({"shelf": "lines", "passages": "a\nb", "view": "measured", "labelled": "what"}, "has the text number ''"),
        ({"shelf": "lines", "passages": "a text", "view": "picture"}, "needs at least 3 sentences; there are 2"),
        ({"ask": " "}, "There is no question"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_one_clear_line(query: dict[str, str], message: str) -> None:
    app = check(open_page("search", **query))
    assert len(app.error) == 1 and message in said(app)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ("parcel " * 600, "what you wrote is longer than the 256 tokens that this model reads"),
        ("我的包裹在哪里？", "of this text's tokens are unknown to the model's vocabulary"),
    ],
)
def test_what_the_model_cannot_read_of_a_question_is_one_sentence(ask: str, message: str) -> None:
    app = check(open_page("search", shelf="en", searcher="minilm", ask=ask))
    assert not app.error and len(app.warning) == 1 and message in said(app).lower()


def test_texts_and_question_are_shown_as_they_are() -> None:
    app = check(
        open_page("search", shelf="lines", passages="<script>x</script> *bold*\nplain", ask="<b>bold</b> script")
    )
    assert not app.error and "<script>x" not in html(app) and "&lt;" in html(app)


def test_a_file_is_searched() -> None:
    app = check(open_page("search", shelf="file", ask="public transport"))
    content = "text,answer\nThe cat sleeps.,At night.\nA bus stops here.,Every hour.\n,\nBread is cheap.,Two coins.\n"
    app.file_uploader(key="search_file").upload("own.csv", content.encode(), "text/csv").run()
    check(app)
    assert not app.error and "A bus stops here." in html(app)
    answers = next(box for box in app.selectbox if box.label.startswith("Second column"))
    answers.set_value("answer").run()
    assert "Every hour." in html(check(app))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_document_is_asked(language: str) -> None:
    app = check(open_page("search", lang=language, shelf="document"))
    assert not app.error and app.code
    if language == "en":  # the reader that comes with the studio reads English
        assert app.selectbox(key="reader@search").value == "minilm-answers"
        assert "until nine" in html(app) and "From passage 2 of 7." in said(app)
        assert app.dataframe[0].value["Passage"].tolist()[0] == 2 and len(app.dataframe[0].value) == 3
        app.text_input(key="ask@search").set_value("Who is the king of the moon?").run()
        assert "I do not know." in said(check(app))
    else:
        assert app.selectbox(key="reader@search").value == "none" and "与问题最接近的是这一句" in said(app)


@pytest.mark.parametrize(
    ("passages", "desk"),
    [("猫在睡觉。\n面包两块钱。", "help desk, Chinese"), ("The cat sleeps.\nBread is cheap.", "help desk, English")],
)
def test_the_threshold_is_that_of_the_language_of_the_texts_and_says_where_it_was_chosen(
    passages: str, desk: str
) -> None:
    for question in ("Who is the king of the moon?", passages.splitlines()[0]):
        app = check(open_page("search", shelf="lines", passages=passages, ask=question, reader="none"))
        assert f"was chosen on other texts ({desk})" in said(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_in_words_classify_without_training(language: str) -> None:
    app = check(open_page("search", lang=language, view="labels"))
    assert not app.error and "## " in said(app) and app.code
    assert len(app.dataframe[0].value) == 7 and len(app.get("plotly_chart")) == 1
    assert {"en": "269 test items", "zh": "条测试新闻"}[language] in said(app)
    app.text_area(key="labels@search").set_value("trees\nmoney: banks and coins").run()
    assert "## trees" in said(check(app)) and not app.get("plotly_chart") and "business" in said(app)
    if language == "en":
        app.text_input(key="ask@search").set_value("种了两百棵树").run()
        assert len(check(app).warning) == 1 and "are unknown to the model's vocabulary" in said(app)
    app.text_area(key="labels@search").set_value("trees").run()
    assert len(check(app).error) == 1


def test_a_pdf_is_asked_and_its_page_is_named() -> None:
    app = check(open_page("search", shelf="file", ask="When does the ferry leave?"))
    pages = ["The museum opens at ten. Dogs stay outside.", "The ferry leaves at noon from the pier."]
    app.file_uploader(key="search_file").upload("own.pdf", pdf_bytes(pages), "application/pdf").run()
    assert not check(app).error and "From page 2, passage 2 of 2." in said(app) and "2 passages" in said(app)
    app.file_uploader(key="search_file").upload("scan.pdf", pdf_bytes([""]), "application/pdf").run()
    assert len(check(app).error) == 1 and "holds no text" in said(app)


@pytest.mark.parametrize(
    ("text", "end"), [("parcel " * 40, "parcel parcel…</b>"), ("包裹" * 100, "包裹包…</b>"), ("short", ">short</b>")]
)
def test_the_beginning_of_a_long_text_ends_between_words(text: str, end: str) -> None:
    assert end in hits_html([Hit(0, 1.0)], [text], [""])

"""The tutorial, checked: every claim opens with its evidence, in both languages, and the numbers are core's."""

from pathlib import Path

import pytest

from core import article
from core.claims import CLAIMS, SECTIONS, TITLE, VERDICTS
from core.data.bundled import ARTICLE
from tests.pages_common import LANGUAGES, check, open_page, put_run, texts, train_tiny


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_opens_with_its_evidence(claim: str, language: str) -> None:
    app = check(open_page("article", view=claim, lang=language))
    evidence = [*app.metric, *app.dataframe, *app.code, *app.button]
    assert len(evidence) > 1  # the last code is the page's own
    assert not app.error or claim == "code"


def test_only_the_open_claim_is_computed() -> None:
    app = check(open_page("article", claims="corpora"))
    assert not app.metric and len(app.dataframe) == 1


def test_several_claims_stand_open_and_travel_in_the_address() -> None:
    app = check(open_page("article", claims="corpora,qkv"))
    assert [part.label for part in app.expander if part.proto.expanded] == [
        part.label for part in app.expander if "MLP" in part.label or "WikiText" in part.label
    ]
    assert len(app.dataframe) == 2 and app.query_params.get("claims") == "corpora,qkv"


def test_an_old_address_of_one_claim_opens_it() -> None:
    app = check(open_page("article", view="corpora"))
    assert [part.proto.expanded for part in app.expander].count(True) == 1 and len(app.dataframe) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tutorial_is_named_and_its_claims_stand_in_its_sections(language: str) -> None:
    app = check(open_page("article", lang=language))
    assert TITLE in texts(app).replace("\\", "")
    assert len(app.header) == len(SECTIONS) == len({row.section for row in CLAIMS.values()})
    assert list(dict.fromkeys(row.section for row in CLAIMS.values())) == list(SECTIONS)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_claims_are_filtered_by_verdict(verdict: str) -> None:
    app = check(open_page("article", verdict=verdict))
    expected = [row.says for row in CLAIMS.values() if row.verdict == verdict]
    assert [part.label.split("· ", 1)[1] for part in app.expander if "· " in part.label] == expected


@pytest.mark.training
def test_the_broken_snippets_show_their_real_errors() -> None:
    app = check(open_page("article", view="code"))
    shown = "\n".join(error.value for error in app.error)
    assert "NameError" in shown and "ValueError" in shown and "expected sequence of length" in shown.replace("\\", "")
    assert "(4, " in texts(app)


@pytest.mark.training
def test_the_experiment_is_repeated_when_asked() -> None:
    app = check(open_page("article", view="accuracy"))
    assert not app.metric
    app.number_input(key="article_seeds").set_value(2)
    app.number_input(key="article_epochs").set_value(1)
    app.button(key="article_repeat").click().run()
    check(app)
    table = app.dataframe[0].value
    assert list(table["Seed"]) == [0, 1]
    from core import models

    expected = article.repeat(models.load_tokenizer("minilm"), (0, 1), epochs=1, learning_rate=1e-4)
    assert list(table["Loss, epoch 1"]) == pytest.approx([row.losses[0] for row in expected.rows])
    assert len(ARTICLE) == 4
    check(app.run())
    assert app.metric  # it stays while its settings stay


def test_hostile_text_is_shown_as_text() -> None:
    hostile = '</script><img src=x onerror="x"> <b>bold</b> [link](http://x)'
    for claim in ("encoder-only", "qkv", "layer", "generation"):
        app = check(open_page("article", view=claim, text=hostile))
        assert "<img" not in texts(app).replace("\\<", "")


@pytest.mark.parametrize("text", ["one", "x" * 5000, "的", "a b"])
def test_odd_sentences_have_their_evidence_too(text: str) -> None:
    for claim in ("encoder-only", "qkv", "feed-forward", "attention"):
        check(open_page("article", view=claim, text=text))


@pytest.mark.parametrize(
    ("text", "last", "other"),
    [
        ("I love tea", "tea", "nothing"),
        ("one", "one", "nothing"),
        ("it was nothing", "nothing", "everything"),
        ("剧情很单薄，但演员非常精彩。", "。", "？"),
        ("演员非常精彩吗？", "？", "。"),
        ("我喜欢 BERT", "BERT", "nothing"),
    ],
)
def test_only_the_end_of_the_visitors_own_sentence_is_replaced(text: str, last: str, other: str) -> None:
    app = check(open_page("article", view="encoder-only", text=text))
    assert not app.error and f"with its end, “{last}”, and with “{other}” in its place" in texts(app).replace("\\", "")
    beginning, change = app.metric[0], app.metric[1]
    assert beginning.value.endswith("%") and float(change.value) > 0


def test_an_empty_sentence_is_one_clear_line() -> None:
    app = check(open_page("article", view="qkv", text=" "))
    assert len(app.error) == 1


def test_where_a_number_is_from_is_told_without_a_colon(tiny_bert: Path, tmp_path: Path) -> None:
    run = put_run(train_tiny(tiny_bert, tmp_path, "20260101-000000-abcdef"))
    app = check(open_page("article", view="path", lang="zh", run=run))
    told = [caption.value for caption in app.caption if "训练记录" in caption.value]
    assert told and not told[0].endswith(("：", ":"))

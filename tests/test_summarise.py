"""Summaries: sentences with their places, rankings equal to well-known ones, lengths, and what cannot be summarised."""

import re
from itertools import pairwise
from pathlib import Path

import networkx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import models, rouge
from core.commands import summarise as command
from core.data import summaries
from core.errors import Cancelled, UserError
from core.search.vectors import Encoder
from core.summarise import evaluate, many, methods, sentences, summary
from core.summarise.methods import METHODS
from core.summarise.summary import Document, Length, choose
from tests.test_main import answered, refused

THREE = Length("sentences", 3)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder("minilm", models.load_encoder("minilm"), models.load_tokenizer("minilm"))


def document(vectors: object, words: int = 1) -> Document:
    """A document of sentences with so many words each, with these vectors, made to length 1."""
    rows = np.array(vectors, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Document(tuple(sentences.Sentence("w" + " w" * (words - 1) + ".", i, i + 1) for i in range(len(rows))), rows)


def taken(of: Document, method: str, length: Length = THREE, relevance: float = 0.7) -> list[int]:
    """The places of the sentences in the order in which they are taken."""
    rows = choose(of, METHODS[method], length, relevance).sentences
    return [place for place in sorted(range(len(rows)), key=lambda i: rows[i].order) if rows[place].order]


# --- Sentences ---------------------------------------------------------------------------------------------------------


def test_sentences_of_both_languages_end_where_they_should() -> None:
    english = 'Dr. Smith paid 3.5 million to J. R. Brown.\n\n***\n\n"Who?" she asked. A line\nthat goes on.  The end'
    assert [part.text for part in sentences.split(english)] == [
        "Dr. Smith paid 3.5 million to J. R. Brown.", '"Who?" she asked.', "A line\nthat goes on.", "The end",
    ]  # fmt: skip
    chinese = "他说：“走吧。”然后走了。第二句！第三句？\n新的一段……真的。"
    assert [part.text for part in sentences.split(chinese)] == [
        "他说：“走吧。”", "然后走了。", "第二句！", "第三句？", "新的一段……真的。",
    ]  # fmt: skip
    assert sentences.joined(sentences.split(chinese)) == chinese.replace("\n", "")
    assert sentences.joined(sentences.split(english)[2:]) == "A line that goes on. The end"
    assert [part.length for part in sentences.split("It's 20 euros. Go!")] == [4, 1]


@given(st.text(max_size=80))
def test_every_sentence_is_where_it_says(text: str) -> None:
    parts = sentences.split(text)
    assert all(text[part.start : part.end] == part.text and part.text == part.text.strip() for part in parts)
    assert all(before.end <= after.start for before, after in pairwise(parts))
    letters = sum(map(str.isalnum, text))
    assert sum(sum(map(str.isalnum, part.text)) for part in parts) == letters


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no text to summarise"),
        (" …\n\n!", "there is no text to summarise"),
        ("Only one sentence.", "a single sentence"),
        ("只有一句话。", "a single sentence"),
        ("The same. " * 7, "all sentences are the same (7)"),
        ("word " * 20_000, "has 100,000 characters; at most 50,000"),
    ],
)
def test_what_cannot_be_summarised_is_said(text: str, message: str, encoder: Encoder) -> None:
    (error,) = summary.read([text], encoder)
    assert isinstance(error, UserError) and message in str(error)


# --- Rankings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 12, 60])
def test_lexrank_is_the_pagerank_of_networkx(count: int) -> None:
    vectors = document(np.random.default_rng(count).normal(size=(count, 5)) + 0.5).vectors
    graph = methods.links(vectors)
    assert np.allclose(graph, graph.T) and (np.diag(graph) == 1).all()
    expected = networkx.pagerank(networkx.from_numpy_array(graph), alpha=1 - methods.JUMP, tol=1e-12)
    assert methods.lexrank(graph) == pytest.approx(list(expected.values()), abs=1e-8)


def test_lexrank_of_three_sentences_worked_out_by_hand() -> None:
    """The middle one resembles both others, which do not resemble each other.

    With J = 0.15, the middle m and an outer one o: o = J/3 + (1 − J)(o/2 + m/3), m = 1 − 2o.
    """
    graph = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    outer = (0.05 + 0.85 / 3) / (1 - 0.85 / 2 + 2 * 0.85 / 3)
    assert methods.lexrank(graph) == pytest.approx([outer, 1 - 2 * outer, outer], abs=1e-9)


def test_a_link_is_a_similarity_of_at_least_the_mean() -> None:
    graph = methods.links(document([[1, 0], [1, 1], [0, 1]]).vectors)  # cosines 0.71, 0, 0.71, mean 0.47
    assert graph == pytest.approx(np.array([[1, 0.5**0.5, 0], [0.5**0.5, 1, 0.5**0.5], [0, 0.5**0.5, 1]]))
    assert (methods.links(np.ones((4, 1))) == 1).all()


def test_each_method_takes_what_it_should() -> None:
    """Two near copies in the middle of the text, one sentence a little aside, one far away."""
    text = document([[0.1, 1, 0], [1, 0.1, 0], [1, 0.12, 0], [0.8, 0.4, 0.3]])
    assert taken(text, "lead") == [0, 1, 2]
    assert taken(text, "centroid", Length("sentences", 2))[0] == 3
    nearest = methods.centrality(text.vectors)
    mean = text.vectors.mean(axis=0)
    assert nearest == pytest.approx(text.vectors @ mean / np.linalg.norm(mean))
    assert taken(text, "centroid") == np.argsort(-nearest)[:3].tolist()
    assert taken(text, "mmr", relevance=1.0) == taken(text, "centroid")
    diverse = taken(text, "mmr", relevance=0.3)
    assert diverse[0] == 3 and diverse[1] == 0, "the one that is least like what is taken"


def test_mmr_worked_out_by_hand() -> None:
    ranking = methods.MMR(np.array([0.9, 0.8, 0.5]), np.array([[1, 0.95, 0.1], [0.95, 1, 0.2], [0.1, 0.2, 1]]), 0.7)
    assert ranking.scores([]) == pytest.approx([0.63, 0.56, 0.35])
    assert ranking.scores([0]) == pytest.approx([0.33, 0.56 - 0.285, 0.35 - 0.03])
    message, values = ranking.why(2, [0, 1])
    assert "sentence {number}" in message and values["number"] == 2 and values["redundancy"] == 0.2


@pytest.mark.parametrize("method", METHODS)
def test_a_summary_keeps_the_order_and_the_length_and_says_why(method: str, encoder: Encoder) -> None:
    article = summaries.read("en")[5]
    (read,) = summary.read([article.text], encoder)
    assert isinstance(read, Document)
    for length in (Length("sentences", 1), THREE, Length("sentences", 99), Length("words", 40)):
        found = choose(read, METHODS[method], length)
        assert sorted(row.order for row in found.sentences if row.order) == list(range(1, len(found.taken) + 1))
        places = [article.text.index(part.text) for part in found.taken]
        assert places == sorted(places) and all(part.text in found.text for part in found.taken)
        count = len(found.taken) if length.unit == "sentences" else len(rouge.tokens(found.text))
        assert 1 <= count <= length.most
        assert all(
            re.search(r"\d", message.format(**values)) for message, values in (row.why for row in found.sentences)
        )
    assert len(choose(read, METHODS[method], Length("words", 1)).taken) == 1, "the best one, however long"


def test_similar_sentences_are_taken_in_their_order() -> None:
    same = document(np.ones((5, 3)))
    assert all(taken(same, method) == [0, 1, 2] for method in METHODS)


# --- Put to the test ---------------------------------------------------------------------------------------------------


def test_methods_are_compared_with_the_first_sentences(encoder: Encoder) -> None:
    articles = summaries.read("en")[:6]
    read = [row for row in summary.read([row.text for row in articles], encoder) if isinstance(row, Document)]
    rows = [(document, article.summary) for document, article in zip(read, articles, strict=True)]
    found = evaluate.evaluate(rows, THREE)
    assert set(found) == {*METHODS, evaluate.BEST}
    assert all(measure.value == 0 for measure in found[evaluate.LEAD].gain.values())
    first = [sentences.joined(document.sentences[:3]) for document in read]
    f1 = [rouge.rouge(text, article.summary)["rouge2"].f1 for text, article in zip(first, articles, strict=True)]
    assert found[evaluate.LEAD].f1["rouge2"].value == pytest.approx(np.mean(f1))
    for name, quality in found.items():
        low, high = quality.f1["rouge1"].bounds
        assert low < quality.f1["rouge1"].value < high and 20 < quality.words < 120
        assert quality.f1["rouge1"].value <= found[evaluate.BEST].f1["rouge1"].value, name
        gain = quality.f1["rouge1"].value - found[evaluate.LEAD].f1["rouge1"].value
        assert quality.gain["rouge1"].value == pytest.approx(gain)


def test_many_texts_become_a_table(encoder: Encoder) -> None:
    told: list[tuple[int, int]] = []
    texts = ["One thing. Another thing. A third.", "", "天气很好。我们去公园。晚上回家。"]
    read = summary.read(texts, encoder, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    frame = many.frame(read, METHODS["lead"], Length("sentences", 2), 0.7, ["One thing.", "x", " "])
    assert frame["summary"].tolist() == ["One thing. Another thing.", "", "天气很好。我们去公园。"]
    assert frame["note"].tolist()[1].startswith("there is no text") and frame["taken"].isna().tolist() == [
        False,
        True,
        False,
    ]
    assert frame["rouge1"].iloc[0] == pytest.approx(2 / 3) and frame["rouge1"].isna().tolist() == [False, True, True]

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        summary.read(texts, encoder, stop)


# --- The command -------------------------------------------------------------------------------------------------------


def test_the_command_summarises_one_text(capsys: pytest.CaptureFixture[str]) -> None:
    article = summaries.read("en")[0]
    result = answered(capsys, "summarise", "--text", article.text, "--method", "lead", "--sentences", 2)
    assert result["n"] == 10 and article.text.startswith(result["summary"])
    assert [row["order"] for row in result["sentences"]][:3] == [1, 2, 0]
    assert result["sentences"][1]["why"] == "sentence 2 of the text"
    assert "a single sentence" in refused(capsys, "summarise", "--text", "One.")
    assert "either --text" in refused(capsys, "summarise")
    assert "at least 1 sentence" in refused(capsys, "summarise", "--text", article.text, "--words", 0)
    assert "--output is missing" in refused(capsys, "summarise", "--data", "x.csv")
    assert "go with --data" in refused(capsys, "summarise", "--text", "A. B.", "--reference", "c")
    assert "between 0 and 1" in refused(capsys, "summarise", "--text", "A. B.", "--relevance", 2)


def test_the_command_summarises_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, output = tmp_path / "own.csv", tmp_path / "out.csv"
    articles = summaries.read("en")[:3]
    rows = {
        "text": [*(row.text for row in articles), "", "One."],
        "abstract": [*(row.summary for row in articles), "a", "b"],
    }
    pd.DataFrame(rows).to_csv(file, index=False)
    result = answered(capsys, "summarise", "--data", file, "--output", output, "--reference", "abstract")
    assert (result["n"], result["empty"], result["without"]) == (4, 1, 1)
    assert set(result["rouge"]) == {*METHODS, "best"} and 0 < result["rouge"]["lead"]["rouge1"]["value"] < 1
    written = pd.read_csv(output, keep_default_na=False)
    assert len(written) == 5 and written["summary"].str.len().gt(0).tolist() == [True] * 3 + [False] * 2
    assert "single sentence" in written["note"][4] and float(written["rougeL"][0]) > 0
    assert "column 'none' not found" in refused(
        capsys, "summarise", "--data", file, "--output", output, "--reference", "none"
    )


def test_the_command_offers_every_method() -> None:
    assert tuple(METHODS) == command.METHOD_IDS

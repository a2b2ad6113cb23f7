"""ROUGE: equal to rouge-score and to hand-worked cases, in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer

from core import rouge
from core.data import summaries

LETTERS = st.lists(st.sampled_from("abcd"), max_size=30)


class Characters(Tokenizer):  # type: ignore[misc]
    """What rouge-score lacks for Chinese: each character a word."""

    def tokenize(self, text: str) -> list[str]:
        return rouge.tokens(text)


def test_a_case_worked_out_by_hand() -> None:
    """The example of Lin (2004), section 3.1: P and R of "police kill the gunman" and "the gunman kill police"."""
    reference = "police killed the gunman"
    assert rouge.rouge("police kill the gunman", reference)["rougeL"].f1 == pytest.approx(3 / 4)
    swapped = rouge.rouge("the gunman kill police", reference)
    assert swapped["rougeL"].f1 == pytest.approx(2 / 4)
    assert swapped["rouge1"].f1 == pytest.approx(3 / 4)
    assert swapped["rouge2"] == rouge.Overlap(1 / 3, 1 / 3, pytest.approx(1 / 3))
    longer = rouge.rouge("The the cat!", "the cat sat on the mat")["rouge1"]
    assert longer == rouge.Overlap(1.0, pytest.approx(1 / 2), pytest.approx(2 / 3))


def test_chinese_is_counted_by_characters() -> None:
    found = rouge.rouge("渡口停航了。", "百年渡口将停航")
    assert found["rouge1"] == rouge.Overlap(4 / 5, pytest.approx(4 / 7), pytest.approx(2 / 3))
    assert found["rouge2"] == rouge.Overlap(2 / 4, pytest.approx(2 / 6), pytest.approx(2 / 5))
    assert rouge.tokens("2号线 GPS，停!") == ["2", "号", "线", "gps", "停"]


@pytest.mark.parametrize("language", summaries.LANGUAGES)
def test_it_equals_rouge_score(language: str) -> None:
    scorer = RougeScorer(list(rouge.KINDS), tokenizer=Characters() if language == "zh" else None)
    for article in summaries.read(language):
        for summary in (article.text, article.text[:120]):
            theirs = scorer.score(article.summary, summary)
            for kind, overlap in rouge.rouge(summary, article.summary).items():
                expected = (theirs[kind].precision, theirs[kind].recall, theirs[kind].fmeasure)
                assert (overlap.precision, overlap.recall, overlap.f1) == pytest.approx(expected), (article.id, kind)


@given(LETTERS, LETTERS)
def test_the_longest_common_sequence_is_that_of_the_table(first: list[str], second: list[str]) -> None:
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    assert rouge.common(first, second) == table[-1][-1]


@pytest.mark.parametrize("pair", [("", ""), ("", "a"), ("a", ""), ("…!", "?")])
def test_nothing_has_no_overlap(pair: tuple[str, str]) -> None:
    assert all(overlap.f1 == 0 for overlap in rouge.rouge(*pair).values())

"""The token figures: right numbers in the right places, translated, and harmless whatever a piece holds."""

import pytest

from core import vocabulary
from core.figures import tokens as token_figures
from core.tokens import Piece
from core.vocabulary import LANGUAGES, LanguageCost, Learned, Spelling
from tests.hostile import IMAGE as HOSTILE

COSTS = (
    LanguageCost(LANGUAGES["en"], 20, 80, 19, 0, 1.0),
    LanguageCost(LANGUAGES["zh"], 30, 30, None, 15, 1.5),
    LanguageCost(LANGUAGES["de"], 25, 100, 20, 0, 1.25),
)


def test_language_costs_are_sorted_and_show_what_is_unknown() -> None:
    figure = token_figures.language_costs({"one": COSTS, "two": COSTS[::-1]}, "ratio")
    assert list(figure.data[0].x) == [1.0, 1.5, 1.25] and list(figure.data[0].y) == [0, 2, 1]
    assert list(figure.data[1].x) == [1.25, 1.5, 1.0] and list(figure.data[1].y) == [1, 2, 0]
    assert list(figure.data[0].marker.symbol) == ["circle", "circle-open", "circle"]
    assert [label.split(" · ")[0] for label in figure.layout.yaxis.ticktext] == ["English", "German", "Chinese"]
    assert "30 tokens, 15 of them unknown" in figure.data[0].customdata[1]
    assert figure.layout.showlegend


@pytest.mark.parametrize(
    ("measure", "expected"),
    [("per_character", [0.25, 1.0, 0.25]), ("per_word", [20 / 19, 1.25]), ("unknown_share", [0, 0.5, 0])],
)
def test_each_measure(measure: token_figures.Measure, expected: list[float]) -> None:
    figure = token_figures.language_costs({"one": COSTS}, measure, text=lambda label: f"* {label}")
    assert list(figure.data[0].x) == pytest.approx(expected)
    assert figure.layout.title.subtitle.text.startswith("* ") and not figure.layout.showlegend
    assert figure.layout.yaxis.ticktext[0].startswith("* ")


def test_spellings_pieces_and_uses_escape_what_they_show() -> None:
    pieces = (Piece("a", 5, 0, 1), Piece("[UNK]", 1, 1, 2))
    rows = [Spelling(HOSTILE, "wordpiece", 10, pieces, 1, 2, 1), Spelling("b", "bpe", 10, pieces[:1], 0, 2, 1)]
    figure = token_figures.spellings(rows)
    assert list(figure.data[0].x) == [1, 1] and list(figure.data[1].x) == [1, 0] and figure.layout.showlegend
    learned = [
        Learned("[PAD]", 0, "", "", None, 0),
        Learned("a", 1, "", "", None, 7),
        Learned(HOSTILE, 2, "a", HOSTILE, None, 3),
    ]
    uses = token_figures.learned_uses(learned)
    assert [list(trace.y) for trace in uses.data] == [[7], [3]]
    for drawn in (figure, uses):
        assert "<img" not in str(drawn.to_plotly_json()), "Plotly reads HTML in the texts it draws"


def test_a_trained_vocabulary_is_drawn() -> None:
    trained = vocabulary.train("unigram", ["The film was good.", "A bad film, a good plot."] * 10, 300)
    figure = token_figures.learned_uses(trained.learned)
    shown = [y for trace in figure.data for y in trace.y]
    assert sum(shown) == trained.tokens

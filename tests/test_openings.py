"""The rules by which a page opens at something telling, on texts and matrices made by hand."""

import numpy as np
import pytest

from core import openings
from core.results import Token, Tokens


def read(*pieces: str) -> Tokens:
    """Tokens as WordPiece writes them: "##…" goes on with the word, [X] is special, "?" an unknown word."""
    tokens, text, word = [], "", -1
    for position, piece in enumerate(pieces):
        special, unknown, goes_on = piece.startswith("["), piece == "?", piece.startswith("##")
        letters = piece.removeprefix("##")
        if not special:
            text += "" if goes_on or not text else " "
            word += not goes_on
        start = None if special else len(text)
        text += "" if special else letters
        kind = "special" if special else "unknown" if unknown else "continuation" if goes_on else "word"
        tokens.append(
            Token(piece, hash(piece) % 1000, kind, start, None if special else len(text), None if special else 0,
                  None if special else word, 0, position, True)
        )  # fmt: skip
    return Tokens("", text, "", tuple(tokens), 64, "", "", 0)


PLOT = read("[CLS]", "the", "acting", "is", "un", "##for", "##get", "##table", ".", "[SEP]")


def test_the_longest_word_in_one_piece_is_hidden() -> None:
    assert openings.word_to_hide(PLOT) == (2,)
    assert openings.word_to_hide(read("[CLS]", "good", "or", "poor", "[SEP]")) == (3,), "of equals the last"


def test_where_every_word_is_cut_all_pieces_of_the_longest_are_hidden() -> None:
    assert openings.word_to_hide(read("[CLS]", "so", "##so", "un", "##kind", "##ly", "[SEP]")) == (3, 4, 5)


@pytest.mark.parametrize("pieces", [("[CLS]", "!", "[SEP]"), ("[CLS]", "?", "[SEP]"), ("[CLS]", "1604", "[SEP]")])
def test_a_text_without_words_hides_nothing_and_follows_its_first_token(pieces: tuple[str, ...]) -> None:
    tokens = read(*pieces)
    assert openings.word_to_hide(tokens) == () and openings.token_to_follow(tokens) == 1
    assert openings.word_to_cut(tokens) == (0, False)


def test_the_token_that_is_followed_is_the_longest_piece_of_the_word_that_is_hidden() -> None:
    assert openings.token_to_follow(PLOT) == 2
    assert openings.token_to_follow(read("[CLS]", "", "##剧情", "##很", "##单薄", "[SEP]")) == 2, "not the empty piece"


def test_the_word_in_most_pieces_is_cut() -> None:
    assert openings.word_to_cut(PLOT) == (3, True)
    assert openings.word_to_cut(read("[CLS]", "a", "quite", "good", "film", "[SEP]")) == (1, False), "the longest"


def test_words_of_the_second_text_do_not_count() -> None:
    second = Token("unforgettable", 1, "word", 0, 13, 1, 0, 1, 3, True)
    tokens = Tokens("", "so good", "unforgettable", (*read("[CLS]", "so", "good").tokens, second), 64, "", "", 3)
    assert openings.word_to_hide(tokens) == (2,)


ROW = read("[CLS]", "red", "blue", "red", "[SEP]")
UNIFORM = np.full((5, 5), 0.2)


def looking(*targets: int) -> np.ndarray:
    """Each token puts 0.9 of its attention on one place, and the rest on the others."""
    weights = np.full((5, 5), 0.025)
    weights[range(5), targets] = 0.9
    return weights


PREVIOUS, NEXT = looking(0, 0, 1, 2, 3), looking(1, 2, 3, 4, 4)
SAME, REST = looking(0, 3, 0, 1, 4), looking(0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("weights", "kind", "share"),
    [(PREVIOUS, "previous", 0.9), (NEXT, "next", 0.9), (SAME, "same", 0.9), (REST, "rest", 0.925)],
)
def test_a_head_is_named_after_what_it_does(weights: np.ndarray, kind: str, share: float) -> None:
    found = openings.habit(np.stack([[UNIFORM, UNIFORM], [UNIFORM, weights]]), ROW)
    assert (found.layer, found.head, found.kind) == (1, 1, kind)
    assert found.share == pytest.approx(share)


def test_the_strongest_habit_is_taken_and_resting_only_where_there_is_no_other() -> None:
    assert openings.habit(np.array([[REST, 0.7 * PREVIOUS + 0.3 * UNIFORM], [NEXT, UNIFORM]]), ROW).kind == "next"
    assert openings.habit(np.array([[UNIFORM, UNIFORM], [REST, UNIFORM]]), ROW) == openings.Habit(
        1, 0, "rest", pytest.approx(0.925)
    )


def test_what_special_tokens_do_counts_nothing() -> None:
    weights = UNIFORM.copy()
    weights[0], weights[4] = (0, 1, 0, 0, 0), (0, 0, 0, 1, 0)
    assert openings.habit(weights[None, None], ROW).share == pytest.approx(0.4), "two of five places are special"


def test_an_input_of_special_tokens_alone_opens_at_the_first_head() -> None:
    assert openings.habit(UNIFORM[None, None, :2, :2], read("[CLS]", "[SEP]")) == openings.Habit(0, 0, "rest", 0.0)


def test_the_share_in_which_a_head_stands_out_most() -> None:
    values = {
        "previous": np.array([[0.1, 0.2], [0.9, 0.3]]),
        "cls": np.array([[0.4, 0.8], [0.1, 0.1]]),
        "other": np.full((2, 2), 1.0),
    }
    assert openings.clearest(values, ("cls", "previous")) == ("previous", 1, 0)


def test_the_head_whose_attention_moves_most_in_some_rows() -> None:
    before = np.zeros((2, 2, 3, 3))
    after = before.copy()
    after[1, 0, 2], after[0, 1, 0] = 0.5, 0.9
    assert openings.most_moved(before, after, (2,)) == (1, 0)
    assert openings.most_moved(before, after, (0, 1, 2)) == (0, 1)

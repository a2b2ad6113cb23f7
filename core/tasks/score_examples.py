"""A dozen rows with a score each, of texts and of pairs. This module does not know how they are learnt."""

from core.tables.table import Table, make_table

TEXTS = (
    ("The best soup I have had in years.", "5"),
    ("Cold coffee, rude waiter, never again.", "1"),
    ("Decent food, nothing special.", "3"),
    ("Good bread, and the soup was hot.", "4"),
    ("The waiter was slow and the food was cold.", "2"),
    ("Wonderful evening, wonderful food.", "5"),
    ("The soup tasted of nothing.", "2"),
    ("An ordinary lunch at an ordinary price.", "3"),
    ("I waited an hour and left hungry.", "1"),
    ("Friendly waiter, fair price, good coffee.", "4"),
    ("Everything was perfect.", "5"),
    ("A hair in the soup and no apology.", "1"),
)
PAIRS = (
    ("The shop is closed today.", "Today the shop is shut.", "5"),
    ("The shop is closed today.", "The moon is far away.", "0"),
    ("He plays the piano every evening.", "Each evening he plays piano.", "5"),
    ("He plays the piano every evening.", "He sold the piano last year.", "2"),
    ("The train leaves at noon.", "The train leaves at midnight.", "3"),
    ("The train leaves at noon.", "Her shoes are wet.", "0"),
    ("She planted a tree in the garden.", "A tree was planted by her in the garden.", "5"),
    ("She planted a tree in the garden.", "She cut the grass in the garden.", "2"),
    ("The bread is fresh.", "This bread was baked this morning.", "4"),
    ("The bread is fresh.", "The bread is not fresh any more.", "3"),
    ("Two boys swim in the lake.", "Boys are swimming in a lake.", "4"),
    ("Two boys swim in the lake.", "The judge read the letter.", "0"),
)


def text_example() -> Table:
    """Texts with a score each."""
    texts, scores = zip(*TEXTS, strict=True)
    return make_table(["text", "score"], [texts, scores], len(TEXTS))


def pair_example() -> Table:
    """Pairs of texts with a score each."""
    return make_table(["text", "pair", "score"], list(zip(*PAIRS, strict=True)), len(PAIRS))

"""A dozen rows of classification, of texts and of pairs. This module does not know how they are learnt."""

from core.tables.table import Table, make_table

TEXTS = (
    ("The pump works again, thank you!", "praise"),
    ("My order arrived two weeks late.", "complaint"),
    ("The staff were friendly and quick.", "praise"),
    ("The screen was cracked when I opened the box.", "complaint"),
    ("Best bread in town.", "praise"),
    ("Nobody answers the phone.", "complaint"),
    ("I would buy it again at once.", "praise"),
    ("The second cup leaked as well.", "complaint"),
    ("Clear instructions and a fair price.", "praise"),
    ("They charged me twice.", "complaint"),
    ("The room was quiet and clean.", "praise"),
    ("It stopped working after a day.", "complaint"),
)
PAIRS = (
    ("Is the museum open today?", "The museum opens at nine every day.", "answers"),
    ("Is the museum open today?", "The bus was full of tourists.", "does not answer"),
    ("Who wrote the letter?", "Her aunt wrote the letter in May.", "answers"),
    ("Who wrote the letter?", "Letters need a stamp.", "does not answer"),
    ("Where is the bakery?", "The bakery stands beside the bridge.", "answers"),
    ("Where is the bakery?", "Bread is made of flour and water.", "does not answer"),
    ("When does the train leave?", "The train leaves at noon.", "answers"),
    ("When does the train leave?", "Trains run on rails.", "does not answer"),
    ("How much is the ticket?", "A ticket costs four pounds.", "answers"),
    ("How much is the ticket?", "He lost his ticket.", "does not answer"),
    ("What colour is the door?", "The door was painted green.", "answers"),
    ("What colour is the door?", "The door is closed.", "does not answer"),
)


def text_example() -> Table:
    """Texts with a label each."""
    texts, labels = zip(*TEXTS, strict=True)
    return make_table(["text", "label"], [texts, labels], len(TEXTS))


def pair_example() -> Table:
    """Pairs of texts with a label each."""
    return make_table(["text", "pair", "label"], list(zip(*PAIRS, strict=True)), len(PAIRS))

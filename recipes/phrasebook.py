"""A phrasebook that is made, not collected: English sentences with their Chinese or French, over a small vocabulary.

The sentences are those of recipes/phrasebook_grammar.py and recipes/phrasebook_french.py. Some words, and some combinations of words,
are kept out of training altogether: what a model makes of the combinations shows what it generalises to, what it makes of the words
what it cannot know.

    python -m recipes.phrasebook        writes core/data/written/phrasebook/zh.jsonl and fr.jsonl, the same files each time
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from random import Random
from typing import TypeVar

from core.data.dataset import WRITTEN
from recipes import phrasebook_french, phrasebook_grammar
from recipes.phrasebook_grammar import Draw, Sentence
from recipes.phrasebook_words import Word

HOME = WRITTEN / "phrasebook"
PATTERNS = {"zh": phrasebook_grammar.PATTERNS, "fr": phrasebook_french.PATTERNS}
DRAWS = {"zh": 118, "fr": 190}  # sentences of a pattern, where it has so many
UNIT = {"zh": re.compile(r"."), "fr": re.compile(r"[\w'-]+")}  # what a translation is made of: characters, words
SEED = 13
HELD_OUT_WORDS = frozenset(
    "banana bananas juice umbrella umbrellas camera cameras guitar badminton french museum airport grandmother nurse nurses thirsty "
    "thirstier dirty dirtier dance dances danced dancing thursday thursdays".split()
)  # every form of a word
HELD_OUT_PAIRS = 0.12  # share of the pairs of words that go together
VALIDATION, COMBINATIONS, WORDS = 200, 250, 100
PLAIN = "plain"  # the kind of a sentence whose words and combinations training knows

T = TypeVar("T")


def is_held_out(link: tuple[Word, Word]) -> bool:
    """Whether two words are kept apart in training: by their names alone, so that a new pattern moves no other."""
    digest = sha256("+".join(sorted(word.id for word in link)).encode()).digest()
    return digest[0] / 256 < HELD_OUT_PAIRS


def drawn(language: str) -> list[list[Sentence]]:
    """The sentences of each pattern, none twice."""
    seen: set[str] = set()
    found = []
    for pattern in PATTERNS[language]:
        draw = Draw(Random(f"{SEED} {pattern.__name__}"))
        own: list[Sentence] = []
        for _ in range(4 * DRAWS[language]):
            made = pattern(draw)
            if len(own) < DRAWS[language] and made.source not in seen:
                seen.add(made.source)
                own.append(made)
        found.append(own)
    return found


def in_turn(groups: Sequence[Sequence[T]], count: int) -> list[T]:
    """The first of each group, then the second of each, and so on."""
    longest = max(len(group) for group in groups)
    return [group[place] for place in range(longest) for group in groups if place < len(group)][:count]


def made(language: str) -> Iterator[dict[str, str]]:
    """The rows of a file."""
    groups = drawn(language)
    apart = {link for group in groups for row in group for link in row.links if is_held_out(link)}
    forms = [(one.forms, other.forms) for one, other in apart]
    known: list[Sentence] = []
    mixed: list[list[Sentence]] = []
    unknown: defaultdict[str, list[Sentence]] = defaultdict(list)
    for group in groups:
        mixed.append([])
        for row in group:
            words = row.words
            new = sorted(words & HELD_OUT_WORDS)
            if not any(one & words and other & words for one, other in forms):
                if len(new) == 1:
                    unknown[new[0]].append(row)
                elif not new:
                    known.append(row)
            elif not new and apart & set(row.links):
                mixed[-1].append(row)
    Random(SEED).shuffle(known)
    train, validation = known[VALIDATION:], known[:VALIDATION]
    counts = Counter(word for row in train for word in row.words)
    units = {unit for row in train for unit in UNIT[language].findall(row.target)}

    def understood(row: Sentence, but: frozenset[str] = frozenset()) -> bool:
        """Whether training knows each of its words well."""
        return all(counts[word] >= 3 for word in row.words - but) and (
            bool(but) or units.issuperset(UNIT[language].findall(row.target))
        )

    combinations = [[row for row in group if understood(row)] for group in mixed]
    with_word = [[row for row in unknown[word] if understood(row, HELD_OUT_WORDS)] for word in sorted(unknown)]
    parts = (
        ("train", PLAIN, train),
        ("validation", PLAIN, [row for row in validation if understood(row)]),
        ("test", "combinations", in_turn(combinations, COMBINATIONS)),
        ("test", "words", in_turn(with_word, WORDS)),
    )
    for split, kind, rows in parts:
        for row in rows:
            yield {"source": row.source, "target": row.target, "split": split, "kind": kind}


def text(language: str) -> str:
    """What a file holds."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made(language))


if __name__ == "__main__":
    HOME.mkdir(exist_ok=True)
    for language in PATTERNS:
        file = HOME / f"{language}.jsonl"
        file.write_text(text(language), encoding="utf-8")
        rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
        print(f"{file.stat().st_size // 1000} kB", dict(Counter((row["split"], row["kind"]) for row in rows)))

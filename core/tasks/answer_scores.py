"""How well questions are answered: exact match and F1 as SQuAD counts them, by question word, and the threshold of "no answer".

Texts are compared without case, punctuation and English articles (Rajpurkar et al. 2016, 2018); Chinese is compared by characters
(Cui et al. 2019). This module does not know how answers are found.
"""

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.corpus import sentence_spans
from core.data.columns import CJK
from core.errors import N_
from core.tasks import tfidf

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = frozenset(string.punctuation + "。，、；：！？“”‘’（）《》〈〉「」『』【】…—·～")
EXCERPT = 300  # characters of a passage on either side of an answer
ALWAYS = 1.0  # a threshold with which every question is answered
UNDECIDED = 0.5  # where nothing else was chosen: the likelier of the two
# What a question asks for, by its first word of this kind; a longer one comes before its beginning.
ENGLISH = ("how many", "how much", "how long", "how", "what", "which", "whose", "whom", "who", "when", "where", "why")
CHINESE = {
    "多少": "多少|几(?!乎)", "什么时候": "什么时候|何时|哪一?年|哪一?天|几点|何年", "哪里": "哪里|哪儿|何处|什么地方|在哪",
    "为什么": "为什么|为何|为啥", "怎么": "怎么|怎样|如何", "谁": "谁|何人|哪位", "哪": "哪", "什么": "什么|何",
}  # fmt: skip
ASKED = re.compile(
    "|".join(
        [rf"\b(?P<en{place}>{word})\b" for place, word in enumerate(ENGLISH)]
        + [f"(?P<zh{place}>{words})" for place, words in enumerate(CHINESE.values())]
    )
)


@dataclass(frozen=True)
class Score:
    """n questions: the fraction answered exactly, and the mean F1."""

    n: int
    em: float
    f1: float


@dataclass(frozen=True)
class WordScore:
    """The questions with one question word, "" for those without any."""

    word: str
    score: Score


@dataclass(frozen=True)
class Baseline:
    """What can be reached without a model. title: marked for translation."""

    title: str
    score: Score


@dataclass(frozen=True)
class Span:
    """Characters of a passage, from start up to, not including, end."""

    start: int
    end: int


@dataclass(frozen=True)
class Example:
    """A question with a wrong or partly right answer. passage: an excerpt; gold, predicted: where in it the answers stand, if any.

    answers: the right ones, () where there is none. answer: the model's, "" for none. doubt: as in core.tasks.answers.Answered.
    """

    question: str
    passage: str
    answers: tuple[str, ...]
    gold: Span | None
    answer: str
    predicted: Span | None
    f1: float
    doubt: float


@dataclass(frozen=True)
class Answers:
    """What is known of answers besides the metrics.

    answerable, unanswerable: the questions with and without an answer in their passage; of the latter em is the fraction of which
    the model says so. words: by question word, the most frequent first. threshold: of "no answer". baselines: () while training runs.
    examples: the worst answers first.
    """

    answerable: Score
    unanswerable: Score
    words: tuple[WordScore, ...]
    threshold: float
    baselines: tuple[Baseline, ...]
    examples: tuple[Example, ...]


# --- SQuAD's measures --------------------------------------------------------------------------------------------------


def tokens(text: str) -> list[str]:
    """A text as it is compared: its words in small letters without punctuation and articles; Chinese characters one by one."""
    lower = "".join(sign for sign in text.lower() if sign not in PUNCTUATION)
    return ARTICLES.sub(" ", CJK.sub(lambda sign: f" {sign[0]} ", lower)).split()


def exact(answer: str, gold: Sequence[str]) -> bool:
    """Whether an answer is one of the right ones; "" is right where there is none."""
    return any(tokens(answer) == tokens(one) for one in _gold(gold))


def f1(answer: str, gold: Sequence[str]) -> float:
    """The best harmonic mean of precision and recall of an answer's words over the right answers; 1 or 0 where one has no words."""
    return max(_f1(tokens(answer), tokens(one)) for one in _gold(gold))


def _gold(gold: Sequence[str]) -> list[str]:
    """The right answers that have words; "" where there is none, as the official script has it."""
    return [one for one in gold if tokens(one)] or [""]


def _f1(answer: list[str], gold: list[str]) -> float:
    if not (answer and gold):
        return float(answer == gold)
    same = (Counter(answer) & Counter(gold)).total()
    return 2 * same / (len(answer) + len(gold))


def score(em: np.ndarray, f1s: np.ndarray) -> Score:
    """em, f1s: (N,)."""
    return Score(len(em), float(em.mean()) if len(em) else 0.0, float(f1s.mean()) if len(f1s) else 0.0)


# --- What is asked -----------------------------------------------------------------------------------------------------


def question_word(question: str) -> str:
    """The word that says what is asked for, in its usual form; "" where there is none."""
    found = ASKED.search(question.casefold())
    if found is None or found.lastgroup is None:
        return ""
    place = int(found.lastgroup[2:])
    return ENGLISH[place] if found.lastgroup.startswith("en") else list(CHINESE)[place]


def by_word(questions: Sequence[str], em: np.ndarray, f1s: np.ndarray) -> tuple[WordScore, ...]:
    """The scores of the questions with each question word, the most frequent first."""
    words = np.array([question_word(question) for question in questions], dtype=object)
    return tuple(
        WordScore(word, score(em[words == word], f1s[words == word])) for word, _ in Counter(words).most_common()
    )


# --- No answer ---------------------------------------------------------------------------------------------------------


def best_threshold(doubts: np.ndarray, f1s: np.ndarray, unanswerable: np.ndarray) -> float:
    """The threshold with the best mean F1: a question is answered when its doubt is at most so high.

    doubts: (N,) in 0…1. f1s: (N,), of the answer where one is given. unanswerable: (N,). A threshold lies halfway between two
    doubts, of equally good ones that nearest to 0.5; where all questions can be answered, it is ALWAYS.
    """
    if not unanswerable.any():
        return ALWAYS
    order = np.argsort(doubts, kind="stable")
    ordered = doubts[order]
    gain = np.where(unanswerable, -1.0, f1s)[order]  # of answering instead of saying that there is no answer
    totals = np.concatenate([[0.0], np.cumsum(gain)])
    edges = np.concatenate([[0.0], ordered, [1.0]])
    between = (edges[:-1] + edges[1:]) / 2  # between[k]: the k least doubtful questions are answered
    apart = np.concatenate([[True], np.diff(ordered) > 0, [True]]) if len(ordered) else np.array([True])
    best = totals[apart].max()
    candidates = between[apart & (totals >= best - 1e-9)]
    return float(candidates[np.abs(candidates - UNDECIDED).argmin()])


# --- Without a model ---------------------------------------------------------------------------------------------------


def best_sentence(question: str, passage: str) -> Span | None:
    """The sentence of a passage with most words of the question, the first of equals; None where none has any."""
    asked = set(tokens(question))
    spans = sentence_spans(passage) or ((0, len(passage)),)
    shared = [len(asked & set(tokens(passage[start:end]))) for start, end in spans]
    return Span(*spans[int(np.argmax(shared))]) if any(shared) else None


def baselines(questions: Sequence[str], passages: Sequence[str], gold: Sequence[Sequence[str]]) -> tuple[Baseline, ...]:
    """The sentence with most words in common, the sentence nearest by TF-IDF, and never an answer."""
    pairs = list(zip(questions, passages, strict=True))
    best = [best_sentence(question, passage) for question, passage in pairs]
    shared = [passage[span.start : span.end] if span else "" for span, passage in zip(best, passages, strict=True)]
    answers = {
        N_("the sentence with most words in common"): shared,
        N_("the sentence nearest by TF-IDF"): _nearest(questions, passages),
        N_("always “no answer”"): [""] * len(pairs),
    }
    return tuple(
        Baseline(
            title,
            score(
                np.array([exact(answer, right) for answer, right in zip(given, gold, strict=True)], dtype=float),
                np.array([f1(answer, right) for answer, right in zip(given, gold, strict=True)]),
            ),
        )
        for title, given in answers.items()
    )


def _nearest(questions: Sequence[str], passages: Sequence[str]) -> list[str]:
    """The sentence of each passage whose TF-IDF vector lies nearest to that of its question."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # here: pages that only predict start sooner

    distinct = list(dict.fromkeys(passages))
    sentences = {
        passage: [passage[start:end] for start, end in sentence_spans(passage)] or [passage] for passage in distinct
    }
    flat = [sentence for passage in distinct for sentence in sentences[passage]]
    counter = TfidfVectorizer(**tfidf.units_of(flat), sublinear_tf=True)
    try:
        vectors = counter.fit_transform(flat)
    except ValueError:  # not one word in them
        return [sentences[passage][0] for passage in passages]
    begins = dict(zip(distinct, np.cumsum([0, *(len(sentences[passage]) for passage in distinct)]), strict=False))
    asked = counter.transform(questions)
    found = []
    for row, passage in enumerate(passages):
        begin = begins[passage]
        near = (vectors[begin : begin + len(sentences[passage])] @ asked[row].T).toarray()[:, 0]
        found.append(sentences[passage][int(near.argmax())])
    return found


# --- Mistakes ----------------------------------------------------------------------------------------------------------


def excerpt(passage: str, gold: Span | None, predicted: Span | None) -> tuple[str, Span | None, Span | None]:
    """The part of a passage around two spans, and where they stand in it."""
    marks = [mark for mark in (gold, predicted) if mark is not None]
    first = max(0, min((mark.start for mark in marks), default=0) - EXCERPT)
    last = max((mark.end for mark in marks), default=0) + EXCERPT
    before, after = "… " if first else "", " …" if last < len(passage) else ""

    def moved(mark: Span | None) -> Span | None:
        shift = len(before) - first
        return None if mark is None else Span(mark.start + shift, mark.end + shift)

    return before + passage[first:last] + after, moved(gold), moved(predicted)

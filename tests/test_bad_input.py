"""What is said of bad input is said in Chinese too: each message is made by core here, and some of them are read on the pages."""

import json
import re
import string
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from streamlit.testing.v1 import AppTest

from core import predict
from core.data import fit, scored
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.errors import Note, UserError
from core.search import index
from core.tables import pdf
from core.tasks import answers, passages
from core.tasks.table import TASKS
from pages.shared import i18n
from pages.shared.data_form import uploads
from tests.conftest import make_tokenizer
from tests.pages_common import check, open_page, texts
from tests.tables import pdf_bytes

CHINESE = re.compile(r"[\u4e00-\u9fff]")
PASSAGE = "The film was good, the acting was great and the plot was boring."
QUESTIONS = [
    {"question": f"What was good in {i}?", "context": f"{PASSAGE} {i}", "answer": "The film"} for i in range(8)
]
MESSAGES = [(f"the film number {i} was good", ("good", "plot")[i % 2]) for i in range(12)]


def lines(rows: Iterable[Mapping[str, object]]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def table(head: str, rows: Iterable[tuple[str, str]]) -> bytes:
    return "\n".join([head, *(",".join(row) for row in rows)]).encode()


# Files with something bad in them: name, content, the task that they are read for.
FILES: dict[str, tuple[str, bytes, str]] = {
    "an answer outside its passage": (
        "q.jsonl", lines([*QUESTIONS, {"question": "Who?", "context": PASSAGE, "answer": "Mira Novak"}]), "question-answering",
    ),
    "an empty passage": (
        "q.jsonl", lines([*QUESTIONS, {"question": "Who?", "context": " ", "answer": ""}]), "question-answering",
    ),
    "the same text again": ("t.csv", table("text,label", [*MESSAGES, MESSAGES[0]]), "text-classification"),
    "the same text with another label": (
        "t.csv", table("text,label", [*MESSAGES, (MESSAGES[0][0], MESSAGES[1][1])]), "text-classification",
    ),
    "scores that are text": ("s.csv", table("text,score", MESSAGES), "text-scoring"),
    "a stray separator": (
        "l.csv", table("text,labels", [(text, ("good|plot", "plot", "good|")[i % 3]) for i, (text, _) in enumerate(MESSAGES)]), "multi-label",
    ),
    "an empty target": (
        "w.jsonl", lines([*({"source": text, "target": f"{text} too"} for text, _ in MESSAGES), {"source": "good", "target": ""}]), "text-to-text",
    ),
}  # fmt: skip
SAID = {
    "an answer outside its passage": "its answer is not in its passage",
    "an empty passage": "the passage is empty",
    "the same text again": "the same text and label stand there again",
    "the same text with another label": "the same text stands there with different labels",
    "scores that are text": "column '{column}' holds text, not numbers",
    "a stray separator": "in {count} rows a “{sign}” has no label beside it",
    "an empty target": "the target is empty",
}  # how the message of each begins


def of_file(kind: str, folder: Path) -> list[Note]:
    """What reading a file says: why it cannot be read, or what was left out and what is odd about it."""
    name, content, task = FILES[kind]
    path = folder / name
    path.write_bytes(content)
    try:
        report = load(str(path), TASKS[task].layout, allow_path=True).report
    except UserError as error:
        return [(error.message, error.values)]
    return [*((row.reason, {}) for row in report.dropped), *report.notes]


def refused(act: Callable[[], object]) -> list[Note]:
    with pytest.raises(UserError) as found:
        act()
    return [(found.value.message, found.value.values)]


def long_question() -> None:
    question = "film " * 600
    answers._refuse_long([question], passages.cut(make_tokenizer(), [question], [PASSAGE], 64))


ROLES = LAYOUTS["question-answers"].inputs
OTHERS: dict[str, tuple[Callable[[], list[Note]], str]] = {
    "no passage for a question": (
        lambda: refused(lambda: predict.refuse_empty({"text": ["Who?"], "pair": [" "]}, ROLES)),
        "the passage is empty; give the text",
    ),
    "no question": (
        lambda: refused(lambda: predict.refuse_empty({"text": [""], "pair": [PASSAGE]}, ROLES)),
        "the question is empty; ask something first",
    ),
    "a question of 600 tokens": (lambda: refused(long_question), "the question '{question}' has {tokens} tokens"),
    "a PDF without text": (lambda: refused(lambda: pdf.pages(pdf_bytes(["", ""]), "scan.pdf")), "{file} holds no text"),
    "an index of one text": (lambda: list(index.remarks(["a"])), "there is only one text to search"),
    "an index of identical texts": (
        lambda: list(index.remarks(["a", "a", "b"])),
        "{count:,} of the {total:,} texts are there more than once",
    ),
    "scores that are text, alone": (
        lambda: refused(lambda: scored.numbers(["good", "bad"], "score")),
        "column '{column}' holds text, not numbers",
    ),
    "a source of 5,000 words": (
        lambda: list(fit.advice({"text": ["film " * 5000]}, make_tokenizer(), 64, cut=True)),
        "the text is longer than {limit} tokens",
    ),
    "a language that the vocabulary lacks": (
        lambda: list(fit.advice({"text": ["мой пакет не пришёл"]}, make_tokenizer(), 64, cut=False)),
        "{share:.0%} of this text's tokens are unknown",
    ),
}  # what makes the messages, and how the one that is meant begins


@pytest.fixture(scope="module")
def catalogue() -> dict[str, str]:
    with i18n.CATALOGUE.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale="zh_CN") if m.id}


def in_chinese(note: Note, catalogue: Mapping[str, str]) -> str:
    """The message with its values in Chinese; it has the English one's placeholders, with their formats, and nothing is left to fill in."""
    message, values = note

    def fields(text: str) -> set[tuple[str, str]]:
        return {(name, form or "") for _, name, form, _ in string.Formatter().parse(text) if name}

    chinese = catalogue[message]
    assert CHINESE.search(chinese) and chinese != message
    assert fields(chinese) == fields(message), message
    shown = chinese.format(**values)
    assert not re.search(r"\{[a-z]+[:}]", shown)
    return shown


def the_one(notes: list[Note], begins: str) -> Note:
    found = [note for note in notes if note[0].startswith(begins)]
    assert len(found) == 1, notes
    return found[0]


@pytest.mark.parametrize("kind", FILES)
def test_what_is_wrong_with_a_file_is_translated(kind: str, tmp_path: Path, catalogue: dict[str, str]) -> None:
    in_chinese(the_one(of_file(kind, tmp_path), SAID[kind]), catalogue)


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_wrong_with_a_text_is_translated(kind: str, catalogue: dict[str, str]) -> None:
    make, begins = OTHERS[kind]
    in_chinese(the_one(make(), begins), catalogue)


# --- On the pages ------------------------------------------------------------------------------------------------------


def in_words(chinese: str) -> list[str]:
    """The parts of a message between its placeholders."""
    return [part for part, *_rest in string.Formatter().parse(chinese) if CHINESE.search(part)]


def shown(app: AppTest) -> str:
    """Everything the page says, tables included."""
    cells = [str(cell) for table in check(app).dataframe for cell in table.value.to_numpy().ravel()]
    return "\n".join([texts(app), *cells]).replace("\\", "")


@pytest.mark.parametrize("kind", FILES)
def test_fine_tune_says_it_in_chinese(kind: str, tmp_path: Path, catalogue: dict[str, str]) -> None:
    name, content, task = FILES[kind]
    data = uploads.keep_upload(name, content)
    said = shown(open_page("finetune", data=data, task=task, model="minilm", lang="zh"))
    note = the_one(of_file(kind, tmp_path), SAID[kind])
    assert in_chinese(note, catalogue) in said and note[0].format(**note[1]) not in said


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("an index of one text", {"passages": "唯一的一条"}),
        ("an index of identical texts", {"passages": "the same\nthe same\nanother"}),
    ],
)
def test_search_says_it_in_chinese(kind: str, query: dict[str, str], catalogue: dict[str, str]) -> None:
    make, begins = OTHERS[kind]
    said = shown(open_page("search", shelf="lines", searcher="minilm", ask="which", lang="zh", **query))
    assert in_chinese(the_one(make(), begins), catalogue) in said


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ("parcel " * 600, "what you wrote is longer than the {limit} tokens that this model reads: its end does not count"),
        ("我的包裹在哪里？", fit.UNKNOWN_HERE),
    ],
    ids=["600 tokens", "another language"],
)  # fmt: skip
def test_search_says_in_chinese_what_the_model_cannot_read(ask: str, message: str, catalogue: dict[str, str]) -> None:
    said = shown(open_page("search", shelf="en", searcher="minilm", ask=ask, lang="zh"))
    assert all(part in said for part in in_words(catalogue[message]))


@pytest.mark.parametrize(
    ("model", "text", "begins"),
    [
        ("minilm-sentiment", " ", "the text is empty; write something first"),
        ("minilm-answers", "clock " * 600, "the question '{question}' has {tokens} tokens"),
    ],
    ids=["no text", "600 tokens"],
)
def test_the_playground_says_it_in_chinese(model: str, text: str, begins: str, catalogue: dict[str, str]) -> None:
    app = check(open_page("playground", model=model, text=text, pair=PASSAGE, view="one", lang="zh"))
    (message,) = [english for english in catalogue if english.startswith(begins)]
    said = "\n".join(str(error.value) for error in app.error).replace("\\", "")
    assert app.error and all(part in said for part in in_words(catalogue[message]))

"""Sentences with entities: every scheme, file and export that is read, and what each bad one is told."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import conll, entities, tagging
from core.data.columns import choose_inputs
from core.data.dataset import TextDataset
from core.data.entities import Mark
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.data.tagging import Span
from core.errors import UserError
from core.tables.table import FIND_OUT, make_table

LAYOUT = LAYOUTS["words-tags"]
IOB2 = "EU\tB-ORG\nrejects\tO\nGerman\tB-MISC\ncall\tO\n\nPeter\tB-PER\nBlackburn\tI-PER\n\t\nIt\tO\nrained\tO\n"
SENTENCES = [
    (["EU", "rejects", "German", "call"], ["B-ORG", "O", "B-MISC", "O"]),
    (["Peter", "Blackburn"], ["B-PER", "I-PER"]),
    (["It", "rained"], ["O", "O"]),
]


def write(folder: Path, content: str, name: str = "data.conll") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def read(folder: Path, content: str, name: str = "data.conll") -> list[tuple[list[str], list[str]]]:
    """The sentences of a file with their tags in IOB2, in their order."""
    dataset = measured(folder, content, name)
    rows = dataset.splits["test"]
    return list(zip(rows["words"], rows["tags"], strict=True))


def measured(folder: Path, content: str, name: str = "data.conll") -> TextDataset:
    return load(str(write(folder, content, name)), LAYOUT, allow_path=True, whole=True)


def trained(folder: Path, content: str, name: str = "data.conll") -> TextDataset:
    return load(str(write(folder, content, name)), LAYOUT, allow_path=True)


# --- Schemes -----------------------------------------------------------------------------------------------------------


@st.composite
def tagged(draw: st.DrawFn) -> tuple[int, list[Span]]:
    """A sentence's length and spans of it that do not overlap; some touch."""
    spans: list[Span] = []
    place = 0
    for gap, size, kind in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from("AB")), max_size=5)
    ):
        spans.append(Span(place + gap, place + gap + size, kind))
        place += gap + size
    return place + draw(st.integers(0, 2)) or 1, spans


@given(st.lists(tagged(), min_size=1, max_size=6), st.sampled_from(["IOB1", "IOB2", "BIOES", "BMES", "BILOU"]))
def test_spans_survive_every_scheme(sentences: list[tuple[int, list[Span]]], scheme: str) -> None:
    written = [tagging.encode(spans, n, scheme) for n, spans in sentences]
    for tags, (_, spans) in zip(written, sentences, strict=True):
        assert tagging.decode(tags, scheme) == spans
        assert tagging.repaired(tags, spans, scheme) == 0
    recognised = tagging.recognise(written)
    letters = {tag[0] for tags in written for tag in tags} - {"O"}
    assert recognised == scheme or not letters & set("MELSU")  # nothing shows the scheme, and it reads the same


def by_conlleval(tags: Sequence[str]) -> list[Span]:
    """What conlleval.pl takes for chunks, by its own two rules (startOfChunk, endOfChunk)."""
    spans, start = list[Span](), 0
    pairs = [(tag[0], tag[2:]) for tag in ["O", *tags, "O"]]
    for place, ((before, old), (letter, kind)) in enumerate(pairwise(pairs)):
        ends = before in "ES" or (before in "BI" and letter in "BSO") or (before != "O" and old != kind)
        starts = letter in "BS" or (before in "ESO" and letter in "EI") or (letter != "O" and old != kind)
        if ends:
            spans.append(Span(start, place, old))
        if starts:
            start = place
    return spans


@given(st.lists(st.sampled_from(["O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B"]), max_size=12))
def test_any_sequence_is_read_as_conlleval_reads_it(tags: list[str]) -> None:
    spans = tagging.decode(tags, "BIOES")
    assert spans == by_conlleval(tags)
    assert tagging.decode(tagging.encode(spans, len(tags))) == spans


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("B-A I-A O B-A B-A", "IOB2"),
        ("I-A I-A O I-B B-B", "IOB1"),
        ("B-A E-A O S-B", "BIOES"),
        ("B-A M-A E-A S-B", "BMES"),
        ("B_A L_A O U_B", "BILOU"),
        ("PER PER O LOC", "IO"),
        ("E-mail E-mail O Name", "IO"),
        ("B I O", "IOB2"),
        ("O O", "IOB2"),
    ],
)
def test_a_scheme_is_recognised_by_its_tags(tags: str, scheme: str) -> None:
    assert tagging.recognise([tags.split()]) == scheme


def test_bare_types_are_one_entity_as_long_as_they_follow_each_other() -> None:
    assert tagging.decode("PER PER O LOC PER".split(), "IO") == [
        Span(0, 2, "PER"),
        Span(3, 4, "LOC"),
        Span(4, 5, "PER"),
    ]


# --- Words of a plain text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("O'Neill-McDonald's, 3rd!", ["O'Neill-McDonald", "'s", ",", "3rd", "!"]),
        ("@new_user likes #NewYork a@b.de", ["@new_user", "likes", "#NewYork", "a", "@", "b", ".", "de"]),
        ("Zoe\u0308 in São Paulo", ["Zoe\u0308", "in", "São", "Paulo"]),
        ("我爱Python编程。", ["我", "爱", "Python", "编", "程", "。"]),
        ("hi👩‍👩‍👧ok\ufe0f", ["hi", "👩", "👩", "👧", "ok"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("'quoted' - dash- rock'n'roll", ["'", "quoted", "'", "-", "dash", "-", "rock'n'roll"]),
        (" \u200b\t", []),
    ],
)
def test_what_a_word_is(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in tagging.words(text)] == words


@given(st.text(max_size=60))
def test_words_lie_in_the_text_in_order_and_miss_nothing_visible(text: str) -> None:
    spans = tagging.words(text)
    assert all(start < end for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    covered = {place for start, end in spans for place in range(start, end)}
    assert all(place in covered for place, character in enumerate(text) if character.isalnum())


def test_chinese_words_are_joined_without_spaces_and_others_with_one() -> None:
    assert tagging.spell(list("我在北京")) == ("我在北京", [0, 1, 2, 3])
    assert tagging.spell(["I", "love", "Rome"]) == ("I love Rome", [0, 2, 7])
    assert tagging.spell(["用", "Open", "Office", "写", "信"])[0] == "用Open Office写信"


# --- Files -------------------------------------------------------------------------------------------------------------

NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyzäé京🙂0123456789", min_size=2, max_size=6).filter(
    lambda word: not word.isdecimal()
)


@given(
    sentences=st.lists(tagged(), min_size=1, max_size=5),
    words=st.lists(NAMES, min_size=3, max_size=40, unique=True),
    scheme=st.sampled_from(["IOB1", "IOB2", "BIOES", "BMES", "BILOU"]),
    separator=st.sampled_from([" ", "\t", "  "]),
    order=st.permutations(["word", "tag", "pos"]),
    extra=st.booleans(),
    end=st.sampled_from(["\n", "\n\t\n", "\n-DOCSTART- -X- O\n\n", "\n# id = 7\n"]),
)
def test_columns_are_recognised_in_any_order(
    sentences: list[tuple[int, list[Span]]],
    words: list[str],
    scheme: str,
    separator: str,
    order: list[str],
    extra: bool,
    end: str,
) -> None:
    columns = order if extra else [column for column in order if column != "pos"]
    sentences = [(max(3, n), spans) for n, spans in sentences]
    text, expected = "", []
    for n, spans in sentences:
        own = [words[i % len(words)] for i in range(n)]
        tags = tagging.encode(spans, n, scheme)
        expected.append((own, spans))
        for word, tag in zip(own, tags, strict=True):
            cells = {"word": word, "tag": tag, "pos": "NN"}
            text += separator.join(cells[column] for column in columns) + "\n"
        text += end
    table = conll.parse(text, "x.conll")
    assert table is not None
    found = list(zip(table.frame["words"], table.frame["tags"], strict=True))
    assert [(own, tagging.decode(tags)) for own, tags in found] == expected


@pytest.mark.parametrize(
    "content",
    [
        IOB2,
        IOB2.replace("\t", " "),
        IOB2.replace("\n", "\r\n"),
        "\ufeff" + IOB2,
        "-DOCSTART-\tO\n\n# sent_id = 1\n" + IOB2,
        "word\ttag\n" + IOB2,
        "EU NNP I-NP I-ORG\nrejects VBZ I-VP O\nGerman JJ I-NP I-MISC\ncall NN I-NP O\n\nPeter NNP I-NP I-PER\nBlackburn NNP I-NP I-PER\n\nIt PRP I-NP O\nrained VBD I-VP O",
        "1\tEU\tx\tS-ORG\n2\trejects\tx\tO\n3\tGerman\tx\tS-MISC\n4\tcall\tx\tO\n\n1\tPeter\tx\tB-PER\n2\tBlackburn\tx\tE-PER\n\n1\tIt\tx\tO\n2\trained\tx\tO",
        "EU/B-ORG rejects/O German/B-MISC call/O\nPeter/B-PER Blackburn/I-PER\nIt/O rained/O\n",
        "EU rejects German call\tB-ORG O B-MISC O\nPeter Blackburn\tB-PER I-PER\nIt rained\tO O\n",
        "EU\tORG\nrejects\tO\nGerman\tMISC\ncall\tO\n\nPeter\tPER\nBlackburn\tPER\n\nIt\tO\nrained\tO\n",
    ],
    ids="tabs spaces windows bom comments header conll2003 numbered slashes beside bare".split(),
)
def test_the_same_sentences_in_every_kind_of_file(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == SENTENCES
    assert read(tmp_path, content, "data.txt") == SENTENCES


def test_chinese_characters_and_their_text(tmp_path: Path) -> None:
    dataset = measured(tmp_path, "我 O\n在 O\n北 B-LOC\n京 E-LOC\n\n王 B-PER\n小 M-PER\n明 E-PER\n来 O\n")
    rows = dataset.splits["test"]
    assert rows["text"] == ["我在北京", "王小明来"]
    assert rows["tags"] == [["O", "O", "B-LOC", "I-LOC"], ["B-PER", "I-PER", "I-PER", "O"]]
    assert rows["starts"] == [[0, 1, 2, 3]] * 2
    assert (
        read(tmp_path, "我在北京\tO O B-LOC I-LOC\n王小明来\tB-PER I-PER I-PER O\n")[1][1]
        == "B-PER I-PER I-PER O".split()
    )


def test_a_column_may_say_the_split(tmp_path: Path) -> None:
    rows = [
        f"Bo{i}\tB-PER\t{split}\nsat\tO\t{split}\n"
        for i, split in enumerate(["train"] * 8 + ["dev"] * 2 + ["test"] * 3)
    ]
    dataset = trained(tmp_path, "\n".join(rows))
    assert dataset.report.counts == {"train": 8, "validation": 2, "test": 3}


JSON_FILES = {
    "tokens": [{"tokens": words, "ner_tags": tags} for words, tags in SENTENCES],
    "doccano": [
        {"id": 1, "text": "EU rejects German call", "label": [[0, 2, "ORG"], [11, 17, "MISC"]]},
        {"id": 2, "text": "Peter Blackburn", "label": [[0, 15, "PER"]]},
        {"id": 3, "text": "It rained", "label": []},
    ],
    "doccano entities": [
        {"text": "EU rejects German call", "entities": [{"id": 4, "label": "ORG", "start_offset": 0, "end_offset": 2}, {"label": "MISC", "start_offset": 11, "end_offset": 17}]},
        {"text": "Peter Blackburn", "entities": [{"label": "PER", "start_offset": 0, "end_offset": 15}]},
        {"text": "It rained", "entities": []},
    ],
    "label studio": [
        {"id": 1, "data": {"text": "EU rejects German call"}, "annotations": [{"result": [{"value": {"start": 0, "end": 2, "text": "EU", "labels": ["ORG"]}, "type": "labels"}, {"value": {"start": 11, "end": 17, "labels": ["MISC"]}}]}]},
        {"id": 2, "data": {"text": "Peter Blackburn"}, "annotations": [{"result": [{"value": {"start": 0, "end": 15, "labels": ["PER"]}}]}, {"result": []}]},
        {"id": 3, "data": {"text": "It rained"}, "annotations": [{"result": []}]},
    ],
    "spacy": [
        ["EU rejects German call", {"entities": [[0, 2, "ORG"], [11, 17, "MISC"]]}],
        ["Peter Blackburn", {"entities": [[0, 15, "PER"]]}],
        ["It rained", {"entities": []}],
    ],
    "spans": [
        {"text": "EU rejects German call", "spans": [{"start": 0, "end": 2, "label": "ORG"}, {"start": 11, "end": 17, "label": "MISC"}]},
        {"text": "Peter Blackburn", "spans": [{"start": 0, "end": 15, "label": "PER"}]},
        {"text": "It rained", "spans": []},
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", JSON_FILES)
@pytest.mark.parametrize("lines", [True, False])
def test_the_exports_of_other_tools(tmp_path: Path, kind: str, lines: bool) -> None:
    rows = JSON_FILES[kind]
    content = "\n".join(json.dumps(row) for row in rows) if lines else json.dumps(rows, indent=1)
    name = "data.jsonl" if lines else "data.json"
    assert read(tmp_path, content, name) == SENTENCES
    frame = LAYOUT.read(tmp_path / name, FIND_OUT).frame
    (column,) = choose_inputs(frame, LAYOUT, {}).values()
    assert list(frame[column]) == ["EU rejects German call", "Peter Blackburn", "It rained"]


def test_a_table_with_texts_and_tags_side_by_side(tmp_path: Path) -> None:
    rows = "\n".join(f"{' '.join(words)},{' '.join(tags)}" for words, tags in SENTENCES)
    assert read(tmp_path, f"text,tags\n{rows}\n", "data.csv") == SENTENCES
    assert read(tmp_path, f"text,tags\n{rows}\n".replace(",", "\t"), "data.tsv") == SENTENCES


SURROUNDED = st.text(alphabet="aé京🙂 .\u0301-", max_size=8)


@given(
    st.lists(st.tuples(SURROUNDED, st.sampled_from(["Ada", "北京", "Zoë", "São Tomé", "🙂x"])), min_size=1, max_size=4)
)
def test_spans_of_characters_keep_their_place(parts: Sequence[tuple[str, str]]) -> None:
    text, marks = "", []
    for before, name in parts:
        text += f"{before} "
        marks.append([len(text), len(text) + len(name), "X"])
        text += f"{name} "
    frame = make_table(["text", "spans"], [[text], [marks]], 1).frame
    (row,) = entities.rows(frame, {"words": "text", "tags": "spans"})
    assert row is not None and row.spans is not None
    found = [(row.starts[span.start], row.starts[span.end - 1] + len(row.words[span.end - 1])) for span in row.spans]
    assert found == [(start, end) for start, end, _ in marks]
    assert row.cut == 0


def test_a_span_that_cuts_a_word_takes_it_and_is_counted(tmp_path: Path) -> None:
    rows = [{"text": "New York-based firm", "label": [[0, 8, "LOC"]]}, {"text": "It rained", "label": []}]
    dataset = measured(tmp_path, "\n".join(map(json.dumps, rows)), "data.jsonl")
    assert dataset.splits["test"]["tags"][0] == ["B-LOC", "I-LOC", "O"]
    assert [values for message, values in dataset.report.notes if "inside a word" in message] == [{"count": 1}]


# --- The dataset -------------------------------------------------------------------------------------------------------


def many(n: int = 40, kind: str = "PER") -> str:
    return "\n".join(f"Ada{i}\tB-{kind}\nmet\tO\nBo{i}\tB-{kind}\n" for i in range(n))


def test_the_report_counts_entities_and_the_labels_are_the_tags_in_a_stable_order(tmp_path: Path) -> None:
    dataset = trained(tmp_path, many(30) + "\n" + many(10, "LOC").replace("Ada", "Rome"))
    assert dataset.label_names == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    assert dataset.report.label_counts == {"LOC": 20, "PER": 60}
    assert dataset.report.counts == {"train": 32, "validation": 4, "test": 4}
    assert dataset.texts(dataset.splits["test"])["text"] == dataset.splits["test"]["text"]


def test_a_sentence_is_in_one_split_only(tmp_path: Path) -> None:
    rows = [("train", f"Ada{i} sat") for i in range(6)] + [
        ("test", "Ada1 sat"),
        ("test", "Bo sat"),
        ("train", "ADA2 SAT"),
    ]
    content = "\n".join(json.dumps({"text": text, "tags": "B-PER O", "split": split}) for split, text in rows)
    dataset = trained(tmp_path, content, "data.jsonl")
    assert "Ada1 sat" not in dataset.splits["train"]["text"] and "Ada1 sat" in dataset.splits["test"]["text"]
    assert sorted(entry.count for entry in dataset.report.dropped) == [1, 1]


def test_broken_tags_are_repaired_and_counted(tmp_path: Path) -> None:
    dataset = measured(tmp_path, "Ada B-PER\nLo M-PER\nsat O\nin O\nRome M-LOC\nnow E-LOC\n\nBo S-PER\nsat O\n")
    assert dataset.splits["test"]["tags"][0] == ["B-PER", "I-PER", "O", "O", "B-LOC", "I-LOC"]
    repaired = [values for message, values in dataset.report.notes if "conlleval" in message]
    assert repaired == [{"count": 2, "scheme": "BMES"}]


def test_a_type_seen_once_stays_in_training_and_is_said(tmp_path: Path) -> None:
    dataset = trained(tmp_path, many() + "\nRome\tB-LOC\nburns\tO\n")
    assert "LOC" in dataset.report.rare
    assert any(text == "Rome burns" for text in dataset.splits["train"]["text"])
    assert {"types": "LOC"} in [values for message, values in dataset.report.notes if "once only" in message]


def test_a_long_sentence_is_kept_whole_and_said(tmp_path: Path) -> None:
    long = "\n".join(f"word{i}\t{'B-PER' if i % 100 == 0 else 'O'}" for i in range(5000))
    dataset = trained(tmp_path, f"{many()}\n{long}\n")
    assert max(len(words) for split in dataset.splits.values() for words in split["words"]) == 5000
    assert {"count": 1, "words": 200} in [values for _, values in dataset.report.notes]


def test_words_with_several_tags_count_with_the_first(tmp_path: Path) -> None:
    dataset = measured(tmp_path, "Ada\tB-person,B-group\nsat\tO,B-group\n\nBo\tB-person\nsat\tO\n")
    assert dataset.splits["test"]["tags"][0] == ["B-person", "O"]
    assert {"count": 2} in [values for _, values in dataset.report.notes]


# --- What is refused ---------------------------------------------------------------------------------------------------


def spans(text: str, *marks: Mark) -> str:
    row = {"text": text, "label": [[mark.start, mark.end, mark.type] for mark in marks]}
    return json.dumps(row) + "\n" + json.dumps({"text": "It rained", "label": []})


BAD = {
    "a missing tag": ("Ada\tB-PER\nsat\n\nBo\tB-PER\nsat\tO\n", "data.conll", "line 2 of data.conll ('sat') has 1 of 2 columns: its tag is missing"),
    "an empty tag": ("Ada\tB-PER\nsat\t\n\nBo\tB-PER\nsat\tO\n", "data.conll", "in line 2 of data.conll the tag of 'sat' is missing; write O"),
    "mixed columns": ("Ada NN B-PER\nsat O\n\nBo NN B-PER\nsat NN O\nx NN O y\n", "data.conll", "line 2 of data.conll ('sat O') has 2 of 3 columns"),
    "too many columns": ("Ada B-PER\nsat O\n\nBo B-PER\nsat x O\n", "data.conll", "line 5 of data.conll ('sat x O') has 3 columns instead of 2; every line"),
    "an unknown scheme": ("Ada X-PER\nsat O\n\nBo Q-PER\nsat O\n", "data.conll", "the tag 'Q-PER' belongs to no scheme that is known"),
    "numbers for tags": ('{"tokens": ["Ada", "sat"], "ner_tags": [1, 0]}\n{"tokens": ["Bo"], "ner_tags": [1]}', "data.jsonl", "the tags are numbers (0, 1) without names"),
    "one sentence of 5,000 words": ("\n".join(f"word{i} {'B-PER' if i == 7 else 'O'}" for i in range(5000)), "data.conll", "data.conll holds one sentence only, of 5000 words; put a blank line"),
    "tags only O": ("Ada O\nsat O\n\nBo O\nsat O\n", "data.conll", "there is not one entity in 2 sentences: every tag is O"),
    "spans outside the text": (spans("Ada sat", Mark(4, 70, "PER")), "data.jsonl", "in row 1 the entity 'PER' from 4 to 70 lies outside the text, which has 7 characters"),
    "offsets in bytes": (spans("Zoë und Anaïs sahen Bo Li", Mark(9, 15, "PER"), Mark(22, 27, "PER")), "data.jsonl", "the spans count bytes, not characters (seen in row 1)"),
    "overlapping spans": (spans("Ada Lovelace sat", Mark(0, 12, "PER"), Mark(4, 12, "NAME")), "data.jsonl", "in row 1 the entities 'PER' (0–12) and 'NAME' (4–12) overlap"),
    "an empty span": (spans("Ada  sat", Mark(3, 5, "PER")), "data.jsonl", "in row 1 the entity 'PER' from 3 to 5 covers no word"),
    "a span without a type": (spans("Ada sat", Mark(0, 3, "")), "data.jsonl", "in row 1 the entity from 0 to 3 has no type"),
    "spans of another kind": ('{"text": "Ada", "label": [{"start": "x", "end": 3}]}\n{"text": "Bo", "label": []}', "data.jsonl", "row 1 has entities that are not understood"),
    "unequal lists": ('{"tokens": ["Ada", "sat"], "tags": ["B-PER"]}\n{"tokens": ["Bo"], "tags": ["O"]}', "data.jsonl", "row 1 has 2 words and 1 tags; each word needs one tag"),
    "unequal lines": ("Ada sat\tB-PER O O\nBo sat\tB-PER O\n", "data.txt", "line 1 of data.txt has 2 words and 3 tags"),
    "an empty file": ("", "data.conll", "data.conll is empty"),
    "only white space": (" \n\t\n", "data.txt", "data.txt is empty"),
    "prose": ("It was a dark and stormy night.\nNobody slept.\nAt last it was morning, and they left.\n", "data.txt", "data.txt holds no words with tags"),
    "no entities to train on": ('{"text": "Ada sat", "tags": "O O", "split": "train"}\n{"text": "Bo sat", "tags": "B-PER O", "split": "test"}', "data.jsonl", "no training sentence has an entity"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_told_what_is_wrong(tmp_path: Path, kind: str) -> None:
    content, name, message = BAD[kind]
    with pytest.raises(UserError) as error:
        trained(tmp_path, content, name)
    assert message in str(error.value)

"""The command summarise: the most telling sentences of a text, or of every row of a file.

This module does not know how sentences are ranked.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands.predict import check_output, write
from core.commands.show import (
    MODEL_HELP,
    PROGRAM,
    Json,
    Subparsers,
    add_columns,
    add_command,
    add_reading,
    answer,
    as_read,
    named_columns,
    reading_of,
    say,
    table,
    tell,
    tell_model,
    with_progress,
)
from core.errors import UserError

if TYPE_CHECKING:
    from core.search.vectors import Encoder
    from core.summarise.evaluate import Quality
    from core.summarise.summary import Length

METHOD_IDS = ("lexrank", "centroid", "mmr", "lead")  # of core.summarise.methods.METHODS, which takes a second to import
SHOWN_CHARS = 80
EPILOG = """\
examples:
  python -m core summarise --text "$(cat article.txt)"
  python -m core summarise --text "$(cat article.txt)" --method mmr --words 60
  python -m core summarise --data news.csv --output summaries.csv
  python -m core summarise --data news.csv --reference abstract --output summaries.csv

A summary is made of the text's own sentences, in their order. The output of --data has every row of the file with its summary, or a note
that says why there is none, and the file's other columns; of a text file (.txt .md) every paragraph is a text, of a PDF every page. With --reference also ROUGE: how
much of the wording of each reference the summary has, beside the other methods and the first sentences.

JSON of --text: n (sentences), summary, sentences (text, score, order: the turn in which it was taken, 0 where it was not; why). JSON of --data: n
(texts), output, empty (rows without a text), without (texts without a summary), with --reference rouge (method → rouge1, rouge2, rougeL: mean F1,
each with its 95% interval); how the file was read: rows, columns, encoding, notes …"""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    one = add_command(
        subparsers, "summarise", summarise_command, "Pick the most telling sentences of a text, or of a file's.", EPILOG
    )
    one.add_argument("--text", metavar="TEXT", help="one text")
    one.add_argument(
        "--data",
        metavar="FILE",
        help="a file (.csv .tsv .json .jsonl .parquet .xlsx .txt .md .pdf) with a column of texts",
    )
    one.add_argument("--output", metavar="OUT.csv", help="where the summaries of --data go")
    one.add_argument(
        "--method", choices=METHOD_IDS, default="lexrank", help="how sentences are ranked; default: lexrank"
    )
    length = one.add_mutually_exclusive_group()
    length.add_argument("--sentences", type=int, default=3, metavar="N", help="sentences of a summary; default: 3")
    length.add_argument("--words", type=int, metavar="N", help="instead, the most words, or Chinese characters")
    one.add_argument(
        "--relevance", type=float, default=0.7, metavar="X",
        help="of mmr: how much the likeness to the whole text counts, 0 to 1, against repetition; default: 0.7",
    )  # fmt: skip
    one.add_argument("--reference", metavar="C", help="the column of --data that holds a summary to compare with")
    one.add_argument("--model", default="minilm", metavar="M", help=MODEL_HELP)
    add_columns(one, "text")
    add_reading(one)


def summarise_command(options: argparse.Namespace) -> int:
    """Summarise one text, or every row of a file."""
    if (options.text is None) == (options.data is None):
        raise UserError("give either --text TEXT or --data FILE; see {program} summarise --help", program=PROGRAM)
    if options.data is not None and options.output is None:
        raise UserError("--output is missing: the file that the summaries of --data are written to")
    if options.text is not None and (options.output is not None or options.reference is not None):
        raise UserError("--output and --reference go with --data; the summary of --text is printed")
    if not 0 <= options.relevance <= 1:
        raise UserError("--relevance is {value:g}; it must lie between 0 and 1", value=options.relevance)
    if min(options.sentences, options.words or 1) < 1 or options.words == 0:
        raise UserError("a summary must have room for at least 1 sentence or word")
    from core.summarise.summary import Length

    length = Length("sentences", options.sentences) if options.words is None else Length("words", options.words)
    return _text(options, length) if options.text is not None else _file(options, length)


def _encoder(name: str) -> "Encoder":
    from core import models
    from core.search.vectors import Encoder

    tell_model(name)
    return Encoder(name, models.load_encoder(name, allow_path=True), models.load_tokenizer(name, allow_path=True))


def _text(options: argparse.Namespace, length: "Length") -> int:
    from core.summarise import sentences
    from core.summarise.methods import METHODS
    from core.summarise.summary import choose, read

    sentences.read(options.text)  # what cannot be summarised is said before the model is loaded
    (document,) = read([options.text], _encoder(options.model))
    if isinstance(document, UserError):
        raise document
    method = METHODS[options.method]
    summary = choose(document, method, length, options.relevance)
    lines = [
        (row.order or "", f"{row.score:.4f}", " ".join(row.sentence.text.split())[:SHOWN_CHARS])
        for row in summary.sentences
    ]
    table(("Taken", method.unit, "Sentence"), lines)
    answer(
        {
            "n": len(summary.sentences),
            "model": options.model,
            "method": method.id,
            "summary": summary.text,
            "sentences": [
                {
                    "text": row.sentence.text,
                    "score": row.score,
                    "order": row.order,
                    "why": row.why[0].format(**row.why[1]),
                }
                for row in summary.sentences
            ],
        }
    )
    return 0


def _file(options: argparse.Namespace, length: "Length") -> int:
    from core.data import folders
    from core.data.columns import check_column
    from core.data.layouts import LAYOUTS
    from core.data.load import ask
    from core.export.tables import answered, csv_text
    from core.summarise import many
    from core.summarise.evaluate import evaluate
    from core.summarise.methods import METHODS
    from core.summarise.summary import Document, read

    layout, file, output = LAYOUTS["documents"], Path(options.data).expanduser(), Path(options.output).expanduser()
    check_output(output, file)
    rows = ask(file.name, layout, folders.read(file, layout, reading_of(options)), named_columns(options))
    if options.reference is not None:
        check_column(rows.frame, options.reference)
    tell(rows.report)
    texts = [rows.texts["text"][place] for place in rows.full]
    documents = with_progress("summarising", partial(read, texts, _encoder(options.model)))
    references = [str(rows.frame[options.reference].iloc[place]) for place in rows.full] if options.reference else None
    method = METHODS[options.method]
    frame = many.frame(documents, method, length, options.relevance, references)
    without = int((frame["summary"] == "").sum())
    if without:
        say(f"{without} of {len(texts)} texts have no summary; the column 'note' says why")
    write(output, csv_text(answered(rows.frame, rows.report.used, rows.texts, frame, rows.full)))
    result: Json = {
        "n": len(texts),
        "model": options.model,
        "method": method.id,
        "output": str(output),
        "empty": len(rows.frame) - len(rows.full),
        "without": without,
    }
    compared = [
        (document, reference)
        for document, reference in zip(documents, references or (), strict=False)
        if isinstance(document, Document) and reference.strip()
    ]
    if compared:
        result["rouge"] = _rouge(evaluate(compared, length, options.relevance))
    answer({**result, **as_read(rows.report)})
    return 0


def _rouge(qualities: "dict[str, Quality]") -> Json:
    """Mean F1 of every method, as a table on stdout and as JSON."""
    from core.rouge import KINDS

    cells = [
        (name, *(f"{quality.f1[kind].value:.3f}" for kind in KINDS), f"{quality.words:.0f}")
        for name, quality in qualities.items()
    ]
    table(("Method", *(kind.title for kind in KINDS.values()), "Words"), cells)
    return {
        name: {kind: {"value": f1.value, "interval": list(f1.bounds)} for kind, f1 in quality.f1.items()}
        for name, quality in qualities.items()
    }

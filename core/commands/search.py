"""The command search: the rows of a file that answer a question best, by meaning, by words and by both.

This module does not know how a ranking comes about.
"""

import argparse
from functools import partial
from pathlib import Path

from core.commands.show import (
    MODEL_HELP,
    Subparsers,
    add_columns,
    add_command,
    add_reading,
    answer,
    as_read,
    named_columns,
    reading_of,
    table,
    tell,
    tell_model,
    with_progress,
)
from core.errors import UserError

SHOWN_CHARS = 80
WAY_IDS = ("meaning", "words", "both")  # of core.search.ways.WAYS, which takes a second to import
EPILOG = """\
examples:
  python -m core search --data faq.csv "my parcel never came"
  python -m core search --data notes.txt --model multilingual-e5-small --way words "退款"

The file needs a column of texts; of a text file (.txt .md) every paragraph is one, of a PDF every page. An index of it (vectors and single words) is kept in STUDIO_HOME
and made again when the texts or the model changed.

JSON: n (texts that were searched), question, model, way, hits (row, counted from 1 over all rows; text; score; cosine; words: what
each matched word adds to the BM25 score); how the file was read: rows, columns, encoding, notes …"""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    one = add_command(subparsers, "search", search_command, "Find the rows of a file that answer a question.", EPILOG)
    one.add_argument("question", metavar="QUESTION")
    one.add_argument(
        "--data", required=True, metavar="FILE", help="a file (.csv .tsv .json .jsonl .parquet .xlsx .txt .md .pdf)"
    )
    one.add_argument("--model", default="minilm", metavar="M", help=MODEL_HELP)
    one.add_argument("--way", choices=WAY_IDS, default="meaning", help="how the rows are ranked; default: meaning")
    one.add_argument("--count", type=int, default=5, metavar="N", help="how many rows are shown; default: 5")
    add_columns(one, "text")
    add_reading(one)


def search_command(options: argparse.Namespace) -> int:
    """Rank the rows of a file for a question."""
    from core import models, settings
    from core.data import folders
    from core.data.layouts import LAYOUTS
    from core.data.load import ask
    from core.search import index
    from core.search.vectors import Encoder
    from core.search.ways import WAYS

    if not options.question.strip():
        raise UserError("there is no question; type one in your own words")
    if options.count < 1:
        raise UserError("--count {count} must be at least 1", count=options.count)
    layout, file = LAYOUTS["documents"], Path(options.data).expanduser()
    rows = ask(file.name, layout, folders.read(file, layout, reading_of(options)), named_columns(options))
    places = rows.full
    texts = [rows.texts["text"][place] for place in places]
    tell(rows.report, index.remarks(texts))
    tell_model(options.model)
    encoder = Encoder(
        options.model,
        models.load_encoder(options.model, allow_path=True),
        models.load_tokenizer(options.model, allow_path=True),
    )
    home = settings.HOME.value() / "search"
    built = with_progress("reading the texts", partial(index.opened, texts, encoder, home))
    scores = built.scores(options.question, encoder.vectors([options.question])[0])
    hits = WAYS[options.way].hits(scores, options.count)
    lines = [(f"{hit.score:.4f}", str(places[hit.place] + 1), texts[hit.place][:SHOWN_CHARS]) for hit in hits]
    table((WAYS[options.way].unit, "Row", "Text"), lines)
    answer(
        {
            "n": len(texts),
            "question": options.question,
            "model": options.model,
            "way": options.way,
            "hits": [
                {
                    "row": places[hit.place] + 1,
                    "text": texts[hit.place],
                    "score": hit.score,
                    "cosine": float(scores.cosines[hit.place]),
                    "words": built.words.matches(options.question, hit.place),
                }
                for hit in hits
            ],
            **as_read(rows.report),
        }
    )
    return 0

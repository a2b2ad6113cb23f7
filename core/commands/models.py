"""The commands models, datasets, tasks and tokenize: what there is, and what a model reads.

This module does not know how a text becomes tokens.
"""

import argparse
from collections.abc import Iterable

from core.commands.show import MODEL_HELP, Subparsers, add_command, answer, table, tell_model

MODELS_EPILOG = """\
examples:
  python -m core models
  python -m core models | tail -1 | python -m json.tool

Any other model of the same families works by its hub name (owner/name), and so does the folder of a run."""

DATASETS_EPILOG = """\
examples:
  python -m core datasets

A file of your own works everywhere: .csv .tsv .json .jsonl .parquet with the columns that the task needs (see 'tasks').
So does a hub dataset by its name (owner/name) where there is a network."""

TASKS_EPILOG = """\
examples:
  python -m core tasks
  python -m core tasks | tail -1 | python -m json.tool

The columns are the roles of --column ROLE=NAME; each of them is guessed when it is not named.

JSON: tasks, each with id, title, columns, inputs (the texts that the model is asked about), metrics (the headline first),
gives (the kinds of answer)."""

TOKENIZE_EPILOG = """\
examples:
  python -m core tokenize --model minilm "I love eating pizza"
  python -m core tokenize --model minilm --pair "It was great." "How was the film?"
  python -m core tokenize --model bert-base-chinese "我爱吃披萨"

JSON: model, n, tokens, ids, unknown (tokens the vocabulary lacks), cut (what did not fit)."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the commands and their options."""
    add_command(
        subparsers,
        "models",
        models_command,
        "List the models that are offered by name, and which can be had now.",
        MODELS_EPILOG,
    )
    add_command(
        subparsers, "datasets", datasets_command, "List the datasets that come with the studio.", DATASETS_EPILOG
    )
    add_command(subparsers, "tasks", tasks_command, "List what a model can be trained for.", TASKS_EPILOG)
    one = add_command(
        subparsers, "tokenize", tokenize_command, "Show what a model reads: the tokens of a text.", TOKENIZE_EPILOG
    )
    one.add_argument("--model", required=True, metavar="M", help=MODEL_HELP)
    one.add_argument("--pair", default="", metavar="TEXT", help="a second text, for models that read pairs")
    one.add_argument("text", metavar="TEXT", help="the text")


def models_command(_: argparse.Namespace) -> int:
    from core import bundled, models

    words = {
        "here": "yes",
        "hub": "from the hub",
        "unreachable": "no (needs a network)",
        "not installed": "no (needs its package)",
    }
    found = {name: models.availability(name) for name in models.MODELS}
    rows = models.MODELS.values()
    table(
        ("model", "available", "languages", "million parameters", "layers", "licence"),
        [(row.id, words[found[row.id]], row.languages, row.parameters, row.layers, row.licence) for row in rows],
    )
    table(
        ("ready model", "task", "labels", "languages", "licence"),
        [(row.id, row.task, ", ".join(row.labels), row.languages, row.licence) for row in bundled.READY.values()],
    )
    answer(
        {
            "models": [
                {
                    "id": row.id,
                    "repo": row.repo,
                    "available": found[row.id],
                    "languages": row.languages,
                    "million_parameters": row.parameters,
                    "layers": row.layers,
                    "heads": row.heads,
                    "hidden": row.hidden,
                    "licence": row.licence,
                }
                for row in rows
            ],
            "ready": [
                {
                    "id": row.id,
                    "base": row.base,
                    "task": row.task,
                    "labels": row.labels,
                    "data": row.data,
                    "licence": row.licence,
                }
                for row in bundled.READY.values()
            ],
        }
    )
    return 0


def datasets_command(_: argparse.Namespace) -> int:
    from core.data.bundled import DATASETS

    rows = DATASETS.values()
    table(
        ("dataset", "task", "rows", "labels", "languages", "licence"),
        [(row.id, row.task, row.rows, ", ".join(row.labels), row.languages, row.licence) for row in rows],
    )
    answer(
        {
            "datasets": [
                {
                    "id": row.id,
                    "title": row.title,
                    "task": row.task,
                    "rows": row.rows,
                    "labels": list(row.labels),
                    "languages": row.languages,
                    "licence": row.licence,
                }
                for row in rows
            ]
        }
    )
    return 0


def tasks_command(_: argparse.Namespace) -> int:
    from core.tasks.table import TASKS

    rows = TASKS.values()
    columns = {row.id: [role.id for role in row.layout.roles] for row in rows}
    table(
        ("task", "title", "columns", "metrics", "gives"),
        [(row.id, row.title, ", ".join(columns[row.id]), ", ".join(row.metrics), _listed(row.gives)) for row in rows],
    )
    answer(
        {
            "tasks": [
                {
                    "id": row.id,
                    "title": row.title,
                    "help": row.help,
                    "columns": columns[row.id],
                    "inputs": list(row.inputs),
                    "metrics": list(row.metrics),
                    "gives": sorted(row.gives),
                }
                for row in rows
            ]
        }
    )
    return 0


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def tokenize_command(options: argparse.Namespace) -> int:
    from core import models, tokens
    from core.families import FAMILIES

    name = options.model
    tell_model(name)
    config = models.load_config(name, allow_path=True)
    result = tokens.tokenize(
        models.load_tokenizer(name, allow_path=True),
        options.text,
        options.pair,
        model=name,
        first_position=FAMILIES[config.model_type].position_offset(config),
    )
    table(
        ("position", "token", "id", "kind", "segment", "characters"),
        [
            (token.position, repr(token.text)[1:-1], token.id, token.kind, token.segment, _span(token.start, token.end))
            for token in result.tokens
        ],
    )
    answer(
        {
            "model": name,
            "n": len(result.tokens),
            "tokens": list(result.texts),
            "ids": list(result.ids),
            "unknown": result.unknown,
            "cut": result.cut,
            "cut_pair": result.cut_pair,
        }
    )
    return 0


def _span(start: int | None, end: int | None) -> str:
    return "" if start is None else f"{start}–{end}"

"""The command line: python -m core COMMAND …

Progress goes to stderr, tables for people to stdout, and the last line on stdout is one JSON object for programs. A
mistake of the user's is one line on stderr and exit code 2; a run that was stopped ends with 130. Heavy libraries are
imported inside the commands: --help is there at once, and a run that waits for its turn holds no memory. This module does
not know how anything is computed.
"""

import argparse
import io
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from core import settings
from core.commands import evaluate, models, predict, search, summarise, train
from core.commands.show import PROGRAM, hint, say
from core.commands.train import STOPPED
from core.errors import UserError

MISTAKE = 2  # the exit code

EPILOG = """\
from nothing to a prediction:
  python -m core train --model minilm --data rotten_tomatoes --epochs 2 --output my-run
  python -m core evaluate --model my-run --data rotten_tomatoes
  python -m core predict --model my-run --text "A warm, clever and very funny film."

Each command explains itself: python -m core train --help
Progress goes to stderr; the last line on stdout is one JSON object. A mistake ends with one line and exit code 2."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose mistakes are one line."""

    def error(self, message: str) -> NoReturn:
        """One line on stderr, exit 2."""
        say(f"error: {message}; see {self.prog} --help")
        sys.exit(MISTAKE)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    main_parser = Parser(
        prog=PROGRAM,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="BERT Studio on the command line: look at tokens, fine-tune a BERT on your texts, measure it, use it.",
        epilog=EPILOG,
    )
    subparsers = main_parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in (models, train, evaluate, predict, search, summarise):
        command.add_parser(subparsers)
    return main_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = parser().parse_args(arguments)
    os.environ.setdefault("GOMP_SPINCOUNT", settings.SPIN)  # torch's threads read it when they are loaded
    _be_quiet()
    try:
        code = options.function(options)
        sys.stdout.flush()
    except UserError as error:
        say(f"error: {error}{hint(error)}")
        return MISTAKE
    except KeyboardInterrupt:
        say("interrupted")
        return STOPPED
    except BrokenPipeError:  # the reader has seen enough; Python's own flush at the end must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return int(code)


def _be_quiet() -> None:
    """Keep the libraries' remarks and bars off stderr; a download on a terminal keeps its bar."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())

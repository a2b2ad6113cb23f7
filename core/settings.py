"""SETTINGS: everything a host can adjust, one row each, read from STUDIO_* environment variables.

A row's `value()` reads the environment when it is asked, so that a test or a host can change it without a restart
of the interpreter. This module does not know what its readers do with a value.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from core.errors import N_, UserError

T = TypeVar("T", int, float, str, Path)


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One adjustable value: its environment variable, its default and a sentence that says what it does."""

    name: str
    default: T
    help: str
    parse: Callable[[str], T]

    def value(self) -> T:
        """The value now. Raises UserError when the variable cannot be read as what it should be."""
        text = os.environ.get(self.name, "").strip()
        if not text:
            return self.default
        try:
            return self.parse(text)
        except ValueError as error:
            raise UserError(
                "the setting {name} has the value '{value}', which is not usable: {reason}",
                name=self.name,
                value=text,
                reason=error,
            ) from error


def _path(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("it must not be negative")
    return number


def _hub(text: str) -> str:
    if text not in ("auto", "off"):
        raise ValueError("it must be auto or off")
    return text


def _seen(text: str) -> str:
    if text not in ("all", "own"):
        raise ValueError("it must be all or own")
    return text


HOME = Setting(
    "STUDIO_HOME",
    Path.home() / ".bert-studio",
    N_("Folder that holds the runs and everything else the studio keeps."),
    _path,
)
MAX_RUNS = Setting("STUDIO_MAX_RUNS", 1, N_("How many training runs may run at once; further ones wait."), _whole)
# Idle threads of torch give their core to other programs soon: costs 2% alone, saves most of the time beside others.
SPIN = "2000"
THREADS = Setting(
    "STUDIO_THREADS", 0, N_("Processor threads that torch uses; 0 takes as many as pay at the moment."), _whole
)
HUB = Setting(
    "STUDIO_HUB",
    "auto",
    N_("auto: ask the Hugging Face hub when it can be reached; off: never try."),
    _hub,
)
HUB_TIMEOUT = Setting(
    "STUDIO_HUB_TIMEOUT", 2.0, N_("Seconds to wait for the hub before the studio works offline."), float
)
MAX_UPLOAD_MB = Setting("STUDIO_MAX_UPLOAD_MB", 200, N_("Largest data file that is read, in MB."), _whole)
MAX_ROWS = Setting("STUDIO_MAX_ROWS", 200_000, N_("Most rows of a data file that are read."), _whole)
MAX_CELL_CHARS = Setting(
    "STUDIO_MAX_CELL_CHARS", 100_000, N_("Longest text in one cell of a data file; longer ones are cut."), _whole
)
MAX_TEXT_CHARS = Setting(
    "STUDIO_MAX_TEXT_CHARS", 20_000, N_("Longest text that a page works on; a longer one is cut, visibly."), _whole
)
MEMORY_MB = Setting(
    "STUDIO_MEMORY_MB",
    1500,
    N_("Memory for loaded models and results that are kept, in MB; what was not asked for longest goes first."),
    _whole,
)
MAX_BULK = Setting(
    "STUDIO_MAX_BULK", 5_000, N_("Most texts that the Playground predicts, or Search reads, in one go."), _whole
)
MIN_FREE_MB = Setting(
    "STUDIO_MIN_FREE_MB",
    500,
    N_("No new run is begun, and no file is taken, when less room than this is left on the disk, in MB."),
    _whole,
)
MAX_QUEUED = Setting(
    "STUDIO_MAX_QUEUED", 3, N_("How many runs one visitor may have waiting, where several share the studio."), _whole
)
MAX_TOKENS = Setting(
    "STUDIO_MAX_TOKENS",
    10_000_000,
    N_(
        "Most tokens that one run of a visitor reads, all epochs together, where several share the studio; 0 for no limit."
    ),
    _whole,
)
RUNS_MB = Setting(
    "STUDIO_RUNS_MB",
    5_000,
    N_("Room on the disk for the runs of one visitor, in MB, where several share the studio; 0 for no limit."),
    _whole,
)
UPLOADS = Setting(
    "STUDIO_UPLOADS",
    50,
    N_(
        "How many files of one visitor are kept, where several share the studio; what was not used for longest goes first."
    ),
    _whole,
)
UPLOADS_MB = Setting(
    "STUDIO_UPLOADS_MB",
    500,
    N_(
        "Room for the files of one visitor, in MB, where several share the studio; what was not used for longest goes first."
    ),
    _whole,
)
POOL_MINUTES = Setting(
    "STUDIO_POOL_MINUTES",
    30,
    N_(
        "Minutes of long work on pages that one visitor may have within an hour, where several share the studio; 0 for no limit."
    ),
    _whole,
)
CANCELLED_DAYS = Setting(
    "STUDIO_CANCELLED_DAYS",
    14,
    N_("Days after which a visitor's cancelled run is deleted, where there is a code or a login; 0 keeps it."),
    _whole,
)
POOL = Setting(
    "STUDIO_POOL",
    2,
    N_("How many people's long work on pages runs at once, besides training; further work waits."),
    _whole,
)
TEACHER_CODE = Setting(
    "STUDIO_TEACHER_CODE",
    "",
    N_(
        "Who enters this code may cancel, rename and delete everybody's runs. Without one, only who sits at the machine may."
    ),
    str,
)
TEACHERS = Setting(
    "STUDIO_TEACHERS",
    "",
    N_(
        "Who is a teacher where visitors log in: verified e-mail addresses, or the provider's subjects, with commas between them."
    ),
    str,
)
RUNS_SEEN = Setting(
    "STUDIO_RUNS_SEEN",
    "all",
    N_("Which runs a visitor sees: all, or own, so that only the teacher sees those of others."),
    _seen,
)
CLASS_CODE = Setting("STUDIO_CLASS_CODE", "", N_("Where it is set, only who enters this code comes in."), str)

SETTINGS: dict[str, Setting] = {
    row.name: row
    for row in (
        HOME,
        MAX_RUNS,
        THREADS,
        HUB,
        HUB_TIMEOUT,
        MAX_UPLOAD_MB,
        MAX_ROWS,
        MAX_CELL_CHARS,
        MAX_TEXT_CHARS,
        MEMORY_MB,
        MAX_BULK,
        MIN_FREE_MB,
        MAX_QUEUED,
        MAX_TOKENS,
        RUNS_MB,
        UPLOADS,
        UPLOADS_MB,
        POOL,
        POOL_MINUTES,
        CANCELLED_DAYS,
        TEACHER_CODE,
        TEACHERS,
        CLASS_CODE,
        RUNS_SEEN,
    )
}


def runs_folder() -> Path:
    """The folder whose subfolders are the runs."""
    return HOME.value() / "runs"

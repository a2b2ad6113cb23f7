"""Files of the user's own: kept under their fingerprint in the studio's home, so that a refresh does not lose them.

The shared value "data" names such a file as "upload:…". This module does not know what is in a file.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from time import time

import streamlit as st

from core import models, settings
from core.data.dataset import Layout
from core.data.folders import gather
from core.data.splits import SPLIT_VALUES
from core.tables import files
from core.tables.parts import part_of
from pages.shared import layout
from pages.shared.i18n import _

KEPT_SECONDS = 7 * 24 * 3600  # how long an uploaded file that nobody uses is kept
UPLOAD = re.compile(r"upload:([0-9a-f]{24})")
NO_FILE = "upload:"


def uploads() -> Path:
    return settings.HOME.value() / "uploads"


def keep_upload(name: str, content: bytes) -> str:
    """Write an uploaded file under its fingerprint; returns its value of "data". Files that were left are cleared away."""
    digest = sha256(content).hexdigest()[:24]
    folder = uploads() / digest
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _safe(name)
    if not path.is_file() or path.stat().st_size != len(content):
        aside = folder / "incoming"
        aside.write_bytes(content)
        aside.replace(path)
    _clear_away(folder)
    return f"upload:{digest}"


def keep_parts(name: str, paths: Mapping[str, Path]) -> str:
    """Write files for training, validation and test as one upload, a folder of this name; returns its value of "data".

    paths: train, validation or test → its file; with one for training alone it is an ordinary upload.
    """
    train = paths["train"]
    if len(paths) == 1:
        return keep_upload(name + train.suffix, train.read_bytes())
    content = repr([(split, sha256(path.read_bytes()).hexdigest()) for split, path in sorted(paths.items())])
    digest = sha256(content.encode()).hexdigest()[:24]
    folder = uploads() / digest
    if not folder.is_dir():
        aside = uploads() / f".new-{token_hex(4)}"
        gather(aside / _safe(name), paths)
        with suppress(OSError):  # another visitor has written the same meanwhile
            aside.rename(folder)
        rmtree(aside, ignore_errors=True)
    _clear_away(folder)
    return f"upload:{digest}"


def parts_of(file: Path) -> dict[str, Path]:
    """train, validation or test → its file, in a folder of such files; a file of its own is for training."""
    if not file.is_dir():
        return {"train": file}
    found = {part_of(path.name): path for path in sorted(file.iterdir())}
    return {split: found[split] for split in SPLIT_VALUES if split in found}


def suffix_of(file: Path) -> str:
    """What a file's name ends with; of a folder of files, that of the first of them."""
    return next(iter(parts_of(file).values()), file).suffix


def _safe(name: str) -> str:
    path = Path(re.sub(r"[^\w.-]+", "_", Path(name).name).lstrip("."))
    return f"{path.stem[:80] or 'data'}{path.suffix.lower()}"


def _clear_away(used: Path) -> None:
    """Remove the uploads that nobody has used for long."""
    os.utime(used)
    for other in uploads().iterdir():
        with suppress(FileNotFoundError):  # another visitor's page may clear it away at the same time
            if other != used and time() - other.stat().st_mtime > KEPT_SECONDS:
                rmtree(other, ignore_errors=True)


def file_of(name: str, suffixes: Iterable[str] = files.SUFFIXES) -> Path | None:
    """The file (or folder of files) behind a value of "data" that names an upload or a run's copy; None when it is neither or gone.

    suffixes: of the files that can be read here. An upload that is used is kept for longer.
    """
    upload, run = UPLOAD.fullmatch(name), models.RUN_NAME.fullmatch(name)
    folder = uploads() / upload[1] if upload else settings.runs_folder() / run[1] / "data" if run else None
    if folder is None:
        return None
    with suppress(FileNotFoundError):
        if upload:
            os.utime(folder)
        kinds = tuple(suffixes)
        return next((path for path in sorted(folder.iterdir()) if path.suffix in kinds or path.is_dir()), None)
    return None


def suffixes_of(layouts: Iterable[Layout]) -> tuple[str, ...]:
    """The files that at least one of these layouts can be read from."""
    return tuple(dict.fromkeys((*files.SUFFIXES, *(suffix for row in layouts for suffix in row.suffixes))))


def upload(
    label: str, suffixes: Iterable[str], value: str, take: Callable[[str], None], *, key: str, help_text: str, none: str
) -> Path | None:
    """A file of the user's own: the uploader, and the file that `value` names. take: called with the value of a new one.

    none: what is said while there is no file.
    """
    suffixes = tuple(suffixes)
    uploaded = st.file_uploader(
        label,
        suffixes,
        key=key,
        max_upload_size=settings.MAX_UPLOAD_MB.value(),
        help=help_text,
    )
    if uploaded is not None and st.session_state.get(f"{key}_taken") != uploaded.file_id:
        st.session_state[f"{key}_taken"] = uploaded.file_id
        value = keep_upload(uploaded.name, uploaded.getvalue())
        take(value)
    file = file_of(value, suffixes)
    if file is not None:
        rows = {"train": _("training rows"), "validation": _("validation rows"), "test": _("test rows")}
        names = {rows[split]: path.name.removeprefix(f"{split}-") for split, path in parts_of(file).items()}
        own = ", ".join(f"{title}: {name}" for title, name in names.items()) if file.is_dir() else ""
        st.caption(layout.plain(_("Using {file}").format(file=file.name) + (f" ({own})" if own else "")))
    elif value == NO_FILE:
        st.caption(none)
    else:
        st.warning(_("This link's file is no longer on this machine. Upload it again."))
    return file

"""Files of the user's own: kept under their fingerprint in the studio's home, so that a refresh does not lose them.

The shared value "data" names such a file as "upload:…". What nobody has used for a week goes; of each visitor's files, where several
share the studio, so many stay (STUDIO_UPLOADS, STUDIO_UPLOADS_MB). This module does not know what is in a file.
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
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core import disk, models, settings
from core.data.dataset import Layout
from core.data.folders import gather
from core.data.splits import SPLIT_VALUES
from core.errors import UserError
from core.tables import files
from core.tables.parts import part_of
from pages.shared import layout, visitor
from pages.shared.i18n import _

KEPT_SECONDS = 7 * 24 * 3600  # how long an uploaded file that nobody uses is kept
UPLOAD = re.compile(r"upload:([0-9a-f]{24})")
NO_FILE = "upload:"
OWNERS = ".owners"  # a file in an upload's folder: the ids of those whose it is, one a line
MB = 1 << 20


def uploads() -> Path:
    return settings.HOME.value() / "uploads"


def received(uploaded: UploadedFile) -> str:
    """Keep what a visitor has uploaded; returns its value of "data". `mine` says whose it is.

    Raises UserError when the file alone is more than one visitor may keep, or the disk is nearly full.
    """
    content, most = uploaded.getvalue(), settings.UPLOADS_MB.value()
    if len(content) > most * MB and not visitor.is_teacher():
        raise UserError(
            "the file has {size:,.0f} MB, and those of one visitor may have {most:,} together; give a smaller one, or fewer of its rows",
            size=len(content) / MB,
            most=most,
        )
    uploads().mkdir(parents=True, exist_ok=True)
    disk.check_room(uploads())
    return keep_upload(uploaded.name, content)


def mine(value: str) -> str:
    """The upload with this value of "data" is this visitor's. What they have used least goes when it is more than one may have."""
    found = UPLOAD.fullmatch(value)
    owner = visitor.me()
    if found and owner not in _owners(uploads() / found[1]):
        with (uploads() / found[1] / OWNERS).open("a") as owners:
            owners.write(f"{owner}\n")
        if not visitor.is_teacher():
            _make_room(owner, uploads() / found[1])
    return value


def _owners(folder: Path) -> list[str]:
    """Whose an upload is; nobody's when it is from before that was noted, or gone."""
    try:
        return (folder / OWNERS).read_text().split()
    except OSError:
        return []


def _make_room(owner: str, newest: Path) -> None:
    """What a visitor has not used for longest goes until the rest is within the limits, or is the newest alone."""
    older = [folder for folder in uploads().iterdir() if folder != newest and owner in _owners(folder)]
    sizes = {folder: disk.size(folder) for folder in older}
    count, total = len(older) + 1, sum(sizes.values()) + disk.size(newest)
    for folder in sorted(older, key=_used):
        if count <= settings.UPLOADS.value() and total <= settings.UPLOADS_MB.value() * MB:
            break
        others = [other for other in _owners(folder) if other != owner]
        if others:
            disk.write(folder / OWNERS, "".join(f"{other}\n" for other in others).encode())
        else:
            rmtree(folder, ignore_errors=True)
        count, total = count - 1, total - sizes[folder]


def _used(folder: Path) -> float:
    """When an upload was used last; long ago when another page has cleared it away meanwhile."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


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
    os.utime(folder)
    clear_away()
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
    os.utime(folder)
    clear_away()
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


def clear_away() -> None:
    """Remove the uploads that nobody has used for long."""
    for folder in uploads().iterdir() if uploads().is_dir() else ():
        if 0 < _used(folder) < time() - KEPT_SECONDS:
            rmtree(folder, ignore_errors=True)


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
        value = mine(received(uploaded))
        st.session_state[f"{key}_taken"] = uploaded.file_id
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

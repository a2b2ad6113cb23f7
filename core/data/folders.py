"""read: a file, or several that belong together (train.csv, dev.csv, test.csv in one folder), as one Table.

Every file is read in a process of its own. This module does not know how a file is read, nor what becomes of the rows.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

from core.data.dataset import Layout
from core.data.splits import SPLIT_VALUES
from core.errors import N_, UserError, some
from core.results import Reading
from core.tables import apart, files, parts
from core.tables.table import FIND_OUT, Table


def read(
    path: Path, layout: Layout, reading: Reading = FIND_OUT, report: apart.Report = lambda done, total: None
) -> Table:
    """A file, a folder that datasets saved, or a folder with a file for each split, whose rows then have a column "split".

    report: called often while a file is read; when it raises, reading ends. Raises UserError when it cannot be read.
    """
    if not is_folder(path):
        return apart.read(layout.read, path, reading, report)
    found = split_files(path, layout)
    splits = {parts.part_of(file.name) for file in found}
    if "train" not in splits:
        raise UserError(
            "the folder {folder} has no file for training: call the files train, validation and test ({suffixes}), or name one file",
            folder=path.name,
            suffixes=" ".join(_suffixes(layout)),
        )
    table = parts.combine(
        [(parts.part_of(file.name), apart.read(layout.read, file, reading, report)) for file in found]
    )
    others = sorted(file.name for file in path.iterdir() if file not in found)
    message = N_("the files {files} were read as train, validation and test")
    notes = [(message, {"files": some([file.name for file in found])})]
    if others:
        notes.append((N_("these files of the folder are not read: {files}"), {"files": some(others)}))
    return replace(table, notes=(*notes, *table.notes))


def gather(folder: Path, paths: Mapping[str, Path]) -> Path:
    """Files for training, validation and test as copies in a new folder, which is returned; each keeps its name behind that of its part.

    paths: train, validation or test → its file. Raises UserError when one of them is no file.
    """
    for path in paths.values():
        if not files.exists(path):
            raise UserError("there is no file {file}", file=str(path)[:200])
        if path.is_dir():
            raise UserError(
                "{file} is a folder; give one file for each of training, validation and test", file=path.name
            )
    folder.mkdir(parents=True)
    for split, path in paths.items():
        copyfile(path, folder / _name(split, path))
    return folder


def _name(split: str, path: Path) -> str:
    """What a file for training, validation or test is called in a folder: as it was, with its part before it where it does not say it."""
    name = f"{path.name.removesuffix(path.suffix)}{path.suffix.lower()}"
    names = (name, f"{split}-{name}")
    return next((name for name in names if parts.part_of(name) == split), f"{split}{path.suffix.lower()}")


def is_folder(path: Path) -> bool:
    """Whether it is a folder of files; one that datasets saved is read as one source."""
    return files.exists(path) and path.is_dir() and not files.is_saved(path)


def split_files(folder: Path, layout: Layout) -> list[Path]:
    """The files in a folder that are called after a split, those for training first.

    Raises UserError when the files of one split are of several kinds: which of them counts is not clear.
    """
    suffixes = _suffixes(layout)
    found = [file for file in sorted(folder.iterdir()) if file.is_file() and file.suffix.lower() in suffixes]
    found = [file for file in found if parts.part_of(file.name)]
    for split in SPLIT_VALUES:
        own = [file for file in found if parts.part_of(file.name) == split]
        if len({file.suffix.lower() for file in own}) > 1:
            raise UserError(
                "the folder {folder} has several files for {split}: {files}; leave one of them there",
                folder=folder.name,
                split=split,
                files=some([file.name for file in own]),
            )
    return sorted(found, key=lambda file: list(SPLIT_VALUES).index(parts.part_of(file.name)))


def _suffixes(layout: Layout) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*files.SUFFIXES, *layout.suffixes)))

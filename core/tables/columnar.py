"""Parquet and Arrow files, and folders that Hugging Face datasets saved, as a table.

What they say about themselves (rows, columns, sizes) is checked before they are read, and what they unfold to while they are:
a file of kilobytes can stand for gigabytes. The names of classes that datasets leaves in them are taken; nothing else in a
description is followed or believed. This module does not know what the columns mean.
"""

import json
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa

from core import settings
from core.errors import N_, Note, UserError
from core.tables import limits, parts
from core.tables.table import Table, make_table, sampled, spread

PARQUET = b"PAR1"
ARROW = b"ARROW1"
STREAM = b"\xff\xff\xff\xff"  # how an Arrow stream begins, before the length of its schema
BATCH = 10_000  # rows
MOST_LEAVES = 200  # values that one cell of nested data has at the least
MOST_DESCRIPTION = limits.MB  # bytes
MOST_FOOTER = 16 * limits.MB
DICT_FILE, STATE_FILE = "dataset_dict.json", "state.json"
BROKEN = (pa.ArrowException, OSError, ValueError, OverflowError, IndexError, KeyError)


def is_columnar(start: bytes) -> bool:
    """Whether bytes begin as a Parquet or Arrow file does."""
    return start.startswith((PARQUET, ARROW)) or (start.startswith(STREAM) and start[6:8] == b"\0\0" and len(start) > 8)


def read(data: bytes, name: str) -> Table:
    """The rows of a Parquet or Arrow file, of very many some. Raises UserError when it is damaged or unfolds to too much."""
    try:
        return _read_parquet(data, name) if data.startswith(PARQUET) else _read_arrow([data], name)
    except MemoryError:
        raise
    except BROKEN as error:
        kind = "Parquet" if data.startswith(PARQUET) else "Arrow"
        raise UserError(
            "{file} is a damaged {kind} file; export it again, or save it as CSV", file=name, kind=kind
        ) from error


def _read_parquet(data: bytes, name: str) -> Table:
    import pyarrow.parquet  # here, because other kinds of files should not wait for it

    footer = int.from_bytes(data[-8:-4], "little")
    if MOST_FOOTER < footer < len(data):
        raise UserError(
            "{file} describes itself in {size} MB, far more than a table does; write it again without its metadata",
            file=name,
            size=footer // limits.MB,
        )
    plain = pyarrow.parquet.ParquetFile(BytesIO(data))
    schema, total = plain.schema_arrow, plain.metadata.num_rows
    rows = min(total, settings.MAX_ROWS.value())
    places, notes = _choose(schema, rows)
    leaves = _leaves(schema)
    whole, beginning, left = 0, 0.0, rows  # bytes of all rows, and of the first
    for group in (plain.metadata.row_group(number) for number in range(plain.metadata.num_row_groups)):
        size = sum(group.column(leaf).total_uncompressed_size for place in places for leaf in leaves[place])
        whole += size
        beginning += size * min(1.0, left / max(group.num_rows, 1))
        left = max(0, left - group.num_rows)
    limits.check_unpacked(name, int(beginning))
    taken = spread(total, rows) if whole <= limits.most_unpacked() else list(range(rows))
    texts = [schema.field(place).name for place in places if _is_text(schema.field(place).type)]
    chosen = {schema.field(place).name for place in places}
    file = pyarrow.parquet.ParquetFile(BytesIO(data), read_dictionary=texts)
    batches = file.iter_batches(batch_size=BATCH, columns=None if len(places) == len(schema) else sorted(chosen))
    return _table(batches, schema, chosen, taken, total, name, notes)


def _read_arrow(sources: Sequence[bytes], name: str) -> Table:
    """Arrow files or streams that hold the rows of one table."""

    def opened(included: list[int] | None = None) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
        options = pa.ipc.IpcReadOptions(included_fields=included, use_threads=False)
        for data in sources:
            if data.startswith(ARROW):
                file = pa.ipc.open_file(pa.BufferReader(data), options=options)
                yield file.schema, (file.get_batch(place) for place in range(file.num_record_batches))
            else:
                stream = pa.ipc.open_stream(pa.BufferReader(data), options=options)
                yield stream.schema, iter(stream)

    schema = next(opened())[0]
    total = sum(batch.num_rows for _, batches in opened([0]) for batch in batches) if len(schema) else 0
    taken = spread(total, settings.MAX_ROWS.value())
    places, notes = _choose(schema, len(taken))
    chosen = {schema.field(place).name for place in places}
    batches = (batch for _, found in opened(places) for batch in found)
    return _table(batches, schema, chosen, taken, total, name, notes)


def _choose(schema: pa.Schema, rows: int) -> tuple[list[int], tuple[Note, ...]]:
    """The places of the columns that are read."""
    leaves = _leaves(schema)
    simple = [place for place in range(len(schema)) if len(leaves[place]) <= MOST_LEAVES]
    chosen, remark = limits.choose_columns([schema.field(place).name for place in simple], rows)
    if len(simple) < len(schema):
        remark = limits.columns_remark(len(chosen), len(schema))
    return [simple[place] for place in chosen], remark


def _leaves(schema: pa.Schema) -> list[range]:
    """The numbers of the leaves of each column: its values, or those of the fields that it is made of."""
    found, start = [], 0
    for field in schema:
        end = start + _count_leaves(field.type)
        found.append(range(start, end))
        start = end
    return found


def _count_leaves(kind: pa.DataType) -> int:
    return sum(_count_leaves(kind.field(place).type) for place in range(kind.num_fields)) if kind.num_fields else 1


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)


# --- Cells -------------------------------------------------------------------------------------------------------------


def _table(
    batches: Iterator[pa.RecordBatch],
    schema: pa.Schema,
    chosen: set[str],
    taken: list[int],
    total: int,
    name: str,
    notes: tuple[Note, ...],
) -> Table:
    """Some of the rows of batches: those in the places `taken`, of `total`. Raises UserError when their cells are larger than what is read."""
    start, size, places = 0, 0, np.array(taken, dtype=np.int64)
    header = [field.name for field in schema if field.name in chosen]
    columns: list[list[object]] = [[] for _ in header]
    for batch in _slices(batches):
        here = places[slice(*np.searchsorted(places, (start, start + batch.num_rows)))] - start
        start += batch.num_rows
        if not len(here):
            continue
        batch.validate(full=True)
        columns_here = zip(batch.columns, batch.schema, strict=True)
        arrays = [_picked(array, here) for array, field in columns_here if field.name in chosen]
        size += sum(_unfolded(array) for array in arrays)
        limits.check_unpacked(name, size)
        for column, array in zip(columns, arrays, strict=True):
            column += _cells(array)
        if taken and start > taken[-1]:
            break
    description = (schema.metadata or {}).get(b"huggingface", b"{}")
    if len(description) > MOST_DESCRIPTION:
        message = N_("the names of the classes were not read, because their description is longer than {limit} kB")
        notes, description = (*notes, (message, {"limit": MOST_DESCRIPTION // 1024})), b"{}"
    first = len(taken) == taken[-1] + 1 if taken else True
    return make_table(
        header,
        columns,
        total if first else len(taken),
        categories=_categories(description),
        notes=notes if first else (*notes, *sampled(len(taken), total)),
        lines=[place + 1 for place in taken],
        not_read=total - len(taken),
    )


def _slices(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH):
            yield batch.slice(start, BATCH)


def _picked(array: pa.Array, places: np.ndarray) -> pa.Array:
    """The cells in some places of an array."""
    if len(places) == len(array):
        return array
    try:
        return array.take(pa.array(places))
    except pa.ArrowNotImplementedError:  # views and run-end encoded arrays
        return pa.concat_arrays([array.slice(place, 1) for place in places])


def _unfolded(array: pa.Array, nested: bool = False) -> int:
    """About how many bytes the cells have, each counted as often as it is there."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        used = array.indices.drop_null()
        sizes = np.full(len(array.dictionary), 8) if kind.value_type.num_fields else _sizes(array.dictionary)
        return int(sizes[used.to_numpy(zero_copy_only=False)].sum())
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return int(_sizes(array).sum())
    if (
        pa.types.is_struct(kind)
        or pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
    ):
        inside = array.flatten()
        return sum(_unfolded(part, True) for part in (inside if isinstance(inside, list) else [inside]))
    return max(array.nbytes, 8 * len(array) if nested else 0)


def _sizes(array: pa.Array) -> np.ndarray:
    """The bytes of each value of an array that is not nested."""
    kind = array.type
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        views = np.frombuffer(array.buffers()[1], dtype=np.int32).reshape(-1, 4)
        return views[array.offset : array.offset + len(array), 0]
    if _is_text(kind) or pa.types.is_large_binary(kind):
        from pyarrow import compute  # here, because it takes long to load

        return compute.binary_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    return np.full(len(array), 8)


def _cells(array: pa.Array) -> list[object]:
    """The cells as Python values; a text that is there often is one object. What JSON has no kind for becomes a text inside of a cell."""
    if pa.types.is_dictionary(array.type):
        numbers = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        used, places = np.unique(numbers, return_inverse=True)
        known = [*array.dictionary.take(pa.array(used[used >= 0])).to_pylist()]
        values = [*[None] * (len(used) - len(known)), *known]
        return [values[place] for place in places]
    cells = array.to_pylist()
    return [_as_json(cell) for cell in cells] if array.type.num_fields else cells


def _as_json(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_as_json(part) for part in value]
    if isinstance(value, dict):
        return {str(key): _as_json(part) for key, part in value.items()}
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _categories(description: bytes) -> dict[str, tuple[str, ...]]:
    """The category names by column in what Hugging Face datasets writes into a file; none where it is not whole.

    The description is as untrusted as the file, and datasets would follow a path in it: only lists of names are taken.
    """
    try:
        features = json.loads(description)["info"]["features"]
        items = {
            column: feature.get("feature", feature) for column, feature in features.items() if isinstance(feature, dict)
        }
        found = {column: item for column, item in items.items() if item.get("_type") == "ClassLabel"}
        return {column: tuple(str(name) for name in feature["names"]) for column, feature in found.items()}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return {}


# --- Folders -----------------------------------------------------------------------------------------------------------


def is_saved(folder: Path) -> bool:
    """Whether a folder was written by the save_to_disk of datasets."""
    return any((folder / name).is_file() for name in (DICT_FILE, STATE_FILE))


def read_saved(folder: Path) -> Table:
    """A folder that a Dataset or a DatasetDict was saved to; the splits of the latter become a column "split".

    No file outside the folder is read. Raises UserError when the folder is not whole.
    """
    if not (folder / DICT_FILE).is_file():
        return _read_folder(folder, folder.name)
    splits = _described(folder / DICT_FILE, "splits")
    if not all(isinstance(split, str) for split in splits) or not splits:
        raise _broken(folder / DICT_FILE)
    found = [(split, _inside(folder, split)) for split in map(str, splits)]
    limits.check_size(folder.name, sum(path.stat().st_size for _, part in found for path in part.glob("*.arrow")))
    return parts.combine([(split, _read_folder(part, f"{folder.name}/{split}")) for split, part in found])


def _read_folder(folder: Path, name: str) -> Table:
    entries = _described(folder / STATE_FILE, "_data_files")
    files = [_inside(folder, str(entry.get("filename"))) for entry in entries if isinstance(entry, dict)]
    if not files or not all(file.is_file() for file in files):
        raise _broken(folder / STATE_FILE)
    limits.check_size(name, sum(file.stat().st_size for file in files))
    try:
        return _read_arrow([file.read_bytes() for file in files], name)
    except MemoryError:
        raise
    except BROKEN as error:
        raise UserError(
            "{file} is a damaged {kind} file; export it again, or save it as CSV", file=name, kind="Arrow"
        ) from error


def _described(file: Path, key: str) -> list[object]:
    """A list in a small JSON file of the folder."""
    try:
        with file.open("rb") as content:
            found = json.loads(content.read(MOST_DESCRIPTION))[key]
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise _broken(file) from error
    if not isinstance(found, list):
        raise _broken(file)
    return found


def _inside(folder: Path, name: str) -> Path:
    """What has this name in the folder. Raises UserError when it lies elsewhere."""
    path = folder / name
    if name != Path(name).name or path.resolve().parent != folder.resolve():
        raise _broken(folder / STATE_FILE)
    return path


def _broken(file: Path) -> UserError:
    return UserError(
        "the folder {folder} was not saved whole: {file} does not name files that are in it; save it again with save_to_disk",
        folder=file.parent.name,
        file=file.name,
    )

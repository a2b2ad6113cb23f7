"""Parquet files as a table, and the names of classes that Hugging Face datasets leaves in them.

This module does not know files. Nothing in a description is followed or believed beyond its names.
"""

import json
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet

from core import settings
from core.errors import UserError
from core.tables.table import Table, make_table


def read(data: bytes, name: str) -> Table:
    """A Parquet file, batch by batch up to the row limit."""
    limit = settings.MAX_ROWS.value()
    try:
        file = pyarrow.parquet.ParquetFile(BytesIO(data))
        unpacked = sum(file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups))
        if unpacked > 20 * settings.MAX_UPLOAD_MB.value() * 1024 * 1024:
            raise UserError("{file} unpacks to more data than is read; make it smaller", file=name)
        batches, rows = [], 0
        for batch in file.iter_batches(batch_size=10_000):
            batches.append(batch)
            rows += batch.num_rows
            if rows >= limit:
                break
        content = pa.Table.from_batches(batches, schema=file.schema_arrow).slice(0, limit)
        columns = [column.to_pylist() for column in content.columns]
        description = (content.schema.metadata or {}).get(b"huggingface", b"{}")
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise UserError("{file} is a damaged Parquet file; export it again, or save it as CSV", file=name) from error
    return make_table(content.column_names, columns, file.metadata.num_rows, categories=_categories(description))


def _categories(description: bytes) -> dict[str, tuple[str, ...]]:
    """The category names by column in what Hugging Face datasets writes into a Parquet file; none where it is not whole.

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

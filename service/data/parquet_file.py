"""Reads a Parquet file: the footer is checked first, then one block of columns after the other is read."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from service.data.column_names import checked_names
from service.data.description import Finding, ReadOptions
from service.data.errors import InvalidFile, shown
from service.data.limits import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_DECODED_BYTES,
    MAX_PARQUET_FOOTER_BYTES,
    MAX_ROWS,
)
from service.data.string_column import string_column
from service.data.table import Numbers, RawColumn, Table, Texts

BLOCK_COLUMNS: Final = 32
_TAIL_BYTES: Final = 8
_DAMAGED: Final = (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError, TypeError)
"""What pyarrow raises on files that are not what they say."""


def read_parquet(path: Path, options: ReadOptions) -> Table:
    """Read a Parquet file of flat columns: numbers, texts, truth values, dates and times. Raises InvalidFile."""
    _check_footer(path)
    try:
        with _opened(path) as file:
            _check_metadata(file.metadata)
            fields = list(file.schema_arrow)
        names = checked_names([field.name for field in fields], where="the schema")
        for field in fields:
            _check_type(field)
        rows = file.metadata.num_rows
        texts = [field.name for field in fields if _is_text(field.type)]
        columns: list[RawColumn] = []
        findings: list[Finding] = []
        # Texts that repeat stay in their dictionary: written out, a small file of long texts would fill the memory.
        with _opened(path, read_dictionary=texts) as file:
            for start in range(0, len(fields), BLOCK_COLUMNS):
                block = [field.name for field in fields[start : start + BLOCK_COLUMNS]]
                table = file.read(columns=block, use_threads=False)
                for name in block:
                    column, noticed = _column(name, table.column(name), as_text=name in options.text_columns)
                    if len(column) != rows:
                        raise _damaged(f"column {shown(name)} has {len(column):,} rows instead of {rows:,}")
                    columns.append(column)
                    findings += noticed
    except _DAMAGED as error:
        # Single columns may be encrypted below a footer that anybody can read.
        if "decrypt" in str(error).lower():
            raise _encrypted() from error
        raise _damaged(type(error).__name__) from error
    if not names:
        raise InvalidFile("unacceptable", "the Parquet file has no columns")
    if not rows:
        raise InvalidFile("unacceptable", "the Parquet file has no rows; add data")
    return Table("parquet", tuple(columns), tuple(findings))


def _opened(path: Path, read_dictionary: list[str] | None = None) -> Any:
    return pq.ParquetFile(
        path,
        read_dictionary=read_dictionary,
        page_checksum_verification=True,
        thrift_string_size_limit=MAX_PARQUET_FOOTER_BYTES,
        thrift_container_size_limit=MAX_PARQUET_FOOTER_BYTES // 16,
    )


def _damaged(what: str) -> InvalidFile:
    return InvalidFile("unacceptable", f"the Parquet file is damaged ({what}); write it again and compare checksums")


def _encrypted() -> InvalidFile:
    return InvalidFile("unacceptable", "the Parquet file is encrypted; save it without encryption")


def _check_footer(path: Path) -> None:
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    if tail[4:] == b"PARE":
        raise _encrypted()
    if tail[4:] != b"PAR1":
        raise _damaged("its end is missing")
    footer = int.from_bytes(tail[:4], "little")
    if footer > MAX_PARQUET_FOOTER_BYTES:
        detail = f"the Parquet file's footer has {footer:,} bytes; the limit is {MAX_PARQUET_FOOTER_BYTES:,}"
        raise InvalidFile("too-large", f"{detail}. Take fewer columns or larger row groups")


def _check_metadata(metadata: Any) -> None:
    rows, columns = metadata.num_rows, metadata.num_columns
    if columns > MAX_COLUMNS:
        detail = f"the file has {columns:,} columns; the limit is {MAX_COLUMNS:,}. Leave some out"
        raise InvalidFile("too-large", detail)
    if rows > MAX_ROWS:
        detail = f"the Parquet file has {rows:,} rows; the limit is {MAX_ROWS:,}. Take a sample of them"
        raise InvalidFile("too-large", detail)
    if rows * columns > MAX_CELLS:
        detail = f"the Parquet file has {rows * columns:,} cells ({rows:,} rows, {columns:,} columns)"
        raise InvalidFile("too-large", f"{detail}; the limit is {MAX_CELLS:,}. Take fewer rows or columns")
    size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if size > MAX_DECODED_BYTES:
        detail = f"the Parquet file unpacks to {size:,} bytes; the limit is {MAX_DECODED_BYTES:,}. Take fewer rows"
        raise InvalidFile("too-large", detail)


def _is_text(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return bool(_is_text(kind.value_type))
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _check_type(field: Any) -> None:
    types = pa.types
    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    extension = isinstance(kind, pa.BaseExtensionType) or b"ARROW:extension:name" in (field.metadata or {})
    known = (
        _is_text(kind),
        types.is_integer(kind),
        types.is_floating(kind),
        types.is_decimal(kind),
        types.is_boolean(kind),
        types.is_date(kind),
        types.is_timestamp(kind),
        types.is_null(kind),
    )
    if extension or not any(known):
        what = "an extension type" if extension else f"the type {str(kind)[:40]}"
        raise InvalidFile(
            "unacceptable",
            f"column {shown(field.name)} has {what}; columns must be numbers, texts, truth values, dates or times. "
            "Convert it or leave it out",
        )


def _column(name: str, cells: Any, *, as_text: bool) -> tuple[RawColumn, list[Finding]]:
    if _is_text(cells.type):
        return string_column(name, cells, as_text=as_text)
    if pa.types.is_dictionary(cells.type):
        cells = pc.cast(cells, cells.type.value_type)
    kind = cells.type
    if pa.types.is_null(kind):
        return Texts(name, np.full(len(cells), -1, np.int64), ()), []
    if pa.types.is_boolean(kind):
        codes = pc.cast(cells, pa.int8()).fill_null(-1).to_numpy().astype(np.int64)
        return Texts(name, codes, ("false", "true")), []
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        moments = pc.cast(cells, pa.timestamp("us"), safe=False)
        present = pc.cast(moments, pa.int64()).fill_null(0).to_numpy().astype(np.float64) / (86_400 * 1e6)
        return Numbers(name, np.where(pc.is_null(cells).to_numpy(), np.nan, present), "moment"), []
    numbers = pc.cast(cells, pa.float64(), safe=False)
    return Numbers(name, numbers.to_numpy().astype(np.float64)), []

import base64
import datetime
import decimal
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from tests.service.data.files import ROWS, parquet_file, prepared, refused

KINDS = ["large", "small"] * (ROWS // 2)


def test_a_table_is_read_as_it_is(tmp_path: Path) -> None:
    description = prepared(parquet_file(tmp_path)).description

    assert (description.kind, description.rows) == ("parquet", ROWS)
    assert [column.type for column in description.columns] == ["number", "number", "category", "target"]


def test_every_kind_of_column_that_is_read(tmp_path: Path) -> None:
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=row) for row in range(ROWS)]
    moments = [datetime.datetime(2024, 1, 1) + datetime.timedelta(hours=row % 7) for row in range(ROWS)]
    columns = {
        "truth": pa.array([row % 3 == 0 for row in range(ROWS)]),
        "day": pa.array(days),
        "moment": pa.array(moments, pa.timestamp("ns")),
        "price": pa.array([decimal.Decimal(row % 13) / 4 for row in range(ROWS)], pa.decimal128(8, 2)),
        "small": pa.array([row % 5 for row in range(ROWS)], pa.int8()),
        "color": pa.array(["red", "green"] * (ROWS // 2)).dictionary_encode(),
        "coded": pa.array([row % 4 for row in range(ROWS)]).dictionary_encode(),
        "half": pa.array(np.arange(ROWS) % 9, pa.float16()),
        "unsigned": pa.array([row % 6 for row in range(ROWS)], pa.uint64()),
        "nothing": pa.nulls(ROWS),
        "kind": pa.array(KINDS, pa.large_string()),
    }

    description = prepared(parquet_file(tmp_path, columns)).description

    assert {column.name: column.type for column in description.columns} == {
        "truth": "category",
        "day": "number",
        "moment": "number",
        "price": "number",
        "small": "number",
        "color": "category",
        "coded": "number",
        "half": "number",
        "unsigned": "number",
        "nothing": "constant",
        "kind": "target",
    }
    assert description.preview[1][:5] == ("false", "2024-01-02", "2024-01-01 01:00:00", 0.25, 1)


def test_missing_cells_of_every_kind(tmp_path: Path) -> None:
    hole = [None if row % 4 == 0 else row % 5 for row in range(ROWS)]
    columns = {
        "number": pa.array(hole, pa.float64()),
        "whole": pa.array(hole, pa.int32()),
        "text": pa.array([None if value is None else f"v{value}" for value in hole]),
        "truth": pa.array([None if value is None else value > 2 for value in hole]),
        "day": pa.array([None if value is None else datetime.date(2024, 1, value + 1) for value in hole]),
        "kind": pa.array(KINDS),
    }

    description = prepared(parquet_file(tmp_path, columns)).description

    assert [column.missing for column in description.columns] == [ROWS // 4] * 5 + [0]


def test_names_may_be_numbers(tmp_path: Path) -> None:
    columns = {"0": np.arange(ROWS) % 7, "1": np.arange(ROWS) % 3}

    assert prepared(parquet_file(tmp_path, columns)).description.target == "1"


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999])
def test_a_file_that_was_cut_off(share: float, tmp_path: Path) -> None:
    path = parquet_file(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: max(12, int(len(content) * share))])

    refused(path, "unacceptable", "damaged", "its end is missing")


def test_more_rows_than_the_limit_are_known_by_the_footer(tmp_path: Path) -> None:
    path = tmp_path / "file"
    zeros = pa.table({"a": pa.array(np.zeros(2_000_000, np.int8)), "b": pa.array(np.zeros(2_000_000, np.int8))})
    with pq.ParquetWriter(path, zeros.schema) as writer:
        for _ in range(2):
            writer.write_table(zeros)

    assert path.stat().st_size < 100_000
    refused(path, "too-large", "4,000,000 rows", "1,000,000")


def test_more_columns_than_the_limit(tmp_path: Path) -> None:
    columns = {f"c{number}": [1] for number in range(2_001)}

    refused(parquet_file(tmp_path, columns), "too-large", "2,001 columns", "2,000")


@pytest.mark.slow
def test_more_cells_than_the_limit(tmp_path: Path) -> None:
    zeros = pa.array(np.zeros(300_000, np.int8))

    refused(
        parquet_file(tmp_path, {f"c{n}": zeros for n in range(400)}), "too-large", "120,000,000 cells", "100,000,000"
    )


def test_a_footer_that_is_too_long(tmp_path: Path) -> None:
    path = parquet_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-8] + struct.pack("<I", 2_000_000_000) + b"PAR1")

    refused(path, "too-large", "2,000,000,000 bytes", "16,000,000")


def test_a_footer_that_is_no_footer(tmp_path: Path) -> None:
    path = parquet_file(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:-200] + bytes(192) + content[-8:])

    refused(path, "unacceptable", "damaged")


def test_long_texts_that_repeat_stay_small(tmp_path: Path) -> None:
    # Written out these would be 13 GB.
    long = pa.DictionaryArray.from_arrays(
        pa.array(np.arange(100_000, dtype=np.int32) % 2), ["a" * 131_000, "b" * 131_000]
    )
    columns = {"long": long, "n": np.arange(100_000) % 7, "kind": ["large", "small"] * 50_000}

    description = prepared(parquet_file(tmp_path, columns)).description

    assert (description.columns[0].type, description.columns[0].distinct) == ("category", 2)
    assert max(map(len, description.columns[0].examples)) == 80


def test_cells_above_the_limit(tmp_path: Path) -> None:
    columns = {"long": ["a" * 140_000, "b"] * (ROWS // 2), "kind": KINDS}

    refused(parquet_file(tmp_path, columns), "unacceptable", "'long'", "140,000 characters", "131,072")


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([[1, 2]] * ROWS),
        pa.array([{"a": 1}] * ROWS),
        pa.array([[("a", 1)]] * ROWS, pa.map_(pa.string(), pa.int8())),
        pa.array([b"\0"] * ROWS),
        pa.array([datetime.time(1)] * ROWS),
        pa.array([datetime.timedelta(1)] * ROWS),
    ],
)
def test_columns_of_something_else_are_named(cells: Any, tmp_path: Path) -> None:
    refused(parquet_file(tmp_path, {"odd": cells, "kind": KINDS}), "unacceptable", "'odd'", "leave it out")


class CodeCarrier(pa.ExtensionType):  # type: ignore[misc]
    """A type like those that ran code when Parquet files were opened: its metadata would be executed by its reader."""

    executed = 0

    def __init__(self) -> None:
        super().__init__(pa.int64(), "ray.data.arrow_tensor")

    def __arrow_ext_serialize__(self) -> bytes:
        return b"cos\nsystem\n(S'true'\ntR."

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: Any, serialized: bytes) -> "CodeCarrier":
        cls.executed += 1
        return cls()


def test_extension_types_are_refused_and_nobody_reads_their_metadata(tmp_path: Path) -> None:
    cells = pa.ExtensionArray.from_storage(CodeCarrier(), pa.array(range(ROWS)))
    path = parquet_file(tmp_path, {"odd": cells, "kind": KINDS})

    refused(path, "unacceptable", "'odd'", "an extension type")

    assert CodeCarrier.executed == 0


def test_a_registered_extension_type_is_refused_too(tmp_path: Path) -> None:
    cells = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16)] * ROWS, pa.binary(16)))

    refused(parquet_file(tmp_path, {"odd": cells, "kind": KINDS}), "unacceptable", "'odd'")


def test_no_rows(tmp_path: Path) -> None:
    refused(
        parquet_file(tmp_path, {"a": pa.array([], pa.int8()), "b": pa.array([], pa.string())}),
        "unacceptable",
        "no rows",
    )


class KeyServer(pe.KmsClient):  # type: ignore[misc]
    """Stands for a server of keys; counts how often it is asked."""

    asked = 0

    def wrap_key(self, key: bytes, _master: str) -> bytes:
        return base64.b64encode(key)

    def unwrap_key(self, _key: bytes, _master: str) -> bytes:
        type(self).asked += 1
        raise AssertionError


@pytest.mark.parametrize("plain_footer", [True, False])
def test_an_encrypted_file_is_refused_without_asking_for_its_key(plain_footer: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    encryption = pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["a"]}, plaintext_footer=plain_footer)
    elsewhere = pe.KmsConnectionConfig(kms_instance_url="http://203.0.113.1/")
    properties = pe.CryptoFactory(lambda _: KeyServer()).file_encryption_properties(elsewhere, encryption)
    table = pa.table({"a": list(range(ROWS)), "kind": KINDS})
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)

    refused(path, "unacceptable", "encrypted")

    assert KeyServer.asked == 0


def test_a_page_that_was_changed_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = parquet_file(
        tmp_path, {"a": np.arange(1_000.0), "kind": ["x", "y"] * 500}, write_page_checksum=True, compression="none"
    )
    content = bytearray(path.read_bytes())
    content[2_000] ^= 0xFF
    path.write_bytes(content)

    refused(path, "unacceptable", "damaged")

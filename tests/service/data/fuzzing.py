"""Reads files that were damaged at random: `python -P -m tests.service.data.fuzzing KIND COUNT`.

Run in a process of its own, because what is looked for may kill it. Prints how many files were read and how many
refused; whatever is raised besides InvalidFile ends it with a traceback and the seed of the file.
"""

import datetime
import io
import json
import resource
import sys
import tempfile
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from service.data.description import ReadOptions
from service.data.errors import InvalidFile
from service.data.preparation import prepare
from tests.service.data.files import ROWS, csv_file, npz_file, parquet_file, pictures_file

MEMORY = 2_000_000_000
EXTREMES = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b'"',
    b"\n",
    b",",
    b"\xef\xbb\xbf",
    b"-1",
)


def mutated(content: bytes, rng: Generator) -> bytes:
    """Damage a file in one to four places: bits, bytes, lengths, cuts, doubles."""
    result = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if not result:
            break
        at, other = (int(place) for place in rng.integers(len(result), size=2))
        size = int(rng.integers(1, 64))
        match int(rng.integers(7)):
            case 0:
                result[at] ^= 1 << int(rng.integers(8))
            case 1:
                result[at] = int(rng.integers(256))
            case 2:
                extreme = EXTREMES[int(rng.integers(len(EXTREMES)))]
                result[at : at + len(extreme)] = extreme
            case 3:
                del result[at : at + size]
            case 4:
                result[at:at] = result[other : other + size]
            case 5:
                del result[at:]
            case 6:
                result[at : at + size] = rng.bytes(size)
    return bytes(result)


def damaged(content: bytes, rng: Generator) -> bytes:
    """Damage a file; of a zip file every second time a member, with a checksum that fits again."""
    if not content.startswith(b"PK") or rng.integers(2):
        return mutated(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = sorted(members)[int(rng.integers(len(members)))]
    members[name] = mutated(members[name], rng)
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for each, member in members.items():
            archive.writestr(each, member)
    return result.getvalue()


def rich_parquet_file(folder: Path) -> Path:
    """Return a Parquet file with every kind of column, two row groups and missing cells."""
    days = [None if row % 9 == 0 else datetime.date(2024, 1, row % 28 + 1) for row in range(ROWS)]
    columns = {
        "number": pa.array(np.random.default_rng(6).normal(size=ROWS)),
        "whole": pa.array([None if row % 7 == 0 else row % 5 for row in range(ROWS)]),
        "day": pa.array(days),
        "moment": pa.array(days).cast(pa.timestamp("ms")),
        "truth": pa.array([row % 3 == 0 for row in range(ROWS)]),
        "note": pa.array([f"the {('red', 'old', 'big')[row % 3]} fox of row {row}" for row in range(ROWS)]),
        "kind": pa.array(["large", "small"] * (ROWS // 2)),
    }
    return parquet_file(folder, columns, row_group_size=ROWS // 2)


MAKERS: dict[str, Callable[[Path], Path]] = {
    "csv": csv_file,
    "parquet": rich_parquet_file,
    "npz": npz_file,
    "images": pictures_file,
}


def main(kind: str, count: int) -> None:
    """Read `count` damaged files of a kind."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("error")
    ended: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = MAKERS[kind](Path(folder))
        content = path.read_bytes()
        for seed in range(count):
            path.write_bytes(damaged(content, np.random.default_rng([zlib.crc32(kind.encode()), seed])))
            try:
                prepare(path, ReadOptions())
            except InvalidFile:
                ended["refused"] += 1
            except BaseException:
                sys.stderr.write(f"seed {seed}\n")
                raise
            else:
                ended["read"] += 1
    sys.stdout.write(json.dumps(ended))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

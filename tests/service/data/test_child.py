"""The reader in a process of its own: what it may cost, what it may see, and what is left when it ends."""

import json
import os
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.data.child import read_in_child
from service.data.description import Description, ReadOptions
from service.data.errors import InvalidFile
from service.data.limits import ChildLimits
from service.data.prepared import load_prepared
from tests.service.data.files import csv_file, npz_file, parquet_file, pictures_file, png_of, table_text, zip_file

MEGABYTE = 1_000_000


def read(path: Path, **limits: Any) -> Description:
    return read_in_child(path, ReadOptions(), path.with_name("prepared.npz"), limits=ChildLimits(**limits))


def refused_cheaply(path: Path, reason: str, said: str) -> None:
    """Demand that a file is refused before its reader has used four seconds, at no cost of memory here."""
    memory = psutil.Process().memory_info().rss

    with pytest.raises(InvalidFile, match=said) as caught:
        read(path, processor_seconds=4)

    assert psutil.Process().memory_info().rss - memory < 64 * MEGABYTE
    assert caught.value.reason == reason
    assert [each.name for each in path.parent.iterdir()] == ["file"]


@pytest.mark.slow
@pytest.mark.parametrize("make", [csv_file, parquet_file, npz_file, pictures_file])
def test_a_file_is_prepared(make: Any, tmp_path: Path) -> None:
    description = read(make(tmp_path))

    dataset, encoder = load_prepared(tmp_path / "prepared.npz")
    assert encoder is not None
    assert dataset.fingerprint == description.fingerprint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "prepared.npz"]


def test_a_refusal_leaves_nothing_behind(tmp_path: Path) -> None:
    refused_cheaply(csv_file(tmp_path, "a,b\n"), "unacceptable", "no rows")


def test_a_refusal_keeps_what_was_prepared_before(tmp_path: Path) -> None:
    (tmp_path / "prepared.npz").write_bytes(b"before")

    with pytest.raises(InvalidFile):
        read(csv_file(tmp_path, "a,b\n"))

    assert (tmp_path / "prepared.npz").read_bytes() == b"before"


def zeros(blocks: int) -> bytes:
    """Return a deflate stream of zeros, 16 MiB for each block: a flushed block may be repeated."""
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeezed.compress(bytes(1 << 24)) + squeezed.flush(zlib.Z_FULL_FLUSH)
    return block * blocks + squeezed.flush()


def npz_of(folder: Path, stream: bytes, shape: str, *, size: int) -> Path:
    """Write an NPZ file with an X of this shape that unpacks from `stream`, and a directory that says `size`."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    held = b"\0" + struct.pack("<HH", len(start), len(start) ^ 0xFFFF) + start + stream
    fields = struct.pack("<HHHHHLLLHH", 20, 0, 8, 0, 33, 0, len(held), size + len(start), 5, 0)
    local = b"PK\3\4" + fields + b"X.npy" + held
    central = b"PK\1\2" + struct.pack("<H", 20) + fields + bytes(14) + b"X.npy"
    path = folder / "file"
    path.write_bytes(local + central + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0))
    return path


def test_a_bomb_that_its_directory_admits(tmp_path: Path) -> None:
    path = npz_of(tmp_path, zeros(240), "(503316, 1000)", size=240 << 24)

    assert path.stat().st_size < 5 * MEGABYTE
    refused_cheaply(path, "too-large", "unpacks to 4,026,531,.* bytes; the limit is 2,000,000,000")


def test_a_bomb_that_its_directory_hides(tmp_path: Path) -> None:
    path = npz_of(tmp_path, zeros(240), "(1000, 10)", size=80_000)

    refused_cheaply(path, "unacceptable", "damaged")


def test_a_ratio_that_only_bombs_have(tmp_path: Path) -> None:
    path = npz_of(tmp_path, zeros(100), "(209715, 1000)", size=100 << 24)

    refused_cheaply(path, "too-large", "times its size; the limit is 200 times")


def test_a_million_members(tmp_path: Path) -> None:
    entry = b"PK\1\2" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    path = tmp_path / "file"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 16_960, 16_960, len(entry) * 1_000_000, 4, 0)
    path.write_bytes(b"PK\3\4" + entry * 1_000_000 + end)

    refused_cheaply(path, "too-large", "directory has 47,000,000 bytes")


@pytest.mark.slow
def test_sixty_five_thousand_arrays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    entries = b"".join(b"PK\1\2%b\x09\0%b%05d.npy" % (bytes(24), bytes(16), number) for number in range(65_000))
    path.write_bytes(b"PK\3\4" + entries + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 65_000, len(entries), 4, 0))

    refused_cheaply(path, "unacceptable", "65,000 arrays; exactly two are read")


@pytest.mark.parametrize(("side", "said"), [(9_000, "9,000 x 9,000 pixels"), (20_000, "more pixels than Pillow opens")])
def test_a_picture_of_some_kilobytes_and_many_millions_of_pixels(side: int, said: str, tmp_path: Path) -> None:
    path = zip_file(tmp_path, {"cats/bomb.png": png_of(side, side, depth=1)})

    assert path.stat().st_size < 0.1 * MEGABYTE
    refused_cheaply(path, "too-large", said)


@pytest.mark.slow
def test_two_hundred_million_rows_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "file"
    block = pa.table({"a": pa.array(np.zeros(10_000_000, np.int8))})
    with pq.ParquetWriter(path, block.schema) as writer:
        for _ in range(20):
            writer.write_table(block, row_group_size=10_000_000)

    assert path.stat().st_size < 3 * MEGABYTE
    refused_cheaply(path, "too-large", "200,000,000 rows; the limit is 1,000,000")


@pytest.mark.slow
def test_twenty_thousand_columns_of_parquet(tmp_path: Path) -> None:
    path = parquet_file(tmp_path, {f"c{number}": [1] for number in range(20_000)})

    refused_cheaply(path, "too-large", "20,000 columns; the limit is 2,000")


@pytest.mark.slow
def test_a_million_columns_of_text(tmp_path: Path) -> None:
    path = csv_file(tmp_path, ",".join(f"c{number}" for number in range(1_000_000)) + "\n")

    refused_cheaply(path, "too-large", "1,000,000 columns; the limit is 2,000")


@pytest.mark.slow
def test_a_line_without_an_end(tmp_path: Path) -> None:
    refused_cheaply(csv_file(tmp_path, "a,b\n" + "x" * 50_000_000), "unacceptable", "line 2, column 1")


@pytest.mark.slow
def test_memory_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        np.savez(file, X=np.random.default_rng(0).normal(size=(60_000, 100)), y=np.arange(60_000) % 2)

    with pytest.raises(InvalidFile, match="more memory than the limit of 300 MB") as caught:
        read(path, memory_bytes=300 * MEGABYTE)

    assert caught.value.reason == "too-large"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
@pytest.mark.parametrize("limit", [{"processor_seconds": 1}, {"wall_seconds": 0.5}])
def test_time_is_limited(limit: dict[str, Any], tmp_path: Path) -> None:
    path = csv_file(tmp_path, table_text(2) + "1.5,2.5,red,large\n" * 900_000)

    with pytest.raises(InvalidFile, match="takes longer than the limit of") as caught:
        read(path, **limit)

    assert caught.value.reason == "too-large"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
def test_the_process_sees_no_secrets_and_no_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CAMBRIAN_DATABASE_URL", "HTTPS_PROXY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret")
    path = csv_file(tmp_path, table_text(2) + "1.5,2.5,red,large\n" * 30_000)
    own = psutil.Process()
    before = set(own.children())
    reader = threading.Thread(target=read, args=(path,))

    reader.start()
    while not (started := set(own.children()) - before):
        assert reader.is_alive()
    process = started.pop()
    # Between fork and exec it is still this process.
    while "service.data.reading" not in process.cmdline():
        assert reader.is_alive()
    environment = process.environ()
    session = os.getsid(process.pid)
    source = os.readlink(f"/proc/{process.pid}/fd/0")
    reader.join()

    assert set(environment) == {
        "PYTHONPATH",
        "PYTHONDONTWRITEBYTECODE",
        "LC_ALL",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "ARROW_DEFAULT_MEMORY_POOL",
    }
    assert session == process.pid
    assert source == "/dev/null"


@pytest.mark.slow
def test_this_process_loads_nothing_that_reads_files(tmp_path: Path) -> None:
    script = (
        "import json, sys; from pathlib import Path; from service.data.child import read_in_child; "
        "from service.data.description import ReadOptions; folder = Path(sys.argv[1]); "
        "read_in_child(folder / 'file', ReadOptions(), folder / 'prepared.npz'); print(json.dumps(sorted(sys.modules)))"
    )
    parquet_file(tmp_path)

    answer = subprocess.run([sys.executable, "-P", "-c", script, str(tmp_path)], capture_output=True, check=True)

    loaded = {name.partition(".")[0] for name in json.loads(answer.stdout)}
    assert not loaded & {"pyarrow", "PIL", "sklearn", "scipy", "pandas", "ray", "deap", "fastapi", "sqlalchemy"}


def test_a_reader_that_dies_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    refused_cheaply(csv_file(tmp_path), "unacceptable", "made its reader fail")


def test_an_answer_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/yes")

    refused_cheaply(csv_file(tmp_path), "unacceptable", "made its reader fail")


@pytest.mark.parametrize("answer", ["", "{}", "[]", '{"description": {}}', '{"refused": {}}', "[" * 100_000])
def test_an_answer_that_is_none_is_not_believed(answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    liar = tmp_path / "liar"
    (tmp_path / "answer").write_text(answer)
    liar.write_text(f"#!/bin/sh\nexec cat {tmp_path / 'answer'}\n")
    liar.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(liar))

    with pytest.raises(InvalidFile, match="made its reader fail"):
        read(csv_file(tmp_path))


@pytest.mark.slow
def test_arrays_that_cannot_be_written_are_no_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_in_child(csv_file(tmp_path), ReadOptions(), tmp_path / "absent" / "prepared.npz")


def test_more_options_than_a_command_can_carry(tmp_path: Path) -> None:
    options = ReadOptions(ignored_columns=tuple(f"{number:0190}" for number in range(1_000)))

    with pytest.raises(InvalidFile, match="the limit is 100,000") as caught:
        read_in_child(csv_file(tmp_path), options, tmp_path / "prepared.npz")

    assert caught.value.field == "ignored_columns"

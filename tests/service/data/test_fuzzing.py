import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
KINDS = ("csv", "parquet", "npz", "images")


def fuzz(kind: str, count: int) -> None:
    command = [sys.executable, "-P", "-m", "tests.service.data.fuzzing", kind, str(count)]

    answer = subprocess.run(
        command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}, check=False
    )

    assert answer.returncode == 0, answer.stderr[-3_000:]
    ended = json.loads(answer.stdout)
    assert sum(ended.values()) == count
    # Nearly all damage is found, and where a number in a table changed there is nothing to find.
    assert ended["refused"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused_and_nothing_else(kind: str) -> None:
    fuzz(kind, 250)

"""The fixed, stratified split into train, validation and test rows.

Rows are ordered by a hash of (seed, row number), not by a random generator: the split of a data set is then
the same under every version of NumPy, for ever.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

SPLIT_SEED = 2016
VALIDATION_SHARE = 5
TEST_SHARE = 5


def stratified_split(targets: NDArray[np.int64], *, seed: int = SPLIT_SEED) -> dict[str, NDArray[np.int64]]:
    """Split the rows 60 : 20 : 20 within each class into "train", "validation" and "test" row numbers, ascending.

    `targets` are class indices, shape (rows,). Validation and test get one fifth of each class, rounded down,
    and the class's remainder goes to the train rows.
    """
    parts: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for label in np.unique(targets):
        rows = sorted(np.flatnonzero(targets == label).tolist(), key=lambda row: _order(seed, row))
        validation_end = len(rows) // VALIDATION_SHARE
        test_end = validation_end + len(rows) // TEST_SHARE
        parts["validation"] += rows[:validation_end]
        parts["test"] += rows[validation_end:test_end]
        parts["train"] += rows[test_end:]
    return {part: np.array(sorted(rows), dtype=np.int64) for part, rows in parts.items()}


def _order(seed: int, row: int) -> bytes:
    return hashlib.sha256(f"{seed}:{row}".encode()).digest()

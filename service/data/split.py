"""The fixed, stratified split into train, validation and test rows, of single rows or of groups that stay together.

Rows are ordered by a hash of (seed, row number), not by a random generator: the split of a data set is then
the same under every version of NumPy, for ever.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

SPLIT_SEED = 2016
VALIDATION_SHARE = 5
TEST_SHARE = 5
QUANTILE_BANDS = 10


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


def grouped_split(
    strata: NDArray[np.int64], groups: NDArray[np.int64], *, seed: int = SPLIT_SEED
) -> dict[str, NDArray[np.int64]]:
    """Split as `stratified_split` does, but with all rows of a group on one side.

    `strata` are class indices and `groups` group numbers, both (rows,). A group counts as its first row's class. Within
    each class the groups go, in their fixed order, to validation while they fit into its fifth, then to test, then to
    train; where no group stands for more than one row that is `stratified_split`.
    """
    _, first, group_of_row, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    part_of_group = np.zeros(len(first), np.int64)
    stratum_of_group = strata[first]
    for stratum in np.unique(stratum_of_group):
        members = np.flatnonzero(stratum_of_group == stratum)
        ordered = sorted(members.tolist(), key=lambda group: _order(seed, int(first[group])))
        rows = int(sizes[members].sum())
        left = [rows // VALIDATION_SHARE, rows // TEST_SHARE]
        for group in ordered:
            for part in (0, 1):
                if sizes[group] <= left[part]:
                    left[part] -= int(sizes[group])
                    part_of_group[group] = part + 1
                    break
    part_of_row = part_of_group[group_of_row]
    return {part: np.flatnonzero(part_of_row == number) for number, part in enumerate(("train", "validation", "test"))}


def quantile_bands(targets: NDArray[np.float64], bands: int = QUANTILE_BANDS) -> NDArray[np.int64]:
    """Return which tenth of the targets (rows,) each lies in, so that a split by it has like targets in every part.

    Of equal targets the earlier row counts as the smaller.
    """
    ranks = np.empty(len(targets), np.int64)
    ranks[np.argsort(targets, kind="stable")] = np.arange(len(targets))
    return ranks * bands // len(targets)


def _order(seed: int, row: int) -> bytes:
    return hashlib.sha256(f"{seed}:{row}".encode()).digest()

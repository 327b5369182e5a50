"""Finds columns that know the target: one that alone predicts it almost without mistake, each row from the others.

Measured on train and validation rows, never on the test rows. Every row is answered from the other rows (leave one
out), so an identifier cannot look like a leak: its value occurs in no other row and says nothing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.data.cells import number_text
from service.data.description import Finding
from service.data.errors import shown
from service.data.partition import Partition
from service.data.table import Numbers, RawColumn, Rows
from service.data.target import Target

LEAST_ROWS: Final = 20
"""Rows that must be there before anything is said."""

_MAX_ROWS: Final = 50_000
_MAX_VALUES: Final = 1_000
_REMAINING_ERROR: Final = 0.02
_CORRELATION: Final = 0.9999


def find_leaks(columns: list[RawColumn], target: Target, partition: Partition) -> list[Finding]:
    """Return a serious finding for each column that alone leaves at most a fiftieth of the error of a constant guess.

    `columns` hold the rows of `target`, which the partition numbers.
    """
    rows = np.sort(np.concatenate([partition.train, partition.validation]))
    if len(rows) > _MAX_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, _MAX_ROWS).astype(np.int64)]
    if len(rows) < LEAST_ROWS:
        return []
    findings = []
    for column in columns:
        tells = _copies if target.task == "regression" else _tells_classes
        how = tells(column.take(rows), target, rows)
        if how is not None:
            sentence = (
                f"{shown(column.name)} alone {how}. Such a column is often written down together with the target, or "
                "after it, and will not be known when it counts. If so, name it in ignored_columns; the scores are "
                "worth little otherwise."
            )
            findings.append(Finding("leak", "serious", (column.name,), sentence))
    return findings


def _tells_classes(column: RawColumn, target: Target, rows: Rows) -> str | None:
    truth = target.values[rows]
    usual = int(np.bincount(truth).argmax())
    baseline = int((truth != usual).sum())
    if isinstance(column, Numbers):
        missing = column.is_missing
        wrong = _wrong_by_neighbor(column.values[~missing], truth[~missing])
        wrong += _wrong_by_value(np.zeros(int(missing.sum()), np.int64), truth[missing], usual)
    else:
        wrong = _wrong_by_value(_frequent(column.codes), truth, usual)
    if baseline == 0 or wrong > _REMAINING_ERROR * baseline:
        return None
    return f"predicts the class of {len(rows) - wrong:,} of {len(rows):,} rows"


def _wrong_by_neighbor(values: NDArray[np.float64], truth: NDArray[np.int64]) -> int:
    """Answer each row with the class of the one whose number is nearest to its own; count the mistakes."""
    if len(values) < 2:
        return len(values)
    order = np.argsort(values, kind="stable")
    with np.errstate(over="ignore"):
        gaps = np.concatenate([[np.inf], np.diff(values[order]), [np.inf]])
    place = np.arange(len(order))
    # The last row has no next one; with two infinite gaps it must not look for it.
    before = (gaps[:-1] <= gaps[1:]) & (place > 0) | (place == len(order) - 1)
    neighbor = np.where(before, place - 1, place + 1)
    sorted_truth = truth[order]
    return int((sorted_truth[neighbor] != sorted_truth).sum())


def _wrong_by_value(codes: NDArray[np.int64], truth: NDArray[np.int64], usual: int) -> int:
    """Answer each row with the most frequent class of the others that have its value; count the mistakes."""
    if not len(codes):
        return 0
    classes = int(truth.max()) + 1
    table = np.bincount(codes * classes + truth, minlength=(int(codes.max()) + 1) * classes).reshape(-1, classes)
    ordered = np.sort(table, axis=1)
    largest = ordered[:, -1]
    second = ordered[:, -2] if classes > 1 else np.zeros(len(table), table.dtype)
    own = table[codes, truth]
    # Without the row itself its class must still be the most frequent one; a value of its own says the usual class.
    right = (own == largest[codes]) & (own - 1 > second[codes])
    alone = table.sum(axis=1)[codes] == 1
    return int((~np.where(alone, truth == usual, right)).sum())


def _frequent(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the frequent values, the missing cells and the rare values from 0, all rare ones alike."""
    distinct, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(distinct) <= _MAX_VALUES:
        return places.astype(np.int64)
    frequent = np.argsort(-counts, kind="stable")[:_MAX_VALUES]
    numbers = np.full(len(distinct), _MAX_VALUES, np.int64)
    numbers[frequent] = np.arange(_MAX_VALUES)
    return numbers[places]


def _copies(column: RawColumn, target: Target, rows: Rows) -> str | None:
    """Compare the order of the column's numbers with that of the targets, which every rising formula keeps."""
    if not isinstance(column, Numbers):
        return None
    present = np.flatnonzero(~column.is_missing)
    if len(present) < LEAST_ROWS or 2 * len(present) < len(rows):
        return None
    ranks, of_targets = _ranks(column.values[present]), _ranks(target.values[rows[present], 0])
    if np.ptp(ranks) == 0 or np.ptp(of_targets) == 0:
        return None
    correlation = float(np.corrcoef(ranks, of_targets)[0, 1])
    if abs(correlation) < _CORRELATION:
        return None
    return f"puts the rows into the order of the target (rank correlation {number_text(round(correlation, 5))})"


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the ranks of values, equal ones with their mean rank."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: NDArray[np.float64] = ((2 * ends - counts - 1) / 2)[places]
    return ranks

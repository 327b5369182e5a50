"""Finds columns that know the target: one that alone predicts it almost without mistake, on rows it was not fitted to.

Measured on train rows against validation rows, never on the test rows. An identifier cannot look like a leak here: its
values are others in every row, so what was seen says nothing about what was not.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.data.cells import number_text
from service.data.description import Finding
from service.data.errors import shown
from service.data.partition import Partition
from service.data.table import Numbers, RawColumn
from service.data.target import Target

BINS: Final = 256
"""Numbers are looked at in so many groups of about equal size."""

LEAST_ROWS: Final = 10
"""Validation rows that must be there before anything is said."""

_MAX_ROWS: Final = 100_000
_MAX_VALUES: Final = 1_000
_REMAINING_ERROR: Final = 0.02
_CORRELATION: Final = 0.9999


def find_leaks(columns: list[RawColumn], target: Target, partition: Partition) -> list[Finding]:
    """Return a serious finding for each column that alone leaves at most a fiftieth of the error of a constant guess.

    `columns` hold the rows of `target`, which the partition numbers.
    """
    train, validation = partition.train[:_MAX_ROWS], partition.validation[:_MAX_ROWS]
    if len(validation) < LEAST_ROWS:
        return []
    findings = []
    for column in columns:
        if target.task == "regression":
            how = _copies(column, target, train, validation)
        else:
            how = _tells_classes(column, target, train, validation)
        if how is not None:
            sentence = (
                f"{shown(column.name)} alone {how}. Such a column is often written down together with the target, or "
                "after it, and will not be known when it counts. If so, name it in ignored_columns; the scores are "
                "worth little otherwise."
            )
            findings.append(Finding("leak", "serious", (column.name,), sentence))
    return findings


def _tells_classes(
    column: RawColumn, target: Target, train: NDArray[np.int64], validation: NDArray[np.int64]
) -> str | None:
    """Answer with the most frequent class of the train rows that have the same value; None where it errs too often."""
    groups, count = _groups(column, train)
    classes = len(target.class_names)
    counted = np.bincount(groups[train] * classes + target.values[train], minlength=count * classes)
    table = counted.reshape(count, classes)
    usual = int(table.sum(axis=0).argmax())
    answers = np.where(table.sum(axis=1) > 0, table.argmax(axis=1), usual)
    truth = target.values[validation]
    wrong = int((answers[groups[validation]] != truth).sum())
    baseline = int((truth != usual).sum())
    if baseline == 0 or wrong > _REMAINING_ERROR * baseline:
        return None
    return f"predicts the class of {len(truth) - wrong:,} of {len(truth):,} validation rows"


def _copies(column: RawColumn, target: Target, train: NDArray[np.int64], validation: NDArray[np.int64]) -> str | None:
    """Compare the order of the column's numbers with that of the targets, which every rising formula keeps."""
    if not isinstance(column, Numbers):
        return None
    rows = np.concatenate([train, validation])
    present = rows[~column.is_missing[rows]]
    if len(present) < LEAST_ROWS or 2 * len(present) < len(rows):
        return None
    ranks, of_targets = _ranks(column.values[present]), _ranks(target.values[present, 0])
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


def _groups(column: RawColumn, train: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return each row's group of values and how many groups there are; the last two are for rare and missing ones."""
    if isinstance(column, Numbers):
        present = column.values[train][~column.is_missing[train]]
        distinct = np.unique(present)
        edges = distinct if len(distinct) <= BINS else np.unique(np.quantile(present, np.linspace(0, 1, BINS)))
        # Between two values that were seen the nearer one decides.
        middle = edges[:-1] + np.diff(edges) / 2
        groups = np.where(column.is_missing, len(edges) + 1, np.searchsorted(middle, column.values))
        return groups.astype(np.int64), len(edges) + 2
    counts = np.bincount(column.codes[train] + 1, minlength=len(column.values) + 1)[1:]
    frequent = np.argsort(-counts, kind="stable")[:_MAX_VALUES]
    places = np.full(len(column.values) + 1, len(frequent), np.int64)
    places[frequent] = np.arange(len(frequent))
    places[-1] = len(frequent) + 1
    return places[column.codes], len(frequent) + 2

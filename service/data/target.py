"""Which column is to be predicted, and what kind of task that is."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.data.cells import number_text
from service.data.description import Finding, ReadOptions, TaskName
from service.data.errors import InvalidFile, shown
from service.data.limits import MAX_CLASSES, MAX_NAME_CHARACTERS, MIN_ROWS
from service.data.table import Numbers, RawColumn, Rows, Texts

TARGET_NAMES: Final = ("target", "label", "class", "y")
FEW_VALUES: Final = 20
"""Whole numbers with at most so many values, and ten rows for each, are guessed to be classes."""

ROWS_PER_VALUE: Final = 10


@dataclass(frozen=True, eq=False)
class Target:
    """The targets of `rows`, the rows of the file that have one.

    `values` are int64 (n,) class indices, or float32 (n, 1) for regression, whose one class name is the column's.
    """

    name: str
    task: TaskName
    class_names: tuple[str, ...]
    values: NDArray[Any]
    rows: Rows
    findings: tuple[Finding, ...]

    @property
    def classes(self) -> NDArray[np.int64]:
        """Class indices (n,): for regression the fifth of the targets' order that a row lies in."""
        if self.task == "classification":
            return self.values
        order = np.argsort(np.argsort(self.values[:, 0], kind="stable"), kind="stable")
        fifths: NDArray[np.int64] = order * 5 // len(order)
        return fifths

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Rows of each class; none for regression."""
        if self.task == "regression":
            return ()
        return tuple(np.bincount(self.values, minlength=len(self.class_names)).tolist())


def target_name(names: tuple[str, ...], options: ReadOptions) -> str:
    """Return the name of the target among a table's columns: the one asked for, one with a telling name, or the last.

    Raises InvalidFile where an option names a column that is not there, or the target has another role too.
    """
    for option, wanted in (
        ("target", (options.target,)),
        ("group_column", (options.group_column,)),
        ("text_columns", options.text_columns),
        ("ignored_columns", options.ignored_columns),
    ):
        for name in wanted:
            if name is not None and name not in names:
                known = ", ".join(shown(each) for each in names[:10])
                more = f" and {len(names) - 10} more" if len(names) > 10 else ""
                detail = f"there is no column {shown(name)}; the columns are {known}{more}"
                raise InvalidFile("unacceptable", detail, field=option)
    taken = {options.group_column, *options.text_columns, *options.ignored_columns}
    if options.target is not None:
        if options.target in taken:
            detail = f"column {shown(options.target)} is the target and cannot be text, group or ignored as well"
            raise InvalidFile("unacceptable", detail, field="target")
        return options.target
    free = [name for name in names if name not in taken]
    if not free:
        raise InvalidFile("unacceptable", "no column is left that could be the target", field="target")
    return next((name for wanted in TARGET_NAMES for name in free if name.lower() == wanted), free[-1])


def read_target(column: RawColumn, options: ReadOptions) -> Target:
    """Decide the task and number the classes. Raises InvalidFile where the column makes no task."""
    missing = column.is_missing
    rows = np.flatnonzero(~missing)
    _check_rows(column.name, len(rows), int(missing.sum()))
    findings: list[Finding] = []
    if missing.any():
        sentence = f"{int(missing.sum()):,} rows have no target and were left out; the others are {len(rows):,}."
        findings.append(Finding("missing-target", "warning", (column.name,), sentence))
    kept = column.take(rows)
    task = options.task or _guessed(kept)
    if task == "regression":
        return _regression(kept, rows, findings)
    if isinstance(kept, Numbers) and options.task is None and len(rows):
        sentence = (
            f"{shown(column.name)} holds numbers, but only {kept.distinct} different ones, so they were taken for "
            "classes. If they are amounts, ask for the task regression."
        )
        findings.append(Finding("numeric-target", "info", (column.name,), sentence))
    return _classification(kept, rows, findings)


def _check_rows(name: str, rows: int, missing: int) -> None:
    if rows < MIN_ROWS:
        without = f" ({missing:,} more have none)" if missing else ""
        detail = f"{rows:,} rows have a target in column {shown(name)}{without}; a data set needs at least {MIN_ROWS}"
        raise InvalidFile("unacceptable", f"{detail}. Add rows, or name another target", field="target")


def _guessed(column: RawColumn) -> TaskName:
    if isinstance(column, Texts):
        return "classification"
    whole = bool((column.values == np.floor(column.values)).all())
    few = column.distinct <= FEW_VALUES and column.distinct * ROWS_PER_VALUE <= len(column)
    # Two values are two classes, whatever they are: 0 and 1, -1 and 1, 0.5 and 1.5.
    return "classification" if column.distinct <= 2 or (whole and few) else "regression"


def _regression(column: RawColumn, rows: Rows, findings: list[Finding]) -> Target:
    if isinstance(column, Texts):
        detail = f"column {shown(column.name)} holds texts such as {shown(column.values[int(column.codes[0])])}"
        way_out = "regression needs numbers. Ask for classification, or name another target"
        raise InvalidFile("unacceptable", f"{detail}; {way_out}", field="task")
    values = column.values
    if values.min() == values.max():
        raise _one_value(column.name, number_text(float(values[0])))
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    # Standardizing squares differences; the search works in float32.
    if np.abs(values).max() > 1e18 or np.ptp(single) == 0:
        detail = f"the numbers in column {shown(column.name)} are too large, or too alike, for 32-bit numbers"
        way_out = "change their unit or subtract a fixed number; they must stay below 1e18"
        raise InvalidFile("unacceptable", f"{detail}; {way_out}", field="target")
    return Target(column.name, "regression", (column.name,), single[:, None], rows, tuple(findings))


def _classification(column: RawColumn, rows: Rows, findings: list[Finding]) -> Target:
    if isinstance(column, Numbers):
        distinct, classes = np.unique(column.values, return_inverse=True)
        names = [number_text(float(value)) for value in distinct[: MAX_CLASSES + 1]]
        count = len(distinct)
    else:
        used, renumbered = np.unique(column.codes, return_inverse=True)
        count = len(used)
        texts = [column.values[code] for code in used[: MAX_CLASSES + 1].tolist()]
        order = sorted(range(len(texts)), key=lambda place: texts[place])
        names = [texts[place] for place in order]
        # `order` says which comes at a place, its inverse the place of each.
        classes = np.argsort(order)[renumbered] if count <= MAX_CLASSES else renumbered
        findings += _alike(column.name, names)
    if count > MAX_CLASSES:
        numbers = isinstance(column, Numbers)
        way_out = "ask for the task regression, or name another target" if numbers else "name another target"
        detail = f"column {shown(column.name)} has {count:,} different values; the limit is {MAX_CLASSES:,} classes"
        raise InvalidFile("unacceptable", f"{detail}; {way_out}", field="target")
    if count < 2:
        raise _one_value(column.name, names[0])
    long = next((name for name in names if len(name) > MAX_NAME_CHARACTERS), None)
    if long is not None:
        detail = f"the class {shown(long)} in column {shown(column.name)} has {len(long):,} characters"
        raise InvalidFile("unacceptable", f"{detail}; the limit is {MAX_NAME_CHARACTERS}. Shorten it", field="target")
    return Target(column.name, "classification", tuple(names), classes.astype(np.int64), rows, tuple(findings))


def _one_value(name: str, value: str) -> InvalidFile:
    detail = f"every row has the same target in column {shown(name)}, {shown(value)}: there is nothing to learn"
    return InvalidFile("unacceptable", f"{detail}. Name another target", field="target")


def _alike(column: str, names: list[str]) -> list[Finding]:
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault("".join(name.split()).casefold(), []).append(name)
    double = [same for same in folded.values() if len(same) > 1]
    if not double:
        return []
    sentence = (
        f"The classes {' and '.join(shown(name) for name in double[0][:3])} differ only in capitals or spaces and are "
        f"kept apart ({len(double)} such cases). Write them alike if they mean the same."
    )
    return [Finding("classes-alike", "warning", (column,), sentence)]

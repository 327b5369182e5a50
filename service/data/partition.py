"""Divides the rows of a user's data into train, validation and test rows, and says what could not be kept apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.data.description import Finding, SplitRows
from service.data.errors import InvalidFile, shown
from service.data.split import grouped_split, stratified_split
from service.data.table import RawColumn, Rows

PARTS: Final = ("train", "validation", "test")
_LEAST_GROUPS: Final = 5


@dataclass(frozen=True, eq=False)
class Partition:
    """The rows of each part, ascending; `kept_together` says whether equal rows lie on one side."""

    train: Rows
    validation: Rows
    test: Rows
    kept_together: bool

    @property
    def counts(self) -> SplitRows:
        """Rows of each part."""
        return SplitRows(len(self.train), len(self.validation), len(self.test))

    @property
    def order(self) -> Rows:
        """All rows: train, validation, test."""
        return np.concatenate([self.train, self.validation, self.test])


def partition(
    classes: NDArray[np.int64], equal: NDArray[np.int64], group: RawColumn | None, *, seed: int
) -> tuple[Partition, list[Finding]]:
    """Split 60 : 20 : 20 within each class; `equal` numbers rows that are the same, which stay on one side.

    All rows of a group stay on one side where there is a group column. Where equal rows are so many that keeping them
    together leaves a part half empty or without a class, they are split like others, and the doctor says how many
    straddle. Raises InvalidFile where a part would have no rows.
    """
    plain = stratified_split(classes, seed=seed)
    if group is not None:
        parts = grouped_split(classes, _group_numbers(group), seed=seed)
        if not all(len(parts[part]) for part in PARTS):
            parts = _by_group_alone(_group_numbers(group), group.name, seed)
        return _partition(parts, equal), _lopsided(parts, plain, group.name)
    if not all(len(plain[part]) for part in PARTS):
        detail = "validation and test get a fifth of each class, and no class has five rows; add rows to the classes"
        raise InvalidFile("unacceptable", f"{detail}, or take a target with fewer values", field="target")
    if len(np.unique(equal)) == len(equal):
        return _partition(plain, equal), []
    together = grouped_split(classes, equal, seed=seed)
    return _partition(together if _sound(together, plain, classes) else plain, equal), []


def _partition(parts: Mapping[str, Rows], equal: NDArray[np.int64]) -> Partition:
    numbers = [np.unique(equal[parts[part]]) for part in PARTS]
    apart = len(np.unique(np.concatenate(numbers))) == sum(map(len, numbers))
    return Partition(parts["train"], parts["validation"], parts["test"], kept_together=apart)


def _sound(parts: Mapping[str, Rows], plain: Mapping[str, Rows], classes: NDArray[np.int64]) -> bool:
    """Whether every part has at least half of its rows, and every class that it would have without groups."""
    for part in PARTS:
        if 2 * len(parts[part]) < len(plain[part]):
            return False
        if len(np.unique(classes[parts[part]])) < len(np.unique(classes[plain[part]])):
            return False
    return True


def _group_numbers(group: RawColumn) -> NDArray[np.int64]:
    """Return a number for each row's group; a row without one is a group of its own."""
    codes = group.codes
    alone = np.flatnonzero(codes < 0)
    numbers = codes.copy()
    numbers[alone] = int(codes.max(initial=0)) + 1 + np.arange(len(alone))
    count = len(np.unique(numbers))
    if count < _LEAST_GROUPS:
        detail = (
            f"column {shown(group.name)} has {count} groups; at least {_LEAST_GROUPS} are needed, because each lies"
        )
        raise InvalidFile(
            "unacceptable", f"{detail} on one side of the split. Name another column", field="group_column"
        )
    return numbers


def _by_group_alone(groups: NDArray[np.int64], name: str, seed: int) -> dict[str, Rows]:
    """Split by groups whatever the classes; the smallest groups go to a part that stays empty."""
    parts = grouped_split(np.zeros(len(groups), np.int64), groups, seed=seed)
    if all(len(parts[part]) for part in PARTS):
        return parts
    numbers, sizes = np.unique(groups, return_counts=True)
    smallest = numbers[np.argsort(sizes, kind="stable")]
    part_of_row = np.where(groups == smallest[0], 1, np.where(groups == smallest[1], 2, 0))
    if 2 * int((part_of_row == 0).sum()) < len(groups):
        detail = f"the groups in column {shown(name)} are too large to be divided 60 : 20 : 20; name another column"
        raise InvalidFile("unacceptable", detail, field="group_column")
    return {part: np.flatnonzero(part_of_row == number) for number, part in enumerate(PARTS)}


def _lopsided(parts: Mapping[str, Rows], plain: Mapping[str, Rows], name: str) -> list[Finding]:
    if all(len(plain[part]) <= 2 * len(parts[part]) <= 4 * len(plain[part]) for part in PARTS):
        return []
    counts = ", ".join(f"{len(parts[part]):,} {part}" for part in PARTS)
    sentence = (
        f"The groups in {shown(name)} are few or of very different size, so the split is {counts} rows instead of "
        "60 : 20 : 20. Scores from a small part are uncertain."
    )
    return [Finding("lopsided-split", "warning", (name,), sentence)]

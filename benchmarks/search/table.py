"""A table of real trainings: every network of a grid, trained with several seeds by the product's own core.

Playing a search against it costs a look-up where a training would have been, so that thirty repeats of a dozen
strategies take minutes. It is the method of the NAS-Bench tables (Ying et al., "NAS-Bench-101: Towards Reproducible
Neural Architecture Search", ICML 2019).

A table is a file in the cache whose name carries the fingerprint of everything that its numbers depend on. While it is
being built it has another name and is written every half minute, so a build that was killed goes on from there.
"""

import hashlib
import json
import math
import os
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.search.data import Subject
from benchmarks.search.grid import Grid
from core.errors import Diverged
from core.replicates import replicate_seeds, train_replicates
from core.training import TrainingConfig, TrainingResult
from evolution.blas import pin_blas
from evolution.rng import Purpose, seed63

FORMAT = 1
SEEDS = 4
TABLE_SEED = 1
SAVE_SECONDS = 30.0
TRAIN_LOSS, VALIDATION_LOSS, VALIDATION_ACCURACY = range(3)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Table:
    """What every network of a grid did.

    `curves` is float32 (networks, seeds, epochs, 3): training loss, validation loss and validation accuracy after each
    epoch; NaN from the epoch on at which a training diverged. `training` is how each was trained, `rows` the number of
    training rows, `seconds` the CPU seconds that the trainings took.
    """

    name: str
    grid: Grid
    fingerprint: str
    training: TrainingConfig
    rows: int
    curves: npt.NDArray[np.float32]
    seconds: float

    @property
    def seeds(self) -> int:
        """Trainings per network."""
        return int(self.curves.shape[1])

    @property
    def epochs(self) -> int:
        """Epochs of a full training."""
        return int(self.curves.shape[2])

    @cached_property
    def reached(self) -> npt.NDArray[np.float64]:
        """The highest validation accuracy up to each epoch, (networks, seeds, epochs); 0 once a training diverged.

        A diverged training leaves no network behind, so there is nothing that its earlier epochs would be worth.
        """
        accuracy = self.curves[..., VALIDATION_ACCURACY].astype(np.float64)
        best = np.maximum.accumulate(accuracy, axis=2)
        return np.where(np.isnan(best), 0.0, best)

    @cached_property
    def true_values(self) -> npt.NDArray[np.float64]:
        """Each network's mean over its seeds of the accuracy at the best epoch, (networks,)."""
        means: npt.NDArray[np.float64] = self.reached[:, :, -1].mean(axis=1)
        return means

    @cached_property
    def parameters(self) -> npt.NDArray[np.int64]:
        """Each network's weights and biases, (networks,)."""
        return np.array([architecture.parameter_count for architecture in self.grid.architectures])

    @cached_property
    def inference_flops(self) -> npt.NDArray[np.int64]:
        """Operations of each network's forward pass of one row, (networks,)."""
        return np.array([architecture.inference_flops for architecture in self.grid.architectures])

    @cached_property
    def epoch_flops(self) -> npt.NDArray[np.int64]:
        """Operations of an epoch of each network's training, (networks,)."""
        return np.array([architecture.training_flops * self.rows for architecture in self.grid.architectures])

    def summary(self) -> dict[str, float]:
        """Return what tells a table's difficulty, in %: best, spread between seeds, spread of the 100 best networks."""
        final = self.reached[:, :, -1]
        order = np.argsort(-self.true_values, kind="stable")[:100]
        return {
            "networks": float(len(self.grid)),
            "best": 100 * float(self.true_values.max()),
            "median": 100 * float(np.median(self.true_values)),
            "spread of seeds": 100 * math.sqrt(float(final[order].var(axis=1, ddof=1).mean())),
            "spread of the 100 best": 100 * float(self.true_values[order].std(ddof=1)),
        }


def core_version() -> str:
    """Return the product's version, which stands for what its core computes; the benchmarks run in its sources."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def table_fingerprint(subject: Subject, grid: Grid, seeds: int) -> str:
    """Return the SHA-256 of the header, in hexadecimal."""
    return hashlib.sha256(table_header(subject, grid, seeds).encode()).hexdigest()


def table_header(subject: Subject, grid: Grid, seeds: int) -> str:
    """Return all that decides a table's numbers as JSON, which the file carries as well."""
    content = {
        "format": FORMAT,
        "dataset": subject.dataset.fingerprint,
        "training": subject.training.to_json(),
        "grid": grid.to_json(),
        "seeds": seeds,
        "table seed": TABLE_SEED,
        "core": core_version(),
    }
    return json.dumps(content, sort_keys=True)


def table_path(cache: Path, subject: Subject, grid: Grid, seeds: int = SEEDS) -> Path:
    """Return where the finished table lies."""
    return cache / f"search-table-{subject.dataset.name}-{table_fingerprint(subject, grid, seeds)[:16]}.npz"


def load_or_build(
    subject: Subject,
    cache: Path,
    *,
    grid: Grid | None = None,
    seeds: int = SEEDS,
    progress: Progress | None = None,
    save_seconds: float = SAVE_SECONDS,
) -> Table:
    """Read the table from the cache; train what is missing of it first, and store that.

    `progress` hears how many of all networks are trained whenever the file was written, every `save_seconds` or so.
    """
    grid = Grid.of(subject.dataset) if grid is None else grid
    path = table_path(cache, subject, grid, seeds)
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _build(subject, grid, seeds, path, progress or _quiet, save_seconds)
    stored = _read(path, table_header(subject, grid, seeds))
    mark = table_fingerprint(subject, grid, seeds)
    rows = len(subject.dataset.train)
    return Table(subject.dataset.name, grid, mark, subject.training, rows, stored.curves, stored.seconds)


@dataclass(slots=True)
class _Stored:
    header: str
    curves: npt.NDArray[np.float32]
    done: int
    seconds: float


def _build(subject: Subject, grid: Grid, seeds: int, path: Path, progress: Progress, save_seconds: float) -> None:
    pin_blas()
    partial = path.with_suffix(".partial.npz")
    header = table_header(subject, grid, seeds)
    shape = (len(grid), seeds, subject.training.epochs, 3)
    stored = _read(partial, header) if partial.exists() else _Stored(header, np.full(shape, np.nan, np.float32), 0, 0.0)
    saved = time.monotonic()
    for index in range(stored.done, len(grid)):
        started = time.thread_time()
        # Seeds of its own for each network: with shared ones, all would share their luck with the shuffling.
        chosen = replicate_seeds(seed63(TABLE_SEED, Purpose.TRAINING, index), seeds)
        results = train_replicates(grid.architectures[index], subject.dataset, subject.training, seeds=chosen)
        for place, result in enumerate(results):
            _record(stored.curves[index, place], result)
        stored.done = index + 1
        stored.seconds += time.thread_time() - started
        if time.monotonic() - saved >= save_seconds:
            _write(partial, stored)
            progress(stored.done, len(grid))
            saved = time.monotonic()
    _write(path, stored)
    progress(stored.done, len(grid))
    partial.unlink(missing_ok=True)


def _record(curve: npt.NDArray[np.float32], result: TrainingResult | Diverged) -> None:
    for number, epoch in enumerate(result.curve):
        curve[number] = epoch.train_loss, epoch.validation_loss, epoch.validation_score


def _write(path: Path, stored: _Stored) -> None:
    """Write all or nothing: a kill in between leaves the file of before."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with beside.open("wb") as file:
        np.savez_compressed(file, header=stored.header, curves=stored.curves, done=stored.done, seconds=stored.seconds)
    beside.replace(path)


def _read(path: Path, header: str) -> _Stored:
    with np.load(path, allow_pickle=False) as archive:
        stored = _Stored(str(archive["header"]), archive["curves"], int(archive["done"]), float(archive["seconds"]))
    if stored.header != header:
        raise ValueError(f"{path} holds another table than its name says; remove it, and it will be built again")
    return stored


def _quiet(done: int, total: int) -> None:
    """Say nothing."""


def report_progress(done: int, total: int) -> None:
    """Say on standard error how far a build is."""
    print(f"{done} of {total} networks trained", file=sys.stderr, flush=True)

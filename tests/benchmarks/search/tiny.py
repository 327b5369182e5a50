"""A table of real trainings that takes a moment: three blobs, and the 13 networks of two widths and depth 0 to 2."""

import tempfile
from functools import cache
from pathlib import Path

from benchmarks.search.data import Subject
from benchmarks.search.grid import Grid
from benchmarks.search.table import Table, load_or_build
from core.architecture import ActivationName, Architecture, Dense
from core.training import TrainingConfig
from tests.evolution.builders import blobs

SUBJECT = Subject(blobs(), TrainingConfig(epochs=3, batch_size=16))
GRID = Grid(SUBJECT.dataset.input_shape, SUBJECT.dataset.outputs, max_depth=2, widths=(4, 8))
SEEDS = 2


def network(widths: tuple[int, ...], activation: ActivationName = "relu", grid: Grid = GRID) -> Architecture:
    return Architecture(grid.input_shape, tuple(Dense(units, activation) for units in widths), grid.outputs)


@cache
def tiny_table() -> Table:
    with tempfile.TemporaryDirectory() as folder:
        return load_or_build(SUBJECT, Path(folder), grid=GRID, seeds=SEEDS)

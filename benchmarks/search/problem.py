"""A table as a problem to be searched: what a training of a network would have given, and how good a network truly is.

- The true value of a network is the mean over the table's seeds of its accuracy at the best epoch. Only the score of a
  player is computed from it; no player sees it.
- A trial gets the value of ONE seed, as a real training does; which one follows from the trial's own seed. So a player
  that trusts a lucky value pays for it. A network that is trained again draws among the same few seeds.
- A trial that stops early gets what the full training had reached by then, which is what a run that is stopped, and not
  a run that was planned shorter, would have shown.
- Widths between those of the grid are taken for the nearest on a logarithmic scale: that network's curve, parameters
  and costs count. A strategy that proposes any whole number neither gains nor loses by it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.search.hypervolume import dominated_area
from benchmarks.search.table import Table
from core.architecture import Architecture
from core.replicates import mean_and_standard_error
from core.training import Epoch
from evolution.space import SearchSpace


@dataclass(frozen=True, slots=True)
class Trial:
    """What a player wants trained: one network, once for each of the seeds.

    `epochs` of a full training, of which `trained` were run before with these seeds.
    """

    architecture: Architecture
    seeds: tuple[int, ...]
    epochs: int
    trained: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial gave, and what it newly cost.

    `scores` are the highest accuracies so far, one for each seed; `value` is their mean, and None where one of the
    trainings diverged. `curve` is that of the first seed.
    """

    value: float | None
    scores: tuple[float, ...]
    curve: tuple[Epoch, ...]
    epochs: int
    flops: int


@dataclass(frozen=True, eq=False)
class Problem:
    """The problem of finding the best network of a table."""

    table: Table

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.table.name

    @property
    def space(self) -> SearchSpace:
        """The product's space that the grid lies in."""
        return self.table.grid.space

    @property
    def epochs(self) -> int:
        """Epochs of a full training."""
        return self.table.epochs

    @cached_property
    def best(self) -> float:
        """The true value of the table's best network."""
        return float(self.table.true_values.max())

    @cached_property
    def random_training_flops(self) -> float:
        """The mean cost of fully training a random network: depth, activation and widths drawn evenly."""
        grid, flops = self.table.grid, self.table.epoch_flops
        depths = np.array([architecture.depth for architecture in grid.architectures])
        by_depth = [flops[depths == depth].mean() for depth in range(grid.max_depth + 1)]
        return float(np.mean(by_depth)) * self.epochs

    def outcome(self, trial: Trial) -> Outcome:
        """Look up what the trial's training gives; raises ValueError for epochs that the table does not have."""
        if not 0 <= trial.trained < trial.epochs <= self.epochs:
            raise ValueError(f"a trial runs 1 to {self.epochs} epochs, got {trial.trained} to {trial.epochs}")
        index = self.table.grid.index(trial.architecture)
        draws = [self._draw(seed) for seed in trial.seeds]
        curves = [self._curve(index, draw, trial.epochs) for draw in draws]
        # A training that diverges ends there, and has cost the epoch that it diverged in as well.
        epochs = sum(max(min(len(curve) + 1, trial.epochs) - trial.trained, 0) for curve in curves)
        scores: tuple[float, ...] = ()
        value = None
        if all(len(curve) == trial.epochs for curve in curves):
            scores = tuple(float(score) for score in self.table.reached[index, draws, trial.epochs - 1])
            value = mean_and_standard_error(scores)[0]
        return Outcome(value, scores, curves[0], epochs, int(self.table.epoch_flops[index]) * epochs)

    def true_value(self, architecture: Architecture) -> float:
        """Return the mean over all seeds of the accuracy at the best epoch."""
        return float(self.table.true_values[self.table.grid.index(architecture)])

    def regret(self, architecture: Architecture) -> float:
        """Return by how much the network misses the best true value of the table, in percentage points."""
        return 100 * (self.best - self.true_value(architecture))

    def hypervolume_share(self, front: Iterable[Architecture]) -> float:
        """Return the share of the table's own hypervolume that the networks dominate, by their true values.

        The objectives are the accuracy and the logarithm of the parameters to base 10. The reference point is the
        median of the table's true values, because nobody wants a network that is worse than half of all however small
        it is, and the table's largest number of parameters.
        """
        indices = sorted({self.table.grid.index(architecture) for architecture in front})
        return self._area(indices) / self._table_area

    @cached_property
    def _table_area(self) -> float:
        return self._area(range(len(self.table.grid)))

    def _area(self, indices: Iterable[int]) -> float:
        chosen = list(indices)
        values, sizes = self.table.true_values, np.log10(self.table.parameters)
        points = np.stack([values[chosen], -sizes[chosen]], axis=1)
        return dominated_area(points, (float(np.median(values)), float(-sizes.max())))

    def _curve(self, index: int, draw: int, epochs: int) -> tuple[Epoch, ...]:
        rows = self.table.curves[index, draw, :epochs]
        return tuple(Epoch(*map(float, row)) for row in rows if np.isfinite(row).all())

    def _draw(self, seed: int) -> int:
        """Hash the seed to one of the table's: seeds that follow one another must not take turns."""
        return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] % self.table.seeds)

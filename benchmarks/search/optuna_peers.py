"""Optuna's samplers as players: TPE, with and without our anchors, and NSGA-II; loaded only where they play.

Its trials are asked for by name and range, depth first, so a width exists only where its layer does; widths are whole
exponents of two, which is the grid, and the same scale that our own strategies are compared on.
"""

import importlib
import importlib.util
import math
import warnings
from abc import abstractmethod
from typing import Any

from benchmarks.search.peers import POPULATION, FullTrainingPlayer
from benchmarks.search.problem import Problem, Trial
from core.architecture import Architecture, Dense
from evolution.anchors import anchors
from evolution.rng import Purpose, seed63

NOTE = "Optuna is not installed and its rows were left out; `pip install 'cambrian[bench]'` brings it"


def has_optuna() -> bool:
    """Say whether Optuna can be loaded."""
    return importlib.util.find_spec("optuna") is not None


class OptunaPlayer(FullTrainingPlayer):
    """A study that is asked and told; a diverged training is told as failed."""

    with_anchors = False
    directions: tuple[str, ...] = ("maximize",)

    def __init__(self, problem: Problem, seed: int) -> None:
        super().__init__(problem, seed)
        self._optuna: Any = importlib.import_module("optuna")
        self._optuna.logging.set_verbosity(self._optuna.logging.ERROR)
        with warnings.catch_warnings():
            # Some of the settings are called experimental; they are the ones its authors recommend for such spaces.
            warnings.simplefilter("ignore")
            sampler = self.sampler(self._optuna.samplers, seed63(seed, Purpose.SELECTION, 0) % 2**32)
            self._study = self._optuna.create_study(directions=list(self.directions), sampler=sampler)
        self._exponents = [int(math.log2(width)) for width in problem.table.grid.widths]
        if self.with_anchors:
            for architecture in anchors(problem.space):
                self._study.enqueue_trial(self._parameters(architecture))
        self._asked_study: Any = None

    @abstractmethod
    def sampler(self, samplers: Any, seed: int) -> Any:
        """Make the sampler."""

    def objectives(self, architecture: Architecture, value: float) -> list[float]:  # noqa: ARG002 - for two
        """Return what the study is told."""
        return [value]

    def next_network(self, rng: object) -> Architecture:  # noqa: ARG002 - the sampler has its own
        """Ask the study."""
        grid = self.problem.table.grid
        trial = self._asked_study = self._study.ask()
        depth = trial.suggest_int("depth", 0, grid.max_depth)
        activation = trial.suggest_categorical("activation", list(grid.activations)) if depth else grid.activations[0]
        low, high = min(self._exponents), max(self._exponents)
        exponents = [trial.suggest_int(f"exponent {place}", low, high) for place in range(depth)]
        layers = tuple(Dense(2**exponent, activation) for exponent in exponents)
        return Architecture(grid.input_shape, layers, grid.outputs)

    def learn(self, trial: Trial, value: float | None) -> None:
        """Tell the study."""
        if value is None:
            self._study.tell(self._asked_study, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(self._asked_study, self.objectives(trial.architecture, value))

    def _parameters(self, architecture: Architecture) -> dict[str, Any]:
        named: dict[str, Any] = {"depth": architecture.depth}
        if architecture.layers:
            named["activation"] = architecture.activations[0]
        return named | {f"exponent {place}": int(math.log2(units)) for place, units in enumerate(architecture.widths)}


class TpePlayer(OptunaPlayer):
    """The tree-structured Parzen estimator, multivariate and grouped."""

    def sampler(self, samplers: Any, seed: int) -> Any:
        """Make the sampler."""
        return samplers.TPESampler(multivariate=True, group=True, seed=seed)


class AnchoredTpePlayer(TpePlayer):
    """The same, given our ten anchors first."""

    with_anchors = True


class OptunaNsga2Player(OptunaPlayer):
    """Optuna's NSGA-II on accuracy and log10 of the parameters, with a population of 20 as the others have."""

    directions = ("maximize", "minimize")

    def sampler(self, samplers: Any, seed: int) -> Any:
        """Make the sampler."""
        return samplers.NSGAIISampler(population_size=POPULATION, seed=seed)

    def objectives(self, architecture: Architecture, value: float) -> list[float]:
        """Return accuracy and the logarithm of the parameters."""
        return [value, math.log10(architecture.parameter_count)]

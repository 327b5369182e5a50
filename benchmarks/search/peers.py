"""The peers that need no library but DEAP: random search, the anchors alone, aging evolution, (mu + lambda), NSGA-II.

They draw their random networks from the grid itself: depth, activation and each width evenly. Those that evolve use the
product's own operators, so what they are compared on is the strategy.
"""

from abc import abstractmethod
from collections.abc import Generator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from deap import algorithms, base, tools

from benchmarks.search.player import PeerPlayer, Recommendation
from benchmarks.search.problem import Problem, Trial
from core.architecture import Architecture, Dense
from evolution.anchors import anchors
from evolution.mutation import MUTATIONS
from evolution.rng import Purpose, seed63, stream
from evolution.toolbox import lend_random, make_operators

POPULATION = 20
SAMPLE = 5
CROSSOVER_CHANCE = 0.25
ETA = 3
DIVERGED = 0.0
"""What a peer that must have a number is told for a training that diverged: the worst accuracy there is."""


def random_network(problem: Problem, rng: np.random.Generator) -> Architecture:
    """Draw a network of the grid: depth, activation and widths evenly."""
    grid = problem.table.grid
    activation = grid.activations[int(rng.integers(len(grid.activations)))]
    depth = int(rng.integers(grid.max_depth + 1))
    widths = (int(width) for width in rng.choice(grid.widths, size=depth))
    return Architecture(grid.input_shape, tuple(Dense(units, activation) for units in widths), grid.outputs)


class FullTrainingPlayer(PeerPlayer):
    """A peer that trains every network for all epochs, each time with another seed."""

    def __init__(self, problem: Problem, seed: int) -> None:
        super().__init__()
        self.problem, self.seed = problem, seed

    @property
    def number(self) -> int:
        """The number of the next trial."""
        return len(self.record.trials)

    @abstractmethod
    def next_network(self, rng: np.random.Generator) -> Architecture:
        """Decide which network to train next."""

    def next_trial(self) -> Trial:
        """Decide what to train next."""
        architecture = self.next_network(stream(self.seed, Purpose.BREEDING, self.number))
        return Trial(architecture, (seed63(self.seed, Purpose.TRAINING, self.number),), self.problem.epochs)


class RandomPlayer(FullTrainingPlayer):
    """Random search."""

    def next_network(self, rng: np.random.Generator) -> Architecture:
        """Draw a network."""
        return random_network(self.problem, rng)


class AnchorsPlayer(FullTrainingPlayer):
    """No search at all: the product's anchors, trained again and again in turn; the highest mean is recommended.

    Where nothing beats it, the data set does not tell searches apart: a good design was among the anchors.
    """

    def next_network(self, rng: np.random.Generator) -> Architecture:  # noqa: ARG002 - nothing is drawn
        """Take the next anchor."""
        known = anchors(self.problem.space)
        return known[self.number % len(known)]

    def recommend(self) -> Recommendation:
        """Choose the anchor with the highest mean; raises ValueError where nothing was trained or all diverged."""
        values: dict[Architecture, list[float]] = {}
        for trial, value in zip(self.record.trials, self.record.values, strict=True):
            if value is not None:
                values.setdefault(trial.architecture, []).append(value)
        means = [Recommendation(architecture, float(np.mean(of))) for architecture, of in values.items()]
        # What `record` says where there is nothing to choose from.
        return max(means, key=lambda one: one.score) if means else super().recommend()


class RegularizedEvolutionPlayer(FullTrainingPlayer):
    """Aging evolution (Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019).

    The population are the last 20 networks; a child is one mutation away from the best of 5 drawn from them.
    """

    def next_network(self, rng: np.random.Generator) -> Architecture:
        """Draw a network, or mutate a parent once the population is full."""
        if self.number < POPULATION:
            return random_network(self.problem, rng)
        trials, values = self.record.trials[-POPULATION:], self.record.values[-POPULATION:]
        drawn = rng.choice(POPULATION, size=SAMPLE, replace=False)
        parent = max(drawn, key=lambda place: DIVERGED if (value := values[place]) is None else value)
        return mutate_once(trials[parent].architecture, self.problem, rng)


def mutate_once(architecture: Architecture, problem: Problem, rng: np.random.Generator) -> Architecture:
    """Apply the first of the product's mutations, in random order, that changes the network."""
    names = list(MUTATIONS)
    for place in rng.permutation(len(names)):
        changed = MUTATIONS[names[place]](architecture, problem.space, rng=rng)
        if changed != architecture:
            return changed
    return architecture


class _Individual:
    """An individual as DEAP's algorithms want it: it can be changed in place and carries a fitness."""

    def __init__(self, architecture: Architecture, fitness: Any) -> None:
        self.architecture, self.fitness = architecture, fitness


Steps = Generator[_Individual, None, None]


class DeapPlayer(FullTrainingPlayer):
    """A generational algorithm of DEAP, turned inside out: its loop yields each individual that needs a fitness.

    The loop cannot be called as it stands, because DEAP's calls an evaluation where a player has to wait for one; its
    parts (`varOr`, the selections) are DEAP's own.
    """

    weights: tuple[float, ...] = (1.0,)
    with_anchors = False

    def __init__(self, problem: Problem, seed: int) -> None:
        super().__init__(problem, seed)
        self._fitness = type("PlayerFitness", (base.Fitness,), {"weights": self.weights})
        self._operators = make_operators(problem.space, SAMPLE)
        self.toolbox = base.Toolbox()
        self.toolbox.register("clone", self._clone)
        self.toolbox.register("mate", self._mate)
        self.toolbox.register("mutate", self._mutate)
        self._decisions = 0
        self._steps = self.steps()
        self._waiting: _Individual | None = None

    @abstractmethod
    def steps(self) -> Steps:
        """Run the algorithm for ever."""

    def next_network(self, rng: np.random.Generator) -> Architecture:  # noqa: ARG002 - the algorithm has its own
        """Go on in the algorithm's loop to the next individual without a fitness."""
        self._waiting = next(self._steps)
        return self._waiting.architecture

    def learn(self, trial: Trial, value: float | None) -> None:
        """Give the individual that waits its fitness."""
        if self._waiting is not None:
            self._waiting.fitness.values = self.objectives(trial.architecture, DIVERGED if value is None else value)

    def objectives(self, architecture: Architecture, value: float) -> tuple[float, ...]:  # noqa: ARG002 - for two
        """Return what the fitness is made of."""
        return (value,)

    def first_population(self) -> list[_Individual]:
        """Return random networks, behind the product's anchors where the algorithm gets them."""
        known = list(anchors(self.problem.space)) if self.with_anchors else []
        drawn = [random_network(self.problem, self.rng()) for _ in range(POPULATION - len(known))]
        return [_Individual(architecture, self._fitness()) for architecture in (known + drawn)[:POPULATION]]

    def evaluated(self, individuals: list[_Individual]) -> Steps:
        """Yield those without a fitness; when it goes on, the last one has got it."""
        for individual in individuals:
            if not individual.fitness.valid:
                yield individual

    def rng(self) -> np.random.Generator:
        """Return the stream of the algorithm's next decision."""
        self._decisions += 1
        return stream(self.seed, Purpose.SELECTION, self._decisions)

    def lend(self) -> AbstractContextManager[None]:
        """Lend DEAP the stream of the algorithm's next decision."""
        return lend_random(int(self.rng().integers(2**63)))

    def _clone(self, individual: _Individual) -> _Individual:
        fitness = self._fitness()
        if individual.fitness.valid:
            fitness.values = individual.fitness.values
        return _Individual(individual.architecture, fitness)

    def _mate(self, one: _Individual, other: _Individual) -> tuple[_Individual, _Individual]:
        one.architecture = self._operators.mate(one.architecture, other.architecture, rng=self.rng())
        return one, other

    def _mutate(self, individual: _Individual) -> tuple[_Individual]:
        individual.architecture = mutate_once(individual.architecture, self.problem, self.rng())
        return (individual,)


class MuPlusLambdaPlayer(DeapPlayer):
    """`deap.algorithms.eaMuPlusLambda` with mu = lambda = 20, crossover for a quarter, the best survive."""

    def steps(self) -> Steps:
        """Run the algorithm for ever."""
        population = self.first_population()
        yield from self.evaluated(population)
        while True:
            with self.lend():
                offspring = algorithms.varOr(
                    population, self.toolbox, POPULATION, CROSSOVER_CHANCE, 1 - CROSSOVER_CHANCE
                )
            yield from self.evaluated(offspring)
            population = tools.selBest(population + offspring, POPULATION)


class DeapNsga2Player(DeapPlayer):
    """NSGA-II (Deb et al., IEEE TEC 2002) out of DEAP's parts, on accuracy and log10 of parameters, with our anchors.

    Parents by tournaments on dominance and crowding, a quarter crossed, all mutated; `selNSGA2` keeps 20.
    """

    weights = (1.0, -1.0)
    with_anchors = True

    def objectives(self, architecture: Architecture, value: float) -> tuple[float, ...]:
        """Return accuracy and the logarithm of the parameters."""
        return (value, float(np.log10(architecture.parameter_count)))

    def steps(self) -> Steps:
        """Run the algorithm for ever."""
        population = self.first_population()
        yield from self.evaluated(population)
        population = tools.selNSGA2(population, POPULATION)
        while True:
            with self.lend():
                parents = tools.selTournamentDCD(population, POPULATION)
            offspring = [self._child(parents, place) for place in range(POPULATION)]
            yield from self.evaluated(offspring)
            population = tools.selNSGA2(population + offspring, POPULATION)

    def _child(self, parents: list[_Individual], place: int) -> _Individual:
        child = self._clone(parents[place])
        rng = self.rng()
        if rng.random() < CROSSOVER_CHANCE:
            child, _ = self._mate(child, parents[int(rng.integers(POPULATION))])
        del child.fitness.values
        return self._mutate(child)[0]

"""The operators as DEAP knows them: one toolbox with selection, recombination and the mutations registered by name.

The individuals are plain classes: those that DEAP's `creator` makes cannot be found again by another process, and
nothing here leaves this process anyway, since only candidates travel.
"""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import total_ordering
from typing import Any, Final, Protocol, cast

import numpy as np
from deap import algorithms, base, tools

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.candidate import Evaluation
from evolution.crossover import aligned_crossover
from evolution.errors import InvalidSearch
from evolution.mutation import mutations
from evolution.space import SearchSpace

_DRAWING: Final = (algorithms, tools.crossover, tools.emo, tools.mutation, tools.selection)
_LENDING: Final = threading.RLock()


@contextmanager
def lend_random(seed: int) -> Iterator[None]:
    """Let DEAP draw from a stream of this seed for the length of the block, and nobody else.

    DEAP's modules draw from what they know as `random`, which is the global generator. Seeding that would not do: other
    threads draw from it too (Ray's, while it starts), and each of their draws would change what a search breeds.
    """
    stream = random.Random(seed)  # noqa: S311 - a search must be repeatable, not secret
    with _LENDING:
        before = [module.random for module in _DRAWING]
        for module in _DRAWING:
            module.random = stream
        try:
            yield
        finally:
            for module, known in zip(_DRAWING, before, strict=True):
                module.random = known


@total_ordering
@dataclass(frozen=True, slots=True)
class Fitness:
    """What DEAP's selection compares: larger is better, and between equals the lower candidate number."""

    value: float
    number: int

    def __lt__(self, other: "Fitness") -> bool:
        return (self.value, -self.number) < (other.value, -other.number)


@dataclass(frozen=True, slots=True)
class Individual:
    """An evaluated network as DEAP's operators see it."""

    architecture: Architecture
    training: TrainingConfig
    fitness: Fitness

    @property
    def number(self) -> int:
        """The candidate's number."""
        return self.fitness.number


def individual(evaluation: Evaluation) -> Individual:
    """Return the individual of an evaluation; raises InvalidSearch for a failed one, which none may select."""
    if evaluation.fitness is None:
        raise InvalidSearch(f"candidate {evaluation.candidate.number} failed and cannot be selected")
    return Individual(*evaluation.candidate.key, Fitness(evaluation.fitness, evaluation.candidate.number))


@dataclass(slots=True, eq=False)
class ParetoFitness:
    """Several values, all to be large, as DEAP's NSGA-II compares them; `crowding_dist` is where it writes."""

    values: tuple[float, ...]
    crowding_dist: float = 0.0

    def dominates(self, other: "ParetoFitness") -> bool:
        """Say whether nothing here is smaller than there, and something larger."""
        return self.values != other.values and all(
            mine >= theirs for mine, theirs in zip(self.values, other.values, strict=True)
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParetoFitness) and self.values == other.values

    def __hash__(self) -> int:
        return hash(self.values)


@dataclass(frozen=True, slots=True)
class ParetoIndividual:
    """An evaluated network as NSGA-II sees it."""

    architecture: Architecture
    training: TrainingConfig
    number: int
    fitness: ParetoFitness


class Parent(Protocol):
    """What can be bred from."""

    @property
    def architecture(self) -> Architecture:
        """The network."""
        ...

    @property
    def training(self) -> TrainingConfig:
        """How it was trained."""
        ...

    @property
    def number(self) -> int:
        """The candidate's number."""
        ...


class Change(Protocol):
    """A registered mutation, its space already given."""

    def __call__(self, architecture: Architecture, *, rng: np.random.Generator) -> Architecture:
        """Return the changed architecture."""
        ...


class Mate(Protocol):
    """The registered recombination, its space already given."""

    def __call__(self, mother: Architecture, father: Architecture, *, rng: np.random.Generator) -> Architecture:
        """Return the child."""
        ...


@dataclass(frozen=True, slots=True)
class Operators:
    """DEAP's toolbox, which is untyped, with the types of what was registered in it."""

    toolbox: Any

    @property
    def select(self) -> Callable[[Sequence[Individual]], list[Individual]]:
        """The tournament; lend it a stream."""
        return cast("Callable[[Sequence[Individual]], list[Individual]]", self.toolbox.select)

    @property
    def survive(self) -> Callable[[Sequence[ParetoIndividual], int], list[ParetoIndividual]]:
        """NSGA-II's selection of the k that live on; it notes their crowding distances."""
        return cast("Callable[[Sequence[ParetoIndividual], int], list[ParetoIndividual]]", self.toolbox.survive)

    @property
    def select_by_crowding(self) -> Callable[[Sequence[ParetoIndividual], int], list[ParetoIndividual]]:
        """NSGA-II's binary tournament, for k divisible by 4 of more individuals; lend it a stream."""
        return cast(
            "Callable[[Sequence[ParetoIndividual], int], list[ParetoIndividual]]", self.toolbox.select_by_crowding
        )

    @property
    def mate(self) -> Mate:
        """The recombination of two architectures."""
        return cast("Mate", self.toolbox.mate)

    def mutation(self, name: str) -> Change:
        """Return the mutation registered under this name of `evolution.mutation.mutations`."""
        return cast("Change", getattr(self.toolbox, f"mutate_{name}"))


def make_operators(space: SearchSpace, tournament: int) -> Operators:
    """Register the selections, aligned crossover and all mutations, bound to the space."""
    toolbox = base.Toolbox()
    toolbox.register("survive", tools.selNSGA2)
    toolbox.register("select_by_crowding", tools.selTournamentDCD)
    toolbox.register("select", tools.selTournament, k=1, tournsize=tournament)
    toolbox.register("mate", aligned_crossover, space=space)
    for name, mutation in mutations(space).items():
        toolbox.register(f"mutate_{name}", mutation, space=space)
    return Operators(toolbox)

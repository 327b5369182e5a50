"""The operators as DEAP knows them: one toolbox with selection, recombination and the mutations registered by name.

The individuals are plain classes: those that DEAP's `creator` makes cannot be found again by another process, and
nothing here leaves this process anyway, since only candidates travel.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Any, Protocol, cast

import numpy as np
from deap import base, tools

from core.architecture import Architecture
from evolution.candidate import Evaluation
from evolution.crossover import aligned_crossover
from evolution.errors import InvalidSearch
from evolution.mutation import MUTATIONS
from evolution.space import SearchSpace


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
    fitness: Fitness

    @property
    def number(self) -> int:
        """The candidate's number."""
        return self.fitness.number


def individual(evaluation: Evaluation) -> Individual:
    """Return the individual of an evaluation; raises InvalidSearch for a failed one, which none may select."""
    if evaluation.fitness is None:
        raise InvalidSearch(f"candidate {evaluation.candidate.number} failed and cannot be selected")
    return Individual(evaluation.candidate.architecture, Fitness(evaluation.fitness, evaluation.candidate.number))


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
        """The tournament; it draws from the global `random`, so lend it a stream."""
        return cast("Callable[[Sequence[Individual]], list[Individual]]", self.toolbox.select)

    @property
    def mate(self) -> Mate:
        """The recombination of two architectures."""
        return cast("Mate", self.toolbox.mate)

    def mutation(self, name: str) -> Change:
        """Return the mutation registered under this name of `MUTATIONS`."""
        return cast("Change", getattr(self.toolbox, f"mutate_{name}"))


def make_operators(space: SearchSpace, tournament: int) -> Operators:
    """Register tournament selection of one, aligned crossover and all mutations, bound to the space."""
    toolbox = base.Toolbox()
    toolbox.register("select", tools.selTournament, k=1, tournsize=tournament)
    toolbox.register("mate", aligned_crossover, space=space)
    for name, mutation in MUTATIONS.items():
        toolbox.register(f"mutate_{name}", mutation, space=space)
    return Operators(toolbox)

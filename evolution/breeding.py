"""Offspring: what strategies breed from the networks that they chose as parents.

A quarter of the offspring starts from the crossover of two parents; all are mutated, 30 % a second time; what exceeds a
limit of the space is repaired. The chances are those of the search that was measured best on tables of real trainings;
they matter little beside the choice of what is trained.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.candidate import Key
from evolution.crossover import recipe_crossover
from evolution.mutation import mutate_recipe, mutations
from evolution.space import SearchSpace
from evolution.toolbox import Operators, Parent, lend_random

CROSSOVER_CHANCE = 0.25
SECOND_MUTATION_CHANCE = 0.3
RECIPE_CHANCE = 0.5
"""How often a mutation changes the recipe instead of the structure, where recipes are searched."""

RANDOM_SHARE = 0.1
ATTEMPTS_PER_OFFSPRING = 4
FEWEST_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Offspring:
    """A network that might be trained: what made it, and the numbers of the candidates that it was bred from."""

    key: Key
    operator: str
    parents: tuple[int, ...] = ()


def breed(
    parent: Callable[[], Parent], operators: Operators, space: SearchSpace, rng: np.random.Generator
) -> Offspring:
    """Return one offspring; `parent` chooses a parent each time it is called."""
    mother = parent()
    architecture, training = mother.architecture, mother.training
    parents: tuple[int, ...] = (mother.number,)
    names: list[str] = []
    if rng.random() < CROSSOVER_CHANCE:
        father = parent()
        if father.number != mother.number:
            architecture = operators.mate(mother.architecture, father.architecture, rng=rng)
            training = recipe_crossover(mother.training, father.training, space, rng=rng)
            names.append("crossover")
            parents = (mother.number, father.number)
    for _ in range(2 if rng.random() < SECOND_MUTATION_CHANCE else 1):
        if space.recipe is not None and rng.random() < RECIPE_CHANCE:
            training = mutate_recipe(training, space, rng=rng)
            names.append("recipe")
            continue
        architecture, name = _mutate(architecture, operators, space, rng)
        names += name
    return Offspring((space.fit(architecture), training), "+".join(names) or "copy", parents)


def brood(
    parent: Callable[[], Parent],
    operators: Operators,
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    size: int,
    training: TrainingConfig,
    known: AbstractSet[Key],
) -> list[Offspring]:
    """Return up to `size` different networks outside `known`: bred, and one in ten drawn from the whole space.

    Random networks, which are trained by `training` or with a recipe of the space, keep every region of it open. Where
    most of what can be bred is known already, fewer come.
    """
    found: dict[Key, Offspring] = {}
    with lend_random(int(rng.integers(2**63))):
        for _ in range(ATTEMPTS_PER_OFFSPRING * size + FEWEST_ATTEMPTS):
            if rng.random() < RANDOM_SHARE:
                one = Offspring((space.sample(rng), space.sample_training(training, rng)), "random")
            else:
                one = breed(parent, operators, space, rng)
            if one.key not in known:
                found.setdefault(one.key, one)
            if len(found) == size:
                break
    return list(found.values())


def _mutate(
    architecture: Architecture, operators: Operators, space: SearchSpace, rng: np.random.Generator
) -> tuple[Architecture, list[str]]:
    """Apply the first of the mutations, in random order, that changes anything, and name it."""
    names = list(mutations(space))
    for place in rng.permutation(len(names)):
        changed = operators.mutation(names[place])(architecture, rng=rng)
        if changed != architecture:
            return changed, [names[place]]
    return architecture, []

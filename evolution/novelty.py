"""Networks that were not proposed before.

The same network trained twice tells little that is new, so a duplicate is replaced: first by random draws, a bounded
number of them, then by walking through the space from a random place. The walk ends with certainty, so a space that
holds no further network is recognized instead of searched for ever. Where recipes are searched, a network with another
recipe is something new.
"""

from collections.abc import Set as AbstractSet

import numpy as np

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.recipe import apply_recipe
from evolution.space import SearchSpace

DRAWS = 50
"""Random draws before the walk: when all of them are duplicates, little of the space is left."""


def draw_unseen(
    space: SearchSpace, seen: AbstractSet[Architecture], rng: np.random.Generator
) -> tuple[Architecture, str] | None:
    """Return a network outside `seen` and how it was found ("random" or "walk"); None when the space holds none."""
    for _ in range(DRAWS):
        architecture = space.sample(rng)
        if architecture not in seen:
            return architecture, "random"
    for architecture in space.walk(_any_index(space, rng)):
        if architecture not in seen:
            return architecture, "walk"
    return None


def draw_unseen_pair(
    space: SearchSpace,
    training: TrainingConfig,
    seen: AbstractSet[tuple[Architecture, TrainingConfig]],
    rng: np.random.Generator,
) -> tuple[Architecture, TrainingConfig, str] | None:
    """Do as `draw_unseen` for networks with their trainings, which are `training` with a recipe of the space.

    Where recipes are not searched the trainings in `seen` do not count.
    """
    if space.recipe is None:
        drawn = draw_unseen(space, {architecture for architecture, _ in seen}, rng)
        return None if drawn is None else (drawn[0], training, drawn[1])
    for _ in range(DRAWS):
        pair = space.sample(rng), space.sample_training(training, rng)
        if pair not in seen:
            return *pair, "random"
    # Only a space with a single learning rate can be exhausted: these are then all its recipes.
    trainings = [apply_recipe(training, recipe) for recipe in space.recipe.corners()]
    for architecture in space.walk(_any_index(space, rng)):
        for each in trainings:
            if (architecture, each) not in seen:
                return architecture, each, "walk"
    return None


def _any_index(space: SearchSpace, rng: np.random.Generator) -> int:
    """Draw an index of the space, which may be too large for the generator's own integers."""
    size = space.size()
    return int.from_bytes(rng.bytes(size.bit_length() // 8 + 8), "little") % size

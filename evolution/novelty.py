"""Networks that were not proposed before.

The same network trained twice tells little that is new, so a duplicate is replaced: first by random draws, a bounded
number of them, then by walking through the space from a random place. The walk ends with certainty, so a space that
holds no further network is recognized instead of searched for ever. Where recipes are searched, a network with another
recipe is something new.
"""

from collections.abc import Set as AbstractSet

import numpy as np

from core.training import TrainingConfig
from evolution.candidate import Key
from evolution.recipe import apply_recipe
from evolution.space import SearchSpace

DRAWS = 50
"""Random draws before the walk: when all of them are duplicates, little of the space is left."""


def draw_unseen(
    space: SearchSpace, training: TrainingConfig, seen: AbstractSet[Key], rng: np.random.Generator
) -> tuple[Key, str] | None:
    """Return a network outside `seen` and how it was found ("random" or "walk"); None when the space holds none.

    It is trained by `training`, with a recipe of the space in it where recipes are searched.
    """
    for _ in range(DRAWS):
        key = space.sample(rng), space.sample_training(training, rng)
        if key not in seen:
            return key, "random"
    # With recipes, only a space with a single learning rate can be exhausted: these are then all of them.
    trainings = [training] if space.recipe is None else [apply_recipe(training, one) for one in space.recipe.corners()]
    for architecture in space.walk(_any_index(space, rng)):
        for each in trainings:
            if (architecture, each) not in seen:
                return (architecture, each), "walk"
    return None


def _any_index(space: SearchSpace, rng: np.random.Generator) -> int:
    """Draw an index of the space, which may be too large for the generator's own integers."""
    size = space.size()
    return int.from_bytes(rng.bytes(size.bit_length() // 8 + 8), "little") % size

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture
from core.training import TrainingConfig
from evolution.novelty import draw_unseen
from evolution.recipe import RecipeSpace, apply_recipe
from evolution.space import SearchSpace
from tests.evolution.builders import TRAINING
from tests.evolution.strategies import spaces


@given(spaces(most=300), st.integers(0, 2**32), st.data())
def test_the_last_network_of_a_space_is_found(space: SearchSpace, seed: int, data: st.DataObject) -> None:
    space = replace(space, recipe=None)
    everything = [(architecture, TRAINING) for architecture in space.walk(0)]
    last = data.draw(st.sampled_from(everything))
    drawn = draw_unseen(space, TRAINING, set(everything) - {last}, np.random.default_rng(seed))

    assert drawn is not None
    assert drawn[0] == last
    assert draw_unseen(space, TRAINING, set(everything), np.random.default_rng(seed)) is None


def test_an_open_space_is_sampled() -> None:
    drawn = draw_unseen(SearchSpace((6,), 3), TRAINING, set(), np.random.default_rng(0))

    assert drawn is not None
    assert drawn[1] == "random"


@pytest.mark.parametrize("recipe", [None, RecipeSpace(0.01, 0.01, (8, 16), ("sgd", "adam"), (0.0,))])
def test_the_last_pair_of_a_space_is_found(recipe: RecipeSpace | None) -> None:
    space = SearchSpace((3,), 2, max_layers=1, min_units=1, max_units=3, recipe=recipe)
    trainings = [apply_recipe(TRAINING, each) for each in recipe.corners()] if recipe else [TRAINING]
    everything = {(architecture, training) for architecture in space.walk(0) for training in trainings}
    last = min(everything, key=lambda pair: (pair[0].describe(), pair[1].batch_size, pair[1].optimizer))
    drawn = draw_unseen(space, TRAINING, everything - {last}, np.random.default_rng(0))

    assert drawn is not None
    assert drawn[0] == last
    assert draw_unseen(space, TRAINING, everything, np.random.default_rng(0)) is None


def test_a_recipe_makes_a_network_new() -> None:
    space = SearchSpace((3,), 2, max_layers=0, recipe=RecipeSpace())
    seen: set[tuple[Architecture, TrainingConfig]] = set()
    for seed in range(50):
        drawn = draw_unseen(space, TRAINING, seen, np.random.default_rng(seed))

        assert drawn is not None
        seen.add(drawn[0])

    assert len(seen) == 50

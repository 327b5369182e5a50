from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.training import TrainingConfig
from evolution.errors import InvalidSpace
from evolution.recipe import Recipe, RecipeSpace, apply_recipe, recipe_of

SPACE = RecipeSpace()
spaces = st.builds(
    RecipeSpace,
    st.floats(1e-4, 1e-2),
    st.floats(1e-2, 1.0),
    st.lists(st.integers(1, 512), min_size=1, max_size=3, unique=True).map(tuple),
    st.lists(st.sampled_from(["sgd", "adam", "adamw"]), min_size=1, unique=True).map(tuple),
    st.lists(st.sampled_from([0.0, 1e-4, 0.5]), min_size=1, unique=True).map(tuple),
)


def test_a_recipe_changes_its_own_fields_only() -> None:
    training = TrainingConfig(epochs=3, patience=2, momentum=0.5)
    recipe = Recipe(0.02, 64, "sgd", 0.001)

    assert apply_recipe(training, recipe) == TrainingConfig(
        epochs=3, patience=2, momentum=0.5, learning_rate=0.02, batch_size=64, optimizer="sgd", weight_decay=0.001
    )
    assert recipe_of(apply_recipe(training, recipe)) == recipe
    assert apply_recipe(training, recipe_of(training)) == training


@pytest.mark.parametrize(
    ("bounds", "named"),
    [
        ({"min_learning_rate": 0.0}, "min_learning_rate"),
        ({"min_learning_rate": float("nan")}, "min_learning_rate"),
        ({"min_learning_rate": 0.1, "max_learning_rate": 0.01}, "min_learning_rate=0.1, max_learning_rate=0.01"),
        ({"max_learning_rate": float("inf")}, "max_learning_rate"),
        ({"batch_sizes": ()}, "batch_sizes"),
        ({"batch_sizes": (8, 8)}, "batch_sizes"),
        ({"batch_sizes": (0,)}, "batch_sizes"),
        ({"optimizers": ("rmsprop",)}, "optimizers"),
        ({"weight_decays": (2.0,)}, "weight_decays"),
    ],
)
def test_contradicting_bounds_are_refused(bounds: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidSpace, match=named):
        RecipeSpace(**bounds)


@given(spaces, st.integers(0, 2**32))
def test_everything_stays_in_the_space(space: RecipeSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mother, father = space.sample(rng), space.sample(rng)
    outside = space.fit(Recipe(30.0, 1000, "adam", 0.3))
    child = space.cross(mother, father, rng)

    assert all(space.contains(one) for one in (mother, father, outside, child, space.mutate(mother, rng)))
    assert space.fit(mother) == mother
    assert all(getattr(child, gene) in {getattr(mother, gene), getattr(father, gene)} for gene in Recipe.__slots__)
    corners = space.corners()

    assert len(set(corners)) == space.choices()
    assert all(space.contains(corner) for corner in corners)


def test_a_mutation_changes_one_gene() -> None:
    start = Recipe(0.01, 32, "adam", 0.0001)
    changed = [SPACE.mutate(start, np.random.default_rng(seed)) for seed in range(200)]
    genes = [[gene for gene in Recipe.__slots__ if getattr(one, gene) != getattr(start, gene)] for one in changed]

    assert {tuple(names) for names in genes} == {(gene,) for gene in Recipe.__slots__}
    assert {one.batch_size for one in changed} == {16, 32, 64}
    assert {one.weight_decay for one in changed} == {0.0, 0.0001, 0.001}
    assert {one.optimizer for one in changed} == {"adam", "adamw"}
    assert len({one.learning_rate for one in changed}) > 20


def test_the_only_recipe_stays() -> None:
    space = RecipeSpace(0.01, 0.01, (32,), ("adam",), (0.0,))
    only = Recipe(0.01, 32, "adam", 0.0)

    assert space.mutate(only, np.random.default_rng(0)) == space.sample(np.random.default_rng(0)) == only


def test_samples_are_even_on_a_logarithmic_scale() -> None:
    rates = [SPACE.sample(np.random.default_rng(seed)).learning_rate for seed in range(500)]

    assert 0.4 < np.mean([rate < (0.001 * 0.05) ** 0.5 for rate in rates]) < 0.6


def test_a_plain_recipe_moves_to_the_nearest() -> None:
    space = RecipeSpace(0.001, 0.005, (16, 128), ("sgd",), (0.01, 0.1))

    assert space.fit(Recipe(0.01, 40, "adam", 0.0)) == Recipe(0.005, 16, "sgd", 0.01)
    assert space.describe() == "learning rate from 0.001 to 0.005, batch size 16 or 128, sgd, weight decay 0.01 or 0.1"

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture
from evolution.crossover import aligned_crossover, recipe_crossover
from evolution.genome import Block, Genome
from evolution.recipe import RecipeSpace
from evolution.space import SearchSpace
from tests.evolution.builders import SPACE, TRAINING, architecture
from tests.evolution.strategies import spaces, without_limits

IMAGES = SearchSpace((8, 8), 3, max_layers=2, max_blocks=3, min_channels=2, kernels=(3, 5), dropout=(0.0, 0.2, 0.5))


def children(mother: Architecture, father: Architecture, space: SearchSpace = SPACE) -> set[Architecture]:
    return {aligned_crossover(mother, father, space, rng=np.random.default_rng(seed)) for seed in range(200)}


def test_layers_are_aligned_by_relative_depth() -> None:
    widths = {child.widths for child in children(architecture((2, 3, 4)), architecture((30, 40)))}

    # Of three layers the first and last face the first and last of two, the middle one the second.
    assert {three for three in widths if len(three) == 3} == {
        (first, middle, last) for first in (2, 30) for middle in (3, 40) for last in (4, 40)
    }
    assert {two for two in widths if len(two) == 2} == {(first, last) for first in (2, 30) for last in (4, 40)}


def test_a_single_layer_faces_the_middle() -> None:
    widths = {child.widths for child in children(architecture((2, 3, 4)), architecture((30,)))}

    assert {one for one in widths if len(one) == 1} == {(3,), (30,)}


def test_the_activation_comes_from_either_parent() -> None:
    born = children(architecture((4,), "relu"), architecture((4,), "tanh"))

    assert born == {architecture((4,), "relu"), architecture((4,), "tanh")}


def test_logistic_regression_gives_its_depth_only() -> None:
    assert children(architecture(), architecture((5, 6))) == {architecture(), architecture((5, 6))}
    assert children(architecture(), architecture()) == {architecture()}


def test_blocks_are_aligned_too() -> None:
    mother = IMAGES.build(Genome("relu", (9,), (Block(2, 3), Block(3, 3), Block(4, 3)), 0.2))
    father = IMAGES.build(Genome("tanh", (), (Block(30, 5),)))
    born = [IMAGES.genome_of(child) for child in children(mother, father, IMAGES)]

    assert {len(child.blocks) for child in born} == {1, 3}
    assert {child.blocks for child in born if len(child.blocks) == 1} == {(Block(3, 3),), (Block(30, 5),)}
    assert len({child.blocks for child in born if len(child.blocks) == 3}) == 8
    assert {(child.widths, child.dropout) for child in born} == {((9,), 0.2), ((), 0.0)}
    assert {child.activation for child in born} == {"relu", "tanh"}


def test_dropout_comes_from_either_parent_with_dense_layers() -> None:
    one, other = (IMAGES.build(Genome("relu", (9,), dropout=rate)) for rate in (0.2, 0.5))

    assert children(one, other, IMAGES) == {one, other}


@given(spaces(), st.integers(0, 2**32))
def test_children_stay_within_the_bounds(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parents = space.sample(rng), space.sample(rng)
    child = aligned_crossover(*parents, space, rng=np.random.default_rng(seed))
    mother, father, born = (space.genome_of(one) for one in (*parents, child))

    assert len(born.widths) in {len(mother.widths), len(father.widths)}
    assert set(born.widths) <= {*mother.widths, *father.widths}
    assert len(born.blocks) in {len(mother.blocks), len(father.blocks)}
    assert set(born.blocks) <= {*mother.blocks, *father.blocks}
    assert without_limits(space).contains(child)
    assert space.contains(space.fit(child))


def test_recipes_cross_where_they_are_searched() -> None:
    space = replace(SPACE, recipe=RecipeSpace())
    father = replace(TRAINING, epochs=99, learning_rate=0.02, optimizer="adamw")
    born = {recipe_crossover(TRAINING, father, space, rng=np.random.default_rng(seed)) for seed in range(50)}

    assert born == {
        replace(TRAINING, learning_rate=rate, optimizer=name) for rate in (0.01, 0.02) for name in ("adam", "adamw")
    }
    assert recipe_crossover(TRAINING, father, SPACE, rng=np.random.default_rng(0)) is TRAINING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture
from evolution.crossover import aligned_crossover
from evolution.space import SearchSpace
from tests.evolution.builders import SPACE, architecture
from tests.evolution.strategies import spaces


def children(mother: Architecture, father: Architecture) -> set[Architecture]:
    return {aligned_crossover(mother, father, SPACE, rng=np.random.default_rng(seed)) for seed in range(200)}


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


@given(spaces(), st.integers(0, 2**32))
def test_children_stay_within_the_bounds(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mother, father = space.sample(rng), space.sample(rng)
    child = aligned_crossover(mother, father, space, rng=np.random.default_rng(seed))

    assert child.depth in {mother.depth, father.depth}
    assert set(child.widths) <= set(mother.widths) | set(father.widths)
    assert space.contains(space.fit(child))

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture
from evolution import mutation
from evolution.mutation import MUTATIONS
from evolution.space import SearchSpace
from tests.evolution.builders import SPACE, architecture
from tests.evolution.strategies import spaces


def results(operator: str, start: Architecture, space: SearchSpace = SPACE, draws: int = 100) -> set[Architecture]:
    return {MUTATIONS[operator](start, space, rng=np.random.default_rng(seed)) for seed in range(draws)}


@given(spaces(), st.sampled_from(sorted(MUTATIONS)), st.integers(0, 2**32))
def test_every_mutation_stays_within_the_bounds(space: SearchSpace, operator: str, seed: int) -> None:
    start = space.sample(np.random.default_rng(seed))
    changed = MUTATIONS[operator](start, space, rng=np.random.default_rng(seed + 1))

    assert space.contains(space.fit(changed))
    assert space.min_layers <= changed.depth <= space.max_layers
    assert all(space.min_units <= units <= space.max_units for units in changed.widths)
    assert changed == MUTATIONS[operator](start, space, rng=np.random.default_rng(seed + 1))


def test_insert_takes_the_width_of_a_neighbor() -> None:
    widths = {changed.widths for changed in results("insert", architecture((8, 20)))}

    assert widths == {(8, 8, 20), (8, 20, 20)}


def test_insert_gives_logistic_regression_a_first_layer() -> None:
    changed = results("insert", architecture())

    assert {network.depth for network in changed} == {1}
    assert {network.activations[0] for network in changed} == {"relu", "tanh"}
    assert len({network.widths for network in changed}) > 20


def test_remove_takes_any_layer() -> None:
    assert {changed.widths for changed in results("remove", architecture((8, 9, 10)))} == {(9, 10), (8, 10), (8, 9)}


def test_duplicate_puts_a_copy_behind_a_layer() -> None:
    assert {changed.widths for changed in results("duplicate", architecture((8, 9)))} == {(8, 8, 9), (8, 9, 9)}


def test_widen_and_narrow_change_one_layer_by_a_factor() -> None:
    assert {changed.widths for changed in results("widen", architecture((8, 3)))} == {
        (10, 3),
        (16, 3),
        (32, 3),
        (8, 4),
        (8, 6),
        (8, 12),
    }
    assert {changed.widths for changed in results("narrow", architecture((16,)))} == {(13,), (8,), (4,)}


def test_widths_stop_at_the_bounds() -> None:
    assert results("widen", architecture((40,))) == {architecture((40,))}
    assert results("narrow", architecture((2,))) == {architecture((2,))}


def test_swap_exchanges_two_layers() -> None:
    changed = {network.widths for network in results("swap", architecture((4, 5, 6)))}

    assert changed == {(5, 4, 6), (6, 5, 4), (4, 6, 5)}


def test_jump_reaches_any_width() -> None:
    widths = {changed.widths[0] for changed in results("jump", architecture((8,)), draws=1000)}

    assert widths == set(range(2, 41))


def test_the_activation_changes_in_all_layers() -> None:
    assert results("activation", architecture((4, 5))) == {architecture((4, 5), "tanh")}


@pytest.mark.parametrize("operator", ["remove", "duplicate", "widen", "narrow", "swap", "jump", "activation"])
def test_where_nothing_can_change_the_architecture_comes_back(operator: str) -> None:
    assert results(operator, architecture()) == {architecture()}


def test_insert_and_duplicate_stop_at_the_deepest() -> None:
    deepest = architecture((4, 5, 6))

    assert results("insert", deepest) == results("duplicate", deepest) == {deepest}


def test_the_only_activation_stays() -> None:
    space = SearchSpace((6,), 3, activations=("relu",), min_units=2)

    assert results("activation", architecture((4,)), space) == {architecture((4,))}


def test_every_operator_of_the_module_is_in_the_table() -> None:
    functions: list[Callable[..., Architecture]] = [
        getattr(mutation, name if name != "activation" else "change_activation") for name in MUTATIONS
    ]

    assert functions == list(MUTATIONS.values())

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture
from evolution import mutation
from evolution.genome import Block, Genome
from evolution.mutation import BLOCK_MUTATIONS, MUTATIONS, mutate_recipe, mutations
from evolution.recipe import RecipeSpace, recipe_of
from evolution.space import SearchSpace
from tests.evolution.builders import SPACE, TRAINING, architecture
from tests.evolution.strategies import spaces, without_limits

IMAGES = SearchSpace(
    (8, 8), 3, max_layers=2, max_blocks=2, min_channels=2, max_channels=40, kernels=(3, 5, 7), dropout=(0.0, 0.2, 0.5)
)
EVERY = mutations(IMAGES)


def results(operator: str, start: Architecture, space: SearchSpace = SPACE, draws: int = 100) -> set[Architecture]:
    return {EVERY[operator](start, space, rng=np.random.default_rng(seed)) for seed in range(draws)}


def image_network(*blocks: tuple[int, int], widths: tuple[int, ...] = (16,), dropout: float = 0.0) -> Architecture:
    return IMAGES.build(Genome("relu", widths, tuple(Block(*block) for block in blocks), dropout))


def blocks_of(networks: set[Architecture]) -> set[tuple[tuple[int, int], ...]]:
    return {tuple((block.channels, block.kernel) for block in IMAGES.genome_of(network).blocks) for network in networks}


@given(spaces(), st.sampled_from(sorted(EVERY)), st.integers(0, 2**32))
def test_every_mutation_stays_within_the_bounds(space: SearchSpace, operator: str, seed: int) -> None:
    start = space.sample(np.random.default_rng(seed))
    changed = EVERY[operator](start, space, rng=np.random.default_rng(seed + 1))

    assert without_limits(space).contains(changed)
    assert space.contains(space.fit(changed))
    assert changed == EVERY[operator](start, space, rng=np.random.default_rng(seed + 1))


@given(spaces(), st.sampled_from(sorted(EVERY)), st.integers(0, 2**32))
def test_what_a_space_does_not_list_changes_nothing_in_it(space: SearchSpace, operator: str, seed: int) -> None:
    start = space.sample(np.random.default_rng(seed))

    assert operator in mutations(space) or EVERY[operator](start, space, rng=np.random.default_rng(seed)) == start


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


def test_a_block_is_added_like_a_neighbor() -> None:
    changed = results("add_block", image_network((8, 3)), IMAGES)

    assert blocks_of(changed) == {((8, 3), (8, 3))}
    assert {IMAGES.genome_of(network).widths for network in changed} == {(16,)}


def test_the_first_block_is_any() -> None:
    changed = results("add_block", IMAGES.build(Genome("relu")), IMAGES)
    added = [IMAGES.genome_of(network) for network in changed]

    assert {genome.blocks[0].kernel for genome in added} == {3, 5, 7}
    assert {genome.activation for genome in added} == {"relu", "tanh"}
    assert len({genome.blocks[0].channels for genome in added}) > 15


def test_any_block_is_removed() -> None:
    assert blocks_of(results("remove_block", image_network((8, 3), (9, 5)), IMAGES)) == {((8, 3),), ((9, 5),)}


def test_channels_change_by_a_factor_or_to_any_number() -> None:
    start = image_network((8, 3))

    assert blocks_of(results("more_channels", start, IMAGES)) == {((10, 3),), ((16, 3),), ((32, 3),)}
    assert blocks_of(results("fewer_channels", start, IMAGES)) == {((6, 3),), ((4, 3),), ((2, 3),)}
    assert blocks_of(results("jump_channels", start, IMAGES, 1000)) == {((wide, 3),) for wide in range(2, 41)}


def test_one_kernel_changes() -> None:
    assert blocks_of(results("kernel", image_network((8, 3), (9, 5)), IMAGES)) == {
        ((8, 5), (9, 5)),
        ((8, 7), (9, 5)),
        ((8, 3), (9, 3)),
        ((8, 3), (9, 7)),
    }


def test_the_rate_of_dropout_changes_behind_all_dense_layers() -> None:
    assert results("dropout", image_network((8, 3), widths=(4, 5)), IMAGES) == {
        image_network((8, 3), widths=(4, 5), dropout=rate) for rate in (0.2, 0.5)
    }


def test_the_first_dense_layer_brings_any_dropout() -> None:
    changed = results("insert", image_network((8, 3), widths=()), IMAGES)

    assert {IMAGES.genome_of(network).dropout for network in changed} == {0.0, 0.2, 0.5}
    assert blocks_of(changed) == {((8, 3),)}


def test_dense_operators_leave_the_blocks_alone() -> None:
    start = image_network((8, 3), (9, 5), widths=(20, 30), dropout=0.2)

    for operator in ("remove", "widen", "narrow", "swap", "jump", "activation"):
        changed = results(operator, start, IMAGES)

        assert blocks_of(changed) == {((8, 3), (9, 5))}
        assert changed != {start}


@pytest.mark.parametrize("operator", [*BLOCK_MUTATIONS, "dropout"])
def test_where_there_are_no_blocks_the_architecture_comes_back(operator: str) -> None:
    assert results(operator, architecture((4,))) == {architecture((4,))}


def test_no_block_is_added_to_the_most() -> None:
    full = image_network((8, 3), (9, 5))

    assert results("add_block", full, IMAGES) == {full}


def test_a_space_lists_what_can_change_in_it() -> None:
    assert mutations(SPACE) == MUTATIONS
    assert list(EVERY) == [*MUTATIONS, *BLOCK_MUTATIONS, "dropout"]


def test_recipes_change_where_they_are_searched() -> None:
    space = SearchSpace((6,), 3, recipe=RecipeSpace(optimizers=("adam", "sgd")))
    changed = {mutate_recipe(TRAINING, space, rng=np.random.default_rng(seed)) for seed in range(50)}

    assert {training.epochs for training in changed} == {TRAINING.epochs}
    assert {training.optimizer for training in changed} == {"adam", "sgd"}
    assert all(space.recipe and space.recipe.contains(recipe_of(training)) for training in changed)
    assert mutate_recipe(TRAINING, SPACE, rng=np.random.default_rng(0)) is TRAINING


def test_every_operator_of_the_module_is_in_the_table() -> None:
    names = {"activation": "change_activation", "kernel": "change_kernel", "dropout": "change_dropout"}
    functions: list[Callable[..., Architecture]] = [getattr(mutation, names.get(name, name)) for name in EVERY]

    assert functions == list(EVERY.values())

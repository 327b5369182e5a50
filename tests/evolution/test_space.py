from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.errors import InvalidSpace
from evolution.genome import Block, Genome
from evolution.recipe import RecipeSpace, recipe_of
from evolution.space import SearchSpace
from tests.evolution.builders import TRAINING
from tests.evolution.strategies import spaces

SMALL = SearchSpace((2,), 2, max_layers=2, min_units=1, max_units=3)
IMAGES = SearchSpace(
    (4, 4),
    2,
    max_layers=1,
    min_units=1,
    max_units=3,
    max_blocks=1,
    min_channels=2,
    max_channels=3,
    kernels=(5, 3),
    dropout=(0.0, 0.5),
)


def test_the_space_counts_its_networks() -> None:
    # One without hidden layers, then two activations times 3 widths, and times 3 x 3 widths.
    assert SMALL.size() == 1 + 2 * 3 + 2 * 9
    assert SearchSpace((256,), 10, max_layers=4).size() == 1 + 2 * sum(253**depth for depth in range(1, 5))


def test_blocks_and_dropout_multiply_the_space() -> None:
    # Without blocks: one plain network, and two activations times two rates times 3 widths. With one block: two
    # activations times 2 numbers of channels times 2 kernels, without a dense layer and with two rates times 3 widths.
    assert IMAGES.size() == (1 + 2 * 2 * 3) + 2 * 2 * 2 * (1 + 2 * 3)
    assert len({IMAGES.architecture_at(index) for index in range(IMAGES.size())}) == IMAGES.size()


def test_a_space_says_what_it_holds() -> None:
    assert SMALL.describe() == "25 structures (0 to 2 dense layers of 1 to 3 units; relu or tanh)"
    assert replace(IMAGES, max_parameters=1000, max_inference_flops=9999, recipe=RecipeSpace()).describe() == (
        "at most 69 structures (0 to 1 convolution blocks of 2 to 3 channels, 5x5 or 3x3; 0 to 1 dense layers of 1 to "
        "3 units; relu or tanh; dropout 0 or 0.5; at most 1,000 parameters; at most 9,999 FLOPs of inference), each "
        "with any learning rate from 0.001 to 0.05, batch size 16, 32, 64 or 128, adam or adamw, weight decay 0, "
        "0.0001, 0.001 or 0.01"
    )
    assert SearchSpace((6,), 3).describe().startswith("8,226,821,241 structures (0 to 4 dense layers of 4 to 256")
    assert SearchSpace((6,), 3, max_layers=9).describe().startswith("about 8.5e21 structures")
    assert SearchSpace((6,), 3, max_layers=0).describe() == "1 structure (0 dense layers; relu or tanh)"


def test_every_index_is_another_network() -> None:
    networks = [SMALL.architecture_at(index) for index in range(SMALL.size())]

    assert len(set(networks)) == SMALL.size()
    assert all(SMALL.contains(network) for network in networks)
    assert networks[0].depth == 0
    with pytest.raises(InvalidSpace, match="between 0 and 24, got 25"):
        SMALL.architecture_at(25)


@given(spaces(), st.integers(0, 2**32), st.data())
def test_every_index_lies_within_the_bounds(space: SearchSpace, seed: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, space.size() - 1))
    network = space.architecture_at(index)

    assert space.contains(space.fit(network))


@given(spaces(), st.integers(0, 2**32))
def test_samples_lie_in_the_space(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)

    assert all(space.contains(space.sample(rng)) for _ in range(5))


@given(spaces(most=300), st.data())
def test_the_walk_meets_every_affordable_network_once(space: SearchSpace, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, space.size() - 1))
    affordable = [one for one in map(space.architecture_at, range(space.size())) if space.affords(one)]
    walked = list(space.walk(start))

    assert len(walked) == len(set(walked))
    assert set(walked) == set(affordable)


def test_the_walk_leaps_over_what_is_too_large() -> None:
    """A full scan of this space would take 10**36 steps."""
    space = SearchSpace((4,), 2, max_layers=10, min_units=1, max_units=4000, max_parameters=20)
    walked = list(space.walk(space.size() // 3))

    assert all(space.contains(network) for network in walked)
    assert len(walked) == len(set(walked)) > 10


def test_samples_reach_all_depths_and_activations_and_uneven_widths() -> None:
    space = SearchSpace((6,), 3)
    rng = np.random.default_rng(0)
    drawn = [space.sample(rng) for _ in range(500)]
    widths = [units for network in drawn for units in network.widths]

    assert {network.depth for network in drawn} == set(range(5))
    assert {network.activations[0] for network in drawn if network.layers} == {"relu", "tanh"}
    # Evenly on a logarithmic scale between 4 and 256, half of all widths lie below 32.
    assert 0.4 < np.mean([units < 32 for units in widths]) < 0.6
    assert len(set(widths)) > 100


def test_a_network_above_the_limit_is_made_narrower() -> None:
    space = SearchSpace((6,), 3, max_units=100, max_parameters=1000)
    network = space.build(Genome("tanh", (100, 50)))
    fitted = space.fit(network)

    assert not space.contains(network)
    assert space.contains(fitted)
    assert fitted.depth == 2
    assert fitted.parameter_count > 800
    assert fitted.widths[0] > fitted.widths[1]


def test_where_no_width_fits_the_depth_changes() -> None:
    # 200 inputs and 10 outputs: logistic regression has 2010 parameters, one layer of two units 432.
    narrow = SearchSpace((200,), 10, max_layers=2, min_units=2, max_units=64, max_parameters=440)

    assert narrow.fit(narrow.build(Genome("relu"))).widths == (2,)
    assert narrow.fit(narrow.build(Genome("relu", (64, 64)))).depth == 2
    assert narrow.sample(np.random.default_rng(1)).depth in {1, 2}


def test_a_network_that_costs_too_much_is_made_smaller() -> None:
    space = SearchSpace((8, 8), 3, max_blocks=2, kernels=(3, 7), max_inference_flops=20_000)
    network = space.build(Genome("relu", (64,), (Block(16, 3), Block(32, 3)), 0.0))
    fitted = space.genome_of(space.fit(network))

    assert not space.contains(network)
    assert space.contains(space.fit(network))
    assert [block.kernel for block in fitted.blocks] == [3, 3]
    assert fitted.blocks[0].channels < fitted.blocks[1].channels < fitted.widths[0]
    assert space.fit(network).inference_flops > 15_000


def test_kernels_shrink_where_nothing_else_helps() -> None:
    space = SearchSpace((8, 8), 3, max_blocks=1, min_channels=4, kernels=(7, 3), max_inference_flops=8_000)
    fitted = space.genome_of(space.fit(space.build(Genome("relu", (), (Block(8, 7),)))))

    assert fitted.blocks == (Block(5, 3),)


def test_blocks_are_given_up_where_none_fits() -> None:
    space = SearchSpace((8, 8), 3, max_blocks=2, min_channels=8, max_inference_flops=3_000)

    assert space.fit(space.build(Genome("relu", (9,), (Block(8, 3), Block(8, 3))))).describe() == "64-[9 relu]-3"


def test_trainings_move_into_the_space_of_recipes() -> None:
    space = replace(SMALL, recipe=RecipeSpace(0.1, 1.0, (8,)))
    fitted = space.fit_training(TRAINING)

    assert (fitted.learning_rate, fitted.batch_size, fitted.epochs) == (0.1, 8, TRAINING.epochs)
    assert SMALL.fit_training(TRAINING) is SMALL.sample_training(TRAINING, np.random.default_rng(0)) is TRAINING
    assert space.recipe is not None
    assert space.recipe.contains(recipe_of(space.sample_training(TRAINING, np.random.default_rng(0))))

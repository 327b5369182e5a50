from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture, Dense
from core.layers import Convolution, Dropout, Flatten, MaxPooling
from core.training import TrainingConfig
from evolution.errors import InvalidGenome, InvalidSpace
from evolution.genome import Block, Genome
from evolution.recipe import RecipeSpace, apply_recipe, recipe_of
from evolution.space import SearchSpace
from tests.evolution.strategies import spaces

SMALL = SearchSpace((2,), 2, max_layers=2, min_units=1, max_units=3)
IMAGES = SearchSpace(
    (4, 4), 2, max_layers=1, max_blocks=1, min_channels=2, max_channels=8, kernels=(3, 5), dropout=(0.0, 0.5)
)


@pytest.mark.parametrize(
    ("bounds", "named"),
    [
        ({"min_layers": 3, "max_layers": 2}, "min_layers=3, max_layers=2"),
        ({"min_layers": -1}, "min_layers"),
        ({"min_units": 9, "max_units": 8}, "min_units=9, max_units=8"),
        ({"min_units": 0}, "min_units"),
        ({"activations": ()}, "activations"),
        ({"activations": ("relu", "relu")}, "activations"),
        ({"activations": ("sine",)}, "activations"),
        ({"max_layers": 10**18}, "at most at 64"),
        ({"max_units": 2**16, "max_layers": 9}, "largest network"),
        ({"max_layers": 40, "dropout": (0.5,)}, "largest network.*80 hidden layers"),
        ({"max_parameters": 10}, "max_parameters=10 leaves no network: the smallest of the space has 51"),
        ({"max_inference_flops": 10}, "max_inference_flops=10 leaves no network: the cheapest of the space needs 102"),
        ({"max_blocks": -1}, "max_blocks"),
        ({"max_blocks": 10**18}, "max_blocks must lie between 0 and 64"),
        ({"max_blocks": 1, "input_shape": (16,)}, r"max_blocks=1 needs images.*but the input is \(16,\)"),
        ({"max_blocks": 1, "input_shape": (2, 2, 2, 2)}, "max_blocks=1 needs images"),
        ({"max_blocks": 2, "max_channels": 4096, "kernels": (63,)}, "largest network"),
        ({"min_channels": 9, "max_channels": 8}, "min_channels=9, max_channels=8"),
        ({"max_channels": 5000}, "at most at 4096"),
        ({"kernels": ()}, "kernels"),
        ({"kernels": (4,)}, "kernels must be different odd numbers"),
        ({"kernels": (3, 3)}, "kernels"),
        ({"kernels": (65,)}, "kernels"),
        ({"dropout": ()}, "dropout"),
        ({"dropout": (0.0, 1.0)}, "dropout"),
        ({"dropout": (float("nan"),)}, "dropout"),
        ({"dropout": (0.5, 0.5)}, "dropout"),
    ],
)
def test_contradicting_bounds_are_refused(bounds: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidSpace, match=named):
        SearchSpace(**{"input_shape": (4, 4), "outputs": 3, **bounds})


def test_limits_that_only_together_leave_no_network() -> None:
    # Without a block 32 x 32 inputs cost 6,150 parameters; a block needs fewer, and more operations for them.
    shape: dict[str, Any] = {"input_shape": (32, 32), "outputs": 6, "max_layers": 0, "max_blocks": 1, "min_channels": 1}

    assert SearchSpace(**shape, max_parameters=2_000).fit(SearchSpace(**shape).build(Genome("relu"))).depth == 3
    assert SearchSpace(**shape, max_inference_flops=15_000).contains(SearchSpace(**shape).build(Genome("relu")))
    with pytest.raises(InvalidSpace, match="max_parameters=2000 and max_inference_flops=15000 together"):
        SearchSpace(**shape, max_parameters=2_000, max_inference_flops=15_000)


@pytest.mark.parametrize(
    "network",
    [
        Architecture((2,), (Dense(4, "relu"),), 2),
        Architecture((2,), (Dense(1, "gelu"),), 2),
        Architecture((2,), (Dense(1, "relu"), Dense(1, "tanh")), 2),
        Architecture((2,), (Dense(1, "relu"),) * 3, 2),
        Architecture((2,), (Dense(1, "relu"), Dropout(0.5)), 2),
        Architecture((3,), (), 2),
        Architecture((2,), (), 3),
    ],
)
def test_what_lies_outside_is_not_contained(network: Architecture) -> None:
    assert not SMALL.contains(network)


def block(channels: int, kernel: int) -> tuple[Convolution | MaxPooling, ...]:
    return Convolution(channels, kernel, "relu", padding=kernel // 2), MaxPooling(2, 2)


@pytest.mark.parametrize(
    ("layers", "contained"),
    [
        ((), True),
        ((Dense(4, "relu"), Dropout(0.5)), True),
        ((Dense(4, "relu"), Dropout(0.25)), False),
        ((*block(2, 3), Flatten()), True),
        ((*block(8, 5), Flatten(), Dense(4, "relu"), Dropout(0.5)), True),
        ((*block(9, 3), Flatten()), False),
        ((*block(8, 7), Flatten()), False),
        ((*block(8, 3), *block(8, 3), Flatten()), False),
        ((*block(8, 3), Flatten(), Dense(4, "tanh")), False),
        ((Convolution(8, 3, "relu", padding=1), Flatten()), False),
    ],
)
def test_networks_for_images(layers: tuple[Dense, ...], contained: bool) -> None:
    assert IMAGES.contains(Architecture((4, 4), layers, 2)) is contained


@given(spaces(), st.integers(0, 2**32))
def test_a_network_tells_the_genome_that_it_was_built_of(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    network, training = space.sample(rng), space.sample_training(TrainingConfig(), rng)
    genome = space.genome_of(network, training)

    assert space.build(genome) == network
    assert space.genome_of(space.build(genome), training) == genome
    assert genome.recipe == (None if space.recipe is None else recipe_of(training))


def test_genes_that_nothing_expresses_have_one_value() -> None:
    space = SearchSpace((4, 4), 2, max_blocks=1, activations=("tanh", "gelu"), dropout=(0.5, 0.25))

    assert space.genome_of(space.build(Genome("gelu", dropout=0.25))) == Genome("tanh")
    assert space.genome_of(space.build(Genome("gelu", (), (Block(4, 3),), 0.5))) == Genome("gelu", (), (Block(4, 3),))


def test_a_recipe_is_part_of_the_genome_where_it_is_searched() -> None:
    searched = SearchSpace((2,), 2, recipe=RecipeSpace())
    training = TrainingConfig(learning_rate=0.02)
    genome = searched.genome_of(searched.build(Genome("relu")), training)

    assert genome.recipe is not None
    assert apply_recipe(TrainingConfig(), genome.recipe) == training
    assert SMALL.genome_of(SMALL.build(Genome("relu")), training).recipe is None


def test_build_moves_to_the_nearest_bound() -> None:
    moved = IMAGES.genome_of(IMAGES.build(Genome("relu", (1, 1000), (Block(1, 3), Block(99, 5)))))

    assert moved.widths == (4, 256)
    assert moved.blocks == (Block(2, 3), Block(8, 5))


def test_networks_of_no_search_have_no_genome() -> None:
    with pytest.raises(InvalidGenome):
        SMALL.genome_of(Architecture((2,), (Dense(1, "relu"), Dense(1, "tanh")), 2))

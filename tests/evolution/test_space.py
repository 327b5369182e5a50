from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architecture import Architecture, Dense
from evolution.errors import InvalidSpace
from evolution.space import SearchSpace
from tests.evolution.strategies import spaces

SMALL = SearchSpace((2,), 2, max_layers=2, min_units=1, max_units=3)


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
        ({"max_parameters": 10}, "smallest of the space has 51"),
    ],
)
def test_contradicting_bounds_are_refused(bounds: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidSpace, match=named):
        SearchSpace((16,), 3, **bounds)


def test_the_space_counts_its_networks() -> None:
    # One without hidden layers, then two activations times 3 widths, and times 3 x 3 widths.
    assert SMALL.size() == 1 + 2 * 3 + 2 * 9
    assert SearchSpace((256,), 10, max_layers=4).size() == 1 + 2 * sum(253**depth for depth in range(1, 5))


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


@pytest.mark.parametrize(
    "network",
    [
        Architecture((2,), (Dense(4, "relu"),), 2),
        Architecture((2,), (Dense(1, "gelu"),), 2),
        Architecture((2,), (Dense(1, "relu"), Dense(1, "tanh")), 2),
        Architecture((2,), (Dense(1, "relu"),) * 3, 2),
        Architecture((3,), (), 2),
        Architecture((2,), (), 3),
    ],
)
def test_what_lies_outside_is_not_contained(network: Architecture) -> None:
    assert not SMALL.contains(network)


def test_a_network_above_the_limit_is_made_narrower() -> None:
    space = SearchSpace((6,), 3, max_units=100, max_parameters=1000)
    network = space.build("tanh", (100, 50))
    fitted = space.fit(network)

    assert not space.contains(network)
    assert space.contains(fitted)
    assert fitted.depth == 2
    assert fitted.parameter_count > 800
    assert fitted.widths[0] > fitted.widths[1]


def test_where_no_width_fits_the_depth_changes() -> None:
    # 200 inputs and 10 outputs: logistic regression has 2010 parameters, one layer of two units 432.
    narrow = SearchSpace((200,), 10, max_layers=2, min_units=2, max_units=64, max_parameters=440)

    assert narrow.fit(narrow.build("relu", ())).widths == (2,)
    assert narrow.fit(narrow.build("relu", (64, 64))).depth == 2
    assert narrow.sample(np.random.default_rng(1)).depth in {1, 2}

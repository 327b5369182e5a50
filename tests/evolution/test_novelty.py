import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evolution.novelty import draw_unseen
from evolution.space import SearchSpace
from tests.evolution.strategies import spaces


@given(spaces(most=300), st.integers(0, 2**32), st.data())
def test_the_last_network_of_a_space_is_found(space: SearchSpace, seed: int, data: st.DataObject) -> None:
    everything = list(space.walk(0))
    last = data.draw(st.sampled_from(everything))
    drawn = draw_unseen(space, set(everything) - {last}, np.random.default_rng(seed))

    assert drawn is not None
    assert drawn[0] == last
    assert draw_unseen(space, set(everything), np.random.default_rng(seed)) is None


def test_an_open_space_is_sampled() -> None:
    drawn = draw_unseen(SearchSpace((6,), 3), set(), np.random.default_rng(0))

    assert drawn is not None
    assert drawn[1] == "random"
